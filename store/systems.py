"""Whether each system may be used now.

    ok <--> failing (counts failures in a row)
    ok, failing --> parked (until an instant, then tried again by itself)
    any --> paused (a person) | held (its credentials or settings are refused) --> resume --> ok

Success makes *failing* ok, and *parked* when its time is over; only a person's `resume` ends *paused* and *held*. A read
that works says nothing about writes: their failures count on, and what deliveries had parked is *on trial* until it answers
one of them.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from store.clock import text
from store.columns import when

State = Literal["ok", "failing", "parked", "paused", "held"]

_COLUMNS = "system, state, reason, until, failure_count, last_ok_at, last_failure_at, changed_at, write_failure_count, is_on_trial"
AGAIN_MAX = timedelta(minutes=10)
"""How long a parked system that fails when it is read again waits at most until the next time."""


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
    write_failure_count: int
    """Failures in a row of deliveries; `failure_count` has those of reads, too."""
    is_on_trial: bool
    """Deliveries had it parked, and it has answered none since."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What can't be read of a system that else answers: its read failed, and no later one went well."""

    entity: str
    cause: str
    fix: str


def unreadable(db: sqlite3.Connection) -> dict[str, list[Unreadable]]:
    """Return by system what can't be read there, and what to do about it."""
    found: dict[str, list[Unreadable]] = {}
    for row in db.execute(
        "SELECT system, entity, min(cause) AS cause, min(fix) AS fix FROM v_exception"
        " WHERE class = 'READ_FAILED' AND ended_at IS NULL GROUP BY system, entity ORDER BY system, entity"
    ):
        found.setdefault(row["system"], []).append(
            Unreadable(row["entity"], row["cause"] or "", row["fix"] or "")
        )
    return found


def get(db: sqlite3.Connection, system: str) -> SystemState | None:
    """Return how a system stands; None: it was never used."""
    row = db.execute(f"SELECT {_COLUMNS} FROM system_state WHERE system=?", (system,)).fetchone()
    return None if row is None else _state(row)


def all(db: sqlite3.Connection) -> list[SystemState]:  # reads as systems.all
    """Return how every system stands."""
    return [_state(row) for row in db.execute(f"SELECT {_COLUMNS} FROM system_state ORDER BY system")]


def ok(db: sqlite3.Connection, system: str, now: datetime) -> None:
    """Note that it answered a read. Paused and held systems stay so, parked ones until their time is over."""
    _answered(db, system, now, is_delivery=False)


def took(db: sqlite3.Connection, system: str, now: datetime) -> None:
    """Note that it answered a delivery. What was under way when it was parked ends no wait."""
    _answered(db, system, now, is_delivery=True)


def _answered(db: sqlite3.Connection, system: str, now: datetime, *, is_delivery: bool) -> None:
    db.execute(
        "INSERT INTO system_state(system, state, last_ok_at, changed_at) VALUES (?1,'ok',?2,?2)"
        " ON CONFLICT(system) DO UPDATE SET last_ok_at=?2,"
        " failure_count=iif(?3, 0, write_failure_count), write_failure_count=iif(?3, 0, write_failure_count),"
        " is_on_trial=iif(?3, 0, is_on_trial),"
        " reason=CASE WHEN state IN ('paused', 'held') THEN reason END, until=NULL,"
        " changed_at=CASE WHEN state IN ('failing', 'parked') THEN ?2 ELSE changed_at END,"
        " state=CASE WHEN state IN ('paused', 'held') THEN state ELSE 'ok' END"
        " WHERE state<>'parked' OR until<=?2",
        (system, text(now), is_delivery),
    )


def failed(
    db: sqlite3.Connection, system: str, reason: str, now: datetime, count: int = 1, *, is_write: bool = False
) -> int:
    """Note failed reads or deliveries; return how many failures there were in a row.

    A parked one that was used again when its time was over, and failed, waits once more.
    """
    known = get(db, system)
    if known is not None and known.state == "parked" and known.until is not None and known.until <= now:
        pause = known.until - known.changed_at if known.changed_at is not None else AGAIN_MAX
        park(db, system, now + min(pause, AGAIN_MAX), reason, now)
    row = db.execute(
        "INSERT INTO system_state(system, state, reason, failure_count, write_failure_count, last_failure_at, changed_at)"
        " VALUES (?1,'failing',?2,?4,?5,?3,?3) ON CONFLICT(system) DO UPDATE SET failure_count=failure_count+?4,"
        " write_failure_count=write_failure_count+?5,"
        " last_failure_at=?3, reason=CASE WHEN state IN ('ok', 'failing') THEN ?2 ELSE reason END,"
        " changed_at=CASE WHEN state='ok' THEN ?3 ELSE changed_at END,"
        " state=CASE WHEN state='ok' THEN 'failing' ELSE state END RETURNING failure_count",
        (system, reason, text(now), count, count if is_write else 0),
    ).fetchone()
    return int(row[0])


def unread(
    db: sqlite3.Connection, system: str, reason: str, now: datetime, asked: timedelta | None = None
) -> None:
    """Note that it could not be read; if it asked to be left alone, it is: by deliveries, too."""
    failed(db, system, reason, now)
    if asked:
        park(db, system, now + asked, reason, now)


def park(
    db: sqlite3.Connection,
    system: str,
    until: datetime,
    reason: str,
    now: datetime,
    *,
    is_on_trial: bool = False,
) -> None:
    """Leave it alone until an instant, or a later one that it waits for already. Paused and held systems stay so.

    On trial, deliveries begin with a single one afterwards.
    """
    db.execute(
        "INSERT INTO system_state(system, state, reason, until, last_failure_at, changed_at, is_on_trial)"
        " VALUES (?1,'parked',?2,?3,?4,?4,?5) ON CONFLICT(system) DO UPDATE SET"
        " reason=CASE WHEN state='parked' AND until>?3 THEN reason ELSE ?2 END,"
        " until=CASE WHEN state='parked' THEN max(until, ?3) ELSE ?3 END, state='parked',"
        " is_on_trial=max(is_on_trial, ?5), last_failure_at=?4, changed_at=?4 WHERE state NOT IN ('paused', 'held')",
        (system, reason, text(until), text(now), is_on_trial),
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


def next_until(db: sqlite3.Connection, now: datetime) -> datetime | None:
    """Return when the next parked system may be tried again. One that may be by now waits for something to do."""
    found = db.execute("SELECT min(until) FROM system_state WHERE state='parked' AND until>?", (text(now),))
    return when(found.fetchone()[0])


def _put(db: sqlite3.Connection, system: str, state: State, reason: str, now: datetime) -> None:
    db.execute(
        "INSERT INTO system_state(system, state, reason, changed_at) VALUES (?1,?2,?3,?4)"
        " ON CONFLICT(system) DO UPDATE SET state=?2, reason=?3, until=NULL, changed_at=?4,"
        " failure_count=iif(?2='ok', 0, failure_count), write_failure_count=iif(?2='ok', 0, write_failure_count),"
        " is_on_trial=iif(?2='ok', 0, is_on_trial)",
        (system, state, reason, text(now)),
    )


def _state(row: sqlite3.Row) -> SystemState:
    system, state, reason, until, failures, last_ok, last_failure, changed, of_deliveries, is_on_trial = row
    return SystemState(
        system, state, reason, when(until), failures, when(last_ok), when(last_failure), when(changed),
        of_deliveries, bool(is_on_trial),
    )  # fmt: skip
