"""Personal sign-ins to the web: an invitation that works once, a passphrase, and the key that it opens.

    invited (until a time) --> joined (a passphrase was chosen, a key made) --> revoked

Everything lies where the host keeps its secrets, never in the workspace. Whoever hosts `finsync web` can read what lies
there and still can't sign as the person: the key opens with the passphrase only.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from finsync_tui.credentials import SecretPlaceError, Secrets
from finsync_tui.people import sealing
from finsync_tui.people.keys import Signer, new_private, signer_from
from finsync_tui.people.sealing import Cost
from finsync_tui.profile import INVITATIONS, SIGN_INS
from store.clock import instant, text
from store.errors import FinsyncError

CODE_BYTES: Final = 24
VALID_FOR: Final = timedelta(hours=48)
PASSPHRASE_CHARS_MIN: Final = 12
PASSPHRASE_CHARS_MAX: Final = 1_000
_GONE: Final = "{}"
"""What stands where something was taken away: a mounted folder may be written to, not emptied."""


class SignInError(FinsyncError):
    """A sign-in to the web can't be made or used."""

    code = "SIGN_IN"

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}. Nothing was changed. {remedy}")


@dataclass(frozen=True, slots=True)
class SignIns:
    """The sign-ins of one workspace."""

    secrets: Secrets
    cost: Cost = Cost()  # noqa: RUF009  # frozen

    def has(self, name: str) -> bool:
        """Say whether a person has chosen a passphrase here."""
        return self._read(SIGN_INS, name) is not None

    def mark(self, name: str) -> str:
        """Return a text that changes when a person's sign-in is made anew or revoked; empty: there is none."""
        found = self._read(SIGN_INS, name)
        return "" if found is None else hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()

    def invite(self, name: str, now: datetime, valid_for: timedelta = VALID_FOR) -> str:
        """Return a code with which this person may choose a passphrase, once. An earlier one ends with it."""
        code = secrets.token_urlsafe(CODE_BYTES)
        salt = secrets.token_bytes(sealing.SALT_BYTES)
        body = {
            "salt": salt.hex(),
            "cost": [self.cost.n, self.cost.r, self.cost.p],
            "hash": sealing.stretched(code, salt, self.cost).hex(),
            "until": text(now + valid_for),
        }
        self._write(INVITATIONS, name, json.dumps(body))
        return code

    def join(self, name: str | None, login: str, code: str, passphrase: str, now: datetime) -> Signer:
        """Let an invited person choose a passphrase; return the key that was made for them.

        The invitation ends with it. Raises SignInError; whether the name, the code or its time is wrong is not told.
        """
        _check_passphrase(passphrase, login)
        invitation = self._read(INVITATIONS, name) if name is not None else None
        if not _fits(invitation, code, self.cost) or instant(str((invitation or {}).get("until"))) <= now:
            raise SignInError(
                "this invitation is not known here, was used, or has expired",
                "Ask an administrator for another: `finsync people invite NAME`.",
            )
        assert name is not None
        private = new_private()
        signer = signer_from(name, private)
        sealed = sealing.seal(private, passphrase, of=self._whose(name), cost=self.cost)
        self._write(INVITATIONS, name, _GONE)  # first: what fails later leaves no invitation that works twice
        self._write(SIGN_INS, name, sealed)
        return signer

    def sign_in(self, name: str | None, passphrase: str) -> Signer | None:
        """Return the person's key; None: there is no such sign-in, or not with this passphrase. Takes as long for both."""
        found = self._read(SIGN_INS, name) if name is not None else None
        if name is None or found is None or len(passphrase) > PASSPHRASE_CHARS_MAX:
            sealing.stretched(passphrase[:PASSPHRASE_CHARS_MAX], b"nobody has this", self.cost)
            return None
        private = sealing.opened(json.dumps(found), passphrase, of=self._whose(name))
        return None if private is None else signer_from(name, private)

    def revoke(self, name: str) -> bool:
        """Take a person's sign-in and invitation away; return whether there was any."""
        found = [place for place in (SIGN_INS, INVITATIONS) if self._read(place, name) is not None]
        for place in found:
            self._write(place, name, _GONE)
        return bool(found)

    def _whose(self, name: str) -> str:
        return f"{self.secrets.workspace_name}\n{name}"

    def _read(self, place: str, name: str) -> dict[str, Any] | None:
        found = self.secrets.find(place, name)
        if found is None:
            return None
        try:
            body = json.loads(found[1])
        except (ValueError, RecursionError):
            return None
        return body if isinstance(body, dict) and body else None

    def _write(self, place: str, name: str, value: str) -> None:
        try:
            self.secrets.put(place, name, value)
        except SecretPlaceError:
            raise SignInError(
                f"the sign-in of {name} can be kept nowhere: there is no usable keyring, and no writable folder of secrets",
                "Use the keyring of the account that runs `finsync web`, or name a folder outside the workspace with "
                "FINSYNC_SECRETS_DIR.",
            ) from None


def _check_passphrase(passphrase: str, login: str) -> None:
    if len(passphrase) < PASSPHRASE_CHARS_MIN:
        raise SignInError(
            f"the passphrase is shorter than {PASSPHRASE_CHARS_MIN} characters",
            "Four words that do not belong together are a good one.",
        )
    if len(passphrase) > PASSPHRASE_CHARS_MAX:
        raise SignInError(
            f"the passphrase is longer than {PASSPHRASE_CHARS_MAX} characters", "Choose a shorter one."
        )
    rest = passphrase.casefold().replace(login.casefold(), "") if login else passphrase
    if len(set(passphrase)) < 5 or len(rest) < PASSPHRASE_CHARS_MIN // 2:
        raise SignInError(
            "the passphrase is too easy to guess", "Four words that do not belong together are a good one."
        )


def _fits(invitation: dict[str, Any] | None, code: str, cost: Cost) -> bool:
    """Say whether a code is the invitation's; takes as long when there is none."""
    try:
        found = invitation or {}
        asked = Cost(*found["cost"])
        salt, wanted = bytes.fromhex(found["salt"]), bytes.fromhex(found["hash"])
        instant(found["until"])
        if not asked.is_bearable:
            raise ValueError(asked)
    except (KeyError, TypeError, ValueError):
        asked, salt, wanted = cost, b"nobody has this", b""
    return hmac.compare_digest(sealing.stretched(code[:PASSPHRASE_CHARS_MAX], salt, asked), wanted)
