"""Concur's documents as records: every published document, and what our own hands can't trust in them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.base import Translated, Untranslatable
from adapters.concur import inbound
from adapters.concur.options import Options
from store.canonical.expense import ExpenseDocument, ExpenseReport

PUBLISHED = Path(__file__).parent / "concur_fis"
FILES = sorted(PUBLISHED.glob("*.json"))
SAMPLES = Path(inbound.__file__).parent / "samples"
TWINS = {
    "published_2.3": "0EE74C75C9344DEA942F",
    "published_5.2.1": "2E6DA12BB8B87D468BD666383E44033D",
    "published_5.2.2": "52F40A7F26D74F1AAFFB",
    "published_6.1.6": "7E141428931340B990A3",
    "published_6.2.1": "15298B27B5FC4EBC98B3",
    "published_funds_check": "fundsCheck",
}
CENT = Decimal("0.01")


def rows(path: Path) -> list[bytes]:
    """Return the documents of a published file: in an envelope, or one that stands alone."""
    envelope = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
    if "fIDocuments" not in envelope:
        return [path.read_bytes()]
    return [bytes(one) for one in msgspec.json.decode(envelope["fIDocuments"], type=list[msgspec.Raw])]


def published(name: str) -> bytes:
    return rows(next(path for path in FILES if name in path.name))[0]


def read(row: bytes, entity: str = "expense_document", **options: Any) -> Translated:
    (found,) = inbound.translate(entity, [row], Options(**options))
    assert isinstance(found, Translated), found
    return found


def a_document(**report: Any) -> dict[str, Any]:
    """Return the published VAT example, with changes of its report."""
    document: dict[str, Any] = json.loads(published("F071FADEA6B142DD884A"))
    document["document"]["report"] |= report
    return document


def record(document: dict[str, Any], **options: Any) -> ExpenseDocument:
    found = read(json.dumps(document).encode(), **options).record
    assert isinstance(found, ExpenseDocument)
    return found


def refusal(document: dict[str, Any]) -> Untranslatable:
    (found,) = inbound.translate("expense_document", [json.dumps(document).encode()], Options())
    assert isinstance(found, Untranslatable)
    return found


def test_there_are_published_documents() -> None:
    """Reports, cash advances and a funds check, with the notice of their licence."""
    assert len(FILES) == 16
    assert "Apache License" in (PUBLISHED / "NOTICE").read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem[7:60])
def test_every_published_document_is_read(path: Path) -> None:
    """None is refused, and its totals hold: total = approved entries = gross of all lines, line by line too."""
    for row in rows(path):
        document = read(row).record
        assert isinstance(document, ExpenseDocument)

        lines = [
            (line, allocation)
            for entry in document.entries
            for allocation in entry.allocations
            for line in allocation.journal
        ]
        approved = sum((entry.approved for entry in document.entries), Decimal(0))
        gross = sum((line.gross for line, _ in lines), Decimal(0))
        assert abs(approved - gross) <= CENT
        if document.total is not None and document.kind == "report":
            assert abs(document.total.amount - gross) <= CENT
        for line, allocation in lines:
            taxes = {one.id: one for one in allocation.taxes}
            own = [taxes[name] for name in line.tax_ids]
            assert abs(line.gross - line.net_of_tax - sum((t.tax for t in own), Decimal(0))) <= CENT
            assert abs(line.gross - line.net_of_reclaim - sum((t.reclaim for t in own), Decimal(0))) <= CENT


@pytest.mark.parametrize(("twin", "name"), TWINS.items())
def test_a_published_document_becomes_its_reviewed_record(twin: str, name: str) -> None:
    """Two taxes, a cash advance and its settlement, offsetting, personal charges on two kinds of card, funds."""
    expected = json.loads((SAMPLES / f"{twin}.canonical.json").read_text("utf-8"))

    found = read(published(name)).record

    assert expected == json.loads(found.canonical_json())


def test_a_document_is_named_by_itself_its_queue_and_its_report() -> None:
    """All three are needed later, and one text carries them."""
    found = read(published("F071FADEA6B142DD884A"))

    assert "f7a675d035bc44419cc0df2389c5b10c.expense.F071FADEA6B142DD884A" == found.external_id


def test_a_refused_document_has_the_amount_that_it_states_itself() -> None:
    """The report's approved total, where it and its currency can be read."""
    whole = a_document()
    total = record(whole).total
    whole["document"]["employee"].pop("employeeId")
    vague = a_document(totalApprovedAmount="some")

    assert total == refusal(whole).amount
    assert total is not None
    assert refusal(vague).amount is None


