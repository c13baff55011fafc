"""Letting go on what waits for a rule of the company that says nothing any more: the rules are others now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui.flows.registry import FLOWS, RULED_AT
from finsync_tui.flows.ruled import PASSED, seen
from finsync_tui.policies.decisions import DECISIONS
from finsync_tui.policies.verdicts import ASK, STOP, Judging, UndecidedError
from finsync_tui.releasing import BATCH, ENGINE, retry
from store import Store, audit, cases, records, workflows
from store.canonical.keys import RecordKey
from store.cases import ExceptionCase
from store.columns import chunks
from store.workflows import Workflow

CLASSES: Final = ("POLICY_HELD", "POLICY_UNDECIDED")
_DECISIONS: Final = {place: decision for decision, place in RULED_AT.items()}


def release_ruled(
    store: Store,
    judges: Mapping[str, Judging],
    regions: Mapping[str, str],
    version: str,
    now: datetime,
    between: Callable[[], None] = lambda: None,
) -> int:
    """Retry every document that waits for rules and that none of them stops any more; return how many.

    What still stops one, or would ask a person about it, leaves it where it is: an engine answers no question of a rule. In
    small transactions, so that people can write meanwhile; `between` is called after each.
    """
    count = 0
    waiting = [
        row[0]
        for row in store.db.execute(
            "SELECT id FROM exception_case WHERE class IN (?, ?) AND ended_at IS NULL ORDER BY id", CLASSES
        )
    ]
    for some in chunks(waiting, BATCH):
        with store.transaction() as db:
            count += sum(_release(db, judges, regions, version, case_id, now) for case_id in some)
        between()
    return count


def _release(
    db: Connection,
    judges: Mapping[str, Judging],
    regions: Mapping[str, str],
    version: str,
    case_id: int,
    now: datetime,
) -> bool:
    case = cases.get(db, case_id)
    workflow = workflows.get(db, case.workflow_id) if case is not None and case.workflow_id else None
    if case is None or workflow is None or workflow.state != "held":
        return False
    asked_now = _asked_now(case, workflow)
    if (
        _decided_at(workflow) is None
    ):  # rules that are asked elsewhere hold nothing; one could not be asked, and is asked again
        if case.class_ != "POLICY_UNDECIDED":
            return False
    elif _is_stopped(db, judges, regions, workflow, set(workflow.data.get(PASSED, ())) - asked_now, now):
        return False
    if retry(db, case, now) is not None:
        return False
    _forget(db, workflow.id, asked_now, now)
    why = f"the rules in force, {version}, let it pass now"
    cases.end(db, [case_id], "closed", ENGINE, why, now)
    after = {"exception": case_id, "class": case.class_, "policy_version": version}
    entry = audit.Entry(who=ENGINE, what="exception.retried", subject=case.document_key, why=why, after=after)
    audit.record(db, [entry], now)
    return True


def _is_stopped(
    db: Connection,
    judges: Mapping[str, Judging],
    regions: Mapping[str, str],
    workflow: Workflow,
    passed: set[str],
    now: datetime,
) -> bool:
    decision = _decided_at(workflow)
    assert decision is not None, "else there is nothing to ask"
    judge = judges.get(decision)
    if judge is None:
        return False
    key = RecordKey.parse(workflow.document_key)
    held = records.get(db, FLOWS[workflow.flow].model, key.system, key.external_id)
    if held is None:
        return True
    company = workflow.legal_entity or ""
    (variable,) = DECISIONS[decision].documents
    try:
        found = judge.ask({variable: held.record}, company, regions.get(company, ""), now.date())
    except UndecidedError:
        return True
    return any(
        one.then == STOP or (one.then == ASK and seen(one.rule, workflow) not in passed)
        for one in found
        if DECISIONS[decision].says
    )


def _decided_at(workflow: Workflow) -> str | None:
    return _DECISIONS.get((workflow.flow, workflow.step))


def _asked_now(case: ExceptionCase, workflow: Workflow) -> set[str]:
    """Return what a person's retry would let pass, and nobody has looked at yet."""
    rules: list[dict[str, Any]] = case.evidence.get("rules", [])
    return {seen(str(one["rule"]), workflow) for one in rules}


def _forget(db: Connection, workflow_id: int, asked_now: set[str], now: datetime) -> None:
    """Should such a rule come back, it asks again: nobody has answered it."""
    workflow = workflows.get(db, workflow_id)
    assert workflow is not None, "it was retried in this transaction"
    kept = [one for one in workflow.data.get(PASSED, ()) if one not in asked_now]
    workflows.save(
        db, workflow_id, state=workflow.state, step=workflow.step, data={**workflow.data, PASSED: kept}, now=now,
        due_at=workflow.due_at,
    )  # fmt: skip
