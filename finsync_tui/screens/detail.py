"""A screen about one thing: facts on top, tabs below, next and previous without going back to the list."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from finsync_tui.screens import drawing, verbs
from finsync_tui.screens.base import WorkScreen, explained, told
from finsync_tui.screens.dossiers import Sides
from finsync_tui.screens.queries import Listing
from finsync_tui.screens.text import safe_lines, safe_text
from finsync_tui.screens.verbs import Verb

D = TypeVar("D")
READING = Content("reading …")
GONE = Content("It is not there any more. esc leads back.")
NOTHING = "There is nothing here."
COPIED_WIDTH = 120
"""What is copied has this width, however narrow the terminal is."""


@runtime_checkable
class Filtered(Protocol):
    """A screen with a filter line."""

    def action_filter(self) -> None: ...


class TabStrip(Widget):
    """One line of tab names."""

    current: reactive[int] = reactive(0)

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)
        self.counts: dict[str, int] = {}
        self._spans: list[tuple[int, int]] = []

    def render(self) -> Content:
        parts: list[tuple[str, str]] = []
        self._spans = []
        x = 0
        for number, name in enumerate(self.names):
            count = self.counts.get(name)
            label = f" {name}{f' {count}' if count else ''} "
            is_current = number == self.current
            parts += [(label, "bold $foreground on $cursor-row" if is_current else "$muted"), (" ", "")]
            self._spans.append((x, x + len(label)))
            x += len(label) + 1
        if self.size.width - x > 12:
            parts.append((" [ ] switch".rjust(self.size.width - x - 1), "$muted"))
        return Content.assemble(*parts)

    def show_counts(self, counts: dict[str, int]) -> None:
        self.counts = counts
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        for number, (start, end) in enumerate(self._spans):
            if start <= event.x < end:
                self.current = number


class Page(VerticalScroll, can_focus=True):
    """The text of the present tab."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "Down", show=False, id="table.page_down_line"),
        Binding("k,up", "scroll_up", "Up", show=False, id="table.page_up_line"),
        Binding("g,home", "scroll_home", "Top", show=False, id="table.page_top"),
        Binding("G,end", "scroll_end", "Bottom", show=False, id="table.page_bottom"),
        Binding("ctrl+d,pagedown", "page_down", "Page down", show=False, id="table.page_down_page"),
        Binding("ctrl+u,pageup", "page_up", "Page up", show=False, id="table.page_up_page"),
    ]


