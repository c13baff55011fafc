"""What is the same in every rehearsed company: expense types, their accounts and taxes, places, cards, splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from adapters.concur.simulator_plan import PaymentKind, TaxPlan
from finsync_tui.rehearse import catalogue
from finsync_tui.rehearse.shapes import Code
from store.canonical.currency import exponent

SOURCE: Final = "concur"
LEDGERS: Final = {"DE01": "NW-EU", "FR01": "NW-EU", "US01": "NW-US"}
"""Ledger in the expense tool. Two companies share one: their own code tells them apart."""
COMPANY_FIELD: Final = "orgUnit1"
CENTRE_FIELD: Final = "custom1"
CENTRE_LIST: Final = "Cost Centre"
COMPANY_LIST: Final = "Company"


@dataclass(frozen=True, slots=True)
class ExpenseType:
    """Something that money is spent on while away."""

    code: str
    name: str
    account: str
    """Natural account in the ERP, where no rule of a mapping table names another."""
    account_name: str
    lowest: int
    highest: int
    vendors: tuple[str, ...]


TYPES: Final = (
    ExpenseType("LODNG", "Hotel", "6510", "Accommodation", 60, 420, ("Hotel Central", "Parkhaus Inn", "Maison Belle")),
    ExpenseType("AIRFR", "Airfare", "6520", "Air travel", 90, 900, ("Lufthansa", "Air France", "Delta")),
    ExpenseType("TRAIN", "Train", "6530", "Ground transport", 18, 210, ("Deutsche Bahn", "SNCF", "Amtrak")),
    ExpenseType("TAXIX", "Taxi", "6530", "Ground transport", 8, 75, ("City Cab", "Taxi Ring")),
    ExpenseType("CARRT", "Car Rental", "6540", "Vehicles", 45, 380, ("Sixt", "Europcar", "Hertz")),
    ExpenseType("GASXX", "Fuel", "6540", "Vehicles", 25, 110, ("Aral", "Total", "Shell")),
    ExpenseType("DINNR", "Dinner", "6550", "Meals", 12, 95, ("Gasthof Linde", "Chez Paul", "Diner 44")),
    ExpenseType("ENTOT", "Entertainment", "6560", "Entertainment of guests", 40, 320, ("Ratskeller", "Le Grand", "Steak House")),
    ExpenseType("CELPH", "Mobile Phone", "6570", "Telephone", 10, 60, ("Telekom", "Orange", "Verizon")),
    ExpenseType("PARKG", "Parking", "6530", "Ground transport", 3, 40, ("Parkhaus Mitte", "Q-Park")),
    ExpenseType("OFCSP", "Office Supplies", "6100", "Office supplies", 5, 80, ("Paper & Co", "Bureau Vallee")),
)  # fmt: skip
UNKNOWN_TYPE: Final = ("MISCX", "Miscellaneous")
"""No rule of a mapping table names it."""
FORBIDDEN_TYPE: Final = ("ADVRT", "Advertising", catalogue.FORBIDDEN[1])
UNKNOWN_ACCOUNT: Final = "999999"

OWN_ACCOUNTS: Final[Mapping[tuple[str, str], str]] = {
    ("DE", "ENTOT"): "6565",
    ("FR", "LODNG"): "6515",
    ("US", "DINNR"): "6555",
}
"""Country and expense type to an account that only the mapping table knows."""
OWN_ACCOUNT_NAMES: Final = {
    "6565": "Entertainment, partly deductible",
    "6515": "Accommodation without reclaim",
    "6555": "Meals, half deductible",
}

BALANCE: Final = {
    "employee": ("2150", "Payable to employees"),
    "individual_card": ("2160", "Cards billed to employees"),
    "company_card": ("2170", "Company cards"),
    "company_paid": ("2180", "Paid by the company"),
    "employee_receivable": ("1450", "Receivable from employees"),
    "advance": ("1460", "Cash advances"),
    "advance_returns": ("1470", "Returned cash"),
    "rounding": ("6990", "Rounding"),
    "non_deductible_tax": ("6595", "Tax that is not reclaimed"),
}
"""Role to account in the ERP, and its name there."""
ACCRUALS: Final = ("2190", "Accrued liabilities")
BALANCE_CENTRE: Final = "000"
CARD_CODE: Final = "CARD-01"
"""Clearing account of the card programme as the expense tool writes it; the account table knows it."""
CARD_ACCOUNT: Final = ("2175", "Company card programme")
ADVANCE_CODE: Final = "CADV"
NETS_PERSONAL: Final = frozenset({"FR01", "US01"})
"""Companies without a receivable for private charges: they are taken off what is owed."""


@dataclass(frozen=True, slots=True)
class Tax:
    """How a country taxes a kind of expense, and how much of it its own companies reclaim."""

    rate: Decimal
    authority: str
    code: str
    reclaim_code: str
    share: Decimal


def _tax(rate: str, authority: str, code: str, reclaim_code: str, share: str = "1") -> Tax:
    return Tax(Decimal(rate), authority, code, reclaim_code, Decimal(share))


_DE_FULL, _DE_LOW = _tax("0.19", "DEVAT", "V1", "VA"), _tax("0.07", "DEVAT", "V2", "VB")
_FR_FULL, _FR_LOW = _tax("0.20", "FRTVA", "F1", "FA"), _tax("0.10", "FRTVA", "F2", "FB")
TAXES: Final[Mapping[tuple[str, str], Tax]] = {
    **dict.fromkeys((("DE", c) for c in ("CARRT", "GASXX", "CELPH", "OFCSP", "PARKG", "DINNR", "ENTOT")), _DE_FULL),
    **dict.fromkeys((("DE", c) for c in ("LODNG", "TRAIN", "TAXIX")), _DE_LOW),
    **dict.fromkeys((("FR", c) for c in ("CELPH", "OFCSP", "PARKG")), _FR_FULL),
    **dict.fromkeys((("FR", c) for c in ("DINNR", "ENTOT")), _FR_LOW),
    ("FR", "LODNG"): _tax("0.10", "FRTVA", "F2", "FB", "0"),
    ("FR", "CARRT"): _tax("0.20", "FRTVA", "F1", "FA", "0"),
    ("FR", "GASXX"): _tax("0.20", "FRTVA", "F1", "FA", "0.8"),
    ("US", "OFCSP"): _tax("0.0825", "USSLS", "S1", "", "0"),
}  # fmt: skip
TAX_ACCOUNTS: Final = {
    "DE/VA": ("1571", "Input tax 19 %"),
    "DE/VB": ("1572", "Input tax 7 %"),
    "FR/FA": ("1573", "Input tax 20 %"),
    "FR/FB": ("1574", "Input tax 10 %"),
}
UNKNOWN_RECLAIM: Final = "VX"


@dataclass(frozen=True, slots=True)
class Place:
    """Where money is spent."""

    city: str
    country: str
    currency: str


PLACES: Final[Mapping[str, tuple[Place, ...]]] = {
    "DE01": (Place("Berlin", "DE", "EUR"), Place("Hamburg", "DE", "EUR"), Place("Munich", "DE", "EUR")),
    "FR01": (Place("Paris", "FR", "EUR"), Place("Lyon", "FR", "EUR"), Place("Lille", "FR", "EUR")),
    "US01": (Place("Boston", "US", "USD"), Place("Denver", "US", "USD"), Place("Austin", "US", "USD")),
}
ABROAD: Final = (
    Place("Tokyo", "JP", "JPY"), Place("Kuwait City", "KW", "KWD"), Place("London", "GB", "GBP"),
    Place("Zurich", "CH", "CHF"), Place("Toronto", "CA", "CAD"), Place("Paris", "FR", "EUR"),
    Place("Berlin", "DE", "EUR"), Place("Chicago", "US", "USD"),
)  # fmt: skip
_EUROS: Final = {
    "EUR": "1", "USD": "0.92", "JPY": "0.0061", "KWD": "2.98", "GBP": "1.17", "CHF": "1.05", "CAD": "0.68",
}  # fmt: skip

PAYMENTS: Final[tuple[tuple[PaymentKind, int], ...]] = (
    ("cash", 46),
    ("individual_card", 22),
    ("company_card", 24),
    ("company_paid", 8),
)
SPLITS: Final = (
    ("33.33", "33.33", "33.34"),
    ("12.5", "87.5"),
    ("16.67", "16.67", "16.67", "49.99"),
    ("99.99", "0.01"),
    ("66.66666667", "33.33333333"),
    ("50", "50"),
)
JOURNEYS: Final = (
    "Customer visit", "Trade fair", "Site inspection", "Supplier audit", "Training", "Sales meeting", "Project week",
)  # fmt: skip


def rate(spent: str, own: str) -> Decimal:
    """Return how much of `own` one unit of `spent` is worth, to eight decimals.

    >>> rate("JPY", "EUR"), rate("EUR", "EUR")
    (Decimal('0.00610000'), Decimal('1.00000000'))
    """
    return (Decimal(_EUROS[spent]) / Decimal(_EUROS[own])).quantize(Decimal("0.00000001"))


def whole(amount: Decimal, currency: str) -> Decimal:
    """Return an amount as money of its currency.

    >>> whole(Decimal("10.456"), "EUR"), whole(Decimal("10.456"), "JPY"), whole(Decimal("10.456"), "KWD")
    (Decimal('10.46'), Decimal('10'), Decimal('10.456'))
    """
    return amount.quantize(Decimal(1).scaleb(-exponent(currency)), ROUND_HALF_UP)


def taxes(
    company_country: str, place: Place, code: str, gross: Decimal, currency: str
) -> tuple[TaxPlan, ...]:
    """Return the taxes in an expense; only a country's own companies reclaim them."""
    found = TAXES.get((place.country, code))
    if found is None:
        return ()
    amount = whole(gross * found.rate / (1 + found.rate), currency)
    share = found.share if company_country == place.country else Decimal(0)
    return (
        TaxPlan(
            amount=amount,
            reclaim=whole(amount * share, currency),
            authority=found.authority,
            code=found.code,
            reclaim_code=found.reclaim_code,
            country=place.country,
        ),
    )


def account(legal_entity: str, target: str) -> str:
    """Return how the expense tool writes an account of a company: as the procurement system does."""
    return catalogue.source_account(legal_entity, target)


def accounts() -> tuple[Code, ...]:
    """Return the accounts that only expenses use, as the expense tool and the ERP write them."""
    names = {one.account: one.account_name for one in TYPES} | OWN_ACCOUNT_NAMES
    names |= dict(BALANCE.values()) | dict(TAX_ACCOUNTS.values()) | dict((CARD_ACCOUNT, ACCRUALS))
    known = {thing.account for thing in catalogue.COMMODITIES}
    return tuple(
        Code(one.number, account(one.number, target), target, name)
        for one in catalogue.LEGAL_ENTITIES
        for target, name in sorted(names.items())
        if target not in known
    )
