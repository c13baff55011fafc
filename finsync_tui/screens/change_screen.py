"""One change that waits for a second person, whatever it is of: what it changes, what it would do, and what can be said to it."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, TypeVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import drawing, impact_export, signs
from finsync_tui.screens.change_rows import ProposalRow
from finsync_tui.screens.changes import Kind
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.text import safe_text, stamp
from finsync_tui.screens.widgets.dialogs import AskDialog
from finsync_tui.screens.widgets.impact_dialog import ImpactDialog

if TYPE_CHECKING:
    from sqlite3 import Connection

    from finsync_tui.screens.app import Told

Begin = Literal["", "approve", "reject"]
CHANGE: str = "Change and impact"


class ChangeDossier(Protocol):
    """One change, and why it is not what its maker signed; empty: it is."""

    @property
    def row(self) -> ProposalRow: ...
    @property
    def problem(self) -> str: ...


D = TypeVar("D", bound=ChangeDossier)


class ChangeScreen(DetailScreen[D], Generic[D]):
    """What is read, what changes, what it would do and how that is told is the kind's own."""

    KIND: ClassVar[Kind]
    SIGNED: ClassVar[str]
    """What a signature stands for, and what happens then."""
    OUTDATED: ClassVar[str]
    """What to do when somebody else has changed the same meanwhile."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("E", "export", "Export the impact…", show=False, id="change.export"),
    ]

    def __init__(self, ids: array[int], index: int, begin: Begin = "") -> None:
        """`begin`: what the person came for; it asks like its key."""
        super().__init__(ids, index)
        self._begin = begin
        self.impact: Any = None
        self._reckoned: tuple[int, int] | None = None
        """Proposal and version in force of the impact that is shown."""

    # -- what a kind says -------------------------------------------------------------------------------------------------

    async def read_change(self) -> D | None:
        raise NotImplementedError

    def drawn(self, dossier: D, width: int) -> Content:
        """Draw what changes."""
        raise NotImplementedError

    def question_of(self, dossier: D, *, is_whole: bool) -> Callable[[Connection], Any]:
        """Return what finds out what it would do; `is_whole`: with every document, for a file."""
        raise NotImplementedError

    def drawn_impact(self, found: Any, width: int) -> Content:
        raise NotImplementedError

    def write_impact(self, found: Any, file: Path) -> int:
        """Write every document that would change; return how many."""
        raise NotImplementedError

    def approved(self, done: Any) -> str:
        """Return what is said when it was approved."""
        raise NotImplementedError

    def more_facts(self, dossier: D) -> list[tuple[str, drawing.Piece]]:
        return []

    # -- drawing ----------------------------------------------------------------------------------------------------------

    async def fetch(self) -> D | None:
        assert self.desk.workspace is not None, "a proposal is opened from a list that needs a workspace"
        found = await self.read_change()
        if self._begin:
            self.call_after_refresh(self.run_action, self._begin)
            self._begin = ""
        return found

    def heading(self, dossier: D) -> str:
        row = dossier.row
        return f"Proposal {row.id} · {safe_text(row.name, 60)} · {row.changed}"

    def facts(self, dossier: D, width: int) -> Content:
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
            *self.more_facts(dossier),
        ]
        lines = [drawing.facts(pairs, width), drawing.paragraph("Why", row.reason, width, lines_max=3)]
        if row.decision:
            lines.append(drawing.paragraph("Said", row.decision, width, lines_max=3))
        if dossier.problem:
            told = f"It can't be approved: {dossier.problem}"
            lines.append(drawing.paragraph("✕", told, width, role="error"))
        if row.in_force_until is not None:
            told = (
                f"An emergency change: {row.maker} put it in force alone. Somebody else has to approve it by "
                f"{stamp(row.in_force_until)}; else, and when it is rejected, all is again as it was before."
            )
            lines.append(drawing.paragraph("▲", told, width, role="warn"))
        if row.is_outdated:
            has_changed = self.KIND.has_changed
            told = f"{has_changed[0].upper()}{has_changed[1:]} since this was made. Neither change is lost: {self.OUTDATED}."
            lines.append(drawing.paragraph("▲", told, width, role="warn"))
        if row.is_open:
            lines.append(drawing.paragraph("", self._who_decides(), width, role="muted"))
        return drawing.stack(lines)

    def _who_decides(self) -> str:
        if self.refusal("approve"):
            return "Somebody else with the role approver decides about it."
        return self.why_not("approve") or "A approves it, R rejects it"

    def tab(self, dossier: D, name: str, width: int) -> Content:
        return drawing.stack([self.drawn(dossier, width), drawing.BLANK, self._impact(dossier, width)])

    def _impact(self, dossier: D, width: int) -> Content:
        if not dossier.row.is_open:
            return drawing.line(("It was decided already. What it released is in the audit log.", "muted"))
        if self._reckoned != (dossier.row.id, dossier.row.version_now):
            self._reckon(dossier)
        if self.impact is None:
            return drawing.line(("⟳ reckoning what this would do …", "accent"))
        return self.drawn_impact(self.impact, width)

    async def measure(self, dossier: D) -> Any:
        """Return what it would do."""
        return await self.read(self.question_of(dossier, is_whole=False))

    @work(exclusive=True, group="impact", exit_on_error=False)
    async def _reckon(self, dossier: D) -> None:
        self._reckoned, self.impact = (dossier.row.id, dossier.row.version_now), None
        self.impact = await self.measure(dossier)
        self.draw()

    def action_step(self, by: int) -> None:
        self.impact = self._reckoned = None
        super().action_step(by)

    # -- doing ------------------------------------------------------------------------------------------------------------

    def _against_deciding(self) -> str:
        if self.dossier is None:
            return "There is no proposal here."
        row = self.dossier.row
        if not row.is_open:
            return f"Proposal {row.id} was decided already: {row.state} by {row.decided_by or 'finsync'}."
        return ""

    def _against_approving(self, dossier: D) -> str:
        row = dossier.row
        if row.is_mine:
            return f"You made proposal {row.id}: somebody else with the role approver has to approve it."
        if row.is_outdated:
            has_changed = self.KIND.has_changed
            return f"{has_changed[0].upper()}{has_changed[1:]} since proposal {row.id} was made: {self.OUTDATED}."
        if dossier.problem:
            return f"Proposal {row.id} can't be approved: {dossier.problem}."
        return ""

    def reason_against(self, action: str) -> str:
        if action not in ("approve", "reject", "withdraw", "anew"):
            return ""
        closed = self._against_deciding()
        if closed or self.dossier is None:
            return closed
        row = self.dossier.row
        match action:
            case "approve":
                return self._against_approving(self.dossier)
            case "withdraw" if not row.is_mine:
                return f"Proposal {row.id} is {row.maker}'s: only they can withdraw it. R rejects it."
            case "anew" if not row.is_outdated:
                return "It is on the version in force already."
            case _:
                return ""

    @work(group="doing", exit_on_error=False)
    async def action_export(self) -> None:
        """Write every document that would change to a file."""
        dossier = self.dossier
        if dossier is None:
            return

        question = self.question_of(dossier, is_whole=True)

        def written(db: Connection, told: Told, file: str) -> int:
            found = question(db)
            told(len(found.documents))
            return self.write_impact(found, Path(file).expanduser())

        async def write(file: str) -> int | None:
            return await self.desk.read_long(
                "reckoning what this would do", partial(written, file=file), stopped=impact_export.STOPPED
            )

        await impact_export.ask(self, f"{dossier.row.name}-proposal-{dossier.row.id}", write)

    @work(group="doing", exit_on_error=False)
    async def action_approve(self) -> None:
        """Look at what it would do, then sign it."""
        dossier = self.dossier
        if dossier is None or self.is_refused("approve"):
            return
        row = dossier.row
        answer = await self.app.push_screen_wait(
            ImpactDialog(
                f"Approve proposal {row.id} of {row.maker} · {safe_text(row.name, 60)}",
                partial(self.drawn, dossier),
                partial(self.measure, dossier),
                self.drawn_impact,
                verb="approve and sign",
                consequence=self.SIGNED,
                prompt="Comment",
                is_needed=False,
            )
        )
        if answer is None:
            return
        from finsync_tui.screens import change_acting

        done = await self.desk.in_workspace(
            partial(change_acting.approve, kind=self.KIND.name, number=row.id, comment=answer)
        )
        self.app.notify(self.approved(done), markup=False)
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
        from finsync_tui.screens import change_acting

        decide = partial(change_acting.decide, kind=self.KIND.name, what=what, number=row.id, reason=answer)
        await self.desk.in_workspace(decide)
        told = "rejected" if what == "reject" else "withdrawn"
        self.app.notify(f"Proposal {row.id} is {told}.", markup=False)
        self.read_again()
