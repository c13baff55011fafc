"""Who gets in, what is sent along, and how many may work at a time."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar, WSServerHandshakeError, web
from yarl import URL

from finsync_tui.web.door import Door, door
from finsync_tui.web.server import WebServer
from tests.finsync_tui.screens import filled_store

pytestmark = pytest.mark.anyio
FIRST_SCREEN_S = 30
COOKIES = "Set-Cookie"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def served(command: list[str], **limits: int) -> AsyncIterator[tuple[Door, ClientSession, WebServer]]:
    """A server on a free port, and a browser's worth of client."""
    server = WebServer(command, door("127.0.0.1", 0), "127.0.0.1", 0, **limits)
    runner = web.AppRunner(await server.application(), shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = int(runner.addresses[0][1])
    server.door = door("127.0.0.1", port)
    try:
        async with ClientSession(server.door.origin, cookie_jar=CookieJar(unsafe=True)) as client:
            yield server.door, client, server
    finally:
        await runner.cleanup()


SLEEPER = [sys.executable, "-c", "import sys; print('__GANGLION__', flush=True); sys.stdin.buffer.read(1)"]
"""Something that speaks as little as a workbench can."""


async def test_the_token_is_exchanged_for_a_cookie_that_scripts_can_not_read() -> None:
    """It leaves the address bar at once, and is worth nothing as a cookie."""
    async with served(SLEEPER) as (way_in, client, _):
        async with client.get(f"/?token={way_in.token}", allow_redirects=False) as answer:
            cookie = answer.headers[COOKIES]
            place = (answer.status, answer.headers["Location"])
        async with client.get("/") as page:
            text = await page.text()
            policy = page.headers["Content-Security-Policy"]

    assert (303, "/") == place
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert way_in.token not in cookie
    assert 200 == page.status
    assert way_in.token not in text
    assert "default-src 'none'" in policy


async def test_nothing_is_loaded_from_elsewhere() -> None:
    """Page, script, style and font come from this server."""
    async with served(SLEEPER) as (way_in, client, _):
        async with client.get(f"/?token={way_in.token}") as page:
            text = await page.text()
        statuses = []
        for path in re.findall(r'(?:src|href)="(/[^"]+)"', text) + re.findall(r'url\("(/[^"]+)"\)', text):
            async with client.get(path) as answer:
                statuses.append(answer.status)

    assert 4 == len(statuses)
    assert {200} == set(statuses)
    assert [] == [
        found for found in re.findall(r"(?:https?|wss?)://[^\s\"']+", text) if "127.0.0.1" not in found
    ]


@pytest.mark.parametrize(
    "path", ["/", "/?token=wrong", "/?token=", "/ws", "/static/js/textual.js", "/download/x"]
)
async def test_without_the_token_nobody_sees_anything(path: str) -> None:
    """Not the page, not the socket, not even the script; the answer says what to do."""
    async with served(SLEEPER) as (_, client, server), client.get(path) as answer:
        text = await answer.text()

    assert 401 == answer.status
    assert "finsync web" in text
    assert 0 == server.session_count


async def test_another_page_can_not_open_the_socket() -> None:
    """Browsers send cookies along and name the page; only ours may."""
    async with served(SLEEPER) as (way_in, client, server):
        async with client.get(f"/?token={way_in.token}"):
            pass
        refusals = []
        for origin in ("http://evil.example", "http://127.0.0.1:1", "null"):
            with pytest.raises(WSServerHandshakeError) as refused:
                await client.ws_connect("/ws", origin=origin)
            refusals.append(refused.value.status)
        with pytest.raises(WSServerHandshakeError) as without:
            await client.ws_connect("/ws")

    assert [403, 403, 403, 403] == [*refusals, without.value.status]
    assert 0 == server.session_count


async def test_a_bent_name_is_not_ours() -> None:
    """A name that somebody made resolve to this machine gets nothing, with or without the token."""
    async with (
        served(SLEEPER) as (way_in, client, _),
        client.get(
            f"/?token={way_in.token}", headers={"Host": f"evil.example:{URL(way_in.origin).port}"}
        ) as answer,
    ):
        pass

    assert 421 == answer.status
    assert COOKIES not in answer.headers


async def test_only_so_many_workbenches_at_a_time() -> None:
    """The next one is told; as soon as one is closed there is room again."""
    async with served(SLEEPER, sessions_max=1) as (way_in, client, server):
        async with client.get(f"/?token={way_in.token}"):
            pass
        first = await client.ws_connect("/ws", origin=way_in.origin)
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect("/ws", origin=way_in.origin)
        await first.close()
        for _ in range(100):
            if server.session_count == 0:
                break
            await asyncio.sleep(0.1)
        again = await client.ws_connect("/ws", origin=way_in.origin)
        await again.close()

    assert 503 == refused.value.status


async def test_a_message_that_is_none_ends_the_workbench_only() -> None:
    """Whatever a page sends, the server stays."""
    async with served(SLEEPER) as (way_in, client, _):
        async with client.get(f"/?token={way_in.token}"):
            pass
        for rubbish in ("{}", "[]", '["stdin"]', '["resize", 3]', "not json"):
            socket = await client.ws_connect("/ws", origin=way_in.origin)
            await socket.send_str(rubbish)
            async for _message in socket:
                pass
        async with client.get("/") as page:
            assert 200 == page.status


async def test_the_workbench_paints_and_takes_keys(filled: Path, tmp_path: Path) -> None:
    """The same program behind the socket: it paints Home, and 2 shows the exceptions."""
    found = filled_store.workspace(filled, tmp_path / "w")
    command = [sys.executable, "-m", "finsync_tui.web.tab", "--workspace", str(found.path), "--read-only"]

    async with served(command) as (way_in, client, _):
        async with client.get(f"/?token={way_in.token}"):
            pass
        async with client.ws_connect("/ws?width=140&height=40", origin=way_in.origin) as socket:
            painted = b""

            async def until(word: bytes) -> bool:
                nonlocal painted
                async with asyncio.timeout(FIRST_SCREEN_S):
                    while word not in painted:
                        message = await socket.receive()
                        assert isinstance(message.data, bytes)
                        painted += message.data
                return True

            home = await until(b"Due next")
            await socket.send_json(["stdin", "2"])
            exceptions = await until(b"live exceptions")
            is_read_only = await until(b"read-only")

    assert home
    assert exceptions
    assert is_read_only
