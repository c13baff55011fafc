"""How many documents got stuck, were settled and were finished, day by day: whether the queue grows or shrinks.

Days are spans of 24 hours back from now, so that a list filtered by the same span holds what is counted here.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from store.clock import text

DAYS: Final = 14

_QUERIES: Final = {
    "stuck": "SELECT {day} AS day, count(*) FROM exception_case WHERE opened_at > :since GROUP BY day",
    "settled": "SELECT {day} AS day, count(*) FROM exception_case WHERE ended_at > :since GROUP BY day",
    "done": "SELECT {day} AS day, count(*) FROM workflow WHERE ended_at > :since AND +state = 'done' GROUP BY day",  # +: by the index of ends
}
_COLUMNS: Final = {"stuck": "opened_at", "settled": "ended_at", "done": "ended_at"}


@dataclass(frozen=True, slots=True)
class Trend:
    """Counts of the last days, oldest first."""

    stuck: tuple[int, ...]
    settled: tuple[int, ...]
    done: tuple[int, ...]


def by_day(db: sqlite3.Connection, now: datetime, days: int = DAYS) -> Trend:
    """Return what got stuck, was settled and was finished in each of the last days."""
    since = text(now - timedelta(days=days))
    found: dict[str, list[int]] = {}
    for name, query in _QUERIES.items():
        counts = found[name] = [0] * days
        day = f"CAST(julianday(:now) - julianday({_COLUMNS[name]}) AS INTEGER)"
        for back, count in db.execute(query.format(day=day), {"now": text(now), "since": since}).fetchall():
            counts[days - 1 - min(days - 1, max(0, back))] += count  # what lies ahead of a clock is today's
    return Trend(tuple(found["stuck"]), tuple(found["settled"]), tuple(found["done"]))
