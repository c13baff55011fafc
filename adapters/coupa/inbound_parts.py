"""The parts that several of Coupa's documents share: amounts, dates, accounting keys, and what is wrong with
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any

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
    """Return the day that is meant. Typed in by a person it is midnight in the zone the document is written in; sent by a
    program without a zone it was taken as midnight UTC, which that zone may show as another day.

    >>> day("2026-03-01T00:00:00-08:00", "$"), day("2026-02-28T16:00:00-08:00", "$")
    (datetime.date(2026, 3, 1), datetime.date(2026, 3, 1))
    """
    if not text:
        return None
    try:
        if len(text) > 19 and text[11:19] != "00:00:00":
            instant = datetime.fromisoformat(text).astimezone(UTC)
            if not (instant.hour or instant.minute or instant.second):
                return instant.date()
        return date.fromisoformat(text[:10])
    except (ValueError, OverflowError):
        raise Unfit(path, f"{text[:40]!r} is not a date") from None


def custom_field(fields: Mapping[str, Any] | None, names: Mapping[str, str], logical: str) -> str | None:
    """Return one of our custom fields as text; a lookup's value by its name."""
    name = names.get(logical)
    value = (fields or {}).get(name) if name else None
    if isinstance(value, dict):
        value = value.get("name")
    return str(value) if value not in (None, "") else None


def text(value: int | None) -> str | None:
    return str(value) if value is not None else None


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
