"""What documents on their way would come to under other rules of the company: the very step that asks them is taken again.

For rules about what is only found on the way (a doubt, a difference, a short budget, an account): the step runs twice, under the
rules in force and under the proposed ones, with everything else as it is; nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from sqlite3 import Connection
from typing import Final, Literal

from finsync_tui.flows.registry import FLOWS
from finsync_tui.flows.steps import Context, Done, Facts, Hold, Step, Wait
from store import workflows
from store.canonical.currency import comparable
from store.workflows import Workflow

REPLAYED_MAX: Final = 5_000
"""Documents whose step is taken again; the largest amounts come first."""

Found = Literal["released", "newly_held", "changed", "past_held", "past_free", "past_changed", "undecided"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """One document that would come to something else."""

    workflow: Workflow
    outcome: Found
    before: tuple[str, ...]
    after: tuple[str, ...]
    cause: str


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a step ended."""

    stopped: str = ""
    """The class of the exception, or what is waited for; empty: it goes on."""
    cause: str = ""
    accounts: Mapping[str, str] = field(default_factory=dict)


def candidates(db: Connection, flow: str, step: str) -> list[int]:
    """Return the instances on their way that have reached a step, those with the largest amounts first."""
    rows = db.execute(_REACHED, {"flow": flow, "step": step}).fetchall()
    return [row[0] for row in sorted(rows, key=lambda row: (-comparable(row[1], row[2]), row[0]))]


def replayed(
    db: Connection, step: str, ids: Iterable[int], facts: tuple[Facts, Facts], now: datetime
) -> Iterator[Replayed]:
    """Yield which of these instances would come to something else. `facts`: as it is now, and as it would be."""
    for workflow_id in ids:
        workflow = workflows.get(db, workflow_id)
        taken = FLOWS[workflow.flow].steps(workflow.kind).get(step) if workflow is not None else None
        if workflow is None or taken is None or workflow.legal_entity not in facts[0].profile.legal_entities:
            continue
        before, after = (_ended(db, taken, workflow, one, now) for one in facts)
        if before != after:
            found = _told(workflow, step, before, after)
            if found is not None:
                yield found


def _ended(db: Connection, step: Step, workflow: Workflow, facts: Facts, now: datetime) -> _Ended:
    context = Context(db, now, facts, workflow, deepcopy(dict(workflow.data)), is_trial=True)
    answer = step(context)
    if isinstance(answer, Hold):
        return _Ended(answer.class_, answer.cause)
    if isinstance(answer, Wait):
        return _Ended(answer.waiting_for, f"it waits for {answer.waiting_for}")
    if isinstance(answer, Done) and answer.goto is None:
        return _Ended(accounts=_accounts(context.data.get("accounts")))
    return _Ended()


def _accounts(known: object) -> dict[str, str]:
    """Return the account combination of each part."""
    if not isinstance(known, Mapping):
        return {}
    return {
        str(part): str(one["charge_account"] if isinstance(one, Mapping) else one)
        for part, one in known.items()
    }


def _told(workflow: Workflow, step: str, before: _Ended, after: _Ended) -> Replayed | None:
    is_past = workflow.step != step
    was, would = (((one.stopped,) if one.stopped else ()) for one in (before, after))
    if after.stopped == "POLICY_UNDECIDED":
        return Replayed(workflow, "past_held" if is_past else "undecided", was, would, after.cause)
    if bool(before.stopped) != bool(after.stopped):
        if after.stopped:
            return Replayed(workflow, "past_held" if is_past else "newly_held", was, would, after.cause)
        return Replayed(workflow, "past_free" if is_past else "released", was, would, "")
    if after.stopped or before.accounts == after.accounts:  # it is stopped by something else, as it was
        return None
    parts = sorted({*before.accounts, *after.accounts})
    other = [part for part in parts if before.accounts.get(part) != after.accounts.get(part)]
    first = other[0]
    cause = f"{first}: {after.accounts.get(first)} in place of {before.accounts.get(first)}"
    more = f", and {len(other) - 1} more" if len(other) > 1 else ""
    return Replayed(
        workflow,
        "past_changed" if is_past else "changed",
        tuple(before.accounts.get(part, "") for part in other),
        tuple(after.accounts.get(part, "") for part in other),
        f"{cause}{more}",
    )


_REACHED: Final = """
SELECT w.id, w.amount_minor, w.currency FROM workflow w WHERE w.flow=:flow AND w.ended_at IS NULL
  AND (w.step=:step OR EXISTS (SELECT 1 FROM workflow_step s WHERE s.workflow_id=w.id AND s.name=:step AND s.state='done'))
"""
