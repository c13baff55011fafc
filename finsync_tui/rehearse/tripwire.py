"""Kills a process in the middle of an outside call: before the called system has acted, or after.

Only the judge can set it. It is how the promise is tried that a crash loses nothing and doubles nothing.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

When = Literal["before", "after"]


@dataclass
class Tripwire:
    """Counts the requests of all systems of a world; the chosen one is the last its caller makes."""

    pid: int | None = None
    countdown: int = 0
    when: When = "after"
    is_for_writes: bool = False
    """True: only requests that change something count."""
    struck_count: int = 0

    def arm(self, pid: int, countdown: int, when: When, *, is_for_writes: bool = False) -> None:
        self.pid, self.countdown, self.when, self.is_for_writes = pid, countdown, when, is_for_writes

    def disarm(self) -> None:
        self.pid = None

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return `app` behind the wire."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not self._strikes(scope["method"]):
                await app(scope, receive, send)
                return
            if self.when == "after":
                await app(scope, receive, _swallow)
            self._kill()
            while (await receive())["type"] != "http.disconnect":
                pass  # the caller is dead; an answer would go nowhere

        return watched

    def _strikes(self, method: str) -> bool:
        if self.pid is None or (self.is_for_writes and method == "GET"):
            return False
        self.countdown -= 1
        return self.countdown <= 0

    def _kill(self) -> None:
        pid, self.pid = self.pid, None
        if pid is not None:
            self.struck_count += 1
            os.kill(pid, signal.SIGKILL)


async def _swallow(message: Message) -> None:
    """Take an answer that nobody will read."""
