"""The lists of the Policies screen: their columns, how a row looks, and what is said about it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from textual.content import Content

from finsync_tui.screens import changes, drawing, policy_drawing, signs
from finsync_tui.screens.change_rows import ProposalRow
from finsync_tui.screens.policy_reading import PolicyRow
from finsync_tui.screens.text import ago, stamp
from finsync_tui.screens.widgets.virtual_table import Cell, Column

Row = PolicyRow | ProposalRow
TABS = ("Policies", "Waiting", "Decided")
COLUMNS: Mapping[str, list[Column]] = {
    "Policies": [
        Column("", 1),
        Column("Policy", 16),
        Column("Decides", 14, is_optional=True),
        Column("Version", 7, is_right=True),
        Column("Rules", 5, is_right=True),
        Column("Cases", 5, is_right=True),
        Column("Waiting", 7, is_right=True),
        Column("Owner", 16, is_optional=True),
        Column("Changed by", 14, is_optional=True),
        Column("Since", 7, is_right=True, is_optional=True),
        Column("State", 12, grows=True),
    ],
    "Waiting": changes.columns(changes.POLICY),
    "Decided": changes.columns(changes.POLICY),
}
EMPTY = {
    "Policies": "No rules yet. The layer `controls` has some to begin with.",
    **changes.EMPTY,
}


def title(tab: str, count: int, rule: str) -> str:
    """Return what stands above a list."""
    people = "a change takes two people" if rule == "two" else "one person changes the layers"
    return {
        "Policies": f"Policies · {count:,} · {people}",
        **changes.titles(count),
    }[tab]


def cells(row: Row, now: datetime) -> list[Cell]:
    """Return a row as its list shows it."""
    return _policy_cells(row, now) if isinstance(row, PolicyRow) else changes.cells(row, now)


def _policy_cells(row: PolicyRow, now: datetime) -> list[Cell]:
    who = f"{row.maker}, {row.checker}" if row.checker else row.maker
    sign = _sign(row)
    return [
        (sign.glyph, sign.role),
        (row.name, "strong"),
        (row.decides or "—", "" if row.decides else "muted"),
        (f"{row.version}" if row.version else "—", "" if row.version else "muted"),
        (f"{row.rule_count:,}", ""),
        (f"{row.case_count:,}" if row.case_count else "—", "" if row.case_count else "warn"),
        (f"{row.waiting_count:,}" if row.waiting_count else "—", "accent" if row.waiting_count else "muted"),
        (row.owner or "nobody", "" if row.owner else "warn"),
        (who or "the layers", "" if who else "muted"),
        (ago(row.since, now).removesuffix(" ago") if row.since else "—", "muted"),
        (row.notes[0] if row.notes else sign.word, sign.role if row.notes else "muted"),
    ]


def _sign(row: PolicyRow) -> signs.Sign:
    if row.notes:
        return signs.Sign("▲", "look at it", "warn")
    if row.setup is None:
        return signs.Sign("−", "ended", "muted")
    return signs.Sign("●", "signed by two" if row.checker else "as the layers say", "ok")


def about(row: Row, width: int, height: int) -> tuple[str, Content]:
    """Return what is told of a row, and under which title."""
    if isinstance(row, PolicyRow):
        return row.name, about_policy(row, width, height)
    return f"Proposal {row.id}", changes.about(row, changes.POLICY, width)


def about_policy(row: PolicyRow, width: int, height: int) -> Content:
    made = f"version {row.version}, in force since {stamp(row.since)}" if row.version else "not recorded yet"
    deputy = f", else {row.deputy}" if row.deputy else ""
    lines = [drawing.line((made, "strong"), (f" · {row.owner or 'nobody'} answers{deputy}", "muted"))]
    lines += [drawing.paragraph("▲", note, width, role="warn", lines_max=2) for note in row.notes]
    if row.setup is None:
        return drawing.stack([*lines, drawing.line(("It has no rules any more.", "muted"))])
    room = max(1, height - len(lines) - 3)
    return drawing.stack([*lines, drawing.BLANK, policy_drawing.short_rules(row.setup, width, room)])


def words_of(row: Row) -> tuple[str, ...]:
    """Return what a filter finds a row by."""
    if isinstance(row, PolicyRow):
        return (row.name, row.decides, row.owner, row.deputy, row.maker, row.checker, *row.notes)
    return changes.words_of(row)
