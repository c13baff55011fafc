"""Which bank accounts a supplier of a system has, by fingerprint: accounts may hang on the supplier or on its party."""

from __future__ import annotations

from sqlite3 import Connection
from typing import NamedTuple

from store.canonical.keys import RecordKey


class KnownAccount(NamedTuple):
    """One active account, as far as it may be known."""

    external_id: str
    fingerprint: str
    masked: str
    bic: str | None


def of_supplier(db: Connection, key: str) -> list[KnownAccount]:
    """Return the active accounts of one record of a supplier, by id."""
    system, external_id = RecordKey.parse(key)
    rows = db.execute(
        "SELECT account_id, fingerprint, masked, bic FROM v_supplier_account WHERE is_active AND system=? AND external_id=?"
        " ORDER BY account_id",
        (system, external_id),
    )
    return [KnownAccount(*row) for row in rows]
