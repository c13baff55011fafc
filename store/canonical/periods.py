"""Budget periods as ranges of days, and which of them bears what is charged on a day.

A period is known by its name (a month, a quarter, a year), or by a calendar that says when it lasts. What is charged counts
on one day, its *budget day*: that of its document, moved into the period that the document names.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import NamedTuple

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR = re.compile(r"(?:(?:fy|by)[ -]?(\d{4}|\d{2})|(\d{4}))", re.IGNORECASE)
_MONTH = re.compile(r"(\d{4})[-/](\d{2})")
_MONTH_FIRST = re.compile(r"(\d{2})[-/](\d{4})")
_NAMED_MONTH = re.compile(r"([a-z]{3})[a-z]*[- ]?(\d{4}|\d{2})", re.IGNORECASE)
_QUARTER = re.compile(r"q([1-4])[- ]?(?:fy)?(\d{4}|\d{2})", re.IGNORECASE)
_YEARS_QUARTER = re.compile(r"(?:fy)?(\d{4}|\d{2})[- ]?q([1-4])", re.IGNORECASE)


class Span(NamedTuple):
    """First and last day of a period."""

    starts_on: date
    ends_on: date


def named(period: str) -> Span | None:
    """Return the days of a period by its name; None: the name does not tell.

    >>> named("FY2026") == named("FY26") == named("2026"), named("Project phase 2")
    (True, None)
    >>> str(named("Feb-26").ends_on), named("2026-02") == named("02-2026") == named("Feb-26")
    ('2026-02-28', True)
    >>> named("FY26-Q1") == named("Q1-2026") == Span(date(2026, 1, 1), date(2026, 3, 31))
    True
    """
    if found := _YEAR.fullmatch(period):
        return _months(_year(found[1] or found[2]), 1, 12)
    for pattern, year, month in ((_MONTH, 1, 2), (_MONTH_FIRST, 2, 1)):
        if (found := pattern.fullmatch(period)) and 1 <= int(found[month]) <= 12:
            return _months(int(found[year]), int(found[month]), int(found[month]))
    if (found := _NAMED_MONTH.fullmatch(period)) and found[1].lower() in _MONTHS:
        month = _MONTHS.index(found[1].lower()) + 1
        return _months(_year(found[2]), month, month)
    if found := _QUARTER.fullmatch(period):
        return _quarter(_year(found[2]), int(found[1]))
    if found := _YEARS_QUARTER.fullmatch(period):
        return _quarter(_year(found[1]), int(found[2]))
    return None


def is_year(period: str) -> bool:
    """Say whether a period is a whole year by its name."""
    return _YEAR.fullmatch(period) is not None


def day_in(span: Span | None, on: date) -> date:
    """Return the budget day of what is charged `on` a day to a period: the day of it that is the nearest.

    >>> str(day_in(named("2026-02"), date(2026, 1, 5))), str(day_in(named("FY2026"), date(2026, 1, 5)))
    ('2026-02-01', '2026-01-05')
    """
    return on if span is None else max(span.starts_on, min(on, span.ends_on))


def is_within(span: Span | None, budget_period: str, *, period: str | None, day: date | None) -> bool:
    """Say whether the budget of a period bears what is charged on its budget day, to a period that it may name.

    One whose days nobody knows bears what names it and nothing else.

    >>> quarter = named("Q1-2026")
    >>> is_within(quarter, "Q1-2026", period=None, day=date(2026, 3, 31)), is_within(quarter, "Q1-2026", period="Apr-26", day=date(2026, 4, 1))
    (True, False)
    """
    if period is not None and period == budget_period:
        return True
    return span is not None and day is not None and span.starts_on <= day <= span.ends_on


def overlap(one: Span | None, other: Span | None) -> bool:
    """Say whether two periods share a day, as far as anybody knows."""
    return (
        one is not None
        and other is not None
        and one.starts_on <= other.ends_on
        and other.starts_on <= one.ends_on
    )


def _months(year: int, first: int, last: int) -> Span | None:
    if not 1 <= year <= 9999:
        return None
    return Span(date(year, first, 1), date(year, last, monthrange(year, last)[1]))


def _quarter(year: int, quarter: int) -> Span | None:
    return _months(year, 3 * quarter - 2, 3 * quarter)


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)
