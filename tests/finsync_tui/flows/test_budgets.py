"""Known budgets: each bears what it states, by cost centre, account, project and period, wherever it is read."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from finsync_tui import budgets, commitments
from finsync_tui.profile import Profile
from store import workflows
from store.canonical.budget import Budget
from store.canonical.organisation import FiscalPeriod
from store.canonical.payables import InvoiceLine
from store.canonical.purchasing import PurchaseOrder
from tests.finsync_tui.flows.invoice_desk import (
    SOURCE,
    TARGET,
    InvoiceDesk,
    a_free_line,
    a_line,
    a_receipt,
    a_tax_line,
    an_invoice,
    an_order,
    eur,
)
from tests.finsync_tui.flows.test_order_changed import erp_changes
from tests.finsync_tui.flows.test_order_ended import erp_shows

EXTRACT = "extract"


def a_budget(remaining: str = "99.99", **changes: Any) -> Budget:
    """Return a budget that a hundred euros are too much for."""
    fields: dict[str, Any] = {
        "number": "B-1", "name": "Office", "legal_entity": "DE01", "period": "FY2026", "cost_centre": "420",
        "amount": eur("1000"), "remaining": eur(remaining),
    }  # fmt: skip
    return Budget(**fields | changes)


def an_absolute_desk() -> InvoiceDesk:
    """A desk whose orders are stopped by budgets. Its orders charge 100 euros to 01-420-7110, on 5 January 2026."""
    desk = InvoiceDesk()
    segments = desk.profile.model_dump(mode="json", by_alias=True)["legal_entities"]["DE01"]["segments"]
    set_company(desk, budget_control="absolute", segments=[*segments, {"name": "project", "value": "P-7"}])
    return desk


def set_company(desk: InvoiceDesk, **changes: Any) -> None:
    """Change what the profile says of the company."""
    setup = desk.profile.model_dump(mode="json", by_alias=True)
    setup["legal_entities"]["DE01"] |= changes
    desk.profile = Profile.model_validate(setup)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({}, "cost centre 420: the order takes 100.00 EUR, 99.99 EUR are left"),
        ({"account": "7110"}, "cost centre 420, account 7110: the order takes"),
        ({"cost_centre": None, "account": "7110"}, "suffice for account 7110: the order takes"),
        ({"cost_centre": None, "project": "P-7"}, "suffice for project P-7: the order takes"),
        ({"cost_centre": None}, "suffice for Office: the order takes"),
        ({"period": "Jan-26"}, "cost centre 420 in Jan-26: the order takes"),
        ({"period": "2026-01"}, "cost centre 420 in 2026-01: the order takes"),
        ({"period": "Q1-2026"}, "cost centre 420 in Q1-2026: the order takes"),
        ({"account": "7200"}, None),
        ({"project": "P-8"}, None),
        ({"cost_centre": "430"}, None),
        ({"legal_entity": "FR01"}, None),
        ({"period": "FY2025"}, None),
        ({"period": "Feb-26"}, None),
        ({"period": "Q2-26"}, None),
        ({"remaining": "100.00"}, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("system", [EXTRACT, TARGET])
def test_an_order_is_held_against_every_budget_that_bears_it(
    system: str, changes: dict[str, Any], cause: str | None
) -> None:
    """By what the budget states and no more; one of another account, project, month or company is not asked."""
    desk = an_absolute_desk()
    desk.put(system, "b", a_budget(**changes))

    desk.tell(SOURCE, "4711", an_order())

    if cause is None:
        assert ([], ["order.create"]) == (desk.exceptions, desk.all_sent)
    else:
        assert [("BUDGET_EXCEEDED", "open")] == desk.exceptions
        assert cause in desk.cause


def test_every_budget_that_is_short_is_named() -> None:
    """The cost centre's bears it, its account's and the project's do not."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "centre", a_budget("100"))
    desk.put(EXTRACT, "account", a_budget("60", account="7110"))
    desk.put(TARGET, "project", a_budget("50", cost_centre=None, project="P-7"))

    desk.tell(SOURCE, "4711", an_order())

    assert (
        "cost centre 420, account 7110: the order takes 100.00 EUR, 60.00 EUR are left; "
        "project P-7: the order takes 100.00 EUR, 50.00 EUR are left"
    ) in desk.cause


