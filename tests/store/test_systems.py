"""Whether a system may be used now."""

from __future__ import annotations

from datetime import timedelta

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
    [("failing", "ok"), ("parked", "ok"), ("ok", "ok"), ("paused", "paused"), ("held", "held")],
)
def test_success_ends_what_ends_by_itself(name: str, after: str) -> None:
    """An answer that was under way does not undo what a person decided."""
    with a_store() as store:
        put(store, name)
        put(store, "ok")

        assert after == state(store)


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


def test_what_asks_to_be_left_alone_is_not_read_meanwhile() -> None:
    """Only its time, an answer or a person ends that; deliveries, which keep their own pauses, go on."""
    with a_store() as store:

        def may_read(after: timedelta = timedelta()) -> tuple[bool, bool]:
            now = MONDAY + after
            return systems.may_read(store.db, "coupa", now), systems.is_open(store.db, "coupa", now)

        assert (True, True) == may_read()
        with store.transaction() as db:
            systems.failed(db, "coupa", "busy", MONDAY, MONDAY + HOUR)
        assert [(False, True), (True, True)] == [may_read(), may_read(HOUR)]
        with store.transaction() as db:
            systems.failed(db, "coupa", "unreachable", MONDAY)
        assert (False, True) == may_read()
        with store.transaction() as db:
            systems.ok(db, "coupa", MONDAY)
        assert (True, True) == may_read()


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
        assert MONDAY + HOUR == systems.next_until(store.db)
        assert systems.get(store.db, "oracle-amer") is None
