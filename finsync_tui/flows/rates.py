"""What an amount is in another currency, by the rates that a system has shown; none is made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from sqlite3 import Connection
from typing import Final

from finsync_tui.flows.steps import Context
from store import records
from store.canonical.keys import RecordKey
from store.canonical.money import Money
from store.canonical.organisation import ExchangeRate

EXTRACT: Final = "extract"
"""The system name that records from file extracts are kept under."""
BACK_MAX: Final = timedelta(days=7)
"""A rate of so many days before still counts: there is none on weekends and holidays."""


def converted(
    db: Connection, systems: Sequence[str], amount: Money, currency: str, on: date, kind: str | None
) -> Money | None:
    """Return an amount in another currency; None where no rate is known, or several that are not the same."""
    rate = _rate(db, systems, amount.currency, currency, on, kind)
    return None if rate is None else Money.of(amount.amount * rate, currency, "half_even")


def of_document(context: Context, amount: Money, currency: str, on: date) -> Money | None:
    """Return an amount in another currency by the rates that a document's ERP, its source or an extract shows, of the kind that
    its company goes by; None where no one rate is known."""
    if amount.currency == currency or not amount.amount_minor:
        return Money(amount_minor=amount.amount_minor, currency=currency)
    source = RecordKey.parse(context.workflow.document_key).system
    systems = (str(context.data["target"]), source, EXTRACT)
    setup = context.facts.profile.legal_entities[str(context.data["legal_entity"])]
    return converted(context.db, systems, amount, currency, on, setup.rate_kind)


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
