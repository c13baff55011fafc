"""Does an invoice fit what was ordered and what arrived? Pure; two-way against the order, three-way with the receipts.

Earlier invoices of the same order line count: what is left is what may be invoiced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from finsync_tui.profile.invoice import MatchPolicy, Tolerance
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

    @property
    def is_by_amount(self) -> bool:
        return self.line.quantity is None

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
    if policy.price_severity != "off":
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
        have = line.unit_price
        if have is not None and not within(have - want, want, tolerance):
            yield Mismatch(
                "price", line.number,
                f"line {line.number}: {plain(have)} a piece are invoiced, {name} says {plain(want)}",
                "Agree on the price with the supplier: change the order or ask for a corrected invoice, then retry.",
            )  # fmt: skip


def _quantities(
    invoice: Invoice, lines: Sequence[InvoiceLine], ordered: Ordered, policy: MatchPolicy, name: str
) -> Iterator[Mismatch]:
    sign = -1 if invoice.kind == "credit_memo" else 1
    now = sum((_quantity(line, ordered) for line in lines), Decimal(0))
    in_all = ordered.invoiced + sign * abs(now)
    what = "in all" if ordered.invoiced else "by this invoice"
    if in_all < 0:
        yield Mismatch(
            "quantity", lines[0].number,
            f"{name}: {plain(abs(now))} are credited, {plain(ordered.invoiced)} were invoiced",
            "Ask the supplier what the credit note is about, then retry.",
        )  # fmt: skip
    elif (
        sign > 0
        and in_all > ordered.ordered
        and not within(in_all - ordered.ordered, ordered.ordered, policy.quantity)
    ):
        yield Mismatch(
            "quantity", lines[0].number,
            f"{name}: {plain(in_all)} are invoiced {what}, {plain(ordered.ordered)} were ordered",
            "Dispute the invoice, or have the order changed, then retry.",
        )  # fmt: skip
    elif (
        sign > 0
        and policy.level == "three_way"
        and in_all > ordered.received
        and not within(in_all - ordered.received, ordered.received, policy.quantity)
    ):
        yield Mismatch(
            "receipt", lines[0].number,
            f"{name}: {plain(in_all)} are invoiced {what}, {plain(ordered.received)} have been received",
            "Ask the requester to receive what has arrived, or dispute the invoice; it goes on by itself when it is received.",
        )  # fmt: skip


def _quantity(line: InvoiceLine, ordered: Ordered) -> Decimal:
    """On lines ordered by amount the amount is what counts."""
    return line.amount.amount if ordered.is_by_amount or line.quantity is None else line.quantity


def quantity(line: InvoiceLine, order_line: OrderLine) -> Decimal:
    """Return how much of an order line an invoice line takes, in the terms of the order."""
    return line.amount.amount if order_line.quantity is None or line.quantity is None else line.quantity


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
