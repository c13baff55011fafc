"""What a system's own screens show of us: our runs there, and the exceptions of its documents that were told to it.

    untold --> told --> resolving --> done      an exception
    starting --> telling --> finishing --> finished --> ended | failed      a run; one at a time for each integration

A run that failed when it was to be ended stays open in that system: it is *left open* here until it was ended there after all.

Which exceptions are over is noted by a trigger when they end, so that nobody has to look through those that go on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from store import meta
from store.clock import text
from store.columns import as_json, from_json

RunState = Literal["starting", "telling", "finishing", "finished", "ended", "failed"]
ErrorState = Literal["untold", "told", "resolving", "done"]

READS_LOOKED_AT_MAX = 1000
"""After so many reads without news the mark moves all the same, so that none are looked at again and again."""

_RUN = "id, system, code, state, read_count, stored_count, is_read_failed, entry_id, external_id"


@dataclass(frozen=True, slots=True)
class Run:
    """One of our runs as a system shows it."""

    id: int
    system: str
    code: str
    """Of the integration, as it is set up in that system."""
    state: RunState
    read_count: int
    """Rows that were new or changed, those that could not be taken in among them."""
    stored_count: int
    is_read_failed: bool
    entry_id: int | None
    """The delivery that begins or ends it."""
    external_id: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """One exception on its way to a system's screens."""

    case_id: int
    code: str
    run_id: int | None
    entry_id: int | None
    resolve_entry_id: int | None


@dataclass(frozen=True, slots=True)
class News:
    """What there is to tell of one integration."""

    code: str
    read_count: int = 0
    stored_count: int = 0
    is_read_failed: bool = False
    error_count: int = 0


def prepare(db: sqlite3.Connection, system: str, codes: Mapping[str, str]) -> None:
    """Note the names under which a system shows us. New names: all live exceptions are told, and reads from now on."""
    if meta.get(db, _name(system, codes)) is None:
        _set_mark(db, system, codes, (0, _heads(db)[1]))


def is_quiet(db: sqlite3.Connection, system: str, codes: Mapping[str, str], now: datetime) -> bool:
    """Say whether there is nothing to begin, to go on with or to resolve. Costs the same however much was ever told."""
    seen, heads = _mark(db, system, codes), _heads(db)
    if seen[0] != heads[0] or heads[1] - seen[1] > READS_LOOKED_AT_MAX:
        return False
    something = (
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM integration_run WHERE system=:system AND state NOT IN ('ended','failed'))"
        f" OR EXISTS (SELECT 1 FROM integration_error WHERE system=:system AND {_SAYABLE})"
        f" OR EXISTS (SELECT 1 FROM integration_run r WHERE system=:system AND {_TO_END})"
        " OR EXISTS (SELECT 1 FROM sync_run WHERE id > :seen AND system=:system"
        " AND (rows_changed + rows_refused > 0 OR outcome='failed'))"
    )
    values = {"system": system, "seen": seen[1], "now": text(now)}
    return db.execute(something, values).fetchone() is None


def take_news(db: sqlite3.Connection, system: str, codes: Mapping[str, str]) -> list[News]:
    """Return what was read and what went wrong since the last call, by integration; `codes` are those of the entities.

    An exception belongs to the system whose document it is about, and only a document that has a number there can be told.
    When the integrations are named anew, all that are live are looked at again.
    """
    seen, heads = _mark(db, system, codes), _heads(db)
    db.executemany(
        "INSERT OR IGNORE INTO integration_error(case_id, system, code, state) SELECT id, ?1, ?2, 'untold'"
        " FROM exception_case WHERE id > ?3 AND entity=?4 AND ended_at IS NULL"
        " AND substr(document_key, 1, length(?1) + 1) = ?1 || ':' AND length(document_key) > length(?1) + 1"
        " AND substr(document_key, length(?1) + 2) NOT GLOB '*[^0-9]*'",
        [(system, code, seen[0], entity) for entity, code in sorted(codes.items())],
    )
    read = db.execute(
        "SELECT entity, sum(rows_changed + rows_refused), sum(rows_changed), max(outcome='failed') FROM sync_run"
        " WHERE id > ? AND system=? GROUP BY entity HAVING sum(rows_changed + rows_refused) > 0 OR max(outcome='failed')",
        (seen[1], system),
    )
    found = {code: News(code) for code in sorted(set(codes.values()))}
    for entity, count, stored, is_failed in read:
        if entity in codes:
            one = found[codes[entity]]
            found[one.code] = News(
                one.code,
                one.read_count + count,
                one.stored_count + stored,
                one.is_read_failed or bool(is_failed),
            )
    untold = db.execute(
        "SELECT code, count(*) FROM integration_error WHERE system=? AND state='untold' AND is_over=0 GROUP BY code",
        (system,),
    )
    for code, count in untold:
        one = found.get(code, News(code))
        found[code] = News(one.code, one.read_count, one.stored_count, one.is_read_failed, count)
    _set_mark(db, system, codes, heads)
    return [one for one in found.values() if one.read_count or one.is_read_failed or one.error_count]


