"""The simulated general ledger: charts, account combinations, accounting periods and control budgets.

Which accounts may be charged, which days are open, and how much may still be spent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from adapters.oracle_fusion.simulator_messages import Problem, problem

CheckedAt = Literal["submit", "approval"]


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of an account, and the value set that says what it may hold."""

    name: str
    value_set: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of accounts."""

    id: int
    name: str
    segments: tuple[Segment, ...]
    delimiter: str = "-"
    cost_centre_position: int = 1
    """Which segment is the cost centre, counted from 0."""
    is_dynamic: bool = True
    """True: a combination that does not exist yet is created when its values are good."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """A set of books."""

    name: str
    currency: str
    chart_id: int
    has_budgetary_control: bool = True


@dataclass(frozen=True, slots=True)
class BusinessUnit:
    """A unit that buys; its orders belong to the books of its ledger."""

    id: int
    name: str
    ledger: str
    legal_entity: str


@dataclass(frozen=True, slots=True)
class SegmentValue:
    """A value of a segment as the check sees it."""

    is_enabled: bool
    starts_on: str | None
    ends_on: str | None

    def is_active_on(self, day: date) -> bool:
        return _is_between(day, self.starts_on, self.ends_on)


@dataclass(slots=True)
class Period:
    """An accounting period of one ledger."""

    ledger: str
    name: str
    starts_on: date
    ends_on: date
    is_open: bool
    is_payables_open: bool | None = None
    """Of the subledger Payables; None: as the general ledger."""

    @property
    def is_open_in_payables(self) -> bool:
        return self.is_open if self.is_payables_open is None else self.is_payables_open


@dataclass(frozen=True, slots=True)
class CrossValidationRule:
    """Accounts that match `pattern` may not exist."""

    pattern: str
    message: str


@dataclass(slots=True)
class Budget:
    """What may be spent on matching accounts in one period, and what each order has reserved of it."""

    name: str
    pattern: str
    """A cost centre, or an account with `*` for any value of a segment."""
    period: str
    amount: Decimal
    currency: str
    is_absolute: bool
    checked_at: CheckedAt
    ledger: str | None = None
    reserved: dict[int, Decimal] = field(default_factory=dict)
    spent: dict[int, Decimal] = field(default_factory=dict)
    """What each invoice has taken of it."""

    def available(self, apart_from: int | None = None) -> Decimal:
        """Return what is left when one document's own part is not counted."""
        parts = (*self.reserved.items(), *self.spent.items())
        return self.amount - sum((a for document, a in parts if document != apart_from), Decimal(0))


@dataclass(frozen=True, slots=True)
class Charge:
    """What one distribution of an order charges to which account, in which period."""

    account: str
    period: str | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class FundsCheck:
    """What a funds check found: reservations to make, and what speaks against them."""

    needs: tuple[tuple[Budget, Decimal], ...]
    shortages: tuple[Problem, ...]
    """Of absolute budgets: they stop the document."""
    warnings: tuple[Problem, ...]


