"""The simulated financial service, clause by clause of its description."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapters.concur.simulator_settings import Settings
from tests.adapters.concur_company import ANA, FIS, Company, a_report, an_entry, d

TYPES = "/financialintegration/fi/v4/companies/transactiontypes"


def a_status(company: Company, document: dict[str, Any]) -> tuple[str, str]:
    """Return the document's and the report's status."""
    report_id = document["document"]["report"]["reportId"]
    return company.concur.document(document["id"])["status"], company.concur.report(report_id)[
        "payment_status"
    ]


# The queue


def test_a_final_approval_puts_a_document_into_the_queue() -> None:
    """Its id is not the report's; nobody has it yet."""
    company = Company()

    report_id = company.concur.approve_report(a_report())

    (document,) = company.ready()
    assert ("READY", "") == (document["docStatus"], document["erpSystemId"])
    assert report_id == document["document"]["report"]["reportId"]
    assert report_id != document["id"]
    assert ("A_APPR", "P_PROC") == (
        company.concur.report(report_id)["approval_status"],
        company.concur.report(report_id)["payment_status"],
    )


def test_a_report_that_is_not_final_approved_is_not_in_the_queue() -> None:
    """Submitted, or approved by one of two: nothing to post."""
    company = Company()

    company.concur.approve_report(a_report(), is_final=False)

    assert [] == company.ready()


def test_pages_begin_at_zero_and_link_to_the_next() -> None:
    """The published links lack a part of the path and carry a parameter that nobody documents."""
    company = Company()
    for _ in range(5):
        company.concur.approve_report(a_report())

    first = company.get(FIS, limit=2)
    last = company.get(FIS, limit=2, page=2)

    links = {one["rel"]: one["href"] for one in first["links"]}
    assert {"first", "self", "next", "last"} == set(links)
    assert (
        "http://concur/fi/v4/companies/transactiontypes/expense/transactions?limit=2&page=1&size=2"
        == links["next"]
    )
    assert {"size": 2, "totalElements": 5, "totalPages": 3, "number": 0} == first["page"]
    assert (1, "next" in {one["rel"] for one in last["links"]}) == (len(last["content"]), False)


def test_one_document_is_asked_for_by_its_report() -> None:
    """Once acknowledged it shows only to whoever ignores the status."""
    company = Company()
    document = company.a_document()
    report_id = document["document"]["report"]["reportId"]
    company.acknowledge(document["id"])

    hidden = company.get(FIS, docId=report_id)["content"]
    (shown,) = company.get(FIS, docId=report_id, ignoreDocumentStatus="yes")["content"]

    assert [] == hidden
    assert ("ACKNOWLEDGED", "FUSION") == (shown["docStatus"], shown["erpSystemId"])


def test_a_list_can_be_narrowed_to_one_system() -> None:
    """Only documents that this system has."""
    company = Company()
    document = company.a_document()
    report_id = document["document"]["report"]["reportId"]
    company.acknowledge(document["id"])
    asked = {"docId": report_id, "ignoreDocumentStatus": "yes"}

    assert 1 == len(company.get(FIS, systemId="FUSION", **asked)["content"])
    assert 0 == len(company.get(FIS, systemId="ANOTHER", **asked)["content"])


def test_a_document_may_come_as_text() -> None:
    """The same JSON, in a string."""
    company = Company()
    document = company.a_document()

    (as_text,) = company.call("GET", FIS, more_headers={"DocumentFormatAs": "text"}).json()["content"]

    assert document["document"] == json.loads(as_text["document"])


@pytest.mark.parametrize("query", ["page=x", "limit=0", "ignoreDocumentStatus=maybe", f"systemId={'x' * 51}"])
def test_a_malformed_question_is_refused(query: str) -> None:
    """400 with a message."""
    answer = Company().call("GET", f"{FIS}?{query}", is_judged=False)

    assert 400 == answer.status_code
    assert answer.json()["message"]


def test_an_unknown_type_is_refused() -> None:
    """There are six."""
    assert 400 == Company().call("GET", f"{TYPES}/obligation/transactions", is_judged=False).status_code


