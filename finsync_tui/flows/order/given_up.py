"""What undoes an order that an instance made or changed in the ERP, and what the ERP holds when it is undone."""

from __future__ import annotations

import json

from finsync_tui.flows.counter import Counter
from finsync_tui.flows.order import ended
from finsync_tui.flows.steps import Context
from store import crossrefs, outbox, records, workflows
from store.canonical.budget import Commitment
from store.canonical.money import total
from store.canonical.purchasing import PurchaseOrder
from store.outbox import Delivery
from store.records import Held


def reason(context: Context) -> str:
    """Return why the instance is given up."""
    return str(context.data.get("abort", {}).get("reason") or "given up")


def order(context: Context, delivery: Delivery) -> Counter | None:
    """An order that was issued is cancelled, a draft is discarded; a change alone can't be taken back by itself."""
    link = crossrefs.get(context.db, delivery.entity, delivery.document_key, delivery.system)
    if link is None:
        return None
    marker = json.loads(delivery.body).get("commitment", {}).get("marker", "")
    seen = shown(context, delivery)
    is_draft = seen is not None and seen.record.status in ("draft", "rejected")
    if link.revision is not None or (was_submitted(context, delivery) and not is_draft):
        return Counter("order.cancel", {"marker": marker, "reason": reason(context)}, link.external_id)
    return Counter("order.discard", {"marker": marker}, link.external_id)


def change(context: Context, delivery: Delivery) -> Counter | None:
    """The order becomes what it was before: a change that was never approved is discarded, and any other is changed back,
    which the ERP has to approve like any. Lines that it has cancelled stay so: it takes none up again."""
    link = crossrefs.get(context.db, delivery.entity, delivery.document_key, delivery.system)
    before = earlier_commitment(context)
    if link is None or before is None:
        return None
    seen = shown(context, delivery)
    is_rejected = seen is not None and seen.record.status == "rejected"
    is_open = not was_submitted(context, delivery) or (is_rejected and not _was_asked_back(context))
    if link.revision is not None and is_open:
        return Counter("order.discard", {"marker": before.marker, "is_change": True}, link.external_id)
    live = _without(before, _cancelled(seen))
    if not live.lines:
        return None
    marker = {"marker": before.marker, "number": link.number or ""}
    submit = Counter("order.submit", marker, link.external_id)
    return Counter(
        "order.change", {"commitment": live.model_dump(mode="json")}, link.external_id, then=submit
    )


def wanted_again(context: Context) -> Commitment | None:
    """Return what the ERP has to hold when a change is undone: what it held before, less what it cancelled by itself since."""
    before = earlier_commitment(context)
    if before is None:
        return None
    flow = context.workflow
    asked = ended.asked_of(context.db, flow)
    kept = {line.number for line in asked.lines} if asked is not None else set()
    own = {line.number for line in before.lines} - kept - set(context.data.get("left_out", []))
    link = crossrefs.get(context.db, flow.entity, flow.document_key, str(context.data["target"]))
    seen = records.get(context.db, PurchaseOrder, link.system, link.external_id) if link is not None else None
    return _without(before, _cancelled(seen) - own)


def _was_asked_back(context: Context) -> bool:
    """Say whether the order was to be changed back already: then the change itself had been in force."""
    found = (outbox.get(context.db, int(one)) for one in context.data.get("counters", ()))
    return any(one is not None and one.operation == "order.change" for one in found)


def _cancelled(seen: Held[PurchaseOrder] | None) -> set[str]:
    return {line.number for line in seen.record.lines if line.is_cancelled} if seen is not None else set()


def _without(commitment: Commitment, gone: set[str]) -> Commitment:
    """Return a commitment less some of its lines."""
    live = tuple(line for line in commitment.lines if line.number not in gone)
    amount = total((line.amount for line in live), commitment.currency)
    return commitment.model_copy(update={"lines": live, "total": amount})


def earlier_commitment(context: Context) -> Commitment | None:
    """Return what the ERP held when an instance of the order was done last; what was asked since never came to be."""
    flow = context.workflow
    done = [
        one.data["commitment_version"]
        for one in workflows.of_document(context.db, flow.document_key, flow.entity)
        if one.id < flow.id and one.state == "done" and "commitment_version" in one.data
    ]
    if not done:
        return None
    held = records.get_version(context.db, Commitment, "finsync", flow.document_key, int(done[-1]))
    return held.record if held is not None else None


def shown(context: Context, delivery: Delivery) -> Held[PurchaseOrder] | None:
    """Return the ERP's order that a delivery is about, as sync read it last; whichever instance had asked for it."""
    link = crossrefs.get(context.db, delivery.entity, delivery.document_key, delivery.system)
    return records.get(context.db, PurchaseOrder, delivery.system, link.external_id) if link else None


def was_submitted(context: Context, delivery: Delivery) -> bool:
    """Say whether the ERP was asked to approve what a delivery had made."""
    found = outbox.of_workflow(context.db, delivery.workflow_id or 0)
    return any(one.operation == "order.submit" and one.state in ("delivered", "verified") for one in found)
