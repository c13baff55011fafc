"""Which documents two versions of the rules say something else of, asked of stored JSON: only rules that differ are asked.

A document that can't be told apart so (a rule that can't be asked, JSON of an older contract, another answer) is left to whoever
asks all rules of the whole document: `is_same` never says yes where that would find a difference.

Documents that say the same of all that the rules use are one question: it is asked once.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import cel
import msgspec

from finsync_tui.policies.deciding import Judge, Program, a_context, tree
from finsync_tui.policies.decisions import Decision
from finsync_tui.policies.values import reader, shape
from finsync_tui.policies.verdicts import NOTE

_UNFIT: Final = (KeyError, ArithmeticError, RuntimeError, TypeError, ValueError)
"""What a rule, or a body, that does not fit ends with."""
ANSWERS_MAX: Final = 100_000
"""So many answers are kept; where documents differ more than that, they are forgotten and begun anew."""

Same = tuple[list[str], list[str]] | None


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
        self._facts = msgspec.json.Decoder(shape(kind, used.get(self._variable, {})))
        whole = tree(path for one in (*was, *would) for path in one.used)
        self._every = (*was, *would)
        self._whole_facts = msgspec.json.Decoder(shape(kind, whole.get(self._variable, {})))
        self._sees_company = "company" in whole
        self._asked: dict[tuple[str, str, date], tuple[list[Program], list[Program], tuple[object, ...]]] = {}
        self._answers: dict[tuple[object, Any], Same] = {}
        self._names = used.keys() & {self._variable, "company", "today"}
        self._context: cel.Context = a_context()
        self.changed: Final = frozenset(one.name for one in (*self._before, *self._after))

    def is_same(self, body: bytes | str, company: str, region: str, on: date) -> Same:
        """Return which rules that differ say yes, before and after, where that decides nothing otherwise; None: ask in full."""
        before, after, asked = self._asked_of(company, region, on)
        if not before and not after:
            return [], []
        try:
            question = (asked, self._facts.decode(body))
        except _UNFIT:
            return self._answer(body, before, after, company, on)
        if question not in self._answers:
            if len(self._answers) >= ANSWERS_MAX:
                self._answers.clear()
            self._answers[question] = self._answer(body, before, after, company, on)
        return self._answers[question]

    def question(self, body: bytes | str, company: str, region: str, on: date) -> object | None:
        """Return what all rules, before and after, are asked of a document: of two that are the same they say the same. None: nobody
        can tell."""
        try:
            facts = self._whole_facts.decode(body)
        except _UNFIT:
            return None
        holding = tuple(one.rule.holds(company, region, on) for one in self._every)
        return holding, company if self._sees_company else "", on, facts

    def _asked_of(
        self, company: str, region: str, on: date
    ) -> tuple[list[Program], list[Program], tuple[object, ...]]:
        """Return the rules that are asked of a company on a day, and what beside the document they may see."""
        known = self._asked.get((company, region, on))
        if known is None:
            before, after = (
                [one for one in programs if one.rule.holds(company, region, on)]
                for programs in (self._before, self._after)
            )
            names = tuple(tuple(one.name for one in programs) for programs in (before, after))
            sees = (company if "company" in self._names else "", on)
            known = self._asked[company, region, on] = before, after, (names, *sees)
        return known

    def _answer(
        self, body: bytes | str, before: list[Program], after: list[Program], company: str, on: date
    ) -> Same:
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
