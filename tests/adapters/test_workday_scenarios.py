"""The scenarios of the contract sheet, each as it happens to a company; by reports and by web services alike.

The tenant is in Los Angeles. `Held` reads as the engine does: from where it stopped, into what it holds.
"""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from adapters.base import Page, Translated
from adapters.errors import AdapterError, ControlTotalsError, RejectedError
from store.canonical.hierarchy import Hierarchy
from tests.adapters.setup_workday import WorkdayWorld, setup_workday, setup_workday_soap

DAY = timedelta(days=1)
TODAY = date(2026, 10, 1)
by_either_door = pytest.mark.parametrize(
    "setup", [setup_workday, setup_workday_soap], ids=["reports", "soap"]
)


class Held:
    """What was read so far, by entity and id."""

    def __init__(self, world: WorkdayWorld, **options: Any) -> None:
        self.world = world
        # By web services the two windows must find everything: nothing is left for the weekly read of all.
        self.adapter = world.connected(**{"whole_every_days": 1000, **options})
        self.records: dict[tuple[str, str], Any] = {}
        self.positions: dict[str, str] = {}
        self.page_count = 0

    def pull(self, entity: str = "employee", *, is_full: bool = False) -> dict[str, Any]:
        """Read on; return what is new or changed in content, by number."""

        async def collect() -> list[Page]:
            position = None if is_full else self.positions.get(entity)
            found = [page async for page in self.adapter.read(entity, position)]
            await self.adapter.aclose()
            return found

        pages = asyncio.run(collect())
        self.page_count = len(pages)
        changed = {}
        for page in pages:
            for one in self.adapter.translate(entity, page.rows):
                assert isinstance(one, Translated), one
                before = self.records.get((entity, one.external_id))
                if before is None or before.content_hash() != one.record.content_hash():
                    changed[one.record.number] = one.record
                    self.records[entity, one.external_id] = one.record
        assert pages[-1].position is not None
        self.positions[entity] = pages[-1].position
        return changed

    def all(self, entity: str) -> list[Any]:
        return [record for (kind, _), record in self.records.items() if kind == entity]

    def hierarchy(self) -> Hierarchy:
        self.pull("employee")
        self.pull("organisation")
        return Hierarchy(self.all("employee"), self.all("organisation"))


def a_move(world: WorkdayWorld, days_ahead: int) -> tuple[Held, str, str, str]:
    """Ben is known, and today a move of his to another cost centre is entered."""
    other = world.simulator.add_cost_centre("CC-4200", world.node, code="4200")
    ben = world.hire("21002", "Ben Example", world.plant)
    world.settle()
    held = Held(world)
    held.pull()
    event = world.simulator.change(ben, "TRANSFER", effective=TODAY + days_ahead * DAY, cost_centre=other)
    world.settle()
    return held, ben, other, event


@by_either_door
def test_1_a_cost_centre_move_entered_twenty_days_ahead_happens_on_its_day(setup: Any) -> None:
    """It is known at once as scheduled; the employee changes on the day, when nobody enters anything."""
    world = setup()
    held, ben, _, event = a_move(world, 20)

    held.pull()
    at_once = held.records["employee", ben].cost_centre
    waiting = held.pull("scheduled_change")[event]
    world.to(date(2026, 10, 20))
    before = held.pull()
    world.to(date(2026, 10, 21))
    on_the_day = held.pull()

    assert "CC-4100" == at_once
    assert ("scheduled", date(2026, 10, 21), "CC-4200", ben) == (
        waiting.status,
        waiting.effective_on,
        waiting.cost_centre,
        waiting.subject_id,
    )
    assert {} == before
    assert "CC-4200" == on_the_day["21002"].cost_centre


@by_either_door
def test_2_the_same_rescinded_on_day_ten_never_happens(setup: Any) -> None:
    """What waited is told as rescinded, and on its day nothing moves."""
    world = setup()
    held, _, _, event = a_move(world, 20)
    held.pull()
    held.pull("scheduled_change")

    world.to(date(2026, 10, 11))
    world.simulator.rescind(event)
    world.settle()
    taken_back = held.pull("scheduled_change")[event]
    held.pull()
    world.to(date(2026, 10, 21))

    assert "rescinded" == taken_back.status
    assert not taken_back.is_waiting
    assert {} == held.pull()


