"""Pictures of the Reconciliation screens, at 80x24 and at 140x40. Look at them before accepting a change."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from finsync_tui.settings import Workspace
from tests.finsync_tui.screens.driving import DESIGN, NARROW, an_app
from tests.finsync_tui.screens.test_snapshots import SnapCompare, walk

FIND = ("4", "slash", "=INV-4401", "enter", "enter")
BOARD = ("4", "t", "less_than_sign")
WALKS: dict[str, tuple[str, ...]] = {
    "breaks": ("4", "j", "space"),
    "break": FIND,
    "classes": ("4", "number_sign", "j"),
    "runs": ("4", "o", "j", "j"),
    "board": BOARD,
    "items": (*BOARD, "enter"),
    "explain": ("4", "x"),
}


@pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])
@pytest.mark.parametrize("name", WALKS)
def test_screen(snap_compare: SnapCompare, broken: Workspace, name: str, size: tuple[int, int]) -> None:
    """The screen looks as it did when somebody last looked at it."""
    app = an_app(broken.store_path, workspace=broken)

    assert snap_compare(app, terminal_size=size, run_before=partial(walk, keys=WALKS[name]))


@pytest.mark.parametrize("keys", [("l",), ("l", "l")], ids=["evidence", "history"])
def test_tab(snap_compare: SnapCompare, broken: Workspace, keys: tuple[str, ...]) -> None:
    """Why a break has its class, and what happened to it."""
    app = an_app(broken.store_path, workspace=broken)

    assert snap_compare(app, terminal_size=NARROW, run_before=partial(walk, keys=(*FIND, *keys)))


def test_board_without_a_workspace(
    snap_compare: SnapCompare, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Companies and periods are in the profile: a file on its own has none, and the board says so."""
    monkeypatch.chdir(filled.parent)
    app = an_app(Path(filled.name))

    assert snap_compare(app, terminal_size=NARROW, run_before=partial(walk, keys=("4", "t")))


def test_board_without_periods(snap_compare: SnapCompare, workspace: Workspace) -> None:
    """No period was read: what to do."""
    app = an_app(workspace.store_path, workspace=workspace)

    assert snap_compare(app, terminal_size=NARROW, run_before=partial(walk, keys=("4", "t")))
