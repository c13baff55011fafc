"""Do the countries of a bank account agree: its IBAN's, its bank code's, its bank's, and its supplier's? Pure.

The number is not known here: an IBAN's country stands in what may be shown of it, and a bank code (BIC) names its own. Each of
them may be right by itself. An account abroad is no error, and the usual sign of a fraud.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from store.canonical.supplier import SupplierBankAccount, normal

_OF: Final = {
    "AX": "FI", "BL": "FR", "GF": "FR", "GG": "GB", "GP": "FR", "IM": "GB", "JE": "GB", "MF": "FR", "MQ": "FR", "NC": "FR",
    "PF": "FR", "PM": "FR", "RE": "FR", "SJ": "NO", "TF": "FR", "WF": "FR", "YT": "FR",
}  # fmt: skip
"""Territories whose accounts have the IBAN of another country (ISO 13616 registry)."""
_IBAN_ONLY: Final = frozenset(
    [
        "AT",
        "BE",
        "CY",
        "DE",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PT",
        "SI",
        "SK",
    ]
)
"""Where the euro is paid in, no account is paid without its IBAN."""
_BIC_COUNTRY: Final = slice(4, 6)


def impossible(account: SupplierBankAccount) -> list[str]:
    """Return which of its countries can't be so together.

    >>> one = SupplierBankAccount(number="x", fingerprint="f", masked="DE…3000", country="DE", bic="BNPAFRPPXXX")
    >>> impossible(one)
    ['its IBAN is of DE, its bank code BNPAFRPPXXX of FR']
    >>> impossible(one.model_copy(update={"masked": "FR…3000", "country": "MQ"}))
    []
    """
    iban, bank, code = iban_country(account), account.country, bic_country(account)
    found = []
    if iban and code and _of(iban) != _of(code):
        found.append(f"its IBAN is of {iban}, its bank code {account.bic} of {code}")
    if iban and bank and _of(iban) != _of(bank):
        found.append(f"its IBAN is of {iban}, its bank is said to be in {bank}")
    if not iban and code and bank and _of(code) != _of(bank):
        found.append(f"its bank code {account.bic} is of {code}, its bank is said to be in {bank}")
    if not iban and bank and _of(bank) in _IBAN_ONLY:
        found.append(f"it is in {bank} and has no IBAN")
    return found


def abroad(account: SupplierBankAccount, home: str | None) -> str | None:
    """Say in which other country than its supplier's it is; None: in none, or nobody knows."""
    where = iban_country(account) or account.country or bic_country(account)
    if where is None or home is None or _of(where) == _of(home):
        return None
    return f"it is in {where}, and its supplier in {home}"


def iban_country(account: SupplierBankAccount) -> str | None:
    """Return the country of its IBAN; None: it has none."""
    country = account.masked[:2]
    return country if country.isascii() and country.isalpha() and has_ibans(country) else None


def bic_country(account: SupplierBankAccount) -> str | None:
    code = normal(account.bic or "")[_BIC_COUNTRY]
    return code if code.isalpha() and len(code) == len("DE") else None


@cache
def has_ibans(country: str) -> bool:
    """Say whether accounts of a country have IBANs.

    >>> has_ibans("DE"), has_ibans("US")
    (True, False)
    """
    from schwifty import registry
    from schwifty.exceptions import InvalidCountryCode

    try:
        return not registry.get_iban_spec(country).aspirational
    except InvalidCountryCode:
        return False


def _of(country: str) -> str:
    return _OF.get(country, country)
