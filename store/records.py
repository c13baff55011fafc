"""Every version of every record, with the payload it was read from.

`record` holds what is newest, `record_version` all that ever was, `identity` the identifiers by which twins in other
systems are found. A page is written with a handful of statements, however many rows it has.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Generic, Literal, NamedTuple, TypeVar

from store.canonical.keys import RecordKey
from store.canonical.record import HASH_BYTES, CanonicalRecord, raw_digest
from store.clock import instant, text
from store.columns import chunks, insert, marks, when

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


class Prepared(NamedTuple):
    """One record as it is written. Made before the transaction, and a tenth of the size of the record: whoever reads many
    prepares each at once and lets go of it, while it is still in the processor's cache."""

    external_id: str
    number: str
    contract: str
    body: str
    content_hash: bytes
    identifiers: tuple[tuple[str, str], ...]
    has_echo_fields: bool
    payload: bytes
    digest: bytes
    source_version: str | None
    source_updated_at: str | None
    changed_by: str | None


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

    id: int
    number: str
    version: int
    content_hash: bytes
    raw_digest: bytes
    source_version: str | None
    source_updated_at: str | None
    version_id: int


def known_digests(
    db: sqlite3.Connection, entity: str, system: str, digests: Mapping[str, bytes]
) -> set[bytes]:
    """Return which of these payloads, given by external id, are the newest we hold: they need not be decoded.

    Found by id: an index by digest would be written all over the file with every page, digests being random.
    """
    found: set[bytes] = set()
    for some in chunks(list(digests)):
        rows = db.execute(
            f"SELECT external_id, raw_digest FROM record WHERE entity=? AND system=? AND external_id IN ({marks(some)})",
            (entity, system, *some),
        )
        found.update(digest for external_id, digest in rows if digests[external_id] == digest)
    return found


def otherwise(db: sqlite3.Connection, entity: str, system: str, digests: Mapping[str, bytes]) -> set[str]:
    """Return the ids, of these payloads' by external id, of which we hold another one as the newest."""
    found: set[str] = set()
    for some in chunks(list(digests)):
        rows = db.execute(
            f"SELECT external_id, raw_digest FROM record WHERE entity=? AND system=? AND external_id IN ({marks(some)})",
            (entity, system, *some),
        )
        found.update(external_id for external_id, digest in rows if digests[external_id] != digest)
    return found


def payload(
    db: sqlite3.Connection, entity: str, system: str, external_id: str, version: int | None = None
) -> tuple[bytes, int] | None:
    """Return the payload that a version was read from (None: the newest), and which version it is."""
    row = db.execute(
        "SELECT payload, version FROM record_version WHERE entity=? AND system=? AND external_id=? AND"
        " (? IS NULL OR version=?) ORDER BY version DESC LIMIT 1",
        (entity, system, external_id, version, version),
    ).fetchone()
    return None if row is None else (row[0], row[1])


def parts_of(db: sqlite3.Connection, entity: str, system: str, whole: str) -> dict[str, bytes]:
    """Return the parts that are held of a larger record, `<whole>-<part>` by id, with the payload of the newest version of each."""
    rows = db.execute(
        "SELECT r.external_id, v.payload FROM record r JOIN record_version v ON v.id=r.version_id"
        " WHERE r.entity=? AND r.system=? AND r.external_id>=? AND r.external_id<?",
        (entity, system, f"{whole}-", f"{whole}."),  # in ASCII the full stop follows the hyphen
    )
    return dict(rows.fetchall())


def page_digest(rows: Iterable[bytes]) -> bytes:
    """Return 16 bytes of SHA-256 over the rows of a page; a zero byte, which no JSON has, stands between them."""
    return sha256(b"\0".join(rows)).digest()[:HASH_BYTES]


def is_known_page(db: sqlite3.Connection, entity: str, system: str, number: int, digest: bytes) -> bool:
    """Say whether this page of a full read was noted, and nothing that we hold has changed since."""
    row = db.execute(
        "SELECT digest FROM page_seen WHERE entity=? AND system=? AND number=?", (entity, system, number)
    ).fetchone()
    return row is not None and row[0] == digest


def note_page(db: sqlite3.Connection, entity: str, system: str, number: int, digest: bytes) -> None:
    """Note a page all of whose rows are what we hold, so that the next read of it need not look at them.

    Only for a page of which no row was refused or stale. Any later change of a record of that entity and system
    forgets all its pages: a row that goes back to what it was is a change too.
    """
    db.execute(
        "INSERT INTO page_seen(entity, system, number, digest) VALUES (?,?,?,?)"
        " ON CONFLICT(entity, system, number) DO UPDATE SET digest=excluded.digest WHERE digest<>excluded.digest",
        (entity, system, number, digest),
    )


