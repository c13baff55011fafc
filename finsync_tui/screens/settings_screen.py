"""Settings: what this person wants to see, kept for them in the workspace."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from finsync_tui.screens import drawing
from finsync_tui.screens.base import WorkScreen
from finsync_tui.screens.choices import CHOICES, PREFIX, Choice, chosen, zone_problem
from finsync_tui.screens.text import money, safe_text, stamp
from finsync_tui.screens.widgets.dialogs import AskDialog, PickDialog
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable

EXAMPLE_MINOR = 123_456_789


class SettingsScreen(WorkScreen):
    """One line a setting; enter changes it."""

    TITLE = "Settings"
    PURPOSE = (
        "What you want to see. It is kept for you in the workspace, whichever terminal or browser you use."
    )
    VERBS = ("activate",)
    BINDINGS: ClassVar[list[BindingType]] = []

    def body(self) -> ComposeResult:
        yield VirtualTable[Choice](_COLUMNS, self._cells, id="list", classes="pane")
        with VerticalScroll(id="about", classes="pane", can_focus=False):
            yield Static(id="about-text")

    @property
    def table(self) -> VirtualTable[Choice]:
        return self.query_one("#list", VirtualTable)

    def on_mount(self) -> None:
        self.table.focus()
        self.table.border_title = Content(f"Settings of {self.desk.actor.name}")
        self.table.load_rows(dict(enumerate(CHOICES, start=1)))
        self.query_one("#about").border_title = Content("How it looks")

    def refresh_data(self) -> None:
        self._show()

    def time_passed(self) -> None:
        self._show()

    def _show(self) -> None:
        self.table.redraw()
        kept = (
            "Read-only: what you change here lasts until you close the workbench."
            if self.desk.is_read_only
            else "Kept for you in this workspace."
        )
        self.query_one("#about-text", Static).update(
            drawing.stack(
                [
                    drawing.line(
                        ("Now        ", "muted"), (f"{stamp(self.desk.now())} {self.desk.zone_name()}", "")
                    ),
                    drawing.line(("An amount  ", "muted"), (money(EXAMPLE_MINOR, "EUR"), "")),
                    drawing.line(
                        ("States     ", "muted"), ("● ok  ", "ok"), ("◷ due  ", "warn"), ("✕ failed", "error")
                    ),
                    drawing.BLANK,
                    drawing.line((kept, "muted")),
                    *self._own_keys(),
                ]
            )
        )

    def _own_keys(self) -> list[Content]:
        """How many keys the workspace has of its own, and which of them mean nothing."""
        from finsync_tui.screens import keymap

        if not self.desk.own_keys:
            return [
                drawing.line(
                    (
                        f"Keys can be changed for everybody in {keymap.FILE_NAME}; ? shows their names.",
                        "muted",
                    )
                )
            ]
        found = [drawing.line((f"{len(self.desk.own_keys)} keys are set by {keymap.FILE_NAME}.", ""))]
        wrong = keymap.unknown(self.desk.own_keys, keymap.known())
        if wrong:
            found.append(
                drawing.line(
                    (f"▲ There is no key called {', '.join(safe_text(one, 80) for one in wrong)}.", "warn")
                )
            )
        return found

    def _cells(self, row: Choice) -> list[Cell]:
        value = chosen(self.desk.preferences, row.name)
        return [
            (row.title, "strong"),
            (dict(row.options).get(value, value), "accent"),
            (row.about, "muted"),
        ]

    def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.change(row)

    @work(group="doing", exit_on_error=False)
    async def change(self, choice: Choice) -> None:
        """Pick or write another value; it holds at once."""
        present = chosen(self.desk.preferences, choice.name)
        if choice.options:
            answer = await self.app.push_screen_wait(PickDialog(choice.title, choice.options, present))
        else:
            answer = await self.app.push_screen_wait(
                AskDialog(
                    choice.title,
                    Content(choice.about),
                    verb="set",
                    prompt="Name, like Europe/Berlin",
                    value=present,
                    empty="UTC",
                    read=_zone,
                )
            )
        if answer is not None:
            self.desk.remember(PREFIX + choice.name, answer)
            self.desk.use_settings()
            self._show()


def _zone(text: str) -> str:
    name = text or "UTC"
    why = zone_problem(name)
    if why:
        raise ValueError(why)
    return name


_COLUMNS = (
    Column("Setting", 10),
    Column("Chosen", 38),
    Column("What it does", 20, grows=True),
)
