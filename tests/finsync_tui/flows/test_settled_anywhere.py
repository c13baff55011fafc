"""Whoever settles an exception ends the exception: what the ERP does later with a document in force is told and relieved.

Each flow is stopped at every step at which its document is in force, as an error of the program would; then somebody resolves
or ignores that.
"""

from __future__ import annotations

from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.flows import runner
from finsync_tui.flows.registry import FLOWS
from finsync_tui.flows.steps import Context, Facts, Hold
from finsync_tui.reconcile.read_back import Want
from store import crossrefs, records
from store.canonical.budget import Commitment
from store.canonical.payables import Invoice
from store.canonical.purchasing import PurchaseOrder
from store.workflows import Workflow
from tests.finsync_tui.flows.expense_desk import MARKER, ExpenseDesk
from tests.finsync_tui.flows.invoice_desk import (
    ANALYST,
    SOURCE,
    TARGET,
    InvoiceDesk,
    a_receipt,
    an_invoice,
    an_order,
    issued,
)
from tests.finsync_tui.flows.test_invoice_to_payment import a_desk_with_goods

IN_FORCE_BEFORE = (
    "validate",
    "await_validation",
    "verify_posting",
    "apply_prepayments",
    "await_prepayment",
    "publish",
)
"""Steps of an invoice that is posted and has not relieved its order yet."""
ENDS_AT = ("tell_cancelled", "await_cancelled_told")
"""It is not in force any more, and a person has said so."""
ORDER_STEPS = ("publish", "write_back", "await_write_back", "verify", "follow_erp", "await_followed", "follow_change",
               "await_change_told")  # fmt: skip
EXPENSE_STEPS = ("validate", "await_validation", "verify_posting", "publish", "confirm_posting", "await_confirmation",
                 "await_payment", "verify")  # fmt: skip
ENDINGS = pytest.mark.parametrize("end", [actions.resolve, actions.ignore])


def _after(flow: str, kind: str, step: str) -> list[str]:
    names = list(FLOWS[flow].steps(kind))
    return names[names.index(step) + 1 :]


def _hold(desk: InvoiceDesk | ExpenseDesk, workflow: Workflow, step: str, **data: Any) -> None:
    """An exception stands at that step."""
    facts = Facts(desk.profile, {}, "policy/1", "mapping/1")
    with desk.store.transaction() as db:
        context = Context(db, desk.now, facts, workflow, {**workflow.data, **data})
        held = Hold("STEP_FAILED", "it stumbled", "Look at it.", TARGET)
        runner._stop(context, FLOWS[workflow.flow], step, held, 0)


def _settle(desk: InvoiceDesk | ExpenseDesk, end: Any) -> None:
    rows = desk.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchall()
    outcome = end(desk.store, ANALYST, [row[0] for row in rows], "seen to")
    assert not outcome.refused
    desk.run()


def _drain(desk: InvoiceDesk) -> None:
    for _ in range(6):
        while desk.pending:
            desk.answer()
        desk.read()


INVOICE_STEPS = [one for one in _after("invoice_to_payment", "post", "await_posting") if one not in ENDS_AT]


@ENDINGS
@pytest.mark.parametrize("step", INVOICE_STEPS)
def test_a_posted_invoice_is_followed_whatever_is_settled(step: str, end: Any) -> None:
    """Its order is relieved; its payment is told, and that it is void."""
    desk = a_desk_with_goods()
    is_early = step in IN_FORCE_BEFORE
    if is_early:
        desk.invoice()
        desk.answers(2)
    else:
        desk.post()
    told_by_hand = step in ("record_payment", "await_record")
    if told_by_hand:
        desk.pay()
    _hold(desk, desk.workflow, step)

    _settle(desk, end)
    _drain(desk)
    if not told_by_hand:
        desk.pay()
    _drain(desk)
    paid = desk.recorded
    desk.pay(status="voided")
    _drain(desk)

    assert [("P1", "100")] == paid
    assert (("Void P1", "-100"), 0) == (desk.recorded[-1], desk.open_minor)
    assert [] == desk.open_cases


