"""An analyst's day in the queue, by keys only: group, put aside, edit, send back, take what is suggested, keep a view."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from finsync_tui.flows.registry import FLOWS
from finsync_tui.screens import app as workbench
from finsync_tui.screens import verbs
from finsync_tui.screens.app import FinsyncApp
from finsync_tui.screens.causes import CausesScreen
from finsync_tui.screens.exception_detail import ExceptionDetailScreen
from finsync_tui.screens.exceptions import ExceptionsScreen
from finsync_tui.screens.widgets.dialogs import AskDialog
from finsync_tui.screens.widgets.edit_dialog import EditDialog
from finsync_tui.screens.widgets.verb_bar import VerbBar
from store import cases, outbox, workflows
from store.clock import VirtualClock
from store.database import Store, open_store
from tests.finsync_tui.screens.driving import (
    NARROW,
    an_app,
    finish,
    opened,
    press,
    screen_text,
    settle,
    write,
)
from tests.finsync_tui.screens.filled_store import NOW

pytestmark = pytest.mark.anyio


def looked_into(path: Path) -> Store:
    return open_store(path, VirtualClock(NOW))


def one(path: Path, query: str) -> object:
    with looked_into(path) as store:
        return store.db.execute(query).fetchone()[0]


def said(pilot: Pilot[None]) -> str:
    return " ".join(str(note.message) for note in pilot.app._notifications)


def waiting_for_one_rule(path: Path, count: int) -> None:
    """So many orders more lack one rule."""
    with looked_into(path) as store, store.transaction() as db:
        for n in range(count):
            workflow_id = workflows.start(
                db, flow="requisition_to_pay", kind="create", entity="purchase_order", document_key=f"coupa:7{n:03}",
                document_number=f"PO-7{n:03}", document_version=1, document_revision="1", step="resolve_accounts",
                now=NOW, target="oracle-emea", legal_entity="DE01", amount_minor=10_000, currency="EUR",
            )  # fmt: skip
            assert workflow_id is not None
            workflows.save(db, workflow_id, state="held", step="resolve_accounts", data={}, now=NOW)
            cases.open(
                db,
                cases.NewCase(
                    class_="MAPPING_MISSING", entity="purchase_order", document_key=f"coupa:7{n:03}",
                    document_number=f"PO-7{n:03}", system="coupa", cause="no rule for 9|9 *", fix="Add it, then retry.",
                    workflow_id=workflow_id, legal_entity="DE01", amount_minor=10_000, currency="EUR",
                    evidence={"table": "cost_centre", "value": "9|9 *", "scope": "DE01"},
                ),
                NOW,
            )  # fmt: skip


async def test_documents_that_wait_for_one_rule_are_one_line(filled: Path) -> None:
    """# groups by cause; enter shows the documents behind a line, whatever signs are in the value."""
    waiting_for_one_rule(filled, 12)

    async with opened(filled, NARROW) as pilot:
        await press(pilot, "2", "number_sign")
        assert isinstance(pilot.app.screen, CausesScreen)
        grouped = screen_text(pilot)
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, ExceptionsScreen)
        shown = screen.table.row_count

    assert "12 documents wait for it · 1,200.00 EUR · 9|9 * in cost_centre for DE01" in grouped
    assert 12 == shown


async def test_a_whole_cause_is_retried_with_one_key(filled: Path) -> None:
    """r on a cause retries all its documents in one transaction; the others stay."""
    waiting_for_one_rule(filled, 12)

    async with opened(filled) as pilot:
        await press(pilot, "2", "number_sign", "r")
        question = screen_text(pilot)
        await press(pilot, "enter")
        await finish(pilot)
        after = screen_text(pilot)

    assert "12 in all, 1,200.00 EUR" in question
    assert 12 == one(
        filled,
        "SELECT count(*) FROM exception_case WHERE resolution = 'retried' AND cause LIKE 'no rule for 9%'",
    )
    assert "9|9" not in after


