"""Exceptions: what waits for an analyst. Python's own are called errors.

    open <--> snoozed (until a day)
    open, snoozed --> resolved (a person fixed it, or wrote it off) | ignored (a person let it be) | closed (it went away by itself)

There is one live exception of each class for a document; the same trouble seen again is counted on it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from store.clock import instant, text
from store.columns import as_json, chunks, fields, marks

State = Literal["open", "snoozed", "resolved", "ignored", "closed"]
EndState = Literal["resolved", "ignored", "closed"]

_COLUMNS = (
    "id, class AS class_, state, entity, document_key, document_number, system, workflow_id, step, entry_id, legal_entity,"
    " amount_minor, currency, cause, fix, payload, owner, seen_count, ended_by, resolution, evidence, opened_at, due_at,"
    " snoozed_until, changed_at, ended_at, proposal_id, is_written_off,"
    " owner_role, routed_for, routed_at, escalated_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """What has to be known of a trouble when it shows."""

    class_: str
    """The stable code, e.g. SUPPLIER_UNKNOWN: see docs/errors.md."""
    entity: str
    document_key: str
    document_number: str
    system: str
    """Where the trouble showed."""
    cause: str
    fix: str
    workflow_id: int | None = None
    step: str | None = None
    entry_id: int | None = None
    legal_entity: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes | None = None
    """The document as it was read, when it could not be stored as a record."""
    owner: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ExceptionCase:
    """One exception."""

    id: int
    class_: str
    state: State
    entity: str
    document_key: str
    document_number: str
    system: str
    workflow_id: int | None
    step: str | None
    entry_id: int | None
    legal_entity: str | None
    amount_minor: int | None
    currency: str | None
    cause: str
    fix: str
    payload: bytes | None
    owner: str | None
    seen_count: int
    ended_by: str | None
    resolution: str | None
    evidence: dict[str, Any]
    opened_at: datetime
    due_at: datetime | None
    snoozed_until: datetime | None
    changed_at: datetime
    ended_at: datetime | None
    proposal_id: int | None
    """Of its write-off."""
    is_written_off: bool
    owner_role: str | None = None
    """The role that answers for its cause; empty: nobody does. None: it was not routed yet."""
    routed_for: str | None = None
    """What it is about: `mapping cost_centre`."""
    routed_at: datetime | None = None
    escalated_at: datetime | None = None
    """When the deputy's role got it."""


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote on an exception."""

    id: int
    case_id: int
    at: datetime
    author: str
    text: str


_OF_PAYLOAD = "CASE WHEN excluded.payload IS NULL THEN coalesce(excluded.{0}, {0}) ELSE excluded.{0} END"
"""With another payload comes what that one says, and be it nothing; what comes without one adds to what is known."""


def open(db: sqlite3.Connection, case: NewCase, at: datetime) -> int:  # the glossary's verb for cases
    """Open an exception; a live one of the same class and document is counted up and brought up to date instead."""
    row = db.execute(
        "INSERT INTO exception_case(class, state, entity, document_key, document_number, system, workflow_id, step,"
        " entry_id, legal_entity, amount_minor, currency, cause, fix, evidence, payload, owner, opened_at, due_at,"
        " changed_at) VALUES (?,'open',?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT(class, entity, document_key) WHERE ended_at IS NULL DO UPDATE SET seen_count=seen_count+1,"
        " document_number=excluded.document_number, system=excluded.system,"
        " workflow_id=coalesce(excluded.workflow_id, workflow_id), step=coalesce(excluded.step, step),"
        " entry_id=coalesce(excluded.entry_id, entry_id), legal_entity=coalesce(excluded.legal_entity, legal_entity),"
        f" amount_minor={_OF_PAYLOAD.format('amount_minor')}, currency={_OF_PAYLOAD.format('currency')},"
        " cause=excluded.cause, fix=excluded.fix, evidence=excluded.evidence,"
        " payload=coalesce(excluded.payload, payload), changed_at=excluded.changed_at"
        " RETURNING id",
        (
            case.class_,
            case.entity,
            case.document_key,
            case.document_number,
            case.system,
            case.workflow_id,
            case.step,
            case.entry_id,
            case.legal_entity,
            case.amount_minor,
            case.currency,
            case.cause,
            case.fix,
            as_json(case.evidence),
            case.payload,
            case.owner,
            text(at),
            None if case.due_at is None else text(case.due_at),
            text(at),
        ),
    ).fetchone()
    return int(row[0])


def end(
    db: sqlite3.Connection, case_ids: Iterable[int], state: EndState, by: str, resolution: str, at: datetime
) -> int:
    """End live exceptions; return how many."""
    return _update(
        db,
        "state=?, ended_by=?, resolution=?, ended_at=?, changed_at=?, snoozed_until=NULL",
        (state, by, resolution, text(at), text(at)),
        case_ids,
    )


def end_for_workflow(
    db: sqlite3.Connection, workflow_id: int, state: EndState, by: str, resolution: str, at: datetime
) -> int:
    """End all live exceptions of one flow instance; return how many."""
    rows = db.execute(
        "SELECT id FROM exception_case WHERE workflow_id=? AND ended_at IS NULL", (workflow_id,)
    )
    return end(db, [case_id for (case_id,) in rows.fetchall()], state, by, resolution, at)


def reopen(db: sqlite3.Connection, workflow_id: int, class_: str, by: str, at: datetime) -> int | None:
    """Open the exception of an instance again that was closed last, by `by`, with its owner and notes; return its id."""
    row = db.execute(
        "SELECT id FROM exception_case c WHERE workflow_id=? AND class=? AND state='closed' AND ended_by=? AND NOT EXISTS"
        " (SELECT 1 FROM exception_case o WHERE o.class=c.class AND o.entity=c.entity AND o.document_key=c.document_key"
        " AND o.ended_at IS NULL) ORDER BY id DESC LIMIT 1",
        (workflow_id, class_, by),
    ).fetchone()
    if row is None:
        return None
    db.execute(
        "UPDATE exception_case SET state='open', ended_by=NULL, resolution=NULL, ended_at=NULL, changed_at=? WHERE id=?",
        (text(at), row[0]),
    )
    # Where a system shows our errors, this one is not over there either, unless it was told so already.
    db.execute(
        "UPDATE integration_error SET is_over=0 WHERE case_id=? AND state IN ('untold', 'told')", (row[0],)
    )
    return int(row[0])


def propose_write_off(db: sqlite3.Connection, case_id: int, proposal_id: int, at: datetime) -> int:
    """Note the proposal by which a live exception waits for a second person; return how many."""
    return _update(db, "proposal_id=?, changed_at=?", (proposal_id, text(at)), [case_id])


def write_off(db: sqlite3.Connection, case_id: int, by: str, reason: str, at: datetime) -> int:
    """End a live exception whose document is given up; return how many."""
    return _update(
        db,
        "state='resolved', is_written_off=1, ended_by=?, resolution=?, ended_at=?, changed_at=?, snoozed_until=NULL",
        (by, f"written off: {reason}", text(at), text(at)),
        [case_id],
    )


def assign(db: sqlite3.Connection, case_ids: Iterable[int], owner: str | None, at: datetime) -> int:
    """Give live exceptions to a person, or to nobody; return how many."""
    return _update(db, "owner=?, changed_at=?", (owner, text(at)), case_ids)


def snooze(db: sqlite3.Connection, case_ids: Iterable[int], until: datetime, at: datetime) -> int:
    """Put live exceptions aside until an instant; return how many."""
    return _update(db, "state='snoozed', snoozed_until=?, changed_at=?", (text(until), text(at)), case_ids)


def wake_snoozed(db: sqlite3.Connection, now: datetime) -> int:
    """Open again what was put aside until now or earlier; return how many."""
    cursor = db.execute(
        "UPDATE exception_case SET state='open', snoozed_until=NULL, changed_at=?"
        " WHERE state='snoozed' AND snoozed_until<=?",
        (text(now), text(now)),
    )
    return cursor.rowcount


def note(db: sqlite3.Connection, case_id: int, author: str, text_: str, at: datetime) -> int:
    """Write a note on an exception; return the note's id."""
    cursor = db.execute(
        "INSERT INTO case_note(case_id, at, author, text) VALUES (?,?,?,?)",
        (case_id, text(at), author, text_),
    )
    return int(cursor.lastrowid or 0)


