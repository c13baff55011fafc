"""Two people at the workbench at once: each sees what the other does, and neither overwrites it unknowingly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.widgets import Static

from finsync_tui import actions
from finsync_tui.actions import Actor
from finsync_tui.screens.widgets.dialogs import MessageDialog
from store.clock import VirtualClock
from store.database import Store, open_store
from tests.finsync_tui.screens.driving import finish, opened, press, screen_text, settle
from tests.finsync_tui.screens.filled_store import NOW

pytestmark = pytest.mark.anyio
TOM = Actor("tom", "web")


def one(store: Store, question: str) -> int:
    return int(store.db.execute(question).fetchone()[0])


LISTS: dict[str, tuple[str, Callable[[Store], object], str]] = {
    "exceptions": (
        "2",
        lambda store: actions.assign(
            store,
            TOM,
            [row[0] for row in store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL")],
            "tom",
        ),
        "tom",
    ),
    "audit": ("7", lambda _: None, "tom"),
    "systems": ("8", lambda store: actions.pause_system(store, TOM, "coupa", "maintenance"), "paused"),
    "deliveries": (
        "6",
        lambda store: actions.hold_deliveries(
            store,
            TOM,
            [row[0] for row in store.db.execute("SELECT entry_id FROM delivery WHERE state='pending'")],
            "wait",
        ),
        "held",
    ),
    "workflows": (
        "3",
        lambda store: [
            actions.resolve(store, TOM, [row[0]], "settled")
            for row in store.db.execute(
                "SELECT id FROM exception_case WHERE ended_at IS NULL AND workflow_id IS NOT NULL"
            ).fetchall()
        ],
        "aborted",
    ),
}


async def test_each_list_shows_what_somebody_else_has_just_done(filled: Path) -> None:
    """Exceptions, the audit log, systems, deliveries, workflows: with the next look, without a key."""
    missed: list[str] = []
    async with opened(filled) as pilot:
        with open_store(filled, VirtualClock(NOW)) as store:
            for name, (key, act, word) in LISTS.items():
                await press(pilot, key)
                before = screen_text(pilot)
                act(store)
                pilot.app.look()  # type: ignore[attr-defined]
                await settle(pilot)
                after = screen_text(pilot)
                if word not in after or (name != "audit" and after == before):
                    missed.append(f"{name}\n{after}")

    assert [] == missed


async def test_what_was_taken_while_a_dialog_was_open_stays_taken(filled: Path) -> None:
    """Maria asks to assign it to herself; Tom is faster; she reads who has it, and it stays his."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "a")
        with open_store(filled, VirtualClock(NOW)) as store:
            every = [
                row[0] for row in store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL")
            ]
            actions.assign(store, TOM, every, "tom")
            await press(pilot, "enter")
            await finish(pilot)
            screen = pilot.app.screen
            told = " ".join(str(part.render()) for part in screen.query(Static))
            others = one(
                store, "SELECT count(*) FROM exception_case WHERE ended_at IS NULL AND owner IS NOT 'tom'"
            )

    assert isinstance(screen, MessageDialog)
    assert "it belongs to tom now" in " ".join(told.split())
    assert 0 == others


async def test_the_top_bar_names_the_person_beside_all_modes(filled: Path) -> None:
    """At 140 columns: eight screens by name, who is working, how late it is, the engine and the time."""
    async with opened(filled, (140, 40)) as pilot:
        bar = screen_text(pilot).splitlines()[0]

    assert all(
        word in bar
        for word in ("Exceptions", "Reconcile", "Deliveries", "Systems", "ana", "▲", "working", "◷")
    ), bar
