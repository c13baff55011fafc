"""Everything about one exception, one workflow, one delivery, one system: what the detail screens show."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from adapters.redaction import redact
from finsync_tui import explain, veil
from finsync_tui.screens import compare, missing, queries, similar
from finsync_tui.screens.queries import DeliveryRow, ExceptionRow, WorkflowRow
from finsync_tui.screens.similar import Similar, Suggestion
from finsync_tui.screens.text import safe_lines, safe_text, words
from store import calls
from store.clock import instant
from store.columns import when

if TYPE_CHECKING:
    from sqlite3 import Connection, Row

PAYLOAD_SHOWN_BYTES = 200_000
"""A payload may be 40 MB; nobody reads more than its beginning on a screen."""
HISTORY_MAX = 500
DETAIL_MAX = 60
_BANK = re.compile(r"(iban|bank_?account|account_?number|bban|routing|swift|\bbic\b)", re.IGNORECASE)
_BANK_JSON = re.compile(
    r'("[^"]*(?:iban|bank_?account|bankAccountNum|account_?number|bban|routing)[^"]*"\s*:\s*")([^"]*)(")',
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of a workflow, with what it decided."""

    name: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    detail: tuple[tuple[str, str], ...]
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallView:
    """One request of an attempt, as it went over the wire; bank numbers and secrets masked."""

    line: str
    """Method and path."""
    status: int | None
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One call to a system."""

    entry_id: int
    system: str
    operation: str
    number: int
    started_at: datetime
    outcome: str
    status: int | None
    message: str
    answer: str
    duration_ms: int | None
    request: Payload
    """What it sent: the body as decided, or as somebody had edited it before."""
    calls: tuple[CallView, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that happened to a document."""

    at: datetime
    kind: str
    place: str
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Note:
    """A comment."""

    at: datetime
    author: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """The document's id in another system."""

    system: str
    number: str
    external_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Payload:
    """A document as text, with what has to be said about it."""

    title: str
    lines: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sides:
    """The three documents of a comparison, by where they come from."""

    lines: tuple[compare.Line, ...]
    source: str
    sent: str
    target: str
    source_at: datetime | None
    sent_at: datetime | None
    target_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseDossier:
    row: ExceptionRow
    sides: Sides
    evidence: tuple[tuple[str, str], ...]
    steps: tuple[StepView, ...]
    attempts: tuple[AttemptView, ...]
    history: tuple[HistoryLine, ...]
    payload: Payload
    notes: tuple[Note, ...]
    links: tuple[Link, ...]
    similar: tuple[Similar, ...]
    suggestion: Suggestion | None


@dataclass(frozen=True, slots=True)
class Undoing:
    """A write of a workflow that was given up, and what takes it back."""

    write: DeliveryRow
    counter: DeliveryRow | None
    """None: nothing undoes it, it stays."""
    at: datetime | None
    """When it was done with; None: it is still being undone."""


@dataclass(frozen=True, slots=True)
class WorkflowDossier:
    row: WorkflowRow
    steps: tuple[StepView, ...]
    timeline: tuple[StepView, ...]
    deliveries: tuple[DeliveryRow, ...]
    cases: tuple[ExceptionRow, ...]
    links: tuple[Link, ...]
    history: tuple[HistoryLine, ...]
    sides: Sides
    undoings: tuple[Undoing, ...] = ()


@dataclass(frozen=True, slots=True)
class DeliveryDossier:
    row: DeliveryRow
    attempts: tuple[AttemptView, ...]
    body: Payload
    edited: Payload | None
    receipt: tuple[tuple[str, str], ...]
    idempotency_key: str
    priority: int
    workflow: WorkflowRow | None


@dataclass(frozen=True, slots=True)
class ReadLine:
    """How far one entity of a system is read, and how its last run went."""

    id: int
    entity: str
    position: str
    is_complete: bool
    moved_at: datetime | None
    outcome: str
    rows_read: int
    rows_changed: int
    rows_refused: int
    error: str


