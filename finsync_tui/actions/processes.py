"""What a person may do with whole processes: end an instance, pause and resume a system."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from sqlite3 import Connection

from finsync_tui import people
from finsync_tui.actions.acting import Outcome, checked_reason, note_action
from finsync_tui.actions.exceptions import takes_two
from finsync_tui.actor import Actor
from finsync_tui.flows import compensation
from finsync_tui.flows.registry import FLOWS
from finsync_tui.profile import Profile
from store import Store, cases, outbox, requests, systems, workflows
from store.errors import NotAllowedError, NotFoundError, UnknownNameError
from store.workflows import Workflow


def abort_workflow(
    store: Store, actor: Actor, workflow_id: int, reason: str, *, profile: Profile | None = None
) -> Outcome:
    """Give an instance up. What it has done in systems is undone, newest first; its steps show what and what stays."""
    people.require(actor.name, actor.roles, "workflow.aborted")
    reason = checked_reason(reason)
    with store.transaction() as db:
        workflow = workflows.get(db, workflow_id)
        if workflow is None:
            raise NotFoundError("workflow", str(workflow_id), "`finsync workflow list` shows them.")
        if workflow.ended_at is not None:
            raise NotAllowedError(
                f"workflow {workflow_id} has ended already ({workflow.state}). Nothing was changed."
            )
        before = _version_before(db, workflow)
        if before is not None:
            raise NotAllowedError(
                f"workflow {before.id} of the version before is still under way, and would go on. Nothing was changed: give "
                "that one up first, or let it end; then this one, if it is not wanted either."
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
        problem = (
            compensation.refusal(db, workflow)
            or FLOWS[workflow.flow].refuses_end(workflow)
            or _takes_two(db, profile, workflow, now)
        )
        if problem is not None:
            raise NotAllowedError(f"{problem} Nothing was changed.")
        outbox.cancel(db, open_entries, now)
        cases.end_for_workflow(db, workflow_id, "resolved", actor.name, f"aborted: {reason}", now)
        if FLOWS[workflow.flow].undoes_itself or any(
            compensation.has_effects(d) for d in compensation.writes(db, workflow)
        ):
            _compensate(db, actor, workflow, reason, now)
        else:
            _end(db, workflow, reason, now)
        note_action(
            store, db, actor, "workflow.aborted", workflow.document_key, reason, {"workflow": workflow_id}
        )
    return Outcome((workflow_id,), ())


def _takes_two(db: Connection, profile: Profile | None, workflow: Workflow, now: datetime) -> str | None:
    """Say why one person alone may not end its exceptions with it. What undoes itself has no other end, and a rule of its own."""
    if FLOWS[workflow.flow].undoes_itself:
        return None
    for case in cases.live_for_document(db, workflow.document_key):
        problem = takes_two(db, profile, case, now) if case.workflow_id == workflow.id else None
        if problem is not None:
            return f"exception {case.id} ends with it: {problem}."
    return None


def _version_before(db: Connection, workflow: Workflow) -> Workflow | None:
    """Return the instance of an earlier version that this one waits for, unless it is being given up itself."""
    known = workflows.of_document(db, workflow.document_key, workflow.entity)
    earlier = (one for one in known if one.id < workflow.id and one.ended_at is None)
    return next((one for one in earlier if "abort" not in one.data), None)


def _compensate(db: Connection, actor: Actor, workflow: Workflow, reason: str, now: datetime) -> None:
    """Let the instance go on at the step that undoes what it has done; it ends there."""
    data = {
        **workflow.data,
        "abort": {"by": actor.name, "reason": reason, "step": workflow.step},
        "read_back": None,
    }
    workflows.save(
        db,
        workflow.id,
        state="running",
        step=compensation.STEP,
        data=data,
        generation=workflow.generation + 1,
        now=now,
    )


def _end(db: Connection, workflow: Workflow, reason: str, now: datetime) -> None:
    FLOWS[workflow.flow].stopped(db, workflow, f"given up: {reason}", now)
    workflows.save(
        db, workflow.id, state="aborted", step=workflow.step, data=workflow.data, now=now, ended=True
    )
    later = [
        w.id
        for w in workflows.of_document(db, workflow.document_key, workflow.entity)
        if w.ended_at is None and w.id > workflow.id
    ]
    workflows.wake(db, later[:1], now)


def pause_system(store: Store, actor: Actor, system: str, reason: str) -> Outcome:
    """Read and write nothing there until it is resumed; its queue stays."""
    return _system(store, actor, system, "system.paused", reason, systems.pause)


def resume_system(store: Store, actor: Actor, system: str, reason: str) -> Outcome:
    """Talk to the system again, now."""
    return _system(store, actor, system, "system.resumed", reason, systems.resume)


def ask_read(store: Store, actor: Actor, system: str) -> Outcome:
    """Ask the running engine to read a system now, by its schedules."""
    with store.transaction() as db:
        known = systems.get(db, system)
        if known is None:
            raise _unknown(db, system)
        if known.state in ("paused", "held"):
            raise NotAllowedError(
                f"{system} is {known.state} ({known.reason or 'no reason is known'}): nothing is read from it. "
                f"Nothing was changed. `finsync systems resume {system} --reason TEXT` lets it be read again."
            )
        requests.ask_read(db, system, actor.name, store.clock.now())
        note_action(store, db, actor, "system.read_asked", system, "", {})
    return Outcome((0,), ())


def _unknown(db: Connection, system: str) -> UnknownNameError:
    known = ", ".join(s.system for s in systems.all(db)) or "none yet: the engine has not run"
    return UnknownNameError("system", system, f"known: {known}.")


def _system(
    store: Store,
    actor: Actor,
    system: str,
    what: str,
    reason: str,
    act: Callable[[Connection, str, str, datetime], None],
) -> Outcome:
    people.require(actor.name, actor.roles, what)
    reason = checked_reason(reason)
    with store.transaction() as db:
        if systems.get(db, system) is None:
            raise _unknown(db, system)
        act(db, system, reason, store.clock.now())
        note_action(store, db, actor, what, system, reason, {})
    return Outcome((), ())
