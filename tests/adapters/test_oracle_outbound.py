"""A commitment becomes requests that Oracle can hold exactly, or is refused before anything is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.oracle_fusion import wire
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.outbound import CannotExpressError, cut, purchase_order, quantities
from adapters.oracle_fusion.outbound_changes import Create, Delete, Update, changes
from store.canonical.budget import CommitmentDistribution
from store.canonical.money import Money
from tests.adapters.oracle_builders import OPTIONS, POD, UNIT, an_order, some_options
from tests.builders import a_commitment, a_commitment_line

ORDER = f"{POD}/draftPurchaseOrders/00ORDER"
LINE = f"{ORDER}/child/lines/1"


def a_distribution(number: str, amount: str, account: str = "01-420-7110-0000-000") -> CommitmentDistribution:
    return CommitmentDistribution(number=number, charge_account=account, amount=Money.of(amount, "EUR"))


def test_an_order_by_quantity_has_quantities_all_the_way_down() -> None:
    """Header, line, schedule and distribution name the same quantity, and the mark is on the order."""
    body = purchase_order(a_commitment(), OPTIONS)

    line = body["lines"][0]
    schedule = line["schedules"][0]
    assert "coupa:100234" == body["NoteToReceiver"]
    assert (Decimal(1), Decimal("101.00"), "Ea") == (line["Quantity"], line["Price"], line["UOMCode"])
    assert "2026-02-01" == schedule["RequestedDeliveryDate"]
    assert Decimal(1) == schedule["Quantity"] == schedule["distributions"][0]["Quantity"]


def test_an_order_by_amount_has_amounts_all_the_way_down() -> None:
    """A service of a fixed price has neither quantity nor price nor unit."""
    line = a_commitment_line("87.50", quantity=None, unit_price=None, uom=None)

    body = purchase_order(a_commitment(lines=(line,)), OPTIONS)["lines"][0]

    assert "Fixed Price Services" == body["LineType"]
    assert Decimal("87.50") == body["Amount"] == body["schedules"][0]["Amount"]
    assert Decimal("87.50") == body["schedules"][0]["distributions"][0]["Amount"]
    assert not {"Quantity", "Price", "UOMCode"} & body.keys()


def test_a_price_leaves_as_an_exact_number() -> None:
    """Twenty decimals are on the wire as typed, not as the nearest binary float."""
    line = a_commitment_line("10.00", quantity=Decimal(100), unit_price=Decimal("0.10000000000000000001"))

    sent = wire.encode(purchase_order(a_commitment(lines=(line,)), OPTIONS))

    assert b'"Price":0.10000000000000000001,' in sent


def test_manual_numbering_sends_our_number() -> None:
    """Where Oracle does not number orders itself, the source's number is the order's."""
    body = purchase_order(a_commitment(), some_options(order_numbering="manual"))

    assert "PO-100234" == body["OrderNumber"]


def test_the_mark_can_be_the_description() -> None:
    """Where notes to receivers are used for something else, the description is the mark and nothing but it."""
    body = purchase_order(a_commitment(), some_options(marker_field="Description"))

    assert "coupa:100234" == body["Description"]
    assert "NoteToReceiver" not in body


@pytest.mark.parametrize(
    ("category", "default", "expected"),
    [("desks", None, "Furniture"), ("unknown", "Sundries", "Sundries"), ("unknown", None, "unknown")],
)
def test_a_category_is_mapped_or_the_units_default(category: str, default: str | None, expected: str) -> None:
    """A mapped category wins over the default, the default over the source's own word."""
    unit = UNIT.model_copy(update={"default_category": default})
    options = Options(business_units={"DE Operations": unit}, categories={"desks": "Furniture"})

    body = purchase_order(a_commitment(lines=(a_commitment_line(category=category),)), options)

    assert expected == body["lines"][0]["Category"]


@pytest.mark.parametrize(
    ("changes", "case_class"),
    [
        ({"business_unit": "Mars"}, "MAPPING_MISSING"),
        ({"supplier_id": "S-1001"}, "PAYLOAD_INVALID"),
        ({"marker": "x" * 1001}, "PAYLOAD_INVALID"),
        ({"marker": "two\nlines"}, "PAYLOAD_INVALID"),
        ({"lines": (a_commitment_line(number="1a"),)}, "PAYLOAD_INVALID"),
        ({"lines": (a_commitment_line(), a_commitment_line(number="1.0"))}, "PAYLOAD_INVALID"),
        ({"lines": (a_commitment_line(uom="BUNDLE"),)}, "MAPPING_MISSING"),
        (
            {"lines": (a_commitment_line("10.00", quantity=Decimal(3), unit_price=Decimal(3)),)},
            "TOTALS_DIFFER",
        ),
    ],
)
def test_what_oracle_cannot_hold_is_refused_unsent(changes: dict[str, Any], case_class: str) -> None:
    """Each refusal has the class an analyst knows what to do with."""
    with pytest.raises(CannotExpressError) as refused:
        purchase_order(a_commitment(**changes), OPTIONS)

    assert case_class == refused.value.case_class


def test_only_harmless_texts_are_cut() -> None:
    """A description is cut with a mark and loses its line breaks."""
    assert "Desk, oak " + "x" * 229 + "…" == cut("Desk,\r\n oak " + "x" * 300, 240)


def test_stated_quantities_are_kept_when_they_give_the_amounts() -> None:
    """The source knows its quantities better than a division does."""
    parts = [a_distribution("1", "33.33"), a_distribution("2", "66.67")]
    stated = [one.model_copy(update={"quantity": Decimal(n)}) for n, one in enumerate(parts, 1)]

    assert [Decimal(1), Decimal(2)] == quantities(Decimal(3), stated)


