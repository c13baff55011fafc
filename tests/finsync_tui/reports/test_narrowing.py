"""A report of some days or of one company holds exactly the rows of these."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from finsync_tui import reports
from finsync_tui.closing import UnknownPeriodError
from finsync_tui.reports import Question, QuestionError, Report

MARCH = (date(2026, 3, 1), date(2026, 3, 31))
OF_DAYS = {
    "delivery-log": ("started_at", "ended_at"),
    "deliveries": ("decided_at", "ended_at"),
    "lineage": ("started_at", ""),
    "exceptions": ("opened_at", "ended_at"),
    "breaks": ("opened_at", "ended_at"),
    "reconciliations": ("started_at", "ended_at"),
    "duplicates": ("opened_at", "ended_at"),
    "write-offs": ("ended_at", "ended_at"),
}


def _rows(report: Report, question: Question, folder: Path) -> list[dict[str, str]]:
    path = folder / f"{len(list(folder.iterdir()))}.csv"
    reports.write(report, question, path)
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", OF_DAYS)
def test_rows_of_days_are_those_that_held_then(name: str, year: Question, tmp_path: Path) -> None:
    """Each row began before their end and did not end before their beginning; none of those that did is missing."""
    report = reports.find(name)
    begun, ended = OF_DAYS[name]
    always = reports.narrowed(report, year, first=date(2000, 1, 1), last=date(2100, 1, 1))
    march = reports.narrowed(report, year, first=MARCH[0], last=MARCH[1])

    every, found = _rows(report, always, tmp_path), _rows(report, march, tmp_path)

    if ended:
        wanted = [
            row for row in every if row[begun] < "2026-04-01" and (row[ended] or "2026-04-01") >= "2026-03-01"
        ]
        assert wanted == found
    assert all(row[begun] < "2026-04-01" for row in found)
    assert len(found) < len(every) or not every


@pytest.mark.parametrize("name", [one.name for one in reports.REPORTS if "entity" in one.narrowed_by])
def test_rows_of_a_company_are_its_own(name: str, year: Question, tmp_path: Path) -> None:
    """No row of another company; together the companies have every row that is of one."""
    report = reports.find(name)
    companies = sorted(year.profile.legal_entities)

    each = {
        company: _rows(report, reports.narrowed(report, year, legal_entity=company), tmp_path)
        for company in companies
    }
    every = _rows(report, year, tmp_path)

    told = [row for row in every if row.get("legal_entity", companies[0])]
    if every and "legal_entity" in every[0]:
        assert all(row["legal_entity"] == company for company, rows in each.items() for row in rows)
        assert len(told) == sum(map(len, each.values()))
    else:  # deliveries and attempts are of the company of their document
        found = sum(map(len, each.values()))
        assert found <= len(every)
        assert bool(found) == bool(every)


def test_a_period_is_that_of_the_company(year: Question) -> None:
    """It begins and ends where the company is; a month of no company is one of UTC."""
    report = reports.find("lineage")
    setup = year.profile.legal_entities["DE01"]
    there = setup.model_copy(
        update={"close": setup.close.model_copy(update={"timezone": "America/New_York"})}
    )
    profile = year.profile.model_copy(update={"legal_entities": {"DE01": there}})

    ours = reports.narrowed(report, replace(year, profile=profile), legal_entity="DE01", period="2026-05")
    month = reports.narrowed(report, year, period="2026-02")

    assert (date(2026, 5, 1), date(2026, 5, 31), "May-26") == (ours.first, ours.last, ours.period)
    assert datetime(2026, 5, 1, 4, tzinfo=UTC) == ours.begins
    assert (datetime(2026, 2, 1, tzinfo=UTC), timedelta(days=28)) == (month.begins, month.ends - month.begins)  # type: ignore[operator]


def test_questions_that_a_report_has_no_answer_to_are_refused(year: Question) -> None:
    """Days of a report of now, a company of one that is of none, days that end before they begin, periods that are not there."""
    lineage, health, accruals = (reports.find(name) for name in ("lineage", "health", "accruals"))

    for report, asked in (
        (health, {"first": MARCH[0]}),
        (health, {"legal_entity": "DE01"}),
        (accruals, {"legal_entity": "DE01"}),
        (accruals, {"legal_entity": "DE01", "period": "May-26", "first": MARCH[0]}),
        (lineage, {"first": MARCH[1], "last": MARCH[0]}),
        (lineage, {"last": MARCH[1]}),
        (lineage, {"period": "May-26"}),
        (lineage, {"period": "2026-05", "first": MARCH[0]}),
    ):
        with pytest.raises(QuestionError):
            reports.narrowed(report, year, **asked)  # type: ignore[arg-type]
    with pytest.raises(UnknownPeriodError):
        reports.narrowed(lineage, year, legal_entity="XX99")
