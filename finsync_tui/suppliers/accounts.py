"""Which bank accounts a supplier of a system has, by fingerprint: accounts may hang on the supplier or on its party."""

from __future__ import annotations

from collections.abc import Collection
from sqlite3 import Connection
from typing import NamedTuple

from store import crossrefs
from store.canonical.keys import RecordKey
from store.canonical.supplier import Supplier, masked


class KnownAccount(NamedTuple):
    """One active account, as far as it may be known."""

    external_id: str
    fingerprint: str
    masked: str
    bic: str | None


def others_with(db: Connection, fingerprint: str, own: Collection[str]) -> list[str]:
    """Return the records of suppliers other than these that are paid to an account now."""
    rows = db.execute(
        "SELECT DISTINCT record_key FROM v_supplier_account WHERE is_active AND fingerprint=? ORDER BY record_key",
        (fingerprint,),
    )
    return [key for (key,) in rows if key not in own]


def owners_of(db: Connection, account_key: str) -> list[str]:
    """Return the records of suppliers of its system that an account belongs to, by itself or by their party."""
    system, external_id = RecordKey.parse(account_key)
    rows = db.execute(
        "SELECT record_key FROM v_supplier_account WHERE system=? AND account_id=? ORDER BY record_key",
        (system, external_id),
    )
    return list(dict.fromkeys(key for (key,) in rows))


def of_supplier(db: Connection, key: str) -> list[KnownAccount]:
    """Return the active accounts of one record of a supplier, by id."""
    system, external_id = RecordKey.parse(key)
    rows = db.execute(
        "SELECT account_id, fingerprint, masked, bic FROM v_supplier_account WHERE is_active AND system=? AND external_id=?"
        " ORDER BY account_id",
        (system, external_id),
    )
    return [KnownAccount(*row) for row in rows]


def shown(db: Connection, *keys: str) -> list[str]:
    """Return what may be shown of these suppliers' active accounts; of a number too short to show any of it, nothing is known."""
    found = [one.masked for key in keys for one in of_supplier(db, key)]
    return [one for one in found if one != masked("")]


def ids_of(db: Connection, key: str) -> list[str]:
    """Return the accounts of one record of a supplier, ended ones, too."""
    rows = db.execute(
        "SELECT DISTINCT account_id FROM v_supplier_account WHERE system=? AND external_id=?",
        RecordKey.parse(key),
    )
    return [account for (account,) in rows]


def paid_to(db: Connection, key: str) -> frozenset[str]:
    """Return the fingerprints of all accounts that documents of a record may be paid to: its own, and those of the records of
    other systems that it is by a link."""
    return frozenset(
        account.fingerprint for one in sorted({key, *linked(db, key)}) for account in of_supplier(db, one)
    )


def linked(db: Connection, key: str) -> set[str]:
    """Return the records of other systems that are this one by a link, whichever of the two it was made for."""
    system, external_id = RecordKey.parse(key)
    return {
        *(f"{link.system}:{link.external_id}" for link in crossrefs.of(db, Supplier.entity, key)),
        *(link.document_key for link in crossrefs.leading_to(db, Supplier.entity, system, external_id)),
    }
