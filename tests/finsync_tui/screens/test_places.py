"""Getting around and looking back: jump keys, the way back, events, the audit log, settings, reading a system now."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from sqlite3 import Connection
from threading import Event
from typing import get_args

import pytest
from rich.color import Color
from rich.style import Style
from textual.theme import Theme

from finsync_tui.screens import base, journals, themes, verbs
from finsync_tui.screens.audit_log import AuditScreen
from finsync_tui.screens.events import EventDetailScreen, EventsScreen
from finsync_tui.screens.exceptions import ExceptionsScreen
from finsync_tui.screens.home import HomeScreen
from finsync_tui.screens.reader import Reader
from finsync_tui.screens.settings_screen import SettingsScreen
from finsync_tui.screens.widgets.table_ink import ink
from finsync_tui.screens.widgets.verb_bar import VerbBar
from finsync_tui.screens.workflows import WorkflowsScreen
from finsync_tui.settings import Workspace
from store import requests, systems
from store.clock import VirtualClock
from store.database import Store, open_store
from tests.finsync_tui.screens import filled_store
from tests.finsync_tui.screens.driving import (
    DESIGN,
    NARROW,
    an_app,
    drawn,
    finish,
    opened,
    press,
    screen_text,
    settle,
    write,
)
from tests.finsync_tui.screens.filled_store import NOW
from tests.finsync_tui.screens.legible import contrast, linear

pytestmark = pytest.mark.anyio


def looked_into(path: Path) -> Store:
    return open_store(path, VirtualClock(NOW))


async def test_two_keys_lead_to_any_screen_and_one_leads_back(filled: Path) -> None:
    """; and a letter; backspace goes back, as often as one came."""
    async with opened(filled, NARROW) as pilot:
        await press(pilot, "semicolon", "w")
        first = pilot.app.screen
        await press(pilot, "semicolon", "v")
        second = pilot.app.screen
        await press(pilot, "backspace")
        back = pilot.app.screen
        await press(pilot, "backspace", "backspace")
        home = pilot.app.screen

    assert isinstance(first, WorkflowsScreen)
    assert isinstance(second, EventsScreen)
    assert isinstance(back, WorkflowsScreen)
    assert isinstance(home, HomeScreen)


async def test_the_palette_knows_every_place(filled: Path) -> None:
    """Screens without a number are found by name."""
    async with opened(filled) as pilot:
        found = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}

    assert {
        "Go to Audit",
        "Go to Events",
        "Go to Settings",
        "Theme finsync-contrast",
        "Theme finsync-safe",
    } <= found


async def test_an_event_is_found_by_its_document_and_opened(filled: Path) -> None:
    """Any number of the document finds its events; enter shows what the event says."""
    async with opened(filled) as pilot:
        await press(pilot, "semicolon", "v", "slash")
        await write(pilot, "162036")
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, EventsScreen)
        count = screen.table.row_count
        await press(pilot, "enter")
        shown = screen_text(pilot)
        is_open = isinstance(pilot.app.screen, EventDetailScreen)

    assert 1 == count
    assert is_open
    assert "purchase_order.approved" in shown
    assert '"revision": "1"' in shown


async def test_what_people_did_is_told_apart_and_the_chain_is_checked(worked: Path) -> None:
    """is:people leaves the acts of people; v recomputes every hash."""
    async with opened(worked) as pilot:
        await press(pilot, "7", "slash")
        await write(pilot, "is:people")
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, AuditScreen)
        people = screen.table.row_count
        await press(pilot, "enter")
        entry = screen_text(pilot)
        await press(pilot, "escape", "v")
        await finish(pilot)
        checked = screen_text(pilot)

    assert 2 == people
    assert "month-end close" in entry
    assert '"state": "paused"' in entry
    assert "All 4 entries hold" in checked


async def test_a_log_that_was_touched_is_shown_as_broken(worked: Path) -> None:
    """Whoever edits an entry with another program is found out, with the place."""
    with looked_into(worked) as store:
        store.db.execute("DROP TRIGGER audit_no_update")
        store.db.execute(
            "UPDATE audit SET body = CAST(replace(CAST(body AS TEXT), 'month-end close', 'x') AS BLOB) WHERE seq = 3"
        )
    async with opened(worked) as pilot:
        await press(pilot, "7", "v")
        await finish(pilot)
        checked = screen_text(pilot)

    assert "The chain breaks at entry 3: its content was changed" in checked


async def test_settings_hold_at_once_and_next_time(filled: Path) -> None:
    """Theme by picking, time zone by name; a name that is none is refused; the next session has both."""
    async with opened(filled) as pilot:
        await press(pilot, "semicolon", "t")
        assert isinstance(pilot.app.screen, SettingsScreen)
        await press(pilot, "enter", "j", "j", "enter", "j", "enter", *["backspace"] * 3)
        await write(pilot, "Berlin")
        await press(pilot, "enter")
        refused = screen_text(pilot)
        await press(pilot, *["backspace"] * 6)
        await write(pilot, "Europe/Berlin")
        await press(pilot, "enter")
        await finish(pilot)
        shown = screen_text(pilot)
        theme = pilot.app.theme
    async with opened(filled) as pilot:
        await press(pilot, "j")
        again, top = pilot.app.theme, screen_text(pilot).splitlines()[0]

    assert "there is no time zone Berlin" in refused
    assert "2026-03-14 11:00 CET" in shown
    assert ("finsync-contrast", "finsync-contrast") == (theme, again)
    assert "03-14 11:00" in top


async def test_a_running_engine_is_asked_to_read_a_system(workspace: Workspace) -> None:
    """r asks, the pane shows that somebody asked, the audit log knows who."""
    async with an_app(workspace.store_path, workspace=workspace).run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "8")
        before = screen_text(pilot)
        await press(pilot, "r", "enter")
        await finish(pilot)
        after = screen_text(pilot)

    with looked_into(workspace.store_path) as store:
        asked = requests.reads(store.db)
        what = [row[0] for row in store.db.execute("SELECT what FROM v_audit")]
    assert "20 calls a second (set for it)" in before
    assert "closed, 0 of 5 failures in a row" in before
    assert "every 15 min" in before
    assert "in 15m" in before
    assert "Drift · 2" in before
    assert "asked for by ana" in after
    assert [("coupa", "ana")] == [(one.system, one.person) for one in asked]
    assert ["system.read_asked"] == what


async def test_a_paused_system_is_not_read_now(workspace: Workspace) -> None:
    """The verb is dim and says what to do first."""
    with looked_into(workspace.store_path) as store, store.transaction() as db:
        systems.pause(db, "coupa", "close", NOW)
    async with an_app(workspace.store_path, workspace=workspace).run_test(
        size=NARROW, notifications=True
    ) as pilot:
        await settle(pilot)
        await press(pilot, "8", "r")
        said = " ".join(str(note.message) for note in pilot.app._notifications)

    assert "coupa is paused: resume it first" in said


async def test_what_cannot_be_read_of_a_system_is_said_with_what_to_do(filled: Path) -> None:
    """One that answers else is only partly well, on Home in both forms and among the systems; a key leads to its exceptions."""
    filled_store.unread(filled)
    async with opened(filled) as pilot:
        home = screen_text(pilot)
        await press(pilot, "8")
        systems = screen_text(pilot)
        await press(pilot, "p")
        behind = screen_text(pilot)
    async with opened(filled, NARROW) as pilot:
        assert isinstance(pilot.app.screen, HomeScreen)
        narrow = {line.label: line.note for line in pilot.app.screen._lines()}

    assert "▲  coupa         partly" in home
    assert "receipt can't be read" in systems
    assert "What to do Give its user access to what it reads." in " ".join(systems.split())
    assert "system:coupa" in behind
    assert "READ_FAILED" in behind
    assert "✕ 1 unread" == narrow["coupa partly"]


@pytest.mark.parametrize(("role", "allowed"), [("auditor", False), ("analyst", True)])
async def test_what_a_role_does_not_allow_is_dim_and_says_why(
    workspace: Workspace, role: str, allowed: bool
) -> None:
    """An auditor looks and comments; the reason names the role that it takes."""
    layer = workspace.path / "profiles" / "own" / "profile.toml"
    layer.write_text(f'{layer.read_text()}\n[people.ana]\nos_account = "ana"\nroles = ["{role}"]\n')

    async with an_app(workspace.store_path, workspace=workspace).run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "2")
        screen = pilot.app.screen
        assert isinstance(screen, ExceptionsScreen)
        retry, comment = screen.why_not("retry"), screen.why_not("comment")

    assert ("" == retry) == allowed
    assert allowed or "ana has the role auditor; this (exception retried) is for" in retry
    assert "" == comment


async def test_home_leads_back_from_what_it_opened(filled: Path) -> None:
    """Enter on a cause goes to the exceptions; backspace comes back to Home."""
    async with opened(filled) as pilot:
        await press(pilot, "enter")
        there = isinstance(pilot.app.screen, ExceptionsScreen)
        await press(pilot, "backspace")
        back = isinstance(pilot.app.screen, HomeScreen)

    assert there
    assert back


# -- colours: measured, not felt -----------------------------------------------------------------------------------

_DEFICIENCIES = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}  # fmt: skip


def lab(rgb: Sequence[float]) -> tuple[float, float, float]:
    r, g, b = (min(1.0, max(0.0, part)) for part in rgb)
    x, y, z = (
        value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116
        for value in (
            (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
            0.2126 * r + 0.7152 * g + 0.0722 * b,
            (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
        )
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str, kind: str) -> float:
    seen = [
        [sum(w * p for w, p in zip(row, linear(c), strict=True)) for row in _DEFICIENCIES[kind]]
        for c in (one, other)
    ]
    return math.dist(lab(seen[0]), lab(seen[1]))


@pytest.mark.parametrize("kind", _DEFICIENCIES)
@pytest.mark.parametrize("theme", [theme for theme, _ in themes.OWN], ids=lambda theme: theme.name)
def test_states_are_told_apart_by_everybody(theme: Theme, kind: str) -> None:
    """Below 20 colours are hard to tell apart; the theme made for it keeps them 50 apart."""
    states = [str(theme.success), str(theme.warning), str(theme.error)]

    nearest = min(distance(one, other, kind) for one, other in combinations(states, 2))

    assert nearest >= (50 if theme.name in ("finsync-safe", "finsync-contrast") else 25)


@pytest.mark.parametrize("theme", [theme for theme, _ in themes.OWN], ids=lambda theme: theme.name)
def test_text_is_read_on_its_background(theme: Theme) -> None:
    """4.5 to 1 everywhere, 7 to 1 in high contrast: each colour on each part of a screen, and on each row of a list as it is drawn
    there."""
    known = theme.variables
    texts = [theme.foreground, theme.primary, theme.success, theme.warning, theme.error, theme.accent]
    parts = [theme.background, theme.surface, theme.panel]
    inked = ink(
        theme.to_color_system().generate() | known, Style.parse(f"{theme.foreground} on {theme.background}")
    )
    pairs = [(text, part) for text in (*texts, known["muted"], known["header"]) for part in parts]
    pairs += [(theme.foreground, known["cursor-row"])]  # the screen one is on, the tab that is shown
    for row in (inked.marked, inked.cursor, inked.cursor_blurred):
        lifted = inked.lifted[row.bgcolor]
        styles = [lifted.get(style, style) for style in inked.roles.values() if style is not None]
        pairs += [(hex_of(style.color), hex_of(row.bgcolor)) for style in (inked.plain, *styles)]

    least = 7 if theme.name == "finsync-contrast" else 4.5
    assert [] == [pair for pair in pairs if contrast(str(pair[0]), str(pair[1])) < least]


def hex_of(colour: Color | None) -> str:
    assert colour is not None
    return colour.get_truecolor().hex


def test_colours_come_from_the_theme_alone() -> None:
    """No screen names a colour of its own: what can be read in one theme can be read in all, whichever has a picture."""
    own = re.compile(
        r"(?:color|background|border[a-z-]*|tint|outline[a-z-]*)\s*:[^;{}]*"
        r"(?:#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?)\(|\b(?:white|black|red|green|blue|yellow|cyan|magenta|gr[ae]y)\b)"
    )
    folder = Path(themes.__file__).parent
    styles = "\n".join(path.read_text() for path in sorted(folder.rglob("*.tcss")))
    code = {
        path for path in folder.rglob("*.py") if re.search(r"[\"']#[0-9a-fA-F]{6}[\"']", path.read_text())
    }

    assert own.search("border: round #ff0000;")
    assert own.search("background: black 40%;")
    assert "$error" in styles
    assert [] == own.findall(styles)
    assert {Path(themes.__file__)} == code


async def test_the_top_bar_says_in_words_how_things_are_at_eighty_columns(filled: Path) -> None:
    """Glyph and word stay together; a screen without a number has its name lit like any other."""
    async with opened(filled, NARROW) as pilot:
        bars = {}
        for mode in ("home", "exceptions", "suppliers"):
            await pilot.app.action_go(mode)
            await settle(pilot)
            bars[mode] = screen_text(pilot).splitlines()[0]

    assert [] == [
        (mode, word)
        for mode, bar in bars.items()
        for word in ("▲ 18 late", "⟳ working", "◷")
        if word not in bar
    ]
    assert "Suppliers" in bars["suppliers"]


async def test_before_the_first_look_nothing_is_said_of_the_engine(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that it was not started, nor what time it is for it: nobody knows yet."""

    async def never(reader: Reader, query: object) -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(Reader, "run", never)
    async with an_app(filled).run_test(size=DESIGN) as pilot:
        await drawn(pilot)
        shown = screen_text(pilot)

    assert "◌ engine reading" in shown or "◌ reading" in shown
    assert "not started" not in shown
    assert "UTC" not in shown


