"""Run the table of cases that stands beside each policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from finsync_tui.extensions import ExtensionSetup
from finsync_tui.policies.deciding import Judge
from finsync_tui.policies.kinds import EXTENSIONS, Kind
from finsync_tui.policies.model import Case, PolicySetup
from finsync_tui.policies.ruling import judges
from finsync_tui.policies.values import of_decimal
from finsync_tui.policies.verdicts import UndecidedError


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one case ended. `problem` is empty when it passed."""

    policy: str
    case: str
    expected: tuple[str, ...]
    said: tuple[str, ...]
    problem: str = ""


class GivenError(ValueError):
    """What a case gives does not fit the contract."""


def run(
    policies: Mapping[str, PolicySetup], regions: Mapping[str, str], extensions: Iterable[ExtensionSetup] = ()
) -> list[Outcome]:
    """Run every case of every policy, each against the rules of its own policy alone."""
    declared = tuple(extensions)
    return [
        _run_one(name, judge, key, case, regions)
        for name, policy in sorted(policies.items())
        for judge in [judges({name: policy}, declared).get(policy.decides)]
        for key, case in sorted(policy.tests.items())
    ]


def _run_one(name: str, judge: Judge | None, key: str, case: Case, regions: Mapping[str, str]) -> Outcome:
    if judge is None:
        said: tuple[str, ...] = ()
    else:
        try:
            unknown = case.given.keys() - judge.decision.documents.keys()
            if unknown:
                raise GivenError(
                    f"there is no {sorted(unknown)[0]}; given can be {', '.join(judge.decision.documents)}"
                )
            given = {
                one: _given(case.given.get(one, {}), kind, one)
                for one, kind in judge.decision.documents.items()
            }
            found = judge.ask_of(given, case.company, regions.get(case.company, ""), case.on)
        except (GivenError, UndecidedError) as error:
            return Outcome(name, key, case.expects, (), str(error))
        said = tuple(one.rule.removeprefix(f"{name}/") for one in found)
    problem = "" if said == case.expects else "the rules say something else"
    return Outcome(name, key, case.expects, said, problem)


def _given(value: object, kind: Kind, place: str) -> Any:
    """Return what a case gives as expressions have it; GivenError where it does not fit the contract."""
    if kind.name == "fields":
        if not isinstance(value, dict):
            raise GivenError(f"{place} has fields, and {value!r} is none")
        found = {}
        for name, part in value.items():
            field = kind.field(name)
            if field is None:
                raise GivenError(f"there is no field {place}.{name}")
            found[name] = _given(part, field.kind, f"{place}.{name}")
        if kind.is_of_extensions:
            return {name: {} for name in kind.fields} | found
        held = kind.field(EXTENSIONS)
        if held is not None:
            found.setdefault(EXTENSIONS, {name: {} for name in held.kind.fields})
        return found
    if kind.name == "list":
        if not isinstance(value, list | tuple) or kind.item is None:
            raise GivenError(f"{place} is a list, and {value!r} is none")
        return [_given(one, kind.item, f"{place}.{n}") for n, one in enumerate(value)]
    return _plain(value, kind, place)


def _plain(value: object, kind: Kind, place: str) -> object:
    match kind.name, value:
        case ("text", str()) | ("flag", bool()) | ("moment", datetime()):
            return value
        case ("whole", int()) if not isinstance(value, bool):
            return value
        case ("day", date()) if not isinstance(value, datetime):
            return value.isoformat()
        case ("day", str()):  # a recorded version is JSON, which has no days
            try:
                return date.fromisoformat(value).isoformat()
            except ValueError:
                raise GivenError(f"{place}: {value!r} is no day; write 2026-05-31") from None
        case ("moment", str()):
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                raise GivenError(f"{place}: {value!r} is no moment; write 2026-05-31T12:00:00Z") from None
        case ("decimal", str() | int()) if not isinstance(value, bool):
            try:
                return of_decimal(Decimal(value))
            except (InvalidOperation, ValueError) as error:
                raise GivenError(f"{place}: {value!r} is no decimal that a contract can have") from error
        case ("decimal", float()):
            raise GivenError(f'{place}: write an exact number as text, "{value}"')
    raise GivenError(f"{place}: {value!r} is no {kind}")


def untested(policies: Mapping[str, PolicySetup]) -> list[str]:
    """Return the rules that no case expects."""
    return [
        f"{name}/{key}"
        for name, policy in sorted(policies.items())
        for key, rule in sorted(policy.rules.items())
        if rule.is_enabled and not any(key in case.expects for case in policy.tests.values())
    ]
