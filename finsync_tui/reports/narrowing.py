"""Which part of a report is asked for: a legal entity, a period, days."""

from __future__ import annotations

import calendar
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from finsync_tui import closing
from finsync_tui.reports.catalogue import Question, Report
from store.errors import FinsyncError


class QuestionError(FinsyncError):
    """A report can't be asked so."""

    code = "REPORT_QUESTION"
    exit_code = 2

    def __init__(self, report: Report, problem: str) -> None:
        super().__init__(f"the report {report.name}: {problem}. Nothing was written.")


def narrowed(
    report: Report,
    question: Question,
    *,
    legal_entity: str = "",
    period: str = "",
    first: date | None = None,
    last: date | None = None,
) -> Question:
    """Return the question about one legal entity, period or stretch of days, both included. Raises QuestionError.

    A period of a legal entity begins and ends where the company is; days, and a month of no company, are those of UTC.
    """
    if report.is_of_period:
        if not (legal_entity and period) or first or last:
            raise QuestionError(report, "name --entity and --period")
        return replace(question, legal_entity=legal_entity, period=period)
    if legal_entity and "entity" not in report.narrowed_by:
        raise QuestionError(report, "leave out --entity: it is not of one legal entity")
    if (period or first or last) and "days" not in report.narrowed_by:
        raise QuestionError(report, "leave out --period, --from and --to: it is of now")
    if legal_entity:
        closing.setup_of(question.profile, legal_entity)
    question = replace(question, legal_entity=legal_entity, period=period)
    if period:
        if first or last:
            raise QuestionError(report, "name a period, or days with --from and --to")
        return _of_period(report, question)
    if first is None and last is None:
        return question
    if first is None:
        raise QuestionError(report, "name the first day with --from")
    return of_days(report, question, first, last or question.now.date())


def of_days(report: Report, question: Question, first: date, last: date, zone: tzinfo = UTC) -> Question:
    """Return the question about these days, both included. Raises QuestionError."""
    if first > last:
        raise QuestionError(report, f"{first} is after {last}")
    return replace(
        question,
        first=first,
        last=last,
        begins=datetime.combine(first, time(), zone),
        ends=datetime.combine(last + timedelta(days=1), time(), zone),
    )


def _of_period(report: Report, question: Question) -> Question:
    if question.legal_entity:
        setup = closing.setup_of(question.profile, question.legal_entity)
        found = closing.find_period(question.db, question.profile, question.legal_entity, question.period)
        zone = ZoneInfo(setup.close.timezone)
        return of_days(report, replace(question, period=found.name), found.starts_on, found.ends_on, zone)
    try:
        first = date.fromisoformat(f"{question.period}-01")
    except ValueError:
        raise QuestionError(
            report, f"{question.period!r} is no month as 2026-03; a period of a company takes --entity, too"
        ) from None
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    return of_days(report, question, first, last)


def can_be_of(report: Report) -> str:
    """Say what a report can be of, in words."""
    if report.is_of_period:
        return "a company and period"
    words = {"days": "days", "entity": "a company"}
    return " and ".join(words[one] for one in report.narrowed_by)
