"""Does an invoice fit what was ordered and what arrived? Pure; two-way against the order, three-way with the receipts.

Earlier invoices of the same order line count: what is left is what may be invoiced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Literal

from finsync_tui.profile.invoice import MatchPolicy, Tolerance
from store.canonical.currency import exponent
from store.canonical.money import plain
from store.canonical.payables import Invoice, InvoiceLine
from store.canonical.purchasing import OrderLine

Kind = Literal["order", "currency", "price", "quantity", "receipt"]
CLASSES: Mapping[Kind, str] = {
    "order": "MATCH_ORDER",
    "currency": "MATCH_CURRENCY",
    "price": "MATCH_PRICE",
    "quantity": "MATCH_QUANTITY",
    "receipt": "MATCH_RECEIPT",
}

PLACES = Decimal("1e-12")
"""So exact is a quantity that comes from an amount."""
WHOLE_DIGITS_MAX = 15


@dataclass(frozen=True, slots=True)
class Ordered:
    """One order line, and what has happened to it so far: quantities, or amounts on lines ordered by amount."""

    order_number: str
    currency: str
    status: str
    line: OrderLine
    received: Decimal
    invoiced: Decimal
    """By other invoices, credit notes taken off."""
    invoiced_value: Decimal = Decimal(0)
    """What they came to in money; the same as `invoiced` on lines ordered by amount."""

    @property
    def ordered(self) -> Decimal:
        return self.line.amount.amount if self.line.quantity is None else self.line.quantity


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that does not fit."""

    kind: Kind
    line: str
    cause: str
    fix: str


def mismatches(
    invoice: Invoice, ordered: Mapping[tuple[str, str], Ordered], policy: MatchPolicy, *, needs_order: bool
) -> list[Mismatch]:
    """Return what does not fit, line by line. `ordered` is by order number and line."""
    found: list[Mismatch] = []
    for (number, place), lines in _by_order_line(invoice.lines).items():
        if not number:
            found += _unordered(lines) if needs_order else ()
            continue
        known = ordered.get((number, place))
        if known is None:
            found.append(
                Mismatch(
                    "order", lines[0].number, f"line {lines[0].number} names order {number} line {place}, which is not known",
                    "Correct the order on the invoice in the procurement system, then retry.",
                )
            )  # fmt: skip
            continue
        found += _fits(invoice, lines, known, policy)
    return found


def _by_order_line(lines: Iterable[InvoiceLine]) -> dict[tuple[str, str], list[InvoiceLine]]:
    found: dict[tuple[str, str], list[InvoiceLine]] = {}
    for line in lines:
        if line.kind == "item":
            found.setdefault((line.order_number or "", line.order_line or ""), []).append(line)
    return found


def _unordered(lines: Sequence[InvoiceLine]) -> Iterator[Mismatch]:
    for line in lines:
        yield Mismatch(
            "order", line.number, f"line {line.number} ({line.description}) has no order",
            "Let the buyer put an order behind it, or allow invoices without one in the profile, then retry.",
        )  # fmt: skip


def _fits(
    invoice: Invoice, lines: Sequence[InvoiceLine], ordered: Ordered, policy: MatchPolicy
) -> Iterator[Mismatch]:
    first = lines[0]
    name = f"order {ordered.order_number} line {ordered.line.number}"
    if ordered.status == "cancelled" or ordered.line.is_cancelled:
        yield Mismatch(
            "order",
            first.number,
            f"{name} is cancelled",
            "Dispute the invoice, or re-open the order, then retry.",
        )
        return
    if invoice.currency != ordered.currency:
        yield Mismatch(
            "currency", first.number, f"the invoice is in {invoice.currency}, {name} in {ordered.currency}",
            "Ask the supplier for an invoice in the order's currency.",
        )  # fmt: skip
        return
    if policy.level == "none":
        return
    if invoice.kind == "prepayment":
        yield from _prepaid(lines, ordered, policy.quantity, name)
        return
    if policy.price_severity != "off" and not is_credit(invoice):
        yield from _prices(lines, ordered, policy.price, name)
    if policy.quantity_severity != "off":
        yield from _quantities(invoice, lines, ordered, policy, name)


