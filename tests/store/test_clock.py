"""The clock, and the one text form of an instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.clock import SystemClock, VirtualClock, instant, text
from tests.builders import MONDAY

anywhere = st.datetimes(
    datetime(1900, 1, 1),  # noqa: DTZ001 hypothesis adds the zone
    datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


@given(one=anywhere, other=anywhere)
def test_text_sorts_like_time_and_reads_back(one: datetime, other: datetime) -> None:
    """Comparing columns compares instants, wherever they came from."""
    assert one == instant(text(one))
    assert (one < other) == (text(one) < text(other))
    assert 27 == len(text(one))


def test_an_instant_without_zone_is_refused() -> None:
    """Nobody knows when it was."""
    with pytest.raises(ValueError, match="no time zone"):
        instant("2026-01-05T08:00:00")
    with pytest.raises(ValueError, match="aware"):
        VirtualClock(datetime(2026, 1, 5))  # noqa: DTZ001 that is the point


def test_virtual_time_does_not_run_backwards() -> None:
    """It stands still until it is moved, and only forward."""
    clock = VirtualClock(MONDAY)
    clock.advance(timedelta(hours=1))
    clock.advance_to(MONDAY)

    assert MONDAY + timedelta(hours=1) == clock.now()


def test_the_machines_clock_is_in_utc() -> None:
    """Aware, and without an offset of its own."""
    assert UTC == SystemClock().now().tzinfo
