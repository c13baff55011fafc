"""The arithmetic of an order tree: what lines, schedules and distributions come to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext

from adapters.oracle_fusion.simulator_rows import Row
from adapters.oracle_fusion.simulator_settings import LINE_TYPES
from store.canonical.currency import exponent

PRECISION = 80


def minor_unit(currency: str) -> Decimal:
    """Return the smallest amount of a currency.

    >>> minor_unit("EUR"), minor_unit("JPY")
    (Decimal('0.01'), Decimal('1'))
    """
    return Decimal(1).scaleb(-exponent(currency))


def is_priced(line: Row) -> bool:
    """Say whether a line is quantity times price, not a plain amount."""
    basis = LINE_TYPES.get(str(line.data["LineType"]))
    return basis is None or basis[1] == "quantity"


def live_lines(tree: Row) -> list[Row]:
    return [one for one in tree.of("lines") if not one.data["CancelFlag"]]


def live_schedules(line: Row) -> list[Row]:
    return [one for one in line.of("schedules") if not one.data["CancelFlag"]]


def recalculate(tree: Row) -> None:
    """Set every derived amount; amounts of lines without a price are the client's and stay."""
    currency = str(tree.data["CurrencyCode"])
    with localcontext() as context:
        context.prec = PRECISION
        for line in live_lines(tree):
            if is_priced(line):
                _price(line, currency)
    tree.data["OrderedAmountBeforeAdjustments"] = ordered(tree)


def ordered(tree: Row) -> Decimal:
    """Return the sum of the lines that are not cancelled."""
    return sum((a for one in live_lines(tree) if isinstance(a := one.data["Amount"], Decimal)), Decimal(0))


def _price(line: Row, currency: str) -> None:
    price, quantity = line.data["Price"], line.data["Quantity"]
    if not isinstance(price, Decimal) or not isinstance(quantity, Decimal):
        return
    total = _rounded(price * quantity, currency)
    line.data["Amount"] = total
    schedules = live_schedules(line)
    for schedule, amount in zip(schedules, _shares(schedules, price, quantity, total, currency), strict=True):
        schedule.data["Amount"], schedule.data["Price"] = amount, price
        held = schedule.data["Quantity"]
        rows = schedule.of("distributions")
        if amount is not None and isinstance(held, Decimal):
            for row, share in zip(rows, _shares(rows, price, held, amount, currency), strict=True):
                row.data["Amount"] = share


def _shares(
    rows: Sequence[Row], price: Decimal, quantity: Decimal, total: Decimal, currency: str
) -> list[Decimal | None]:
    """Return what each row's quantity costs; when they are the whole quantity, the last takes the rounding."""
    sizes = [row.data["Quantity"] for row in rows]
    known = [size for size in sizes if isinstance(size, Decimal)]
    found = [_rounded(size * price, currency) if isinstance(size, Decimal) else None for size in sizes]
    if rows and len(known) == len(rows) and sum(known) == quantity:
        found[-1] = total - sum((one for one in found[:-1] if one is not None), Decimal(0))
    return found


def _rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(minor_unit(currency), rounding=ROUND_HALF_UP)
