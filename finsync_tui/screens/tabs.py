"""The tabs of the detail screens, drawn from dossiers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.cells import cell_len, chop_cells
from textual.content import Content

from finsync_tui.screens import compare, drawing, signs
from finsync_tui.screens.compare import Line
from finsync_tui.screens.dossiers import (
    AttemptView,
    HistoryLine,
    Link,
    Note,
    Payload,
    Sides,
    StepView,
    Undoing,
)
from finsync_tui.screens.drawing import Piece
from finsync_tui.screens.queries import DeliveryRow, ExceptionRow
from finsync_tui.screens.signs import Role
from finsync_tui.screens.similar import SHOWN, WORDS, Similar, ways
from finsync_tui.screens.text import NULL, ago, countdown, span, stamp

MARK_ROLES: dict[str, Role] = {
    "≠": "error",
    "+": "warn",
    "−": "warn",
    "→": "accent",
    "=": "muted",
    " ": "muted",
}
HISTORY_GLYPHS = {
    "record": "◌",
    "step": "●",
    "attempt": "→",
    "crossref": "=",
    "exception": "▲",
    "finding": "·",
    "event": "○",
    "person": "✓",
}
BAR_WIDTH = 20
BAR_WIDTH_NARROW = 10
ROOMY = 150
"""From here on the bars have room beside what was decided."""
SLA_WIDTH = 13
BAD_STATUS = 400
COLUMN_MAX = 44
PLACE_WIDTH = 12
VALUE_ROWS_MAX = 3


def comparison(sides: Sides, width: int, *, shows_equal: bool) -> Content:
    """Draw source, sent and target side by side; what differs first."""
    if not sides.lines:
        return drawing.line(("Nothing to compare: the document could not be stored. See Payload.", "muted"))
    lines = compare.ordered(sides.lines)
    is_alone = sides.sent_at is None and sides.target_at is None  # nothing to be equal to: all of it is news
    shown = [line for line in lines if shows_equal or is_alone or not line.is_equal]
    label = min(24, max((len(line.label) for line in shown), default=12))
    column = max(10, min(COLUMN_MAX, (width - label - 11) // 3))
    widths = (1, label, column, column, column)
    header = (
        " ",
        "field",
        f"source: {sides.source}" if sides.source_at else "source: not stored",
        f"sent to {sides.sent}" if sides.sent else "not sent",
        f"now in {sides.target}" if sides.target_at else "not in a target",
    )
    dates = ("", "", *(_fitting(at, column) for at in (sides.source_at, sides.sent_at, sides.target_at)))
    body = [
        drawing.table(widths, [], header),
        drawing.table(widths, [[(date, "muted") for date in dates]]),
        drawing.table(widths, [row for line in shown for row in _compared(line, column)])
        if shown
        else drawing.BLANK,
    ]
    hidden = len(lines) - len(shown)
    if hidden:
        body.append(drawing.line((f"{hidden} equal fields hidden · = shows all", "muted")))
    elif any(line.mark == "=" for line in shown):
        body.append(drawing.line(("= hides the equal fields", "muted")))
    return drawing.stack(body)


def _fitting(at: datetime | None, width: int) -> str:
    if at is None:
        return ""
    return stamp(at) if width >= len("2026-03-14 10:00") else stamp(at)[5:]


def _compared(line: Line, column: int) -> list[list[Piece]]:
    """One field: as many rows as its longest value needs, so that an account is never cut."""
    role = MARK_ROLES[line.mark]
    plain: Role = "muted" if line.mark == "=" else ""
    roles: list[Role] = [plain, plain, "strong" if role in ("error", "warn") else plain]
    values = [
        _pieces("" if value is None else value or NULL, column)
        for value in (line.source, line.sent, line.target)
    ]
    rows: list[list[Piece]] = []
    for number in range(max(len(parts) for parts in values)):
        row: list[Piece] = [(line.mark, role), (line.label, "muted")] if number == 0 else [("", ""), ("", "")]
        for parts, value_role in zip(values, roles, strict=True):
            text = parts[number] if number < len(parts) else ""
            row.append((text, "muted" if text == NULL else value_role))
        rows.append(row)
    return rows


def _pieces(value: str, width: int) -> list[str]:
    if cell_len(value) <= width:
        return [value]
    return chop_cells(value, width)[:VALUE_ROWS_MAX]


def decisions(steps: Sequence[StepView], evidence: Sequence[tuple[str, str]], width: int) -> Content:
    """Draw what the steps decided: which mapping, which policy version, from what to what."""
    lines: list[Content] = []
    if evidence:
        lines += [drawing.title("Evidence"), *_pairs(evidence, width), drawing.BLANK]
    for step in steps:
        sign = signs.of(signs.STEP, step.state)
        lines.append(
            drawing.line(
                (f"{sign.glyph} ", sign.role),
                (step.name, "strong"),
                (f"  {sign.word}  {stamp(step.started_at)}", "muted"),
            )
        )
        lines += _pairs(step.detail, width)
    return drawing.stack(lines) if lines else drawing.line(("Nothing was decided yet.", "muted"))


def _pairs(pairs: Sequence[tuple[str, str]], width: int) -> list[Content]:
    if not pairs:
        return []
    label = min(28, max(len(name) for name, _ in pairs))
    return [drawing.paragraph(f"    {name:<{label}}", value, width, lines_max=3) for name, value in pairs]


def attempts(found: Sequence[AttemptView], width: int, *, request_lines_max: int | None = None) -> Content:
    """Draw each call with its answer, and below the last of those that sent the same what they sent."""
    if not found:
        return drawing.line(("Nothing was sent yet.", "muted"))
    lines: list[Content] = []
    first = found[0]
    for attempt, following in zip(found, (*found[1:], None), strict=True):
        lines += _attempt(attempt, width)
        if following is None or (following.entry_id, following.request) != (
            attempt.entry_id,
            attempt.request,
        ):
            lines += _request(first, attempt, request_lines_max)
            first = following or first
    return drawing.stack(lines)


def _attempt(attempt: AttemptView, width: int) -> list[Content]:
    sign = signs.of(signs.ATTEMPT, attempt.outcome)
    took = f"  {attempt.duration_ms:,} ms" if attempt.duration_ms is not None else ""
    at = stamp(attempt.started_at)
    call = f"#{attempt.number} {attempt.operation} → {attempt.system}  "
    status = f"  HTTP {attempt.status}" if attempt.status else ""
    if cell_len(f"x {at}  {call}{sign.word}{status}{took}") > width:
        at = at[5:]  # the year goes first; what still does not fit is wrapped
    head = drawing.line(
        (f"{sign.glyph} ", sign.role),
        (f"{at}  ", "muted"),
        (call, ""),
        (sign.word, sign.role),
        (f"{status}{took}", "muted"),
    )
    lines = [head]
    if attempt.message:
        if head.cell_length + cell_len(attempt.message) + 2 <= width:
            lines = [head + drawing.line((f"  {attempt.message}", ""))]
        else:
            lines.append(drawing.paragraph("   ", attempt.message, width))
    if attempt.answer:
        lines.append(drawing.paragraph("    answer", attempt.answer, width, role="muted", lines_max=8))
    return lines


def requests(found: Sequence[AttemptView], width: int) -> Content:
    """Draw what went over the wire in each attempt, the newest first, with its answer below."""
    if not found:
        return drawing.line(("Nothing was sent yet.", "muted"))
    lines: list[Content] = []
    for attempt in reversed(found):
        sign = signs.of(signs.ATTEMPT, attempt.outcome)
        head = f"#{attempt.number}  {stamp(attempt.started_at)}  "
        lines.append(drawing.line((head, "strong"), (f"{sign}", sign.role)))
        if not attempt.calls:
            lines.append(drawing.line(("  Nothing was noted of what went over the wire.", "muted")))
        for call in attempt.calls:
            status = f"HTTP {call.status}" if call.status else "no answer"
            role: Role = "ok" if call.status and call.status < BAD_STATUS else "warn"
            lines.append(drawing.line(("  ", ""), (call.line, "accent"), ("  → ", "muted"), (status, role)))
            lines += [drawing.line((f"    {line}", "")) for line in call.body]
        if attempt.answer:
            lines.append(drawing.paragraph("  answer", attempt.answer, width, role="muted", lines_max=8))
        lines.append(drawing.BLANK)
    return drawing.stack(lines[:-1])


def _request(first: AttemptView, last: AttemptView, lines_max: int | None) -> list[Content]:
    which = f"#{first.number}" if first is last else f"#{first.number} to #{last.number}"
    sent = last.request
    shown = sent.lines[:lines_max]
    lines = [
        drawing.line(
            ("    request ", "muted"),
            (f"of {which}, {sent.title}", "strong"),
            (f"  {sent.note}" if sent.note else "", "warn"),
        ),
        *(drawing.line((f"      {text}", "")) for text in shown),
    ]
    if len(shown) < len(sent.lines):
        lines.append(
            drawing.line((f"      {len(sent.lines) - len(shown):,} more lines: see its delivery", "muted"))
        )
    return lines


def history(found: Sequence[HistoryLine], width: int) -> Content:
    """Draw what happened to the document, oldest first."""
    if not found:
        return drawing.line(("Nothing is known about this document yet.", "muted"))
    what = min(44, max(16, max(len(line.what) for line in found)))
    widths = (1, 16, PLACE_WIDTH, what, max(10, width - what - PLACE_WIDTH - 25))
    return drawing.table(
        widths,
        (
            [
                (HISTORY_GLYPHS.get(line.kind, "·"), "warn" if line.kind == "exception" else "accent"),
                (stamp(line.at), "muted"),
                (line.place, "muted"),
                (line.what, "strong" if line.kind == "exception" else ""),
                (line.detail, "muted"),
            ]
            for line in found
        ),
        width=width,
    )


def payload(found: Payload) -> Content:
    """Draw a document with line numbers."""
    head = drawing.line((found.title, "muted"), (f"  {found.note}" if found.note else "", "warn"))
    size = len(str(len(found.lines)))
    return drawing.stack(
        [
            head,
            *(
                drawing.line((f"{number:>{size}} ", "muted"), (text, ""))
                for number, text in enumerate(found.lines, 1)
            ),
        ]
    )


def notes(found: Sequence[Note], now: datetime, width: int) -> Content:
    """Draw comments, oldest first."""
    if not found:
        return drawing.line(("No comment yet. ", "muted"), ("c", "accent"), (" writes one.", "muted"))
    lines: list[Content] = []
    for note in found:
        lines.append(
            drawing.line((note.author, "strong"), (f"  {ago(note.at, now)} · {stamp(note.at)}", "muted"))
        )
        lines += [drawing.paragraph("  ", text, width, lines_max=20) for text in note.lines]
        lines.append(drawing.BLANK)
    return drawing.stack(lines)


def timeline(steps: Sequence[StepView], now: datetime, width: int) -> Content:
    """Draw the steps with how long each took and whether that was in time; the bars share one scale."""
    if not steps:
        return drawing.line(("No step was taken yet.", "muted"))
    name = min(24, max(10, max(len(step.name) for step in steps)))
    took = [(step.ended_at or now) - step.started_at for step in steps]
    longest = max(max(took), timedelta(seconds=1))
    bar_width = BAR_WIDTH if width >= ROOMY else BAR_WIDTH_NARROW
    room = max(10, width - name - bar_width - 45 - SLA_WIDTH - 2)
    rows: list[list[Piece]] = []
    for step, duration in zip(steps, took, strict=True):
        sign = signs.of(signs.STEP, step.state)
        bar = drawing.bar(duration / longest, bar_width)
        rows.append(
            [
                (sign.glyph, sign.role),
                (step.name, "strong" if step.ended_at is None else ""),
                (sign.word, sign.role),
                (stamp(step.started_at)[5:], "muted"),
                (span(duration), "" if step.ended_at else "warn"),
                _sla(step, now),
                (bar, sign.role if step.ended_at is None else "muted"),
                (" · ".join(f"{label} {value}" for label, value in step.detail[:4]), "muted"),
            ]
        )
    widths = (1, name, 9, 11, -8, SLA_WIDTH, bar_width, room)
    return drawing.table(
        widths, rows, (" ", "step", "state", "from", "took", "SLA", "", "decided"), width=width
    )


def _sla(step: StepView, now: datetime) -> Piece:
    """Say whether a step ended in time, or how long the present one still has."""
    if step.due_at is None:
        return ("—", "muted")
    if step.ended_at is None:
        sign = signs.urgency(step.due_at, now)
        return (f"{sign.glyph} {countdown(step.due_at, now)}", sign.role)
    late = step.ended_at - step.due_at
    return (f"▲ {span(late)} late", "error") if late > timedelta(0) else ("● in time", "ok")


def compensation(found: Sequence[Undoing], width: int) -> Content:
    """Draw each write of a workflow that was given up beside what took it back, and in which system."""
    rows: list[list[Piece]] = []
    for one in found:
        counter = one.counter
        if counter is None:
            how: list[Piece] = [("stays: nothing undoes it", "warn"), ("", "")]
        else:
            sign = signs.of(signs.DELIVERY, counter.state)
            how = [(counter.operation, ""), (f"{sign}", sign.role)]
        rows.append(
            [
                ("✕" if one.at else "⟳", "muted" if one.at else "accent"),
                (one.write.operation, ""),
                (one.write.system, ""),
                (one.write.external_id, "muted"),
                ("→", "muted"),
                *how,
                (stamp(one.at)[5:] if one.at else "under way", "muted" if one.at else "accent"),
            ]
        )
    widths = (1, 18, 12, max(6, min(18, width - 86)), 1, 24, 11, 11)
    header = ("", "what it had done", "in", "their id", "", "undone by", "", "when")
    return drawing.stack([drawing.title("Taken back"), drawing.table(widths, rows, header, width=width)])


def deliveries(found: Sequence[DeliveryRow], now: datetime, width: int) -> Content:
    """Draw what a workflow sent."""
    if not found:
        return drawing.line(("Nothing was sent yet.", "muted"))
    rows: list[list[Piece]] = []
    for row in found:
        sign = signs.of(signs.DELIVERY, row.state)
        rows.append(
            [
                (sign.glyph, sign.role),
                (sign.word, sign.role),
                (row.operation, ""),
                (row.system, ""),
                (f"{row.attempt_count}", "muted"),
                (
                    countdown(row.next_at, now) if row.state == "pending" else ago(row.changed_at, now),
                    "muted",
                ),
                (row.message or row.external_id, "muted"),
            ]
        )
    return drawing.table(
        (1, 11, 16, 12, -5, 12, max(10, width - 75)),
        rows,
        (" ", "state", "operation", "system", "tries", "when", "answer"),
        width=width,
    )


def cases(found: Sequence[ExceptionRow], width: int) -> Content:
    """Draw the exceptions of a workflow."""
    if not found:
        return drawing.line(("It was never stuck.", "muted"))
    lines: list[Content] = []
    for row in found:
        sign = signs.of(signs.CASE, row.state)
        lines.append(
            drawing.line(
                (f"{sign} ", sign.role),
                (row.class_, "strong"),
                (f"  {stamp(row.opened_at)}  {row.owner or 'nobody'}", "muted"),
            )
        )
        lines.append(drawing.paragraph("  ", row.cause, width, lines_max=3))
        if row.resolution:
            lines.append(
                drawing.paragraph("  ended", f"{row.resolution} ({row.ended_by})", width, role="muted")
            )
    return drawing.stack(lines)


def similar(found: Sequence[Similar], now: datetime, width: int) -> Content:
    """Draw how cases of this class ended before: in sum, then one by one, those of the same cause first."""
    if not found:
        return drawing.line(("No case of this class has ended yet.", "muted"))
    told = " · ".join(f"{count:,} {WORDS[way]}" for way, count in ways(found))
    rows: list[list[Piece]] = [
        [
            ("=" if one.is_same_cause else " ", "accent"),
            (one.number, "accent"),
            (WORDS[one.way], "strong"),
            (one.ended_by or "finsync", ""),
            (ago(one.ended_at, now), "muted"),
            (span(one.ended_at - one.opened_at), "muted"),
            (one.resolution if one.way in ("resolve", "ignore", "return", "edit") else one.cause, "muted"),
        ]
        for one in found[:SHOWN]
    ]
    widths = (1, 11, 21, 9, 11, -8, max(10, width - 76))
    header = ("", "document", "how it ended", "by", "when", "after", "why")
    lines = [drawing.line((told, "strong")), drawing.table(widths, rows, header, width=width)]
    if len(found) > SHOWN:
        lines.append(drawing.line((f"the newest {SHOWN} of {len(found):,} are shown", "muted")))
    if any(one.is_same_cause for one in found):
        lines.append(drawing.line(("= the same cause", "muted")))
    return drawing.stack(lines)


def links(found: Sequence[Link]) -> str:
    """Return the document's numbers in other systems in one line."""
    return ", ".join(f"{link.number or link.external_id} in {link.system} ({link.why})" for link in found)
