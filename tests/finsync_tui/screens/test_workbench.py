"""What a person does with the workbench, by keys only; what counts is what the store holds afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Input

from finsync_tui.actions import Actor
from finsync_tui.screens import app as workbench
from finsync_tui.screens import queries
from finsync_tui.screens.app import FinsyncApp
from finsync_tui.screens.exception_detail import ExceptionDetailScreen
from finsync_tui.screens.exceptions import ExceptionsScreen
from finsync_tui.screens.home import HomeScreen
from finsync_tui.screens.widgets.dialogs import AskDialog, KeysDialog, MessageDialog
from finsync_tui.screens.widgets.verb_bar import VerbBar
from finsync_tui.screens.widgets.virtual_table import VirtualTable
from finsync_tui.screens.workflow_detail import WorkflowDetailScreen
from store import audit, cases, engine, leases, outbox, systems, workflows
from store.clock import VirtualClock
from store.database import Store, open_store
from tests.finsync_tui.screens.driving import (
    DESIGN,
    NARROW,
    finish,
    opened,
    press,
    screen_text,
    settle,
    write,
)
from tests.finsync_tui.screens.filled_store import MACHINE_NOW, NOW

pytestmark = pytest.mark.anyio


def looked_into(path: Path) -> Store:
    """Return the store as it is now."""
    return open_store(path, VirtualClock(NOW))


def only_id(path: Path, query: str) -> int:
    with looked_into(path) as store:
        return int(store.db.execute(query).fetchone()[0])


async def test_home_says_what_is_stuck_and_how_much_money_it_is(filled: Path) -> None:
    """The first screen answers: what is stuck, how much per currency, and what time it is for the engine."""
    async with opened(filled) as pilot:
        text = screen_text(pilot)

    assert "Stuck · 30 · ▲ 18 late" in text
    assert "886,319.91 EUR · 420,650.96 USD" in text
    assert "◷ 03-14 10:00 virtual" in text
    assert "oracle-amer" in text


async def test_an_exception_is_retried_by_keys_only(filled: Path) -> None:
    """Two keys after the row is found: r, enter. The workflow goes on, the exception has ended, the audit log knows."""
    case_id = only_id(
        filled, "SELECT min(id) FROM exception_case WHERE class = 'MAPPING_MISSING' AND ended_at IS NULL"
    )

    async with opened(filled, NARROW) as pilot:
        await press(pilot, "2", "slash", *"MAPPING", "enter", "r")
        assert isinstance(pilot.app.screen, AskDialog)
        await press(pilot, "enter")
        await finish(pilot)
        shown = screen_text(pilot)

    with looked_into(filled) as store:
        case = cases.get(store.db, case_id)
        assert case is not None
        assert case.workflow_id is not None
        flow = workflows.get(store.db, case.workflow_id)
        log = [row[0] for row in store.db.execute("SELECT what FROM v_audit")]
        assert "closed" == case.state
        assert flow is not None
        assert "running" == flow.state
        assert ["exception.retried"] == log
        assert audit.verify(store.db).is_intact
    assert "1 of 1" in shown


async def test_an_exception_is_resolved_with_a_reason(filled: Path) -> None:
    """Without a reason nothing happens; with one, the reason is kept and the list moves on."""
    async with opened(filled) as pilot:
        await press(pilot, "2")
        screen = pilot.app.screen
        assert isinstance(screen, ExceptionsScreen)
        case_id = screen.table.cursor_id
        assert case_id is not None
        await press(pilot, "x", "enter")
        assert "Reason is needed" in screen_text(pilot)
        await write(pilot, "settled in the ERP")
        await press(pilot, "enter")
        await finish(pilot)
        assert case_id not in screen.table.ids

    with looked_into(filled) as store:
        case = cases.get(store.db, case_id)
        assert case is not None
        assert ("resolved", "settled in the ERP", "ana") == (case.state, case.resolution, case.ended_by)
        assert case.ended_at == NOW, "what a person does in a rehearsal happens at the engine's hour"


async def test_all_marked_exceptions_are_ignored_in_one_go(filled: Path) -> None:
    """space, space, i: one question that names the sum, one transaction."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "space", "space", "i")
        question = screen_text(pilot)
        await write(pilot, "test data")
        await press(pilot, "enter")
        await finish(pilot)

    assert "Ignore 2 exceptions" in question
    assert "94,009.49 EUR · 12,850.70 USD" in question
    assert 2 == only_id(
        filled, "SELECT count(*) FROM exception_case WHERE state = 'ignored' AND resolution = 'test data'"
    )


