"""Golden records, merges and changed bank details: seen, decided by two persons with keys only, and refused with the reason."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from finsync_tui import profile as profiles
from finsync_tui.screens import verbs
from finsync_tui.screens.bank_changes import BankChangeScreen, BankChangesScreen
from finsync_tui.screens.golden import GoldenDetailScreen, GoldenScreen
from finsync_tui.screens.merges import MergeScreen, MergesScreen
from finsync_tui.screens.suppliers import SuppliersScreen
from finsync_tui.settings import Workspace
from finsync_tui.suppliers import golden, sweeping
from store import crossrefs, supplier_merges
from store.clock import VirtualClock
from store.database import open_store
from tests.finsync_tui.screens import mapping_store, supplier_store
from tests.finsync_tui.screens.driving import (
    DESIGN,
    NARROW,
    finish,
    press,
    screen_text,
    settle,
    write,
)
from tests.finsync_tui.screens.filled_store import NOW
from tests.finsync_tui.screens.test_snapshots import SnapCompare, walk
from tests.finsync_tui.suppliers.test_merging import Twice

pytestmark = pytest.mark.anyio
WALKS: dict[str, tuple[str, ...]] = {
    "golden": ("semicolon", "g"),
    "golden-one": ("semicolon", "g", "slash", "=N1", "enter", "enter"),
    "golden-crossrefs": ("semicolon", "g", "slash", "=N1", "enter", "enter", "l", "l"),
    "golden-versions": ("semicolon", "g", "slash", "=N1", "enter", "enter", "h"),
    "merges": ("semicolon", "l"),
    "merge": ("semicolon", "l", "enter"),
    "merge-approve": ("semicolon", "l", "A"),
    "bank": ("semicolon", "b"),
    "bank-one": ("semicolon", "b", "enter"),
    "bank-approve": ("semicolon", "b", "A"),
    "merge-which": ("semicolon", "u", "M"),
    "merge-ask": ("semicolon", "u", "M", "enter"),
}


@pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])
@pytest.mark.parametrize("name", WALKS)
def test_screen(snap_compare: SnapCompare, books: Workspace, name: str, size: tuple[int, int]) -> None:
    """Each list, one of its things, and the question before a decision."""
    app = mapping_store.an_app(books, "tom")
    assert snap_compare(app, terminal_size=size, run_before=partial(walk, keys=WALKS[name]))


async def decided(pilot: Pilot[None], key: str, words: str = "") -> str:
    """Press a verb's key, answer its question; return the screen as it asked."""
    await press(pilot, key)
    asked = screen_text(pilot)
    if words:
        await write(pilot, words)
    await press(pilot, "enter")
    await finish(pilot)
    return asked


def states(made: Workspace) -> list[str]:
    with open_store(made.store_path, VirtualClock(NOW)) as store:
        return [one.state for one in supplier_merges.listed(store.db, is_live=False)]


async def test_a_merge_is_proposed_from_a_pair_and_approved_by_another_person(books: Workspace) -> None:
    """Which stays, what it changes in which system, why; the maker can't approve, another person can."""
    async with mapping_store.an_app(books, "maria").run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "u", "slash")
        await write(pilot, "harbour is:within")
        await press(pilot, "enter", "M")
        assert isinstance(pilot.app.screen_stack[-2], SuppliersScreen)
        await press(pilot, "enter")
        asked = screen_text(pilot)
        await write(pilot, "one VAT number")
        await press(pilot, "enter")
        await finish(pilot)
        await press(pilot, "semicolon", "l")
        assert isinstance(pilot.app.screen, MergesScreen)
        assert 2 == pilot.app.screen.table.row_count
        assert "is for approver" in pilot.app.screen.why_not("approve_merge")
        row = pilot.app.screen.table.cursor_row
        assert "somebody else has to approve it" in pilot.app.screen.against(verbs.APPROVE_MERGE, row)

    assert "inactive; coupa:1 stays" in " ".join(asked.split())
    assert ["proposed", "proposed"] == states(books)

    async with mapping_store.an_app(books, "tom").run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "l", "enter")
        assert isinstance(pilot.app.screen, MergeScreen)
        told = await decided(pilot, "A")
        assert "maria: one VAT number" in told
        await press(pilot, "n")
        await decided(pilot, "R", "two companies of one family")

    assert ["merging", "rejected"] == states(books)


async def test_changed_bank_details_are_approved_by_another_person_and_refused_until_they_are_sent(
    books: Workspace,
) -> None:
    """What is signed is shown; who confirmed can't approve; while it cools off a refusal still counts."""
    async with mapping_store.an_app(books, "maria").run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "b")
        assert isinstance(pilot.app.screen, BankChangesScreen)
        row = pilot.app.screen.table.cursor_row
        assert "somebody else has to approve it" in pilot.app.screen.against(verbs.APPROVE_BANK, row)
        await press(pilot, "j")
        row = pilot.app.screen.table.cursor_row
        assert "Nobody has confirmed" in pilot.app.screen.against(verbs.APPROVE_BANK, row)
        asked = await decided(pilot, "C", "called Mr Wolf on the number of the contract")
        assert "GB…1111 → GB…2051" in asked

    async with mapping_store.an_app(books, "tom").run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "b", "enter")
        assert isinstance(pilot.app.screen, BankChangeScreen)
        assert "confirmed with the supplier by maria" in await decided(pilot, "A")
        assert "approved already" in pilot.app.screen.why_not("approve_bank")
        await decided(pilot, "R", "the supplier knows of nothing")
        assert "Refused by tom" in screen_text(pilot)

    with open_store(books.store_path, VirtualClock(NOW)) as store:
        found = [
            tuple(row)
            for row in store.db.execute("SELECT confirmed_by, refused_by FROM v_bank_change ORDER BY id")
        ]
    assert "tom" == found[0][1]
    assert ("maria", None) == found[1]


