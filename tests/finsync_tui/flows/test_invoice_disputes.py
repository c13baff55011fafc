"""An invoice that is disputed after it was posted is not paid until that is settled."""

from __future__ import annotations

from typing import Any

from tests.finsync_tui.flows.invoice_desk import InvoiceDesk, a_free_line, an_invoice

HOLD = "Supplier dispute"


def posted(**setup: Any) -> InvoiceDesk:
    """A desk whose invoice waits for its payment; the company names a hold unless it is said otherwise."""
    desk = InvoiceDesk(**{"dispute_hold": HOLD, **setup})
    desk.post(an_invoice(a_free_line()))
    return desk


def dispute(desk: InvoiceDesk) -> None:
    desk.invoice(an_invoice(a_free_line(), status="on_hold", holds=("disputed", "Damaged goods")))


def settle(desk: InvoiceDesk) -> None:
    desk.invoice(an_invoice(a_free_line()))


def test_a_late_dispute_becomes_a_hold_and_its_settlement_a_release() -> None:
    """The ERP's hold bears the source's reason; both status changes are told, and no analyst is needed."""
    desk = posted()

    dispute(desk)
    desk.answers(2)
    held = (desk.step(), desk.workflow_waits("I1"))
    settle(desk)
    desk.answers(2)
    desk.pay()
    desk.answer()
    desk.read()

    assert ("await_settled", "the dispute in coupa to be settled") == held
    asked = {"number": "INV-1", "name": HOLD, "reason": "disputed, Damaged goods in coupa"}
    assert asked == desk.body("invoice.hold")
    assert HOLD == desk.body("invoice.release")["name"]
    assert ["Posted", "On hold: disputed, Damaged goods in coupa", "Posted"] == desk.statuses
    assert ([], "done") == (desk.exceptions, desk.step())


def test_each_dispute_is_a_hold_of_its_own() -> None:
    """Disputed, settled, disputed again: held again."""
    desk = posted()
    for _ in range(2):
        dispute(desk)
        desk.answers(2)
        settle(desk)
        desk.answers(2)

    assert (2, 2) == (desk.sent.count("invoice.hold"), desk.sent.count("invoice.release"))
    assert "await_payment" == desk.step()


def test_without_a_hold_of_its_own_an_analyst_is_asked_until_it_is_settled() -> None:
    """The exception closes by itself with the settlement."""
    desk = posted(dispute_hold=None)

    dispute(desk)
    stopped = list(desk.exceptions)
    settle(desk)

    assert [("INVOICE_DISPUTED", "open")] == stopped
    assert [("INVOICE_DISPUTED", "closed")] == desk.exceptions
    assert "await_payment" == desk.step()


def test_an_analyst_who_has_seen_to_it_is_not_asked_again() -> None:
    """A retry waits for the settlement; nothing is written."""
    desk = posted(dispute_hold=None)
    dispute(desk)

    desk.retry()

    assert ("await_settled", []) == (desk.step(), desk.open_cases)
    settle(desk)
    assert "await_payment" == desk.step()


def test_what_is_paid_all_the_same_is_told_at_once() -> None:
    """A payment run may have been faster than the hold: the source knows what was paid."""
    desk = posted()
    dispute(desk)
    desk.answers(2)

    desk.pay(amount="30")
    desk.answer()
    settle(desk)
    desk.answers(2)

    assert [("P1", "30")] == desk.recorded
    assert "verify_record" == desk.step()
    desk.read()
    assert "await_payment" == desk.step()


def test_one_that_is_paid_in_full_all_the_same_is_held_no_longer() -> None:
    """There is nothing left to hold back: our hold is released, the source reads *Posted* and paid, and it is done."""
    desk = posted()
    dispute(desk)
    desk.answers(2)

    desk.pay(amount="100")
    desk.answers(3)
    desk.read()

    assert ("done", []) == (desk.step(), desk.exceptions)
    assert [("P1", "100")] == desk.recorded
    assert ["Posted", "Posted"] == [desk.statuses[0], desk.statuses[-1]]
    assert 1 == desk.sent.count("invoice.release")


def test_a_disputed_invoice_that_is_voided_is_released_and_cancelled() -> None:
    """The ERP cancels none that is held."""
    desk = posted()
    dispute(desk)
    desk.answers(2)

    desk.invoice(an_invoice(a_free_line(), status="cancelled"))
    desk.answers(3)
    desk.read()

    assert ["invoice.release", "invoice.cancel", "invoice.write_back"] == desk.sent[-3:]
    assert ("done", 0) == (desk.step(), desk.in_force())


def test_a_void_that_comes_while_the_hold_is_being_put_on_finds_it() -> None:
    """The void takes the place of an instance that has not read the answer yet: what was delivered counts."""
    desk = posted()
    dispute(desk)
    desk.tell("coupa", "I1", an_invoice(a_free_line(), status="cancelled"), runs=False)
    desk.answer()

    desk.answers(3)
    desk.read()

    assert ["invoice.hold", "invoice.release", "invoice.cancel", "invoice.write_back"] == desk.sent[-4:]
    assert ("done", 0) == (desk.step(), desk.in_force())


def test_a_given_up_invoice_that_is_disputed_leaves_no_hold() -> None:
    """Compensation releases before it cancels."""
    desk = posted()
    dispute(desk)
    desk.answers(2)

    desk.abort()
    while desk.pending:
        desk.answer()

    assert ("aborted", 0) == (desk.step(), desk.in_force())
    assert desk.sent.index("invoice.release") < desk.sent.index("invoice.cancel")


def watched(desk: InvoiceDesk) -> list[tuple[str, str, int, int]]:
    rows = desk.store.db.execute(
        "SELECT figure, reason, document_count, amount_minor FROM v_watch ORDER BY 1, 2"
    )
    return [tuple(row) for row in rows]


def test_what_is_held_and_what_is_not_reported_can_be_watched() -> None:
    """Invoices on hold by the ERP's reason, payments the source was not told of: each until it is over."""
    desk = posted()
    desk.erp_shows(status="on_hold", holds=("Amount: too high", "Line variance"))
    held = watched(desk)
    desk.erp_shows(status="approved", holds=())
    desk.pay(amount="30")
    paid = watched(desk)

    desk.read()
    while desk.pending:
        desk.answer()
    desk.read()
    while desk.pending:
        desk.answer()
    told = watched(desk)
    desk.pay(amount="30", status="voided")
    called_back = watched(desk)
    desk.answer()

    assert [("invoice_on_hold", "Amount", 1, 10_000), ("invoice_on_hold", "Line variance", 1, 10_000)] == held
    assert [("payment_unreported", "paid", 1, 3000)] == paid
    assert [] == told
    assert [("payment_unreported", "voided", 1, -3000)] == called_back
    assert [] == watched(desk)
