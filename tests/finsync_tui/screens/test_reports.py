"""The Reports screen: pick, look, write."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from finsync_tui.screens.reports import ReportsScreen
from finsync_tui.settings import Workspace
from tests.finsync_tui.screens.driving import (
    DESIGN,
    NARROW,
    an_app,
    finish,
    press,
    screen_text,
    settle,
    write,
)
from tests.finsync_tui.screens.test_snapshots import SnapCompare, walk

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])
def test_picture(snap_compare: SnapCompare, broken: Workspace, size: tuple[int, int]) -> None:
    """The list of reports beside the first rows of one."""
    app = an_app(broken.store_path, workspace=broken)

    assert snap_compare(app, terminal_size=size, run_before=partial(walk, keys=("semicolon", "o", "enter")))


async def test_a_report_is_looked_at_and_written(broken: Workspace, tmp_path: Path) -> None:
    """By jump key; enter shows the first rows, E writes it where the person says."""
    app = an_app(broken.store_path, workspace=broken)
    async with app.run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "o", "enter")
        await finish(pilot)
        assert isinstance(pilot.app.screen, ReportsScreen)
        assert "document_number" in screen_text(pilot) or "document_key" in screen_text(pilot)
        await press(pilot, "E", "ctrl+u")
        await write(pilot, str(tmp_path / "out.json"))
        await press(pilot, "enter")
        await finish(pilot)

    assert "INV-7700" in (tmp_path / "out.json").read_text()
