"""Invoice to payment, decision by decision: the straight ways."""

from __future__ import annotations

import pytest

from finsync_tui import explain
from finsync_tui.reconcile.read_back import Want
from store import workflows
from store.canonical.payables import Invoice
from tests.builders import a_supplier
from tests.finsync_tui.flows.invoice_desk import (
    SOURCE,
    InvoiceDesk,
    a_free_line,
    a_line,
    a_receipt,
    a_tax_line,
    an_invoice,
    an_order,
    eur,
)


def a_desk_with_goods(**setup: object) -> InvoiceDesk:
    """A desk whose order is in the ERP and whose goods have arrived."""
    desk = InvoiceDesk(**setup)  # type: ignore[arg-type]
    desk.order()
    desk.receive()
    return desk


def test_an_approved_invoice_is_posted_and_paid_and_the_source_knows() -> None:
    """Create, validate, read back, number back, payment recorded once, done when both sides show it."""
    desk = a_desk_with_goods()

    desk.invoice()
    steps = [desk.step()]
    desk.answer()
    steps.append(desk.step())
    desk.answer()
    steps.append(desk.step())
    desk.read()
    steps.append(desk.step())
    desk.answer()
    steps.append(desk.step())
    desk.pay()
    steps.append(desk.step())
    desk.answer()
    steps.append(desk.step())
    desk.read()

    waits = ["posting", "validation", "verify_posting", "write_back", "payment", "record"]
    assert [w if w.startswith("v") and w != "validation" else f"await_{w}" for w in waits] + [
        "verify"
    ] == steps
    assert "done" == desk.step()
    assert [
        "receipt.create", "invoice.create", "invoice.validate", "invoice.write_back", "invoice.record_payment"
    ] == desk.sent  # fmt: skip
    assert ["Posted"] == desk.statuses
    assert [("P1", "100")] == desk.recorded
    assert desk.body("invoice.record_payment")["is_paid"]
    assert [] == desk.exceptions
    states = {row[0] for row in desk.store.db.execute("SELECT state FROM delivery")}
    assert {"verified"} == states


def test_what_is_asked_of_the_erp_names_its_own_order() -> None:
    """Lines that match are charged where the ERP's order is; supplier and site are the ERP's."""
    desk = a_desk_with_goods()

    desk.invoice(an_invoice(a_line(), a_tax_line(number="T1")))

    asked = desk.posted
    assert ("900", "S-1001", "BERLIN", "coupa:I1") == (
        asked.supplier_id, asked.supplier_number, asked.supplier_site, asked.reference
    )  # fmt: skip
    assert {"ERP-PO-1/1": 10000, "01-000-154500": 1900} == desk.charged()
    assert asked.total == an_invoice(a_line(), a_tax_line()).total


def test_an_invoice_takes_from_what_its_order_promises() -> None:
    """Ordered 100, invoiced 40: 60 are open; nothing is taken before the ERP was seen to hold it."""
    desk = a_desk_with_goods()

    desk.invoice(an_invoice(a_line("4")))
    desk.answers(2)
    before = desk.open_minor
    desk.read()

    assert (10000, 6000) == (before, desk.open_minor)


def test_a_credit_note_gives_it_back_and_ends_without_a_payment() -> None:
    """Ten were invoiced, two come back: 20 are open again; nothing is owed for it."""
    desk = a_desk_with_goods()
    desk.post()
    credit = an_invoice(a_line("-2"), number="CN-1", kind="credit_memo", original_number="INV-1")

    desk.invoice(credit, "I2")
    desk.answers(2)
    desk.read()
    desk.answer()
    desk.read()

    assert ("done", 2000) == (desk.step("I2"), desk.open_minor)
    assert {"ERP-PO-1/1": -2000} == desk.charged()


def test_an_invoice_without_an_order_is_coded_by_the_mapping() -> None:
    """Its accounts go through the tables; nothing is promised, nothing relieved."""
    desk = InvoiceDesk()

    desk.finish(an_invoice(a_free_line("60"), a_free_line("40", "2", "430")))

    assert {"01-420-7110": 6000, "01-430-7110": 4000} == desk.charged()
    assert "done" == desk.step()


def test_partial_payments_are_each_told_and_the_last_one_says_paid() -> None:
    """Each payment is a record of its own."""
    desk = a_desk_with_goods()
    desk.post()

    desk.pay("P1", "40")
    desk.answer()
    waits = desk.step()
    desk.pay("P2", "60")
    desk.answer()
    desk.read()

    assert ("verify_record", "done") == (waits, desk.step())
    assert [("P1", "40"), ("P2", "60")] == desk.recorded
    assert [False, True] == [one["is_paid"] for one in desk.bodies("invoice.record_payment")]


