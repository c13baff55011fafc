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
from finsync_tui.reports.outcomes import MEASURES
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
    "delivery-log": ("", "SELECT count(*) FROM v_lineage WHERE kind = 'attempt'"),
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
            assert "nothing to count" in row["note"]
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
