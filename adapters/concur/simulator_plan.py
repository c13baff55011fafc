"""Expense reports in plain words: what a test or a demo says, and the simulator makes reports of.

>>> taxi = EntryPlan(expense_type="TAXIX", amount=Decimal("35.00"), account="474230")
>>> plan = ReportPlan(employee="ana@example.com", name="Oslo", entries=(taxi,))
>>> plan.entries[0].payment
'cash'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

PaymentKind = Literal["cash", "individual_card", "company_card", "company_paid", "employee_card"]
"""`employee_card`: billed to and paid by the employee (IBIP), who is reimbursed as for cash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxPlan:
    """One tax in an entry, in the report's currency."""

    amount: Decimal
    reclaim: Decimal = Decimal(0)
    """The part of it that can be reclaimed."""
    authority: str = "DEVAT"
    code: str = "V1"
    reclaim_code: str = "VA"
    country: str | None = "DE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The part of an entry that one cost object bears."""

    percentage: Decimal
    codes: Mapping[str, str] = field(default_factory=dict)
    """Code by field of the allocation form: custom1 to custom20."""
    account: str | None = None
    """Another account than the entry's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPlan:
    """One expense. Amounts are gross and in the report's currency."""

    expense_type: str = "TAXIX"
    expense_name: str | None = None
    amount: Decimal = Decimal(0)
    """Negative for a credit; of an itemized entry, leave it to its items."""
    account: str = "474230"
    """May be empty: published documents have that."""
    payment: PaymentKind = "cash"
    is_personal: bool = False
    spent_on: date | None = None
    taxes: tuple[TaxPlan, ...] = ()
    splits: tuple[Split, ...] = ()
    """None: one of 100 % with the entry's codes, made by the system."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """Code by field of the entry: orgUnit1, custom7; also for the system's own allocation."""
    items: tuple[EntryPlan, ...] = ()
    transaction_amount: Decimal | None = None
    """In the currency of the spending, where that is another one."""
    transaction_currency: str | None = None
    exchange_rate: Decimal | None = None
    clearing_account: str | None = None
    liability_account: str | None = None
    description: str | None = None
    vendor: str | None = None
    city: str | None = None
    country: str | None = None
    receipt_type: Literal["T", "R", "N"] = "R"
    is_billable: bool = False
    approved_amount: Decimal | None = None
    """Less than `amount` when an approver cut it."""
    entry_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceUse:
    """A part of a cash advance that a report settles."""

    advance_id: str
    amount: Decimal
    """Positive."""
    is_return: bool = False
    """Given back as cash: counts in `cashAdvanceReturnsAmount`."""
    is_listed: bool = True
    """Whether it shows among the applications, as returns do in one published document."""
    transaction_type: Literal[1, 2, 3] = 2
    clearing_account: str = "CADV"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPlan:
    """One report of one employee."""

    employee: str
    """Login of the owner."""
    name: str
    entries: tuple[EntryPlan, ...]
    currency: str | None = None
    """None: the employee's reimbursement currency."""
    ledger: str | None = None
    country: str | None = None
    advances: tuple[AdvanceUse, ...] = ()
    is_test: bool = False
    purpose: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    """Code by field of the report: orgUnit1, custom7."""
    dated: date | None = None
    has_total: bool = True
    """False: the financial document states no total, as two published ones don't."""
    policy: str = "Travel"
    report_id: str | None = None
