"""What a written report says of itself, whatever its format."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from finsync_tui.sheets import one_line
from store.clock import text

CURRENCY: Final = "currency"
CELL_CHARS_MAX: Final = 32_000
"""What a cell of a workbook holds."""
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
Value = str | int | Decimal | datetime | date | None


@dataclass(frozen=True, slots=True)
class Stamp:
    """Of what, when and by whom."""

    title: str
    about: str
    written_at: datetime
    written_by: str = ""
    workspace: str = ""
    legal_entity: str = ""
    period: str = ""
    first: date | None = None
    last: date | None = None
    """The days it is of, both included."""
    totalled: tuple[str, ...] = ()
    """Columns that are added up, for each currency."""
    printed: tuple[str, ...] = ()
    """Columns that fit on a page; none: all of them."""

    def lines(self) -> list[tuple[str, str]]:
        """Return what stands at its head, in words."""
        days = f"{self.first} to {self.last}" if self.first else ""
        of = " ".join(part for part in (self.legal_entity, self.period) if part)
        of = ", ".join(part for part in (of, days) if part)
        told = (
            ("of", of), ("workspace", self.workspace), ("written", f"{self.written_at:%Y-%m-%d %H:%M} UTC"),
            ("by", self.written_by),
        )  # fmt: skip
        return [(name, one_line(value, 200)) for name, value in told if value]


def readable(header: Sequence[str], stamp: Stamp) -> list[int]:
    """Return the places of the columns that are shown where a report is read and not worked with, in the report's own order."""
    chosen = [name for name in stamp.printed if name in header]
    return [list(header).index(name) for name in chosen] or list(range(len(header)))


@dataclass(slots=True)
class Totals:
    """Adds up the columns of a report while its rows go by, exactly, for each currency."""

    header: Sequence[str]
    totalled: Sequence[str]
    sums: dict[str, dict[str, Decimal]] = field(default_factory=dict)

    def add(self, row: Sequence[Value]) -> None:
        cells = dict(zip(self.header, row, strict=True))
        currency = cells.get(CURRENCY)
        if not currency:
            return
        sums = self.sums.setdefault(str(currency), {})
        for name in self.totalled:
            value = cells.get(name)
            if isinstance(value, Decimal):
                sums[name] = sums.get(name, Decimal(0)) + value

    def rows(self) -> list[tuple[str, Mapping[str, Decimal]]]:
        """Return each currency with its sums, in order of the alphabet."""
        return [(currency, sums) for currency, sums in sorted(self.sums.items()) if sums]


def value(cell: object, name: str) -> Value:
    """Return what stands in a cell with its type: the store keeps times as text, in columns whose names end in `_at`."""
    match cell:
        case None | "":
            return None
        case bool():
            return "yes" if cell else "no"
        case int() | Decimal() | datetime():
            return cell
        case date():
            return cell
        case str() if name.endswith("_at") and _MOMENT.fullmatch(cell):
            return datetime.fromisoformat(cell)
        case _:
            return one_line(str(cell), CELL_CHARS_MAX)


def plain(cell: Value) -> str | int | None:
    """Return a value as a cell of text: exact amounts, times as the store has them."""
    match cell:
        case datetime():
            return text(cell)
        case date():
            return cell.isoformat()
        case Decimal():
            return f"{cell:f}"
        case _:
            return cell


def words(cell: Value) -> str:
    """Return a value as people read it on a page.

    >>> words(Decimal("1204.50")), words(datetime(2026, 1, 5, 9, 30)), words(None)
    ('1,204.50', '2026-01-05 09:30', '')
    """
    match cell:
        case None:
            return ""
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M}"
        case Decimal():
            return f"{cell:,f}"
        case _:
            return str(cell)
