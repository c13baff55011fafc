"""What lies in a pack beside the log: which rows of the store, and under which names.

A row belongs to the period when it was true at any moment of it, so that what was decided then can be understood: a version of a
supplier that was read a year before and replaced the week after belongs to it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui.evidence.scope import Scope
from finsync_tui.governance import duties
from finsync_tui.profile import Profile
from store import calls, proposals
from store.clock import instant, text

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What a part is asked about."""

    db: Connection
    profile: Profile
    scope: Scope


@dataclass(frozen=True, slots=True)
class Part:
    """One file of JSON lines."""

    path: str
    about: str
    rows: Callable[[Question], Iterator[Row]]

    @property
    def is_of_documents(self) -> bool:
        """Whether it tells what systems hold and said, and not who worked here."""
        return self.path.startswith(("documents/", "reconciliation/"))


_IN_SCOPE: Final = """(:is_all OR {key} IN (SELECT value FROM json_each(:documents))
  OR (:legal_entity <> '' AND {key} IN (SELECT document_key FROM workflow WHERE legal_entity = :legal_entity)))"""
_VERSIONS: Final = """
SELECT entity, system, external_id, version, contract, source_version, source_updated_at, changed_by, fetched_at,
  lower(hex(content_hash)) AS content_hash, body, payload FROM record_version v
WHERE fetched_at < :ends AND {scope} AND NOT EXISTS (
  SELECT 1 FROM record_version n WHERE n.external_id = v.external_id AND n.version = v.version + 1 AND n.system = v.system
    AND n.entity = v.entity AND n.fetched_at < :begins)
ORDER BY id""".format(scope=_IN_SCOPE.format(key="system || ':' || external_id"))  # noqa: S608
_RULES: Final = """
SELECT kind, name, version, digest, body, recorded_at FROM ruleset_version v
WHERE recorded_at < :ends AND NOT EXISTS (
  SELECT 1 FROM ruleset_version n WHERE n.kind = v.kind AND n.name = v.name AND n.version = v.version + 1 AND n.recorded_at < :begins)
ORDER BY kind, name, version"""
_CHANGE_SETS: Final = """
SELECT v.*, c.digest, c.body FROM v_change_set v JOIN change_set c ON c.id = v.id WHERE v.applied_at < :ends ORDER BY v.id"""
_ATTEMPTS: Final = """
SELECT a.*, d.document_key, d.system, d.operation FROM attempt a JOIN v_delivery d ON d.id = a.entry_id
WHERE a.started_at < :ends AND a.ended_at >= :begins AND {scope} ORDER BY a.id""".format(
    scope=_IN_SCOPE.format(key="d.document_key")
)
_STEPS: Final = """
SELECT s.*, w.document_key FROM workflow_step s JOIN workflow w ON w.id = s.workflow_id
WHERE s.started_at < :ends AND coalesce(s.ended_at, :ends) >= :begins AND {scope} ORDER BY s.id""".format(
    scope=_IN_SCOPE.format(key="w.document_key")
)


def _view(
    view: str, begun: str, ended: str, key: str = "document_key", order: str = "id"
) -> Callable[[Question], Iterator[Row]]:
    """Return rows of a public view that were there in the period: begun before its end, ended not before its beginning."""
    scope = _IN_SCOPE.format(key=key)
    query = f"SELECT * FROM {view} WHERE {begun} < :ends AND coalesce({ended}, :ends) >= :begins AND {scope} ORDER BY {order}"  # noqa: S608
    return lambda question: _rows(question, query)


def _rows(question: Question, query: str) -> Iterator[Row]:
    cursor = question.db.execute(query, question.scope.parameters())
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)


def _versions(question: Question) -> Iterator[Row]:
    for row in _rows(question, _VERSIONS):
        payload: bytes = row["payload"]
        try:
            yield {**row, "payload": payload.decode()}
        except UnicodeDecodeError:
            yield {**row, "payload": None, "payload_base64": base64.b64encode(payload).decode()}


def _attempts(question: Question) -> Iterator[Row]:
    for row in _rows(question, _ATTEMPTS):
        sent = [
            {"method": one.method, "path": one.path, "status": one.status, "body": one.body}
            for one in calls.unpacked(row["calls"])
        ]
        yield {**row, "calls": sent}


