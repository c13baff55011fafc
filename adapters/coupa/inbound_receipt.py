"""Coupa's receiving transactions to our receipts. Pure.

Coupa writes a transaction of its own for what went back and for every void, and leaves the first one as it is but for
what was voided of it. So do we: a void is a correction with the opposite sign, and the sum over an order line is right
whether or not the instance marks the first one, and for a part of it, too.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from adapters.base import Translated
from adapters.coupa.inbound_amounts import line_number, minor_units, unit_of
from adapters.coupa.inbound_parts import Unfit, custom_field, day, number, text
from adapters.coupa.options import Options
from adapters.coupa.wire_invoice import ReceiptTransaction
from store.canonical import purchasing

VOID = "Void"
_SIGNS = {"Consumption": 1, "InventoryReceipt": 1, "ReturnToSupplier": -1, "Disposal": 0}
"""By the end of the type: what it does to what has arrived. What is thrown away had arrived."""

_receipt = purchasing.Receipt.model_validate


def receipt(document: ReceiptTransaction, options: Options) -> Translated:
    """Return the receipt, or raise Unfit with the place and the reason."""
    type_ = document.type or ""
    sign = next((s for end, s in _SIGNS.items() if type_.endswith(end)), None)
    if sign is None:
        raise Unfit("$.type", f"the type {type_!r} of a receipt is not one we know")
    received_on = day(document.transaction_date, "$.transaction-date")
    if received_on is None:
        raise Unfit("$.transaction-date", "the receipt has no date")
    is_void = type_.startswith(VOID)
    is_by_amount = "Amount" in type_
    # A void without the receipt it voids is that receipt itself, which then never was.
    is_voided = is_void and document.original_transaction_id is None
    size = _amount(document) if is_by_amount else _quantity(document)
    factor = 0 if is_voided else -sign if is_void else sign
    by, created_by = document.updated_by, document.created_by
    record = _receipt(
        {
            "number": str(document.id),
            "kind": "correction"
            if is_void
            else "return"
            if sign < 0
            else "disposal"
            if sign == 0
            else "receipt",
            "status": "voided" if is_voided else "received",
            **_order_line(document),
            "quantity": _signed(size, factor) if not is_by_amount else None,
            "amount": _signed_money(document, size, factor) if is_by_amount else None,
            "uom": document.uom.code if document.uom else None,
            "received_on": received_on,
            "received_by": created_by.login if created_by else None,
            "original_id": text(document.original_transaction_id),
            "target_number": custom_field(document.custom_fields, options.fields_of("receipt"), "erp_number"),
        }
    )
    return Translated(str(document.id), record, None, document.updated_at, by.login if by else None)


def _order_line(document: ReceiptTransaction) -> dict[str, Any]:
    line = document.order_line
    if line is None or line.id is None:
        return {"order_id": None, "order_number": "", "order_line": ""}
    if not line.order_header_number:
        raise Unfit("$.order-line.order-header-number", "the receipt does not name its order")
    return {
        "order_id": text(line.order_header_id),
        "order_number": line.order_header_number,
        "order_line": line_number(line.line_num, line.sub_line_num, "$.order-line"),
    }


def _quantity(document: ReceiptTransaction) -> Decimal:
    if document.quantity is None:
        raise Unfit("$.quantity", "the receipt has no quantity")
    return abs(number(document.quantity, "$.quantity"))


def _amount(document: ReceiptTransaction) -> Decimal:
    amount = document.total if document.total is not None else document.price
    if amount is None:
        raise Unfit("$.total", "the receipt by amount has no amount")
    return abs(number(amount, "$.total"))


def _signed(size: Decimal, factor: int) -> Decimal | None:
    return size * factor if factor else None


def _signed_money(document: ReceiptTransaction, size: Decimal, factor: int) -> dict[str, Any] | None:
    currency = document.currency or (document.order_line.currency if document.order_line else None)
    if currency is None or not currency.code:
        raise Unfit("$.currency.code", "the receipt by amount names no currency")
    unit = unit_of(currency.code)
    minor = minor_units(size, unit, "$.total")
    return unit.money(minor * factor) if factor else None
