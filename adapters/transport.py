"""One system's door: every request of an adapter goes through here.

It knows what is common to all systems: credentials, rate, sizes, time-outs, and which class of failure an
answer or its absence is. The breaker, retries and parking live in the engine; here a request is sent once,
and once more only after a 401.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

import httpx
import msgspec

from adapters import judgement, libraries, watching
from adapters.answer import Answer
from adapters.base import Connection, Manifest
from adapters.errors import (
    AdapterError,
    OutcomeUnknownError,
    ProtocolError,
    SettingsError,
    TransientError,
)
from adapters.limits import Sleep, TokenBucket
from adapters.redaction import forms, without
from adapters.tls import context_for
from store.calls import BODY_CHARS_MAX
from store.clock import Clock

CONNECT_TIMEOUT_MAX_S = 15.0
EXCHANGE_TIMEOUTS = 5
"""A whole exchange may take this many times `timeout_s`: each byte in time must not mean for ever."""
REDIRECTS_MAX = 3
BURST_S = 0.5
"""The bucket holds this many seconds' worth of calls."""
CONNECTIONS_DEFAULT = 4
CHUNK_BYTES = 64 * 1024
_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
"""A path that stays as it is written: nothing to encode, no dots to resolve."""
_ALWAYS = {
    "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
    "User-Agent": f"python-httpx/{httpx.__version__}",
}
"""What every request says besides its own."""

log = logging.getLogger("finsync.adapters")
libraries.keep_quiet()


class TokenSource(Protocol):
    """Gives each request its credentials. `adapters.auth` has the usual ones."""

    async def header(self) -> tuple[str, str]:
        """Return name and value of the header to send."""
        ...

    async def renew(self, refused: str) -> bool:
        """`refused` was not accepted: get another value unless that has happened meanwhile. False: there is
        none.
        """
        ...

    def settling_s(self) -> float:
        """Return for how many seconds the present value may still be unknown to the system."""
        ...

    def secret_values(self) -> tuple[str, ...]:
        """Return what must not be seen in any text."""
        ...

    async def aclose(self) -> None: ...


def bucket_for(connection: Connection, manifest: Manifest) -> TokenBucket:
    """Return the rate limit of one connection: its own figure, else the manifest's."""
    rate = connection.requests_per_second or manifest.requests_per_second
    return TokenBucket(rate, max(1, int(rate * BURST_S)))


