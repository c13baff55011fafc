"""Changes that wait for a second person: who made them, from which version, and what was decided.

    open --> approved (in force) | rejected | withdrawn (by its maker) | superseded (made anew on a newer version)

Every proposal stays, whatever became of it. The texts that people sign are made here, so that whoever checks a
signature builds the very same bytes from what the store holds now: a row that was edited later does not fit any more.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final, Literal

from store.clock import text
from store.columns import at, encode, fields

State = Literal["open", "approved", "rejected", "withdrawn", "superseded"]
Rule = Literal["one", "two"]
Kind = Literal[
    "mapping",
    "policy",
    "write_off",
    "explanation",
    "exception_write_off",
    "adoption",
    "supplier_merge",
    "bank_change",
    "bank_refusal",
    "supplier_different",
    "supplier_same",
    "rollback",
]

FORMAT = "finsync.proposal/1"
ONLY_VERSION: Final = 1
"""What a proposal becomes that is decided once and has no versions, as a write-off."""
_STORE_ID = "store_id"
_COLUMNS = (
    "id, kind, name, base_version, base_digest, body, digest, layer_version, effective_from, reason, maker, made_at,"
    " maker_signature, rule, state, checker, decided_at, decision, signature, version, replaces"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProposal:
    """A change as its maker signs it."""

    kind: Kind = "mapping"
    name: str
    base_version: int
    base_digest: str
    body: str
    layer_version: int
    """The recorded version of the profile's own text that the body takes account of."""
    reason: str
    maker: str
    made_at: datetime
    rule: Rule
    effective_from: date | None = None
    replaces: int | None = None
    """The proposal whose change this is, made anew on a newer version."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change and what became of it."""

    id: int
    kind: str
    name: str
    base_version: int
    base_digest: str
    body: str
    digest: str
    layer_version: int
    effective_from: str | None
    reason: str
    maker: str
    made_at: datetime
    maker_signature: str | None
    rule: Rule
    """How many persons it takes, as the profile said when it was made."""
    state: State
    checker: str | None
    decided_at: datetime | None
    decision: str | None
    """What the checker said, or why it was withdrawn."""
    signature: str | None
    version: int | None
    """The version it became."""
    replaces: int | None


def digest(body: str) -> str:
    """Return what stands for a body in signatures."""
    return sha256(body.encode()).hexdigest()


def store_id(db: sqlite3.Connection) -> str:
    """Return what tells this store from any other, so that a signature counts here only; empty before the first."""
    row = db.execute("SELECT value FROM meta WHERE name=?", (_STORE_ID,)).fetchone()
    return "" if row is None else str(row[0])


def make_store_id(db: sqlite3.Connection) -> str:
    """Return the store's id, made now if it has none."""
    db.execute("INSERT OR IGNORE INTO meta VALUES (?,?)", (_STORE_ID, secrets.token_hex(16)))
    return store_id(db)


def made_statement(store: str, change: NewProposal | Proposal) -> bytes:
    """Return what a maker signs."""
    return encode({"act": "made", **_made(store, change)})


def decided_statement(
    store: str, change: Proposal, *, checker: str, decided_at: datetime, version: int
) -> bytes:
    """Return what a checker signs to put a change into force: all of it, and the version that it becomes."""
    return encode(
        {
            "act": "approved",
            **_made(store, change),
            "proposal": change.id,
            "maker_signature": change.maker_signature,
            "checker": checker,
            "decided_at": text(decided_at),
            "version": version,
        }
    )


def put_in_force_statement(
    store: str, change: Proposal, *, put_at: datetime, version: int, step_before: int
) -> bytes:
    """Return what a maker signs to put a change into force before anybody has approved it."""
    return encode(
        {
            "act": "put_in_force",
            **_made(store, change),
            "proposal": change.id,
            "maker_signature": change.maker_signature,
            "put_at": text(put_at),
            "version": version,
            "step_before": step_before,
        }
    )


