"""Invoices, payments, people and periods: written once, and read as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapters.base import Receipt, Translated, WriteRequest
from adapters.errors import RejectedError
from adapters.oracle_fusion.outbound_invoice import Payee, invoice
from adapters.simulation import Fault
from store.canonical.money import Money
from store.canonical.organisation import FiscalPeriod
from store.canonical.payables import Invoice, InvoiceLine, PaidInvoice, Payment
from store.canonical.people import Employee
from tests.adapters.oracle_finance import EMPLOYEE, OTHER_ACCOUNT, FinanceWorld, a_finance_world, an_invoice
from tests.adapters.setup_oracle import ACCOUNT, UNIT
from tests.adapters.test_oracle_journals import read, run


def created(world: FinanceWorld, document: Invoice | None = None) -> str:
    receipt = run(world.adapter.write(world.invoice_request(document or an_invoice())))
    assert receipt.external_id is not None
    return receipt.external_id


def act(world: FinanceWorld, name: str, invoice_id: str, **more: str) -> Receipt:
    body = {"number": "EXP-1", **more}
    return run(world.adapter.write(WriteRequest(f"invoice.{name}", f"{name}/{invoice_id}", invoice_id, body)))


def validated(world: FinanceWorld, document: Invoice | None = None) -> str:
    invoice_id = created(world, document)
    act(world, "validate", invoice_id)
    return invoice_id


def the_invoice(world: FinanceWorld) -> Invoice:
    ((found,), _) = read(world, "invoice")
    assert isinstance(found.record, Invoice)
    return found.record


def the_payment(world: FinanceWorld) -> Payment:
    ((found,), _) = read(world, "payment")
    assert isinstance(found.record, Payment)
    return found.record


def refusal(world: FinanceWorld, work: Any) -> tuple[str, str]:
    """Return class and words of the refusal that `work` ends in."""
    with pytest.raises(RejectedError) as caught:
        work()
    assert str(caught.value).startswith(f"{world.adapter.system}: ")
    return caught.value.refusal.case_class, caught.value.refusal.message


def test_an_invoice_for_an_employee_comes_back_as_it_went() -> None:
    """The payee is the supplier with the employee's number; our mark stands in the description."""
    world, wanted = a_finance_world(), an_invoice()

    created(world, wanted)

    derived = {
        "supplier_name": "Berg, Jonas",
        "supplier_site": "OFFICE",
        "legal_entity": "DE01",
        "paid": Money.of(0, "EUR"),
        "due_on": date(2026, 1, 5),
    }
    assert wanted.model_copy(update=derived) == the_invoice(world)
    assert "concur:EXP-1 | Travel to Hamburg" == world.simulator.invoices()[0]["description"]


def test_an_invoice_goes_from_draft_to_paid_and_back() -> None:
    """Each step is a new state of the same invoice; a void makes it owed again, by the same payment."""
    world = a_finance_world()
    invoice_id = created(world)
    seen = [the_invoice(world)]

    act(world, "validate", invoice_id)
    seen.append(the_invoice(world))
    part = world.simulator.pay(int(invoice_id), Decimal("19.00"))
    seen.append(the_invoice(world))
    rest = world.simulator.pay(int(invoice_id))
    seen.append(the_invoice(world))
    world.simulator.void(rest, on=date(2026, 1, 9))
    seen.append(the_invoice(world))

    assert ["draft", "approved", "approved", "approved", "approved"] == [one.status for one in seen]
    assert ["unpaid", "unpaid", "partly_paid", "paid", "partly_paid"] == [one.paid_status for one in seen]
    (payments, _) = read(world, "payment")
    assert {str(part): "issued", str(rest): "voided"} == {
        one.external_id: one.record.status
        for one in payments  # type: ignore[attr-defined]
    }


