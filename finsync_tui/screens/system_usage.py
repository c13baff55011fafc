"""A system's limits, breaker, schedules and drift, drawn. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from finsync_tui.screens import drawing
from finsync_tui.screens.drawing import Piece
from finsync_tui.screens.text import ago, countdown, safe_text, span

if TYPE_CHECKING:
    from finsync_tui.profile.limits import Limits
    from finsync_tui.usage import Usage

DRIFT_LINES = 5
NARROW = 100


def drawn(used: Usage | str, failure_count: int, now: datetime, width: int) -> Content:
    """Draw how a system is used; a text says why that is not known."""
    if isinstance(used, str):
        return drawing.line((used, "muted"))
    lines: list[Content] = []
    if used.asked is not None:
        lines.append(
            drawing.line(
                ("⟳ read now ", "accent"),
                (f"asked for by {safe_text(used.asked.person, 40)} {ago(used.asked.asked_at, now)}", "muted"),
            )
        )
    if used.limits is None:
        lines.append(drawing.line(("The profile does not know this system any more.", "warn")))
    else:
        lines += _limits(used.limits, failure_count)
    return drawing.stack([*lines, drawing.BLANK, _rhythms(used, now, width), *_drift(used, now, width)])


def _limits(found: Limits, failure_count: int) -> list[Content]:
    own = "set for it" if found.is_own_rate else "its adapter's own"
    left = found.breaker_failures - failure_count
    breaker: Piece = (
        (f"open: {failure_count} failures in a row", "error")
        if left <= 0
        else (
            f"closed, {failure_count} of {found.breaker_failures} failures in a row",
            "warn" if failure_count else "ok",
        )
    )
    return [
        drawing.line(
            ("Rate     ", "muted"), (f"{found.requests_per_second:g} calls a second", ""), (f" ({own})", "muted"),
            (f" · {found.connections_max} at a time · {found.timeout_s:g} s patience", ""),
        ),
        drawing.line(("Breaker  ", "muted"), breaker, (f" · then left alone for {span(found.breaker_pause)}", "muted")),
        drawing.line(
            ("Retries  ", "muted"),
            (f"{found.attempts_max} attempts, from {span(found.delay_first)} up to {span(found.delay_max)} apart", ""),
        ),
    ]  # fmt: skip


def _rhythms(used: Usage, now: datetime, width: int) -> Content:
    if not used.rhythms:
        return drawing.line(("No schedule reads it: ", "muted"), ("finsync sync SYSTEM ENTITY", "accent"))
    rows: list[list[Piece]] = [
        [
            (safe_text(one.name, 40), "strong"),
            (one.words, ""),
            (ago(one.last_at, now), "muted"),
            (
                "at once" if one.next_at is None or one.next_at <= now else countdown(one.next_at, now),
                "accent",
            ),
            (safe_text(", ".join(one.entities), 200), "muted"),
        ]
        for one in used.rhythms
    ]
    widths = (20, 26, -11, -10, max(10, width - 80)) if width >= NARROW else (16, 16, -10, -9, 18)
    return drawing.table(widths, rows, ("schedule", "runs", "last", "next", "reads"), width=width)


def _drift(used: Usage, now: datetime, width: int) -> list[Content]:
    if not used.drift:
        return [
            drawing.BLANK,
            drawing.line(("● ", "ok"), ("Its documents look as described: no drift.", "muted")),
        ]
    lines = [drawing.BLANK, drawing.line((f"Drift · {used.drift_count:,}", "strong"))]
    for one in used.drift[:DRIFT_LINES]:
        lines.append(
            drawing.line(
                ("▲ " if one.severity == "warn" else "· ", "warn" if one.severity == "warn" else "muted"),
                (safe_text(one.message, max(20, width - 16)), ""),
                (f"  {ago(one.noticed_at, now)}", "muted"),
            )
        )
    if used.drift_count > DRIFT_LINES:
        lines.append(drawing.line((f"and {used.drift_count - DRIFT_LINES:,} more", "muted")))
    return lines
