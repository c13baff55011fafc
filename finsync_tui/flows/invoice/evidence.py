"""What the store knows about an invoice's orders, receipts and look-alikes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from sqlite3 import Connection

from finsync_tui.flows import payments
from finsync_tui.flows.invoice import matching, payees, taking
from finsync_tui.flows.invoice.matching import Ordered, PolicyOf
from finsync_tui.profile.invoice import MatchPolicy
from store import crossrefs, records, workflows
from store.canonical import numbers
from store.canonical.budget import Commitment
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice, InvoiceLine, Payment
from store.canonical.purchasing import OrderLine, PurchaseOrder, Receipt
from store.canonical.supplier import Supplier
from store.records import Held
from store.workflows import Workflow

NUMBER_REPEATS_AFTER = timedelta(days=180)
"""Some suppliers begin to count anew each year; a number that comes again sooner is the same invoice."""

Others = Sequence[tuple[bool, Sequence[InvoiceLine]]]
"""By document: is it a credit note, and its lines of one order line."""


def ordered(
    db: Connection,
    source: str,
    invoice: Invoice,
    workflow: Workflow,
    policy_of: PolicyOf,
    payee_id: str,
    *,
    only_before: bool = False,
) -> dict[tuple[str, str], Ordered]:
    """Return the order lines that an invoice names, with what was received and invoiced of them so far. `payee_id` is the
    supplier's in the ERP. `only_before`: of other invoices count those that came before this one, and credit notes."""
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
        others = list(_counted_lines(db, source, name, workflow, only_before=only_before))
        piece = _piece(others, order_line, policy_of(*key))
        invoiced, value = _invoiced(others, order_line, piece)
        received, other_units = _received(db, source, name, order_line)
        found[key] = Ordered(
            order_number=line.order_number,
            currency=held.record.currency,
            status=held.record.status,
            line=order_line,
            received=received,
            invoiced=invoiced,
            invoiced_value=value,
            piece=piece,
            other_supplier=_other_supplier(db, held, invoice, payee_id),
            other_units=other_units,
        )
    return found


def _line(order: PurchaseOrder, number: str) -> OrderLine | None:
    return next((line for line in order.lines if line.number == number), None)


def _other_supplier(
    db: Connection, order: Held[PurchaseOrder], invoice: Invoice, payee_id: str
) -> str | None:
    """Return whose order it is, where by no id or number it is that of the invoice's supplier: neither at the source nor,
    where two there are one, in the ERP."""
    record = order.record
    asked = records.get(db, Commitment, "finsync", str(order.key))
    pairs = (
        (record.supplier_id, invoice.supplier_id),
        (record.supplier_number, invoice.supplier_number),
        (asked.record.supplier_id if asked is not None else None, payee_id),
    )
    known = [(one, other) for one, other in pairs if one and other]
    if not known or any(one == other for one, other in known):
        return None
    return " ".join(filter(None, (record.supplier_number or record.supplier_id, record.supplier_name)))


def _received(db: Connection, source: str, name: str, line: OrderLine) -> tuple[Decimal, tuple[str, ...]]:
    """What arrived less what went back, as the receipts of one order line say, and in which other units something did.

    Voided ones never were. Nobody converts here: other units and currencies do not count, and have exceptions of their own.
    """
    total, units = Decimal(0), set()
    for external_id in records.twins(db, Receipt.entity, "order_line", name, source):
        held = records.get(db, Receipt, source, external_id)
        if held is None or held.record.status == "voided":
            continue
        receipt = held.record
        if receipt.amount is not None and receipt.amount.currency != line.amount.currency:
            continue
        if matching.is_other_unit(receipt.uom, line):
            units.add(str(receipt.uom))
            continue
        size = (
            receipt.amount.amount
            if line.quantity is None and receipt.amount is not None
            else receipt.quantity
        )
        total += size or Decimal(0)
    return total, tuple(sorted(units))


