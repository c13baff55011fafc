"""Working on breaks and on the close of a period, with nothing but keys."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from finsync_tui.screens import break_queries, signs
from finsync_tui.screens.break_detail import BreakDetailScreen
from finsync_tui.screens.break_drawing import compared, difference
from finsync_tui.screens.close_board import CloseBoardScreen
from finsync_tui.screens.close_items import CloseItemsScreen
from finsync_tui.screens.exception_detail import ExceptionDetailScreen
from finsync_tui.screens.reconciliation import ReconciliationScreen
from finsync_tui.screens.text import Format, use
from finsync_tui.screens.underway import Line
from finsync_tui.screens.widgets.virtual_table import VirtualTable
from finsync_tui.settings import Workspace
from store import breaks, closing, workflows
from store.clock import VirtualClock
from store.database import Store, open_store
from tests.finsync_tui.screens.driving import (
    DESIGN,
    an_app,
    finish,
    press,
    screen_text,
    settle,
    write,
)
from tests.finsync_tui.screens.filled_store import NOW

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def opened(workspace: Workspace, *keys: str) -> AsyncIterator[Pilot[None]]:
    app = an_app(workspace.store_path, workspace=workspace)
    async with app.run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, *keys)
        yield pilot


def looked_into(workspace: Workspace) -> Store:
    return open_store(workspace.store_path, VirtualClock(NOW))


def the_break(workspace: Workspace, number: str) -> breaks.Break:
    with looked_into(workspace) as store:
        (break_id,) = store.db.execute("SELECT id FROM v_break WHERE document_number=?", (number,)).fetchone()
        found = breaks.get(store.db, break_id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("kind", "field", "sides", "shown"),
    [
        ("field", "paid", ("77243.87 EUR", "0.00 EUR"), "paid 77.243,87 EUR ≠ 0,00 EUR"),
        ("field", "paid", ("-1234.50 EUR", None), "paid -1.234,50 EUR ≠ ∅"),
        ("field", "total", ("1234567 JPY", "1 JPY"), "total 1.234.567 JPY ≠ 1 JPY"),
        ("control_total", "total", ("77243.87", "1.00"), "total 77.243,87 ≠ 1,00"),
        ("field", "quantity", ("77243.87", "1.00"), "quantity 77243.87 ≠ 1.00"),
        ("field", "account", ("420", "430"), "account 420 ≠ 430"),
        ("field", "number", ("1234 EUR", "12.5 ABC"), "number 1234 EUR ≠ 12.5 ABC"),
    ],
)
async def test_amounts_that_differ_are_shown_in_the_number_format(
    broken: Workspace, kind: str, field: str, sides: tuple[str, str | None], shown: str
) -> None:
    """They are kept plainly; what is no amount of its currency stays as it is."""
    with looked_into(broken) as store:
        (first,) = break_queries.differing(store.db, [the_break(broken, "INV-4401").id])
    row = replace(first, kind=kind, fields=((field, *sides),))
    use(Format(thousands=".", decimal=","))
    try:
        told = difference(row)
        side_by_side = "".join(line.plain for line in compared(row, 100))
    finally:
        use(Format())

    assert shown == told
    assert all(one in side_by_side for one in shown.removeprefix(f"{field} ").split(" ≠ "))


async def test_a_break_is_found_explained_and_gone(broken: Workspace) -> None:
    """Filter, explain with a reason: it leaves the queue, its history and the audit log keep who and why."""
    async with opened(broken, "4", "slash") as pilot:
        await write(pilot, "INV-4401")
        await press(pilot, "enter", "x")
        await write(pilot, "agreed with the supplier")
        await press(pilot, "enter")
        await finish(pilot)
        assert isinstance(pilot.app.screen, ReconciliationScreen)
        assert 0 == pilot.app.screen.table.row_count

    found = the_break(broken, "INV-4401")
    assert ("explained", "ana", "agreed with the supplier") == (found.state, found.ended_by, found.resolution)
    with looked_into(broken) as store:
        (said,) = store.db.execute("SELECT why FROM v_audit WHERE what='break.explained'").fetchone()
    assert "agreed with the supplier" == said


async def test_marked_breaks_are_given_to_a_person_together(broken: Workspace) -> None:
    """Two marks, one question; what was explained already can't be explained again."""
    async with opened(broken, "4", "space", "space", "a", "enter") as pilot:
        await finish(pilot)
    with looked_into(broken) as store:
        assert 2 == store.db.execute("SELECT count(*) FROM v_break WHERE owner='ana'").fetchone()[0]
    async with opened(broken, "4", "slash") as pilot:
        await write(pilot, "state:explained")
        await press(pilot, "enter", "x")
        assert "explained already" in screen_text(pilot)