@dataclass(slots=True)
class Books:
    """Everything the general ledger knows."""

    charts: dict[int, Chart] = field(default_factory=dict)
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    units: dict[int, BusinessUnit] = field(default_factory=dict)
    periods: list[Period] = field(default_factory=list)
    rules: list[CrossValidationRule] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)

    def chart_of(self, unit: BusinessUnit) -> Chart:
        return self.charts[self.ledgers[unit.ledger].chart_id]

    def period_on(self, ledger: str, day: date) -> Period | None:
        found = (one for one in self.periods if one.ledger == ledger and one.starts_on <= day <= one.ends_on)
        return next(found, None)

    def period_named(self, ledger: str, name: str) -> Period:
        found = next((one for one in self.periods if one.ledger == ledger and one.name == name), None)
        if found is None:
            raise KeyError(f"ledger {ledger!r} has no period {name!r}")
        return found

    def check_period(self, ledger: str, day: date) -> Problem | None:
        """Say what speaks against `day` as budget date. A ledger without any period is not checked."""
        if not any(one.ledger == ledger for one in self.periods):
            return None
        period = self.period_on(ledger, day)
        if period is None:
            return problem("PERIOD_MISSING", ledger=ledger, day=day.isoformat())
        if not period.is_open:
            return problem("PERIOD_CLOSED", period=period.name, ledger=ledger, day=day.isoformat())
        return None

    def check_rules(self, account: str, chart: Chart) -> Problem | None:
        for rule in self.rules:
            if matches(rule.pattern, account, chart):
                return problem("CROSS_VALIDATION", account=account, reason=rule.message)
        return None

    def check_funds(
        self,
        order: int,
        charges: Iterable[Charge],
        currency: str,
        unit: BusinessUnit,
        stages: Iterable[CheckedAt],
    ) -> FundsCheck:
        """Compare what an order would reserve with what its budgets have left, its own reservation not counted.

        Budgets of a stage outside `stages` are reserved all the same, but do not speak against it.
        """
        chart = self.chart_of(unit)
        asked = tuple(stages)
        needs: list[tuple[Budget, Decimal]] = []
        shortages: list[Problem] = []
        warnings: list[Problem] = []
        by_budget = self._by_budget(charges, currency, unit, chart)
        for index, (amount, account) in by_budget.items():
            budget = self.budgets[index]
            needs.append((budget, amount))
            available = budget.available(apart_from=order)
            if amount > available and (budget.checked_at in asked or not budget.is_absolute):
                found = problem(
                    "FUNDS_INSUFFICIENT" if budget.is_absolute else "FUNDS_LOW",
                    budget=budget.name,
                    period=budget.period,
                    account=account,
                    needed=amount,
                    available=available,
                    currency=currency,
                )
                (shortages if budget.is_absolute else warnings).append(found)
        return FundsCheck(tuple(needs), tuple(shortages), tuple(warnings))

    def reserve(self, order: int, check: FundsCheck, stages: Iterable[CheckedAt]) -> None:
        """Make an order's reservations in budgets of these stages those of `check`, whatever they were."""
        wanted = frozenset(stages)
        for budget in self.budgets:
            if budget.checked_at in wanted:
                budget.reserved.pop(order, None)
        for budget, amount in check.needs:
            if budget.checked_at in wanted:
                budget.reserved[order] = amount

    def spend(self, invoice: int, check: FundsCheck | None) -> None:
        """Make what an invoice has taken that of `check`; None: nothing."""
        for budget in self.budgets:
            budget.spent.pop(invoice, None)
        for budget, amount in check.needs if check else ():
            budget.spent[invoice] = amount

    def release(self, order: int) -> None:
        for budget in self.budgets:
            budget.reserved.pop(order, None)

    def reservations(self, order: int) -> dict[int, Decimal]:
        """Return an order's reservations by the budget's place, to be put back by `restore`."""
        return {
            i: budget.reserved[order] for i, budget in enumerate(self.budgets) if order in budget.reserved
        }

    def restore(self, order: int, reservations: Mapping[int, Decimal]) -> None:
        self.release(order)
        for index, amount in reservations.items():
            self.budgets[index].reserved[order] = amount

    def _by_budget(
        self, charges: Iterable[Charge], currency: str, unit: BusinessUnit, chart: Chart
    ) -> dict[int, tuple[Decimal, str]]:
        found: dict[int, tuple[Decimal, str]] = {}
        for charge in charges:
            for index in self._budgets_for(charge, currency, unit, chart):
                amount, account = found.get(index, (Decimal(0), charge.account))
                found[index] = (amount + charge.amount, account)
        return found

    def _budgets_for(self, charge: Charge, currency: str, unit: BusinessUnit, chart: Chart) -> Iterator[int]:
        for index, budget in enumerate(self.budgets):
            if (
                budget.currency == currency
                and budget.period == charge.period
                and budget.ledger in (None, unit.ledger)
                and matches(budget.pattern, charge.account, chart)
            ):
                yield index


def matches(pattern: str, account: str, chart: Chart) -> bool:
    """Say whether an account falls under a pattern: a cost centre alone, or one part a segment, `*` for any.

    >>> chart = Chart(1, "Chart", (Segment("Company", "CO"), Segment("Cost Center", "CC")))
    >>> matches("420", "01-420", chart), matches("*-4*", "01-420", chart), matches("02-*", "01-420", chart)
    (True, True, False)
    """
    values = account.split(chart.delimiter)
    if chart.delimiter not in pattern:
        position = chart.cost_centre_position
        return position < len(values) and _part(pattern, values[position])
    parts = pattern.split(chart.delimiter)
    return len(parts) == len(values) and all(map(_part, parts, values))


