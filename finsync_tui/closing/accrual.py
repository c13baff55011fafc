"""What is owed at the end of a period and not booked, as lines that can be booked. Pure.

Received and not invoiced: what has arrived of an order line by the period's last day, less what invoices of the period
take of it, at the order's own price. Approved and not posted: the cost of an invoice or expense, without tax that comes
back. Every amount is spread over those who bear it without losing or making a minor unit.

>>> line = Received("coupa:1", "PO-1", "1", "Muster", "EUR", 10_000, Decimal(3), None, Decimal(1), Decimal(0), 0, 0)
>>> open_minor(line)
3333
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from store.canonical.money import Money
from store.canonical.payables import Invoice, InvoiceLine

Kind = Literal["received_not_invoiced", "approved_not_posted"]
Resolve = Callable[[Sequence[str], str, str | None], str | None]
"""From the segments and the whole of a source's account to the combination in the ERP, as mapping tables have it now."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who bears a part, and how much of it in proportion to the others."""

    charge_account: str | None
    """The combination in the ERP; None: nothing has decided it yet."""
    source_account: str
    """As the document's source writes it."""
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Received:
    """One order line, as far as it arrived and was invoiced by the period's last day."""

    order_key: str
    order_number: str
    line: str
    supplier: str
    currency: str
    ordered_minor: int
    ordered: Decimal | None
    """None: ordered by amount."""
    received_minor: int | None
    """What arrived on lines that are ordered by amount."""
    received: Decimal
    invoiced: Decimal | None
    """None: some invoice of the line names no quantity, so that only amounts can be compared."""
    invoiced_minor: int
    receipt_count: int


@dataclass(frozen=True, slots=True)
class Part:
    """A cost before it is spread: how much, and over whom."""

    amount_minor: int
    bearers: tuple[Bearer, ...]
    text: str


@dataclass(frozen=True, slots=True)
class AccrualLine:
    """One line of the proposal: a debit when positive, a credit when negative."""

    kind: Kind
    entity: str
    document_key: str
    document_number: str
    line: str
    party: str
    text: str
    charge_account: str | None
    source_account: str
    cost_centre: str | None
    account: str | None
    project: str | None
    amount: Money
    accrue_on: date
    reverse_on: date
    doubt: str = ""
    """The exception class that the document waits with: it may not be owed as it stands."""

    @property
    def is_bookable(self) -> bool:
        return self.charge_account is not None


@dataclass(frozen=True, slots=True)
class Frame:
    """What all lines of one proposal share."""

    accrue_on: date
    """The period's last day; the reversal is on the day after it."""
    delimiter: str
    segments: tuple[str, ...]
    """Names of the combination's segments, in order."""

    @property
    def reverse_on(self) -> date:
        return self.accrue_on + timedelta(days=1)

    def segment(self, charge_account: str | None, name: str) -> str | None:
        """Return one segment of a combination, where it has it."""
        parts = charge_account.split(self.delimiter) if charge_account else []
        return (
            dict(zip(self.segments, parts, strict=False)).get(name)
            if len(parts) == len(self.segments)
            else None
        )


def open_minor(line: Received) -> int:
    """Return what of an order line has arrived and is not invoiced, in minor units; never below zero."""
    if line.ordered is None or line.ordered == 0:
        return max((line.received_minor or 0) - line.invoiced_minor, 0)
    if line.invoiced is not None:
        return max(_worth(line, line.received - line.invoiced), 0)
    return max(_worth(line, line.received) - line.invoiced_minor, 0)


def _worth(line: Received, quantity: Decimal) -> int:
    """At the order line's own price: all of it is worth exactly what was ordered."""
    assert line.ordered
    exact = Decimal(line.ordered_minor) * quantity / line.ordered
    return int(exact.to_integral_value(ROUND_HALF_EVEN))


def of_received(line: Received, bearers: Sequence[Bearer], frame: Frame) -> list[AccrualLine]:
    """Return the lines for what has arrived of an order line."""
    minor = open_minor(line)
    if not minor:
        return []
    part = Part(minor, tuple(bearers), f"received, not invoiced: {line.order_number} line {line.line}")
    return list(
        _spread([part], line.currency, frame, "received_not_invoiced", "purchase_order", line.order_key,
                line.order_number, line.line, line.supplier)
    )  # fmt: skip


