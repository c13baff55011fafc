"""When to try a failed delivery again.

Pure: attempt, patience, clock reading and jitter decide; the outbox does the writing.

>>> monday = datetime.fromisoformat("2026-01-05T00:00+00:00")
>>> next_attempt(Retry(), attempt=3, failed_at=monday, jitter=0.0) - monday
datetime.timedelta(seconds=120)
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from finsync_tui.profile import Retry

DOUBLINGS_MAX = 20  # far beyond any delay_max; keeps the power small
ATTEMPTS_MAX = 100  # as many as a setting may say
JITTER_MAX = 0.25


def next_attempt(
    patience: Retry, *, attempt: int, failed_at: datetime, jitter: float, asked: timedelta | None = None
) -> datetime | None:
    """Return when to try again, or None when a person must look.

    `attempt` counts from 1. A longer wait that the system itself asked for wins: it knows its own state better.
    """
    if attempt >= patience.attempts_max:
        return None
    return failed_at + wait(patience, attempt=attempt, jitter=jitter, asked=asked)


def next_as_ruled(
    after: timedelta, *, attempt: int, failed_at: datetime, jitter: float, asked: timedelta | None = None
) -> datetime | None:
    """Return when to try again where a rule says after how long. No rule tries more often than ATTEMPTS_MAX."""
    if attempt >= ATTEMPTS_MAX:
        return None
    return failed_at + max(after * (1 + jitter), asked or timedelta())


def wait(patience: Retry, *, attempt: int, jitter: float, asked: timedelta | None = None) -> timedelta:
    """Return how long to wait after an attempt, whether or not another one is left."""
    doublings = min(attempt - 1, DOUBLINGS_MAX)
    delay = min(patience.delay_first * (1 << doublings), patience.delay_max)
    return max(delay * (1 + jitter), asked or timedelta())


def jitter_for(key: str, attempt: int) -> float:
    """Return a spread between 0 and JITTER_MAX that differs by delivery but repeats in every rehearsal.

    >>> 0 <= jitter_for("a", 1) <= JITTER_MAX and jitter_for("a", 1) == jitter_for("a", 1)
    True
    """
    first = hashlib.sha256(f"{key}/{attempt}".encode()).digest()[0]
    return JITTER_MAX * first / 255
