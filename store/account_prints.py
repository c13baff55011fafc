"""Bank accounts that older versions know by a plain SHA-256, known by a keyed fingerprint from now on.

There are few enough account numbers of a country to try them all, so a plain hash hides none. Whoever has the key gives the
function from the old to the new; what stands in the store is rewritten in place, as if it had been read with the key from the
beginning: nothing that is read next looks changed. What persons signed (`proposal`) and the audit log keep what they say.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

from store import guards
from store.canonical.record import HASH_BYTES, raw_digest

ENTITY: Final = "supplier_bank_account"
_PRINT: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_STATED: Final = re.compile(r'("(?:fingerprint|terms)":")([0-9a-f]{64})(?=")')
_UNDELETED: Final = re.compile(r'("bic":(?:null|"[^"\\]*"),)(?="updated_at":)')
"""Where Coupa's rows say since then whether their entry was deleted."""
_GUARDED: Final = ("record_version", "golden_version", "outbox_entry")
"""Tables whose rows are never changed otherwise."""
_TEXTS: Final = (
    ("supplier_form", "accounts", "accounts<>''"),
    ("outbox_entry", "body", f"entity='{ENTITY}'"),
    ("attempt", "edited_body", f"entry_id IN (SELECT id FROM outbox_entry WHERE entity='{ENTITY}')"),
    ("delivery", "edited_body", f"entry_id IN (SELECT id FROM outbox_entry WHERE entity='{ENTITY}')"),
)
"""Where fingerprints stand within a text that nothing is a hash of."""


def has_any(db: sqlite3.Connection) -> bool:
    """Say whether the store holds any bank account."""
    return db.execute("SELECT 1 FROM record WHERE entity=? LIMIT 1", (ENTITY,)).fetchone() is not None


def convert(db: sqlite3.Connection, keyed: Callable[[str], str]) -> int:
    """Rewrite all plain hashes of accounts that the store knows; return how many accounts' fingerprints those were."""
    rows = db.execute(
        "SELECT DISTINCT body ->> '$.fingerprint' FROM record_version WHERE entity=?1"
        " UNION SELECT DISTINCT body ->> '$.terms' FROM record_version WHERE entity=?1",
        (ENTITY,),
    )
    found = {old: keyed(old) for (old,) in rows if old and _PRINT.fullmatch(old)}
    db.execute("PRAGMA secure_delete=ON")  # what is overwritten is not to be found in the file's free space
    with guards.lifted(db, _GUARDED):
        _records(db, found)
        _golden(db, found)
        for table, column, where in _TEXTS:
            _texts(db, table, column, where, found)
    db.executemany(
        "UPDATE identity SET value=? WHERE kind='bank_account' AND value=?",
        [(new, old) for old, new in found.items()],
    )
    db.executemany(
        "UPDATE supplier_key SET key=? WHERE key=?", [(f"!{new}", f"!{old}") for old, new in found.items()]
    )
    refused = db.execute(
        "SELECT id, payload FROM exception_case WHERE entity=? AND payload IS NOT NULL", (ENTITY,)
    ).fetchall()
    db.executemany(
        "UPDATE exception_case SET payload=? WHERE id=?",
        [(_refused(payload.decode(errors="replace"), keyed).encode(), id_) for id_, payload in refused],
    )
    db.execute("DELETE FROM page_seen WHERE entity=?", (ENTITY,))
    return len(found)


def _records(db: sqlite3.Connection, found: Mapping[str, str]) -> None:
    rows = db.execute("SELECT id, body, payload FROM record_version WHERE entity=?", (ENTITY,)).fetchall()
    for id_, body, payload in rows:
        new = _with_end(_replaced(body, found))
        kept = _UNDELETED.sub(r'\1"deleted":false,', _replaced(payload.decode(), found)).encode()
        digest = sha256(new.encode()).digest()[
            :HASH_BYTES
        ]  # an account has no fields that are left out of it
        db.execute(
            "UPDATE record_version SET body=?, payload=?, content_hash=? WHERE id=?", (new, kept, digest, id_)
        )
        db.execute(
            "UPDATE record SET content_hash=?, raw_digest=? WHERE version_id=?",
            (digest, raw_digest(kept), id_),
        )


def _golden(db: sqlite3.Connection, found: Mapping[str, str]) -> None:
    """Versions of golden records, and the hash by which the next one is known to be no other."""
    rows = db.execute(
        "SELECT golden_id, version, fields, members FROM golden_version WHERE fields LIKE '%\"fingerprint\"%'"
    ).fetchall()
    for golden_id, version, fields, members in rows:
        new = _replaced(fields, found)
        digest = sha256(new.encode() + b"\0" + members.encode()).digest()[:HASH_BYTES]
        db.execute(
            "UPDATE golden_version SET fields=?, content_hash=? WHERE golden_id=? AND version=?",
            (new, digest, golden_id, version),
        )


def _texts(db: sqlite3.Connection, table: str, column: str, where: str, found: Mapping[str, str]) -> None:
    rows = db.execute(
        f"SELECT rowid, {column} FROM {table} WHERE {where} AND {column} IS NOT NULL"
    ).fetchall()
    changed = [(new, rowid) for rowid, old in rows if (new := _replaced(old, found)) != old]
    db.executemany(f"UPDATE {table} SET {column}=? WHERE rowid=?", changed)


def _refused(payload: str, keyed: Callable[[str], str]) -> str:
    """Rewrite a row that could not be translated: its account is in no record, so that its hash is known from here only."""
    return _STATED.sub(lambda one: f"{one[1]}{keyed(one[2])}", payload)


def _with_end(body: str) -> str:
    """Return a record with what it says last since then: that its system has not deleted it."""
    return body if '"is_deleted":' in body else f'{body[:-1]},"is_deleted":false}}'


def _replaced(text: str, found: Mapping[str, str]) -> str:
    return _PRINT.sub(lambda one: found.get(one[0], one[0]), text)
