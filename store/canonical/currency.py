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


def comparable(amount_minor: int | None, currency: str | None) -> int:
    """Return how large an amount is, in ten-thousandths of its currency's unit: 300 yen come before 299.99 euros. Only an
    order, no sum; `comparable_sql` is the same rule.

    >>> comparable(300, "JPY"), comparable(-299_99, "EUR"), comparable(None, None)
    (3000000, 2999900, 0)
    """
    return abs(amount_minor or 0) * int(10 ** (4 - exponent(currency or "")))


def comparable_sql(minor: str = "amount_minor", currency: str = "currency") -> str:
    """Return, in SQL, an amount in ten-thousandths of its currency's unit: minor units of yen and euros can't be compared. Only
    an order, no sum; an index has the same words.

    >>> comparable_sql("a", "c").partition(" WHEN ")[0]
    'a * CASE'
    """
    none, three, four = (
        ", ".join(f"'{name}'" for name, places in _EXPONENTS.items() if places == wanted)
        for wanted in (0, 3, 4)
    )
    return (
        f"{minor} * CASE WHEN {currency} IN ({none}) THEN 10000 WHEN {currency} IN ({three}) THEN 10"
        f" WHEN {currency} IN ({four}) THEN 1 ELSE 100 END"
    )