async def test_a_whole_cause_is_done_in_portions_and_can_be_stopped(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How far it is stands in the last line, on whatever screen; esc leaves the rest as it was, and the screen open."""
    waiting_for_one_rule(filled, 12)
    monkeypatch.setattr(workbench, "PORTION", 5)
    told: list[str] = []
    keep = FinsyncApp._write

    async def written(desk: FinsyncApp, act: Callable[[], Any]) -> Any:
        if desk.progress:
            told.append(str(desk.screen.query_one(VerbBar).render()).strip())
            if len(told) == 2:
                await desk.screen.action_back()  # type: ignore[attr-defined]
        return await keep(desk, act)

    monkeypatch.setattr(FinsyncApp, "_write", written)
    async with opened(filled) as pilot:
        await press(pilot, "2", "number_sign", "r", "enter")
        await finish(pilot)
        after = screen_text(pilot)
        is_there = isinstance(pilot.app.screen, CausesScreen)
        await press(pilot, "escape")
        is_gone = not isinstance(pilot.app.screen, CausesScreen)

    assert ["⟳ 0 of 12 · esc stops", "⟳ 4 of 12 · esc stops"] == [one.partition("  ")[0] for one in told]
    assert is_there
    assert is_gone
    assert "Stopped: 4 were left as they are." in after
    assert "esc stops" not in after
    assert 8 == one(
        filled,
        "SELECT count(*) FROM exception_case WHERE resolution = 'retried' AND cause LIKE 'no rule for 9%'",
    )


async def test_causes_follow_the_filter(filled: Path) -> None:
    """What is filtered away in the list is not in its groups."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "slash")
        await write(pilot, "class:PERIOD_CLOSED")
        await press(pilot, "enter", "number_sign")
        text = screen_text(pilot)

    assert "class:PERIOD_CLOSED" in text
    assert "MAPPING_MISSING" not in text


async def test_an_exception_is_put_aside(filled: Path) -> None:
    """z asks until when, in words that people use; what can't be understood is said, and nothing happens."""
    async with opened(filled) as pilot:
        await press(pilot, "2")
        screen = pilot.app.screen
        assert isinstance(screen, ExceptionsScreen)
        case_id = screen.table.cursor_id
        assert case_id is not None
        await press(pilot, "z", *["backspace"] * 2)
        await write(pilot, "whenever")
        await press(pilot, "enter")
        refused = screen_text(pilot)
        await press(pilot, *["backspace"] * 8)
        await write(pilot, "2d")
        await press(pilot, "enter")
        await finish(pilot)

    with looked_into(filled) as store:
        case = cases.get(store.db, case_id)
        assert case is not None
        assert ("snoozed", NOW + timedelta(days=2)) == (case.state, case.snoozed_until)
    assert "write when, like 4h" in refused


async def test_an_edit_is_kept_until_it_is_sent(filled: Path) -> None:
    """esc goes back from the reason to the edit, one that was refused is there again with e; thrown away it is gone."""
    async with opened(filled) as pilot:

        async def edited() -> str:
            await press(pilot, "e")
            assert isinstance(pilot.app.screen, EditDialog)
            return pilot.app.screen.area.text

        await press(pilot, "2", "slash")
        await write(pilot, "class:DEAD_LETTER")
        await press(pilot, "enter")
        before = await edited()
        body = json.loads(before)
        body["commitment"]["supplier_site_id"] = "ZZ01"
        text = json.dumps(body, indent=2, ensure_ascii=False)
        pilot.app.screen.area.load_text(text)
        await press(pilot, "f2", "escape")
        assert isinstance(pilot.app.screen, EditDialog)
        assert text == pilot.app.screen.area.text

        with looked_into(filled) as store, store.transaction() as db:
            db.execute("UPDATE exception_case SET owner = 'zoe' WHERE class = 'DEAD_LETTER'")
        await press(pilot, "f2")
        await write(pilot, "wrong site")
        await press(pilot, "enter")
        await finish(pilot)
        refused = screen_text(pilot)
        await press(pilot, "escape")
        again = await edited()
        await press(pilot, "escape", "escape")
        anew = await edited()

    assert "it has changed since you looked: it belongs to zoe" in refused
    assert text == again
    assert before == anew


async def test_a_refused_body_is_edited_and_sent(filled: Path) -> None:
    """e opens the body, f2 shows what changes and asks for a reason; the original stays beside it."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "slash")
        await write(pilot, "class:DEAD_LETTER")
        await press(pilot, "enter", "e")
        assert isinstance(pilot.app.screen, EditDialog)
        await press(pilot, "f2")
        unchanged = screen_text(pilot)
        area = pilot.app.screen.query_one(TextArea)
        area.load_text("{broken")
        await press(pilot, "f2")
        broken = screen_text(pilot)
        body = json.loads(pilot.app.screen._before)
        other = body | {"commitment": body["commitment"] | {"marker": "coupa:other"}}
        area.load_text(json.dumps(other, indent=2, ensure_ascii=False))
        await press(pilot, "f2")
        refused = screen_text(pilot)
        body["commitment"]["supplier_site_id"] = "ZZ01"
        area.load_text(json.dumps(body, indent=2, ensure_ascii=False))
        await press(pilot, "f2")
        assert isinstance(pilot.app.screen, AskDialog)
        question = screen_text(pilot)
        await write(pilot, "wrong site")
        await press(pilot, "enter")
        await finish(pilot)

    entry_id = one(
        filled,
        "SELECT entry_id FROM exception_case WHERE resolution = 'edited: wrong site' AND state = 'closed'",
    )
    with looked_into(filled) as store:
        delivery = outbox.get(store.db, entry_id)  # type: ignore[arg-type]
        row = store.db.execute(
            "SELECT e.body, d.edited_body FROM outbox_entry e JOIN delivery d ON d.entry_id = e.id WHERE e.id = ?",
            (entry_id,),
        ).fetchone()
    assert delivery is not None
    assert "pending" == delivery.state
    assert json.loads(row[0]) != json.loads(row[1])
    assert "ZZ01" == json.loads(row[1])["commitment"]["supplier_site_id"]
    assert "nothing was changed yet" in unchanged
    assert "line 1, column 2" in broken
    assert "stays as it was decided" in refused
    assert '"supplier_site_id": "ZZ01"' in question


async def test_an_editor_that_can_not_be_opened_is_no_end(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without $EDITOR, or where no other program can have the terminal, one edits here; two escapes throw it away."""
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "")
    async with opened(filled) as pilot:
        await press(pilot, "2", "slash")
        await write(pilot, "class:DEAD_LETTER")
        await press(pilot, "enter", "e", "f4")
        none_set = screen_text(pilot)
        monkeypatch.setenv("EDITOR", "vi")
        await press(pilot, "f4")
        not_here = screen_text(pilot)
        await press(pilot, "x", "escape")
        warned = screen_text(pilot)
        await press(pilot, "escape")
        is_back = isinstance(pilot.app.screen, ExceptionsScreen)

    assert "no editor is set in $VISUAL or $EDITOR" in none_set
    assert "another editor can't be opened here" in not_here
    assert "esc again throws them away" in warned
    assert is_back
    assert 0 == one(filled, "SELECT count(*) FROM audit")


