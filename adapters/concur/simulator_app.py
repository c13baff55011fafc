"""The ASGI app of the simulated Concur: from a request to the service that answers it, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.concur.simulator_door import TokenDoor
from adapters.concur.simulator_http import (
    Answer,
    Ask,
    Caller,
    Endpoint,
    Family,
    RefusedError,
    Routes,
    error_body,
)
from adapters.concur.simulator_money import encode
from adapters.concur.simulator_world import World
from adapters.simulation import RequestLog, TokenBucket, arguments

TOKEN_PATH: Final = "/oauth2/v0/token"  # noqa: S105
CORRELATION: Final = "concur-correlationid"
BODY_METHODS: Final = ("POST", "PUT", "PATCH")
_REASONS: Final = {
    "missing": "The request carries no bearer token.",
    "invalid": "The bearer token is not valid.",
    "expired": "The bearer token is expired.",
}


class ConcurApp:
    """Everything between the socket and the services."""

    def __init__(self, world: World, door: TokenDoor, endpoints: Iterable[Endpoint]) -> None:
        self._world = world
        self._door = door
        self._routes = Routes(endpoints)
        self._bucket = TokenBucket(world.settings.requests_per_second, world.settings.burst)
        self.requests = RequestLog(world.clock)
        self.hosts: Counter[str] = Counter()
        """How often each base was asked, tokens included."""
        self.before_request: Callable[[Request], None] | None = None
        """Called before each request is served: for changes that happen between two pages."""
        self.settle_due: Callable[[], None] = lambda: None
        """Called before each request is served: what the clock says should have happened by now."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        self.requests.note(scope)
        base = f"{request.url.scheme}://{request.url.netloc}"
        self.hosts[base] += 1
        if self.before_request is not None:
            self.before_request(request)
        self.settle_due()
        body = await request.body()
        correlation_id = request.headers.get(CORRELATION) or self._world.uuid("correlation")
        response = self._response(self._answer(request, body, base, correlation_id), request.url.path)
        response.headers[CORRELATION] = correlation_id
        await response(scope, receive, send)

    def _answer(self, request: Request, body: bytes, base: str, correlation_id: str) -> Answer:
        path = request.url.path
        if request.method in BODY_METHODS and "content-length" not in request.headers:
            refusal = RefusedError(400, "Content-Length is required: a chunked body is not read")
            return self._refused(self._family(path), refusal, path, correlation_id)
        if path == TOKEN_PATH and request.method == "POST":
            return self._door.token(body, base)
        endpoint, params, is_known = self._routes.find(request.method, path)
        if endpoint is None:
            status, text = (405, "Method not allowed") if is_known else (404, "There is no such resource")
            return self._refused(self._family(path), RefusedError(status, text), path, correlation_id)
        try:
            caller = self._let_in(request, endpoint)
            ask = Ask(
                request.method,
                path,
                params,
                dict(arguments(request.scope)),
                request.headers,
                body,
                caller,
                base,
                correlation_id,
            )
            return endpoint.handle(ask)
        except RefusedError as error:
            return self._refused(endpoint.family, error, path, correlation_id)

    def _let_in(self, request: Request, endpoint: Endpoint) -> Caller:
        """Return who calls, or refuse."""
        if self._bucket.take() > 0:
            asked = self._world.settings.retry_after_s
            headers = {} if asked is None else {"retry-after": str(asked)}
            raise RefusedError(
                429, "Request limit exceeded", error_id="security.rate.limit.reached", headers=headers
            )
        caller = self._door.caller_of(request.headers.get("authorization", ""))
        if isinstance(caller, str):
            status = 401
            if caller == "expired" and endpoint.family == "legacy":
                status = self._world.settings.legacy_expired_status
            raise RefusedError(status, _REASONS[caller], error_id="security.token")
        missing = [one for one in endpoint.scopes if one not in caller.scopes]
        if missing:
            text = f"The token lacks the scope {', '.join(missing)}."
            raise RefusedError(403, text, error_id="security.scope")
        if caller.actor not in endpoint.actors:
            text = f"A {caller.actor} token may not call this."
            raise RefusedError(403, text, error_id="security.actor")
        accepts = request.headers.get("accept", "*/*")
        if endpoint.family == "legacy" and "json" not in accepts and "*/*" not in accepts:
            raise RefusedError(406, "Only application/json is served here")
        return caller

    def _refused(self, family: Family, error: RefusedError, path: str, correlation_id: str) -> Answer:
        now = self._world.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return Answer(error.status, error_body(family, error, path, now, correlation_id), error.headers)

    def _family(self, path: str) -> Family:
        """Return the family of a path that no operation has."""
        roots: dict[str, Family] = {
            "/expensereports": "expense",
            "/financialintegration": "fis",
            "/list": "list",
            "/profile": "scim",
            "/budget": "budget",
            "/events": "event",
        }
        return next((family for root, family in roots.items() if path.startswith(root)), "legacy")

    def _response(self, answer: Answer, path: str) -> Response:
        headers = dict(answer.headers)
        for prefix, date in self._world.settings.sunsets.items():
            if path.startswith(prefix):
                headers |= {"x-api-warn": "This API is deprecated", "sunset": date}
        if answer.body is None:
            return Response(status_code=answer.status, headers=headers)
        return Response(encode(answer.body), answer.status, headers, media_type="application/json")
