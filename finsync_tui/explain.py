"""The story of one document: where it came from, what decided what, every attempt and answer, where it stands now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from sqlite3 import Connection, Row
from typing import Any

from finsync_tui import veil
from finsync_tui.extensions import shown
from store import crossrefs, records, workflows
from store.canonical.keys import RecordKey
from store.canonical.money import Money
from store.canonical.purchasing import FieldChange, OrderRevision, PurchaseOrder
from store.clock import text
from store.errors import NotFoundError
from store.workflows import Workflow

LINES_MAX = 5000
PAYLOADS_MAX = 500
"""So many versions of each record are named by the digest of their payload: the newest ones."""
_ENTITIES = ("purchase_order", "invoice", "receipt", "requisition")
"""Documents that are known by their number though no flow was needed for them, in the order they are looked for."""
_LINES = """
SELECT at, kind, place, what, detail FROM (
  SELECT at, kind, place, what, detail, ref FROM v_lineage
  WHERE document_key = :key AND (:entity = '' OR coalesce(entity, :entity) = :entity) AND kind <> 'record'
  UNION ALL
  SELECT fetched_at, 'record', system, 'version ' || version || ' read', contract, id FROM record_version
  WHERE entity = :entity AND system = :system AND external_id = :external_id)
ORDER BY at, CASE kind WHEN 'record' THEN 0
  WHEN 'event' THEN CASE WHEN what LIKE 'com.finsync.delivery.%' THEN 6 ELSE 1 END
  WHEN 'step' THEN 2 WHEN 'finding' THEN 3 WHEN 'attempt' THEN 4 WHEN 'crossref' THEN 5 ELSE 7 END, ref LIMIT :limit
"""
"""Things of one instant as they follow from one another: read, happened, decided, sent, linked, held. The view's record
rows are asked by their index here: the key it shows is put together, so it has none."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened."""

    at: str
    kind: str
    place: str
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the store knows of one document."""

    document_key: str
    number: str
    entity: str
    status: str
    """In a sentence: where it stands now and whose turn it is."""
    links: tuple[tuple[str, str, str], ...]
    """(system, external id, number) of its twins."""
    lines: tuple[Line, ...]
    payloads: tuple[records.PayloadInfo, ...]
    """What the document and its twins were read from, version by version."""

    def to_json(self) -> dict[str, Any]:
        return {
            "document_key": self.document_key,
            "number": self.number,
            "entity": self.entity,
            "status": self.status,
            "links": [{"system": s, "external_id": e, "number": n} for s, e, n in self.links],
            "lines": [asdict(line) for line in self.lines],
            "payloads": [{**asdict(one), "fetched_at": text(one.fetched_at)} for one in self.payloads],
        }


def story(db: Connection, document: str, *, shows_people: bool = False) -> Story:
    """Return the story of a document named by its number, its key `system:id`, or its number in the ERP. What names or reaches
    people is hidden unless it is to be shown."""
    entity, key = find_document(db, document)
    number = _number(db, entity, key) or document
    links = tuple((c.system, c.external_id, c.number or "") for c in crossrefs.of(db, entity, str(key)))
    lines = tuple(
        Line(at, kind, place, what, _readable(detail if shows_people else veil.of_text(detail or "")))
        for at, kind, place, what, detail in lineage(db, entity, str(key), LINES_MAX)
    )
    if entity == PurchaseOrder.entity:
        revisions = _revisions(db, key, shows_people=shows_people)
        lines = tuple(sorted((*lines, *revisions), key=lambda one: one.at))
    extended = _extensions(db, entity, key, shows_people=shows_people)
    lines = tuple(sorted((*lines, *extended), key=lambda one: one.at))
    places = [(key.system, key.external_id), *((system, external_id) for system, external_id, _ in links)]
    payloads = tuple(
        one for place in places for one in records.payload_infos(db, entity, *place, PAYLOADS_MAX)
    )
    return Story(str(key), number, entity, _status(db, entity, str(key)), links, lines, payloads)


def _revisions(db: Connection, key: RecordKey, *, shows_people: bool) -> Iterator[Line]:
    """Yield what the source's own history says of an order: who changed what, also between two reads of ours."""
    for external_id in records.twins(db, OrderRevision.entity, "order", key.external_id, key.system)[
        :LINES_MAX
    ]:
        held = records.get(db, OrderRevision, key.system, external_id)
        at = held.record.changed_at if held is not None else None
        if held is None or at is None:
            continue
        one = held.record
        told = "; ".join(_change(c, shows_people=shows_people) for c in one.changes)
        by = f" by {one.changed_by if shows_people else veil.HIDDEN}" if one.changed_by else ""
        yield Line(text(at), "revision", key.system, f"version {one.revision} made{by}", told)


