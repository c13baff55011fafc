"""What the workbench remembers for a person."""

from __future__ import annotations

import sqlite3


def get(db: sqlite3.Connection, person: str, name: str) -> str | None:
    """Return a value; None: never set."""
    row = db.execute("SELECT value FROM preference WHERE person=? AND name=?", (person, name)).fetchone()
    return None if row is None else str(row[0])


def of(db: sqlite3.Connection, person: str) -> dict[str, str]:
    """Return everything that is remembered for a person, by name."""
    return dict(
        tuple(row)
        for row in db.execute("SELECT name, value FROM preference WHERE person=? ORDER BY name", (person,))
    )


def set(db: sqlite3.Connection, person: str, name: str, value: str) -> None:  # reads as preferences.set
    """Remember a value."""
    db.execute(
        "INSERT INTO preference(person, name, value) VALUES (?,?,?)"
        " ON CONFLICT(person, name) DO UPDATE SET value=excluded.value",
        (person, name, value),
    )


def clear(db: sqlite3.Connection, person: str, name: str) -> None:
    """Forget a value."""
    db.execute("DELETE FROM preference WHERE person=? AND name=?", (person, name))
