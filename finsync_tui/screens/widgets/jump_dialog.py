"""Every screen with a letter: one key more, and one is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from finsync_tui.screens import drawing
from finsync_tui.screens.widgets.dialog import Dialog


class JumpDialog(Dialog["str | None"]):
    """Answers with a mode."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "no", "Cancel", id="dialog.no")]

    def __init__(self, places: Sequence[tuple[str, str, str]], current: str) -> None:
        super().__init__()
        self._places = places
        self._current = current

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -small") as box:
            box.border_title = Content("Jump to")
            yield Static(
                drawing.stack(
                    drawing.line(
                        (f" {letter} ", "accent"),
                        (" ● " if mode == self._current else "   ", "accent"),
                        (name, ""),
                    )
                    for mode, name, letter in self._places
                )
            )

    def on_key(self, event: events.Key) -> None:
        for mode, _, letter in self._places:
            if event.character == letter:
                event.stop()
                self.dismiss(mode)
                return

    def action_no(self) -> None:
        self.dismiss(None)
