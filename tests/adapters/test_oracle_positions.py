"""A position never moves past something that was not read, and knows only Oracle's time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapters.oracle_fusion.positions import Position, PositionError

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_walk_ends_at_the_latest_change_it_saw() -> None:
    """The next walk begins there, less the overlap."""
    walk = Position().begun(NOON, NOON - 2 * HOUR).moved(7, NOON - HOUR).moved(9, NOON - 3 * HOUR)

    ended = walk.ended()

    assert Position(since=NOON - HOUR) == ended
    assert "LastUpdateDate >= '2026-01-05T10:50:00+00:00'" == ended.filter(
        "LastUpdateDate", timedelta(minutes=10)
    )


def test_a_change_during_the_walk_does_not_move_it_past_its_beginning() -> None:
    """A row with a lower id may have changed at the same moment, behind us."""
    walk = Position(since=NOON - HOUR).begun(NOON, NOON).moved(7, NOON + HOUR)

    assert Position(since=NOON) == walk.ended()


def test_a_fast_web_tier_clock_moves_nothing_by_itself() -> None:
    """Nothing seen, nothing moved: a Date header may run ahead of the database's clock."""
    walk = Position(since=NOON).begun(NOON + HOUR, None)

    assert Position(since=NOON) == walk.ended()


def test_a_position_never_goes_back() -> None:
    """Rows of the overlap alone, older than where we were, do not lengthen the overlap each time."""
    walk = Position(since=NOON).begun(NOON + HOUR, None).moved(7, NOON - HOUR)

    assert Position(since=NOON) == walk.ended()


def test_without_a_date_header_the_first_page_is_the_clock() -> None:
    """What the first page has seen had happened when it was made."""
    walk = Position().begun(None, NOON).moved(7, NOON).begun(None, NOON + HOUR).moved(9, NOON + HOUR)

    assert Position(since=NOON) == walk.ended()


def test_a_walk_resumes_where_it_was() -> None:
    """Stored as text and read again, a position is the same."""
    walk = Position(since=NOON).begun(NOON + HOUR, NOON).moved(300000008800321, NOON)

    assert walk == Position.parse(walk.text())
    assert Position() == Position.parse(None)


@pytest.mark.parametrize("text", ["", "12", "{", '{"since": "soon"}', '{"cursor": 1}'])
def test_a_foreign_position_is_refused(text: str) -> None:
    """Guessing would lose rows."""
    with pytest.raises(PositionError):
        Position.parse(text)
