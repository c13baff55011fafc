"""Amounts of several currencies in a list: a column for each, or, where there is no room for all, one that names its currency.

A column that is left out would show a row as if it had no money, so it is all of them or the one.

>>> [column.label for column in MoneyColumns.of(("EUR", "USD"), 40).columns()]
['EUR', 'USD']
>>> MoneyColumns.of(("EUR", "USD"), 25).cells({"USD": 500, "GBP": 100})
[('5.00 USD +1', '')]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finsync_tui.screens.signs import Role
from finsync_tui.screens.text import amount, money
from finsync_tui.screens.widgets.virtual_table import GAP, Cell, Column

WIDTH = 13
JOINED_WIDTH = 19
SPLIT_MAX = 3
"""So many currencies have a column each; with more, a row has mostly gaps."""


@dataclass(frozen=True, slots=True)
class MoneyColumns:
    """Which currencies there are, the most frequent first, and whether each has its own column."""

    currencies: tuple[str, ...] = ()
    is_split: bool = True

    @classmethod
    def of(cls, currencies: Sequence[str], room: int) -> MoneyColumns:
        """Return what fits into so many cells."""
        known = tuple(currencies)
        return cls(known, len(known) <= SPLIT_MAX and len(known) * (WIDTH + len(GAP)) <= room)

    def columns(self) -> list[Column]:
        if self.is_split:
            return [Column(name, WIDTH, is_right=True) for name in self.currencies]
        return [Column("Amount", JOINED_WIDTH, is_right=True)]

    def cells(self, amounts: Mapping[str, int], role: Role = "", nothing: str = "—") -> list[Cell]:
        """Return a row's amounts; joined, the first currency and how many others there are."""
        none: Cell = (nothing, "muted")
        if self.is_split:
            return [
                (amount(amounts[name], name), role) if name in amounts else none for name in self.currencies
            ]
        has = [name for name in self.currencies if name in amounts] or sorted(amounts)
        if not has:
            return [none]
        others = f" +{len(amounts) - 1}" if len(amounts) > 1 else ""
        return [(f"{money(amounts[has[0]], has[0])}{others}", role)]
