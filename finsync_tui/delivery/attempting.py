"""Make one attempt: build the request, check that it may leave, call, and decide by the answer what becomes of the delivery.

A write whose outcome is unknown, and any create that follows an earlier attempt for the same document, is looked up by
natural key before it is sent.
"""

from __future__ import annotations

import asyncio
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
)
from adapters.watching import Watch, watched
from finsync_tui import bodies, sync
from finsync_tui.delivery import breaker, revealing
from finsync_tui.delivery.breaker import Away, Breaker
from finsync_tui.delivery.keeping_back import KeptBackError, keep_back_not_agreed, keep_back_twice
from finsync_tui.delivery.patience import Patience
from finsync_tui.delivery.recording import Result, unsent
from finsync_tui.policies.verdicts import Judging
from finsync_tui.profile import Profile
from store import findings, outbox, records, systems
from store.calls import Call
from store.clock import Clock
from store.columns import from_json
from store.outbox import Attempt, Claim, Settlement

LOOK_AGAIN = timedelta(minutes=5)
"""After how long a system is looked at again of which nobody knows when it may be used."""
ANSWER_CHARS_MAX = 4000

_UNANSWERED = "An earlier request had no answer and may have arrived all the same: look there first"
_AWAY = (MaintenanceError, CredentialsError, SettingsError)

_answer = msgspec.json.Encoder(enc_hook=str).encode


class Caller:
    """Makes the attempts of one round for one system."""

    def __init__(
        self,
        db: Connection,
        adapters: Mapping[str, Adapter],
        profile: Profile,
        clock: Clock,
        system: str,
        breaker: Breaker,
        judge: Judging | None = None,
    ) -> None:
        self._patience = Patience(db, profile, judge)
        self._db = db
        self._adapters = adapters
        self._adapter = adapters[system]
        self._profile = profile
        self._breaker = breaker
        self._breakers = {system: breaker}
        self._now = clock.now
        self._seconds = asyncio.get_running_loop().time

    async def attempt(self, claim: Claim) -> Result:
        """Make one attempt and say how it ended."""
        started, began = self._now(), self._seconds()
        request = _request(self._db, claim)
        error: AdapterError | None = None
        receipt: Receipt | None = None
        watch: Watch | None = None
        try:
            keep_back_not_agreed(self._db, self._profile, claim, started)
            keep_back_twice(self._db, self._profile, claim)
            origin = revealing.origin_of(request.operation, request.body)
            if origin is not None:
                if not systems.is_open(self._db, origin, started) or self._breaker_of(origin).is_open:
                    return _later(self._db, claim, origin, started)
                request = await revealing.revealed(self._adapters, claim.system, request)
            with watched(_private(request)) as watch:
                receipt = await self._call(claim, request)
        except AdapterError as raised:
            error = raised
        duration_ms = round((self._seconds() - began) * 1000)
        calls = watch.calls if watch is not None else ()
        away: Away | None = None
        if receipt is not None:
            if not receipt.was_found:
                self._breaker.answered()
            settlement = _settled(claim, receipt, _made(receipt, started, self._now(), duration_ms, calls))
        else:
            assert error is not None
            failed = _failed_attempt(error, started, self._now(), duration_ms, calls)
            away = self._judge(error, failed)
            settlement = _failed(self._patience, claim, error, failed, away)
        return Result(claim, settlement, error, receipt, away)

    def _judge(self, error: AdapterError, attempt: Attempt) -> Away | None:
        """Tell the breaker what came instead of a receipt: whose system it was, is not always the one that was to be told."""
        if breaker.is_answer(error, attempt.calls):
            self._breaker_of(error.system).answered()
        elif breaker.is_failure(error, attempt.calls):
            return self._breaker_of(error.system).failed(error, attempt.ended_at)
        return None

    def _breaker_of(self, system: str) -> Breaker:
        found = self._breakers.get(system)
        if found is None:
            found = Breaker(self._profile.breaker, systems.get(self._db, system), is_told=False)
            self._breakers[system] = found
        return found

    async def _call(self, claim: Claim, request: WriteRequest) -> Receipt:
        """Send it, unless it is there already."""
        if _must_look_first(self._db, claim, request):
            found = await self._adapter.find(request)
            if found is not None:
                return found
        try:
            return await self._adapter.write(request)
        except DuplicateError:
            found = await self._adapter.find(request)
            if found is None:
                raise
            return found


