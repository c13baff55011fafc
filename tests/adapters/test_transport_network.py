"""Private CA, client certificate and proxy, over real sockets on loopback."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.answer import Answer
from adapters.base import Connection
from adapters.errors import AdapterError, OutcomeUnknownError, SettingsError, TransientError
from adapters.limits import TokenBucket
from adapters.transport import Transport
from store.clock import VirtualClock

TLS = Path(__file__).parent / "tls"
CA, SERVER, CLIENT = (str(TLS / name) for name in ("ca.pem", "server.pem", "client.pem"))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]"

Respond = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def a_server(respond: Respond, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await asyncio.start_server(respond, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def a_server_context(*, wants_client: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SERVER)
    if wants_client:
        context.load_verify_locations(CA)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def answer_ok(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK)
    writer.close()


async def ask(base_url: str, *, is_write: bool = False, **settings: object) -> Answer:
    connection = Connection.model_validate(
        {"adapter": "coupa", "base_url": base_url, "timeout_s": 5, **settings}
    )
    clock = VirtualClock(datetime(2026, 1, 5, tzinfo=UTC))
    transport = Transport("coupa", connection, auth=None, limiter=TokenBucket(1e6, 100), clock=clock)
    try:
        return await transport.request("PUT" if is_write else "GET", "/api/x", is_write=is_write)
    finally:
        await transport.aclose()


def test_a_private_ca_is_trusted_when_it_is_named() -> None:
    """Without ca_bundle the connection is refused before anything is sent, also for a write."""

    async def run() -> tuple[Answer, AdapterError]:
        async with a_server(answer_ok, a_server_context()) as port:
            with pytest.raises(AdapterError) as caught:
                await ask(f"https://127.0.0.1:{port}", is_write=True)
            return await ask(f"https://127.0.0.1:{port}", ca_bundle=CA), caught.value

    answer, error = asyncio.run(run())

    assert 200 == answer.status
    assert TransientError is type(error)
    assert "certificate" in str(error)


def test_a_client_certificate_is_shown_when_it_is_configured() -> None:
    """A system that asks for one gets it; without it the system closes the door."""

    async def run() -> tuple[Answer, AdapterError]:
        async with a_server(answer_ok, a_server_context(wants_client=True)) as port:
            base_url = f"https://127.0.0.1:{port}"
            with pytest.raises(AdapterError) as caught:
                await ask(base_url, ca_bundle=CA)
            return await ask(base_url, ca_bundle=CA, client_certificate=CLIENT), caught.value

    answer, error = asyncio.run(run())

    assert 200 == answer.status
    assert TransientError is type(error)


def test_requests_go_through_the_proxy_with_its_credentials() -> None:
    """The proxy is asked for the whole URL; its password is sent to it alone and shown nowhere."""
    heads: list[str] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(OK)
        writer.close()

    async def run() -> Answer:
        async with a_server(proxy) as port:
            return await ask("http://coupa.example.com", proxy=f"http://amy:pr0xy-pass@127.0.0.1:{port}")

    answer = asyncio.run(run())

    assert 200 == answer.status
    assert heads[0].startswith("GET http://coupa.example.com/api/x HTTP/1.1\r\n")
    assert "proxy-authorization: basic " in heads[0].lower()
    assert "pr0xy-pass" not in heads[0]


def test_a_proxy_that_refuses_was_not_the_system() -> None:
    """A tunnel that is refused means that nothing was sent, also for a write; the password is not shown."""

    heads: list[str] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def run() -> AdapterError:
        async with a_server(proxy) as port:
            with pytest.raises(AdapterError) as caught:
                await ask(
                    "https://coupa.example.com",
                    is_write=True,
                    proxy=f"http://amy:pr0xy-pass@127.0.0.1:{port}",
                )
            return caught.value

    error = asyncio.run(run())

    assert TransientError is type(error)
    assert heads[0].startswith("CONNECT coupa.example.com:443 ")
    assert "proxy-authorization: basic " in heads[0].lower()
    assert "pr0xy-pass" not in f"{error} {error!r} {vars(error)}"


def test_a_proxy_must_be_an_address() -> None:
    """A slip in the setting is told as one."""
    with pytest.raises(SettingsError, match="proxy"):
        asyncio.run(ask("https://coupa.example.com", proxy="proxy.example.com"))


def test_a_drip_is_not_endless() -> None:
    """Bytes that keep coming in time, but for ever, end with the time for a whole exchange."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.005)
        except ConnectionError:
            writer.close()

    async def run() -> None:
        async with a_server(drip) as port:
            await ask(f"http://127.0.0.1:{port}", is_write=True, timeout_s=0.3)

    with pytest.raises(OutcomeUnknownError):
        asyncio.run(run())
