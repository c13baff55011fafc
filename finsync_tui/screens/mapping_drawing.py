"""Rules of mapping tables and what a change would do, drawn as text. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from textual.content import Content

from finsync_tui.impact import Impact
from finsync_tui.mapping import MappingRow, conditions
from finsync_tui.screens import drawing
from finsync_tui.screens.drawing import Piece
from finsync_tui.screens.signs import Role
from finsync_tui.screens.text import money, safe_text

SOURCE_WIDTH = (14, 24)
HEADER = ("from", "to", "for", "prio", "valid")


def source_words(row: MappingRow, width: int = 200) -> str:
    """Return what a rule is for: the value, and its conditions.

    >>> source_words(MappingRow(source="6100", target="1", where=(("category", "IT*"),)))
    '6100 if category=IT*'
    """
    return safe_text(f"{row.source} if {conditions.words(row.where)}" if row.where else row.source, width)


def value_words(value: str, given: conditions.Where) -> str:
    """Return a value and what documents that carry it have in the table's other columns."""
    known = conditions.words((name, text) for name, text in given if text)
    return safe_text(f"{value} with {known}" if known else value, 200)


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


def changes(removed: Iterable[MappingRow], added: Iterable[MappingRow], width: int, *, limit: int) -> Content:
    """Draw the rules that go with a minus in front, and those that come with a plus; at most `limit` of them."""
    found = [*((row, "−") for row in removed), *((row, "+") for row in added)]
    found.sort(key=lambda one: (one[0].source, one[0].scope, one[1] == "+"))
    rows = [_cells(row, sign, "error" if sign == "−" else "ok") for row, sign in found[:limit]]
    return drawing.table(_widths(width), rows, ("", *HEADER), width=width)


def _widths(width: int) -> tuple[int, ...]:
    value = SOURCE_WIDTH[width >= 100]
    return (1, value, value, 8, -4, 24)


def _cells(row: MappingRow, sign: str, role: Role) -> list[Piece]:
    return [
        (sign, role),
        (source_words(row), role or "strong"),
        (target_words(row), role or "accent"),
        (safe_text(row.scope, 40) or "all", role or ("" if row.scope else "muted")),
        (f"{row.priority}" if row.priority else "—", role or ("" if row.priority else "muted")),
        (validity(row), role or "muted"),
    ]


OUTCOMES: Mapping[str, tuple[str, Role, str]] = {
    "released": ("●", "ok", "would go on"),
    "newly_stuck": ("✕", "error", "would break"),
    "changed": ("→", "accent", "would be charged elsewhere"),
    "still_stuck": ("‖", "warn", "stay stuck, for another reason"),
    "decided": ("−", "muted", "ended; charged elsewhere only if sent today"),
}
ALWAYS_SHOWN = ("released", "newly_stuck")
"""A zero is an answer here."""
SAMPLES = 6
VALUES = 6


def impact(found: Impact, width: int) -> Content:
    """Draw what a change would do: outcomes with their money, then examples."""
    lines = [drawing.line(("What it would do", "strong"))]
    rows: list[list[Piece]] = []
    for outcome, (glyph, role, word) in OUTCOMES.items():
        totals = [one for one in found.totals if one.outcome == outcome]
        if not totals and outcome not in ALWAYS_SHOWN:
            continue
        count = sum(one.document_count for one in totals)
        sums = " · ".join(money(one.amount_minor, one.currency) for one in totals if one.currency)
        shade: Role = role if count else "muted"
        rows.append(
            [(glyph, shade), (f"{count:,}", "strong" if count else "muted"), (word, shade), (sums, "strong")]
        )
    lines.append(
        drawing.table(
            (1, -7, 43 if width >= 90 else 30, max(10, width - (60 if width >= 90 else 47))),
            rows,
            width=width,
        )
    )
    lines += [
        drawing.paragraph("▲", safe_text(one, 200), width, role="warn") for one in found.doubts[:SAMPLES]
    ]
    if not found.is_complete:
        lines.append(
            drawing.paragraph(
                "▲", "More documents than are decided again here: these are the largest.", width, role="warn"
            )
        )
    if not rows_of_interest(found):
        lines.append(drawing.line(("No document that was seen so far carries these values.", "muted")))
    if found.documents:
        lines += [drawing.BLANK, _samples(found, width)]
    if len(found.values) > 1:
        lines += [drawing.BLANK, _values(found, width)]
    return drawing.stack(lines)


def rows_of_interest(found: Impact) -> bool:
    """Return whether a change touches anything at all."""
    return any(one.document_count for one in found.totals)


def _samples(found: Impact, width: int) -> Content:
    rows: list[list[Piece]] = []
    for one in found.documents[:SAMPLES]:
        glyph, role, _ = OUTCOMES[one.outcome]
        after = ", ".join(dict.fromkeys(one.after.values()))
        before = ", ".join(dict.fromkeys(one.before.values()))
        told = one.cause if not after else f"{before} → {after}" if before else after
        rows.append(
            [
                (glyph, role),
                (safe_text(one.document_number, 40), "accent"),
                (money(one.amount_minor, one.currency), ""),
                (safe_text(told, 300), "muted"),
            ]
        )
    shown = drawing.table(
        (1, 12, -18, max(10, width - 40)),
        rows,
        ("", "for example", "amount", "account, or why not"),
        width=width,
    )
    if len(found.documents) > SAMPLES:
        more = len(found.documents) - SAMPLES
        return drawing.stack([shown, drawing.line((f"and {more:,} more documents", "muted"))])
    return shown


def _values(found: Impact, width: int) -> Content:
    rows: list[list[Piece]] = [
        [
            ("", ""),
            (safe_text(one.value, 60), "strong"),
            (safe_text(one.before or "nothing", 60), "" if one.before else "muted"),
            (safe_text(one.after or "nothing", 60), "accent" if one.after else "error"),
            (f"{one.document_count:,}", ""),
        ]
        for one in found.values[:VALUES]
    ]
    return drawing.table(
        (1, 14, 14, 14, -9), rows, ("", "value", "means now", "would mean", "documents"), width=width
    )
