"""Values as an expression sees them. CEL knows no decimal: ours are texts of one width, so that their order is that of numbers.

>>> decimal("9.00") < decimal("10.00"), decimal("-2") < decimal("-1.5") < decimal("0") < decimal("0.01")
(True, True)
>>> shown(plus(decimal("0.10"), decimal("0.20")))
'0.3'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation, localcontext
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import msgspec
from pydantic import BaseModel

from finsync_tui.policies.kinds import MONEY, Kind
from store.canonical.currency import exponent
from store.canonical.money import Money, plain

PLACES: Final = 20
"""Decimals that a quantity or rate of a contract may have."""
_WIDTH: Final = 50
_ZERO: Final = 10 ** (_WIDTH - 1)
_WHOLE_DIGITS: Final = _WIDTH - 2 - PLACES

Paths = Mapping[str, "Paths"]
"""Which fields an expression uses, as a tree; of a list, those of its items."""


class UnfitValueError(ValueError):
    """A value that no expression can be given."""


def of_decimal(value: Decimal) -> str:
    """Return a decimal as an expression has it."""
    with localcontext() as context:
        context.prec = _WIDTH + PLACES
        scaled = value.scaleb(PLACES)
        if scaled != scaled.to_integral_value():
            raise UnfitValueError(f"{plain(value)} has more than {PLACES} decimals")
        if abs(scaled) >= _ZERO:
            raise UnfitValueError(f"{plain(value)[:60]} has more than {_WHOLE_DIGITS} digits")
        return f"{int(scaled) + _ZERO:0{_WIDTH}d}"


def to_decimal(value: str) -> Decimal:
    """Return what an expression's decimal stands for."""
    if len(value) != _WIDTH or not value.isdigit():
        raise UnfitValueError(f"{value[:60]!r} is no decimal; write decimal('10.00')")
    with localcontext() as context:
        context.prec = _WIDTH + PLACES
        return Decimal(int(value) - _ZERO).scaleb(-PLACES).normalize() + 0


def shown(value: str) -> str:
    """Return an expression's decimal for people."""
    return plain(to_decimal(value))


@lru_cache(maxsize=1_024)  # rules write the same few again and again
def decimal(text: str) -> str:
    """Return the decimal that `text` writes."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise UnfitValueError(f"{text[:60]!r} is no decimal number") from None
    if not value.is_finite():
        raise UnfitValueError(f"{text[:60]!r} is no decimal number")
    return of_decimal(value)


def day(text: str) -> str:
    """Return the day that `text` writes, as 2026-05-31."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UnfitValueError(f"{text[:60]!r} is no day; write date('2026-05-31')") from None


def plus(one: str, other: str) -> str:
    """Return a sum, exactly."""
    return of_decimal(_exactly(to_decimal(one), to_decimal(other), Decimal.__add__))


def minus(one: str, other: str) -> str:
    """Return a difference, exactly."""
    return of_decimal(_exactly(to_decimal(one), to_decimal(other), Decimal.__sub__))


def times(one: str, other: str) -> str:
    """Return a product, exactly; one of more decimals than a value may have is refused."""
    return of_decimal(_exactly(to_decimal(one), to_decimal(other), Decimal.__mul__))


def total(values: Sequence[str]) -> str:
    """Return the sum of a list."""
    with localcontext() as context:
        context.prec = 2 * _WIDTH
        return of_decimal(sum((to_decimal(one) for one in values), Decimal()))


def size_of(value: str) -> str:
    """Return a decimal without its sign."""
    return of_decimal(abs(to_decimal(value)))


def days_between(first: str, last: str) -> int:
    """Return how many days `last` is after `first`; less than 0 when it is before."""
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def facts(value: object, kind: Kind, used: Paths) -> Any:
    """Return of `value` what an expression uses. What is missing is left out, so that `has` says so."""
    if kind is MONEY:
        assert isinstance(value, Money)
        whole = {"amount": value.amount, "currency": value.currency}
        return {name: _scalar(whole[name]) for name in used}
    if kind.name == "list":
        assert isinstance(value, Sequence)
        assert kind.item is not None
        return [facts(one, kind.item, used) for one in value]
    if kind.is_of_extensions:
        assert isinstance(value, Mapping)
        kept = {name: one.fields for name, one in value.items()}
        return _of_extensions(kind, used, kept, facts)
    if kind.name == "fields":
        assert isinstance(value, BaseModel)
        found = {}
        for name, below in used.items():
            part = getattr(value, name)
            field = kind.field(name)
            if part is not None and field is not None:
                found[name] = facts(part, field.kind, below)
        return found
    return _READERS["decimal"](value) if kind.name == "decimal" and isinstance(value, str) else _scalar(value)


