"""Reading back, delivery by delivery, what no step of a flow reads back soon: did the system keep what it said yes to?

The reading is the adapter's own look-up by natural key, the one that comes before any second sending. What it finds is
verified. What it does not find, where nothing later explains it, was answered with success and never happened: a dead letter
that is looked up before it is sent again, and an exception.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Any, Final

from adapters.base import Adapter, Receipt, WriteRequest
from adapters.errors import AdapterError, RejectedError, SettingsError
from finsync_tui import bodies
from finsync_tui.reconcile.intervals import is_turn
from store import Store, audit, cases, meta, outbox, systems, workflows
from store.clock import Clock, instant, text
from store.columns import from_json
from store.outbox import Delivery

SETTLED_AFTER: Final = timedelta(minutes=5)
"""A system may show what it took a moment later; a flow's own reading comes first."""
LOOK_EVERY: Final = timedelta(hours=6)
"""How often what could not be proven is looked at again; more seldom what waits for an analyst, the longer it does."""
AT_ONCE: Final = 200
DOUBT: Final = "READ_BACK_DIFFERS"
_TAKEN: Final = ("delivered", "verified")
_ENGINE: Final = "engine"
_LOOKED, _LOOKED_AT_ALL = "proving.looked_to", "proving.looked_at_all"

_QUESTIONS: Final = frozenset(("order.check_funds", "requisition.check_funds"))
"""They ask and change nothing: there is nothing to read back."""
_SHOWN_AT_ONCE: Final = frozenset(("order.submit", "requisition.submit"))
"""What a system decides later it mostly shows later; that these were asked for it shows at once."""
_LASTING: Final = (
    "create", "submit", "write_back", "record_payment", "acknowledge", "reverse", "cancel", "discard",
)  # fmt: skip
"""Verbs whose trace nothing but a later delivery takes away. A validated invoice may be put on hold by somebody."""
_AWAITED: Final = frozenset(("supplier_bank_account.change",))
"""Changes that nothing but a later one takes away: where payments go. Undoing one ends with this look."""
_OVERTAKEN_BY: Final[Mapping[str, frozenset[str]]] = {
    "expense.acknowledge": frozenset(("expense.confirm_posting",)),
    "invoice.create": frozenset(("invoice.cancel",)),
    "invoice.validate": frozenset(("invoice.cancel",)),
    "invoice.hold": frozenset(("invoice.release",)),
    "invoice.record_payment": frozenset(("invoice.mark_paid",)),
    "invoice.mark_paid": frozenset(("invoice.record_payment",)),
    "invoice.apply_prepayment": frozenset(("invoice.unapply_prepayment",)),
    "journal.create": frozenset(("journal.reverse",)),
    "journal.confirm": frozenset(("journal.reverse",)),
    "order.create": frozenset(("order.change", "order.cancel", "order.discard")),
    "order.change": frozenset(("order.cancel", "order.discard")),
    "order.submit": frozenset(("order.cancel", "order.discard")),
    "order.close": frozenset(("order.reopen",)),
    "run.start": frozenset(("run.finish",)),
    "run.error": frozenset(("run.resolve_error",)),
    "requisition.create": frozenset(("requisition.cancel", "requisition.withdraw")),
}
"""What undoes or follows an operation. The same operation decided again takes its place in any case."""


@dataclass(frozen=True, slots=True)
class Proven:
    """What one look brought, in deliveries."""

    verified: int = 0
    overtaken: int = 0
    doubted: int = 0


async def prove(
    store: Store, adapters: Mapping[str, Adapter], clock: Clock, settled_after: timedelta = SETTLED_AFTER
) -> Proven:
    """Look up what was delivered since the last look, and now and then all that is still unproven."""
    now = clock.now()
    looked_to, everything = meta.get(store.db, _LOOKED), meta.get(store.db, _LOOKED_AT_ALL)
    is_all = everything is None or now - instant(everything) >= LOOK_EVERY
    since = None if is_all or looked_to is None else instant(looked_to)
    until, last, total, away = now - settled_after, 0, Proven(), set[str]()
    before = _Before(instant(looked_to), instant(everything)) if looked_to and everything else None
    while batch := outbox.unverified(store.db, AT_ONCE, after=last, since=since, until=until):
        last = batch[-1].entry_id
        due = [one for one in batch if not _is_settled(store.db, one, before, now)]
        found = await _look(store, adapters, due, away, clock)
        done = _settle(store, found, clock)
        total = Proven(
            total.verified + done.verified, total.overtaken + done.overtaken, total.doubted + done.doubted
        )
    if is_all or total != Proven() or last:
        with store.transaction() as db:
            if not away:  # what a system away could not show is looked at when it is back
                meta.set(db, _LOOKED, text(until))
            if is_all:
                meta.set(db, _LOOKED_AT_ALL, text(now))
    return total


@dataclass(frozen=True, slots=True)
class _Before:
    """Up to when deliveries were looked at, and when all of them were."""

    looked_to: datetime
    everything_at: datetime


_Seen = Receipt | RejectedError | None


async def _look(
    store: Store, adapters: Mapping[str, Adapter], batch: Sequence[Delivery], away: set[str], clock: Clock
) -> list[tuple[Delivery, _Seen]]:
    """Ask each system for each delivery; leave a system alone that can't be asked now."""
    found: list[tuple[Delivery, _Seen]] = []
    for one in batch:
        if one.system not in adapters or one.system in away:
            continue
        if one.operation in _QUESTIONS:
            found.append((one, Receipt(one.external_id)))
            continue
        if _is_told_privately(one):  # only its flow knows what was sent, and reads it back itself
            if _overtaken_by(store.db, one) is not None:
                found.append((one, None))
            continue
        if not systems.is_open(store.db, one.system, clock.now()):
            away.add(one.system)
            continue
        request = WriteRequest(
            one.operation,
            one.idempotency_key,
            one.external_id,
            from_json(bodies.to_send(one.operation, one.body, one.edited_body)),
        )
        try:
            found.append((one, await adapters[one.system].find(request)))
        except RejectedError as error:
            found.append((one, error))
        except SettingsError:
            continue  # an operation of another version of the adapter: it can't be looked up
        except AdapterError as error:
            away.add(one.system)
            with store.transaction() as db:
                systems.unread(db, one.system, str(error), clock.now(), error.closes_for)
    return found