async def test_both_sides_stand_beside_each_other(broken: Workspace) -> None:
    """The differing fields marked, the evidence of the class, and a note that stays."""
    async with opened(broken, "4", "slash") as pilot:
        await write(pilot, "INV-4401")
        await press(pilot, "enter", "enter")
        assert isinstance(pilot.app.screen, BreakDetailScreen)
        assert all(one in screen_text(pilot) for one in ("1,204.00 EUR", "1,185.00 EUR", "S-1002"))
        await press(pilot, "l")
        assert "the target was changed" in screen_text(pilot)
        await press(pilot, "c")
        await write(pilot, "asked accounts payable")
        await press(pilot, "enter")
        await finish(pilot)
        await press(pilot, "l")
        assert "asked accounts payable" in screen_text(pilot)


async def test_a_class_and_a_comparison_lead_to_their_breaks(broken: Workspace) -> None:
    """Enter on a class filters the queue to it; enter on a comparison to what it saw last."""
    async with opened(broken, "4", "number_sign", "enter") as pilot:
        assert isinstance(pilot.app.screen, ReconciliationScreen)
        assert 1 == pilot.app.screen.table.row_count
        await press(pilot, "escape", "o", "j", "j", "enter")
        assert 5 == pilot.app.screen.table.row_count


async def test_the_board_leads_to_what_is_in_the_way(broken: Workspace) -> None:
    """Periods by < and >; enter lists the documents, enter there opens the exception; back twice is the board."""
    async with opened(broken, "4", "t", "less_than_sign", "enter") as pilot:
        assert isinstance(pilot.app.screen, CloseItemsScreen)
        await press(pilot, "j", "enter")
        assert isinstance(pilot.app.screen, ExceptionDetailScreen)
        await press(pilot, "escape", "escape")
        assert isinstance(pilot.app.screen, CloseBoardScreen)
        assert "▸Feb-26◂" in screen_text(pilot)
        await press(pilot, "T")
        assert "▸Mar-26◂" in screen_text(pilot)


async def test_a_period_is_certified_from_the_board(broken: Workspace) -> None:
    """January was compared and is clean: C keeps a certificate. What is in the way elsewhere is said."""
    async with opened(broken, "4", "t", "less_than_sign", "C") as pilot:
        assert "something is in the way" in screen_text(pilot)
        await press(pilot, "less_than_sign", "C", "enter")
        await finish(pilot)
        assert "✓ certified" in screen_text(pilot)

    with looked_into(broken) as store:
        (made,) = closing.newest_certificates(store.db)
        assert ("DE01", "Jan-26", "ana") == (made.legal_entity, made.period, made.certified_by)
        with store.transaction() as db:  # an invoice of January comes after all
            workflows.start(
                db, flow="invoice_to_payment", kind="post", entity="invoice", document_key="coupa:late",
                document_number="INV-LATE", document_version=1, document_revision="1", step="match",
                now=NOW + timedelta(hours=1), legal_entity="DE01", amount_minor=1, currency="EUR",
                data={"accounting_on": "2026-01-30"},
            )  # fmt: skip
    async with opened(broken, "4", "t", "less_than_sign", "less_than_sign") as pilot:
        assert "≠ changed" in screen_text(pilot)


async def test_who_only_looks_explains_and_certifies_nothing(broken: Workspace) -> None:
    """A read-only workbench says so."""
    app = an_app(broken.store_path, workspace=broken, is_read_only=True)
    async with app.run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "4", "x")
        assert "read-only" in screen_text(pilot)
        await press(pilot, "t", "less_than_sign", "less_than_sign", "C")
        assert "read-only" in screen_text(pilot)
    with looked_into(broken) as store:
        assert [] == closing.newest_certificates(store.db)


async def test_home_leads_to_the_close_board(broken: Workspace) -> None:
    """What is in the way of any close is counted on Home, by reason; enter opens the board, or just those documents."""
    async with opened(broken, "1") as pilot:
        table = pilot.app.screen.query_one("#work", VirtualTable)
        rows = [table.row_at(n) for n in range(table.row_count)]
        places = [n for n, row in enumerate(rows) if isinstance(row, Line) and row.place == "close"]
        found = {row.label: row.count for row in (rows[n] for n in places) if isinstance(row, Line)}
        assert {"unposted": 3, "unexplained": 5, "exception": 3} == {
            name: count for name, count in found.items() if count is not None
        }
        table.focus()
        table.move_to(places[0])
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, CloseBoardScreen)
        for place in places[1:]:
            await press(pilot, "1")
            table.move_to(place)
            line = table.cursor_row
            await press(pilot, "enter")
            screen = pilot.app.screen
            assert isinstance(screen, CloseItemsScreen)
            assert isinstance(line, Line)
            behind = [screen.table.row_at(n) for n in range(screen.table.row_count)]
            assert line.count == len(behind)
            assert {line.label} == {signs.of(signs.CLOSE_REASON, row.reason).word for row in behind if row}
            sums = Counter[str]()
            for row in behind:
                if row is not None and row.currency is not None:
                    sums[row.currency] += row.amount_minor or 0
            assert line.amounts == sums
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, CloseBoardScreen)