def _counted_lines(
    db: Connection, source: str, name: str, workflow: Workflow, *, only_before: bool
) -> Iterator[tuple[bool, list[InvoiceLine]]]:
    """Yield the lines by which other documents count of an order line, and whether they are a credit note's."""
    for held in _others(db, source, "order_line", name, workflow):
        record = _counted(db, held, workflow)
        if record is None or record.kind == "prepayment":
            continue
        if only_before and not taking.is_credit(record) and not _began_before(db, held.key, workflow):
            continue
        own = [
            one
            for one in record.lines
            if one.kind == "item" and f"{one.order_number}/{one.order_line}" == name
        ]
        yield taking.is_credit(record), own


def _piece(others: Others, line: OrderLine, policy: MatchPolicy) -> Decimal:
    """What a piece that goes back is credited with at least: less than it was ordered and invoiced at is a lower price."""
    invoiced = [one for is_credit, own in others if not is_credit for one in own if one.quantity is not None]
    pieces = sum((one.quantity or Decimal(0) for one in invoiced), Decimal(0))
    value = sum((one.amount.amount for one in invoiced), Decimal(0))
    return taking.full_price(line, (pieces, value), policy.price)


def _invoiced(others: Others, line: OrderLine, piece: Decimal) -> tuple[Decimal, Decimal]:
    """What other invoices took, credit notes taken off: in the terms of the order, and in money. Where all of the money
    is given back, so are the pieces, however the credit notes were worded."""
    total = value = Decimal(0)
    for is_credit, own in others:
        total += taking.taken(own, line, is_credit=is_credit, piece=piece)
        amount = sum((one.amount.amount for one in own), Decimal(0))
        value += -abs(amount) if is_credit else amount
    if value <= 0 and any(is_credit for is_credit, _ in others):
        total = min(total, Decimal(0))
    return total, value


def _counted(db: Connection, held: Held[Invoice], workflow: Workflow) -> Invoice | None:
    """Return another invoice of an order line as it counts before this one: as it was matched, or because it was here
    first. None: it does not.

    So what one takes is counted once, and of two that wait, one waits for the other and never both.
    """
    found = [
        one for one in workflows.of_document(db, str(held.key), Invoice.entity) if one.state != "aborted"
    ]
    is_taken_back = any(
        one.data.get("is_cancelled") or (one.kind == "void" and one.ended_at is not None) for one in found
    )
    if is_taken_back or (held.record.status in ("cancelled", "rejected") and not any(map(is_posted, found))):
        return None
    matched = [one for one in found if is_posted(one) or ("orders" in one.data and one.ended_at is None)]
    if matched:
        version = records.get_version(
            db, Invoice, held.system, held.external_id, matched[-1].document_version
        )
        assert version is not None, "a workflow starts in the transaction that stored its document"
        return version.record
    # A credit note makes room once it was matched itself, never before.
    if held.record.status != "approved" or taking.is_credit(held.record):
        return None
    return held.record if _began_before(db, held.key, workflow) else None


def is_posted(workflow: Workflow) -> bool:
    """Say whether an instance got so far that the ERP holds its invoice."""
    return "validation_entry" in workflow.data


def _rank(db: Connection, key: str) -> int | None:
    """Return when an invoice came, as a number that lasts over its versions; 0: before us. None: it was given up."""
    found = workflows.of_document(db, key, Invoice.entity)
    if not found:
        return 0
    return min((one.id for one in found if one.state != "aborted"), default=None)


def _others(
    db: Connection, system: str, kind: str, value: str, workflow: Workflow
) -> Iterator[Held[Invoice]]:
    for external_id in records.twins(db, Invoice.entity, kind, value, system):
        if f"{system}:{external_id}" == workflow.document_key:
            continue
        held = records.get(db, Invoice, system, external_id)
        if held is not None:
            yield held


def same_number_at_source(
    db: Connection, source: str, payee_number: str, invoice: Invoice, workflow: Workflow
) -> list[str]:
    """Return the ids of other live invoices of the supplier with the same number, not long before or after."""
    return [
        held.external_id
        for held in _of_payee(
            db,
            source,
            "supplier_invoice",
            numbers.comparable(invoice.number),
            payee_number,
            invoice,
            workflow,
        )
        if held.record.status not in ("cancelled", "rejected")
        and numbers.is_same(held.record.number, invoice.number)
        and abs(held.record.invoiced_on - invoice.invoiced_on) <= NUMBER_REPEATS_AFTER
        and _began_before(db, held.key, workflow)
    ]


