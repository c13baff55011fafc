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
PACKED_FROM: Final = 512
"""Bytes; packing less than that takes longer than it saves."""
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
    if not calls:
        return None
    kept = _ENCODER.encode(list(calls))
    return kept if len(kept) < PACKED_FROM else zlib.compress(kept, 1)


def unpacked(kept: bytes | None) -> tuple[Call, ...]:
    """Return the calls of an attempt; one of an older version has none."""
    if kept is None:
        return ()
    is_plain = kept.startswith(b"[")  # what is packed begins otherwise
    return _DECODER.decode(kept if is_plain else zlib.decompressobj().decompress(kept, _BYTES_MAX))