def test_what_orders_promise_is_taken_off_the_budgets_they_are_charged_to() -> None:
    """Nobody has read the budgets again: the second order of 100 finds what the first left of 150."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "account", a_budget("150", amount=eur("150"), cost_centre=None, account="7110"))
    desk.put(EXTRACT, "other", a_budget("150", amount=eur("150"), cost_centre=None, account="7200"))
    desk.order()

    desk.tell(SOURCE, "4712", an_order(number="PO-2"))

    assert "account 7110: the order takes 100.00 EUR, 50.00 EUR are left" in desk.cause


def test_a_period_that_its_name_does_not_tell_is_that_of_the_ledger() -> None:
    """A company's own name of a period is looked up among the periods of its ledger."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "b", a_budget(period="Opening"))
    desk.tell(SOURCE, "4711", an_order())
    unknown = list(desk.exceptions)
    period = FiscalPeriod(
        number="DE Ledger/Opening", ledger="DE Ledger", name="Opening", starts_on=date(2026, 1, 1),
        ends_on=date(2026, 1, 31), is_open=True,
    )  # fmt: skip
    desk.put(TARGET, "p", period)

    desk.tell(SOURCE, "4712", an_order(number="PO-2"))

    assert ([], [("BUDGET_EXCEEDED", "open")]) == (unknown, desk.exceptions)


@pytest.mark.parametrize(("account", "step"), [("7110", "check_approval"), ("7200", "await_posting")])
def test_an_invoice_without_an_order_is_held_against_the_budget_of_its_account(
    account: str, step: str
) -> None:
    """What it was approved on is not there any more, of exactly what it is charged to."""
    desk = InvoiceDesk(approval={"budget": "block"})
    desk.put(EXTRACT, "b", a_budget(account=account))

    desk.invoice(an_invoice(a_free_line()))

    assert step == desk.step()


def used(desk: InvoiceDesk) -> list[tuple[Any, ...]]:
    """What the views say that nobody promised: cost centre, account, month, ordered, invoiced, open."""
    rows = desk.store.db.execute(
        "SELECT cost_centre, account, period, ordered_minor, invoiced_minor, amount_minor FROM v_commitment"
        " WHERE stage = 'expenditure' ORDER BY 1"
    )
    return [tuple(row) for row in rows]


def test_an_invoice_without_an_order_uses_the_budget_of_its_accounts() -> None:
    """Once it is posted, net of tax, on its accounts and in its month; void gives it back. The next order finds the rest."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "b", a_budget("150", amount=eur("150")))
    desk.invoice(an_invoice(a_free_line("60"), a_free_line("30", "2", "430"), a_tax_line("17.10")))
    before = used(desk)
    desk.answers(2)
    desk.read()
    posted = used(desk)
    desk.tell(SOURCE, "4711", an_order())
    cause = desk.cause

    desk.answer()
    desk.invoice(
        an_invoice(a_free_line("60"), a_free_line("30", "2", "430"), a_tax_line("17.10"), status="cancelled")
    )
    desk.answers(1)

    assert [] == before
    assert [("420", "7110", "2026-01", 6000, 6000, 0), ("430", "7110", "2026-01", 3000, 3000, 0)] == posted
    assert "cost centre 420: the order takes 100.00 EUR, 90.00 EUR are left" in cause
    assert [] == used(desk)


def test_what_is_prepaid_or_matches_an_order_is_no_spending_of_its_own() -> None:
    """An order has promised it; the invoice that a prepayment is applied to spends it."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()

    desk.post()
    desk.invoice(an_invoice(a_free_line("60"), number="PRE-1", kind="prepayment"), "I2")
    desk.answers(2)
    desk.read()

    assert [] == used(desk)
    assert "publish" in [one.name for one in workflows.steps(desk.store.db, desk.flow("I2").id)]


