"""A report that is recalled while an analyst is to look at its document: nobody has to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import cast

import pytest

from adapters.base import Adapter, Translated
from adapters.errors import TransientError
from finsync_tui import actions, reconcile
from finsync_tui.actions import Actor
from finsync_tui.reconcile.read_back import Want
from store.canonical.expense import ExpenseDocument
from tests.finsync_tui.flows.expense_desk import DOCUMENT, SOURCE, ExpenseDesk, a_report

NEXT = "0c77d2f4a1b84e5f9d3e6a5b4c3d2e1f.expense.4E6593CB987D459C88FA"
ANALYST = Actor("ana", "cli")


class Tool:
    """An expense tool that shows what the desk says, one document by its own name or the newest of a report."""

    def __init__(self, desk: ExpenseDesk) -> None:
        self.desk = desk
        self.is_away = False
        self.asked: list[str] = []

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        self.asked += external_ids
        if self.is_away:
            raise TransientError(SOURCE, "busy")
        mine = {want.external_id: one for want, one in self.desk.shown.items() if want.entity == entity}
        return [
            name.encode()
            for asked in external_ids
            for name in mine
            if name == asked or name.endswith(f".{asked}")
        ]

    def translate(self, entity: str, rows: Sequence[bytes]) -> list[Translated]:
        return [Translated(row.decode(), self.desk.shown[Want(SOURCE, entity, row.decode())]) for row in rows]


def a_held_desk() -> ExpenseDesk:
    """A desk whose document is locked, and waits for an analyst because its cost centre has no rule."""
    desk = ExpenseDesk()
    desk.rows["cost_centre"] = (("000", "000"),)
    desk.submit()
    desk.answer()
    assert "held" == desk.workflow.state
    return desk


def look(desk: ExpenseDesk, tool: Tool | None = None) -> int:
    adapters = {SOURCE: cast("Adapter", tool or Tool(desk))}
    count = asyncio.run(reconcile.look_again(desk.store, adapters, desk.clock))
    desk.run()
    return count


def recall(desk: ExpenseDesk) -> None:
    desk.change(SOURCE, ExpenseDocument.entity, DOCUMENT, status="recalled")


def test_a_recall_ends_what_waits_for_an_analyst() -> None:
    """The exception closes by itself, and nothing was posted."""
    desk = a_held_desk()
    recall(desk)

    assert 1 == look(desk)

    assert [("MAPPING_MISSING", "closed")] == desk.exceptions
    assert ("aborted", ["expense.acknowledge"]) == (desk.workflow.state, desk.sent)


def test_what_is_not_recalled_goes_on_waiting() -> None:
    """Looking changes nothing."""
    desk = a_held_desk()

    assert 0 == look(desk)

    assert ([("MAPPING_MISSING", "open")], "held") == (desk.exceptions, desk.workflow.state)


def test_a_newer_document_of_the_report_says_that_this_one_was_recalled() -> None:
    """Recalled and approved again within the hour: the tool shows the newer one only."""
    desk = a_held_desk()
    del desk.shown[Want(SOURCE, ExpenseDocument.entity, DOCUMENT)]
    desk.shown[Want(SOURCE, ExpenseDocument.entity, NEXT)] = a_report()

    assert 1 == look(desk)

    assert "aborted" == desk.workflow.state


@pytest.mark.parametrize("document_type", [None, "reportobligation"])
def test_what_shows_nowhere_stays_with_its_analyst(document_type: str | None) -> None:
    """A funds check of the same report is another document; nothing at all may mean anything."""
    desk = a_held_desk()
    del desk.shown[Want(SOURCE, ExpenseDocument.entity, DOCUMENT)]
    if document_type is not None:
        other = a_report(document_type=document_type)
        desk.shown[Want(SOURCE, ExpenseDocument.entity, NEXT.replace("expense", document_type))] = other

    assert 0 == look(desk)

    assert "held" == desk.workflow.state


def test_what_was_posted_before_is_taken_back() -> None:
    """Held because the ERP shows something else, then recalled: the invoice is cancelled."""
    desk = ExpenseDesk()
    desk.submit()
    desk.answers(3)
    desk.read(is_gone=True)
    assert "held" == desk.workflow.state
    recall(desk)

    look(desk)
    desk.answer()

    assert "invoice.cancel" == desk.sent[-1]
    assert "aborted" == desk.workflow.state


def test_a_write_that_may_have_happened_is_looked_up_by_its_analyst_first() -> None:
    """Nobody knows what the ERP holds: ending it could leave a posting without a report."""
    desk = ExpenseDesk()
    desk.submit()
    desk.answer()
    desk.answer("buried", is_unknown=True)
    recall(desk)

    assert 0 == look(desk)

    assert "held" == desk.workflow.state


def test_it_is_looked_at_once_an_hour() -> None:
    """However often the engine goes round."""
    desk = a_held_desk()
    tool = Tool(desk)

    for _ in range(3):
        look(desk, tool)
    recall(desk)
    desk.clock.advance(timedelta(minutes=59))
    soon = look(desk, tool)
    desk.clock.advance(timedelta(minutes=1))
    later = look(desk, tool)

    assert ([DOCUMENT, DOCUMENT], 0, 1) == (tool.asked, soon, later)


def test_what_waits_for_weeks_is_looked_at_more_and_more_seldom() -> None:
    """Each hour on the first day, about once a day after ten days, once or twice a week after months; never not at all."""
    desk = a_held_desk()
    tool = Tool(desk)
    counts = []

    for hours in (12, 24, 9 * 24, 24, 100 * 24, 7 * 24):
        before = len(tool.asked)
        for _ in range(hours):
            desk.clock.advance(timedelta(hours=1))
            look(desk, tool)
        counts.append(len(tool.asked) - before)

    first_day, second_day, until_tenth, tenth, _, week = counts
    assert (12, 13) == (first_day, second_day)
    assert 30 > until_tenth
    assert tenth in (1, 2)
    assert week in (1, 2)


def test_a_tool_that_is_away_is_asked_next_time() -> None:
    """Its silence ends nothing, and it is asked as soon as it is back, however long the document has waited."""
    desk = a_held_desk()
    tool = Tool(desk)
    desk.clock.advance(timedelta(days=100))
    recall(desk)
    tool.is_away = True

    assert 0 == look(desk, tool)

    assert "held" == desk.workflow.state
    tool.is_away = False
    assert 1 == look(desk, tool)


def test_a_person_who_was_faster_wins() -> None:
    """What they resolved is over already."""
    desk = a_held_desk()
    recall(desk)
    actions.resolve(desk.store, ANALYST, [desk.case_id], "booked by hand")

    assert 0 == look(desk)

    assert [("MAPPING_MISSING", "resolved")] == desk.exceptions