def test_a_void_is_a_new_state_of_the_same_payment() -> None:
    """A delta brings it again under the same id, with what it had paid."""
    world = a_finance_world()
    payment_id = world.simulator.pay(int(validated(world)), on=date(2026, 1, 7))
    (before, position) = read(world, "payment")
    world.wait(60 * 24)

    world.simulator.void(payment_id, on=date(2026, 1, 9))
    (after, _) = read(world, "payment", position)

    assert [str(payment_id)] == [one.external_id for one in before] == [one.external_id for one in after]
    found = after[0].record
    assert isinstance(found, Payment)
    assert ("voided", date(2026, 1, 9)) == (found.status, found.voided_on)
    assert [("EXP-1", "119.00 EUR")] == [(one.invoice_number, str(one.amount)) for one in found.invoices]


def paid_in_dollars(world: FinanceWorld) -> int:
    """Return the id of an invoice in euros that is paid in dollars."""
    invoice_id = int(validated(world))
    for on, rate in ((date(2026, 1, 7), "1.1"), (date(2026, 1, 9), "1.17")):
        world.simulator.add_rate("EUR", "USD", on, Decimal(rate))
    world.simulator.pay_in(invoice_id, "USD")
    return invoice_id


def parts(payment: Translated) -> list[tuple[str, str]]:
    """What a payment pays, as it left and of the invoice."""
    assert isinstance(payment.record, Payment)
    return [(str(one.in_payment_currency), str(one.amount)) for one in payment.record.invoices]


def test_a_payment_in_another_currency_says_what_it_pays_of_the_invoice_in_its_own() -> None:
    """Parts, a void and a reissue at another day's rate: each comes to the invoice's currency as Oracle counts it."""
    world = a_finance_world()
    invoice_id = paid_in_dollars(world)
    first = world.simulator.pay(invoice_id, Decimal("19.00"), on=date(2026, 1, 7))
    rest = world.simulator.pay(invoice_id, on=date(2026, 1, 7))
    again = world.simulator.reissue(rest, on=date(2026, 1, 9))

    (found, _) = read(world, "payment")

    assert {
        str(first): [("20.90 USD", "19.00 EUR")],
        str(rest): [("110.00 USD", "100.00 EUR")],
        str(again): [("117.00 USD", "100.00 EUR")],
    } == {one.external_id: parts(one) for one in found}
    assert ["USD", "USD", "USD"] == [one.record.amount.currency for one in found]  # type: ignore[attr-defined]
    assert ("paid", None) == (the_invoice(world).paid_status, the_invoice(world).paid)


def test_what_is_withheld_settles_an_invoice_with_less() -> None:
    """Half and the rest: the payments say what was kept back, the invoice is paid with what left, and its lines still add up."""
    world = a_finance_world(settings={"withholding_percent": {EMPLOYEE: Decimal(10)}})
    invoice_id = int(validated(world))
    world.simulator.pay(invoice_id, Decimal("59.55"), on=date(2026, 1, 7))
    rest = world.simulator.pay(invoice_id, on=date(2026, 1, 8))
    paid = the_invoice(world)
    (found, _) = read(world, "payment")
    world.simulator.void(rest)

    made = [one.record for one in found]
    assert [("53.59 EUR", "5.96 EUR"), ("53.51 EUR", "5.94 EUR")] == [
        (str(one.amount), str(one.withheld)) for one in made if isinstance(one, Payment)
    ]
    assert ("paid", "107.10 EUR", 1) == (paid.paid_status, str(paid.paid), len(paid.lines))
    assert ("partly_paid", "53.59 EUR") == (the_invoice(world).paid_status, str(the_invoice(world).paid))


def test_what_a_payment_pays_of_an_invoice_is_not_guessed() -> None:
    """An answer without the amount in the invoice's currency leaves it in the payment's: nobody converts it here."""
    world = a_finance_world()
    payment_id = world.simulator.pay(paid_in_dollars(world), on=date(2026, 1, 7))
    row = world.simulator.world.row("payablesPayments", payment_id)
    assert row is not None
    row.of("relatedInvoices")[0].data["AmountPaidInvoiceCurrency"] = None

    assert [("None", "130.90 USD")] == parts(read(world, "payment")[0][0])


