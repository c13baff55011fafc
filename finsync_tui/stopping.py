"""Told to stop: what is under way is finished where that is quick, and cut where nothing can be lost by it.

The signal sets a flag at once, also while the loop is busy; whoever works through pages, documents or deliveries asks for it
between two of them. What still waits for a system's answer after GRACE_S is cut off: a page is read again, a write without an
answer has an unknown outcome and is looked up before it is sent again.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, TypeVar

from store.errors import FinsyncError

GRACE_S: Final = 2.0
"""How long a call that was sent may wait for its answer after we were told to stop."""

Result = TypeVar("Result")

IsStopping = Callable[[], bool]


class StoppedError(FinsyncError):
    """Told to stop, it ended before it was through."""

    code = "STOPPED"


def never() -> bool:
    """Say that nobody asked: for who works without a signal to listen to."""
    return False


class Stop:
    """Whether we were told to stop."""

    def __init__(self) -> None:
        self._is_asked = False
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def is_asked(self) -> bool:
        return self._is_asked

    def ask(self) -> None:
        """Stop soon. Safe within a signal handler."""
        self._is_asked = True
        self._loop.call_soon_threadsafe(self._event.set)

    async def run(self, work: Coroutine[Any, Any, Result], grace_s: float | None = None) -> Result | None:
        """Return what the work returns; None when it was cut off because it did not end in time."""
        task = asyncio.create_task(work)
        asked = asyncio.create_task(self._event.wait())
        try:
            await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                await asyncio.wait({task}, timeout=GRACE_S if grace_s is None else grace_s)
        finally:
            asked.cancel()
            task.cancel()
            await asyncio.wait({task})
        return None if task.cancelled() else task.result()


@contextmanager
def listening(stop: Stop) -> Iterator[None]:
    """Take SIGTERM and Ctrl-C as a wish to stop, for as long as this lasts."""

    def told(_: int, __: FrameType | None) -> None:
        stop.ask()

    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