def prepare(
    external_id: str,
    record: CanonicalRecord,
    payload: bytes,
    source_version: str | None = None,
    source_updated_at: datetime | None = None,
    changed_by: str | None = None,
    digest: bytes | None = None,
) -> Prepared:
    """Return what is written of a record (see Incoming): its one JSON form, its hash, the identifiers it is found by."""
    json, content_hash = record.canonical_form()
    return Prepared(
        external_id,
        record.number,
        record.contract,
        json.decode(),
        content_hash,
        record.identifiers(),
        bool(record.echo_fields),
        payload,
        raw_digest(payload) if digest is None else digest,
        source_version,
        None if source_updated_at is None else text(source_updated_at),
        changed_by,
    )


def put_page(
    db: sqlite3.Connection, entity: str, system: str, incoming: Sequence[Incoming], fetched_at: datetime
) -> list[Stored]:
    """Store a page; say for each record, in order, what became of it."""
    return put_prepared(db, entity, system, [prepare(*row) for row in incoming], fetched_at)


def put_prepared(
    db: sqlite3.Connection,
    entity: str,
    system: str,
    prepared: Sequence[Prepared],
    fetched_at: datetime,
    *,
    is_afresh: bool = False,
) -> list[Stored]:
    """Store a page that was prepared; say for each record, in order, what became of it.

    Afresh: also the very payload that we hold may have become another record, by a translation that knows more.
    """
    page = _Page(db, entity, system, text(fetched_at), [row.external_id for row in prepared], is_afresh)
    stored = [page.take(row) for row in prepared]
    page.write()
    return stored


