"""The lines of Home: what each counts is what the list behind it holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from finsync_tui.flows import registry
from finsync_tui.screens import overview, queries, signs, underway
from finsync_tui.screens.filters import parse
from finsync_tui.screens.findings import FINDINGS
from finsync_tui.screens.home import HomeScreen
from finsync_tui.screens.overview import Cause, SystemRow
from finsync_tui.screens.queries import DELIVERIES, EXCEPTIONS, WORKFLOWS
from finsync_tui.screens.reader import prepare
from finsync_tui.screens.widgets.virtual_table import VirtualTable
from store import trends, workflows
from store.clock import VirtualClock
from store.database import open_store
from tests.finsync_tui.flows.invoice_desk import InvoiceDesk, a_free_line, an_invoice
from tests.finsync_tui.screens.driving import DESIGN, NARROW, opened, press, screen_text, settle
from tests.finsync_tui.screens.filled_store import NOW

LISTINGS = {
    "exceptions": EXCEPTIONS,
    "workflows": WORKFLOWS,
    "deliveries": DELIVERIES,
    "findings": FINDINGS,
}


def test_every_count_is_that_of_the_list_behind_it(filled: Path) -> None:
    """Whoever opens a number finds so many rows, and their money."""
    with open_store(filled, VirtualClock(NOW)) as store:
        db = store.reader()
        prepare(db)
        found = underway.lines(overview.overview(db, NOW), with_systems=True)
        counted = [line for line in found if line.place in LISTINGS]
        for line in counted:
            listing = LISTINGS[line.place]
            parsed = parse(line.filter, listing.grammar, now=NOW)  # type: ignore[attr-defined]
            ids = list(queries.ids(db, listing, parsed, listing.sort("")))  # type: ignore[arg-type, attr-defined]
            sums = {one.currency: one.amount_minor for one in queries.sums(db, listing, ids) if one.currency}  # type: ignore[arg-type]

            assert not parsed.problem, line
            assert line.count == len(ids), line
            assert dict(line.amounts) == ({} if not line.amounts else sums), line
        db.close()

    assert {*LISTINGS, "systems", ""} == {line.place for line in found}
    assert ["got stuck", "settled", "documents done"] == [x.label for x in counted if "14d" in x.filter]


@pytest.mark.anyio
async def test_every_number_of_home_opens_the_list_behind_it(filled: Path) -> None:
    """All figures of both forms of Home, one by one, with the keys a person has: the list that opens has so many rows. What
    leads elsewhere than to a list has no number of its own."""
    seen: dict[str, tuple[int | None, int]] = {}
    async with opened(filled, DESIGN) as pilot:
        for panel, keys in (("stuck", ("enter", "o")), ("systems", ("Q", "X"))):
            table = pilot.app.screen.query_one(f"#{panel}", VirtualTable)
            for place in range(table.row_count):
                row = table.row_at(place)
                for key, count in zip(keys, _figures(row), strict=True):
                    await _open(pilot, panel, place, key)
                    seen[f"{panel} {place} {key}"] = (count, _rows(pilot))
                    await press(pilot, "1")
    async with opened(filled, NARROW) as pilot:
        assert isinstance(pilot.app.screen, HomeScreen)
        lines = pilot.app.screen._lines()
        for place, line in enumerate(lines):
            if line.count is not None and line.place:
                await _open(pilot, "work", place, "enter")
                seen[f"{line.label} {place}"] = (line.count, _rows(pilot))
                await press(pilot, "1")

    assert {"  queue", "  failed"} <= {line.label for line in lines}
    assert len(seen) > 60
    assert {} == {name: both for name, both in seen.items() if both[0] != both[1]}


def _figures(row: object) -> tuple[int, int]:
    if isinstance(row, Cause):
        return row.count, row.overdue_count
    assert isinstance(row, SystemRow)
    return row.queued_count, row.failed_count


async def _open(pilot: Pilot[None], panel: str, place: int, key: str) -> None:
    table = pilot.app.screen.query_one(f"#{panel}", VirtualTable)
    table.focus()
    table.move_to(place)
    await press(pilot, key)


def _rows(pilot: Pilot[None]) -> int:
    return pilot.app.screen.query_one("#list", VirtualTable).row_count


@pytest.mark.anyio
async def test_a_double_click_on_a_number_of_home_opens_it(filled: Path) -> None:
    """On the queue or the failed ones of a system, and on what is late of a cause; anywhere else on the row itself."""
    opened_by: dict[str, str] = {}
    async with opened(filled, DESIGN) as pilot:
        for panel, label in (
            ("stuck", "Late"),
            ("stuck", "Cause"),
            ("systems", "Queue"),
            ("systems", "Failed"),
        ):
            table = pilot.app.screen.query_one(f"#{panel}", VirtualTable)
            header = "".join(segment.text for segment in table._header())
            at = (header.index(label) + 1 + table.gutter.left, 1 + table.gutter.top)
            await pilot.click(table, offset=at, times=2)
            await settle(pilot)
            opened_by[label] = pilot.app.screen.filter_line.text  # type: ignore[attr-defined]
            await press(pilot, "1")

    assert opened_by == {
        "Late": "class:COST_CENTRE_INACTIVE is:overdue",
        "Cause": "class:COST_CENTRE_INACTIVE",
        "Queue": "system:coupa state:pending|claimed",
        "Failed": "system:coupa is:failed",
    }


def test_invoices_whose_payment_nobody_was_told_of_are_a_line_that_opens_them() -> None:
    """Counted once, however many payments it is; gone when the source knows. Nothing to tell is no line."""
    desk = InvoiceDesk()
    desk.post(an_invoice(a_free_line()))
    seen = [_unreported(desk)]
    desk.pay("P1", "30")
    desk.pay("P2", "40")
    seen.append(_unreported(desk))
    while desk.pending:
        desk.answer()
    seen.append(_unreported(desk))
    desk.pay("P1", "30", status="voided")
    seen.append(_unreported(desk))

    assert [None, (1, ["INV-1"]), None, (1, ["INV-1"])] == seen


def test_invoices_that_the_erp_holds_are_lines_by_reason() -> None:
    """Counted once above, under each reason below, and gone with the release; the line opens them."""
    desk = InvoiceDesk()
    desk.post(an_invoice(a_free_line()))
    desk.erp_shows(status="on_hold", holds=("Price: 20 too much", "Clerk's question"))
    found, ids = _on_hold(desk)

    desk.erp_shows(status="approved", holds=())

    assert [("On hold in the ERP", 1), ("Clerk's question", 1), ("Price", 1)] == found
    assert [desk.workflow.id] == ids
    assert ([], []) == _on_hold(desk)


def _on_hold(desk: InvoiceDesk) -> tuple[list[tuple[str, int | None]], list[int]]:
    db = desk.store.reader()
    prepare(db)
    found = overview.with_counts(db, overview.overview(db, desk.now), desk.now)
    lines = underway._on_hold(found)
    lists = [
        list(queries.ids(db, WORKFLOWS, parse(text, WORKFLOWS.grammar, now=desk.now), WORKFLOWS.sort("")))
        for text in ("is:onhold", *(line.filter for line in lines), "hold:nothing")
    ]
    db.close()
    assert all(line.amounts == {"EUR": 10000} for line in lines)
    ids, *behind, none = lists
    assert all(found == ids for found in behind)
    assert [] == none
    return [(line.label, line.count) for line in lines], ids


def _unreported(desk: InvoiceDesk) -> tuple[int | None, list[str]] | None:
    """Return the line's count and the numbers of the documents behind it."""
    db = desk.store.reader()
    prepare(db)
    found = overview.with_counts(db, overview.overview(db, desk.now), desk.now)
    line = next(
        (one for one in underway.lines(found, with_systems=False) if one.filter == "is:unreported"), None
    )
    if line is None:
        return None
    ids = queries.ids(db, WORKFLOWS, parse(line.filter, WORKFLOWS.grammar, now=desk.now), WORKFLOWS.sort(""))
    numbers = [workflows.get(db, one).document_number for one in ids]  # type: ignore[union-attr]
    db.close()
    return line.count, numbers


