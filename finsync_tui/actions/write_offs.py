"""Writing off a break: one person where that is enough, else proposed and signed by one, approved and signed by another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from finsync_tui import people
from finsync_tui.actions import second_person
from finsync_tui.actions.acting import checked_reason, note_action
from finsync_tui.actions.mappings import ProposalRefusedError
from finsync_tui.actor import Actor
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from finsync_tui.reconcile import write_offs
from store import Store, breaks, events, proposals
from store.breaks import Break
from store.canonical.event import Event, event_type
from store.errors import NotAllowedError, NotFoundError
from store.proposals import Proposal


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """What became of a write-off."""

    break_id: int
    proposal: int | None
    """None: one person was enough."""
    is_in_force: bool


def write_off(
    store: Store, profile: Profile, actor: Actor, break_id: int, reason: str, signer: Signer | None = None
) -> WrittenOff:
    """Accept an open break as a loss; where it takes two persons, it waits for the second."""
    people.require(actor.name, actor.roles, "break.write_off_proposed")
    reason = checked_reason(reason)
    now = store.clock.now()
    with store.transaction() as db:
        one = _open(db, break_id)
        waiting = second_person.waiting(db, one.proposal_id, write_offs.KIND)
        if waiting is not None:
            raise NotAllowedError(
                f"break {break_id} waits for a second person already (proposal {waiting.id} of {waiting.maker}). Nothing was changed."
            )
        if profile.write_off_takes(one.amount_minor, one.currency) == "one":
            breaks.write_off(db, [break_id], actor.name, reason, now)
            _finish(store, db, actor, one, reason, None, now)
            return WrittenOff(break_id, None, is_in_force=True)
        number = second_person.propose(
            db, profile, actor, signer, kind=write_offs.KIND, name=write_offs.name_of(break_id),
            body=write_offs.body_of(one), reason=reason, now=now,
        )  # fmt: skip
        breaks.propose_write_off(db, [break_id], number, actor.name, reason, now)
        told: dict[str, object] = {
            "break": break_id,
            "proposal": number,
            "amount_minor": one.amount_minor,
            "currency": one.currency,
        }
        note_action(store, db, actor, "break.write_off_proposed", _subject(one), reason, told)
    return WrittenOff(break_id, number, is_in_force=False)


def approve_write_off(
    store: Store, profile: Profile, actor: Actor, break_id: int, signer: Signer, comment: str = ""
) -> WrittenOff:
    """Approve another person's write-off, signed with the checker's key; what the engine would refuse is refused here."""
    people.require(actor.name, actor.roles, "break.written_off")
    now = store.clock.now()
    with store.transaction() as db:
        one, found = _waiting(db, break_id)
        second_person.approve(
            db, profile, actor, signer, found, what=f"break {break_id}", body=write_offs.body_of(one), comment=comment,
            now=now,
        )  # fmt: skip
        breaks.write_off(db, [break_id], actor.name, found.reason, now, proposal_id=found.id)
        written = breaks.get(db, break_id)
        assert written is not None
        problem = write_offs.problem_of(db, profile, written)
        if problem is not None:
            raise ProposalRefusedError(found.id, problem)
        _finish(store, db, actor, one, comment or found.reason, found.id, now)
    return WrittenOff(break_id, found.id, is_in_force=True)


def reject_write_off(store: Store, actor: Actor, break_id: int, reason: str) -> None:
    """Say no to a write-off; the break stays open, the proposal stays with what was said."""
    people.require(actor.name, actor.roles, "break.write_off_rejected")
    reason = checked_reason(reason)
    now = store.clock.now()
    with store.transaction() as db:
        one, found = _waiting(db, break_id)
        proposals.decide(db, found.id, "rejected", by=actor.name, at_=now, decision=reason)
        breaks.comment(db, [break_id], actor.name, f"write-off rejected: {reason}", now)
        note_action(
            store,
            db,
            actor,
            "break.write_off_rejected",
            _subject(one),
            reason,
            {"break": break_id, "proposal": found.id},
        )


def withdraw_write_off(store: Store, actor: Actor, break_id: int, reason: str) -> None:
    """Take one's own write-off back; the break stays open, the proposal stays with the reason."""
    people.require(actor.name, actor.roles, "break.write_off_withdrawn")
    reason = checked_reason(reason)
    now = store.clock.now()
    with store.transaction() as db:
        one, found = _waiting(db, break_id)
        second_person.withdraw(
            db, actor, found, what=f"break {break_id}", command=f"finsync breaks write-off {break_id}", reason=reason,
            now=now,
        )  # fmt: skip
        breaks.comment(db, [break_id], actor.name, f"write-off withdrawn: {reason}", now)
        told: dict[str, object] = {"break": break_id, "proposal": found.id}
        note_action(store, db, actor, "break.write_off_withdrawn", _subject(one), reason, told)


def _open(db: Connection, break_id: int) -> Break:
    one = breaks.get(db, break_id)
    if one is None:
        raise NotFoundError("break", str(break_id), "`finsync breaks list` shows them.")
    if one.state != "open":
        raise NotAllowedError(
            f"break {break_id}: it is {one.state.replace('_', ' ')} ({one.resolution or 'no reason is known'}). Nothing was changed."
        )
    return one


def _waiting(db: Connection, break_id: int) -> tuple[Break, Proposal]:
    one = _open(db, break_id)
    found = second_person.waiting(db, one.proposal_id, write_offs.KIND)
    if found is None:
        raise NotAllowedError(
            f"break {break_id} is not proposed to be written off. Nothing was changed. `finsync breaks write-off {break_id}` does."
        )
    return one, found


def _finish(
    store: Store, db: Connection, actor: Actor, one: Break, reason: str, proposal: int | None, now: datetime
) -> None:
    told: dict[str, object] = {
        "break": one.id, "proposal": proposal, "amount_minor": one.amount_minor, "currency": one.currency,
    }  # fmt: skip
    # Where one person is enough, whoever may propose may write off.
    what = "break.written_off" if proposal is not None else "break.write_off_proposed"
    note_action(store, db, actor, what, _subject(one), reason, told)
    event = Event(
        id=f"finsync:break:{one.id}:written_off:{now.isoformat()}",
        type=event_type("break", "written_off"),
        source="finsync",
        subject=_subject(one),
        time=now,
        correlation_id=one.document_key,
        data=told,
    )
    events.append(db, [event])


def _subject(one: Break) -> str:
    return one.document_key or f"break:{one.id}"
