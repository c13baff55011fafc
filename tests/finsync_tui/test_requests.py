"""A person asks, a running engine reads; and what the faces show of how a system is used."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from finsync_tui import actions, profile, usage
from finsync_tui.actions import Actor
from finsync_tui.assembly import open_engine
from finsync_tui.settings import Workspace, create_workspace, load_workspace
from store import open_store, requests, runs, systems
from store.clock import VirtualClock, text
from store.errors import NotAllowedError, UnknownNameError
from tests.builders import MONDAY
from tests.finsync_tui.test_sync import Shelf, rows

ANA = Actor("ana", "cli")
PROFILE = """
[systems.shelf]
adapter = "coupa"
base_url = "http://127.0.0.1:9"

[schedules.suppliers]
system = "shelf"
entities = ["supplier"]
cron = "0 6 * * 1"
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    create_workspace(tmp_path / "w", layers=("own",), name="test")
    layer = tmp_path / "w" / "profiles" / "own"
    layer.mkdir(parents=True)
    (layer / "profile.toml").write_text(PROFILE, encoding="utf-8")
    found = load_workspace(tmp_path / "w")
    with open_store(found.store_path, VirtualClock(MONDAY)) as store, store.transaction() as db:
        systems.ok(db, "shelf", MONDAY)
    return found


def test_what_is_asked_for_is_read_by_the_next_round_and_forgotten(workspace: Workspace) -> None:
    """Between two schedules the engine reads what somebody asked for, once."""
    shelf = Shelf(rows("a", "b"))
    with open_store(workspace.store_path, VirtualClock(MONDAY)) as store:
        actions.ask_read(store, ANA, "shelf")
        actions.ask_read(store, ANA, "shelf")

    async def two_rounds() -> list[int]:
        async with open_engine(workspace, VirtualClock(MONDAY), lambda *_: {"shelf": shelf}) as engine:
            return [(await engine.settle()).rows_read for _ in range(2)]

    found = asyncio.run(two_rounds())

    with open_store(workspace.store_path, VirtualClock(MONDAY)) as store:
        assert [2, 0] == found
        assert [] == requests.reads(store.db)
        assert ["done"] == [run.outcome for run in runs.last(store.db)]


def test_a_request_made_while_it_is_read_is_not_forgotten(workspace: Workspace) -> None:
    """Done is what was seen; who asks anew meanwhile is heard."""
    with open_store(workspace.store_path, VirtualClock(MONDAY)) as store:
        with store.transaction() as db:
            requests.ask_read(db, "shelf", "ana", MONDAY)
        (seen,) = requests.reads(store.db)
        with store.transaction() as db:
            requests.ask_read(db, "shelf", "ben", MONDAY + timedelta(seconds=1))
            requests.done(db, seen)

        assert ["ben"] == [one.person for one in requests.reads(store.db)]


@pytest.mark.parametrize("state", ["paused", "held"])
def test_a_system_that_is_left_alone_is_not_asked_for(workspace: Workspace, state: str) -> None:
    """The message says what to do first; nothing is noted."""
    with open_store(workspace.store_path, VirtualClock(MONDAY)) as store:
        with store.transaction() as db:
            (systems.pause if state == "paused" else systems.hold)(db, "shelf", "close", MONDAY)

        with pytest.raises(
            NotAllowedError, match=f"shelf is {state} \\(close\\).*finsync systems resume shelf"
        ):
            actions.ask_read(store, ANA, "shelf")
        with pytest.raises(UnknownNameError, match="known: shelf"):
            actions.ask_read(store, ANA, "attic")

        assert [] == requests.reads(store.db)


def test_usage_tells_when_a_system_is_read_next(workspace: Workspace) -> None:
    """A schedule that never ran is due at once; afterwards its next run follows from its last."""
    with open_store(workspace.store_path, VirtualClock(MONDAY)) as store:
        configured = profile.load(workspace)
        never = usage.of(store.db, configured, "shelf").rhythms[0]
        with store.transaction() as db:
            db.execute("INSERT INTO meta VALUES ('schedule.suppliers', ?)", (text(MONDAY),))
        once = usage.of(store.db, configured, "shelf").rhythms[0]

    assert (None, None) == (never.last_at, never.next_at)
    assert MONDAY == once.last_at
    assert once.next_at is not None
    assert ("cron 0 6 * * 1 (UTC)", 0) == (once.words, once.next_at.weekday())
    assert once.next_at > MONDAY
