"""Which documents two versions of the rules say something else of, asked of stored JSON: only rules that differ are asked.

A document that can't be told apart so (a rule that can't be asked, JSON of an older contract, another answer) is left to whoever
asks all rules of the whole document: `is_same` never says yes where that would find a difference.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import cel
import msgspec

from finsync_tui.policies.deciding import Judge, Program, a_context, tree
from finsync_tui.policies.decisions import Decision
from finsync_tui.policies.values import reader
from finsync_tui.policies.verdicts import NOTE

_UNFIT: Final = (KeyError, ArithmeticError, RuntimeError, TypeError, ValueError)
"""What a rule, or a body, that does not fit ends with."""


class Comparison:
    """The rules of one decision that two versions do not have alike."""

    def __init__(self, decision: Decision, before: Judge | None, after: Judge | None) -> None:
        was, would = ([] if judge is None else judge.programs for judge in (before, after))
        known = [{one.name: one.rule for one in programs} for programs in (was, would)]
        self._before = [one for one in was if known[1].get(one.name) != one.rule]
        self._after = [one for one in would if known[0].get(one.name) != one.rule]
        self._takes_first = decision.takes_first
        ((self._variable, kind),) = decision.documents.items()
        used = tree(path for one in (*self._before, *self._after) for path in one.used)
        self._read = reader(kind, used.get(self._variable, {}))
        self._names = used.keys() & {self._variable, "company", "today"}
        self._context: cel.Context = a_context()
        self.changed: Final = frozenset(one.name for one in (*self._before, *self._after))

    def is_same(self, body: bytes, company: str, region: str, on: date) -> tuple[list[str], list[str]] | None:
        """Return which rules that differ say yes, before and after, where that decides nothing otherwise; None: ask in full."""
        before = [one for one in self._before if one.rule.holds(company, region, on)]
        after = [one for one in self._after if one.rule.holds(company, region, on)]
        if not before and not after:
            return [], []
        try:
            given = {
                self._variable: self._read(msgspec.json.decode(body)),
                "company": company,
                "today": on.isoformat(),
            }
            self._context.update({name: given[name] for name in self._names})
            yes = self._yes(before), self._yes(after)
        except _UNFIT:
            return None
        if self._takes_first:
            return ([], []) if not yes[0] and not yes[1] else None
        was, would = ({one.name for one in found if one.rule.then != NOTE} for found in yes)
        return None if was != would else ([one.name for one in yes[0]], [one.name for one in yes[1]])

    def _yes(self, programs: list[Program]) -> list[Program]:
        found = []
        for one in programs:
            answer = one.compiled.execute(self._context)
            if not isinstance(answer, bool):
                raise TypeError(f"{one.name} is neither yes nor no")
            if answer:
                found.append(one)
        return found
