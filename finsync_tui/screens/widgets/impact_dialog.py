"""What a change would do, before anybody saves it: documents and money, reckoned beside the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import ClassVar, Generic, TypeVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static
from textual.worker import Worker, WorkerState

from finsync_tui.screens import drawing
from finsync_tui.screens.text import safe_text
from finsync_tui.screens.widgets.dialog import Dialog

TICK_S = 1.0


Found = TypeVar("Found")


class ImpactDialog(Dialog["str | None"], Generic[Found]):
    """Answers with the reason, after the impact was shown; None: nothing was proposed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", "Back", id="dialog.no"),
        Binding("pagedown", "scroll(8)", "Page down", show=False, priority=True),
        Binding("pageup", "scroll(-8)", "Page up", show=False, priority=True),
    ]

    def __init__(
        self,
        title: str,
        lines: Callable[[int], Content],
        measure: Callable[[], Awaitable[Found]],
        shown: Callable[[Found, int], Content],
        *,
        verb: str,
        consequence: str,
        reason: str = "",
        prompt: str = "Reason",
        is_needed: bool = True,
    ) -> None:
        """`lines` draws the change itself at a width, `shown` what it would do; `verb` is what enter does."""
        super().__init__()
        self._title = title
        self._lines = lines
        self._measure = measure
        self._shown = shown
        self._verb = verb
        self._consequence = consequence
        self._reason = reason
        self._prompt = prompt
        self._is_needed = is_needed
        self._began = monotonic()
        self._ticking: Timer | None = None
        self._failure = ""
        self.found: Found | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -impact") as box:
            box.border_title = Content(self._title)
            with VerticalScroll(id="impact", can_focus=False):
                yield Static(id="change")
                yield Static(id="outcome")
            yield Static(Content.assemble((self._consequence, "$muted")), id="consequence")
            need = "" if self._is_needed else " (may be empty)"
            yield Static(Content.assemble((f"{self._prompt}{need}", "$muted")), id="prompt")
            yield Input(self._reason, compact=True, id="answer", max_length=2_000)
            yield Static(id="wrong")
            keys = (("enter", self._verb), ("page up, page down", "scroll"), ("esc", "back"))
            pieces = [part for key, word in keys for part in ((key, "bold $primary"), f" {word}   ")]
            yield Static(Content.assemble(*pieces), id="keys")

    def on_mount(self) -> None:
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()
        self._draw()
        self._ticking = self.set_interval(TICK_S, self._draw)
        self._reckon()

    @property
    def _width(self) -> int:
        return max(40, self.query_one("#impact").content_size.width or 60)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    @work(exclusive=True, group="impact", exit_on_error=False)
    async def _reckon(self) -> None:
        self.found = await self._measure()
        self._draw()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """An impact that can't be reckoned is said here: the change can't be proposed unseen."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            event.stop()
            self._stop()
            self._failure = f"✕ What it would do could not be found out: {safe_text(event.worker.error)}"
            self._draw()

    def _stop(self) -> None:
        if self._ticking is not None:
            self._ticking.stop()

    def _draw(self) -> None:
        width = self._width
        self.query_one("#change", Static).update(self._lines(width))
        shown = self.query_one("#outcome", Static)
        if self.found is not None:
            self._stop()
            shown.update(drawing.stack([drawing.BLANK, self._shown(self.found, width)]))
            return
        if self._failure:
            shown.update(drawing.stack([drawing.BLANK, Content.assemble((self._failure, "$error"))]))
            return
        seconds = int(monotonic() - self._began)
        since = f" · {seconds} s" if seconds else ""
        shown.update(
            drawing.stack(
                [
                    drawing.BLANK,
                    drawing.line((f"⟳ reckoning what this would do …{since}", "accent")),
                    drawing.line(("Nothing is saved. esc stops it.", "muted")),
                ]
            )
        )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        answer = event.value.strip()
        if self.found is None:
            self._refuse("Wait until it is known what this would do.")
        elif self._is_needed and not answer:
            self._refuse(f"{self._prompt} is needed: it is kept in the audit log.")
        else:
            self.dismiss(answer)

    def _refuse(self, why: str) -> None:
        self.query_one("#wrong", Static).update(Content.assemble((why, "$error")))

    def action_scroll(self, by: int) -> None:
        self.query_one("#impact", VerticalScroll).scroll_relative(y=by, animate=False)

    def action_no(self) -> None:
        self.workers.cancel_node(self)
        self.dismiss(None)
