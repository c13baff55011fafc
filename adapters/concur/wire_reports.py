"""A report's expenses as v4 and, where that is not granted, v3 write them: the fields we read."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from adapters.concur.wire import NOTHING, Camel, Pascal, Report


def as_text(raw: msgspec.Raw) -> str:
    """Return a value as text, number or flag as it is written: it never was a float.

    >>> as_text(msgspec.Raw(b'12.50')), as_text(msgspec.Raw(b'"CC-210"')), as_text(msgspec.Raw(b'null'))
    ('12.50', 'CC-210', '')
    """
    written = bytes(raw)
    if written[:1] == b'"':
        return msgspec.json.decode(written, type=str)
    return "" if written in (b"", b"null") or written[:1] in (b"{", b"[") else written.decode()


class Amount(Camel):
    value: Decimal | None = None
    currency_code: str | None = None


class Kind(Camel):
    """An expense type, a payment type, a vendor: each is named in one of these ways."""

    id: str | None = None
    code: str | None = None
    name: str | None = None
    description: str | None = None


class Location(Camel):
    country_code: str | None = None


class Rate(Camel):
    value: Decimal | None = None
    operation: str | None = None


class Field(Camel):
    """A configurable field; `value` is the id of a list item where the field is backed by a list."""

    id: str | None = None
    value: msgspec.Raw = NOTHING
    list_item_url: str | None = None


class Employee(Camel):
    employee_id: str | None = None


class Header(Camel):
    """A report's header in v4: what the header of v3 does not say."""

    report_id: str | None = None
    report_number: str | None = None
    user_id: str | None = None
    employee: Employee | None = None
    ledger: str | None = None
    currency_code: str | None = None
    custom_data: list[Field] | None = None


class Named(Camel):
    """What reading needs of an expense."""

    expense_id: str | None = None
    custom_data: list[Field] | None = None


class Expense(Camel):
    expense_id: str | None = None
    expense_type: Kind | None = None
    transaction_date: str | None = None
    transaction_amount: Amount | None = None
    approved_amount: Amount | None = None
    exchange_rate: Rate | None = None
    payment_type: Kind | None = None
    vendor: Kind | None = None
    location: Location | None = None
    business_purpose: str | None = None
    is_personal_expense: bool | None = None
    receipt_type: Kind | None = None
    custom_data: list[Field] | None = None


class Allocation(Camel):
    allocation_id: str | None = None
    percentage: Decimal | None = None
    approved_amount: Amount | None = None
    account_code: str | None = None
    custom_data: list[Field] | None = None


class Tax(Camel):
    tax_authority_id: str | None = None
    tax_authority_name: str | None = None
    tax_label: str | None = None
    tax_code: str | None = None
    reclaim_code: str | None = None
    tax_posted_amount: Decimal | None = None
    tax_reclaim_posted_amount: Decimal | None = None


class Taxes(Camel):
    expense_taxes: list[msgspec.Raw] | None = None


class ExpenseRow(Camel):
    """One expense, whole."""

    expense: msgspec.Raw
    allocations: list[msgspec.Raw]
    taxes: list[msgspec.Raw]


class EntryV3(Pascal):
    """An expense, or an item of one, in v3."""

    id: str | None = msgspec.field(default=None, name="ID")
    expense_type_code: str | None = None
    expense_type_name: str | None = None
    transaction_date: str | None = None
    transaction_currency_code: str | None = None
    transaction_amount: Decimal | None = None
    exchange_rate: Decimal | None = None
    approved_amount: Decimal | None = None
    payment_type_id: str | None = msgspec.field(default=None, name="PaymentTypeID")
    payment_type_name: str | None = None
    vendor_description: str | None = None
    vendor_list_item_name: str | None = None
    location_country: str | None = None
    description: str | None = None
    is_personal: bool | None = None
    tax_receipt_type: str | None = None
    has_itemizations: bool | None = None


class AllocationV3(Pascal):
    id: str | None = msgspec.field(default=None, name="ID")
    percentage: msgspec.Raw = NOTHING
    account_code1: str | None = msgspec.field(default=None, name="AccountCode1")


class EntryRowV3(Camel):
    """An expense, or an item with the expense that it is of."""

    entry: msgspec.Raw
    allocations: list[msgspec.Raw]
    parent: msgspec.Raw = NOTHING


class ReportRow(Camel):
    """A report as it leaves the client when its expenses were read: never both kinds of them."""

    report: Report
    header: Header | None = None
    expenses: list[msgspec.Raw] | None = None
    entries: list[msgspec.Raw] | None = None
    codes: dict[str, str] = msgspec.field(default_factory=dict)
    """Codes by the ids of the list items that the fields name."""
