"""Suppliers that turn up during the year: new ones, doubles of those there are, and look-alikes that are other companies.

Truth first: what each really is was decided here, and only the judge sees it. A double must not become a second supplier in
any ERP; a look-alike must not be taken for the one it looks like.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from finsync_tui.rehearse.catalogue import LEGAL_FORMS
from finsync_tui.rehearse.dice import dice
from finsync_tui.rehearse.planted import SOURCE, Plant, Scenario
from finsync_tui.rehearse.shapes import Company, Supplier, SupplierKind, SupplierPlant
from finsync_tui.rehearse.systems import Systems
from finsync_tui.rehearse.tax_ids import tax_id
from finsync_tui.rehearse.timeline import Event

COUNTS: Final[Mapping[SupplierKind, int]] = {
    "new": 6,
    "double_by_tax_id": 8,
    "double_by_name": 4,
    "double_of_new": 4,
    "look_alike": 10,
    "double_in_expenses": 4,
    "double_by_name_in_expenses": 3,
}
"""How many of each at scale 1: `double_by_tax_id` bears the number of one there is, written otherwise; `double_by_name` is
in the ERP under a name much like it and without a tax number; `double_of_new` comes twice within a day. Those in expenses are
vendors of the expense tool already, under their tax number written otherwise, or under a name much like theirs and without one."""
FIRST_ID: Final = 990_001
FIRST_TAX: Final = 7_000
TOWN: Final = "Harbour City"
_STEMS: Final = (
    "Aldermoor", "Brennick", "Castellane", "Dornfeld", "Eichgrund", "Fontaille", "Grauberg", "Hollinger", "Ilvesheim",
    "Jarnac", "Kestenholz", "Lindqvist", "Marchais", "Norderney", "Oberlahn", "Pontivy",
)  # fmt: skip
_TRADES: Final = ("Logistics", "Metals", "Textiles", "Catering", "Optics", "Ceramics")


def plant(scenario: Scenario, scale: float) -> Scenario:
    """Return the scenario with suppliers that turn up in it; the same scenario gives the same ones."""
    chance = dice(scenario.company.seed, "supplier plants")
    known = [one for one in scenario.company.suppliers.values() if len(one.erp_numbers) == 1]
    chance.shuffle(known)
    found: list[SupplierPlant] = []
    days = (scenario.company.ends_at - scenario.company.starts_at).days - 60
    for kind, count in COUNTS.items():
        for _ in range(max(1, round(count * scale))):
            at = scenario.company.starts_at + timedelta(
                days=20 + chance.randrange(days), hours=chance.randrange(24)
            )
            found += _of_kind(kind, len(found), known, scenario.company, at)
    told = [
        Plant(
            one.kind,
            one.name,
            f"{SOURCE}:{one.coupa_id}",
            one.system,
            one.at,
            about="supplier",
            truth=one.tax_id,
        )
        for one in found
    ]
    return replace(
        scenario,
        plants=(*scenario.plants, *told),
        suppliers=tuple(sorted(found, key=lambda one: (one.at, one.coupa_id))),
    )


def _of_kind(
    kind: SupplierKind, n: int, known: list[Supplier], company: Company, at: datetime
) -> list[SupplierPlant]:
    countries = sorted({one.country for one in company.legal_entities.values()})
    country = countries[n % len(countries)]
    if kind in ("double_by_tax_id", "look_alike"):
        like = known.pop()
        country = like.country
    system = next(one.system for one in company.legal_entities.values() if one.country == country)
    form, stem = LEGAL_FORMS[country][0], f"{_STEMS[n % len(_STEMS)]} {_TRADES[n % len(_TRADES)]}"
    own = SupplierPlant(
        kind=kind, coupa_id=FIRST_ID + n, name=f"{stem} {form}", country=country, tax_id=tax_id(country, FIRST_TAX + n),
        system=system, at=at,
    )  # fmt: skip
    if kind == "double_by_tax_id":
        return [replace(own, name=_shouted(like), tax_id=_spaced(like.tax_id), of=like.name)]
    if kind == "look_alike":
        return [replace(own, name=f"{like.name} {_TRADES[n % len(_TRADES)]}", of=like.name)]
    if kind in ("double_by_name", "double_by_name_in_expenses"):
        return [replace(own, of=stem.upper())]
    if kind == "double_in_expenses":
        return [replace(own, of=own.name.upper())]
    if kind == "double_of_new":
        again = replace(
            own,
            coupa_id=own.coupa_id + 5_000,
            name=f"{stem} Group {form}",
            of=own.name,
            at=at + timedelta(hours=3),
        )
        return [replace(own, kind="new"), again]
    return [own]


def _shouted(like: Supplier) -> str:
    return like.name.rsplit(" ", 1)[0].upper()


def _spaced(number: str) -> str:
    return f"{number[:2]} {number[2:6]} {number[6:]}"


def fill(scenario: Scenario, systems: Systems) -> None:
    """Some that turn up later have been in the ERP or in the expense tool for long, under a name much like theirs."""
    for one in scenario.suppliers:
        if one.kind == "double_by_name":
            systems.erps[one.system].add_supplier(one.of, country=one.country)
        elif one.kind in ("double_in_expenses", "double_by_name_in_expenses"):
            _add_vendor(systems, one)


def _add_vendor(systems: Systems, one: SupplierPlant) -> None:
    is_by_name = one.kind == "double_by_name_in_expenses"
    vendor = {
        "VendorCode": f"C-{one.coupa_id}", "AddressCode": "MAIN", "VendorName": one.of, "Address1": _street(one),
        "City": "Millbrook" if is_by_name else TOWN, "CountryCode": one.country, "CurrencyCode": "EUR", "Approved": "Y",
        "PostalCode": "70001" if is_by_name else _postcode(one),
    }  # fmt: skip
    systems.concur.put_vendor(vendor if is_by_name else {**vendor, "TaxID": _spaced(one.tax_id)})


def _street(one: SupplierPlant) -> str:
    return f"{1 + one.coupa_id % 5_000 % 89} Quay Street"


def _postcode(one: SupplierPlant) -> str:
    """Return a code of five digits, as the demo's countries write it; the same for both of a supplier that comes twice."""
    return f"{10_100 + one.coupa_id % 5_000 % 800:05d}"


def events(scenario: Scenario) -> Iterator[Event]:
    """Yield the making of each in the procurement system."""
    for one in scenario.suppliers:
        yield Event(one.at, "supplier", str(one.coupa_id), partial(_make, one))


def _make(one: SupplierPlant, systems: Systems) -> None:
    document: dict[str, Any] = {
        "id": one.coupa_id, "name": one.name, "status": "active", "tax-id": one.tax_id, "on-hold": False,
        "primary-address": {"country": {"code": one.country}, "city": TOWN, "active": True, "street1": _street(one),
                            "postal-code": _postcode(one)},
    }  # fmt: skip
    systems.coupa.put("suppliers", document, by="buyer")
