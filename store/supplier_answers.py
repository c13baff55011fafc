"""What was said about two suppliers: what the comparison scored, and what a person answered.

A pair is two record keys, the smaller first. Its newest answer counts; earlier ones stay. An answered pair is never asked
again, whatever is scored later.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from store.canonical.keys import RecordKey
from store.clock import instant, text
from store.columns import as_json, chunks, from_json, insert, marks

Answer = Literal["same", "different"]
PROPOSED = "same-"
"""How the names begin of proposals that two suppliers are one."""


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """Two suppliers that may be one."""

    one: str
    other: str
    score: float
    evidence: tuple[tuple[str, float], ...]
    """What made the score, in words, with its points."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a person said about two suppliers."""

    one: str
    other: str
    answer: Answer
    by: str
    at: datetime
    reason: str
    score: float | None
    """What the comparison had said then."""


def ordered(one: str, other: str) -> tuple[str, str]:
    """Return a pair in the order in which it is kept."""
    return (one, other) if one <= other else (other, one)


def note_pairs(db: sqlite3.Connection, pairs: Iterable[ScoredPair], at: datetime) -> int:
    """Keep what was scored, in place of an earlier score of the same pair; return how many."""
    rows = [
        (*ordered(p.one, p.other), p.score, as_json({"evidence": [list(e) for e in p.evidence]}), text(at))
        for p in pairs
    ]
    return insert(
        db,
        "INSERT INTO supplier_pair(one, other, score, evidence, found_at)",
        rows,
        "ON CONFLICT(one, other) DO UPDATE SET score=excluded.score, evidence=excluded.evidence",
    )


def forget_pairs(db: sqlite3.Connection, key: str) -> None:
    """Forget what was scored for a supplier that is compared anew."""
    db.execute("DELETE FROM supplier_pair WHERE one=?", (key,))
    db.execute("DELETE FROM supplier_pair WHERE other=?", (key,))


def forget_all(db: sqlite3.Connection) -> None:
    """Forget all scores, before a whole file is compared anew. Answers stay."""
    db.execute("DELETE FROM supplier_pair")


IS_OPEN = """NOT EXISTS (SELECT 1 FROM supplier_answer a WHERE a.one=p.one AND a.other=p.other AND a.is_newest=1)
  AND NOT EXISTS (SELECT 1 FROM golden_member mo JOIN golden_member mt ON mt.system=substr(p.other, 1, instr(p.other, ':') - 1)
    AND mt.external_id=substr(p.other, instr(p.other, ':') + 1)
    WHERE mo.system=substr(p.one, 1, instr(p.one, ':') - 1) AND mo.external_id=substr(p.one, instr(p.one, ':') + 1)
    AND mo.golden_id=mt.golden_id AND mo.system<>mt.system)"""
"""Of a pair `p`: nobody has answered, and it is not one golden supplier whose records stand in two systems, as they should.
Doubles inside one system stay open: they are to be merged."""


def waiting(db: sqlite3.Connection, ask: float, limit: int, *, within: str | None = None) -> list[ScoredPair]:
    """Return pairs that score `ask` or more and wait for an answer, the likeliest first; with `within`, those of which both
    stand in that system."""
    both = " AND substr(p.one, 1, length(?2))=?2 AND substr(p.other, 1, length(?2))=?2" if within else ""
    rows = db.execute(
        f"SELECT p.one, p.other, p.score, p.evidence FROM supplier_pair p WHERE p.score>=?1 AND ?2 IS NOT NULL{both}"
        f" AND {IS_OPEN} ORDER BY p.score DESC, p.one, p.other LIMIT ?3",
        (ask, f"{within}:" if within else "", limit),
    )
    return [_pair(row) for row in rows]


def counts(db: sqlite3.Connection, ask: float, link: float) -> dict[str, int]:
    """Return how many pairs wait for an answer, how many of them are likely, and what was said so far."""
    opened, likely = db.execute(
        f"SELECT count(*), coalesce(sum(p.score>=?2), 0) FROM supplier_pair p WHERE p.score>=?1 AND {IS_OPEN}",
        (ask, link),
    ).fetchone()
    said = dict(db.execute("SELECT answer, count(*) FROM supplier_answer WHERE is_newest=1 GROUP BY answer"))
    return {
        "open": opened,
        "likely": likely,
        "same": said.get("same", 0),
        "different": said.get("different", 0),
    }


def said_in(db: sqlite3.Connection, key: str, system: str, said: Answer) -> list[str]:
    """Return the ids in `system` of the suppliers that a person said are this one, or are not."""
    rows = db.execute(
        "SELECT one, other FROM supplier_answer WHERE is_newest=1 AND answer=?2 AND (one=?1 OR other=?1)",
        (key, said),
    )
    others = (other if one == key else one for one, other in rows)
    return sorted(found.external_id for found in map(RecordKey.parse, others) if found.system == system)


