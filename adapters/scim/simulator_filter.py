"""Filters of SCIM (RFC 7644, section 3.4.2.2) over documents in memory: strict, as a good server is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

Document = Mapping[str, Any]
Test = Callable[[Document], bool]

_TOKEN: Final = re.compile(
    r'\s*(?:(?P<bracket>[()])|(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>[A-Za-z$][\w:.$-]*|-?\d+(?:\.\d+)?))'
)
_COMPARED: Final = frozenset(("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"))
DEPTH_MAX: Final = 20


class FilterError(ValueError):
    """A filter that is none, or asks more than this server knows."""


def parsed(filter_: str, *, only_equal: bool = False) -> Test:
    """Return the test that a filter asks for.

    `only_equal`: of a server that knows `eq` on `userName` and `externalId` and nothing else, as many do.

    >>> parsed('active eq true and userName sw "a"')({"userName": "Ann", "active": True})
    True
    """
    tokens = list(_tokens(filter_))
    test, rest = _either(tokens, 0, 0)
    if rest != len(tokens):
        raise FilterError(f"it is not understood from {tokens[rest]!r}")
    if only_equal and not re.fullmatch(r'\s*(userName|externalId)\s+eq\s+"[^"]*"\s*', filter_, re.IGNORECASE):
        raise FilterError("only userName eq and externalId eq are supported")
    return test


def _tokens(filter_: str) -> Iterator[str]:
    place = 0
    while place < len(filter_.rstrip()):
        found = _TOKEN.match(filter_, place)
        if found is None:
            raise FilterError(f"it is not understood at character {place + 1}")
        yield found.group().strip()
        place = found.end()


def _either(tokens: list[str], at: int, depth: int) -> tuple[Test, int]:
    if depth > DEPTH_MAX:
        raise FilterError("it is nested too deeply")
    tests = []
    while True:
        test, at = _both(tokens, at, depth)
        tests.append(test)
        if _word(tokens, at) != "or":
            return (lambda one: any(test(one) for test in tests)), at
        at += 1


def _both(tokens: list[str], at: int, depth: int) -> tuple[Test, int]:
    tests = []
    while True:
        test, at = _single(tokens, at, depth)
        tests.append(test)
        if _word(tokens, at) != "and":
            return (lambda one: all(test(one) for test in tests)), at
        at += 1


def _single(tokens: list[str], at: int, depth: int) -> tuple[Test, int]:
    word = _word(tokens, at)
    if word == "not":
        test, at = _single(tokens, at + 1, depth + 1)
        return (lambda one: not test(one)), at
    if word == "(":
        test, at = _either(tokens, at + 1, depth + 1)
        if _word(tokens, at) != ")":
            raise FilterError("a bracket is not closed")
        return test, at + 1
    return _comparison(tokens, at)


def _comparison(tokens: list[str], at: int) -> tuple[Test, int]:
    if at >= len(tokens) or tokens[at][0] in '"()':
        raise FilterError("the name of an attribute is missing")
    path, operator = tokens[at], _word(tokens, at + 1)
    if operator == "pr":
        return (lambda one: _at(one, path) not in (None, "", [])), at + 2
    if operator not in _COMPARED or at + 2 >= len(tokens):
        raise FilterError(f"{path} is not compared with anything")
    try:
        wanted = json.loads(tokens[at + 2])
    except ValueError:
        raise FilterError(f"{tokens[at + 2]!r} is no value") from None
    return (lambda one: _holds(_at(one, path), operator, wanted)), at + 3


def _word(tokens: list[str], at: int) -> str:
    return tokens[at].casefold() if at < len(tokens) else ""


def _at(document: Document, path: str) -> Any:
    """Return what a document holds at `meta.lastModified`; names of attributes have no case."""
    value: Any = document
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = next((held for key, held in value.items() if key.casefold() == name.casefold()), None)
    return value


def _holds(held: Any, operator: str, wanted: Any) -> bool:
    if held is None:
        return operator == "ne"
    if isinstance(held, str) and isinstance(wanted, str):
        one, other = _comparable(held), _comparable(wanted)
        if type(one) is not type(other):
            return operator == "ne"
    else:
        one, other = held, wanted
    if operator in ("co", "sw", "ew"):
        text, part = str(held).casefold(), str(wanted).casefold()
        return {"co": part in text, "sw": text.startswith(part), "ew": text.endswith(part)}[operator]
    if operator in ("eq", "ne"):
        return bool(one == other) is (operator == "eq")
    return bool({"gt": one > other, "ge": one >= other, "lt": one < other, "le": one <= other}[operator])


def _comparable(value: str) -> Any:
    """Return a time as a time, and other text without its case."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return value.casefold()
    return found if found.tzinfo else value.casefold()
