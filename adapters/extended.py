"""Fields of regional extensions in what a system is sent: `extended` of a request's body holds them in the system's own shape. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.base import WriteRequest


def with_extended(body: dict[str, Any], request: WriteRequest) -> dict[str, Any]:
    """Return a document with the fields of extensions in it; what we say of it ourselves stays.

    >>> merged({"a": 1, "lines": [{"n": 1}]}, {"a": 2, "b": 3, "lines": [{"tax": "S"}]})
    {'a': 1, 'b': 3, 'lines': [{'tax': 'S', 'n': 1}]}
    """
    extended = request.body.get("extended")
    return merged(body, extended) if isinstance(extended, Mapping) else body


def merged(ours: Any, theirs: Any) -> Any:
    """Return both, objects and lists part by part; where both say something it is ours."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return {**theirs, **{name: merged(one, theirs.get(name)) for name, one in ours.items()}}
    if isinstance(ours, list) and isinstance(theirs, list):
        both = [merged(one, other) for one, other in zip(ours, theirs, strict=False)]
        return [*both, *ours[len(both) :], *theirs[len(both) :]]
    return ours
