"""An exception about what is posted is resolved: that is over, and what becomes of the document is told on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from finsync_tui import actions
from finsync_tui.reconcile.read_back import Want
from store import crossrefs
from store.canonical.money import Money
from store.canonical.payables import Invoice, PaidInvoice, Payment
from store.canonical.purchasing import PurchaseOrder
from tests.finsync_tui.flows.invoice_desk import (
    ANALYST,
    SOURCE,
    TARGET,
    InvoiceDesk,
    a_receipt,
    an_invoice,
    an_order,
)
from tests.finsync_tui.flows.test_invoice_to_payment import a_desk_with_goods


def _drain(desk: InvoiceDesk) -> None:
    for _ in range(6):
        while desk.pending:
            desk.answer()
        desk.read()


def _settle(desk: InvoiceDesk, *, is_ignored: bool = False) -> None:
    """Somebody has taken care of it, or wants to see it no more."""
    end = actions.ignore if is_ignored else actions.resolve
    end(desk.store, ANALYST, desk.open_cases, "seen to")
    desk.run()


def _held(desk: InvoiceDesk) -> None:
    desk.erp_shows(status="on_hold", holds=("Amount",))
    _drain(desk)


def _disputed(desk: InvoiceDesk) -> None:
    desk.tell(SOURCE, "I1", an_invoice(status="on_hold"))
    _drain(desk)


def _not_shown(desk: InvoiceDesk) -> None:
    desk.pay("P0", "40")
    desk.answer()
    desk.change(SOURCE, Invoice.entity, "I1", recorded_payments=())
    desk.read()


@pytest.mark.parametrize(
    ("trouble", "class_", "left", "is_ignored"),
    [
        (_held, "INVOICE_ON_HOLD", "100", False),
        (_held, "INVOICE_ON_HOLD", "100", True),
        (_disputed, "INVOICE_DISPUTED", "100", False),
        (_disputed, "INVOICE_DISPUTED", "100", True),
        (_not_shown, "WRITE_BACK_IGNORED", "60", False),
    ],
)
def test_payments_of_an_invoice_are_told_after_its_exception_was_settled(
    trouble: Callable[[InvoiceDesk], None], class_: str, left: str, is_ignored: bool
) -> None:
    """It is posted, and will be paid: whoever closes the exception does not close that."""
    desk = a_desk_with_goods()
    desk.post()
    trouble(desk)
    found = [one for one in desk.exceptions if one[1] == "open"]

    _settle(desk, is_ignored=is_ignored)
    left_open = desk.open_cases
    if trouble is _held:
        desk.erp_shows(status="approved", holds=())
    desk.pay("P1", left)
    _drain(desk)

    assert ([(class_, "open")], []) == (found, left_open)
    assert ("P1", left) == desk.recorded[-1]
    assert "Posted" == desk.statuses[-1]


def test_a_payment_that_somebody_recorded_by_hand_is_told_no_second_time() -> None:
    """Coupa refused it for good, and an analyst entered it there: the void of it is told, and what is paid then."""
    desk = a_desk_with_goods()
    desk.post()
    desk.pay("P1", "40")
    desk.answer("buried")
    assert [("DEAD_LETTER", "open")] == desk.exceptions

    _settle(desk)
    desk.pay("P2", "60")
    _drain(desk)
    desk.pay("P1", "40", status="voided")
    _drain(desk)

    assert [("P1", "40"), ("P2", "60"), ("Void P1", "-40")] == desk.recorded
    held = desk.shown[Want(SOURCE, Invoice.entity, "I1")]
    assert isinstance(held, Invoice)
    assert ["P2", "Void P1"] == [one.note for one in held.recorded_payments]


def test_a_payment_in_another_currency_that_somebody_recorded_by_hand_stands_in_no_others_way() -> None:
    """The ERP does not say what it pays of the invoice, and an analyst has recorded it: the next one is told."""
    desk = a_desk_with_goods()
    desk.post()
    dollars = Money.of("44", "USD")
    part = PaidInvoice(invoice_id="ERP-I1", amount=dollars)
    abroad = Payment(
        number="P1",
        status="issued",
        currency="USD",
        amount=dollars,
        paid_on=date(2026, 1, 9),
        invoices=(part,),
    )
    desk.tell(TARGET, "P1", abroad)
    found = list(desk.exceptions)

    _settle(desk)
    desk.pay("P2", "60")
    _drain(desk)

    assert [("MATCH_CURRENCY", "open")] == found
    assert ([("P2", "60")], [("MATCH_CURRENCY", "resolved")]) == (desk.recorded, desk.exceptions)


def test_a_receipt_whose_exception_was_settled_is_corrected_when_it_is_void() -> None:
    """The ERP showed it otherwise, and an analyst leaves it so: it was received all the same."""
    desk = InvoiceDesk()
    desk.order()
    desk.tell(SOURCE, "R1", a_receipt())
    desk.answer()
    desk.read(is_gone=True)
    assert [("READ_BACK_DIFFERS", "open")] == desk.exceptions

    _settle(desk)
    before = desk.received()
    desk.tell(SOURCE, "R1", a_receipt(status="voided"))
    _drain(desk)

    assert (10, 0) == (before, desk.received())


def test_a_settled_invoice_is_not_posted_again_when_its_source_changes_it() -> None:
    """It is in force in the ERP: only a void undoes it."""
    desk = a_desk_with_goods()
    desk.post()
    _held(desk)
    _settle(desk)

    desk.invoice(an_invoice(payment_terms="Net 60"))
    before = desk.sent.count("invoice.create")
    desk.erp_shows(status="approved", holds=())
    desk.tell(SOURCE, "I1", an_invoice(status="cancelled"))
    _drain(desk)

    assert (1, 0, 10000) == (before, desk.in_force(), desk.open_minor)


def test_an_order_whose_exception_was_settled_is_followed() -> None:
    """The source does not show its number, and an analyst leaves it so; the ERP cancels the order a week later."""
    desk = InvoiceDesk()
    desk.tell(SOURCE, "4711", an_order())
    desk.answers(2)
    desk.erp_issues()
    desk.answer()
    desk.change(SOURCE, PurchaseOrder.entity, "4711", target_number=None)
    desk.read()
    assert [("WRITE_BACK_IGNORED", "open")] == desk.exceptions

    _settle(desk)
    link = crossrefs.get(desk.store.db, PurchaseOrder.entity, f"{SOURCE}:4711", TARGET)
    assert link is not None
    order = desk.shown[Want(TARGET, PurchaseOrder.entity, link.external_id)]
    desk.tell(TARGET, link.external_id, order.model_copy(update={"status": "cancelled"}))

    assert (0, ["ORDER_ENDED"]) == (desk.open_minor, desk.noted)