@pytest.mark.parametrize("lost", ["all of it", "an amount"])
def test_a_part_payment_that_its_source_says_it_has_and_does_not_keep_is_found_before_the_rest_is_paid(
    lost: str,
) -> None:
    """Read back at once, not when all is paid; a retry looks for it and tells it again, once."""
    desk = a_desk_with_goods()
    desk.post()
    desk.pay("P1", "40")
    desk.answer()
    (kept,) = desk.shown[Want(SOURCE, Invoice.entity, "I1")].recorded_payments  # type: ignore[attr-defined]
    other = (kept.model_copy(update={"amount": eur("30")}),) if lost == "an amount" else ()
    desk.change(SOURCE, "invoice", "I1", recorded_payments=other)
    desk.read()
    found = (list(desk.exceptions), desk.cause)

    desk.change(SOURCE, "invoice", "I1", recorded_payments=())
    desk.retry()
    desk.answer()
    desk.read()
    waits = desk.step()
    desk.pay("P2", "60")
    desk.answer()
    desk.read()

    assert [("WRITE_BACK_IGNORED", "open")] == found[0]
    assert "payment P1: expected recorded once, found 0 times" in found[1]
    assert ("await_payment", "done", [("WRITE_BACK_IGNORED", "closed")]) == (
        waits, desk.step(), desk.exceptions,
    )  # fmt: skip
    held = desk.shown[Want(SOURCE, Invoice.entity, "I1")]
    assert isinstance(held, Invoice)
    assert [("P1", 4000), ("P2", 6000)] == [
        (one.note, one.amount.amount_minor) for one in held.recorded_payments
    ]


def test_a_void_after_the_end_opens_it_again_and_a_reissue_ends_it() -> None:
    """Told, taken back with a negative record, told again: once each."""
    desk = a_desk_with_goods()
    desk.finish()

    desk.pay("P1", status="voided")
    desk.answer()
    waits = desk.step()
    desk.pay("P2")
    desk.answer()
    desk.read()

    assert ("verify_record", "done") == (waits, desk.step())
    assert [("P1", "100"), ("Void P1", "-100"), ("P2", "100")] == desk.recorded
    assert [True, False, True] == [one["is_paid"] for one in desk.bodies("invoice.record_payment")]


def test_a_payment_that_clears_or_is_stopped_after_it_was_told_is_no_news() -> None:
    """Only made and void payments are told."""
    desk = a_desk_with_goods()
    desk.finish()

    desk.pay("P1", status="cleared")
    desk.pay("P1", status="stopped")

    assert "done" == desk.step()
    assert [("P1", "100")] == desk.recorded


def test_withheld_tax_is_told_beforehand_and_settles_the_invoice_with_less() -> None:
    """What the country's rule keeps back stands in the story; what is posted is the whole, what is recorded what was paid."""
    rules = {
        "withholding": [{"supplier_countries": ["US"], "percent": "10"}],
        "requires_reverse_charge": False,
    }
    severity = dict.fromkeys(("needs_review", "unknown_code", "undercharged", "not_taxable"), "off")
    desk = InvoiceDesk(tax={"severity": severity, "countries": {"DE": rules}})
    desk.put(SOURCE, "501", a_supplier(sites=(), country="US"))  # at home there, and delivers from Germany
    desk.post(an_invoice(a_free_line(tax_code="V19"), ship_from_country="DE"))
    told = [
        one.detail.get("withheld")
        for one in workflows.steps(desk.store.db, desk.workflow.id)
        if one.name == "check_tax"
    ]
    desk.erp_shows(paid_status="unpaid", paid=eur("0"))

    desk.pay(amount="90")
    desk.erp_shows(paid_status="paid", paid=eur("90"))
    desk.answer()
    desk.read()

    assert ["10.00 EUR"] == told
    assert (eur("100"), "done", [("P1", "90")]) == (desk.posted.total, desk.step(), desk.recorded)


def test_nothing_is_withheld_from_a_supplier_at_home_that_delivers_from_abroad() -> None:
    """The rule is about who is paid, not about where the goods came from."""
    rules = {
        "withholding": [{"supplier_countries": ["US"], "percent": "10"}],
        "requires_reverse_charge": False,
    }
    severity = dict.fromkeys(("needs_review", "unknown_code", "undercharged", "not_taxable"), "off")
    desk = InvoiceDesk(tax={"severity": severity, "countries": {"DE": rules}})

    desk.post(an_invoice(a_free_line(tax_code="V19"), ship_from_country="US"))

    assert 0 == desk.workflow.data["tax"]["withheld"]["amount_minor"]


def test_a_void_is_told_with_the_day_on_which_it_was_called_back() -> None:
    """Not with that of the payment: the source's books are of that day."""
    desk = a_desk_with_goods()
    desk.finish()

    desk.pay("P1", "100", "voided")
    desk.answer()

    days = [(body["amount"], body["paid_on"]) for body in desk.bodies("invoice.record_payment")]
    assert [("100", "2026-01-09"), ("-100", "2026-01-12")] == days