async def test_escape_does_nothing(filled: Path) -> None:
    """A question answered with escape changes nothing."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "r", "escape")
        await finish(pilot)

    assert 0 == only_id(filled, "SELECT count(*) FROM audit")


async def test_an_exception_is_assigned_and_commented(filled: Path) -> None:
    """The own name is proposed as owner; a comment needs text."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "a", "enter")
        await finish(pilot)
        await press(pilot, "enter", "c")
        await write(pilot, "called the supplier")
        await press(pilot, "enter")
        await finish(pilot)
        await press(pilot, "left_square_bracket")
        notes = screen_text(pilot)

    assert "called the supplier" in notes
    assert 1 == only_id(
        filled, "SELECT count(*) FROM case_note WHERE text = 'called the supplier' AND author = 'ana'"
    )
    with looked_into(filled) as store:
        what = [row[0] for row in store.db.execute("SELECT what FROM v_audit ORDER BY seq")]
    assert ["exception.assigned", "exception.commented"] == what


async def test_a_filter_narrows_the_list_and_a_bad_one_leaves_it(filled: Path) -> None:
    """A term that can't be understood is refused with a reason; the rows stay."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "slash")
        await write(pilot, "owner:ana amount:>20000")
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, ExceptionsScreen)
        found = screen.table.row_count
        await press(pilot, "slash")
        await write(pilot, "owners:ben")
        await press(pilot, "enter")
        refused = screen_text(pilot)
        kept = screen.table.row_count
        await press(pilot, "escape", "escape")
        after = screen.filter_line.text

    expected = only_id(
        filled,
        "SELECT count(*) FROM v_exception WHERE owner = 'ana' AND amount_minor > 2000000 AND ended_at IS NULL",
    )
    assert 0 < found == expected
    assert "there is no field owners; did you mean owner:?" in refused
    assert found == kept
    assert "owner:ana" == after


async def test_a_workflow_is_found_by_the_erp_number(filled: Path) -> None:
    """Whatever number somebody calls with finds the document."""
    async with opened(filled, NARROW) as pilot:
        await press(pilot, "3", "slash")
        await write(pilot, "162036")
        await press(pilot, "enter", "enter")
        assert isinstance(pilot.app.screen, WorkflowDetailScreen)
        text = screen_text(pilot)

    assert "PO-100236" in text
    assert "await write back" in text
    assert "162036 in oracle-emea" in text


async def test_next_and_previous_walk_through_the_list(filled: Path) -> None:
    """n and p open the neighbours without going back; at the ends they say so."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "enter", "n", "n", "p")
        screen = pilot.app.screen
        assert isinstance(screen, ExceptionDetailScreen)
        place = screen.index
        await press(pilot, "p", "p")
        first = screen.index
        await press(pilot, "q")
        is_back = isinstance(pilot.app.screen, ExceptionsScreen)

    assert 1 == place
    assert 0 == first
    assert is_back


