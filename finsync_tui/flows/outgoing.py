"""Putting a decision to write into the outbox, and waiting for what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from finsync_tui.extensions import written
from finsync_tui.flows.steps import Answer, Context, Done, Hold, Wait
from store import audit, cases, outbox
from store.canonical.keys import RecordKey, idempotency_key
from store.canonical.record import CanonicalRecord
from store.outbox import Delivery

LOOK_AGAIN = timedelta(minutes=5)
PRIORITY_STATUS = 2  # status and numbers back to people go before
PRIORITY_ORDER = 5  # new commitments


def extended(context: Context, target: str, record: CanonicalRecord, body: dict[str, Any]) -> dict[str, Any]:
    """Return the body that creates a record in a target, with what its regional extensions have written there."""
    found = written(context.facts.profile.extending, target, record)
    return {**body, "extended": found} if found else body


def enqueue(
    context: Context,
    system: str,
    operation: str,
    body: Mapping[str, Any],
    *,
    external_id: str | None,
    priority: int = PRIORITY_ORDER,
    part: str = "",
) -> int:
    """Decide to write, once: the key is made of the document's version, so that deciding again changes nothing.

    `part` tells apart what is told several times of one version, each payment for example.
    """
    flow = context.workflow
    # Our own version numbers the revision: a status change need not raise the source's.
    revision = f"{flow.document_version}/{part}" if part else str(flow.document_version)
    key = idempotency_key(system, operation, RecordKey.parse(flow.document_key), revision, context.generation)
    (entry_id,) = outbox.enqueue(
        context.db,
        [
            outbox.Entry(
                idempotency_key=key,
                system=system,
                operation=operation,
                entity=flow.entity,
                document_key=flow.document_key,
                document_number=flow.document_number,
                body=json.dumps(body, sort_keys=True),
                workflow_id=flow.id,
                priority=priority,
                external_id=external_id,
                amount_minor=flow.amount_minor,
                currency=flow.currency,
            )
        ],
        context.now,
    )
    audit.record(
        context.db,
        [
            audit.Entry(
                who="engine",
                what="outbox.enqueued",
                subject=flow.document_key,
                after={"key": key, "entry": entry_id},
            )
        ],
        context.now,
    )
    return entry_id


def mark_verified(context: Context) -> list[int]:
    """Note that all that this instance delivered has been read back; return the deliveries."""
    done = [d for d in outbox.of_workflow(context.db, context.workflow.id) if d.state == "delivered"]
    newest = {_decision(one): one for one in done}
    for one in done:
        later = newest[_decision(one)]
        if later is not one:  # decided anew because nothing of this one was seen
            why = f"overtaken by delivery {later.entry_id} ({later.operation}, {later.state})"
            outbox.set_aside(context.db, [one.entry_id], why, context.now)
    found = sorted(one.entry_id for one in newest.values())
    outbox.mark_verified(context.db, found, context.now)
    return found


def _decision(delivery: Delivery) -> str:
    """Return what was decided, without how many times over."""
    return delivery.idempotency_key.rpartition("/")[0]


def await_delivery(context: Context, entry_id: int) -> Answer:
    """Answer by the state of one delivery; a refused or dead one becomes an exception."""
    delivery = outbox.get(context.db, entry_id)
    assert delivery is not None, "an entry is never taken away"
    receipt = delivery.receipt or {}
    if delivery.state in ("delivered", "verified"):
        return Done({"attempts": delivery.attempt_count, "external_id": delivery.external_id})
    if delivery.state in ("pending", "claimed", "held"):
        return Wait(f"delivery to {delivery.system}")
    if delivery.state == "refused":
        is_closed = receipt.get("case_class") == "PERIOD_CLOSED"
        return Hold(
            str(receipt.get("case_class", "REJECTED")),
            f"{delivery.system} {_refused_how(delivery)}: {delivery.message}",
            _FIXES.get(str(receipt.get("case_class")), "Correct what it names, then retry."),
            delivery.system,
            {"operation": delivery.operation, "codes": receipt.get("codes", [])}
            | ({"period": context.data["period"]} if is_closed and context.data.get("period") else {}),
            entry_id,
        )
    if delivery.state == "cancelled":
        return Hold(
            "REJECTED",
            f"the delivery to {delivery.system} was cancelled by a person",
            "Retry to decide anew.",
            delivery.system,
            {},
            entry_id,
        )
    blamed = str(receipt.get("trouble_at") or delivery.system)
    return Hold(
        "DEAD_LETTER",
        f"{blamed} could not be reached or did not answer well {delivery.attempt_count} times: {delivery.message}",
        "When the system is well again, retry: the document is looked up before it is sent.",
        blamed,
        {"operation": delivery.operation},
        entry_id,
    )


def await_all(context: Context, entry_ids: Iterable[int]) -> Answer:
    """Answer by the first of several deliveries that is not done."""
    entries = [int(one) for one in entry_ids]
    for entry_id in entries:
        answer = await_delivery(context, entry_id)
        if not isinstance(answer, Done):
            return answer
    return Done({"entries": entries})


def _refused_how(delivery: Delivery) -> str:
    if not (delivery.receipt or {}).get("is_kept_back"):
        return "refused"
    return "was told nothing more" if delivery.is_outcome_unknown else "was told nothing"


def await_proof(context: Context, entry_id: int, what: str) -> Answer:
    """Wait until a delivery was looked up again and found, `what` its system is to show; held when it was not."""
    told = outbox.get(context.db, entry_id)
    assert told is not None, "an entry is never taken away"
    if told.state == "verified" or (told.state == "delivered" and told.ended_at is not None):
        return Done({"entry": entry_id})
    if told.was_doubted and told.state == "buried":
        held = Hold("READ_BACK_DIFFERS", f"{told.system} said yes and does not show {what}", "", told.system)
        return unseen(context, held, entry_id)
    answer = await_delivery(context, entry_id)
    return Wait("read-back", context.now + LOOK_AGAIN) if isinstance(answer, Done) else answer


def newest_to(context: Context, system: str, is_it: Callable[[Delivery], bool]) -> int | None:
    """Return the newest delivery of that kind by which an instance told a system something that it may show or not; None: it
    told nothing of it."""
    found = [
        one.entry_id
        for one in outbox.of_workflow(context.db, context.workflow.id)
        if one.system == system
        and (one.state == "delivered" or (one.was_doubted and one.state == "buried"))
        and is_it(one)
    ]
    return found[-1] if found else None


def unseen(context: Context, held: Hold, entry_id: int | None) -> Hold:
    """Hold because a system does not show what a delivery told it: a retry looks for it and sends it again if it is not there."""
    told = outbox.get(context.db, entry_id) if entry_id is not None else None
    if told is None:
        return held
    if told.was_doubted and told.state == "buried":  # found out before: one exception is enough
        for case in cases.live_for_document(context.db, told.document_key):
            if case.entry_id == told.entry_id:
                cases.end(context.db, [case.id], "closed", "engine", held.cause, context.now)
    elif not outbox.doubt(context.db, [told.entry_id], held.cause, context.now):
        return held
    fix = f"Look at it in {held.system}. Retry looks once more and tells it again if it is not there."
    return replace(held, fix=fix, entry_id=told.entry_id)


_FIXES = {
    "READ_BACK_DIFFERS": "Look there whether it is gone or only hidden from finsync's user: that user has to see it. Retry looks "
    "for it once more and makes it anew if it is not there.",
    "ACCOUNT_INVALID": "Correct the coding of the document or its mapping, or allow the combination in the ERP, then retry.",
    "COST_CENTRE_INACTIVE": "Re-open the cost centre in the ERP, or map it to its successor, then retry.",
    "BUDGET_EXCEEDED": "Raise or transfer the budget, or reduce the document, then retry.",
    "PERIOD_CLOSED": "Open the accounting period in the ERP, or wait for the next one, then retry.",
    "SUPPLIER_INACTIVE": "Activate the supplier or its site in the ERP, then retry.",
    "SUPPLIER_UNKNOWN": "Create the supplier in the ERP, then retry.",
    "WRITE_NOT_AGREED": "Find out who wrote to the store. Retry decides it anew from what was agreed on; `finsync workflow abort ID --reason TEXT` gives it up.",
    "WRITE_BACK_IGNORED": "Let an administrator make the custom field editable by API, then retry.",
}
