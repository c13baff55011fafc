"""Giving an instance up: what it has done is undone, newest first, and its steps show it. No orphan stays anywhere."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from finsync_tui import actions
from finsync_tui.reconcile.read_back import Want
from store import crossrefs, workflows
from store.canonical.budget import Commitment
from store.canonical.purchasing import PurchaseOrder
from store.errors import NotAllowedError
from tests.finsync_tui.flows.expense_desk import ExpenseDesk
from tests.finsync_tui.flows.invoice_desk import (
    ANALYST,
    SOURCE,
    TARGET,
    InvoiceDesk,
    a_free_line,
    a_prepayment,
    a_receipt,
    an_invoice,
    an_order,
    eur,
    issued,
)
from tests.finsync_tui.flows.test_order_ended import erp_cancels_line, two_lines

STEPS = ("await_posting", "await_validation", "verify_posting", "await_write_back", "await_payment")


def an_aborted(desk: InvoiceDesk, key: str) -> None:
    """Give the newest instance of a document up."""
    actions.abort_workflow(desk.store, ANALYST, desk.flow(key).id, "entered twice")
    desk.run()


def undone(desk: InvoiceDesk, key: str) -> list[tuple[str, str]]:
    """(operation, what became of it) of what an instance undid, in order."""
    steps = workflows.steps(desk.store.db, desk.flow(key).id)
    return [(one.detail["operation"], one.detail["note"][:5]) for one in steps if one.state == "compensated"]


def an_invoice_at(step: str) -> InvoiceDesk:
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()))
    moves = {
        "await_posting": 0,
        "await_validation": 1,
        "verify_posting": 2,
        "await_write_back": 3,
        "await_payment": 4,
    }
    for n in range(moves[step]):
        if n == 2:
            desk.read()
        else:
            desk.answer()
    assert step == desk.step()
    return desk


@pytest.mark.parametrize("step", STEPS)
def test_an_invoice_that_is_given_up_leaves_nothing_in_force(step: str) -> None:
    """At each of its steps: what was delivered is cancelled, what was not is never sent."""
    desk = an_invoice_at(step)

    desk.abort()
    while desk.pending:
        desk.answer()

    assert "aborted" == desk.step()
    assert 0 == desk.in_force()
    assert [] == desk.exceptions
    if step == "await_payment":
        assert [
            ("invoice.validate", "stays"),
            ("invoice.create", "undon"),
            ("invoice.write_back", "undon"),
        ] == undone(desk, "I1")
        assert ["Posted", "Withdrawn"] == desk.statuses


def test_what_an_invoice_took_is_promised_again_when_it_is_given_up() -> None:
    """Open commitments are whole again when the ERP has cancelled it, not before."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    desk.post()
    desk.abort()
    before = desk.open_minor

    desk.answer()

    assert (0, 10000) == (before, desk.open_minor)


def test_an_undoing_that_is_refused_waits_for_a_person_and_is_never_done_again() -> None:
    """A retry decides the undoing anew; it never goes back to the process that was given up."""
    desk = an_invoice_at("verify_posting")
    desk.abort()
    first = desk.answer("refused", case_class="REJECTED")
    held = list(desk.exceptions)

    desk.retry()
    second = desk.answer()

    assert ([("REJECTED", "open")], "aborted") == (held, desk.step())
    assert ("invoice.cancel", "invoice.cancel") == (first.operation, second.operation)
    assert first.idempotency_key != second.idempotency_key
    assert ["invoice.create", "invoice.validate", "invoice.cancel", "invoice.cancel"] == desk.sent


def a_posted_invoice() -> InvoiceDesk:
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    desk.post()
    return desk


@pytest.mark.parametrize("is_read_first", [True, False])
def test_giving_up_an_invoice_that_is_paid_meanwhile_ends_and_its_payment_is_told(
    is_read_first: bool,
) -> None:
    """The ERP refuses to cancel it: it is never called withdrawn, and ends paid on both sides, with a finding that says why."""
    desk = a_posted_invoice()
    desk.abort()
    if is_read_first:
        desk.pay()
        desk.answer("refused", case_class="REJECTED")
    else:
        desk.answer("refused", case_class="REJECTED")
        desk.pay()
        desk.retry()
    desk.answer()
    desk.read()

    assert ("done", ["Posted"], [("P1", "100")]) == (desk.step(), desk.statuses, desk.recorded)
    assert (["ABORT_REFUSED"], [], 0) == (desk.noted, desk.open_cases, desk.open_minor)


