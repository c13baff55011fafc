"""One way in and out for everything that writes to Coupa: read one, read some, change, create.

Also the words for what Coupa does without saying so: it takes a write with a 200 and leaves out what it does not want.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from adapters.answer import Answer
from adapters.base import WriteRequest
from adapters.coupa import outbound_masters, wire
from adapters.coupa.options import Options
from adapters.errors import Refusal, RejectedError, SettingsError
from adapters.transport import Transport
from store.clock import Clock

W = TypeVar("W", bound=wire.Wire)

_SHOWN_MAX = 200


@dataclass(frozen=True, slots=True)
class Door:
    """One instance, as the writers see it."""

    system: str
    transport: Transport
    options: Options
    clock: Clock

    async def one(self, path: str, shape: type[W]) -> W | None:
        """Read one document; None when there is none (any more)."""
        answer = await self.transport.request(
            "GET", path, params={"fields": fields_of(shape)}, is_write=False, expects=(200, 404)
        )
        return answer.decode(shape) if answer.status == 200 else None

    async def some(self, path: str, shape: type[W], params: Mapping[str, str | int]) -> list[W]:
        """Read the documents that meet a few conditions, by id; one page is enough for natural keys."""
        query = {"order_by": "id", "dir": "asc", "limit": 50, **params, "fields": fields_of(shape)}
        answer = await self.transport.request("GET", path, params=query, is_write=False)
        return answer.decode(list[shape])  # type: ignore[valid-type]

    async def put(self, path: str, body: Any, shape: type[W], **params: str) -> tuple[W, Answer]:
        """Change one document; return what it says afterwards."""
        query = {**params, "fields": fields_of(shape)}
        answer = await self.transport.request(
            "PUT", path, params=query, json=body, is_write=True, expects=(200,)
        )
        return answer.decode(shape), answer

    async def post(self, path: str, body: Any, shape: type[W]) -> tuple[W, Answer]:
        """Create one document; return what it says."""
        answer = await self.transport.request(
            "POST", path, params={"fields": fields_of(shape)}, json=body, is_write=True, expects=(200, 201)
        )
        return answer.decode(shape), answer

    def refused(self, case_class: str, message: str, **details: Any) -> RejectedError:
        return RejectedError(self.system, Refusal(case_class, message, details=details))

    def gone(self, what: str) -> RejectedError:
        return self.refused("REJECTED", f"Coupa has no {what} (any more); nothing was written")

    def ignored(
        self, what: str, asked: Mapping[str, Any], shown: Mapping[str, Any], *, fix: str, status: int = 200
    ) -> RejectedError:
        """Return the refusal for fields that do not show what was sent, although the answer was a yes."""
        told = "; ".join(
            f"{name} shows {'nothing' if value is None else repr(value)} instead of {asked[name]!r}"
            for name, value in shown.items()
        )
        refusal = Refusal(
            "WRITE_BACK_IGNORED",
            f"Coupa took the write to {what} but ignored it: {told[: _SHOWN_MAX * len(shown)]}. {fix}",
            codes=tuple(shown),
            status=status,
            details={"asked": dict(asked), "shown": dict(shown)},
        )
        return RejectedError(self.system, refusal)

    def verify(self, what: str, wanted: Mapping[str, Any], echo: wire.Wire) -> None:
        """Refuse what was answered with a yes and does not show what was sent."""
        shown = outbound_masters.shown(echo)
        different = outbound_masters.changed(wanted, shown)
        if different:
            raise self.ignored(
                what,
                dict(wanted),
                {name: shown.get(name) for name in different},
                fix="The field may be output only, or not allowed to our client; correct it in Coupa, then retry",
            )

    def differs(self, what: str, how: str, **details: Any) -> RejectedError:
        """Return the refusal for a document that has changed in a way nobody asked for."""
        return self.refused(
            "READ_BACK_DIFFERS",
            f"{what} is not what was written: {how}. Nothing was sent again; compare it in Coupa, correct it there, "
            "then retry",
            **details,
        )


@lru_cache(maxsize=64)  # reading the types of a shape takes as long as the rest of a request
def fields_of(shape: type[wire.Wire]) -> str:
    return msgspec.json.encode(wire.asked_fields(shape, 20)).decode()


def document_id(system: str, request: WriteRequest, what: str) -> str:
    """Return the id as a path segment; anything but a number is not one of Coupa's."""
    found = request.external_id
    if found is None or not (found.isascii() and found.isdigit()):
        raise SettingsError(system, f"{found!r} is not the id of {what} in Coupa")
    return found


_ARTICLE = re.compile("^[aeiou]")


def a(word: str) -> str:
    """Return a word with its article.

    >>> a("order"), a("lookup value")
    ('an order', 'a lookup value')
    """
    return f"{'an' if _ARTICLE.match(word) else 'a'} {word}"