def is_away(error: AdapterError | None) -> TypeGuard[AdapterError]:
    """Say whether a system can't be used at all for now, whatever it is asked."""
    return error is not None and isinstance(error, _AWAY)


def _request(db: Connection, claim: Claim) -> WriteRequest:
    """Build the request. Under whatever an edit says, it is looked for and made under the identity that was decided."""
    edited = claim.body if claim.decided_body is not None else None
    body = bodies.to_send(claim.operation, claim.decided_body or claim.body, edited)
    return WriteRequest(
        operation=claim.operation,
        idempotency_key=claim.idempotency_key,
        external_id=claim.external_id,
        body=from_json(body),
        sent_at=_sent_at(db, claim) if claim.is_outcome_unknown else None,
    )


def _private(request: WriteRequest) -> tuple[str, ...]:
    """Return what is in no store, and must come into none by what is kept of a call."""
    details = request.private
    if details is None:
        return ()
    return (details.number, details.number.replace(" ", ""), details.bic or "")


def _later(db: Connection, claim: Claim, origin: str, now: datetime) -> Result:
    """Wait until the system that is asked for what a request carries may be used again: nothing is tried, nothing spent."""
    stands = systems.get(db, origin)
    until = stands.until if stands is not None and stands.until is not None else now + LOOK_AGAIN
    return unsent(claim, max(until, now), f"waits for {origin}, which is asked for what it carries")


def _sent_at(db: Connection, claim: Claim) -> datetime | None:
    """Return when it was last sent without an answer, an engine that died meanwhile included; None: nobody noticed."""
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


def _made(
    receipt: Receipt, started: datetime, ended: datetime, duration_ms: int, calls: tuple[Call, ...]
) -> Attempt:
    return Attempt(
        started_at=started,
        ended_at=ended,
        outcome="found" if receipt.was_found else "delivered",
        answer=_answer(receipt.answer).decode()[:ANSWER_CHARS_MAX],
        duration_ms=duration_ms,
        calls=calls,
    )


def _settled(claim: Claim, receipt: Receipt, attempt: Attempt) -> Settlement:
    return Settlement(
        entry_id=claim.entry_id,
        state="delivered",
        external_id=receipt.external_id,
        receipt={
            "number": receipt.number,
            "revision": receipt.revision,
            "is_pending": receipt.is_pending,
            "was_found": receipt.was_found,
            "answer": dict(receipt.answer),
        },
        attempt=attempt,
    )


def _failed_attempt(
    error: AdapterError, started: datetime, ended: datetime, duration_ms: int, calls: tuple[Call, ...]
) -> Attempt:
    return Attempt(
        started_at=started,
        ended_at=ended,
        outcome=error.failure,
        status=error.status,
        message=error.message,
        answer=error.answer[:ANSWER_CHARS_MAX] or None,
        duration_ms=duration_ms,
        calls=calls,
    )


def _failed(
    patience: Patience, claim: Claim, error: AdapterError, attempt: Attempt, away: Away | None
) -> Settlement:
    """Decide by class of failure what becomes of the delivery. Waiting for a system that is away spends no attempt."""
    base = Settlement(
        entry_id=claim.entry_id,
        state="pending",
        failure=error.failure,
        message=error.message,
        is_outcome_unknown=claim.is_outcome_unknown,
        attempt=attempt,
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
    if is_away(error):
        return replace(base, next_at=attempt.ended_at, spends_attempt=False)
    is_unknown = claim.is_outcome_unknown or isinstance(error, OutcomeUnknownError | ProtocolError)
    if away is not None and breaker.is_not_there(error, attempt.calls):
        wait = patience.wait(claim, error, asked=away.until - attempt.ended_at)
        return replace(
            base, next_at=attempt.ended_at + wait, is_outcome_unknown=is_unknown, spends_attempt=False
        )
    again = patience.next_attempt(claim, error, attempt.ended_at)
    if again.words:
        base = replace(base, attempt=replace(attempt, message=f"{error.message} ({again.words})"))
    if again.at is None:
        told = {"trouble_at": error.system} if error.system != claim.system else None
        message = f"{error.message} ({again.words})" if again.words else error.message
        return replace(base, state="buried", message=message, is_outcome_unknown=is_unknown, receipt=told)
    return replace(base, next_at=again.at, is_outcome_unknown=is_unknown)
