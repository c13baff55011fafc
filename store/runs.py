"""What each read of a system did: when, how many rows, how it ended."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from store.clock import instant, text
from store.columns import when

Outcome = Literal["running", "done", "failed", "parked"]

INTERRUPTED = "the engine stopped during this read; the next one goes on from the watermark"

_COLUMNS = (
    "id, system, entity, started_at, ended_at, outcome, pages, rows_read, rows_changed, rows_refused, error"
)


@dataclass(frozen=True, slots=True)
class Run:
    """One read of one entity of one system."""

    id: int
    system: str
    entity: str
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome
    pages: int
    rows_read: int
    rows_changed: int
    rows_refused: int
    error: str | None


def begin(db: sqlite3.Connection, system: str, entity: str, at: datetime) -> int:
    """Note that a read begins; one that was cut off before is marked as failed."""
    db.execute(
        "UPDATE sync_run SET outcome='failed', ended_at=?, error=? WHERE outcome='running' AND id="
        "(SELECT max(id) FROM sync_run WHERE system=? AND entity=?)",
        (text(at), INTERRUPTED, system, entity),
    )
    cursor = db.execute(
        "INSERT INTO sync_run(system, entity, started_at, outcome) VALUES (?,?,?,'running')",
        (system, entity, text(at)),
    )
    return int(cursor.lastrowid or 0)


def end(
    db: sqlite3.Connection,
    run_id: int,
    at: datetime,
    outcome: Outcome,
    pages: int,
    rows_read: int,
    rows_changed: int,
    rows_refused: int,
    error: str | None = None,
) -> None:
    """Note how a read ended."""
    db.execute(
        "UPDATE sync_run SET ended_at=?, outcome=?, pages=?, rows_read=?, rows_changed=?, rows_refused=?, error=?"
        " WHERE id=?",
        (text(at), outcome, pages, rows_read, rows_changed, rows_refused, error, run_id),
    )


def first_done(db: sqlite3.Connection, system: str, entity: str) -> datetime | None:
    """Return when the first read of an entity of a system was complete; None: none was."""
    row = db.execute(
        "SELECT ended_at FROM sync_run WHERE system=? AND entity=? AND outcome='done' ORDER BY id LIMIT 1",
        (system, entity),
    ).fetchone()
    return None if row is None else instant(row[0])


def last(db: sqlite3.Connection) -> list[Run]:
    """Return the newest run of each system and entity. Walks the index from pair to pair, never all runs."""
    found: list[Run] = []
    pair = ("", "")
    while True:
        row = db.execute(
            "SELECT system, entity FROM sync_run WHERE (system, entity) > (?, ?) ORDER BY system, entity LIMIT 1",
            pair,
        ).fetchone()
        if row is None:
            return found
        pair = (row[0], row[1])
        newest = db.execute(
            f"SELECT {_COLUMNS} FROM sync_run WHERE system=? AND entity=? ORDER BY id DESC LIMIT 1", pair
        ).fetchone()
        found.append(_run(newest))


def _run(row: sqlite3.Row) -> Run:
    run_id, system, entity, started_at, ended_at, outcome, pages, read, changed, refused, error = row
    return Run(
        run_id,
        system,
        entity,
        instant(started_at),
        when(ended_at),
        outcome,
        pages,
        read,
        changed,
        refused,
        error,
    )
