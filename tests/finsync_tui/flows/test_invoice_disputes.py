"""An invoice that is disputed after it was posted is not paid until that is settled."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.finsync_tui.flows.invoice_desk import (
    SOURCE,
    InvoiceDesk,
    a_free_line,
    a_line,
    a_receipt,
    an_invoice,
    an_order,
)

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


def with_goods(**setup: Any) -> InvoiceDesk:
    """A desk whose invoice of an order waits for its payment; all goods have arrived."""
    desk = InvoiceDesk(**{"dispute_hold": HOLD, **setup})
    desk.order()
    desk.receive()
    desk.post()
    return desk


def void(desk: InvoiceDesk) -> None:
    """The receipt is voided at its source; the ERP has corrected it."""
    desk.tell(SOURCE, "R1", a_receipt(status="voided"))


def send_back(desk: InvoiceDesk) -> None:
    desk.tell(SOURCE, "R2", a_receipt("-10", "R2", kind="return", original_id="R1"))


def settle_all(desk: InvoiceDesk) -> None:
    """Everything due is delivered, and read back."""
    for _ in range(12):
        if desk.pending:
            desk.answer()
        else:
            desk.read()


@pytest.mark.parametrize("go", [void, send_back])
def test_an_invoice_whose_goods_went_back_is_held_until_they_are_there_again(go: Any) -> None:
    """Before it is paid: the ERP holds it with the reason, and its release is no analyst's work."""
    desk = with_goods()

    go(desk)
    settle_all(desk)
    held = desk.step()
    desk.receive(a_receipt("10", "R3"))
    settle_all(desk)

    assert ("await_settled", "await_payment") == (held, desk.step())
    reason = desk.body("invoice.hold")["reason"]
    assert "of order PO-1 line 1 10 are invoiced and only 0 received by now in coupa" == reason
    assert (1, 1) == (desk.sent.count("invoice.hold"), desk.sent.count("invoice.release"))


def test_a_credit_note_for_what_went_back_releases_the_invoice() -> None:
    """What is not owed any more needs no goods."""
    desk = with_goods()
    send_back(desk)
    settle_all(desk)

    desk.invoice(an_invoice(a_line("-10"), number="CN-1", kind="credit_memo"), "CN1")
    settle_all(desk)

    assert (["Posted", True, "Posted"], "await_payment") == (
        [one if one == "Posted" else one.startswith("On hold: of order") for one in desk.statuses][:3],
        desk.step(),
    )


def test_without_a_hold_an_analyst_is_told_that_the_goods_are_gone() -> None:
    """So that nobody pays meanwhile; it closes by itself."""
    desk = with_goods(dispute_hold=None)

    void(desk)
    held = (list(desk.exceptions), desk.cause)
    desk.receive(a_receipt("10", "R3"))

    assert [("INVOICE_DISPUTED", "open")] == held[0]
    assert (
        "it was posted in oracle-emea, and of order PO-1 line 1 10 are invoiced and only 0 received"
        in held[1]
    )
    assert [("INVOICE_DISPUTED", "closed")] == desk.exceptions


def test_of_two_invoices_the_later_one_has_lost_its_goods() -> None:
    """Half of the goods go back: what is left is the first one's."""
    desk = InvoiceDesk(dispute_hold=HOLD)
    desk.order(an_order("10"))
    desk.receive()
    desk.post(an_invoice(a_line("5")))
    desk.invoice(an_invoice(a_line("5"), number="INV-2", invoiced_on=date(2026, 2, 5)), "I2")
    settle_all(desk)

    desk.tell(SOURCE, "R2", a_receipt("-5", "R2", kind="return", original_id="R1"))
    settle_all(desk)

    assert ("await_payment", "await_settled") == (desk.step(), desk.step("I2"))


@pytest.mark.parametrize(("policy", "noted"), [("note", ["MATCH_RECEIPT"]), ("off", [])])
def test_goods_that_are_gone_are_noted_or_not_looked_for_by_policy(policy: str, noted: list[str]) -> None:
    """Once, and nothing is held."""
    desk = with_goods(match={"goods_gone": policy})

    void(desk)
    settle_all(desk)
    desk.wait(days=1)

    assert (noted, "await_payment") == (desk.noted, desk.step())
    assert "invoice.hold" not in desk.sent


def test_goods_that_go_back_after_the_payment_are_a_finding() -> None:
    """Nothing can be held any more; somebody has to ask for a credit note. The money stays told as it was."""
    desk = InvoiceDesk(dispute_hold=HOLD)
    desk.order()
    desk.receive()
    desk.finish()

    send_back(desk)
    settle_all(desk)

    assert (["MATCH_RECEIPT"], "done", [("P1", "100")]) == (desk.noted, desk.step(), desk.recorded)
    assert "invoice.hold" not in desk.sent
