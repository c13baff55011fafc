"""A view of a list: its filter and its order, as a person keeps it. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """One view. An empty order is the list's own."""

    name: str
    filter: str = ""
    sort: str = ""
    is_reversed: bool = False

    def shown(self) -> str:
        """Return what it shows, in a few words."""
        order = f" by {self.sort}{' ↓' if self.is_reversed else ''}" if self.sort else ""
        return f"{self.filter or 'everything'}{order}"

    def written(self) -> str:
        return json.dumps({"filter": self.filter, "sort": self.sort, "is_reversed": self.is_reversed})

    @classmethod
    def read(cls, name: str, value: str | None) -> View | None:
        """Return a view as it was written; None for anything else.

        >>> View.read("mine", View("mine", "is:mine", "due").written())
        View(name='mine', filter='is:mine', sort='due', is_reversed=False)
        """
        try:
            found = json.loads(value or "")
            return cls(name, str(found["filter"]), str(found["sort"]), bool(found["is_reversed"]))
        except (ValueError, KeyError, TypeError):
            return None
