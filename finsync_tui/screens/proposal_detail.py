"""One proposed change of a mapping table: what it changes, what it would do, and the word of a second person."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui import impact_files
from finsync_tui.actions.mappings import Approved
from finsync_tui.impact import Impact
from finsync_tui.screens import changes, drawing, mapping_drawing, mapping_reading
from finsync_tui.screens.change_screen import CHANGE, ChangeScreen
from finsync_tui.screens.mapping_actions import MappingActions, drawn_change
from finsync_tui.screens.mapping_reading import ProposalDossier
from finsync_tui.screens.text import safe_text
from finsync_tui.screens.widgets.dialogs import AskDialog

if TYPE_CHECKING:
    from sqlite3 import Connection


class ProposalScreen(ChangeScreen[ProposalDossier], MappingActions):
    """One change of a mapping table."""

    TITLE = "Proposal"
    PURPOSE = (
        "One proposed change of a mapping table. Another person than its maker approves it, with the role approver and a key of "
        "their own. A change whose table has changed meanwhile is never applied over it: M brings both together."
    )
    KIND = changes.MAPPING
    SIGNED = (
        "Your key signs the rows, the version they were made from, who, when and why. Documents that wait for one of these rules go "
        "on by themselves."
    )
    OUTDATED = "M makes it anew on the version in force, and names what both changed"
    VERBS = ("approve", "reject", "step(1)", "withdraw", "anew", "versions")
    TABS = (CHANGE, "Table now")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "approve", "approve…", id="mapping.approve"),
        Binding("R", "reject", "reject…", id="mapping.reject"),
        Binding("w", "withdraw", "withdraw…", id="mapping.withdraw"),
        Binding("M", "anew", "bring up to date…", id="mapping.anew"),
        Binding("H", "versions", "versions", id="mapping.versions"),
        Binding("E", "export", "Export the impact…", show=False, id="mapping.export"),
    ]

    async def read_change(self) -> ProposalDossier | None:
        desk = self.desk
        assert desk.workspace is not None
        return await self.read(
            partial(
                mapping_reading.proposal,
                workspace=desk.workspace,
                number=self.thing_id,
                now=desk.now(),
                person=desk.actor,
            )
        )

    def drawn(self, dossier: ProposalDossier, width: int) -> Content:
        return drawn_change(dossier.base, dossier.rows, width)

    def question_of(self, dossier: ProposalDossier, *, is_whole: bool) -> Callable[[Connection], Impact]:
        desk = self.desk
        assert desk.workspace is not None
        return partial(
            mapping_reading.impact_of,
            workspace=desk.workspace,
            name=dossier.row.name,
            rows=dossier.rows,
            now=desk.now(),
        )

    def drawn_impact(self, found: Impact, width: int) -> Content:
        return mapping_drawing.impact(found, width)

    def write_impact(self, found: Impact, file: Path) -> int:
        return impact_files.of_mapping(found, file)

    def approved(self, done: Approved) -> str:
        goes_on = "What it solves goes on with the engine's next look."
        return f"{safe_text(done.table, 60)} is in force as version {done.version}. {goes_on}"

    def more_facts(self, dossier: ProposalDossier) -> list[tuple[str, drawing.Piece]]:
        return [("Makes anew", (f"proposal {dossier.replaces}" if dossier.replaces else "", ""))]

    def tab(self, dossier: ProposalDossier, name: str, width: int) -> Content:
        if name == "Table now":
            return mapping_drawing.rules(dossier.in_force, width)
        return super().tab(dossier, name, width)

    def action_versions(self) -> None:
        from finsync_tui.screens.mapping_versions import VersionsScreen

        if self.dossier is not None:
            self.app.push_screen(VersionsScreen(self.dossier.row.name))

    @work(group="doing", exit_on_error=False)
    async def action_anew(self) -> None:
        """Make the change anew on the version in force; where both changed a value, ask which wins."""
        dossier = self.dossier
        if dossier is None or self.is_refused("anew"):
            return
        from finsync_tui.actions.mappings import ProposalConflictError
        from finsync_tui.screens import change_acting

        number = dossier.row.id
        try:
            anew = await self.desk.in_workspace(partial(change_acting.rebased, number=number, mine=False))
        except ProposalConflictError as conflict:
            if not conflict.groups:
                raise
            values = ", ".join(
                f"{safe_text(value, 40)} ({safe_text(scope, 20) or 'every company'})"
                for scope, value in conflict.groups[:8]
            )
            answer = await self.app.push_screen_wait(
                AskDialog(
                    f"Both changed the same values · proposal {number}",
                    drawing.paragraph(
                        "",
                        f"Proposal and version in force say different things for {values}. Going on lets the proposal win there.",
                        66,
                    ),
                    verb="let the proposal win",
                )
            )
            if answer is None:
                return
            anew = await self.desk.in_workspace(partial(change_acting.rebased, number=number, mine=True))
        change = change_acting.TableChange(anew.table, anew.rows, anew.base_version, replaces=number)
        title = f"Proposal {number} anew on version {anew.base_version}"
        if await self.propose_change(
            change, dossier.in_force, dossier.row.rule, reason=anew.reason, title=title
        ):
            self.read_again()
