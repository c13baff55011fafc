"""Goods receipt: what arrives, goes back, is corrected or voided."""

from __future__ import annotations

from decimal import Decimal

from store.canonical.purchasing import Receipt
from tests.finsync_tui.flows.invoice_desk import SOURCE, InvoiceDesk, a_receipt, an_order


def a_desk(**setup: object) -> InvoiceDesk:
    desk = InvoiceDesk(**setup)  # type: ignore[arg-type]
    desk.order()
    return desk


def test_what_arrives_is_received_against_the_erps_own_order() -> None:
    """Done when the movement was read back."""
    desk = a_desk()

    desk.receive()

    asked = Receipt.model_validate(desk.body("receipt.create")["receipt"])
    assert ("ERP-PO-1", "1", "coupa:R1") == (asked.order_number, asked.order_line, asked.reference)
    assert ("done", Decimal(10)) == (desk.step("R1"), desk.received())


def test_a_receipt_waits_for_its_order() -> None:
    """Nothing can be received before the ERP has issued it; after ten days a person looks, and the order ends it."""
    desk = InvoiceDesk()
    desk.tell(SOURCE, "4711", an_order())
    desk.tell(SOURCE, "R1", a_receipt())
    waits = desk.step("R1")
    desk.wait(days=10, minutes=1)
    held = list(desk.exceptions)

    desk.answers(2)
    desk.erp_issues()

    assert ("await_order", [("MATCH_ORDER", "open")]) == (waits, held)
    assert ("await_receipt", [("MATCH_ORDER", "closed")]) == (desk.step("R1"), desk.exceptions)


def test_an_order_that_nobody_knows_is_an_exception() -> None:
    """It may be read later: retry."""
    desk = InvoiceDesk()

    desk.receive()

    assert [("MATCH_ORDER", "open")] == desk.exceptions


def test_what_needs_no_movement_ends_at_once() -> None:
    """Received without an order, thrown away, or where the company receives by hand."""
    desk, by_hand = a_desk(), a_desk(posts_receipts=False)

    desk.receive(a_receipt(order_number="", order_line=""))
    desk.receive(a_receipt("1", "R2", kind="disposal"))
    by_hand.receive()

    assert ("done", "done", []) == (desk.step("R1"), desk.step("R2"), desk.sent)
    assert ("done", []) == (by_hand.step("R1"), by_hand.sent)


def test_what_goes_back_is_returned_from_the_receipt_it_came_with() -> None:
    """The ERP's own id of that movement is named."""
    desk = a_desk()
    desk.receive()

    desk.receive(a_receipt("-4", "R2", kind="return", original_id="R1"))

    asked = desk.body("receipt.return")["receipt"]
    assert ("M1", "-4") == (asked["original_id"], asked["quantity"])
    assert ("done", Decimal(6)) == (desk.step("R2"), desk.received())


def test_a_return_that_names_no_receipt_goes_to_the_largest_of_the_line() -> None:
    """There it surely fits."""
    desk = a_desk()
    desk.receive(a_receipt("2"))
    desk.receive(a_receipt("8", "R2"))

    desk.receive(a_receipt("-4", "R3", kind="return"))

    assert "M2" == desk.body("receipt.return")["receipt"]["original_id"]


def test_a_correction_waits_for_what_it_corrects() -> None:
    """Both come at once; the second goes on when the first is there."""
    desk = a_desk()
    desk.tell(SOURCE, "R1", a_receipt())
    desk.tell(SOURCE, "R2", a_receipt("-3", "R2", kind="correction", original_id="R1"))
    waits = desk.step("R2")

    desk.answer()
    desk.answer()
    desk.read()

    assert "await_original" == waits
    assert ("done", "done", Decimal(7)) == (desk.step("R1"), desk.step("R2"), desk.received())


def test_a_return_that_is_corrected_counts_less_that_went_back() -> None:
    """Four went back; one of them did not: the movement is counted in the return's own direction."""
    desk = a_desk()
    desk.receive()
    desk.receive(a_receipt("-4", "R2", kind="return", original_id="R1"))

    desk.receive(a_receipt("1", "R3", kind="correction", original_id="R2"))

    assert "-1" == desk.body("receipt.correct")["receipt"]["quantity"]
    assert ("done", Decimal(7)) == (desk.step("R3"), desk.received())


def test_a_receipt_that_is_voided_is_corrected_by_what_it_had_moved() -> None:
    """The voided one says no quantity any more: what was asked of the ERP does."""
    desk = a_desk()
    desk.receive()

    desk.receive(a_receipt(number="R1", status="voided").model_copy(update={"quantity": None}))

    asked = desk.body("receipt.correct")["receipt"]
    assert ("M1", "-10", "coupa:R1-V") == (asked["original_id"], asked["quantity"], asked["reference"])
    assert ("done", Decimal(0)) == (desk.step("R1"), desk.received())


def test_a_receipt_that_is_voided_before_it_was_received_ends_quietly() -> None:
    """Nothing is sent."""
    desk = InvoiceDesk()
    desk.tell(SOURCE, "4711", an_order())
    desk.tell(SOURCE, "R1", a_receipt())

    desk.tell(SOURCE, "R1", a_receipt(status="voided"))

    assert ("done", []) == (desk.step("R1"), desk.sent)


def test_a_movement_that_waits_in_the_erp_is_asked_after() -> None:
    """Taken is not received: the same request looks for it until it is there."""
    desk = a_desk()
    desk.tell(SOURCE, "R1", a_receipt())
    desk.answer(is_pending=True)
    waits = desk.workflow_waits("R1")

    desk.wait(minutes=3)
    desk.answer()
    desk.read()

    assert "oracle-emea to process the movement" == waits
    assert ("done", Decimal(10)) == (desk.step("R1"), desk.received())


def test_a_movement_that_is_not_what_was_asked_is_an_exception() -> None:
    """Read again after a retry."""
    desk = a_desk()
    desk.tell(SOURCE, "R1", a_receipt())
    desk.answer()
    desk.change("oracle-emea", "receipt", "M1", quantity=Decimal(9))
    desk.read()
    held = list(desk.exceptions)
    desk.change("oracle-emea", "receipt", "M1", quantity=Decimal(10))

    desk.retry()
    desk.read()

    assert ([("READ_BACK_DIFFERS", "open")], "done") == (held, desk.step("R1"))


def test_a_refusal_is_decided_anew_and_a_dead_letter_replayed() -> None:
    """One key a decision."""
    desk = a_desk()
    desk.tell(SOURCE, "R1", a_receipt())
    first = desk.answer("refused", case_class="MATCH_ORDER")
    desk.retry()
    second = desk.answer("buried", is_unknown=True)

    desk.retry()
    third = desk.answer()

    assert first.idempotency_key != second.idempotency_key
    assert second.idempotency_key == third.idempotency_key
    assert "verify" == desk.step("R1")
