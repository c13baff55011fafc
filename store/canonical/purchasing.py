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

    number: str
    chart: str | None = Field(default=None, description="Chart of accounts (Coupa: account type)")
    account: str = Field(description="The combination as the system writes it")
    segments: tuple[str, ...] = ()
    amount: Money
    quantity: ExactDecimal | None = None
    period: str | None = None


class OrderLine(CanonicalModel):
    """What is ordered, at which price."""

    number: str
    external_id: str | None = None
    description: str
    quantity: ExactDecimal | None = Field(default=None, description="None on lines ordered by amount")
    unit_price: ExactDecimal | None = None
    uom: str | None = None
    amount: Money
    category: str | None = None
    need_by_on: date | None = None
    is_cancelled: bool = False
    distributions: tuple[OrderDistribution, ...]

    @model_validator(mode="after")
    def _distributions_add_up(self) -> OrderLine:
        if self.distributions and not adds_up([d.amount for d in self.distributions], self.amount):
            raise ValueError(f"the distributions of line {self.number} do not add up to {self.amount}")
        return self


class PurchaseOrder(CanonicalRecord):
    """An order to a supplier. `number` is the order number of its own system."""

    entity: ClassVar[str] = "purchase_order"
    contract: ClassVar[str] = "purchase_order/1.0"
    owner: ClassVar[str] = "procurement"
    echo_fields: ClassVar[frozenset[str]] = frozenset({"target_number", "target_status"})

    status: OrderStatus
    revision: str = Field(description="The source's version of the order, as text")
    supplier_id: str | None = Field(description="External id of the supplier in the same system")
    supplier_number: str | None = None
    supplier_name: str | None = None
    supplier_site_id: str | None = None
    currency: CurrencyCode
    total: Money = Field(description="Sum of the lines that are not cancelled")
    business_unit: str | None = None
    buyer: str | None = None
    requester: str | None = None
    requisition_id: str | None = None
    description: str | None = None
    payment_terms: str | None = None
    reference: str | None = Field(default=None, description="The mark by which the other system knows it")
    funds_status: FundsStatus | None = None
    closing_reason: str | None = None
    target_number: str | None = Field(
        default=None, description="Number in the ERP, as written back to the source"
    )
    target_status: str | None = Field(default=None, description="Status in the ERP, as written back")
    lines: tuple[OrderLine, ...]

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

    field: str
    before: str | None = None
    after: str | None = None


class OrderRevision(CanonicalRecord):
    """One change of an order, as its system keeps it: who made what of it, also between two reads of the order itself.

    `number` is the order's id with the version and internal revision that came of it.
    """

    entity: ClassVar[str] = "order_revision"
    contract: ClassVar[str] = "order_revision/1.0"
    owner: ClassVar[str] = "procurement"

    order_id: str = Field(description="External id of the order in the same system")
    revision: str = Field(description="The source's version that came of it, as text")
    internal_revision: str | None = Field(
        default=None, description="Its own count of all changes, also of those that make no version"
    )
    changed_at: datetime | None = None
    changed_by: str | None = Field(default=None, description="Login")
    changes: tuple[FieldChange, ...] = ()

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        return (("order", self.order_id),)


RequisitionStatus = Literal[
    "draft", "pending_approval", "rejected", "approved", "ordered", "received", "withdrawn", "cancelled"
]


class RequisitionLine(CanonicalModel):
    """What somebody asks for."""

    number: str
    description: str
    quantity: ExactDecimal | None = None
    unit_price: ExactDecimal | None = None
    uom: str | None = None
    amount: Money
    category: str | None = None
    supplier_id: str | None = None
    need_by_on: date | None = None
    order_line_id: str | None = Field(default=None, description="The order line it became")
    distributions: tuple[OrderDistribution, ...] = ()


class Requisition(CanonicalRecord):
    """A wish to buy, on its way through approval. Oracle's budgets call its reservation a commitment."""

    entity: ClassVar[str] = "requisition"
    contract: ClassVar[str] = "requisition/1.1"
    owner: ClassVar[str] = "procurement"

    status: RequisitionStatus
    title: str = ""
    requester: str | None = Field(default=None, description="Login of who asks")
    requester_number: str | None = Field(default=None, description="Their employee number")
    currency: CurrencyCode
    total: Money
    department: str | None = None
    reference: str | None = Field(default=None, description="The mark by which the other system knows it")
    submitted_at: datetime | None = None
    lines: tuple[RequisitionLine, ...]


class Receipt(CanonicalRecord):
    """What arrived, or went back. `number` is the receipt's own number, else its id."""

    entity: ClassVar[str] = "receipt"
    contract: ClassVar[str] = "receipt/1.0"
    owner: ClassVar[str] = "procurement"
    echo_fields: ClassVar[frozenset[str]] = frozenset({"target_number"})

    kind: Literal["receipt", "return", "correction", "disposal"] = "receipt"
    status: Literal["received", "voided"] = "received"
    order_id: str | None = Field(default=None, description="External id of the order in the same system")
    order_number: str = Field(description="Empty: received without an order")
    order_line: str
    quantity: ExactDecimal | None = Field(
        default=None,
        description="Negative on what went back or was corrected down; None on a disposal, which had arrived",
    )
    amount: Money | None = Field(default=None, description="On lines ordered by amount")
    uom: str | None = None
    received_on: date
    received_by: str | None = None
    reference: str | None = Field(default=None, description="The mark by which the other system knows it")
    original_id: str | None = Field(
        default=None, description="The receipt that a return or correction is about"
    )
    target_number: str | None = Field(
        default=None, description="Number in the ERP, as written back to the source"
    )

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        return (("order_line", f"{self.order_number}/{self.order_line}"),) if self.order_number else ()
