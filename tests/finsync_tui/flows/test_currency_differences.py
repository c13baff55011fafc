"""Order, receipt and invoice in different currencies: nobody converts, somebody is told, and the correction goes on."""

from __future__ import annotations

from datetime import date
from typing import Any

from finsync_tui import explain
from store import cases
from store.canonical.money import Money
from store.canonical.payables import Invoice
from store.canonical.purchasing import Receipt
from tests.finsync_tui.flows.invoice_desk import (
    SOURCE,
    InvoiceDesk,
    a_line,
    a_receipt,
    an_invoice,
    an_order,
)


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


def in_dollars() -> Invoice:
    """Return the invoice of ten desks, in dollars."""
    (line,) = an_invoice(a_line()).lines
    (part,) = line.distributions
    line = line.model_copy(
        update={"amount": usd("100"), "distributions": (part.model_copy(update={"amount": usd("100")}),)}
    )
    return an_invoice(line, currency="USD", total=usd("100"))


def by_amount() -> InvoiceDesk:
    """Return a desk with an order of cleaning for 100 euros, which has no quantity."""
    desk = InvoiceDesk(posts_receipts=True, match={"level": "three_way", "receipt_patience": "P0D"})
    (line,) = an_order().lines
    (part,) = line.distributions
    free = {"quantity": None, "unit_price": None, "uom": None}
    line = line.model_copy(update={**free, "distributions": (part.model_copy(update={"quantity": None}),)})
    desk.order(an_order(lines=(line,)))
    return desk


def received(amount: Money, number: str = "R1", **changes: Any) -> Receipt:
    """Return a receipt by amount."""
    return a_receipt(number=number, **{"quantity": None, "uom": None, "amount": amount, **changes})


def story(desk: InvoiceDesk, document: str) -> str:
    return "\n".join(f"{one.what} {one.detail}" for one in explain.story(desk.store.db, document).lines)


def test_an_invoice_in_another_currency_is_explained_and_the_right_one_goes_on() -> None:
    """Both currencies are named, the fix is one that ends it: the supplier's corrected invoice is posted and paid."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    desk.invoice(in_dollars())
    (case,) = cases.live_for_document(desk.store.db, f"{SOURCE}:I1")
    told = story(desk, "INV-1")

    desk.finish()

    assert "MATCH_CURRENCY" == case.class_
    assert "invoice INV-1: the invoice is in USD, order PO-1 line 1 in EUR" in case.cause
    assert "Ask the supplier for an invoice in the order's currency." in case.fix
    assert "MATCH_CURRENCY" in told
    assert "the invoice is in USD" in told
    assert [("MATCH_CURRENCY", "closed")] == desk.exceptions
    assert ("done", [("P1", "100")], 0) == (desk.step(), desk.recorded, desk.open_minor)
    assert 1 == desk.all_sent.count("invoice.create")


def test_a_receipt_in_another_currency_is_not_received() -> None:
    """The ERP would take a hundred dollars for a hundred euros; the one that is received again in euros goes on."""
    desk = by_amount()
    before = len(desk.all_sent)
    desk.tell(SOURCE, "R1", received(usd("100")))
    (case,) = cases.live_for_document(desk.store.db, f"{SOURCE}:R1")
    told, sent = story(desk, "R1"), desk.all_sent[before:]

    desk.tell(SOURCE, "R1", received(usd("100"), status="voided"))
    again = received(Money.of("100", "EUR"), "R2", received_on=date(2026, 1, 6))
    desk.receive(again)

    assert ("MATCH_CURRENCY", []) == (case.class_, sent)
    assert "receipt R1 is for 100.00 USD, order PO-1 is in EUR" == case.cause
    assert "receive it again in EUR" in case.fix
    assert "is for 100.00 USD" in told
    assert [("MATCH_CURRENCY", "closed")] == desk.exceptions
    assert ("done", "done") == (desk.step("R1"), desk.step("R2"))


def test_what_was_received_in_another_currency_does_not_count_for_the_invoice() -> None:
    """A hundred dollars that arrived are no hundred euros."""
    desk = by_amount()
    desk.tell(SOURCE, "R1", received(usd("100")))
    (line,) = an_invoice(a_line()).lines

    desk.invoice(an_invoice(line.model_copy(update={"quantity": None, "unit_price": None, "uom": None})))

    assert ["MATCH_CURRENCY", "MATCH_RECEIPT"] == sorted(class_ for class_, _ in desk.exceptions)
    assert "invoice.create" not in desk.all_sent
