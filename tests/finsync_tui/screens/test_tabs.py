"""What the tabs of the detail screens draw, without a screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from finsync_tui.screens import tabs
from finsync_tui.screens.dossiers import AttemptView, Payload, StepView

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
DECIDED = Payload("as decided", ('{"price": 1}',))
FIRST = AttemptView(
    entry_id=7, system="oracle-emea", operation="order.create", number=1, started_at=NOON, outcome="transient",
    status=503, message="Service Unavailable", answer="", duration_ms=12_217, request=DECIDED,
)  # fmt: skip


def test_each_attempt_stands_over_what_it_sent() -> None:
    """Attempts that sent the same share one request; after an edit there is another, and long ones say how much is left."""
    edited = Payload("as edited", ('{"price": 2', ' "unit": "EA"', "}"))
    found = (FIRST, replace(FIRST, number=2), replace(FIRST, number=3, request=edited))

    drawn = tabs.attempts(found, 120, request_lines_max=1).plain.splitlines()

    assert [line.strip() for line in drawn if "#" not in line or "request" in line] == [
        "request of #1 to #2, as decided",
        '{"price": 1}',
        "request of #3, as edited",
        '{"price": 2',
        "2 more lines: see its delivery",
    ]


def test_an_attempt_stands_on_one_line_of_a_small_window() -> None:
    """Where there is no room for the year, it goes; how long the call took stays beside it."""
    head, *_ = tabs.attempts((FIRST,), 76).plain.splitlines()

    assert "03-14 12:00" in head
    assert head.endswith("HTTP 503  12,217 ms")
    assert len(head) <= 76


def test_steps_say_whether_they_were_in_time() -> None:
    """What is over was in time or late by so much; the present step counts down; what nothing was promised for says so."""
    hour = timedelta(hours=1)
    ended = StepView("submit", "done", NOON - 9 * hour, NOON - 6 * hour, ())
    steps = (
        replace(ended, due_at=NOON - 5 * hour),
        replace(ended, due_at=NOON - 8 * hour),
        ended,
        replace(ended, ended_at=None, state="waiting", due_at=NOON + 2 * hour),
    )

    drawn = tabs.timeline(steps, NOON, 76).plain.splitlines()[1:]

    assert [True] * 4 == [
        words in line
        for line, words in zip(drawn, ("● in time", "▲ 2h 00m late", "—", "◷ in 2h 00m"), strict=True)
    ]
