"""Flow instances, their steps and waits.

    running  --> waiting (for a timer, a delivery, another system) --> running
    running  --> held (an analyst must act)                        --> running
    running, waiting, held --> done | aborted | superseded         (ended)

There is one instance for each flow, document and version of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from store.clock import text
from store.columns import as_json, at, fields, marks, when

State = Literal["running", "waiting", "held", "done", "aborted", "superseded"]
StepState = Literal["done", "waiting", "held", "skipped", "compensated"]

_COLUMNS = (
    "id, flow, kind, entity, document_key, document_number, document_version, document_revision, state, step,"
    " waiting_for, wake_at, due_at, target, legal_entity, amount_minor, currency, generation, data, started_at,"
    " changed_at, ended_at"
)


@dataclass(frozen=True, slots=True)
class Workflow:
    """One run of a flow for one version of one document."""

    id: int
    flow: str
    kind: str
    entity: str
    document_key: str
    document_number: str
    document_version: int
    document_revision: str
    state: State
    step: str
    waiting_for: str | None
    wake_at: datetime | None
    due_at: datetime | None
    target: str | None
    legal_entity: str | None
    amount_minor: int | None
    currency: str | None
    generation: int
    data: dict[str, Any]
    started_at: datetime
    changed_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """One decision or wait."""

    id: int
    workflow_id: int
    name: str
    state: StepState
    started_at: datetime
    ended_at: datetime | None
    detail: dict[str, Any]
    due_at: datetime | None = None
    """Until when it had to be over; None: nothing was promised."""


def last_step(db: sqlite3.Connection) -> int:
    """Return the id of the newest step of any instance; 0: there is none."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM workflow_step").fetchone()[0])


