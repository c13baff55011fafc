"""Whether somebody is asked about a bank account that was entered in an ERP: whatever pays its supplier waits for that."""

from __future__ import annotations

from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

from finsync_tui.flows.steps import Wait
from finsync_tui.suppliers import accounts
from store.canonical.keys import RecordKey
from store.columns import marks

STEPS: Final = ("find_supplier", "look_at_entry", "hold_payments", "await_holds", "await_entry")
"""Where nobody has agreed on an account yet, whatever the instance waits for meanwhile."""
LOOK_AGAIN: Final = timedelta(hours=6)


def waiting(db: Connection, supplier: str) -> int | None:
    """Return the instance in which an account of this record of a supplier, or of its party, is not agreed on yet; None:
    there is none. Whose an account is, is asked afresh: its supplier may be read long after it."""
    keys = [f"{RecordKey.parse(supplier).system}:{one}" for one in accounts.ids_of(db, supplier)]
    row = db.execute(
        f"SELECT min(id) FROM workflow WHERE document_key IN ({marks(keys)}) AND entity='supplier_bank_account'"  # noqa: S608
        f" AND ended_at IS NULL AND step IN ({marks(STEPS)})",
        (*keys, *STEPS),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def of_payee(db: Connection, target: str, supplier_id: str, now: datetime) -> Wait | None:
    """Return what a document that pays a supplier of an ERP waits for; None: nothing."""
    asked = waiting(db, f"{target}:{supplier_id}")
    if asked is None:
        return None
    return Wait(f"an account of its supplier in {target} (bank change {asked})", now + LOOK_AGAIN)
