"""Coupa as an ASGI app, as far as finsync uses it: `CoupaSimulator(...).app`.

It keeps state, forgets nothing that the real system remembers, and refuses what that refuses. Where the sources
about the real system are silent, `Settings` has a switch. Every answer's `Date` and every stamp is by the clock.

What people do inside Coupa needs no token and no HTTP: `simulator_hands`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.coupa import simulator_query as queries
from adapters.coupa.simulator_complete import decided, moved_run
from adapters.coupa.simulator_door import TOKEN_LIFE_S, Door, accepts_json
from adapters.coupa.simulator_hands import Hands
from adapters.coupa.simulator_invoices import INVOICES, Invoices
from adapters.coupa.simulator_models import MODELS
from adapters.coupa.simulator_orders import ORDERS, LateReplica, Orders
from adapters.coupa.simulator_query import Query
from adapters.coupa.simulator_receipts import RECEIPTS, Receipts
from adapters.coupa.simulator_requisitions import Requisitions
from adapters.coupa.simulator_resources import LINE_ACTIONS, RESOURCES, SCOPES
from adapters.coupa.simulator_shapes import Model, Resource
from adapters.coupa.simulator_tables import RefusedError, Shape, Tables, dashed
from adapters.coupa.simulator_writes import Intake, Writer
from adapters.simulation import Document, FaultPlan, FaultyApp, RequestLog, TokenBucket, arguments, rewound
from store.clock import Clock

VARIANTS_KEPT_MAX: Final = 4
"""Encoded forms kept of one document: a few lists of `fields` ask for the same documents again and again."""

_LINES: Final = Resource(
    "purchase_order_lines",
    "order_line",
    "core.purchase_order",
    frozenset({"index", "show"}),
    error_key="order_line",
    actions=LINE_ACTIONS,
)
_HTML: Final = "text/html; charset=utf-8"
_JSON: Final = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Settings:
    """What differs between instances, or is not known about the real system."""

    utc_offset: timedelta = timedelta(hours=-8)
    scopes: frozenset[str] = SCOPES
    token_life_s: int = TOKEN_LIFE_S
    token_age_min_s: float = 0.0
    token_expires_after_s: float | None = None
    missing_scope_status: int = 403
    unacceptable: Literal["406", "xml"] = "406"
    """What a caller gets that does not ask for JSON."""
    requests_per_second: float | None = None
    burst: int = 20
    retry_after_s: int | None = 1
    cancelled_word: Literal["cancelled", "canceled"] = "cancelled"
    marking_moves_updated_at: bool = False
    edit_clears_export: bool = True
    """Whether a line edit by API that makes a version clears the export flag, as one in the UI does."""
    wraps_payments: bool = False
    """Whether payments of an invoice come as a list or wrapped twice: both are published."""
    dispute_reasons: frozenset[str] = frozenset({"INCORRECT_QUANTITY", "INCORRECT_PRICE", "OTHER"})
    is_strict_about_invoices: bool = False
    """The system option to enforce all invoice validations on updates by API."""
    editable_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By model (`purchase_order`): its API-editable custom fields; others are ignored without a word."""
    unheeded: frozenset[str] = frozenset()
    """Fields of invoices and actions of runs that are answered with yes and not heeded."""


