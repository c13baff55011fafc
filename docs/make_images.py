"""Draw the README's picture from the running app, on the workspace of a headless demo: `python -m docs.make_images`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from finsync_tui.actions import Actor
from finsync_tui.rehearse import demo
from finsync_tui.screens.app import FinsyncApp
from finsync_tui.settings import Workspace, load_workspace

PICTURE = Path(__file__).with_name("images") / "home.svg"
SIZE = (140, 40)
LOOKS_MAX = 200
"""How often we look whether the screen shows the store's numbers, before we give up."""


async def drawn(workspace: Workspace) -> str:
    """Return what the first screen shows once it has read the store."""
    app = FinsyncApp(workspace.store_path, None, Actor("maria", "tui"))
    async with app.run_test(size=SIZE) as pilot:
        for _ in range(LOOKS_MAX):
            await pilot.pause(0.05)
            if app.pulse.engine is not None:
                break
        else:
            raise SystemExit("the screen never showed the store: is there an engine state in it?")
        await app.workers.wait_for_complete()
        await pilot.pause()
        return app.export_screenshot(title="finsync")


def main() -> None:
    """Draw from the workspace that is named, or from a demo that is run for it."""
    if len(sys.argv) > 1:
        picture = asyncio.run(drawn(load_workspace(Path(sys.argv[1]))))
    else:
        with tempfile.TemporaryDirectory() as folder:
            demo.run_headless(demo.Options(workspace=Path(folder) / "demo"))
            picture = asyncio.run(drawn(load_workspace(Path(folder) / "demo")))
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture, encoding="utf-8")
    print(f"wrote {PICTURE.name}")


if __name__ == "__main__":
    main()
