"""Ask the rules about a document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import cel

from finsync_tui.policies.decisions import Decision
from finsync_tui.policies.functions import FUNCTIONS
from finsync_tui.policies.model import Rule
from finsync_tui.policies.values import Paths, facts
from finsync_tui.policies.verdicts import SETTING, UndecidedError, Verdict


@dataclass(frozen=True, slots=True)
class Program:
    """A rule that has been checked, ready to be asked."""

    name: str
    rule: Rule
    used: frozenset[tuple[str, ...]]
    compiled: cel.Program


def program(name: str, rule: Rule, used: frozenset[tuple[str, ...]]) -> Program:
    """Make a rule ready. `used` is what the check has found that it uses."""
    return Program(name, rule, used, cel.compile(rule.when))


class Judge:
    """The rules of one decision, in the order in which they are asked."""

    def __init__(self, decision: Decision, programs: Iterable[Program]) -> None:
        self.decision = decision
        self.programs = sorted(programs, key=lambda one: (-one.rule.priority, one.name))
        self._used = tree(path for one in self.programs for path in one.used)
        self._context = a_context()

    @property
    def says_settings_only(self) -> bool:
        """It decides nothing that the profile's settings would not."""
        return self.decision.has_setting and all(
            one.rule.then == SETTING for one in self.programs if one.rule.is_enabled
        )

    def ask(self, documents: Mapping[str, object], company: str, region: str, on: date) -> list[Verdict]:
        """Return what the rules in force say, the first first. UndecidedError when one can't be asked."""
        asked = self._in_force(company, region, on)
        if not asked:
            return []
        try:
            given = {
                name: facts(documents[name], kind, self._used.get(name, {}))
                for name, kind in self.decision.documents.items()
            }
        except ValueError as error:
            raise UndecidedError(asked[0].name, str(error)) from error
        return self._ask(asked, given, company, on)

    def ask_of(self, given: Mapping[str, Any], company: str, region: str, on: date) -> list[Verdict]:
        """Return what the rules in force say of values as expressions have them."""
        return self._ask(self._in_force(company, region, on), given, company, on)

    def _in_force(self, company: str, region: str, on: date) -> list[Program]:
        return [one for one in self.programs if one.rule.holds(company, region, on)]

    def _ask(
        self, asked: Iterable[Program], given: Mapping[str, Any], company: str, on: date
    ) -> list[Verdict]:
        self._context.update({**given, "company": company, "today": on.isoformat()})
        found: list[Verdict] = []
        for one in asked:
            if self._says_yes(one):
                found.append(Verdict(one.name, one.rule.then, one.rule.why, one.rule.fix))
                if self.decision.takes_first:
                    break
        return found

    def _says_yes(self, one: Program) -> bool:
        try:
            answer = one.compiled.execute(self._context)
        except KeyError as error:
            raise UndecidedError(
                one.name, f"its field {error} is missing; ask for it with has(...)"
            ) from error
        except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
            raise UndecidedError(one.name, str(error)) from error
        if not isinstance(answer, bool):
            raise UndecidedError(one.name, f"it answered {answer!r}, which is neither yes nor no")
        return answer


def a_context() -> cel.Context:
    """Return what programs run in: it knows our functions."""
    context = cel.Context()
    for name, function in FUNCTIONS.items():
        if function.compute is not None:
            context.add_function(name, function.compute)
    return context


def tree(paths: Iterable[tuple[str, ...]]) -> Paths:
    """Return paths as a tree.

    >>> tree([("order",), ("order", "total", "amount")])
    {'order': {'total': {'amount': {}}}}
    """
    tree: dict[str, Any] = {}
    for path in paths:
        below = tree
        for name in path:
            below = below.setdefault(name, {})
    return tree
