"""Rules of `invoice_match` and `invoice_tolerance`: what an invoice is held against, and how much it may differ."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from finsync_tui.policies import ruling
from finsync_tui.policies.asked import bounds
from finsync_tui.policies.model import PolicySetup
from finsync_tui.policies.verdicts import Judging
from store import cases, workflows
from store.canonical.payables import InvoiceLine
from tests.finsync_tui.flows.invoice_desk import (
    SOURCE,
    InvoiceDesk,
    a_line,
    a_receipt,
    an_invoice,
    an_order,
    eur,
)
from tests.finsync_tui.flows.test_invoice_disputes import settle_all
from tests.finsync_tui.flows.test_ruled_settings import SHIPPED


def setup(decides: str, **rules: tuple[str, str]) -> PolicySetup:
    return PolicySetup.model_validate(
        {
            "decides": decides,
            "rules": {
                name: {"when": when, "then": then, "why": "ours"} for name, (when, then) in rules.items()
            },
        }
    )


def judged(*own: PolicySetup) -> Mapping[str, Judging]:
    """Return the judges of one's own rules beside those that are shipped."""
    return ruling.judges(SHIPPED | {f"own{n}": one for n, one in enumerate(own)})


def tolerance(when: str, then: str) -> PolicySetup:
    return setup("invoice_tolerance", own=(when, then))


def desk(*own: PolicySetup, **invoice: Any) -> InvoiceDesk:
    """Return a desk at which 10 desks at 10.00 are ordered; the settings allow 2% in price and 5% in quantity."""
    found = InvoiceDesk(**invoice)
    found.judges = judged(*own)
    return found


def matched(found: InvoiceDesk, *lines: Any, received: str | None = "10", **changes: Any) -> list[str]:
    """Order, receive and invoice; return what holds the invoice."""
    found.order(an_order(**changes))
    if received is not None:
        found.receive(a_receipt(received))
    found.invoice(an_invoice(*lines))
    return [class_ for class_, _ in found.exceptions]


@pytest.mark.parametrize(
    ("then", "price", "held"),
    [
        ("3%", "10.30", []),
        ("3%", "10.31", ["MATCH_PRICE"]),
        ("1%", "10.11", ["MATCH_PRICE"]),
        ("0%", "10.01", ["MATCH_PRICE"]),
        ("10.00", "11.00", []),
        ("9.99", "11.00", ["MATCH_PRICE"]),
        ("50% 9.99", "11.00", ["MATCH_PRICE"]),
        ("setting", "10.20", []),
        ("setting", "10.21", ["MATCH_PRICE"]),
    ],
)
def test_a_rule_says_how_much_a_price_may_differ(then: str, price: str, held: list[str]) -> None:
    """In percent, in money over all pieces, or both; wider or narrower than the setting, to the cent."""
    found = desk(tolerance("tolerance.kind == 'price'", then))

    assert held == matched(found, a_line("10", price))


def test_a_tolerance_is_of_one_line() -> None:
    """By category: of two lines that differ by as much, only the other one is stopped."""
    when = "tolerance.kind == 'price' && has(tolerance.unit_price) && tolerance.unit_price > decimal('9.00')"
    stopped, passed = (
        desk(tolerance(when, "5%")), desk(tolerance(when.replace("> decimal('9.00')", "> decimal('10.60')"), "5%")),
    )  # fmt: skip

    assert [] == matched(stopped, a_line("10", "10.50"))
    assert ["MATCH_PRICE"] == matched(passed, a_line("10", "10.50"))


@pytest.mark.parametrize(("then", "held"), [("20%", []), ("2.00", []), ("1.99", ["MATCH_QUANTITY"])])
def test_a_rule_says_how_many_more_there_may_be(then: str, held: list[str]) -> None:
    """12 of 10: in percent of what was ordered, or in pieces."""
    found = desk(tolerance("tolerance.kind == 'quantity'", then))

    assert held == matched(found, a_line("12"), received="12")


def test_a_rule_says_how_dear_freight_may_be() -> None:
    """30.00 on goods of 100.00, where the setting allows 20%."""
    freight = InvoiceLine(number="C1", kind="freight", amount=eur("30"), description="Freight")
    wide, plain = desk(tolerance("tolerance.kind == 'charges'", "30%")), desk()

    assert [] == matched(wide, a_line(), freight)
    assert ["MATCH_CHARGES"] == matched(plain, a_line(), freight)


def test_a_rule_says_what_an_invoice_is_held_against() -> None:
    """Without its goods: a small one is held against its order alone, a large one waits for them."""
    own = setup("invoice_match", small=("invoice.total.amount < decimal('100.01')", "two_way"))
    small, plain = desk(own), desk()

    assert [] == matched(small, a_line(), received=None)
    assert [] == matched(plain, a_line(), received=None)
    assert "match" != small.step("I1")
    assert "match" == plain.step("I1")


