"""Both sides of a reconciliation as they were read, and where they are not the same: in SQL, one walk over one index.

All rows of a definition lie in one index by key, so that what belongs together lies side by side: a key that has
anything but one row of each side with equal hashes is suspect, and only suspects are looked at field by field.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import chain, groupby
from operator import attrgetter
from typing import Literal, NamedTuple

from store.clock import text
from store.columns import chunks, marks, when
from store.reconciliations import ControlTotal

Role = Literal["source", "target"]
KEYS_AT_ONCE = 500

_ROW = (
    "key, row_hash, external_id, part, number, document_key, legal_entity, period, currency, amount_minor, changed_at,"
    " changed_by, fields, is_expected"
)

_OF_ROW = ", ".join(f"r.{name}" for name in _ROW.split(", "))
_INSERT = (
    f"INSERT INTO comparison_row(definition_id, side_id, seen, {_ROW}, is_double) VALUES ({marks(range(17))},"
    " EXISTS (SELECT 1 FROM comparison_row WHERE definition_id=?1 AND key=?4 AND side_id=?2))"
)


class NewRow(NamedTuple):
    """What is compared of one record, or of one part of it."""

    key: str
    row_hash: int
    external_id: str
    part: int
    number: str
    document_key: str | None
    legal_entity: str
    period: str
    currency: str
    amount_minor: int
    changed_at: str | None
    changed_by: str | None
    fields: str
    """JSON: the values in the order of the definition's fields."""
    is_expected: int = 1
    """0: the other side need not have it."""


class Row(NamedTuple):
    """One row as it is held."""

    id: int
    side_id: int
    key: str
    row_hash: int
    external_id: str
    part: int
    number: str
    document_key: str | None
    legal_entity: str
    period: str
    currency: str
    amount_minor: int
    changed_at: str | None
    changed_by: str | None
    fields: str
    is_expected: int


@dataclass(frozen=True, slots=True)
class Side:
    """One system's part in a definition."""

    id: int
    definition_id: int
    role: Role
    system: str
    position: str | None
    read_at: datetime | None
    full_at: datetime | None


def define(db: sqlite3.Connection, name: str, digest: str) -> tuple[int, bool]:
    """Return a definition's number, and whether it is another one than before: its rows are gone then, and read anew."""
    row = db.execute("SELECT id, digest FROM comparison_definition WHERE name=?", (name,)).fetchone()
    if row is None:
        cursor = db.execute("INSERT INTO comparison_definition(name, digest) VALUES (?,?)", (name, digest))
        return int(cursor.lastrowid or 0), True
    if row[1] == digest:
        return int(row[0]), False
    forget(db, int(row[0]))
    db.execute("UPDATE comparison_definition SET digest=? WHERE id=?", (digest, row[0]))
    return int(row[0]), True


def forget(db: sqlite3.Connection, definition_id: int) -> None:
    """Forget what was read for a definition; breaks stay."""
    sides = [
        row[0] for row in db.execute("SELECT id FROM comparison_side WHERE definition_id=?", (definition_id,))
    ]
    for table in ("comparison_read", "comparison_unreadable"):
        db.execute(f"DELETE FROM {table} WHERE side_id IN ({marks(sides)})", sides)
    for table in ("comparison_row", "comparison_dirty", "comparison_match", "comparison_candidate"):
        db.execute(f"DELETE FROM {table} WHERE definition_id=?", (definition_id,))
    db.execute(f"DELETE FROM comparison_total WHERE side_id IN ({marks(sides)})", sides)
    db.execute(
        "UPDATE comparison_side SET position=NULL, read_at=NULL, full_at=NULL WHERE definition_id=?",
        (definition_id,),
    )


def side(db: sqlite3.Connection, definition_id: int, role: Role, system: str) -> Side:
    """Return a side, made now if it is new."""
    db.execute(
        "INSERT OR IGNORE INTO comparison_side(definition_id, role, system) VALUES (?,?,?)",
        (definition_id, role, system),
    )
    row = db.execute(
        "SELECT id, definition_id, role, system, position, read_at, full_at FROM comparison_side"
        " WHERE definition_id=? AND role=? AND system=?",
        (definition_id, role, system),
    ).fetchone()
    number, of, its_role, its_system, position, read_at, full_at = row
    return Side(number, of, its_role, its_system, position, when(read_at), when(full_at))