# Acknowledgement


def test_an_acknowledged_document_leaves_the_queue_and_keeps_its_system() -> None:
    """Each id has its own result; one that fails doesn't fail its neighbours."""
    company = Company()
    one, two = company.a_document(), company.a_document()

    codes = company.acknowledge(one["id"], "f" * 32, two["id"])

    assert [0, 104, 0] == codes
    assert [] == company.ready()
    assert ("ACKNOWLEDGED", "P_PROC") == a_status(company, one)


def test_a_second_acknowledgement_is_known() -> None:
    """101, whoever asks; the first system stays."""
    company = Company()
    document = company.a_document()
    company.acknowledge(document["id"])

    assert [101] == company.acknowledge(document["id"])
    assert [101] == company.acknowledge(document["id"], system="ANOTHER")
    assert "FUSION" == company.concur.document(document["id"])["system"]


def test_a_document_of_another_type_is_not_acknowledged() -> None:
    """105, also for a report id: that is no document, 104."""
    company = Company()
    document = company.a_document()

    assert [105] == company.acknowledge(document["id"], path=f"{TYPES}/invoice/transactions")
    assert [104] == company.acknowledge(document["document"]["report"]["reportId"])


def test_a_document_that_waits_for_something_is_not_ready() -> None:
    """103: later."""
    company = Company()
    document = company.a_document()
    raw = dict(document, id="d" * 32, docStatus="DELAYED")
    company.concur.put_fis_document(raw)

    assert [103] == company.acknowledge("d" * 32)


@pytest.mark.parametrize("body", [{"ids": "x"}, {}, {"ids": [], "systemId": "x" * 51}, []])
def test_a_malformed_acknowledgement_fails_as_a_whole(body: Any) -> None:
    """400, and nothing happens."""
    answer = Company().call("POST", f"{FIS}/acknowledgements", json=body, is_judged=False)

    assert 400 == answer.status_code


# Posting


def test_a_posting_that_succeeded_marks_the_report_as_sent_for_payment() -> None:
    """The ERP's number is kept."""
    company = Company()
    document = company.a_document()
    company.acknowledge(document["id"])

    result = company.post(document["id"])

    assert (0, "SUCCESS") == (result["code"], result["postingConfirmationResult"])
    assert ("POSTING_CONFIRMED_SUCCESS", "P_PAID") == a_status(company, document)
    (kept,) = company.concur.document(document["id"])["confirmations"]
    assert (True, ["300100045"]) == (kept["is_success"], kept["numbers"])


def test_a_posting_that_failed_is_stored_as_such() -> None:
    """The result speaks of the call: SUCCESS. The report shows the failure, and the message is kept."""
    company = Company()
    document = company.a_document()
    company.acknowledge(document["id"])
    message = {
        "messageId": "FINSYNC-ACCT-01",
        "messageLanguage": "EN",
        "messageShortText": "No account for LODNG.",
    }

    result = company.post(document["id"], "error", systemMessages=[message])

    assert (0, "SUCCESS") == (result["code"], result["postingConfirmationResult"])
    assert ("POSTING_CONFIRMED_FAILURE", "P_FAIL") == a_status(company, document)
    (kept,) = company.concur.document(document["id"])["confirmations"]
    assert [message] == kept["messages"]


def test_a_posting_before_the_acknowledgement_is_not_taken() -> None:
    """111: acknowledge first."""
    company = Company()
    document = company.a_document()

    result = company.post(document["id"])

    assert (111, "NOT_YET_ACKNOWLEDGED") == (result["code"], result["postingConfirmationResult"])


def test_a_posting_is_confirmed_once() -> None:
    """113 afterwards, and the first outcome stays."""
    company = Company()
    document = company.a_document()
    company.acknowledge(document["id"])
    company.post(document["id"])

    result = company.post(document["id"], "error")

    assert 113 == result["code"]
    assert ("POSTING_CONFIRMED_SUCCESS", "P_PAID") == a_status(company, document)


