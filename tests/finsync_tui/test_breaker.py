"""What becomes of a queue while its system is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from adapters.base import Adapter, Receipt, WriteRequest
from adapters.errors import (
    AdapterError,
    MaintenanceError,
    OutcomeUnknownError,
    Refusal,
    RejectedError,
    TransientError,
)
from finsync_tui import delivery
from finsync_tui.policies.verdicts import Judging
from finsync_tui.profile import Profile
from store import leases, outbox, systems
from store.systems import SystemState
from tests.builders import MONDAY, a_clock, a_store

TARGET = "oracle-emea"
FAILURES, WORKERS, PAUSE = 5, 4, timedelta(minutes=10)
HOUR = timedelta(hours=1)

Answer = Callable[[WriteRequest], AdapterError | None]


def unavailable(request: WriteRequest) -> AdapterError:
    return OutcomeUnknownError(TARGET, "answered 503", status=503)


def unanswered(request: WriteRequest) -> AdapterError:
    return OutcomeUnknownError(TARGET, "no answer came")


def unreachable(request: WriteRequest) -> AdapterError:
    return TransientError(TARGET, "can't be reached")


def in_maintenance(request: WriteRequest) -> AdapterError:
    return MaintenanceError(TARGET, "maintenance", retry_after=PAUSE)


class _Erp:
    """A system that does with a write what a test says, and shows by a look-up what it took."""

    system = TARGET

    def __init__(self, answer: Answer) -> None:
        self.answer: Answer | None = answer
        self.writes: list[str] = []
        self.looks: list[str] = []
        self.shown: set[str] = set()
        self.looking_fails: AdapterError | None = None

    async def write(self, request: WriteRequest) -> Receipt:
        self.writes.append(request.idempotency_key)
        await asyncio.sleep(0)  # the others are under way meanwhile
        error = self.answer(request) if self.answer else None
        if error is not None:
            raise error
        return Receipt(request.idempotency_key)

    async def find(self, request: WriteRequest) -> Receipt | None:
        self.looks.append(request.idempotency_key)
        if self.looking_fails is not None:
            raise self.looking_fails
        return Receipt("found", was_found=True) if request.idempotency_key in self.shown else None


class Queue:
    """Some orders that wait for one system."""

    def __init__(self, answer: Answer, count: int = 30, attempts_max: int = 3) -> None:
        self.clock = a_clock()
        self.store = a_store(self.clock)
        self.lease = leases.acquire(self.store, "test:1:1", timedelta(days=99), MONDAY)
        self.erp = _Erp(answer)
        self.judge: Judging | None = None
        config: dict[str, Any] = {
            "systems": {},
            "breaker": {"failures": FAILURES, "pause": PAUSE},
            "delivery": {"workers": WORKERS},
            "retry": {"default": {"attempts_max": attempts_max}},
        }
        self.profile = Profile.model_validate(config)
        self.add(*(f"key-{n:03}" for n in range(count)))

    def add(self, *keys: str, priority: int = 5) -> None:
        entries = [
            outbox.Entry(
                key, TARGET, "order.submit", "purchase_order", f"coupa:{key}", key, "{}", priority=priority
            )
            for key in keys
        ]
        with self.store.transaction() as db:
            outbox.enqueue(db, entries, self.clock.now())

    def deliver(self, after: timedelta = timedelta()) -> int:
        """Deliver some time later, after a read that works; return how many writes went out."""
        self.clock.advance(after)
        before = len(self.erp.writes)
        if systems.is_open(self.store.db, TARGET, self.clock.now()):
            with self.store.transaction() as db:
                systems.ok(db, TARGET, self.clock.now())
        adapters = {TARGET: cast("Adapter", self.erp)}
        for _ in range(3):  # as often as a cycle goes round
            asyncio.run(
                delivery.deliver_due(
                    self.store, adapters, self.profile, self.clock, self.lease.token, judge=self.judge
                )
            )
        return len(self.erp.writes) - before

    @property
    def stands(self) -> SystemState:
        found = systems.get(self.store.db, TARGET)
        assert found is not None
        return found

    @property
    def states(self) -> dict[str, int]:
        rows = self.store.db.execute("SELECT state, count(*) FROM delivery GROUP BY state")
        return {str(state): int(count) for state, count in rows}

    @property
    def attempts_spent(self) -> int:
        return int(self.store.db.execute("SELECT sum(attempt_count) FROM delivery").fetchone()[0])


@pytest.mark.parametrize("answer", [unavailable, unanswered, unreachable])
def test_an_outage_of_a_week_buries_nothing(answer: Answer) -> None:
    """A run of failures stops the queue at once; then one goes out after each pause, and none of it spends an attempt."""
    queue = Queue(answer)
    first = queue.deliver()
    at_once = queue.deliver(timedelta(seconds=4))
    spent = queue.attempts_spent
    stands = queue.stands

    probes = [queue.deliver(PAUSE) for _ in range(150)]

    assert FAILURES <= first < FAILURES + WORKERS
    assert (0, "parked", PAUSE) == (at_once, stands.state, cast("Any", stands.until) - MONDAY)
    assert str(stands.reason).startswith("left alone after ")
    assert {1} == {*probes}
    assert (FAILURES - 1, FAILURES - 1) == (spent, queue.attempts_spent)
    assert {"pending": 30} == queue.states


def test_a_queue_goes_on_by_itself_when_its_system_is_back() -> None:
    """The first that is taken lets all others go; what may have arrived is looked up and not sent again."""
    queue = Queue(unavailable)
    queue.deliver()
    queue.erp.shown.update(queue.erp.writes[:2])
    once = set(queue.erp.writes)

    queue.erp.answer = None
    queue.deliver(PAUSE)
    queue.deliver(HOUR)

    assert {"delivered": 30} == queue.states
    assert ("ok", 0, False) == (
        queue.stands.state,
        queue.stands.write_failure_count,
        queue.stands.is_on_trial,
    )
    assert once == {*queue.erp.looks}
    assert {1} == {queue.erp.writes.count(key) for key in queue.erp.shown}


def test_what_a_look_up_finds_does_not_close_the_breaker() -> None:
    """That reads work says nothing about writes: they go on one at a time until one is answered."""
    queue = Queue(unavailable)
    queue.deliver()
    queue.erp.shown.update(queue.erp.writes)
    with queue.store.transaction() as db:
        pending = [row[0] for row in db.execute("SELECT entry_id FROM delivery WHERE NOT is_outcome_unknown")]
        outbox.hold(db, pending, queue.clock.now())
    found_only = queue.deliver(HOUR)
    with queue.store.transaction() as db:
        outbox.release(db, pending, queue.clock.now())

    assert (0, 1) == (found_only, queue.deliver())


def test_a_look_up_that_fails_is_a_failure_and_nothing_is_sent_blindly() -> None:
    """What may have arrived is looked up alone after each pause; while that fails, it is neither sent again nor given up."""
    queue = Queue(unanswered, count=FAILURES, attempts_max=3)
    queue.deliver()
    sent = [*queue.erp.writes]
    queue.erp.looking_fails = TransientError(TARGET, "can't be reached")

    again = [(queue.deliver(PAUSE), len(queue.erp.looks)) for _ in range(20)]

    assert [(0, n + 1) for n in range(20)] == again
    assert ("parked", {"pending": FAILURES}, sent) == (queue.stands.state, queue.states, queue.erp.writes)

    queue.erp.looking_fails = queue.erp.answer = None
    queue.deliver(PAUSE)
    assert ({"delivered": FAILURES}, 1) == (queue.states, queue.erp.writes.count(sent[0]) - 1)


def test_a_read_that_is_told_to_wait_keeps_deliveries_back() -> None:
    """Who asks for time at a read is written nothing either until it is over."""
    queue = Queue(unavailable)
    queue.erp.answer = None
    error = TransientError(TARGET, "busy", status=429, retry_after=HOUR)
    with queue.store.transaction() as db:
        systems.unread(db, TARGET, str(error), queue.clock.now(), error.closes_for)

    assert [0, 0, 30] == [queue.deliver(after) for after in (timedelta(), HOUR / 2, HOUR)]


def test_maintenance_is_probed_by_one_delivery() -> None:
    """Reads that work meanwhile do not send the whole queue at it again."""
    queue = Queue(in_maintenance)

    assert queue.deliver() <= WORKERS
    assert [1, 1, 1] == [queue.deliver(PAUSE) for _ in range(3)]
    assert ({"pending": 30}, 0) == (queue.states, queue.attempts_spent)


@pytest.mark.parametrize("status", [429, 503])
def test_one_answer_with_retry_after_closes_the_system(status: int) -> None:
    """Nothing is written or read until then, however many were about to go; then one goes first."""
    wait = timedelta(seconds=3600)
    kind = TransientError if status == 429 else OutcomeUnknownError

    queue = Queue(lambda request: kind(TARGET, "busy", status=status, retry_after=wait))

    assert queue.deliver() <= WORKERS
    stands = queue.stands
    assert ("parked", MONDAY + wait, 0) == (stands.state, stands.until, queue.attempts_spent)
    assert [0, 0, 1] == [queue.deliver(after) for after in (timedelta(seconds=4), HOUR / 2, HOUR)]
    queue.erp.answer = None
    assert 29 <= queue.deliver(2 * HOUR)
    assert {"delivered": 30} == queue.states


def test_a_wait_of_one_document_holds_nobody_else() -> None:
    """What asks for time itself, without its system being busy, is tried again then."""
    first = "key-000"

    def working(request: WriteRequest) -> AdapterError | None:
        is_first = request.idempotency_key == first
        return TransientError(TARGET, "still at work", status=409, retry_after=HOUR) if is_first else None

    queue = Queue(working)
    queue.deliver()

    assert ({"delivered": 29, "pending": 1}, "ok") == (queue.states, queue.stands.state)


def test_a_document_that_its_system_cannot_bear_does_not_keep_the_others_waiting() -> None:
    """However urgent it is, others are tried in its place, and its own attempts end when they are taken."""

    def poisoned(request: WriteRequest) -> AdapterError | None:
        return unavailable(request) if request.idempotency_key == "poison" else None

    queue = Queue(poisoned, count=0, attempts_max=8)
    queue.add("poison", priority=0)
    for _ in range(40):
        queue.deliver(HOUR)
    alone = (queue.states, queue.stands.write_failure_count >= FAILURES)

    for n in range(20):
        queue.add(f"key-{n}")
        queue.deliver(HOUR)

    assert ({"pending": 1}, True) == alone
    assert {"delivered": 20, "buried": 1} == queue.states


def test_failures_of_documents_spend_attempts() -> None:
    """A 500 may be about the document: it is bounded by the breaker and by its attempts."""
    queue = Queue(lambda request: OutcomeUnknownError(TARGET, "500", status=500), count=2)
    for _ in range(40):
        queue.deliver(HOUR)

    assert ({"buried": 2}, 6) == (queue.states, queue.attempts_spent)


def test_a_refusal_is_an_answer() -> None:
    """A system that says no is there: refusals in between keep the breaker closed."""
    from adapters import watching

    def mixed(request: WriteRequest) -> AdapterError | None:
        if len(queue.erp.writes) % 2:
            return unavailable(request)
        watch = watching.present()
        assert watch is not None
        watch.note("POST", "/orders", 400, "")
        return RejectedError(TARGET, Refusal("REJECTED", "no", status=400))

    queue = Queue(mixed)
    assert 30 == queue.deliver()
    assert "parked" != queue.stands.state
