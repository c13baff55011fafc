"""What an expression may say, and that what it says of amounts and days is exact."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.policies import values
from finsync_tui.policies.checking import LENGTH_MAX, ExpressionError, check
from finsync_tui.policies.deciding import Judge, program
from finsync_tui.policies.decisions import DECISIONS
from finsync_tui.policies.model import Rule
from finsync_tui.policies.verdicts import UndecidedError
from tests.builders import a_purchase_order

ORDERS = DECISIONS["order_check"]
ON = date(2026, 5, 4)

decimals = st.decimals(min_value=-(10**25), max_value=10**25, places=20, allow_nan=False)


def says(when: str, **order: object) -> bool:
    """Ask one rule about an order."""
    rule = Rule(when=when, then="note", why="it is so")
    judge = Judge(ORDERS, [program("one", rule, check(when, ORDERS.variables).used)])
    return bool(judge.ask({"order": a_purchase_order(**order)}, "DE01", "EMEA", ON))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "when",
    [
        "order.total.amount >= decimal('0')",
        "order.lines.exists(l, l.amount.amount > decimal('1')) && company in ['DE01', 'FR01']",
        "sum(order.lines.map(l, l.amount.amount)) == order.total.amount",
        "order.lines.filter(l, !l.is_cancelled).all(l, size(l.distributions) > 0)",
        "order.lines.map(l, l.amount).exists(a, a.currency == order.currency)",
        "today >= date('2026-05-01') ? order.status == 'open' : false",
        "!has(order.buyer) || order.buyer.contains('')",
        "times(order.total.amount, decimal('1.10')) > order.total.amount",
        "-1 < 0 && 2 + 3 * 4 == 14 && 'a' + 'b' == 'ab'",
    ],
)
def test_what_fits_the_contracts_can_be_asked(when: str) -> None:
    """Fields, lists, exact decimals, days, choices: all of it answers yes for an ordinary order."""
    assert says(when)


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("order.totl.amount > decimal('1')", "there is no field totl: did you mean 'total'?"),
        ("orders.total.amount > decimal('1')", "there is no orders; known: order, company, today"),
        ("order.total.amount > 5", "a decimal is compared with a whole number; write decimal('10.00')"),
        ("order.total.amount > '5'", "a decimal is compared with a text; write decimal('10.00')"),
        ("order.total > decimal('5')", "an amount of money is .amount, its currency .currency"),
        ("order.total.amount > 5.5", "5.5 is no exact number; write decimal('5.5')"),
        ("order.total.amount + decimal('1') > decimal('2')", "write plus(a, b)"),
        ("-order.total.amount > decimal('1')", "write decimal('-10.00')"),
        ("decimal('1O.00') > decimal('1')", "'1O.00' is no decimal number"),
        ("decimal('1', '2') > decimal('1')", "decimal() takes a text; it is given a text, a text"),
        ("today > date('2026-02-30')", "'2026-02-30' is no day"),
        ("today > '2026-02-28'", "a day is compared with a text; write date('2026-05-31')"),
        ("order.buyer == 'x'", "order.buyer may be missing: ask for it first, has(order.buyer) && ..."),
        ("order.lines.exists(l, l.category == 'IT')", "l.category may be missing"),
        ("order.lines.exists(order, true)", "a new name for one of the list"),
        ("order.lines[0].number == '1'", "a place in a list can't be used in a rule"),
        ("order.lines.first().number == '1'", "there is no first() of a list"),
        ("order.number.lower() == 'x'", "there is no lower() of a text"),
        ("order.lines.exists(l, l.number)", "neither yes nor no"),
        ("eval('1')", "there is no eval()"),
        ("order.__class__ == 'x'", "there is no field __class__"),
        ("order.total.amount", "it gives a decimal, and a rule needs yes or no"),
        ("order.status == 'open' &&", "it is no expression from here on"),
        ("company == 'x' ? 'a' : 1", "one side of the choice gives a text, the other a whole number"),
        ("[] == []", "a list has at least one value"),
        ("{'a': 1} == {'a': 1}", "a map can't be used in a rule"),
        ("(" * 60 + "true" + ")" * 60, "nested more than 40 deep"),
        ("true && " * 2_000 + "true", f"a rule has at most {LENGTH_MAX:,}"),
        ("||".join(["true"] * 320), "it is too long a chain"),
        ("order.total in [order.total]", "a group of fields can't be in"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_document_comes(when: str, message: str) -> None:
    """A wrong name, kind or number is found by the check, with what to write instead."""
    with pytest.raises(ExpressionError) as caught:
        check(when, ORDERS.variables)

    assert message in caught.value.message


def test_a_misfit_says_where_it_stands() -> None:
    """Line and column of the part that does not fit."""
    with pytest.raises(ExpressionError) as caught:
        check("order.status == 'open'\n  && order.colour == 'red'", ORDERS.variables)

    assert (2, 6) == (caught.value.line, caught.value.column)


def test_amounts_are_compared_as_amounts() -> None:
    """Nine is less than ten, though its text is greater; a cent more is more."""
    assert says("order.total.amount < decimal('10.00')", total="9.00")
    assert not says("order.total.amount >= decimal('9.01')", total="9.00")
    assert says("order.total.amount == decimal('9')", total="9.00")


@given(decimals, decimals)
def test_decimals_keep_their_order_and_their_value(one: Decimal, other: Decimal) -> None:
    """As texts they compare as the numbers do, and come back as they were, to the last of 20 decimals."""
    first, second = values.of_decimal(one), values.of_decimal(other)

    assert (one < other, one == other) == (first < second, first == second)
    assert one == values.to_decimal(first)


@given(st.decimals(-(10**9), 10**9, places=6), st.decimals(-(10**9), 10**9, places=6))
def test_arithmetic_is_exact(one: Decimal, other: Decimal) -> None:
    """Sums, differences and products are those of the numbers."""
    first, second = values.of_decimal(one), values.of_decimal(other)

    assert one + other == values.to_decimal(values.plus(first, second))
    assert one - other == values.to_decimal(values.minus(first, second))
    with localcontext(prec=60):  # of Python's own 28 digits a product of two such numbers has one too many
        assert one * other == values.to_decimal(values.times(first, second))
    assert one + other == values.to_decimal(values.total([first, second]))
    assert abs(one) == values.to_decimal(values.size_of(first))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e40", "0.000000000000000000001", "", "1,000"])
def test_what_is_no_exact_number_of_ours_is_refused(text: str) -> None:
    """Neither not-a-number nor more digits or decimals than a contract may have."""
    with pytest.raises(ValueError, match=r"no decimal|decimals|digits"):
        values.decimal(text)


def test_a_rule_that_can_not_be_asked_decides_nothing() -> None:
    """A product of more decimals than a value may have: the document is told apart, no answer is made up."""
    small = "decimal('0.00000000000000000001')"

    with pytest.raises(UndecidedError, match="the rule one can't be asked of it"):
        says(f"times({small}, {small}) > decimal('0')")
