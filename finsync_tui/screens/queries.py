"""The three long lists, read from the public views: exceptions, workflows, deliveries.

A list is a snapshot of ids in order and rows on demand, so that a million rows scroll like ten and nothing slides
while the engine writes. What leaves this module is safe to show: names from outside have passed `safe_text`.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from finsync_tui.screens import signs
from finsync_tui.screens.filters import Field, Grammar, Parsed
from finsync_tui.screens.text import money, safe_text
from store.canonical.currency import comparable_sql
from store.clock import instant
from store.columns import when

if TYPE_CHECKING:
    from sqlite3 import Connection, Row

BATCH = 500
"""Ids in one statement."""
IDS_AT_ONCE = 2_000
"""A row costs ten times an id: never hold them all."""
EARLY_ROWS = 128
"""So many are shown before all are found."""
EARLY_S = 0.005
"""When so few take so long, all of them take a moment."""


class Early(Protocol):
    """What takes the first ids of a long search, with the connection that goes on searching."""

    def __call__(self, db: Connection, ids: array[int], /) -> None: ...


class Listed(Protocol):
    """What all rows of lists have."""

    @property
    def id(self) -> int: ...
    @property
    def document_key(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def amount_minor(self) -> int | None: ...
    @property
    def currency(self) -> str | None: ...


R = TypeVar("R", bound=Listed)


@dataclass(frozen=True, slots=True)
class Sort:
    """One order of a list. Rows without a value come last, whichever way round."""

    name: str
    label: str
    column: str


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """One list: where its rows come from, what it can be filtered and sorted by."""

    name: str
    view: str
    select: str
    make: Callable[[Row], R]
    grammar: Grammar
    sorts: tuple[Sort, ...]
    key: str = "id"
    """The view's column of whole numbers that tells its rows apart."""
    has_money: bool = True

    def sort(self, name: str) -> Sort:
        return next((sort for sort in self.sorts if sort.name == name), self.sorts[0])


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """One exception as the list shows it."""

    id: int
    class_: str
    state: str
    entity: str
    document_key: str
    number: str
    system: str
    step: str
    legal_entity: str
    amount_minor: int | None
    currency: str | None
    cause: str
    fix: str
    owner: str
    opened_at: datetime
    due_at: datetime | None
    snoozed_until: datetime | None
    seen_count: int
    ended_at: datetime | None
    ended_by: str
    resolution: str
    workflow_id: int | None
    flow: str
    entry_id: int | None
    write_off_maker: str
    """Who proposed to write it off, while that waits for a second person."""
    owner_role: str = ""
    """The role that answers for its cause."""
    routed_for: str = ""
    escalated_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class WorkflowRow:
    """One workflow instance as the list shows it."""

    id: int
    flow: str
    kind: str
    document_key: str
    number: str
    erp_number: str
    revision: str
    state: str
    step: str
    waiting_for: str
    due_at: datetime | None
    wake_at: datetime | None
    target: str
    legal_entity: str
    amount_minor: int | None
    currency: str | None
    started_at: datetime
    changed_at: datetime
    ended_at: datetime | None

    @property
    def is_live(self) -> bool:
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery as the list shows it."""

    id: int
    system: str
    operation: str
    entity: str
    document_key: str
    number: str
    state: str
    attempt_count: int
    next_at: datetime
    is_outcome_unknown: bool
    external_id: str
    failure: str
    message: str
    amount_minor: int | None
    currency: str | None
    workflow_id: int | None
    decided_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    is_edited: bool = False
    decided_amount_minor: int | None = None

    @property
    def edit(self) -> str:
        """Say that a person edited what is sent, and of which amount it was decided; empty: it is sent as decided."""
        if not self.is_edited:
            return ""
        if self.decided_amount_minor == self.amount_minor:
            return "≠ as edited"
        return f"≠ as edited, decided as {money(self.decided_amount_minor, self.currency)}"

    @property
    def is_live(self) -> bool:
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What somebody proposed, and a second person is to sign."""

    number: str
    maker: str
    reason: str
    kind: str
    """Of the proposal: write_off, exception_write_off, adoption."""
    system: str = ""
    """Which system's record an adoption changes."""
    values: tuple[tuple[str, str], ...] = ()
    """Which of its fields get which values."""


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows, and how much in one currency."""

    currency: str
    count: int
    amount_minor: int


def ids(
    db: Connection,
    listing: Listing[R],
    parsed: Parsed,
    sort: Sort,
    *,
    is_reversed: bool = False,
    early: Early | None = None,
) -> array[int]:
    """Return the ids of all rows that match, in order. `early` gets the first ones while the others are still looked for,
    where that takes a moment."""
    way = "DESC" if is_reversed else "ASC"
    key = listing.key
    order = f"{key} {way}" if sort.column == key else f"{sort.column} {way} NULLS LAST, {key} {way}"
    # View, key and order are this module's own words; values are bound.
    query = f"SELECT {key} FROM {listing.view} WHERE {parsed.where} ORDER BY {order}"  # noqa: S608
    cursor = db.cursor()
    cursor.row_factory = None  # plain tuples: there may be a million
    began = monotonic()
    cursor.execute(query, parsed.params)
    found = array("q")
    size = EARLY_ROWS if early is not None else IDS_AT_ONCE
    while part := cursor.fetchmany(size):  # to the end, so that no cursor stays open
        found.extend([row[0] for row in part])
        is_full, size = len(part) == size, IDS_AT_ONCE
        if early is not None and is_full and (len(found) > IDS_AT_ONCE or monotonic() - began > EARLY_S):
            early(db, found[:EARLY_ROWS])
            early = None
    return found


def batches(wanted: Sequence[int]) -> Iterator[list[int]]:
    """Cut ids into what one statement takes."""
    for start in range(0, len(wanted), BATCH):
        yield list(wanted[start : start + BATCH])


def count(db: Connection, listing: Listing[R], parsed: Parsed) -> int:
    """Return how many rows match. They are asked for in the list's order, so that the index is read which the list is read by:
    without one SQLite reads the whole table where words are looked for."""
    order = listing.sorts[0].column
    query = f"SELECT {listing.key} FROM {listing.view} WHERE {parsed.where} ORDER BY {order} LIMIT -1"  # noqa: S608
    return int(db.execute(f"SELECT count(*) FROM ({query})", parsed.params).fetchone()[0])  # noqa: S608


def rows(db: Connection, listing: Listing[R], wanted: Sequence[int]) -> dict[int, R]:
    """Return the rows with those ids."""
    found: dict[int, R] = {}
    for part in batches(wanted):
        for row in db.execute(listing.select.format(ids=",".join("?" * len(part))), part).fetchall():
            found[row[listing.key]] = listing.make(row)
    return found


def sums(db: Connection, listing: Listing[R], wanted: Sequence[int]) -> list[Sum]:
    """Return count and amount per currency of those rows: what a person is about to act on."""
    if not listing.has_money:
        return []
    totals: dict[str, Sum] = {}
    for part in batches(wanted):
        query = (
            f"SELECT coalesce(currency, '') AS currency, count(*) AS n, coalesce(sum(amount_minor), 0) AS total "  # noqa: S608
            f"FROM {listing.view} WHERE id IN ({','.join('?' * len(part))}) GROUP BY 1"
        )
        for currency, n, total in db.execute(query, part).fetchall():
            known = totals.get(currency, Sum(currency, 0, 0))
            totals[currency] = Sum(currency, known.count + n, known.amount_minor + total)
    return [totals[currency] for currency in sorted(totals)]


def waiting_cases(db: Connection, ids: Sequence[int]) -> list[Waiting]:
    """Return what waits for a second person on those exceptions."""
    return waiting_in(db, "exception_case", ids)


def waiting_in(db: Connection, table: str, ids: Sequence[int]) -> list[Waiting]:
    """Return what waits for a second person, of rows of a table that has proposals."""
    found: list[Waiting] = []
    for part in batches(ids):
        query = (
            "SELECT t.document_number, p.maker, p.reason, p.kind, CASE p.kind WHEN 'adoption' THEN p.body END "  # noqa: S608
            f"FROM {table} t JOIN proposal p ON p.id = t.proposal_id "
            f"WHERE p.state = 'open' AND t.id IN ({','.join('?' * len(part))}) ORDER BY t.id"
        )
        for number, maker, reason, kind, body in db.execute(query, part).fetchall():
            system, values = _adopted(body) if body else ("", ())
            found.append(
                Waiting(
                    safe_text(number, 80), safe_text(maker, 60), safe_text(reason, 300), kind, system, values
                )
            )
    return found


def _adopted(body: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return what is signed of an adoption: the system that is told, and its fields with what they get."""
    planned = json.loads(body)
    values = [
        (
            safe_text(change["field"], 60),
            safe_text(json.dumps(value) if isinstance(value, bool) else value, 200),
        )
        for change in planned["changes"]
        for name, value in change["body"].items()
        if name != "before"
    ]
    return safe_text(planned["system"], 60), tuple(values)


