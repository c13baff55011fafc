"""Coupa's purchase order to ours. Pure. How amounts are read is in `inbound_amounts`."""

from __future__ import annotations

from typing import Any

from adapters.base import Translated
from adapters.coupa import wire
from adapters.coupa.inbound_amounts import (
    Priced,
    Unit,
    check_numbers,
    check_total,
    common_unit,
    distributions,
    line_amount,
    line_number,
)
from adapters.coupa.inbound_parts import Unfit, custom_field, day, number, text
from adapters.coupa.options import Options
from store.canonical.purchasing import PurchaseOrder

STATUS = {
    "draft": "draft",
    "buyer_hold": "on_hold",
    "currency_hold": "on_hold",
    "supplier_hold": "on_hold",
    "supplier_window_hold": "on_hold",
    "error": "on_hold",
    "issued": "open",
    "exported": "open",
    "soft_closed": "soft_closed",
    "closed": "closed",
    "expensed": "closed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
_BEFORE_ISSUE = frozenset(("draft", "on_hold", "cancelled"))
"""What needs no supplier yet, or none any more."""
_LINE_CANCELLED = frozenset(("cancelled", "canceled"))
REVISION_STEP = 1_000_000
"""`version` times this plus `internal-revision`: the first counts what suppliers see, the second every
change.
"""


def purchase_order(document: wire.PurchaseOrderRead, options: Options) -> Translated:
    """Return the order, or raise Unfit with the place and the reason."""
    if not (document.po_number or "").strip():
        raise Unfit("$.po-number", "the order has no number")
    status = STATUS.get(document.status or "")
    if status is None:
        raise Unfit("$.status", f"the status {document.status!r} of an order is not one we know")
    if document.order_lines is None:
        raise Unfit(
            "$.order-lines", "the order comes without its lines: an order that has none shows an empty list"
        )
    if document.supplier is None and status not in _BEFORE_ISSUE:
        raise Unfit("$.supplier", f"an order that is {document.status} comes without its supplier")
    unit = common_unit(
        document.currency,
        ((f"$.order-lines[{n}]", line.currency) for n, line in enumerate(document.order_lines)),
        "order",
    )
    lines = tuple([_line(line, unit, n, options) for n, line in enumerate(document.order_lines)])
    total_minor = sum([line["amount"]["amount_minor"] for line in lines if not line["is_cancelled"]])
    check_numbers(
        (f"$.order-lines[{n}]", line["number"]) for n, line in enumerate(lines) if not line["is_cancelled"]
    )
    if document.order_lines or status == "open":
        check_total(document.total, total_minor, unit, "$.total", "order")
    supplier, requisition = document.supplier, document.requisition_header
    fields = options.fields_of("purchase_order")
    requester = document.requester or (requisition.requested_by if requisition else None)
    record = PurchaseOrder.checked(
        {
            "number": document.po_number,
            "status": status,
            "revision": str(document.version or 1),
            "supplier_id": text(supplier.id) if supplier else None,
            "supplier_number": supplier.number if supplier else None,
            "supplier_name": supplier.name if supplier else None,
            "supplier_site_id": text(document.supplier_site.id) if document.supplier_site else None,
            "currency": unit.currency,
            "total": unit.money(total_minor),
            "requester": requester.login if requester else None,
            "requisition_id": text(requisition.id) if requisition else None,
            "payment_terms": document.payment_term.code if document.payment_term else None,
            "target_number": custom_field(document.custom_fields, fields, "erp_number"),
            "target_status": custom_field(document.custom_fields, fields, "erp_status"),
            "lines": lines,
        }
    )
    by = document.updated_by
    return Translated(
        str(document.id), record, source_version(document), document.updated_at, by.login if by else None
    )


def source_version(document: wire.PurchaseOrder) -> str | None:
    """Return Coupa's ordering of versions as one rising number; None when the document has none."""
    if document.version is None and document.internal_revision is None:
        return None
    return str((document.version or 0) * REVISION_STEP + (document.internal_revision or 0))


def _line(line: wire.OrderLine, unit: Unit, index: int, options: Options) -> dict[str, Any]:
    path = f"$.order-lines[{index}]"
    if line.quantity is not None:
        number(line.quantity, path)
    if line.price is not None:
        number(line.price, path)
    is_by_amount = line.type == "OrderAmountLine"
    minor = line_amount(Priced(line.quantity, line.price, line.total, is_by_amount), unit, path)
    parts = distributions(line.account, line.account_allocations, line.period, minor, unit, path, options)
    if not line.account_allocations and not is_by_amount and parts:
        parts[0]["quantity"] = line.quantity
    return {
        "number": line_number(line.line_num, line.sub_line_num, path),
        "external_id": text(line.id),
        "description": line.description or "",
        "quantity": None if is_by_amount else line.quantity,
        "unit_price": None if is_by_amount else line.price,
        "uom": line.uom.code if line.uom else None,
        "amount": unit.money(minor),
        "category": line.commodity.name if line.commodity else None,
        "need_by_on": day(line.need_by_date, f"{path}.need-by-date"),
        "is_cancelled": line.status in _LINE_CANCELLED or line.status in options.deleted_line_statuses,
        "distributions": parts,
    }
