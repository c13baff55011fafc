"""Small drawings made of text: facts in columns, paragraphs that hang, tables, bars. Pure; nothing is parsed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from textual.content import Content

from finsync_tui.screens.signs import STYLES, Role
from finsync_tui.screens.text import fit

Piece = tuple[str, Role]
BLANK = Content("")
PARAGRAPH_WIDTH_MAX = 110
"""Longer lines are hard to read, however wide the window."""


def line(*pieces: Piece) -> Content:
    """Return one line of pieces, each in the style of its role."""
    return Content.assemble(*((text, STYLES[role]) for text, role in pieces))


def stack(lines: Iterable[Content]) -> Content:
    """Return lines below each other."""
    return Content("\n").join(list(lines))


def title(text: str, note: str = "") -> Content:
    return line((text, "strong"), (f"  {note}" if note else "", "muted"))


def facts(pairs: Sequence[tuple[str, Piece]], width: int) -> Content:
    """Return labels and values in as many columns as fit, read row by row."""
    pairs = [(label, piece) for label, piece in pairs if piece[0]]
    if not pairs:
        return BLANK
    per_row = max(1, min(width // 34, len(pairs)))
    cell = width // per_row
    lines = []
    for start in range(0, len(pairs), per_row):
        pieces: list[Piece] = []
        for label, (text, role) in pairs[start : start + per_row]:
            name = f"{label} "
            pieces += [(name, "muted"), (fit(text, cell - len(name) - 2) + "  ", role)]
        lines.append(line(*pieces))
    return stack(lines)


def paragraph(label: str, text: str, width: int, *, role: Role = "", lines_max: int = 6) -> Content:
    """Return text that wraps under itself, with its label in front; what is cut off ends in an ellipsis."""
    room = max(10, min(width, PARAGRAPH_WIDTH_MAX) - len(label) - 1)
    found = textwrap.wrap(text, room, max_lines=lines_max, placeholder=" …") or ["—"]
    lines = [line((f"{label} ", "muted"), (found[0], role))]
    lines += [line((" " * (len(label) + 1) + more, role)) for more in found[1:]]
    return stack(lines)


def table(widths: Sequence[int], rows: Iterable[Sequence[Piece]], header: Sequence[str] = ()) -> Content:
    """Return rows in columns; a negative width is right-aligned."""
    lines = []
    if header:
        lines.append(
            line(*((_cell(text, width), "muted") for text, width in zip(header, widths, strict=True)))
        )
    lines += [
        line(*((_cell(text, width), role) for (text, role), width in zip(row, widths, strict=True)))
        for row in rows
    ]
    return stack(lines)


def _cell(text: str, width: int) -> str:
    return fit(text, abs(width), is_right=width < 0) + "  "


def bar(share: float, width: int, glyph: str = "━") -> str:
    """Return a bar of at least one cell for anything at all."""
    if share <= 0 or width <= 0:
        return ""
    return glyph * max(1, min(width, round(share * width)))
