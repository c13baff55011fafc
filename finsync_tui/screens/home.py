"""Home: is everything all right, what is stuck, how much money is it, what is due next?"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from time import monotonic, thread_time
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from finsync_tui.screens import drawing, overview, signs, underway
from finsync_tui.screens.base import WorkScreen, explained, told
from finsync_tui.screens.drawing import Piece
from finsync_tui.screens.money_columns import MoneyColumns
from finsync_tui.screens.overview import Cause, DueItem, Overview, RunRow, SystemRow
from finsync_tui.screens.signs import Role
from finsync_tui.screens.text import ago, countdown, money, safe_text
from finsync_tui.screens.underway import Line
from finsync_tui.screens.widgets.titles import entitle
from finsync_tui.screens.widgets.virtual_table import GAP, Cell, Column, VirtualTable
from store.trends import DAYS

if TYPE_CHECKING:
    from sqlite3 import Connection

R = TypeVar("R")
SHARE_WIDTH = 10
SIDE_BY_SIDE = 116
"""Columns from which on the lists stand beside each other."""
ROWS_BESIDE = 32
ROOMY = 40
"""Rows from which on there is room for more than three systems beside the last reads and the whole of the engine's panel."""
EQUAL = 136
"""Columns from which on both have the same width; with less, what is stuck has a little more."""
SLOW_S = 0.05
"""Seconds of work from which on counting is slow."""
PATIENCE_S = 0.1
RESTS = 20
"""Counting that is slow has at most a twentieth of a core while the engine writes."""
LATE = "is:overdue"
WELCOME = (
    ("Welcome to finsync.", "strong"),
    ("This workspace is empty: nothing was read from any system yet.", ""),
    ("", ""),
    ("Next step", "strong"),
    ("  finsync secrets set SYSTEM NAME   keep the credentials of each system", "accent"),
    ("  finsync sync coupa                read one system now", "accent"),
    ("  finsync run                       let the engine work on its schedule", "accent"),
    ("", ""),
    ("Or watch a whole company at work, with simulators instead of your systems:", ""),
    ("  finsync demo", "accent"),
    ("", ""),
    (
        "This page fills by itself as soon as the first records are there. ? shows all keys, q closes.",
        "muted",
    ),
)


_NOT_AT_WORK = {
    "silent": "It has given no sign of life for a while: it is busy, its machine sleeps, or it died on another machine.",
    "gone": "Nothing is read or sent until it runs again: finsync run",
}