def _case(row: Row) -> ExceptionRow:
    return ExceptionRow(
        id=row["id"],
        class_=safe_text(row["class"], 60),
        state=row["state"],
        entity=row["entity"],
        document_key=row["document_key"],
        number=safe_text(row["document_number"], 80),
        system=safe_text(row["system"], 60),
        step=safe_text(row["step"], 60),
        legal_entity=safe_text(row["legal_entity"], 60),
        amount_minor=row["amount_minor"],
        currency=safe_text(row["currency"], 3) or None,
        cause=safe_text(row["cause"], 1_000),
        fix=safe_text(row["fix"], 1_000),
        owner=safe_text(row["owner"], 60),
        opened_at=instant(row["opened_at"]),
        due_at=when(row["due_at"]),
        snoozed_until=when(row["snoozed_until"]),
        seen_count=row["seen_count"],
        ended_at=when(row["ended_at"]),
        ended_by=safe_text(row["ended_by"], 60),
        resolution=safe_text(row["resolution"]),
        workflow_id=row["workflow_id"],
        flow=safe_text(row["flow"], 60),
        entry_id=row["entry_id"],
        write_off_maker=safe_text(row["write_off_maker"], 60),
        owner_role=safe_text(row["owner_role"], 60),
        routed_for=safe_text(row["routed_for"], 120),
        escalated_at=when(row["escalated_at"]),
    )


