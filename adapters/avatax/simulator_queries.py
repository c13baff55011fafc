"""Filters, order and pages of the simulated AvaTax's collections."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from adapters.avatax.simulator_errors import Reason, Refused
from adapters.simulation import Document

TOP_MAX: Final = 1000
_CONDITION = re.compile(
    r"(?P<field>\w+)\s+(?P<op>eq|ne|gt|ge|lt|le|startsWith|contains|in)\s+(?P<value>.+)", re.IGNORECASE
)
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "startswith": lambda a, b: str(a).startswith(str(b)),
    "contains": lambda a, b: str(b) in str(a),
}


def select(
    rows: Sequence[Document], query: Mapping[str, str], fields: frozenset[str]
) -> tuple[list[Document], int, int]:
    """Return the page that a query asks for, how many rows fit it in all, and where the page begins."""
    found = [row for row in rows if _fits(row, query.get("$filter", ""), fields)]
    for part in reversed([one for one in query.get("$orderBy", "").split(",") if one.strip()]):
        name, _, direction = part.strip().partition(" ")
        _check(name, fields, "$orderBy")
        found.sort(key=lambda row: row[name], reverse=direction.strip().upper() == "DESC")
    top, skip = _count(query, "$top", TOP_MAX), _count(query, "$skip", 0)
    if top > TOP_MAX:
        raise Refused(400, Reason("QueryParameterOutOfRange", f"$top is at most {TOP_MAX}.", "$top"))
    return found[skip : skip + top], len(found), skip


def _fits(row: Document, text: str, fields: frozenset[str]) -> bool:
    return all(_holds(row, one, fields) for one in re.split(r"\s+and\s+", text.strip()) if one)


def _holds(row: Document, text: str, fields: frozenset[str]) -> bool:
    condition = _CONDITION.fullmatch(text.strip())
    if condition is None:
        raise Refused(400, Reason("InvalidQueryValue", f"The filter {text} can't be read.", "$filter"))
    name, op = condition["field"], condition["op"].lower()
    _check(name, fields, "$filter")
    if op == "in":
        return row[name] in {_plain(one) for one in _TEXT.findall(condition["value"])}
    return _COMPARE[op](row[name], _value(condition["value"]))


def _value(text: str) -> Any:
    quoted = _TEXT.fullmatch(text.strip())
    if quoted:
        return _plain(quoted[1])
    words = {"true": True, "false": False}
    if text.lower() in words:
        return words[text.lower()]
    if re.fullmatch(r"\d+", text.strip()):
        return int(text)
    raise Refused(400, Reason("InvalidQueryValue", f"{text} is no value of a filter.", "$filter"))


def _plain(text: str) -> str:
    return text.replace("''", "'")


def _check(name: str, fields: frozenset[str], place: str) -> None:
    if name not in fields:
        raise Refused(400, Reason("InvalidQueryField", f"{name} can't be asked for.", place))


def _count(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit():
        raise Refused(400, Reason("InvalidQueryValue", f"{name} is no number.", name))
    return int(text)
