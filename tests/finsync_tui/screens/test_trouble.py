"""A store that can't be read for a while."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from finsync_tui.screens import app as workbench
from finsync_tui.screens.app import FinsyncApp
from finsync_tui.screens.reader import Reader
from finsync_tui.screens.widgets.verb_bar import VerbBar
from tests.finsync_tui.screens.driving import opened, press, screen_text, settle

pytestmark = pytest.mark.anyio


async def test_trouble_ends_when_the_store_can_be_read_again(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to write for it: the list is read again by itself, and the top bar says no more that it can't be."""

    async def refuse(reader: Reader, query: Callable[[sqlite3.Connection], Any]) -> Any:
        raise sqlite3.DatabaseError("database disk image is malformed")

    monkeypatch.setattr(workbench, "RETRY_S", 0.0)
    async with opened(filled) as pilot:
        app = pilot.app
        assert isinstance(app, FinsyncApp)
        with monkeypatch.context() as trouble:
            trouble.setattr(Reader, "run", refuse)
            await press(pilot, "2")
            assert "✕ store can't be read" in screen_text(pilot)
        app.look()
        await settle(pilot)

        assert app.trouble is None
        assert "✕ store" not in screen_text(pilot)
        assert "Exceptions · 30" in screen_text(pilot)


async def test_the_clock_may_tick_while_a_screen_is_taken_down(filled: Path) -> None:
    """Its list may be gone already when its keys are drawn once more; nothing breaks."""
    async with opened(filled) as pilot:
        app = pilot.app
        assert isinstance(app, FinsyncApp)
        await press(pilot, "2")
        await app.screen.query_one("#list").remove()

        app._tick()
        keys = app.screen.query_one(VerbBar).render()

        assert app.is_running
        assert "help" in str(keys)