def case(db: Connection, case_id: int, *, shows_people: bool = False) -> CaseDossier | None:
    """Return everything about one exception; None when it is gone. People are hidden unless they are to be shown."""
    row = queries.rows(db, queries.EXCEPTIONS, [case_id]).get(case_id)
    if row is None:
        return None
    alike = similar.cases(db, row)
    raw = db.execute(
        "SELECT evidence, substr(payload, 1, ?) AS payload, length(payload) AS size FROM exception_case WHERE id = ?",
        (PAYLOAD_SHOWN_BYTES, case_id),
    ).fetchone()
    return CaseDossier(
        row=row,
        sides=_sides(
            db, row.entity, row.document_key, row.workflow_id, row.entry_id, shows_people=shows_people
        ),
        evidence=_pairs(raw["evidence"], shows_people=shows_people),
        steps=_steps(db, row.workflow_id, shows_people=shows_people),
        attempts=_attempts(db, row.document_key, shows_people=shows_people),
        history=history(db, row.entity, row.document_key),
        payload=_payload(db, row.entity, row.document_key, raw, shows_people=shows_people),
        notes=tuple(
            Note(instant(note["at"]), safe_text(note["author"], 60), tuple(safe_lines(note["text"], 200)))
            for note in db.execute(
                "SELECT * FROM case_note WHERE case_id = ? ORDER BY id", (case_id,)
            ).fetchall()
        ),
        links=_links(db, row.entity, row.document_key),
        similar=alike,
        suggestion=similar.suggestion(
            row, alike, missing.of_evidence(row.class_, json.loads(raw["evidence"]))
        ),
    )


def workflow(db: Connection, workflow_id: int, *, shows_people: bool = False) -> WorkflowDossier | None:
    """Return everything about one workflow; None when it is gone."""
    row = queries.rows(db, queries.WORKFLOWS, [workflow_id]).get(workflow_id)
    if row is None:
        return None
    entity = db.execute("SELECT entity FROM v_workflow WHERE id = ?", (workflow_id,)).fetchone()[0]
    entries = _ids(db, "SELECT id FROM outbox_entry WHERE workflow_id = ? ORDER BY id", workflow_id)
    cases = _ids(db, "SELECT id FROM exception_case WHERE workflow_id = ? ORDER BY id", workflow_id)
    steps = _steps(db, workflow_id, shows_people=shows_people)
    return WorkflowDossier(
        row=row,
        steps=steps,
        timeline=timeline(row, steps),
        deliveries=tuple(queries.rows(db, queries.DELIVERIES, entries).values()),
        cases=tuple(queries.rows(db, queries.EXCEPTIONS, cases).values()),
        links=_links(db, entity, row.document_key),
        history=history(db, entity, row.document_key),
        sides=_sides(db, entity, row.document_key, workflow_id, None, shows_people=shows_people),
        undoings=undoings(db, workflow_id),
    )


def undoings(db: Connection, workflow_id: int) -> tuple[Undoing, ...]:
    """Return what giving a workflow up takes back, in the order in which it was, what is still under way last."""
    (data,) = db.execute("SELECT data FROM workflow WHERE id = ?", (workflow_id,)).fetchone()
    counters = {int(write): asked[0] for write, asked in json.loads(data).get("compensating", {}).items()}
    noted = {
        json.loads(detail)["entry"]: instant(ended)
        for detail, ended in db.execute(
            "SELECT detail, ended_at FROM workflow_step WHERE workflow_id = ? AND state = 'compensated' ORDER BY id",
            (workflow_id,),
        ).fetchall()
    }
    writes = [*noted, *(write for write in counters if write not in noted)]
    found = queries.rows(db, queries.DELIVERIES, [*writes, *counters.values()])
    return tuple(
        Undoing(found[write], found.get(counters.get(write, 0)), noted.get(write)) for write in writes
    )