@ENDINGS
@pytest.mark.parametrize(
    "step", ["write_back", "await_write_back", "verify_record", "verify", "await_marked"]
)
def test_what_was_paid_while_a_person_was_to_look_is_told_when_it_is_settled(step: str, end: Any) -> None:
    """Nobody tells the flow of that payment a second time."""
    desk = a_desk_with_goods()
    desk.post()
    _hold(desk, desk.workflow, step)
    desk.pay()

    _settle(desk, end)
    _drain(desk)

    assert ([("P1", "100")], "done") == (desk.recorded, desk.step())


def test_an_invoice_that_the_erp_does_not_hold_any_more_ends_with_its_exception() -> None:
    """It is read back as missing: nothing is relieved, and its source may send it anew."""
    desk = a_desk_with_goods()
    desk.invoice()
    desk.answers(2)
    desk.read(is_gone=True)
    found = list(desk.exceptions)

    _settle(desk, actions.resolve)

    assert ([("READ_BACK_DIFFERS", "open")], "aborted", 10000) == (found, desk.step(), desk.open_minor)


@ENDINGS
@pytest.mark.parametrize("step", ["request_release", "await_released", "await_taken_off", "await_cancel"])
def test_a_void_that_the_erp_refused_is_followed(step: str, end: Any) -> None:
    """Somebody cancels it there by hand, later: its payment is void, and the order promises again."""
    desk = a_desk_with_goods()
    desk.post()
    desk.pay(amount="40")
    desk.answer()
    desk.read()
    desk.tell(SOURCE, "I1", an_invoice(status="cancelled"))
    _hold(desk, desk.workflow, step)

    _settle(desk, end)
    left = (desk.open_minor, desk.step())
    desk.pay(amount="40", status="voided")
    _drain(desk)
    desk.change(TARGET, Invoice.entity, "ERP-I1", status="cancelled")
    desk.erp_shows(status="cancelled")
    _drain(desk)

    assert (0, "await_payment") == left
    assert (("Void P1", "-40"), "Cancelled", 10000) == (desk.recorded[-1], desk.statuses[-1], desk.open_minor)
    assert "done" == desk.step()


@ENDINGS
@pytest.mark.parametrize("step", ORDER_STEPS)
def test_an_order_in_force_is_followed_whatever_is_settled(step: str, end: Any) -> None:
    """The ERP cancels it later: nothing is promised, and its source is told."""
    desk = InvoiceDesk()
    desk.tell(SOURCE, "4711", an_order())
    desk.answers(2)
    desk.erp_issues()
    _hold(desk, desk.order_flows()[-1], step)
    _settle(desk, end)
    _drain(desk)
    promised = desk.open_minor
    link = crossrefs.get(desk.store.db, PurchaseOrder.entity, f"{SOURCE}:4711", TARGET)
    assert link is not None
    order = desk.shown[Want(TARGET, PurchaseOrder.entity, link.external_id)]
    desk.tell(TARGET, link.external_id, order.model_copy(update={"status": "cancelled"}))
    _drain(desk)

    assert (10000, 0, ["ORDER_ENDED"]) == (promised, desk.open_minor, desk.noted)


NOT_APPROVED = pytest.mark.parametrize(
    "step", ["check_funds", "await_funds", "submit", "await_submit", "await_approval"]
)


