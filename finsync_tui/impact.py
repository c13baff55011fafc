"""What a change of a mapping table would do, before anybody saves it.

The store finds by itself, set by set, which documents carry a value that the change is about. Those that are still on
their way are then decided again with the proposed rows, by the very step of their flow; nothing is written. Documents that
have ended are judged by the value alone: they stay as they are, and would differ if they were sent today.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from sqlite3 import Connection, Row
from typing import Final, Literal

from finsync_tui.flows import coding
from finsync_tui.flows.registry import FLOWS
from finsync_tui.flows.steps import Context, Done, Facts, Hold, Step
from finsync_tui.governance.dated import current
from finsync_tui.impact_totals import Total, Totals
from finsync_tui.mapping import MappingRow, Table, conditions
from finsync_tui.mapping.merge import difference
from finsync_tui.mapping.standing import standings
from finsync_tui.mapping.targets import unknown_targets
from finsync_tui.profile import Profile
from store import workflows
from store.canonical.currency import comparable
from store.canonical.purchasing import PurchaseOrder, Requisition
from store.causes import WAITS_FOR_RULE
from store.columns import chunks, from_json
from store.workflows import Workflow

STEP: Final = "resolve_accounts"
AT_ONCE: Final = 500
ALIKE: Final = frozenset({PurchaseOrder.entity, Requisition.entity})
"""Documents of which those that tell the step the same are decided once: all that it reads of them is what `coding.question` says."""

Outcome = Literal["released", "still_stuck", "newly_stuck", "changed", "decided"]
ORDER: Final[tuple[Outcome, ...]] = ("released", "still_stuck", "newly_stuck", "changed", "decided")
Amounts = Mapping[str, int]
"""Minor units by currency."""


@dataclass(frozen=True, slots=True)
class ValueChange:
    """What a value means now and would mean."""

    scope: str
    value: str
    before: str | None
    after: str | None
    document_count: int
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """What would become of one document that is still on its way."""

    workflow_id: int
    flow: str
    entity: str
    document_key: str
    document_number: str
    state: str
    step: str
    outcome: Outcome
    before: Mapping[str, str]
    """Account combination by line; empty: stuck, nothing is decided."""
    after: Mapping[str, str]
    cause: str
    """Why it would be stuck."""
    amount_minor: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Impact:
    """Everything that would change."""

    table: str
    values: tuple[ValueChange, ...]
    """The most expensive first."""
    documents: tuple[DocumentChange, ...]
    """Those still on their way, the most expensive first."""
    totals: tuple[Total[Outcome], ...]
    is_complete: bool = True
    """False: there are more documents than were to be decided again; the largest amounts were."""
    doubts: tuple[str, ...] = ()
    """New rules whose value their ERP does not know: what would go on here would be refused there."""


Key = tuple[str, str, str | None, str | None]
"""Scope, value, what it means, what it would mean."""


@dataclass(slots=True)
class _Seen:
    document_count: int = 0
    amounts: Counter[str] = field(default_factory=Counter)

    def add_many(self, documents: int, amount_minor: int | None, currency: str | None) -> None:
        self.document_count += documents
        if amount_minor is not None and currency is not None:
            self.amounts[currency] += amount_minor


def impact(
    db: Connection,
    profile: Profile,
    name: str,
    rows: Sequence[MappingRow],
    now: datetime,
    limit: int | None = None,
) -> Impact:
    """Return what these rows would change if they came into force now. `limit`: so many documents are decided again, else all."""
    in_force = {table: one.table for table, one in standings(db, profile).items()}
    before = in_force.get(name, Table(name, 0, ()))
    after = Table(name, before.version + 1, tuple(rows), profile.regions)
    gone, come = difference(before.rows, after.rows)
    touched = Table(name, 0, tuple(_patterns([*gone, *come])), profile.regions)
    wanted = _wanted(db, name, touched, now.date())
    values: dict[Key, _Seen] = defaultdict(_Seen)
    ended: list[Row] = []
    """What ended documents carry and would be decided differently."""
    for row in _ended(db, name, wanted):
        key = _key(after, row)
        if key is not None:
            values[key].add_many(row["document_count"], row["amount_minor"], row["currency"])
            ended.append(row)
    live = _held(db)
    counted: set[tuple[int, Key]] = set()
    """Lines of one document that differ in their conditions alone count once."""
    for row in _live(db, name, wanted):
        live[row["id"]] = comparable(row["amount_minor"], row["currency"])
        key = _key(after, row)
        if key is not None and (row["id"], key) not in counted:
            counted.add((row["id"], key))
            values[key].add_many(1, row["amount_minor"], row["currency"])
    waiting: set[int] = set()
    for row in _missing(db, name, wanted):
        waiting.add(row["id"])
        live[row["id"]] = comparable(row["amount_minor"], row["currency"])
        match = after.find(
            row["value"], scope=row["scope"], on=_day(row["accounting_on"], now),
            given=conditions.of_evidence(from_json(row["evidence"])),
        )  # fmt: skip
        if match is not None:
            key = (row["scope"], row["value"], None, match.target)
            values[key].add_many(1, row["amount_minor"], row["currency"])
    chosen = sorted(live, key=lambda one: (-live[one], one))
    facts = Facts(profile, {**in_force, name: after}, "", "", current(db, profile, now.date()))
    documents = [
        one
        for one in _replayed(db, facts, chosen[:limit], now)
        if one.outcome != "still_stuck"
        or one.workflow_id in waiting  # else it waits for something else anyway
    ]
    return Impact(
        name,
        tuple(sorted((_value(key, seen) for key, seen in values.items()), key=_dearest)),
        tuple(documents),
        tuple(_totals(documents, _ended_totals(db, name, wanted, ended))),
        limit is None or len(chosen) <= limit,
        tuple(one.message for one in unknown_targets(db, profile, name, come)),
    )


def _patterns(rows: Iterable[MappingRow]) -> Iterable[MappingRow]:
    """Rows as patterns alone: which values they are about, whatever the day and the conditions."""
    return (row.model_copy(update={"valid_from": None, "valid_to": None, "where": ()}) for row in rows)


def _wanted(db: Connection, name: str, touched: Table, on: date) -> list[str]:
    """Return the values, as JSON of scope and value, that the change is about, among those that documents carry."""
    seen = db.execute(
        "SELECT DISTINCT coalesce(w.legal_entity, ''), r.value->>'from' FROM workflow_step s"  # noqa: S608
        " JOIN workflow w ON w.id=s.workflow_id, json_each(s.detail, '$.rules') r"
        " WHERE s.name=? AND s.state='done' AND r.value->>'table'=?"
        " UNION SELECT coalesce(evidence->>'scope', ''), evidence->>'value' FROM exception_case"
        f" WHERE {WAITS_FOR_RULE} AND ended_at IS NULL AND evidence->>'table'=?",
        (STEP, name, name),
    )
    return [
        json.dumps([scope, value])
        for scope, value in seen
        if value is not None and touched.find(value, scope=scope, on=on) is not None
    ]


_DECIDED = (
    "WITH one AS ("
    " SELECT w.id, coalesce(w.legal_entity, '') AS scope, r.value->>'from' AS value, r.value->>'to' AS target,"
    " coalesce(r.value->>'given', '{{}}') AS given, substr(coalesce(w.data->>'accounting_on', max(s.started_at)), 1, 10) AS day, w.amount_minor, w.currency"
    " FROM workflow_step s CROSS JOIN workflow w ON w.id=s.workflow_id CROSS JOIN json_each(s.detail, '$.rules') r"
    " WHERE s.name='{step}' AND s.state='done' AND r.value->>'table'=? AND w.ended_at IS {ended}"
    " AND (coalesce(w.legal_entity, ''), r.value->>'from') IN (SELECT value->>0, value->>1 FROM json_each(?))"
    " GROUP BY w.id, r.value->>'from', r.value->>'given')"
)
"""Each document and value that a table decided, as it was decided last."""


def _live(db: Connection, name: str, wanted: Sequence[str]) -> Iterable[Row]:
    """Yield each document on its way, and each value of it that was decided by this table."""
    statement = _decided("NULL") + " SELECT * FROM one"  # noqa: S608 put together from constants
    return db.execute(statement, (name, _array(wanted)))


def _ended(db: Connection, name: str, wanted: Sequence[str]) -> Iterable[Row]:
    """Yield how many ended documents carry a value, by what it meant and when."""
    statement = (
        _decided("NOT NULL")  # noqa: S608
        + " SELECT scope, value, given, target, day, currency, count(*) AS document_count,"
        " sum(amount_minor) AS amount_minor FROM one GROUP BY scope, value, given, target, day, currency"
    )
    return db.execute(statement, (name, _array(wanted)))


def _ended_totals(db: Connection, name: str, wanted: Sequence[str], ended: Sequence[Row]) -> Iterable[Row]:
    """Yield documents and money by currency; a document that carries several of the values counts once."""
    if len({(row["scope"], row["value"], row["given"]) for row in ended}) <= 1:
        return ended
    over = [
        json.dumps([row["scope"], row["value"], row["target"], row["day"], row["given"]]) for row in ended
    ]
    statement = (
        _decided("NOT NULL")  # noqa: S608
        + ", over AS (SELECT DISTINCT one.id, amount_minor, currency FROM one JOIN json_each(?) k ON"
        " k.value->>0=one.scope AND k.value->>1=one.value AND k.value->>2=one.target AND k.value->>3=one.day"
        " AND k.value->>4=one.given)"
        " SELECT currency, count(*) AS document_count, sum(amount_minor) AS amount_minor FROM over GROUP BY currency"
    )
    return db.execute(statement, (name, _array(wanted), _array(over)))


def _decided(ended: str) -> str:
    return _DECIDED.format(step=STEP, ended=ended)


def _key(after: Table, row: Row) -> Key | None:
    """Return what a value meant and would mean; None: the same."""
    match = after.find(
        row["value"], scope=row["scope"], on=date.fromisoformat(row["day"]), given=from_json(row["given"])
    )
    target = match.target if match is not None else None
    return None if target == row["target"] else (row["scope"], row["value"], row["target"], target)


def _missing(db: Connection, name: str, wanted: Sequence[str]) -> Iterable[Row]:
    """Yield each document that waits for a rule of this table."""
    return db.execute(
        "SELECT w.id, coalesce(c.evidence->>'scope', '') AS scope, c.evidence->>'value' AS value, c.evidence, c.amount_minor,"  # noqa: S608
        " c.currency, w.data->>'accounting_on' AS accounting_on"
        " FROM exception_case c JOIN workflow w ON w.id=c.workflow_id"
        f" WHERE {WAITS_FOR_RULE} AND c.ended_at IS NULL AND c.evidence->>'table'=?"
        " AND (coalesce(c.evidence->>'scope', ''), c.evidence->>'value') IN (SELECT value->>0, value->>1 FROM json_each(?))",
        (name, _array(wanted)),
    )


def _array(wanted: Sequence[str]) -> str:
    return f"[{','.join(wanted)}]"


def _held(db: Connection) -> dict[int, int]:
    """Return the instances that are held where accounts are resolved for another reason than a missing rule.

    Whoever waits for a rule that the change is not about goes on waiting.
    """
    rows = db.execute(
        "SELECT w.id, w.amount_minor, w.currency FROM workflow w WHERE w.ended_at IS NULL AND w.state='held'"  # noqa: S608
        f" AND w.step=? AND NOT EXISTS (SELECT 1 FROM exception_case c WHERE c.workflow_id=w.id AND {WAITS_FOR_RULE}"
        " AND c.ended_at IS NULL)",
        (STEP,),
    )
    return {workflow_id: comparable(minor, currency) for workflow_id, minor, currency in rows}


def _day(text: str | None, now: datetime) -> date:
    return date.fromisoformat(text) if text else now.date()


def _replayed(db: Connection, facts: Facts, ids: Sequence[int], now: datetime) -> list[DocumentChange]:
    found = []
    known: dict[object, _Decided] = {}
    for some in chunks(ids, AT_ONCE):
        read = workflows.get_many(db, some)
        bodies = _bodies(db, [one for one in read.values() if one.entity in ALIKE])
        for workflow in (read[one] for one in some if one in read):
            step = FLOWS[workflow.flow].steps(workflow.kind).get(STEP)
            if step is None or workflow.legal_entity not in facts.profile.legal_entities:
                continue
            asked = _question(workflow, bodies.get(workflow.id))
            decided = known.get(asked) if asked is not None else None
            if decided is None:
                decided = _decided_again(db, facts, workflow, step, now)
                if asked is not None:
                    known[asked] = decided
            change = _again(workflow, decided)
            if change is not None:
                found.append(change)
    return found


_Decided = tuple[Mapping[str, str], str]
"""The account combination of each part, and why there is none."""


def _question(workflow: Workflow, body: str | None) -> object | None:
    """Return what the step is asked of a document; None: it is asked of each by itself."""
    told = coding.question(body, workflow.entity) if body is not None else None
    if told is None:
        return None
    return workflow.flow, workflow.kind, workflow.data.get("legal_entity"), workflow.data.get("target"), told


def _bodies(db: Connection, some: Sequence[Workflow]) -> dict[int, str]:
    """Return the documents that instances are about, as they are stored in just that version, by the instances' ids."""
    asked = json.dumps([one.id for one in some])
    return dict(db.execute(_BODIES, (asked,)).fetchall()) if some else {}


