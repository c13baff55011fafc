"""What an ERP makes of a document while it is held, or between its last delivery and the read-back that ends it: nobody may
miss that.
"""

from __future__ import annotations

from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.reconcile.read_back import Want
from store import cases, crossrefs
from store.canonical.purchasing import PurchaseOrder
from tests.finsync_tui.flows.invoice_desk import (
    ANALYST,
    SOURCE,
    TARGET,
    InvoiceDesk,
    a_receipt,
    an_invoice,
    an_order,
    eur,
)
from tests.finsync_tui.flows.test_invoice_to_payment import a_desk_with_goods


def _paid_at_verify() -> InvoiceDesk:
    """An invoice whose payment is told; it waits to be read back."""
    desk = a_desk_with_goods()
    desk.post()
    desk.pay()
    desk.answer()
    assert "verify" == desk.step()
    return desk


def _drain(desk: InvoiceDesk) -> None:
    """Deliver and read back until nothing is under way."""
    desk.read()
    while desk.pending:
        while desk.pending:
            desk.answer()
        desk.read()


def _erp_order(desk: InvoiceDesk, **changes: Any) -> None:
    link = crossrefs.get(desk.store.db, PurchaseOrder.entity, f"{SOURCE}:4711", TARGET)
    assert link is not None
    record = desk.shown[Want(TARGET, PurchaseOrder.entity, link.external_id)]
    desk.tell(TARGET, link.external_id, record.model_copy(update=changes))


def _ordered(*, is_told: bool) -> InvoiceDesk:
    """An order that the ERP has issued; its source has been told, or not yet."""
    desk = InvoiceDesk()
    desk.tell(SOURCE, "4711", an_order())
    desk.answers(2)
    desk.erp_issues()
    if is_told:
        desk.answer()
    return desk


def test_a_payment_that_is_void_before_the_invoice_was_read_back_is_taken_back() -> None:
    """The source keeps no payment that nobody made."""
    desk = _paid_at_verify()

    desk.pay(status="voided")
    _drain(desk)

    assert [("P1", "100"), ("Void P1", "-100")] == desk.recorded
    assert "await_payment" == desk.step()


def test_a_second_payment_before_the_invoice_was_read_back_is_asked_about() -> None:
    """It is paid twice, however soon."""
    desk = _paid_at_verify()

    desk.pay("P2")
    _drain(desk)

    assert [("PAYMENT_TWICE_POSSIBLE", "open")] == desk.exceptions
    assert [("P1", "100")] == desk.recorded


def test_what_is_cancelled_in_the_erp_before_it_was_read_back_is_told_and_gives_back_what_it_took() -> None:
    """As when it is cancelled a day later."""
    desk = _paid_at_verify()

    desk.erp_shows(status="cancelled")
    _drain(desk)

    assert ("await_cancelled_told", ["Posted", "Cancelled"], 10000) == (
        desk.step(), desk.statuses, desk.open_minor,
    )  # fmt: skip


def test_goods_that_go_back_before_the_invoice_was_read_back_are_a_finding() -> None:
    """It is paid: somebody has to ask for a credit note."""
    desk = _paid_at_verify()

    desk.tell(SOURCE, "R1", a_receipt(status="voided"))
    while desk.pending:
        desk.answer()
    desk.read()

    assert (["MATCH_RECEIPT"], "done") == (desk.noted, desk.step())


def test_a_payment_that_is_called_back_while_a_void_is_read_back_is_told() -> None:
    """The void of the invoice has been told; what comes then is told, too."""
    desk = a_desk_with_goods()
    desk.post()
    desk.pay(amount="40")
    desk.answer()
    desk.read()
    desk.tell(SOURCE, "I1", an_invoice(status="cancelled"))
    while desk.pending:
        desk.answer()
    assert "verify" == desk.step()

    desk.pay(amount="40", status="voided")
    _drain(desk)

    assert ([("P1", "40"), ("Void P1", "-40")], "done") == (desk.recorded, desk.step())


@pytest.mark.parametrize("is_told", [False, True])
@pytest.mark.parametrize("status", ["cancelled", "closed"])
def test_an_order_that_the_erp_ends_before_it_was_read_back_promises_nothing(
    status: str, is_told: bool
) -> None:
    """Nobody says it again: the source is told now, and nothing of it stays promised."""
    desk = _ordered(is_told=is_told)

    _erp_order(desk, status=status)
    while desk.pending:
        desk.answer()
    _drain(desk)

    order = desk.shown[Want(SOURCE, PurchaseOrder.entity, "4711")]
    assert isinstance(order, PurchaseOrder)
    assert (0, ["ORDER_ENDED"], "done") == (desk.open_minor, desk.noted, desk.order_flows()[-1].state)
    assert status in str(order.target_status).casefold()


