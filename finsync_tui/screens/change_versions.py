"""All versions of one thing that two people change: who stands for each, and what it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import drawing
from finsync_tui.screens.table_about import TableAboutScreen
from finsync_tui.screens.text import safe_text
from finsync_tui.screens.widgets.virtual_table import VirtualTable

RowT = TypeVar("RowT")
ROWS_SHOWN = 12


class ChangeVersionsScreen(TableAboutScreen[RowT], Generic[RowT]):
    """The history of a thing; what a version changed is below it."""

    TITLE = "Versions"
    VERBS = ("compare", "restore", "export")
    EMPTY = "No version was recorded yet: the engine does so when it starts."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("equals_sign", "compare", "compare with now", key_display="=", id="versions.compare"),
        Binding("B", "restore", "go back to it…", id="versions.restore"),
        Binding("E", "export", "export…", id="versions.export"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name_of = name
        self.is_to_now = False
        """Whether a version is compared with the one in force; else with what was before it."""

    async def restore(self, row: RowT) -> None:
        """Propose an old version again."""
        raise NotImplementedError

    async def write(self, row: RowT) -> None:
        """Write a version to a file."""
        raise NotImplementedError

    def show_versions(self, rows: dict[int, RowT]) -> None:
        self.table.styles.height = max(4, min(ROWS_SHOWN, len(rows), max(1, self.size.height // 2 - 4)) + 3)
        self.show(rows, f"{safe_text(self.name_of, 60)} · {len(rows):,} versions")

    def said(self, reason: str, checker: str, comment: str, width: int) -> Sequence[Content]:
        """Draw why a version was made, and what its second person said."""
        lines = [drawing.paragraph("Why", reason, width, lines_max=2)] if reason else []
        if comment:
            lines.append(drawing.paragraph(f"{checker} said", comment, width, lines_max=2))
        return lines

    def on_virtual_table_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        super().on_virtual_table_row_highlighted(event)
        self.refresh_bindings()

    def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        self.action_compare()

    def reason_against(self, action: str) -> str:
        is_of_a_row = action in ("restore", "export")
        return "There is no version here." if is_of_a_row and self.table.cursor_row is None else ""

    def action_compare(self) -> None:
        self.is_to_now = not self.is_to_now
        self.show_about()

    @work(group="doing", exit_on_error=False)
    async def action_restore(self) -> None:
        """Propose an old version again."""
        row = self.table.cursor_row
        if not self.is_refused("restore") and row is not None:
            await self.restore(row)

    @work(group="doing", exit_on_error=False)
    async def action_export(self) -> None:
        row = self.table.cursor_row
        if not self.is_refused("export") and row is not None:
            await self.write(row)
