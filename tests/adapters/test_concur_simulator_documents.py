"""What holds of every financial document that the simulator makes, as measured on the published ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.concur.simulator_money import decimals
from adapters.concur.simulator_plan import AdvanceUse, EntryPlan, ReportPlan, Split, TaxPlan
from adapters.concur.simulator_settings import Settings
from tests.adapters.concur_company import ANA, FIS, Company, a_report, a_split, a_tax, an_entry, d


def a_body(company: Company, *entries: EntryPlan, **changes: Any) -> dict[str, Any]:
    """Approve a report and return its document with exact numbers."""
    report_id = company.concur.approve_report(a_report(*entries, **changes))
    text = company.call("GET", FIS, params={"docId": report_id}).text
    body: dict[str, Any] = json.loads(text, parse_float=Decimal, parse_int=Decimal)["content"][0]["document"]
    return body


def lines(body: Mapping[str, Any]) -> list[tuple[str, str, Decimal]]:
    """Return payer, payee and amount of every journal line."""
    return [
        (line["journalPayer"], line["journalPayee"], line["amountGross"])
        for entry in body["expenseEntry"]
        for allocation in entry["allocation"]
        for line in allocation["journal"]
    ]


def check_invariants(body: Mapping[str, Any]) -> None:
    """Assert what holds of all published documents: to the last decimal here."""
    entries = body["expenseEntry"]
    approved = sum((one["entryApprovedAmount"] for one in entries), Decimal(0))
    assert approved == sum(amount for _, _, amount in lines(body))
    assert body["report"].get("totalApprovedAmount", approved) == approved
    for entry in entries:
        for allocation in entry["allocation"]:
            taxes = {one["taxGuid"]: one for one in allocation["tax"]}
            for line in allocation["journal"]:
                own = [taxes[guid] for guid in line["taxGuid"]]
                tax = sum((one["amountTax"] for one in own), Decimal(0))
                reclaim = sum((one["amountReclaim"] for one in own), Decimal(0))
                assert line["amountGross"] == line["amountNetOfTax"] + tax
                assert line["amountGross"] == line["amountNetOfReclaim"] + reclaim


# Payment kinds, as the samples show them


@pytest.mark.parametrize(
    ("payment", "amount", "payer", "payee"),
    [
        ("cash", "10.00", "COMP", "EMPL"),
        ("cash", "-10.00", "EMPL", "COMP"),
        ("individual_card", "10.00", "COMP", "IBCP"),
        ("company_card", "10.00", "COMP", "CBCP"),
        ("company_paid", "10.00", "COMP", "COPD"),
        ("company_paid", "-10.00", "COPD", "COMP"),
    ],
)
def test_each_payment_kind_has_its_payer_and_payee(payment: str, amount: str, payer: str, payee: str) -> None:
    """A credit turns them round and is negative."""
    body = a_body(Company(), an_entry(amount, payment=payment))

    assert [(payer, payee, d(amount))] == lines(body)
    check_invariants(body)


@pytest.mark.parametrize("payment", ["company_card", "company_paid"])
def test_a_private_charge_that_the_company_pays_cancels_itself(payment: str) -> None:
    """Two lines on the clearing account; nothing is approved."""
    entry = an_entry("14.00", payment=payment, is_personal=True, clearing_account="199999")

    body = a_body(Company(), an_entry("20.00"), entry)

    private = body["expenseEntry"][1]
    assert ("Y", 0) == (private["entryIsPersonal"], private["entryApprovedAmount"])
    (allocation,) = private["allocation"]
    assert {"199999"} == {one["journalAccountCode"] for one in allocation["journal"]}
    assert [14, -14] == [one["amountGross"] for one in allocation["journal"]]
    check_invariants(body)


def test_a_private_charge_on_ones_own_card_is_left_out() -> None:
    """It is no business of the ledger."""
    body = a_body(Company(), an_entry("20.00"), an_entry("9.00", payment="individual_card", is_personal=True))

    assert 1 == len(body["expenseEntry"])
    check_invariants(body)


def test_offsetting_takes_private_charges_from_cash() -> None:
    """As in example 6.1.6: of a taxi for 35, 14 go to the card."""
    company = Company(Settings(offsets_personal=True))
    card = {"payment": "individual_card"}

    body = a_body(
        company,
        an_entry("125.00", **card),
        an_entry("14.00", is_personal=True, **card),
        an_entry("35.00", taxes=(a_tax("3.50", "1.00"),)),
    )

    assert [
        ("COMP", "IBCP", d("125")),
        ("COMP", "EMPL", d("21")),
        ("COMP", "IBCP", d("14")),
    ] == lines(body)
    assert ["Y", "N"] == [one["offsetPayType"] for one in body["expenseEntry"]]
    check_invariants(body)


# Tax


@pytest.mark.parametrize(
    ("amount", "taxes", "net_of_tax", "net_of_reclaim"),
    [
        ("10.00", [("1.60", "1.60")], "8.4", "8.4"),
        ("100.00", [("15.97", "0")], "84.03", "100"),
        ("100.00", [("4.42", "0"), ("7.08", "3.54")], "88.5", "96.46"),
        ("55.00", [("2.43", "1.22"), ("3.89", "1.95")], "48.68", "51.83"),
    ],
)
def test_taxes_are_taken_off_as_in_the_worked_samples(
    amount: str, taxes: list[tuple[str, str]], net_of_tax: str, net_of_reclaim: str
) -> None:
    """Laundry, fuel, phone with two authorities, hotel with part reclaim."""
    planned = tuple(a_tax(*one, authority=f"T{place}") for place, one in enumerate(taxes))

    body = a_body(Company(), an_entry(amount, taxes=planned))

    (line,) = body["expenseEntry"][0]["allocation"][0]["journal"]
    assert (d(net_of_tax), d(net_of_reclaim)) == (line["amountNetOfTax"], line["amountNetOfReclaim"])
    check_invariants(body)


# Allocations, itemizations, currencies


def test_a_split_expense_has_a_line_for_each_cost_object() -> None:
    """Parts may be finer than the currency; together they are the whole."""
    splits = (a_split("33.33", "CC-1"), a_split("33.33", "CC-2"), a_split("33.34", "CC-3"))

    body = a_body(Company(), an_entry("10.01", splits=splits, taxes=(a_tax("1.60", "1.60"),)))

    allocations = body["expenseEntry"][0]["allocation"]
    assert ["CC-1", "CC-2", "CC-3"] == [one["allocationCustom2Code"] for one in allocations]
    assert [d("3.336333"), d("3.336333"), d("3.337334")] == [
        one["journal"][0]["amountGross"] for one in allocations
    ]
    check_invariants(body)


def test_an_itemized_expense_shows_as_its_items() -> None:
    """They have the way of payment and the vendor of their parent."""
    items = (an_entry("100.00"), an_entry("20.00", expense_type="DINNR"))
    hotel = an_entry("0", items=items, payment="company_card", vendor="Hotel Nord", clearing_account="199999")

    body = a_body(Company(), hotel)

    assert ["LODNG", "DINNR"] == [one["expenseTypeCode"] for one in body["expenseEntry"]]
    assert {("COMP", "CBCP")} == {one[:2] for one in lines(body)}
    assert {"Hotel Nord"} == {one["entryVendorDescription"] for one in body["expenseEntry"]}
    check_invariants(body)


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "12000"), ("KWD", "12.345"), ("EUR", "12.34")])
def test_amounts_have_the_decimals_of_their_currency(currency: str, amount: str) -> None:
    """None, three, two; a finer one can't be claimed."""
    company = Company()

    body = a_body(company, an_entry(amount), currency=currency)

    assert d(amount) == body["report"]["totalApprovedAmount"]
    assert currency == body["report"]["employeeCurrencyAlphaCode"]
    with pytest.raises(ValueError, match="more decimals"):
        company.concur.create_report(
            a_report(an_entry(amount + ("1" if "." in amount else ".1")), currency=currency)
        )


