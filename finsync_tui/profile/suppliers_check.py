"""What does not fit together in what a profile says of suppliers and of who is master of what."""

from __future__ import annotations

from collections.abc import Iterator

from finsync_tui.profile.model import Profile
from finsync_tui.profile.problem import Problem
from finsync_tui.profile.suppliers import OWNED_FIELDS
from store.wording import nearest


def supplier_problems(profile: Profile) -> Iterator[Problem]:
    """Yield systems that are not there, and fields that a supplier does not have."""
    for name, owner in profile.ownership.items():
        place = f"ownership.{name}"
        entity, _, field = name.partition(".")
        if owner not in profile.systems:
            yield _unknown(profile, place, owner)
        if entity == "supplier" and field and field not in OWNED_FIELDS:
            yield Problem(
                place,
                f"a supplier has no field {field!r}: {nearest(field, OWNED_FIELDS)}",
                "Correct the name, or take the line out.",
            )
    policy = profile.suppliers
    by_country = [
        (f"create_by_country.{country}", systems) for country, systems in policy.create_by_country.items()
    ]
    for part, systems in (("trust", policy.trust), ("create_in", policy.create_in), *by_country):
        for system in systems:
            if system not in profile.systems:
                yield _unknown(profile, f"suppliers.{part}", system)


def _unknown(profile: Profile, place: str, system: str) -> Problem:
    return Problem(
        place,
        f"there is no system {system!r}: {nearest(system, profile.systems)}",
        "Correct the name, or add it below [systems].",
    )
