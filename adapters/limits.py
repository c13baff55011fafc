"""How fast a system may be called: a token bucket on the monotonic clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

Sleep = Callable[[float], Awaitable[object]]


class TokenBucket:
    """Lets `burst` calls through at once and `rate` a second after that, in the order they came."""

    def __init__(
        self,
        rate: float,
        burst: int = 1,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError("a token bucket needs a rate above zero and a burst of at least one")
        self._interval = 1 / rate
        self._slack = (burst - 1) / rate
        self._monotonic = monotonic
        self._sleep = sleep
        self._next = float("-inf")
        """When the next call would be due if calls came evenly."""

    async def acquire(self) -> None:
        """Wait for a turn. The turn is taken at once, so callers never overtake one another."""
        now = self._monotonic()
        due = max(self._next, now - self._slack)
        self._next = due + self._interval
        if due > now:
            await self._sleep(due - now)