@by_either_door
def test_3_the_same_with_its_date_corrected_to_day_five_happens_on_day_five(setup: Any) -> None:
    """The old date is told as corrected, the new one waits, and only that one counts."""
    world = setup()
    held, _, _, event = a_move(world, 20)
    held.pull()
    held.pull("scheduled_change")

    world.to(date(2026, 10, 3))
    moved = world.simulator.correct(event, date(2026, 10, 6))
    world.settle()
    told = held.pull("scheduled_change")
    world.clock.advance(timedelta(hours=1))  # beyond the overlap, which must not be what finds it
    held.pull()
    world.to(date(2026, 10, 6))
    on_day_five = held.pull()
    world.to(date(2026, 10, 21))

    assert ("corrected", "scheduled") == (told[event].status, told[moved].status)
    assert date(2026, 10, 6) == told[moved].effective_on
    assert "CC-4200" == on_day_five["21002"].cost_centre
    assert {} == held.pull()


@by_either_door
def test_4_a_back_dated_transfer_is_found_by_the_entry_though_it_holds_for_weeks(setup: Any) -> None:
    """It is read on the day it was entered."""
    world = setup()
    ben = world.hire("21002", "Ben Example", world.plant)
    world.settle()
    held = Held(world)
    held.pull()

    world.to(date(2026, 10, 10))
    held.pull()
    world.simulator.change(ben, "TRANSFER", effective=date(2026, 9, 15), organisation=world.top)
    world.settle()

    assert "SUP-TOP" == held.pull()["21002"].org_unit


@by_either_door
def test_5_while_an_organisation_is_vacant_the_one_above_decides(setup: Any) -> None:
    """The manager leaves, for a week nobody leads the organisation, then there is a successor."""
    world = setup()
    ann = world.hire("21001", "Ann Example", world.top)
    bea = world.hire("21003", "Bea Example", world.top)
    world.hire("21002", "Ben Example", world.plant)
    world.simulator.change(world.top, "CHANGE", effective=date(2024, 2, 1), managers=(ann,))
    world.simulator.change(world.plant, "CHANGE", effective=date(2024, 2, 1), managers=(bea,))
    world.settle()
    held = Held(world)
    led = held.hierarchy().approver("21002")

    world.simulator.terminate(bea, TODAY)
    world.to(date(2026, 10, 2))
    vacant = held.hierarchy()
    world.to(date(2026, 10, 9))
    cem = world.hire("21004", "Cem Example", world.top, effective=date(2026, 10, 9))
    world.simulator.change(world.plant, "CHANGE", effective=date(2026, 10, 9), managers=(cem,))
    world.settle()

    assert "21003" == led.number
    assert ("21001", ("SUP-17", "SUP-TOP")) == (
        vacant.approver("21002").number,
        vacant.approver("21002").path,
    )
    assert ("vacant", "SUP-17") in [(one.kind, one.subject) for one in vacant.irregularities()]
    assert "21004" == held.hierarchy().approver("21002").number


@by_either_door
def test_6_when_a_manager_moves_and_the_organisation_stays_the_two_chains_differ(setup: Any) -> None:
    """That is noticed, and either chain can be followed."""
    world = setup()
    ann = world.hire("21001", "Ann Example", world.top)
    sales = world.simulator.add_organisation("SUP-20", superior=world.top)
    bea = world.hire("21003", "Bea Example", world.top)
    dov = world.hire("21005", "Dov Example", world.top)
    world.hire("21002", "Ben Example", world.plant)
    for unit, manager in ((world.top, ann), (world.plant, bea), (sales, dov)):
        world.simulator.change(unit, "CHANGE", effective=date(2024, 2, 1), managers=(manager,))
    world.settle()
    held = Held(world)
    coupled = held.hierarchy().irregularities()

    world.simulator.change(bea, "TRANSFER", organisation=sales)
    world.settle()
    found = held.hierarchy()

    assert [] == coupled
    assert ["uncoupled SUP-17"] == [f"{one.kind} {one.subject}" for one in found.irregularities()]
    assert ["21003", "21005", "21001"] == [one.number for one in found.chain("21002")]
    assert ["21003", "21001"] == [one.number for one in found.chain("21002", "org_tree")]


