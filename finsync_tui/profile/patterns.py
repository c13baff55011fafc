"""What may stand in a cell of a mapping table that says which values a rule is for. Pure.

    CC410         this value
    CC4*          whatever begins so; `*` stands for any text, and is the only wildcard: ? and [ ] occur in real codes
    4000..4999    from one to the other, both included: as numbers where both ends are digits, else as codes of one length

>>> [fits("4000..4999", value) for value in ("4000", "4500", "45", "45000")]
[True, True, False, False]
>>> [fits("A10..A19", value) for value in ("A15", "A2", "B15")]
[True, False, False]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

RANGE: Final = ".."
ANY: Final = "*"
Kind = Literal["exact", "range", "wildcard"]
KINDS: Final[tuple[Kind, ...]] = ("exact", "range", "wildcard")
"""The most particular first."""


@dataclass(frozen=True, slots=True)
class Span:
    """A range of codes. Numbers may be written with leading zeros, in as many digits as one of the ends or between them."""

    low: str
    high: str

    @property
    def is_numeric(self) -> bool:
        return _is_number(self.low) and _is_number(self.high)

    @property
    def problem(self) -> str | None:
        """Why no value can lie in it; None: some can."""
        if self.is_numeric:
            if len(self.low) > len(self.high) or int(self.low) > int(self.high):
                return f"{self.low} comes after {self.high}"
            return None
        if len(self.low) != len(self.high):
            return f"{self.low} and {self.high} have not the same length, and are not both numbers"
        return f"{self.low} comes after {self.high}" if self.low > self.high else None

    def holds(self, value: str) -> bool:
        if self.is_numeric:
            is_alike = len(self.low) <= len(value) <= len(self.high) and _is_number(value)
            return is_alike and int(self.low) <= int(value) <= int(self.high)
        return len(value) == len(self.low) == len(self.high) and self.low <= value <= self.high


def kind(cell: str) -> Kind:
    """Return what a cell is: one value, a range, or a pattern."""
    if ANY in cell:
        return "wildcard"
    return "exact" if span(cell) is None else "range"


def span(cell: str) -> Span | None:
    """Return the ends of a range; None: the cell is none."""
    low, dots, high = cell.partition(RANGE)
    return Span(low, high) if dots and low and high and RANGE not in high and ANY not in cell else None


def fits(cell: str, value: str) -> bool:
    """Say whether a cell is for this value."""
    match kind(cell):
        case "exact":
            return cell == value
        case "range":
            known = span(cell)
            return known is not None and known.holds(value)
        case "wildcard":
            return pattern(cell).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def pattern(cell: str) -> re.Pattern[str]:
    """Return a cell with wildcards as a regular expression."""
    return re.compile(".*".join(map(re.escape, cell.split(ANY))), re.DOTALL)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
