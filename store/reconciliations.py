"""Runs of reconciliation: what was compared when, whether it was read whole, and what both sides add up to.

    running --> complete | failed (a page could not be read) | interrupted (the engine stopped)

Only a complete run says anything about breaks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from store.clock import text
from store.columns import fields

Mode = Literal["full", "window", "changes"]
"""All of both sides, some periods of them, or what has changed since the last run."""
Outcome = Literal["running", "complete", "failed", "interrupted"]

INTERRUPTED = "the engine stopped during this run; breaks are as the run before left them"

_COLUMNS = (
    "id, definition, source_system, target_system, entity, mode, window_from, window_to, asked_by, definition_digest,"
    " started_at, ended_at, outcome, source_rows, target_rows, compared, opened, persisting, closed, error"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """What is about to be compared."""

    definition: str
    source_system: str
    target_system: str
    entity: str
    mode: Mode = "full"
    window_from: str | None = None
    """The first period of a window, as rows carry it, e.g. 2026-01."""
    window_to: str | None = None
    asked_by: str = "engine"
    definition_digest: str = ""
    """Of the definition as it was: another one compares everything again."""


@dataclass(frozen=True, slots=True)
class Run:
    """One comparison of one definition between two systems."""

    id: int
    definition: str
    source_system: str
    target_system: str
    entity: str
    mode: Mode
    window_from: str | None
    window_to: str | None
    asked_by: str
    definition_digest: str
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome
    source_rows: int
    target_rows: int
    compared: int
    """Keys that were looked at."""
    opened: int
    persisting: int
    closed: int
    error: str | None


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """What both sides add up to for one legal entity, period and currency."""

    legal_entity: str
    period: str
    currency: str
    source_count: int
    source_minor: int
    target_count: int
    target_minor: int

    @property
    def difference_minor(self) -> int:
        return self.source_minor - self.target_minor

    @property
    def group(self) -> tuple[str, str, str]:
        return self.legal_entity, self.period, self.currency

    def less(self, other: ControlTotal) -> ControlTotal:
        """Return what is left without these documents, of the same group."""
        return ControlTotal(
            *self.group,
            self.source_count - other.source_count,
            self.source_minor - other.source_minor,
            self.target_count - other.target_count,
            self.target_minor - other.target_minor,
        )


def begin(db: sqlite3.Connection, run: NewRun, at: datetime) -> int:
    """Note that a comparison begins; return its number."""
    row = db.execute(
        "INSERT INTO reconcile_run(definition, source_system, target_system, entity, mode, window_from, window_to, asked_by,"
        " definition_digest, started_at, outcome) VALUES (?,?,?,?,?,?,?,?,?,?,'running') RETURNING id",
        (
            run.definition,
            run.source_system,
            run.target_system,
            run.entity,
            run.mode,
            run.window_from,
            run.window_to,
            run.asked_by,
            run.definition_digest,
            text(at),
        ),
    ).fetchone()
    return int(row[0])


def complete(
    db: sqlite3.Connection,
    run_id: int,
    at: datetime,
    *,
    source_rows: int,
    target_rows: int,
    compared: int,
    opened: int,
    persisting: int,
    closed: int,
    totals: Iterable[ControlTotal] = (),
) -> None:
    """Note that both sides were read whole and compared, and what they add up to."""
    db.execute(
        "UPDATE reconcile_run SET outcome='complete', ended_at=?, source_rows=?, target_rows=?, compared=?, opened=?,"
        " persisting=?, closed=? WHERE id=?",
        (text(at), source_rows, target_rows, compared, opened, persisting, closed, run_id),
    )
    db.executemany(
        "INSERT INTO control_total VALUES (?,?,?,?,?,?,?,?)",
        [
            (
                run_id,
                one.legal_entity,
                one.period,
                one.currency,
                one.source_count,
                one.source_minor,
                one.target_count,
                one.target_minor,
            )
            for one in totals
        ],
    )


def fail(db: sqlite3.Connection, run_id: int, at: datetime, error: str) -> None:
    """Note that a side could not be read whole: this run says nothing about breaks."""
    db.execute(
        "UPDATE reconcile_run SET outcome='failed', ended_at=?, error=? WHERE id=?", (text(at), error, run_id)
    )


def interrupt_running(db: sqlite3.Connection, at: datetime) -> int:
    """Mark what an engine left under way when it stopped; return how many runs."""
    cursor = db.execute(
        "UPDATE reconcile_run SET outcome='interrupted', ended_at=?, error=? WHERE outcome='running'",
        (text(at), INTERRUPTED),
    )
    return cursor.rowcount


def get(db: sqlite3.Connection, run_id: int) -> Run | None:
    """Return one run."""
    row = db.execute(f"SELECT {_COLUMNS} FROM reconcile_run WHERE id=?", (run_id,)).fetchone()
    return None if row is None else _run(row)


def last(
    db: sqlite3.Connection,
    definition: str,
    source_system: str,
    target_system: str,
    *,
    outcome: Outcome | None = None,
    mode: Mode | None = None,
) -> Run | None:
    """Return the newest run of a definition between two systems, of that outcome and mode where they are named."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM reconcile_run WHERE definition=? AND source_system=? AND target_system=?"
        " AND (? IS NULL OR outcome=?) AND (? IS NULL OR mode=?) ORDER BY id DESC LIMIT 1",
        (definition, source_system, target_system, outcome, outcome, mode, mode),
    ).fetchone()
    return None if row is None else _run(row)


