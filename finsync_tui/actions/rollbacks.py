"""Taking a change set back: the files are written as they were before it.

A promotion that two persons signed is taken back by two: one proposes and signs, another with the role approver signs, too. Both
signatures are checked against what the store holds and what the profile says then, right before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from finsync_tui import people, profile
from finsync_tui.actions import second_person
from finsync_tui.actions.acting import checked_reason, note_action
from finsync_tui.actions.mappings import ProposalRefusedError
from finsync_tui.actions.promotions import (
    SUBJECT,
    ChangeSetConflictError,
    ChangeSetProblemsError,
    Trial,
    at_home,
    told_of,
)
from finsync_tui.actor import Actor
from finsync_tui.mapping.standing import ACTS, disagreement
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from finsync_tui.profile.change_set import ChangeSet, digest, now, staged, write
from finsync_tui.profile.origins import between
from finsync_tui.settings import Workspace
from store import Store, change_sets, proposals
from store.change_sets import Applied
from store.columns import encode
from store.errors import NotAllowedError, NotFoundError
from store.proposals import Kind, Proposal

KIND: Final[Kind] = "rollback"
PROPOSED, APPROVED = ACTS[KIND]
REJECTED: Final = "profile.rollback_rejected"
WITHDRAWN: Final = "profile.rollback_withdrawn"
DONE: Final = "profile.rolled_back"


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What became of a rollback."""

    change_set: int
    proposal: int | None
    """None: one person was enough."""
    is_done: bool
    """Its files are as they were; else it waits for a second person."""


def roll_back_change_set(
    target: Workspace, store: Store, actor: Actor, number: int, reason: str, signer: Signer | None = None
) -> RolledBack:
    """Take a change set back; where it takes two persons, it waits for the second. What two agreed on and something stopped
    midway is finished."""
    known = profile.load(target)
    is_two = known.profile_rule == "two"
    one = _live(store.db, number)
    if is_two and (agreed := _agreed(store.db, number)) is not None:
        people.require(actor.name, actor.roles, DONE)
        _write(target, store, known, actor, one, agreed.reason, agreed.id)
        return RolledBack(number, agreed.id, is_done=True)
    people.require(actor.name, actor.roles, PROPOSED if is_two else DONE)
    reason = checked_reason(reason)
    _refuse_what_is_not_possible(try_rollback(target, store.db, number), number)
    if not is_two:
        _write(target, store, known, actor, one, reason, None)
        return RolledBack(number, None, is_done=True)
    with store.transaction() as db:
        waiting = waiting_rollback(db, number)
        if waiting is not None:
            raise NotAllowedError(
                f"the rollback of change set {number} waits for a second person already (proposal {waiting.id} of "
                f"{waiting.maker}). Nothing was changed."
            )
        made_at = store.clock.now()
        proposal = second_person.propose(
            db, known, actor, signer, kind=KIND, what="a rollback", name=_name(number), body=_body(one), reason=reason,
            now=made_at,
        )  # fmt: skip
        note_action(store, db, actor, PROPOSED, SUBJECT, reason, _told(one, proposal))
    return RolledBack(number, proposal, is_done=False)


def approve_rollback(
    target: Workspace, store: Store, actor: Actor, number: int, signer: Signer, comment: str = ""
) -> RolledBack:
    """Approve another person's rollback, and write the files."""
    people.require(actor.name, actor.roles, APPROVED)
    known = profile.load(target)
    one = _live(store.db, number)
    _refuse_what_is_not_possible(try_rollback(target, store.db, number), number)
    with store.transaction() as db:
        found = _waiting(db, number)
        second_person.approve(
            db, known, actor, signer, found, what=f"change set {number}", body=_body(one), comment=comment,
            now=store.clock.now(), act="roll back",
        )  # fmt: skip
        note_action(store, db, actor, APPROVED, SUBJECT, comment or found.reason, _told(one, found.id))
    _write(target, store, known, actor, one, found.reason, found.id)
    return RolledBack(number, found.id, is_done=True)


def reject_rollback(store: Store, actor: Actor, number: int, reason: str) -> None:
    """Say no: the change set stays in force, the proposal stays with what was said."""
    people.require(actor.name, actor.roles, REJECTED)

    def decide(db: Connection, found: Proposal, why: str, at: datetime) -> None:
        proposals.decide(db, found.id, "rejected", by=actor.name, at_=at, decision=why)

    _end(store, actor, number, reason, REJECTED, decide)


