"""What a person may do with exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from sqlite3 import Connection

from finsync_tui import releasing, veil
from finsync_tui.actions.acting import (
    Outcome,
    Seen,
    checked_json,
    checked_reason,
    each_case,
    note_action,
    resume_waiting,
)
from finsync_tui.actor import Actor
from finsync_tui.flows import agreed, compensation, not_given_up
from finsync_tui.flows.registry import FLOWS
from finsync_tui.governance import limits
from finsync_tui.profile import Profile
from store import Store, cases, outbox, workflows
from store.cases import ExceptionCase
from store.clock import text
from store.errors import NotAllowedError


def retry(store: Store, actor: Actor, case_ids: Sequence[int], *, seen: Seen | None = None) -> Outcome:
    """Let the held work go on: decided anew with today's mappings and master data, looked up before it is sent."""

    def one(db: Connection, case: ExceptionCase) -> str | None:
        return releasing.retry(db, case, store.clock.now())

    return each_case(
        store, actor, case_ids, "exception.retried", "", one, state="closed", resolution="retried", seen=seen
    )


def resolve(
    store: Store, actor: Actor, case_ids: Sequence[int], reason: str, *, seen: Seen | None = None,
    profile: Profile | None = None,
) -> Outcome:  # fmt: skip
    """End exceptions that were settled outside; the held work ends without being delivered.

    This is also how a person says that they have looked up a write whose outcome nobody knew: the audit log names it.
    """
    reason = checked_reason(reason)

    def one(db: Connection, case: ExceptionCase) -> str | None:
        return takes_two(db, profile, case, store.clock.now()) or end_workflow(store, db, case, actor, reason)

    return each_case(
        store,
        actor,
        case_ids,
        "exception.resolved",
        reason,
        one,
        state="resolved",
        resolution=reason,
        seen=seen,
    )


def ignore(
    store: Store, actor: Actor, case_ids: Sequence[int], reason: str, *, seen: Seen | None = None,
    profile: Profile | None = None,
) -> Outcome:  # fmt: skip
    """Put exceptions aside for good: the document is not delivered in this version; a new version is looked at anew.

    What may have happened can't be ignored: somebody has to look.
    """
    reason = checked_reason(reason)

    def one(db: Connection, case: ExceptionCase) -> str | None:
        return (
            takes_two(db, profile, case, store.clock.now())
            or looks_first(db, case)
            or end_workflow(store, db, case, actor, reason)
        )

    return each_case(
        store,
        actor,
        case_ids,
        "exception.ignored",
        reason,
        one,
        state="ignored",
        resolution=reason,
        seen=seen,
    )


def takes_two(db: Connection, profile: Profile | None, case: ExceptionCase, now: datetime) -> str | None:
    """Say why one person alone may not end it without its document; None: they may, or no profile could ask for two."""
    if profile is None or profile.governance.resolve == "one":
        return None
    taken = limits.of_exception(db, profile, case, "resolve", now)
    if taken.persons == "one":
        return None
    who = "the profile" if taken.rule is None else f"the rule {taken.rule} ({taken.why})"
    return (
        f"{who} asks for two persons to end it without its document: write it off with your reason "
        "(`finsync exceptions write-off ID --reason TEXT`, key w), and somebody else approves that"
    )


def send_back(
    store: Store, actor: Actor, case_ids: Sequence[int], reason: str, *, seen: Seen | None = None
) -> Outcome:
    """Send documents back to where they come from, with a reason that their owner reads; what was posted is undone."""
    reason = checked_reason(reason)

    def one(db: Connection, case: ExceptionCase) -> str | None:
        workflow = workflows.get(db, case.workflow_id) if case.workflow_id is not None else None
        if workflow is None or workflow.state != "held":
            return "its workflow does not wait for a person"
        step = FLOWS[workflow.flow].returns_at
        if workflow.step == compensation.STEP:
            return "what it has done is being undone; retry goes on with that"
        if step is None:
            return f"{case.system} takes no document back; correct it there, or resolve the exception"
        if any(outbox.may_have_happened(d) for d in outbox.of_workflow(db, workflow.id)):
            return "nobody knows whether its delivery arrived: retry looks it up first"
        problem = FLOWS[workflow.flow].refuses_return(db, workflow)
        if problem is not None:
            return problem
        doubt = workflow.data.get("doubt") or {}
        told = {"class": case.class_, "cause": reason, "entry_id": doubt.get("entry_id")}
        workflows.save(
            db, workflow.id, state="running", step=step, data={**workflow.data, "return": told},
            due_at=workflow.due_at, generation=workflow.generation + 1, now=store.clock.now(),
        )  # fmt: skip
        return None

    return each_case(
        store,
        actor,
        case_ids,
        "exception.returned",
        reason,
        one,
        state="resolved",
        resolution=f"sent back: {reason}",
        seen=seen,
    )


def assign(
    store: Store, actor: Actor, case_ids: Sequence[int], owner: str, *, seen: Seen | None = None
) -> Outcome:
    """Make somebody the owner; an empty name takes the owner away."""

    def one(db: Connection, case: ExceptionCase) -> str | None:
        cases.assign(db, [case.id], owner or None, store.clock.now())
        return None

    return each_case(store, actor, case_ids, "exception.assigned", owner, one, seen=seen)


