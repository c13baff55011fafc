"""Invoice to payment: each way of failing, what is told, and how it goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.tax import determine
from store.canonical.money import Money
from store.canonical.payables import Invoice, InvoiceLine, PaidInvoice
from store.canonical.tax import TaxAddress, TaxQuestion
from store.errors import NotAllowedError
from tests.builders import a_supplier, an_account_combination
from tests.finsync_tui.flows.invoice_desk import (
    ANALYST,
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
from tests.finsync_tui.flows.test_invoice_to_payment import a_desk_with_goods


def _no_supplier(desk: InvoiceDesk) -> None:
    desk.put(SOURCE, "501", a_supplier(number="X-9", tax_registrations=(), sites=()))


def _an_inactive_supplier(desk: InvoiceDesk) -> None:
    desk.put(TARGET, "900", a_supplier(status="inactive"))


def _an_unmapped_cost_centre(desk: InvoiceDesk) -> None:
    desk.rows["cost_centre"] = (("000", "000"),)


def _no_tax_account(desk: InvoiceDesk) -> None:
    desk.rows["tax_account"] = ()


def _a_disabled_account(desk: InvoiceDesk) -> None:
    desk.put(TARGET, "ac1", an_account_combination(number="01-420-7110", is_enabled=False))


def _a_closed_period(desk: InvoiceDesk) -> None:
    desk.period(is_open=False)


@pytest.mark.parametrize(
    ("trouble", "class_"),
    [
        (_no_supplier, "SUPPLIER_UNKNOWN"),
        (_an_inactive_supplier, "SUPPLIER_INACTIVE"),
        (_an_unmapped_cost_centre, "MAPPING_MISSING"),
        (_no_tax_account, "MAPPING_MISSING"),
        (_a_disabled_account, "ACCOUNT_INVALID"),
        (_a_closed_period, "PERIOD_CLOSED"),
    ],
)
def test_trouble_is_found_before_anything_is_sent(
    trouble: Callable[[InvoiceDesk], None], class_: str
) -> None:
    """What our own knowledge shows to be wrong becomes an exception with its amount; a retry after the cure goes on."""
    desk = InvoiceDesk()
    trouble(desk)

    desk.invoice(an_invoice(a_free_line(), a_tax_line()))

    assert [(class_, "open")] == desk.exceptions
    assert [] == desk.sent
    row = desk.store.db.execute("SELECT amount_minor, currency, cause, fix FROM v_exception").fetchone()
    assert (11900, "EUR") == tuple(row)[:2]
    assert all(tuple(row)[2:])
    cured = InvoiceDesk()
    desk.rows = dict(cured.rows)
    desk.put(SOURCE, "501", a_supplier(sites=()))
    desk.put(TARGET, "900", a_supplier())
    desk.put(TARGET, "ac1", an_account_combination(number="01-420-7110"))
    desk.period(is_open=True)
    desk.retry()
    assert "await_posting" == desk.step()


@pytest.mark.parametrize(
    ("invoice", "class_"),
    [
        (an_invoice(a_line("10", "10.21")), "MATCH_PRICE"),
        (an_invoice(a_line("10.51")), "MATCH_QUANTITY"),
        (an_invoice(a_line(uom="BX")), "MATCH_QUANTITY"),
        (an_invoice(a_line(order_number="PO-9")), "MATCH_ORDER"),
        (an_invoice(a_line(order_line="7")), "MATCH_ORDER"),
        (an_invoice(a_line("-1"), kind="credit_memo"), "MATCH_QUANTITY"),
        (an_invoice(a_line(unit_price=None, amount=eur("500"))), "MATCH_PRICE"),
        (an_invoice(a_line("9", unit_price=None, amount=eur("93"))), "MATCH_PRICE"),
        (
            an_invoice(a_line(unit_price=None).model_copy(update={"quantity": Decimal("1e-20")})),
            "MATCH_PRICE",
        ),
        (an_invoice(a_line(unit_price=None).model_copy(update={"quantity": Decimal("1e17")})), "MATCH_PRICE"),
    ],
)
def test_what_does_not_fit_its_order_is_stopped(invoice: Invoice, class_: str) -> None:
    """Price, stated or not, quantity, unit and order; more credited than was invoiced."""
    desk = a_desk_with_goods()

    desk.invoice(invoice)

    assert [(class_, "open")] == desk.exceptions
    assert ["receipt.create"] == desk.sent


@pytest.mark.parametrize(
    ("credited", "class_"),
    [
        (a_line("-10"), None),
        (a_line("-1", "100"), None),
        (a_line("-10.01"), "MATCH_QUANTITY"),
        (a_line("-1", "100.01"), "MATCH_QUANTITY"),
        (a_line("-1", "500"), "MATCH_QUANTITY"),
    ],
)
def test_a_credit_note_gives_back_no_more_than_was_invoiced(credited: Any, class_: str | None) -> None:
    """Neither in pieces nor in money: one piece of an invoice over 100 is not credited with 500, and at once no more is open than
    was ordered."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    desk.post()

    desk.tell(SOURCE, "CN1", an_invoice(credited, number="CN-1", kind="credit_memo"))

    assert ([(class_, "open")] if class_ else []) == desk.exceptions
    while desk.pending:
        desk.answer()
    desk.read()
    assert desk.open_minor <= 10_000


@pytest.mark.parametrize(
    "line",
    [
        a_line("10", "10.2"),
        a_line("10.5"),
        a_line("9", "9.9"),
        a_line(unit_price=None),
        a_line("10", unit_price=None, amount=eur("101.99")),
    ],
)
def test_what_lies_within_the_tolerances_goes_on(line: Any) -> None:
    """Two per cent of the price, five of the quantity."""
    desk = a_desk_with_goods()

    desk.invoice(an_invoice(line))

    assert "await_posting" == desk.step()


def test_an_invoice_in_another_currency_than_its_order_is_stopped() -> None:
    """Nobody converts here."""
    desk = a_desk_with_goods()
    dollars = a_line().model_copy(update={"amount": Money.of("100", "USD")})
    part = (
        an_invoice(a_line()).lines[0].distributions[0].model_copy(update={"amount": Money.of("100", "USD")})
    )
    line = dollars.model_copy(update={"distributions": (part,)})

    desk.invoice(an_invoice(line, currency="USD", total=Money.of("100", "USD")))

    assert [("MATCH_CURRENCY", "open")] == desk.exceptions


