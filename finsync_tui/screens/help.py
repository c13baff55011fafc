"""Help and palette, made from the key bindings themselves: neither can be forgotten when a key is added."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.screen import Screen

from finsync_tui.screens import themes
from finsync_tui.screens.base import WorkScreen
from finsync_tui.screens.places import PLACES
from finsync_tui.screens.widgets.dialogs import KeysDialog
from finsync_tui.screens.widgets.top_bar import TopBar

_NAMES = {
    "asterisk": "*",
    "slash": "/",
    "question_mark": "?",
    "colon": ":",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "equals_sign": "=",
    "number_sign": "#",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "semicolon": ";",
    "escape": "esc",
    "pagedown": "page down",
    "pageup": "page up",
    "ctrl+@": "ctrl+space",
}


def keys_dialog(screen: WorkScreen) -> KeysDialog:
    """Return the help of a screen."""
    groups: dict[str, dict[tuple[str, str], list[str]]] = {"This screen": {}, "Lists": {}, "Everywhere": {}}
    places = {"app": "Everywhere", "table": "Lists"}
    for binding in _bindings(screen):
        place = places.get(_area(binding), "This screen")
        name = (binding.description, binding.id or "")
        groups[place].setdefault(name, []).append(_NAMES.get(binding.key, binding.key))
    return KeysDialog(
        screen.title or "Help",
        screen.PURPOSE,
        [
            (name, [(", ".join(keys), label, id_) for (label, id_), keys in found.items()])
            for name, found in groups.items()
            if found
        ],
    )


def commands(app: App[None], screen: Screen[Any]) -> Iterator[SystemCommand]:
    """Yield everything that can be done here: first what the screen does, then where to go, then how it looks."""
    numbered = {mode for _, mode, _ in TopBar.MODES}
    seen: set[str] = set()
    for binding in _bindings(screen):
        if binding.action in seen or binding.action in ("command_palette", "back"):
            continue
        seen.add(binding.action)
        node = next(
            entry.node for entry in screen.active_bindings.values() if entry.binding.action == binding.action
        )
        key = _NAMES.get(binding.key, binding.key)
        title = f"Go to {binding.description}" if binding.action.startswith("go(") else binding.description
        title = title[:1].upper() + title[1:]
        yield SystemCommand(title, f"key {key}", partial(app.run_action, binding.action, node))
    for place, name, letter in PLACES:
        if place not in numbered:
            yield SystemCommand(
                f"Go to {name}", f"keys ; {letter}", partial(app.run_action, f"go('{place}')")
            )
    for theme, purpose in themes.OWN:
        yield SystemCommand(f"Theme {theme.name}", purpose, partial(setattr, app, "theme", theme.name))
    yield SystemCommand(
        "Choose another theme", "all themes; status colours may be harder to tell apart", app.search_themes
    )
    if isinstance(screen, WorkScreen) and screen.desk.actor.web_login:
        yield SystemCommand("Sign out", "end this session in the browser", screen.desk.action_sign_out)
    yield SystemCommand("Quit", "key ctrl+q", app.action_quit)


def _bindings(screen: Screen[Any]) -> Iterator[Binding]:
    """Yield what can be pressed here, first what the screen itself shows, in its order."""
    order = {action: place for place, action in enumerate(getattr(screen, "VERBS", ()))}
    found = [entry.binding for entry in screen.active_bindings.values()]
    for binding in sorted(found, key=lambda binding: order.get(binding.action, len(order))):
        if binding.description and binding.id and not binding.system:
            yield binding


def _area(binding: Binding) -> str:
    """Return what a binding's id begins with, in three groups."""
    area = (binding.id or "").partition(".")[0]
    return "app" if area in ("app", "go") else "table" if area in ("table", "mark") else "screen"
