"""Workflows: where a document is now, which step, since when, what it waits for."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import drawing, queries, signs, verbs
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.queries import Listing, WorkflowRow
from finsync_tui.screens.text import ago, amount, countdown, money, span, stamp, words
from finsync_tui.screens.verbs import Verb
from finsync_tui.screens.widgets.virtual_table import Cell, Column


class WorkflowsScreen(ListScreen[WorkflowRow]):
    """Every run of a flow for a document."""

    TITLE = "Workflows"
    PURPOSE = (
        "Each run of a process for one document. Search by any number: order, invoice, expense report, the ERP's, or an employee's number or login. "
        "Open one for its steps, how long each took, and what it waits for."
    )
    VERBS = ("activate", "filter", "abort", "mark")
    NOUN = "Workflows"
    HINT = "any number (order, invoice, ERP, employee)  state:waiting  step:await*  target:oracle-emea  due:<1d  is:overdue  amount:>1000"
    DEFAULT_CHIP = "all workflows"
    EMPTY = "No workflow yet: they start with the first approved order."
    DEFAULT_SORT = "changed"
    IS_REVERSED = True
    BINDINGS: ClassVar[list[BindingType]] = [Binding("x", "abort", "abort…", id="flow.abort")]

    def make_listing(self) -> Listing[WorkflowRow]:
        return queries.WORKFLOWS

    def columns(self) -> Sequence[Column]:
        return (
            Column("", 1),
            Column("State", 10),
            Column("Document", 10, sort="number"),
            Column("ERP no.", 10),
            Column("Step", 18, sort="step"),
            Column("Due", 9, is_right=True, sort="due"),
            Column("Amount", 12, is_right=True, sort="amount"),
            Column("Cur", 3),
            Column("Target", 12),
            Column("Waiting for", 16, grows=True),
            Column("Changed", 9, is_right=True, sort="changed"),
            Column("Kind", 7, is_optional=True),
        )

    def cells(self, row: WorkflowRow) -> Sequence[Cell]:
        now = self.desk.now()
        state = signs.of(signs.WORKFLOW, row.state)
        urgent = signs.urgency(row.due_at, now)
        shows_due = row.is_live and row.due_at is not None
        return (
            (state.glyph, state.role),
            (state.word, state.role),
            (row.number, "accent"),
            (row.erp_number or "∅", "" if row.erp_number else "muted"),
            (words(row.step), ""),
            (countdown(row.due_at, now) if shows_due else "—", urgent.role if shows_due else "muted"),
            (amount(row.amount_minor, row.currency) or "∅", "" if row.amount_minor is not None else "muted"),
            (row.currency or "", "muted"),
            (row.target or "∅", "" if row.target else "muted"),
            (row.waiting_for, ""),
            (ago(row.changed_at, now).removesuffix(" ago"), "muted"),
            (row.kind, "muted"),
        )

    def inspector(self, row: WorkflowRow, width: int) -> Content:
        now = self.desk.now()
        state = signs.of(signs.WORKFLOW, row.state)
        took = (row.ended_at or now) - row.started_at
        return drawing.stack(
            [
                drawing.line(
                    (f"{state}", state.role),
                    (f"  {words(row.flow)} · {row.kind} · revision {row.revision}", ""),
                    (f"  {money(row.amount_minor, row.currency)}", "strong"),
                ),
                drawing.paragraph(
                    "Step   ",
                    words(row.step) + (f", waiting for {row.waiting_for}" if row.waiting_for else ""),
                    width,
                ),
                drawing.paragraph(
                    "Started",
                    f"{stamp(row.started_at)}, {'took' if row.ended_at else 'for'} {span(took)}"
                    + (f"; wakes {countdown(row.wake_at, now)}" if row.wake_at and row.is_live else ""),
                    width,
                ),
            ]
        )

    def against(self, verb: Verb, row: WorkflowRow | None) -> str:
        return verbs.against_workflow(verb, row)

    def verb_for(self, action: str) -> Verb | None:
        return verbs.ABORT if action == "abort" else None

    def open_row(self, ids: array[int], index: int) -> None:
        from finsync_tui.screens.workflow_detail import WorkflowDetailScreen

        self.app.push_screen(WorkflowDetailScreen(ids, index))

    def action_abort(self) -> None:
        if len(self.table.marks) > 1:
            self.app.notify(
                "Workflows are aborted one by one: clear the marks first.", severity="warning", markup=False
            )
            return
        self.act(verbs.ABORT)
