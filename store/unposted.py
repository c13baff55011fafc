"""What is approved at its source and not yet in an ERP, by flow and age: money that the books do not know."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from store.clock import text

AGES: Final = (
    ("under a day", timedelta(days=1)),
    ("1-3 days", timedelta(days=3)),
    ("3-7 days", timedelta(days=7)),
)
OLDEST: Final = "over 7 days"
"""What is older than the last of AGES."""


@dataclass(frozen=True, slots=True)
class Unposted:
    """The documents of one flow and age."""

    flow: str
    age: str
    count: int
    amounts: Mapping[str, int] = field(default_factory=dict)
    """Minor units by currency; documents without an amount only count."""


def by_age(db: sqlite3.Connection, now: datetime) -> list[Unposted]:
    """Return what waits, flow by flow, youngest first."""
    bounds = {f"after_{n}": text(now - age) for n, (_, age) in enumerate(AGES)}
    ladder = " ".join(f"WHEN started_at > :after_{n} THEN {n}" for n in range(len(AGES)))
    rows = db.execute(
        f"SELECT flow, CASE {ladder} ELSE {len(AGES)} END AS place, currency, count(*), sum(amount_minor)"
        " FROM v_unposted GROUP BY flow, place, currency ORDER BY flow, place, currency",
        bounds,
    )
    counts: dict[tuple[str, int], int] = {}
    amounts: dict[tuple[str, int], dict[str, int]] = {}
    for flow, place, currency, count, minor in rows:
        key = (flow, place)
        counts[key] = counts.get(key, 0) + count
        if currency is not None and minor is not None:
            amounts.setdefault(key, {})[currency] = minor
    names = [*(name for name, _ in AGES), OLDEST]
    return [
        Unposted(flow, names[place], count, amounts.get((flow, place), {}))
        for (flow, place), count in counts.items()
    ]
