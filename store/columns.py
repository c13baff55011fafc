"""How Python values stand in columns: instants as text, objects as canonical JSON, lists as `?,?,?`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

import msgspec

from store.clock import instant, text

T = TypeVar("T")

VARIABLES_MAX = 5000
"""Values bound to one statement; SQLite allows 32,766 of them."""

ROWS_A_STATEMENT = (100, 64, 32, 16, 8, 4, 2, 1)
"""Rows that one statement brings: a fifth to a half cheaper than a statement each, and a thread that writes takes its turn
with Python's other threads once a statement. Few sizes, so that SQLite has prepared most of them before."""

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder()


def at(value: datetime | None) -> str | None:
    """Return an instant as the store writes it."""
    return None if value is None else text(value)


def when(value: str | None) -> datetime | None:
    """Return a stored instant."""
    return None if value is None else instant(value)


def fields(row: sqlite3.Row, *, instants: Sequence[str] = (), objects: Sequence[str] = ()) -> dict[str, Any]:
    """Return a row by column names, with instants and JSON objects read."""
    found = dict(row)
    for name in instants:
        found[name] = when(found[name])
    for name in objects:
        if found[name] is not None:
            found[name] = _DECODER.decode(found[name])
    return found


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


def batches(rows: Sequence[tuple[object, ...]]) -> Iterator[tuple[int, tuple[object, ...]]]:
    """Yield how many rows one statement brings, and their values in one row, until all are there.

    >>> [(count, len(values)) for count, values in batches([(1, "a")] * 67)]
    [(64, 128), (2, 4), (1, 2)]
    """
    start = 0
    for size in ROWS_A_STATEMENT:
        while len(rows) - start >= size:
            yield size, tuple(chain.from_iterable(rows[start : start + size]))
            start += size


@lru_cache(maxsize=512)  # a text of kilobytes, made from the same parts time and again
def values_of(count: int, columns: int) -> str:
    """Return `(?,?),(?,?)` for so many rows of so many columns."""
    row = f"({','.join('?' * columns)})"
    return ",".join([row] * count)


def insert(
    db: sqlite3.Connection, insert_into: str, rows: Sequence[tuple[object, ...]], on_conflict: str = ""
) -> int:
    """Insert many rows with few statements; return how many went in. `insert_into` is the SQL up to VALUES."""
    return sum(
        db.execute(_insert_of(insert_into, on_conflict, count, len(rows[0])), values).rowcount
        for count, values in batches(rows)
    )


@lru_cache(maxsize=512)
def _insert_of(insert_into: str, on_conflict: str, count: int, columns: int) -> str:
    return f"{insert_into} VALUES {values_of(count, columns)} {on_conflict}"
