"""Rows of the store's public views: amounts as decimals, documents of their own left out, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from sqlite3 import Connection
from typing import Any

from store.canonical.currency import exponent

BATCH = 500
LEFT_OUT = frozenset(["evidence", "detail", "data", "body", "payload", "aspect"])
"""Documents of their own: a row of a sheet is no place for them."""
_MINOR = "_minor"
_FRACTIONS = frozenset(["percent_in_time", "percent_taken", "mean_hours", "longest_hours"])
"""Numbers that the query rounds, as text."""


def rows(db: Connection, query: str, given: Mapping[str, str] | None = None) -> Iterator[Sequence[object]]:
    """Yield the header, then each row; `amount_minor` becomes `amount`."""
    cursor = db.cursor()
    cursor.row_factory = None
    cursor.execute(query, given or {})
    names = [column[0] for column in cursor.description]
    kept = [place for place, name in enumerate(names) if name not in LEFT_OUT]
    currency = names.index("currency") if "currency" in names else None
    yield [names[place].removesuffix(_MINOR) for place in kept]
    while part := cursor.fetchmany(BATCH):
        for row in part:
            code = row[currency] if currency is not None else None
            yield [_cell(names[place], row[place], code) for place in kept]


def _cell(name: str, value: Any, currency: str | None) -> object:
    if name.endswith(_MINOR):
        return size(value, currency)
    return Decimal(value) if name in _FRACTIONS and value is not None else value


def size(minor: int | None, currency: str | None) -> Decimal | None:
    """Return minor units as an amount with its currency's decimals; without a currency nobody knows how much it is."""
    if minor is None or not currency:
        return None
    return Decimal(minor).scaleb(-exponent(currency))
