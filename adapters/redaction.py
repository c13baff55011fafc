"""What must never be seen: credentials, in whatever text a system or a library puts them.

>>> redact("GET /x Authorization: Bearer abc.def.ghi")
'GET /x Authorization: ***'
>>> redact('{"access_token": "abc", "expires_in": 5}')
'{"access_token": "***", "expires_in": 5}'
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "***"
SECRET_LENGTH_MIN = 4
"""Shorter secrets are not searched for: masking every `a` would hide the message itself."""

_NAMES = (
    r"(?:access_token|refresh_token|id_token|client_secret|client_assertion|assertion|password|passwd"
    r"|api[-_]?key|x-coupa-api-key|secret)"
)
_PARTS = ("token", "secret", "assertion", "passw", "key")
"""One of these is in each of the names."""
_PATTERNS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    (
        ("authorization",),
        re.compile(
            r"(?i)((?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?)(?:(?:bearer|basic)\s+)?[^\s'\",;<]+"
        ),
        r"\1***",
    ),
    (
        ("bearer", "basic"),
        re.compile(r"(?i)\b((?:bearer|basic)\s+)(?=[\w.~+/=-]*[\d._=+/-])[\w.~+/=-]{8,}"),
        r"\1***",
    ),
    (_PARTS, re.compile(rf"(?i)(\"{_NAMES}\"\s*:\s*\")(?:[^\"\\]|\\.)*"), r"\1***"),
    (_PARTS, re.compile(rf"(?i)\b({_NAMES}\s*[=:]\s*)(?![\"*])[^\s&'\",;<]+"), r"\1***"),
    (("eyj",), re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), HIDDEN),  # a JSON web token anywhere
    (("://",), re.compile(r"(?i)\b(https?://)[^/\s@:]+:[^/\s@]+@"), r"\1***@"),
)
"""What can be found only where one of the first stands, whatever its case: most texts have none of them, and looking for a
word costs a hundredth of looking for a pattern."""


_WORDS = tuple(dict.fromkeys(word for words, _, _ in _PATTERNS for word in words))


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without credentials: the known `secrets` wherever they stand, the others by their
    shape.
    """
    return without(text, forms(secrets))


def forms(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return all that secrets may look like in a text, the longest first: as they are, and as a URL or a form has them."""
    long = {secret for secret in secrets if len(secret) >= SECRET_LENGTH_MIN}
    found = {form for secret in long for form in (secret, quote(secret, safe=""), quote_plus(secret))}
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


def without(text: str, hidden: Iterable[str]) -> str:
    """Return `text` without credentials. `hidden` is what `forms` returned: whoever has many texts asks for it once."""
    for form in hidden:
        text = text.replace(form, HIDDEN)
    plain = text.casefold()
    for word in _WORDS:  # nearly always there is none, and then this was all
        if word in plain:
            break
    else:
        return text
    for words, pattern, shown in _PATTERNS:
        if any(word in plain for word in words):
            text = pattern.sub(shown, text)
    return text
