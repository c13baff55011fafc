"""What is planted in the expenses so far, what is still free for it, and how a report is changed for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from adapters.concur.simulator_plan import EntryPlan
from adapters.simulation import Fault
from finsync_tui.rehearse import catalogue as books
from finsync_tui.rehearse import expense_catalogue as catalogue
from finsync_tui.rehearse import expense_people as people
from finsync_tui.rehearse.dice import dice
from finsync_tui.rehearse.expense_catalogue import SOURCE
from finsync_tui.rehearse.expense_claims import approver_for, owed
from finsync_tui.rehearse.expense_shapes import Claim, Correction, Employee, Expenses
from finsync_tui.rehearse.planted import Closure, Plant, Scenario
from finsync_tui.rehearse.purchases import on_working_day

ACKNOWLEDGE: Final = r"/acknowledgements(\?|$)"
CONFIRM: Final = r"/postingconfirmations(\?|$)"
LAST_PAYMENT: Final = timedelta(days=30)
"""Before the end of the year what is paid twice is approved."""


@dataclass
class Field:
    """What is planted so far, and which reports, names and Saturdays are still free."""

    before: Scenario
    plants: list[Plant] = field(default_factory=list)
    claims: dict[str, Claim] = field(default_factory=dict)
    hired: dict[str, Employee] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.company = self.before.company
        self.expenses = self.company.expenses
        self.chance = dice(self.company.seed, "planted expenses")
        self.free = [one for one in self.expenses.claims.values() if not one.plan.advances]
        self.chance.shuffle(self.free)
        self._names = people.names(self.company.seed)[len(self.expenses.employees) :]
        self._saturdays = self._quiet_saturdays()
        self._weeks = list(range(5, 47, 4))  # never those of the ERPs
        self.chance.shuffle(self._weeks)

    def _quiet_saturdays(self) -> list[datetime]:
        """Return Saturdays on which no ledger is closed, shuffled."""
        closed = {one.closed_at.date() for one in self.before.closures}
        first = self.company.starts_at
        days = [first + timedelta(days=n) for n in range(9, 330)]
        found = [one for one in days if one.weekday() == 5 and one.date() not in closed]
        self.chance.shuffle(found)
        return found

    def take(self, fits: Callable[[Claim], bool] = lambda claim: True) -> Claim | None:
        """Return a free report that fits and is free no longer; None: there is none left."""
        for n, claim in enumerate(self.free):
            if fits(claim):
                return self.free.pop(n)
        return None

    def saturday(self) -> datetime | None:
        """Return the midnight of a Saturday that nobody else has."""
        return self._saturdays.pop() if self._saturdays else None

    def week(self) -> int | None:
        return self._weeks.pop() if self._weeks else None

    def closures(self) -> Sequence[Closure]:
        return self.before.closures

    def hire(self, like: Claim, **changes: object) -> Employee:
        """Take on somebody of the report's company, below a manager; nobody else knows them."""
        place = len(self.hired)
        first, last = self._names[place]
        superior = self.expenses.employees[like.employee].superior
        made = Employee(
            number=f"E{people.FIRST_NUMBER + 500 + place}",
            first_name=first,
            last_name=last,
            legal_entity=like.legal_entity,
            grade="staff",
            superior=superior,
        )
        made = replace(made, **changes)  # type: ignore[arg-type]
        self.hired[made.number] = made
        return made

    def given_to(self, claim: Claim, owner: Employee) -> Claim:
        """Return the report as another's, approved by who may."""
        plan = replace(claim.plan, employee=owner.login)
        approver = approver_for(self.people, owner.number, claim.total) if owner.superior else None
        return replace(claim, employee=owner.number, plan=plan, approver=approver)

    @property
    def people(self) -> Expenses:
        return Expenses({**self.expenses.employees, **self.hired})

    def note(self, class_: str, claim: Claim, system: str = SOURCE) -> None:
        self.claims[claim.report_id] = claim
        self.plants.append(
            Plant(class_, claim.plan.name, claim.report_id, system, claim.approved_at, about="expense")
        )

    def target(self, claim: Claim) -> str:
        return self.company.legal_entities[claim.legal_entity].system

    def add_fault(self, system: str, fault: Fault) -> None:
        self.faults.setdefault(system, []).append(fault)

    def scenario(self) -> Scenario:
        expenses = replace(
            self.expenses,
            employees={**self.expenses.employees, **self.hired},
            claims={**self.expenses.claims, **self.claims},
        )
        faults: Mapping[str, tuple[Fault, ...]] = {
            system: (*self.before.faults.get(system, ()), *self.faults.get(system, ()))
            for system in dict.fromkeys((*self.before.faults, *self.faults))
        }
        plants = (*self.before.plants, *sorted(self.plants, key=lambda one: (one.at, one.subject)))
        return replace(
            self.before, company=replace(self.company, expenses=expenses), plants=plants, faults=faults
        )


def with_first(claim: Claim, **changes: object) -> Claim:
    """Return the report with another first expense."""
    first, *others = claim.plan.entries
    changed: EntryPlan = replace(first, **changes)  # type: ignore[arg-type]
    return replace(claim, plan=replace(claim.plan, entries=(changed, *others)))


def is_plain(claim: Claim) -> bool:
    """A report whose first expense is a normal one that costs something."""
    first = claim.plan.entries[0]
    return first.amount > 0 and not first.is_personal


def charged_to(claim: Claim, centre: str) -> Claim:
    code = books.source_centre(claim.legal_entity, centre)
    return with_first(claim, splits=(), codes={catalogue.CENTRE_FIELD: code})


def is_for_first(field_: Field, claim: Claim) -> bool:
    """Whether the first superior approves it: who submits again is not asked twice."""
    return claim.approver == field_.expenses.employees[claim.employee].superior


def correction(claim: Claim, days: int) -> Correction:
    at = on_working_day(claim.approved_at + timedelta(days=days))
    return Correction(at.replace(hour=15, minute=claim.approved_at.minute), claim.plan)


def moved(claim: Claim, approved_at: datetime) -> Claim:
    return replace(claim, approved_at=approved_at, submitted_at=approved_at - timedelta(days=1, hours=2))


def throttle_on(field_: Field, day: datetime, path: str, name: str, wait_s: int) -> None:
    field_.add_fault(
        SOURCE, on(day, Fault(f"throttle-{name}", "throttle", "POST", path, retry_after_s=wait_s))
    )


def on(day: datetime, fault: Fault) -> Fault:
    """Return the fault as one of that Saturday, from before noon on."""
    return replace(fault, starts_at=day + timedelta(hours=10), ends_at=day + timedelta(hours=36))


def paid_claim(field_: Field) -> Claim | None:
    """Return a report whose owner the ERP will pay."""
    last = field_.company.ends_at - LAST_PAYMENT
    return field_.take(
        lambda one: (
            one.legal_entity != "US01"
            and one.approved_at < last
            and is_for_first(field_, one)
            and owed(one) > 0
        )
    )