def test_a_cancelled_order_is_invoiced_no_more() -> None:
    """Neither is a cancelled line."""
    desk = a_desk_with_goods()
    desk.tell(SOURCE, "4711", an_order(status="cancelled", revision="2"))

    desk.invoice()

    assert ("MATCH_ORDER", "open") in desk.exceptions


def test_a_difference_that_the_policy_only_notes_stops_nobody() -> None:
    """It stays with the invoice as a finding."""
    desk = InvoiceDesk(match={"price_severity": "note", "quantity_severity": "note"})
    desk.order()

    desk.invoice(an_invoice(a_line("11", "12")))

    assert "await_posting" == desk.step()
    assert {"MATCH_PRICE", "MATCH_QUANTITY"} == set(desk.noted)


def test_an_invoice_without_an_order_is_stopped_where_one_is_needed() -> None:
    """By profile."""
    desk = InvoiceDesk(needs_order=True)

    desk.invoice(an_invoice(a_free_line()))

    assert [("MATCH_ORDER", "open")] == desk.exceptions


def test_an_invoice_waits_for_its_order_and_goes_on_when_that_is_in_the_erp() -> None:
    """Woken by the commitment, not by a timer."""
    desk = InvoiceDesk(match={"level": "two_way"})
    desk.tell(SOURCE, "4711", an_order())
    desk.invoice()
    waits = (desk.step(), desk.workflow.waiting_for)

    desk.answers(2)
    desk.erp_issues()

    assert (("match", "order PO-1 in oracle-emea"), "await_posting") == (waits, desk.step())


def test_after_its_patience_an_order_that_is_missing_is_an_exception_that_ends_by_itself() -> None:
    """A person looks; when the order is there after all, nobody has to retry."""
    desk = InvoiceDesk(match={"level": "two_way"})
    desk.tell(SOURCE, "4711", an_order())
    desk.invoice()

    desk.wait(days=10, minutes=1)
    held = list(desk.exceptions)
    desk.answers(2)
    desk.erp_issues()

    assert [("MATCH_ORDER", "open")] == held
    assert [("MATCH_ORDER", "closed")] == desk.exceptions
    assert "await_posting" == desk.step()


def test_late_goods_are_waited_for() -> None:
    """The invoice goes on by itself when they are received; what is received in parts is waited for in parts."""
    desk = InvoiceDesk()
    desk.order()
    desk.invoice()
    desk.receive(a_receipt("4"))
    waits = desk.step()

    desk.receive(a_receipt("6", "R2"))

    assert ("match", "await_posting") == (waits, desk.step())


def test_after_its_patience_missing_goods_are_an_exception_that_ends_by_itself() -> None:
    """A trial leaves no trace: the exception stays as it is until the goods are there."""
    desk = InvoiceDesk()
    desk.order()
    desk.invoice()
    desk.wait(days=10, minutes=1)
    desk.receive(a_receipt("4"))
    held = list(desk.exceptions)

    desk.receive(a_receipt("6", "R2"))

    assert [("MATCH_RECEIPT", "open")] == held
    assert [("MATCH_RECEIPT", "closed")] == desk.exceptions
    assert "await_posting" == desk.step()


def test_what_an_earlier_invoice_took_is_free_again_when_it_is_voided() -> None:
    """The later one was held for it, and goes on by itself."""
    desk = a_desk_with_goods()
    desk.invoice(an_invoice(a_line("7")))
    desk.invoice(an_invoice(a_line("6"), number="INV-2"), "I2")
    held = desk.flow("I2").state
    desk.answers(2)
    desk.read()
    desk.answer()

    desk.invoice(an_invoice(a_line("7"), status="cancelled"))
    desk.answer()

    assert ("held", "await_posting") == (held, desk.step("I2"))
    assert [("MATCH_QUANTITY", "closed")] == desk.exceptions


def test_the_same_number_again_is_a_duplicate() -> None:
    """At the source under another id."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()))

    desk.invoice(an_invoice(a_free_line("70"), number="inv 1"), "I2")

    assert [("INVOICE_DUPLICATE", "open")] == desk.exceptions
    assert ("await_posting", "check_duplicates") == (desk.step(), desk.step("I2"))


def test_a_number_that_comes_again_after_a_year_is_none() -> None:
    """Some suppliers count anew each year."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line(), invoiced_on=date(2025, 1, 4)))

    desk.invoice(an_invoice(a_free_line("70")), "I2")

    assert [] == desk.exceptions


def test_a_number_that_the_erp_knows_is_a_duplicate() -> None:
    """Somebody entered it there by hand; our own posting is no duplicate of itself."""
    desk = InvoiceDesk()
    by_hand = an_invoice(a_free_line(), supplier_number="S-1001", reference=None)
    desk.put(TARGET, "777", by_hand)

    desk.invoice(an_invoice(a_free_line("70")))

    assert [("INVOICE_DUPLICATE", "open")] == desk.exceptions


def test_a_duplicate_that_was_given_up_does_not_stop_its_twin() -> None:
    """The analyst ends the first; the second, once retried, goes on."""
    desk = InvoiceDesk()
    _an_unmapped_cost_centre(desk)
    desk.invoice(an_invoice(a_free_line()))
    desk.invoice(an_invoice(a_free_line(), number="INV-1"), "I2")
    first, _ = desk.open_cases
    desk.rows = dict(InvoiceDesk().rows)

    actions.resolve(desk.store, ANALYST, [first], "the second one is right")
    desk.retry()

    assert "await_posting" == desk.step("I2")


