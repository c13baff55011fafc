"""Whether requests and answers are those that an OpenAPI 3.1 document describes.

`ContractChecker` judges one exchange; `checking_transport` puts it between an adapter and a simulator, so
that a test that uses both proves both. A failure is an AssertionError that names the operation and the place.

An answer that carries `x-simulated-fault` was made or damaged on purpose: its request is judged, it is not.
Extensions of the document that are understood: `x-body-optional: true` on a response allows no body at all.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import httpx
import jsonschema_rs
import yaml

from adapters.simulation import FAULT_HEADER
from tests.adapters import readmes

OPENAPI_FOLDER: Final = Path(__file__).parent / "openapi"
DOCUMENT_URI: Final = "urn:finsync:contract"
FAILURES_SHOWN: Final = 5


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    path_pattern: re.Pattern[str]
    parameters: tuple[Mapping[str, Any], ...]
    node: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.node.get("operationId", f"{self.method} {self.path}"))

    @cached_property
    def template_count(self) -> int:
        return self.path.count("{")

    def parameters_in(self, place: str) -> list[Mapping[str, Any]]:
        return [one for one in self.parameters if one["in"] == place]


class ContractChecker:
    """Judges exchanges by one OpenAPI document. Schemas are compiled once, when first needed."""

    def __init__(self, path_to_yaml: Path) -> None:
        self._document: dict[str, Any] = yaml.load(path_to_yaml.read_text("utf-8"), _Loader)
        _make_absolute(self._document)
        self._registry = jsonschema_rs.Registry([(DOCUMENT_URI, self._document)])
        self._validators: dict[int, jsonschema_rs.Draft202012Validator] = {}
        self._operations = sorted(self._read_operations(), key=lambda one: one.template_count)
        self.seen: Counter[tuple[str, int]] = Counter()
        """How often each (operation, status) was judged and found right."""

    @property
    def operation_names(self) -> set[str]:
        return {operation.name for operation in self._operations}

    @property
    def operation_count(self) -> int:
        return len(self._operations)

    def knows(self, method: str, path: str) -> bool:
        """Say whether the document has this method of this path."""
        return any(o.method == method and o.path_pattern.fullmatch(path) for o in self._operations)

    def check_exchange(self, request: httpx.Request, response: httpx.Response) -> None:
        """Raise AssertionError unless the document allows this request and this answer to it."""
        operation, path_values = self._matched(request)
        self._check_parameters(operation, path_values, request)
        self._check_request_body(operation, request)
        if FAULT_HEADER not in response.headers:
            self._check_response(operation, response)
            self.seen[operation.name, response.status_code] += 1

    def check_all_schemas(self) -> None:
        """Compile every schema of the document: each `$ref` must resolve, each schema be a schema."""
        for operation in self._operations:
            for parameter in operation.parameters:
                self._validator(parameter["schema"])
            bodies = [self._resolved(operation.node.get("requestBody", {}))]
            bodies += [self._resolved(answer) for answer in operation.node["responses"].values()]
            for body in bodies:
                for media in body.get("content", {}).values():
                    self._validator(media["schema"])
        for schema in self._document["components"]["schemas"].values():
            self._validator(schema)

    def operation_of(self, request: httpx.Request) -> Operation:
        """Return what a request asks for."""
        return self._matched(request)[0]

    def _matched(self, request: httpx.Request) -> tuple[Operation, dict[str, str]]:
        path = request.url.raw_path.decode("ascii").partition("?")[0]
        is_path_known = False
        for operation in self._operations:
            match = operation.path_pattern.fullmatch(path)
            if match and operation.method == request.method:
                names = re.findall(r"{(.+?)}", operation.path)
                return operation, dict(zip(names, map(unquote, match.groups()), strict=True))
            is_path_known = is_path_known or match is not None
        what = f"no method {request.method} for" if is_path_known else "no path"
        raise AssertionError(f"the contract has {what} {path}")

    def _check_parameters(
        self, operation: Operation, path_values: Mapping[str, str], request: httpx.Request
    ) -> None:
        for parameter in operation.parameters_in("path"):
            place = f"path parameter {parameter['name']}"
            value = self._from_text(parameter["schema"], path_values[parameter["name"]])
            self._check_value(parameter["schema"], value, operation, place)
        for parameter in operation.parameters_in("header"):
            place = f"header {parameter['name']}"
            if parameter["name"] in request.headers:
                value = self._from_text(parameter["schema"], request.headers[parameter["name"]])
                self._check_value(parameter["schema"], value, operation, place)
            elif parameter.get("required"):
                raise AssertionError(f"{operation.name}: {place} is missing")
        self._check_query(operation, request)

    def _check_query(self, operation: Operation, request: httpx.Request) -> None:
        given = dict(request.url.params)
        if len(given) != len(request.url.params.multi_items()):
            raise AssertionError(f"{operation.name}: a query parameter is given twice: {request.url}")
        free: Mapping[str, Any] | None = None
        for parameter in operation.parameters_in("query"):
            schema = self._resolved(parameter["schema"])
            if schema.get("type") == "object" and parameter.get("explode", True):
                free = schema  # `style: form, explode: true`: its members are the parameters
                continue
            place = f"query parameter {parameter['name']}"
            if parameter["name"] in given:
                value = self._from_text(schema, given.pop(parameter["name"]))
                self._check_value(parameter["schema"], value, operation, place)
            elif parameter.get("required"):
                raise AssertionError(f"{operation.name}: {place} is missing")
        if given and free is None:
            raise AssertionError(f"{operation.name}: unknown query parameters {sorted(given)}")
        if free is not None:
            self._check_value(free, given, operation, "query")

    def _check_request_body(self, operation: Operation, request: httpx.Request) -> None:
        body = self._resolved(operation.node.get("requestBody", {}))
        if not request.content:
            if body.get("required"):
                raise AssertionError(f"{operation.name}: the request has no body")
            return
        if not body:
            raise AssertionError(f"{operation.name}: the request must have no body")
        self._check_content(operation, "request", body["content"], request.headers, request.content)

    def _check_response(self, operation: Operation, response: httpx.Response) -> None:
        status = str(response.status_code)
        answers = operation.node["responses"]
        answer = answers.get(status) or answers.get(f"{status[0]}XX") or answers.get("default")
        if answer is None:
            raise AssertionError(
                f"{operation.name}: answer {status} is not in the contract: {response.text[:200]}"
            )
        answer = self._resolved(answer)
        for name, header in answer.get("headers", {}).items():
            if self._resolved(header).get("required") and name not in response.headers:
                raise AssertionError(f"{operation.name} answer {status}: header {name} is missing")
        content = answer.get("content")
        if content is None or (answer.get("x-body-optional") and not response.content):
            return
        self._check_content(operation, f"answer {status}", content, response.headers, response.content)

    def _check_content(
        self, operation: Operation, what: str, content: Mapping[str, Any], headers: httpx.Headers, body: bytes
    ) -> None:
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        media = content.get(media_type) or content.get("*/*")
        if media is None:
            raise AssertionError(
                f"{operation.name} {what}: content type {media_type!r} is none of {sorted(content)}"
            )
        if media_type.endswith("json"):
            try:
                value = json.loads(body)
            except ValueError as error:
                raise AssertionError(f"{operation.name} {what}: not JSON: {error}") from error
        elif media_type == "application/x-www-form-urlencoded":
            value = dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True))
        else:
            value = body.decode("utf-8")
        if "schema" in media:
            self._check_value(media["schema"], value, operation, what)

    def _check_value(self, schema: Mapping[str, Any], value: Any, operation: Operation, place: str) -> None:
        validator = self._validator(schema)
        if validator.is_valid(value):
            return
        lines = []
        for error in validator.iter_errors(value):
            lines.append(f"{_json_path(error.instance_path)}: {error.message[:300]}")
            if len(lines) == FAILURES_SHOWN:
                break
        raise AssertionError(f"{operation.name} {place}:\n  " + "\n  ".join(lines))

    def _validator(self, schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
        """Return the compiled schema; the document lives as long as we do, so its nodes' ids are keys."""
        validator = self._validators.get(id(schema))
        if validator is None:
            validator = jsonschema_rs.Draft202012Validator(
                dict(schema), registry=self._registry, offline=True
            )
            self._validators[id(schema)] = validator
        return validator

    def _from_text(self, schema: Mapping[str, Any], value: str) -> Any:
        """Return a parameter's text as the JSON value that its schema speaks about."""
        kinds = self._resolved(schema).get("type", "string")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if "boolean" in kinds and value in ("true", "false"):
            return value == "true"
        if "integer" in kinds and re.fullmatch(r"-?\d+", value):
            return int(value)
        if "number" in kinds and re.fullmatch(r"-?\d+(\.\d+)?", value):
            return float(value)
        return value.split(",") if "array" in kinds else value

    def _read_operations(self) -> Iterator[Operation]:
        for path, item in self._document["paths"].items():
            pattern = re.compile("([^/]+)".join(map(re.escape, re.split(r"{.+?}", path))))
            for method in ("get", "post", "put", "patch", "delete", "head", "options"):
                if method in item:
                    node = item[method]
                    given = [*item.get("parameters", ()), *node.get("parameters", ())]
                    parameters = tuple(self._resolved(one) for one in given)
                    yield Operation(method.upper(), path, pattern, parameters, node)

    def _resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow `$ref`s inside the document."""
        while "$ref" in node:
            found: Any = self._document
            for step in node["$ref"].partition("#/")[2].split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            node = found
        return node


def _make_absolute(node: object) -> None:
    """Give every `$ref` the document's URI, so that a schema can be compiled outside its document."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str) and node["$ref"].startswith("#"):
            node["$ref"] = DOCUMENT_URI + node["$ref"]
        for value in node.values():
            _make_absolute(value)
    elif isinstance(node, list):
        for value in node:
            _make_absolute(value)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as OpenAPI reads it: dates, `on` and `no` are text."""


_BOOL: Final = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_BOOL, "tag:yaml.org,2002:timestamp")]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile("^(?:true|false)$"), ["t", "f"])


def _json_path(steps: list[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


class _Once(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


class CheckingTransport(httpx.AsyncBaseTransport):
    """Lets through what the contract allows, and what the adapter's README names; raises AssertionError at anything else."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, checker: ContractChecker, adapter: str | None = None
    ) -> None:
        self._inner = inner
        self._checker = checker
        self._adapter = adapter

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        if self._adapter is not None:
            self._check_named(self._adapter, request)
        response = await self._inner.handle_async_request(request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        raw = b"".join([chunk async for chunk in response.stream])
        await response.stream.aclose()
        self._checker.check_exchange(
            request, httpx.Response(response.status_code, headers=response.headers, content=raw)
        )
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=_Once(raw),
            extensions=response.extensions,
        )

    def _check_named(self, adapter: str, request: httpx.Request) -> None:
        operation = self._checker.operation_of(request)
        if not readmes.is_named(adapter, operation.method, operation.path):
            raise AssertionError(
                f"the table of endpoints in adapters/{adapter}/README.md lacks {operation.method} {operation.path}, "
                "which the adapter calls"
            )
        readmes.note_call(adapter, operation.method, operation.path)

    async def aclose(self) -> None:
        await self._inner.aclose()


def checking_transport(
    inner: httpx.AsyncBaseTransport, checker: ContractChecker, adapter: str | None = None
) -> CheckingTransport:
    """Return a transport that judges everything that passes through `inner`; who sends it, when an adapter does."""
    return CheckingTransport(inner, checker, adapter)
