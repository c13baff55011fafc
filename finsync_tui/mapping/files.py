"""Mapping tables as files: CSV, and XLSX where the optional packages for it are installed.

Cells are text in both, so that no spreadsheet takes a code for a number, a date or a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from finsync_tui.mapping import workbook
from finsync_tui.mapping.editing import CELL_CHARS_MAX, is_unseen
from finsync_tui.mapping.resolve import SAME
from finsync_tui.mapping.workbook import Bad, SheetUnreadableError, refuse
from finsync_tui.profile import MappingRow
from finsync_tui.profile.overlay import NOTE, mapping_rows, read_mapping
from store.errors import FinsyncError
from store.files import write_private

COLUMNS: Final = ("from", "to", "scope", "priority", "valid_from", "valid_to")
"""Of every table; those of its conditions come behind them."""
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_OTHERS: Final = (".xls", ".xlsm", ".xlsb", ".xltm", ".ods")
"""Workbooks that carry macros, or whose size nobody can tell before they are read."""
_NO_CODES: Final = ("priority", "valid_from", "valid_to")
"""Columns that may hold numbers and dates."""
AS_TEXT: Final = (
    "A spreadsheet takes the leading zeros from numbers and makes dates of codes: give the columns the format Text, and write "
    "those cells again."
)
CORRECT: Final = "Correct those cells."


class ExtraMissingError(FinsyncError):
    """A format needs packages that are not installed."""

    code = "EXTRA_MISSING"
    exit_code = 2

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs packages that are not installed here. Nothing was written or read. Install them with "
            f"`pip install 'finsync[{extra}]'`, or use CSV."
        )


def csv_text(rows: Iterable[MappingRow]) -> str:
    """Return a table as CSV that the profile reads, and a spreadsheet without running anything."""
    known = tuple(rows)
    asked = conditions(known)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *asked])
    for row in known:
        source, target, scope, *plain = cells(row)  # a negative priority is a number, not a formula
        writer.writerow([_safe(source), _safe(target), _safe(scope), *plain, *map(_safe, _where(row, asked))])
    return text.getvalue()


def conditions(rows: Iterable[MappingRow]) -> tuple[str, ...]:
    """Return the names of the columns that any row has a condition in."""
    return tuple(sorted({name for row in rows for name, _ in row.where}))


def _where(row: MappingRow, asked: Iterable[str]) -> list[str]:
    known = dict(row.where)
    return [known.get(name, "") for name in asked]


def write(
    path: Path,
    name: str,
    rows: Iterable[MappingRow],
    *,
    is_workbook: bool | None = None,
    replaces: bool = False,
) -> None:
    """Write a table to a file that only its owner can read; XLSX where its name says so. Raises FileInTheWayError."""
    as_workbook = path.suffix.lower() == ".xlsx" if is_workbook is None else is_workbook
    content = xlsx_bytes(name, rows) if as_workbook else csv_text(rows).encode()
    write_private(path, content, replaces=replaces)


def cells(row: MappingRow) -> tuple[str, ...]:
    """Return a row as text, in the order of COLUMNS, without its conditions."""
    return (
        row.source,
        row.target,
        row.scope,
        str(row.priority),
        row.valid_from.isoformat() if row.valid_from else "",
        row.valid_to.isoformat() if row.valid_to else "",
    )


def xlsx_bytes(name: str, rows: Iterable[MappingRow]) -> bytes:
    """Return a table as a workbook of one sheet. Every cell is text."""
    try:
        import xlsxwriter
    except ImportError:
        raise ExtraMissingError("writing XLSX", "xlsx") from None
    known = tuple(rows)
    asked = conditions(known)
    headings = (*COLUMNS, *asked)
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet(_sheet_name(name))
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"bold": True, "num_format": "@"})
        sheet.set_column(0, len(headings) - 1, 16, text)
        sheet.freeze_panes(1, 0)
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, heading, bold)
        for number, row in enumerate(known, 1):
            for column, cell in enumerate((*cells(row), *_where(row, asked))):
                if cell:
                    sheet.write_string(number, column, cell, text)
    return target.getvalue()


def read(path: Path) -> tuple[MappingRow, ...]:
    """Return the rows of a CSV or XLSX file. Raises SettingsFileError, SheetUnreadableError or ExtraMissingError."""
    found = _read_xlsx(path) if path.suffix.lower() == ".xlsx" else _read_csv(path)
    return tuple(
        row.model_copy(
            update={
                "source": _plain(row.source),
                "target": _plain(row.target),
                "scope": _plain(row.scope),
                "where": tuple((name, _plain(cell)) for name, cell in row.where),
            }
        )
        for row in found
    )


def _read_csv(path: Path) -> tuple[MappingRow, ...]:
    if path.suffix.lower() in _OTHERS:
        raise SheetUnreadableError(path, "only XLSX and CSV are read here")
    found = read_mapping(path)
    bad = [
        Bad(f"rule {number}: `{name}`", holds)
        for number, row in enumerate(found, 1)
        for name, cell in (("from", row.source), ("to", row.target), ("scope", row.scope), *row.where)
        if (holds := _unfit(cell))
    ]
    refuse(path, bad, CORRECT)
    return found


def _read_xlsx(path: Path) -> tuple[MappingRow, ...]:
    try:
        lines = workbook.lines(path)
    except ImportError:
        raise ExtraMissingError("reading XLSX", "xlsx") from None
    headings = [workbook.shown(cell).strip().lower() for cell in (lines[0] if lines else [])]
    unfit: list[Bad] = []
    no_text: list[Bad] = []
    for number, line in enumerate(lines[1:], 2):
        for column, (heading, cell) in enumerate(zip(headings, line, strict=False)):
            if heading in ("", NOTE):
                continue
            holds = _unfit(workbook.shown(cell))
            if holds:
                unfit.append(Bad(f"{_letter(column)}{number}", holds))
            elif heading not in _NO_CODES and (holds := workbook.no_text(cell)):
                no_text.append(Bad(f"{_letter(column)}{number}", holds))
    refuse(path, no_text, AS_TEXT)
    refuse(path, unfit, CORRECT)
    read_lines: Iterator[tuple[int, dict[str, str | None]]] = (
        (number, dict(zip(headings, [workbook.shown(cell) for cell in line], strict=False)))
        for number, line in enumerate(lines[1:], 2)
        if any(workbook.shown(cell).strip() for cell in line)
    )
    return mapping_rows(path, headings, read_lines)


def _letter(column: int) -> str:
    """Return the name of a column, from 0.

    >>> _letter(0), _letter(26)
    ('A', 'AA')
    """
    before, place = divmod(column, 26)
    return (_letter(before - 1) if before else "") + chr(65 + place)


def _unfit(cell: str) -> str:
    """Say why no rule can have this text; empty: one can."""
    if len(cell) > CELL_CHARS_MAX:
        return f"is longer than {CELL_CHARS_MAX} characters"
    return "holds characters that nobody can see" if is_unseen(cell) else ""


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) and cell != SAME else cell


def _plain(cell: str) -> str:
    """Take back the mark that keeps a cell from being a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell


def _sheet_name(name: str) -> str:
    return "".join("_" if c in "[]:*?/\\" else c for c in name)[:31] or "mapping"
