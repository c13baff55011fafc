"""The connections to one system: the package httpx-aiohttp, told apart by whether anything was sent.

httpx's own pool costs ten times the CPU at 32 connections (docs/decisions). What httpx-aiohttp does not give
us, and this module adds: an error that says truly whether the request may have reached the other side, the
URL exactly as httpx encoded it, and no silent second sending of a PUT on a connection the server had closed.

Imported by `transport` when a system is first called: aiohttp costs 0.2 s of start-up.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator

import httpx
import yarl

from adapters.tls import no_certificates_read

with no_certificates_read():
    import aiohttp
    from httpx_aiohttp import AiohttpTransport
    from httpx_aiohttp.transport import AiohttpResponseStream

KEEPALIVE_S = 4.0
"""Shorter than common servers' five seconds: a connection closed under a write leaves its outcome unknown."""

# Raised before the first byte of the request has left.
_BEFORE_SENDING = (
    aiohttp.ClientConnectorError,  # refused, DNS, TLS handshake, proxy unreachable
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ServerFingerprintMismatch,
)


class Pool(AiohttpTransport):
    """An httpx transport over one aiohttp session."""

    def __init__(self, context: ssl.SSLContext, connections_max: int, proxy: httpx.Proxy | None) -> None:
        limits = httpx.Limits(max_connections=connections_max, keepalive_expiry=KEEPALIVE_S)
        super().__init__(verify=context, limits=limits, proxy=proxy, client=self._session)
        self._proxy_headers = dict(proxy.headers) if proxy else {}
        if proxy and proxy.auth:
            login = base64.b64encode(":".join(proxy.auth).encode()).decode()
            self._proxy_headers["Proxy-Authorization"] = f"Basic {login}"

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self.limits.max_connections or 0, keepalive_timeout=KEEPALIVE_S, ssl=self.ssl_context
        )
        session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        # aiohttp repeats GET, PUT and DELETE by itself when a kept connection turns out to be closed.
        # Whether a write may be repeated is for delivery to decide; aiohttp's own test client switches this
        # off the same way.
        session._retry_connection = False
        return session

    def _headers(self, request: httpx.Request) -> list[tuple[str, str]]:
        """Return what is sent: the proxy's own headers belong to the tunnel, and without one to the
        request.
        """
        own = [(name.decode("ascii"), value.decode("ascii")) for name, value in request.headers.raw]
        if not self._proxy_headers or request.url.scheme == "https":
            return own
        return list({**dict(own), **self._proxy_headers}.items())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not isinstance(self.client, aiohttp.ClientSession):
            self.client = self.get_client()
        timeout = request.extensions.get("timeout", {})
        try:
            answer = await self.client.request(
                request.method,
                yarl.URL(str(request.url), encoded=True),
                headers=self._headers(request),
                data=request.content or None,
                allow_redirects=False,
                auto_decompress=False,
                compress=False,
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=timeout.get("pool"),
                    sock_connect=timeout.get("connect"),
                    sock_read=timeout.get("read"),
                ),
                proxy=str(self.proxy.url) if self.proxy else None,
                proxy_headers=self._proxy_headers,
            )
        except _BEFORE_SENDING as error:
            raise httpx.ConnectError(_words(error), request=request) from None
        except TimeoutError as error:
            raise httpx.ReadTimeout(_words(error), request=request) from None
        except (aiohttp.ClientError, OSError) as error:
            raise httpx.ReadError(_words(error), request=request) from None
        return httpx.Response(
            answer.status,
            headers=answer.raw_headers,
            stream=_Body(AiohttpResponseStream(answer), request),
            request=request,
            extensions={"http_version": b"HTTP/1.1"},
        )


class _Body(httpx.AsyncByteStream):
    """The answer's body; whatever breaks here broke after sending."""

    def __init__(self, stream: AiohttpResponseStream, request: httpx.Request) -> None:
        self._stream = stream
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                yield chunk
        except httpx.TransportError as error:
            raise httpx.ReadError(_words(error), request=self._request) from None
        except TimeoutError as error:
            raise httpx.ReadTimeout(_words(error), request=self._request) from None
        except (aiohttp.ClientError, OSError) as error:
            raise httpx.ReadError(_words(error), request=self._request) from None

    async def aclose(self) -> None:
        await self._stream.aclose()


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
