"""Whether a vendor's documents still look as `wire.py` describes them. Pure: samples in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import inspect as shapes

from adapters.answer import UNREADABLE

MOST = "(most of them)"
"""In place of a field's name: a row is no such document at all."""

DriftKind = Literal["unknown", "vanished", "retyped"]

SAMPLE_MAX = 20
"""So many rows of a page are looked at; drift touches all rows or is noticed on another page."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One field that came, went or changed its kind."""

    kind: DriftKind
    field: str
    detail: str


def notice(wire: type[msgspec.Struct], rows: Sequence[bytes], asked: Iterable[str] = ()) -> list[Drift]:
    """Compare the top-level fields of a sample of `rows` with those that `wire` describes.

    `asked` are the fields a request names: only they can be missed when no row has them. Without it every
    described field counts. A null says nothing about a field's kind.
    """
    described = _described(wire)
    samples = [row for row in map(_object, rows[:SAMPLE_MAX]) if row is not None]
    if not samples:
        return []
    expected = {name for name in asked if name in described} if asked else set(described)
    found: list[Drift] = []
    # A kind is judged once: whether a value fits depends on nothing but its type.
    kinds = {(name, type(value)): value for row in samples for name, value in row.items()}
    present = {name for name, _ in kinds}
    seen_as: dict[str, str] = {}
    for (name, _), value in kinds.items():
        if name in described and value is not None and not _fits(described[name].type, value):
            seen_as.setdefault(name, _kind(value))
    for name in sorted(present - set(described)):
        found.append(Drift("unknown", name, "a field that the adapter does not describe"))
    found += _vanished(expected, samples)
    for name in sorted(seen_as):
        found.append(Drift("retyped", name, f"{_words(described[name].type)} expected, {seen_as[name]} came"))
    return found


def _vanished(expected: set[str], samples: Sequence[Mapping[str, Any]]) -> list[Drift]:
    """Return what no row has. A row without most of its fields is broken by itself and says nothing of the others' fields."""
    whole = [row for row in samples if 2 * len(expected & row.keys()) >= len(expected)]
    if not whole:
        detail = f"the {len(samples)} rows looked at have fewer than half of the fields that are described"
        return [Drift("vanished", MOST, detail)]
    present = {name for row in whole for name in row}
    return [
        Drift("vanished", name, f"in none of {len(whole)} rows looked at")
        for name in sorted(expected - present)
    ]


@lru_cache(maxsize=64)
def required(wire: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the names on the wire of the fields without which a document can't be read."""
    return tuple(field.encode_name for field in msgspec.structs.fields(wire) if field.required)


@lru_cache(maxsize=64)
def _described(wire: type[msgspec.Struct]) -> Mapping[str, shapes.Field]:
    """Return the top-level fields by their names on the wire. Kept: finding them takes longer than a whole page."""
    return {f.encode_name: f for f in shapes.type_info(wire).fields}  # type: ignore[attr-defined]


def _object(row: bytes) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(row)
    except UNREADABLE:
        return None
    return value if isinstance(value, dict) else None


_TEXT = (shapes.StrType, shapes.DateTimeType, shapes.DateType, shapes.DecimalType, shapes.EnumType)
_NUMBER = (shapes.IntType, shapes.FloatType, shapes.DecimalType)


def _fits(described: shapes.Type, value: Any) -> bool:
    if isinstance(described, shapes.UnionType):
        return any(_fits(one, value) for one in described.types)
    if isinstance(described, shapes.AnyType | shapes.RawType):
        return True
    if isinstance(value, bool):
        return isinstance(described, shapes.BoolType)
    if isinstance(value, str):
        return isinstance(described, _TEXT)
    if isinstance(value, int | float | Decimal):
        return isinstance(described, _NUMBER)
    if isinstance(value, list):
        return isinstance(described, shapes.ListType | shapes.VarTupleType | shapes.TupleType)
    return isinstance(described, shapes.StructType | shapes.DictType)


def _kind(value: Any) -> str:
    names = {bool: "true or false", str: "text", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")


def _words(described: shapes.Type) -> str:
    if isinstance(described, shapes.UnionType):
        return " or ".join(_words(one) for one in described.types if not isinstance(one, shapes.NoneType))
    named = (
        (shapes.DecimalType, "a decimal"),
        (shapes.IntType, "a whole number"),
        (shapes.BoolType, "true or false"),
        (shapes.ListType, "a list"),
        (shapes.VarTupleType, "a list"),
        (shapes.StructType, "an object"),
        (shapes.DictType, "an object"),
        (shapes.DateTimeType, "a time"),
    )
    return next((words for kind, words in named if isinstance(described, kind)), "text")
