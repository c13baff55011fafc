"""How many documents a change would do what to, and how much money that is: the same for mapping tables and policies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Outcome = TypeVar("Outcome", bound=str)


@dataclass(frozen=True, slots=True)
class Total(Generic[Outcome]):
    """How many documents have an outcome, and their amount, in one currency."""

    outcome: Outcome
    currency: str | None
    document_count: int
    amount_minor: int


@dataclass(slots=True)
class Totals(Generic[Outcome]):
    """Documents and money by outcome and currency, counted one after the other."""

    counts: Counter[tuple[Outcome, str | None]] = field(default_factory=Counter)
    sums: Counter[tuple[Outcome, str | None]] = field(default_factory=Counter)

    def add(
        self, outcome: Outcome, currency: str | None, amount_minor: int | None, documents: int = 1
    ) -> None:
        self.counts[outcome, currency] += documents
        self.sums[outcome, currency] += amount_minor or 0

    def in_order(self, order: Sequence[Outcome]) -> Iterator[Total[Outcome]]:
        """Yield what was counted, by outcome in this order, then by currency."""
        place = {outcome: number for number, outcome in enumerate(order)}
        for key in sorted(self.counts, key=lambda one: (place[one[0]], one[1] or "")):
            yield Total(*key, self.counts[key], self.sums[key])
