"""What the workbench loads before it first paints."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from textual.css.stylesheet import Stylesheet
from textual.widgets import Static

from finsync_tui.screens.home import HomeScreen
from store.database import KNOWN_MIGRATIONS
from tests.finsync_tui.screens.driving import opened, press, screen_text, settle
from tests.store import released_store

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


async def test_an_older_store_is_said_to_be_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a large file that takes seconds: the overview says what happens and since when, and then shows the store."""
    path, told = tmp_path / "finsync.db", []
    with closing(sqlite3.connect(path)) as old:
        old.executescript(next(released_store.FOLDER.glob("*.sql")).read_text(encoding="utf-8"))
    says = HomeScreen.store_upgrades

    def noted(home: HomeScreen, count: int, seconds: int) -> None:
        says(home, count, seconds)
        told.append(str(home.query_one("#welcome-text", Static).render()))

    monkeypatch.setattr(HomeScreen, "store_upgrades", noted)
    async with opened(path) as pilot:
        text = screen_text(pilot)

    said = [line for one in told for line in one.splitlines() if "so far" in line]
    assert f"{len(KNOWN_MIGRATIONS) - 1} changes for this version of finsync · 0 s so far" == said[0]
    assert {"0 s so far"} == {
        re.sub(r"\d+", "0", line.partition(" · ")[2]) for line in said
    }  # however long it took
    assert "brought up to date" not in text
    assert "Stuck · 1" in text


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
