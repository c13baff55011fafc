"""The styles a table draws with, from the colours of the theme.

Not as component classes: those make ten more nodes a table, to which all styles are applied again whenever one of its classes changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

from rich.color import Color as RichColour
from rich.style import Style
from textual.color import Color

from finsync_tui.screens import contrast
from finsync_tui.screens.signs import Role

COLOURS: Mapping[Role, str] = {
    "ok": "success",
    "warn": "warning",
    "error": "error",
    "muted": "muted",
    "accent": "accent",
}
"""The name a theme has for the colour of each role; the others have the colour of the text."""
ROWS = ("cursor-row", "cursor-row-blurred", "marked-row", "header", "surface")


@dataclass(frozen=True, slots=True)
class Ink:
    """How each part of a table is drawn; what a role adds to the line it stands in."""

    plain: Style
    header: Style
    empty: Style
    marked: Style
    cursor: Style
    cursor_blurred: Style
    roles: Mapping[Role, Style | None]
    lifted: Mapping[RichColour | None, Mapping[Style | None, Style]]
    """By what a line lies on: what takes the place of a role that could not be read there."""


def ink(variables: Mapping[str, str], plain: Style) -> Ink:
    """Return the styles for a theme's variables on what lies below the table."""
    least = float(variables.get("least-contrast", contrast.LEAST))
    return _ink(tuple(variables[name] for name in (*COLOURS.values(), *ROWS)), plain, least)


@lru_cache(maxsize=8)
def _ink(values: tuple[str, ...], plain: Style, least: float) -> Ink:
    named = dict(zip((*COLOURS.values(), *ROWS), (Color.parse(value) for value in values), strict=True))
    found = {name: colour.rich_color for name, colour in named.items()}
    roles: dict[Role, Style | None] = dict.fromkeys(get_args(Role))
    roles |= {role: Style(color=found[name], bold=False) for role, name in COLOURS.items()}
    roles["strong"] = Style(color=plain.color, bold=True)
    return Ink(
        plain=plain,
        header=Style(color=found["header"], bgcolor=found["surface"], bold=True),
        empty=Style(color=found["muted"], bgcolor=plain.bgcolor),
        marked=Style(bgcolor=found["marked-row"]),
        cursor=Style(bgcolor=found["cursor-row"]),
        cursor_blurred=Style(bgcolor=found["cursor-row-blurred"]),
        roles=roles,
        lifted={
            named[row].rich_color: _lifted(named, row, roles, Color.from_rich_color(plain.color), least)
            for row in ("cursor-row", "cursor-row-blurred", "marked-row")
        },
    )


def _lifted(
    named: Mapping[str, Color], row: str, roles: Mapping[Role, Style | None], text: Color, least: float
) -> dict[Style | None, Style]:
    """Return the roles whose colour would be hard to read on a row, as they are drawn there."""
    found: dict[Style | None, Style] = {}
    for role, name in COLOURS.items():
        seen = contrast.readable(named[name], named[row], text, least)
        if seen != named[name]:
            found[roles[role]] = Style(color=seen.rich_color, bold=False)
    return found
