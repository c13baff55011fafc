"""Short lists under one strip of tabs: what is in force, what waits for a second person, what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from finsync_tui.screens import changes
from finsync_tui.screens.change_screen import Begin
from finsync_tui.screens.detail import TabStrip
from finsync_tui.screens.table_about import TableAboutScreen
from finsync_tui.screens.widgets.filter_line import FilterLine
from finsync_tui.screens.widgets.virtual_table import Column, VirtualTable

RowT = TypeVar("RowT")
ABOUT_ROWS_MIN = 6
"""What the lower pane needs at least to say something."""


class ChangesScreen(TableAboutScreen[RowT], Generic[RowT]):
    """What is read, and what a row of each list looks like, is the kind's own."""

    TABS: ClassVar[tuple[str, ...]]
    VERBS_OF: ClassVar[Mapping[str, str]]
    """In which list a verb makes sense; the others are not shown there."""
    KEPT: ClassVar[str]
    """Under which name the list that was seen last is remembered."""
    HINT = "words that the row contains, -words that it does not"
    COLUMNS: ClassVar[list[Column]] = []
    EMPTY = "reading …"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/", id="list.filter"),
        Binding("escape", "clear", "Clear the filter", show=False, id="list.clear"),
    ]

    found: Any = None
    """What was read last; None: nothing was."""

    # -- what a kind says -------------------------------------------------------------------------------------------------

    def lists(self) -> Mapping[str, Sequence[RowT]]:
        """Return the rows of each list."""
        raise NotImplementedError

    def columns(self) -> list[Column]:
        raise NotImplementedError

    def list_title(self, count: int) -> str:
        raise NotImplementedError

    def emptiness(self) -> str:
        """Return what an empty list says."""
        raise NotImplementedError

    def words_of(self, row: RowT) -> Sequence[str]:
        """Return what a filter finds a row by."""
        raise NotImplementedError

    def open_proposal(self, begin: Begin = "") -> None:
        raise NotImplementedError

    # -- showing ----------------------------------------------------------------------------------------------------------

    def body(self) -> ComposeResult:
        yield TabStrip(self.TABS)
        yield FilterLine(self.HINT)
        yield from super().body()

    @property
    def strip(self) -> TabStrip:
        return self.query_one(TabStrip)

    @property
    def tab(self) -> str:
        return self.TABS[self.strip.current]

    @property
    def filter_line(self) -> FilterLine:
        return self.query_one(FilterLine)

    def on_mount(self) -> None:
        kept = self.desk.preferences.get(self.KEPT, "")
        if kept in self.TABS:
            self.strip.current = self.TABS.index(kept)
        super().on_mount()
        self.watch(self.strip, "current", self._switched, init=False)

    def on_resize(self) -> None:
        self.call_after_refresh(self.fill)

    def _switched(self) -> None:
        self.desk.remember(self.KEPT, self.tab)
        self.table.move_to(0)
        self.fill()

    def fill(self) -> None:
        """Show what was read."""
        if self.found is None:
            return
        lists, text = self.lists(), self.filter_line.text
        self.strip.show_counts({name: len(rows) for name, rows in lists.items()})
        rows = [row for row in lists[self.tab] if changes.contains(self.words_of(row), text)]
        table = self.table
        table.set_columns(self.columns(), self.cells)
        table.empty = "Nothing matches this filter. esc removes its last part." if text else self.emptiness()
        self.show({self.number_of(row): row for row in rows}, self.list_title(len(rows)))
        if not self.filter_line.is_open:
            self.filter_line.show(text, tuple(text.split()), f"all {self.tab.lower()}")
        self._place()
        self._fit()
        # how much is told of a row is what has room below the list, which is known once it is laid out
        self.call_after_refresh(self.show_about)
        self.refresh_bindings()

    def number_of(self, row: RowT) -> int:
        number: int = row.id  # type: ignore[attr-defined]  # each row of these lists has one
        return number

    def _fit(self) -> None:
        """Give the list what it needs, and the rest to what is said about a row."""
        room = self.query_one("#panes").size.height
        if room:
            self.table.styles.height = max(4, min(self.table.row_count + 3, room - ABOUT_ROWS_MIN))

    def _place(self) -> None:
        table = self.table
        self.filter_line.place(f"{table.cursor + 1:,} of {table.row_count:,}" if table.row_count else "none")

    def show_about(self) -> None:
        self.query_one("#about", VerticalScroll).display = self.table.cursor_row is not None
        super().show_about()

    def on_virtual_table_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        super().on_virtual_table_row_highlighted(event)
        self._place()
        self.refresh_bindings()

    # -- doing ------------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Each list has its own verbs: the others are not shown."""
        place = self.VERBS_OF.get(action)
        return self.tab == place if place is not None and self.is_mounted else True

    def reason_against(self, action: str) -> str:
        return "There is nothing here." if action in self.VERBS_OF and self.table.cursor_row is None else ""

    def action_approve(self) -> None:
        """Look at the change under the cursor and what it would do, then sign it."""
        if not self.is_refused("approve"):
            self.open_proposal("approve")

    def action_reject(self) -> None:
        if not self.is_refused("reject"):
            self.open_proposal("reject")

    # -- filter and lists -------------------------------------------------------------------------------------------------

    def choose(self, tab: str) -> None:
        """Show one of the lists, all of it; called from Home."""
        self.filter_line.text = ""
        self.strip.current = self.TABS.index(tab)
        self.fill()

    def action_tab(self, by: int) -> None:
        self.strip.current = (self.strip.current + by) % len(self.TABS)

    def action_filter(self) -> None:
        self.filter_line.open()

    def on_filter_line_changed(self, event: FilterLine.Changed) -> None:
        self.filter_line.text = event.text
        if event.is_final:
            self.filter_line.close()
            self.table.focus()
        self.fill()

    def action_clear(self) -> None:
        if self.desk.stop_progress():
            return
        if self.filter_line.text:
            self.filter_line.text = self.filter_line.without_last()
            self.fill()
