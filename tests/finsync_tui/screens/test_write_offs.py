"""Mending breaks, and giving money up by two persons, with nothing but keys."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from functools import partial

import pytest
import tomlkit
from textual.pilot import Pilot

from finsync_tui.screens import break_queries, drawing
from finsync_tui.screens.break_detail import BreakDetailScreen
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.underway import Line
from finsync_tui.screens.widgets.virtual_table import VirtualTable
from finsync_tui.settings import Workspace
from store import breaks, workflows
from store.clock import VirtualClock
from store.database import Store, open_store
from tests.finsync_tui.reconcile.test_adopting import Desk
from tests.finsync_tui.screens import mapping_store, write_off_store
from tests.finsync_tui.screens.driving import DESIGN, NARROW, finish, press, screen_text, settle, write
from tests.finsync_tui.screens.filled_store import NOW
from tests.finsync_tui.screens.test_snapshots import SnapCompare, walk

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def desk_of(made: Workspace, who: str, number: str = "") -> AsyncIterator[Pilot[None]]:
    """Sit down as somebody; `number` is looked for among the breaks."""
    app = mapping_store.an_app(made, who)
    async with app.run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        if number:
            await press(pilot, "4", "escape", "slash")  # the last filter is remembered
            await write(pilot, number)
            await press(pilot, "enter")
        yield pilot


async def answer(pilot: Pilot[None], key: str, words: str = "") -> str:
    """Press a verb's key, answer its question; return the screen as it asked."""
    await press(pilot, key)
    asked = screen_text(pilot)
    if words:
        await write(pilot, words)
    await press(pilot, "enter")
    await finish(pilot)
    return asked


def looked_into(made: Workspace) -> Store:
    return open_store(made.store_path, VirtualClock(NOW))


def the_break(made: Workspace, number: str = "INV-4401") -> breaks.Break:
    with looked_into(made) as store:
        (break_id,) = store.db.execute(
            "SELECT id FROM v_break WHERE document_number = ?", (number,)
        ).fetchone()
        found = breaks.get(store.db, break_id)
    assert found is not None
    return found


async def test_nobody_walks_around_the_second_person(shared_out: Workspace) -> None:
    """Where the company says so, x and i lead to the write-off; the exception stays as it is."""
    layer = shared_out.path / "profiles" / "own" / "profile.toml"
    profile = tomlkit.parse(layer.read_text(encoding="utf-8")).unwrap()
    profile.setdefault("governance", {})["resolve"] = "two"
    layer.write_text(tomlkit.dumps(profile), encoding="utf-8")
    async with desk_of(shared_out, "maria") as pilot:
        await press(pilot, "2")
        for key in ("x", "i"):
            await answer(pilot, key, "settled by telephone")
            assert "NOT_ALLOWED" in screen_text(pilot)
            assert "write it off with your reason" in screen_text(pilot)
            await press(pilot, "escape")

    with looked_into(shared_out) as store:
        states = {
            row[0]
            for row in store.db.execute(
                "SELECT state FROM exception_case WHERE ended_at IS NOT NULL AND ended_by = 'maria'"
            )
        }
    assert set() == states


async def test_a_break_is_found_and_written_off_by_two_persons(shared_out: Workspace) -> None:
    """By its number: both sides, the question with money and systems, one proposes, the other approves what waits."""
    async with desk_of(shared_out, "maria", "INV-4401") as pilot:
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, BreakDetailScreen)
        assert all(one in screen_text(pilot) for one in ("1,204.00 EUR", "1,185.00 EUR"))
        asked = await answer(pilot, "w", "the supplier is gone")
        assert all(one in asked for one in ("19.00 EUR", "coupa → oracle-emea", "your key signs"))
        assert "maria would write it off" in screen_text(pilot)
        await press(pilot, "A")
        assert "You proposed to write off" in screen_text(pilot)
    assert "open" == the_break(shared_out).state

    async with desk_of(shared_out, "tom") as pilot:
        await press(pilot, "4", "W")
        assert isinstance(pilot.app.screen, ListScreen)
        assert 1 == pilot.app.screen.table.row_count
        asked = await answer(pilot, "A")
        assert "maria would write off INV-4401: the supplier is gone" in asked
        assert "enter approve   esc" in asked
        assert 0 == pilot.app.screen.table.row_count

    found = the_break(shared_out)
    assert ("written_off", "tom", "the supplier is gone") == (found.state, found.ended_by, found.resolution)
    with looked_into(shared_out) as store:
        told = store.db.execute(
            "SELECT who, what FROM v_audit WHERE what LIKE 'break.%' ORDER BY seq"
        ).fetchall()
    assert [("maria", "break.write_off_proposed"), ("tom", "break.written_off")] == [
        tuple(one) for one in told
    ]


