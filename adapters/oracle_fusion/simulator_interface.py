"""Reading `GlInterface.csv` as the loader does: by position, and strictly (contract sheet, section 12.3).

It shares nothing with what writes the file: a column in the wrong place must come out wrong.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import zipfile
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

COLUMNS: Final = 150
FILE: Final = "GlInterface.csv"
ROWS_MAX: Final = 100_000
STATUS, LEDGER, DAY, SOURCE, CATEGORY, CURRENCY, FLAG = 0, 1, 2, 3, 4, 5, 7
FIRST_SEGMENT, LAST_SEGMENT = 8, 38
ENTERED_DR, ENTERED_CR = 38, 39
BATCH, BATCH_TEXT, JOURNAL, JOURNAL_TEXT, REFERENCE, LINE_TEXT = 42, 43, 45, 46, 47, 51
LINE_REFERENCES: Final = (52, 53)
RATE_TYPE, RATE_DAY, RATE, GROUP, PERIOD = 63, 64, 65, 66, 94


class BadFileError(Exception):
    """The file can't be loaded; its text is what the log says."""


@dataclass(frozen=True, slots=True)
class InterfaceLine:
    """One row of the interface table."""

    number: int
    ledger_id: str
    on: date
    source: str
    category: str
    currency: str
    flag: str
    segments: tuple[str, ...]
    debit: Decimal
    credit: Decimal
    batch: str
    batch_text: str
    journal: str
    journal_text: str
    reference: str
    text: str
    references: tuple[str, ...]
    rate_type: str
    rate_on: str
    group: str

    def dump(self) -> dict[str, Any]:
        return asdict(self) | {
            "on": self.on.isoformat(),
            "debit": str(self.debit),
            "credit": str(self.credit),
            "segments": list(self.segments),
            "references": list(self.references),
        }


def load_line(state: dict[str, Any]) -> InterfaceLine:
    """Return the line that `dump()` described."""
    return InterfaceLine(
        **{
            **state,
            "on": date.fromisoformat(state["on"]),
            "debit": Decimal(state["debit"]),
            "credit": Decimal(state["credit"]),
            "segments": tuple(state["segments"]),
            "references": tuple(state["references"]),
        }
    )


def read_archive(content: str) -> bytes:
    """Return the bytes of a base64 zip; raise when it is neither."""
    try:
        raw = base64.b64decode(content, validate=True)
        with zipfile.ZipFile(io.BytesIO(raw)):
            return raw
    except (binascii.Error, ValueError, zipfile.BadZipFile) as error:
        raise BadFileError(f"the document content isn't a base64 zip: {error}") from None


def read_lines(raw: bytes) -> list[InterfaceLine]:
    """Return the rows of the one CSV file in an archive."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = archive.namelist()
        if names != [FILE]:
            raise BadFileError(
                f"the archive must hold {FILE} and nothing else, not {', '.join(names) or 'nothing'}"
            )
        try:
            text = archive.read(FILE).decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadFileError(f"{FILE} isn't UTF-8: {error}") from None
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or len(rows) > ROWS_MAX:
        raise BadFileError(f"{FILE} holds {len(rows)} rows")
    return [_line(number, row) for number, row in enumerate(rows, 1)]


def _line(number: int, row: list[str]) -> InterfaceLine:
    if len(row) != COLUMNS:
        raise BadFileError(f"row {number} has {len(row)} columns instead of {COLUMNS}")
    if row[-1] != "END":
        raise BadFileError(f"row {number} doesn't end with END")
    if row[STATUS] != "NEW":
        raise BadFileError(f"row {number} has the status {row[STATUS]!r} instead of NEW")
    for place, what in ((LEDGER, "LEDGER_ID"), (GROUP, "GROUP_ID")):
        if not (row[place].isascii() and row[place].isdigit() and len(row[place]) <= 18):
            raise BadFileError(f"row {number} has no number as {what}: {row[place]!r}")
    if bool(row[ENTERED_DR]) == bool(row[ENTERED_CR]):
        raise BadFileError(f"row {number} needs either a debit or a credit")
    segments = row[FIRST_SEGMENT:LAST_SEGMENT]
    while segments and not segments[-1]:
        segments.pop()
    return InterfaceLine(
        number,
        row[LEDGER],
        _day(row[DAY], number),
        row[SOURCE],
        row[CATEGORY],
        row[CURRENCY],
        row[FLAG],
        tuple(segments),
        _amount(row[ENTERED_DR], number),
        _amount(row[ENTERED_CR], number),
        row[BATCH],
        row[BATCH_TEXT],
        row[JOURNAL],
        row[JOURNAL_TEXT],
        row[REFERENCE],
        row[LINE_TEXT],
        tuple(row[place] for place in LINE_REFERENCES),
        row[RATE_TYPE],
        row[RATE_DAY],
        row[GROUP],
    )


def _day(text: str, number: int) -> date:
    for form in ("%Y/%m/%d", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 (a date has no zone)
        except ValueError:
            continue
    raise BadFileError(f"row {number} has no date as ACCOUNTING_DATE: {text!r}")


def _amount(text: str, number: int) -> Decimal:
    if not text:
        return Decimal(0)
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or "e" in text.lower():
        raise BadFileError(f"row {number} has no amount in {text!r}")
    return found