def test_an_invoice_that_is_paid_before_it_is_cancelled_is_not_asked_for() -> None:
    """The payment was read while a prepayment was being taken off: nothing more is undone."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    desk.tell("oracle-emea", "PRE-1", a_prepayment())
    desk.invoice()
    desk.answers(2)
    desk.read()
    desk.answer(answer={"applied": "40"})
    desk.answers(2)
    desk.abort()
    first = desk.pending
    desk.pay("P1", "60")
    desk.answer()
    while desk.pending:
        desk.answer()
    desk.read()

    assert ["invoice.unapply_prepayment"] == first
    assert "invoice.cancel" not in desk.sent
    assert ("await_payment", ["Posted"]) == (desk.step(), desk.statuses)
    assert [("Prepayment PRE-1", "40"), ("P1", "60"), ("Void Prepayment PRE-1", "-40")] == desk.recorded


def test_who_resolves_a_refused_cancelling_lets_the_invoice_go_on() -> None:
    """It is in force in the ERP: its payment, when it comes, is told as any."""
    desk = a_posted_invoice()
    desk.abort()
    desk.answer("refused", case_class="REJECTED")
    actions.resolve(desk.store, ANALYST, desk.open_cases, "it is meant after all")
    desk.run()
    waits = desk.step()
    desk.pay()
    desk.answer()
    desk.read()

    assert ("await_payment", "done", ["Posted"]) == (waits, desk.step(), desk.statuses)
    assert ["ABORT_REFUSED"] == desk.noted


def test_an_undoing_that_got_no_answer_is_looked_up() -> None:
    """A dead letter of it is replayed under its own key."""
    desk = an_invoice_at("verify_posting")
    desk.abort()
    first = desk.answer("buried", is_unknown=True)

    desk.retry()
    second = desk.answer()

    assert (first.idempotency_key, "aborted") == (second.idempotency_key, desk.step())


def test_a_crash_while_it_is_undone_undoes_the_rest() -> None:
    """Another engine goes on where the first one died."""
    desk = an_invoice_at("await_payment")
    desk.abort()
    desk.answer()

    desk.crash()
    while desk.pending:
        desk.answer()

    assert ("aborted", 0) == (desk.step(), desk.in_force())
    assert 1 == desk.sent.count("invoice.cancel")


def test_a_newer_version_waits_until_the_undoing_is_done() -> None:
    """It never cuts it short."""
    desk = an_invoice_at("verify_posting")
    desk.abort()

    desk.invoice(an_invoice(a_free_line("90")))
    waits = desk.workflow.waiting_for
    desk.answer()

    assert "the version before" == waits
    assert ["invoice.create", "invoice.validate", "invoice.cancel", "invoice.create"] == desk.sent


def test_a_receipt_that_is_given_up_is_corrected_to_nothing() -> None:
    """A movement stays in the ERP for ever; its opposite stands beside it. A return likewise."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    desk.tell(SOURCE, "R2", a_receipt("-4", "R2", kind="return", original_id="R1"))
    desk.answer()
    an_aborted(desk, "R2")
    desk.answer()
    after_return = desk.received()
    desk.tell(SOURCE, "R3", a_receipt("5", "R3"))
    desk.answer()

    an_aborted(desk, "R3")
    desk.answer()

    assert (Decimal(10), Decimal(10)) == (after_return, desk.received())
    assert ("aborted", "aborted") == (desk.step("R2"), desk.step("R3"))
    assert crossrefs.get(desk.store.db, "receipt", f"{SOURCE}:R3", "oracle-emea") is None


@pytest.mark.parametrize("is_undone_late", [False, True])
@pytest.mark.parametrize("pending", [1, 2])
def test_a_receipt_that_the_erp_has_yet_to_process_is_waited_for_and_then_corrected(
    pending: int, is_undone_late: bool
) -> None:
    """Nothing comes in behind our back, and nothing is corrected twice: what was asked for is found, and its undoing, too."""
    desk = InvoiceDesk()
    desk.order()
    desk.tell(SOURCE, "R1", a_receipt())
    desk.answer(is_pending=True)
    for _ in range(pending - 1):
        desk.wait(minutes=3)
        desk.answer(is_pending=True)

    an_aborted(desk, "R1")
    waits = desk.flow("R1").state
    for n in range(6):
        if desk.pending:
            desk.answer(is_pending=is_undone_late and n == 1)
        desk.wait(minutes=3)

    assert ("waiting", "aborted", Decimal(0)) == (waits, desk.step("R1"), desk.received())
    assert [] == desk.exceptions
    assert 2 == desk.made, "one movement, and its opposite"


