"""What was decided by rules that one person had put in force, and that nobody else agreed to.

The rules before them are in force again. What was posted keeps its meaning and nothing of it is undone by itself: each
document that was decided under them gets a finding, and one that would be decided otherwise now waits for a person who looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui.flows.registry import FLOWS, RULED_AT
from finsync_tui.mapping import Table
from finsync_tui.mapping.emergencies import first_step
from finsync_tui.policies.decisions import DECISIONS
from finsync_tui.policies.verdicts import NOTE, Judging, UndecidedError
from finsync_tui.profile import Profile
from store import cases, emergencies, findings, meta, proposals, records, rulesets, workflows
from store.canonical.keys import RecordKey
from store.clock import instant
from store.columns import from_json
from store.emergencies import Emergency
from store.proposals import Proposal
from store.workflows import Workflow

TAKEN: Final = "emergency.taken"
"""Where is noted, by proposal, after which step an engine first decided by a policy that one person had put in force."""
CLASS: Final = "EMERGENCY_REVERTED"
DECIDED: Final = "EMERGENCY_DECIDED"
FIX: Final = (
    "Look whether it is right as it is. What was posted stays until somebody corrects it at its source or in the ERP; then resolve "
    "this exception, or ignore it."
)
WORDS: Final[Mapping[str, str]] = {
    "late": "nobody approved in time",
    "rejected": "was rejected",
    "withdrawn": "was withdrawn",
}


@dataclass(frozen=True, slots=True)
class _Decided:
    """A document that was decided under an emergency change."""

    workflow_id: int
    differs: str
    """What would be decided otherwise by now, in words; empty: nothing."""


def note_taken(db: Connection) -> None:
    """Note of each emergency change of a policy that it decides from the next step on. Nothing new writes nothing."""
    for change, _ in emergencies.live(db, "policy").values():
        place = f"{TAKEN}.{change.id}"
        if meta.get(db, place) is None:
            meta.set(db, place, str(workflows.last_step(db)))


def look(
    db: Connection,
    tables: Mapping[str, Table],
    judges: Mapping[str, Judging],
    profile: Profile,
    now: datetime,
) -> int:
    """Look at the documents of every emergency change that has ended without approval; return how many would be otherwise."""
    count = 0
    store_id = proposals.store_id(db)
    for change, one in emergencies.unlooked(db, "mapping"):
        after = first_step(profile, store_id, change, one)
        count += _note_all(
            db, change, one, _mapped(db, one, after, tables.get(change.name), change.name), now
        )
    for change, one in emergencies.unlooked(db, "policy"):
        count += _note_all(db, change, one, _ruled(db, change, judges, profile), now)
    return count


def _note_all(
    db: Connection, change: Proposal, one: Emergency, found: Iterator[_Decided], now: datetime
) -> int:
    what = "mapping table" if change.kind == "mapping" else "policy"
    why = f"{what} {change.name}, version {one.version}, which {change.maker} put in force alone and {WORDS[one.ending or 'late']}"
    by_document: dict[int, str] = {}
    for decided in found:  # a step that was repeated counts as it was decided last
        by_document[decided.workflow_id] = decided.differs
    for workflow_id, differs in by_document.items():
        workflow = workflows.get(db, workflow_id)
        assert workflow is not None, "its steps refer to it"
        _note(db, workflow, change, one, why, differs, now)
    differing = sum(1 for differs in by_document.values() if differs)
    emergencies.looked(db, change.id, differing, now)
    return differing


def _note(
    db: Connection,
    workflow: Workflow,
    change: Proposal,
    one: Emergency,
    why: str,
    differs: str,
    now: datetime,
) -> None:
    system = RecordKey.parse(workflow.document_key).system
    found = findings.Finding(
        class_=DECIDED, severity="warn", system=system, entity=workflow.entity, document_key=workflow.document_key,
        document_number=workflow.document_number, noticed_at=now,
        message=f"it was decided by {why}" + (f"; by now: {differs}" if differs else "; it would be decided the same by now"),
        detail={"proposal": one.proposal_id, "version": one.version},
    )  # fmt: skip
    findings.append(db, [found])
    if not differs:
        return
    cases.open(
        db,
        cases.NewCase(
            class_=CLASS, entity=workflow.entity, document_key=workflow.document_key,
            document_number=workflow.document_number, system=system, legal_entity=workflow.legal_entity,
            amount_minor=workflow.amount_minor, currency=workflow.currency,
            cause=f"it was decided by {why}; {differs}", fix=FIX,
            evidence={
                "proposal": change.id, "version": one.version, "differs": differs, "ended": one.ending, "kind": change.kind,
                "name": change.name,
            },
        ),
        now,
    )  # fmt: skip


def _mapped(db: Connection, one: Emergency, after: int, table: Table | None, name: str) -> Iterator[_Decided]:
    """Yield documents of which a value was decided by that version of the table."""
    rows = db.execute(
        "SELECT s.workflow_id, s.started_at, s.detail, w.legal_entity FROM workflow_step s JOIN workflow w ON w.id=s.workflow_id"
        " WHERE s.id > ? AND s.detail LIKE ? ORDER BY s.id",
        (after, f'%"table":"{name}"%'),
    ).fetchall()
    for workflow_id, started_at, detail, company in rows:
        used: list[dict[str, Any]] = [
            rule
            for rule in from_json(detail).get("rules", [])
            if rule.get("table") == name and rule.get("version") == one.version
        ]
        if not used:
            continue
        on = instant(started_at).date()
        told = []
        for rule in used:
            match = (
                table.find(rule["from"], scope=company or "", on=on, given=rule.get("given", {}))
                if table is not None
                else None
            )
            if match is None:
                told.append(f"{rule['from']} became {rule['to']}, and there is no rule for it now")
            elif match.target != rule["to"]:
                told.append(f"{rule['from']} became {rule['to']}, and would be {match.target}")
        yield _Decided(workflow_id, "; ".join(told))


def _ruled(
    db: Connection,
    change: Proposal,
    judges: Mapping[str, Judging],
    profile: Profile,
) -> Iterator[_Decided]:
    """Yield documents that passed the step where that policy is asked since an engine went by it."""
    taken = meta.get(db, f"{TAKEN}.{change.id}")
    if taken is None:  # it ended before any engine looked
        return
    from finsync_tui.governance.rules import setup_of
    from finsync_tui.policies import ruling

    setup = setup_of(change.body)
    before = setup_of(_base(db, change))
    decision = setup.decides if setup is not None else before.decides if before is not None else ""
    if decision not in RULED_AT:
        return
    named = {change.name: setup} if setup is not None else {}
    then, regions = ruling.judges(named, profile.extending).get(decision), profile.regions
    flow, step = RULED_AT[decision]
    rows = db.execute(
        "SELECT s.workflow_id, s.started_at FROM workflow_step s JOIN workflow w ON w.id=s.workflow_id"
        " WHERE s.id > ? AND s.name=? AND w.flow=? AND s.state='done' ORDER BY s.id",
        (int(taken), step, flow),
    ).fetchall()
    for workflow_id, started_at in rows:
        at = instant(started_at)
        workflow = workflows.get(db, workflow_id)
        assert workflow is not None, "its steps refer to it"
        was = _said(db, then, decision, workflow, regions, at, of=change.name)
        by_now = _said(db, judges.get(decision), decision, workflow, regions, at, of=change.name)
        differs = (
            "" if was == by_now else f"its rules said {was or 'nothing'}, and would say {by_now or 'nothing'}"
        )
        yield _Decided(workflow_id, differs)


def _base(db: Connection, change: Proposal) -> str:
    from finsync_tui.governance.rules import recorded_name

    known = rulesets.get(db, "policy", recorded_name(change.name), change.base_version)
    return known.body if known is not None else ""


def _said(
    db: Connection,
    judge: Judging | None,
    decision: str,
    workflow: Workflow,
    regions: Mapping[str, str],
    at: datetime,
    *,
    of: str,
) -> str:
    """Return what the rules of one policy say of a document as of that day, in words; notes decide nothing."""
    key = RecordKey.parse(workflow.document_key)
    held = records.get(db, FLOWS[workflow.flow].model, key.system, key.external_id)
    if judge is None or held is None:
        return ""
    company = workflow.legal_entity or ""
    (variable,) = DECISIONS[decision].documents
    try:
        found = judge.ask({variable: held.record}, company, regions.get(company, ""), at.date())
    except UndecidedError:
        return "that it can't be decided"
    own = [one for one in found if one.rule.startswith(f"{of}/") and one.then != NOTE]
    return ", ".join(f"{one.then} ({one.rule})" for one in own)
