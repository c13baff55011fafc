"""The transport sends once, sorts every outcome by class of failure, and never shows a secret."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from adapters.answer import Answer
from adapters.auth import Basic, OAuthTokens, StaticHeader
from adapters.base import Connection
from adapters.errors import (
    AdapterError,
    CredentialsError,
    MaintenanceError,
    OutcomeUnknownError,
    ProtocolError,
    Refusal,
    RejectedError,
    SettingsError,
    TransientError,
    VersionConflictError,
)
from adapters.limits import TokenBucket
from adapters.transport import TokenSource, Transport
from store.clock import VirtualClock

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
SECRETS = {
    "client_id": "finsync",
    "client_secret": "s3cr3t-value",
    "user": "amy",
    "password": "p4ssw0rd-long",
}

Handler = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


def a_connection(**changes: object) -> Connection:
    return Connection.model_validate({"adapter": "coupa", "base_url": "https://acme.example.com", **changes})


def a_transport(
    handler: Handler,
    *,
    auth: TokenSource | None = None,
    classify: Callable[[Answer, str], AdapterError | None] | None = None,
    clock: VirtualClock | None = None,
    slept: list[float] | None = None,
    **connection: object,
) -> Transport:
    async def sleep(seconds: float) -> None:
        (slept if slept is not None else []).append(seconds)

    return Transport(
        "coupa",
        a_connection(**connection),
        auth=auth,
        limiter=TokenBucket(1e6, 1000),
        clock=clock or VirtualClock(MONDAY),
        transport=httpx.MockTransport(handler),
        classify=classify,
        sleep=sleep,
    )


def answering(status: int, text: str = "", **headers: str) -> Handler:
    return lambda _: httpx.Response(status, text=text, headers=headers)


def failing(error: type[httpx.TransportError]) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error("no luck", request=request)

    return handler


def ask(transport: Transport, *, is_write: bool = False, path: str = "/api/x") -> Answer:
    return asyncio.run(transport.request("PUT" if is_write else "GET", path, is_write=is_write))


@pytest.mark.parametrize(
    ("status", "is_write", "expected"),
    [
        (400, False, RejectedError),
        (400, True, RejectedError),
        (403, True, CredentialsError),
        (404, False, RejectedError),
        (408, True, TransientError),
        (412, True, VersionConflictError),
        (425, False, TransientError),
        (429, True, TransientError),
        (500, False, TransientError),
        (500, True, OutcomeUnknownError),
        (502, True, OutcomeUnknownError),
        (503, False, TransientError),
        (503, True, OutcomeUnknownError),
        (504, False, TransientError),
        (206, False, ProtocolError),
        (202, True, OutcomeUnknownError),
        (302, True, ProtocolError),
    ],
)
def test_an_answer_is_sorted_by_what_to_do_about_it(
    status: int, is_write: bool, expected: type[AdapterError]
) -> None:
    """Each status has one class of failure, and a write that may have been done is never called a failure."""
    transport = a_transport(answering(status, "some text"))

    with pytest.raises(AdapterError) as caught:
        ask(transport, is_write=is_write)

    assert expected is type(caught.value)
    assert status == caught.value.status
    assert "coupa: " in str(caught.value)
    assert "/api/x" in str(caught.value)


@pytest.mark.parametrize(
    ("error", "is_write", "expected"),
    [
        (httpx.ConnectError, True, TransientError),
        (httpx.ConnectTimeout, True, TransientError),
        (httpx.PoolTimeout, True, TransientError),
        (httpx.ReadTimeout, True, OutcomeUnknownError),
        (httpx.ReadTimeout, False, TransientError),
        (httpx.WriteTimeout, True, OutcomeUnknownError),
        (httpx.ReadError, True, OutcomeUnknownError),
        (httpx.RemoteProtocolError, True, OutcomeUnknownError),
        (httpx.RemoteProtocolError, False, TransientError),
    ],
)
def test_no_answer_is_unknown_only_after_a_write_was_sent(
    error: type[httpx.TransportError], is_write: bool, expected: type[AdapterError]
) -> None:
    """What never left can be tried again; what left and got no answer must be looked up."""
    transport = a_transport(failing(error))

    with pytest.raises(AdapterError) as caught:
        ask(transport, is_write=is_write)

    assert expected is type(caught.value)


@pytest.mark.parametrize(
    "text", ["System Maintenance until 6am", "<b>MAINTENANCE retry</b>", "メンテナンス再試行"]
)
def test_a_503_that_speaks_of_maintenance_parks_the_system(text: str) -> None:
    """The marker counts in any case and language the sheet names, and its Retry-After is kept."""
    transport = a_transport(answering(503, text, **{"Retry-After": "600"}))

    with pytest.raises(MaintenanceError) as caught:
        ask(transport, is_write=True)

    assert timedelta(minutes=10) == caught.value.retry_after


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "7"}, timedelta(seconds=7)),
        (
            {"Retry-After": "Mon, 05 Jan 2026 03:00:30 GMT", "Date": "Mon, 05 Jan 2026 03:00:00 GMT"},
            timedelta(seconds=30),
        ),
        ({"Retry-After": "Mon, 05 Jan 2026 09:01:00 GMT"}, timedelta(minutes=1)),
        ({"Retry-After": "Mon, 05 Jan 2026 08:00:00 GMT"}, timedelta()),
        ({"Retry-After": "99999999999999999999"}, timedelta(hours=24)),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_by_the_systems_own_clock(
    headers: dict[str, str], expected: timedelta | None
) -> None:
    """A date is compared with the answer's Date, so that clocks that differ do no harm; nonsense is no
    wish.
    """
    transport = a_transport(answering(429, "slow down", **headers))

    with pytest.raises(TransientError) as caught:
        ask(transport)

    assert expected == caught.value.retry_after


@pytest.mark.parametrize(
    ("status", "asked", "expected"),
    [
        (503, "600", timedelta(minutes=10)),
        (503, "7200", timedelta(hours=1)),
        (429, "7200", timedelta(hours=1)),
        (500, "600", None),
    ],
)
def test_a_write_is_told_for_how_long_its_system_is_closed(
    status: int, asked: str, expected: timedelta | None
) -> None:
    """Whether or not it may have been done, and never for longer than the connection allows."""
    busy = answering(status, "busy", **{"Retry-After": asked})
    transport = a_transport(busy, retry_after_max="PT1H")

    with pytest.raises(AdapterError) as caught:
        ask(transport, is_write=True)

    assert expected == caught.value.closes_for


def test_an_adapter_reads_its_own_refusals() -> None:
    """`classify` is asked about a 4xx before the common reading is used."""
    own = RejectedError("coupa", Refusal("ACCOUNT_INVALID", "the account is unknown"))
    transport = a_transport(
        answering(400, "segment 2"), classify=lambda _, text: own if "segment" in text else None
    )

    with pytest.raises(RejectedError) as caught:
        ask(transport, is_write=True)

    assert own is caught.value


@pytest.mark.parametrize("is_write", [False, True])
@pytest.mark.parametrize("announced", [True, False])
def test_an_answer_that_is_too_large_is_never_held(is_write: bool, announced: bool) -> None:
    """Reading stops at answer_bytes_max, and the message names system, path, limit and setting."""
    read: list[int] = []

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self):  # type: ignore[no-untyped-def]
            for _ in range(40):
                read.append(1024 * 1024)
                yield b"x" * 1024 * 1024

    headers = {"content-length": str(40 * 1024 * 1024)} if announced else {}
    transport = a_transport(
        lambda _: httpx.Response(200, stream=Endless(), headers=headers), answer_bytes_max=2 * 1024 * 1024
    )

    with pytest.raises(OutcomeUnknownError if is_write else ProtocolError) as caught:
        ask(transport, is_write=is_write)

    assert sum(read) <= 4 * 1024 * 1024
    for part in ("coupa", "/api/x", "2,097,152", "answer_bytes_max"):
        assert part in str(caught.value)


def test_a_small_answer_that_unpacks_to_a_large_one_is_refused() -> None:
    """The limit counts bytes after decompression."""
    packed = gzip.compress(b"0" * 4_000_000)
    transport = a_transport(
        lambda _: httpx.Response(200, content=packed, headers={"content-encoding": "gzip"}),
        answer_bytes_max=1_000_000,
    )

    with pytest.raises(ProtocolError, match="answer_bytes_max"):
        ask(transport)


def test_a_redirect_to_another_origin_is_refused() -> None:
    """Credentials never follow a redirect to another host."""
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://evil.example.net/api/x"})

    with pytest.raises(ProtocolError, match=r"https://evil\.example\.net"):
        ask(a_transport(handler))

    assert asked == ["acme.example.com"]


def test_a_redirect_to_no_address_is_an_error_of_the_system() -> None:
    """A Location that can't be read as an address is said so; nothing is followed."""
    transport = a_transport(answering(302, Location="http://[::1"))

    with pytest.raises(ProtocolError, match="no address"):
        asyncio.run(transport.request("GET", "/api/x", is_write=False))


