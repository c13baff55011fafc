"""SCIM patches as user provisioning takes them: which extension a path speaks of, and what it does to it.

Pure. A path is an attribute of the core (`active`, `emails[type eq "work"].verified`), or a schema's urn and an
attribute of that (`...spend:2.0:User:customData[id eq "orgUnit2"].value`), or nothing: then the value has it all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.concur.simulator_filter import FilterError, parse
from adapters.concur.simulator_people import CORE, ENTERPRISE, SPEND
from adapters.concur.simulator_world import copied
from adapters.simulation import Document

PAYROLL: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:Payroll"
TRAVEL: Final = "urn:ietf:params:scim:schemas:extension:travel:2.0:User"
URNS: Final = (
    CORE,
    ENTERPRISE,
    PAYROLL,
    TRAVEL,
    *(
        SPEND + name
        for name in (
            "User",
            "ApproverLimit",
            "Approver",
            "Delegate",
            "Role",
            "UserPreference",
            "WorkflowPreference",
            "InvoicePreference",
        )
    ),
)
_STEP: Final = re.compile(r"(?P<name>\w+|\$ref)(?:\[(?P<filter>[^\]]*)\])?(?:\.(?P<sub>\w+))?")
_EQUALS: Final = re.compile(r'\s*(\w+)\s+eq\s+"([^"]*)"\s*')


class PatchError(ValueError):
    """A patch that can't be applied, with the place that it speaks of."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


def by_extension(operations: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[str, str, Any]]]:
    """Return (op, rest of the path, value) by the extension that each operation changes."""
    found: dict[str, list[tuple[str, str, Any]]] = {}
    for one in operations:
        op = str(one.get("op", "")).lower()
        if op not in ("add", "replace", "remove"):
            raise PatchError(f"the operation {one.get('op')!r} is unknown")
        path = one.get("path")
        if path:
            urn, rest = divided(path)
            found.setdefault(urn, []).append((op, rest, one.get("value")))
            continue
        value = one.get("value")
        if not isinstance(value, Mapping):
            raise PatchError("an operation without a path needs an object as its value")
        for name, part in value.items():
            if name in URNS:
                found.setdefault(name, []).append((op, "", part))
            elif name != "schemas":
                found.setdefault(CORE, []).append((op, name, part))
    return found


def divided(path: str) -> tuple[str, str]:
    """Return the extension and what a path says of it.

    >>> divided('urn:ietf:params:scim:schemas:extension:spend:2.0:Approver:report')[1]
    'report'
    """
    for urn in sorted(URNS, key=len, reverse=True):
        if path == urn or path.startswith(f"{urn}:"):
            return urn, path[len(urn) + 1 :]
    if path.startswith("urn:"):
        raise PatchError("the schema is unknown", path)
    return CORE, path


def patched(before: Mapping[str, Any], changes: Sequence[tuple[str, str, Any]]) -> Document:
    """Return an extension after its changes."""
    after: Document = copied(before)
    for op, path, value in changes:
        if not path:
            _whole(after, op, value)
        else:
            _part(after, op, path, value)
    return after


def _whole(after: Document, op: str, value: Any) -> None:
    if op == "remove":
        after.clear()
    elif not isinstance(value, Mapping):
        raise PatchError("the value must be an object")
    else:
        after |= copied(dict(value))


def _part(after: Document, op: str, path: str, value: Any) -> None:
    match = _STEP.fullmatch(path)
    if match is None:
        raise PatchError("the path is not understood", path)
    name, condition, sub = match["name"], match["filter"], match["sub"]
    if condition is not None:
        _elements(after, op, name, condition, sub, value, path)
    elif sub is not None:
        inner = after.setdefault(name, {})
        if not isinstance(inner, dict):
            raise PatchError("the attribute has no parts", path)
        _set(inner, op, sub, value)
    elif op == "add" and isinstance(after.get(name), list):
        after[name] += value if isinstance(value, list) else [value]
    else:
        _set(after, op, name, value)


def _set(target: Document, op: str, name: str, value: Any) -> None:
    if op == "remove":
        target.pop(name, None)
    else:
        target[name] = copied(value)


def _elements(
    after: Document, op: str, name: str, condition: str, sub: str | None, value: Any, path: str
) -> None:
    """Change the elements of an array that fit; a value for one that is not there adds it."""
    try:
        test = parse(condition)
    except FilterError as error:
        raise PatchError(f"the condition can't be read: {error}", path) from error
    elements: list[Document] = after.setdefault(name, [])
    fitting = [one for one in elements if test(one)]
    if op == "remove" and sub is None:
        after[name] = [one for one in elements if one not in fitting]
        return
    if not fitting and op != "remove":
        equals = _EQUALS.fullmatch(condition)
        if equals is None:
            raise PatchError("nothing fits the condition", path)
        fitting = [{equals[1]: equals[2]}]
        elements += fitting
    for one in fitting:
        if sub is not None:
            _set(one, op, sub, value)
        elif isinstance(value, Mapping):
            one |= copied(dict(value))