def start(
    db: sqlite3.Connection,
    *,
    flow: str,
    kind: str,
    entity: str,
    document_key: str,
    document_number: str,
    document_version: int,
    document_revision: str,
    step: str,
    now: datetime,
    state: State = "running",
    waiting_for: str | None = None,
    wake_at: datetime | None = None,
    due_at: datetime | None = None,
    target: str | None = None,
    legal_entity: str | None = None,
    amount_minor: int | None = None,
    currency: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> int | None:
    """Begin an instance; None when there is one already for this flow, document and version."""
    row = db.execute(
        "INSERT INTO workflow(flow, kind, entity, document_key, document_number, document_version, document_revision,"
        " state, step, waiting_for, wake_at, due_at, target, legal_entity, amount_minor, currency, data, started_at,"
        " changed_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT(flow, document_key, document_version) DO NOTHING RETURNING id",
        (
            flow,
            kind,
            entity,
            document_key,
            document_number,
            document_version,
            document_revision,
            state,
            step,
            waiting_for,
            at(wake_at),
            at(due_at),
            target,
            legal_entity,
            amount_minor,
            currency,
            as_json(data or {}),
            text(now),
            text(now),
        ),
    ).fetchone()
    return None if row is None else int(row[0])


def waiting_on(db: sqlite3.Connection, flow: str, what: str) -> list[str]:
    """Return the documents whose instances of a flow wait for exactly this."""
    rows = db.execute(
        "SELECT DISTINCT document_key FROM workflow WHERE state='waiting' AND flow=? AND waiting_for=? ORDER BY document_key",
        (flow, what),
    )
    return [key for (key,) in rows]


def save(
    db: sqlite3.Connection,
    workflow_id: int,
    *,
    state: State,
    step: str,
    data: Mapping[str, Any],
    now: datetime,
    waiting_for: str | None = None,
    wake_at: datetime | None = None,
    due_at: datetime | None = None,
    ended: bool = False,
    generation: int | None = None,
    target: str | None = None,
    legal_entity: str | None = None,
    amount_minor: int | None = None,
    currency: str | None = None,
) -> None:
    """Note where an instance stands. Of the last five, None leaves what is there."""
    db.execute(
        "UPDATE workflow SET state=?, step=?, data=?, waiting_for=?, wake_at=?, due_at=?, changed_at=?, ended_at=?,"
        " generation=coalesce(?, generation), target=coalesce(?, target), legal_entity=coalesce(?, legal_entity),"
        " amount_minor=coalesce(?, amount_minor), currency=coalesce(?, currency) WHERE id=?",
        (
            state,
            step,
            as_json(data),
            waiting_for,
            at(wake_at),
            at(due_at),
            text(now),
            text(now) if ended else None,
            generation,
            target,
            legal_entity,
            amount_minor,
            currency,
            workflow_id,
        ),
    )


def log_step(
    db: sqlite3.Connection,
    workflow_id: int,
    name: str,
    state: StepState,
    started_at: datetime,
    ended_at: datetime | None,
    detail: Mapping[str, Any] | None = None,
    due_at: datetime | None = None,
) -> int:
    """Note a step: what it decided, by which rule and version. `due_at`: until when it had to be over."""
    cursor = db.execute(
        "INSERT INTO workflow_step(workflow_id, name, state, started_at, ended_at, detail, due_at) VALUES (?,?,?,?,?,?,?)",
        (workflow_id, name, state, text(started_at), at(ended_at), as_json(detail or {}), at(due_at)),
    )
    return int(cursor.lastrowid or 0)


def is_any_runnable(db: sqlite3.Connection, now: datetime) -> bool:
    """Say whether any instance can go on."""
    row = db.execute(
        "SELECT EXISTS(SELECT 1 FROM workflow WHERE ended_at IS NULL AND state='running')"
        " OR EXISTS(SELECT 1 FROM workflow WHERE ended_at IS NULL AND state='waiting' AND wake_at<=?)",
        (text(now),),
    ).fetchone()
    return bool(row[0])


def runnable(db: sqlite3.Connection, now: datetime, limit: int) -> list[Workflow]:
    """Return instances that can go on: those running, then those whose timer has rung, longest waiting first."""
    found = _select(db, "ended_at IS NULL AND state='running' ORDER BY wake_at, id LIMIT ?", limit)
    if len(found) < limit:
        found += _select(
            db,
            "ended_at IS NULL AND state='waiting' AND wake_at<=? ORDER BY wake_at, id LIMIT ?",
            text(now),
            limit - len(found),
        )
    return found


def next_wake(db: sqlite3.Connection) -> datetime | None:
    """Return when the next timer rings."""
    row = db.execute(
        "SELECT min(wake_at) FROM workflow WHERE ended_at IS NULL AND state='waiting' AND wake_at IS NOT NULL"
    ).fetchone()
    return when(row[0])


def has_live(db: sqlite3.Connection) -> bool:
    """Say whether any instance has not ended and waits for no analyst."""
    row = db.execute(
        "SELECT 1 FROM workflow WHERE ended_at IS NULL AND state IN ('running', 'waiting') LIMIT 1"
    ).fetchone()
    return row is not None


def wake(db: sqlite3.Connection, workflow_ids: Iterable[int], now: datetime) -> int:
    """Let waiting and held instances go on; return how many did."""
    cursor = db.executemany(
        "UPDATE workflow SET state='running', waiting_for=NULL, wake_at=NULL, changed_at=?"
        " WHERE id=? AND ended_at IS NULL AND state IN ('waiting', 'held')",
        [(text(now), workflow_id) for workflow_id in workflow_ids],
    )
    return max(cursor.rowcount, 0)


def waiting_at(
    db: sqlite3.Connection, step: str, now: datetime, limit: int, after: int = 0
) -> list[Workflow]:
    """Return instances that wait at a step, those with a timer only once it has rung, by id from after `after`."""
    return _select(
        db,
        "ended_at IS NULL AND step=? AND id>? AND state='waiting' AND (wake_at IS NULL OR wake_at<=?)"
        " ORDER BY id LIMIT ?",
        step,
        after,
        text(now),
        limit,
    )


def held(db: sqlite3.Connection, flow: str, limit: int, after: int = 0) -> list[Workflow]:
    """Return the instances of a flow that wait for a person, by id from after `after`."""
    return _select(
        db,
        "ended_at IS NULL AND state='held' AND flow=? AND id>? ORDER BY id LIMIT ?",
        flow,
        after,
        limit,
    )


def get(db: sqlite3.Connection, workflow_id: int) -> Workflow | None:
    """Return one instance."""
    return next(iter(_select(db, "id=?", workflow_id)), None)


def get_many(db: sqlite3.Connection, workflow_ids: Sequence[int]) -> dict[int, Workflow]:
    """Return several instances by id; at most a few hundred at a time."""
    return {one.id: one for one in _select(db, f"id IN ({marks(workflow_ids)})", *workflow_ids)}


def flow_of(db: sqlite3.Connection, workflow_id: int) -> str | None:
    """Return of which flow an instance is, and nothing more of it."""
    row = db.execute("SELECT flow FROM workflow WHERE id=?", (workflow_id,)).fetchone()
    return None if row is None else str(row[0])


def of_document(db: sqlite3.Connection, document_key: str, entity: str | None = None) -> list[Workflow]:
    """Return all instances for a document, oldest first. A system may number its orders and its invoices alike: only
    with `entity` is a key one document."""
    if entity is None:
        return _select(db, "document_key=? ORDER BY id", document_key)
    return _select(db, "document_key=? AND entity=? ORDER BY id", document_key, entity)


def newest(
    db: sqlite3.Connection, document_keys: Sequence[str], flow: str | None = None
) -> dict[str, Workflow]:
    """Return the newest instance of each of these documents, of any flow or one; at most a few hundred at a time."""
    where = (
        f"document_key IN ({marks(document_keys)})" + ("" if flow is None else " AND flow=?") + " ORDER BY id"
    )
    found = _select(db, where, *document_keys, *(() if flow is None else (flow,)))
    return {one.document_key: one for one in found}


def taken_up(db: sqlite3.Connection, flow: str, entity: str, limit: int) -> Iterator[list[str]]:
    """Yield the keys of all documents that a flow has an instance of, some at a time, in order."""
    last = ""
    while True:
        rows = db.execute(
            "SELECT DISTINCT document_key FROM workflow WHERE flow=? AND entity=? AND document_key>?"
            " ORDER BY document_key LIMIT ?",
            (flow, entity, last, limit),
        ).fetchall()
        if not rows:
            return
        found = [key for (key,) in rows]
        yield found
        last = found[-1]


def steps(db: sqlite3.Connection, workflow_id: int) -> list[Step]:
    """Return what an instance did, in order."""
    rows = db.execute(
        "SELECT id, workflow_id, name, state, started_at, ended_at, detail, due_at FROM workflow_step WHERE workflow_id=? ORDER BY id",
        (workflow_id,),
    )
    return [
        Step(**fields(row, instants=("started_at", "ended_at", "due_at"), objects=("detail",)))
        for row in rows
    ]


def _select(db: sqlite3.Connection, where: str, *values: object) -> list[Workflow]:
    rows = db.execute(f"SELECT {_COLUMNS} FROM workflow WHERE {where}", values)
    return [_workflow(row) for row in rows]


def _workflow(row: sqlite3.Row) -> Workflow:
    return Workflow(
        **fields(
            row, instants=("wake_at", "due_at", "started_at", "changed_at", "ended_at"), objects=("data",)
        )
    )
