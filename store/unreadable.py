"""Records that a side showed and that nobody could read: they are there, so nothing that may be theirs is missing.

Only those that no row is held of: what was read before keeps the rows it had.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from store.columns import chunks, marks
from store.comparison import Side


def note(db: sqlite3.Connection, of: Side, external_ids: Sequence[str], run_id: int) -> None:
    """Keep which records were shown and can't be read, where nothing is held of them."""
    for some in chunks(external_ids):
        held = {
            external_id
            for (external_id,) in db.execute(
                f"SELECT external_id FROM comparison_row WHERE side_id=? AND external_id IN ({marks(some)})",
                (of.id, *some),
            )
        }
        db.executemany(
            "INSERT INTO comparison_unreadable VALUES (?,?,?) ON CONFLICT DO UPDATE SET seen=excluded.seen",
            [(of.id, external_id, run_id) for external_id in some if external_id not in held],
        )


def forget(db: sqlite3.Connection, of: Side, external_ids: Sequence[str]) -> None:
    """These can be read now."""
    for some in chunks(external_ids):
        db.execute(
            f"DELETE FROM comparison_unreadable WHERE side_id=? AND external_id IN ({marks(some)})",
            (of.id, *some),
        )


def sweep(db: sqlite3.Connection, of: Side, run_id: int) -> None:
    """Drop what a read to the end did not show any more."""
    db.execute("DELETE FROM comparison_unreadable WHERE side_id=? AND seen<>?", (of.id, run_id))


def listed(db: sqlite3.Connection, side_id: int) -> list[str]:
    """Return the ids of what a side shows and nobody can read."""
    rows = db.execute(
        "SELECT external_id FROM comparison_unreadable WHERE side_id=? ORDER BY external_id", (side_id,)
    )
    return [external_id for (external_id,) in rows]
