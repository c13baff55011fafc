"""What the engine's store says at the end, as plain rows for the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection

from finsync_tui.rehearse.expense_catalogue import SOURCE as EXPENSE_SOURCE
from finsync_tui.rehearse.planted import SOURCE
from store import audit, commitments, engine, open_store
from store.clock import SystemClock, instant

_LIVE = ("open", "snoozed")


@dataclass(frozen=True, slots=True)
class Case:
    """One exception."""

    class_: str
    key: str
    number: str
    is_open: bool
    entity: str = ""
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Noticed:
    """One finding, or one read that failed."""

    class_: str
    system: str
    key: str | None
    number: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Promised:
    """What the store says that one legal entity still promises in one currency."""

    legal_entity: str
    currency: str
    amount_minor: int
    stage: str = "obligation"
    """obligation: by orders; commitment: by requisitions that no order has taken over."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An open break."""

    definition: str
    kind: str
    class_: str
    number: str
    is_explained: bool
    """An exception or a process under way says why."""


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """How the audit chain verified."""

    is_intact: bool
    count: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The store's side of the story."""

    orders_read: int
    """Those that could not be taken in, too."""
    cases: tuple[Case, ...]
    findings: tuple[Noticed, ...]
    failed_reads: tuple[Noticed, ...]
    live_workflows: frozenset[str]
    """Keys of documents that something is still done for."""
    cycles: int
    clock_at: datetime | None
    audit: AuditCheck
    expense_documents_read: int = 0
    returned: tuple[Case, ...] = ()
    """Expense documents that went back to their owner, by why; RECALLED when the owner took them back."""
    reversed: tuple[Case, ...] = ()
    """Expense documents of which a payment was told to be void."""
    promised: tuple[Promised, ...] = ()
    deliveries_verified: int = 0
    deliveries_overtaken: int = 0
    """Taken, and undone or followed by a later one before they were read back."""
    deliveries_in_exception: int = 0
    """Taken, refused later: an exception of their process says so."""
    unverified: tuple[str, ...] = ()
    """Deliveries that a system took and nothing has proven: operation and document."""
    breaks: tuple[Standing, ...] = ()


def read(path: Path) -> Evidence:
    """Read the evidence of the store at `path`."""
    store = open_store(path, SystemClock())
    try:
        db = store.reader()
        try:
            return _read(db)
        finally:
            db.close()
    finally:
        store.close()


def _read(db: Connection) -> Evidence:
    cases = db.execute(
        "SELECT class, document_key, document_number, state, entity, opened_at FROM v_exception ORDER BY id"
    )
    findings = db.execute(
        "SELECT class, system, document_key, document_number, noticed_at FROM v_finding"
        # Trouble on the way of what only shows us to administrators is nobody's document.
        " WHERE (entity IS NULL OR entity NOT IN ('integration_run', 'integration_error'))"
        # What the approval of a requisition rests on is planted, and judged, at the order that follows it.
        " AND NOT (entity IS 'requisition' AND class = 'APPROVAL_STALE') ORDER BY id"
    )
    failed = db.execute("SELECT system, started_at FROM sync_run WHERE outcome='failed' ORDER BY id")
    live = db.execute("SELECT document_key FROM v_workflow WHERE state IN ('running', 'waiting')")
    state = engine.get(db)
    verified = audit.verify(db)
    verified_count, overtaken_count = db.execute(
        "SELECT count(*) FILTER (WHERE state='verified'), count(*) FILTER (WHERE state='delivered' AND ended_at IS NOT NULL)"
        " FROM v_delivery"
    ).fetchone()
    unproven = db.execute(
        "SELECT d.operation, d.document_number, w.state IS 'held' AND EXISTS"
        " (SELECT 1 FROM v_exception e WHERE e.workflow_id = w.id AND e.ended_at IS NULL)"
        " FROM v_delivery d LEFT JOIN v_workflow w ON w.id = d.workflow_id"
        " WHERE d.state='delivered' AND d.ended_at IS NULL ORDER BY d.id"
    ).fetchall()
    return Evidence(
        orders_read=_documents_read(db, "purchase_order", SOURCE),
        cases=tuple(
            Case(class_, key, number, state in _LIVE, entity, instant(at))
            for class_, key, number, state, entity, at in cases
        ),
        findings=tuple(
            Noticed(c, system, key, number, instant(at)) for c, system, key, number, at in findings
        ),
        failed_reads=tuple(Noticed("UNAVAILABLE", system, None, None, instant(at)) for system, at in failed),
        live_workflows=frozenset(key for (key,) in live),
        cycles=state.cycle_count if state else 0,
        clock_at=state.clock_at if state else None,
        audit=AuditCheck(verified.is_intact, verified.count, verified.reason),
        expense_documents_read=_documents_read(db, "expense_document", EXPENSE_SOURCE),
        returned=tuple(_returned(db)),
        reversed=tuple(_reversed(db)),
        promised=tuple(
            Promised(one.legal_entity, one.currency, one.amount_minor, one.stage)
            for one in commitments.totals(db)
        ),
        deliveries_verified=verified_count,
        deliveries_overtaken=overtaken_count,
        deliveries_in_exception=sum(bool(is_held) for _, _, is_held in unproven),
        unverified=tuple(f"{operation} {number}" for operation, number, is_held in unproven if not is_held),
        breaks=tuple(_standing(db)),
    )


def _standing(db: Connection) -> Iterator[Standing]:
    rows = db.execute(
        "SELECT b.definition, b.kind, b.class, b.document_number, coalesce(e.ended_at IS NULL AND e.id IS NOT NULL, 0)"
        " OR coalesce(w.ended_at IS NULL AND w.id IS NOT NULL, 0)"
        " FROM v_break b LEFT JOIN v_exception e ON e.id = b.case_id LEFT JOIN v_workflow w ON w.id = b.workflow_id"
        " WHERE b.state='open' ORDER BY b.id"
    )
    for definition, kind, class_, number, is_explained in rows:
        yield Standing(definition, kind, class_, number, bool(is_explained))


def _documents_read(db: Connection, entity: str, source: str) -> int:
    """Count the documents that were read, those that could not be taken in, too."""
    (count,) = db.execute(
        "SELECT count(*) FROM (SELECT system || ':' || external_id FROM record WHERE entity = :entity"
        " AND system = :source UNION SELECT document_key FROM exception_case WHERE entity = :entity"
        " AND document_key LIKE :source || ':%')",
        {"entity": entity, "source": source},
    ).fetchone()
    return int(count)


def _returned(db: Connection) -> Iterator[Case]:
    rows = db.execute(
        "SELECT coalesce(json_extract(data, '$.return.class'), 'RECALLED'), document_key, document_number"
        " FROM workflow WHERE entity = 'expense_document' AND state = 'aborted' ORDER BY id"
    )
    for class_, key, number in rows:
        yield Case(class_, key, number, False)


def _reversed(db: Connection) -> Iterator[Case]:
    rows = db.execute(
        "SELECT DISTINCT e.document_key, e.document_number FROM outbox_entry e JOIN delivery d ON d.entry_id = e.id"
        " WHERE e.operation = 'expense.confirm_payment' AND json_extract(e.body, '$.status') = 'reversed'"
        " AND d.state IN ('delivered', 'verified') ORDER BY 1"
    )
    for key, number in rows:
        yield Case("PAYMENT_REVERSED", key, number, False)
