"""Tax ids that are valid by the rules of their country, made from a running number.

Each has its check digits: a German VAT number by ISO 7064 MOD 11,10, a French one by SIREN's Luhn digit and the key
before it, a US employer number by its prefix list.
"""

from __future__ import annotations

from stdnum import luhn
from stdnum.iso7064 import mod_11_10

_US_PREFIXES = ("12", "20", "27", "35", "46", "58", "64", "77", "83", "91")
"""Some of the prefixes the IRS gives out."""


def tax_id(country: str, n: int) -> str:
    """Return the n-th tax id of a country.

    >>> tax_id("DE", 1), tax_id("FR", 1), tax_id("US", 1)
    ('DE200000013', 'FR56400000014', '20-4000001')
    """
    if country == "DE":
        body = str(20_000_001 + n - 1)
        return f"DE{body}{mod_11_10.calc_check_digit(body)}"
    if country == "FR":
        body = str(40_000_001 + n - 1)
        siren = body + luhn.calc_check_digit(body)
        return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"
    if country == "US":
        return f"{_US_PREFIXES[n % len(_US_PREFIXES)]}-{4_000_000 + n}"
    raise ValueError(f"no tax ids are known for {country!r}")
