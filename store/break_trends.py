"""Breaks by class: how many are open, and how many came and went day by day. What only comes wants somebody."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from store.clock import text
from store.columns import when

DAYS: Final = 14
OPEN: Final = "state = 'open'"


@dataclass(frozen=True, slots=True)
class ClassTrend:
    """One class."""

    class_: str
    count: int
    """Open now."""
    amounts: Mapping[str, int]
    """At risk, by currency, in minor units."""
    oldest_at: datetime | None
    came: tuple[int, ...]
    """In each of the last spans of 24 hours, oldest first."""
    went: tuple[int, ...]


def by_class(
    db: sqlite3.Connection, now: datetime, where: str = OPEN, values: Sequence[object] = ()
) -> list[ClassTrend]:
    """Return the classes of the breaks that meet a condition of this program's own words, the most first.

    What came and went is counted of all breaks.
    """
    counts: Counter[str] = Counter()
    amounts: dict[str, Counter[str]] = defaultdict(Counter)
    oldest: dict[str, str] = {}
    for class_, currency, count, minor, first in db.execute(
        "SELECT class, coalesce(currency, ''), count(*), coalesce(sum(amount_minor), 0), min(opened_at) FROM v_break"
        f" WHERE {where} GROUP BY 1, 2",
        tuple(values),
    ).fetchall():
        counts[class_] += count
        oldest[class_] = min(first, oldest.get(class_, first))
        if currency:
            amounts[class_][currency] += minor
    came, went = _by_day(db, now, "opened_at"), _by_day(db, now, "coalesce(gone_at, ended_at)")
    nothing = (0,) * DAYS
    return [
        ClassTrend(
            name,
            counts[name],
            dict(sorted(amounts[name].items())),
            when(oldest.get(name)),
            came.get(name, nothing),
            went.get(name, nothing),
        )
        for name in sorted({*counts, *came, *went}, key=lambda name: (-counts[name], name))
    ]


def _by_day(db: sqlite3.Connection, now: datetime, column: str) -> dict[str, tuple[int, ...]]:
    """Count by class and span of 24 hours back from now, oldest first."""
    found: dict[str, list[int]] = {}
    for class_, back, count in db.execute(
        f"SELECT class, CAST(julianday(:now) - julianday({column}) AS INTEGER) AS back, count(*) FROM v_break"
        f" WHERE {column} > :since GROUP BY 1, 2",
        {"now": text(now), "since": text(now - timedelta(days=DAYS))},
    ).fetchall():
        found.setdefault(class_, [0] * DAYS)[DAYS - 1 - min(DAYS - 1, max(0, back))] += count
    return {name: tuple(days) for name, days in found.items()}
