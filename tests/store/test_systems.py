"""Whether a system may be used now."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from store import Store, systems
from tests.builders import MONDAY, a_store

HOUR = timedelta(hours=1)


def put(store: Store, state: str) -> None:
    with store.transaction() as db:
        match state:
            case "ok":
                systems.ok(db, "coupa", MONDAY)
            case "failing":
                systems.failed(db, "coupa", "busy", MONDAY)
            case "parked":
                systems.park(db, "coupa", MONDAY + HOUR, "maintenance", MONDAY)
            case "paused":
                systems.pause(db, "coupa", "year end", MONDAY)
            case "held":
                systems.hold(db, "coupa", "credentials", MONDAY)


def state(store: Store) -> str:
    found = systems.get(store.db, "coupa")
    assert found is not None
    return found.state


@pytest.mark.parametrize(
    ("name", "now_open", "later_open"),
    [
        ("ok", True, True),
        ("failing", True, True),
        ("parked", False, True),
        ("paused", False, False),
        ("held", False, False),
        ("never used", True, True),
    ],
)
def test_which_states_are_open(name: str, now_open: bool, later_open: bool) -> None:
    """A parked system opens by itself when its time is over; a paused or held one waits for a person."""
    with a_store() as store:
        put(store, name)

        assert now_open == systems.is_open(store.db, "coupa", MONDAY)
        assert later_open == systems.is_open(store.db, "coupa", MONDAY + HOUR)


@pytest.mark.parametrize(
    ("name", "after"),
    [("failing", "ok"), ("parked", "parked"), ("ok", "ok"), ("paused", "paused"), ("held", "held")],
)
@pytest.mark.parametrize("answer", [systems.ok, systems.took])
def test_an_answer_that_was_under_way_ends_no_wait(
    answer: Callable[[sqlite3.Connection, str, datetime], None], name: str, after: str
) -> None:
    """Neither what a person decided, nor what its system asked for; a wait that is over ends with it."""
    with a_store() as store:
        put(store, name)
        with store.transaction() as db:
            answer(db, "coupa", MONDAY)
        at_once = state(store)
        with store.transaction() as db:
            answer(db, "coupa", MONDAY + HOUR)

        assert (after, "ok" if after == "parked" else after) == (at_once, state(store))


def test_reads_that_work_do_not_hide_that_deliveries_fail() -> None:
    """Their failures count on, and a trial lasts, until it answers a delivery or a person resumes it."""
    with a_store() as store, store.transaction() as db:

        def stands() -> tuple[str, int, bool]:
            found = systems.get(db, "coupa")
            assert found is not None
            return found.state, found.write_failure_count, found.is_on_trial

        systems.failed(db, "coupa", "unread", MONDAY)
        systems.failed(db, "coupa", "503", MONDAY, 2, is_write=True)
        systems.park(db, "coupa", MONDAY + HOUR, "503", MONDAY, is_on_trial=True)
        seen = [stands()]
        systems.ok(db, "coupa", MONDAY + HOUR)
        seen.append(stands())
        systems.took(db, "coupa", MONDAY + HOUR)
        seen.append(stands())

    assert [("parked", 2, True), ("ok", 2, True), ("ok", 0, False)] == seen


def test_a_wait_is_never_cut_short_by_a_shorter_one() -> None:
    """What was under way when it asked for an hour may bring a wait of minutes."""
    with a_store() as store, store.transaction() as db:
        systems.park(db, "coupa", MONDAY + HOUR, "Retry-After", MONDAY)
        systems.park(db, "coupa", MONDAY + HOUR / 2, "five in a row", MONDAY)
        found = systems.get(db, "coupa")

    assert found is not None
    assert (MONDAY + HOUR, "Retry-After") == (found.until, found.reason)


def test_what_fails_when_its_time_is_over_waits_once_more() -> None:
    """The first failed read closes it for the others; no wait of a day is repeated for one time-out."""
    later = MONDAY + HOUR
    with a_store() as store, store.transaction() as db:
        systems.park(db, "coupa", later, "Retry-After", MONDAY)
        systems.failed(db, "coupa", "time-out", later)

        assert not systems.is_open(db, "coupa", later)
        assert systems.is_open(db, "coupa", later + systems.AGAIN_MAX)


@pytest.mark.parametrize(
    ("name", "then", "after"),
    [
        ("paused", "parked", "paused"),
        ("held", "parked", "held"),
        ("paused", "held", "paused"),
        ("parked", "failing", "parked"),
        ("parked", "held", "held"),
        ("held", "paused", "paused"),
    ],
)
def test_the_stronger_state_stays(name: str, then: str, after: str) -> None:
    """What needs a person is not replaced by what passes by itself."""
    with a_store() as store:
        put(store, name)
        put(store, then)

        assert after == state(store)


def test_failures_count_up_to_the_next_success() -> None:
    """The circuit breaker sees failures in a row."""
    with a_store() as store, store.transaction() as db:
        counts = [systems.failed(db, "coupa", "busy", MONDAY) for _ in range(3)]
        systems.ok(db, "coupa", MONDAY)
        counts.append(systems.failed(db, "coupa", "busy", MONDAY))

    assert [1, 2, 3, 1] == counts


def test_resuming_starts_afresh() -> None:
    """Whatever it was, it is used again, and earlier failures no longer count."""
    with a_store() as store:
        put(store, "failing")
        put(store, "held")
        with store.transaction() as db:
            systems.resume(db, "coupa", "new secret", MONDAY)
            assert 1 == systems.failed(db, "coupa", "busy", MONDAY)

        assert "failing" == state(store)


def test_all_systems_and_when_the_next_is_tried() -> None:
    """For the overview, and for whoever waits."""
    with a_store() as store:
        put(store, "parked")
        with store.transaction() as db:
            systems.ok(db, "oracle-emea", MONDAY)

        assert [("coupa", "parked"), ("oracle-emea", "ok")] == [
            (s.system, s.state) for s in systems.all(store.db)
        ]
        assert [MONDAY + HOUR, None] == [systems.next_until(store.db, at) for at in (MONDAY, MONDAY + HOUR)]
        assert systems.get(store.db, "oracle-amer") is None