def timeline(row: WorkflowRow, steps: tuple[StepView, ...]) -> tuple[StepView, ...]:
    """Return the steps as stretches of time without gaps, the present one among them.

    The engine notes a step when it is decided: what lies between two of them is the wait of the later one.
    """
    found: list[StepView] = []
    begun = row.started_at
    for place, step in enumerate(steps):
        is_last = place == len(steps) - 1
        ended = step.ended_at
        if ended is None and (not is_last or not row.is_live):
            ended = step.started_at  # it was held; a retry went on from there
        found.append(replace(step, started_at=min(begun, step.started_at), ended_at=ended))
        begun = ended or step.started_at
    if row.is_live and not (found and found[-1].ended_at is None):
        waits = (("waiting for", row.waiting_for),) if row.waiting_for else ()
        found.append(StepView(words(row.step), row.state, begun, None, waits, row.due_at))
    return tuple(found)


def delivery(db: Connection, entry_id: int, *, shows_people: bool = False) -> DeliveryDossier | None:
    """Return everything about one delivery; None when it is gone."""
    row = queries.rows(db, queries.DELIVERIES, [entry_id]).get(entry_id)
    if row is None:
        return None
    raw = db.execute(
        "SELECT e.idempotency_key, e.priority, substr(e.body, 1, :most) AS body, length(e.body) AS size, d.receipt, "
        "substr(d.edited_body, 1, :most) AS edited, length(d.edited_body) AS edited_size "
        "FROM outbox_entry e JOIN delivery d ON d.entry_id = e.id WHERE e.id = :id",
        {"most": PAYLOAD_SHOWN_BYTES, "id": entry_id},
    ).fetchone()
    flows = queries.rows(db, queries.WORKFLOWS, [row.workflow_id] if row.workflow_id else [])
    edited = None
    if raw["edited"] is not None:
        edited = _document(
            "as edited: this is sent", raw["edited"], raw["edited_size"], shows_people=shows_people
        )
    return DeliveryDossier(
        row=row,
        attempts=_attempts(db, row.document_key, entry_id, shows_people=shows_people),
        body=_document("as decided", raw["body"], raw["size"], shows_people=shows_people),
        edited=edited,
        receipt=_pairs(raw["receipt"], shows_people=shows_people),
        idempotency_key=safe_text(raw["idempotency_key"]),
        priority=raw["priority"],
        workflow=next(iter(flows.values()), None),
    )


def reads(db: Connection, system: str) -> tuple[ReadLine, ...]:
    """Return how far each entity of a system is read."""
    rows = db.execute(
        "SELECT w.entity, w.position, w.is_complete, w.moved_at, r.outcome, r.rows_read, r.rows_changed, "
        "r.rows_refused, r.error FROM watermark w LEFT JOIN sync_run r ON r.id = (SELECT max(id) FROM sync_run "
        "WHERE system = w.system AND entity = w.entity) WHERE w.system = ? ORDER BY w.entity",
        (system,),
    ).fetchall()
    return tuple(
        ReadLine(
            id=number,
            entity=safe_text(row["entity"], 40),
            position=safe_text(row["position"], 60),
            is_complete=bool(row["is_complete"]),
            moved_at=when(row["moved_at"]),
            outcome=row["outcome"] or "",
            rows_read=row["rows_read"] or 0,
            rows_changed=row["rows_changed"] or 0,
            rows_refused=row["rows_refused"] or 0,
            error=safe_text(row["error"], 300),
        )
        for number, row in enumerate(rows, start=1)
    )


def masked(name: str, value: str, *, shows_people: bool = False) -> str:
    """Return a value as this screen may show it: of bank details only the last four characters, of people nothing that names them.

    >>> masked("iban", "DE89370400440532013000"), masked("owner_login", "ana@example.com")
    ('••••3000', '••••')
    """
    if value and _BANK.search(name):
        return f"••••{value[-4:]}"
    if shows_people:
        return value
    return veil.HIDDEN if value and veil.is_personal(name.rpartition(".")[2]) else veil.of_words(value)


