"""One proposed change of a policy: what it changes, what it would do, and the word of a second person."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui import impact_files
from finsync_tui.actions.policies import ApprovedPolicy
from finsync_tui.governance.rules import setup_of
from finsync_tui.policy_impact import EXAMPLES_MAX, Impact
from finsync_tui.screens import changes, policy_drawing, policy_reading
from finsync_tui.screens.change_screen import CHANGE, ChangeScreen
from finsync_tui.screens.policy_actions import PolicyActions, drawn_change
from finsync_tui.screens.policy_reading import ProposalDossier

if TYPE_CHECKING:
    from sqlite3 import Connection


class PolicyProposalScreen(ChangeScreen[ProposalDossier], PolicyActions):
    """One change of a policy."""

    TITLE = "Proposed rules"
    PURPOSE = (
        "One proposed change of a policy. Another person than its maker approves it, with the role approver and a key of their own. "
        "A change whose policy has changed meanwhile is never applied over it: its maker brings both together and proposes that."
    )
    KIND = changes.POLICY
    SIGNED = (
        "Your key signs the text, the version it was made from, who, when and why. Documents that no rule stops any more go on by "
        "themselves."
    )
    OUTDATED = (
        "its maker brings both together in a text (e on the policy), proposes that, and withdraws this one"
    )
    VERBS = ("approve", "reject", "step(1)", "withdraw", "versions")
    TABS = (CHANGE, "Cases", "Rules proposed", "Rules now")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "approve", "approve…", id="policy.approve"),
        Binding("R", "reject", "reject…", id="policy.reject"),
        Binding("w", "withdraw", "withdraw…", id="policy.withdraw"),
        Binding("H", "versions", "versions", id="policy.versions"),
        Binding("E", "export", "Export the impact…", show=False, id="policy.export"),
    ]

    async def read_change(self) -> ProposalDossier | None:
        desk = self.desk
        assert desk.workspace is not None
        return await self.read(
            partial(
                policy_reading.proposal,
                workspace=desk.workspace,
                number=self.thing_id,
                now=desk.now(),
                person=desk.actor,
            )
        )

    def drawn(self, dossier: ProposalDossier, width: int) -> Content:
        return drawn_change(dossier.base, dossier.body, width)

    def question_of(self, dossier: ProposalDossier, *, is_whole: bool) -> Callable[[Connection], Impact]:
        examples = impact_files.ALL if is_whole else EXAMPLES_MAX
        return self.question(dossier.row.name, dossier.body, dossier.starts_on, examples)

    def drawn_impact(self, found: Impact, width: int) -> Content:
        return policy_drawing.impact(found, width)

    def write_impact(self, found: Impact, file: Path) -> int:
        return impact_files.of_rules(found, file)

    def approved(self, done: ApprovedPolicy) -> str:
        when = f" from {done.effective_from} on" if done.effective_from else ""
        replaced = "".join(f" It takes the place of proposal {one}." for one in done.replaces)
        return f"{done.policy} is in force as version {done.version}{when}.{replaced}"

    def counts(self, dossier: ProposalDossier) -> dict[str, int]:
        return {"Cases": len(dossier.cases)}

    def tab(self, dossier: ProposalDossier, name: str, width: int) -> Content:
        match name:
            case "Cases":
                return policy_drawing.cases(dossier.cases, (), width)
            case "Rules proposed":
                return policy_drawing.rules(setup_of(dossier.body), width)
            case "Rules now":
                return policy_drawing.rules(setup_of(dossier.in_force), width)
            case _:
                return super().tab(dossier, name, width)

    def action_versions(self) -> None:
        from finsync_tui.screens.policy_versions import PolicyVersionsScreen

        if self.dossier is not None:
            self.app.push_screen(PolicyVersionsScreen(self.dossier.row.name))