def notes(db: sqlite3.Connection, case_id: int) -> list[Note]:
    """Return the notes on an exception, oldest first."""
    rows = db.execute(
        "SELECT id, case_id, at, author, text FROM case_note WHERE case_id=? ORDER BY id", (case_id,)
    )
    return [
        Note(note_id, of, instant(written), author, words) for note_id, of, written, author, words in rows
    ]


def get(db: sqlite3.Connection, case_id: int) -> ExceptionCase | None:
    """Return one exception."""
    row = db.execute(f"SELECT {_COLUMNS} FROM exception_case WHERE id=?", (case_id,)).fetchone()
    return None if row is None else _case(row)


def live_for_document(db: sqlite3.Connection, document_key: str) -> list[ExceptionCase]:
    """Return the exceptions of a document that have not ended, oldest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM exception_case WHERE document_key=? AND ended_at IS NULL ORDER BY id",
        (document_key,),
    )
    return [_case(row) for row in rows]


def live_for_documents(db: sqlite3.Connection, document_keys: Sequence[str]) -> list[ExceptionCase]:
    """Return the exceptions of these documents that have not ended, oldest first; at most a few hundred at a time."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM exception_case WHERE document_key IN ({marks(document_keys)}) AND ended_at IS NULL ORDER BY id",
        document_keys,
    )
    return [_case(row) for row in rows]


