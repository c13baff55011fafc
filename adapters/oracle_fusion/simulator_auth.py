"""The door of a simulated pod: Basic, Bearer, and the token endpoint of its identity domain.

A token carries its own proof (HMAC), so it stays good when the simulator restarts. Real domains sign with RSA; no
client looks inside.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from adapters.oracle_fusion.simulator_settings import SimulatorSettings
from store.clock import Clock

TOKEN_PATH: Final = "/oauth2/v1/token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who may come in. Without a client the token endpoint refuses everyone."""

    user: str
    password: str
    client_id: str | None = None
    client_secret: str | None = None


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token endpoint says."""

    status: int
    body: Mapping[str, Any]


class Door:
    """Checks credentials and hands out tokens."""

    def __init__(
        self, name: str, credentials: Credentials, clock: Clock, settings: SimulatorSettings
    ) -> None:
        self._name = name
        self._credentials = credentials
        self._clock = clock
        self._settings = settings
        secret = f"{name}\0{credentials.password}\0{credentials.client_secret}"
        self._key = hashlib.sha256(secret.encode()).digest()
        self._basic = _basic(credentials.user, credentials.password)

    def lets_in(self, authorization: str) -> bool:
        """Say whether an Authorization header opens the door."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "basic":
            return hmac.compare_digest(value.strip().encode(), self._basic.encode())
        return scheme.lower() == "bearer" and self._is_valid(value.strip())

    def token(self, authorization: str, body: bytes) -> TokenAnswer:
        """Answer one request to the token endpoint."""
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        if not self._is_client(authorization, form):
            return TokenAnswer(
                401, {"error": "invalid_client", "error_description": "Client authentication failed."}
            )
        scope, known = form.get("scope", ""), self._settings.scopes
        if known and scope not in known:
            return TokenAnswer(
                400, {"error": "invalid_scope", "error_description": f"Invalid scope {scope!r}."}
            )
        grant = form.get("grant_type")
        if grant == "client_credentials":
            return self._issue(str(self._credentials.client_id), scope)
        if grant == "password":
            if (form.get("username"), form.get("password")) == (
                self._credentials.user,
                self._credentials.password,
            ):
                return self._issue(self._credentials.user, scope)
            return TokenAnswer(
                401,
                {"error": "invalid_grant", "error_description": "The user name or password is incorrect."},
            )
        return TokenAnswer(
            400,
            {
                "error": "unsupported_grant_type",
                "error_description": f"The grant type {grant!r} isn't supported.",
            },
        )

    def _issue(self, subject: str, scope: str) -> TokenAnswer:
        seconds = self._settings.token_seconds
        ends = self._clock.now() + timedelta(seconds=seconds)
        claims = {"iss": self._name, "sub": subject, "scope": scope, "exp": int(ends.timestamp())}
        head = _segment({"alg": "HS256", "typ": "JWT"}) + "." + _segment(claims)
        body = {
            "access_token": f"{head}.{self._signature(head)}",
            "token_type": "Bearer",
            "expires_in": seconds,
        }
        return TokenAnswer(200, body)

    def _is_valid(self, token: str) -> bool:
        head, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(head).encode()):
            return False
        claims = msgspec.json.decode(_unsegment(head.partition(".")[2]))
        return bool(claims["exp"] > self._clock.now().timestamp())

    def _is_client(self, authorization: str, form: Mapping[str, str]) -> bool:
        known = self._credentials
        if known.client_id is None or known.client_secret is None:
            return False
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "basic":
            return hmac.compare_digest(
                value.strip().encode(), _basic(known.client_id, known.client_secret).encode()
            )
        return (form.get("client_id"), form.get("client_secret")) == (known.client_id, known.client_secret)

    def _signature(self, head: str) -> str:
        return _text64(hmac.new(self._key, head.encode(), hashlib.sha256).digest())


def _basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def _segment(claims: Mapping[str, Any]) -> str:
    return _text64(msgspec.json.encode(claims))


def _text64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unsegment(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
