"""Invoices that somebody cancels in the ERP while their source stands by them."""

from __future__ import annotations

import pytest

from finsync_tui import actions
from store.canonical.money import Money
from tests.finsync_tui.flows.invoice_desk import ANALYST, SOURCE, InvoiceDesk, a_line, an_invoice


@pytest.fixture
def desk() -> InvoiceDesk:
    """A desk with an invoice that waits for its payment."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    desk.post()
    return desk


def test_an_invoice_that_the_erp_cancels_by_itself_is_told_and_shown(desk: InvoiceDesk) -> None:
    """What it took is promised again, its source is told, and an analyst has to decide."""
    taken = desk.open_minor
    desk.erp_shows(status="cancelled")
    desk.answer()

    assert (0, 10000) == (taken, desk.open_minor)
    assert ["Posted", "Cancelled"] == desk.statuses
    assert [("READ_BACK_DIFFERS", "open")] == desk.exceptions
    assert "cancelled in oracle-emea" in desk.cause


def test_it_ends_when_its_source_voids_it_too(desk: InvoiceDesk) -> None:
    """Nothing is left open, and what it took stays given back."""
    desk.erp_shows(status="cancelled")
    desk.answer()

    desk.tell(SOURCE, "I1", an_invoice(status="cancelled"))
    while desk.pending:
        desk.answer()
    desk.read()

    assert ("done", 10000, []) == (desk.step(), desk.open_minor, desk.open_cases)


def test_it_goes_on_by_itself_when_the_erp_has_it_in_force_again(desk: InvoiceDesk) -> None:
    """It takes of its order again, its source is told, and its payment ends it."""
    desk.erp_shows(status="cancelled")
    desk.answer()
    desk.erp_shows(status="approved")
    desk.answer()

    assert (["Posted", "Cancelled", "Posted"], 0, "await_payment") == (
        desk.statuses,
        desk.open_minor,
        desk.step(),
    )
    desk.pay()
    desk.answer()
    desk.read()
    assert ("done", []) == (desk.step(), desk.open_cases)


def test_a_paid_invoice_whose_payment_is_void_and_that_is_then_cancelled_is_shown(desk: InvoiceDesk) -> None:
    """Also after its end, and when only its cancelling is read."""
    desk.pay()
    desk.answer()
    desk.read()
    ended = desk.step()
    desk.pay(status="voided")
    desk.answer()
    desk.erp_shows(status="cancelled")
    desk.answer()

    assert ("done", "await_cancelled_told") == (ended, desk.step())
    assert [("READ_BACK_DIFFERS", "open")] == desk.exceptions


def test_a_credit_note_that_the_erp_cancels_takes_its_giving_back_with_it(desk: InvoiceDesk) -> None:
    """Two of ten came back: after its end, too, what it gave back is taken again."""
    desk.invoice(an_invoice(a_line("-2", "10"), number="CN", kind="credit_memo"), "I2")
    desk.answers(2)
    desk.read()
    desk.answer()
    desk.read()
    given = desk.open_minor
    desk.erp_shows("ERP-I2", status="cancelled")
    desk.answer()

    assert (2000, 0, "await_cancelled_told") == (given, desk.open_minor, desk.step("I2"))


def test_what_it_took_of_the_goods_is_free_for_another_invoice(desk: InvoiceDesk) -> None:
    """Entered anew under another number, the same ten pieces are matched."""
    desk.erp_shows(status="cancelled")
    desk.answer()
    desk.setup(duplicates={"same_amount": "off"})
    desk.invoice(an_invoice(number="INV-2"), "I2")

    assert "await_posting" == desk.step("I2")


def test_an_invoice_that_is_cancelled_while_it_is_held_says_so(desk: InvoiceDesk) -> None:
    """The exception about the hold gives way to that about its cancelling."""
    desk.erp_shows(status="on_hold", holds=("Amount",))
    desk.answer()
    desk.erp_shows(status="cancelled", holds=(), paid=Money.of("0", "EUR"))
    desk.answer()

    assert [("INVOICE_ON_HOLD", "closed"), ("READ_BACK_DIFFERS", "open")] == desk.exceptions
    assert 10000 == desk.open_minor
    actions.resolve(desk.store, ANALYST, desk.open_cases, "entered in the ERP by hand")
    assert "aborted" == desk.step()
