"""Driving the workbench in a test: open it on a store, press keys, wait for what was started, read the screen."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input
from textual.worker import WorkerCancelled, WorkerFailed

from finsync_tui.actions import Actor
from finsync_tui.screens.app import FinsyncApp
from finsync_tui.screens.listing import ListScreen
from store.clock import VirtualClock
from tests.finsync_tui.screens.filled_store import MACHINE_NOW

ROUNDS_MAX = 12
QUIET_ROUNDS = 2
"""A key leads to a message, that to a query, that to another message: quiet twice is quiet."""
NARROW = (80, 24)
DESIGN = (140, 40)


def an_app(path: Path, **changes: Any) -> FinsyncApp:
    return FinsyncApp(path, VirtualClock(MACHINE_NOW), Actor("ana", "tui"), **changes)


@contextlib.asynccontextmanager
async def opened(path: Path, size: tuple[int, int] = DESIGN) -> AsyncIterator[Pilot[None]]:
    """Open the workbench; what it shows at first is there."""
    async with an_app(path).run_test(size=size, notifications=True) as pilot:
        await settle(pilot)
        yield pilot


async def settle(pilot: Pilot[None]) -> None:
    """Wait until nothing is being read any more. What waits for an answer of the person may go on."""
    app = pilot.app
    quiet = 0
    for _ in range(ROUNDS_MAX):
        await pilot.pause()
        reading = [worker for worker in app.workers if worker.group != "doing" and not worker.is_finished]
        if reading:
            with contextlib.suppress(WorkerCancelled, WorkerFailed):
                await app.workers.wait_for_complete(reading)
        quiet = 0 if reading else quiet + 1
        if quiet == QUIET_ROUNDS:
            break
    if isinstance(app.screen, ListScreen):
        app.screen.inspect()
    for field in app.screen.query(Input):
        field.cursor_blink = False
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def write(pilot: Pilot[None], text: str) -> None:
    """Put text into the field that has the focus, at once: as a paste does."""
    field = pilot.app.screen.focused
    assert isinstance(field, Input)
    field.insert_text_at_cursor(text)
    await settle(pilot)


async def finish(pilot: Pilot[None]) -> None:
    """Wait until what was confirmed is done, and shown."""
    with contextlib.suppress(WorkerCancelled, WorkerFailed):
        await pilot.app.workers.wait_for_complete()
    await settle(pilot)


def screen_text(pilot: Pilot[None]) -> str:
    """Return what is on the screen as lines of text."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)
