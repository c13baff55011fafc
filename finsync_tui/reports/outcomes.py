"""What keeping systems in step is worth, month by month: each measure with its formula, its baseline and how far it moved.

A measure divides what was counted in a month by all that there was to count, and says both. Where there was nothing to count it has
no value: nothing is not nought. The baseline is what the profile says, else the first month that was there whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from sqlite3 import Connection
from typing import Final, Literal

from finsync_tui.profile import Profile
from finsync_tui.profile.outcomes import Outcome
from store import causes
from store.canonical.currency import exponent
from store.clock import text

_PLACES: Final = Decimal("0.0001")
_POSTS: Final = "('order.create', 'invoice.create', 'journal.create', 'receipt.create')"
_CARRIES: Final = (
    "operation NOT LIKE 'run.%' AND operation NOT LIKE '%.submit' AND operation NOT LIKE '%.check\\_%' ESCAPE '\\'"
    " AND operation NOT LIKE '%.validate' AND operation NOT LIKE '%.acknowledge' AND operation <> 'journal.confirm'"
    " AND operation NOT LIKE 'subscription.%'"
)
"""Calls that carry a record or a status; the others only move on what one of these brought."""
_PEOPLE: Final = "who <> 'engine' AND (what LIKE 'exception.%' OR what LIKE 'delivery.%' OR what LIKE 'workflow.%' OR what LIKE 'break.%')"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure: its query yields month, currency, part and whole; amounts in minor units."""

    name: Outcome
    formula: str
    unit: Literal["share", "per thousand", "count", "hours", "days", "per cause"]
    query: str
    scale: int = 1
    is_money: bool = False


MEASURES: Final = (
    Measure(
        "first_pass_posting",
        "postings (order, invoice, journal, receipt) whose first attempt the ERP accepted as it was decided / postings that ended, by the month they ended",
        "share",
        f"""SELECT substr(d.ended_at, 1, 7), '', sum(d.state IN ('delivered', 'verified') AND NOT d.is_edited
            AND EXISTS (SELECT 1 FROM attempt a WHERE a.entry_id = d.id AND a.number = 1 AND a.outcome = 'delivered')), count(*)
          FROM v_delivery d WHERE d.ended_at IS NOT NULL AND d.operation IN {_POSTS} AND d.state <> 'cancelled' GROUP BY 1""",  # noqa: S608
    ),
    Measure(
        "policy_untouched",
        "processes of documents (orders, receipts, invoices, expenses) that never had an exception / those begun and not superseded, by the month they began",
        "share",
        """SELECT substr(w.started_at, 1, 7), '', sum(NOT EXISTS (SELECT 1 FROM v_exception c WHERE c.workflow_id = w.id)), count(*)
          FROM v_workflow w WHERE w.state <> 'superseded'
            AND w.entity IN ('purchase_order', 'receipt', 'invoice', 'expense_document') GROUP BY 1""",
    ),
    Measure(
        "manual_touches",
        "acts of people on exceptions, deliveries, processes and breaks in the audit log / processes begun, times 1,000, by the month of each",
        "per thousand",
        f"""SELECT w.month, '', coalesce(t.acts, 0), w.documents
          FROM (SELECT substr(started_at, 1, 7) AS month, count(*) AS documents FROM v_workflow GROUP BY 1) w
          LEFT JOIN (SELECT substr(at, 1, 7) AS month, count(*) AS acts FROM v_audit WHERE {_PEOPLE} GROUP BY 1) t ON t.month = w.month""",  # noqa: S608
        scale=1000,
    ),
    Measure(
        "records_distributed",
        "deliveries that a system took, by the month they ended, without those that only submit, check, validate or acknowledge what another one brought: each is a record or a status that nobody typed again",
        "count",
        f"""SELECT substr(ended_at, 1, 7), '', count(*), NULL FROM v_delivery
          WHERE state IN ('delivered', 'verified') AND {_CARRIES} GROUP BY 1""",  # noqa: S608
    ),
    Measure(
        "spend_with_order",
        "amounts invoiced of order lines / amounts invoiced of order lines and without an order, by the month they are booked on, for each currency",
        "share",
        """SELECT substr(booked_on, 1, 7), currency, sum(CASE WHEN has_order THEN amount_minor ELSE 0 END), sum(amount_minor) FROM (
            SELECT booked_on, currency, amount_minor, 1 AS has_order FROM commitment_relief
            UNION ALL SELECT booked_on, currency, amount_minor, 0 FROM expenditure_line)
          WHERE booked_on IS NOT NULL GROUP BY 1, 2""",
        is_money=True,
    ),
    Measure(
        "complete_lineage",
        "processes done whose payload is stored, whose steps are noted, and whose every delivery was tried and read back / processes done, by the month they ended",
        "share",
        """SELECT substr(w.ended_at, 1, 7), '', sum(
            EXISTS (SELECT 1 FROM record_version v WHERE v.entity = w.entity AND v.version = w.document_version
              AND v.system = substr(w.document_key, 1, instr(w.document_key, ':') - 1)
              AND v.external_id = substr(w.document_key, instr(w.document_key, ':') + 1))
            AND EXISTS (SELECT 1 FROM workflow_step s WHERE s.workflow_id = w.id)
            AND NOT EXISTS (SELECT 1 FROM v_delivery d WHERE d.workflow_id = w.id
              AND (d.state = 'delivered' OR d.state = 'verified' AND d.attempt_count = 0))), count(*)
          FROM v_workflow w WHERE w.state = 'done' GROUP BY 1""",
    ),
    Measure(
        "time_to_resolve",
        "hours from opening to end of all exceptions that ended / their number, by the month they ended",
        "hours",
        """SELECT substr(ended_at, 1, 7), '', CAST(round(sum(unixepoch(ended_at) - unixepoch(opened_at)) / 3600.0) AS INTEGER), count(*)
          FROM v_exception WHERE ended_at IS NOT NULL GROUP BY 1""",
    ),
    Measure(
        "incidents_by_cause",
        "exceptions opened / causes they have (class, and the rule, cost centre, account, supplier, employee or system that is missing or wrong), by the month they opened: one cause is one incident",
        "per cause",
        "",
    ),
    Measure(
        "days_to_close",
        "days from the end of each certified period to its first certificate / certified periods, by the month the periods end in",
        "days",
        """SELECT month, '', sum(days), count(*) FROM (
            SELECT substr(ends_on, 1, 7) AS month, CAST(julianday(date(min(certified_at))) - julianday(ends_on) AS INTEGER) AS days
            FROM close_certificate GROUP BY legal_entity, ledger, period) GROUP BY month""",
    ),
)


