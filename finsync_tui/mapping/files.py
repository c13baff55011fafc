"""Mapping tables as files: CSV, and XLSX where the optional packages for it are installed.

Cells are text in both, so that no spreadsheet takes a code for a number, a date or a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Final

from finsync_tui.mapping.resolve import SAME
from finsync_tui.profile import MappingRow
from finsync_tui.profile.overlay import mapping_rows, read_mapping
from store.errors import FinsyncError
from store.files import write_private

COLUMNS: Final = ("from", "to", "scope", "priority", "valid_from", "valid_to")
"""Of every table; those of its conditions come behind them."""
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
XLSX_BYTES_MAX: Final = 50_000_000


class ExtraMissingError(FinsyncError):
    """A format needs packages that are not installed."""

    code = "EXTRA_MISSING"
    exit_code = 2

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs packages that are not installed here. Nothing was written or read. Install them with "
            f"`pip install 'finsync[{extra}]'`, or use CSV."
        )


class SheetUnreadableError(FinsyncError):
    """A workbook can't be read as a mapping table."""

    code = "SHEET_UNREADABLE"
    exit_code = 2

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} can't be read as a mapping table ({reason}). Nothing was changed. Save it as XLSX or CSV."
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
    found = (
        _read_xlsx(path) if path.suffix.lower() in (".xlsx", ".xlsm", ".xlsb", ".ods") else read_mapping(path)
    )
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


def _read_xlsx(path: Path) -> tuple[MappingRow, ...]:
    try:
        import python_calamine
    except ImportError:
        raise ExtraMissingError("reading XLSX", "xlsx") from None
    if path.is_file() and path.stat().st_size > XLSX_BYTES_MAX:
        raise SheetUnreadableError(path, f"it is larger than {XLSX_BYTES_MAX:,} bytes")
    try:
        sheet = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        lines = sheet.to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, OSError, IndexError) as error:
        raise SheetUnreadableError(path, str(error) or type(error).__name__) from None
    headings = [_text(cell).strip().lower() for cell in (lines[0] if lines else [])]
    read_lines: Iterator[tuple[int, dict[str, str | None]]] = (
        (number, dict(zip(headings, [_text(cell) for cell in line], strict=False)))
        for number, line in enumerate(lines[1:], 2)
        if any(_text(cell).strip() for cell in line)
    )
    return mapping_rows(path, headings, read_lines)


def _text(cell: object) -> str:
    """Return a cell as it was meant: a whole number has no decimals, a day no time."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) and cell != SAME else cell


def _plain(cell: str) -> str:
    """Take back the mark that keeps a cell from being a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell


def _sheet_name(name: str) -> str:
    return "".join("_" if c in "[]:*?/\\" else c for c in name)[:31] or "mapping"
