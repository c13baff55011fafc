"""Erasing fields of what is stored for good: in every version of a record, and wherever else the store speaks of its document.

The caller says what becomes of a document; here is where documents lie, and that nothing of the old stays in the file's free space.
Hashes and digests of what was read stay, so that a read of the same shows as the same and brings nothing back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import msgspec

from store import calls, guards
from store.clock import instant, text

Kind = Literal["personal", "bank"]
Change = Callable[[str, str], str]
"""A text of the store and where it stands, to what is to stand there."""

_GUARDED: Final = ("record_version", "event", "outbox_entry")
_OVER: Final = {
    "employee": "(v.body ->> '$.is_active' = 0 AND coalesce(v.body ->> '$.ends_on', substr(r.fetched_at, 1, 10)) < :day)"
    " OR v.body ->> '$.ends_on' < :day",
    "supplier": "v.body ->> '$.status' = 'inactive' AND r.fetched_at < :before",
    "supplier_bank_account": "(v.body ->> '$.is_active' = 0 OR v.body ->> '$.is_deleted' = 1) AND r.fetched_at < :before",
}
"""When a record of an entity is over; any other is a document, and is when nobody has touched it for so long."""
_BUSY: Final = """EXISTS (SELECT 1 FROM workflow w WHERE w.document_key = r.system || ':' || r.external_id AND w.ended_at IS NULL)
 OR EXISTS (SELECT 1 FROM exception_case c WHERE c.document_key = r.system || ':' || r.external_id AND c.ended_at IS NULL)
 OR EXISTS (SELECT 1 FROM delivery d WHERE d.document_key = r.system || ':' || r.external_id AND d.ended_at IS NULL)"""
_DUE: Final = """
SELECT r.system, r.external_id, CASE WHEN {over} THEN r.version ELSE (
    SELECT max(o.version) FROM record_version o JOIN record_version n ON n.external_id = o.external_id AND n.version = o.version + 1
      AND n.system = o.system AND n.entity = o.entity
    WHERE o.external_id = r.external_id AND o.system = r.system AND o.entity = r.entity AND n.fetched_at < :before) END AS through
FROM record r JOIN record_version v ON v.id = r.version_id
WHERE r.entity = :entity AND through > coalesce((
    SELECT max(e.through_version) FROM erasure e WHERE e.external_id = r.external_id AND e.system = r.system
      AND e.entity = r.entity AND e.class = :class), 0)
  AND NOT ({busy})
ORDER BY r.id LIMIT :limit"""
ERASED: Final = "(erased)"
_WORDS: Final = (
    ("case_note", "text", "author"),
    ("exception_case", "resolution", "ended_by"),
    ("reconcile_break", "resolution", "ended_by"),
    ("break_history", "text", "who"),
    ("proposal", "decision", "checker"),
    ("supplier_merge", "parting_reason", "parted_by"),
)
"""Where people's own words stand beside the log, and whose they are."""
_BESIDE: Final = (
    ("exception_case", "id", ("cause", "fix", "evidence"), "document_key = ? AND entity = ? AND ended_at IS NOT NULL"),
    ("finding", "id", ("message", "detail"), "document_key = ? AND coalesce(entity, '') = ?"),
    ("workflow", "id", ("data",), "document_key = ? AND entity = ? AND ended_at IS NOT NULL"),
    ("workflow_step", "id", ("detail",), "workflow_id IN (SELECT id FROM workflow WHERE document_key = ? AND entity = ?)"),
    ("outbox_entry", "id", ("body",), "document_key = ? AND entity = ?"),
    ("delivery", "entry_id", ("edited_body", "receipt", "message"), "entry_id IN (SELECT id FROM outbox_entry WHERE document_key = ? AND entity = ?)"),
    ("attempt", "id", ("message", "answer", "edited_body"), "entry_id IN (SELECT id FROM outbox_entry WHERE document_key = ? AND entity = ?)"),
    ("event", "seq", ("data",), "seq IN (SELECT seq FROM v_event WHERE subject = ? AND entity = ?)"),
    ("reconcile_break", "id", ("fields", "evidence"), "document_key = ? AND entity = ? AND gone_at IS NOT NULL"),
)  # fmt: skip
"""Where else the store speaks of a document: table, its number, columns of text, and which rows."""


@dataclass(frozen=True, slots=True)
class Due:
    """A record of which something is to be erased."""

    system: str
    external_id: str
    through: int
    """Its versions up to this one."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased of a record, and when."""

    entity: str
    system: str
    external_id: str
    kind: Kind
    through: int
    count: int
    at: datetime
    who: str
    audit_seq: int


def due(db: sqlite3.Connection, entity: str, kind: Kind, before: datetime, limit: int) -> list[Due]:
    """Return records of which versions were replaced before then, or that are over since; nothing that still moves."""
    over = _OVER.get(entity, "r.fetched_at < :before")
    rows = db.execute(
        _DUE.format(over=over, busy=_BUSY),
        {
            "entity": entity,
            "class": kind,
            "before": text(before),
            "day": before.date().isoformat(),
            "limit": limit,
        },
    )
    return [Due(*row) for row in rows]


def newest(db: sqlite3.Connection, entity: str, system: str, external_id: str) -> Due | None:
    """Return all of a record as due; None: there is no such record."""
    row = db.execute(
        "SELECT version FROM record WHERE entity=? AND system=? AND external_id=?",
        (entity, system, external_id),
    ).fetchone()
    return None if row is None else Due(system, external_id, row[0])


