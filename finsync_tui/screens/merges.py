"""Merges of suppliers: what was merged into what, what waits for a second person, and undoing it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from finsync_tui.screens import drawing, merge_rows, signs, tabs, verbs
from finsync_tui.screens.base import DIALOG_WIDTH, WorkScreen
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.keys import MERGE_BINDINGS, MERGE_VERBS
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.merge_rows import MERGES, MergeDossier, MergeRow
from finsync_tui.screens.queries import Listing
from finsync_tui.screens.text import ago, money, stamp, words
from finsync_tui.screens.verbs import Verb
from finsync_tui.screens.views import View
from finsync_tui.screens.widgets.virtual_table import Cell, Column

CHANGES_ASKED = 6


class MergeActions(WorkScreen):
    """The keys of merges. It stands behind the screen's kind among the bases."""

    act: Callable[..., object]
    """Asks, then does a verb to what the screen is about."""

    async def previewed(self, verb: Verb, ids: Sequence[int]) -> Sequence[Content]:
        """Return what it changes in which system, and who proposed it and why."""
        found = await self.read(partial(merge_rows.merge, merge_id=ids[0]))
        if found is None:
            return ()
        row = found.row
        lines = [drawing.paragraph("", f"{row.maker}: {row.reason}", DIALOG_WIDTH, lines_max=3)]
        lines += [
            drawing.paragraph(f"{where}:", f"{what}: {now} → {then}", DIALOG_WIDTH, lines_max=2)
            for where, what, now, then in found.changes[:CHANGES_ASKED]
        ]
        if len(found.changes) > CHANGES_ASKED:
            lines.append(drawing.line((f"and {len(found.changes) - CHANGES_ASKED:,} more", "muted")))
        return lines

    def action_approve_merge(self) -> None:
        self.act(verbs.APPROVE_MERGE)

    def action_reject_merge(self) -> None:
        self.act(verbs.REJECT_MERGE)

    def action_withdraw_merge(self) -> None:
        self.act(verbs.WITHDRAW_MERGE)

    def action_part_suppliers(self) -> None:
        self.act(verbs.PART_SUPPLIERS)


class MergesScreen(ListScreen[MergeRow], MergeActions):
    """Merges, the newest first."""

    TITLE = "Merges"
    PURPOSE = (
        "Doubles that became part of the supplier that stays, or are to: what waits for a second person (A approves, R rejects), what "
        "is under way, and u undoes one, so that every system is what it was. M on a pair of suppliers begins one."
    )
    VERBS = ("activate", "approve_merge", "reject_merge", "part_suppliers", "filter")
    NOUN = "Merges"
    HINT = "any key or name  state:proposed  by:ana  age:<7d  state:all"
    DEFAULT_CHIP = "waiting, under way or merged"
    EMPTY = (
        "Nothing was merged yet: M on a pair of suppliers (; then u) does, with a preview of what it changes."
    )
    DEFAULT_SORT = "made"
    IS_REVERSED = True
    CAN_MARK = False
    VIEWS = (
        View("wait for a second person", "state:proposed", "made", is_reversed=True),
        View("undone or not done", "state:parted|rejected|withdrawn|given_up", "made", is_reversed=True),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*MERGE_BINDINGS]

    def make_listing(self) -> Listing[MergeRow]:
        return MERGES

    def columns(self) -> Sequence[Column]:
        return (
            Column("", 1),
            Column("State", 9, sort="state"),
            Column("Double", 16, grows=True),
            Column("Becomes part of", 20),
            Column("By", 8),
            Column("When", 9, is_right=True, sort="made"),
            Column("Keys", 28, is_optional=True),
        )

    def cells(self, row: MergeRow) -> Sequence[Cell]:
        sign = signs.of(signs.MERGE, row.state)
        return (
            (sign.glyph, sign.role),
            (sign.word, sign.role),
            (row.double_name or row.double, "accent"),
            (row.keep_name or row.keep, ""),
            (row.maker, ""),
            (ago(row.made_at, self.desk.now()), "muted"),
            (f"{row.double} → {row.keep}", "muted"),
        )

    def inspector(self, row: MergeRow, width: int) -> Content:
        sign = signs.of(signs.MERGE, row.state)
        return drawing.stack(
            [
                drawing.line((f"{sign}", sign.role), (f"  {row.double} → {row.keep}", "muted")),
                drawing.paragraph(f"{row.maker}:", row.reason, width, lines_max=3),
            ]
        )

    def against(self, verb: Verb, row: MergeRow | None) -> str:
        return _against(verb, row, self.desk.actor.name)

    def verb_for(self, action: str) -> Verb | None:
        return MERGE_VERBS.get(action)

    def open_row(self, ids: array[int], index: int) -> None:
        self.app.push_screen(MergeScreen(ids, index))


