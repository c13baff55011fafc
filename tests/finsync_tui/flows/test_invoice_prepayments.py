"""What was paid in advance pays an invoice first; the source is told of it as of any payment."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from store.canonical.payables import Invoice, InvoiceLine
from tests.finsync_tui.flows.invoice_desk import TARGET, InvoiceDesk, a_prepayment, a_receipt, an_invoice, eur


def a_prepaid_desk(*prepayments: Invoice, **setup: Any) -> InvoiceDesk:
    """A desk with an order in the ERP, its goods, and what was paid in advance; its invoice is posted and read back."""
    desk = InvoiceDesk(**setup)
    desk.order()
    desk.receive(a_receipt())
    for one in prepayments:
        desk.tell(TARGET, one.number, one)
    desk.invoice()
    desk.answers(2)
    desk.read()
    return desk


def test_a_prepayment_of_the_order_pays_first_and_is_told_as_a_payment() -> None:
    """Applied as far as it goes; the rest is paid as ever, and the source knows both, once each."""
    desk = a_prepaid_desk(a_prepayment())

    desk.answer(answer={"applied": "40.00"})
    desk.answer()
    first = (desk.step(), desk.recorded)
    desk.answer()
    desk.pay(amount="60")
    desk.answer()
    desk.read()

    assert ("await_record", [("Prepayment PRE-1", "40")]) == first
    assert [("Prepayment PRE-1", "40"), ("P1", "60")] == desk.recorded
    assert [False, True] == [body["is_paid"] for body in desk.bodies("invoice.record_payment")]
    assert "done" == desk.step()


def test_an_invoice_that_was_paid_in_advance_as_a_whole_is_done_without_a_payment() -> None:
    """The source is told that it is paid, and nobody waits for money that never comes."""
    desk = a_prepaid_desk(a_prepayment(amount="100"))

    desk.answer(answer={"applied": "100.00"})
    desk.answer()
    desk.answer()
    desk.read()

    assert [True] == [body["is_paid"] for body in desk.bodies("invoice.record_payment")]
    assert "done" == desk.step()


def test_several_prepayments_are_used_oldest_first_each_once() -> None:
    """Also when the ERP applies nothing of one of them."""
    desk = a_prepaid_desk(
        a_prepayment("PRE-2", "30", invoiced_on=date(2026, 1, 3)), a_prepayment("PRE-1", "20"),
        a_prepayment("PRE-3", "10", invoiced_on=date(2026, 1, 4)),
    )  # fmt: skip

    desk.answer(answer={"applied": "20.00"})
    desk.answer("refused", case_class="REJECTED")
    desk.answer(answer={"applied": "10.00"})
    for _ in range(3):
        desk.answer()

    asked = [body["prepayment_number"] for body in desk.bodies("invoice.apply_prepayment")]
    assert ["PRE-1", "PRE-2", "PRE-3"] == asked
    assert ["PREPAYMENT_NOT_APPLIED"] == desk.noted
    assert [("Prepayment PRE-1", "20"), ("Prepayment PRE-3", "10")] == desk.recorded
    assert [] == desk.exceptions


@pytest.mark.parametrize(
    "changes",
    [
        {"paid_status": "partly_paid"},
        {"status": "on_hold"},
        {"status": "cancelled"},
        {"supplier_number": "S-2"},
        {"currency": "USD", "total": None, "paid": None, "lines": ()},
        {"lines": (InvoiceLine(number="1", amount=eur("40"), order_number="ERP-PO-9", order_line="1"),)},
        {"kind": "standard"},
    ],
)
def test_what_does_not_belong_to_it_is_not_used(changes: dict[str, Any]) -> None:
    """Unpaid, held, cancelled, of another supplier, currency or order: left alone."""
    if changes.get("currency") == "USD":
        usd = eur("40").model_copy(update={"currency": "USD"})
        line = InvoiceLine(number="1", amount=usd, order_number="ERP-PO-1", order_line="1")
        changes = {"currency": "USD", "total": usd, "paid": usd, "lines": (line,)}
    desk = a_prepaid_desk(a_prepayment(**changes))

    assert [] == desk.bodies("invoice.apply_prepayment")
    assert ["invoice.write_back"] == desk.pending


def test_a_company_may_leave_prepayments_to_its_erp() -> None:
    """Then nothing is asked."""
    desk = a_prepaid_desk(a_prepayment(), prepayments="off")

    assert ["invoice.write_back"] == desk.pending


def test_a_voided_invoice_frees_its_prepayment_before_it_is_cancelled() -> None:
    """The ERP cancels none that a prepayment pays; the source's record of it is taken back."""
    desk = a_prepaid_desk(a_prepayment())
    desk.answer(answer={"applied": "40.00"})
    desk.answers(2)

    desk.invoice(an_invoice(status="cancelled"))
    desk.answers(4)
    desk.read()

    assert [
        "invoice.unapply_prepayment",
        "invoice.cancel",
        "invoice.write_back",
        "invoice.record_payment",
    ] == desk.sent[-4:]
    assert [("Prepayment PRE-1", "40"), ("Void Prepayment PRE-1", "-40")] == desk.recorded
    assert "done" == desk.step()
    assert 4000 == desk.in_force()  # the prepayment itself stays


def test_a_given_up_invoice_leaves_its_prepayment_free() -> None:
    """Compensation in reverse: the record taken back, the status, the prepayment, the invoice."""
    desk = a_prepaid_desk(a_prepayment())
    desk.answer(answer={"applied": "40.00"})
    desk.answers(2)

    desk.abort()
    while desk.pending:
        desk.answer()

    assert "aborted" == desk.step()
    assert (set(), 4000) == (desk.prepaid, desk.in_force())  # the prepayment itself stays
    assert [("Prepayment PRE-1", "40"), ("Void Prepayment PRE-1", "-40")] == desk.recorded
