"""What is promised: the distributions of the newest revision that each ERP holds."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from store.canonical.budget import Commitment


class CommitmentTotal(NamedTuple):
    """What one legal entity has promised in one currency."""

    legal_entity: str
    system: str
    currency: str
    stage: str
    order_count: int
    amount_minor: int


def replace(db: sqlite3.Connection, document_key: str, system: str, commitment: Commitment) -> None:
    """Put this revision in the place of the one before."""
    drop(db, document_key)
    db.executemany(
        "INSERT INTO commitment_line(document_key, line, distribution, system, legal_entity, charge_account, cost_centre,"
        " account, period, currency, amount_minor, stage) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        [
            (
                document_key,
                line_no,
                part_no,
                system,
                commitment.legal_entity,
                part.charge_account,
                part.cost_centre,
                part.account,
                part.period,
                part.amount.currency,
                part.amount.amount_minor,
                commitment.stage,
            )
            for line_no, line in enumerate(commitment.lines, 1)
            for part_no, part in enumerate(line.distributions, 1)
        ],
    )


def drop(db: sqlite3.Connection, document_key: str) -> int:
    """Take back what a document promised; return how many lines that were."""
    return db.execute("DELETE FROM commitment_line WHERE document_key=?", (document_key,)).rowcount


def totals(db: sqlite3.Connection) -> list[CommitmentTotal]:
    """Return what is promised, per legal entity, system, currency and stage."""
    rows = db.execute(
        "SELECT legal_entity, system, currency, stage, count(DISTINCT document_key), sum(amount_minor)"
        " FROM commitment_line GROUP BY legal_entity, system, currency, stage"
        " ORDER BY legal_entity, system, currency, stage"
    )
    return [CommitmentTotal(*row) for row in rows]