class MergeScreen(DetailScreen[MergeDossier], MergeActions):
    """One merge: what it changes, in which system."""

    TITLE = "Merge"
    PURPOSE = (
        "What a merge changes in which system, what is under way with the double, who proposed it and why."
    )
    VERBS = ("approve_merge", "reject_merge", "part_suppliers", "step(1)")
    TABS = ("Changes", "Under way", "History")
    LISTING = MERGES
    BINDINGS: ClassVar[list[BindingType]] = [*MERGE_BINDINGS]

    async def fetch(self) -> MergeDossier | None:
        return await self.read(partial(merge_rows.merge, merge_id=self.thing_id))

    def heading(self, dossier: MergeDossier) -> str:
        return (
            f"{dossier.row.double_name or dossier.row.double} → {dossier.row.keep_name or dossier.row.keep}"
        )

    def facts(self, dossier: MergeDossier, width: int) -> Content:
        row = dossier.row
        sign = signs.of(signs.MERGE, row.state)
        lines = [
            drawing.facts(
                [
                    ("State", (f"{sign}", sign.role)),
                    ("Double", (row.double, "accent")),
                    ("Stays", (row.keep, "accent")),
                    ("Proposed by", (row.maker, "")),
                    ("At", (stamp(row.made_at), "")),
                ],
                width,
            ),
            drawing.paragraph("Why", row.reason, width, lines_max=3),
        ]
        if row.parted_by:
            lines.append(
                drawing.paragraph(f"Undone by {row.parted_by}:", row.parting_reason, width, lines_max=3)
            )
        return drawing.stack(lines)

    def counts(self, dossier: MergeDossier) -> dict[str, int]:
        return {
            "Changes": len(dossier.changes),
            "Under way": len(dossier.under_way),
            "History": len(dossier.history),
        }

    def tab(self, dossier: MergeDossier, name: str, width: int) -> Content:
        if name == "Changes":
            return drawing.stack(
                drawing.paragraph(f"{where}:", f"{what}: {now} → {then}", width, lines_max=3)
                for where, what, now, then in dossier.changes
            )
        if name == "History":
            return tabs.history(dossier.history, width)
        if not dossier.under_way:
            return drawing.line(("Nothing is under way with the double.", "muted"))
        return drawing.table(
            (16, 18, -18, 20),
            [
                [
                    (words(one.entity), ""),
                    (one.number, "accent"),
                    (money(one.amount_minor, one.currency), ""),
                    (words(one.state), "muted"),
                ]
                for one in dossier.under_way
            ],
            ("what", "number", "amount", "is at"),
            width=width,
        )

    def subject(self, dossier: MergeDossier) -> str:
        return dossier.row.number

    def against(self, verb: Verb) -> str:
        return _against(verb, self.dossier.row if self.dossier is not None else None, self.desk.actor.name)

    def verb_for(self, action: str) -> Verb | None:
        return MERGE_VERBS.get(action)


def _against(verb: Verb, row: MergeRow | None, me: str) -> str:
    if row is None:
        return "There is no merge here."
    if verb is verbs.PART_SUPPLIERS:
        return (
            ""
            if row.state == "merged"
            else f"{row.number} is {words(row.state)}: only what is merged is undone."
        )
    if row.state != "proposed":
        return f"{row.number} is {words(row.state)}: it waits for nobody."
    if verb is verbs.APPROVE_MERGE and row.maker == me:
        return f"You proposed {row.number}: somebody else has to approve it."
    if verb is verbs.WITHDRAW_MERGE and row.maker != me:
        return f"{row.maker} proposed {row.number}: only they withdraw it; an approver rejects it (R)."
    return ""
