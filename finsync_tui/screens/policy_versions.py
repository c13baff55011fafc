"""All versions of one policy: who stands for each, and what it changed."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.governance.rules import setup_of
from finsync_tui.screens import drawing, policy_drawing, policy_reading
from finsync_tui.screens.change_versions import ChangeVersionsScreen
from finsync_tui.screens.policy_actions import ONE, PolicyActions, drawn_change
from finsync_tui.screens.policy_reading import VersionRow, Versions
from finsync_tui.screens.text import ago, safe_text, stamp
from finsync_tui.screens.widgets.virtual_table import Cell, Column


class PolicyVersionsScreen(ChangeVersionsScreen[VersionRow], PolicyActions):
    """The history of a policy; what a version changed is below it."""

    PURPOSE = (
        "Every version of one policy, the newest first. Below is what the version under the cursor changed; = compares it with the "
        "one in force. B proposes an old version again: going back is a change like any other."
    )
    COLUMNS: ClassVar[list[Column]] = [
        Column("", 1),
        Column("Version", 7, is_right=True),
        Column("Recorded", 16),
        Column("Age", 7, is_right=True, is_optional=True),
        Column("Rules", 5, is_right=True),
        Column("Change", 9),
        Column("Begins", 10, is_optional=True),
        Column("By", 20),
        Column("Why", 14, grows=True),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("equals_sign", "compare", "compare with now", key_display="=", id="policy.compare"),
        Binding("B", "restore", "go back to it…", id="policy.restore"),
        Binding("E", "export", "export…", id="policy.export"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.found: Versions | None = None

    @work(exclusive=True, group="policies", exit_on_error=False)
    async def look_again(self) -> None:
        desk = self.desk
        assert desk.workspace is not None, "versions are opened from a policy, which needs a workspace"
        self.found = await self.read(
            partial(policy_reading.versions, workspace=desk.workspace, name=self.name_of, now=desk.now())
        )
        self.show_versions({row.version: row for row in self.found.rows})

    def cells(self, row: VersionRow) -> list[Cell]:
        who = f"{row.maker}, {row.checker}" if row.checker else row.maker or "the layers"
        again = row.again_of is not None
        return [
            ("●" if row.is_in_force else " ", "ok"),
            (f"{row.version}", "muted" if again else "strong"),
            (stamp(row.recorded_at), "muted" if again else ""),
            (ago(row.recorded_at, self.desk.now()).removesuffix(" ago"), "muted"),
            (f"{row.rule_count:,}", ""),
            ("—" if again else policy_reading.counted(len(row.changed)), "muted" if again else ""),
            (row.starts_on or "at once", "" if row.starts_on else "muted"),
            (f"version {row.again_of} again" if again else who, "" if row.maker else "muted"),
            (row.reason, ""),
        ]

    def about(self, row: VersionRow, width: int) -> tuple[str, Content]:
        if self.is_to_now and self.found is not None:
            title = f"From version {row.version} to the one in force"
            drawn = drawn_change(row.body, self.found.body, width)
        else:
            title = f"What version {row.version} changed"
            drawn = policy_drawing.differences(row.changed, width)
        lines = [*self.said(row.reason, row.checker, row.comment, width)]
        if row.again_of is not None:
            told = f"The text of version {row.again_of}, recorded again because it is in force from then on."
            lines.append(drawing.paragraph("", told, width, role="muted"))
        return title, drawing.stack([*lines, drawn])

    # -- doing ----------------------------------------------------------------------------------------------------------

    def reason_against(self, action: str) -> str:
        row = self.table.cursor_row
        if action == "restore" and row is not None and self.found is not None:
            if self.found.rule == "one":
                return ONE
            if row.body == self.found.body:
                return f"Version {row.version} says what is in force."
        return super().reason_against(action)

    async def restore(self, row: VersionRow) -> None:
        found = self.found
        if found is None:
            return
        from finsync_tui.screens.change_acting import PolicyChange

        change = PolicyChange(self.name_of, found.version, version=row.version)
        title = f"Go back to version {row.version} of {safe_text(self.name_of, 60)}"
        reason = f"back to version {row.version}: "
        await self.propose_change(change, found.body, row.body, reason=reason, title=title)

    async def write(self, row: VersionRow) -> None:
        await self.export_policy(self.name_of, row.version, setup_of(row.body))
