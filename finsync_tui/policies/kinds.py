"""The types that rules are checked against: those of the contracts, as an expression sees them.

>>> from store.canonical.purchasing import PurchaseOrder
>>> order = of_model(PurchaseOrder)
>>> str(order.field("total").kind.field("amount").kind), order.field("buyer").may_be_missing
('decimal', True)
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from store.canonical.money import Money


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a document."""

    kind: Kind
    may_be_missing: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value is: `text`, `flag`, `whole`, `decimal`, `day`, `moment`, `list` of something, or `fields`."""

    name: str
    item: Kind | None = None
    fields: Mapping[str, Field] = field(default_factory=dict, hash=False)
    is_of_extensions: bool = False
    """It holds the regional extensions of a record by name: all of them are there, whatever the record says."""

    def field(self, name: str) -> Field | None:
        """Return the field of that name; None when there is none."""
        return self.fields.get(name)

    def __str__(self) -> str:
        return f"list of {self.item}" if self.item is not None else self.name


TEXT = Kind("text")
FLAG = Kind("flag")
WHOLE = Kind("whole")
DECIMAL = Kind("decimal")
DAY = Kind("day")
MOMENT = Kind("moment")
MONEY = Kind("fields", fields={"amount": Field(DECIMAL), "currency": Field(TEXT)})

EXTENSIONS = "extensions"
"""What records call them."""

_PLAIN: Mapping[object, Kind] = {
    str: TEXT,
    bool: FLAG,
    int: WHOLE,
    Decimal: DECIMAL,
    date: DAY,
    datetime: MOMENT,
    Money: MONEY,
}


def leaves(name: str, kind: Kind) -> Iterator[tuple[str, Field]]:
    """Yield everything that can be named below `name`, itself first; what each of a list has is named `lines[].amount`.

    >>> [one for one, _ in leaves("order.total", MONEY)]
    ['order.total', 'order.total.amount', 'order.total.currency']
    """
    yield name, Field(kind)
    below, step = (kind.item, f"{name}[]") if kind.item is not None else (kind, name)
    for part, one in below.fields.items():
        (_, first), *rest = leaves(f"{step}.{part}", one.kind)
        yield f"{step}.{part}", Field(first.kind, one.may_be_missing)
        yield from rest


def with_extensions(kind: Kind, declared: Mapping[str, Mapping[str, Kind]]) -> Kind:
    """Return the kind of a document with what extensions add, by their names and those of their fields.

    >>> order = with_extensions(Kind("fields"), {"it_invoicing": {"split_payment": FLAG}})
    >>> [one for one, _ in leaves("order", order)][-1]
    'order.extensions.it_invoicing.split_payment'
    """
    groups = {
        name: Field(
            Kind("fields", fields={one: Field(of, may_be_missing=True) for one, of in fields.items()})
        )
        for name, fields in declared.items()
    }
    return Kind(
        "fields",
        fields={**kind.fields, EXTENSIONS: Field(Kind("fields", fields=groups, is_of_extensions=True))},
    )


@cache
def of_model(model: type[BaseModel]) -> Kind:
    """Return what a contract's documents look like to an expression. What has no type of ours is left out."""
    found = {name: _field(one.annotation) for name, one in model.model_fields.items()}
    return Kind("fields", fields={name: one for name, one in found.items() if one is not None})


def _field(annotation: Any) -> Field | None:
    options = [one for one in _options(annotation) if one is not type(None)]
    kinds = {_kind(one) for one in options}
    kind = kinds.pop() if len(kinds) == 1 else None
    return None if kind is None else Field(kind, may_be_missing=len(options) < len(_options(annotation)))


def _options(annotation: Any) -> tuple[Any, ...]:
    is_choice = get_origin(annotation) in (Union, types.UnionType)
    return get_args(annotation) if is_choice else (annotation,)


def _kind(annotation: Any) -> Kind | None:
    plain = _PLAIN.get(annotation)
    if plain is not None:
        return plain
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kind(get_args(annotation)[0])
    if origin is Literal:
        return TEXT if all(isinstance(one, str) for one in get_args(annotation)) else None
    if origin is tuple and len(get_args(annotation)) == 2:
        item = _kind(get_args(annotation)[0])
        return None if item is None else Kind("list", item)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return of_model(annotation)
    return None
