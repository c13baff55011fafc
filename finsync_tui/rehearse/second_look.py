"""A reconciliation of everything, every delivery included, at the world's present time: `python -m finsync_tui.rehearse.second_look --workspace DIR`.

A process of its own, with what an engine knows and no more: the world's address, the clock's token, the systems' secrets.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

from finsync_tui.assembly import open_engine
from finsync_tui.reconcile.proving import prove
from finsync_tui.reconcile.running import Asked
from finsync_tui.rehearse.conductor import TOKEN_VARIABLE, URL_VARIABLE, RemoteWorld
from finsync_tui.settings import Workspace, load_workspace
from store.clock import VirtualClock
from store.errors import FinsyncError


def main(arguments: list[str] | None = None) -> int:
    """Compare everything once; return the exit code."""
    parser = argparse.ArgumentParser(prog="finsync_tui.rehearse.second_look", description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        asyncio.run(look(load_workspace(options.workspace)))
    except FinsyncError as error:
        print(f"error {error.code}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


async def look(workspace: Workspace) -> None:
    world = RemoteWorld(os.environ[URL_VARIABLE], os.environ[TOKEN_VARIABLE])
    try:
        clock = VirtualClock(world.read().now)
        async with open_engine(workspace, clock) as engine:
            names = sorted(name for name, one in engine.profile.reconciliations.items() if one.is_enabled)
            await engine.reconcile(Asked(tuple(names), "full"))
            await prove(engine.store, engine.adapters, clock, timedelta())
    finally:
        world.close()


if __name__ == "__main__":
    sys.exit(main())
