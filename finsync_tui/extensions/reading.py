"""From a payload to the values of an extension, and from these to what targets are sent. Pure.

A field that a document of its source has to have and does not, or that is of another kind, refuses the document. What is read back
from a target may lack it: then both sides differ, and reconciliation says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, Final

import msgspec

from finsync_tui.extensions.model import ExtensionField, ExtensionSetup
from finsync_tui.extensions.paths import put_at, value_at
from store.canonical.extending import Extend, UnfitExtensionError
from store.canonical.money import Money, MoneyError, plain
from store.canonical.record import CanonicalRecord, Extension

Value = bool | str | Money

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_FLAGS: Final[Mapping[str, bool]] = {
    "true": True,
    "yes": True,
    "y": True,
    "false": False,
    "no": False,
    "n": False,
}
_TEXT_MAX: Final = 4_000
_DIGITS_MAX: Final = 60


def extend(declared: Iterable[ExtensionSetup], system: str, entity: str) -> Extend | None:
    """Return what adds the values of these extensions to what is read of an entity of a system; None: none is for it."""
    asked = [
        (one, fields)
        for one in declared
        if one.entity == entity
        and (
            fields := [
                (name, f) for name, f in one.fields.items() if system in f.source or system in f.target
            ]
        )
    ]
    return partial(_extended, asked, system) if asked else None


def _extended(
    asked: Sequence[tuple[ExtensionSetup, Sequence[tuple[str, ExtensionField]]]],
    system: str,
    record: CanonicalRecord,
    row: bytes,
) -> CanonicalRecord:
    payload: Any = None
    found: dict[str, Extension] = {}
    for setup, fields in asked:
        if not _is_for(setup, record, system):
            continue
        payload = payload if payload is not None else _DECODER.decode(row)
        values = {
            name: value
            for name, field in fields
            if (value := _value(setup, name, field, payload, record, system)) is not None
        }
        if values:
            found[setup.name] = Extension(version=setup.version, fields=values)
    return record.model_copy(update={"extensions": found}) if found else record


def _is_for(setup: ExtensionSetup, record: CanonicalRecord, system: str) -> bool:
    """Say whether an extension is for a record. A target's own records are read whole: what they say elsewhere is theirs."""
    if not any(system in field.source for field in setup.fields.values()):
        return True
    return all(
        any(str(value) in words for value in _said(record, path)) for path, words in setup.where.items()
    )


def _said(record: Any, path: str) -> list[Any]:
    """Return all that a record says at a path, through lists."""
    found = [record]
    for name in path.split("."):
        below: list[Any] = []
        for one in found:
            part = getattr(one, name, None)
            below += part if isinstance(part, list | tuple) else [part]
        found = [one for one in below if one is not None]
    return found


def _value(
    setup: ExtensionSetup,
    name: str,
    field: ExtensionField,
    payload: Any,
    record: CanonicalRecord,
    system: str,
) -> Value | None:
    is_source = system in field.source
    path = field.source[system] if is_source else field.target[system]
    given = value_at(payload, path)
    if given is None or given == "":
        if field.is_required and is_source:
            raise UnfitExtensionError(
                f"$.{path}", f"{setup.name} {setup.version} needs {name}, and it is missing"
            )
        return None
    try:
        return _KINDS[field.kind](given, field, record)
    except ValueError as error:
        raise UnfitExtensionError(f"$.{path}", f"{setup.name} {setup.version}: {name} {error}") from None


def _text(given: Any, field: ExtensionField, record: CanonicalRecord) -> str:
    value = _word(given)
    if field.pattern is not None and not re.fullmatch(field.pattern, value):
        raise ValueError(f"does not look like {field.pattern}: {value[:60]!r}")
    return value


def _code(given: Any, field: ExtensionField, record: CanonicalRecord) -> str:
    value = _word(given)
    if value not in field.codes:
        raise ValueError(f"is none of {', '.join(field.codes)}: {value[:60]!r}")
    return value


def _word(given: Any) -> str:
    if isinstance(given, dict):  # a look-up's value stands in its own object
        given = given.get("name") or given.get("code") or given.get("value")
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise ValueError("is no text")
    value = str(given).strip()
    if len(value) > _TEXT_MAX:
        raise ValueError(f"has more than {_TEXT_MAX:,} characters")
    return value


def _decimal(given: Any, field: ExtensionField, record: CanonicalRecord) -> str:
    return plain(_number(given))


def _number(given: Any) -> Decimal:
    if isinstance(given, bool) or not isinstance(given, str | int | Decimal):
        raise ValueError("is no number")
    try:
        value = Decimal(str(given).strip())
    except InvalidOperation:
        raise ValueError(f"is no number: {str(given)[:60]!r}") from None
    if (
        not value.is_finite()
        or abs(value.adjusted()) > _DIGITS_MAX
        or len(value.as_tuple().digits) > _DIGITS_MAX
    ):
        raise ValueError("is no number that can be held")
    return value


def _money(given: Any, field: ExtensionField, record: CanonicalRecord) -> Money:
    currency = field.currency or getattr(record, "currency", None)
    if not currency:
        raise ValueError("is money, and neither the extension nor the document says in which currency")
    try:
        return Money.of(_number(given), currency)
    except MoneyError as error:
        raise ValueError(f"is no amount: {error}") from None


def _day(given: Any, field: ExtensionField, record: CanonicalRecord) -> str:
    text = given[:10] if isinstance(given, str) and given[10:11] in ("", "T") else ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"is no date: {str(given)[:60]!r}") from None


def _flag(given: Any, field: ExtensionField, record: CanonicalRecord) -> bool:
    if isinstance(given, bool):
        return given
    value = _FLAGS.get(given.strip().lower()) if isinstance(given, str) else None
    if value is None:
        raise ValueError(f"is neither yes nor no: {str(given)[:60]!r}")
    return value


_KINDS: Final[Mapping[str, Callable[[Any, ExtensionField, CanonicalRecord], Value]]] = {
    "text": _text,
    "code": _code,
    "decimal": _decimal,
    "money": _money,
    "date": _day,
    "boolean": _flag,
}


def shown(value: Value) -> str:
    """Return a value for people, and for what compares texts.

    >>> shown(True), shown(Money.of("3", "EUR"))
    ('true', '3.00 EUR')
    """
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def texts(record: CanonicalRecord) -> dict[str, str]:
    """Return all values of a record's extensions as rules of mapping tables ask for them: `extension.it_invoicing.split_payment`."""
    return {
        f"extension.{name}.{field}": f"{value.amount}" if isinstance(value, Money) else shown(value)
        for name, one in record.extensions.items()
        for field, value in one.fields.items()
    }


def written(declared: Iterable[ExtensionSetup], system: str, record: CanonicalRecord) -> dict[str, Any]:
    """Return what a target is sent of a record's extensions, in the shape of its own document."""
    body: dict[str, Any] = {}
    for setup in declared:
        found = record.extensions.get(setup.name) if setup.entity == record.entity else None
        for name, field in setup.fields.items() if found is not None else ():
            if system in field.target and found is not None and name in found.fields:
                value = found.fields[name]
                put_at(body, field.target[system], str(value.amount) if isinstance(value, Money) else value)
    return body
