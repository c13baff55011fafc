"""Duties that one person should not have together: what the same person could do alone that is meant to take two.

That a maker never approves their own change is enforced for each change. This is about the roles themselves: an auditor asks who
could do both, on different days or for each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from finsync_tui.people.roles import ALLOWED, Roles
from finsync_tui.profile import Profile


@dataclass(frozen=True, slots=True)
class Conflict:
    """A person whose roles allow both."""

    person: str
    duties: tuple[str, ...]
    """What they could do, in words."""
    roles: tuple[str, ...]
    accepted: str
    """Why the company lives with it, as the profile says; empty: it does not say."""


APART: Final[tuple[tuple[str, str, str], ...]] = (
    ("mapping.proposed", "mapping.approved", "propose and approve changes of mapping tables"),
    ("policy.proposed", "policy.approved", "propose and approve changes of rules"),
    ("break.write_off_proposed", "break.written_off", "propose and approve write-offs"),
    ("break.adoption_proposed", "break.adopted", "propose and approve values that a source is given"),
    ("supplier.merge_proposed", "supplier.merge_approved", "propose and approve merges of suppliers"),
    ("bank_change.confirmed", "bank_change.approved", "confirm and release changed bank details"),
    (
        "exception.edited",
        "bank_change.approved",
        "edit what is sent about a supplier and release its bank details",
    ),
)
"""Acts as the audit log names them, and what somebody who may do both could do."""


def conflicts(profile: Profile) -> Iterator[Conflict]:
    """Yield the people whose roles allow what should lie in two hands, in order of name."""
    for name, person in sorted(profile.people.items()):
        roles = frozenset(person.roles)
        found = tuple(words for one, other, words in APART if _both(roles, one, other))
        if found:
            yield Conflict(
                name, found, tuple(sorted(roles)), profile.governance.duties_accepted.get(name, "")
            )


def _both(roles: Roles, one: str, other: str) -> bool:
    """Say whether two roles together allow both acts. What one role is made for, approving among equals, is no conflict."""
    return any(mine != theirs for mine in roles & ALLOWED[one] for theirs in roles & ALLOWED[other])