def test_a_cookie_that_a_system_sets_goes_back_to_it() -> None:
    """Systems behind a balancer keep a session by cookie: it is sent with every later request, and not before."""
    sent: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("cookie"))
        return httpx.Response(200, json=[], headers={"Set-Cookie": "node=7; Path=/"})

    transport = a_transport(handler)

    async def ask_twice() -> None:
        for _ in range(2):
            await transport.request("GET", "/api/x", is_write=False)

    asyncio.run(ask_twice())

    assert sent == [None, "node=7"]


def test_a_read_follows_a_redirect_on_the_same_origin_but_not_in_a_circle() -> None:
    """Moving within the system is fine; a circle ends with an error."""
    moved = a_transport(
        lambda r: (
            httpx.Response(302, headers={"Location": "/api/y"})
            if r.url.path == "/api/x"
            else httpx.Response(200)
        )
    )
    circle = a_transport(lambda r: httpx.Response(302, headers={"Location": str(r.url)}))

    answer = ask(moved)

    assert (answer.path, answer.status) == ("/api/y", 200)
    with pytest.raises(ProtocolError, match="circle"):
        ask(circle)


def test_a_link_is_followed_only_to_the_same_origin() -> None:
    """A whole URL with the default port written out is the same origin; another host is refused unsent."""
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200)

    transport = a_transport(handler)

    ask(transport, path="https://acme.example.com:443/api/z?q=1")

    assert asked == ["https://acme.example.com/api/z?q=1"]
    for elsewhere in (
        "https://other.example.com/api/z",
        "http://acme.example.com/api/z",
        "file:///etc/passwd",
    ):
        with pytest.raises(ProtocolError, match="was not followed"):
            ask(transport, path=elsewhere)


