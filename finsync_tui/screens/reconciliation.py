"""Reconciliation: where two systems do not agree, how much that is, and whose turn it is."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import drawing, signs, verbs
from finsync_tui.screens.break_actions import BreakActions
from finsync_tui.screens.break_drawing import compared, difference
from finsync_tui.screens.break_queries import BREAKS, BreakRow
from finsync_tui.screens.keys import BREAK_BINDINGS, BREAK_VERBS
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.queries import Listing
from finsync_tui.screens.text import NULL, ago, amount, money, stamp, words
from finsync_tui.screens.verbs import Verb
from finsync_tui.screens.views import View
from finsync_tui.screens.widgets.virtual_table import Cell, Column

FIELDS_SHOWN = 4


class ReconciliationScreen(ListScreen[BreakRow], BreakActions):
    """The queue of breaks; runs, classes with their trend, and the close board are a key away."""

    TITLE = "Reconciliation"
    PURPOSE = (
        "Breaks: where source and target, read afresh, do not agree. One that vanishes closes itself. Each has a class with "
        "its evidence: timing settles by itself, a manual change in the target does not. # groups them by class and shows "
        "the trend, o lists the comparisons, t tells which periods can be closed. r sends the document again, w writes the "
        "difference off: where the profile asks for two persons, W lists what waits for the second, A approves it."
    )
    VERBS = (
        "activate",
        "resend_break",
        "explain_break",
        "write_off_break",
        "assign_break",
        "filter",
        "comment_break",
    )
    NOUN = "Breaks"
    HINT = "any number  class:manual_change  kind:missing_in_target  amount:>1000  age:>2d  period:2026-01  is:mine"
    DEFAULT_CHIP = "open breaks"
    EMPTY = "Nothing is unexplained: what was compared agrees. o shows the comparisons."
    DEFAULT_SORT = "amount"
    IS_REVERSED = True
    VIEWS = (
        View("mine", "is:mine", "opened"),
        View("nobody's", "is:unassigned", "amount", is_reversed=True),
        View("write-offs that wait for a second person", "is:proposed", "amount", is_reversed=True),
        View("changed by hand in the target", "class:manual_change", "amount", is_reversed=True),
        View("ended lately", "is:ended ended:<7d", "opened"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *BREAK_BINDINGS,
        Binding(
            "number_sign",
            "classes",
            "by class, and the trend",
            show=False,
            key_display="#",
            id="breaks.classes",
        ),
        Binding("o", "runs", "Comparisons", show=False, id="breaks.runs"),
        Binding("t", "board", "close board", id="breaks.board"),
        Binding("W", "waiting", "Write-offs that wait for a second person", show=False, id="breaks.waiting"),
    ]

    def make_listing(self) -> Listing[BreakRow]:
        return BREAKS

    def columns(self) -> Sequence[Column]:
        return (
            Column("", 1),
            Column("Class", 15, sort="class"),
            Column("Document", 11, sort="number"),
            Column("Difference", 15, grows=True),
            Column("At risk", 11, is_right=True, sort="amount"),
            Column("Cur", 3),
            Column("Age", 6, is_right=True, sort="opened"),
            Column("Owner", 8, sort="owner", is_optional=True),
            Column("Compared", 12, is_optional=True),
            Column("For", 6, is_optional=True),
            Column("Period", 7, sort="period", is_optional=True),
        )

    def cells(self, row: BreakRow) -> Sequence[Cell]:
        state = signs.of(signs.BREAK, row.state)
        return (
            (state.glyph, state.role),
            (words(row.class_), "" if row.is_live else "muted"),
            (row.number, "accent"),
            (difference(row), ""),
            (amount(row.amount_minor, row.currency) or NULL, "" if row.amount_minor is not None else "muted"),
            (row.currency or "", "muted"),
            (ago(row.opened_at, self.desk.now()).removesuffix(" ago"), ""),
            (row.owner or "—", "" if row.owner else "muted"),
            (row.definition, "muted"),
            (row.legal_entity, "muted"),
            (row.period, "muted"),
        )

    def inspector(self, row: BreakRow, width: int) -> Content:
        state = signs.of(signs.BREAK, row.state)
        lines = [
            drawing.line(
                (f"{state}", state.role),
                (f"  {words(row.class_)}", "strong"),
                (f"  {money(row.amount_minor, row.currency)}", "strong"),
                (f"  {row.source_system} → {row.target_system}", "muted"),
                (f"  {row.proposed}" if row.proposed else "", "warn"),
            ),
            *compared(row, width)[:FIELDS_SHOWN],
        ]
        if row.resolution:
            lines.append(drawing.paragraph(row.ended_by, row.resolution, width, lines_max=2))
        else:
            lines.append(
                drawing.line(
                    (f"open since {stamp(row.opened_at)}, seen last {stamp(row.last_seen_at)}", "muted")
                )
            )
        return drawing.stack(lines)

    def against(self, verb: Verb, row: BreakRow | None) -> str:
        return verbs.against_break(verb, row, self.desk.actor.name)

    def verb_for(self, action: str) -> Verb | None:
        return BREAK_VERBS.get(action)

    def open_row(self, ids: array[int], index: int) -> None:
        from finsync_tui.screens.break_detail import BreakDetailScreen

        self.app.push_screen(BreakDetailScreen(ids, index))

    def action_waiting(self) -> None:
        """Show the queue of write-offs that wait for a second person."""
        self.filter_to("is:proposed")

    def action_classes(self) -> None:
        from finsync_tui.screens.break_classes import BreakClassesScreen

        self.app.push_screen(BreakClassesScreen(self.parsed.text if self.parsed else ""))

    def action_runs(self) -> None:
        from finsync_tui.screens.reconcile_runs import ReconcileRunsScreen

        self.app.push_screen(ReconcileRunsScreen())

    def action_board(self) -> None:
        from finsync_tui.screens.close_board import CloseBoardScreen

        self.app.push_screen(CloseBoardScreen())
