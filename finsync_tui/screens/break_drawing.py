"""How a break looks: what differs in a few words, and both systems field by field. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from textual.content import Content

from finsync_tui.screens import drawing, signs
from finsync_tui.screens.break_queries import BreakRow
from finsync_tui.screens.text import NULL, amount, money, words
from store.canonical.currency import exponent

_AMOUNT: Final = re.compile(
    r"(?P<number>-?[0-9]{1,20}(\.(?P<decimals>[0-9]{1,4}))?)( (?P<currency>[A-Z]{3}))?"
)
"""As the comparison writes amounts: `12345.67 EUR`."""


def difference(row: BreakRow) -> str:
    """Return what differs in a few words: `total 101.00 EUR ≠ 102.00 EUR (+2)`."""
    if not row.fields or row.kind in ("missing_in_target", "missing_in_source", "duplicate"):
        return words(row.kind)
    name, source, target = _read(row)[0]
    more = f" (+{len(row.fields) - 1})" if len(row.fields) > 1 else ""
    return f"{words(name)} {source or NULL} ≠ {target or NULL}{more}"


def compared(row: BreakRow, width: int) -> list[Content]:
    """Return both systems' values field by field, those that differ marked. What differs by being absent says so."""
    label = min(22, max(12, width // 4))
    side = max(12, (width - label - 8) // 2)
    if not row.fields:
        return [drawing.line((f"{signs.of(signs.BREAK_KIND, row.kind)}", "warn"))]
    return [
        drawing.table(
            (1, label, side, side),
            [(_mark(source, target), (words(name), "muted"), (source or NULL, _role(source, target)), (target or NULL, _role(source, target)))],
        )
        for name, source, target in _read(row)
    ]  # fmt: skip


def adopted(rows: Sequence[BreakRow], width: int) -> list[Content]:
    """Return what the sources of those breaks would have in place of what, field by field."""
    lines = [
        drawing.paragraph(
            f"{row.number}: {words(name)} in {row.source_system}",
            f"{source or NULL} → {target or NULL}", width, role="strong", lines_max=3,
        )
        for row in rows[: drawing.PROPOSALS_SHOWN]
        for name, source, target in _read(row)
        if source != target
    ]  # fmt: skip
    if len(rows) > drawing.PROPOSALS_SHOWN:
        lines.append(drawing.line((f"and {len(rows) - drawing.PROPOSALS_SHOWN:,} more", "muted")))
    return lines


def _read(row: BreakRow) -> list[tuple[str, str | None, str | None]]:
    """Return the fields with their amounts as the person at this workbench reads amounts: they are kept plainly, as text."""
    currency = row.currency or "" if row.kind == "control_total" else ""
    return [(name, _shown(source, currency), _shown(target, currency)) for name, source, target in row.fields]


def _shown(value: str | None, currency: str) -> str | None:
    """Return a value; an amount in the number format. `currency` is that of amounts that name none."""
    found = _AMOUNT.fullmatch(value) if value is not None else None
    if value is None or found is None or not (found["currency"] or currency):
        return value
    places = exponent(found["currency"] or currency)
    if len(found["decimals"] or "") != places:
        return value  # a number of something else, followed by letters
    minor = int(Decimal(found["number"]).scaleb(places))
    return money(minor, found["currency"]) if found["currency"] else amount(minor, currency)


def _mark(source: str | None, target: str | None) -> drawing.Piece:
    if source == target:
        return ("=", "muted")
    if source is None or target is None:
        return ("−" if source is None else "+", "warn")
    return ("≠", "warn")


def _role(source: str | None, target: str | None) -> signs.Role:
    return "" if source == target else "strong"
