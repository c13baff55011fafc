"""Goods receipt: what arrived for an order, or went back, is received against the ERP's own order.

    route -> await_order -> request_receipt -> await_receipt -> verify

A receipt that the source voids is corrected in the ERP by what it had received:

    route -> request_correction -> await_correction -> verify
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from sqlite3 import Connection

from finsync_tui.flows import outgoing, routing
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Step, Wait
from store import crossrefs, events, outbox, records
from store.canonical.event import Event, event_type
from store.canonical.keys import RecordKey
from store.canonical.purchasing import PurchaseOrder, Receipt
from store.canonical.record import CanonicalRecord
from store.workflows import Workflow

NAME = "goods_receipt"
ENTITY = Receipt.entity
ORDER_PATIENCE = timedelta(days=10)
"""How long a receipt waits for its order to be in the ERP before a person has to look."""
_ORDER = "com.finsync.commitment."


class GoodsReceipt:
    """The flow for receipts."""

    name = NAME
    model = Receipt
    listens_to = ("com.finsync.receipt.", _ORDER)
    returns_at: str | None = None
    under_way = frozenset(("await_receipt", "await_correction", "verify"))

    def steps(self, kind: str) -> Mapping[str, Step]:
        return _VOID if kind == "void" else _STEPS

    def kind_of(self, record: CanonicalRecord, earlier: Sequence[Workflow]) -> str | None:
        assert isinstance(record, Receipt)
        if record.status == "voided":
            return "void" if earlier else None
        return None if earlier else "receive"

    def waits_for(self, db: Connection, event: Event) -> Sequence[str]:
        key = RecordKey.parse(event.subject)
        if event.type.startswith(_ORDER):
            number = str(event.data.get("number") or "")
            found = records.twins_like(db, ENTITY, "order_line", f"{number}/", key.system) if number else []
            return tuple(f"{key.system}:{one}" for one in found)
        known = crossrefs.find(db, ENTITY, key.system, key.external_id)
        return (known,) if known is not None else ()

    def reopens_at(self, db: Connection, event: Event, workflow: Workflow) -> str | None:
        return None

    def refuses_return(self, db: Connection, workflow: Workflow) -> str | None:
        return None

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        if class_ == "DEAD_LETTER" or step == "verify":
            return step, False
        return "route", True


def route(context: Context) -> Answer:
    """Whose order is it, and does that company receive in its ERP?"""
    order = _order(context)
    if order is None:
        return Hold(
            "MATCH_ORDER",
            f"receipt {context.workflow.document_number} is for order {_receipt(context).order_number}, which is not known",
            f"See whether the order can be read from {_source(context)}; then retry.",
            _source(context),
        )
    charts = (d.chart for line in order.record.lines for d in line.distributions)
    number = routing.by_chart(context, charts, "order")
    if isinstance(number, Hold):
        return number
    setup = context.facts.profile.legal_entities[number]
    if setup.invoice is None or not setup.invoice.posts_receipts:
        return Finish("done", {"note": f"receipts of {number} are not posted from here"})
    context.data.update(legal_entity=number, target=setup.target, order_key=str(order.key))
    return Done({"legal_entity": number, "target": setup.target})


def await_order(context: Context) -> Answer:
    """The ERP receives against its own order: it has to be issued there first."""
    link = crossrefs.get(context.db, PurchaseOrder.entity, str(context.data["order_key"]), _target(context))
    if link is not None and link.revision is not None:
        context.data["erp_order"] = link.number
        return Done({"order": link.number})
    until = context.workflow.started_at + ORDER_PATIENCE
    number = _receipt(context).order_number
    if context.now < until:
        return Wait(f"order {number} in {_target(context)}", until)
    return Hold(
        "MATCH_ORDER",
        f"order {number} is not in {_target(context)}, so nothing can be received there",
        "See what stops the order; when it is in the ERP, retry.",
        _target(context),
        {"order": number},
    )


def request_receipt(context: Context) -> Answer:
    """Decide what the ERP shall receive, once."""
    receipt = _receipt(context)
    asked = receipt.model_copy(
        update={"order_number": str(context.data["erp_order"]), "order_id": None, "reference": _mark(context)}
    )
    operation = "receipt.return" if receipt.kind == "return" else "receipt.create"
    return _ask(context, operation, asked, "receipt_entry")


def await_receipt(context: Context) -> Answer:
    """Wait until the ERP has taken it."""
    answer = outgoing.await_delivery(context, int(context.data["receipt_entry"]))
    if isinstance(answer, Done):
        _tell(context, "posted")
    return answer


def request_correction(context: Context) -> Answer:
    """The source has voided it: correct in the ERP what was received there."""
    link = crossrefs.get(context.db, ENTITY, context.workflow.document_key, _target(context))
    if link is None:
        return Finish("done", {"note": "the ERP has received nothing; nothing to do"})
    order = crossrefs.get(context.db, PurchaseOrder.entity, str(context.data["order_key"]), _target(context))
    receipt = _receipt(context)
    asked = receipt.model_copy(
        update={
            "kind": "correction",
            "order_number": order.number if order and order.number else receipt.order_number,
            "order_id": None,
            "quantity": None if receipt.quantity is None else -receipt.quantity,
            "reference": f"{_mark(context)}-V",
            "original_id": link.external_id,
        }
    )
    return _ask(context, "receipt.correct", asked, "correction_entry")


def await_correction(context: Context) -> Answer:
    """Wait until the ERP has taken it."""
    answer = outgoing.await_delivery(context, int(context.data["correction_entry"]))
    if isinstance(answer, Done):
        _tell(context, "voided")
    return answer


def verify(context: Context) -> Answer:
    """Done only when the ERP, read afresh, shows it."""
    seen = context.data.get("read_back")
    if not seen:
        return Wait("read-back")
    context.data["read_back"] = None
    differences = seen.get(_target(context)) or []
    if differences:
        shown = "; ".join(
            f"{d['field']}: expected {d['expected']}, found {d['found']}" for d in differences[:5]
        )
        return Hold(
            "READ_BACK_DIFFERS",
            f"{_target(context)} does not show what was received: {shown}",
            f"Find out who changed it in {_target(context)}; correct it there and retry.",
            _target(context),
            {"differences": differences},
        )
    entries = [
        int(context.data[name]) for name in ("receipt_entry", "correction_entry") if name in context.data
    ]
    outbox.mark_verified(context.db, entries, context.now)
    return Finish("done", {"verified": entries})


def _ask(context: Context, operation: str, receipt: Receipt, name: str) -> Done:
    entry_id = outgoing.enqueue(
        context,
        _target(context),
        operation,
        {"receipt": receipt.model_dump(mode="json")},
        external_id=receipt.original_id,
    )
    context.data[name] = entry_id
    return Done(
        {"operation": operation, "entry": entry_id, "quantity": str(receipt.quantity or receipt.amount)}
    )


def _tell(context: Context, participle: str) -> None:
    flow = context.workflow
    event = Event(
        id=f"finsync:receipt:{flow.document_key}:v{flow.document_version}:{participle}",
        type=event_type(ENTITY, participle),
        source="finsync",
        subject=flow.document_key,
        time=context.now,
        correlation_id=flow.document_key,
        data={"number": flow.document_number},
    )
    events.append(context.db, [event])


def _receipt(context: Context) -> Receipt:
    key = RecordKey.parse(context.workflow.document_key)
    held = records.get_version(
        context.db, Receipt, key.system, key.external_id, context.workflow.document_version
    )
    assert held is not None, "a workflow starts in the transaction that stored its document"
    return held.record


def _order(context: Context) -> records.Held[PurchaseOrder] | None:
    receipt = _receipt(context)
    if receipt.order_id is not None:
        return records.get(context.db, PurchaseOrder, _source(context), receipt.order_id)
    return records.find_by_number(context.db, PurchaseOrder, _source(context), receipt.order_number)


def _source(context: Context) -> str:
    return RecordKey.parse(context.workflow.document_key).system


def _target(context: Context) -> str:
    return str(context.data["target"])


def _mark(context: Context) -> str:
    return context.workflow.document_key


_STEPS: Mapping[str, Step] = {
    step.__name__: step for step in (route, await_order, request_receipt, await_receipt, verify)
}
_VOID: Mapping[str, Step] = {
    step.__name__: step for step in (route, request_correction, await_correction, verify)
}
