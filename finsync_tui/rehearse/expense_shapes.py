"""The shapes of a rehearsed company's expenses: people, reports, cash advances, and what becomes of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from adapters.concur.simulator_plan import ReportPlan

Grade = Literal["director", "head", "manager", "staff"]


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody who spends the company's money, or says whether others may."""

    number: str
    """The same in the expense tool and in the ERP."""
    first_name: str
    last_name: str
    legal_entity: str
    grade: Grade
    superior: str | None
    """Number of who approves their reports."""
    limit: Decimal | None = None
    """Up to what they may approve, in their company's currency."""
    delegates: tuple[str, ...] = ()
    is_payee: bool = True
    """Whether the ERP knows them as a supplier."""
    is_active: bool = True

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def login(self) -> str:
        return f"{self.first_name}.{self.last_name}@nordwerk.example".lower()


@dataclass(frozen=True, slots=True)
class Advance:
    """Cash that an employee gets before a journey."""

    advance_id: str
    employee: str
    legal_entity: str
    amount: Decimal
    currency: str
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Correction:
    """A report that its owner has back, and submits again."""

    at: datetime
    plan: ReportPlan


@dataclass(frozen=True, slots=True)
class Claim:
    """One expense report and its history."""

    report_id: str
    legal_entity: str
    employee: str
    plan: ReportPlan
    submitted_at: datetime
    approved_at: datetime
    approver: str | None
    """Employee number of who approved it; None: nobody is named."""
    defect: str | None = None
    """What is wrong with its document, by the names of `documents.DEFECTS`."""
    recalled_at: datetime | None = None
    correction: Correction | None = None
    voided_at: datetime | None = None
    """When the bank sends its payment back."""

    @property
    def total(self) -> Decimal:
        """What its document states: private charges on the employee's own card never get there."""
        return sum((one.amount for one in self.plan.entries if not one.is_personal), Decimal(0))


@dataclass(frozen=True)
class Expenses:
    """All people, reports and advances of one seeded company."""

    employees: Mapping[str, Employee] = field(default_factory=dict)
    claims: Mapping[str, Claim] = field(default_factory=dict)
    advances: Mapping[str, Advance] = field(default_factory=dict)

    def superiors(self, number: str) -> list[Employee]:
        """Return who stands above an employee, nearest first."""
        found: list[Employee] = []
        person = self.employees[number]
        while person.superior is not None:
            person = self.employees[person.superior]
            found.append(person)
        return found
