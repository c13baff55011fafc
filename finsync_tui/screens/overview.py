"""What Home shows: what is stuck and what it costs, what is due next, what is under way, how the systems are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from finsync_tui.screens.text import safe_text
from store import closing, leases, preferences, runs, trends, unposted
from store import systems as system_states
from store.clock import instant
from store.clock import text as instant_text
from store.columns import when
from store.trends import Trend
from store.unposted import Unposted

if TYPE_CHECKING:
    from sqlite3 import Connection, Row

    from store.leases import Lease, Standing
    from store.systems import Unreadable

DUE_SHOWN = 50
LARGE = 20_000
"""Workflows from which on counting them takes a moment."""
FINDINGS_SHOWN = 5
HOLDS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Cause:
    """One exception class: how many are stuck for it, and how much money, per currency."""

    class_: str
    count: int
    overdue_count: int
    oldest_at: datetime
    amounts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DueItem:
    """Something with a due time: an exception, or the present step of a workflow."""

    kind: Literal["exception", "workflow"]
    id: int
    what: str
    number: str
    due_at: datetime
    owner: str
    amount_minor: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class SystemRow:
    """How one system is, and how far behind we are with it."""

    id: int
    system: str
    state: str
    reason: str
    until: datetime | None
    failure_count: int
    last_ok_at: datetime | None
    last_failure_at: datetime | None
    last_read_at: datetime | None
    queued_count: int
    failed_count: int
    unreadable: tuple[Unreadable, ...] = ()
    """What can't be read of it, with what to do."""

    @property
    def standing(self) -> str:
        """How it is: one that answers is not well while something of it can't be read."""
        return "partly" if self.state == "ok" and self.unreadable else self.state

    @property
    def why(self) -> str:
        """Why it is as it is, with what can't be read of it."""
        names = ", ".join(safe_text(one.entity.replace("_", " "), 60) for one in self.unreadable)
        return "; ".join(one for one in (self.reason, f"{names} can't be read" if names else "") if one)


@dataclass(frozen=True, slots=True)
class RunRow:
    """The newest read of one entity of a system."""

    id: int
    system: str
    entity: str
    outcome: str
    at: datetime
    rows_read: int
    rows_changed: int
    rows_refused: int
    error: str


@dataclass(frozen=True, slots=True)
class Engine:
    """What the engine says of itself, and its lease (which counts by the machine's clock)."""

    state: str
    clock_at: datetime
    is_virtual: bool
    cycle_count: int
    doing: str
    changed_at: datetime
    lease: Lease | None

    def standing(self, machine_now: datetime) -> Standing:
        """Return how it is: what it says of itself counts only as long as it gives signs of life."""
        return "gone" if self.state == "stopped" else leases.standing(self.lease, machine_now)


