"""Mappings: which tables are in force, what is missing in them, which changes wait for a second person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import changes, mapping_lists, mapping_reading
from finsync_tui.screens.change_rows import ProposalRow
from finsync_tui.screens.change_screen import Begin
from finsync_tui.screens.changes_screen import ChangesScreen
from finsync_tui.screens.mapping_actions import MappingActions
from finsync_tui.screens.mapping_lists import CURRENCIES_SHOWN, TABS, Row
from finsync_tui.screens.mapping_reading import GapDossier, GapRow, Overview, TableRow
from finsync_tui.screens.text import safe_text
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable
from finsync_tui.settings import NoWorkspaceError

if TYPE_CHECKING:
    from finsync_tui.screens.mapping_table import Begin as BeginRule

WIDE = 100
"""From here on each currency has its own column."""


class MappingsScreen(ChangesScreen[Row], MappingActions):
    """Four short lists over one pane that says more about the row under the cursor."""

    TITLE = "Mappings"
    PURPOSE = (
        "Which value of one system means which value of another. Missing lists the values that documents carry and no rule is "
        "for, the most expensive first: n writes the rule. A change shows what it would do before it is proposed; where the "
        "profile asks for two people, it waits for another one with the role approver."
    )
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
    TABS = TABS
    VERBS_OF: ClassVar[Mapping[str, str]] = {
        "mapping": "Missing",
        "approve": "Waiting",
        "reject": "Waiting",
        "versions": "Tables",
        "import_rules": "Tables",
        "export": "Tables",
    }
    KEPT = "layout.mappings"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "tab(-1)", "Previous list", show=False, id="mapping.tab_left"),
        Binding("right_square_bracket", "tab(1)", "next list", key_display="]", id="mapping.tab_right"),
        Binding("n,m", "mapping", "write the rule", id="mapping.fix"),
        Binding("A", "approve", "approve…", id="mapping.approve"),
        Binding("R", "reject", "reject…", id="mapping.reject"),
        Binding("H", "versions", "versions", id="mapping.versions"),
        Binding("I", "import_rules", "Import a file…", show=False, id="mapping.import"),
        Binding("E", "export", "Export…", show=False, id="mapping.export"),
    ]

    found: Overview | None = None

    def __init__(self) -> None:
        super().__init__()
        self.currencies: tuple[str, ...] = ()
        self._gaps_read: dict[int, GapDossier] = {}

    # -- reading ------------------------------------------------------------------------------------------------------

    def refresh_data(self) -> None:
        """Somebody wrote: look whether it concerns us, and only then read everything."""
        self.look_again()

    def reread(self) -> None:
        self.look_again(is_asked=True)

    @work(exclusive=True, group="mappings", exit_on_error=False)
    async def look_again(self, *, is_asked: bool = False) -> None:
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
            self.fill()
        self.found = await self.read(query)
        self._gaps_read.clear()
        self.fill()

    # -- showing ------------------------------------------------------------------------------------------------------

    def lists(self) -> Mapping[str, Sequence[Row]]:
        found = self.found
        assert found is not None
        return {
            "Tables": found.tables, "Missing": found.gaps, "Waiting": found.waiting, "Decided": found.decided,
        }  # fmt: skip

    def fill(self) -> None:
        counts: dict[str, int] = {}
        for gap in self.found.gaps if self.found is not None else ():
            for currency in gap.amounts:
                counts[currency] = counts.get(currency, 0) + gap.document_count
        dearest = sorted(counts, key=lambda name: (-counts[name], name))[:CURRENCIES_SHOWN]
        self.currencies = tuple(dearest) if self.size.width >= WIDE else ()
        super().fill()

    def columns(self) -> list[Column]:
        return mapping_lists.columns(self.tab, self.currencies)

    def list_title(self, count: int) -> str:
        assert self.found is not None
        return mapping_lists.title(self.tab, count, self.found.rule)

    def emptiness(self) -> str:
        return mapping_lists.EMPTY[self.tab]

    def words_of(self, row: Row) -> Sequence[str]:
        return mapping_lists.words_of(row)

    def cells(self, row: Row) -> list[Cell]:
        return mapping_lists.cells(row, self.desk.now(), self.currencies)

    # -- about the row ------------------------------------------------------------------------------------------------

    def about(self, row: Row, width: int) -> tuple[str, Content]:
        if isinstance(row, TableRow):
            height = max(3, self.query_one("#about").content_size.height)
            return row.name, mapping_lists.about_table(row, width, height)
        if isinstance(row, ProposalRow):
            return f"Proposal {row.id}", changes.about(row, changes.MAPPING, width)
        if row.id not in self._gaps_read:
            self._read_gap(row)
        named = f"{safe_text(row.value, 60)} in {safe_text(row.table, 64)}"
        return named, mapping_lists.about_gap(row, self._gaps_read.get(row.id), width)

    @work(exclusive=True, group="about", exit_on_error=False)
    async def _read_gap(self, row: GapRow) -> None:
        if self.desk.workspace is not None:
            found = await self.read(partial(mapping_reading.gap, workspace=self.desk.workspace, row=row))
            self._gaps_read[row.id] = found
            if self.table.cursor_row is row:
                self.show_about()

    async def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        """A table shows its rules, a missing value the documents that wait for it."""
        row = self.table.cursor_row
        if isinstance(row, TableRow):
            self._open_table(row.name)
        elif isinstance(row, GapRow):
            await self.desk.go_filtered("exceptions", mapping_lists.gap_filter(row))
        elif isinstance(row, ProposalRow):
            self.open_proposal()

    def _open_table(self, name: str, begin: BeginRule | None = None) -> None:
        from finsync_tui.screens.mapping_table import MappingTableScreen

        self.app.push_screen(MappingTableScreen(name, begin))

    def open_proposal(self, begin: Begin = "") -> None:
        from finsync_tui.screens.proposal_detail import ProposalScreen

        self.app.push_screen(ProposalScreen(self.table.ids, self.table.cursor, begin))

    # -- doing --------------------------------------------------------------------------------------------------------

    def action_mapping(self) -> None:
        """Write the rule for the value under the cursor."""
        from finsync_tui.screens.mapping_table import Begin as BeginRule

        row = self.table.cursor_row
        if not self.is_refused("mapping") and isinstance(row, GapRow):
            self._open_table(row.table, BeginRule(row.value, row.scope, dict(row.given)))

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
