"""From Oracle's order tree to the canonical purchase order.

The tree is that of `draftPurchaseOrders`: it alone shows charge accounts, and it shows a change order's lines before they
are in force. The status therefore describes those lines: an issued order with an unfinished change order is `draft`,
`pending_approval` or `rejected` until its lines are what is in force.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import msgspec

from adapters.base import Translated
from adapters.oracle_fusion import projects, wire
from adapters.oracle_fusion.fields import (
    UntranslatableError,
    add_up,
    day,
    latest,
    product,
    text,
    to_money,
    whole,
)
from adapters.oracle_fusion.options import Options
from store.canonical.money import Money, total
from store.canonical.purchasing import FundsStatus, OrderStatus, PurchaseOrder

MARKER: Final = re.compile(r"^[^\s:]+:\S+$")
"""What our marks look like: system, colon, id."""

STATUSES: Final[dict[str, OrderStatus]] = {
    "INCOMPLETE": "draft",
    "PENDING APPROVAL": "pending_approval",
    "PENDING CHANGE APPROVAL": "pending_approval",
    "REJECTED": "rejected",
    "ON HOLD": "on_hold",
    "OPEN": "open",
    "CLOSED FOR RECEIVING": "soft_closed",
    "CLOSED FOR INVOICING": "soft_closed",
    "CLOSED": "closed",
    "FINALLY CLOSED": "closed",
    "CANCELED": "cancelled",
    "CANCELLED": "cancelled",
}
CHANGE_STATUSES: Final[frozenset[str]] = frozenset(
    {"INCOMPLETE", "PENDING APPROVAL", "PENDING CHANGE APPROVAL", "REJECTED"}
)
"""Of a change order that is not in force. Any other word means that it is, or that there is none."""

FUNDS: Final[dict[str, FundsStatus]] = {
    "NOT ATTEMPTED": "not_attempted",
    "NOT RESERVED": "not_attempted",
    "NOT RESERVED - NO CONTROL BUDGET": "not_applicable",
    "NOT RESERVED - NOT APPLICABLE": "not_applicable",
    "NOT APPLICABLE": "not_applicable",
    "NOT RESERVED - PARTIAL FUNDS": "failed",
    "NOT RESERVED - PASSED": "not_attempted",
    "NOT RESERVED PASSED": "not_attempted",
    "NOT RESERVED - WARNING": "not_attempted",
    "NOT RESERVED WARNING": "not_attempted",
    "NOT RESERVED FAILED": "failed",
    "NOT RESERVED - FAILED": "failed",
    "FAILED": "failed",
    "RESERVED": "reserved",
    "RESERVED - NO CONTROL BUDGET": "reserved",
    "RESERVED - PARTIAL": "partial",
    "RESERVED PARTIAL": "partial",
    "RESERVED - WARNING": "reserved",
    "PARTIALLY LIQUIDATED": "reserved",
    "LIQUIDATED": "reserved",
}
"""Texts and codes of the sheet's sections 7.4 and 10. A check that passed has not reserved anything yet."""

_order = msgspec.json.Decoder(wire.Order)

# An order and its parts are validated from dicts in one call: cheaper than model by model, and a refusal names its place.
_record = PurchaseOrder.model_validate


def purchase_order(row: bytes, options: Options) -> Translated:
    document = _order.decode(row)
    lines = tuple(_line(line, index, document.CurrencyCode, options) for index, line in _indexed(document))
    issued = document.issued
    live = [line["amount"] for line in lines if not line["is_cancelled"]]
    record = _record(
        {
            "number": document.OrderNumber or text(document.POHeaderId),
            "status": status(document),
            "revision": whole(issued.Revision) if issued and issued.Revision is not None else "0",
            "supplier_id": _optional(document.SupplierId),
            "supplier_name": document.Supplier,
            "supplier_site_id": _optional(document.SupplierSiteId),
            "currency": document.CurrencyCode,
            "total": total(live, document.CurrencyCode),
            "business_unit": _business_unit(document, options),
            "buyer": document.Buyer,
            "description": document.Description,
            "payment_terms": issued.PaymentTerms if issued else None,
            "reference": reference(document, options),
            "funds_status": _funds(document),
            "lines": lines,
        }
    )
    changes = [document.LastUpdateDate, *(line.LastUpdateDate for line in wire.rows(document.lines))]
    if issued:
        changes.append(issued.LastUpdateDate)
    return Translated(
        text(document.POHeaderId),
        record,
        source_updated_at=latest(changes),
        changed_by=document.LastUpdatedBy,
    )


def status(order: wire.Order) -> OrderStatus:
    """Return the status of the lines the tree shows: the change order's, else the issued order's, else the draft's."""
    change = change_status(order)
    issued = order.issued
    own = wire.words(order.StatusCode, order.Status)
    in_force = wire.words(issued.StatusCode, issued.Status) if issued else ""
    word = change or in_force or own
    if word not in STATUSES:
        raise UntranslatableError("$.StatusCode", f"the order status {word!r} is not known")
    return STATUSES[word]


def change_status(order: wire.Order) -> str:
    """Return the status of an unfinished change order; empty when there is none."""
    word = wire.words(order.ChangeOrderStatusCode)
    own = wire.words(order.StatusCode, order.Status)
    if word in CHANGE_STATUSES:
        return word
    return own if own == "PENDING CHANGE APPROVAL" else ""


