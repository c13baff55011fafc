"""One exception: what happened, what to do, source beside target, who decided what, and what was tried."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import dossiers, drawing, missing, queries, signs, tabs, verbs
from finsync_tui.screens.case_actions import CaseActions
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.dossiers import CaseDossier
from finsync_tui.screens.keys import CASE_BINDINGS, CASE_VERBS
from finsync_tui.screens.missing import MissingRule
from finsync_tui.screens.queries import ExceptionRow
from finsync_tui.screens.text import ago, countdown, money, stamp, words
from finsync_tui.screens.verbs import Verb

if TYPE_CHECKING:
    from sqlite3 import Connection

REQUEST_LINES = 14
"""Of what was sent; its delivery shows all of it."""


class ExceptionDetailScreen(DetailScreen[CaseDossier], CaseActions):
    """Everything needed to decide about one exception."""

    TITLE = "Exception"
    PURPOSE = (
        "One exception. Compare shows the source, what we sent and what the target holds now: ≠ differs, → is translated "
        "by a mapping and should differ, + is missing in the target."
    )
    VERBS = ("fix", "retry", "resolve", "assign", "comment", "step(1)", "snooze", "edit")
    TABS = ("Compare", "Decisions", "Attempts", "Similar", "History", "Payload", "Notes")
    LISTING = queries.EXCEPTIONS
    BINDINGS: ClassVar[list[BindingType]] = [
        *CASE_BINDINGS,
        Binding("m", "fix", "suggested fix", id="queue.fix"),
        Binding(
            "equals_sign",
            "equal",
            "Show or hide equal fields",
            show=False,
            key_display="=",
            id="detail.equal",
        ),
        Binding("f", "flow", "Open its workflow", show=False, id="detail.workflow"),
        Binding("D", "payload", "Payload", show=False, id="detail.payload"),
    ]

    async def fetch(self) -> CaseDossier | None:
        return await self.read(partial(dossiers.case, case_id=self.thing_id, shows_people=self.shows_people))

    def heading(self, dossier: CaseDossier) -> str:
        route = (
            f" · {dossier.sides.source} → {dossier.sides.target or dossier.sides.sent}"
            if dossier.sides.sent
            else ""
        )
        return f"{dossier.row.number} · {dossier.row.class_}{route}"

    def facts(self, dossier: CaseDossier, width: int) -> Content:
        row, now = dossier.row, self.desk.now()
        state = signs.of(signs.CASE, row.state)
        urgent = signs.urgency(row.due_at, now)
        due = f"{urgent.glyph} {countdown(row.due_at, now)} · {stamp(row.due_at)}" if row.due_at else "—"
        pairs: list[tuple[str, drawing.Piece]] = [
            ("State", (f"{state}", state.role)),
            ("Amount", (money(row.amount_minor, row.currency) or "∅", "strong")),
            ("Due", (due if row.is_live else "—", urgent.role if row.is_live else "muted")),
            ("Owner", (row.owner or "nobody", "" if row.owner else "warn")),
            ("Answers", (f"{row.owner_role}, for {row.routed_for}" if row.owner_role else "", "")),
            ("Escalated", (ago(row.escalated_at, now) if row.escalated_at else "", "warn")),
            ("Opened", (f"{ago(row.opened_at, now)}", "")),
            ("Step", (words(row.step), "")),
            ("Entity", (row.legal_entity, "")),
            ("System", (row.system, "")),
            ("Seen", (f"{row.seen_count} times" if row.seen_count > 1 else "", "")),
        ]
        lines = [
            drawing.facts(pairs, width),
            drawing.paragraph("What happened", row.cause, width, lines_max=3),
            drawing.paragraph("What to do   ", row.fix, width, role="accent", lines_max=3),
        ]
        if dossier.suggestion is not None:
            found = dossier.suggestion
            lines.append(
                drawing.line(
                    ("Suggested     ", "muted"),
                    ("m", "strong"),
                    (f" {found.title}", "accent"),
                    (f" · {found.why}", "muted"),
                )
            )
        if row.state == "snoozed" and row.snoozed_until:
            lines.append(drawing.line((f"Put aside until {stamp(row.snoozed_until)}", "muted")))
        if row.write_off_maker:
            lines.append(
                drawing.line((f"‖ {row.write_off_maker} would write it off: A approves, R rejects", "warn"))
            )
        if dossier.links:
            lines.insert(1, drawing.paragraph("Known as", tabs.links(dossier.links), width, lines_max=1))
        if row.ended_at:
            how = f"{row.resolution or state.word} · {row.ended_by or 'finsync'} · {stamp(row.ended_at)}"
            lines.append(drawing.paragraph("How it ended ", how, width, lines_max=2))
        return drawing.stack(lines)

    def counts(self, dossier: CaseDossier) -> dict[str, int]:
        return {
            "Compare": sum(1 for line in dossier.sides.lines if line.mark in "≠+−"),
            "Attempts": len(dossier.attempts),
            "Similar": len(dossier.similar),
            "Notes": len(dossier.notes),
        }

    def tab(self, dossier: CaseDossier, name: str, width: int) -> Content:
        now = self.desk.now()
        match name:
            case "Compare":
                return tabs.comparison(dossier.sides, width, shows_equal=self.is_equal_shown(dossier.sides))
            case "Decisions":
                return tabs.decisions(dossier.steps, dossier.evidence, width)
            case "Attempts":
                return tabs.attempts(dossier.attempts, width, request_lines_max=REQUEST_LINES)
            case "Similar":
                return tabs.similar(dossier.similar, now, width)
            case "History":
                return tabs.history(dossier.history, width)
            case "Payload":
                return tabs.payload(dossier.payload)
            case _:
                return tabs.notes(dossier.notes, now, width)

    def against(self, verb: Verb) -> str:
        return verbs.against_case(verb, self.dossier.row if self.dossier else None, self.desk.actor.name)

    def reason_against(self, action: str) -> str:
        if action == "fix":
            return "" if self.dossier and self.dossier.suggestion else "There is nothing to suggest here."
        return super().reason_against(action)

    def about(self, dossier: CaseDossier) -> str:
        return dossier.row.document_key

    def subject(self, dossier: CaseDossier) -> str:
        return dossier.row.number

    def verb_for(self, action: str) -> Verb | None:
        return CASE_VERBS.get(action)

    def edited_row(self) -> ExceptionRow | None:
        why = self.against(verbs.EDIT)
        if why or self.dossier is None:
            self.refuse(why)
            return None
        return self.dossier.row

    def missing_rule(self) -> Callable[[Connection], MissingRule | None] | None:
        return partial(missing.of_case, case_id=self.thing_id)

    async def action_fix(self) -> None:
        """Do what is suggested; it asks like any other verb."""
        found = self.dossier.suggestion if self.dossier else None
        if found is None:
            self.refuse("There is nothing to suggest here: see What to do.")
        else:
            await self.run_action(found.action)

    def action_equal(self) -> None:
        self.shows_equal = not (self.dossier and self.is_equal_shown(self.dossier.sides))
        self.draw()

    def action_payload(self) -> None:
        from finsync_tui.screens.detail import TabStrip

        self.query_one(TabStrip).current = self.TABS.index("Payload")

    def action_flow(self) -> None:
        from array import array

        from finsync_tui.screens.workflow_detail import WorkflowDetailScreen

        if self.dossier is None or self.dossier.row.workflow_id is None:
            self.refuse("This exception belongs to no workflow.")
            return
        self.app.push_screen(WorkflowDetailScreen(array("q", [self.dossier.row.workflow_id]), 0))
