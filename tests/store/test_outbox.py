"""The outbox: entries, deliveries, attempts. The state machine as a whole is in test_outbox_machine.py."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

import pytest

from store import Store, leases, outbox
from store.errors import LeaseLostError, NotAllowedError
from store.outbox import Attempt, Claim, DeliveryState, Settlement
from tests.builders import MONDAY, a_store, an_entry

HOUR = timedelta(hours=1)


class Bench:
    """A store, an engine's lease, and the few calls that every test makes."""

    def __init__(self) -> None:
        self.store: Store = a_store()
        self.db = self.store.db
        self.token = self.take_over()

    def take_over(self) -> int:
        """Another engine takes the lease, as if the one before had been dead for a day."""
        held = leases.current(self.db)
        now = MONDAY if held is None else held.expires_at + timedelta(days=1)
        self.token = leases.acquire(self.store, "engine", HOUR, now).token
        return self.token

    def enqueue(self, *keys: str, **changes: Any) -> list[int]:
        entries = [an_entry(idempotency_key=key, document_key=f"coupa:{key}", **changes) for key in keys]
        with self.store.transaction() as db:
            return outbox.enqueue(db, entries, MONDAY)

    def claim(self, *, limit: int = 100, hours: int = 0, system: str = "oracle-emea") -> list[Claim]:
        with self.store.transaction() as db:
            return outbox.claim(db, system, MONDAY + hours * HOUR, limit, self.token)

    def settle(self, *settlements: Settlement) -> None:
        with self.store.transaction() as db:
            outbox.settle(db, self.token, settlements, MONDAY)

    def state(self, entry_id: int) -> DeliveryState:
        delivery = outbox.get(self.db, entry_id)
        assert delivery is not None
        return delivery.state


@pytest.fixture
def bench() -> Bench:
    return Bench()


def tried(outcome: str = "delivered") -> Attempt:
    return Attempt(MONDAY, MONDAY + timedelta(seconds=1), outcome, status=200, duration_ms=1000)


def settled(entry_id: int, state: outbox.SettledState = "delivered", **changes: Any) -> Settlement:
    fields: dict[str, Any] = {"entry_id": entry_id, "state": state, "attempt": tried(state)}
    return Settlement(**fields | changes)


def test_a_known_key_is_one_entry(bench: Bench) -> None:
    """Promise 1: the same decision made again is the same entry, and its body stays as it was."""
    (first,) = bench.enqueue("a", body="{}")
    again = bench.enqueue("a", "b", body='{"other":1}')

    assert first == again[0]
    assert first != again[1]
    assert ["{}"] == [claim.body for claim in bench.claim() if claim.entry_id == first]


def test_documents_that_are_numbered_alike_do_not_wait_for_each_other(bench: Bench) -> None:
    """An order and an invoice of one system may have one key: each has an order of deliveries of its own."""
    first, second = bench.enqueue("a"), bench.enqueue("b", operation="order.submit")
    other = an_entry(
        idempotency_key="c", document_key="coupa:a", entity="invoice", operation="invoice.create"
    )
    with bench.store.transaction() as db:
        alike = outbox.enqueue(db, [other], MONDAY)
        again = outbox.enqueue(db, [an_entry(idempotency_key="d", document_key="coupa:a")], MONDAY)

    assert [*first, *second, *alike] == [claim.entry_id for claim in bench.claim()]
    assert first + again == [d.entry_id for d in outbox.of_document(bench.db, "purchase_order", "coupa:a")]
    assert not outbox.was_tried_before(bench.db, alike[0])


def test_a_decision_can_not_be_changed(bench: Bench) -> None:
    """The entry stays what was decided."""
    bench.enqueue("a")

    with pytest.raises(sqlite3.IntegrityError, match="a decision is never changed"):
        bench.db.execute("UPDATE outbox_entry SET body='{}'")


def test_an_unknown_priority_is_refused(bench: Bench) -> None:
    """A priority outside the range would never be claimed."""
    with pytest.raises(ValueError, match="between 0 and 9"):
        bench.enqueue("a", priority=10)


