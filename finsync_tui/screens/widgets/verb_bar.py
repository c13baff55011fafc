"""The last line: what can be done here. At most six verbs, four on a narrow window, never cut off silently."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual import events
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from finsync_tui.screens.text import fit

NARROW = 100
VERBS_MAX = 6
VERBS_NARROW_MAX = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """One verb as it is drawn, and whose action it is."""

    key: str
    label: str
    action: str
    node: DOMNode | None = None
    is_possible: bool = True

    @property
    def width(self) -> int:
        return len(self.key) + len(self.label) + 3


class VerbBar(Widget):
    """The shown bindings of the screen, in their order. A verb that is not possible now is dim, not gone."""

    def __init__(self) -> None:
        super().__init__()
        self._spans: list[tuple[int, int, Shown]] = []
        self._known: list[Shown] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[Any]) -> None:
        if self.is_attached and screen is self.screen:
            self.refresh()

    def row_changed(self) -> None:
        """The cursor stands on another row: draw again only when another verb is possible there. A key held down comes here
        thirty times a second, and finding all bindings costs more than drawing the row."""
        why = self._why
        if not self._known or any(verb.is_possible == bool(why(verb.action)) for verb in self._known):
            self.refresh()

    @property
    def _why(self) -> Callable[[str], str]:
        return getattr(self.screen, "why_not", lambda action: "")

    def _verbs(self) -> list[Shown]:
        """Return what the screen shows, in its order; each action once."""
        why = self._why
        found: dict[str, Shown] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and binding.action not in found:
                is_possible = active.enabled and not why(binding.action)
                key = self.app.get_key_display(binding)
                found[binding.action] = Shown(
                    key, binding.description, binding.action, active.node, is_possible
                )
        order = {action: place for place, action in enumerate(getattr(self.screen, "VERBS", ()))}
        return sorted(found.values(), key=lambda verb: order.get(verb.action, len(order)))

    def render(self) -> Content:
        is_narrow = self.size.width < NARROW
        last = [Shown("?", "more" if is_narrow else "help", "app.keys")]
        if not is_narrow:
            last.append(Shown("^p", "commands", "app.command_palette"))
        room = self.size.width - sum(verb.width for verb in last) - 1
        shown: list[Shown] = []
        verbs = self._known = self._verbs() if getattr(self.app, "shows_keys", True) else []
        progress = getattr(self.app, "progress", "")
        if progress:  # what takes long is said on every screen, in place of the verbs
            verbs = []
        for verb in verbs[: VERBS_NARROW_MAX if is_narrow else VERBS_MAX]:
            if verb.width <= room:
                shown.append(verb)
                room -= verb.width
        parts: list[tuple[str, str]] = []
        self._spans = []
        x = 0
        if progress:
            text = fit(f" {progress}", room)
            parts.append((text, "bold $primary"))
            x, room = room, 0
        for verb in [*shown, Shown("", "", "", is_possible=False), *last]:
            if not verb.action:
                parts.append((" " * (room + 1), ""))
                x += room + 1
                continue
            parts.append((f" {verb.key}", "bold $primary" if verb.is_possible else "$muted"))
            parts.append((f" {verb.label} ", "$foreground" if verb.is_possible else "$muted"))
            self._spans.append((x, x + verb.width, verb))
            x += verb.width
        return Content.assemble(*parts)

    async def on_click(self, event: events.Click) -> None:
        for start, end, verb in self._spans:
            if start <= event.x < end:
                await self.app.run_action(verb.action, verb.node or self.app)
