"""One break: both systems side by side, why it has its class, and what happened to it."""

from __future__ import annotations

import json
from array import array
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.reconcile.advice import ACTS, advice
from finsync_tui.screens import break_queries, drawing, signs, verbs
from finsync_tui.screens.break_actions import BreakActions
from finsync_tui.screens.break_drawing import compared
from finsync_tui.screens.break_queries import BREAKS, BreakDossier, BreakRow
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.keys import BREAK_BINDINGS, BREAK_VERBS
from finsync_tui.screens.text import ago, money, safe_lines, stamp, words
from finsync_tui.screens.verbs import Verb


class BreakDetailScreen(DetailScreen[BreakDossier], BreakActions):
    """Source beside target, the differing fields marked."""

    TITLE = "Break"
    PURPOSE = "One difference between two systems: what each of them shows, why it has its class, who did what about it."
    VERBS = (
        "resend_break",
        "explain_break",
        "write_off_break",
        "assign_break",
        "approve_break",
        "step(1)",
        "comment_break",
    )
    TABS = ("Compare", "Evidence", "History")
    LISTING = BREAKS
    BINDINGS: ClassVar[list[BindingType]] = [
        *BREAK_BINDINGS,
        Binding("f", "flow", "workflow", id="detail.workflow"),
        Binding("e", "case", "Open its exception", show=False, id="detail.exception"),
    ]

    async def fetch(self) -> BreakDossier | None:
        return await self.read(partial(break_queries.dossier, break_id=self.thing_id))

    def heading(self, dossier: BreakDossier) -> str:
        row = dossier.row
        return f"{row.number} · {words(row.class_)} · {row.source_system} → {row.target_system}"

    def facts(self, dossier: BreakDossier, width: int) -> Content:
        row = dossier.row
        state = signs.of(signs.BREAK, row.state)
        pairs: list[tuple[str, drawing.Piece]] = [
            ("State", (f"{state}", state.role)),
            ("At risk", (money(row.amount_minor, row.currency) or "∅", "strong")),
            ("Kind", (words(row.kind), "")),
            ("Owner", (row.owner or "nobody", "" if row.owner else "muted")),
            ("Age", (ago(row.opened_at, self.desk.now()).removesuffix(" ago"), "")),
            ("Seen last", (stamp(row.last_seen_at), "")),
            ("Compared", (row.definition, "")),
            ("For", (f"{row.legal_entity} {row.period}".strip(), "")),
        ]
        lines = [drawing.facts(pairs, width)]
        if row.proposed:
            lines.append(drawing.line((f"‖ {row.proposed}: A approves, R rejects", "warn")))
        what = advice(row.class_, row.state) if not row.fix else ""
        if what:
            lines.append(
                drawing.paragraph(
                    "What to do", f"{what} {self._keys(row)}", width, role="accent", lines_max=4
                )
            )
        if row.fix:
            lines.append(
                drawing.line(
                    (f"→ {words(row.fix)} was asked for: it is fixed once both sides agree", "accent")
                )
            )
        if row.resolution:
            lines.append(drawing.paragraph(row.ended_by, row.resolution, width, lines_max=3))
        return drawing.stack(lines)

    def _keys(self, row: BreakRow) -> str:
        """Return the keys of what is advised, as far as it is possible for this break."""
        possible = [
            f"{self.desk.own_keys.get(one.id or '', one.key)} {one.description.rstrip('…')}"
            for act in ACTS.get(row.class_, ACTS["unknown"])
            for one in BREAK_BINDINGS
            if isinstance(one, Binding) and one.action == f"{act}_break" and not self.why_not(one.action)
        ]
        return f"({', '.join(possible)})" if possible else ""

    def counts(self, dossier: BreakDossier) -> dict[str, int]:
        return {"History": len(dossier.history)}

    def tab(self, dossier: BreakDossier, name: str, width: int) -> Content:
        row = dossier.row
        if name == "Compare":
            label = min(22, max(12, width // 4))
            side = max(12, (width - label - 8) // 2)
            sign = signs.of(signs.BREAK_KIND, row.kind)
            head = drawing.table(
                (1, label, side, side), [], ("", "field", row.source_system, row.target_system)
            )
            return drawing.stack(
                [
                    drawing.line((f"{sign}", sign.role)),
                    drawing.BLANK,
                    head,
                    *(compared(row, width) if row.fields else []),
                ]
            )
        if name == "Evidence":
            return evidence(dossier, width)
        return drawing.stack(
            drawing.line(
                (f"{stamp(at)}  ", "muted"),
                (f"{who}  ", "accent"),
                (what, "strong"),
                (f"  {said}" if said else "", ""),
            )
            for at, who, what, said in dossier.history
        )

    def against(self, verb: Verb) -> str:
        return verbs.against_break(verb, self.dossier.row if self.dossier else None, self.desk.actor.name)

    def subject(self, dossier: BreakDossier) -> str:
        return dossier.row.number

    def verb_for(self, action: str) -> Verb | None:
        return BREAK_VERBS.get(action)

    def action_flow(self) -> None:
        from finsync_tui.screens.workflow_detail import WorkflowDetailScreen

        if self.dossier is None or self.dossier.row.workflow_id is None:
            self.refuse("This break belongs to no workflow.")
            return
        self.app.push_screen(WorkflowDetailScreen(array("q", [self.dossier.row.workflow_id]), 0))

    def action_case(self) -> None:
        from finsync_tui.screens.exception_detail import ExceptionDetailScreen

        if self.dossier is None or self.dossier.row.case_id is None:
            self.refuse("This break belongs to no exception.")
            return
        self.app.push_screen(ExceptionDetailScreen(array("q", [self.dossier.row.case_id]), 0))


def evidence(dossier: BreakDossier, width: int) -> Content:
    """Return why a break has its class, line by line."""
    lines = [
        drawing.title(words(dossier.row.class_), signs.BREAK_CLASSES.get(dossier.row.class_, "")),
        drawing.BLANK,
    ]
    for name, value in sorted(dossier.evidence.items()):
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
        lines.append(drawing.paragraph(f"{words(name)}", " ".join(safe_lines(shown, 20)), width))
    return drawing.stack(lines)
