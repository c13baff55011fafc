"""Reading what a client sent: known attributes, right kinds, nothing that only the system may set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

import msgspec

from adapters.oracle_fusion.simulator_messages import Problem, RefusedError, problem, refused
from adapters.oracle_fusion.simulator_resource import Attribute, Resource
from adapters.oracle_fusion.simulator_rows import Data, Value, stamp

Mode = Literal["create", "update"]
NUMBER_DIGITS_MAX: Final = 40
ID_MAX: Final = 10**18

_decoder = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(slots=True)
class Parsed:
    """One node of a payload, its values in our types, and its children."""

    data: Data
    children: dict[str, list[Parsed]] = field(default_factory=dict)
    path: str = ""


def decode(body: bytes) -> dict[str, Any]:
    """Read a JSON object without binary floats."""
    try:
        document = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidOperation) as error:
        raise refused("BAD_JSON", reason=str(error)) from None
    if not isinstance(document, dict):
        raise refused("BAD_JSON", reason="an object is expected")
    return document


def read(resource: Resource, document: Mapping[str, Any], mode: Mode) -> Parsed:
    """Return the payload in our types; raise one 400 with everything that is wrong with it."""
    problems: list[Problem] = []
    parsed = _node(resource, document, mode, "", problems)
    if problems:
        raise RefusedError(400, problems)
    return parsed


def _node(
    resource: Resource, document: Mapping[str, Any], mode: Mode, path: str, problems: list[Problem]
) -> Parsed:
    parsed = Parsed({}, {}, path)
    is_known = mode == "update" and bool(path) and resource.key in document
    for name, value in document.items():
        place = f"{path}/{name}"
        if name in resource.children:
            parsed.children[name] = _children(resource.children[name], value, mode, place, problems)
        elif name not in resource.attributes:
            problems.append(problem("UNKNOWN_ATTRIBUTE", place, attribute=name, entity=resource.entity))
        else:
            attribute = resource.attributes[name]
            if not _may_send(attribute, resource, mode, is_known, bool(path)):
                problems.append(problem("READ_ONLY", place, attribute=name, entity=resource.entity))
                continue
            found = _value(attribute, value, place)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                parsed.data[name] = found
    if mode == "create":
        problems += _missing(resource, parsed)
    return parsed


def _may_send(attribute: Attribute, resource: Resource, mode: Mode, is_known: bool, is_nested: bool) -> bool:
    if mode == "create":
        return attribute.is_creatable
    if is_nested and attribute.name == resource.key:
        return True  # names the row to change
    return attribute.is_updatable or (is_nested and not is_known and attribute.is_creatable)


def _missing(resource: Resource, parsed: Parsed) -> list[Problem]:
    return [
        problem("REQUIRED", f"{parsed.path}/{one.name}", attribute=one.name, entity=resource.entity)
        for one in resource.attributes.values()
        if one.is_required and parsed.data.get(one.name) is None
    ]


def _children(
    resource: Resource, value: object, mode: Mode, path: str, problems: list[Problem]
) -> list[Parsed]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        problems.append(
            problem("BAD_VALUE", path, value=_shown(value), attribute=resource.name, kind="list of rows")
        )
        return []
    return [_node(resource, one, mode, f"{path}/{index}", problems) for index, one in enumerate(value)]


def _value(attribute: Attribute, value: object, path: str) -> Value | Problem:
    if value is None:
        if attribute.is_required:
            return problem("REQUIRED", path, attribute=attribute.name, entity="the row")
        return None
    try:
        found = _READERS[attribute.kind](value)
    except (ValueError, InvalidOperation):
        return problem(
            "BAD_VALUE", path, value=_shown(value), attribute=attribute.name, kind=_KINDS[attribute.kind]
        )
    if attribute.length and isinstance(found, str) and len(found) > attribute.length:
        return problem("TOO_LONG", path, attribute=attribute.name, length=attribute.length)
    return found


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise ValueError(value)


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError(value)
    found = Decimal(value)
    if (
        not found.is_finite()
        or len(found.as_tuple().digits) > NUMBER_DIGITS_MAX
        or abs(found.adjusted()) > 30
    ):
        raise ValueError(value)
    return found


def _whole(value: object) -> int:
    found = _number(value)
    if found != found.to_integral_value() or abs(found) >= ID_MAX:
        raise ValueError(value)
    return int(found)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false", "y", "n"):
        return value.lower() in ("true", "y")
    raise ValueError(value)


def _date(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return date.fromisoformat(value[:10]).isoformat()


def _instant(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    at = datetime.fromisoformat(value)
    return stamp(at if at.tzinfo else at.replace(tzinfo=UTC))


def _shown(value: object) -> str:
    return str(value)[:40]


_READERS: Final[Mapping[str, Callable[[object], Value]]] = {
    "text": _text,
    "id": _whole,
    "number": _number,
    "whole": _whole,
    "flag": _flag,
    "date": _date,
    "instant": _instant,
}
_KINDS: Final = {
    "text": "text",
    "id": "number",
    "number": "number",
    "whole": "whole number",
    "flag": "Boolean",
    "date": "date",
    "instant": "date and time",
}


def filled(resource: Resource, given: Mapping[str, Value]) -> Data:
    """Return all attributes of a row: those given, every other null."""
    return {name: given.get(name) for name in resource.attributes}


def typed(resource: Resource, document: Mapping[str, Any], children: Sequence[str] = ()) -> Data:
    """Read a document that the scenario puts, read-only attributes included; a wrong one is the caller's bug."""
    data: Data = {}
    for name, value in document.items():
        if name in children:
            continue
        if name not in resource.attributes:
            raise ValueError(f"{resource.name} has no attribute {name!r}")
        native = value.isoformat() if isinstance(value, date) else value
        found = None if native is None else _value(resource.attributes[name], native, name)
        if isinstance(found, Problem):
            raise ValueError(found.detail)
        data[name] = found
    return filled(resource, data)
