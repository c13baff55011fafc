"""A supplier as a vendor of Concur Invoice. Pure: nothing is asked, nothing is sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from adapters.concur import wire_masters
from adapters.concur.inbound_parts import is_yes
from adapters.concur.outbound import UnsendableError
from store.canonical.supplier import Supplier, normal

FIELDS: Final = ("name", "status", "tax_registrations", "address")
"""What of a supplier a vendor has; it has nothing above it, and each of its addresses is a vendor of its own."""
_LIMITS: Final = {
    "VendorCode": 32, "AddressCode": 32, "VendorName": 255, "Address1": 255, "City": 255, "PostalCode": 20, "TaxID": 48,
}  # fmt: skip


def vendor(document: Supplier, address_code: str, currencies: Mapping[str, str]) -> dict[str, Any]:
    """Return the record that makes a vendor at its one address."""
    if not document.number:
        raise UnsendableError("a vendor is known by its code, and the supplier has no number yet")
    found = {
        "VendorCode": document.number,
        "AddressCode": address_code,
        "CurrencyCode": _currency(document, currencies),
        **changes(document, None, FIELDS),
    }
    return _within_limits(found)


def changes(document: Supplier, held: wire_masters.Vendor | None, fields: Collection[str]) -> dict[str, Any]:
    """Return what a vendor lacks to be as wanted; what the supplier leaves empty stays as it is there."""
    wanted: dict[str, Any] = {}
    if "name" in fields:
        wanted["VendorName"] = document.name
    if "status" in fields:
        wanted["Approved"] = "N" if document.status == "inactive" else "Y"
    if "tax_registrations" in fields and document.tax_registrations:
        wanted["TaxID"] = document.registrations()[0].number
    if "address" in fields:
        wanted |= _address(document)
    found = {
        name: value for name, value in wanted.items() if held is None or not _is_shown(name, value, held)
    }
    return _within_limits(found)


def _address(document: Supplier) -> dict[str, Any]:
    where = document.address
    lines = {
        "Address1": where.street if where else None,
        "City": where.town if where else None,
        "PostalCode": where.postcode if where else None,
        "CountryCode": (where.country if where else None) or document.country,
    }
    return {name: value for name, value in lines.items() if value}


def _is_shown(name: str, value: str, held: wire_masters.Vendor) -> bool:
    if name == "Approved":
        return (held.approved is None or is_yes(held.approved)) == (value == "Y")
    if name == "TaxID":
        return normal(held.tax_id or "") == normal(value)
    shown = {
        "VendorName": held.vendor_name, "Address1": held.address1, "City": held.city, "PostalCode": held.postal_code,
        "CountryCode": held.country_code,
    }  # fmt: skip
    return shown[name] == value


def _currency(document: Supplier, currencies: Mapping[str, str]) -> str:
    country = (document.address.country if document.address else None) or document.country or ""
    found = currencies.get(country) or currencies.get("*")
    if found is None:
        raise UnsendableError(
            f"vendor_currencies of this system names no currency for {country or 'a supplier without a country'}, "
            'and none for all others ("*")'
        )
    return found


def _within_limits(found: dict[str, Any]) -> dict[str, Any]:
    for name, value in found.items():
        most = _LIMITS.get(name)
        if most is not None and len(value) > most:
            raise UnsendableError(f"{name} has {len(value)} letters, and Concur takes {most}")
    return found
