"""What a funds check came to: passed, passed with a warning of an advisory budget, or a refusal."""

from __future__ import annotations

from typing import Literal

from adapters.errors import DuplicateError, RejectedError, VersionConflictError
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.failures import Complaint, Judge, action_complaints

Outcome = Literal["passed", "warning", "not_applicable"]


def funds_outcome(system: str, judge: Judge, result: object, status: str | None) -> Outcome:
    """Read the action's result and the status shown afterwards; raise when the funds do not suffice.

    What Oracle says in words decides its class: a closed period is not a budget that is exceeded. Funds for a part of
    it ("Not reserved - partial funds") do not suffice.
    """
    found, word = action_complaints(result), wire.words(status)
    if found or "FAILED" in word or "PARTIAL FUNDS" in word:
        refusal = judge.refusal(system, found or [Complaint(f"insufficient funds: {status}")], status=200)
        assert isinstance(refusal, RejectedError | DuplicateError | VersionConflictError)
        raise refusal
    if "WARNING" in word:
        return "warning"
    return "not_applicable" if "APPLICABLE" in word or "NO CONTROL BUDGET" in word else "passed"
