"""Coupa's purchase order to ours. Pure.

Amounts: a line's `total` counts where it is exact money; where Coupa left it unrounded, or out, it is
quantity times price, rounded once for the line. A split coding takes its stated amounts where they add up to
the line, else its percentages, so that the parts always add up. Numbers that contradict each other are
refused: their reason begins with "totals".
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from adapters.base import Translated
from adapters.coupa import wire
from adapters.coupa.inbound_parts import EXACT, Unfit, day, exact_minor, number, segments
from adapters.coupa.options import Options
from store.canonical.money import Money, exponent, plain
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
_LINE_CANCELLED = frozenset(("cancelled", "canceled", "deleted"))
REVISION_STEP = 1_000_000
"""`version` times this plus `internal-revision`: the first counts what suppliers see, the second every
change.
"""
PERCENT = Decimal(100)
PERCENT_SLACK = Decimal("0.01")
"""Percentages are cut to ten places; three thirds are not quite a hundred."""

_order = PurchaseOrder.__pydantic_validator__.validate_python


def purchase_order(document: wire.PurchaseOrderRead, options: Options) -> Translated:
    """Return the order, or raise Unfit with the place and the reason."""
    if not document.po_number:
        raise Unfit("$.po-number", "the order has no number")
    status = STATUS.get(document.status or "")
    if status is None:
        raise Unfit("$.status", f"the status {document.status!r} of an order is not one we know")
    unit = _unit(document)
    lines = tuple([_line(line, unit, n, options) for n, line in enumerate(document.order_lines or ())])
    total_minor = sum([line["amount"]["amount_minor"] for line in lines if not line["is_cancelled"]])
    _check_stated_total(document, total_minor, unit)
    supplier, requisition = document.supplier, document.requisition_header
    requester = document.requester or (requisition.requested_by if requisition else None)
    record = _order(
        {
            "number": document.po_number,
            "status": status,
            "revision": str(document.version or 1),
            "supplier_id": _text(supplier.id) if supplier else None,
            "supplier_number": supplier.number if supplier else None,
            "supplier_name": supplier.name if supplier else None,
            "supplier_site_id": _text(document.supplier_site.id) if document.supplier_site else None,
            "currency": unit.currency,
            "total": unit.money(total_minor),
            "requester": requester.login if requester else None,
            "requisition_id": _text(requisition.id) if requisition else None,
            "payment_terms": document.payment_term.code if document.payment_term else None,
            "target_number": _custom(document, options, "erp_number"),
            "target_status": _custom(document, options, "erp_status"),
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


class _Unit(NamedTuple):
    """The order's currency and its smallest unit. Amounts are counted in it until the record is validated."""

    currency: str
    places: int
    smallest: Decimal

    def money(self, minor: int) -> dict[str, Any]:
        return {"amount_minor": minor, "currency": self.currency}

    def shown(self, minor: int) -> str:
        return str(Money(amount_minor=minor, currency=self.currency))


def _unit(document: wire.PurchaseOrder) -> _Unit:
    code = document.currency.code if document.currency else None
    for n, line in enumerate(document.order_lines or ()):
        own = line.currency.code if line.currency else None
        if code is not None and own is not None and own != code:
            raise Unfit(
                f"$.order-lines[{n}].currency.code",
                f"the line is in {own}, the order in {code}; an order in two currencies has no total",
            )
        code = code or own
    if not code:
        raise Unfit("$.currency.code", "the order names no currency")
    return _unit_of(code)


@lru_cache(maxsize=256)
def _unit_of(code: str) -> _Unit:
    places = exponent(code)
    return _Unit(code, places, Decimal(1).scaleb(-places))


def _line(line: wire.OrderLine, unit: _Unit, index: int, options: Options) -> dict[str, Any]:
    path = f"$.order-lines[{index}]"
    if line.quantity is not None:
        number(line.quantity, path)
    if line.price is not None:
        number(line.price, path)
    minor = _line_amount(line, unit, path)
    is_by_amount = line.type == "OrderAmountLine"
    return {
        "number": _line_number(line, path),
        "external_id": _text(line.id),
        "description": line.description or "",
        "quantity": None if is_by_amount else line.quantity,
        "unit_price": None if is_by_amount else line.price,
        "uom": line.uom.code if line.uom else None,
        "amount": unit.money(minor),
        "category": line.commodity.name if line.commodity else None,
        "need_by_on": day(line.need_by_date, f"{path}.need-by-date"),
        "is_cancelled": line.status in _LINE_CANCELLED,
        "distributions": _distributions(line, minor, unit, path, options),
    }


def _line_number(line: wire.OrderLine, path: str) -> str:
    text = str(line.line_num) if line.line_num is not None else ""
    if not text.strip():
        raise Unfit(f"{path}.line-num", "the line has no number")
    sub = str(line.sub_line_num) if line.sub_line_num is not None else ""
    return f"{text}.{sub}" if sub and sub != "0" else text


