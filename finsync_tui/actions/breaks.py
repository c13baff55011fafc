"""What people do about breaks: assign, comment, send again, read again, open again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from sqlite3 import Connection

from finsync_tui import people
from finsync_tui.actions.acting import Outcome, Seen, checked_reason, note_action, overtaken
from finsync_tui.actor import Actor
from finsync_tui.flows.registry import FLOWS
from finsync_tui.reconcile import running
from store import Store, breaks, cases, crossrefs, events, glances, outbox, workflows
from store.breaks import Break
from store.canonical.event import Event, event_type
from store.clock import text
from store.errors import NotAllowedError, NotFoundError
from store.outbox import Delivery
from store.workflows import Workflow

RESENT_KINDS = ("missing_in_target", "field", "status_lag")


def assign_breaks(
    store: Store, actor: Actor, break_ids: Iterable[int], owner: str | None, *, seen: Seen | None = None
) -> Outcome:
    """Give breaks to a person, or to nobody."""
    name = (owner or "").strip() or None

    def act(db: Connection, one: Break, now: datetime) -> str | None:
        breaks.assign(db, [one.id], name, actor.name, now)
        return None

    return each_break(store, actor, break_ids, "break.assigned", name or "nobody", act, seen=seen)


def comment_on_break(
    store: Store, actor: Actor, break_id: int, words: str, *, seen: Seen | None = None
) -> Outcome:
    """Write a note on a break, live or not."""
    words = checked_reason(words)

    def act(db: Connection, one: Break, now: datetime) -> str | None:
        breaks.comment(db, [one.id], actor.name, words, now)
        return None

    return each_break(store, actor, [break_id], "break.commented", words, act, states=None, seen=seen)


def reopen_breaks(
    store: Store, actor: Actor, break_ids: Iterable[int], reason: str, *, seen: Seen | None = None
) -> Outcome:
    """Take back an explanation or a write-off while the difference is still there."""
    reason = checked_reason(reason)

    def act(db: Connection, one: Break, now: datetime) -> str | None:
        if one.gone_at is not None:
            return "both sides agree by now"
        breaks.reopen(db, [one.id], actor.name, reason, now)
        tell(db, one, "reopened", now)
        return None

    return each_break(
        store, actor, break_ids, "break.reopened", reason, act, states=("explained", "written_off"), seen=seen
    )


def resend_breaks(
    store: Store, actor: Actor, break_ids: Iterable[int], reason: str, *, seen: Seen | None = None
) -> Outcome:
    """Let the process of each document begin anew: it looks in the target first and never makes anything twice."""
    reason = checked_reason(reason)

    def act(db: Connection, one: Break, now: datetime) -> str | None:
        problem = _begin_anew(db, one, actor, now)
        if problem is None:
            breaks.note_fix(db, [one.id], "resend", actor.name, reason, now)
            compare_soon(db, one)
        return problem

    return each_break(store, actor, break_ids, "break.resend_asked", reason, act, seen=seen)


def reread_breaks(store: Store, actor: Actor, break_ids: Iterable[int]) -> Outcome:
    """Have both sides of these breaks read afresh with the engine's next cycle."""

    def act(db: Connection, one: Break, now: datetime) -> str | None:
        compare_soon(db, one)
        breaks.note_fix(db, [one.id], "reread", actor.name, "both sides are read afresh", now)
        return None

    return each_break(store, actor, break_ids, "break.reread_asked", "", act)


