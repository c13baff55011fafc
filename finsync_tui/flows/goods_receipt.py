"""Goods receipt: what arrived for an order, went back, or was corrected, is received against the ERP's own order.

    route -> await_order -> await_original -> request_receipt -> await_receipt -> verify

A receipt that the source voids is corrected in the ERP by what it had received:

    route -> request_correction -> await_correction -> verify
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from sqlite3 import Connection

from finsync_tui.flows import looking, outgoing, reading_back, routing
from finsync_tui.flows.invoice import matching
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Step, Wait
from finsync_tui.flows.usual import UsualFlow
from store import crossrefs, events, outbox, records, workflows
from store.canonical.event import Event, event_type
from store.canonical.keys import RecordKey
from store.canonical.money import plain
from store.canonical.purchasing import PurchaseOrder, Receipt
from store.canonical.record import CanonicalRecord
from store.workflows import Workflow

NAME = "goods_receipt"
ENTITY = Receipt.entity
ORDER_PATIENCE = timedelta(days=10)
"""How long a receipt waits for its order to be in the ERP before a person has to look."""
_ORDER = "com.finsync.commitment."
_OPERATIONS = {"receipt": "receipt.create", "return": "receipt.return", "correction": "receipt.correct"}


class GoodsReceipt(UsualFlow):
    """The flow for receipts."""

    name = NAME
    model = Receipt
    listens_to = ("com.finsync.receipt.", _ORDER)
    settled_at = frozenset(("verify",))
    """It was received: a void at its source takes that back, whatever somebody has settled about it."""
    rechecks: frozenset[str] = frozenset(("route", "await_original", "await_order"))
    under_way = frozenset(("await_receipt", "await_correction", "verify"))

    def steps(self, kind: str) -> Mapping[str, Step]:
        return _VOID if kind == "void" else _STEPS

    def kind_of(self, record: CanonicalRecord, earlier: Sequence[Workflow]) -> str | None:
        """Received once: a movement is never changed, another one corrects it."""
        assert isinstance(record, Receipt)
        if record.status == "voided":
            return "void" if any(w.kind == "receive" for w in earlier) else None
        return None if any(w.state != "aborted" for w in earlier) else "receive"

    def waits_for(self, db: Connection, event: Event) -> Sequence[str]:
        key = RecordKey.parse(event.subject)
        if event.type.startswith(_ORDER):
            number = str(event.data.get("number") or "")
            found = records.twins_like(db, ENTITY, "order_line", f"{number}/", key.system) if number else []
            return tuple(f"{key.system}:{one}" for one in found)
        held = records.get(db, Receipt, key.system, key.external_id)
        if held is None or not held.record.order_number:
            return ()
        name = (
            f"{held.record.order_number}/{held.record.order_line}"  # corrections wait for what they correct
        )
        return tuple(
            f"{key.system}:{one}" for one in records.twins(db, ENTITY, "order_line", name, key.system)
        )

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        if class_ == "DEAD_LETTER" or step == "verify":
            return step, False
        return "route", True


def route(context: Context) -> Answer:
    """Whose order is it, and does that company receive in its ERP?"""
    receipt = _receipt(context)
    if not receipt.order_number:
        return Finish("done", {"note": "received without an order; the ERP receives against orders only"})
    if receipt.kind == "disposal":
        return Finish("done", {"note": "thrown away after it had arrived; nothing to receive"})
    order = _order(context)
    if order is None:
        return Hold(
            "MATCH_ORDER",
            f"receipt {context.workflow.document_number} is for order {receipt.order_number}, which is not known",
            f"See whether the order can be read from {_source(context)}: it goes on by itself when the order is in the ERP.",
            _source(context),
            {"order": receipt.order_number},
        )
    ordered = order.record.currency
    if receipt.status == "received" and receipt.amount is not None and receipt.amount.currency != ordered:
        return Hold(
            "MATCH_CURRENCY",
            f"receipt {context.workflow.document_number} is for {receipt.amount}, order {receipt.order_number} is in {ordered}",
            f"Void it in {_source(context)} and receive it again in {ordered}; what comes then goes on by itself.",
            _source(context),
            {"order": receipt.order_number},
        )
    line = next((one for one in order.record.lines if one.number == receipt.order_line), None)
    if line is not None and receipt.status == "received" and matching.is_other_unit(receipt.uom, line):
        return Hold(
            "MATCH_QUANTITY",
            f"receipt {context.workflow.document_number} is by {receipt.uom}, order {receipt.order_number} line {line.number} "
            f"was ordered by {line.uom}",
            f"Void it in {_source(context)} and receive it again by {line.uom}; what comes then goes on by itself.",
            _source(context),
            {"order": receipt.order_number},
        )
    charts = (d.chart for line in order.record.lines for d in line.distributions)
    number = routing.by_chart(context, charts, "order")
    if isinstance(number, Hold):
        return number
    setup = context.facts.profile.legal_entities[number]
    if setup.invoice is None or not setup.invoice.posts_receipts:
        return Finish("done", {"note": f"receipts of {number} are not posted from here"})
    context.data.update(legal_entity=number, target=setup.target, order_key=str(order.key))
    for name in ("receipt", "correction"):
        looking.forget(context, name)
    return Done({"legal_entity": number, "target": setup.target})


def await_order(context: Context) -> Answer:
    """The ERP receives against its own order: it has to be issued there first."""
    link = crossrefs.get(context.db, PurchaseOrder.entity, str(context.data["order_key"]), _target(context))
    if link is not None and link.revision is not None:
        context.data["erp_order"] = link.number
        return Done({"order": link.number})
    number = _receipt(context).order_number
    return _patience(
        context, f"order {number} in {_target(context)}",
        f"order {number} is not in {_target(context)}, so nothing can be received there",
        "See what stops the order: it goes on by itself when the order is in the ERP.",
    )  # fmt: skip


def await_original(context: Context) -> Answer:
    """What goes back, or is corrected, is booked on the movement it is about: that has to be in the ERP first."""
    receipt = _receipt(context)
    if receipt.kind == "receipt":
        return Done({"note": "it is about no other movement"}, is_skipped=True)
    found = _original(context, receipt)
    if found is not None:
        context.data["original"], context.data["is_of_return"] = found
        return Done({"original": found[0]})
    what = f"receipt {receipt.original_id or f'of order {receipt.order_number} line {receipt.order_line}'}"
    return _patience(
        context, f"{what} in {_target(context)}",
        f"{what} is not in {_target(context)}, so nothing can go back or be corrected there",
        "See what stops that receipt: it goes on by itself when it is in the ERP; or book it there by hand and resolve this.",
    )  # fmt: skip


def _patience(context: Context, waiting_for: str, cause: str, fix: str) -> Wait | Hold:
    until = context.workflow.started_at + ORDER_PATIENCE
    if context.now < until:
        return Wait(waiting_for, until)
    return Hold("MATCH_ORDER", f"receipt {context.workflow.document_number}: {cause}", fix, _target(context))


def _original(context: Context, receipt: Receipt) -> tuple[str, bool] | None:
    """Return the ERP's id of the movement that this one is about, and whether that one sent goods back."""
    source = _source(context)
    name = f"{receipt.order_number}/{receipt.order_line}"
    ids = (
        [receipt.original_id]
        if receipt.original_id
        else records.twins(context.db, ENTITY, "order_line", name, source)
    )
    best: tuple[Decimal, str, bool] | None = None
    for external_id in ids:
        link = crossrefs.get(context.db, ENTITY, f"{source}:{external_id}", _target(context))
        held = records.get(context.db, Receipt, source, external_id)
        if link is None or held is None:
            continue
        size = _size(held.record)
        if receipt.original_id or held.record.kind == "receipt":
            best = max(best or (size, link.external_id, held.record.kind == "return"),
                       (size, link.external_id, held.record.kind == "return"))  # fmt: skip
    return (best[1], best[2]) if best else None