class Transport:
    """Sends requests to one system and sorts what comes back.

    After `aclose` it opens again when next used, so an event loop may come and go.
    """

    def __init__(
        self,
        system: str,
        connection: Connection,
        *,
        auth: TokenSource | None,
        limiter: TokenBucket,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
        connections_max: int = CONNECTIONS_DEFAULT,
        classify: judgement.Classify | None = None,
        maintenance: str = judgement.MAINTENANCE,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.system = system
        self.base = _base_url(system, connection.base_url)
        self._root = httpx.URL(str(self.base).rstrip("/"))
        self._connection = connection
        self._auth = auth
        self._limiter = limiter
        self._clock = clock
        self._given = transport
        self._connections_max = connection.connections_max or connections_max
        self._classify = classify
        self._maintenance = re.compile(maintenance, re.IGNORECASE)
        self._sleep = sleep
        self._hidden: tuple[str, ...] = ()
        self._secrets: tuple[str, ...] = ()
        self._secret_forms: tuple[str, ...] = ()
        self._pool: httpx.AsyncBaseTransport | None = None
        self._cookies = httpx.Cookies()
        timeout = httpx.Timeout(
            connection.timeout_s, connect=min(connection.timeout_s, CONNECT_TIMEOUT_MAX_S)
        )
        self._extensions = {"timeout": timeout.as_dict()}
        self._slots: asyncio.Semaphore | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        is_write: bool,
        is_private: bool = False,
        expects: Collection[int] = (200, 201, 204),
    ) -> Answer:
        """Send one request and return its answer; any other outcome is an AdapterError by class of failure.

        `path` begins with a slash and is appended to the base URL; a whole URL (a link the system gave us)
        must have the same origin, or it is refused unsent. Of an answer that is private no error keeps anything.
        """
        url = self._url(path, params or {})
        body, extra = _body(json, content, form)
        sent_headers = {"Accept": "application/json", **extra, **(headers or {})}
        ask = _Question(method, url, _shown(url), sent_headers, body, is_write, is_private)
        watch = watching.present()
        try:
            answer = await self._send_authorised(ask)
        except AdapterError as error:
            if watch is not None:
                watch.note(method, ask.shown, error.status, self._kept(ask))
            raise
        if watch is not None:
            watch.note(method, ask.shown, answer.status, self._kept(ask))
        if answer.status in expects:
            return answer
        raise judgement.judge(
            answer,
            answer.excerpt(),
            self._classify,
            self._maintenance,
            self._clock.now(),
            wait_max=self._connection.retry_after_max,
        )

    def _kept(self, ask: _Question) -> str:
        """Return what is kept of a body: of what only asks nothing, of a file its size; credentials of none."""
        if not ask.is_write or not ask.body:
            return ""
        if not ask.body.startswith((b"{", b"[", b"<")):
            return f"({len(ask.body):,} bytes of a file, not kept)"
        # Cleaned before it is cut: half a secret is a secret, too.
        return self.clean(ask.body[: 4 * BODY_CHARS_MAX].decode("utf-8", "replace"))

    def hide(self, secrets: Collection[str]) -> None:
        """Remember texts that must not appear in any error or log line."""
        self._hidden = tuple({*self._hidden, *secrets})

    def clean(self, text: str) -> str:
        """Return `text` without credentials."""
        secrets = (*self._hidden, *(self._auth.secret_values() if self._auth else ()))
        if secrets != self._secrets:
            self._secrets, self._secret_forms = secrets, forms(secrets)
        return without(text, self._secret_forms)

    async def aclose(self) -> None:
        pool, self._pool, self._slots, self._loop = self._pool, None, None, None
        if pool is not None:
            await pool.aclose()
        if self._auth is not None:
            await self._auth.aclose()

    async def _send_authorised(self, ask: _Question) -> Answer:
        """Send; after a 401 with another credential once more, and once again when that was too young to be
        known.
        """
        if self._auth is None:
            return await self._follow(ask)
        name, value = await self._auth.header()
        answer = await self._follow(ask.with_header(name, value))
        if answer.status != 401 or not await self._auth.renew(value):
            return answer
        name, value = await self._auth.header()
        answer = await self._follow(ask.with_header(name, value))
        settling_s = self._auth.settling_s()
        if answer.status == 401 and settling_s > 0:
            await self._sleep(settling_s)
            answer = await self._follow(ask.with_header(name, value))
        return answer

    async def _follow(self, ask: _Question) -> Answer:
        """Send a read on to where the same system redirects it; anything else ends here."""
        for _ in range(REDIRECTS_MAX + 1):
            answer = await self._exchange(ask)
            target = answer.headers.get("location")
            if answer.status not in (301, 302, 303, 307, 308) or target is None or ask.is_write:
                return answer
            url = self._target(ask, target, answer.status)
            if ask.method not in ("GET", "HEAD") or not _is_same_origin(url, self.base):
                raise ProtocolError(
                    self.system,
                    f"{ask.method} {ask.shown} was redirected to {_origin(url)}, which is not "
                    f"{_origin(self.base)}; it was not followed, credentials stay with their system. "
                    "Correct base_url, or sign-on pages in front of the API",
                    status=answer.status,
                )
            ask = ask.moved_to(url)
        raise ProtocolError(
            self.system, f"{ask.method} {ask.shown} is redirected in a circle. Check base_url"
        )

    def _target(self, ask: _Question, target: str, status: int) -> httpx.URL:
        try:
            return ask.url.join(target)
        except httpx.InvalidURL:
            raise ProtocolError(
                self.system,
                f"{ask.method} {ask.shown} was redirected to something that is no address. Check base_url",
                status=status,
            ) from None

    async def _exchange(self, ask: _Question) -> Answer:
        pool, slots = self._open()
        async with slots:
            await self._limiter.acquire()
            try:
                async with asyncio.timeout(self._connection.timeout_s * EXCHANGE_TIMEOUTS):
                    answer = await self._receive(pool, ask)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
                raise TransientError(
                    self.system,
                    f"{ask.method} {ask.shown} was not sent, {_origin(self.base)} cannot be reached "
                    f"({self._reason(error)}). Check base_url, proxy and certificates if it stays so",
                ) from None
            except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError) as error:
                raise SettingsError(
                    self.system, f"{ask.method} {ask.shown} cannot be sent: {self._reason(error)}"
                ) from None
            except (httpx.HTTPError, TimeoutError) as error:
                raise self._lost(ask, self._reason(error)) from None
        log.debug("%s %s %s: %s", self.system, ask.method, ask.shown, answer.status)
        return answer

    async def _receive(self, pool: httpx.AsyncBaseTransport, ask: _Question) -> Answer:
        """Send over the pool itself: what httpx's client does around it (redirects, hooks, merging of its own defaults) is
        done here or not at all, and costs as much as sending.
        """
        request = httpx.Request(
            ask.method,
            ask.url,
            headers=_ALWAYS | ask.headers,
            content=ask.body,
            extensions=self._extensions,
        )
        if self._cookies:
            self._cookies.set_cookie_header(request)
        response = await pool.handle_async_request(request)
        response.request = request
        try:
            if "set-cookie" in response.headers:
                self._cookies.extract_cookies(response)
            content = await self._read_capped(response, ask)
        finally:
            await response.aclose()
        return self._answer(response, content, ask)

    def _answer(self, response: httpx.Response, content: bytes, ask: _Question) -> Answer:
        return Answer(
            response.status_code,
            response.headers,
            content,
            self.system,
            ask.method,
            ask.shown,
            ask.is_write,
            ask.is_private,
            self.clean,
        )

    async def _read_capped(self, response: httpx.Response, ask: _Question) -> bytes:
        """Read the body, but never more of it than we are willing to hold (after decompression)."""
        limit = self._connection.answer_bytes_max
        announced = response.headers.get("content-length", "")
        is_beyond = announced.isdigit() and int(announced) > limit
        chunks: list[bytes] = []
        size = 0
        is_packed = "content-encoding" in response.headers
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream), "a pool answers in the way it was asked"
        async for chunk in response.aiter_bytes(CHUNK_BYTES) if is_packed else stream:
            size += len(chunk)
            chunks.append(chunk)
            if is_beyond or size > limit:
                break
        content = b"".join(chunks)
        if is_beyond or size > limit:  # of what is not read, the beginning says what came instead
            raise self._too_large(ask, limit, self._answer(response, content, ask))
        return content

    def _too_large(self, ask: _Question, limit: int, answer: Answer) -> AdapterError:
        text = (
            f"the answer to {ask.method} {ask.shown} is larger than {limit:,} bytes (answer_bytes_max) and "
            "was not read. Ask for smaller pages, or raise answer_bytes_max of this system if such answers "
            "are expected"
        )
        if ask.is_write:
            return OutcomeUnknownError(self.system, text, status=answer.status, answer=answer.excerpt())
        return ProtocolError(self.system, text, status=answer.status, answer=answer.excerpt())

    def _lost(self, ask: _Question, reason: str) -> AdapterError:
        if ask.is_write:
            return OutcomeUnknownError(
                self.system,
                f"{ask.method} {ask.shown} was sent, but no trustworthy answer came ({reason}); it may have "
                "been done. It is looked up before it is sent again",
            )
        return TransientError(self.system, f"{ask.method} {ask.shown} got no whole answer ({reason})")

    def _reason(self, error: Exception) -> str:
        words = self.clean(str(error))
        return words or type(error).__name__

    def _url(self, path: str, params: Mapping[str, str | int]) -> httpx.URL:
        if path.startswith("/"):
            if "?" not in path:
                query = "&".join([_argument(name, value) for name, value in params.items()])
                if _PLAIN_PATH.fullmatch(path):
                    return _at(self._root, path, query)
                return _at(httpx.URL(f"{self._root}{path}"), "", query)
            url = httpx.URL(f"{self._root}{path}")
        else:
            url = httpx.URL(path)
        if not _is_same_origin(url, self.base):
            raise ProtocolError(
                self.system,
                f"a link leads to {_origin(url)}, which is not {_origin(self.base)}; it was not followed, "
                "credentials stay with their system",
            )
        return url.copy_merge_params(params) if params else url

    def _open(self) -> tuple[httpx.AsyncBaseTransport, asyncio.Semaphore]:
        loop = asyncio.get_running_loop()
        if self._pool is None or self._slots is None or self._loop is not loop:
            self._pool = self._given or _pool(self.system, self._connection, self._connections_max)
            self._slots = asyncio.Semaphore(self._connections_max)
            self._loop = loop
        return self._pool, self._slots


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    url: httpx.URL
    shown: str
    """The path without query: what errors and log lines name."""
    headers: dict[str, str]
    body: bytes | None
    is_write: bool
    is_private: bool

    def with_header(self, name: str, value: str) -> _Question:
        return replace(self, headers={**self.headers, name: value})

    def moved_to(self, url: httpx.URL) -> _Question:
        return replace(self, url=url, shown=_shown(url))


