"""What does not leave at all: the system that it is for is never asked."""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Connection

from adapters.errors import Refusal, RejectedError
from finsync_tui.flows import agreed, supplier_again
from finsync_tui.profile import Profile
from store.outbox import Claim


class KeptBackError(RejectedError):
    """A write was kept back before its system was asked."""

    code = "DELIVERY_KEPT_BACK"

    def __init__(self, system: str, case_class: str, why: str) -> None:
        super().__init__(system, Refusal(case_class, why))


def keep_back_not_agreed(db: Connection, profile: Profile, claim: Claim, now: datetime) -> None:
    """Keep a write back that takes persons who agree, unless it is what they agreed on."""
    problem = agreed.problem(db, profile, claim, now)
    if problem is not None:
        raise KeptBackError(claim.system, agreed.CLASS, f"it is not what persons agreed on: {problem}")


def keep_back_twice(db: Connection, profile: Profile, claim: Claim) -> None:
    """Keep back what would make a supplier that may have come to its system since it was decided."""
    problem = supplier_again.problem(db, profile, claim)
    if problem is not None:
        raise KeptBackError(claim.system, supplier_again.CLASS, problem)
