"""The workbench in a real browser: headless Chromium opens the printed address, and keys do what they do in a terminal."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from aiohttp import ClientSession, ClientWebSocketResponse

from finsync_tui.credentials import Secrets
from finsync_tui.people.sign_ins import SignIns
from store.clock import SystemClock, VirtualClock
from store.database import open_store
from tests.finsync_tui.screens import filled_store, mapping_store
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
KEYS: dict[str, dict[str, Any]] = {
    "Enter": {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    "End": {"key": "End", "code": "End", "windowsVirtualKeyCode": 35},
}

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
        rows = store.db.execute("SELECT why, json_extract(body, '$.source') FROM v_audit ORDER BY seq")
        return [tuple(row) for row in rows.fetchall()]


@asynccontextmanager
async def a_browser(home: Path, address: str) -> AsyncIterator[tuple[ClientSession, str]]:
    """A headless browser with one tab on an address, and where its debugger listens."""
    assert BROWSER is not None
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
             "--remote-debugging-port=0", f"--user-data-dir={home}", "--window-size=1300,850")  # fmt: skip
    with running(BROWSER, *flags, address, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        await until(lambda: bool(content(home / "DevToolsActivePort")))
        async with ClientSession() as client:
            yield client, content(home / "DevToolsActivePort").split()[0]


async def another_tab(client: ClientSession, port: str, address: str) -> str:
    """Open a tab that shares no cookie with the others; return where its debugger listens."""
    async with client.get(f"http://127.0.0.1:{port}/json/version") as answer:
        whole = (await answer.json())["webSocketDebuggerUrl"]
    async with client.ws_connect(whole, max_msg_size=0) as channel:
        browser = Tab(channel)
        jar = (await browser.ask("Target.createBrowserContext"))["browserContextId"]
        made = await browser.ask("Target.createTarget", url=address, browserContextId=jar)
    return f"ws://127.0.0.1:{port}/devtools/page/{made['targetId']}"


async def sign_in(tab: Tab, login: str, passphrase: str) -> None:
    """Fill the form as a person does, and wait for the workbench."""
    await tab.until("document.activeElement && document.activeElement.id === 'login'")
    await tab.ask("Input.insertText", text=login)
    await tab.value("document.getElementById('passphrase').focus()")
    await tab.ask("Input.insertText", text=passphrase)
    await tab.value("document.querySelector('button').click()")
    await tab.until("document.body && document.body.classList.contains('-first-byte')")
    await tab.until("document.activeElement.tagName === 'TEXTAREA'")


def decided(path: Path) -> list[tuple[str, str, str]]:
    """Who did what to mapping tables, and through which face."""
    with open_store(path, VirtualClock(NOW)) as store:
        rows = store.db.execute(
            "SELECT json_extract(body, '$.who'), json_extract(body, '$.what'), json_extract(body, '$.source') FROM audit"
            " WHERE json_extract(body, '$.what') IN ('mapping.proposed', 'mapping.approved') ORDER BY seq"
        )
        return [tuple(row) for row in rows.fetchall()]


async def test_two_people_in_two_tabs_change_a_mapping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Maria signs in and proposes a rule that is missing; Tom, in another tab, signs in and approves it: each as themselves."""
    found = await asyncio.to_thread(mapping_store.workspace, tmp_path / "w")
    (tmp_path / "secrets").mkdir()
    monkeypatch.setenv("FINSYNC_SECRETS_DIR", str(tmp_path / "secrets"))
    sign_ins = SignIns(Secrets(found.name, found.path))
    now = SystemClock().now()
    file = found.path / "profiles" / "own" / "profile.toml"
    profile = tomlkit.parse(file.read_text()).unwrap()
    for name, role in (("ida", "analyst"), ("ben", "approver")):
        signer = sign_ins.join(name, name, sign_ins.invite(name, now), f"heron quilt {name} basalt", now)
        profile["people"][name] = {"web_login": name, "roles": [role], "key": signer.public}
    file.write_text(tomlkit.dumps(profile))
    known = decided(found.store_path)
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
        async with (
            a_browser(tmp_path / "browser", address) as (client, port),
            client.ws_connect(await first_page(client, port), max_msg_size=0) as first,
            client.ws_connect(await another_tab(client, port, address), max_msg_size=0) as second,
        ):
            ida, ben = Tab(first), Tab(second)
            await sign_in(ida, "ida", "heron quilt ida basalt")
            await ida.press("5", "]", "n", "4", "1", "0", "Enter")
            await ida.press("t", "Enter")
            await until(lambda: len(decided(found.store_path)) > len(known))
            await sign_in(ben, "ben", "heron quilt ben basalt")
            await ben.press("5", "]", "]", "End", "A", "Enter")
            await until(lambda: len(decided(found.store_path)) > len(known) + 1)

    assert address.endswith("/sign-in")
    assert [("ida", "mapping.proposed", "web"), ("ben", "mapping.approved", "web")] == decided(
        found.store_path
    )[len(known) :]


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
        async with a_browser(home, address) as (client, port):
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
