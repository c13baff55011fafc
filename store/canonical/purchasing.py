"""Requisition, PurchaseOrder, Receipt, as a procurement system or an ERP holds them. One shape for both, so they compare."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from store.canonical.money import CurrencyCode, ExactDecimal, Money, adds_up
from store.canonical.record import CanonicalModel, CanonicalRecord

OrderStatus = Literal[
    "draft", "pending_approval", "rejected", "on_hold", "open", "soft_closed", "closed", "cancelled"
]
FundsStatus = Literal["not_attempted", "reserved", "partial", "failed", "not_applicable"]


class OrderDistribution(CanonicalModel):
    """Which account one part of a line is charged to."""

    number: str = Field(description="Number of the part within its line")
    chart: str | None = Field(default=None, description="Chart of accounts (Coupa: account type)")
    account: str = Field(description="The combination as the system writes it")
    segments: tuple[str, ...] = Field(default=(), description="The combination's segments, from the first")
    amount: Money = Field(description="What the account bears of the line")
    quantity: ExactDecimal | None = Field(
        default=None, description="What the account bears of the line's quantity"
    )
    period: str | None = Field(default=None, description="Budget period it is charged to, where stated")


class OrderLine(CanonicalModel):
    """What is ordered, at which price."""

    number: str = Field(description="Number of the line")
    external_id: str | None = Field(default=None, description="Id of the line in its system")
    description: str = Field(description="What is ordered")
    quantity: ExactDecimal | None = Field(default=None, description="None on lines ordered by amount")
    unit_price: ExactDecimal | None = Field(
        default=None, description="Price of one unit, in the order's currency"
    )
    uom: str | None = Field(default=None, description="Unit of measure, as the system writes it")
    amount: Money = Field(description="What the line comes to")
    category: str | None = Field(default=None, description="Category or commodity, as the system names it")
    need_by_on: date | None = Field(default=None, description="Day by which it is needed")
    is_cancelled: bool = Field(
        default=False, description="The line is not wanted any more, and counts in no total"
    )
    distributions: tuple[OrderDistribution, ...] = Field(description="Which account bears how much")

    @model_validator(mode="after")
    def _distributions_add_up(self) -> OrderLine:
        if self.distributions and not adds_up([d.amount for d in self.distributions], self.amount):
            raise ValueError(f"the distributions of line {self.number} do not add up to {self.amount}")
        return self


class PurchaseOrder(CanonicalRecord):
    """An order to a supplier. `number` is the order number of its own system."""

    entity: ClassVar[str] = "purchase_order"
    contract: ClassVar[str] = "purchase_order/1.1"
    owner: ClassVar[str] = "procurement"
    echo_fields: ClassVar[frozenset[str]] = frozenset({"target_number", "target_status"})

    status: OrderStatus = Field(description="Where it stands in its system")
    revision: str = Field(description="The source's version of the order, as text")
    supplier_id: str | None = Field(description="External id of the supplier in the same system")
    supplier_number: str | None = Field(default=None, description="Number of the supplier")
    supplier_name: str | None = Field(default=None, description="Name of the supplier")
    supplier_site_id: str | None = Field(
        default=None, description="External id of the supplier's site in the same system"
    )
    currency: CurrencyCode = Field(description="ISO 4217 code of all its amounts")
    total: Money = Field(description="Sum of the lines that are not cancelled")
    business_unit: str | None = Field(
        default=None, description="Business unit that buys, where the system has some"
    )
    buyer: str | None = Field(default=None, description="Who buys, as the system names them")
    requester: str | None = Field(default=None, description="Login of who asked for it")
    requisition_id: str | None = Field(
        default=None, description="External id of the requisition it was made of"
    )
    description: str | None = Field(default=None, description="What it says of itself")
    payment_terms: str | None = Field(default=None, description="Terms of payment, as the system names them")
    reference: str | None = Field(default=None, description="The mark by which the other system knows it")
    funds_status: FundsStatus | None = Field(default=None, description="What the ERP's funds check said")
    closing_reason: str | None = Field(
        default=None, description="Why it was closed or cancelled, as the system says"
    )
    target_number: str | None = Field(
        default=None, description="Number in the ERP, as written back to the source"
    )
    target_status: str | None = Field(default=None, description="Status in the ERP, as written back")
    lines: tuple[OrderLine, ...] = Field(description="What is ordered, line by line")

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """Return the mark another system put on it, by which it is known again when its link was lost, and the
        requisition whose promise it takes over."""
        named = (("reference", self.reference), ("requisition", self.requisition_id))
        return tuple((kind, value) for kind, value in named if value)

    @model_validator(mode="after")
    def _lines_add_up(self) -> PurchaseOrder:
        live = [line.amount for line in self.lines if not line.is_cancelled]
        if self.total.currency != self.currency or not adds_up(live, self.total):
            raise ValueError(f"the lines do not add up to {self.total}")
        return self


class FieldChange(CanonicalModel):
    """What a change made of one field, as its system writes it."""

    field: str = Field(description="Name of the field, as its system writes it")
    before: str | None = Field(default=None, description="What it said; null: nothing")
    after: str | None = Field(default=None, description="What it says now; null: nothing")


class OrderRevision(CanonicalRecord):
    """One change of an order, as its system keeps it: who made what of it, also between two reads of the order itself.

    `number` is the order's id with the version and internal revision that came of it.
    """

    entity: ClassVar[str] = "order_revision"
    contract: ClassVar[str] = "order_revision/1.1"
    owner: ClassVar[str] = "procurement"

    order_id: str = Field(description="External id of the order in the same system")
    revision: str = Field(description="The source's version that came of it, as text")
    internal_revision: str | None = Field(
        default=None, description="Its own count of all changes, also of those that make no version"
    )
    changed_at: datetime | None = Field(default=None, description="When it was changed, in UTC")
    changed_by: str | None = Field(default=None, description="Login")
    changes: tuple[FieldChange, ...] = Field(default=(), description="What the change made of which field")

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        return (("order", self.order_id),)


RequisitionStatus = Literal[
    "draft", "pending_approval", "rejected", "approved", "ordered", "received", "withdrawn", "cancelled"
]


class RequisitionLine(CanonicalModel):
    """What somebody asks for."""

    number: str = Field(description="Number of the line")
    description: str = Field(description="What is asked for")
    quantity: ExactDecimal | None = Field(
        default=None, description="How much is asked for; null on lines asked for by amount"
    )
    unit_price: ExactDecimal | None = Field(default=None, description="Expected price of one unit")
    uom: str | None = Field(default=None, description="Unit of measure, as the system writes it")
    amount: Money = Field(description="What the line is expected to come to")
    category: str | None = Field(default=None, description="Category or commodity, as the system names it")
    supplier_id: str | None = Field(
        default=None, description="External id of the supplier that was thought of"
    )
    need_by_on: date | None = Field(default=None, description="Day by which it is needed")
    order_line_id: str | None = Field(default=None, description="The order line it became")
    distributions: tuple[OrderDistribution, ...] = Field(
        default=(), description="Which account would bear how much"
    )


class Requisition(CanonicalRecord):
    """A wish to buy, on its way through approval. Oracle's budgets call its reservation a commitment."""

    entity: ClassVar[str] = "requisition"
    contract: ClassVar[str] = "requisition/1.2"
    owner: ClassVar[str] = "procurement"

    status: RequisitionStatus = Field(description="Where it stands in its system")
    title: str = Field(default="", description="What the requester calls it")
    requester: str | None = Field(default=None, description="Login of who asks")
    requester_number: str | None = Field(default=None, description="Their employee number")
    currency: CurrencyCode = Field(description="ISO 4217 code of its amounts")
    total: Money = Field(description="What it is expected to come to")
    department: str | None = Field(default=None, description="Department that asks, as the system names it")
    reference: str | None = Field(default=None, description="The mark by which the other system knows it")
    submitted_at: datetime | None = Field(default=None, description="When it was submitted, in UTC")
    lines: tuple[RequisitionLine, ...] = Field(description="What is asked for, line by line")


