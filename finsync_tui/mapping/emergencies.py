"""Which changes are in force before a second person has approved them, and until when.

Signatures are checked every time, as those of ordinary changes are. The time that is left is worked out from the profile,
never read from the store: who puts a change in force can't give themselves more of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from finsync_tui import people
from finsync_tui.profile import Profile
from store import audit, emergencies, findings, proposals
from store.emergencies import Emergency, Ending
from store.proposals import Kind, Proposal

ENGINE: Final = "engine"
ACT: Final[Mapping[str, str]] = {"mapping": "mapping.put_in_force", "policy": "policy.put_in_force"}
"""What somebody must be allowed to do who puts a change of each kind in force at once."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A change that one person put in force, while the second one's word is missing."""

    proposal: int
    by: str
    put_at: datetime
    until: datetime
    """When it ends by itself, unless somebody else has approved it."""
    version: int

    @property
    def words(self) -> str:
        """Say what everybody who sees the rules has to know of it."""
        return (
            f"in force by {self.by} alone (proposal {self.proposal}), an emergency change: somebody else has to approve it by "
            f"{self.until:%Y-%m-%d %H:%M} UTC"
        )


def in_force(profile: Profile, change: Proposal, one: Emergency) -> InForce:
    """Return what is to be said of an emergency change."""
    until = one.put_at + profile.governance.emergency_approval
    return InForce(change.id, change.maker, one.put_at, until, one.version)


def refusal(profile: Profile, store_id: str, change: Proposal, one: Emergency) -> str | None:
    """Say why an emergency change must not be in force; None: its maker may do that, and signed exactly this.

    That the change itself is its maker's is asked beside this.
    """
    person = profile.people.get(change.maker)
    if person is None:
        return f"{change.maker}, who put it in force, is not listed"
    roles, key = person.standing_at(one.put_at)
    if not people.may(frozenset(roles), ACT[change.kind]):
        return f"{change.maker} had not the role emergency"
    if one.version <= change.base_version:
        return "its row does not say which version it is"
    if not _is_signed(key, store_id, change, one):
        return f"{change.maker} did not sign that it is in force as it stands there now"
    return None


def first_step(profile: Profile, store_id: str, change: Proposal, one: Emergency) -> int:
    """Return the step after which documents were decided under an emergency change: as its maker signed it, else from the start.

    A row that was edited must not leave documents out that were decided under what nobody approved.
    """
    person = profile.people.get(change.maker)
    key = person.standing_at(one.put_at)[1] if person is not None else None
    return one.step_before if _is_signed(key, store_id, change, one) else 0


def _is_signed(key: str | None, store_id: str, change: Proposal, one: Emergency) -> bool:
    statement = proposals.put_in_force_statement(
        store_id, change, put_at=one.put_at, version=one.version, step_before=one.step_before
    )
    return key is not None and people.is_signed_by(key, statement, one.signature)


def end_late(db: Connection, profile: Profile, kind: Kind, now: datetime) -> None:
    """End what nobody has approved in time, and what is dated later than now."""
    for change, one in emergencies.live(db, kind).values():
        known = in_force(profile, change, one)
        if one.put_at <= now < known.until:
            continue
        why = f"nobody approved it by {known.until:%Y-%m-%d %H:%M} UTC"
        proposals.decide(db, change.id, "rejected", by=ENGINE, at_=now, decision=why)
        end(db, change, "late", ENGINE, now, why)


def end(db: Connection, change: Proposal, ending: Ending, by: str, now: datetime, why: str = "") -> None:
    """Note that an emergency change is in force no more; one that is none is let be."""
    one = emergencies.get(db, change.id)
    if one is None or not emergencies.end(db, change.id, ending, by=by, at=now):
        return
    after = {
        "proposal": change.id,
        "version": one.version,
        "ending": ending,
        "put_at": one.put_at.isoformat(),
    }
    entry = audit.Entry(
        who=by, what=f"{change.kind}.emergency_ended", subject=f"{change.kind}:{change.name}", why=why, after=after
    )  # fmt: skip
    audit.record(db, [entry], now)


def note_put(db: Connection, known: InForce, kind: Kind, name: str, now: datetime) -> None:
    """Keep as a finding that rules are in force that one person alone stands for."""
    what = "mapping table" if kind == "mapping" else "policy"
    found = findings.Finding(
        class_="EMERGENCY_IN_FORCE",
        severity="warn",
        system=ENGINE,
        entity=kind,
        message=f"{what} {name}: version {known.version} is {known.words}",
        noticed_at=now,
    )
    findings.append(db, [found])
