"""The outbox as a whole: whatever dies when, nothing is lost and nothing is made twice.

A machine enqueues, claims, sends to a system that counts and sometimes lies, reads back, crashes, wakes late engines, settles,
holds and replays in any order that Hypothesis can think of.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from store import leases, outbox
from store.errors import LeaseLostError
from store.outbox import Attempt, Claim, Settlement
from tests.builders import MONDAY, a_store, an_entry

DOCUMENTS = ("coupa:1", "coupa:2", "coupa:3")
TTL = timedelta(minutes=1)
ATTEMPTS_MAX = 3

Answer = str
ANSWERS = ("delivered", "lost answer", "lie", "busy", "refused", "away")
"""A lie is the answer of success to what is never kept."""


class OutboxMachine(RuleBasedStateMachine):
    """An engine, its crashes, and a system that keeps what it is sent."""

    @initialize()
    def begin(self) -> None:
        self.store = a_store()
        self.now = MONDAY
        self.made: Counter[str] = Counter()
        """How often the system made the document of each key."""
        self.lied: set[str] = set()
        """Keys that the system said yes to and did not keep."""
        self.followed: set[str] = set()
        """Of them, those that a later delivery had taken the place of when it was found out."""
        self.keys: set[str] = set()
        self.take_over()

    def take_over(self) -> None:
        self.now += 2 * TTL
        self.token = leases.acquire(self.store, "engine", TTL, self.now).token
        self.claims: list[Claim] = []
        self.results: list[Settlement] = []
        with self.store.transaction() as db:
            outbox.recover(db, self.token, self.now)

    @rule(document=st.sampled_from(DOCUMENTS), revision=st.integers(1, 3), priority=st.sampled_from((1, 5)))
    def enqueue(self, document: str, revision: int, priority: int) -> None:
        key = f"oracle-emea/order.create/{document}/{revision}/1"
        with self.store.transaction() as db:
            outbox.enqueue(
                db, [an_entry(idempotency_key=key, document_key=document, priority=priority)], self.now
            )
        self.keys.add(key)

    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        with self.store.transaction() as db:
            self.claims += outbox.claim(db, "oracle-emea", self.now, limit, self.token)

    @precondition(lambda self: self.claims)
    @rule(answer=st.sampled_from(ANSWERS))
    def send(self, answer: Answer) -> None:
        """Look up first when in doubt, which may fail too; then send, and the system answers in one of many ways."""
        claim = self.claims.pop(0)
        if claim.is_outcome_unknown and answer in ("busy", "away"):
            self.results.append(self.settlement(claim, answer))
            return
        if claim.is_outcome_unknown and self.made[claim.idempotency_key]:
            self.results.append(self.settlement(claim, "delivered"))
            return
        if answer in ("delivered", "lost answer"):
            self.made[claim.idempotency_key] += 1
        if answer == "lie":
            self.lied.add(claim.idempotency_key)
        self.results.append(self.settlement(claim, answer))

    def settlement(self, claim: Claim, answer: Answer) -> Settlement:
        attempt = Attempt(self.now, self.now, answer)
        answer = "delivered" if answer == "lie" else answer
        if answer in ("delivered", "refused"):
            return Settlement(claim.entry_id, answer, attempt)  # type: ignore[arg-type]
        if answer == "away":
            return Settlement(claim.entry_id, "pending", attempt, spends_attempt=False)
        return Settlement(
            claim.entry_id,
            "buried" if claim.attempt_count + 1 >= ATTEMPTS_MAX else "pending",
            attempt,
            next_at=self.now + TTL,
            is_outcome_unknown=answer == "lost answer",
        )

    @precondition(lambda self: self.results)
    @rule(count=st.integers(1, 4))
    def settle(self, count: int) -> None:
        group, self.results = self.results[:count], self.results[count:]
        with self.store.transaction() as db:
            outbox.settle(db, self.token, group, self.now)

    @rule(answer=st.sampled_from(ANSWERS))
    def work(self, answer: Answer) -> None:
        """A whole round at once, in which everything gets the same answer."""
        self.now += TTL
        self.claim(100)
        while self.claims:
            self.send(answer)
        if self.results:
            self.settle(len(self.results))

    @rule()
    def crash(self) -> None:
        """The engine dies with claims and results in its hands; another one starts."""
        self.take_over()

    @precondition(lambda self: self.claims or self.results)
    @rule()
    def wake_late(self) -> None:
        """An engine that was taken over while it slept tries to go on."""
        late, results, claims = self.token, self.results, self.claims
        self.take_over()

        group = results + [self.settlement(claim, "delivered") for claim in claims]
        with pytest.raises(LeaseLostError), self.store.transaction() as db:
            outbox.settle(db, late, group, self.now)

    @rule()
    def read_back(self) -> None:
        """What was delivered is looked up: what is there is verified, what is not is doubted, what was followed set aside."""
        rows = self.store.db.execute(
            "SELECT id, idempotency_key, document_key FROM v_delivery WHERE state='delivered' AND ended_at IS NULL ORDER BY id"
        ).fetchall()
        newest = {document: entry_id for entry_id, _, document in rows}
        gone = [
            (entry_id, newest[document] != entry_id) for entry_id, key, document in rows if not self.made[key]
        ]
        self.followed |= {key for entry_id, key, _ in rows if (entry_id, True) in gone}
        with self.store.transaction() as db:
            outbox.mark_verified(db, [entry_id for entry_id, key, _ in rows if self.made[key]], self.now)
            outbox.set_aside(db, [entry_id for entry_id, is_old in gone if is_old], "followed", self.now)
            outbox.doubt(db, [entry_id for entry_id, is_old in gone if not is_old], "not there", self.now)

    @rule(act=st.sampled_from((outbox.hold, outbox.release, outbox.replay)), data=st.data())
    def act(self, act: object, data: st.DataObject) -> None:
        ids = [
            entry_id
            for (entry_id,) in self.store.db.execute("SELECT entry_id FROM delivery ORDER BY entry_id")
        ]
        chosen = data.draw(st.lists(st.sampled_from(ids), max_size=3)) if ids else []
        with self.store.transaction() as db:
            act(db, chosen, self.now)  # type: ignore[operator]

    @rule(minutes=st.integers(1, 3))
    def wait(self, minutes: int) -> None:
        self.now += minutes * TTL

    @invariant()
    def nothing_is_made_twice(self) -> None:
        assert [] == [key for key, count in getattr(self, "made", Counter()).items() if count > 1]

    @invariant()
    def nothing_is_lost(self) -> None:
        if hasattr(self, "store"):
            rows = self.store.db.execute("SELECT idempotency_key FROM v_delivery")
            assert self.keys == {key for (key,) in rows}

    @invariant()
    def what_is_delivered_is_there(self) -> None:
        if hasattr(self, "store"):
            rows = self.store.db.execute(
                "SELECT idempotency_key, state FROM v_delivery WHERE state IN ('delivered', 'verified')"
            )
            false = [
                key
                for key, state in rows
                if self.made[key] != 1 and (state == "verified" or key not in self.lied)
            ]
            assert [] == false

    @invariant()
    def a_document_is_sent_one_by_one(self) -> None:
        if hasattr(self, "store"):
            twice = self.store.db.execute(
                "SELECT document_key FROM delivery WHERE state='claimed' GROUP BY document_key HAVING count(*) > 1"
            )
            assert [] == twice.fetchall()

    def teardown(self) -> None:
        """When the system is well again, everything that was decided gets there, once."""
        if not hasattr(self, "store"):
            return
        self.take_over()
        self.read_back()
        with self.store.transaction() as db:
            ids = [entry_id for (entry_id,) in db.execute("SELECT entry_id FROM delivery").fetchall()]
            outbox.replay(db, ids, self.now)
        for _ in range(len(ids) + 1):
            self.work("delivered")
        assert dict.fromkeys(self.keys - self.followed, 1) == dict(+self.made)
        rows = self.store.db.execute("SELECT 1 FROM delivery WHERE state NOT IN ('delivered', 'verified')")
        assert [] == rows.fetchall()
        self.store.close()


TestOutboxMachine = OutboxMachine.TestCase
