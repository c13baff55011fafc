"""Which bank accounts a supplier of a system has, by fingerprint: accounts may hang on the supplier or on its party."""

from __future__ import annotations

from sqlite3 import Connection
from typing import NamedTuple

from store import records
from store.canonical.keys import RecordKey
from store.canonical.supplier import Supplier, SupplierBankAccount


class KnownAccount(NamedTuple):
    """One active account, as far as it may be known."""

    external_id: str
    fingerprint: str
    masked: str


def of_supplier(db: Connection, key: str) -> list[KnownAccount]:
    """Return the active accounts of one record of a supplier, by id."""
    system, external_id = RecordKey.parse(key)
    ids = set(records.twins(db, SupplierBankAccount.entity, "supplier", external_id, system))
    held = records.get(db, Supplier, system, external_id)
    if held is not None and held.record.party_id:
        ids.update(records.twins(db, SupplierBankAccount.entity, "owner_party", held.record.party_id, system))
    found = records.get_many(db, SupplierBankAccount, system, sorted(ids))
    return [
        KnownAccount(one.external_id, one.record.fingerprint, one.record.masked)
        for _, one in sorted(found.items())
        if one.record.is_active
    ]
