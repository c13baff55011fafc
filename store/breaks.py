"""Breaks: differences between source and target, and what became of them.

    open --> explained (a person says why) | written_off (with a second person) | fixed (a person acted, both agree now)
    open --> closed (it vanished by itself)
    explained, written_off --> open (the difference is another one now)

A break is live until both sides agree (`gone_at`): the same difference seen again is the same break, with its age and its
owner, whatever its state. There is one live break for each key and aspect of a definition between two systems.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import islice
from typing import Any, Final, Literal

from store.canonical.currency import exponent
from store.clock import instant, text
from store.columns import as_json, chunks, encode, fields, marks

Kind = Literal["missing_in_target", "missing_in_source", "field", "status_lag", "duplicate", "control_total"]
Class = Literal[
    "timing", "mapping", "missing_master_data", "manual_change", "duplicate", "rounding", "unknown"
]
State = Literal["open", "explained", "fixed", "written_off", "closed"]
Aspect = Literal["document", "duplicate", "total"]
Fix = Literal["resend", "reread", "adopt"]

ENGINE = "engine"
AGREE: Final = "both sides agree"
PARTED: Final = "its systems are compared no more"
REMOVED: Final = "its definition is in the profile no more"
BATCH = 500
FINGERPRINT_CHARS = 16
_ASPECTS: Mapping[str, Aspect] = {"duplicate": "duplicate", "control_total": "total"}

_COLUMNS = (
    "id, definition, source_system, target_system, entity, key, kind, class AS class_, state, document_number,"
    " document_key, source_id, target_id, legal_entity, period, currency, amount_minor, fields, evidence, fingerprint,"
    " owner, workflow_id, case_id, entry_id, opened_at, last_seen_at, seen_count, first_run_id, last_run_id, fix,"
    " changed_at, ended_at, ended_by, resolution, proposal_id, gone_at"
)


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field that differs, as both sides show it; None: that side has none."""

    field: str
    source: str | None
    target: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBreak:
    """A difference as one run found it."""

    definition: str
    source_system: str
    target_system: str
    entity: str
    key: str
    kind: Kind
    class_: Class
    document_number: str
    document_key: str | None = None
    """Where the document comes from, `coupa:4711`: its workflow, exceptions and lineage are found by it."""
    source_id: str | None = None
    target_id: str | None = None
    legal_entity: str | None = None
    period: str | None = None
    currency: str | None = None
    amount_minor: int | None = None
    """At risk: never negative."""
    fields: tuple[FieldDifference, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """Why it has its class."""
    workflow_id: int | None = None
    case_id: int | None = None
    entry_id: int | None = None

    @property
    def aspect(self) -> Aspect:
        return _ASPECTS.get(self.kind, "document")

    @property
    def fingerprint(self) -> str:
        """What tells this difference from another one of the same document."""
        shown = [self.kind, *((one.field, one.source, one.target) for one in self.fields)]
        return sha256(encode(shown)).hexdigest()[:FINGERPRINT_CHARS]


@dataclass(frozen=True, slots=True)
class Break:
    """One difference, and what became of it."""

    id: int
    definition: str
    source_system: str
    target_system: str
    entity: str
    key: str
    kind: Kind
    class_: Class
    state: State
    document_number: str
    document_key: str | None
    source_id: str | None
    target_id: str | None
    legal_entity: str | None
    period: str | None
    currency: str | None
    amount_minor: int | None
    fields: tuple[FieldDifference, ...]
    evidence: dict[str, Any]
    fingerprint: str
    owner: str | None
    workflow_id: int | None
    case_id: int | None
    entry_id: int | None
    opened_at: datetime
    last_seen_at: datetime
    seen_count: int
    first_run_id: int
    last_run_id: int
    fix: Fix | None
    """What a person did about it last."""
    changed_at: datetime
    ended_at: datetime | None
    """Since when nobody need look at it."""
    ended_by: str | None
    resolution: str | None
    proposal_id: int | None
    """Of its write-off or explanation, or of what is to be adopted."""
    gone_at: datetime | None
    """Since when both sides agree; None: the difference is still there, or was when it was last looked for."""

    def age(self, now: datetime) -> timedelta:
        """Return how long the difference has been there, or was."""
        return (self.gone_at or now) - self.opened_at


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened to a break."""

    id: int
    break_id: int
    at: datetime
    who: str
    what: str
    text: str
    run_id: int | None


@dataclass(frozen=True, slots=True)
class Opened:
    """What a run's findings did to the breaks: ids of new ones and of those that are open again; the rest was known."""

    new: tuple[int, ...] = ()
    reopened: tuple[int, ...] = ()
    persisting: int = 0

    def __add__(self, other: Opened) -> Opened:
        return Opened(
            self.new + other.new, self.reopened + other.reopened, self.persisting + other.persisting
        )


def open(db: sqlite3.Connection, run_id: int, found: Iterable[NewBreak], at: datetime) -> Opened:
    """Open what is new; what is known is brought up to date and keeps age and owner.

    What was explained or written off is opened again when the difference is another one now, or more money is at risk.
    """
    done = Opened()
    incoming = iter(found)
    while some := list(islice(incoming, BATCH)):
        done += _open_some(db, run_id, some, text(at))
    return done


def close_gone(
    db: sqlite3.Connection,
    run_id: int,
    definition: str,
    source_system: str,
    target_system: str,
    at: datetime,
    *,
    keys: Iterable[str] | None = None,
    periods: tuple[str, str] | None = None,
    aspects: Sequence[Aspect] = ("document", "duplicate", "total"),
    but: Collection[str] = (),
    why: str = AGREE,
) -> tuple[int, ...]:
    """Close the live breaks that a complete run did not see again; return their ids.

    Only those it looked for: `keys` are what a run of changes compared, `periods` the first and last of a window. Of keys `but`
    nobody could say what they are now: their breaks stay.
    """
    where = (
        "definition=? AND source_system=? AND target_system=? AND last_run_id<? AND gone_at IS NULL"
        f" AND aspect IN ({marks(aspects)})"
    )
    values: tuple[object, ...] = (definition, source_system, target_system, run_id, *aspects)
    if keys is None:
        if periods is not None:
            where += " AND period BETWEEN ? AND ?"
            values += periods
        found = [
            break_id
            for break_id, key in db.execute(
                f"SELECT id, key FROM reconcile_break WHERE {where} ORDER BY id", values
            )
            if key not in but
        ]
    else:
        found = []
        looked_for = iter(keys)
        while some := list(islice(looked_for, BATCH)):
            rows = db.execute(
                f"SELECT id, key FROM reconcile_break INDEXED BY reconcile_break_live WHERE {where} AND key IN ({marks(some)})",
                (*values, *some),
            )
            found += [break_id for break_id, key in rows if key not in but]
        found.sort()
    _vanish(db, run_id, found, text(at), why)
    return tuple(found)


def carry_over(
    db: sqlite3.Connection,
    run_id: int,
    definition: str,
    source_system: str,
    target_system: str,
    at: datetime,
    *,
    of_one_target: bool,
) -> None:
    """Let live breaks follow their definition to other systems: one that was connected, taken away or renamed.

    Where two say the same of one key by now, the one that a person worked on stays, else the older. `of_one_target`: each target
    is compared by itself, so only sources may be others than before.
    """
    of = "definition=? AND gone_at IS NULL" + (" AND target_system=?" if of_one_target else "")
    values = (definition, target_system) if of_one_target else (definition,)
    moved = f"{of} AND (source_system<>? OR target_system<>?)"
    found = [
        row[0]
        for row in db.execute(
            f"SELECT id FROM reconcile_break WHERE {moved} ORDER BY id",
            (*values, source_system, target_system),
        )
    ]
    if not found:
        return
    doubled = [
        row[0]
        for row in db.execute(
            "SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY key, aspect ORDER BY state='open', id) AS place"
            f" FROM reconcile_break WHERE {of}) WHERE place>1 ORDER BY id",
            values,
        )
    ]
    _vanish(db, run_id, doubled, text(at), "the same difference has another break")
    found = [break_id for break_id in found if break_id not in set(doubled)]
    pair = f"{source_system} / {target_system}"
    _note(db, [(break_id, text(at), ENGINE, "carried over", pair, run_id) for break_id in found])
    db.executemany(
        "UPDATE reconcile_break SET source_system=?, target_system=? WHERE id=?",
        [(source_system, target_system, break_id) for break_id in found],
    )


def close_parted(
    db: sqlite3.Connection, run_id: int, definition: str, targets: Collection[str], at: datetime
) -> tuple[int, ...]:
    """Close the live breaks of a definition with targets that it compares no more: `targets` are those it does."""
    found = [
        break_id
        for break_id, target in db.execute(
            "SELECT id, target_system FROM reconcile_break WHERE definition=? AND gone_at IS NULL ORDER BY id",
            (definition,),
        )
        if target not in targets
    ]
    _vanish(db, run_id, found, text(at), PARTED)
    return tuple(found)


def live_definitions(db: sqlite3.Connection) -> list[str]:
    """Return the definitions that have live breaks, in order."""
    return [name for (name,) in db.execute(_DEFINITIONS_LIVE)]


def close_removed(db: sqlite3.Connection, definitions: Sequence[str], at: datetime) -> tuple[int, ...]:
    """Close the live breaks of definitions that there are no more; return their ids."""
    found = [
        row[0]
        for name in definitions
        for row in db.execute(
            "SELECT id FROM reconcile_break WHERE definition=? AND gone_at IS NULL ORDER BY id", (name,)
        )
    ]
    _vanish(db, None, found, text(at), REMOVED)
    return tuple(found)


def assign(
    db: sqlite3.Connection, break_ids: Iterable[int], owner: str | None, who: str, at: datetime
) -> int:
    """Give breaks to a person, or to nobody; return how many."""
    return _change(
        db, break_ids, "owner=?", (owner,), who=who, what="assigned", text_=owner or "nobody", at=at
    )


def comment(db: sqlite3.Connection, break_ids: Iterable[int], who: str, words: str, at: datetime) -> int:
    """Write a note on breaks; return how many."""
    return _change(
        db, break_ids, "seen_count=seen_count", (), who=who, what="commented", text_=words, at=at, of=None
    )


def explain(
    db: sqlite3.Connection,
    break_ids: Iterable[int],
    who: str,
    reason: str,
    at: datetime,
    *,
    proposal_id: int | None = None,
) -> int:
    """Say why open breaks are as they should be; return how many. `proposal_id` proves it where two persons are needed."""
    return _change(
        db,
        break_ids,
        "state='explained', ended_at=?, ended_by=?, resolution=?, proposal_id=?",
        (text(at), who, reason, proposal_id),
        who=who,
        what="explained",
        text_=reason,
        at=at,
    )


def note_fix(
    db: sqlite3.Connection, break_ids: Iterable[int], fix: Fix, who: str, words: str, at: datetime
) -> int:
    """Note what a person did about open breaks: once both sides agree they are fixed, not just gone."""
    return _change(db, break_ids, "fix=?", (fix,), who=who, what=f"{fix} asked", text_=words, at=at)


def propose(
    db: sqlite3.Connection,
    break_ids: Iterable[int],
    proposal_id: int,
    who: str,
    what: str,
    reason: str,
    at: datetime,
) -> int:
    """Note the proposal by which open breaks wait for a second person; return how many."""
    return _change(
        db,
        break_ids,
        "proposal_id=?",
        (proposal_id,),
        who=who,
        what=what,
        text_=reason,
        at=at,
    )


def write_off(
    db: sqlite3.Connection,
    break_ids: Iterable[int],
    who: str,
    reason: str,
    at: datetime,
    *,
    proposal_id: int | None = None,
) -> int:
    """Accept open breaks as a loss; return how many. `proposal_id` proves it where two persons are needed."""
    return _change(
        db,
        break_ids,
        "state='written_off', ended_at=?, ended_by=?, resolution=?, proposal_id=?",
        (text(at), who, reason, proposal_id),
        who=who,
        what="written off",
        text_=reason,
        at=at,
    )


def reopen(db: sqlite3.Connection, break_ids: Iterable[int], who: str, reason: str, at: datetime) -> int:
    """Open again what was explained or written off while the difference is still there; return how many."""
    return _change(
        db,
        break_ids,
        "state='open', ended_at=NULL, ended_by=NULL, resolution=NULL",
        (),
        who=who,
        what="reopened",
        text_=reason,
        at=at,
        of=("explained", "written_off"),
    )


def get(db: sqlite3.Connection, break_id: int) -> Break | None:
    """Return one break."""
    row = db.execute(f"SELECT {_COLUMNS} FROM reconcile_break WHERE id=?", (break_id,)).fetchone()
    return None if row is None else _break(row)


def listed(
    db: sqlite3.Connection,
    *,
    state: State | None = "open",
    definition: str | None = None,
    class_: Class | None = None,
    kind: Kind | None = None,
    legal_entity: str | None = None,
    period: str | None = None,
    owner: str | None = None,
    after: int = 0,
    limit: int = BATCH,
) -> list[Break]:
    """Return breaks in order of their numbers, a page at a time; a state of None: all of them."""
    wanted = {
        "state": state,
        "definition": definition,
        "class": class_,
        "kind": kind,
        "legal_entity": legal_entity,
        "period": period,
        "owner": owner,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    where = " AND ".join(["id>?", *(f"{name}=?" for name in given)])
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM reconcile_break WHERE {where} ORDER BY id LIMIT ?",
        (after, *given.values(), limit),
    )
    return [_break(row) for row in rows]


def each(db: sqlite3.Connection, **wanted: Any) -> Iterator[Break]:
    """Yield every break that `listed` would return, a page at a time."""
    after = 0
    while page := listed(db, after=after, **wanted):
        yield from page
        after = page[-1].id


def of_document(db: sqlite3.Connection, document_key: str) -> list[Break]:
    """Return all breaks of a document, oldest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM reconcile_break WHERE document_key=? ORDER BY id", (document_key,)
    )
    return [_break(row) for row in rows]


def open_keys(db: sqlite3.Connection, definition: str, source_system: str, target_system: str) -> list[str]:
    """Return the keys of the documents whose breaks wait for a person, in order."""
    rows = db.execute(
        "SELECT DISTINCT key FROM reconcile_break WHERE definition=? AND state='open' AND source_system=? AND target_system=?"
        " AND aspect<>'total' ORDER BY key",
        (definition, source_system, target_system),
    )
    return [key for (key,) in rows]


def live_keys(
    db: sqlite3.Connection, definition: str, source_system: str, target_system: str, periods: tuple[str, str]
) -> frozenset[str]:
    """Return the keys of the live breaks that lie in these periods, or did when they were seen last."""
    rows = db.execute(
        "SELECT key FROM reconcile_break WHERE definition=? AND source_system=? AND target_system=? AND gone_at IS NULL"
        " AND period BETWEEN ? AND ?",
        (definition, source_system, target_system, *periods),
    )
    return frozenset(key for (key,) in rows)


def accepted_live(
    db: sqlite3.Connection, definition: str, source_system: str, target_system: str
) -> list[Break]:
    """Return what is written off or explained and still differs: whoever counts on it checks the signatures first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM reconcile_break WHERE definition=? AND source_system=? AND target_system=?"
        " AND gone_at IS NULL AND state IN ('written_off', 'explained') ORDER BY id",
        (definition, source_system, target_system),
    )
    return [_break(row) for row in rows]


