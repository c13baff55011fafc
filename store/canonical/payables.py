"""Invoice and Payment, as a procurement system issued them or as an ERP holds them."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from store.canonical import numbers
from store.canonical.money import CurrencyCode, ExactDecimal, Money, by_bearer, total
from store.canonical.record import CanonicalModel, CanonicalRecord
from store.canonical.tax import TaxAddress

InvoiceKind = Literal["standard", "credit_memo", "debit_memo", "prepayment", "other"]
InvoiceStatus = Literal["draft", "pending_approval", "rejected", "on_hold", "approved", "cancelled"]
"""`draft` covers an ERP's invoice that nobody has validated yet; `approved` one that may be paid."""
PaidStatus = Literal["unpaid", "partly_paid", "paid"]


class InvoiceDistribution(CanonicalModel):
    """Which account one part of a line is charged to, as the system writes it."""

    number: str = Field(description="Number of the part within its line")
    chart: str | None = Field(default=None, description="Chart of accounts (Coupa: account type)")
    account: str = Field(description="Account combination, as the system writes it")
    segments: tuple[str, ...] = Field(default=(), description="The combination's segments, from the first")
    amount: Money = Field(description="What the account bears of the line")
    period: str | None = Field(default=None, description="Budget period it is charged to, where stated")


class RecordedPayment(CanonicalModel):
    """What a procurement system was told of one payment. Records append: a void is a second one, negative."""

    id: str | None = Field(default=None, description="Id of the record at the source")
    amount: Money = Field(description="What was paid; negative on a void")
    paid_on: date | None = Field(default=None, description="Day of the payment")
    note: str = Field(default="", description="The number by which the payment is known in the ERP")


class InvoiceLine(CanonicalModel):
    """What is invoiced, and which account bears it."""

    number: str = Field(description="Number of the line")
    kind: Literal["item", "tax", "freight", "other"] = Field(
        default="item", description="What the line is for"
    )
    amount: Money = Field(description="Negative on lines that reduce what is owed")
    description: str = Field(default="", description="What is invoiced")
    account: str | None = Field(default=None, description="Account combination, as the system writes it")
    distributions: tuple[InvoiceDistribution, ...] = Field(
        default=(), description="Who bears it, part by part; with more than one part `account` is None"
    )
    quantity: ExactDecimal | None = Field(
        default=None, description="How much is invoiced; null on lines invoiced by amount"
    )
    unit_price: ExactDecimal | None = Field(
        default=None, description="Price of one unit, in the invoice's currency"
    )
    uom: str | None = Field(default=None, description="Unit of measure, as the system writes it")
    category: str | None = Field(default=None, description="Category or commodity, as the system names it")
    order_number: str | None = Field(
        default=None, description="Number of the order it is matched to; null: none"
    )
    order_line: str | None = Field(default=None, description="Line of that order")
    receipt_number: str | None = Field(default=None, description="Number of the receipt it is matched to")
    receipt_line: str | None = Field(default=None, description="Line of that receipt")
    tax_code: str | None = Field(default=None, description="Tax code, as the system writes it")
    tax_rate_percent: ExactDecimal | None = Field(default=None, description="Rate of its tax in percent")
    tax: Money | None = Field(
        default=None, description="Tax charged on this line, where it is stated by line"
    )
    reference: str | None = Field(default=None, description="What in the source it comes from")

    @property
    def charges(self) -> tuple[tuple[str, Money], ...]:
        """Who bears the line: the order that it is matched to, else its accounts."""
        if self.order_number:
            return ((f"order {self.order_number} line {self.order_line}", self.amount),)
        if self.distributions:
            return tuple((part.account, part.amount) for part in self.distributions)
        return ((self.account or "no account", self.amount),)


