"""One business thing, its id in each other system.

`document_key` is the thing's key where it comes from (`coupa:4711`); there is at most one link to each other system.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from store.clock import instant, text
from store.columns import chunks, marks

_COLUMNS = "entity, document_key, system, external_id, number, revision, why, linked_at"


@dataclass(frozen=True, slots=True)
class Crossref:
    """One link."""

    entity: str
    document_key: str
    system: str
    external_id: str
    number: str | None
    revision: str | None
    """The revision of the document that the other system holds."""
    why: str
    """created, found, number, tax_id, bank_account ..."""
    linked_at: datetime


def link(
    db: sqlite3.Connection,
    entity: str,
    document_key: str,
    system: str,
    external_id: str,
    *,
    why: str,
    linked_at: datetime,
    number: str | None = None,
    revision: str | None = None,
) -> None:
    """Link, or bring the link up to date. A number or revision that is not given stays as it was, while the
    link still leads to the same document; the instant of the first link stays too."""
    db.execute(
        f"INSERT INTO crossref({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)"
        " ON CONFLICT(entity, document_key, system) DO UPDATE SET"
        " number=CASE WHEN external_id=excluded.external_id THEN coalesce(excluded.number, number)"
        " ELSE excluded.number END,"
        " revision=CASE WHEN external_id=excluded.external_id THEN coalesce(excluded.revision, revision)"
        " ELSE excluded.revision END,"
        " why=CASE WHEN external_id=excluded.external_id THEN why ELSE excluded.why END,"
        " linked_at=CASE WHEN external_id=excluded.external_id THEN linked_at ELSE excluded.linked_at END,"
        " external_id=excluded.external_id",
        (entity, document_key, system, external_id, number, revision, why, text(linked_at)),
    )


def get(db: sqlite3.Connection, entity: str, document_key: str, system: str) -> Crossref | None:
    """Return the link of one thing to one system."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM crossref WHERE entity=? AND document_key=? AND system=?",
        (entity, document_key, system),
    ).fetchone()
    return None if row is None else _crossref(row)


def of(db: sqlite3.Connection, entity: str, document_key: str) -> list[Crossref]:
    """Return all links of one thing."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM crossref WHERE entity=? AND document_key=? ORDER BY system",
        (entity, document_key),
    )
    return [_crossref(row) for row in rows]


def find(db: sqlite3.Connection, entity: str, system: str, external_id: str) -> str | None:
    """Return the document key of what a system calls `external_id`."""
    row = db.execute(
        "SELECT document_key FROM crossref WHERE entity=? AND system=? AND external_id=? ORDER BY document_key",
        (entity, system, external_id),
    ).fetchone()
    return None if row is None else str(row[0])


def find_many(
    db: sqlite3.Connection, entity: str, system: str, external_ids: Sequence[str]
) -> dict[str, str]:
    """Return the document keys of several ids of one system; unknown ones are left out."""
    found: dict[str, str] = {}
    for some in chunks(external_ids):
        rows = db.execute(
            "SELECT external_id, document_key FROM crossref"
            f" WHERE entity=? AND system=? AND external_id IN ({marks(some)}) ORDER BY document_key DESC",
            (entity, system, *some),
        )
        found.update((external_id, key) for external_id, key in rows)
    return found


def state(db: sqlite3.Connection, entity: str) -> tuple[int, str]:
    """Return what changes when a link of an entity comes or goes: how many there are, and when the newest was made."""
    count, newest = db.execute(
        "SELECT count(*), coalesce(max(linked_at), '') FROM crossref WHERE entity=?", (entity,)
    ).fetchone()
    return int(count), str(newest)


def digest_until(db: sqlite3.Connection, entity: str, moment: str) -> str:
    """Return what stands for the links of an entity that were made until a moment: another one when one of them went or leads
    elsewhere, the same when others have come since."""
    digest = blake2b(digest_size=16)
    rows = db.execute(
        "SELECT document_key, system, external_id FROM crossref WHERE entity=? AND linked_at<=?"
        " ORDER BY document_key, system",
        (entity, moment),
    )
    for row in rows:
        digest.update("\0".join(row).encode() + b"\n")
    return digest.hexdigest()


def by_number(db: sqlite3.Connection, number: str) -> list[Crossref]:
    """Return the links that carry this number of the other system."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM crossref WHERE number=? ORDER BY entity, document_key, system", (number,)
    )
    return [_crossref(row) for row in rows]


def unlink(db: sqlite3.Connection, entity: str, document_key: str, system: str) -> bool:
    """Forget a link; say whether there was one."""
    cursor = db.execute(
        "DELETE FROM crossref WHERE entity=? AND document_key=? AND system=?", (entity, document_key, system)
    )
    return cursor.rowcount > 0


def put_back(db: sqlite3.Connection, link: Crossref) -> None:
    """Let a link be exactly as it was, whatever it leads to now."""
    unlink(db, link.entity, link.document_key, link.system)
    db.execute(
        f"INSERT INTO crossref({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)",
        (
            link.entity, link.document_key, link.system, link.external_id, link.number, link.revision, link.why,
            text(link.linked_at),
        ),
    )  # fmt: skip


def leading_to(db: sqlite3.Connection, entity: str, system: str, external_id: str) -> list[Crossref]:
    """Return the links that lead to what a system calls `external_id`."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM crossref WHERE entity=? AND system=? AND external_id=? ORDER BY document_key",
        (entity, system, external_id),
    )
    return [_crossref(row) for row in rows]


def _crossref(row: sqlite3.Row) -> Crossref:
    entity, document_key, system, external_id, number, revision, why, linked_at = row
    return Crossref(entity, document_key, system, external_id, number, revision, why, instant(linked_at))