def test_what_was_spent_abroad_keeps_its_currency() -> None:
    """The journal is in the employee's currency, the transaction in its own."""
    entry = an_entry(
        "84.65", transaction_amount=d("100.00"), transaction_currency="USD", exchange_rate=d("0.8465")
    )

    (shown,) = a_body(Company(), entry)["expenseEntry"]

    assert ("USD", 100, d("0.8465"), "M") == (
        shown["entryCurrAlphaCode"],
        shown["reportEntryTransactionAmount"],
        shown["entryExchangeRate"],
        shown["entryExchangeRateDirection"],
    )
    assert d("84.65") == shown["allocation"][0]["journal"][0]["amountGross"]


def test_allocations_that_are_not_whole_are_not_accepted() -> None:
    """100 % or nothing."""
    with pytest.raises(ValueError, match="make 60 %"):
        Company().concur.create_report(a_report(an_entry(splits=(a_split("60", "CC-1"),))))


# Cash advances, flags, odd forms


def test_cash_advances_are_settled_outside_the_total() -> None:
    """Negative; a return counts in the header, and may show among the applications too."""
    company = Company()
    advance_id = company.concur.issue_cash_advance(ANA, d("300.00"), "EUR")
    uses = (
        AdvanceUse(advance_id=advance_id, amount=d("245.00")),
        AdvanceUse(advance_id=advance_id, amount=d("55.00"), is_return=True),
        AdvanceUse(advance_id=advance_id, amount=d("1.00"), is_return=True, is_listed=False),
    )

    body = a_body(company, an_entry("245.00"), advances=uses)

    assert [-245, -55] == [one["cashAdvanceApplicationAmount"] for one in body["cashAdvanceApplication"]]
    assert 56 == body["report"]["cashAdvanceReturnsAmount"]
    check_invariants(body)


