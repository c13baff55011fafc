"""Decisions to tell other systems, their way there, and each attempt.

An *entry* is the decision; it never changes. Its *delivery* is the way to one system:

    enqueue
       |
       v        claim                settle              mark_verified
    pending ----------> claimed ----------> delivered ---------------> verified
     ^ ^ ^               | | |
     | | +---------------+ | +-> refused   the system said no: a person must decide
     | |  settle (later) or| +-> buried    the last attempt failed: a dead letter
     | |  recover (crash)  |
     | |                   +---> held      settle, when the system must be left alone
     | +--- release ------------ held <--- hold --- pending
     +----- replay ------------- refused, buried, held

    cancel: pending, held, refused, buried -> cancelled
    doubt: delivered -> buried                the system said yes and does not show it
    set_aside: delivered, and ended           a later delivery took its place before it was read back

A crash leaves deliveries *claimed* under an old fencing token. `recover` makes them pending again with
`is_outcome_unknown`: whoever claims them looks them up by natural key before sending. That mark is only taken away by a
delivery that succeeds, never by a failure. Deliveries of one document to one system go in the order they were decided.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal

import msgspec

from store import leases
from store.calls import Call, packed, unpacked
from store.clock import text
from store.columns import as_json, batches, chunks, fields, marks, values_of, when
from store.errors import NotAllowedError

DeliveryState = Literal[
    "pending", "claimed", "held", "delivered", "verified", "refused", "buried", "cancelled"
]
SettledState = Literal["pending", "held", "delivered", "refused", "buried"]

PRIORITIES: Final = range(10)
"""0 goes first."""
UNFINISHED: Final = ("pending", "claimed", "held")
"""A delivery in one of these keeps later ones of its document waiting."""
ENDED: Final = ("verified", "refused", "buried", "cancelled")
_UNSEEN: Final = "unseen"


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision to change something in a system."""

    idempotency_key: str
    system: str
    operation: str
    entity: str
    document_key: str
    document_number: str
    body: str
    workflow_id: int | None = None
    priority: int = 5
    external_id: str | None = None
    """The document in that system, when it is known at the decision."""
    amount_minor: int | None = None
    currency: str | None = None


class Claim(msgspec.Struct, frozen=True, gc=False):
    """A delivery that one engine may send now."""

    entry_id: int
    idempotency_key: str
    system: str
    operation: str
    entity: str
    document_key: str
    document_number: str
    body: str
    """What to send: as decided, or as a person edited it."""
    workflow_id: int | None
    priority: int
    external_id: str | None
    """The document it is about as it was decided, else what an earlier attempt has made: of a part, its document."""
    amount_minor: int | None
    currency: str | None
    attempt_count: int
    """Attempts spent before this one."""
    decided_body: str | None
    """The body as it was decided, where `body` is what a person made of it."""
    is_outcome_unknown: bool
    """True: an earlier attempt may have worked. Look it up before sending."""


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One call and its answer."""

    started_at: datetime
    ended_at: datetime
    outcome: str
    status: int | None = None
    message: str | None = None
    answer: str | None = None
    duration_ms: int | None = None
    number: int = 0
    """Counted by the store, from 1."""
    calls: tuple[Call, ...] = ()
    """What went over the wire, oldest first."""


class Settlement(msgspec.Struct, frozen=True, gc=False):
    """What became of a claim."""

    entry_id: int
    state: SettledState
    attempt: Attempt | None
    """None: it was not tried after all."""
    external_id: str | None = None
    receipt: Mapping[str, Any] | None = None
    failure: str | None = None
    message: str | None = None
    next_at: datetime | None = None
    """For `pending`: when to try again. None: at once."""
    is_outcome_unknown: bool = False
    spends_attempt: bool = True
    """False when the system was away: waiting costs no attempt."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An entry and where it stands on its way."""

    entry_id: int
    idempotency_key: str
    system: str
    operation: str
    entity: str
    document_key: str
    document_number: str
    workflow_id: int | None
    priority: int
    body: str
    """As decided."""
    edited_body: str | None
    amount_minor: int | None
    currency: str | None
    decided_at: datetime
    state: DeliveryState
    attempt_count: int
    next_at: datetime
    is_outcome_unknown: bool
    external_id: str | None
    receipt: dict[str, Any] | None
    failure: str | None
    message: str | None
    changed_at: datetime
    ended_at: datetime | None

    @property
    def id(self) -> int:
        return self.entry_id

    @property
    def was_doubted(self) -> bool:
        """Whether its system said yes to it and did not show it afterwards."""
        return self.failure == _UNSEEN