async def test_source_sent_and_target_stand_side_by_side(filled: Path) -> None:
    """The field somebody changed in the ERP is marked, with all three values in one line."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "slash")
        await write(pilot, "class:READ_BACK_DIFFERS number:")
        await press(pilot, "escape", "slash")
        await write(pilot, "PO-100227")
        await press(pilot, "enter", "enter")
        text = screen_text(pilot)

    total = next(line for line in text.splitlines() if " total " in line)
    assert "≠" in total
    assert ["16,528.88", "16,528.88", "16,518.88"] == [word for word in total.split() if word[0] == "1"]


async def test_a_dead_letter_is_replayed_with_a_reason(filled: Path) -> None:
    """r on a dead delivery asks for a reason and makes it pending again; its attempts stay."""
    async with opened(filled) as pilot:
        await press(pilot, "6", "slash")
        await write(pilot, "state:buried")
        await press(pilot, "enter", "G", "r")
        entry_id = pilot.app.screen_stack[-2].query_one(VirtualTable).cursor_id
        await write(pilot, "the ERP is back")
        await press(pilot, "enter")
        await finish(pilot)

    with looked_into(filled) as store:
        delivery = outbox.get(store.db, entry_id)
        assert delivery is not None
        assert ("pending", 0) == (delivery.state, delivery.attempt_count)
        assert 8 == len(outbox.attempts(store.db, entry_id))


async def test_a_verb_that_is_not_possible_says_why(filled: Path) -> None:
    """Nothing is hidden: the verb is dim, and pressed it gives its reason."""
    async with opened(filled) as pilot:
        await press(pilot, "6", "slash")
        await write(pilot, "state:verified")
        await press(pilot, "enter", "r")
        text = screen_text(pilot)
        said = [note.message for note in pilot.app._notifications]

    assert "replay" in text
    assert "replay is for deliveries that are: dead letter, refused, held" in said[-1]
    assert 0 == only_id(filled, "SELECT count(*) FROM audit")


async def test_a_move_finds_the_verbs_anew_only_where_others_are_possible(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key held down draws two rows, and the verb bar only when the next row allows something else."""
    drawn: list[str] = []
    render = VerbBar.render

    def counted(bar: VerbBar) -> Content:
        drawn.append("bar")
        return render(bar)

    async with opened(filled) as pilot:
        await press(pilot, "2", "slash")
        await write(pilot, "class:MAPPING_MISSING")
        await press(pilot, "enter", "g")
        monkeypatch.setattr(VerbBar, "render", counted)
        await press(pilot, "j")
        same = len(drawn)
        screen = pilot.app.screen
        assert isinstance(screen, ExceptionsScreen)
        assert 1 == screen.table.cursor
        monkeypatch.setattr(screen, "why_not", lambda action: "not now")
        await press(pilot, "k")

    assert (0, 1) == (same, min(1, len(drawn)))


async def test_what_an_action_refuses_is_shown(filled: Path) -> None:
    """A document whose own id can't be read can't be asked for again: it stays open, and a dialog says why."""
    with looked_into(filled) as store, store.transaction() as db:
        db.execute("UPDATE exception_case SET document_key='coupa:unread-1' WHERE class='PAYLOAD_INVALID'")
    async with opened(filled) as pilot:
        await press(pilot, "2", "slash")
        await write(pilot, "class:PAYLOAD*")
        await press(pilot, "enter", "r", "enter")
        await finish(pilot)
        assert isinstance(pilot.app.screen, MessageDialog)
        text = screen_text(pilot)
        await press(pilot, "escape")

    assert "nothing to retry here" in " ".join(text.split())
    assert 1 == only_id(
        filled, "SELECT count(*) FROM exception_case WHERE class = 'PAYLOAD_INVALID' AND state = 'open'"
    )


async def test_a_system_is_paused_and_resumed(filled: Path) -> None:
    """w pauses with a reason, e resumes."""
    async with opened(filled) as pilot:
        await press(pilot, "8", "w")
        await write(pilot, "migration")
        await press(pilot, "enter")
        await finish(pilot)
        with looked_into(filled) as store:
            paused = systems.get(store.db, "coupa")
        await press(pilot, "e")
        await write(pilot, "done")
        await press(pilot, "enter")
        await finish(pilot)

    with looked_into(filled) as store:
        resumed = systems.get(store.db, "coupa")
    assert paused is not None
    assert ("paused", "migration") == (paused.state, paused.reason)
    assert resumed is not None
    assert "ok" == resumed.state


