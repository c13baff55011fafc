"""Breaks grouped by class, with how many came and went each day: what is growing, and what settles by itself."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from finsync_tui.screens import break_queries, drawing, filters, signs
from finsync_tui.screens.base import WorkScreen, explained
from finsync_tui.screens.break_queries import BREAKS, DAYS, ClassRow
from finsync_tui.screens.text import ago, money, safe_text, words
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable


class BreakClassesScreen(WorkScreen):
    """The classes, the most first."""

    TITLE = "Breaks by class"
    PURPOSE = (
        "The shown breaks by class, with what came and went in each of the last fourteen days. What comes and goes by itself "
        "is timing; what only comes wants somebody. Enter shows the breaks of a class."
    )
    VERBS = ("activate",)
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, filter_text: str) -> None:
        super().__init__()
        self.filter_text = filter_text
        self.found: list[ClassRow] = []

    def body(self) -> ComposeResult:
        with Container(id="panes"):
            yield VirtualTable[ClassRow](
                _COLUMNS,
                self._cells,
                empty="No break was open in the last fourteen days.",
                id="list",
                classes="pane",
            )
            with VerticalScroll(id="about", classes="pane", can_focus=False):
                yield Static(id="about-text")

    @property
    def table(self) -> VirtualTable[ClassRow]:
        return self.query_one("#list", VirtualTable)

    def on_mount(self) -> None:
        self.table.focus()

    def refresh_data(self) -> None:
        self.look_again()

    @work(exclusive=True, group="overview", exit_on_error=False)
    async def look_again(self) -> None:
        parsed = filters.parse(self.filter_text, BREAKS.grammar, now=self.desk.now(), me=self.desk.actor.name)
        self.found = await self.read(partial(break_queries.classes, now=self.desk.now(), parsed=parsed))
        self.table.load_rows(dict(enumerate(self.found, start=1)))
        total = sum(row.count for row in self.found)
        only = f" · {safe_text(self.filter_text, 60)}" if self.filter_text else ""
        self.table.border_title = Content(f"{total:,} breaks by class{only}")
        self._about()

    def time_passed(self) -> None:
        self.table.redraw()

    def store_failed(self, error: BaseException) -> None:
        title, lines = explained(error, self.desk)
        self.query_one("#about-text", Static).update(Content("\n\n".join([title, *lines])))

    def on_resize(self) -> None:
        self.call_after_refresh(self._about)

    def on_virtual_table_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        self._about()

    def _cells(self, row: ClassRow) -> list[Cell]:
        sums = " · ".join(money(minor, currency) for currency, minor in row.amounts.items())
        return [
            ("▲" if row.count else "●", "warn" if row.count else "ok"),
            (words(row.class_), "strong"),
            (f"{row.count:,}", "strong" if row.count else "muted"),
            (drawing.sparkline(row.opened), "warn"),
            (f"{sum(row.opened):,}", ""),
            (drawing.sparkline(row.gone), "ok"),
            (f"{sum(row.gone):,}", ""),
            (ago(row.oldest_at, self.desk.now()).removesuffix(" ago") if row.oldest_at else "—", "muted"),
            (sums or "—", "" if sums else "muted"),
        ]

    def _about(self) -> None:
        row = self.table.cursor_row
        pane = self.query_one("#about", VerticalScroll)
        pane.border_title = Content(words(row.class_) if row else "")
        lines = [drawing.line((signs.BREAK_CLASSES.get(row.class_, "") if row else "", ""))]
        if row is not None:
            lines.append(
                drawing.line(
                    (f"last {DAYS} days: ", "muted"),
                    (f"{sum(row.opened):,} came", "warn"),
                    (f", {sum(row.gone):,} went", "ok"),
                    (f", {row.count:,} open now", "strong"),
                )
            )
        self.query_one("#about-text", Static).update(drawing.stack(lines))

    async def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.app.pop_screen()
            terms = [self.filter_text, filters.exactly("class", row.class_)]
            await self.desk.go_filtered("reconcile", " ".join(filter(None, terms)))


_COLUMNS = [
    Column("", 1),
    Column("Class", 20),
    Column("Open", 6, is_right=True),
    Column("Came", DAYS),
    Column("", 5, is_right=True),
    Column("Went", DAYS, is_optional=True),
    Column("", 5, is_right=True, is_optional=True),
    Column("Oldest", 7, is_right=True),
    Column("At risk", 20, grows=True, is_optional=True),
]