@pytest.mark.parametrize(
    ("entered", "class_"),
    [
        ({"supplier_number": None, "supplier_id": None}, "INVOICE_DUPLICATE"),
        ({"supplier_number": None, "supplier_id": "900", "supplier_name": "As printed"}, "INVOICE_DUPLICATE"),
        ({"business_unit": "FR Operations"}, "INVOICE_DUPLICATE"),
        ({"number": "inv 1"}, "INVOICE_DUPLICATE"),
        ({"number": "INV001", "amount": "99"}, "PAYMENT_DUPLICATE_POSSIBLE"),
        ({"number": "INV-O1", "amount": "99"}, "PAYMENT_DUPLICATE_POSSIBLE"),
        ({"number": "INV-1-A", "invoiced_on": date(2025, 11, 1)}, "PAYMENT_DUPLICATE_POSSIBLE"),
        ({"number": "INV-1-A", "amount": "99"}, None),
        ({"number": "INV-10", "amount": "99"}, None),
        ({"supplier_number": None, "supplier_id": None, "supplier_name": "Other Ltd"}, None),
    ],
)
def test_what_was_entered_by_hand_is_found_however_it_was_typed(
    entered: dict[str, Any], class_: str | None
) -> None:
    """Without the supplier's number, in another business unit: exact ones stop. Near numbers ask, and a retry goes on."""
    desk = InvoiceDesk()
    amount = entered.get("amount", "100")
    fields = {"supplier_number": "S-1001", "reference": None} | {
        k: v for k, v in entered.items() if k != "amount"
    }
    desk.put(TARGET, "777", an_invoice(a_free_line(amount)).model_copy(update=fields))

    desk.invoice(an_invoice(a_free_line("100")))
    found = [one for one, _ in desk.exceptions]
    desk.retry()

    assert ([class_] if class_ else []) == found
    assert ("check_duplicates" if class_ == "INVOICE_DUPLICATE" else "await_posting") == desk.step()


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize(
    ("second", "amount", "class_"),
    [
        ("R-2026/01/11", "71", "PAYMENT_DUPLICATE_POSSIBLE"),
        ("R-2026-11-1", "71", None),
        ("R-2026-11-01", "71", None),
        ("R-2026-11-01", "70", "PAYMENT_DUPLICATE_POSSIBLE"),
        ("R-2026-0111", "71", None),
        ("R-2026-0111", "70", "PAYMENT_DUPLICATE_POSSIBLE"),
    ],
)
def test_signs_between_digits_tell_numbers_apart(
    second: str, amount: str, class_: str | None, there: bool
) -> None:
    """January 11th is not November 1st, whether it comes from the source or was entered in the ERP; of one amount it is asked
    about."""
    desk = InvoiceDesk()
    if there:
        entered = an_invoice(
            a_free_line("70"), number="R-2026-1-11", reference=None, supplier_number="S-1001"
        )
        desk.put(TARGET, "777", entered)
    else:
        desk.invoice(an_invoice(a_free_line("70"), number="R-2026-1-11"))

    desk.invoice(an_invoice(a_free_line(amount), number=second), "I2")

    assert ([class_] if class_ else []) == [one for one, _ in desk.exceptions]


@pytest.mark.parametrize(
    ("second", "class_"),
    [("inv 1", "INVOICE_DUPLICATE"), ("INV-01", "PAYMENT_DUPLICATE_POSSIBLE"), ("INV-11", None)],
)
def test_a_near_number_at_the_source_is_asked_about(second: str, class_: str | None) -> None:
    """The supplier sends it again, and another clerk types it."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line("70")))

    desk.invoice(an_invoice(a_free_line("71"), number=second), "I2")

    assert ([class_] if class_ else []) == [one for one, _ in desk.exceptions]


def test_near_numbers_are_not_looked_for_where_policy_says_so() -> None:
    desk = InvoiceDesk(duplicates={"near_number": "off"})
    desk.invoice(an_invoice(a_free_line("70")))

    desk.invoice(an_invoice(a_free_line("71"), number="INV-01"), "I2")

    assert [] == desk.exceptions


@pytest.mark.parametrize(
    ("changes", "is_asked"),
    [
        ({"of": "no-invoice-of-ours"}, True),
        ({"of": "no-invoice-of-ours", "paid_on": date(2025, 11, 1)}, False),
        ({"of": "no-invoice-of-ours", "status": "voided"}, False),
        ({"of": "no-invoice-of-ours", "payee_number": "S-2"}, False),
        ({"of": "E-OTHER"}, False),
    ],
)
def test_a_payment_of_the_same_amount_without_a_known_invoice_is_asked_about_before_posting(
    changes: dict[str, Any], is_asked: bool
) -> None:
    """Somebody may have paid it already, by hand: looked at once. What pays an invoice we know is that invoice's."""
    desk = InvoiceDesk()
    desk.put(TARGET, "E-OTHER", an_invoice(a_free_line("40"), number="R-40", supplier_number="S-1001"))
    desk.pay("P9", **{"payee_number": "S-1001", **changes})

    desk.invoice(an_invoice(a_free_line("100")))
    found = [one for one, _ in desk.exceptions]
    desk.retry()

    assert (["PAYMENT_DUPLICATE_POSSIBLE"] if is_asked else []) == found
    assert "await_posting" == desk.step()


@pytest.mark.parametrize(
    ("entered", "held"),
    [
        ({}, True),
        ({"lines": (a_line(order_number="ERP-PO-1"),)}, True),
        ({"lines": (a_line(order_number="ERP-PO-9"),)}, False),
        ({"invoiced_on": date(2025, 12, 20)}, False),
        ({"status": "cancelled"}, False),
        ({"kind": "prepayment"}, False),
        ({"supplier_number": "S-7"}, False),
        ({"reference": "concur:R-1"}, False),
    ],
)
def test_the_same_amount_that_somebody_entered_in_the_erp_is_looked_at_once(
    entered: dict[str, Any], held: bool
) -> None:
    """By hand, under another number, for the same delivery as far as one can see: it would be paid twice."""
    desk = a_desk_with_goods()
    fields: dict[str, Any] = {"supplier_number": "S-1001", "reference": None, "number": "4402"}
    desk.put(TARGET, "777", an_invoice(a_free_line("100")).model_copy(update=fields | entered))

    desk.invoice()
    found = list(desk.exceptions)
    desk.retry()

    assert ([("PAYMENT_DUPLICATE_POSSIBLE", "open")] if held else []) == found
    assert "await_posting" == desk.step()


def test_the_same_amount_close_by_is_looked_at_once() -> None:
    """Retry says that it is another delivery; it is not asked again."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()))
    desk.invoice(an_invoice(a_free_line(), number="INV-2", invoiced_on=date(2026, 1, 12)), "I2")
    held = list(desk.exceptions)

    desk.retry()

    assert [("PAYMENT_DUPLICATE_POSSIBLE", "open")] == held
    assert "await_posting" == desk.step("I2")
    assert 1 == len(desk.exceptions)


@pytest.mark.parametrize(
    "changes",
    [
        {"invoiced_on": date(2026, 1, 26)},
        {"kind": "debit_memo"},
        {"status": "cancelled"},
    ],
)
def test_the_same_amount_far_away_or_of_another_kind_is_no_suspicion(changes: dict[str, Any]) -> None:
    """Rents repeat every month."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()).model_copy(update=changes))

    desk.invoice(an_invoice(a_free_line(), number="INV-2"), "I2")

    assert [] == desk.exceptions


DE = {"countries": {"DE": {}}}


def _taxed(tax: str = "19", code: str = "V19") -> Invoice:
    return an_invoice(a_free_line(tax_code=code), a_tax_line(tax, code, reference="1"))