def test_a_discount_settles_an_invoice_with_less_than_its_total() -> None:
    """The ERP's invoice says that it is paid; the payment that came first waits to be told until that was read."""
    desk = a_desk_with_goods()
    desk.post()
    desk.erp_shows(paid_status="unpaid", paid=desk.posted.total - desk.posted.total)

    desk.pay("P1", "98")
    waits = desk.workflow.waiting_for
    desk.erp_shows(paid_status="paid", paid=desk.posted.total.__class__.of("98", "EUR"))
    desk.answer()
    desk.read()

    assert "oracle-emea to show whether it is paid" == waits
    assert ("done", [True]) == (
        desk.step(),
        [one["is_paid"] for one in desk.bodies("invoice.record_payment")],
    )


def test_what_the_erp_settles_otherwise_ends_after_a_day() -> None:
    """A prepayment may have paid it: no payment comes, and the source is told that it is paid."""
    desk = a_desk_with_goods()
    desk.post()

    desk.erp_shows(paid_status="paid", paid=desk.posted.total)
    waits = desk.step()
    desk.wait(days=1, minutes=1)
    desk.answer()
    desk.read()

    assert ("await_payment", "done", []) == (waits, desk.step(), desk.recorded)


def test_an_invoice_that_another_channel_pays_is_left_alone() -> None:
    """The ERP does not pay it: nothing is posted."""
    desk = InvoiceDesk()

    desk.invoice(an_invoice(a_free_line(), payment_channel="VIRTUAL_CARD"))

    assert ("done", []) == (desk.step(), desk.sent)


def test_a_prepayment_takes_nothing_of_its_order() -> None:
    """Nothing has arrived, and the order still promises all of it; the final invoice takes it later."""
    desk = InvoiceDesk()
    desk.order()

    desk.post(an_invoice(a_line("3"), kind="prepayment"))

    assert ("await_payment", 10000) == (desk.step(), desk.open_minor)


def test_numbers_of_payments_may_repeat() -> None:
    """Cheque 17 of two bank accounts, the same day and amount: where that is in no doubt, each is told under its own id."""
    desk = a_desk_with_goods(duplicates={"same_payment": "off"})
    desk.post()

    desk.pay("901", "50", number="17")
    desk.answer()
    desk.pay("902", "50", number="17")
    desk.answer()
    desk.read()

    assert ("done", [("17 #901", "50"), ("17 #902", "50")]) == (desk.step(), desk.recorded)


def test_an_order_by_amount_is_matched_by_amount() -> None:
    """Quantities mean nothing there: half of the amount received allows half of the invoice."""
    order = an_order()
    line = order.lines[0].model_copy(update={"quantity": None, "unit_price": None})
    desk = InvoiceDesk()
    desk.order(order.model_copy(update={"lines": (line,)}))
    desk.receive(a_receipt(quantity=None, amount=order.total, uom=None))

    line_by_amount = a_line().model_copy(update={"quantity": None, "unit_price": None})

    desk.post(an_invoice(line_by_amount))

    assert ("await_payment", 0) == (desk.step(), desk.open_minor)


def test_an_order_that_is_opened_again_still_knows_what_was_invoiced() -> None:
    """Closed with four of ten invoiced, opened again: in the ERP first, then like a change; 60 are open."""
    desk = a_desk_with_goods()
    desk.post(an_invoice(a_line("4")))
    desk.tell("coupa", "4711", an_order(status="closed", revision="2"))
    desk.answer()
    desk.tell("oracle-emea", "ERP-4711", an_order(number="ERP-PO-1", status="closed", reference="coupa:PO-1"))
    desk.answer()
    desk.read()
    closed = desk.open_minor

    desk.tell("coupa", "4711", an_order(revision="3"))
    desk.answer()
    waits = desk.workflow_waits("4711")
    desk.erp_issues()
    desk.answers(2)
    desk.erp_issues()
    desk.answer()
    desk.read()

    assert (0, "oracle-emea to show it open", 6000) == (closed, waits, desk.open_minor)
    rows = desk.store.db.execute(
        "SELECT operation FROM outbox_entry WHERE operation LIKE 'order.%' ORDER BY id"
    )
    operations = [row[0] for row in rows]
    assert ["order.close", "order.write_back", "order.reopen", "order.change", "order.submit"] == operations[
        3:8
    ]
    assert "done" == desk.step("4711")


def test_the_story_of_an_invoice_is_not_that_of_an_order_of_the_same_id() -> None:
    """Coupa numbers orders and invoices alike: what is explained is one document, not all that bear its key."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    desk.invoice(external_id="4711")
    desk.answers(2)
    desk.read()
    desk.answer()

    invoice, order = explain.story(desk.store.db, "INV-1"), explain.story(desk.store.db, "PO-1")

    assert (invoice.document_key, invoice.entity) == ("coupa:4711", "invoice")
    assert (order.document_key, order.entity) == ("coupa:4711", "purchase_order")
    assert "invoice.create delivered" in {line.what for line in invoice.lines}
    assert not {line.what for line in invoice.lines if line.what.startswith("order.")}
    assert not {line.what for line in order.lines if line.what.startswith("invoice.")}
    assert all(
        "invoice" in line.what for line in invoice.lines if line.kind == "event" and line.place == "coupa"
    )
    assert "post of version 1: waits for payment in oracle-emea at await payment" == invoice.status
