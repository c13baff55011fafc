"""What is the same in every rehearsed company's payables: tax codes and what comes back of them, matching, freight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from finsync_tui.rehearse import catalogue

CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A tax code as suppliers charge it."""

    country: str
    description: str
    rate: Decimal
    account: str | None = None
    """Natural account of what comes back."""
    recoverable: Decimal | None = None
    """Per cent; None: what the country's rules say."""
    is_reverse_charge: bool = False

    def on(self, net: Decimal) -> Decimal:
        """Return the tax that a supplier charges on a net amount.

        >>> TAX_CODES["DE19"].on(Decimal("10.03")), TAX_CODES["FRRC"].on(Decimal(100))
        (Decimal('1.91'), Decimal('0.00'))
        """
        rate = Decimal(0) if self.is_reverse_charge else self.rate
        return (net * rate / 100).quantize(CENT, ROUND_HALF_UP)


TAX_CODES: Final[Mapping[str, TaxCode]] = {
    "DE19": TaxCode("DE", "Standard", Decimal(19), "1571"),
    "DE07": TaxCode("DE", "Reduced", Decimal(7), "1572"),
    "DE00": TaxCode("DE", "Exempt training", Decimal(0)),
    "FR20": TaxCode("FR", "Normal", Decimal(20), "1573"),
    "FR10": TaxCode("FR", "Intermediate", Decimal(10), "1574"),
    "FRRC": TaxCode("FR", "Reverse charge", Decimal(20), is_reverse_charge=True),
    "TX825": TaxCode("US", "Texas sales tax", Decimal("8.25"), recoverable=Decimal(0)),
}
UNKNOWN_CODE: Final = {"DE": "DE16", "FR": "FR19", "US": "TX999"}
"""Codes that nobody has entered."""
_USUAL: Final = {"DE": "DE19", "FR": "FR20", "US": "TX825"}
_OWN: Final[Mapping[tuple[str, str], str]] = {
    ("DE", "Travel"): "DE07",
    ("DE", "Training"): "DE00",
    ("FR", "Travel"): "FR10",
}
LINE_TAXED: Final = frozenset({"DE"})
"""Countries whose suppliers state tax line by line; others state it once."""

RECOVERY: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "DE": (("60", "6800"),),
    "FR": (("0", "6500"), ("80", "6600")),
}
"""By country: how many per cent come back of the tax on an account, where it is not all."""

THREE_WAY: Final = frozenset({"DE01", "FR01"})
"""Companies that receive what they buy; the others match with the order alone."""
PRICE_TOLERANCE: Final = Decimal(2)
"""Per cent by which a price may differ."""
PATIENCE_DAYS: Final = 10
"""How long an invoice waits for its goods."""
FREIGHT_ACCOUNT: Final = {"DE01": "6710"}
"""Where freight has an account of its own; elsewhere it goes with what was bought."""
DELIVERED_TO: Final = {"DE01": "M1", "FR01": "M2", "US01": "M3"}
"""Organisation that receives, in the ERP."""
ERP_SOURCE: Final = "External"


def tax_code(country: str, supplier_country: str, commodity: str) -> str:
    """Return the code that belongs on a line.

    >>> tax_code("DE", "DE", "Travel"), tax_code("FR", "DE", "Software"), tax_code("US", "US", "Freight")
    ('DE07', 'FRRC', 'TX825')
    """
    if (country, supplier_country) == ("FR", "DE"):
        return "FRRC"
    return _OWN.get((country, commodity), _USUAL[country])


def natural_at_source(country: str, account: str) -> str:
    """Return how the country's company writes an account."""
    number = next(one.number for one in catalogue.LEGAL_ENTITIES if one.country == country)
    return catalogue.source_account(number, account)
