"""What is wrong with who answers for what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from finsync_tui.profile.model import Profile
from finsync_tui.profile.owners import PARTS, Kind, Owned, contract_names, things
from finsync_tui.profile.problem import Problem
from store.wording import nearest


def everything(profile: Profile) -> list[Owned]:
    """Return each flow that is switched on, system, contract, mapping table and policy, and who answers for it."""
    names: Mapping[Kind, Iterator[str]] = {
        "flow": iter([name for name, one in profile.flows.items() if one.is_enabled]),
        "system": iter(profile.systems),
        "contract": iter(contract_names()),
        "mapping": iter(profile.mappings),
    }
    policies = {name: (one.owner, one.deputy) for name, one in profile.policies.items()}
    return [*things(profile.owners, names, policies)]


def owner_problems(profile: Profile) -> Iterator[Problem]:
    """Yield owners of things that there are not."""
    known: Mapping[Kind, set[str]] = {
        "flow": set(profile.flows),
        "system": set(profile.systems),
        "contract": set(contract_names()),
        "mapping": set(profile.mappings),
    }
    for kind, part in PARTS.items():
        for name in sorted(set(getattr(profile.owners, part)) - known[kind]):
            what = "mapping table" if kind == "mapping" else kind
            near = nearest(name, known[kind])
            yield Problem(
                f"owners.{part}.{name}", f"there is no {what} {name!r}", f"{near[0].upper()}{near[1:]}"
            )


def unanswered(profile: Profile) -> Iterator[Problem]:
    """Yield what nobody answers for, and roles that nobody has: more than an engine needs."""
    found = everything(profile)
    nobody = [one for one in found if one.kind != "policy" and not (one.owner and one.deputy)]
    if nobody:
        first = nobody[0]
        more = f" (and {len(nobody) - 1} more: `finsync profile owners`)" if len(nobody) > 1 else ""
        yield Problem(
            "owners",
            f"nobody answers for the {first.kind} {first.name}{more}",
            "Say who does: [owners.default] owner and deputy, and who else for what (docs/governance.md).",
        )
    if not profile.people:
        return
    filled = {role for person in profile.people.values() for role in person.answers_for}
    for role in sorted({role for one in found for role in (one.owner, one.deputy) if role} - filled):
        yield Problem(
            "people", f"nobody has the role {role!r}, which answers for something",
            f'Give it to somebody: answers_for = ["{role}"] below [people.NAME].',
        )  # fmt: skip