def same_number_in_erp(
    db: Connection, target: str, payee: Sequence[str], invoice: Invoice, mark: str
) -> list[str]:
    """Return the ids of the ERP's invoices of that payee (all its names there), in whichever business unit, with the same
    number that are not this one's own posting."""
    return [
        held.external_id
        for held in payees.alike(db, target, "supplier_invoice", numbers.comparable(invoice.number), payee)
        if held.record.status != "cancelled"
        and held.record.reference != mark
        and numbers.is_same(held.record.number, invoice.number)
    ]


def near_number(
    db: Connection, source: str, payee_number: str, invoice: Invoice, workflow: Workflow
) -> list[tuple[str, str]]:
    """Return (number, id) of other live invoices of the supplier whose number may be this one, typed otherwise."""
    alike = {
        held.external_id: held
        for kind, value in _near(invoice)
        for held in _of_payee(db, source, kind, value, payee_number, invoice, workflow)
    }
    return [
        (held.record.number, held.external_id)
        for held in alike.values()
        if held.record.status not in ("cancelled", "rejected")
        and may_be_one(held.record, invoice)
        and _began_before(db, held.key, workflow)
    ]


def near_number_in_erp(
    db: Connection, target: str, payee: Sequence[str], invoice: Invoice
) -> list[tuple[str, str]]:
    """Return (number, id) of the ERP's invoices that nobody posted from here and whose number may be this one's."""
    alike = {
        held.external_id: held
        for kind, value in _near(invoice)
        for held in payees.alike(db, target, kind, value, payee)
    }
    return [
        (held.record.number, held.external_id)
        for held in alike.values()
        if is_typed_in(db, held)
        and held.record.status not in ("cancelled", "rejected")
        and may_be_one(held.record, invoice)
    ]


def _near(invoice: Invoice) -> tuple[tuple[str, str], ...]:
    """Return (kind, value) of what invoices with near numbers are found by: zeros and letters behind apart, or signs between
    digits."""
    return (
        ("supplier_near", numbers.stem(invoice.number)),
        ("supplier_invoice", numbers.comparable(invoice.number)),
    )


def is_typed_in(db: Connection, held: Held[Invoice]) -> bool:
    """Say whether an ERP's invoice came from elsewhere: by hand, or by another interface. What bears a mark like
    `coupa:4711` was posted from here, also where the link to it was lost."""
    is_marked = ":" in (held.record.reference or "")
    return not is_marked and crossrefs.find(db, Invoice.entity, held.system, held.external_id) is None


def may_be_one(one: Invoice, other: Invoice) -> bool:
    """Say whether two invoices with near numbers may be one: how it was typed says nothing; letters behind it are a copy's, and
    other signs between digits a slip, where the amount is the same, too. Equal numbers are looked at by themselves."""
    if numbers.is_same(one.number, other.number) or (one.kind, one.currency) != (other.kind, other.currency):
        return False
    if abs(one.invoiced_on - other.invoiced_on) > NUMBER_REPEATS_AFTER:
        return False
    is_typed = numbers.is_typed_alike(one.number, other.number) or numbers.lacks_signs(
        one.number, other.number
    )
    return is_typed or one.total == other.total


def paid_in_erp(
    db: Connection, target: str, payee: Sequence[str], invoice: Invoice, days: int
) -> list[tuple[str, str]]:
    """Return (number, id) of payments that the ERP made to that payee over the same amount, not longer than some days before
    the invoice, and that pay nothing we know of: somebody may have paid it without an invoice."""
    found: dict[str, str] = {}
    size = f"{invoice.total.amount_minor}/{invoice.currency}"
    for name in payee:
        for external_id in records.twins(
            db, Payment.entity, "payee_amount", f"{numbers.comparable(name)}/{size}", target
        ):
            held = records.get(db, Payment, target, external_id)
            if held is None or not payments.is_live(held.record):
                continue
            if held.record.paid_on < invoice.invoiced_on - timedelta(days=days):
                continue
            parts = [one for one in held.record.invoices if one.amount == invoice.total]
            if (not parts and held.record.invoices) or any(
                _is_known(db, target, one.invoice_id) for one in parts
            ):
                continue
            found[external_id] = held.record.number
    return [(number, external_id) for external_id, number in sorted(found.items())]


