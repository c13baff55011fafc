"""Suppliers: the queue of pairs that may be one, side by side with what speaks for it, answered one by one or many at once."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import BindingType
from textual.content import Content

from finsync_tui.screens import drawing, signs, supplier_pairs, verbs
from finsync_tui.screens.base import DIALOG_WIDTH, WorkScreen
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.keys import PAIR_BINDINGS, PAIR_VERBS
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.queries import Listing
from finsync_tui.screens.supplier_pairs import PAIRS, PairDossier, PairRow
from finsync_tui.screens.text import safe_text, stamp
from finsync_tui.screens.verbs import Verb
from finsync_tui.screens.views import View
from finsync_tui.screens.widgets.dialogs import PickDialog
from finsync_tui.screens.widgets.virtual_table import Cell, Column
from store.columns import from_json

if TYPE_CHECKING:
    from sqlite3 import Connection

    from finsync_tui.settings import Workspace

EVIDENCE_SHOWN = 4
NO_PROFILE = "What a merge changes is in the profile of the workspace; only its file is open here."
APART = "They stand in two systems, as one supplier may: = says that they are the same. Doubles within one system are merged."


class PairActions(WorkScreen):
    """The keys of pairs. A screen says what they are for: `act`. It stands behind the screen's kind among the bases."""

    act: Callable[..., object]
    """Asks, then does a verb to what the screen is about."""

    def action_same_suppliers(self) -> None:
        self.act(verbs.SAME_SUPPLIERS)

    def action_different_suppliers(self) -> None:
        self.act(verbs.DIFFERENT_SUPPLIERS)

    def pair_shown(self) -> PairRow | None:
        """Return the pair that a merge would be of."""
        raise NotImplementedError

    @work(group="doing", exit_on_error=False)
    async def action_merge_suppliers(self) -> None:
        """Ask which of the two stays, show what that changes in which system, and do it."""
        row, workspace = self.pair_shown(), self.desk.workspace
        why = _against(verbs.MERGE_SUPPLIERS, row)
        if row is None or workspace is None or why:
            self.app.notify(why or NO_PROFILE, severity="warning", markup=False)
            return
        if self.refuses_writing():
            return
        options = [
            (key, f"{name}  {key}") for key, name in ((row.one, row.one_name), (row.other, row.other_name))
        ]
        keep = await self.app.push_screen_wait(PickDialog("Which of the two stays?", options, row.one))
        if keep is None:
            return
        double, name = (row.other, row.other_name) if keep == row.one else (row.one, row.one_name)
        changes = await self.read(lambda db: _planned(db, workspace, keep, double))
        shown = [
            drawing.paragraph(f"{where}:", f"{what}: {now} → {then}", DIALOG_WIDTH, lines_max=2)
            for where, what, now, then in changes
        ]
        if await self.ask_and_do(
            verbs.MERGE_SUPPLIERS, None, [row.id], subject=f"{name} into {keep}", body=keep, shown=shown
        ):
            self.reread()


class SuppliersScreen(ListScreen[PairRow], PairActions):
    """Pairs that may be one supplier, the likeliest first."""

    TITLE = "Suppliers"
    PURPOSE = (
        "Pairs of suppliers that may be one, with what makes it likely. = says that they are the same, ! that they are not; space "
        "marks, and one answer is for all that are marked. Answers are remembered, shown as examples, and never asked again. "
        "M merges what is the same in one system, and shows first what that changes."
    )
    VERBS = ("activate", "same_suppliers", "different_suppliers", "merge_suppliers", "filter")
    NOUN = "Pairs"
    HINT = "any name or key  is:within  system:coupa  state:different  state:linked  state:all"
    DEFAULT_CHIP = "not answered"
    EMPTY = "No two suppliers wait for an answer whether they are one."
    DEFAULT_SORT = "score"
    IS_REVERSED = True
    VIEWS = (
        View("twice in one system", "is:within", "score", is_reversed=True),
        View("waiting for a second person", "state:asked", "score", is_reversed=True),
        View("answered", "state:same|different", "score", is_reversed=True),
        View("one supplier already", "state:linked", "score", is_reversed=True),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*PAIR_BINDINGS]

    def make_listing(self) -> Listing[PairRow]:
        return PAIRS

    def columns(self) -> Sequence[Column]:
        return (
            Column("", 1),
            Column("Score", 7, is_right=True, sort="score"),
            Column("One", 16, sort="name", grows=True),
            Column("The other", 20),
            Column("In", 18),
            Column("Answer", 12, is_optional=True),
            Column("Keys", 28, is_optional=True),
        )

    def cells(self, row: PairRow) -> Sequence[Cell]:
        sign = signs.of(signs.PAIR, row.state)
        return (
            (sign.glyph, sign.role),
            (f"{row.score:.0f}", "strong"),
            (row.one_name, "accent"),
            (row.other_name, ""),
            (" · ".join(dict.fromkeys((row.one_system, row.other_system))), ""),
            (sign.word, sign.role),
            (f"{row.one} · {row.other}", "muted"),
        )

    def inspector(self, row: PairRow, width: int) -> Content:
        lines = [
            drawing.line((f"{signs.of(signs.PAIR, row.state)}", signs.of(signs.PAIR, row.state).role)),
            drawing.line((row.one_name, "strong"), (f"  {row.one}  {row.one_place}", "muted")),
            drawing.line((row.other_name, "strong"), (f"  {row.other}  {row.other_place}", "muted")),
        ]
        lines += [
            drawing.line((f"{points:+6.0f}  ", "muted"), (what, ""))
            for what, points in row.evidence[:EVIDENCE_SHOWN]
        ]
        return drawing.stack(lines)

    def against(self, verb: Verb, row: PairRow | None) -> str:
        return _against(verb, row)

    def verb_for(self, action: str) -> Verb | None:
        return PAIR_VERBS.get(action)

    def pair_shown(self) -> PairRow | None:
        return self.table.cursor_row

    def open_row(self, ids: array[int], index: int) -> None:
        self.app.push_screen(PairScreen(ids, index))


