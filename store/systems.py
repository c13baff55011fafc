"""Whether each system may be used now.

    ok <--> failing (counts failures in a row; until an instant nothing is read, where it asked for that)
    ok, failing --> parked (until an instant, then tried again by itself)
    any --> paused (a person) | held (its credentials or settings are refused) --> resume --> ok

Success makes *failing* and *parked* ok; only a person's `resume` ends *paused* and *held*.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from store.clock import text
from store.columns import when

State = Literal["ok", "failing", "parked", "paused", "held"]

_COLUMNS = "system, state, reason, until, failure_count, last_ok_at, last_failure_at, changed_at"


@dataclass(frozen=True, slots=True)
class SystemState:
    """How one system stands."""

    system: str
    state: State
    reason: str | None
    until: datetime | None
    failure_count: int
    last_ok_at: datetime | None
    last_failure_at: datetime | None
    changed_at: datetime | None


def get(db: sqlite3.Connection, system: str) -> SystemState | None:
    """Return how a system stands; None: it was never used."""
    row = db.execute(f"SELECT {_COLUMNS} FROM system_state WHERE system=?", (system,)).fetchone()
    return None if row is None else _state(row)


def all(db: sqlite3.Connection) -> list[SystemState]:  # reads as systems.all
    """Return how every system stands."""
    return [_state(row) for row in db.execute(f"SELECT {_COLUMNS} FROM system_state ORDER BY system")]


def ok(db: sqlite3.Connection, system: str, now: datetime) -> None:
    """Note that it answered. Paused and held systems stay so."""
    db.execute(
        "INSERT INTO system_state(system, state, last_ok_at, changed_at) VALUES (?1,'ok',?2,?2)"
        " ON CONFLICT(system) DO UPDATE SET last_ok_at=?2, failure_count=0,"
        " reason=CASE WHEN state IN ('paused', 'held') THEN reason END, until=NULL,"
        " changed_at=CASE WHEN state IN ('failing', 'parked') THEN ?2 ELSE changed_at END,"
        " state=CASE WHEN state IN ('paused', 'held') THEN state ELSE 'ok' END",
        (system, text(now)),
    )


def failed(
    db: sqlite3.Connection, system: str, reason: str, now: datetime, until: datetime | None = None
) -> int:
    """Note a failure; return how many there were in a row. Nothing is read before `until`: it asked for that."""
    row = db.execute(
        "INSERT INTO system_state(system, state, reason, until, failure_count, last_failure_at, changed_at)"
        " VALUES (?1,'failing',?2,?4,1,?3,?3) ON CONFLICT(system) DO UPDATE SET failure_count=failure_count+1,"
        " until=CASE WHEN state IN ('ok', 'failing') THEN coalesce(?4, until) ELSE until END,"
        " last_failure_at=?3, reason=CASE WHEN state IN ('ok', 'failing') THEN ?2 ELSE reason END,"
        " changed_at=CASE WHEN state='ok' THEN ?3 ELSE changed_at END,"
        " state=CASE WHEN state='ok' THEN 'failing' ELSE state END RETURNING failure_count",
        (system, reason, text(now), text(until) if until is not None else None),
    ).fetchone()
    return int(row[0])


def park(db: sqlite3.Connection, system: str, until: datetime, reason: str, now: datetime) -> None:
    """Leave it alone until an instant. Paused and held systems stay so."""
    db.execute(
        "INSERT INTO system_state(system, state, reason, until, last_failure_at, changed_at)"
        " VALUES (?1,'parked',?2,?3,?4,?4) ON CONFLICT(system) DO UPDATE SET state='parked', reason=?2, until=?3,"
        " last_failure_at=?4, changed_at=?4 WHERE state NOT IN ('paused', 'held')",
        (system, reason, text(until), text(now)),
    )


def unpark(db: sqlite3.Connection, system: str, now: datetime) -> None:
    """Use a parked one again before its time: what it waited for may have happened. All others stay as they are."""
    db.execute("UPDATE system_state SET until=?2 WHERE system=?1 AND state='parked'", (system, text(now)))


def pause(db: sqlite3.Connection, system: str, reason: str, now: datetime) -> None:
    """Leave it alone until a person resumes it, because a person says so."""
    _put(db, system, "paused", reason, now)


def hold(db: sqlite3.Connection, system: str, reason: str, now: datetime) -> None:
    """Leave it alone until a person resumes it, because it refuses us. A paused one stays paused."""
    held = get(db, system)
    if held is None or held.state != "paused":
        _put(db, system, "held", reason, now)


def resume(db: sqlite3.Connection, system: str, reason: str, now: datetime) -> None:
    """Use it again; what failed before does not count any more."""
    _put(db, system, "ok", reason, now)


def is_open(db: sqlite3.Connection, system: str, now: datetime) -> bool:
    """Say whether it may be used now: a parked one when its time is over, one never used always."""
    row = db.execute("SELECT state, until FROM system_state WHERE system=?", (system,)).fetchone()
    if row is None or row[0] in ("ok", "failing"):
        return True
    return row[0] == "parked" and row[1] is not None and row[1] <= text(now)


def may_read(db: sqlite3.Connection, system: str, now: datetime) -> bool:
    """Say whether it may be read now: it may be used, and has not asked to be left alone for longer."""
    if not is_open(db, system, now):
        return False
    row = db.execute("SELECT until FROM system_state WHERE system=?", (system,)).fetchone()
    return row is None or row[0] is None or row[0] <= text(now)


def next_until(db: sqlite3.Connection) -> datetime | None:
    """Return when the next parked system is tried again."""
    return when(db.execute("SELECT min(until) FROM system_state WHERE state='parked'").fetchone()[0])


def _put(db: sqlite3.Connection, system: str, state: State, reason: str, now: datetime) -> None:
    db.execute(
        "INSERT INTO system_state(system, state, reason, changed_at) VALUES (?1,?2,?3,?4)"
        " ON CONFLICT(system) DO UPDATE SET state=?2, reason=?3, until=NULL, changed_at=?4,"
        " failure_count=CASE WHEN ?2='ok' THEN 0 ELSE failure_count END",
        (system, state, reason, text(now)),
    )


def _state(row: sqlite3.Row) -> SystemState:
    system, state, reason, until, failures, last_ok, last_failure, changed = row
    return SystemState(
        system, state, reason, when(until), failures, when(last_ok), when(last_failure), when(changed)
    )
