"""The comparisons: what was read on both sides, what they add up to, what was found."""

from __future__ import annotations

from textual import work
from textual.content import Content

from finsync_tui.screens import break_queries, drawing, signs
from finsync_tui.screens.break_queries import RunRow
from finsync_tui.screens.table_about import TableAboutScreen
from finsync_tui.screens.text import ago, amount, span, stamp, words
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable

TOTALS_SHOWN = 40


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


class ReconcileRunsScreen(TableAboutScreen[RunRow]):
    """The newest comparisons first."""

    TITLE = "Comparisons"
    PURPOSE = (
        "Each comparison of two systems: full, of a window, or of what changed. Only a complete one says anything about breaks; "
        "one that failed or was interrupted leaves them as they were. Below, both sides' control totals. Enter shows the "
        "breaks that it saw last."
    )
    COLUMNS = _COLUMNS
    EMPTY = "Nothing was compared yet. `finsync reconcile` compares now; the engine does by schedule."

    @work(exclusive=True, group="overview", exit_on_error=False)
    async def look_again(self) -> None:
        found = await self.read(break_queries.runs)
        newest = " · the newest shown" if len(found) == break_queries.RUNS_MAX else ""
        self.show({row.id: row for row in found}, f"{len(found):,} comparisons{newest}")

    def cells(self, row: RunRow) -> list[Cell]:
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

    def about(self, row: RunRow, width: int) -> tuple[str, Content]:
        return f"comparison {row.id}", _told(row, width)

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
