"""Who we say we are: a fixed header, user and password, or tokens that expire.

A token source is asked for a header before each request and told when a header was refused. Secrets are read
when first needed, so that a missing one stops the system that needs it and no other.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from adapters.answer import UNREADABLE, Answer
from adapters.base import Secrets
from adapters.errors import (
    CredentialsError,
    MaintenanceError,
    OutcomeUnknownError,
    ProtocolError,
    RejectedError,
    TransientError,
)
from adapters.transport import TokenSource, Transport
from store.clock import Clock

Grant = Literal["client_credentials", "password"]

EARLY_SHARE = 5 / 6
"""A token is renewed when this share of its life is over: 20 of 24 hours, as Coupa advises."""
NOT_THERE = 404
LIFETIME_DEFAULT_S = 3600
LIFETIME_MAX_S = 30 * 86_400


class StaticHeader:
    """A key that never changes, sent in a header of its own."""

    def __init__(self, name: str, secrets: Secrets, secret: str, prefix: str = "") -> None:
        self._name = name
        self._secrets = secrets
        self._secret = secret
        self._prefix = prefix
        self._value: str | None = None

    async def header(self) -> tuple[str, str]:
        if self._value is None:
            self._value = self._secrets(self._secret)
        return self._name, self._prefix + self._value

    async def renew(self, refused: str) -> bool:
        """Read the secret again: somebody may have replaced it while we ran."""
        self._value = None
        return (await self.header())[1] != refused

    def settling_s(self) -> float:
        return 0.0

    def secret_values(self) -> tuple[str, ...]:
        return (self._value,) if self._value else ()

    async def aclose(self) -> None:
        self._value = None


class Basic:
    """User and password, as HTTP Basic."""

    def __init__(self, secrets: Secrets, user: str = "user", password: str = "password") -> None:  # noqa: S107
        self._secrets = secrets
        self._user = user
        self._password = password
        self._pair: tuple[str, str] | None = None

    async def header(self) -> tuple[str, str]:
        if self._pair is None:
            self._pair = (self._secrets(self._user), self._secrets(self._password))
        return "Authorization", basic_value(*self._pair)

    async def renew(self, refused: str) -> bool:
        """Read user and password again: somebody may have replaced them while we ran."""
        self._pair = None
        return (await self.header())[1] != refused

    def settling_s(self) -> float:
        return 0.0

    def secret_values(self) -> tuple[str, ...]:
        if self._pair is None:
            return ()
        return (self._pair[1], basic_value(*self._pair).removeprefix("Basic "))

    async def aclose(self) -> None:
        self._pair = None


class _TokenAnswer(msgspec.Struct):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int | None = None


class OAuthTokens:
    """Bearer tokens from a token endpoint; many requests at once wait for one renewal.

    `door` is a transport of its own without credentials: the endpoint may live on another host, and fetching
    a token must not queue behind the requests that wait for it.
    """

    def __init__(
        self,
        door: Transport,
        path: str,
        secrets: Secrets,
        clock: Clock,
        *,
        grant: Grant = "client_credentials",
        scope: str = "",
        client_in: Literal["form", "basic"] = "form",
        settle_s: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._door = door
        self._path = path
        self._secrets = secrets
        self._clock = clock
        self._grant = grant
        self._scope = scope
        self._client_in = client_in
        self._settle_s = settle_s
        self._monotonic = monotonic
        self._value: str | None = None
        self._renew_at: datetime | None = None
        self._expires_at: datetime | None = None
        self._minted = 0.0
        self._known: tuple[str, ...] = ()
        self._turn = asyncio.Lock()

    async def header(self) -> tuple[str, str]:
        if self._is_due():
            async with self._turn:
                if self._is_due():
                    await self._renew_if_possible()
        return "Authorization", self._value or ""

    async def renew(self, refused: str) -> bool:
        async with self._turn:
            if self._value is None or self._value == refused:
                self._value = None
                await self._mint()
        return True

    def settling_s(self) -> float:
        return max(0.0, self._settle_s - (self._monotonic() - self._minted)) if self._value else 0.0

    def secret_values(self) -> tuple[str, ...]:
        return (*self._known, self._value.removeprefix("Bearer ")) if self._value else self._known

    async def aclose(self) -> None:
        await self._door.aclose()
        self._turn = asyncio.Lock()  # a lock belongs to the event loop that first waited for it

    def _is_due(self) -> bool:
        return self._value is None or self._renew_at is None or self._clock.now() >= self._renew_at

    async def _renew_if_possible(self) -> None:
        """Renew; while the present token is still good, a token endpoint that is away does no harm."""
        try:
            await self._mint()
        except (TransientError, MaintenanceError):
            if self._value is None or self._expires_at is None or self._clock.now() >= self._expires_at:
                raise

    async def _mint(self) -> None:
        form, headers = self._question()
        try:
            answer = await self._door.request(
                "POST", self._path, form=form, headers=headers, is_write=False, expects=(200, 201)
            )
        except RejectedError as error:
            raise CredentialsError(
                error.system,
                f"the token endpoint {self._path} refused us: {error.message}. {_remedy(error.status)}, then "
                "`finsync secrets test`",
                status=error.status,
                answer=error.answer,
            ) from None
        except OutcomeUnknownError as error:  # a token asked for twice is only a token more
            raise TransientError(
                error.system,
                error.message,
                status=error.status,
                answer=error.answer,
                retry_after=error.retry_after,
            ) from None
        token = _token(answer)
        lifetime = timedelta(seconds=min(max(token.expires_in or LIFETIME_DEFAULT_S, 0), LIFETIME_MAX_S))
        now = self._clock.now()
        self._value = f"Bearer {token.access_token}"
        self._expires_at = now + lifetime
        self._renew_at = now + lifetime * EARLY_SHARE
        self._minted = self._monotonic()

    def _question(self) -> tuple[dict[str, str], dict[str, str]]:
        client_id, client_secret = self._secrets("client_id"), self._secrets("client_secret")
        self._known = (client_secret,)
        form: dict[str, str] = {"grant_type": self._grant}
        headers: dict[str, str] = {}
        if self._client_in == "basic":
            headers["Authorization"] = basic_value(client_id, client_secret)
            self._known += (headers["Authorization"].removeprefix("Basic "),)
        else:
            form |= {"client_id": client_id, "client_secret": client_secret}
        if self._grant == "password":
            password = self._secrets("password")
            form |= {"username": self._secrets("user"), "password": password}
            self._known += (password,)
        if self._scope:
            form["scope"] = self._scope
        self._door.hide(self._known)
        return form, headers


def basic_value(user: str, password: str) -> str:
    """Return the value of an Authorization header for user and password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _remedy(status: int | None) -> str:
    """Say what to check after a token was refused.

    >>> _remedy(404)
    'There is no token endpoint at this address: check base_url (docs/connect.md)'
    """
    if status == NOT_THERE:
        return "There is no token endpoint at this address: check base_url (docs/connect.md)"
    return "Check client id, secret and the list of scopes (a scope the client lacks makes the whole request fail)"


def _token(answer: Answer) -> _TokenAnswer:
    """Read the token endpoint's answer; its text is never repeated in an error, it may hold the token."""
    try:
        token = msgspec.json.decode(answer.content, type=_TokenAnswer, strict=False)
    except UNREADABLE:
        token = None
    if token is None or not token.access_token.isascii() or not token.access_token.isprintable():
        raise ProtocolError(
            answer.system,
            f"the token endpoint {answer.path} answered {answer.status} without a usable access_token. "
            "Check the token URL: a login page answers like this",
            status=answer.status,
        )
    if token.token_type.lower() != "bearer":
        raise ProtocolError(
            answer.system, f"the token endpoint {answer.path} gave a token that is not a bearer token"
        )
    return token


__all__ = ["Basic", "OAuthTokens", "StaticHeader", "TokenSource", "basic_value"]
