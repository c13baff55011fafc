"""Steps for an issued order that the ERP cancels or closes by itself, after it was written back and verified.

    follow_erp -> await_followed

What was still open of it is promised by nobody any more, its source reads the ERP's status, and a finding says so; should the
ERP open it again, it promises again. An order that closes with nothing left to invoice has come to its usual end: nothing is told.
"""

from __future__ import annotations

from sqlite3 import Connection

from finsync_tui.flows import outgoing
from finsync_tui.flows.order import subject
from finsync_tui.flows.steps import Answer, Context, Done, Finish
from store import commitments, crossrefs, records
from store.canonical.money import Money
from store.canonical.purchasing import PurchaseOrder
from store.workflows import Workflow

CLASS = "ORDER_ENDED"
_ENDED = ("cancelled", "closed")


def is_news(db: Connection, workflow: Workflow) -> bool:
    """Say whether the ERP has ended an order that a done instance made or changed there, or has opened it again."""
    link = crossrefs.get(db, subject.ENTITY, workflow.document_key, str(workflow.target))
    seen = records.get(db, PurchaseOrder, link.system, link.external_id) if link is not None else None
    if seen is None or workflow.kind in ("cancel", "close"):
        return False
    told = workflow.data.get("ended_there")
    if seen.record.status not in _ENDED:
        return told is not None and seen.record.status == "open"
    is_left = any(one.amount_minor > 0 for one in commitments.open_of(db, workflow.document_key))
    return seen.record.status != told and (is_left or told is not None)


def follow_erp(context: Context) -> Answer:
    """Let what is promised follow the ERP, and tell the source what has become of the order there."""
    seen = subject.shown(context)
    assert seen is not None, "it is gone on with because of what the ERP shows"
    key, status, target = context.workflow.document_key, seen.record.status, subject.target(context)
    count = int(context.data.get("ended_count", 0)) + 1
    if status in _ENDED:
        left = commitments.open_of(context.db, key)
        commitments.drop(context.db, key)
        _note(context, status, left)
    else:
        commitments.replace(context.db, key, target, subject.asked(context))
    subject.tell(context, status if status in _ENDED else "changed", {})
    fields = {"erp_number": str(context.data.get("erp_number") or ""), "erp_status": status.capitalize()}
    entry_id = outgoing.enqueue(
        context, subject.source(context), "order.write_back", {"fields": fields},
        external_id=subject.external_id(context), priority=outgoing.PRIORITY_STATUS, part=f"erp-{count}",
    )  # fmt: skip
    ended = status if status in _ENDED else None
    context.data.update(write_back_entry=entry_id, written=fields, ended_there=ended, ended_count=count)
    return Done({"entry": entry_id, **fields})


def await_followed(context: Context) -> Answer:
    """Wait until the source has taken it; what comes next is the source's to decide."""
    answer = outgoing.await_delivery(context, int(context.data["write_back_entry"]))
    if not isinstance(answer, Done):
        return answer
    return Finish("done", {"erp_status": context.data["written"]["erp_status"]})


def _note(context: Context, status: str, left: list[Money]) -> None:
    target, source = subject.target(context), subject.source(context)
    shown = ", ".join(str(one) for one in left) or "nothing"
    subject.note(
        context, CLASS,
        f"order {context.workflow.document_number} was {status} in {target}, and is open in {source}: {shown} of it was still to be "
        f"invoiced and is promised no more. End it in {source}, too, or open it again in {target}",
    )  # fmt: skip
