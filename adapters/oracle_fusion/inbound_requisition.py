"""From Oracle's requisitions to canonical ones. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from adapters.base import Translated
from adapters.oracle_fusion import wire
from adapters.oracle_fusion import wire_requisition as requisitions
from adapters.oracle_fusion.fields import UntranslatableError, day, latest, product, text, to_money, whole
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.outbound_invoice import split_description
from store.canonical.money import Money, total
from store.canonical.purchasing import Requisition, RequisitionStatus

STATUSES: Final[dict[str, RequisitionStatus]] = {
    "INCOMPLETE": "draft",
    "PENDING APPROVAL": "pending_approval",
    "REJECTED": "rejected",
    "RETURNED": "rejected",
    "WITHDRAWN": "withdrawn",
    "APPROVED": "approved",
    "CANCELED": "cancelled",
    "CANCELLED": "cancelled",
}
ENDED: Final = ("CANCELED", "CANCELLED")


def requisition(row: bytes, options: Options) -> Translated:
    document = _requisition.decode(row)
    currency = document.FunctionalCurrencyCode
    if currency is None:
        raise UntranslatableError("$.FunctionalCurrencyCode", "the requisition names no currency")
    if isinstance(document.lines, wire.Rows) and document.lines.hasMore:
        raise UntranslatableError("$.lines.hasMore", "the requisition was read without all of its lines")
    lines = wire.rows(document.lines)
    found = [_line(line, currency, f"$.lines[{index}]") for index, line in enumerate(lines)]
    live = [
        one["amount"]
        for one, line in zip(found, lines, strict=True)
        if wire.words(line.LineStatus) not in ENDED and one["amount"].currency == currency
    ]
    mark, title = split_description(document.Description or "")
    record = Requisition.model_validate(
        {
            "number": document.Requisition or text(document.RequisitionHeaderId),
            "status": status(document),
            "title": title,
            "reference": mark,
            "requester": document.PreparerEmail or document.Preparer,
            "currency": currency,
            "total": total(live, currency),
            "submitted_at": latest((document.SubmissionDate,)),
            "lines": found,
        }
    )
    changes = [document.LastUpdateDate, *(line.LastUpdateDate for line in lines)]
    return Translated(text(document.RequisitionHeaderId), record, source_updated_at=latest(changes))


def status(document: requisitions.Requisition) -> RequisitionStatus:
    """Return where a requisition stands; an approved one whose lines all became orders is ordered."""
    word = wire.words(document.DocumentStatusCode, document.DocumentStatus)
    if word not in STATUSES:
        raise UntranslatableError("$.DocumentStatusCode", f"the requisition status {word!r} is not known")
    live = [one for one in wire.rows(document.lines) if wire.words(one.LineStatus) not in ENDED]
    is_ordered = bool(live) and all(one.POHeaderId is not None for one in live)
    return "ordered" if word == "APPROVED" and is_ordered else STATUSES[word]


def _line(line: requisitions.RequisitionLine, currency: str, path: str) -> dict[str, Any]:
    own = line.CurrencyCode or currency
    amount = _amount(line, own, path)
    parts = [one for one in wire.rows(line.distributions) if one.ChargeAccount]
    is_whole = parts and all(one.CurrencyAmount is not None for one in parts)
    distributions = [
        {
            "number": whole(one.DistributionNumber or Decimal(position)),
            "account": one.ChargeAccount,
            "amount": to_money(one.CurrencyAmount or Decimal(0), own, f"{path}.distributions"),
            "quantity": one.Quantity,
        }
        for position, one in enumerate(parts, 1)
    ]
    return {
        "number": whole(line.LineNumber),
        "description": line.ItemDescription or "",
        "quantity": line.Quantity,
        "unit_price": line.UnitPrice,
        "uom": line.UOMCode,
        "amount": amount,
        "category": line.CategoryName,
        "supplier_id": None if line.SupplierId is None else text(line.SupplierId),
        "need_by_on": day(line.RequestedDeliveryDate, f"{path}.RequestedDeliveryDate"),
        "distributions": distributions if is_whole else (),
    }


def _amount(line: requisitions.RequisitionLine, currency: str, path: str) -> Money:
    if line.Amount is not None:
        return to_money(line.Amount, currency, f"{path}.Amount")
    if line.Quantity is None or line.UnitPrice is None:
        raise UntranslatableError(f"{path}.Amount", "the line has neither an amount nor quantity and price")
    return product(line.Quantity, line.UnitPrice, currency)


_requisition = msgspec.json.Decoder(requisitions.Requisition)
