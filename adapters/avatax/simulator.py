"""AvaTax as an ASGI app: it calculates, keeps what is to be kept, and refuses what the real one refuses."""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.avatax import simulator_queries as queries
from adapters.avatax import simulator_validation as validation
from adapters.avatax.simulator_calculation import Calculation, summary
from adapters.avatax.simulator_errors import Reason, Refused
from adapters.avatax.simulator_rates import CATALOGUE, PLACES
from adapters.avatax.simulator_settings import Settings
from adapters.simulation import Collection, Document, FaultPlan, FaultyApp, RequestLog, TokenBucket
from store.clock import Clock, text

VERSION: Final = "26.10.0"
_CODE_FIELDS: Final = frozenset(
    {
        "id",
        "taxCode",
        "taxCodeTypeId",
        "description",
        "parentTaxCode",
        "isPhysical",
        "isActive",
        "modifiedDate",
    }
)
_ESCAPES: Final = {"_-ava2f-_": "/", "_-ava2b-_": "+", "_-ava3f-_": "?", "_-ava25-_": "%", "_-ava23-_": "#"}
_PARTS: Final = {"Lines": "lines", "Summary": "summary"}
_encode = msgspec.json.Encoder(decimal_format="number").encode

Handler = Callable[[Request], Awaitable[Response]]


