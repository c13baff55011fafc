"""ExpenseReport as the expense tool shows it, and ExpenseDocument: what it hands over for posting, once and whole.

A report that is sent back and approved again becomes a new document with a new id and the same report id.
Amounts within a document keep every decimal they came with; the posting rounds them, and says where.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field

from store.canonical.money import CurrencyCode, ExactDecimal, Money
from store.canonical.record import CanonicalModel, CanonicalRecord

DocumentKind = Literal["report", "cash_advance", "funds_check", "invoice", "payroll"]
DocumentStatus = Literal["ready", "acknowledged", "posted", "failed", "paid", "reversed", "recalled", "other"]
PaidBy = Literal["cash", "individual_card", "company_card", "company_paid", "unknown"]
ApprovalStatus = Literal[
    "draft",
    "submitted",
    "in_approval",
    "in_validation",
    "on_hold",
    "approved_pending_accounting",
    "approved",
    "returned",
]
PaymentStatus = Literal["not_started", "on_hold", "ready_to_post", "posted", "posting_failed", "paid"]
Instruction = Literal["reserve", "check", "release"]
ReimbursedBy = Literal["payables", "payroll", "expense_tool", "other"]
ReceiptKind = Literal["tax_receipt", "receipt", "none"]


class ExpenseTax(CanonicalModel):
    """One tax within one allocation, and the part of it that can be reclaimed."""

    id: str = Field(description="Names it within the document; journal lines point to it")
    authority: str | None = None
    code: str | None = None
    reclaim_code: str | None = None
    country: str | None = Field(default=None, description="ISO 3166 alpha-2 of the place of supply")
    tax: ExactDecimal
    reclaim: ExactDecimal


class ExpenseJournalLine(CanonicalModel):
    """What the expense tool wants posted: who owes whom how much, on which account."""

    account_code: str = Field(description="Empty where the expense tool has none: not postable as it is")
    payer: str
    payee: str
    gross: ExactDecimal
    net_of_tax: ExactDecimal
    net_of_reclaim: ExactDecimal
    card_reference: str | None = None
    tax_ids: tuple[str, ...] = ()


class ExpenseAllocation(CanonicalModel):
    """The part of an entry that one cost object bears."""

    id: str
    percentage: ExactDecimal | None = None
    codes: dict[str, str] = Field(
        default_factory=dict, description="Codes of the allocation's fields by name: custom1, custom2 ..."
    )
    journal: tuple[ExpenseJournalLine, ...]
    taxes: tuple[ExpenseTax, ...] = ()


class ExpenseEntry(CanonicalModel):
    """One expense."""

    id: str
    type_code: str
    type_name: str | None = None
    spent_on: date | None = None
    description: str | None = None
    vendor: str | None = None
    country: str | None = Field(default=None, description="ISO 3166 alpha-2 of the place")
    transaction_currency: CurrencyCode | None = None
    transaction_amount: ExactDecimal | None = None
    exchange_rate: ExactDecimal | None = Field(
        default=None, description="From the transaction's currency to the document's, as stated"
    )
    exchange_divides: bool = Field(
        default=False, description="The rate divides the transaction amount instead of multiplying it"
    )
    receipt: ReceiptKind | None = Field(default=None, description="What proves it; tax needs a tax receipt")
    approved: ExactDecimal = Field(description="In the document's currency")
    paid_by: PaidBy
    payment_code: str | None = Field(default=None, description="As the expense tool names the way of payment")
    is_personal: bool = False
    is_paid_by_tool: bool = Field(
        default=False,
        description="The expense tool sends this money to the bank itself: the ERP posts, but must not pay",
    )
    clearing_account: str | None = None
    liability_account: str | None = None
    codes: dict[str, str] = Field(default_factory=dict, description="Codes of the entry's own fields by name")
    allocations: tuple[ExpenseAllocation, ...]


class AdvanceApplication(CanonicalModel):
    """A part of a cash advance that is settled with this document, or given back."""

    advance_id: str
    kind: Literal["issued_or_returned", "applied", "carried_forward"]
    amount: ExactDecimal = Field(description="Negative: reduces what is owed to the employee")
    clearing_account: str = ""


class StatedPosting(CanonicalModel):
    """A posting line that the expense tool states with its side: cash advances have these."""

    account_code: str
    side: Literal["debit", "credit"]
    amount: ExactDecimal
    payer: str | None = None
    payee: str | None = None


class ExpenseDocument(CanonicalRecord):
    """One financial document of the expense tool. `number` is the report number, or what stands for it."""

    entity: ClassVar[str] = "expense_document"
    contract: ClassVar[str] = "expense_document/1.0"
    echo_fields: ClassVar[frozenset[str]] = frozenset({"status", "status_code", "claimed_system"})

    kind: DocumentKind
    status: DocumentStatus
    status_code: str | None = Field(default=None, description="As the expense tool names the status")
    document_type: str = Field(default="", description="As the expense tool names this kind of document")
    instruction: Instruction | None = Field(default=None, description="What a funds check asks for")
    report_id: str = Field(
        description="Id of the report, cash advance or request: the same after a resubmission"
    )
    title: str = ""
    is_test: bool = False
    ledger: str | None = Field(default=None, description="Ledger code in the expense tool")
    entity_id: str | None = Field(default=None, description="The expense tool's own company id")
    claimed_system: str | None = Field(default=None, description="Who acknowledged it, by its own name")
    employee_id: str
    employee_login: str | None = None
    employee_name: str | None = None
    country: str | None = Field(default=None, description="Home country of the employee, ISO 3166 alpha-2")
    currency: CurrencyCode
    total: Money | None = Field(
        default=None, description="Approved total as stated; some documents state none"
    )
    requested: Money | None = Field(
        default=None, description="What a cash advance was asked for, in the currency it was asked in"
    )
    exchange_rate: ExactDecimal | None = Field(
        default=None, description="From the currency of `requested` to the document's, as stated"
    )
    reimbursed_by: ReimbursedBy | None = Field(default=None, description="Who pays the employee")
    payroll_account: str | None = Field(
        default=None, description="Clearing account where payroll pays the employee"
    )
    submitted_at: datetime | None = None
    approved_at: datetime | None = None
    approver_id: str | None = Field(default=None, description="Employee id of the last approver")
    codes: dict[str, str] = Field(
        default_factory=dict, description="Codes of the report's own fields by name"
    )
    employee_codes: dict[str, str] = Field(
        default_factory=dict,
        description="Codes of the employee's fields: never a cost object, only who it is",
    )
    entries: tuple[ExpenseEntry, ...] = ()
    advances: tuple[AdvanceApplication, ...] = ()
    returned: Money | None = Field(default=None, description="Cash that the employee gave back, as stated")
    postings: tuple[StatedPosting, ...] = ()

    @property
    def control_total(self) -> Money:
        """What the document takes: the total that it states, else the rounded sum of its lines."""
        if self.total is not None:
            return self.total
        lines = (line.gross for one in self.entries for part in one.allocations for line in part.journal)
        debits = (one.amount for one in self.postings if one.side == "debit")
        return Money.of(sum((*lines, *debits), Decimal(0)), self.currency, "half_even")

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        return (("report", self.report_id), ("employee", self.employee_id))


class ExpenseReport(CanonicalRecord):
    """A report as its owner and approvers see it. `number` is the report's id.

    Lists show its header only. What was read with its entries has one journal line an allocation: the account that
    bears it, and no payer or payee yet, since nothing is posted before the last approval.
    """

    entity: ClassVar[str] = "expense_report"
    contract: ClassVar[str] = "expense_report/1.0"

    title: str
    owner_login: str | None = None
    owner_name: str | None = None
    approver_login: str | None = None
    approval_status: ApprovalStatus
    payment_status: PaymentStatus
    approval_code: str = Field(description="As the expense tool names it")
    payment_code: str
    currency: CurrencyCode
    total: Money = Field(description="Claimed total")
    approved: Money | None = None
    due_employee: Money | None = None
    due_card: Money | None = None
    country: str | None = None
    ledger: str | None = None
    created_at: datetime | None = None
    submitted_at: datetime | None = None
    approved_at: datetime | None = Field(default=None, description="When the last approval was given")
    posted_at: datetime | None = None
    has_exception: bool = False
    was_returned: bool = False
    report_number: str | None = Field(
        default=None, description="As people see it; only read with the entries"
    )
    employee_id: str | None = Field(
        default=None, description="Employee number of the owner; only read with the entries"
    )
    codes: dict[str, str] = Field(
        default_factory=dict,
        description="Codes of the report's own fields by name; only read with the entries",
    )
    entries: tuple[ExpenseEntry, ...] | None = Field(
        default=None, description="Its expenses, itemized ones as their items; None: only the header was read"
    )
