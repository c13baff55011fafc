"""Pictures of the mapping screens and their dialogs, at 80x24 and at 140x40. Look at them before accepting a change."""

from __future__ import annotations

from functools import partial

import pytest

from finsync_tui.screens.widgets import impact_dialog
from finsync_tui.screens.widgets.impact_dialog import ImpactDialog
from finsync_tui.settings import Workspace
from tests.finsync_tui.screens.driving import DESIGN, NARROW
from tests.finsync_tui.screens.driving import an_app as filled_app
from tests.finsync_tui.screens.mapping_store import an_app
from tests.finsync_tui.screens.test_snapshots import SnapCompare, walk

NEXT = "right_square_bracket"
WALKS: dict[str, tuple[str, ...]] = {
    "tables": ("5", "j"),
    "missing": ("5", NEXT),
    "waiting": ("5", NEXT, NEXT),
    "decided": ("5", NEXT, NEXT, NEXT),
    "rules": ("5", "j", "enter", "j", "d"),
    "editor": ("5", NEXT, "n", "=4"),
    "editor-wrong": ("5", "j", "enter", "n", "=410", "tab", "=415"),
    "impact": ("5", "j", "enter", "d", "n", "=CC410", "tab", "=410", "enter", "P", "enter"),
    "proposal": ("5", NEXT, NEXT, "enter"),
    "versions": ("5", "j", "H"),
    "import": ("5", "j", "I"),
    "fix": ("2", "slash", "=PO-100302", "enter", "enter"),
}
"""Every screen and dialog: each at both sizes."""
SIZES = pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])


@SIZES
@pytest.mark.parametrize("name", WALKS)
def test_screen(snap_compare: SnapCompare, mapped: Workspace, name: str, size: tuple[int, int]) -> None:
    """The screen looks as it did when somebody last looked at it."""
    app = an_app(mapped)

    assert snap_compare(app, terminal_size=size, run_before=partial(walk, keys=WALKS[name]))


@SIZES
def test_approving(snap_compare: SnapCompare, mapped: Workspace, size: tuple[int, int]) -> None:
    """What a second person sees before they sign."""
    app = an_app(mapped, "tom")

    assert snap_compare(app, terminal_size=size, run_before=partial(walk, keys=("5", NEXT, NEXT, "j", "A")))


@pytest.mark.parametrize(
    "keys", [("5",), ("5", NEXT), ("5", NEXT, NEXT)], ids=["tables", "missing", "waiting"]
)
def test_empty(snap_compare: SnapCompare, workspace: Workspace, keys: tuple[str, ...]) -> None:
    """A company without tables is told how to begin; nothing missing is praise."""
    app = filled_app(workspace.store_path, workspace=workspace)

    assert snap_compare(app, terminal_size=NARROW, run_before=partial(walk, keys=keys))


@SIZES
def test_reckoning(
    snap_compare: SnapCompare, mapped: Workspace, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the impact is not known, the dialog says so, and nothing can be proposed."""
    monkeypatch.setattr(ImpactDialog, "_reckon", lambda self: None)
    monkeypatch.setattr(impact_dialog, "monotonic", lambda: 0.0)
    app = an_app(mapped)

    assert snap_compare(
        app, terminal_size=size, run_before=partial(walk, keys=("5", "j", "enter", "d", "P", "enter"))
    )
