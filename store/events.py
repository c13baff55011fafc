"""What happened, append-only, and how far each consumer has read.

The same event appended twice is stored once: its id is made from the fact.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec

from store.canonical.event import Event
from store.clock import instant, text
from store.columns import as_json, from_json, insert

_COLUMNS = "seq, id, type, source, subject, time, correlation_id, dataschema, data"


class Fact(msgspec.Struct, frozen=True, gc=False):
    """An event that is about to be appended, in the fields of `Event`. A struct: each delivery makes one, at a tenth of the
    cost of a model that checks what we have just put together; what is read back is an `Event`, and checked."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    correlation_id: str | None
    data: Mapping[str, Any]
    dataschema: str | None = None


class StoredEvent(NamedTuple):
    """An event and its place in the log."""

    seq: int
    event: Event


def append(db: sqlite3.Connection, events: Iterable[Event | Fact]) -> int:
    """Add events; return how many of them were not known yet."""
    told = cache(text)  # those of a page tell of one moment
    rows = [
        (e.id, e.type, e.source, e.subject, told(e.time), e.correlation_id, e.dataschema, as_json(e.data))
        for e in events
    ]
    return insert(
        db,
        "INSERT INTO event(id, type, source, subject, time, correlation_id, dataschema, data)",
        rows,
        "ON CONFLICT(id) DO NOTHING",
    )


def pending(
    db: sqlite3.Connection, consumer: str, limit: int, type_prefixes: Sequence[str] = ()
) -> list[StoredEvent]:
    """Return the next events for a consumer, oldest first: all of them, or those whose type begins so.

    A consumer of some types that gets an empty list acknowledges `head(db)`, read in the same transaction, so that
    it does not look at the others again and again.
    """
    types = " OR ".join("substr(type, 1, length(?)) = ?" for _ in type_prefixes)
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM event WHERE seq > coalesce((SELECT seq FROM consumer WHERE name=?), 0)"
        f"{f' AND ({types})' if types else ''} ORDER BY seq LIMIT ?",
        (consumer, *(part for prefix in type_prefixes for part in (prefix, prefix)), limit),
    )
    return [_event(row) for row in rows]


def positions(db: sqlite3.Connection) -> dict[str, int]:
    """Return how far each consumer has acknowledged; who never did is not among them."""
    return dict(db.execute("SELECT name, seq FROM consumer").fetchall())


def acknowledge(db: sqlite3.Connection, consumer: str, seq: int) -> None:
    """Note that a consumer is done with everything up to `seq`; it never goes back this way."""
    db.execute(
        "INSERT INTO consumer(name, seq) VALUES (?,?) ON CONFLICT(name) DO UPDATE SET seq=max(seq, excluded.seq)",
        (consumer, seq),
    )


def rewind(db: sqlite3.Connection, consumer: str, seq: int = 0) -> None:
    """Let a consumer read again what comes after `seq`."""
    db.execute(
        "INSERT INTO consumer(name, seq) VALUES (?,?) ON CONFLICT(name) DO UPDATE SET seq=excluded.seq",
        (consumer, seq),
    )


def head(db: sqlite3.Connection) -> int:
    """Return the place of the newest event; 0 when there is none."""
    found: int = db.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()[0]
    return found


def tail(db: sqlite3.Connection, after: int, limit: int) -> list[StoredEvent]:
    """Return the events that follow `after`, oldest first."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit))
    return [_event(row) for row in rows]


def of_subject(db: sqlite3.Connection, subject: str) -> list[StoredEvent]:
    """Return all events of one document, oldest first."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM event WHERE subject=? ORDER BY seq", (subject,))
    return [_event(row) for row in rows]


def _event(row: sqlite3.Row) -> StoredEvent:
    seq, event_id, event_type, source, subject, time, correlation_id, dataschema, data = row
    return StoredEvent(
        seq,
        Event(
            id=event_id,
            type=event_type,
            source=source,
            subject=subject,
            time=instant(time),
            correlation_id=correlation_id,
            dataschema=dataschema,
            data=from_json(data),
        ),
    )
