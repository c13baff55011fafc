"""What Oracle says no with is read in every form and gets the class that says what to do.

The texts are general Oracle wordings, not those of any simulator.
"""

from __future__ import annotations

import json

import httpx
import pytest

from adapters.answer import Answer
from adapters.errors import CredentialsError, DuplicateError, RejectedError, VersionConflictError
from adapters.oracle_fusion.failures import Complaint, Judge, action_complaints, complaints
from adapters.oracle_fusion.funds import funds_outcome
from adapters.oracle_fusion.options import RefusalRule


def an_answer(body: object, status: int = 400) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, httpx.Headers(), content, "oracle-emea", "POST", "/draftPurchaseOrders", True)


def details(*found: tuple[str, str, str]) -> dict[str, object]:
    return {
        "title": "Bad Request",
        "status": "400",
        "o:errorDetails": [{"detail": d, "o:errorCode": c, "o:errorPath": p} for c, p, d in found],
    }


@pytest.mark.parametrize(
    ("text", "case_class"),
    [
        ("The account combination 01-420-7110-0000-000 isn't valid.", "ACCOUNT_INVALID"),
        (
            "Cross-validation rule IT_COSTS is violated: cost center 420 can't be used with account 9000.",
            "ACCOUNT_INVALID",
        ),
        ("The value 7110 for segment Account has been disabled.", "ACCOUNT_INVALID"),
        ("You must enter a valid charge account.", "ACCOUNT_INVALID"),
        ("The value 420 for segment Cost Center is disabled.", "COST_CENTRE_INACTIVE"),
        ("The value 420 in segment CostCenter has expired.", "COST_CENTRE_INACTIVE"),
        ("The cost centre 420 is end-dated as of 31-DEC-2025.", "COST_CENTRE_INACTIVE"),
        ("Insufficient funds exist for the transaction in control budget DE Opex.", "BUDGET_EXCEEDED"),
        ("The transaction failed budgetary control validation.", "BUDGET_EXCEEDED"),
        ("The document exceeds the available budget by 1,200.00 EUR.", "BUDGET_EXCEEDED"),
        ("The accounting period Jan-26 isn't open for ledger DE Ledger.", "PERIOD_CLOSED"),
        ("The budget date isn't in an open budget period.", "PERIOD_CLOSED"),
        ("The GL period for 2026-01-31 is closed.", "PERIOD_CLOSED"),
        ("The supplier site BERLIN is inactive.", "SUPPLIER_INACTIVE"),
        ("Supplier Muster GmbH isn't active on the order date.", "SUPPLIER_INACTIVE"),
        ("The supplier doesn't exist.", "SUPPLIER_UNKNOWN"),
        ("The supplier site isn't valid for the business unit.", "SUPPLIER_UNKNOWN"),
        ("The invoice accounting date isn't in an open period.", "PERIOD_CLOSED"),
        ("Distribution variance", "TOTALS_DIFFER"),
        ("The buyer isn't a procurement agent.", "REJECTED"),
        ("Attribute BuyerId in PurchaseOrderHeaderEO is required.", "REJECTED"),
    ],
)
def test_each_kind_of_refusal_has_its_class(text: str, case_class: str) -> None:
    """Typographic and straight apostrophes, contractions or not: the class is the same."""
    judge = Judge()

    assert case_class == judge.classify([Complaint(text)])
    assert case_class == judge.classify([Complaint(text.replace("'", "’"))])
    assert case_class == judge.classify(
        [Complaint(text.replace("isn't", "is not").replace("doesn't", "does not"))]
    )


@pytest.mark.parametrize(
    ("code", "case_class"),
    [
        ("EP01", "PERIOD_CLOSED"),
        ("EP02", "PERIOD_CLOSED"),
        ("EF01", "ACCOUNT_INVALID"),
        ("EF04", "ACCOUNT_INVALID"),
        ("EU02", "TOTALS_DIFFER"),
        ("EM01", "REJECTED"),
        ("EC03", "REJECTED"),
    ],
)
def test_codes_of_the_journal_import_decide_whatever_the_words(code: str, case_class: str) -> None:
    """The words around them differ by release and language."""
    assert case_class == Judge().classify([Complaint("Zeile 4: nicht angenommen", code)])


@pytest.mark.parametrize(
    "text",
    [
        "The invoice number HOS-1 already exists for the supplier.",
        "Duplicate invoice number.",
    ],
)
def test_a_second_invoice_of_that_number_is_a_matter_for_a_look_up(text: str) -> None:
    """It is there already: found and linked, no exception."""
    assert isinstance(Judge()(an_answer(details(("AP-1", "", text))), ""), DuplicateError)


def test_the_more_exact_of_two_complaints_decides_and_both_are_shown() -> None:
    """A wrapper around the real cause does not hide it, and nothing Oracle said is lost."""
    body = details(
        ("27024", "", "Failed to validate a row with key oracle.jbo.Key[300] in PurchaseOrderHeaderEO"),
        ("PO-1", "/lines/0/schedules/0/distributions/0/POChargeAccount", "The value isn't allowed."),
    )

    error = Judge()(an_answer(body), "")

    assert isinstance(error, RejectedError)
    assert "ACCOUNT_INVALID" == error.refusal.case_class
    assert ("27024", "PO-1") == error.refusal.codes
    assert "Failed to validate a row" in error.message
    assert "The value isn't allowed." in error.message


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(details(("PO-1", "", "The supplier doesn't exist."))).encode(),
        b'{"title": "Bad Request", "detail": "The supplier doesn\'t exist.", "o:errorCode": "PO-1"}',
        b"PO-1: The supplier doesn't exist.",
        b"<html><head><style>p {}</style></head><body><p>PO-1: The supplier doesn't exist.</p></body></html>",
    ],
)
def test_error_bodies_are_read_in_every_form(content: bytes) -> None:
    """Details, a single object, text and HTML say the same."""
    found = complaints(content)

    assert 1 == len(found)
    assert "PO-1" == found[0].code
    assert "The supplier doesn't exist." in found[0].text
    assert "<" not in found[0].text


