"""What is asked of a system about a supplier: to make it, or to change the fields that its owner changed. Pure.

One body fits every system: the whole supplier for those that take it so, and its plain values for the others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final

from finsync_tui.profile import Profile
from finsync_tui.suppliers.places import is_same_address, open_codes
from store.canonical.supplier import Supplier, SupplierSite, normal

ATTRIBUTES: Final = {
    "status": "status",
    "name": "name",
    "tax_registrations": "tax_registrations",
    "address": "address",
    "parent": "parent_id",
    "sites": "sites",
}
"""Fields that follow their owner into other systems, by the names that `[ownership]` uses."""
FOLLOWING: Final = tuple(ATTRIBUTES)


def owned(profile: Profile, system: str) -> list[str]:
    """Return the fields that follow this system: those that it owns, and the status of what begins there unless another owns it.

    >>> setup = {"systems": {}, "flows": {"supplier_onboarding": {"source": "coupa"}}}
    >>> company = Profile.model_validate({**setup, "ownership": {"supplier.name": "coupa", "supplier.address": "oracle"}})
    >>> owned(company, "coupa"), owned(company, "oracle")
    (['status', 'name'], ['address'])
    """
    setup = profile.flows.get("supplier_onboarding")
    begins_here = setup is not None and setup.source == system
    found = []
    for field in FOLLOWING:
        owner = _owner(profile, field)
        if owner == system or (owner is None and field == "status" and begins_here):
            found.append(field)
    return found


def owners(profile: Profile) -> frozenset[str]:
    """Return the systems that own a field of suppliers that follows."""
    return frozenset(filter(None, (_owner(profile, field) for field in FOLLOWING)))


def _owner(profile: Profile, field: str) -> str | None:
    return profile.ownership.get(f"supplier.{field}", profile.ownership.get("supplier"))


def creation(supplier: Supplier, parent_id: str | None, others: Sequence[str] = ()) -> dict[str, Any]:
    """Return the request that makes a supplier, without its sites; `others` are those of the target that a person said it is not,
    so that it is not taken for one of them by its name."""
    wanted = supplier.model_copy(update={"sites": (), "parent_id": parent_id})
    plain = {
        "name": supplier.name,
        "status": "active",
        "number": supplier.number,
        "country": _country(supplier),
        "address": _address(supplier),
        "parent_id": parent_id,
        "not_these": list(others),
    }
    return {"supplier": wanted.model_dump(mode="json"), **_given({**plain, **tax_numbers(supplier, ())})}


def tax_numbers(supplier: Supplier, ended: Collection[str]) -> dict[str, Any]:
    """Return the tax numbers as plain values: the first one, all of them, and those that were given up."""
    numbers = [one.model_dump() for one in supplier.registrations()]
    still = {normal(one.number) for one in supplier.tax_registrations}
    over = sorted(one for one in ended if normal(one) not in still) if still else []
    first = numbers[0]["number"] if numbers else None
    return _given({"tax_id": first, "tax_numbers": numbers, "tax_numbers_ended": over})


def change(
    supplier: Supplier,
    held: Supplier,
    fields: Sequence[str],
    today: date,
    parent_id: str | None = None,
    ended: Collection[str] = (),
) -> dict[str, Any]:
    """Return the request that lets a system show these fields as the source does; `parent_id` is what it calls the one above,
    `ended` are tax numbers that the source showed before."""
    given = {ATTRIBUTES[name]: getattr(supplier, ATTRIBUTES[name]) for name in fields if name != "sites"}
    if "parent" in fields:
        given["parent_id"] = parent_id
    wanted = held.model_copy(update=given)
    plain: dict[str, Any] = {name: getattr(supplier, name) for name in ("name", "status") if name in fields}
    if "tax_registrations" in fields:
        plain |= tax_numbers(supplier, ended)
    if "address" in fields:
        plain["address"] = _address(supplier)
    body = {
        "supplier": wanted.model_dump(mode="json"),
        "fields": list(fields),
        "inactive_on": today.isoformat(),
        **_given(plain),
    }
    return {**body, "parent_id": parent_id} if "parent" in fields else body


def undoing(supplier: Supplier, fields: Sequence[str]) -> list[str]:
    """Return which of these fields can be given back: a system that showed no address or tax number can't be given none."""
    return [
        name
        for name in fields
        if name in ("status", "name", "parent") or (name != "sites" and getattr(supplier, ATTRIBUTES[name]))
    ]


def differing(supplier: Supplier, held: Supplier, fields: Sequence[str]) -> list[str]:
    """Return which of these fields are not in `held` as they are in `supplier`. What the owner leaves empty says nothing,
    but for the supplier above it and for sites."""
    return [name for name in fields if _is_other(name, supplier, held)]


def _is_other(name: str, supplier: Supplier, held: Supplier) -> bool:
    if name == "tax_registrations":
        now, before = ({normal(one.number) for one in each.tax_registrations} for each in (supplier, held))
        return bool(now) and now != before
    if name == "address":
        return supplier.address is not None and not is_same_address(supplier.address, held.address)
    if name == "sites":
        return open_codes(supplier.sites) != open_codes(held.sites)
    return bool(getattr(supplier, ATTRIBUTES[name]) != getattr(held, ATTRIBUTES[name]))


def remit_to(
    supplier: Supplier, sites: Sequence[SupplierSite], closed: Collection[str]
) -> list[dict[str, Any]]:
    """Return an owner's sites as places that are paid, one a code; several companies may buy at one place."""
    address = _address(supplier) or {}
    found: dict[str, dict[str, Any]] = {}
    for site in sorted(sites, key=lambda one: (one.code, one.external_id)):
        if site.is_active and site.code not in found:
            found[site.code] = {
                "code": site.code, "name": supplier.name, "is_active": True, "reference": site.external_id,
                **_given({"street1": address.get("street"), "city": address.get("town"),
                          "postal_code": address.get("postcode"), "country": address.get("country")}),
            }  # fmt: skip
    gone = [{"code": code, "is_active": False} for code in sorted(closed) if code not in found]
    return [*found.values(), *gone]


def _address(supplier: Supplier) -> dict[str, str] | None:
    """Return the address as plain values; the country is the supplier's where the address names none."""
    if supplier.address is None:
        return None
    return _given({**supplier.address.model_dump(), "country": _country(supplier)})


def _country(supplier: Supplier) -> str | None:
    own = supplier.address.country if supplier.address else None
    return own or supplier.country


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
