"""Letting held work go on: at the step that decides anew, with whatever was refused before out of the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from sqlite3 import Connection
from typing import NamedTuple

from finsync_tui.flows import compensation
from finsync_tui.flows.registry import FLOWS
from finsync_tui.mapping import Given, Table, conditions
from store import Store, audit, cases, crossrefs, outbox, requests, systems, workflows
from store.cases import ExceptionCase
from store.causes import WAITS_FOR_RULE
from store.columns import chunks, from_json
from store.workflows import Workflow

ENGINE = "engine"
UNREADABLE = ("PAYLOAD_INVALID", "TOTALS_DIFFER")
"""What a retry reads afresh from its system, when no workflow waits for it."""
UNNAMED = "unread-"
"""How the id begins that we give a document whose own can't be read."""
BATCH = 500
"""Exceptions that are retried in one transaction."""


def retry(db: Connection, case: ExceptionCase, now: datetime) -> str | None:
    """Bring the held instance back to the step it must decide again. Return why it can't be done."""
    if case.workflow_id is None:
        if case.entity == "system":
            systems.resume(db, case.system, "retried", now)
            return None
        system, _, external_id = case.document_key.partition(":")
        if case.class_ not in UNREADABLE or external_id.startswith(UNNAMED):
            return f"it is read again by itself when {case.system} sends it corrected; there is nothing to retry here"
        requests.ask_document(db, system, case.entity, external_id, now)
        return None
    workflow = workflows.get(db, case.workflow_id)
    if workflow is None or workflow.state != "held":
        return "its workflow does not wait for a person any more"
    if workflow.step == compensation.STEP:  # what is being undone is never done again by a retry
        step, is_new_decision = workflow.step, case.class_ != "DEAD_LETTER" and not _was_doubted(db, case)
    else:
        step, is_new_decision = FLOWS[workflow.flow].replan_step(workflow.kind, workflow.step, case.class_)
    if case.entry_id is not None:
        _forget_gone(db, workflow, case)
        if is_new_decision:
            outbox.cancel(db, [case.entry_id], now)  # the new decision takes its place
        else:
            outbox.replay(db, [case.entry_id], now)
    workflows.save(
        db,
        workflow.id,
        state="running",
        step=step,
        data=workflow.data,
        due_at=workflow.due_at,
        generation=workflow.generation + 1 if is_new_decision else workflow.generation,
        now=now,
    )
    return None


def _was_doubted(db: Connection, case: ExceptionCase) -> bool:
    """Say whether its system said yes and does not show it: it is looked for under its own key before anything is sent again."""
    told = outbox.get(db, case.entry_id) if case.entry_id is not None else None
    return told is not None and told.was_doubted and told.state == "buried"


def _forget_gone(db: Connection, workflow: Workflow, case: ExceptionCase) -> None:
    """Unlink what its system refused to act on because it does not have it: it is looked for by its mark, and made anew."""
    refused = outbox.get(db, case.entry_id) if case.entry_id is not None else None
    told = (refused.receipt or {}) if refused is not None and refused.state == "refused" else {}
    if told.get("case_class") == "READ_BACK_DIFFERS":
        crossrefs.unlink(db, workflow.entity, workflow.document_key, case.system)


def release_mapped(
    store: Store, tables: Mapping[str, Table], now: datetime, between: Callable[[], None] = lambda: None
) -> int:
    """Retry every exception about a missing rule that these tables have now; return how many.

    In small transactions, so that people can write meanwhile; `between` is called after each.
    """
    count = 0
    for some in chunks(missing(store.db), BATCH):
        with store.transaction() as db:
            count += sum(_release(db, tables, one, now) for one in some)
        between()
    return count


def _release(db: Connection, tables: Mapping[str, Table], one: Missing, now: datetime) -> bool:
    case_id, table, value, scope, given = one
    known, case = tables.get(table), cases.get(db, case_id)
    if known is None or case is None or case.ended_at is not None:
        return False
    match = known.find(value, scope=scope, on=_day(db, case, now), given=given)
    if match is None or retry(db, case, now) is not None:
        return False
    why = f"mapping table {table}, version {known.version}, has a rule for {value} now"
    cases.end(db, [case_id], "closed", ENGINE, why, now)
    after = {
        "exception": case_id,
        "class": case.class_,
        "table": table,
        "version": known.version,
        "rule": match.rule,
    }
    entry = audit.Entry(who=ENGINE, what="exception.retried", subject=case.document_key, why=why, after=after)
    audit.record(db, [entry], now)
    return True


def _day(db: Connection, case: ExceptionCase, now: datetime) -> date:
    """Return the day the document is accounted on, where its flow has decided that; else today."""
    workflow = workflows.get(db, case.workflow_id) if case.workflow_id is not None else None
    known = workflow.data.get("accounting_on") if workflow is not None else None
    return date.fromisoformat(known) if isinstance(known, str) else now.date()


class Missing(NamedTuple):
    """A live exception about a missing rule: what would have to be in which table."""

    case_id: int
    table: str
    value: str
    scope: str
    given: Given


def missing(db: Connection) -> list[Missing]:
    """Return every live exception about a missing rule."""
    rows = db.execute(
        f"SELECT id, evidence FROM exception_case WHERE {WAITS_FOR_RULE} AND ended_at IS NULL ORDER BY id"  # noqa: S608
    ).fetchall()
    found = []
    for case_id, evidence in rows:
        told = from_json(evidence)
        if "value" in told:
            scope = str(told.get("scope", ""))
            found.append(
                Missing(case_id, str(told["table"]), str(told["value"]), scope, conditions.of_evidence(told))
            )
    return found
