"""Record what became of deliveries: some dozens to a commit, on a thread of its own.

A commit waits for the disk, which takes milliseconds where it is slow; the calls under way go on meanwhile. One group is
recorded at a time, and whatever it writes it writes together: deliveries, links, events, findings, audit entries.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

import msgspec

from adapters.base import Adapter, Receipt
from adapters.errors import (
    AdapterError,
    CredentialsError,
    MaintenanceError,
    OutcomeUnknownError,
    ProtocolError,
    SettingsError,
    TransientError,
)
from finsync_tui import sync
from finsync_tui.delivery import breaker
from finsync_tui.delivery.breaker import Away
from finsync_tui.delivery.keeping_back import KeptBackError
from store import Store, audit, cases, crossrefs, events, findings, outbox, systems, workflows
from store.canonical.event import event_type
from store.clock import Clock
from store.errors import LeaseLostError
from store.outbox import Claim, Settlement

GROUP_MAX = 64
GROUP_WAIT_S = 0.1
"""Long enough for a group to fill: one of a dozen costs nearly what one of sixty does, and nobody waits for it. What is left
when all is sent is recorded at once."""
PARTS = frozenset(("supplier_site.create",))
"""Creates that add a part to a document: what they made is not the document."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round did."""

    sent: int = 0
    delivered: int = 0
    failed: int = 0

    def __add__(self, other: Delivered) -> Delivered:
        return Delivered(self.sent + other.sent, self.delivered + other.delivered, self.failed + other.failed)


class Result(msgspec.Struct, frozen=True, gc=False):
    """One attempt's end, before it is recorded."""

    claim: Claim
    settlement: Settlement
    error: AdapterError | None = None
    receipt: Receipt | None = None
    away: Away | None = None
    """The system it was asked of is to be left alone."""


class Recorder:
    """Collects results and records them together: when there are GROUP_MAX, or after GROUP_WAIT_S.

    One group is recorded while the next fills. Whoever completes that one waits, so no more than two groups and one
    result of each worker are ever unrecorded.
    """

    def __init__(self, store: Store, adapter: Adapter, clock: Clock, token: int) -> None:
        self.total = Delivered()
        self._store = store
        self._adapter = adapter
        self._clock = clock
        self._token = token
        self._waiting: list[Result] = []
        self._closed: list[Result] = []
        self._recording = threading.Lock()
        self._turn = asyncio.Lock()

    def add(self, result: Result) -> bool:
        """Take one result; say whether that completes a group, which whoever brought it records."""
        self._waiting.append(result)
        return len(self._waiting) >= GROUP_MAX

    async def record_group(self) -> None:
        """Record the group that is complete, after the one that is being recorded."""
        async with self._turn:
            if (
                len(self._waiting) >= GROUP_MAX
            ):  # or another has taken it, and what came since is no group yet
                await self._hand_over()

    async def flush(self) -> None:
        """Record what is waiting."""
        async with self._turn:
            await self._hand_over()

    async def _hand_over(self) -> None:
        """Record beside the calls under way. A store in memory has no disk to wait for."""
        self._close_group()
        if not self._closed:
            return
        if self._store.is_memory:
            self._record_closed()
        else:
            await asyncio.to_thread(self._record_closed)

    def _close_group(self) -> None:
        """What comes from now on belongs to the next group."""
        self._closed += self._waiting
        self._waiting.clear()

    def _record_closed(self) -> None:
        """Record what is in no open group. When that fails nothing was recorded, and whoever records next tries it again."""
        with self._recording:
            group = list(self._closed)
            if not group:
                return
            with self._store.transaction() as db:
                _record(db, self._adapter, self._clock, self._token, group)
            del self._closed[: len(group)]  # what was closed meanwhile stands behind them
            done = sum([r.settlement.state == "delivered" for r in group])
            tried = sum([r.settlement.attempt is not None for r in group])  # the rest was given back unsent
            self.total += Delivered(tried, done, tried - done)

    def settle(self) -> None:
        """Wait until no thread records any more: whoever closes the store next must not cut one off."""
        with self._recording:
            pass

    def give_back(self, claims: Sequence[Claim]) -> None:
        """Record at once that these were claimed and not sent, with all that is waiting."""
        self._waiting += [unsent(claim, self._clock.now()) for claim in claims]
        self._close_group()
        self._record_closed()

    async def tick(self) -> None:
        """Let nothing wait longer than GROUP_WAIT_S. A lost lease is met again by whoever records next."""
        with suppress(LeaseLostError):
            while True:
                await asyncio.sleep(GROUP_WAIT_S)
                await self.flush()


def unsent(claim: Claim, next_at: datetime, why: str | None = None) -> Result:
    """Give a claim back that was never tried."""
    return Result(
        claim,
        Settlement(
            entry_id=claim.entry_id,
            state="pending",
            attempt=None,
            message=why,
            next_at=next_at,
            spends_attempt=False,
            is_outcome_unknown=claim.is_outcome_unknown,
        ),
    )