class Invoice(CanonicalRecord):
    """What a supplier, or an employee, is owed. `number` is the invoice number as its sender gave it."""

    entity: ClassVar[str] = "invoice"
    contract: ClassVar[str] = "invoice/1.2"
    owner: ClassVar[str] = "payables"
    echo_fields: ClassVar[frozenset[str]] = frozenset(
        {"target_number", "target_status", "recorded_payments", "is_marked_paid"}
    )

    kind: InvoiceKind = Field(default="standard", description="What kind of invoice it is")
    status: InvoiceStatus = Field(description="Where it stands in its system")
    paid_status: PaidStatus = Field(default="unpaid", description="How much of it is paid")
    supplier_id: str | None = Field(default=None, description="External id of the payee in the same system")
    supplier_number: str | None = Field(default=None, description="Number of the payee")
    supplier_name: str | None = Field(default=None, description="Name of the payee")
    supplier_site: str | None = Field(default=None, description="Code of the payee's site")
    business_unit: str | None = Field(default=None, description="Business unit of the ERP that owes it")
    legal_entity: str | None = Field(default=None, description="Number of the company that owes it")
    source: str | None = Field(default=None, description="Invoice source in the ERP")
    currency: CurrencyCode = Field(description="ISO 4217 code of all its amounts")
    total: Money = Field(description="What is owed: the sum of all lines; negative on a credit memo")
    paid: Money | None = Field(default=None, description="What was paid of it so far, where the system says")
    invoiced_on: date = Field(description="Date of the invoice")
    accounting_on: date | None = Field(default=None, description="Day on which it counts in the books")
    due_on: date | None = Field(default=None, description="Day on which it is due")
    description: str = Field(default="", description="What it says of itself")
    reference: str | None = Field(default=None, description="The mark by which the source knows it")
    tax: Money | None = Field(default=None, description="Tax charged in all, header and lines")
    original_number: str | None = Field(default=None, description="On a credit note: the invoice it credits")
    payment_terms: str | None = Field(default=None, description="Terms of payment, as the system names them")
    payment_channel: str | None = Field(default=None, description="Who pays: None is the ERP")
    supplier_tax_number: str | None = Field(
        default=None, description="Tax number of who invoices, as the invoice shows it"
    )
    buyer_tax_number: str | None = Field(
        default=None, description="Tax number of who is invoiced, as the invoice shows it"
    )
    ship_from_country: str | None = Field(default=None, description="ISO 3166 alpha-2")
    ship_to_country: str | None = Field(default=None, description="ISO 3166 alpha-2")
    ship_from: TaxAddress | None = Field(default=None, description="The whole address, where it is known")
    ship_to: TaxAddress | None = Field(default=None, description="The whole address, where it is known")
    tolerance_failures: tuple[str, ...] = Field(
        default=(), description="What the source itself found out of tolerance"
    )
    target_number: str | None = Field(
        default=None, description="Number in the ERP, as written back to the source"
    )
    target_status: str | None = Field(default=None, description="Status in the ERP, as written back")
    recorded_payments: tuple[RecordedPayment, ...] = Field(
        default=(), description="What the source was told of payments"
    )
    is_marked_paid: bool = Field(default=False, description="The source was told that it is paid")
    holds: tuple[str, ...] = Field(
        default=(), description="Why it is not paid: an ERP's holds, or what a source says"
    )
    lines: tuple[InvoiceLine, ...] = Field(description="What is invoiced, line by line")

    @model_validator(mode="after")
    def _lines_add_up(self) -> Invoice:
        """An ERP lets a draft lack lines, and holds it for that; what may be paid adds up."""
        if (
            self.status not in ("cancelled", "draft", "on_hold")
            and total((line.amount for line in self.lines), self.currency) != self.total
        ):
            raise ValueError(f"the lines do not add up to {self.total}")
        return self

    @property
    def charges(self) -> tuple[str, ...]:
        """Who bears how much of it, in words that can be compared: `01-420-7110 120.00 EUR`, or `order 4711 line 1 80.00 EUR`.

        A system may regroup lines, and split or join those of one account: what counts is the sum that each bears.
        """
        return by_bearer(part for line in self.lines for part in line.charges)

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """By what a second one of the same, or one of the same order line, is found."""
        payee = self.supplier_number or self.supplier_id or self.supplier_name or ""
        found = [
            ("supplier_invoice", f"{numbers.comparable(payee)}/{numbers.comparable(self.number)}"),
            ("supplier_amount", f"{numbers.comparable(payee)}/{self.total.amount_minor}/{self.currency}"),
            ("supplier_near", f"{numbers.comparable(payee)}/{numbers.stem(self.number)}"),
        ]
        lines = ((line.order_number, line.order_line) for line in self.lines if line.order_number)
        found += [("order_line", f"{order}/{line}") for order, line in lines]
        if self.reference:
            found.append(("mark", self.reference))
        return tuple(dict.fromkeys(found))


class PaidInvoice(CanonicalModel):
    """What one payment pays of one invoice."""

    invoice_id: str = Field(description="External id of the invoice in the same system")
    invoice_number: str | None = Field(default=None, description="Number of the invoice")
    amount: Money = Field(description="What is paid of it, in the invoice's currency")
    in_payment_currency: Money | None = Field(
        default=None,
        description="The same as it left, where the payment was made in another currency than the invoice's",
    )
    discount: Money | None = Field(
        default=None, description="What it settles beyond that, as a discount for early payment"
    )


class Payment(CanonicalRecord):
    """Money that left, or was called back. A void is a new state of the same payment, never a second one."""

    entity: ClassVar[str] = "payment"
    contract: ClassVar[str] = "payment/1.2"

    status: Literal["issued", "cleared", "stopped", "voided", "other"] = Field(
        description="What became of the payment"
    )
    payee_name: str | None = Field(default=None, description="Name of whoever is paid")
    payee_number: str | None = Field(default=None, description="Supplier number of whoever is paid")
    business_unit: str | None = Field(default=None, description="Business unit of the ERP that pays")
    legal_entity: str | None = Field(default=None, description="Number of the company that pays")
    method: str | None = Field(default=None, description="Way of payment, as the ERP names it")
    currency: CurrencyCode = Field(description="ISO 4217 code of the payment")
    amount: Money = Field(description="What left in all")
    withheld: Money | None = Field(
        default=None, description="Tax that was kept back from it, in its currency, where the ERP says so"
    )
    paid_on: date = Field(description="Day of the payment")
    cleared_on: date | None = Field(default=None, description="Day on which the bank confirmed it")
    voided_on: date | None = Field(default=None, description="Day on which it was called back")
    invoices: tuple[PaidInvoice, ...] = Field(
        default=(), description="Which invoices it pays, and how much of each"
    )

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """By the invoices it pays, and by payee and amount, its own and that of each part."""
        found = [("invoice", one.invoice_id) for one in self.invoices]
        payee = numbers.comparable(self.payee_number or self.payee_name or "")
        if payee:
            sizes = (self.amount, *(one.amount for one in self.invoices))
            found += [("payee_amount", f"{payee}/{one.amount_minor}/{one.currency}") for one in sizes]
        return tuple(dict.fromkeys(found))
