"""Makes a flow's steps durable: every batch of decisions commits as one, so a crash at any point resumes.

Instances of one document run in order of its versions. A newer version supersedes one that waits for a person or has
not begun to write; one that is under way at a system is finished first.
"""

from __future__ import annotations

import logging
import sqlite3
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection

from finsync_tui import documents
from finsync_tui.flows import beginnings, compensation, defaults, ruled, taken_over
from finsync_tui.flows.steps import Context, Done, Facts, Finish, Flow, Hold, Wait
from finsync_tui.policies.asked import StepAsked
from finsync_tui.stopping import IsStopping, never
from store import Store, audit, cases, events, outbox, records, workflows
from store.canonical.event import TYPE_PREFIX, Event
from store.canonical.keys import RecordKey
from store.canonical.money import Money
from store.clock import Clock
from store.errors import FinsyncError
from store.workflows import Workflow

log = logging.getLogger("finsync.flows")

BATCH = 200
STEPS_MAX = 50
"""A flow that takes more steps without waiting than this goes round in circles."""
REPEATABLE = frozenset(
    (
        "invoice.validate",
        "invoice.write_back",
        "order.write_back",
        "tax.determine",
        *taken_over.OPERATIONS.values(),
    )
)
"""Writes that make nothing: whether one has happened is no reason to wait, since a later one takes its place."""
ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Advanced:
    """What one call moved."""

    started: int = 0
    moved: int = 0
    held: int = 0
    finished: int = 0

    @property
    def is_progress(self) -> bool:
        return bool(self.started or self.moved)

    def __add__(self, other: Advanced) -> Advanced:
        return Advanced(
            self.started + other.started,
            self.moved + other.moved,
            self.held + other.held,
            self.finished + other.finished,
        )


def advance(
    store: Store, flows: Mapping[str, Flow], facts: Facts, clock: Clock, is_stopping: IsStopping = never
) -> Advanced:
    """Start what events ask for and move every instance that can move; return what was done."""
    total = Advanced()
    seen = events.positions(store.db)
    for name in flows:
        more = events.head(store.db) > seen.get(name, 0)  # what the flow before it made happen included
        while more and not is_stopping():
            with store.transaction() as db:
                started, more = _consume(db, flows[name], facts, clock)
            total += Advanced(started=started)
    while not is_stopping() and workflows.is_any_runnable(store.db, clock.now()):
        with store.transaction() as db:
            batch = workflows.runnable(db, clock.now(), BATCH)
            done = Advanced()
            for workflow in batch:
                done += _run_alone(db, flows[workflow.flow], facts, workflow, clock.now())
        total += done
        if len(batch) < BATCH:
            break
    return total


def _consume(db: Connection, flow: Flow, facts: Facts, clock: Clock) -> tuple[int, bool]:
    """Read the events this flow has not seen: start instances, wake those that wait for a system's news."""
    found = events.pending(db, flow.name, BATCH, flow.listens_to)
    sources = beginnings.sources(facts.profile, flow.name)
    own = f"{TYPE_PREFIX}{flow.model.entity}."
    started = 0
    for _, event in found:
        if event.source in sources and event.type.startswith(own):
            new = _start(db, flow, facts, event.subject, clock.now())
            started += new
            if not new:  # what is under way may have to know
                _tell_document(db, flow, facts, event.subject, event, clock.now())
        else:
            _tell(db, flow, facts, event, clock.now())
    # Nothing more of ours: events of other types up to the log's end need not be looked at again.
    events.acknowledge(db, flow.name, found[-1].seq if found else events.head(db))
    return started, len(found) == BATCH


def _tell(db: Connection, flow: Flow, facts: Facts, event: Event, now: datetime) -> None:
    """Wake the instances that may have waited for this news, and let held and done ones go on that it changes."""
    flow.notices(db, facts.profile, event, now)
    for key in flow.waits_for(db, event):
        found = _tell_document(db, flow, facts, key, event, now)
        last = _in_force(db, flow, found)
        step = flow.reopens_at(db, event, last) if last is not None else None
        if last is not None and step is not None:
            workflows.save(db, last.id, state="running", step=step, data=last.data, now=now)
            what = audit.Entry(
                who=ENGINE,
                what="workflow.reopened",
                subject=key,
                after={"workflow": last.id, "event": event.id},
            )
            audit.record(db, [what], now)


