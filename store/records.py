"""Every version of every record, with the payload it was read from.

`record` holds what is newest, `record_version` all that ever was, `identity` the identifiers by which twins in other
systems are found. A page is written with a handful of statements, however many rows it has.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import chain
from typing import Generic, Literal, NamedTuple, TypeVar

from store.canonical.keys import RecordKey
from store.canonical.record import HASH_BYTES, CanonicalRecord
from store.clock import instant, text
from store.columns import chunks, marks, when

R = TypeVar("R", bound=CanonicalRecord)

Outcome = Literal["new", "changed", "echo", "touched", "stale", "same"]


class Incoming(NamedTuple):
    """One record as it was read and translated."""

    external_id: str
    record: CanonicalRecord
    payload: bytes
    source_version: str | None = None
    """The source's own count of versions: text of an integer, or None."""
    source_updated_at: datetime | None = None
    changed_by: str | None = None
    digest: bytes | None = None
    """`raw_digest(payload)` where the caller has it already."""


class Stored(NamedTuple):
    """What became of one incoming record.

    | outcome | it means | kept |
    | --- | --- | --- |
    | new | never seen before | version 1 |
    | changed | other content than we held | the next version |
    | echo | only fields differ that we wrote into the source ourselves | the next version, but no change |
    | touched | another payload, the same content | the new digest and source version |
    | stale | older than what we hold | nothing |
    | same | the very payload we hold | nothing |
    """

    external_id: str
    number: str
    version: int
    """The version that is newest now."""
    outcome: Outcome
    record: CanonicalRecord