def _changes(question: Question) -> Iterator[Row]:
    """Yield each change with the very texts that were signed."""
    store = proposals.store_id(question.db)
    begins, ends = question.scope.begins, question.scope.ends
    for one in proposals.every(question.db):
        if one.made_at >= ends or (one.decided_at is not None and one.decided_at < begins):
            continue
        decided = ""
        if one.checker is not None and one.decided_at is not None and one.version is not None:
            statement = proposals.decided_statement(
                store, one, checker=one.checker, decided_at=one.decided_at, version=one.version
            )
            decided = statement.decode()
        told = asdict(one)
        yield {
            **told,
            "made_at": text(one.made_at),
            "decided_at": text(one.decided_at) if one.decided_at else None,
            "maker_text": proposals.made_statement(store, one).decode(),
            "checker_text": decided,
        }


def _emergencies(question: Question) -> Iterator[Row]:
    """Yield what one person put in force at once, with the text that they signed."""
    store = proposals.store_id(question.db)
    query = """SELECT v.*, e.signature, e.step_before FROM v_emergency v JOIN emergency e ON e.proposal_id = v.proposal_id
      WHERE v.put_at < :ends AND coalesce(v.ended_at, :ends) >= :begins ORDER BY v.proposal_id"""
    for row in _rows(question, query):
        change = proposals.get(question.db, row["proposal_id"])
        if change is not None:
            statement = proposals.put_in_force_statement(
                store,
                change,
                put_at=instant(row["put_at"]),
                version=row["version"],
                step_before=row["step_before"],
            )
            yield {**row, "text": statement.decode()}


def _people(question: Question) -> Iterator[Row]:
    """Yield who could do what, and until when: somebody whose roles or key have changed stands there once for each."""
    for name, person in sorted(question.profile.people.items()):
        known = {"name": name, "os_account": person.os_account, "web_login": person.web_login}
        for before in person.before:
            yield {**known, "roles": before.roles, "key": before.key, "until": text(before.until)}
        yield {**known, "roles": person.roles, "key": person.key, "until": None}


def _duties(question: Question) -> Iterator[Row]:
    return (asdict(one) for one in duties.conflicts(question.profile))


PARTS: Final = (
    Part("access/people.jsonl", "who could work here, with which roles and which key", _people),
    Part("access/duties.jsonl", "who could do alone what is meant for two", _duties),
    Part(
        "rules/versions.jsonl",
        "mapping tables, policies and profiles that were in force",
        lambda question: _rows(question, _RULES),
    ),
    Part("changes/proposals.jsonl", "changes that took a second person, as they were signed", _changes),
    Part("changes/emergencies.jsonl", "changes that one person put in force at once, and what became of them", _emergencies),
    Part("changes/change_sets.jsonl", "changes of the profile's files from another environment, as they were signed", lambda question: _rows(question, _CHANGE_SETS)),
    Part("documents/versions.jsonl", "what was read from each system, and what was made of it", _versions),
    Part("documents/workflows.jsonl", "what was done with each document", _view("v_workflow", "started_at", "ended_at")),
    Part("documents/steps.jsonl", "its steps, with the rules that decided", lambda question: _rows(question, _STEPS)),
    Part("documents/deliveries.jsonl", "what was sent to a system, and whether it was read back", _view("v_delivery", "decided_at", "ended_at")),
    Part("documents/attempts.jsonl", "every attempt with request and answer, secrets masked", _attempts),
    Part("documents/exceptions.jsonl", "what waited for a person, and how it ended", _view("v_exception", "opened_at", "ended_at")),
    Part("documents/findings.jsonl", "what was noticed and handled without a person", _view("v_finding", "noticed_at", "noticed_at", "coalesce(document_key, '')")),
    Part("documents/erasures.jsonl", "of which records people's names or bank details were erased, when and by whom", _view("v_erasure", "at", "at")),
    Part("reconciliation/runs.jsonl", "what was compared", lambda question: _rows(question, "SELECT * FROM v_reconcile_run WHERE started_at < :ends AND coalesce(ended_at, :ends) >= :begins ORDER BY id")),
    Part("reconciliation/totals.jsonl", "what both sides added up to", lambda question: _rows(question, "SELECT * FROM v_control_total WHERE at >= :begins AND at < :ends ORDER BY run_id, legal_entity, period, currency")),
    Part("reconciliation/breaks.jsonl", "differences, and what became of them", _view("v_break", "opened_at", "ended_at", "coalesce(document_key, '')")),
    Part("reconciliation/certificates.jsonl", "periods that were certified", lambda question: _rows(question, "SELECT * FROM close_certificate WHERE certified_at >= :begins AND certified_at < :ends ORDER BY id")),
)  # fmt: skip
"""In the order of a pack."""