@by_either_door
def test_7_a_reorganisation_of_three_hundred_workers_happens_on_the_first(setup: Any) -> None:
    """All of them wait from the moment it is entered, and all of them have moved after one read on the day."""
    world = setup()
    people = world.add(300)
    held = Held(world)
    held.pull()
    new = world.simulator.add_organisation("SUP-30", superior=world.top)
    for one in people:
        world.simulator.change(one, "REORGANIZATION", effective=date(2026, 11, 1), organisation=new)
    world.settle()

    waiting = held.pull("scheduled_change")
    world.clock.advance(timedelta(hours=1))
    held.pull()
    world.to(date(2026, 11, 1))
    asked = world.request_count()
    moved = held.pull()

    assert {("scheduled", "SUP-30")} == {(one.status, one.org_unit) for one in waiting.values()}
    assert 300 == len(waiting) == len(moved)
    assert {"SUP-30"} == {one.org_unit for one in moved.values()}
    assert world.request_count() - asked < 20


@by_either_door
def test_8_a_cost_centre_that_closes_under_open_orders_is_inactive_not_gone(setup: Any) -> None:
    """Inactive ones are asked for: who is on it, and what is open on it, can be looked for before anything is told on."""
    world = setup()
    world.hire("21002", "Ben Example", world.plant)
    world.settle()
    held = Held(world)
    held.pull("cost_centre")

    world.simulator.inactivate(world.centre, TODAY)
    world.to(date(2026, 10, 2))
    closed = held.pull("cost_centre")["CC-4100"]

    assert (False, TODAY) == (closed.is_active, closed.ends_on)
    assert not closed.is_usable_on(date(2026, 10, 2))
    assert ["21002"] == [one.number for one in held.hierarchy().in_cost_centre("CC-4100")]


@by_either_door
def test_9_a_contingent_worker_who_becomes_an_employee_is_a_second_record(setup: Any) -> None:
    """Both have the same number; of the two the active one counts."""
    world = setup()
    old = world.hire("21002", "Ben Example", world.plant, worker_type="CONTINGENT")
    world.settle()
    held = Held(world)
    held.pull()

    world.simulator.terminate(old, TODAY - DAY)
    new = world.hire("21002", "Ben Example", world.plant, effective=TODAY)
    world.settle()
    held.pull()

    before, after = held.records["employee", old], held.records["employee", new]
    assert ("contingent", "terminated", False) == (before.worker_type, before.status, before.is_active)
    assert ("employee", "active", True) == (after.worker_type, after.status, after.is_active)
    assert after is held.hierarchy().employee("21002")
    assert [] == [one for one in held.hierarchy().irregularities() if one.kind == "two_active"]


@by_either_door
def test_10_a_rehire_after_a_gap_is_a_second_record_that_is_active_from_its_day(setup: Any) -> None:
    """Until then it is shown, and not active; the first record stays ended."""
    world = setup()
    old = world.hire("21002", "Ben Example", world.plant)
    world.simulator.terminate(old, date(2026, 3, 31))
    world.settle()
    held = Held(world)
    held.pull()
    new = world.hire("21002", "Ben Example", world.plant, effective=date(2026, 10, 15))
    world.settle()

    held.pull()
    ahead = held.records["employee", new]
    world.to(date(2026, 10, 15))
    held.pull()

    assert ("future", False) == (ahead.status, ahead.is_active)
    assert date(2026, 3, 31) == held.records["employee", old].ends_on
    assert ("active", True) == (
        held.records["employee", new].status,
        held.hierarchy().employee("21002").is_active,  # type: ignore[union-attr]
    )