def _ids(db: Connection, query: str, parameter: int) -> list[int]:
    return [row[0] for row in db.execute(query, (parameter,)).fetchall()]


def _pairs(text: str | None, *, shows_people: bool = False) -> tuple[tuple[str, str], ...]:
    """Return a JSON object as names and values; nested ones by dotted names."""
    if not text:
        return ()
    try:
        value = json.loads(text)
    except ValueError:
        return (("text", safe_text(text)),)
    found: list[tuple[str, str]] = []
    _flatten("", value, found, shows_people=shows_people)
    return tuple(found[:DETAIL_MAX])


def _flatten(name: str, value: object, into: list[tuple[str, str]], *, shows_people: bool) -> None:
    is_money = isinstance(value, dict) and set(value) == {"amount_minor", "currency"}
    if isinstance(value, dict) and not is_money:
        for key, item in value.items():
            _flatten(f"{name}.{key}" if name else str(key), item, into, shows_people=shows_people)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for number, item in enumerate(value, start=1):
            _flatten(f"{name} {number}", item, into, shows_people=shows_people)
    else:
        label = safe_text(name.replace("_", " "), 60) or "value"
        into.append((label, masked(name, compare.shown(value), shows_people=shows_people) or "∅"))


def _steps(db: Connection, workflow_id: int | None, *, shows_people: bool) -> tuple[StepView, ...]:
    if workflow_id is None:
        return ()
    rows = db.execute(
        "SELECT * FROM workflow_step WHERE workflow_id = ? ORDER BY id", (workflow_id,)
    ).fetchall()
    return tuple(
        StepView(
            name=safe_text(row["name"].replace("_", " "), 60),
            state=row["state"],
            started_at=instant(row["started_at"]),
            ended_at=when(row["ended_at"]),
            detail=_pairs(row["detail"], shows_people=shows_people),
            due_at=when(row["due_at"]),
        )
        for row in rows
    )


def _attempts(
    db: Connection, document_key: str, entry_id: int | None = None, *, shows_people: bool
) -> tuple[AttemptView, ...]:
    condition, value = ("e.document_key = ?", document_key) if entry_id is None else ("e.id = ?", entry_id)
    rows = db.execute(
        f"SELECT a.*, e.system, e.operation, substr(coalesce(a.edited_body, e.body), 1, ?) AS sent, "  # noqa: S608
        f"length(coalesce(a.edited_body, e.body)) AS size FROM attempt a JOIN outbox_entry e ON e.id = a.entry_id "
        f"WHERE {condition} ORDER BY a.id",
        (PAYLOAD_SHOWN_BYTES, value),
    ).fetchall()
    requests: dict[tuple[int, bytes | str], Payload] = {}
    for row in rows:
        how = "as edited" if row["edited_body"] is not None else "as decided"
        if (row["entry_id"], row["sent"]) not in requests:
            requests[row["entry_id"], row["sent"]] = _document(
                how, row["sent"], row["size"], shows_people=shows_people
            )
    return tuple(
        AttemptView(
            entry_id=row["entry_id"],
            system=safe_text(row["system"], 60),
            operation=safe_text(row["operation"], 60),
            number=row["number"],
            started_at=instant(row["started_at"]),
            outcome=row["outcome"],
            status=row["status"],
            message=safe_text(row["message"]),
            answer=_without_secrets(safe_text(_told(row["answer"] or "", shows_people=shows_people), 2_000)),
            duration_ms=row["duration_ms"],
            request=requests[row["entry_id"], row["sent"]],
            calls=_calls(row["calls"], shows_people=shows_people) if entry_id is not None else (),
        )
        for row in rows
    )