def test_another_system_confirms_nothing() -> None:
    """99: the system of the acknowledgement is remembered; none given, the first one is."""
    company = Company()
    one, two = company.a_document(), company.a_document()
    company.acknowledge(one["id"])
    company.acknowledge(two["id"], system=None)

    assert 99 == company.post(one["id"], system="ANOTHER")["code"]
    assert 0 == company.post(two["id"], system="ANOTHER")["code"]
    assert 99 == company.pay(two["id"], system="FUSION")["code"]


def test_a_posting_of_what_is_not_there_is_named() -> None:
    """116 for an unknown id, 115 for another type."""
    company = Company()
    document = company.a_document()

    assert 116 == company.post("f" * 32)["code"]
    assert 115 == company.post(document["id"], path=f"{TYPES}/invoice/transactions")["code"]


@pytest.mark.parametrize(
    "changes",
    [
        {"overallPostingStatusCode": "maybe"},
        {"postingDocs": [{"companyId": ""}]},
        {"postingDocs": [{"companyId": "x" * 33}]},
        {"postingDocs": [{"companyId": "US1", "documentNumber": "9" * 81}]},
        {"postingDocs": [{"companyId": "US1", "postingDate": "05.03.2026"}]},
        {"systemMessages": [{"messageShortText": "x" * 1301}]},
    ],
)
def test_an_invalid_confirmation_is_never_right(changes: dict[str, Any]) -> None:
    """198, and the document waits on."""
    company = Company()
    document = company.a_document()
    company.acknowledge(document["id"])
    one = {
        "docId": document["id"],
        "overallPostingStatusCode": "success",
        "postingDocs": [],
        "systemMessages": [],
    }
    body = {"systemId": "FUSION", "postingConfirmations": [one | changes]}

    answer = company.call("POST", f"{FIS}/postingconfirmations", json=body, is_judged=False)

    assert 198 == answer.json()[0]["code"]
    assert "ACKNOWLEDGED" == company.concur.document(document["id"])["status"]


@pytest.mark.parametrize(
    "body",
    [
        {"postingConfirmations": []},
        {"systemId": "FUSION"},
        {"systemId": "FUSION", "postingConfirmations": [{"docId": "x"}]},
    ],
)
def test_a_malformed_confirmation_fails_as_a_whole(body: Any) -> None:
    """400 names the field."""
    answer = Company().call("POST", f"{FIS}/postingconfirmations", json=body, is_judged=False)

    assert 400 == answer.status_code


# Payment


def a_posted(company: Company) -> dict[str, Any]:
    document = company.a_document()
    company.acknowledge(document["id"])
    company.post(document["id"])
    return document


def test_a_complete_payment_ends_the_report() -> None:
    """P_PAYC, with what was paid."""
    company = Company()
    document = a_posted(company)

    result = company.pay(document["id"])

    assert (0, "SUCCESS", "US1/88412") == (
        result["code"],
        result["paymentConfirmationResult"],
        result["paymentRef"],
    )
    assert ("PAYMENT_CONFIRMED_SUCCESS", "P_PAYC") == a_status(company, document)
    assert d("119") == company.concur.reports()[0]["paid"]


def test_a_repeated_reference_does_nothing() -> None:
    """298 NOOP: the payment is there."""
    company = Company()
    document = a_posted(company)
    company.pay(document["id"])

    result = company.pay(document["id"])

    assert (298, "NOOP") == (result["code"], result["paymentConfirmationResult"])
    assert "Payment confirmation already exist" in result["errorMessage"]
    assert 1 == len(company.concur.document(document["id"])["payments"])


def test_a_second_payment_of_a_paid_report_is_known() -> None:
    """213."""
    company = Company()
    document = a_posted(company)
    company.pay(document["id"])

    assert 213 == company.pay(document["id"], "US1/88413")["code"]


