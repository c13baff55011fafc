"""Each total of each report is that of an independent query over the documented views, on a company's year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
import python_calamine

from finsync_tui import reports
from finsync_tui.reports import Question, Report
from finsync_tui.reports.outcomes import MEASURES, Measure
from store.canonical.currency import exponent

TOTALS: Final[Mapping[str, Mapping[str, str]]] = {
    "completeness": {
        "in": "SELECT currency, sum(amount_minor) FROM v_workflow GROUP BY 1",
        "aside": "SELECT currency, sum(amount_minor) FROM v_workflow WHERE state IN ('aborted', 'superseded') GROUP BY 1",
        "stopped": """SELECT currency, sum(amount_minor) FROM v_workflow WHERE state IN ('running', 'waiting', 'held')
          AND id IN (SELECT workflow_id FROM v_exception WHERE state IN ('open', 'snoozed')) GROUP BY 1""",
        "in_flight": """SELECT currency, sum(amount_minor) FROM v_workflow WHERE state IN ('running', 'waiting', 'held')
          AND id NOT IN (SELECT workflow_id FROM v_exception WHERE state IN ('open', 'snoozed') AND workflow_id IS NOT NULL) GROUP BY 1""",
        "out": """SELECT currency, sum(amount_minor) FROM v_workflow WHERE state = 'done' AND id IN (
          SELECT workflow_id FROM v_delivery WHERE state IN ('delivered', 'verified') AND operation IN ({writes})) GROUP BY 1""",
        "no_write": """SELECT currency, sum(amount_minor) FROM v_workflow WHERE state = 'done' AND id NOT IN (
          SELECT workflow_id FROM v_delivery WHERE state IN ('delivered', 'verified') AND operation IN ({writes})) GROUP BY 1""",
        "accepted": """SELECT currency, sum(size) FROM (SELECT w.id, w.currency, max(d.amount_minor) AS size FROM v_delivery d
          JOIN v_workflow w ON w.id = d.workflow_id WHERE w.state = 'done' AND d.state IN ('delivered', 'verified')
          AND d.operation IN ({writes}) GROUP BY w.id) GROUP BY 1""",
        "difference": "SELECT DISTINCT currency, 0 FROM v_workflow",
    },
    "exceptions": {"amount": "SELECT currency, sum(amount_minor) FROM v_exception WHERE state IN ('open', 'snoozed') GROUP BY 1"},
    "exception-ageing": {
        "amount": "SELECT currency, sum(amount_minor) FROM v_exception WHERE state IN ('open', 'snoozed') GROUP BY 1",
        "amount_over_30_days": """SELECT currency, total(CASE WHEN julianday(opened_at) <= julianday(:now) - 31 THEN amount_minor END)
          FROM v_exception WHERE state IN ('open', 'snoozed') AND amount_minor IS NOT NULL GROUP BY 1""",
    },
    "write-offs": {
        "amount": """SELECT currency, sum(amount_minor) FROM (
          SELECT currency, amount_minor FROM v_break WHERE state = 'written_off'
          UNION ALL SELECT currency, amount_minor FROM v_exception WHERE is_written_off) GROUP BY 1"""
    },
    "commitments": {
        "ordered": "SELECT currency, sum(ordered_minor) FROM v_charge GROUP BY 1",
        "invoiced": "SELECT currency, sum(invoiced_minor) FROM v_charge GROUP BY 1",
        "amount": "SELECT currency, sum(ordered_minor - invoiced_minor) FROM v_charge GROUP BY 1",
        "over": "SELECT currency, total(CASE WHEN kind = 'over' THEN amount_minor END) FROM v_spent GROUP BY 1",
        "ended": "SELECT currency, total(CASE WHEN kind = 'ended' THEN amount_minor END) FROM v_spent GROUP BY 1",
        "used": "SELECT currency, sum(ordered_minor + over_minor + ended_minor) FROM v_charge GROUP BY 1",
    },
    "budgets": {
        "requested": "SELECT currency, total(CASE WHEN stage = 'commitment' THEN amount_minor END) FROM v_commitment GROUP BY 1",
        "ordered": "SELECT currency, total(CASE WHEN stage = 'obligation' THEN ordered_minor END) FROM v_commitment GROUP BY 1",
        "invoiced": "SELECT currency, total(CASE WHEN stage = 'obligation' THEN invoiced_minor END) FROM v_commitment GROUP BY 1",
        "open": "SELECT currency, total(CASE WHEN stage = 'obligation' THEN amount_minor END) FROM v_commitment GROUP BY 1",
        "over": "SELECT currency, total(CASE WHEN kind = 'over' THEN amount_minor END) FROM v_spent GROUP BY 1",
        "ended": "SELECT currency, total(CASE WHEN kind = 'ended' THEN amount_minor END) FROM v_spent GROUP BY 1",
        "direct": "SELECT currency, total(CASE WHEN kind = 'direct' THEN amount_minor END) FROM v_spent GROUP BY 1",
    },
    "breaks": {"amount": "SELECT currency, sum(amount_minor) FROM v_break WHERE state = 'open' GROUP BY 1"},
    "break-classes": {"amount_at_risk": "SELECT currency, sum(abs(amount_minor)) FROM v_break WHERE state = 'open' GROUP BY 1"},
    "duplicates": {"amount": "SELECT currency, sum(amount_minor) FROM v_exception WHERE class LIKE '%DUPLICATE%' OR class = 'PAYMENT_TWICE_POSSIBLE' GROUP BY 1"},
    "mapping-gaps": {
        "amount": """SELECT currency, sum(amount_minor) FROM v_exception WHERE state IN ('open', 'snoozed')
          AND class IN ('MAPPING_MISSING', 'ACCOUNT_MISSING') AND evidence ->> '$.table' IS NOT NULL GROUP BY 1"""
    },
    "close-check": {
        "amount": "SELECT currency, sum(amount_minor) FROM v_close_item WHERE legal_entity = 'DE01' AND accounting_on BETWEEN '2026-05-01' AND '2026-05-31' GROUP BY 1"
    },
}  # fmt: skip
WRITES: Final = """'order.create', 'order.change', 'order.cancel', 'order.close', 'order.discard', 'receipt.create', 'receipt.return',
  'receipt.correct', 'invoice.create', 'invoice.cancel', 'journal.create', 'supplier.create', 'supplier.change'"""
COUNTS: Final[Mapping[str, tuple[str, str]]] = {
    "completeness": ("in_count", "SELECT count(*) FROM v_workflow"),
    "exception-ageing": ("open", "SELECT count(*) FROM v_exception WHERE state IN ('open', 'snoozed')"),
    "delivery-log": ("", "SELECT count(*) FROM v_attempt"),
    "lineage": ("", "SELECT count(*) FROM v_workflow"),
    "health": ("", "SELECT count(*) FROM v_system"),
    "reconciliation-certificate": (
        "compared",
        "SELECT sum(compared * coalesce(nullif((SELECT count(DISTINCT currency) FROM v_control_total t WHERE t.run_id = r.id), 0), 1)) "
        "FROM v_reconcile_run r WHERE id IN (SELECT max(id) FROM v_reconcile_run WHERE outcome = 'complete' GROUP BY definition, source_system, target_system)",
    ),
    "control-totals": (
        "",
        "SELECT count(*) FROM v_control_total WHERE run_id IN (SELECT max(id) FROM v_reconcile_run WHERE outcome = 'complete' "
        "GROUP BY definition, source_system, target_system)",
    ),
}  # fmt: skip
MEASURED: Final[Mapping[str, str]] = {
    "first_pass_posting": """SELECT strftime('%Y-%m', d.ended_at) AS month, '', count(a.id), count(*) FROM v_delivery d
      LEFT JOIN v_attempt a ON a.entry_id = d.id AND a.number = 1 AND a.outcome = 'delivered' AND a.is_edited = 0 AND d.is_edited = 0
        AND d.state IN ('verified', 'delivered')
      WHERE d.operation IN ('order.create', 'invoice.create', 'journal.create', 'receipt.create')
        AND d.state IN ('delivered', 'verified', 'refused', 'buried') AND d.ended_at > '' GROUP BY month""",
    "policy_untouched": """SELECT strftime('%Y-%m', started_at) AS month, '', count(*) FILTER (WHERE id NOT IN
        (SELECT workflow_id FROM v_exception WHERE workflow_id IS NOT NULL)), count(*) FROM v_workflow
      WHERE entity IN ('expense_document', 'invoice', 'purchase_order', 'receipt') AND state IN ('running', 'waiting', 'held', 'done', 'aborted')
      GROUP BY month""",
    "manual_touches": """SELECT month, '', total(acts), total(begun) FROM (
        SELECT strftime('%Y-%m', started_at) AS month, 0 AS acts, 1 AS begun FROM v_workflow
        UNION ALL SELECT strftime('%Y-%m', at), 1, 0 FROM v_audit WHERE who NOT IN ('engine')
          AND substr(what, 1, instr(what, '.') - 1) IN ('exception', 'delivery', 'workflow', 'break'))
      GROUP BY month HAVING total(begun) > 0""",
    "records_distributed": """SELECT strftime('%Y-%m', ended_at) AS month, '', count(*), NULL FROM v_delivery
      WHERE state IN ('delivered', 'verified') AND operation NOT IN (
        'run.start', 'run.finish', 'run.error', 'run.resolve_error', 'order.submit', 'requisition.submit', 'order.check_funds',
        'requisition.check_funds', 'user.check_provision', 'invoice.validate', 'expense.acknowledge', 'journal.confirm',
        'subscription.put', 'subscription.delete') GROUP BY month""",
    "spend_with_order": """SELECT strftime('%Y-%m', booked_on) AS month, currency, total(amount_minor) FILTER (WHERE document_key IS NOT NULL),
        total(amount_minor) FROM v_invoiced WHERE booked_on IS NOT NULL GROUP BY month, currency""",
    "complete_lineage": """SELECT strftime('%Y-%m', w.ended_at) AS month, '', count(*) FILTER (WHERE v.id IS NOT NULL AND w.id IN (SELECT workflow_id FROM v_step)
          AND w.id NOT IN (SELECT workflow_id FROM v_delivery WHERE workflow_id IS NOT NULL AND state = 'delivered')
          AND w.id NOT IN (SELECT workflow_id FROM v_delivery WHERE workflow_id IS NOT NULL AND state = 'verified' AND id NOT IN (SELECT entry_id FROM v_attempt))),
        count(*) FROM v_workflow w LEFT JOIN v_version v ON v.document_key = w.document_key AND v.entity = w.entity AND v.version = w.document_version
      WHERE w.state = 'done' GROUP BY month""",
    "time_to_resolve": """SELECT strftime('%Y-%m', ended_at) AS month, '', CAST(round(total(julianday(ended_at) - julianday(opened_at)) * 24) AS INTEGER),
        count(*) FROM v_exception WHERE ended_at > '' GROUP BY month""",
    "days_to_close": """SELECT strftime('%Y-%m', ends_on) AS month, '', total(days), count(*) FROM (
        SELECT ends_on, min(julianday(substr(certified_at, 1, 10))) - julianday(ends_on) AS days FROM v_certificate
        GROUP BY legal_entity, ledger, period) GROUP BY month""",
}  # fmt: skip
"""Of each measure by month and currency its part and its whole; causes are counted in a test of their own."""
SLA_QUERY: Final = """
SELECT place, name, sum(ended_at IS NOT NULL AND ended_at <= due_at), sum(ended_at IS NOT NULL AND ended_at > due_at), count(*) FROM (
  SELECT flow AS place, name, ended_at, due_at FROM v_step WHERE due_at IS NOT NULL
  UNION ALL SELECT 'exceptions', class, ended_at, due_at FROM v_exception WHERE due_at IS NOT NULL) GROUP BY 1, 2"""
HEALTH_QUERY: Final = """
SELECT s.system, (SELECT count(*) FROM v_read r WHERE r.system = s.system), (SELECT total(rows_read) FROM v_read r WHERE r.system = s.system),
  (SELECT total(rows_refused) FROM v_read r WHERE r.system = s.system), (SELECT count(*) FROM v_attempt a WHERE a.system = s.system),
  (SELECT count(*) FROM v_attempt a WHERE a.system = s.system AND a.outcome IN ('delivered', 'found')),
  (SELECT count(*) FROM v_delivery d WHERE d.system = s.system AND d.state = 'buried') FROM v_system s"""
LINEAGE_QUERY: Final = """
SELECT w.document_key, w.flow, (SELECT count(*) FROM v_version v WHERE v.document_key = w.document_key AND v.entity = w.entity
    AND v.version = w.document_version), (SELECT count(*) FROM v_step s WHERE s.workflow_id = w.id),
  (SELECT count(*) FROM v_delivery d WHERE d.workflow_id = w.id AND d.state IN ('delivered', 'verified')),
  (SELECT count(*) FROM v_attempt a JOIN v_delivery d ON d.id = a.entry_id WHERE d.workflow_id = w.id),
  (SELECT count(*) FROM v_delivery d WHERE d.workflow_id = w.id AND d.state = 'verified') FROM v_workflow w"""
OF_PERIOD: Final = ("DE01", "May-26")


def _asked(report: Report, year: Question) -> Question:
    if not report.is_of_period:
        return year
    return replace(year, legal_entity=OF_PERIOD[0], period=OF_PERIOD[1])


def _sheet(path: Path, name: str) -> list[dict[str, Any]]:
    rows = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_name(name).to_python()
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]  # type: ignore[arg-type]


@pytest.mark.parametrize("report", [one for one in reports.REPORTS if one.totalled], ids=lambda one: one.name)
def test_each_total_is_that_of_an_independent_query(report: Report, year: Question, tmp_path: Path) -> None:
    """Every column that is added up has its query here: a report without one fails."""
    path = tmp_path / "x.xlsx"
    reports.write(report, _asked(report, year), path)
    told = _sheet(path, "Totals") if _has_totals(path) else []

    assert set(report.totalled) == set(TOTALS[report.name])
    for column, query in TOTALS[report.name].items():
        expected = {
            currency: Decimal(int(minor)).scaleb(-exponent(currency))
            for currency, minor in year.db.execute(
                query.format(writes=WRITES), {"now": f"{year.now:%Y-%m-%dT%H:%M:%S}"}
            )
            if currency is not None and minor is not None
        }
        shown = {row["currency"]: Decimal(str(row[column] or 0)) for row in told}
        assert expected == {currency: shown.get(currency, Decimal("NaN")) for currency in expected}, column
        assert all(not total for currency, total in shown.items() if currency not in expected), column


def _has_totals(path: Path) -> bool:
    return "Totals" in python_calamine.CalamineWorkbook.from_path(str(path)).sheet_names


@pytest.mark.parametrize("name", COUNTS)
def test_nothing_is_left_out(name: str, year: Question) -> None:
    """As many as the views hold: of rows, or of what the rows count."""
    column, query = COUNTS[name]
    header, *rows = reports.find(name).rows(year)

    counted = sum(row[list(header).index(column)] for row in rows) if column else len(rows)  # type: ignore[misc]
    (expected,) = year.db.execute(query).fetchone()
    assert (expected, True) == (counted, expected > 0)


def test_what_comes_in_is_somewhere(year: Question) -> None:
    """In = out + without a write + in flight + stopped + aside, in each row, in documents and in money; and the target accepted what went out."""
    header, *rows = reports.find("completeness").rows(year)
    places = ("out", "no_write", "in_flight", "stopped", "aside")
    for row in rows:
        cells: dict[str, Any] = dict(zip(header, row, strict=True))
        assert cells["in_count"] == sum(cells[f"{one}_count"] for one in places)
        if cells["in"] is not None and cells["currency"]:
            assert cells["in"] == sum(cells[one] for one in places)
            assert not cells["difference"]


def test_each_outcome_says_its_formula_and_never_takes_nothing_for_nought(year: Question) -> None:
    """Value = part / whole; without a whole there is no value and a note; the change is from the baseline."""
    header, *rows = reports.find("outcomes").rows(year)
    told: list[dict[str, Any]] = [dict(zip(header, row, strict=True)) for row in rows]

    assert [one.name for one in MEASURES] == list(dict.fromkeys(row["measure"] for row in told))
    assert all(row["formula"] for row in told)
    for row in told:
        if row["value"] is None:
            assert "nothing to count" in row["note"] or "credits outweigh" in row["note"]
            assert row["change"] is None
        elif row["unit"] == "share":
            assert row["value"] == (Decimal(row["part"]) / row["whole"]).quantize(Decimal("0.0001"))
        if row["change"] is not None:
            assert row["change"] == row["value"] - row["baseline"]
    valued = {row["measure"] for row in told if row["value"] is not None}
    assert valued >= {"first_pass_posting", "policy_untouched", "spend_with_order", "complete_lineage"}


def test_a_baseline_of_the_profile_goes_before_the_first_month(year: Question) -> None:
    """And says where it is from."""
    outcomes = year.profile.outcomes.model_copy(update={"baseline": {"first_pass_posting": Decimal("0.5")}})
    given = replace(year, profile=year.profile.model_copy(update={"outcomes": outcomes}))
    header, *rows = reports.find("outcomes").rows(given)
    told: list[dict[str, Any]] = [dict(zip(header, row, strict=True)) for row in rows]

    first = next(row for row in told if row["measure"] == "first_pass_posting")
    other = next(row for row in told if row["measure"] == "policy_untouched" and row["baseline"] is not None)
    assert (Decimal("0.5"), "profile") == (first["baseline"], first["baseline_from"])
    assert "profile" != other["baseline_from"]


@pytest.mark.parametrize(
    "measure", [one for one in MEASURES if one.name in MEASURED], ids=lambda one: one.name
)
def test_each_measure_is_that_of_an_independent_query(measure: Measure, year: Question) -> None:
    """Part and whole of each month and currency, over the documented views."""
    expected = {
        (month, currency): (_money(part, currency), None if whole is None else _money(whole, currency))
        for month, currency, part, whole in year.db.execute(MEASURED[measure.name])
        if month
    }
    told = {
        (row["month"], row["currency"]): (
            Decimal(row["part"]),
            None if row["whole"] is None else Decimal(row["whole"]),
        )
        for row in _told(year, "outcomes")
        if row["measure"] == measure.name and row["part"] is not None
    }

    first = min((month for month, _ in told), default="")
    assert {key: value for key, value in expected.items() if key[0] >= first} == told


def test_every_measure_has_its_query() -> None:
    """A new one without a query fails here."""
    assert {one.name for one in MEASURES} == {*MEASURED, "incidents_by_cause"}


def test_an_incident_is_a_cause_however_many_wait_for_it(year: Question) -> None:
    """As many exceptions as the view has of the month, and never more causes than exceptions nor fewer than classes."""
    by_month = dict(
        year.db.execute(
            "SELECT strftime('%Y-%m', opened_at), count(*) FROM v_exception GROUP BY 1"
        ).fetchall()
    )
    classes = dict(
        year.db.execute(
            "SELECT strftime('%Y-%m', opened_at), count(DISTINCT class) FROM v_exception GROUP BY 1"
        ).fetchall()
    )
    told = [
        row
        for row in _told(year, "outcomes")
        if row["measure"] == "incidents_by_cause" and row["part"] is not None
    ]

    assert by_month == {row["month"]: row["part"] for row in told}
    assert all(classes[row["month"]] <= row["whole"] <= row["part"] for row in told)


def test_each_step_in_time_is_one_in_time(year: Question) -> None:
    """`sla` adds up to what the views hold, by flow and step."""
    told: dict[tuple[str, str], list[int]] = {}
    for row in _told(year, "sla"):
        sums = told.setdefault((row["flow"], row["step"]), [0, 0, 0])
        for place, name in enumerate(("in_time", "late", "due")):
            sums[place] += row[name]

    assert {(place, name): [*counts] for place, name, *counts in year.db.execute(SLA_QUERY)} == told


def test_each_system_is_as_the_views_tell(year: Question) -> None:
    """`health`: reads, rows, attempts and dead letters by system."""
    names = ("reads", "rows_read", "rows_refused", "attempts", "taken", "dead")
    told = {row["system"]: [row[name] or 0 for name in names] for row in _told(year, "health")}

    assert {
        system: [int(count) for count in counts] for system, *counts in year.db.execute(HEALTH_QUERY)
    } == told


def test_each_process_is_traced_as_the_views_tell(year: Question) -> None:
    """`lineage`: payloads, steps, deliveries, attempts, and what was read back."""
    names = ("document_key", "flow", "payloads", "steps", "sent", "attempts", "verified")

    assert sorted(tuple(row) for row in year.db.execute(LINEAGE_QUERY)) == sorted(
        tuple(row[name] for name in names) for row in _told(year, "lineage")
    )


def _told(year: Question, name: str) -> list[dict[str, Any]]:
    header, *rows = reports.find(name).rows(year)
    return [dict(zip(header, row, strict=True)) for row in rows]  # type: ignore[arg-type]


def _money(minor: float, currency: str) -> Decimal:
    return Decimal(int(minor)).scaleb(-exponent(currency)) if currency else Decimal(int(minor))


def test_a_share_of_credit_notes_is_none(year: Question) -> None:
    """Where more is credited than invoiced no quotient says anything: it is said, and never shown as a negative share."""
    told = [
        row
        for row in _told(year, "outcomes")
        if row["measure"] == "spend_with_order" and row["part"] is not None
    ]

    for row in told:
        is_share = 0 <= row["part"] <= row["whole"] and row["whole"] > 0
        assert is_share == (row["value"] is not None), row
        assert ("credits outweigh" in row["note"]) == (not 0 <= row["part"] <= row["whole"])


def test_what_is_still_open_stands_beside_the_time_to_resolve(year: Question) -> None:
    """A mean of those that ended knows nothing of the hard ones."""
    (expected,) = year.db.execute("SELECT count(*) FROM v_exception WHERE ended_at IS NULL").fetchone()
    last = [row for row in _told(year, "outcomes") if row["measure"] == "time_to_resolve"][-1]

    assert expected > 0
    assert f"{expected:,} opened by then are still open" in last["note"]
