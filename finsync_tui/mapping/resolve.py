"""Looking a value up in a mapping table, and saying which rule answered.

Among the rules that fit value, scope and day, the highest priority wins; then a rule for this scope before one for
all; then an exact value before a wildcard, a longer pattern before a shorter one; then the table's own order.

>>> table = Table("cost_centre", 1, (MappingRow(source="CC4*", target="400"), MappingRow(source="CC410", target="410")))
>>> table.find("CC410", scope="DE01", on=date(2026, 1, 1)).target
'410'
>>> table.find("X", scope="DE01", on=date(2026, 1, 1)) is None
True
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from finsync_tui.profile import MappingRow

SAME = "="
"""As a target: pass the source's value on."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a value was mapped to, and by which rule."""

    table: str
    version: int
    rule: int
    """The rule's place in the table, from 1."""
    source: str
    target: str


@dataclass(frozen=True)
class Table:
    """One version of one mapping table."""

    name: str
    version: int
    rows: tuple[MappingRow, ...]
    _exact: Mapping[str, list[int]] = field(init=False, repr=False)
    _wild: list[tuple[int, re.Pattern[str]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        exact: dict[str, list[int]] = defaultdict(list)
        wild: list[tuple[int, re.Pattern[str]]] = []
        for i, row in enumerate(self.rows):
            if "*" in row.source:
                # `*` is the only wildcard: ? and [ ] occur in real codes
                wild.append((i, re.compile(".*".join(map(re.escape, row.source.split("*"))))))
            else:
                exact[row.source].append(i)
        object.__setattr__(self, "_exact", exact)
        object.__setattr__(self, "_wild", wild)

    def find(self, value: str, *, scope: str, on: date) -> Match | None:
        """Return what `value` means for `scope` on that day, or None when no rule says."""
        fitting = [i for i in self._exact.get(value, ()) if _applies(self.rows[i], scope, on)]
        fitting += [
            i for i, pattern in self._wild if _applies(self.rows[i], scope, on) and pattern.fullmatch(value)
        ]
        if not fitting:
            return None
        best = min(fitting, key=self._rank)
        target = self.rows[best].target
        return Match(self.name, self.version, best + 1, value, value if target == SAME else target)

    def _rank(self, i: int) -> tuple[int, bool, bool, int, int]:
        row = self.rows[i]
        return (-row.priority, not row.scope, "*" in row.source, -len(row.source), i)


def _applies(row: MappingRow, scope: str, on: date) -> bool:
    return (
        row.scope in ("", scope)
        and (row.valid_from is None or row.valid_from <= on)
        and (row.valid_to is None or on <= row.valid_to)
    )


def tables(mappings: Mapping[str, Iterable[MappingRow]], versions: Mapping[str, int]) -> dict[str, Table]:
    """Return the tables of a profile with the version each is recorded under."""
    return {name: Table(name, versions[name], tuple(rows)) for name, rows in mappings.items()}