async def test_a_golden_record_says_where_each_field_comes_from(books: Workspace) -> None:
    """Its records, by which rule each field was chosen, and its pairs one key away."""
    async with mapping_store.an_app(books, "maria").run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "g")
        assert isinstance(pilot.app.screen, GoldenScreen)
        await press(pilot, "slash")
        await write(pilot, "N1")
        await press(pilot, "enter", "enter")
        assert isinstance(pilot.app.screen, GoldenDetailScreen)
        fields = screen_text(pilot)
        await press(pilot, "l")
        shown = screen_text(pilot)
        await press(pilot, "escape", "p")
        assert isinstance(pilot.app.screen, SuppliersScreen)
        assert 0 < pilot.app.screen.table.row_count

    assert "HU1 1AA Hull" in fields
    assert "coupa:1" in fields
    assert "oracle-emea:9" in shown


async def test_a_golden_record_says_what_each_version_changed_and_what_it_is_in_each_system(
    books: Workspace,
) -> None:
    """The value before and after, the record it came from; the id in every system, who orders there, and where there is none."""
    profile = profiles.load(books)
    with open_store(books.store_path, VirtualClock(NOW), durable=False) as store:
        for key, name in (("coupa:1", "Harbour Papers plc"), ("workday:4", "Someone Else")):
            supplier_store.put(store, key, {"name": name, "address": supplier_store.HULL})
        sweeping.sweep(store, profile.suppliers.thresholds, NOW)
        golden.consolidate(store, profile, NOW)
        with store.transaction() as db:
            crossrefs.link(
                db, "supplier", "coupa:1", "oracle-amer", "31", number="A31", why="created", linked_at=NOW
            )
            db.execute(
                "UPDATE golden_member SET legal_entities = '[\"DE01\", \"FR01\"]' WHERE external_id = '9'"
            )

    async with mapping_store.an_app(books, "maria").run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "g", "slash")
        await write(pilot, "N1")
        await press(pilot, "enter", "enter", "l", "l")
        known = {line.split()[0]: " ".join(line.split()[1:]) for line in body(pilot) if line.strip()}
        await press(pilot, "l")
        versions = [" ".join(line.split()) for line in body(pilot)]

    assert "9 N9 DE01, FR01" == known["oracle-emea"]
    assert "31 A31 made, not read yet" == known["oracle-amer"]
    assert "∅ ∅ no record there" == known["workday"]
    at = next(place for place, line in enumerate(versions) if line.startswith("≠ name"))
    assert ["≠ name Harbour Paper Ltd (coupa:1)", "→ Harbour Papers plc (coupa:1)"] == versions[at : at + 2]
    assert any(line.startswith("version 1 since") for line in versions)
    assert any(line.startswith("+ name Harbour Paper Ltd") for line in versions)


def body(pilot: Pilot[None]) -> list[str]:
    """Return the lines of the tab that is shown."""
    lines = screen_text(pilot).splitlines()
    return lines[next(place for place, line in enumerate(lines) if "[ ] switch" in line) + 1 : -1]


def test_a_merge_is_undone_with_keys_until_every_system_is_what_it_was(books: Workspace) -> None:
    """A person reads what it changed and who said so, undoes it with the reason; the engine restores both systems, and the page
    of the merge tells all of it."""
    estate = Twice()
    before = estate.everything()
    merge_id = estate.merged()
    estate.cycle()
    changed = estate.everything()
    hand_over(estate.store.db, books.store_path)

    merged, asked, undoing = asyncio.run(undo(books, "they are two companies"))
    take_back(books.store_path, estate.store.db)
    estate.cycle()
    estate.cycle()
    hand_over(estate.store.db, books.store_path)
    undone = asyncio.run(history_of(books, "state:parted"))

    assert before != changed
    assert all(word in merged for word in ("maria", "proposed", "one VAT number", "tom", "approved"))
    assert "inactive" in asked
    assert "Undone by tom: they are two companies" in undoing
    assert before == estate.everything()
    assert "parted" == estate.state(merge_id)
    assert all(word in undone for word in ("undone", "they are two companies", "supplier.change"))


async def undo(made: Workspace, why: str) -> tuple[str, str, str]:
    """Undo the merge as Tom; return its page before, the question, and its page after."""
    async with mapping_store.an_app(made, "tom").run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "l", "enter", "h")
        assert isinstance(pilot.app.screen, MergeScreen)
        return screen_text(pilot), await decided(pilot, "u", why), screen_text(pilot)


async def history_of(made: Workspace, words: str) -> str:
    """Return the history on the page of the merge that a filter finds."""
    async with mapping_store.an_app(made, "tom").run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "l", "slash")
        await write(pilot, words)
        await press(pilot, "enter", "enter", "h")
        return screen_text(pilot)


def hand_over(db: sqlite3.Connection, path: Path) -> None:
    """Give what the engine works on to the workbench."""
    for one in path.parent.glob(f"{path.name}*"):
        one.unlink()
    with closing(sqlite3.connect(path)) as file:
        db.backup(file)


def take_back(path: Path, db: sqlite3.Connection) -> None:
    """Let the engine go on with what the workbench has written."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA journal_mode=DELETE")
        file.backup(db)