@dataclass(frozen=True, slots=True)
class Pulse:
    """The little that every screen's top bar shows."""

    engine: Engine | None = None
    open_count: int = 0
    overdue_count: int = 0
    failed_count: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """One state: how many, and how much per currency."""

    count: int = 0
    amounts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything Home shows."""

    causes: tuple[Cause, ...] = ()
    currencies: tuple[str, ...] = ()
    due: tuple[DueItem, ...] = ()
    documents: Mapping[str, Tally] = field(default_factory=dict)
    unposted: tuple[Unposted, ...] = ()
    unreported_count: int = 0
    """Invoices of which the source was not told a payment, or that one was called back."""
    on_hold: Tally = Tally()
    """Invoices that the ERP holds."""
    holds: tuple[tuple[str, Tally], ...] = ()
    """The same by reason, the most frequent first; one with several reasons stands under each."""
    deliveries: Mapping[str, Tally] = field(default_factory=dict)
    proposed: Mapping[str, Tally] = field(default_factory=dict)
    """What waits for a second person: mapping changes, write-offs of exceptions, and what is to become of breaks."""
    in_the_way: Mapping[str, Tally] = field(default_factory=dict)
    """Of the close of any period, by reason."""
    systems: tuple[SystemRow, ...] = ()
    runs: tuple[RunRow, ...] = ()
    trend: Trend | None = None
    findings: tuple[tuple[str, int], ...] = ()
    """The most frequent classes of what was handled without a person."""
    findings_count: int = 0
    """Of all classes."""
    record_count: int = 0
    is_large: bool = False
    """Whether counting what is under way takes a moment."""

    @property
    def is_empty(self) -> bool:
        return not (self.record_count or self.causes or self.documents or self.deliveries)


def remembered(db: Connection, person: str) -> dict[str, str]:
    """Return what a person set up: views, layouts, settings."""
    return preferences.of(db, person)


def pulse(db: Connection, machine_now: datetime) -> Pulse:
    """Return what the top bar shows: three short look-ups, asked at most twice a second while the engine works."""
    found = engine(db)
    now = found.clock_at if found is not None and found.is_virtual else machine_now
    row = db.execute(
        "SELECT count(*), coalesce(sum(due_at <= ?), 0) FROM v_exception WHERE ended_at IS NULL",
        (instant_text(now),),
    ).fetchone()
    failed = db.execute("SELECT count(*) FROM v_delivery WHERE state IN ('refused', 'buried')").fetchone()
    return Pulse(found, int(row[0]), int(row[1]), int(failed[0]))


def engine(db: Connection) -> Engine | None:
    """Return what the engine last said of itself; None before its first start."""
    row = db.execute("SELECT * FROM engine_state WHERE id = 1").fetchone()
    if row is None:
        return None
    return Engine(
        state=row["state"],
        clock_at=instant(row["clock_at"]),
        is_virtual=bool(row["is_virtual"]),
        cycle_count=row["cycle_count"],
        doing=safe_text(row["doing"], 80),
        changed_at=instant(row["changed_at"]),
        lease=leases.current(db),
    )


def overview(db: Connection, now: datetime) -> Overview:
    """Return what Home shows, as of `now`."""
    return with_counts(db, urgent(db, now), now)


def urgent(db: Connection, now: datetime) -> Overview:
    """Return what a person looks at first; the counts of everything that is under way are not in it yet."""
    causes = _causes(db, now)
    money: dict[str, int] = {}
    for cause in causes:
        for currency in cause.amounts:
            money[currency] = money.get(currency, 0) + cause.count
    return Overview(
        causes=causes,
        currencies=tuple(sorted(money, key=lambda currency: (-money[currency], currency))),
        due=_due(db, now),
        systems=systems(db),
        runs=_runs(db),
        record_count=int(db.execute("SELECT count(*) FROM (SELECT 1 FROM record LIMIT 1)").fetchone()[0]),
        is_large=int(db.execute("SELECT coalesce(max(id), 0) FROM workflow").fetchone()[0]) > LARGE,
    )


def with_counts(db: Connection, found: Overview, now: datetime) -> Overview:
    """Return the same with what is under way: in a large store counting takes longer than anything else here."""
    handled = tuple(
        (safe_text(name, 40), int(n))
        for name, n in db.execute(
            "SELECT class, count(*) FROM v_finding GROUP BY class ORDER BY count(*) DESC, class"
        ).fetchall()
    )
    return replace(
        found,
        documents=_tallies(
            db, "SELECT state, currency, count(*), sum(amount_minor) FROM v_workflow GROUP BY 1, 2"
        ),
        unposted=tuple(unposted.by_age(db, now)),
        unreported_count=int(db.execute("SELECT count(DISTINCT id) FROM v_unreported").fetchone()[0]),
        on_hold=_tallies(
            db,
            "SELECT '', currency, count(*), sum(amount_minor) FROM"
            " (SELECT DISTINCT id, currency, amount_minor FROM v_on_hold) GROUP BY currency",
        ).get("", Tally()),
        holds=_holds(db),
        deliveries=_deliveries(db),
        proposed=_proposed(db),
        in_the_way={
            reason: Tally(count, amounts) for reason, (count, amounts) in closing.by_reason(db).items()
        },
        trend=trends.by_day(db, now),
        findings=handled[:FINDINGS_SHOWN],
        findings_count=sum(count for _, count in handled),
    )


def _runs(db: Connection) -> tuple[RunRow, ...]:
    """The newest first; what failed before that."""
    found = [
        RunRow(
            id=run.id,
            system=run.system,
            entity=safe_text(run.entity.replace("_", " "), 60),
            outcome=run.outcome,
            at=run.ended_at or run.started_at,
            rows_read=run.rows_read,
            rows_changed=run.rows_changed,
            rows_refused=run.rows_refused,
            error=safe_text(run.error, 300),
        )
        for run in runs.last(db)
    ]
    return tuple(sorted(found, key=lambda run: (run.outcome != "failed", -run.at.timestamp(), run.id)))


def _causes(db: Connection, now: datetime) -> tuple[Cause, ...]:
    """Classes in the order in which they hurt: overdue first, then the oldest."""
    found: dict[str, Cause] = {}
    rows = db.execute(
        "SELECT class, currency, count(*) AS n, coalesce(sum(due_at <= ?), 0) AS overdue, min(opened_at) AS oldest, "
        "sum(amount_minor) AS total FROM v_exception WHERE ended_at IS NULL GROUP BY class, currency",
        (instant_text(now),),
    ).fetchall()
    for row in rows:
        name = safe_text(row["class"], 60)
        known = found.get(name) or Cause(name, 0, 0, instant(row["oldest"]))
        amounts = dict(known.amounts)
        if row["currency"] and row["total"] is not None:
            amounts[safe_text(row["currency"], 3)] = row["total"]
        found[name] = Cause(
            name,
            known.count + row["n"],
            known.overdue_count + row["overdue"],
            min(known.oldest_at, instant(row["oldest"])),
            amounts,
        )
    return tuple(sorted(found.values(), key=lambda cause: (-cause.overdue_count, -cause.count, cause.class_)))


def _due(db: Connection, now: datetime) -> tuple[DueItem, ...]:
    """What is due next comes first, then what is late already; one due time each: a held workflow is due by its
    exception, any other by its present step."""
    cases = (
        "SELECT id, class AS what, document_number, due_at, owner, amount_minor, currency FROM v_exception "
        "WHERE state = 'open' AND due_at {when} ? ORDER BY due_at, id LIMIT ?"
    )
    flows = (
        "SELECT id, coalesce(waiting_for, step) AS what, document_number, due_at, target AS owner, amount_minor, currency "
        "FROM v_workflow WHERE state IN ('running', 'waiting') AND ended_at IS NULL AND due_at {when} ? "
        "ORDER BY due_at, id LIMIT ?"
    )
    found: list[DueItem] = []
    for sign in (">", "<="):
        wanted = (instant_text(now), DUE_SHOWN)
        items = [_due_item("exception", row) for row in db.execute(cases.format(when=sign), wanted)]
        items += [_due_item("workflow", row) for row in db.execute(flows.format(when=sign), wanted)]
        found += sorted(items, key=lambda item: (item.due_at, item.kind, item.id))
    return tuple(found[:DUE_SHOWN])


def _due_item(kind: Literal["exception", "workflow"], row: Row) -> DueItem:
    what = safe_text(row["what"], 80)
    return DueItem(
        kind=kind,
        id=row["id"],
        what=what if kind == "exception" else what.replace("_", " "),
        number=safe_text(row["document_number"], 80),
        due_at=instant(row["due_at"]),
        owner=safe_text(row["owner"], 60),
        amount_minor=row["amount_minor"],
        currency=safe_text(row["currency"], 3) or None,
    )


def _deliveries(db: Connection) -> dict[str, Tally]:
    """All by state; the money only of what is not over: that of all deliveries ever would be read row by row."""
    found = {
        state: Tally(n)
        for state, n in db.execute("SELECT state, count(*) FROM delivery GROUP BY state").fetchall()
    }
    found |= _tallies(
        db,
        "SELECT state, currency, count(*), sum(amount_minor) FROM v_delivery "
        "WHERE state IN ('pending', 'claimed', 'held', 'delivered', 'refused', 'buried') GROUP BY 1, 2",
    )
    return found


def _proposed(db: Connection) -> dict[str, Tally]:
    count = db.execute("SELECT count(*) FROM proposal WHERE kind='mapping' AND state='open'").fetchone()[0]
    found = {"mappings": Tally(int(count))} if count else {}
    return found | _tallies(
        db,
        "SELECT 'exceptions', currency, count(*), sum(amount_minor) FROM v_exception"
        " WHERE ended_at IS NULL AND write_off_maker IS NOT NULL GROUP BY currency"
        " UNION ALL SELECT 'reconcile', currency, count(*), sum(amount_minor) FROM v_break WHERE state='open'"
        " AND coalesce(write_off_maker, adoption_maker, explanation_maker) IS NOT NULL GROUP BY currency",
    )


def _holds(db: Connection) -> tuple[tuple[str, Tally], ...]:
    found = _tallies(
        db, "SELECT reason, currency, count(*), sum(amount_minor) FROM v_on_hold GROUP BY reason, currency"
    )
    ranked = sorted(found.items(), key=lambda one: (-one[1].count, one[0]))
    return tuple(ranked[:HOLDS_SHOWN])


def _tallies(db: Connection, query: str) -> dict[str, Tally]:
    found: dict[str, Tally] = {}
    for state, currency, n, total in db.execute(query).fetchall():
        known = found.get(state, Tally())
        amounts = dict(known.amounts)
        if currency and total is not None:
            amounts[safe_text(currency, 3)] = total
        found[state] = Tally(known.count + n, amounts)
    return found


def systems(db: Connection) -> tuple[SystemRow, ...]:
    """Return every system with its health and its queue."""
    queues = {
        row[0]: (row[1], row[2])
        for row in db.execute(
            "SELECT system, sum(state IN ('pending', 'claimed')), sum(state IN ('refused', 'buried')) FROM v_delivery "
            "WHERE state IN ('pending', 'claimed', 'refused', 'buried') GROUP BY system"
        ).fetchall()
    }
    unreadable = system_states.unreadable(db)
    rows = db.execute("SELECT * FROM v_system ORDER BY system").fetchall()
    return tuple(
        SystemRow(
            id=number,
            system=row["system"],
            state=row["state"],
            reason=safe_text(row["reason"], 300),
            until=when(row["until"]),
            failure_count=row["failure_count"],
            last_ok_at=when(row["last_ok_at"]),
            last_failure_at=when(row["last_failure_at"]),
            last_read_at=when(row["last_read_at"]),
            queued_count=queues.get(row["system"], (0, 0))[0],
            failed_count=queues.get(row["system"], (0, 0))[1],
            unreadable=tuple(unreadable.get(row["system"], ())),
        )
        for number, row in enumerate(rows, start=1)
    )
