"""What arrives and is invoiced over the year, nothing wrong with any of it: orders in parts, credit notes, purchases without an order.

Only orders that nothing is planted in are delivered, in the version that they end in, once that is in the ERP.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final

from finsync_tui.rehearse import catalogue as books
from finsync_tui.rehearse import invoice_catalogue as catalogue
from finsync_tui.rehearse.dice import dice
from finsync_tui.rehearse.invoice_shapes import Arrival, Bill, BillLine, Payables
from finsync_tui.rehearse.planted import Scenario
from finsync_tui.rehearse.purchases import arrival, is_exact, later, new_line, on_working_day
from finsync_tui.rehearse.shapes import Company, Line, Order, Supplier

INVOICE_COUNT: Final = 1500
RECEIPT_COUNT: Final = 1200
"""A year at scale 1."""
LEAST: Final = 90
"""Fewer invoices would leave no room for each kind of trouble."""
FIRST_ID: Final = 900_001
_WITHOUT_ORDER_SHARE: Final = 0.13
_PARTS_SHARE, _CREDIT_SHARE, _FREIGHT_SHARE, _CHEAPER_SHARE, _EARLY_SHARE = 0.22, 0.08, 0.15, 0.04, 0.08
_SETTLED: Final = timedelta(days=7)
"""After so many days an order, or a change of it, is in force in the ERP."""
_APART_DAYS: Final = 15
"""Equal amounts of one order that are closer would look like one invoice sent twice."""
LAST_DAYS: Final = 22
"""So long before the end of the year the last invoice is approved: what is owed is then paid within it."""
_BEFORE_CLOSE: Final = timedelta(days=5)
_CENT: Final = Decimal("0.01")


@dataclass
class Plan:
    """What is planned so far."""

    company: Company
    chance: random.Random
    arrivals: list[Arrival] = field(default_factory=list)
    bills: dict[int, Bill] = field(default_factory=dict)

    @property
    def last_at(self) -> datetime:
        return self.company.ends_at - timedelta(days=LAST_DAYS)

    def add(self, bill: Bill) -> Bill:
        self.bills[bill.invoice_id] = bill
        return bill

    def next_id(self) -> int:
        return FIRST_ID + len(self.bills)

    def later(self, after: datetime, days: int, order: Order | Bill) -> datetime:
        return later(self.chance, after, days, self.company.legal_entities[order.legal_entity])

    def receives(self, legal_entity: str) -> bool:
        return legal_entity in catalogue.THREE_WAY


def plan(scenario: Scenario, scale: float) -> Scenario:
    """Return the scenario with what arrives and is invoiced; the same scenario gives the same."""
    company = scenario.company
    made = Plan(company, dice(company.seed, "payables"))
    count = max(LEAST, round(INVOICE_COUNT * scale))
    receipts = max(LEAST, round(RECEIPT_COUNT * scale))
    without = round(count * _WITHOUT_ORDER_SHARE)
    orders = deliverable(scenario)
    made.chance.shuffle(orders)
    for order, starts_at, until in orders:
        if len(made.bills) >= count - without:
            break
        if made.receives(order.legal_entity) and len(made.arrivals) >= receipts:
            continue
        deliver(made, order, starts_at, until)
    for _ in range(count - len(made.bills)):
        without_order(made)
    return replace(scenario, payables=Payables(tuple(made.arrivals), made.bills))


def deliverable(scenario: Scenario) -> list[tuple[Order, datetime, datetime]]:
    """Return the orders that may be delivered, as they end, from when, and until when all of it must have been invoiced."""
    company = scenario.company
    taken = {one.subject for one in scenario.plants}
    lines = {number: order.lines for number, order in company.orders.items()}
    starts = {number: order.issued_at for number, order in company.orders.items()}
    ends = dict.fromkeys(company.orders, company.ends_at - timedelta(days=LAST_DAYS))
    cancelled = set()
    for change in company.changes:
        if change.kind == "revise":
            lines[change.number], starts[change.number] = change.lines, change.at
        elif change.kind == "close":
            ends[change.number] = min(ends[change.number], change.at - _BEFORE_CLOSE)
        else:
            cancelled.add(change.number)
    return [
        (replace(order, lines=lines[number]), starts[number] + _SETTLED, ends[number])
        for number, order in company.orders.items()
        if number not in taken and number not in cancelled and order.defect is None
    ]


def deliver(made: Plan, order: Order, starts_at: datetime, until: datetime) -> None:
    """Plan receipts and invoices of one order, unless there is not time enough."""
    chance = made.chance
    parts = _in_parts(order.lines) if chance.random() < _PARTS_SHARE else None
    draws = [chance.random() for _ in range(4)]
    arrives_at = made.later(starts_at, chance.randint(0, 4), order)
    billed_at = made.later(arrives_at, chance.randint(1, 5), order)
    second_at = made.later(billed_at, _APART_DAYS, order)
    last_at = second_at if parts is not None else billed_at
    if last_at + timedelta(days=4) > until:
        return
    for lines, at, paid_at in (
        ((order.lines, arrives_at, billed_at),)
        if parts is None
        else (
            (parts[0], arrives_at, billed_at),
            (parts[1], on_working_day(billed_at + timedelta(days=1)), second_at),
        )
    ):
        is_early = draws[0] < _EARLY_SHARE and made.receives(order.legal_entity)
        receive(made, order, lines, made.later(paid_at, 3, order) if is_early else at)
        bill(made, order, lines, paid_at, is_cheaper=draws[1] < _CHEAPER_SHARE, has_freight=draws[2])
    if draws[3] < _CREDIT_SHARE:
        _credit(made, order, last_at, until)


def receive(made: Plan, order: Order, lines: Sequence[Line], at: datetime) -> None:
    """Plan that these lines arrive, if the company receives at all."""
    if not made.receives(order.legal_entity):
        return
    for line in lines:
        size = line.amount if line.quantity is None else line.quantity
        made.arrivals.append(
            Arrival(order.number, line.number, size, at, order.requester, is_by_amount=line.quantity is None)
        )


def bill(
    made: Plan,
    order: Order,
    lines: Sequence[Line],
    approved_at: datetime,
    *,
    is_cheaper: bool = False,
    has_freight: float = 1.0,
) -> Bill:
    """Plan an invoice over these lines of an order."""
    buyer = made.company.legal_entities[order.legal_entity]
    supplier = made.company.suppliers[order.supplier]
    priced = [_cheaper(line) if is_cheaper else line for line in lines]
    made_id = made.next_id()
    return made.add(
        Bill(
            invoice_id=made_id,
            number=f"R-{made_id}",
            legal_entity=order.legal_entity,
            supplier=order.supplier,
            order=order.number,
            lines=tuple(_taxed(one, buyer.country, supplier) for one in priced),
            currency=buyer.currency,
            **_history(made, order, approved_at),  # type: ignore[arg-type]
            freight=_freight(made.chance, has_freight),
        )
    )


def _history(made: Plan, about: Order | Bill, approved_at: datetime) -> dict[str, object]:
    chance = made.chance
    entered_at = approved_at - timedelta(hours=chance.randint(1, 5))
    return {
        "dated": (approved_at - timedelta(days=chance.randint(1, 4))).date(),
        "entered_at": entered_at,
        "approved_at": approved_at,
        "approver": chance.choice(sorted(made.company.people)),
    }


def _taxed(line: Line, country: str, supplier: Supplier) -> BillLine:
    return BillLine(line, catalogue.tax_code(country, supplier.country, line.commodity))


def _freight(chance: random.Random, draw: float) -> Decimal:
    amount = Decimal(chance.randint(500, 9_000)).scaleb(-2)
    return amount if draw < _FREIGHT_SHARE else Decimal(0)


def _cheaper(line: Line) -> Line:
    """Return a line at one per cent less, where that is whole cents: it is within what may differ."""
    price = (line.price * Decimal("0.99")).quantize(_CENT, ROUND_DOWN)
    changed = replace(line, price=price)
    is_near = line.price * (100 - catalogue.PRICE_TOLERANCE) <= price * 100
    return changed if line.quantity is not None and price and is_near and is_exact(changed) else line


def _in_parts(lines: Sequence[Line]) -> tuple[tuple[Line, ...], tuple[Line, ...]] | None:
    """Split the lines into what comes first and what comes later; None: nothing of it can be split."""
    first, second = [], []
    for line in lines:
        halves = _halves(line)
        if halves is None:
            first.append(line)
        else:
            first.append(halves[0])
            second.append(halves[1])
    return (tuple(first), tuple(second)) if second else None


def _halves(line: Line) -> tuple[Line, Line] | None:
    if line.quantity is None:
        part = (line.price * Decimal("0.6")).quantize(_CENT, ROUND_DOWN)
        return replace(line, price=part), replace(line, price=line.price - part)
    part = (line.quantity * Decimal("0.6")).to_integral_value(ROUND_DOWN)
    first, second = replace(line, quantity=part), replace(line, quantity=line.quantity - part)
    return (first, second) if part and is_exact(first) and is_exact(second) else None


def _credit(made: Plan, order: Order, after: datetime, until: datetime) -> None:
    """Plan that a part of the last invoice goes back and is credited."""
    last = made.bills[FIRST_ID + len(made.bills) - 1]
    at = made.later(after, 8, order)
    whole = next((one for one in last.lines if one.what.quantity is not None), None)
    if whole is None or at + timedelta(days=6) > until or at > made.last_at:
        return
    halves = _halves(whole.what)
    if halves is None:
        return
    back = halves[1]
    assert back.quantity is not None
    for n, one in enumerate(made.arrivals):
        if one.key == f"{order.number}/{back.number}" and one.size >= back.quantity and one.at < at:
            made.arrivals[n] = replace(one, returned=back.quantity, returned_at=at)
            break
    else:
        if made.receives(order.legal_entity):
            return
    credited_at = made.later(at, 2, order)
    line = replace(whole, what=replace(back, price=whole.what.price, quantity=-back.quantity))
    made_id = made.next_id()
    made.add(
        replace(
            last,
            invoice_id=made_id,
            number=f"CN-{made_id}",
            kind="credit",
            original=last.number,
            lines=(line,),
            freight=Decimal(0),
            **_history(made, order, credited_at),  # type: ignore[arg-type]
        )
    )


def without_order(made: Plan) -> Bill:
    """Plan an invoice that nobody ordered."""
    chance, company = made.chance, made.company
    buyer = chance.choice(list(company.legal_entities.values()))
    supplier = chance.choice([one for one in company.suppliers.values() if _is_plain(one, buyer.number)])
    while True:
        at = arrival(chance, buyer)
        if company.starts_at + timedelta(days=5) < at < made.last_at:
            break
    lines = tuple(_free_lines(chance, buyer.number))
    made_id = made.next_id()
    about = Order("", 0, buyer.number, supplier.number, at, chance.choice(sorted(company.people)), (), ())
    return made.add(
        Bill(
            invoice_id=made_id,
            number=f"R-{made_id}",
            legal_entity=buyer.number,
            supplier=supplier.number,
            order=None,
            lines=tuple(_taxed(one, buyer.country, supplier) for one in lines),
            currency=buyer.currency,
            **_history(made, about, at),  # type: ignore[arg-type]
        )
    )


def _is_plain(supplier: Supplier, legal_entity: str) -> bool:
    return legal_entity in supplier.legal_entities and len(supplier.erp_numbers) == 1


def _free_lines(chance: random.Random, buyer: str) -> Iterator[Line]:
    for number in range(1, chance.choice((1, 1, 2)) + 1):
        line = new_line(chance, buyer, number)
        account = books.source_account(buyer, books.COMMODITIES[-1].account)
        yield line if is_exact(line) else replace(line, splits=(replace(line.splits[0], account=account),))
