"""What provisioning checks before it stores a person: the rules of the identity and of the Spend extensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.concur.simulator_people import CORE, ENTERPRISE, SPEND_APPROVER, SPEND_ROLE, SPEND_USER
from adapters.concur.simulator_state import User
from adapters.concur.simulator_world import World

FORBIDDEN: Final = frozenset("%[#!*&()~'{^}\\/?><,;:\"+=]|")
REIMBURSEMENTS: Final = ("ACCOUNTS_PAYABLE", "ADP_PAYROLL", "CONCUR_PAY", "OTHER")
APPROVER_ROLES: Final = {
    "report": "EXP_APPROVER",
    "cashAdvance": "EXP_APPROVER",
    "statement": "EXP_APPROVER",
    "request": "REQ_APPROVER",
    "invoice": "INV_APPROVER",
    "purchaseRequest": "INV_PURCH_REQ_APPROVER",
    "budget": "BUDGET_APPROVER",
}
_MAY_BE_SECOND: Final = ("report", "request")


class InvalidError(ValueError):
    """A value that a person can't have, with its place in the schema."""

    def __init__(self, message: str, path: str, code: str = "INVALID_VALUE") -> None:
        super().__init__(message)
        self.path = path
        self.code = code


def check_identity(
    world: World, core: Mapping[str, Any], enterprise: Mapping[str, Any], user: User | None
) -> None:
    """Refuse an identity that breaks a rule; `user` is the one that changes, None for a new one."""
    login = core.get("userName")
    if not isinstance(login, str) or not login:
        raise InvalidError("userName is required", f"{CORE}:userName", "REQUIRED")
    if FORBIDDEN & set(login):
        raise InvalidError("userName has a character that is not allowed", f"{CORE}:userName")
    known = world.find_user(login)
    if known is not None and known is not user:
        raise InvalidError(f"userName {login} is taken", f"{CORE}:userName", "uniqueness")
    name = core.get("name") or {}
    for part in ("familyName", "givenName"):
        if not name.get(part):
            raise InvalidError(f"name.{part} is required", f"{CORE}:name.{part}", "REQUIRED")
    if len(name["familyName"]) > 32 or len(name["givenName"]) > 32:
        raise InvalidError("a name has more than 32 characters", f"{CORE}:name")
    if not isinstance(core.get("active", True), bool):
        raise InvalidError("active must be true or false", f"{CORE}:active")
    if enterprise.get("companyId", world.company_uuid) != world.company_uuid:
        raise InvalidError("companyId cannot change", f"{ENTERPRISE}:companyId")
    number = enterprise.get("employeeNumber")
    if number is not None and (not isinstance(number, str) or len(number) > 48):
        raise InvalidError("employeeNumber must be a text of 48 characters", f"{ENTERPRISE}:employeeNumber")
    holder = world.user_by_number(number) if number else None
    if holder is not None and holder is not user:
        raise InvalidError(f"employeeNumber {number} is taken", f"{ENTERPRISE}:employeeNumber", "uniqueness")
    if len(enterprise.get("costCenter") or "") > 25:
        raise InvalidError("costCenter has more than 25 characters", f"{ENTERPRISE}:costCenter")
    manager = enterprise.get("manager")
    if manager and manager.get("value") not in world.state.users:
        raise InvalidError("the manager must be given by a known id", f"{ENTERPRISE}:manager")


def check_spend(world: World, name: str, extension: Mapping[str, Any], user: User) -> None:
    """Refuse a Spend extension that breaks a rule."""
    if name == SPEND_USER:
        _check_user(world, extension)
    elif SPEND_USER not in user.spend:
        raise InvalidError("the Spend user must exist first", name, "SPEND_USER_REQUIRED")
    elif name == SPEND_APPROVER:
        _check_approvers(world, extension, user)
    elif name == SPEND_ROLE:
        for one in extension.get("roles") or []:
            if not isinstance(one, Mapping) or not one.get("roleName"):
                raise InvalidError("roleName is required", f"{name}:roles", "REQUIRED")


def _check_user(world: World, extension: Mapping[str, Any]) -> None:
    lengths = {"country": 2, "locale": 5, "reimbursementCurrency": 3}
    for part, length in lengths.items():
        value = extension.get(part)
        if not value:
            raise InvalidError(f"{part} is required", f"{SPEND_USER}:{part}", "REQUIRED")
        if not isinstance(value, str) or len(value) != length:
            raise InvalidError(f"{part} must have {length} characters", f"{SPEND_USER}:{part}")
    if len(extension.get("ledgerCode") or "") > 20:
        raise InvalidError("ledgerCode has more than 20 characters", f"{SPEND_USER}:ledgerCode")
    if extension.get("reimbursementType") not in (None, *REIMBURSEMENTS):
        raise InvalidError("reimbursementType is unknown", f"{SPEND_USER}:reimbursementType")
    for one in extension.get("customData") or []:
        place = f'{SPEND_USER}:customData[id eq "{one.get("id")}"]'
        field_name, code = f"employee.{one.get('id')}", one.get("value")
        if code is None or field_name not in world.state.field_lists:
            continue
        item = world.item_for(field_name, code)
        if item is None or item.is_deleted:
            raise InvalidError(f"{code} is not in the list of {one.get('id')}", place)


def _check_approvers(world: World, extension: Mapping[str, Any], user: User) -> None:
    for kind, approvers in extension.items():
        place = f"{SPEND_APPROVER}:{kind}"
        if kind not in APPROVER_ROLES:
            raise InvalidError(f"there are no approvers of {kind}", place)
        for one in approvers:
            found = find_approver(world, one.get("approver") or {})
            if found is None:
                raise InvalidError("the approver does not exist", place)
            if found is user:
                raise InvalidError("nobody is their own approver", place)
            if kind not in _MAY_BE_SECOND and not one.get("primary", True):
                raise InvalidError("only report and request have second approvers", place)
            roles = [role.get("roleName") for role in found.spend.get(SPEND_ROLE, {}).get("roles", [])]
            if APPROVER_ROLES[kind] not in roles:
                raise InvalidError(f"{found.login} has not the role {APPROVER_ROLES[kind]}", place)


def find_approver(world: World, reference: Mapping[str, Any]) -> User | None:
    """Return the user that an approver entry names, by id or by employee number."""
    if reference.get("value"):
        return world.state.users.get(str(reference["value"]))
    number = reference.get("employeeNumber")
    return world.user_by_number(str(number)) if number else None