@pytest.mark.parametrize(
    "base_url",
    ["ftp://acme.example.com", "acme.example.com", "https://", "https://amy:pw@acme.example.com", "ht tp:/x"],
)
def test_a_base_url_must_be_plain_http(base_url: str) -> None:
    """A wrong address is a settings error that does not repeat credentials in it."""
    with pytest.raises(SettingsError) as caught:
        a_transport(answering(200), base_url=base_url)

    assert "amy" not in str(caught.value)


def test_a_missing_or_broken_certificate_file_is_named() -> None:
    """A private CA or client certificate that cannot be loaded stops the system with its path."""
    transport = Transport(
        "coupa",
        a_connection(ca_bundle="/nowhere/ca.pem"),
        auth=None,
        limiter=TokenBucket(100),
        clock=VirtualClock(MONDAY),
    )
    broken = Transport(
        "coupa",
        a_connection(client_certificate=__file__),
        auth=None,
        limiter=TokenBucket(100),
        clock=VirtualClock(MONDAY),
    )

    with pytest.raises(SettingsError, match=r"/nowhere/ca\.pem"):
        ask(transport)
    with pytest.raises(SettingsError, match="test_transport"):
        ask(broken)


class Door:
    """A system with a token endpoint: counts tokens, and accepts only those not revoked."""

    def __init__(self, *, lifetime_s: int = 86_399) -> None:
        self.minted = 0
        self.accepted: set[str] = set()
        self.lifetime_s = lifetime_s
        self.knows_new_tokens = True
        self.endpoint: Handler | None = None
        self.calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response | Awaitable[httpx.Response]:
        if request.url.path == "/oauth2/token":
            if self.endpoint:
                return self.endpoint(request)
            self.minted += 1
            token = f"token-number-{self.minted}"
            if self.knows_new_tokens:
                self.accepted = {token}
            return httpx.Response(200, json={"access_token": token, "expires_in": self.lifetime_s})
        sent = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.calls.append(sent)
        return httpx.Response(200 if sent in self.accepted else 401, text=f"seen {sent}")


