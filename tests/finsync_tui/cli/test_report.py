"""`finsync report`: each report in each format, through the code that the Reports screen uses."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from finsync_tui import reports
from finsync_tui.reports import Question, Report, StoppedError
from tests.finsync_tui.cli.conftest import Finsync
from tests.finsync_tui.governance.council import Council

NAMES = [one.name for one in reports.REPORTS if not one.is_of_period]


@pytest.mark.parametrize("name", NAMES)
def test_each_report_is_written(finsync: Finsync, name: str) -> None:
    """With a header at least, as CSV and as JSON, with the same rows in both."""
    written, same = finsync("report", name), finsync("report", name, "--json")

    assert (0, 0) == (written.code, same.code)
    assert len(same.json) == len(list(csv.DictReader(io.StringIO(written.out))))


def test_cells_are_safe_and_money_is_exact(finsync: Finsync, tmp_path: Path) -> None:
    """No formula, nothing that steers a terminal; each amount in its currency's own decimals."""
    rows = list(csv.DictReader(io.StringIO(finsync("report", "exceptions").out)))
    book = finsync("report", "exceptions", "--format", "xlsx", "--output", tmp_path / "x.xlsx")

    assert [("1204.50", "EUR"), ("500", "JPY")] == [(row["amount"], row["currency"]) for row in rows]
    assert "'=HYPERLINK(0)" == rows[1]["document_number"]
    assert "ACME [2J LTD could not be reached" == rows[0]["cause"]
    assert (0, True) == (book.code, (tmp_path / "x.xlsx").is_file())


def test_wrong_questions_are_refused(finsync: Finsync, tmp_path: Path) -> None:
    """An unknown name, a period that is missing, a workbook without a file, a file that is there: nothing is written."""
    there = tmp_path / "there.csv"
    there.write_text("mine")
    refused = [
        finsync("report", "nonsense"),
        finsync("report", "accruals"),
        finsync("report", "breaks", "--format", "xlsx"),
        finsync("report", "breaks", "--output", there),
    ]

    assert [2, 2, 2, 1] == [one.code for one in refused]
    assert "mine" == there.read_text()
    assert set(NAMES) < {one["name"] for one in finsync("report", "--json").json}


def test_a_report_is_of_the_days_and_the_company_that_are_named(finsync: Finsync) -> None:
    """What was open on those days; of another company, or in another month, there is nothing."""
    of_month = finsync("report", "exceptions", "--period", "2026-01", "--json")
    of_days = finsync("report", "exceptions", "--from", "2026-01-01", "--to", "2026-01-31", "--json")
    before = finsync("report", "exceptions", "--from", "2025-01-01", "--to", "2025-01-31", "--json")
    refused = finsync("report", "health", "--from", "2026-01-01")

    assert of_month.json == of_days.json == finsync("report", "exceptions", "--json").json != before.json
    assert [] == before.json
    assert (2, True) == (refused.code, "REPORT_QUESTION" in refused.err)


def test_a_stopped_report_leaves_no_file(tmp_path: Path) -> None:
    """It is asked before each batch; what comes in batches is never held whole."""
    council = Council({})
    report = Report("many", "Many", "", lambda _: iter([["n"], *([n] for n in range(2_000))]))
    told: list[int] = []

    with pytest.raises(StoppedError):
        reports.write(
            report,
            Question(council.store.db, council.profile, datetime(2026, 1, 5, tzinfo=UTC)),
            tmp_path / "many.csv",
            told=told.append,
            is_stopped=lambda: bool(told),
        )

    assert [500] == told
    assert [] == list(tmp_path.iterdir())
