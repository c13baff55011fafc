"""Writing a report to a file, or looking at its first rows. Memory is bounded by a batch, whatever the report's size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path

from finsync_tui.reports.catalogue import Question, Report
from finsync_tui.sheets import Cell, one_line, writing
from store.clock import text

BATCH = 500
CELL_CHARS_MAX = 32_000
"""What a cell of a workbook holds."""


class StoppedError(Exception):
    """The person wants no more of it."""


def write(
    report: Report,
    question: Question,
    path: Path,
    *,
    replaces: bool = False,
    told: Callable[[int], object] = lambda _: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Write a report to a file that its name says the format of; return how many rows. Raises StoppedError, and then
    leaves no file behind."""
    header, rows = _begun(report, question)
    count = 0
    with writing(path, header, replaces=replaces) as add:
        while part := list(islice(rows, BATCH)):
            if is_stopped():
                raise StoppedError
            add(part)
            count += len(part)
            told(count)
    return count


def preview(report: Report, question: Question, rows_max: int) -> tuple[list[str], list[list[Cell]]]:
    """Return the header and the first rows."""
    header, rows = _begun(report, question)
    return header, list(islice(rows, rows_max))


def _begun(report: Report, question: Question) -> tuple[list[str], Iterator[list[Cell]]]:
    found = report.rows(question)
    header = [str(name) for name in next(found)]
    return header, ([_cell(value) for value in row] for row in found)


def _cell(value: object) -> Cell:
    """Return a value as a cell: one line, nothing that steers a terminal, no float."""
    if value is None or isinstance(value, bool):
        return None if value is None else ("yes" if value else "no")
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return one_line(str(value), CELL_CHARS_MAX)
