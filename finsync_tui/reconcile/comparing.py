"""One definition between two systems, compared inside the store: suspects, their fields, other rules than the key, totals.

Everything streams: nothing here grows with the number of rows, only with legal entities, periods and currencies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import merge
from itertools import groupby
from sqlite3 import Connection
from typing import Final

from finsync_tui.profile.reconciliation import MatchRule, Reconciliation
from finsync_tui.reconcile.judging import (
    Found,
    Linked,
    combined,
    compare,
    judge,
    match_value,
    missing,
    pair,
    plain_amount,
    within,
)
from finsync_tui.reconcile.sight import Sight
from store import comparison, unreadable
from store.breaks import FieldDifference
from store.comparison import Row, Side
from store.reconciliations import ControlTotal

BATCH: Final = 500
UNSURE_MAX: Final = 1_000
"""Of so many rows that a rule can't tell apart it is noted which they may be."""
APART_MAX: Final = 1_000
NAMED_MAX: Final = 20
"""Of so many documents that the sides count apart so many are named with each total."""
Periods = tuple[str, str]


@dataclass
class Comparison:
    """One definition between its source and one target, or several that hold one set together."""

    name: str
    definition: Reconciliation
    sources: Sequence[Side]
    targets: Sequence[Side]
    linked: Linked
    periods: Periods | None = None
    """Only what lies in these."""
    sight: Sight = field(default_factory=Sight)
    known: frozenset[str] = frozenset()
    """Keys of breaks that lay in the periods: they are told wherever their documents lie by now."""
    unreadable: set[str] = field(default_factory=set)
    """Keys of which nobody can say whether the other side has them: what was said of them before stands."""
    parted: set[str] = field(default_factory=set)
    """Keys whose other side is connected no more."""
    compared: int = 0
    explained: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """What the documents' differences take of each control total."""

    @property
    def source_label(self) -> str:
        return "+".join(side.system for side in self.sources)

    @property
    def target_label(self) -> str:
        return "+".join(side.system for side in self.targets)

    @property
    def definition_id(self) -> int:
        return self.sources[0].definition_id

    def everything(self, db: Connection) -> Iterator[Found]:
        """Compare all rows; of a window's differences only those that lie in it are told."""
        for found in self._compare(db, comparison.suspects(db, self.definition_id, *self._ids())):
            if self.periods is None or self._is_within(found):
                yield found

    def changed_keys(self, db: Connection, waiting: Iterable[str] = ()) -> list[str]:
        """Return the keys that a run of changes compares: what changed since the last one, what no key pairs, and those of breaks
        that are `waiting`, as what explains them changes with time. In order."""
        changed = comparison.changed_keys(db, self.definition_id, self.target_label)
        return [key for key, _ in groupby(merge(changed, waiting))]

    def changes(self, db: Connection, keys: Sequence[str]) -> Iterator[Found]:
        """Compare the rows of these keys: a list, as what it is read from is made anew meanwhile."""
        yield from self._compare(db, keys)

    def agreeing(self, db: Connection, external_ids: Sequence[str]) -> set[str]:
        """Return which of the targets' records are held, each with its twin, and differ from it in nothing; both could be read now,
        since a row of what nobody can read any more says how it was."""
        source_ids, target_ids = self._ids()
        unread = unreadable.of_sides(db, (*source_ids, *target_ids))
        is_source = frozenset(source_ids)
        keys = comparison.keys_of(db, target_ids, external_ids)
        wanted = dict.fromkeys(key for some in keys.values() for key in sorted(some))
        agreed: set[str] = set()
        for key, rows in comparison.rows_of(db, self.definition_id, (*source_ids, *target_ids), wanted):
            sources = [row for row in rows if row.side_id in is_source]
            targets = [row for row in rows if row.side_id not in is_source]
            judged = judge(self.definition, sources, targets, self.linked)
            is_read = not any((row.side_id, row.external_id) in unread for row in rows)
            if sources and is_read and not judged.found and not judged.unpaired:
                agreed.add(key)
        return {external_id for external_id, some in keys.items() if some <= agreed}

    def totals(self, db: Connection) -> list[ControlTotal]:
        """Return what both sides add up to, where they should hold the same. After what is told by comparing.

        What no key and no rule pairs and the other side need not have is none of it: an ERP's invoices from elsewhere.
        """
        setup = self.definition
        if setup.expects != "both" or setup.source.amount is None or setup.target.amount is None:
            return []
        found = comparison.totals(db, *self._ids())
        if self._puts_aside:
            foreign = {
                one.group: one for one in comparison.outside(db, self.definition_id, self.target_label)
            }
            left = (one.less(foreign[one.group]) if one.group in foreign else one for one in found)
            found = [one for one in left if one.source_count or one.target_count]
        if self.periods is None:
            return found
        first, last = self.periods
        return [one for one in found if first <= one.period <= last]

    def unexplained(self, db: Connection, totals: Iterable[ControlTotal]) -> Iterator[Found]:
        """Yield the control totals that differ by more than their documents do. After `everything`."""
        if self.definition.expects != "both":
            return
        apart: Mapping[tuple[str, str, str], list[str]] | None = None
        for one in totals:
            group = one.group
            rest = one.difference_minor - self.explained[group]
            if within(self.definition.total_tolerance, one.currency, rest):
                continue
            sums = [plain_amount(minor, one.currency) for minor in (one.source_minor, one.target_minor)]
            evidence: dict[str, object] = {
                "source_count": one.source_count,
                "target_count": one.target_count,
                "difference": plain_amount(one.difference_minor, one.currency),
                "by_documents": plain_amount(self.explained[group], one.currency),
                "legal_entity": one.legal_entity,
                "period": one.period,
                "currency": one.currency,
            }
            if apart is None:
                apart = comparison.counted_apart(db, self.sources, self.targets, APART_MAX)
            if group in apart:
                evidence["counted_apart"] = sorted(set(apart[group]))[:NAMED_MAX]
            shown = (FieldDifference("total", sums[0], sums[1]),)
            yield Found("control_total", "/".join(group), None, None, shown, abs(rest), evidence)

    def _ids(self) -> tuple[list[int], list[int]]:
        return [side.id for side in self.sources], [side.id for side in self.targets]

    def _compare(self, db: Connection, keys: Iterable[str]) -> Iterator[Found]:
        """Judge the rows of these keys. What no key pairs is put aside, and then paired by other rules."""
        has_rules = self._puts_aside
        if has_rules:
            comparison.clear_candidates(db, self.definition_id, self.target_label, all_of_them=True)
        source_ids, target_ids = self._ids()
        is_source = frozenset(source_ids)
        aside: list[tuple[str, bool, str, int]] = []
        for _, rows in comparison.rows_of(db, self.definition_id, (*source_ids, *target_ids), keys):
            sources = [row for row in rows if row.side_id in is_source]
            targets = [row for row in rows if row.side_id not in is_source]
            self.compared += 1
            judged = judge(self.definition, sources, targets, self.linked)
            alone = {row.id for _, row in judged.unpaired}
            if judged.found:
                self._explain(
                    [row for row in sources if row.id not in alone],
                    [row for row in targets if row.id not in alone],
                )
                yield from judged.found
            for is_target, row in judged.unpaired:
                if has_rules:
                    aside.append(("", is_target, row.key, row.id))
                else:
                    yield from self._alone(db, row, is_target=is_target)
            if len(aside) >= BATCH:
                comparison.add_candidates(db, self.definition_id, self.target_label, aside)
                aside.clear()
        if has_rules:
            comparison.add_candidates(db, self.definition_id, self.target_label, aside)
            yield from self._by_rules(db)

    @property
    def _puts_aside(self) -> bool:
        """Say whether what no key pairs is kept aside, for other rules to pair it."""
        return bool(self.definition.match)

    def _alone(self, db: Connection, row: Row, *, is_target: bool) -> Iterator[Found]:
        lack = missing(self.definition, row, is_target=is_target)
        if lack is not None or not self._puts_aside:
            self._explain([] if is_target else [row], [row] if is_target else [])
        if lack is None:
            return
        hidden = self.sight.hides(db, row, is_target=is_target)
        if hidden is not None:
            (self.unreadable if hidden == "unreadable" else self.parted).add(row.key)
            return
        nameless = self.sight.nameless_beside(is_target=is_target)
        yield replace(lack, evidence={"unreadable": nameless}) if nameless else lack

    def _by_rules(self, db: Connection) -> Iterator[Found]:
        """Pair by each rule in turn what no key pairs; what is left is missing on the other side."""
        matched: list[tuple[str, str, str]] = []
        unsure: dict[int, Mapping[str, object]] = {}
        for rule in self.definition.match:
            for sources, targets in self._pairs(db, rule, unsure):
                matched += [(s.key, t.key, rule.name) for s in sources for t in targets]
                gone = [(False, row.key, row.id) for row in sources] + [
                    (True, row.key, row.id) for row in targets
                ]
                comparison.drop_candidates(db, self.definition_id, self.target_label, gone)
                source, target = combined(self.definition, sources), combined(self.definition, targets)
                evidence = {
                    "matched_by": rule.name,
                    "keys": [[row.key for row in sources], [row.key for row in targets]],
                }
                found = compare(self.definition, source, target, self.linked, evidence)
                if found:
                    self._explain(sources, targets)
                    yield from found
        comparison.set_matches(db, self.definition_id, self.target_label, matched)
        for is_target, row in comparison.unpaired(db, self.definition_id, self.target_label):
            for one in self._alone(db, row, is_target=is_target):
                yield replace(one, evidence={**one.evidence, **unsure.get(row.id, {})})

    def _pairs(
        self, db: Connection, rule: MatchRule, unsure: dict[int, Mapping[str, object]]
    ) -> Iterator[tuple[tuple[Row, ...], tuple[Row, ...]]]:
        """Yield what a rule pairs; of what it can't tell apart, note in `unsure` which it may be."""
        comparison.clear_candidates(db, self.definition_id, self.target_label, all_of_them=False)
        valued: list[tuple[str, bool, str, int]] = []
        for is_target, row in comparison.unpaired(db, self.definition_id, self.target_label):
            value = match_value(self.definition, rule, row)
            if value is not None:
                valued.append((value, is_target, row.key, row.id))
            if len(valued) >= BATCH:
                comparison.add_candidates(db, self.definition_id, self.target_label, valued)
                valued.clear()
        comparison.add_candidates(db, self.definition_id, self.target_label, valued)
        for sources, targets in comparison.candidates(db, self.definition_id, self.target_label):
            found = pair(self.definition, rule, sources, targets)
            yield from found.pairs
            for row_id, keys in found.unsure.items():
                if len(unsure) < UNSURE_MAX:
                    unsure.setdefault(row_id, {"may_be": keys, "by_rule": rule.name})

    def _is_within(self, found: Found) -> bool:
        assert self.periods is not None
        first, last = self.periods
        rows = [row for row in (found.source, found.target) if row is not None]
        return found.key in self.known or any(first <= row.period <= last for row in rows)

    def _explain(self, sources: Sequence[Row], targets: Sequence[Row]) -> None:
        for row in sources:
            self.explained[row.legal_entity, row.period, row.currency] += row.amount_minor
        for row in targets:
            self.explained[row.legal_entity, row.period, row.currency] -= row.amount_minor