def enqueue(db: sqlite3.Connection, entries: Sequence[Entry], at: datetime) -> list[int]:
    """Add decisions; return their ids in order. A key that is known keeps its entry as it is."""
    moment = text(at)
    ids: list[int] = []
    for entry in entries:
        if entry.priority not in PRIORITIES:
            raise ValueError(f"priority {entry.priority} is not between 0 and {PRIORITIES[-1]}")
        row = db.execute(
            "INSERT INTO outbox_entry(idempotency_key, system, operation, entity, document_key, document_number,"
            " workflow_id, priority, external_id, body, amount_minor, currency, decided_at)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(idempotency_key) DO NOTHING RETURNING id",
            (
                entry.idempotency_key,
                entry.system,
                entry.operation,
                entry.entity,
                entry.document_key,
                entry.document_number,
                entry.workflow_id,
                entry.priority,
                entry.external_id,
                entry.body,
                entry.amount_minor,
                entry.currency,
                moment,
            ),
        ).fetchone()
        if row is None:
            known = "SELECT id FROM outbox_entry WHERE idempotency_key=?"
            row = db.execute(known, (entry.idempotency_key,)).fetchone()
        else:
            db.execute(
                "INSERT INTO delivery(entry_id, system, document_key, priority, state, next_at, external_id, changed_at)"
                " VALUES (?,?,?,?,'pending',?,?,?)",
                (row[0], entry.system, entry.document_key, entry.priority, moment, entry.external_id, moment),
            )
        ids.append(row[0])
    return ids


def may_be_due(db: sqlite3.Connection, system: str, now: datetime) -> bool:
    """Say whether there is anything whose time has come; it may still wait behind an earlier one of its document."""
    row = db.execute(
        f"SELECT 1 FROM delivery WHERE state='pending' AND system=? AND priority IN ({marks(PRIORITIES)})"
        " AND next_at<=? LIMIT 1",
        (system, *PRIORITIES, text(now)),
    ).fetchone()
    return row is not None


def claim(
    db: sqlite3.Connection, system: str, now: datetime, limit: int, token: int, *, is_probe: bool = False
) -> list[Claim]:
    """Take up to `limit` due deliveries of a system, most urgent first.

    A document's deliveries follow one another: one that waits behind an unfinished earlier one is not due. A document is
    a key and its entity: an order and an invoice that their system numbers alike don't wait for each other.

    A probe takes what has waited longest, however urgent: one document that its system can't bear must not be the only
    one that is ever tried.
    """
    leases.check(db, token)
    moment = text(now)
    due: list[int] = []
    if is_probe:
        firsts = [db.execute(_DUE, (system, priority, moment, limit)).fetchall() for priority in PRIORITIES]
        due = [
            entry_id for _, entry_id in sorted((row[1], row[0]) for some in firsts for row in some)[:limit]
        ]
    for priority in (
        () if is_probe else PRIORITIES
    ):  # one index range each; a single query would walk all that are not due yet
        if len(due) >= limit:
            break
        due += [row[0] for row in db.execute(_DUE, (system, priority, moment, limit - len(due)))]
    if not due:
        return []
    found = {}
    for some in chunks(due):
        db.execute(
            "UPDATE delivery SET state='claimed', fencing_token=?, changed_at=?"
            f" WHERE entry_id IN ({marks(some)}) AND state='pending'",
            (token, moment, *some),
        )
        for row in db.execute(f"{_CLAIM} WHERE d.entry_id IN ({marks(some)})", some):
            values = (*row[:-1], bool(row[-1]))
            found[row[0]] = Claim(*values)
    return [found[entry_id] for entry_id in due]


_DUE = """
SELECT d.entry_id, d.next_at FROM delivery d
WHERE d.state = 'pending' AND d.system = ? AND d.priority = ? AND d.next_at <= ?
  AND NOT EXISTS (SELECT 1 FROM delivery e JOIN outbox_entry o ON o.id = e.entry_id
                  WHERE e.document_key = d.document_key AND e.system = d.system
                  AND e.entry_id < d.entry_id AND e.state IN ('pending', 'claimed', 'held')
                  AND o.entity = (SELECT entity FROM outbox_entry WHERE id = d.entry_id))
ORDER BY d.next_at, d.entry_id LIMIT ?
"""

