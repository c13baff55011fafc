"""The workbench in a real browser: headless Chromium opens the printed address, and keys do what they do in a terminal."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

from store.clock import VirtualClock
from store.database import open_store
from tests.finsync_tui.screens import filled_store
from tests.finsync_tui.screens.filled_store import NOW

BROWSER = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome", "chrome")
        if (found := shutil.which(name))
    ),
    None,
)
WAIT_S = 60
KEYS = {"Enter": {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}}

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        BROWSER is None, reason="no Chromium is installed here; on Debian: apt-get install chromium"
    ),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Tab:
    """One tab, driven over the browser's own debugging protocol."""

    def __init__(self, channel: ClientWebSocketResponse) -> None:
        self.channel = channel
        self.numbers = itertools.count(1)

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self.numbers)
        await self.channel.send_json({"id": number, "method": method, "params": parameters})
        while True:
            answer = await self.channel.receive_json()
            if answer.get("id") == number:
                # A page that is just being replaced answers with an error: whoever waits asks again.
                found: dict[str, Any] = answer.get("result", {})
                return found

    async def value(self, script: str) -> Any:
        return (await self.ask("Runtime.evaluate", expression=script)).get("result", {}).get("value")

    async def until(self, script: str) -> None:
        async with asyncio.timeout(WAIT_S):
            while True:
                if await self.value(script):
                    return
                await asyncio.sleep(0.2)

    async def settled(self) -> None:
        """Wait until the picture does not change any more; a cursor may blink."""
        seen: list[str] = []
        known = 0
        async with asyncio.timeout(WAIT_S):
            while known < 3:
                now = (await self.ask("Page.captureScreenshot"))["data"]
                known = known + 1 if now in seen[-4:] else 0
                seen.append(now)
                await asyncio.sleep(0.3)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.settled()
            event = KEYS.get(key, {"key": key, "text": key})
            await self.ask("Input.dispatchKeyEvent", type="keyDown", **event)
            await self.ask(
                "Input.dispatchKeyEvent", type="keyUp", **{k: v for k, v in event.items() if k != "text"}
            )


@contextmanager
def running(*command: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, text=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def a_free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(condition: Callable[[], bool]) -> None:
    """Look again and again: what is waited for happens in other processes."""
    async with asyncio.timeout(WAIT_S):
        while True:
            if condition():
                return
            await asyncio.sleep(0.2)


def content(file: Path) -> str:
    return file.read_text() if file.is_file() else ""


async def first_page(client: ClientSession, port: str) -> str:
    """Return where the first tab listens for its debugger."""
    async with asyncio.timeout(WAIT_S):
        while True:
            async with client.get(f"http://127.0.0.1:{port}/json") as answer:
                pages = [page for page in await answer.json() if page["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
            await asyncio.sleep(0.2)


def owners(path: Path) -> list[tuple[str, str]]:
    """Who was made an owner, and through which face."""
    with open_store(path, VirtualClock(NOW)) as store:
        rows = store.db.execute(
            "SELECT json_extract(body, '$.why'), json_extract(body, '$.source') FROM audit ORDER BY seq"
        )
        return [tuple(row) for row in rows.fetchall()]


async def test_an_exception_is_assigned_from_a_browser(filled: Path, tmp_path: Path) -> None:
    """The address opens the workbench, the token leaves the address bar, 2 a enter assigns the first exception."""
    assert BROWSER is not None
    found = filled_store.workspace(filled, tmp_path / "w")
    home = tmp_path / "browser"
    command = (
        sys.executable,
        "-m",
        "finsync_tui",
        "web",
        "--workspace",
        str(found.path),
        "--port",
        str(a_free_port()),
    )
    with running(*command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"}) as server:
        assert server.stdout is not None
        address = (await asyncio.to_thread(server.stdout.readline)).strip()
        assert address.startswith("http://127.0.0.1:")
        flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
                 "--remote-debugging-port=0", f"--user-data-dir={home}", "--window-size=1300,850")  # fmt: skip
        with running(BROWSER, *flags, address, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            await until(lambda: bool(content(home / "DevToolsActivePort")))
            port = content(home / "DevToolsActivePort").split()[0]
            async with ClientSession() as client:
                debugger = await first_page(client, port)
                async with client.ws_connect(debugger, max_msg_size=0) as channel:
                    tab = Tab(channel)
                    await tab.until("document.body && document.body.classList.contains('-first-byte')")
                    shown = await tab.value("location.href")
                    cookies = await tab.value("document.cookie")
                    await tab.until(
                        "document.activeElement.tagName === 'TEXTAREA'"
                    )  # keys go there without a click
                    await tab.press("2", "a", "Enter")
                    await until(lambda: bool(owners(found.store_path)))

    assert "token" not in shown
    assert "" == cookies
    ((owner, face),) = owners(found.store_path)
    assert owner
    assert "web" == face