class PairScreen(DetailScreen[PairDossier], PairActions):
    """Both suppliers side by side."""

    TITLE = "Pair of suppliers"
    PURPOSE = "Two suppliers side by side: what differs, what speaks for and against, and what was said of pairs like them."
    VERBS = ("same_suppliers", "different_suppliers", "merge_suppliers", "step(1)")
    TABS = ("Side by side", "Evidence", "Examples")
    LISTING = PAIRS
    BINDINGS: ClassVar[list[BindingType]] = [*PAIR_BINDINGS]

    async def fetch(self) -> PairDossier | None:
        return await self.read(partial(supplier_pairs.pair, pair_id=self.thing_id))

    def heading(self, dossier: PairDossier) -> str:
        return f"{dossier.row.one_name} · {dossier.row.other_name}"

    def facts(self, dossier: PairDossier, width: int) -> Content:
        row = dossier.row
        pairs: list[tuple[str, drawing.Piece]] = [
            ("Score", (f"{row.score:.0f} of 100", "strong")),
            ("Answer", (f"{signs.of(signs.PAIR, row.state)}", signs.of(signs.PAIR, row.state).role)),
            ("One", (row.one, "accent")),
            ("The other", (row.other, "accent")),
        ]
        if row.proposed_by:
            pairs.insert(2, ("Said to be one by", (row.proposed_by, "strong")))
        return drawing.facts(pairs, width)

    def counts(self, dossier: PairDossier) -> dict[str, int]:
        return {"Evidence": len(dossier.row.evidence), "Examples": len(dossier.examples)}

    def tab(self, dossier: PairDossier, name: str, width: int) -> Content:
        if name == "Side by side":
            side = max(12, (width - 20) // 2)
            rows: list[list[drawing.Piece]] = [
                [
                    (label, "muted"),
                    (one or "—", "strong" if differs else ""),
                    (other or "—", "strong" if differs else ""),
                ]
                for label, one, other, differs in dossier.fields
            ]
            return drawing.table(
                (14, side, side), rows, ("", dossier.row.one, dossier.row.other), width=width
            )
        if name == "Evidence":
            return drawing.stack(
                [
                    drawing.line((f"{points:+6.0f}  ", "strong"), (what, ""))
                    for what, points in dossier.row.evidence
                ]
            )
        if not dossier.examples:
            return drawing.line(("Nobody has answered a pair like it yet.", "muted"))
        return drawing.stack(
            [
                drawing.paragraph(
                    f"{one.answer} · {one.score:.0f}",
                    safe_text(f"{one.one} and {one.other}: {one.reason} ({one.by}, {stamp(one.at)})", 400), width, lines_max=3,
                )
                for one in dossier.examples
            ]
        )  # fmt: skip

    def pair_shown(self) -> PairRow | None:
        return self.dossier.row if self.dossier is not None else None

    def subject(self, dossier: PairDossier) -> str:
        return f"{dossier.row.one_name} and {dossier.row.other_name}"

    def against(self, verb: Verb) -> str:
        return _against(verb, self.dossier.row if self.dossier is not None else None)

    def verb_for(self, action: str) -> Verb | None:
        return PAIR_VERBS.get(action)


def _against(verb: Verb, row: PairRow | None) -> str:
    if row is None:
        return "There is no pair here."
    if verb is verbs.MERGE_SUPPLIERS:
        return "" if row.one_system == row.other_system else APART
    said = "same" if verb is verbs.SAME_SUPPLIERS else "different"
    return f"That they are {row.answer} was said already." if row.answer == said else ""


def _planned(
    db: Connection, workspace: Workspace, keep: str, double: str
) -> tuple[tuple[str, str, str, str], ...]:
    """Return what a merge would change, line by line; raises with the reason where it can't be done."""
    from finsync_tui import profile as profiles
    from finsync_tui.screens import merge_rows
    from finsync_tui.suppliers import merging

    plan = from_json(merging.plan(db, profiles.load(workspace), keep, double).body)
    return (*merge_rows.changed(plan), *merge_rows.unrestored(merging.unrestored(db, plan)))
