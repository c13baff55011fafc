"""Concur's documents: the fields we read, under Concur's own names. Each family spells in its own way.

Almost every scalar of a published document is null somewhere, so all are optional here; what a record cannot
do without is asked for in translation, where the place can be named. Decimals never become floats.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

NOTHING: Final = msgspec.Raw(b"")
"""A part that is not there."""


def is_there(raw: bytes | msgspec.Raw) -> bool:
    """Say whether a part of a document is there and not null."""
    return bytes(raw) not in (b"", b"null")


class Camel(msgspec.Struct, rename="camel", gc=False, kw_only=True):
    """A document, or a part of one, of the newer APIs."""


class FisDocument(Camel):
    """One document of the financial integration queue; `document` is a part of its own."""

    id: str | None = None
    doc_type: str | None = None
    company_id: str | None = None
    entity_id: str | None = None
    company_uuid: str | None = None
    erp_system_id: str | None = None
    doc_status: str | None = None
    document: msgspec.Raw = NOTHING
    links: Any = None


class FisBody(Camel):
    """What is in a document: one of four kinds."""

    employee: msgspec.Raw = NOTHING
    report: msgspec.Raw = NOTHING
    expense_entry: list[msgspec.Raw] | None = None
    cash_advance_application: list[msgspec.Raw] | None = None
    employee_data: msgspec.Raw = NOTHING
    cash_advance_data: msgspec.Raw = NOTHING
    journal_data: list[msgspec.Raw] | None = None
    instruction: msgspec.Raw = NOTHING
    request_header: msgspec.Raw = NOTHING
    request_entry: list[msgspec.Raw] | None = None
    owner_employee: msgspec.Raw = NOTHING
    vendor: msgspec.Raw = NOTHING


class FisEmployee(Camel):
    employee_id: str | None = None
    employee_first_name: str | None = None
    employee_last_name: str | None = None
    login_id: str | None = None
    employee_country_code: str | None = None
    employee_ledger_code: str | None = None
    employee_reimbursement_currency: str | None = None
    employee_reimbursement_method_code: str | None = None
    is_test: str | bool | None = None


class FisReport(Camel):
    report_id: str | None = None
    report_number: str | None = None
    report_name: str | None = None
    fgi_ref_id: str | None = None
    ledger_code: str | None = None
    employee_currency_alpha_code: str | None = None
    home_country_code: str | None = None
    is_test: str | bool | None = None
    total_approved_amount: Decimal | None = None
    cash_advance_returns_amount: Decimal | None = None
    payroll_pay_indicator: str | None = None
    payroll_payment_clearing_account_code: str | None = None
    last_approver_id: str | None = None
    report_submit_date: str | None = None
    report_payment_processing_date: str | None = None


class FisEntry(Camel):
    entry_id: str | None = None
    expense_type_code: str | None = None
    expense_type_name: str | None = None
    entry_date: str | None = None
    entry_description: str | None = None
    entry_vendor_description: str | None = None
    entry_country_code: str | None = None
    entry_curr_alpha_code: str | None = None
    report_entry_transaction_amount: Decimal | None = None
    entry_exchange_rate: Decimal | None = None
    entry_exchange_rate_direction: str | None = None
    entry_receipt_type: str | None = None
    entry_approved_amount: Decimal | None = None
    entry_is_personal: str | None = None
    report_entry_pat_key: str | None = None
    report_entry_payment_type_code: str | None = None
    clearing_account_code: str | None = None
    liability_account_code: str | None = None
    expense_pay_indicator: str | None = None
    allocation: list[msgspec.Raw] | None = None


class FisAllocation(Camel):
    allocation_id: str | None = None
    allocation_percentage: Decimal | None = None
    allocation_amount: Decimal | None = None
    journal: list[msgspec.Raw] | None = None
    tax: list[msgspec.Raw] | None = None


class FisJournal(Camel):
    journal_account_code: str | None = None
    journal_payer: str | None = None
    journal_payee: str | None = None
    amount_gross: Decimal | None = None
    amount_net_of_tax: Decimal | None = None
    amount_net_of_reclaim: Decimal | None = None
    card_transaction_reference_number: str | None = None
    tax_guid: list[str] | None = None


class FisTax(Camel):
    tax_guid: str | None = None
    tax_authority_label: str | None = None
    tax_code: str | None = None
    tax_reclaim_code: str | None = None
    amount_tax: Decimal | None = None
    amount_reclaim: Decimal | None = None
    location_country_code: str | None = None


class FisAdvanceApplication(Camel):
    cash_advance_id: str | None = None
    cash_advance_application_amount: Decimal | None = None
    cash_advance_clearing_account_code: str | None = None
    cash_advance_transaction_type: int | str | None = None


class FisCashAdvance(Camel):
    cash_advance_id: str | None = None
    name: str | None = None
    purpose: str | None = None
    request_amount: Decimal | None = None
    request_date: str | None = None
    issued_date: str | None = None
    currency_alpha_code: str | None = None
    exchange_rate: Decimal | None = None
    employee_currency_alpha_code: str | None = None
    country_code: str | None = None
    is_test: str | bool | None = None
    expense_pay_indicator: str | None = None


class FisStatedLine(Camel):
    """A posting line of a cash advance: it says its side itself."""

    account_code: str | None = None
    amount: Decimal | None = None
    debit_or_credit: str | None = None
    payer: str | None = None
    payee: str | None = None


class FisInstruction(Camel):
    instruction: str | None = None


class FisRequest(Camel):
    request_id: str | None = None
    request_key: str | int | None = None
    request_name: str | None = None
    fgi_ref_id: str | None = None
    total_approved_amount: Decimal | None = None
    request_submit_date: str | None = None
    request_last_approver_id: str | None = None
    is_test: str | bool | None = None


class FisInvoice(Camel):
    """The header of a supplier invoice: what says which one it is and what it takes."""

    request_id: str | None = None
    vendor_invoice_number: str | None = None
    request_total: Decimal | None = None
    currency_alpha_code: str | None = None
    ledger_code: str | None = None
    is_test: str | bool | None = None


class FisVendor(Camel):
    vendor_name: str | None = None


class FisRequestEntry(Camel):
    entry_id: str | None = None
    expense_type_code: str | None = None
    expense_type_name: str | None = None
    entry_account_code: str | None = None
    entry_approved_amount: Decimal | None = None
    entry_transaction_date: str | None = None
    allocation: list[msgspec.Raw] | None = None


class Pascal(msgspec.Struct, rename="pascal", gc=False, kw_only=True):
    """A document of the older APIs."""


class Report(Pascal):
    """A report's header, as the list over a whole company has it."""

    id: str | None = msgspec.field(default=None, name="ID")
    name: str | None = None
    total: Decimal | None = None
    currency_code: str | None = None
    country: str | None = None
    create_date: str | None = None
    submit_date: str | None = None
    processing_payment_date: str | None = None
    paid_date: str | None = None
    last_modified_date: str | None = None
    owner_login_id: str | None = msgspec.field(default=None, name="OwnerLoginID")
    owner_name: str | None = None
    approver_login_id: str | None = msgspec.field(default=None, name="ApproverLoginID")
    approval_status_code: str | None = None
    payment_status_code: str | None = None
    payment_status_name: str | None = None
    amount_due_employee: Decimal | None = None
    amount_due_company_card: Decimal | None = None
    total_approved_amount: Decimal | None = None
    ledger_name: str | None = None
    ever_sent_back: bool | None = None
    has_exception: bool | None = None


class ReportHead(Pascal):
    """What paging reads of a report."""

    id: str | None = msgspec.field(default=None, name="ID")
    owner_login_id: str | None = msgspec.field(default=None, name="OwnerLoginID")
    last_modified_date: str | None = None
