"""The line on top of every screen: where we are, what is late, how the engine is, what time it is for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from finsync_tui.screens import signs
from finsync_tui.screens.overview import Pulse
from finsync_tui.screens.signs import STYLES, Sign
from finsync_tui.screens.text import safe_text

if TYPE_CHECKING:
    from store.leases import Standing

WIDE = 100
NO_PULSE = Pulse()
READING = Sign("◌", "reading", "muted")
UNKNOWN = Sign("◌", "engine unknown", "muted")


@dataclass(frozen=True, slots=True)
class Form:
    """How much the line says of itself."""

    min_width: int = 0
    has_names: bool = False
    """Whether every screen has its name, or only the one that is shown."""
    has_brand: bool = True
    has_person: bool = True
    short: frozenset[str] = frozenset()
    """What says itself in fewer words: engine, late, trouble."""
    time: int = 0
    """How much of the time is left out."""


_ENGINE, _BOTH, _ALL = (
    frozenset(["engine"]),
    frozenset(["engine", "late"]),
    frozenset(["engine", "late", "trouble"]),
)
FORMS: tuple[Form, ...] = (
    # In a wide window whoever acts is named, and words of the others give way first.
    Form(WIDE, has_names=True),
    Form(WIDE, has_names=True, short=_ENGINE),
    Form(WIDE, has_names=True, short=_BOTH),
    Form(WIDE, has_names=True, short=_BOTH, has_brand=False),
    Form(WIDE, has_names=True, short=_BOTH, has_brand=False, time=1),
    Form(WIDE, has_names=True, short=_ALL, has_brand=False, time=1),
    Form(WIDE, has_names=True, short=_ALL, has_brand=False, time=2),
    Form(),
    Form(short=_ENGINE),
    Form(short=_BOTH),
    Form(short=_BOTH, time=1),
    Form(short=_ALL, time=1),
    Form(short=_ALL, time=1, has_brand=False),
    Form(short=_ALL, time=1, has_brand=False, has_person=False),
    Form(short=_ALL, time=2, has_brand=False, has_person=False),
)
"""From long to short: the first that there is room for is shown."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What the line says."""

    pulse: Pulse = NO_PULSE
    engine: Sign = READING
    time: str = ""
    is_virtual: bool = False
    person: str = ""
    trouble: str = ""
    is_read_only: bool = False
    zone: str = "UTC"
    place: str = ""
    """What the shown screen is called, where it has no number."""


class TopBar(Widget):
    """One line, never more."""

    MODES: ClassVar[tuple[tuple[str, str, str], ...]] = (
        ("1", "home", "Home"),
        ("2", "exceptions", "Exceptions"),
        ("3", "workflows", "Workflows"),
        ("4", "reconcile", "Reconcile"),
        ("5", "mappings", "Mappings"),
        ("6", "deliveries", "Deliveries"),
        ("7", "audit", "Audit"),
        ("8", "systems", "Systems"),
    )
    """Key, mode, name."""
    bar: reactive[Bar] = reactive(Bar())

    @dataclass
    class ModeAsked(Message):
        """A screen's name was clicked."""

        mode: str

    def __init__(self) -> None:
        super().__init__()
        self._spans: list[tuple[int, int, str]] = []

    def render(self) -> Content:
        for form in FORMS:
            if form.min_width <= self.size.width:
                left, right = self._left(form), self._right(form)
                gap = self.size.width - left.cell_length - right.cell_length
                if gap > 0:
                    return Content.assemble(left, " " * gap, right)
        left = self._left(FORMS[-1])
        return left + self._as_far_as(self.size.width - left.cell_length)

    def _left(self, form: Form) -> Content:
        current = self.app.current_mode
        brand = " finsync " if form.has_brand else ""
        parts: list[Content | tuple[str, str]] = [(brand, "bold $primary")]
        self._spans = []
        x = len(brand)
        numbered = {mode for _, mode, _ in self.MODES}
        here = [] if current in numbered or not self.bar.place else [("", current, self.bar.place)]
        for key, mode, name in (*self.MODES, *here):
            is_current = mode == current
            words = f"{name}{self._counter(mode)}" if form.has_names or is_current else ""
            label = f"{key} {words}" if key else words
            parts += [(" ", ""), (label, "bold $foreground on $cursor-row" if is_current else "$muted")]
            self._spans.append((x, x + len(label) + 1, mode))
            x += len(label) + 1
        return Content.assemble(*parts)

    def _counter(self, mode: str) -> str:
        pulse = self.bar.pulse
        number = {"exceptions": pulse.open_count, "deliveries": pulse.failed_count}.get(mode, 0)
        return f" {number:,}" if number else ""

    def _time(self, shortened: int) -> Content:
        """The engine's time. Shortened, a rehearsal's has no year, then no day; life's has no day. Before the first look at
        the store nobody knows it."""
        bar = self.bar
        if not bar.time:
            return Content("")
        day, _, minute = bar.time.partition(" ")
        end = "" if shortened else " "
        if bar.is_virtual:
            forms = (bar.time, bar.time[5:], minute or day)
            return Content.assemble((f"◷ {forms[shortened]} virtual{end}", "$warning"))
        return Content.assemble((f"◷ {(minute or day) if shortened else bar.time} {bar.zone}{end}", "$muted"))

    def _parts(self, form: Form) -> list[Content]:
        """What there is to say beside the time, the most important first. Glyph and word always stay together."""
        bar = self.bar
        parts: list[tuple[str, str]] = []
        if bar.trouble:
            parts.append(
                (f"✕ {'store' if 'trouble' in form.short else safe_text(bar.trouble, 40)}", STYLES["error"])
            )
        if bar.is_read_only:
            parts.append(("read-only", "bold $warning"))
        if bar.pulse.overdue_count:
            word = "late" if "late" in form.short else "overdue"
            parts.append((f"▲ {bar.pulse.overdue_count:,} {word}", STYLES["error"]))
        engine = str(bar.engine)
        parts.append(
            (engine.replace("engine ", "") if "engine" in form.short else engine, STYLES[bar.engine.role])
        )
        if bar.person and form.has_person:
            parts.append((safe_text(bar.person, 20), "$muted"))
        return [Content.assemble((f"{words}  ", style)) for words, style in parts]

    def _right(self, form: Form) -> Content:
        return Content("").join([*self._parts(form), self._time(form.time)])

    def _as_far_as(self, room: int) -> Content:
        """In the shortest form that there is, as many parts as there is room for, the most important first."""
        shown, time = Content(""), self._time(FORMS[-1].time)
        for part in self._parts(FORMS[-1]):
            if shown.cell_length + part.cell_length + time.cell_length < room:
                shown = shown + part
        gap = room - shown.cell_length - time.cell_length
        return Content.assemble(" " * gap, shown, time) if gap > 0 else Content(" ")

    def watch_bar(self) -> None:
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        for start, end, mode in self._spans:
            if start <= event.x < end:
                self.post_message(self.ModeAsked(mode))


def engine_sign(pulse: Pulse, standing: Standing) -> Sign:
    """Return how the engine is: what it says of itself counts only while it gives signs of life."""
    if pulse.engine is None:
        return Sign("◌", "engine not started", "muted")
    sign = signs.engine(pulse.engine.state, standing)
    return Sign(sign.glyph, f"engine {sign.word}", sign.role)
