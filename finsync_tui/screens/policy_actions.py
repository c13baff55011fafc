"""What the policy screens share: show what a change would do, propose it from a text, a file or the layers, write it to a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content

from finsync_tui.governance.rules import body_of, setup_of
from finsync_tui.policies import files
from finsync_tui.policies.difference import differences
from finsync_tui.policies.model import PolicySetup
from finsync_tui.policy_impact import EXAMPLES_MAX
from finsync_tui.screens import drawing, policy_drawing, policy_reading
from finsync_tui.screens.base import WorkScreen
from finsync_tui.screens.text import safe_text
from finsync_tui.screens.widgets.dialogs import AskDialog
from finsync_tui.screens.widgets.edit_dialog import EditDialog
from finsync_tui.screens.widgets.impact_dialog import ImpactDialog
from store.files import write_private

if TYPE_CHECKING:
    from sqlite3 import Connection

    from finsync_tui.policy_impact import Impact
    from finsync_tui.screens.change_acting import PolicyChange

TWO = "A second person with the role approver decides. Your key signs it."
ONE = "The profile asks for one person, so what the layers say is in force: edit policies/*.toml there."
IMPORTED = "The file's rules and cases take the place of the whole policy. What would change is shown before anything is proposed."


class PolicyActions(WorkScreen):
    """What can be done with policies, alike on every screen about them."""

    ACTS_AS: ClassVar[Mapping[str, str]] = {
        action: f"{action}_policy" for action in ("approve", "reject", "withdraw", "restore")
    }

    async def propose_change(
        self, change: PolicyChange, before: str, after: str, *, reason: str = "", title: str = ""
    ) -> bool:
        """Show what a change would do, ask why, and propose it. Returns whether it was proposed."""
        if self.refuses_writing():
            return False
        answer = await self.app.push_screen_wait(
            ImpactDialog(
                title or f"Propose a change of {safe_text(change.policy, 60)}",
                partial(drawn_change, before, after),
                partial(self.measured, change.policy, after),
                policy_drawing.impact,
                verb="propose",
                consequence=TWO,
                reason=reason,
            )
        )
        if answer is None:
            return False
        from finsync_tui.screens import change_acting

        number = await self.desk.in_workspace(
            partial(change_acting.propose_policy, change=change, reason=answer)
        )
        self.app.notify(f"Proposal {number} waits for a second person.", markup=False)
        return True

    async def measured(
        self, name: str, body: str, starts_on: date | None = None, examples: int = EXAMPLES_MAX
    ) -> Impact:
        """Return what a text of a policy would do; from a day on, as of that day."""
        return await self.read(self.question(name, body, starts_on, examples))

    def question(
        self, name: str, body: str, starts_on: date | None = None, examples: int = EXAMPLES_MAX
    ) -> Callable[[Connection], Impact]:
        """Return the question that `measured` asks."""
        workspace = self.desk.workspace
        assert workspace is not None, "a change is made on a screen that needs a workspace"
        return partial(
            policy_reading.impact_of,
            workspace=workspace,
            name=name,
            body=body,
            now=self.desk.now(),
            starts_on=starts_on,
            examples=examples,
        )

    async def edit_policy(self, name: str, version: int, body: str) -> bool:
        """Open the rules in force in an editor, and propose what came of it. What was written is kept until it is proposed."""
        from finsync_tui.screens.change_acting import PolicyChange

        setup = setup_of(body)
        kept = f"policy.{name}"
        before = files.written(setup) if setup is not None else ""
        base, _, text = (self.desk.preferences.get(kept) or "").partition("\n")
        title = f"{safe_text(name, 60)} · version {version}"
        if text and base != f"{version}":
            title = f"{safe_text(name, 60)} · your text on version {base}; {version} is in force meanwhile"
        while True:
            answer = await self.app.push_screen_wait(
                EditDialog(
                    title,
                    before,
                    problem=files.problem,
                    refusal=lambda written: self._unchanged(written, body),
                    file_name=f"{name}.toml",
                    text=text,
                )
            )
            if answer is None:
                return False
            self.desk.remember(kept, f"{version}\n{answer}")
            changed = files.read(answer)
            change = PolicyChange(name, version, setup=changed)
            if await self.propose_change(change, body, body_of(changed)):
                self.desk.remember(kept, None)
                return True
            text = answer

    async def propose_layers(self, name: str, version: int, body: str, layer_body: str) -> bool:
        """Propose what the layers say of a policy."""
        from finsync_tui.screens.change_acting import PolicyChange

        title = f"Propose what the layers say of {safe_text(name, 60)}"
        return await self.propose_change(PolicyChange(name, version), body, layer_body, title=title)

    @staticmethod
    def _unchanged(text: str, body: str) -> str | None:
        return "these are the rules in force" if body_of(files.read(text)) == body else None

    async def import_policy(self, name: str, version: int, body: str) -> None:
        """Ask for a file and propose its rules in place of the whole policy."""
        if self.refuses_files():
            return
        from finsync_tui.screens.change_acting import PolicyChange

        answer = await self.app.push_screen_wait(
            AskDialog(
                f"Import {safe_text(name, 60)}",
                drawing.paragraph("", IMPORTED, 66),
                verb="read",
                prompt="File, TOML",
                is_needed=True,
            )
        )
        if answer is None:
            return
        setup = await self.read(lambda _: files.read_file(Path(answer).expanduser()))
        await self.propose_change(PolicyChange(name, version, setup=setup), body, body_of(setup))

    async def export_policy(self, name: str, version: int, setup: PolicySetup | None) -> None:
        """Ask for a file and write a policy to it as a text; one that is there stays."""
        if self.refuses_files() or setup is None:
            return
        answer = await self.app.push_screen_wait(
            AskDialog(
                f"Export {safe_text(name, 60)}",
                Content("Rules and cases as TOML, as a layer has them. A file that is there stays."),
                verb="write",
                prompt="File",
                is_needed=True,
                value=f"~/{name}-{version}.toml" if version else f"~/{name}.toml",
            )
        )
        if answer is None:
            return
        text = files.written(setup).encode()
        await self.read(lambda _: write_private(Path(answer).expanduser(), text, replaces=False))
        self.app.notify(f"Written to {safe_text(answer, 200)}.", markup=False)


def drawn_change(before: str, after: str, width: int) -> Content:
    """Draw which parts of a policy go and which come."""
    return policy_drawing.differences(differences(before, after), width, limit=40)