@lru_cache(maxsize=512, typed=True)
def _argument(name: str, value: str | int) -> str:
    """Return one argument of a query as httpx writes it. Remembered: a read repeats all but one with each page, and the
    list of fields that is asked for may be a thousand characters long.

    >>> _argument("id[gt]", 40), _argument("active", True)
    ('id%5Bgt%5D=40', 'active=true')
    """
    return str(httpx.QueryParams({name: value}))


def _at(url: httpx.URL, path: str, query: str) -> httpx.URL:
    """Return the URL with more of a path, and a query, that are encoded already.

    Given as text, httpx would look at each of their characters again: half a millisecond where all fields are named, as
    long as reading the rows takes that come back. It has no public way to take them as they are.
    """
    whole = httpx.URL(url)
    said = url._uri_reference
    whole._uri_reference = said._replace(path=said.path + path if path else said.path, query=query or None)
    return whole


def _pool(system: str, connection: Connection, connections_max: int) -> httpx.AsyncBaseTransport:
    from adapters.pool import Pool  # aiohttp is loaded when a system is first called

    context = context_for(system, connection.ca_bundle, connection.client_certificate)
    try:
        proxy = httpx.Proxy(connection.proxy) if connection.proxy else None
    except (ValueError, httpx.InvalidURL):
        raise SettingsError(system, "proxy is not a URL like http://proxy.example.com:8080") from None
    return Pool(context, connections_max, proxy)


def _body(
    json: Any, content: bytes | None, form: Mapping[str, str] | None
) -> tuple[bytes | None, dict[str, str]]:
    """Return the bytes to send and the header that names their format."""
    if sum(part is not None for part in (json, content, form)) > 1:
        raise ValueError("a request has one body: json, content or form")
    if json is not None:
        return msgspec.json.encode(json), {"Content-Type": "application/json"}
    if form is not None:
        body = str(httpx.QueryParams(dict(form))).encode()
        return body, {"Content-Type": "application/x-www-form-urlencoded"}
    return content, {}


def _base_url(system: str, text: str) -> httpx.URL:
    """Read a base URL; it is where credentials go, so it must be plain about the host."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingsError(
            system, "base_url must be an http or https address, like https://acme.coupahost.com"
        )
    if url.userinfo or url.query or url.fragment:
        raise SettingsError(
            system,
            "base_url must hold no user, password, query or fragment; credentials belong in the keyring",
        )
    return url


def _origin(url: httpx.URL) -> str:
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{url.host}{port}"


def _is_same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    """Compare scheme, host and port; a default port written out (as Oracle's links do) is no difference."""
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


def _shown(url: httpx.URL) -> str:
    return url.path
