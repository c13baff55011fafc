"""The lists of the Policies screen: their columns, how a row looks, and what is said about it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from textual.content import Content

from finsync_tui.screens import drawing, policy_drawing, signs
from finsync_tui.screens.policy_reading import PolicyRow, ProposalRow
from finsync_tui.screens.text import ago, stamp
from finsync_tui.screens.widgets.virtual_table import Cell, Column

Row = PolicyRow | ProposalRow
TABS = ("Policies", "Waiting", "Decided")
_PROPOSAL_COLUMNS = [
    Column("", 1),
    Column("No.", 4, is_right=True),
    Column("Policy", 14),
    Column("Change", 8),
    Column("By", 12),
    Column("Made", 6, is_right=True, is_optional=True),
    Column("State", 10),
    Column("Begins", 10, is_optional=True),
    Column("Decided by", 10, is_optional=True),
    Column("Why", 14, grows=True),
]
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
    "Waiting": _PROPOSAL_COLUMNS,
    "Decided": _PROPOSAL_COLUMNS,
}
EMPTY = {
    "Policies": "No rules yet. The layer `controls` has some to begin with.",
    "Waiting": "No change waits for a second person.",
    "Decided": "No change was decided yet.",
}


def title(tab: str, count: int, rule: str) -> str:
    """Return what stands above a list."""
    people = "a change takes two people" if rule == "two" else "one person changes the layers"
    return {
        "Policies": f"Policies · {count:,} · {people}",
        "Waiting": f"Changes that wait for a second person · {count:,}",
        "Decided": f"Decided changes · {count:,} · the newest first",
    }[tab]


def cells(row: Row, now: datetime) -> list[Cell]:
    """Return a row as its list shows it."""
    return _policy_cells(row, now) if isinstance(row, PolicyRow) else _proposal_cells(row, now)


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


def _proposal_cells(row: ProposalRow, now: datetime) -> list[Cell]:
    sign = signs.of(signs.PROPOSAL, row.state)
    return [
        (sign.glyph, sign.role),
        (f"{row.id}", "accent"),
        (row.policy, "strong"),
        (policy_drawing.counted(row.changes), ""),
        (f"{row.maker}{' (you)' if row.is_mine else ''}", ""),
        (ago(row.made_at, now).removesuffix(" ago"), "muted"),
        (sign.word if not row.is_outdated else "outdated", "warn" if row.is_outdated else sign.role),
        (row.starts_on or "at once", "" if row.starts_on else "muted"),
        (row.decided_by or "—", "" if row.decided_by else "muted"),
        (row.reason, ""),
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
    return f"Proposal {row.id}", about_proposal(row, width)


def about_policy(row: PolicyRow, width: int, height: int) -> Content:
    made = f"version {row.version}, in force since {stamp(row.since)}" if row.version else "not recorded yet"
    deputy = f", else {row.deputy}" if row.deputy else ""
    lines = [drawing.line((made, "strong"), (f" · {row.owner or 'nobody'} answers{deputy}", "muted"))]
    lines += [drawing.paragraph("▲", note, width, role="warn", lines_max=2) for note in row.notes]
    if row.setup is None:
        return drawing.stack([*lines, drawing.line(("It has no rules any more.", "muted"))])
    room = max(1, height - len(lines) - 3)
    return drawing.stack([*lines, drawing.BLANK, policy_drawing.short_rules(row.setup, width, room)])


def about_proposal(row: ProposalRow, width: int) -> Content:
    lines = [
        drawing.line(
            (row.policy, "strong"),
            (f" · {policy_drawing.counted(row.changes)} on version {row.base_version}", ""),
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
        told = f"the rules have changed meanwhile: version {row.version_now} is in force"
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
