"""How many requests of ours are at a tenant at once: four, and half as many for a while after it had too many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from adapters.errors import TransientError
from store.clock import Clock

HALVED_FOR: Final = timedelta(minutes=15)
TOO_MANY: Final = 429


class Gate:
    """Lets requests in while there is room; Workday says nothing of its limits but that they were passed."""

    def __init__(self, clock: Clock, width: int) -> None:
        self._clock = clock
        self._full = width
        self._narrow = width
        self._until: datetime | None = None
        self._inside = 0
        self._moved: asyncio.Condition | None = None

    @property
    def width(self) -> int:
        """Return how many may be inside now."""
        if self._until is not None and self._clock.now() >= self._until:
            self._until, self._narrow = None, self._full
        return self._narrow

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Be inside for the time of one request; a 429 halves the width."""
        if self._moved is None:
            self._moved = asyncio.Condition()
        moved = self._moved
        async with moved:
            await moved.wait_for(lambda: self._inside < self.width)
            self._inside += 1
        try:
            yield
        except TransientError as error:
            if error.status == TOO_MANY:
                self._halve()
            raise
        finally:
            self._inside -= 1
            async with moved:
                moved.notify_all()

    def forget_loop(self) -> None:
        """An event loop has ended: what waited in it waits no more."""
        self._moved, self._inside = None, 0

    def _halve(self) -> None:
        self._narrow = max(1, self.width // 2)
        self._until = self._clock.now() + HALVED_FOR