class HomeScreen(WorkScreen):
    """The overview."""

    TITLE = "Home"
    PURPOSE = (
        "What is stuck and how much money it is, what is due next, what is under way, and how the systems are. "
        "Enter on a line opens what is behind it; / finds a document by any number."
    )
    VERBS = ("activate", "find", "late", "app.focus_next", "app.go('exceptions')")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "next panel", id="home.next"),
        Binding("2", "app.go('exceptions')", "exceptions", id="home.exceptions"),
        Binding("slash", "find", "find a document", key_display="/", id="home.find"),
        Binding("o", "late", "late ones", id="home.late"),
        *underway.NUMBERS,
    ]

    def __init__(self) -> None:
        super().__init__()
        self.shown = Overview()
        self._rests_until = 0.0
        self._waits = False
        self._stuck_money = MoneyColumns()
        self._work_money = MoneyColumns()

    def body(self) -> ComposeResult:
        self._take_form()
        yield Static(id="trouble")
        with Container(id="home"):
            yield VirtualTable[Cause](
                self._cause_columns(),
                self._cause_cells,
                empty="Nothing is stuck. Well done.",
                id="stuck",
                classes="pane -used",
            )
            yield VirtualTable[DueItem](
                _DUE_COLUMNS, self._due_cells, empty="Nothing has a due time.", id="due", classes="pane"
            )
            yield VirtualTable[Line](
                self._work_columns(), self._work_cells, empty="Nothing yet.", id="work", classes="pane"
            )
            with Vertical(id="health"):
                yield VirtualTable[SystemRow](
                    _SYSTEM_COLUMNS,
                    self._system_cells,
                    empty="No system was used yet.",
                    id="systems",
                    classes="pane",
                )
                yield VirtualTable[RunRow](
                    _RUN_COLUMNS, self._run_cells, empty="Nothing was read yet.", id="runs", classes="pane"
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
            ("#runs", "Last reads"),
            ("#engine", "Engine"),
        ):
            self.query_one(name).border_title = title
        self.query_one("#stuck").focus()

    # -- reading ------------------------------------------------------------------------------------------------

    def refresh_data(self) -> None:
        self.look_again()

    def store_changed(self) -> None:
        """Counting a large store takes a while: the longer, the less often, so that the engine has the machine to itself."""
        wait = self._rests_until - monotonic()
        if wait <= 0:
            super().store_changed()
        elif not self._waits:
            self._waits = True
            self.set_timer(wait, self._rested)

    def _rested(self) -> None:
        self._waits = False
        self.store_changed()

    @work(exclusive=True, group="overview", exit_on_error=False)
    async def look_again(self) -> None:
        """Where counting everything takes a moment, what is urgent is shown before."""
        now = self.desk.now()
        found = await self.read(partial(overview.urgent, now=now))
        if found.is_large and self.shown.is_empty:
            self._show_urgent(found)
            await self._painted()
        counting = asyncio.ensure_future(self.read(partial(_counted, found=found, now=now)))
        try:
            done, _ = await asyncio.wait([counting], timeout=PATIENCE_S)
            if not done:
                self._show_urgent(found)
            counted, took_s = await counting
        finally:
            counting.cancel()
        self._rests_until = monotonic() + took_s * RESTS if took_s > SLOW_S else 0.0
        self._show(counted)

    async def _painted(self) -> None:
        """Wait until what is to be shown is shown."""
        is_shown = asyncio.Event()
        self.call_after_refresh(is_shown.set)
        with suppress(TimeoutError):
            await asyncio.wait_for(is_shown.wait(), PATIENCE_S)

    def _show_urgent(self, found: Overview) -> None:
        """The counts that were shown before stay until the new ones are there."""
        known = replace(
            found,
            documents=self.shown.documents,
            unposted=self.shown.unposted,
            unreported_count=self.shown.unreported_count,
            on_hold=self.shown.on_hold,
            holds=self.shown.holds,
            in_the_way=self.shown.in_the_way,
            proposed=self.shown.proposed,
            deliveries=self.shown.deliveries,
            trend=self.shown.trend,
            findings=self.shown.findings,
            findings_count=self.shown.findings_count,
        )
        if not known.is_empty:
            self._show(known)

    def _show(self, found: Overview) -> None:
        self.shown = found
        self._welcome(found.is_empty)
        _show_or_hide(self.query_one("#trouble"), is_shown=False)
        self._fit_money()
        self.query_one("#stuck", VirtualTable).load_rows(_numbered(found.causes))
        self.query_one("#due", VirtualTable).load_rows(_numbered(found.due))
        self.query_one("#systems", VirtualTable).load_rows(_numbered(found.systems))
        self.query_one("#runs", VirtualTable).load_rows(_numbered(found.runs))
        self._show_work()
        self._titles()
        self._texts()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """In a small window the list that is used has the room; it keeps it while the window itself has lost the focus."""
        if isinstance(event.widget, VirtualTable):
            for table in self.query(VirtualTable):
                table.set_class(table is event.widget, "-used")

    def on_resize(self) -> None:
        self._take_form()
        self.call_after_refresh(self._fit)

    def _take_form(self) -> None:
        """Stand as there is room: known before anything is laid out, or all of it would be laid out again."""
        self.set_class(self._is_stacked, "-stacked")
        self.set_class(self.app.size.width < EQUAL, "-tight")
        self.set_class(self.app.size.height >= ROOMY, "-roomy")

    @property
    def _is_stacked(self) -> bool:
        """Whether the lists stand below each other."""
        return self.app.size.width < SIDE_BY_SIDE or self.app.size.height < ROWS_BESIDE

    def _fit(self) -> None:
        self._fit_money()
        self._show_work()
        self._texts()

    def _show_work(self) -> None:
        """In a small window there is no room for the systems' own panel: they are among the lines."""
        if not self.desk.has_pulse or self.shown.is_empty:
            return  # nothing was read yet: a count of none would be a guess
        self.query_one("#work", VirtualTable).load_rows(_numbered(self._lines()))

    def _lines(self) -> tuple[Line, ...]:
        return underway.lines(self.shown, with_systems=self._is_stacked)

    def _fit_money(self) -> None:
        """Give each currency its column, where there is room for all of them."""
        stuck, work = self.query_one("#stuck", VirtualTable), self.query_one("#work", VirtualTable)
        known = self.shown.currencies
        others = {name for line in self._lines() for name in line.amounts} - set(known)
        money = MoneyColumns.of(known, _room(stuck, _CAUSE))
        if money != self._stuck_money:
            self._stuck_money = money
            stuck.set_columns(self._cause_columns(), self._cause_cells)
        money = MoneyColumns.of((*known, *sorted(others)), _room(work, _WORK))
        if money != self._work_money:
            self._work_money = money
            work.set_columns(self._work_columns(), self._work_cells)

    def time_passed(self) -> None:
        for table in self.query(VirtualTable):
            table.redraw()
        self._texts()

    def store_upgrades(self, count: int, seconds: int) -> None:
        """How long it takes depends on the size of the file: what is told is what is known, the time so far."""
        self._welcome(True)
        changes = f"{count} change" + ("" if count == 1 else "s")
        text = drawing.stack(
            [
                drawing.line(("⟳ The store is being brought up to date.", "accent")),
                drawing.BLANK,
                drawing.line((f"{changes} for this version of finsync · {seconds} s so far", "")),
                drawing.line(("A file of a gigabyte takes about ten seconds; what else uses it waits.", "")),
                drawing.BLANK,
                drawing.line(
                    ("It is kept whole or not at all: ended early, the file stays as it was,", "muted")
                ),
                drawing.line(("and the next start begins anew.", "muted")),
            ]
        )
        self.query_one("#welcome-text", Static).update(text)

    def store_failed(self, error: BaseException) -> None:
        """With nothing to show, the trouble is what is shown; what was read before stays below it."""
        super().store_failed(error)
        title, lines = explained(error, self.desk)
        if self.shown.is_empty:
            self._welcome(True)
            self.query_one("#welcome-text", Static).update(told(title, lines))
            return
        sentence = " ".join(["What is shown was read before.", *lines])
        trouble = self.query_one("#trouble", Static)
        trouble.update(
            drawing.paragraph(
                "", f"✕ {title}: {safe_text(sentence, 2_000)}", self.size.width - 2, lines_max=4
            )
        )
        trouble.display = True

    def _welcome(self, is_empty: bool) -> None:
        _show_or_hide(self.query_one("#home"), is_shown=not is_empty)
        _show_or_hide(self.query_one("#welcome"), is_shown=is_empty)
        if is_empty:
            lines: list[Piece] = [(text, role) for text, role in WELCOME]  # type: ignore[misc]
            if self.desk.engine_note:
                lines += [("", ""), (safe_text(self.desk.engine_note), "muted")]
            self.query_one("#welcome-text", Static).update(
                drawing.stack(drawing.line(piece) for piece in lines)
            )

    # -- what is stuck --------------------------------------------------------------------------------------------

    def _cause_columns(self) -> list[Column]:
        return [*_CAUSE, *self._stuck_money.columns(), *_SINCE, Column("", SHARE_WIDTH, is_optional=True)]

    def _cause_cells(self, row: Cause) -> list[Cell]:
        late: Role = "error" if row.overdue_count else "muted"
        cells: list[Cell] = [
            ("▲" if row.overdue_count else "◷", late),
            (row.class_, "strong"),
            (f"{row.count:,}", ""),
            (f"{row.overdue_count:,}" if row.overdue_count else "—", late),
        ]
        cells += self._stuck_money.cells(row.amounts)
        cells.append((ago(row.oldest_at, self.desk.now()).removesuffix(" ago"), "muted"))
        most = max(cause.count for cause in self.shown.causes)
        cells.append((drawing.bar(row.count / most, SHARE_WIDTH), late))
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
        shape = ""
        if found.trend is not None and any(found.trend.stuck):
            shape = f" · {DAYS} days {drawing.sparkline(found.trend.stuck)}"
        entitle(
            panel, f"Stuck · {stuck:,}" + (f" · ▲ {late:,} late" if late else "") + shape, " · ".join(totals)
        )
        soon = sum(1 for item in found.due if timedelta(0) < item.due_at - self.desk.now() <= signs.SOON)
        entitle(self.query_one("#due"), "Due next" + (f" · ◷ {soon} within a day" if soon else ""))

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
        sign = signs.of(signs.SYSTEM, row.standing)
        return [
            (sign.glyph, sign.role),
            (safe_text(row.system, 40), ""),
            (sign.word, sign.role),
            (ago(row.last_read_at, now), "muted"),
            (f"{row.queued_count:,}" if row.queued_count else "—", "" if row.queued_count else "muted"),
            (f"{row.failed_count:,}" if row.failed_count else "—", "error" if row.failed_count else "muted"),
            (
                row.why + (f", until {countdown(row.until, now)}" if row.until else ""),
                "warn" if row.unreadable else "muted",
            ),
        ]

    def _run_cells(self, row: RunRow) -> list[Cell]:
        role: Role = "error" if row.outcome == "failed" else "ok" if row.outcome == "done" else "accent"
        glyph = {"failed": "✕", "done": "●", "parked": "‖"}.get(row.outcome, "⟳")
        return [
            (glyph, role),
            (safe_text(row.system, 40), ""),
            (row.entity, ""),
            (ago(row.at, self.desk.now()).removesuffix(" ago"), "muted"),
            (f"{row.rows_read:,}", "" if row.rows_read else "muted"),
            (f"{row.rows_changed:,}", "" if row.rows_changed else "muted"),
            (row.error or (f"{row.rows_refused:,} refused" if row.rows_refused else ""), "error"),
        ]

    # -- what is under way ------------------------------------------------------------------------------------------

    def _work_columns(self) -> list[Column]:
        return [*_WORK, *self._work_money.columns(), Column("", underway.SHAPE_WIDTH, is_optional=True)]

    def _work_cells(self, row: Line) -> list[Cell]:
        label: Role = "strong" if row.is_heading else ""
        return [
            (row.glyph, row.role),
            (row.label, label),
            (f"{row.count:,}" if row.count is not None else "", label),
            *self._work_money.cells(row.amounts, label or "muted", nothing=""),
            (row.shape or row.note, "error" if row.note else row.role),
        ]

    def _texts(self) -> None:
        self.query_one("#engine-text", Static).update(
            self._engine(max(30, self.query_one("#engine").content_size.width))
        )

    def _engine(self, width: int) -> Content:
        desk = self.desk
        engine = desk.pulse.engine
        lines: list[Content] = []
        if not desk.has_pulse:
            lines.append(drawing.line(("reading …", "muted")))
        elif engine is None:
            lines.append(drawing.paragraph("", "The engine was not started yet: finsync run", width))
        else:
            standing = desk.engine_standing
            sign = signs.engine(engine.state, standing)
            clock = "virtual time" if engine.is_virtual else "real time"
            lines.append(
                drawing.line((f"{sign}", sign.role), (f"  cycle {engine.cycle_count:,} · {clock}", "muted"))
            )
            if engine.doing and standing == "running":
                lines.append(drawing.paragraph("", engine.doing, width, lines_max=2))
            if standing != "running":
                lines.append(drawing.paragraph("", _NOT_AT_WORK[standing], width))
        if desk.engine_note:
            lines.append(drawing.paragraph("", safe_text(desk.engine_note), width, lines_max=3))
        return drawing.stack(lines)

    # -- opening --------------------------------------------------------------------------------------------------

    async def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        row = event.table.cursor_row
        if isinstance(row, Cause):
            late = " is:overdue" if event.column == LATE else ""
            await self.desk.go_filtered("exceptions", f"class:{row.class_}{late}")
        elif isinstance(row, SystemRow) and event.column:
            await self._open_deliveries(row, event.column)
        elif isinstance(row, SystemRow | RunRow):
            await self.desk.go_system(row.system)
        elif isinstance(row, Line):
            await self._open_line(row)
        elif isinstance(row, DueItem):
            self._open_due(row)

    async def _open_line(self, row: Line) -> None:
        if row.place == "systems":
            await self.desk.go_system(row.filter)
        elif row.place == "close":
            await self.desk.go_close(row.filter)
        elif row.place == "mappings":
            await self.desk.go_waiting()
        elif row.place:
            await self.desk.go_filtered(row.place, row.filter)

    async def _open_deliveries(self, row: SystemRow, which: str) -> None:
        await self.desk.go_filtered("deliveries", underway.behind(row.system, which))

    def reason_against(self, action: str) -> str:
        if action in ("queue", "failed") and self._system is None:
            return "The cursor is on no system: tab goes to the systems."
        return ""

    @property
    def _system(self) -> SystemRow | None:
        table = self.query_one("#systems", VirtualTable)
        row = table.cursor_row if table.has_focus else None
        return row if isinstance(row, SystemRow) else None

    async def action_queue(self) -> None:
        """Show what waits for the system under the cursor."""
        await self._deliveries("queue", underway.QUEUED)

    async def action_failed(self) -> None:
        """Show what failed at the system under the cursor."""
        await self._deliveries("failed", underway.FAILED)

    async def _deliveries(self, action: str, which: str) -> None:
        row = self._system
        if row is None:
            self.app.notify(self.reason_against(action), severity="warning", markup=False)
        else:
            await self._open_deliveries(row, which)

    async def action_find(self) -> None:
        """Look for a document by any number that any system knows it by, from where one begins."""
        from finsync_tui.screens.listing import ListScreen

        await self.desk.go_filtered("workflows", "")
        if isinstance(self.app.screen, ListScreen):
            self.app.screen.action_filter()

    async def action_late(self) -> None:
        """Show only what is late of the class under the cursor, or of all."""
        row = self.query_one("#stuck", VirtualTable).cursor_row
        only = f"class:{row.class_} " if isinstance(row, Cause) and self.query_one("#stuck").has_focus else ""
        await self.desk.go_filtered("exceptions", f"{only}is:overdue")

    def _open_due(self, row: DueItem) -> None:
        """Next and previous go through what is due of the same kind."""
        same = array("q", [item.id for item in self.shown.due if item.kind == row.kind])
        if row.kind == "exception":
            from finsync_tui.screens.exception_detail import ExceptionDetailScreen

            self.app.push_screen(ExceptionDetailScreen(same, same.index(row.id)))
        else:
            from finsync_tui.screens.workflow_detail import WorkflowDetailScreen

            self.app.push_screen(WorkflowDetailScreen(same, same.index(row.id)))


