"""Pictures of the mapping screens and their dialogs, at 80x24 and at 140x40. Look at them before accepting a change."""

from __future__ import annotations

from functools import partial

import pytest

from finsync_tui.settings import Workspace
from tests.finsync_tui.screens.driving import DESIGN, NARROW
from tests.finsync_tui.screens.mapping_store import an_app
from tests.finsync_tui.screens.test_snapshots import SnapCompare, walk

WALKS: dict[str, tuple[str, ...]] = {
    "tables": ("5", "j"),
    "missing": ("5", "right_square_bracket"),
    "waiting": ("5", "right_square_bracket", "right_square_bracket"),
    "rules": ("5", "j", "enter"),
}


@pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])
@pytest.mark.parametrize("name", WALKS)
def test_screen(snap_compare: SnapCompare, mapped: Workspace, name: str, size: tuple[int, int]) -> None:
    """The screen looks as it did when somebody last looked at it."""
    app = an_app(mapped)

    assert snap_compare(app, terminal_size=size, run_before=partial(walk, keys=WALKS[name]))
