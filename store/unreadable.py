"""Records that a side showed and that nobody could read: they are there, so nothing that may be theirs is missing.

What was read of them before keeps its rows, and is compared as it was: whoever relies on that is told.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from store.columns import chunks, marks
from store.comparison import Side


class Unread(NamedTuple):
    """One record that can't be read, as a definition's side has it."""

    definition: str
    system: str
    external_id: str
    number: str | None
    """As it was read before; None: it never was."""


def note(db: sqlite3.Connection, of: Side, external_ids: Sequence[str], run_id: int) -> None:
    """Keep which records were shown and can't be read."""
    db.executemany(
        "INSERT INTO comparison_unreadable VALUES (?,?,?) ON CONFLICT DO UPDATE SET seen=excluded.seen",
        [(of.id, external_id, run_id) for external_id in external_ids],
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


def unknown(db: sqlite3.Connection, side_id: int) -> list[str]:
    """Return the ids of what a side shows, nobody can read, and nobody has read before."""
    rows = db.execute(
        "SELECT external_id FROM comparison_unreadable u WHERE side_id=?"
        " AND NOT EXISTS (SELECT 1 FROM comparison_row r WHERE r.side_id=u.side_id AND r.external_id=u.external_id)"
        " ORDER BY external_id",
        (side_id,),
    )
    return [external_id for (external_id,) in rows]


def of_sides(db: sqlite3.Connection, side_ids: Sequence[int]) -> frozenset[tuple[int, str]]:
    """Return side and id of all that these sides show and nobody can read now."""
    rows = db.execute(
        f"SELECT side_id, external_id FROM comparison_unreadable WHERE side_id IN ({marks(side_ids)})",
        tuple(side_ids),
    )
    return frozenset((side_id, external_id) for side_id, external_id in rows)


def listed(db: sqlite3.Connection, definitions: Sequence[str]) -> list[Unread]:
    """Return what can't be read of these definitions' sides."""
    rows = db.execute(
        "SELECT d.name, s.system, u.external_id, (SELECT r.number FROM comparison_row r WHERE r.side_id=u.side_id"
        " AND r.external_id=u.external_id LIMIT 1) FROM comparison_unreadable u JOIN comparison_side s ON s.id=u.side_id"
        f" JOIN comparison_definition d ON d.id=s.definition_id WHERE d.name IN ({marks(definitions)}) ORDER BY 1, 2, 3",
        definitions,
    )
    return [Unread(*row) for row in rows]


def of_period(
    db: sqlite3.Connection, definition: str, legal_entity: str, months: tuple[str, str]
) -> list[Unread]:
    """Return what can't be read any more and, as it was read before, lies in these months of a company."""
    rows = db.execute(
        "SELECT DISTINCT d.name, s.system, u.external_id, r.number FROM comparison_definition d"
        " JOIN comparison_side s ON s.definition_id=d.id JOIN comparison_unreadable u ON u.side_id=s.id"
        " JOIN comparison_row r ON r.side_id=u.side_id AND r.external_id=u.external_id"
        " WHERE d.name=? AND r.legal_entity=? AND r.period BETWEEN ? AND ? ORDER BY 2, 3",
        (definition, legal_entity, *months),
    )
    return [Unread(*row) for row in rows]
