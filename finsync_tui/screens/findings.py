"""Findings: what was noticed and handled without a person."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.content import Content

from finsync_tui.screens import dossiers, drawing, signs, tabs
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.dossiers import HistoryLine, Payload
from finsync_tui.screens.filters import Field, Grammar
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.queries import Listing, Sort
from finsync_tui.screens.text import ago, safe_text, stamp
from finsync_tui.screens.widgets.virtual_table import Cell, Column
from store.clock import instant

if TYPE_CHECKING:
    from sqlite3 import Connection, Row


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding as the list shows it. `number` is empty where it is about no document."""

    id: int
    at: datetime
    class_: str
    severity: str
    system: str
    number: str
    message: str
    document_key: str
    amount_minor: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class FindingDossier:
    row: FindingRow
    detail: Payload
    history: tuple[HistoryLine, ...]


def _finding(row: Row) -> FindingRow:
    return FindingRow(
        id=row["id"],
        at=instant(row["noticed_at"]),
        class_=safe_text(row["class"], 60),
        severity=row["severity"],
        system=safe_text(row["system"], 60),
        number=safe_text(row["document_number"], 80),
        message=safe_text(row["message"], 1_000),
        document_key=row["document_key"] or "",
    )


FINDINGS: Listing[FindingRow] = Listing(
    name="findings",
    view="v_finding",
    select="SELECT * FROM v_finding WHERE id IN ({ids})",
    make=_finding,
    grammar=Grammar(
        fields=(
            Field("class", "class"),
            Field("severity", "severity", values=tuple(signs.SEVERITY)),
            Field("system", "system"),
            Field("age", "noticed_at", "instant", is_age=True),
        ),
        words=("document_number", "document_key", "class", "message"),
    ),
    sorts=(
        Sort("noticed", "time", "noticed_at"),
        Sort("class", "class", "class"),
        Sort("number", "document", "document_number"),
    ),
    has_money=False,
)


def finding(db: Connection, finding_id: int) -> FindingDossier | None:
    """Return one finding with what happened to its document; None when it is gone."""
    raw = db.execute("SELECT * FROM v_finding WHERE id = ?", (finding_id,)).fetchone()
    if raw is None:
        return None
    key = raw["document_key"]
    return FindingDossier(
        row=_finding(raw),
        detail=dossiers.document("what was noted with it", raw["detail"]),
        history=dossiers.history(db, raw["entity"] or "", key) if key else (),
    )


class FindingsScreen(ListScreen[FindingRow]):
    """What nobody had to do anything about, newest first."""

    TITLE = "Findings"
    PURPOSE = (
        "What was noticed and handled without a person: throttling, maintenance, repeated events, fields that came or went. "
        "Nothing here waits for anybody."
    )
    VERBS = ("activate", "filter")
    NOUN = "Findings"
    HINT = "any number or word  class:THROTTLED  severity:warn  system:coupa  age:<1d"
    DEFAULT_CHIP = "all findings"
    EMPTY = "Nothing had to be handled yet."
    DEFAULT_SORT = "noticed"
    IS_REVERSED = True
    CAN_MARK = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def make_listing(self) -> Listing[FindingRow]:
        return FINDINGS

    def columns(self) -> Sequence[Column]:
        return (
            Column("", 1),
            Column("Time", 16, sort="noticed"),
            Column("Class", 20, sort="class"),
            Column("System", 11),
            Column("Document", 12, sort="number", is_optional=True),
            Column("What was noticed", 18, grows=True),
        )

    def cells(self, row: FindingRow) -> Sequence[Cell]:
        sign = signs.of(signs.SEVERITY, row.severity)
        return (
            (sign.glyph, sign.role),
            (stamp(row.at), "muted"),
            (row.class_, "strong"),
            (row.system, ""),
            (row.number or "—", "accent" if row.number else "muted"),
            (row.message, ""),
        )

    def inspector(self, row: FindingRow, width: int) -> Content:
        sign = signs.of(signs.SEVERITY, row.severity)
        return drawing.stack(
            [
                drawing.line(
                    (row.class_, "strong"),
                    (f"  {sign}", sign.role),
                    (f"  {ago(row.at, self.desk.now())}", "muted"),
                ),
                drawing.paragraph(row.system, row.message, width, lines_max=4),
            ]
        )

    def open_row(self, ids: array[int], index: int) -> None:
        self.app.push_screen(FindingDetailScreen(ids, index))


class FindingDetailScreen(DetailScreen[FindingDossier]):
    """One finding."""

    TITLE = "Finding"
    PURPOSE = "One thing that was noticed and handled, and what else happened to its document."
    VERBS = ("step(1)",)
    TABS = ("Detail", "Document")
    BINDINGS: ClassVar[list[BindingType]] = []

    async def fetch(self) -> FindingDossier | None:
        return await self.read(partial(finding, finding_id=self.thing_id))

    def heading(self, dossier: FindingDossier) -> str:
        return f"{dossier.row.class_} · {dossier.row.number or dossier.row.system}"

    def facts(self, dossier: FindingDossier, width: int) -> Content:
        row = dossier.row
        sign = signs.of(signs.SEVERITY, row.severity)
        pairs: list[tuple[str, drawing.Piece]] = [
            ("Time", (f"{stamp(row.at)} · {ago(row.at, self.desk.now())}", "")),
            ("Severity", (f"{sign}", sign.role)),
            ("System", (row.system, "")),
            ("Document", (row.number, "accent")),
        ]
        return drawing.stack(
            [
                drawing.facts(pairs, width),
                drawing.paragraph("What was noticed", row.message, width, lines_max=4),
            ]
        )

    def counts(self, dossier: FindingDossier) -> dict[str, int]:
        return {"Document": len(dossier.history)}

    def tab(self, dossier: FindingDossier, name: str, width: int) -> Content:
        if name == "Detail":
            return tabs.payload(dossier.detail)
        if not dossier.row.document_key:
            return drawing.line(("It is about no document.", "muted"))
        return tabs.history(dossier.history, width)
