"""One policy: its rules, the cases that stand beside them and how they end, what a rule may name, what the layers say."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import drawing, policy_drawing, policy_reading
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.policy_actions import ONE, PolicyActions
from finsync_tui.screens.policy_reading import PolicyDossier
from finsync_tui.screens.text import stamp


class PolicyScreen(DetailScreen[PolicyDossier], PolicyActions):
    """One policy as it is in force."""

    TITLE = "Policy"
    PURPOSE = (
        "The rules of one policy, the cases that they must pass and how each ends now, and every field that a rule may name. e "
        "opens the rules as a text; what you write is checked as you type and shows what it would do before it is proposed."
    )
    VERBS = ("edit_policy", "propose_policy", "versions", "step(1)", "import_policy", "export")
    TABS = ("Rules", "Cases", "Fields", "Layers")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit_policy", "edit…", id="policy.edit"),
        Binding("P", "propose_policy", "propose the layers'…", id="policy.propose"),
        Binding("H", "versions", "versions", id="policy.versions"),
        Binding("I", "import_policy", "import…", id="policy.import"),
        Binding("E", "export", "export…", id="policy.export"),
    ]

    async def fetch(self) -> PolicyDossier | None:
        desk = self.desk
        assert desk.workspace is not None, (
            "a policy is opened from the list of policies, which needs a workspace"
        )
        return await self.read(
            partial(policy_reading.policy, workspace=desk.workspace, number=self.thing_id, now=desk.now())
        )

    # -- drawing --------------------------------------------------------------------------------------------------------

    def heading(self, dossier: PolicyDossier) -> str:
        row = dossier.row
        return f"{row.name} · {row.decides or 'ended'} · {f'version {row.version}' if row.version else 'not recorded yet'}"

    def facts(self, dossier: PolicyDossier, width: int) -> Content:
        row = dossier.row
        failed = sum(1 for one in dossier.cases if one.problem)
        signed = f"{row.maker}, {row.checker}" if row.checker else "the layers"
        pairs: list[tuple[str, drawing.Piece]] = [
            ("Decides", (row.decides, "strong")),
            ("In force since", (stamp(row.since) if row.since else "not recorded yet", "")),
            ("Stands for it", (signed, "" if row.checker else "muted")),
            ("Owner", (row.owner or "nobody", "" if row.owner else "warn")),
            ("Deputy", (row.deputy or "nobody", "" if row.deputy else "warn")),
            ("Waiting", (f"{row.waiting_count:,} changes" if row.waiting_count else "", "accent")),
            (
                "Cases",
                (f"{failed:,} of {len(dossier.cases):,} do not pass", "error")
                if failed
                else (f"{len(dossier.cases):,} pass", "ok" if dossier.cases else "warn"),
            ),
        ]
        lines = [drawing.facts(pairs, width)]
        if row.setup is not None and row.setup.description:
            lines.append(drawing.paragraph("", row.setup.description, width, role="muted", lines_max=2))
        lines += [drawing.paragraph("▲", note, width, role="warn", lines_max=2) for note in row.notes]
        return drawing.stack(lines)

    def counts(self, dossier: PolicyDossier) -> dict[str, int]:
        return {"Rules": dossier.row.rule_count, "Cases": len(dossier.cases), "Layers": len(dossier.to_layer)}

    def tab(self, dossier: PolicyDossier, name: str, width: int) -> Content:
        match name:
            case "Rules":
                return policy_drawing.rules(dossier.row.setup, width)
            case "Cases":
                return policy_drawing.cases(dossier.cases, dossier.untested, width)
            case "Fields":
                return policy_drawing.fields(dossier.fields, width)
            case _:
                if not dossier.to_layer:
                    return drawing.line(("The layers say what is in force.", "muted"))
                told = "What the layers say otherwise"
                note = "P proposes it" if dossier.row.is_to_propose else ""
                return drawing.stack(
                    [drawing.title(told, note), policy_drawing.differences(dossier.to_layer, width)]
                )

    # -- doing ----------------------------------------------------------------------------------------------------------

    def reason_against(self, action: str) -> str:
        dossier = self.dossier
        if dossier is None:
            return super().reason_against(action)
        if action in ("edit_policy", "propose_policy", "import_policy") and dossier.rule == "one":
            return ONE
        if action == "propose_policy" and not dossier.row.is_to_propose:
            return "The layers say what is in force, by two persons. e writes another text."
        if action == "export" and dossier.row.setup is None:
            return "It has no rules any more."
        return ""

    @work(group="doing", exit_on_error=False)
    async def action_edit_policy(self) -> None:
        """Write another text of it."""
        if not self.is_refused("edit_policy") and self.dossier is not None:
            row = self.dossier.row
            if await self.edit_policy(row.name, row.version, row.body):
                self.read_again()

    @work(group="doing", exit_on_error=False)
    async def action_propose_policy(self) -> None:
        """Propose what the layers say."""
        if not self.is_refused("propose_policy") and self.dossier is not None:
            row = self.dossier.row
            if await self.propose_layers(row.name, row.version, row.body, row.layer_body):
                self.read_again()

    @work(group="doing", exit_on_error=False)
    async def action_import_policy(self) -> None:
        """Propose a file's rules in place of it."""
        if not self.is_refused("import_policy") and self.dossier is not None:
            row = self.dossier.row
            await self.import_policy(row.name, row.version, row.body)
            self.read_again()

    @work(group="doing", exit_on_error=False)
    async def action_export(self) -> None:
        if not self.is_refused("export") and self.dossier is not None:
            row = self.dossier.row
            await self.export_policy(row.name, row.version, row.setup)

    def action_versions(self) -> None:
        from finsync_tui.screens.policy_versions import PolicyVersionsScreen

        if not self.is_refused("versions") and self.dossier is not None:
            self.app.push_screen(PolicyVersionsScreen(self.dossier.row.name))
