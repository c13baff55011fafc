"""The engine's process in a rehearsal: `python -m finsync_tui.rehearse.engine --workspace DIR [--pace N] [--tied]`.

It knows the world's address and the clock's token from the environment, and nothing of what was planted there.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from finsync_tui.assembly import open_engine
from finsync_tui.rehearse.conductor import TOKEN_VARIABLE, URL_VARIABLE, RemoteWorld, conduct
from finsync_tui.rehearse.parent import tie_to_parent
from finsync_tui.settings import Workspace, load_workspace
from store import engine, open_store
from store.clock import SystemClock, VirtualClock
from store.errors import FinsyncError


def main(arguments: list[str] | None = None) -> int:
    """Run the engine to the end of the rehearsal, or until SIGTERM; return the exit code."""
    parser = argparse.ArgumentParser(prog="finsync_tui.rehearse.engine", description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--pace", type=float, default=None, help="virtual seconds per real second")
    parser.add_argument("--tied", action="store_true", help="end when standard input ends: with the parent")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(rehearse(load_workspace(options.workspace), options.pace, is_tied=options.tied))
    except FinsyncError as error:
        print(f"error {error.code}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


async def rehearse(workspace: Workspace, pace: float | None, *, is_tied: bool = False) -> int:
    """Conduct the engine through the world that the environment names."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # not every platform lets a loop handle signals
            loop.add_signal_handler(name, stop.set)
    if is_tied:
        tie_to_parent(stop)
    world = RemoteWorld(os.environ[URL_VARIABLE], os.environ[TOKEN_VARIABLE])
    try:
        clock = VirtualClock(world.read().now)
        with open_store(workspace.store_path, SystemClock(), group=workspace.group or None) as store:
            before = engine.get(store.db)
        if before is not None and before.is_virtual:
            clock.advance_to(before.clock_at)
        async with open_engine(workspace, clock, is_stopping=stop.is_set) as running:
            return await conduct(running, clock, world, stop, pace)
    finally:
        world.close()


if __name__ == "__main__":
    sys.exit(main())
