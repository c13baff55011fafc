"""Looking a value up in a mapping table, and saying which rule answered.

Among the rules that fit value, company, day and conditions, the highest priority wins; then a rule for the company before
one for its region before one for all; then the rule with more conditions; then one value before a range before a
pattern, a longer pattern before a shorter one; then the table's own order. That order is worked out once for a table, so
a look-up only asks who comes first among the few rules that can be meant.

>>> table = Table("cost_centre", 1, (MappingRow(source="CC4*", target="400"), MappingRow(source="CC410", target="410")))
>>> table.find("CC410", scope="DE01", on=date(2026, 1, 1)).target
'410'
>>> table.find("X", scope="DE01", on=date(2026, 1, 1)) is None
True
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import accumulate
from typing import Final, NamedTuple

from finsync_tui.profile import MappingRow, patterns

SAME: Final = "="
"""As a target: pass the source's value on."""
Given = Mapping[str, str]
"""What else is known about a document, by the name of the column that may ask for it."""
NOTHING: Final[Given] = {}
"""Nothing else is known."""


class Match(NamedTuple):
    """What a value was mapped to, and by which rule."""

    table: str
    version: int
    rule: int
    """The rule's place in the table, from 1."""
    source: str
    target: str
    given: Given
    """What else was known about the document."""
    is_default: bool = False
    """The rule is for every value that no other rule is for, and has one answer for all of them."""


@dataclass(frozen=True)
class Table:
    """One version of one mapping table."""

    name: str
    version: int
    rows: tuple[MappingRow, ...]
    regions: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The region of each company: a rule for it is one for its companies."""

    def find(self, value: str, *, scope: str, on: date, given: Given = NOTHING) -> Match | None:
        """Return what `value` means for `scope` on that day, or None when no rule says."""
        index = self._index
        best = len(index.order)
        for shelf in index.shelves_of(scope, self.regions):
            best = shelf.first(value, best, index.limits, on, given)
        if best == len(index.order):
            return None
        i = index.order[best]
        row = self.rows[i]
        is_default = row.source == patterns.ANY and row.target != SAME and not row.where
        target = value if row.target == SAME else row.target
        return Match(self.name, self.version, i + 1, value, target, given, is_default)

    def rank(self, i: int) -> tuple[int, int, int, int, int, int]:
        """Return where a row stands among all that fit: the smallest wins."""
        row = self.rows[i]
        breadth = 2 if not row.scope else int(row.scope in self._region_names)
        kind = patterns.KINDS.index(patterns.kind(row.source))
        return (-row.priority, breadth, -len(row.where), kind, -len(row.source), i)

    def is_for(self, row: MappingRow, scope: str) -> bool:
        """Say whether a rule is for a company: for it, for its region, or for all."""
        return row.scope in ("", scope) or row.scope == self.regions.get(scope)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the other columns that any rule has a condition in."""
        return tuple(sorted({name for row in self.rows for name, _ in row.where}))

    def asked(self, given: Given) -> tuple[tuple[str, str], ...]:
        """Return the part of what is known that this table asks about."""
        return tuple((name, given.get(name, "")) for name in self.columns) if self.columns else ()

    @cached_property
    def _region_names(self) -> frozenset[str]:
        return frozenset(self.regions.values()) - self.regions.keys()

    @cached_property
    def _index(self) -> _Index:
        return _Index.of(self)


Limits = tuple[date, date, tuple[tuple[str, str], ...]]
"""From when to when a rule holds, and its conditions."""
Rules = list[int]
"""Rules by their place in the order in which they win."""


@dataclass(frozen=True, slots=True)
class _Index:
    """A table's rules in the order in which they win, found by what they are for."""

    order: Sequence[int]
    """The row of each rule."""
    shelves: Mapping[str, _Shelf]
    limits: Sequence[Limits | None]
    """None: the rule always holds."""
    chains: dict[str, tuple[_Shelf, ...]] = field(default_factory=dict)
    """The shelves of each company that was asked for: its own, its region's, that for all."""

    @classmethod
    def of(cls, table: Table) -> _Index:
        order = sorted(range(len(table.rows)), key=table.rank)
        sources: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for rule, i in enumerate(order):
            sources[table.rows[i].scope].append((rule, table.rows[i].source))
        shelves = {scope: _Shelf.of(some) for scope, some in sources.items()}
        return cls(order, shelves, [_limits(table.rows[i]) for i in order])

    def shelves_of(self, scope: str, regions: Mapping[str, str]) -> tuple[_Shelf, ...]:
        known = self.chains.get(scope)
        if known is None:
            places = dict.fromkeys((scope, regions.get(scope, ""), ""))
            known = tuple(self.shelves[place] for place in places if place in self.shelves)
            self.chains[scope] = known
        return known