@pytest.mark.parametrize(
    ("invoice", "class_"),
    [
        (_taxed("17"), "TAX_DIFFERS"),
        (_taxed("21"), "TAX_DIFFERS"),
        (_taxed(code="V99"), "TAX_CODE_UNKNOWN"),
        (_taxed().model_copy(update={"ship_to_country": None}), "TAX_REVIEW"),
    ],
)
def test_tax_that_is_not_right_stops_the_invoice(invoice: Invoice, class_: str) -> None:
    """Too low, too high, unknown or in doubt: never corrected in silence."""
    desk = InvoiceDesk(tax=DE)

    desk.invoice(invoice)

    assert [(class_, "open")] == desk.exceptions
    assert [] == desk.sent


def test_tax_that_is_right_goes_on_and_one_that_is_only_noted_does_too() -> None:
    """The policy decides for each verdict."""
    right, noted = InvoiceDesk(tax=DE), InvoiceDesk(tax={"severity": {"undercharged": "note"}})

    right.invoice(_taxed())
    noted.invoice(_taxed("17"))

    assert ("await_posting", []) == (right.step(), right.noted)
    assert ("await_posting", ["TAX_DIFFERS"]) == (noted.step(), noted.noted)


def test_tax_on_one_line_does_not_make_up_for_what_another_lacks() -> None:
    """Where every tax line names its line, one that none names was charged no tax; a tax of the document is shared."""
    lines = (a_free_line(tax_code="V19"), a_free_line(number="2", tax_code="V19"))
    on_lines, on_document = InvoiceDesk(tax=DE), InvoiceDesk(tax=DE)

    on_lines.invoice(an_invoice(*lines, a_tax_line("38", reference="1")))
    on_document.invoice(an_invoice(*lines, a_tax_line("38")))

    assert [("TAX_DIFFERS", "open")] == on_lines.exceptions
    assert "line 1: 38.00 EUR charged, 19.00 EUR due" in on_lines.cause
    assert [] == on_document.exceptions


def test_tax_that_is_charged_too_much_does_not_come_back() -> None:
    """What is due comes back; the rest goes with the cost."""
    desk = InvoiceDesk(tax={"severity": {"overcharged": "note"}})

    desk.invoice(_taxed("21"))

    assert {"01-420-7110": 10200, "01-000-154500": 1900} == desk.charged()


def test_tax_that_does_not_come_back_goes_with_the_line_it_was_charged_on() -> None:
    """Half of it in a country where half is lost; a line with full recovery keeps clear of it."""
    half = {"countries": {"DE": {"recovery": [{"percent": "50", "accounts": ["7110"]}]}}}
    desk = InvoiceDesk(tax=half)
    other = a_free_line("200", "2", "430", tax_code="V19")
    part = other.distributions[0]
    other = other.model_copy(
        update={"distributions": (part.model_copy(update={"segments": ("01", "430", "7200")}),)}
    )

    desk.invoice(
        an_invoice(
            a_free_line(tax_code="V19"), other,
            a_tax_line("19", reference="1"), a_tax_line("38", number="T2", reference="2"),
        )
    )  # fmt: skip

    assert {"01-420-7110": 10950, "01-430-7200": 20000, "01-000-154500": 950 + 3800} == desk.charged()


@pytest.mark.parametrize(("percent", "noted"), [("100", []), ("50", ["TAX_REVIEW"])])
def test_reverse_charge_is_posted_with_its_code_and_no_tax(percent: str, noted: list[str]) -> None:
    """The supplier of another member state charges none, and the ERP declares it by the code: no finding, unless a part is
    lost, which the ERP's set-up has to book."""
    from store.canonical.chart import TaxCode

    desk = InvoiceDesk(tax={"countries": {"DE": {"recoverable_percent": percent}}})
    code = TaxCode(
        number="RC",
        country="DE",
        description="Reverse charge",
        rate_percent=Decimal(19),
        is_reverse_charge=True,
    )
    desk.put("extract", "DE/RC", code)

    desk.invoice(
        an_invoice(
            a_free_line(tax_code="RC"), ship_from_country="FR", supplier_tax_number="FR123", tax=eur("0")
        )
    )

    assert ("await_posting", noted) == (desk.step(), desk.noted)
    assert {"01-420-7110": 10000} == desk.charged()
    assert ["RC"] == [line.tax_code for line in desk.posted.lines]
    messages = [row[0] for row in desk.store.db.execute("SELECT message FROM finding")]
    assert [True] * len(noted) == ["9.50 EUR do not come back" in one for one in messages]


def a_reverse_charge(desk: InvoiceDesk, *lines: InvoiceLine, **changes: Any) -> None:
    """An invoice from another member state over a code by which the buyer declares 19 per cent."""
    from store.canonical.chart import TaxCode

    code = TaxCode(
        number="RC",
        country="DE",
        description="Reverse charge",
        rate_percent=Decimal(19),
        is_reverse_charge=True,
    )
    desk.put("extract", "DE/RC", code)
    desk.invoice(
        an_invoice(*lines, ship_from_country="FR", supplier_tax_number="FR123", tax=eur("0"), **changes)
    )


def test_lost_reverse_charge_is_posted_where_policy_says_so() -> None:
    """To the cost it was charged on, against the tax that is owed, to the minor unit; the supplier is owed what it asks."""
    rules = {"recovery": [{"percent": "50", "accounts": ["7110"]}], "own_loss": "post"}
    desk = InvoiceDesk(tax={"countries": {"DE": rules}})
    desk.rows["owed_tax_account"] = (("DE/RC", "177700"),)
    desk.order()
    desk.receive()
    matched = a_line("10", "10", "2", tax_code="RC")

    a_reverse_charge(desk, a_free_line("33.33", tax_code="RC"), matched)

    # 19 % of 33.33 is 6.33, of which 3.17 come back; of 100.00 it is 19.00, of which 9.50 do
    assert ("await_posting", []) == (desk.step(), desk.noted)
    assert {
        "01-420-7110": 3333 + 316 + 950,
        "ERP-PO-1/1": 10000,
        "01-000-177700": -316 - 950,
    } == desk.charged()
    assert eur("133.33") == desk.posted.total
    codes = {(line.kind, line.tax_code) for line in desk.posted.lines}
    assert {("item", "RC"), ("other", None)} == codes


