"""The simulated systems of a company: filled, moved through the year, read at the end."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest

from finsync_tui.rehearse import catalogue
from finsync_tui.rehearse.company import build
from finsync_tui.rehearse.documents import DEFECT_NAMES
from finsync_tui.rehearse.planted import DEFECTS, plant
from finsync_tui.rehearse.systems import Secrets
from finsync_tui.rehearse.timeline import events
from finsync_tui.rehearse.world import World, make

SMALL = 0.02
KEYS = Secrets("one", "two", "three", "four")


def a_world(state: dict[str, object] | None = None) -> World:
    return make(7, SMALL, "typical", KEYS, state)


def test_first_day_has_no_orders() -> None:
    """On the first day everything is there but the orders."""
    world = a_world()

    report = world.report()
    assert ((), ()) == (report.source_orders, report.target_orders)
    assert len(world.scenario.company.suppliers) == len(world.systems.coupa.documents("suppliers"))
    assert len(world.scenario.company.people) < len(world.systems.coupa.documents("users"))


def test_moving_lets_things_happen_once() -> None:
    """Each event happens when its instant has come, with its own time; going back changes nothing."""
    world = a_world()
    orders = sorted(world.scenario.company.orders.values(), key=lambda one: one.issued_at)

    world.move(orders[0].issued_at - timedelta(seconds=1))
    assert 0 == len(world.report().source_orders)

    world.move(orders[1].issued_at + timedelta(hours=2))
    world.move(world.starts_at)
    assert orders[1].issued_at + timedelta(hours=2) == world.now()
    shown = world.systems.coupa.documents("purchase_orders")
    assert {orders[0].coupa_id, orders[1].coupa_id} <= {one["id"] for one in shown}


def test_a_year_later_the_source_holds_what_was_planned() -> None:
    """Every order stands there with the lines, the total and the status that its history gives it."""
    world = a_world()
    company = world.scenario.company

    world.move(world.ends_at)

    lines = {order.number: order.lines for order in company.orders.values()}
    status = {order.number: "issued" for order in company.orders.values()}
    for change in company.changes:
        if change.kind == "revise":
            lines[change.number] = change.lines
        else:
            status[change.number] = {"cancel": "cancelled", "close": "closed"}[change.kind]
    wrong_total = {one.number for one in company.orders.values() if one.defect == "total_is_wrong"}
    unnumbered = sum(one.defect == "number_missing" for one in company.orders.values())
    held = {one.number: one for one in world.report().source_orders if one.number is not None}
    assert len(company.orders) == len(held) + unnumbered
    for number, order in held.items():
        assert status[number] == order.status
        if number not in wrong_total:
            assert sum(line.amount for line in lines[number]) * 100 == order.total_minor
        assert company.orders[number].legal_entity == order.legal_entity


def test_state_survives_a_restart() -> None:
    """A world that is written down in the middle of the year and read again goes on as if nothing had been."""
    first, middle = a_world(), a_world().starts_at + timedelta(days=150)
    first.move(middle)

    second = a_world(json.loads(json.dumps(first.dump())))
    for world in (first, second):
        world.move(world.ends_at)

    assert first.report() == second.report()
    assert len(second.events) == second.applied_count


def test_erp_knows_the_suppliers_it_should() -> None:
    """Unknown suppliers are in no ERP, ambiguous ones twice in theirs under one tax id, the others once."""
    world = a_world()

    for system, erp in world.systems.erps.items():
        found = Counter(row.data["TaxpayerId"] for row in erp.world.tables["suppliers"])
        entities = {one.number for one in world.scenario.company.entities_of(system)}
        for supplier in world.scenario.company.suppliers.values():
            wanted = len(supplier.erp_numbers) if entities & set(supplier.legal_entities) else 0
            assert wanted == found[supplier.tax_id]


def test_closed_cost_centre_leaves_the_others_alone() -> None:
    """Each company's closing cost centre is disabled in its ERP on its day, and no other is."""
    world = a_world()
    world.move(world.ends_at)

    for system, erp in world.systems.erps.items():
        code = {"oracle-emea": "EMEA", "oracle-amer": "AMER"}[system]
        rows = erp.world.value_set(f"{code} Cost Centre")
        assert rows is not None
        closed = {row.data["Value"] for row in rows.of("values") if row.data["EnabledFlag"] == "N"}
        wanted = {catalogue.CLOSING_CENTRE[one.number] for one in world.scenario.company.entities_of(system)}
        assert wanted == closed


def test_timeline_is_in_order_and_repeats() -> None:
    """The same scenario gives the same events, in order of time."""
    one, other = (events(plant(build(7, SMALL), "typical", SMALL)) for _ in range(2))

    assert [(e.at, e.what, e.subject) for e in one] == [(e.at, e.what, e.subject) for e in other]
    assert list(one) == sorted(one, key=lambda event: event.at)
    kinds = {event.what for event in one}
    assert {"issued", "revised", "touched", "closed early", "opened again", "cost centre closed"} <= kinds


@pytest.mark.parametrize("class_", sorted(DEFECTS))
def test_every_defect_is_known(class_: str) -> None:
    """What is planted as damage is something that the documents know how to damage."""
    assert set(DEFECTS[class_]) <= DEFECT_NAMES
