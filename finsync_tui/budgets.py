"""Which budgets commitments are shown against, in the words by which the ERP charges.

What a procurement system shows is written in its own codes, and mostly the same money as the ERP's budget once more: it
counts where the file and the ERPs budget nothing, or where it is asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from store.errors import UnknownNameError

if TYPE_CHECKING:
    import sqlite3

    from finsync_tui.flows.calendars import Calendars
    from finsync_tui.mapping import Table
    from finsync_tui.profile import LegalEntitySetup, Profile

PLACES: Final = ("cost_centre", "account", "project")
"""What a budget may be for; the earlier decides where two sorts of budgets could be summed up."""


class BudgetLine(NamedTuple):
    """What may be spent at a place in a period."""

    system: str
    legal_entity: str
    cost_centre: str | None
    account: str | None
    project: str | None
    period: str
    currency: str
    amount_minor: int
    remaining_minor: int

    @property
    def stated(self) -> frozenset[str]:
        """What it is given for."""
        return frozenset(name for name in PLACES if getattr(self, name) is not None)

    @property
    def place(self) -> tuple[str | None, ...]:
        return (self.legal_entity, self.cost_centre, self.account, self.project, self.currency)


def known(
    db: sqlite3.Connection,
    profile: Profile,
    on: date,
    system: str | None = None,
) -> list[BudgetLine]:
    """Return the budgets that count, or those of one system."""
    rows = db.execute(
        "SELECT system, legal_entity, cost_centre, account, project, period, currency, amount_minor, remaining_minor FROM v_budget"
    )
    found = [BudgetLine(*row) for row in rows]
    systems = sorted({one.system for one in found})
    if system is not None and system not in systems:
        names = ", ".join(systems) or "none yet: nothing was read"
        raise UnknownNameError("source of budgets", system, f"known: {names}.")
    words = _Words.of(db, profile, on)
    calendars = calendars_of(db, profile)
    own = [one for one in found if one.system in words.own_systems]
    others = [words.of_erp(one) for one in found if one.system not in words.own_systems]
    if system is not None:
        return [one for one in (*own, *others) if one.system == system]
    return [*own, *_besides(own, others, calendars)]


def calendars_of(db: sqlite3.Connection, profile: Profile) -> Calendars:
    """Return when budget periods last: what the control of budgets asks, too."""
    from finsync_tui.flows.calendars import Calendars

    return Calendars(db, profile.legal_entities)


def _besides(
    first: Iterable[BudgetLine], others: Iterable[BudgetLine], calendars: Calendars
) -> list[BudgetLine]:
    """Return those of the others that are no copy of the first: the same place in the same time."""
    taken: dict[tuple[str | None, ...], list[str]] = {}
    for one in first:
        taken.setdefault(one.place, []).append(one.period)
    return [
        one
        for one in others
        if not any(calendars.overlap(one.legal_entity, one.period, p) for p in taken.get(one.place, ()))
    ]


@dataclass(frozen=True)
class _Words:
    """A profile's companies and the mapping tables in force, by which a source's codes become the ERP's."""

    companies: Mapping[str, LegalEntitySetup]
    tables: Mapping[str, Table]
    on: date
    own_systems: frozenset[str]
    """Whose budgets are written in the ERP's codes: the file's, and those of the ERPs."""
    numbers: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, db: sqlite3.Connection, profile: Profile, on: date) -> _Words:
        from finsync_tui.flows.rates import EXTRACT
        from finsync_tui.mapping import standings

        in_force = {name: one.table for name, one in standings(db, profile).items()}
        erps = {one.target for one in profile.legal_entities.values()}
        return cls(profile.legal_entities, in_force, on, frozenset({EXTRACT, *erps}))

    def of_erp(self, line: BudgetLine) -> BudgetLine:
        """Return a line by the ERP's codes; a company or code that no rule knows stays as it is written."""
        if line.legal_entity not in self.numbers:
            self.numbers[line.legal_entity] = self._company(line.legal_entity)
        number = self.numbers[line.legal_entity]
        if number is None:
            return line
        return line._replace(
            legal_entity=number,
            cost_centre=self._mapped(number, "cost_centre", line.cost_centre),
            account=self._mapped(number, "account", line.account),
            project=self._mapped(number, "project", line.project),
        )

    def _company(self, written: str) -> str | None:
        """Return the one company that a source writes so: by its number, its chart, or its first segment."""
        if written in self.companies:
            return written
        found = [number for number, setup in self.companies.items() if setup.source_chart == written]
        if not found:
            found = [number for number in self.companies if self._is_segment_of(number, written)]
        return found[0] if len(found) == 1 else None

    def _is_segment_of(self, number: str, written: str) -> bool:
        first = next((one for one in self.companies[number].segments if one.source == 1), None)
        table = self.tables.get(first.table) if first is not None and first.table else None
        return table is not None and table.find(written, scope=number, on=self.on) is not None

    def _mapped(self, number: str, name: str, value: str | None) -> str | None:
        segment = next((one for one in self.companies[number].segments if one.name == name), None)
        table = self.tables.get(segment.table) if segment is not None and segment.table else None
        if value is None or table is None:
            return value
        match = table.find(value, scope=number, on=self.on)
        return match.target if match is not None else value


@dataclass
class Borne:
    """The budgets of one row of a report, by what they are given for: the same money is not counted twice."""

    parts: dict[frozenset[str], list[BudgetLine]] = field(default_factory=dict)

    def add(self, line: BudgetLine) -> None:
        self.parts.setdefault(line.stated, []).append(line)

    def lines(self, wanted: Iterable[str]) -> list[BudgetLine]:
        """Return those that are given for just what is wanted, else those that are given for the least beside it."""
        asked = frozenset(wanted)
        order = sorted(
            self.parts, key=lambda stated: (len(stated - asked), *(n not in stated for n in PLACES))
        )
        return self.parts[order[0]] if order else []


class Charge(NamedTuple):
    """What is charged to one place on one budget day, in minor units."""

    legal_entity: str
    cost_centre: str | None
    account: str | None
    project: str | None
    period: str | None
    """Budget period that its document names."""
    day: date | None
    minor: int


def used(lines: Sequence[BudgetLine], charges: Iterable[Charge], calendars: Calendars) -> int:
    """Return how much of what is charged these budgets bear, all of them given for the same."""
    names = tuple(name for name in PLACES if lines and name in lines[0].stated)
    periods: dict[tuple[str | None, ...], set[str]] = {}
    for line in lines:
        periods.setdefault(tuple(getattr(line, name) for name in names), set()).add(line.period)
    return sum(
        charge.minor
        for charge in charges
        for known in [periods.get(tuple(getattr(charge, name) for name in names), ())]
        if any(calendars.is_within(charge.legal_entity, one, charge.period, charge.day) for one in known)
    )


def wanted(line: BudgetLine, by: Iterable[str]) -> bool:
    """Say whether a budget counts in a report: money that no project was given is no project's."""
    return all(getattr(line, name) is not None for name in by if name in PLACES)