def test_claims_carry_what_is_needed_to_send(bench: Bench) -> None:
    """A claim is the entry, its body and how often it was tried."""
    (entry_id,) = bench.enqueue("a", external_id="77")

    assert [
        Claim(
            entry_id=entry_id,
            idempotency_key="a",
            system="oracle-emea",
            operation="order.create",
            entity="purchase_order",
            document_key="coupa:a",
            document_number="PO-100234",
            body='{"commitment":{}}',
            workflow_id=None,
            priority=5,
            external_id="77",
            amount_minor=10100,
            currency="EUR",
            attempt_count=0,
            decided_body=None,
            is_outcome_unknown=False,
        )
    ] == bench.claim()


def test_urgent_first_then_longest_due(bench: Bench) -> None:
    """Priority decides, then the time it is due since."""
    late, early = bench.enqueue("late", "early")
    (urgent,) = bench.enqueue("urgent", priority=1)
    bench.db.execute("UPDATE delivery SET next_at='2026-01-05T01:00:00.000000Z' WHERE entry_id=?", (early,))

    assert [urgent, early] == [claim.entry_id for claim in bench.claim(limit=2)]
    assert [late] == [claim.entry_id for claim in bench.claim(limit=2)]


def test_only_due_deliveries_of_that_system(bench: Bench) -> None:
    """Neither another system's nor one whose time has not come."""
    (entry_id,) = bench.enqueue("a")
    bench.enqueue("b", system="oracle-amer")
    bench.claim()
    bench.settle(settled(entry_id, "pending", next_at=MONDAY + HOUR))

    assert [] == bench.claim()
    assert [entry_id] == [claim.entry_id for claim in bench.claim(hours=1)]


@pytest.mark.parametrize("state", ["pending", "held"])
def test_documents_keep_their_order(bench: Bench, state: outbox.SettledState) -> None:
    """A later delivery of a document waits until the earlier one is through, or given up."""
    first, second = bench.enqueue("1") + bench.enqueue("2")
    bench.db.execute("UPDATE delivery SET document_key='coupa:same'")

    assert [first] == [claim.entry_id for claim in bench.claim()]
    assert [] == bench.claim()
    bench.settle(settled(first, state, next_at=MONDAY + HOUR))
    assert [] == bench.claim()
    with bench.store.transaction() as db:
        outbox.cancel(db, [first], MONDAY)
    assert [second] == [claim.entry_id for claim in bench.claim()]


def test_other_documents_go_on(bench: Bench) -> None:
    """Promise 2: a document that waits does not hold up its neighbours, nor itself in another system."""
    first, neighbour = bench.enqueue("a", "b")
    (elsewhere,) = bench.enqueue("a-coupa", system="coupa")
    with bench.store.transaction() as db:
        outbox.hold(db, [first], MONDAY)

    assert [neighbour] == [claim.entry_id for claim in bench.claim()]
    assert [elsewhere] == [claim.entry_id for claim in bench.claim(system="coupa")]


def test_settling_records_attempt_and_receipt(bench: Bench) -> None:
    """What the system answered is kept with the delivery and with the attempt."""
    (entry_id,) = bench.enqueue("a")
    bench.claim()
    bench.settle(settled(entry_id, external_id="300", receipt={"number": "4711"}))

    delivery = outbox.get(bench.db, entry_id)
    assert delivery is not None
    assert ("delivered", "300", {"number": "4711"}, 1) == (
        delivery.state,
        delivery.external_id,
        delivery.receipt,
        delivery.attempt_count,
    )
    assert [(1, "delivered", 200)] == [
        (a.number, a.outcome, a.status) for a in outbox.attempts(bench.db, entry_id)
    ]


def test_waiting_for_maintenance_spends_no_attempt(bench: Bench) -> None:
    """The attempt is on record, but the delivery's patience is not used up by it."""
    (entry_id,) = bench.enqueue("a")
    bench.claim()
    bench.settle(settled(entry_id, "pending", spends_attempt=False))
    bench.claim()
    bench.settle(settled(entry_id, "pending"))

    assert [1] == [claim.attempt_count for claim in bench.claim()]
    assert [1, 2] == [attempt.number for attempt in outbox.attempts(bench.db, entry_id)]


def test_a_claim_given_back_untried_leaves_no_attempt(bench: Bench) -> None:
    """An engine that stops cleanly returns what it had not sent."""
    (entry_id,) = bench.enqueue("a")
    bench.claim()
    bench.settle(Settlement(entry_id, "pending", None))

    assert [] == outbox.attempts(bench.db, entry_id)
    assert [(0, False)] == [(claim.attempt_count, claim.is_outcome_unknown) for claim in bench.claim()]