async def test_deliveries_are_held_released_and_cancelled(filled: Path) -> None:
    """w keeps what is marked here, e lets it go, x never sends it; each says how many and asks why."""

    def standing() -> list[str]:
        with looked_into(filled) as store:
            rows = store.db.execute(f"SELECT state FROM v_delivery WHERE id IN ({wanted}) ORDER BY id")
            return [row[0] for row in rows]

    async with opened(filled) as pilot:
        seen: list[list[str]] = []
        asked: list[str] = []
        await press(pilot, "6", "slash")
        await write(pilot, "state:pending|held")
        await press(pilot, "enter")
        table = pilot.app.screen.query_one("#list", VirtualTable)
        wanted = "SELECT id FROM v_delivery WHERE state = 'pending' ORDER BY id LIMIT 2"
        with looked_into(filled) as store:
            two = [row[0] for row in store.db.execute(wanted)]
        wanted = ",".join(str(one) for one in two)
        for key in ("w", "e", "x"):
            for one in two:
                table.move_to(table.index_of(one) or 0)
                await press(pilot, "space")
            await press(pilot, key)
            asked.append(screen_text(pilot))
            await write(pilot, "bank holiday")
            await press(pilot, "enter")
            await finish(pilot)
            seen.append(standing())

    assert [["held"] * 2, ["pending"] * 2, ["cancelled"] * 2] == seen
    assert all(
        f"{verb} 2 deliveries" in text
        for verb, text in zip(("Hold", "Release", "Cancel"), asked, strict=True)
    )


async def test_a_workflow_is_aborted_with_a_reason(filled: Path) -> None:
    """x on a workflow's page ends it and its exception."""
    async with opened(filled) as pilot:
        await press(pilot, "3", "slash")
        await write(pilot, "PO-100200")
        await press(pilot, "enter", "enter", "x")
        await write(pilot, "ordered twice")
        await press(pilot, "enter")
        await finish(pilot)
        text = screen_text(pilot)

    assert "✕ aborted" in text
    assert 1 == only_id(
        filled, "SELECT count(*) FROM workflow WHERE document_number = 'PO-100200' AND state = 'aborted'"
    )


async def test_what_the_engine_writes_appears_and_nothing_jumps(filled: Path) -> None:
    """While a person stands in the list, new rows are counted, not pushed in; ctrl+r takes them."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "j", "j", "j")
        screen = pilot.app.screen
        assert isinstance(screen, ExceptionsScreen)
        before = screen.table.cursor_id
        with looked_into(filled) as store, store.transaction() as db:
            new = cases.NewCase(
                class_="REJECTED", entity="purchase_order", document_key="coupa:9", document_number="PO-9",
                system="oracle-emea", cause="no", fix="ask", due_at=NOW - timedelta(days=90),
            )  # fmt: skip
            cases.open(db, new, NOW)
            engine.report(
                db, "idle", "host:4711:99", NOW + timedelta(hours=2), True, 1_285, None, MACHINE_NOW
            )
        pilot.app.look()  # type: ignore[attr-defined]
        await settle(pilot)
        shown = screen_text(pilot)
        stayed = screen.table.cursor_id
        await press(pilot, "ctrl+r")
        taken = screen.table.row_count

    assert before == stayed
    assert "1 new · ctrl+r" in shown
    assert "◷ 03-14 12:00 virtual" in shown
    assert 31 == taken


async def test_an_engine_is_not_said_to_have_stopped_because_the_machine_slept(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease has run out by the clock; only when it stays without a sign of life it is silent, and it comes back."""
    async with opened(filled) as pilot:
        app = pilot.app
        assert isinstance(app, FinsyncApp)
        app.machine_clock.advance(timedelta(hours=8))  # type: ignore[attr-defined]
        app._tick()
        await settle(pilot)
        awake = screen_text(pilot)

        monkeypatch.setattr("finsync_tui.screens.app.SILENCE_S", 0.0)
        app._tick()
        await press(pilot, "ctrl+r")
        silent = screen_text(pilot)

        with looked_into(filled) as store, store.transaction() as db:
            lease = leases.current(db)
            assert lease is not None
            leases.renew(db, lease, timedelta(seconds=60), app.machine_clock.now())
        app.look()
        await settle(pilot)
        back = screen_text(pilot)

    assert ["⟳ working" in one for one in (awake, silent, back)] == [True, False, True]
    assert "▲ silent" in silent
    assert "no sign of life for a while" in silent
    assert "stopped" not in awake + silent + back


