"""What the engine says of itself, for whoever watches."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from store.clock import SystemClock, VirtualClock, instant, text
from store.database import Store, open_store

State = Literal["starting", "working", "idle", "stopped"]


@dataclass(frozen=True, slots=True)
class EngineState:
    """The engine as it last reported."""

    state: State
    holder: str
    clock_at: datetime
    """Its own clock: virtual in a rehearsal."""
    is_virtual: bool
    cycle_count: int
    doing: str | None
    changed_at: datetime


def report(
    db: sqlite3.Connection,
    state: State,
    holder: str,
    clock_at: datetime,
    is_virtual: bool,
    cycle_count: int,
    doing: str | None,
    now: datetime,
) -> None:
    """Say how it stands."""
    db.execute(
        "INSERT INTO engine_state(id, state, holder, clock_at, is_virtual, cycle_count, doing, changed_at)"
        " VALUES (1,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET state=excluded.state, holder=excluded.holder,"
        " clock_at=excluded.clock_at, is_virtual=excluded.is_virtual, cycle_count=excluded.cycle_count,"
        " doing=excluded.doing, changed_at=excluded.changed_at",
        (state, holder, text(clock_at), int(is_virtual), cycle_count, doing, text(now)),
    )


def get(db: sqlite3.Connection) -> EngineState | None:
    """Return the last report; None: no engine ever worked here."""
    row = db.execute(
        "SELECT state, holder, clock_at, is_virtual, cycle_count, doing, changed_at FROM engine_state WHERE id=1"
    ).fetchone()
    if row is None:
        return None
    state, holder, clock_at, is_virtual, cycle_count, doing, changed_at = row
    return EngineState(
        state, holder, instant(clock_at), bool(is_virtual), cycle_count, doing, instant(changed_at)
    )


def open_in_its_time(path: Path, *, group: str | None = None, durable: bool = True) -> Store:
    """Open a store that is there at the engine's time: in a rehearsal, what a person does there happens at that hour."""
    store = open_store(path, SystemClock(), group=group, durable=durable, creates=False)
    try:
        found = get(store.db)
    except BaseException:
        store.close()
        raise
    if found is None or not found.is_virtual:
        return store
    store.close()
    return open_store(path, VirtualClock(found.clock_at), group=group, durable=durable, creates=False)
