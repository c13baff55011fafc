"""A workbook that somebody else made, read as text: nothing of it is run, guessed, or larger in memory than it may be."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Final, NamedTuple

from store.errors import FinsyncError

BYTES_MAX: Final = 50_000_000
UNPACKED_MAX: Final = 400_000_000
CELLS_MAX: Final = 12_000_000
"""Of the rectangle from the first cell to the last: that is what a reader makes room for, full or empty."""
SHOWN: Final = 8
_PIECE: Final = 1 << 20
_CUT: Final = 200
"""Longer than what is looked for: it may be cut by the end of a piece."""
_CELL: Final = re.compile(rb"""<(?:\w+:)?c\s[^>]{0,100}?\br=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_FORMULA: Final = re.compile(rb"<(?:x:)?f[ />]")
_ERRORS: Final = frozenset(
    ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!")
)


class SheetUnreadableError(FinsyncError):
    """A workbook can't be read as a mapping table."""

    code = "SHEET_UNREADABLE"
    exit_code = 2

    def __init__(self, path: Path, reason: str, remedy: str = "Save it as XLSX or CSV.") -> None:
        super().__init__(f"{path} can't be read as a mapping table ({reason}). Nothing was changed. {remedy}")


class Bad(NamedTuple):
    """A cell that can't be taken as it is."""

    place: str
    holds: str


def refuse(path: Path, bad: Sequence[Bad], remedy: str) -> None:
    """Raise what names those cells, if there are any: the first ones each, the others as a number."""
    if not bad:
        return
    named = "; ".join(f"{one.place} {one.holds}" for one in bad[:SHOWN])
    more = f"; and {len(bad) - SHOWN:,} more" if len(bad) > SHOWN else ""
    raise SheetUnreadableError(path, named + more, remedy)


def look_into(path: Path) -> None:
    """Look at how large a workbook is and what it carries, before anything makes room for it. Raises SheetUnreadableError."""
    if not path.is_file():
        raise SheetUnreadableError(path, "there is no such file", "Look at its name and folder.")
    if path.stat().st_size > BYTES_MAX:
        raise SheetUnreadableError(path, f"it is larger than {BYTES_MAX:,} bytes")
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
            if sum(part.file_size for part in parts) > UNPACKED_MAX:
                raise SheetUnreadableError(path, f"unpacked it is larger than {UNPACKED_MAX:,} bytes")
            if any(part.filename.lower().endswith("vbaproject.bin") for part in parts):
                raise SheetUnreadableError(
                    path, "it carries a macro", "Save it as XLSX without macros, or as CSV."
                )
            for part in parts:  # wherever a sheet is: its place is the workbook's own choice
                if part.filename.lower().endswith(".xml"):
                    with packed.open(part) as sheet:
                        _measure(path, sheet)
    except OSError as error:
        raise SheetUnreadableError(path, error.strerror or str(error)) from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise SheetUnreadableError(path, f"it is no XLSX file: {error}") from None


def _measure(path: Path, sheet: IO[bytes]) -> None:
    rows = columns = 0
    rest = b""
    while piece := sheet.read(_PIECE):
        read = rest + piece
        if _FORMULA.search(read):
            raise SheetUnreadableError(
                path,
                "it holds formulas, and nobody has worked them out here",
                "Paste the values in their place.",
            )
        for letters, row in _CELL.findall(read):
            column = 0
            for letter in letters:
                column = column * 26 + letter - 64
            rows, columns = max(rows, int(row)), max(columns, column)
        if rows * columns > CELLS_MAX:
            raise SheetUnreadableError(
                path,
                f"its cells reach to row {rows:,} and column {columns:,}",
                "Delete what stands apart from the table.",
            )
        rest = read[-_CUT:]


def lines(path: Path) -> Sequence[Sequence[object]]:
    """Return the cells of the first sheet as they are. Raises SheetUnreadableError; ImportError without the packages for it."""
    import python_calamine

    look_into(path)
    try:
        sheet = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        return sheet.to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, OSError, IndexError) as error:
        raise SheetUnreadableError(path, str(error) or type(error).__name__) from None


def no_text(cell: object) -> str:
    """Say what a cell holds that is no text; empty: it is text, or nothing."""
    if isinstance(cell, bool):
        return f"is the truth value {str(cell).upper()}"
    if isinstance(cell, int | float):
        return f"is the number {shown(cell)}"
    if isinstance(cell, date | time | timedelta):
        return f"is a date or time, {shown(cell)}"
    return f"is the error {cell}" if cell in _ERRORS else ""


def shown(cell: object) -> str:
    """Return a cell as it was meant: a whole number has no decimals, a day no time."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)
