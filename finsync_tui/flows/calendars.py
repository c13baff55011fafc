"""When budget periods last: by the calendar of a company's ledger, else by what their names tell.

The control of budgets and the report of what is used of them ask here, and nowhere else, which budget bears what.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from sqlite3 import Connection

from finsync_tui.profile import LegalEntitySetup
from store import records
from store.canonical import periods
from store.canonical.organisation import FiscalPeriod
from store.canonical.periods import Span


class Calendars:
    """The periods of every company's ledger, each looked up once."""

    def __init__(self, db: Connection, companies: Mapping[str, LegalEntitySetup]) -> None:
        self._db = db
        self._companies = companies
        self._known: dict[tuple[str | None, str], Span | None] = {}

    def span(self, legal_entity: str, period: str) -> Span | None:
        """Return the days of a period as a company names it; None: nobody knows them."""
        setup = self._companies.get(legal_entity)
        ledger = setup.ledger if setup is not None else None
        key = (ledger, period)
        if key not in self._known:
            self._known[key] = self._of_ledger(ledger, period) or periods.named(period)
        return self._known[key]

    def is_within(self, legal_entity: str, budget_period: str, period: str | None, day: date | None) -> bool:
        """Say whether the budget of a period bears what is charged on its budget day, to a period that it may name.

        What was charged before there were budget days counts on the first of the period that it names.
        """
        span = self.span(legal_entity, budget_period)
        if day is None and period is not None and (charged := self.span(legal_entity, period)) is not None:
            day = charged.starts_on
        return periods.is_within(span, budget_period, period=period, day=day)

    def overlap(self, legal_entity: str, one: str, other: str) -> bool:
        """Say whether two budget periods of a company share a day, as far as anybody knows."""
        return one == other or periods.overlap(self.span(legal_entity, one), self.span(legal_entity, other))

    def day(self, legal_entity: str, period: str | None, on: date) -> date:
        """Return the budget day of what is charged on a day to a period that it may name."""
        return periods.day_in(self.span(legal_entity, period) if period else None, on)

    def _of_ledger(self, ledger: str | None, period: str) -> Span | None:
        if ledger is None:
            return None
        for system, external_id in records.by_number(self._db, FiscalPeriod.entity, f"{ledger}/{period}"):
            held = records.get(self._db, FiscalPeriod, system, external_id)
            if held is not None:
                return Span(held.record.starts_on, held.record.ends_on)
        return None
