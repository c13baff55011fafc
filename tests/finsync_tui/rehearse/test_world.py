"""The world's process and its control channel: two tokens, one clock, no orphans."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from finsync_tui.rehearse import control
from finsync_tui.rehearse.report import Report, plants_from_json
from finsync_tui.rehearse.systems import Secrets
from finsync_tui.rehearse.world import STATE_NAME, World, make
from store.clock import instant, text

CLOCK, JUDGE = "clock-token", "judge-token"
WAIT_S = 30


def a_world() -> World:
    return make(7, 0.01, "typical", Secrets("one", "two", "three", "four"))


async def ask(world: World, token: str, method: str, path: str, body: Any = None) -> httpx.Response:
    app = control.app(world, clock_token=CLOCK, judge_token=JUDGE)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://world") as client:
        return await client.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def run() -> Callable[[Any], Any]:
    import asyncio

    return asyncio.run


def test_the_engine_may_read_and_move_the_clock(run: Callable[[Any], Any]) -> None:
    """With the clock's token the clock can be read and moved, and the world's events happen."""
    world = a_world()
    later = world.starts_at + timedelta(days=30)

    moved = run(ask(world, CLOCK, "PUT", "/clock", {"now": text(later)}))
    read = run(ask(world, CLOCK, "GET", "/clock"))

    assert 200 == moved.status_code
    assert moved.json() == read.json()
    assert (later, world.ends_at) == (instant(read.json()["now"]), instant(read.json()["ends_at"]))
    assert world.applied_count > 0


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/planted"), ("GET", "/report"), ("PUT", "/tripwire"), ("PUT", "/edits")]
)
@pytest.mark.parametrize("token", [CLOCK, "", "guess"])
def test_the_engine_may_see_nothing_else(
    run: Callable[[Any], Any], token: str, method: str, path: str
) -> None:
    """The planted list, the report and the tripwire open only to the judge."""
    answer = run(ask(a_world(), token, method, path, {} if method == "PUT" else None))

    assert 401 == answer.status_code
    assert "SUPPLIER" not in answer.text


def test_the_judge_sees_all(run: Callable[[Any], Any]) -> None:
    """With the judge's token the planted list and the final state come out as they are."""
    world = a_world()

    planted = run(ask(world, JUDGE, "GET", "/planted")).json()
    report = run(ask(world, JUDGE, "GET", "/report")).json()

    assert world.plants == plants_from_json(planted)
    assert world.report() == Report.from_json(report)


@pytest.mark.parametrize("body", [{}, {"now": "yesterday"}, {"now": "2026-01-01T00:00:00"}, {"now": 5}, []])
def test_what_is_not_understood_changes_nothing(run: Callable[[Any], Any], body: Any) -> None:
    """A body that is no instant with a zone is refused, and time stands."""
    world = a_world()

    answer = run(ask(world, CLOCK, "PUT", "/clock", body))

    assert 400 == answer.status_code
    assert world.starts_at == world.now()


def test_tripwire_kills_before_and_after() -> None:
    """The chosen call is the caller's last: before it, the system has not acted; after it, it has."""
    import asyncio

    from finsync_tui.rehearse.tripwire import Tripwire, When

    acted: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        acted.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def calls(victim: subprocess.Popen[bytes], when: When) -> int:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        wire = Tripwire()
        wire.arm(victim.pid, 2, when)
        watched = wire.around(app)
        for path in ("/one", "/two", "/three"):
            await watched({"type": "http", "method": "POST", "path": path}, gone, send)
        return sum(one["type"] == "http.response.body" for one in sent)

    found = []
    for when in get_args(When):
        acted.clear()
        victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        answered = asyncio.run(calls(victim, when))
        found.append((when, victim.wait(WAIT_S), list(acted), answered))

    assert [
        ("before", -signal.SIGKILL, ["/one", "/three"], 2),
        ("after", -signal.SIGKILL, ["/one", "/two", "/three"], 2),
    ] == found


def start(folder: Path | None = None) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    command = [sys.executable, "-m", "finsync_tui.rehearse.world", "--company-seed", "7", "--scale", "0.01"]
    command += ["--state-dir", str(folder)] if folder else []
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def put_clock(ready: dict[str, Any], now: str) -> dict[str, Any]:
    answer = httpx.put(
        f"{ready['control_url']}/clock",
        json={"now": now},
        headers={"Authorization": f"Bearer {ready['clock_token']}"},
        trust_env=False,
    )
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def test_process_keeps_its_state(tmp_path: Path) -> None:
    """A world that is told to stop writes its state down; the next one goes on from there."""
    process, ready = start(tmp_path)
    put_clock(ready, "2026-03-01T00:00:00Z")
    process.send_signal(signal.SIGTERM)
    assert 0 == process.wait(WAIT_S)
    assert (tmp_path / STATE_NAME).is_file()

    process, ready = start(tmp_path)
    try:
        assert "2026-03-01T00:00:00.000000Z" == put_clock(ready, "2026-01-02T00:00:00Z")["now"]
    finally:
        process.kill()
        process.wait()


def test_process_ends_with_its_parent() -> None:
    """When the parent lets go of its end of standard input, in whatever way, the world ends by itself."""
    process, ready = start()

    assert process.stdin is not None
    process.stdin.close()

    assert 0 == process.wait(WAIT_S)
    with pytest.raises(httpx.ConnectError):
        put_clock(ready, "2026-03-01T00:00:00Z")


def test_ports_are_on_loopback_only() -> None:
    """Every address that the world announces is on this machine's own interface."""
    process, ready = start()
    try:
        assert all(
            url.startswith("http://127.0.0.1:") for url in (*ready["urls"].values(), ready["control_url"])
        )
        assert ready["clock_token"] != ready["judge_token"]
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
