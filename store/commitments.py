"""What is promised: by orders, the distributions of the newest revision that each ERP holds, less what was invoiced of
them; before that by approved requisitions, until orders take them over.

    open = ordered - invoiced - cancelled

The *stage* is Oracle's word: a requisition's promise is a *commitment*, an order's an *obligation*, what an invoice charges
without an order an *expenditure*: nobody promised it, and it uses the same budgets. A system may number these alike, so a key
counts together with its stage.

*Ordered* are the live lines of the newest revision; a line that was cancelled, or an order that ended, takes what was
still open of it with it. What was invoiced is kept for good, whatever comes first: an order that is opened again finds it.

    used = what live lines promise, or what was invoiced of them where that is more + what was invoiced of lines that promise
           nothing (any more) + what invoices charge without an order

Whoever ends an order frees what was open of it, never what was spent: that stays on the accounts that the line was charged to.

Each part counts on its *budget day*, by which budgets bear it or not (`store.canonical.periods`): it is decided when the part
is first promised, and stays through later versions, unless the document names another period.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import Any, Final, Literal, NamedTuple

from store.canonical.budget import Commitment, CommitmentDistribution, CommitmentLine
from store.canonical.money import Money

Stage = Literal["commitment", "obligation"]
REQUISITION: Final[Stage] = "commitment"
ORDER: Final[Stage] = "obligation"


_TAKEN: Final = (
    "document_key, line, distribution, system, legal_entity, charge_account, cost_centre, account, project, period,"
    " currency, amount_minor, line_number, budget_on"
)


class CommitmentTotal(NamedTuple):
    """What one legal entity has promised in one currency."""

    legal_entity: str
    system: str
    currency: str
    stage: str
    order_count: int
    amount_minor: int


def replace(db: sqlite3.Connection, document_key: str, system: str, commitment: Commitment) -> None:
    """Put this revision of an order in the place of the one before; what was invoiced stays invoiced."""
    _put(db, ORDER, document_key, system, commitment.legal_entity, commitment.lines)
    db.executemany(
        "DELETE FROM commitment_ended WHERE document_key=? AND line_number=?",
        [(document_key, line.number) for line in commitment.lines],
    )
    for line in commitment.lines:
        _spread(db, document_key, line.number)


def reserve(
    db: sqlite3.Connection,
    requisition_key: str,
    system: str,
    legal_entity: str,
    lines: Iterable[CommitmentLine],
) -> None:
    """Put what an approved requisition promises in the place of what it promised before."""
    _put(db, REQUISITION, requisition_key, system, legal_entity, lines)


class BudgetDay(NamedTuple):
    """On which day a part of a document counts, to the period that it named then."""

    period: str | None
    budget_on: date

    def within(self, period: str | None) -> date | None:
        """Return the day, which stays as it was decided unless the document names another period by now."""
        return self.budget_on if self.period == period else None


def budget_days(db: sqlite3.Connection, document_key: str, stage: Stage) -> dict[tuple[str, int], BudgetDay]:
    """Return the budget day of each part that a document promises, or did, by line number and place in the line."""
    tables = "commitment_line", "commitment_ended" if stage == ORDER else "commitment_taken"
    found: dict[tuple[str, int], BudgetDay] = {}
    for table in tables:
        rows = db.execute(
            f"SELECT line_number, distribution, period, budget_on FROM {table} WHERE document_key=? AND budget_on IS NOT NULL"
            + (" AND stage=?" if table == "commitment_line" else ""),
            (document_key, stage) if table == "commitment_line" else (document_key,),
        )
        for number, part, period, budget_on in rows:
            found.setdefault((number, part), BudgetDay(period, date.fromisoformat(budget_on)))
    return found


def _put(
    db: sqlite3.Connection,
    stage: Stage,
    key: str,
    system: str,
    legal_entity: str,
    lines: Iterable[CommitmentLine],
) -> None:
    known = budget_days(db, key, stage)
    drop(db, key, stage)
    db.executemany(
        "INSERT INTO commitment_line(document_key, stage, line, distribution, system, legal_entity, charge_account,"
        " cost_centre, account, project, period, currency, amount_minor, line_number, budget_on)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [
            (
                key,
                stage,
                line_no,
                part_no,
                system,
                legal_entity,
                part.charge_account,
                part.cost_centre,
                part.account,
                part.project,
                part.period,
                part.amount.currency,
                part.amount.amount_minor,
                line.number,
                _budget_on(part, known.get((line.number, part_no))),
            )
            for line_no, line in enumerate(lines, 1)
            for part_no, part in enumerate(line.distributions, 1)
        ],
    )


def _budget_on(part: CommitmentDistribution, known: BudgetDay | None) -> str | None:
    """Return the budget day of a part: as it was decided; of one that was decided before there were such days, as it is known."""
    day = part.budget_on or (known.within(part.period) if known is not None else None)
    return day.isoformat() if day is not None else None


def drop(db: sqlite3.Connection, document_key: str, stage: Stage = ORDER) -> int:
    """Take back what a document still promised; return how many parts that were. What was invoiced stays on record."""
    if stage == REQUISITION:
        db.execute("DELETE FROM commitment_taken WHERE document_key=?", (document_key,))
    else:
        _keep_ended(db, document_key)
    return db.execute(
        "DELETE FROM commitment_line WHERE document_key=? AND stage=?", (document_key, stage)
    ).rowcount


def _keep_ended(db: sqlite3.Connection, order_key: str) -> None:
    """Keep where the live lines of an order are charged: what was or will be invoiced of them is spent there."""
    where = "document_key=? AND stage=? AND line_number IS NOT NULL"
    db.execute(
        "DELETE FROM commitment_ended WHERE document_key=? AND line_number IN"
        f" (SELECT line_number FROM commitment_line WHERE {where})",
        (order_key, order_key, ORDER),
    )
    db.execute(
        f"INSERT INTO commitment_ended({_TAKEN}) SELECT {_TAKEN} FROM commitment_line WHERE {where}",
        (order_key, ORDER),
    )


def taken_over(db: sqlite3.Connection, requisition_key: str, lines: Iterable[str]) -> int:
    """Let orders promise these lines of a requisition in its place, and no others; return how many parts that are.

    What orders promised in its place until now and do no more, the requisition promises again.
    """
    db.execute(
        f"INSERT INTO commitment_line(stage, {_TAKEN}) SELECT ?, {_TAKEN} FROM commitment_taken WHERE document_key=?",
        (REQUISITION, requisition_key),
    )
    db.execute("DELETE FROM commitment_taken WHERE document_key=?", (requisition_key,))
    places = [(requisition_key, REQUISITION, line) for line in lines]
    where = "document_key=? AND stage=? AND line_number=?"
    db.executemany(
        f"INSERT INTO commitment_taken({_TAKEN}) SELECT {_TAKEN} FROM commitment_line WHERE {where}", places
    )
    before = db.total_changes
    db.executemany(f"DELETE FROM commitment_line WHERE {where}", places)
    return db.total_changes - before


def open_of(db: sqlite3.Connection, document_key: str) -> list[Money]:
    """Return what is still promised of an order, by currency: ordered less invoiced, negative when more was invoiced."""
    rows = db.execute(
        "SELECT currency, sum(minor) FROM ("
        " SELECT currency, amount_minor AS minor FROM commitment_line WHERE document_key=?1 AND stage=?2"
        " UNION ALL SELECT currency, -amount_minor FROM commitment_relief r WHERE document_key=?1"
        " AND EXISTS (SELECT 1 FROM commitment_line l WHERE l.document_key=?1 AND l.stage=?2 AND l.line_number=r.line))"
        " GROUP BY currency ORDER BY currency",
        (document_key, ORDER),
    )
    return [Money(amount_minor=minor, currency=currency) for currency, minor in rows if minor]


def has_promised(db: sqlite3.Connection, requisition_key: str) -> bool:
    """Say whether a requisition promises anything, or did before orders took that over."""
    row = db.execute(
        "SELECT 1 FROM commitment_line WHERE document_key=?1 AND stage=?2"
        " UNION ALL SELECT 1 FROM commitment_taken WHERE document_key=?1 LIMIT 1",
        (requisition_key, REQUISITION),
    ).fetchone()
    return row is not None


class Relief(NamedTuple):
    """What one invoice takes of one order line: negative when a credit note gives it back."""

    order_key: str
    line: str
    """Number of the order line."""
    amount: Money


def relieve(
    db: sqlite3.Connection,
    invoice_key: str,
    reliefs: Iterable[Relief],
    *,
    legal_entity: str,
    system: str,
    booked_on: date,
) -> int:
    """Let an invoice take from what orders promise; return how many order lines that touched.

    Telling it again changes nothing. What it takes of an order that promises nothing (any more, or yet) is kept, is spent,
    and counts against the order as soon as it is there.
    """
    touched = _forget(db, invoice_key)
    taken: dict[tuple[str, str, str], int] = {}
    for relief in reliefs:
        key = (relief.order_key, relief.line, relief.amount.currency)
        taken[key] = taken.get(key, 0) + relief.amount.amount_minor
    db.executemany(
        "INSERT INTO commitment_relief(document_key, invoice_key, line, part, legal_entity, system, booked_on, currency,"
        " amount_minor) VALUES (?,?,?,0,?,?,?,?,?)",
        [
            (order_key, invoice_key, line, legal_entity, system, booked_on.isoformat(), currency, minor)
            for (order_key, line, currency), minor in taken.items()
        ],
    )
    new = {(order_key, line) for order_key, line, _ in taken}
    for order_key, line in sorted(touched | new):
        _spread(db, order_key, line)
    return len(new)


class Spent(NamedTuple):
    """A part of an invoice that no order promised, as the ERP charges it: negative when a credit note gives it back."""

    charge_account: str
    cost_centre: str | None
    account: str | None
    project: str | None
    period: str | None
    amount: Money
    budget_on: date | None = None
    """None: the day it is booked on."""


def spend(
    db: sqlite3.Connection,
    invoice_key: str,
    parts: Iterable[Spent],
    *,
    legal_entity: str,
    system: str,
    booked_on: date,
) -> int:
    """Put what an invoice charges without an order in the place of what it charged before; return how many parts."""
    db.execute("DELETE FROM expenditure_line WHERE invoice_key=?", (invoice_key,))
    return db.executemany(
        "INSERT INTO expenditure_line(invoice_key, part, legal_entity, system, charge_account, cost_centre, account, project,"
        " period, booked_on, currency, amount_minor, budget_on) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [
            (invoice_key, n, legal_entity, system, *one[:5], booked_on.isoformat(), one.amount.currency,
             one.amount.amount_minor, (one.budget_on or booked_on).isoformat())
            for n, one in enumerate(parts, 1)
        ],
    ).rowcount  # fmt: skip


def take_back(db: sqlite3.Connection, invoice_key: str) -> int:
    """Give back what an invoice had taken or spent: it was cancelled. Return how many order lines that touched."""
    db.execute("DELETE FROM expenditure_line WHERE invoice_key=?", (invoice_key,))
    touched = _forget(db, invoice_key)
    for order_key, line in sorted(touched):
        _spread(db, order_key, line)
    return len(touched)


def _forget(db: sqlite3.Connection, invoice_key: str) -> set[tuple[str, str]]:
    rows = db.execute(
        "SELECT DISTINCT document_key, line FROM commitment_relief WHERE invoice_key=?", (invoice_key,)
    )
    touched = {(order_key, line) for order_key, line in rows}
    db.execute("DELETE FROM commitment_relief WHERE invoice_key=?", (invoice_key,))
    return touched


def _spread(db: sqlite3.Connection, document_key: str, line: str) -> None:
    """Spread what invoices took of one order line over its accounts.

    Invoices share the line cumulatively: however many there are, together they take of each account what one
    invoice over their sum would, so that a line invoiced in full leaves nothing on any account.
    """
    parts = _charged(db, document_key, line)
    if not parts:
        return
    currency = parts[0][8]
    weights = [part[9] for part in parts]
    taken = db.execute(
        "SELECT invoice_key, max(booked_on), sum(amount_minor) FROM commitment_relief WHERE document_key=? AND line=?"
        " AND currency=? GROUP BY invoice_key ORDER BY invoice_key",
        (document_key, line, currency),
    ).fetchall()
    rows = []
    so_far, shared = 0, [0] * len(parts)
    for invoice_key, booked_on, minor in taken:
        so_far += minor
        now = [one.amount_minor for one in Money(amount_minor=so_far, currency=currency).share(weights)]
        rows += [
            (document_key, invoice_key, line, *part[:9], after - before, booked_on)
            for part, before, after in zip(parts, shared, now, strict=True)
        ]
        shared = now
    db.execute(
        "DELETE FROM commitment_relief WHERE document_key=? AND line=? AND currency=?",
        (document_key, line, currency),
    )
    db.executemany(
        "INSERT INTO commitment_relief(document_key, invoice_key, line, part, legal_entity, system, cost_centre, account,"
        " project, period, budget_on, currency, amount_minor, booked_on) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        rows,
    )


def _charged(db: sqlite3.Connection, order_key: str, line: str) -> list[tuple[Any, ...]]:
    """Return where an order line is charged, or was when it ended, with how much of it, part by part."""
    columns = "distribution, legal_entity, system, cost_centre, account, project, period, budget_on, currency, amount_minor"
    where = "document_key=? AND line_number=?"
    live = db.execute(
        f"SELECT {columns} FROM commitment_line WHERE {where} AND stage=? ORDER BY distribution",
        (order_key, line, ORDER),
    ).fetchall()
    return (
        live
        or db.execute(
            f"SELECT {columns} FROM commitment_ended WHERE {where} ORDER BY distribution", (order_key, line)
        ).fetchall()
    )


Bears = Callable[[str | None, date | None], bool]
"""Whether a budget bears what is charged to a period, which may be named, on a budget day."""


def used_of(
    db: sqlite3.Connection,
    legal_entity: str,
    currency: str,
    *,
    cost_centre: str | None = None,
    account: str | None = None,
    project: str | None = None,
    bears: Bears | None = None,
    order: str,
    lines: Collection[str] = (),
    requisition: str | None,
) -> int:
    """Return what is used in one currency, in minor units, as `used` does."""
    found = used(
        db, legal_entity, cost_centre=cost_centre, account=account, project=project, bears=bears, order=order, lines=lines,
        requisition=requisition,
    )  # fmt: skip
    return found.get(currency, 0)


def used(
    db: sqlite3.Connection,
    legal_entity: str,
    *,
    cost_centre: str | None = None,
    account: str | None = None,
    project: str | None = None,
    bears: Bears | None = None,
    order: str,
    lines: Collection[str] = (),
    requisition: str | None,
) -> dict[str, int]:
    """Return what live orders and requisitions charge to a cost centre, an account, a project, or all that are given,
    invoiced or not, what was invoiced beyond them or of lines that have ended, and what invoices charge there without an
    order, by currency, in minor units: all but `lines` of one order, with whatever it promises, and the requisition that it
    comes from.

    `bears`: only what the budget bears by its period; None: whenever it counts.
    """
    stated = [("cost_centre", cost_centre), ("account", account), ("project", project)]
    place = "".join(f" AND {name}=:{name}" for name, value in stated if value is not None)
    where = f"legal_entity=:legal_entity{place}"
    values: Mapping[str, object] = {
        "legal_entity": legal_entity, **dict(stated), "order": order, "requisition": requisition,
        "order_stage": ORDER, "requisition_stage": REQUISITION, "lines": json.dumps(sorted(lines)),
    }  # fmt: skip
    rows = db.execute(
        f"SELECT currency, period, budget_on, sum(amount_minor) FROM (SELECT currency, period, budget_on, amount_minor FROM"
        f" commitment_line WHERE {where}"
        " AND NOT (document_key=:order AND stage=:order_stage)"
        " AND NOT (document_key IS :requisition AND stage=:requisition_stage)"
        f" UNION ALL SELECT currency, period, budget_on, amount_minor FROM v_spent WHERE {where}"
        " AND (document_key IS NOT :order OR line_number NOT IN (SELECT value FROM json_each(:lines))))"
        " GROUP BY currency, period, budget_on",
        values,
    )
    found: dict[str, int] = {}
    for currency, period, budget_on, minor in rows:
        if bears is None or bears(period, date.fromisoformat(budget_on) if budget_on else None):
            found[currency] = found.get(currency, 0) + minor
    return found


def totals(db: sqlite3.Connection) -> list[CommitmentTotal]:
    """Return what is still promised, per legal entity, system, currency and stage."""
    rows = db.execute(
        "SELECT legal_entity, system, currency, stage, sum(order_count), sum(amount_minor) FROM ("
        " SELECT legal_entity, system, currency, stage, count(DISTINCT document_key) AS order_count,"
        " sum(amount_minor) AS amount_minor FROM commitment_line GROUP BY legal_entity, system, currency, stage"
        " UNION ALL SELECT legal_entity, system, currency, 'obligation', 0, -sum(amount_minor) FROM commitment_relief r"
        " WHERE EXISTS (SELECT 1 FROM commitment_line l WHERE l.document_key=r.document_key AND l.line_number=r.line"
        " AND l.stage='obligation')"
        " GROUP BY legal_entity, system, currency)"
        " GROUP BY legal_entity, system, currency, stage ORDER BY legal_entity, system, currency, stage"
    )
    return [CommitmentTotal(*row) for row in rows]
