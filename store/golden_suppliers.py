"""The one supplier that records of several systems are: its records, its fields with where each comes from, its history.

Every record of a supplier belongs to exactly one golden record. What may have changed which records belong together is
noted in `golden_due` by the tables themselves (a supplier, a score, an answer, a link), in the same transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from store.canonical.keys import RecordKey
from store.canonical.record import HASH_BYTES
from store.clock import instant, text
from store.columns import chunks, encode, from_json, insert, marks

PREFIX: Final = "golden:"
"""How a golden record is named where a supplier of a system could be meant, too: `golden:17`."""


class Edge(NamedTuple):
    """Why two records may be one supplier."""

    one: str
    other: str
    why: str
    """person, linked, proof"""
    score: float


class Member(NamedTuple):
    """One record of a golden record."""

    key: str
    why: str
    legal_entities: tuple[str, ...]


class Newest(NamedTuple):
    """What is known of one record."""

    key: str
    version: int
    body: Mapping[str, Any]
    changed_at: str
    """By its system's clock, else when it was read."""


@dataclass(frozen=True, slots=True)
class Golden:
    """A golden record as it is, or as a version of it was."""

    id: int
    version: int
    fields: Mapping[str, Mapping[str, Any]]
    """By field: value, from (the record's key), version (of that record), rule."""
    members: tuple[str, ...]
    made_at: datetime
    into_id: int | None

    @property
    def key(self) -> str:
        return f"{PREFIX}{self.id}"


def due(db: sqlite3.Connection, limit: int) -> list[str]:
    """Return records that have to be looked at again."""
    return [
        key for (key,) in db.execute("SELECT DISTINCT key FROM golden_due ORDER BY key LIMIT ?", (limit,))
    ]


def all_due(db: sqlite3.Connection) -> None:
    """Let every golden record be looked at again: another rule says now which value counts."""
    db.execute("INSERT INTO golden_due(key) SELECT system || ':' || external_id FROM golden_member")


def done(db: sqlite3.Connection, keys: Sequence[str]) -> None:
    """They were looked at."""
    for some in chunks(keys):
        db.execute(f"DELETE FROM golden_due WHERE key IN ({marks(some)})", some)


def edges(db: sqlite3.Connection, keys: Sequence[str], score_min: float) -> list[Edge]:
    """Return what may join these records with any others: a person's word, a link, a score of `score_min` or more."""
    found: dict[tuple[str, str, str], Edge] = {}
    for some in chunks(keys, 2000):
        listed = marks(some)
        rows = [
            *db.execute(
                "SELECT one, other, 'person', 100.0 FROM supplier_answer WHERE is_newest=1 AND answer='same'"
                f" AND one IN ({listed}) UNION ALL SELECT one, other, 'person', 100.0 FROM supplier_answer"
                f" WHERE is_newest=1 AND answer='same' AND other IN ({listed})",
                (*some, *some),
            ),
            *db.execute(
                f"SELECT one, other, 'proof', score FROM supplier_pair WHERE one IN ({listed}) AND score>=?"
                f" UNION ALL SELECT one, other, 'proof', score FROM supplier_pair WHERE other IN ({listed}) AND score>=?",
                (*some, score_min, *some, score_min),
            ),
            *db.execute(
                "SELECT document_key, system || ':' || external_id, 'linked', 100.0 FROM crossref"
                f" WHERE entity='supplier' AND document_key IN ({listed})",
                some,
            ),
            *_linked_to(db, some),
        ]
        found.update(((one, other, why), Edge(one, other, why, score)) for one, other, why, score in rows)
    return [found[key] for key in sorted(found)]


def _linked_to(db: sqlite3.Connection, keys: Sequence[str]) -> Iterator[tuple[str, str, str, float]]:
    for system, ids in _by_system(keys):
        yield from db.execute(
            "SELECT document_key, system || ':' || external_id, 'linked', 100.0 FROM crossref"
            f" WHERE entity='supplier' AND system=? AND external_id IN ({marks(ids)})",
            (system, *ids),
        )


def vetoes(db: sqlite3.Connection, keys: Sequence[str]) -> set[tuple[str, str]]:
    """Return the pairs among these of which a person said that they are different."""
    wanted = set(keys)
    found: set[tuple[str, str]] = set()
    for some in chunks(keys):
        rows = db.execute(
            "SELECT one, other FROM supplier_answer WHERE is_newest=1 AND answer='different'"
            f" AND one IN ({marks(some)})",
            some,
        )
        found.update((one, other) for one, other in rows if other in wanted)
    return found


