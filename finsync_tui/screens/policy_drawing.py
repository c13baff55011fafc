"""Rules, cases, differences and what a change would do, drawn as text. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.content import Content

from finsync_tui.policies.difference import Difference
from finsync_tui.policies.model import PolicySetup, Rule
from finsync_tui.policy_impact import NOT_RECKONED, ORDER, Impact
from finsync_tui.screens import drawing
from finsync_tui.screens.drawing import Piece
from finsync_tui.screens.policy_reading import CaseRow, FieldRow
from finsync_tui.screens.signs import Role
from finsync_tui.screens.text import money, safe_text

OUTCOMES: Mapping[str, tuple[str, Role, str]] = {
    "released": ("●", "ok", "would go on"),
    "newly_held": ("✕", "error", "would wait"),
    "changed": ("→", "accent", "would be decided otherwise"),
    "undecided": ("✕", "error", "could not be asked"),
    "past_held": ("−", "muted", "have passed; would wait today"),
    "past_free": ("−", "muted", "would pass today"),
    "past_changed": ("−", "muted", "have passed; otherwise only today"),
}
ALWAYS_SHOWN = ("released", "newly_held")
"""A zero is an answer here."""
SAMPLES = 6
THEN_ROLES: Mapping[str, Role] = {"stop": "error", "ask": "warn", "note": "muted"}


def rules(setup: PolicySetup | None, width: int) -> Content:
    """Draw each rule in full: what it asks, what then, whom it is for and since when."""
    if setup is None:
        return drawing.line(("It has no rules any more.", "muted"))
    lines: list[Content] = []
    for name, rule in setup.rules.items():
        role = THEN_ROLES.get(rule.then, "accent") if rule.is_enabled else "muted"
        lines.append(
            drawing.line(
                (safe_text(name, 60), "strong"),
                ("  → ", "muted"),
                (safe_text(rule.then, 60), role),
                (f"  {_limits(rule)}", "muted"),
            )
        )
        lines.append(
            drawing.paragraph("  when", safe_text(" ".join(rule.when.split()), 2_000), width, lines_max=8)
        )
        lines.append(drawing.paragraph("  why", safe_text(rule.why, 500), width, role="muted", lines_max=3))
        if rule.fix:
            lines.append(
                drawing.paragraph("  fix", safe_text(rule.fix, 500), width, role="muted", lines_max=3)
            )
        lines.append(drawing.BLANK)
    return drawing.stack(lines[:-1] or [drawing.line(("It has no rules.", "muted"))])


def short_rules(setup: PolicySetup, width: int, limit: int) -> Content:
    """Draw rules in one line each."""
    rows: list[list[Piece]] = [
        [
            (safe_text(rule.then, 20), THEN_ROLES.get(rule.then, "accent") if rule.is_enabled else "muted"),
            (safe_text(name, 60), "strong" if rule.is_enabled else "muted"),
            (safe_text(rule.why, 300), "" if rule.is_enabled else "muted"),
        ]
        for name, rule in list(setup.rules.items())[:limit]
    ]
    shown = drawing.table((10, 22, max(10, width - 38)), rows, ("then", "rule", "why"), width=width)
    more = len(setup.rules) - limit
    if more > 0:
        return drawing.stack([shown, drawing.line((f"and {more:,} more: enter shows them all", "muted"))])
    return shown


def _limits(rule: Rule) -> str:
    parts = []
    if not rule.is_enabled:
        parts.append("switched off")
    if rule.companies:
        parts.append(f"for {', '.join(safe_text(one, 20) for one in rule.companies[:6])}")
    if rule.priority:
        parts.append(f"priority {rule.priority}")
    if rule.valid_from:
        parts.append(f"from {rule.valid_from}")
    if rule.valid_to:
        parts.append(f"until {rule.valid_to}")
    return " · ".join(parts)


def cases(found: Sequence[CaseRow], untested: Sequence[str], width: int) -> Content:
    """Draw each case with what was expected and how it ended."""
    lines: list[Content] = []
    if found:
        rows: list[list[Piece]] = [
            [
                ("✕" if one.problem else "●", "error" if one.problem else "ok"),
                (one.name, "strong"),
                (one.on.isoformat(), "muted"),
                (one.company or "any", "" if one.company else "muted"),
                (_words(one.expected), ""),
                (one.problem or "passed", "error" if one.problem else "muted"),
            ]
            for one in found
        ]
        header = ("", "case", "on", "for", "rules that say yes", "outcome")
        lines.append(
            drawing.table(
                (1, 24, 10, 6, max(18, (width - 60) // 2), max(10, (width - 60) // 2)),
                rows,
                header,
                width=width,
            )
        )
    else:
        lines.append(drawing.line(("No case stands beside these rules.", "muted")))
    if untested:
        lines += [
            drawing.BLANK,
            drawing.paragraph("▲ no case expects", ", ".join(untested), width, role="warn"),
        ]
    return drawing.stack(lines)


def _words(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def fields(found: Sequence[FieldRow], width: int) -> Content:
    """Draw what a rule may name, with its kind."""
    rows: list[list[Piece]] = [
        [
            (one.name, "accent"),
            (one.kind, ""),
            ("may be missing: ask with has(...)" if one.may_be_missing else "", "muted"),
        ]
        for one in found
    ]
    return drawing.table((44 if width >= 100 else 36, 18, 34), rows, ("name", "kind", ""), width=width)


def differences(found: Sequence[Difference], width: int, limit: int = 200) -> Content:
    """Draw what differs, part by part: what goes with a minus in front, what comes with a plus."""
    if not found:
        return drawing.line(("No rule changes.", "muted"))
    lines: list[Content] = []
    for one in found[:limit]:
        lines.append(drawing.line((safe_text(one.place, max(20, width)), "strong")))
        if one.before is not None:
            lines.append(
                drawing.paragraph("  −", safe_text(one.before, 2_000), width, role="error", lines_max=4)
            )
        if one.after is not None:
            lines.append(drawing.paragraph("  +", safe_text(one.after, 2_000), width, role="ok", lines_max=4))
    if len(found) > limit:
        lines.append(drawing.line((f"and {len(found) - limit:,} more", "muted")))
    return drawing.stack(lines)


def impact(found: Impact, width: int) -> Content:
    """Draw what a change would do: outcomes with their money, examples, and how often each rule says yes."""
    if not found.decides:
        return drawing.paragraph("", NOT_RECKONED, width, role="warn")
    left_out = f", {found.left_out:,} of smaller amounts were not" if found.left_out else ""
    lines = [drawing.title("What it would do", f"{found.asked:,} stored documents were asked{left_out}")]
    rows: list[list[Piece]] = []
    for outcome in ORDER:
        glyph, role, word = OUTCOMES[outcome]
        totals = [one for one in found.totals if one.outcome == outcome]
        if not totals and outcome not in ALWAYS_SHOWN:
            continue
        count = sum(one.document_count for one in totals)
        sums = " · ".join(money(one.amount_minor, one.currency) for one in totals if one.currency)
        shade: Role = role if count else "muted"
        rows.append(
            [(glyph, shade), (f"{count:,}", "strong" if count else "muted"), (word, shade), (sums, "strong")]
        )
    lines.append(drawing.table((1, -7, 34, max(10, width - 51)), rows, width=width))
    if found.documents:
        lines += [drawing.BLANK, _samples(found, width)]
    if found.rules:
        yes: list[list[Piece]] = [
            [
                ("", ""),
                (safe_text(rule, 80), "strong"),
                (f"{now:,}", "" if now == then else "muted"),
                (f"{then:,}", "accent" if now != then else ""),
            ]
            for rule, (now, then) in found.rules.items()
        ]
        header = ("", "rule", "says yes to", "would")
        lines += [drawing.BLANK, drawing.table((1, 40, -11, -9), yes, header, width=width)]
    return drawing.stack(lines)


def _samples(found: Impact, width: int) -> Content:
    rows: list[list[Piece]] = []
    for one in found.documents[:SAMPLES]:
        glyph, role, _ = OUTCOMES[one.outcome]
        told = one.cause or f"no longer {', '.join(one.before)}"
        rows.append(
            [
                (glyph, role),
                (safe_text(one.document_number, 40), "accent"),
                (money(one.amount_minor, one.currency), ""),
                (safe_text(told, 300), "muted"),
            ]
        )
    shown = drawing.table(
        (1, 14, -18, max(10, width - 42)), rows, ("", "for example", "amount", "why"), width=width
    )
    count = sum(one.document_count for one in found.totals)
    if count > len(rows):
        return drawing.stack([shown, drawing.line((f"and {count - len(rows):,} more documents", "muted"))])
    return shown
