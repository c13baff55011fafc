"""A report as typeset pages: head, page numbers, totals, and lines to sign on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from finsync_tui.reports.stamp import Stamp, Totals, Value, readable, words
from finsync_tui.sheets import SheetError
from store.columns import encode

ROWS_MAX: Final = 5_000
"""More is no reading matter: some 200 pages."""


@contextmanager
def writing(
    draft: Path, path: Path, stamp: Stamp, header: Sequence[str]
) -> Iterator[Callable[[Sequence[Sequence[Value]]], None]]:
    """Give a function that takes rows; they are typeset after the last of them. Raises SheetError."""
    try:
        import typst
    except ImportError:
        raise SheetError(
            path, "writing PDF needs typst", "pip install 'finsync[pdf]', or end it in .html."
        ) from None
    totals = Totals(header, stamp.totalled)
    places = readable(header, stamp)
    kept: list[list[str]] = []
    numeric: set[int] = set()

    def add(rows: Sequence[Sequence[Value]]) -> None:
        for row in rows:
            if len(kept) == ROWS_MAX:
                raise SheetError(
                    path,
                    f"a printed report holds {ROWS_MAX:,} rows",
                    "Narrow it, or end it in .xlsx or .html.",
                )
            totals.add(row)
            numeric.update(place for place, at in enumerate(places) if isinstance(row[at], int | Decimal))
            kept.append([words(row[at]) for at in places])

    yield add
    names = [name for name in stamp.totalled if name in header]
    sheet = {
        "title": stamp.title,
        "about": stamp.about,
        "stamp": stamp.lines(),
        "header": [header[at].replace("_", " ") for at in places],
        "numeric": sorted(numeric),
        "rows": kept,
        "total_header": names,
        "totals": [
            [currency, *(words(sums.get(name)) for name in names)] for currency, sums in totals.rows()
        ],
    }
    with as_file(files("finsync_tui.reports") / "report.typ") as template:
        typst.compile(
            str(template),
            output=str(draft),
            format="pdf",
            sys_inputs={"report": encode(sheet).decode()},
            timestamp=int(stamp.written_at.timestamp()),
        )
