"""What went over the wire in one attempt: method, path and body of each request, without secrets, and the answer's status.

Kept small: bodies are cut, and all of an attempt is packed together.

>>> kept = packed([Call("POST", "/orders", 201, '{"total": 5}')])
>>> unpacked(kept)
(Call(method='POST', path='/orders', status=201, body='{"total": 5}'),)
>>> packed([]), unpacked(None)
(None, ())
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final

import msgspec

BODY_CHARS_MAX: Final = 4_000
CALLS_MAX: Final = 12
_BYTES_MAX: Final = 1_000_000
"""More than any attempt can have kept, however each character is written."""


class Call(msgspec.Struct, frozen=True, gc=False):
    """One request. `status` is None where no answer came; only what writes has a body."""

    method: str
    path: str
    status: int | None = None
    body: str = ""


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(tuple[Call, ...])


def packed(calls: Sequence[Call]) -> bytes | None:
    """Return calls as the store keeps them."""
    return zlib.compress(_ENCODER.encode(list(calls)), 1) if calls else None


def unpacked(kept: bytes | None) -> tuple[Call, ...]:
    """Return the calls of an attempt; one of an older version has none."""
    if kept is None:
        return ()
    return _DECODER.decode(zlib.decompressobj().decompress(kept, _BYTES_MAX))
