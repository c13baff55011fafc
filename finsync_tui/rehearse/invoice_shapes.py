"""The shapes of a rehearsed company's payables: what arrives, what suppliers ask for it, and what becomes of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from finsync_tui.rehearse.invoice_catalogue import TAX_CODES
from finsync_tui.rehearse.shapes import Line

Kind = Literal["invoice", "credit"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Goods that arrive for one order line, and may go back in part."""

    order: str
    line: int
    size: Decimal
    """Quantity, or an amount on lines ordered by amount."""
    at: datetime
    by: str
    returned: Decimal = Decimal(0)
    returned_at: datetime | None = None
    is_by_amount: bool = False

    @property
    def key(self) -> str:
        """The order line: what a receipt is known by before it has an id."""
        return f"{self.order}/{self.line}"


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of an invoice: negative quantity, or price, on a credit note."""

    what: Line
    """As in an order; its number is the order line's where there is one."""
    tax_code: str

    @property
    def amount(self) -> Decimal:
        return self.what.amount


@dataclass(frozen=True, slots=True)
class Bill:
    """One invoice or credit note and its history."""

    invoice_id: int
    number: str
    legal_entity: str
    supplier: str
    order: str | None
    lines: tuple[BillLine, ...]
    currency: str
    dated: date
    entered_at: datetime
    approved_at: datetime
    approver: str
    kind: Kind = "invoice"
    original: str | None = None
    freight: Decimal = Decimal(0)
    tax_error: Decimal = Decimal(0)
    """By how much the supplier charges too much tax, or too little."""
    order_number_shown: str | None = None
    """The order number on it, where that is another one."""
    voided_at: datetime | None = None
    paid_in_part_at: datetime | None = None
    paid_at: datetime | None = None
    """When it is paid by hand, before the next payment run."""
    payment_voided_at: datetime | None = None
    payment_reissued_at: datetime | None = None
    paid_again_at: datetime | None = None
    """When the part that was paid by hand is paid once more."""
    double_voided_at: datetime | None = None
    held_at: datetime | None = None
    released_at: datetime | None = None

    @property
    def key(self) -> str:
        return f"coupa:{self.invoice_id}"

    @property
    def net(self) -> Decimal:
        return sum((one.amount for one in self.lines), Decimal(0))

    @property
    def freight_code(self) -> str:
        """Freight is taxed as the first thing that it brought."""
        return self.lines[0].tax_code

    @property
    def tax(self) -> Decimal:
        """What the supplier charges; a code that nobody knows is charged with nothing."""
        parts = [(one.tax_code, one.amount) for one in self.lines]
        parts += [(self.freight_code, self.freight)] if self.freight else []
        known = (TAX_CODES[code].on(net) for code, net in parts if code in TAX_CODES)
        return sum(known, Decimal(0)) + self.tax_error

    @property
    def total(self) -> Decimal:
        return self.net + self.freight + self.tax


@dataclass(frozen=True)
class Payables:
    """All receipts and invoices of one seeded company."""

    arrivals: tuple[Arrival, ...] = ()
    bills: Mapping[int, Bill] = field(default_factory=dict)
    """By id."""
