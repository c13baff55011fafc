"""Who may come in: integration users by password, and access tokens for a refresh token or a signed assertion."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from adapters.workday.simulator_settings import Settings
from store.clock import Clock

JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXPIRY_AHEAD_MAX_S: Final = 600
CLAIM_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Account:
    """An integration user and the API client that acts for it."""

    user: str
    password: str
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str = ""
    public_key: RSAPublicKey | None = None


class RefusedAtDoorError(Exception):
    """The token endpoint says no, with an RFC 6749 error."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class Door:
    """Tokens and passwords of one tenant."""

    def __init__(self, clock: Clock, tenant: str, account: Account, settings: Settings) -> None:
        self._clock = clock
        self._tenant = tenant
        self._account = account
        self._settings = settings
        self._tokens: dict[str, datetime] = {}
        self._count = 0
        self.refresh_token = account.refresh_token

    def end_tokens(self) -> None:
        """Make every access token that is out worthless."""
        self._tokens.clear()

    def issue(self, form: Mapping[str, str], authorization: str) -> dict[str, Any]:
        """Answer the token endpoint."""
        grant = form.get("grant_type")
        if grant == "refresh_token":
            return self._refreshed(form, authorization)
        if grant == JWT_GRANT:
            self._check_assertion(form.get("assertion", ""))
            return self._token()
        raise RefusedAtDoorError(400, "unsupported_grant_type")

    def is_open_to(self, authorization: str) -> bool:
        """Say whether a header of HTTP names the integration user or a token that is still good."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            ends_at = self._tokens.get(value)
            return ends_at is not None and self._clock.now() < ends_at
        return scheme.lower() == "basic" and _same(value, _basic(self._account.user, self._account.password))

    def knows(self, username: str, password: str) -> bool:
        """Say whether a WS-Security token is the integration user's: its name carries the tenant."""
        return _same(username, f"{self._account.user}@{self._tenant}") and _same(
            password, self._account.password
        )

    def _refreshed(self, form: Mapping[str, str], authorization: str) -> dict[str, Any]:
        pair = _basic(self._account.client_id, self._account.client_secret)
        if not self._account.client_id or not _same(authorization, f"Basic {pair}"):
            raise RefusedAtDoorError(401, "invalid_client")
        if not _same(form.get("refresh_token", ""), self.refresh_token):
            raise RefusedAtDoorError(400, "invalid_grant")
        answer = self._token()
        if self._settings.rotates_refresh_token:
            self.refresh_token = answer["refresh_token"] = f"sim-rt-{self._count}"
        return answer

    def _token(self) -> dict[str, Any]:
        self._count += 1
        value = f"sim-at-{self._count}"
        life = self._settings.token_life
        self._tokens[value] = self._clock.now() + life
        return {"access_token": value, "token_type": "Bearer", "expires_in": int(life.total_seconds())}

    def _check_assertion(self, assertion: str) -> None:
        parts = assertion.split(".")
        key = self._account.public_key
        if key is None or len(parts) != CLAIM_PARTS:
            raise RefusedAtDoorError(400, "invalid_grant")
        try:
            signed = f"{parts[0]}.{parts[1]}".encode()
            key.verify(_unpacked(parts[2]), signed, padding.PKCS1v15(), SHA256())
            claims = json.loads(_unpacked(parts[1]))
        except (InvalidSignature, ValueError, binascii.Error):
            raise RefusedAtDoorError(400, "invalid_grant") from None
        left_s = int(claims.get("exp", 0)) - self._clock.now().timestamp()
        if (
            claims.get("iss") != self._account.client_id
            or claims.get("sub") != self._account.user
            or claims.get("aud") != self._settings.audience
            or not 0 < left_s <= EXPIRY_AHEAD_MAX_S
        ):
            raise RefusedAtDoorError(400, "invalid_grant")


def _basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
