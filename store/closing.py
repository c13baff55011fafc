"""What stands between an accounting period and its close, and the certificates that nothing did.

Days decide: a document belongs to the period that its accounting day lies in (`v_accounting_day`). The periods are the
ERP's own fiscal periods, as they were read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from store.clock import text
from store.columns import encode, fields, marks, when

Reason = Literal["in_flight", "unposted", "unconfirmed", "unexplained", "exception"]
REASONS: Final[tuple[Reason, ...]] = ("in_flight", "unposted", "unconfirmed", "unexplained", "exception")
"""On its way to a system; approved and not in the ERP; done and not seen done; an open break; an open exception."""
BOOKED: Final = ("invoice", "receipt", "expense_document")
"""Documents that put something into the books of a period."""
COMPARED: Final = (*BOOKED, "journal_entry", "payment")
"""Documents whose differences stand in the way of a close."""


@dataclass(frozen=True, slots=True)
class Period:
    """One fiscal period of a ledger, as the ERP keeps it."""

    ledger: str
    name: str
    starts_on: date
    ends_on: date
    is_open: bool
    is_payables_open: bool | None = None
    """None: payables have no calendar of their own."""

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be booked in it any more, neither in the ledger nor in payables."""
        return not self.is_open and not self.is_payables_open


@dataclass(frozen=True, slots=True)
class Figure:
    """What waits for one reason with one owner, in one currency."""

    reason: Reason
    is_obstacle: bool
    owner: str | None
    currency: str | None
    count: int
    amount_minor: int
    oldest_at: str


@dataclass(frozen=True, slots=True)
class DayCount:
    """How much waits for one reason on one accounting day of one company."""

    legal_entity: str
    accounting_on: str
    reason: Reason
    count: int


@dataclass(frozen=True, slots=True)
class Compared:
    """What the newest complete comparison of one definition added up to in the months of a period."""

    definition: str
    source_system: str
    target_system: str
    run_id: int
    at: str
    currency: str
    source_count: int
    source_minor: int
    target_count: int
    target_minor: int

    @property
    def difference_minor(self) -> int:
        return self.source_minor - self.target_minor


@dataclass(frozen=True, slots=True)
class Accepted:
    """A difference that is still there and that people have explained or written off."""

    break_id: int
    definition: str
    kind: str
    state: str
    document_number: str
    amount_minor: int | None
    currency: str | None
    accepted_by: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """That a period was ready to close, as of one moment."""

    id: int
    legal_entity: str
    ledger: str
    period: str
    starts_on: date
    ends_on: date
    certified_by: str
    certified_at: datetime
    digest: str
    body: Mapping[str, Any]
    audit_seq: int


def periods(db: sqlite3.Connection, ledger: str, systems: Sequence[str]) -> list[Period]:
    """Return the periods of a ledger in order of time; of two systems that have one, the later in `systems` is right."""
    from store.canonical.organisation import FiscalPeriod  # pydantic comes with it: Home counts without it

    rows = db.execute(
        "SELECT r.system, v.body FROM identity i JOIN record r ON r.id=i.record_id JOIN record_version v ON v.id=r.version_id"
        f" WHERE i.value>=? AND i.value<? AND i.kind='month' AND r.entity='fiscal_period' AND r.system IN ({marks(systems)})",
        (f"{ledger}/", f"{ledger}0", *systems),
    ).fetchall()
    rows.sort(key=lambda row: systems.index(row[0]))
    found: dict[tuple[date, str | None], FiscalPeriod] = {}
    for _, body in rows:
        one = FiscalPeriod.model_validate_json(body)
        if one.ledger == ledger:
            found[one.starts_on, one.subledger] = one
    return [
        Period(
            ledger, one.name, starts_on, one.ends_on, one.is_open,
            found[starts_on, "payables"].is_open if (starts_on, "payables") in found else None,
        )
        for (starts_on, subledger), one in sorted(found.items(), key=lambda item: item[0][0])
        if subledger is None
    ]  # fmt: skip


def figures(db: sqlite3.Connection, legal_entity: str, first: date, last: date) -> list[Figure]:
    """Return what stands in the way in those days, by reason, owner and currency."""
    rows = db.execute(
        "SELECT reason, is_obstacle, owner, currency, count(*), coalesce(sum(amount_minor), 0), min(since) FROM v_close_item"
        " WHERE legal_entity=? AND accounting_on BETWEEN ? AND ? GROUP BY reason, is_obstacle, owner, currency",
        (legal_entity, first.isoformat(), last.isoformat()),
    )
    found = [Figure(row[0], bool(row[1]), *row[2:]) for row in rows]
    return sorted(
        found, key=lambda one: (REASONS.index(one.reason), one.owner or "\U0010ffff", one.currency or "")
    )