def test_a_part_payment_leaves_the_report_open() -> None:
    """The parts add up."""
    company = Company()
    document = a_posted(company)

    company.pay(document["id"], "US1/1", "PP", detail={"clearingAmount": 50})
    assert ("POSTING_CONFIRMED_SUCCESS", "P_PAID") == a_status(company, document)
    company.pay(document["id"], "US1/2", "CP", detail={"clearingAmount": 69})

    assert ("PAYMENT_CONFIRMED_SUCCESS", "P_PAYC") == a_status(company, document)
    assert d("119") == company.concur.reports()[0]["paid"]


@pytest.mark.parametrize(
    ("status", "state"), [("RE", "PAYMENT_CONFIRMED_REVERSED"), ("OB", "PAYMENT_CONFIRMED_OBSOLETE")]
)
def test_a_payment_can_be_taken_back(status: str, state: str) -> None:
    """The report waits for payment again, and another payment may follow."""
    company = Company()
    document = a_posted(company)
    company.pay(document["id"])

    assert 0 == company.pay(document["id"], status=status)["code"]
    assert (state, "P_PAID") == a_status(company, document)
    assert 0 == company.pay(document["id"], "US1/99")["code"]


def test_a_payment_before_the_posting_is_invalid() -> None:
    """298 with the reason; also after a failed posting."""
    company = Company()
    document = company.a_document()
    company.acknowledge(document["id"])

    result = company.pay(document["id"])

    assert (298, "NOT_POSTING_CONFIRMED") == (result["code"], result["paymentConfirmationResult"])


@pytest.mark.parametrize(
    "detail",
    [
        {"clearingDate": "2026-03-09"},
        {"clearingDate": None},
        {"clearingAmount": "x"},
        {"clearingReference": {"paymentMethod": "E"}},
        {"clearingReference": {"paymentRef": "x", "paymentMethod": "WIRE"}},
    ],
)
def test_an_invalid_payment_is_refused_for_good(detail: dict[str, Any]) -> None:
    """298 FAILURE, and the message names the field."""
    company = Company()
    document = a_posted(company)
    whole = {"clearingDate": "20260309", "clearingAmount": 1, "clearingReference": {"paymentRef": "x"}}
    one = {"docId": document["id"], "processingStatusCode": "CP", "clearingDetails": [whole | detail]}
    body = {"systemId": "FUSION", "processingConfirmation": [one]}

    (result,) = company.call("POST", f"{FIS}/paymentconfirmations", json=body, is_judged=False).json()

    assert (298, "FAILURE") == (result["code"], result["paymentConfirmationResult"])
    assert result["errorMessage"]


def test_payments_are_confirmed_for_expenses_only() -> None:
    """Other types get 400."""
    body = {"systemId": "FUSION", "processingConfirmation": []}

    answer = Company().call("POST", f"{TYPES}/cashadvance/transactions/paymentconfirmations", json=body)

    assert 400 == answer.status_code


# Recall and resubmission


def test_a_recalled_document_leaves_the_queue() -> None:
    """102 to an acknowledgement that comes too late; the report is its owner's again."""
    company = Company()
    document = company.a_document()
    report_id = document["document"]["report"]["reportId"]

    company.concur.recall(report_id)

    assert [] == company.ready()
    assert [102] == company.acknowledge(document["id"])
    (shown,) = company.get(FIS, docId=report_id, ignoreDocumentStatus="yes")["content"]
    assert "RECALLED" == shown["docStatus"]
    assert ("RECALLED", "P_NOTP") == a_status(company, document)


def test_a_recall_after_the_acknowledgement_meets_the_confirmation() -> None:
    """112: whatever was posted must be undone."""
    company = Company()
    document = company.a_document()
    company.acknowledge(document["id"])
    company.concur.recall(document["document"]["report"]["reportId"])

    result = company.post(document["id"])

    assert (112, "WAS_RECALLED") == (result["code"], result["postingConfirmationResult"])


def test_the_acknowledgement_can_lock() -> None:
    """As the guide says: then nobody recalls any more."""
    company = Company(Settings(acknowledgement_locks=True))
    document = company.a_document()
    company.acknowledge(document["id"])

    with pytest.raises(ValueError, match="acknowledged"):
        company.concur.recall(document["document"]["report"]["reportId"])


