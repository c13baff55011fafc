"""What is planted in receipts and invoices so far, and what is still free for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from adapters.simulation import Fault
from finsync_tui.rehearse import invoice_catalogue as catalogue
from finsync_tui.rehearse.dice import dice
from finsync_tui.rehearse.invoice_plan import FIRST_ID, LAST_DAYS
from finsync_tui.rehearse.invoice_shapes import Arrival, Bill, BillLine, Payables
from finsync_tui.rehearse.planted import SOURCE, Closure, Plant, Scenario, charged_to
from finsync_tui.rehearse.purchases import on_working_day
from finsync_tui.rehearse.shapes import Order

_LONG: Final = timedelta(days=28)
"""What has a long history begins so much earlier than the last invoice."""


@dataclass
class Field:
    """The payables of a scenario while trouble is planted in them."""

    before: Scenario
    plants: list[Plant] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    saturdays: set[date] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.company = self.before.company
        self.chance = dice(self.company.seed, "planted payables")
        self.bills: dict[int, Bill] = dict(self.before.payables.bills)
        self.orders: dict[str, Order] = {}
        """Those that are other than before."""
        self.arrivals: dict[str, list[Arrival]] = {}
        """By order."""
        for one in self.before.payables.arrivals:
            self.arrivals.setdefault(one.order, []).append(one)
        ended = {one.number for one in self.company.changes if one.kind != "revise"}
        counts: dict[str | None, int] = {}
        for bill in self.bills.values():
            counts[bill.order] = counts.get(bill.order, 0) + 1
        self.free = [
            bill
            for bill in self.bills.values()
            if bill.order is None or (counts[bill.order] == 1 and bill.order not in ended)
        ]
        self.chance.shuffle(self.free)
        early = self.company.ends_at - timedelta(days=LAST_DAYS) - _LONG
        planted = {one.subject for one in self.before.plants}
        self.plain = {
            number
            for number, order in self.company.orders.items()
            if number not in planted and number not in {one.number for one in self.company.changes}
        }
        """Orders that nothing happens to."""
        self.cancelled = [
            one
            for one in self.company.changes
            if one.kind == "cancel" and one.at < early and one.number not in planted
        ]

    def take(self, fits: Callable[[Bill], bool] = lambda bill: True) -> Bill | None:
        """Return a free invoice that fits and is free no longer; None: there is none left."""
        for n, bill in enumerate(self.free):
            if fits(bill):
                return self.free.pop(n)
        return None

    def note(self, class_: str, bill: Bill, system: str = SOURCE) -> None:
        self.bills[bill.invoice_id] = bill
        self.plants.append(Plant(class_, bill.number, bill.key, system, bill.approved_at, about="invoice"))

    def charge(self, bill: Bill, centre: str) -> Bill:
        """Charge an invoice's order, and what it invoices of it, to one cost centre; return the invoice."""
        assert bill.order is not None, "only an order is charged before its invoice comes"
        order = charged_to(self.company.orders[bill.order], centre)
        self.orders[order.number] = order
        splits = {line.number: line.splits for line in order.lines}
        lines = (replace(one, what=replace(one.what, splits=splits[one.what.number])) for one in bill.lines)
        return replace(bill, lines=tuple(lines))

    def copy(self, bill: Bill, days: int, number: str | None = None) -> Bill:
        """Return the invoice as it comes once more, so many days later."""
        made_id = FIRST_ID + len(self.bills)
        at = on_working_day(bill.approved_at + timedelta(days=days))
        again = replace(
            moved(bill, at),
            invoice_id=made_id,
            number=f"R-{made_id}" if number is None else number,
            dated=bill.dated + timedelta(days=days),
        )
        self.bills[made_id] = again
        return again

    def target(self, bill: Bill) -> str:
        return self.company.legal_entities[bill.legal_entity].system

    def add_fault(self, system: str, fault: Fault) -> None:
        self.faults.setdefault(system, []).append(fault)

    def closures(self) -> list[Closure]:
        """Return the closures that are still closed on the day after, in the same period."""
        return [
            one
            for one in self.before.closures
            if (one.closed_at + timedelta(days=1)).month == one.closed_at.month
        ]

    def saturday(self, after: datetime, before: datetime) -> datetime | None:
        """Return the midnight of a Saturday in between that nobody else has and on which no ledger is closed."""
        closed = {one.closed_at.date() for one in self.before.closures}
        day = (after + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        while day + timedelta(days=1) < before:
            if day.weekday() == 5 and day.date() not in closed | self.saturdays:
                self.saturdays.add(day.date())
                return day
            day += timedelta(days=1)
        return None

    def is_early(self, bill: Bill) -> bool:
        """Whether its goods are there before it is approved, and it comes long before the year's end."""
        arrived = (one.at < bill.approved_at for one in self.arrivals.get(bill.order or "", ()))
        last = self.company.ends_at - timedelta(days=LAST_DAYS) - _LONG
        return bill.approved_at < last and all(arrived)

    def is_of_goods(self, bill: Bill) -> bool:
        """Whether it is matched with what has arrived."""
        return bill.order is not None and bill.legal_entity in catalogue.THREE_WAY and self.is_early(bill)

    def scenario(self) -> Scenario:
        faults: Mapping[str, tuple[Fault, ...]] = {
            system: (*self.before.faults.get(system, ()), *self.faults.get(system, ()))
            for system in dict.fromkeys((*self.before.faults, *self.faults))
        }
        arrivals = tuple(one for found in self.arrivals.values() for one in found)
        plants = (*self.before.plants, *sorted(self.plants, key=lambda one: (one.at, one.subject)))
        company = replace(self.company, orders={**self.company.orders, **self.orders})
        payables = Payables(arrivals, self.bills)
        return replace(self.before, company=company, payables=payables, plants=plants, faults=faults)


def moved(bill: Bill, approved_at: datetime) -> Bill:
    """Return the invoice as one that is approved at another time."""
    shift = approved_at - bill.approved_at
    return replace(bill, approved_at=approved_at, entered_at=bill.entered_at + shift)


def is_before_thursday(bill: Bill) -> bool:
    """Whether it is posted before Thursday afternoon, and not paid before Saturday."""
    return bill.approved_at.weekday() < 3


def with_first(bill: Bill, changed: BillLine) -> Bill:
    return replace(bill, lines=(changed, *bill.lines[1:]))


def with_code(bill: Bill, code: str) -> Bill:
    return replace(bill, lines=tuple(replace(one, tax_code=code) for one in bill.lines))


def is_taxed(bill: Bill) -> bool:
    known = catalogue.TAX_CODES[bill.lines[0].tax_code]
    return known.rate > 0 and not known.is_reverse_charge and bill.tax > 2
