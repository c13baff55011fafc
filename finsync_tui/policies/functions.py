"""What a rule may call beside CEL's own, with the kinds it takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from finsync_tui.policies import values
from finsync_tui.policies.kinds import DAY, DECIMAL, FLAG, TEXT, WHOLE, Kind


@dataclass(frozen=True, slots=True)
class Function:
    """A function: what it takes, what it gives, how it is computed (None: CEL has it)."""

    takes: tuple[Kind, ...]
    gives: Kind
    compute: Callable[..., Any] | None
    what: str


FUNCTIONS: Final[Mapping[str, Function]] = {
    "decimal": Function((TEXT,), DECIMAL, values.decimal, "An exact decimal: `decimal('10.00')`."),
    "date": Function((TEXT,), DAY, values.day, "A day: `date('2026-05-31')`."),
    "plus": Function((DECIMAL, DECIMAL), DECIMAL, values.plus, "The sum of two decimals."),
    "minus": Function((DECIMAL, DECIMAL), DECIMAL, values.minus, "The first decimal less the second."),
    "times": Function((DECIMAL, DECIMAL), DECIMAL, values.times, "The product of two decimals, exactly."),
    "sum": Function((Kind("list", DECIMAL),), DECIMAL, values.total, "The sum of a list of decimals."),
    "abs": Function((DECIMAL,), DECIMAL, values.size_of, "A decimal without its sign."),
    "days_between": Function(
        (DAY, DAY), WHOLE, values.days_between, "How many days the second day is after the first."
    ),
}
"""Called as `name(...)`."""

METHODS: Final[Mapping[str, Function]] = {
    "startsWith": Function((TEXT, TEXT), FLAG, None, "A text begins so."),
    "endsWith": Function((TEXT, TEXT), FLAG, None, "A text ends so."),
    "contains": Function((TEXT, TEXT), FLAG, None, "A text has another in it."),
    "matches": Function((TEXT, TEXT), FLAG, None, "A text fits a regular expression (RE2) somewhere."),
}
"""Called as `text.name(...)`; the text is the first that it takes."""
