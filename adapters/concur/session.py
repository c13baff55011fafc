"""Being signed in at Concur: one company token, the data centre it belongs to, and both kept before they are used.

A company request token makes the first session; from then on a refresh token renews it, and each answer may
replace the refresh token and move us to another data centre. Whatever came back is stored in one write before
the next call. Every request of the adapter goes through here.
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from adapters import judgement
from adapters.answer import Answer
from adapters.base import Connection, Manifest, Secrets
from adapters.concur import auth, failures
from adapters.concur.options import Options
from adapters.errors import (
    AdapterError,
    CredentialsError,
    MaintenanceError,
    OutcomeUnknownError,
    ProtocolError,
    TransientError,
)
from adapters.transport import Transport, bucket_for
from store.clock import Clock

CORRELATION: Final = "concur-correlationid"
SESSION: Final = "session"
EARLY_SHARE: Final = 5 / 6
"""A token is renewed when this share of its life is over."""
PAUSE: Final = timedelta(minutes=5)
"""How long Concur asks to be left alone after a 503 or a time-out."""
NOTICES_MAX: Final = 50

log = logging.getLogger("finsync.adapters")


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    base: str
    renew_at: datetime
    expires_at: datetime


class Session:
    """One company's way in."""

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
        self.system = system
        self.notices: dict[str, str] = {}
        """What Concur warned of, by endpoint: deprecations."""
        self._connection = connection
        self._options = options
        self._connections_max = manifest.connections_max
        self._limiter = bucket_for(connection, manifest)
        self._secrets = secrets
        self._clock = clock
        self._given = transport
        self._maintenance = re.compile(judgement.MAINTENANCE, re.IGNORECASE)
        self._transports: dict[str, Transport] = {}
        self._tokens: dict[bool, _Token] = {}
        """By whether it is the application's own token instead of the company's."""
        self._unsaved: auth.Kept | None = None
        self._turn = asyncio.Lock()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        is_write: bool,
        expects: Collection[int] = (200, 201, 204),
        as_application: bool = False,
    ) -> Answer:
        """Send one request to the data centre of this session; after a 401 or 403 once more with a new token."""
        refused: _Token | None = None
        while True:
            token = await self._token(as_application, refused)
            sent_id = str(uuid.uuid4())
            try:
                answer = await self._transport(token.base).request(
                    method,
                    path,
                    params=params,
                    headers={"Authorization": f"Bearer {token.value}", CORRELATION: sent_id},
                    json=json,
                    is_write=is_write,
                    expects=expects,
                )
            except CredentialsError as error:
                if refused is None and error.status in (401, 403):
                    refused = token
                    continue
                raise self._traced(error, sent_id) from None
            except AdapterError as error:
                raise self._traced(_paused(error), sent_id) from None
            self._note(answer, sent_id)
            return answer

    def company_id(self) -> str:
        """Return the company's UUID: it names the company in new users as well."""
        return self._secrets("company_uuid")

    async def aclose(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()
        self._turn = asyncio.Lock()  # a lock belongs to the event loop that first waited for it

    def _transport(self, base: str) -> Transport:
        found = self._transports.get(base)
        if found is None:
            found = self._transports[base] = Transport(
                self.system,
                self._connection.model_copy(update={"base_url": base}),
                auth=None,
                limiter=self._limiter,
                clock=self._clock,
                transport=self._given,
                connections_max=self._connections_max,
                classify=failures.classify,
            )
        return found

    async def _token(self, as_application: bool, refused: _Token | None) -> _Token:
        """Return a token that should be good; many requests at once wait for one renewal."""
        async with self._turn:
            self._save_what_is_not()
            held = self._tokens.get(as_application)
            now = self._clock.now()
            if held is not None and held is not refused and now < held.renew_at:
                return held
            try:
                held = await self._application_token() if as_application else await self._company_token()
            except (TransientError, MaintenanceError):  # while the present token is good, this does no harm
                if held is None or held is refused or now >= held.expires_at:
                    raise
            self._tokens[as_application] = held
            return held

    async def _company_token(self) -> _Token:
        kept = self._kept()
        self._client()  # what is not set is said before anything has to be kept
        if kept is None:
            for name in ("company_uuid", "request_token"):
                self._secrets(name)
        # Tried before anything is asked for: a token that can't be kept would be lost, and with it the session.
        self._secrets.put(SESSION, (kept or auth.Kept(geolocation=self._connection.base_url)).to_text())
        if kept is None or not kept.refresh_token:
            return await self._first(kept, None)
        try:
            return await self._refreshed(kept)
        except _WornError as error:
            worn = error.refusal
        newer = self._kept()
        if newer is not None and newer.refresh_token not in ("", kept.refresh_token):
            try:  # another process of ours was faster
                return await self._refreshed(newer)
            except _WornError as error:
                worn = error.refusal
        return await self._first(kept, worn)

    async def _refreshed(self, kept: auth.Kept) -> _Token:
        form = {**self._client(), "grant_type": "refresh_token", "refresh_token": kept.refresh_token}
        base = auth.trusted_base(
            kept.geolocation or self._connection.base_url,
            self._connection.base_url,
            self._options.domain_suffix,
        )
        answer, asked = await self._ask(base or self._connection.base_url, form)
        return self._taken(answer, asked, kept)

    async def _first(self, kept: auth.Kept | None, refusal: AdapterError | None) -> _Token:
        """Make a session from the company's request token, unless that is the one that made the last one."""
        try:
            company, request_token = self._secrets("company_uuid"), self._secrets("request_token")
        except CredentialsError:
            if refusal is not None:
                raise refusal from None
            raise
        made_with = auth.fingerprint(request_token)
        if refusal is not None and kept is not None and kept.made_with == made_with:
            raise refusal
        form = {
            **self._client(),
            "grant_type": "password",
            "credtype": "authtoken",
            "username": company,
            "password": request_token,
        }
        try:
            answer, asked = await self._ask(self._connection.base_url, form)
        except _WornError as worn:
            raise worn.refusal from None
        return self._taken(answer, asked, auth.Kept(made_with=made_with))

    async def _application_token(self) -> _Token:
        """Return the application's own token: event subscriptions take no other. It is not kept."""
        kept = self._kept()
        form = {**self._client(), "grant_type": "client_credentials"}
        base = (kept.geolocation if kept else "") or self._connection.base_url
        try:
            answer, asked = await self._ask(base, form)
        except _WornError as worn:
            raise worn.refusal from None
        token = auth.read_token(answer)
        return self._held(token, self._moved(token.geolocation) or asked)

    def _taken(self, answer: Answer, asked: str, kept: auth.Kept) -> _Token:
        """Keep what came back, whole, then use it."""
        token = auth.read_token(answer)
        moved = self._moved(token.geolocation)
        base = moved or asked
        fresh = auth.Kept(token.refresh_token or kept.refresh_token, base, kept.made_with)
        self._unsaved = fresh if fresh != kept else None
        self._save_what_is_not()
        if token.geolocation and moved is None:
            raise ProtocolError(
                self.system,
                "the token answer moves us to a host that is none of this company's data centres. It was not "
                f"followed; the token was kept with {asked}. If the host is right, set the option domain_suffix",
            )
        return self._held(token, base)

    def _held(self, token: auth.TokenAnswer, base: str) -> _Token:
        lifetime = timedelta(seconds=token.lifetime_s)
        now = self._clock.now()
        self._transport(base).hide((token.access_token,))
        return _Token(token.access_token, base, now + lifetime * EARLY_SHARE, now + lifetime)

    def _save_what_is_not(self) -> None:
        """Store what an earlier answer brought; no call is made before that has worked."""
        if self._unsaved is not None:
            self._secrets.put(SESSION, self._unsaved.to_text())
            self._unsaved = None

    async def _ask(self, base: str, form: dict[str, str]) -> tuple[Answer, str]:
        """Ask for a token, and where a principal lives elsewhere once more there."""
        answer = await self._exchange(base, form)
        refusal = auth.read_refusal(answer) if answer.status != 200 else None
        moved = self._moved(refusal.geolocation) if refusal and refusal.code == auth.MOVED else None
        if moved is not None and moved != base:
            base = moved
            answer = await self._exchange(base, form)
            refusal = auth.read_refusal(answer) if answer.status != 200 else None
        if refusal is None:
            return answer, base
        description = self._transport(base).clean(refusal.error_description)[:200]
        found = auth.refused(answer, refusal, description)
        if refusal.code in auth.WORN and found is not None:
            raise _WornError(found)
        if found is not None:
            raise found
        text = self._transport(base).clean(answer.content[:2000].decode("utf-8", "replace"))
        raise _paused(
            judgement.judge(
                answer,
                text,
                None,
                self._maintenance,
                self._clock.now(),
                wait_max=self._connection.retry_after_max,
            )
        )

    async def _exchange(self, base: str, form: dict[str, str]) -> Answer:
        door = self._transport(base)
        door.hide([form[name] for name in ("client_secret", "refresh_token", "password") if name in form])
        try:
            return await door.request(
                "POST",
                auth.TOKEN_PATH,
                form=form,
                headers={CORRELATION: str(uuid.uuid4())},
                is_write=False,
                expects=(200, 400, 401, 403, 404, 500, 503),
            )
        except OutcomeUnknownError as error:
            raise TransientError(
                self.system, error.message, status=error.status, retry_after=error.retry_after
            ) from None
        except AdapterError as error:
            raise _paused(error) from None

    def _kept(self) -> auth.Kept | None:
        try:
            text = self._secrets(SESSION)
        except CredentialsError:
            return None  # not set: this is the first time
        return auth.parse_kept(self.system, text)

    def _client(self) -> dict[str, str]:
        return {"client_id": self._secrets("client_id"), "client_secret": self._secrets("client_secret")}

    def _moved(self, geolocation: str | None) -> str | None:
        if not geolocation:
            return None
        return auth.trusted_base(geolocation, self._connection.base_url, self._options.domain_suffix)

    def _traced(self, error: AdapterError, sent_id: str) -> AdapterError:
        """Add the id by which the vendor's support finds the call to the evidence."""
        error.answer = f"{error.answer}\n{CORRELATION}: {sent_id}".lstrip()
        log.info("%s failed, %s %s", self.system, CORRELATION, sent_id)
        return error

    def _note(self, answer: Answer, sent_id: str) -> None:
        log.debug(
            "%s %s %s: %s, %s %s answered %s",
            self.system,
            answer.method,
            answer.path,
            answer.status,
            CORRELATION,
            sent_id,
            answer.headers.get(CORRELATION, "none"),
        )
        warned = [
            f"{name} {answer.headers[name]}" for name in ("x-api-warn", "sunset") if name in answer.headers
        ]
        if warned and len(self.notices) < NOTICES_MAX:
            endpoint = f"{answer.method} {_generic(answer.path)}"
            if endpoint not in self.notices:
                self.notices[endpoint] = "; ".join(warned)[:300]
                log.warning("%s: %s will change: %s", self.system, endpoint, self.notices[endpoint])


class _WornError(Exception):
    """The refresh token is not taken any more."""

    def __init__(self, refusal: AdapterError) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


def _paused(error: AdapterError) -> AdapterError:
    """Give a 503 or a time-out the wait that Concur asks for, unless the answer named one."""
    if isinstance(error, TransientError) and error.retry_after is None:
        is_timeout = isinstance(error.__context__, TimeoutError | httpx.TimeoutException)
        if error.status == 503 or is_timeout:
            error.retry_after = PAUSE
    return error


_IDS: Final = re.compile(r"(?<=/)(?=[^/]*\d)[0-9A-Za-z$-]{12,}(?=/|$)")


def _generic(path: str) -> str:
    """Return a path without the ids in it.

    >>> _generic("/api/v3.0/expense/reports/4E6593CB987D459C88FA")
    '/api/v3.0/expense/reports/…'
    """
    return _IDS.sub("…", path)
