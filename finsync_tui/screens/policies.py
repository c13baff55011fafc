"""Policies: which rules are in force, which changes wait for a second person, which were decided."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import policy_lists, policy_reading
from finsync_tui.screens.detail import TabStrip
from finsync_tui.screens.policy_actions import ONE, PolicyActions
from finsync_tui.screens.policy_lists import TABS, Row
from finsync_tui.screens.policy_reading import Overview, PolicyRow, ProposalRow
from finsync_tui.screens.table_about import TableAboutScreen
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable
from finsync_tui.settings import NoWorkspaceError

ABOUT_ROWS_MIN = 6
VERBS_OF = {
    "edit_policy": "Policies",
    "propose_policy": "Policies",
    "policy_versions": "Policies",
    "import_policy": "Policies",
    "export": "Policies",
    "approve_policy": "Waiting",
    "reject_policy": "Waiting",
}
"""In which list a verb makes sense."""


class PoliciesScreen(TableAboutScreen[Row], PolicyActions):
    """Three short lists over one pane that says more about the row under the cursor."""

    TITLE = "Policies"
    PURPOSE = (
        "The company's own rules: what is asked of documents before they go on, and what waits for a second person. enter shows a "
        "policy's rules, cases and fields; e writes another text of it. A change shows what it would do before it is proposed."
    )
    VERBS = (
        "activate",
        "edit_policy",
        "approve_policy",
        "reject_policy",
        "tab(1)",
        "propose_policy",
        "policy_versions",
    )
    COLUMNS: ClassVar[list[Column]] = policy_lists.COLUMNS["Policies"]
    EMPTY = "reading …"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "tab(-1)", "Previous list", show=False, id="policy.tab_left"),
        Binding("right_square_bracket", "tab(1)", "next list", key_display="]", id="policy.tab_right"),
        Binding("e", "edit_policy", "edit…", id="policy.edit"),
        Binding("P", "propose_policy", "propose the layers'…", id="policy.propose"),
        Binding("A", "approve_policy", "approve…", id="policy.approve"),
        Binding("R", "reject_policy", "reject…", id="policy.reject"),
        Binding("H", "policy_versions", "versions", id="policy.versions"),
        Binding("I", "import_policy", "Import a file…", show=False, id="policy.import"),
        Binding("E", "export", "Export…", show=False, id="policy.export"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.found: Overview | None = None

    def body(self) -> ComposeResult:
        yield TabStrip(TABS)
        yield from super().body()

    @property
    def strip(self) -> TabStrip:
        return self.query_one(TabStrip)

    @property
    def tab(self) -> str:
        return TABS[self.strip.current]

    def on_mount(self) -> None:
        super().on_mount()
        self.watch(self.strip, "current", self._switched, init=False)

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
        self._fill()

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill)

    # -- showing ------------------------------------------------------------------------------------------------------

    def _rows(self, found: Overview) -> tuple[Row, ...]:
        lists: dict[str, tuple[Row, ...]] = {
            "Policies": found.policies,
            "Waiting": found.waiting,
            "Decided": found.decided,
        }
        return lists[self.tab]

    def _switched(self) -> None:
        self.table.move_to(0)
        self._fill()

    def _fill(self) -> None:
        found = self.found
        if found is None:
            return
        rows = self._rows(found)
        self.strip.show_counts(
            {"Policies": len(found.policies), "Waiting": len(found.waiting), "Decided": len(found.decided)}
        )
        self.table.set_columns(policy_lists.COLUMNS[self.tab], self.cells)
        self.table.empty = policy_lists.EMPTY[self.tab]
        self.show({row.id: row for row in rows}, policy_lists.title(self.tab, len(rows), found.rule))
        room = self.query_one("#panes").size.height
        if room:
            self.table.styles.height = max(4, min(len(rows) + 3, room - ABOUT_ROWS_MIN))
        self.refresh_bindings()

    def cells(self, row: Row) -> list[Cell]:
        return policy_lists.cells(row, self.desk.now())

    def about(self, row: Row, width: int) -> tuple[str, Content]:
        height = max(3, self.query_one("#about").content_size.height)
        return policy_lists.about(row, width, height)

    def on_virtual_table_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        super().on_virtual_table_row_highlighted(event)
        self.refresh_bindings()

    def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        row = self.table.cursor_row
        if isinstance(row, PolicyRow):
            from finsync_tui.screens.policy_detail import PolicyScreen

            self.app.push_screen(PolicyScreen(self.table.ids, self.table.cursor))
        elif isinstance(row, ProposalRow):
            self._open_proposal()

    def _open_proposal(self, begin: Literal["", "approve_policy", "reject_policy"] = "") -> None:
        from finsync_tui.screens.policy_proposal import PolicyProposalScreen

        self.app.push_screen(PolicyProposalScreen(self.table.ids, self.table.cursor, begin))

    # -- doing --------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Each list has its own verbs: the others are not shown."""
        place = VERBS_OF.get(action)
        return self.tab == place if place is not None and self.is_mounted else True

    def reason_against(self, action: str) -> str:
        row = self.table.cursor_row
        if action in VERBS_OF and row is None:
            return "There is nothing here."
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

    def action_policy_versions(self) -> None:
        from finsync_tui.screens.policy_versions import PolicyVersionsScreen

        row = self.table.cursor_row
        if not self.is_refused("policy_versions") and isinstance(row, PolicyRow):
            self.app.push_screen(PolicyVersionsScreen(row.name))

    def action_approve_policy(self) -> None:
        """Look at the change under the cursor and what it would do, then sign it."""
        if not self.is_refused("approve_policy"):
            self._open_proposal("approve_policy")

    def action_reject_policy(self) -> None:
        if not self.is_refused("reject_policy"):
            self._open_proposal("reject_policy")

    def action_tab(self, by: int) -> None:
        self.strip.current = (self.strip.current + by) % len(TABS)
