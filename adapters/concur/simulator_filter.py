"""SCIM filters on JSON documents: what Concur's user services understand of them.

>>> person = {"active": True, "name": {"familyName": "Ferrer"}, "emails": [{"type": "work", "value": "a@b.c"}]}
>>> matches('name.familyName sw "Fer" and not (active eq false)', person)
True
>>> matches('emails[type eq "work" and value co "x"]', person)
False
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

Test = Callable[[Mapping[str, Any]], bool]
OPERATORS: Final = ("eq", "ne", "co", "sw", "ew", "pr", "gt", "ge", "lt", "le")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_TOKEN: Final = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([()\[\]])|([^\s()\[\]"]+))')


class FilterError(ValueError):
    """A filter that can't be read, in words."""


def matches(text: str, document: Mapping[str, Any]) -> bool:
    return parse(text)(document)


def parse(text: str, *, allowed: tuple[str, ...] = OPERATORS) -> Test:
    """Return the test that a filter describes."""
    reader = _Reader(text, allowed)
    test = reader.either()
    if reader.peek():
        raise FilterError(f"there is something after the end of the filter: {reader.peek()}")
    return test


class _Reader:
    """Reads a filter from left to right."""

    def __init__(self, text: str, allowed: tuple[str, ...]) -> None:
        self._tokens: list[str] = []
        self._allowed = allowed
        place = 0
        while place < len(text.rstrip()):
            match = _TOKEN.match(text, place)
            if match is None:
                raise FilterError(f"the filter can't be read at {text[place:]!r}")
            self._tokens.append(next(one for one in match.groups() if one is not None))
            place = match.end()

    def peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if not token or (expected is not None and token != expected):
            raise FilterError(f"{expected or 'something'} is missing in the filter, before {token!r}")
        return self._tokens.pop(0)

    def either(self) -> Test:
        tests = [self.both()]
        while self.peek().lower() == "or":
            self.take()
            tests.append(self.both())
        return lambda document: any(test(document) for test in tests)

    def both(self) -> Test:
        tests = [self.single()]
        while self.peek().lower() == "and":
            self.take()
            tests.append(self.single())
        return lambda document: all(test(document) for test in tests)

    def single(self) -> Test:
        if self.peek().lower() == "not":
            self.take()
            inner = self._group()
            return lambda document: not inner(document)
        if self.peek() == "(":
            return self._group()
        return self._comparison()

    def _group(self) -> Test:
        self.take("(")
        inner = self.either()
        self.take(")")
        return inner

    def _comparison(self) -> Test:
        path = self.take()
        if self.peek() == "[":
            return self._within(path)
        operator = self.take().lower()
        if operator not in self._allowed:
            raise FilterError(f"the operator {operator} is not supported")
        if operator == "pr":
            return lambda document: any(value not in (None, "", []) for value in values(document, path))
        wanted = _value(self.take())
        return lambda document: _compare(operator, values(document, path), wanted)

    def _within(self, path: str) -> Test:
        """Read `path[filter]` and `path[filter].sub op value`: one element must fit all of it."""
        self.take("[")
        inner = self.either()
        self.take("]")
        rest = self.peek()
        if not rest.startswith("."):
            return lambda document: any(inner(one) for one in _elements(document, path))
        sub = self.take()[1:]
        operator, wanted = self.take().lower(), _value(self.take())
        if operator not in self._allowed:
            raise FilterError(f"the operator {operator} is not supported")
        return lambda document: any(
            inner(one) and _compare(operator, values(one, sub), wanted) for one in _elements(document, path)
        )


def values(document: Mapping[str, Any], path: str) -> list[Any]:
    """Return what an attribute path reaches: `urn:...:User:employeeNumber`, `emails.value`."""
    current: Any = document
    urn = max(
        (key for key in document if key.startswith("urn:") and path.startswith(key)), key=len, default=""
    )
    if urn:
        current, path = document[urn], path[len(urn) :].lstrip(":.")
    elif path.startswith("urn:ietf:params:scim:schemas:core:2.0:User:"):
        path = path.rpartition(":")[2]
    found = [current]
    for step in path.split(".") if path else []:
        below: list[Any] = []
        for one in found:
            value = _member(one, step)
            below += value if isinstance(value, list) else [value]
        found = below
    return [one for one in found if one is not None]


def _member(value: Any, name: str) -> Any:
    if not isinstance(value, Mapping):
        return None
    if name in value:
        return value[name]
    return next((one for key, one in value.items() if key.lower() == name.lower()), None)


def _elements(document: Mapping[str, Any], path: str) -> list[Mapping[str, Any]]:
    return [one for one in values(document, path) if isinstance(one, Mapping)]


def _value(token: str) -> Any:
    if token.startswith('"'):
        return token[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    words = {"true": True, "false": False, "null": None}
    if token.lower() in words:
        return words[token.lower()]
    try:
        return float(token)
    except ValueError as error:
        raise FilterError(f"{token} is no value") from error


def _compare(operator: str, found: list[Any], wanted: Any) -> bool:
    if operator == "eq":
        return any(_equal(one, wanted) for one in found) or (wanted is None and not found)
    if operator == "ne":
        return not any(_equal(one, wanted) for one in found)
    pairs = [(_folded(one), _folded(wanted)) for one in found if isinstance(one, type(wanted))]
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "co": lambda have, want: want in have,
        "sw": lambda have, want: bool(have.startswith(want)),
        "ew": lambda have, want: bool(have.endswith(want)),
        "gt": lambda have, want: bool(have > want),
        "ge": lambda have, want: bool(have >= want),
        "lt": lambda have, want: bool(have < want),
        "le": lambda have, want: bool(have <= want),
    }
    return any(tests[operator](have, want) for have, want in pairs)


def _equal(have: Any, want: Any) -> bool:
    return bool(_folded(have) == _folded(want))


def _folded(value: Any) -> Any:
    """Return a value as it is compared: text without case, instants in one form."""
    if not isinstance(value, str):
        return value
    if _INSTANT.fullmatch(value):
        return datetime.fromisoformat(value).astimezone(UTC).isoformat(timespec="microseconds")
    return value.lower()
