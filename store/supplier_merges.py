"""Doubles of suppliers that were merged into one: what was planned, what was done of it, and whether it was undone.

proposed --> merging --> merged --> parting --> parted
   |            |           (un-merged)
   +-> rejected +-> given_up (its process was aborted, and undone)
   +-> withdrawn
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from store.clock import text
from store.columns import at, encode, fields, from_json

State = Literal["proposed", "merging", "merged", "parting", "parted", "rejected", "withdrawn", "given_up"]
ENTITY: Final = "supplier_merge"
LIVE: Final = ("proposed", "merging", "merged", "parting")
_COLUMNS = (
    "id, keep_key, double_key, state, plan, applied, reason, made_by, made_at, proposal_id, workflow_id, parting_reason,"
    " parted_by, parting_workflow_id, changed_at"
)


@dataclass(frozen=True, slots=True)
class Merge:
    """One double and what became of it."""

    id: int
    keep_key: str
    double_key: str
    state: State
    plan: str
    """What is to be done, as its persons signed it: JSON."""
    applied: dict[str, Any]
    """What was done in this store, so that it can be undone exactly."""
    reason: str
    made_by: str
    made_at: datetime
    proposal_id: int | None
    workflow_id: int | None
    parting_reason: str | None
    parted_by: str | None
    parting_workflow_id: int | None
    changed_at: datetime

    @property
    def key(self) -> str:
        """The key of its process."""
        return f"finsync:{self.name}"

    @property
    def name(self) -> str:
        return f"merge-{self.id}"

    @property
    def plan_data(self) -> dict[str, Any]:
        data: dict[str, Any] = from_json(self.plan)
        return data


def new(
    db: sqlite3.Connection, keep: str, double: str, plan: str, *, reason: str, by: str, now: datetime
) -> int:
    """Keep a merge that is to be done or approved; return its number."""
    row = db.execute(
        "INSERT INTO supplier_merge(keep_key, double_key, state, plan, applied, reason, made_by, made_at, changed_at)"
        " VALUES (?,?,'proposed',?,'{}',?,?,?,?) RETURNING id",
        (keep, double, plan, reason, by, text(now), text(now)),
    ).fetchone()
    return int(row[0])


def change(
    db: sqlite3.Connection,
    merge_id: int,
    state: State,
    now: datetime,
    *,
    applied: Mapping[str, Any] | None = None,
    proposal_id: int | None = None,
    workflow_id: int | None = None,
) -> None:
    """Note what became of it."""
    db.execute(
        "UPDATE supplier_merge SET state=?, changed_at=?, applied=coalesce(?, applied), proposal_id=coalesce(?, proposal_id),"
        " workflow_id=coalesce(?, workflow_id) WHERE id=?",
        (
            state, at(now), None if applied is None else encode(applied).decode(), proposal_id, workflow_id, merge_id,
        ),
    )  # fmt: skip


def part(
    db: sqlite3.Connection, merge_id: int, workflow_id: int, *, by: str, reason: str, now: datetime
) -> None:
    """Note that it is to be undone, by whom and why."""
    db.execute(
        "UPDATE supplier_merge SET state='parting', parting_workflow_id=?, parted_by=?, parting_reason=?, changed_at=?"
        " WHERE id=?",
        (workflow_id, by, reason, text(now), merge_id),
    )


def get(db: sqlite3.Connection, merge_id: int) -> Merge | None:
    """Return one merge."""
    row = db.execute(f"SELECT {_COLUMNS} FROM supplier_merge WHERE id=?", (merge_id,)).fetchone()
    return None if row is None else _merge(row)


def of_workflow(db: sqlite3.Connection, document_key: str) -> Merge | None:
    """Return the merge that a process is about."""
    return get(db, int(document_key.rpartition("-")[2]))


def listed(db: sqlite3.Connection, *, is_live: bool = False, key: str | None = None) -> list[Merge]:
    """Return merges, newest first: all, those not ended, or those that a record has a part in."""
    where, values = ["1"], list[Any]()
    if is_live:
        where.append(f"state IN {LIVE}")
    if key is not None:
        where.append("(keep_key=? OR double_key=?)")
        values += [key, key]
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM supplier_merge WHERE {' AND '.join(where)} ORDER BY id DESC", values
    )
    return [_merge(row) for row in rows]


def live_double(db: sqlite3.Connection, key: str) -> Merge | None:
    """Return the merge in which this record is the double, and that stands or is under way; None: there is none."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM supplier_merge WHERE double_key=? AND state IN {LIVE} ORDER BY id DESC LIMIT 1",
        (key,),
    ).fetchone()
    return None if row is None else _merge(row)


def _merge(row: sqlite3.Row) -> Merge:
    return Merge(**fields(row, instants=("made_at", "changed_at"), objects=("applied",)))