async def test_nobody_approves_their_own_and_a_no_leaves_it_open(shared_out: Workspace) -> None:
    """The key is dim and says why; whoever rejects says why, and the queue is empty again."""
    write_off_store.proposed(shared_out, "INV-4401", by="tom")

    async with desk_of(shared_out, "tom", "INV-4401") as pilot:
        await press(pilot, "A")
        assert "You proposed to write off" in screen_text(pilot)
        await answer(pilot, "R", "it can still be claimed")
        await press(pilot, "W")
        assert isinstance(pilot.app.screen, ListScreen)
        assert 0 == pilot.app.screen.table.row_count

    assert "open" == the_break(shared_out).state


async def test_an_exception_is_written_off_by_two_persons(shared_out: Workspace) -> None:
    """The maker, who may not approve, takes a slip back; proposed again it waits in a view, and another approves it."""
    with looked_into(shared_out) as store:
        row = store.db.execute(
            "SELECT id, document_number FROM v_exception WHERE class = 'MAPPING_MISSING' AND ended_at IS NULL ORDER BY id"
        ).fetchone()
    case_id, number = tuple(row)
    async with desk_of(shared_out, "maria") as pilot:
        await press(pilot, "2", "escape", "slash")
        await write(pilot, number)
        await press(pilot, "enter")
        await press(pilot, "U")
        assert "Nobody has proposed to write off" in screen_text(pilot)
        asked = await answer(pilot, "w", "the supplier is gone")
        assert "your key signs" in asked
        await press(pilot, "R")
        assert "maria has the role analyst" in screen_text(pilot)
        asked = await answer(pilot, "U", "it was another one")
        assert f"Withdraw the write-off of {number}" in asked
        await answer(pilot, "w", "the supplier is gone indeed")

    async with desk_of(shared_out, "tom") as pilot:
        await press(pilot, "2", "W")
        assert isinstance(pilot.app.screen, ListScreen)
        assert [case_id] == list(pilot.app.screen.table.ids)
        await press(pilot, "U")
        assert "maria proposed" in screen_text(pilot)
        asked = await answer(pilot, "A")
        assert f"maria would write off {number}: the supplier is gone indeed" in asked
        assert 0 == pilot.app.screen.table.row_count

    with looked_into(shared_out) as store:
        ended = store.db.execute(
            "SELECT ended_by, is_written_off FROM v_exception WHERE id = ?", (case_id,)
        ).fetchone()
        states = store.db.execute("SELECT state, decision FROM proposal ORDER BY id").fetchall()
    assert ("tom", 1) == tuple(ended)
    assert [("withdrawn", "it was another one"), ("approved", "")] == [tuple(one) for one in states]


async def test_who_only_looks_is_told_so(shared_out: Workspace) -> None:
    """By role: every verb that mends says which role it takes."""
    async with desk_of(shared_out, "vera", "INV-4401") as pilot:
        for key in ("r", "v", "d", "w"):
            await press(pilot, key)
            assert "vera has the role viewer" in screen_text(pilot), key
            pilot.app.clear_notifications()


