"""A directory's documents to canonical records. Pure: no clock, no network, no store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Final, TypeVar

import msgspec
from pydantic import ValidationError

from adapters.answer import UNREADABLE, where
from adapters.base import Translated, Untranslatable
from adapters.scim import wire
from store.canonical.directory import DirectoryGroup, DirectoryUser
from store.canonical.record import CanonicalRecord

_OFF: Final = frozenset(("false", "0", "no"))
"""How servers that send `active` as text say that an account can't sign in."""
_GROUPS: Final = "/Groups/"


D = TypeVar("D", wire.User, wire.Group)


class Unfit(Exception):
    """A document that lacks what its record needs."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.path = path


def translate_users(rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
    """Turn accounts into canonical records, in order. A bad row is a value, never an exception."""
    return [_translated(row, _USERS, _user) for row in rows]


def translate_groups(rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
    """Turn groups into canonical records, in order."""
    return [_translated(row, _GROUP_ROWS, _group) for row in rows]


def _translated(
    row: bytes, decoder: msgspec.json.Decoder[D], made: Callable[[D], CanonicalRecord]
) -> Translated | Untranslatable:
    try:
        document = decoder.decode(row)
    except UNREADABLE as error:
        return Untranslatable(None, None, "$", where(error, row))
    try:
        record = made(document)
    except Unfit as error:
        return Untranslatable(document.id, None, error.path, str(error))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return Untranslatable(document.id, None, "$", first["msg"])
    changed = document.meta.last_modified if document.meta else None
    return Translated(document.id, record, None, changed.astimezone(UTC) if changed else None)


def _user(document: wire.User) -> DirectoryUser:
    login = document.user_name
    if not login:
        raise Unfit("$.userName", "the account has no login")
    name, extra = document.name, document.enterprise or wire.Enterprise()
    parts = (name.given_name, name.family_name) if name else ()
    shown = document.display_name or (name.formatted if name else None) or " ".join(filter(None, parts))
    manager = extra.manager.value if isinstance(extra.manager, wire.Manager) else extra.manager
    return DirectoryUser(
        number=document.id,
        login=login,
        name=shown or login,
        email=_email(document.emails or []),
        employee_number=extra.employee_number or None,
        is_active=_is_on(document.active),
        kind=document.user_type or None,
        title=document.title or None,
        department=extra.department or None,
        cost_centre=extra.cost_center or None,
        manager_id=manager or None,
        roles=_values(document.roles),
        entitlements=_values(document.entitlements),
    )


def _group(document: wire.Group) -> DirectoryGroup:
    if not document.display_name:
        raise Unfit("$.displayName", "the group has no name")
    members = {(_kind(member), member.value) for member in document.members or [] if member.value is not None}
    return DirectoryGroup.model_validate(
        {
            "number": document.display_name,
            "members": tuple({"kind": kind, "id": id} for kind, id in sorted(members)),
        }
    )


def _kind(member: wire.Member) -> str:
    """Return what a member is. A server that does not say so shows it in the link, or has no groups in groups."""
    if member.type:
        return "group" if member.type.casefold() == "group" else "user"
    return "group" if _GROUPS in (member.ref or "") else "user"


def _is_on(active: bool | str | None) -> bool:
    """Say whether an account can sign in; one of which nothing is said can."""
    return active.strip().casefold() not in _OFF if isinstance(active, str) else active is not False


def _email(emails: Sequence[wire.Valued]) -> str | None:
    """Return the primary address, else the one for work, else the first."""
    held = [one for one in emails if one.value]
    first = next((one for one in held if one.primary not in (None, False) and _is_on(one.primary)), None)
    at_work = next((one for one in held if (one.type or "").casefold() == "work"), None)
    found = first or at_work or (held[0] if held else None)
    return found.value if found else None


def _values(given: Sequence[wire.Valued | str] | None) -> tuple[str, ...]:
    """Return the values of an attribute, without repeats, in order."""
    told = {one if isinstance(one, str) else one.value or one.display for one in given or []}
    return tuple(sorted(one for one in told if one))


_USERS: Final = msgspec.json.Decoder(wire.User)
_GROUP_ROWS: Final = msgspec.json.Decoder(wire.Group)