async def test_only_a_delivery_can_be_edited_and_only_some_documents_go_back(filled: Path) -> None:
    """What is not possible says why."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "slash")
        await write(pilot, "class:SUPPLIER_UNKNOWN")
        await press(pilot, "enter", "e", "b")
        told = said(pilot)

    assert "Only a refused or dead delivery can be edited" in told
    assert "takes no document back" in told


def test_the_flows_that_send_back_are_those_the_screens_know() -> None:
    """The verb is dim for exactly the flows whose engine has no step for it."""
    assert {name for name, flow in FLOWS.items() if flow.returns_at is not None} == verbs.RETURNING_FLOWS


async def test_an_expense_goes_back_to_its_owner(filled: Path) -> None:
    """m takes what is suggested: an expense without an approver goes back, with words that its owner reads."""
    with looked_into(filled) as store, store.transaction() as db:
        workflow_id = workflows.start(
            db, flow="expense_to_reimbursement", kind="create", entity="expense_document", document_key="concur:E1",
            document_number="EX-1", document_version=1, document_revision="1", step="check_approval", now=NOW,
            target="oracle-emea", legal_entity="DE01", amount_minor=4_200, currency="EUR",
        )  # fmt: skip
        assert workflow_id is not None
        workflows.save(db, workflow_id, state="held", step="check_approval", data={}, now=NOW)
        case = cases.NewCase(
            class_="APPROVER_MISSING", entity="expense_document", document_key="concur:E1", document_number="EX-1",
            system="concur", cause="nobody approved it", fix="Send it back.", workflow_id=workflow_id,
            amount_minor=4_200, currency="EUR", step="check_approval",
        )  # fmt: skip
        case_id = cases.open(db, case, NOW)

    async with opened(filled) as pilot:
        await press(pilot, "2", "slash")
        await write(pilot, "EX-1")
        await press(pilot, "enter", "enter")
        shown = screen_text(pilot)
        await press(pilot, "m")
        await write(pilot, "Have it approved, then submit again.")
        await press(pilot, "enter")
        await finish(pilot)

    with looked_into(filled) as store:
        ended = cases.get(store.db, case_id)
        flow = workflows.get(store.db, workflow_id)
    assert "m send back · only its owner can put this right" in shown
    assert ended is not None
    assert flow is not None
    assert ("resolved", "sent back: Have it approved, then submit again.") == (ended.state, ended.resolution)
    assert ("running", "return_document") == (flow.state, flow.step)


async def test_a_missing_rule_is_suggested_whatever_helped_before(filled: Path) -> None:
    """The page of a missing mapping says how such cases ended; what it suggests is to write the rule."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "slash")
        await write(pilot, "class:MAPPING_MISSING")
        await press(pilot, "enter", "enter", "l", "l", "l")
        shown = screen_text(pilot)

    assert "m write the rule · cost_centre has no rule for" in shown
    assert "3 retried · 1 settled outside" in shown
    assert "PO-000005" in shown
    assert "booked by hand" in shown


