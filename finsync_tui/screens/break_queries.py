"""What the Reconciliation screens show, read from the public views: breaks, classes with their trend, runs."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from finsync_tui.screens import signs
from finsync_tui.screens.filters import Field, Grammar, Parsed
from finsync_tui.screens.queries import Listing, Sort, Waiting, batches, rows, waiting_in
from finsync_tui.screens.text import safe_text
from store import break_trends
from store.canonical.currency import comparable_sql
from store.clock import instant
from store.columns import when

if TYPE_CHECKING:
    from sqlite3 import Connection, Row

DAYS = break_trends.DAYS
RUNS_MAX = 500
CHARS_MAX = 300


@dataclass(frozen=True, slots=True)
class BreakRow:
    """One break as the list shows it."""

    id: int
    definition: str
    entity: str
    source_system: str
    target_system: str
    kind: str
    class_: str
    state: str
    number: str
    document_key: str
    key: str
    legal_entity: str
    period: str
    amount_minor: int | None
    currency: str | None
    owner: str
    opened_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    ended_by: str
    resolution: str
    gone_at: datetime | None
    fix: str
    write_off_maker: str
    """Who proposed to write it off, while that waits for a second person."""
    adoption_maker: str
    """Who proposed to give the source the target's value, likewise."""
    explanation_maker: str
    """Who explained it, while that waits for a second person."""
    fields: tuple[tuple[str, str | None, str | None], ...]
    """Name, source, target; None: that side has none."""
    workflow_id: int | None
    case_id: int | None

    @property
    def is_live(self) -> bool:
        return self.state == "open"

    @property
    def maker(self) -> str:
        """Whose proposal waits for a second person; empty: nobody's."""
        return self.write_off_maker or self.adoption_maker or self.explanation_maker

    @property
    def proposed(self) -> str:
        """Who would do what; empty: nobody waits for a second person."""
        if self.explanation_maker:
            return f"{self.explanation_maker} has explained it"
        what = "would write it off" if self.write_off_maker else "would adopt the target's value"
        return f"{self.maker} {what}" if self.maker else ""

    @property
    def proposed_act(self) -> str:
        if self.explanation_maker:
            return "explain"
        return "write off" if self.write_off_maker else "adopt the target's value of"


@dataclass(frozen=True, slots=True)
class BreakDossier:
    """One break with its evidence and its history."""

    row: BreakRow
    evidence: Mapping[str, Any]
    history: tuple[tuple[datetime, str, str, str], ...]
    """When, who, what, in which words."""


@dataclass(frozen=True, slots=True)
class ClassRow:
    """The open breaks of one class, and how they came and went day by day."""

    class_: str
    count: int
    amounts: Mapping[str, int]
    oldest_at: datetime | None
    opened: tuple[int, ...]
    gone: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RunRow:
    """One comparison."""

    id: int
    definition: str
    source_system: str
    target_system: str
    mode: str
    asked_by: str
    outcome: str
    started_at: datetime
    ended_at: datetime | None
    source_rows: int
    target_rows: int
    compared: int
    opened: int
    persisting: int
    closed: int
    error: str
    totals: tuple[tuple[str, str, str, int, int, int, int], ...]
    """Company, period, currency, source count and amount, target count and amount: those that differ come first."""


def _break(row: Row) -> BreakRow:
    fields = tuple(
        (safe_text(name, 60), _side(source), _side(target))
        for name, source, target in json.loads(row["fields"])
    )
    return BreakRow(
        id=row["id"],
        definition=safe_text(row["definition"], 60),
        entity=safe_text(row["entity"], 60),
        source_system=safe_text(row["source_system"], 60),
        target_system=safe_text(row["target_system"], 60),
        kind=safe_text(row["kind"], 30),
        class_=safe_text(row["class"], 30),
        state=row["state"],
        number=safe_text(row["document_number"], 80),
        document_key=row["document_key"] or "",
        key=safe_text(row["key"], 120),
        legal_entity=safe_text(row["legal_entity"], 60),
        period=safe_text(row["period"], 20),
        amount_minor=row["amount_minor"],
        currency=safe_text(row["currency"], 3) or None,
        owner=safe_text(row["owner"], 60),
        opened_at=instant(row["opened_at"]),
        last_seen_at=instant(row["last_seen_at"]),
        ended_at=when(row["ended_at"]),
        ended_by=safe_text(row["ended_by"], 60),
        resolution=safe_text(row["resolution"]),
        gone_at=when(row["gone_at"]),
        fix=safe_text(row["fix"], 20),
        write_off_maker=safe_text(row["write_off_maker"], 60) if row["state"] == "open" else "",
        adoption_maker=safe_text(row["adoption_maker"], 60) if row["state"] == "open" else "",
        explanation_maker=safe_text(row["explanation_maker"], 60) if row["state"] == "open" else "",
        fields=fields,
        workflow_id=row["workflow_id"],
        case_id=row["case_id"],
    )


def _side(value: object) -> str | None:
    return None if value is None else safe_text(value, CHARS_MAX)


