"""What a rule may call beside CEL's own, with the kinds it takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from finsync_tui.policies import values
from finsync_tui.policies.kinds import DAY, DECIMAL, FLAG, TEXT, WHOLE, Kind


@dataclass(frozen=True, slots=True)
class Function:
    """A function: what it takes, what it gives, how it is computed (None: CEL has it). docs/policies.md lists them."""

    takes: tuple[Kind, ...]
    gives: Kind
    compute: Callable[..., Any] | None


FUNCTIONS: Final[Mapping[str, Function]] = {
    "decimal": Function((TEXT,), DECIMAL, values.decimal),
    "date": Function((TEXT,), DAY, values.day),
    "plus": Function((DECIMAL, DECIMAL), DECIMAL, values.plus),
    "minus": Function((DECIMAL, DECIMAL), DECIMAL, values.minus),
    "times": Function((DECIMAL, DECIMAL), DECIMAL, values.times),
    "sum": Function((Kind("list", DECIMAL),), DECIMAL, values.total),
    "abs": Function((DECIMAL,), DECIMAL, values.size_of),
    "days_between": Function((DAY, DAY), WHOLE, values.days_between),
}
"""Called as `name(...)`."""

METHODS: Final[Mapping[str, Function]] = {
    "startsWith": Function((TEXT, TEXT), FLAG, None),
    "endsWith": Function((TEXT, TEXT), FLAG, None),
    "contains": Function((TEXT, TEXT), FLAG, None),
    "matches": Function((TEXT, TEXT), FLAG, None),
}
"""Called as `text.name(...)`; the text is the first that it takes."""
