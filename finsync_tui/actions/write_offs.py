"""Writing off a break: one person where that is enough, else proposed and signed by one, approved and signed by another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from finsync_tui.actions.acting import Seen
from finsync_tui.actions.breaks import open_break, subject_of, tell
from finsync_tui.actions.matters import Acts, Matter
from finsync_tui.actor import Actor
from finsync_tui.governance import limits
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from finsync_tui.reconcile import accepted
from store import Store, breaks, glances
from store.breaks import Break
from store.proposals import Proposal


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """What became of a write-off."""

    break_id: int
    proposal: int | None
    """None: one person was enough."""
    is_in_force: bool


def write_off(
    store: Store, profile: Profile, actor: Actor, break_id: int, reason: str, signer: Signer | None = None, *,
    seen: Seen | None = None,
) -> WrittenOff:  # fmt: skip
    """Accept an open break as a loss; where it takes two persons, it waits for the second."""
    done = _WRITE_OFF.ask(store, profile, actor, break_id, reason, signer, seen)
    return WrittenOff(break_id, done.proposal, done.is_in_force)


def approve_write_off(
    store: Store, profile: Profile, actor: Actor, break_id: int, signer: Signer, comment: str = ""
) -> WrittenOff:
    """Approve another person's write-off, signed with the checker's key; what the engine would refuse is refused here."""
    done = _WRITE_OFF.approve(store, profile, actor, break_id, signer, comment)
    return WrittenOff(break_id, done.proposal, done.is_in_force)


def reject_write_off(store: Store, actor: Actor, break_id: int, reason: str) -> None:
    """Say no to a write-off; the break stays open, the proposal stays with what was said."""
    _WRITE_OFF.reject(store, actor, break_id, reason)


def withdraw_write_off(store: Store, actor: Actor, break_id: int, reason: str) -> None:
    """Take one's own write-off back; the break stays open, the proposal stays with the reason."""
    _WRITE_OFF.withdraw(store, actor, break_id, reason)


def _finish(
    store: Store, db: Connection, actor: Actor, one: Break, reason: str, found: Proposal | None, body: str,
    now: datetime,
) -> None:  # fmt: skip
    breaks.write_off(db, [one.id], actor.name, reason, now, proposal_id=found.id if found else None)
    tell(db, one, "written_off", now, _told(one) | {"proposal": found.id if found else None})


def _keep(db: Connection, one: Break, proposal: int, who: str, reason: str, now: datetime) -> None:
    breaks.propose(db, [one.id], proposal, who, "write-off proposed", reason, now)


def _told(one: Break) -> dict[str, object]:
    return {"break": one.id, "amount_minor": one.amount_minor, "currency": one.currency}


_WRITE_OFF: Final[Matter[Break]] = Matter(
    kind=accepted.WRITE_OFF,
    noun="break",
    act="write off",
    act_done="written off",
    what="a write-off",
    command="breaks write-off",
    acts=Acts(
        "break.write_off_proposed",
        "break.written_off",
        "break.write_off_rejected",
        "break.write_off_withdrawn",
    ),
    get=open_break,
    glances=glances.of_breaks,
    name=accepted.name_of,
    takes=lambda db, profile, one, now: limits.of_break(db, profile, one, "write_off", now),
    body=lambda db, profile, one: accepted.body_of(one),
    subject=subject_of,
    told=_told,
    keep=_keep,
    note=lambda db, one, who, words, now: breaks.comment(db, [one.id], who, words, now),
    finish=_finish,
)
