"""The styles a table draws with, from the colours of the theme.

Not as component classes: those make ten more nodes a table, to which all styles are applied again whenever one of its classes changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

from rich.style import Style
from textual.color import Color

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


def ink(variables: Mapping[str, str], plain: Style) -> Ink:
    """Return the styles for a theme's variables on what lies below the table."""
    return _ink(tuple(variables[name] for name in (*COLOURS.values(), *ROWS)), plain)


@lru_cache(maxsize=8)
def _ink(values: tuple[str, ...], plain: Style) -> Ink:
    found = dict(
        zip((*COLOURS.values(), *ROWS), (Color.parse(value).rich_color for value in values), strict=True)
    )
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
    )
