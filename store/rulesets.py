"""Mapping tables, policies and profiles as they were when they decided something: every version stays."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal

from store.clock import instant, text

Kind = Literal["mapping", "policy", "profile"]

_COLUMNS = "kind, name, version, digest, body, recorded_at"


@dataclass(frozen=True, slots=True)
class Ruleset:
    """One version of one table or rule set."""

    kind: Kind
    name: str
    version: int
    digest: str
    body: str
    recorded_at: datetime


def record(db: sqlite3.Connection, kind: Kind, name: str, body: str, at: datetime) -> int:
    """Return the version of `body`, a new one when it differs from the version in force.

    Going back to an earlier text makes a new version too: versions say in which order things were in force.
    """
    digest = sha256(body.encode()).hexdigest()
    newest = current(db, kind, name)
    if newest is not None and newest.digest == digest:
        return newest.version
    return _add(db, kind, name, body, at, 1 if newest is None else newest.version + 1)


def record_again(db: sqlite3.Connection, kind: Kind, name: str, body: str, at: datetime) -> int:
    """Return a new version even when its text is that of the newest: somebody stands up for it now."""
    newest = current(db, kind, name)
    return _add(db, kind, name, body, at, 1 if newest is None else newest.version + 1)


def _add(db: sqlite3.Connection, kind: Kind, name: str, body: str, at: datetime, version: int) -> int:
    digest = sha256(body.encode()).hexdigest()
    db.execute(
        f"INSERT INTO ruleset_version({_COLUMNS}) VALUES (?,?,?,?,?,?)",
        (kind, name, version, digest, body, text(at)),
    )
    return version


def get(db: sqlite3.Connection, kind: Kind, name: str, version: int) -> Ruleset | None:
    """Return one version."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM ruleset_version WHERE kind=? AND name=? AND version=?", (kind, name, version)
    ).fetchone()
    return None if row is None else _ruleset(row)


def current(db: sqlite3.Connection, kind: Kind, name: str) -> Ruleset | None:
    """Return the version in force: the newest."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM ruleset_version WHERE kind=? AND name=? ORDER BY version DESC LIMIT 1",
        (kind, name),
    ).fetchone()
    return None if row is None else _ruleset(row)


def versions(db: sqlite3.Connection, kind: Kind, name: str) -> list[Ruleset]:
    """Return every version, oldest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM ruleset_version WHERE kind=? AND name=? ORDER BY version", (kind, name)
    )
    return [_ruleset(row) for row in rows]


def _ruleset(row: sqlite3.Row) -> Ruleset:
    kind, name, version, digest, body, recorded_at = row
    return Ruleset(kind, name, version, digest, body, instant(recorded_at))
