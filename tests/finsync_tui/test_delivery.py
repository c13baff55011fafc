"""What becomes of deliveries when an engine dies."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from adapters.base import Adapter, Receipt, WriteRequest
from finsync_tui import delivery
from finsync_tui.delivery.recording import GROUP_MAX, Recorder, unsent
from finsync_tui.profile import Profile
from store import findings, leases, open_store, outbox
from store.clock import VirtualClock
from tests.builders import MONDAY, a_purchase_order
from tests.finsync_tui.flows.desk import SOURCE, TARGET, Desk


def test_what_a_dead_engine_was_sending_is_said_and_looked_up_first() -> None:
    """Each cut-off call becomes a finding and an audit entry, and its delivery waits with its outcome unknown."""
    desk = Desk()
    desk.order(a_purchase_order())
    with desk.store.transaction() as db:
        outbox.claim(db, TARGET, desk.now, 10, desk.lease.token)
    later = leases.acquire(desk.store, "test:2:2", timedelta(days=1), MONDAY + timedelta(days=2))

    with desk.store.transaction() as db:
        count = delivery.recover(db, later.token, desk.now)
        again = delivery.recover(db, later.token, desk.now)

    assert (1, 0) == (count, again)
    (held,) = outbox.of_document(desk.store.db, "purchase_order", f"{SOURCE}:4711")
    assert ("pending", True) == (held.state, held.is_outcome_unknown)
    assert ["OUTCOME_UNKNOWN"] == [f.class_ for f in findings.of_document(desk.store.db, f"{SOURCE}:4711")]
    row = desk.store.db.execute("SELECT count(*) FROM v_audit WHERE what = 'delivery.recovered'").fetchone()
    assert 1 == row[0]


class _Looker:
    """An adapter that is only asked to find, and remembers what it was asked."""

    system = TARGET

    def __init__(self) -> None:
        self.asked: list[WriteRequest] = []

    async def find(self, request: WriteRequest) -> Receipt | None:
        self.asked.append(request)
        return Receipt("3001", was_found=True)


def test_a_look_up_is_told_when_it_was_sent_without_an_answer() -> None:
    """A system that works on its own time may still be at it: its adapter must know since when."""
    desk = Desk()
    desk.order(a_purchase_order())
    with desk.store.transaction() as db:
        outbox.claim(db, TARGET, desk.now, 10, desk.lease.token)
    later = leases.acquire(desk.store, "test:2:2", timedelta(days=1), MONDAY + timedelta(days=2))
    desk.clock.advance(timedelta(days=2))
    cut_off_at = desk.now
    with desk.store.transaction() as db:
        delivery.recover(db, later.token, cut_off_at)
    desk.clock.advance(timedelta(minutes=5))

    looker = _Looker()
    asyncio.run(
        delivery.deliver_due(
            desk.store, {TARGET: cast("Adapter", looker)}, desk.profile, desk.clock, later.token
        )
    )

    assert [cut_off_at] == [one.sent_at for one in looker.asked]


class _Writer:
    """An adapter that takes everything; it keeps the file from being written to for a while, as a slow disk does."""

    system = TARGET
    STOPS_AT, GOES_ON_AT = 2, GROUP_MAX + 2

    def __init__(self, file: sqlite3.Connection) -> None:
        self.file = file
        self.count = 0

    async def write(self, request: WriteRequest) -> Receipt:
        self.count += 1
        if self.count == self.STOPS_AT:
            self.file.execute("BEGIN IMMEDIATE")
        if self.count == self.GOES_ON_AT:
            self.file.execute("COMMIT")
        return Receipt(str(self.count))


def test_calls_go_on_while_what_came_of_others_waits_for_the_disk(tmp_path: Path) -> None:
    """Recording a group holds up no call: otherwise none would end the wait, and the drain would fail as busy."""
    clock = VirtualClock(MONDAY)
    entries = [
        outbox.Entry(f"key-{i}", TARGET, "order.submit", "purchase_order", f"coupa:{i}", f"PO-{i}", "{}")
        for i in range(_Writer.GOES_ON_AT + 10)
    ]
    with (
        open_store(tmp_path / "finsync.db", clock) as store,
        closing(sqlite3.connect(store.path, isolation_level=None)) as file,
    ):
        lease = leases.acquire(store, leases.holder_id(), timedelta(days=1), MONDAY)
        with store.transaction() as db:
            outbox.enqueue(db, entries, MONDAY)
        writer = cast("Adapter", _Writer(file))

        done = asyncio.run(
            delivery.deliver_due(store, {TARGET: writer}, Profile(systems={}), clock, lease.token)
        )

        assert delivery.Delivered(len(entries), len(entries), 0) == done
        states = store.db.execute("SELECT DISTINCT state FROM delivery").fetchall()
        assert [("delivered",)] == [tuple(row) for row in states]


def test_what_could_not_be_recorded_is_recorded_with_what_comes_next() -> None:
    """A file that was busy for too long loses no result: whoever records next writes them all, and each once."""
    desk = Desk()
    entries = [
        outbox.Entry(f"key-{i}", TARGET, "order.submit", "purchase_order", f"coupa:{i}", f"PO-{i}", "{}")
        for i in range(3)
    ]
    with desk.store.transaction() as db:
        outbox.enqueue(db, entries, desk.now)
        claims = outbox.claim(db, TARGET, desk.now, 10, desk.lease.token)
    adapter = cast("Adapter", _Looker())

    async def run() -> delivery.Delivered:
        recorder = Recorder(desk.store, adapter, desk.clock, desk.lease.token)
        recorder.add(unsent(claims[0], desk.now))
        desk.store.db.execute("BEGIN")
        with pytest.raises(RuntimeError):
            await recorder.flush()
        desk.store.db.execute("ROLLBACK")
        recorder.add(unsent(claims[1], desk.now))
        recorder.give_back(claims[2:])
        await recorder.flush()
        return recorder.total

    assert delivery.Delivered() == asyncio.run(run())  # given back unsent: no attempt, and none that failed
    states = desk.store.db.execute("SELECT DISTINCT state FROM delivery").fetchall()
    assert [("pending",)] == [tuple(row) for row in states]
