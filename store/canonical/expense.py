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
    authority: str | None = Field(
        default=None, description="Who levies the tax, as the expense tool names it"
    )
    code: str | None = Field(default=None, description="Tax code of the expense tool")
    reclaim_code: str | None = Field(default=None, description="Code under which the tax is reclaimed")
    country: str | None = Field(default=None, description="ISO 3166 alpha-2 of the place of supply")
    tax: ExactDecimal = Field(description="Tax within the allocation, in the document's currency")
    reclaim: ExactDecimal = Field(description="Part of the tax that comes back")


class ExpenseJournalLine(CanonicalModel):
    """What the expense tool wants posted: who owes whom how much, on which account."""

    account_code: str = Field(description="Empty where the expense tool has none: not postable as it is")
    payer: str = Field(description="Who owes the money, as the expense tool names the party")
    payee: str = Field(description="Who is owed the money, as the expense tool names the party")
    gross: ExactDecimal = Field(description="Amount with all of the tax")
    net_of_tax: ExactDecimal = Field(description="Amount without any of the tax")
    net_of_reclaim: ExactDecimal = Field(description="Amount without the tax that comes back")
    card_reference: str | None = Field(
        default=None, description="What the card's issuer knows the transaction by"
    )
    tax_ids: tuple[str, ...] = Field(default=(), description="Ids of the taxes within the amount")


class ExpenseAllocation(CanonicalModel):
    """The part of an entry that one cost object bears."""

    id: str = Field(description="Id of the allocation in the expense tool")
    percentage: ExactDecimal | None = Field(
        default=None, description="Share of the entry in percent; null where it is not stated"
    )
    codes: dict[str, str] = Field(
        default_factory=dict, description="Codes of the allocation's fields by name: custom1, custom2 ..."
    )
    journal: tuple[ExpenseJournalLine, ...] = Field(description="What the expense tool wants posted of it")
    taxes: tuple[ExpenseTax, ...] = Field(default=(), description="Taxes within it")


class ExpenseEntry(CanonicalModel):
    """One expense."""

    id: str = Field(description="Id of the entry in the expense tool")
    type_code: str = Field(description="Code of the expense type")
    type_name: str | None = Field(default=None, description="Name of the expense type")
    spent_on: date | None = Field(default=None, description="Day on which it was spent")
    description: str | None = Field(default=None, description="What the employee says of it")
    vendor: str | None = Field(default=None, description="Where it was spent")
    country: str | None = Field(default=None, description="ISO 3166 alpha-2 of the place")
    transaction_currency: CurrencyCode | None = Field(
        default=None, description="ISO 4217 code of what was paid"
    )
    transaction_amount: ExactDecimal | None = Field(
        default=None, description="What was paid, in the currency it was paid in"
    )
    exchange_rate: ExactDecimal | None = Field(
        default=None, description="From the transaction's currency to the document's, as stated"
    )
    exchange_divides: bool = Field(
        default=False, description="The rate divides the transaction amount instead of multiplying it"
    )
    receipt: ReceiptKind | None = Field(default=None, description="What proves it; tax needs a tax receipt")
    approved: ExactDecimal = Field(description="In the document's currency")
    paid_by: PaidBy = Field(description="Who paid, with which means")
    payment_code: str | None = Field(default=None, description="As the expense tool names the way of payment")
    is_personal: bool = Field(default=False, description="The employee's own affair, to be paid back by them")
    is_paid_by_tool: bool = Field(
        default=False,
        description="The expense tool sends this money to the bank itself: the ERP posts, but must not pay",
    )
    clearing_account: str | None = Field(
        default=None, description="Account at which a card is cleared, as the expense tool states it"
    )
    liability_account: str | None = Field(
        default=None, description="Account at which the debt stands, as the expense tool states it"
    )
    codes: dict[str, str] = Field(default_factory=dict, description="Codes of the entry's own fields by name")
    allocations: tuple[ExpenseAllocation, ...] = Field(description="Who bears it, part by part")


class AdvanceApplication(CanonicalModel):
    """A part of a cash advance that is settled with this document, or given back."""

    advance_id: str = Field(description="Id of the cash advance in the expense tool")
    kind: Literal["issued_or_returned", "applied", "carried_forward"] = Field(
        description="What is done with the advance"
    )
    amount: ExactDecimal = Field(description="Negative: reduces what is owed to the employee")
    clearing_account: str = Field(default="", description="Account at which the advance stands")


