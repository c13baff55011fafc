"""Suppliers, users and reference data as Coupa takes them. Pure: bodies in, bodies out, and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

SUPPLIER_DETAILS: Final = {
    "tax_id": "tax-id",
    "website": "website",
    "duns": "duns",
    "po_method": "po-method",
    "po_email": "po-email",
    "payment_method": "payment-method",
    "invoice_matching_level": "invoice-matching-level",
    "on_hold": "on-hold",
    "reviews_invoices": "hold-invoices-for-ap-review",
}
LIMITS: Final = {
    "requisition": "requisition-approval-limit",
    "invoice": "invoice-approval-limit",
    "expense": "expense-approval-limit",
}
SOURCE_NAME: Final = "finsync"
"""Who gave a remit-to address its reference in the ERP."""


def supplier(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a supplier that `body` states.

    >>> supplier({"number": "V-1", "payment_terms": "Net 30", "po_email": "a@b.example"})
    {'number': 'V-1', 'po-email': 'a@b.example', 'payment-term': {'code': 'Net 30'}}
    """
    sent = {name: body[name] for name in ("number", "name", "status") if body.get(name) is not None}
    if (body.get("as_in") or {}).get("status"):  # one of several words for a draft
        sent["status"] = body["as_in"]["status"]
    sent |= {theirs: body[ours] for ours, theirs in SUPPLIER_DETAILS.items() if body.get(ours) is not None}
    if body.get("payment_terms"):
        sent["payment-term"] = {"code": body["payment_terms"]}
    if body.get("country"):
        sent["primary-address"] = {"country": {"code": body["country"]}}
    if body.get("address"):
        sent["primary-address"] = _address(body["address"])
    if "parent_id" in body:
        sent["parent"] = {"id": int(body["parent_id"])} if body["parent_id"] else None
    return sent


def _address(given: Mapping[str, Any]) -> dict[str, Any]:
    names = {"street": "street1", "town": "city", "postcode": "postal-code"}
    sent: dict[str, Any] = {theirs: given[ours] for ours, theirs in names.items() if given.get(ours)}
    return {**sent, "country": {"code": given["country"]}} if given.get("country") else sent


def remit_to(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a remit-to address; `reference` is the ERP's id of the site that is paid."""
    names = {
        "name": "name",
        "street1": "street1",
        "street2": "street2",
        "city": "city",
        "postal_code": "postal-code",
    }
    sent: dict[str, Any] = {"remit-to-code": str(body["code"])}
    sent |= {theirs: body[ours] for ours, theirs in names.items() if body.get(ours) is not None}
    if body.get("country"):
        sent["country"] = {"code": body["country"]}
    if body.get("reference") is not None:
        sent |= {"external-src-name": SOURCE_NAME, "external-src-ref": str(body["reference"])}
    if body.get("is_active") is not None:
        sent["active"] = bool(body["is_active"])
    return sent


def user(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a user that `body` states. Limits are named as Coupa names them, `1000.00 USD`."""
    names = {"email": "email", "given_name": "firstname", "family_name": "lastname", "is_active": "active"}
    sent: dict[str, Any] = {
        theirs: body[ours] for ours, theirs in names.items() if body.get(ours) is not None
    }
    if body.get("manager_number"):
        sent["manager"] = {"employee-number": body["manager_number"]}
    if body.get("department"):
        sent["department"] = {"name": body["department"]}
    for subject, limit in (body.get("limits") or {}).items():
        sent[LIMITS[subject]] = {"name": limit}
    return sent


def lookup_value(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of a lookup value: number is what accounting writes, the parent is named by its code.

    >>> lookup_value({"is_active": False}), lookup_value({"name": "North"})
    ({'active': False}, {'name': 'North'})
    """
    names = {"name": "name", "number": "external-ref-num"}
    sent: dict[str, Any] = {theirs: body[ours] for ours, theirs in names.items() if ours in body}
    if "lookup" in body:
        sent["lookup"] = {"name": body["lookup"]}
    if "is_active" in body:
        sent["active"] = bool(body["is_active"])
    if body.get("parent"):
        sent["parent"] = {"external-ref-code": body["parent"]}
    if body.get("chart"):
        sent["account-type"] = {"name": body["chart"]}
    if body.get("description") is not None:
        sent["description"] = body["description"]
    return sent


def account(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return an account by its segments: a code with a dash inside a segment could not be taken apart again."""
    sent: dict[str, Any] = {
        "account-type": {"name": body["chart"]},
        "active": bool(body.get("is_active", True)),
    }
    sent |= {f"segment-{n}": segment for n, segment in enumerate(body["segments"], 1)}
    if body.get("name"):
        sent["name"] = body["name"]
    return sent


def exchange_rate(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rate of one direction on one day."""
    return {
        "from-currency": {"code": body["from_currency"]},
        "to-currency": {"code": body["to_currency"]},
        "rate": str(body["rate"]),
        "rate-date": f"{date.fromisoformat(str(body['rate_on'])).isoformat()}T00:00:00Z",
    }


def shown(echo: Any) -> dict[str, Any]:
    """Return what an answer shows, as JSON values under Coupa's names."""
    document: dict[str, Any] = msgspec.to_builtins(echo)
    return document


def changed(wanted: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that do not show what is wanted; a reference counts by the keys it is named with.

    >>> changed({"active": True, "manager": {"login": "amy"}}, {"active": True, "manager": {"id": 4, "login": "bob"}})
    {'manager': {'login': 'amy'}}
    """
    return {name: value for name, value in wanted.items() if not _is_same(value, held.get(name))}


def _is_same(wanted: Any, held: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(held, Mapping) and all(_is_same(v, held.get(n)) for n, v in wanted.items())
    if isinstance(wanted, bool) or held is None:
        return bool(wanted == held)
    return str(wanted) == str(held) or _number(wanted) == _number(held) is not None


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
