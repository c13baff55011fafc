"""A table, and below it what the chosen row is about: what screens of a few dozen rows share."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from finsync_tui.screens.base import WorkScreen
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable

RowT = TypeVar("RowT")


class TableAboutScreen(WorkScreen, Generic[RowT]):
    """What is read, what stands in a row, and what is told of it is the screen's own."""

    VERBS: ClassVar[tuple[str, ...]] = ("activate",)
    TROUBLE_IN = "#about-text"
    BINDINGS: ClassVar[list[BindingType]] = []
    COLUMNS: ClassVar[list[Column]]
    EMPTY: ClassVar[str]

    def cells(self, row: RowT) -> list[Cell]:
        raise NotImplementedError

    def about(self, row: RowT, width: int) -> tuple[str, Content]:
        """Return what is told of a row, and under which title."""
        raise NotImplementedError

    def look_again(self) -> Any:
        """Read the rows, and call `show`."""
        raise NotImplementedError

    def body(self) -> ComposeResult:
        with Container(id="panes"):
            yield VirtualTable[RowT](self.COLUMNS, self.cells, empty=self.EMPTY, id="list", classes="pane")
            with VerticalScroll(id="about", classes="pane", can_focus=False):
                yield Static(id="about-text")

    @property
    def table(self) -> VirtualTable[RowT]:
        return self.query_one("#list", VirtualTable)

    def show(self, rows: dict[int, RowT], title: str) -> None:
        self.table.load_rows(rows)
        self.table.border_title = Content(title)
        self.show_about()

    def on_mount(self) -> None:
        self.table.focus()

    def refresh_data(self) -> None:
        self.look_again()

    def time_passed(self) -> None:
        self.table.redraw()

    def on_resize(self) -> None:
        self.call_after_refresh(self.show_about)

    def on_virtual_table_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        self.show_about()

    def show_about(self) -> None:
        """Tell of the row under the cursor."""
        row = self.table.cursor_row
        title, told = ("", Content("")) if row is None else self.about(row, max(40, self.size.width - 5))
        self.query_one("#about", VerticalScroll).border_title = Content(title)
        self.query_one("#about-text", Static).update(told)
