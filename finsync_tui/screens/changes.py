"""A change that two people sign, whatever it is of: what lists and details say of it. Pure.

A kind of change is a `Kind` here, its rows from `change_rows.row_of`, and a `ChangeScreen` that says what changes and what it would do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from textual.content import Content

from finsync_tui.screens import drawing, signs
from finsync_tui.screens.change_rows import ProposalRow
from finsync_tui.screens.text import ago, safe_text, stamp
from finsync_tui.screens.widgets.virtual_table import Cell, Column

if TYPE_CHECKING:
    from store.proposals import Kind as ProposalKind

EMPTY: Final = {
    "Waiting": "No change waits for a second person.",
    "Decided": "No change was decided yet.",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What is said of one kind of change."""

    name: ProposalKind
    thing: str
    """What it changes, as a column is called."""
    has_changed: str
    """That somebody else has changed it: begins a sentence."""


MAPPING: Final = Kind("mapping", "Table", "the table has changed")
POLICY: Final = Kind("policy", "Policy", "the rules have changed")


def columns(kind: Kind) -> list[Column]:
    """Return the columns of the changes that wait and of those that were decided."""
    return [
        Column("", 1),
        Column("No.", 4, is_right=True),
        Column(kind.thing, 14),
        Column("Change", 8),
        Column("By", 12),
        Column("Made", 6, is_right=True, is_optional=True),
        Column("State", 10),
        Column("Begins", 10, is_optional=True),
        Column("Decided by", 10, is_optional=True),
        Column("Why", 14, grows=True),
    ]


def cells(row: ProposalRow, now: datetime) -> list[Cell]:
    """Return a change as its list shows it."""
    sign = signs.of(signs.PROPOSAL, row.state)
    return [
        (sign.glyph, sign.role),
        (f"{row.id}", "accent"),
        (safe_text(row.name, 64), "strong"),
        (row.changed, ""),
        (f"{row.maker}{' (you)' if row.is_mine else ''}", ""),
        (ago(row.made_at, now).removesuffix(" ago"), "muted"),
        (sign.word if not row.is_outdated else "outdated", "warn" if row.is_outdated else sign.role),
        (row.starts_on or "at once", "" if row.starts_on else "muted"),
        (row.decided_by or "—", "" if row.decided_by else "muted"),
        (row.reason, ""),
    ]


def about(row: ProposalRow, kind: Kind, width: int) -> Content:
    """Return what is told of a change below its list."""
    lines = [
        drawing.line(
            (safe_text(row.name, 64), "strong"),
            (f" · {row.changed} on version {row.base_version}", ""),
            (f" · from {row.starts_on} on" if row.starts_on else "", ""),
            (f" · by {row.maker}, {stamp(row.made_at)}", "muted"),
        ),
        drawing.paragraph("Why", row.reason, width, lines_max=3),
    ]
    if row.in_force_until is not None:
        told = (
            f"an emergency change, in force by its maker alone: to be approved by {stamp(row.in_force_until)}"
        )
        lines.append(drawing.paragraph("▲", told, width, role="warn"))
    if row.is_outdated:
        told = f"{kind.has_changed} meanwhile: version {row.version_now} is in force"
        lines.append(drawing.paragraph("▲", told, width, role="warn"))
    if row.decided_at is not None:
        became = f", version {row.became}" if row.became else ""
        said = f": {row.decision}" if row.decision else ""
        lines.append(
            drawing.paragraph(
                f"{signs.of(signs.PROPOSAL, row.state).word.capitalize()}{became}",
                f"{row.decided_by or 'finsync'}, {stamp(row.decided_at)}{said}",
                width,
                lines_max=3,
            )
        )
    return drawing.stack(lines)


def titles(count: int) -> dict[str, str]:
    """Return what stands above the two lists of changes."""
    return {
        "Waiting": f"Changes that wait for a second person · {count:,}",
        "Decided": f"Decided changes · {count:,} · the newest first",
    }


def words_of(row: ProposalRow) -> tuple[str, ...]:
    """Return what a filter finds a change by."""
    return (f"{row.id}", row.name, row.maker, row.reason, row.decided_by, row.state)


def contains(words: Sequence[str], text: str) -> bool:
    """Return whether these hold every word of a filter, and none with a minus in front.

    >>> contains(("cost_centre", "maria"), "COST -tom")
    True
    """
    held = "\n".join(words).lower()
    return all(
        (word[1:] not in held) if word.startswith("-") and len(word) > 1 else word in held
        for word in text.lower().split()
    )