def _made(store: str, change: NewProposal | Proposal) -> dict[str, Any]:
    effective = change.effective_from
    return {
        "format": FORMAT,
        "store": store,
        "kind": change.kind,
        "name": change.name,
        "base_version": change.base_version,
        "base_digest": change.base_digest,
        "digest": digest(change.body),  # of the body as it is, not as a column says
        "layer_version": change.layer_version,
        "effective_from": effective.isoformat() if isinstance(effective, date) else effective,
        "reason": change.reason,
        "maker": change.maker,
        "made_at": text(change.made_at),
        "rule": change.rule,
    }


def propose(db: sqlite3.Connection, change: NewProposal, signature: str | None) -> int:
    """Keep a change until somebody decides; return its number."""
    row = db.execute(
        "INSERT INTO proposal(kind, name, base_version, base_digest, body, digest, layer_version, effective_from, reason,"
        " maker, made_at, maker_signature, rule, state, replaces) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,'open',?) RETURNING id",
        (
            change.kind,
            change.name,
            change.base_version,
            change.base_digest,
            change.body,
            digest(change.body),
            change.layer_version,
            change.effective_from.isoformat() if change.effective_from else None,
            change.reason,
            change.maker,
            text(change.made_at),
            signature,
            change.rule,
            change.replaces,
        ),
    ).fetchone()
    return int(row[0])


def decide(
    db: sqlite3.Connection,
    proposal_id: int,
    state: State,
    *,
    by: str,
    at_: datetime,
    decision: str = "",
    signature: str | None = None,
    version: int | None = None,
) -> bool:
    """Note what became of an open proposal; False: it was not open any more."""
    cursor = db.execute(
        "UPDATE proposal SET state=?, checker=?, decided_at=?, decision=?, signature=?, version=? WHERE id=? AND state='open'",
        (state, by, at(at_), decision, signature, version, proposal_id),
    )
    return cursor.rowcount == 1


def get(db: sqlite3.Connection, proposal_id: int) -> Proposal | None:
    """Return one proposal."""
    row = db.execute(f"SELECT {_COLUMNS} FROM proposal WHERE id=?", (proposal_id,)).fetchone()
    return None if row is None else _proposal(row)


def listed(
    db: sqlite3.Connection, *, state: State | None = None, name: str | None = None, kind: str = "mapping"
) -> list[Proposal]:
    """Return proposals, oldest first."""
    where, values = ["kind=?"], [kind]
    if state is not None:
        where.append("state=?")
        values.append(state)
    if name is not None:
        where.append("name=?")
        values.append(name)
    rows = db.execute(f"SELECT {_COLUMNS} FROM proposal WHERE {' AND '.join(where)} ORDER BY id", values)
    return [_proposal(row) for row in rows]


def every(db: sqlite3.Connection) -> Iterator[Proposal]:
    """Yield the proposals of all kinds, oldest first."""
    for row in db.execute(f"SELECT {_COLUMNS} FROM proposal ORDER BY id"):
        yield _proposal(row)


def decided(db: sqlite3.Connection, kind: str = "mapping") -> list[Proposal]:
    """Return every proposal that became a version, or claims to have, newest version of each name first.

    Whatever its state says now: a signature that was given is not taken back by an edit of the row.
    """
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM proposal WHERE kind=? AND (state='approved' OR version IS NOT NULL)"
        " ORDER BY name, version DESC, id DESC",
        (kind,),
    )
    return [_proposal(row) for row in rows]


def mark(db: sqlite3.Connection) -> str:
    """Return a text that changes whenever a proposal is decided or put in force: cheap enough to ask for in every cycle."""
    row = db.execute(
        "SELECT count(*), max(decided_at), (SELECT count(*) || '/' || count(ended_at) FROM emergency)"
        " FROM proposal WHERE decided_at IS NOT NULL"
    ).fetchone()
    return f"{row[0]}@{row[1]}@{row[2]}"


def _proposal(row: sqlite3.Row) -> Proposal:
    return Proposal(**fields(row, instants=("made_at", "decided_at")))
