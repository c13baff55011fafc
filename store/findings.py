"""What was noticed and handled without a person: throttling, maintenance, repeated events, late versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from store.clock import instant, text
from store.columns import as_json, from_json

Severity = Literal["info", "warn", "block"]

_COLUMNS = "class, severity, system, message, entity, document_key, document_number, noticed_at, detail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was noticed."""

    class_: str
    """The stable code, e.g. THROTTLED: see docs/errors.md."""
    severity: Severity
    system: str
    message: str
    noticed_at: datetime
    entity: str | None = None
    document_key: str | None = None
    document_number: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def stale_version(system: str, entity: str, document_key: str, number: str, noticed_at: datetime) -> Finding:
    """A system showed a document as it was before: we hold it newer, and go on with that."""
    return Finding(
        class_="STALE_VERSION",
        severity="warn",
        system=system,
        entity=entity,
        document_key=document_key,
        document_number=number,
        message="an older version arrived after a newer one; ignored",
        noticed_at=noticed_at,
    )


def append(db: sqlite3.Connection, findings: Iterable[Finding]) -> int:
    """Add findings; return how many."""
    rows = [
        (
            f.class_,
            f.severity,
            f.system,
            f.message,
            f.entity,
            f.document_key,
            f.document_number,
            text(f.noticed_at),
            as_json(f.detail),
        )
        for f in findings
    ]
    db.executemany(f"INSERT INTO finding({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)", rows)
    return len(rows)


def of_document(db: sqlite3.Connection, document_key: str) -> list[Finding]:
    """Return the findings about a document, oldest first."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM finding WHERE document_key=? ORDER BY id", (document_key,))
    return [
        Finding(
            class_=class_,
            severity=severity,
            system=system,
            message=message,
            entity=entity,
            document_key=key,
            document_number=number,
            noticed_at=instant(noticed),
            detail=from_json(detail),
        )
        for class_, severity, system, message, entity, key, number, noticed, detail in rows
    ]


def last_noticed(db: sqlite3.Connection, class_: str, system: str, document_key: str) -> datetime | None:
    """Return when a class was noticed last about a document in a system; None when it never was."""
    found = db.execute(
        "SELECT max(noticed_at) FROM finding WHERE document_key=? AND class=? AND system=?",
        (document_key, class_, system),
    ).fetchone()[0]
    return None if found is None else instant(found)


def was_noticed(
    db: sqlite3.Connection, class_: str, system: str, document_key: str, *, since: datetime, until: datetime
) -> bool:
    """Say whether a class was noticed about a document in a system within that time."""
    row = db.execute(
        "SELECT 1 FROM finding WHERE document_key=? AND class=? AND system=? AND noticed_at BETWEEN ? AND ? LIMIT 1",
        (document_key, class_, system, text(since), text(until)),
    ).fetchone()
    return row is not None


def counts(db: sqlite3.Connection) -> dict[str, int]:
    """Return how many findings of each class there are."""
    return dict(db.execute("SELECT class, count(*) FROM finding GROUP BY class"))