def _part(pattern: str, value: str) -> bool:
    if "*" not in pattern and "%" not in pattern:
        return pattern == value
    return re.fullmatch(".*".join(map(re.escape, re.split(r"[*%]", pattern))), value) is not None


def check_shape(account: str, chart: Chart) -> Problem | None:
    actual = len(account.split(chart.delimiter))
    if actual == len(chart.segments):
        return None
    return problem(
        "ACCOUNT_SHAPE", account=account, chart=chart.name, expected=len(chart.segments), actual=actual
    )


def check_value(
    account: str, segment: Segment, value: str, found: SegmentValue | None, day: date
) -> Problem | None:
    """Say what speaks against one segment of an account on `day`."""
    facts = {"account": account, "value": value, "segment": segment.name}
    if found is None:
        return problem("ACCOUNT_VALUE_MISSING", **facts)
    if not found.is_enabled:
        return problem("ACCOUNT_VALUE_DISABLED", **facts)
    if not found.is_active_on(day):
        return problem("ACCOUNT_VALUE_NOT_ACTIVE", **facts, day=day.isoformat())
    return None


def _is_between(day: date, starts_on: str | None, ends_on: str | None) -> bool:
    text = day.isoformat()
    return (starts_on is None or starts_on <= text) and (ends_on is None or text <= ends_on)


def dump_books(books: Books) -> dict[str, Any]:
    """Return what changes while the system runs or the scenario goes on, as JSON values."""
    return {
        "periods": [
            [
                *(one.ledger, one.name, one.starts_on.isoformat(), one.ends_on.isoformat()),
                *(one.is_open, one.is_payables_open),
            ]
            for one in books.periods
        ],
        "rules": [[one.pattern, one.message] for one in books.rules],
        "budgets": [_dump_budget(one) for one in books.budgets],
        "charts": [
            [
                c.id,
                c.name,
                [[s.name, s.value_set] for s in c.segments],
                c.delimiter,
                c.cost_centre_position,
                c.is_dynamic,
            ]
            for c in books.charts.values()
        ],
        "ledgers": [
            [one.name, one.currency, one.chart_id, one.has_budgetary_control]
            for one in books.ledgers.values()
        ],
        "units": [[one.id, one.name, one.ledger, one.legal_entity] for one in books.units.values()],
    }


def load_books(state: Mapping[str, Any]) -> Books:
    """Return the books that `dump_books` described."""
    charts = [
        Chart(key, name, tuple(Segment(*one) for one in segments), delimiter, position, is_dynamic)
        for key, name, segments, delimiter, position, is_dynamic in state["charts"]
    ]
    ledgers = [Ledger(*one) for one in state["ledgers"]]
    units = [BusinessUnit(*one) for one in state["units"]]
    return Books(
        {one.id: one for one in charts},
        {one.name: one for one in ledgers},
        {one.id: one for one in units},
        [
            Period(ledger, name, date.fromisoformat(starts), date.fromisoformat(ends), *is_open)
            for ledger, name, starts, ends, *is_open in state["periods"]
        ],
        [CrossValidationRule(*one) for one in state["rules"]],
        [_load_budget(one) for one in state["budgets"]],
    )


def _dump_budget(budget: Budget) -> dict[str, Any]:
    return {
        "name": budget.name,
        "pattern": budget.pattern,
        "period": budget.period,
        "amount": str(budget.amount),
        "currency": budget.currency,
        "is_absolute": budget.is_absolute,
        "checked_at": budget.checked_at,
        "ledger": budget.ledger,
        "reserved": {str(order): str(amount) for order, amount in budget.reserved.items()},
        "spent": {str(invoice): str(amount) for invoice, amount in budget.spent.items()},
    }


def _load_budget(state: Mapping[str, Any]) -> Budget:
    reserved = {int(order): Decimal(amount) for order, amount in state["reserved"].items()}
    spent = {int(invoice): Decimal(amount) for invoice, amount in state.get("spent", {}).items()}
    return Budget(**{**state, "amount": Decimal(state["amount"]), "reserved": reserved, "spent": spent})
