"""Tokens of the simulated Concur: the grants, refresh tokens that rotate, and whom a bearer token stands for."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from adapters.concur.simulator_http import Answer, Caller
from adapters.concur.simulator_settings import Settings
from adapters.simulation import Document
from store.clock import Clock

REFRESH_LIFE: Final = timedelta(days=182)
_GRANTS: Final = ("password", "refresh_token", "client_credentials")


class Refresh(msgspec.Struct):
    """One refresh token."""

    scopes: list[str]
    ends_at: datetime
    replaced_at: datetime | None = None


class DoorState(msgspec.Struct):
    """What the token service remembers."""

    request_token: str
    request_token_at: datetime
    refresh_tokens: dict[str, Refresh] = {}
    ended_count: int = 0
    issued_count: int = 0


class TokenDoor:
    """Hands out tokens and reads them again. `user_of` finds a user's id by login and password."""

    def __init__(
        self,
        clock: Clock,
        settings: Settings,
        *,
        client_id: str,
        client_secret: str,
        company_uuid: str,
        request_token: str,
        user_of: Callable[[str, str], str | None],
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._client = (client_id, client_secret)
        self._company_uuid = company_uuid
        self._user_of = user_of
        self._key = hashlib.sha256(f"{settings.seed}/tokens".encode()).digest()
        self.state = DoorState(request_token, clock.now())

    def token(self, body: bytes, base: str) -> Answer:
        """Answer a token request that came to `base`."""
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        grant = form.get("grant_type", "")
        for name in ("client_id", "client_secret", "grant_type"):
            if not form.get(name):
                return _refusal(400, 51, "invalid_request", f"{name} is missing.")
        if not hmac.compare_digest(form["client_id"], self._client[0]):
            return _refusal(401, 61, "invalid_client", "Client not found.")
        if not hmac.compare_digest(form["client_secret"], self._client[1]):
            return _refusal(401, 64, "invalid_client", "Incorrect credentials.")
        if grant not in _GRANTS:
            return _refusal(400, 60, "unsupported_grant_type", "This grant type is not allowed for the app.")
        home = self._settings.geolocation
        if self._settings.answers_elsewhere and home and urlsplit(home).netloc != urlsplit(base).netloc:
            body_16 = _error(16, "invalid_grant", "The principal lives in another data centre.")
            return Answer(400, body_16 | {"geolocation": home})
        scopes = form.get("scope", "").split() or sorted(self._settings.scopes)
        if not set(scopes) <= self._settings.scopes:
            return _refusal(400, 54, "invalid_scope", "The requested scope exceeds the granted scope.")
        if grant == "password":
            return self._by_password(form, scopes, base)
        if grant == "refresh_token":
            return self._by_refresh_token(form, scopes, base)
        return self._issue("app", None, scopes, base, has_refresh=False)

    def caller_of(self, authorization: str) -> Caller | str:
        """Return whom a header stands for, or why nobody: `missing`, `invalid` or `expired`."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return "missing"
        head, _, signature = token.strip().rpartition(".")
        if not hmac.compare_digest(signature, self._signature(head)):
            return "invalid"
        claims = msgspec.json.decode(_unsegment(head.partition(".")[2]))
        if claims["exp"] <= self._clock.now().timestamp() or claims["n"] <= self.state.ended_count:
            return "expired"
        return Caller(claims["concur.type"], frozenset(claims["scope"].split()), claims.get("user"))

    def end_tokens(self) -> None:
        """Make every access token that is out worthless; refresh tokens stay."""
        self.state.ended_count = self.state.issued_count

    def renew_request_token(self, token: str | None = None) -> str:
        """Issue a company request token, as an administrator does in the tool; it lives 24 hours."""
        self.state.request_token = token or self.state.request_token
        self.state.request_token_at = self._clock.now()
        return self.state.request_token

    def _by_password(self, form: Document, scopes: list[str], base: str) -> Answer:
        for name in ("username", "password"):
            if not form.get(name):
                return _refusal(400, 51, "invalid_request", f"{name} is missing.")
        if form.get("credtype", "password") == "password":
            user_id = self._user_of(form["username"], form["password"])
            if user_id is None:
                return _refusal(401, 5, "invalid_grant", "Incorrect credentials. Please retry.")
            return self._issue("user", user_id, scopes, base)
        if form["credtype"] != "authtoken":
            return _refusal(400, 52, "invalid_request", "credtype is not supported.")
        if form["username"] != self._company_uuid:
            return _refusal(401, 5, "invalid_grant", "Incorrect credentials. Please retry.")
        life = self._settings.request_token_life_s
        age = (self._clock.now() - self.state.request_token_at).total_seconds()
        is_known = hmac.compare_digest(form["password"], self.state.request_token)
        if not is_known or (life is not None and age >= life):
            return _refusal(401, 19, "invalid_grant", "The company request token is wrong or expired.")
        return self._issue("company", None, scopes, base)

    def _by_refresh_token(self, form: Document, scopes: list[str], base: str) -> Answer:
        held = self.state.refresh_tokens.get(form.get("refresh_token", ""))
        if held is None or not self._is_valid(held):
            return _refusal(400, 108, "invalid_grant", "Bad or expired refresh token.")
        asked = form.get("scope", "").split()
        if not set(asked) <= set(held.scopes):
            return _refusal(400, 54, "invalid_scope", "The requested scope exceeds the granted scope.")
        if not self._settings.rotates_refresh_token:
            return self._issue("company", None, asked or held.scopes, base, refresh=form["refresh_token"])
        held.replaced_at = held.replaced_at or self._clock.now()
        return self._issue("company", None, asked or held.scopes, base)

    def _is_valid(self, held: Refresh) -> bool:
        """A token that was replaced is good for a while yet: its successor's answer may never have arrived."""
        now = self._clock.now()
        overlap = timedelta(seconds=self._settings.replaced_refresh_token_s)
        is_replaced = held.replaced_at is not None and now >= held.replaced_at + overlap
        return held.ends_at > now and not is_replaced

    def _issue(
        self,
        kind: str,
        user_id: str | None,
        scopes: list[str],
        base: str,
        *,
        refresh: str | None = None,
        has_refresh: bool = True,
    ) -> Answer:
        now = self._clock.now()
        self.state.issued_count += 1
        count = self.state.issued_count
        ends = now + timedelta(seconds=self._settings.token_life_s)
        subject = user_id or (self._company_uuid if kind == "company" else self._client[0])
        home = self._settings.geolocation or base
        claims = {
            "sub": subject,
            "concur.type": kind,
            "concur.profile": f"{home}/profile/v1/principals/{subject}",
        }
        access = claims | {"scope": " ".join(scopes), "exp": ends.timestamp(), "n": count, "user": user_id}
        seconds = self._settings.token_life_s
        body: Document = {
            "expires_in": str(seconds) if self._settings.expires_in_as == "text" else seconds,
            "scope": " ".join(scopes),
            "token_type": "Bearer",
            "access_token": self._signed(access),
            "geolocation": home,
        }
        if has_refresh:
            refresh = refresh or self._refresh_token(count)
            ends_at = now + REFRESH_LIFE
            if kind == "company":
                self.state.refresh_tokens[refresh] = Refresh(list(scopes), ends_at)
            body |= {"refresh_token": refresh, "id_token": self._signed(claims)}
            if self._settings.has_refresh_expiry:
                body["refresh_expires_in"] = int(ends_at.timestamp())
        return Answer(200, body)

    def _refresh_token(self, count: int) -> str:
        digest = hashlib.sha256(self._key + f"/refresh/{count}".encode()).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"

    def _signed(self, claims: Document) -> str:
        head = _segment({"alg": "HS256", "typ": "JWT"}) + "." + _segment(claims)
        return f"{head}.{self._signature(head)}"

    def _signature(self, head: str) -> str:
        return _text64(hmac.new(self._key, head.encode(), hashlib.sha256).digest())


def _error(code: int, error: str, description: str) -> dict[str, Any]:
    return {"code": code, "error": error, "error_description": description}


def _refusal(status: int, code: int, error: str, description: str) -> Answer:
    return Answer(status, _error(code, error, description))


def _segment(claims: Document) -> str:
    return _text64(msgspec.json.encode(claims))


def _text64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unsegment(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