def _limits(row: MappingRow) -> Limits | None:
    if row.valid_from is None and row.valid_to is None and not row.where:
        return None
    return row.valid_from or date.min, row.valid_to or date.max, row.where


def _holds(limits: Limits | None, on: date, given: Given) -> bool:
    if limits is None:
        return True
    begins, ends, where = limits
    return begins <= on <= ends and all(patterns.fits(cell, given.get(name, "")) for name, cell in where)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The rules of one scope, by the kind of their cell."""

    exact: Mapping[str, Rules]
    begun: Sequence[tuple[int, Mapping[str, list[tuple[int, re.Pattern[str] | None]]]]]
    """Patterns by how many letters stand before their first `*`, and by these; without an expression any ending fits."""
    numbers: _Spans
    codes: Mapping[int, _Spans]
    """Ranges of codes by the length of these."""

    @classmethod
    def of(cls, sources: Iterable[tuple[int, str]]) -> _Shelf:
        exact: dict[str, Rules] = defaultdict(list)
        begun: dict[int, dict[str, list[tuple[int, re.Pattern[str] | None]]]] = {}
        numbers: list[tuple[int, patterns.Span]] = []
        codes: dict[int, list[tuple[int, patterns.Span]]] = defaultdict(list)
        for rule, source in sources:
            span = patterns.span(source)
            if patterns.ANY in source:
                start = source.partition(patterns.ANY)[0]
                is_open = source == f"{start}{patterns.ANY}"
                starts = begun.setdefault(len(start), {})
                starts.setdefault(start, []).append((rule, None if is_open else patterns.pattern(source)))
            elif span is None:
                exact[source].append(rule)
            elif span.is_numeric:
                numbers.append((rule, span))
            else:
                codes[len(span.low)].append((rule, span))
        codes_of = {length: _Spans.of(some) for length, some in codes.items()}
        return cls(dict(exact), sorted(begun.items()), _Spans.of(numbers), codes_of)

    def first(self, value: str, best: int, limits: Sequence[Limits | None], on: date, given: Given) -> int:
        """Return the first rule for a value that holds, or the best that is known. Asked for every value: no detours."""
        for rule in self.exact.get(value, ()):
            if rule >= best:
                break
            if _holds(limits[rule], on, given):
                best = rule
                break
        for length, starts in self.begun:
            for rule, whole in starts.get(value[:length], ()):
                if rule >= best:
                    break
                if (whole is None or whole.fullmatch(value)) and _holds(limits[rule], on, given):
                    best = rule
                    break
        for rule in self._ranges(value):
            if rule < best and _holds(limits[rule], on, given):
                best = rule
        return best

    def _ranges(self, value: str) -> Rules:
        """Return the rules for a range that holds a value."""
        found: Rules = []
        if self.numbers.spans and value.isdigit() and value.isascii():
            found = self.numbers.around(value)
        if self.codes and (codes := self.codes.get(len(value))) is not None:
            found = found + codes.around(value)
        return found


@dataclass(frozen=True, slots=True)
class _Spans:
    """Ranges in the order of their beginnings; numbers are compared as text of one width."""

    width: int
    starts: list[str]
    reach: list[str]
    """How far the ranges up to each one reach at most: behind a value that none reaches nobody need look."""
    spans: Sequence[tuple[int, patterns.Span]]

    @classmethod
    def of(cls, spans: Iterable[tuple[int, patterns.Span]]) -> _Spans:
        some = tuple(spans)
        width = max((len(span.high) for _, span in some), default=0)
        ordered = sorted(some, key=lambda one: (one[1].low.zfill(width), one[0]))
        reach = accumulate((span.high.zfill(width) for _, span in ordered), max)
        return cls(width, [span.low.zfill(width) for _, span in ordered], list(reach), ordered)

    def around(self, value: str) -> Rules:
        """Return the rules whose range holds a value."""
        if len(value) > self.width:
            return []
        found, place = [], value.zfill(self.width)
        i = bisect_right(self.starts, place) - 1
        while i >= 0 and self.reach[i] >= place:
            rule, span = self.spans[i]
            if span.holds(value):
                found.append(rule)
            i -= 1
        return found


def tables(mappings: Mapping[str, Iterable[MappingRow]], versions: Mapping[str, int]) -> dict[str, Table]:
    """Return the tables of a profile with the version each is recorded under."""
    return {name: Table(name, versions[name], tuple(rows)) for name, rows in mappings.items()}