def parted(db: sqlite3.Connection, definition_id: int, role: Role, systems: Sequence[str]) -> tuple[str, ...]:
    """Return the systems that were read as a side once and are not among these any more."""
    rows = db.execute(
        "SELECT system FROM comparison_side WHERE definition_id=? AND role=? AND read_at IS NOT NULL"
        f" AND system NOT IN ({marks(systems)}) ORDER BY system",
        (definition_id, role, *systems),
    )
    return tuple(system for (system,) in rows)


def put_records(
    db: sqlite3.Connection,
    of: Side,
    records: Mapping[str, Sequence[NewRow]],
    *,
    run_id: int,
    targets: Sequence[str],
) -> int:
    """Hold these records as they were read now; return how many rows are new, changed or gone.

    `records` are the rows of each by its external id: none for one that takes no part any more. Keys of what changed are
    noted as dirty for each of the `targets` that they are compared with.
    """
    held = _held(db, of.id, list(records))
    fresh: list[NewRow] = []
    stale: list[int] = []
    same: list[int] = []
    dirty: set[str] = set()
    totals = _Totals()
    for external_id, rows in records.items():
        known = held.pop(external_id, {})
        for row in rows:
            before = known.pop(row.part, None)
            if before is not None and before[1] == row:
                same.append(before[0])
                continue
            fresh.append(row)
            totals.add(row, 1)
            dirty.add(row.key)
            if before is not None:
                known[row.part] = before
        for row_id, gone in known.values():
            stale.append(row_id)
            totals.add(gone, -1)
            dirty.add(gone.key)
    for some in chunks(stale):
        db.execute(f"DELETE FROM comparison_row WHERE id IN ({marks(some)})", some)
    db.executemany(_INSERT, [(of.definition_id, of.id, run_id, *row) for row in fresh])
    for some in chunks(same):
        db.execute(f"UPDATE comparison_row SET seen=? WHERE id IN ({marks(some)})", (run_id, *some))
    _make_dirty(db, of.definition_id, targets, dirty)
    totals.write(db, of.id)
    return len(fresh) + len(stale)


def sweep(
    db: sqlite3.Connection,
    of: Side,
    *,
    run_id: int,
    targets: Sequence[str],
    periods: tuple[str, str] | None = None,
) -> int:
    """Drop what a read to the end did not see: it is gone from its system. `periods`: only what lies in them."""
    within = "" if periods is None else " AND period BETWEEN ? AND ?"
    values = (of.id, run_id, *(periods or ()))
    totals, dirty = _Totals(), set[str]()
    db.execute(
        "DELETE FROM comparison_read WHERE side_id=? AND external_id IN"
        f" (SELECT external_id FROM comparison_row WHERE side_id=? AND seen<>?{within})",
        (of.id, *values),
    )
    rows = db.execute(f"SELECT {_ROW} FROM comparison_row WHERE side_id=? AND seen<>?{within}", values)
    count = 0
    for row in map(NewRow._make, rows):
        totals.add(row, -1)
        dirty.add(row.key)
        count += 1
    if count:
        db.execute(f"DELETE FROM comparison_row WHERE side_id=? AND seen<>?{within}", values)
        _make_dirty(db, of.definition_id, targets, dirty)
        totals.write(db, of.id)
    return count


def unseen(db: sqlite3.Connection, of: Side, run_id: int, periods: tuple[str, str]) -> list[str]:
    """Return the records that lie in these periods and that this run has not seen."""
    rows = db.execute(
        "SELECT DISTINCT external_id FROM comparison_row WHERE side_id=? AND seen<>? AND period BETWEEN ? AND ? ORDER BY 1",
        (of.id, run_id, *periods),
    )
    return [external_id for (external_id,) in rows]


