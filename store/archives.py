"""What was moved out of the audit log into archives: how far, where to, and a signature over it.

The first entries of a log that has grown for years may leave the store for a file that proves itself. What stays begins after
them: the hash of the last entry that left takes the place of the entry, and only the key that signs checkpoints can say so.
Without that signature entries that are not there are missing.
"""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from store.clock import instant, text
from store.columns import encode

BATCH: Final = 5_000
_COLUMNS: Final = "first, last, before, head, until, file, sha256, at, who, public, signature"


@dataclass(frozen=True, slots=True)
class Archive:
    """A stretch of the log that lies in a file now."""

    first: int
    last: int
    """A checkpoint ends there."""
    before: str
    """Hash of the entry before the first, as hexadecimal text."""
    head: str
    """Hash of the last."""
    until: datetime
    """When the last was written."""
    file: str
    """Name of the file, without its folder: people move files."""
    sha256: str
    """Of the file."""
    at: datetime
    who: str
    public: str = ""
    """The public half of the key, base64."""
    signature: str = ""
    """Ed25519 over `statement`, base64."""


def statement(store_id: str, one: Archive) -> bytes:
    """Return what is signed: canonical JSON."""
    told = {name: value for name, value in asdict(one).items() if name not in ("public", "signature")}
    return encode(
        {**told, "at": text(one.at), "until": text(one.until), "store": store_id, "what": "audit.archive"}
    )


def append(db: sqlite3.Connection, one: Archive) -> None:
    """Note that a stretch lies in a file: what `clear` removes from then on."""
    db.execute(
        f"INSERT INTO audit_archive({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (one.first, one.last, one.before, one.head, text(one.until), one.file, one.sha256, text(one.at), one.who, one.public, one.signature),
    )  # fmt: skip


def listed(db: sqlite3.Connection) -> list[Archive]:
    """Return all archives in the order of the log."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM audit_archive ORDER BY last")
    return [
        Archive(**{**dict(row), "until": instant(row["until"]), "at": instant(row["at"])}) for row in rows
    ]


def base(db: sqlite3.Connection) -> tuple[int, bytes | None]:
    """Return the last entry that left the log and its hash; 0 and None: all of it is here."""
    row = db.execute("SELECT last, head FROM audit_archive ORDER BY last DESC LIMIT 1").fetchone()
    return (int(row[0]), bytes.fromhex(row[1])) if row is not None else (0, None)


def clear(db: sqlite3.Connection) -> int:
    """Remove some of what lies in archives, words of people too; return how many entries. 0: nothing is left of it."""
    db.execute("PRAGMA secure_delete=ON")  # or the words stay in the file's free space
    last, _ = base(db)
    seqs = [
        seq for (seq,) in db.execute("SELECT seq FROM audit WHERE seq<=? ORDER BY seq LIMIT ?", (last, BATCH))
    ]
    if seqs:
        db.execute("DELETE FROM audit_protected WHERE seq BETWEEN ? AND ?", (seqs[0], seqs[-1]))
        db.execute("DELETE FROM audit WHERE seq BETWEEN ? AND ?", (seqs[0], seqs[-1]))
    return len(seqs)