@ENDINGS
@NOT_APPROVED
def test_an_order_that_the_erp_approves_after_its_exception_was_settled_is_promised(
    step: str, end: Any
) -> None:
    """It is rejected there first, which nobody hears of again; its number is written back once it is in force."""
    desk = InvoiceDesk()
    desk.tell(SOURCE, "4711", an_order())
    desk.answers(2)
    _hold(desk, desk.order_flows()[-1], step)

    _settle(desk, end)
    asked = records.get(desk.store.db, Commitment, "finsync", f"{SOURCE}:4711")
    link = crossrefs.get(desk.store.db, PurchaseOrder.entity, f"{SOURCE}:4711", TARGET)
    assert asked is not None
    assert link is not None
    order = issued(asked.record, link.number or "")
    desk.tell(TARGET, link.external_id, order.model_copy(update={"status": "rejected"}))
    before = (desk.open_minor, desk.open_cases, desk.order_flows()[-1].state)
    desk.erp_issues()
    _drain(desk)

    assert (0, [], "waiting") == before
    assert (10000, "done", []) == (desk.open_minor, desk.order_flows()[-1].state, desk.open_cases)


def test_a_newer_version_takes_the_place_of_an_order_whose_refusal_was_settled() -> None:
    desk = InvoiceDesk()
    desk.tell(SOURCE, "4711", an_order())
    desk.answers(2)
    _hold(desk, desk.order_flows()[-1], "await_approval")
    _settle(desk, actions.resolve)

    desk.tell(SOURCE, "4711", an_order(status="cancelled"))

    assert ["superseded", "waiting"] == [one.state for one in desk.order_flows()]


@ENDINGS
@NOT_APPROVED
def test_a_change_that_the_erp_approves_after_its_exception_was_settled_is_promised(
    step: str, end: Any
) -> None:
    """Until then what it held before counts, whatever else is read of it."""
    desk = InvoiceDesk()
    desk.order()
    link = crossrefs.get(desk.store.db, PurchaseOrder.entity, f"{SOURCE}:4711", TARGET)
    assert link is not None
    before = desk.shown[Want(TARGET, PurchaseOrder.entity, link.external_id)]
    desk.tell(SOURCE, "4711", an_order(price="12", revision="2"))
    desk.answers(2)
    _hold(desk, desk.order_flows()[-1], step)

    _settle(desk, end)
    desk.tell(TARGET, link.external_id, before.model_copy(update={"title": "seen to"}))
    promised = desk.open_minor
    desk.erp_issues()
    _drain(desk)

    assert (10000, 12000) == (promised, desk.open_minor)
    assert ("done", []) == (desk.order_flows()[-1].state, desk.open_cases)


@ENDINGS
def test_an_order_that_ends_before_its_settled_change_is_approved_is_promised_no_more(end: Any) -> None:
    desk = InvoiceDesk()
    desk.order()
    link = crossrefs.get(desk.store.db, PurchaseOrder.entity, f"{SOURCE}:4711", TARGET)
    assert link is not None
    before = desk.shown[Want(TARGET, PurchaseOrder.entity, link.external_id)]
    desk.tell(SOURCE, "4711", an_order(price="12", revision="2"))
    desk.answers(2)
    _hold(desk, desk.order_flows()[-1], "await_approval")

    _settle(desk, end)
    desk.tell(TARGET, link.external_id, before.model_copy(update={"status": "cancelled"}))
    _drain(desk)

    assert (0, ["ORDER_ENDED"]) == (desk.open_minor, desk.noted)


@ENDINGS
def test_an_order_that_ended_while_a_person_was_to_look_is_followed_when_it_is_settled(end: Any) -> None:
    desk = InvoiceDesk()
    desk.tell(SOURCE, "4711", an_order())
    desk.answers(2)
    desk.erp_issues()
    desk.answer()
    _hold(desk, desk.order_flows()[-1], "verify")
    link = crossrefs.get(desk.store.db, PurchaseOrder.entity, f"{SOURCE}:4711", TARGET)
    assert link is not None
    order = desk.shown[Want(TARGET, PurchaseOrder.entity, link.external_id)]
    desk.tell(TARGET, link.external_id, order.model_copy(update={"status": "cancelled"}))

    _settle(desk, end)
    _drain(desk)

    assert (0, ["ORDER_ENDED"]) == (desk.open_minor, desk.noted)


