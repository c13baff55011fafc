"""One delivery: every attempt with its answer, and what was sent."""

from __future__ import annotations

from array import array
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import dossiers, drawing, queries, signs, tabs, verbs
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.dossiers import DeliveryDossier
from finsync_tui.screens.keys import DELIVERY_BINDINGS, DELIVERY_VERBS
from finsync_tui.screens.text import countdown, money, stamp
from finsync_tui.screens.verbs import Verb


class DeliveryDetailScreen(DetailScreen[DeliveryDossier]):
    """What was sent, how often, and what came back."""

    TITLE = "Delivery"
    PURPOSE = (
        "One write to a system: each attempt and its answer, what went over the wire, the body as decided, and as edited when "
        "somebody did."
    )
    VERBS = ("replay", "hold", "release", "cancel", "step(1)")
    TABS = ("Attempts", "Requests", "Body", "Edited", "Receipt")
    LISTING = queries.DELIVERIES
    BINDINGS: ClassVar[list[BindingType]] = [
        *DELIVERY_BINDINGS,
        Binding("f", "flow", "Open its workflow", show=False, id="detail.workflow"),
    ]

    async def fetch(self) -> DeliveryDossier | None:
        return await self.read(
            partial(dossiers.delivery, entry_id=self.thing_id, shows_people=self.shows_people)
        )

    def heading(self, dossier: DeliveryDossier) -> str:
        return f"{dossier.row.number} · {dossier.row.operation} → {dossier.row.system}"

    def facts(self, dossier: DeliveryDossier, width: int) -> Content:
        row, now = dossier.row, self.desk.now()
        state = signs.of(signs.DELIVERY, row.state)
        due = ("now" if row.next_at <= now else countdown(row.next_at, now)) if row.state == "pending" else ""
        pairs: list[tuple[str, drawing.Piece]] = [
            ("State", (f"{state}", state.role)),
            ("Amount", (money(row.amount_minor, row.currency) or "∅", "strong")),
            ("Sent", (row.edit, "warn")),
            ("Attempts", (f"{row.attempt_count}", "")),
            ("Next", (due, "")),
            ("Decided", (stamp(row.decided_at), "")),
            ("Ended", (stamp(row.ended_at) if row.ended_at else "", "")),
            ("Their id", (row.external_id, "")),
            ("Priority", (f"{dossier.priority}", "")),
        ]
        lines = [
            drawing.facts(pairs, width),
            drawing.paragraph("Key", dossier.idempotency_key, width, lines_max=1),
        ]
        if row.is_outcome_unknown:
            lines.append(drawing.line(("? outcome unknown: it is looked up before it is sent again", "warn")))
        if row.message:
            lines.append(
                drawing.paragraph(row.failure or "Message", row.message, width, role=state.role, lines_max=3)
            )
        return drawing.stack(lines)

    def counts(self, dossier: DeliveryDossier) -> dict[str, int]:
        return {
            "Attempts": len(dossier.attempts),
            "Requests": sum(len(one.calls) for one in dossier.attempts),
            "Edited": 1 if dossier.edited else 0,
        }

    def tab(self, dossier: DeliveryDossier, name: str, width: int) -> Content:
        match name:
            case "Attempts":
                return tabs.attempts(dossier.attempts, width)
            case "Requests":
                return tabs.requests(dossier.attempts, width)
            case "Body":
                return tabs.payload(dossier.body)
            case "Edited":
                if dossier.edited is None:
                    return drawing.line(("Nobody edited it: the body is sent as decided.", "muted"))
                return tabs.payload(dossier.edited)
            case _:
                return (
                    tabs.decisions((), dossier.receipt, width)
                    if dossier.receipt
                    else drawing.line(("No receipt yet.", "muted"))
                )

    def against(self, verb: Verb) -> str:
        return verbs.against_delivery(verb, self.dossier.row if self.dossier else None)

    def about(self, dossier: DeliveryDossier) -> str:
        return dossier.row.document_key

    def subject(self, dossier: DeliveryDossier) -> str:
        return dossier.row.number

    def verb_for(self, action: str) -> Verb | None:
        return DELIVERY_VERBS.get(action)

    def action_replay(self) -> None:
        self.act(verbs.REPLAY)

    def action_hold(self) -> None:
        self.act(verbs.HOLD)

    def action_release(self) -> None:
        self.act(verbs.RELEASE)

    def action_cancel(self) -> None:
        self.act(verbs.CANCEL)

    def action_flow(self) -> None:
        from finsync_tui.screens.workflow_detail import WorkflowDetailScreen

        if self.dossier is None or self.dossier.workflow is None:
            self.refuse("This delivery belongs to no workflow.")
            return
        self.app.push_screen(WorkflowDetailScreen(array("q", [self.dossier.workflow.id]), 0))
