"""Pictures of every screen and dialog, at 80x24 and at 140x40. Look at them before accepting a change."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from finsync_tui.settings import Workspace
from tests.finsync_tui.screens.driving import DESIGN, NARROW, an_app, press, settle, write

SnapCompare = Callable[..., bool]

WALKS: dict[str, tuple[str, ...]] = {
    "home": ("1",),
    "exceptions": ("2", "j", "j", "space"),
    "exception": ("2", "slash", "=READ_BACK_DIFFERS", "enter", "enter"),
    "retry": ("2", "space", "space", "r"),
    "resolve": ("2", "x", "enter"),
    "assign": ("2", "a"),
    "sort": ("2", "s"),
    "help": ("2", "question_mark"),
    "workflows": ("3",),
    "workflow": ("3", "slash", "=162036", "enter", "enter"),
    "deliveries": ("6",),
    "delivery": ("6", "slash", "=state:buried", "enter", "enter"),
    "requests": ("6", "slash", "=state:buried", "enter", "enter", "l"),
    "replay": ("6", "slash", "=state:buried", "enter", "r"),
    "causes": ("2", "number_sign", "j"),
    "snooze": ("2", "z"),
    "edit": ("2", "slash", "=DEAD_LETTER", "enter", "e"),
    "edit-wrong": ("2", "slash", "=DEAD_LETTER", "enter", "e", "x", "f2"),
    "views": ("2", "f"),
    "save-view": ("2", "slash", "=is:overdue", "enter", "F"),
    "systems": ("8", "j"),
    "pause": ("8", "w"),
    "read-now": ("8", "r"),
    "events": ("semicolon", "v", "j"),
    "event": ("semicolon", "v", "enter"),
    "jump": ("semicolon",),
    "settings": ("semicolon", "t"),
    "theme": ("semicolon", "t", "enter"),
    "zone": ("semicolon", "t", "j", "enter"),
}
"""Every screen and dialog: each at both sizes."""
TABS: dict[str, tuple[str, ...]] = {
    "decisions": ("2", "slash", "=SUPPLIER_AMBIGUOUS", "enter", "enter", "l"),
    "history": ("2", "slash", "=DEAD_LETTER", "enter", "enter", "l", "l", "l", "l"),
    "payload": ("2", "slash", "=PAYLOAD_INVALID", "enter", "enter", "D"),
    "similar": ("2", "slash", "=MAPPING_MISSING", "enter", "enter", "l", "l", "l"),
    "no-causes": ("2", "slash", "=zzzz", "enter", "number_sign"),
    "notes": ("2", "slash", "=PO-100200", "enter", "enter", "left_square_bracket"),
    "filter-refused": ("2", "slash", "=owners:ana", "enter"),
    "filter-empty": ("2", "slash", "=zzzz", "enter"),
}
"""States of a screen: at the size where there is less room."""


async def walk(pilot: Pilot[None], keys: tuple[str, ...], theme: str = "finsync-dark") -> None:
    """Press keys; what begins with = is typed."""
    pilot.app.theme = theme
    await settle(pilot)
    for key in keys:
        if key.startswith("="):
            await write(pilot, key[1:])
        else:
            await press(pilot, key)


@pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])
@pytest.mark.parametrize("name", WALKS)
def test_screen(snap_compare: SnapCompare, filled: Path, name: str, size: tuple[int, int]) -> None:
    """The screen looks as it did when somebody last looked at it."""
    app = an_app(filled)

    assert snap_compare(app, terminal_size=size, run_before=partial(walk, keys=WALKS[name]))


@pytest.mark.parametrize("name", TABS)
def test_tab(snap_compare: SnapCompare, filled: Path, name: str) -> None:
    """The tabs of an exception, and what the filter line can say."""
    app = an_app(filled)

    assert snap_compare(app, terminal_size=NARROW, run_before=partial(walk, keys=TABS[name]))


def test_ascii(snap_compare: SnapCompare, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal without Unicode still tells every state apart."""
    monkeypatch.setenv("FINSYNC_ASCII", "1")
    app = an_app(filled)

    assert snap_compare(app, terminal_size=NARROW, run_before=partial(walk, keys=("2", "space")))


def test_wide(snap_compare: SnapCompare, filled: Path) -> None:
    """From 150 columns on, the inspector stands beside the list."""
    app = an_app(filled)

    assert snap_compare(app, terminal_size=(170, 45), run_before=partial(walk, keys=("2", "j")))


def test_trouble(snap_compare: SnapCompare) -> None:
    """A store that is not there: what happened, and what to do."""
    app = an_app(Path("/srv/no-such-company/finsync.db"))

    assert snap_compare(app, terminal_size=NARROW, run_before=partial(walk, keys=("1",)))


def test_too_small(snap_compare: SnapCompare, filled: Path) -> None:
    """Below 60x16 there is one line."""
    app = an_app(filled)

    assert snap_compare(app, terminal_size=(58, 15), run_before=partial(walk, keys=("1",)))


def test_read_only(snap_compare: SnapCompare, filled: Path) -> None:
    """A workbench that only looks says so on top, and its verbs are dim."""
    app = an_app(filled, is_read_only=True)

    assert snap_compare(app, terminal_size=DESIGN, run_before=partial(walk, keys=("2", "j")))


@pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])
@pytest.mark.parametrize(
    "keys", [("7", "j"), ("7", "j", "enter"), ("7", "v")], ids=["log", "entry", "verified"]
)
def test_audit(snap_compare: SnapCompare, worked: Path, keys: tuple[str, ...], size: tuple[int, int]) -> None:
    """The audit log, one entry, and the chain checked."""
    app = an_app(worked)

    assert snap_compare(app, terminal_size=size, run_before=partial(walk, keys=keys))


@pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])
def test_system_with_profile(snap_compare: SnapCompare, workspace: Workspace, size: tuple[int, int]) -> None:
    """Rate limit, breaker, schedules with their next run, drift."""
    app = an_app(workspace.store_path, workspace=workspace)

    assert snap_compare(app, terminal_size=size, run_before=partial(walk, keys=("8",)))


@pytest.mark.parametrize("theme", ["finsync-contrast", "finsync-safe"])
@pytest.mark.parametrize("name", ["home", "exception"])
def test_theme(snap_compare: SnapCompare, filled: Path, name: str, theme: str) -> None:
    """High contrast, and colours that lie furthest apart."""
    app = an_app(filled)

    assert snap_compare(app, terminal_size=DESIGN, run_before=partial(walk, keys=WALKS[name], theme=theme))


def test_numbers_and_zone(snap_compare: SnapCompare, filled: Path) -> None:
    """Amounts and times as this person has chosen them."""
    app = an_app(filled)
    app.preferences |= {"setting.numbers": "de", "setting.zone": "Europe/Berlin"}

    assert snap_compare(app, terminal_size=DESIGN, run_before=partial(walk, keys=("2", "enter")))