def test_a_void_of_a_payment_that_nets_a_credit_note_says_what_it_had_paid_of_both() -> None:
    """The counter-rows are known by the sign that each document began with, not by that of the whole payment."""
    world = a_finance_world()
    bill = int(validated(world, an_invoice("EXP-1", amount="100.00")))
    note = int(validated(world, an_invoice("EXP-2", amount="-20.00", kind="credit_memo")))
    payment_id = world.simulator.pay_together({bill: None, note: None})
    world.simulator.void(payment_id)

    found = the_payment(world)

    assert ("voided", "80.00 EUR") == (found.status, str(found.amount))
    assert [("EXP-1", "100.00 EUR"), ("EXP-2", "-20.00 EUR")] == [
        (one.invoice_number, str(one.amount)) for one in found.invoices
    ]
    assert found.invoices == tuple(
        PaidInvoice(
            invoice_id=str(one["invoice_id"]),
            invoice_number=one["number"],
            amount=Money.of(one["amount"], "EUR"),
        )
        for one in world.simulator.payments()[0]["invoices"]
    )


@pytest.mark.parametrize("is_told", [True, False])
def test_the_counter_rows_of_a_void_are_known_in_whatever_order_they_come(is_told: bool) -> None:
    """By the sign of each invoice; where an answer leaves that out, by what the payment came to."""
    world = a_finance_world()
    bill = int(validated(world, an_invoice("EXP-1", amount="100.00")))
    note = int(validated(world, an_invoice("EXP-2", amount="-20.00", kind="credit_memo")))
    payment_id = world.simulator.pay_together({bill: None, note: None} if is_told else {bill: None})
    world.simulator.void(payment_id)
    row = world.simulator.world.row("payablesPayments", payment_id)
    assert row is not None
    row.of("relatedInvoices").reverse()
    for one in row.of("relatedInvoices"):
        one.data["InvoiceAmount"] = one.data["InvoiceAmount"] if is_told else None

    paid = {one.invoice_number: str(one.amount) for one in the_payment(world).invoices}

    assert {"EXP-1": "100.00 EUR", **({"EXP-2": "-20.00 EUR"} if is_told else {})} == paid


def test_a_cleared_payment_says_when() -> None:
    """The bank's confirmation is a state as well."""
    world = a_finance_world()
    payment_id = world.simulator.pay(int(validated(world)))

    world.simulator.clear_payment(payment_id, on=date(2026, 1, 12))

    assert ("cleared", date(2026, 1, 12)) == (the_payment(world).status, the_payment(world).cleared_on)


def test_the_payment_run_pays_what_is_validated_once() -> None:
    """One payment a payee and run, held and unvalidated invoices left out."""
    world = a_finance_world(settings={"payment_run_every": timedelta(days=7)})
    validated(world, an_invoice("EXP-1"))
    validated(world, an_invoice("EXP-2", amount="50.00"))
    held = validated(world, an_invoice("EXP-3"))
    world.simulator.hold_invoice(int(held), "Expense audit")
    created(world, an_invoice("EXP-4"))

    world.wait(60 * 24 * 15)
    (made,) = world.simulator.payments()

    assert ("10042", Decimal("169.00")) == (made["payee_number"], made["total"])
    assert ["EXP-1", "EXP-2"] == [one["number"] for one in made["invoices"]]


def test_a_second_invoice_of_that_number_is_linked_or_refused() -> None:
    """Ours is found; another document's number is not ours to use, and a cancelled one's is used up."""
    world = a_finance_world()
    invoice_id = created(world)

    again = run(world.adapter.write(world.invoice_request(an_invoice())))
    other = world.invoice_request(an_invoice(reference="concur:OTHER"))
    other_class, other_words = refusal(world, lambda: run(world.adapter.write(other)))
    act(world, "cancel", invoice_id, reason="posted twice")
    used_class, used_words = refusal(
        world, lambda: run(world.adapter.write(world.invoice_request(an_invoice())))
    )

    assert (invoice_id, True) == (again.external_id, again.was_found)
    assert ("READ_BACK_DIFFERS", "REJECTED") == (other_class, used_class)
    assert "another document" in other_words
    assert "new number" in used_words
    assert 1 == len(world.simulator.invoices())


