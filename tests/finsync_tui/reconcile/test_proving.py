"""What a system said yes to is looked up afterwards, whatever becomes of the flow that sent it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from adapters.base import Adapter, Receipt, WriteRequest
from adapters.errors import TransientError
from finsync_tui import actions
from finsync_tui.actions import Actor
from finsync_tui.reconcile import proving
from finsync_tui.reconcile.proving import Proven
from store import cases, outbox, workflows
from store.clock import VirtualClock
from store.errors import NotAllowedError
from tests.builders import MONDAY, a_clock, a_store, an_entry

LATER = timedelta(minutes=10)
ANALYST = Actor("ana", "cli")


@dataclass
class Memory:
    """A system that is only asked whether it did something."""

    system: str = "erp"
    kept: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    is_away: bool = False
    is_pending: bool = False

    async def find(self, request: WriteRequest) -> Receipt | None:
        self.asked.append(request.operation)
        if self.is_away:
            raise TransientError(self.system, "not now")
        is_kept = request.idempotency_key in self.kept
        return Receipt("1", was_found=True, is_pending=self.is_pending) if is_kept else None


class Desk:
    """A store with deliveries that a system has taken."""

    def __init__(self) -> None:
        self.clock: VirtualClock = a_clock()
        self.store = a_store(self.clock)
        self.memory = Memory()

    def took(
        self, key: str, operation: str = "order.create", *, keeps: bool, state: str = "", **more: Any
    ) -> int:
        """Let the system say yes to a delivery, and keep it or not."""
        if keeps:
            self.memory.kept.add(key)
        with self.store.transaction() as db:
            entry = an_entry(
                system="erp", operation=operation, idempotency_key=key, document_key="coupa:1", **more
            )
            (entry_id,) = outbox.enqueue(db, [entry], self.clock.now())
            db.execute("UPDATE delivery SET state='delivered' WHERE entry_id=?", (entry_id,))
        return entry_id

    def workflow(self, state: str) -> int:
        with self.store.transaction() as db:
            made = workflows.start(
                db, flow="requisition_to_pay", kind="create", entity="purchase_order", document_key="coupa:1",
                document_number="PO-1", document_version=1, document_revision="1", step="verify", now=MONDAY,
            )  # fmt: skip
            assert made is not None
            is_over = state in ("done", "superseded")
            workflows.save(
                db, made, state=cast("Any", state), step="verify", data={}, now=MONDAY, ended=is_over
            )
        return made

    def look(self) -> Proven:
        adapters = {"erp": cast("Adapter", self.memory)}
        return asyncio.run(proving.prove(self.store, adapters, self.clock))

    def state(self, entry_id: int) -> tuple[str, bool]:
        found = outbox.get(self.store.db, entry_id)
        assert found is not None
        return found.state, found.ended_at is not None


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_is_there_is_verified(desk: Desk) -> None:
    """Once: the next look asks for nothing."""
    entry = desk.took("a", keeps=True)

    desk.clock.advance(LATER)
    first, second = desk.look(), desk.look()

    assert (Proven(verified=1), Proven()) == (first, second)
    assert ("verified", True) == desk.state(entry)
    assert ["order.create"] == desk.memory.asked


def test_what_never_happened_is_found_with_the_next_look(desk: Desk) -> None:
    """A dead letter that is looked up before it is sent again, and an exception that names it."""
    entry = desk.took("a", keeps=False)

    too_soon = desk.look()
    desk.clock.advance(LATER)
    found = desk.look()

    assert (Proven(), Proven(doubted=1)) == (too_soon, found)
    held = outbox.get(desk.store.db, entry)
    assert held is not None
    assert ("buried", True, "unseen") == (held.state, held.is_outcome_unknown, held.failure)
    (case,) = cases.live_for_document(desk.store.db, "coupa:1")
    assert ("READ_BACK_DIFFERS", entry) == (case.class_, case.entry_id)
    assert "erp said yes to order.create" in case.cause
    assert f"finsync outbox replay {entry}" in case.fix


@pytest.mark.parametrize(
    ("operation", "body", "is_doubted"),
    [
        ("order.submit", "{}", True),
        ("expense.confirm_posting", '{"outcome": "success"}', True),
        ("expense.confirm_posting", '{"outcome": "error"}', False),
        ("expense.confirm_payment", '{"status": "partly_paid"}', False),
        ("invoice.validate", "{}", False),
    ],
)
def test_only_what_shows_for_good_is_doubted(desk: Desk, operation: str, body: str, is_doubted: bool) -> None:
    """A returned expense goes its own way, a part payment leaves no trace, a clerk may hold what was validated."""
    desk.took("a", operation, keeps=False, body=body, workflow_id=desk.workflow("waiting"))

    desk.clock.advance(LATER)

    assert int(is_doubted) == desk.look().doubted


def test_what_is_shown_before_it_is_decided_is_looked_for_at_once(desk: Desk) -> None:
    """That an order was submitted shows, though its approval takes days; an import shows nothing until it is through."""
    flow = desk.workflow("waiting")
    for key, operation in (("a", "order.submit"), ("b", "journal.create")):
        entry = desk.took(key, operation, keeps=False, workflow_id=flow)
        with desk.store.transaction() as db:
            db.execute("UPDATE delivery SET receipt='{\"is_pending\":true}' WHERE entry_id=?", (entry,))

    desk.clock.advance(LATER)

    assert Proven(doubted=1) == desk.look()
    assert ["order.submit"] == desk.memory.asked


def test_what_a_later_delivery_undid_is_no_loss(desk: Desk) -> None:
    """It is set aside, and says by what."""
    first = desk.took("a", keeps=False)
    second = desk.took("b", "order.cancel", keeps=True)

    desk.clock.advance(LATER)
    found = desk.look()

    assert Proven(verified=1, overtaken=1) == found
    assert ("delivered", True) == desk.state(first)
    held = outbox.get(desk.store.db, first)
    assert held is not None
    assert f"overtaken by delivery {second} (order.cancel" in str(held.message)


def test_what_waits_for_an_analyst_or_for_the_system_is_left(desk: Desk) -> None:
    """A held instance has its exception; a system that decides later may still be at it."""
    held = desk.took("a", keeps=False, workflow_id=desk.workflow("held"))
    desk.memory.is_pending = True
    pending = desk.took("b", "invoice.validate", keeps=True)

    desk.clock.advance(LATER)

    assert Proven() == desk.look()
    assert [("delivered", False)] * 2 == [desk.state(held), desk.state(pending)]
    assert [] == cases.live_for_document(desk.store.db, "coupa:1")


def test_what_waits_for_an_analyst_is_looked_up_more_and_more_seldom(desk: Desk) -> None:
    """As often as everything else on the first days, a few times a month after months; what happens to it is seen then."""
    held = desk.took("a", keeps=False, workflow_id=desk.workflow("held"))
    counts = []

    for days in (2, 98, 7):
        before = len(desk.memory.asked)
        for _ in range(4 * days):
            desk.clock.advance(timedelta(hours=6))
            desk.look()
        counts.append(len(desk.memory.asked) - before)

    first, long, week = counts
    assert 8 == first
    assert 50 > long
    assert week in (1, 2)
    assert ("delivered", False) == desk.state(held)


def test_what_a_system_shows_as_asked_for_is_left_to_its_flow(desk: Desk) -> None:
    """That a submission arrived is seen once; what the system decides on it, the flow that waits for it reads."""
    desk.memory.is_pending = True
    entry = desk.took("a", "order.submit", keeps=True, workflow_id=desk.workflow("waiting"))
    with desk.store.transaction() as db:
        db.execute("UPDATE delivery SET receipt='{\"is_pending\":true}' WHERE entry_id=?", (entry,))

    for _ in range(4):
        desk.clock.advance(timedelta(hours=6))
        desk.look()

    assert ["order.submit"] == desk.memory.asked
    assert ("delivered", False) == desk.state(entry)


def test_a_system_that_is_away_says_nothing(desk: Desk) -> None:
    """It is asked once a look, and what it could not say is asked when it is back."""
    first, second = desk.took("a", keeps=True), desk.took("b", "order.submit", keeps=True)
    desk.memory.is_away = True

    desk.clock.advance(LATER)
    away = desk.look()
    desk.memory.is_away = False
    desk.clock.advance(timedelta(hours=1))
    back = desk.look()

    assert (Proven(), Proven(verified=2)) == (away, back)
    assert [("verified", True)] * 2 == [desk.state(first), desk.state(second)]


def test_a_doubted_delivery_is_sent_again_though_its_process_is_done(desk: Desk) -> None:
    """It is looked up first; what a later delivery has taken the place of is not brought back."""
    old = desk.took("a", "invoice.write_back", keeps=False, workflow_id=desk.workflow("done"))
    desk.clock.advance(LATER)
    desk.look()

    actions.replay_deliveries(desk.store, ANALYST, [old], "it is not there")

    held = outbox.get(desk.store.db, old)
    assert held is not None
    assert ("pending", True) == (held.state, held.is_outcome_unknown)
    assert [] == cases.live_for_document(desk.store.db, "coupa:1")
    with desk.store.transaction() as db:
        outbox.hold(db, [old], desk.clock.now())
    desk.took("b", "invoice.write_back", keeps=True)
    with pytest.raises(NotAllowedError, match="taken its place"):
        actions.replay_deliveries(desk.store, ANALYST, [old], "once more")


def test_a_delivery_that_was_superseded_stays_doubted(desk: Desk) -> None:
    """Its instance gave way to a newer version of the document: that one decides."""
    old = desk.took("a", keeps=False, workflow_id=desk.workflow("superseded"))
    desk.clock.advance(LATER)
    desk.look()

    with pytest.raises(NotAllowedError, match="taken its place"):
        actions.replay_deliveries(desk.store, ANALYST, [old], "once more")


def test_what_was_sent_to_another_system_takes_no_deliverys_place(desk: Desk) -> None:
    """The same operation for the same document, later and elsewhere: what never happened here is still found."""
    entry = desk.took("a", keeps=False)
    with desk.store.transaction() as db:
        other = an_entry(
            system="erp-2", operation="order.create", idempotency_key="b", document_key="coupa:1"
        )
        (elsewhere,) = outbox.enqueue(db, [other], desk.clock.now())
        db.execute("UPDATE delivery SET state='verified' WHERE entry_id=?", (elsewhere,))

    desk.clock.advance(LATER)

    assert (Proven(doubted=1), "buried") == (desk.look(), desk.state(entry)[0])
