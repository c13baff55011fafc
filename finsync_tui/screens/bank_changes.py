"""Changed bank details of suppliers: held for two persons and for a while, since a changed account is the classic fraud."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import bank_rows, drawing, signs, tabs, verbs
from finsync_tui.screens.bank_rows import BANK_CHANGES, BankDossier, BankRow
from finsync_tui.screens.base import DIALOG_WIDTH, WorkScreen
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.keys import BANK_BINDINGS, BANK_VERBS
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.queries import Listing
from finsync_tui.screens.text import ago, countdown, money, stamp, words
from finsync_tui.screens.verbs import Verb
from finsync_tui.screens.views import View
from finsync_tui.screens.widgets.virtual_table import Cell, Column


class BankActions(WorkScreen):
    """The keys of changed bank details. It stands behind the screen's kind among the bases."""

    act: Callable[..., object]
    """Asks, then does a verb to what the screen is about."""

    async def previewed(self, verb: Verb, ids: Sequence[int]) -> Sequence[Content]:
        """Return whose, from what to what, in which ERP; and who has confirmed it."""
        found = await self.read(partial(bank_rows.change, change_id=ids[0]))
        if found is None:
            return ()
        row = found.row
        lines = [
            drawing.paragraph("", f"{row.name}: {row.old or 'none'} → {row.new}", DIALOG_WIDTH, lines_max=2)
        ]
        lines += [
            drawing.paragraph(f"{erp}:", f"{now} → {then}", DIALOG_WIDTH, lines_max=2)
            for erp, now, then in found.plans
        ]
        if row.confirmed_by:
            lines.append(drawing.line((f"confirmed with the supplier by {row.confirmed_by}", "strong")))
        if found.under_way:
            lines.append(drawing.line((f"{len(found.under_way):,} documents of it are under way", "warn")))
        return lines

    def action_confirm_bank(self) -> None:
        self.act(verbs.CONFIRM_BANK)

    def action_approve_bank(self) -> None:
        self.act(verbs.APPROVE_BANK)

    def action_refuse_bank(self) -> None:
        self.act(verbs.REFUSE_BANK)


class BankChangesScreen(ListScreen[BankRow], BankActions):
    """Changed bank details, what waits first."""

    TITLE = "Bank details"
    PURPOSE = (
        "Changed bank details of suppliers, old and new masked. C says, signed, that the supplier itself has confirmed it and how you "
        "asked; another person approves (A); then it cools off, and R refuses it until it is sent."
    )
    VERBS = ("activate", "confirm_bank", "approve_bank", "refuse_bank", "filter")
    NOUN = "Changes of bank details"
    HINT = "any key  state:held  state:confirmed  state:cooling  by:ana  age:<7d  state:all"
    DEFAULT_CHIP = "held or on their way"
    EMPTY = "No changed bank details are held or on their way."
    DEFAULT_SORT = "begun"
    CAN_MARK = False
    VIEWS = (
        View("wait for a person", "state:held|confirmed", "begun"),
        View("refused", "state:refused", "begun", is_reversed=True),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*BANK_BINDINGS]

    def make_listing(self) -> Listing[BankRow]:
        return BANK_CHANGES

    def columns(self) -> Sequence[Column]:
        return (
            Column("", 1),
            Column("State", 11),
            Column("Supplier", 18, sort="supplier", grows=True),
            Column("Until now", 10),
            Column("New", 10),
            Column("Since", 9, is_right=True, sort="begun"),
            Column("Confirmed", 9, is_optional=True),
            Column("Approved", 9, is_optional=True),
        )

    def cells(self, row: BankRow) -> Sequence[Cell]:
        sign = signs.of(signs.BANK, row.state)
        return (
            (sign.glyph, sign.role),
            (sign.word, sign.role),
            (row.name, "accent"),
            (row.old or "none", "muted"),
            (row.new, "strong"),
            (ago(row.started_at, self.desk.now()).removesuffix(" ago"), "muted"),
            (row.confirmed_by or "—", "" if row.confirmed_by else "muted"),
            (row.approved_by or "—", "" if row.approved_by else "muted"),
        )

    def inspector(self, row: BankRow, width: int) -> Content:
        sign = signs.of(signs.BANK, row.state)
        return drawing.stack(
            [
                drawing.line((f"{sign}", sign.role), (f"  {row.supplier}", "muted")),
                drawing.paragraph("In", ", ".join(row.erps), width, lines_max=2),
                drawing.paragraph("", _next(row, self), width, lines_max=3),
            ]
        )

    def against(self, verb: Verb, row: BankRow | None) -> str:
        return _against(verb, row, self.desk.actor.name)

    def verb_for(self, action: str) -> Verb | None:
        return BANK_VERBS.get(action)

    def open_row(self, ids: array[int], index: int) -> None:
        self.app.push_screen(BankChangeScreen(ids, index))


