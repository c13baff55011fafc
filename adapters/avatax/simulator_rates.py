"""What the simulated AvaTax knows of the world: codes, states, counties, cities, and the VAT of four countries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

EU: Final = frozenset(
    (
        *(
            "AT",
            "BE",
            "BG",
            "CY",
            "CZ",
            "DE",
            "DK",
            "EE",
            "ES",
            "FI",
            "FR",
            "GR",
            "HR",
            "HU",
            "IE",
            "IT",
            "LT",
        ),
        *("LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    )
)
COUNTRIES: Final = EU | {"US", "CA", "GB", "CH", "NO", "JP", "KW", "AU"}

CATALOGUE: Final = """
P0000000|Tangible personal property
PC030000|Computer hardware
PC030100|Computers, business use
PC030104|Prewritten software on media
PC040100|Clothing and related products
PC040111|Footwear
PC070200|Batteries
PD020000|Office furniture
PF050001|Food and food ingredients
PF050101|Bread and bakery products
PF050144|Drinks for catering
PE010000|Entertainment, tickets and events
PE010100|Restaurant meals with guests
PH050001|Medical devices
PH050100|Prescription medicines
PB010000|Books, printed
PB010100|Newspapers
PB010200|School books
PM020000|Machinery for manufacturing
PM020100|Spare parts for machinery
PS080000|Stationery and office supplies
PS080100|Paper
FR010000|Freight, shipping only
FR020100|Shipping and handling
FR030000|Handling only
SC010000|Consulting services
SC010100|Legal services
SC020000|Accounting services
SP140000|Cleaning services
SR060000|Repair of machinery
ST080000|Training
SW050000|Software as a service
SW050100|Hosting
D0000000|Digital goods
DC010000|Downloaded software
OH010000|Hotel accommodation
OR010000|Vehicle rental
NT000000|Not taxable
ON030000|Membership fees
U0000000|Unknown product
"""
"""40 codes; the letters they begin with decide how they are taxed here."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one jurisdiction takes."""

    name: str
    kind: str
    tax_name: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the United States, by the beginning of its postal code."""

    region: str
    city: str
    shares: tuple[Share, ...]


def _place(region: str, state: str, county: str, city: str) -> Place:
    name, _, rate = state.partition("=")
    shares = [Share(name, "State", f"{region} STATE TAX", Decimal(rate))]
    for text, kind in ((county, "County"), (city, "City")):
        name, _, rate = text.partition("=")
        if rate:
            shares.append(Share(name, kind, f"{region} {kind.upper()} TAX", Decimal(rate)))
    return Place(region, city.partition("=")[0].title(), tuple(shares))


PLACES: Final[Mapping[str, Place]] = {
    "981": _place("WA", "WASHINGTON=0.065", "KING=0.0", "SEATTLE=0.0385"),
    "900": _place("CA", "CALIFORNIA=0.06", "LOS ANGELES=0.0025", "LOS ANGELES=0.0325"),
    "606": _place("IL", "ILLINOIS=0.0625", "COOK=0.0175", "CHICAGO=0.0225"),
    "100": _place("NY", "NEW YORK=0.04", "NEW YORK=0.0", "NEW YORK=0.04875"),
    "972": _place("OR", "OREGON=0.0", "MULTNOMAH=0.0", "PORTLAND=0.0"),
}
STATES: Final[Mapping[str, Share]] = {place.region: place.shares[0] for place in PLACES.values()}

VAT: Final[Mapping[str, tuple[Decimal, Decimal]]] = {
    "DE": (Decimal("0.19"), Decimal("0.07")),
    "FR": (Decimal("0.20"), Decimal("0.055")),
    "NL": (Decimal("0.21"), Decimal("0.09")),
    "GB": (Decimal("0.20"), Decimal("0.05")),
}
"""Standard and reduced rates."""
_REDUCED = ("PF", "PB")
_ZERO = ("PH",)
_UNTAXED = ("NT", "ON")
_UNTAXED_IN_US = ("FR01", "SC", "SP", "ST")
_BLOCKED = ("PE",)


def is_taxed(code: str, country: str) -> bool:
    """Say whether what a code stands for is taxed at all in a country."""
    return not code.startswith(_UNTAXED) and not (country == "US" and code.startswith(_UNTAXED_IN_US))


def vat_rate(code: str, country: str) -> Decimal | None:
    """Return a country's VAT on a code; None: it has none that we know."""
    rates = VAT.get(country)
    if rates is None:
        return None
    standard, reduced = rates
    if code.startswith(_ZERO):
        return Decimal(0)
    return reduced if code.startswith(_REDUCED) else standard


def recoverable_percent(code: str) -> Decimal:
    return Decimal(0) if code.startswith(_BLOCKED) else Decimal(100)


def place_of(postal_code: str, region: str) -> tuple[Share, ...]:
    """Return who takes tax at an American address: all of them where we know the place, else the state."""
    place = PLACES.get(postal_code[:3])
    if place is not None and (not region or place.region == region):
        return place.shares
    state = STATES.get(region)
    return (state,) if state else ()
