"""Invoice to payment: what is held against the order, its receipts, and the invoices that there were before."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.builders import a_supplier
from tests.finsync_tui.flows.invoice_desk import (
    SOURCE,
    TARGET,
    InvoiceDesk,
    a_free_line,
    a_line,
    a_receipt,
    a_tax_line,
    an_invoice,
    an_order,
    eur,
)
from tests.finsync_tui.flows.test_invoice_to_payment import a_desk_with_goods


def _by_amount(amount: str) -> Any:
    """A line of the order that says no quantity."""
    return a_line().model_copy(update={"quantity": None, "unit_price": None, "amount": eur(amount)})


@pytest.mark.parametrize(
    ("credited", "frees"),
    [
        (a_line("-5", "10"), True),
        (a_line("-5", "9.8"), True),
        (a_line("-10", "10"), True),
        (_by_amount("-100"), True),
        (a_line("-10", "5"), False),
        (a_line("-5", "9.7"), False),
        (_by_amount("-50"), False),
    ],
)
def test_only_a_credit_of_pieces_at_their_price_frees_pieces(credited: Any, frees: bool) -> None:
    """Half the price back is no five pieces back: with ten received, five more are not posted. What is given back in
    full may be invoiced anew."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    desk.post()
    desk.invoice(an_invoice(credited, number="CN-1", kind="credit_memo"), "CN1")
    while desk.pending:
        desk.answer()
    desk.read()

    desk.invoice(an_invoice(a_line("5"), number="INV-9", invoiced_on=date(2026, 2, 5)), "I2")

    assert ([] if frees else [("MATCH_QUANTITY", "open")]) == desk.exceptions
    assert ("await_posting" if frees else "match") == desk.step("I2")


def test_pieces_that_were_invoiced_at_less_go_back_at_less() -> None:
    """The price of a return is what was invoiced, where that was below the order's."""
    desk = InvoiceDesk(match={"price_severity": "off"})
    desk.order()
    desk.receive()
    desk.post(an_invoice(a_line("10", "6")))
    desk.invoice(an_invoice(a_line("-5", "6"), number="CN-1", kind="credit_memo"), "CN1")
    while desk.pending:
        desk.answer()
    desk.read()

    desk.invoice(an_invoice(a_line("5", "6"), number="INV-9", invoiced_on=date(2026, 2, 5)), "I2")

    assert ([], "await_posting") == (desk.exceptions, desk.step("I2"))