def _line_amount(line: wire.OrderLine, unit: _Unit, path: str) -> int:
    """Return what the line costs in minor units."""
    quantity, price, total = line.quantity, line.price, line.total
    if quantity is not None and price is not None:
        product: Decimal | None = EXACT.multiply(quantity, price)
    else:
        product = price if line.type == "OrderAmountLine" else None
    if total is None:
        if product is None:
            raise Unfit(f"{path}.total", "the line has neither a total nor quantity and price")
        return _rounded(product, unit)
    number(total, f"{path}.total")
    if product is not None and abs(total - product) > unit.smallest:
        how = f"{plain(quantity)} x {plain(price)}" if quantity and price else "the price"
        raise Unfit(
            f"{path}.total",
            f"totals: the line says {plain(total)} {unit.currency}, but {how} makes {plain(product)}",
        )
    minor = exact_minor(total, unit.places)
    if minor is not None:
        return minor
    if total == product:  # unrounded on both sides, such as 3 x 11.1117: rounded here, once
        return _rounded(total, unit)
    raise Unfit(
        f"{path}.total",
        f"totals: {plain(total)} {unit.currency} has more decimals than the currency ({unit.places})",
    )


def _rounded(amount: Decimal, unit: _Unit) -> int:
    return int(amount.scaleb(unit.places).to_integral_value(ROUND_HALF_UP))


def _distributions(
    line: wire.OrderLine, minor: int, unit: _Unit, path: str, options: Options
) -> tuple[dict[str, Any], ...]:
    """Return which accounts carry the line. None at all is for the flow to judge: the order is readable."""
    if line.account_allocations:
        place = f"{path}.account-allocations"
        shares = _shares(line.account_allocations, minor, unit, place)
        return tuple(
            [
                _distribution(n, part.account, share, part.period or line.period, unit, options, place)
                for n, (part, share) in enumerate(zip(line.account_allocations, shares, strict=True), 1)
            ]
        )
    if line.account is None:
        return ()
    only = _distribution(0, line.account, minor, line.period, unit, options, f"{path}.account")
    if line.type != "OrderAmountLine":
        only["quantity"] = line.quantity
    return (only,)


def _distribution(
    n: int,
    account: wire.AccountRef | None,
    minor: int,
    period: wire.Period | None,
    unit: _Unit,
    options: Options,
    path: str,
) -> dict[str, Any]:
    """Return one part of a line; `n` counts from 1, and 0 is the whole of it."""
    place = f"{path}[{n - 1}].account" if n else path
    if account is None:
        raise Unfit(place, "a part of the line names no account")
    try:
        parts = segments(account, options.segment_count)
    except Unfit as unfit:
        raise Unfit(place + unfit.path.removeprefix("$"), unfit.reason) from None
    text = account.code or "-".join(parts)
    if not text:
        raise Unfit(place, "the account has neither a code nor segments")
    return {
        "number": str(n or 1),
        "chart": account.account_type.name if account.account_type else None,
        "account": text,
        "segments": parts,
        "amount": unit.money(minor),
        "period": period.name if period else None,
    }


def _shares(allocations: list[wire.Allocation], minor: int, unit: _Unit, path: str) -> list[int]:
    """Divide a line over its allocations, without losing or making a minor unit."""
    stated = [
        number(a.amount, f"{path}[{n}].amount") for n, a in enumerate(allocations) if a.amount is not None
    ]
    if len(stated) == len(allocations):
        whole = [exact_minor(amount, unit.places) for amount in stated]
        exact = [share for share in whole if share is not None]
        if len(exact) == len(whole) and sum(exact) == minor:
            return exact
        added = sum(stated, Decimal(0))
        # Each part may be off by less than a minor unit, which is rounding; more is a contradiction.
        if abs(added.scaleb(unit.places) - minor) > len(stated):
            raise Unfit(
                path, f"totals: the allocations add up to {plain(added)}, the line costs {unit.shown(minor)}"
            )
    percents = [number(a.pct, path) for a in allocations if a.pct is not None]
    if len(percents) == len(allocations):
        added = sum(percents, Decimal(0))
        if abs(added - PERCENT) <= PERCENT_SLACK:
            return _split(minor, unit, percents, path)
        if len(stated) < len(allocations):
            raise Unfit(path, f"totals: the percentages add up to {plain(added)}, not to 100")
    if len(stated) == len(allocations):
        return _split(minor, unit, [abs(amount) for amount in stated], path)
    if len(allocations) == 1:
        return [minor]
    raise Unfit(path, "the parts of the line state neither all amounts nor all percentages")


def _split(minor: int, unit: _Unit, weights: list[Decimal], path: str) -> list[int]:
    if minor == 0:
        return [0] * len(weights)
    if any(weight < 0 for weight in weights) or not any(weights):
        raise Unfit(path, "totals: the line costs something, but its parts take no sensible share of it")
    shares = Money(amount_minor=minor, currency=unit.currency).split(weights)
    return [share.amount_minor for share in shares]


def _check_stated_total(document: wire.PurchaseOrderRead, minor: int, unit: _Unit) -> None:
    if document.total is None or not document.order_lines:
        return
    stated = number(document.total, "$.total")
    if abs(stated.scaleb(unit.places) - minor) >= 1:
        raise Unfit(
            "$.total", f"totals: the order says {plain(stated)}, its lines add up to {unit.shown(minor)}"
        )


def _custom(document: wire.PurchaseOrder, options: Options, logical: str) -> str | None:
    """Return one of our custom fields as text; a lookup's value by its name."""
    name = options.custom_fields.get(logical)
    value = (document.custom_fields or {}).get(name) if name else None
    if isinstance(value, dict):
        value = value.get("name")
    return str(value) if value not in (None, "") else None


def _text(value: int | None) -> str | None:
    return str(value) if value is not None else None