class BankChangeScreen(DetailScreen[BankDossier], BankActions):
    """One change of bank details."""

    TITLE = "Change of bank details"
    PURPOSE = "Whose bank details change, from what to what in which ERP, what is under way with the supplier, who has said what."
    VERBS = ("confirm_bank", "approve_bank", "refuse_bank", "step(1)")
    TABS = ("Change", "Under way", "History")
    LISTING = BANK_CHANGES
    BINDINGS: ClassVar[list[BindingType]] = [
        *BANK_BINDINGS,
        Binding("f", "flow", "Open its workflow", show=False, id="detail.workflow"),
    ]

    async def fetch(self) -> BankDossier | None:
        return await self.read(partial(bank_rows.change, change_id=self.thing_id))

    def heading(self, dossier: BankDossier) -> str:
        return f"{dossier.row.name} · {dossier.row.old or 'none'} → {dossier.row.new}"

    def facts(self, dossier: BankDossier, width: int) -> Content:
        row = dossier.row
        sign = signs.of(signs.BANK, row.state)
        pairs: list[tuple[str, drawing.Piece]] = [
            ("State", (f"{sign}", sign.role)),
            ("Supplier", (row.supplier, "accent")),
            ("Until now", (row.old or "none", "")),
            ("New", (row.new, "strong")),
            ("Since", (stamp(row.started_at), "")),
            ("Confirmed by", (row.confirmed_by, "")),
            ("Approved by", (row.approved_by, "")),
            ("Ended", (stamp(row.ended_at) if row.ended_at else "", "")),
        ]
        lines = [
            drawing.facts(pairs, width),
            drawing.paragraph("What to do", _next(row, self), width, role="accent"),
        ]
        if row.refused_by:
            lines.append(drawing.paragraph(f"Refused by {row.refused_by}:", row.refusal, width, lines_max=3))
        return drawing.stack(lines)

    def counts(self, dossier: BankDossier) -> dict[str, int]:
        return {"Under way": len(dossier.under_way), "History": len(dossier.history)}

    def tab(self, dossier: BankDossier, name: str, width: int) -> Content:
        if name == "Change":
            return drawing.stack(
                drawing.paragraph(f"{erp}:", f"{now} → {then}", width, lines_max=3)
                for erp, now, then in dossier.plans
            )
        if name == "History":
            return tabs.history(dossier.history, width)
        if not dossier.under_way:
            return drawing.line(("Nothing is under way with this supplier.", "muted"))
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

    def subject(self, dossier: BankDossier) -> str:
        return dossier.row.number

    def against(self, verb: Verb) -> str:
        return _against(verb, self.dossier.row if self.dossier is not None else None, self.desk.actor.name)

    def verb_for(self, action: str) -> Verb | None:
        return BANK_VERBS.get(action)

    def action_flow(self) -> None:
        from finsync_tui.screens.workflow_detail import WorkflowDetailScreen

        self.app.push_screen(WorkflowDetailScreen(array("q", [self.thing_id]), 0))


def _next(row: BankRow, screen: WorkScreen) -> str:
    """Return what is to be done about it now."""
    match row.state:
        case "held":
            return "Ask the supplier on a number you knew before, not on one that came with the change; then confirm (C) or refuse (R)."
        case "confirmed":
            return f"{row.confirmed_by} has confirmed it with the supplier: another person approves (A) or refuses (R)."
        case "approved":
            return "It is approved: with the engine's next cycle it cools off; until it is sent, R stops it."
        case "cooling":
            return f"It cools off, {countdown(row.cools_until, screen.desk.now())}; until then R stops it."
        case "sent":
            return "It is on its way to the ERPs (f shows how far)."
        case _:
            return "Nothing: it has ended."


def _against(verb: Verb, row: BankRow | None, me: str) -> str:
    if row is None:
        return "There is no change here."
    if row.state not in ("held", "confirmed", "approved", "cooling"):
        return f"{row.number} can't be decided any more: it is {signs.of(signs.BANK, row.state).word}."
    if verb is verbs.REFUSE_BANK:
        return ""
    if row.state in ("approved", "cooling"):
        return f"{row.number} is approved already; it can still be refused (R)."
    if verb is verbs.CONFIRM_BANK and row.state == "confirmed":
        return f"{row.confirmed_by} has confirmed {row.number} already: another person approves it (A)."
    if verb is verbs.APPROVE_BANK and row.state == "held":
        return f"Nobody has confirmed {row.number} with the supplier yet (C does)."
    if verb is verbs.APPROVE_BANK and row.confirmed_by == me:
        return f"You confirmed {row.number}: somebody else has to approve it."
    return ""