def beside(db: sqlite3.Connection, of: Side, run_id: int, periods: tuple[str, str]) -> list[str]:
    """Return the records that lie outside these periods, that this run has not seen, and whose twin lies within them."""
    rows = db.execute(
        "SELECT DISTINCT r.external_id FROM comparison_row o JOIN comparison_row r INDEXED BY comparison_row_key"
        " ON r.definition_id=o.definition_id AND r.key=o.key AND r.side_id=?"
        " WHERE o.definition_id=? AND o.side_id IN (SELECT id FROM comparison_side WHERE definition_id=? AND id<>?)"
        " AND o.period BETWEEN ? AND ? AND r.seen<>? AND r.period NOT BETWEEN ? AND ? ORDER BY 1",
        (of.id, of.definition_id, of.definition_id, of.id, *periods, run_id, *periods),
    )
    return [external_id for (external_id,) in rows]


def not_seen(db: sqlite3.Connection, of: Side, external_ids: Sequence[str], run_id: int) -> list[str]:
    """Return which of these records are held and were not seen by this run."""
    rows = db.execute(
        f"SELECT DISTINCT external_id FROM comparison_row WHERE side_id=? AND seen<>? AND external_id IN ({marks(external_ids)})"
        " ORDER BY 1",
        (of.id, run_id, *external_ids),
    )
    return [external_id for (external_id,) in rows]


def keep(db: sqlite3.Connection, of: Side, external_ids: Sequence[str], run_id: int) -> None:
    """Leave what is held of these records as it is: they were there, but could not be read."""
    db.execute(
        f"UPDATE comparison_row SET seen=? WHERE side_id=? AND external_id IN ({marks(external_ids)})",
        (run_id, of.id, *external_ids),
    )


def unchanged(db: sqlite3.Connection, of: Side, digests: Mapping[str, bytes]) -> set[str]:
    """Return the records whose rows were made of the very same: they stay as they are."""
    found: set[str] = set()
    for some in chunks(list(digests)):
        rows = db.execute(
            f"SELECT external_id, digest FROM comparison_read WHERE side_id=? AND external_id IN ({marks(some)})",
            (of.id, *some),
        )
        found.update(external_id for external_id, digest in rows if digests[external_id] == digest)
    return found


def note_made(db: sqlite3.Connection, of: Side, digests: Mapping[str, bytes | None]) -> None:
    """Keep what the rows of these records were made of; None: that is not known."""
    known = [(of.id, external_id, one) for external_id, one in digests.items() if one is not None]
    db.executemany(
        "INSERT INTO comparison_read(side_id, external_id, digest) VALUES (?,?,?)"
        " ON CONFLICT(side_id, external_id) DO UPDATE SET digest=excluded.digest",
        known,
    )
    for some in chunks([external_id for external_id, one in digests.items() if one is None]):
        db.execute(
            f"DELETE FROM comparison_read WHERE side_id=? AND external_id IN ({marks(some)})", (of.id, *some)
        )


def was_read(db: sqlite3.Connection, of: Side, position: str | None, *, is_full: bool, at: datetime) -> None:
    """Note that a side was read to the end."""
    db.execute(
        "UPDATE comparison_side SET position=coalesce(?, position), read_at=?, full_at=CASE WHEN ? THEN ? ELSE full_at END"
        " WHERE id=?",
        (position, text(at), is_full, text(at), of.id),
    )


def suspects(
    db: sqlite3.Connection, definition_id: int, sources: Sequence[int], targets: Sequence[int]
) -> Iterator[str]:
    """Yield the keys that do not have one row on each side with equal hashes, in order: one walk over one index.

    A key that both sides hold twice is suspect, too.
    """
    is_ours = f"definition_id={int(definition_id)} AND +{_is_in('side_id', (*sources, *targets))}"
    walk = f"SELECT key FROM comparison_row INDEXED BY comparison_row_key WHERE {is_ours} GROUP BY"
    if len(sources) > 1 or len(targets) > 1:
        is_pair = f"sum({_is_in('side_id', sources)})=1"
        yield from _keys(
            db, f"{walk} key HAVING count(*)<>2 OR min(row_hash)<>max(row_hash) OR NOT {is_pair}"
        )
        return
    # Two rows of equal key and hash are one of each side, or one of them is noted as a double.
    unequal = _keys(db, f"{walk} key, row_hash HAVING count(*)<>2")
    doubled = _keys(
        db,
        f"SELECT key FROM comparison_row INDEXED BY comparison_row_double WHERE {is_ours} AND is_double=1 ORDER BY key",
    )
    first = next(doubled, None)
    found = unequal if first is None else merge(unequal, chain((first,), doubled))
    for key, _ in groupby(found):
        yield key


