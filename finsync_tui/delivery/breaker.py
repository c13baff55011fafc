"""The circuit breaker of one system, judged answer by answer: nothing is sent to a system that is away.

    closed --failures in a row, or a wait it asks for--> open --its time is over--> half open --an answer--> closed
                                                          ^------- a failure ----------'

Half open, one delivery goes out alone. What was found by a look-up says nothing about writes: it neither closes nor opens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapters.errors import (
    AdapterError,
    DuplicateError,
    OutcomeUnknownError,
    ProtocolError,
    RejectedError,
    TransientError,
    VersionConflictError,
)
from finsync_tui.profile import Breaker as Setup
from store.calls import Call
from store.systems import SystemState

PAUSE_MIN: Final = timedelta(seconds=1)

_ANSWERS = (RejectedError, DuplicateError, VersionConflictError)
_BUSY: Final = frozenset((408, 425, 429))
_NOT_THERE: Final = _BUSY | {502, 503, 504}
"""What is said for a system, or in front of it. A plain 500 may be about this one document."""


@dataclass(frozen=True, slots=True)
class Away:
    """A system is to be left alone."""

    until: datetime
    reason: str


class Breaker:
    """Counts failures in a row as they come, from where the last round left off."""

    __slots__ = ("_count", "_setup", "is_half_open", "is_open")

    def __init__(self, setup: Setup, stands: SystemState | None, *, is_told: bool = True) -> None:
        """`is_told`: it is written to; otherwise it is only asked for what others are told."""
        self._setup = setup
        self._count = 0
        self.is_half_open = False
        if stands is not None:
            self._count = stands.write_failure_count if is_told else stands.failure_count
            self.is_half_open = stands.state == "parked" or (is_told and stands.is_on_trial)
        self.is_open = False
        """True: send nothing more in this round. Answers to what was under way do not close it again."""

    def answered(self) -> None:
        """It took a write, or refused one: it is there."""
        self._count = 0
        self.is_half_open = False

    def failed(self, error: AdapterError, now: datetime) -> Away | None:
        """Count a failure; say whether the system is to be left alone now, and until when."""
        self._count += 1
        asked = error.closes_for
        pause = max(self._setup.pause, PAUSE_MIN)
        if asked is not None:
            away = Away(now + asked, f"asked to be left alone for {asked.total_seconds():,.0f} s: {error}")
        elif self.is_half_open:
            away = Away(now + pause, f"left alone again, what was tried after the pause failed: {error}")
        elif self._count >= self._setup.failures:
            away = Away(now + pause, f"left alone after {self._count} failures in a row: {error}")
        else:
            return None
        self.is_open = True
        return away


def is_answer(error: AdapterError, calls: Sequence[Call]) -> bool:
    """Say whether the system itself said no. What was refused before it was called says nothing about it."""
    return isinstance(error, _ANSWERS) and bool(calls)


def is_failure(error: AdapterError, calls: Sequence[Call]) -> bool:
    """Say whether it counts as a failure of the system. A document that must wait, as its answer told, is none."""
    if isinstance(error, TransientError):
        return _is_silent(error, calls) or (error.status or 0) in _BUSY or (error.status or 0) >= 500
    return isinstance(error, OutcomeUnknownError | ProtocolError)


def is_not_there(error: AdapterError, calls: Sequence[Call]) -> bool:
    """Say whether it has nothing to do with the document: no answer at all, or one that any document would have got."""
    if not isinstance(error, TransientError | OutcomeUnknownError):
        return False
    return _is_silent(error, calls) or error.status in _NOT_THERE


def _is_silent(error: AdapterError, calls: Sequence[Call]) -> bool:
    return error.status is None and (not calls or calls[-1].status is None)
