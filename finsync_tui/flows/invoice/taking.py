"""How much of an order line a document takes, in the terms of the order: pieces, or money on lines ordered by amount. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal

from finsync_tui.profile.invoice import Tolerance
from store.canonical.currency import exponent
from store.canonical.payables import Invoice, InvoiceLine
from store.canonical.purchasing import OrderLine

PLACES = Decimal("1e-12")
"""So exact is a quantity that comes from an amount."""
WHOLE_DIGITS_MAX = 15


def is_credit(invoice: Invoice) -> bool:
    """Say whether a document gives back, by what it is called or by its sign."""
    return invoice.kind == "credit_memo" or invoice.total.amount_minor < 0


def taken(
    lines: Iterable[InvoiceLine], order_line: OrderLine, *, is_credit: bool, piece: Decimal | None = None
) -> Decimal:
    """Return how much of an order line these lines of one document take: below zero when a credit note gives it back.

    `piece` is what a piece that goes back is credited with at least; None: the order's price.
    """
    if is_credit:
        least = full_price(order_line) if piece is None else piece
        return -sum((_credited(line, order_line, least) for line in lines), Decimal(0))
    return sum((_taken(line, order_line) for line in lines), Decimal(0))


def full_price(
    order_line: OrderLine, invoiced: tuple[Decimal, Decimal] | None = None, tolerance: Tolerance | None = None
) -> Decimal:
    """Return what a piece that goes back is credited with at least: the order's price, or less where the line was
    `invoiced` (pieces, value) at less; within what a price may differ. Zero on lines ordered by amount.
    """
    if not order_line.quantity:
        return Decimal(0)
    price = order_line.amount.amount / order_line.quantity
    if invoiced is not None and invoiced[0] > 0:
        price = min(price, invoiced[1] / invoiced[0])
    percent = tolerance.percent if tolerance is not None and tolerance.percent is not None else Decimal(0)
    return max(price * (1 - percent / 100), Decimal(0))


def _taken(line: InvoiceLine, order_line: OrderLine) -> Decimal:
    if order_line.quantity is not None and line.quantity is not None:
        return line.quantity
    return _by_value(line, order_line)


def _credited(line: InvoiceLine, order_line: OrderLine, piece: Decimal) -> Decimal:
    """Pieces go back at their price. What is credited at less, or without a quantity, lowers what is owed and frees none."""
    value = abs(line.amount.amount)
    if order_line.quantity is None:
        return value
    quantity = abs(line.quantity or Decimal(0))
    half_unit = Decimal(1).scaleb(-exponent(line.amount.currency)) / 2
    return quantity if value + half_unit >= quantity * piece else Decimal(0)


def _by_value(line: InvoiceLine, order_line: OrderLine) -> Decimal:
    """On lines ordered by amount the amount is what counts; of a quantity, the part that the amount pays for."""
    if order_line.quantity is None:
        return line.amount.amount
    whole = order_line.amount.amount
    if not whole:
        return line.quantity or Decimal(0)
    # parts of a whole never come to more than it
    return to_places(order_line.quantity * line.amount.amount / whole, ROUND_DOWN)


def to_places(value: Decimal, rounding: str) -> Decimal:
    """Round to PLACES what has that many digits at all: beyond 28 in all, a Decimal's arithmetic keeps none to round.

    >>> to_places(Decimal(2) / 3, ROUND_DOWN), to_places(Decimal("1e22") / 3, ROUND_DOWN) > 0
    (Decimal('0.666666666666'), True)
    """
    return value.quantize(PLACES, rounding) if value.adjusted() < WHOLE_DIGITS_MAX else value