def _in_force(db: Connection, flow: Flow, found: Sequence[Workflow]) -> Workflow | None:
    """Return the instance whose end is what the systems show: the newest, once it is done; where the flow says so, the one that
    was done last while those after it have decided nothing."""
    done = [w for w in found if w.state == "done"]
    if not done or (found[-1].state != "done" and not flow.is_followed_behind):
        return None
    later = [w for w in found if w.id > done[-1].id and w.state != "superseded"]
    has_decided = any(w.ended_at is not None or outbox.of_workflow(db, w.id) for w in later)
    return None if has_decided else done[-1]


def _tell_document(
    db: Connection, flow: Flow, facts: Facts, key: str, event: Event, now: datetime
) -> list[Workflow]:
    """Let the instances of one document look again; return them all, oldest first."""
    found = [w for w in workflows.of_document(db, key) if w.flow == flow.name]
    workflows.wake(db, [w.id for w in found if w.state == "waiting"], now)
    for held in found:
        if held.state == "held" and held.step in flow.rechecks and _may_go_on(db, flow, facts, held, now):
            cases.end_for_workflow(db, held.id, "closed", ENGINE, f"the trouble is gone ({event.id})", now)
            workflows.wake(db, [held.id], now)
    return found


def _may_go_on(db: Connection, flow: Flow, facts: Facts, workflow: Workflow, now: datetime) -> bool:
    """Try the step that an instance is held at, and leave no trace of the trial."""
    db.execute("SAVEPOINT trial")
    try:
        context = Context(db, now, facts, workflow, dict(workflow.data))
        return isinstance(flow.steps(workflow.kind)[workflow.step](context), Done)
    except (sqlite3.Error, FinsyncError):
        raise
    except Exception:  # noqa: BLE001 - whatever it stumbles over is told when it is tried in earnest
        return False
    finally:
        db.execute("ROLLBACK TO trial")
        db.execute("RELEASE trial")


def _start(db: Connection, flow: Flow, facts: Facts, document_key: str, now: datetime) -> int:
    """Open an instance for the newest version of the document, unless that one was looked at before."""
    key = RecordKey.parse(document_key)
    held = records.get(db, flow.model, key.system, key.external_id)
    described = documents.describe(held.record) if held is not None else None
    if held is None or described is None:
        return 0
    earlier = workflows.of_document(db, document_key, flow.model.entity)
    kind = flow.kind_of(held.record, earlier)
    if kind is None or any(w.document_version >= held.version for w in earlier):
        return 0
    for workflow in earlier:
        if workflow.ended_at is None and _may_be_superseded(db, flow, workflow, kind):
            _supersede(db, flow, workflow, held.version, now)
    instances = workflows.of_document(db, document_key, flow.model.entity)
    is_blocked = any(w.ended_at is None for w in instances)
    first = next(iter(flow.steps(kind)))
    amount = (described.amount.amount_minor, described.amount.currency) if described.amount else (None, None)
    started = workflows.start(
        db,
        flow=flow.name,
        kind=kind,
        entity=flow.model.entity,
        document_key=document_key,
        document_number=held.record.number,
        document_version=held.version,
        document_revision=described.revision,
        state="waiting" if is_blocked else "running",
        step=first,
        waiting_for="the version before" if is_blocked else None,
        amount_minor=amount[0],
        currency=amount[1],
        due_at=_due(facts, flow, first, now, kind, amount, ""),
        now=now,
    )
    begun = workflows.get(db, started) if started is not None else None
    if begun is None:
        return 0
    context = Context(db, now, facts, begun, {})
    taken_over.mark(context, status=described.status, revision=described.revision)
    return 1


def _may_be_superseded(db: Connection, flow: Flow, workflow: Workflow, kind: str) -> bool:
    """True unless a write of it may be under way at a system, or is being undone there."""
    if workflow.step == compensation.STEP or flow.keeps(workflow, kind):
        return False
    found = outbox.of_workflow(db, workflow.id)
    deliveries = [d for d in found if d.state == "claimed" or d.operation not in REPEATABLE | flow.repeatable]
    if any(outbox.may_have_happened(d) for d in deliveries):
        return False  # the system may hold it: to be looked up before anything else is decided
    if any(d.attempt_count for d in deliveries if d.state in ("pending", "held")):
        return False
    return workflow.state == "held" or workflow.step not in flow.under_way