@dataclass(frozen=True, slots=True)
class _Counted:
    part: int
    whole: int | None


def outcomes(db: Connection, profile: Profile, now: datetime) -> Iterator[Sequence[object]]:
    """Yield each measure's months, oldest first."""
    yield (
        "measure", "unit", "month", "currency", "value", "part", "whole", "baseline", "baseline_from", "change", "note", "formula",
    )  # fmt: skip
    months = _months(db, now)
    still_open = dict(
        db.execute(
            "SELECT substr(opened_at, 1, 7), count(*) FROM v_exception WHERE ended_at IS NULL GROUP BY 1"
        ).fetchall()
    )
    for measure in MEASURES:
        found = _found(db, measure, now)
        if not found or not months:
            yield (measure.name, measure.unit, *([None] * 8), "nothing to count yet", measure.formula)
            continue
        for currency in sorted({currency for _, currency in found}):
            baseline = profile.outcomes.baseline.get(measure.name)
            yield from _trend(measure, currency, months, found, baseline, still_open)


def _trend(
    measure: Measure,
    currency: str,
    months: Sequence[tuple[str, bool]],
    found: Mapping[tuple[str, str], _Counted],
    given: Decimal | None,
    still_open: Mapping[str, int],
) -> Iterator[Sequence[object]]:
    values = {month: _value(measure, found.get((month, currency))) for month, _ in months}
    first = next((month for month, is_whole in months if is_whole and values[month] is not None), None)
    baseline, origin = (given, "profile") if given is not None else (values[first] if first else None, first)
    for month, is_whole in months:
        counted, now = found.get((month, currency)), values[month]
        outweighs = counted is not None and counted.whole is not None and not _is_share(measure, counted)
        notes = [
            "nothing to count" if now is None and not outweighs else "",
            "credits outweigh what was invoiced: no share" if outweighs else "",
            _open_note(still_open, month) if measure.name == "time_to_resolve" else "",
            "" if is_whole else "not a whole month",
        ]
        yield (
            measure.name, measure.unit, month, currency, now,
            _told(counted.part if counted else None, measure, currency), _told(counted.whole if counted else None, measure, currency),
            baseline, origin, now - baseline if now is not None and baseline is not None else None,
            "; ".join(note for note in notes if note), measure.formula,
        )  # fmt: skip


def _value(measure: Measure, counted: _Counted | None) -> Decimal | None:
    if counted is None:
        return None
    if measure.unit == "count":
        return Decimal(counted.part)
    if not counted.whole or not _is_share(measure, counted):
        return None
    return (Decimal(counted.part) * measure.scale / counted.whole).quantize(_PLACES)


def _is_share(measure: Measure, counted: _Counted) -> bool:
    """Say whether part and whole make a share: credit notes may make either negative, and then no quotient says anything."""
    return not measure.is_money or counted.whole is None or 0 <= counted.part <= counted.whole


def _open_note(still_open: Mapping[str, int], month: str) -> str:
    """Say how many that were opened by then have not ended yet: a mean of those that ended knows nothing of them."""
    count = sum(number for opened, number in still_open.items() if opened <= month)
    return f"{count:,} opened by then are still open" if count else ""


def _told(number: int | None, measure: Measure, currency: str) -> int | Decimal | None:
    if number is None or not measure.is_money:
        return number
    return Decimal(number).scaleb(-exponent(currency))


def _found(db: Connection, measure: Measure, now: datetime) -> dict[tuple[str, str], _Counted]:
    if measure.name == "incidents_by_cause":
        return _causes(db, now)
    return {
        (month, currency): _Counted(part, whole)
        for month, currency, part, whole in db.execute(measure.query)
        if month
    }


def _causes(db: Connection, now: datetime) -> dict[tuple[str, str], _Counted]:
    months = [month for (month,) in db.execute("SELECT DISTINCT substr(opened_at, 1, 7) FROM v_exception")]
    found = {}
    for month in months:
        waiting = causes.waiting(
            db, now, where="opened_at >= ? AND opened_at < ?", params=[month, month + "~"]
        )
        found[month, ""] = _Counted(sum(one.count for one in waiting), len(waiting))
    return found


def _months(db: Connection, now: datetime) -> list[tuple[str, bool]]:
    """Return the months from the first process to now, and whether each was there whole and is over."""
    begun: str | None = db.execute("SELECT min(started_at) FROM v_workflow").fetchone()[0]
    if begun is None:
        return []
    year, month = int(begun[:4]), int(begun[5:7])
    last, months = text(now)[:7], list[tuple[str, bool]]()
    while (name := f"{year:04}-{month:02}") <= last:
        months.append((name, name != last and (name != begun[:7] or begun[8:10] == "01")))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return months
