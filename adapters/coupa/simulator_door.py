"""The door of the simulated Coupa: tokens, scopes, and the format that answers are asked in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from adapters.coupa.simulator_resources import SCOPES
from adapters.simulation import Document
from store.clock import Clock

TOKEN_LIFE_S: Final = 86_399
_FILLER: Final = "x" * 600
"""Real tokens are long and grow with the scopes; ours must not fit a short column either."""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token endpoint says."""

    status: int
    body: Document


@dataclass
class Door:
    """Hands out tokens and judges them. Times are the instance's own."""

    clock: Clock
    client_id: str
    client_secret: str
    scopes: frozenset[str] = SCOPES
    """Those the client was given in the set-up."""
    token_life_s: int = TOKEN_LIFE_S
    token_age_min_s: float = 0.0
    """A younger token is not yet known everywhere; the vendor's advice is to wait 5 seconds."""
    expires_after_s: float | None = None
    """When tokens really end, if before the time they claim."""
    issued_count: int = 0
    ended_count: int = 0
    """How many of the first tokens were ended by hand."""
    _known: dict[str, Document] = field(default_factory=dict)

    def token(self, body: bytes, headers: Mapping[str, str]) -> TokenAnswer:
        """Answer a token request; credentials come in the form or as HTTP Basic."""
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        basic = _basic(headers.get("authorization", ""))
        client_id, secret = basic or (form.get("client_id", ""), form.get("client_secret", ""))
        is_known = hmac.compare_digest(client_id.encode(), self.client_id.encode())
        if not (is_known and hmac.compare_digest(secret.encode(), self.client_secret.encode())):
            return TokenAnswer(
                401,
                {"error": "invalid_client", "error_description": "Client authentication failed"},
            )
        if form.get("grant_type") != "client_credentials":
            return TokenAnswer(400, {"error": "unsupported_grant_type"})
        asked = form.get("scope", "").split()
        if not asked or not self.scopes.issuperset(asked):
            return TokenAnswer(400, {"error": "invalid_scope", "error_description": "The scope is invalid"})
        self.issued_count += 1
        claims = {"iat": self.clock.now().timestamp(), "n": self.issued_count, "scope": asked, "pad": _FILLER}
        token = {
            "access_token": self._signed(claims),
            "token_type": "bearer",
            "expires_in": self.token_life_s,
            "scope": " ".join(asked),
        }
        return TokenAnswer(200, token)

    def end_tokens(self) -> None:
        """Make every token that is out worthless."""
        self.ended_count = self.issued_count

    def scopes_of(self, headers: Mapping[str, str]) -> frozenset[str] | None:
        """Return what the caller may do; None when we do not know the caller."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        claims = self._claims(token.strip()) if kind.lower() == "bearer" else None
        if claims is None or claims["n"] <= self.ended_count:
            return None
        age = self.clock.now().timestamp() - claims["iat"]
        life = self.token_life_s if self.expires_after_s is None else self.expires_after_s
        return frozenset(claims["scope"]) if self.token_age_min_s <= age < life else None

    def _signed(self, claims: Document) -> str:
        head = _encoded(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        payload = _encoded(json.dumps(claims).encode())
        return f"{head}.{payload}.{self._signature(f'{head}.{payload}')}"

    def _signature(self, signed: str) -> str:
        return _encoded(hmac.digest(self.client_secret.encode(), signed.encode(), hashlib.sha256))

    def _claims(self, token: str) -> Document | None:
        known = self._known.get(token)
        if known is not None:
            return known
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            return None
        payload = signed.partition(".")[2]
        claims: Document = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        self._known = {token: claims}  # one caller, one token: the last is the one that comes again
        return claims

    def dump(self) -> Document:
        return {"issued_count": self.issued_count, "ended_count": self.ended_count}

    def load(self, state: Mapping[str, Any]) -> None:
        self.issued_count, self.ended_count = state["issued_count"], state["ended_count"]


def accepts_json(headers: Mapping[str, str], *, has_body: bool) -> bool:
    """Say whether a caller asks for JSON by name; with a body, both headers must name the same format."""
    wants = "json" in headers.get("accept", "").lower()
    return wants and (not has_body or "json" in headers.get("content-type", "").lower())


def _basic(header: str) -> tuple[str, str] | None:
    kind, _, value = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ("", "")
    return unquote(client_id), unquote(secret)


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
