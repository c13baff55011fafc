"""Refusals of the simulated AvaTax, in its envelope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from adapters.simulation import Document

HELP: Final = "https://developer.avalara.com/avatax/errors/"
NUMBERS: Final = {
    "EntityNotFoundError": 4,
    "ValueRequiredError": 5,
    "StringLengthError": 13,
    "InvalidQueryField": 17,
    "InvalidQueryValue": 18,
    "DateFormatError": 26,
    "AuthenticationException": 30,
    "AuthorizationException": 31,
    "BearerTokenInvalid": 37,
    "JsonFormatError": 47,
    "InvalidCountry": 125,
    "InvalidEnumValue": 164,
    "RequestTooLarge": 187,
    "QueryParameterOutOfRange": 199,
    "GetTaxError": 300,
    "DocumentCodeConflict": 303,
    "MissingAddress": 304,
    "InvalidAddress": 309,
    "MissingLine": 311,
    "TimeoutRequested": 316,
    "RateLimitExceededError": 1723,
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One detail of a refusal."""

    code: str
    description: str
    refers_to: str | None = None

    def document(self) -> Document:
        return {
            "code": self.code,
            "number": NUMBERS[self.code],
            "message": self.description.split(".")[0],
            "description": self.description,
            "faultCode": "Client",
            "helpLink": HELP + self.code,
            "severity": "Error",
            **({"refersTo": self.refers_to} if self.refers_to else {}),
        }


class Refused(Exception):
    """A request that the simulated system says no to."""

    def __init__(self, status: int, *reasons: Reason, headers: dict[str, str] | None = None) -> None:
        super().__init__(reasons[0].description)
        self.status = status
        self.reasons = reasons
        self.headers = headers or {}

    def response(self) -> Response:
        first = self.reasons[0]
        body: dict[str, Any] = {
            "error": {
                "code": first.code,
                "message": first.description,
                "target": "IncorrectData" if self.status == 400 else "Unknown",
                "details": [reason.document() for reason in self.reasons],
            }
        }
        return JSONResponse(body, self.status, headers=self.headers)


def required(name: str) -> Refused:
    return Refused(400, Reason("ValueRequiredError", f"Field {name} is required.", name))
