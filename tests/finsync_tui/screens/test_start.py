"""What the workbench loads before it first paints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from textual.css.stylesheet import Stylesheet

from tests.finsync_tui.screens.driving import opened, press, settle

pytestmark = pytest.mark.anyio
HEAVY = {"httpx", "aiohttp", "keyring", "apscheduler", "sqlite_utils", "starlette", "uvicorn", "markdown_it"}
LATER = {
    f"finsync_tui.{name}"
    for name in ("actions", "profile", "screens.queries", "screens.filters", "screens.verbs")
}
"""What a list, an action or this person's permits bring."""
SCRIPT = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from finsync_tui.screens.app import FinsyncApp
from store.clock import VirtualClock


class Painted(FinsyncApp):
    def _begin(self):
        Path(sys.argv[2]).write_text(" ".join(sys.modules))


async def main():
    app = Painted(Path(sys.argv[1]), VirtualClock(datetime(2026, 1, 1, tzinfo=UTC)), SimpleNamespace(name="ana", source="tui"))
    async with app.run_test() as pilot:
        await pilot.pause()


asyncio.run(main())
"""


def test_nothing_heavy_is_loaded_before_the_first_paint(filled: Path, tmp_path: Path) -> None:
    """No network, no keyring, no scheduler, no pydantic, no list but Home's: the frame is there before any of them."""
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
    assert set() == loaded & {*HEAVY, "pydantic", *LATER}


async def test_styles_are_parsed_once_for_each_set_of_colours(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first visit of another screen reads the styles of its new widgets only; another theme reads all of them anew."""
    read: list[str] = []
    parse = Stylesheet._parse_rules

    def counted(sheet: Stylesheet, css: str, read_from: tuple[str, str], *rest: Any, **named: Any) -> Any:
        fresh = len(sheet._parse_cache)
        found = parse(sheet, css, read_from, *rest, **named)
        if len(sheet._parse_cache) > fresh:
            read.append(read_from[0].rpartition("/")[2])
        return found

    async with opened(filled) as pilot:
        monkeypatch.setattr(Stylesheet, "_parse_rules", counted)
        await press(pilot, "2", "1")
        visited = list(read)
        pilot.app.theme = "finsync-light"
        await settle(pilot)

    assert "app.tcss" not in visited
    assert 1 == read.count("app.tcss")
