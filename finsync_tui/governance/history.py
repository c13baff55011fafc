"""The versions of a policy, and what each of them changed of what was in force before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from sqlite3 import Connection

from finsync_tui.governance.rules import KIND, first_day, recorded_name
from finsync_tui.policies.difference import Difference, differences
from store import emergencies, proposals, rulesets
from store.proposals import Proposal
from store.rulesets import Ruleset


@dataclass(frozen=True, slots=True)
class Line:
    """One recorded version."""

    version: int
    recorded_at: datetime
    body: str
    proposal: Proposal | None
    """The change that two persons signed, or one in an emergency; None: it came into force by itself."""
    again_of: int | None
    """The version whose text this is, recorded once more; None: it is one of its own."""
    changed: tuple[Difference, ...]
    """What it says otherwise than what was in force before."""


def lines(db: Connection, name: str) -> list[Line]:
    """Return every version of a policy, the newest first."""
    at_once = [
        replace(change, version=one.version)
        for change, one in emergencies.of_name(db, KIND, name)
        if change.version is None  # one that was approved has its version
    ]
    signed = [*at_once, *(one for one in proposals.decided(db, KIND) if one.name == name)]
    return told(rulesets.versions(db, KIND, recorded_name(name)), signed)[::-1]


def told(versions: Sequence[Ruleset], signed: Iterable[Proposal]) -> list[Line]:
    """Return what each version changed, the oldest first.

    A change that two sign for a later day has its version at once; what is in force until then is recorded once more behind
    it, and so is the change itself on its day. Both are no changes of their own.
    """
    made = {one.version: one for one in signed}
    found: list[Line] = []
    before: Ruleset | None = None
    """What was in force last."""
    waiting: dict[str, int] = {}
    """By digest, the versions whose day had not come."""
    for one in versions:
        proposal = made.get(one.version)
        again = None
        if proposal is None and before is not None and one.digest == before.digest:
            again = before.version
        elif proposal is None:
            again = waiting.pop(one.digest, None)
        changed = (
            () if again is not None else differences(before.body if before is not None else "", one.body)
        )
        found.append(Line(one.version, one.recorded_at, one.body, proposal, again, changed))
        if proposal is not None and first_day(proposal) > one.recorded_at.date():
            waiting[one.digest] = one.version
        else:
            before = one
    return found
