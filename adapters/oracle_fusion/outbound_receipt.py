"""From a receipt, return or correction to the request that asks for it. Pure: nothing is asked, nothing is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from adapters.oracle_fusion.inbound_receipt import CORRECT, RECEIVE, RETURN
from adapters.oracle_fusion.options import BusinessUnit
from adapters.oracle_fusion.outbound import CannotExpressError, identifier, uom_code
from store.canonical.money import plain
from store.canonical.purchasing import Receipt

MARK_MAX: Final = 300
TYPES: Final = {"receipt": RECEIVE, "return": RETURN, "correction": CORRECT}


def mark(receipt: Receipt) -> str:
    """Return our mark, by which the movement is found again."""
    if receipt.reference is None:
        raise CannotExpressError("PAYLOAD_INVALID", f"receipt {receipt.number} has no reference of ours")
    return identifier(receipt.reference, MARK_MAX, "mark")


def receipt_request(receipt: Receipt, unit: BusinessUnit, source_code: str) -> dict[str, Any]:
    """Return the body that receives goods: a header with one line, processed at once."""
    at = _at(receipt)
    shared = {"ReceiptSourceCode": source_code, "OrganizationCode": _organization(unit)}
    body: dict[str, Any] = {
        **shared,
        "TransactionDate": at,
        "InsertAndProcessFlag": "true",
        "ExternalSystemTransactionReference": mark(receipt),
        "lines": [
            {**_line(receipt, unit, source_code), "AutoTransactCode": "DELIVER", "TransactionDate": at}
        ],
    }
    if unit.receiver_name:
        body["EmployeeName"] = unit.receiver_name
    return body


def transaction_request(receipt: Receipt, unit: BusinessUnit, source_code: str) -> dict[str, Any]:
    """Return the body that sends goods back or corrects a movement."""
    original = receipt.original_id or ""
    if not (original.isascii() and original.isdigit()):
        raise CannotExpressError(
            "PAYLOAD_INVALID", f"{original!r} is not the id of the receipt in Oracle that this is about"
        )
    return {
        **_line(receipt, unit, source_code),
        "ParentTransactionId": int(original),
        "TransactionDate": _at(receipt),
        "InsertAndProcessFlag": "true",
        "ExternalSystemTransactionReference": mark(receipt),
    }


def _line(receipt: Receipt, unit: BusinessUnit, source_code: str) -> dict[str, Any]:
    return {
        "TransactionType": TYPES[receipt.kind],
        "SourceDocumentCode": "PO",
        "ReceiptSourceCode": source_code,
        "OrganizationCode": _organization(unit),
        "DocumentNumber": receipt.order_number,
        "DocumentLineNumber": receipt.order_line,
        **_size(receipt, unit),
    }


def _size(receipt: Receipt, unit: BusinessUnit) -> dict[str, Any]:
    """Return quantity or amount. What goes back is negative with us and positive in Oracle; a correction keeps its sign."""
    value = receipt.quantity if receipt.amount is None else receipt.amount.amount
    sign = -1 if receipt.kind == "return" else 1
    if value is None or not value or (receipt.kind != "correction" and value * sign < 0):
        raise CannotExpressError(
            "PAYLOAD_INVALID",
            f"{receipt.kind} {receipt.number} has {'no quantity' if not value else f'the quantity {plain(value)}'}: "
            "a receipt is above zero, a return below, a correction either",
        )
    exact = Decimal(plain(value * sign))
    if receipt.amount is not None:
        return {"Amount": exact, "CurrencyCode": receipt.amount.currency}
    size: dict[str, Any] = {"Quantity": exact}
    return {**size, "UOMCode": uom_code(receipt.uom, unit)} if receipt.uom else size


def _organization(unit: BusinessUnit) -> str:
    if unit.receiving_organization is None:
        raise CannotExpressError(
            "MAPPING_MISSING",
            "the business unit of the order has no receiving_organization under business_units of this system",
        )
    return unit.receiving_organization


def _at(receipt: Receipt) -> str:
    return f"{receipt.received_on.isoformat()}T00:00:00+00:00"
