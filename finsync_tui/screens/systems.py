"""Systems: are they healthy, how far are they read, what waits for them; pause and resume."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from finsync_tui.screens import dossiers, drawing, overview, signs, system_usage, underway, verbs
from finsync_tui.screens.base import WorkScreen
from finsync_tui.screens.dossiers import ReadLine
from finsync_tui.screens.drawing import Piece
from finsync_tui.screens.overview import SystemRow
from finsync_tui.screens.signs import Role
from finsync_tui.screens.text import ago, countdown, safe_text, words
from finsync_tui.screens.verbs import Verb
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable

ROWS_SHOWN = 9
WIDE = 90
_COLUMNS = (
    Column("", 1),
    Column("System", 14),
    Column("State", 8),
    Column("Last read", 11, is_right=True),
    Column("Queue", 6, is_right=True, opens=underway.QUEUED),
    Column("Failed", 6, is_right=True, opens=underway.FAILED),
    Column("Errors", 6, is_right=True),
    Column("Until", 8, is_right=True),
    Column("Reason", 20, grows=True),
)


class SystemsScreen(WorkScreen):
    """All systems; there are few, so everything about the chosen one is below."""

    TITLE = "Systems"
    PURPOSE = (
        "Each system: whether it answers, when it was last read completely, what waits for it. A paused system is neither "
        "read nor written until somebody resumes it; its queue stays."
    )
    TROUBLE_IN = "#reads-text"
    VERBS = ("activate", "run_now", "pause", "resume", "problems")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run_now", "read now", id="system.run_now"),
        Binding("w", "pause", "pause…", id="system.pause"),
        Binding("e", "resume", "resume…", id="system.resume"),
        Binding("p", "problems", "problems", id="system.problems"),
        *underway.NUMBERS,
    ]

    def __init__(self) -> None:
        super().__init__()
        self._wanted = ""

    def body(self) -> ComposeResult:
        with Container(id="panes"):
            yield VirtualTable[SystemRow](
                _COLUMNS,
                self._cells,
                empty="No system was used yet. They come with the first sync.",
                id="list",
                classes="pane",
            )
            with VerticalScroll(id="reads", classes="pane", can_focus=False):
                yield Static(id="reads-text")

    @property
    def table(self) -> VirtualTable[SystemRow]:
        return self.query_one("#list", VirtualTable)

    def on_mount(self) -> None:
        self.table.focus()

    def refresh_data(self) -> None:
        self.look_again()

    @work(exclusive=True, group="systems", exit_on_error=False)
    async def look_again(self) -> None:
        found = await self.read(overview.systems)
        self.table.load_rows({row.id: row for row in found})
        self.table.border_title = Content(f"Systems · {len(found)}")
        self.table.styles.height = min(ROWS_SHOWN, max(1, len(found))) + 3
        wanted = next((place for place, row in enumerate(found) if row.system == self._wanted), None)
        if wanted is not None:
            self.table.move_to(wanted)
        self._wanted = ""
        self.look_at()

    def choose(self, system: str) -> None:
        """Put the cursor on a system; called from Home."""
        self._wanted = system
        if self.is_mounted and self.desk.has_pulse:
            self.look_again()

    @work(exclusive=True, group="reads", exit_on_error=False)
    async def look_at(self) -> None:
        row = self.table.cursor_row
        if row is None:
            return
        lines = await self.read(partial(dossiers.reads, system=row.system))
        used = await self.read(partial(self.desk.usage, system=row.system))
        width = max(60, self.size.width - 5)
        pane = self.query_one("#reads", VerticalScroll)
        pane.border_title = Content(f"{safe_text(row.system, 40)} · how far it is read")
        self.query_one("#reads-text", Static).update(
            drawing.stack(
                [
                    self._reads(row, lines, width),
                    *_unreadable(row, width),
                    drawing.BLANK,
                    system_usage.drawn(used, row.failure_count, self.desk.now(), width),
                ]
            )
        )

    def time_passed(self) -> None:
        self.table.redraw()
        self.look_at()

    def on_virtual_table_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        self.refresh_bindings()
        self.look_at()

    async def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        """What waits for a system, or failed there, is among the deliveries."""
        row = self.table.cursor_row
        if row is not None:
            await self.desk.go_filtered("deliveries", underway.behind(row.system, event.column))

    async def action_queue(self) -> None:
        """Show what waits for the system under the cursor."""
        await self._deliveries(underway.QUEUED)

    async def action_failed(self) -> None:
        """Show what failed at the system under the cursor."""
        await self._deliveries(underway.FAILED)

    async def _deliveries(self, which: str) -> None:
        row = self.table.cursor_row
        if row is not None:
            await self.desk.go_filtered("deliveries", underway.behind(row.system, which))

    def _cells(self, row: SystemRow) -> list[Cell]:
        now = self.desk.now()
        sign = signs.of(signs.SYSTEM, row.standing)
        return [
            (sign.glyph, sign.role),
            (safe_text(row.system, 40), "strong"),
            (sign.word, sign.role),
            (ago(row.last_read_at, now), ""),
            (f"{row.queued_count:,}" if row.queued_count else "—", "" if row.queued_count else "muted"),
            (f"{row.failed_count:,}" if row.failed_count else "—", "error" if row.failed_count else "muted"),
            (
                f"{row.failure_count:,}" if row.failure_count else "—",
                "warn" if row.failure_count else "muted",
            ),
            (countdown(row.until, now), "" if row.until else "muted"),
            (row.why, "warn" if row.unreadable else ""),
        ]

    def _reads(self, row: SystemRow, lines: tuple[ReadLine, ...], width: int) -> Content:
        now = self.desk.now()
        head = drawing.line(
            ("Last answer ", "muted"),
            (ago(row.last_ok_at, now), ""),
            ("   last failure ", "muted"),
            (ago(row.last_failure_at, now), "warn" if row.last_failure_at else "muted"),
        )
        if not lines:
            return drawing.stack(
                [head, drawing.BLANK, drawing.line(("Nothing was read from it yet.", "muted"))]
            )
        is_wide = width >= WIDE
        widths = (
            (1, 22, -9, 16, 8, -8, -8, -8, max(10, width - 104))
            if is_wide
            else (1, 14, -8, 11, 6, -5, -7, -7, 10)
        )
        header = ("", "entity", "read", "up to", "run", "rows", "changed", "refused", "")
        rows: list[list[Piece]] = []
        for line in lines:
            role: Role = "error" if line.outcome == "failed" else "warn" if not line.is_complete else "ok"
            glyph = "✕" if line.outcome == "failed" else "⟳" if not line.is_complete else "●"
            rows.append(
                [
                    (glyph, role),
                    (words(line.entity), ""),
                    (ago(line.moved_at, now).removesuffix(" ago"), ""),
                    (_until(line.position)[0 if is_wide else 5 :] or "—", "muted"),
                    (line.outcome or "—", role),
                    (f"{line.rows_read:,}", ""),
                    (f"{line.rows_changed:,}", ""),
                    (f"{line.rows_refused:,}", "warn" if line.rows_refused else "muted"),
                    (line.error, "error"),
                ]
            )
        return drawing.stack([head, drawing.BLANK, drawing.table(widths, rows, header, width=width)])

    # -- doing ------------------------------------------------------------------------------------------------------

    def _against(self, verb: Verb) -> str:
        row = self.table.cursor_row
        if row is None:
            return "There is no system here."
        if verb is verbs.PAUSE and row.state == "paused":
            return f"{row.system} is paused already."
        if verb is verbs.RUN_NOW and row.state in ("paused", "held"):
            return f"{row.system} is {row.state}: resume it first."
        if verb is verbs.RESUME and row.state == "ok":
            return f"{row.system} is not paused."
        return ""

    def reason_against(self, action: str) -> str:
        verb = {"pause": verbs.PAUSE, "resume": verbs.RESUME, "run_now": verbs.RUN_NOW}.get(action)
        return self._against(verb) if verb else ""

    @work(group="doing", exit_on_error=False)
    async def act(self, verb: Verb) -> None:
        why = self._against(verb)
        row = self.table.cursor_row
        if why or row is None:
            self.app.notify(safe_text(why), severity="warning", markup=False)
            return
        if await self.ask_and_do(verb, None, [0], subject=safe_text(row.system, 40), system=row.system):
            self.look_again()

    async def action_problems(self) -> None:
        """Show the exceptions of this system: what can't be read among them."""
        row = self.table.cursor_row
        if row is not None:
            await self.desk.go_filtered("exceptions", f"system:{row.system}")

    def action_run_now(self) -> None:
        self.act(verbs.RUN_NOW)

    def action_pause(self) -> None:
        self.act(verbs.PAUSE)

    def action_resume(self) -> None:
        self.act(verbs.RESUME)


def _unreadable(row: SystemRow, width: int) -> Iterator[Content]:
    """Yield what can't be read of it, why, and what to do."""
    for one in row.unreadable:
        yield drawing.BLANK
        name = safe_text(one.entity.replace("_", " "), 60)
        yield drawing.line((f"✕ {name} can't be read", "error"), ("  p shows its exception", "muted"))
        yield drawing.paragraph("Why       ", safe_text(one.cause, 1_000), width, lines_max=3)
        yield drawing.paragraph("What to do", safe_text(one.fix, 1_000), width, role="accent", lines_max=4)


_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)")


def _until(position: str) -> str:
    """Return the first instant in a watermark, to the minute; one without any as it is. Its form is the adapter's own.

    >>> _until('{"since":"2026-04-12T09:14:05+00:00","after":7}'), _until("page 7")
    ('2026-04-12 09:14', 'page 7')
    """
    found = _INSTANT.search(position)
    return f"{found[1]} {found[2]}" if found else position