def with_tokens(door: Door, clock: VirtualClock, **settings: float) -> Transport:
    tokens = OAuthTokens(
        a_transport(door), "/oauth2/token", SECRETS.__getitem__, clock, scope="a b", **settings
    )
    return a_transport(door, auth=tokens, clock=clock)


def test_one_token_serves_many_requests_at_once() -> None:
    """Requests that all need a token wait for one renewal."""
    door, clock = Door(), VirtualClock(MONDAY)
    transport = with_tokens(door, clock)

    async def many() -> list[Answer]:
        return await asyncio.gather(*(transport.request("GET", "/api/x", is_write=False) for _ in range(12)))

    answers = asyncio.run(many())

    assert [a.status for a in answers] == [200] * 12
    assert door.minted == 1


def test_a_token_is_renewed_before_it_expires() -> None:
    """A day's token is renewed after twenty hours, by the clock that was passed in."""
    door, clock = Door(), VirtualClock(MONDAY)
    transport = with_tokens(door, clock)

    ask(transport)
    clock.advance(timedelta(hours=19, minutes=59))
    ask(transport)
    before = door.minted
    clock.advance(timedelta(minutes=2))
    ask(transport)

    assert (before, door.minted) == (1, 2)


def test_an_early_renewal_that_fails_does_no_harm() -> None:
    """While the present token is still good, a token endpoint that is away is not an error; afterwards it
    is.
    """
    door, clock = Door(), VirtualClock(MONDAY)
    transport = with_tokens(door, clock)
    ask(transport)
    door.endpoint = answering(502)

    clock.advance(timedelta(hours=21))
    answer = ask(transport)
    clock.advance(timedelta(hours=4))

    assert answer.status == 200
    with pytest.raises(TransientError):
        ask(transport)


def test_a_refused_token_is_renewed_once_and_the_request_repeated() -> None:
    """A 401 costs one new token and one more request, also for a write: it was not done."""
    door, clock = Door(), VirtualClock(MONDAY)
    transport = with_tokens(door, clock)
    ask(transport)
    door.accepted = set()

    answer = ask(transport, is_write=True)

    assert (answer.status, door.minted) == (200, 2)
    assert door.calls == ["token-number-1", "token-number-1", "token-number-2"]


def test_a_second_refusal_is_a_credentials_error() -> None:
    """After one renewal the system is held, and neither token nor secret is in the message."""
    door, clock = Door(), VirtualClock(MONDAY)
    door.knows_new_tokens = False
    transport = with_tokens(door, clock)

    with pytest.raises(CredentialsError) as caught:
        ask(transport)

    assert door.minted == 2
    assert "finsync secrets set coupa" in str(caught.value)
    assert "token-number" not in str(caught.value) + caught.value.answer


def test_a_token_too_young_to_be_known_gets_its_time() -> None:
    """Where a system needs seconds to know a new token, it is waited for once before giving up."""
    door, clock, slept = Door(), VirtualClock(MONDAY), list[float]()
    door.knows_new_tokens = False
    tokens = OAuthTokens(
        a_transport(door), "/oauth2/token", SECRETS.__getitem__, clock, settle_s=5.0, monotonic=lambda: 100.0
    )
    transport = a_transport(door, auth=tokens, slept=slept)

    with pytest.raises(CredentialsError):
        ask(transport)

    assert slept == [5.0]
    assert len(door.calls) == 3


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (answering(401, '{"error":"invalid_client"}'), CredentialsError),
        (answering(400, '{"error":"invalid_scope"}'), CredentialsError),
        (answering(503, "down for maintenance"), MaintenanceError),
        (answering(500), TransientError),
        (answering(200, "<html>sign in</html>"), ProtocolError),
        (answering(200, '{"access_token": 7}'), ProtocolError),
        (answering(200, '{"access_token": "x\\ny", "expires_in": 5}'), ProtocolError),
        (answering(200, '{"access_token": "abcdefgh", "token_type": "mac"}'), ProtocolError),
        (failing(httpx.ReadTimeout), TransientError),
    ],
)
def test_a_token_endpoint_that_fails_is_sorted_too(endpoint: Handler, expected: type[AdapterError]) -> None:
    """A refusal there is a matter of credentials; everything else is what it is anywhere."""
    door = Door()
    door.endpoint = endpoint
    transport = with_tokens(door, VirtualClock(MONDAY))

    with pytest.raises(AdapterError) as caught:
        ask(transport, is_write=True)

    assert expected is type(caught.value)


