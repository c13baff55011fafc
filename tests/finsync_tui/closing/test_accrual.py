"""What is accrued, and on whom: to the minor unit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.closing.accrual import (
    Bearer,
    Frame,
    Part,
    Received,
    invoice_parts,
    of_document,
    of_received,
    open_minor,
    with_doubts,
)
from store.canonical.money import Money
from store.canonical.payables import InvoiceLine
from tests.finsync_tui.flows.invoice_desk import a_free_line, a_line, a_tax_line, an_invoice

FRAME = Frame(date(2026, 1, 31), "-", ("company", "cost_centre", "account"))
DESKS = Received(
    "coupa:1", "PO-1", "1", "Muster", "EUR", 10_000, Decimal(3), None, Decimal(2), Decimal(1), 3_333, 2
)


def nothing(_: object, __: object) -> None:
    """No mapping table knows anything."""


def test_what_arrived_and_is_not_invoiced_is_worth_its_share_of_the_order() -> None:
    """One of three desks for 100.00: 33.33; a cheaper invoice changes nothing, quantities decide."""
    assert 3333 == open_minor(DESKS)
    assert 3333 == open_minor(replace(DESKS, invoiced_minor=2_000))
    assert 10_000 == open_minor(replace(DESKS, received=Decimal(3), invoiced=Decimal(0)))


def test_amounts_decide_where_no_quantity_is_known() -> None:
    """A line that is ordered by amount, or an invoice that names no quantity."""
    assert 4_000 == open_minor(replace(DESKS, ordered=None, received_minor=7_333))
    assert 3_334 == open_minor(replace(DESKS, invoiced=None))


def test_more_invoiced_than_arrived_is_no_accrual() -> None:
    """Never below zero."""
    assert 0 == open_minor(replace(DESKS, invoiced=Decimal(3)))
    assert [] == of_received(replace(DESKS, invoiced=Decimal(3)), [Bearer("01-420-7110", "x")], FRAME)


@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=9),
)
def test_spreading_neither_loses_nor_makes_a_minor_unit(minor: int, weights: list[int]) -> None:
    """However a cost is borne, its lines sum up to it."""
    bearers = tuple(Bearer(f"01-{n}-7110", "", weight) for n, weight in enumerate(weights))

    lines = of_document(
        [Part(minor, bearers, "x")], currency="EUR", frame=FRAME, entity="invoice", document_key="coupa:1",
        document_number="I", party="",
    )  # fmt: skip

    assert minor == sum(line.amount.amount_minor for line in lines)


def test_a_line_says_where_it_is_booked_and_when_it_is_taken_back() -> None:
    """Segments by name, the period's last day, the first of the next."""
    (line,) = of_received(DESKS, [Bearer("01-420-7110", "a")], FRAME)

    assert ("420", "7110", None) == (line.cost_centre, line.account, line.project)
    assert (date(2026, 1, 31), date(2026, 2, 1)) == (line.accrue_on, line.reverse_on)
    assert line.is_bookable


def test_an_account_that_nobody_decided_is_shown_and_not_booked() -> None:
    """The source's own account stands beside the gap."""
    (line,) = of_received(DESKS, [Bearer(None, "01-999-7110")], FRAME)

    assert (False, "01-999-7110", None) == (line.is_bookable, line.source_account, line.cost_centre)


def test_tax_that_comes_back_is_no_cost_and_freight_goes_with_the_items() -> None:
    """300 on two accounts, 10 freight, 2 of the tax lost: 312 in proportion 1 to 2."""
    freight = InvoiceLine(number="3", kind="freight", amount=Money.of("10", "EUR"), description="Freight")
    invoice = an_invoice(
        a_free_line("100"), a_free_line("200", number="2", centre="430"), freight, a_tax_line("57")
    )

    parts = invoice_parts(invoice, {"1/1": "01-420-7110", "2/1": "01-430-7110"}, {}, nothing, 200)
    lines = of_document(
        parts, currency="EUR", frame=FRAME, entity="invoice", document_key="k", document_number="I", party="",
    )  # fmt: skip

    assert 31_200 == sum(line.amount.amount_minor for line in lines)
    assert [10_000, 20_000, 67, 133, 333, 667] == [line.amount.amount_minor for line in lines]


def test_a_line_of_an_order_is_borne_by_those_of_the_order() -> None:
    """The invoice's own coding does not matter then."""
    bearers = (Bearer("01-420-7110", "", 1), Bearer("01-430-7110", "", 3))

    (part,) = invoice_parts(an_invoice(a_line()), {}, {("PO-1", "1"): bearers}, nothing)

    assert (bearers, 10_000) == (part.bearers, part.amount_minor)


def test_a_bill_without_its_order_is_not_accrued_twice_unseen() -> None:
    """Same supplier, same amount: what was received says which invoice may be its bill."""
    received = of_received(DESKS, [Bearer("01-420-7110", "a")], FRAME)
    billed = of_document(
        [Part(3_333, (), "Desk")], currency="EUR", frame=FRAME, entity="invoice", document_key="k",
        document_number="R-1", party="Muster",
    )  # fmt: skip

    assert ["may be invoiced by R-1", ""] == [line.doubt for line in with_doubts([*received, *billed])]
    assert [""] == [line.doubt for line in with_doubts(received)]
