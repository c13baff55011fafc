"""When a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.profile import Retry
from finsync_tui.retry import JITTER_MAX, jitter_for, next_attempt

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def test_waits_double_up_to_the_longest() -> None:
    """Each wait is twice the one before, and none longer than delay_max."""
    patience = Retry(delay_first=timedelta(seconds=10), delay_max=timedelta(seconds=35), attempts_max=10)

    waits = [
        (next_attempt(patience, attempt=n, failed_at=MONDAY, jitter=0.0) or MONDAY) - MONDAY
        for n in (1, 2, 3, 9)
    ]

    assert [timedelta(seconds=s) for s in (10, 20, 35, 35)] == waits


def test_the_last_attempt_is_the_last() -> None:
    """After attempts_max a person must look."""
    assert next_attempt(Retry(attempts_max=3), attempt=3, failed_at=MONDAY, jitter=0.0) is None


def test_a_longer_wait_the_system_asked_for_wins() -> None:
    """Retry-After is obeyed, also beyond our own longest wait."""
    asked = timedelta(days=1)

    assert MONDAY + asked == next_attempt(Retry(), attempt=1, failed_at=MONDAY, jitter=0.0, asked=asked)


@given(st.text(), st.integers(1, 50))
def test_jitter_is_bounded_and_repeats(key: str, attempt: int) -> None:
    """The spread is the same in every rehearsal and never longer than a quarter."""
    assert 0 <= jitter_for(key, attempt) == jitter_for(key, attempt) <= JITTER_MAX


@given(st.integers(1, 7), st.floats(0, JITTER_MAX))
def test_a_retry_is_never_in_the_past(attempt: int, jitter: float) -> None:
    """Whatever the policy, the next attempt is later than the failure."""
    moment = next_attempt(Retry(attempts_max=8), attempt=attempt, failed_at=MONDAY, jitter=jitter)

    assert moment is not None
    assert moment > MONDAY