def test_a_document_may_come_as_text() -> None:
    """As the header DocumentFormatAs: text would send it."""
    document = a_document()
    as_text = {**document, "document": json.dumps(document["document"])}

    assert record(document) == record(as_text)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("READY", "ready"),
        ("ACKNOWLEDGED", "acknowledged"),
        ("POSTING_CONFIRMED_SUCCESS", "posted"),
        ("POSTING_CONFIRMED_FAILURE", "failed"),
        ("PAYMENT_CONFIRMED_SUCCESS", "paid"),
        ("PAYMENT_CONFIRMED_REVERSED", "reversed"),
        ("RECALLED", "recalled"),
        ("FLAG_DUPLICATE", "other"),
        ("SOMETHING_NEW", "other"),
    ],
)
def test_every_status_has_a_word(code: str, status: str) -> None:
    """Those nobody published are kept as they are named, and never a crash."""
    found = record({**a_document(), "docStatus": code})

    assert (status, code) == (found.status, found.status_code)


@pytest.mark.parametrize(
    ("entry", "payment_types", "expected"),
    [
        ({"reportEntryPatKey": "COPD"}, {}, "company_paid"),
        ({"reportEntryPatKey": "IBIP"}, {}, "individual_card"),
        ({"reportEntryPatKey": "1000"}, {"1000": "company_card"}, "company_card"),
        ({"reportEntryPatKey": "1000"}, {}, "cash"),  # nobody said what 1000 is: the lines say who is paid
        ({"reportEntryPatKey": None}, {}, "cash"),
        ({"reportEntryPatKey": None, "lines": [("COMP", "IBCP")]}, {}, "individual_card"),
        ({"reportEntryPatKey": None, "lines": [("COMP", "EMPL"), ("COMP", "IBCP")]}, {}, "cash"),
        ({"reportEntryPatKey": None, "lines": [("COMP", "CBCP"), ("EMPL", "COMP")]}, {}, "company_card"),
        ({"reportEntryPatKey": None, "lines": [("COPD", "COMP")]}, {}, "company_paid"),
        ({"reportEntryPatKey": None, "lines": [("", "")], "reportEntryPaymentTypeCode": "Cash"}, {}, "cash"),
        (
            {"reportEntryPatKey": None, "lines": [("", "")], "reportEntryPaymentTypeCode": "Bar"},
            {},
            "unknown",
        ),
    ],
)
def test_who_paid_is_told_by_key_then_by_the_lines_then_by_a_label(
    entry: dict[str, Any], payment_types: dict[str, Any], expected: str
) -> None:
    """Companies have codes of their own, published documents lack them, labels are translated."""
    document = a_document()
    own = document["document"]["expenseEntry"][0]
    line = own["allocation"][0]["journal"][0]
    pairs = entry.pop("lines", None)
    if pairs:
        own["allocation"][0]["journal"] = [
            {**line, "journalPayer": payer, "journalPayee": payee} for payer, payee in pairs
        ]
    own |= entry

    assert expected == record(document, payment_types=payment_types).entries[0].paid_by


def test_money_that_the_tool_sends_itself_is_marked() -> None:
    """With Expense Pay the ERP posts, but must not pay a second time."""
    (card, cash) = read(published("CDFDE0F4CACE4426A913")).record.entries  # type: ignore[attr-defined]

    assert (True, True) == (card.is_paid_by_tool, cash.is_paid_by_tool)


def test_amounts_keep_every_decimal() -> None:
    """Eight decimals and a zero with an exponent stay exact; nothing becomes a float."""
    document = a_document()
    entry = document["document"]["expenseEntry"][0]
    entry["entryExchangeRate"] = 1
    text = json.dumps(document).replace(
        '"entryExchangeRate": 1', '"entryExchangeRate": 0.80321754012345678901'
    )
    text = text.replace('"cashAdvanceReturnsAmount": 0', '"cashAdvanceReturnsAmount": 0E-8')

    found = read(text.encode()).record
    assert isinstance(found, ExpenseDocument)

    assert Decimal("0.80321754012345678901") == found.entries[0].exchange_rate
    assert found.returned is not None
    assert 0 == found.returned.amount_minor


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"reportId": None}, "$.document.report.reportId", "missing"),
        ({"employeeCurrencyAlphaCode": "EURO"}, "$.document.report.totalApprovedAmount", "not a currency"),
        ({"totalApprovedAmount": 10.005}, "$.document.report.totalApprovedAmount", "totals: 10.005 EUR"),
        ({"totalApprovedAmount": []}, "$.document.report.totalApprovedAmount", "expected a number"),
    ],
)
def test_what_can_not_be_read_says_where_and_why(change: dict[str, Any], path: str, reason: str) -> None:
    """The place is that in the whole document, the document is named."""
    found = refusal(a_document(**change))

    assert path == found.path
    assert reason in found.reason
    assert "f7a675d035bc44419cc0df2389c5b10c" == found.external_id


