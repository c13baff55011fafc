"""Access tokens of Workday: for a refresh token that may be replaced with each use, or for an assertion that we sign.

A refresh token that came back is stored before the access token beside it is used: the old one may be worth nothing by then.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import httpx
import msgspec

from adapters.answer import UNREADABLE, Answer
from adapters.auth import basic_value
from adapters.base import Connection, Manifest, Secrets
from adapters.errors import (
    CredentialsError,
    MaintenanceError,
    OutcomeUnknownError,
    ProtocolError,
    RejectedError,
    SettingsError,
    TransientError,
)
from adapters.transport import Transport, bucket_for
from adapters.workday.options import Options
from store.clock import Clock

JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LIFE: Final = timedelta(minutes=4)
EARLY_SHARE: Final = 5 / 6
LIFETIME_DEFAULT_S: Final = 3600
REFRESH_TOKEN: Final = "refresh_token"  # noqa: S105


class _Token(msgspec.Struct):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int | None = None
    refresh_token: str | None = None


class Tokens:
    """Bearer tokens of one tenant; many requests at once wait for one renewal."""

    def __init__(
        self,
        system: str,
        connection: Connection,
        options: Options,
        manifest: Manifest,
        secrets: Secrets,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        try:
            url = httpx.URL(options.token_url or "")
        except httpx.InvalidURL:
            url = httpx.URL("")
        if url.scheme not in ("http", "https") or not url.host:
            raise SettingsError(system, "options.token_url must be an address, as View API Clients shows it")
        origin = str(url.copy_with(path="/", query=None)).rstrip("/")
        self._system = system
        self._path = url.path
        self._options = options
        self._secrets = secrets
        self._clock = clock
        self._door = Transport(
            system,
            connection.model_copy(update={"base_url": origin}),
            auth=None,
            limiter=bucket_for(connection, manifest),
            clock=clock,
            transport=transport,
        )
        self._value: str | None = None
        self._renew_at: datetime | None = None
        self._ends_at: datetime | None = None
        self._unsaved: str | None = None
        """A refresh token that came back and could not be stored yet: nothing is asked before it is."""
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
        return 0.0

    def secret_values(self) -> tuple[str, ...]:
        return (*self._known, self._value.removeprefix("Bearer ")) if self._value else self._known

    async def aclose(self) -> None:
        await self._door.aclose()
        self._turn = asyncio.Lock()  # a lock belongs to the event loop that first waited for it

    def _is_due(self) -> bool:
        is_old = self._renew_at is None or self._clock.now() >= self._renew_at
        return self._value is None or self._unsaved is not None or is_old

    async def _renew_if_possible(self) -> None:
        """Renew; while the present token is still good, a token endpoint that is away does no harm."""
        try:
            await self._mint()
        except (TransientError, MaintenanceError):
            if self._value is None or self._ends_at is None or self._clock.now() >= self._ends_at:
                raise

    async def _mint(self) -> None:
        self._save()
        form, headers = self._question()
        self._door.hide(self._known)
        try:
            answer = await self._door.request(
                "POST", self._path, form=form, headers=headers, is_write=False, is_private=True
            )
        except RejectedError as error:
            raise CredentialsError(
                self._system,
                f"the token endpoint {self._path} refused us ({error.status}). Check that the API client is enabled and "
                f"its {_REMEDY[self._options.auth]}, then `finsync secrets test {self._system}`",
                status=error.status,
            ) from None
        except OutcomeUnknownError as error:
            raise TransientError(self._system, error.message, status=error.status) from None
        token = _read(answer)
        if token.refresh_token and token.refresh_token != form.get(REFRESH_TOKEN):
            self._known += (token.refresh_token,)
            self._unsaved = token.refresh_token
            self._save()
        lifetime = timedelta(seconds=max(token.expires_in or LIFETIME_DEFAULT_S, 0))
        now = self._clock.now()
        self._value = f"Bearer {token.access_token}"
        self._renew_at, self._ends_at = now + lifetime * EARLY_SHARE, now + lifetime

    def _save(self) -> None:
        if self._unsaved is not None:
            self._secrets.put(REFRESH_TOKEN, self._unsaved)
            self._unsaved = None

    def _question(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        client_id = self._secrets("client_id")
        if self._options.auth == "jwt_bearer":
            assertion = self._assertion(client_id)
            self._known = (assertion,)
            return {"grant_type": JWT_GRANT, "assertion": assertion}, {}
        client_secret, refresh_token = self._secrets("client_secret"), self._secrets(REFRESH_TOKEN)
        authorization = basic_value(client_id, client_secret)
        self._known = (client_secret, refresh_token, authorization.removeprefix("Basic "))
        return (
            {"grant_type": REFRESH_TOKEN, REFRESH_TOKEN: refresh_token},
            {"Authorization": authorization},
        )

    def _assertion(self, client_id: str) -> str:
        """Sign who we are, for a few minutes."""
        claims = {
            "iss": client_id,
            "sub": self._secrets("user"),
            "aud": self._options.audience,
            "exp": int((self._clock.now() + ASSERTION_LIFE).timestamp()),
        }
        signed = b".".join(
            _packed(msgspec.json.encode(one)) for one in ({"alg": "RS256", "typ": "JWT"}, claims)
        )
        return f"{signed.decode()}.{_packed(_signature(self._system, self._secrets('private_key'), signed)).decode()}"


_REMEDY: Final = {
    "refresh_token": "refresh token was not revoked (a sandbox loses it when it is refreshed from production)",
    "jwt_bearer": "x509 certificate belongs to the secret private_key, and that audience is what this tenant expects",
}


def _signature(system: str, private_key: str, signed: bytes) -> bytes:
    # Loaded by whoever signs: the others need not pay for it.
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(private_key.encode(), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise CredentialsError(
            system, "the secret private_key is no RSA key in PEM form without a passphrase. Set it again"
        )
    return key.sign(signed, padding.PKCS1v15(), SHA256())


def _packed(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _read(answer: Answer) -> _Token:
    """Read a token; the answer's text is never repeated in an error."""
    try:
        token = msgspec.json.decode(answer.content, type=_Token, strict=False)
    except UNREADABLE:
        token = None
    is_usable = token is not None and token.access_token.isascii() and token.access_token.isprintable()
    if token is None or not is_usable or token.token_type.lower() != "bearer":
        raise ProtocolError(
            answer.system,
            f"the token endpoint {answer.path} answered {answer.status} without a bearer token. Check options.token_url: "
            "a login page answers like this",
            status=answer.status,
        )
    return token
