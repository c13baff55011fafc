"""Small drawings made of text: facts in columns, paragraphs that hang, tables, bars. Pure; nothing is parsed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from finsync_tui.screens.signs import STYLES, Role
from finsync_tui.screens.text import fit

if TYPE_CHECKING:
    from finsync_tui.screens.queries import Waiting

Piece = tuple[str, Role]
BLANK = Content("")
FLOW_BELOW = 90
PROPOSALS_SHOWN = 4
COLUMN_MIN = 12
"""A column is shortened to this, not further: then it is left out."""
PARAGRAPH_WIDTH_MAX = 110
"""Longer lines are hard to read, however wide the window."""


def line(*pieces: Piece) -> Content:
    """Return one line of pieces, each in the style of its role."""
    return Content.assemble(*((text, STYLES[role]) for text, role in pieces))


def stack(lines: Iterable[Content]) -> Content:
    """Return lines below each other."""
    return Content("\n").join(list(lines))


def height(text: Content, width: int) -> int:
    """Return how many lines a text takes in a column of that width.

    >>> height(Content("four\\n\\nabcdefghi"), 4)
    5
    """
    return sum(max(1, -(-cell_len(one) // width)) for one in text.plain.split("\n"))


def title(text: str, note: str = "") -> Content:
    return line((text, "strong"), (f"  {note}" if note else "", "muted"))


def facts(pairs: Sequence[tuple[str, Piece]], width: int) -> Content:
    """Return labels and values in columns, read row by row; on a narrow window one after the other."""
    pairs = [(label, piece) for label, piece in pairs if piece[0]]
    if not pairs:
        return BLANK
    if width < FLOW_BELOW:
        return _flow(pairs, width)
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


def _flow(pairs: Sequence[tuple[str, Piece]], width: int) -> Content:
    rows: list[list[Piece]] = [[]]
    used = 0
    for label, (text, role) in pairs:
        size = len(label) + 1 + cell_len(text) + 3
        if used and used + size > width:
            rows.append([])
            used = 0
        rows[-1] += [
            (f"{label} ", "muted"),
            (f"{fit(text, min(cell_len(text), width - len(label) - 1))}   ", role),
        ]
        used += size
    return stack(line(*row) for row in rows)


def paragraph(label: str, text: str, width: int, *, role: Role = "", lines_max: int = 6) -> Content:
    """Return text that wraps under itself, with its label in front; what is cut off ends in an ellipsis."""
    lead = f"{label} " if label else ""
    room = max(10, min(width, PARAGRAPH_WIDTH_MAX) - len(lead))
    found = _wrapped(text, room, lines_max) or ["—"]
    lines = [line((lead, "muted"), (found[0], role))]
    lines += [line((" " * len(lead) + more, role)) for more in found[1:]]
    return stack(lines)


def _wrapped(text: str, room: int, lines_max: int) -> list[str]:
    """Wrap by cells, not by characters: `textwrap` counts a wide character as one."""
    if cell_len(text) == len(text):
        return textwrap.wrap(text, room, max_lines=lines_max, placeholder=" …")
    found: list[str] = []
    rest = text
    while rest and len(found) < lines_max:
        cut = len(rest)
        while cell_len(rest[:cut]) > room:
            cut -= 1
        at_space = rest.rfind(" ", 0, cut + 1)
        if cut < len(rest) and at_space > cut // 2:
            cut = at_space
        found.append(rest[:cut])
        rest = rest[cut:].lstrip(" ")
    if rest:
        found[-1] = fit(found[-1] + " …", min(room, cell_len(found[-1]) + 2))
    return found


def waiting(found: Sequence[Waiting], width: int) -> list[Content]:
    """Return who would do what, and why."""
    lines = [
        paragraph("", f"{one.maker} would {_proposed(one)}: {one.reason}", width, lines_max=4)
        for one in found[:PROPOSALS_SHOWN]
    ]
    if len(found) > PROPOSALS_SHOWN:
        lines.append(line((f"and {len(found) - PROPOSALS_SHOWN:,} more", "muted")))
    return lines


def _proposed(one: Waiting) -> str:
    if one.kind != "adoption":
        return f"write off {one.number}"
    values = " and ".join(f"{name} in {one.system} to {value}" for name, value in one.values)
    return f"set {values} for {one.number}"


def table(
    widths: Sequence[int], rows: Iterable[Sequence[Piece]], header: Sequence[str] = (), *, width: int = 0
) -> Content:
    """Return rows in columns; a negative width is right-aligned. Columns that begin beyond `width` are left out, so
    that a row is one line in any window."""
    kept = _kept(widths, width) if width else list(widths)
    lines = []
    if header:
        lines.append(line(*((_cell(text, size), "muted") for text, size in zip(header, kept, strict=False))))
    lines += [
        line(*((_cell(text, size), role) for (text, role), size in zip(row, kept, strict=False)))
        for row in rows
    ]
    return stack(lines)


def _kept(widths: Sequence[int], room: int) -> list[int]:
    kept: list[int] = []
    for size in widths:
        if abs(size) + 2 > room:
            if size > 0 and room >= COLUMN_MIN:
                kept.append(room - 2)
            break
        kept.append(size)
        room -= abs(size) + 2
    return kept


def _cell(text: str, width: int) -> str:
    return fit(text, abs(width), is_right=width < 0) + "  "


def bar(share: float, width: int, glyph: str = "━") -> str:
    """Return a bar of at least one cell for anything at all."""
    if share <= 0 or width <= 0:
        return ""
    return glyph * max(1, min(width, round(share * width)))


SPARKS = "▁▂▃▄▅▆▇█"


def sparkline(counts: Sequence[int]) -> str:
    """Return counts as bars of one line; nothing at all is a dot, so that one is told from none.

    >>> sparkline([0, 1, 5, 10])
    '·▂▅█'
    """
    most = max(counts, default=0)
    top = len(SPARKS) - 1
    return "".join(SPARKS[round(count / most * top)] if count else "·" for count in counts)