def live_systems(db: sqlite3.Connection, class_: str) -> list[str]:
    """Return the systems that have a live exception of a class about themselves."""
    rows = db.execute(
        "SELECT DISTINCT system FROM exception_case WHERE class=? AND entity='system' AND ended_at IS NULL ORDER BY system",
        (class_,),
    )
    return [system for (system,) in rows]


def live_ids(
    db: sqlite3.Connection, entity: str, document_keys: Sequence[str], classes: Sequence[str]
) -> list[int]:
    """Return the ids of the exceptions of these documents of an entity, and classes, that have not ended."""
    found: list[int] = []
    for some in chunks(document_keys):
        rows = db.execute(
            f"SELECT id FROM exception_case WHERE class IN ({marks(classes)}) AND document_key IN ({marks(some)})"
            " AND entity=? AND ended_at IS NULL",
            (*classes, *some, entity),
        )
        found += [case_id for (case_id,) in rows]
    return found


def of_document(db: sqlite3.Connection, document_key: str) -> list[ExceptionCase]:
    """Return all exceptions of a document, oldest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM exception_case WHERE document_key=? ORDER BY id", (document_key,)
    )
    return [_case(row) for row in rows]


def unrouted(db: sqlite3.Connection) -> list[int]:
    """Return the live exceptions that nobody has got yet, oldest first."""
    rows = db.execute(
        "SELECT id FROM exception_case WHERE ended_at IS NULL AND routed_at IS NULL ORDER BY id"
    )
    return [case_id for (case_id,) in rows]


def causes_of_nobody(db: sqlite3.Connection) -> list[str]:
    """Return what live exceptions are about for which nobody answered when they were routed."""
    rows = db.execute(
        "SELECT DISTINCT routed_for FROM exception_case WHERE ended_at IS NULL AND routed_at IS NOT NULL AND owner_role=''"
    )
    return [cause for (cause,) in rows]


def of_nobody(db: sqlite3.Connection, causes: Iterable[str]) -> list[int]:
    """Return the live exceptions about those causes that no role has, oldest first."""
    rows = db.execute(
        "SELECT id FROM exception_case WHERE ended_at IS NULL AND routed_at IS NOT NULL AND owner_role=''"
        " AND routed_for IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps(list(causes)),),
    )
    return [case_id for (case_id,) in rows]


def untaken(db: sqlite3.Connection, since: datetime) -> list[int]:
    """Return the open exceptions that a role has had since then or longer, and that no person of it took."""
    rows = db.execute(
        "SELECT id FROM exception_case WHERE ended_at IS NULL AND escalated_at IS NULL AND owner IS NULL AND routed_at <= ?"
        " AND state='open' AND owner_role <> '' ORDER BY id",
        (text(since),),
    )
    return [case_id for (case_id,) in rows]


def route(db: sqlite3.Connection, case_id: int, *, role: str, cause: str, at: datetime) -> None:
    """Note which role answers for an exception, and for what."""
    _update(db, "owner_role=?, routed_for=?, routed_at=?", (role, cause, text(at)), [case_id])


def escalate(db: sqlite3.Connection, case_id: int, *, role: str, at: datetime) -> None:
    """Note that the deputy's role has an exception now."""
    _update(db, "owner_role=?, escalated_at=?, changed_at=?", (role, text(at), text(at)), [case_id])


def _update(db: sqlite3.Connection, change: str, values: tuple[object, ...], case_ids: Iterable[int]) -> int:
    cursor = db.executemany(
        f"UPDATE exception_case SET {change} WHERE id=? AND ended_at IS NULL",
        [(*values, case_id) for case_id in case_ids],
    )
    return max(cursor.rowcount, 0)


def _case(row: sqlite3.Row) -> ExceptionCase:
    found = fields(
        row,
        instants=(
            "opened_at",
            "due_at",
            "snoozed_until",
            "changed_at",
            "ended_at",
            "routed_at",
            "escalated_at",
        ),
        objects=("evidence",),
    )
    return ExceptionCase(**{**found, "is_written_off": bool(found["is_written_off"])})
