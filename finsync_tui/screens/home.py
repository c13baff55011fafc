"""Home: is everything all right, what is stuck, how much money is it, what is due next?"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from finsync_tui.screens import drawing, overview, signs
from finsync_tui.screens.base import WorkScreen, explained
from finsync_tui.screens.drawing import Piece
from finsync_tui.screens.overview import Cause, DueItem, Overview, SystemRow, Tally
from finsync_tui.screens.signs import Role, Sign
from finsync_tui.screens.text import ago, amount, countdown, money, safe_text
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable
from store.unposted import AGES, OLDEST

CURRENCIES_SHOWN = 3
MONEY_WIDTH = 12
BAR_WIDTH_MAX = 24
WELCOME = (
    ("Welcome to finsync.", "strong"),
    ("This workspace is empty: nothing was read from any system yet.", ""),
    ("", ""),
    ("Next step", "strong"),
    ("  finsync secrets set SYSTEM NAME    give it the credentials of each system", "accent"),
    ("  finsync sync coupa                 read one system now", "accent"),
    ("  finsync run                        let the engine work on its schedule", "accent"),
    ("", ""),
    ("Or watch a whole company at work, with simulators instead of your systems:", ""),
    ("  finsync demo", "accent"),
    ("", ""),
    (
        "This page fills by itself as soon as the first records are there. ? shows all keys, q closes.",
        "muted",
    ),
)


class HomeScreen(WorkScreen):
    """The overview."""

    TITLE = "Home"
    PURPOSE = (
        "What is stuck and how much money it is, what is due next, what is under way, and how the systems are. "
        "Enter on a line opens what is behind it."
    )
    VERBS = ("activate", "app.focus_next", "app.go('exceptions')", "app.go('workflows')")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "next panel", id="home.next"),
        Binding("2", "app.go('exceptions')", "exceptions", id="home.exceptions"),
        Binding("3", "app.go('workflows')", "workflows", id="home.workflows"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.shown = Overview()

    def body(self) -> ComposeResult:
        with Container(id="home"):
            yield VirtualTable[Cause](
                self._cause_columns(()),
                self._cause_cells,
                empty="Nothing is stuck. Well done.",
                id="stuck",
                classes="pane",
            )
            yield VirtualTable[DueItem](
                _DUE_COLUMNS, self._due_cells, empty="Nothing has a due time.", id="due", classes="pane"
            )
            with VerticalScroll(id="work", classes="pane", can_focus=False):
                yield Static(id="work-text")
            with Vertical(id="health"):
                yield VirtualTable[SystemRow](
                    _SYSTEM_COLUMNS,
                    self._system_cells,
                    empty="No system was used yet.",
                    id="systems",
                    classes="pane",
                )
                with VerticalScroll(id="engine", classes="pane", can_focus=False):
                    yield Static(id="engine-text")
        with VerticalScroll(id="welcome", classes="pane", can_focus=False):
            yield Static(id="welcome-text")

    def on_mount(self) -> None:
        for name, title in (
            ("#due", "Due next"),
            ("#work", "Under way"),
            ("#systems", "Systems"),
            ("#engine", "Engine"),
        ):
            self.query_one(name).border_title = title
        self.query_one("#stuck").focus()

    # -- reading ------------------------------------------------------------------------------------------------

    def refresh_data(self) -> None:
        self.look_again()

    @work(exclusive=True, group="overview", exit_on_error=False)
    async def look_again(self) -> None:
        found = await self.read(partial(overview.overview, now=self.desk.now()))
        columns_changed = found.currencies != self.shown.currencies
        self.shown = found
        self._welcome(found.is_empty)
        stuck = self.query_one("#stuck", VirtualTable)
        if columns_changed:
            stuck.set_columns(self._cause_columns(found.currencies), self._cause_cells)
        stuck.load_rows(_numbered(found.causes))
        self.query_one("#due", VirtualTable).load_rows(_numbered(found.due))
        self.query_one("#systems", VirtualTable).load_rows(_numbered(found.systems))
        self._titles()
        self._texts()

    def on_resize(self) -> None:
        self.call_after_refresh(self._texts)

    def time_passed(self) -> None:
        for table in self.query(VirtualTable):
            table.redraw()
        self._texts()

    def store_failed(self, error: BaseException) -> None:
        """With nothing to show, the trouble is what is shown; what was read before stays."""
        if not self.shown.is_empty:
            return
        title, lines = explained(error, self.desk)
        self._welcome(True)
        text = drawing.stack(
            [
                drawing.line((f"✕ {title}", "error")),
                drawing.BLANK,
                *(Content(safe_text(one, 2_000)) for one in lines),
            ]
        )
        self.query_one("#welcome-text", Static).update(text)

    def _welcome(self, is_empty: bool) -> None:
        self.query_one("#home").display = not is_empty
        self.query_one("#welcome").display = is_empty
        if is_empty:
            lines: list[Piece] = [(text, role) for text, role in WELCOME]  # type: ignore[misc]
            if self.desk.engine_note:
                lines += [("", ""), (safe_text(self.desk.engine_note), "muted")]
            self.query_one("#welcome-text", Static).update(
                drawing.stack(drawing.line(piece) for piece in lines)
            )

    # -- what is stuck --------------------------------------------------------------------------------------------

    def _cause_columns(self, currencies: Sequence[str]) -> list[Column]:
        money_columns = [
            Column(name, MONEY_WIDTH, is_right=True, is_optional=place > 1)
            for place, name in enumerate(currencies[:CURRENCIES_SHOWN])
        ]
        return [
            Column("", 1),
            Column("Cause", 20, grows=True),
            Column("Stuck", 5, is_right=True),
            Column("Late", 4, is_right=True),
            *money_columns,
            Column("Oldest", 6, is_right=True, is_optional=True),
        ]

    def _cause_cells(self, row: Cause) -> list[Cell]:
        late: Role = "error" if row.overdue_count else "muted"
        cells: list[Cell] = [
            ("▲" if row.overdue_count else "◷", late),
            (row.class_, "strong"),
            (f"{row.count:,}", ""),
            (f"{row.overdue_count:,}" if row.overdue_count else "—", late),
        ]
        for currency in self.shown.currencies[:CURRENCIES_SHOWN]:
            value = row.amounts.get(currency)
            cells.append(
                (amount(value, currency) if value is not None else "—", "" if value is not None else "muted")
            )
        cells.append((ago(row.oldest_at, self.desk.now()).removesuffix(" ago"), "muted"))
        return cells

    def _titles(self) -> None:
        found = self.shown
        stuck = sum(cause.count for cause in found.causes)
        late = sum(cause.overdue_count for cause in found.causes)
        totals = [
            money(sum(cause.amounts.get(currency, 0) for cause in found.causes), currency)
            for currency in found.currencies
        ]
        panel = self.query_one("#stuck")
        panel.border_title = Content(f"Stuck · {stuck:,}" + (f" · ▲ {late:,} late" if late else ""))
        panel.border_subtitle = Content(" · ".join(totals))

    # -- what is due ----------------------------------------------------------------------------------------------

    def _due_cells(self, row: DueItem) -> list[Cell]:
        now = self.desk.now()
        urgent = signs.urgency(row.due_at, now)
        return [
            (urgent.glyph, urgent.role),
            (countdown(row.due_at, now), urgent.role),
            (row.what, "strong" if row.kind == "exception" else ""),
            (row.number, "accent"),
            (money(row.amount_minor, row.currency), ""),
            (row.owner or "—", "muted"),
        ]

    # -- systems, work, engine --------------------------------------------------------------------------------------

    def _system_cells(self, row: SystemRow) -> list[Cell]:
        now = self.desk.now()
        sign = signs.of(signs.SYSTEM, row.state)
        return [
            (sign.glyph, sign.role),
            (safe_text(row.system, 40), ""),
            (sign.word, sign.role),
            (ago(row.last_read_at, now), "muted"),
            (f"{row.queued_count:,}" if row.queued_count else "—", "" if row.queued_count else "muted"),
            (f"{row.failed_count:,}" if row.failed_count else "—", "error" if row.failed_count else "muted"),
            (row.reason + (f", until {countdown(row.until, now)}" if row.until else ""), "muted"),
        ]

    def _texts(self) -> None:
        is_brief = self.has_class("-short") or self.has_class("-narrow")
        width = max(40, self.query_one("#work").content_size.width)
        self.query_one("#work-text", Static).update(self._brief() if is_brief else self._work(width))
        self.query_one("#engine-text", Static).update(
            self._engine(max(30, self.query_one("#engine").content_size.width))
        )

    def _work(self, width: int) -> Content:
        """What is approved and not posted, then documents and deliveries by state, with their money."""
        currencies = self.shown.currencies[:2]
        bar = max(4, min(BAR_WIDTH_MAX, width - 26 - (MONEY_WIDTH + 3) * len(currencies)))
        widths = (1, 11, -6, bar, *([-MONEY_WIDTH - 1] * len(currencies)))
        lines = self._unposted(currencies)
        lines.append(drawing.table(widths, [], ("", "Documents", "count", "", *currencies)))
        lines += self._tally_rows(signs.WORKFLOW, self.shown.documents, currencies, widths)
        lines += [drawing.BLANK, drawing.table(widths, [], ("", "Deliveries", "count", "", *currencies))]
        lines += self._tally_rows(signs.DELIVERY, self.shown.deliveries, currencies, widths)
        return drawing.stack(lines)

    def _unposted(self, currencies: Sequence[str]) -> list[Content]:
        """Approved at its source and not in the ERP yet: the older, the louder."""
        if not self.shown.unposted:
            return []
        widths = (1, 10, 11, -5, *([-MONEY_WIDTH - 1] * len(currencies)))
        rows: list[list[Piece]] = []
        for one in self.shown.unposted:
            role: Role = "error" if one.age == OLDEST else "warn" if one.age != AGES[0][0] else "muted"
            sums: list[Piece] = [
                (amount(one.amounts.get(name), name) if name in one.amounts else "—", "")
                for name in currencies
            ]
            flow = _FLOW_WORDS.get(one.flow, one.flow.replace("_", " "))
            rows.append([("◷", role), (flow, ""), (one.age, role), (f"{one.count:,}", "strong"), *sums])
        heading = ("", "Not posted", "age", "count", *currencies)
        return [drawing.table(widths, [], heading), drawing.table(widths, rows), drawing.BLANK]

    def _tally_rows(
        self,
        table: Mapping[str, Sign],
        found: Mapping[str, Tally],
        currencies: Sequence[str],
        widths: Sequence[int],
    ) -> list[Content]:
        most = max((tally.count for tally in found.values()), default=0)
        rows: list[list[Piece]] = []
        for state, sign in table.items():
            tally = found.get(state)
            if tally is None:
                continue
            sums: list[Piece] = [
                (amount(tally.amounts.get(name), name) or "—", "muted") for name in currencies
            ]
            share = drawing.bar(tally.count / most, widths[3]) if most else ""
            rows.append(
                [
                    (sign.glyph, sign.role),
                    (sign.word, ""),
                    (f"{tally.count:,}", "strong"),
                    (share, sign.role or "muted"),
                    *sums,
                ]
            )
        return [drawing.table(widths, rows)] if rows else [drawing.line(("none yet", "muted"))]

    def _brief(self) -> Content:
        """The same in a line each, for small windows."""
        flows = {state: tally.count for state, tally in self.shown.documents.items()}
        sent = {state: tally.count for state, tally in self.shown.deliveries.items()}
        systems: list[Piece] = [("Systems     ", "muted")]
        for row in self.shown.systems:
            sign = signs.of(signs.SYSTEM, row.state)
            word = "" if row.state == "ok" else f" {sign.word}"
            systems.append((f"{sign.glyph} {safe_text(row.system, 20)}{word}   ", sign.role))
        return drawing.stack(
            [
                _counted("Documents   ", flows, _DOCUMENTS_BRIEF),
                _counted("Deliveries  ", sent, _DELIVERIES_BRIEF),
                drawing.line(*systems),
            ]
        )

    def _engine(self, width: int) -> Content:
        desk = self.desk
        engine = desk.pulse.engine
        lines: list[Content] = []
        if engine is None:
            lines.append(drawing.paragraph("", "The engine was not started yet: finsync run", width))
        else:
            sign = signs.of(signs.ENGINE, engine.state) if desk.is_engine_alive else signs.ENGINE["stopped"]
            clock = "virtual time" if engine.is_virtual else "real time"
            lines.append(
                drawing.line((f"{sign}", sign.role), (f"  cycle {engine.cycle_count:,} · {clock}", "muted"))
            )
            if engine.doing and desk.is_engine_alive:
                lines.append(drawing.paragraph("", engine.doing, width, lines_max=2))
            if not desk.is_engine_alive:
                lines.append(
                    drawing.paragraph("", "Nothing is read or sent until it runs again: finsync run", width)
                )
        if self.shown.findings:
            handled = " · ".join(f"{name}\u00a0{count:,}" for name, count in self.shown.findings)
            lines.append(drawing.paragraph("Handled without you", handled, width, lines_max=3))
        if desk.engine_note:
            lines.append(drawing.paragraph("", safe_text(desk.engine_note), width, lines_max=3))
        return drawing.stack(lines)

    # -- opening --------------------------------------------------------------------------------------------------

    async def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        row = event.table.cursor_row
        if isinstance(row, Cause):
            await self.desk.go_filtered("exceptions", f"class:{row.class_}")
        elif isinstance(row, SystemRow):
            await self.desk.action_go("systems")
        elif isinstance(row, DueItem):
            self._open_due(row)

    def _open_due(self, row: DueItem) -> None:
        """Next and previous go through what is due of the same kind."""
        same = array("q", [item.id for item in self.shown.due if item.kind == row.kind])
        if row.kind == "exception":
            from finsync_tui.screens.exception_detail import ExceptionDetailScreen

            self.app.push_screen(ExceptionDetailScreen(same, same.index(row.id)))
        else:
            from finsync_tui.screens.workflow_detail import WorkflowDetailScreen

            self.app.push_screen(WorkflowDetailScreen(same, same.index(row.id)))


_FLOW_WORDS = {
    "requisition_to_pay": "orders",
    "goods_receipt": "receipts",
    "invoice_to_payment": "invoices",
    "expense_to_reimbursement": "expenses",
    "expense_validation": "reports",
}

_DUE_COLUMNS = (
    Column("", 1),
    Column("Due", 9, is_right=True),
    Column("What", 20, grows=True),
    Column("Document", 10),
    Column("Amount", 16, is_right=True, is_optional=True),
    Column("Who", 11, is_optional=True),
)
_SYSTEM_COLUMNS = (
    Column("", 1),
    Column("System", 12),
    Column("State", 7),
    Column("Read", 8, is_right=True),
    Column("Queue", 5, is_right=True),
    Column("Failed", 6, is_right=True),
    Column("", 10, grows=True, is_optional=True),
)

_DOCUMENTS_BRIEF = (
    ("in work", signs.WORKFLOW["running"], ("running", "waiting")),
    ("held", signs.WORKFLOW["held"], ("held",)),
    ("done", signs.WORKFLOW["done"], ("done",)),
    ("aborted", signs.WORKFLOW["aborted"], ("aborted",)),
)
_DELIVERIES_BRIEF = (
    ("in flight", signs.DELIVERY["delivered"], ("pending", "claimed", "delivered")),
    ("failed", signs.DELIVERY["refused"], ("refused", "buried")),
    ("held", signs.DELIVERY["held"], ("held",)),
    ("verified", signs.DELIVERY["verified"], ("verified",)),
)


def _numbered(
    found: Sequence[Cause] | Sequence[DueItem] | Sequence[SystemRow],
) -> dict[int, Cause | DueItem | SystemRow]:
    return dict(enumerate(found, start=1))


def _counted(
    label: str, found: Mapping[str, int], groups: Sequence[tuple[str, Sign, tuple[str, ...]]]
) -> Content:
    pieces: list[Piece] = [(label, "muted")]
    for name, sign, states in groups:
        count = sum(found.get(state, 0) for state in states)
        if count:
            pieces.append((f"{sign.glyph} {count:,} {name}   ", sign.role))
    return drawing.line(*pieces) if len(pieces) > 1 else drawing.line((label, "muted"), ("none yet", "muted"))
