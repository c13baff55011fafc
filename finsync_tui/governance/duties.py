"""Duties that one person should not have together: what the same person could do alone that is meant to take two.

That a maker never approves their own change is enforced for each change. This is about the roles themselves: an auditor asks who
could do both, on different days or for each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from finsync_tui.mapping.standing import ACTS
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


WORDS: Final[Mapping[str, str]] = {
    "mapping": "propose and approve changes of mapping tables",
    "policy": "propose and approve changes of rules",
    "write_off": "propose and approve write-offs of breaks",
    "explanation": "explain breaks and agree to it",
    "exception_write_off": "propose and approve write-offs of exceptions",
    "adoption": "propose and approve values that a source is given",
    "supplier_same": "say that suppliers are the same and approve it",
    "supplier_merge": "propose and approve merges of suppliers",
    "bank_change": "confirm and release changed bank details",
    "rollback": "propose and approve rollbacks of change sets",
}
"""By kind of proposal: what somebody who may make and check it could do."""
_EDITS: Final = ("exception.edited", "bank_change.approved")


def _apart() -> Iterator[tuple[str, str, str]]:
    """Yield acts that belong in two hands, as the audit log names them, with words for both."""
    for kind, words in WORDS.items():
        yield (*ACTS[kind], words)
    yield (
        "profile.change_set_made",
        "profile.change_set_approved",
        "make and approve change sets of profiles",
    )
    yield (*_EDITS, "edit what is sent about a supplier and release its bank details")


def conflicts(profile: Profile) -> Iterator[Conflict]:
    """Yield the people whose roles allow what should lie in two hands, in order of name."""
    for name, person in sorted(profile.people.items()):
        roles = frozenset(person.roles)
        found = together(roles)
        if found:
            yield Conflict(
                name, found, tuple(sorted(roles)), profile.governance.duties_accepted.get(name, "")
            )


def together(roles: Roles) -> tuple[str, ...]:
    """Return in words what these roles would let one person do that should lie in two hands."""
    return tuple(words for one, other, words in _apart() if _both(roles, one, other))


def _both(roles: Roles, one: str, other: str) -> bool:
    """Say whether two roles together allow both acts. What one role is made for, approving among equals, is no conflict."""
    return any(mine != theirs for mine in roles & ALLOWED[one] for theirs in roles & ALLOWED[other])
