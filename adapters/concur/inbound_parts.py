"""The parts that several of Concur's documents share: amounts, days, codes, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar

import msgspec

from adapters.concur import wire
from store.canonical.money import Money, MoneyError, Rounding

T = TypeVar("T")

EXPONENT_MAX = 30
"""A number beyond 30 digits before or after the point is no amount; writing it out could fill the memory."""
_CODE = re.compile(r"^[a-z]+?((?:OrgUnit|Custom)\d{1,2})Code$")


class Unfit(Exception):
    """A document does not fit its contract."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def part(raw: bytes | msgspec.Raw, shape: type[T], path: str) -> T:
    """Read a part of a document; what is wrong in it is named by its place in the whole."""
    if not wire.is_there(raw):
        raise Unfit(path, "this part of the document is missing")
    try:
        return msgspec.json.decode(raw, type=shape)
    except RecursionError:
        raise Unfit(path, "it is nested more deeply than any document of ours") from None
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `")
        raise Unfit(path + place.rstrip("`").removeprefix("$"), plain_words(text)) from None


def needed(value: str | None, path: str) -> str:
    """Return a text that may not be missing."""
    if not value:
        raise Unfit(path, "this is missing")
    return value


def number(value: Decimal | None, path: str) -> Decimal:
    """Return a number of sensible size; a missing one is refused."""
    if value is None:
        raise Unfit(path, "this amount is missing")
    if not value.is_finite() or not -EXPONENT_MAX <= value.adjusted() <= EXPONENT_MAX:
        raise Unfit(path, "this is not a number that can be held exactly")
    return value


def number_or_none(value: Decimal | None, path: str) -> Decimal | None:
    return None if value is None else number(value, path)


def money(amount: Decimal | None, currency: str, path: str, rounding: Rounding = "exact") -> Money | None:
    """Return an amount as money, or say why it is none."""
    if amount is None:
        return None
    number(amount, path)
    try:
        return Money.of(amount, currency, rounding)
    except MoneyError as error:
        raise Unfit(path, f"totals: {error}") from None
    except ValueError:
        raise Unfit(path, f"{currency!r} is not a currency code") from None


def day(text: str | None, path: str) -> date | None:
    """Return the day as the document writes it: a day comes as the midnight of some zone."""
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Unfit(path, f"{text[:40]!r} is not a date") from None


def moment(text: str | None) -> datetime | None:
    """Return an instant; without a zone it counts as UTC, and what is no time counts as none."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def country(code: str | None) -> str | None:
    """Return a country code; anything but two letters says nothing."""
    return code.upper() if code and len(code) == 2 and code.isascii() and code.isalpha() else None


def codes(raw: bytes | msgspec.Raw) -> dict[str, str]:
    """Return the codes of the configurable fields of a part: custom1, orgUnit4 ...

    The code of a list value; of any other field the value itself, which Concur writes into the code as well.

    >>> codes(b'{"entryCustom2Code": "CC-210", "entryCustom2Value": "Sales", "entryOrgUnit1Code": null}')
    {'custom2': 'CC-210'}
    """
    found: dict[str, str] = {}
    for name, value in msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).items():
        match = _CODE.match(name)
        if match is None or bytes(value) == b"null":
            continue
        is_text = bytes(value)[:1] == b'"'
        text = msgspec.json.decode(value, type=str) if is_text else bytes(value).decode()
        if text:
            field = match[1]
            found[field[0].lower() + field[1:]] = text
    return dict(sorted(found.items()))


def is_yes(flag: str | bool | None) -> bool:
    """Read Y/N and true/false: both are written."""
    return flag is True or flag in ("Y", "y", "true")


def joined(words: Iterable[str | None], between: str = " ") -> str | None:
    return between.join(word for word in words if word) or None


_KINDS = {
    "str": "text",
    "int": "a whole number",
    "decimal": "a number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "nothing",
}
_MISSING = re.compile(r"Object missing required field `(.+)`")
_EXPECTED = re.compile(r"Expected `(.+)`, got `(.+)`")


def plain_words(text: str) -> str:
    """Put the decoder's complaint into words.

    >>> plain_words("Expected `decimal | null`, got `array`")
    'expected a number or nothing, but it is a list'
    """
    missing = _MISSING.fullmatch(text)
    if missing:
        return f"the field '{missing[1]}' is missing"
    kinds = _EXPECTED.fullmatch(text)
    if kinds:
        expected = " or ".join(_KINDS.get(kind, kind) for kind in kinds[1].split(" | "))
        return f"expected {expected}, but it is {_KINDS.get(kinds[2], kinds[2])}"
    return "this is not a number" if "decimal" in text else text