def history(db: Connection, entity: str, document_key: str) -> tuple[HistoryLine, ...]:
    """Return what happened to a document, as `finsync explain` tells it."""
    rows = explain.lineage(db, entity, document_key, HISTORY_MAX)
    return tuple(
        HistoryLine(
            at=instant(row["at"]),
            kind=row["kind"],
            place=safe_text(row["place"], 60),
            what=_happening(row["kind"], safe_text(row["what"], 200)),
            detail=brief(row["detail"]),
        )
        for row in rows
    )


def _happening(kind: str, what: str) -> str:
    """Return what happened in the words of the screens; exception classes stay as they are, they are codes."""
    if kind == "event":
        what = what.removeprefix("com.finsync.").rpartition(".v")[0] or what
    return what.replace("_", " ") if kind in ("event", "step") else what


def brief(detail: str | None) -> str:
    """Return a step's or event's JSON in one line, anything else as it is."""
    if detail and detail.startswith("{"):
        return safe_text(" · ".join(f"{name} {value}" for name, value in _pairs(detail)[:8]))
    return safe_text(detail)


def _links(db: Connection, entity: str, document_key: str) -> tuple[Link, ...]:
    rows = db.execute(
        "SELECT system, number, external_id, why FROM crossref WHERE entity = ? AND document_key = ? ORDER BY system",
        (entity, document_key),
    ).fetchall()
    return tuple(Link(*(safe_text(value, 80) for value in row)) for row in rows)


def _record(
    db: Connection, entity: str, system: str, external_id: str, version: int | None = None
) -> Row | None:
    found: Row | None
    if version is not None:
        found = db.execute(
            "SELECT *, '' AS number FROM record_version WHERE entity = ? AND system = ? AND external_id = ? "
            "AND version = ?",
            (entity, system, external_id, version),
        ).fetchone()
        if found is not None:
            return found
    found = db.execute(
        "SELECT v.*, r.number FROM record r JOIN record_version v ON v.id = r.version_id "
        "WHERE r.entity = ? AND r.system = ? AND r.external_id = ?",
        (entity, system, external_id),
    ).fetchone()
    return found


def _sides(
    db: Connection,
    entity: str,
    document_key: str,
    workflow_id: int | None,
    entry_id: int | None,
    *,
    shows_people: bool,
) -> Sides:
    """Return source, sent and target: the version the workflow decided on, not a newer one."""
    system, _, external_id = document_key.partition(":")
    version = db.execute(
        "SELECT document_version FROM v_workflow WHERE id = ?", (workflow_id or 0,)
    ).fetchone()
    source = _record(db, entity, system, external_id, version[0] if version else None)
    sent = _sent(db, document_key, entry_id)
    link = db.execute(
        "SELECT system, external_id FROM crossref WHERE entity = ? AND document_key = ? AND system <> ? "
        "ORDER BY system LIMIT 1",
        (entity, document_key, system),
    ).fetchone()
    held_as = _HELD_AS.get(sent["operation"], entity) if sent else entity
    target = _record(db, held_as, link["system"], link["external_id"]) if link else None
    decided = json.loads(sent["body"]) if sent else {}
    body = next(
        (decided[name] for name in ("commitment", "invoice", "journal", "receipt") if name in decided), None
    )
    return Sides(
        lines=tuple(
            line if shows_people else _hidden(line, entity)
            for line in compare.compare(_body(source), body, _body(target), entity)
        ),
        source=safe_text(system, 40),
        sent=safe_text(sent["system"], 40) if sent else "",
        target=safe_text(link["system"], 40) if link else "",
        source_at=instant(source["fetched_at"]) if source else None,
        sent_at=instant(sent["at"]) if sent else None,
        target_at=instant(target["fetched_at"]) if target else None,
    )


