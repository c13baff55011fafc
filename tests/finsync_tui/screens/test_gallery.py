"""Pictures of all screens and dialogs in every state, two sizes and two themes. Look at them before accepting a change.

One walk through a store takes the pictures of all its screens in one state. What is seen with data in the dark theme is pictured
beside the tests of each screen.
"""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot
from textual.screen import Screen

from finsync_tui import screens
from finsync_tui.screens.app import FinsyncApp
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.reader import Reader
from finsync_tui.settings import Workspace, create_workspace
from tests.finsync_tui.screens import filled_store, mapping_store
from tests.finsync_tui.screens.driving import DESIGN, NARROW, an_app, drawn, finish, screen_text, settle, soon
from tests.finsync_tui.screens.gallery import DATA, EMPTY, ERROR, GALLERY, LOADING, Exhibit
from tests.finsync_tui.screens.legible import AA, AAA, hard_to_read
from tests.finsync_tui.screens.test_snapshots import walk

pytestmark = pytest.mark.anyio

LOOKS = {"80x24-dark": (NARROW, "finsync-dark"), "140x40-light": (DESIGN, "finsync-light")}
LIGHT = {"80x24-light": (NARROW, "finsync-light"), "140x40-light": (DESIGN, "finsync-light")}
"""With data: the dark ones are beside the tests of each screen."""
NOT_STARTED = "The engine was not started: `finsync run` starts it."
STORES = pytest.mark.parametrize("store", ["filled", "worked", "broken", "mapped", "books", "ruled"])
Taken = list[tuple[str, str]]
SHARED = {
    "WorkScreen",
    "Dialog",
    "DetailScreen",
    "ListScreen",
    "Exporting",
    "BreakActions",
    "CaseActions",
    "MappingActions",
    "ChangeScreen",
    "ChangesScreen",
    "ChangeVersionsScreen",
    "PolicyActions",
    "PairActions",
    "MergeActions",
    "BankActions",
    "TableAboutScreen",
}
"""What screens are made of."""


def shown(store: str, state: str) -> dict[str, Exhibit]:
    return {name: one for name, one in GALLERY.items() if one.store == store and state in one.states}


def the_app(made: Path | Workspace) -> FinsyncApp:
    """Tom looks where things wait for a second person. The file has the same name on every machine: errors show it."""
    app = mapping_store.an_app(made, "tom") if isinstance(made, Workspace) else an_app(made)
    app.store_path = Path(app.store_path.name)
    return app


@pytest.fixture
def made(request: pytest.FixtureRequest, store: str, monkeypatch: pytest.MonkeyPatch) -> Path | Workspace:
    found: Path | Workspace = request.getfixturevalue(store)
    monkeypatch.chdir(found.path if isinstance(found, Workspace) else found.parent)
    if store == "filled":  # what a message is about: an exception whose document is gone
        with closing(sqlite3.connect(request.getfixturevalue("filled"))) as db, db:
            db.execute(
                "UPDATE exception_case SET document_key='coupa:unread-1' WHERE class='PAYLOAD_INVALID'"
            )
    return found


async def back(pilot: Pilot[None]) -> None:
    """Close what is open, and go Home."""
    while len(pilot.app.screen_stack) > 1:
        await pilot.app.pop_screen()
    pilot.app.workers.cancel_all()  # what waits for an answer, or for what never comes
    if isinstance(pilot.app.screen, ListScreen) and pilot.app.screen.table.row_count:
        pilot.app.screen.filter_to("")  # what was filtered for one picture is not for the next
    await pilot.app.switch_mode("home")
    await settle(pilot)


async def look(pilot: Pilot[None], name: str, taken: Taken, state: str = "") -> None:
    """Take a picture, of the screen that was meant. All of it can be read."""
    if type(pilot.app.screen).__name__ == "MessageDialog":
        await finish(pilot)
    assert name == type(pilot.app.screen).__name__
    assert [] == hard_to_read(pilot.app, AA), name
    taken.append((f"{name}-{state}" if state else name, pilot.app.export_screenshot()))


def differing(snapshot: SnapshotAssertion, taken: Taken) -> list[str]:
    """Return what does not look as it did when somebody last looked at it."""
    pictures = snapshot.use_extension(SVGImageExtension)
    return [name for name, svg in taken if pictures(name=name) != svg]


@pytest.mark.parametrize("look_of", LIGHT)
@STORES
async def test_with_data(
    snapshot: SnapshotAssertion, made: Path | Workspace, store: str, look_of: str
) -> None:
    """Each screen and dialog in the light theme, at both sizes."""
    size, theme = LIGHT[look_of]
    taken: Taken = []
    async with the_app(made).run_test(size=size) as pilot:
        for name, one in shown(store, DATA).items():
            await walk(pilot, one.keys, theme)
            await look(pilot, name, taken)
            await back(pilot)

    assert [] == differing(snapshot, taken)


