"""Money: whole minor units of one ISO 4217 currency, never a float.

>>> Money.of("10.00", "EUR").split([1, 1, 1])
(Money(amount_minor=334, currency='EUR'), Money(amount_minor=333, currency='EUR'), Money(amount_minor=333,
currency='EUR'))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from store.canonical.currency import exponent

Rounding = Literal["exact", "half_even", "half_up", "down"]

_ROUNDINGS = {"half_even": ROUND_HALF_EVEN, "half_up": ROUND_HALF_UP, "down": ROUND_DOWN}

DIGITS_MAX = 17
"""Longest amount in minor units; fits SQLite's 64-bit integers with room for sums."""
AMOUNT_MAX = 10**DIGITS_MAX - 1


class MoneyError(ValueError):
    """An amount that is not exact money of its currency."""


@lru_cache(maxsize=512)
def _currency(value: str) -> str:
    if len(value) != 3 or not value.isascii() or not value.isalpha() or not value.isupper():
        raise ValueError(f"{value!r} is not an ISO 4217 currency code")
    return value


def _no_float(value: object) -> object:
    if isinstance(value, float):
        raise ValueError("a float is not an exact number: send text or an integer")
    return value


def plain(value: Decimal) -> str:
    """Return a decimal as text without exponent and without trailing zeros.

    >>> plain(Decimal("12.500000")), plain(Decimal("1E+2"))
    ('12.5', '100')
    """
    shown = str(value)  # a third of the time of a format, unless it would be in powers of ten
    if "E" in shown:
        shown = f"{value:f}"
    return (shown.rstrip("0").rstrip(".") or "0") if "." in shown else shown


CurrencyCode = Annotated[str, AfterValidator(_currency)]
ExactDecimal = Annotated[
    Decimal, BeforeValidator(_no_float), PlainSerializer(plain, return_type=str, when_used="json")
]
"""Unit prices, quantities and rates: up to 20 decimals, decimal text on the wire and in the store."""


MinorUnits = Annotated[int, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX), WithJsonSchema({"type": "integer"})]
"""Whole minor units that the store can hold. The limit is ours, not the contract's: no real document comes near it."""