async def test_what_is_gone_shows_nothing_of_what_it_was(filled: Path) -> None:
    """Its page says so, alone: no old details below, no counts on the tabs, no verb that seems possible."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "enter")
        screen = pilot.app.screen
        assert isinstance(screen, ExceptionDetailScreen)
        before = screen_text(pilot)
        screen.ids[screen.index] = 999_999
        await press(pilot, "ctrl+r")
        shown = screen_text(pilot)
        assert "" != screen.why_not("retry")
        assert "" == screen.why_not("step(1)")

    assert "What happened" in before
    assert "It is not there any more" in shown
    assert not [one for one in ("What happened", "p previous", "= supplier", "Similar 2") if one in shown]


async def test_an_engine_that_was_silent_before_is_said_to_be_silent_at_once(filled: Path) -> None:
    """Nobody saw a sign of life while they watched: its lease ran out hours ago, and that counts."""
    later = FinsyncApp(filled, VirtualClock(MACHINE_NOW + timedelta(hours=8)), Actor("ana", "tui"))
    async with later.run_test(size=DESIGN) as pilot:
        await settle(pilot)
        shown = screen_text(pilot)

    assert "▲ silent" in shown
    assert "⟳ working" not in shown


async def test_home_opens_what_is_behind_a_line(filled: Path) -> None:
    """Enter on a cause filters the exceptions to it; enter on a due line opens the exception itself."""
    async with opened(filled) as pilot:
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, ExceptionsScreen)
        filtered = (screen.filter_line.text, screen.table.row_count)
        await press(pilot, "1", "tab", "enter")
        assert isinstance(pilot.app.screen, ExceptionDetailScreen)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, HomeScreen)

    assert ("class:COST_CENTRE_INACTIVE", 2) == filtered


async def test_an_empty_store_shows_the_next_step(empty: Path) -> None:
    """A newcomer is told what to type."""
    async with opened(empty) as pilot:
        text = screen_text(pilot)
        await press(pilot, "2", "3", "6", "8")
        last = screen_text(pilot)

    assert "Welcome to finsync." in text
    assert "finsync demo" in text
    assert "No system was used yet" in last


async def test_a_file_that_is_no_store_is_explained(tmp_path: Path) -> None:
    """What happened, what was kept, what to do: on Home, not as a crash."""
    path = tmp_path / "finsync.db"
    path.write_text("not a database at all, but long enough to be taken for one by its size")

    async with opened(path) as pilot:
        text = " ".join(screen_text(pilot).replace("│", " ").split())

    assert "STORE_NOT_A_STORE" in text
    assert "Nothing was changed" in text
    assert "not a database" in path.read_text()


async def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    """Looking at a workspace that is not there does not create one."""
    path = tmp_path / "nowhere" / "finsync.db"

    async with opened(path) as pilot:
        text = screen_text(pilot)

    assert "STORE_MISSING" in text
    assert not path.exists()


async def test_help_and_palette_know_every_key(filled: Path) -> None:
    """A verb that is added to a screen is in its help and in the palette without further ado."""
    async with opened(filled) as pilot:
        await press(pilot, "2")
        commands = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        await press(pilot, "question_mark")
        assert isinstance(pilot.app.screen, KeysDialog)
        text = screen_text(pilot)
        await press(pilot, "space")
        text += screen_text(pilot)

    for verb in ("Retry", "Resolve…", "Assign", "Comment", "Ignore…", "Filter", "Go to Systems", "Mark all"):
        assert verb in commands
    for verb in ("retry", "resolve…", "Mark range", "Page down"):
        assert verb in text


async def test_a_window_that_is_too_small_says_so(filled: Path) -> None:
    """Below 60x16 there is one line instead of a heap of fragments."""
    async with opened(filled, (50, 12)) as pilot:
        text = screen_text(pilot)

    assert "Window too small (need 60x16)" in text


async def test_every_screen_fits_into_80_columns(filled: Path) -> None:
    """The verb bar never cuts a verb: four of them and where to find more."""
    async with opened(filled, NARROW) as pilot:
        for key in ("1", "2", "3", "6", "8"):
            await press(pilot, key)
            last = screen_text(pilot).splitlines()[-1]
            assert last.rstrip().endswith("? more")
            assert len(last) <= 80


async def test_constant_writing_does_not_starve_the_screen(filled: Path) -> None:
    """However often the engine writes while Home reads, Home shows the newest state in the end."""
    async with opened(filled) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, HomeScreen)
        with looked_into(filled) as store:
            for cycle in range(20):
                with store.transaction() as db:
                    at = NOW + timedelta(hours=cycle)
                    engine.report(
                        db, "working", "host:4711:99", at, True, cycle, f"round {cycle}", MACHINE_NOW
                    )
                pilot.app.look()  # type: ignore[attr-defined]
                await pilot.pause()
        pilot.app.look()  # type: ignore[attr-defined]
        await settle(pilot)
        shown = screen_text(pilot)

    assert "◷ 03-15 05:00 virtual" in shown
    assert "round 19" in shown


async def test_the_first_rows_of_a_long_search_are_there_before_all_are_found(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The title says that there are more; in the end it says how many. With marks the old rows stay: they are of all rows."""
    monkeypatch.setattr(queries, "EARLY_ROWS", 10)
    monkeypatch.setattr(queries, "EARLY_S", -1)
    titles: list[str] = []
    load = VirtualTable.load

    def loaded(table: VirtualTable[Any], *given: Any, **named: Any) -> None:
        load(table, *given, **named)
        titles.append(f"{table.row_count}")

    async with opened(filled) as pilot:
        monkeypatch.setattr(VirtualTable, "load", loaded)
        await press(pilot, "2")
        assert ["10", "30"] == titles
        assert "Exceptions · 30 · by due time" in screen_text(pilot)
        await press(pilot, "slash")
        await write(pilot, "is:overdue")
        assert ["10", "18"] == titles[2:]
        await press(pilot, "enter", "asterisk", "slash")
        titles.clear()
        await write(pilot, "state:open")
        assert ["18"] == titles
        assert "18 marked" in screen_text(pilot)