def test_a_failure_never_takes_the_doubt_away(bench: Bench) -> None:
    """Promise 1: once the outcome is unknown, it is looked up on every later try, whatever else fails meanwhile."""
    (entry_id,) = bench.enqueue("a")
    bench.claim()
    bench.settle(settled(entry_id, "pending", is_outcome_unknown=True))
    bench.claim()
    bench.settle(settled(entry_id, "pending", is_outcome_unknown=False))

    assert [True] == [claim.is_outcome_unknown for claim in bench.claim()]
    bench.settle(settled(entry_id))
    delivery = outbox.get(bench.db, entry_id)
    assert delivery is not None
    assert not delivery.is_outcome_unknown


def test_what_a_dead_engine_had_claimed_is_looked_up_first(bench: Bench) -> None:
    """Its calls may have worked: the deliveries come back with their outcome unknown."""
    claimed, waiting = bench.enqueue("a", "b")
    bench.claim(limit=1)
    bench.take_over()

    with bench.store.transaction() as db:
        assert 1 == outbox.recover(db, bench.token, MONDAY)
    assert {claimed: True, waiting: False} == {c.entry_id: c.is_outcome_unknown for c in bench.claim()}


def test_an_engine_does_not_recover_its_own_claims(bench: Bench) -> None:
    """Only claims under an older token are given back."""
    (entry_id,) = bench.enqueue("a")
    bench.claim()

    with bench.store.transaction() as db:
        assert 0 == outbox.recover(db, bench.token, MONDAY)
    assert "claimed" == bench.state(entry_id)


def test_a_late_engine_is_refused_everything(bench: Bench) -> None:
    """Promise 1: under an old token nothing is claimed, settled or recovered."""
    (entry_id,) = bench.enqueue("a")
    bench.claim()
    late = bench.token
    bench.take_over()

    for act in (
        lambda db: outbox.settle(db, late, [settled(entry_id)], MONDAY),
        lambda db: outbox.claim(db, "oracle-emea", MONDAY, 1, late),
        lambda db: outbox.recover(db, late, MONDAY),
    ):
        with pytest.raises(LeaseLostError), bench.store.transaction() as db:
            act(db)
    assert "claimed" == bench.state(entry_id)


def test_settling_what_is_not_claimed_is_refused_as_a_whole(bench: Bench) -> None:
    """One settlement that does not fit refuses its whole group: nothing is half recorded."""
    claimed, waiting = bench.enqueue("a", "b")
    bench.claim(limit=1)

    with pytest.raises(NotAllowedError, match=str(waiting)):
        bench.settle(settled(claimed), settled(waiting))
    with pytest.raises(NotAllowedError, match="settled twice"):
        bench.settle(settled(claimed), settled(claimed))
    assert ("claimed", "pending") == (bench.state(claimed), bench.state(waiting))


_ACTS = {
    "hold": (outbox.hold, {"pending": "held"}),
    "release": (outbox.release, {"held": "pending"}),
    "cancel": (outbox.cancel, dict.fromkeys(("pending", "held", "refused", "buried"), "cancelled")),
    "replay": (outbox.replay, dict.fromkeys(("held", "refused", "buried"), "pending")),
    "mark_verified": (outbox.mark_verified, {"delivered": "verified"}),
}


@pytest.mark.parametrize("name", _ACTS)
def test_each_act_moves_only_the_states_it_is_for(bench: Bench, name: str) -> None:
    """An act on a delivery in another state changes nothing, and the count says how many it moved."""
    act, moves = _ACTS[name]
    states = ["pending", "claimed", "held", "delivered", "verified", "refused", "buried", "cancelled"]
    ids = bench.enqueue(*states)
    for entry_id, state in zip(ids, states, strict=True):
        bench.db.execute("UPDATE delivery SET state=? WHERE entry_id=?", (state, entry_id))

    with bench.store.transaction() as db:
        count = act(db, ids, MONDAY)

    assert len(moves) == count
    assert [moves.get(state, state) for state in states] == [bench.state(entry_id) for entry_id in ids]