def _keys(db: sqlite3.Connection, query: str) -> Iterator[str]:
    cursor = db.cursor()
    cursor.row_factory = None
    return chain.from_iterable(cursor.execute(query))


def rows_of(
    db: sqlite3.Connection, definition_id: int, side_ids: Sequence[int], keys: Iterable[str]
) -> Iterator[tuple[str, list[Row]]]:
    """Yield these keys with all their rows, a few hundred keys at a time; keys without rows come last."""
    waiting: list[str] = []
    for key in keys:
        waiting.append(key)
        if len(waiting) >= KEYS_AT_ONCE:
            yield from _rows_of(db, definition_id, side_ids, waiting)
            waiting = []
    if waiting:
        yield from _rows_of(db, definition_id, side_ids, waiting)


def clean(db: sqlite3.Connection, definition_id: int, target: str) -> None:
    """Note that everything that had changed is compared."""
    db.execute("DELETE FROM comparison_dirty WHERE definition_id=? AND target=?", (definition_id, target))


def matches(db: sqlite3.Connection, definition_id: int, target: str) -> list[tuple[str, str, str]]:
    """Return (source key, target key, rule) of what other rules than the key have paired."""
    rows = db.execute(
        "SELECT source_key, target_key, rule FROM comparison_match WHERE definition_id=? AND target=?"
        " ORDER BY source_key, target_key",
        (definition_id, target),
    )
    return [(source, target_key, rule) for source, target_key, rule in rows]


def set_matches(
    db: sqlite3.Connection, definition_id: int, target: str, found: Iterable[tuple[str, str, str]]
) -> None:
    """Keep what other rules than the key have paired, in place of what they had paired before."""
    db.execute("DELETE FROM comparison_match WHERE definition_id=? AND target=?", (definition_id, target))
    db.executemany(
        "INSERT OR IGNORE INTO comparison_match VALUES (?,?,?,?,?)",
        [(definition_id, target, source, target_key, rule) for source, target_key, rule in found],
    )


def clear_candidates(db: sqlite3.Connection, definition_id: int, target: str, *, all_of_them: bool) -> None:
    """Forget the candidates of a rule; `all_of_them`: the rows that no key pairs as well."""
    db.execute(
        "DELETE FROM comparison_candidate WHERE definition_id=? AND target=? AND (? OR value<>'')",
        (definition_id, target, all_of_them),
    )


def add_candidates(
    db: sqlite3.Connection, definition_id: int, target: str, found: Iterable[tuple[str, bool, str, int]]
) -> None:
    """Put (value, is target, key, row id) aside for a rule that pairs what is equal in value; '': for any rule."""
    db.executemany(
        "INSERT OR IGNORE INTO comparison_candidate VALUES (?,?,?,?,?,?)",
        ((definition_id, target, *one) for one in found),
    )


def drop_candidates(
    db: sqlite3.Connection, definition_id: int, target: str, rows: Iterable[tuple[bool, str, int]]
) -> None:
    """Take rows (is target, key, row id) out of those that no key pairs."""
    db.executemany(
        "DELETE FROM comparison_candidate WHERE definition_id=? AND target=? AND value='' AND is_target=? AND key=? AND row_id=?",
        ((definition_id, target, *one) for one in rows),
    )


def unpaired(db: sqlite3.Connection, definition_id: int, target: str) -> Iterator[tuple[bool, Row]]:
    """Yield the rows that no key pairs, and whether each is the target's; in order of side and key."""
    rows = db.execute(
        f"SELECT c.is_target, r.id, r.side_id, {_OF_ROW} FROM comparison_candidate c JOIN comparison_row r ON r.id=c.row_id"
        " WHERE c.definition_id=? AND c.target=? AND c.value='' ORDER BY c.is_target, c.key, c.row_id",
        (definition_id, target),
    )
    for is_target, *row in rows:
        yield bool(is_target), Row._make(row)


