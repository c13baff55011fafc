"""What people said of pairs much like this one: remembered answers as examples for the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from store import supplier_answers
from store.supplier_answers import Answer

LOOKED_AT_MAX: Final = 500
SHOWN_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Example:
    """An answered pair, and what its evidence shares with the one at hand."""

    one: str
    other: str
    answer: Answer
    by: str
    at: datetime
    reason: str
    score: float
    shared: tuple[str, ...]


def of(db: Connection, one: str, other: str, score: float, evidence: Iterable[str]) -> list[Example]:
    """Return the answered pairs whose evidence and score are most like these, the most alike first."""
    kinds = {_kind(what) for what in evidence}
    found: list[tuple[float, Example]] = []
    for said in supplier_answers.answers(db)[-LOOKED_AT_MAX:]:
        if (said.one, said.other) == supplier_answers.ordered(one, other) or said.score is None:
            continue
        pair = supplier_answers.pair(db, said.one, said.other)
        theirs = {_kind(what) for what, _ in pair.evidence} if pair is not None else set()
        shared = tuple(sorted(kinds & theirs))
        likeness = len(shared) / max(1, len(kinds | theirs)) - abs(score - said.score) / 100
        example = Example(
            said.one, said.other, said.answer, said.by, said.at, said.reason, said.score, shared
        )
        found.append((likeness, example))
    found.sort(key=lambda each: (-each[0], each[1].one, each[1].other))
    return [example for likeness, example in found[:SHOWN_MAX] if likeness > 0]


def _kind(what: str) -> str:
    """Return the kind of a reason: its words without what is particular to the pair.

    >>> _kind("the same postcode HU11AA, the same town hull"), _kind("names 93 of 100 alike")
    ('the same postcode', 'names of alike')
    """
    first = what.partition(",")[0]
    return " ".join(word for word in first.split() if word.isascii() and word.isalpha() and word.islower())
