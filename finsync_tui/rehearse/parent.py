"""A child that ends with its parent, in whatever way that ends."""

from __future__ import annotations

import asyncio
import os
import sys

_CHUNK = 4096


def tie_to_parent(stop: asyncio.Event) -> None:
    """Set `stop` when standard input ends: the parent holds its other end, and the OS lets go of it even on SIGKILL."""
    loop = asyncio.get_running_loop()
    descriptor = sys.stdin.fileno()

    def read() -> None:
        if not os.read(descriptor, _CHUNK):
            loop.remove_reader(descriptor)
            stop.set()

    loop.add_reader(descriptor, read)
