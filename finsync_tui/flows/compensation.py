"""Undoing what an instance has done outside, newest first, when a person gives it up.

What undoes each write is said in `counters`. An effect that nothing undoes stays as it is and is named in the
instance's steps: a payment that was told is a fact. What a system only promised to do is followed until it is done, and
then undone, so that nothing comes in behind our back; and an undoing counts when its system, read afresh, shows it
(`undone`), not when it was asked for.
"""

from __future__ import annotations

import json
from sqlite3 import Connection
from typing import Final

from finsync_tui.flows import counters, looking, not_given_up, outgoing, undone
from finsync_tui.flows.counter import Counter
from finsync_tui.flows.counters import has_effects
from finsync_tui.flows.order import ended, given_up, subject, takeover
from finsync_tui.flows.registry import FLOWS
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Wait
from store import audit, commitments, crossrefs, events, outbox, records, workflows
from store.canonical.budget import Commitment
from store.canonical.event import Event, event_type
from store.canonical.keys import RecordKey
from store.outbox import Delivery
from store.workflows import Workflow

STEP = "compensate"
"""The step at which an aborted instance goes on, in every flow."""
_REPLIES: Final = frozenset(
    ("order.write_back", "invoice.write_back", "invoice.record_payment", "invoice.mark_paid")
)
ENDINGS = frozenset(("cancel", "void"))
"""Kinds of instances that only take away what its source has given up: nothing brings that back into force."""
__all__ = ["STEP", "compensate", "has_effects", "refusal", "writes"]


def compensate(context: Context) -> Answer:
    """Undo what was delivered, newest first, one at a time; end the instance when nothing is left."""
    context.data.setdefault("compensated", [])
    waiting = _movement(context)
    if waiting is not None:
        return waiting
    if (ended := _paid_meanwhile(context)) is not None:
        return ended
    for delivery in _newest_first(writes(context.db, context.workflow)):
        if (
            delivery.state not in ("delivered", "verified")
            or delivery.entry_id in context.data["compensated"]
        ):
            continue
        if delivery.entry_id in context.data.get("counters", []) or counters.is_question(delivery):
            continue
        if delivery.operation == "order.change" and context.data.get("is_change_undone"):
            continue  # the order is what it was already
        if delivery.operation in counters.MOVEMENTS and delivery.external_id is None:
            continue  # it was asked after: what came of it, if anything did, is a delivery of its own
        answer = _undo(context, delivery)
        if answer is not None:
            return (_paid_meanwhile(context) if isinstance(answer, Hold) else None) or answer
    reason, flow = context.data.get("abort", {}), FLOWS[context.workflow.flow]
    flow.give_up(context)
    flow.stopped(context.db, context.workflow, f"given up: {reason.get('reason')}", context.now)
    return Finish(
        "aborted",
        {"by": reason.get("by"), "reason": reason.get("reason"), "undone": context.data["compensated"]},
    )


def _newest_first(found: list[Delivery]) -> list[Delivery]:
    """Return deliveries in the order in which they are undone. What a source was told comes last: it hears that a document
    is withdrawn when that has worked, not before."""
    replies = [one for one in found if one.operation in _REPLIES]
    others = [one for one in found if one.operation not in _REPLIES]
    return [*reversed(others), *reversed(replies)]


def _paid_meanwhile(context: Context) -> Done | None:
    """A paid invoice can't be cancelled: giving it up ends, and its payment is followed and told."""
    why = not_given_up.paid(context.db, context.workflow)
    if why is None or not not_given_up.is_in_force(context.db, context.workflow):
        return None
    step = not_given_up.go_on(context.db, context.workflow, context.data, why, context.now)
    return Done({"note": f"not given up: {why}"}, goto=step)


def writes(db: Connection, workflow: Workflow) -> list[Delivery]:
    """Return what giving an instance up has to look at, oldest first: its own deliveries, and the orders that instances
    whose place it took had made or changed, and that never came to an end."""
    earlier = workflows.of_document(db, workflow.document_key, workflow.entity)
    found = outbox.of_workflow(db, workflow.id)
    for one in reversed([one for one in earlier if one.id < workflow.id]):
        if one.state != "superseded":
            break
        made = outbox.of_workflow(db, one.id)
        found = [*(d for d in made if d.operation in ("order.create", "order.change")), *found]
    return found


def refusal(db: Connection, workflow: Workflow) -> str | None:
    """Say why an instance can't be given up: what was paid can't be taken back by cancelling its invoice, and a document
    that its source has given up would stay in force elsewhere."""
    if workflow.kind in ENDINGS:
        source = RecordKey.parse(workflow.document_key).system
        return (
            f"{workflow.document_number} is cancelled or void in {source}, and would stay in force in "
            f"{workflow.target or 'the ERP'} if nobody took it away there: let this end, or retry or resolve its exception."
        )
    return not_given_up.paid(db, workflow)


