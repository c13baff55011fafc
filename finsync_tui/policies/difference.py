"""What two versions of a policy say otherwise, part by part."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One part that differs; None: that version does not say it."""

    place: str
    """`rules.large.when`"""
    before: str | None
    after: str | None


def differences(before: str, after: str) -> tuple[Difference, ...]:
    """Return what differs between two recorded bodies; an empty one says nothing.

    >>> differences('{"rules":{"a":{"then":"ask"}}}', '{"rules":{"a":{"then":"stop"}}}')
    (Difference(place='rules.a.then', before='ask', after='stop'),)
    """
    one, other = dict(_leaves(before)), dict(_leaves(after))
    return tuple(
        Difference(place, one.get(place), other.get(place))
        for place in sorted({*one, *other})
        if one.get(place) != other.get(place)
    )


def _leaves(body: str) -> Iterator[tuple[str, str]]:
    yield from _of(json.loads(body) if body else {}, "")


def _of(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _of(part, f"{place}.{name}" if place else name)
    else:
        yield place, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