def test_a_failed_document_stays_failed_and_a_new_one_comes() -> None:
    """The same report id, another document id."""
    company = Company()
    document = company.a_document()
    report_id = document["document"]["report"]["reportId"]
    company.acknowledge(document["id"])
    company.post(document["id"], "error")

    company.concur.recall(report_id)
    assert ("POSTING_CONFIRMED_FAILURE", "P_NOTP") == a_status(company, document)
    new_id = company.concur.resubmit(report_id, a_report(an_entry("99.00")))

    (ready,) = company.ready()
    assert (new_id, report_id) == (ready["id"], ready["document"]["report"]["reportId"])
    assert new_id != document["id"]
    assert 99 == ready["document"]["report"]["totalApprovedAmount"]
    assert ("POSTING_CONFIRMED_FAILURE", "P_PROC") == a_status(company, document)


def test_a_posted_report_is_not_recalled() -> None:
    """It is reversed in the ERP and corrected there."""
    company = Company()
    document = a_posted(company)

    with pytest.raises(ValueError, match="cannot be recalled"):
        company.concur.recall(document["document"]["report"]["reportId"])


# Other documents


def test_a_cash_advance_has_a_queue_of_its_own() -> None:
    """It states its sides; it is acknowledged and confirmed like a report."""
    company = Company()
    path = f"{TYPES}/cashadvance/transactions"
    advance_id = company.concur.issue_cash_advance(ANA, d("300.00"), "EUR")

    (document,) = company.get(path)["content"]

    assert advance_id == document["document"]["cashAdvanceData"]["cashAdvanceId"]
    (line,) = document["document"]["journalData"]
    assert ("DR", 300, "CADV") == (line["debitOrCredit"], line["amount"], line["accountCode"])
    assert [0] == company.acknowledge(document["id"], path=path)
    assert 0 == company.post(document["id"], path=path)["code"]


def test_a_funds_check_asks_before_money_is_spent() -> None:
    """The report is not approved yet; the document says what is asked for."""
    company = Company()
    path = f"{TYPES}/reportobligation/transactions"
    company.concur.request_funds_check(a_report())

    (document,) = company.get(path)["content"]

    assert "fundsCheck" == document["document"]["instruction"]["instruction"]
    assert [] == company.ready()
    assert [0] == company.acknowledge(document["id"], path=path)
    assert 0 == company.post(document["id"], "error", path=path)["code"]
    assert "A_PEND" == company.concur.reports()[0]["approval_status"]


def test_a_published_document_is_served_to_the_digit() -> None:
    """In either envelope or bare; numbers keep their form."""
    company = Company()
    body = '{"employee":{"employeeId":"1"},"report":{"reportId":"AA","employeeCurrencyAlphaCode":"EUR","ledgerCode":"X"},"expenseEntry":[],"total":0E-8}'
    old = '{"fIDocuments":[{"id":"' + "a" * 32 + '","docType":"expense","document":' + body + "}]}"

    ids = company.concur.put_fis_document(old) + company.concur.put_fis_document(body)

    text = company.call("GET", FIS).text
    assert 2 == text.count(body)
    assert ids == [one["id"] for one in company.ready()]
    assert [0, 0] == company.acknowledge(*ids)


def test_events_say_what_is_ready() -> None:
    """Their document id is the report's, and the link asks for that one."""
    company = Company()
    report_id = company.concur.approve_report(a_report())

    (event,) = [one for one in company.concur.events if one["eventType"] == "expense.readyForIntegration"]

    assert report_id == event["facts"]["documentId"]
    assert event["facts"]["href"].endswith(f"?docId={report_id}")
    assert event["timeStamp"].endswith("+0000")


def test_readers_show_times_by_the_clock() -> None:
    """Made and acknowledged an hour apart."""
    company = Company()
    document = company.a_document()
    company.clock.advance(timedelta(minutes=30))
    company.acknowledge(document["id"])

    shown = company.concur.document(document["id"])

    assert timedelta(minutes=30) == shown["acknowledged_at"] - shown["made_at"]
    assert Decimal(0) == company.concur.reports()[0]["paid"]
