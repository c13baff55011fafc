"""Everything that one simulated Concur company remembers, as plain values that can be written down and read again."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

STATE_VERSION: Final = 1


class TaxLine(msgspec.Struct):
    """The share of one tax in one allocation."""

    guid: str
    authority_id: str
    authority: str
    code: str
    reclaim_code: str
    country: str | None
    amount: Decimal
    reclaim: Decimal


class JournalLine(msgspec.Struct):
    """Who owes whom, on which account."""

    account: str
    payer: str
    payee: str
    gross: Decimal
    net_of_tax: Decimal
    net_of_reclaim: Decimal
    tax_guids: list[str]


class Allocation(msgspec.Struct):
    """The part of an entry that one cost object bears."""

    id: str
    v3_id: str
    percentage: Decimal
    is_system: bool
    account: str
    codes: dict[str, str]
    amount: Decimal
    lines: list[JournalLine]
    taxes: list[TaxLine]


class Entry(msgspec.Struct):
    """One expense, or one item of an itemized one."""

    id: str
    v3_id: str
    key: int
    parent_id: str | None
    expense_type: str
    expense_name: str
    spent_on: date
    posted: Decimal
    approved: Decimal
    transaction_amount: Decimal
    transaction_currency: str
    exchange_rate: Decimal
    payment: str
    is_personal: bool
    is_billable: bool
    is_itemized: bool
    receipt_type: str
    clearing_account: str | None
    liability_account: str | None
    description: str | None
    vendor: str | None
    city: str | None
    country: str | None
    codes: dict[str, str]
    allocations: list[Allocation]
    modified_at: datetime


class AdvanceShare(msgspec.Struct):
    """A part of a cash advance that a report settles."""

    advance_id: str
    amount: Decimal
    is_return: bool
    is_listed: bool
    transaction_type: int
    clearing_account: str


class Decision(msgspec.Struct):
    """One step of the workflow that was taken."""

    step: str
    action: str
    by: str | None
    """Login; None: the system."""
    at: datetime
    comment: str | None = None


class Comment(msgspec.Struct):
    """What somebody wrote on a report or on one of its expenses."""

    id: str
    text: str
    author_id: str | None
    at: datetime
    expense_id: str | None = None
    step_id: str | None = None


class ExceptionMark(msgspec.Struct):
    """An exception on a report, an expense or an allocation."""

    code: str
    visibility: str
    is_blocking: bool = False
    message: str | None = None
    expense_id: str | None = None
    allocation_id: str | None = None


class Report(msgspec.Struct):
    """One expense report."""

    id: str
    number: str
    key: int
    name: str
    purpose: str | None
    owner_id: str
    currency: str
    ledger: str
    country: str
    policy: str
    codes: dict[str, str]
    dated: date
    is_test: bool
    has_total: bool
    entries: list[Entry]
    advances: list[AdvanceShare]
    created_at: datetime
    modified_at: datetime
    approval: str = "A_NOTF"
    payment: str = "P_NOTP"
    step: int | None = None
    """Which step of the workflow it stands in."""
    submitted_at: datetime | None = None
    processing_at: datetime | None = None
    paid_at: datetime | None = None
    paid_amount: Decimal = Decimal(0)
    version: int = 1
    was_sent_back: bool = False
    is_sent_back: bool = False
    is_locked: bool = False
    approver_id: str | None = None
    """Who should approve now."""
    last_approver_id: str | None = None
    decisions: list[Decision] = []
    comments: list[Comment] = []
    exceptions: list[ExceptionMark] = []


class Posting(msgspec.Struct):
    """One posting confirmation that was stored."""

    at: datetime
    is_success: bool
    documents: list[dict[str, Any]]
    messages: list[dict[str, Any]]


class Payment(msgspec.Struct):
    """One payment confirmation that was stored."""

    at: datetime
    status: str
    reference: str | None
    amount: Decimal | None
    currency: str | None
    document_number: str | None
    company_code: str | None
    message: str | None = None


class FisDocument(msgspec.Struct):
    """One financial document. `body` is its JSON, kept as it will be served."""

    id: str
    sequence: int
    doc_type: str
    about_id: str
    """Report, request or cash advance id."""
    status: str
    body: str
    company_id: str | None
    entity_id: str | None
    company_uuid: str | None
    made_at: datetime
    system: str | None = None
    is_acknowledged: bool = False
    acknowledged_at: datetime | None = None
    postings: list[Posting] = []
    payments: list[Payment] = []


class Advance(msgspec.Struct):
    """One cash advance."""

    id: str
    owner_id: str
    amount: Decimal
    currency: str
    issued_at: datetime
    account: str


class User(msgspec.Struct):
    """One person: the identity profile, and the Spend extensions by their urn."""

    id: str
    core: dict[str, Any]
    enterprise: dict[str, Any]
    spend: dict[str, Any]
    created_at: datetime
    modified_at: datetime
    spend_modified_at: datetime
    password: str | None = None
    version: int = 1
    snapshots: list[tuple[datetime, dict[str, Any]]] = []
    """What the user search shows from when on; the latest ones only."""

    @property
    def login(self) -> str:
        return str(self.core["userName"])

    @property
    def number(self) -> str:
        return str(self.enterprise.get("employeeNumber") or "")


class ConcurList(msgspec.Struct):
    """A list of one or more levels."""

    id: str
    name: str
    level_count: int
    category_id: str
    category_type: str
    search_criteria: str = "TEXT"
    display_format: str = "(CODE) TEXT"
    is_read_only: bool = False
    is_deleted: bool = False
    managed_by: str | None = None


class ListItem(msgspec.Struct):
    """One value of one or several lists. `parent_id` chains the levels."""

    id: str
    v3_id: str
    code: str
    short_code: str
    value: str
    level: int
    parent_id: str | None
    list_ids: list[str]
    is_deleted: bool = False


class Outcome(msgspec.Struct):
    """What became of one extension in one provisioning operation."""

    name: str
    result: str
    code: str
    message: str | None = None
    schema_path: str | None = None


class Operation(msgspec.Struct):
    """One operation of a provisioning request."""

    id: str
    bulk_id: str | None
    method: str
    user_id: str | None
    data: dict[str, Any]
    outcomes: list[Outcome] = []
    is_done: bool = False
    is_success: bool | None = None


class Provision(msgspec.Struct):
    """One provisioning request."""

    id: str
    kind: str
    created_at: datetime
    due_at: datetime
    correlation_id: str
    operations: list[Operation]
    fail_on_errors: int = 0
    completed_at: datetime | None = None


class State(msgspec.Struct):
    """The whole company."""

    version: int = STATE_VERSION
    counters: dict[str, int] = {}
    users: dict[str, User] = {}
    lists: dict[str, ConcurList] = {}
    items: dict[str, ListItem] = {}
    field_lists: dict[str, str] = {}
    """Field of report, entry or allocation to the list behind it: allocation.custom2."""
    reports: dict[str, Report] = {}
    documents: dict[str, FisDocument] = {}
    advances: dict[str, Advance] = {}
    provisions: dict[str, Provision] = {}
    vendors: list[dict[str, Any]] = []
    budgets: dict[str, dict[str, Any]] = {}
    fiscal_years: dict[str, dict[str, Any]] = {}
    rates: list[dict[str, Any]] = []
    subscriptions: dict[str, dict[str, Any]] = {}
    events: list[dict[str, Any]] = []
    bulk_calls: list[datetime] = []
    """When list bulk calls came, for their own limit."""
