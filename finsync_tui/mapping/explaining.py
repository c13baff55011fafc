"""Why a table answers as it does: every rule that is for a value, and what kept the others from answering. Pure.

>>> rows = (MappingRow(source="CC4*", target="400"), MappingRow(source="CC41", target="410", scope="US01"))
>>> for one in considered(Table("t", 1, rows), "CC41", scope="DE01", on=date(2026, 1, 1)):
...     print(one.row, one.why_not or "answers")
1 answers
2 it is for US01 only
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from finsync_tui.mapping.resolve import NOTHING, Given, Table
from finsync_tui.profile import MappingRow, patterns

_ORDER = (
    "a higher priority",
    "a narrower scope",
    "more conditions",
    "a more exact value",
    "a longer value",
    "an earlier place in the table",
)
"""What decides between two rules that both fit, in the order of Table.rank."""


@dataclass(frozen=True, slots=True)
class Considered:
    """One rule that is for the value."""

    row: int
    """Its place in the table, from 1."""
    rule: MappingRow
    why_not: str
    """Empty: it answers."""


def considered(table: Table, value: str, *, scope: str, on: date, given: Given = NOTHING) -> list[Considered]:
    """Return every rule whose cell is for a value: the one that answers first, then those it beats, then those that don't fit."""
    places = sorted(
        (i for i, row in enumerate(table.rows) if patterns.fits(row.source, value)), key=table.rank
    )
    out = {i: "; ".join(_misfits(table, table.rows[i], scope, on, given)) for i in places}
    fitting = [i for i in places if not out[i]]
    beaten = {i: _beaten(table, fitting[0], i) for i in fitting[1:]}
    ordered = [*fitting, *(i for i in places if out[i])]
    return [Considered(i + 1, table.rows[i], out[i] or beaten.get(i, "")) for i in ordered]


def _misfits(table: Table, row: MappingRow, scope: str, on: date, given: Given) -> Iterator[str]:
    if not table.is_for(row, scope):
        yield f"it is for {row.scope} only"
    if row.valid_from is not None and on < row.valid_from:
        yield f"it holds from {row.valid_from} on"
    if row.valid_to is not None and row.valid_to < on:
        yield f"it held until {row.valid_to}"
    for name, cell in row.where:
        known = given.get(name, "")
        if not patterns.fits(cell, known):
            yield f"it asks for {name} {cell}, and the document has {known or 'none'}"


def _beaten(table: Table, first: int, other: int) -> str:
    better = next(
        i for i, (a, b) in enumerate(zip(table.rank(first), table.rank(other), strict=True)) if a != b
    )
    return f"row {first + 1} has {_ORDER[better]}"