def items(
    db: sqlite3.Connection,
    legal_entity: str | None,
    first: date,
    last: date,
    *,
    reason: Reason | None = None,
    limit: int = -1,
) -> Iterator[dict[str, Any]]:
    """Yield the rows behind the figures, oldest first; of nobody's company with `legal_entity` None."""
    rows = db.execute(
        "SELECT * FROM v_close_item WHERE legal_entity IS ? AND accounting_on BETWEEN ? AND ? AND (? IS NULL OR reason=?)"
        " ORDER BY is_obstacle DESC, since, document_key, reason LIMIT ?",
        (legal_entity, first.isoformat(), last.isoformat(), reason, reason, limit),
    )
    return (dict(row) for row in rows)


def obstacles(db: sqlite3.Connection, reason: Reason, limit: int = -1) -> Iterator[dict[str, Any]]:
    """Yield what stands in the way of any period for one reason, oldest first: the rows behind `by_reason`."""
    rows = db.execute(
        "SELECT * FROM v_close_item WHERE is_obstacle AND reason=? ORDER BY since, document_key LIMIT ?",
        (reason, limit),
    )
    return (dict(row) for row in rows)


def unassigned(db: sqlite3.Connection, first: date, last: date) -> int:
    """Return how many obstacles of those days are documents of which nobody knows whose they are."""
    found: int = db.execute(
        "SELECT count(DISTINCT document_key) FROM v_close_item WHERE legal_entity IS NULL AND is_obstacle"
        " AND accounting_on BETWEEN ? AND ?",
        (first.isoformat(), last.isoformat()),
    ).fetchone()[0]
    return found


def left_over(db: sqlite3.Connection, legal_entity: str, before: date) -> int:
    """Return how many documents of earlier days are still under way."""
    found: int = db.execute(
        "SELECT count(DISTINCT document_key) FROM v_close_item WHERE legal_entity=? AND is_obstacle AND accounting_on<?",
        (legal_entity, before.isoformat()),
    ).fetchone()[0]
    return found


def by_day(db: sqlite3.Connection) -> list[DayCount]:
    """Return all obstacles, counted by company, accounting day and reason."""
    rows = db.execute(
        "SELECT legal_entity, accounting_on, reason, count(*) FROM v_close_item"
        " WHERE is_obstacle AND legal_entity IS NOT NULL GROUP BY legal_entity, accounting_on, reason"
    )
    return [DayCount(*row) for row in rows]


def by_reason(db: sqlite3.Connection) -> dict[Reason, tuple[int, dict[str, int]]]:
    """Return all obstacles, whatever the period: by reason, how many and how much by currency."""
    found: dict[Reason, tuple[int, dict[str, int]]] = {}
    for reason, currency, count, minor in db.execute(
        "SELECT reason, currency, count(*), sum(amount_minor) FROM v_close_item WHERE is_obstacle GROUP BY reason, currency"
    ).fetchall():
        known, amounts = found.get(reason, (0, {}))
        if currency is not None and minor is not None:
            amounts[currency] = minor
        found[reason] = (known + count, amounts)
    return {reason: found[reason] for reason in REASONS if reason in found}


def compared(db: sqlite3.Connection, legal_entity: str, first: date, last: date) -> list[Compared]:
    """Return both sides' control totals of a period, each from the newest complete comparison that saw all of it."""
    months = f"{first:%Y-%m}", f"{last:%Y-%m}"
    rows = db.execute(
        "WITH newest AS (SELECT max(id) AS run_id FROM reconcile_run WHERE outcome='complete'"
        " AND (mode<>'window' OR (window_from<=? AND window_to>=?)) GROUP BY definition, source_system, target_system)"
        " SELECT definition, source_system, target_system, run_id, max(at), currency, sum(source_count),"
        " sum(source_minor), sum(target_count), sum(target_minor) FROM newest CROSS JOIN v_control_total USING (run_id)"
        " WHERE legal_entity=? AND period BETWEEN ? AND ?"
        " GROUP BY definition, source_system, target_system, currency"
        " ORDER BY definition, source_system, target_system, currency",
        (*months, legal_entity, *months),
    )
    return [Compared(*row) for row in rows]


def accepted(
    db: sqlite3.Connection, legal_entity: str | None, first: date, last: date
) -> list[tuple[str, str, Accepted]]:
    """Return what differs in those days and is in nobody's way, because people have explained it or written it off, with its
    company and day; of one company or of all."""
    rows = db.execute(
        "SELECT legal_entity, coalesce((SELECT a.accounting_on FROM v_accounting_day a WHERE a.workflow_id=b.workflow_id),"
        " json_extract(evidence, '$.dated'), period || '-01', substr(opened_at, 1, 10)) AS day,"
        " id, definition, kind, state, document_number, amount_minor, currency, ended_by, resolution"
        " FROM reconcile_break b WHERE gone_at IS NULL AND state IN ('explained', 'written_off')"
        f" AND legal_entity=coalesce(?, legal_entity) AND entity IN ({marks(COMPARED)}) AND day BETWEEN ? AND ? ORDER BY id",
        (legal_entity, *COMPARED, first.isoformat(), last.isoformat()),
    )
    return [(row[0], row[1], Accepted(*row[2:])) for row in rows]


