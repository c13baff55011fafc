"""What arrives and is invoiced over the rehearsed year, and the trouble planted in it: all of it there, none in another's way."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache

import pytest

from finsync_tui.rehearse import expense_planted, invoice_plan
from finsync_tui.rehearse import invoice_catalogue as catalogue
from finsync_tui.rehearse.catalogue import CLOSING_CENTRE, source_centre
from finsync_tui.rehearse.company import build
from finsync_tui.rehearse.invoice_planted import BUSINESS, DOUBLES, HISTORY, LIES, TECHNICAL, plant
from finsync_tui.rehearse.invoice_timeline import thursday
from finsync_tui.rehearse.planted import CLOSED_ON, Level, Plant, Scenario
from finsync_tui.rehearse.planted import plant as plant_orders

SMALL = 0.02


@cache
def a_plan(level: Level = "typical", scale: float = SMALL, seed: int = 7) -> Scenario:
    """Return a scenario whose payables have no trouble yet."""
    orders = plant_orders(build(seed, scale), level, scale)
    return invoice_plan.plan(expense_planted.plant(orders, level, scale), scale)


@cache
def a_scenario(level: Level = "typical", scale: float = SMALL) -> Scenario:
    return plant(a_plan(level, scale), level, scale)


def plants(scenario: Scenario) -> list[Plant]:
    return [one for one in scenario.plants if one.about == "invoice"]


def classes(scenario: Scenario) -> Counter[str]:
    return Counter(one.class_ for one in plants(scenario))


def test_a_year_has_so_many_of_each() -> None:
    """At scale 1 there are 1,500 invoices, about one in eight without an order, and some 1,200 receipts."""
    payables = a_plan(scale=1.0).payables

    assert invoice_plan.INVOICE_COUNT == len(payables.bills)
    assert 185 <= sum(one.order is None for one in payables.bills.values()) <= 260
    assert 1_150 <= len(payables.arrivals) <= 1_260


def test_it_has_every_shape() -> None:
    """Parts, credit notes, freight, cheaper prices, late goods, several tax codes and tax that does not come back."""
    scenario = a_plan(scale=1.0)
    bills = scenario.payables.bills.values()
    orders = Counter(one.order for one in bills if one.kind == "invoice" and one.order)
    ordered = {
        (number, line.number): line.price
        for number, order in scenario.company.orders.items()
        for line in order.lines
    }

    assert max(orders.values()) > 1
    assert any(one.kind == "credit" and one.total < 0 for one in bills)
    assert any(one.freight for one in bills)
    assert {*catalogue.TAX_CODES} == {line.tax_code for one in bills for line in one.lines}
    assert any(
        one.order and ordered.get((one.order, line.what.number), line.what.price) > line.what.price
        for one in bills
        for line in one.lines
        if line.what.quantity is not None
    )
    approved = {one.order: one.approved_at for one in bills}
    assert any(one.at > approved[one.order] for one in scenario.payables.arrivals if one.order in approved)


@pytest.mark.parametrize("seed", range(1, 8))
def test_nothing_but_what_is_planted_meets_a_closed_period(seed: int) -> None:
    """Goods arrive, and invoices are approved, on days on which their ledger is open, unless that is the trouble."""
    scenario = plant(a_plan(scale=1.0, seed=seed), "typical", 1.0)
    entities, orders = scenario.company.legal_entities, scenario.company.orders
    planted = {one.subject for one in plants(scenario) if one.class_ == "PERIOD_CLOSED"}
    arrivals = ((one.key, orders[one.order].legal_entity, one.at) for one in scenario.payables.arrivals)
    bills = ((one.number, one.legal_entity, one.approved_at) for one in scenario.payables.bills.values())

    met = {
        name
        for name, entity, at in (*arrivals, *bills)
        for closed in scenario.closures
        if closed.ledger == entities[entity].ledger and closed.closed_at <= at < closed.opened_at
    }

    assert met == planted


def test_no_order_is_invoiced_beyond_what_was_ordered() -> None:
    """Without trouble, what is invoiced of an order line, credit notes taken off, is at most what was ordered in the end."""
    scenario = a_plan(scale=1.0)
    company = scenario.company
    lines = {number: order.lines for number, order in company.orders.items()}
    lines |= {one.number: one.lines for one in company.changes if one.kind == "revise"}
    sums: dict[tuple[str, int], Decimal] = {}
    for bill in scenario.payables.bills.values():
        for line in bill.lines if bill.order else ():
            key = (bill.order or "", line.what.number)
            size = line.what.price if line.what.quantity is None else line.what.quantity
            sums[key] = sums.get(key, Decimal(0)) + size

    for (number, place), size in sums.items():
        line = next(one for one in lines[number] if one.number == place)
        assert 0 <= size <= (line.price if line.quantity is None else line.quantity)


def test_orders_with_trouble_are_not_delivered() -> None:
    """An order that something is planted in has neither receipts nor invoices of its own."""
    scenario = a_plan(scale=1.0)
    planted = {one.subject for one in scenario.plants if one.about == "order"}

    assert not planted & {one.order for one in scenario.payables.bills.values()}
    assert not planted & {one.order for one in scenario.payables.arrivals}


def test_same_seed_same_trouble() -> None:
    """Two scenarios of one seed are equal."""
    assert a_scenario() == plant(a_plan(), "typical", SMALL)


@pytest.mark.parametrize("scale", [SMALL, 1.0])
def test_every_class_is_planted(scale: float) -> None:
    """Each kind of trouble is there, however small the company; as often as the tables say at scale 1."""
    found = classes(a_scenario(scale=scale))

    assert {*BUSINESS, *DOUBLES, *HISTORY, *TECHNICAL, *LIES} == set(found)
    if scale == 1.0:
        assert {**BUSINESS, **DOUBLES, **HISTORY, **TECHNICAL, **LIES} == dict(found)


def test_orders_and_expenses_keep_their_trouble() -> None:
    """What is planted elsewhere is the same with and without payables; only orders that nothing else happens to are charged anew."""
    before, after = a_plan(), a_scenario()
    orders = before.company.orders
    anew = {number for number, one in after.company.orders.items() if one != orders[number]}

    assert before.plants == tuple(one for one in after.plants if one.about != "invoice")
    assert replace(before.company, orders={}) == replace(after.company, orders={})
    assert list(orders) == list(after.company.orders)
    assert classes(after)["APPROVAL_STALE"] == len(anew)
    assert set() == anew & {
        *(one.subject for one in before.plants),
        *(one.number for one in before.company.changes),
    }


def test_what_rests_on_a_closed_cost_centre_was_ordered_before_it_was_closed() -> None:
    """Order and invoice are charged to it; the order is long in the ERP, and the invoice comes afterwards."""
    scenario = a_scenario(scale=1.0)
    stale = {one.key for one in plants(scenario) if one.class_ == "APPROVAL_STALE"}
    bills = [one for one in scenario.payables.bills.values() if one.key in stale]

    assert BUSINESS["APPROVAL_STALE"] == len(bills)
    for bill in bills:
        order = scenario.company.orders[bill.order or ""]
        closed_on = CLOSED_ON[bill.legal_entity]
        centre = source_centre(bill.legal_entity, CLOSING_CENTRE[bill.legal_entity])
        assert order.issued_at.date() < closed_on < bill.approved_at.date()
        for line in (*order.lines, *(one.what for one in bill.lines)):
            assert [centre] == [one.cost_centre for one in line.splits]


def test_levels_differ_in_technical_trouble_only() -> None:
    """Without faults there is business trouble and history only; a storm has more of the technical kind."""
    calm, storm = classes(a_scenario("none")), classes(a_scenario("storm", scale=1.0))

    assert {*BUSINESS, *DOUBLES, *HISTORY} == set(calm)
    assert storm["OUTCOME_UNKNOWN"] > 2 * TECHNICAL["OUTCOME_UNKNOWN"]
    assert storm["THROTTLED"] > 2 * TECHNICAL["THROTTLED"]


def test_no_invoice_has_two_troubles() -> None:
    """Each planted document has one plant."""
    found = Counter(one.key for one in plants(a_scenario("storm", scale=1.0)))

    assert {1} == set(found.values())


def test_everything_comes_before_the_year_ends() -> None:
    """There is time for all of it: waiting for goods, payment runs, and telling Coupa."""
    scenario = a_scenario("storm", scale=1.0)
    last = scenario.company.ends_at - timedelta(days=8)

    bills, arrivals = scenario.payables.bills.values(), scenario.payables.arrivals
    happenings = [(one.approved_at, one.voided_at, one.payment_voided_at, one.released_at) for one in bills]
    assert max(at for found in happenings for at in found if at is not None) < last
    assert max(one.at for one in arrivals) < last


def test_planted_invoices_differ_from_healthy_ones() -> None:
    """What is planted is really in the invoices, their goods and their history."""
    scenario = a_scenario(scale=1.0)
    bills = scenario.payables.bills
    arrived: dict[str, list[timedelta]] = {}
    approved = {one.order: one.approved_at for one in bills.values()}
    for one in scenario.payables.arrivals:
        if one.order in approved:
            arrived.setdefault(one.order, []).append(one.at - approved[one.order])
    numbers = Counter(one.number for one in bills.values())

    for one in plants(scenario):
        bill = bills.get(int(one.key.removeprefix("coupa:"))) if one.key.startswith("coupa:") else None
        if bill is None:
            continue
        match one.class_:
            case "MATCH_RECEIPT":
                assert min(arrived.get(bill.order or "", [timedelta(days=99)])) > timedelta(days=10)
            case "MATCH_CURRENCY":
                assert bill.currency != scenario.company.legal_entities[bill.legal_entity].currency
            case "INVOICE_DUPLICATE":
                assert numbers[bill.number] == 2
            case "TAX_DIFFERS":
                assert bill.tax_error
            case "TAX_CODE_UNKNOWN":
                assert bill.lines[0].tax_code not in catalogue.TAX_CODES
            case "INVOICE_ON_HOLD":
                assert bill.held_at is not None
                assert bill.released_at is not None
                assert bill.approved_at < bill.held_at < bill.released_at
            case "PAYMENT_TWICE_POSSIBLE":
                times = [bill.paid_in_part_at, bill.paid_again_at, bill.double_voided_at]
                assert [one for one in times if one is not None] == times
                assert times == sorted(times)  # type: ignore[type-var]
                assert times[2] < thursday(bill.approved_at).replace(hour=0) + timedelta(days=2)  # type: ignore[operator]
            case "VOIDED_BEFORE_POSTING":
                assert bill.order not in arrived
                assert bill.voided_at is not None
            case _:
                pass
