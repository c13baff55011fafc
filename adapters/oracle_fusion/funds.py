"""What a funds check came to: passed, passed with a warning of an advisory budget, or a refusal."""

from __future__ import annotations

from typing import Final, Literal

from adapters.errors import DuplicateError, RejectedError, VersionConflictError
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.failures import Complaint, Judge, action_complaints
from adapters.oracle_fusion.requests import refused

Outcome = Literal["passed", "warning", "not_applicable"]
_WORDS: Final[dict[str, Outcome]] = {
    "NOT RESERVED - PASSED": "passed",
    "NOT RESERVED PASSED": "passed",
    "RESERVED": "passed",
    "PARTIALLY LIQUIDATED": "passed",
    "LIQUIDATED": "passed",
    "NOT RESERVED - WARNING": "warning",
    "NOT RESERVED WARNING": "warning",
    "RESERVED - WARNING": "warning",
    "NOT RESERVED - NO CONTROL BUDGET": "not_applicable",
    "RESERVED - NO CONTROL BUDGET": "not_applicable",
    "NOT RESERVED - NOT APPLICABLE": "not_applicable",
    "NOT APPLICABLE": "not_applicable",
}
"""The words that say that funds suffice, or that nobody controls them: sections 7.4 and 10 of the sheet."""


def funds_outcome(system: str, judge: Judge, result: object, status: str | None) -> Outcome:
    """Read the action's result and the status shown afterwards; raise when the funds do not suffice.

    What Oracle says in words decides its class: a closed period is not a budget that is exceeded. Funds for a part of
    it ("Not reserved - partial funds") do not suffice. A status that says neither is no leave to go on.
    """
    found, word = action_complaints(result), wire.words(status)
    if (
        found
        or "FAILED" in word
        or "PARTIAL FUNDS" in word
        or word in ("RESERVED PARTIAL", "RESERVED - PARTIAL")
    ):
        refusal = judge.refusal(system, found or [Complaint(f"insufficient funds: {status}")], status=200)
        assert isinstance(refusal, RejectedError | DuplicateError | VersionConflictError)
        raise refusal
    if word in _WORDS:
        return _WORDS[word]
    raise refused(
        system,
        "REJECTED",
        f"the funds check ran, and Oracle shows the funds status {status!r}: that is neither passed nor failed, so nobody "
        "knows whether the budget suffices",
    )
