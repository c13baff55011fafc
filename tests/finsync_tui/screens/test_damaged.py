"""A store that was damaged: each screen says so in a sentence, none says that there is nothing, and the program goes on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from finsync_tui.screens.places import PLACES
from finsync_tui.screens.widgets.virtual_table import VirtualTable
from tests.finsync_tui.screens.driving import DESIGN, NARROW, an_app, opened, press, screen_text, settle

pytestmark = pytest.mark.anyio

LISTS = [mode for mode, _, _ in PLACES if mode not in ("home", "reports", "settings")]
PAGE = 4096
FIRST_DAMAGED = 8
"""The pages before hold the schema: the file still looks like a store."""


def damage(path: Path) -> None:
    """Overwrite most of the file, as a dying disk does."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    pages = path.stat().st_size // PAGE
    with path.open("r+b") as file:
        for page in range(FIRST_DAMAGED, pages):
            file.seek(page * PAGE)
            file.write(b"\xde\xad\xbe\xef" * (PAGE // 4))


@pytest.mark.parametrize(
    ("size", "modes"), [(NARROW, ["exceptions", "deliveries"]), (DESIGN, LISTS)], ids=["80x24", "140x40"]
)
async def test_a_store_that_is_damaged_while_it_is_open_is_told_on_each_screen(
    filled: Path, size: tuple[int, int], modes: list[str]
) -> None:
    """The code, the remedy, and in the top bar that the store can't be read; nothing claims that nothing is stuck."""
    said = {}
    async with opened(filled, size) as pilot:
        damage(filled)
        await press(pilot, "ctrl+r")
        for mode in modes:
            await pilot.app.action_go(mode)
            await settle(pilot)
            said[mode] = screen_text(pilot)

            if mode == modes[0]:
                await pilot.app.action_go("home")
                await settle(pilot)
                home = screen_text(pilot)

    assert "✕ STORE_DAMAGED" in home
    assert "What is shown was read before" in home
    assert "Stuck · 30" in home
    assert [] == [mode for mode, text in said.items() if "STORE_DAMAGED" not in text]
    assert [] == [mode for mode, text in said.items() if "✕ store" not in text]


async def test_a_store_that_was_damaged_before_is_told_from_the_start(filled: Path) -> None:
    """Without one look at the store, too; and the program ends without a traceback."""
    damage(filled)
    app = an_app(filled)

    async with app.run_test(size=DESIGN) as pilot:
        await settle(pilot)
        home = screen_text(pilot)
        await press(pilot, "2")
        exceptions = screen_text(pilot)

    assert "STORE_DAMAGED" in home
    assert "restore the last good backup" in exceptions
    assert "engine unknown" in exceptions or "◌ unknown" in exceptions
    assert app.return_code in (None, 0)


async def test_rows_that_are_shown_stay_when_the_store_fails(filled: Path) -> None:
    """What was read before is better than nothing, as long as the top bar says that it is old."""
    async with opened(filled) as pilot:
        await press(pilot, "2")
        damage(filled)
        pilot.app.screen.query_one(VirtualTable).fail("gone")
        await settle(pilot)

        assert pilot.app.screen.query_one(VirtualTable).row_count > 0
        assert "gone" not in screen_text(pilot)
