"""The planted trouble: all of it there, none of it in the way of another."""

from __future__ import annotations

from collections import Counter

import pytest

from finsync_tui.rehearse import catalogue
from finsync_tui.rehearse.company import build
from finsync_tui.rehearse.planted import (
    BUSINESS,
    CLOSED_ON,
    LIES,
    OUTGROWN,
    TECHNICAL,
    Level,
    Plant,
    Scenario,
    plant,
)

SMALL = 0.05


def a_scenario(level: Level = "typical", scale: float = SMALL, seed: int = 7) -> Scenario:
    return plant(build(seed, scale), level, scale)


def planted(scenario: Scenario) -> list[Plant]:
    """Return what was planted; orders that people make larger have a finding of their own all year."""
    return [one for one in scenario.plants if one.class_ != OUTGROWN]


def classes(scenario: Scenario) -> Counter[str]:
    return Counter(one.class_ for one in planted(scenario))


def test_same_seed_same_trouble() -> None:
    """Two scenarios of one seed are equal."""
    assert a_scenario() == a_scenario()


@pytest.mark.parametrize("scale", [SMALL, 1.0])
def test_every_class_is_planted(scale: float) -> None:
    """Each kind of trouble is there, however small the company; as often as the tables say at scale 1."""
    found = classes(a_scenario(scale=scale))

    assert set(found) == {*BUSINESS, *TECHNICAL, *LIES}
    if scale == 1.0:
        assert {**BUSINESS, **TECHNICAL, **LIES} == dict(found)


def test_none_plants_business_trouble_only() -> None:
    """Without faults the systems behave, and the business has its trouble all the same."""
    scenario = a_scenario("none")

    assert set(BUSINESS) == set(classes(scenario))
    assert not scenario.faults


def test_storm_multiplies_technical_trouble() -> None:
    """A storm brings ten times as much of it, connections that drop and gateways that fail."""
    calm, storm = classes(a_scenario(scale=1.0)), classes(a_scenario("storm", scale=1.0))

    assert 10 * calm["THROTTLED"] == storm["THROTTLED"]
    assert calm["SUPPLIER_UNKNOWN"] == storm["SUPPLIER_UNKNOWN"]
    assert storm["UNAVAILABLE"] > 0
    kinds = {fault.kind for faults in a_scenario("storm", scale=1.0).faults.values() for fault in faults}
    assert {"throttle", "lost_answer", "reset", "unavailable", "maintenance", "unsaved"} == kinds


@pytest.mark.parametrize("level", ["typical", "storm"])
def test_no_order_has_two_troubles(level: Level) -> None:
    """A plant's order has no other plant and, but for the revision that is the plant, no other history."""
    scenario = a_scenario(level, scale=1.0)

    subjects = [one.subject for one in planted(scenario) if one.subject in scenario.company.orders]
    assert len(subjects) == len(set(subjects))
    changed = {one.number for one in scenario.company.changes} - scenario.stale
    assert not changed & set(subjects)


def test_each_order_that_outgrows_its_requisition_has_to_be_noticed_once() -> None:
    """Whoever revises it, and however often: what its first version was over is what was approved."""
    scenario = a_scenario("storm", scale=1.0)
    company = scenario.company
    outgrown = [one.subject for one in scenario.plants if one.class_ == OUTGROWN]

    expected = {
        change.number
        for change in company.changes
        if change.kind == "revise"
        and sum(one.amount for one in change.lines)
        > sum(one.amount for one in company.orders[change.number].lines)
    }
    assert 200 < len(outgrown) == len(set(outgrown))
    assert expected == set(outgrown)


def test_subjects_differ_from_healthy_orders() -> None:
    """What is planted is really in the orders: suppliers, accounts, cost centres and documents."""
    scenario = a_scenario(scale=1.0)
    company = scenario.company

    by_class = {
        class_: [company.orders[one.subject] for one in scenario.plants if one.class_ == class_]
        for class_ in BUSINESS
    }
    twins = {
        class_: {len(company.suppliers[one.supplier].erp_numbers) for one in by_class[class_]}
        for class_ in ("SUPPLIER_UNKNOWN", "SUPPLIER_AMBIGUOUS")
    }
    assert {"SUPPLIER_UNKNOWN": {0}, "SUPPLIER_AMBIGUOUS": {2}} == twins
    for order in by_class["COST_CENTRE_INACTIVE"]:
        centre = catalogue.source_centre(order.legal_entity, catalogue.CLOSING_CENTRE[order.legal_entity])
        assert {centre} == {split.cost_centre for line in order.lines for split in line.splits}
        assert order.issued_at.date() > CLOSED_ON[order.legal_entity]
    assert all(order.defect for order in (*by_class["PAYLOAD_INVALID"], *by_class["TOTALS_DIFFER"]))
    budgets = {
        split.cost_centre
        for one in by_class["BUDGET_EXCEEDED"]
        for line in one.lines
        for split in line.splits
    }
    assert len(budgets) > 1, "some are found when submitted, some when approved"


def test_healthy_orders_avoid_what_is_forbidden() -> None:
    """No healthy order uses a special cost centre or the forbidden combination: it would be a false find."""
    scenario = a_scenario(scale=1.0)
    company, troubled = scenario.company, {one.subject for one in planted(scenario)}

    special = {
        catalogue.source_centre(entity, centre)
        for kind in catalogue.SPECIAL_CENTRES
        for entity, centre in kind.items()
    }
    for order in company.orders.values():
        if order.number in troubled:
            continue
        used = {(one.cost_centre, one.account) for line in order.lines for one in line.splits}
        centre, account = catalogue.FORBIDDEN
        forbidden = (
            catalogue.source_centre(order.legal_entity, centre),
            catalogue.source_account(order.legal_entity, account),
        )
        assert forbidden not in used
        assert not special & {one for one, _ in used}


def test_only_the_planted_orders_meet_a_closed_period() -> None:
    """While a ledger's period is closed, nothing of that ledger happens but the orders planted for it."""
    scenario = a_scenario(scale=1.0)
    company = scenario.company

    planted = {one.subject for one in scenario.plants if one.class_ == "PERIOD_CLOSED"}
    ledgers = {number: one.ledger for number, one in company.legal_entities.items()}
    happenings = [(order.issued_at, number) for number, order in company.orders.items()]
    happenings += [(change.at, change.number) for change in company.changes]
    met = set()
    for closure in scenario.closures:
        for at, number in happenings:
            is_here = ledgers[company.orders[number].legal_entity] == closure.ledger
            if is_here and closure.closed_at <= at < closure.opened_at:
                met.add(number)
    assert planted == met


def test_maintenance_lasts_a_day() -> None:
    """Each window is a day on a working day, and the plant names its system."""
    scenario = a_scenario("storm")

    windows = [one for one in scenario.plants if one.class_ == "MAINTENANCE"]
    assert len(windows) == 10
    assert all(
        one.until is not None and (one.until - one.at).days == 1 and one.at.weekday() < 5 for one in windows
    )
    assert {"oracle-emea", "oracle-amer"} == {one.subject for one in windows}