def request_receipt(context: Context) -> Answer:
    """Decide what the ERP shall receive, once."""
    receipt = _receipt(context)
    changes = {
        "order_number": str(context.data["erp_order"]),
        "order_id": None,
        "reference": _mark(context),
        "original_id": context.data.get("original"),
    }
    return _ask(
        context,
        receipt,
        receipt.model_copy(update=changes),
        "receipt",
        is_of_return=bool(context.data.get("is_of_return")),
    )


def await_receipt(context: Context) -> Answer:
    """Wait until the ERP has it: some take it at once and process it later."""
    answer = _follow(context, "receipt")
    if isinstance(answer, Done):
        crossrefs.link(
            context.db, ENTITY, context.workflow.document_key, _target(context), str(context.data["movement"]),
            number=None, revision=None, why="created", linked_at=context.now,
        )  # fmt: skip
        _tell(context, "posted")
    return answer


def request_correction(context: Context) -> Answer:
    """The source has voided it: correct in the ERP what was moved there."""
    link = crossrefs.get(context.db, ENTITY, context.workflow.document_key, _target(context))
    moved = _moved_before(context)
    if link is None or moved is None:
        return Finish("done", {"note": "the ERP has received nothing; nothing to do"})
    turned = moved.model_copy(
        update={
            "kind": "correction",
            "quantity": None if moved.quantity is None else -moved.quantity,
            "amount": None if moved.amount is None else -moved.amount,
            "reference": f"{_mark(context)}-V",
            "original_id": moved.original_id if moved.kind == "correction" else link.external_id,
        }
    )
    return _ask(context, turned, turned, "correction", is_of_return=moved.kind == "return")


