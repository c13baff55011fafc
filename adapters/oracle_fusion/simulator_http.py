"""The simulated REST framework: from an address to rows, and back to an answer (contract sheet, section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from starlette.requests import Request
from starlette.responses import Response

from adapters.oracle_fusion.simulator_answers import (
    JSON,
    TEXT,
    as_json,
    by_primary_key,
    check_body_type,
    check_match,
    check_type,
    failed,
    part_call,
    payload,
    same_row,
    without_keys,
)
from adapters.oracle_fusion.simulator_auth import Door
from adapters.oracle_fusion.simulator_balances import find_balances
from adapters.oracle_fusion.simulator_batch import read_parts
from adapters.oracle_fusion.simulator_describe import context_root, describe
from adapters.oracle_fusion.simulator_finance import INTEGRATIONS, Finance
from adapters.oracle_fusion.simulator_life_cycle import RESOURCE as LIFE_CYCLE
from adapters.oracle_fusion.simulator_life_cycle import life_cycle
from adapters.oracle_fusion.simulator_lifecycle import Lifecycle
from adapters.oracle_fusion.simulator_messages import Problem, RefusedError, problem, refused
from adapters.oracle_fusion.simulator_payload import Parsed, decode, read
from adapters.oracle_fusion.simulator_query import parse, select, sort
from adapters.oracle_fusion.simulator_render import Renderer, encode, expand_branch
from adapters.oracle_fusion.simulator_requests import (
    ACTION_TYPE,
    BATCH_TYPE,
    ITEM_PARAMETERS,
    LIST_PARAMETERS,
    VERSIONS,
    Call,
    MethodError,
    NotFoundError,
    origin,
    segments_of,
)
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Row
from adapters.oracle_fusion.simulator_world import World
from adapters.simulation import TokenBucket, arguments

SUBMIT_PARAMETERS: Final = frozenset({"validateBeforeSubmitFlag", "bypassApprovalFlag"})


class Desk(Protocol):
    """Whoever writes the rows of one resource. `path` leads from the top row to the row meant."""

    def create(self, path: list[Row], resource: Resource, parsed: Parsed) -> Row: ...

    def update(self, path: list[Row], parsed: Parsed) -> Row: ...

    def delete(self, path: list[Row]) -> None: ...


@dataclass(frozen=True, slots=True)
class Target:
    """What an address means: a collection below `path`, or its last row."""

    resource: Resource
    path: tuple[Row, ...]
    is_item: bool
    segments: tuple[str, ...]
    """Of the collection."""


class RestFramework:
    """Serves the resources of one world."""

    def __init__(
        self,
        world: World,
        desks: Mapping[str, Desk],
        lifecycle: Lifecycle,
        finance: Finance,
        door: Door,
    ) -> None:
        self._world = world
        self._desks = desks
        self._lifecycle = lifecycle
        self._finance = finance
        self._door = door
        self._renderer = Renderer(world.settings.expanded_rows_max)
        self._bucket = TokenBucket(world.settings.requests_per_second, world.settings.burst_count)

    async def token(self, request: Request) -> Response:
        """The identity domain's token endpoint."""
        answer = self._door.token(request.headers.get("authorization", ""), await request.body())
        return Response(encode(answer.body), answer.status, media_type=JSON)

    async def resources(self, request: Request) -> Response:
        """Everything under the REST root."""
        wait = self._bucket.take()
        if wait:
            return Response(
                "Too many requests", 429, {"Retry-After": str(max(1, round(wait)))}, media_type=TEXT
            )
        if not self._door.lets_in(request.headers.get("authorization", "")):
            return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="FSCM"'})
        self._lifecycle.settle_due()
        self._finance.settle_due()
        found = segments_of(request.url.path)
        if found is None or found[1] not in VERSIONS:
            return Response("Not Found", 404, media_type=TEXT)
        area, version, segments = found
        base = origin(self._world.settings, request.url.scheme, request.headers.get("host", "localhost"))
        root = f"{base}/{area}/resources/{version}"
        call = Call(
            request.method,
            segments,
            dict(arguments(request.scope)),
            dict(request.headers),
            await request.body(),
            root,
            area,
        )
        return self.answer(call)

    def answer(self, call: Call) -> Response:
        """Serve one call; every refusal becomes the answer a pod would give."""
        try:
            call.check_framework()
            if not call.accepts_answer():
                return failed(
                    call, 406, [Problem("406", "None of the media types in Accept can be produced.")]
                )
            return self._dispatch(call)
        except RefusedError as error:
            return failed(call, error.status, error.problems)
        except NotFoundError:
            return Response("Not Found", 404, media_type=TEXT)
        except MethodError as error:
            found = [Problem("405", f"The method {call.method} isn't allowed here.")]
            return failed(call, 405, found, {"Allow": error.allowed})

    def _dispatch(self, call: Call) -> Response:
        segments = call.segments
        if not segments:
            return self._root(call)
        if segments[-1] == "describe":
            return self._describe(call)
        if not self._is_offered(call, segments[0]):
            raise NotFoundError
        if segments[0] in self._world.settings.denied_resources:
            raise RefusedError(403, [problem("NO_PRIVILEGE", resource=segments[0])])
        if len(segments) > 2 and segments[-2] == "action":
            return self._action(call, self._target(segments[:-2]), segments[-1])
        target = self._target(segments)
        if target.is_item:
            return self._item(call, target)
        return self._collection(call, target)

    def _root(self, call: Call) -> Response:
        if call.method == "POST":
            return self._batch(call)
        if call.method != "GET":
            raise MethodError("GET, POST")
        return as_json(context_root(VERSIONS[0], call.root))

    def _describe(self, call: Call) -> Response:
        if call.method != "GET":
            raise MethodError("GET")
        name = call.segments[0] if len(call.segments) > 1 else None
        if name is not None and not self._is_offered(call, name):
            raise NotFoundError
        offered = [one for one in self._world.catalogue.values() if one.base == call.base]
        wanted = offered if name is None else [self._world.catalogue[name]]
        has_children = name is not None or call.params.get("includeChildren", "false").lower() == "true"
        is_minimal = call.params.get("metadataMode") == "minimal"
        return as_json(describe(wanted, call.root, is_minimal=is_minimal, has_children=has_children))

    def _is_offered(self, call: Call, name: str) -> bool:
        found = self._world.catalogue.get(name)
        return found is not None and found.base == call.base

    def _target(self, segments: tuple[str, ...]) -> Target:
        resource = self._world.catalogue[segments[0]]
        path: list[Row] = []
        if len(segments) == 1:
            return Target(resource, (), False, segments)
        path.append(self._top_row(resource, segments[1]))
        rest = segments[2:]
        while rest:
            if rest[0] != "child" or len(rest) < 2 or rest[1] not in resource.children:
                raise NotFoundError
            resource = resource.children[rest[1]]
            if len(rest) == 2:
                return Target(resource, tuple(path), False, segments)
            row = next((one for one in path[-1].of(resource.name) if one.key == rest[2]), None)
            if row is None:
                raise NotFoundError
            path.append(row)
            rest = rest[3:]
        return Target(resource, tuple(path), True, segments[:-1])

    def _top_row(self, resource: Resource, key: str) -> Row:
        if resource.name == LIFE_CYCLE:
            made = life_cycle(self._world, self._finance.receiving, key)
            if made is None:
                raise NotFoundError
            return made
        row = self._world.tables[resource.name].by_url(key)
        if row is None:
            raise NotFoundError
        return row

    def _collection(self, call: Call, target: Target) -> Response:
        resource = target.resource
        if call.method == "GET" and resource.has_list:
            return self._list(call, target)
        if call.method == "POST" and "create" in resource.operations:
            return self._create(call, target)
        allowed = ["GET"] * resource.has_list + ["POST"] * ("create" in resource.operations)
        raise MethodError(", ".join(allowed))

    def _item(self, call: Call, target: Target) -> Response:
        resource = target.resource
        if call.method == "GET":
            return self._read(call, target)
        if call.method == "PATCH" and "update" in resource.operations:
            return self._update(call, target)
        if call.method == "DELETE" and "delete" in resource.operations:
            check_match(call, target.path[-1])
            self._desks[target.segments[0]].delete(list(target.path))
            return Response(status_code=204)
        if call.method == "POST" and resource.actions:
            return self._older_action(call, target)
        verbs = {"update": "PATCH", "delete": "DELETE"}
        raise MethodError(
            ", ".join(["GET", *(verbs[one] for one in ("update", "delete") if one in resource.operations)])
        )

    def _list(self, call: Call, target: Target) -> Response:
        call.check_parameters(LIST_PARAMETERS)
        settings = self._world.settings
        shape = call.shape(target.resource)
        limit = min(call.number("limit", settings.page_size_default, 1), settings.page_size_max)
        offset = call.number("offset", 0, 0)
        rows = sort(self._rows(call, target), call.params.get("orderBy"), target.resource)
        page = rows[offset : offset + limit]
        about: dict[str, Any] = {}
        if call.is_set("totalResults"):
            if not settings.has_totals:
                raise RefusedError(500, [problem("TOTALS_FAILED")])
            about["totalResults"] = len(rows)
        about |= {
            "count": len(page),
            "hasMore": offset + len(page) < len(rows),
            "limit": limit,
            "offset": offset,
        }
        place = call.place(target.segments)
        items = [self._renderer.item(row, place, shape) for row in page]
        return Response(self._renderer.collection(items, place, shape, about), media_type=JSON)

    def _rows(self, call: Call, target: Target) -> list[Row]:
        resource = target.resource
        wanted = parse(call.params.get("q"), resource, framework=call.framework)
        finder = call.params.get("finder")
        if resource.name == "ledgerBalances":
            return find_balances(self._world, resource, finder)
        made = self._finance.rows(resource, finder)
        if made is not None:
            return [row for row in made if wanted.accepts(row.data)]
        if target.path:
            return [row for row in target.path[-1].of(resource.name) if wanted.accepts(row.data)]
        rows = select(self._world.tables[resource.name], wanted)
        return by_primary_key(rows, resource, finder) if finder else rows

    def _read(self, call: Call, target: Target) -> Response:
        call.check_parameters(ITEM_PARAMETERS)
        row = target.path[-1]
        etag = f'"{row.etag}"'
        if call.headers.get("if-none-match", "").strip('"') == row.etag:
            return Response(status_code=304, headers={"ETag": etag})
        body = self._renderer.item(row, call.place(target.segments), call.shape(target.resource))
        return Response(body, media_type=JSON, headers={"ETag": etag})

    def _create(self, call: Call, target: Target) -> Response:
        check_body_type(call)
        if target.resource.name == INTEGRATIONS:
            row = self._finance.integrate(target.resource, decode(call.body))
            return self._written(call, target, row, 201)
        upsert = call.headers.get("upsert-mode", "false").lower() == "true"
        if upsert and target.resource.name not in self._world.settings.upserts:
            raise refused("NO_UPSERT", resource=target.resource.name)
        parsed = read(target.resource, decode(call.body), "create")
        desk = self._desks[target.segments[0]]
        known = same_row(self._siblings(target), parsed) if upsert else None
        if known is not None:
            row = desk.update([*target.path, known], without_keys(parsed))
        else:
            row = desk.create(list(target.path), target.resource, parsed)
        return self._written(call, target, row, 200 if known is not None else 201)

    def _siblings(self, target: Target) -> Iterable[Row]:
        name = target.resource.name
        return target.path[-1].of(name) if target.path else self._world.tables[name]

    def _update(self, call: Call, target: Target) -> Response:
        check_body_type(call)
        check_match(call, target.path[-1])
        parsed = read(target.resource, decode(call.body), "update")
        row = self._desks[target.segments[0]].update(list(target.path), parsed)
        return self._written(call, target, row, 200)

    def _written(
        self, call: Call, target: Target, row: Row, status: int, parsed: Parsed | None = None
    ) -> Response:
        place, shape = call.place(target.segments), call.shape(target.resource)
        if target.resource.is_written_whole:
            shape = replace(shape, branch=expand_branch("all", target.resource))
        body = self._renderer.item(row, place, shape)
        headers = {"ETag": f'"{row.etag}"'}
        if status == 201:
            headers["Location"] = place.href(place.item(row))
        return Response(body, status, headers, media_type=JSON)

    def _action(self, call: Call, target: Target, name: str) -> Response:
        if call.method != "POST":
            raise MethodError("POST")
        names = target.resource.actions if target.is_item else target.resource.collection_actions
        if name not in names:
            raise NotFoundError
        check_type(call, frozenset({ACTION_TYPE}))
        if not target.is_item:
            return as_json({"result": self._finance.act(target.resource, name, decode(call.body))})
        return self._act(call, target, name, decode(call.body) if call.body.strip() else {})

    def _older_action(self, call: Call, target: Target) -> Response:
        """`{"name": .., "parameters": [{..}, {..}]}`, each parameter an object of its own."""
        check_type(call, frozenset({ACTION_TYPE}))
        body = decode(call.body)
        name, given = body.get("name"), body.get("parameters", [])
        if name not in target.resource.actions:
            raise refused("BAD_ACTION", action=name, reason="there is no such action")
        if not isinstance(given, list) or not all(isinstance(one, dict) and len(one) == 1 for one in given):
            raise refused("BAD_ACTION", action=name, reason="each parameter must be an object of its own")
        return self._act(call, target, name, {key: value for one in given for key, value in one.items()})

    def _act(self, call: Call, target: Target, name: str, parameters: dict[str, Any]) -> Response:
        if name == "submit":
            for key, value in parameters.items():
                if key not in SUBMIT_PARAMETERS or not isinstance(value, bool):
                    raise refused("BAD_ACTION", action=name, reason=f"{key} isn't a parameter or not Boolean")
        return as_json({"result": self._lifecycle.act(target.path[-1], name, parameters)})

    def _batch(self, call: Call) -> Response:
        """Do all parts or none; only the first that fails is reported."""
        check_type(call, frozenset({BATCH_TYPE}))
        before = self._world.dump()
        answers: list[dict[str, Any]] = []
        for part in read_parts(decode(call.body)):
            answer = self.answer(part_call(call, part))
            if answer.status_code >= 400:
                self._world.load(before)
                return answer
            answers.append({"id": part.id, "path": part.path, "operation": part.operation} | payload(answer))
        return as_json({"parts": answers})
