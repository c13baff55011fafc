"""When reads are due, in any clock's time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.profile import Profile, Schedule
from finsync_tui.schedule import next_fire, pulls

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rhythm", "expected"),
    [
        ({"every": "PT4H"}, "2026-03-29T16:00+00:00"),
        ({"every": "P1D"}, "2026-03-30T00:00+00:00"),
        ({"cron": "30 4 * * *"}, "2026-03-30T04:30+00:00"),
        ({"cron": "0 9 * * mon-fri", "timezone": "Europe/Berlin"}, "2026-03-30T07:00+00:00"),
    ],
)
def test_the_next_run_follows_the_rhythm(rhythm: dict[str, str], expected: str) -> None:
    """Durations count from midnight UTC, cron lines in their own time zone (summer time included)."""
    schedule = Schedule.model_validate({"system": "s", "entities": ["e"], **rhythm})

    assert datetime.fromisoformat(expected) == next_fire(schedule, NOON)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.integers(10, 10_000_000))  # noqa: DTZ001
def test_no_slot_is_skipped_or_repeated(moment: datetime, seconds: int) -> None:
    """The run after a run is exactly one rhythm later."""
    schedule = Schedule(system="s", entities=("e",), every=timedelta(seconds=seconds))
    first = next_fire(schedule, moment.replace(tzinfo=UTC))

    second = next_fire(schedule, first)

    assert timedelta(seconds=seconds) == second - first
    assert first > moment.replace(tzinfo=UTC)


def test_masters_are_read_before_the_documents_that_name_them() -> None:
    """Targets and reference data come first, the flow's own documents last, each once."""
    profile = Profile.model_validate(
        {
            "systems": {},
            "flows": {"requisition_to_pay": {"source": "coupa"}},
            "schedules": {
                "a": {"system": "coupa", "entities": ["purchase_order", "supplier"], "every": "PT1H"},
                "b": {"system": "oracle", "entities": ["purchase_order", "supplier"], "every": "PT1H"},
                "c": {"system": "coupa", "entities": ["supplier"], "every": "PT2H"},
            },
        }
    )

    order = [(p.system, p.entity, p.is_document_source) for p in pulls(profile, ("a", "b", "c"))]

    assert order == [
        ("oracle", "supplier", False),
        ("oracle", "purchase_order", False),
        ("coupa", "supplier", False),
        ("coupa", "purchase_order", True),
    ]


@pytest.mark.parametrize(("field", "expected"), [("1", 0), ("0", 6), ("7", 6), ("5", 4), ("mon", 0)])
def test_days_of_the_week_count_as_cron_counts_them(field: str, expected: int) -> None:
    """1 is Monday, 0 and 7 are Sunday, whatever the library counts from."""
    found = next_fire(Schedule(system="s", entities=("e",), cron=f"0 6 * * {field}"), NOON)

    assert expected == found.weekday()
