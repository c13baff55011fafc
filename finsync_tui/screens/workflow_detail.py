"""One workflow: its steps on a time line, what it sent, where it was stuck."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import dossiers, drawing, queries, signs, tabs, verbs
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.dossiers import WorkflowDossier
from finsync_tui.screens.text import countdown, money, span, stamp, words
from finsync_tui.screens.verbs import Verb


class WorkflowDetailScreen(DetailScreen[WorkflowDossier]):
    """Where one document stands, and how it came there."""

    TITLE = "Workflow"
    PURPOSE = (
        "One run of a process: each step with how long it took, what was sent, what it waits for, and what was taken "
        "back when it was given up."
    )
    VERBS = ("abort", "step(1)")
    TABS = ("Steps", "Decisions", "Deliveries", "Exceptions", "Compare", "History")
    LISTING = queries.WORKFLOWS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "abort", "abort…", id="flow.abort"),
        Binding(
            "equals_sign",
            "equal",
            "Show or hide equal fields",
            show=False,
            key_display="=",
            id="detail.equal",
        ),
    ]

    async def fetch(self) -> WorkflowDossier | None:
        return await self.read(
            partial(dossiers.workflow, workflow_id=self.thing_id, shows_people=self.shows_people)
        )

    def heading(self, dossier: WorkflowDossier) -> str:
        row = dossier.row
        return f"{row.number} · {words(row.flow)} · {row.kind}" + (f" → {row.target}" if row.target else "")

    def facts(self, dossier: WorkflowDossier, width: int) -> Content:
        row, now = dossier.row, self.desk.now()
        state = signs.of(signs.WORKFLOW, row.state)
        urgent = signs.urgency(row.due_at, now)
        took = (row.ended_at or now) - row.started_at
        pairs: list[tuple[str, drawing.Piece]] = [
            ("State", (f"{state}", state.role)),
            ("Step", (words(row.step), "strong")),
            ("Amount", (money(row.amount_minor, row.currency) or "∅", "strong")),
            (
                "Due",
                (
                    f"{urgent.glyph} {countdown(row.due_at, now)}" if row.is_live and row.due_at else "",
                    urgent.role,
                ),
            ),
            ("Started", (stamp(row.started_at), "")),
            ("Took" if row.ended_at else "For", (span(took), "")),
            ("Entity", (row.legal_entity, "")),
            ("Revision", (row.revision, "")),
            ("Wakes", (countdown(row.wake_at, now) if row.is_live and row.wake_at else "", "")),
        ]
        lines = [drawing.facts(pairs, width)]
        if row.waiting_for and row.is_live:
            lines.append(drawing.paragraph("Waiting for", row.waiting_for, width, role="accent", lines_max=2))
        if dossier.links:
            lines.append(drawing.paragraph("Known as   ", tabs.links(dossier.links), width, lines_max=2))
        return drawing.stack(lines)

    def counts(self, dossier: WorkflowDossier) -> dict[str, int]:
        return {
            "Steps": len(dossier.timeline),
            "Deliveries": len(dossier.deliveries),
            "Exceptions": len(dossier.cases),
            "Compare": sum(1 for line in dossier.sides.lines if line.mark in "≠+−"),
        }

    def tab(self, dossier: WorkflowDossier, name: str, width: int) -> Content:
        now = self.desk.now()
        match name:
            case "Steps":
                steps = tabs.timeline(dossier.timeline, now, width)
                if not dossier.undoings:
                    return steps
                return drawing.stack([steps, drawing.BLANK, tabs.compensation(dossier.undoings, width)])
            case "Decisions":
                return tabs.decisions(dossier.steps, (), width)
            case "Deliveries":
                return tabs.deliveries(dossier.deliveries, now, width)
            case "Exceptions":
                return tabs.cases(dossier.cases, width)
            case "Compare":
                return tabs.comparison(dossier.sides, width, shows_equal=self.is_equal_shown(dossier.sides))
            case _:
                return tabs.history(dossier.history, width)

    def against(self, verb: Verb) -> str:
        return verbs.against_workflow(verb, self.dossier.row if self.dossier else None)

    def about(self, dossier: WorkflowDossier) -> str:
        return dossier.row.document_key

    def subject(self, dossier: WorkflowDossier) -> str:
        return dossier.row.number

    def verb_for(self, action: str) -> Verb | None:
        return verbs.ABORT if action == "abort" else None

    def action_abort(self) -> None:
        self.act(verbs.ABORT)

    def action_equal(self) -> None:
        self.shows_equal = not (self.dossier and self.is_equal_shown(self.dossier.sides))
        self.draw()