_BODIES: Final = """
SELECT w.id, v.body FROM json_each(?) i CROSS JOIN workflow w ON w.id=i.value
  CROSS JOIN record_version v ON v.entity=w.entity AND v.system=substr(w.document_key, 1, instr(w.document_key, ':') - 1)
    AND v.external_id=substr(w.document_key, instr(w.document_key, ':') + 1) AND v.version=w.document_version
"""


def _decided_again(db: Connection, facts: Facts, workflow: Workflow, step: Step, now: datetime) -> _Decided:
    context = Context(db, now, facts, workflow, dict(workflow.data), is_trial=True)
    context.data.pop("accounts", None)
    answer = step(context)
    if isinstance(answer, Hold):
        return {}, answer.cause
    if isinstance(answer, Done) and answer.goto is None:
        return accounts_of(context.data), ""
    return {}, str(answer.detail.get("cause", "")) if isinstance(answer, Done) else ""


def _again(workflow: Workflow, decided: _Decided) -> DocumentChange | None:
    """Say what a document would become that is decided so; None: it would be as it is."""
    after, cause = decided
    is_stuck = workflow.state == "held" and workflow.step == STEP
    before = {} if is_stuck else accounts_of(workflow.data)
    if is_stuck:
        outcome: Outcome = "released" if after else "still_stuck"
    elif not after:
        outcome = "newly_stuck"
    elif after == before:
        return None
    else:
        outcome = "changed"
    return DocumentChange(
        workflow.id,
        workflow.flow,
        workflow.entity,
        workflow.document_key,
        workflow.document_number,
        workflow.state,
        workflow.step,
        outcome,
        before,
        after,
        cause,
        workflow.amount_minor,
        workflow.currency,
    )


def accounts_of(data: Mapping[str, object]) -> dict[str, str]:
    """Return the account combination of each part as an instance has decided it."""
    known = data.get("accounts")
    if not isinstance(known, Mapping):
        return {}
    return {
        str(part): str(one["charge_account"]) if isinstance(one, Mapping) else str(one)
        for part, one in known.items()
    }


def _value(key: Key, seen: _Seen) -> ValueChange:
    scope, value, before, after = key
    return ValueChange(scope, value, before, after, seen.document_count, dict(sorted(seen.amounts.items())))


def _dearest(one: ValueChange) -> tuple[int, int, str, str]:
    return (
        -max((comparable(minor, currency) for currency, minor in one.amounts.items()), default=0),
        -one.document_count,
        one.scope,
        one.value,
    )


def _totals(documents: Iterable[DocumentChange], ended: Iterable[Row]) -> Iterable[Total[Outcome]]:
    found: Totals[Outcome] = Totals()
    for one in documents:
        found.add(one.outcome, one.currency, one.amount_minor)
    for row in ended:
        found.add("decided", row["currency"], row["amount_minor"], row["document_count"])
    return found.in_order(ORDER)