def test_owed_tax_without_an_account_waits_for_its_rule() -> None:
    """Nothing is posted half."""
    desk = InvoiceDesk(tax={"countries": {"DE": {"recoverable_percent": "0", "own_loss": "post"}}})

    a_reverse_charge(desk, a_free_line(tax_code="RC"))

    assert [("MAPPING_MISSING", "open")] == desk.exceptions
    assert "'owed_tax_account'" in desk.cause
    assert [] == desk.sent


def untaxed(**rules: Any) -> InvoiceDesk:
    """Two lines of 33.33 and 100 on which 19 % were due and nothing was charged: the buyer accrues it."""
    desk = InvoiceDesk(
        tax={"countries": {"DE": {"accrues_shortfall": True, "recoverable_percent": "0", **rules}}}
    )
    desk.rows["owed_tax_account"] = (("DE/V19", "177700"),)
    lines = a_free_line("33.33", tax_code="V19"), a_free_line("100", "2", "430", tax_code="V19")
    desk.invoice(an_invoice(*lines, tax=eur("0")))
    return desk


def use_tax_finding(desk: InvoiceDesk) -> str:
    (message,) = (row[0] for row in desk.store.db.execute("SELECT message FROM finding"))
    return str(message)


def test_use_tax_is_posted_where_policy_says_so() -> None:
    """To the cost, against the tax that is owed, line by line; the supplier is owed what it asks, and a finding says so."""
    desk = untaxed(use_tax="post")

    assert ("await_posting", ["TAX_DIFFERS"], []) == (desk.step(), desk.noted, desk.exceptions)
    assert "25.33 EUR are use tax that the buyer accrues: posted to the cost" in use_tax_finding(desk)
    assert {
        "01-420-7110": 3333 + 633, "01-430-7110": 10000 + 1900, "01-000-177700": -633 - 1900,
    } == desk.charged()  # fmt: skip
    assert eur("133.33") == desk.posted.total


def test_a_credit_note_takes_back_the_use_tax_of_its_invoice() -> None:
    """Without tax like its invoice, it is posted with the same on the other side; a discount on it counts, too."""
    desk = untaxed(use_tax="post")
    desk.answers(2)
    desk.read()
    lines = (
        a_free_line("-33.33", tax_code="V19"),
        a_free_line("-100", "2", "430", tax_code="V19"),
        a_free_line("10", "3", "430", tax_code="V19"),
    )

    desk.invoice(
        an_invoice(*lines, number="CN-1", kind="credit_memo", original_number="INV-1", tax=eur("0")), "I2"
    )
    asked = desk.charged()
    desk.answers(2)
    desk.read()
    while desk.pending:
        desk.answer()
        desk.read()

    (_, message) = (row[0] for row in desk.store.db.execute("SELECT message FROM finding ORDER BY id"))
    assert "23.43 EUR of use tax that the buyer accrued are taken back: posted to the cost" in message
    assert {
        "01-420-7110": -3333 - 633, "01-430-7110": -9000 - 1900 + 190, "01-000-177700": 633 + 1900 - 190,
    } == asked  # fmt: skip
    assert ("done", []) == (desk.step("I2"), desk.exceptions)


def test_a_credit_note_without_the_tax_that_its_invoice_had_is_a_difference() -> None:
    """Nothing was accrued that could be taken back: the supplier owes the tax."""
    desk = InvoiceDesk(tax={"countries": {"DE": {"accrues_shortfall": True, "use_tax": "post"}}})
    desk.rows["owed_tax_account"] = (("DE/V19", "177700"),)
    desk.invoice(an_invoice(a_free_line(tax_code="V19"), a_tax_line()))

    credit = an_invoice(a_free_line("-100", tax_code="V19"), number="CN-1", kind="credit_memo", tax=eur("0"))
    desk.invoice(credit.model_copy(update={"original_number": "INV-1"}), "I2")

    assert [("TAX_DIFFERS", "open")] == desk.exceptions


def test_use_tax_that_is_left_to_the_erp_is_a_finding() -> None:
    """With its amount, as nothing is posted from here; by policy it stops as ever."""
    desk = untaxed()
    strict = InvoiceDesk(
        tax={"severity": {"accrued": "block"}, "countries": {"DE": {"accrues_shortfall": True}}}
    )
    strict.invoice(an_invoice(a_free_line(tax_code="V19"), tax=eur("0")))

    assert ("await_posting", {"01-420-7110": 3333, "01-430-7110": 10000}) == (desk.step(), desk.charged())
    assert "25.33 EUR are use tax that the buyer accrues: not posted from here" in use_tax_finding(desk)
    assert [("TAX_DIFFERS", "open")] == strict.exceptions


def test_reverse_charge_is_rounded_once_for_the_document_where_policy_says_so() -> None:
    """The lines share what is due of their sum, and what of that does not come back."""
    lines = [
        a_free_line(amount, str(n), tax_code="RC") for n, amount in enumerate(("33.33", "33.33", "33.33"), 1)
    ]
    lost = {}
    for rounding in ("line", "document"):
        desk = InvoiceDesk(
            tax={"countries": {"DE": {"recoverable_percent": "50", "own_loss": "post", "rounding": rounding}}}
        )
        desk.rows["owed_tax_account"] = (("DE/RC", "177700"),)
        a_reverse_charge(desk, *lines)
        lost[rounding] = -desk.charged()["01-000-177700"]

    # 19 % of 99.99 are 19.00, of which 9.50 come back; by line 3 x 6.33 are 18.99, of which 3 x 3.17 do
    assert {"line": 3 * 316, "document": 950} == lost


def test_lost_tax_of_the_whole_document_goes_with_the_lines_that_lose_it() -> None:
    """One tax for two lines: one recovers nothing, the other all."""
    desk = InvoiceDesk(tax={"countries": {"DE": {"recovery": [{"percent": "0", "accounts": ["7110"]}]}}})
    other = a_free_line("200", "2", "430", tax_code="V19")
    part = other.distributions[0]
    other = other.model_copy(
        update={"distributions": (part.model_copy(update={"segments": ("01", "430", "7200")}),)}
    )

    desk.invoice(an_invoice(a_free_line(tax_code="V19"), other, a_tax_line("57"), tax=eur("57")))

    assert {"01-420-7110": 11900, "01-430-7200": 20000, "01-000-154500": 3800} == desk.charged()


