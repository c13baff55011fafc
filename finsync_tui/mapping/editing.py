"""Changing rows, and what is wrong with a table: found before anybody is asked to approve it. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Final, Literal

from finsync_tui.mapping.merge import groups
from finsync_tui.mapping.resolve import SAME
from finsync_tui.profile import MappingRow, Profile, patterns

CELL_CHARS_MAX: Final = 200
RULES_COMPARED_MAX: Final = 200
"""Rules for one value in one scope that are compared with each other."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one row that keeps the table from being proposed, or that a person should know."""

    severity: Literal["error", "warn"]
    row: int
    """From 1; 0: the table as a whole."""
    message: str


def with_rule(rows: Sequence[MappingRow], rule: MappingRow) -> tuple[MappingRow, ...]:
    """Return the table with this rule in the place of those for the same value, scope, conditions and priority on any of its
    days."""

    def is_replaced(row: MappingRow) -> bool:
        return _about(row) == _about(rule) and _overlap(row, rule)

    place = next((i for i, row in enumerate(rows) if is_replaced(row)), len(rows))
    rest = [row for row in rows if not is_replaced(row)]
    at = sum(1 for row in rows[:place] if not is_replaced(row))
    return (*rest[:at], rule, *rest[at:])


def without_rules(
    rows: Sequence[MappingRow], source: str, scope: str, where: Iterable[tuple[str, str]] = ()
) -> tuple[MappingRow, ...]:
    """Return the table without the rules for a value in a scope; with conditions, only without those that have just these."""
    only = tuple(sorted(where))
    return tuple(
        row for row in rows if (row.source, row.scope) != (source, scope) or (only and row.where != only)
    )


def is_unseen(cell: str) -> bool:
    """Say whether a text holds characters that nobody can see: control characters, line ends, marks of direction.

    >>> is_unseen("42\\u202e0"), is_unseen("São Paulo")
    (True, False)
    """
    return any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") for c in cell)


def _about(row: MappingRow) -> tuple[object, ...]:
    return (row.scope, row.source, row.where, row.priority)


def remarks(profile: Profile, rows: Sequence[MappingRow]) -> list[Remark]:
    """Return what is wrong with the rows themselves, in their order."""
    found = [remark for i, row in enumerate(rows, 1) for remark in _row(profile, i, row)]
    found += _clashes(rows)
    return sorted(found, key=lambda one: (one.row, one.severity, one.message))


def errors(found: Sequence[Remark]) -> list[Remark]:
    """Return those that keep the table from being proposed."""
    return [one for one in found if one.severity == "error"]


def _row(profile: Profile, number: int, row: MappingRow) -> Iterator[Remark]:
    for name, cell in (("from", row.source), ("to", row.target), ("scope", row.scope), *row.where):
        if cell != cell.strip():
            yield Remark("error", number, f"`{name}` begins or ends with a blank: {cell!r}")
        if len(cell) > CELL_CHARS_MAX:
            yield Remark("error", number, f"`{name}` is longer than {CELL_CHARS_MAX} characters")
        if is_unseen(cell):
            yield Remark("error", number, f"`{name}` holds characters that nobody can see")
    if not row.source:
        yield Remark("error", number, "`from` is empty")
    if not row.target:
        yield Remark("error", number, f"`to` is empty; write {SAME} to pass the value on")
    if "*" in row.target:
        yield Remark("error", number, "`to` holds a *, which only `from` may")
    if "**" in row.source:
        yield Remark("warn", number, "** means the same as *")
    if row.valid_from is not None and row.valid_to is not None and row.valid_to < row.valid_from:
        yield Remark("error", number, f"it ends ({row.valid_to}) before it begins ({row.valid_from})")
    if row.scope and row.scope not in {*profile.legal_entities, *profile.regions.values()}:
        yield Remark(
            "warn", number, f"no legal entity or region is called {row.scope!r}: the rule is never asked"
        )


def _clashes(rows: Sequence[MappingRow]) -> Iterator[Remark]:
    places = {id(row): i for i, row in enumerate(rows, 1)}
    for (scope, source), some in groups(rows).items():
        for one, other in combinations(some[:RULES_COMPARED_MAX], 2):
            if one.priority != other.priority or not _overlap(one, other):
                continue
            if len(one.where) != len(other.where) or _exclude(one, other):
                continue  # more conditions win; and where one fits the other does not
            first, second = sorted((places[id(one)], places[id(other)]))
            if one.target == other.target:
                yield Remark("warn", second, f"row {first} says the same for {source} on some days")
            else:
                where = f" in {scope}" if scope else ""
                yield Remark(
                    "error",
                    second,
                    f"row {first} says {one.target} and this one {other.target} for {source}{where} on the same days: "
                    "date them apart, or give one a higher priority",
                )


def _exclude(one: MappingRow, other: MappingRow) -> bool:
    """Say whether no document can meet the conditions of both: they ask for different values in one column."""
    mine = dict(one.where)
    return any(
        name in mine and patterns.kind(cell) == patterns.kind(mine[name]) == "exact" and cell != mine[name]
        for name, cell in other.where
    )


def _overlap(one: MappingRow, other: MappingRow) -> bool:
    return (one.valid_from or date.min) <= (other.valid_to or date.max) and (
        other.valid_from or date.min
    ) <= (one.valid_to or date.max)
