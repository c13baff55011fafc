"""Withheld tax: what the country's rule says against what the ERP kept back."""

from __future__ import annotations

from typing import Any

import pytest

from store.canonical.payables import PaidInvoice
from tests.finsync_tui.flows.invoice_desk import InvoiceDesk, a_free_line, an_invoice, eur


def a_desk(percent: str | None = "10", **policy: Any) -> InvoiceDesk:
    """An invoice over 100 waits for its payment; so much of it is to be withheld."""
    rules = {"withholding": [{"percent": percent}]} if percent else {}
    severity = dict.fromkeys(("needs_review", "unknown_code", "undercharged", "not_taxable"), "off")
    desk = InvoiceDesk(tax={"severity": severity, "countries": {"DE": rules}, **policy})
    desk.post(an_invoice(a_free_line(tax_code="V19")))
    return desk


def settle(desk: InvoiceDesk, amount: str, **changes: Any) -> None:
    """The ERP pays so much, and shows the invoice as paid with it."""
    desk.pay(amount=amount, **changes)
    desk.erp_shows(paid_status="paid", paid=eur(amount))
    while desk.pending:
        desk.answer()
    desk.read()


def findings(desk: InvoiceDesk) -> list[str]:
    return [
        row[0]
        for row in desk.store.db.execute("SELECT message FROM finding WHERE class = 'WITHHOLDING_DIFFERS'")
    ]


def test_what_the_rule_says_and_the_erp_kept_back_is_no_news() -> None:
    """Ninety left, ten were withheld; the source reads that it is paid, and what left."""
    desk = a_desk()

    settle(desk, "90")

    assert ("done", [("P1", "90")], []) == (desk.step(), desk.recorded, findings(desk))


@pytest.mark.parametrize(("amount", "kept"), [("100", "0.00"), ("50", "50.00")])
def test_too_little_or_too_much_kept_back_is_a_finding_with_both_amounts(amount: str, kept: str) -> None:
    """By default it stops nobody: the money has left, and the source was told of it."""
    desk = a_desk()

    settle(desk, amount)

    assert ("done", [("P1", amount)]) == (desk.step(), desk.recorded)
    assert [
        "10.00 EUR are to be withheld for the supplier's tax office by the country's rule, and oracle-emea kept back "
        f"{kept} EUR"
    ] == findings(desk)


def test_a_discount_is_not_taken_for_withheld_tax() -> None:
    """Two of the twelve that did not leave were a discount."""
    desk = a_desk()
    with_discount = PaidInvoice(invoice_id="ERP-I1", amount=eur("88"), discount=eur("2"))

    settle(desk, "88", invoices=(with_discount,))

    assert ("done", []) == (desk.step(), findings(desk))


def test_tax_that_the_erp_withholds_where_no_rule_says_so_is_a_finding() -> None:
    """Its payments say how much; without a rule and without such a word, a smaller payment is a discount."""
    said, silent = a_desk(percent=None), a_desk(percent=None)

    settle(said, "90", withheld=eur("10"))
    settle(silent, "90")

    assert (1, 0) == (len(findings(said)), len(findings(silent)))


def test_by_policy_it_stops_until_the_erp_or_a_person_says_otherwise() -> None:
    """The source was told; a retry says that it is right, and it is not asked again."""
    desk = a_desk(withholding_differs="block")
    settle(desk, "100")
    found = (desk.step(), list(desk.exceptions), desk.cause, desk.recorded)

    desk.retry()
    desk.read()

    assert ("check_withheld", [("WITHHOLDING_DIFFERS", "open")], [("P1", "100")]) == (*found[:2], found[3])
    assert "10.00 EUR are to be withheld" in found[2]
    assert ("done", "closed") == (desk.step(), desk.exceptions[0][1])


def test_a_void_and_a_right_payment_end_the_exception() -> None:
    """The ERP corrects it: nobody has to say anything."""
    desk = a_desk(withholding_differs="block")
    settle(desk, "100")

    desk.erp_shows(paid_status="unpaid", paid=eur("0"))
    desk.pay(status="voided")
    while desk.pending:
        desk.answer()
    settle(desk, "90", payment_id="P2")

    assert ("done", [("P1", "100"), ("Void P1", "-100"), ("P2", "90")]) == (desk.step(), desk.recorded)
    assert [("WITHHOLDING_DIFFERS", "closed")] == desk.exceptions
