"""The policies of a profile, checked: what is wrong with them, and who judges what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from finsync_tui.extensions import ExtensionSetup
from finsync_tui.policies.checking import ExpressionError, check
from finsync_tui.policies.deciding import Judge, Program, program
from finsync_tui.policies.decisions import DECISIONS, Decision, extended
from finsync_tui.policies.model import PolicySetup, Rule


@dataclass(frozen=True, slots=True)
class Misfit:
    """What is wrong with a policy, and where: `orders.rules.hardware.when`."""

    place: str
    message: str


class PoliciesError(Exception):
    """Policies that do not fit: nothing is decided by any of them."""

    def __init__(self, found: list[Misfit]) -> None:
        shown = "; ".join(f"{one.place}: {one.message}" for one in found[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        super().__init__(f"{shown}{more}. `finsync policy check` says where each stands")
        self.found = found


def judges(
    policies: Mapping[str, PolicySetup], extensions: Iterable[ExtensionSetup] = ()
) -> dict[str, Judge]:
    """Return who judges each decision that has rules; PoliciesError when any of them does not fit.

    `extensions`: those in force, whose fields rules may name.
    """
    decisions = extended(extensions)
    misfits: list[Misfit] = []
    programs: dict[str, list[Program]] = {}
    for name, policy in sorted(policies.items()):
        decision = decisions.get(policy.decides)
        if decision is None:
            misfits.append(_unknown(name, policy))
            continue
        for key, rule in sorted(policy.rules.items()):
            found = _checked(name, key, rule, decision)
            if isinstance(found, Program):
                programs.setdefault(decision.name, []).append(found)
            else:
                misfits += found
    if misfits:
        raise PoliciesError(misfits)
    return {name: Judge(decisions[name], found) for name, found in programs.items()}


def misfits(
    policies: Mapping[str, PolicySetup],
    companies: Mapping[str, str],
    extensions: Iterable[ExtensionSetup] = (),
) -> list[Misfit]:
    """Return all that is wrong with policies. `companies` are those of the profile, with their regions."""
    decisions = extended(extensions)
    return [
        one
        for name, policy in sorted(policies.items())
        for one in _misfits(name, policy, companies, decisions)
    ]


def _misfits(
    name: str, policy: PolicySetup, companies: Mapping[str, str], decisions: Mapping[str, Decision]
) -> Iterator[Misfit]:
    decision = decisions.get(policy.decides)
    if decision is None:
        yield _unknown(name, policy)
        return
    known = {*companies, *companies.values()} - {""}
    for key, rule in sorted(policy.rules.items()):
        found = _checked(name, key, rule, decision)
        if not isinstance(found, Program):
            yield from found
        for number, one in enumerate(rule.companies):
            if one not in known:
                yield Misfit(
                    f"{name}.rules.{key}.companies.{number}", f"{one!r} is no company and no region here"
                )
    for key, case in sorted(policy.tests.items()):
        for number, one in enumerate(case.expects):
            if one not in policy.rules:
                yield Misfit(f"{name}.tests.{key}.expects.{number}", f"there is no rule {one!r} in {name}")


def _unknown(name: str, policy: PolicySetup) -> Misfit:
    return Misfit(
        f"{name}.decides", f"{policy.decides!r} is no decision; rules decide {', '.join(DECISIONS)}"
    )


def _checked(name: str, key: str, rule: Rule, decision: Decision) -> Program | list[Misfit]:
    found: list[Misfit] = []
    if decision.says and rule.then not in decision.says:
        found.append(
            Misfit(
                f"{name}.rules.{key}.then",
                f"{rule.then!r} can't be said by {decision.name}; it says {' or '.join(decision.says)}",
            )
        )
    elif decision.reads is not None:
        try:
            decision.reads(rule.then)
        except ValueError as error:
            found.append(Misfit(f"{name}.rules.{key}.then", str(error)))
    try:
        ready = program(f"{name}/{key}", rule, check(rule.when, decision.variables).used)
    except ExpressionError as error:
        place = f"character {error.column}" if error.line == 1 else f"line {error.line} of it"
        return [*found, Misfit(f"{name}.rules.{key}.when", f"at {place}: {error.message}")]
    except ValueError as error:  # what one implementation of the language takes, the other may not
        return [*found, Misfit(f"{name}.rules.{key}.when", str(error))]
    return found or ready