_CAUSE = (
    Column("", 1),
    Column("Cause", 24, grows=True),
    Column("Stuck", 5, is_right=True),
    Column("Late", 4, is_right=True, opens=LATE),
)
_SINCE = (Column("Oldest", 6, is_right=True, is_optional=True),)
_WORK = (Column("", 1), Column("", 21, grows=True), Column("Count", 6, is_right=True))
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
    Column("Queue", 5, is_right=True, opens=underway.QUEUED),
    Column("Failed", 6, is_right=True, opens=underway.FAILED),
    Column("", 10, grows=True, is_optional=True),
)

_RUN_COLUMNS = (
    Column("", 1),
    Column("System", 12),
    Column("Entity", 14, grows=True),
    Column("When", 8, is_right=True),
    Column("Rows", 6, is_right=True),
    Column("Changed", 7, is_right=True, is_optional=True),
    Column("", 12, is_optional=True),
)


def _counted(db: Connection, found: Overview, now: datetime) -> tuple[Overview, float]:
    """Return everything, and how many seconds of work the counting was: by this thread's own clock, since others may be busy."""
    began = thread_time()
    return overview.with_counts(db, found, now), thread_time() - began


def _show_or_hide(part: Widget, *, is_shown: bool) -> None:
    """Everything is laid out again whenever this is said, also when it is so already."""
    if part.display != is_shown:
        part.display = is_shown


def _room(table: VirtualTable[R], *parts: Sequence[Column]) -> int:
    """Return how many cells those columns leave; what need not be seen takes none."""
    taken = sum(column.width + len(GAP) for part in parts for column in part if not column.is_optional)
    return table.content_size.width - 2 - taken


def _numbered(found: Sequence[R]) -> dict[int, R]:
    return dict(enumerate(found, start=1))
