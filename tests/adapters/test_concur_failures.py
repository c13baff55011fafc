"""Which class of failure a refusal of Concur's is: each family words them in its own shape."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from adapters.answer import Answer
from adapters.concur.failures import classify, fis_result, words
from adapters.errors import (
    AdapterError,
    CredentialsError,
    DuplicateError,
    RejectedError,
    TransientError,
    VersionConflictError,
)

V3 = "/api/v3.0/expense/reports"
V4 = "/expensereports/v4/reports/4E65/approve"
LISTS = "/list/v4/items"
SCIM = "/profile/v4/Users/8c1f"
BUDGET = "/budget/v4/budgetItemHeader"


def judged(status: int, path: str, body: Any, *, is_write: bool = True) -> AdapterError | None:
    text = body if isinstance(body, str) else json.dumps(body)
    return classify(Answer(status, httpx.Headers(), text.encode(), "concur", "POST", path, is_write), text)


EXPENSE = {
    "timestamp": "2026-03-04T09:15:22Z",
    "httpStatus": "400 Bad Request",
    "errorMessage": "Invalid action",
    "errorId": "error.workflow.invalid_action",
    "validationErrors": [{"id": "x", "message": "comment is required", "source": "comment"}],
    "path": V4,
}
LIST = {
    "httpStatus": "404 - Not Found",
    "error": {"id": "list.not.found", "message": "No such list"},
    "validationErrors": None,
}
SCIM_ERROR = {
    "schemas": [],
    "status": "400",
    "scimType": "invalidValue",
    "detail": "Bad value",
    "urn:ietf:params:scim:api:messages:concur:2.0:Error": {
        "messages": [{"code": "INVALID", "message": "country is unknown", "schemaPath": "x", "type": "error"}]
    },
}
BUDGET_ERROR = {
    "status": False,
    "errorMessageList": [
        {"errorType": "ERROR", "errorCode": "BUDGET.BUDGET_ITEM_NAME_REQUIRED", "errorMessage": "Name it"}
    ],
}


@pytest.mark.parametrize(
    ("body", "said", "code"),
    [
        ({"Message": "Bad date", "Server-Time": "x", "Id": "1"}, "Bad date", None),
        (EXPENSE, "Invalid action; comment is required", "error.workflow.invalid_action"),
        (LIST, "No such list", "list.not.found"),
        (SCIM_ERROR, "Bad value; country is unknown", "invalidValue"),
        (BUDGET_ERROR, "Name it", "BUDGET.BUDGET_ITEM_NAME_REQUIRED"),
        ({"message": "The whole call failed"}, "The whole call failed", None),
    ],
)
def test_every_family_is_understood(body: dict[str, Any], said: str, code: str | None) -> None:
    """Its words for people, its codes for machines."""
    found, codes = words(json.dumps(body))

    assert said == found
    assert code is None or code in codes


@pytest.mark.parametrize(
    "body", ["<html><b>Bad</b> request</html>", "", "[" * 50_000, '{"a": {"a": {"a": {"a": {}}}}}']
)
def test_what_is_no_error_body_is_no_trouble(body: str) -> None:
    """A proxy's page, nothing, or something hostile: words as far as there are any."""
    assert isinstance(words(body)[0], str)


@pytest.mark.parametrize(
    ("status", "path", "body", "expected"),
    [
        (400, V3, {"Message": "Request limit exceeded"}, TransientError),
        (400, V3, {"Message": "Transaction was deadlocked"}, TransientError),
        (400, V4, {"errorMessage": "request limit exceeded"}, RejectedError),  # only the old services do that
        (400, V3, {"Message": "Bad date"}, RejectedError),
        (400, SCIM, {"scimType": "uniqueness", "detail": "userName is taken"}, DuplicateError),
        (404, V3, {"Message": "?"}, RejectedError),
        (409, V4, {"errorMessage": "Another action is running"}, TransientError),
        (409, SCIM, {"scimType": "uniqueness", "detail": "taken"}, DuplicateError),
        (412, LISTS, {}, VersionConflictError),
        (413, LISTS, {}, RejectedError),
        (403, V3, {"Message": "Forbidden"}, CredentialsError),
        (403, V4, {"errorMessage": "caller cannot modify a system workflow step"}, RejectedError),
    ],
)
def test_each_status_has_its_class(status: int, path: str, body: Any, expected: type[AdapterError]) -> None:
    """By what can be done about it."""
    assert expected is type(judged(status, path, body))


@pytest.mark.parametrize("status", [401, 408, 425, 429])
def test_what_is_common_to_all_systems_is_left_to_the_common_reading(status: int) -> None:
    """Credentials and throttling are no family's own."""
    assert judged(status, V3, {}) is None


def test_an_unfit_body_is_told_from_a_refused_action() -> None:
    """Validation errors mean that what we sent was wrong."""
    unfit, refused = judged(400, V4, EXPENSE), judged(400, BUDGET, BUDGET_ERROR)
    assert isinstance(unfit, RejectedError)
    assert isinstance(refused, RejectedError)

    assert ("PAYLOAD_INVALID", "REJECTED") == (unfit.refusal.case_class, refused.refusal.case_class)


def test_a_code_counts_and_its_word_does_not() -> None:
    """116 comes with FAILURE as well as with its own word."""
    assert fis_result(116, "FAILURE", "") == fis_result(116, "DOCUMENT_NOT_FOUND", "")
    assert "done" == fis_result(0, "SYSTEM_ERROR_OCCURRED", "").verdict
