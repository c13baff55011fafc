"""Rules of mapping tables and what a change would do, drawn as text. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.content import Content

from finsync_tui.mapping import MappingRow
from finsync_tui.screens import drawing
from finsync_tui.screens.drawing import Piece
from finsync_tui.screens.signs import Role
from finsync_tui.screens.text import safe_text

SOURCE_WIDTH = (14, 24)
HEADER = ("from", "to", "for", "prio", "valid")


def target_words(row: MappingRow) -> str:
    """Return what a rule makes of its value, in words where that is a sign."""
    return "= (as it is)" if row.target == "=" else safe_text(row.target, 200)


def validity(row: MappingRow) -> str:
    """Return the days on which a rule holds.

    >>> validity(MappingRow(source="a", target="b"))
    'always'
    """
    if row.valid_from is None and row.valid_to is None:
        return "always"
    if row.valid_to is None:
        return f"from {row.valid_from}"
    return f"{row.valid_from} to {row.valid_to}" if row.valid_from else f"until {row.valid_to}"


def counted(added: int, removed: int) -> str:
    """Return how many rules come and go: `+2 −1`.

    >>> counted(2, 1), counted(0, 0)
    ('+2 −1', 'no rule')
    """
    parts = [f"+{added:,}" if added else "", f"−{removed:,}" if removed else ""]
    return " ".join(part for part in parts if part) or "no rule"


def rules(rows: Sequence[MappingRow], width: int) -> Content:
    """Draw rules in columns."""
    return drawing.table(_widths(width), [_cells(row, "", "") for row in rows], ("", *HEADER), width=width)


def changes(removed: Iterable[MappingRow], added: Iterable[MappingRow], width: int) -> Content:
    """Draw the rules that go with a minus in front, and those that come with a plus."""
    found = [*((row, "−") for row in removed), *((row, "+") for row in added)]
    found.sort(key=lambda one: (one[0].source, one[0].scope, one[1] == "+"))
    rows = [_cells(row, sign, "error" if sign == "−" else "ok") for row, sign in found]
    return drawing.table(_widths(width), rows, ("", *HEADER), width=width)


def _widths(width: int) -> tuple[int, ...]:
    value = SOURCE_WIDTH[width >= 100]
    return (1, value, value, 8, -4, 24)


def _cells(row: MappingRow, sign: str, role: Role) -> list[Piece]:
    return [
        (sign, role),
        (safe_text(row.source, 200), role or "strong"),
        (target_words(row), role or "accent"),
        (safe_text(row.scope, 40) or "all", role or ("" if row.scope else "muted")),
        (f"{row.priority}" if row.priority else "—", role or ("" if row.priority else "muted")),
        (validity(row), role or "muted"),
    ]
