"""Small things that the simulated framework answers with, and checks before it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from adapters.oracle_fusion.simulator_batch import Part
from adapters.oracle_fusion.simulator_describe import DEFAULT_FRAMEWORK, FRAMEWORKS
from adapters.oracle_fusion.simulator_messages import Problem, RefusedError, problem, refused
from adapters.oracle_fusion.simulator_payload import Parsed, decode
from adapters.oracle_fusion.simulator_render import encode
from adapters.oracle_fusion.simulator_requests import BODY_TYPES, ERROR_TYPE, Call
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Row

TITLES: Final = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    412: "Precondition Failed",
    415: "Unsupported Media Type",
    500: "Internal Server Error",
}
SAME: Final = {
    "values": ("Value",),
    "suppliers": ("Supplier",),
    "sites": ("SupplierSite", "ProcurementBUId"),
}
JSON: Final = "application/json"
TEXT: Final = "text/plain"


def part_call(call: Call, part: Part) -> Call:
    headers = {key: value for key, value in call.headers.items() if key not in ("if-match", "content-type")}
    body = encode(part.payload) if part.payload is not None else b""
    segments = tuple(one for one in part.path.split("/") if one)
    return Call(part.method, segments, {}, headers | {"content-type": JSON}, body, call.root)


def payload(answer: Response) -> dict[str, Any]:
    body = bytes(answer.body)
    return {"payload": decode(body)} if body else {}


def by_primary_key(rows: Sequence[Row], resource: Resource, finder: str) -> list[Row]:
    name, _, text = finder.partition(";")
    if name != "PrimaryKey":
        raise refused("UNKNOWN_FINDER", finder=name, resource=resource.name)
    key, _, value = text.partition("=")
    if key.strip() != resource.key or not value.strip():
        raise refused("FINDER_VARIABLE", finder=name, variable=resource.key)
    return [row for row in rows if str(row.id) == value.strip().strip("'")]


def same_row(rows: Iterable[Row], parsed: Parsed) -> Row | None:
    """Return the row that upsert mode takes for the same: by the names that people know it by."""
    for one in rows:
        keys = SAME[one.resource.name]
        if all(one.data[key] == parsed.data.get(key) for key in keys):
            return one
    return None


def without_keys(parsed: Parsed) -> Parsed:
    """Return what an upsert changes of a row that is there: not what it is known by, and nothing below it."""
    known = {key for keys in SAME.values() for key in keys}
    return Parsed({name: value for name, value in parsed.data.items() if name not in known})


def check_body_type(call: Call) -> None:
    check_type(call, BODY_TYPES)


def check_type(call: Call, known: frozenset[str]) -> None:
    if call.content_type not in known:
        raise RefusedError(
            415, [Problem("415", f"The content type {call.content_type!r} isn't supported here.")]
        )


def check_match(call: Call, row: Row) -> None:
    wanted = call.headers.get("if-match")
    if wanted is not None and wanted.strip() != "*" and wanted.strip('" ') != row.etag:
        raise RefusedError(412, [problem("STALE", key=row.key)])


def as_json(document: object) -> Response:
    return Response(encode(document), media_type=JSON)


def failed(
    call: Call, status: int, problems: Sequence[Problem], headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error as this client reads it: structured from framework 4 or when asked for, else text."""
    is_known = call.headers.get("rest-framework-version", DEFAULT_FRAMEWORK) in FRAMEWORKS
    if not is_known or not call.wants_structured_errors:
        return Response("\n".join(one.text for one in problems), status, headers, media_type=TEXT)
    details = [{"detail": one.detail, "o:errorCode": one.code, "o:errorPath": one.path} for one in problems]
    body = {"title": TITLES[status], "status": str(status), "o:errorDetails": details}
    kind = ERROR_TYPE if ERROR_TYPE in call.headers.get("accept", "") else JSON
    return Response(encode(body), status, headers, media_type=kind)