def test_a_tax_that_names_its_line_is_lost_as_that_line_loses_it() -> None:
    """Whatever the others recover, and though too little was charged on one of them."""
    desk = InvoiceDesk(
        tax={
            "severity": {"undercharged": "off"},
            "countries": {"DE": {"recovery": [{"percent": "0", "accounts": ["7110"]}]}},
        }
    )
    other = a_free_line("200", "2", "430", tax_code="V19")
    part = other.distributions[0]
    other = other.model_copy(
        update={"distributions": (part.model_copy(update={"segments": ("01", "430", "7200")}),)}
    )
    taxes = (a_tax_line("19", reference="1"), a_tax_line("19", number="T2", reference="2"))

    desk.invoice(an_invoice(a_free_line(tax_code="V19"), other, *taxes))

    assert {"01-420-7110": 11900, "01-430-7200": 20000, "01-000-154500": 1900} == desk.charged()


def test_lost_tax_of_a_charge_goes_where_the_charge_goes() -> None:
    """Freight with an account of its own bears the tax on it that is lost."""
    lost = {"countries": {"DE": {"recovery": [{"percent": "0", "tax_codes": ["V19"]}]}}}
    desk = InvoiceDesk(tax=lost, freight_account="680000")
    freight = a_tax_line("10", number="C1").model_copy(update={"kind": "freight"})

    desk.invoice(
        an_invoice(
            a_free_line(tax_code="V19"), freight,
            a_tax_line("19", reference="1"), a_tax_line("1.90", number="T2", reference="C1"),
        )
    )  # fmt: skip

    assert {"01-420-7110": 11900, "01-000-680000": 1190} == desk.charged()


def test_a_system_that_determines_tax_is_asked_and_the_countries_rules_apply_to_its_answer() -> None:
    """Provider's verdict, our recovery: a blocked account recovers nothing, whoever says what the tax is."""
    policy = {
        "provider": "avatax",
        "countries": {"DE": {"recovery": [{"percent": "0", "accounts": ["7110"]}]}},
    }
    desk = InvoiceDesk(tax=policy)

    desk.invoice(_taxed())
    waits = desk.step()
    question = TaxQuestion.model_validate(desk.body("tax.determine")["question"])
    free = InvoiceDesk(tax=DE).profile.tax
    code = InvoiceDesk().store  # the code that the provider knows is the one of our own table
    from store import records
    from store.canonical.chart import TaxCode

    held = records.get(code.db, TaxCode, "extract", "DE/V19")
    assert held is not None
    answer = determine(question, [held.record], free)
    desk.answer(answer=answer.model_dump(mode="json"))

    assert ("await_tax", "await_posting") == (waits, desk.step())
    assert answer.recoverable == eur("19")
    assert {"01-420-7110": 11900} == desk.charged()


def test_whoever_determines_tax_is_told_whole_addresses() -> None:
    """All that the document says of where it leaves and arrives; of the other place its country, where that is all there is."""
    desk = InvoiceDesk(tax={"provider": "avatax"})
    seattle = TaxAddress(country="US", region="WA", city="Seattle", postal_code="98101", line1="1 Pike St")

    desk.invoice(_taxed().model_copy(update={"ship_to": seattle, "ship_to_country": "US"}))

    question = TaxQuestion.model_validate(desk.body("tax.determine")["question"])
    assert (TaxAddress(country="DE"), seattle) == (question.ship_from, question.ship_to)


def test_whoever_determines_tax_is_told_who_bears_a_line_and_its_order() -> None:
    """A provider may exempt a cost centre or an account; of a line that several bear, nobody is named."""
    desk = InvoiceDesk(tax={"provider": "avatax"})
    desk.order()
    desk.receive()
    shared = a_free_line("50", "2")
    (part,) = shared.distributions
    half = part.model_copy(update={"amount": eur("25")})
    other = half.model_copy(
        update={"number": "2", "segments": ("01", "430", "7110"), "account": "01-430-7110"}
    )

    desk.invoice(an_invoice(a_line(), shared.model_copy(update={"distributions": (half, other)})))

    question = TaxQuestion.model_validate(desk.body("tax.determine")["question"])
    assert "PO-1" == question.order_number
    assert [("420", "7110"), (None, "7110")] == [(one.cost_centre, one.account) for one in question.lines]


def test_a_provider_that_can_not_be_reached_is_asked_again() -> None:
    """A dead letter of a question: retry sends it once more; nothing was posted meanwhile."""
    desk = InvoiceDesk(tax={"provider": "avatax"})
    desk.invoice(_taxed())

    desk.answer("buried")
    held = list(desk.exceptions)
    desk.retry()

    assert [("DEAD_LETTER", "open")] == held
    assert ["tax.determine"] == desk.pending


def test_freight_is_spread_or_goes_to_its_own_account() -> None:
    """In proportion to what was bought, unless the profile or the source names an account."""
    freight = a_tax_line("10.01", number="C1").model_copy(update={"kind": "freight", "tax_code": None})
    spread, own = InvoiceDesk(), InvoiceDesk(freight_account="680000")
    lines = (a_free_line("50"), a_free_line("50", "2", "430"), freight)

    spread.invoice(an_invoice(*lines))
    own.invoice(an_invoice(*lines))

    assert {"01-420-7110": 5501, "01-430-7110": 5500} == spread.charged()
    assert {"01-420-7110": 5000, "01-430-7110": 5000, "01-000-680000": 1001} == own.charged()


def test_a_line_without_an_account_is_an_exception() -> None:
    """Nothing says who bears it."""
    desk = InvoiceDesk()

    desk.invoice(an_invoice(a_free_line(), a_free_line("5", "2", distributions=())))

    assert [("ACCOUNT_MISSING", "open")] == desk.exceptions


@pytest.mark.parametrize("class_", ["ACCOUNT_INVALID", "PERIOD_CLOSED", "BUDGET_EXCEEDED", "REJECTED"])
def test_a_refusal_becomes_an_exception_of_its_class_and_a_retry_decides_anew(class_: str) -> None:
    """The new decision has a key of its own."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()))
    first = desk.answer("refused", case_class=class_)
    held = list(desk.exceptions)

    desk.retry()
    again = desk.answer()

    assert [(class_, "open")] == held
    assert first.idempotency_key != again.idempotency_key
    assert "await_validation" == desk.step()


def test_a_dead_letter_is_replayed_under_its_own_key() -> None:
    """Looked up before it is sent."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()))
    first = desk.answer("buried", is_unknown=True)

    desk.retry()
    again = desk.answer()

    assert (first.idempotency_key, True) == (again.idempotency_key, again.is_outcome_unknown)
    assert "await_validation" == desk.step()