def _prices(
    lines: Sequence[InvoiceLine], ordered: Ordered, tolerance: Tolerance, name: str
) -> Iterator[Mismatch]:
    want = ordered.line.unit_price
    if want is None:
        return
    for line in lines:
        have = price_of(line, want)
        if have is not None and not within(have - want, want, tolerance):
            yield Mismatch(
                "price", line.number,
                f"line {line.number}: {plain(have)} a piece are invoiced, {name} says {plain(want)}",
                "Agree on the price with the supplier: change the order or ask for a corrected invoice, then retry.",
            )  # fmt: skip


def price_of(line: InvoiceLine, ordered: Decimal) -> Decimal | None:
    """Return what a piece is invoiced at. A line that does not say it is as dear as its amount makes it; an amount that is
    the order's price but for its rounding is that price. None: it is not invoiced by the piece.

    >>> from store.canonical.money import Money
    >>> line = InvoiceLine(number="1", quantity=Decimal(3), amount=Money.of("10.00", "EUR"))
    >>> price_of(line, Decimal("3.3333")), price_of(line, Decimal(2)) > 3
    (Decimal('3.3333'), True)
    """
    if line.unit_price is not None or not line.quantity:
        return line.unit_price
    half_unit = Decimal(1).scaleb(-exponent(line.amount.currency)) / 2
    if abs(line.quantity * ordered - line.amount.amount) <= half_unit:
        return ordered
    return _to_places(line.amount.amount / line.quantity, ROUND_HALF_EVEN)


def _prepaid(
    lines: Sequence[InvoiceLine], ordered: Ordered, tolerance: Tolerance, name: str
) -> Iterator[Mismatch]:
    """What is paid before anything arrives takes nothing of the order; it only may not be more than the order."""
    asked = sum((line.amount.amount for line in lines), Decimal(0))
    whole = ordered.line.amount.amount
    if asked > whole and not within(asked - whole, whole, tolerance):
        yield Mismatch(
            "quantity", lines[0].number,
            f"{name}: {plain(asked)} are to be paid in advance, {plain(whole)} were ordered",
            "Dispute the invoice, or have the order changed, then retry.",
        )  # fmt: skip


def _quantities(
    invoice: Invoice, lines: Sequence[InvoiceLine], ordered: Ordered, policy: MatchPolicy, name: str
) -> Iterator[Mismatch]:
    other = next((one for one in lines if _is_other_unit(one, ordered.line)), None)
    if other is not None:
        yield Mismatch(
            "quantity", other.number,
            f"line {other.number} is invoiced by {other.uom}, {name} was ordered by {ordered.line.uom}",
            "Ask the supplier for an invoice in the order's unit, or have the order changed, then retry.",
        )  # fmt: skip
        return
    now = taken(lines, ordered.line, is_credit=is_credit(invoice))
    in_all = ordered.invoiced + now
    what = "in all" if ordered.invoiced else "by this invoice"
    if is_credit(invoice):
        yield from _credits(invoice, lines, ordered, now, name)
    elif (
        now > 0
        and in_all > ordered.ordered
        and not within(in_all - ordered.ordered, ordered.ordered, policy.quantity)
    ):
        yield Mismatch(
            "quantity", lines[0].number,
            f"{name}: {plain(in_all)} are invoiced {what}, {plain(ordered.ordered)} were ordered",
            "Dispute the invoice, or have the order changed, then retry.",
        )  # fmt: skip
    elif (
        now > 0
        and policy.level == "three_way"
        and in_all > ordered.received
        and not within(in_all - ordered.received, ordered.received, policy.quantity)
    ):
        yield Mismatch(
            "receipt", lines[0].number,
            f"{name}: {plain(in_all)} are invoiced {what}, {plain(ordered.received)} have been received",
            "Ask the requester to receive what has arrived, or dispute the invoice; it goes on by itself when it is received.",
        )  # fmt: skip


