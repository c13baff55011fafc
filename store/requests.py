"""What a person asks of a running engine: read this system now. The engine sees it within seconds and forgets it when done."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from store import meta
from store.clock import instant, text

_READ = "request.read."


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
