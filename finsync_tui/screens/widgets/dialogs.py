"""Questions and messages in front of a screen. Each dialog is typed by its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from finsync_tui.screens import drawing, signs
from finsync_tui.screens.text import fit, safe_text
from finsync_tui.screens.widgets.dialog import Dialog


class AskDialog(Dialog["str | None"]):
    """One question before something is done. Answers with the text, "" when none is asked, None for no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", "Cancel", id="dialog.no"),
        Binding("enter", "yes", "Go", id="dialog.yes"),
    ]

    def __init__(
        self,
        title: str,
        body: Content,
        *,
        verb: str,
        prompt: str = "",
        is_needed: bool = False,
        value: str = "",
        empty: str = "nobody",
        read: Callable[[str], str] | None = None,
    ) -> None:
        """`read` makes the answer of what was written, or says in a ValueError what is wrong with it."""
        super().__init__()
        self._read = read
        self._empty = empty
        self._title = title
        self._body = body
        self._verb = verb
        self._prompt = prompt
        self._is_needed = is_needed and bool(prompt)
        self._value = value

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            yield Static(self._body, id="what")
            if self._prompt:
                need = "" if self._is_needed else f" (empty: {self._empty})"
                yield Static(Content.assemble((f"{self._prompt}{need}", "$muted")), id="prompt")
                yield Input(self._value, compact=True, id="answer", max_length=2_000)
            yield Static(id="wrong")
            yield Static(self._keys(), id="keys")

    def _keys(self) -> Content:
        return Content.assemble(
            ("enter", "bold $primary"), f" {self._verb}   ", ("esc", "bold $primary"), " cancel"
        )

    def on_mount(self) -> None:
        if self._prompt:
            self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_yes()

    def action_yes(self) -> None:
        answer = self.query_one(Input).value.strip() if self._prompt else ""
        if self._is_needed and not answer:
            self._refuse(f"{self._prompt.partition(',')[0]} is needed: it is kept in the audit log.")
            return
        if self._read is not None:
            try:
                answer = self._read(answer)
            except ValueError as error:
                self._refuse(safe_text(error))
                return
        self.dismiss(answer)

    def _refuse(self, why: str) -> None:
        self.query_one("#wrong", Static).update(Content.assemble((why, "$error")))

    def action_no(self) -> None:
        self.dismiss(None)


class MessageDialog(Dialog[None]):
    """Something a person must read. `y` copies it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "close", "Close", id="dialog.close"),
        Binding("y", "copy", "Copy", id="dialog.copy"),
    ]

    def __init__(self, title: str, lines: Sequence[str], *, is_error: bool = True) -> None:
        super().__init__()
        self._title = title
        self._lines = [safe_text(text, 2_000) for text in lines]
        self._is_error = is_error

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -error" if self._is_error else "dialog") as box:
            box.border_title = Content(f"✕ {self._title}" if self._is_error else self._title)
            with VerticalScroll(id="message"):
                yield Static(Content("\n\n".join(self._lines)))
            yield Static(
                Content.assemble(("esc", "bold $primary"), " close   ", ("y", "bold $primary"), " copy"),
                id="keys",
            )

    def action_close(self) -> None:
        self.dismiss(None)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard("\n".join(self._lines))
        self.app.notify("Sent to the clipboard.", markup=False)


class PickDialog(Dialog["str | None"]):
    """One of a few. Answers with its name."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "no", "Cancel", id="dialog.no"),
        Binding("j", "down", "Next", show=False),
        Binding("k", "up", "Previous", show=False),
    ]

    def __init__(self, title: str, options: Sequence[tuple[str, str]], current: str) -> None:
        super().__init__()
        self._title = title
        self._options = options
        self._current = current

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -small") as box:
            box.border_title = Content(self._title)
            yield OptionList(
                *(
                    Option(Content(f"{'●' if name == self._current else ' '} {label}"), id=name)
                    for name, label in self._options
                ),
                markup=False,
                compact=True,
            )

    def on_mount(self) -> None:
        names = [name for name, _ in self._options]
        if self._current in names:
            self.query_one(OptionList).highlighted = names.index(self._current)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def action_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()

    def action_no(self) -> None:
        self.dismiss(None)


class ViewsDialog(Dialog["tuple[str, str] | None"]):
    """Saved views. Answers with what to do and the view's name: ("use", name) or ("drop", name)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "no", "Cancel", id="dialog.no"),
        Binding("d,delete", "drop", "Remove", id="views.drop"),
        Binding("j", "down", "Next", show=False),
        Binding("k", "up", "Previous", show=False),
    ]

    def __init__(self, title: str, views: Sequence[tuple[str, str, bool]]) -> None:
        """`views`: name, what it shows, whether it is the person's own."""
        super().__init__()
        self._title = title
        self._views = views

    def compose(self) -> ComposeResult:
        width = min(28, max((len(name) for name, _, _ in self._views), default=8))
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            yield OptionList(
                *(
                    Option(
                        Content.assemble(
                            ("✓ " if is_own else "  ", "$accent"),
                            (f"{fit(name, width)}  ", "bold"),
                            (shown, "$muted"),
                        ),
                        id=f"{number}",
                    )
                    for number, (name, shown, is_own) in enumerate(self._views)
                ),
                markup=False,
                compact=True,
            )
            yield Static(id="wrong")
            yield Static(
                Content.assemble(
                    ("enter", "bold $primary"), " show   ", ("d", "bold $primary"), " remove (✓ your own)   ",
                    ("esc", "bold $primary"), " cancel",
                ),
                id="keys",
            )  # fmt: skip

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(("use", self._views[event.option_index][0]))

    def action_drop(self) -> None:
        place = self.query_one(OptionList).highlighted
        if place is None:
            return
        name, _, is_own = self._views[place]
        if is_own:
            self.dismiss(("drop", name))
        else:
            self.query_one("#wrong", Static).update(
                Content.assemble((f"{name} is built in and stays.", "$error"))
            )

    def action_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()

    def action_no(self) -> None:
        self.dismiss(None)


class KeysDialog(Dialog[None]):
    """`?`: what this screen is for, all its keys, and what the signs mean."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,question_mark,f1", "close", "Close", id="dialog.close"),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
        Binding("pagedown,ctrl+d,space", "scroll(15)", "Page down", show=False),
        Binding("pageup,ctrl+u", "scroll(-15)", "Page up", show=False),
    ]

    def __init__(
        self, title: str, purpose: str, groups: Sequence[tuple[str, Sequence[tuple[str, str, str]]]]
    ) -> None:
        super().__init__()
        self._title = title
        self._purpose = purpose
        self._groups = groups

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall") as box:
            box.border_title = Content(self._title)
            with VerticalScroll(id="message"):
                yield Static(self._text())
            yield Static(Content.assemble(("esc", "bold $primary"), " close"), id="keys")

    def _text(self) -> Content:
        lines = [Content(self._purpose), drawing.BLANK]
        for name, keys in self._groups:
            lines.append(drawing.line((name, "strong")))
            lines += [
                drawing.line((f"  {key:<16} ", "accent"), (f"{fit(label, 28)} ", ""), (id_, "muted"))
                for key, label, id_ in keys
            ]
            lines.append(drawing.BLANK)
        lines.append(drawing.line(("Signs", "strong")))
        lines += [
            drawing.line((f"  {sign:<20}", "accent"), (meaning, "")) for sign, meaning in signs.GLOSSARY
        ]
        return drawing.stack(lines)

    def action_close(self) -> None:
        self.dismiss(None)

    def action_scroll(self, by: int) -> None:
        self.query_one("#message", VerticalScroll).scroll_relative(y=by, animate=False)
