"""How far each read is complete.

A watermark moves only in the transaction that stored what was read up to it. Its position is the adapter's own,
opaque text, made from the other system's time, never from ours.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from store.clock import instant, text


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far one entity of one system has been read."""

    position: str | None
    is_complete: bool
    """False while a read is under way, or was interrupted."""
    moved_at: datetime


def get(db: sqlite3.Connection, system: str, entity: str) -> Watermark | None:
    """Return the watermark; None: never read."""
    row = db.execute(
        "SELECT position, is_complete, moved_at FROM watermark WHERE system=? AND entity=?", (system, entity)
    ).fetchone()
    return None if row is None else Watermark(row[0], bool(row[1]), instant(row[2]))


def advance(
    db: sqlite3.Connection, system: str, entity: str, position: str | None, is_complete: bool, at: datetime
) -> None:
    """Move the watermark. A page that can't be resumed from (None) leaves the position where it was."""
    db.execute(
        "INSERT INTO watermark(system, entity, position, is_complete, moved_at) VALUES (?,?,?,?,?)"
        " ON CONFLICT(system, entity) DO UPDATE SET position=coalesce(excluded.position, position),"
        " is_complete=excluded.is_complete, moved_at=excluded.moved_at",
        (system, entity, position, int(is_complete), text(at)),
    )
