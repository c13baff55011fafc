"""Exceptions: what waits for an analyst, in the order in which it must be done."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import drawing, missing, queries, signs, verbs
from finsync_tui.screens.case_actions import CaseActions
from finsync_tui.screens.keys import CASE_BINDINGS, CASE_VERBS
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.missing import MissingRule
from finsync_tui.screens.queries import ExceptionRow, Listing
from finsync_tui.screens.text import ago, amount, countdown, money, stamp, words
from finsync_tui.screens.verbs import Verb
from finsync_tui.screens.views import View
from finsync_tui.screens.widgets.virtual_table import Cell, Column

if TYPE_CHECKING:
    from sqlite3 import Connection


class ExceptionsScreen(ListScreen[ExceptionRow], CaseActions):
    """The queue."""

    TITLE = "Exceptions"
    PURPOSE = (
        "What waits for a person: why it is stuck, how much money it is, when it is due. Correct the cause, then retry; "
        "or resolve it with a reason when it was settled outside. w writes it off: where the profile asks for two persons, W "
        "lists what waits for the second, A approves it."
    )
    VERBS = ("activate", "filter", "retry", "resolve", "assign", "mark", "comment", "ignore")
    NOUN = "Exceptions"
    HINT = "words  owner:ana  class:MAPPING*  amount:>1000  due:<2d  age:>3d  state:all  is:overdue  -system:coupa"
    DEFAULT_CHIP = "live exceptions"
    EMPTY = "Nothing is stuck here. Well done."
    DEFAULT_SORT = "due"
    VIEWS = (
        View("My overdue", "is:mine is:overdue", "due"),
        View("Overdue", "is:overdue", "due"),
        View("Unassigned", "is:unassigned", "due"),
        View("Missing mappings", "class:MAPPING_MISSING", "amount", is_reversed=True),
        View("Refused and dead", "class:REJECTED|DEAD_LETTER", "due"),
        View("Largest amounts", "", "amount", is_reversed=True),
        View("Put aside", "state:snoozed", "due"),
        View("Write-offs that wait for a second person", "is:proposed", "amount", is_reversed=True),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *CASE_BINDINGS,
        Binding("m", "mapping", "Write the missing rule…", show=False, id="queue.fix"),
        Binding("number_sign", "causes", "Group by cause", show=False, key_display="#", id="queue.causes"),
        Binding("W", "waiting", "Write-offs that wait for a second person", show=False, id="queue.waiting"),
    ]

    def make_listing(self) -> Listing[ExceptionRow]:
        return queries.EXCEPTIONS

    def columns(self) -> Sequence[Column]:
        return (
            Column("", 1),
            Column("Due", 9, is_right=True, sort="due"),
            Column("Class", 20, sort="class"),
            Column("Document", 10, sort="number"),
            Column("Amount", 12, is_right=True, sort="amount"),
            Column("Cur", 3),
            Column("Owner", 8, sort="owner"),
            Column("System", 12, sort="system"),
            Column("Flow", 9, is_optional=True),
            Column("Age", 6, is_right=True, sort="opened"),
            Column("Cause", 12, grows=True),
        )

    def cells(self, row: ExceptionRow) -> Sequence[Cell]:
        now = self.desk.now()
        state = signs.of(signs.CASE, row.state)
        urgent = signs.urgency(row.due_at, now) if row.state == "open" else state
        return (
            (urgent.glyph, urgent.role),
            (_due(row, now), urgent.role),
            (row.class_, "strong" if row.is_live else "muted"),
            (row.number, "accent"),
            (amount(row.amount_minor, row.currency) or "∅", "" if row.amount_minor is not None else "muted"),
            (row.currency or "", "muted"),
            (row.owner or "—", "" if row.owner else "muted"),
            (row.system, ""),
            (signs.flow(row.flow) or "—", "" if row.flow else "muted"),
            (ago(row.opened_at, now).removesuffix(" ago"), "muted"),
            (row.cause, ""),
        )

    def inspector(self, row: ExceptionRow, width: int) -> Content:
        now = self.desk.now()
        urgent = signs.urgency(row.due_at, now)
        lines = [
            drawing.line(
                (f"{urgent.glyph} {row.class_}", "strong"),
                (f"  {money(row.amount_minor, row.currency)}", "strong"),
            ),
            drawing.line(
                (f"due {countdown(row.due_at, now)}" if row.is_live else row.state, urgent.role),
                (f"  step {words(row.step)}" if row.step else "", ""),
                (f"  {row.legal_entity}" if row.legal_entity else "", ""),
                (f"  opened {stamp(row.opened_at)}", "muted"),
                (f"  seen {row.seen_count} times" if row.seen_count > 1 else "", "muted"),
            ),
            *([_waits(row)] if row.write_off_maker else []),
            drawing.paragraph("What happened", row.cause, width),
            drawing.paragraph("What to do   ", row.fix, width),
        ]
        if row.resolution:
            lines.append(drawing.paragraph("Resolution   ", f"{row.resolution} ({row.ended_by})", width))
        return drawing.stack(lines)

    def why(self, row: ExceptionRow) -> str:
        return row.cause

    def against(self, verb: Verb, row: ExceptionRow | None) -> str:
        return verbs.against_case(verb, row, self.desk.actor.name)

    def verb_for(self, action: str) -> Verb | None:
        return CASE_VERBS.get(action)

    def open_row(self, ids: array[int], index: int) -> None:
        from finsync_tui.screens.exception_detail import ExceptionDetailScreen

        self.app.push_screen(ExceptionDetailScreen(ids, index))

    def edited_row(self) -> ExceptionRow | None:
        row = self.table.cursor_row
        why = verbs.against_case(verbs.EDIT, row)
        if len(self.table.marks) > 1:
            why = "One body is edited at a time: clear the marks first."
        if why:
            self.app.notify(why, severity="warning", markup=False)
            return None
        return row

    def missing_rule(self) -> Callable[[Connection], MissingRule | None] | None:
        row = self.table.cursor_row
        return partial(missing.of_case, case_id=row.id) if row is not None else None

    def action_waiting(self) -> None:
        """Show the queue of write-offs that wait for a second person."""
        self.filter_to("is:proposed")

    def action_causes(self) -> None:
        """Group what is shown by what it waits for."""
        from finsync_tui.screens.causes import CausesScreen

        if self.parsed is not None:
            self.app.push_screen(CausesScreen(self.parsed.text))


def _waits(row: ExceptionRow) -> Content:
    return drawing.line((f"‖ {row.write_off_maker} would write it off: A approves, R rejects", "warn"))


def _due(row: ExceptionRow, now: datetime) -> str:
    """Return the countdown of what is open; what is put aside shows when it comes back."""
    if row.state == "snoozed" and row.snoozed_until is not None:
        return countdown(row.snoozed_until, now).removeprefix("in ")
    return countdown(row.due_at, now) if row.state == "open" else row.state
