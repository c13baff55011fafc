"""Exporting what a list shows: its filter, its order, all rows or the marked ones; beside everything else, and it can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.content import Content

from finsync_tui.screens import drawing
from finsync_tui.screens.base import WorkScreen
from finsync_tui.screens.queries import BATCH, Listing
from finsync_tui.screens.text import safe_text
from finsync_tui.screens.widgets.dialogs import AskDialog

if TYPE_CHECKING:
    from sqlite3 import Connection, Row

    from finsync_tui.screens.widgets.virtual_table import VirtualTable

TELL_EVERY_S = 0.2
NOT_EXPORTED = frozenset(["evidence", "detail", "data", "body"])
"""Documents of their own: a row of a sheet is no place for them."""
STILL_READ = "Not all rows are there yet, they are still looked for: a moment, then again."
IN_BROWSER = "A browser can't write to your disk: `finsync report` on the machine does, or the workbench in a terminal."


class Exporting(WorkScreen):
    """A list that can be written to a file."""

    listing: Listing[Any]
    NOUN: ClassVar[str]

    @property
    def table(self) -> VirtualTable[Any]:
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self._stop = Event()
        self.is_exporting = False

    @work(group="doing", exit_on_error=False)
    async def action_export(self) -> None:
        """Write what is shown, or what is marked, to a file."""
        if self.desk.actor.source == "web":
            self.app.notify(IN_BROWSER, severity="warning", markup=False)
            return
        if self.is_exporting:
            self.app.notify(
                "One export at a time: esc stops the one under way.", severity="warning", markup=False
            )
            return
        if self.table.is_part and (self.table.marks_rest or not self.table.marks):
            self.app.notify(STILL_READ, severity="warning", markup=False)
            return
        ids = self.table.chosen_ids() if self.table.marks else list(self.table.ids)

        which = "marked" if self.table.marks else "shown"
        answer = await self.app.push_screen_wait(
            AskDialog(
                f"Export {self.NOUN.lower()}",
                drawing.line((f"{len(ids):,} rows, as they are {which} here", "strong")),
                verb="export",
                prompt="File, ending in .csv, .xlsx or .jsonl",
                is_needed=True,
                value=f"~/finsync-{self.listing.name}.csv",
                read=file_answer,
            )
        )
        if answer is not None:
            await self._export(ids, Path(answer))

    async def _export(self, ids: Sequence[int], path: Path) -> None:
        self._stop.clear()
        self.is_exporting = True
        try:
            written = await self.read(
                partial(
                    export,
                    listing=self.listing,
                    ids=ids,
                    path=path,
                    told=partial(self.app.call_from_thread, self._tell_progress),
                    is_stopped=self._stop.is_set,
                )
            )
        finally:
            self.is_exporting = False
            self._tell_progress(None)
        if written is None:
            self.app.notify("The export was stopped; no file was left behind.", markup=False)
        else:
            self.app.notify(f"{written:,} rows written to {safe_text(path)}.", markup=False)

    def _tell_progress(self, share: tuple[int, int] | None) -> None:
        if self.is_attached:
            told = f"⟳ exported {share[0]:,} of {share[1]:,} · esc stops" if share else ""
            self.table.border_subtitle = Content(told)

    def stop_export(self) -> bool:
        """Stop the export under way; False: there is none."""
        if self.is_exporting:
            self._stop.set()
        return self.is_exporting


def file_answer(answer: str) -> str:
    """Return the file that somebody named for a list, or say in a ValueError what is wrong with it."""
    from finsync_tui.sheets import FORMATS

    return file_of(FORMATS, answer)


def file_of(formats: Sequence[str], answer: str) -> str:
    """Return the file that somebody named, or say in a ValueError what is wrong with it."""
    path = Path(answer).expanduser().absolute()
    if path.suffix.lower().removeprefix(".") not in formats:
        *most, last = (f".{name}" for name in formats)
        raise ValueError(f"end its name in {', '.join(most)} or {last}: it says how to write it")
    if path.exists():
        raise ValueError("a file is there already: choose another name")
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent}")
    return str(path)


def export(
    db: Connection,
    listing: Listing[Any],
    ids: Sequence[int],
    path: Path,
    told: Callable[[tuple[int, int]], object],
    is_stopped: Callable[[], bool],
) -> int | None:
    """Write those rows in that order; return how many there were, None when it was stopped."""
    from finsync_tui.sheets import writing

    header = _header(db, listing)
    written = 0
    last = monotonic()
    try:
        with writing(path, header) as write:
            for start in range(0, len(ids), BATCH):
                if is_stopped():
                    raise StoppedError
                part = list(ids[start : start + BATCH])
                query = listing.select.format(ids=",".join("?" * len(part)))
                found = {row[listing.key]: row for row in db.execute(query, part).fetchall()}
                rows = [found[one] for one in part if one in found]
                write([_cells(row, header) for row in rows])
                written += len(rows)
                if monotonic() - last > TELL_EVERY_S:
                    last = monotonic()
                    told((written, len(ids)))
    except StoppedError:
        return None
    return written


class StoppedError(Exception):
    """The person wants no more of it."""


def _header(db: Connection, listing: Listing[Any]) -> list[str]:
    columns = [item[0] for item in db.execute(listing.select.format(ids="NULL")).description]
    names: list[str] = []
    for name in columns:
        if name == "amount_minor":
            names.append("amount")
        elif name not in NOT_EXPORTED and name not in names:
            names.append(name)
    return names


def _cells(row: Row, header: Sequence[str]) -> list[str | int | None]:
    return [_amount(row) if name == "amount" else row[name] for name in header]


def _amount(row: Row) -> str | None:
    """Return the amount as decimal text, never a float."""
    from store.canonical.currency import exponent

    if row["amount_minor"] is None:
        return None
    return f"{Decimal(row['amount_minor']).scaleb(-exponent(row['currency'] or '')):f}"
