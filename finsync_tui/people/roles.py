"""Which role may do what. The words are those of the audit log, so that what is refused is named as it would be noted.

Looking is allowed to everybody who can read the file. Several roles of one person add up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from finsync_tui.profile import Role
from store.errors import FinsyncError

Roles = frozenset[Role]

_WORK: Final[Roles] = frozenset(["analyst", "approver", "administrator"])
_ANALYST: Final[Roles] = frozenset(["analyst"])
_APPROVER: Final[Roles] = frozenset(["approver"])
_RUN: Final[Roles] = frozenset(["analyst", "administrator"])

ALLOWED: Final[Mapping[str, Roles]] = {
    "exception.assigned": _WORK,
    "exception.commented": frozenset([*_WORK, "auditor"]),
    "exception.edited": _ANALYST,
    "exception.ignored": _ANALYST,
    "exception.resolved": _ANALYST,
    "exception.retried": _RUN,
    "exception.returned": _ANALYST,
    "exception.snoozed": _ANALYST,
    "exception.write_off_proposed": _ANALYST,
    "exception.write_off_rejected": _APPROVER,
    "exception.write_off_withdrawn": _ANALYST,
    "exception.written_off": _APPROVER,
    "delivery.cancelled": _ANALYST,
    "delivery.held": _RUN,
    "delivery.released": _RUN,
    "delivery.replayed": _ANALYST,
    "delivery.settled_outside": _ANALYST,
    "workflow.aborted": _ANALYST,
    "system.paused": _RUN,
    "system.resumed": _RUN,
    "system.read_asked": _RUN,
    "audit.accepted": frozenset(["administrator"]),
    "audit.archived": frozenset(["administrator"]),
    "audit.erased": frozenset(["administrator"]),
    "audit.exported": frozenset(["auditor", "administrator"]),
    "privacy.erased": frozenset(["administrator"]),
    "break.assigned": _WORK,
    "break.commented": frozenset([*_WORK, "auditor"]),
    "break.explained": frozenset(["analyst", "approver"]),
    "break.explanation_proposed": frozenset(["analyst", "approver"]),
    "break.explanation_approved": _APPROVER,
    "break.explanation_rejected": _APPROVER,
    "break.explanation_withdrawn": frozenset(["analyst", "approver"]),
    "period.certified": frozenset(["analyst", "approver"]),
    "supplier.found_same": frozenset(["analyst", "approver"]),
    "supplier.same_approved": _APPROVER,
    "supplier.found_different": frozenset(["analyst", "approver"]),
    "supplier.merge_proposed": _ANALYST,
    "supplier.merge_approved": _APPROVER,
    "supplier.merge_rejected": _APPROVER,
    "supplier.merge_withdrawn": _ANALYST,
    "supplier.parted": _ANALYST,
    "bank_change.confirmed": _ANALYST,
    "bank_change.approved": _APPROVER,
    "bank_change.refused": frozenset(["analyst", "approver"]),
    "break.reopened": _WORK,
    "break.resend_asked": _ANALYST,
    "break.reread_asked": _RUN,
    "break.adoption_proposed": _ANALYST,
    "break.adoption_rejected": _APPROVER,
    "break.adoption_withdrawn": _ANALYST,
    "break.adopted": _APPROVER,
    "break.write_off_proposed": _ANALYST,
    "break.write_off_rejected": _APPROVER,
    "break.write_off_withdrawn": _ANALYST,
    "break.written_off": _APPROVER,
    "policy.proposed": _WORK,
    "policy.put_in_force": frozenset(["emergency"]),
    "policy.approved": _APPROVER,
    "policy.rejected": _APPROVER,
    "policy.withdrawn": _WORK,
    "mapping.proposed": _WORK,
    "mapping.applied": _WORK,
    "mapping.put_in_force": frozenset(["emergency"]),
    "mapping.approved": _APPROVER,
    "mapping.rejected": _APPROVER,
    "mapping.withdrawn": _WORK,
    "profile.change_set_made": _WORK,
    "profile.change_set_approved": _APPROVER,
    "profile.promoted": frozenset(["approver", "administrator"]),
    "profile.rollback_proposed": _WORK,
    "profile.rollback_approved": _APPROVER,
    "profile.rollback_rejected": _APPROVER,
    "profile.rollback_withdrawn": _WORK,
    "profile.rolled_back": frozenset(["approver", "administrator"]),
    "person.invited": frozenset(["administrator"]),
    "person.revoked": frozenset(["administrator"]),
}


class RoleMissingError(FinsyncError):
    """The person's roles do not allow what they asked for."""

    code = "ROLE_MISSING"

    def __init__(self, name: str, roles: Roles, what: str) -> None:
        noun, _, verb = what.partition(".")
        has = f"has the role {' and '.join(sorted(roles))}" if roles else "has no role here"
        takes = " or ".join(sorted(ALLOWED.get(what, frozenset())))
        super().__init__(
            f"{name} {has}; this ({noun} {verb.replace('_', ' ')}) is for {takes or 'a role that nobody has'}. Nothing was "
            "changed. Ask somebody who has it, or an administrator to change the people in the profile."
        )


def may(roles: Roles | None, what: str) -> bool:
    """Say whether these roles allow an act; None: the profile lists nobody, so everybody may do everything."""
    return roles is None or bool(roles & ALLOWED.get(what, frozenset()))


def require(name: str, roles: Roles | None, what: str) -> None:
    """Raise RoleMissingError unless the person may do it."""
    if not may(roles, what):
        raise RoleMissingError(name, roles or frozenset(), what)
