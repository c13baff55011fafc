"""The trouble planted in the expenses: all of it there, none of it in the way of another."""

from __future__ import annotations

from collections import Counter

import pytest

from finsync_tui.rehearse import expense_catalogue as catalogue
from finsync_tui.rehearse.company import build
from finsync_tui.rehearse.expense_planted import BUSINESS, DEFECTS, HISTORY, LIES, TECHNICAL, plant
from finsync_tui.rehearse.planted import Level, Plant, Scenario
from finsync_tui.rehearse.planted import plant as plant_orders

SMALL = 0.02


def a_scenario(level: Level = "typical", scale: float = SMALL) -> Scenario:
    return plant(plant_orders(build(7, scale), level, scale), level, scale)


def plants(scenario: Scenario) -> list[Plant]:
    return [one for one in scenario.plants if one.about == "expense"]


def classes(scenario: Scenario) -> Counter[str]:
    return Counter(one.class_ for one in plants(scenario))


def test_same_seed_same_trouble() -> None:
    """Two scenarios of one seed are equal."""
    assert a_scenario() == a_scenario()


@pytest.mark.parametrize("scale", [SMALL, 1.0])
def test_every_class_is_planted(scale: float) -> None:
    """Each kind of trouble is there, however small the company; as often as the tables say at scale 1."""
    found = classes(a_scenario(scale=scale))

    assert {*BUSINESS, *HISTORY, *TECHNICAL, *LIES} == set(found)
    if scale == 1.0:
        recalled = HISTORY["RECALLED"]  # each has to be throttled, too, to be recalled in time
        wanted = {**BUSINESS, **HISTORY, **TECHNICAL, **LIES, "THROTTLED": TECHNICAL["THROTTLED"] + recalled}
        assert wanted == dict(found)


def test_orders_keep_their_trouble() -> None:
    """What is planted in the orders is the same with and without expenses."""
    company = build(7, SMALL)
    before = plant_orders(company, "typical", SMALL)

    after = plant(before, "typical", SMALL)

    assert before.plants == tuple(one for one in after.plants if one.about == "order")
    assert before.company.orders == after.company.orders


def test_none_plants_business_trouble_and_history_only() -> None:
    """Without faults the systems behave but for the moments in which somebody recalls a report."""
    assert {*BUSINESS, *HISTORY, "THROTTLED"} == set(classes(a_scenario("none")))


def test_a_storm_has_more_of_it() -> None:
    """A storm brings several times as much technical trouble, and reads that fail."""
    calm, storm = classes(a_scenario(scale=1.0)), classes(a_scenario("storm", scale=1.0))

    assert storm["OUTCOME_UNKNOWN"] > 2 * calm["OUTCOME_UNKNOWN"]
    assert storm["UNAVAILABLE"] > 0
    kinds = {one.kind for one in a_scenario("storm", scale=1.0).faults[catalogue.SOURCE]}
    assert {"throttle", "lost_answer", "reset", "unavailable", "maintenance", "unsaved"} == kinds


def test_no_report_has_two_troubles() -> None:
    """A report has one plant; a recalled one is throttled, too, so that there is time to recall it."""
    found: dict[str, list[str]] = {}
    for one in plants(a_scenario("storm", scale=1.0)):
        if one.until is None:
            found.setdefault(one.key, []).append(one.class_)

    assert {("RECALLED", "THROTTLED")} == {tuple(sorted(one)) for one in found.values() if len(one) > 1}


@pytest.mark.parametrize("level", ["typical", "storm"])
def test_saturdays_belong_to_one_report(level: Level) -> None:
    """On a Saturday nobody approves but who is planted there, one a day, so that a fault hits nobody else."""
    scenario = a_scenario(level, scale=1.0)
    planted = {one.key: one.class_ for one in plants(scenario)}

    weekends: dict[str, set[str]] = {}
    for claim in scenario.company.expenses.claims.values():
        if claim.approved_at.weekday() >= 5:
            weekends.setdefault(claim.approved_at.date().isoformat(), set()).add(claim.report_id)
    lonely = {day: ids for day, ids in weekends.items() if {planted[one] for one in ids} != {"PERIOD_CLOSED"}}
    assert lonely
    assert {1} == {len(ids) for ids in lonely.values()}


def test_only_planted_reports_meet_a_closed_period() -> None:
    """While a ledger is closed early, nothing of it is approved but the reports planted for it."""
    scenario = a_scenario(scale=1.0)
    company = scenario.company

    met = {
        claim.report_id
        for closure in scenario.closures
        for claim in company.expenses.claims.values()
        if company.legal_entities[claim.legal_entity].ledger == closure.ledger
        and closure.closed_at <= claim.approved_at < closure.opened_at
    }
    assert {one.key for one in plants(scenario) if one.class_ == "PERIOD_CLOSED"} == met


def test_planted_reports_differ_from_healthy_ones() -> None:
    """What is planted is really in the reports, their people and their documents."""
    scenario = a_scenario(scale=1.0)
    expenses = scenario.company.expenses

    for one in plants(scenario):
        if one.until is not None:
            continue
        claim = expenses.claims[one.key]
        owner = expenses.employees[claim.employee]
        match one.class_:
            case "APPROVER_SELF":
                assert claim.approver == claim.employee
            case "APPROVER_MISSING":
                assert (claim.approver, owner.superior) == (None, None)
            case "APPROVAL_LIMIT":
                limit = expenses.employees[claim.approver or ""].limit
                assert limit is not None
                assert limit < claim.total
            case "EMPLOYEE_UNKNOWN":
                assert not owner.is_payee
            case "TOTALS_DIFFER" | "PAYLOAD_INVALID":
                assert claim.defect in DEFECTS[one.class_]
            case "RECALLED":
                assert claim.recalled_at is not None
                assert claim.correction is not None
                assert claim.approved_at < claim.recalled_at < claim.correction.at
            case "APPROVED_BY_DELEGATE":
                assert claim.approver in expenses.employees[owner.superior or ""].delegates
            case _:
                pass
