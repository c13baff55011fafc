"""What is the same in every rehearsed company, whatever the seed: books, codes, things to buy, words for names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from finsync_tui.rehearse.shapes import Code, LegalEntity

LEGAL_ENTITIES: Final = (
    LegalEntity("DE01", "Nordwerk GmbH", "DE", "EUR", "Europe/Berlin", "oracle-emea", "DE Ledger",
                "DE Operations", "DE Chart", "01", "101"),
    LegalEntity("FR01", "Nordwerk France SAS", "FR", "EUR", "Europe/Paris", "oracle-emea", "FR Ledger",
                "FR Operations", "FR Chart", "02", "102"),
    LegalEntity("US01", "Nordwerk Inc", "US", "USD", "America/New_York", "oracle-amer", "US Ledger",
                "US Operations", "US Chart", "03", "201"),
)  # fmt: skip

SEGMENT_NAMES: Final = ("company", "cost_centre", "account", "project", "future")
INTEGRATIONS: Final = {
    "requisition": "FINSYNC_PURCHASING",
    "purchase_order": "FINSYNC_PURCHASING",
    "supplier": "FINSYNC_PURCHASING",
    "receipt": "FINSYNC_PAYABLES",
    "invoice": "FINSYNC_PAYABLES",
}
"""By entity: under which integration Coupa's administrators see our runs and what went wrong."""

NO_PROJECT: Final = "0000"
NO_FUTURE: Final = "000"
PROJECTS: Final = (
    ("P-1001", "Warehouse automation"),
    ("P-1002", "Customer portal"),
    ("P-1003", "Line 4 retrofit"),
)
"""In Coupa and in the ERP's projects; its accounts have no room for the letter."""
PROJECT_BUYS: Final = (
    ("DE01", "Packaging", "1001"),
    ("FR01", "Software", "1002"),
    ("US01", "Maintenance", "1003"),
)
"""Company, what it buys for one of its projects only, and that project in its accounts."""

_CENTRES: Final = (
    ("410", "Logistics North"), ("415", "Logistics South"), ("420", "Production"), ("425", "Quality"),
    ("430", "Maintenance"), ("440", "Information Technology"), ("445", "Human Resources"),
    ("450", "Marketing"), ("455", "Sales"), ("460", "Finance"), ("465", "Research"), ("470", "Facilities"),
)  # fmt: skip
"""Code in the ERP, name. In Coupa each company writes them its own way."""

FUNDS_CHECKED: Final = frozenset({"US01"})
"""Companies whose ERP is asked whether its budgets bear an order before it is submitted."""
CLOSING_CENTRE: Final = {"DE01": "480", "FR01": "481", "US01": "480"}
"""Cost centres that are closed during the year: by company, so that closing one leaves the others alone."""
TIGHT_CENTRE: Final = {"DE01": "490", "FR01": "491", "US01": "490"}
"""Their budget is used up, and the ERP says so when an order is submitted."""
CAPPED_CENTRE: Final = {"DE01": "495", "FR01": "496", "US01": "495"}
"""Their budget is used up, and the ERP says so when an order is to be approved."""
UNMAPPED_CENTRE: Final = "999"
"""A cost centre that no mapping table knows."""
SPECIAL_CENTRES: Final = (CLOSING_CENTRE, TIGHT_CENTRE, CAPPED_CENTRE)

FORBIDDEN: Final = ("420", "6600")
"""Cost centre and account that a cross-validation rule keeps apart: production buys no advertising."""
FORBIDDEN_PATTERN: Final = f"*-{FORBIDDEN[0]}-{FORBIDDEN[1]}-*-*"
FORBIDDEN_REASON: Final = "production does not charge marketing"

Unit = Literal["EA", "HR", "DAY", "BX", "KG"]
UNITS: Final = {"EA": "Ea", "HR": "Hr", "DAY": "Day", "BX": "Bx", "KG": "Kg"}
"""Coupa's unit of measure and the ERP's code."""


@dataclass(frozen=True, slots=True)
class Commodity:
    """Something that is bought: its account in the ERP, what its lines say, how it is priced."""

    name: str
    account: str
    account_name: str
    items: tuple[str, ...]
    units: tuple[Unit, ...]
    price_from: int
    price_to: int
    """Range of unit prices, in whole currency."""
    is_by_amount: bool = False
    """Mostly ordered as an amount, without a quantity."""