@by_either_door
def test_11_two_managers_of_one_organisation_are_both_candidates(setup: Any) -> None:
    """The first by number is the default, whoever was entered first."""
    world = setup()
    bea = world.hire("21003", "Bea Example", world.top)
    ann = world.hire("21001", "Ann Example", world.top)
    world.hire("21002", "Ben Example", world.plant)
    world.simulator.change(world.plant, "CHANGE", effective=date(2024, 2, 1), managers=(bea, ann))
    world.settle()

    found = Held(world).hierarchy().approver("21002")

    assert ("21001", ("21001", "21003")) == (found.number, found.candidates)


@by_either_door
def test_12_a_constrained_user_that_sees_half_the_company_is_stopped_and_asked_about(setup: Any) -> None:
    """Nothing of the read is taken over and its mark stays; reading everything anew takes the number over."""
    world = setup()
    world.add(100)
    for n in range(100):
        world.hire(str(31000 + n), f"Other {n}", world.plant)
    world.settle()
    held = Held(world)
    held.pull()
    mark = held.positions["employee"]

    world.simulator.constrain(world.plant)
    world.clock.advance(DAY)
    with pytest.raises(
        ControlTotalsError, match=r"only 100 employees are active, 200 last time.*--full"
    ) as caught:
        held.pull()
    kept = held.positions["employee"]
    held.pull(is_full=True)
    world.clock.advance(DAY)

    assert "ADAPTER_CONTROL_TOTALS" == caught.value.code
    assert mark == kept
    assert {} == held.pull()


@by_either_door
def test_13_a_termination_in_sydney_is_found_though_its_day_is_over_there_first(setup: Any) -> None:
    """The last day shows as soon as it is entered and ends nothing; the day after, the worker is inactive."""
    world = setup()
    kit = world.hire("21007", "Kit Example", world.plant, time_zone="Australia/Sydney")
    world.settle()
    held = Held(world)
    held.pull()
    world.simulator.terminate(kit, date(2026, 10, 5))
    world.settle()

    announced = held.pull()["21007"]
    world.to(date(2026, 10, 5))
    on_the_last_day = held.pull()
    world.to(date(2026, 10, 6))
    after = held.pull()["21007"]

    assert (True, date(2026, 10, 5), None) == (announced.is_active, announced.leaves_on, announced.ends_on)
    assert "21007" not in on_the_last_day or on_the_last_day["21007"].is_active
    assert (False, "terminated", date(2026, 10, 5)) == (after.is_active, after.status, after.ends_on)


@by_either_door
def test_14_of_two_hierarchies_that_include_a_cost_centre_the_profile_names_the_one_that_counts(
    setup: Any,
) -> None:
    """All are kept; without a tree in the profile there is no parent rather than any one of them."""
    world = setup()
    operations = world.simulator.add_node("CCH-OPS", world.node)
    tax = world.simulator.add_node("CCH-TAX")
    world.simulator.add_cost_centre("CC-4200", tax, operations)
    world.settle()

    named = Held(world, cost_centre_tree="CCH-ALL").pull("cost_centre")["CC-4200"]
    unnamed = Held(world).pull("cost_centre")["CC-4200"]

    assert ("CCH-OPS", ("CCH-OPS", "CCH-TAX")) == (named.parent, named.roll_ups)
    assert (None, ("CCH-OPS", "CCH-TAX")) == (unnamed.parent, unnamed.roll_ups)


def test_15_a_report_column_that_the_administrator_renamed_stops_the_read() -> None:
    """Read on, every worker would lose their cost centre. The column is named, and so is what stands in its place."""
    world = setup_workday()
    world.hire("21002", "Ben Example", world.plant)
    world.settle()
    held = Held(world)
    held.pull()

    world.simulator.rename_column("FINSYNC_Workers", "Cost_Centre_ID", "Cost_Center")
    with pytest.raises(RejectedError, match="no column Cost_Centre_ID; it has Cost_Center") as caught:
        held.pull()
    health = asyncio.run(held.adapter.check_health())
    world.simulator.rename_column("FINSYNC_Workers", "Cost_Centre_ID", "Cost_Centre_ID")

    assert isinstance(caught.value, AdapterError)
    assert "Cost_Centre_ID" in health.message
    assert not health.is_ok
    assert {} == held.pull()