def tax_ids(db: sqlite3.Connection, keys: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return the tax ids of those of these records that have some, as they are compared."""
    found: dict[str, frozenset[str]] = {}
    for system, some in _by_system(keys):
        rows = db.execute(
            "SELECT external_id, tax_ids FROM supplier_form WHERE tax_ids<>'' AND system=?"
            f" AND external_id IN ({marks(some)})",
            (system, *some),
        )
        found.update((f"{system}:{external_id}", frozenset(numbers.split())) for external_id, numbers in rows)
    return found


def newest(db: sqlite3.Connection, keys: Sequence[str]) -> dict[str, Newest]:
    """Return what is known of these records; those that are no suppliers we hold are left out."""
    found: dict[str, Newest] = {}
    for system, some in _by_system(keys):
        rows = db.execute(
            "SELECT r.external_id, r.version, v.body, coalesce(r.source_updated_at, r.fetched_at) FROM record r"
            " JOIN record_version v ON v.id=r.version_id"
            f" WHERE r.entity='supplier' AND r.system=? AND r.external_id IN ({marks(some)})",
            (system, *some),
        )
        for external_id, version, body, changed_at in rows:
            key = f"{system}:{external_id}"
            found[key] = Newest(key, version, from_json(body), changed_at)
    return found


def accounts(db: sqlite3.Connection, keys: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the active bank accounts of these suppliers as they may be kept: fingerprint and masked number."""
    found: dict[str, list[dict[str, Any]]] = {}
    for system, some in _by_system(keys):
        rows = db.execute(
            "SELECT record_key, fingerprint, masked FROM v_supplier_account"
            f" WHERE is_active AND external_id IN ({marks(some)}) AND system=? ORDER BY external_id, account_id",
            (*some, system),
        )
        for key, print_, masked in rows:
            found.setdefault(key, []).append({"fingerprint": print_, "masked": masked})
    return found


def of_keys(db: sqlite3.Connection, keys: Sequence[str]) -> dict[str, int]:
    """Return the golden record of each of these records that has one."""
    found: dict[str, int] = {}
    for system, some in _by_system(keys):
        rows = db.execute(
            f"SELECT external_id, golden_id FROM golden_member WHERE system=? AND external_id IN ({marks(some)})",
            (system, *some),
        )
        found.update((f"{system}:{external_id}", golden_id) for external_id, golden_id in rows)
    return found


def keys_of(db: sqlite3.Connection, ids: Iterable[int]) -> list[str]:
    """Return the records of these golden records."""
    found: list[str] = []
    for some in chunks(sorted(set(ids))):
        rows = db.execute(
            f"SELECT system || ':' || external_id FROM golden_member WHERE golden_id IN ({marks(some)})", some
        )
        found += [key for (key,) in rows]
    return sorted(found)


def members(db: sqlite3.Connection, golden_id: int) -> list[Member]:
    """Return the records of one golden record."""
    rows = db.execute(
        "SELECT system || ':' || external_id, why, legal_entities FROM golden_member WHERE golden_id=?"
        " ORDER BY system, external_id",
        (golden_id,),
    )
    return [Member(key, why, tuple(from_json(entities))) for key, why, entities in rows]


def former(db: sqlite3.Connection, keys: Sequence[str]) -> dict[str, dict[int, int]]:
    """Return, for each of these records, the golden records without a record of their own to which it belonged before, with when:
    a number that rises."""
    found: dict[str, dict[int, int]] = {}
    for system, some in _by_system(keys):
        rows = db.execute(
            "SELECT p.external_id, p.golden_id, max(p.id) FROM golden_past p"
            f" WHERE p.system=? AND p.external_id IN ({marks(some)})"
            " AND NOT EXISTS (SELECT 1 FROM golden_member m WHERE m.golden_id=p.golden_id) GROUP BY 1, 2",
            (system, *some),
        )
        for external_id, golden_id, last in rows:
            found.setdefault(f"{system}:{external_id}", {})[golden_id] = last
    return found


def get(db: sqlite3.Connection, golden_id: int, version: int | None = None) -> Golden | None:
    """Return a golden record as it is, or one version of it as it was."""
    row = db.execute(
        "SELECT g.id, v.version, v.fields, v.members, v.made_at, g.into_id FROM golden_supplier g"
        " JOIN golden_version v ON v.golden_id=g.id AND v.version=coalesce(?2, g.version) WHERE g.id=?1",
        (golden_id, version),
    ).fetchone()
    return None if row is None else _golden(row)


def history(db: sqlite3.Connection, golden_id: int) -> list[Golden]:
    """Return all versions of a golden record, oldest first."""
    rows = db.execute(
        "SELECT g.id, v.version, v.fields, v.members, v.made_at, g.into_id FROM golden_version v"
        " JOIN golden_supplier g ON g.id=v.golden_id WHERE v.golden_id=? ORDER BY v.version",
        (golden_id,),
    )
    return [_golden(row) for row in rows]


def new_ids(db: sqlite3.Connection, count: int, at: datetime) -> list[int]:
    """Make golden records that have no version yet; return their numbers."""
    (last,) = db.execute("SELECT coalesce(max(id), 0) FROM golden_supplier").fetchone()
    made = list(range(int(last) + 1, int(last) + 1 + count))
    insert(
        db,
        "INSERT INTO golden_supplier(id, version, name, number, status, kind, made_at, changed_at)",
        [(one, 0, "", "", "", "", text(at), text(at)) for one in made],
    )
    return made


def assign(
    db: sqlite3.Connection, belonging: Mapping[int, Sequence[Member]], before: Mapping[str, int], at: datetime
) -> None:
    """Let these records belong to golden records from now on; what they belonged to before is remembered."""
    moved = [
        one.key
        for golden_id, some in belonging.items()
        for one in some
        if before.get(one.key, golden_id) != golden_id
    ]
    insert(
        db,
        "INSERT INTO golden_past(system, external_id, golden_id, until)",
        [(*RecordKey.parse(key), before[key], text(at)) for key in moved],
    )
    insert(
        db,
        "INSERT INTO golden_member(system, external_id, golden_id, why, legal_entities)",
        [
            (*RecordKey.parse(one.key), golden_id, one.why, encode(list(one.legal_entities)).decode())
            for golden_id, some in belonging.items()
            for one in some
        ],
        "ON CONFLICT(system, external_id) DO UPDATE SET golden_id=excluded.golden_id, why=excluded.why,"
        " legal_entities=excluded.legal_entities",
    )


class Content(NamedTuple):
    """What a golden record is: its fields, and the keys of its records."""

    fields: Mapping[str, Mapping[str, Any]]
    members: Sequence[str]


def put(db: sqlite3.Connection, found: Mapping[int, Content], at: datetime) -> dict[int, int]:
    """Keep a new version of each that is not as it was; return the numbers of those versions."""
    before = _hashes(db, found)
    same: list[tuple[int]] = []
    versions: list[tuple[object, ...]] = []
    heads: list[tuple[object, ...]] = []
    numbers: dict[int, int] = {}
    for golden_id, (fields, belonging) in found.items():
        body, listed = encode(fields), encode(sorted(belonging))
        content_hash = sha256(body + b"\0" + listed).digest()[:HASH_BYTES]
        last, last_hash = before.get(golden_id, (0, None))
        if last_hash == content_hash:
            same.append((golden_id,))
            continue
        numbers[golden_id] = last + 1
        versions.append((golden_id, last + 1, body.decode(), listed.decode(), content_hash, text(at)))
        shown = [
            str(fields.get(name, {}).get("value") or "") for name in ("name", "number", "status", "kind")
        ]
        country = str(fields.get("country", {}).get("value") or "") or None
        heads.append((last + 1, *shown, country, text(at), golden_id))
    db.executemany("UPDATE golden_supplier SET into_id=NULL WHERE id=? AND into_id IS NOT NULL", same)
    insert(
        db, "INSERT INTO golden_version(golden_id, version, fields, members, content_hash, made_at)", versions
    )
    db.executemany(
        "UPDATE golden_supplier SET version=?, name=?, number=?, status=?, kind=?, country=?, into_id=NULL, changed_at=?"
        " WHERE id=?",
        heads,
    )
    return numbers


def _hashes(db: sqlite3.Connection, ids: Iterable[int]) -> dict[int, tuple[int, bytes]]:
    """Return version and content hash of the newest version of each."""
    found: dict[int, tuple[int, bytes]] = {}
    for some in chunks(sorted(ids)):
        rows = db.execute(
            "SELECT g.id, v.version, v.content_hash FROM golden_supplier g JOIN golden_version v ON v.golden_id=g.id"
            f" AND v.version=g.version WHERE g.id IN ({marks(some)})",
            some,
        )
        found.update((golden_id, (version, content_hash)) for golden_id, version, content_hash in rows)
    return found


def retire(db: sqlite3.Connection, golden_id: int, into_id: int | None, at: datetime) -> None:
    """A golden record whose records all went to others: it stays, with a last version that has none, and says where to."""
    last = get(db, golden_id)
    if last is not None and last.members:
        put(db, {golden_id: Content(last.fields, ())}, at)
    db.execute(
        "UPDATE golden_supplier SET into_id=?, changed_at=? WHERE id=?", (into_id, text(at), golden_id)
    )


def is_empty(db: sqlite3.Connection, golden_id: int) -> bool:
    """Say whether no record belongs to it any more."""
    row = db.execute("SELECT 1 FROM golden_member WHERE golden_id=? LIMIT 1", (golden_id,)).fetchone()
    return row is None


def _golden(row: sqlite3.Row) -> Golden:
    golden_id, version, fields, listed, made_at, into_id = row
    return Golden(golden_id, version, from_json(fields), tuple(from_json(listed)), instant(made_at), into_id)


def _by_system(keys: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield each system's ids, so many at a time that they fit one statement."""
    ids: dict[str, list[str]] = {}
    for key in keys:
        system, external_id = RecordKey.parse(key)
        ids.setdefault(system, []).append(external_id)
    for system in sorted(ids):
        for some in chunks(ids[system]):
            yield system, some
