"""How one system is used, for whoever watches: its limits, when it is read next, how its documents have drifted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from finsync_tui.profile import Profile, Schedule
from finsync_tui.profile.limits import Limits, limits
from finsync_tui.schedule import next_fire
from store import meta, requests
from store.clock import instant
from store.requests import ReadRequest

DRIFT_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Rhythm:
    """One schedule of a system."""

    name: str
    entities: tuple[str, ...]
    words: str
    """`every 10 min`, or the cron line with its time zone."""
    last_at: datetime | None
    next_at: datetime | None
    """None: as soon as the engine looks, because it never ran."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A vendor's document that no longer looks as we described it."""

    message: str
    severity: str
    noticed_at: datetime


@dataclass(frozen=True, slots=True)
class Usage:
    """What the profile says of a system, and what has come of it."""

    limits: Limits | None
    rhythms: tuple[Rhythm, ...]
    drift: tuple[Drift, ...]
    drift_count: int
    asked: ReadRequest | None
    """Somebody wants it to be read now, and the engine has not done so yet."""


def of(db: Connection, profile: Profile, system: str) -> Usage:
    """Return how a system is used."""
    found = limits(profile, system)
    rhythms = [_rhythm(db, name, one) for name, one in (found.schedules if found else {}).items()]
    drift = db.execute(
        "SELECT message, severity, noticed_at FROM finding WHERE class = 'DRIFT' AND system = ? ORDER BY id DESC LIMIT ?",
        (system, DRIFT_SHOWN),
    ).fetchall()
    (count,) = db.execute(
        "SELECT count(*) FROM finding WHERE class = 'DRIFT' AND system = ?", (system,)
    ).fetchone()
    return Usage(
        limits=found,
        rhythms=tuple(rhythms),
        drift=tuple(Drift(message, severity, instant(at)) for message, severity, at in drift),
        drift_count=count,
        asked=next((one for one in requests.reads(db) if one.system == system), None),
    )


def _rhythm(db: Connection, name: str, schedule: Schedule) -> Rhythm:
    last = meta.get(db, f"schedule.{name}")
    at = instant(last) if last else None
    return Rhythm(name, schedule.entities, words(schedule), at, next_fire(schedule, at) if at else None)


def words(schedule: Schedule) -> str:
    """Return when a schedule runs.

    >>> words(Schedule(system="s", entities=("e",), every="PT90M")), words(Schedule(system="s", entities=("e",), cron="0 6 * * *"))
    ('every 1 h 30 min', 'cron 0 6 * * * (UTC)')
    """
    if schedule.every is None:
        return f"cron {schedule.cron} ({schedule.timezone})"
    seconds = int(schedule.every.total_seconds())
    units: Sequence[tuple[int, str]] = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
    parts: list[str] = []
    for size, unit in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return "every " + " ".join(parts[:2])