def each_break(
    store: Store,
    actor: Actor,
    break_ids: Iterable[int],
    what: str,
    why: str,
    act: Callable[[Connection, Break, datetime], str | None],
    *,
    states: tuple[str, ...] | None = ("open",),
    seen: Seen | None = None,
    what_of: Callable[[Break], str] | None = None,
    told_of: Callable[[Break], Mapping[str, object]] | None = None,
) -> Outcome:
    """Do something to each break in one transaction. A single refusal raises, several are collected.

    `what_of` says how the audit log names what was done to one, `told_of` what it keeps of it besides.
    """
    people.require(actor.name, actor.roles, what)
    wanted = list(dict.fromkeys(break_ids))
    done: list[int] = []
    refused: list[tuple[int, str]] = []
    with store.transaction() as db:
        stands = glances.of_breaks(db, [break_id for break_id in wanted if break_id in (seen or {})])
        for break_id in wanted:
            one = breaks.get(db, break_id)
            if one is None:
                if len(wanted) == 1:
                    raise NotFoundError("break", str(break_id), "`finsync breaks list` shows them.")
                refused.append((break_id, "there is no such break"))
                continue
            problem: str | None
            if states is not None and one.state not in states:
                problem = f"it is {one.state.replace('_', ' ')} ({one.resolution or 'no reason is known'})"
            else:
                problem = overtaken(seen, stands, break_id) or act(db, one, store.clock.now())
            if problem is not None:
                if len(wanted) == 1:
                    raise NotAllowedError(f"break {break_id}: {problem}. Nothing was changed.")
                refused.append((break_id, problem))
                continue
            after: dict[str, object] = {
                "break": one.id, "definition": one.definition, "kind": one.kind,
                "fields": [[f.field, f.source, f.target] for f in one.fields],
            }  # fmt: skip
            after |= told_of(one) if told_of is not None else {}
            done_as = what if what_of is None else what_of(one)
            note_action(store, db, actor, done_as, subject_of(one), why, after)
            done.append(break_id)
    return Outcome(tuple(done), tuple(refused))


def _begin_anew(db: Connection, one: Break, actor: Actor, now: datetime) -> str | None:
    """Let the newest process of the document start again; say why not, where it can't."""
    if one.kind not in RESENT_KINDS:
        return f"sending again mends no {one.kind.replace('_', ' ')}"
    workflow = workflows.get(db, one.workflow_id) if one.workflow_id is not None else None
    if workflow is None:
        return "nothing was decided here about its document; read its source again"
    sent = outbox.of_workflow(db, workflow.id)
    if workflow.state in ("running", "waiting") and not _waits_for_nothing(one, workflow, sent):
        return f"workflow {workflow.id} is under way already ({workflow.step})"
    if any(outbox.may_have_happened(delivery) for delivery in sent):
        return f"a delivery of workflow {workflow.id} may have arrived unseen; let it be looked up first"
    target_side = workflow.target
    if one.kind == "missing_in_target" and target_side is not None:
        crossrefs.unlink(db, workflow.entity, workflow.document_key, target_side)
    cases.end_for_workflow(db, workflow.id, "closed", actor.name, f"sent again for break {one.id}", now)
    workflows.save(
        db, workflow.id, state="running", step=next(iter(FLOWS[workflow.flow].steps(workflow.kind))), data={},
        generation=workflow.generation + 1, now=now,
    )  # fmt: skip
    return None


def _waits_for_nothing(one: Break, workflow: Workflow, sent: Sequence[Delivery]) -> bool:
    """Say whether a process waits for what its target does not have any more: nothing will wake it."""
    is_gone = one.kind == "missing_in_target" and one.class_ == "manual_change"
    return is_gone and workflow.state == "waiting" and not any(d.state in outbox.UNFINISHED for d in sent)


def open_break(db: Connection, break_id: int) -> Break:
    """Return a break that is open; else raise."""
    one = breaks.get(db, break_id)
    if one is None:
        raise NotFoundError("break", str(break_id), "`finsync breaks list` shows them.")
    if one.state != "open":
        raise NotAllowedError(
            f"break {break_id}: it is {one.state.replace('_', ' ')} ({one.resolution or 'no reason is known'}). "
            "Nothing was changed."
        )
    return one


def subject_of(one: Break) -> str:
    return one.document_key or f"break:{one.id}"


def compare_soon(db: Connection, one: Break) -> None:
    """Have both sides read afresh with the engine's next cycle."""
    running.ask(db, one.definition)


def tell(
    db: Connection, one: Break, participle: str, now: datetime, data: Mapping[str, object] | None = None
) -> None:
    """Append the event of what became of a break."""
    event = Event(
        id=f"finsync:break:{one.id}:{participle}:{text(now)}",
        type=event_type("break", participle),
        source="finsync",
        subject=subject_of(one),
        time=now,
        correlation_id=one.document_key,
        data=dict(
            data
            or {
                "break": one.id,
                "definition": one.definition,
                "kind": one.kind,
                "number": one.document_number,
            }
        ),
    )
    events.append(db, [event])
