"""Coupa's invoices and receipts: the fields we read, under Coupa's own names."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from adapters.coupa.wire import (
    AccountRef,
    Address,
    Allocation,
    Coded,
    Instant,
    Login,
    Named,
    Period,
    SupplierRef,
    Wire,
)


class TaxLine(Wire):
    """One tax on an invoice or on one of its lines."""

    id: int | None = None
    amount: Decimal | None = None
    rate: Decimal | None = None
    code: str | None = None
    description: str | None = None
    tax_code: Coded | None = None


class InvoiceLine(Wire):
    id: int | None = None
    line_num: str | int | None = None
    type: str | None = None
    description: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    total: Decimal | None = None
    uom: Coded | None = None
    currency: Coded | None = None
    commodity: Named | None = None
    period: Period | None = None
    account: AccountRef | None = None
    account_allocations: list[Allocation] | None = None
    po_number: str | None = None
    order_header_num: str | None = None
    order_line_num: str | int | None = None
    tax_code: Coded | None = None
    tax_rate: Decimal | None = None
    tax_amount: Decimal | None = None
    tax_lines: list[TaxLine] | None = None


class Charge(Wire):
    """Shipping, handling and the like, each a record of its own."""

    id: int | None = None
    line_num: str | int | None = None
    type: str | None = None
    description: str | None = None
    total: Decimal | None = None
    period: Period | None = None
    account: AccountRef | None = None
    account_allocations: list[Allocation] | None = None
    tax_lines: list[TaxLine] | None = None


class PaymentRecord(Wire):
    """What Coupa was told of one payment."""

    id: int | None = None
    amount_paid: Decimal | None = None
    payment_date: str | None = None
    notes: str | None = None


class Registration(Wire):
    """A tax registration of one side, as an invoice names it."""

    number: str | None = None
    country: Coded | None = None


class FailedTolerance(Wire):
    """One limit that the invoice breaks."""

    code: str | None = None
    breach_amount: str | None = None
    breach_limit: str | None = None
    resolved: bool | None = None


class DisputeReason(Wire):
    code: str | None = None


class SiteRef(Wire):
    id: int | None = None
    code: str | None = None


class Payments(Wire):
    """One of the published shapes of payments: the list below a second name."""

    payment: list[PaymentRecord] | None = None


class WrappedPayments(Wire):
    """The same, wrapped twice."""

    payments: Payments | None = None
    payment: list[PaymentRecord] | None = None


AnyPayments = list[PaymentRecord] | WrappedPayments


class Invoice(Wire):
    id: int
    invoice_number: str | None = None
    invoice_date: str | None = None
    document_type: str | None = None
    status: str | None = None
    supplier: SupplierRef | None = None
    supplier_site: SiteRef | None = None
    supplier_tax_registration: Registration | None = None
    buyer_tax_registration: Registration | None = None
    ship_from_address: Address | None = None
    ship_to_address: Address | None = None
    remit_to_address: Address | None = None
    bill_to_address: Address | None = None
    account_type: Named | None = None
    currency: Coded | None = None
    payment_term: Coded | None = None
    net_due_date: str | None = None
    gross_total: Decimal | None = None
    total_with_taxes: Decimal | None = None
    line_level_taxation: bool | None = None
    tax_amount: Decimal | None = None
    tax_code: Coded | None = None
    tax_rate: Decimal | None = None
    tax_lines: list[TaxLine] | None = None
    shipping_amount: Decimal | None = None
    handling_amount: Decimal | None = None
    misc_amount: Decimal | None = None
    invoice_charges: list[Charge] | None = None
    payment_channel: str | None = None
    paid: bool | None = None
    payments: AnyPayments | None = None
    original_invoice_number: str | None = None
    tolerance_failures: str | None = None
    failed_tolerances: list[FailedTolerance] | None = None
    dispute_reasons: list[DisputeReason] | None = None
    exported: bool | None = None
    custom_fields: dict[str, Any] | None = None
    invoice_lines: list[InvoiceLine] | None = None
    updated_at: Instant | None = None
    updated_by: Login | None = None


class OrderLineRef(Wire):
    id: int | None = None
    line_num: str | int | None = None
    sub_line_num: str | int | None = None
    order_header_id: int | None = None
    order_header_number: str | None = None
    currency: Coded | None = None


class ReceiptTransaction(Wire):
    """What came in, went back, or was voided."""

    id: int
    type: str | None = None
    status: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    total: Decimal | None = None
    currency: Coded | None = None
    uom: Coded | None = None
    transaction_date: str | None = None
    order_line: OrderLineRef | None = None
    original_transaction_id: int | None = None
    voided_value: Decimal | None = None
    exported: bool | None = None
    custom_fields: dict[str, Any] | None = None
    created_by: Login | None = None
    updated_at: Instant | None = None
    updated_by: Login | None = None


def payment_records(payments: AnyPayments | None) -> list[PaymentRecord]:
    """Return the payments of whichever shape came."""
    if payments is None or isinstance(payments, list):
        return payments or []
    if payments.payment is not None:
        return payments.payment
    return (payments.payments.payment if payments.payments else None) or []
