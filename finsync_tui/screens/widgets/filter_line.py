"""The filter: chips that are always seen, and the line to write them in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from finsync_tui.screens import filters
from finsync_tui.screens.text import safe_text


class FilterLine(Horizontal):
    """`/` opens it, enter keeps what is written, escape goes back to what it was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave the filter", id="filter.leave"),
        Binding("down", "keep", "Back to the list", show=False, id="filter.keep"),
    ]

    @dataclass
    class Changed(Message):
        """Another filter is asked for. `is_final`: the line is closed with it."""

        text: str
        is_final: bool

    def __init__(self, hint: str) -> None:
        super().__init__()
        self._hint = hint
        self._before = ""
        self.text = ""

    def compose(self) -> ComposeResult:
        yield Static(Content.assemble((" / ", "bold $primary")), id="slash")
        yield Static(id="chips")
        yield Input(placeholder=self._hint, compact=True, select_on_focus=False, disabled=True)
        yield Static(id="place")

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    def show(self, text: str, terms: tuple[str, ...], default: str) -> None:
        """Show the filter that holds."""
        self.text = text
        parts: list[tuple[str, str]] = []
        for term in terms:
            parts += [(f" {safe_text(term, 40)} ", "$foreground on $panel"), (" ", "")]
        parts.append((" esc removes the last" if terms else default, "$muted"))
        self.query_one("#chips", Static).update(
            Content.assemble(*parts), layout=False
        )  # it has what is left of the line
        self.remove_class("-wrong")

    def place(self, text: str) -> None:
        """Show where in the list the cursor stands."""
        if not self.has_class("-wrong"):
            shown = self.query_one("#place", Static)
            # each press of a key comes here: the screen is laid out again only when the text has another width
            is_wider = len(text) + 1 != shown.size.width
            shown.update(Content.assemble((f"{text} ", "$muted")), layout=is_wider)

    def refuse(self, problem: str) -> None:
        """Show why the filter can't be understood; the list stays as it is."""
        self.add_class("-wrong")
        self.query_one("#place", Static).update(Content.assemble((f"✕ {safe_text(problem, 120)} ", "$error")))

    def open(self) -> None:
        self._before = self.text
        self.add_class("-open")
        field = self.query_one(Input)
        field.disabled = False
        field.value = f"{self.text} " if self.text else ""
        field.cursor_position = len(field.value)
        field.focus()

    def close(self) -> None:
        self.remove_class("-open", "-wrong")
        self.query_one(Input).disabled = True

    def without_last(self) -> str:
        """Return the filter without its last term."""
        return filters.without_last(self.text)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Changed(event.value.strip(), is_final=False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        self.post_message(self.Changed(self.query_one(Input).value.strip(), is_final=True))

    def action_leave(self) -> None:
        self.post_message(self.Changed(self._before, is_final=True))