@pytest.mark.parametrize(
    ("period", "is_short"), [("FY2026", True), ("FY2027", False), ("Q1-2026", True), ("Feb-26", False)]
)
def test_spending_counts_in_the_year_and_month_that_it_was_booked_in(period: str, is_short: bool) -> None:
    """Last year's invoices take nothing of this year's budget."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "b", a_budget("150", amount=eur("150"), period=period))
    desk.invoice(an_invoice(a_free_line("60")))
    desk.answers(2)
    desk.read()

    with desk.store.transaction() as db:
        taken = db.execute("SELECT count(*) FROM expenditure_line").fetchone()[0]
    desk.clock.advance(timedelta(days=365 if period == "FY2027" else 0))
    desk.tell(SOURCE, "4711", an_order())

    assert 1 == taken
    assert is_short == bool(desk.exceptions)


@pytest.mark.parametrize("status", ["closed", "cancelled"])
def test_an_order_that_ends_leaves_what_was_invoiced_of_it_spent(status: str) -> None:
    """It frees the 60 that were open: the next order of 120 finds 110 of 150."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "b", a_budget("150", amount=eur("150")))
    desk.order()
    desk.receive()
    desk.post(an_invoice(a_line("4")))
    erp_shows(desk, status)

    desk.tell(SOURCE, "4712", an_order("12", number="PO-2"))

    assert 0 == desk.open_minor
    assert "cost centre 420: the order takes 120.00 EUR, 110.00 EUR are left" in desk.cause


def test_what_is_invoiced_beyond_an_order_uses_the_budget() -> None:
    """Ordered 100, invoiced 102 within the tolerance: of 105 are 3 left."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "b", a_budget("105", amount=eur("105")))
    desk.order()
    desk.receive(a_receipt("10"))
    desk.post(an_invoice(a_line("10", "10.2")))

    desk.tell(SOURCE, "4712", an_order("0.4", number="PO-2"))

    assert "the order takes 4.00 EUR, 3.00 EUR are left" in desk.cause


def an_order_for(period: str | None, number: str = "PO-1") -> PurchaseOrder:
    """Return an order of 100 that names a budget period, or none."""
    order = an_order(number=number)
    (line,) = order.lines
    (part,) = line.distributions
    parts = (part.model_copy(update={"period": period}),)
    return order.model_copy(update={"lines": (line.model_copy(update={"distributions": parts}),)})


def reported(desk: InvoiceDesk, *by: str) -> list[tuple[Any, ...]]:
    """What the report says of each budget: its period, what is used of it and what is left."""
    lines = budgets.known(desk.store.db, desk.profile, desk.now.date())
    calendars = budgets.calendars_of(desk.store.db, desk.profile)
    rows = commitments.report(desk.store.db, ["cost_centre", *by], None, lines, calendars=calendars)
    return [(row.get("period"), row["used"], row["left"]) for row in rows if row["budget"] is not None]


PERIODS = (None, "Jan-26", "2026-01", "Q1-2026", "FY2026", "FY26")


@pytest.mark.parametrize("named", PERIODS)
@pytest.mark.parametrize("budgeted", ["FY2026", "Q1-2026", "2026-01", "Jan-26"])
def test_two_orders_do_not_spend_one_budget_however_both_name_its_period(
    budgeted: str, named: str | None
) -> None:
    """Control and report compare days, never names: an order that names no period, or a wider one, counts on its own day."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "b", a_budget("150", amount=eur("150"), period=budgeted))
    desk.order(an_order_for(named))

    desk.tell(SOURCE, "4712", an_order_for(named, "PO-2"))

    assert "the order takes 100.00 EUR, 50.00 EUR are left" in desk.cause
    assert [(None, "100.00", "50.00")] == reported(desk)
    assert [(budgeted, "100.00", "50.00")] == reported(desk, "period")


