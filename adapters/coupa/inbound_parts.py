"""The parts that several of Coupa's documents share: amounts, dates, accounting keys, and what is wrong with
them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Context, Decimal
from functools import lru_cache
from operator import attrgetter

from adapters.coupa import wire
from store.canonical.money import Money, MoneyError, Rounding

EXACT = Context(prec=100)
"""Products of prices and quantities without rounding: 46 digits times 32 fit."""
EXPONENT_MAX = 30
"""A number beyond 30 digits before or after the point is no amount; writing it out could fill the memory."""

_PARTS_OF: Callable[[wire.Segments], tuple[str | None, ...]] = attrgetter(
    *(f"segment_{n}" for n in range(1, 21))
)


class Unfit(Exception):
    """A document does not fit its contract."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def money(amount: Decimal, currency: str, path: str, rounding: Rounding = "exact") -> Money:
    """Return an amount as money, or say why it is none."""
    number(amount, path)
    try:
        return Money.of(amount, currency, rounding)
    except MoneyError as error:
        raise Unfit(path, f"totals: {error}") from None
    except ValueError:
        raise Unfit(path, f"{currency!r} is not a currency code") from None


def number(value: Decimal, path: str) -> Decimal:
    """Return `value` when it is a number of sensible size."""
    if not value.is_finite() or not -EXPONENT_MAX <= value.adjusted() <= EXPONENT_MAX:
        raise Unfit(path, "this is not a number that can be held exactly")
    return value


def exact_minor(value: Decimal, places: int) -> int | None:
    """Return the minor units of an amount; None when it has a fraction of one."""
    scaled = value.scaleb(places)
    whole = int(scaled)
    return whole if whole == scaled else None


def day(text: str | None, path: str) -> date | None:
    """Return the day as the document writes it: midnight there is the day meant, whatever the zone."""
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Unfit(path, f"{text[:40]!r} is not a date") from None


def segments(key: wire.Segments, count: int, *, keeps_gaps: bool = False) -> tuple[str, ...]:
    """Return the parts of an accounting key up to the last one that is filled."""
    found = _filled(_PARTS_OF(key)[:count])
    if not keeps_gaps and "" in found:
        gap = found.index("") + 1
        raise Unfit(f"$.segment-{gap}", f"segment {gap} of the account is empty, a later one is not")
    return found


@lru_cache(maxsize=4096)  # a page's lines are charged to a few accounts
def _filled(parts: tuple[str | None, ...]) -> tuple[str, ...]:
    filled = max((n for n, part in enumerate(parts, 1) if part), default=0)
    return tuple([part or "" for part in parts[:filled]])
