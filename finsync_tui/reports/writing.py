"""Writing a report to a file, or looking at its first rows. Memory is bounded by a batch, whatever the report's size; pages that are
typeset are limited instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final, Literal, get_args

from finsync_tui import sheets, veil
from finsync_tui.reports import page, printed, workbook
from finsync_tui.reports.catalogue import Question, Report
from finsync_tui.reports.stamp import Stamp, Value, plain, value
from finsync_tui.sheets import Cell, SheetError

BATCH: Final = 500
_COMPANY: Final = "legal_entity"
Format = Literal["csv", "xlsx", "pdf", "html", "json", "jsonl"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
_SAID: Final = frozenset(
    ("cause", "fix", "message", "error", "evidence", "fields", "detail", "sentence", "statement")
)
_TYPED: Final = {".xlsx": workbook.writing, ".pdf": printed.writing, ".html": page.writing}


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
    """Write a report to a file that its name says the format of; return how many rows. Raises StoppedError and SheetError, and then
    leaves no file behind."""
    header, rows = _begun(report, question)
    count = 0
    with _writing(path, _stamp(report, question), header, replaces=replaces) as add:
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
    return header, [[plain(cell) for cell in row] for row in islice(rows, rows_max)]


@contextmanager
def _writing(
    path: Path, stamp: Stamp, header: Sequence[str], *, replaces: bool
) -> Iterator[Callable[[Sequence[Sequence[Value]]], None]]:
    typed = _TYPED.get(path.suffix.lower())
    if typed is not None:
        with sheets.drafted(path, replaces=replaces) as draft, typed(draft, path, stamp, header) as add:
            yield add
        return
    if sheets.format_of(path) is None:
        raise SheetError(path, "its name does not say how to write it", f"End it in .{', .'.join(FORMATS)}.")
    with sheets.writing(path, header, replaces=replaces) as add_plain:
        yield lambda rows: add_plain([plain(cell) for cell in row] for row in rows)


def _stamp(report: Report, question: Question) -> Stamp:
    return Stamp(
        title=report.title,
        about=report.about,
        written_at=question.now,
        written_by=question.asked_by,
        workspace=question.workspace,
        legal_entity=question.legal_entity,
        period=question.period,
        first=question.first,
        last=question.last,
        totalled=report.totalled,
        printed=report.printed,
    )


def _begun(report: Report, question: Question) -> tuple[list[str], Iterator[list[Value]]]:
    found = report.rows(question)
    header = [str(name) for name in next(found)]
    if question.legal_entity and not report.is_of_period and _COMPANY in header:
        at = header.index(_COMPANY)
        found = (row for row in found if row[at] == question.legal_entity)
    return header, (
        [value(_veiled(cell, name), name) for cell, name in zip(row, header, strict=True)] for row in found
    )


def _veiled(cell: object, name: str) -> object:
    """Hide people in what systems and processes say; who worked here stands in the columns that are about that."""
    return veil.of_text(cell) if name in _SAID and isinstance(cell, str) else cell