def await_correction(context: Context) -> Answer:
    """Wait until the ERP has it."""
    answer = _follow(context, "correction")
    if isinstance(answer, Done):
        _tell(context, "voided")
    return answer


def verify(context: Context) -> Answer:
    """Done only when the ERP, read afresh, shows it."""
    seen = reading_back.take(context)
    if not seen:
        return Wait("read-back")
    differences = seen.get(_target(context)) or []
    if differences:
        return Hold(
            "READ_BACK_DIFFERS",
            f"{_target(context)} does not show what was received: {reading_back.told(differences)}",
            f"Find out who changed it in {_target(context)}; correct it there and retry.",
            _target(context),
            {"differences": differences},
        )
    entries = [one.entry_id for one in outbox.of_workflow(context.db, context.workflow.id)]
    outbox.mark_verified(context.db, entries, context.now)
    return Finish("done", {"movement": context.data["movement"]})


def _ask(context: Context, moved: Receipt, asked: Receipt, name: str, *, is_of_return: bool) -> Done:
    """Ask for a movement. What corrects a return is counted in the return's own direction: less of it went back."""
    context.data["asked"] = {
        "kind": moved.kind,
        "quantity": None if moved.quantity is None else plain(moved.quantity),
        "amount_minor": None if moved.amount is None else moved.amount.amount_minor,
    }
    if is_of_return and asked.kind == "correction":
        asked = asked.model_copy(
            update={
                "quantity": None if asked.quantity is None else -asked.quantity,
                "amount": None if asked.amount is None else -asked.amount,
            }
        )
    context.data["request"] = asked.model_dump(mode="json")
    context.data[f"{name}_entry"] = _send(context, "")
    return Done({"operation": _OPERATIONS[asked.kind], "quantity": str(moved.quantity or moved.amount)})


def _send(context: Context, part: str) -> int:
    body = context.data["request"]
    return outgoing.enqueue(
        context, _target(context), _OPERATIONS[body["kind"]], {"receipt": body}, external_id=None, part=part
    )


def _follow(context: Context, name: str) -> Answer:
    """The same request again asks what became of it: it is found by our mark, and never sent while it waits there."""
    answer = looking.follow(
        context, name, lambda part: _send(context, part), system=_target(context), what="process the movement"
    )
    if isinstance(answer, Done):
        delivery = looking.delivery(context, f"{name}_entry")
        context.data["movement"] = delivery.external_id
    return answer


def _moved_before(context: Context) -> Receipt | None:
    """What was asked of the ERP for this receipt, as the source has it."""
    for one in reversed(
        workflows.of_document(context.db, context.workflow.document_key, context.workflow.entity)
    ):
        is_earlier = one.id < context.workflow.id and one.state != "aborted"
        if is_earlier and one.kind == "receive" and "request" in one.data:
            body, asked = Receipt.model_validate(one.data["request"]), one.data["asked"]
            quantity = None if asked["quantity"] is None else Decimal(asked["quantity"])
            return body.model_copy(update={"quantity": quantity, "kind": asked["kind"]})
    return None


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


def _size(receipt: Receipt) -> Decimal:
    if receipt.quantity is not None:
        return receipt.quantity
    return receipt.amount.amount if receipt.amount is not None else Decimal(0)


def _source(context: Context) -> str:
    return RecordKey.parse(context.workflow.document_key).system


def _target(context: Context) -> str:
    return str(context.data["target"])


def _mark(context: Context) -> str:
    """Return by what the movement is found again. One that was undone keeps its mark: the next has one of its own."""
    key = context.workflow.document_key
    undone = [
        w
        for w in workflows.of_document(context.db, key, context.workflow.entity)
        if w.state == "aborted" and "movement" in w.data
    ]
    return f"{key}-{len(undone) + 1}" if undone else key


_STEPS: Mapping[str, Step] = {
    step.__name__: step
    for step in (route, await_order, await_original, request_receipt, await_receipt, verify)
}
_VOID: Mapping[str, Step] = {
    step.__name__: step for step in (route, request_correction, await_correction, verify)
}
