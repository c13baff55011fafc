"""Expense validation over the real adapter and the simulated expense tool: list, detail, decision, read-back."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from adapters.concur.simulator_plan import EntryPlan
from finsync_tui import delivery, reconcile, sync
from finsync_tui.sync import Pull
from tests.adapters.setup_concur import BEN, ConcurWorld, setup_concur
from tests.finsync_tui.flows.expense_desk import SOURCE
from tests.finsync_tui.flows.test_expense_validation import RETURNED, ValidationDesk

WORKFLOW = ("manager", "validation", "processor")


def a_world(report_detail: str) -> ConcurWorld:
    return setup_concur(
        settings={"workflow": WORKFLOW}, options={"report_detail": report_detail, "processor_login": BEN}
    )


def in_validation(world: ConcurWorld, cost_centre: str) -> str:
    entry = EntryPlan(amount=Decimal("35.00"), account="6640", codes={"custom1": cost_centre}, country="DE")
    report_id = world.simulator.submit_report(world.plan(entries=(entry,)))
    world.simulator.approve_report(report_id, is_final=False)
    return str(report_id)


def judge(world: ConcurWorld, desk: ValidationDesk) -> None:
    """Read the list, then decide, deliver and verify until nothing moves."""

    async def turn() -> None:
        adapters: dict[str, Any] = {SOURCE: world.adapter}
        pulled = await sync.pull(desk.store, world.adapter, Pull(SOURCE, "expense_report", True), desk.clock)
        assert pulled.error is None
        for _ in range(4):
            desk.run()
            await delivery.deliver_due(desk.store, adapters, desk.profile, desk.clock, desk.lease.token)
            desk.run()
            await reconcile.verify(desk.store, adapters, reconcile.CHECKS, desk.clock)
        desk.run()
        await world.adapter.aclose()

    asyncio.run(turn())


@pytest.mark.parametrize("report_detail", ["v4", "v3"])
def test_a_good_report_is_approved_and_a_bad_one_comes_back(report_detail: str) -> None:
    """One goes on to the processor, the other to its owner with the reason as its last comment."""
    world, desk = a_world(report_detail), ValidationDesk(returned_at_once=RETURNED)
    good, bad = in_validation(world, "420"), in_validation(world, "999")

    judge(world, desk)

    states = dict(
        desk.store.db.execute("SELECT replace(document_key, 'concur:', ''), state FROM workflow").fetchall()
    )
    assert {good: "done", bad: "aborted"} == states
    assert ("A_ACCO", "A_RESU") == tuple(
        world.simulator.report(one)["approval_status"] for one in (good, bad)
    )
    comments = world.simulator.report(bad)["comments"]
    assert "cost centre 999" in str(comments)
    assert [] == desk.exceptions


def test_a_report_that_a_person_decided_meanwhile_needs_nobody() -> None:
    """Held for an analyst here, sent back there: an hour later it is over here, too."""
    world, desk = a_world("v4"), ValidationDesk()
    report_id = in_validation(world, "999")
    judge(world, desk)
    held = list(desk.exceptions)
    world.simulator.send_back_report(report_id)

    async def look() -> int:
        count = await reconcile.look_again(desk.store, {SOURCE: world.adapter}, desk.clock)
        await world.adapter.aclose()
        return count

    ended = asyncio.run(look())
    desk.run()

    assert ([("MAPPING_MISSING", "open")], 1) == (held, ended)
    assert [("MAPPING_MISSING", "closed")] == desk.exceptions