async def test_what_helped_before_is_suggested(filled: Path) -> None:
    """Where most cases of one cause ended in one way, m does it again."""
    with looked_into(filled) as store, store.transaction() as db:
        for number, reason in enumerate(("", "", "", "booked by hand"), 1):
            case = cases.NewCase(
                class_="SUPPLIER_UNKNOWN", entity="purchase_order", document_key=f"coupa:{number}",
                document_number=f"PO-{number}", system="oracle-emea", cause=f"supplier {number} is not known", fix="Onboard it.",
            )  # fmt: skip
            ended = cases.open(db, case, NOW)
            cases.end(db, [ended], "resolved" if reason else "closed", "ana", reason or "retried", NOW)
    async with opened(filled) as pilot:
        await press(pilot, "2", "slash")
        await write(pilot, "class:SUPPLIER_UNKNOWN")
        await press(pilot, "enter", "enter")
        assert isinstance(pilot.app.screen, ExceptionDetailScreen)
        shown = screen_text(pilot)
        await press(pilot, "m")
        asked = screen_text(pilot)

    assert "m retry · 3 of the last 4 with the same cause were retried" in shown
    assert "Retry PO-" in asked


async def test_what_was_given_up_before_is_not_suggested_as_settled(filled: Path) -> None:
    """A write-off of the past is called one, and is nobody's advice to resolve the next."""
    with looked_into(filled) as store, store.transaction() as db:
        for number in range(1, 5):
            case = cases.NewCase(
                class_="SUPPLIER_UNKNOWN", entity="purchase_order", document_key=f"coupa:{number}",
                document_number=f"PO-{number}", system="oracle-emea", cause=f"supplier {number} is not known", fix="Onboard it.",
            )  # fmt: skip
            cases.write_off(db, cases.open(db, case, NOW), "tom", "the supplier is gone", NOW)
    async with opened(filled) as pilot:
        await press(pilot, "2", "slash")
        await write(pilot, "class:SUPPLIER_UNKNOWN")
        await press(pilot, "enter", "enter", "l", "l", "l")
        shown = screen_text(pilot)

    assert "4 written off" in shown
    assert "m retry · as soon as the cause is gone" in shown


async def test_a_view_is_kept_for_the_person(filled: Path) -> None:
    """F saves filter and order under a name, f shows it again; it is there in the next session, for nobody else."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "slash")
        await write(pilot, "amount:>20000")
        await press(pilot, "enter", "F")
        await write(pilot, "Big ones")
        await press(pilot, "enter")
        await finish(pilot)
    async with opened(filled) as pilot:
        await press(pilot, "2", "escape", "f")
        listed = screen_text(pilot)
        await press(pilot, "enter")
        await finish(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, ExceptionsScreen)
        shown = screen.filter_line.text
        await press(pilot, "f", "d", "escape")
        await finish(pilot)

    assert "Big ones" in listed
    assert "amount:>20000" == shown
    assert 0 == one(filled, "SELECT count(*) FROM preference WHERE name LIKE 'view.%'")
    assert {"ana"} == {one(filled, "SELECT group_concat(DISTINCT person) FROM preference")}


async def test_filter_and_order_are_as_they_were_left(filled: Path) -> None:
    """Whoever comes back goes on where they were."""
    async with opened(filled) as pilot:
        await press(pilot, "2", "slash")
        await write(pilot, "class:OVERDUE")
        await press(pilot, "enter", "S")
        await finish(pilot)
    async with opened(filled) as pilot:
        await press(pilot, "2")
        screen = pilot.app.screen
        assert isinstance(screen, ExceptionsScreen)
        left = (screen.filter_line.text, screen.sort.name, screen.is_reversed)
        shown = screen_text(pilot)

    assert ("class:OVERDUE", "due", True) == left
    assert "class:OVERDUE" in shown


async def test_a_read_only_workbench_changes_nothing(filled: Path) -> None:
    """Every verb is dim and says why; not even the filter is written down."""
    async with an_app(filled, is_read_only=True).run_test(size=NARROW, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "2", "r", "e", "z", "slash")
        await write(pilot, "class:OVERDUE")
        await press(pilot, "enter", "enter", "m", "a")
        await finish(pilot)
        told = said(pilot)
        text = screen_text(pilot)

    assert "This workbench is read-only" in told
    assert "read-only" in text
    assert 0 == one(filled, "SELECT count(*) FROM audit")
    assert 0 == one(filled, "SELECT count(*) FROM preference")
