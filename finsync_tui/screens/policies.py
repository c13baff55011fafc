"""Policies: which rules are in force, which changes wait for a second person, which were decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import policy_lists, policy_reading
from finsync_tui.screens.change_rows import ProposalRow
from finsync_tui.screens.change_screen import Begin
from finsync_tui.screens.changes_screen import ChangesScreen
from finsync_tui.screens.policy_actions import ONE, PolicyActions
from finsync_tui.screens.policy_lists import TABS, Row
from finsync_tui.screens.policy_reading import Overview, PolicyRow
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable
from finsync_tui.settings import NoWorkspaceError


class PoliciesScreen(ChangesScreen[Row], PolicyActions):
    """Three short lists over one pane that says more about the row under the cursor."""

    TITLE = "Policies"
    PURPOSE = (
        "The company's own rules: what is asked of documents before they go on, and what waits for a second person. enter shows a "
        "policy's rules, cases and fields; e writes another text of it. A change shows what it would do before it is proposed."
    )
    VERBS = (
        "activate",
        "edit_policy",
        "approve",
        "reject",
        "tab(1)",
        "filter",
        "propose_policy",
        "versions",
    )
    TABS = TABS
    VERBS_OF: ClassVar[Mapping[str, str]] = {
        "edit_policy": "Policies",
        "propose_policy": "Policies",
        "versions": "Policies",
        "import_policy": "Policies",
        "export": "Policies",
        "approve": "Waiting",
        "reject": "Waiting",
    }
    KEPT = "layout.policies"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "tab(-1)", "Previous list", show=False, id="policy.tab_left"),
        Binding("right_square_bracket", "tab(1)", "next list", key_display="]", id="policy.tab_right"),
        Binding("e", "edit_policy", "edit…", id="policy.edit"),
        Binding("P", "propose_policy", "propose the layers'…", id="policy.propose"),
        Binding("A", "approve", "approve…", id="policy.approve"),
        Binding("R", "reject", "reject…", id="policy.reject"),
        Binding("H", "versions", "versions", id="policy.versions"),
        Binding("I", "import_policy", "Import a file…", show=False, id="policy.import"),
        Binding("E", "export", "Export…", show=False, id="policy.export"),
    ]

    found: Overview | None = None

    # -- reading ------------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="policies", exit_on_error=False)
    async def look_again(self) -> None:
        desk, workspace = self.desk, self.desk.workspace
        if workspace is None:
            self.store_failed(NoWorkspaceError(desk.store_path.parent))
            return
        self.found = await self.read(
            partial(policy_reading.overview, workspace=workspace, now=desk.now(), person=desk.actor)
        )
        self.fill()

    # -- showing ------------------------------------------------------------------------------------------------------

    def lists(self) -> Mapping[str, Sequence[Row]]:
        assert self.found is not None
        return {"Policies": self.found.policies, "Waiting": self.found.waiting, "Decided": self.found.decided}

    def columns(self) -> list[Column]:
        return policy_lists.COLUMNS[self.tab]

    def list_title(self, count: int) -> str:
        assert self.found is not None
        return policy_lists.title(self.tab, count, self.found.rule)

    def emptiness(self) -> str:
        return policy_lists.EMPTY[self.tab]

    def words_of(self, row: Row) -> Sequence[str]:
        return policy_lists.words_of(row)

    def cells(self, row: Row) -> list[Cell]:
        return policy_lists.cells(row, self.desk.now())

    def about(self, row: Row, width: int) -> tuple[str, Content]:
        height = max(3, self.query_one("#about").content_size.height)
        return policy_lists.about(row, width, height)

    def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        row = self.table.cursor_row
        if isinstance(row, PolicyRow):
            from finsync_tui.screens.policy_detail import PolicyScreen

            self.app.push_screen(PolicyScreen(self.table.ids, self.table.cursor))
        elif isinstance(row, ProposalRow):
            self.open_proposal()

    def open_proposal(self, begin: Begin = "") -> None:
        from finsync_tui.screens.policy_proposal import PolicyProposalScreen

        self.app.push_screen(PolicyProposalScreen(self.table.ids, self.table.cursor, begin))

    # -- doing --------------------------------------------------------------------------------------------------------

    def reason_against(self, action: str) -> str:
        row = self.table.cursor_row
        if row is None:
            return super().reason_against(action)
        if (
            action in ("edit_policy", "propose_policy", "import_policy")
            and self.found is not None
            and self.found.rule == "one"
        ):
            return ONE
        if action == "propose_policy" and isinstance(row, PolicyRow) and not row.is_to_propose:
            return f"The layers say what is in force of {row.name}, by two persons. e writes another text."
        return ""

    @work(group="doing", exit_on_error=False)
    async def action_edit_policy(self) -> None:
        """Write another text of the policy under the cursor."""
        row = self.table.cursor_row
        if not self.is_refused("edit_policy") and isinstance(row, PolicyRow):
            await self.edit_policy(row.name, row.version, row.body)

    @work(group="doing", exit_on_error=False)
    async def action_propose_policy(self) -> None:
        """Propose what the layers say."""
        row = self.table.cursor_row
        if not self.is_refused("propose_policy") and isinstance(row, PolicyRow):
            await self.propose_layers(row.name, row.version, row.body, row.layer_body)

    @work(group="doing", exit_on_error=False)
    async def action_import_policy(self) -> None:
        """Propose a file's rules in place of the whole policy."""
        row = self.table.cursor_row
        if not self.is_refused("import_policy") and isinstance(row, PolicyRow):
            await self.import_policy(row.name, row.version, row.body)

    @work(group="doing", exit_on_error=False)
    async def action_export(self) -> None:
        row = self.table.cursor_row
        if not self.is_refused("export") and isinstance(row, PolicyRow):
            await self.export_policy(row.name, row.version, row.setup)

    def action_versions(self) -> None:
        from finsync_tui.screens.policy_versions import PolicyVersionsScreen

        row = self.table.cursor_row
        if not self.is_refused("versions") and isinstance(row, PolicyRow):
            self.app.push_screen(PolicyVersionsScreen(row.name))
