"""Reading a row of an answer where we need what is in it ourselves: one that can't be read is the system's error."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from adapters.answer import UNREADABLE, where
from adapters.errors import ProtocolError

T = TypeVar("T")


def decoded(system: str, row: bytes, shape: type[T], what: str) -> T:
    """Return the row in its shape; what is wrong with it is said without repeating any of it."""
    found = decoded_or_none(row, shape)
    if found is None:
        raise ProtocolError(
            system,
            f"{what} could not be read: {_reason(row, shape)}. Nothing of it was taken over; show this to the "
            "system's support",
        )
    return found


def decoded_or_none(row: bytes, shape: type[T]) -> T | None:
    """Return the row in its shape; None: it has another one."""
    try:
        return msgspec.json.decode(row, type=shape)
    except UNREADABLE:
        return None


def _reason(row: bytes, shape: type[T]) -> str:
    try:
        msgspec.json.decode(row, type=shape)
    except UNREADABLE as error:
        return where(error, row)
    return "it changed while it was read"