def reopened_at(db: sqlite3.Connection, break_id: int) -> datetime | None:
    """Return when a break was opened again last; None: never."""
    row = db.execute(
        "SELECT max(at) FROM break_history WHERE break_id=? AND what='reopened'", (break_id,)
    ).fetchone()
    return None if row[0] is None else instant(row[0])


def count_open(db: sqlite3.Connection, definitions: Sequence[str]) -> int:
    """Return how many breaks of these definitions wait for a person."""
    row = db.execute(
        f"SELECT count(*) FROM reconcile_break WHERE state='open' AND definition IN ({marks(definitions)})",
        definitions,
    ).fetchone()
    return int(row[0])


def history(db: sqlite3.Connection, break_id: int) -> list[Happened]:
    """Return everything that happened to a break, its opening first."""
    opened = db.execute(
        "SELECT 0, id, opened_at, ?, 'opened', kind, first_run_id FROM reconcile_break WHERE id=?",
        (ENGINE, break_id),
    )
    after = db.execute(
        "SELECT id, break_id, at, who, what, text, run_id FROM break_history WHERE break_id=? ORDER BY id",
        (break_id,),
    )
    return [
        Happened(number, of, instant(at), who, what, words, run_id)
        for number, of, at, who, what, words, run_id in (*opened, *after)
    ]