class _Page:
    """Collects what one page changes, and writes it at the end."""

    def __init__(
        self,
        db: sqlite3.Connection,
        entity: str,
        system: str,
        fetched_at: str,
        external_ids: Sequence[str],
        is_afresh: bool,
    ) -> None:
        self.db = db
        self.entity = entity
        self.system = system
        self.fetched_at = fetched_at
        self.is_afresh = is_afresh
        self.before = _newest(db, entity, system, external_ids)
        self.held = dict(self.before)
        self.next_id: int = db.execute("SELECT coalesce(max(id), 0) + 1 FROM record").fetchone()[0]
        self.first_version_id: int = db.execute(
            "SELECT coalesce(max(id), 0) + 1 FROM record_version"
        ).fetchone()[0]
        self.versions: list[tuple[object, ...]] = []
        self.bodies: list[str] = []
        self.touched: set[str] = set()
        self.changed: dict[str, Prepared] = {}

    def take(self, row: Prepared) -> Stored:
        """Decide what one record is, and remember what has to be written for it."""
        (
            external_id,
            number,
            contract,
            body,
            content_hash,
            _,
            has_echo_fields,
            payload,
            digest,
            source_version,
            updated_at,
            changed_by,
        ) = row
        before = self.held.get(external_id)
        if before is None:
            outcome: Outcome = "new"
            record_id, version = self.next_id, 1
            self.next_id += 1
        else:
            if before.raw_digest == digest and not (self.is_afresh and before.content_hash != content_hash):
                return Stored(external_id, before.number, before.version, "same")
            if _is_stale(source_version, updated_at, before):
                return Stored(external_id, before.number, before.version, "stale")
            outcome = self._compare(has_echo_fields, body, content_hash, before)
            record_id, version = before.id, before.version + (outcome != "touched")
        if before is not None and outcome == "touched":
            self.touched.add(external_id)
            version_id = before.version_id
        else:
            version_id = self.first_version_id + len(self.versions)
            self.changed[external_id] = row
            self.bodies.append(body)
            self.versions.append(
                (
                    version_id,
                    self.entity,
                    self.system,
                    external_id,
                    version,
                    contract,
                    source_version,
                    updated_at,
                    changed_by,
                    self.fetched_at,
                    content_hash,
                    body,
                    payload,
                )
            )
        self.held[external_id] = _Newest(
            record_id, number, version, content_hash, digest, source_version, updated_at, version_id
        )
        return Stored(external_id, number, version, outcome)

    def write(self) -> None:
        """Versions first: `record` points to them; identifiers last: they point to `record`."""
        if self.versions:
            insert(
                self.db,
                "INSERT INTO record_version(id, entity, system, external_id, version, contract, source_version,"
                " source_updated_at, changed_by, fetched_at, content_hash, body, payload)",
                self.versions,
            )
            self._write_new()
            self._write_changed()
        if self.touched:
            self._write_touched()
        if self.touched or not self.changed.keys().isdisjoint(self.before):
            self.db.execute("DELETE FROM page_seen WHERE entity=? AND system=?", (self.entity, self.system))

    def _write_new(self) -> None:
        added = {key: row for key, row in self.changed.items() if key not in self.before}
        if added:
            insert(
                self.db,
                "INSERT INTO record(id, number, version, content_hash, raw_digest, source_version, source_updated_at,"
                " version_id, entity, system, external_id, fetched_at)",
                [(*self.held[key], self.entity, self.system, key, self.fetched_at) for key in added],
            )
            self._write_identities(added)

    def _write_changed(self) -> None:
        moved = {key: row for key, row in self.changed.items() if key in self.before}
        if moved:
            held = [self.held[key] for key in moved]
            self.db.executemany(
                "UPDATE record SET version=?, content_hash=?, raw_digest=?, source_version=?, source_updated_at=?,"
                " version_id=?, fetched_at=? WHERE id=?",
                [(*now[2:], self.fetched_at, now.id) for now in held],
            )
            self.db.executemany(
                "UPDATE record SET number=? WHERE id=? AND number<>?",
                [(now.number, now.id, now.number) for now in held],
            )
            self.db.executemany("DELETE FROM identity WHERE record_id=?", [(now.id,) for now in held])
            self._write_identities(moved)

    def _write_touched(self) -> None:
        self.db.executemany(
            "UPDATE record SET raw_digest=?, source_version=?, source_updated_at=?, fetched_at=? WHERE id=?",
            [
                (now.raw_digest, now.source_version, now.source_updated_at, self.fetched_at, now.id)
                for now in (self.held[key] for key in self.touched)
            ],
        )

    def _write_identities(self, written: Mapping[str, Prepared]) -> None:
        rows = [
            (value, kind, self.held[key].id)
            for key, row in written.items()
            for kind, value in row.identifiers
        ]
        insert(self.db, "INSERT OR IGNORE INTO identity(value, kind, record_id)", rows)

    def _compare(self, has_echo_fields: bool, body: str, content_hash: bytes, before: _Newest) -> Outcome:
        if before.content_hash != content_hash:
            return "changed"
        if has_echo_fields and self._body(before.version_id) != body:
            return "echo"
        return "touched"

    def _body(self, version_id: int) -> str:
        if version_id >= self.first_version_id:
            return self.bodies[version_id - self.first_version_id]
        row = self.db.execute("SELECT body FROM record_version WHERE id=?", (version_id,)).fetchone()
        return str(row[0])


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


def bodies(db: sqlite3.Connection, entity: str, system: str, external_ids: Sequence[str]) -> dict[str, bytes]:
    """Return the newest versions of several records as they are stored, by external id; unknown ones are left out."""
    found: dict[str, bytes] = {}
    for some in chunks(external_ids):
        found.update(
            db.execute(
                "SELECT r.external_id, v.body FROM record r JOIN record_version v ON v.id = r.version_id"
                f" WHERE r.entity=? AND r.system=? AND r.external_id IN ({marks(some)})",
                (entity, system, *some),
            ).fetchall()
        )
    return found


def bodies_with_extensions(
    db: sqlite3.Connection, entity: str, system: str, external_id: str, limit: int
) -> list[tuple[str, str]]:
    """Return when each of the newest versions of a record was fetched, and its body, of those that have any: oldest first."""
    rows = db.execute(
        "SELECT fetched_at, body FROM record_version WHERE entity=? AND system=? AND external_id=?"
        " AND body->'extensions' IS NOT NULL ORDER BY version DESC LIMIT ?",
        (entity, system, external_id, limit),
    )
    return [(fetched_at, body) for fetched_at, body in rows][::-1]


def behind(
    db: sqlite3.Connection,
    entity: str,
    system: str,
    read: Sequence[tuple[str, str | None, datetime | None]],
) -> set[str]:
    """Return which of these, given as (external id, source version, changed at), are older than what we hold."""
    held = _newest(db, entity, system, [external_id for external_id, _, _ in read])
    return {
        external_id
        for external_id, version, changed_at in read
        if external_id in held
        and _is_stale(version, None if changed_at is None else text(changed_at), held[external_id])
    }