class CoupaSimulator(Hands):
    """One Coupa instance."""

    def __init__(
        self,
        clock: Clock,
        *,
        client_id: str,
        client_secret: str,
        login: str = "finsync-api",
        faults: FaultPlan | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.clock = clock
        self.login = login
        self.settings = settings = settings or Settings()
        self.faults = faults or FaultPlan(clock)
        self.requests = RequestLog(clock)
        self.on_request: Callable[[Request], None] | None = None
        """Called before each request is served: for changes that happen between two pages."""
        self.door = Door(
            clock,
            client_id,
            client_secret,
            scopes=settings.scopes,
            token_life_s=settings.token_life_s,
            token_age_min_s=settings.token_age_min_s,
            expires_after_s=settings.token_expires_after_s,
        )
        self._tables = Tables(clock, settings.utc_offset, wraps_payments=settings.wraps_payments)
        intake = Intake(self._tables, settings.editable_fields)
        self._writer = Writer(self._tables, intake, login)
        self._orders = Orders(
            self._tables,
            intake,
            cancelled_word=settings.cancelled_word,
            marking_moves_updated_at=settings.marking_moves_updated_at,
            edit_clears_export=settings.edit_clears_export,
        )
        self._receipts = Receipts(self._tables, intake, self._orders)
        self._invoices = Invoices(
            self._tables,
            intake,
            self._receipts,
            dispute_reasons=settings.dispute_reasons,
            is_strict=settings.is_strict_about_invoices,
        )
        self._requisitions = Requisitions(self._tables)
        self._replica = LateReplica(self._tables)
        self._bucket = TokenBucket(settings.requests_per_second, settings.burst)
        self._encoded: dict[tuple[str, int], dict[object, tuple[int, int, bytes]]] = {}
        self.app: ASGIApp = FaultyApp(
            self._starlette(), self.faults, remember=lambda: rewound(self.dump, self.load)
        )
        self.put("users", {"login": login, "email": f"{login}@example.com", "active": True})

    # -- HTTP --------------------------------------------------------------------------------------

    def _starlette(self) -> Starlette:
        def route(path: str, handle: Callable[[Request, bytes], Response], *methods: str) -> Route:
            return Route(path, self._guarded(handle), methods=list(methods))

        one = "/api/{resource}/{id:int}"
        return Starlette(
            routes=[
                Route("/oauth2/token", self._token, methods=["POST"]),
                route("/api/suppliers/{id:int}/addresses", self._addresses, "GET", "POST"),
                route("/api/suppliers/{id:int}/addresses/{address:int}", self._address, "PUT", "PATCH"),
                route("/api/budget_lines/{id:int}/budget_line_adjustments", self._adjustments, "GET", "POST"),
                route("/api/{resource}/create_alert", self._create_alert, "POST"),
                route("/api/{resource}", self._index, "GET"),
                route("/api/{resource}", self._create, "POST"),
                route(one, self._show, "GET"),
                route(one, self._update, "PUT", "PATCH"),
                route(one + "/{action}", self._act, "PUT"),
            ]
        )

    async def _token(self, request: Request) -> Response:
        self.requests.note(request.scope)
        answer = self.door.token(await request.body(), request.headers)
        return _answer(answer.status, msgspec.json.encode(answer.body))

    def _guarded(
        self, handle: Callable[[Request, bytes], Response]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            self.requests.note(request.scope)
            if self.on_request is not None:
                self.on_request(request)
            if self._bucket.take() > 0:
                asked = self.settings.retry_after_s
                headers = {} if asked is None else {"retry-after": str(asked)}
                return Response("Retry later", 429, headers, media_type="text/plain")
            body = await request.body()
            return self._at_the_door(request, body) or self._tried(handle, request, body)

        return guarded

    def _at_the_door(self, request: Request, body: bytes) -> Response | None:
        """Return a refusal, or None for a caller who may come in."""
        scopes = self.door.scopes_of(request.headers)
        if scopes is None:
            return Response(status_code=401, headers={"www-authenticate": "Bearer"})
        resource = _resource(request)
        if resource is None:
            return _not_found()
        if resource.scope_of(request.method, request.path_params.get("action")) not in scopes:
            status = self.settings.missing_scope_status
            return Response("<html><body>Forbidden</body></html>", status, media_type=_HTML)
        if not accepts_json(request.headers, has_body=bool(body)):
            if self.settings.unacceptable == "xml" and request.method == "GET":
                return Response("<?xml version='1.0'?><records/>", media_type="application/xml")
            return Response(status_code=406)
        return None

    def _tried(self, handle: Callable[[Request, bytes], Response], request: Request, body: bytes) -> Response:
        try:
            return handle(request, body)
        except RefusedError as error:
            resource = _resource(request)
            key = (resource and resource.error_key) or "query"
            return _answer(400, msgspec.json.encode({"errors": {key: error.sentences}}))

    # -- reads -------------------------------------------------------------------------------------

    def _index(self, request: Request, body: bytes) -> Response:
        resource, model, query = self._read(request)
        rows = queries.select(self._tables, resource.path, model, query)
        if resource.path == ORDERS:
            rows = self._replica.serve(query, rows)
        return _answer(200, b"[" + b",".join(self._encode_all(resource, model, query, rows)) + b"]")

    def _show(self, request: Request, body: bytes) -> Response:
        resource, model, query = self._read(request)
        document = self._held(resource, request)
        if document is None:
            return _not_found()
        return _answer(200, next(iter(self._encode_all(resource, model, query, [document]))))

    def _read(self, request: Request) -> tuple[Resource, Model, Query]:
        resource = _resource(request) or _LINES
        model = MODELS[resource.model]
        query = queries.parse(model, arguments(request.scope), self._tables)
        if query.return_object == "none":
            raise RefusedError("return_object none is for writes only")
        return resource, model, query

    def _held(self, resource: Resource, request: Request) -> Document | None:
        document_id = request.path_params["id"]
        if resource is _LINES:
            return next((line for line in self._tables.lines() if line["id"] == document_id), None)
        return self._tables.collections[resource.path].get(document_id)

    def _encode_all(
        self, resource: Resource, model: Model, query: Query, rows: Iterable[Document]
    ) -> Iterable[bytes]:
        shape = _return_shape(model, query.return_object) or query.shape
        if resource is _LINES:
            for row in rows:
                yield msgspec.json.encode(self._tables.show(model, row, shape))
            return
        variant = (query.return_object, query.fields, query.has_deleted)
        collection = self._tables.collections[resource.path]
        shown_revision = self._tables.reference_revision
        for row in rows:
            is_current = collection.get(row["id"]) is row
            forms = self._encoded.setdefault((resource.path, row["id"]), {})
            revision = collection.revision(row["id"])
            kept = forms.get(variant)
            if is_current and kept is not None and kept[:2] == (revision, shown_revision):
                yield kept[2]
                continue
            shown = self._tables.show(model, row, shape, has_deleted=query.has_deleted)
            encoded = msgspec.json.encode(shown)
            if is_current:
                if variant not in forms and len(forms) >= VARIANTS_KEPT_MAX:
                    forms.clear()
                forms[variant] = (revision, shown_revision, encoded)
            yield encoded

    # -- writes ------------------------------------------------------------------------------------

    def _create(self, request: Request, body: bytes) -> Response:
        resource = _resource(request)
        if resource is None or "create" not in resource.verbs:
            return Response(status_code=405)
        if resource.path == INVOICES:
            document = self._invoices.create(_object(body), self.login)
        elif resource.path == RECEIPTS:
            document = self._receipts.create(_object(body), self.login)
        else:
            document = self._writer.create(resource.path, _object(body))
        return self._written(request, resource, document, 201)

    def _create_alert(self, request: Request, body: bytes) -> Response:
        resource = _resource(request)
        if resource is None or resource.model != "integration_record":
            return _not_found()
        given = _object(body)
        if resource.path == "integration_errors" and "integration-run" not in given:
            run_id = given.get("integration-run-id")
            if run_id is None:
                raise RefusedError("Integration run can't be blank")
            given = {**given, "integration-run": {"id": int(run_id)}}
        document = self._writer.create(resource.path, {"status": "Error", **given})
        return self._written(request, resource, document, 201)

    def _update(self, request: Request, body: bytes) -> Response:
        resource = _resource(request)
        if resource is None or "update" not in resource.verbs:
            return Response(status_code=405)
        document = self._held(resource, request)
        if document is None:
            return _not_found()
        mark = request.query_params.get("exported")
        if mark is None and (given := _object(body)).get("exported") is not None:
            mark = str(given["exported"]).lower()
        if mark is not None and "exported" in MODELS[resource.model].attributes:
            document = self._marked(resource, document, mark)
        elif resource.path == ORDERS:
            document = self._orders.update(document, _object(body), self.login)
        elif resource.path == RECEIPTS:
            pass  # nothing but its export flag may be changed
        elif resource.path == INVOICES:
            asked = {k: v for k, v in _object(body).items() if k not in self.settings.unheeded}
            document = self._invoices.update(document, asked, self.login)
        else:
            document = self._writer.update(resource.path, document, _object(body))
        return self._written(request, resource, document, 200)

    def _marked(self, resource: Resource, document: Document, mark: str) -> Document:
        if mark not in ("true", "false"):
            raise RefusedError("exported must be one of true, false")
        if resource.path == ORDERS:
            return self._orders.mark(document, mark == "true", self.login)
        now = self._tables.now_text() if mark == "true" else None
        return self._tables.keep(
            resource.path, document | {"exported": mark == "true", "last-exported-at": now}
        )

    def _act(self, request: Request, body: bytes) -> Response:
        resource, action = _resource(request), request.path_params["action"]
        if resource is None or action not in resource.actions:
            return _not_found()
        document = self._held(resource, request)
        if document is None:
            return _not_found()
        if resource.path == ORDERS:
            document = self._orders.act(document, action, self.login)
        elif resource is _LINES:
            document = self._orders.act_on_line(document, action, self.login)
        elif resource.path == INVOICES:
            document = self._invoices.act(document, action, _object(body), self.login)
        elif resource.path == RECEIPTS:
            self._receipts.void(document, self.login)
            document = self._tables.collections[RECEIPTS].at(document["id"])
        elif resource.path == "approvals":
            reason, author = request.query_params.get("reason"), self._tables.user(self.login)
            changed = decided(document, action, reason, at=self._tables.now_text(), by=author)
            document = self._writer.save(resource.path, document, changed)
            self._invoices.after_decision(document, self.login)
            self._requisitions.after_decision(document, self.login)
        elif resource.path == "budget_lines":
            self._writer.adjust_budget(document, _object(body))
            document = self._tables.collections["budget_lines"].at(document["id"])
        elif resource.path == "integration_runs":
            taken = self._writer.intake.take(MODELS[resource.model], document, _object(body))
            is_heeded = action not in self.settings.unheeded
            changed = moved_run(taken, action, at=self._tables.now_text()) if is_heeded else taken
            document = self._writer.save(resource.path, document, changed)
        else:
            changed = document | {"resolved": action == "resolve"}
            document = self._writer.save(resource.path, document, changed)
        return self._written(request, resource, document, 200)

    def _addresses(self, request: Request, body: bytes) -> Response:
        supplier = self._tables.collections["suppliers"].get(request.path_params["id"])
        if supplier is None:
            return _not_found()
        model = MODELS["remit_to_address"]
        if request.method == "POST":
            address = self._writer.save_address(supplier, None, _object(body))
            return _answer(201, msgspec.json.encode(self._tables.show(model, address, None)))
        query = queries.parse(model, arguments(request.scope), self._tables)
        rows = [
            self._tables.show(model, row, query.shape)
            for row in supplier.get("remit-to-addresses") or []
            if queries.matches(self._tables, model, row, query.conditions)
        ]
        return _answer(200, msgspec.json.encode(rows[query.offset : query.offset + query.limit]))

    def _address(self, request: Request, body: bytes) -> Response:
        supplier = self._tables.collections["suppliers"].get(request.path_params["id"])
        address_id = request.path_params["address"]
        held = [row["id"] for row in (supplier or {}).get("remit-to-addresses") or []]
        if supplier is None or address_id not in held:
            return _not_found()
        address = self._writer.save_address(supplier, address_id, _object(body))
        return _answer(200, msgspec.json.encode(self._tables.show(MODELS["remit_to_address"], address, None)))

    def _adjustments(self, request: Request, body: bytes) -> Response:
        line = self._tables.collections["budget_lines"].get(request.path_params["id"])
        if line is None:
            return _not_found()
        resource = RESOURCES["budget_line_adjustments"]
        model = MODELS[resource.model]
        if request.method == "POST":
            adjustment = self._writer.adjust_budget(line, _object(body))
            return _answer(201, msgspec.json.encode(self._tables.show(model, adjustment, None)))
        own = ("budget_line_id", str(line["id"]))
        query = queries.parse(model, [*arguments(request.scope), own], self._tables)
        rows = queries.select(self._tables, resource.path, model, query)
        return _answer(200, b"[" + b",".join(self._encode_all(resource, model, query, rows)) + b"]")

    def _written(self, request: Request, resource: Resource, document: Document, status: int) -> Response:
        """Answer a write with the stored record, in the shape the caller asked for."""
        said = dict(arguments(request.scope))
        fields, asked = said.get("fields"), said.get("return_object")
        if asked == "none":
            return Response(status_code=status)
        model = MODELS[resource.model]
        shape = queries.shape_of(fields) if fields is not None else _return_shape(model, asked)
        shown = self._tables.show(model, document, shape)
        if status == 201 and shape is None:
            shown = {name: value for name, value in shown.items() if value is not None}
        return _answer(status, msgspec.json.encode(shown))


def _resource(request: Request) -> Resource | None:
    """Return the resource a path is about; the first segment after /api names it."""
    name = request.url.path.split("/")[2]
    return _LINES if name == _LINES.path else RESOURCES.get(name)


def _return_shape(model: Model, return_object: str | None) -> Shape | None:
    if return_object == "limited":
        return (("id", None),)
    if return_object == "shallow":
        return tuple((one.name, None) for one in model.attributes.values() if one.kind != "many")
    return None


def _object(body: bytes) -> Document:
    """Read a body that is one JSON object; no body is an empty one."""
    if not body:
        return {}
    try:
        value = json.loads(body)
    except ValueError:
        raise RefusedError("The request could not be parsed") from None
    if not isinstance(value, dict):
        raise RefusedError("The request is not one record")
    return {dashed(name): part for name, part in value.items()}


def _answer(status: int, body: bytes) -> Response:
    return Response(body, status, media_type=_JSON)


def _not_found() -> Response:
    return Response("<html><body>404 Not Found</body></html>", 404, media_type=_HTML)