@pytest.mark.parametrize(
    ("named", "budgeted", "is_short"),
    [
        ("2026-02", "Feb-26", True),
        ("2026-02", "Q1-2026", True),
        ("2026-02", "Jan-26", False),
        ("2026-07", "Q3-2026", True),
        ("2026-07", "Q1-2026", False),
        ("2027-01", "FY2027", True),
        ("2027-01", "FY2026", False),
        ("Q3-2026", "2026-01", False),
        ("Q3-2026", "2026-07", True),
        ("FY2027", "Q1-2027", True),
        ("FY2027", "Q1-2026", False),
        ("Move", "FY2026", True),
        ("Move", "Move", True),
        (None, "Move", False),
    ],
)
def test_the_period_that_an_order_names_decides_which_budget_bears_it(
    named: str | None, budgeted: str, is_short: bool
) -> None:
    """Not the day that it comes on, 5 January 2026; where only a name is known, whoever names it."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "b", a_budget("50", amount=eur("50"), period=budgeted))

    desk.tell(SOURCE, "4711", an_order_for(named))

    assert is_short == bool(desk.exceptions)


def test_last_years_orders_take_nothing_of_this_years_budget() -> None:
    """An order goes on counting in the year that it was first promised in, also when it is changed later."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "old", a_budget("130", amount=eur("130"), period="FY2026"))
    desk.put(EXTRACT, "new", a_budget("130", amount=eur("130"), period="FY2027"))
    desk.order(an_order_for(None))
    desk.clock.advance(timedelta(days=365))
    desk.tell(SOURCE, "4711", an_order("12", revision="2"))
    desk.answers(2)
    desk.erp_issues()

    desk.tell(SOURCE, "4712", an_order_for(None, "PO-2"))

    assert [] == desk.exceptions
    assert [("FY2026", "120.00", "10.00"), ("FY2027", "0.00", "130.00")] == reported(desk, "period")


