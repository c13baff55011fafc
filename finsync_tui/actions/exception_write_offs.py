"""Writing off an exception: its document is given up for good, and the money with it.

Below the profile's limit one person may; above it one proposes and signs, another approves and signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from finsync_tui import people
from finsync_tui.actions import second_person
from finsync_tui.actions.acting import LIVE, checked_reason, note_action
from finsync_tui.actions.exceptions import end_workflow, looks_first
from finsync_tui.actor import Actor
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from store import Store, cases, proposals
from store.cases import ExceptionCase
from store.columns import encode
from store.errors import NotAllowedError, NotFoundError
from store.proposals import Proposal

KIND: Final = "exception_write_off"


@dataclass(frozen=True, slots=True)
class ExceptionWrittenOff:
    """What became of a write-off."""

    exception_id: int
    proposal: int | None
    """None: one person was enough."""
    is_in_force: bool


def write_off_exception(
    store: Store, profile: Profile, actor: Actor, case_id: int, reason: str, signer: Signer | None = None
) -> ExceptionWrittenOff:
    """Give a live exception's document up; where it takes two persons, it waits for the second."""
    people.require(actor.name, actor.roles, "exception.write_off_proposed")
    reason = checked_reason(reason)
    now = store.clock.now()
    with store.transaction() as db:
        case = _live(db, case_id)
        waiting = second_person.waiting(db, case.proposal_id, KIND)
        if waiting is not None:
            raise NotAllowedError(
                f"exception {case_id} waits for a second person already (proposal {waiting.id} of {waiting.maker}). Nothing "
                "was changed."
            )
        if (problem := looks_first(db, case)) is not None:
            raise NotAllowedError(f"exception {case_id}: {problem}. Nothing was changed.")
        if profile.write_off_takes(case.amount_minor, case.currency) == "one":
            _finish(store, db, actor, case, "exception.write_off_proposed", reason, None, now)
            return ExceptionWrittenOff(case_id, None, is_in_force=True)
        number = second_person.propose(
            db, profile, actor, signer, kind=KIND, name=f"exception-{case_id}", body=body_of(case), reason=reason, now=now
        )  # fmt: skip
        cases.propose_write_off(db, case_id, number, now)
        cases.note(db, case_id, actor.name, f"proposed to write it off: {reason}", now)
        note_action(
            store, db, actor, "exception.write_off_proposed", case.document_key, reason, _told(case, number)
        )
    return ExceptionWrittenOff(case_id, number, is_in_force=False)


def approve_exception_write_off(
    store: Store, profile: Profile, actor: Actor, case_id: int, signer: Signer, comment: str = ""
) -> ExceptionWrittenOff:
    """Approve another person's write-off; both signatures are checked before anything is given up."""
    people.require(actor.name, actor.roles, "exception.written_off")
    now = store.clock.now()
    with store.transaction() as db:
        case, found = _waiting(db, case_id)
        second_person.approve(
            db, profile, actor, signer, found, what=f"exception {case_id}", body=body_of(case), comment=comment, now=now
        )  # fmt: skip
        _finish(
            store,
            db,
            actor,
            case,
            "exception.written_off",
            found.reason,
            found.id,
            now,
            why=comment or found.reason,
        )
    return ExceptionWrittenOff(case_id, found.id, is_in_force=True)


def reject_exception_write_off(store: Store, actor: Actor, case_id: int, reason: str) -> None:
    """Say no to a write-off; the exception stays, with what was said on it."""
    people.require(actor.name, actor.roles, "exception.write_off_rejected")
    reason = checked_reason(reason)
    now = store.clock.now()
    with store.transaction() as db:
        case, found = _waiting(db, case_id)
        proposals.decide(db, found.id, "rejected", by=actor.name, at_=now, decision=reason)
        cases.note(db, case_id, actor.name, f"write-off rejected: {reason}", now)
        note_action(
            store, db, actor, "exception.write_off_rejected", case.document_key, reason, _told(case, found.id)
        )


def withdraw_exception_write_off(store: Store, actor: Actor, case_id: int, reason: str) -> None:
    """Take one's own write-off back; the exception stays, with what was said on it."""
    people.require(actor.name, actor.roles, "exception.write_off_withdrawn")
    reason = checked_reason(reason)
    now = store.clock.now()
    with store.transaction() as db:
        case, found = _waiting(db, case_id)
        second_person.withdraw(
            db, actor, found, what=f"exception {case_id}", command=f"finsync exceptions write-off {case_id}",
            reason=reason, now=now,
        )  # fmt: skip
        cases.note(db, case_id, actor.name, f"write-off withdrawn: {reason}", now)
        told = _told(case, found.id)
        note_action(store, db, actor, "exception.write_off_withdrawn", case.document_key, reason, told)


def body_of(case: ExceptionCase) -> str:
    """Return what the two persons sign: which document is given up, and how much money."""
    said = {
        "exception": case.id,
        "class": case.class_,
        "entity": case.entity,
        "document_key": case.document_key,
        "document": case.document_number,
        "legal_entity": case.legal_entity,
        "workflow": case.workflow_id,
        "amount_minor": case.amount_minor,
        "currency": case.currency,
    }
    return encode(said).decode()


def _live(db: Connection, case_id: int) -> ExceptionCase:
    case = cases.get(db, case_id)
    if case is None:
        raise NotFoundError("exception", str(case_id), "`finsync exceptions list` shows them.")
    if case.state not in LIVE:
        raise NotAllowedError(
            f"exception {case_id}: it has ended already ({case.state} by {case.ended_by}). Nothing was changed."
        )
    return case


def _waiting(db: Connection, case_id: int) -> tuple[ExceptionCase, Proposal]:
    case = _live(db, case_id)
    found = second_person.waiting(db, case.proposal_id, KIND)
    if found is None:
        raise NotAllowedError(
            f"exception {case_id} is not proposed to be written off. Nothing was changed. "
            f"`finsync exceptions write-off {case_id}` does."
        )
    return case, found


def _finish(
    store: Store,
    db: Connection,
    actor: Actor,
    case: ExceptionCase,
    what: str,
    reason: str,
    proposal: int | None,
    now: datetime,
    why: str = "",
) -> None:
    problem = looks_first(db, case) or end_workflow(store, db, case, actor, reason)
    if problem is not None:
        raise NotAllowedError(f"exception {case.id}: {problem}. Nothing was changed.")
    cases.write_off(db, case.id, actor.name, reason, now)
    note_action(store, db, actor, what, case.document_key, why or reason, _told(case, proposal))


def _told(case: ExceptionCase, proposal: int | None) -> dict[str, object]:
    return {
        "exception": case.id, "class": case.class_, "proposal": proposal, "amount_minor": case.amount_minor,
        "currency": case.currency,
    }  # fmt: skip