async def test_a_break_is_mended_by_its_kind(broken: Workspace) -> None:
    """Sent again where it is missing, explained where a value differs, opened again; what doesn't fit says why not."""
    with looked_into(broken) as store, store.transaction() as db:
        flow = workflows.start(
            db, flow="invoice_to_payment", kind="post", entity="invoice", document_key="coupa:2",
            document_number="INV-4402", document_version=1, document_revision="1", step="match", now=NOW, state="done",
        )  # fmt: skip
        db.execute("UPDATE reconcile_break SET workflow_id = ? WHERE document_number = 'INV-4402'", (flow,))
        db.execute("UPDATE workflow SET state = 'done', ended_at = started_at WHERE id = ?", (flow,))
    async with desk_of(broken, "ana", "INV-4402") as pilot:
        await press(pilot, "d")
        assert "has no value to adopt" in screen_text(pilot)
        asked = await answer(pilot, "r", "the ERP lost it")
        assert "9,811.00 EUR" in asked
        await answer(pilot, "v")
    async with desk_of(broken, "ana", "INV-4401") as pilot:
        asked = await answer(pilot, "d", "agreed with the supplier")
        assert "INV-4401: total in coupa 1,204.00 EUR → 1,185.00 EUR" in asked
        assert "has no definition" in screen_text(pilot)
    async with desk_of(broken, "ana", "INV-4401") as pilot:
        await answer(pilot, "x", "agreed with the supplier")

    assert ("reread", "explained") == (the_break(broken, "INV-4402").fix, the_break(broken).state)
    async with desk_of(broken, "ana", "state:explained 4401") as pilot:
        await answer(pilot, "u", "it was another one")
    assert "open" == the_break(broken).state
    with looked_into(broken) as store:
        assert ("running", 2) == tuple(
            store.db.execute(
                "SELECT state, generation FROM workflow WHERE document_number='INV-4402'"
            ).fetchone()
        )


def test_who_signs_an_adoption_reads_which_value_goes_where() -> None:
    """Field, system and value, as they are signed; never only that something waits."""
    desk = Desk()
    number = desk.open()
    desk.adopt(number)

    told = drawing.waiting(break_queries.waiting(desk.store.db, [number]), 200)

    assert ["maria would set status in coupa to inactive for S-1: the ERP is right"] == [
        one.plain for one in told
    ]


@pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])
def test_question(snap_compare: SnapCompare, shared_out: Workspace, size: tuple[int, int]) -> None:
    """What a second person sees before they sign."""
    write_off_store.proposed(shared_out, "INV-4401")
    app = mapping_store.an_app(shared_out, "tom")

    assert snap_compare(app, terminal_size=size, run_before=partial(walk, keys=("4", "W", "A")))


async def test_home_says_what_waits_for_a_second_person(shared_out: Workspace) -> None:
    """Tom sees on Home what maria has signed, with its money, and enter leads to it; nothing waits, nothing is said."""
    before = await _waiting_on_home(shared_out)
    async with desk_of(shared_out, "maria", "INV-4401") as pilot:
        await answer(pilot, "w", "the supplier is gone")
        await press(pilot, "2")
        await answer(pilot, "w", "cancelled by telephone")
    after = await _waiting_on_home(shared_out)

    assert {} == before
    assert {"write-offs": 1, "breaks": 1} == after


async def _waiting_on_home(made: Workspace) -> dict[str, int]:
    """Return what Home counts, by label; behind each line are so many rows."""
    found: dict[str, int] = {}
    async with desk_of(made, "tom") as pilot:
        table = pilot.app.screen.query_one("#work", VirtualTable)
        labels = ("write-offs", "breaks", "mapping changes")
        lines = [(n, table.row_at(n)) for n in range(table.row_count)]
        for place, line in [(n, row) for n, row in lines if isinstance(row, Line) and row.label in labels]:
            table.focus()
            table.move_to(place)
            await press(pilot, "enter")
            screen = pilot.app.screen
            assert isinstance(screen, ListScreen)
            assert screen.table.row_count == line.count
            found[line.label] = screen.table.row_count
            await press(pilot, "1")
    return found
