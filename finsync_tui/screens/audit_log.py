"""Audit: who did what, to which document, why; and whether anybody has touched the log."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import drawing, journals, tabs
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.journals import AuditDossier, AuditRow
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.queries import Listing
from finsync_tui.screens.text import ago, stamp
from finsync_tui.screens.views import View
from finsync_tui.screens.widgets.dialogs import MessageDialog
from finsync_tui.screens.widgets.virtual_table import Cell, Column

FACES = ("tui", "cli", "web")
REASONS = {
    "edited": "its content was changed",
    "missing": "entries are gone",
    "reordered": "entries stand in another order",
    "truncated": "entries at the end are gone",
    "added": "entries were added that finsync did not write",
    "head": "the note of the newest entry was changed",
    "protected": "a protected value beside it was changed",
}


class AuditScreen(ListScreen[AuditRow]):
    """The audit log, newest first."""

    TITLE = "Audit"
    PURPOSE = (
        "Who did what, to which document, and why: every decision of the engine and every act of a person. Each entry is chained "
        "to the one before; v checks that nobody has changed, removed or added any."
    )
    VERBS = ("activate", "filter", "verify")
    NOUN = "Audit log"
    HINT = "any number  who:ana  what:exception.*  subject:coupa:100200  is:people  age:<1d"
    DEFAULT_CHIP = "everything"
    EMPTY = "Nothing was decided or done yet."
    DEFAULT_SORT = "order"
    IS_REVERSED = True
    CAN_MARK = False
    VIEWS = (
        View("Acts of people", "is:people", "order", is_reversed=True),
        View("My own", "is:mine", "order", is_reversed=True),
        View("Deliveries touched", "what:delivery.*", "order", is_reversed=True),
        View("Systems touched", "what:system.*", "order", is_reversed=True),
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("v", "verify", "verify the chain", id="audit.verify")]

    def make_listing(self) -> Listing[AuditRow]:
        return journals.AUDIT

    def columns(self) -> Sequence[Column]:
        return (
            Column("#", 7, is_right=True, sort="order"),
            Column("Time", 16),
            Column("Who", 12),
            Column("What", 24),
            Column("Document", 16),
            Column("Why", 20, grows=True),
        )

    def cells(self, row: AuditRow) -> Sequence[Cell]:
        return (
            (f"{row.id}", "muted"),
            (stamp(row.at), ""),
            (row.who, "strong" if row.source in FACES else "muted"),
            (row.what, ""),
            (row.number, "accent"),
            (row.why, "" if row.why else "muted"),
        )

    def inspector(self, row: AuditRow, width: int) -> Content:
        through = f"  through {row.source}" if row.source else ""
        return drawing.stack(
            [
                drawing.line(
                    (f"{row.who} ", "strong"),
                    (row.what, ""),
                    (f"  {ago(row.at, self.desk.now())}{through}", "muted"),
                ),
                drawing.paragraph("Why", row.why, width, lines_max=3),
            ]
        )

    def open_row(self, ids: array[int], index: int) -> None:
        self.app.push_screen(AuditDetailScreen(ids, index))

    @work(group="doing", exclusive=True, exit_on_error=False)
    async def action_verify(self) -> None:
        """Recompute every hash from the first entry on; a long log takes a while, and one can go on working."""
        workspace = self.desk.workspace
        checked = await self.desk.read_long(
            "checking the whole chain",
            lambda db, _: journals.verified(db, workspace),
            stopped="The check was stopped: nothing is known of the chain.",
        )
        if checked is None:
            return
        found, sealed = checked
        if found.is_intact:
            lines = [
                f"All {found.count:,} entries hold, and no protected value was changed.",
                f"The newest hash is {found.head}.",
                f"Signed up to entry {sealed.to:,}." if sealed.count else "None of them is signed yet.",
            ]
        else:
            why = REASONS.get(found.reason or "", "it does not hold")
            lines = [
                f"The chain breaks at entry {found.first_bad_seq}: {sealed.problem or why}.",
                f"{found.count:,} entries before it hold.",
                "Nothing was changed now. Keep a copy of the file, compare it with the last good backup, and tell whoever is "
                "responsible for this workspace.",
            ]
        title = "The audit log is intact" if found.is_intact else "The audit log is broken"
        self.app.push_screen(MessageDialog(title, lines, is_error=not found.is_intact))


class AuditDetailScreen(DetailScreen[AuditDossier]):
    """One entry."""

    TITLE = "Audit entry"
    PURPOSE = "One entry of the audit log: who, what, why, what was changed, and its place in the chain."
    VERBS = ("step(1)",)
    TABS = ("Entry", "Document")
    BINDINGS: ClassVar[list[BindingType]] = []

    async def fetch(self) -> AuditDossier | None:
        return await self.read(partial(journals.entry, seq=self.thing_id))

    def heading(self, dossier: AuditDossier) -> str:
        return f"#{dossier.row.id} · {dossier.row.what} · {dossier.row.who}"

    def facts(self, dossier: AuditDossier, width: int) -> Content:
        row = dossier.row
        pairs: list[tuple[str, drawing.Piece]] = [
            ("Time", (f"{stamp(row.at)} · {ago(row.at, self.desk.now())}", "")),
            ("Who", (row.who, "strong")),
            ("Through", (row.source or "the engine", "")),
            ("Document", (row.number, "accent")),
        ]
        return drawing.stack(
            [
                drawing.facts(pairs, width),
                drawing.paragraph("Why      ", row.why, width, lines_max=3),
                drawing.paragraph("Hash     ", dossier.hash, width, lines_max=1),
                drawing.paragraph(
                    "Follows  ", dossier.previous or "it is the first entry", width, role="muted", lines_max=1
                ),
            ]
        )

    def counts(self, dossier: AuditDossier) -> dict[str, int]:
        return {"Document": len(dossier.history)}

    def tab(self, dossier: AuditDossier, name: str, width: int) -> Content:
        return tabs.payload(dossier.entry) if name == "Entry" else tabs.history(dossier.history, width)