def last_whole(
    db: sqlite3.Connection, definition: str, source_system: str, target_system: str, months: tuple[str, str]
) -> Run | None:
    """Return the newest complete run that has read all documents of these months: a full one, or a window around them."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM reconcile_run WHERE definition=? AND source_system=? AND target_system=?"
        " AND outcome='complete' AND (mode='full' OR (mode='window' AND window_from<=? AND window_to>=?))"
        " ORDER BY id DESC LIMIT 1",
        (definition, source_system, target_system, *months),
    ).fetchone()
    return None if row is None else _run(row)


def last_ended(db: sqlite3.Connection, definition: str, source_system: str, target_system: str) -> Run | None:
    """Return the newest run that is not under way, however it ended."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM reconcile_run WHERE definition=? AND source_system=? AND target_system=?"
        " AND outcome<>'running' ORDER BY id DESC LIMIT 1",
        (definition, source_system, target_system),
    ).fetchone()
    return None if row is None else _run(row)


def pairs(db: sqlite3.Connection, definition: str) -> list[tuple[str, str]]:
    """Return which systems, source and target, a definition was compared between, the newest first."""
    rows = db.execute(
        "SELECT source_system, target_system FROM reconcile_run WHERE definition=? GROUP BY source_system, target_system"
        " ORDER BY max(id) DESC",
        (definition,),
    )
    return [(source, target) for source, target in rows]


def last_pair(db: sqlite3.Connection, definition: str) -> tuple[str, str] | None:
    """Return which systems, source and target, the newest complete run of a definition compared."""
    row = db.execute(
        "SELECT source_system, target_system FROM reconcile_run WHERE definition=? AND outcome='complete'"
        " ORDER BY id DESC LIMIT 1",
        (definition,),
    ).fetchone()
    return None if row is None else (str(row[0]), str(row[1]))


def listed(db: sqlite3.Connection, *, definition: str | None = None, limit: int = 100) -> list[Run]:
    """Return runs, newest first."""
    where = "WHERE definition=?" if definition is not None else ""
    values = (definition,) if definition is not None else ()
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM reconcile_run {where} ORDER BY id DESC LIMIT ?", (*values, limit)
    )
    return [_run(row) for row in rows]


def totals(db: sqlite3.Connection, run_id: int) -> list[ControlTotal]:
    """Return what a run's sides added up to, in order of legal entity, period and currency."""
    rows = db.execute(
        "SELECT legal_entity, period, currency, source_count, source_minor, target_count, target_minor FROM control_total"
        " WHERE run_id=? ORDER BY legal_entity, period, currency",
        (run_id,),
    )
    return [ControlTotal(*row) for row in rows]


def _run(row: sqlite3.Row) -> Run:
    return Run(**fields(row, instants=("started_at", "ended_at")))
