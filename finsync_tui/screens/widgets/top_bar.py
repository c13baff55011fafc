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
ROOM_MIN = 40
"""What the right half needs at least: with less, only the present screen has its name."""
FORMS: tuple[frozenset[str], ...] = tuple(
    frozenset(names.split())
    for names in ("", "engine", "engine late", "engine late", "engine late time", "engine late time trouble")
)
"""What says itself shorter, step by step, so that everything else keeps its place."""
NO_BRAND = 3
"""From this step on the program does not say its own name."""
NO_PULSE = Pulse()
READING = Sign("◌", "reading", "muted")
UNKNOWN = Sign("◌", "engine unknown", "muted")


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
        if self.size.width >= WIDE:  # whoever acts is named: words of the others give way first
            for shortened in range(len(FORMS)):
                left = self._left(is_wide=True, has_brand=shortened < NO_BRAND)
                whole = self._whole(shortened)
                gap = self.size.width - left.cell_length - whole.cell_length
                if gap > 0:
                    return Content.assemble(left, " " * gap, whole)
        left = self._left(is_wide=True)
        if self.size.width - left.cell_length < ROOM_MIN:
            left = self._left(is_wide=False)
        right = self._right(self.size.width - left.cell_length - 2)
        gap = max(1, self.size.width - left.cell_length - right.cell_length)
        return Content.assemble(left, " " * gap, right)

    def _left(self, *, is_wide: bool, has_brand: bool = True) -> Content:
        current = self.app.current_mode
        brand = " finsync " if has_brand else ""
        parts: list[Content | tuple[str, str]] = [(brand, "bold $primary")]
        self._spans = []
        x = len(brand)
        for key, mode, name in self.MODES:
            is_current = mode == current
            label = f"{key} {name}{self._counter(mode)}" if is_wide or is_current else f"{key} "
            parts += [(" ", ""), (label, "bold $foreground on $cursor-row" if is_current else "$muted")]
            self._spans.append((x, x + len(label) + 1, mode))
            x += len(label) + 1
        return Content.assemble(*parts)

    def _counter(self, mode: str) -> str:
        pulse = self.bar.pulse
        number = {"exceptions": pulse.open_count, "deliveries": pulse.failed_count}.get(mode, 0)
        return f" {number:,}" if number else ""

    def _time(self, *, is_short: bool = False) -> Content:
        """The engine's time. Shortened, a rehearsal's has no year, and life's has no day."""
        bar = self.bar
        day, _, minute = bar.time.partition(" ")
        if bar.is_virtual:
            return Content.assemble((f"◷ {bar.time[5:] if is_short else bar.time} virtual ", "$warning"))
        return Content.assemble((f"◷ {(minute or day) if is_short else bar.time} {bar.zone} ", "$muted"))

    def _parts(self) -> dict[str, tuple[Content, ...]]:
        """What there is to say beside the time, each in its forms from long to short, the most important first."""
        bar = self.bar
        parts: dict[str, tuple[Content, ...]] = {}
        if bar.trouble:
            told = (f"✕ {safe_text(bar.trouble, 40)}  ", "✕ store  ")
            parts["trouble"] = tuple(Content.assemble((word, STYLES["error"])) for word in told)
        if bar.is_read_only:
            parts["read_only"] = (Content.assemble(("read-only  ", "bold $warning")),)
        count = f"▲ {bar.pulse.overdue_count:,}"
        if bar.pulse.overdue_count:
            late = (f"{count} overdue", count)
            parts["late"] = tuple(Content.assemble((f"{word}  ", STYLES["error"])) for word in late)
        words = (str(bar.engine), str(bar.engine).replace("engine ", ""))
        parts["engine"] = tuple(Content.assemble((f"{word}  ", STYLES[bar.engine.role])) for word in words)
        if bar.person:
            parts["person"] = (Content.assemble((f"{safe_text(bar.person, 20)}  ", "$muted")),)
        return parts

    def _whole(self, shortened: int) -> Content:
        """Everything, with as many words shortened as asked for."""
        short = FORMS[shortened]
        said = [forms[-1 if name in short else 0] for name, forms in self._parts().items()]
        return Content("").join([*said, self._time(is_short="time" in short)])

    def _right(self, room: int) -> Content:
        """The engine's time always; the rest as far as there is room."""
        # of the time, only the day of the month counts beside a trouble
        shown, parts = self._time(is_short=bool(self.bar.trouble)), self._parts()
        if self.size.width < WIDE:
            engine, late = parts.pop("engine"), parts.pop("late", ())
            person = parts.pop("person", ())
            parts |= {"engine": engine[1:], "late": late[:1], "person": person}
        line = Content("")
        for forms in parts.values():
            for part in forms:  # the longest form that there is room for
                if line.cell_length + part.cell_length + shown.cell_length <= room:
                    line = line + part
                    break
        return line + shown if shown.cell_length <= room else Content(" ")

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