def _open_some(db: sqlite3.Connection, run_id: int, found: Sequence[NewBreak], at: str) -> Opened:
    known = _live(db, found)
    new: list[NewBreak] = []
    changed: list[tuple[int, str]] = []
    reopened: list[int] = []
    classed: list[tuple[int, str]] = []
    persisting = 0
    updates: list[tuple[object, ...]] = []
    for one in {(o.definition, o.source_system, o.target_system, o.key, o.aspect): o for o in found}.values():
        live = known.get((one.definition, one.source_system, one.target_system, one.key, one.aspect))
        if live is None:
            new.append(one)
            continue
        break_id, fingerprint, state, class_, currency, amount_minor = live
        persisting += 1
        updates.append((*_shown(one), at, run_id, break_id))
        if class_ != one.class_:
            classed.append(
                (break_id, f"{class_} -> {one.class_}: {one.evidence.get('why', 'no reason is known')}")
            )
        is_more = currency != one.currency or (one.amount_minor or 0) > (amount_minor or 0)
        if fingerprint != one.fingerprint or is_more:
            changed.append((break_id, _words(one)))
            if state in ("explained", "written_off"):
                reopened.append(break_id)
    before = int(db.execute("SELECT coalesce(max(id), 0) FROM reconcile_break").fetchone()[0])
    db.executemany(_INSERT, [(*_identity(one), *_shown(one), at, at, run_id, run_id, at) for one in new])
    db.executemany(_UPDATE, updates)
    _note(db, [(break_id, at, ENGINE, "changed", words, run_id) for break_id, words in changed])
    _note(db, [(break_id, at, ENGINE, "classed", words, run_id) for break_id, words in classed])
    db.executemany(
        "UPDATE reconcile_break SET state='open', ended_at=NULL, ended_by=NULL, resolution=NULL, proposal_id=NULL,"
        " changed_at=? WHERE id=?",
        [(at, break_id) for break_id in reopened],
    )
    why = "the difference is another one now"
    _note(db, [(break_id, at, ENGINE, "reopened", why, run_id) for break_id in reopened])
    ids = [row[0] for row in db.execute("SELECT id FROM reconcile_break WHERE id>? ORDER BY id", (before,))]
    return Opened(tuple(ids), tuple(reopened), persisting - len(reopened))