def a_held_desk() -> InvoiceDesk:
    """A desk whose invoice the ERP holds; the source was told."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()))
    desk.answer()
    desk.answer("refused", case_class="MATCH_RECEIPT")
    desk.answer()
    return desk


def test_a_hold_is_told_to_the_source_and_waits_for_its_release() -> None:
    """An analyst sees it; the release in the ERP ends it by itself, and the source reads that it is posted."""
    desk = a_held_desk()
    desk.erp_shows(status="on_hold", holds=("Qty Rec: more billed than received",))
    held = (desk.step(), list(desk.exceptions))

    desk.erp_shows(status="approved", holds=())
    desk.read()
    desk.answer()

    assert ("await_release", [("INVOICE_ON_HOLD", "open")]) == held
    assert [("INVOICE_ON_HOLD", "closed")] == desk.exceptions
    assert "await_payment" == desk.step()
    assert [True, False] == [status.startswith("On hold: ") for status in desk.statuses]


def test_an_invoice_that_is_held_again_is_told_again() -> None:
    """Each hold and each release: the source never shows an old one."""
    desk = a_held_desk()
    desk.erp_shows(status="approved")
    desk.read()
    desk.answer()

    desk.erp_shows(status="on_hold", holds=("Bank account under review",))
    desk.answer()
    held = desk.step()
    desk.erp_shows(status="approved", holds=())
    desk.read()
    desk.answer()
    desk.pay()
    desk.answer()
    desk.read()

    assert ("await_release", "done") == (held, desk.step())
    assert [
        "On hold: oracle-emea refused: as the test says",
        "Posted",
        "On hold: Bank account under review",
        "Posted",
    ] == [status.replace("invoice INV-1: ", "") for status in desk.statuses]


def test_an_analyst_who_retries_a_hold_just_waits() -> None:
    """The release is the ERP's to do; nothing is sent again."""
    desk = a_held_desk()
    sent = list(desk.sent)

    desk.retry()

    assert ("waiting", "await_release", sent) == (desk.workflow.state, desk.step(), desk.sent)


def test_a_validation_that_nobody_answered_is_no_hold() -> None:
    """A dead letter stays one: the source is told nothing that is not known."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()))
    desk.answer()
    desk.answer("buried")

    desk.retry()
    desk.answer()

    assert [("DEAD_LETTER", "closed")] == desk.exceptions
    assert ("verify_posting", []) == (desk.step(), desk.statuses)


def test_an_erp_that_validates_later_is_waited_for() -> None:
    """Taken is not validated: nothing is told before the ERP shows it."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()))
    desk.answer()
    desk.answer(is_pending=True)
    waits = desk.workflow.waiting_for

    desk.erp_shows(status="approved")

    assert ("validation in oracle-emea", "verify_posting") == (waits, desk.step())


def test_a_hold_that_ends_with_a_cancellation_is_an_exception() -> None:
    """Somebody cancelled it in the ERP while the source shows it as approved: told there, then shown."""
    desk = a_held_desk()
    desk.erp_shows(status="cancelled")

    desk.answer()

    assert [("INVOICE_ON_HOLD", "closed"), ("READ_BACK_DIFFERS", "open")] == desk.exceptions


@pytest.mark.parametrize(
    "change",
    [{"total": eur("101")}, {"supplier_number": "S-2"}, {"number": "INV-9"}, {"status": "cancelled"}],
)
def test_a_posting_that_is_not_what_was_asked_is_never_told(change: dict[str, Any]) -> None:
    """Read afresh it differs: the source hears nothing, and a retry reads again."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()))
    desk.answers(2)
    desk.change(TARGET, "invoice", "ERP-I1", **change)

    desk.read()
    held = list(desk.exceptions)
    desk.change(
        TARGET,
        "invoice",
        "ERP-I1",
        total=eur("100"),
        supplier_number="S-1001",
        number="INV-1",
        status="approved",
    )
    desk.retry()
    desk.read()

    assert [("READ_BACK_DIFFERS", "open")] == held
    assert ("await_write_back", ["Posted"]) == (desk.step(), desk.statuses)


def test_a_posting_that_is_gone_is_never_told() -> None:
    """Accepted, and not there when it was looked for."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()))
    desk.answers(2)

    desk.read(is_gone=True)

    assert [("READ_BACK_DIFFERS", "open")] == desk.exceptions


def test_a_source_that_does_not_show_what_it_was_told_is_an_exception() -> None:
    """At the end both sides are read: field and payments."""
    desk = InvoiceDesk()
    desk.post(an_invoice(a_free_line()))
    desk.pay()
    desk.answer()
    desk.change(SOURCE, "invoice", "I1", recorded_payments=())

    desk.read()

    assert [("WRITE_BACK_IGNORED", "open")] == desk.exceptions
    assert "payment P1: expected recorded once, found 0 times" in desk.cause


def test_a_payment_that_could_not_be_told_is_told_once() -> None:
    """After a dead letter the same record is looked for, then sent; never a second one."""
    desk = InvoiceDesk()
    desk.post(an_invoice(a_free_line()))
    desk.pay()
    first = desk.answer("buried", is_unknown=True)

    desk.retry()
    again = desk.answer()
    desk.read()

    assert first.idempotency_key == again.idempotency_key
    assert ("done", [("P1", "100")]) == (desk.step(), desk.recorded)


def test_a_payment_whose_worth_in_the_invoices_currency_is_not_said_is_a_persons_to_tell() -> None:
    """The source records that only; once the ERP says it, a retry tells it."""
    desk = InvoiceDesk()
    desk.post(an_invoice(a_free_line()))
    dollars = PaidInvoice(invoice_id="ERP-I1", amount=Money.of("110", "USD"))
    desk.pay(invoices=(dollars,), currency="USD")
    found = (list(desk.exceptions), desk.recorded)

    desk.pay(invoices=(in_dollars("100", "110"),), currency="USD")
    desk.retry()

    assert ([("MATCH_CURRENCY", "open")], []) == found
    assert [("P1", "100")] == desk.recorded


def in_dollars(amount: str, left: str) -> PaidInvoice:
    return PaidInvoice(invoice_id="ERP-I1", amount=eur(amount), in_payment_currency=Money.of(left, "USD"))


def test_payments_in_another_currency_are_told_in_the_invoices_once_each() -> None:
    """In part, void, reissued at another rate: the records come to what is paid of the invoice, to the cent."""
    desk = InvoiceDesk()
    desk.post(an_invoice(a_free_line()))

    def pay(payment_id: str, amount: str, left: str, status: str = "issued") -> None:
        for _ in range(2):  # read twice, as an overlapping window does
            desk.pay(payment_id, status=status, invoices=(in_dollars(amount, left),), currency="USD")
        while desk.pending:
            desk.answer()
        desk.read()

    pay("P1", "40", "44.00")
    pay("P2", "60", "66.00")
    pay("P2", "60", "66.00", "voided")
    pay("P3", "60", "70.20")

    assert [("P1", "40"), ("P2", "60"), ("Void P2", "-60"), ("P3", "60")] == desk.recorded
    assert ("done", [False, True, False, True]) == (
        desk.step(),
        [body["is_paid"] for body in desk.bodies("invoice.record_payment")],
    )