def test_the_older_text_form_keeps_its_code() -> None:
    """JBO texts of framework versions before 4 are understood."""
    found = complaints(b"JBO-27014: Attribute Amount in XxxEO is required.")

    assert [Complaint("JBO-27014: Attribute Amount in XxxEO is required.", "JBO-27014")] == found


@pytest.mark.parametrize(
    "text",
    [
        "The order number 100457 already exists.",
        "Document number PO-1 must be unique within the legal entity.",
    ],
)
def test_a_number_in_use_is_a_duplicate_not_a_refusal(text: str) -> None:
    """A duplicate is looked up, not shown to an analyst at once."""
    assert isinstance(Judge()(an_answer(details(("PO-9", "", text))), ""), DuplicateError)


@pytest.mark.parametrize(
    "answer", [an_answer(b"", 412), an_answer(details(("25014", "", "Another user has changed the row.")))]
)
def test_another_users_change_is_a_conflict(answer: Answer) -> None:
    """The document is read again and the change planned anew."""
    assert isinstance(Judge()(answer, ""), VersionConflictError)


def test_a_missing_privilege_holds_the_system() -> None:
    """403 is never retried: somebody must give a role."""
    assert isinstance(Judge()(an_answer(b"Forbidden", 403), "Forbidden"), CredentialsError)


def test_own_rules_come_first() -> None:
    """A customer's words decide before ours."""
    judge = Judge([RefusalRule(pattern="four eyes", case_class="PERIOD_CLOSED")])

    assert "PERIOD_CLOSED" == judge.classify([Complaint("The supplier isn't valid (four eyes rule).")])


def test_the_value_sets_name_means_cost_centre_too() -> None:
    """A pod that calls its segment by another name is understood by the configured value set."""
    text = "The value 420 in value set EMEA Kostenstelle is disabled for segment KST."

    assert "ACCOUNT_INVALID" == Judge().classify([Complaint(text)])
    assert "COST_CENTRE_INACTIVE" == Judge(cost_centre_names=["EMEA Kostenstelle"]).classify(
        [Complaint(text)]
    )


def test_credentials_are_taken_out_of_what_oracle_said() -> None:
    """A refusal that repeats our header does not bring it into an exception."""
    judge = Judge()
    body = details(("1", "", "Header Authorization: Basic YW15OnA0c3N3MHJk is not accepted"))

    error = judge(an_answer(body), "")

    assert error is not None
    assert "YW15OnA0c3N3MHJk" not in str(error)


@pytest.mark.parametrize(
    ("result", "texts"),
    [
        ("SUCCESS", []),
        ("success", []),
        ({"STATUS": [{"CODE": "SUCCESS"}]}, []),
        ("You can't submit the document.", ["You can't submit the document."]),
        ("", ["empty result"]),
        ([{"code": "PO-1", "message": "Funds check failed."}], ["Funds check failed."]),
        ({"STATUS": [{"CODE": "ERROR", "MESSAGE": "The period is closed."}]}, ["The period is closed."]),
        (None, ["the result is None"]),
    ],
)
def test_an_actions_result_is_believed_only_when_it_says_success(result: object, texts: list[str]) -> None:
    """HTTP 200 does not mean that an action worked."""
    assert texts == [one.text for one in action_complaints(result)]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("NOT_RESERVED_PASSED", "passed"),
        ("Not reserved - warning", "warning"),
        ("NOT_APPLICABLE", "not_applicable"),
        ("Partially liquidated", "passed"),
        ("NOT_RESERVED_FAILED", "BUDGET_EXCEEDED"),
        ("Not reserved - partial funds", "BUDGET_EXCEEDED"),
        ("RESERVED_PARTIAL", "BUDGET_EXCEEDED"),
        ("Reserved", "passed"),
        (None, "REJECTED"),
        ("", "REJECTED"),
        ("Not attempted", "REJECTED"),
        ("Insufficient funds", "REJECTED"),
        ("Rejected", "REJECTED"),
    ],
)
def test_only_what_the_sheet_calls_passed_is_passed(status: str | None, outcome: str) -> None:
    """A check that says SUCCESS ran; whether the money is there stands in the document's funds status."""
    try:
        found: str = funds_outcome("oracle-emea", Judge(), "SUCCESS", status)
    except RejectedError as error:
        found = error.refusal.case_class

    assert outcome == found


@pytest.mark.parametrize(
    "body", [b"", b"<html>no</html>", {"title": "Bad Request", "detail": "no such attribute X"}]
)
def test_a_refused_read_names_its_request(body: object) -> None:
    """Nobody reads Oracle's own words, if there are any, without what was asked."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Answer(400, httpx.Headers(), content, "oracle-emea", "GET", "/suppliers", False)

    error = Judge()(answer, content.decode())

    assert isinstance(error, RejectedError)
    assert "GET /suppliers was refused with HTTP 400: " in error.refusal.message
    assert error.refusal.message.rstrip().rpartition(": ")[2]
