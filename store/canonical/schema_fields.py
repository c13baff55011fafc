"""The parts of a JSON Schema by their paths: `$.lines[].amount`.

>>> [path for path, _ in fields({"properties": {"lines": {"items": {"properties": {"number": {}}}}}})]
['$', '$.lines', '$.lines[]', '$.lines[].number']
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any


def fields(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every part of a schema with its path, references followed; what contains itself is followed once."""
    yield from _fields(schema, "$", schema, ())


def _fields(
    part: Mapping[str, Any], path: str, root: Mapping[str, Any], above: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    reference = part.get("$ref")
    if reference is not None:
        if reference in above:
            return
        above = (*above, reference)
        part = {**root["$defs"][reference.rpartition("/")[2]], **part}
    yield path, part
    for name, below in part.get("properties", {}).items():
        yield from _fields(below, f"{path}.{name}", root, above)
    for word, step in (("items", "[]"), ("additionalProperties", ".*")):
        below = part.get(word)
        if isinstance(below, Mapping):
            yield from _fields(below, f"{path}{step}", root, above)
    for below in part.get("anyOf", ()):
        yield from islice(_fields(below, path, root, above), 1, None)