def test_a_void_before_anything_was_posted_ends_quietly() -> None:
    """Nothing is sent, whatever the invoice waited for."""
    desk = InvoiceDesk()
    desk.order()
    desk.invoice()

    desk.invoice(an_invoice(status="cancelled"))

    assert ("done", []) == (desk.step(), desk.sent)


def test_a_void_while_it_waits_for_its_payment_cancels_it_in_the_erp() -> None:
    """The promise of the order is whole again; the source reads that it is cancelled."""
    desk = a_desk_with_goods()
    desk.post()
    before = desk.open_minor

    desk.invoice(an_invoice(status="cancelled"))
    desk.answers(2)
    desk.read()

    assert (0, 10000) == (before, desk.open_minor)
    assert ("done", ["Posted", "Cancelled"]) == (desk.step(), desk.statuses)
    assert 0 == desk.in_force()


def test_a_void_while_it_may_have_been_posted_waits_for_the_outcome() -> None:
    """Nobody knows whether the ERP has it: looked up, found, cancelled, and never paid meanwhile."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()))
    desk.answer("buried", is_unknown=True)

    desk.invoice(an_invoice(a_free_line(), status="cancelled"))
    waits = desk.workflow.waiting_for
    desk.retry()
    desk.answers(3)
    desk.read()

    assert "the version before" == waits
    assert ["invoice.create", "invoice.validate", "invoice.cancel", "invoice.write_back"] == desk.sent
    assert ("done", 0, ["Cancelled"]) == (desk.step(), desk.in_force(), desk.statuses)


def test_a_void_of_what_was_decided_and_not_sent_sends_nothing() -> None:
    """The decision is given up."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()))

    desk.invoice(an_invoice(a_free_line(), status="cancelled"))

    assert ("done", []) == (desk.step(), desk.pending)


def test_a_void_of_a_paid_invoice_is_refused_until_the_payment_is_void() -> None:
    """The ERP says no; when the payment was called back the source is told that, too."""
    desk = InvoiceDesk()
    desk.finish(an_invoice(a_free_line()))
    desk.invoice(an_invoice(a_free_line(), status="cancelled"))
    desk.answer("refused", case_class="REJECTED")
    held = list(desk.exceptions)

    desk.pay(status="voided")
    desk.retry()
    desk.answers(3)
    desk.read()

    assert [("REJECTED", "open")] == held
    assert ("done", [("P1", "100"), ("Void P1", "-100")]) == (desk.step(), desk.recorded)
    assert 0 == desk.in_force()


def test_an_invoice_that_is_disputed_before_it_was_posted_is_left_alone() -> None:
    """Goods that come meanwhile post nothing; approved again, it is looked at anew."""
    desk = InvoiceDesk()
    desk.order()
    desk.invoice()
    desk.invoice(an_invoice(status="on_hold"))

    desk.receive()
    left = desk.sent.count("invoice.create")
    desk.invoice(an_invoice(description="agreed"))

    assert (0, "await_posting") == (left, desk.step())


def test_a_change_before_the_posting_is_what_is_posted() -> None:
    """The newest version counts while nothing was sent."""
    desk = InvoiceDesk()
    desk.order()
    desk.invoice()
    desk.invoice(an_invoice(a_line("9")))

    desk.receive()

    assert eur("90") == desk.posted.total


def test_a_change_while_it_is_being_posted_is_an_exception_at_the_end() -> None:
    """Never posted twice: a person decides what to do about the difference."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()))
    desk.answer("buried", is_unknown=True)
    desk.invoice(an_invoice(a_free_line("90")))
    desk.retry()
    desk.answers(2)
    desk.read()
    desk.answer()
    desk.pay()
    desk.answer()
    desk.read()

    assert [("DEAD_LETTER", "closed"), ("VERSION_CONFLICT", "open")] == desk.exceptions
    assert 1 == desk.sent.count("invoice.create")


def test_a_change_after_the_posting_starts_nothing() -> None:
    """What is posted can only be voided."""
    desk = InvoiceDesk()
    desk.post(an_invoice(a_free_line()))

    desk.invoice(an_invoice(a_free_line(), description="another text"))

    assert "await_payment" == desk.step()
    assert 1 == desk.sent.count("invoice.create")


def test_an_abort_of_a_paid_invoice_is_refused() -> None:
    """What was paid can't be taken back by cancelling its invoice."""
    desk = InvoiceDesk()
    desk.post(an_invoice(a_free_line()))
    desk.pay()

    with pytest.raises(NotAllowedError, match="has paid invoice INV-1"):
        desk.abort()


def test_the_same_version_starts_nothing_twice() -> None:
    """Events may come again; instances do not."""
    desk = InvoiceDesk()
    desk.invoice(an_invoice(a_free_line()))

    desk.invoice(an_invoice(a_free_line()))

    assert ["invoice.create"] == desk.sent


def test_patience_for_goods_begins_when_they_are_missed() -> None:
    """Eleven days held since its supplier was inactive: its goods are waited for from then on, not from its start."""
    desk = InvoiceDesk(match={"receipt_patience": "P10D"})
    desk.order()
    desk.put(TARGET, "900", a_supplier(status="inactive"))
    desk.invoice()
    held = list(desk.exceptions)
    desk.wait(days=11)
    desk.put(TARGET, "900", a_supplier())
    desk.retry()
    waits = desk.flow("I1").state
    desk.wait(days=10, minutes=1)

    assert ([("SUPPLIER_INACTIVE", "open")], "waiting") == (held, waits)
    assert [("SUPPLIER_INACTIVE", "closed"), ("MATCH_RECEIPT", "open")] == desk.exceptions


def test_patience_is_a_duration_of_the_profile() -> None:
    """Two days are two days."""
    desk = InvoiceDesk(match={"receipt_patience": "P2D"})
    desk.order()
    desk.invoice()

    desk.wait(days=2, minutes=1)

    assert [("MATCH_RECEIPT", "open")] == desk.exceptions
    assert timedelta(days=2) == desk.profile.legal_entities["DE01"].invoice.match.receipt_patience  # type: ignore[union-attr]