@ENDINGS
def test_a_receipt_in_force_is_followed_whatever_is_settled(end: Any) -> None:
    """It is void at its source later: the ERP takes it back."""
    desk = InvoiceDesk()
    desk.order()
    desk.tell(SOURCE, "R1", a_receipt())
    desk.answer()
    _hold(desk, desk.flow("R1"), "verify")
    _settle(desk, end)
    before = desk.received()
    desk.tell(SOURCE, "R1", a_receipt(status="voided"))
    _drain(desk)

    assert (10, 0) == (before, desk.received())


def _pump(desk: ExpenseDesk) -> None:
    for _ in range(4):
        if desk.workflow.state == "waiting" and desk.workflow.waiting_for == "read-back":
            desk.read()
        rows = desk.store.db.execute("SELECT count(*) FROM delivery WHERE state = 'pending'").fetchone()
        for _ in range(rows[0]):
            desk.answer()


@ENDINGS
@pytest.mark.parametrize("step", EXPENSE_STEPS)
def test_a_posted_expense_is_followed_whatever_is_settled(step: str, end: Any) -> None:
    """It is paid, and called back later: the expense tool is told both."""
    desk = ExpenseDesk()
    desk.submit()
    desk.answers(2)
    if step not in ("validate", "await_validation", "verify_posting", "publish"):
        desk.answer()
        desk.read()
    _hold(desk, desk.workflow, step, erp_number=MARKER)

    _settle(desk, end)
    _pump(desk)
    desk.pay()
    _pump(desk)
    paid = desk.body("expense.confirm_payment")["status"]
    desk.pay(status="voided")
    _pump(desk)

    assert ("paid", "reversed") == (paid, desk.body("expense.confirm_payment")["status"])
    assert [("STEP_FAILED", "resolved" if end is actions.resolve else "ignored")] == desk.exceptions


@ENDINGS
def test_a_payment_that_somebody_told_the_expense_tool_by_hand_is_told_no_second_time(end: Any) -> None:
    """That it is void is told."""
    desk = ExpenseDesk()
    desk.post()
    desk.answer()
    desk.pay()
    _hold(desk, desk.workflow, "await_payment_confirmation")

    _settle(desk, end)
    desk.pay(status="voided")
    _pump(desk)

    assert (2, "reversed") == (
        desk.sent.count("expense.confirm_payment"), desk.body("expense.confirm_payment")["status"],
    )  # fmt: skip


@ENDINGS
def test_an_expense_that_was_called_back_while_a_person_was_to_look_is_told_when_it_is_settled(
    end: Any,
) -> None:
    desk = ExpenseDesk()
    desk.post()
    desk.answer()
    desk.pay()
    desk.answer()
    _hold(desk, desk.workflow, "verify")
    desk.pay(status="voided")

    _settle(desk, end)
    _pump(desk)

    assert "reversed" == desk.body("expense.confirm_payment")["status"]


@ENDINGS
@pytest.mark.parametrize("step", ["undo_posting", "await_undo"])
@pytest.mark.parametrize("is_returned", [False, True])
def test_an_expense_that_the_erp_did_not_take_back_is_followed_until_it_is_cancelled_there(
    step: str, end: Any, *, is_returned: bool
) -> None:
    """Then its sender hears why it was returned; who has recalled it needs no word."""
    desk = ExpenseDesk()
    desk.post()
    back = {"return": {"class": "REJECTED", "cause": "no receipt"}} if is_returned else {}
    _hold(desk, desk.workflow, step, **back)

    _settle(desk, end)
    waits = (desk.workflow.state, desk.workflow.step)
    (want,) = (one for one in desk.shown if (one.system, one.entity) == (TARGET, Invoice.entity))
    held = desk.shown[want]
    desk.tell(want.system, want.external_id, held.model_copy(update={"status": "cancelled"}))

    assert ("waiting", "await_taken_back") == waits
    if is_returned:
        assert ("await_return", "error") == (
            desk.workflow.step, desk.body("expense.confirm_posting")["outcome"],
        )  # fmt: skip
    else:
        assert "aborted" == desk.workflow.state
