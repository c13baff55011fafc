"""Mapping tables from files that somebody else made: what can't be taken as it is is named, cell by cell."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter

from finsync_tui.mapping import files, workbook
from finsync_tui.mapping.workbook import SheetUnreadableError
from finsync_tui.profile.overlay import SettingsFileError
from store.errors import FinsyncError
from tests.finsync_tui.governance.council import TABLE, a_row

HEAD = ("from", "to", "scope", "priority", "valid_from", "valid_to")
SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
Add = Callable[[xlsxwriter.worksheet.Worksheet, xlsxwriter.Workbook], object]


def a_book(path: Path, *rows: Sequence[object], add: Add = lambda sheet, book: None) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for y, row in enumerate((HEAD, *rows)):
            for x, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(y, x, cell)
                elif isinstance(cell, date):
                    sheet.write_datetime(y, x, cell, day)
                else:
                    sheet.write(y, x, cell)
        add(sheet, book)
    return path


def with_part(path: Path, name: str, content: str) -> Path:
    """Put another part into a workbook, or another content."""
    target = BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.namelist():
            if one != name:
                new.writestr(one, old.read(one))
        new.writestr(name, content)
    path.write_bytes(target.getvalue())
    return path


def refused(path: Path) -> str:
    with pytest.raises(FinsyncError) as caught:
        files.read(path)
    assert isinstance(caught.value, SheetUnreadableError | SettingsFileError)
    assert "Nothing was changed" in str(caught.value)
    return str(caught.value)


def test_numbers_and_dates_for_codes_are_refused_by_their_cells(tmp_path: Path) -> None:
    """00420 is 420 in a spreadsheet, and 3-1 a day: which code was meant nobody can say any more."""

    def zeros(sheet: xlsxwriter.worksheet.Worksheet, book: xlsxwriter.Workbook) -> None:
        sheet.write_number(2, 0, 420, book.add_format({"num_format": "00000"}))

    file = a_book(
        tmp_path / "in.xlsx",
        ["0410", 430, "", 5],
        ["", "=", ""],
        [date(2026, 3, 1), True],
        ["1", "#N/A"],
        add=zeros,
    )

    said = refused(file)

    for named in ("B2 is the number 430", "A3 is the number 420", "A4 is a date or time, 2026-03-01",
                  "B4 is the truth value TRUE", "B5 is the error #N/A", "give the columns the format Text"):  # fmt: skip
        assert named in said
    assert "D2" not in said


def test_priorities_and_days_may_be_numbers_and_dates(tmp_path: Path) -> None:
    """A spreadsheet writes them so."""
    file = a_book(tmp_path / "in.xlsx", ["0420", "0430", "", 5, date(2026, 1, 1), date(2026, 12, 31)])

    assert (a_row("0420", "0430", priority=5, valid_from="2026-01-01", valid_to="2026-12-31"),) == files.read(
        file
    )


def test_what_nobody_can_see_and_what_nobody_can_read_is_refused_in_both_formats(tmp_path: Path) -> None:
    """Control characters, marks of direction, line ends, very long texts: by cell, or by rule."""
    cells = ("4\x1b[2J20", "4\u202e20", "4\n20", "x" * 201)
    book = a_book(tmp_path / "in.xlsx", *([cell, "430"] for cell in cells))
    table = tmp_path / "in.csv"
    table.write_text("from,to\n" + "".join(f'"{cell}",430\n' for cell in cells), encoding="utf-8")

    in_book, in_table = refused(book), refused(table)

    for number in range(2, 5):
        assert f"A{number} holds characters that nobody can see" in in_book
        assert f"rule {number - 1}: `from` holds characters that nobody can see" in in_table
    assert "A5 is longer than 200 characters" in in_book
    assert "rule 4: `from` is longer than 200 characters" in in_table
    assert "\x1b" not in in_book + in_table


def test_only_the_first_of_many_bad_cells_are_named(tmp_path: Path) -> None:
    """The rest is a number."""
    said = refused(a_book(tmp_path / "in.xlsx", *([number, "1"] for number in range(50))))

    assert "A9 is the number 7; and 42 more" in said
    assert "A10 " not in said


def test_formulas_and_macros_are_refused(tmp_path: Path) -> None:
    """What a formula comes to depends on who worked it out last."""
    formula = a_book(
        tmp_path / "f.xlsx", add=lambda sheet, _: sheet.write_formula(1, 0, '="04"&"20"', None, "0420")
    )
    macro = with_part(a_book(tmp_path / "m.xlsx", ["1", "2"]), "xl/vbaProject.bin", "x")

    assert "it holds formulas" in refused(formula)
    assert "it carries a macro" in refused(macro)


@pytest.mark.parametrize("suffix", ["xls", "xlsm", "xlsb", "ods"])
def test_other_workbooks_are_refused_by_their_name(tmp_path: Path, suffix: str) -> None:
    """Macros, and sizes that nobody can tell beforehand."""
    assert "only XLSX and CSV are read here" in refused(a_book(tmp_path / f"in.{suffix}", ["1", "2"]))


def test_a_workbook_that_would_fill_the_memory_is_refused_before_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell far from the others, wherever its sheet is kept, and much out of little."""
    far = SHEET.format("<row r='1048576'><c s='1' r='XFD1048576'><v>1</v></c></row>")
    sheet = with_part(a_book(tmp_path / "far.xlsx"), "xl/worksheets/sheet1.xml", far)
    elsewhere = with_part(a_book(tmp_path / "elsewhere.xlsx"), "hidden/place.xml", far)
    bomb = with_part(
        a_book(tmp_path / "bomb.xlsx"), "xl/worksheets/sheet1.xml", SHEET.format(" " * 3_000_000)
    )
    monkeypatch.setattr(workbook, "UNPACKED_MAX", 2_000_000)

    assert bomb.stat().st_size < 50_000
    assert "row 1,048,576 and column 16,384" in refused(sheet)
    assert "row 1,048,576 and column 16,384" in refused(elsewhere)
    assert "unpacked it is larger than 2,000,000 bytes" in refused(bomb)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"hello", "it is no XLSX file"),
        (b"PK\x03\x04" + b"\0" * 60, "it is no XLSX file"),
        (b"", "it is no XLSX file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "it is no XLSX file"),
    ],
    ids=["text", "cut off", "empty", "old Excel"],
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """Whatever its name says."""
    file = tmp_path / "in.xlsx"
    file.write_bytes(content)

    assert said in refused(file)
    assert "there is no such file" in refused(tmp_path / "other.xlsx")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("von,nach\n1,2\n", "the column 'from' is missing"),
        ("from,to,to\n1,2,3\n", "the column 'to' is there twice"),
        ("from,to,colour\n1,2,3\n", "the column 'colour' is not known"),
        ("from,to\n1,2\n3,4,5\n", "line 3: it has more cells than there are columns"),
        ('from,to\n"1,2\n3,4\n', "holds characters that nobody can see"),
        ("from,to,priority\n1,2,high\n", "line 2"),
    ],
    ids=["other columns", "twice", "unknown", "too many cells", "open quote", "priority"],
)
def test_tables_that_do_not_fit_are_refused(tmp_path: Path, text: str, said: str) -> None:
    """The line and what to do."""
    file = tmp_path / "in.csv"
    file.write_text(text, encoding="utf-8")

    assert said in refused(file)


def test_empty_cells_beyond_the_columns_are_no_harm(tmp_path: Path) -> None:
    """Spreadsheets leave commas at the ends of lines."""
    file = tmp_path / "in.csv"
    file.write_text("from,to\n1,2,,\n", encoding="utf-8")

    assert (a_row("1", "2"),) == files.read(file)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_table_comes_back_as_it_was(tmp_path: Path, suffix: str) -> None:
    """Leading zeros, and what looks like a number, a day, a truth value, an error or a formula."""
    rows = tuple(
        a_row(code, code) for code in ("0420", "00420", "1e5", "2026-03-01", "TRUE", "-7", "+1", "=1+1", "@x")
    )
    file = tmp_path / f"out.{suffix}"

    files.write(file, TABLE, rows)

    assert rows == files.read(file)