def external_ids(db: sqlite3.Connection, entity: str, system: str) -> Iterator[str]:
    """Yield the ids of all records of an entity that a system has, in order."""
    last = ""
    while True:
        page = db.execute(
            "SELECT external_id FROM record WHERE external_id>? AND system=? AND entity=? ORDER BY external_id LIMIT 1000",
            (last, system, entity),
        ).fetchall()
        if not page:
            return
        yield from (external_id for (external_id,) in page)
        last = page[-1][0]


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
        "SELECT r.external_id FROM identity i JOIN record r ON r.id=i.record_id"
        " WHERE i.value=? AND i.kind=? AND r.entity=? AND r.system=? ORDER BY r.external_id",
        (value, kind, entity, system),
    )
    return [external_id for (external_id,) in rows]


def twins_like(db: sqlite3.Connection, entity: str, kind: str, beginning: str, system: str) -> list[str]:
    """Return the external ids in `system` of the records with an identifier that begins so."""
    rows = db.execute(
        "SELECT DISTINCT r.external_id FROM identity i JOIN record r ON r.id=i.record_id"
        " WHERE i.value>=? AND i.value<? AND i.kind=? AND r.entity=? AND r.system=? ORDER BY r.external_id",
        (beginning, beginning + "\U0010ffff", kind, entity, system),
    )
    return [external_id for (external_id,) in rows]


def identifiers(db: sqlite3.Connection, entity: str, system: str, external_id: str) -> list[tuple[str, str]]:
    """Return the (kind, value) pairs of one record."""
    rows = db.execute(
        "SELECT i.kind, i.value FROM record r JOIN identity i ON i.record_id=r.id"
        " WHERE r.entity=? AND r.system=? AND r.external_id=? ORDER BY i.kind, i.value",
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
        VersionInfo(
            version, contract, digest, source_version, when(updated_at), changed_by, instant(fetched_at)
        )
        for version, contract, digest, source_version, updated_at, changed_by, fetched_at in rows
    ]


@dataclass(frozen=True, slots=True)
class PayloadInfo:
    """From which payload a version of a record was read."""

    system: str
    external_id: str
    version: int
    contract: str
    fetched_at: datetime
    byte_count: int
    sha256: str
    """Of the payload as it is kept: as it was read, without credentials and bank numbers. The first half of it is what the
    record is known by when it comes again."""


def payload_infos(
    db: sqlite3.Connection, entity: str, system: str, external_id: str, limit: int
) -> list[PayloadInfo]:
    """Return the payloads of the newest versions of one record, oldest first."""
    rows = db.execute(
        "SELECT version, contract, fetched_at, payload FROM record_version"
        " WHERE entity=? AND system=? AND external_id=? ORDER BY version DESC LIMIT ?",
        (entity, system, external_id, limit),
    )
    found = [
        PayloadInfo(
            system,
            external_id,
            version,
            contract,
            instant(fetched),
            len(payload),
            sha256(payload).hexdigest(),
        )
        for version, contract, fetched, payload in rows
    ]
    return found[::-1]


def count(db: sqlite3.Connection, entity: str, system: str | None = None) -> int:
    """Return how many records there are."""
    where, values = ("entity=?", (entity,)) if system is None else ("entity=? AND system=?", (entity, system))
    found: int = db.execute(f"SELECT count(*) FROM record WHERE {where}", values).fetchone()[0]
    return found


_HELD = (
    "SELECT v.body, v.version, v.system, v.external_id, v.payload, v.contract, v.content_hash, r.source_version,"
    " r.source_updated_at, r.fetched_at, v.changed_by FROM record r JOIN record_version v ON v.id = r.version_id"
)


def _held(model: type[R], row: sqlite3.Row) -> Held[R]:
    body, version, system, external_id, payload, contract, digest, source_version, updated_at, fetched, by = (
        row
    )
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
            "SELECT external_id, id, number, version, content_hash, raw_digest, source_version, source_updated_at,"
            f" version_id FROM record WHERE entity=? AND system=? AND external_id IN ({marks(some)})",
            (entity, system, *some),
        )
        found.update((row[0], _Newest(*row[1:])) for row in rows)
    return found


def _is_stale(version: str | None, updated_at: str | None, held: _Newest) -> bool:
    """Say whether what came is older than what we hold: by the source's count, else by the source's time."""
    if version is not None and held.source_version is not None and version != held.source_version:
        try:
            return int(version) < int(held.source_version)
        except ValueError:
            pass  # not a count after all: the time decides
    return (
        updated_at is not None and held.source_updated_at is not None and updated_at < held.source_updated_at
    )