# The columns stand in the order of Claim's fields.
_CLAIM = (
    "SELECT d.entry_id, e.idempotency_key, e.system, e.operation, e.entity, e.document_key, e.document_number,"
    " coalesce(d.edited_body, e.body) AS body, e.workflow_id, e.priority, coalesce(e.external_id, d.external_id), e.amount_minor, e.currency,"
    " d.attempt_count, CASE WHEN d.edited_body IS NULL THEN NULL ELSE e.body END AS decided_body, d.is_outcome_unknown"
    " FROM delivery d JOIN outbox_entry e ON e.id = d.entry_id"
)


def settle(db: sqlite3.Connection, token: int, settlements: Sequence[Settlement], now: datetime) -> None:
    """Record what became of claims, all of them or none.

    LeaseLostError when another engine has taken over; NotAllowedError when a delivery is not claimed by this one.
    """
    leases.check(db, token)
    _refuse_unclaimed(db, token, [s.entry_id for s in settlements])
    moment = text(now)
    for count, values in batches(
        [_attempt_row(s.entry_id, s.attempt) for s in settlements if s.attempt is not None]
    ):
        db.execute(_attempt_of(count), values)
    for count, values in batches([_settled_row(s, moment) for s in settlements]):
        db.execute(_settled_of(count), values)


@cache
def _attempt_of(count: int) -> str:
    return (
        "INSERT INTO attempt(entry_id, number, started_at, ended_at, outcome, status, message, answer, duration_ms, calls, edited_body)"
        " SELECT column1, (SELECT count(*)+1 FROM attempt WHERE entry_id=column1),"
        " column2, column3, column4, column5, column6, column7, column8, column9,"
        " (SELECT edited_body FROM delivery WHERE entry_id=column1)"  # what it sent: nobody edits what is claimed
        f" FROM (VALUES {values_of(count, 9)})"
    )


@cache
def _settled_of(count: int) -> str:
    return (
        "UPDATE delivery SET state=column2, attempt_count=attempt_count+column3, next_at=column4, fencing_token=NULL,"
        " is_outcome_unknown=CASE WHEN column2='delivered' THEN 0 ELSE max(is_outcome_unknown, column5) END,"
        " external_id=coalesce(column6, external_id), receipt=coalesce(column7, receipt), failure=column8,"
        f" message=column9, changed_at=column10, ended_at=column11 FROM (VALUES {values_of(count, 11)})"
        " WHERE entry_id=column1"
    )


def _settled_row(settlement: Settlement, moment: str) -> tuple[object, ...]:
    return (
        settlement.entry_id,
        settlement.state,
        int(settlement.spends_attempt and settlement.attempt is not None),
        moment if settlement.next_at is None else text(settlement.next_at),
        int(settlement.is_outcome_unknown),
        settlement.external_id,
        as_json(settlement.receipt),
        settlement.failure,
        settlement.message,
        moment,
        moment if settlement.state in ENDED else None,
    )


def interrupted(db: sqlite3.Connection, token: int) -> list[Delivery]:
    """Return what a dead engine was sending when it died, by id: claimed under an older token."""
    rows = db.execute(
        f"{_DELIVERY} WHERE d.state='claimed' AND d.fencing_token<? ORDER BY d.entry_id", (token,)
    )
    return [_delivery(row) for row in rows]


def recover(db: sqlite3.Connection, token: int, now: datetime) -> int:
    """Give back what a dead engine had claimed; its calls may have worked. Return how many there were."""
    leases.check(db, token)
    cursor = db.execute(
        "UPDATE delivery SET state='pending', is_outcome_unknown=1, next_at=?, fencing_token=NULL, changed_at=?"
        " WHERE state='claimed' AND fencing_token<?",
        (text(now), text(now), token),
    )
    return cursor.rowcount


def mark_verified(db: sqlite3.Connection, entry_ids: Iterable[int], now: datetime) -> int:
    """Note that these deliveries have been read back; return how many were delivered and are verified now."""
    return _move(db, entry_ids, ("delivered",), "state='verified', changed_at=?1, ended_at=?1", now)


def set_aside(db: sqlite3.Connection, entry_ids: Iterable[int], why: str, now: datetime) -> int:
    """Say why these can't be read back any more: a later delivery took their place or undid them. Return how many."""
    return _move(db, entry_ids, ("delivered",), "message=?2, changed_at=?1, ended_at=?1", now, why)


def doubt(db: sqlite3.Connection, entry_ids: Iterable[int], why: str, now: datetime) -> int:
    """A system said yes and shows nothing: dead letters that are looked up before they are sent again. Return how many."""
    return _move(
        db,
        entry_ids,
        ("delivered",),
        f"state='buried', is_outcome_unknown=1, failure='{_UNSEEN}', message=?2, changed_at=?1, ended_at=?1",
        now,
        why,
    )


