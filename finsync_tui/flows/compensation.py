"""What undoes each thing that a flow does outside, run in reverse when a person gives an instance up.

An effect without a counter-step stays as it is and is named in the instance's steps: a payment that was told is a fact.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from finsync_tui.flows import outgoing
from finsync_tui.flows.steps import Answer, Context, Done, Finish
from store import audit, crossrefs, outbox, workflows
from store.outbox import Delivery

STEP = "compensate"
"""The step at which an aborted instance goes on, in every flow."""


@dataclass(frozen=True, slots=True)
class Counter:
    """The write that neutralises another."""

    operation: str
    body: Mapping[str, Any]
    external_id: str | None


def compensate(context: Context) -> Answer:
    """Undo what was delivered, newest first, one at a time; end the instance when nothing is left."""
    under_way = context.data.get("compensating")
    if under_way is not None:
        original, counter = under_way
        answer = outgoing.await_delivery(context, int(counter))
        if not isinstance(answer, Done):
            return answer
        _note(context, int(original), f"undone by delivery {counter}")
        context.data["compensating"] = None
    for delivery in reversed(outbox.of_workflow(context.db, context.workflow.id)):
        done: list[int] = context.data.setdefault("compensated", [])
        is_effect = delivery.state in ("delivered", "verified") and not _is_counter(context, delivery)
        if not is_effect or delivery.entry_id in done:
            continue
        counter_step = counter_of(context, delivery)
        if counter_step is None:
            _note(context, delivery.entry_id, "stays: nothing undoes it")
            continue
        entry_id = outgoing.enqueue(
            context, delivery.system, counter_step.operation, counter_step.body,
            external_id=counter_step.external_id, part=f"undo-{delivery.entry_id}",
        )  # fmt: skip
        context.data["compensating"] = [delivery.entry_id, entry_id]
        context.data["counters"] = [*context.data.get("counters", []), entry_id]
        return compensate(context)
    reason = context.data.get("abort", {})
    return Finish(
        "aborted",
        {"by": reason.get("by"), "reason": reason.get("reason"), "undone": context.data["compensated"]},
    )


def has_effects(delivery: Delivery) -> bool:
    """Say whether a delivery has done something that has a counter-step."""
    return delivery.state in ("delivered", "verified") and delivery.operation in _COUNTERS


def _is_counter(context: Context, delivery: Delivery) -> bool:
    return delivery.entry_id in context.data.get("counters", [])


def counter_of(context: Context, delivery: Delivery) -> Counter | None:
    """Return what undoes one delivery; None when nothing does."""
    make = _COUNTERS.get(delivery.operation)
    return None if make is None else make(context, delivery)


def _note(context: Context, entry_id: int, what: str) -> None:
    context.data["compensated"] = [*context.data["compensated"], entry_id]
    delivery = outbox.get(context.db, entry_id)
    assert delivery is not None, "an entry is never taken away"
    detail = {"entry": entry_id, "operation": delivery.operation, "system": delivery.system, "note": what}
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


def _reason(context: Context) -> str:
    return str(context.data.get("abort", {}).get("reason") or "given up")


def _order(context: Context, delivery: Delivery) -> Counter | None:
    """An order that was issued is cancelled, a draft is discarded; a change alone can't be taken back by itself."""
    link = crossrefs.get(context.db, delivery.entity, delivery.document_key, delivery.system)
    if link is None:
        return None
    marker = json.loads(delivery.body).get("commitment", {}).get("marker", "")
    if link.revision is not None or context.data.get("submit_entry"):
        return Counter("order.cancel", {"marker": marker, "reason": _reason(context)}, link.external_id)
    return Counter("order.discard", {"marker": marker}, link.external_id)


def _write_back(context: Context, delivery: Delivery) -> Counter:
    fields = {**json.loads(delivery.body)["fields"], "erp_status": "Withdrawn"}
    return Counter(delivery.operation, {"fields": fields}, delivery.external_id)


def _invoice(context: Context, delivery: Delivery) -> Counter | None:
    link = crossrefs.get(context.db, delivery.entity, delivery.document_key, delivery.system)
    if link is None:
        return None
    return Counter(
        "invoice.cancel", {"number": link.number or "", "reason": _reason(context)}, link.external_id
    )


def _journal(context: Context, delivery: Delivery) -> Counter | None:
    link = crossrefs.get(context.db, delivery.entity, delivery.document_key, delivery.system)
    if link is None:
        return None
    journal = json.loads(delivery.body)["journal"]
    other = {"debit": "credit", "credit": "debit"}
    lines = [{**line, "side": other[line["side"]]} for line in journal["lines"]]
    number = f"{journal['number']}-R"
    batch = f"{journal['batch']}-R" if journal.get("batch") else None
    return Counter(
        "journal.reverse",
        {"journal": {**journal, "number": number, "batch": batch, "lines": lines}},
        link.external_id,
    )


def _acknowledgement(context: Context, delivery: Delivery) -> Counter | None:
    """Whoever waits for an outcome is told that there will be none, unless they were told one."""
    told = [
        one
        for one in outbox.of_workflow(context.db, context.workflow.id)
        if one.operation == "expense.confirm_posting"
    ]
    if any(one.state in ("delivered", "verified") for one in told):
        return None
    body = {
        "document_kind": json.loads(delivery.body).get("document_kind", "expense"),
        "outcome": "error",
        "postings": [],
        "messages": [
            {"code": "WITHDRAWN", "text": f"Accounting has not posted it: {_reason(context)}", "entry_id": ""}
        ],
    }
    return Counter("expense.confirm_posting", body, delivery.external_id)


_COUNTERS: Mapping[str, Callable[[Context, Delivery], Counter | None]] = {
    "order.create": _order,
    "order.write_back": _write_back,
    "invoice.create": _invoice,
    "invoice.write_back": _write_back,
    "journal.create": _journal,
    "expense.acknowledge": _acknowledgement,
}