@pytest.mark.parametrize(("invoiced", "stops"), [("0", True), ("4", True), ("5", False), ("10", False)])
def test_a_line_that_takes_off_gives_back_no_more_than_was_invoiced(invoiced: str, stops: bool) -> None:
    """Five desks off on an invoice for cleaning: of what nobody invoiced nothing goes back, nor is more promised than ordered."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    if invoiced != "0":
        desk.post(an_invoice(a_line(invoiced)))
    before = desk.open_minor

    mixed = an_invoice(a_free_line("200", "2"), a_line("-5"), number="INV-2", invoiced_on=date(2026, 2, 5))
    desk.invoice(mixed, "I2")
    while desk.pending:
        desk.answer()
    desk.read()

    assert ([("MATCH_QUANTITY", "open")] if stops else []) == desk.exceptions
    assert (before if stops else before + 5000) == desk.open_minor <= 10000


OTHER = {"supplier_id": "502", "supplier_number": "S-2002", "supplier_name": "Andere GmbH"}


def _another_supplier(desk: InvoiceDesk) -> None:
    other = {"number": "S-2002", "name": "Andere GmbH", "tax_registrations": ()}
    desk.put(TARGET, "901", a_supplier(**other))
    desk.put(SOURCE, "502", a_supplier(sites=(), **other))


@pytest.mark.parametrize(("severity", "class_"), [("block", "MATCH_SUPPLIER"), ("note", None), ("off", None)])
def test_an_invoice_of_another_supplier_than_its_order_is_stopped(severity: str, class_: str | None) -> None:
    """Before anything is sent, unless the company lets somebody else invoice."""
    desk = InvoiceDesk(match={"supplier_severity": severity})
    desk.order()
    desk.receive()
    _another_supplier(desk)

    desk.invoice(an_invoice(a_line(), **OTHER))

    assert ([(class_, "open")] if class_ else []) == desk.exceptions
    assert (["MATCH_SUPPLIER"] if severity == "note" else []) == desk.noted
    assert (["receipt.create"] if class_ else ["receipt.create", "invoice.create"]) == desk.sent


def test_two_of_the_source_that_are_one_supplier_in_the_erp_are_one() -> None:
    """A double at the source, with the same tax number: the order and the invoice are with the same payee."""
    desk = a_desk_with_goods()
    desk.put(SOURCE, "502", a_supplier(number="S-1001-B", sites=()))

    desk.invoice(an_invoice(a_line(), supplier_id="502", supplier_number="S-1001-B"))

    assert ([], "await_posting") == (desk.exceptions, desk.step())


def test_receipts_in_another_unit_do_not_count() -> None:
    """Ten boxes are ordered and ten single pieces received: an exception, and ten boxes are not posted."""
    desk = InvoiceDesk()
    order = an_order()
    desk.order(order.model_copy(update={"lines": (order.lines[0].model_copy(update={"uom": "BX"}),)}))
    desk.receive(a_receipt("10", uom="EA"))

    desk.invoice(an_invoice(a_line(uom="BX")))
    waits = (desk.step(), desk.sent, list(desk.exceptions))
    why = str(desk.workflow_waits("I1"))
    desk.receive(a_receipt("10", "R2", uom="bx"))

    assert ("match", [], [("MATCH_QUANTITY", "open")]) == waits
    assert "0 have been received (receipts by EA do not count: it was ordered by BX)" in why
    assert "await_posting" == desk.step()


@pytest.mark.parametrize(
    ("line", "fits"),
    [
        (a_line("10", "10", amount=eur("150")), False),
        (a_line("10", "10", amount=eur("100.02")), False),
        (a_line("10", "10", amount=eur("100.01")), True),
        (a_line("9", unit_price="10.0555", amount=eur("90.50")), True),
    ],
)
def test_quantity_times_price_is_the_amount(line: Any, fits: bool) -> None:
    """But for a minor unit of rounding."""
    desk = a_desk_with_goods()

    desk.invoice(an_invoice(line))

    assert ([] if fits else [("TOTALS_DIFFER", "open")]) == desk.exceptions


@pytest.mark.parametrize(
    ("tolerance", "price", "fits"),
    [
        ({"percent": "2", "amount": "0.05"}, "0.06", False),
        ({"amount": "0.05"}, "0.06", False),
        ({"amount": "5000"}, "0.06", True),
        ({"amount": "4999"}, "0.06", False),
        ({"percent": "2", "amount": "5000"}, "0.06", False),
        ({"percent": "100", "amount": "1000"}, "0.02", True),
        ({"percent": "100", "amount": "999"}, "0.02", False),
        ({"percent": "100"}, "0.02", True),
        ({}, "0.0101", False),
    ],
)
def test_both_bounds_of_a_price_tolerance_hold(tolerance: dict[str, str], price: str, fits: bool) -> None:
    """The percentage by the piece, the amount for the whole order line: 100,000 pieces at 0.06 instead of 0.01 are 5,000 more."""
    desk = InvoiceDesk(match={"price": tolerance})
    desk.order(an_order("100000", "0.01"))
    desk.receive(a_receipt("100000"))

    desk.invoice(an_invoice(a_line("100000", price)))

    assert ([] if fits else [("MATCH_PRICE", "open")]) == desk.exceptions


def test_an_amount_is_not_passed_by_in_several_lines() -> None:
    """What the lines of one order line cost more counts together."""
    desk = InvoiceDesk(match={"price": {"amount": "1"}})
    desk.order()
    desk.receive()

    desk.invoice(an_invoice(a_line("5", "10.15"), a_line("5", "10.15", number="2")))

    assert [("MATCH_PRICE", "open")] == desk.exceptions


def _charge(amount: str) -> Any:
    return a_tax_line(amount, number="C1").model_copy(
        update={"kind": "other", "tax_code": None, "description": "handling"}
    )


@pytest.mark.parametrize(
    ("match", "charged", "class_"),
    [
        ({}, "20", None),
        ({}, "20.01", "MATCH_CHARGES"),
        ({}, "9000", "MATCH_CHARGES"),
        ({"charges": {"percent": "50", "amount": "30"}}, "30", None),
        ({"charges": {"percent": "50", "amount": "30"}}, "30.01", "MATCH_CHARGES"),
        ({"charges_severity": "off"}, "9000", None),
    ],
)
def test_charges_are_in_proportion(match: dict[str, Any], charged: str, class_: str | None) -> None:
    """A fifth of the goods, or what the company allows: 9,000 of handling on an order of 100 is not posted."""
    desk = InvoiceDesk(match=match)
    desk.order()
    desk.receive()

    desk.invoice(an_invoice(a_line(), _charge(charged)))

    assert ([(class_, "open")] if class_ else []) == desk.exceptions


@pytest.mark.parametrize("number", ["INV-1", "INV-2"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"supplier_number": None}, {}),
        ({}, {"supplier_number": None}),
        ({"supplier_id": None}, {"supplier_number": None}),
    ],
)
def test_a_copy_is_found_under_each_name_of_its_supplier(
    first: dict[str, Any], second: dict[str, Any], number: str
) -> None:
    """One was read before the supplier had its number: the same number, or the same amount, is looked at all the same."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line(), **first))

    desk.invoice(an_invoice(a_free_line(), number=number, **second), "I2")

    same = "INVOICE_DUPLICATE" if number == "INV-1" else "PAYMENT_DUPLICATE_POSSIBLE"
    assert [(same, "open")] == desk.exceptions
    assert ("await_posting", "check_duplicates") == (desk.step(), desk.step("I2"))


