"""When to look again at what has not moved for a while: often at first, then more and more seldom.

A document that waits for an analyst since spring is not recalled within the next hour of all hours. Pure, and without a
memory of its own: since when it waits and when everything was looked at last decide.

>>> monday, hour = datetime.fromisoformat("2026-01-05T00:00+00:00"), timedelta(hours=1)
>>> [n for n in range(1, 49) if is_turn(monday, monday + (n - 1) * hour, monday + n * hour, every=hour)][-6:]
[30, 32, 36, 40, 44, 48]
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

WAIT_MAX: Final = timedelta(days=7)
_SHARE: Final = 8
"""Of the time that it waits already, the next pause is an eighth at most."""


def is_turn(since: datetime, last: datetime | None, now: datetime, *, every: timedelta) -> bool:
    """Say whether it is time to look at what waits since then; `last`: when everything was last gone through."""
    if last is None or last <= since:
        return True
    return _turn(now - since, every) != _turn(last - since, every)


def _turn(age: timedelta, every: timedelta) -> tuple[timedelta, int]:
    """Return the pause at that age and which turn of that length it is: both change when it is time."""
    pause = every
    while pause * 2 <= min(age / _SHARE, WAIT_MAX):
        pause *= 2
    return pause, age // pause