def test_an_order_that_the_erp_ends_while_it_is_held_at_its_end_is_followed_after_the_retry() -> None:
    """A person looks at what the source does not show; the ERP goes on meanwhile."""
    desk = _ordered(is_told=True)
    desk.change(SOURCE, PurchaseOrder.entity, "4711", target_status=None)
    desk.read()
    assert [("WRITE_BACK_IGNORED", "open")] == desk.exceptions

    _erp_order(desk, status="cancelled")
    desk.retry()
    while desk.pending:
        desk.answer()
    _drain(desk)

    assert (0, ["ORDER_ENDED"], "done") == (desk.open_minor, desk.noted, desk.order_flows()[-1].state)


def test_an_order_that_the_erp_goes_on_to_cancel_while_its_source_is_told_of_a_line_is_followed() -> None:
    """First a line, then the order: the second is no less news than the first."""
    desk = InvoiceDesk()
    (line,) = an_order().lines
    desk.order(an_order(lines=(line, line.model_copy(update={"number": "2"}))))
    link = crossrefs.get(desk.store.db, PurchaseOrder.entity, f"{SOURCE}:4711", TARGET)
    assert link is not None
    shown = desk.shown[Want(TARGET, PurchaseOrder.entity, link.external_id)]
    assert isinstance(shown, PurchaseOrder)
    first, second = shown.lines

    _erp_order(desk, lines=(first, second.model_copy(update={"is_cancelled": True})), total=eur("100"))
    assert "await_followed" == desk.order_flows()[-1].step
    _erp_order(desk, status="cancelled")
    while desk.pending:
        desk.answer()

    assert (0, ["ORDER_ENDED", "ORDER_ENDED"], "done") == (
        desk.open_minor, desk.noted, desk.order_flows()[-1].state,
    )  # fmt: skip


def _held_after_a_part_was_paid(how: str) -> InvoiceDesk:
    desk = a_desk_with_goods()
    desk.post()
    desk.pay(amount="40")
    _drain_all(desk)
    match how:
        case "held in the ERP":
            desk.erp_shows(status="on_hold", holds=("Amount",))
        case "cancelled in the ERP":
            desk.erp_shows(status="cancelled")
        case "disputed":
            desk.tell(SOURCE, "I1", an_invoice(status="on_hold"))
    _drain_all(desk)
    return desk


def _drain_all(desk: InvoiceDesk) -> None:
    while desk.pending:
        desk.answer()
    _drain(desk)


@pytest.mark.parametrize(
    ("how", "class_"),
    [
        ("held in the ERP", "INVOICE_ON_HOLD"),
        ("cancelled in the ERP", "READ_BACK_DIFFERS"),
        ("disputed", "INVOICE_DISPUTED"),
    ],
)
def test_a_payment_that_is_called_back_while_an_analyst_looks_is_told_and_they_go_on_looking(
    how: str, class_: str
) -> None:
    """An invoice that is wrong is held, and its payment called back: the source does not keep what nobody paid, and what the
    exception is about is not gone with that."""
    desk = _held_after_a_part_was_paid(how)
    before = (desk.step(), [one for one in desk.exceptions if one[1] == "open"])

    desk.pay(amount="40", status="voided")
    _drain_all(desk)

    assert [("P1", "40"), ("Void P1", "-40")] == desk.recorded
    assert [(class_, "open")] == before[1]
    assert before == (desk.step(), [one for one in desk.exceptions if one[1] == "open"])


@pytest.mark.parametrize("how", ["held in the ERP", "disputed"])
def test_a_payment_that_is_told_meanwhile_leaves_the_exception_with_its_owner_and_comments(how: str) -> None:
    """Whoever has taken it goes on with it."""
    desk = _held_after_a_part_was_paid(how)
    (case_id,) = desk.open_cases
    actions.assign(desk.store, ANALYST, [case_id], "bo")
    actions.comment(desk.store, ANALYST, case_id, "the supplier will call back")

    desk.pay("P2", "20")
    _drain_all(desk)
    left = desk.open_cases
    held = cases.get(desk.store.db, case_id)
    notes = [one.text for one in cases.notes(desk.store.db, case_id)]
    desk.erp_shows(status="approved", holds=())
    desk.invoice(an_invoice())
    _drain_all(desk)

    assert held is not None
    assert ([case_id], "bo", "open") == (left, held.owner, held.state)
    assert "the supplier will call back" in notes
    assert ("P2", "20") == desk.recorded[-1]
    assert [] == desk.open_cases


def test_what_is_paid_while_it_is_held_reads_posted_after_its_release() -> None:
    """Paid in full by a payment that the hold did not stop: told at once, and the release is not missed."""
    desk = _held_after_a_part_was_paid("held in the ERP")

    desk.pay("P2", "60")
    _drain_all(desk)
    held = (desk.step(), desk.recorded, desk.statuses)
    desk.erp_shows(status="approved", holds=())
    _drain_all(desk)

    assert ("await_release", [("P1", "40"), ("P2", "60")], ["Posted", "On hold: Amount"]) == held
    assert ("done", ["Posted", "On hold: Amount", "Posted"]) == (desk.step(), desk.statuses)
    assert [] == [one for one in desk.exceptions if one[1] == "open"]