def candidates(
    db: sqlite3.Connection, definition_id: int, target: str
) -> Iterator[tuple[list[Row], list[Row]]]:
    """Yield the source's and the target's candidates of each value that both of them have."""
    rows = db.execute(
        f"SELECT c.value, c.is_target, r.id, r.side_id, {_OF_ROW} FROM comparison_candidate c"
        " JOIN comparison_row r ON r.id=c.row_id WHERE c.definition_id=? AND c.target=? AND c.value IN ("
        " SELECT value FROM comparison_candidate WHERE definition_id=? AND target=? AND value<>''"
        " GROUP BY value HAVING min(is_target)<>max(is_target)) ORDER BY c.value, c.is_target, c.key, c.row_id",
        (definition_id, target, definition_id, target),
    )
    for _, some in groupby(rows, key=lambda row: row[0]):
        sides: tuple[list[Row], list[Row]] = ([], [])
        for _, is_target, *row in some:
            sides[is_target].append(Row._make(row))
        yield sides


def changed_keys(db: sqlite3.Connection, definition_id: int, target: str) -> Iterator[str]:
    """Yield, in order, the keys to compare after changes: changed ones, and all that is not paired by its key."""
    rows = db.execute(
        "SELECT key FROM comparison_dirty WHERE definition_id=:d AND target=:t"
        " UNION SELECT key FROM comparison_candidate WHERE definition_id=:d AND target=:t AND value=''"
        " UNION SELECT source_key FROM comparison_match WHERE definition_id=:d AND target=:t"
        " UNION SELECT target_key FROM comparison_match WHERE definition_id=:d AND target=:t ORDER BY 1",
        {"d": definition_id, "t": target},
    )
    for (key,) in rows:
        yield key


def totals(db: sqlite3.Connection, sources: Sequence[int], targets: Sequence[int]) -> list[ControlTotal]:
    """Return what both sides add up to, by legal entity, period and currency."""
    is_source = _is_in("side_id", sources)
    rows = db.execute(
        "SELECT legal_entity, period, currency,"
        f" sum(iif({is_source}, row_count, 0)), sum(iif({is_source}, amount_minor, 0)),"
        f" sum(iif({is_source}, 0, row_count)), sum(iif({is_source}, 0, amount_minor))"
        f" FROM comparison_total WHERE {_is_in('side_id', (*sources, *targets))}"
        " GROUP BY legal_entity, period, currency HAVING sum(row_count)<>0 ORDER BY legal_entity, period, currency"
    )
    return [ControlTotal(*row) for row in rows]


def outside(db: sqlite3.Connection, definition_id: int, target: str) -> list[ControlTotal]:
    """Return what those add up to that nothing pairs and that need not be paired. After rules have paired what they could."""
    rows = db.execute(
        "SELECT r.legal_entity, r.period, r.currency, sum(NOT c.is_target), sum(iif(c.is_target, 0, r.amount_minor)),"
        " sum(c.is_target), sum(iif(c.is_target, r.amount_minor, 0))"
        " FROM comparison_candidate c JOIN comparison_row r ON r.id=c.row_id"
        " WHERE c.definition_id=? AND c.target=? AND c.value='' AND r.is_expected=0 GROUP BY r.legal_entity, r.period, r.currency",
        (definition_id, target),
    )
    return [ControlTotal(*row) for row in rows]


def counted_apart(
    db: sqlite3.Connection, sources: Sequence[Side], targets: Sequence[Side], limit: int
) -> dict[tuple[str, str, str], list[str]]:
    """Return, by legal entity, period and currency, the numbers of documents that one side counts there and the other, by the
    same key, elsewhere: so many of both sides' at most. One pass over all rows."""
    source_ids = [one.id for one in sources]
    every = [*source_ids, *(one.id for one in targets)]
    rows = db.execute(
        "SELECT r.legal_entity, r.period, r.currency, r.number FROM comparison_row r"
        " JOIN comparison_row o INDEXED BY comparison_row_key ON o.definition_id=r.definition_id AND o.key=r.key"
        f" WHERE r.definition_id=? AND {_is_in('r.side_id', every)} AND +{_is_in('o.side_id', every)}"
        f" AND ({_is_in('o.side_id', source_ids)})<>({_is_in('r.side_id', source_ids)})"
        " AND (o.legal_entity, o.period, o.currency)<>(r.legal_entity, r.period, r.currency) LIMIT ?",
        (sources[0].definition_id, limit),
    )
    found: dict[tuple[str, str, str], list[str]] = {}
    for legal_entity, period, currency, number in rows:
        found.setdefault((legal_entity, period, currency), []).append(number)
    return found


