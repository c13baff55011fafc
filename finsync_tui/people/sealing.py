"""A private key at rest, sealed under a passphrase that only its owner knows. Pure but for chance.

One scrypt of the passphrase gives the key that opens it, so nothing is kept that could be compared with the passphrase:
it is right when it opens. A seal names whose it is; carried over to another person it opens nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
SEAL_CHARS_MAX: Final = 2_000
MEMORY_BYTES_MAX: Final = 2**28
FORMAT: Final = "finsync.seal/1"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one try costs: about 60 ms and 32 MB by default. Kept with each seal, so that it may rise later."""

    n: int = 2**15
    r: int = 8
    p: int = 1

    @property
    def is_bearable(self) -> bool:
        """Whether a seal that asks for it may be tried at all: what lies on a disk decides no memory of ours."""
        return (
            self.n >= 2
            and self.n & (self.n - 1) == 0
            and self.r >= 1
            and 1 <= self.p <= 4
            and 128 * self.n * self.r <= MEMORY_BYTES_MAX
        )


def stretched(secret: str, salt: bytes, cost: Cost) -> bytes:
    """Return 32 bytes of a secret, slowly. Letters that only look alike on two keyboards are alike."""
    text = unicodedata.normalize("NFKC", secret).encode()
    room = 128 * cost.r * (cost.n + cost.p + 8) + 2**16
    return hashlib.scrypt(text, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=room, dklen=32)


def seal(private: bytes, passphrase: str, *, of: str, cost: Cost) -> str:
    """Return the sealed key as text; `of` says whose it is."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    box = ChaCha20Poly1305(stretched(passphrase, salt, cost)).encrypt(nonce, private, _bound(of))
    body = {
        "format": FORMAT,
        "cost": [cost.n, cost.r, cost.p],
        "salt": base64.b64encode(salt).decode(),
        "nonce": base64.b64encode(nonce).decode(),
        "box": base64.b64encode(box).decode(),
    }
    return json.dumps(body, separators=(",", ":"))


def opened(sealed: str, passphrase: str, *, of: str) -> bytes | None:
    """Return the private key; None: not this passphrase, not this person's, or no seal at all."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    parts = _parts(sealed)
    if parts is None:
        return None
    cost, salt, nonce, box = parts
    try:
        return ChaCha20Poly1305(stretched(passphrase, salt, cost)).decrypt(nonce, box, _bound(of))
    except InvalidTag:
        return None


def _parts(sealed: str) -> tuple[Cost, bytes, bytes, bytes] | None:
    if len(sealed) > SEAL_CHARS_MAX:
        return None
    try:
        body: dict[str, Any] = json.loads(sealed)
        if body["format"] != FORMAT:
            return None
        cost = Cost(*(int(number) for number in body["cost"]))
        found = [base64.b64decode(body[name], validate=True) for name in ("salt", "nonce", "box")]
    except (ValueError, TypeError, KeyError, binascii.Error, RecursionError):
        return None
    if not cost.is_bearable or len(found[1]) != NONCE_BYTES:
        return None
    return cost, found[0], found[1], found[2]


def _bound(of: str) -> bytes:
    return f"{FORMAT}\n{of}".encode()
