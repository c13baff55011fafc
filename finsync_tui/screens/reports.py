"""Reports: pick one, look at its first rows, write it to a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from finsync_tui import reports
from finsync_tui.reports import Question, Report, StoppedError
from finsync_tui.screens import drawing
from finsync_tui.screens.base import WorkScreen
from finsync_tui.screens.exporting import IN_BROWSER
from finsync_tui.screens.text import safe_text
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable

if TYPE_CHECKING:
    from sqlite3 import Connection

PREVIEW_ROWS = 50
CELL_WIDTH_MAX = 24


class ReportsScreen(WorkScreen):
    """The catalogue, and below it the first rows of the report under the cursor."""

    TITLE = "Reports"
    PURPOSE = (
        "What the store holds, for a spreadsheet or another program. Enter shows a report's first rows, E writes it whole; esc stops "
        "that and leaves no file behind. `finsync report` writes the same."
    )
    VERBS = ("activate", "export")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("E", "export", "export…", id="reports.export"),
        Binding("escape", "stop", "Stop writing", show=False, id="reports.stop"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._stop = Event()
        self._is_writing = False

    def body(self) -> ComposeResult:
        with Container(id="panes"):
            yield VirtualTable[Report](_COLUMNS, self._cells, id="list", classes="pane")
            with VerticalScroll(id="about", classes="pane", can_focus=False):
                yield Static(id="about-text")

    @property
    def table(self) -> VirtualTable[Report]:
        return self.query_one("#list", VirtualTable)

    def on_mount(self) -> None:
        self.table.focus()
        self.table.border_title = Content(f"{len(reports.REPORTS)} reports")
        self.table.load_rows(dict(enumerate(reports.REPORTS, start=1)))
        self._say(Content("enter shows the first rows, E writes the report to a file"))

    def _cells(self, row: Report) -> list[Cell]:
        return [
            (row.title, "strong"),
            (row.about, ""),
            (reports.can_be_of(row), "muted"),
        ]

    def _say(self, text: Content, title: str = "") -> None:
        self.query_one("#about-text", Static).update(text)
        self.query_one("#about").border_title = Content(title)

    async def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        self._preview()

    @work(group="doing", exit_on_error=False)
    async def _preview(self) -> None:
        """Show the first rows."""
        report = self.table.cursor_row
        asked = await self._asked(report) if report is not None else None
        if report is None or asked is None:
            return
        self._say(Content("⟳ reading …"), report.title)
        found = await self.desk.read_long(
            f"reading {report.title.lower()}",
            lambda db, _: reports.preview(report, self._question(db, *asked), PREVIEW_ROWS),
        )
        if found is None:
            self._say(Content("It was not read; enter reads it."), report.title)
            return
        header, rows = found
        width = self.query_one("#about").content_size.width
        shown = [[safe_text(cell, CELL_WIDTH_MAX) for cell in row] for row in rows]
        widths = [
            min(CELL_WIDTH_MAX, max(len(name), *(len(row[place]) for row in shown), 1))
            for place, name in enumerate(header)
        ]
        text = (
            drawing.table(widths, [[(cell, "") for cell in row] for row in shown], header, width=width)
            if shown
            else Content("It has no rows now.")
        )
        more = f" · the first {PREVIEW_ROWS}" if len(rows) == PREVIEW_ROWS else f" · {len(rows)} rows"
        self._say(text, f"{report.title}{more}")

    async def _asked(self, report: Report) -> tuple[str, str] | None:
        """Return company and period where the report is of one; None: the person wants no report."""
        if self.desk.workspace is None:
            self.app.notify(
                "Reports belong to a workspace; only its store is open here.",
                severity="warning",
                markup=False,
            )
            return None
        if not report.is_of_period:
            return "", ""
        from finsync_tui.screens.widgets.dialogs import AskDialog

        answer = await self.app.push_screen_wait(
            AskDialog(
                report.title,
                drawing.paragraph("", report.about, 66),
                verb="go on",
                prompt="Company and period, like DE01 Mar-26",
                is_needed=True,
                read=_company_and_period,
            )
        )
        if answer is None:
            return None
        company, _, period = answer.partition(" ")
        return company, period.strip()

    def _question(self, db: Connection, legal_entity: str, period: str) -> Question:
        from finsync_tui import profile

        workspace = self.desk.workspace
        assert workspace is not None
        return Question(
            db,
            profile.load(workspace),
            self.desk.now(),
            legal_entity,
            period,
            self.desk.actor.name,
            workspace.name,
        )

    @work(group="doing", exit_on_error=False)
    async def action_export(self) -> None:
        """Write the report under the cursor to a file."""
        from finsync_tui.screens.exporting import file_of

        report = self.table.cursor_row
        if self.desk.actor.source == "web":
            self.app.notify(IN_BROWSER, severity="warning", markup=False)
            return
        if self._is_writing:
            self.app.notify(
                "One report at a time: esc stops the one under way.", severity="warning", markup=False
            )
            return
        asked = await self._asked(report) if report is not None else None
        if report is None or asked is None:
            return
        from finsync_tui.screens.widgets.dialogs import AskDialog

        answer = await self.app.push_screen_wait(
            AskDialog(
                f"Export {report.title.lower()}",
                drawing.paragraph("", report.about, 66),
                verb="export",
                prompt="File, ending in .csv, .xlsx, .pdf, .html, .json or .jsonl",
                is_needed=True,
                value=f"~/finsync-{report.name}.csv",
                read=partial(file_of, reports.FORMATS),
            )
        )
        if answer is not None:
            await self._write(report, asked, Path(answer))

    async def _write(self, report: Report, asked: tuple[str, str], path: Path) -> None:
        self._stop.clear()
        self._is_writing = True
        try:
            count = await self.read(
                lambda db: reports.write(
                    report,
                    self._question(db, *asked),
                    path,
                    told=partial(self.app.call_from_thread, self._tell_progress),
                    is_stopped=self._stop.is_set,
                )
            )
            self.app.notify(f"{count:,} rows written to {safe_text(path)}.", markup=False)
        except StoppedError:
            self.app.notify("The report was stopped; no file was left behind.", markup=False)
        finally:
            self._is_writing = False
            self.table.border_subtitle = Content("")

    def _tell_progress(self, count: int) -> None:
        if self.is_attached:
            self.table.border_subtitle = Content(f"⟳ {count:,} rows written · esc stops")

    async def action_stop(self) -> None:
        """Stop what is being written; else go back."""
        if self._is_writing:
            self._stop.set()
        else:
            await self.action_back()


def _company_and_period(text: str) -> str:
    company, _, period = text.strip().partition(" ")
    if not company or not period.strip():
        raise ValueError("write both, with a blank between them")
    return text.strip()


_COLUMNS = [
    Column("Report", 29),
    Column("What", 40, grows=True),
    Column("Of", 18, is_optional=True),
]
