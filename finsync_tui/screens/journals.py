"""The two logs that only grow: events and audit entries, as lists and one by one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from finsync_tui.screens import dossiers
from finsync_tui.screens.dossiers import HistoryLine, Payload
from finsync_tui.screens.filters import Field, Grammar
from finsync_tui.screens.queries import Listing, Sort
from finsync_tui.screens.text import safe_text
from store import audit
from store.audit import Verification
from store.clock import instant

if TYPE_CHECKING:
    from sqlite3 import Connection, Row

    from finsync_tui.sealing import Sealed
    from finsync_tui.settings import Workspace

BRIEF_CHARS = 400


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event as the list shows it."""

    id: int
    at: datetime
    type: str
    """Without prefix and version: `purchase_order.approved`."""
    source: str
    number: str
    """Its subject: the key of the document."""
    brief: str
    document_key: str
    amount_minor: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One audit entry as the list shows it."""

    id: int
    at: datetime
    who: str
    what: str
    number: str
    why: str
    source: str
    document_key: str
    amount_minor: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class EventDossier:
    row: EventRow
    facts: tuple[tuple[str, str], ...]
    data: Payload
    history: tuple[HistoryLine, ...]


@dataclass(frozen=True, slots=True)
class AuditDossier:
    row: AuditRow
    facts: tuple[tuple[str, str], ...]
    entry: Payload
    history: tuple[HistoryLine, ...]
    hash: str
    previous: str


def _event(row: Row) -> EventRow:
    return EventRow(
        id=row["seq"],
        at=instant(row["time"]),
        type=_short(row["type"]),
        source=safe_text(row["source"], 60),
        number=safe_text(row["subject"], 80),
        brief=dossiers.brief(row["data"]),
        document_key=row["subject"],
    )


def _entry(row: Row) -> AuditRow:
    return AuditRow(
        id=row["seq"],
        at=instant(row["at"]),
        who=safe_text(row["who"], 60),
        what=safe_text(row["what"], 60),
        number=safe_text(row["subject"], 80),
        why=safe_text(row["why"], 300),
        source=safe_text(row["source"], 20),
        document_key=row["subject"] or "",
    )


def _short(type_: str) -> str:
    return safe_text(type_.removeprefix("com.finsync.").rpartition(".v")[0] or type_, 60)


EVENTS: Listing[EventRow] = Listing(
    name="events",
    view="v_event",
    select=f"SELECT seq, type, source, subject, time, substr(data, 1, {BRIEF_CHARS * 10}) AS data FROM v_event "  # noqa: S608
    "WHERE seq IN ({ids})",
    make=_event,
    grammar=Grammar(
        fields=(
            Field("type", "type"),
            Field("source", "source"),
            Field("subject", "subject"),
            Field("time", "time", "instant"),
            Field("age", "time", "instant", is_age=True),
            Field("seq", "seq", "number"),
        ),
        words=("subject", "type", "data"),
        document="subject",
    ),
    sorts=(Sort("order", "order", "seq"), Sort("time", "time", "time")),
    key="seq",
    has_money=False,
)
AUDIT: Listing[AuditRow] = Listing(
    name="audit",
    view="v_audit",
    select="SELECT *, json_extract(body, '$.source') AS source FROM v_audit WHERE seq IN ({ids})",
    make=_entry,
    grammar=Grammar(
        fields=(
            Field("who", "who"),
            Field("what", "what"),
            Field("subject", "subject"),
            Field("time", "at", "instant"),
            Field("age", "at", "instant", is_age=True),
            Field("seq", "seq", "number"),
        ),
        words=("subject", "what", "who", "why"),
        flags=(
            ("mine", "who = :me"),
            ("people", "coalesce(json_extract(body, '$.source'), '') IN ('tui', 'cli', 'web')"),
        ),
        document="subject",
    ),
    sorts=(Sort("order", "order", "seq"),),
    key="seq",
    has_money=False,
)


def event(db: Connection, seq: int) -> EventDossier | None:
    """Return one event with what happened to its document."""
    raw = db.execute("SELECT * FROM v_event WHERE seq = ?", (seq,)).fetchone()
    if raw is None:
        return None
    row = _event(raw)
    facts = (("Event", raw["id"]), ("Type", raw["type"]), ("Belongs to", raw["correlation_id"] or ""))
    return EventDossier(
        row=row,
        facts=tuple((name, safe_text(value)) for name, value in facts),
        data=dossiers.document("the event's data", raw["data"]),
        history=dossiers.history(db, raw["entity"] or "", raw["subject"]),
    )


def entry(db: Connection, seq: int) -> AuditDossier | None:
    """Return one audit entry, its place in the chain, and what happened to its document."""
    raw = db.execute(
        "SELECT *, json_extract(body, '$.source') AS source FROM v_audit WHERE seq = ?", (seq,)
    ).fetchone()
    if raw is None:
        return None
    before = db.execute("SELECT hash FROM v_audit WHERE seq = ?", (seq - 1,)).fetchone()
    subject = raw["subject"] or ""
    entity = db.execute("SELECT entity FROM v_workflow WHERE document_key = ? LIMIT 1", (subject,)).fetchone()
    body: Mapping[str, Any] = json.loads(raw["body"])
    changes = {name: body[name] for name in ("before", "after") if name in body}
    return AuditDossier(
        row=_entry(raw),
        facts=(),
        entry=dossiers.document("what was changed", json.dumps(changes, ensure_ascii=False)),
        history=dossiers.history(db, entity[0] if entity else "", subject),
        hash=raw["hash"].lower(),
        previous=before["hash"].lower() if before else "",
    )


def verified(db: Connection, workspace: Workspace | None) -> tuple[Verification, Sealed]:
    """Check the whole chain, and its checkpoints with the key of this account."""
    from finsync_tui import sealing
    from finsync_tui.assembly import secrets_of

    sealed = sealing.check(db, secrets_of(workspace) if workspace is not None else None)
    return sealing.together(audit.verify(db), sealed), sealed