def keys_of(
    db: sqlite3.Connection, side_ids: Sequence[int], external_ids: Sequence[str]
) -> dict[str, set[str]]:
    """Return the keys of the rows that these records have on these sides, of those that are held there."""
    found: dict[str, set[str]] = {}
    for some in chunks(external_ids):
        rows = db.execute(
            "SELECT external_id, key FROM comparison_row"
            f" WHERE side_id IN ({marks(side_ids)}) AND external_id IN ({marks(some)})",
            (*side_ids, *some),
        )
        for external_id, key in rows:
            found.setdefault(external_id, set()).add(key)
    return found


def count(db: sqlite3.Connection, side_ids: Sequence[int]) -> int:
    """Return how many rows these sides hold."""
    row = db.execute(
        f"SELECT coalesce(sum(row_count), 0) FROM comparison_total WHERE {_is_in('side_id', side_ids)}"
    ).fetchone()
    return int(row[0])


def _is_in(column: str, ids: Sequence[int]) -> str:
    """Return a condition; for one id the planner can seek and the comparison is cheapest."""
    if len(ids) == 1:
        return f"{column}={int(ids[0])}"
    return f"{column} IN ({','.join(str(int(one)) for one in ids)})"


def _rows_of(
    db: sqlite3.Connection, definition_id: int, side_ids: Sequence[int], keys: Sequence[str]
) -> Iterator[tuple[str, list[Row]]]:
    cursor = db.cursor()
    cursor.row_factory = None
    found = cursor.execute(
        f"SELECT id, side_id, {_ROW} FROM comparison_row INDEXED BY comparison_row_key WHERE definition_id=?"
        f" AND key IN ({marks(keys)}) AND +{_is_in('side_id', side_ids)}",
        (definition_id, *keys),
    )
    of_key: dict[str, list[Row]] = {key: [] for key in keys}
    for row in map(Row._make, found):
        of_key[row.key].append(row)
    empty = []
    for key, rows in of_key.items():
        if len(rows) > 1:
            rows.sort(key=_PLACE)
        if rows:
            yield key, rows
        else:
            empty.append(key)
    for key in empty:
        yield key, []


_PLACE = attrgetter("side_id", "external_id", "part")


def _held(
    db: sqlite3.Connection, side_id: int, external_ids: Sequence[str]
) -> dict[str, dict[int, tuple[int, NewRow]]]:
    found: dict[str, dict[int, tuple[int, NewRow]]] = {}
    for some in chunks(external_ids):
        rows = db.execute(
            f"SELECT id, {_ROW} FROM comparison_row WHERE side_id=? AND external_id IN ({marks(some)})",
            (side_id, *some),
        )
        for row_id, *rest in rows:
            row = NewRow._make(rest)
            found.setdefault(row.external_id, {})[row.part] = (row_id, row)
    return found


def _make_dirty(
    db: sqlite3.Connection, definition_id: int, targets: Sequence[str], keys: Iterable[str]
) -> None:
    db.executemany(
        "INSERT OR IGNORE INTO comparison_dirty VALUES (?,?,?)",
        ((definition_id, target, key) for key in keys for target in targets),
    )


class _Totals:
    """What a page adds to and takes from the control totals."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str, str], list[int]] = {}

    def add(self, row: NewRow, sign: int) -> None:
        found = self._sums.setdefault((row.legal_entity, row.period, row.currency), [0, 0])
        found[0] += sign
        found[1] += sign * row.amount_minor

    def write(self, db: sqlite3.Connection, side_id: int) -> None:
        db.executemany(
            "INSERT INTO comparison_total VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET"
            " row_count=row_count+excluded.row_count, amount_minor=amount_minor+excluded.amount_minor",
            [(side_id, *group, *sums) for group, sums in self._sums.items() if any(sums)],
        )