def begin(db: sqlite3.Connection, system: str, news: News, at: datetime) -> Run:
    """Begin a run; it takes all exceptions of its integration that were not told yet."""
    row = db.execute(
        "INSERT INTO integration_run(system, code, state, read_count, stored_count, is_read_failed, begun_at)"
        f" VALUES (?,?,'starting',?,?,?,?) RETURNING {_RUN}",
        (system, news.code, news.read_count, news.stored_count, int(news.is_read_failed), text(at)),
    ).fetchone()
    run = _run(row)
    db.execute(
        "UPDATE integration_error SET run_id=? WHERE system=? AND code=? AND state='untold' AND is_over=0",
        (run.id, system, news.code),
    )
    return run


def move(
    db: sqlite3.Connection,
    run: Run,
    state: RunState,
    at: datetime,
    *,
    entry_id: int | None = None,
    external_id: str | None = None,
) -> None:
    """Note where a run is; one that failed leaves what it has not told to the next."""
    db.execute(
        "UPDATE integration_run SET state=?1, entry_id=coalesce(?2, entry_id), external_id=coalesce(?3, external_id),"
        " ended_at=CASE WHEN ?1 IN ('ended','failed') THEN ?4 END WHERE id=?5",
        (state, entry_id, external_id, text(at), run.id),
    )
    if state == "failed":
        db.execute("UPDATE integration_error SET run_id=NULL WHERE run_id=? AND state='untold'", (run.id,))


_LEFT_OPEN = "state='failed' AND external_id IS NOT NULL"
_TO_END = (
    f"{_LEFT_OPEN} AND (close_again_at<=:now OR EXISTS (SELECT 1 FROM outbox_entry e JOIN delivery d ON d.entry_id=e.id"
    " WHERE e.entity='integration_run' AND e.document_key=r.system || ':run-' || r.id AND e.operation='run.finish'"
    " AND d.state IN ('delivered','verified')))"
)


def leave_open(
    db: sqlite3.Connection,
    run: Run,
    at: datetime,
    *,
    again_at: datetime | None = None,
    entry_id: int | None = None,
) -> None:
    """Note that a run stays open in its system: until `again_at`, when it is to be ended once more; None: until somebody acts."""
    move(db, run, "failed", at, entry_id=entry_id)
    when = text(again_at) if again_at is not None else None
    db.execute("UPDATE integration_run SET close_again_at=? WHERE id=?", (when, run.id))


def to_end(db: sqlite3.Connection, system: str, now: datetime) -> list[Run]:
    """Return the runs left open that are to be ended once more now, or that were ended after all."""
    rows = db.execute(
        f"SELECT {_RUN} FROM integration_run r WHERE system=:system AND {_TO_END} ORDER BY id",
        {"system": system, "now": text(now)},
    )
    return [_run(row) for row in rows]


def left_open(db: sqlite3.Connection, system: str, code: str) -> list[Run]:
    """Return the runs of an integration that its system still shows as open, though they are over."""
    rows = db.execute(
        f"SELECT {_RUN} FROM integration_run WHERE system=? AND code=? AND {_LEFT_OPEN} ORDER BY id",
        (system, code),
    )
    return [_run(row) for row in rows]