def _undo(context: Context, delivery: Delivery) -> Answer | None:
    """Undo one delivery; None when that is done, or nothing undoes it."""
    name = str(delivery.entry_id)
    asked: dict[str, list[int]] = context.data.setdefault("compensating", {})
    if name in asked and _is_given_up(context, *asked[name][:2]):
        del asked[name]  # decided anew after a refusal
    if name not in asked:
        landed = _undecided(context, delivery) or _landed(context, delivery)
        if landed is not None:
            return landed
    found = counters.counter_of(context, delivery)
    if name not in asked:
        if found is None:
            _note(context, delivery, "stays: nothing undoes it")
            return None
        if found.operation in ("order.cancel", "order.change"):
            _count_in_force(context, delivery)
        asked[name] = [_ask(context, delivery, found, ""), context.generation, 0]
    entry_id, _, stage, *earlier = asked[name]
    answer = outgoing.await_delivery(context, entry_id)
    if isinstance(answer, Done):
        answer = _done(context, entry_id)
    if not isinstance(answer, Done):
        return answer
    if (
        stage == 0
        and found is not None
        and found.then is not None
        and _is(context, entry_id, found.operation)
    ):
        asked[name] = [_ask(context, delivery, found.then, "-then"), context.generation, 1, entry_id]
        return outgoing.await_delivery(context, asked[name][0])
    if FLOWS[context.workflow.flow].undoing_is_read_back:
        answer = outgoing.await_proof(context, entry_id, f"that {delivery.operation} was taken back")
    else:
        answer = undone.await_shown(context, delivery, entry_id, earlier)
    if not isinstance(answer, Done):
        return answer
    if delivery.operation == "order.change":
        context.data["is_change_undone"] = True
    _after(context, delivery)
    _note(context, delivery, f"undone by delivery {entry_id}")
    return None


def _count_in_force(context: Context, delivery: Delivery) -> None:
    """What is to be undone is in force in the ERP, which may have approved it after it was given up: until it is undone, it is
    promised."""
    seen, flow = given_up.shown(context, delivery), context.workflow
    link = crossrefs.get(context.db, delivery.entity, delivery.document_key, delivery.system)
    if delivery.operation not in ("order.create", "order.change") or seen is None or link is None:
        return
    if seen.record.status not in ("open", "on_hold"):
        return
    crossrefs.link(
        context.db, delivery.entity, delivery.document_key, delivery.system, link.external_id, number=seen.record.number,
        revision=seen.record.revision, why=link.why, linked_at=context.now,
    )  # fmt: skip
    made = Commitment.model_validate(json.loads(delivery.body)["commitment"])
    commitments.replace(context.db, flow.document_key, delivery.system, ended.in_force(context, made))
    takeover.of_order(context.db, subject.source(context), delivery.system, subject.order(context))


def _is(context: Context, entry_id: int, operation: str) -> bool:
    counter = outbox.get(context.db, entry_id)
    return counter is not None and counter.operation == operation


def _is_given_up(context: Context, entry_id: int, generation: int) -> bool:
    counter = outbox.get(context.db, entry_id)
    return counter is not None and counter.state == "cancelled" and generation != context.generation


def _ask(context: Context, delivery: Delivery, counter: Counter, part: str) -> int:
    entry_id = outgoing.enqueue(
        context, delivery.system, counter.operation, counter.body, external_id=counter.external_id,
        part=f"undo-{delivery.entry_id}{part}",
    )  # fmt: skip
    context.data["counters"] = [*context.data.get("counters", []), entry_id]
    return entry_id


def _undecided(context: Context, delivery: Delivery) -> Wait | None:
    """What waits for its approval in the ERP can neither be cancelled nor changed back there: the decision is waited for."""
    if delivery.operation not in ("order.create", "order.change") or not given_up.was_submitted(
        context, delivery
    ):
        return None
    if crossrefs.get(context.db, delivery.entity, delivery.document_key, delivery.system) is None:
        return None
    seen = given_up.shown(context, delivery)
    is_own = delivery.workflow_id == context.workflow.id and "erp_number" not in context.data
    is_old = seen is None or seen.version <= int(context.data.get("seen_version", 0))
    if seen is None or seen.record.status == "pending_approval":
        return Wait(f"{delivery.system} approval")
    return (
        Wait(f"{delivery.system} approval")
        if is_own and is_old and context.data.get("is_pending", True)
        else None
    )


def _landed(context: Context, delivery: Delivery) -> Answer | None:
    """A journal that is still being imported is waited for; one that was refused left nothing behind."""
    if not counters.is_pending(delivery) or delivery.operation != "journal.create":
        return None
    if crossrefs.get(context.db, delivery.entity, delivery.document_key, delivery.system) is not None:
        return None
    answer = _follow(context, delivery, "import the journal")
    if isinstance(answer, Hold) and answer.class_ != "DEAD_LETTER" and answer.entry_id is not None:
        return None  # it ended without a journal
    if not isinstance(answer, Done):
        return answer
    found = outbox.get(context.db, int(context.data[f"follow-{delivery.entry_id}_entry"]))
    if found is not None and found.external_id:
        crossrefs.link(
            context.db, delivery.entity, delivery.document_key, delivery.system, found.external_id,
            number=None, revision=None, why="created", linked_at=context.now,
        )  # fmt: skip
    return None


