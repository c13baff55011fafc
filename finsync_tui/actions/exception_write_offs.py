"""Writing off an exception: its document is given up for good, and the money with it.

Below the profile's limit one person may; above it one proposes and signs, another approves and signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from finsync_tui.actions.acting import LIVE, Seen
from finsync_tui.actions.exceptions import end_workflow, looks_first
from finsync_tui.actions.matters import Acts, Matter
from finsync_tui.actor import Actor
from finsync_tui.governance import limits
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from store import Store, cases, glances
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
    store: Store, profile: Profile, actor: Actor, case_id: int, reason: str, signer: Signer | None = None, *,
    seen: Seen | None = None,
) -> ExceptionWrittenOff:  # fmt: skip
    """Give a live exception's document up; where it takes two persons, it waits for the second."""
    done = _WRITE_OFF.ask(store, profile, actor, case_id, reason, signer, seen)
    return ExceptionWrittenOff(case_id, done.proposal, done.is_in_force)


def approve_exception_write_off(
    store: Store, profile: Profile, actor: Actor, case_id: int, signer: Signer, comment: str = ""
) -> ExceptionWrittenOff:
    """Approve another person's write-off; both signatures are checked before anything is given up."""
    done = _WRITE_OFF.approve(store, profile, actor, case_id, signer, comment)
    return ExceptionWrittenOff(case_id, done.proposal, done.is_in_force)


def reject_exception_write_off(store: Store, actor: Actor, case_id: int, reason: str) -> None:
    """Say no to a write-off; the exception stays, with what was said on it."""
    _WRITE_OFF.reject(store, actor, case_id, reason)


def withdraw_exception_write_off(store: Store, actor: Actor, case_id: int, reason: str) -> None:
    """Take one's own write-off back; the exception stays, with what was said on it."""
    _WRITE_OFF.withdraw(store, actor, case_id, reason)


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


def _body(db: Connection, profile: Profile, case: ExceptionCase) -> str:
    if (problem := looks_first(db, case)) is not None:
        raise NotAllowedError(f"exception {case.id}: {problem}. Nothing was changed.")
    return body_of(case)


def _finish(
    store: Store, db: Connection, actor: Actor, case: ExceptionCase, reason: str, found: Proposal | None, body: str,
    now: datetime,
) -> None:  # fmt: skip
    problem = end_workflow(store, db, case, actor, reason)
    if problem is not None:
        raise NotAllowedError(f"exception {case.id}: {problem}. Nothing was changed.")
    cases.write_off(db, case.id, actor.name, reason, now)


def _keep(db: Connection, case: ExceptionCase, proposal: int, who: str, reason: str, now: datetime) -> None:
    cases.propose_write_off(db, case.id, proposal, now)
    cases.note(db, case.id, who, f"proposed to write it off: {reason}", now)


def _told(case: ExceptionCase) -> dict[str, object]:
    return {
        "exception": case.id, "class": case.class_, "amount_minor": case.amount_minor, "currency": case.currency,
    }  # fmt: skip


_WRITE_OFF: Final[Matter[ExceptionCase]] = Matter(
    kind=KIND,
    noun="exception",
    act="write off",
    act_done="written off",
    what="a write-off",
    command="exceptions write-off",
    acts=Acts(
        "exception.write_off_proposed", "exception.written_off", "exception.write_off_rejected",
        "exception.write_off_withdrawn",
    ),
    get=_live,
    glances=glances.of_cases,
    name=lambda number: f"exception-{number}",
    takes=lambda db, profile, case, now: limits.of_exception(db, profile, case, "write_off", now),
    body=_body,
    subject=lambda case: case.document_key,
    told=_told,
    keep=_keep,
    note=lambda db, case, who, words, now: cases.note(db, case.id, who, words, now),
    finish=_finish,
)  # fmt: skip