def hold(db: sqlite3.Connection, entry_ids: Iterable[int], now: datetime) -> int:
    """Keep pending deliveries back until they are released; return how many."""
    return _move(db, entry_ids, ("pending",), "state='held', changed_at=?1", now)


def release(db: sqlite3.Connection, entry_ids: Iterable[int], now: datetime) -> int:
    """Let held deliveries go; return how many."""
    return _move(db, entry_ids, ("held",), "state='pending', changed_at=?1", now)


def cancel(db: sqlite3.Connection, entry_ids: Iterable[int], now: datetime) -> int:
    """Give up deliveries that are not under way; return how many."""
    return _move(
        db,
        entry_ids,
        ("pending", "held", "refused", "buried"),
        "state='cancelled', changed_at=?1, ended_at=?1",
        now,
    )


def replay(
    db: sqlite3.Connection, entry_ids: Iterable[int], now: datetime, edited_body: str | None = None
) -> int:
    """Send dead letters, refused and held deliveries again, edited or not; return how many.

    The body that was decided stays beside the edited one. Attempts count from the beginning.
    """
    return _move(
        db,
        entry_ids,
        ("buried", "refused", "held"),
        "state='pending', attempt_count=0, next_at=?1, changed_at=?1, ended_at=NULL, edited_body=coalesce(?2, edited_body)",
        now,
        edited_body,
    )


def may_have_happened(delivery: Delivery) -> bool:
    """Say whether the system may have acted on it without our knowing: giving it up could lose a document there."""
    if delivery.state == "claimed":
        return True
    return delivery.is_outcome_unknown and delivery.state in ("pending", "held", "refused", "buried")


def next_due(db: sqlite3.Connection, systems: Sequence[str] | None = None) -> datetime | None:
    """Return when the next pending delivery is due, of these systems or of all."""
    if systems is None:
        return when(db.execute("SELECT min(next_at) FROM delivery WHERE state='pending'").fetchone()[0])
    first = "SELECT min(next_at) FROM delivery WHERE state='pending' AND system=? AND priority=?"
    found = [db.execute(first, (system, p)).fetchone()[0] for system in systems for p in PRIORITIES]
    return when(min((moment for moment in found if moment is not None), default=None))


def was_tried_before(db: sqlite3.Connection, entry_id: int) -> bool:
    """Say whether any delivery of the same document, system and operation has been tried: this one or an earlier.

    One that an engine was sending when it died has no attempt to show; its outcome is unknown, and that counts too.
    """
    row = db.execute(
        "SELECT 1 FROM outbox_entry one JOIN outbox_entry other ON other.document_key=one.document_key"
        " AND other.entity=one.entity AND other.system=one.system AND other.operation=one.operation AND other.id<=one.id"
        " JOIN delivery d ON d.entry_id=other.id WHERE one.id=?"
        " AND (d.is_outcome_unknown OR EXISTS (SELECT 1 FROM attempt a WHERE a.entry_id=other.id)) LIMIT 1",
        (entry_id,),
    ).fetchone()
    return row is not None


def get(db: sqlite3.Connection, entry_id: int) -> Delivery | None:
    """Return one delivery."""
    row = db.execute(f"{_DELIVERY} WHERE e.id=?", (entry_id,)).fetchone()
    return None if row is None else _delivery(row)


def of_workflow(db: sqlite3.Connection, workflow_id: int) -> list[Delivery]:
    """Return the deliveries that one flow instance decided, oldest first."""
    return [
        _delivery(row)
        for row in db.execute(f"{_DELIVERY} WHERE e.workflow_id=? ORDER BY e.id", (workflow_id,))
    ]


def of_document(db: sqlite3.Connection, entity: str, document_key: str) -> list[Delivery]:
    """Return all deliveries of one document, oldest first."""
    rows = db.execute(
        f"{_DELIVERY} WHERE e.document_key=? AND e.entity=? ORDER BY e.id", (document_key, entity)
    )
    return [_delivery(row) for row in rows]


def of_documents(
    db: sqlite3.Connection, document_keys: Sequence[str], systems_: Sequence[str]
) -> list[Delivery]:
    """Return the deliveries of these documents to these systems, oldest first; at most a few hundred documents at a time."""
    rows = db.execute(
        f"{_DELIVERY} WHERE e.document_key IN ({marks(document_keys)}) AND +e.system IN ({marks(systems_)}) ORDER BY e.id",
        (*document_keys, *systems_),
    )
    return [_delivery(row) for row in rows]


