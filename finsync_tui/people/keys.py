"""Signing keys: Ed25519. The public half stands in the profile, the private one in its owner's keyring.

In headless use a mounted secret file or an environment variable takes the keyring's place, as for every secret; the
private key never enters the workspace.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from finsync_tui.credentials import Place, SecretPlaceError, Secrets, variable
from store.errors import FinsyncError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PLACE: Final = "people"
"""Among the secrets, keys are those of a system of that name."""


class KeyMissingError(FinsyncError):
    """There is no usable signing key for this person here."""

    code = "SIGNING_KEY"
    exit_code = 2

    def __init__(self, name: str, problem: str, remedy: str) -> None:
        super().__init__(f"{name} can't sign: {problem}. Nothing was changed. {remedy}")


@dataclass(frozen=True, slots=True)
class Signer:
    """One person's private key, for as long as one act takes. It is never printed."""

    name: str
    public: str
    _private: Ed25519PrivateKey

    def sign(self, statement: bytes) -> str:
        return base64.b64encode(self._private.sign(statement)).decode()

    def private(self) -> bytes:
        """Return the private half, to be handed on to the process that signs."""
        return self._private.private_bytes_raw()

    def __repr__(self) -> str:
        return f"Signer({self.name!r})"


def new_private() -> bytes:
    """Return a new private key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate().private_bytes_raw()


def signer_from(name: str, private: bytes) -> Signer:
    """Return a person's key from its private half; a ValueError says that it is none."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(private)
    return Signer(name, _public(key), key)


def make_key(secrets: Secrets, name: str, *, replaces: bool = False) -> tuple[str, Place]:
    """Make a key for a person, keep it where secrets are kept, return its public half and where it is kept."""
    known = secrets.find(PLACE, name)
    if known is not None and (known[0] == "environment" or not replaces):
        raise KeyMissingError(
            name,
            f"a key is there already ({known[0]})",
            "`finsync people key --show` prints its public half; --replace makes another: what was approved with the old "
            "one stays good only where the profile keeps it under `before`.",
        )
    raw = new_private()
    text = base64.b64encode(raw).decode()
    try:
        place = secrets.put(PLACE, name, text)
    except SecretPlaceError:
        raise KeyMissingError(
            name,
            "the new key can be kept nowhere: there is no usable keyring, and no writable folder of secrets",
            "Use the keyring of your desktop, or name a folder outside the workspace with FINSYNC_SECRETS_DIR.",
        ) from None
    return signer_from(name, raw).public, place


def signer(secrets: Secrets, name: str) -> Signer:
    """Return the person's key. Raises KeyMissingError."""
    found = secrets.find(PLACE, name)
    if found is None:
        raise KeyMissingError(
            name,
            "there is no signing key in this account's keyring",
            f"Make one with `finsync people key` and have its line put into the profile; in headless use mount it as "
            f"{PLACE}.{name} in FINSYNC_SECRETS_DIR, or set {variable(PLACE, name)}.",
        )
    try:
        return signer_from(name, base64.b64decode(found[1].strip(), validate=True))
    except (binascii.Error, ValueError):
        raise KeyMissingError(
            name,
            f"what lies in the {found[0]} is no signing key",
            "Make one: `finsync people key --replace`.",
        ) from None


def is_signed_by(public: str, statement: bytes, signature: str | None) -> bool:
    """Say whether that key signed exactly this."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature or "", validate=True), statement)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _public(private: Ed25519PrivateKey) -> str:
    return base64.b64encode(private.public_key().public_bytes_raw()).decode()
