"""From suppliers, sites and cost centres to what Oracle is sent. Pure: nothing is asked, nothing is sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from adapters.oracle_fusion import wire
from adapters.oracle_fusion.fields import day, latest
from adapters.oracle_fusion.options import BusinessUnit, Options
from adapters.oracle_fusion.outbound import CannotExpressError, identifier
from store.canonical.organisation import CostCentre
from store.canonical.supplier import Supplier, TaxRegistration

NAME_MAX: Final = 360
NUMBER_MAX: Final = 30
SITE_MAX: Final = 240
VALUE_MAX: Final = 150
DESCRIPTION_MAX: Final = 240
NAME_LINE_MAX: Final = 240
PLACE_MAX: Final = 60
ADDRESS_NAME: Final = "MAIN"
"""How the address is called that finsync makes."""


class NewSite(BaseModel):
    """A site that a supplier shall have in one business unit."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    code: str = Field(min_length=1, max_length=SITE_MAX)
    business_unit: str
    address_name: str | None = None
    is_purchasing: bool = True
    is_pay: bool = True


def supplier(document: Supplier, options: Options) -> dict[str, Any]:
    """Return the body that creates a supplier; its sites are created one by one."""
    body: dict[str, Any] = {
        "Supplier": identifier(document.name, NAME_MAX, "supplier name"),
        "BusinessRelationshipCode": options.supplier_relationship,
        **options.supplier_defaults,
        **_tax(document),
    }
    place = address(document)
    if place is not None:
        body["addresses"] = [{"AddressName": ADDRESS_NAME, **place}]
    if document.kind == "one_time":
        body["OneTimeSupplierFlag"] = True
    elif document.kind == "employee":
        body["SupplierTypeCode"] = wire.EMPLOYEE
    if document.parent_id is not None:
        body["ParentSupplierId"] = int(document.parent_id)
    if options.supplier_numbering == "manual" or document.kind == "employee":  # known by the employee number
        body["SupplierNumber"] = identifier(document.number, NUMBER_MAX, "supplier number")
    return body


FIELDS: Final = ("name", "tax_registrations", "status")
"""What a change brings to the supplier when it does not say which fields."""


def is_over(have: wire.Supplier) -> bool:
    """Say whether a supplier is inactive as Oracle shows it: a date that is still to come ends nothing yet."""
    if (have.Status or "ACTIVE").upper() != "ACTIVE":
        return True
    written = latest((have.LastUpdateDate,))
    ends = day(have.InactiveDate, "$.InactiveDate")
    return ends is not None and (written is None or ends <= written.date())


def supplier_changes(
    have: wire.Supplier,
    document: Supplier,
    inactive_on: date | None,
    fields: Collection[str] = FIELDS,
    as_in: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what a supplier in Oracle lacks to be as wanted: only what differs, and only of these fields. `as_in`: as it was
    shown once; a day on which it ends comes back with it."""
    wanted: dict[str, Any] = {}
    if "name" in fields:
        wanted["Supplier"] = identifier(document.name, NAME_MAX, "supplier name")
    if "tax_registrations" in fields:
        wanted |= _tax(document)
    is_inactive = is_over(have)
    follows = "status" in fields
    if follows and document.status == "inactive" and not is_inactive:
        if inactive_on is None:
            raise CannotExpressError(
                "PAYLOAD_INVALID",
                f"supplier {document.name} is to be inactive, and no day is given (inactive_on)",
            )
        wanted["InactiveDate"] = inactive_on.isoformat()
    found = {name: value for name, value in wanted.items() if value != getattr(have, name)}
    above = int(document.parent_id) if document.parent_id is not None else None
    if "parent" in fields and str(have.ParentSupplierId or "") != str(above or ""):
        found["ParentSupplierId"] = above
    ends = as_in.get("InactiveDate") if as_in is not None else None
    if ends is not None and day(str(ends), "$.as_in") is None:
        raise CannotExpressError("PAYLOAD_INVALID", "the day on which it ends can't be read")
    if follows and document.status != "inactive" and is_inactive and have.InactiveDate != ends:
        found["InactiveDate"] = ends
    return found


def address(document: Supplier) -> dict[str, Any] | None:
    """Return the attributes of where a supplier sits; None where its country, which Oracle asks for, is not known."""
    where = document.address
    country = (where.country if where else None) or document.country
    if where is None or country is None:
        return None
    lines = (
        ("AddressLine1", where.street, NAME_LINE_MAX), ("PostalCode", where.postcode, PLACE_MAX), ("City", where.town, PLACE_MAX),
    )  # fmt: skip
    found = {name: identifier(value, most, f"{name} of the supplier") for name, value, most in lines if value}
    return {"CountryCode": country, **found}


def address_changes(have: wire.SupplierAddress, document: Supplier) -> dict[str, Any]:
    """Return what the address in Oracle lacks to be as wanted."""
    wanted = address(document) or {}
    return {name: value for name, value in wanted.items() if value != getattr(have, name)}


def site(wanted: NewSite, unit: BusinessUnit) -> dict[str, Any]:
    """Return the body that creates a site, assigned to the unit that requests."""
    body: dict[str, Any] = {
        "ProcurementBUId": unit.procurement_bu_id,
        "SupplierSite": wanted.code,
        "SitePurposePurchasingFlag": wanted.is_purchasing,
        "SitePurposePayFlag": wanted.is_pay,
        "assignments": [{"ClientBUId": unit.requisitioning_id}],
    }
    return {**body, "SupplierAddressName": wanted.address_name} if wanted.address_name else body


def value(document: CostCentre) -> dict[str, Any]:
    """Return the body that creates the segment value of a cost centre."""
    return {"Value": identifier(document.number, VALUE_MAX, "value"), **_value_state(document)}


def value_changes(have: wire.Value, document: CostCentre) -> dict[str, Any]:
    """Return what a segment value lacks to be as wanted: only what differs."""
    shown: Mapping[str, Any] = {
        "Description": have.Description,
        "EnabledFlag": "Y" if wire.is_set(have.EnabledFlag, default=True) else "N",
        "StartDateActive": _date(have.StartDateActive),
        "EndDateActive": _date(have.EndDateActive),
    }
    return {name: wanted for name, wanted in _value_state(document).items() if wanted != shown[name]}


def _value_state(document: CostCentre) -> dict[str, Any]:
    return {
        "Description": document.name[:DESCRIPTION_MAX],
        "EnabledFlag": "Y" if document.is_active else "N",
        "StartDateActive": document.starts_on.isoformat() if document.starts_on else None,
        "EndDateActive": document.ends_on.isoformat() if document.ends_on else None,
    }


def tax_told(document: Supplier) -> tuple[TaxRegistration, ...]:
    """Return the tax numbers that Oracle has a place for: one, with the country that issued it."""
    return document.registrations()[:1]


def _tax(document: Supplier) -> dict[str, Any]:
    found: dict[str, Any] = {"TaxpayerCountry": document.country} if document.country else {}
    for one in tax_told(document):
        found["TaxpayerId"] = one.number
        found["TaxpayerCountry"] = one.country or document.country
    return {name: value for name, value in found.items() if value is not None}


def _date(text: str | None) -> str | None:
    return None if text is None or text.startswith(wire.OPEN_END) else text[:10]
