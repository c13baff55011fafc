"""One proposed change of a policy: what it changes, what it would do, and the word of a second person."""

from __future__ import annotations

from array import array
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui import impact_files
from finsync_tui.governance.rules import setup_of
from finsync_tui.policy_impact import Impact
from finsync_tui.screens import drawing, impact_export, policy_drawing, policy_reading, signs
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.policy_actions import PolicyActions, drawn_change
from finsync_tui.screens.policy_reading import ProposalDossier
from finsync_tui.screens.text import stamp
from finsync_tui.screens.widgets.dialogs import AskDialog
from finsync_tui.screens.widgets.impact_dialog import ImpactDialog

if TYPE_CHECKING:
    from sqlite3 import Connection

    from finsync_tui.screens.app import Told

SIGNED = (
    "Your key signs the text, the version it was made from, who, when and why. Documents that no rule stops any more go on by "
    "themselves."
)


class PolicyProposalScreen(DetailScreen[ProposalDossier], PolicyActions):
    """One change of a policy."""

    TITLE = "Proposed rules"
    PURPOSE = (
        "One proposed change of a policy. Another person than its maker approves it, with the role approver and a key of their own. "
        "A change whose policy has changed meanwhile is never applied over it: its maker brings both together and proposes that."
    )
    VERBS = ("approve_policy", "reject_policy", "step(1)", "withdraw_policy", "policy_versions")
    TABS = ("Change and impact", "Cases", "Rules proposed", "Rules now")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "approve_policy", "approve…", id="policy.approve"),
        Binding("R", "reject_policy", "reject…", id="policy.reject"),
        Binding("w", "withdraw_policy", "withdraw…", id="policy.withdraw"),
        Binding("H", "policy_versions", "versions", id="policy.versions"),
        Binding("E", "export", "Export the impact…", show=False, id="policy.export"),
    ]

    def __init__(
        self, ids: array[int], index: int, begin: Literal["", "approve_policy", "reject_policy"] = ""
    ) -> None:
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
                policy_reading.proposal,
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
        return f"Proposal {row.id} · {row.policy} · {policy_drawing.counted(row.changes)}"

    def facts(self, dossier: ProposalDossier, width: int) -> Content:
        row = dossier.row
        state = signs.of(signs.PROPOSAL, row.state)
        base = f"{row.base_version}" + ("" if not row.is_outdated else f", but {row.version_now} is in force")
        pairs: list[tuple[str, drawing.Piece]] = [
            ("State", (f"{state}", state.role)),
            ("Made by", (f"{row.maker}{' (you)' if row.is_mine else ''}", "strong")),
            ("Made", (stamp(row.made_at), "")),
            ("On version", (base, "warn" if row.is_outdated else "")),
            ("Begins", (row.starts_on or "once it is approved", "" if row.starts_on else "muted")),
            ("Became", (f"version {row.became}" if row.became else "", "ok")),
            ("Decided", (f"{row.decided_by} · {stamp(row.decided_at)}" if row.decided_at else "", "")),
        ]
        lines = [drawing.facts(pairs, width), drawing.paragraph("Why", row.reason, width, lines_max=3)]
        if row.decision:
            lines.append(drawing.paragraph("Said", row.decision, width, lines_max=3))
        if dossier.problem:
            lines.append(
                drawing.paragraph("✕", f"It can't be approved: {dossier.problem}", width, role="error")
            )
        if row.is_outdated:
            told = (
                "The rules have changed since this was made. Neither change is lost: bring both together in a text (e on the "
                "policy), propose that, and reject this one."
            )
            lines.append(drawing.paragraph("▲", told, width, role="warn"))
        if row.in_force_until is not None:
            told = f"An emergency change: {row.maker} put it in force alone. Somebody else has to approve it by {stamp(row.in_force_until)}."
            lines.append(drawing.paragraph("▲", told, width, role="warn"))
        if row.is_open:
            lines.append(drawing.paragraph("", self._who_decides(), width, role="muted"))
        return drawing.stack(lines)

    def _who_decides(self) -> str:
        if "approve_policy" in self.desk.refused:
            return "Somebody else with the role approver decides about it."
        return self.why_not("approve_policy") or "A approves it, R rejects it"

    def counts(self, dossier: ProposalDossier) -> dict[str, int]:
        return {"Cases": len(dossier.cases)}

    def tab(self, dossier: ProposalDossier, name: str, width: int) -> Content:
        match name:
            case "Change and impact":
                change = drawn_change(dossier.base, dossier.body, width)
                return drawing.stack([change, drawing.BLANK, self._impact(dossier, width)])
            case "Cases":
                return policy_drawing.cases(dossier.cases, (), width)
            case "Rules proposed":
                return policy_drawing.rules(setup_of(dossier.body), width)
            case _:
                return policy_drawing.rules(setup_of(dossier.in_force), width)

    def _impact(self, dossier: ProposalDossier, width: int) -> Content:
        if not dossier.row.is_open:
            return drawing.line(("It was decided already. What it released is in the audit log.", "muted"))
        if self._reckoned != (dossier.row.id, dossier.row.version_now):
            self._reckon(dossier)
        if self.impact is None:
            return drawing.line(("⟳ reckoning what this would do …", "accent"))
        return policy_drawing.impact(self.impact, width)

    @work(exclusive=True, group="impact", exit_on_error=False)
    async def _reckon(self, dossier: ProposalDossier) -> None:
        self._reckoned, self.impact = (dossier.row.id, dossier.row.version_now), None
        self.impact = await self._measured(dossier)
        self.draw()

    async def _measured(self, dossier: ProposalDossier) -> Impact:
        return await self.measured(dossier.row.policy, dossier.body, dossier.starts_on)

    # -- doing ----------------------------------------------------------------------------------------------------------

    def _against_deciding(self) -> str:
        if self.dossier is None:
            return "There is no proposal here."
        row = self.dossier.row
        if not row.is_open:
            return f"Proposal {row.id} was decided already: {row.state} by {row.decided_by or 'finsync'}."
        return ""

    def _against_approving(self) -> str:
        closed = self._against_deciding()
        if closed or self.dossier is None:
            return closed
        row = self.dossier.row
        if row.is_mine:
            return f"You made proposal {row.id}: somebody else with the role approver has to approve it."
        if row.is_outdated:
            return f"The rules have changed since proposal {row.id} was made: its maker brings both together first."
        if self.dossier.problem:
            return f"Proposal {row.id} can't be approved: {self.dossier.problem}."
        return ""

    def reason_against(self, action: str) -> str:
        match action:
            case "approve_policy":
                return self._against_approving()
            case "reject_policy":
                return self._against_deciding()
            case "withdraw_policy":
                closed = self._against_deciding()
                if closed or self.dossier is None or self.dossier.row.is_mine:
                    return closed
                row = self.dossier.row
                return f"Proposal {row.id} is {row.maker}'s: only they can withdraw it. R rejects it."
            case _:
                return ""

    @work(group="doing", exit_on_error=False)
    async def action_export(self) -> None:
        """Write every document that would change to a file."""
        dossier = self.dossier
        if dossier is None:
            return

        question = self.question(dossier.row.policy, dossier.body, dossier.starts_on, impact_files.ALL)

        def written(db: Connection, told: Told, file: str) -> int:
            found = question(db)
            told(len(found.documents))
            return impact_files.of_rules(found, Path(file).expanduser())

        async def write(file: str) -> int | None:
            return await self.desk.read_long(
                "reckoning what this would do", partial(written, file=file), stopped=impact_export.STOPPED
            )

        await impact_export.ask(self, f"{dossier.row.policy}-proposal-{dossier.row.id}", write)

    @work(group="doing", exit_on_error=False)
    async def action_approve_policy(self) -> None:
        """Look at what it would do, then sign it."""
        dossier = self.dossier
        if dossier is None or self.is_refused("approve_policy"):
            return
        row = dossier.row
        answer = await self.app.push_screen_wait(
            ImpactDialog(
                f"Approve proposal {row.id} of {row.maker} · {row.policy}",
                partial(drawn_change, dossier.base, dossier.body),
                partial(self._measured, dossier),
                policy_drawing.impact,
                verb="approve and sign",
                consequence=SIGNED,
                prompt="Comment",
                is_needed=False,
            )
        )
        if answer is None:
            return
        from finsync_tui.screens import policy_acting

        done = await self.desk.in_workspace(partial(policy_acting.approve, number=row.id, comment=answer))
        when = f" from {done.effective_from} on" if done.effective_from else ""
        replaced = "".join(f" It takes the place of proposal {one}." for one in done.replaces)
        self.app.notify(f"{row.policy} is in force as version {done.version}{when}.{replaced}", markup=False)
        self.read_again()

    @work(group="doing", exit_on_error=False)
    async def action_reject_policy(self) -> None:
        """Say no, and why."""
        await self._decide("reject", "Reject", "It stays with what you said; its maker can propose it again.")

    @work(group="doing", exit_on_error=False)
    async def action_withdraw_policy(self) -> None:
        """Take one's own change back."""
        await self._decide("withdraw", "Withdraw", "Nobody needs to decide about it any more.")

    async def _decide(self, what: Literal["reject", "withdraw"], title: str, consequence: str) -> None:
        if self.dossier is None or self.is_refused(f"{what}_policy"):
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
        from finsync_tui.screens import policy_acting

        await self.desk.in_workspace(partial(policy_acting.decide, what=what, number=row.id, reason=answer))
        self.app.notify(
            f"Proposal {row.id} is {'rejected' if what == 'reject' else 'withdrawn'}.", markup=False
        )
        self.read_again()

    def action_policy_versions(self) -> None:
        from finsync_tui.screens.policy_versions import PolicyVersionsScreen

        if self.dossier is not None:
            self.app.push_screen(PolicyVersionsScreen(self.dossier.row.policy))

    def action_step(self, by: int) -> None:
        self.impact = self._reckoned = None
        super().action_step(by)
