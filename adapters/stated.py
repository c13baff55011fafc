"""What a document that can't be taken over says it comes to. Pure.

An exception about such a document shows money only where the document itself states it, exactly and in one currency: no
amount is better than a wrong one.

>>> order = Places(("total",), ("currency.code",), "lines", "total", "currency.code")
>>> str(stated_amount({"lines": [{"total": "10.50", "currency": {"code": "EUR"}}, {"total": 2}]}, order))
'12.50 EUR'
>>> stated_amount({"lines": [{"total": "10.50", "currency": {"code": "EUR"}}, {"total": "ten"}]}, order) is None
True
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec

from adapters.answer import UNREADABLE
from store.canonical.money import Money

_AMOUNT: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,20})?")


@dataclass(frozen=True, slots=True)
class Places:
    """Where documents of one entity state their total and its currency; the first place that says anything counts.

    Documents without a total of their own have the sum of what each of their lines states.
    """

    totals: tuple[str, ...]
    currencies: tuple[str, ...]
    lines: str = ""
    line_total: str = ""
    line_currency: str = ""


def tolerant(row: bytes) -> Mapping[str, Any]:
    """Read a row as tolerantly as possible: exact numbers, and nothing of what is no document."""
    try:
        found = _decoder.decode(row)
    except (*UNREADABLE, ArithmeticError):
        return {}
    return found if isinstance(found, dict) else {}


def stated_amount(found: Mapping[str, Any], places: Places | None) -> Money | None:
    """Return what the document states that it comes to."""
    if places is None:
        return None
    lines = at(found, places.lines) if places.lines else None
    parts = lines if isinstance(lines, list) else []
    own = next((value for path in places.totals if (value := at(found, path)) is not None), None)
    amount = _amount(own) if own is not None else _sum(at(line, places.line_total) for line in parts)
    named = [at(found, path) for path in places.currencies]
    if places.line_currency:
        named += [at(line, places.line_currency) for line in parts]
    currencies = {str(value) for value in named if value is not None}
    if amount is None or len(currencies) != 1:
        return None
    try:
        return Money.of(amount, currencies.pop())
    except ValueError:  # no currency at all, more decimals than it has, or more money than there is
        return None


def at(found: Any, path: str) -> Any:
    """Return the plain value or list at a place such as `currency.code`; None where there is none."""
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str | int | Decimal | list) else None


def _amount(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    text = str(value)
    return Decimal(text) if _AMOUNT.fullmatch(text) else None


def _sum(values: Iterable[object]) -> Decimal | None:
    amounts = [_amount(value) for value in values]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(amounts) else None


_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)
