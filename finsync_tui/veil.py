"""Names, logins and e-mail of people, hidden where a document is shown or handed out. Pure.

A document is known by its fields' names, ours and those of the systems: what names or reaches a person is hidden whole, numbers that
stand for one stay. An e-mail address is hidden wherever it stands. A name in the middle of a sentence can't be told from other words.

>>> of_text('{"requester":{"id":7,"login":"ana","name":"Ana F."},"total":"1.00"}')
'{"requester":{"id":7,"login":"••••","name":"••••"},"total":"1.00"}'
>>> of_words("asked by ana@example.com yesterday")
'asked by •••• yesterday'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

HIDDEN: Final = "••••"
_MAIL: Final = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
_PERSONAL: Final = re.compile(
    r"e?mails?(?:_?address)?|login(?:_?id)?|user_?name|first_?names?|last_?names?|full_?name|given_?name|family_?name|middle_?name"
    r"|preferred_?name|owner_?name|employee_?name|person_?name|worker_?name|preparer|requester|requested_?by"
    r"|buyer|approver|approved_?by|approval_?chain|received_?by|decided_?by|changed_?by|created_?by|(?:last_?)?updated_?by|held_?by"
    r"|submitted_?by|phone(?:number)?|mobile"
)
_ENDS: Final = re.compile(
    rf"(?:^|_)(?:{_PERSONAL.pattern})$|(?:email|login|loginid|username|firstname|lastname)$"
)
_PERSON: Final = re.compile(
    r"(?:^|_)(?:requester|requested_?by|buyer|approver|approvals?|employee|worker|person|owner|preparer|user|created_?by"
    r"|updated_?by|received_?by|manager|supervisor)$"
)
"""An object of such a name is a person: its `name` is theirs."""
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ELEMENT: Final = re.compile(r"<([\w.-]+)>([^<>]+)</\1>")
_OF_PEOPLE: Final = frozenset(("employee", "directory_user"))
_NAMES: Final = frozenset(("name", "formatted", "descriptor", "displayname", "display_name", "display-name"))


def of_value(value: Any, entity: str = "") -> Any:
    """Return a JSON value without what names or reaches people. `entity`: what it is a document of."""
    return _veiled(value, "", entity in _OF_PEOPLE)


def of_text(text: str, entity: str = "") -> str:
    """Return a JSON or XML text so; other text without e-mail addresses. A text that has nothing to hide stays to the character."""
    if text[:1] not in ("{", "["):
        return _of_elements(text) if text[:1] == "<" else of_words(text)
    try:
        read = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return of_words(text)
    shown = of_value(read, entity)
    return text if shown == read else msgspec.json.encode(shown).decode()


def of_words(text: str) -> str:
    """Return a sentence without e-mail addresses."""
    return _MAIL.sub(HIDDEN, text) if "@" in text else text


def of_row(row: Mapping[str, Any], entity: str = "") -> dict[str, Any]:
    """Return a row of the store so: its texts, and the documents in them."""
    return {
        name: (HIDDEN if is_personal(name) and cell else of_text(cell, entity))
        if isinstance(cell, str)
        else of_value(cell, entity)
        for name, cell in row.items()
    }


def replaced(
    value: Any, entity: str, is_wanted: Callable[[str], bool], change: Callable[[str, str], str]
) -> Any:
    """Return a JSON value with each text of a wanted field as `change(field, text)` says; e-mail addresses are wanted wherever people are."""
    return _replaced(value, "", entity in _OF_PEOPLE, is_wanted, change)


def _replaced(
    value: Any,
    name: str,
    is_of_person: bool,
    is_wanted: Callable[[str], bool],
    change: Callable[[str, str], str],
) -> Any:
    if isinstance(value, dict):
        below = is_of_person or _is_person(name)
        return {key: _replaced(one, str(key), below, is_wanted, change) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, name, is_of_person, is_wanted, change) for one in value]
    if not isinstance(value, str) or not value:
        return value
    of_people = is_wanted is is_personal
    if is_wanted(name) or (of_people and is_of_person and name.casefold() in _NAMES):
        return change(name, value)
    return _MAIL.sub(lambda found: change("e-mail", found[0]), value) if of_people and "@" in value else value


def restored(text: str, *originals: str | None) -> str:
    """Return an edited JSON text with what was hidden in it as it was: in the first of the originals that has it at its place.

    A ValueError names the place where a hidden value was moved or changed by half.

    >>> restored('{"buyer":"\u2022\u2022\u2022\u2022","total":"2"}', '{"buyer":"Ana","total":"1"}')
    '{"buyer":"Ana","total":"2"}'
    """
    edited = msgspec.json.decode(text)
    known = [msgspec.json.decode(one) for one in originals if one is not None]
    whole = _restored(edited, [(of_value(one), one) for one in known], "")
    return text if whole == edited else msgspec.json.encode(whole).decode()


def _restored(edited: Any, beside: list[tuple[Any, Any]], place: str) -> Any:
    if isinstance(edited, dict):
        return {
            key: _restored(one, [(shown[key], whole[key]) for shown, whole in beside if isinstance(whole, dict) and key in whole], f"{place}.{key}")
            for key, one in edited.items()
        }  # fmt: skip
    if isinstance(edited, list):
        return [
            _restored(one, [(shown[n], whole[n]) for shown, whole in beside if isinstance(whole, list) and n < len(whole)], f"{place}[{n}]")
            for n, one in enumerate(edited)
        ]  # fmt: skip
    if not isinstance(edited, str) or HIDDEN not in edited:
        return edited
    for shown, whole in beside:
        if shown == edited:
            return whole
    raise ValueError(f"{place.lstrip('.')} is hidden: leave it as it was, or write the whole value")


@lru_cache(maxsize=4096)
def is_personal(name: str) -> bool:
    """Say whether a field of this name names or reaches a person.

    >>> [is_personal(name) for name in ("OwnerLoginID", "work-email", "approver_number", "buyer_tax_number", "supplier_name")]
    [True, True, False, False, False]
    """
    return _ENDS.search(_plain(name)) is not None


@lru_cache(maxsize=4096)
def _is_person(name: str) -> bool:
    return _PERSON.search(_plain(name)) is not None


def _plain(name: str) -> str:
    return _CAMEL.sub("_", name).replace("-", "_").replace(" ", "_").replace(".", "_").lower()


def _veiled(value: Any, name: str, is_of_person: bool) -> Any:
    if isinstance(value, dict):
        below = is_of_person or _is_person(name)
        return {key: _veiled(one, str(key), below) for key, one in value.items()}
    if isinstance(value, list):
        if len(value) == 3 and isinstance(value[0], str) and is_personal(value[0]):
            return [
                value[0],
                *(HIDDEN if one else one for one in value[1:]),
            ]  # a field that differs, in two systems
        return [_veiled(one, name, is_of_person) for one in value]
    if not isinstance(value, str) or not value:
        return value
    if is_personal(name) or (is_of_person and name.casefold() in _NAMES):
        return HIDDEN
    # A document within a text, as bodies of calls are.
    return of_text(value) if value[0] in "{[" else of_words(value)


def _of_elements(text: str) -> str:
    hidden = _ELEMENT.sub(
        lambda one: f"<{one[1]}>{HIDDEN}</{one[1]}>" if is_personal(one[1]) else one[0], text
    )
    return of_words(hidden)
