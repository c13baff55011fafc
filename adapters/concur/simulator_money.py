"""Amounts as Concur writes them: JSON numbers with as many decimals as they need, eight at most.

>>> number(Decimal("119.00")), number(Decimal("1E+2")), number(Decimal("0.00"))
(Decimal('119'), Decimal('100'), Decimal('0'))
>>> [str(one) for one in shares(Decimal("10.01"), [Decimal("33.33"), Decimal("66.67")])]
['3.33633300', '6.67366700']
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

FINEST: Final = Decimal("0.00000001")
ZERO: Final = Decimal(0)
PRINTED_ZERO: Final = Decimal("0E-8")
"""Expense v4 prints a zero with eight decimals like this."""
HUNDRED: Final = Decimal(100)
DECIMALS: Final = {
    **dict.fromkeys(("BIF", "CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Decimals of currencies that have not two."""
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def number(amount: Decimal) -> Decimal:
    """Return the amount without zeros at its end and without an exponent."""
    if amount == 0:
        return ZERO
    return Decimal(format(amount.normalize(), "f"))


def money(amount: Decimal, currency: str) -> dict[str, Any]:
    """Return an amount as Expense v4 shows one."""
    return {"value": number(amount) or PRINTED_ZERO, "currencyCode": currency}


def encode(value: Any) -> bytes:
    """Return JSON in which decimals are numbers."""
    return _ENCODER.encode(value)


def decimals(currency: str) -> int:
    return DECIMALS.get(currency, 2)


def check_decimals(amount: Decimal, currency: str, what: str) -> None:
    """Refuse an amount finer than its currency: people can't claim one."""
    if amount != amount.quantize(Decimal(1).scaleb(-decimals(currency))):
        raise ValueError(f"{what} {amount} has more decimals than {currency} has")


def shares(amount: Decimal, percentages: Sequence[Decimal]) -> list[Decimal]:
    """Split an amount by percentages, eight decimals, the rest on the last: nothing is lost."""
    parts = [(amount * one / HUNDRED).quantize(FINEST) for one in percentages[:-1]]
    return [*parts, amount * sum(percentages) / HUNDRED - sum(parts, ZERO)]
