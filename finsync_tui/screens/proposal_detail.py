"""One proposed change: what it changes, what it would do, and the word of a second person."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui import impact_files
from finsync_tui.impact import Impact
from finsync_tui.screens import drawing, impact_export, mapping_drawing, mapping_reading, signs
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.mapping_actions import MappingActions, drawn_change
from finsync_tui.screens.mapping_reading import ProposalDossier
from finsync_tui.screens.text import safe_text, stamp
from finsync_tui.screens.widgets.dialogs import AskDialog
from finsync_tui.screens.widgets.impact_dialog import ImpactDialog

if TYPE_CHECKING:
    from sqlite3 import Connection

    from finsync_tui.screens.app import Told

SIGNED = (
    "Your key signs the rows, the version they were made from, who, when and why. Documents that wait for one of these rules go "
    "on by themselves."
)


class ProposalScreen(DetailScreen[ProposalDossier], MappingActions):
    """One change of a mapping table."""

    TITLE = "Proposal"
    PURPOSE = (
        "One proposed change of a mapping table. Another person than its maker approves it, with the role approver and a key of "
        "their own. A change whose table has changed meanwhile is never applied over it: M brings both together."
    )
    VERBS = ("approve", "reject", "step(1)", "withdraw", "anew")
    TABS = ("Change and impact", "Table now")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "approve", "approve…", id="mapping.approve"),
        Binding("R", "reject", "reject…", id="mapping.reject"),
        Binding("w", "withdraw", "withdraw…", id="mapping.withdraw"),
        Binding("M", "anew", "bring up to date…", id="mapping.anew"),
        Binding("E", "export", "Export the impact…", show=False, id="mapping.export"),
    ]

    def __init__(self, ids: array[int], index: int, begin: Literal["", "approve", "reject"] = "") -> None:
        """`begin`: what the person came for; it asks like its key."""
        super().__init__(ids, index)
        self._begin = begin
        self.impact: Impact | None = None
        self._reckoned: tuple[int, int] | None = None
        """Proposal and version in force of the impact that is shown."""

    async def fetch(self) -> ProposalDossier | None:
        desk = self.desk
        assert desk.workspace is not None, (
            "a proposal is opened from the list of proposals, which needs a workspace"
        )
        found = await self.read(
            partial(
                mapping_reading.proposal,
                workspace=desk.workspace,
                number=self.thing_id,
                now=desk.now(),
                person=desk.actor,
            )
        )
        if self._begin:
            self.call_after_refresh(self.run_action, self._begin)
            self._begin = ""
        return found

    # -- drawing --------------------------------------------------------------------------------------------------------

    def heading(self, dossier: ProposalDossier) -> str:
        row = dossier.row
        return f"Proposal {row.id} · {safe_text(row.table, 60)} · {mapping_drawing.counted(row.added, row.removed)}"

    def facts(self, dossier: ProposalDossier, width: int) -> Content:
        row = dossier.row
        state = signs.of(signs.PROPOSAL, row.state)
        base = f"{row.base_version}" + ("" if not row.is_outdated else f", but {row.version_now} is in force")
        pairs: list[tuple[str, drawing.Piece]] = [
            ("State", (f"{state}", state.role)),
            ("Made by", (f"{row.maker}{' (you)' if row.is_mine else ''}", "strong")),
            ("Made", (stamp(row.made_at), "")),
            ("On version", (base, "warn" if row.is_outdated else "")),
            ("Begins", (row.starts_on, "")),
            ("Became", (f"version {row.became}" if row.became else "", "ok")),
            ("Decided", (f"{row.decided_by} · {stamp(row.decided_at)}" if row.decided_at else "", "")),
            ("Makes anew", (f"proposal {dossier.replaces}" if dossier.replaces else "", "")),
        ]
        lines = [drawing.facts(pairs, width), drawing.paragraph("Why", row.reason, width, lines_max=3)]
        if row.decision:
            lines.append(drawing.paragraph("Said", row.decision, width, lines_max=3))
        if dossier.problem:
            lines.append(
                drawing.paragraph("✕", f"It can't be approved: {dossier.problem}", width, role="error")
            )
        if row.in_force_until is not None:
            lines.append(
                drawing.paragraph(
                    "▲",
                    f"An emergency change: {row.maker} put it in force alone. Somebody else has to approve it by "
                    f"{stamp(row.in_force_until)}; else, and when it is rejected, the table is again as it was before.",
                    width,
                    role="warn",
                )
            )
        if row.is_outdated:
            lines.append(
                drawing.paragraph(
                    "▲",
                    "The table has changed since this was made. Neither change is lost: M makes this one anew on the version "
                    "in force, and names what both changed.",
                    width,
                    role="warn",
                )
            )
        if row.is_open:
            lines.append(drawing.paragraph("", self._who_decides(), width, role="muted"))
        return drawing.stack(lines)

    def _who_decides(self) -> str:
        if "approve" in self.desk.refused:
            return "Somebody else with the role approver decides about it."
        return self.why_not("approve") or "A approves it, R rejects it"

    def tab(self, dossier: ProposalDossier, name: str, width: int) -> Content:
        match name:
            case "Change and impact":
                change = drawn_change(dossier.base, dossier.rows, width)
                return drawing.stack([change, drawing.BLANK, self._impact(dossier, width)])
            case _:
                return mapping_drawing.rules(dossier.in_force, width)

    def _impact(self, dossier: ProposalDossier, width: int) -> Content:
        if not dossier.row.is_open:
            return drawing.line(("It was decided already. What it released is in the audit log.", "muted"))
        if self._reckoned != (dossier.row.id, dossier.row.version_now):
            self._reckon(dossier)
        if self.impact is None:
            return drawing.line(("⟳ reckoning what this would do …", "accent"))
        return mapping_drawing.impact(self.impact, width)

    @work(exclusive=True, group="impact", exit_on_error=False)
    async def _reckon(self, dossier: ProposalDossier) -> None:
        self._reckoned, self.impact = (dossier.row.id, dossier.row.version_now), None
        self.impact = await self._measured(dossier)
        self.draw()

    async def _measured(self, dossier: ProposalDossier) -> Impact:
        return await self.read(self._question(dossier))

    def _question(self, dossier: ProposalDossier) -> Callable[[Connection], Impact]:
        desk = self.desk
        assert desk.workspace is not None
        return partial(
            mapping_reading.impact_of,
            workspace=desk.workspace,
            name=dossier.row.table,
            rows=dossier.rows,
            now=desk.now(),
        )

    # -- doing ----------------------------------------------------------------------------------------------------------

    def against_approving(self) -> str:
        """Return why this person can't approve it; empty: they can try."""
        closed = self._against_deciding()
        if closed or self.dossier is None:
            return closed
        row = self.dossier.row
        if row.is_mine:
            return f"You made proposal {row.id}: somebody else with the role approver has to approve it."
        if row.is_outdated:
            return f"The table has changed since proposal {row.id} was made: M brings both together first."
        if self.dossier.problem:
            return f"Proposal {row.id} can't be approved: {self.dossier.problem}."
        return ""

    def _against_deciding(self) -> str:
        if self.dossier is None:
            return "There is no proposal here."
        row = self.dossier.row
        if not row.is_open:
            return f"Proposal {row.id} was decided already: {row.state} by {row.decided_by or 'finsync'}."
        return ""

    def reason_against(self, action: str) -> str:
        match action:
            case "approve":
                return self.against_approving()
            case "reject":
                return self._against_deciding()
            case "withdraw":
                closed = self._against_deciding()
                if closed or self.dossier is None or self.dossier.row.is_mine:
                    return closed
                return f"Proposal {self.dossier.row.id} is {self.dossier.row.maker}'s: only they can withdraw it. R rejects it."
            case "anew":
                closed = self._against_deciding()
                if closed or self.dossier is None or self.dossier.row.is_outdated:
                    return closed
                return "It is on the version in force already."
            case _:
                return ""

    @work(group="doing", exit_on_error=False)
    async def action_export(self) -> None:
        """Write every document that would change to a file."""
        dossier = self.dossier
        if dossier is None:
            return

        question = self._question(dossier)

        def written(db: Connection, told: Told, file: str) -> int:
            found = question(db)
            told(len(found.documents))
            return impact_files.of_mapping(found, Path(file).expanduser())

        async def write(file: str) -> int | None:
            return await self.desk.read_long(
                "reckoning what this would do", partial(written, file=file), stopped=impact_export.STOPPED
            )

        await impact_export.ask(self, f"{dossier.row.table}-proposal-{dossier.row.id}", write)

    @work(group="doing", exit_on_error=False)
    async def action_approve(self) -> None:
        """Look at what it would do, then sign it."""
        dossier = self.dossier
        if dossier is None or self.is_refused("approve"):
            return
        row = dossier.row
        answer = await self.app.push_screen_wait(
            ImpactDialog(
                f"Approve proposal {row.id} of {row.maker} · {safe_text(row.table, 60)}",
                partial(drawn_change, dossier.base, dossier.rows),
                partial(self._measured, dossier),
                mapping_drawing.impact,
                verb="approve and sign",
                consequence=SIGNED,
                prompt="Comment",
                is_needed=False,
            )
        )
        if answer is None:
            return
        from finsync_tui.screens import mapping_acting

        done = await self.desk.in_workspace(partial(mapping_acting.approve, number=row.id, comment=answer))
        self.app.notify(
            f"{safe_text(done.table, 60)} is in force as version {done.version}. What it solves goes on with the engine's next look.",
            markup=False,
        )
        self.read_again()

    @work(group="doing", exit_on_error=False)
    async def action_reject(self) -> None:
        """Say no, and why."""
        await self._decide("reject", "Reject", "It stays with what you said; its maker can propose it again.")

    @work(group="doing", exit_on_error=False)
    async def action_withdraw(self) -> None:
        """Take one's own change back."""
        await self._decide("withdraw", "Withdraw", "Nobody needs to decide about it any more.")

    async def _decide(self, what: Literal["reject", "withdraw"], title: str, consequence: str) -> None:
        if self.dossier is None or self.is_refused(what):
            return
        row = self.dossier.row
        answer = await self.app.push_screen_wait(
            AskDialog(
                f"{title} proposal {row.id}",
                drawing.paragraph("", consequence, 66),
                verb=what,
                prompt="Reason",
                is_needed=True,
            )
        )
        if answer is None:
            return
        from finsync_tui.screens import mapping_acting

        await self.desk.in_workspace(partial(mapping_acting.decide, what=what, number=row.id, reason=answer))
        self.app.notify(
            f"Proposal {row.id} is {'rejected' if what == 'reject' else 'withdrawn'}.", markup=False
        )
        self.read_again()

    @work(group="doing", exit_on_error=False)
    async def action_anew(self) -> None:
        """Make the change anew on the version in force; where both changed a value, ask which wins."""
        dossier = self.dossier
        if dossier is None or self.is_refused("anew"):
            return
        from finsync_tui.actions.mappings import ProposalConflictError
        from finsync_tui.screens import mapping_acting

        number = dossier.row.id
        try:
            anew = await self.desk.in_workspace(partial(mapping_acting.rebased, number=number, mine=False))
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
            anew = await self.desk.in_workspace(partial(mapping_acting.rebased, number=number, mine=True))
        change = mapping_acting.Change(anew.table, anew.rows, anew.base_version, replaces=number)
        title = f"Proposal {number} anew on version {anew.base_version}"
        if await self.propose_change(
            change, dossier.in_force, dossier.row.rule, reason=anew.reason, title=title
        ):
            self.read_again()

    def action_step(self, by: int) -> None:
        self.impact = self._reckoned = None
        super().action_step(by)
