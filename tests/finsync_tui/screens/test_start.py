"""What the workbench loads before it first paints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HEAVY = {"httpx", "aiohttp", "keyring", "apscheduler", "sqlite_utils", "starlette", "uvicorn", "markdown_it"}
SCRIPT = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from finsync_tui.screens.app import FinsyncApp
from store.clock import VirtualClock


class Painted(FinsyncApp):
    def _begin(self):
        Path(sys.argv[2]).write_text(" ".join({name.partition(".")[0] for name in sys.modules}))


async def main():
    app = Painted(Path(sys.argv[1]), VirtualClock(datetime(2026, 1, 1, tzinfo=UTC)), SimpleNamespace(name="ana", source="tui"))
    async with app.run_test() as pilot:
        await pilot.pause()


asyncio.run(main())
"""


def test_nothing_heavy_is_loaded_before_the_first_paint(filled: Path, tmp_path: Path) -> None:
    """No network, no keyring, no scheduler, no pydantic: the frame is there before any of them."""
    seen = tmp_path / "loaded"
    script = tmp_path / "script.py"  # Textual looks for an app's source
    script.write_text(SCRIPT)
    root = Path(__file__).parents[3]

    subprocess.run(
        [sys.executable, script, filled, seen],
        timeout=60,
        check=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    )

    loaded = set(seen.read_text().split())
    assert "textual" in loaded
    assert set() == loaded & {*HEAVY, "pydantic"}