@pytest.mark.parametrize(
    "auth",
    [
        Basic(SECRETS.__getitem__),
        StaticHeader("X-COUPA-API-KEY", SECRETS.__getitem__, "client_secret"),
    ],
)
def test_a_fixed_credential_is_sent_and_not_repeated_when_refused(auth: TokenSource) -> None:
    """Without another credential to try, one 401 is enough; the echoed credential is not shown."""
    seen: list[httpx.Headers] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(401, text=f"refused {dict(request.headers)}")

    with pytest.raises(CredentialsError) as caught:
        ask(a_transport(handler, auth=auth))

    assert len(seen) == 1
    assert {"authorization", "x-coupa-api-key"} & set(seen[0])
    assert_no_secret(caught.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize("secret", ["", "s3cr3t-value", "p4ssw0rd-long", "x" * 1990 + "s3cr3t-value"])
def test_no_secret_shows_in_any_error(status: int, secret: str) -> None:
    """A system that echoes the whole request back cannot make an error show a credential."""

    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, text=f"{dict(request.headers)} {request.content.decode()} {secret}")

    door = Door()
    door.endpoint = echo
    tokens = OAuthTokens(
        a_transport(door), "/oauth2/token", SECRETS.__getitem__, VirtualClock(MONDAY), grant="password"
    )
    basic = Basic(SECRETS.__getitem__, password="password" if "p4ss" in secret else "client_secret")
    for transport in (a_transport(door, auth=tokens), a_transport(echo, auth=basic)):
        with pytest.raises(AdapterError) as caught:
            ask(transport)

        assert_no_secret(caught.value)


def assert_no_secret(error: AdapterError) -> None:
    shown = f"{error} {error!r} {error.answer} {error.__cause__} {getattr(error, 'refusal', '')}"
    for secret in ("s3cr3t", "p4ssw0rd", "YW15OnA0c3N3MHJkLWxvbmc="):
        assert secret not in shown


def test_calls_are_spaced_by_the_rate() -> None:
    """A burst goes through at once, the rest evenly, in the order it came."""
    now, slept = 0.0, list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))

    bucket = TokenBucket(10, 2, monotonic=lambda: now, sleep=sleep)

    async def five() -> None:
        for _ in range(5):
            await bucket.acquire()

    asyncio.run(five())
    first, now = list(slept), 100.0
    asyncio.run(five())

    assert first == [0.1, 0.2, 0.3]
    assert slept[3:] == [0.1, 0.2, 0.3]


def test_no_more_connections_are_used_than_allowed() -> None:
    """connections_max bounds the requests under way at once."""
    under_way, most = 0, 0

    async def handler(_: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        under_way -= 1
        return httpx.Response(200)

    transport = a_transport(handler, connections_max=3)

    async def many() -> None:
        await asyncio.gather(*(transport.request("GET", "/api/x", is_write=False) for _ in range(12)))

    asyncio.run(many())

    assert most == 3


# From here on over real sockets on loopback: the connection pool's own errors.


@asynccontextmanager
async def a_server(respond: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]):  # type: ignore[no-untyped-def]
    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def over_sockets(port: int, **connection: object) -> Transport:
    return Transport(
        "coupa",
        a_connection(base_url=f"http://127.0.0.1:{port}", **connection),
        auth=None,
        limiter=TokenBucket(1e6, 1000),
        clock=VirtualClock(MONDAY),
    )