class DetailScreen(WorkScreen, Generic[D]):
    """Subclasses say how the thing is read, how each tab is drawn, and what can be done with it."""

    TABS: ClassVar[tuple[str, ...]]
    LISTING: ClassVar[Listing[Any] | None] = None
    """The list whose rows these things are: money and lost updates are looked up by it."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "step(1)", "next", id="detail.next"),
        Binding("p", "step(-1)", "previous", show=False, id="detail.previous"),
        Binding("slash", "filter", "Filter the list", show=False, key_display="/", id="list.filter"),
        Binding("left_square_bracket,h,left", "tab(-1)", "Previous tab", show=False, id="detail.tab_left"),
        Binding("right_square_bracket,l,right", "tab(1)", "Next tab", show=False, id="detail.tab_right"),
        Binding("y", "copy", "Copy what is shown", show=False, id="detail.copy"),
        Binding("N", "reveal", "Show names of people…", show=False, id="detail.reveal"),
    ]

    def __init__(self, ids: array[int], index: int) -> None:
        super().__init__()
        self.ids = ids
        self.index = index
        self.dossier: D | None = None
        self.revealed: int | None = None
        """The thing whose people are shown, until this person goes on to another."""
        self._instead = READING
        """What is said while there is nothing to show."""
        self._why = Content("")
        """Why it could not be read."""

    def action_filter(self) -> None:
        """Go back to the list and write its filter: a number that is typed is never taken for keys."""
        desk = self.desk
        desk.to_first_page()
        if isinstance(desk.screen, Filtered):
            desk.screen.action_filter()

    @property
    def thing_id(self) -> int:
        return self.ids[self.index]

    @property
    def shows_people(self) -> bool:
        """Whether names, logins and e-mail of people are shown: only what somebody asked for with a reason."""
        return self.revealed == self.thing_id

    async def fetch(self) -> D | None:
        raise NotImplementedError

    def heading(self, dossier: D) -> str:
        raise NotImplementedError

    def facts(self, dossier: D, width: int) -> Content:
        raise NotImplementedError

    def counts(self, dossier: D) -> dict[str, int]:
        return {}

    def tab(self, dossier: D, name: str, width: int) -> Content:
        raise NotImplementedError

    def subject(self, dossier: D) -> str:
        """Return what a question calls the thing."""
        raise NotImplementedError

    def about(self, dossier: D) -> str:
        """Return the key of the document whose people are hidden; empty: this shows none."""
        return ""

    def verb_for(self, action: str) -> Verb | None:
        """Return the verb an action stands for."""
        return None

    def against(self, verb: Verb) -> str:
        """Return why a verb is not possible for the thing; what only shows has no verbs."""
        return ""

    def reason_against(self, action: str) -> str:
        if self.dossier is None and not action.startswith("step"):
            return NOTHING
        verb = self.verb_for(action)
        return self.against(verb) if verb is not None else ""

    def body(self) -> ComposeResult:
        yield Static(id="facts", classes="pane")
        yield TabStrip(self.TABS)
        with Page(id="page"):
            yield Static(id="text")

    def on_mount(self) -> None:
        self.query_one(Page).focus()
        self.watch(self.query_one(TabStrip), "current", self._draw_tab, init=False)

    def refresh_data(self) -> None:
        self.read_again()

    @work(exclusive=True, group="dossier", exit_on_error=False)
    async def read_again(self) -> None:
        self.dossier = await self.fetch()
        self._instead, self._why = GONE, Content("")
        self.draw()
        self.refresh_bindings()

    def time_passed(self) -> None:
        self.draw()

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Draw facts and tab from what was read last."""
        top = self.query_one("#facts", Static)
        if self.dossier is None:
            self._draw_nothing(top)
            return
        width = max(40, self.size.width - 4)
        top.border_title = Content(self.heading(self.dossier))
        top.border_subtitle = Content(f"{self.index + 1:,} of {len(self.ids):,} · n next · p previous")
        top.update(self.facts(self.dossier, width))
        self.query_one(TabStrip).show_counts(self.counts(self.dossier))
        self._draw_tab()

    def _draw_nothing(self, top: Static) -> None:
        """Say why there is nothing; what was shown before must not be taken for it."""
        top.border_title = top.border_subtitle = Content("")
        top.update(self._instead)
        self.query_one(TabStrip).show_counts({})
        self.query_one("#text", Static).update(self._why)

    def _draw_tab(self) -> None:
        if self.dossier is not None:
            name = self.TABS[self.query_one(TabStrip).current]
            width = max(40, self.size.width - 5)  # the scroll bar's column stays free
            self.query_one("#text", Static).update(self.tab(self.dossier, name, width))

    def store_failed(self, error: BaseException) -> None:
        title, lines = explained(error, self.desk)
        if self.dossier is None:
            self._instead = drawing.line((f"✕ {title}", "error"))
            self._why = drawing.stack(Content(safe_text(one, 2_000)) for one in lines)
            self.draw()
        else:
            self.query_one("#text", Static).update(told(title, lines))

    def action_step(self, by: int) -> None:
        target = self.index + by
        if not 0 <= target < len(self.ids):
            self.app.notify("This is the last one." if by > 0 else "This is the first one.", markup=False)
            return
        self.index = target
        self.dossier, self._instead, self._why, self.revealed = None, READING, Content(""), None
        self.query_one(Page).scroll_home(animate=False)
        self.read_again()

    def action_tab(self, by: int) -> None:
        strip = self.query_one(TabStrip)
        strip.current = (strip.current + by) % len(self.TABS)
        self.query_one(Page).scroll_home(animate=False)

    def action_copy(self) -> None:
        """Copy what is shown of the thing: what it is, its facts, and the present tab to its end."""
        if self.dossier is None:
            self.refuse(NOTHING)
            return
        name = self.TABS[self.query_one(TabStrip).current]
        drawn = (self.facts(self.dossier, COPIED_WIDTH), self.tab(self.dossier, name, COPIED_WIDTH))
        parts = (self.heading(self.dossier), drawn[0].plain, name, drawn[1].plain)
        lines = [line.rstrip() for part in parts for line in safe_lines(part)]
        self.app.copy_to_clipboard("\n".join(lines))
        self.app.notify(f"{name}: {len(lines):,} lines sent to the clipboard.", markup=False)

    shows_equal: bool | None = None
    """Whether Compare shows equal fields. None: when there is room for them."""

    def is_equal_shown(self, sides: Sides) -> bool:
        if self.shows_equal is not None:
            return self.shows_equal
        return len(sides.lines) + 3 <= self.query_one(Page).size.height

    @work(group="doing", exit_on_error=False)
    async def action_reveal(self) -> None:
        """Show who the people of this thing are, once the audit log says who wanted to know it and why."""
        if self.dossier is None:
            self.refuse(NOTHING)
            return
        thing, about = self.thing_id, self.about(self.dossier)
        if not about:
            self.refuse("Nobody is hidden here.")
            return
        if await self.ask_and_do(verbs.REVEAL, None, [thing], subject=self.subject(self.dossier), body=about):
            self.revealed = thing
            self.read_again()

    # -- doing --------------------------------------------------------------------------------------------------

    def refuse(self, why: str) -> None:
        self.app.notify(why, severity="warning", markup=False)

    @work(group="doing", exit_on_error=False)
    async def act(self, verb: Verb, value: str = "") -> None:
        """Do it to the thing that is shown."""
        why = self.against(verb)
        if why or self.dossier is None:
            self.refuse(why or NOTHING)
            return
        subject, ids = self.subject(self.dossier), [self.thing_id]
        shown = await self.previewed(verb, ids)
        if await self.ask_and_do(verb, self.LISTING, ids, subject=subject, value=value, shown=shown):
            self.read_again()
