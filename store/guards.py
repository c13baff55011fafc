"""What forbids changes of rows that are never changed otherwise, taken away for the few acts that may."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from store.columns import marks


@contextmanager
def lifted(db: sqlite3.Connection, tables: Sequence[str]) -> Iterator[None]:
    """Take the guards of these tables away, and put them back: within the transaction, so that nobody else ever sees them gone."""
    guards = db.execute(
        f"SELECT name, sql FROM sqlite_master WHERE type='trigger' AND tbl_name IN ({marks(tables)}) AND sql LIKE '%RAISE(ABORT%'",
        tuple(tables),
    ).fetchall()
    for name, _ in guards:
        db.execute(f"DROP TRIGGER {name}")
    yield
    for _, sql in guards:
        db.execute(sql)
