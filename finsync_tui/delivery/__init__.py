"""Deliver: outbox to systems. Claim and commit, send, record results in groups.

Every recording checks the fencing token, so a late engine changes nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from sqlite3 import Connection

from adapters.base import Adapter
from finsync_tui import garbage
from finsync_tui.delivery.attempting import Caller, is_away
from finsync_tui.delivery.breaker import Breaker
from finsync_tui.delivery.recording import Delivered, Recorder, unsent
from finsync_tui.policies.verdicts import Judging
from finsync_tui.profile import Profile
from finsync_tui.stopping import IsStopping, never
from store import Store, audit, findings, leases, outbox, systems
from store.clock import Clock
from store.errors import LeaseLostError
from store.outbox import Claim

__all__ = ["Delivered", "deliver_due", "recover"]

LEASE_FRESH_S = 0.05
"""Nobody can take a lease of a minute over from a process that was stopped for less; asking costs 0.3 ms after each commit."""


async def deliver_due(
    store: Store,
    adapters: Mapping[str, Adapter],
    profile: Profile,
    clock: Clock,
    token: int,
    is_stopping: IsStopping = never,
    judge: Judging | None = None,
) -> Delivered:
    """Send what is due to every open system, each at its own pace; return when nothing due is left.

    Told to stop, it sends no more, waits for the answers to what was sent, and gives back what it had claimed. `judge`: who
    says when what failed is tried again; None: the settings do.
    """
    with garbage.collected_seldom():
        rounds = await asyncio.gather(
            *(
                _deliver_system(store, adapters, name, profile, clock, token, is_stopping, judge)
                for name in sorted(adapters)
            )
        )
    total = Delivered()
    for one in rounds:
        total += one
    return total


def recover(db: Connection, token: int, now: datetime) -> int:
    """Take over what a dead engine was sending: each may have arrived, is said so, and is looked up first."""
    cut_off = outbox.interrupted(db, token)
    findings.append(
        db,
        [
            findings.Finding(
                class_="OUTCOME_UNKNOWN",
                severity="warn",
                system=one.system,
                entity=one.entity,
                document_key=one.document_key,
                document_number=one.document_number,
                message=f"the engine stopped during {one.operation}; it is looked up before it is sent again",
                noticed_at=now,
            )
            for one in cut_off
        ],
    )
    taken = [audit.Entry(who="engine", what="delivery.recovered", subject=d.document_key, source=d.system,
                         after={"key": d.idempotency_key}) for d in cut_off]  # fmt: skip
    audit.record(db, taken, now)
    return outbox.recover(db, token, now)


async def _deliver_system(
    store: Store,
    adapters: Mapping[str, Adapter],
    system: str,
    profile: Profile,
    clock: Clock,
    token: int,
    is_stopping: IsStopping,
    judge: Judging | None,
) -> Delivered:
    total = Delivered()
    queue = _Queue(store, system, profile, clock, token, is_stopping)
    while queue.refill():
        total += await _send_all(store, adapters, system, profile, clock, token, queue, judge)
    return total


class _Queue:
    """What is to be sent, claimed by the batch: the next one before the last has run out, so that the workers never
    wait for the slowest of a batch."""

    def __init__(
        self, store: Store, system: str, profile: Profile, clock: Clock, token: int, is_stopping: IsStopping
    ) -> None:
        self._store = store
        self._system = system
        self._delivery = profile.delivery
        self._clock = clock
        self._token = token
        self._todo: deque[Claim] = deque()
        self._is_dry = False
        self._is_stopping = is_stopping
        self._is_away = False
        self.breaker = Breaker(profile.breaker, systems.get(store.db, system))

    def __len__(self) -> int:
        return len(self._todo)

    @property
    def is_stopped(self) -> bool:
        """True when the system turned out to be away, or the engine is to stop: what was claimed goes back unsent."""
        return self._is_away or self.breaker.is_open or self._is_stopping()

    def stop(self) -> None:
        """Send nothing more: the system is away."""
        self._is_away = True

    def rest(self) -> list[Claim]:
        """Return what was claimed and nobody took."""
        rest = list(self._todo)
        self._todo.clear()
        return rest

    def refill(self) -> bool:
        """Claim a batch, unless the system must be left alone; say whether there is something to send."""
        db, now = self._store.db, self._clock.now()
        self._is_dry = (
            self.is_stopped
            or not outbox.may_be_due(db, self._system, now)
            or not systems.is_open(db, self._system, now)
        )
        if not self._is_dry:
            is_probe = self.breaker.is_half_open
            limit = 1 if is_probe else self._delivery.batch
            with self._store.transaction() as db:
                claims = outbox.claim(db, self._system, now, limit, self._token, is_probe=is_probe)
            # What waits for a result is claimed when that is recorded; after a probe, all waits for its answer.
            self._is_dry = is_probe or len(claims) < limit
            self._todo.extend(claims)
        return bool(self._todo)

    def take(self) -> Claim | None:
        """Return the next claim; None when there is none for now."""
        if len(self._todo) < self._delivery.workers and not self._is_dry:
            self.refill()
        return self._todo.popleft() if self._todo else None


async def _send_all(
    store: Store,
    adapters: Mapping[str, Adapter],
    system: str,
    profile: Profile,
    clock: Clock,
    token: int,
    queue: _Queue,
    judge: Judging | None,
) -> Delivered:
    """Send with a fixed number of workers; what they bring is recorded some dozens to a commit."""
    recorder = Recorder(store, adapters[system], clock, token)
    guard = _Guard(store.beside(), token)
    caller = Caller(store.db, adapters, profile, clock, system, queue.breaker, judge)

    async def worker() -> None:
        while (claim := queue.take()) is not None:
            if queue.is_stopped:
                result = unsent(claim, clock.now())
            else:
                guard.check()
                result = await caller.attempt(claim)
                if is_away(result.error) and result.error.system == system:
                    queue.stop()
            if recorder.add(result):
                await recorder.record_group()

    ticking = asyncio.create_task(recorder.tick())
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(profile.delivery.workers, len(queue))):
                group.create_task(worker())
    except ExceptionGroup as raised:
        raise _first(raised) from raised
    except asyncio.CancelledError:
        recorder.give_back(queue.rest())  # what was sent and not answered stays claimed: it is looked up
        raise
    finally:
        ticking.cancel()
        recorder.settle()
    await recorder.flush()
    return recorder.total


class _Guard:
    """Refuses to send under a lost lease. An answer holds for LEASE_FRESH_S by the clock that also counts a process's
    sleep, so an engine that was stopped and woke up asks again before its next call."""

    def __init__(self, db: Connection, token: int) -> None:
        self._db = db
        self._token = token
        self._seconds = asyncio.get_running_loop().time
        self._until = 0.0

    def check(self) -> None:
        now = self._seconds()
        if now >= self._until:
            leases.check(self._db, self._token)
            self._until = now + LEASE_FRESH_S


def _first(raised: ExceptionGroup[Exception]) -> Exception:
    """Return the error that ended a batch: a lost lease before anything else, since it explains the rest."""
    found = list(raised.exceptions)
    return next((one for one in found if isinstance(one, LeaseLostError)), found[0])
