"""What is asked of a running engine: read this system now, or this document again. It sees it within seconds and forgets it
when done."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from store import meta
from store.clock import instant, text

_READ = "request.read."
_DOCUMENT = "request.document."
_NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
REREAD_AFTER: Final = tuple(timedelta(minutes=m) for m in (5, 60, 6 * 60, 24 * 60))
"""How long after each failed look a document that could not be read is looked at again by itself; then no more."""


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Somebody wants a system to be read now."""

    system: str
    person: str
    asked_at: datetime


def ask_read(db: sqlite3.Connection, system: str, person: str, now: datetime) -> None:
    """Ask for a system to be read; asking twice before it is read is asking once."""
    meta.set(db, _READ + system, f"{text(now)} {person}")


def reads(db: sqlite3.Connection) -> list[ReadRequest]:
    """Return what was asked for and not done yet."""
    rows = db.execute(
        "SELECT name, value FROM meta WHERE name >= ? AND name < ? ORDER BY name",
        (_READ, _READ + "\U0010ffff"),
    )
    found: list[ReadRequest] = []
    for name, value in rows.fetchall():
        asked_at, _, person = value.partition(" ")
        found.append(ReadRequest(name.removeprefix(_READ), person, instant(asked_at)))
    return found


def done(db: sqlite3.Connection, request: ReadRequest) -> None:
    """Forget a request that was done; one that was asked anew meanwhile stays."""
    db.execute(
        "DELETE FROM meta WHERE name=? AND value=?",
        (_READ + request.system, f"{text(request.asked_at)} {request.person}"),
    )


@dataclass(frozen=True, slots=True)
class Reread:
    """A document that could not be read, and is to be read afresh from its system."""

    system: str
    entity: str
    external_id: str
    failed_count: int
    """How often it was looked at by itself since somebody asked, or since it first could not be read."""
    due_at: datetime


def ask_document(db: sqlite3.Connection, system: str, entity: str, external_id: str, now: datetime) -> None:
    """Ask for one document to be read afresh at once."""
    _put(db, Reread(system, entity, external_id, 0, now))


def ask_document_later(
    db: sqlite3.Connection, system: str, entity: str, external_id: str, now: datetime
) -> None:
    """Ask for a document that could not be read to be looked at again by itself; what is asked already stays so."""
    if meta.get(db, _name(system, entity, external_id)) is None:
        _put(db, Reread(system, entity, external_id, 0, now + REREAD_AFTER[0]))


def documents(db: sqlite3.Connection, now: datetime, limit: int) -> list[Reread]:
    """Return the documents that are to be read afresh by now, the longest due first."""
    rows = db.execute(
        "SELECT value FROM meta WHERE name >= ? AND name < ?", (_DOCUMENT, _DOCUMENT + "\U0010ffff")
    )
    asked = []
    for (value,) in rows.fetchall():
        system, entity, external_id, failed_count, due_at = json.loads(value)
        asked.append(Reread(system, entity, external_id, failed_count, instant(due_at)))
    return sorted((one for one in asked if one.due_at <= now), key=lambda one: one.due_at)[:limit]


def is_asked(db: sqlite3.Connection, asked: Reread) -> bool:
    """Say whether this document is still to be read."""
    return meta.get(db, _name(asked.system, asked.entity, asked.external_id)) is not None


def document_failed(db: sqlite3.Connection, asked: Reread, now: datetime) -> None:
    """A document could not be read this time either: look again later, or no more by itself.

    That it was given up is kept: the same document comes again with every read of its queue.
    """
    count = asked.failed_count + 1
    due_at = now + REREAD_AFTER[count] if count < len(REREAD_AFTER) else _NEVER
    _put(db, Reread(asked.system, asked.entity, asked.external_id, count, due_at))


def forget_documents(db: sqlite3.Connection, system: str, entity: str, external_ids: Iterable[str]) -> None:
    """These were read: nobody need look again."""
    db.executemany("DELETE FROM meta WHERE name=?", [(_name(system, entity, one),) for one in external_ids])


def _put(db: sqlite3.Connection, asked: Reread) -> None:
    values = [asked.system, asked.entity, asked.external_id, asked.failed_count, text(asked.due_at)]
    meta.set(db, _name(asked.system, asked.entity, asked.external_id), json.dumps(values))


def _name(system: str, entity: str, external_id: str) -> str:
    return f"{_DOCUMENT}{system}.{entity}.{external_id}"