def open_runs(db: sqlite3.Connection, system: str) -> list[Run]:
    """Return the runs that have not ended, oldest first."""
    rows = db.execute(
        f"SELECT {_RUN} FROM integration_run WHERE system=? AND state NOT IN ('ended','failed') ORDER BY id",
        (system,),
    )
    return [_run(row) for row in rows]


def untold(db: sqlite3.Connection, run: Run, limit: int) -> list[Told]:
    """Return what is still to be told in a run and has not ended meanwhile."""
    return _errors(db, "run_id=? AND state='untold' AND is_over=0 ORDER BY case_id LIMIT ?", (run.id, limit))


def told_in(db: sqlite3.Connection, run: Run) -> list[Told]:
    """Return what was told in a run, oldest first."""
    return _errors(db, "run_id=? AND entry_id IS NOT NULL ORDER BY case_id", (run.id,))


def over(db: sqlite3.Connection, system: str, state: ErrorState, limit: int) -> list[Told]:
    """Return exceptions that have ended, are in this state and were shown, oldest first."""
    where = f"system=? AND state=? AND {_SAYABLE} ORDER BY case_id LIMIT ?"
    return _errors(db, where, (system, state, limit))


_SAYABLE = (
    "is_over=1 AND state IN ('told','resolving')"
    " AND EXISTS (SELECT 1 FROM delivery d WHERE d.entry_id=integration_error.entry_id AND d.state IN ('delivered','verified'))"
)
"""What was never shown need not be said to be over, until a person has it shown after all."""


def note_told(db: sqlite3.Connection, entries: Iterable[tuple[int, int]]) -> None:
    """Note which outbox entry tells which exception: (entry, exception)."""
    db.executemany("UPDATE integration_error SET state='told', entry_id=? WHERE case_id=?", entries)


def note_resolving(db: sqlite3.Connection, entries: Iterable[tuple[int, int]]) -> None:
    """Note which outbox entry says that an exception is over: (entry, exception)."""
    db.executemany(
        "UPDATE integration_error SET state='resolving', resolve_entry_id=? WHERE case_id=?", entries
    )


def note_done(db: sqlite3.Connection, case_ids: Sequence[int]) -> None:
    """Note that nothing more is to be said of these."""
    db.executemany(
        "UPDATE integration_error SET state='done' WHERE case_id=?", [(case_id,) for case_id in case_ids]
    )


def _heads(db: sqlite3.Connection) -> tuple[int, int]:
    return (
        db.execute("SELECT coalesce(max(id), 0) FROM exception_case").fetchone()[0],
        db.execute("SELECT coalesce(max(id), 0) FROM sync_run").fetchone()[0],
    )


def _mark(db: sqlite3.Connection, system: str, codes: Mapping[str, str]) -> tuple[int, int]:
    """Return the last exception and the last read that were looked at under these names."""
    value = meta.get(db, _name(system, codes))
    if value is None:
        return 0, 0
    found = from_json(value)
    return found["case"], found["read"]


def _set_mark(db: sqlite3.Connection, system: str, codes: Mapping[str, str], mark: tuple[int, int]) -> None:
    meta.set(db, _name(system, codes), str(as_json({"case": mark[0], "read": mark[1]})))


def _name(system: str, codes: Mapping[str, str]) -> str:
    return f"told.{system}.{as_json(dict(sorted(codes.items())))}"


def _errors(db: sqlite3.Connection, where: str, values: tuple[Any, ...]) -> list[Told]:
    rows = db.execute(
        f"SELECT case_id, code, run_id, entry_id, resolve_entry_id FROM integration_error WHERE {where}",
        values,
    )
    return [Told(*row) for row in rows]


def _run(row: sqlite3.Row) -> Run:
    run_id, system, code, state, read_count, stored_count, is_read_failed, entry_id, external_id = row
    return Run(
        run_id, system, code, state, read_count, stored_count, bool(is_read_failed), entry_id, external_id
    )
