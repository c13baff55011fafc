"""Until when, as people write it: `4h`, `2d`, `tomorrow`, `monday`, `2026-03-20`, `2026-03-20 14:00`. Pure.

>>> now = datetime(2026, 3, 14, 10, 0, tzinfo=UTC)
>>> [until(text, now, UTC).isoformat(" ", "minutes")[:16] for text in ("4h", "tomorrow", "mon", "2026-03-20 14:00")]
['2026-03-14 14:00', '2026-03-15 08:00', '2026-03-16 08:00', '2026-03-20 14:00']
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

MORNING = time(8, 0)
"""A day without an hour begins when people do."""
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_NAME_MIN = 3
EXAMPLES = "4h, 2d, 1w, tomorrow, monday, 2026-03-20 or 2026-03-20 14:00"
YEARS_MAX = 5

_SPAN = re.compile(r"(\d{1,4})\s*([mhdw])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def until(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Return the instant that is meant; a ValueError says in words what is wrong with it."""
    wanted = " ".join(text.lower().split())
    found = _meant(wanted, now, zone)
    if found is None:
        raise ValueError(f"write when, like {EXAMPLES}")
    if found <= now:
        raise ValueError("that has passed already")
    if found > now + timedelta(days=366 * YEARS_MAX):
        raise ValueError(f"that is more than {YEARS_MAX} years away")
    return found.astimezone(UTC)


def _meant(wanted: str, now: datetime, zone: tzinfo) -> datetime | None:
    span = _SPAN.fullmatch(wanted)
    if span:
        return now + int(span[1]) * _UNITS[span[2]]
    today = now.astimezone(zone).date()
    if wanted == "tomorrow":
        return datetime.combine(today + timedelta(days=1), MORNING, zone)
    if len(wanted) >= DAY_NAME_MIN:
        for place, name in enumerate(DAYS):
            if name.startswith(wanted):
                ahead = (place - today.weekday() - 1) % 7 + 1
                return datetime.combine(today + timedelta(days=ahead), MORNING, zone)
    try:
        if len(wanted) == len("2026-03-20"):
            return datetime.combine(date.fromisoformat(wanted), MORNING, zone)
        moment = datetime.fromisoformat(wanted.upper())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
