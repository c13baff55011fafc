"""The comparisons: what was read on both sides, what they add up to, what was found."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from finsync_tui.screens import break_queries, drawing, signs
from finsync_tui.screens.base import WorkScreen, explained
from finsync_tui.screens.break_queries import RunRow
from finsync_tui.screens.text import ago, amount, span, stamp, words
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable

TOTALS_SHOWN = 40


class ReconcileRunsScreen(WorkScreen):
    """The newest comparisons first."""

    TITLE = "Comparisons"
    PURPOSE = (
        "Each comparison of two systems: full, of a window, or of what changed. Only a complete one says anything about breaks; "
        "one that failed or was interrupted leaves them as they were. Below, both sides' control totals. Enter shows the "
        "breaks that it saw last."
    )
    VERBS = ("activate",)
    BINDINGS: ClassVar[list[BindingType]] = []

    def body(self) -> ComposeResult:
        with Container(id="panes"):
            yield VirtualTable[RunRow](
                _COLUMNS,
                self._cells,
                empty="Nothing was compared yet. `finsync reconcile` compares now; the engine does by schedule.",
                id="list",
                classes="pane",
            )
            with VerticalScroll(id="about", classes="pane", can_focus=False):
                yield Static(id="about-text")

    @property
    def table(self) -> VirtualTable[RunRow]:
        return self.query_one("#list", VirtualTable)

    def on_mount(self) -> None:
        self.table.focus()

    def refresh_data(self) -> None:
        self.look_again()

    @work(exclusive=True, group="overview", exit_on_error=False)
    async def look_again(self) -> None:
        found = await self.read(break_queries.runs)
        self.table.load_rows({row.id: row for row in found})
        newest = " · the newest shown" if len(found) == break_queries.RUNS_MAX else ""
        self.table.border_title = Content(f"{len(found):,} comparisons{newest}")
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

    def _cells(self, row: RunRow) -> list[Cell]:
        state = signs.of(signs.RUN, row.outcome)
        return [
            (state.glyph, state.role),
            (f"{row.id}", "muted"),
            (row.definition, "strong"),
            (f"{row.source_system} → {row.target_system}", ""),
            (state.word, state.role),
            (row.mode, "muted"),
            (f"{row.compared:,}", ""),
            (f"{row.opened:,}" if row.opened else "—", "warn" if row.opened else "muted"),
            (f"{row.persisting:,}" if row.persisting else "—", "" if row.persisting else "muted"),
            (f"{row.closed:,}" if row.closed else "—", "ok" if row.closed else "muted"),
            (ago(row.started_at, self.desk.now()).removesuffix(" ago"), "muted"),
        ]

    def _about(self) -> None:
        row = self.table.cursor_row
        self.query_one("#about", VerticalScroll).border_title = Content(f"comparison {row.id}" if row else "")
        width = max(40, self.size.width - 5)
        self.query_one("#about-text", Static).update(_told(row, width) if row else Content(""))

    async def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.app.pop_screen()
            await self.desk.go_filtered("reconcile", f"run:{row.id}")


def _told(row: RunRow, width: int) -> Content:
    took = f", took {span(row.ended_at - row.started_at)}" if row.ended_at else ""
    lines = [
        drawing.line(
            (f"{stamp(row.started_at)}{took}, asked by {row.asked_by}  ", "muted"),
            (f"{row.source_rows:,} rows against {row.target_rows:,}", "strong"),
        )
    ]
    if row.error:
        lines.append(drawing.paragraph(words(row.outcome), row.error, width, role="error", lines_max=3))
    if row.totals:
        header = ("", "for", "period", "source", row.source_system, "target", row.target_system, "cur")
        lines.append(
            drawing.table(
                (1, 6, 7, -6, -15, -6, -15, 3),
                [
                    (
                        ("=", "muted") if left == right and count == other else ("≠", "warn"),
                        (entity or "—", ""),
                        (period, "muted"),
                        (f"{count:,}", "muted"),
                        (amount(left, currency), ""),
                        (f"{other:,}", "muted"),
                        (amount(right, currency), "" if left == right else "strong"),
                        (currency, "muted"),
                    )
                    for entity, period, currency, count, left, other, right in row.totals[:TOTALS_SHOWN]
                ],
                header,
                width=width,
            )
        )
    return drawing.stack(lines)


_COLUMNS = [
    Column("", 1),
    Column("No.", 4, is_right=True),
    Column("Compared", 13),
    Column("Systems", 20, grows=True),
    Column("Outcome", 11),
    Column("How", 8, is_optional=True),
    Column("Keys", 9, is_right=True, is_optional=True),
    Column("New", 6, is_right=True),
    Column("Known", 6, is_right=True, is_optional=True),
    Column("Gone", 6, is_right=True, is_optional=True),
    Column("Began", 7, is_right=True),
]
