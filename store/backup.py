"""Copy the file while it is used, and check that it is whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from store import audit, files
from store.clock import SystemClock
from store.database import Store, memory_store, open_reader, views_digest, views_digest_of_this_version
from store.errors import StoreDamagedError, StoreError
from store.faults import from_sqlite

PROBLEMS_MAX = 100
"""Of one kind; a broken file has more than anybody reads."""
_REMEDY = "another program changed the file: put the newest sound backup in its place"
PAGES_A_STEP = 1000

Kind = Literal["pages", "schema", "references", "audit", "orphans", "file"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the file."""

    kind: Kind
    message: str


def check(path: Path) -> list[Problem]:
    """Check pages, schema, foreign keys, the audit chain, and that what belongs together is there. Changes nothing."""
    try:
        with closing(open_reader(path)) as db:
            db.execute("BEGIN")  # one moment's state, however long it takes
            damaged = [*_pages(db), *_schema(db)]
            if any(one.message.startswith("table") for one in damaged):  # what asks them would fail
                return damaged
            return [*damaged, *_references(db), *_audit(db), *_orphans(db)]
    except sqlite3.DatabaseError as error:
        return [Problem("file", str(from_sqlite(error, path)))]
    except StoreError as error:
        return [Problem("file", str(error))]


def info(db: sqlite3.Connection) -> dict[str, Any]:
    """Return what the file holds: migrations, size, rows by table."""
    names = [
        name
        for (name,) in db.execute(
            "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            " AND name NOT LIKE '\\_sqlite%' ESCAPE '\\' ORDER BY name"
        )
    ]
    return {
        "path": _value(db, "SELECT file FROM pragma_database_list WHERE name='main'"),
        "created_at": _value(db, "SELECT value FROM meta WHERE name='created_at'"),
        "bytes": _value(db, "PRAGMA page_count") * _value(db, "PRAGMA page_size"),
        "free_bytes": _value(db, "PRAGMA freelist_count") * _value(db, "PRAGMA page_size"),
        "journal_mode": _value(db, "PRAGMA journal_mode"),
        "sqlite": sqlite3.sqlite_version,
        "migrations": [name for (name,) in db.execute("SELECT name FROM _sqlite_migrations ORDER BY id")],
        "rows": {name: _value(db, f'SELECT count(*) FROM "{name}"') for name in names},
    }


def backup(store: Store, target: Path) -> None:
    """Copy the file as it is at one moment, while others go on; the copy is checked before it counts.

    It is written under another name first, so that a copy that was cut off is never taken for a backup.
    """
    if target.exists():
        raise StoreError(f"{target} is there already. Nothing was copied. Name a new file.")
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    files.create_private(part)
    try:
        with closing(store.reader()) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
        problems = check(part)
        if problems:
            raise StoreDamagedError(str(store.path), f"its copy does not hold: {problems[0].message}")
        files.flush(part)
        part.rename(target)
        files.flush(target.parent)
    except sqlite3.DatabaseError as error:
        raise from_sqlite(error, target) from error
    finally:
        part.unlink(missing_ok=True)


def _pages(db: sqlite3.Connection) -> Iterator[Problem]:
    for (message,) in db.execute(f"PRAGMA integrity_check({PROBLEMS_MAX})"):
        if message != "ok":
            yield Problem("pages", message)


def _schema(db: sqlite3.Connection) -> Iterator[Problem]:
    """Compare tables, indexes, triggers and views with those that a new store has: a guard may have been taken away."""
    found, wanted = _objects(db), _wanted()
    are_views_current = views_digest(db) == views_digest_of_this_version()
    for (kind, name), definition in wanted.items():
        if kind == "view" and not are_views_current:
            continue  # they are made again when the file is opened for writing
        if (kind, name) not in found:
            yield Problem("schema", f"{kind} {name} is missing; {_REMEDY}")
        elif found[kind, name] != definition:
            yield Problem("schema", f"{kind} {name} is not as finsync makes it; {_REMEDY}")
    for kind, name in sorted(found.keys() - wanted.keys()):
        if kind == "trigger":  # tables and views of one's own change nothing of ours
            yield Problem("schema", f"trigger {name} is none of finsync's; {_REMEDY}")


def _objects(db: sqlite3.Connection) -> dict[tuple[str, str], str]:
    rows = db.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name"
    )
    return {(kind, name): definition for kind, name, definition in rows}


@cache
def _wanted() -> dict[tuple[str, str], str]:
    with memory_store(SystemClock()) as fresh:
        return _objects(fresh.db)


def _references(db: sqlite3.Connection) -> Iterator[Problem]:
    for row in db.execute("PRAGMA foreign_key_check").fetchmany(PROBLEMS_MAX):
        table, rowid, parent, _ = row
        yield Problem("references", f"row {rowid} of {table} points to a row of {parent} that is not there")


def _audit(db: sqlite3.Connection) -> Iterator[Problem]:
    found = audit.verify(db)
    if not found.is_intact:
        yield Problem("audit", f"entry {found.first_bad_seq} of the audit log does not hold: {found.reason}")


_ORPHANS = {
    "outbox entry {} has no delivery": "SELECT id FROM outbox_entry WHERE id NOT IN (SELECT entry_id FROM delivery)",
    "delivery {} is claimed under no lease": (
        "SELECT entry_id FROM delivery WHERE state='claimed' AND (fencing_token IS NULL OR fencing_token >"
        " coalesce((SELECT max(token) FROM lease), 0))"
    ),
    "record {} does not point to the newest of its versions": (
        "SELECT r.id FROM record r WHERE r.version_id IS NOT (SELECT v.id FROM record_version v WHERE v.entity=r.entity"
        " AND v.system=r.system AND v.external_id=r.external_id ORDER BY v.version DESC LIMIT 1)"
    ),
    "version {} belongs to no record": (
        "SELECT v.id FROM record_version v WHERE v.version=1 AND NOT EXISTS (SELECT 1 FROM record r"
        " WHERE r.entity=v.entity AND r.system=v.system AND r.external_id=v.external_id)"
    ),
}


def _orphans(db: sqlite3.Connection) -> Iterator[Problem]:
    for words, query in _ORPHANS.items():
        for (which,) in db.execute(query).fetchmany(PROBLEMS_MAX):
            yield Problem("orphans", words.format(which))


def _value(db: sqlite3.Connection, query: str) -> Any:
    row = db.execute(query).fetchone()
    return None if row is None else row[0]
