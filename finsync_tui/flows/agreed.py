"""What persons have agreed on is what leaves: nobody edits it on its way, and it is compared again before it is sent."""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Connection
from typing import Final

from finsync_tui import bodies
from finsync_tui.flows.registry import FLOWS, SIGNED_WRITES
from finsync_tui.profile import Profile
from store import workflows
from store.columns import from_json
from store.outbox import Claim, Delivery

CLASS: Final = "WRITE_NOT_AGREED"


def edit_refusal(db: Connection, delivery: Delivery, edited: str) -> str | None:
    """Say why an edited body is not sent in place of what was decided, and what to do instead; None: it may be."""
    workflow = workflows.get(db, delivery.workflow_id) if delivery.workflow_id is not None else None
    if workflow is not None and workflow.flow in FLOWS and FLOWS[workflow.flow].is_signed:
        return f"what it sends is what persons agreed on, and nobody edits that: {FLOWS[workflow.flow].anew(workflow)}"
    if delivery.operation in SIGNED_WRITES:
        return "what it sends takes persons who agree on it, and nobody has: cancel it"
    return bodies.problem(delivery.operation, delivery.body, edited)


def problem(db: Connection, profile: Profile, write: Claim, now: datetime) -> str | None:
    """Say why a write may not leave: it takes persons who agree on it, and this is not what they agreed on."""
    name = workflows.flow_of(db, write.workflow_id) if write.workflow_id is not None else None
    only = SIGNED_WRITES.get(write.operation)
    if only is not None and name != only:
        return "it belongs to no process that anybody agreed on"
    if name is None or name not in FLOWS or not FLOWS[name].is_signed:
        return None
    workflow = workflows.get(db, write.workflow_id or 0)
    assert workflow is not None, "its flow is known"
    if not isinstance(from_json(write.body), dict):
        return "it says nothing that could have been agreed on"
    return FLOWS[name].disagreement(db, profile, workflow, write, now)