class AvaTaxSimulator:
    """One account with its companies, its catalogue and the documents that were saved."""

    def __init__(
        self,
        clock: Clock,
        *,
        user: str = "",
        password: str = "",
        token: str | None = None,
        faults: FaultPlan | None = None,
        settings: Settings | None = None,
        has_catalogue: bool = True,
    ) -> None:
        self.clock = clock
        self.settings = settings or Settings()
        self.faults = faults or FaultPlan(clock)
        self.requests = RequestLog(clock)
        self.on_request: Callable[[], None] | None = None
        self.tax_codes = Collection("taxcodes", keys=["taxCode"])
        self.documents = Collection("transactions", keys=["key"])
        self.question_count = 0
        """How many documents were calculated."""
        self._basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._token = token
        self._bucket = TokenBucket(self.settings.requests_per_second, 5)
        if has_catalogue:
            for line in CATALOGUE.split("\n"):
                if line:
                    self.put_code(*line.split("|"))
        routes = [
            Route("/api/v2/utilities/ping", self._answering(self._ping)),
            Route("/api/v2/definitions/taxcodes", self._answering(self._codes)),
            Route("/api/v2/definitions/entityusecodes", self._answering(self._uses)),
            Route("/api/v2/addresses/resolve", self._answering(self._resolve)),
            Route("/api/v2/transactions/create", self._answering(self._create), methods=["POST"]),
            Route("/api/v2/companies/{company}/transactions/{code}", self._answering(self._get)),
        ]
        self._routed = Starlette(routes=routes)
        self.app: ASGIApp = FaultyApp(self._serve, self.faults)

    def put_code(self, code: str, description: str, *, is_active: bool = True) -> Document:
        """Make or change a code of the catalogue."""
        held = next(iter(self.tax_codes.find("taxCode", code)), None)
        return self.tax_codes.put(
            {
                **({"id": held["id"]} if held else {}),
                "companyId": 1,
                "taxCode": code,
                "taxCodeTypeId": code[0] if code[0] in "DFOPS" else "O",
                "description": description,
                "parentTaxCode": "",
                "isPhysical": code.startswith("P"),
                "entityUseCode": "",
                "isActive": is_active,
                "modifiedDate": text(self.clock.now()),
            }
        )

    def saved(self, code: str, company: str = "DEFAULT") -> Document | None:
        """Return a document that was kept."""
        return next(iter(self.documents.find("key", f"{company}/{code}")), None)

    def dump(self) -> Document:
        """Return everything it holds, as JSON values."""
        return {
            "tax_codes": self.tax_codes.dump(),
            "documents": self.documents.dump(),
            "question_count": self.question_count,
            "faults": self.faults.dump(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `dump()` returned."""
        self.tax_codes.load(state["tax_codes"])
        self.documents.load(state["documents"])
        self.question_count = state["question_count"]
        self.faults.load(state["faults"])

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests.note(scope)
        if self.on_request is not None:
            self.on_request()
        await self._routed(scope, receive, send)

    def _answering(self, handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            try:
                wait_s = self._bucket.take()
                if wait_s:
                    raise Refused(
                        429,
                        Reason("RateLimitExceededError", "Too many requests."),
                        headers={"Retry-After": str(max(1, round(wait_s)))},
                    )
                if handler != self._ping:
                    self._admit(request)
                return await handler(request)
            except Refused as refused:
                return refused.response()

        return answer

    def _admit(self, request: Request) -> None:
        kind, _, _ = request.headers.get("authorization", "").partition(" ")
        if self._knows(request):
            return
        if kind.lower() == "bearer":
            raise Refused(401, Reason("BearerTokenInvalid", "The bearer token is not valid."))
        raise Refused(401, Reason("AuthenticationException", "Authentication failed."))

    def _knows(self, request: Request) -> bool:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        expected = self._basic if kind.lower() == "basic" else self._token
        return expected is not None and hmac.compare_digest(value.encode(), expected.encode())

    async def _ping(self, request: Request) -> Response:
        is_known = self._knows(request)
        kind = "None"
        if is_known:
            kind = (
                "OpenIdBearerToken"
                if self._token and "earer" in request.headers["authorization"]
                else "UsernamePassword"
            )
        account = {"authenticatedAccountId": 1100012345} if is_known else {}
        return _json({"version": VERSION, "authenticated": is_known, "authenticationType": kind, **account})

    async def _codes(self, request: Request) -> Response:
        page, count, skip = queries.select(list(self.tax_codes), request.query_params, _CODE_FIELDS)
        answer: Document = {"value": page}
        if self.settings.says_count:
            answer["@recordsetCount"] = count
        if skip + len(page) < count:
            following = request.url.include_query_params(**{"$skip": skip + len(page)})
            answer["@nextLink"] = str(following)
        return _json(answer)

    async def _uses(self, request: Request) -> Response:
        uses = [
            ("A", "FEDERAL GOV"),
            ("E", "CHARITABLE ORGANIZATION"),
            ("G", "RESALE"),
            ("I", "MANUFACTURER"),
        ]
        rows = [{"code": code, "name": name, "validCountries": ["US"]} for code, name in uses]
        page, count, _ = queries.select(rows, request.query_params, frozenset({"code", "name"}))
        return _json({"value": page, "@recordsetCount": count})

    async def _resolve(self, request: Request) -> Response:
        asked = request.query_params
        country = asked.get("country", "US")
        has_enough = asked.get("postalCode") or all(asked.get(name) for name in ("line1", "city", "region"))
        if country not in ("US", "CA") or not has_enough:
            raise Refused(400, Reason("InvalidAddress", "The address can't be resolved.", "address"))
        address = {name: value for name, value in asked.items() if name != "textCase"} | {"country": country}
        place = PLACES.get(asked.get("postalCode", "")[:3])
        if place is None:
            note = {"summary": "Address not found", "refersTo": "address", "severity": "Error"}
            return _json({"address": address, "validatedAddresses": [], "messages": [note]})
        found = address | {
            "city": place.city.upper(),
            "region": place.region,
            "addressType": "UnknownAddressType",
        }
        return _json({"address": address, "validatedAddresses": [found], "resolutionQuality": "Intersection"})

    async def _create(self, request: Request) -> Response:
        asked = validation.includes(request.query_params.get("$include"))
        try:
            body = msgspec.json.decode(await request.body())
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Refused(400, Reason("JsonFormatError", "The body is not JSON.")) from None
        validation.check(body, self.settings)
        if "ForceTimeout" in asked:
            await asyncio.sleep(self.settings.forced_timeout_s)
            raise Refused(500, Reason("TimeoutRequested", "A timeout was asked for."))
        if self.settings.fails_to_calculate:
            raise Refused(
                400,
                Reason("GetTaxError", "The tax can't be calculated.", "lines[0]"),
                Reason("InvalidAddress", "The address is not deliverable.", "addresses.shipTo"),
            )
        known = {code["taxCode"]: code for code in self.tax_codes if code["isActive"]}
        document = self._calculated(body, Calculation(body, known, self.settings))
        self.question_count += 1
        if body["type"] == "PurchaseInvoice" or self.settings.saves_everything:
            document = self._save(document, body)
        return _json(_shown(document, asked), 201)

    def _calculated(self, body: Document, found: Calculation) -> Document:
        payables = {}
        if self.settings.has_payables:
            status = found.status()
            payables = {"apStatusCode": status, "apStatus": status, "vendorName": body["customerCode"]}
        return {
            "id": 0,
            "code": body.get("code") or f"generated-{self.question_count + 1}",
            "companyId": 1,
            "date": body["date"],
            "status": "Temporary",
            "type": body["type"],
            "currencyCode": body.get("currencyCode", "USD"),
            "customerCode": body["customerCode"],
            "totalAmount": found.total("lineAmount"),
            "totalExempt": found.total("exemptAmount"),
            "totalTaxable": found.total("taxableAmount"),
            "totalTax": found.calculated,
            "totalTaxCalculated": found.calculated,
            "varianceAmount": found.variance,
            "taxDate": body["date"],
            "messages": found.messages,
            "lines": found.lines,
            "summary": summary(found.lines),
            **payables,
        }

    def _save(self, document: Document, body: Document) -> Document:
        """Keep a document: an uncommitted one of the same code is replaced, a committed one stands."""
        key = f"{body['companyCode']}/{document['code']}"
        held = next(iter(self.documents.find("key", key)), None)
        if held is not None and held["status"] == "Committed":
            raise Refused(
                400, Reason("DocumentCodeConflict", f"{document['code']} is committed already.", "code")
            )
        status = "Committed" if body.get("commit") else "Saved"
        number = held["id"] if held else len(self.documents) + 1
        plain: Document = msgspec.json.decode(
            _encode(document | {"status": status, "id": number, "key": key})
        )
        self.documents.put(plain)
        return plain

    async def _get(self, request: Request) -> Response:
        company, code = (_unescaped(request.path_params[name]) for name in ("company", "code"))
        held = self.saved(code, company)
        if held is None:
            raise Refused(404, Reason("EntityNotFoundError", f"Document {code} was not found.", "code"))
        asked = validation.includes(request.query_params.get("$include"))
        return _json(_shown(held, asked))


def _shown(document: Document, asked: frozenset[str]) -> Document:
    """Leave out what was not asked for, and what is ours."""
    hidden = {name for part, name in _PARTS.items() if part not in asked} | {"key"}
    shown = {name: value for name, value in document.items() if name not in hidden}
    if "lines" in shown and "Details" not in asked:
        shown["lines"] = [{k: v for k, v in line.items() if k != "details"} for line in shown["lines"]]
    return shown


def _unescaped(text: str) -> str:
    for written, character in _ESCAPES.items():
        text = text.replace(written, character)
    return text


def _json(body: object, status: int = 200) -> Response:
    return Response(_encode(body), status, media_type="application/json")
