"""Paths into the contracts, as a profile names them: `lines.distributions.chart`."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

from store.canonical.money import Money

_EACH: Final = "each"
_MONEY: Final = ("amount", "currency")


def leads_somewhere(model: type[BaseModel], path: str, each: str | None) -> bool:
    """Say whether a path names a field, through lists and parts."""
    names = path.split(".")
    if names[0] == _EACH:
        if each is None:
            return False
        names = [*each.split("."), *names[1:]]
    some: list[type[Any]] = [model]
    for name in names:
        fields = [one.model_fields[name].annotation for one in some if _has(one, name)]
        fields += [
            Money for one in some if isinstance(getattr(one, name, None), property)
        ]  # a total that is added up
        if not fields:
            return any(issubclass(one, Money) and name in _MONEY for one in some)
        some = [part for one in fields for part in _classes(one)]
    return True


def _has(one: type[Any], name: str) -> bool:
    return issubclass(one, BaseModel) and name in one.model_fields


def _classes(annotation: Any) -> Iterator[type[Any]]:
    """Yield the classes within an annotation: those of a list's elements, those of each alternative."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, tuple, list) or get_args(annotation):
        for part in get_args(annotation):
            yield from _classes(part)
