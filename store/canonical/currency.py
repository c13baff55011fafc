"""How many decimals each currency has. Apart from `money`, so that showing an amount needs no model of it."""

from __future__ import annotations

# ISO 4217 exponents other than 2 (source: ISO 4217 list one, as of 2025).
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENTS = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
    "CLF": 4,
    "UYW": 4,
}


def exponent(currency: str) -> int:
    """Return how many decimals the currency's minor unit has."""
    return _EXPONENTS.get(currency, 2)