def reference(order: wire.Order, options: Options) -> str | None:
    """Return our mark, if the order bears one."""
    field = order.NoteToReceiver if options.marker_field == "NoteToReceiver" else order.Description
    found = (field or "").strip()
    return found if MARKER.match(found) else None


def _funds(order: wire.Order) -> FundsStatus | None:
    word = wire.words(order.FundsStatus, order.issued.FundsStatus if order.issued else None)
    if not word:
        return None
    if word not in FUNDS:
        raise UntranslatableError("$.FundsStatus", f"the funds status {word!r} is not known")
    return FUNDS[word]


def _business_unit(order: wire.Order, options: Options) -> str | None:
    procuring, requisitioning = _optional(order.ProcurementBUId), _optional(order.RequisitioningBUId)
    return (
        options.business_unit_name(procuring, requisitioning)
        or order.RequisitioningBU
        or order.ProcurementBU
        or requisitioning
        or procuring
    )


def _indexed(order: wire.Order) -> Iterator[tuple[int, wire.OrderLine]]:
    if isinstance(order.lines, wire.Rows) and order.lines.hasMore:
        raise UntranslatableError("$.lines.hasMore", "the order was read without all of its lines")
    return enumerate(wire.rows(order.lines))


def _line(line: wire.OrderLine, index: int, currency: str, options: Options) -> dict[str, Any]:
    path = f"$.lines[{index}]"
    amount = _amount(line, currency, path)
    schedules = wire.rows(line.schedules)
    is_cancelled = wire.is_set(line.CancelFlag)
    need_by = schedules[0].RequestedDeliveryDate if schedules else None
    return {
        "number": whole(line.LineNumber),
        "external_id": _optional(line.POLineId),
        "description": line.Description or "",
        "quantity": line.Quantity,
        "unit_price": line.Price,
        "uom": line.UOMCode,
        "amount": amount,
        "category": line.Category,
        "need_by_on": day(need_by, f"{path}.schedules[0].RequestedDeliveryDate"),
        "is_cancelled": is_cancelled,
        "distributions": _distributions(line, amount, is_cancelled, path, options),
    }


def _amount(line: wire.OrderLine, currency: str, path: str) -> Money:
    if line.Amount is not None:
        return to_money(line.Amount, currency, f"{path}.Amount")
    if line.Quantity is None or line.Price is None:
        raise UntranslatableError(f"{path}.Amount", "the line has neither an amount nor quantity and price")
    return product(line.Quantity, line.Price, currency)


def _distributions(
    line: wire.OrderLine, amount: Money, is_cancelled: bool, path: str, options: Options
) -> tuple[dict[str, Any], ...]:
    placed = [
        (schedule, one)
        for schedule in wire.rows(line.schedules)
        if not wire.is_set(schedule.CancelFlag) or is_cancelled
        for one in wire.rows(schedule.distributions)
    ]
    if not placed:
        return ()
    try:
        amounts = _shares([one for _, one in placed], line.Quantity, amount, path)
    except UntranslatableError:
        if is_cancelled:  # its quantities are not kept up, and its accounts say nothing any more
            return ()
        raise
    if is_cancelled and total(amounts, amount.currency) != amount:
        return ()
    has_many = len({schedule.ScheduleNumber for schedule, _ in placed}) > 1
    found = []
    for position, ((schedule, one), share) in enumerate(zip(placed, amounts, strict=True), 1):
        number = whole(one.DistributionNumber) if one.DistributionNumber is not None else str(position)
        place = whole(schedule.ScheduleNumber) if schedule.ScheduleNumber is not None else "1"
        account = one.POChargeAccount or ""
        found.append(
            {
                "number": f"{place}.{number}" if has_many else number,
                "account": projects.seen(account, _coded(one), options, by_id=True),
                "segments": tuple(account.split(options.segment_delimiter)) if account else (),
                "amount": share,
                "quantity": one.Quantity,
            }
        )
    return tuple(found)


def _coded(one: wire.Distribution) -> list[wire.OrderProject] | None:
    return None if one.projectDFF is None else wire.rows(one.projectDFF)


def _shares(
    distributions: list[wire.Distribution], quantity: Decimal | None, amount: Money, path: str
) -> tuple[Money, ...]:
    """Return what each distribution costs: as stated, or the line's amount in proportion to the quantities."""
    stated = [one.Amount for one in distributions if one.Amount is not None]
    if len(stated) == len(distributions):
        return tuple(
            to_money(one, amount.currency, f"{path}.schedules.distributions.Amount") for one in stated
        )
    weights = [one.Quantity for one in distributions if one.Quantity is not None]
    if len(weights) != len(distributions):
        raise UntranslatableError(
            f"{path}.schedules.distributions", "a distribution has neither an amount nor a quantity"
        )
    if add_up(weights) == 0:
        return tuple(Money(amount_minor=0, currency=amount.currency) for _ in weights)
    if quantity is not None and add_up(weights) != quantity:
        raise UntranslatableError(
            f"{path}.schedules.distributions",
            f"the quantities add up to {add_up(weights)}, the line's quantity is {quantity}",
        )
    return amount.split(weights)


def _optional(value: wire.Id | None) -> str | None:
    return None if value in (None, "") else str(value)
