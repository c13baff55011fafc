"""Changes of the profile's files that came from another environment, each with what was there before.

applied --> rolled back (every file is again as it was)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from store.clock import text
from store.columns import as_json, fields

_COLUMNS = (
    "id, digest, body, before, source, maker, checker, reason, file_count, applied_by, applied_at, is_written, rolled_back_by,"
    " rolled_back_at, rolled_back_why"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApplied:
    """A change set that is about to be written."""

    digest: str
    body: str
    before: Mapping[str, str | None]
    """By path, what each file says now; None: it is not there."""
    source: str
    maker: str
    checker: str | None
    reason: str
    applied_by: str


@dataclass(frozen=True, slots=True)
class Applied:
    """A change set that was written, or was being written when something stopped it."""

    id: int
    digest: str
    body: str
    before: dict[str, str | None]
    source: str
    maker: str
    checker: str | None
    reason: str
    file_count: int
    applied_by: str
    applied_at: datetime
    is_written: bool
    rolled_back_by: str | None
    rolled_back_at: datetime | None
    rolled_back_why: str | None


def add(db: sqlite3.Connection, one: NewApplied, at: datetime) -> int:
    """Keep a change set before any file is touched; return its number."""
    row = db.execute(
        "INSERT INTO change_set(digest, body, before, source, maker, checker, reason, file_count, applied_by, applied_at)"
        " VALUES (?,?,?,?,?,?,?,?,?,?) RETURNING id",
        (
            one.digest,
            one.body,
            as_json(one.before),
            one.source,
            one.maker,
            one.checker,
            one.reason,
            len(one.before),
            one.applied_by,
            text(at),
        ),
    ).fetchone()
    return int(row[0])


def written(db: sqlite3.Connection, number: int) -> None:
    """Note that every file is as the change set says."""
    db.execute("UPDATE change_set SET is_written=1 WHERE id=?", (number,))


def rolled_back(db: sqlite3.Connection, number: int, *, by: str, why: str, at: datetime) -> None:
    """Note that every file is as it was before."""
    db.execute(
        "UPDATE change_set SET rolled_back_by=?, rolled_back_at=?, rolled_back_why=? WHERE id=?",
        (by, text(at), why, number),
    )


def get(db: sqlite3.Connection, number: int) -> Applied | None:
    """Return one change set."""
    row = db.execute(f"SELECT {_COLUMNS} FROM change_set WHERE id=?", (number,)).fetchone()
    return None if row is None else _applied(row)


def newest(db: sqlite3.Connection, digest: str) -> Applied | None:
    """Return how the change set of that digest was last applied, rolled back since or not; None: it never was."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM change_set WHERE digest=? ORDER BY id DESC LIMIT 1", (digest,)
    ).fetchone()
    return None if row is None else _applied(row)


def listed(db: sqlite3.Connection) -> list[Applied]:
    """Return every change set, the newest first."""
    return [_applied(row) for row in db.execute(f"SELECT {_COLUMNS} FROM change_set ORDER BY id DESC")]


def _applied(row: sqlite3.Row) -> Applied:
    found = fields(row, instants=("applied_at", "rolled_back_at"), objects=("before",))
    return Applied(**{**found, "is_written": bool(found["is_written"])})
