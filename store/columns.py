"""How Python values stand in columns: instants as text, objects as canonical JSON, lists as `?,?,?`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from store.clock import instant, text

T = TypeVar("T")

VARIABLES_MAX = 5000
"""Values bound to one statement; SQLite allows 32,766 of them."""

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder()


def at(value: datetime | None) -> str | None:
    """Return an instant as the store writes it."""
    return None if value is None else text(value)


def when(value: str | None) -> datetime | None:
    """Return a stored instant."""
    return None if value is None else instant(value)


def encode(value: object) -> bytes:
    """Return canonical JSON: keys sorted, no spaces, UTF-8.

    >>> encode({"b": 1, "a": "ü"}).decode()
    '{"a":"ü","b":1}'
    """
    return _ENCODER.encode(value)


def as_json(value: Mapping[str, Any] | None) -> str | None:
    """Return an object as JSON text."""
    return None if value is None else _ENCODER.encode(value).decode()


def from_json(value: str | bytes) -> Any:
    """Return what JSON text says."""
    return _DECODER.decode(value)


def marks(values: Sequence[object]) -> str:
    """Return one `?` for each value.

    >>> marks([1, 2, 3])
    '?,?,?'
    """
    return ",".join("?" * len(values))


def chunks(values: Sequence[T], size: int = VARIABLES_MAX) -> Iterator[Sequence[T]]:
    """Yield `values` in slices that fit one statement."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
