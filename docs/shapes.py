"""The JSON Schema of values that were seen, and what of a value a schema does not describe.

>>> seen = [[{"id": 1, "at": None}, {"id": 2, "at": "2026-01-05", "note": None}]]
>>> shape(seen)["items"]["properties"]
{'id': {'type': ['null', 'integer']}, 'at': {'type': ['null', 'string']}, 'note': {'type': 'null'}}
>>> shape(seen)["items"]["required"]
['id', 'at']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Schema = dict[str, Any]

_WORD = re.compile(r"[a-z][a-z0-9_]*")
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
_MAY_BE_NULL = {"string", "integer", "number"}
_NEVER = re.compile(r"(?!)")


def shape(
    values: Sequence[object],
    path: str = "",
    *,
    free: re.Pattern[str] = _NEVER,
    maps: re.Pattern[str] = _NEVER,
    known: re.Pattern[str] = _NEVER,
) -> Schema:
    """Return the schema that all these values follow, no wider than they show.

    `free` says at which paths anything may stand, `maps` where keys are data; an object with a key that is no word
    is a map by itself. What is not known is null: any text or number of an
    object may be, but for those that `known` says always are.
    """
    kinds = sorted({"null" if value is None else _TYPES[type(value)] for value in values})
    if "number" in kinds and "integer" in kinds:
        kinds.remove("integer")
    if not kinds or free.fullmatch(path):
        return {}
    schema: Schema = {"type": kinds[0] if len(kinds) == 1 else kinds}

    def part(found: Sequence[object], step: str) -> Schema:
        return shape(found, f"{path}{step}", free=free, maps=maps, known=known)

    objects = [value for value in values if isinstance(value, dict)]
    keys = list(dict.fromkeys(key for one in objects for key in one))
    if keys and (maps.fullmatch(path) or any(not _WORD.fullmatch(key) for key in keys)):
        schema["additionalProperties"] = part([found for one in objects for found in one.values()], ".*")
    elif keys:
        schema["properties"] = {
            key: _or_null(
                part([one[key] for one in objects if key in one], f".{key}"),
                known.fullmatch(f"{path}.{key}"),
            )
            for key in keys
        }
        schema["required"] = [key for key in keys if all(key in one for one in objects)]
    lists = [value for value in values if isinstance(value, list)]
    if any(lists):
        schema["items"] = part([found for one in lists for found in one], "[]")
    return schema


def _or_null(schema: Schema, is_known: object) -> Schema:
    kinds = kinds_of(schema)
    if is_known or not kinds or "null" in kinds or not set(kinds) <= _MAY_BE_NULL:
        return schema
    return {**schema, "type": ["null", *kinds]}


def widened(new: Schema, old: Mapping[str, Any]) -> Schema:
    """Return a schema that also allows what an earlier one had seen in the same places: a run sees not everything."""
    if not new:
        return dict(old)
    merged = dict(new)
    kinds = sorted({*kinds_of(new), *kinds_of(old)})
    if kinds:
        merged["type"] = kinds[0] if len(kinds) == 1 else kinds
    for word in ("items", "additionalProperties"):
        if word in old:
            merged[word] = widened(new[word], old[word]) if word in new else old[word]
    before, own = old.get("properties", {}), new.get("properties", {})
    if before:
        merged["properties"] = {
            **{name: widened(own[name], part) if name in own else part for name, part in before.items()},
            **{name: part for name, part in own.items() if name not in before},
        }
        merged["required"] = [
            name
            for name in merged["properties"]
            if ("properties" not in new or name in new["required"])
            and (name not in before or name in old["required"])
        ]
    return merged


def unsaid(schema: Mapping[str, Any]) -> Schema:
    """Return a schema that says nothing of what was never seen but null: it may hold anything once it is known.

    >>> unsaid({"properties": {"note": {"type": "null"}}})
    {'properties': {'note': {}}}
    """
    if schema.get("type") == "null":
        return {}
    said: Schema = dict(schema)
    if "properties" in said:
        said["properties"] = {name: unsaid(part) for name, part in said["properties"].items()}
    for word in ("items", "additionalProperties"):
        if word in said:
            said[word] = unsaid(said[word])
    return said


def undescribed(schema: Mapping[str, Any], value: object, path: str = "$") -> Iterator[str]:
    """Yield what stands in a value and is no part of its schema, which leaves room for what is added later."""
    if isinstance(value, dict) and ("properties" in schema or "additionalProperties" in schema):
        for key, found in value.items():
            known = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if known is None:
                yield f"{path}.{key}"
            else:
                yield from undescribed(known, found, f"{path}.{key}")
    elif isinstance(value, list) and "items" in schema:
        for found in value:
            yield from undescribed(schema["items"], found, f"{path}[]")
    elif isinstance(value, dict | list) and value and "type" in schema:
        yield f"{path} (nothing is said of what it holds)"


def kinds_of(schema: Mapping[str, Any]) -> list[str]:
    """Return the types that a schema allows, by name."""
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)