def _of_extensions(
    kind: Kind, used: Paths, kept: Mapping[str, Mapping[str, Any]], read: Callable[[Any, Kind, Paths], Any]
) -> dict[str, dict[str, Any]]:
    """Return of each extension that an expression names what of it is there: `has` asks for the field alone."""
    found: dict[str, dict[str, Any]] = {}
    for name, below in used.items():
        group, values = kind.field(name), kept.get(name, {})
        assert group is not None, "the check lets no other name through"
        found[name] = {
            one: read(values[one], of.kind, rest)
            for one, rest in below.items()
            if one in values and (of := group.kind.field(one)) is not None
        }
    return found


def reader(kind: Kind, used: Paths) -> Callable[[Any], Any]:
    """Return what makes facts of a contract's stored JSON, as `facts` does of its documents. A KeyError: it lacks a field."""
    if kind is MONEY:
        parts: dict[str, Callable[[Any], Any]] = {"amount": _amount_of, "currency": itemgetter("currency")}
        return _group([(name, parts[name]) for name in used])
    if kind.name == "list":
        assert kind.item is not None
        item = reader(kind.item, used)
        return lambda value: [item(one) for one in value]
    if kind.is_of_extensions:
        return lambda value: _of_extensions(
            kind,
            used,
            {name: one["fields"] for name, one in value.items()},
            lambda one, of, below: reader(of, below)(one),
        )
    if kind.name == "fields":
        return _group([(name, _part(name, kind, below)) for name, below in used.items()])
    return _READERS.get(kind.name, _as_it_is)


def shape(kind: Kind, used: Paths) -> Any:
    """Return as what msgspec decodes stored JSON when nothing else counts than what an expression uses of it.

    What is decoded so can be looked up, and is the same for two documents only where `reader` makes the same facts of both. A
    document that it does not fit (one of an older contract) is no error of the document: it is read otherwise.
    """
    if kind is MONEY:
        return _struct({"amount_minor": (int,), "currency": (str,)})
    if kind.name == "list":
        assert kind.item is not None
        return tuple[shape(kind.item, used), ...]  # type: ignore[misc]  # it is made from data
    if kind.is_of_extensions:
        return _struct({name: (_extension(kind, name, below), msgspec.UNSET) for name, below in used.items()})
    if kind.name == "fields":
        return _struct({name: _field(kind, name, below) for name, below in used.items()})
    return _WRITTEN[kind.name]


def _field(kind: Kind, name: str, below: Paths) -> tuple[Any, ...]:
    field = kind.field(name)
    assert field is not None, "the check lets no other field through"
    found = shape(field.kind, below) | None
    return (found, None) if field.kind.is_of_extensions else (found,)


def _extension(kind: Kind, name: str, below: Paths) -> Any:
    group = kind.field(name)
    assert group is not None, "the check lets no other name through"
    parts = {
        one: (shape(field.kind, rest) | msgspec.UnsetType, msgspec.UNSET)
        for one, rest in below.items()
        if (field := group.kind.field(one)) is not None
    }
    return _struct({"fields": (_struct(parts),)}) | msgspec.UnsetType


def _struct(parts: Mapping[str, tuple[Any, ...]]) -> Any:
    """Return a struct of these fields, each with its type and perhaps a default; any word can be the name of one."""
    fields = [(f"part_{number}", *part) for number, part in enumerate(parts.values())]
    rename = {f"part_{number}": name for number, name in enumerate(parts)}
    return msgspec.defstruct("Facts", fields, rename=rename, frozen=True, kw_only=True)


def _group(parts: list[tuple[str, Callable[[Any], Any]]]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        found = {}
        for name, part in parts:
            one = part(value)
            if one is not None:
                found[name] = one
        return found

    return read


def _part(name: str, kind: Kind, below: Paths) -> Callable[[Any], Any]:
    field = kind.field(name)
    assert field is not None, "the check lets no other field through"
    read = reader(field.kind, below)
    if field.kind.is_of_extensions:  # a record without any does not write them
        return lambda value: read(value.get(name) or {})

    def part(value: Any) -> Any:
        one = value[name]
        return None if one is None else read(one)

    return part


def _as_it_is(value: Any) -> Any:
    return value


def _amount_of(value: Any) -> str:
    """Return an amount of money as an expression has it: the minor units, shifted."""
    minor: int = value["amount_minor"]
    return f"{minor * 10 ** (PLACES - exponent(value['currency'])) + _ZERO:0{_WIDTH}d}"


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "decimal": lambda value: of_decimal(Decimal(value)),
    "moment": lambda value: datetime.fromisoformat(value),
}
"""Of what is written otherwise in JSON than an expression has it."""
_WRITTEN: Final[Mapping[str, type]] = {
    "text": str, "flag": bool, "whole": int, "decimal": str, "day": str, "moment": str,
}  # fmt: skip
"""What stands in JSON for each kind that has no parts."""


def _scalar(value: object) -> object:
    if isinstance(value, Decimal):
        return of_decimal(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return value


def _exactly(one: Decimal, other: Decimal, operation: Any) -> Decimal:
    with localcontext() as context:
        context.prec = 2 * _WIDTH
        result: Decimal = operation(one, other)
        return result