@pytest.mark.parametrize(
    ("state", "is_ended"),
    [("pending", False), ("held", False), ("delivered", False), ("refused", True), ("buried", True)],
)
def test_what_has_ended_says_so(bench: Bench, state: outbox.SettledState, is_ended: bool) -> None:
    """A delivery has ended when nothing more happens to it by itself; a delivered one is still to be read back."""
    (entry_id,) = bench.enqueue("a")
    bench.claim()
    bench.settle(settled(entry_id, state))

    delivery = outbox.get(bench.db, entry_id)
    assert delivery is not None
    assert is_ended == (delivery.ended_at is not None)


def test_a_replayed_dead_letter_starts_afresh_with_both_bodies(bench: Bench) -> None:
    """The edited body is sent, the decided one stays beside it, attempts count from the beginning."""
    (entry_id,) = bench.enqueue("a", body='{"a":1}')
    bench.claim()
    bench.settle(settled(entry_id, "buried", is_outcome_unknown=True, failure="transient", message="gone"))

    with bench.store.transaction() as db:
        outbox.replay(db, [entry_id], MONDAY, edited_body='{"a":2}')

    (claim,) = bench.claim()
    delivery = outbox.get(bench.db, entry_id)
    assert delivery is not None
    assert ('{"a":2}', 0, True) == (claim.body, claim.attempt_count, claim.is_outcome_unknown)
    assert ('{"a":1}', '{"a":2}', None) == (delivery.body, delivery.edited_body, delivery.ended_at)


def test_each_attempt_keeps_what_it_sent(bench: Bench) -> None:
    """Nothing is kept twice: only what was edited before, in the words of that time."""
    (entry_id,) = bench.enqueue("a", body='{"a":1}')
    for edited in ('{"a":2}', '{"a":3}', None):
        bench.claim()
        bench.settle(settled(entry_id, "buried", failure="transient", message="gone"))
        with bench.store.transaction() as db:
            outbox.replay(db, [entry_id], MONDAY, edited_body=edited)

    kept = bench.db.execute("SELECT edited_body FROM attempt WHERE entry_id=? ORDER BY id", (entry_id,))
    assert [None, '{"a":2}', '{"a":3}'] == [body for (body,) in kept]


def test_next_due_knows_the_earliest(bench: Bench) -> None:
    """Of all systems or of those named; None when nothing is pending."""
    assert outbox.next_due(bench.db) is None
    late, early = bench.enqueue("late") + bench.enqueue("early", system="oracle-amer")
    bench.claim()
    bench.settle(settled(late, "pending", next_at=MONDAY + HOUR))

    assert MONDAY == outbox.next_due(bench.db)
    assert MONDAY + HOUR == outbox.next_due(bench.db, ["oracle-emea"])
    assert outbox.next_due(bench.db, ["coupa"]) is None
    assert "pending" == bench.state(early)


def test_an_earlier_attempt_at_the_same_document_is_known(bench: Bench) -> None:
    """A new decision to create what an earlier one may have created already is looked up first."""
    with bench.store.transaction() as db:
        first, second, other = outbox.enqueue(
            db,
            [
                an_entry(idempotency_key="1"),
                an_entry(idempotency_key="2"),
                an_entry(idempotency_key="3", operation="order.cancel"),
            ],
            MONDAY,
        )
    assert not outbox.was_tried_before(bench.db, second)
    bench.claim(limit=1)
    bench.settle(settled(first, "refused"))

    assert outbox.was_tried_before(bench.db, first)
    assert outbox.was_tried_before(bench.db, second)
    assert not outbox.was_tried_before(bench.db, other)


def test_deliveries_are_found_by_workflow_document_and_what_is_unverified(bench: Bench) -> None:
    """Each way to ask gives the same deliveries, oldest first."""
    a, b = bench.enqueue("a", "b")
    bench.claim()
    bench.settle(settled(a), settled(b))

    assert [a] == [d.entry_id for d in outbox.of_document(bench.db, "purchase_order", "coupa:a")]
    assert [a, b] == [d.entry_id for d in outbox.unverified(bench.db, 10)]
    assert [b] == [d.entry_id for d in outbox.unverified(bench.db, 10, after=a)]
    assert [] == outbox.of_workflow(bench.db, 1)
    assert outbox.get(bench.db, 999) is None
