"""What the mapping screens share: open a table, show what a change would do, propose it, write a table to a file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content

from finsync_tui.mapping import MappingRow, files
from finsync_tui.mapping.history import change as change_between
from finsync_tui.mapping.merge import dated
from finsync_tui.screens import drawing, mapping_drawing, mapping_reading
from finsync_tui.screens.base import WorkScreen
from finsync_tui.screens.text import safe_text
from finsync_tui.screens.widgets.dialogs import AskDialog
from finsync_tui.screens.widgets.impact_dialog import ImpactDialog

if TYPE_CHECKING:
    from sqlite3 import Connection

    from finsync_tui.screens.app import Told
    from finsync_tui.screens.change_acting import TableChange

CHANGES_SHOWN = 40
IMPORTED = (
    "The file's rows take the place of the whole table: from, to, scope, priority, valid_from, valid_to in its first line. What "
    "would change is shown before anything is proposed."
)
TWO = "A second person with the role approver decides. Your key signs it."
ONE = "It is in force at once: the profile asks for one person."


class MappingActions(WorkScreen):
    """What can be done with mapping tables, alike on every screen about them."""

    async def propose_change(
        self,
        change: TableChange,
        before: Sequence[MappingRow],
        rule: str,
        *,
        reason: str = "",
        title: str = "",
    ) -> bool:
        """Show what a change would do, ask why, and propose it. Returns whether it was proposed."""
        if self.refuses_writing():
            return False
        workspace = self.desk.workspace
        assert workspace is not None, "a change is made on a screen that needs a workspace"
        rows = change.rows if change.starts_on is None else dated(before, change.rows, change.starts_on)
        measure = partial(
            self.read,
            partial(
                mapping_reading.impact_of,
                workspace=workspace,
                name=change.table,
                rows=rows,
                now=self.desk.now(),
            ),
        )
        answer = await self.app.push_screen_wait(
            ImpactDialog(
                title or f"Propose a change of {safe_text(change.table, 60)}",
                partial(drawn_change, before, rows),
                measure,
                mapping_drawing.impact,
                verb="propose" if rule == "two" else "put in force",
                consequence=TWO if rule == "two" else ONE,
                reason=reason,
            )
        )
        if answer is None:
            return False
        from finsync_tui.screens import change_acting

        done = await self.desk.in_workspace(
            partial(change_acting.propose_table, change=change, reason=answer)
        )
        warned = f" {len(done.remarks):,} remarks: see the rules." if done.remarks else ""
        told = (
            f"Proposal {done.proposal} waits for a second person."
            if done.version is None
            else f"{safe_text(done.table, 60)} is in force as version {done.version}."
        )
        self.app.notify(told + warned, markup=False)
        return True

    async def export_rows(self, table: str, rows: tuple[MappingRow, ...], version: int) -> None:
        """Ask for a file and write a table to it; one that is there stays."""
        if self.refuses_files():
            return
        name = f"{table}-{version}.xlsx" if version else f"{table}.xlsx"
        answer = await self.app.push_screen_wait(
            AskDialog(
                f"Export {safe_text(table, 60)}",
                Content(
                    f"{len(rows):,} rules, each cell as text. CSV or XLSX by the name; a file that is there stays."
                ),
                verb="write",
                prompt="File",
                is_needed=True,
                value=f"~/{name}",
            )
        )
        if answer is None:
            return
        await self.read(lambda _: files.write(Path(answer).expanduser(), table, rows))
        self.app.notify(f"{len(rows):,} rules written to {safe_text(answer, 200)}.", markup=False)

    async def import_rows(self, table: str, before: Sequence[MappingRow], version: int, rule: str) -> None:
        """Ask for a file and propose its rows in place of the whole table."""
        if self.refuses_files():
            return
        from finsync_tui.screens.change_acting import TableChange

        answer = await self.app.push_screen_wait(
            AskDialog(
                f"Import {safe_text(table, 60)}",
                drawing.paragraph("", IMPORTED, 66),
                verb="read",
                prompt="File, CSV or XLSX",
                is_needed=True,
            )
        )
        if answer is None:
            return

        def read(_: Connection, told: Told) -> tuple[MappingRow, ...]:
            found = files.read(Path(answer).expanduser())
            told(len(found))
            return found

        rows = await self.desk.read_long(
            "reading rules", read, stopped="The import was stopped; nothing was proposed."
        )
        if rows is None:
            return
        title = f"Import {len(rows):,} rules into {safe_text(table, 60)}"
        await self.propose_change(TableChange(table, rows, version), before, rule, title=title)


def drawn_change(before: Sequence[MappingRow], after: Sequence[MappingRow], width: int) -> Content:
    """Draw which rules go and which come."""
    found = change_between(before, after)
    count = len(found.removed) + len(found.added)
    lines = [
        mapping_drawing.changes(found.removed, found.added, width, limit=CHANGES_SHOWN)
        if count
        else drawing.line(("No rule changes.", "muted"))
    ]
    if count > CHANGES_SHOWN:
        lines.append(drawing.line((f"and {count - CHANGES_SHOWN:,} more", "muted")))
    return drawing.stack(lines)