def test_the_same_number_at_another_payee_is_another_invoice() -> None:
    """Numbers are unique for a payee, not for the ERP."""
    world = a_finance_world()

    first = created(world)
    second = created(world, an_invoice(supplier_number="10001"))

    assert first != second


def test_a_lost_answer_is_looked_up_by_number_payee_and_unit() -> None:
    """What was created without an answer is found, once."""
    world = a_finance_world()
    world.faults.add(Fault(id="lost", kind="lost_answer", method="POST", path="/invoices$"))
    request = world.invoice_request(an_invoice())
    with pytest.raises(Exception, match="answer"):
        run(world.adapter.write(request))

    found = run(world.adapter.find(request))

    assert found is not None
    assert [found.external_id] == [str(one["invoice_id"]) for one in world.simulator.invoices()]


@pytest.mark.parametrize(
    ("trouble", "changes", "case_class"),
    [
        (None, {"supplier_number": "99999"}, "SUPPLIER_UNKNOWN"),
        (None, {"supplier_site": "HOME"}, "SUPPLIER_INACTIVE"),
        (None, {"business_unit": "FR Operations"}, "MAPPING_MISSING"),
        (
            None,
            {"lines": (InvoiceLine(number="1", amount=Money.of(1, "EUR"), account=ACCOUNT),)},
            "TOTALS_DIFFER",
        ),
        (None, {"reference": "no mark"}, "PAYLOAD_INVALID"),
        (lambda w: w.simulator.close_period("DE Ledger", "Jan-26"), {}, "PERIOD_CLOSED"),
        (
            lambda w: w.simulator.close_period("DE Ledger", "Jan-26", in_payables=True),
            {},
            "PERIOD_CLOSED",
        ),
        (lambda w: w.simulator.set_value("DE Account", "7110", is_enabled=False), {}, "ACCOUNT_INVALID"),
        (
            lambda w: w.simulator.add_combination(101, ACCOUNT, is_enabled=False),
            {},
            "ACCOUNT_INVALID",
        ),
    ],
    ids=["payee", "site", "unit", "lines", "mark", "period", "AP period", "value", "combination"],
)
def test_what_oracle_would_not_take_is_refused_by_class(
    trouble: Any, changes: Mapping[str, Any], case_class: str
) -> None:
    """Nothing is created, and the class says what helps."""
    world = a_finance_world()
    if trouble:
        trouble(world)

    found, _ = refusal(world, lambda: created(world, an_invoice(**changes)))

    assert case_class == found
    assert [] == world.simulator.invoices()


def test_an_inactive_payee_is_not_paid() -> None:
    """A leaver's supplier is closed: a person decides."""
    world = a_finance_world()
    payee = next(
        row for row in world.simulator.world.tables["suppliers"] if row.data["SupplierNumber"] == EMPLOYEE
    )
    assert isinstance(payee.id, int)
    world.simulator.set_supplier_active(payee.id, is_active=False)

    assert "SUPPLIER_INACTIVE" == refusal(world, lambda: created(world))[0]


def test_of_several_sites_the_configured_one_is_paid() -> None:
    """`employee_site` decides where the invoice does not; without it the choice is refused, not guessed."""
    sites = [
        {"SupplierSite": one, "ProcurementBUId": UNIT, "ProcurementBU": "DE Operations", "Status": "ACTIVE"}
        for one in ("HOME", "OFFICE")
    ]
    for options, expected in (({}, "OFFICE"), ({"payables": {"DE Operations": {"currency": "EUR"}}}, None)):
        world = a_finance_world(options=options)
        document = {"Supplier": "Two Sites Ltd", "SupplierNumber": "S-2", "Status": "ACTIVE", "sites": sites}
        world.simulator.put("suppliers", document)
        wanted = an_invoice(supplier_number="S-2")

        if expected is None:
            assert "SUPPLIER_AMBIGUOUS" == refusal(world, lambda w=world, d=wanted: created(w, d))[0]  # type: ignore[misc]
        else:
            created(world, wanted)
            assert expected == world.simulator.invoices()[0]["site"]