def pair(db: sqlite3.Connection, one: str, other: str) -> ScoredPair | None:
    """Return what was scored for two suppliers; None: they were not worth keeping."""
    row = db.execute(
        "SELECT one, other, score, evidence FROM supplier_pair WHERE one=? AND other=?", ordered(one, other)
    ).fetchone()
    return None if row is None else _pair(row)


def pairs_of(db: sqlite3.Connection, key: str) -> list[ScoredPair]:
    """Return what was scored for one supplier, the likeliest first."""
    rows = db.execute(
        "SELECT one, other, score, evidence FROM supplier_pair WHERE one=?1 OR other=?1 ORDER BY score DESC, one, other",
        (key,),
    )
    return [_pair(row) for row in rows]


def answer(
    db: sqlite3.Connection,
    one: str,
    other: str,
    said: Answer,
    *,
    by: str,
    at: datetime,
    reason: str = "",
    proposal_id: int | None = None,
) -> None:
    """Keep what a person says of two suppliers, and by which proposal others have agreed."""
    first, second = ordered(one, other)
    row = db.execute("SELECT score FROM supplier_pair WHERE one=? AND other=?", (first, second)).fetchone()
    db.execute(
        "UPDATE supplier_answer SET is_newest=0 WHERE one=? AND other=? AND is_newest=1", (first, second)
    )
    db.execute(
        "INSERT INTO supplier_answer(one, other, answer, answered_by, at, reason, score, is_newest, proposal_id)"
        " VALUES (?,?,?,?,?,?,?,1,?)",
        (first, second, said, by, text(at), reason, None if row is None else row[0], proposal_id),
    )


def proposed(db: sqlite3.Connection) -> list[tuple[str, str, str, datetime, str]]:
    """Return the pairs of which one person has said that they are one and a second is asked: with who, when and why."""
    rows = db.execute(
        "SELECT body ->> '$.one', body ->> '$.other', maker, made_at, reason FROM proposal"
        " WHERE kind='supplier_same' AND state='open' ORDER BY id"
    )
    return [(one, other, maker, instant(made_at), reason) for one, other, maker, made_at, reason in rows]


def agreed_by(db: sqlite3.Connection, one: str, other: str, said: Answer = "same") -> int | None:
    """Return the proposal by which persons said this of two; None: none, or that is not what counts."""
    row = db.execute(
        "SELECT proposal_id FROM supplier_answer WHERE one=? AND other=? AND is_newest=1 AND answer=?",
        (*ordered(one, other), said),
    ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def newest_id(db: sqlite3.Connection, one: str, other: str) -> int | None:
    """Return the number of the answer that counts for two suppliers; None: nobody answered."""
    row = db.execute(
        "SELECT id FROM supplier_answer WHERE one=? AND other=? AND is_newest=1", ordered(one, other)
    ).fetchone()
    return None if row is None else int(row[0])


def take_back(db: sqlite3.Connection, answer_id: int, before_id: int | None) -> bool:
    """Let an earlier answer count again in place of one, or none at all; False: another one counts by now."""
    row = db.execute("SELECT is_newest FROM supplier_answer WHERE id=?", (answer_id,)).fetchone()
    if row is None or not row[0]:
        return False
    db.execute("UPDATE supplier_answer SET is_newest=0 WHERE id=?", (answer_id,))
    if before_id is not None:
        db.execute("UPDATE supplier_answer SET is_newest=1 WHERE id=?", (before_id,))
    return True


def answered(db: sqlite3.Connection, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Answer]:
    """Return the newest answers of those of these ordered pairs that have one."""
    found: dict[tuple[str, str], Answer] = {}
    wanted = set(pairs)
    for some in chunks(sorted({one for one, _ in pairs})):
        rows = db.execute(
            f"SELECT one, other, answer FROM supplier_answer WHERE is_newest=1 AND one IN ({marks(some)})",
            some,
        )
        found.update(((one, other), said) for one, other, said in rows if (one, other) in wanted)
    return found


def answers(db: sqlite3.Connection, *, key: str | None = None, said: Answer | None = None) -> list[Answered]:
    """Return answers that count, oldest first: all, of one supplier, or of one kind."""
    where, values = ["is_newest=1"], list[Any]()
    if key is not None:
        where.append("(one=? OR other=?)")
        values += [key, key]
    if said is not None:
        where.append("answer=?")
        values.append(said)
    rows = db.execute(
        "SELECT one, other, answer, answered_by, at, reason, score FROM supplier_answer"
        f" WHERE {' AND '.join(where)} ORDER BY id",
        values,
    )
    return [
        Answered(one, other, kind, by, instant(at), reason, score)
        for one, other, kind, by, at, reason, score in rows
    ]


def _pair(row: sqlite3.Row) -> ScoredPair:
    one, other, score, evidence = row
    return ScoredPair(
        one, other, score, tuple((what, points) for what, points in from_json(evidence)["evidence"])
    )