def _supersede(db: Connection, flow: Flow, workflow: Workflow, by_version: int, now: datetime) -> None:
    flow.stopped(db, workflow, f"version {by_version} of the document took its place", now)
    outbox.cancel(db, [d.entry_id for d in outbox.of_workflow(db, workflow.id)], now)
    cases.end_for_workflow(
        db, workflow.id, "closed", ENGINE, f"version {by_version} of the document took its place", now
    )
    workflows.save(
        db, workflow.id, state="superseded", step=workflow.step, data=workflow.data, now=now, ended=True
    )


def _run_alone(db: Connection, flow: Flow, facts: Facts, workflow: Workflow, now: datetime) -> Advanced:
    """Run one instance. When the program itself fails at its document, that document is held, and none beside it waits."""
    db.execute("SAVEPOINT instance")
    try:
        return _run(db, flow, facts, workflow, now)
    except (sqlite3.Error, FinsyncError):  # the store's trouble is everybody's
        raise
    except Exception as error:
        db.execute("ROLLBACK TO instance")
        log.exception("flow %s failed at instance %s", flow.name, workflow.id)
        context = Context(db, now, facts, workflow, dict(workflow.data))
        return _stop(context, flow, workflow.step, _defect(workflow, error), 0)
    finally:
        db.execute("RELEASE instance")


def _defect(workflow: Workflow, error: Exception) -> Hold:
    at = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(at.filename).name}:{at.lineno}"
    return Hold(
        "STEP_FAILED",
        f"finsync itself failed at {workflow.document_number} after {workflow.step} ({type(error).__name__} in {place}); "
        "nothing of it was kept or sent",
        "Report it with what the log says, and handle the document by hand meanwhile; retry after an update.",
        RecordKey.parse(workflow.document_key).system,
        {"error": type(error).__name__, "place": place},
    )


def _run(db: Connection, flow: Flow, facts: Facts, workflow: Workflow, now: datetime) -> Advanced:
    """Run one instance until it waits, is held or ends."""
    blockers = [
        w
        for w in workflows.of_document(db, workflow.document_key, workflow.entity)
        if w.ended_at is None and w.id < workflow.id
    ]
    if blockers:
        workflows.save(
            db, workflow.id, state="waiting", step=workflow.step, data=workflow.data, waiting_for="the version before",
            due_at=workflow.due_at, now=now,
        )  # fmt: skip
        return Advanced()
    steps = {**flow.steps(workflow.kind), compensation.STEP: compensation.compensate}
    names = list(steps)
    step = workflow.step
    context = Context(db, now, facts, workflow, dict(workflow.data))
    moved = 0
    for _ in range(STEPS_MAX):
        answer = steps[step](context)
        if isinstance(answer, Done):
            workflows.log_step(
                db,
                workflow.id,
                step,
                "skipped" if answer.is_skipped else "done",
                now,
                now,
                dict(answer.detail),
                workflow.due_at if not moved else _due_of(context, flow, step),
            )
            defaults.note(db, workflow, answer.detail, now)
            step = answer.goto or names[names.index(step) + 1]
            moved += 1
            continue
        return _stop(context, flow, step, answer, moved)
    raise RuntimeError(f"flow {flow.name} goes round in circles at {step} for {workflow.document_key}")


def _stop(context: Context, flow: Flow, step: str, answer: Wait | Hold | Finish, moved: int) -> Advanced:
    db, now, workflow = context.db, context.now, context.workflow
    due_at = _due_of(context, flow, step) if moved or workflow.due_at is None else workflow.due_at
    legal_entity, target = context.data.get("legal_entity"), context.data.get("target")
    if isinstance(answer, Wait):
        workflows.save(
            db, workflow.id, state="waiting", step=step, data=context.data, waiting_for=answer.waiting_for,
            wake_at=answer.wake_at, due_at=due_at, now=now, legal_entity=legal_entity, target=target,
        )  # fmt: skip
        _make_way(db, flow, workflow, now)
        return Advanced(moved=moved)
    if isinstance(answer, Hold):
        _hold(context, step, answer, due_at)
        _make_way(db, flow, workflow, now)
        return Advanced(moved=moved, held=1)
    workflows.log_step(db, workflow.id, step, "done", now, now, dict(answer.detail), due_at)
    _give_up_refused(db, workflow, now)
    workflows.save(
        db,
        workflow.id,
        state=answer.state,
        step=step,
        data=context.data,
        due_at=None,
        now=now,
        ended=True,
        legal_entity=legal_entity,
        target=target,
    )
    audit.record(
        db, [audit.Entry(who=ENGINE, what=f"workflow.{answer.state}", subject=workflow.document_key,
                         after={"workflow": workflow.id, "version": workflow.document_version})], now,
    )  # fmt: skip
    later = [
        w.id
        for w in workflows.of_document(db, workflow.document_key, workflow.entity)
        if w.ended_at is None and w.id > workflow.id
    ]
    workflows.wake(db, later[:1], now)
    return Advanced(moved=moved + 1, finished=1)