def test_an_approver_may_cut_an_expense() -> None:
    """What is posted is what was approved."""
    body = a_body(Company(), an_entry("80.00", approved_amount=d("50.00")))

    assert [("COMP", "EMPL", d("50"))] == lines(body)
    check_invariants(body)


def test_a_test_user_and_an_empty_account_show() -> None:
    """Both are published."""
    body = a_body(Company(), an_entry(account=""), is_test=True)

    assert "Y" == body["report"]["isTest"]
    assert "" == body["expenseEntry"][0]["allocation"][0]["journal"][0]["journalAccountCode"]


def test_documents_without_total_and_payment_code_exist() -> None:
    """Payer and payee still say how it was paid."""
    body = a_body(Company(Settings(has_payment_codes=False)), has_total=False)

    assert "totalApprovedAmount" not in body["report"]
    assert "reportEntryPatKey" not in body["expenseEntry"][0]
    check_invariants(body)


def test_a_company_may_have_payment_codes_of_its_own() -> None:
    """The payee is the same all the same."""
    company = Company(Settings(payment_codes={"company_card": "1000"}))

    body = a_body(company, an_entry(payment="company_card"))

    assert "1000" == body["expenseEntry"][0]["reportEntryPatKey"]
    assert [("COMP", "CBCP")] == [one[:2] for one in lines(body)]


def test_fields_with_a_list_show_code_and_value() -> None:
    """Others show the code alone; the last approver is named by employee number."""
    company = Company()
    fields = ["allocation.custom2", "employee.orgUnit2"]
    list_id = company.concur.add_list("Cost centres", fields=fields)
    company.concur.add_list_item(list_id, "CC-210", "Sales Iberia")

    body = a_body(company, an_entry(splits=(a_split("100", "CC-210"),)))

    (allocation,) = body["expenseEntry"][0]["allocation"]
    assert ("CC-210", "Sales Iberia") == (
        allocation["allocationCustom2Code"],
        allocation["allocationCustom2Value"],
    )
    assert ("4500", None) == (allocation["allocationCustom1Code"], allocation["allocationCustom1Value"])
    assert "Sales Iberia" == body["employee"]["employeeOrgUnit2Value"]
    assert "100017" == body["report"]["lastApproverId"]


