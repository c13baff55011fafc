"""What is under way, as lines of Home: each has a count, and leads to the list that was counted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from textual.binding import Binding, BindingType

from finsync_tui.screens import drawing, signs
from finsync_tui.screens.overview import Overview, SystemRow, Tally
from finsync_tui.screens.signs import Role, Sign
from finsync_tui.screens.text import safe_text
from store.trends import DAYS
from store.unposted import AGES, OLDEST

SHAPE_WIDTH = DAYS
IN_FLIGHT = ("pending", "claimed", "delivered")
QUEUED = "state:pending|claimed"
FAILED = "is:failed"
"""Deliveries of a system that Home and Systems count."""
NUMBERS: list[BindingType] = [
    Binding("Q", "queue", "What waits for the system", show=False, id="system.queue"),
    Binding("X", "failed", "What failed at the system", show=False, id="system.failed"),
]
AGE_FILTERS = {
    AGES[0][0]: "age:<1d",
    AGES[1][0]: "age:>=1d age:<3d",
    AGES[2][0]: "age:>=3d age:<7d",
    OLDEST: "age:>=7d",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `shape`: a bar or a sparkline; `place` and `filter`: the list behind the count."""

    label: str
    count: int | None = None
    glyph: str = ""
    role: Role = ""
    shape: str = ""
    amounts: Mapping[str, int] = field(default_factory=dict)
    note: str = ""
    place: str = ""
    filter: str = ""
    is_heading: bool = False


def lines(found: Overview, *, with_systems: bool) -> tuple[Line, ...]:
    """Return all lines, what needs somebody first."""
    parts = [
        _proposed(found),
        _unposted(found),
        _unreported(found),
        _on_hold(found),
        _close(found),
        _deliveries(found),
        _documents(found),
        _trends(found),
        _handled(found),
    ]
    if with_systems:
        parts.insert(2, [line for row in found.systems for line in _system(row)])
    return tuple(line for part in parts for line in part)


def _proposed(found: Overview) -> list[Line]:
    """What one person has signed, and another is to look at."""
    if not found.proposed:
        return []
    count = sum(tally.count for tally in found.proposed.values())
    return [
        Line("Wait for a second person", count, is_heading=True),
        *(
            Line(label, found.proposed[place].count, "‖", "warn", "", found.proposed[place].amounts, place=place, filter=words)
            for place, label, words in (
                ("mappings", "mapping changes", ""),
                ("exceptions", "write-offs", "is:proposed"),
                ("reconcile", "breaks", "is:proposed"),
            )
            if place in found.proposed
        ),
    ]  # fmt: skip


def _unposted(found: Overview) -> list[Line]:
    """Approved at its source and not in the ERP yet: the older, the louder."""
    if not found.unposted:
        return []
    heading = Line(
        "Approved, not posted",
        sum(one.count for one in found.unposted),
        amounts=_total([Tally(one.count, one.amounts) for one in found.unposted]),
        place="workflows",
        filter="is:unposted",
        is_heading=True,
    )
    most = max(one.count for one in found.unposted)
    rows = []
    for one in found.unposted:
        role: Role = "error" if one.age == OLDEST else "warn" if one.age != AGES[0][0] else "muted"
        rows.append(
            Line(
                f"{safe_text(signs.flow(one.flow), 12)} {one.age}",
                one.count,
                "◷",
                role,
                drawing.bar(one.count / most, SHAPE_WIDTH),
                one.amounts,
                place="workflows",
                filter=f"is:unposted flow:{one.flow} {AGE_FILTERS[one.age]}",
            )
        )
    return [heading, *rows]


def _unreported(found: Overview) -> list[Line]:
    """Invoices that the ERP has paid, or whose payment it has called back, and their source does not know."""
    count = found.unreported_count
    label, place, words = "Payments not told", "workflows", "is:unreported"
    return [Line(label, count, place=place, filter=words, is_heading=True)] if count else []


def _on_hold(found: Overview) -> list[Line]:
    """Posted invoices that the ERP does not pay now, and why."""
    whole = found.on_hold
    if not whole.count:
        return []
    from finsync_tui.screens import filters  # not before the first paint

    place, words = "workflows", "is:onhold"
    most = max(tally.count for _, tally in found.holds)
    return [
        Line(
            "On hold in the ERP",
            whole.count,
            amounts=whole.amounts,
            place=place,
            filter=words,
            is_heading=True,
        ),
        *(
            Line(
                safe_text(reason, 60),
                tally.count,
                "‖",
                "warn",
                drawing.bar(tally.count / most, SHAPE_WIDTH),
                tally.amounts,
                place=place,
                filter=filters.exactly("hold", reason),
            )
            for reason, tally in found.holds
        ),
    ]


