"""What an adapter asks of its system while one thing is done, for whoever wants to show it later.

Whoever wants to know opens `watched`; each door (`Transport`) notes there what it sends, credentials removed. Bank numbers
are masked by the names of their fields, in whatever shape a vendor has.

>>> masked('{"AccountNumber":"0532013000","IBAN":"DE89370400440532013000","Amount":5}')
'{"AccountNumber":"***","IBAN":"***","Amount":5}'
>>> masked('{"RemitToIBAN":"DE89370400440532013000","ChargeAccount":"01-420"}')
'{"RemitToIBAN":"***","ChargeAccount":"01-420"}'
>>> masked("<accountNumber>0532013000</accountNumber>")
'<accountNumber>***</accountNumber>'
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Final

from adapters.redaction import HIDDEN
from store.calls import BODY_CHARS_MAX, CALLS_MAX, Call

_BANK_NAME: Final = re.compile(
    r"(?i)[\w-]*iban|[\w-]*bank[-_]?account[-_]?(?:number|num|no)?|account[-_]?(?:number|num|no)|masked[-_]?account|"
    r"routing[-_]?(?:transit[-_]?)?number|sort[-_]?code|bic|swift[-_]?code|electronic[-_]?account"
)
_KEY: Final = re.compile(r'"([\w.-]{1,60})"\s*:')
_FIELD: Final = re.compile(r'"([\w.-]{1,60})"(\s*:\s*)(?:"(?:[^"\\]|\\.)*"|-?[\d.]+)')
_ELEMENT: Final = re.compile(r"<(?:\w+:)?([\w-]{1,60})(?:\s[^<>]*)?>([^<]+)")
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_FILE: Final = re.compile(r'"[A-Za-z0-9+/=_-]{300,}"')
"""Whatever is packed into a text: nobody reads it, and nobody could mask it."""


class Watch:
    """The newest calls of one thing, and what must be seen of none of them."""

    def __init__(self, hidden: Collection[str] = ()) -> None:
        self._calls: deque[Call] = deque(maxlen=CALLS_MAX)
        self.hidden = tuple(one for one in hidden if one)

    @property
    def calls(self) -> tuple[Call, ...]:
        """What was sent, oldest first."""
        return tuple(self._calls)

    def note(self, method: str, path: str, status: int | None, body: str) -> None:
        """Remember one call. `body` is free of credentials already."""
        for secret in self.hidden:
            body = body.replace(secret, HIDDEN)
        self._calls.append(Call(method, path, status, masked(body)[:BODY_CHARS_MAX]))


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watched(hidden: Collection[str] = ()) -> Iterator[Watch]:
    """Note what is sent meanwhile, by this task and by those it starts."""
    watch = Watch(hidden)
    token = _watch.set(watch)
    try:
        yield watch
    finally:
        _watch.reset(token)


def present() -> Watch | None:
    """Return who is watching; None: nobody."""
    return _watch.get()


def masked(text: str) -> str:
    """Return a body without numbers of bank accounts, and without files packed into it."""
    if any(_is_of_a_bank(name) for name in set(_KEY.findall(text))):
        text = _FIELD.sub(_without_value, text)
    if "<" in text:
        text = _ELEMENT.sub(_without_content, text)
    return _IBAN.sub(HIDDEN, _FILE.sub('"(a file, not kept)"', text))


@lru_cache(maxsize=2_048)
def _is_of_a_bank(name: str) -> bool:
    return _BANK_NAME.fullmatch(name) is not None


def _without_value(found: re.Match[str]) -> str:
    return f'"{found[1]}"{found[2]}"{HIDDEN}"' if _is_of_a_bank(found[1]) else found[0]


def _without_content(found: re.Match[str]) -> str:
    return found[0][: found.start(2) - found.start()] + HIDDEN if _is_of_a_bank(found[1]) else found[0]
