"""What all Concur services share at the door: routes, who may call, what a refusal looks like in each family."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Literal

import msgspec

from adapters.simulation import Document

Family = Literal["legacy", "expense", "fis", "list", "scim", "budget", "event", "rate"]
Actor = Literal["company", "user", "app"]
COMPANY: Final[frozenset[Actor]] = frozenset({"company"})
PEOPLE: Final[frozenset[Actor]] = frozenset({"company", "user"})
APPLICATION: Final[frozenset[Actor]] = frozenset({"app"})
SCIM_ERROR: Final = "urn:ietf:params:scim:api:messages:concur:2.0:Error"


class RefusedError(Exception):
    """A request that Concur does not do; the family of the service words it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        error_id: str = "",
        source: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error_id = error_id
        self.source = source
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who holds the token."""

    actor: Actor
    scopes: frozenset[str]
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, as a service sees it."""

    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    caller: Caller
    base: str
    """Scheme and host that were asked."""
    correlation_id: str

    def json(self) -> Any:
        """Return the body; what is no JSON is refused."""
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError as error:
            raise RefusedError(400, f"The request body could not be read: {error}") from error

    def fields(self) -> Document:
        """Return the body, which must be an object."""
        value = self.json()
        if not isinstance(value, dict):
            raise RefusedError(400, "The request body must be a JSON object")
        return value

    def count(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        """Return a whole number of the query."""
        given = self.query.get(name)
        if given is None:
            return default
        if not re.fullmatch(r"-?\d+", given):
            raise RefusedError(400, f"{name} must be a whole number, not {given!r}", source=name)
        value = int(given)
        if value < least or (most is not None and value > most):
            limits = f"at least {least}" if most is None else f"between {least} and {most}"
            raise RefusedError(400, f"{name} must be {limits}", source=name)
        return value

    def flag(self, name: str, default: bool | None = None) -> bool | None:
        given = self.query.get(name)
        if given is None:
            return default
        if given.lower() not in ("true", "false"):
            raise RefusedError(400, f"{name} must be true or false, not {given!r}", source=name)
        return given.lower() == "true"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service says. `body` None: nothing."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation, and who may call it."""

    method: str
    template: str
    family: Family
    handle: Callable[[Ask], Answer]
    scopes: tuple[str, ...] = ()
    """All of them are needed."""
    actors: frozenset[Actor] = COMPANY


class Routes:
    """Finds the operation of a path; the one with fewer variables wins."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        ordered = sorted(endpoints, key=lambda one: one.template.count("{"))
        self._known = [(_pattern(one.template), one) for one in ordered]

    def find(self, method: str, path: str) -> tuple[Endpoint | None, dict[str, str], bool]:
        """Return the operation, its path variables, and whether the path exists for another method."""
        is_known = False
        for pattern, endpoint in self._known:
            match = pattern.fullmatch(path)
            if match and endpoint.method == method:
                return endpoint, match.groupdict(), True
            is_known = is_known or match is not None
        return None, {}, is_known


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"{(\w+)}", template)
    return re.compile("".join(f"(?P<{p}>[^/]+)" if i % 2 else re.escape(p) for i, p in enumerate(parts)))


def error_body(family: Family, error: RefusedError, path: str, now: str, correlation_id: str) -> Document:
    """Word a refusal as the family does."""
    phrase = HTTPStatus(error.status).phrase
    if family in ("legacy", "rate"):
        return {"Message": error.message, "Server-Time": now[:-1].split(".")[0], "Id": correlation_id}
    if family == "expense":
        errors = [{"id": error.error_id or "error", "message": error.message, "source": error.source or None}]
        return {
            "timestamp": now,
            "httpStatus": f"{error.status} {phrase}",
            "errorMessage": error.message,
            "errorId": correlation_id,
            "validationErrors": errors if error.status == HTTPStatus.BAD_REQUEST else None,
            "customResponseData": None,
            "path": path,
        }
    if family == "list":
        errors = [{"source": error.source, "message": error.message}] if error.source else []
        return {
            "timestamp": now,
            "httpStatus": f"{error.status} - {phrase}",
            "error": {"id": error.error_id or "error", "message": error.message},
            "validationErrors": errors,
            "path": path,
        }
    if family == "scim":
        return scim_error(error)
    if family == "budget":
        one = {
            "errorType": "ERROR",
            "errorCode": error.error_id or "BUDGET.ERROR",
            "errorMessage": error.message,
        }
        return {"status": False, "errorMessageList": [one]}
    return {"message": error.message}


def scim_error(error: RefusedError) -> Document:
    message = {
        "code": error.error_id or "INVALID_VALUE",
        "message": error.message,
        "schemaPath": error.source,
        "type": "error",
    }
    body: Document = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error", SCIM_ERROR],
        "status": str(error.status),
        "detail": error.message,
        SCIM_ERROR: {"messages": [message]},
    }
    if error.error_id:
        body["scimType"] = error.error_id
    return body