def _credits(
    invoice: Invoice, lines: Sequence[InvoiceLine], ordered: Ordered, now: Decimal, name: str
) -> Iterator[Mismatch]:
    """A credit note gives back pieces or lowers their price: never more of either than was invoiced."""
    value = abs(sum((line.amount.amount for line in lines), Decimal(0)))
    credited = invoiced = None
    if ordered.invoiced + now < 0:
        credited, invoiced = plain(abs(now)), plain(ordered.invoiced)
    elif ordered.line.quantity is not None and value > ordered.invoiced_value:
        credited = f"{plain(value)} {invoice.currency}"
        invoiced = f"{plain(ordered.invoiced_value)} {invoice.currency}"
    if credited is not None:
        yield Mismatch(
            "quantity", lines[0].number, f"{name}: {credited} are credited, {invoiced} were invoiced",
            "Ask the supplier what the credit note is about, then retry.",
        )  # fmt: skip


def _is_other_unit(line: InvoiceLine, order_line: OrderLine) -> bool:
    if line.quantity is None or order_line.quantity is None or not line.uom or not order_line.uom:
        return False
    return line.uom.casefold() != order_line.uom.casefold()


def is_credit(invoice: Invoice) -> bool:
    """Say whether a document gives back, by what it is called or by its sign."""
    return invoice.kind == "credit_memo" or invoice.total.amount_minor < 0


def taken(lines: Iterable[InvoiceLine], order_line: OrderLine, *, is_credit: bool) -> Decimal:
    """Return how much of an order line these lines of one document take, in the terms of the order: below zero when a
    credit note gives it back."""
    if is_credit:
        return -sum((_credited(line, order_line) for line in lines), Decimal(0))
    return sum((_taken(line, order_line) for line in lines), Decimal(0))


def _taken(line: InvoiceLine, order_line: OrderLine) -> Decimal:
    if order_line.quantity is not None and line.quantity is not None:
        return line.quantity
    return _by_value(line, order_line)


def _credited(line: InvoiceLine, order_line: OrderLine) -> Decimal:
    """What is credited at less than the order's price lowers the price, not the quantity."""
    by_value = abs(_by_value(line, order_line))
    if order_line.quantity is None or line.quantity is None:
        return by_value
    return min(abs(line.quantity), by_value)


def _by_value(line: InvoiceLine, order_line: OrderLine) -> Decimal:
    """On lines ordered by amount the amount is what counts; of a quantity, the part that the amount pays for."""
    if order_line.quantity is None:
        return line.amount.amount
    whole = order_line.amount.amount
    if not whole:
        return line.quantity or Decimal(0)
    # parts of a whole never come to more than it
    return _to_places(order_line.quantity * line.amount.amount / whole, ROUND_DOWN)


def _to_places(value: Decimal, rounding: str) -> Decimal:
    """Round to PLACES what has that many digits at all: beyond 28 in all, a Decimal's arithmetic keeps none to round.

    >>> _to_places(Decimal(2) / 3, ROUND_DOWN), _to_places(Decimal("1e22") / 3, ROUND_DOWN) > 0
    (Decimal('0.666666666666'), True)
    """
    return value.quantize(PLACES, rounding) if value.adjusted() < WHOLE_DIGITS_MAX else value


def within(difference: Decimal, of: Decimal, tolerance: Tolerance) -> bool:
    """Say whether a difference may be.

    >>> within(Decimal("2"), Decimal("100"), Tolerance(percent=Decimal(2))), within(
    ...     Decimal("2.01"), Decimal("100"), Tolerance(percent=Decimal(2), amount=Decimal(2))
    ... )
    (True, False)
    """
    size = abs(difference)
    if size == 0:
        return True
    if size <= abs(of) * tolerance.percent / 100:
        return True
    return tolerance.amount is not None and size <= tolerance.amount
