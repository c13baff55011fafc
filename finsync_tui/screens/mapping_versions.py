"""All versions of one mapping table: who made each, and what it changed."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import drawing, mapping_drawing, mapping_reading
from finsync_tui.screens.change_versions import ChangeVersionsScreen
from finsync_tui.screens.mapping_actions import MappingActions, drawn_change
from finsync_tui.screens.mapping_reading import VersionRow
from finsync_tui.screens.text import ago, safe_text, stamp
from finsync_tui.screens.widgets.virtual_table import Cell, Column


class VersionsScreen(ChangeVersionsScreen[VersionRow], MappingActions):
    """The history of a table; what a version changed is below it."""

    PURPOSE = (
        "Every version of one table, the newest first. Below is what the version under the cursor changed; = compares it with the "
        "one in force. B proposes an old version again: going back is a change like any other."
    )
    COLUMNS: ClassVar[list[Column]] = [
        Column("", 1),
        Column("Version", 7, is_right=True),
        Column("Recorded", 16),
        Column("Age", 7, is_right=True, is_optional=True),
        Column("Rules", 6, is_right=True),
        Column("Change", 9),
        Column("By", 18),
        Column("Why", 14, grows=True),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("equals_sign", "compare", "compare with now", key_display="=", id="mapping.compare"),
        Binding("B", "restore", "go back to it…", id="mapping.restore"),
        Binding("E", "export", "export…", id="mapping.export"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.found: tuple[VersionRow, ...] = ()
        self.rule = "two"

    @work(exclusive=True, group="mappings", exit_on_error=False)
    async def look_again(self) -> None:
        desk = self.desk
        assert desk.workspace is not None, "versions are opened from a table, which needs a workspace"
        self.found, self.rule = await self.read(
            partial(mapping_reading.versions, workspace=desk.workspace, name=self.name_of)
        )
        self.show_versions({row.version: row for row in self.found})

    def cells(self, row: VersionRow) -> list[Cell]:
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

    def about(self, row: VersionRow, width: int) -> tuple[str, Content]:
        other = self._in_force() if self.is_to_now else self._before(row)
        rules = other.rules if other is not None else ()
        if self.is_to_now:
            title = f"From version {row.version} to the one in force"
            drawn = drawn_change(row.rules, rules, width)
        else:
            before = f"since version {other.version}" if other is not None else "from nothing"
            title = f"What version {row.version} changed {before}"
            drawn = drawn_change(rules, row.rules, width)
        return title, drawing.stack([*self.said(row.reason, row.checker, row.comment, width), drawn])

    def _before(self, row: VersionRow) -> VersionRow | None:
        return next((one for one in self.found if one.version < row.version), None)

    def _in_force(self) -> VersionRow | None:
        return next((one for one in self.found if one.is_in_force), None)

    # -- doing ----------------------------------------------------------------------------------------------------------

    def reason_against(self, action: str) -> str:
        row = self.table.cursor_row
        if action == "restore" and row is not None and row.is_in_force:
            return f"Version {row.version} is the one in force."
        return super().reason_against(action)

    async def restore(self, row: VersionRow) -> None:
        now = self._in_force()
        if now is None:
            return
        from finsync_tui.screens.change_acting import TableChange

        change = TableChange(self.name_of, row.rules, now.version)
        title = f"Go back to version {row.version} of {safe_text(self.name_of, 60)}"
        reason = f"back to version {row.version}: "
        await self.propose_change(change, now.rules, self.rule, reason=reason, title=title)

    async def write(self, row: VersionRow) -> None:
        await self.export_rows(self.name_of, row.rules, row.version)
