"""Workday's reports as a service: columns, prompts, what is dropped, and how a read goes on."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta

import msgspec
import pytest

from adapters.base import Untranslatable
from adapters.drift import Drift
from adapters.errors import ControlTotalsError, RejectedError, TransientError
from adapters.workday import wire
from adapters.workday.gate import Gate
from adapters.workday.simulator import ORGANISATION_DOMAIN, Settings
from store.clock import VirtualClock
from tests.adapters.setup_workday import START, WorkdayWorld, by_number, setup_workday
from tests.adapters.setups import fault

BORN = "1984-05-17"


def raw_rows(world: WorkdayWorld, entity: str = "employee") -> list[bytes]:
    async def collect() -> list[bytes]:
        found = [row async for page in world.adapter.read(entity) for row in page.rows]
        await world.adapter.aclose()
        return found

    return asyncio.run(collect())


def test_both_forms_of_a_boolean_are_read() -> None:
    """`0` and `false` say the same."""
    worlds = [WorkdayWorld(settings=Settings(boolean_form=form)) for form in ("0/1", "true/false")]
    told = []
    for world in worlds:
        gone = world.hire("21001", "Ann Example", world.top)
        world.hire("21002", "Ben Example", world.plant)
        world.simulator.change(gone, "LEAVE")
        world.settle()
        told.append([(one.is_active, one.status) for one in world.read()[0]])

    assert [[(True, "on_leave"), (True, "active")]] * 2 == told


def test_what_is_not_described_leaves_only_its_name() -> None:
    """An administrator's birth date column is told as drift; no row holds what was in it."""
    world = setup_workday()
    world.add(2)
    world.simulator.extra_columns["FINSYNC_Workers"] = {"Date_of_Birth": BORN, "Gender": "F"}

    rows = raw_rows(world)

    assert not [row for row in rows if BORN.encode() in row]
    assert ["Date_of_Birth", "Gender"] == json.loads(rows[0])["left_out"]
    assert [("unknown", "Date_of_Birth"), ("unknown", "Gender")] == [
        (one.kind, one.field) for one in world.adapter.drift("employee", rows)
    ]


def test_a_row_that_is_no_json_keeps_nothing_of_what_was_private() -> None:
    """Its neighbours come; of the broken row there is a stand-in without what was sent."""
    world = setup_workday()
    world.add(5)
    world.simulator.extra_columns["FINSYNC_Workers"] = {"Date_of_Birth": BORN}
    world.faults.add(fault("invalid_utf8", path=world.read_path))

    rows = raw_rows(world)

    assert 5 == len(rows)
    assert not [row for row in rows if BORN.encode() in row]


def test_columns_that_may_be_empty_are_no_drift() -> None:
    """An empty column is not sent."""
    world = setup_workday()
    world.add(3)

    found: list[Drift] = [
        one
        for entity in ("employee", "organisation", "cost_centre")
        for one in world.adapter.drift(entity, raw_rows(world, entity))
    ]

    assert [] == found


def test_a_day_begins_with_everything_and_goes_on_with_what_was_touched() -> None:
    """The same day asks for changes only; the next day for all."""
    world = setup_workday()
    people = world.add(3)
    world.clock.advance(timedelta(hours=1))
    _, position = world.read()
    world.clock.advance(timedelta(minutes=10))
    world.touch(people[1])

    same_day, later = world.read(position=position)
    world.clock.advance(timedelta(days=1))
    next_day, _ = world.read(position=later)

    assert ["21002"] == [one.number for one in same_day]
    assert 3 == len(next_day)


def test_what_is_entered_while_a_report_runs_is_found_by_the_next_read() -> None:
    """The mark is the server's own time before the report ran, not after."""
    world = setup_workday()
    people = world.add(2)
    count = 0

    def change_between() -> None:
        nonlocal count
        count += 1
        if count == 3:  # token, schema, and now the report
            world.simulator.change(people[0], "DATA_CHANGE", email="new@example.com")
            world.clock.advance(timedelta(minutes=20))

    world.before_each_request(change_between)
    _, position = world.read()
    world.before_each_request(None)
    changed, _ = world.read(position=position)

    assert "new@example.com" == by_number(changed)["21001"].email


def test_a_worker_of_two_rows_is_read_once() -> None:
    """A report that shows a row for each job must not change the record back and forth."""
    world = setup_workday()
    rows = [
        ({"Worker_WID": "b", "n": 2}, b"b2"),
        ({"Worker_WID": "b", "n": 1}, b"b1"),
        ({"Worker_WID": "a"}, b"a1"),
        ({}, b"?"),
    ]
    from adapters.workday.rows import by_key

    assert world.adapter.manifest.name == "workday"
    assert [("", b"?"), ("a", b"a1"), ("b", b"b1")] == by_key("Worker_WID", rows)


def test_a_missing_domain_is_named() -> None:
    """A valid sign-in that may not read is no matter of credentials."""
    world = setup_workday()
    world.add(1)
    world.simulator.allow([ORGANISATION_DOMAIN])

    with pytest.raises(RejectedError, match='domain "Worker Data: Public Worker Reports"'):
        world.read()
    health = asyncio.run(world.adapter.check_health())

    assert not health.is_ok


def test_a_report_that_is_not_there_says_where_it_was_looked_for() -> None:
    """Owner and name are options."""
    world = setup_workday()
    reports = {"workers": "someone/else"}

    with pytest.raises(RejectedError, match=r"nothing at .*/someone/else"):
        world.read(adapter=world.connected(reports=reports))