def _workflow(row: Row) -> WorkflowRow:
    return WorkflowRow(
        id=row["id"],
        flow=safe_text(row["flow"], 60),
        kind=safe_text(row["kind"], 30),
        document_key=row["document_key"],
        number=safe_text(row["document_number"], 80),
        erp_number=safe_text(row["erp_number"], 80),
        revision=safe_text(row["document_revision"], 40),
        state=row["state"],
        step=safe_text(row["step"], 60),
        waiting_for=safe_text(row["waiting_for"], 200),
        due_at=when(row["due_at"]),
        wake_at=when(row["wake_at"]),
        target=safe_text(row["target"], 60),
        legal_entity=safe_text(row["legal_entity"], 60),
        amount_minor=row["amount_minor"],
        currency=safe_text(row["currency"], 3) or None,
        started_at=instant(row["started_at"]),
        changed_at=instant(row["changed_at"]),
        ended_at=when(row["ended_at"]),
    )


def _delivery(row: Row) -> DeliveryRow:
    return DeliveryRow(
        id=row["id"],
        system=safe_text(row["system"], 60),
        operation=safe_text(row["operation"], 60),
        entity=safe_text(row["entity"], 60),
        document_key=row["document_key"],
        number=safe_text(row["document_number"], 80),
        state=row["state"],
        attempt_count=row["attempt_count"],
        next_at=instant(row["next_at"]),
        is_outcome_unknown=bool(row["is_outcome_unknown"]),
        external_id=safe_text(row["external_id"], 80),
        failure=safe_text(row["failure"], 60),
        message=safe_text(row["message"], 1_000),
        amount_minor=row["amount_minor"],
        currency=safe_text(row["currency"], 3) or None,
        workflow_id=row["workflow_id"],
        decided_at=instant(row["decided_at"]),
        changed_at=instant(row["changed_at"]),
        ended_at=when(row["ended_at"]),
        is_edited=bool(row["is_edited"]),
        decided_amount_minor=row["decided_amount_minor"],
    )


_RELATED = (
    # An invoice under the order it bills, an expense under its report: what the record is found by, looked up by index.
    "(entity, document_key) IN (SELECT r.entity, r.system || ':' || r.external_id FROM identity i "
    "JOIN record r ON r.id = i.record_id WHERE (i.value = :word AND i.kind IN ('employee', 'report', 'mark', 'requisition')) "
    "OR (i.value >= :word || '/' AND i.value < :word || '0' AND i.kind = 'order_line'))",
    # What an employee spent, under the number or the login they have in any system.
    "(entity, document_key) IN (SELECT r.entity, r.system || ':' || r.external_id FROM identity p "
    "JOIN record e ON e.id = p.record_id AND e.entity = 'employee' JOIN identity i ON i.kind = 'employee' "
    "AND i.value IN (e.number, e.external_id) JOIN record r ON r.id = i.record_id "
    "WHERE p.kind IN ('login', 'employee_number') AND p.value IN (:word, lower(:word)))",
)
_AMOUNT = Field("amount", "amount_minor", "money")
_DUE_FLAGS = (
    ("overdue", "(ended_at IS NULL AND due_at <= :now)"),
    ("live", "ended_at IS NULL"),
    ("ended", "ended_at IS NOT NULL"),
)