_DEFINITIONS_LIVE = """
WITH RECURSIVE held(name) AS (
  SELECT min(definition) FROM reconcile_break WHERE gone_at IS NULL
  UNION ALL
  SELECT (SELECT min(definition) FROM reconcile_break WHERE gone_at IS NULL AND definition > name) FROM held WHERE name IS NOT NULL
)
SELECT name FROM held WHERE name IS NOT NULL
"""
"""From one to the next by their index: what it costs follows the number of definitions, not that of breaks."""
_IDENTITY = "definition, source_system, target_system, entity, key, aspect"
_SHOWN = (
    "kind",
    "class",
    "document_number",
    "document_key",
    "source_id",
    "target_id",
    "legal_entity",
    "period",
    "currency",
    "amount_minor",
    "fields",
    "evidence",
    "fingerprint",
    "workflow_id",
    "case_id",
    "entry_id",
)
_INSERT = (
    f"INSERT INTO reconcile_break(state, {_IDENTITY}, {', '.join(_SHOWN)}, opened_at, last_seen_at, first_run_id, last_run_id,"
    f" changed_at) VALUES ('open',{marks(range(6 + len(_SHOWN) + 5))})"
)
_UPDATE = (
    f"UPDATE reconcile_break SET {', '.join(f'{name}=?' for name in _SHOWN)}, last_seen_at=?, last_run_id=?,"
    " seen_count=seen_count+1 WHERE id=?"
)