def test_a_budget_bears_a_line_that_somebody_adds_in_the_erp() -> None:
    """On the day of the order that it was added to: control and report take it off that year's budget, and keep to it."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "old", a_budget("150", amount=eur("150"), period="FY2026"))
    desk.put(EXTRACT, "new", a_budget("150", amount=eur("150"), period="FY2027"))
    desk.order(an_order_for(None))
    erp_changes(desk, "2", amount=eur("30"))
    used = reported(desk, "period")

    desk.tell(SOURCE, "4712", an_order("3", number="PO-2"))
    cause = desk.cause
    desk.clock.advance(timedelta(days=365))
    erp_changes(desk, "2", amount=eur("40"))

    assert [("FY2026", "130.00", "20.00"), ("FY2027", "0.00", "150.00")] == used
    assert "cost centre 420: the order takes 30.00 EUR, 20.00 EUR are left" in cause
    assert [("FY2026", "140.00", "10.00"), ("FY2027", "0.00", "150.00")] == reported(desk, "period")


def test_a_ledgers_own_quarter_is_not_the_calendars() -> None:
    """A fiscal year that begins in April: what its ledger calls Q1 bears what is ordered from April to June."""
    desk = an_absolute_desk()
    desk.put(EXTRACT, "b", a_budget("50", amount=eur("50"), period="Q1-2026"))
    period = FiscalPeriod(
        number="DE Ledger/Q1-2026", ledger="DE Ledger", name="Q1-2026", starts_on=date(2026, 4, 1),
        ends_on=date(2026, 6, 30), is_open=True,
    )  # fmt: skip
    desk.put(TARGET, "p", period)
    desk.tell(SOURCE, "4711", an_order_for(None))
    in_january = list(desk.exceptions)
    desk.clock.advance(timedelta(days=100))

    desk.tell(SOURCE, "4712", an_order_for(None, "PO-2"))

    assert ([], [("BUDGET_EXCEEDED", "open")]) == (in_january, desk.exceptions)


def test_an_invoice_without_an_order_finds_what_orders_took_of_its_quarter() -> None:
    """Neither names a period; it counts on the day it is booked on."""
    desk = InvoiceDesk(approval={"budget": "block"})
    desk.put(EXTRACT, "b", a_budget("150", amount=eur("150"), period="Q1-2026"))
    desk.order(an_order_for(None))

    desk.invoice(an_invoice(a_free_line("100"), accounting_on=date(2026, 3, 31)))
    short = desk.step()
    desk.invoice(an_invoice(a_free_line("140"), number="INV-2", accounting_on=date(2026, 4, 1)), "I2")

    assert ("check_approval", "await_posting") == (short, desk.step("I2"))


def a_source_budget(**changes: Any) -> Budget:
    """Return a budget as Coupa writes it: its chart, and its own code of the cost centre."""
    fields = {
        "legal_entity": "DE Chart",
        "cost_centre": "420",
        "remaining": eur("100"),
        "amount": eur("90"),
    }
    return a_budget().model_copy(update={**fields, **changes})


@pytest.mark.parametrize(
    ("control", "exceptions", "noted"),
    [("absolute", [("BUDGET_EXCEEDED", "open")], []), ("advisory", [], ["BUDGET_LOW"])],
)
@pytest.mark.parametrize("company", ["DE Chart", "01"])
def test_a_procurement_systems_budget_controls_where_nothing_else_is_budgeted(
    company: str, control: str, exceptions: list[tuple[str, str]], noted: list[str]
) -> None:
    """By its own codes, however it names the company; what an ERP that checks funds itself decides is not doubted here."""
    desk = an_absolute_desk()
    set_company(desk, budget_control=control)
    desk.put(SOURCE, "b", a_source_budget(legal_entity=company))

    desk.tell(SOURCE, "4711", an_order())

    assert (exceptions, noted) == (desk.exceptions, desk.noted)


@pytest.mark.parametrize(
    ("changes", "is_short"),
    [
        ({"amount": eur("1000"), "remaining": eur("0")}, False),  # by this very order
        ({"amount": eur("1000"), "remaining": eur("-0.01")}, True),
        ({"amount": eur("1000"), "remaining": eur("900"), "cost_centre": "430"}, False),
        ({"legal_entity": "FR Chart"}, False),
        ({"period": "FY2027"}, False),
        ({"account": "7110"}, True),
        ({"project": "P-7"}, False),
    ],
)
def test_what_a_procurement_system_shows_as_left_has_been_taken_by_its_own_orders(
    changes: dict[str, Any], is_short: bool
) -> None:
    """Below nothing is too little, what is left after this order is enough; by what it states and no more."""
    desk = an_absolute_desk()
    desk.put(SOURCE, "b", a_source_budget(**changes))

    desk.tell(SOURCE, "4711", an_order())

    assert is_short == bool(desk.exceptions)


def test_orders_of_a_source_budget_are_taken_off_it() -> None:
    """What they are charged to is written in the ERP's codes: 42 is its 420."""
    desk = an_absolute_desk()
    desk.rows["cost_centre"] = [*desk.rows["cost_centre"], ("42", "420")]
    desk.put(SOURCE, "b", a_source_budget(remaining=eur("500"), amount=eur("150"), cost_centre="42"))
    coded = an_order()
    (line,) = coded.lines
    (part,) = line.distributions
    parts = (part.model_copy(update={"segments": ("01", "42", "7110"), "account": "01-42-7110"}),)
    coded = coded.model_copy(update={"lines": (line.model_copy(update={"distributions": parts}),)})
    desk.order(coded)

    desk.tell(SOURCE, "4712", coded.model_copy(update={"number": "PO-2"}))

    assert "cost centre 420: the order takes 100.00 EUR, 50.00 EUR are left" in desk.cause


@pytest.mark.parametrize(("period", "is_short"), [("FY2026", False), ("Q1-2026", False), ("FY2027", True)])
@pytest.mark.parametrize("system", [EXTRACT, TARGET])
def test_a_source_budget_is_a_copy_where_the_file_or_the_erp_budgets(
    system: str, period: str, is_short: bool
) -> None:
    """At its place and in its time: the same money is not asked for twice."""
    desk = an_absolute_desk()
    desk.put(SOURCE, "b", a_source_budget())
    desk.put(system, "b", a_budget("5000", amount=eur("5000"), period=period))

    desk.tell(SOURCE, "4711", an_order())

    assert is_short == bool(desk.exceptions)


