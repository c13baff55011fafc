"""A person as Concur's provisioning takes them. Pure.

A new user is sent whole; of one that is there only the named fields, by the documented path of each. The manager
of the directory must be given by id, the approver of reports may be given by employee number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.concur import wire_people
from adapters.concur.options import Options
from adapters.concur.outbound import UnsendableError

CORE: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK: Final = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

FIELDS: Final = (
    "is_active",
    "manager_number",
    "approver_number",
    "cost_centre",
    "legal_entity",
    "country",
    "currency",
    "starts_on",
    "ends_on",
)
"""Fields of an Employee that can be sent, and read back."""


def change(
    employee: Mapping[str, Any],
    fields: Sequence[str],
    options: Options,
    *,
    manager_id: str | None,
    ledger: str | None,
    roles: Sequence[Mapping[str, Any]] | None,
) -> list[dict[str, Any]]:
    """Return the operations that give a user these fields.

    >>> change({"is_active": False}, ["is_active"], Options(), manager_id=None, ledger=None, roles=None)
    [{'op': 'replace', 'path': 'active', 'value': False}]
    """
    found: list[dict[str, Any]] = []
    if roles is not None:  # before the approver who needs one of them
        found.append(_replace(f"{wire_people.ROLE}:roles", list(roles)))
    for field in fields:
        found.append(_one(field, employee.get(field), options, manager_id))
    if ledger is not None:
        found.append(_replace(f"{wire_people.SPEND}:ledgerCode", ledger))
    return found


def creation(
    employee: Mapping[str, Any],
    names: Mapping[str, Any],
    options: Options,
    *,
    company_id: str,
    manager_id: str | None,
    ledger: str | None,
    roles: Sequence[Mapping[str, Any]] | None,
) -> dict[str, Any]:
    """Return a whole new user: identity, spend profile, approver, roles."""
    login = employee.get("login")
    given, family = names.get("given_name"), names.get("family_name")
    if not (login and given and family):
        raise UnsendableError("a new user needs login, given_name and family_name")
    for needed in ("number", "country", "currency"):
        if not employee.get(needed):
            raise UnsendableError(f"a new user needs {needed}")
    custom = [
        {"id": field, "value": employee[name]}
        for name, field in _custom_fields(options).items()
        if field and employee.get(name)
    ]
    enterprise: dict[str, Any] = {"companyId": company_id, "employeeNumber": employee["number"]}
    if employee.get("starts_on"):
        enterprise["startDate"] = str(employee["starts_on"])
    if manager_id:
        enterprise["manager"] = {"value": manager_id}
    spend: dict[str, Any] = {
        "country": employee["country"],
        "locale": names.get("locale") or "en_US",
        "reimbursementCurrency": employee["currency"],
        "customData": custom,
    }
    if ledger:
        spend["ledgerCode"] = ledger
    user: dict[str, Any] = {
        "schemas": [CORE, wire_people.ENTERPRISE, wire_people.SPEND],
        "userName": login,
        "active": employee.get("is_active") is not False,
        "name": {"givenName": given, "familyName": family},
        "emails": [{"type": "work", "value": employee.get("email") or login}],
        "entitlements": ["Expense"],
        wire_people.ENTERPRISE: enterprise,
        wire_people.SPEND: spend,
    }
    if employee.get("approver_number"):
        user["schemas"].append(wire_people.APPROVER)
        user[wire_people.APPROVER] = {"report": _approvers(employee["approver_number"])}
    if roles:
        user["schemas"].append(wire_people.ROLE)
        user[wire_people.ROLE] = {"roles": list(roles)}
    return user


def bulk(method: str, path: str, bulk_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return one operation as a request: the published examples put the schemas of a patch in two places."""
    schemas = [BULK, PATCH] if method == "PATCH" else [BULK]
    operation = {"method": method, "path": path, "bulkId": bulk_id, "data": dict(data)}
    return {"schemas": schemas, "failOnErrors": 1, "Operations": [operation]}


def _one(field: str, value: Any, options: Options, manager_id: str | None) -> dict[str, Any]:
    if field == "is_active":
        return _replace("active", value is not False)
    if field == "manager_number":
        path = f"{wire_people.ENTERPRISE}:manager"
        return _replace(path, {"value": manager_id}) if manager_id else {"op": "remove", "path": path}
    if field == "approver_number":
        if not value:
            return {"op": "remove", "path": f"{wire_people.APPROVER}:report"}
        return _replace(f"{wire_people.APPROVER}:report", _approvers(value))
    if field in ("cost_centre", "legal_entity"):
        custom = _custom_fields(options)[field]
        if custom is None:
            directory = {"cost_centre": "costCenter", "legal_entity": "legalEntity"}[field]
            return _replace(f"{wire_people.ENTERPRISE}:{directory}", value)
        return _replace(f'{wire_people.SPEND}:customData[id eq "{custom}"].value', value)
    paths = {
        "country": f"{wire_people.SPEND}:country",
        "currency": f"{wire_people.SPEND}:reimbursementCurrency",
        "starts_on": f"{wire_people.ENTERPRISE}:startDate",
        "ends_on": f"{wire_people.ENTERPRISE}:terminationDate",
    }
    if field not in paths:
        raise UnsendableError(f"{field} can't be set, only {', '.join(FIELDS)}")
    return _replace(paths[field], value) if value is not None else {"op": "remove", "path": paths[field]}


def _custom_fields(options: Options) -> dict[str, str | None]:
    return {"cost_centre": options.cost_centre_field, "legal_entity": options.legal_entity_field}


def _approvers(number: Any) -> list[dict[str, Any]]:
    return [{"approver": {"employeeNumber": str(number)}, "primary": True}]


def _replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}
