"""What an amount is in another currency, by the rates that a system has shown; none is made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from sqlite3 import Connection
from typing import Final

from store import records
from store.canonical.money import Money
from store.canonical.organisation import ExchangeRate

BACK_MAX: Final = timedelta(days=7)
"""A rate of so many days before still counts: there is none on weekends and holidays."""


def converted(
    db: Connection, systems: Sequence[str], amount: Money, currency: str, on: date, kind: str | None
) -> Money | None:
    """Return an amount in another currency; None where no rate is known, or several that are not the same."""
    rate = _rate(db, systems, amount.currency, currency, on, kind)
    return None if rate is None else Money.of(amount.amount * rate, currency, "half_even")


def _rate(
    db: Connection, systems: Sequence[str], one: str, other: str, on: date, kind: str | None
) -> Decimal | None:
    """Return the newest rate, of the first system that has one on that day; else the opposite one, turned round."""
    for back in range(BACK_MAX.days + 1):
        day = on - timedelta(days=back)
        for system in systems:
            straight = _of_day(db, system, f"{one}/{other}/{day.isoformat()}", kind)
            opposite = (
                _of_day(db, system, f"{other}/{one}/{day.isoformat()}", kind) if not straight else set()
            )
            found = straight or {1 / rate for rate in opposite}
            if found:
                return found.pop() if len(found) == 1 else None
    return None


def _of_day(db: Connection, system: str, pair: str, kind: str | None) -> set[Decimal]:
    found = set()
    for external_id in records.twins(db, ExchangeRate.entity, "pair", pair, system):
        held = records.get(db, ExchangeRate, system, external_id)
        if held is not None and held.record.rate > 0 and kind in (None, held.record.kind):
            found.add(held.record.rate)
    return found