def _identity(one: NewBreak) -> tuple[object, ...]:
    return (one.definition, one.source_system, one.target_system, one.entity, one.key, one.aspect)


def _shown(one: NewBreak) -> tuple[object, ...]:
    return (
        one.kind,
        one.class_,
        one.document_number,
        one.document_key,
        one.source_id,
        one.target_id,
        one.legal_entity,
        one.period,
        one.currency,
        one.amount_minor,
        encode([[f.field, f.source, f.target] for f in one.fields]).decode(),
        as_json(one.evidence),
        one.fingerprint,
        one.workflow_id,
        one.case_id,
        one.entry_id,
    )


def _words(one: NewBreak) -> str:
    """Say what a difference is, for its history."""
    shown = ", ".join(f"{f.field} {f.source} / {f.target}" for f in one.fields)
    if not shown and one.amount_minor is not None and one.currency:
        shown = f"{Decimal(one.amount_minor).scaleb(-exponent(one.currency))} {one.currency} at risk"
    return f"{one.kind}: {shown}" if shown else one.kind


def _live(
    db: sqlite3.Connection, found: Sequence[NewBreak]
) -> dict[tuple[str, str, str, str, str], tuple[int, str, str, str, str | None, int | None]]:
    keys = list(dict.fromkeys(one.key for one in found))
    rows = db.execute(
        "SELECT definition, source_system, target_system, key, aspect, id, fingerprint, state, class, currency, amount_minor"
        " FROM reconcile_break"
        f" WHERE gone_at IS NULL AND key IN ({marks(keys)})",
        keys,
    )
    return {tuple(row[:5]): tuple(row[5:]) for row in rows}


