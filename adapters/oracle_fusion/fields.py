"""Single values as Oracle writes them: ids, days, instants, amounts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext

from adapters.oracle_fusion.wire import OPEN_END, Id
from store.canonical.money import Money
from store.clock import instant

PRECISION = 60
"""Digits of a product of quantity and price: both may have 20 decimals."""
NUMBER_DIGITS_MAX = 18


class UntranslatableError(ValueError):
    """A row's value that has no place in our shape, and where it stands."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def text(value: Id) -> str:
    return str(value)


def whole(value: Decimal) -> str:
    """Return a line or revision number as text.

    >>> whole(Decimal("1.0")), whole(Decimal("10"))
    ('1', '10')
    """
    if not value.is_finite() or abs(value.adjusted()) > NUMBER_DIGITS_MAX:
        raise UntranslatableError("$", f"{value} is not a line, schedule or revision number")
    return f"{value.normalize():f}"


def day(value: str | None, path: str) -> date | None:
    """Read a date, or the date of an instant; Oracle's open end is no date.

    >>> day("2026-02-20", "$"), day("4712-12-31", "$")
    (datetime.date(2026, 2, 20), None)
    """
    if not value or value.startswith(OPEN_END):
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        raise UntranslatableError(path, f"{value!r} is not a date") from None


def latest(values: Iterable[str | None]) -> datetime | None:
    """Return the latest of these instants: a child may be newer than its parent."""
    found = []
    for value in values:
        if value:
            try:
                found.append(instant(value))
            except ValueError:
                raise UntranslatableError(
                    "$.LastUpdateDate", f"{value!r} is not an instant with an offset"
                ) from None
    return max(found, default=None)


def to_money(value: Decimal, currency: str, path: str) -> Money:
    """Read an amount that must be exact money of its currency."""
    try:
        return Money.of(value, currency)
    except ValueError as error:
        raise UntranslatableError(path, str(error)) from None


def product(quantity: Decimal, price: Decimal, currency: str) -> Money:
    """Return what a line of this quantity and price comes to, rounded as Oracle rounds: half up.

    >>> str(product(Decimal("3"), Decimal("0.335"), "EUR"))
    '1.01 EUR'
    """
    with localcontext() as context:
        context.prec = PRECISION
        context.rounding = ROUND_HALF_UP
        return Money.of(quantity * price, currency, rounding="half_up")


def add_up(values: Iterable[Decimal]) -> Decimal:
    """Return the exact sum."""
    with localcontext() as context:
        context.prec = PRECISION
        return sum(values, Decimal(0))