def test_amounts_are_compared_as_amounts() -> None:
    """100.00 is more than 99.99 and than 9.00."""
    for amount, step in (("99.99", "match"), ("9.00", "match"), ("100.00", "")):
        own = setup("invoice_match", small=(f"invoice.total.amount <= decimal('{amount}')", "none"))
        found = desk(own)
        matched(found, a_line(), received=None)

        assert (step == "match") is (found.step("I1") == "match")


def test_what_decided_is_kept_with_the_step_and_with_the_exception() -> None:
    """`finsync explain` names rule and tolerance, whether it passed or not."""
    own = tolerance("tolerance.kind == 'price'", "3%")
    passed, stopped = desk(own), desk(own)
    matched(passed, a_line("10", "10.30"))
    matched(stopped, a_line("10", "10.40"))
    (workflow,) = workflows.of_document(passed.store.db, "coupa:I1", "invoice")
    step = next(one for one in workflows.steps(passed.store.db, workflow.id) if one.name == "match")
    case = cases.get(stopped.store.db, 1)
    assert case is not None

    assert ["price of PO-1/1: 3% [own0/own]"] == step.detail["policy_rules"] == case.evidence["policy_rules"]


@pytest.mark.parametrize(("then", "noted"), [("50%", []), ("setting", ["MATCH_RECEIPT"])])
def test_what_was_decided_holds_when_goods_go_back_later(then: str, noted: list[str]) -> None:
    """3 of 10 go back after it was posted: within what was said when it was matched, whatever a rule says since."""
    found = desk(tolerance("tolerance.kind == 'quantity'", then), match={"goods_gone": "note"})
    found.order()
    found.receive()
    found.post()
    found.judges = judged(tolerance("true", "0%" if then == "50%" else "50%"))

    found.tell(SOURCE, "R2", a_receipt("-3", "R2", kind="return", original_id="R1"))
    settle_all(found)

    assert (noted, "await_payment") == (found.noted, found.step())


def test_the_rules_of_the_posting_date_decide() -> None:
    """Other rules begin in February: an invoice of January goes by those of January, whenever it is decided."""
    strict, lax = judged(tolerance("true", "0%")), judged(tolerance("tolerance.kind == 'price'", "10%"))
    for posted_on, held in ((date(2026, 1, 31), []), (date(2026, 2, 1), ["MATCH_PRICE"])):
        found = desk()
        found.judges = strict
        found.judges_on = lambda day: lax if day < date(2026, 2, 1) else strict
        found.order()
        found.receive()
        found.invoice(an_invoice(a_line("10", "10.50"), accounting_on=posted_on))

        assert held == [class_ for class_, _ in found.exceptions]


def test_a_rule_of_one_posting_period_is_asked_about_that_period() -> None:
    """`valid_to` of a rule is a posting date, too."""
    own = PolicySetup.model_validate(
        {
            "decides": "invoice_tolerance",
            "rules": {"own": {"when": "true", "then": "10%", "why": "ours", "valid_to": "2026-01-31"}},
        }
    )
    january, february = desk(own), desk(own)
    for found, posted_on in ((january, date(2026, 1, 31)), (february, date(2026, 2, 1))):
        found.order()
        found.receive()
        found.invoice(an_invoice(a_line("10", "10.50"), accounting_on=posted_on))

    assert ([], [("MATCH_PRICE", "open")]) == (january.exceptions, february.exceptions)


def test_nothing_is_kept_where_the_settings_decide() -> None:
    """What is shipped leaves it to them."""
    found = desk()
    matched(found, a_line("10", "10.20"))
    (workflow,) = workflows.of_document(found.store.db, "coupa:I1", "invoice")

    assert "allowed" not in workflow.data


@pytest.mark.parametrize("text", ["", "2 %", "2%10", "101%", "-1", "1e3", "2% 3%", "1 2"])
def test_what_is_no_tolerance_is_found_by_the_check(text: str) -> None:
    """With its place."""
    with pytest.raises(ValueError, match=r"tolerance|100%"):
        bounds(text)
    if text:
        (found,) = ruling.misfits({"own": tolerance("true", text)}, {})
        assert "own.rules.own.then" == found.place


def test_a_wrong_field_is_found_by_the_check() -> None:
    """With its place and the nearest name; a decimal is no whole number."""
    (wrong,) = ruling.misfits({"own": tolerance("tolerance.categori == 'IT'", "1%")}, {})
    (unlike,) = ruling.misfits(
        {"own": tolerance("has(tolerance.quantity) && tolerance.quantity > 5", "1%")}, {}
    )

    assert ("own.rules.own.when", True) == (wrong.place, "category" in wrong.message)
    assert "decimal('10.00')" in unlike.message
