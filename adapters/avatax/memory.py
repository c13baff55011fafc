"""Answers that need not be asked for again, for a while.

They are kept in the adapter, not in the store: what is worth keeping for good is the receipt, which the engine stores with its
delivery. What is forgotten here, because the process ended or there was no room, costs a request and nothing else.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from store.canonical.tax import TaxAnswer
from store.clock import Clock

ANSWERS_MAX = 10_000


class Memory:
    """The latest answers by the digest of their question."""

    def __init__(self, clock: Clock, lasts: timedelta, size: int = ANSWERS_MAX) -> None:
        self._clock = clock
        self._lasts = lasts
        self._size = size
        self._answers: OrderedDict[str, tuple[datetime, TaxAnswer]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def recall(self, digest: str) -> TaxAnswer | None:
        """Return the answer to a question, unless it is too old."""
        held = self._answers.get(digest)
        if held is None:
            return None
        if self._clock.now() - held[0] >= self._lasts:
            del self._answers[digest]
            return None
        return held[1]

    def keep(self, answer: TaxAnswer) -> None:
        """Keep an answer; the oldest one goes when there is no room."""
        self._answers[answer.question] = (self._clock.now(), answer)
        self._answers.move_to_end(answer.question)
        while len(self._answers) > self._size:
            self._answers.popitem(last=False)
