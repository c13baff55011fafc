"""Breaks grouped by class, with how many came and went each day: what is growing, and what settles by itself."""

from __future__ import annotations

from functools import partial

from textual import work
from textual.content import Content

from finsync_tui.screens import break_queries, drawing, filters, signs
from finsync_tui.screens.break_queries import BREAKS, DAYS, ClassRow
from finsync_tui.screens.table_about import TableAboutScreen
from finsync_tui.screens.text import ago, form, money, safe_text, words
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable

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


class BreakClassesScreen(TableAboutScreen[ClassRow]):
    """The classes, the most first."""

    TITLE = "Breaks by class"
    PURPOSE = (
        "The shown breaks by class, with what came and went in each of the last fourteen days. What comes and goes by itself "
        "is timing; what only comes wants somebody. Enter shows the breaks of a class."
    )
    COLUMNS = _COLUMNS
    EMPTY = "No break was open in the last fourteen days."

    def __init__(self, filter_text: str) -> None:
        super().__init__()
        self.filter_text = filter_text

    @work(exclusive=True, group="overview", exit_on_error=False)
    async def look_again(self) -> None:
        parsed = filters.parse(
            self.filter_text, BREAKS.grammar, now=self.desk.now(), me=self.desk.actor.name, form=form()
        )
        found = await self.read(partial(break_queries.classes, now=self.desk.now(), parsed=parsed))
        total = sum(row.count for row in found)
        only = f" · {safe_text(self.filter_text, 60)}" if self.filter_text else ""
        self.show(dict(enumerate(found, start=1)), f"{total:,} breaks by class{only}")

    def cells(self, row: ClassRow) -> list[Cell]:
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

    def about(self, row: ClassRow, width: int) -> tuple[str, Content]:
        lines = [
            drawing.line((signs.BREAK_CLASSES.get(row.class_, ""), "")),
            drawing.line(
                (f"last {DAYS} days: ", "muted"),
                (f"{sum(row.opened):,} came", "warn"),
                (f", {sum(row.gone):,} went", "ok"),
                (f", {row.count:,} open now", "strong"),
            ),
        ]
        return words(row.class_), drawing.stack(lines)

    async def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.app.pop_screen()
            terms = [self.filter_text, filters.exactly("class", row.class_)]
            await self.desk.go_filtered("reconcile", " ".join(filter(None, terms)))
