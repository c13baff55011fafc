"""Which class of failure a refusal of AvaTax's is: by the name and the number of its reasons, never by its words."""

from __future__ import annotations

from typing import Final

import msgspec

from adapters.answer import UNREADABLE, Answer
from adapters.avatax import wire
from adapters.errors import (
    AdapterError,
    CredentialsError,
    DuplicateError,
    Refusal,
    RejectedError,
    TransientError,
)

DETAILS_MAX: Final = 5
LENGTH_MAX: Final = 500

_NUMBERS: Final = {
    3: "CompanyInvalidException",
    4: "EntityNotFoundError",
    5: "ValueRequiredError",
    13: "StringLengthError",
    14: "MaxStringLengthError",
    26: "DateFormatError",
    27: "NoDefaultCompany",
    30: "AuthenticationException",
    31: "AuthorizationException",
    37: "BearerTokenInvalid",
    39: "AccountExpiredException",
    49: "PermissionRequired",
    125: "InvalidCountry",
    126: "InvalidCountryRegion",
    164: "InvalidEnumValue",
    187: "RequestTooLarge",
    300: "GetTaxError",
    301: "AddressConflictException",
    303: "DocumentCodeConflict",
    304: "MissingAddress",
    309: "InvalidAddress",
    310: "AddressLocationNotFound",
    311: "MissingLine",
    316: "TimeoutRequested",
    317: "InvalidPostalCode",
    600: "SubscriptionRequired",
    1100: "CannotModifyLockedTransaction",
    1301: "TooManyTransactions",
    1715: "RequestLimitExceeded",
    1716: "ConcurrentRequestLimitExceeded",
    1718: "ServiceNotReady",
    1723: "RateLimitExceededError",
    2400: "FieldLengthError",
}
"""AvaTax's own names of the numbers that we read."""
_LATER: Final = frozenset((316, 1715, 1716, 1718, 1723))
_DOOR: Final = frozenset((30, 31, 37, 39, 49, 600))
_DUPLICATE: Final = frozenset((303, 1100))
_SETTINGS: Final = frozenset((3, 4, 27))
_ADDRESS: Final = frozenset((125, 126, 301, 304, 309, 310, 317))
_PAYLOAD: Final = frozenset((5, 13, 14, 26, 164, 187, 311, 2400))
_BY_NAME: Final = {name: number for number, name in _NUMBERS.items()}


def classify(answer: Answer, text: str) -> AdapterError | None:
    """Read a 4xx that is AvaTax's own; None leaves it to the common reading."""
    info = _read(text)
    if info is None:
        return None
    numbers = _numbers(info)
    said = f"{answer.method} {answer.path}: {_words(info)}"
    if numbers & _LATER:
        return TransientError(answer.system, said, status=answer.status, answer=text)
    if numbers & _DOOR or answer.status == 403:
        return CredentialsError(
            answer.system,
            f"{said}. Check the account, its licence key and what its user may do",
            status=answer.status,
            answer=text,
        )
    if numbers & _DUPLICATE:
        return DuplicateError(answer.system, said, status=answer.status, answer=text)
    names = tuple(sorted(_name(number) for number in numbers)) or ((info.code,) if info.code else ())
    refusal = Refusal(_case_class(info, numbers), f"AvaTax refused {said}", codes=names, status=answer.status)
    return RejectedError(answer.system, refusal, answer=text)


def _case_class(info: wire.ErrorInfo, numbers: set[int]) -> str:
    if any("taxcode" in (one.refersTo or "").replace("_", "").lower() for one in info.details or ()):
        return "TAX_CODE_UNKNOWN"
    if numbers & _SETTINGS:
        return "CONFIGURATION"
    if numbers & _ADDRESS or 300 in numbers:
        return "TAX_REVIEW"
    return "PAYLOAD_INVALID" if numbers & _PAYLOAD else "REJECTED"


def _read(text: str) -> wire.ErrorInfo | None:
    try:
        return msgspec.json.decode(text.encode(), type=wire.ErrorAnswer).error
    except UNREADABLE:
        return None


def _numbers(info: wire.ErrorInfo) -> set[int]:
    """Return the numbers of all reasons; where one has only its name, the number of that name."""
    found = {one.number for one in info.details or () if one.number is not None}
    named = {_BY_NAME.get(name or "") for name in (info.code, *(one.code for one in info.details or ()))}
    return found | {number for number in named if number is not None}


def _name(number: int) -> str:
    return _NUMBERS.get(number, str(number))


def _words(info: wire.ErrorInfo) -> str:
    """Return what a refusal says: its message, and what each reason adds to it."""
    said = [info.message or info.code or "no reason given"]
    for one in (info.details or ())[:DETAILS_MAX]:
        words = one.description or one.message
        if words and words not in said:
            said.append(f"{words} ({one.refersTo})" if one.refersTo else words)
    return "; ".join(said)[:LENGTH_MAX]
