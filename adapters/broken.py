"""One broken row on a page must not cost its neighbours: the page is mended, the row refused with what was sent of it.

A page that is no JSON as a whole (a byte that is not UTF-8, NaN, half of a surrogate pair) is cut into rows by its
brackets and quotes. Where that can be done without doubt, a stand-in takes the broken row's place: what of it can be read
by itself, so that its id still leads the paging and names the exception, and under `MARK` what came and what is wrong with
it. A stand-in is never taken for the document: `translated` refuses every row that holds one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from adapters.answer import UNREADABLE, Answer, first_bad_byte, where
from adapters.base import Adapter, Translated, Untranslatable
from store.canonical.extending import Extend, UnfitExtensionError
from store.canonical.money import Money

MARK: Final = "@unreadable"
_MARK_BYTES: Final = b'"@unreadable"'
KEPT_BYTES_MAX: Final = 1024 * 1024
"""So much of a broken row is kept; a row beyond it is kept from its beginning."""
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|[\[\]{},:]', re.DOTALL)
_NAME: Final = re.compile(rb'\s*("[^"\\]*+(?:\\.[^"\\]*+)*+")\s*:\s*', re.DOTALL)
_CLOSES: Final = {ord("["): ord("]"), ord("{"): ord("}")}
_QUOTE, _COMMA = ord('"'), ord(",")


@dataclass(frozen=True, slots=True)
class Broken:
    """What a stand-in says of the row whose place it has."""

    path: str
    reason: str
    row: bytes | None
    """What was sent, from its beginning; None: it may hold what is never stored."""


def mended(answer: Answer) -> Answer:
    """Return the page with stand-ins for its broken rows; as it is, when it is sound or can't be cut into rows."""
    if _complaint(answer.content) is None:
        return answer
    content = _with_stand_ins(answer.content.strip(), is_private=answer.is_private)
    if content is None or _complaint(content) is not None:
        return answer
    return replace(answer, content=content)


def in_row(row: bytes) -> Broken | None:
    """Return what is said of a broken row that this one stands for, or that something in it stands for."""
    if _MARK_BYTES not in row:
        return None
    waiting: list[Any] = [msgspec.json.decode(row)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get(MARK), dict):
                return _read(value[MARK])
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return None


def stand_in(row: bytes, broken: Broken) -> bytes:
    """Return what takes the place of a row: what of it can be read, and what is said of it."""
    said = {
        "path": broken.path,
        "reason": broken.reason,
        "row": None if broken.row is None else base64.b64encode(broken.row).decode(),
    }
    sound = {name: msgspec.Raw(value) for name, value in _members(row) if _complaint(value) is None}
    return msgspec.json.encode({**sound, MARK: said})


def translated(
    adapter: Adapter, entity: str, rows: Sequence[bytes], extend: Extend | None = None
) -> list[Translated | Untranslatable]:
    """Translate rows, and refuse those that stand for a broken one under the name they still have.

    `extend` adds what regional extensions say of a row; a row that lacks what they need is refused like any that does not
    fit its contract.
    """
    found = [
        one if broken is None else _refused(one, broken)
        for one, broken in zip(adapter.translate(entity, rows), map(in_row, rows), strict=True)
    ]
    if extend is None:
        return found
    return [_extended(one, row, extend) for one, row in zip(found, rows, strict=True)]


def _extended(one: Translated | Untranslatable, row: bytes, extend: Extend) -> Translated | Untranslatable:
    if isinstance(one, Untranslatable):
        return one
    try:
        record = extend(one.record, row)
    except UnfitExtensionError as error:
        total = getattr(one.record, "total", None)
        amount = total if isinstance(total, Money) else None
        return Untranslatable(one.external_id, one.record.number, error.path, error.reason, amount)
    return one if record is one.record else msgspec.structs.replace(one, record=record)


def _refused(one: Translated | Untranslatable, broken: Broken) -> Untranslatable:
    if isinstance(one, Untranslatable):
        number, amount = one.number, one.amount
    else:
        number = getattr(one.record, "number", None)
        total = getattr(one.record, "total", None)
        amount = total if isinstance(total, Money) else None
    return Untranslatable(one.external_id, number, broken.path, broken.reason, amount, broken.row)