def _movement(context: Context) -> Answer | None:
    """A movement of goods that the ERP took and has yet to process is waited for; one that it refused left nothing behind."""
    asked = [one for one in writes(context.db, context.workflow) if one.operation in counters.MOVEMENTS
             and one.entry_id not in context.data.get("counters", []) and one.state in ("delivered", "verified")]  # fmt: skip
    if not asked or any(one.external_id is not None for one in asked):
        return None
    answer = _again(context, "follow-movement", asked[-1], is_counter=False)
    is_refused = isinstance(answer, Hold) and answer.class_ != "DEAD_LETTER"
    return None if is_refused or isinstance(answer, Done) else answer


def _again(context: Context, name: str, delivery: Delivery, *, is_counter: bool) -> Answer:
    """Ask the same again until it has come to an end: it is found by our mark, and never sent while it waits there."""

    def ask(part: str) -> int:
        entry_id = outgoing.enqueue(
            context,
            delivery.system,
            delivery.operation,
            json.loads(delivery.body),
            external_id=None,
            part=part,
        )
        if is_counter:
            context.data["counters"] = [*context.data["counters"], entry_id]
        return entry_id

    return looking.follow(context, name, ask, system=delivery.system, what="process the movement")


def _done(context: Context, entry_id: int) -> Answer:
    """A reversal that is imported by file counts when it is found, a correction of goods when it is processed."""
    counter = outbox.get(context.db, entry_id)
    assert counter is not None, "an entry is never taken away"
    if counters.is_pending(counter) and counter.operation == "journal.reverse":
        return _follow(context, counter, "import the reversal")
    if counters.is_pending(counter) and counter.operation in counters.MOVEMENTS:
        return _again(context, f"follow-{entry_id}", counter, is_counter=True)
    return Done({"entry": entry_id})


def _follow(context: Context, delivery: Delivery, what: str) -> Answer:
    request_id = ((delivery.receipt or {}).get("answer") or {}).get("ReqstId") or ""
    body = {"journal": json.loads(delivery.body)["journal"], "request_id": str(request_id)}

    def ask(part: str) -> int:
        return outgoing.enqueue(
            context, delivery.system, "journal.confirm", body, external_id=None, part=part
        )

    return looking.follow(context, f"follow-{delivery.entry_id}", ask, system=delivery.system, what=what)


def _after(context: Context, delivery: Delivery) -> None:
    """What was undone promises and takes nothing any more."""
    flow = context.workflow
    if delivery.operation == "order.create":
        commitments.drop(context.db, flow.document_key)
        # What comes of the order later begins anew: the ERP's one is cancelled for good.
        crossrefs.unlink(context.db, delivery.entity, flow.document_key, delivery.system)
        takeover.of_order(context.db, subject.source(context), delivery.system, subject.order(context))
        _tell(context, "commitment", "cancelled")
    elif delivery.operation in ("order.change", "order.close"):
        before = given_up.wanted_again(context) if delivery.operation == "order.change" else _newest(context)
        if before is not None:
            live = ended.in_force(context, before)
            commitments.replace(context.db, flow.document_key, delivery.system, live)
            _tell(context, "commitment", "changed")
    elif delivery.operation == "order.reopen":
        commitments.drop(context.db, flow.document_key)
        _tell(context, "commitment", "closed")
    elif delivery.operation == "invoice.create":
        commitments.take_back(context.db, flow.document_key)
        _tell(context, delivery.entity, "cancelled")
    elif delivery.operation in counters.MOVEMENTS:
        crossrefs.unlink(context.db, delivery.entity, flow.document_key, delivery.system)
        _tell(context, delivery.entity, "voided")


def _newest(context: Context) -> Commitment | None:
    held = records.get(context.db, Commitment, "finsync", context.workflow.document_key)
    return held.record if held is not None else None


def _tell(context: Context, entity: str, participle: str) -> None:
    flow = context.workflow
    event = Event(
        id=f"finsync:{entity}:{flow.document_key}:v{flow.document_version}:undone",
        type=event_type(entity, participle),
        source="finsync",
        subject=flow.document_key,
        time=context.now,
        correlation_id=flow.document_key,
        data={"number": flow.document_number},
    )
    events.append(context.db, [event])


def _note(context: Context, delivery: Delivery, what: str) -> None:
    context.data["compensated"] = [*context.data["compensated"], delivery.entry_id]
    detail = {
        "entry": delivery.entry_id,
        "operation": delivery.operation,
        "system": delivery.system,
        "note": what,
    }
    workflows.log_step(
        context.db,
        context.workflow.id,
        f"undo {delivery.operation}",
        "compensated",
        context.now,
        context.now,
        detail,
    )
    entry = audit.Entry(
        who="engine", what="workflow.compensated", subject=context.workflow.document_key, after=detail
    )
    audit.record(context.db, [entry], context.now)
