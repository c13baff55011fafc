"""Money: promise 4, exact to the minor unit."""

from __future__ import annotations

import sqlite3
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from store.canonical.currency import comparable, comparable_sql, exponent
from store.canonical.money import Money, MoneyError, adds_up, plain, total
from tests import strategies

weights = st.lists(st.decimals(0, 10**6, places=4, allow_nan=False), min_size=1, max_size=12).filter(any)


@given(amount=strategies.moneys(), shares=weights)
def test_splitting_loses_nothing(amount: Money, shares: list[Decimal]) -> None:
    """The parts add up to the whole, and each is within one minor unit of its exact share."""
    parts = amount.split(shares)

    assert amount == total(parts, amount.currency)
    for part, share in zip(parts, shares, strict=True):
        assert abs(part.amount_minor - amount.amount_minor * share / sum(shares)) < 1


@given(amount=strategies.moneys(), shares=weights)
def test_splitting_is_the_same_for_credits(amount: Money, shares: list[Decimal]) -> None:
    """A credit note splits as its invoice does."""
    credit = Money(amount_minor=-amount.amount_minor, currency=amount.currency)

    assert [part.amount_minor for part in amount.split(shares)] == [
        -part.amount_minor for part in credit.split(shares)
    ]


@pytest.mark.parametrize("shares", [[], [0, 0], [1, -1]])
def test_senseless_weights_are_refused(shares: list[int]) -> None:
    """Nothing to divide by, or a negative share."""
    with pytest.raises(MoneyError, match="weights"):
        Money.of("10.00", "EUR").split(shares)


@given(amount=strategies.moneys())
def test_an_amount_survives_text(amount: Money) -> None:
    """What is written as a decimal reads back as the same minor units, in any currency."""
    assert amount == Money.of(plain(amount.amount), amount.currency)
    assert amount == Money.of(str(amount).split()[0].replace(",", ""), amount.currency)


@given(amounts=st.lists(strategies.moneys("EUR"), max_size=8))
def test_the_order_of_adding_does_not_matter(amounts: list[Money]) -> None:
    """Sums are of whole numbers."""
    assert total(amounts, "EUR") == total(reversed(amounts), "EUR")
    assert sum(a.amount_minor for a in amounts) == total(amounts, "EUR").amount_minor


@given(amounts=st.lists(strategies.moneys("EUR"), max_size=8), off=st.integers(-2, 2))
def test_amounts_add_up_to_their_total_and_to_nothing_else(amounts: list[Money], off: int) -> None:
    """One minor unit more or less is another sum, and another currency is no sum at all."""
    whole = Money(amount_minor=total(amounts, "EUR").amount_minor + off, currency="EUR")

    assert (off == 0) == adds_up(amounts, whole)
    with pytest.raises(MoneyError, match="do not add up"):
        adds_up([Money.of("1", "USD"), *amounts], whole)


@given(
    value=st.decimals(-(10**12), 10**12, places=7, allow_nan=False)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-1, max_value=1)
)
def test_plain_text_is_the_same_number_without_an_exponent(value: Decimal) -> None:
    """Whatever form a decimal has, its text has digits and a point only, and no zeros at the end."""
    shown = plain(value)

    assert value == Decimal(shown)
    assert "E" not in shown
    assert "." not in shown or not shown.endswith(("0", "."))


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.34", "EUR", 1234),
        ("12", "JPY", 12),
        ("1.234", "BHD", 1234),
        ("-0.01", "USD", -1),
        ("1E+2", "EUR", 10000),
    ],
)
def test_the_currency_decides_the_decimals(text: str, currency: str, minor: int) -> None:
    """Two for most, none for yen, three for dinars."""
    assert minor == Money.of(text, currency).amount_minor


@pytest.mark.parametrize(
    "text", ["12.345", "0.001", "NaN", "Infinity", "abc", "", "1e30", "1000000000000000.00"]
)
def test_what_is_not_exact_money_is_refused(text: str) -> None:
    """More decimals than the currency has, no number at all, or one beyond all amounts."""
    with pytest.raises(MoneyError):
        Money.of(text, "EUR")


@pytest.mark.parametrize("minor", [10**17, -(10**17), 2**63])
def test_what_the_store_could_not_hold_is_no_money(minor: int) -> None:
    """A document over such an amount is refused at the door, instead of stopping whoever works with it."""
    with pytest.raises(ValueError, match=r"less than or equal|greater than or equal"):
        Money(amount_minor=minor, currency="EUR")


@pytest.mark.parametrize(("rounding", "minor"), [("half_even", 1234), ("half_up", 1235), ("down", 1234)])
def test_rounding_is_named(rounding: str, minor: int) -> None:
    """Rounding is a policy, never an accident."""
    assert minor == Money.of("12.345", "EUR", rounding).amount_minor  # type: ignore[arg-type]


def test_floats_are_refused_everywhere() -> None:
    """Neither an amount nor minor units may come as a float."""
    with pytest.raises(MoneyError, match="float"):
        Money.of(0.1, "EUR")  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        Money(amount_minor=1.0, currency="EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["eur", "EURO", "E1R", "", "ÄÖÜ"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    """ISO 4217 codes and nothing else."""
    with pytest.raises(ValueError, match="ISO 4217"):
        Money.of("1", currency)


def test_currencies_do_not_mix() -> None:
    """Adding euros to yen is an error, not a number."""
    with pytest.raises(MoneyError, match="EUR and JPY"):
        Money.of("1", "EUR") + Money.of("1", "JPY")
    assert (2, 0, 3) == (exponent("EUR"), exponent("JPY"), exponent("BHD"))


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD", "CLF", "ZZZ"])
def test_amounts_are_put_in_one_order_by_sql_and_by_python(currency: str) -> None:
    """One rule, written twice."""
    (found,) = (
        sqlite3.connect(":memory:")
        .execute(
            f"SELECT {comparable_sql()} FROM (SELECT 1234 AS amount_minor, ? AS currency)",
            (currency,),
        )
        .fetchone()
    )

    assert found == comparable(1234, currency) == comparable(-1234, currency)