async def _request_line(reader: asyncio.StreamReader) -> str:
    head = await reader.readuntil(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode()


def test_a_query_arrives_exactly_as_it_was_encoded() -> None:
    """Colon, plus and brackets stay percent-encoded on the wire, as Coupa asks."""
    lines: list[str] = []

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(await _request_line(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]")
        writer.close()

    async def run() -> Answer:
        async with a_server(respond) as port:
            transport = over_sockets(port)
            params = {"updated_at[gt]": "2026-01-05T09:00:00+00:00"}
            answer = await transport.request("GET", "/api/x", params=params, is_write=False)
            await transport.aclose()
            return answer

    answer = asyncio.run(run())

    assert answer.content == b"[]"
    assert lines == ["GET /api/x?updated_at%5Bgt%5D=2026-01-05T09%3A00%3A00%2B00%3A00 HTTP/1.1"]


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{}", b"garbage\r\n\r\n", b"HTTP/1.1 2"],
    ids=["closed", "cut short", "no http", "cut in the head"],
)
@pytest.mark.parametrize("is_write", [False, True])
def test_a_connection_that_breaks_after_sending_is_sorted(said: bytes, is_write: bool) -> None:
    """A write whose answer breaks is unknown and was sent once; a read is simply tried again later."""
    count = 0

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        await _request_line(reader)
        count += 1
        writer.write(said)
        writer.close()

    async def run() -> None:
        async with a_server(respond) as port:
            transport = over_sockets(port)
            try:
                await transport.request(
                    "PUT" if is_write else "GET", "/api/x", json={"a": 1}, is_write=is_write
                )
            finally:
                await transport.aclose()

    with pytest.raises(AdapterError) as caught:
        asyncio.run(run())

    assert (OutcomeUnknownError if is_write else TransientError) is type(caught.value)
    assert count == 1


def test_a_write_is_not_sent_twice_over_a_connection_that_was_closed() -> None:
    """A kept connection that the server closes under a PUT does not make the pool repeat it by itself."""
    bodies: list[str] = []

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append(await _request_line(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        await writer.drain()
        bodies.append(await _request_line(reader))
        writer.close()

    async def run() -> None:
        async with a_server(respond) as port:
            transport = over_sockets(port)
            try:
                await transport.request("PUT", "/api/first", is_write=True)
                await transport.request("PUT", "/api/second", is_write=True)
            finally:
                await transport.aclose()

    with pytest.raises(OutcomeUnknownError):
        asyncio.run(run())

    assert bodies == ["PUT /api/first HTTP/1.1", "PUT /api/second HTTP/1.1"]


def test_a_refused_connection_was_not_sent() -> None:
    """Nobody listening: a write can be tried again without looking it up."""

    async def run() -> None:
        async with a_server(lambda r, w: asyncio.sleep(0)) as port:
            pass
        transport = over_sockets(port)
        try:
            await transport.request("PUT", "/api/x", is_write=True)
        finally:
            await transport.aclose()

    with pytest.raises(TransientError, match="was not sent"):
        asyncio.run(run())


def test_a_server_that_never_answers_times_out_as_unknown() -> None:
    """The read time-out of the connection applies, and a write is then looked up."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request_line(reader)
        await reader.read()
        writer.close()

    async def run() -> None:
        async with a_server(respond) as port:
            transport = over_sockets(port, timeout_s=0.05)
            try:
                await transport.request("PUT", "/api/x", is_write=True)
            finally:
                await transport.aclose()

    with pytest.raises(OutcomeUnknownError):
        asyncio.run(run())


def test_a_transport_serves_one_event_loop_after_another() -> None:
    """After aclose the next request opens again, in whatever loop runs then."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request_line(reader)
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    async def run(transport: Transport | None) -> tuple[Transport, int]:
        async with a_server(respond) as port:
            transport = over_sockets(port)
            first = await transport.request("GET", "/api/x", is_write=False)
            await transport.aclose()
            second = await transport.request("GET", "/api/x", is_write=False)
            await transport.aclose()
            return transport, first.status + second.status

    assert asyncio.run(run(None))[1] == 408