def _read(said: dict[str, Any]) -> Broken:
    row = said.get("row")
    try:
        sent = base64.b64decode(row, validate=True) if isinstance(row, str) else None
    except ValueError:  # some system has a field of this name
        sent = None
    return Broken(str(said.get("path", "$")), str(said.get("reason", "it can't be read")), sent)


def _with_stand_ins(page: bytes, *, is_private: bool) -> bytes | None:
    """Return a page, an array or an envelope with arrays in it, with stand-ins; None: it can't be cut into rows."""
    if page[:1] == b"[":
        rows = _parts(page)
        if rows is None:
            return None
        return b"[%s]" % b",".join(_sound(row, is_private=is_private) for row in rows)
    members = _parts(page)
    if members is None or page[:1] != b"{":
        return None
    whole = []
    for member in members:
        name = _NAME.match(member)
        value = member[name.end() :] if name else b""
        if name is not None and value[:1] == b"[" and _complaint(value) is not None:
            inner = _with_stand_ins(value, is_private=is_private)
            if inner is None:
                return None
            member = member[: name.end()] + inner
        whole.append(member)
    return b"{%s}" % b",".join(whole)


def _sound(row: bytes, *, is_private: bool) -> bytes:
    """Return a row as it is when it can be read, else its stand-in."""
    reason = _complaint(row)
    if reason is None:
        return row
    bad = next((name for name, value in _members(row) if _complaint(value) is not None), None)
    kept = None if is_private else row[:KEPT_BYTES_MAX]
    return stand_in(row, Broken("$" if bad is None else f"$.{bad}", reason, kept))


def _members(row: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the members of an object whose names can be read, whatever their values are."""
    if row[:1] != b"{":
        return
    for member in _parts(row) or ():
        name = _NAME.match(member)
        if name is not None and _complaint(name[1]) is None:
            yield msgspec.json.decode(name[1], type=str), member[name.end() :].strip()


def _parts(text: bytes) -> list[bytes] | None:
    """Cut an array or object into its elements or members; None: where they end is in doubt.

    Doubt is a bracket too many or too few, an element that is empty, and a text with something glued to it: a quote too
    many turns what is text and what is not around, from there to the end.
    """
    awaited: list[int] = []
    found: list[bytes] = []
    begin = behind = 0
    was_text = False
    for token in _TOKEN.finditer(text):
        start, sign = token.start(), text[token.start()]
        is_text = sign == _QUOTE
        between = text[behind:start].strip()
        is_glued = (is_text and (was_text or between)) or (was_text and (between or sign in _CLOSES))
        if is_glued or (is_text and not token[1]):
            return None
        was_text, behind = is_text, token.end()
        if sign in _CLOSES:
            awaited.append(_CLOSES[sign])
            if len(awaited) == 1:
                begin = behind
        elif sign in _CLOSES.values() and (not awaited or awaited.pop() != sign):
            return None
        is_end = not awaited  # of the whole; a comma at the first depth ends a part of it
        if not is_end and (sign != _COMMA or len(awaited) > 1):
            continue
        found.append(text[begin:start].strip())
        begin = behind
        if is_end:
            break
    if awaited or not found or text[behind:].strip():
        return None
    if found == [b""]:
        return []
    return None if b"" in found else found


def _complaint(text: bytes) -> str | None:
    """Say what is wrong with a document; None: it is JSON."""
    bad = first_bad_byte(text)
    if bad is not None:
        return f"it is not UTF-8 at byte {bad}"
    try:
        _raw.decode(text)
    except UNREADABLE as error:
        said = where(error, text)
        # The decoder waits for the other half of a pair of surrogates; a row that was cut out has its end.
        return (
            "it holds half of a surrogate pair, which is no character"
            if "ends in the middle" in said
            else said
        )
    return None


_raw: Final = msgspec.json.Decoder(msgspec.Raw)
