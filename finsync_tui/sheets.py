"""Rows to a file for a spreadsheet or another program: CSV, XLSX, JSON or JSON lines. A cell is never a formula.

The file appears under its name when it is whole: one that was cancelled leaves nothing behind.
"""

from __future__ import annotations

import csv
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, get_args

from store.errors import FinsyncError

Format = Literal["csv", "xlsx", "jsonl", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)
Cell = str | int | None
Write = Callable[[Iterable[Sequence[Cell]]], None]
XLSX_ROWS_MAX = 1_048_575
"""Below the header, as the format has it."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_STEERING = dict.fromkeys(
    [*range(32), *range(127, 160), 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)], " "
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal would obey, or what turns the direction of a text; tabs and line ends are a cell's own."""
_SHOWN_NUMBER = re.compile(r"[+-][0-9][0-9.,' \u202f]*([dhms]( [0-9]{1,2}[dhms])?)?")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class SheetError(FinsyncError):
    """Rows can't be written to that file. A file that was there stays as it was."""

    code = "SHEET"

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        super().__init__(f"{path}: {problem}. Nothing was written. {remedy}")


def formula_safe(cell: object) -> str:
    """Return a cell that no spreadsheet takes for a formula and no terminal for an order.

    >>> formula_safe("=1+1"), formula_safe("-12.50"), formula_safe(None)
    ("'=1+1", '-12.50', '')
    """
    text = _CONTROL.sub("\ufffd", "" if cell is None else str(cell))
    if text.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def pasted(cell: str) -> str:
    """Return a cell of a list as it goes to the clipboard: numbers and spans of time in anybody's format stay what they are.

    >>> pasted("=1+1"), pasted("-1.234,50"), pasted("-404d"), pasted("-2+3|x"), pasted("-3h 30m"), pasted("-")
    ("'=1+1", '-1.234,50', '-404d', "'-2+3|x", '-3h 30m', "'-")
    """
    text = _CONTROL.sub("\ufffd", cell).replace("\t", " ").replace("\n", " ").replace("\r", " ")
    if text.startswith(_FORMULA_STARTS) and not _SHOWN_NUMBER.fullmatch(text):
        return "'" + text
    return text


def one_line(text: str, chars_max: int) -> str:
    r"""Return text as one line that steers no terminal and turns no reading direction.

    >>> one_line("ACME\x1b[2J\u202eLTD\nBerlin", 40)
    'ACME [2J LTD Berlin'
    """
    return text[:chars_max].translate(_STEERING)


def format_of(path: Path) -> Format | None:
    """Return the format that a file's name asks for; None: it asks for none.

    >>> format_of(Path("late.XLSX")), format_of(Path("late.pdf"))
    ('xlsx', None)
    """
    return next((known for known in FORMATS if path.suffix.lower() == f".{known}"), None)


@contextmanager
def writing(path: Path, header: Sequence[str], *, replaces: bool = False) -> Iterator[Write]:
    """Give a function that writes rows; the file is there after the last of them."""
    format_ = format_of(path)
    if format_ is None:
        raise SheetError(path, "its name does not say how to write it", "End it in .csv, .xlsx or .jsonl.")
    with drafted(path, replaces=replaces) as draft, _WRITERS[format_](draft, header) as write:
        yield write


@contextmanager
def drafted(path: Path, *, replaces: bool = False) -> Iterator[Path]:
    """Give a file that only its owner can read; it takes its name when all of it is written. Raises SheetError."""
    if path.exists() and not replaces:
        raise SheetError(path, "a file is there already", "Choose another name.")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise SheetError(path, f"it can't be made ({error.strerror})", "Choose another folder.") from None
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.replace(path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


@contextmanager
def _csv(path: Path, header: Sequence[str]) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        yield lambda rows: writer.writerows([formula_safe(cell) for cell in row] for row in rows)


@contextmanager
def _jsonl(path: Path, header: Sequence[str]) -> Iterator[Write]:
    with path.open("w", encoding="utf-8") as file:

        def write(rows: Iterable[Sequence[Cell]]) -> None:
            for row in rows:
                file.write(json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False) + "\n")

        yield write


@contextmanager
def _json(path: Path, header: Sequence[str]) -> Iterator[Write]:
    with path.open("w", encoding="utf-8") as file:
        lead = "[\n"

        def write(rows: Iterable[Sequence[Cell]]) -> None:
            nonlocal lead
            for row in rows:
                file.write(lead + json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False))
                lead = ",\n"

        yield write
        file.write("[]\n" if lead == "[\n" else "\n]\n")


@contextmanager
def _xlsx(path: Path, header: Sequence[str]) -> Iterator[Write]:
    try:
        import xlsxwriter
    except ImportError:
        raise SheetError(
            path, "writing workbooks needs xlsxwriter", "pip install 'finsync[xlsx]', or end it in .csv."
        ) from None
    # text stays text: no formula, no link, no number out of "4711"
    plain: dict[str, Any] = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), plain) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, header, book.add_format({"bold": True}))
        place = 0

        def write(rows: Iterable[Sequence[Cell]]) -> None:
            nonlocal place
            for row in rows:
                place += 1
                if place > XLSX_ROWS_MAX:
                    raise SheetError(
                        path,
                        f"a workbook holds {XLSX_ROWS_MAX:,} rows",
                        "Narrow the filter, or end it in .csv.",
                    )
                sheet.write_row(place, 0, ["" if cell is None else cell for cell in row])

        yield write


_WRITERS = {"csv": _csv, "xlsx": _xlsx, "jsonl": _jsonl, "json": _json}