@STORES
async def test_in_high_contrast(made: Path | Workspace, store: str) -> None:
    """Every text of every screen and dialog has seven times the light of what lies below it, or a seventh."""
    found: dict[str, list[str]] = {}
    async with the_app(made).run_test(size=NARROW) as pilot:
        for name, one in shown(store, DATA).items():
            await walk(pilot, one.keys, "finsync-contrast")
            found[name] = hard_to_read(pilot.app, AAA)
            await back(pilot)

    assert {} == {name: pairs for name, pairs in found.items() if pairs}


@pytest.mark.parametrize("look_of", LOOKS)
async def test_empty(snapshot: SnapshotAssertion, empty: Path, tmp_path: Path, look_of: str) -> None:
    """Where nothing happened yet, each screen says what to do or that all is well."""
    made = create_workspace(tmp_path / "w", layers=("own",), name="test")
    (made.path / "profiles" / "own").mkdir(parents=True)
    (made.path / "profiles" / "own" / "profile.toml").write_text(filled_store.PROFILE, encoding="utf-8")
    shutil.copy(empty, made.store_path)
    size, theme = LOOKS[look_of]
    taken: Taken = []
    async with an_app(made.store_path, workspace=made, engine_note=NOT_STARTED).run_test(size=size) as pilot:
        for name, one in GALLERY.items():
            if EMPTY in one.states:
                await walk(pilot, one.keys, theme)
                await look(pilot, name, taken)
                await back(pilot)

    assert [] == differing(snapshot, taken)


@STORES
@pytest.mark.parametrize("look_of", LOOKS)
async def test_trouble(
    snapshot: SnapshotAssertion,
    made: Path | Workspace,
    store: str,
    look_of: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is not there yet is said to be read: an empty list would claim that nothing is stuck. When it can't be read, the
    screen that wanted it says what happened and what to do; when it can again, nobody says so any more."""
    size, theme = LOOKS[look_of]
    taken: Taken = []
    app = the_app(made)
    async with app.run_test(size=size) as pilot:
        for name, one in GALLERY.items():
            if one.store != store or not {LOADING, ERROR} & set(one.states):
                continue
            await walk(pilot, one.keys[:-1], theme)
            with monkeypatch.context() as trouble:
                trouble.setattr(Reader, "run", never)
                await pilot.press(one.keys[-1])
                if LOADING in one.states:
                    await says_reading(pilot)
                    await look(pilot, name, taken, LOADING)
                app.workers.cancel_all()
                if ERROR in one.states:
                    trouble.setattr(Reader, "run", refuse)
                    app.action_reread()
                    await settle(pilot)
                    await look(pilot, name, taken, ERROR)
            await back(pilot)
            app.action_reread()
            await settle(pilot)
            assert app.trouble is None

    assert [] == differing(snapshot, taken)


@pytest.mark.parametrize("look_of", LOOKS)
async def test_loading_at_the_start(
    snapshot: SnapshotAssertion, filled: Path, look_of: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home, before the store was read for the first time."""
    size, theme = LOOKS[look_of]
    taken: Taken = []
    monkeypatch.setattr(Reader, "run", never)
    async with an_app(filled).run_test(size=size) as pilot:
        pilot.app.theme = theme
        await says_reading(pilot)
        await look(pilot, "HomeScreen", taken)

    assert [] == differing(snapshot, taken)


async def refuse(reader: Reader, query: Callable[[sqlite3.Connection], Any], *_: Any) -> Any:
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    raise error


async def says_reading(pilot: Pilot[None]) -> None:
    """See that the screen says that it reads, when that takes a moment."""
    await drawn(pilot)
    await soon(pilot.app.screen)
    await drawn(pilot)
    assert "reading …" in screen_text(pilot)


async def never(reader: Reader, query: Callable[[sqlite3.Connection], Any], *_: Any) -> Any:
    return await asyncio.get_running_loop().create_future()


def test_every_screen_and_dialog_stands_in_the_gallery() -> None:
    """A new one fails here until somebody has put it there and looked at its pictures."""
    for module in pkgutil.walk_packages(screens.__path__, "finsync_tui.screens."):
        importlib.import_module(module.name)
    found: list[type[Any]] = [Screen]
    for one in found:
        found.extend(below for below in one.__subclasses__() if below not in found)
    known = {one.__name__ for one in found if one.__module__.startswith("finsync_tui.")}

    assert known - SHARED == set(GALLERY)
    assert set() == {name for name, one in GALLERY.items() if DATA not in one.states}
