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
from collections.abc import Collection
from contextvars import ContextVar, Token
from functools import lru_cache
from typing import Final

from adapters.redaction import HIDDEN
from store.calls import BODY_CHARS_MAX, CALLS_MAX, Call

_BANK_NAME: Final = re.compile(
    r"(?i)[\w-]*iban|[\w-]*bank[-_]?account[-_]?(?:number|num|no)?|account[-_]?(?:number|num|no)|masked[-_]?account|"
    r"routing[-_]?(?:transit[-_]?)?number|sort[-_]?code|bic|swift[-_]?code|electronic[-_]?account"
)
_BANK_PARTS: Final = ("iban", "bank", "account", "routing", "sort", "bic", "swift")
"""One of these is in each of the names; looking for them costs a tenth of looking at all names."""
_KEY: Final = re.compile(r'"([\w.-]{1,60})"\s*:')
_FIELD: Final = re.compile(r'"([\w.-]{1,60})"(\s*:\s*)(?:"(?:[^"\\]|\\.)*"|-?[\d.]+)')
_ELEMENT: Final = re.compile(r"<(?:\w+:)?([\w-]{1,60})(?:\s[^<>]*)?>([^<]+)")
_IBAN: Final = re.compile(r"[A-Z](?<!\w[A-Z])[A-Z]\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
"""That a word begins there is asked after its first letter: so only capitals are looked at."""
_FILE_CHARS_MIN: Final = 300
_FILE: Final = re.compile(rf'"[A-Za-z0-9+/=_-]{{{_FILE_CHARS_MIN},}}"')
"""Whatever is packed into a text: nobody reads it, and nobody could mask it."""


class Watch:
    """The newest calls of one thing, and what must be seen of none of them."""

    __slots__ = ("_calls", "hidden")

    def __init__(self, hidden: Collection[str] = ()) -> None:
        self._calls: deque[Call] = deque(maxlen=CALLS_MAX)
        self.hidden = tuple([one for one in hidden if one])

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


class watched:
    """Note what is sent meanwhile, by this task and by those it starts. A class: a generator costs each delivery three times
    as much."""

    __slots__ = ("_hidden", "_token")

    def __init__(self, hidden: Collection[str] = ()) -> None:
        self._hidden = hidden
        self._token: Token[Watch | None] | None = None

    def __enter__(self) -> Watch:
        watch = Watch(self._hidden)
        self._token = _watch.set(watch)
        return watch

    def __exit__(self, *_: object) -> None:
        assert self._token is not None, "it was entered"
        _watch.reset(self._token)


def present() -> Watch | None:
    """Return who is watching; None: nobody."""
    return _watch.get()


def masked(text: str) -> str:
    """Return a body without numbers of bank accounts, and without files packed into it."""
    if not text:
        return text
    if _may_name_a_bank(text) and any(_is_of_a_bank(name) for name in set(_KEY.findall(text))):
        text = _FIELD.sub(_without_value, text)
    if "<" in text:
        text = _ELEMENT.sub(_without_content, text)
    if len(text) > _FILE_CHARS_MIN:
        text = _FILE.sub('"(a file, not kept)"', text)
    return _IBAN.sub(HIDDEN, text)


def _may_name_a_bank(text: str) -> bool:
    """Say whether looking at the names is worth it. Letters that others count as equal to ours are left to the pattern."""
    if not text.isascii():
        return True
    plain = text.lower()
    for part in _BANK_PARTS:  # noqa: SIM110 - a generator costs more than all that is looked for
        if part in plain:
            return True
    return False


@lru_cache(maxsize=2_048)
def _is_of_a_bank(name: str) -> bool:
    return _BANK_NAME.fullmatch(name) is not None


def _without_value(found: re.Match[str]) -> str:
    return f'"{found[1]}"{found[2]}"{HIDDEN}"' if _is_of_a_bank(found[1]) else found[0]


def _without_content(found: re.Match[str]) -> str:
    return found[0][: found.start(2) - found.start()] + HIDDEN if _is_of_a_bank(found[1]) else found[0]