class StatedPosting(CanonicalModel):
    """A posting line that the expense tool states with its side: cash advances have these."""

    account_code: str = Field(description="Account, as the expense tool writes it")
    side: Literal["debit", "credit"] = Field(description="Debit or credit")
    amount: ExactDecimal = Field(description="Amount on that side")
    payer: str | None = Field(default=None, description="Who owes the money")
    payee: str | None = Field(default=None, description="Who is owed the money")


class ExpenseDocument(CanonicalRecord):
    """One financial document of the expense tool. `number` is the report number, or what stands for it."""

    entity: ClassVar[str] = "expense_document"
    contract: ClassVar[str] = "expense_document/1.1"
    echo_fields: ClassVar[frozenset[str]] = frozenset({"status", "status_code", "claimed_system"})

    kind: DocumentKind = Field(description="What is handed over")
    status: DocumentStatus = Field(description="Where it stands between the expense tool and the ERP")
    status_code: str | None = Field(default=None, description="As the expense tool names the status")
    document_type: str = Field(default="", description="As the expense tool names this kind of document")
    instruction: Instruction | None = Field(default=None, description="What a funds check asks for")
    report_id: str = Field(
        description="Id of the report, cash advance or request: the same after a resubmission"
    )
    title: str = Field(default="", description="What the employee calls the report")
    is_test: bool = Field(
        default=False, description="From a test entity of the expense tool: nothing is posted"
    )
    ledger: str | None = Field(default=None, description="Ledger code in the expense tool")
    entity_id: str | None = Field(default=None, description="The expense tool's own company id")
    claimed_system: str | None = Field(default=None, description="Who acknowledged it, by its own name")
    employee_id: str = Field(description="Employee number of who spent it")
    employee_login: str | None = Field(default=None, description="Login of who spent it")
    employee_name: str | None = Field(default=None, description="Name of who spent it")
    country: str | None = Field(default=None, description="Home country of the employee, ISO 3166 alpha-2")
    currency: CurrencyCode = Field(description="ISO 4217 code of its amounts")
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
    submitted_at: datetime | None = Field(default=None, description="When it was submitted, in UTC")
    approved_at: datetime | None = Field(default=None, description="When it was approved, in UTC")
    approver_id: str | None = Field(default=None, description="Employee id of the last approver")
    codes: dict[str, str] = Field(
        default_factory=dict, description="Codes of the report's own fields by name"
    )
    employee_codes: dict[str, str] = Field(
        default_factory=dict,
        description="Codes of the employee's fields: never a cost object, only who it is",
    )
    entries: tuple[ExpenseEntry, ...] = Field(default=(), description="The expenses")
    advances: tuple[AdvanceApplication, ...] = Field(
        default=(), description="Cash advances that are settled with it"
    )
    returned: Money | None = Field(default=None, description="Cash that the employee gave back, as stated")
    postings: tuple[StatedPosting, ...] = Field(
        default=(), description="Lines that the expense tool states with their side"
    )

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
    contract: ClassVar[str] = "expense_report/1.1"

    title: str = Field(description="What the employee calls it")
    owner_login: str | None = Field(default=None, description="Login of who spent it")
    owner_name: str | None = Field(default=None, description="Name of who spent it")
    approver_login: str | None = Field(default=None, description="Login of who decides next")
    approval_status: ApprovalStatus = Field(description="Where it stands in approval")
    payment_status: PaymentStatus = Field(description="Where it stands between approval and payment")
    approval_code: str = Field(description="As the expense tool names it")
    payment_code: str = Field(description="Payment status as the expense tool names it")
    currency: CurrencyCode = Field(description="ISO 4217 code of its amounts")
    total: Money = Field(description="Claimed total")
    approved: Money | None = Field(default=None, description="What was approved in all")
    due_employee: Money | None = Field(default=None, description="What the company owes the employee")
    due_card: Money | None = Field(default=None, description="What the company owes card companies")
    country: str | None = Field(default=None, description="ISO 3166 alpha-2 of the employee's country")
    ledger: str | None = Field(default=None, description="Ledger that the expense tool assigns it to")
    created_at: datetime | None = Field(default=None, description="When it was begun, in UTC")
    submitted_at: datetime | None = Field(default=None, description="When it was submitted, in UTC")
    approved_at: datetime | None = Field(default=None, description="When the last approval was given")
    posted_at: datetime | None = Field(
        default=None, description="When the expense tool handed it over, in UTC"
    )
    has_exception: bool = Field(
        default=False, description="The expense tool found something against its rules"
    )
    was_returned: bool = Field(default=False, description="It was sent back to the employee at least once")
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
