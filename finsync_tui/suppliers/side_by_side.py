"""Two records of suppliers beside one another. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Pairing(NamedTuple):
    """One field of both."""

    name: str
    one: object
    other: object
    differs: bool


def pairings(one: Sequence[tuple[str, object]], other: Sequence[tuple[str, object]]) -> list[Pairing]:
    """Return the fields of the first, each with its value in both.

    >>> pairings([("name", "Hull Ltd"), ("town", "Hull")], [("town", "Hull"), ("name", "Hull")])[0].differs
    True
    """
    theirs = dict(other)
    return [Pairing(name, value, theirs.get(name), differs=value != theirs.get(name)) for name, value in one]