def test_a_source_budget_controls_nothing_where_the_erp_checks_the_funds() -> None:
    """The ERP is asked when it has the draft."""
    desk = an_absolute_desk()
    set_company(desk, funds_check="erp")
    desk.put(SOURCE, "b", a_source_budget())

    desk.tell(SOURCE, "4711", an_order())

    assert ([], ["order.create"]) == (desk.exceptions, desk.all_sent)


def a_charge(amount: str = "10") -> InvoiceLine:
    return InvoiceLine(number="C1", kind="freight", amount=eur(amount), description="Freight")


@pytest.mark.parametrize(
    ("lines", "spent"), [((a_free_line("60"), a_charge()), 7000), ((a_line(), a_charge()), 1000)]
)
def test_charges_without_an_account_use_the_budget_of_who_bears_them(
    lines: tuple[InvoiceLine, ...], spent: int
) -> None:
    """They go with the items: also with those of an order, which did not promise them."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()

    desk.post(an_invoice(*lines))

    assert [("420", "7110", "2026-01", spent, spent, 0)] == used(desk)


def test_tax_that_does_not_come_back_uses_the_budget_of_its_cost() -> None:
    """Half of 19 is lost: what comes back is no cost."""
    recovery = [{"tax_codes": ["V19"], "percent": "50"}]
    desk = InvoiceDesk(tax={"provider": "table", "countries": {"DE": {"recovery": recovery}}})

    desk.post(an_invoice(a_free_line("100", tax_code="V19"), a_tax_line("19")))

    assert [("420", "7110", "2026-01", 10950, 10950, 0)] == used(desk)


@pytest.mark.parametrize(
    ("lines", "setup", "left", "is_short"),
    [
        ((a_free_line("60"), a_charge()), {}, "69.99", True),
        ((a_free_line("60"), a_charge()), {}, "70", False),
        ((a_line(), a_charge()), {}, "9.99", True),
        ((a_line(), a_charge()), {}, "10", False),
        ((a_free_line("60"), a_charge()), {"freight_account": "7300"}, "60", False),
    ],
)
def test_charges_without_an_account_are_asked_of_budgets_before_anything_is_posted(
    lines: tuple[InvoiceLine, ...], setup: dict[str, Any], left: str, is_short: bool
) -> None:
    """Of the budgets of who will bear them, also of an order's accounts; where freight has an account, of that one's."""
    desk = InvoiceDesk(approval={"budget": "block"}, **setup)
    desk.order()
    desk.receive()
    desk.put(EXTRACT, "b", a_budget(left))

    desk.invoice(an_invoice(*lines))

    assert (is_short, [] if is_short else ["invoice.create"]) == (bool(desk.exceptions), desk.pending)


@pytest.mark.parametrize(("left", "is_short"), [("69.99", True), ("70", False)])
def test_freight_on_its_own_account_is_asked_of_the_budget_of_that(left: str, is_short: bool) -> None:
    """It is the company's own cost centre that bears it there."""
    desk = InvoiceDesk(approval={"budget": "block"}, freight_account="7300")
    desk.put(EXTRACT, "b", a_budget(left, cost_centre="000", account="7300"))

    desk.invoice(an_invoice(a_free_line("60"), a_charge("70")))

    assert is_short == bool(desk.exceptions)


@pytest.mark.parametrize(("left", "is_short"), [("109.49", True), ("109.50", False)])
def test_tax_that_does_not_come_back_is_asked_of_the_budget_of_its_cost(left: str, is_short: bool) -> None:
    """Half of 19 is lost."""
    recovery = [{"tax_codes": ["V19"], "percent": "50"}]
    tax = {"provider": "table", "countries": {"DE": {"recovery": recovery}}}
    desk = InvoiceDesk(approval={"budget": "block"}, tax=tax)
    desk.put(EXTRACT, "b", a_budget(left))

    desk.invoice(an_invoice(a_free_line("100", tax_code="V19"), a_tax_line("19")))

    assert is_short == bool(desk.exceptions)
