"""Deliver: outbox to systems. Claim and commit, send, record results in groups.

A write whose outcome is unknown, and any create that follows an earlier attempt for the same document, is looked up by
natural key before it is sent. Every recording checks the fencing token, so a late engine changes nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import TypeGuard

import msgspec
from msgspec.structs import replace

from adapters.base import Adapter, Receipt, WriteRequest
from adapters.errors import (
    AdapterError,
    CredentialsError,
    DuplicateError,
    MaintenanceError,
    OutcomeUnknownError,
    ProtocolError,
    RejectedError,
    SettingsError,
    TransientError,
)
from adapters.watching import Watch, watched
from finsync_tui import garbage, retry, sync
from finsync_tui.delivery import revealing
from finsync_tui.delivery.keeping_back import KeptBackError, keep_back_not_agreed
from finsync_tui.delivery.recording import Delivered, Recorder, Result, unsent
from finsync_tui.profile import Profile
from finsync_tui.stopping import IsStopping, never
from store import Store, audit, findings, leases, outbox, records, systems
from store.clock import Clock
from store.columns import from_json
from store.errors import LeaseLostError
from store.outbox import Attempt, Claim, Settlement

__all__ = ["Delivered", "deliver_due", "recover"]

LEASE_FRESH_S = 0.05
"""Nobody can take a lease of a minute over from a process that was stopped for less; asking costs 0.3 ms after each commit."""
LOOK_AGAIN = timedelta(minutes=5)
"""After how long a system is looked at again of which nobody knows when it may be used."""
ANSWER_CHARS_MAX = 4000

_UNANSWERED = "An earlier request had no answer and may have arrived all the same: look there first"

_answer = msgspec.json.Encoder(enc_hook=str).encode


async def deliver_due(
    store: Store,
    adapters: Mapping[str, Adapter],
    profile: Profile,
    clock: Clock,
    token: int,
    is_stopping: IsStopping = never,
) -> Delivered:
    """Send what is due to every open system, each at its own pace; return when nothing due is left.

    Told to stop, it sends no more, waits for the answers to what was sent, and gives back what it had claimed.
    """
    with garbage.collected_seldom():
        rounds = await asyncio.gather(
            *(
                _deliver_system(store, adapters, name, profile, clock, token, is_stopping)
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
) -> Delivered:
    total = Delivered()
    queue = _Queue(store, system, profile, clock, token, is_stopping)
    while queue.refill():
        total += await _send_all(store, adapters, system, profile, clock, token, queue)
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

    def __len__(self) -> int:
        return len(self._todo)

    @property
    def is_stopped(self) -> bool:
        """True when the system turned out to be away, or the engine is to stop: what was claimed goes back unsent."""
        return self._is_away or self._is_stopping()

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
            limit = self._delivery.batch
            with self._store.transaction() as db:
                claims = outbox.claim(db, self._system, now, limit, self._token)
            self._is_dry = len(claims) < limit  # what waits for a result is claimed when that is recorded
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
) -> Delivered:
    """Send with a fixed number of workers; what they bring is recorded some dozens to a commit."""
    recorder = Recorder(store, adapters[system], profile, clock, token)
    guard = _Guard(store.beside(), token)

    async def worker() -> None:
        while (claim := queue.take()) is not None:
            if queue.is_stopped:
                await recorder.add(unsent(claim, clock.now()))
                continue
            guard.check()
            result = await _attempt(store, adapters, profile, clock, claim)
            if _is_away(result.error) and result.error.system == system:
                queue.stop()
            await recorder.add(result)

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
        self._until = 0.0

    def check(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._until:
            leases.check(self._db, self._token)
            self._until = now + LEASE_FRESH_S


def _first(raised: ExceptionGroup[Exception]) -> Exception:
    """Return the error that ended a batch: a lost lease before anything else, since it explains the rest."""
    found = list(raised.exceptions)
    return next((one for one in found if isinstance(one, LeaseLostError)), found[0])


async def _attempt(
    store: Store, adapters: Mapping[str, Adapter], profile: Profile, clock: Clock, claim: Claim
) -> Result:
    """Make one attempt and say how it ended."""
    adapter = adapters[claim.system]
    started = clock.now()
    began = asyncio.get_running_loop().time()
    request = WriteRequest(
        operation=claim.operation,
        idempotency_key=claim.idempotency_key,
        external_id=claim.external_id,
        body=from_json(claim.body),
        sent_at=_sent_at(store.db, claim),
    )
    error: AdapterError | None = None
    receipt: Receipt | None = None
    watch: Watch | None = None
    try:
        keep_back_not_agreed(store.db, profile, claim, started)
        origin = revealing.origin_of(request.operation, request.body)
        if origin is not None and not systems.is_open(store.db, origin, started):
            return _later(store.db, claim, origin, started)
        request = await revealing.revealed(adapters, claim.system, request)
        with watched(_private(request)) as watch:
            if _must_look_first(store.db, claim, request):
                receipt = await adapter.find(request)
            if receipt is None:
                receipt = await _write(adapter, request)
    except AdapterError as raised:
        error = raised
    duration_ms = round((asyncio.get_running_loop().time() - began) * 1000)
    if receipt is not None:
        settlement = _settled(claim, receipt, started, clock.now(), duration_ms)
    else:
        assert error is not None
        settlement = _failed(profile, claim, error, started, clock.now(), duration_ms)
    if watch is not None and settlement.attempt is not None:
        settlement = replace(settlement, attempt=replace(settlement.attempt, calls=watch.calls))
    return Result(claim, settlement, error, receipt)


def _private(request: WriteRequest) -> tuple[str, ...]:
    """Return what is in no store, and must come into none by what is kept of a call."""
    details = request.private
    if details is None:
        return ()
    return (details.number, details.number.replace(" ", ""), details.bic or "")


def _is_away(error: AdapterError | None) -> TypeGuard[AdapterError]:
    """Say whether a system can't be used at all for now, whatever it is asked."""
    return isinstance(error, MaintenanceError | CredentialsError | SettingsError)