def test_a_receipt_that_the_erp_refuses_after_it_was_given_up_left_nothing() -> None:
    """There is nothing to undo, and nobody is asked."""
    desk = InvoiceDesk()
    desk.order()
    desk.tell(SOURCE, "R1", a_receipt())
    desk.answer(is_pending=True)

    an_aborted(desk, "R1")
    desk.answer("refused", case_class="REJECTED")

    assert ("aborted", 0, []) == (desk.step("R1"), desk.made, desk.exceptions)


def an_order_at(answers: int) -> InvoiceDesk:
    desk = InvoiceDesk()
    desk.tell(SOURCE, "4711", an_order())
    for n in range(answers):
        if n == 2:
            desk.erp_issues()
        else:
            desk.answer()
    return desk


def test_a_version_is_not_given_up_while_the_one_before_would_go_on() -> None:
    """Whoever gives an order up does not expect its older version to be issued: that one is given up first."""
    desk = an_order_at(1)
    desk.tell(SOURCE, "4711", an_order("12", revision="2"))
    first, second = desk.order_flows()

    with pytest.raises(NotAllowedError, match=f"workflow {first.id} of the version before"):
        actions.abort_workflow(desk.store, ANALYST, second.id, "entered twice")
    for one in (first, second):
        actions.abort_workflow(desk.store, ANALYST, one.id, "entered twice")
    desk.run()
    while desk.pending:
        desk.answer()

    assert ["aborted", "aborted"] == [one.state for one in desk.order_flows()]
    assert ["order.create", "order.submit", "order.discard"] == desk.all_sent


@pytest.mark.parametrize(
    ("answers", "operations"),
    [
        (0, []),
        (1, ["order.discard"]),
        (2, ["order.cancel"]),
        (3, ["order.cancel"]),
        (4, ["order.cancel", "order.write_back"]),
    ],
)
def test_an_order_that_is_given_up_is_taken_back(answers: int, operations: list[str]) -> None:
    """A draft is discarded, an issued order cancelled; nothing is promised any more, and the source knows."""
    desk = an_order_at(answers)
    before = len(desk.bodies("order.create") + desk.bodies("order.submit") + desk.bodies("order.write_back"))

    an_aborted(desk, "4711")
    if answers == 2:
        assert [] == desk.pending, "nothing is asked of an order that waits for its approval"
        desk.erp_issues()
    while desk.pending:
        desk.answer()

    rows = desk.store.db.execute("SELECT operation FROM outbox_entry ORDER BY id").fetchall()
    counters = [row[0] for row in rows[before:]]
    assert operations == counters
    assert ("aborted", 0) == (desk.step("4711"), desk.open_minor)


@pytest.mark.parametrize(
    ("status", "operations", "step"),
    [
        ("rejected", ["order.discard"], "aborted"),
        ("pending_approval", [], "compensate"),
        ("open", ["order.cancel"], "aborted"),
    ],
)
def test_what_undoes_a_submitted_order_is_what_the_erp_decided(
    status: str, operations: list[str], step: str
) -> None:
    """Oracle cancels only what was issued, deletes only a draft, and does neither while somebody has to approve it."""
    desk = an_order_at(2)
    an_aborted(desk, "4711")

    desk.tell("oracle-emea", "ERP-4711", an_order(number="ERP-PO-1", status=status, reference="coupa:PO-1"))
    while desk.pending:
        desk.answer()

    assert operations == [one for one in desk.all_sent if one in ("order.discard", "order.cancel")]
    assert step == desk.step("4711")


def test_a_change_that_is_given_up_makes_the_order_what_it_was() -> None:
    """Another change, submitted like any; the promise is the one of before."""
    desk = InvoiceDesk()
    desk.order()
    desk.tell(SOURCE, "4711", an_order("12", revision="2"))
    desk.answers(2)
    desk.erp_issues()
    changed = desk.open_minor

    an_aborted(desk, "4711")
    while desk.pending:
        desk.answer()

    last = desk.body("order.change")["commitment"]
    assert (12000, 10000, 10000) == (changed, last["total"]["amount_minor"], desk.open_minor)
    assert "aborted" == desk.step("4711")


def a_change_given_up(*, is_issued: bool = True) -> InvoiceDesk:
    """Ten desks became twelve, and somebody gives that change up."""
    desk = InvoiceDesk()
    desk.order()
    desk.tell(SOURCE, "4711", an_order("12", revision="2"))
    desk.answers(2 if is_issued else 1)
    if is_issued:
        desk.erp_issues()
    an_aborted(desk, "4711")
    return desk


