"""Doing something to many, a portion a transaction: the engine and other people write between two of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

PORTION: Final = 500
"""So many at most are changed in one transaction."""


def portions(ids: Sequence[int], size: int = PORTION) -> Iterator[Sequence[int]]:
    """Cut ids into portions of about the same size: none is alone at the end, since a single one that is refused is an error.

    >>> [list(some) for some in portions(range(7), 3)]
    [[0, 1], [2, 3], [4, 5, 6]]
    """
    count = -(-len(ids) // size)
    for number in range(count):
        yield ids[len(ids) * number // count : len(ids) * (number + 1) // count]