def _close(found: Overview) -> list[Line]:
    """What is in the way of the close of any period; one document may stand there for two reasons."""
    if not found.in_the_way:
        return []
    most = max(tally.count for tally in found.in_the_way.values())
    return [
        Line("In the way of a close", place="close", is_heading=True),
        *(
            Line(
                sign.word, tally.count, sign.glyph, sign.role, drawing.bar(tally.count / most, SHAPE_WIDTH), tally.amounts,
                place="close", filter=reason,
            )
            for reason, tally in found.in_the_way.items()
            for sign in (signs.of(signs.CLOSE_REASON, reason),)
        ),
    ]  # fmt: skip


def _documents(found: Overview) -> list[Line]:
    heading = Line(
        "Documents",
        sum(tally.count for tally in found.documents.values()),
        place="workflows",
        is_heading=True,
    )
    return [heading, *_states(signs.WORKFLOW, found.documents, "workflows")]


def _deliveries(found: Overview) -> list[Line]:
    flying = [found.deliveries[state] for state in IN_FLIGHT if state in found.deliveries]
    heading = Line(
        "Deliveries in flight",
        sum(tally.count for tally in flying),
        amounts=_total(flying),
        place="deliveries",
        filter="is:flight",
        is_heading=True,
    )
    return [heading, *_states(signs.DELIVERY, found.deliveries, "deliveries")]


def _states(table: Mapping[str, Sign], tallies: Mapping[str, Tally], place: str) -> list[Line]:
    most = max((tally.count for tally in tallies.values()), default=0)
    return [
        Line(
            sign.word,
            tallies[state].count,
            sign.glyph,
            sign.role or "muted",
            drawing.bar(tallies[state].count / most, SHAPE_WIDTH) if most else "",
            tallies[state].amounts,
            place=place,
            filter=f"state:{state}",
        )
        for state, sign in table.items()
        if state in tallies
    ]


def _trends(found: Overview) -> list[Line]:
    """The last days as sparklines."""
    trend = found.trend
    if trend is None or not any((*trend.stuck, *trend.settled, *trend.done)):
        return []
    rows: Sequence[tuple[str, str, Role, tuple[int, ...], str, str]] = (
        ("got stuck", "▲", "warn", trend.stuck, "exceptions", f"state:all age:<{DAYS}d"),
        ("settled", "●", "ok", trend.settled, "exceptions", f"state:all ended:<{DAYS}d"),
        ("documents done", "●", "ok", trend.done, "workflows", f"state:done ended:<{DAYS}d"),
    )
    return [
        Line(f"The last {DAYS} days", is_heading=True),
        *(
            Line(label, sum(days), glyph, role, drawing.sparkline(days), place=place, filter=words)
            for label, glyph, role, days, place, words in rows
        ),
    ]


def _handled(found: Overview) -> list[Line]:
    if not found.findings:
        return []
    return [
        # The heading counts all classes, the lines below it the most frequent.
        Line("Handled without you", found.findings_count, place="findings", is_heading=True),
        *(
            Line(name, count, "·", "muted", place="findings", filter=f"class:{name}")
            for name, count in found.findings
        ),
    ]


def _system(row: SystemRow) -> list[Line]:
    """A system, and below it what waits for it and what failed there: each number has the list behind it."""
    sign = signs.of(signs.SYSTEM, row.standing)
    found = [
        Line(
            f"{safe_text(row.system, 14)} {sign.word}",
            None,
            sign.glyph,
            sign.role,
            note=f"✕ {len(row.unreadable):,} unread" if row.unreadable else "",
            place="systems",
            filter=row.system,
        )
    ]
    if row.queued_count:
        found.append(
            Line(
                "  queue",
                row.queued_count,
                "◷",
                "muted",
                place="deliveries",
                filter=behind(row.system, QUEUED),
            )
        )
    if row.failed_count:
        found.append(
            Line(
                "  failed",
                row.failed_count,
                "✕",
                "error",
                place="deliveries",
                filter=behind(row.system, FAILED),
            )
        )
    return found


def behind(system: str, which: str) -> str:
    """Return the filter of just those deliveries of a system: `QUEUED`, `FAILED`."""
    return f"system:{system} {which}".rstrip()


def _total(tallies: Sequence[Tally]) -> dict[str, int]:
    found: dict[str, int] = {}
    for tally in tallies:
        for currency, minor in tally.amounts.items():
            found[currency] = found.get(currency, 0) + minor
    return found