@pytest.mark.parametrize(
    ("trouble", "case_class", "words"),
    [
        (lambda w: w.simulator.close_period("DE Ledger", "Jan-26"), "PERIOD_CLOSED", "Period closed"),
        (
            lambda w: w.simulator.set_value("DE Account", "7110", is_enabled=False),
            "ACCOUNT_INVALID",
            "Distribution account invalid",
        ),
    ],
    ids=["period", "account"],
)
def test_a_validation_that_ends_in_holds_is_a_refusal(trouble: Any, case_class: str, words: str) -> None:
    """The action says 200 and a sentence; the invoice itself says that it is held, and why."""
    world = a_finance_world()
    invoice_id = created(world)
    trouble(world)

    found, message = refusal(world, lambda: act(world, "validate", invoice_id))

    assert case_class == found
    assert words in message
    assert "on_hold" == the_invoice(world).status
    assert the_invoice(world).holds[0].startswith(words)


def test_released_holds_let_an_invoice_go() -> None:
    """Validation again releases what is right by now."""
    world = a_finance_world()
    invoice_id = created(world)
    world.simulator.close_period("DE Ledger", "Jan-26")
    refusal(world, lambda: act(world, "validate", invoice_id))
    world.simulator.open_period("DE Ledger", "Jan-26")

    receipt = act(world, "validate", invoice_id)
    again = act(world, "validate", invoice_id)

    assert ("approved", True) == (receipt.answer["status"], again.was_found)
    assert () == the_invoice(world).holds


def test_a_hold_of_a_clerk_is_read() -> None:
    """What stops a payment is said in the clerk's own words."""
    world = a_finance_world()
    invoice_id = validated(world)

    world.simulator.hold_invoice(int(invoice_id), "Expense audit", "Receipt is missing")

    assert ("on_hold", ("Expense audit: Receipt is missing",)) == (
        the_invoice(world).status,
        the_invoice(world).holds,
    )
    world.simulator.release_holds(int(invoice_id))
    assert "approved" == the_invoice(world).status


@pytest.mark.parametrize("way", ["result", "error"])
@pytest.mark.parametrize("trouble", ["paid", "held"])
def test_an_invoice_that_cannot_be_cancelled_says_why(way: str, trouble: str) -> None:
    """Whether Oracle answers with a 400 or with a sentence and a 200, it is a refusal."""
    world = a_finance_world(settings={"invoice_refusals": way})
    invoice_id = validated(world)
    if trouble == "paid":
        world.simulator.pay(int(invoice_id), Decimal("1.00"))
    else:
        world.simulator.hold_invoice(int(invoice_id), "Expense audit")

    found, message = refusal(world, lambda: act(world, "cancel", invoice_id, reason="recalled"))

    assert "REJECTED" == found
    assert {"paid": "partially paid", "held": "on hold"}[trouble] in message


def test_a_cancelled_invoice_is_nothing_and_stays_so() -> None:
    """All amounts are zero; cancelling again changes nothing, validating is refused."""
    world = a_finance_world()
    invoice_id = validated(world)

    receipt = act(world, "cancel", invoice_id, reason="recalled")
    again = act(world, "cancel", invoice_id, reason="recalled")

    assert (False, True) == (receipt.was_found, again.was_found)
    assert ("cancelled", "0.00 EUR") == (the_invoice(world).status, str(the_invoice(world).total))
    assert "REJECTED" == refusal(world, lambda: act(world, "validate", invoice_id))[0]


def test_a_scheduled_validation_is_waited_for() -> None:
    """Where the action only asks for it, the receipt is pending and the invoice tells later."""
    world = a_finance_world(settings={"validates_invoices_after": timedelta(hours=2)})
    invoice_id = created(world)
    request = WriteRequest("invoice.validate", "v", invoice_id, {"number": "EXP-1"})

    early = run(world.adapter.find(request))
    world.wait(121)
    late = run(world.adapter.find(request))

    assert early is None
    assert late is not None
    assert "approved" == the_invoice(world).status


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "1190"), ("KWD", "1.005"), ("GBP", "10.10")])
def test_other_currencies_keep_their_decimals(currency: str, amount: str) -> None:
    """Foreign invoices carry a rate type and a date; amounts come back to the minor unit."""
    world, wanted = a_finance_world(), an_invoice(amount=amount, currency=currency)

    created(world, wanted)

    assert wanted.total == the_invoice(world).total