@given(
    whole=st.decimals("0.000001", "1000000", places=6),
    amounts=st.lists(st.integers(0, 10**12), min_size=1, max_size=12),
)
def test_quantity_shares_always_add_up(whole: Decimal, amounts: list[int]) -> None:
    """Whatever the amounts are, the shares together are exactly the line's quantity."""
    parts = [
        CommitmentDistribution(number="1", charge_account="a", amount=Money(amount_minor=a, currency="EUR"))
        for a in amounts
    ]

    assert whole == sum(quantities(whole, parts))


def test_an_equal_order_needs_no_change() -> None:
    """What we sent, read back, is what we want: nothing is to be done."""
    commitment = a_commitment()

    assert [] == changes(an_order(commitment), commitment, OPTIONS)


def test_hidden_attributes_are_no_difference_but_visible_ones_are() -> None:
    """A unit that Oracle does not show is taken as set; a date it shows with a time is the same date."""
    commitment = a_commitment()
    order = an_order(commitment)
    line = wire.rows(order.lines)[0]
    line.UOMCode = None
    wire.rows(line.schedules)[0].RequestedDeliveryDate = "2026-02-01T00:00:00+00:00"

    assert [] == changes(order, commitment, OPTIONS)


def test_a_changed_quantity_is_patched_on_each_level() -> None:
    """Line, schedule and distribution are patched at their own addresses, under the versions that were read."""
    order = an_order(a_commitment())
    line = a_commitment_line("202.00", quantity=Decimal(2), unit_price=Decimal("101.00"))

    steps = changes(order, a_commitment(lines=(line,)), OPTIONS)

    schedule = f"{LINE}/child/schedules/00SCHEDULE"
    assert [
        Update(LINE, "ACED01", {"Quantity": Decimal(2)}),
        Update(schedule, "ACED01", {"Quantity": Decimal(2)}),
        Update(f"{schedule}/child/distributions/00DIST1", "ACED01", {"Quantity": Decimal(2)}),
    ] == steps


def test_a_new_line_is_created_whole_under_the_order() -> None:
    """The new line brings its schedule and distributions; the others stay untouched."""
    lines = (a_commitment_line(), a_commitment_line("5.00", number="2"))

    steps = changes(an_order(a_commitment()), a_commitment(lines=lines), OPTIONS)

    assert [f"{ORDER}/child/lines"] == [step.href for step in steps]
    assert isinstance(steps[0], Create)
    assert Decimal(2) == steps[0].body["LineNumber"]
    assert steps[0].body["schedules"][0]["distributions"]


@pytest.mark.parametrize("is_issued", [True, False])
def test_a_vanished_line_is_cancelled_once_issued_and_deleted_before(is_issued: bool) -> None:
    """Oracle deletes only what was never issued."""
    both = a_commitment(lines=(a_commitment_line(), a_commitment_line("5.00", number="2")))

    steps = changes(an_order(both), a_commitment(), OPTIONS, frozenset("12") if is_issued else frozenset("1"))

    href = f"{ORDER}/child/lines/2"
    cancel = Update(href, "ACED01", {"CancelFlag": True, "CancelUnfulfilledDemandFlag": True})
    assert [cancel if is_issued else Delete(href)] == steps


def test_a_line_cancelled_already_is_left_alone() -> None:
    """A change that stopped after cancelling does not cancel again."""
    order = an_order(a_commitment(lines=(a_commitment_line(), a_commitment_line("5.00", number="2"))))
    wire.rows(order.lines)[1].CancelFlag = True

    assert [] == changes(order, a_commitment(), OPTIONS)


def test_distributions_come_change_and_go() -> None:
    """Accounts are patched in place, additional ones created, surplus ones deleted."""
    two = a_commitment_line(distributions=(a_distribution("1", "50.50"), a_distribution("2", "50.50", "02")))
    one = a_commitment_line(distributions=(a_distribution("1", "101.00", "03"),))
    schedule = f"{LINE}/child/schedules/00SCHEDULE"

    fewer = changes(an_order(a_commitment(lines=(two,))), a_commitment(lines=(one,)), OPTIONS)
    more = changes(an_order(a_commitment(lines=(one,))), a_commitment(lines=(two,)), OPTIONS)

    first, second = f"{schedule}/child/distributions/00DIST1", f"{schedule}/child/distributions/00DIST2"
    assert [
        Update(first, "ACED01", {"Quantity": Decimal(1), "POChargeAccount": "03"}),
        Delete(second),
    ] == fewer
    assert [first, f"{schedule}/child/distributions"] == [step.href for step in more]


@pytest.mark.parametrize("kind", ["currency", "cancelled", "type", "split"])
def test_changes_that_oracle_cannot_make_are_refused_unsent(kind: str) -> None:
    """Each says what to do instead."""
    order = an_order(a_commitment())
    wanted = a_commitment()
    line = wire.rows(order.lines)[0]
    if kind == "currency":
        order.CurrencyCode = "CHF"
    elif kind == "cancelled":
        line.CancelFlag = "Y"
    elif kind == "type":
        wanted = a_commitment(lines=(a_commitment_line(quantity=None, unit_price=None),))
    else:
        line.schedules = [*wire.rows(line.schedules), *wire.rows(line.schedules)]

    with pytest.raises(CannotExpressError):
        changes(order, wanted, OPTIONS)
