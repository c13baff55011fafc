"""What becomes of deliveries when an engine dies."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import cast

from adapters.base import Adapter, Receipt, WriteRequest
from finsync_tui import delivery
from store import findings, leases, outbox
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
