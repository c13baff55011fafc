"""Events: what happened, in the order in which the engine noticed it."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from finsync_tui.screens import drawing, journals, tabs
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.journals import EventDossier, EventRow
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.queries import Listing
from finsync_tui.screens.text import ago, stamp
from finsync_tui.screens.views import View
from finsync_tui.screens.widgets.virtual_table import Cell, Column


class EventsScreen(ListScreen[EventRow]):
    """The event log, newest first."""

    TITLE = "Events"
    PURPOSE = (
        "What happened, as CloudEvents: read, approved, posted, paid. Events are never changed. Flows wait for them, and other "
        "programs may read them: `finsync events tail`."
    )
    VERBS = ("activate", "filter")
    NOUN = "Events"
    HINT = "any number  type:com.finsync.purchase_order*  source:coupa  subject:coupa:100200  age:<2h"
    DEFAULT_CHIP = "all events"
    EMPTY = "Nothing has happened yet: events come with the first sync."
    DEFAULT_SORT = "order"
    IS_REVERSED = True
    CAN_MARK = False
    VIEWS = (
        View("Orders", "type:com.finsync.purchase_order.*", "order", is_reversed=True),
        View("Expenses", "type:com.finsync.expense_document.*", "order", is_reversed=True),
        View("Last hour", "age:<1h", "order", is_reversed=True),
    )
    BINDINGS: ClassVar[list[BindingType]] = []

    def make_listing(self) -> Listing[EventRow]:
        return journals.EVENTS

    def columns(self) -> Sequence[Column]:
        return (
            Column("#", 7, is_right=True, sort="order"),
            Column("Time", 16, sort="time"),
            Column("Event", 28),
            Column("Document", 16),
            Column("From", 12),
            Column("Data", 20, grows=True),
        )

    def cells(self, row: EventRow) -> Sequence[Cell]:
        return (
            (f"{row.id}", "muted"),
            (stamp(row.at), ""),
            (row.type, "strong"),
            (row.number, "accent"),
            (row.source, ""),
            (row.brief, "muted"),
        )

    def inspector(self, row: EventRow, width: int) -> Content:
        return drawing.stack(
            [
                drawing.line(
                    (row.type, "strong"),
                    (f"  {ago(row.at, self.desk.now())}", "muted"),
                    (f"  from {row.source}", ""),
                ),
                drawing.paragraph("Data", row.brief, width, lines_max=4),
            ]
        )

    def open_row(self, ids: array[int], index: int) -> None:
        self.app.push_screen(EventDetailScreen(ids, index))


class EventDetailScreen(DetailScreen[EventDossier]):
    """One event."""

    TITLE = "Event"
    PURPOSE = "One event: what it says, and what else happened to its document."
    VERBS = ("step(1)",)
    TABS = ("Data", "Document")
    BINDINGS: ClassVar[list[BindingType]] = []

    async def fetch(self) -> EventDossier | None:
        return await self.read(partial(journals.event, seq=self.thing_id))

    def heading(self, dossier: EventDossier) -> str:
        return f"#{dossier.row.id} · {dossier.row.type}"

    def facts(self, dossier: EventDossier, width: int) -> Content:
        row = dossier.row
        pairs: list[tuple[str, drawing.Piece]] = [
            ("Time", (f"{stamp(row.at)} · {ago(row.at, self.desk.now())}", "")),
            ("Document", (row.number, "accent")),
            ("From", (row.source, "")),
        ]
        named = [
            drawing.paragraph(f"{name:<10}", value, width, lines_max=1)
            for name, value in dossier.facts
            if value
        ]
        return drawing.stack([drawing.facts(pairs, width), *named])

    def counts(self, dossier: EventDossier) -> dict[str, int]:
        return {"Document": len(dossier.history)}

    def tab(self, dossier: EventDossier, name: str, width: int) -> Content:
        return tabs.payload(dossier.data) if name == "Data" else tabs.history(dossier.history, width)