def test_a_read_only_workbench_draws_every_verb_dim() -> None:
    """Whatever can be done by a verb is known to write."""
    assert set() == {base.ACTIONS.get(name, name) for name in get_args(verbs.Name)} - base.WRITING


async def test_checking_the_chain_is_seen_and_can_be_stopped(
    worked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line says since when; esc stops SQLite where it is, and says that nothing is known."""
    under_way, may_go_on = Event(), Event()
    seen: list[str] = []

    def endless(db: Connection, workspace: object) -> None:
        under_way.set()
        may_go_on.wait(10)
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        ).fetchone()

    monkeypatch.setattr(journals, "verified", endless)
    async with opened(worked) as pilot:
        await press(pilot, "7")
        pilot.app.screen.action_verify()  # type: ignore[attr-defined]
        await asyncio.to_thread(under_way.wait, 10)
        seen.append(str(pilot.app.screen.query_one(VerbBar).render()))
        pilot.app.screen.action_clear()  # type: ignore[attr-defined]
        may_go_on.set()
        await finish(pilot)
        seen.append(screen_text(pilot))

    assert "⟳ checking the whole chain · 0 s · esc stops" in seen[0]
    assert "The check was stopped: nothing is known of the chain." in seen[1]
    assert "esc stops" not in seen[1]