class Receipt(CanonicalRecord):
    """What arrived, or went back. `number` is the receipt's own number, else its id."""

    entity: ClassVar[str] = "receipt"
    contract: ClassVar[str] = "receipt/1.1"
    owner: ClassVar[str] = "procurement"
    echo_fields: ClassVar[frozenset[str]] = frozenset({"target_number"})

    kind: Literal["receipt", "return", "correction", "disposal"] = Field(
        default="receipt", description="Whether it came, went back or was corrected"
    )
    status: Literal["received", "voided"] = Field(default="received", description="Whether it stands")
    order_id: str | None = Field(default=None, description="External id of the order in the same system")
    order_number: str = Field(description="Empty: received without an order")
    order_line: str = Field(description="Number of the order's line")
    quantity: ExactDecimal | None = Field(
        default=None,
        description="Negative on what went back or was corrected down; None on a disposal, which had arrived",
    )
    amount: Money | None = Field(default=None, description="On lines ordered by amount")
    uom: str | None = Field(default=None, description="Unit of measure, as the system writes it")
    received_on: date = Field(description="Day on which it came or went")
    received_by: str | None = Field(default=None, description="Login of who received it")
    reference: str | None = Field(default=None, description="The mark by which the other system knows it")
    original_id: str | None = Field(
        default=None, description="The receipt that a return or correction is about"
    )
    target_number: str | None = Field(
        default=None, description="Number in the ERP, as written back to the source"
    )

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        return (("order_line", f"{self.order_number}/{self.order_line}"),) if self.order_number else ()