EXCEPTIONS: Listing[ExceptionRow] = Listing(
    name="exceptions",
    view="v_exception",
    select="SELECT * FROM v_exception WHERE id IN ({ids})",
    make=_case,
    grammar=Grammar(
        fields=(
            Field("class", "class"),
            Field("kind", "class"),
            Field("state", "state", values=tuple(signs.CASE)),
            Field("owner", "owner"),
            Field("role", "owner_role"),
            Field("system", "system"),
            Field("entity", "legal_entity"),
            Field("step", "step"),
            Field("currency", "currency"),
            _AMOUNT,
            Field("due", "due_at", "instant"),
            Field("age", "opened_at", "instant", is_age=True),
            Field("ended", "ended_at", "instant", is_age=True),
            Field("seen", "seen_count", "number"),
            Field("flow", "flow"),
            Field("table", "json_extract(evidence, '$.table')"),
            Field("value", "json_extract(evidence, '$.value')"),
            Field("scope", "json_extract(evidence, '$.scope')"),
            Field("cost_centre", "json_extract(evidence, '$.cost_centre')"),
            Field("account", "json_extract(evidence, '$.account')"),
            Field("supplier", "json_extract(evidence, '$.supplier')"),
            Field("employee", "json_extract(evidence, '$.employee')"),
            Field("period", "json_extract(evidence, '$.period')"),
            Field("order", "json_extract(evidence, '$.order')"),
        ),
        words=("document_number", "document_key", "class", "cause"),
        flags=(
            *_DUE_FLAGS,
            ("mine", "owner = :me"),
            ("unassigned", "coalesce(owner, '') = ''"),
            ("escalated", "escalated_at IS NOT NULL"),
            ("proposed", "write_off_maker IS NOT NULL"),
            ("written_off", "is_written_off = 1"),
        ),
        default="ended_at IS NULL",
    ),
    sorts=(
        Sort("due", "due time", "due_at"),
        Sort("opened", "age", "opened_at"),
        Sort("amount", "amount", comparable_sql()),
        Sort("class", "class", "class"),
        Sort("number", "document", "document_number"),
        Sort("owner", "owner", "owner"),
        Sort("system", "system", "system"),
    ),
)
WORKFLOWS: Listing[WorkflowRow] = Listing(
    name="workflows",
    view="v_workflow",
    select=(
        "SELECT w.*, x.number AS erp_number FROM v_workflow w LEFT JOIN crossref x ON x.entity = w.entity "
        "AND x.document_key = w.document_key AND x.system = w.target WHERE w.id IN ({ids})"
    ),
    make=_workflow,
    grammar=Grammar(
        fields=(
            Field("state", "state", values=tuple(signs.WORKFLOW)),
            Field("step", "step"),
            Field("flow", "flow"),
            Field("kind", "kind"),
            Field("target", "target"),
            Field("system", "target"),
            Field("entity", "legal_entity"),
            Field("currency", "currency"),
            _AMOUNT,
            Field("due", "due_at", "instant"),
            Field("age", "started_at", "instant", is_age=True),
            Field("ended", "ended_at", "instant", is_age=True),
            Field("hold", "reason", within="id IN (SELECT id FROM v_on_hold WHERE {})"),
        ),
        words=("document_number", "document_key", "waiting_for"),
        related=_RELATED,
        flags=(
            *_DUE_FLAGS,
            ("unposted", "id IN (SELECT id FROM v_unposted)"),
            ("unreported", "id IN (SELECT id FROM v_unreported)"),
            ("onhold", "id IN (SELECT id FROM v_on_hold)"),
        ),
    ),
    sorts=(
        Sort("changed", "last change", "changed_at"),
        Sort("due", "due time", "due_at"),
        Sort("started", "start", "started_at"),
        Sort("amount", "amount", comparable_sql()),
        Sort("number", "document", "document_number"),
        Sort("step", "step", "step"),
    ),
)
DELIVERIES: Listing[DeliveryRow] = Listing(
    name="deliveries",
    view="v_delivery",
    select="SELECT * FROM v_delivery WHERE id IN ({ids})",
    make=_delivery,
    grammar=Grammar(
        fields=(
            Field("state", "state", values=tuple(signs.DELIVERY)),
            Field("system", "system"),
            Field("operation", "operation"),
            Field("failure", "failure"),
            Field("currency", "currency"),
            _AMOUNT,
            Field("next", "next_at", "instant"),
            Field("age", "decided_at", "instant", is_age=True),
            Field("attempts", "attempt_count", "number"),
        ),
        words=("document_number", "document_key", "external_id", "message"),
        flags=(
            ("failed", "state IN ('refused', 'buried')"),
            ("flight", "state IN ('pending', 'claimed', 'delivered')"),
            ("unknown", "is_outcome_unknown = 1"),
            ("edited", "is_edited"),
            *_DUE_FLAGS[1:],
        ),
    ),
    sorts=(
        Sort("changed", "last change", "changed_at"),
        Sort("next", "next attempt", "next_at"),
        Sort("decided", "decision", "decided_at"),
        Sort("attempts", "attempts", "attempt_count"),
        Sort("amount", "amount", comparable_sql()),
        Sort("number", "document", "document_number"),
        Sort("system", "system", "system"),
    ),
)
