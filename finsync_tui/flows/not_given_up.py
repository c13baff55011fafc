"""Giving an invoice up that stays in force in the ERP: the cancelling was refused, since it was paid or for another reason.

Such an abort ends, with its reason, and the instance goes on where it was: payments of it are followed and told.
"""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Connection
from typing import Any

from store import audit, crossrefs, findings, outbox, records, workflows
from store.canonical.keys import RecordKey
from store.canonical.payables import Payment
from store.outbox import Delivery
from store.workflows import Workflow

CLASS = "ABORT_REFUSED"
_TAKEN = ("delivered", "verified")


def paid(db: Connection, workflow: Workflow) -> str | None:
    """Say that the ERP has paid the invoice that an instance posted; None: it has not."""
    for delivery in _posted(db, workflow):
        link = crossrefs.get(db, delivery.entity, delivery.document_key, delivery.system)
        ids = records.twins(db, Payment.entity, "invoice", link.external_id, link.system) if link else []
        for payment_id in ids:
            held = records.get(db, Payment, delivery.system, payment_id)
            if held is not None and held.record.status in ("issued", "cleared"):
                return (
                    f"{delivery.system} has paid invoice {delivery.document_number} with payment {held.record.number}, and a paid "
                    f"invoice can't be cancelled: have the payment voided there first."
                )
    return None


def is_in_force(db: Connection, workflow: Workflow) -> bool:
    """Say whether an invoice was posted and no cancelling of it has worked, or may yet."""
    if not _posted(db, workflow):
        return False
    asked = [one for one in outbox.of_workflow(db, workflow.id) if one.operation == "invoice.cancel"]
    return not any(
        one.state in (*_TAKEN, "pending", "held") or outbox.may_have_happened(one) for one in asked
    )


def go_on(db: Connection, workflow: Workflow, data: dict[str, Any], why: str, now: datetime) -> str:
    """End the giving up: note why, forget what was asked for it, and return the step at which the instance goes on."""
    given_up = data.pop("abort", {})
    for name in ("compensated", "compensating", "counters", "undoing"):
        data.pop(name, None)
    refused = [
        one.entry_id
        for one in outbox.of_workflow(db, workflow.id)
        if one.operation == "invoice.cancel" and one.state in ("refused", "buried")
    ]
    outbox.cancel(db, refused, now)
    finding = findings.Finding(
        class_=CLASS,
        severity="warn",
        system=RecordKey.parse(workflow.document_key).system,
        entity=workflow.entity,
        document_key=workflow.document_key,
        document_number=workflow.document_number,
        message=f"it was to be given up ({given_up.get('reason') or 'no reason was given'}) and is in force all the same: {why}",
        noticed_at=now,
    )
    findings.append(db, [finding])
    after = {"workflow": workflow.id, "why": why, "asked_by": given_up.get("by")}
    entry = audit.Entry(who="engine", what="workflow.abort_ended", subject=workflow.document_key, after=after)
    audit.record(db, [entry], now)
    return str(given_up.get("step") or "await_payment")


def resume(db: Connection, workflow: Workflow, why: str, now: datetime) -> None:
    """Let an instance go on that a person has no hope of giving up any more."""
    data = dict(workflow.data)
    step = go_on(db, workflow, data, why, now)
    workflows.save(
        db, workflow.id, state="running", step=step, data=data, generation=workflow.generation + 1, now=now
    )


def _posted(db: Connection, workflow: Workflow) -> list[Delivery]:
    found = outbox.of_workflow(db, workflow.id)
    return [one for one in found if one.operation == "invoice.create" and one.state in _TAKEN]