def unverified(
    db: sqlite3.Connection,
    limit: int,
    after: int = 0,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Delivery]:
    """Return deliveries that a system took, and that nobody has read back or set aside yet, by id.

    `since`, `until`: only what was taken after the one and no later than the other.
    """
    rows = db.execute(
        f"{_DELIVERY} WHERE d.state='delivered' AND d.ended_at IS NULL AND d.entry_id>?"
        " AND d.changed_at>? AND d.changed_at<=? ORDER BY d.entry_id LIMIT ?",
        (after, text(since) if since else "", text(until) if until else "9", limit),
    )
    return [_delivery(row) for row in rows]


def sent_edit(db: sqlite3.Connection, entry_id: int) -> str | None:
    """Return the edited body that a system took; None: it took what was decided.

    What was found there had been sent by an earlier attempt: by the last one that had no answer, in the words of that time.
    """
    row = db.execute(
        "SELECT edited_body FROM attempt WHERE entry_id=?1"
        " ORDER BY outcome='delivered' AND id=(SELECT max(id) FROM attempt WHERE entry_id=?1) DESC,"
        " outcome IN ('unknown', 'protocol') DESC, id DESC LIMIT 1",
        (entry_id,),
    ).fetchone()
    found: str | None = row[0] if row is not None else None
    return found


def attempts(db: sqlite3.Connection, entry_id: int) -> list[Attempt]:
    """Return every call that was made for one entry, oldest first."""
    rows = db.execute(
        "SELECT started_at, ended_at, outcome, status, message, answer, duration_ms, number, calls"
        " FROM attempt WHERE entry_id=? ORDER BY id",
        (entry_id,),
    )
    found = (fields(row, instants=("started_at", "ended_at")) for row in rows)
    return [Attempt(**one | {"calls": unpacked(one["calls"])}) for one in found]


_DELIVERY = (
    "SELECT e.id AS entry_id, e.idempotency_key, e.system, e.operation, e.entity, e.document_key, e.document_number, e.workflow_id,"
    " e.priority, e.body, d.edited_body, e.amount_minor, e.currency, e.decided_at, d.state, d.attempt_count, d.next_at,"
    " d.is_outcome_unknown, d.external_id, d.receipt, d.failure, d.message, d.changed_at, d.ended_at"
    " FROM outbox_entry e JOIN delivery d ON d.entry_id = e.id"
)


def _delivery(row: sqlite3.Row) -> Delivery:
    found = fields(row, instants=("decided_at", "next_at", "changed_at", "ended_at"), objects=("receipt",))
    found["is_outcome_unknown"] = bool(found["is_outcome_unknown"])
    return Delivery(**found)


def _attempt_row(entry_id: int, attempt: Attempt) -> tuple[object, ...]:
    return (
        entry_id,
        text(attempt.started_at),
        text(attempt.ended_at),
        attempt.outcome,
        attempt.status,
        attempt.message,
        attempt.answer,
        attempt.duration_ms,
        packed(attempt.calls),
    )


def _refuse_unclaimed(db: sqlite3.Connection, token: int, entry_ids: Sequence[int]) -> None:
    """Refuse all of them when one is not claimed under this lease, or stands there twice."""
    claimed = "state='claimed' AND fencing_token=?"
    count = sum(
        db.execute(
            f"SELECT count(*) FROM delivery WHERE entry_id IN ({marks(some)}) AND {claimed}", (*some, token)
        ).fetchone()[0]
        for some in chunks(sorted(set(entry_ids)))
    )
    if count == len(entry_ids):
        return
    known = f"SELECT 1 FROM delivery WHERE entry_id=? AND {claimed}"
    strangers = [one for one in entry_ids if db.execute(known, (one, token)).fetchone() is None]
    shown = ", ".join(map(str, strangers or entry_ids))
    raise NotAllowedError(
        f"deliveries {shown} are not claimed under lease {token}, or settled twice. Nothing was recorded."
    )


def _move(
    db: sqlite3.Connection,
    entry_ids: Iterable[int],
    allowed: Sequence[DeliveryState],
    change: str,
    now: datetime,
    edited_body: str | None = None,
) -> int:
    """Change those of `entry_ids` that are in one of the allowed states; return how many."""
    states = ",".join(f"'{state}'" for state in allowed)
    cursor = db.executemany(
        f"UPDATE delivery SET {change} WHERE entry_id=?3 AND state IN ({states}) AND ?2 IS ?2",
        [(text(now), edited_body, entry_id) for entry_id in entry_ids],
    )
    return cursor.rowcount
