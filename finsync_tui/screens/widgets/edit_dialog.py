"""A text in an editor: here, or in the person's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from finsync_tui.screens import editor
from finsync_tui.screens.text import safe_text
from finsync_tui.screens.widgets.dialog import Dialog


class EditDialog(Dialog["str | None"]):
    """Answers with the edited text, in which nothing is wrong; None: nothing was changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="edit.leave"),
        Binding("f2", "accept", "Go on", id="edit.accept"),
        Binding("f4", "outside", "Own editor", id="edit.outside"),
    ]

    def __init__(
        self,
        title: str,
        before: str,
        *,
        problem: Callable[[str], str],
        refusal: Callable[[str], str | None],
        file_name: str,
        text: str = "",
    ) -> None:
        """`before` is the text as it was, `text` what the person made of it already. `problem` says at each letter what is wrong;
        `refusal` why a text without a problem is not taken, by what it returns or in a ValueError. `file_name` is what the
        person's own editor shows."""
        super().__init__()
        self._title = title
        self._before = before
        self._text = text or before
        self._problem = problem
        self._refusal = refusal
        self._file_name = file_name
        self._is_warned = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall -wide") as box:
            box.border_title = Content(self._title)
            yield TextArea(self._text, show_line_numbers=True, id="document")
            yield Static(id="wrong")
            keys = (("f2", "go on"), ("f4", "own editor"), ("esc", "cancel"))
            pieces = [part for key, word in keys for part in ((key, "bold $primary"), f" {word}   ")]
            yield Static(Content.assemble(*pieces), id="keys")

    @property
    def area(self) -> TextArea:
        return self.query_one(TextArea)

    def on_mount(self) -> None:
        self.area.cursor_blink = False
        self.area.focus()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        self._is_warned = False
        self._say(self._problem(self.area.text))

    def action_accept(self) -> None:
        text = self.area.text
        why = self._problem(text)
        if not why:
            try:
                why = self._refusal(text) or ""
            except ValueError as error:
                why = str(error)
        if why:
            self._say(why)
        elif text == self._before:
            self._say("nothing was changed yet")
        else:
            self.dismiss(text)

    def action_outside(self) -> None:
        """Let the person's own editor do it; where there is none, go on here."""
        command = editor.command()
        if not command:
            self._say("no editor is set in $VISUAL or $EDITOR: edit here")
            return
        try:
            with self.app.suspend():
                text = editor.edited(command, self.area.text, self._file_name)
        except SuspendNotSupported:
            self._say("another editor can't be opened here (a browser, or no terminal): edit here")
            return
        except editor.EditorError as error:
            self._say(str(error))
            return
        self.app.refresh()
        self.area.load_text(text)
        self.area.focus()

    def action_leave(self) -> None:
        if self.area.text == self._before or self._is_warned:
            self.dismiss(None)
            return
        self._is_warned = True
        self._say("there are changes: esc again throws them away, f2 goes on with them")

    def _say(self, what: str) -> None:
        text = Content.assemble((f"✕ {safe_text(what)}", "$error")) if what else Content("")
        self.query_one("#wrong", Static).update(text)
