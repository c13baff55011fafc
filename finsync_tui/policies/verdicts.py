"""What rules may say, and who is asked: without the language that they are written in, which is loaded when there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

STOP: Final = "stop"
"""It can't go on as long as the rule says yes."""
ASK: Final = "ask"
"""It waits for a person, who lets it pass by trying it again."""
NOTE: Final = "note"
"""It goes on, and what was noticed is kept."""
SETTING: Final = "setting"
"""It is as the profile's plain setting says: the rule only names that this is meant."""
GIVE_UP: Final = "give_up"
"""It is not tried again by itself: a person looks."""

DRIFT: Final = "drift"
LEDGER_DERIVATION: Final = "ledger_derivation"
RETRY: Final = "retry"
WRITE_OFF_LIMIT: Final = "write_off_limit"
"""Decisions that more than one part asks for."""


class UndecidedError(Exception):
    """A rule can't be asked of a document: which, and why. Nothing was decided by it or by those after it."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(f"the rule {rule} can't be asked of it: {reason}")
        self.rule = rule
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rule said yes."""

    rule: str
    """With its policy: `orders/hardware-needs-cio`."""
    then: str
    why: str
    fix: str


class Judging(Protocol):
    """Who judges one decision."""

    def ask(self, documents: Mapping[str, object], company: str, region: str, on: date) -> Sequence[Verdict]:
        """Return what the rules in force say, the first first. UndecidedError when one can't be asked."""
        ...
