"""Which records are one supplier. Pure: records and what speaks for each pair in, groups out.

The strongest goes first: a person's word, then a link, then what scored so high that two are taken for one. A person's
"different" between any two records keeps their groups apart, whoever says otherwise. A score alone never brings two
records of one system together: two there may be two branches, and which of them goes is for a person to say; nor two
groups of which one has a tax id that contradicts the other's, although the two records that look alike have none.

>>> groups(["a:1", "b:1", "a:2"], [Edge("a:1", "b:1", "linked", 100.0), Edge("a:2", "b:1", "proof", 97.0)], set())
[{'a:1': 'linked', 'b:1': 'linked'}, {'a:2': 'alone'}]
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from store.canonical import tax_kinds
from store.canonical.keys import RecordKey
from store.golden_suppliers import Edge

_STRENGTH: Final = {"person": 0, "linked": 1, "proof": 2}
ALONE: Final = "alone"


def groups(
    keys: Sequence[str],
    edges: Iterable[Edge],
    different: Collection[tuple[str, str]],
    tax_ids: Mapping[str, Collection[str]] | None = None,
) -> list[dict[str, str]]:
    """Return the groups, each as its records with what brought them in, in the order of their first records.

    `tax_ids` holds the numbers of those records that have some, as they are compared.
    """
    numbers = {key: frozenset(some) for key, some in (tax_ids or {}).items() if some}
    leader = {key: key for key in keys}
    inside: dict[str, dict[str, str]] = {key: {key: ALONE} for key in keys}
    apart = _by_record(different)
    for edge in sorted(edges, key=lambda one: (_STRENGTH[one.why], -one.score, one.one, one.other)):
        if edge.one not in leader or edge.other not in leader:
            continue
        one, other = leader[edge.one], leader[edge.other]
        if one == other or not _may_join(inside[one], inside[other], edge.why, apart):
            continue
        mine, theirs = numbers.get(one), numbers.get(other)
        if edge.why == "proof" and mine and theirs and tax_kinds.contradict(mine, theirs):
            continue
        if len(inside[one]) < len(inside[other]):
            one, other = other, one
        for key in inside[other]:
            leader[key] = one
        inside[one].update(inside.pop(other))
        if mine or theirs:
            numbers[one] = (mine or frozenset()) | (theirs or frozenset())
        for key in (edge.one, edge.other):
            if inside[one][key] == ALONE:
                inside[one][key] = edge.why
    found = [dict(sorted(some.items())) for some in inside.values()]
    return sorted(found, key=lambda some: next(iter(some)))


def _may_join(
    one: Mapping[str, str], other: Mapping[str, str], why: str, apart: Mapping[str, Collection[str]]
) -> bool:
    small, large = (one, other) if len(one) <= len(other) else (other, one)
    if any(not large.keys().isdisjoint(apart.get(key, ())) for key in small):
        return False
    if why != "proof":
        return True
    return {RecordKey.parse(key).system for key in one}.isdisjoint(
        RecordKey.parse(key).system for key in other
    )


def _by_record(different: Collection[tuple[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one, other in different:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found
