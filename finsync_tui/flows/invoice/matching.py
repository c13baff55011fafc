"""Does an invoice fit what was ordered and what arrived? Pure; two-way against the order, three-way with the receipts.

Earlier invoices of the same order line count: what is left is what may be invoiced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from finsync_tui.flows.invoice.taking import is_credit, taken, to_places
from finsync_tui.profile.invoice import MatchPolicy, Tolerance
from store.canonical.currency import exponent
from store.canonical.money import plain
from store.canonical.payables import Invoice, InvoiceLine
from store.canonical.purchasing import OrderLine

PolicyOf = Callable[[str | None, str | None], MatchPolicy]
"""By order number and line."""
Kind = Literal["order", "supplier", "currency", "amount", "price", "charges", "quantity", "receipt"]
CLASSES: Mapping[Kind, str] = {
    "order": "MATCH_ORDER",
    "supplier": "MATCH_SUPPLIER",
    "currency": "MATCH_CURRENCY",
    "amount": "TOTALS_DIFFER",
    "charges": "MATCH_CHARGES",
    "price": "MATCH_PRICE",
    "quantity": "MATCH_QUANTITY",
    "receipt": "MATCH_RECEIPT",
}


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
    piece: Decimal | None = None
    """What a piece that goes back is credited with at least; None: the order's price."""
    other_supplier: str | None = None
    """Whose order it is, where that is not whoever sent the invoice."""
    other_units: tuple[str, ...] = ()
    """Units of receipts that do not count, because the order has another one."""

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
    order: str | None = None
    """The order that it is about."""


def mismatches(
    invoice: Invoice,
    ordered: Mapping[tuple[str, str], Ordered],
    policy: MatchPolicy,
    policy_of: PolicyOf | None = None,
    *,
    needs_order: bool,
) -> list[Mismatch]:
    """Return what does not fit, line by line. `ordered` is by order number and line; `policy_of` says what holds for one of
    them, where that is not the same for all."""
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
                    "Correct the order on the invoice in the procurement system, then retry.", number,
                )
            )  # fmt: skip
            continue
        found += [
            replace(one, order=number)
            for one in _fits(
                invoice, lines, known, policy_of(number, place) if policy_of is not None else policy
            )
        ]
    return [*found, *_charges(invoice, policy)]


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
    if ordered.other_supplier is not None and policy.supplier_severity != "off":
        sender = " ".join(filter(None, (invoice.supplier_number, invoice.supplier_name))) or "somebody else"
        yield Mismatch(
            "supplier", first.number, f"{name} is with {ordered.other_supplier}, the invoice is from {sender}",
            "Ask the supplier whom the order is with for the invoice, or have the supplier or the order on this one corrected, "
            "then retry.",
        )  # fmt: skip
    if policy.level == "none":
        return
    yield from _amounts(lines, is_credit=is_credit(invoice))
    if invoice.kind == "prepayment":
        yield from _prepaid(lines, ordered, policy.quantity, name)
        return
    if policy.price_severity != "off" and not is_credit(invoice):
        yield from _prices(lines, ordered, policy.price, name)
    if policy.quantity_severity != "off":
        yield from _quantities(invoice, lines, ordered, policy, name)


def _amounts(lines: Sequence[InvoiceLine], *, is_credit: bool) -> Iterator[Mismatch]:
    """Quantity times price is the amount, but for a minor unit of rounding. Credit notes are signed in either way."""
    for line in lines:
        if line.quantity is None or line.unit_price is None:
            continue
        product, amount = line.quantity * line.unit_price, line.amount.amount
        apart = abs(product) - abs(amount) if is_credit else product - amount
        if abs(apart) > Decimal(1).scaleb(-exponent(line.amount.currency)):
            yield Mismatch(
                "amount", line.number,
                f"line {line.number}: {plain(line.quantity)} at {plain(line.unit_price)} make {plain(product)}, and "
                f"{plain(amount)} are invoiced",
                "Have the line corrected in the procurement system, or ask for a corrected invoice, then retry.",
            )  # fmt: skip


