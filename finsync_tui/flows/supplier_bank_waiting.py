"""Whether somebody is asked about a bank account that was entered in an ERP: whatever pays its supplier waits for that."""

from __future__ import annotations

from datetime import timedelta
from sqlite3 import Connection
from typing import Final

STEP: Final = "await_entry"
LOOK_AGAIN: Final = timedelta(hours=6)


def waiting(db: Connection, supplier: str) -> int | None:
    """Return the instance in which somebody is asked about an account of this record of a supplier; None: there is none."""
    row = db.execute(
        "SELECT id FROM workflow WHERE step=? AND ended_at IS NULL AND data ->> '$.supplier'=? ORDER BY id LIMIT 1",
        (STEP, supplier),
    ).fetchone()
    return None if row is None else int(row[0])