def _later(db: Connection, claim: Claim, origin: str, now: datetime) -> Result:
    """Wait until the system that is asked for what a request carries may be used again: nothing is tried, nothing spent."""
    stands = systems.get(db, origin)
    until = stands.until if stands is not None and stands.until is not None else now + LOOK_AGAIN
    return unsent(claim, max(until, now), f"waits for {origin}, which is asked for what it carries")


async def _write(adapter: Adapter, request: WriteRequest) -> Receipt:
    try:
        return await adapter.write(request)
    except DuplicateError:
        found = await adapter.find(request)
        if found is None:
            raise
        return found


def _sent_at(db: Connection, claim: Claim) -> datetime | None:
    """Return when it was last sent without an answer, an engine that died meanwhile included; None: never."""
    if not claim.is_outcome_unknown:
        return None
    return findings.last_noticed(db, "OUTCOME_UNKNOWN", claim.system, claim.document_key)


def _must_look_first(db: Connection, claim: Claim, request: WriteRequest) -> bool:
    """True when sending blindly could make a second document.

    The store may be new, or an older copy that was restored: then it does not know what was created before. It vouches for a
    system once that system's documents were read to the end since the engine started, and holds no such mark.
    """
    if claim.is_outcome_unknown:
        return True
    if not claim.operation.endswith(".create"):
        return False
    return (
        outbox.was_tried_before(db, claim.entry_id)
        or not sync.is_caught_up(db, claim.system, claim.entity)
        or bool(records.twins(db, claim.entity, "reference", _mark(request), claim.system))
    )


def _mark(request: WriteRequest) -> str:
    """Return the mark that a create puts on the document; empty where it has none."""
    parts = [request.body, *(part for part in request.body.values() if isinstance(part, Mapping))]
    return next((str(part["marker"]) for part in parts if "marker" in part), "")


def _settled(
    claim: Claim, receipt: Receipt, started: datetime, ended: datetime, duration_ms: int
) -> Settlement:
    kept = {
        "number": receipt.number,
        "revision": receipt.revision,
        "is_pending": receipt.is_pending,
        "was_found": receipt.was_found,
        "answer": dict(receipt.answer),
    }
    return Settlement(
        entry_id=claim.entry_id,
        state="delivered",
        external_id=receipt.external_id,
        receipt=kept,
        attempt=Attempt(
            started_at=started,
            ended_at=ended,
            outcome="found" if receipt.was_found else "delivered",
            answer=_answer(receipt.answer).decode()[:ANSWER_CHARS_MAX],
            duration_ms=duration_ms,
        ),
    )


def _failed(
    profile: Profile, claim: Claim, error: AdapterError, started: datetime, ended: datetime, duration_ms: int
) -> Settlement:
    """Decide by class of failure what becomes of the delivery."""
    base = Settlement(
        entry_id=claim.entry_id,
        state="pending",
        failure=error.failure,
        message=error.message,
        is_outcome_unknown=claim.is_outcome_unknown,
        attempt=Attempt(
            started_at=started,
            ended_at=ended,
            outcome=error.failure,
            status=error.status,
            message=error.message,
            answer=error.answer[:ANSWER_CHARS_MAX] or None,
            duration_ms=duration_ms,
        ),
    )
    if isinstance(error, RejectedError):
        refusal, is_kept_back = error.refusal, isinstance(error, KeptBackError)
        may_be_there = is_kept_back and claim.is_outcome_unknown
        return replace(
            base,
            state="refused",
            message=f"{error.message}. {_UNANSWERED}" if may_be_there else error.message,
            receipt={
                "case_class": refusal.case_class,
                "codes": list(refusal.codes),
                "details": dict(refusal.details),
                "is_kept_back": is_kept_back,
            },
        )
    if isinstance(error, DuplicateError):
        return replace(base, state="refused", receipt={"case_class": "VERSION_CONFLICT", "codes": []})
    if _is_away(error):
        return replace(base, next_at=ended, spends_attempt=False)
    patience = profile.retry_for(error.system)
    asked = error.retry_after if isinstance(error, TransientError) else None
    number = claim.attempt_count + 1
    next_at = retry.next_attempt(
        patience,
        attempt=number,
        failed_at=ended,
        jitter=retry.jitter_for(claim.idempotency_key, number),
        asked=asked,
    )
    is_unknown = claim.is_outcome_unknown or isinstance(error, OutcomeUnknownError | ProtocolError)
    if next_at is None:
        told = {"trouble_at": error.system} if error.system != claim.system else None
        return replace(base, state="buried", is_outcome_unknown=is_unknown, receipt=told)
    return replace(base, next_at=next_at, is_outcome_unknown=is_unknown)