def erp_shows(desk: InvoiceDesk, **changes: object) -> None:
    """The ERP's order is otherwise than it was asked for."""
    want = Want(TARGET, "purchase_order", "ERP-4711")
    desk.shown[want] = desk.shown[want].model_copy(update=changes)


def test_a_change_that_is_given_up_is_undone_when_the_erp_has_approved_the_change_back() -> None:
    """Not when that was asked for: until then its instance waits, and what the ERP holds is what is promised."""
    desk = a_change_given_up()
    desk.answer()
    with_change = desk.shown[Want(TARGET, "purchase_order", "ERP-4711")].model_copy(
        update={"status": "pending_approval"}
    )
    desk.reads_undoings = False
    desk.answer()
    desk.shown[Want(TARGET, "purchase_order", "ERP-4711")] = with_change
    desk.read()
    waits, promised, steps = desk.workflow_waits("4711"), desk.open_minor, undone(desk, "4711")

    erp_shows(desk, status="open", total=eur("100"), lines=an_order().lines)
    desk.shown[Want(TARGET, "purchase_order", "ERP-4711")] = issued(
        Commitment.model_validate(desk.body("order.change")["commitment"]), "ERP-PO-1"
    )
    desk.wait(minutes=6)
    desk.read()

    assert ("oracle-emea approval", 12000, [("order.submit", "stays")]) == (waits, promised, steps)
    assert ("aborted", 10000) == (desk.step("4711"), desk.open_minor)


def test_a_change_back_that_the_erp_refuses_becomes_an_exception_that_says_what_is_left() -> None:
    """The order is in force there as it was changed, and goes on being counted so; a retry asks for the change back anew."""
    desk = a_change_given_up()
    desk.answer()
    desk.reads_undoings = False
    desk.answer()
    erp_shows(desk, status="rejected")
    desk.read()
    desk.wait(minutes=6)
    desk.read()
    held, cause, promised = list(desk.exceptions), desk.cause, desk.open_minor

    desk.retry()
    again = desk.pending
    desk.reads_undoings = True
    while desk.pending:
        desk.answer()

    assert ([("READ_BACK_DIFFERS", "open")], 12000) == (held, promised)
    assert (
        "what is left there: status: expected open, found rejected; in force: expected 100.00 EUR, found 120.00"
        in cause
    )
    assert ["order.change"] == again
    assert ("aborted", 10000, []) == (desk.step("4711"), desk.open_minor, desk.open_cases)


def test_what_the_erp_approves_after_it_was_given_up_is_promised_until_it_is_undone() -> None:
    """A change, and an order: what is in force there is counted, whoever wants it gone."""
    desk = InvoiceDesk()
    desk.order()
    desk.tell(SOURCE, "4711", an_order("12", revision="2"))
    desk.answers(2)
    an_aborted(desk, "4711")
    desk.erp_issues()
    changed = desk.open_minor
    while desk.pending:
        desk.answer()

    new = an_order_at(2)
    an_aborted(new, "4711")
    new.erp_issues()
    made = new.open_minor
    new.answer("refused", case_class="REJECTED")
    refused = new.open_minor

    assert (12000, "aborted", 10000) == (changed, desk.step("4711"), desk.open_minor)
    assert (10000, 10000) == (made, refused)


def test_a_change_that_was_never_approved_is_discarded_and_the_order_is_read_back() -> None:
    """Nobody has to approve anything: the ERP goes on with the order that is in force."""
    desk = a_change_given_up(is_issued=False)
    sent = desk.pending

    desk.answer()

    assert ["order.discard"] == sent
    assert desk.body("order.discard")["is_change"]
    assert ("aborted", 10000) == (desk.step("4711"), desk.open_minor)


def test_a_change_back_orders_no_line_that_the_erp_has_cancelled() -> None:
    """The ERP takes none up again: what it cancelled by itself is not missing when the rest is as it was."""
    desk = InvoiceDesk()
    desk.order(two_lines())
    desk.tell(SOURCE, "4711", two_lines(revision="2", description="Desks and lamps"))
    desk.answers(2)
    desk.erp_issues()
    erp_cancels_line(desk, "2")

    an_aborted(desk, "4711")
    while desk.pending:
        desk.answer()

    last = desk.body("order.change")["commitment"]
    assert (["1"], 10000) == ([line["number"] for line in last["lines"]], last["total"]["amount_minor"])
    assert ("aborted", 10000, []) == (desk.step("4711"), desk.open_minor, desk.exceptions)