def _is_known(db: Connection, system: str, invoice_id: str) -> bool:
    """Say whether an ERP's invoice is one we have read, or posted: such are compared themselves."""
    return records.get(db, Invoice, system, invoice_id) is not None or (
        crossrefs.find(db, Invoice.entity, system, invoice_id) is not None
    )


def same_amount(
    db: Connection, source: str, payee_number: str, invoice: Invoice, workflow: Workflow, days: int
) -> list[tuple[str, str]]:
    """Return (number, id) of other invoices of the supplier over the same amount within some days of this one."""
    value = f"{invoice.total.amount_minor}/{invoice.currency}"
    near = timedelta(days=days)
    return [
        (held.record.number, held.external_id)
        for held in _of_payee(db, source, "supplier_amount", value, payee_number, invoice, workflow)
        if held.record.status == "approved"
        and abs(held.record.invoiced_on - invoice.invoiced_on) <= near
        and held.record.kind == invoice.kind
        and _orders(held.record) == _orders(invoice)
        and _began_before(db, held.key, workflow)
    ]


def same_amount_in_erp(
    db: Connection, source: str, target: str, payee: Sequence[str], invoice: Invoice, days: int
) -> list[tuple[str, str]]:
    """Return (number, id) of invoices that came into the ERP by hand or from elsewhere: of that payee, over the same amount,
    within some days of this one. What both match to orders is the same only where it is one order."""
    value = f"{invoice.total.amount_minor}/{invoice.currency}"
    near, orders = timedelta(days=days), _orders_there(db, source, target, invoice)
    return [
        (held.record.number, held.external_id)
        for held in payees.alike(db, target, "supplier_amount", value, payee)
        if is_typed_in(db, held)
        and held.record.status not in ("cancelled", "rejected")
        and held.record.kind == invoice.kind
        and abs(held.record.invoiced_on - invoice.invoiced_on) <= near
        and (not orders or not _orders(held.record) or orders & _orders(held.record))
    ]


def _orders_there(db: Connection, source: str, target: str, invoice: Invoice) -> frozenset[str]:
    """Return what the ERP calls the orders of an invoice, as far as it has them."""
    found = set()
    for number in _orders(invoice):
        held = records.find_by_number(db, PurchaseOrder, source, number)
        link = crossrefs.get(db, PurchaseOrder.entity, str(held.key), target) if held is not None else None
        if link is not None and link.number:
            found.add(link.number)
    return frozenset(found)


def _began_before(db: Connection, key: RecordKey, workflow: Workflow) -> bool:
    rank, own = _rank(db, str(key)), _rank(db, workflow.document_key)
    return rank is not None and own is not None and rank < own


def _orders(invoice: Invoice) -> frozenset[str]:
    """Equal amounts against different orders are two deliveries, not one invoice sent twice."""
    return frozenset(line.order_number for line in invoice.lines if line.order_number)


def _of_payee(
    db: Connection,
    source: str,
    kind: str,
    value: str,
    payee_number: str,
    invoice: Invoice,
    workflow: Workflow,
) -> Iterator[Held[Invoice]]:
    """Yield other invoices of whoever sent this one, by each name that either was read under: a copy that came before the
    supplier had its number is a copy all the same."""
    known = records.get(db, Supplier, source, invoice.supplier_id) if invoice.supplier_id else None
    told = (invoice.supplier_number, known.record.number if known is not None else None, payee_number)
    known_by = {number for number in told if number}
    names = dict.fromkeys(filter(None, (*told, invoice.supplier_id, invoice.supplier_name)))
    seen: set[str] = set()
    for name in names:
        for held in _others(db, source, kind, f"{numbers.comparable(name)}/{value}", workflow):
            other = held.record
            is_same = (
                other.supplier_id == invoice.supplier_id
                if other.supplier_id and invoice.supplier_id
                else numbers.comparable(other.supplier_name or "")
                == numbers.comparable(invoice.supplier_name or "")
            ) or (other.supplier_number or "") in known_by
            if is_same and held.external_id not in seen:
                seen.add(held.external_id)
                yield held
