"""New stores as copies: one goes through all migrations, and each that comes after it is made from its pages.

Forty migrations are forty milliseconds, a copy is two; thousands of tests begin with a new store.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store import database
from store.clock import Clock, text

_COPYING = threading.Lock()
_MIGRATED = database._bring_up_to_date


@contextmanager
def copies() -> Iterator[None]:
    """Let each new store in this process be a copy; files of earlier versions are migrated as ever."""
    found: list[sqlite3.Connection] = []

    def bring_up_to_date(db: sqlite3.Connection, path: Path, clock: Clock, pending: list[str]) -> None:
        with _COPYING:
            if not _is_new(db):
                _MIGRATED(db, path, clock, pending)
                return
            if not found:
                found.append(_template(clock))
            found[0].backup(db)
        db.execute("UPDATE meta SET value=? WHERE name='created_at'", (text(clock.now()),))

    database._bring_up_to_date = bring_up_to_date
    try:
        yield
    finally:
        database._bring_up_to_date = _MIGRATED
        for one in found:
            one.close()


@contextmanager
def migrated() -> Iterator[None]:
    """Let each new store go through all migrations, for tests of just that."""
    before = database._bring_up_to_date
    database._bring_up_to_date = _MIGRATED
    try:
        yield
    finally:
        database._bring_up_to_date = before


def _is_new(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM sqlite_schema").fetchone() is None


def _template(clock: Clock) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _MIGRATED(db, Path(":memory:"), clock, list(database.KNOWN_MIGRATIONS))
    return db
