"""How the simulated Coupa reads a query string: conditions, order, page and shape.

>>> from datetime import timedelta
>>> from store.clock import SystemClock
>>> tables = Tables(SystemClock(), timedelta(0))
>>> query = parse(MODELS["supplier"], [("name[starts_with]", "Har"), ("limit", "500")], tables)
>>> query.limit, [(one.path, one.operator) for one in query.conditions]
(50, [(('name',), 'starts_with')])
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from adapters.coupa.simulator_models import MODELS
from adapters.coupa.simulator_shapes import Attribute, Kind, Model
from adapters.coupa.simulator_tables import RefusedError, Shape, Tables, dashed
from adapters.simulation import Document

PAGE_ROWS_MAX: Final = 50
OPERATORS: Final = frozenset(
    {
        "contains",
        "starts_with",
        "ends_with",
        "gt",
        "lt",
        "gt_or_eq",
        "lt_or_eq",
        "not_eq",
        "in",
        "not_in",
        "blank",
    }
)
NOT_FILTERS: Final = frozenset(
    {"limit", "offset", "order_by", "dir", "fields", "return_object", "filter", "show_deleted_lines"}
)
_TEXT_ONLY = frozenset({"contains", "starts_with", "ends_with", "blank"})
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]+\])*)")


@dataclass(frozen=True, slots=True)
class Condition:
    """One pair of the query string."""

    path: tuple[str, ...]
    operator: str
    """`eq` when the query names none."""
    kind: Kind
    operands: tuple[Any, ...]

    def holds(self, values: Sequence[Any]) -> bool:
        """Say whether one of the values an attribute has satisfies the condition."""
        if self.operator == "blank":
            is_blank = all(value is None or value == "" for value in values)
            return is_blank is self.operands[0]
        return any(self._holds_for(value) for value in values if value is not None)

    def _holds_for(self, value: Any) -> bool:
        value = _comparable(self.kind, value)
        operand = self.operands[0] if self.operands else None
        match self.operator:
            case "eq" | "in":
                return value in self.operands
            case "not_eq" | "not_in":
                return value not in self.operands
            case "contains":
                return str(operand) in str(value)
            case "starts_with":
                return str(value).startswith(str(operand))
            case "ends_with":
                return str(value).endswith(str(operand))
        if type(value) is not type(operand):
            return False
        return _ORDERINGS[self.operator](value, operand)


_ORDERINGS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "gt": lambda a, b: a > b,
    "lt": lambda a, b: a < b,
    "gt_or_eq": lambda a, b: a >= b,
    "lt_or_eq": lambda a, b: a <= b,
}


@dataclass(frozen=True, slots=True)
class Query:
    """A query string, read."""

    conditions: tuple[Condition, ...] = ()
    order_by: str = "id"
    is_descending: bool = False
    offset: int = 0
    limit: int = PAGE_ROWS_MAX
    fields: str | None = None
    shape: Shape | None = None
    return_object: str | None = None
    has_deleted: bool = False

    def on(self, name: str) -> list[Condition]:
        return [one for one in self.conditions if one.path == (name,)]


def parse(model: Model, pairs: Iterable[tuple[str, str]], tables: Tables) -> Query:
    """Read a query string; raise RefusedError when it makes no sense for `model`."""
    given: dict[str, str] = {}
    conditions = []
    for name, value in pairs:
        if name in NOT_FILTERS:
            given[name] = value
        else:
            conditions.append(_condition(model, name, value, tables))
    order_by = dashed(given.get("order_by", "id"))
    attribute = model.attributes.get(order_by)
    if attribute is None or attribute.kind in ("one", "many", "free"):
        raise RefusedError(f"order_by: {order_by} is not an attribute to sort by")
    if given.get("dir", "asc") not in ("asc", "desc"):
        raise RefusedError("dir must be one of asc, desc")
    fields = given.get("fields")
    return Query(
        conditions=tuple(conditions),
        order_by=order_by,
        is_descending=given.get("dir") == "desc",
        offset=_count(given, "offset", 0, least=0),
        limit=min(PAGE_ROWS_MAX, _count(given, "limit", PAGE_ROWS_MAX, least=1)),
        fields=fields,
        shape=None if fields is None else shape_of(fields),
        return_object=_return_object(given.get("return_object")),
        has_deleted=given.get("show_deleted_lines") == "true",
    )


def _count(given: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    value = given.get(name)
    if value is None:
        return default
    if not re.fullmatch(r"\d{1,9}", value) or int(value) < least:
        raise RefusedError(f"{name} is not a valid number")
    return int(value)


def _return_object(value: str | None) -> str | None:
    if value not in (None, "none", "limited", "shallow"):
        raise RefusedError("return_object must be one of none, limited, shallow")
    return value


@lru_cache(maxsize=256)
def shape_of(fields: str) -> Shape:
    """Read the JSON of `fields`: names, and one-key objects for what lies deeper."""
    try:
        return _shape(json.loads(fields))
    except ValueError:
        raise RefusedError("fields is not a JSON list of attributes") from None


def _shape(names: object) -> Shape:
    if isinstance(names, dict):
        names = [names] if names else []
    if not isinstance(names, list):
        raise ValueError("not a list")
    shape: list[tuple[str, Shape | None]] = []
    for name in names:
        if isinstance(name, str):
            shape.append((dashed(name), None))
        elif isinstance(name, dict):
            shape += [(dashed(outer), _shape(inner)) for outer, inner in name.items()]
        else:
            raise ValueError("neither a name nor an object")
    return tuple(shape)


def _condition(model: Model, name: str, text: str, tables: Tables) -> Condition:
    match = _NAME.fullmatch(name)
    if match is None:
        raise RefusedError(f"{name} is not a valid filter")
    path = [match[1], *re.findall(r"\[([^\[\]]+)\]", match[2])]
    last = path[-1].replace("-", "_")
    operator = "eq"
    if len(path) > 1 and last in OPERATORS:
        operator = last
        path.pop()
    if model.name == "user" and path == ["status"]:  # documented so, although the attribute is `active`
        path, text = ["active"], "true" if text == "active" else "false"
    attribute = _attribute(model, path, name)
    if attribute.kind == "time" and operator in _TEXT_ONLY:
        raise RefusedError(f"{name}: the operator {operator} cannot be used on a time")
    if operator == "blank":
        operands: tuple[Any, ...] = (_cast("bool", text, name, tables),)
    else:
        texts = text.split(",") if operator in ("in", "not_in") else [text]
        kind = "text" if operator in _TEXT_ONLY else attribute.kind
        operands = tuple(_cast(kind, one.strip() if len(texts) > 1 else one, name, tables) for one in texts)
    names = tuple(dashed(one) for one in path)
    return Condition(names, operator, "text" if operator in _TEXT_ONLY else attribute.kind, operands)


def _attribute(model: Model, path: Sequence[str], name: str) -> Attribute:
    """Return the attribute at the end of `path`; whatever lies inside a free one is text."""
    found = model.attributes.get(dashed(path[0]))
    if found is None:
        raise RefusedError(f"{name}: {model.name} has no attribute {path[0]}")
    for step in path[1:]:
        if found.kind == "free":
            return Attribute(dashed(step), "text")
        if not found.model:
            raise RefusedError(f"{name}: {found.name} has no attribute {step}")
        inner = MODELS[found.model]
        found = inner.attributes.get(dashed(step))
        if found is None:
            raise RefusedError(f"{name}: {inner.name} has no attribute {step}")
    if found.kind in ("one", "many"):
        raise RefusedError(f"{name}: {found.name} is an association; filter by one of its attributes")
    return found


def _cast(kind: Kind, text: str, name: str, tables: Tables) -> Any:
    try:
        if kind == "int":
            return int(text)
        if kind == "decimal":
            return Decimal(text)
        if kind == "time":
            instant = tables.time_of(text)
            shown = tables.time_text(instant)
            # `.` sorts after the sign of an offset: a fraction lies between its second and the next
            return shown if not instant.microsecond else f"{shown[:19]}.{instant.microsecond:06}"
    except (ValueError, InvalidOperation):
        raise RefusedError(f"{name}: {text!r} is not a valid value") from None
    if kind == "bool":
        if text not in ("true", "false", "1", "0"):
            raise RefusedError(f"{name}: {text!r} is not a valid value")
        return text in ("true", "1")
    return text


def _comparable(kind: Kind, value: Any) -> Any:
    if kind == "decimal":
        try:
            return Decimal(str(value))
        except InvalidOperation:
            return value
    if kind in ("text", "free"):
        return str(value)
    return value


def values_at(tables: Tables, model: Model, document: Document, path: Sequence[str]) -> list[Any]:
    """Return what the attribute at `path` says, once for every element of the lists on the way."""
    attribute = model.attributes.get(path[0])
    value = document.get(path[0])
    if len(path) == 1:
        return [value]
    if attribute is None or attribute.kind == "free":
        return [value.get(path[1])] if isinstance(value, dict) else [None]
    inner = MODELS[attribute.model]
    rows = value if isinstance(value, list) else [value]
    found: list[Any] = []
    for row in rows:
        if isinstance(row, dict):
            found += values_at(tables, inner, tables.live(inner.name, row), path[1:])
    return found or [None]


def matches(tables: Tables, model: Model, document: Document, conditions: Iterable[Condition]) -> bool:
    return all(one.holds(values_at(tables, model, document, one.path)) for one in conditions)


def select(tables: Tables, path: str, model: Model, query: Query) -> list[Document]:
    """Return one page of a collection, reading as few documents as the conditions allow."""
    if path == "exchange_rates" and _has_known_hole(query):
        return []
    rows = _candidates(tables, path, query)
    found = (row for row in rows.documents if matches(tables, model, row, query.conditions))
    stop = query.offset + query.limit
    if rows.order == query.order_by and not query.is_descending:
        return list(islice(found, query.offset, stop))
    attribute = model.attributes[query.order_by]

    def rank(row: Document) -> tuple[Any, ...]:
        value = row.get(query.order_by)
        return (value is not None, _sortable(attribute.kind, value), row.get("id"))

    return sorted(found, key=rank, reverse=query.is_descending)[query.offset : stop]


def _sortable(kind: Kind, value: Any) -> Any:
    """Return something that compares with its like: numbers as numbers, all else as text."""
    if value is None:
        return 0 if kind in ("int", "decimal", "bool") else ""
    if kind in ("int", "decimal", "bool"):
        number = _comparable("decimal", int(value) if isinstance(value, bool) else value)
        return number if isinstance(number, Decimal) else Decimal(0)
    return str(value)


@dataclass(frozen=True, slots=True)
class _Candidates:
    documents: Iterable[Document]
    order: str
    """The attribute they come sorted by."""


def _candidates(tables: Tables, path: str, query: Query) -> _Candidates:
    """Choose the index that leaves least to look at: ids, then a unique key, then the time of change."""
    if path == "purchase_order_lines":
        return _Candidates(_lines(tables, query), "")
    collection = tables.collections[path]
    for one in query.on("id"):
        if one.operator in ("eq", "in"):
            ids = sorted(set(one.operands))
            return _Candidates((row for i in ids if (row := collection.get(i)) is not None), "id")
    for one in query.conditions:
        if one.operator == "eq" and len(one.path) == 1 and collection.is_indexed(one.path[0]):
            return _Candidates(collection.find(one.path[0], one.operands[0]), "id")
    after = next((one.operands[0] for one in query.on("id") if one.operator == "gt"), None)
    since = [one for one in query.on("updated-at") if one.operator in ("gt", "gt_or_eq")]
    if since:
        latest = max(since, key=lambda one: str(one.operands[0]))
        return _Candidates(collection.between("updated-at", at_least=latest.operands[0]), "updated-at")
    if after is not None:
        return _Candidates((row for i in collection.ids_after(after) if (row := collection.get(i))), "id")
    return _Candidates(collection, "id")


def _lines(tables: Tables, query: Query) -> Iterator[Document]:
    for one in query.on("order-header-id"):
        if one.operator == "eq":
            order = tables.collections["purchase_orders"].get(one.operands[0]) or {}
            return tables.lines([order])
    return tables.lines()


def _has_known_hole(query: Query) -> bool:
    """Both currencies' codes together find nothing: a documented flaw of the real system."""
    paths = {one.path for one in query.conditions}
    return {("from-currency", "code"), ("to-currency", "code")} <= paths
