"""Signed checkpoints of the audit log: what the chain's end was at a moment, signed with a key that is not in the store.

A chain alone can be made anew by whoever may write to the file: from the edited entry on, or cut and its end noted anew.
A checkpoint's signature covers the store, the place and the hash there, so that what lies before it can't be changed
without the key.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from store.clock import instant, text
from store.columns import encode


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The end of the chain as it was when it was signed."""

    seq: int
    """The last entry that it covers."""
    head: str
    """The hash of that entry, as hexadecimal text."""
    at: datetime
    public: str
    """The public half of the key, base64."""
    signature: str
    """Ed25519 over `statement`, base64."""


def statement(store_id: str, seq: int, head: str, at: datetime) -> bytes:
    """Return what is signed: canonical JSON."""
    return encode({"at": text(at), "head": head, "seq": seq, "store": store_id, "what": "audit.checkpoint"})


def append(db: sqlite3.Connection, made: Checkpoint) -> None:
    db.execute(
        "INSERT INTO audit_checkpoint(seq, head, at, public, signature) VALUES (?,?,?,?,?)",
        (made.seq, made.head, text(made.at), made.public, made.signature),
    )


def newest(db: sqlite3.Connection) -> Checkpoint | None:
    row = db.execute(f"SELECT {_COLUMNS} FROM audit_checkpoint ORDER BY seq DESC LIMIT 1").fetchone()
    return _made(row) if row is not None else None


def with_hashes(db: sqlite3.Connection) -> list[tuple[Checkpoint, str | None]]:
    """Return every checkpoint in the order of the chain, with the hash that the entry it ends at has now; None: it is gone, or
    lies in the middle of an archive."""
    rows = db.execute(
        f"SELECT {_COLUMNS}, coalesce((SELECT head FROM audit_archive r WHERE r.last=c.seq),"
        " (SELECT lower(hex(a.hash)) FROM audit a WHERE a.seq=c.seq)) FROM audit_checkpoint c ORDER BY c.seq"
    )
    return [(_made(row), row[5]) for row in rows]


def hash_at(db: sqlite3.Connection, seq: int) -> str | None:
    """Return the hash of an entry, as hexadecimal text; None: there is no such entry. The last one of an archive is told by that."""
    row = db.execute(
        "SELECT head FROM audit_archive WHERE last=:seq UNION ALL SELECT lower(hex(hash)) FROM audit WHERE seq=:seq",
        {"seq": seq},
    ).fetchone()
    return None if row is None else str(row[0])


_COLUMNS = "seq, head, at, public, signature"


def _made(row: sqlite3.Row) -> Checkpoint:
    return Checkpoint(row[0], row[1], instant(row[2]), row[3], row[4])
