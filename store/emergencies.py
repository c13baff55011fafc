"""Changes that one person has put in force at once: a second person says yes or no to each afterwards.

    in force --> approved (it stays) | rejected, withdrawn, late (the version before it is in force again)

Each is a proposal, too, which is open until then. What is not approved is looked at once more: which documents were decided
under it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from store import proposals
from store.clock import instant, text
from store.proposals import Proposal

Ending = Literal["approved", "rejected", "withdrawn", "late"]

_COLUMNS = "proposal_id, put_at, version, signature, step_before, ending, ended_at, ended_by"


@dataclass(frozen=True, slots=True)
class Emergency:
    """One change that was put in force before anybody else had approved it."""

    proposal_id: int
    put_at: datetime
    version: int
    """The version that it became."""
    signature: str
    step_before: int
    """The newest step of any document that was decided before it."""
    ending: Ending | None
    ended_at: datetime | None
    ended_by: str | None


def put(
    db: sqlite3.Connection,
    proposal_id: int,
    *,
    put_at: datetime,
    version: int,
    step_before: int,
    signature: str,
) -> None:
    """Note that an open proposal is in force from now on, after that step of any document."""
    db.execute(
        "INSERT INTO emergency(proposal_id, put_at, version, signature, step_before) VALUES (?,?,?,?,?)",
        (proposal_id, text(put_at), version, signature, step_before),
    )


def get(db: sqlite3.Connection, proposal_id: int) -> Emergency | None:
    """Return how a proposal was put in force at once; None: it was not."""
    row = db.execute(f"SELECT {_COLUMNS} FROM emergency WHERE proposal_id=?", (proposal_id,)).fetchone()
    return None if row is None else _emergency(row)


def live(db: sqlite3.Connection, kind: str) -> dict[str, tuple[Proposal, Emergency]]:
    """Return by name what is in force and waits for its approval, the newest of each; whatever it is about is of that kind."""
    found: dict[str, tuple[Proposal, Emergency]] = {}
    for one in _listed(db, "ended_at IS NULL"):
        change = proposals.get(db, one.proposal_id)
        if change is not None and change.kind == kind and change.state == "open":
            found[change.name] = change, one
    return found


def of_name(db: sqlite3.Connection, kind: str, name: str) -> list[tuple[Proposal, Emergency]]:
    """Return every change of one table or policy that was put in force at once, oldest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM emergency WHERE proposal_id IN (SELECT id FROM proposal WHERE kind=? AND name=?)"
        " ORDER BY proposal_id",
        (kind, name),
    ).fetchall()
    return [(change, one) for one in map(_emergency, rows) if (change := proposals.get(db, one.proposal_id))]


def end(db: sqlite3.Connection, proposal_id: int, ending: Ending, *, by: str, at: datetime) -> bool:
    """Note what was said of it; False: nothing to say, it was not put in force at once or has ended."""
    cursor = db.execute(
        "UPDATE emergency SET ending=?, ended_at=?, ended_by=?, looked_at=CASE WHEN ?='approved' THEN ? END"
        " WHERE proposal_id=? AND ended_at IS NULL",
        (ending, text(at), by, ending, text(at), proposal_id),
    )
    return cursor.rowcount == 1


def unlooked(db: sqlite3.Connection, kind: str) -> list[tuple[Proposal, Emergency]]:
    """Return what was not approved and whose documents nobody has looked at yet."""
    return [
        (change, one)
        for one in _listed(db, "ended_at IS NOT NULL")
        if (change := proposals.get(db, one.proposal_id)) is not None and change.kind == kind
    ]


def looked(db: sqlite3.Connection, proposal_id: int, found_count: int, at: datetime) -> None:
    """Note that its documents were looked at, and how many of them would be decided otherwise."""
    db.execute(
        "UPDATE emergency SET looked_at=?, found_count=? WHERE proposal_id=?",
        (text(at), found_count, proposal_id),
    )


def _listed(db: sqlite3.Connection, where: str) -> list[Emergency]:
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM emergency WHERE looked_at IS NULL AND {where} ORDER BY proposal_id"
    )
    return [_emergency(row) for row in rows.fetchall()]


def _emergency(row: sqlite3.Row) -> Emergency:
    proposal_id, put_at, version, signature, step_before, ending, ended_at, ended_by = row
    return Emergency(
        proposal_id, instant(put_at), version, signature, step_before, ending,
        None if ended_at is None else instant(ended_at), ended_by,
    )  # fmt: skip