def test_a_credit_memo_is_negative() -> None:
    """Money that comes back from an employee is owed the other way round."""
    world = a_finance_world()
    lines = (InvoiceLine(number="1", amount=Money.of("-5.00", "EUR"), account=ACCOUNT),)

    created(world, an_invoice(kind="credit_memo", total=Money.of("-5.00", "EUR"), lines=lines))

    assert ("credit_memo", -500) == (the_invoice(world).kind, the_invoice(world).total.amount_minor)


def test_lines_of_each_kind_are_sent_and_read() -> None:
    """Item, tax, freight and other, each with the account that bears it."""
    world = a_finance_world()
    kinds = ("item", "tax", "freight", "other")
    lines = tuple(
        InvoiceLine(
            number=str(n), kind=kind, amount=Money.of(n, "EUR"), account=OTHER_ACCOUNT, description=kind
        )  # type: ignore[arg-type]
        for n, kind in enumerate(kinds, 1)
    )

    created(world, an_invoice(total=Money.of(10, "EUR"), lines=lines))

    assert lines == the_invoice(world).lines


def test_a_line_for_an_order_names_the_order_and_no_account() -> None:
    """A matched line takes its account from the order."""
    line = InvoiceLine(number="1", amount=Money.of(10, "EUR"), order_number="100001", order_line="2")
    options = a_finance_world().parsed_options

    body = invoice(an_invoice(total=Money.of(10, "EUR"), lines=(line,)), Payee("P", "1", "S"), options)

    (sent,) = body["invoiceLines"]
    assert ("100001", Decimal(2), 1) == tuple(
        sent[f"PurchaseOrder{name}"] for name in ("Number", "LineNumber", "ScheduleLineNumber")
    )
    assert "invoiceDistributions" not in sent


def test_employees_are_read_with_their_managers() -> None:
    """The employee number joins HR, expense tool and the payee."""
    world = a_finance_world()

    (found, _) = read(world, "employee")

    people = {one.record.number: one.record for one in found}
    berg = people[EMPLOYEE]
    assert isinstance(berg, Employee)
    assert ("10001", "420", "DE01", date(2020, 4, 1)) == (
        berg.manager_number,
        berg.cost_centre,
        berg.legal_entity,
        berg.starts_on,
    )
    rows = run(world.adapter.read_many("employee", [found[0].external_id]))
    assert 1 == len(rows)


def test_periods_are_read_for_ledger_and_payables() -> None:
    """A period may be closed in Payables and open in the general ledger."""
    world = a_finance_world()
    world.simulator.close_period("DE Ledger", "Jan-26", in_payables=True)

    (found, _) = read(world, "fiscal_period")
    again = run(world.adapter.read_many("fiscal_period", ["DE Ledger/Jan-26/payables"]))

    states = {one.external_id: one.record.is_open for one in found if isinstance(one.record, FiscalPeriod)}
    assert {
        "DE Ledger/Jan-26": True,
        "DE Ledger/Feb-26": True,
        "DE Ledger/Jan-26/payables": False,
        "DE Ledger/Feb-26/payables": True,
    } == states
    assert isinstance(world.adapter.translate("fiscal_period", again)[0], Translated)
    assert 1 == len(again)


def test_what_stands_survives_a_restart() -> None:
    """A simulator that is loaded goes on with imports, holds, payments and runs where it was."""
    world = a_finance_world(settings={"payment_run_every": timedelta(days=7)})
    invoice_id = validated(world)
    world.simulator.hold_invoice(int(invoice_id), "Expense audit")
    state = world.simulator.dump()

    other = a_finance_world(settings={"payment_run_every": timedelta(days=7)})
    other.simulator.load(state)
    other.simulator.release_holds(int(invoice_id))
    other.wait(60 * 24 * 8)

    assert ["Paid"] == [one["paid_status"] for one in other.simulator.invoices()]
    assert world.simulator.invoices()[0]["holds"] == ["Expense audit"]
