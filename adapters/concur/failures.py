"""Which class of failure a refusal of Concur's is. Each family words its refusals in a shape of its own.

`classify` reads whole answers that were refused; `FisResult` reads the result of one document within a
financial integration answer of 200, by its code and never by its word: 116 comes with FAILURE as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from adapters.answer import UNREADABLE, Answer
from adapters.errors import (
    AdapterError,
    CredentialsError,
    DuplicateError,
    Refusal,
    RejectedError,
    TransientError,
    VersionConflictError,
)

WORDS_MAX: Final = 500
LEGACY: Final = "/api/"
"""Where the oldest services live; they say 400 for reasons that pass."""

_PASSES: Final = re.compile(r"limit exceeded|request limit|deadlock", re.IGNORECASE)
_TAKEN: Final = re.compile(r"uniqueness|already exists|already in use|duplicate", re.IGNORECASE)
_WRONG_ACTOR: Final = re.compile(r"system workflow step|cannot modify|workflow", re.IGNORECASE)
_NAMES: Final = (
    "errorMessage",
    "message",
    "Message",
    "detail",
    "detailMessage",
    "ErrorMessage",
    "error_description",
)
_CODES: Final = ("errorId", "errorCode", "id", "scimType", "ErrorCode", "code")

Verdict = Literal["done", "found", "refused", "later", "not_acknowledged", "not_ready", "unknown"]


def classify(answer: Answer, text: str) -> AdapterError | None:
    """Read a 4xx that is Concur's own; None leaves it to the common reading (401, 408, 429 ...)."""
    status, system = answer.status, answer.system
    said, codes = words(text)
    shown = f"{answer.method} {answer.path}"
    told = f"Concur refused {shown}: {said or f'no reason given (status {status})'}"
    if status == 409 and not _TAKEN.search(text):
        return TransientError(system, f"{shown}: another operation is at work on it", status=409, answer=text)
    if status == 403:
        if answer.path.startswith("/expensereports/") and answer.is_write and _WRONG_ACTOR.search(text):
            return RejectedError(system, Refusal("REJECTED", told, codes, status), answer=text)
        return CredentialsError(
            system,
            f"{shown} answered 403: the application lacks the scope for this, the product is not licensed or the "
            "token is not taken. Grant the scope in the App Center, then `finsync secrets test`",
            status=403,
            answer=text,
        )
    if status not in (400, 404, 405, 406, 409, 412, 413, 415, 422):
        return None
    if status == 400 and answer.path.startswith(LEGACY) and _PASSES.search(text):
        return TransientError(system, f"{shown}: {said}", status=400, answer=text)
    if status == 412:
        return VersionConflictError(system, told, status=412, answer=text)
    if status == 404:
        told = f"{shown}: Concur does not know this, or does not show it to us"
        return RejectedError(system, Refusal("REJECTED", told, codes, 404), answer=text)
    if _TAKEN.search(" ".join((said, *codes))):
        return DuplicateError(system, told, status=status, answer=text)
    case_class = "PAYLOAD_INVALID" if "validationErrors" in text and status == 400 else "REJECTED"
    return RejectedError(system, Refusal(case_class, told, codes, status), answer=text)


def words(text: str) -> tuple[str, tuple[str, ...]]:
    """Return what a refusal says, and its codes; text that is not JSON speaks for itself.

    >>> words('{"httpStatus": "400 - Bad Request", "error": {"id": "list.not.found", "message": "No such list"}}')
    ('No such list', ('list.not.found',))
    >>> words('{"status": false, "errorMessageList": [{"errorCode": "BUDGET.X", "errorMessage": "Name it"}]}')
    ('Name it', ('BUDGET.X',))
    """
    try:
        body = msgspec.json.decode(text.encode())
    except UNREADABLE:
        return " ".join(re.sub(r"<[^>]*>", " ", text).split())[:WORDS_MAX], ()
    said: list[str] = []
    codes: list[str] = []
    for part in _parts(body):
        said += [str(part[name]) for name in _NAMES if isinstance(part.get(name), str) and part[name]]
        codes += [str(part[name]) for name in _CODES if isinstance(part.get(name), str | int)]
    return "; ".join(dict.fromkeys(said))[:WORDS_MAX], tuple(dict.fromkeys(codes))[:10]


def _parts(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Walk the objects of an error body, outside in, not too deep."""
    if depth > 4:
        return
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _parts(one, depth + 1)
    elif isinstance(value, list):
        for one in value[:20]:
            yield from _parts(one, depth + 1)


@dataclass(frozen=True, slots=True)
class FisResult:
    """What one document's code means. `case_class` is that of a refusal."""

    verdict: Verdict
    case_class: str = ""
    words: str = ""


_FIS: Final[dict[int, FisResult]] = {
    0: FisResult("done"),
    99: FisResult(
        "refused",
        "CONFIGURATION",
        "it was acknowledged under another system id. Set the option system_id back to that name, then retry",
    ),
    101: FisResult("found"),
    102: FisResult(
        "refused", "RECALLED", "the report was recalled: nothing of this document may stay posted"
    ),
    103: FisResult("not_ready", words="it is not ready yet"),
    104: FisResult("refused", "CONFIGURATION", "Concur has no such document"),
    105: FisResult("refused", "CONFIGURATION", "it is a document of another type"),
    111: FisResult("not_acknowledged", words="it is not acknowledged"),
    112: FisResult(
        "refused", "RECALLED", "the report was recalled: nothing of this document may stay posted"
    ),
    113: FisResult("found"),
    114: FisResult("later", words="it is in a state that Concur does not know"),
    115: FisResult("refused", "CONFIGURATION", "it is a document of another type"),
    116: FisResult("refused", "CONFIGURATION", "Concur has no such document"),
    198: FisResult("refused", "REJECTED", "what we sent is invalid"),
    199: FisResult("unknown", words="Concur failed while it worked on it"),
    213: FisResult("found"),
    298: FisResult("refused", "REJECTED", "the payment is invalid"),
}
_NOOP: Final = "NOOP"
_REPEATED: Final = re.compile(r"already exist", re.IGNORECASE)
_WORDS_WITHOUT_CODE: Final = {
    "SUCCESS": 0,
    "NOOP": 298,
    "WAS_RECALLED": 112,
    "NOT_YET_ACKNOWLEDGED": 111,
    "NOT_POSTING_CONFIRMED": 111,
    "DOCUMENT_NOT_FOUND": 116,
    "SYSTEM_ERROR_OCCURRED": 199,
}


def fis_result(code: int | None, word: str, message: str) -> FisResult:
    """Return what the result of one document means; only without a code does its word count."""
    if code is None:
        code = _WORDS_WITHOUT_CODE.get(word, -1)
    if code == 298 and (word == _NOOP or _REPEATED.search(message)):
        return FisResult("found")
    if code in (111, 298) and word == "NOT_POSTING_CONFIRMED":
        return FisResult("later", words="its posting is not confirmed")
    return _FIS.get(code, FisResult("later", words=f"Concur answered with the unknown code {code}"))