def _record(db: Connection, adapter: Adapter, clock: Clock, token: int, group: Sequence[Result]) -> None:
    """Write a group of results: deliveries, links, events, findings, audit, and wake their instances."""
    now = clock.now()
    outbox.settle(db, token, [result.settlement for result in group], now)
    made: list[events.Fact] = []
    noticed: list[findings.Finding] = []
    entries: list[audit.Entry] = []
    woken: list[int] = []
    for result in group:
        claim, settlement = result.claim, result.settlement
        if result.receipt is not None:
            _link(db, claim, result.receipt, now)
            made.append(_delivered_event(claim, result.receipt, now))
        if result.error is not None:
            noticed += _findings(claim, result.error, now)
        if settlement.attempt is not None:
            entries.append(_audit_entry(claim, settlement))
        if claim.workflow_id is not None and settlement.state != "pending":
            woken.append(claim.workflow_id)
    findings.append(db, noticed)
    events.append(db, made)
    audit.record(db, entries, now)
    workflows.wake(db, woken, now)
    for system, results in sorted(_by_system(adapter.system, group).items()):
        _note_system(db, system, clock, results, is_told=system == adapter.system)


def _by_system(system: str, group: Sequence[Result]) -> dict[str, list[Result]]:
    """Return how each system that was asked had answered: the one that was to be told, or one whose details it is told."""
    found: dict[str, list[Result]] = {}
    for one in group:
        if one.settlement.attempt is not None and not isinstance(one.error, KeptBackError):
            found.setdefault(one.error.system if one.error is not None else system, []).append(one)
    return found


def _link(db: Connection, claim: Claim, receipt: Receipt, now: datetime) -> None:
    if claim.operation == "order.discard":
        crossrefs.unlink(db, claim.entity, claim.document_key, claim.system)
    elif claim.operation in PARTS:
        return  # the thing itself is linked already
    elif claim.operation.endswith(".create") and receipt.external_id:
        crossrefs.link(
            db,
            claim.entity,
            claim.document_key,
            claim.system,
            receipt.external_id,
            number=receipt.number,
            revision=None,  # set when the ERP has issued it
            why="found" if receipt.was_found else "created",
            linked_at=now,
        )


def _note_system(
    db: Connection, system: str, clock: Clock, results: Sequence[Result], *, is_told: bool
) -> None:
    """Keep the system's state: well, away, closed to us, or left alone as its breaker says.

    `is_told`: it is the one that was written to; otherwise it was asked for what another is told.
    """
    now = clock.now()
    for error in [one.error for one in results if one.error is not None]:
        if isinstance(error, MaintenanceError):
            sync.park(db, system, error.retry_after, str(error), clock, is_on_trial=is_told)
            return
        if isinstance(error, CredentialsError):
            sync.shut_out(db, system, error, now)
            return
        if isinstance(error, SettingsError):
            systems.hold(db, system, str(error), now)
            cases.open(db, sync.settings_case(system, error), now)
            return
    answered = [n for n, one in enumerate(results) if _is_answered(one)]
    if answered:
        systems.took(db, system, now)
    elif any(one.receipt is not None for one in results):
        systems.ok(db, system, now)
    failures = [one.error for one in results[answered[-1] + 1 if answered else 0 :] if _is_failed(one)]
    if failures:
        systems.failed(db, system, str(failures[-1]), now, len(failures), is_write=is_told)
    for away in [one.away for one in results if one.away is not None]:
        systems.park(db, system, away.until, away.reason, now, is_on_trial=is_told)


def _is_answered(result: Result) -> bool:
    """Say whether the system took a write, or refused one. What was found by looking is no answer to a write."""
    if result.receipt is not None:
        return not result.receipt.was_found
    attempt = result.settlement.attempt
    return result.error is not None and attempt is not None and breaker.is_answer(result.error, attempt.calls)


def _is_failed(result: Result) -> bool:
    attempt = result.settlement.attempt
    return (
        result.error is not None and attempt is not None and breaker.is_failure(result.error, attempt.calls)
    )


def _findings(claim: Claim, error: AdapterError, now: datetime) -> list[findings.Finding]:
    """Say what was noticed and is handled without a person."""
    if isinstance(error, OutcomeUnknownError):
        class_, message = (
            "OUTCOME_UNKNOWN",
            f"no answer to {claim.operation}; it is looked up before it is sent again",
        )
    elif isinstance(error, TransientError) and error.status == 429:
        class_, message = "THROTTLED", f"{claim.operation} was asked to wait; it is tried again by itself"
    elif isinstance(error, TransientError | ProtocolError):
        class_, message = "UNAVAILABLE", f"{claim.operation}: {error.message}; it is tried again by itself"
    else:
        return []
    return [
        findings.Finding(
            class_=class_,
            severity="warn",
            system=error.system,
            entity=claim.entity,
            document_key=claim.document_key,
            document_number=claim.document_number,
            message=message,
            noticed_at=now,
        )
    ]


def _delivered_event(claim: Claim, receipt: Receipt, now: datetime) -> events.Fact:
    return events.Fact(
        id=f"finsync:delivery:{claim.idempotency_key}",
        type=event_type("delivery", "delivered"),
        source="finsync",
        subject=claim.document_key,
        time=now,
        correlation_id=claim.document_key,
        data={
            "system": claim.system,
            "operation": claim.operation,
            "external_id": receipt.external_id,
            "number": receipt.number,
            "was_found": receipt.was_found,
        },
    )


def _audit_entry(claim: Claim, settlement: Settlement) -> audit.Entry:
    attempt = settlement.attempt
    assert attempt is not None
    return audit.Entry(
        who="engine",
        what=f"delivery.{attempt.outcome}",
        subject=claim.document_key,
        after={
            "key": claim.idempotency_key,
            "state": settlement.state,
            "external_id": settlement.external_id,
            "status": attempt.status,
            "message": attempt.message,
        },
        source=claim.system,
    )