def last_change(db: sqlite3.Connection, legal_entity: str, first: date, last: date) -> datetime | None:
    """Return when the process of a document that the books of those days rest on moved last."""
    row = db.execute(
        "SELECT max(w.changed_at) FROM workflow w JOIN v_accounting_day a ON a.workflow_id=w.id"
        f" WHERE w.legal_entity=? AND w.entity IN ({marks(BOOKED)}) AND a.accounting_on BETWEEN ? AND ?",
        (legal_entity, *BOOKED, first.isoformat(), last.isoformat()),
    ).fetchone()
    return when(row[0])


def booked(
    db: sqlite3.Connection, legal_entity: str | None, first: date, last: date
) -> Iterator[tuple[str, str, str, str, int, str, int]]:
    """Yield every document that the books of those days rest on, of one company or of all, in order of its key: company,
    entity, key, accounting day, amount, currency, and whether it is posted. What was given up, voided or replaced is none."""
    rows = db.execute(
        "SELECT w.legal_entity, w.entity, w.document_key, a.accounting_on, coalesce(w.amount_minor, 0),"
        " coalesce(w.currency, ''), NOT EXISTS (SELECT 1 FROM v_unposted u WHERE u.id=w.id)"
        " FROM workflow w JOIN v_accounting_day a ON a.workflow_id=w.id"
        " WHERE w.legal_entity IS NOT NULL AND (? IS NULL OR w.legal_entity=?)"
        f" AND w.entity IN ({marks(BOOKED)}) AND w.kind IN ('post', 'receive', 'advance')"
        " AND w.state NOT IN ('aborted', 'superseded') AND a.accounting_on BETWEEN ? AND ?"
        " AND NOT EXISTS (SELECT 1 FROM workflow later WHERE later.document_key=w.document_key AND later.id>w.id"
        " AND later.entity=w.entity AND later.kind='void' AND later.state='done')"
        " ORDER BY w.legal_entity, w.entity, w.document_key, w.id",
        (legal_entity, legal_entity, *BOOKED, first.isoformat(), last.isoformat()),
    )
    return (tuple(row) for row in rows)


def changed_since(
    db: sqlite3.Connection, legal_entity: str, first: date, last: date, at: datetime
) -> list[str]:
    """Return the numbers of the period's documents whose process moved after `at`."""
    rows = db.execute(
        "SELECT DISTINCT w.document_number FROM workflow w JOIN v_accounting_day a ON a.workflow_id=w.id"
        f" WHERE w.legal_entity=? AND w.entity IN ({marks(BOOKED)}) AND w.changed_at>? AND a.accounting_on BETWEEN ? AND ?"
        " ORDER BY w.document_number",
        (legal_entity, *BOOKED, text(at), first.isoformat(), last.isoformat()),
    )
    return [number for (number,) in rows]


def keep(db: sqlite3.Connection, certificate: Mapping[str, Any], body: Mapping[str, Any]) -> int:
    """Store a certificate; return its number. It is never changed: what changes later makes it invalid."""
    columns = (
        "legal_entity, ledger, period, starts_on, ends_on, certified_by, certified_at, digest, audit_seq"
    )
    row = db.execute(
        f"INSERT INTO close_certificate({columns}, body) VALUES (?,?,?,?,?,?,?,?,?,?) RETURNING id",
        (*(certificate[name] for name in columns.split(", ")), encode(body).decode()),
    ).fetchone()
    return int(row[0])


def newest_certificate(db: sqlite3.Connection, legal_entity: str, starts_on: date) -> Certificate | None:
    """Return the newest certificate of a period."""
    row = db.execute(
        "SELECT * FROM close_certificate WHERE legal_entity=? AND starts_on=? ORDER BY id DESC LIMIT 1",
        (legal_entity, starts_on.isoformat()),
    ).fetchone()
    return None if row is None else _certificate(row)


def newest_certificates(db: sqlite3.Connection) -> list[Certificate]:
    """Return the newest certificate of each company and period."""
    rows: Iterable[sqlite3.Row] = db.execute(
        "SELECT * FROM close_certificate WHERE id IN (SELECT max(id) FROM close_certificate GROUP BY legal_entity, starts_on)"
        " ORDER BY legal_entity, starts_on"
    )
    return [_certificate(row) for row in rows]


def _certificate(row: sqlite3.Row) -> Certificate:
    found = fields(row, instants=("certified_at",), objects=("body",))
    days = {name: date.fromisoformat(found[name]) for name in ("starts_on", "ends_on")}
    return Certificate(**{**found, **days})