def withdraw_rollback(store: Store, actor: Actor, number: int, reason: str) -> None:
    """Take one's own back before anybody decided."""
    people.require(actor.name, actor.roles, WITHDRAWN)

    def decide(db: Connection, found: Proposal, why: str, at: datetime) -> None:
        second_person.withdraw(
            db, actor, found, what=f"change set {number}", command=f"finsync profile promote rollback {number}",
            reason=why, now=at, noun="rollback",
        )  # fmt: skip

    _end(store, actor, number, reason, WITHDRAWN, decide)


def try_rollback(target: Workspace, db: Connection, number: int) -> Trial:
    """Say what taking a change set back would change now, and what keeps it from that. Writes nothing."""
    one = _live(db, number)
    ours = {each.path: each.after for each in _signed(one).files}
    moved = tuple(
        path
        for path, before in one.before.items()
        if digest(now(target, path)) not in (ours[path], digest(before))
    )
    with staged(target, one.before) as beside:
        problems = tuple(at_home(each, beside, target) for each in profile.check(beside))
        differences = () if problems else tuple(between(target, beside))
    return Trial(differences, problems, moved, None, ())


def waiting_rollback(db: Connection, number: int) -> Proposal | None:
    """Return the rollback of a change set that waits for a second person."""
    found = proposals.listed(db, state="open", kind=KIND, name=_name(number))
    return found[-1] if found else None


def _end(
    store: Store, actor: Actor, number: int, reason: str, act: str,
    decide: Callable[[Connection, Proposal, str, datetime], None],
) -> None:  # fmt: skip
    reason = checked_reason(reason)
    with store.transaction() as db:
        one = _live(db, number)
        found = _waiting(db, number)
        decide(db, found, reason, store.clock.now())
        note_action(store, db, actor, act, SUBJECT, reason, _told(one, found.id))


def _write(
    target: Workspace, store: Store, known: Profile, actor: Actor, one: Applied, reason: str, proposal: int | None
) -> None:  # fmt: skip
    """Write the files, once more asking whether those whom the profile asks have agreed on exactly that."""
    problem = disagreement(
        store.db, known, known.profile_rule, proposal, kind=KIND, name=_name(one.id), body=_body(one), what="rollback"
    )  # fmt: skip
    if problem is not None:
        raise ProposalRefusedError(proposal or 0, problem)
    _refuse_what_is_not_possible(try_rollback(target, store.db, one.id), one.id)
    write(target, one.before)
    with store.transaction() as db:
        at = store.clock.now()
        waiting = waiting_rollback(db, one.id)
        if waiting is not None:  # it took two when it was proposed, and does not any more
            proposals.decide(db, waiting.id, "superseded", by=actor.name, at_=at, decision=reason)
        change_sets.rolled_back(db, one.id, by=actor.name, why=reason, at=at)
        note_action(store, db, actor, DONE, SUBJECT, reason, _told(one, proposal))


def _live(db: Connection, number: int) -> Applied:
    one = change_sets.get(db, number)
    if one is None:
        raise NotFoundError("change set", str(number), "`finsync profile promote list` shows them.")
    if one.rolled_back_at is not None:
        raise NotAllowedError(
            f"change set {number} was rolled back already by {one.rolled_back_by}. Nothing was changed."
        )
    return one


def _waiting(db: Connection, number: int) -> Proposal:
    found = waiting_rollback(db, number)
    if found is None:
        raise NotAllowedError(
            f"nobody has proposed to roll change set {number} back. Nothing was changed. "
            f"`finsync profile promote rollback {number} --reason ...` does."
        )
    return found


def _agreed(db: Connection, number: int) -> Proposal | None:
    """Return the rollback that was approved and whose files were not written: something stopped it."""
    found = proposals.listed(db, state="approved", kind=KIND, name=_name(number))
    return found[-1] if found else None


def _refuse_what_is_not_possible(trial: Trial, number: int) -> None:
    if trial.moved:
        raise ChangeSetConflictError(
            trial.moved,
            f"change set {number} was applied",
            "roll back what came later first, or correct the files.",
        )
    if trial.problems:
        raise ChangeSetProblemsError(trial.problems)


def _signed(one: Applied) -> ChangeSet:
    return ChangeSet.model_validate_json(one.body)


def _name(number: int) -> str:
    return f"change-set-{number}"


def _body(one: Applied) -> str:
    """Return what the two persons sign: which change set, and what each file becomes again."""
    files = [[path, digest(before)] for path, before in sorted(one.before.items())]
    return encode({"change_set": one.id, "digest": one.digest, "files": files}).decode()


def _told(one: Applied, proposal: int | None) -> dict[str, object]:
    told = {} if proposal is None else {"proposal": proposal}
    return {"change_set": one.id, **told, **told_of(_signed(one))}
