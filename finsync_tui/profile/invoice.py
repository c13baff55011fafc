"""How one company's supplier invoices are matched, checked and posted in its ERP."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from finsync_tui.profile.approval import ApprovalBasis
from store.canonical.money import ExactDecimal

Severity = Literal["block", "note", "off"]
MatchLevel = Literal["two_way", "three_way", "none"]


def _duration(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("write a duration in ISO 8601, e.g. PT4H or P3D")
    return value


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Tolerance(_Part):
    """What may differ. Where both bounds are given both hold, so the smaller one counts; without any nothing may differ."""

    percent: ExactDecimal | None = Field(default=None, ge=0, le=100)
    amount: ExactDecimal | None = Field(default=None, ge=0)


class MatchPolicy(_Part):
    """What an invoice is held against before it is posted."""

    level: MatchLevel = "three_way"
    price: Tolerance = Field(
        default=Tolerance(),
        description="percent: of the ordered unit price. amount: what all pieces of an order line may cost more or less on one "
        "invoice, in its currency; not by the piece",
    )
    quantity: Tolerance = Field(
        default=Tolerance(),
        description="percent: of what was ordered, and of what was received. amount: so many units of the order line; money, "
        "where it is ordered by amount",
    )
    charges: Tolerance = Field(
        default=Tolerance(percent=Decimal(20)),
        description="Freight, handling and other charges of an invoice with an order. percent: of its goods and services. "
        "amount: in its currency",
    )
    price_severity: Severity = "block"
    quantity_severity: Severity = "block"
    charges_severity: Severity = "block"
    supplier_severity: Severity = Field(
        default="block",
        description="An invoice of another supplier than its order is with; note or off where somebody else invoices "
        "(factoring, a group's billing company)",
    )
    goods_gone: Literal["hold", "note", "off"] = Field(
        default="hold",
        description="Goods of a posted invoice went back, or their receipt was voided: hold has the ERP hold it like a disputed "
        "one until they are there or credited; note, and always once it is paid, is a finding",
    )
    receipt_patience: Annotated[timedelta, BeforeValidator(_duration)] = Field(
        default=timedelta(days=10),
        description="How long an invoice waits for its goods before a person has to look",
    )


class DuplicatePolicy(_Part):
    """What looks like an invoice, or a payment, that there has been before."""

    same_number: Severity = "block"
    same_amount: Severity = "block"
    near_number: Severity = Field(
        default="block",
        description="A number of the supplier that may be this one: with other zeros, the letter O for a zero, or, over the same "
        "amount, other letters behind it. block asks a person; retry says that it is another invoice",
    )
    days: int = Field(default=10, ge=0, le=365, description="Equal amounts so close together are suspicious")
    same_payment: Severity = Field(
        default="block",
        description="Two payments of one invoice over the same amount, more than is owed, or a payment of an invoice in the "
        "ERP that looks like one of ours: block tells the source of none in doubt until a person has looked",
    )
    payment_days: int = Field(
        default=5, ge=0, le=365, description="Equal payments of one invoice so close together are suspicious"
    )


class InvoiceSetup(_Part):
    """How supplier invoices of a company are posted."""

    source: str | None = Field(default=None, description="Invoice source in the ERP; None: the connection's")
    posts_receipts: bool = Field(
        default=True, description="False: goods are received in the ERP by hand, or not at all"
    )
    needs_order: bool = Field(default=False, description="True: an invoice line without an order is stopped")
    match: MatchPolicy = MatchPolicy()
    duplicates: DuplicatePolicy = DuplicatePolicy()
    approval: ApprovalBasis = ApprovalBasis()
    balance_cost_centre: str = Field(
        description="Cost centre of tax and other balance sheet lines, as the source writes it"
    )
    prepayments: Literal["apply", "off"] = Field(
        default="apply",
        description="Whether the ERP's paid prepayments on its orders pay an invoice first; off: the ERP does it itself",
    )
    dispute_hold: str | None = Field(
        default=None,
        description="Name of the ERP's hold for an invoice that is disputed at its source after it was posted; None: an "
        "exception asks a person to see that it is not paid",
    )
    cost_centre_segment: str = "cost_centre"
    account_segment: str = "account"
    freight_account: str | None = Field(
        default=None,
        description="The ERP's natural account of freight and other charges; None: spread over the lines",
    )
