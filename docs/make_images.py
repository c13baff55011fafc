"""Draw the pictures of the README and the tour from the running app, on the workspace of a headless demo.

`python -m docs.make_images` runs a small demo for it; `python -m docs.make_images WORKSPACE` draws one that is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from finsync_tui.actions import Actor
from finsync_tui.rehearse import demo
from finsync_tui.screens.app import FinsyncApp
from finsync_tui.settings import Workspace, load_workspace

FOLDER = Path(__file__).with_name("images")
SIZE = (120, 34)
SCALE = 0.1
"""Of the demo's company: enough of everything, in a tenth of the time."""
LOOKS_MAX = 200
"""How often we look whether the screen shows the store's numbers, before we give up."""
ROUNDS_MAX = 12

WALKS: Mapping[str, tuple[str, ...]] = {
    "home": ("1",),
    "exceptions": ("2", "j"),
    "causes": ("2", "number_sign"),
    "exception": ("2", "enter"),
    "workflows": ("3",),
    "workflow": ("3", "enter"),
    "reconcile": ("4",),
    "mappings": ("5",),
    "deliveries": ("6",),
    "delivery": ("6", "enter"),
    "audit": ("7",),
    "systems": ("8",),
    "events": ("semicolon", "v"),
    "findings": ("semicolon", "f"),
    "reports": ("semicolon", "o", "enter"),
    "golden": ("semicolon", "g"),
    "settings": ("semicolon", "t"),
}
"""Picture, and the keys that lead to it from any screen."""


async def settle(pilot: Pilot[None]) -> None:
    """Wait until what a key has started to read is shown."""
    for _ in range(ROUNDS_MAX):
        await pilot.pause()
        reading = [one for one in pilot.app.workers if one.group != "doing" and not one.is_finished]
        if not reading:
            break
        with contextlib.suppress(WorkerCancelled):
            await pilot.app.workers.wait_for_complete(reading)
    await pilot.pause(0.1)  # the inspector waits for the cursor to rest


async def begin(pilot: Pilot[None]) -> None:
    """Wait for the first look at the store."""
    app = pilot.app
    assert isinstance(app, FinsyncApp)
    for _ in range(LOOKS_MAX):
        await pilot.pause(0.05)
        if app.pulse.engine is not None:
            break
    else:
        raise SystemExit("the screen never showed the store: is there an engine state in it?")
    await settle(pilot)


async def walk(pilot: Pilot[None], name: str) -> None:
    """Go to what a picture shows, from wherever the last one was."""
    while len(pilot.app.screen_stack) > 1:
        await pilot.press("escape")
    for key in WALKS[name]:
        await pilot.press(key)
        await settle(pilot)


async def drawn(workspace: Workspace) -> dict[str, str]:
    """Return all pictures: one sitting at the workbench."""
    app = FinsyncApp(workspace.store_path, None, Actor("maria", "tui"), workspace=workspace)
    found: dict[str, str] = {}
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        for name in WALKS:
            await walk(pilot, name)
            found[name] = app.export_screenshot(title="finsync")
    return found


def main() -> None:
    """Draw from the workspace that is named, or from a demo that is run for it."""
    if len(sys.argv) > 1:
        pictures = asyncio.run(drawn(load_workspace(Path(sys.argv[1]))))
    else:
        with tempfile.TemporaryDirectory() as folder:
            demo.run_headless(demo.Options(workspace=Path(folder) / "demo", scale=SCALE))
            pictures = asyncio.run(drawn(load_workspace(Path(folder) / "demo")))
    FOLDER.mkdir(exist_ok=True)
    for name, picture in pictures.items():
        (FOLDER / f"{name}.svg").write_text(picture, encoding="utf-8")
    print(f"wrote {len(pictures)} pictures")


if __name__ == "__main__":
    main()
