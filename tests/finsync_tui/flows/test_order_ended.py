"""Orders that the ERP cancels or closes by itself, and invoices that come for them."""

from __future__ import annotations

from typing import Any

import pytest

from finsync_tui.reconcile.read_back import Want
from store import records
from store.canonical.budget import Commitment
from store.canonical.purchasing import PurchaseOrder
from tests.finsync_tui.flows.invoice_desk import (
    SOURCE,
    TARGET,
    InvoiceDesk,
    a_line,
    a_receipt,
    an_invoice,
    an_order,
    eur,
    issued,
)


@pytest.fixture
def desk() -> InvoiceDesk:
    """A desk whose order of 100 is in the ERP and whose goods have arrived."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    return desk


def erp_shows(desk: InvoiceDesk, status: str) -> None:
    order = desk.shown[Want(TARGET, PurchaseOrder.entity, "ERP-4711")]
    desk.tell(TARGET, "ERP-4711", order.model_copy(update={"status": status}))
    while desk.pending:
        desk.answer()


def told(desk: InvoiceDesk) -> list[str]:
    return [body["fields"]["erp_status"] for body in desk.bodies("order.write_back")]


@pytest.mark.parametrize("status", ["cancelled", "closed"])
def test_an_order_that_the_erp_ends_promises_nothing_and_its_source_reads_it(
    desk: InvoiceDesk, status: str
) -> None:
    """open = ordered - invoiced - cancelled follows the ERP; a finding says what was left of it."""
    desk.post(an_invoice(a_line("4")))
    before = desk.open_minor
    erp_shows(desk, status)

    assert (6000, 0, "done") == (before, desk.open_minor, desk.step("4711"))
    assert (["Open", status.capitalize()], ["ORDER_ENDED"]) == (told(desk), desk.noted)
    erp_shows(desk, status)
    assert 1 == len(desk.noted), "read again, it is no news"


def test_an_order_that_the_erp_opens_again_promises_what_is_left(desk: InvoiceDesk) -> None:
    """What was invoiced of it stays invoiced, and its source reads Open."""
    desk.post(an_invoice(a_line("4")))
    erp_shows(desk, "closed")
    erp_shows(desk, "open")

    assert (6000, ["Open", "Closed", "Open"]) == (desk.open_minor, told(desk))


def test_an_order_that_closes_with_nothing_left_has_come_to_its_usual_end(desk: InvoiceDesk) -> None:
    """ERPs close what is received and invoiced: nobody is told."""
    desk.post()
    erp_shows(desk, "closed")

    assert (0, ["Open"], []) == (desk.open_minor, told(desk), desk.noted)


def test_an_order_that_its_source_cancels_too_ends(desk: InvoiceDesk) -> None:
    """The ERP holds nothing any more, and nothing is left open."""
    erp_shows(desk, "cancelled")
    desk.tell(SOURCE, "4711", an_order(status="cancelled", revision="2"))
    while desk.pending:
        desk.answer()
    erp_shows(desk, "cancelled")
    desk.read()

    assert ("done", 0, []) == (desk.step("4711"), desk.open_minor, desk.exceptions)


def test_an_invoice_on_an_order_that_the_erp_has_cancelled_stops(desk: InvoiceDesk) -> None:
    """Nothing is posted that the ERP could not match; it goes on by itself when the order is open again."""
    erp_shows(desk, "cancelled")
    desk.invoice()
    held = (list(desk.exceptions), list(desk.sent))
    erp_shows(desk, "open")

    assert [("MATCH_ORDER", "open")] == held[0]
    assert "invoice.create" not in held[1]
    assert ("verify_posting", []) == (desk.step(), desk.open_cases)


def test_an_invoice_on_an_order_that_is_closed_in_both_systems_is_noted(desk: InvoiceDesk) -> None:
    """It is posted: the goods may be owed; a credit note is nothing to wonder about."""
    desk.tell(SOURCE, "4711", an_order(status="closed", revision="2"))
    desk.answer()
    erp_shows(desk, "closed")
    desk.read()
    desk.invoice()
    desk.answers(2)

    assert ["ORDER_ENDED"] == desk.noted
    desk.read()
    desk.answer()
    desk.invoice(an_invoice(a_line("-2", "10"), number="CN", kind="credit_memo"), "I2")
    assert ("await_posting", 1) == (desk.step("I2"), len(desk.noted))


def two_lines(**changes: Any) -> PurchaseOrder:
    """An order of ten desks and of four chairs, 100 each."""
    (desks,) = an_order().lines
    (chairs,) = an_order("4", "25").lines
    order = an_order(lines=(desks, chairs.model_copy(update={"number": "2"})))
    return order.model_copy(update={"total": eur("200"), **changes})


def erp_cancels_line(desk: InvoiceDesk, *numbers: str) -> None:
    order = desk.shown[Want(TARGET, PurchaseOrder.entity, "ERP-4711")]
    assert isinstance(order, PurchaseOrder)
    lines = tuple(one.model_copy(update={"is_cancelled": one.number in numbers}) for one in order.lines)
    total = sum((one.amount for one in lines if not one.is_cancelled), eur("0"))
    desk.tell(TARGET, "ERP-4711", order.model_copy(update={"lines": lines, "total": total}))
    while desk.pending:
        desk.answer()


def test_a_line_that_the_erp_cancels_promises_nothing_and_its_source_reads_it() -> None:
    """The rest of the order stays open; what was still to be invoiced of the line is said, in money, once."""
    desk = InvoiceDesk()
    desk.order(two_lines())
    desk.receive()
    desk.post(an_invoice(a_line("4")))
    before = desk.open_minor

    erp_cancels_line(desk, "2")
    erp_cancels_line(desk, "2")
    cancelled = desk.open_minor
    erp_cancels_line(desk)

    assert (16000, 6000, 16000) == (before, cancelled, desk.open_minor)
    assert ["Open", "Open, line 2 cancelled", "Open"] == told(desk)
    assert ["ORDER_ENDED"] == desk.noted
    (message,) = (row[0] for row in desk.store.db.execute("SELECT message FROM finding"))
    assert "order PO-1 lost line 2 in oracle-emea, and is open in coupa: 100.00 EUR of it" in message


def test_an_invoice_for_a_line_that_the_erp_has_cancelled_stops() -> None:
    """The order is open and its other line can be invoiced; this one goes on by itself when the line is in force again."""
    desk = InvoiceDesk()
    desk.order(two_lines())
    desk.receive(a_receipt("4", order_line="2"))
    erp_cancels_line(desk, "2")

    desk.invoice(an_invoice(a_line("4", "25", order_line="2")))
    stopped = (list(desk.exceptions), desk.cause, list(desk.sent))
    erp_cancels_line(desk)

    assert [("MATCH_ORDER", "open")] == stopped[0]
    assert "line 2 of order PO-1 is cancelled in oracle-emea" in stopped[1]
    assert "invoice.create" not in stopped[2]
    assert ("verify_posting", []) == (desk.step(), desk.open_cases)


def test_a_line_that_its_source_cancels_is_no_news_from_the_erp() -> None:
    """It was asked for: nothing is told, and the order ends where it should."""
    desk = InvoiceDesk()
    desk.order(two_lines())
    desks, chairs = two_lines().lines
    lines = (desks, chairs.model_copy(update={"is_cancelled": True}))
    desk.tell(SOURCE, "4711", two_lines(lines=lines, total=eur("100"), revision="2"))
    desk.answers(2)

    erp_cancels_line(desk, "2")
    desk.read()

    assert ([], 10000) == (desk.noted, desk.open_minor)


def more_desks(revision: str = "2") -> PurchaseOrder:
    """The order of two lines with twelve desks in place of ten."""
    (desks,) = an_order("12").lines
    chairs = two_lines().lines[1]
    return two_lines(lines=(desks, chairs), total=eur("220"), revision=revision)


def erp_issues_without(desk: InvoiceDesk, number: str) -> None:
    """The ERP approves what it was asked for; the line that it had cancelled stays as it is."""
    chairs = two_lines().lines[1].model_copy(update={"number": number, "is_cancelled": True})
    asked = records.get(desk.store.db, Commitment, "finsync", f"{SOURCE}:4711")
    assert asked is not None
    order = issued(asked.record, "ERP-PO-1")
    desk.tell(TARGET, "ERP-4711", order.model_copy(update={"lines": (*order.lines, chairs)}))


def test_a_line_that_the_erp_has_cancelled_is_asked_for_no_more() -> None:
    """The source changes another line and goes on ordering it: the change goes through, and the status still names it."""
    desk = InvoiceDesk()
    desk.order(two_lines())
    desk.receive()
    erp_cancels_line(desk, "2")

    desk.tell(SOURCE, "4711", more_desks())
    asked = desk.body("order.change")["commitment"]
    desk.answers(2)
    erp_issues_without(desk, "2")
    desk.answer()
    desk.read()
    changed = (desk.step("4711"), desk.open_minor, told(desk)[-1])
    erp_cancels_line(desk, "2")  # read again, it is no news

    assert [("1", 12000)] == [(line["number"], line["amount"]["amount_minor"]) for line in asked["lines"]]
    assert ("done", 12000, "Open, line 2 cancelled") == changed
    assert (["ORDER_ENDED"], []) == (desk.noted, desk.exceptions)
    desk.tell(SOURCE, "4711", more_desks("3").model_copy(update={"description": "Desks"}))
    assert ["1"] == [line["number"] for line in desk.body("order.change")["commitment"]["lines"]]


def test_a_line_that_its_source_had_cancelled_and_orders_again_is_asked_for() -> None:
    """Only what the ERP cancelled by itself is left out: whether it takes this one up again, it has to say."""
    desk = InvoiceDesk()
    desk.order(two_lines())
    desks, chairs = two_lines().lines
    without = (desks, chairs.model_copy(update={"is_cancelled": True}))
    desk.tell(SOURCE, "4711", two_lines(lines=without, total=eur("100"), revision="2"))
    desk.answers(2)
    erp_issues_without(desk, "2")
    desk.answer()
    desk.read()

    desk.tell(SOURCE, "4711", two_lines(revision="3"))

    assert ["1", "2"] == [line["number"] for line in desk.body("order.change")["commitment"]["lines"]]


def test_an_order_of_which_the_erp_has_cancelled_every_line_stops() -> None:
    """There is nothing to ask for: a person ends it, or orders anew."""
    desk = InvoiceDesk()
    desk.order()
    erp_cancels_line(desk, "1")

    desk.tell(SOURCE, "4711", an_order("12", revision="2"))

    assert [("REJECTED", "open")] == desk.exceptions
    assert "cancelled every line of order PO-1" in desk.cause
    assert "order.change" not in desk.all_sent


@pytest.mark.parametrize("status", ["cancelled", "closed"])
def test_an_order_that_the_erp_ends_while_a_change_of_it_is_held_promises_nothing(
    desk: InvoiceDesk, status: str
) -> None:
    """The change waits for an analyst, for weeks perhaps; what is in force is the version before, and the ERP has ended that."""
    desk.rows["cost_centre"] = (("430", "430"),)
    desk.tell(SOURCE, "4711", an_order("12", revision="2"))
    held = (desk.step("4711"), desk.open_minor)
    erp_shows(desk, status)

    assert ("resolve_accounts", 10000) == held
    assert (0, ["Open", status.capitalize()], ["ORDER_ENDED"]) == (desk.open_minor, told(desk), desk.noted)
    assert [("MAPPING_MISSING", "open")] == desk.exceptions
    assert ("done", "held") == tuple(one.state for one in desk.order_flows())


def test_a_change_that_was_held_goes_on_after_what_the_erp_did_meanwhile(desk: InvoiceDesk) -> None:
    """Retried while its source is still to be told, it waits for that, and is then decided anew."""
    desk.rows["cost_centre"] = (("430", "430"),)
    desk.tell(SOURCE, "4711", an_order("12", revision="2"))
    order = desk.shown[Want(TARGET, PurchaseOrder.entity, "ERP-4711")]
    desk.tell(TARGET, "ERP-4711", order.model_copy(update={"status": "closed"}))
    desk.rows["cost_centre"] = (("430", "430"), ("420", "420"))
    desk.retry()
    waits = (desk.pending, desk.open_minor)
    while desk.pending:
        desk.answer()

    assert (["order.write_back"], 0) == waits
    assert ["order.change", "order.submit"] == [one for one in desk.all_sent if "order" in one][-2:]
    assert [("MAPPING_MISSING", "closed")] == desk.exceptions