def of(db: sqlite3.Connection, entity: str, system: str, external_id: str) -> list[Erasure]:
    """Return what was erased of a record, oldest first."""
    rows = db.execute(
        "SELECT entity, system, external_id, class, through_version, value_count, at, who, audit_seq FROM erasure"
        " WHERE external_id=? AND system=? AND entity=? ORDER BY id",
        (external_id, system, entity),
    )
    return [
        Erasure(entity_, system_, id_, kind, through, count, instant(at), who, seq)
        for entity_, system_, id_, kind, through, count, at, who, seq in rows
    ]


def note(db: sqlite3.Connection, one: Erasure) -> None:
    """Keep that something was erased."""
    db.execute(
        "INSERT INTO erasure(entity, system, external_id, class, through_version, value_count, at, who, audit_seq) VALUES (?,?,?,?,?,?,?,?,?)",
        (one.entity, one.system, one.external_id, one.kind, one.through, one.count, text(one.at), one.who, one.audit_seq),
    )  # fmt: skip


def erase(db: sqlite3.Connection, entity: str, one: Due, kind: Kind, change: Change) -> None:
    """Write over what `change` changes: in the record's versions, and where its document is over, in all that speaks of it."""
    db.execute("PRAGMA secure_delete=ON")  # or the old stays in the file's free space
    with guards.lifted(db, _GUARDED):
        _versions(db, entity, one, change)
        newest = db.execute(
            "SELECT version FROM record WHERE entity=? AND system=? AND external_id=?",
            (entity, one.system, one.external_id),
        ).fetchone()
        if newest is not None and newest[0] <= one.through:
            _beside(db, entity, f"{one.system}:{one.external_id}", change)
            _identities(db, entity, one, kind)


def words(db: sqlite3.Connection, author: str, written: str) -> int:
    """Erase what somebody wrote wherever else it stands as their words; return in how many places. What was signed stays: without
    the words nobody could check the signature."""
    db.execute("PRAGMA secure_delete=ON")
    count = 0
    with guards.lifted(db, ("proposal",)):
        for table, column, by in _WORDS:
            count += db.execute(
                f"UPDATE {table} SET {column} = substr({column}, 1, length({column}) - length(:words)) || :erased"
                f" WHERE {by} = :author AND ({column} = :words OR substr({column}, -length(:words) - 2) = ': ' || :words)",
                {"words": written, "author": author, "erased": ERASED},
            ).rowcount
    return count


def signed_words(db: sqlite3.Connection, author: str, written: str) -> int:
    """Return in how many signed changes these words stand as their maker's reason."""
    found: int = db.execute(
        "SELECT count(*) FROM proposal WHERE maker=? AND reason=?", (author, written)
    ).fetchone()[0]
    return found


def _versions(db: sqlite3.Connection, entity: str, one: Due, change: Change) -> None:
    rows = db.execute(
        "SELECT id, version, body, payload, changed_by FROM record_version WHERE entity=? AND system=? AND external_id=? AND version<=?",
        (entity, one.system, one.external_id, one.through),
    ).fetchall()
    for id_, version, body, payload, changed_by in rows:
        place = f"version {version}"
        new = change(f"{place} body", body)
        try:
            kept = change(f"{place} payload", payload.decode()).encode()
        except UnicodeDecodeError:
            kept = b""  # what can't be read can't be told apart: all of it goes
        by = change(f"{place} changed_by", f'{{"changed_by":{_quoted(changed_by)}}}') if changed_by else None
        db.execute(
            "UPDATE record_version SET body=?, payload=?, changed_by=? WHERE id=?",
            (new, kept, msgspec.json.decode(by)["changed_by"] if by else None, id_),
        )


def _beside(db: sqlite3.Connection, entity: str, document_key: str, change: Change) -> None:
    for table, key, columns, where in _BESIDE:
        rows = db.execute(
            f"SELECT {key}, {', '.join(columns)} FROM {table} WHERE {where}", (document_key, entity)
        ).fetchall()
        for number, *texts in rows:
            new = [
                change(f"{table} {number} {name}", old) if old else old
                for name, old in zip(columns, texts, strict=True)
            ]
            if new != texts:
                db.execute(
                    f"UPDATE {table} SET {', '.join(f'{name}=?' for name in columns)} WHERE {key}=?",
                    (*new, number),
                )
    for number, payload in db.execute(
        "SELECT id, payload FROM exception_case WHERE document_key=? AND entity=? AND ended_at IS NOT NULL AND payload IS NOT NULL",
        (document_key, entity),
    ).fetchall():
        new_payload = change(f"exception_case {number} payload", payload.decode(errors="replace")).encode()
        db.execute("UPDATE exception_case SET payload=? WHERE id=?", (new_payload, number))
    for number, kept in db.execute(
        "SELECT a.id, a.calls FROM attempt a JOIN outbox_entry e ON e.id=a.entry_id WHERE e.document_key=? AND e.entity=? AND a.calls IS NOT NULL",
        (document_key, entity),
    ).fetchall():
        db.execute(
            "UPDATE attempt SET calls=? WHERE id=?",
            (calls.packed(list(_calls(number, kept, change))), number),
        )


def _calls(number: int, kept: bytes, change: Change) -> Iterator[calls.Call]:
    for one in calls.unpacked(kept):
        yield calls.Call(
            one.method, one.path, one.status, change(f"attempt {number} calls", one.body) if one.body else ""
        )


def _identities(db: sqlite3.Connection, entity: str, one: Due, kind: Kind) -> None:
    """Nobody is found any more by what is gone."""
    db.execute(
        "DELETE FROM identity WHERE kind=? AND record_id=(SELECT id FROM record WHERE entity=? AND system=? AND external_id=?)",
        ("login" if kind == "personal" else "bank_account", entity, one.system, one.external_id),
    )


def _quoted(value: str) -> str:
    return msgspec.json.encode(value).decode()
