"""Driving the workbench in a test: open it on a store, press keys, wait for what was started, read the screen."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any
from weakref import WeakSet

from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input
from textual.worker import WorkerCancelled, WorkerFailed

from finsync_tui.actions import Actor
from finsync_tui.screens.app import FinsyncApp
from store.clock import VirtualClock
from tests.finsync_tui.screens.filled_store import MACHINE_NOW

ROUNDS_MAX = 30
QUIET_ROUNDS = 2
NARROW = (80, 24)
DESIGN = (140, 40)
MOMENT_S = 0.5
"""What a screen puts off so long is done while a person looks: no test waits for it."""
RUN_IN_EXECUTOR = asyncio.BaseEventLoop.run_in_executor
PAINT = Screen._compositor_refresh
TO_PAINT: WeakSet[Screen[Any]] = WeakSet()
"""Screens on which something changed since they were painted."""
IN_THREADS: WeakSet[asyncio.Future[Any]] = WeakSet()
"""What threads do for an event loop."""


def an_app(path: Path, **changes: Any) -> FinsyncApp:
    return FinsyncApp(path, VirtualClock(MACHINE_NOW), Actor("ana", "tui"), **changes)


@contextlib.asynccontextmanager
async def opened(path: Path, size: tuple[int, int] = DESIGN) -> AsyncIterator[Pilot[None]]:
    """Open the workbench; what it shows at first is there."""
    async with an_app(path).run_test(size=size, notifications=True) as pilot:
        await settle(pilot)
        yield pilot


async def until_idle(*_: float) -> None:
    """Wait until the event loop has nothing left to do, and no thread works for it. Textual's own way looks at the clock: it
    takes 20 ms at least, and on a busy machine it takes a process that gets no time for one that has nothing to do."""
    loop = asyncio.get_running_loop()
    quiet = 0
    while quiet < QUIET_ROUNDS:
        await asyncio.sleep(0)
        at_work = [one for one in IN_THREADS if one.get_loop() is loop and not one.done()]
        if at_work:
            await asyncio.wait(at_work)
        is_busy = at_work or loop._ready or paint()  # type: ignore[attr-defined]  # what is to run next has no public name
        quiet = 0 if is_busy else quiet + 1


def in_thread(
    loop: asyncio.BaseEventLoop, pool: Executor | None, act: Callable[..., Any], *given: Any
) -> asyncio.Future[Any]:
    """Let a thread do it, as an event loop does, and remember that it is under way."""
    future = RUN_IN_EXECUTOR(loop, pool, act, *given)
    IN_THREADS.add(future)
    return future


def paint_at_rest(screen: Screen[Any]) -> None:
    """Paint it when the event loop has nothing left to do, instead of after each of the changes that one key makes: nobody sees
    what is there for less than a frame, and painting is a third of a screen test's time."""
    if screen is not screen.app.screen:
        PAINT(screen)
        return
    screen._dirty_widgets.clear()
    TO_PAINT.add(screen)


def paint() -> bool:
    """Paint what has changed; return whether there was something."""
    changed = [screen for screen in TO_PAINT if screen.is_running]
    TO_PAINT.clear()
    for screen in changed:
        with screen._context():
            PAINT(screen)
    return bool(changed)


async def settle(pilot: Pilot[None]) -> None:
    """Wait until nothing is being read any more and all of it is drawn. What waits for an answer of the person may go on."""
    app = pilot.app
    for _ in range(ROUNDS_MAX):
        is_drawn = await draw(pilot)
        reading = [worker for worker in app.workers if worker.group != "doing" and not worker.is_finished]
        if reading:
            with contextlib.suppress(WorkerCancelled, WorkerFailed):
                await app.workers.wait_for_complete(reading)
        elif is_drawn and not await soon(app.screen):
            break
    for field in app.screen.query(Input):
        field.cursor_blink = False
    await drawn(pilot)


async def drawn(pilot: Pilot[None]) -> None:
    """Wait until all that is known is drawn; what is being read may go on."""
    for _ in range(ROUNDS_MAX):
        if await draw(pilot):
            return
    raise AssertionError("this screen never stops drawing itself")


async def draw(pilot: Pilot[None]) -> bool:
    """Let happen what is to happen now, and what waits for the next frame; return whether that was nothing."""
    await until_idle()
    waits = await soon(pilot.app)  # Textual keeps a new screen from being drawn until its parts are there
    screen = pilot.app.screen
    waits = waits or bool(
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
    )
    screen._on_timer_update()
    return not waits


async def soon(owner: App[None] | Screen[None]) -> bool:
    """Let happen at once what the app or a screen wants to do in a moment; return whether there was something."""
    waiting = [
        timer
        for timer in owner._timers
        if timer._repeat == 0 and timer._task is not None and timer._interval <= MOMENT_S
    ]
    for timer in waiting:
        timer.stop()
        with owner._context():
            await timer._tick(next_timer=0, count=1)
    return bool(waiting)


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