BREAKS: Listing[BreakRow] = Listing(
    name="breaks",
    view="v_break",
    select="SELECT * FROM v_break WHERE id IN ({ids})",
    make=_break,
    grammar=Grammar(
        fields=(
            Field("class", "class"),
            Field("kind", "kind"),
            Field("state", "state", values=tuple(signs.BREAK)),
            Field("owner", "owner"),
            Field("compared", "definition"),
            Field("source", "source_system"),
            Field("target", "target_system"),
            Field("entity", "legal_entity"),
            Field("period", "period"),
            Field("currency", "currency"),
            Field("amount", "amount_minor", "money"),
            Field("age", "opened_at", "instant", is_age=True),
            Field("ended", "ended_at", "instant", is_age=True),
            Field("run", "last_run_id", "number"),
            Field("seen", "seen_count", "number"),
        ),
        words=("document_number", "document_key", "key", "class", "fields"),
        flags=(
            ("live", "state = 'open'"),
            ("there", "gone_at IS NULL"),
            ("ended", "ended_at IS NOT NULL"),
            ("mine", "owner = :me"),
            ("unassigned", "coalesce(owner, '') = ''"),
            (
                "proposed",
                "(state = 'open' AND coalesce(write_off_maker, adoption_maker, explanation_maker) IS NOT NULL)",
            ),
        ),
        default="state = 'open'",
    ),
    sorts=(
        Sort("amount", "amount at risk", comparable_sql()),
        Sort("opened", "age", "opened_at"),
        Sort("class", "class", "class"),
        Sort("number", "document", "document_number"),
        Sort("owner", "owner", "owner"),
        Sort("period", "period", "period"),
    ),
)


def dossier(db: Connection, break_id: int) -> BreakDossier | None:
    """Return one break with all that happened to it, newest first."""
    row = db.execute("SELECT * FROM v_break WHERE id=?", (break_id,)).fetchone()
    if row is None:
        return None
    happened = db.execute(
        "SELECT at, who, what, text FROM v_break_history WHERE break_id=? ORDER BY at DESC, id DESC",
        (break_id,),
    ).fetchall()
    return BreakDossier(
        _break(row),
        json.loads(row["evidence"]),
        tuple(
            (instant(at), safe_text(who, 60), safe_text(what, 40), safe_text(words))
            for at, who, what, words in happened
        ),
    )


def waiting(db: Connection, ids: Sequence[int]) -> list[Waiting]:
    """Return what waits for a second person on those breaks."""
    return waiting_in(db, "reconcile_break", ids)


def differing(db: Connection, ids: Sequence[int]) -> list[BreakRow]:
    """Return those breaks, in this order."""
    found = rows(db, BREAKS, ids)
    return [found[one] for one in ids if one in found]


def between(db: Connection, ids: Sequence[int]) -> list[tuple[str, str, int]]:
    """Return source, target and count of those breaks, the most first."""
    counts: Counter[tuple[str, str]] = Counter()
    for part in batches(ids):
        for source, target, count in db.execute(
            "SELECT source_system, target_system, count(*) FROM v_break"  # noqa: S608
            f" WHERE id IN ({','.join('?' * len(part))}) GROUP BY 1, 2",
            part,
        ).fetchall():
            counts[safe_text(source, 60), safe_text(target, 60)] += count
    return [(*pair, count) for pair, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]


def classes(db: Connection, now: datetime, parsed: Parsed) -> list[ClassRow]:
    """Return the classes of the shown breaks, the most first, each with what came and went in the last days."""
    return [
        ClassRow(safe_text(one.class_, 30), one.count, one.amounts, one.oldest_at, one.came, one.went)
        for one in break_trends.by_class(db, now, parsed.where, parsed.params)
    ]


def runs(db: Connection) -> list[RunRow]:
    """Return the newest comparisons with their control totals."""
    rows = db.execute("SELECT * FROM v_reconcile_run ORDER BY id DESC LIMIT ?", (RUNS_MAX,)).fetchall()
    totals: dict[int, list[tuple[str, str, str, int, int, int, int]]] = defaultdict(list)
    if rows:
        for row in db.execute(
            "SELECT run_id, legal_entity, period, currency, source_count, source_minor, target_count, target_minor"
            " FROM v_control_total WHERE run_id >= ?"
            " ORDER BY difference_minor = 0, legal_entity, period, currency",
            (rows[-1]["id"],),
        ).fetchall():
            totals[row[0]].append(
                (safe_text(row[1], 20), safe_text(row[2], 10), safe_text(row[3], 3), *row[4:])
            )
    return [
        RunRow(
            id=row["id"],
            definition=safe_text(row["definition"], 60),
            source_system=safe_text(row["source_system"], 60),
            target_system=safe_text(row["target_system"], 60),
            mode=row["mode"],
            asked_by=safe_text(row["asked_by"], 60),
            outcome=row["outcome"],
            started_at=instant(row["started_at"]),
            ended_at=when(row["ended_at"]),
            source_rows=row["source_rows"],
            target_rows=row["target_rows"],
            compared=row["compared"],
            opened=row["opened"],
            persisting=row["persisting"],
            closed=row["closed"],
            error=safe_text(row["error"]),
            totals=tuple(totals[row["id"]]),
        )
        for row in rows
    ]