def _extensions(db: Connection, entity: str, key: RecordKey, *, shows_people: bool) -> Iterator[Line]:
    """Yield what each version of the document says of regional extensions, and by which version of these."""
    for at, body in records.bodies_with_extensions(db, entity, key.system, key.external_id, PAYLOADS_MAX):
        for name, one in sorted(json.loads(body).get("extensions", {}).items()):
            told = {field: _extended(value) for field, value in one["fields"].items()}
            yield Line(
                at,
                "extension",
                key.system,
                f"{name} {one['version']}",
                in_words(told if shows_people else veil.of_value(told)),
            )


def _extended(value: Any) -> str:
    return shown(Money.model_validate(value) if isinstance(value, dict) else value)


def _change(one: FieldChange, *, shows_people: bool) -> str:
    before, after = one.before or "nothing", one.after or "nothing"
    if not shows_people:
        hidden = veil.is_personal(one.field)
        before, after = (veil.HIDDEN if hidden else veil.of_words(text) for text in (before, after))
    return f"{one.field}: {before} -> {after}"


def lineage(db: Connection, entity: str, document_key: str, limit: int) -> list[Row]:
    """Return what happened to one document: at, kind, place, what, detail. An empty entity: to all that bear the key."""
    system, _, external_id = document_key.partition(":")
    return db.execute(
        _LINES,
        {
            "key": document_key,
            "entity": entity,
            "system": system,
            "external_id": external_id,
            "limit": limit,
        },
    ).fetchall()


def find_document(db: Connection, document: str) -> tuple[str, RecordKey]:
    """Return entity and key of what a person calls `document`; the source's own document before its twins."""
    try:
        key = RecordKey.parse(document)
    except ValueError:
        key = None
    if key is not None:
        row = db.execute(
            "SELECT entity FROM record WHERE system = ? AND external_id = ? ORDER BY entity = 'purchase_order' DESC LIMIT 1",
            key,
        ).fetchone()
        if row is not None:
            return str(row[0]), key
    started = db.execute(
        "SELECT entity, document_key FROM workflow WHERE document_number = ? ORDER BY id LIMIT 1", (document,)
    ).fetchone()
    if started is None:
        started = db.execute(
            "SELECT entity, document_key FROM crossref WHERE number = ? ORDER BY document_key LIMIT 1",
            (document,),
        ).fetchone()
    if started is None:
        started = db.execute(
            "SELECT entity, document_key FROM exception_case WHERE document_number = ? OR document_key = ? "
            "ORDER BY id DESC LIMIT 1",
            (document, document),
        ).fetchone()
    if started is not None and ":" in started[1]:
        return str(started[0]), RecordKey.parse(started[1])
    for entity in _ENTITIES:
        for system, external_id in records.by_number(db, entity, document):
            return entity, RecordKey(system, external_id)
    raise NotFoundError("document", document, "Give its number, its number in the ERP, or its key system:id.")


def _number(db: Connection, entity: str, key: RecordKey) -> str | None:
    row = db.execute(
        "SELECT number FROM record WHERE entity = ? AND system = ? AND external_id = ?", (entity, *key)
    ).fetchone()
    return str(row[0]) if row else None


def _status(db: Connection, entity: str, document_key: str) -> str:
    found = workflows.of_document(db, document_key, entity)
    if not found:
        return "read and stored; no workflow was needed for it so far"
    return _standing(found[-1])


def _standing(workflow: Workflow) -> str:
    what = f"{workflow.kind} of version {workflow.document_version}"
    step = workflow.step.replace("_", " ")
    if workflow.state == "done":
        return f"{what}: done and verified"
    if workflow.state == "held":
        return f"{what}: waits for an analyst at {step}"
    if workflow.state == "waiting":
        return f"{what}: waits for {workflow.waiting_for or 'its turn'} at {step}"
    if workflow.state == "running":
        return f"{what}: goes on at {step} with the next cycle"
    return f"{what}: {workflow.state} at {step}"


def _readable(detail: str | None) -> str:
    """Return a step's JSON detail as `name: value` words; other text as it is."""
    if not detail or not detail.startswith("{"):
        return detail or ""
    try:
        values = json.loads(detail)
    except ValueError:
        return detail
    return in_words(values)


def in_words(detail: Mapping[str, Any]) -> str:
    """Return what a step decided as `name: value; ...`."""
    return "; ".join(f"{key.replace('_', ' ')}: {_plain(value)}" for key, value in detail.items())


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_plain(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(v) for v in value) or "none"
    return "none" if value is None else str(value)
