"""Bringing two changes of one table together, and dating a change. Pure.

All rules for one value in one scope belong together: what changed on one side only is taken from that side, what
changed on both in different ways is a conflict that a person has to look at.

>>> row = lambda source, target: MappingRow(source=source, target=target)
>>> base = [row("A", "1"), row("B", "2")]
>>> merged = merge(base, [row("A", "1"), row("B", "3")], [row("A", "4"), row("B", "2")])
>>> [(r.source, r.target) for r in merged.rows], merged.conflicts
([('A', '4'), ('B', '3')], ())
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from finsync_tui.profile import MappingRow

Group = tuple[str, str]
"""Scope and source: what all rules of a group share."""
Rows = Sequence[MappingRow]


@dataclass(frozen=True, slots=True)
class Merged:
    """Both changes together."""

    rows: tuple[MappingRow, ...]
    conflicts: tuple[Group, ...]
    """Where both sides changed the same rules in different ways; `ours` is what the rows hold there."""


def merge(base: Rows, ours: Rows, theirs: Rows) -> Merged:
    """Return `ours` with what `theirs` changed since `base`."""
    if list(ours) == list(base):
        return Merged(tuple(theirs), ())
    if list(theirs) == list(base):
        return Merged(tuple(ours), ())
    was, mine, other = groups(base), groups(ours), groups(theirs)
    chosen: dict[Group, list[MappingRow]] = {}
    conflicts: list[Group] = []
    for group in [*mine, *(g for g in other if g not in mine)]:
        before, one, two = was.get(group, []), mine.get(group, []), other.get(group, [])
        chosen[group] = two if one == before else one
        if one != before and two not in (before, one):
            conflicts.append(group)
    # a group that we took out and they changed is a conflict too; taking it out stays
    conflicts += [
        g for g in was if g not in mine and other.get(g, []) not in ([], was[g]) and g not in conflicts
    ]
    return Merged(tuple(row for rows in chosen.values() for row in rows), tuple(conflicts))


def groups(rows: Rows) -> Mapping[Group, list[MappingRow]]:
    """Return rows by what they are about, in the order in which that first appears."""
    found: dict[Group, list[MappingRow]] = defaultdict(list)
    for row in rows:
        found[row.scope, row.source].append(row)
    return dict(found)


def difference(before: Rows, after: Rows) -> tuple[list[MappingRow], list[MappingRow]]:
    """Return the rows that went and the rows that came, in their order."""
    return _without(before, after), _without(after, before)


def _without(rows: Rows, others: Rows) -> list[MappingRow]:
    left = Counter(others)
    found = []
    for row in rows:
        if left[row]:
            left[row] -= 1
        else:
            found.append(row)
    return found


def dated(before: Rows, after: Rows, starts_on: date) -> tuple[MappingRow, ...]:
    """Return `after` so that it holds from a day on: what went ends the day before, what came begins that day."""
    gone, come = difference(before, after)
    leaving = Counter(gone)
    result: list[MappingRow] = []
    for row in before:
        if not leaving[row]:
            result.append(row)
            continue
        leaving[row] -= 1
        if row.valid_from is not None and row.valid_from >= starts_on:
            continue  # it never began
        if row.valid_to is None or row.valid_to >= starts_on:
            row = row.model_copy(update={"valid_to": starts_on - timedelta(days=1)})
        result.append(row)
    for row in come:
        if row.valid_to is not None and row.valid_to < starts_on:
            continue  # it had ended before the change begins
        begins = max(row.valid_from or starts_on, starts_on)
        result.append(row.model_copy(update={"valid_from": begins}))
    return tuple(result)
