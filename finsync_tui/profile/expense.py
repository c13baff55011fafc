"""How one company's expenses become postings in its ERP."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Severity = Literal["block", "note", "off"]
RETURNABLE = frozenset(
    {
        "ACCOUNT_INVALID", "ACCOUNT_MISSING", "APPROVAL_LIMIT", "APPROVAL_LIMIT_UNKNOWN", "APPROVED_BY_DELEGATE",
        "APPROVER_MISSING",
        "APPROVER_SELF", "APPROVER_STALE", "COST_CENTRE_INACTIVE", "COST_CENTRE_MISSING", "EMPLOYEE_UNKNOWN",
        "MAPPING_MISSING", "PAYLOAD_INVALID", "PERIOD_CLOSED", "REJECTED", "SUPPLIER_INACTIVE", "TEST_DOCUMENT",
        "TOTALS_DIFFER",
    }
)  # fmt: skip
"""Exception classes that whoever wrote a report can do something about."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class ExpenseAccounts(_Part):
    """The ERP's natural accounts of the side that balances an expense."""

    employee: str = Field(description="What is owed to employees; on an invoice its own liability bears it")
    individual_card: str = Field(description="Cards that employees pay")
    company_card: str = Field(description="Cards that the company pays")
    company_paid: str = Field(description="What the company has paid already")
    employee_receivable: str | None = Field(
        default=None, description="Personal charges on a company's card; left out: netted with what is owed"
    )
    advance_returns: str | None = Field(
        default=None, description="Cash that came back; left out: the employee's"
    )
    non_deductible_tax: str | None = Field(
        default=None, description="Tax that can't be reclaimed; left out: it is part of the expense"
    )
    rounding: str = Field(
        description="Bears what the stated total and its parts differ by, one minor unit at most"
    )


class ApprovalChecks(_Part):
    """What a doubt about the approval does: stops the document, is noted, or is not looked for."""

    self_approval: Severity = "block"
    missing: Severity = "block"
    stale: Severity = "block"
    limit: Severity = "block"
    delegate: Severity = "note"
    limit_unknown: Severity = Field(
        default="note", description="The limit is in another currency, and no one rate is known"
    )
    rate_kind: str | None = Field(
        default=None,
        description="Kind of exchange rate by which a limit is compared: Corporate ...; left out: whichever there is",
    )


class ExpenseSetup(_Part):
    """Which financial documents are this company's, and what is posted for them."""

    ledgers: tuple[str, ...] = Field(min_length=1, description="Ledger codes in the expense tool")
    company_field: str | None = Field(
        default=None,
        description="Field of the report, else of the employee, that names the company: orgUnit1 ...",
    )
    company_codes: tuple[str, ...] = Field(default=(), description="Its codes there that mean this company")
    company: str = Field(description="The company's code for the first segment, as in the source's accounts")
    cost_centre_field: str = Field(
        default="custom1", description="Allocation field, else entry field, of the cost centre"
    )
    balance_cost_centre: str = Field(
        description="Cost centre of balance sheet lines, as the source writes it"
    )
    cost_centre_segment: str = "cost_centre"
    account_segment: str = "account"
    tables: dict[str, str] = Field(
        default_factory=dict, description="Mapping tables by segment, where they are not those of orders"
    )
    values: dict[str, str] = Field(
        default_factory=dict,
        description="Values in the ERP of segments that no expense says anything about: project ...",
    )
    post_as: Literal["invoice", "journal"] = "invoice"
    is_paid_by_erp: bool = Field(default=True, description="False: reimbursed by payroll or the expense tool")
    journal_source: str = "Finsync"
    journal_category: str = "Expenses"
    accounts: ExpenseAccounts
    approval: ApprovalChecks = ApprovalChecks()
    processors: tuple[str, ...] = Field(
        default=(), description="Employee numbers of the accounting staff whose approval ends a chain"
    )
    returned_at_once: tuple[str, ...] = Field(
        default=(),
        description="Exception classes that go back to the employee without waiting for an analyst",
    )
    test_documents: Literal["return", "hold"] = "return"
    other_documents: dict[Literal["invoice", "payroll"], Literal["leave", "hold", "return"]] = Field(
        default_factory=dict,
        description="What becomes of documents that are no expenses, where their queues are read. leave, also where "
        "nothing is said: they stay in the queue for whoever takes them; hold: an analyst looks; return: they are "
        "told to have failed",
    )