def test_a_trend_has_a_place_for_each_day(filled: Path) -> None:
    """What happened today is in the last place; what is older than the span is nowhere."""
    with open_store(filled, VirtualClock(NOW)) as store:
        found = trends.by_day(store.db, NOW, days=3)
        since = store.db.execute(
            "SELECT count(*) FROM exception_case WHERE opened_at > '2026-03-13T10:00:00.000000Z'"
        ).fetchone()[0]

    assert (3, 3, 3) == (len(found.stuck), len(found.settled), len(found.done))
    assert since == found.stuck[-1] > 0


@pytest.mark.anyio
async def test_a_line_opens_its_list_and_a_system_is_found(filled: Path) -> None:
    """Enter on what is under way filters a list; enter on a system goes to it; o shows what is late."""
    async with opened(filled) as pilot:
        await press(pilot, "tab", "tab", "j", "enter")
        unposted = pilot.app.screen.filter_line.text  # type: ignore[attr-defined]
        await press(pilot, "1", "tab", "j", "enter")
        system = pilot.app.screen.table.cursor_row.system  # type: ignore[attr-defined]
        await press(pilot, "1", "shift+tab", "shift+tab", "shift+tab", "o")
        late = pilot.app.screen
        text, rows = late.filter_line.text, late.table.row_count  # type: ignore[attr-defined]

    async with opened(filled) as pilot:
        await press(pilot, "tab", "tab", "G", "enter")
        handled = pilot.app.screen
        assert ("class:OUTCOME_UNKNOWN", 1) == (handled.filter_line.text, handled.table.row_count)  # type: ignore[attr-defined]
        await press(pilot, "enter")
        assert "it was there" in screen_text(pilot)

    assert "is:unposted flow:requisition_to_pay age:<1d" == unposted
    assert "oracle-amer" == system
    assert ("class:COST_CENTRE_INACTIVE is:overdue", 2) == (text, rows)


def test_every_flow_has_its_word() -> None:
    """A flow without one would stand among the lines by its identifier."""
    assert set(registry.FLOWS) == set(signs.FLOWS)


@pytest.mark.anyio
async def test_amounts_of_several_currencies_are_never_left_out_silently(filled: Path) -> None:
    """With room each currency has its column; without, one column names the currency and says that there are more."""
    async with opened(filled, (80, 24)) as pilot:
        narrow = screen_text(pilot)
    async with opened(filled, (120, 40)) as pilot:
        mid = screen_text(pilot)

    assert "1,171,966.11     526,223.94" in narrow
    assert "1,171,966.11 EUR +1" in mid
    assert "57,738.03 USD" in mid
