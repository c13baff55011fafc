"""What is asked of a system about a supplier: to make it, or to change the fields that its source owns. Pure but for reading.

One body fits every system: the whole supplier for those that take it so, and its plain values for the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from finsync_tui.profile import Profile
from store.canonical.supplier import Supplier, normal

FOLLOWING: Final = ("status", "name", "tax_registrations")
"""Fields that follow their owner into other systems."""


def owned(profile: Profile, system: str) -> list[str]:
    """Return the fields that follow this system: its status unless somebody else owns it, others where it owns them.

    >>> company = Profile.model_validate({"systems": {}, "ownership": {"supplier.name": "coupa"}})
    >>> owned(company, "coupa"), owned(company, "oracle")
    (['status', 'name'], ['status'])
    """
    whole = profile.ownership.get("supplier")
    found = []
    for field in FOLLOWING:
        owner = profile.ownership.get(f"supplier.{field}", whole)
        if owner == system or (owner is None and field == "status"):
            found.append(field)
    return found


def creation(supplier: Supplier, parent_id: str | None) -> dict[str, Any]:
    """Return the request that makes a supplier, without its sites."""
    wanted = supplier.model_copy(update={"sites": (), "parent_id": parent_id})
    plain = {
        "name": supplier.name,
        "status": "active",
        "number": supplier.number,
        "country": _country(supplier),
    }
    tax_id = next((one.number for one in supplier.tax_registrations), None)
    return {"supplier": wanted.model_dump(mode="json"), **_given({**plain, "tax_id": tax_id})}


def change(supplier: Supplier, held: Supplier, fields: Sequence[str], today: date) -> dict[str, Any]:
    """Return the request that lets a system show these fields as the source does."""
    wanted = held.model_copy(update={name: getattr(supplier, name) for name in fields})
    plain: dict[str, Any] = {name: getattr(supplier, name) for name in ("name", "status") if name in fields}
    if "tax_registrations" in fields:
        plain["tax_id"] = next((one.number for one in supplier.tax_registrations), None)
    return {
        "supplier": wanted.model_dump(mode="json"),
        "fields": list(fields),
        "inactive_on": today.isoformat(),
        **_given(plain),
    }


def differing(supplier: Supplier, held: Supplier, fields: Sequence[str]) -> list[str]:
    """Return which of these fields a system does not show as the source does."""
    found = []
    for name in fields:
        if name == "tax_registrations":
            have = {normal(one.number) for one in held.tax_registrations}
            is_other = any(normal(one.number) not in have for one in supplier.tax_registrations[:1])
        else:
            is_other = getattr(supplier, name) != getattr(held, name)
        if is_other:
            found.append(name)
    return found


def _country(supplier: Supplier) -> str | None:
    return supplier.country or (supplier.address.country if supplier.address else None)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
