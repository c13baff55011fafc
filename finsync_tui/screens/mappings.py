"""Mappings: which tables are in force, what is missing in them, which changes wait for a second person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from finsync_tui.screens import mapping_lists, mapping_reading
from finsync_tui.screens.detail import TabStrip
from finsync_tui.screens.mapping_actions import MappingActions
from finsync_tui.screens.mapping_lists import CURRENCIES_SHOWN, TABS, Row
from finsync_tui.screens.mapping_reading import GapDossier, GapRow, Overview, ProposalRow, TableRow
from finsync_tui.screens.text import safe_text
from finsync_tui.screens.widgets.filter_line import FilterLine
from finsync_tui.screens.widgets.virtual_table import Cell, VirtualTable
from finsync_tui.settings import NoWorkspaceError

if TYPE_CHECKING:
    from finsync_tui.screens.mapping_table import Begin

ABOUT_ROWS_MIN = 6
"""What the lower pane needs at least to say something."""
KEPT = "layout.mappings"
WIDE = 100
"""From here on each currency has its own column."""

VERBS_OF = {
    "mapping": ("Missing",),
    "approve": ("Waiting",),
    "reject": ("Waiting",),
    "versions": ("Tables",),
    "import_rules": ("Tables",),
    "export": ("Tables",),
}
"""In which lists a verb makes sense."""


class MappingsScreen(MappingActions):
    """Four short lists over one pane that says more about the row under the cursor."""

    TITLE = "Mappings"
    PURPOSE = (
        "Which value of one system means which value of another. Missing lists the values that documents carry and no rule is "
        "for, the most expensive first: n writes the rule. A change shows what it would do before it is proposed; where the "
        "profile asks for two people, it waits for another one with the role approver."
    )
    TROUBLE_IN = "#about-text"
    VERBS = (
        "activate",
        "mapping",
        "approve",
        "reject",
        "tab(1)",
        "filter",
        "versions",
        "import_rules",
        "export",
    )
    HINT = "words that the row contains, -words that it does not"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/", id="list.filter"),
        Binding("left_square_bracket", "tab(-1)", "Previous list", show=False, id="mapping.tab_left"),
        Binding("right_square_bracket", "tab(1)", "next list", key_display="]", id="mapping.tab_right"),
        Binding("n,m", "mapping", "write the rule", id="mapping.fix"),
        Binding("A", "approve", "approve…", id="mapping.approve"),
        Binding("R", "reject", "reject…", id="mapping.reject"),
        Binding("H", "versions", "versions", id="mapping.versions"),
        Binding("I", "import_rules", "Import a file…", show=False, id="mapping.import"),
        Binding("E", "export", "Export…", show=False, id="mapping.export"),
        Binding("escape", "clear", "Clear the filter", show=False, id="list.clear"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.found: Overview | None = None
        self.currencies: tuple[str, ...] = ()
        self._gaps_read: dict[int, GapDossier] = {}

    def body(self) -> ComposeResult:
        yield TabStrip(TABS)
        yield FilterLine(self.HINT)
        with Container(id="panes"):
            yield VirtualTable[Row]((), self._cells, empty="reading …", id="list", classes="pane")
            with VerticalScroll(id="about", classes="pane", can_focus=False):
                yield Static(id="about-text")

    @property
    def table(self) -> VirtualTable[Row]:
        return self.query_one("#list", VirtualTable)

    @property
    def strip(self) -> TabStrip:
        return self.query_one(TabStrip)

    @property
    def tab(self) -> str:
        return TABS[self.strip.current]

    @property
    def filter_line(self) -> FilterLine:
        return self.query_one(FilterLine)

    def on_mount(self) -> None:
        kept = self.desk.preferences.get(KEPT, "")
        if kept in TABS:
            self.strip.current = TABS.index(kept)
        self.watch(self.strip, "current", self._switched, init=False)
        self.table.focus()

    # -- reading ------------------------------------------------------------------------------------------------------

    def refresh_data(self) -> None:
        """Somebody wrote: look whether it concerns us, and only then read everything."""
        self.look_again(is_asked=False)

    def reread(self) -> None:
        self.look_again(is_asked=True)

    @work(exclusive=True, group="mappings", exit_on_error=False)
    async def look_again(self, *, is_asked: bool) -> None:
        desk, workspace = self.desk, self.desk.workspace
        if workspace is None:
            self.store_failed(NoWorkspaceError(desk.store_path.parent))
            return
        if (
            not is_asked
            and self.found is not None
            and await self.read(mapping_reading.mark) == self.found.mark
        ):
            return
        query = partial(mapping_reading.overview, workspace=workspace, now=desk.now(), person=desk.actor)
        if (
            self.found is None
        ):  # to decide many stuck documents again takes its time: the rest is shown before
            self.found = await self.read(partial(query, with_gaps=False))
            self._show()
        self.found = await self.read(query)
        self._gaps_read.clear()
        self._show()

    def time_passed(self) -> None:
        self.table.redraw()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    # -- showing ------------------------------------------------------------------------------------------------------

    def _rows(self) -> Sequence[Row]:
        if self.found is None:
            return ()
        lists: Mapping[str, Sequence[Row]] = {
            "Tables": self.found.tables,
            "Missing": self.found.gaps,
            "Waiting": self.found.waiting,
            "Decided": self.found.decided,
        }
        return [row for row in lists[self.tab] if mapping_lists.contains(row, self.filter_line.text)]

    def _switched(self) -> None:
        self.desk.remember(KEPT, self.tab)
        self.table.move_to(0)
        self._show()

    def _show(self) -> None:
        found = self.found
        if found is None:
            return
        self.strip.show_counts(
            {
                "Tables": len(found.tables),
                "Missing": len(found.gaps),
                "Waiting": len(found.waiting),
                "Decided": len(found.decided),
            }
        )
        counts: dict[str, int] = {}
        for gap in found.gaps:
            for currency in gap.amounts:
                counts[currency] = counts.get(currency, 0) + gap.document_count
        dearest = sorted(counts, key=lambda name: (-counts[name], name))[:CURRENCIES_SHOWN]
        self.currencies = tuple(dearest) if self.size.width >= WIDE else ()
        rows = self._rows()
        table = self.table
        table.set_columns(mapping_lists.columns(self.tab, self.currencies), self._cells)
        table.empty = (
            "Nothing matches this filter. esc removes its last part."
            if self.filter_line.text
            else mapping_lists.EMPTY[self.tab]
        )
        table.load_rows({row.id: row for row in rows})
        table.border_title = Content(mapping_lists.title(self.tab, len(rows), found.rule))
        text = self.filter_line.text
        if not self.filter_line.is_open:
            self.filter_line.show(text, tuple(text.split()), f"all {self.tab.lower()}")
        self._place()
        self._fit()
        self._about()
        self.refresh_bindings()

    def _cells(self, row: Row) -> list[Cell]:
        return mapping_lists.cells(row, self.desk.now(), self.currencies)

    def _fit(self) -> None:
        """Give the list what it needs, and the rest to what is said about a row."""
        room = self.query_one("#panes").size.height
        if room:
            self.table.styles.height = max(4, min(self.table.row_count + 3, room - ABOUT_ROWS_MIN))

    # -- about the row ------------------------------------------------------------------------------------------------

    def on_virtual_table_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        self._place()
        self._about()
        self.refresh_bindings()

    def _place(self) -> None:
        table = self.table
        self.filter_line.place(f"{table.cursor + 1:,} of {table.row_count:,}" if table.row_count else "none")

    def _about(self) -> None:
        row = self.table.cursor_row
        pane = self.query_one("#about", VerticalScroll)
        pane.display = row is not None
        width = max(40, self.size.width - 5)
        if row is None:
            pane.border_title = Content("")
            self.query_one("#about-text", Static).update(Content(""))
            return
        if isinstance(row, TableRow):
            named = row.name
            drawn = mapping_lists.about_table(row, width, max(3, pane.content_size.height))
        elif isinstance(row, GapRow):
            named = f"{safe_text(row.value, 60)} in {safe_text(row.table, 64)}"
            drawn = mapping_lists.about_gap(row, self._gaps_read.get(row.id), width)
            if row.id not in self._gaps_read:
                self._read_gap(row)
        else:
            named = f"Proposal {row.id}"
            drawn = mapping_lists.about_proposal(row, width)
        pane.border_title = Content(named)
        self.query_one("#about-text", Static).update(drawn)

    @work(exclusive=True, group="about", exit_on_error=False)
    async def _read_gap(self, row: GapRow) -> None:
        if self.desk.workspace is not None:
            found = await self.read(partial(mapping_reading.gap, workspace=self.desk.workspace, row=row))
            self._gaps_read[row.id] = found
            if self.table.cursor_row is row:
                self._about()

    async def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        """A table shows its rules, a missing value the documents that wait for it."""
        row = self.table.cursor_row
        if isinstance(row, TableRow):
            self._open_table(row.name)
        elif isinstance(row, GapRow):
            await self.desk.go_filtered("exceptions", mapping_lists.gap_filter(row))
        elif isinstance(row, ProposalRow):
            self._open_proposal()

    def _open_table(self, name: str, begin: Begin | None = None) -> None:
        from finsync_tui.screens.mapping_table import MappingTableScreen

        self.app.push_screen(MappingTableScreen(name, begin))

    def _open_proposal(self, begin: Literal["", "approve", "reject"] = "") -> None:
        from finsync_tui.screens.proposal_detail import ProposalScreen

        self.app.push_screen(ProposalScreen(self.table.ids, self.table.cursor, begin))

    # -- doing --------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Each list has its own verbs: the others are not shown."""
        place = VERBS_OF.get(action)
        return self.tab in place if place is not None and self.is_mounted else True

    def reason_against(self, action: str) -> str:
        return "There is nothing here." if action in VERBS_OF and self.table.cursor_row is None else ""

    def action_mapping(self) -> None:
        """Write the rule for the value under the cursor."""
        from finsync_tui.screens.mapping_table import Begin

        row = self.table.cursor_row
        if not self.is_refused("mapping") and isinstance(row, GapRow):
            self._open_table(row.table, Begin(row.value, row.scope, dict(row.given)))

    def action_approve(self) -> None:
        """Look at the change under the cursor and what it would do, then sign it."""
        if not self.is_refused("approve"):
            self._open_proposal("approve")

    def action_reject(self) -> None:
        if not self.is_refused("reject"):
            self._open_proposal("reject")

    def action_versions(self) -> None:
        from finsync_tui.screens.mapping_versions import VersionsScreen

        row = self.table.cursor_row
        if not self.is_refused("versions") and isinstance(row, TableRow):
            self.app.push_screen(VersionsScreen(row.name))

    @work(group="doing", exit_on_error=False)
    async def action_import_rules(self) -> None:
        """Propose a file's rows in place of the whole table."""
        row = self.table.cursor_row
        if not self.is_refused("import_rules") and isinstance(row, TableRow) and self.found is not None:
            await self.import_rows(row.name, row.rules, row.version, self.found.rule)

    @work(group="doing", exit_on_error=False)
    async def action_export(self) -> None:
        row = self.table.cursor_row
        if not self.is_refused("export") and isinstance(row, TableRow):
            await self.export_rows(row.name, row.rules, row.version)

    # -- filter and lists ---------------------------------------------------------------------------------------------

    def choose(self, tab: str) -> None:
        """Show one of the lists, all of it; called from Home."""
        self.filter_line.text = ""
        self.strip.current = TABS.index(tab)
        self._show()

    def action_tab(self, by: int) -> None:
        self.strip.current = (self.strip.current + by) % len(TABS)

    def action_filter(self) -> None:
        self.filter_line.open()

    def on_filter_line_changed(self, event: FilterLine.Changed) -> None:
        self.filter_line.text = event.text
        if event.is_final:
            self.filter_line.close()
            self.table.focus()
        self._show()

    def action_clear(self) -> None:
        if self.desk.stop_progress():
            return
        if self.filter_line.text:
            self.filter_line.text = self.filter_line.without_last()
            self._show()
