"""Explaining breaks: one person where that is enough; else signed by one, and explained and signed by another, too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from finsync_tui import people
from finsync_tui.actions import second_person
from finsync_tui.actions.acting import Outcome, Seen, checked_reason
from finsync_tui.actions.breaks import each_break, open_break, subject_of, tell
from finsync_tui.actions.matters import Acts, Matter
from finsync_tui.actor import Actor
from finsync_tui.governance import limits
from finsync_tui.governance.limits import Limits
from finsync_tui.mapping.standing import maker_refusal
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from finsync_tui.reconcile import accepted
from store import Store, breaks, glances, proposals
from store.breaks import Break
from store.proposals import Proposal

_PROPOSED: Final = "break.explanation_proposed"
_APPROVED: Final = "break.explanation_approved"
_DONE: Final = "break.explained"


def explain_breaks(
    store: Store,
    profile: Profile | None,
    actor: Actor,
    break_ids: Iterable[int],
    reason: str,
    signer: Signer | None = None,
    *,
    seen: Seen | None = None,
) -> Outcome:
    """Say why open breaks are as they should be. The same difference does not come back; another one does.

    An explained difference hinders nobody any more, like one that is written off: where that takes two persons, the first one's
    explanation waits until an approver explains it, too. `profile` None: a store on its own has no limits.
    """
    reason = checked_reason(reason)
    waiting: dict[int, int] = {}
    approved: dict[int, int] = {}
    """By break: the number of the proposal."""
    ruled: dict[int, str] = {}
    """By break: the rule that says how many persons it takes."""
    asked = Limits(store.db, profile) if profile is not None else None

    def act(db: Connection, one: Break, now: datetime) -> str | None:
        taken = asked.of_break(one, "explain", now) if asked is not None else None
        if taken is not None and taken.rule is not None:
            ruled[one.id] = taken.rule
            limits.note_break(db, taken, one, now)
        if profile is None or taken is None or taken.persons == "one":
            _finish(store, db, actor, one, reason, None, "", now)
            return None
        body = accepted.body_of(one)
        found = second_person.open_on(db, one.proposal_id)
        if found is not None and found.kind != accepted.EXPLANATION:
            return f"it waits for a second person already (proposal {found.id} of {found.maker})"
        if found is not None and found.body != body:
            proposals.decide(
                db, found.id, "superseded", by=actor.name, at_=now, decision="the difference is another one now"
            )  # fmt: skip
            found = None
        if found is None:
            number = second_person.propose(
                db, profile, actor, signer, kind=accepted.EXPLANATION, what="an explanation",
                name=accepted.name_of(one.id), body=body, reason=reason, now=now,
            )  # fmt: skip
            _keep(db, one, number, actor.name, reason, now)
            waiting[one.id] = number
            return None
        if found.maker == actor.name:
            return (
                "you have explained it already; it waits for an approver, somebody else, to explain it, too"
            )
        if not people.may(actor.roles, _APPROVED):
            return f"{found.maker} has explained it already; it waits for an approver to explain it, too"
        problem = maker_refusal(profile, proposals.store_id(db), found)
        if problem is not None:
            return f"proposal {found.id} of {found.maker} can't be agreed to ({problem}); reject it, and explain it anew"
        second_person.approve(
            db, profile, actor, second_person.required(actor, signer, "an explanation"), found, what=f"break {one.id}",
            body=body, comment=reason, now=now, act="explain",
        )  # fmt: skip
        approved[one.id] = found.id
        _finish(store, db, actor, one, f"{reason} ({found.maker}: {found.reason})", found, body, now)
        return None

    def what(one: Break) -> str:
        return _PROPOSED if one.id in waiting else _APPROVED if one.id in approved else _DONE

    def told(one: Break) -> dict[str, object]:
        by_rule = {"rule": ruled[one.id]} if one.id in ruled else {}
        return {"proposal": waiting.get(one.id, approved.get(one.id)), **by_rule}

    done = each_break(store, actor, break_ids, _DONE, reason, act, seen=seen, what_of=what, told_of=told)
    return replace(done, told=_explained(len(done.done), len(waiting)))


def approve_explanation(
    store: Store, profile: Profile, actor: Actor, break_id: int, signer: Signer, comment: str = ""
) -> bool:
    """Agree to another person's explanation, signed with the checker's key; say whether it is in force."""
    return _EXPLANATION.approve(store, profile, actor, break_id, signer, comment).is_in_force


def reject_explanation(store: Store, actor: Actor, break_id: int, reason: str) -> None:
    """Say no to an explanation; the break stays open, the proposal stays with what was said."""
    _EXPLANATION.reject(store, actor, break_id, reason)


def withdraw_explanation(store: Store, actor: Actor, break_id: int, reason: str) -> None:
    """Take one's own explanation back; the break stays open, the proposal stays with the reason."""
    _EXPLANATION.withdraw(store, actor, break_id, reason)


def is_explanation(store: Store, break_id: int) -> bool:
    """Say whether what waits for a second person on a break is an explanation."""
    one = breaks.get(store.db, break_id)
    found = None if one is None else second_person.waiting(store.db, one.proposal_id, accepted.EXPLANATION)
    return found is not None


def _explained(done: int, waiting: int) -> str:
    if not waiting:
        return ""
    if waiting == done:
        return "explained by one person, and waits for an approver to explain it, too"
    return f"{done - waiting:,} explained, {waiting:,} wait for an approver to explain them, too"


def _finish(
    store: Store, db: Connection, actor: Actor, one: Break, reason: str, found: Proposal | None, body: str,
    now: datetime,
) -> None:  # fmt: skip
    breaks.explain(db, [one.id], actor.name, reason, now, proposal_id=found.id if found else None)
    tell(db, one, "explained", now)


def _keep(db: Connection, one: Break, proposal: int, who: str, reason: str, now: datetime) -> None:
    breaks.propose(db, [one.id], proposal, who, "explanation proposed", reason, now)


_EXPLANATION: Final[Matter[Break]] = Matter(
    kind=accepted.EXPLANATION,
    noun="break",
    act="explain",
    act_done="explained",
    what="an explanation",
    command="breaks explain",
    acts=Acts(_PROPOSED, _APPROVED, "break.explanation_rejected", "break.explanation_withdrawn"),
    get=open_break,
    glances=glances.of_breaks,
    name=accepted.name_of,
    takes=lambda db, profile, one, now: limits.of_break(db, profile, one, "explain", now),
    body=lambda db, profile, one: accepted.body_of(one),
    subject=subject_of,
    told=lambda one: {"break": one.id, "amount_minor": one.amount_minor, "currency": one.currency},
    keep=_keep,
    note=lambda db, one, who, words, now: breaks.comment(db, [one.id], who, words, now),
    finish=_finish,
)
