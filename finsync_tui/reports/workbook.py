"""A report as a workbook: amounts are numbers, times are times, totals are formulas, and no text is a formula."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from finsync_tui.reports.stamp import CURRENCY, Stamp, Totals, Value, plain
from finsync_tui.sheets import XLSX_ROWS_MAX, SheetError

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

DIGITS_MAX: Final = 15
"""What a number of a spreadsheet holds exactly; a longer amount is text, and its total is no formula."""
_SHEET: Final = "Report"
_WIDE: Final = frozenset(["cause", "fix", "resolution", "message", "evidence", "about"])


@contextmanager
def writing(
    draft: Path, path: Path, stamp: Stamp, header: Sequence[str]
) -> Iterator[Callable[[Sequence[Sequence[Value]]], None]]:
    """Give a function that writes rows to the draft of `path`; it is whole after the last of them. Raises SheetError."""
    try:
        import xlsxwriter
    except ImportError:
        raise SheetError(
            path, "writing workbooks needs xlsxwriter", "pip install 'finsync[xlsx]', or end it in .csv."
        ) from None
    options: dict[str, Any] = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True,
    }  # fmt: skip
    with xlsxwriter.Workbook(str(draft), options) as book:
        book.set_properties({"title": stamp.title, "created": stamp.written_at.replace(tzinfo=None)})
        made = _Rows(path, book, stamp, header)
        yield made.add
        made.end()


class _Rows:
    """The sheet of rows while it is written, and the two sheets that follow it."""

    def __init__(self, path: Path, book: Workbook, stamp: Stamp, header: Sequence[str]) -> None:
        self._path, self._book, self._stamp, self._header = path, book, stamp, header
        self._bold = book.add_format({"bold": True})
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._amounts: dict[int, Format] = {}
        self._totals = Totals(header, stamp.totalled)
        self._texts: set[str] = set()
        self._count = 0
        self._sheet: Worksheet = book.add_worksheet(_SHEET)
        for place, name in enumerate(header):
            self._sheet.set_column(place, place, 60 if name in _WIDE else max(14, len(name) + 4))
        self._sheet.freeze_panes(1, 0)
        self._sheet.repeat_rows(0)
        self._sheet.set_landscape()
        self._sheet.write_row(0, 0, header, self._bold)

    def add(self, rows: Sequence[Sequence[Value]]) -> None:
        for row in rows:
            self._count += 1
            if self._count > XLSX_ROWS_MAX:
                raise SheetError(
                    self._path, f"a workbook holds {XLSX_ROWS_MAX:,} rows", "Narrow it, or end it in .csv."
                )
            self._totals.add(row)
            for place, value in enumerate(row):
                self._write(self._sheet, self._count, place, value)

    def end(self) -> None:
        self._sheet.autofilter(0, 0, max(self._count, 1), len(self._header) - 1)
        if self._stamp.totalled:
            self._write_totals()
        self._write_about()

    def _write(self, sheet: Worksheet, row: int, place: int, value: Value) -> None:
        match value:
            case None:
                return
            case Decimal() if len(value.as_tuple().digits) <= DIGITS_MAX:
                sheet.write_number(row, place, float(value), self._amount(value))
            case datetime():
                sheet.write_datetime(row, place, value, self._moment)
            case date():
                sheet.write_datetime(row, place, value, self._day)
            case int() if abs(value) < 10**DIGITS_MAX:
                sheet.write_number(row, place, value)
            case _:
                if isinstance(value, Decimal):
                    self._texts.add(self._header[place])
                sheet.write_string(row, place, str(plain(value)))

    def _amount(self, value: Decimal) -> Format:
        """Return the format of as many decimals as the amount has: those of its currency."""
        exponent = value.as_tuple().exponent
        decimals = -exponent if isinstance(exponent, int) else 0
        if decimals not in self._amounts:
            tail = "." + "0" * decimals if decimals > 0 else ""
            self._amounts[decimals] = self._book.add_format({"num_format": f"#,##0{tail}"})
        return self._amounts[decimals]

    def _write_totals(self) -> None:
        """Write one row a currency, by formula, with the exact sum beside it for programs that don't calculate."""
        from xlsxwriter.utility import xl_col_to_name

        sheet = self._book.add_worksheet("Totals")
        names = [name for name in self._stamp.totalled if name in self._header]
        sheet.set_column(0, len(names), 20)
        sheet.write_row(0, 0, [CURRENCY, *names], self._bold)
        last = max(self._count, 1) + 1
        codes = f"{_SHEET}!${_column(self._header, CURRENCY)}$2:${_column(self._header, CURRENCY)}${last}"
        for row, (currency, sums) in enumerate(self._totals.rows(), start=1):
            sheet.write_string(row, 0, currency)
            for place, name in enumerate(names, start=1):
                total = sums.get(name)
                if total is None:
                    continue
                if name in self._texts or len(total.as_tuple().digits) > DIGITS_MAX:
                    sheet.write_string(row, place, str(plain(total)))
                    continue
                column = xl_col_to_name(self._header.index(name))
                cells = f"{_SHEET}!${column}$2:${column}${last}"
                sheet.write_formula(
                    row, place, f"=SUMIFS({cells},{codes},$A{row + 1})", self._amount(total), float(total)
                )

    def _write_about(self) -> None:
        sheet = self._book.add_worksheet("About")
        sheet.set_column(0, 0, 14)
        sheet.set_column(1, 1, 90)
        told = [("report", self._stamp.title), ("what", self._stamp.about), *self._stamp.lines()]
        told += [("rows", f"{self._count:,}"), ("times", "UTC")]
        for row, (name, words) in enumerate(told):
            sheet.write_string(row, 0, name, self._bold)
            sheet.write_string(row, 1, words)


def _column(header: Sequence[str], name: str) -> str:
    from xlsxwriter.utility import xl_col_to_name

    return str(xl_col_to_name(list(header).index(name)))