COMMODITIES: Final = (
    Commodity("Office Supplies", "6100", "Office supplies",
              ("Paper A4 80g", "Toner cartridge", "Binders", "Whiteboard markers", "Envelopes C4"), ("EA", "BX"), 2, 90),
    Commodity("IT Hardware", "6210", "IT hardware",
              ("Laptop 14 inch", "Monitor 27 inch", "Docking station", "Network switch", "Handheld scanner"), ("EA",), 60, 2400),
    Commodity("Software", "6220", "Software subscriptions",
              ("CAD licence", "Analytics seats", "Antivirus seats", "Planning tool subscription"), ("EA",), 15, 900),
    Commodity("Maintenance", "6300", "Maintenance and repair",
              ("Conveyor belt service", "Compressor overhaul", "Bearing set", "Hydraulic hoses"), ("EA", "HR"), 20, 1500),
    Commodity("Professional Services", "6400", "Professional services",
              ("Audit support", "Tax advisory", "Legal review", "Process consulting"), ("HR", "DAY"), 90, 1900, True),
    Commodity("Temporary Staff", "6410", "Temporary staff",
              ("Warehouse temp", "Office temp", "Forklift driver"), ("HR",), 22, 60),
    Commodity("Training", "6420", "Training",
              ("Forklift training", "Language course", "Safety briefing"), ("DAY",), 300, 1400, True),
    Commodity("Travel", "6500", "Travel agency services",
              ("Rail passes", "Trade fair lodging", "Shuttle service"), ("EA",), 40, 700, True),
    Commodity("Marketing", "6600", "Advertising",
              ("Trade fair stand", "Catalogue print run", "Online campaign", "Product photos"), ("EA",), 200, 6000, True),
    Commodity("Packaging", "6700", "Packaging material",
              ("Cartons 400x300", "Stretch film", "Labels 100x150", "Corner protectors"), ("EA", "BX"), 1, 40),
    Commodity("Freight", "6710", "Freight",
              ("Groupage delivery", "Express pallet", "Customs handling"), ("EA", "KG"), 3, 900),
    Commodity("Facilities", "6800", "Facilities",
              ("Cleaning service", "Waste disposal", "Air filter set", "Access badges"), ("EA", "HR"), 8, 400),
)  # fmt: skip

DEPARTMENTS: Final = ("Operations", "Technology", "People", "Market", "Finance")

FIRST_NAMES: Final = (
    "Anna", "Bruno", "Camille", "David", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Karin", "Louis",
    "Mara", "Noah", "Olivia", "Paul", "Rosa", "Samir", "Theo", "Vera", "Walter", "Yasmin",
)  # fmt: skip
LAST_NAMES: Final = (
    "Adler", "Bernard", "Carter", "Dubois", "Engel", "Fischer", "Garcia", "Hansen", "Jansen", "Keller", "Lambert",
    "Meyer", "Novak", "Olsen", "Petit", "Quinn", "Roux", "Schmidt", "Turner", "Vogel", "Weber", "Young",
)  # fmt: skip

SUPPLIER_FIRST: Final = (
    "Alster", "Bergmann", "Cobalt", "Delta", "Elbe", "Fontaine", "Granite", "Harbour", "Isar", "Juniper", "Kestrel",
    "Lumen", "Mistral", "Neckar", "Orchard", "Pioneer", "Quartz", "Rhine", "Summit", "Tideway", "Union", "Vosges",
    "Westfield", "Yarrow", "Zenith",
)  # fmt: skip
SUPPLIER_SECOND: Final = (
    "Paper", "Logistics", "Systems", "Consulting", "Industrial", "Packaging", "Facility", "Media", "Tools", "Energy",
    "Staffing", "Textiles", "Networks", "Print", "Chemicals", "Engineering", "Office", "Freight",
)  # fmt: skip
LEGAL_FORMS: Final = {
    "DE": ("GmbH", "AG", "KG", "GmbH & Co. KG"),
    "FR": ("SAS", "SARL", "SA"),
    "US": ("Inc", "LLC", "Corp"),
}


def cost_centres() -> tuple[Code, ...]:
    """Return each company's cost centres, in Coupa's spelling and in the ERP's."""
    found = [
        Code(one.number, source_centre(one.number, target), target, name)
        for one in LEGAL_ENTITIES
        for target, name in _CENTRES
    ]
    for one in LEGAL_ENTITIES:
        found += [
            Code(one.number, source_centre(one.number, CLOSING_CENTRE[one.number]), CLOSING_CENTRE[one.number], "Pilot Plant"),
            Code(one.number, source_centre(one.number, TIGHT_CENTRE[one.number]), TIGHT_CENTRE[one.number], "Events"),
            Code(one.number, source_centre(one.number, CAPPED_CENTRE[one.number]), CAPPED_CENTRE[one.number], "Sponsoring"),
            Code(one.number, source_centre(one.number, UNMAPPED_CENTRE), None, "New Venture"),
        ]  # fmt: skip
    return tuple(found)


def accounts() -> tuple[Code, ...]:
    """Return each company's natural accounts, in Coupa's spelling and in the ERP's."""
    return tuple(
        Code(one.number, source_account(one.number, thing.account), thing.account, thing.account_name)
        for one in LEGAL_ENTITIES
        for thing in COMMODITIES
    )


def source_centre(legal_entity: str, target: str) -> str:
    """Return how a company writes a cost centre in Coupa.

    >>> source_centre("DE01", "410"), source_centre("FR01", "410"), source_centre("US01", "410")
    ('CC410', '410', '4100')
    """
    return {"DE01": f"CC{target}", "FR01": target, "US01": f"{target}0"}[legal_entity]


def source_account(legal_entity: str, target: str) -> str:
    """Return how a company writes a natural account in Coupa.

    >>> source_account("DE01", "6100"), source_account("FR01", "6100"), source_account("US01", "6100")
    ('610000', '606100', '6100')
    """
    return {"DE01": f"{target}00", "FR01": f"60{target}", "US01": target}[legal_entity]


def regular_centres() -> tuple[str, ...]:
    """Return the ERP's cost centres that nothing is wrong with."""
    return tuple(target for target, _ in _CENTRES)