def of_document(
    parts: Iterable[Part],
    *,
    currency: str,
    frame: Frame,
    entity: str,
    document_key: str,
    document_number: str,
    party: str,
    doubt: str = "",
) -> list[AccrualLine]:
    """Return the lines for an approved document that is not posted, numbered within it."""
    return list(
        _spread(
            parts,
            currency,
            frame,
            "approved_not_posted",
            entity,
            document_key,
            document_number,
            None,
            party,
            doubt,
        )
    )


def with_doubts(lines: Sequence[AccrualLine]) -> list[AccrualLine]:
    """Say of what was received which approved invoice of the same supplier and amount may be its bill: an invoice that
    names no order would else be accrued twice."""
    bills = {
        (line.party, line.amount): line.document_number
        for line in reversed(lines)
        if line.kind == "approved_not_posted" and line.entity == Invoice.entity
    }
    return [
        replace(line, doubt=f"may be invoiced by {bill}")
        if line.kind == "received_not_invoiced" and (bill := bills.get((line.party, line.amount)))
        else line
        for line in lines
    ]


def _spread(
    parts: Iterable[Part],
    currency: str,
    frame: Frame,
    kind: Kind,
    entity: str,
    document_key: str,
    document_number: str,
    line: str | None,
    party: str,
    doubt: str = "",
) -> Iterator[AccrualLine]:
    number = 0
    for part in parts:
        bearers = part.bearers or (Bearer(None, ""),)
        amounts = Money(amount_minor=part.amount_minor, currency=currency).share(
            [one.weight for one in bearers]
        )
        for bearer, amount in zip(bearers, amounts, strict=True):
            if not amount.amount_minor:
                continue
            number += 1
            account = bearer.charge_account
            yield AccrualLine(
                kind, entity, document_key, document_number, line or str(number), party, part.text, account,
                bearer.source_account, frame.segment(account, "cost_centre"), frame.segment(account, "account"),
                frame.segment(account, "project"), amount, frame.accrue_on, frame.reverse_on, doubt,
            )  # fmt: skip


def invoice_parts(
    invoice: Invoice,
    accounts: Mapping[str, str],
    of_order: Mapping[tuple[str, str], Sequence[Bearer]],
    resolve: Resolve,
    lost_tax_minor: int = 0,
) -> list[Part]:
    """Return what an invoice costs. Tax that comes back is no cost; what does not, and freight without an account of its
    own, goes where the items go. `accounts` are what its process resolved so far: `LINE/PART`, `freight/LINE`; `resolve`
    knows what mapping tables have by now."""
    own: list[Part] = []
    spread: list[tuple[int, str]] = (
        [(lost_tax_minor, "tax that does not come back")] if lost_tax_minor else []
    )
    for line in invoice.lines:
        text = line.description or line.kind
        if line.kind == "tax":
            continue
        bearers = _bearers(line, accounts, of_order, resolve)
        if bearers or line.kind == "item":
            own.append(Part(line.amount.amount_minor, bearers or (Bearer(None, line.account or ""),), text))
        else:
            spread.append((line.amount.amount_minor, text))
    everyone = _everyone(own, invoice.currency)
    return own + [Part(minor, everyone, text) for minor, text in spread]


def _bearers(
    line: InvoiceLine,
    accounts: Mapping[str, str],
    of_order: Mapping[tuple[str, str], Sequence[Bearer]],
    resolve: Resolve,
) -> tuple[Bearer, ...]:
    if line.order_number and line.order_line:
        return tuple(of_order.get((line.order_number, line.order_line), ()))
    if line.distributions:
        return tuple(
            Bearer(
                accounts.get(f"{line.number}/{one.number}")
                or resolve(one.segments, one.account, line.category),
                one.account,
                one.amount.amount_minor,
            )
            for one in line.distributions
        )
    found = accounts.get(f"freight/{line.number}")
    return (Bearer(found, line.account or ""),) if found or line.account else ()


def _everyone(parts: Sequence[Part], currency: str) -> tuple[Bearer, ...]:
    """All who bear the items, each by what they bear."""
    sums: dict[tuple[str | None, str], int] = {}
    for part in parts:
        shares = Money(amount_minor=part.amount_minor, currency=currency).share(
            [one.weight for one in part.bearers]
        )
        for bearer, share in zip(part.bearers, shares, strict=True):
            key = (bearer.charge_account, bearer.source_account)
            sums[key] = sums.get(key, 0) + share.amount_minor
    return tuple(Bearer(account, source, weight) for (account, source), weight in sums.items())
