"""Small facts about the workspace itself."""

from __future__ import annotations

import sqlite3


def get(db: sqlite3.Connection, name: str) -> str | None:
    """Return a value; None: never set."""
    row = db.execute("SELECT value FROM meta WHERE name=?", (name,)).fetchone()
    return None if row is None else str(row[0])


def set(db: sqlite3.Connection, name: str, value: str) -> None:  # reads as meta.set
    """Keep a value."""
    db.execute(
        "INSERT INTO meta(name, value) VALUES (?,?) ON CONFLICT(name) DO UPDATE SET value=excluded.value",
        (name, value),
    )


def clear(db: sqlite3.Connection, prefix: str) -> None:
    """Forget every value whose name begins so."""
    db.execute("DELETE FROM meta WHERE substr(name, 1, ?)=?", (len(prefix), prefix))