def test_another_suppliers_number_that_is_like_an_id_is_no_copy() -> None:
    """`501` is one supplier's id and another one's number."""
    desk = InvoiceDesk()
    other = {"number": "501", "name": "Andere GmbH", "tax_registrations": ()}
    desk.put(TARGET, "901", a_supplier(**other))
    desk.put(SOURCE, "77", a_supplier(sites=(), **other))
    desk.invoice(
        an_invoice(a_free_line(), supplier_id="77", supplier_number="501", supplier_name="Andere GmbH")
    )

    desk.invoice(an_invoice(a_free_line(), supplier_number=None), "I2")

    assert ([], "await_posting") == (desk.exceptions, desk.step("I2"))


@pytest.mark.parametrize(
    ("tolerance", "asked", "class_"),
    [
        ({}, "100", None),
        ({}, "100.01", "MATCH_QUANTITY"),
        ({"percent": "5"}, "105", None),
        ({"percent": "5"}, "105.01", "MATCH_QUANTITY"),
        ({"amount": "3"}, "103", "MATCH_QUANTITY"),
    ],
)
def test_no_more_is_paid_in_advance_than_was_ordered(
    tolerance: dict[str, str], asked: str, class_: str | None
) -> None:
    """But for the percentage of the quantity; three pieces are no three euros. Nothing has to be received for it."""
    desk = InvoiceDesk(match={"quantity": tolerance})
    desk.order()

    desk.invoice(an_invoice(_by_amount(asked), kind="prepayment"))

    assert ([(class_, "open")] if class_ else []) == desk.exceptions
    assert ("match" if class_ else "await_posting") == desk.step()