def test_an_unknown_kind_of_cash_advance_is_no_guess() -> None:
    """What is settled, returned or carried forward differs in who owes whom."""
    document = json.loads(published("52F40A7F26D74F1AAFFB"))
    document["document"]["cashAdvanceApplication"][0]["cashAdvanceTransactionType"] = 9

    assert "$.document.cashAdvanceApplication[0].cashAdvanceTransactionType" == refusal(document).path


def test_a_cash_advance_in_another_currency_states_no_total() -> None:
    """Its posting lines are in the employee's currency, what was asked for in its own."""
    found = read(published("2E6DA12BB8B87D468BD666383E44033D")).record
    assert isinstance(found, ExpenseDocument)

    assert ("GBP", None, "300.00 USD") == (found.currency, found.total, str(found.requested))
    assert [("debit", Decimal(300))] == [(one.side, one.amount) for one in found.postings]


def test_a_request_for_funds_is_read() -> None:
    """Nothing is posted: an account and an amount an allocation, and what to do with the funds."""
    body = {
        "instruction": {"instruction": "release"},
        "employee": {
            "employeeId": "50000925",
            "loginId": "s.dali@example.com",
            "employeeCountryCode": "DE",
            "employeeReimbursementCurrency": "EUR",
            "isTest": False,
        },
        "requestHeader": {
            "requestId": "44FBE24939BA8148ADBD88B80C721C59",
            "requestKey": "39FR",
            "requestName": "Fair in Oslo",
            "fgiRefId": "4ce5dfb4-a5d0-445f-8756-951b314a81ce",
            "totalApprovedAmount": 1,
            "revisionNumber": 2,
        },
        "requestEntry": [
            {
                "entryId": "4EB0762D8B84174F8ABA8158AC08AEF7",
                "expenseTypeCode": "AIRFR",
                "entryAccountCode": "474100",
                "entryApprovedAmount": 1,
                "allocation": [
                    {
                        "allocationId": "84ADC08E03FB654AB41494BA5700D035",
                        "allocationAmount": 1,
                        "allocationPercentage": 100,
                        "allocationCustom4Code": "10101",
                    }
                ],
            }
        ],
    }
    found = read(json.dumps(body).encode())
    assert isinstance(found.record, ExpenseDocument)

    assert (
        "4ce5dfb4a5d0445f8756951b314a81ce.requestobligation.44FBE24939BA8148ADBD88B80C721C59"
        == found.external_id
    )
    assert ("funds_check", "release", "39FR") == (
        found.record.kind,
        found.record.instruction,
        found.record.number,
    )
    (allocation,) = found.record.entries[0].allocations
    assert ("474100", Decimal(1)) == (allocation.journal[0].account_code, allocation.journal[0].gross)
    assert {"custom4": "10101"} == allocation.codes


def a_report(**changes: Any) -> ExpenseReport:
    document = json.loads((SAMPLES / "expense_report.json").read_text("utf-8")) | changes
    found = read(json.dumps(document).encode(), "expense_report").record
    assert isinstance(found, ExpenseReport)
    return found


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("A_TEXP", "in_approval"),
        ("A_EXTV", "in_validation"),
        ("A_RESU", "returned"),
        ("A_OURS", "in_approval"),
    ],
)
def test_an_approval_status_of_a_company_counts_as_in_approval(code: str, status: str) -> None:
    """The code stays with the record; a new one is never a crash."""
    found = a_report(ApprovalStatusCode=code)

    assert (status, code) == (found.approval_status, found.approval_code)


def test_a_failed_posting_is_known_by_its_label() -> None:
    """Its code is not published."""
    found = a_report(PaymentStatusCode="P_XYZ", PaymentStatusName="Financial Posting Failed")

    assert "posting_failed" == found.payment_status


def test_report_times_are_shifted_where_a_company_is_not_on_utc() -> None:
    """The option says how far ahead; without it they count as UTC."""
    row = (SAMPLES / "expense_report.json").read_bytes()

    here = read(row, "expense_report").source_updated_at
    there = read(row, "expense_report", report_time_offset_minutes=60).source_updated_at

    assert here is not None
    assert there is not None
    assert 3600 == (here - there).total_seconds()