async def test_much_is_done_in_portions_and_can_be_stopped(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others write between two of them; how far it is stands below the list, and esc leaves the rest as it was."""
    monkeypatch.setattr(workbench, "PORTION", 7)
    told: list[str] = []
    stops_at = 0
    keep = FinsyncApp._write

    async def written(desk: FinsyncApp, act: Callable[[], Any]) -> Any:
        if desk.progress:
            told.append(desk.progress)
            with looked_into(filled) as store, store.transaction() as db:  # nobody holds the store meanwhile
                db.execute("UPDATE system_state SET reason = ''")
            if len(told) == stops_at:
                desk.screen.action_clear()  # type: ignore[attr-defined]
        return await keep(desk, act)

    async def assigned(pilot: Pilot[None], owner: str) -> int:
        told.clear()
        await press(pilot, "asterisk", "a")
        pilot.app.screen.query_one(Input).value = owner
        await press(pilot, "enter")
        await finish(pilot)
        return only_id(filled, f"SELECT count(*) FROM v_exception WHERE owner = '{owner}'")

    monkeypatch.setattr(FinsyncApp, "_write", written)
    async with opened(filled) as pilot:
        await press(pilot, "2")
        stops_at = 2
        assert 12 == await assigned(pilot, "zoe")
        assert ["⟳ 0 of 30 · esc stops", "⟳ 6 of 30 · esc stops"] == told
        assert "Stopped: 18 were left as they are." in screen_text(pilot)
        stops_at = 0
        await press(pilot, "escape", "ctrl+r")
        assert 30 == await assigned(pilot, "yan")
        assert 5 == len(told)
        assert "30 exceptions: assigned." in screen_text(pilot)


async def test_an_opened_row_is_in_nobodys_way(filled: Path) -> None:
    """The digit of the screen one is at leads to its list, / to its filter; a number of Home leads to the list behind it."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "enter", "1", "2")
        kept = type(pilot.app.screen).__name__
        await press(pilot, "2")
        first = type(pilot.app.screen).__name__
        await press(pilot, "enter", "slash")
        await write(pilot, "is:overdue")
        await press(pilot, "enter")
        filtered = screen_text(pilot)
        await press(pilot, "enter", "1", "g", "enter")
        behind = screen_text(pilot)
        await press(pilot, "3", "enter", "1", "slash")
        await write(pilot, "162035")
        await press(pilot, "enter")
        found = screen_text(pilot)

    assert ("ExceptionDetailScreen", "ExceptionsScreen") == (kept, first)
    assert "Exceptions · 18" in filtered
    assert " class:" in behind
    assert "Workflows · 1" in found


async def test_the_document_of_that_number_comes_before_its_namesakes(filled: Path) -> None:
    """One system's number may be another one's of another document: enter opens the document that has it at its source."""
    with open_store(filled, VirtualClock(NOW)) as store, store.transaction() as db:
        (key,) = db.execute(
            "SELECT document_key FROM workflow ORDER BY changed_at DESC, id DESC LIMIT 1"
        ).fetchone()
        (own,) = db.execute("SELECT document_number FROM workflow ORDER BY changed_at, id LIMIT 1").fetchone()
        db.execute("UPDATE crossref SET number = ? WHERE document_key = ?", (own, key))
    async with opened(filled) as pilot:
        await press(pilot, "3", "slash")
        await write(pilot, own)
        await press(pilot, "enter")
        table = pilot.app.screen.query_one("#list", VirtualTable)
        found = [table.row_at(index).number for index in range(table.row_count)]
        await press(pilot, "enter")
        heading = screen_text(pilot)

    assert 2 == len(found)
    assert own != found[0]
    assert f"─ {own} ·" in heading


async def test_nothing_is_done_to_everything_before_all_of_it_is_known(filled: Path) -> None:
    """While more rows are looked for, * says so, and neither a verb nor an export takes the first rows for all."""
    async with opened(filled) as pilot:
        await press(pilot, "2")
        table = pilot.app.screen.query_one("#list", VirtualTable)
        table.load(table.ids[:10], table._fetch, is_part=True)
        await press(pilot, "asterisk")
        assert "10+ marked" in screen_text(pilot)
        for key in ("x", "E"):
            await press(pilot, key)
            assert "they are still looked for" in screen_text(pilot)
            assert len(pilot.app.screen_stack) == 1
            pilot.app.clear_notifications()
        await press(pilot, "ctrl+r")
        assert "30 marked" in screen_text(pilot)


async def test_a_document_is_found_from_home_by_the_number_of_any_system(filled: Path) -> None:
    """One key and the number the ERP gave it: the workflow is there, whatever was filtered before."""
    async with opened(filled, NARROW) as pilot:
        await press(pilot, "3", "slash")
        await write(pilot, "state:done")
        await press(pilot, "enter", "1", "slash")
        await write(pilot, "162035")
        await press(pilot, "enter")

        assert "Workflows · 1" in screen_text(pilot)
        assert "PO-100235" in screen_text(pilot)


async def test_a_small_window_says_why_and_never_hides_the_keys_of_a_dialog(filled: Path) -> None:
    """Without room for the inspector the frame says what happened; what was said before does not lie over a question."""
    async with opened(filled, NARROW) as pilot:
        await press(pilot, "2", "j")
        assert "Ítalo Cabos Ltda is inactive in oracle-emea ─╯" in screen_text(pilot)
        await press(pilot, "asterisk", "c")
        assert "A comment is for one of them" in screen_text(pilot)
        assert "is inactive in" not in screen_text(pilot)
        await press(pilot, "r")
        assert "A comment is for one of them" not in screen_text(pilot)
        await pilot.resize_terminal(*DESIGN)
        await press(pilot, "escape", "escape")
        assert "oracle-emea ─╯" not in screen_text(pilot)
