"""What the store knows about an invoice's orders, receipts and look-alikes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from sqlite3 import Connection

from finsync_tui.flows.invoice.matching import Ordered, quantity
from store import records, workflows
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice
from store.canonical.purchasing import OrderLine, PurchaseOrder, Receipt
from store.canonical.supplier import normal
from store.records import Held
from store.workflows import Workflow


def ordered(
    db: Connection, source: str, invoice: Invoice, workflow: Workflow
) -> dict[tuple[str, str], Ordered]:
    """Return the order lines that an invoice names, with what was received and invoiced of them so far."""
    found: dict[tuple[str, str], Ordered] = {}
    for line in invoice.lines:
        if line.kind != "item" or not line.order_number:
            continue
        key = (line.order_number, line.order_line or "")
        if key in found:
            continue
        held = records.find_by_number(db, PurchaseOrder, source, line.order_number)
        order_line = _line(held.record, key[1]) if held is not None else None
        if held is None or order_line is None:
            continue
        name = f"{line.order_number}/{key[1]}"
        found[key] = Ordered(
            order_number=line.order_number,
            currency=held.record.currency,
            status=held.record.status,
            line=order_line,
            received=_received(db, source, name, order_line),
            invoiced=_invoiced(db, source, name, order_line, workflow),
        )
    return found


def _line(order: PurchaseOrder, number: str) -> OrderLine | None:
    return next((line for line in order.lines if line.number == number), None)


def _received(db: Connection, source: str, name: str, line: OrderLine) -> Decimal:
    """What arrived less what went back, as the receipts of one order line say; voided ones never were."""
    total = Decimal(0)
    for external_id in records.twins(db, Receipt.entity, "order_line", name, source):
        held = records.get(db, Receipt, source, external_id)
        if held is None or held.record.status == "voided":
            continue
        receipt = held.record
        size = (
            receipt.amount.amount
            if line.quantity is None and receipt.amount is not None
            else receipt.quantity
        )
        total += size or Decimal(0)
    return total


def _invoiced(db: Connection, source: str, name: str, line: OrderLine, workflow: Workflow) -> Decimal:
    """What earlier invoices took, credit notes taken off. Earlier is who came first here, so that of two only one waits."""
    total = Decimal(0)
    for held in _others(db, source, "order_line", name, workflow):
        if not _counts(db, held.key, workflow):
            continue
        sign = -1 if held.record.kind == "credit_memo" else 1
        taken = (
            abs(quantity(one, line))
            for one in held.record.lines
            if one.kind == "item" and f"{one.order_number}/{one.order_line}" == name
        )
        total += sign * sum(taken, Decimal(0))
    return total


def _counts(db: Connection, key: RecordKey, workflow: Workflow) -> bool:
    """An approved invoice counts when its instance began before ours and was not given up, or when it never needed one."""
    found = workflows.of_document(db, str(key))
    held = records.get(db, Invoice, key.system, key.external_id)
    if held is None or held.record.status != "approved":
        return False
    return not found or any(one.id < workflow.id and one.state != "aborted" for one in found)


def _others(
    db: Connection, system: str, kind: str, value: str, workflow: Workflow
) -> Iterator[Held[Invoice]]:
    for external_id in records.twins(db, Invoice.entity, kind, value, system):
        if f"{system}:{external_id}" == workflow.document_key:
            continue
        held = records.get(db, Invoice, system, external_id)
        if held is not None:
            yield held


def same_number_at_source(db: Connection, source: str, invoice: Invoice, workflow: Workflow) -> list[str]:
    """Return the ids of other live invoices of the supplier with the same number and date: numbers repeat over years."""
    value = f"{normal(_payee(invoice))}/{normal(invoice.number)}"
    return [
        held.external_id
        for held in _others(db, source, "supplier_invoice", value, workflow)
        if held.record.status not in ("cancelled", "rejected")
        and held.record.invoiced_on == invoice.invoiced_on
        and _began_before(db, held.key, workflow)
    ]


def same_number_in_erp(
    db: Connection, target: str, payee_number: str, invoice: Invoice, workflow: Workflow, mark: str
) -> list[str]:
    """Return the ids of the ERP's invoices of that payee with the same number that are not this one's own posting."""
    value = f"{normal(payee_number)}/{normal(invoice.number)}"
    return [
        held.external_id
        for held in _others(db, target, "supplier_invoice", value, workflow)
        if held.record.status != "cancelled" and held.record.reference != mark
    ]


def same_amount(
    db: Connection, source: str, invoice: Invoice, workflow: Workflow, days: int
) -> list[tuple[str, str]]:
    """Return (number, id) of other invoices of the supplier over the same amount within some days of this one."""
    value = f"{normal(_payee(invoice))}/{invoice.total.amount_minor}/{invoice.currency}"
    near = timedelta(days=days)
    return [
        (held.record.number, held.external_id)
        for held in _others(db, source, "supplier_amount", value, workflow)
        if held.record.status == "approved"
        and abs(held.record.invoiced_on - invoice.invoiced_on) <= near
        and held.record.kind == invoice.kind
        and _orders(held.record) == _orders(invoice)
        and _began_before(db, held.key, workflow)
    ]


def _began_before(db: Connection, key: RecordKey, workflow: Workflow) -> bool:
    found = workflows.of_document(db, str(key))
    return not found or found[0].id < workflow.id


def _orders(invoice: Invoice) -> frozenset[str]:
    """Equal amounts against different orders are two deliveries, not one invoice sent twice."""
    return frozenset(line.order_number for line in invoice.lines if line.order_number)


def _payee(invoice: Invoice) -> str:
    return invoice.supplier_number or invoice.supplier_id or invoice.supplier_name or ""