def _settle(store: Store, found: Sequence[tuple[Delivery, _Seen]], clock: Clock) -> Proven:
    """Keep what was seen: verified, overtaken by a later delivery, or in doubt."""
    if not found:
        return Proven()
    now, overtaken, doubted = clock.now(), 0, 0
    with store.transaction() as db:
        seen = [one.entry_id for one, shown in found if isinstance(shown, Receipt) and not shown.is_pending]
        verified = outbox.mark_verified(db, seen, now)
        for one, shown in found:
            if isinstance(shown, Receipt):
                continue
            later = _overtaken_by(db, one)
            if later is not None:
                why = f"overtaken by delivery {later.entry_id} ({later.operation}, {later.state})"
                overtaken += outbox.set_aside(db, [one.entry_id], why, now)
            elif _is_lost(db, one, shown):
                doubted += _doubt(db, one, shown, clock)
    return Proven(verified, overtaken, doubted)


def _is_settled(db: Connection, one: Delivery, before: _Before | None, now: datetime) -> bool:
    """Say whether nothing new can be seen of it now.

    Its own flow still waits for the system's decision, and shows it when it comes; or its document waits for an analyst,
    and was looked at not long ago.
    """
    workflow = workflows.get(db, one.workflow_id) if one.workflow_id is not None else None
    if workflow is None:
        return False
    was_seen = before is not None and one.changed_at <= before.looked_to
    if workflow.state == "held":
        held_since = max(workflow.changed_at, one.changed_at)
        last = before.everything_at if was_seen and before is not None else None
        return not is_turn(held_since, last, now, every=LOOK_EVERY)
    is_live = workflow.state in ("running", "waiting")
    if not is_live or not (one.receipt or {}).get("is_pending"):
        return False
    return was_seen or one.operation not in _SHOWN_AT_ONCE


def _overtaken_by(db: Connection, one: Delivery) -> Delivery | None:
    """Return the later delivery of the same document to the same system that took its place or undid it."""
    later = (other for other in outbox.of_document(db, one.entity, one.document_key) if follows(one, other))
    return next((other for other in later if other.state in _TAKEN or _was_recalled(other)), None)


def follows(one: Delivery, other: Delivery) -> bool:
    """Say whether the other is a later delivery to the same system that takes the place of this one or undoes it."""
    by = {one.operation, *_OVERTAKEN_BY.get(one.operation, ())}
    return other.entry_id > one.entry_id and other.system == one.system and other.operation in by


def _was_recalled(one: Delivery) -> bool:
    """Say whether the system answered that the document was taken back by its owner: nothing of it is shown any more."""
    return bool((one.receipt or {}).get("case_class") == "RECALLED")


def _is_lost(db: Connection, one: Delivery, shown: RejectedError | None) -> bool:
    """Say whether it can be missing only because it never happened. What waits for an analyst is theirs."""
    workflow = workflows.get(db, one.workflow_id) if one.workflow_id is not None else None
    if workflow is not None and workflow.state == "held":
        return False
    if shown is not None:
        return shown.refusal.case_class == DOUBT
    return _is_lasting(one)


def _is_told_privately(one: Delivery) -> bool:
    """Say whether a delivery carried what is stored nowhere, the number of a bank account: no look-up can tell it then."""
    return one.operation in _AWAITED and "account" in from_json(one.body)


def _is_lasting(one: Delivery) -> bool:
    """Say whether what it did shows for good. A returned expense goes its own way; a posted one stays posted."""
    if one.operation == "expense.confirm_posting":
        told: Mapping[str, Any] = from_json(one.edited_body or one.body)
        return told.get("outcome") == "success"
    if (
        one.operation == "supplier.change"
    ):  # a flag on a supplier is the review of its invoices: its flow waits for this look
        return "reviews_invoices" in from_json(one.edited_body or one.body)
    return one.operation in _AWAITED or one.operation.rpartition(".")[2] in _LASTING


def _doubt(db: Connection, one: Delivery, shown: RejectedError | None, clock: Clock) -> int:
    """Make it a dead letter that is looked up before it is sent again, with an exception that says so."""
    now = clock.now()
    why = f"{one.system} said yes to {one.operation} at {text(one.changed_at)} and does not show it"
    if shown is not None:
        why = f"{why}: {shown.message}"
    if not outbox.doubt(db, [one.entry_id], why, now):
        return 0
    cases.open(
        db,
        cases.NewCase(
            class_=DOUBT,
            entity=one.entity,
            document_key=one.document_key,
            document_number=one.document_number,
            system=one.system,
            cause=why,
            fix=f"Look in {one.system}. `finsync outbox replay {one.entry_id} --reason TEXT` looks once more and sends it if it is not there.",
            entry_id=one.entry_id,
            amount_minor=one.amount_minor,
            currency=one.currency,
            evidence={"delivery": one.entry_id, "answered_at": text(one.changed_at), "receipt": one.receipt},
        ),
        now,
    )
    entry = audit.Entry(
        who=_ENGINE,
        what="delivery.doubted",
        subject=one.document_key,
        source=one.system,
        after={"entry": one.entry_id, "why": why},
    )
    audit.record(db, [entry], now)
    return 1
