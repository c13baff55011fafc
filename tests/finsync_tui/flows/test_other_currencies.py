"""Budgets and approval limits in another currency than the document: by the rate of the day, and never silently not at all."""

from __future__ import annotations

from decimal import Decimal

import pytest

from store.canonical.money import Money
from store.canonical.organisation import ExchangeRate
from store.canonical.purchasing import PurchaseOrder
from tests.builders import a_purchase_order, an_order_line
from tests.finsync_tui.flows.invoice_desk import SOURCE, TARGET, InvoiceDesk, an_invoice, eur
from tests.finsync_tui.flows.test_budgets import a_budget, an_absolute_desk, set_company

EXTRACT = "extract"


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


def an_order_in(currency: str, amount: str, number: str = "PO-1") -> PurchaseOrder:
    line = an_order_line(amount, currency, quantity="1", unit_price=amount)
    return a_purchase_order(currency=currency, number=number, lines=(line,))


def _know(desk: InvoiceDesk, rate: str, kind: str = "Corporate", system: str = TARGET) -> None:
    """The system shows what a dollar is in euros, on the day of the desk."""
    day = desk.now.date()
    shown = ExchangeRate(
        number=f"USD/EUR/{day}/{kind}", from_currency="USD", to_currency="EUR", rate_on=day, rate=Decimal(rate),
        kind=kind,
    )  # fmt: skip
    desk.put(system, f"rate-{kind}", shown)


@pytest.mark.parametrize(("rate", "is_stopped"), [("0.90", False), ("1.00", False), ("1.01", True)])
def test_an_order_in_dollars_is_held_against_the_budget_in_euros(rate: str, is_stopped: bool) -> None:
    """100 dollars of 100 euros: it depends on the rate."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "b", a_budget("100"))
    _know(desk, rate)

    desk.tell(SOURCE, "4711", an_order_in("USD", "100"))

    assert ([("BUDGET_EXCEEDED", "open")] if is_stopped else []) == desk.exceptions
    if is_stopped:
        assert "the order takes 100.00 USD, 100.00 EUR are left" in desk.cause


def test_what_is_ordered_in_dollars_uses_the_budget_in_euros() -> None:
    """950 of 1,000 euros are taken by an order in dollars: one over 51 euros is one too many, one over 50 is not."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "b", a_budget("1000"))
    _know(desk, "0.95")
    desk.order(an_order_in("USD", "1000"))

    desk.tell(SOURCE, "4712", an_order_in("EUR", "51", "PO-2"))
    stopped = (list(desk.exceptions), desk.cause)
    desk.tell(SOURCE, "4713", an_order_in("EUR", "50", "PO-3"))

    assert [("BUDGET_EXCEEDED", "open")] == stopped[0] == desk.exceptions
    assert "the order takes 51.00 EUR, 50.00 EUR are left" in stopped[1]


@pytest.mark.parametrize("kinds", [(), ("Corporate", "Spot")])
def test_without_one_rate_nobody_says_that_the_budget_suffices(kinds: tuple[str, ...]) -> None:
    """None, or several that are not the same: an absolute budget stops it, and the exception says what helps."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "b", a_budget("1000"))
    for n, kind in enumerate(kinds):
        _know(desk, f"0.9{n}", kind)

    desk.tell(SOURCE, "4711", an_order_in("USD", "100"))
    found = (list(desk.exceptions), desk.cause)
    set_company(desk, rate_kind="Corporate")
    _know(desk, "0.90")
    desk.retry()

    assert [("BUDGET_EXCEEDED", "open")] == found[0]
    assert "and no one rate from USD to EUR is known for 2026-01-05" in found[1]
    assert [("BUDGET_EXCEEDED", "closed")] == desk.exceptions


def test_an_advisory_budget_that_nobody_can_compare_is_noted() -> None:
    """The order goes on; what is not known stands in the finding."""
    desk = InvoiceDesk()
    desk.put(EXTRACT, "b", a_budget("1000"))

    desk.tell(SOURCE, "4711", an_order_in("USD", "100"))

    assert (["BUDGET_LOW"], ["order.create"]) == (desk.noted, desk.all_sent)


@pytest.mark.parametrize(("limit", "is_enough"), [("94.99", False), ("95", True)])
def test_a_limit_in_another_currency_counts_by_the_rate_of_the_day(limit: str, is_enough: bool) -> None:
    """100 dollars are 95 euros. Without a rate it stays unknown."""
    desk = InvoiceDesk(approval={"limit": "block"})
    _know(desk, "0.95")
    desk.approve()
    desk.person("7", "a.berg", approval_limit=eur(limit))
    (line,) = an_invoice().lines
    part = line.distributions[0].model_copy(update={"amount": usd("100")})
    free = line.model_copy(
        update={"amount": usd("100"), "distributions": (part,), "order_number": None, "order_line": None}
    )

    desk.invoice(an_invoice(free, currency="USD", total=usd("100")))

    assert ([] if is_enough else [("APPROVAL_LIMIT", "open")]) == desk.exceptions
    assert [] == desk.noted


def test_who_approves_their_own_request_is_told_whatever_case_the_login_has() -> None:
    """Logins are compared as people are found: without case."""
    desk = InvoiceDesk(approval={"self_approval": "block"})
    desk.order()
    desk.receive()
    desk.approve("K.Lind")  # k.lind asked for it

    desk.invoice()

    assert [("APPROVER_SELF", "open")] == desk.exceptions