# The published documents themselves


PUBLISHED = sorted((Path(__file__).parent / "concur_fis").glob("*.json"))


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: str(path.stem))
def test_a_published_document_is_served_and_acknowledged(path: Path) -> None:
    """Judged by the contract; its text is not touched, its status is ours."""
    company = Company()
    raw = path.read_text("utf-8")
    (document_id,) = company.concur.put_fis_document(raw, is_ready=True)
    queue = FIS.replace("/expense/", f"/{company.concur.document(document_id)['doc_type']}/")

    (served,) = company.get(queue)["content"]

    published = json.loads(raw)
    body = published["fIDocuments"][0]["document"] if "fIDocuments" in published else published
    assert body == served["document"]
    assert [0] == company.acknowledge(document_id, path=queue)


def test_there_are_published_documents() -> None:
    """The folder was found."""
    assert PUBLISHED


# Any report


@st.composite
def plans(draw: st.DrawFn) -> ReportPlan:
    """Draw a report of any payment kinds, taxes, splits, private charges and items, in any currency."""
    currency = draw(st.sampled_from(["EUR", "JPY", "KWD"]))
    quantum = Decimal(1).scaleb(-decimals(currency))

    def amounts(least: int, most: int) -> st.SearchStrategy[Decimal]:
        return st.integers(least, most).map(lambda units: units * quantum)

    def an_entry_plan(*, may_have_items: bool) -> EntryPlan:
        if may_have_items and draw(st.integers(0, 5)) == 0:
            items = tuple(an_entry_plan(may_have_items=False) for _ in range(draw(st.integers(1, 3))))
            return EntryPlan(items=items, payment=draw(st.sampled_from(["cash", "company_card"])))
        amount = draw(amounts(-500_000, 500_000))
        whole = abs(int(amount / quantum)) // 3
        taxes = tuple(
            TaxPlan(amount=tax, reclaim=draw(amounts(0, int(tax / quantum))), authority=f"T{place}")
            for place in range(draw(st.integers(0, 2)))
            for tax in [draw(amounts(0, whole))]
        )
        cut = draw(st.integers(1, 9_999)) / Decimal(100)
        splits = (Split(percentage=cut), Split(percentage=100 - cut)) if draw(st.booleans()) else ()
        payment = draw(st.sampled_from(["cash", "individual_card", "company_card", "company_paid"]))
        is_personal = draw(st.integers(0, 4)) == 0 and payment != "cash"
        return EntryPlan(
            amount=amount,
            payment=payment,  # type: ignore[arg-type]
            taxes=() if is_personal else taxes,
            splits=splits,
            is_personal=is_personal,
        )

    entries = tuple(an_entry_plan(may_have_items=True) for _ in range(draw(st.integers(1, 5))))
    return ReportPlan(employee=ANA, name="Any", entries=entries, currency=currency)


@given(plans(), st.booleans())
@settings(deadline=None)
def test_any_report_makes_a_document_that_adds_up(plan: ReportPlan, offsets: bool) -> None:
    """Whatever the percentages: gross is net and taxes, and the lines are the approved total."""
    company = Company(Settings(offsets_personal=offsets))
    report_id = company.concur.approve_report(plan)
    text = company.call("GET", FIS, params={"docId": report_id}).text

    body = json.loads(text, parse_float=Decimal, parse_int=Decimal)["content"][0]["document"]

    check_invariants(body)
    report = company.concur.report(report_id)
    assert report["approved"] == sum((one["entryApprovedAmount"] for one in body["expenseEntry"]), Decimal(0))