def test_a_line_that_a_change_took_out_is_named_when_the_erp_does_not_take_it_up_again() -> None:
    """Giving the change up can't bring it back: a person reads what is missing there."""
    desk = InvoiceDesk()
    desk.order(two_lines())
    one = two_lines(revision="2")
    desk.tell(SOURCE, "4711", one.model_copy(update={"lines": one.lines[:1], "total": eur("100")}))
    desk.answers(2)
    asked = desk.shown[Want(TARGET, "purchase_order", "ERP-4711")]
    assert isinstance(asked, PurchaseOrder)
    gone = two_lines().lines[1].model_copy(update={"is_cancelled": True})
    desk.tell(TARGET, "ERP-4711", asked.model_copy(update={"lines": (*asked.lines, gone)}))

    an_aborted(desk, "4711")
    while desk.pending:
        desk.answer()
    desk.wait(minutes=6)
    desk.read()

    assert ["1"] == [line["number"] for line in desk.body("order.change")["commitment"]["lines"]]
    assert ([("READ_BACK_DIFFERS", "open")], "compensate") == (desk.exceptions, desk.step("4711"))
    assert "line 2: expected 100.00 EUR, found missing" in desk.cause


def test_an_invoice_that_is_still_in_force_after_its_cancelling_is_not_called_withdrawn() -> None:
    """The ERP said yes and shows it approved: a person reads what is in force; it is looked for before it is sent again."""
    desk = a_posted_invoice()
    desk.abort()
    desk.reads_undoings = False
    first = desk.answer()
    desk.erp_shows(status="approved")
    desk.read()
    desk.wait(minutes=6)
    desk.read()
    held, cause, told = list(desk.exceptions), desk.cause, list(desk.statuses)

    desk.retry()
    desk.reads_undoings = True
    second = desk.answer()
    while desk.pending:
        desk.answer()

    assert ([("READ_BACK_DIFFERS", "open")], ["Posted"]) == (held, told)
    assert "in force: expected 0.00 EUR, found 100.00 EUR" in cause
    assert (first.idempotency_key, "aborted") == (second.idempotency_key, desk.step())
    assert ["Posted", "Withdrawn"] == desk.statuses


def test_what_the_source_was_told_of_a_withdrawal_is_read_back_too() -> None:
    """A field that it does not keep is an exception of that instance."""
    desk = a_posted_invoice()
    desk.abort()
    desk.answer()
    desk.reads_undoings = False
    desk.answer()
    want = Want(SOURCE, "invoice", "I1")
    desk.shown[want] = desk.shown[want].model_copy(update={"target_status": "Posted"})
    desk.read()
    desk.wait(minutes=6)
    desk.read()

    assert [("READ_BACK_DIFFERS", "open")] == desk.exceptions
    assert "erp_status: expected Withdrawn, found Posted" in desk.cause


def test_a_close_that_is_given_up_opens_the_order_again() -> None:
    """What it promised is promised again."""
    desk = InvoiceDesk()
    desk.order()
    desk.tell(SOURCE, "4711", an_order(status="closed", revision="2"))
    desk.answer()
    desk.tell("oracle-emea", "ERP-4711", an_order(number="ERP-PO-1", status="closed", reference="coupa:PO-1"))
    closed = desk.open_minor

    an_aborted(desk, "4711")
    while desk.pending:
        desk.answer()

    assert (0, 10000) == (closed, desk.open_minor)
    assert 1 == len(desk.bodies("order.reopen"))


def test_a_journal_that_is_still_being_imported_is_followed_and_then_reversed() -> None:
    """Nothing comes in behind our back: the import is waited for, and so is that of its reversal."""
    desk = ExpenseDesk(post_as="journal")
    desk.submit()
    desk.answer()
    desk.answer(is_pending=True, answer={"ReqstId": "1"})

    actions.abort_workflow(desk.store, ANALYST, desk.workflow.id, "entered twice")
    desk.run()
    desk.answer(external_id="J1")
    desk.answer(is_pending=True, answer={"ReqstId": "2"})
    desk.answer(external_id="J2")
    while desk.store.db.execute("SELECT 1 FROM delivery WHERE state='pending'").fetchone():
        desk.answer()

    assert "aborted" == desk.workflow.state
    reversal = json.loads(
        desk.store.db.execute("SELECT body FROM outbox_entry WHERE operation='journal.reverse'").fetchone()[0]
    )["journal"]
    asked = json.loads(
        desk.store.db.execute("SELECT body FROM outbox_entry WHERE operation='journal.create'").fetchone()[0]
    )["journal"]
    assert f"{asked['number']}-R" == reversal["number"]
    assert [line["side"] for line in asked["lines"]] != [line["side"] for line in reversal["lines"]]
