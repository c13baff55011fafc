"""What is promised: the distributions of the newest revision that each ERP holds, less what was invoiced of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from store.canonical.budget import Commitment
from store.canonical.money import Money


class CommitmentTotal(NamedTuple):
    """What one legal entity has promised in one currency."""

    legal_entity: str
    system: str
    currency: str
    stage: str
    order_count: int
    amount_minor: int


def replace(db: sqlite3.Connection, document_key: str, system: str, commitment: Commitment) -> None:
    """Put this revision in the place of the one before; what was invoiced stays invoiced."""
    _drop_lines(db, document_key)
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
    """Take back what a document still promised; return how many lines that were. What was invoiced goes with it."""
    db.execute("DELETE FROM commitment_relief WHERE document_key=?", (document_key,))
    return _drop_lines(db, document_key)


def _drop_lines(db: sqlite3.Connection, document_key: str) -> int:
    return db.execute("DELETE FROM commitment_line WHERE document_key=?", (document_key,)).rowcount


class Relief(NamedTuple):
    """What one invoice takes of one order line: negative when a credit note gives it back."""

    order_key: str
    line: str
    """Number of the order line."""
    amount: Money


def relieve(
    db: sqlite3.Connection, invoice_key: str, reliefs: Iterable[Relief], commitments: Mapping[str, Commitment]
) -> int:
    """Let an invoice take from what orders promise, spread over their accounts; return how many rows that made.

    `commitments` are the orders' newest by document key. Telling it again changes nothing; an order that is not
    among them, or has no such line, promised nothing and loses nothing.
    """
    db.execute("DELETE FROM commitment_relief WHERE invoice_key=?", (invoice_key,))
    rows: dict[tuple[str, str], tuple[Relief, Commitment]] = {}
    for relief in reliefs:
        commitment = commitments.get(relief.order_key)
        if commitment is None:
            continue
        before = rows.get((relief.order_key, relief.line))
        amount = relief.amount + before[0].amount if before else relief.amount
        rows[relief.order_key, relief.line] = (relief._replace(amount=amount), commitment)
    written = [
        row for relief, commitment in rows.values() for row in _relief_rows(invoice_key, relief, commitment)
    ]
    db.executemany(
        "INSERT INTO commitment_relief(document_key, invoice_key, line, part, legal_entity, system, cost_centre, account,"
        " period, currency, amount_minor) SELECT ?1,?2,?3,?4,?5,system,?6,?7,?8,?9,?10 FROM commitment_line"
        " WHERE document_key=?1 LIMIT 1",
        written,
    )
    return len(written)


def take_back(db: sqlite3.Connection, invoice_key: str) -> int:
    """Give back what an invoice had taken: it was cancelled."""
    return db.execute("DELETE FROM commitment_relief WHERE invoice_key=?", (invoice_key,)).rowcount


def _relief_rows(invoice_key: str, relief: Relief, commitment: Commitment) -> list[tuple[object, ...]]:
    line = next((one for one in commitment.lines if one.number == relief.line), None)
    if line is None:
        return []
    weights = [abs(part.amount.amount_minor) for part in line.distributions]
    shares = relief.amount.split(weights if any(weights) else [1] * len(weights))
    return [
        (
            relief.order_key,
            invoice_key,
            relief.line,
            n,
            commitment.legal_entity,
            part.cost_centre,
            part.account,
            part.period,
            share.currency,
            share.amount_minor,
        )
        for n, (part, share) in enumerate(zip(line.distributions, shares, strict=True), 1)
    ]


def totals(db: sqlite3.Connection) -> list[CommitmentTotal]:
    """Return what is still promised, per legal entity, system, currency and stage."""
    rows = db.execute(
        "SELECT legal_entity, system, currency, stage, sum(order_count), sum(amount_minor) FROM ("
        " SELECT legal_entity, system, currency, stage, count(DISTINCT document_key) AS order_count,"
        " sum(amount_minor) AS amount_minor FROM commitment_line GROUP BY legal_entity, system, currency, stage"
        " UNION ALL SELECT legal_entity, system, currency, 'obligation', 0, -sum(amount_minor) FROM commitment_relief"
        " GROUP BY legal_entity, system, currency)"
        " GROUP BY legal_entity, system, currency, stage ORDER BY legal_entity, system, currency, stage"
    )
    return [CommitmentTotal(*row) for row in rows]
