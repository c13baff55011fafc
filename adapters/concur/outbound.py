"""Our decisions about financial documents as Concur takes them. Pure.

Whatever is sent again must be the same to the byte: no time and no counter goes into a body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from store.canonical.money import plain

TEXT_MAX: Final = 1300
"""Of each of the two texts of a message."""
NOTE_MAX: Final = 1300
COMPANY_MAX: Final = 32
NUMBER_MAX: Final = 80
STATUS_CODES: Final[Mapping[str, str]] = {
    "paid": "CP",
    "partly_paid": "PP",
    "reversed": "RE",
    "obsolete": "OB",
}
_METHODS: Final = {"electronic": "E", "check": "C"}


class UnsendableError(Exception):
    """A decision lacks something, or holds something, that Concur does not take. Names the member."""


def acknowledgement(document: str, system_id: str) -> dict[str, Any]:
    return {"systemId": system_id, "ids": [document]}


def posting(document: str, system_id: str, body: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return a posting confirmation of one document, all or nothing.

    >>> posting("9a41", "FUSION", {"outcome": "error", "messages": [{"code": "X", "text": "No account"}]}, "EN")[
    ...     "postingConfirmations"][0]["systemMessages"][0]["messageShortText"]
    'No account'
    """
    outcome = body.get("outcome")
    if outcome not in ("success", "error"):
        raise UnsendableError(f"outcome is {outcome!r}, not success or error")
    postings = [_posted(one) for one in _list(body, "postings")]
    if outcome == "success" and not postings:
        raise UnsendableError("postings is empty, yet the outcome is success")
    confirmation = {
        "docId": document,
        "overallPostingStatusCode": outcome,
        "postingDocs": postings,
        "systemMessages": [_message(one, language) for one in _list(body, "messages")],
    }
    return {"systemId": system_id, "postingConfirmations": [confirmation]}


def payment(document: str, system_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payment confirmation of one document."""
    code = STATUS_CODES.get(str(body.get("status")))
    if code is None:
        raise UnsendableError(f"status is {body.get('status')!r}, not one of {', '.join(STATUS_CODES)}")
    payments = [_clearing(one) for one in _list(body, "payments")]
    if not payments and code in ("CP", "PP"):
        raise UnsendableError("payments is empty, yet something was paid")
    confirmation = {
        "docId": document,
        "processingStatusCode": code,
        "additionalMessage": str(body.get("note") or "")[:NOTE_MAX],
        "clearingDetails": payments,
    }
    return {"systemId": system_id, "processingConfirmation": [confirmation]}


def _posted(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "companyId": _text(one, "company", COMPANY_MAX),
        "documentNumber": _text(one, "number", NUMBER_MAX),
        "fiscalYear": str(one.get("fiscal_year") or ""),
        "paymentRelevantLineItems": [],
        "postingDate": _day(one, "posted_on").isoformat(),
    }


def _message(one: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Words for the processor and the employee: what does not fit the short text goes on in the long one."""
    words = str(one.get("text") or "")
    return {
        "concurTransactionLineItemId": str(one.get("entry_id") or ""),
        "messageId": str(one.get("code") or ""),
        "messageLanguage": language,
        "messageShortText": words[:TEXT_MAX],
        "messageLongText": words[TEXT_MAX : 2 * TEXT_MAX],
    }


def _clearing(one: Mapping[str, Any]) -> dict[str, Any]:
    method = _METHODS.get(str(one.get("method") or "electronic"))
    if method is None:
        raise UnsendableError(f"method is {one.get('method')!r}, not electronic or check")
    return {
        "clearingDate": f"{_day(one, 'paid_on').isoformat()}T00:00:00.000Z",
        "clearingAmount": _number(one, "amount"),
        "clearingCurrency": _text(one, "currency", 3),
        "receiver": {
            "receiverId": str(one.get("payee_id") or ""),
            "receiverName": str(one.get("payee_name") or ""),
            "receiverType": "EMPLOYEE",
        },
        "clearingReference": {
            "companyCode": str(one.get("company") or ""),
            "financialDocumentId": str(one.get("number") or ""),
            "fiscalYear": str(one.get("fiscal_year") or ""),
            "paymentRef": _text(one, "reference", 255),
            "paymentMethod": method,
        },
    }


def _list(body: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    value = body.get(name) or ()
    if not isinstance(value, Sequence) or not all(isinstance(one, Mapping) for one in value):
        raise UnsendableError(f"{name} is not a list of objects")
    return value


def _text(one: Mapping[str, Any], name: str, longest: int) -> str:
    value = str(one.get(name) or "")
    if not value:
        raise UnsendableError(f"{name} is missing")
    if len(value) > longest:
        raise UnsendableError(f"{name} is longer than {longest} characters")
    return value


def _day(one: Mapping[str, Any], name: str) -> date:
    try:
        return date.fromisoformat(str(one.get(name))[:10])
    except ValueError:
        raise UnsendableError(f"{name} is {one.get(name)!r}, not a date") from None


def _number(one: Mapping[str, Any], name: str) -> msgspec.Raw:
    """Return an amount as a JSON number, digit by digit: it never was a float."""
    value = one.get(name)
    if isinstance(value, float):
        raise UnsendableError(f"{name} is a float, which is not an exact amount")
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount.adjusted()) > 30:
        raise UnsendableError(f"{name} is {value!r}, not an amount")
    return msgspec.Raw(plain(amount).encode())