def _prices(
    lines: Sequence[InvoiceLine], ordered: Ordered, tolerance: Tolerance, name: str
) -> Iterator[Mismatch]:
    """Each price within the percentage, and what all lines of the order line cost more or less within the amount."""
    want = ordered.line.unit_price
    if want is None:
        return
    priced = [(line, have) for line in lines if (have := price_of(line, want)) is not None]
    apart = sum((abs((have - want) * (line.quantity or Decimal(1))) for line, have in priced), Decimal(0))
    is_too_much = tolerance.amount is not None and apart > tolerance.amount
    by_piece = tolerance.model_copy(update={"amount": None})
    is_by_piece = tolerance.percent is not None or tolerance.amount is None
    for line, have in priced:
        is_beyond = is_by_piece and not within(have - want, want, by_piece)
        if have != want and (is_too_much or is_beyond):
            much = f", {plain(apart)} apart in all" if is_too_much else ""
            yield Mismatch(
                "price", line.number,
                f"line {line.number}: {plain(have)} a piece are invoiced, {name} says {plain(want)}{much}",
                "Agree on the price with the supplier: change the order or ask for a corrected invoice, then retry.",
            )  # fmt: skip


def _charges(invoice: Invoice, policy: MatchPolicy) -> Iterator[Mismatch]:
    """Freight, handling and the like that no order names stay in proportion to what an invoice of orders is for."""
    charges = [line for line in invoice.lines if line.kind in ("freight", "other")]
    items = [line for line in invoice.lines if line.kind == "item"]
    is_ordered = any(line.order_number for line in items)
    if policy.level == "none" or policy.charges_severity == "off" or is_credit(invoice) or not is_ordered:
        return
    asked = sum((line.amount.amount for line in charges), Decimal(0))
    goods = sum((line.amount.amount for line in items), Decimal(0))
    if asked > 0 and not within(asked, goods, policy.charges):
        yield Mismatch(
            "charges", charges[0].number,
            f"{plain(asked)} are charged (freight, handling and the like) on goods and services of {plain(goods)}",
            "Ask the supplier what the charges are for: have them corrected, or allow more in the profile (match.charges), then retry.",
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
    return to_places(line.amount.amount / line.quantity, ROUND_HALF_EVEN)


def _prepaid(
    lines: Sequence[InvoiceLine], ordered: Ordered, tolerance: Tolerance, name: str
) -> Iterator[Mismatch]:
    """What is paid before anything arrives takes nothing of the order; it only may not be more than the order, but for the
    percentage: the amount of that tolerance is pieces."""
    asked = sum((line.amount.amount for line in lines), Decimal(0))
    whole = ordered.line.amount.amount
    if asked > whole and not within(asked - whole, whole, tolerance.model_copy(update={"amount": None})):
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
    now = taken(lines, ordered.line, is_credit=is_credit(invoice), piece=ordered.piece)
    in_all = ordered.invoiced + now
    what = "in all" if ordered.invoiced else "by this invoice"
    if is_credit(invoice) or now < 0:  # so does a line that takes off, on an invoice of others
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
            f"{name}: {plain(in_all)} are invoiced {what}, {plain(ordered.received)} have been received{_uncounted(ordered)}",
            "Ask the requester to receive what has arrived, or dispute the invoice; it goes on by itself when it is received.",
        )  # fmt: skip


def _uncounted(ordered: Ordered) -> str:
    if not ordered.other_units:
        return ""
    return (
        f" (receipts by {', '.join(ordered.other_units)} do not count: it was ordered by {ordered.line.uom})"
    )


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
    return line.quantity is not None and is_other_unit(line.uom, order_line)


def is_other_unit(uom: str | None, order_line: OrderLine) -> bool:
    """Say whether a quantity is in another unit than the order's. Nobody converts here; a unit that is not told is the same."""
    if order_line.quantity is None or not uom or not order_line.uom:
        return False
    return uom.casefold() != order_line.uom.casefold()


def within(difference: Decimal, of: Decimal, tolerance: Tolerance) -> bool:
    """Say whether a difference may be: within the percentage and within the amount, where they are given.

    >>> both = Tolerance(percent=Decimal(2), amount=Decimal(1))
    >>> [within(Decimal(size), Decimal(of), both) for size, of in (("1", "100"), ("1.01", "100"), ("1", "10"))]
    [True, False, False]
    >>> within(Decimal(3), Decimal(100), Tolerance(amount=Decimal(3))), within(Decimal("0.01"), Decimal(100), Tolerance())
    (True, False)
    """
    size = abs(difference)
    bounds = [] if tolerance.percent is None else [abs(of) * tolerance.percent / 100]
    bounds += [] if tolerance.amount is None else [tolerance.amount]
    return size <= min(bounds, default=Decimal(0))
