"""Where a supplier sits and where it is bought from, as two systems may show the same. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from store.canonical.supplier import SupplierAddress, SupplierSite


def is_same_address(wanted: SupplierAddress, shown: SupplierAddress | None) -> bool:
    """Say whether each line that is wanted is shown, however it is written.

    >>> is_same_address(SupplierAddress(street="4 Quay Rd", town="HULL"), SupplierAddress(street="4  Quay rd", town="Hull"))
    True
    """
    if shown is None:
        return False
    lines = ("street", "postcode", "town", "country")
    pairs = ((getattr(wanted, name), getattr(shown, name)) for name in lines)
    return all(_folded(one) == _folded(other) for one, other in pairs if one)


def open_codes(sites: Iterable[SupplierSite]) -> frozenset[str]:
    """Return the codes of the places that are in use."""
    return frozenset(one.code for one in sites if one.is_active)


def _folded(value: str | None) -> str:
    return " ".join((value or "").casefold().split())
