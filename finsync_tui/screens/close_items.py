"""What is in the way of one company's period, document by document."""

from __future__ import annotations

from array import array
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content

from finsync_tui.closing import Cell as BoardCell
from finsync_tui.screens import close_reading, signs
from finsync_tui.screens.base import WorkScreen
from finsync_tui.screens.close_reading import ItemRow
from finsync_tui.screens.text import NULL, ago, amount, safe_text, words
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable
from store.closing import Reason


class CloseItemsScreen(WorkScreen):
    """Of one company's period, obstacles first; or of all of them for one reason. The oldest first."""

    TITLE = "In the way of the close"
    PURPOSE = (
        "The documents behind the figures of one company's period, or behind a figure of Home. Enter opens the exception, the break or the workflow that "
        "each of them is. Orders are listed, and in nobody's way."
    )
    VERBS = ("activate", "flow")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f", "flow", "workflow", id="detail.workflow")]

    def __init__(self, of: BoardCell | Reason) -> None:
        super().__init__()
        self.of = of

    def body(self) -> ComposeResult:
        with Container(id="panes"):
            yield VirtualTable[ItemRow](
                _COLUMNS,
                self._cells,
                empty="Nothing is in the way.",
                id="list",
                classes="pane",
            )

    @property
    def table(self) -> VirtualTable[ItemRow]:
        return self.query_one("#list", VirtualTable)

    def on_mount(self) -> None:
        self.table.focus()

    def refresh_data(self) -> None:
        self.look_again()

    @work(exclusive=True, group="overview", exit_on_error=False)
    async def look_again(self) -> None:
        of = self.of
        found = await self.read(
            partial(close_reading.obstacles, reason=of)
            if isinstance(of, str)
            else partial(close_reading.items, cell=of)
        )
        self.table.load_rows({row.id: row for row in found})
        most = f" · the first {len(found):,} shown" if len(found) == close_reading.ITEMS_MAX else ""
        name = (
            f"{signs.of(signs.CLOSE_REASON, of).word} · all periods"
            if isinstance(of, str)
            else safe_text(f"{of.legal_entity} · {of.period.name}", 60)
        )
        self.table.border_title = Content(f"{name} · {len(found):,} in the way{most}")

    def time_passed(self) -> None:
        self.table.redraw()

    def _cells(self, row: ItemRow) -> list[Cell]:
        sign = signs.of(signs.CLOSE_REASON, row.reason)
        role: signs.Role = "warn" if row.is_obstacle else "muted"
        return [
            (sign.glyph, role),
            (sign.word, role),
            (row.number, "accent"),
            (words(row.entity), "muted"),
            (amount(row.amount_minor, row.currency) or NULL, "" if row.amount_minor is not None else "muted"),
            (row.currency or "", "muted"),
            (words(row.waits_for) if row.waits_for.islower() else row.waits_for, ""),
            (row.owner or "nobody", "" if row.owner else "muted"),
            (row.accounting_on, "muted"),
            (ago(row.since, self.desk.now()).removesuffix(" ago"), "muted"),
        ]

    def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        row = self.table.cursor_row
        if row is None:
            return
        if row.case_id is not None and row.reason == "exception":
            from finsync_tui.screens.exception_detail import ExceptionDetailScreen

            self.app.push_screen(ExceptionDetailScreen(array("q", [row.case_id]), 0))
        elif row.break_id is not None:
            from finsync_tui.screens.break_detail import BreakDetailScreen

            self.app.push_screen(BreakDetailScreen(array("q", [row.break_id]), 0))
        else:
            self.action_flow()

    def action_flow(self) -> None:
        from finsync_tui.screens.workflow_detail import WorkflowDetailScreen

        row = self.table.cursor_row
        if row is None or row.workflow_id is None:
            self.app.notify("It belongs to no workflow.", severity="warning", markup=False)
            return
        self.app.push_screen(WorkflowDetailScreen(array("q", [row.workflow_id]), 0))


_COLUMNS = [
    Column("", 1),
    Column("Reason", 11),
    Column("Document", 12),
    Column("Kind", 14, is_optional=True),
    Column("Amount", 13, is_right=True),
    Column("Cur", 3),
    Column("Waits for", 16, grows=True),
    Column("Owner", 8),
    Column("Booked on", 10, is_optional=True),
    Column("Since", 6, is_right=True, is_optional=True),
]
