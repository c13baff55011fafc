"""People and their hierarchy from Workday into the store: a company of 800, read by either door as the engine reads."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from adapters.workday.simulator_company import Company, build
from finsync_tui import sync
from store import Store, cases, records, watermarks
from store.canonical.hierarchy import Hierarchy
from store.canonical.organisation import Organisation
from store.canonical.people import Employee, ScheduledChange
from tests.adapters.setup_workday import WorkdayWorld, setup_workday, setup_workday_soap
from tests.builders import a_store

ENTITIES = ("organisation", "cost_centre", "employee", "scheduled_change")
by_either_door = pytest.mark.parametrize(
    "setup", [setup_workday, setup_workday_soap], ids=["reports", "soap"]
)


def a_company(setup: Any) -> tuple[WorkdayWorld, Company, Store]:
    world = setup(is_empty=True, options={"page_size": 200})
    company = build(world.simulator)
    world.settle()
    return world, company, a_store(world.clock)


def pull(world: WorkdayWorld, store: Store, entity: str, *, is_full: bool = False) -> sync.Pulled:
    task = sync.Pull("workday", entity, is_full=is_full)
    return asyncio.run(sync.pull(store, world.adapter, task, world.clock))


def held(store: Store, model: Any) -> dict[str, Any]:
    """Return the newest version of each record, by external id."""
    ids = list(records.external_ids(store.db, model.entity, "workday"))
    return {key: one.record for key, one in records.get_many(store.db, model, "workday", ids).items()}


@by_either_door
def test_a_company_is_read_with_its_hierarchy_and_what_is_wrong_in_it(setup: Any) -> None:
    """Everybody who is active has somebody who decides; leavers, rehires, people to come and a circle are told."""
    world, company, store = a_company(setup)

    errors = [pull(world, store, entity).error for entity in ENTITIES]

    people = held(store, Employee)
    hierarchy = Hierarchy(people.values(), held(store, Organisation).values())
    found = Counter(one.kind for one in hierarchy.irregularities())
    assert [None] * 4 == errors
    assert 800 + 5 + 25 == len(people)
    assert {"terminated"} == {people[one].status for one in company.leavers}
    assert {"future"} == {people[one].status for one in company.acquired}
    assert {"active"} == {people[one].status for one in company.rehired}
    assert {"cycle": 2} == found
    assert 60 == sum(
        one.is_waiting for one in held(store, ScheduledChange).values() if one.kind == "REORGANIZATION"
    )


@by_either_door
def test_reading_a_company_again_makes_no_new_versions(setup: Any) -> None:
    """Not on the next day either, though each row is as known at another moment."""
    world, _, store = a_company(setup)
    for entity in ENTITIES:
        pull(world, store, entity)
    versions = store.db.execute("SELECT count(*) FROM record_version").fetchone()

    world.clock.advance(timedelta(days=1))
    changed = [pull(world, store, entity).rows_changed for entity in ENTITIES]

    assert [0, 0, 0, 0] == changed
    assert versions == store.db.execute("SELECT count(*) FROM record_version").fetchone()


@by_either_door
def test_a_reorganisation_and_an_acquisition_take_effect_on_their_days(setup: Any) -> None:
    """Nobody enters anything on these days."""
    world, company, store = a_company(setup)
    pull(world, store, "employee")

    world.clock.advance(timedelta(days=7))
    joined = pull(world, store, "employee")
    world.to(company.reorganisation_on)
    moved = pull(world, store, "employee")

    people = held(store, Employee)
    assert (25, 60) == (joined.rows_changed, moved.rows_changed)
    assert {"SUP-NEW"} == {people[one].org_unit for one in company.reorganised}
    assert {"active"} == {people[one].status for one in company.acquired}


@by_either_door
def test_half_a_company_that_is_hidden_is_an_exception_until_somebody_takes_it_over(setup: Any) -> None:
    """Nothing of that read is stored and the watermark stays; reading all of it anew ends the exception."""
    world, company, store = a_company(setup)
    pull(world, store, "employee")
    before = watermarks.get(store.db, "workday", "employee")

    world.simulator.constrain(company.organisations[1])
    world.clock.advance(timedelta(days=1))
    stopped = pull(world, store, "employee")
    after = watermarks.get(store.db, "workday", "employee")
    live = cases.live_ids(store.db, "employee", ["workday:employee"], ("READ_FAILED",))
    taken = pull(world, store, "employee", is_full=True)

    assert before is not None
    assert after is not None
    assert before.position == after.position
    assert (0, True) == (stopped.rows_read, "employees are active" in (stopped.error or ""))
    assert 1 == len(live)
    assert taken.error is None
    assert [] == cases.live_ids(store.db, "employee", ["workday:employee"], ("READ_FAILED",))