def test_many_leavers_among_what_changed_stop_the_read() -> None:
    """Within a day, too."""
    world = setup_workday()
    people = world.add(200)
    world.clock.advance(timedelta(hours=1))
    _, position = world.read()
    for one in people[:50]:
        world.simulator.terminate(one, date(2026, 9, 30))
    world.settle()

    with pytest.raises(ControlTotalsError, match="50 of 200 employees are inactive"):
        world.read(position=position)


def test_few_leavers_pass() -> None:
    """A company of 200 loses ten people without a question."""
    world = setup_workday()
    people = world.add(200)
    world.clock.advance(timedelta(hours=1))
    _, position = world.read()
    for one in people[:10]:
        world.simulator.terminate(one, date(2026, 9, 30))
    world.settle()

    changed, _ = world.read(position=position)

    assert [False] * 10 == [one.is_active for one in changed]


def test_cost_centres_are_known_by_their_code_where_the_profile_says_so() -> None:
    """Of people and organisations as well; one without a code is an exception, not a guess."""
    world = setup_workday()
    bare = world.simulator.add_cost_centre("CC-4200", world.node)
    world.hire("21001", "Ann Example", world.top)
    world.hire("21002", "Ben Example", world.plant, cost_centre=bare)
    world.settle()
    world.adapter = world.connected(cost_centre_key="code")

    (ann, ben) = world.adapter.translate("employee", raw_rows(world))
    centres = world.adapter.translate("cost_centre", raw_rows(world, "cost_centre"))

    assert "4100" == getattr(getattr(ann, "record", None), "cost_centre", None)
    assert isinstance(ben, Untranslatable)
    assert ("$.row.Cost_Centre_ID", "21002") == (ben.path, ben.number)
    assert ["4100", "no code"] == [
        "no code" if isinstance(one, Untranslatable) else one.record.number  # type: ignore[attr-defined]
        for one in centres
    ]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"Worker_ID": None}, "$.row.Worker_ID"),
        ({"Active": None}, "$.row.Active"),
        ({"Active": "perhaps"}, "$.row.Active"),
        ({"Hire_Date": "soon"}, "$.row.Hire_Date"),
        ({"Legal_First_Name": None, "Legal_Last_Name": None}, "$.row.Legal_Last_Name"),
        ({"Worker_WID": None}, "$.row.Worker_WID"),
    ],
)
def test_a_worker_without_what_must_be_known_is_refused_with_its_place(
    changes: dict[str, str | None], path: str
) -> None:
    """Above all one that does not say whether it is active."""
    world = setup_workday()
    world.add(1)
    row = json.loads(raw_rows(world)[0])
    row["row"] = {name: value for name, value in (row["row"] | changes).items() if value is not None}

    (found,) = world.adapter.translate("employee", [msgspec.json.encode(row)])

    assert isinstance(found, Untranslatable)
    assert path == found.path


def test_a_burst_of_429_halves_what_is_asked_at_once_for_a_quarter_of_an_hour() -> None:
    """There is no Retry-After: four at once, then two, then one, and four again after fifteen quiet minutes."""
    clock = VirtualClock(START)
    gate = Gate(clock, 4)
    widths = [gate.width]

    async def fail() -> None:
        async with gate.open():
            raise TransientError("workday", "too many", status=429)

    for _ in range(3):
        with pytest.raises(TransientError):
            asyncio.run(fail())
        gate.forget_loop()
        widths.append(gate.width)
    clock.advance(timedelta(minutes=15))

    assert [4, 2, 1, 1] == widths
    assert 4 == gate.width


def test_no_more_than_the_gate_lets_in_are_at_work_at_once() -> None:
    """Those that wait go in as others come out."""
    gate = Gate(VirtualClock(START), 2)
    inside, most = 0, 0

    async def work() -> None:
        nonlocal inside, most
        async with gate.open():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    async def all_of_them() -> None:
        await asyncio.gather(*[work() for _ in range(7)])

    asyncio.run(all_of_them())

    assert (2, 0) == (most, inside)


def test_a_throttled_report_is_tried_later_and_nothing_is_lost() -> None:
    """429 has no header; the wait is the engine's."""
    world = setup_workday()
    made = world.add(2)
    world.faults.add(fault("throttle", path=world.read_path))

    with pytest.raises(TransientError) as caught:
        world.read()

    assert caught.value.retry_after is None
    assert len(made) == len(world.read()[0])


def test_the_columns_of_the_definitions_are_those_that_are_asked_for() -> None:
    """What the administrator is told to build, what the adapter needs and what the simulator has is one list."""
    from pathlib import Path

    from adapters.workday.simulator_reports import COLUMNS

    page = (Path(__file__).parents[2] / "docs" / "adapters" / "workday.md").read_text("utf-8")
    for entity, report in (
        ("employee", "FINSYNC_Workers"),
        ("organisation", "FINSYNC_Organizations"),
        ("scheduled_change", "FINSYNC_Scheduled_Changes"),
    ):
        section = page.split(f"### `{report}`", 1)[1].split("\n### ", 1)[0]
        told = {line.split("`")[1] for line in section.splitlines() if line.startswith("| `")}
        assert set(COLUMNS[report]) == set(wire.columns(entity)) == told
