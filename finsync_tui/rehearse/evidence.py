"""What the engine's store says at the end, as plain rows for the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection

from finsync_tui.rehearse.planted import SOURCE
from store import audit, engine, open_store
from store.clock import SystemClock, instant

_LIVE = ("open", "snoozed")


@dataclass(frozen=True, slots=True)
class Case:
    """One exception."""

    class_: str
    key: str
    number: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Noticed:
    """One finding, or one read that failed."""

    class_: str
    system: str
    key: str | None
    number: str | None
    at: datetime


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
    (orders_read,) = db.execute(
        "SELECT count(*) FROM (SELECT system || ':' || external_id FROM record WHERE entity = 'purchase_order'"
        " AND system = :source UNION SELECT document_key FROM exception_case WHERE entity = 'purchase_order'"
        " AND document_key LIKE :source || ':%')",
        {"source": SOURCE},
    ).fetchone()
    cases = db.execute("SELECT class, document_key, document_number, state FROM v_exception ORDER BY id")
    findings = db.execute(
        "SELECT class, system, document_key, document_number, noticed_at FROM v_finding ORDER BY id"
    )
    failed = db.execute("SELECT system, started_at FROM sync_run WHERE outcome='failed' ORDER BY id")
    live = db.execute("SELECT document_key FROM v_workflow WHERE state IN ('running', 'waiting')")
    state = engine.get(db)
    verified = audit.verify(db)
    return Evidence(
        orders_read=orders_read,
        cases=tuple(Case(class_, key, number, state in _LIVE) for class_, key, number, state in cases),
        findings=tuple(
            Noticed(c, system, key, number, instant(at)) for c, system, key, number, at in findings
        ),
        failed_reads=tuple(Noticed("UNAVAILABLE", system, None, None, instant(at)) for system, at in failed),
        live_workflows=frozenset(key for (key,) in live),
        cycles=state.cycle_count if state else 0,
        clock_at=state.clock_at if state else None,
        audit=AuditCheck(verified.is_intact, verified.count, verified.reason),
    )
