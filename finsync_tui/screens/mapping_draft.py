"""What a person would change in a table: kept beside the rules in force until it is proposed. Pure.

>>> a, b, c = (MappingRow(source=name, target="1") for name in "abc")
>>> draft = Draft(4).without(a).with_rule(c)
>>> [row.source for row in draft.over([a, b])], draft.without(c).with_rule(a).is_empty
(['b', 'c'], True)
>>> Draft.read(draft.written()) == draft
True
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from finsync_tui.mapping import MappingRow


@dataclass(frozen=True, slots=True)
class Draft:
    """Rules that go and rules that come, as seen from the version they were made from."""

    base_version: int
    removed: tuple[MappingRow, ...] = ()
    added: tuple[MappingRow, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.removed and not self.added

    def over(self, rows: Sequence[MappingRow]) -> tuple[MappingRow, ...]:
        """Return the table as it would be."""
        going = Counter(self.removed)
        found: list[MappingRow] = []
        for row in rows:
            if going[row]:
                going[row] -= 1
            else:
                found.append(row)
        return (*found, *self.added)

    def with_rule(self, rule: MappingRow) -> Draft:
        """Return the draft with one rule more; one that was to go stays instead."""
        if rule in self.removed:
            return replace(self, removed=_less(self.removed, rule))
        return replace(self, added=(*self.added, rule))

    def without(self, rule: MappingRow) -> Draft:
        """Return the draft with one rule less; one that was to come is forgotten."""
        if rule in self.added:
            return replace(self, added=_less(self.added, rule))
        return replace(self, removed=(*self.removed, rule))

    def written(self) -> str:
        """Return the draft as it is remembered."""
        rows = {
            name: [row.model_dump(mode="json") for row in getattr(self, name)]
            for name in ("removed", "added")
        }
        return json.dumps({"base": self.base_version, **rows})

    @classmethod
    def read(cls, text: str | None) -> Draft | None:
        """Return a draft as it was written; None for anything else."""
        try:
            found = json.loads(text or "")
            rows = [
                tuple(MappingRow.model_validate(row) for row in found[name]) for name in ("removed", "added")
            ]
            return cls(int(found["base"]), *rows)
        except (ValueError, KeyError, TypeError, ValidationError):
            return None


def _less(rows: tuple[MappingRow, ...], rule: MappingRow) -> tuple[MappingRow, ...]:
    place = rows.index(rule)
    return (*rows[:place], *rows[place + 1 :])
