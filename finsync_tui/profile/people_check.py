"""What is wrong with the people of a profile, found offline."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from finsync_tui.profile.model import Profile
from finsync_tui.profile.people import Person
from finsync_tui.profile.problem import Problem

SECRETS_OF_PEOPLE = "people"
"""The name under which their private keys lie among the secrets."""
SIGN_INS = "sign-ins"
"""The name under which the sealed keys of their web sign-ins lie there."""
INVITATIONS = "invitations"
"""The name under which invitations lie there, until they are used."""


def people_problems(profile: Profile) -> Iterator[Problem]:
    """Yield people that can't be told apart, can't act, and rules that nobody could follow."""
    for reserved in (SECRETS_OF_PEOPLE, SIGN_INS, INVITATIONS):
        if reserved in profile.systems:
            yield Problem(
                f"systems.{reserved}",
                "a system of that name would share its secrets with the keys of people",
                "Give it another name.",
            )
    for name, person in profile.people.items():
        if person.roles and not person.os_account and not person.web_login:
            yield Problem(
                f"people.{name}", "nobody can act as this person", "Add os_account, web_login or both."
            )
    for name in profile.governance.duties_accepted.keys() - profile.people.keys():
        yield Problem(
            f"governance.duties_accepted.{name}",
            f"there is no person {name!r}",
            "Take the line out, or correct the name.",
        )
    for (name, one), (other_name, other) in combinations(profile.people.items(), 2):
        yield from _alike(name, one, other_name, other)
    if profile.mapping_rule == "two":
        yield from _two_pairs_of_eyes(profile)


def _alike(name: str, one: Person, other_name: str, other: Person) -> Iterator[Problem]:
    for field in ("os_account", "web_login"):
        value = getattr(one, field)
        if value and value == getattr(other, field):
            yield Problem(
                f"people.{other_name}.{field}", f"{value!r} is {name} already", "One account, one person."
            )
    keys = {other.key, *(past.key for past in other.before)} - {None}
    if keys & {one.key, *(past.key for past in one.before)}:
        yield Problem(
            f"people.{other_name}.key",
            f"{name} has the same key: one person could be both maker and checker",
            "Let each make their own with `finsync people key`.",
        )


def _two_pairs_of_eyes(profile: Profile) -> Iterator[Problem]:
    if not profile.people:
        yield Problem(
            "governance.mapping",
            "a change takes two persons, but nobody is listed",
            "List people (docs/governance.md), or take the line out.",
        )
        return
    checkers = {name for name, one in profile.people.items() if "approver" in one.roles and one.key}
    makers = {
        name
        for name, one in profile.people.items()
        if one.key and {"analyst", "approver", "administrator"} & set(one.roles)
    }
    if not any(makers - {checker} for checker in checkers):
        yield Problem(
            "people",
            "no mapping table can be changed: it takes a maker and another person who approves, each with a key",
            "Give two persons the roles analyst and approver, and let each run `finsync people key`; "
            'or set mapping = "one" under [governance].',
        )