class Money(BaseModel):
    """An amount in minor units and its currency."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    amount_minor: MinorUnits = Field(description="Whole minor units of the currency")
    currency: CurrencyCode = Field(description="ISO 4217 code")

    @classmethod
    def of(cls, amount: Decimal | str | int, currency: str, rounding: Rounding = "exact") -> Money:
        """Read a decimal amount; more decimals than the currency has are refused unless a rounding is named.

        >>> Money.of("12.345", "EUR")
        Traceback (most recent call last):
        ...
        store.canonical.money.MoneyError: 12.345 EUR has more decimals than the currency (2)
        """
        _currency(currency)
        if isinstance(amount, float):
            raise MoneyError("a float is not an exact amount")
        try:
            value = amount if isinstance(amount, Decimal) else Decimal(amount)
        except InvalidOperation:
            raise MoneyError(f"{amount!r} is not a decimal amount") from None
        if not value.is_finite() or value.adjusted() + exponent(currency) >= DIGITS_MAX:
            raise MoneyError(f"{str(amount)[:40]} is not an amount we can hold")
        scaled = value.scaleb(exponent(currency))
        if rounding == "exact":
            whole = scaled.to_integral_value()
            if whole != scaled:
                raise MoneyError(
                    f"{plain(value)} {currency} has more decimals than the currency ({exponent(currency)})"
                )
        else:
            whole = scaled.to_integral_value(rounding=_ROUNDINGS[rounding])
        return cls(amount_minor=int(whole), currency=currency)

    @property
    def amount(self) -> Decimal:
        return Decimal(self.amount_minor).scaleb(-exponent(self.currency))

    def __str__(self) -> str:
        return f"{self.amount:,.{exponent(self.currency)}f} {self.currency}"

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise MoneyError(f"{self.currency} and {other.currency} do not add up")
        return Money(amount_minor=self.amount_minor + other.amount_minor, currency=self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + -other

    def __neg__(self) -> Money:
        return Money(amount_minor=-self.amount_minor, currency=self.currency)

    def __abs__(self) -> Money:
        """Return it without its sign.

        >>> abs(Money.of("-3.50", "EUR")), abs(Money.of("2", "JPY"))
        (Money(amount_minor=350, currency='EUR'), Money(amount_minor=2, currency='JPY'))
        """
        return -self if self.amount_minor < 0 else self

    def split(self, weights: Sequence[Decimal | int]) -> tuple[Money, ...]:
        """Divide in proportion to `weights`, without losing or making a minor unit (largest remainder)."""
        total = sum((Decimal(w) for w in weights), Decimal(0))
        if not weights or total <= 0 or any(w < 0 for w in weights):
            raise MoneyError("a split needs weights that are not negative and not all zero")
        sign = -1 if self.amount_minor < 0 else 1
        size = abs(self.amount_minor)
        exact = [Decimal(size) * Decimal(w) / total for w in weights]
        parts = [int(share) for share in exact]
        by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
        for i in by_remainder[: size - sum(parts)]:
            parts[i] += 1
        return tuple(Money(amount_minor=sign * part, currency=self.currency) for part in parts)

    def share(self, weights: Sequence[Decimal | int]) -> tuple[Money, ...]:
        """Divide in proportion to weights of either sign, without losing or making a minor unit; alike where they
        cancel each other.

        >>> [part.amount_minor for part in Money.of("10.00", "EUR").share([120, -20])]
        [1200, -200]
        """
        if not weights:
            raise MoneyError("a share needs at least one weight")
        whole = sum((Decimal(w) for w in weights), Decimal(0))
        if whole == 0:
            weights, whole = [1] * len(weights), Decimal(len(weights))
        parts = apportion(self.amount_minor, [self.amount_minor * Decimal(w) / whole for w in weights])
        return tuple(Money(amount_minor=part, currency=self.currency) for part in parts)


def apportion(total: int, exact: Sequence[Decimal]) -> list[int]:
    """Round parts so that they sum up to `total`: each down, then one unit more where most was cut off.

    >>> apportion(10, [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")])
    [4, 3, 3]
    >>> apportion(-1, [Decimal("-0.5"), Decimal("-0.5")])
    [0, -1]
    """
    if not exact:
        return []
    parts = [int(one.to_integral_value(ROUND_FLOOR)) for one in exact]
    by_cut = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    whole, rest = divmod(total - sum(parts), len(parts))
    for i in by_cut[:rest]:
        parts[i] += 1
    return [part + whole for part in parts]


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Return the sum; with no amounts, zero of `currency`."""
    return Money(amount_minor=_sum_minor(amounts, currency), currency=currency)


def adds_up(amounts: Iterable[Money], whole: Money) -> bool:
    """Say whether amounts make up `whole` to the minor unit.

    Counted without making a Money of the sum: records are checked by the thousand.
    """
    return _sum_minor(amounts, whole.currency) == whole.amount_minor


def _sum_minor(amounts: Iterable[Money], currency: str) -> int:
    minor = 0
    for amount in amounts:
        if amount.currency != currency:
            raise MoneyError(f"{currency} and {amount.currency} do not add up")
        minor += amount.amount_minor
    return minor


def by_bearer(amounts: Iterable[tuple[str, Money]]) -> tuple[str, ...]:
    """Return who bears how much, in words that can be compared; what comes to nothing is left out.

    >>> by_bearer([("01-7110", Money.of("70", "EUR")), ("01-7110", Money.of("50", "EUR"))])
    ('01-7110 120.00 EUR',)
    """
    sums: dict[str, Money] = {}
    for bearer, amount in amounts:
        sums[bearer] = sums[bearer] + amount if bearer in sums else amount
    return tuple(f"{bearer} {amount}" for bearer, amount in sorted(sums.items()) if amount.amount_minor)