def _give_up_refused(db: Connection, workflow: Workflow, now: datetime) -> None:
    """What a system refused on the way of an instance that has ended all the same waits for nobody any more."""
    moot = [d for d in outbox.of_workflow(db, workflow.id) if d.state in ("refused", "buried")]
    outbox.cancel(db, [d.entry_id for d in moot if not outbox.may_have_happened(d)], now)
    marks = [d for d in outbox.of_workflow(db, workflow.id) if d.operation in taken_over.OPERATIONS.values()]
    outbox.mark_verified(
        db, [d.entry_id for d in marks if d.state == "delivered"], now
    )  # read back as they were set


def _make_way(db: Connection, flow: Flow, workflow: Workflow, now: datetime) -> None:
    """A newer version that came while this one was under way takes its place as soon as it may."""
    of_document = workflows.of_document(db, workflow.document_key, workflow.entity)
    newer = next((w for w in of_document if w.ended_at is None and w.id > workflow.id), None)
    stopped = next(w for w in of_document if w.id == workflow.id)
    if newer is not None and newer.state != "held" and _may_be_superseded(db, flow, stopped, newer.kind):
        _supersede(db, flow, stopped, newer.document_version, now)
        workflows.wake(db, [newer.id], now)


def _hold(context: Context, step: str, answer: Hold, due_at: datetime | None) -> None:
    db, now, workflow = context.db, context.now, context.workflow
    legal_entity, target = context.data.get("legal_entity"), context.data.get("target")
    again = cases.reopen(db, workflow.id, answer.class_, ENGINE, now) if answer.is_same else None
    case_id = cases.open(
        db,
        cases.NewCase(
            class_=answer.class_,
            entity=workflow.entity,
            document_key=workflow.document_key,
            document_number=workflow.document_number,
            system=answer.system,
            workflow_id=workflow.id,
            step=step,
            entry_id=answer.entry_id,
            legal_entity=legal_entity,
            amount_minor=workflow.amount_minor if answer.amount is None else answer.amount.amount_minor,
            currency=workflow.currency if answer.amount is None else answer.amount.currency,
            cause=answer.cause,
            fix=answer.fix,
            evidence=dict(answer.evidence),
            due_at=due_at,
        ),
        now,
    )
    workflows.log_step(
        db, workflow.id, step, "held", now, None, {"exception": case_id, "class": answer.class_}, due_at
    )
    workflows.save(
        db, workflow.id, state="held", step=step, data=context.data, waiting_for="an analyst", due_at=due_at, now=now,
        legal_entity=legal_entity, target=target,
    )  # fmt: skip
    audit.record(
        db, [audit.Entry(who=ENGINE, what="exception.opened" if again is None else "exception.reopened",
                         subject=workflow.document_key,
                         after={"exception": case_id, "class": answer.class_, "cause": answer.cause})], now,
    )  # fmt: skip


def _due(
    facts: Facts,
    flow: Flow,
    step: str,
    now: datetime,
    kind: str,
    amount: tuple[int | None, str | None],
    company: str,
) -> datetime | None:
    """Return until when a step should be done: as a rule of the company says, else as the flow's setting does."""
    promised = None
    if ruled.STEP_DUE in facts.judges:
        minor, currency = amount
        money = Money(amount_minor=minor, currency=currency) if minor is not None and currency else None
        asked = StepAsked(flow=flow.name, name=step, kind=kind, entity=flow.model.entity, amount=money)
        promised = ruled.promised(facts, asked, company, now)
    if promised is None:
        setup = facts.profile.flows.get(flow.name)
        promised = setup.due.get(step) if setup else None
    return now + promised if promised is not None else None


def _due_of(context: Context, flow: Flow, step: str) -> datetime | None:
    one = context.workflow
    company = context.data.get("legal_entity") or one.legal_entity or ""
    return _due(context.facts, flow, step, context.now, one.kind, (one.amount_minor, one.currency), company)