def _vanish(
    db: sqlite3.Connection, run_id: int | None, break_ids: Sequence[int], at: str, why: str = AGREE
) -> None:
    is_closed = "fix IS NULL" if why == AGREE else "1"  # nobody's work mended what is only looked at no more
    for some in chunks(break_ids):
        within = f"id IN ({marks(some)})"
        db.execute(
            "INSERT INTO break_history(break_id, at, who, what, text, run_id)"
            f" SELECT id, ?, ?, CASE WHEN state<>'open' THEN 'gone' WHEN {is_closed} THEN 'closed' ELSE 'fixed' END,"
            " ?, ?"
            f" FROM reconcile_break WHERE {within} ORDER BY id",
            (at, ENGINE, why, run_id, *some),
        )
        db.execute(
            "UPDATE reconcile_break SET gone_at=?, changed_at=?,"
            f" resolution=CASE WHEN state<>'open' THEN resolution WHEN {is_closed} THEN 'closed by itself: ' || ?"
            " ELSE 'fixed: ' || ? END,"
            " ended_at=coalesce(ended_at, ?), ended_by=coalesce(ended_by, ?),"
            f" state=CASE WHEN state<>'open' THEN state WHEN {is_closed} THEN 'closed' ELSE 'fixed' END"
            f" WHERE {within}",
            (at, at, why, why, at, ENGINE, *some),
        )


def _change(
    db: sqlite3.Connection,
    break_ids: Iterable[int],
    change: str,
    values: tuple[object, ...],
    *,
    who: str,
    what: str,
    text_: str,
    at: datetime,
    of: tuple[State, ...] | None = ("open",),
) -> int:
    """Change breaks that are in one of these states and write it into their history; return how many."""
    where = "" if of is None else f" AND state IN ({marks(of)})"
    done = [
        row[0]
        for break_id in break_ids
        for row in db.execute(
            f"UPDATE reconcile_break SET {change}, changed_at=? WHERE id=?{where} RETURNING id",
            (*values, text(at), break_id, *(of or ())),
        ).fetchall()
    ]
    _note(db, [(break_id, text(at), who, what, text_, None) for break_id in done])
    return len(done)


def _note(db: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    db.executemany(
        "INSERT INTO break_history(break_id, at, who, what, text, run_id) VALUES (?,?,?,?,?,?)", rows
    )


def _break(row: sqlite3.Row) -> Break:
    found = fields(
        row,
        instants=("opened_at", "last_seen_at", "changed_at", "ended_at", "gone_at"),
        objects=("evidence", "fields"),
    )
    found["fields"] = tuple(FieldDifference(*one) for one in found["fields"])
    return Break(**found)