@dataclass(frozen=True, slots=True)
class Held(Generic[R]):
    """A record as the store holds it."""

    record: R
    version: int
    system: str
    external_id: str
    payload: bytes
    contract: str
    content_hash: bytes
    source_version: str | None
    source_updated_at: datetime | None
    fetched_at: datetime
    changed_by: str | None

    @property
    def key(self) -> RecordKey:
        return RecordKey(self.system, self.external_id)


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One version of a record, without its content."""

    version: int
    contract: str
    content_hash: bytes
    source_version: str | None
    source_updated_at: datetime | None
    changed_by: str | None
    fetched_at: datetime


class _Newest(NamedTuple):
    """What we hold of one record while a page is worked through."""

    version: int
    content_hash: bytes
    raw_digest: bytes
    source_version: str | None
    source_updated_at: str | None
    version_id: int
    number: str


def known_digests(db: sqlite3.Connection, entity: str, system: str, digests: Iterable[bytes]) -> set[bytes]:
    """Return which of these payloads are the newest we hold: they need not be decoded."""
    found: set[bytes] = set()
    for some in chunks(list(digests)):
        rows = db.execute(
            f"SELECT raw_digest FROM record WHERE entity=? AND system=? AND raw_digest IN ({marks(some)})",  # noqa: S608
            (entity, system, *some),
        )
        found.update(digest for (digest,) in rows)
    return found


def put_page(
    db: sqlite3.Connection, entity: str, system: str, incoming: Sequence[Incoming], fetched_at: datetime
) -> list[Stored]:
    """Store a page; say for each record, in order, what became of it."""
    held = _newest(db, entity, system, [row.external_id for row in incoming])
    known = set(held)
    page = _Page(db, entity, system, text(fetched_at))
    stored: list[Stored] = []
    for row in incoming:
        before = held.get(row.external_id)
        after, outcome = page.take(row, before)
        held[row.external_id] = after
        stored.append(Stored(row.external_id, after.number, after.version, outcome, row.record))
    page.write(held, known)
    return stored


class _Page:
    """Collects what one page changes, and writes it at the end."""

    def __init__(self, db: sqlite3.Connection, entity: str, system: str, fetched_at: str) -> None:
        self.db = db
        self.entity = entity
        self.system = system
        self.fetched_at = fetched_at
        self.first_id: int = db.execute("SELECT coalesce(max(id), 0) + 1 FROM record_version").fetchone()[0]
        self.versions: list[tuple[object, ...]] = []
        self.touched: dict[str, CanonicalRecord | None] = {}
        """External ids whose `record` row changes, with the record where its identifiers may have changed too."""

    def take(self, row: Incoming, before: _Newest | None) -> tuple[_Newest, Outcome]:
        """Decide what one record is, and remember what has to be written for it."""
        digest = row.digest or sha256(row.payload).digest()[:HASH_BYTES]
        updated_at = None if row.source_updated_at is None else text(row.source_updated_at)
        if before is not None:
            if before.raw_digest == digest:
                return before, "same"
            if _is_stale(row.source_version, updated_at, before):
                return before, "stale"
        record = row.record
        body = record.canonical_json()
        content_hash = record.content_hash() if record.echo_fields else sha256(body).digest()[:HASH_BYTES]
        outcome = self._compare(record, body, content_hash, before)
        if before is not None and outcome == "touched":
            self.touched.setdefault(row.external_id, None)
            version, version_id = before.version, before.version_id
        else:
            self.touched[row.external_id] = record
            version = 1 if before is None else before.version + 1
            version_id = self.first_id + len(self.versions)
            self.versions.append(
                (
                    version_id,
                    self.entity,
                    self.system,
                    row.external_id,
                    version,
                    record.contract,
                    row.source_version,
                    updated_at,
                    row.changed_by,
                    self.fetched_at,
                    content_hash,
                    body.decode(),
                    row.payload,
                )
            )
        after = _Newest(version, content_hash, digest, row.source_version, updated_at, version_id, record.number)
        return after, outcome

    def write(self, held: dict[str, _Newest], known: set[str]) -> None:
        """Versions first: `record` points to them."""
        if self.versions:
            self.db.executemany(
                "INSERT INTO record_version(id, entity, system, external_id, version, contract, source_version,"
                " source_updated_at, changed_by, fetched_at, content_hash, body, payload)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                self.versions,
            )
        added = [key for key in self.touched if key not in known]
        moved = [key for key in self.touched if key in known]
        if added:
            self.db.executemany(
                "INSERT INTO record(version, content_hash, raw_digest, source_version, source_updated_at, version_id,"
                " number, fetched_at, entity, system, external_id) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                [self._row(key, held) for key in added],
            )
        if moved:
            self.db.executemany(
                "UPDATE record SET version=?, content_hash=?, raw_digest=?, source_version=?, source_updated_at=?,"
                " version_id=?, number=?, fetched_at=? WHERE entity=? AND system=? AND external_id=?",
                [self._row(key, held) for key in moved],
            )
        self._write_identities(added, moved)

    def _compare(
        self, record: CanonicalRecord, body: bytes, content_hash: bytes, before: _Newest | None
    ) -> Outcome:
        if before is None:
            return "new"
        if before.content_hash != content_hash:
            return "changed"
        if record.echo_fields and self._body(before.version_id) != body.decode():
            return "echo"
        return "touched"

    def _body(self, version_id: int) -> str:
        if version_id >= self.first_id:
            return str(self.versions[version_id - self.first_id][11])
        row = self.db.execute("SELECT body FROM record_version WHERE id=?", (version_id,)).fetchone()
        return str(row[0])

    def _row(self, external_id: str, held: dict[str, _Newest]) -> tuple[object, ...]:
        return (*held[external_id], self.fetched_at, self.entity, self.system, external_id)

    def _write_identities(self, added: list[str], moved: list[str]) -> None:
        again = [key for key in moved if self.touched[key] is not None]
        if again:
            self.db.executemany(
                "DELETE FROM identity WHERE entity=? AND system=? AND external_id=?",
                [(self.entity, self.system, key) for key in again],
            )
        rows = [
            (self.entity, kind, value, self.system, key)
            for key in chain(added, again)
            if (record := self.touched[key]) is not None
            for kind, value in record.identifiers()
        ]
        if rows:
            self.db.executemany("INSERT OR IGNORE INTO identity VALUES (?,?,?,?,?)", rows)


def get(db: sqlite3.Connection, model: type[R], system: str, external_id: str) -> Held[R] | None:
    """Return the newest version of one record."""
    row = db.execute(
        f"{_HELD} WHERE r.entity=? AND r.system=? AND r.external_id=?", (model.entity, system, external_id)
    ).fetchone()
    return None if row is None else _held(model, row)


def get_many(
    db: sqlite3.Connection, model: type[R], system: str, external_ids: Sequence[str]
) -> dict[str, Held[R]]:
    """Return the newest versions of several records by external id; unknown ones are left out."""
    found: dict[str, Held[R]] = {}
    for some in chunks(external_ids):
        rows = db.execute(
            f"{_HELD} WHERE r.entity=? AND r.system=? AND r.external_id IN ({marks(some)})",
            (model.entity, system, *some),
        )
        for row in rows:
            held = _held(model, row)
            found[held.external_id] = held
    return found


def get_version(
    db: sqlite3.Connection, model: type[R], system: str, external_id: str, version: int
) -> Held[R] | None:
    """Return one version of one record, as it was."""
    row = db.execute(
        "SELECT v.body, v.version, v.system, v.external_id, v.payload, v.contract, v.content_hash, v.source_version,"
        " v.source_updated_at, v.fetched_at, v.changed_by FROM record_version v"
        " WHERE v.entity=? AND v.system=? AND v.external_id=? AND v.version=?",
        (model.entity, system, external_id, version),
    ).fetchone()
    return None if row is None else _held(model, row)


def by_number(db: sqlite3.Connection, entity: str, number: str) -> list[tuple[str, str]]:
    """Return (system, external id) of all records that people call `number`."""
    rows = db.execute(
        "SELECT system, external_id FROM record WHERE entity=? AND number=? ORDER BY system, external_id",
        (entity, number),
    )
    return [(system, external_id) for system, external_id in rows]


def find_by_number(db: sqlite3.Connection, model: type[R], system: str, number: str) -> Held[R] | None:
    """Return the record of one system that people call `number`; of several, the one fetched last."""
    row = db.execute(
        f"{_HELD} WHERE r.entity=? AND r.number=? AND r.system=? ORDER BY r.fetched_at DESC, r.id DESC LIMIT 1",
        (model.entity, number, system),
    ).fetchone()
    return None if row is None else _held(model, row)


def twins(db: sqlite3.Connection, entity: str, kind: str, value: str, system: str) -> list[str]:
    """Return the external ids in `system` of the records that carry this identifier."""
    rows = db.execute(
        "SELECT external_id FROM identity WHERE entity=? AND kind=? AND value=? AND system=? ORDER BY external_id",
        (entity, kind, value, system),
    )
    return [external_id for (external_id,) in rows]


def identifiers(db: sqlite3.Connection, entity: str, system: str, external_id: str) -> list[tuple[str, str]]:
    """Return the (kind, value) pairs of one record."""
    rows = db.execute(
        "SELECT kind, value FROM identity WHERE entity=? AND system=? AND external_id=? ORDER BY kind, value",
        (entity, system, external_id),
    )
    return [(kind, value) for kind, value in rows]


def history(db: sqlite3.Connection, entity: str, system: str, external_id: str) -> list[VersionInfo]:
    """Return all versions of one record, oldest first."""
    rows = db.execute(
        "SELECT version, contract, content_hash, source_version, source_updated_at, changed_by, fetched_at"
        " FROM record_version WHERE entity=? AND system=? AND external_id=? ORDER BY version",
        (entity, system, external_id),
    )
    return [
        VersionInfo(version, contract, digest, source_version, when(updated_at), changed_by, instant(fetched_at))
        for version, contract, digest, source_version, updated_at, changed_by, fetched_at in rows
    ]


def count(db: sqlite3.Connection, entity: str, system: str | None = None) -> int:
    """Return how many records there are."""
    where, values = ("entity=?", (entity,)) if system is None else ("entity=? AND system=?", (entity, system))
    found: int = db.execute(f"SELECT count(*) FROM record WHERE {where}", values).fetchone()[0]  # noqa: S608
    return found


_HELD = (
    "SELECT v.body, v.version, v.system, v.external_id, v.payload, v.contract, v.content_hash, r.source_version,"
    " r.source_updated_at, r.fetched_at, v.changed_by FROM record r JOIN record_version v ON v.id = r.version_id"
)


def _held(model: type[R], row: sqlite3.Row) -> Held[R]:
    body, version, system, external_id, payload, contract, digest, source_version, updated_at, fetched, by = row
    return Held(
        record=model.model_validate_json(body),
        version=version,
        system=system,
        external_id=external_id,
        payload=payload,
        contract=contract,
        content_hash=digest,
        source_version=source_version,
        source_updated_at=when(updated_at),
        fetched_at=instant(fetched),
        changed_by=by,
    )


def _newest(
    db: sqlite3.Connection, entity: str, system: str, external_ids: Sequence[str]
) -> dict[str, _Newest]:
    found: dict[str, _Newest] = {}
    for some in chunks(external_ids):
        rows = db.execute(
            "SELECT external_id, version, content_hash, raw_digest, source_version, source_updated_at, version_id,"
            f" number FROM record WHERE entity=? AND system=? AND external_id IN ({marks(some)})",
            (entity, system, *some),
        )
        found.update((external_id, _Newest(*rest)) for external_id, *rest in rows)
    return found


def _is_stale(version: str | None, updated_at: str | None, held: _Newest) -> bool:
    """Say whether what came is older than what we hold: by the source's count, else by the source's time."""
    if version is not None and held.source_version is not None and version != held.source_version:
        try:
            return int(version) < int(held.source_version)
        except ValueError:
            pass  # not a count after all: the time decides
    return updated_at is not None and held.source_updated_at is not None and updated_at < held.source_updated_at
