"""What the known budgets lack for what is to be charged: by cost centre, account, project and period, as far as each states these.

A budget line that names an account bears what is charged to that account and nothing else; one that names none bears all.
Known are those of the file extract and those that the ERP shows; what a procurement system shows has been taken by its own
documents already.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import product

from finsync_tui.flows.steps import Context
from store import commitments, records
from store.canonical.budget import Budget
from store.canonical.money import Money
from store.canonical.organisation import FiscalPeriod

EXTRACT = "extract"
"""The system name that records from file extracts are kept under."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR = re.compile(r"(?:fy|by)?[ -]?(\d{4})", re.IGNORECASE)
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_NAMED_MONTH = re.compile(r"([a-z]{3})[a-z]*[- ]?(\d{4}|\d{2})", re.IGNORECASE)
_QUARTER = re.compile(r"q([1-4])[- ]?(?:fy)?(\d{4}|\d{2})", re.IGNORECASE)
_YEARS_QUARTER = re.compile(r"(?:fy)?(\d{4}|\d{2})[- ]?q([1-4])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Charge:
    """A part of a document as the ERP charges it."""

    amount_minor: int
    cost_centre: str | None = None
    account: str | None = None
    project: str | None = None
    period: str | None = None
    """The budget period that the document names; None: that of its day."""

    @classmethod
    def of(cls, amount: Money, parts: Mapping[str, str], period: str | None) -> Charge:
        """Return the charge of a part by the segments of its account combination."""
        names = {name: parts.get(name) or None for name in ("cost_centre", "account", "project")}
        return cls(amount.amount_minor, period=period, **names)


@dataclass(frozen=True, slots=True)
class Shortage:
    """One budget that does not suffice."""

    label: str
    wanted: Money
    left: Money

    def __str__(self) -> str:
        return f"{self.label}: the order takes {self.wanted}, {self.left} are left"


def shortages(
    context: Context,
    charges: Iterable[Charge],
    currency: str,
    *,
    on: date,
    order: str = "",
    lines: Collection[str] = (),
    requisition: str | None = None,
) -> list[Shortage]:
    """Return the budgets that do not bear the charges, by their labels.

    What orders and requisitions have promised since a budget was read is taken off, all but this order's and its
    requisition's, and what invoices have spent that nothing promises: two don't spend the same money. `lines` are those of
    this order that are charged now: what was invoiced of its others is spent.
    """
    wanted: dict[str, tuple[Budget, int]] = {}
    for charge in _together(charges):
        for key, budget in _bearing(context, charge, currency, on):
            known = wanted.get(key, (budget, 0))[1]
            wanted[key] = (budget, known + charge.amount_minor)
    found = []
    for budget, minor in wanted.values():
        free = _left(context, budget, on, order=order, lines=lines, requisition=requisition)
        if minor > free.amount_minor:
            found.append(Shortage(label(budget), Money(amount_minor=minor, currency=currency), free))
    return sorted(found, key=lambda one: one.label)


def label(budget: Budget) -> str:
    """Say which budget it is, by what it states."""
    names = (("cost centre", budget.cost_centre), ("account", budget.account), ("project", budget.project))
    shown = ", ".join(f"{name} {value}" for name, value in names if value) or budget.name
    return shown if _YEAR.fullmatch(budget.period) else f"{shown} in {budget.period}"


def days_of(period: str) -> tuple[date, date] | None:
    """Return first and last month of a period by its name, as the first days of each; None: the name does not tell.

    >>> days_of("FY2026"), days_of("Mar-26"), days_of("2026-03")[0], days_of("Q2-2026")[1], days_of("Project phase 2")
    ((datetime.date(2026, 1, 1), datetime.date(2026, 12, 1)), (datetime.date(2026, 3, 1), datetime.date(2026, 3, 1)), \
datetime.date(2026, 3, 1), datetime.date(2026, 6, 1), None)
    >>> days_of("FY26-Q1") == days_of("Q1-2026") == (date(2026, 1, 1), date(2026, 3, 1))
    True
    """
    if found := _YEAR.fullmatch(period):
        return date(int(found[1]), 1, 1), date(int(found[1]), 12, 1)
    if (found := _MONTH.fullmatch(period)) and 1 <= int(found[2]) <= 12:
        month = date(int(found[1]), int(found[2]), 1)
        return month, month
    if (found := _NAMED_MONTH.fullmatch(period)) and found[1].lower() in _MONTHS:
        month = date(_year(found[2]), _MONTHS.index(found[1].lower()) + 1, 1)
        return month, month
    if found := _QUARTER.fullmatch(period):
        return _quarter(_year(found[2]), int(found[1]))
    if found := _YEARS_QUARTER.fullmatch(period):
        return _quarter(_year(found[1]), int(found[2]))
    return None


def _quarter(year: int, quarter: int) -> tuple[date, date]:
    return date(year, 3 * quarter - 2, 1), date(year, 3 * quarter, 1)


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _together(charges: Iterable[Charge]) -> Iterator[Charge]:
    """Add up what is charged alike."""
    sums: dict[Charge, int] = {}
    for one in charges:
        place = replace(one, amount_minor=0)
        sums[place] = sums.get(place, 0) + one.amount_minor
    for place, minor in sums.items():
        yield replace(place, amount_minor=minor)


def _bearing(context: Context, charge: Charge, currency: str, on: date) -> Iterator[tuple[str, Budget]]:
    """Yield every budget that what is charged there counts against."""
    number = str(context.data["legal_entity"])
    names = product(
        *((one, None) if one else (None,) for one in (charge.cost_centre, charge.account, charge.project))
    )
    for centre, account, project in names:
        value = Budget.place(number, centre, account, project)
        for system in (EXTRACT, str(context.data["target"])):
            for external_id in records.twins(context.db, Budget.entity, "charged", value, system):
                held = records.get(context.db, Budget, system, external_id)
                if (
                    held is not None
                    and held.record.remaining.currency == currency
                    and _is_in(context, held.record, charge, on)
                ):
                    yield f"{system}:{external_id}", held.record


def _is_in(context: Context, budget: Budget, charge: Charge, on: date) -> bool:
    """Say whether a budget is that of the charge's period, or else of the day."""
    if charge.period is not None and charge.period == budget.period:
        return True
    months = days_of(budget.period)
    if months is not None:
        return months[0] <= on.replace(day=1) <= months[1]
    ledger = context.facts.profile.legal_entities[budget.legal_entity].ledger
    named = (
        records.get(context.db, FiscalPeriod, system, external_id)
        for system, external_id in records.by_number(
            context.db, FiscalPeriod.entity, f"{ledger}/{budget.period}"
        )
    )
    return any(one is not None and one.record.starts_on <= on <= one.record.ends_on for one in named)


def _left(
    context: Context, budget: Budget, on: date, *, order: str, lines: Collection[str], requisition: str | None
) -> Money:
    months = days_of(budget.period)
    is_year = bool(_YEAR.fullmatch(budget.period))
    used = commitments.used_of(
        context.db,
        budget.legal_entity,
        budget.remaining.currency,
        cost_centre=budget.cost_centre,
        account=budget.account,
        project=budget.project,
        periods=None if is_year else _names(budget.period, months),
        days=_whole(months) if months is not None else None,
        order=order,
        lines=lines,
        requisition=requisition,
    )
    free = budget.amount.amount_minor - used
    return Money(amount_minor=min(budget.remaining.amount_minor, free), currency=budget.remaining.currency)


def _whole(months: tuple[date, date]) -> commitments.Days:
    """Return first and last day of months that are named by their first days."""
    first, last = months
    return commitments.Days(first, last.replace(day=monthrange(last.year, last.month)[1]))


def _names(period: str, months: tuple[date, date] | None) -> tuple[str, ...]:
    """Return what documents may call a budget's period: by its name, or by its months."""
    if months is None:
        return (period,)
    first, last = months
    return (period, *(f"{first.year}-{month:02d}" for month in range(first.month, last.month + 1)))
