"""Deliveries: what is on its way to a system, what failed, what was read back."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from finsync_tui.screens import drawing, queries, signs, verbs
from finsync_tui.screens.keys import DELIVERY_BINDINGS, DELIVERY_VERBS
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.queries import DeliveryRow, Listing
from finsync_tui.screens.text import ago, amount, countdown, money, stamp
from finsync_tui.screens.verbs import Verb
from finsync_tui.screens.widgets.virtual_table import Cell, Column


class DeliveriesScreen(ListScreen[DeliveryRow]):
    """The outbox."""

    TITLE = "Deliveries"
    PURPOSE = (
        "Every write to a system: waiting, being sent, delivered, read back (verified), refused or dead. A dead letter is "
        "sent again only when a person replays it; whether it arrived is looked up first."
    )
    VERBS = ("activate", "filter", "replay", "hold", "release", "cancel")
    NOUN = "Deliveries"
    HINT = "any number  is:failed  is:flight  is:unknown  state:buried  system:oracle-emea  failure:transient  attempts:>3"
    DEFAULT_CHIP = "all deliveries"
    EMPTY = "Nothing was sent yet."
    DEFAULT_SORT = "changed"
    IS_REVERSED = True
    BINDINGS: ClassVar[list[BindingType]] = DELIVERY_BINDINGS

    def make_listing(self) -> Listing[DeliveryRow]:
        return queries.DELIVERIES

    def columns(self) -> Sequence[Column]:
        return (
            Column("", 1),
            Column("State", 11),
            Column("Document", 10, sort="number"),
            Column("Operation", 16),
            Column("Amount", 12, is_right=True, sort="amount"),
            Column("Cur", 3),
            Column("Tries", 5, is_right=True, sort="attempts"),
            Column("System", 12, sort="system"),
            Column("Next", 9, is_right=True, sort="next"),
            Column("Message", 20, grows=True),
            Column("Changed", 9, is_right=True, sort="changed"),
            Column("Failure", 11, is_optional=True),
        )

    def cells(self, row: DeliveryRow) -> Sequence[Cell]:
        now = self.desk.now()
        state = signs.of(signs.DELIVERY, row.state)
        is_waiting = row.state == "pending"
        next_text = ("now" if row.next_at <= now else countdown(row.next_at, now)) if is_waiting else "—"
        return (
            (state.glyph, state.role),
            (state.word + (" ?" if row.is_outcome_unknown else ""), state.role),
            (row.number, "accent"),
            (f"≠ {row.operation}" if row.is_edited else row.operation, ""),
            (amount(row.amount_minor, row.currency) or "∅", "" if row.amount_minor is not None else "muted"),
            (row.currency or "", "muted"),
            (f"{row.attempt_count}", "warn" if row.attempt_count > 1 else "muted"),
            (row.system, ""),
            (next_text, "" if is_waiting else "muted"),
            (row.message, ""),
            (ago(row.changed_at, now).removesuffix(" ago"), "muted"),
            (row.failure, state.role if row.failure else ""),
        )

    def inspector(self, row: DeliveryRow, width: int) -> Content:
        now = self.desk.now()
        state = signs.of(signs.DELIVERY, row.state)
        lines = [
            drawing.line(
                (f"{state}", state.role),
                (f"  {row.operation} → {row.system}", ""),
                (f"  {money(row.amount_minor, row.currency)}", "strong"),
                (f"  {row.edit}" if row.edit else "", "warn"),
                (f"  their id {row.external_id}" if row.external_id else "", "muted"),
            ),
            drawing.line(
                (f"decided {stamp(row.decided_at)}  tried {row.attempt_count:,}×", "muted"),
                (f"  next {countdown(row.next_at, now)}" if row.state == "pending" else "", ""),
                (
                    "  ? outcome unknown: looked up before it is sent again"
                    if row.is_outcome_unknown
                    else "",
                    "warn",
                ),
            ),
        ]
        if row.message:
            lines.append(drawing.paragraph(row.failure or "message", row.message, width))
        return drawing.stack(lines)

    def why(self, row: DeliveryRow) -> str:
        return row.message

    def against(self, verb: Verb, row: DeliveryRow | None) -> str:
        return verbs.against_delivery(verb, row)

    def verb_for(self, action: str) -> Verb | None:
        return DELIVERY_VERBS.get(action)

    def open_row(self, ids: array[int], index: int) -> None:
        from finsync_tui.screens.delivery_detail import DeliveryDetailScreen

        self.app.push_screen(DeliveryDetailScreen(ids, index))

    def action_replay(self) -> None:
        self.act(verbs.REPLAY)

    def action_hold(self) -> None:
        self.act(verbs.HOLD)

    def action_release(self) -> None:
        self.act(verbs.RELEASE)

    def action_cancel(self) -> None:
        self.act(verbs.CANCEL)
