"""Pictures of the policy screens and their dialogs, at 80x24 and at 140x40. Look at them before accepting a change."""

from __future__ import annotations

from functools import partial

import pytest

from finsync_tui.settings import Workspace
from tests.finsync_tui.screens.driving import DESIGN, NARROW
from tests.finsync_tui.screens.mapping_store import an_app
from tests.finsync_tui.screens.test_snapshots import SnapCompare, walk

NEXT = "right_square_bracket"
LIST = ("semicolon", "p")
WALKS: dict[str, tuple[str, ...]] = {
    "policies": (*LIST, "j"),
    "waiting": (*LIST, NEXT),
    "decided": (*LIST, NEXT, NEXT),
    "rules": (*LIST, "j", "enter"),
    "cases": (*LIST, "j", "enter", NEXT),
    "fields": (*LIST, "j", "enter", NEXT, NEXT),
    "layers": (*LIST, "enter", NEXT, NEXT, NEXT),
    "editor": (*LIST, "j", "e"),
    "editor-wrong": (*LIST, "j", "e", "x"),
    "proposal": (*LIST, NEXT, "enter"),
    "impact": (*LIST, "P"),
    "versions": (*LIST, "j", "H"),
    "import": (*LIST, "j", "I"),
}
"""Every screen and dialog: each at both sizes."""


@pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])
@pytest.mark.parametrize("name", WALKS)
def test_screen(snap_compare: SnapCompare, ruled: Workspace, name: str, size: tuple[int, int]) -> None:
    """The screen looks as it did when somebody last looked at it."""
    app = an_app(ruled)

    assert snap_compare(app, terminal_size=size, run_before=partial(walk, keys=WALKS[name]))


@pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])
def test_approving(snap_compare: SnapCompare, ruled: Workspace, size: tuple[int, int]) -> None:
    """What a second person sees before they sign."""
    app = an_app(ruled, "tom")

    assert snap_compare(app, terminal_size=size, run_before=partial(walk, keys=(*LIST, NEXT, "j", "A")))