def _hidden(line: compare.Line, entity: str) -> compare.Line:
    """Return a compared field without people's names; that it differs is still seen."""
    name = line.label.replace(" ", "_")
    if not veil.is_personal(name) and not (entity == "employee" and name == "name"):
        return line
    source, sent, target = (
        veil.HIDDEN if value else value for value in (line.source, line.sent, line.target)
    )
    return replace(line, source=source, sent=sent, target=target)


def _body(row: Row | None) -> Mapping[str, Any] | None:
    if row is None:
        return None
    body: Mapping[str, Any] = json.loads(row["body"])
    return body


_HELD_AS = {"invoice.create": "invoice", "journal.create": "journal_entry", "receipt.create": "receipt"}
"""What the ERP holds of a decision, where that is no document of the source's own kind."""


def _sent(db: Connection, document_key: str, entry_id: int | None) -> Row | None:
    """Return the newest decision that holds a whole document; the exception's own when it is one."""
    found: Row | None = db.execute(
        "SELECT e.system, e.operation, coalesce(d.edited_body, e.body) AS body, e.decided_at AS at FROM outbox_entry e "
        "JOIN delivery d ON d.entry_id = e.id WHERE e.document_key = ? "
        "AND e.operation IN ('order.create', 'order.change', 'invoice.create', 'journal.create', 'receipt.create') ORDER BY e.id = ? DESC, e.id DESC LIMIT 1",
        (document_key, entry_id or 0),
    ).fetchone()
    return found


def _payload(db: Connection, entity: str, document_key: str, raw: Row, *, shows_people: bool) -> Payload:
    """Return the case's own payload, else that of the record it is about."""
    if raw["payload"] is not None:
        return _document(
            "the document as it was read; it could not be stored as a record",
            raw["payload"],
            raw["size"],
            entity,
            shows_people=shows_people,
        )
    system, _, external_id = document_key.partition(":")
    row = db.execute(
        "SELECT substr(v.payload, 1, ?) AS payload, length(v.payload) AS size, v.version, v.fetched_at FROM record r "
        "JOIN record_version v ON v.id = r.version_id WHERE r.entity = ? AND r.system = ? AND r.external_id = ?",
        (PAYLOAD_SHOWN_BYTES, entity, system, external_id),
    ).fetchone()
    if row is None:
        return Payload("no payload", (), "This exception has no document of its own.")
    return _document(
        f"version {row['version']} as read from {safe_text(system, 40)}",
        row["payload"],
        row["size"],
        entity,
        shows_people=shows_people,
    )


def document(title: str, content: str) -> Payload:
    """Return a whole document as it is shown."""
    return _document(title, content[:PAYLOAD_SHOWN_BYTES], len(content))


def _calls(kept: bytes | None, *, shows_people: bool) -> tuple[CallView, ...]:
    """Return the requests of one attempt, each body indented when it is whole and JSON."""
    return tuple(
        CallView(
            safe_text(f"{one.method} {one.path}", 300),
            one.status,
            _document("", one.body, len(one.body), shows_people=shows_people).lines if one.body else (),
        )
        for one in calls.unpacked(kept)
    )


def _document(
    title: str, content: bytes | str, size: int, entity: str = "", *, shows_people: bool = False
) -> Payload:
    """Return a document indented when it is whole and JSON, else as it stands."""
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    note = ""
    if size > len(content):
        note = f"only the first {len(content):,} of {size:,} bytes are shown"
    else:
        text = _told(text, entity, shows_people=shows_people)
        try:
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except ValueError:
            note = "this is not JSON: shown as it came"
        except RecursionError:
            note = "nested too deeply to be indented: shown as it came"
    return Payload(title, tuple(safe_lines(_without_secrets(text))), note)


def _told(text: str, entity: str = "", *, shows_people: bool) -> str:
    return text if shows_people else veil.of_text(text, entity)


def _without_secrets(text: str) -> str:
    """Return a document without credentials, and with the last four characters of bank details only."""
    return redact(_BANK_JSON.sub(lambda match: match[1] + masked("iban", match[2]) + match[3], text))
