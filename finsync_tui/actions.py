"""Everything a person may do. Both faces call this; each action is one transaction with its audit entry."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Literal

from finsync_tui.flows.registry import FLOWS
from store import Store, audit, cases, outbox, systems, workflows
from store.cases import ExceptionCase
from store.clock import text
from store.errors import NotAllowedError, NotFoundError

REASON_CHARS_MAX = 2000
PAYLOAD_CHARS_MAX = 1_000_000
LIVE = ("open", "snoozed")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and through which face."""

    name: str
    source: Literal["cli", "tui", "web", "engine"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done to which, and why not to the others."""

    done: tuple[int, ...]
    refused: tuple[tuple[int, str], ...]


def retry(store: Store, actor: Actor, case_ids: Sequence[int]) -> Outcome:
    """Let the held work go on: decided anew with today's mappings and master data, looked up before it is sent."""

    def one(db: Connection, case: ExceptionCase) -> str | None:
        return _retry(store, db, case)

    return _each_case(
        store, actor, case_ids, "exception.retried", "", one, state="closed", resolution="retried"
    )


def resolve(store: Store, actor: Actor, case_ids: Sequence[int], reason: str) -> Outcome:
    """End exceptions that were settled outside; the held work ends without being delivered.

    This is also how a person says that they have looked up a write whose outcome nobody knew: the audit log names it.
    """
    reason = _reason(reason)

    def one(db: Connection, case: ExceptionCase) -> str | None:
        return _end_workflow(store, db, case, actor, reason)

    return _each_case(
        store, actor, case_ids, "exception.resolved", reason, one, state="resolved", resolution=reason
    )


def ignore(store: Store, actor: Actor, case_ids: Sequence[int], reason: str) -> Outcome:
    """Put exceptions aside for good: the document is not delivered in this version; a new version is looked at anew.

    What may have happened can't be ignored: somebody has to look.
    """
    reason = _reason(reason)

    def one(db: Connection, case: ExceptionCase) -> str | None:
        found = outbox.of_workflow(db, case.workflow_id) if case.workflow_id is not None else []
        if any(outbox.may_have_happened(d) for d in found):
            return "nobody knows whether its delivery arrived: retry looks it up; or look yourself, then resolve it"
        return _end_workflow(store, db, case, actor, reason)

    return _each_case(
        store, actor, case_ids, "exception.ignored", reason, one, state="ignored", resolution=reason
    )


def send_back(store: Store, actor: Actor, case_ids: Sequence[int], reason: str) -> Outcome:
    """Send documents back to where they come from, with a reason that their owner reads; what was posted is undone."""
    reason = _reason(reason)

    def one(db: Connection, case: ExceptionCase) -> str | None:
        workflow = workflows.get(db, case.workflow_id) if case.workflow_id is not None else None
        if workflow is None or workflow.state != "held":
            return "its workflow does not wait for a person"
        step = FLOWS[workflow.flow].returns_at
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

    return _each_case(
        store,
        actor,
        case_ids,
        "exception.returned",
        reason,
        one,
        state="resolved",
        resolution=f"sent back: {reason}",
    )


def assign(store: Store, actor: Actor, case_ids: Sequence[int], owner: str) -> Outcome:
    """Make somebody the owner; an empty name takes the owner away."""

    def one(db: Connection, case: ExceptionCase) -> str | None:
        cases.assign(db, [case.id], owner or None, store.clock.now())
        return None

    return _each_case(store, actor, case_ids, "exception.assigned", owner, one)


def snooze(store: Store, actor: Actor, case_ids: Sequence[int], until: datetime) -> Outcome:
    """Take exceptions out of the queue until then."""
    if until <= store.clock.now():
        raise NotAllowedError("an exception can only be snoozed until a time that is still to come.")

    def one(db: Connection, case: ExceptionCase) -> str | None:
        cases.snooze(db, [case.id], until, store.clock.now())
        return None

    return _each_case(store, actor, case_ids, "exception.snoozed", text(until), one)


def comment(store: Store, actor: Actor, case_id: int, words: str) -> Outcome:
    """Add a note that stays with the exception."""

    def one(db: Connection, case: ExceptionCase) -> str | None:
        cases.note(db, case.id, actor.name, _reason(words), store.clock.now())
        return None

    return _each_case(store, actor, [case_id], "exception.commented", words, one, allow=None)


def edit(store: Store, actor: Actor, case_id: int, payload: str, reason: str) -> Outcome:
    """Send an edited body in place of the refused one; the original decision stays beside it."""
    _checked_json(payload)
    reason = _reason(reason)

    def one(db: Connection, case: ExceptionCase) -> str | None:
        if case.entry_id is None:
            return "only a refused or dead delivery can be edited; correct the document at its source instead"
        if not outbox.replay(db, [case.entry_id], store.clock.now(), edited_body=payload):
            return "its delivery is not waiting for anybody"
        _resume_waiting(store, db, case)
        return None

    return _each_case(
        store,
        actor,
        [case_id],
        "exception.edited",
        reason,
        one,
        state="closed",
        resolution=f"edited: {reason}",
    )


def hold_deliveries(store: Store, actor: Actor, entry_ids: Sequence[int], reason: str) -> Outcome:
    """Keep deliveries back until they are released."""
    return _each_delivery(store, actor, entry_ids, "delivery.held", reason, outbox.hold, "it is not pending")


def release_deliveries(store: Store, actor: Actor, entry_ids: Sequence[int], reason: str) -> Outcome:
    """Let held deliveries go."""
    return _each_delivery(
        store, actor, entry_ids, "delivery.released", reason, outbox.release, "it is not held"
    )


def cancel_deliveries(store: Store, actor: Actor, entry_ids: Sequence[int], reason: str) -> Outcome:
    """Never send these. A delivery whose outcome is unknown can't be cancelled: it may have happened."""

    def cancel(db: Connection, ids: Sequence[int], now: datetime) -> int:
        known = [i for i in ids if (held := outbox.get(db, i)) is not None and not held.is_outcome_unknown]
        return outbox.cancel(db, known, now)

    return _each_delivery(
        store,
        actor,
        entry_ids,
        "delivery.cancelled",
        reason,
        cancel,
        "it is under way, already done, or may have happened: let it be looked up, or resolve its exception",
    )


def replay_deliveries(
    store: Store, actor: Actor, entry_ids: Sequence[int], reason: str, edited_body: str | None = None
) -> Outcome:
    """Send dead or refused deliveries again, edited or not; the original decision stays."""
    if edited_body is not None:
        _checked_json(edited_body)

    def replay(db: Connection, ids: Sequence[int], now: datetime) -> int:
        current = [entry_id for entry_id in ids if _is_current(db, entry_id)]
        done = outbox.replay(db, current, now, edited_body=edited_body)
        if done:
            for entry_id in current:
                _follow_replay(store, db, entry_id, actor)
        return done

    return _each_delivery(
        store,
        actor,
        entry_ids,
        "delivery.replayed",
        reason,
        replay,
        "it is not dead, refused or held, or a later decision for its document has taken its place",
    )


def abort_workflow(store: Store, actor: Actor, workflow_id: int, reason: str) -> Outcome:
    """End an instance. What it has already done in a system is named in the answer of `workflow show`."""
    reason = _reason(reason)
    with store.transaction() as db:
        workflow = workflows.get(db, workflow_id)
        if workflow is None:
            raise NotFoundError("workflow", str(workflow_id), "`finsync workflow list` shows them.")
        if workflow.ended_at is not None:
            raise NotAllowedError(
                f"workflow {workflow_id} has ended already ({workflow.state}). Nothing was changed."
            )
        now = store.clock.now()
        open_entries = [
            d.entry_id for d in outbox.of_workflow(db, workflow_id) if d.state in ("pending", "held")
        ]
        if any(outbox.may_have_happened(d) for d in outbox.of_workflow(db, workflow_id)):
            raise NotAllowedError(
                f"a delivery of workflow {workflow_id} is under way, or nobody knows whether it arrived. Nothing was "
                "changed: let it be looked up first, or resolve its exception when it is settled."
            )
        outbox.cancel(db, open_entries, now)
        cases.end_for_workflow(db, workflow_id, "resolved", actor.name, f"aborted: {reason}", now)
        workflows.save(
            db, workflow_id, state="aborted", step=workflow.step, data=workflow.data, now=now, ended=True
        )
        later = [
            w.id
            for w in workflows.of_document(db, workflow.document_key)
            if w.ended_at is None and w.id > workflow_id
        ]
        workflows.wake(db, later[:1], now)
        _note(store, db, actor, "workflow.aborted", workflow.document_key, reason, {"workflow": workflow_id})
    return Outcome((workflow_id,), ())


def pause_system(store: Store, actor: Actor, system: str, reason: str) -> Outcome:
    """Read and write nothing there until it is resumed; its queue stays."""
    return _system(store, actor, system, "system.paused", reason, systems.pause)


def resume_system(store: Store, actor: Actor, system: str, reason: str) -> Outcome:
    """Talk to the system again, now."""
    return _system(store, actor, system, "system.resumed", reason, systems.resume)


def _retry(store: Store, db: Connection, case: ExceptionCase) -> str | None:
    """Bring the held instance back to the step it must decide again. Return why it can't be done."""
    now = store.clock.now()
    if case.workflow_id is None:
        if case.entity == "system":
            systems.resume(db, case.system, "retried", now)
            return None
        return f"it is read again by itself when {case.system} sends it corrected; there is nothing to retry here"
    workflow = workflows.get(db, case.workflow_id)
    if workflow is None or workflow.state != "held":
        return "its workflow does not wait for a person any more"
    step, is_new_decision = FLOWS[workflow.flow].replan_step(workflow.kind, workflow.step, case.class_)
    if case.entry_id is not None:
        if is_new_decision:
            outbox.cancel(db, [case.entry_id], now)  # the new decision takes its place
        else:
            outbox.replay(db, [case.entry_id], now)
    workflows.save(
        db,
        workflow.id,
        state="running",
        step=step,
        data=workflow.data,
        due_at=workflow.due_at,
        generation=workflow.generation + 1 if is_new_decision else workflow.generation,
        now=now,
    )
    return None


def _end_workflow(store: Store, db: Connection, case: ExceptionCase, actor: Actor, reason: str) -> str | None:
    """End the held instance and give up what it had not delivered. Return why it can't be done."""
    if case.workflow_id is None:
        return None
    workflow = workflows.get(db, case.workflow_id)
    if workflow is None or workflow.ended_at is not None:
        return None
    now = store.clock.now()
    found = outbox.of_workflow(db, workflow.id)
    if any(d.state == "claimed" for d in found):
        return "a delivery of it is being sent right now; try again in a moment"
    for delivery in found:
        if outbox.may_have_happened(delivery):
            after = {"delivery": delivery.entry_id, "key": delivery.idempotency_key, "outcome": "unknown"}
            _note(store, db, actor, "delivery.settled_outside", workflow.document_key, reason, after)
    outbox.cancel(db, [d.entry_id for d in found], now)
    workflows.save(
        db, workflow.id, state="aborted", step=workflow.step, data=workflow.data, now=now, ended=True
    )
    later = [w.id for w in workflows.of_document(db, workflow.document_key) if w.ended_at is None]
    workflows.wake(db, later[:1], now)
    return None


def _resume_waiting(store: Store, db: Connection, case: ExceptionCase) -> None:
    if case.workflow_id is not None:
        workflow = workflows.get(db, case.workflow_id)
        if workflow is not None and workflow.state == "held":
            workflows.save(
                db, workflow.id, state="running", step=workflow.step, data=workflow.data, due_at=workflow.due_at,
                now=store.clock.now(),
            )  # fmt: skip


def _is_current(db: Connection, entry_id: int) -> bool:
    """Say whether sending this now could not undo something newer: its instance lives, and nothing later was sent."""
    delivery = outbox.get(db, entry_id)
    assert delivery is not None, "an entry is never taken away"
    if delivery.workflow_id is not None:
        workflow = workflows.get(db, delivery.workflow_id)
        if workflow is None or workflow.ended_at is not None:
            return False
    unsent = ("pending", "held", "cancelled")
    return not any(
        other.entry_id > entry_id and other.system == delivery.system and other.state not in unsent
        for other in outbox.of_document(db, delivery.document_key)
    )


def _follow_replay(store: Store, db: Connection, entry_id: int, actor: Actor) -> None:
    """A replayed delivery ends the exception it had caused, and its instance waits for it again."""
    entry = outbox.get(db, entry_id)
    assert entry is not None
    for case in cases.live_for_document(db, entry.document_key):
        if case.entry_id == entry_id:
            cases.end(db, [case.id], "closed", actor.name, "its delivery was replayed", store.clock.now())
            _resume_waiting(store, db, case)


def _each_case(
    store: Store,
    actor: Actor,
    case_ids: Iterable[int],
    what: str,
    why: str,
    one: Callable[[Connection, ExceptionCase], str | None],
    *,
    state: Literal["closed", "resolved", "ignored"] | None = None,
    resolution: str = "",
    allow: tuple[str, ...] | None = LIVE,
) -> Outcome:
    """Do something to each live exception in one transaction. A single refusal raises, several are collected."""
    wanted = list(dict.fromkeys(case_ids))
    done: list[int] = []
    refused: list[tuple[int, str]] = []
    with store.transaction() as db:
        for case_id in wanted:
            case = cases.get(db, case_id)
            if case is None:
                if len(wanted) == 1:
                    raise NotFoundError("exception", str(case_id), "`finsync exceptions list` shows them.")
                refused.append((case_id, "there is no such exception"))
                continue
            problem = (
                f"it has ended already ({case.state} by {case.ended_by})"
                if allow is not None and case.state not in allow
                else one(db, case)
            )
            if problem is not None:
                if len(wanted) == 1:
                    raise NotAllowedError(f"exception {case_id}: {problem}. Nothing was changed.")
                refused.append((case_id, problem))
                continue
            if state is not None:
                cases.end(db, [case_id], state, actor.name, resolution, store.clock.now())
            _note(
                store, db, actor, what, case.document_key, why, {"exception": case_id, "class": case.class_}
            )
            done.append(case_id)
    return Outcome(tuple(done), tuple(refused))


def _each_delivery(
    store: Store,
    actor: Actor,
    entry_ids: Iterable[int],
    what: str,
    reason: str,
    act: Callable[[Connection, Sequence[int], datetime], int],
    why_not: str,
) -> Outcome:
    wanted = list(dict.fromkeys(entry_ids))
    reason = _reason(reason)
    done: list[int] = []
    refused: list[tuple[int, str]] = []
    with store.transaction() as db:
        for entry_id in wanted:
            delivery = outbox.get(db, entry_id)
            if delivery is None:
                if len(wanted) == 1:
                    raise NotFoundError("delivery", str(entry_id), "`finsync outbox list` shows them.")
                refused.append((entry_id, "there is no such delivery"))
            elif not act(db, [entry_id], store.clock.now()):
                if len(wanted) == 1:
                    raise NotAllowedError(f"delivery {entry_id}: {why_not}. Nothing was changed.")
                refused.append((entry_id, why_not))
            else:
                if delivery.workflow_id is not None:
                    workflows.wake(db, [delivery.workflow_id], store.clock.now())
                _note(store, db, actor, what, delivery.document_key, reason, {"delivery": entry_id})
                done.append(entry_id)
    return Outcome(tuple(done), tuple(refused))


def _system(
    store: Store,
    actor: Actor,
    system: str,
    what: str,
    reason: str,
    act: Callable[[Connection, str, str, datetime], None],
) -> Outcome:
    reason = _reason(reason)
    with store.transaction() as db:
        if systems.get(db, system) is None:
            known = ", ".join(s.system for s in systems.all(db)) or "none yet: the engine has not run"
            raise NotFoundError("system", system, f"Known: {known}.")
        act(db, system, reason, store.clock.now())
        _note(store, db, actor, what, system, reason, {})
    return Outcome((), ())


def _note(
    store: Store, db: Connection, actor: Actor, what: str, subject: str, why: str, after: dict[str, object]
) -> None:
    entry = audit.Entry(who=actor.name, what=what, subject=subject, why=why, after=after, source=actor.source)
    audit.record(db, [entry], store.clock.now())


def _reason(reason: str) -> str:
    cleaned = reason.strip()
    if not cleaned:
        raise NotAllowedError("a reason is needed: it stays in the audit log. Nothing was changed.")
    if len(cleaned) > REASON_CHARS_MAX:
        raise NotAllowedError(
            f"the reason is longer than {REASON_CHARS_MAX} characters. Nothing was changed."
        )
    return cleaned


def _checked_json(payload: str) -> None:
    if len(payload) > PAYLOAD_CHARS_MAX:
        raise NotAllowedError("the edited body is larger than a million characters. Nothing was changed.")
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise NotAllowedError(f"the edited body is not JSON ({error}). Nothing was changed.") from None
    if not isinstance(value, dict):
        raise NotAllowedError("the edited body must be a JSON object. Nothing was changed.")