def snooze(
    store: Store, actor: Actor, case_ids: Sequence[int], until: datetime, *, seen: Seen | None = None
) -> Outcome:
    """Take exceptions out of the queue until then."""
    if until <= store.clock.now():
        raise NotAllowedError("an exception can only be snoozed until a time that is still to come.")

    def one(db: Connection, case: ExceptionCase) -> str | None:
        cases.snooze(db, [case.id], until, store.clock.now())
        return None

    return each_case(store, actor, case_ids, "exception.snoozed", text(until), one, seen=seen)


def comment(store: Store, actor: Actor, case_id: int, words: str, *, seen: Seen | None = None) -> Outcome:
    """Add a note that stays with the exception."""

    def one(db: Connection, case: ExceptionCase) -> str | None:
        cases.note(db, case.id, actor.name, checked_reason(words), store.clock.now())
        return None

    return each_case(store, actor, [case_id], "exception.commented", words, one, allow=None, seen=seen)


def edit(
    store: Store, actor: Actor, case_id: int, payload: str, reason: str, *, seen: Seen | None = None
) -> Outcome:
    """Send an edited body in place of the refused one; the original decision stays beside it."""
    checked_json(payload)
    reason = checked_reason(reason)

    def one(db: Connection, case: ExceptionCase) -> str | None:
        if case.entry_id is None:
            return "only a refused or dead delivery can be edited; correct the document at its source instead"
        delivery = outbox.get(db, case.entry_id)
        assert delivery is not None, "an entry is never taken away"
        try:
            whole = veil.restored(payload, delivery.edited_body, delivery.body)
        except ValueError as error:
            return str(error)
        problem = agreed.edit_refusal(db, delivery, whole)
        if problem is not None:
            return problem
        if not outbox.replay(db, [case.entry_id], store.clock.now(), edited_body=whole):
            return "its delivery is not waiting for anybody"
        resume_waiting(store, db, case)
        return None

    return each_case(
        store,
        actor,
        [case_id],
        "exception.edited",
        reason,
        one,
        state="closed",
        resolution=f"edited: {reason}",
        seen=seen,
    )


def looks_first(db: Connection, case: ExceptionCase) -> str | None:
    """Say why an exception can't be let go before somebody has looked: what may have happened."""
    found = outbox.of_workflow(db, case.workflow_id) if case.workflow_id is not None else []
    if any(outbox.may_have_happened(d) for d in found):
        return (
            "nobody knows whether its delivery arrived: retry looks it up; or look yourself, then resolve it"
        )
    return None


def end_workflow(store: Store, db: Connection, case: ExceptionCase, actor: Actor, reason: str) -> str | None:
    """End the held instance and give up what it had not delivered. Return why it can't be done."""
    if case.workflow_id is None:
        return None
    workflow = workflows.get(db, case.workflow_id)
    if workflow is None or workflow.ended_at is not None:
        return None
    if FLOWS[workflow.flow].undoes_itself:
        return (
            "what it has changed here already has to be taken back with it: "
            f"`finsync workflow abort {workflow.id} --reason TEXT` does that"
        )
    problem = FLOWS[workflow.flow].refuses_end(workflow)
    if problem is not None:
        return problem
    now = store.clock.now()
    found = outbox.of_workflow(db, workflow.id)
    if any(d.state == "claimed" for d in found):
        return "a delivery of it is being sent right now; try again in a moment"
    for delivery in found:
        if outbox.may_have_happened(delivery):
            after = {"delivery": delivery.entry_id, "key": delivery.idempotency_key, "outcome": "unknown"}
            note_action(store, db, actor, "delivery.settled_outside", workflow.document_key, reason, after)
    if workflow.step == compensation.STEP and not_given_up.is_in_force(db, workflow):
        why = f"{case.system} refused to cancel it ({case.cause}); {actor.name} resolved that: {reason}"
        not_given_up.resume(db, workflow, why, now)
        return None
    outbox.cancel(db, [d.entry_id for d in found], now)
    flow = FLOWS[workflow.flow]
    step = flow.goes_on(db, workflow)
    if step is not None:
        data = {**flow.settled(db, workflow), "read_back": None}
        workflows.save(
            db,
            workflow.id,
            state="running",
            step=step,
            data=data,
            generation=workflow.generation + 1,
            now=now,
        )
        return None
    if workflow.step in flow.settled_at:
        data = dict(flow.settled(db, workflow))
        workflows.save(db, workflow.id, state="done", step=workflow.step, data=data, now=now, ended=True)
    else:
        flow.stopped(db, workflow, f"ended by {actor.name}: {reason}", now)
        workflows.save(
            db, workflow.id, state="aborted", step=workflow.step, data=workflow.data, now=now, ended=True
        )
    later = [
        w.id for w in workflows.of_document(db, workflow.document_key, workflow.entity) if w.ended_at is None
    ]
    workflows.wake(db, later[:1], now)
    return None
