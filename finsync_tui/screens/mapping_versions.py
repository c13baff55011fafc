"""All versions of one mapping table: who made each, and what it changed."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from finsync_tui.screens import drawing, mapping_drawing, mapping_reading
from finsync_tui.screens.mapping_actions import MappingActions, drawn_change
from finsync_tui.screens.mapping_reading import VersionRow
from finsync_tui.screens.text import ago, safe_text, stamp
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable

ROWS_SHOWN = 12
_COLUMNS = (
    Column("", 1),
    Column("Version", 7, is_right=True),
    Column("Recorded", 16),
    Column("Age", 7, is_right=True, is_optional=True),
    Column("Rules", 6, is_right=True),
    Column("Change", 9),
    Column("By", 18),
    Column("Why", 14, grows=True),
)


class VersionsScreen(MappingActions):
    """The history of a table; what a version changed is below it."""

    TITLE = "Versions"
    PURPOSE = (
        "Every version of one table, the newest first. Below is what the version under the cursor changed; = compares it with the "
        "one in force. B proposes an old version again: going back is a change like any other."
    )
    TROUBLE_IN = "#about-text"
    VERBS = ("compare", "restore", "export")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("equals_sign", "compare", "compare with now", key_display="=", id="mapping.compare"),
        Binding("B", "restore", "go back to it…", id="mapping.restore"),
        Binding("E", "export", "export…", id="mapping.export"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name_of_table = name
        self.found: tuple[VersionRow, ...] = ()
        self.rule = "two"
        self.is_to_now = False
        """Whether a version is compared with the one in force; else with the one before it."""

    def body(self) -> ComposeResult:
        with Container(id="panes"):
            yield VirtualTable[VersionRow](
                _COLUMNS,
                self._cells,
                empty="No version was recorded yet: the engine does so when it starts.",
                id="list",
                classes="pane",
            )
            with VerticalScroll(id="about", classes="pane", can_focus=False):
                yield Static(id="about-text")

    @property
    def table(self) -> VirtualTable[VersionRow]:
        return self.query_one("#list", VirtualTable)

    def on_mount(self) -> None:
        self.table.focus()

    def refresh_data(self) -> None:
        self.look_again()

    @work(exclusive=True, group="mappings", exit_on_error=False)
    async def look_again(self) -> None:
        desk = self.desk
        assert desk.workspace is not None, "versions are opened from a table, which needs a workspace"
        self.found, self.rule = await self.read(
            partial(mapping_reading.versions, workspace=desk.workspace, name=self.name_of_table)
        )
        table = self.table
        table.load_rows({row.version: row for row in self.found})
        table.border_title = Content(f"{safe_text(self.name_of_table, 60)} · {len(self.found):,} versions")
        table.styles.height = max(4, min(ROWS_SHOWN, len(self.found), max(1, self.size.height // 2 - 4)) + 3)
        self._about()

    def time_passed(self) -> None:
        self.table.redraw()

    def on_resize(self) -> None:
        self.call_after_refresh(self._about)

    def _cells(self, row: VersionRow) -> list[Cell]:
        who = f"{row.maker}, {row.checker}" if row.checker else row.maker or "the profile"
        return [
            ("●" if row.is_in_force else " ", "ok"),
            (f"{row.version}", "strong"),
            (stamp(row.recorded_at), ""),
            (ago(row.recorded_at, self.desk.now()).removesuffix(" ago"), "muted"),
            (f"{row.row_count:,}", ""),
            (mapping_drawing.counted(row.added, row.removed), ""),
            (who, "" if row.maker else "muted"),
            (row.reason, ""),
        ]

    def on_virtual_table_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        self.refresh_bindings()
        self._about()

    def _about(self) -> None:
        row = self.table.cursor_row
        pane = self.query_one("#about", VerticalScroll)
        width = max(40, self.size.width - 5)
        if row is None:
            self.query_one("#about-text", Static).update(Content(""))
            return
        other = self._in_force() if self.is_to_now else self._before(row)
        if self.is_to_now:
            pane.border_title = Content(f"From version {row.version} to the one in force")
            drawn = drawn_change(row.rules, other.rules if other is not None else (), width)
        else:
            before = f"since version {other.version}" if other is not None else "from nothing"
            pane.border_title = Content(f"What version {row.version} changed {before}")
            drawn = drawn_change(other.rules if other is not None else (), row.rules, width)
        lines = [drawing.paragraph("Why", row.reason, width, lines_max=2)] if row.reason else []
        if row.comment:
            lines.append(drawing.paragraph(f"{row.checker} said", row.comment, width, lines_max=2))
        self.query_one("#about-text", Static).update(drawing.stack([*lines, drawn]))

    def _before(self, row: VersionRow) -> VersionRow | None:
        return next((one for one in self.found if one.version < row.version), None)

    def _in_force(self) -> VersionRow | None:
        return next((one for one in self.found if one.is_in_force), None)

    def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        self.action_compare()

    # -- doing ----------------------------------------------------------------------------------------------------------

    def reason_against(self, action: str) -> str:
        row = self.table.cursor_row
        if action in ("restore", "export") and row is None:
            return "There is no version here."
        if action == "restore" and row is not None and row.is_in_force:
            return f"Version {row.version} is the one in force."
        return ""

    def action_compare(self) -> None:
        self.is_to_now = not self.is_to_now
        self._about()

    @work(group="doing", exit_on_error=False)
    async def action_restore(self) -> None:
        """Propose the rules of an old version."""
        row, now = self.table.cursor_row, self._in_force()
        if self.is_refused("restore") or row is None or now is None:
            return
        from finsync_tui.screens.mapping_acting import Change

        change = Change(self.name_of_table, row.rules, now.version)
        title = f"Go back to version {row.version} of {safe_text(self.name_of_table, 60)}"
        await self.propose_change(
            change, now.rules, self.rule, reason=f"back to version {row.version}: ", title=title
        )

    @work(group="doing", exit_on_error=False)
    async def action_export(self) -> None:
        row = self.table.cursor_row
        if row is not None:
            await self.export_rows(self.name_of_table, row.rules, row.version)
