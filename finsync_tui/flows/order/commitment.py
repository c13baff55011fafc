"""Steps at the ERP: ask for the order, have it approved with its funds, and count what it promises."""

from __future__ import annotations

from finsync_tui.flows import budgets, outgoing, sent, suppliers
from finsync_tui.flows.order import changed, ended, shape, subject, takeover, telling
from finsync_tui.flows.order.takeover import ENDED
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Wait
from store import commitments, crossrefs, outbox, records
from store.canonical.budget import Commitment, PolicyMetadata
from store.canonical.purchasing import PurchaseOrder
from store.records import Held


def request_commitment(context: Context) -> Answer:
    """Decide what the ERP shall hold, once, and put the decision into the outbox."""
    held = subject.held(context)
    order = held.record
    shown = " ".join(filter(None, (order.supplier_number, order.supplier_name)))
    stopped = suppliers.stopped(context, order.supplier_id, shown)
    if stopped is not None:
        return stopped
    left_out = ended.left_out(context)
    if left_out and {line.number for line, _ in subject.distributions(held.record)} <= set(left_out):
        target = subject.target(context)
        return Hold(
            "REJECTED",
            f"{target} has cancelled every line of order {held.record.number} that is still ordered, and takes none up again",
            f"Cancel the order in {subject.source(context)}, or order what is still wanted as new lines, then retry.",
            target,
            {"lines": left_out},
        )
    commitment = shape.commitment(
        held.record,
        subject.company(context),
        shape.Decided(
            order_key=context.workflow.document_key,
            marker=subject.marker(context),
            legal_entity=str(context.data["legal_entity"]),
            supplier_id=str(context.data["supplier_id"]),
            supplier_site_id=context.data.get("supplier_site_id"),
            policy=PolicyMetadata.model_validate(context.data["policy"]),
            accounts=context.data["accounts"],
            budget_days=budgets.days(context, held.record.lines, commitments.ORDER),
            left_out=frozenset(left_out),
        ),
    )
    target = subject.target(context)
    link = subject.link(context)
    operation = "order.change" if link else "order.create"
    stored = records.put_page(
        context.db,
        "commitment",
        "finsync",
        [
            records.Incoming(
                external_id=context.workflow.document_key,
                record=commitment,
                payload=commitment.canonical_json(),
                source_version=None,
            )
        ],
        context.now,
    )
    context.data.update(
        commitment_version=stored[0].version, left_out=left_out, ended_lines=left_out, changed_there=[]
    )
    body = {"commitment": commitment.model_dump(mode="json")}
    entry_id = outgoing.enqueue(
        context,
        target,
        operation,
        body if link else outgoing.extended(context, target, order, body),
        external_id=link.external_id if link else None,
    )
    context.data["commitment_entry"] = entry_id
    return Done({"operation": operation, "entry": entry_id, "commitment_version": stored[0].version})


def await_commitment(context: Context) -> Answer:
    """Wait until the ERP has taken the draft."""
    answer = outgoing.await_delivery(context, int(context.data["commitment_entry"]))
    if isinstance(answer, Done):
        sent.keep(context, "commitment_entry", "commitment_version", "commitment", Commitment)
    return answer


def submit(context: Context) -> Answer:
    """Ask the ERP to reserve funds and approve. Remember what it showed before, to tell the outcome by."""
    target = subject.target(context)
    link = subject.link(context)
    if link is None:
        return Hold(
            "REJECTED",
            "the ERP took the order but gave no number",
            "Retry; the order is looked up first.",
            target,
        )
    seen = subject.shown(context)
    context.data["seen_version"] = seen.version if seen else 0
    body = {"marker": subject.marker(context), "number": link.number or ""}
    entry_id = outgoing.enqueue(context, target, "order.submit", body, external_id=link.external_id)
    context.data["submit_entry"] = entry_id
    return Done({"entry": entry_id})


def await_submit(context: Context) -> Answer:
    """Wait until the ERP has accepted the submission."""
    entry_id = int(context.data["submit_entry"])
    answer = outgoing.await_delivery(context, entry_id)
    if isinstance(answer, Done):
        delivery = outbox.get(context.db, entry_id)
        receipt = (delivery.receipt if delivery else None) or {}
        context.data["is_pending"] = bool(receipt.get("is_pending", True))
    return answer


def await_approval(context: Context) -> Answer:
    """Wait for the ERP's asynchronous outcome, as sync reads it."""
    target = subject.target(context)
    seen = subject.shown(context)
    is_news = seen is not None and seen.version > int(context.data["seen_version"])
    if seen is None or (not is_news and context.data.get("is_pending", True)):
        return Wait(f"{target} approval")
    order = seen.record
    if order.status == "pending_approval" or order.status == "draft":
        return Wait(f"{target} approval")
    if order.status == "rejected":
        is_budget = order.funds_status == "failed"
        return Hold(
            "BUDGET_EXCEEDED" if is_budget else "REJECTED",
            f"{target} did not approve order {order.number}"
            + (
                ": its budget has not enough funds left"
                if is_budget
                else f" ({order.closing_reason or 'no reason given'})"
            ),
            "Raise or transfer the budget, or reduce the order, then retry."
            if is_budget
            else f"Ask the approver in {target}, then retry.",
            target,
            {"erp_number": order.number, "funds_status": order.funds_status or ""},
        )
    if order.status in ("on_hold", "soft_closed", "closed", "cancelled"):
        return Hold(
            "REJECTED",
            f"order {order.number} is {order.status.replace('_', ' ')} in {target}, where it should be open",
            f"Clarify in {target} why; re-open it there or cancel the order at its source, then retry.",
            target,
            {"erp_number": order.number},
        )
    return _approved(context, seen)


def _approved(context: Context, seen: Held[PurchaseOrder], goto: str | None = None) -> Answer:
    link, order = subject.link(context), seen.record
    crossrefs.link(
        context.db,
        subject.ENTITY,
        context.workflow.document_key,
        subject.target(context),
        seen.external_id,
        number=order.number,
        revision=order.revision,
        why=link.why if link else "created",
        linked_at=context.now,
    )
    status = telling.status_text("open", context.data.get("left_out", []))
    context.data.update(
        erp_number=order.number, erp_status=status, erp_revision=order.revision, agreed_version=seen.version
    )
    detail = {"erp_number": order.number, "funds_status": order.funds_status, "revision": order.revision}
    return Done(detail, goto=goto)


def await_late_approval(context: Context) -> Answer:
    """Somebody has settled why it was not approved: should the ERP approve it all the same, it goes on from there."""
    seen = subject.shown(context)
    if seen is not None and seen.record.status in ENDED:
        if commitments.open_of(context.db, context.workflow.document_key):
            context.data["erp_number"] = seen.record.number
            return Done({"note": "ended with what was in force before the change"}, goto="follow_erp")
        return Finish("aborted", {"note": f"{seen.record.status} in {subject.target(context)}"})
    if seen is None or seen.record.status != "open":
        return Wait(f"{subject.target(context)} approval")
    if context.workflow.kind != "create" and changed.changes(seen.record, subject.asked(context), None):
        return Wait(f"{subject.target(context)} approval")  # what is in force is the order before the change
    return _approved(context, seen, goto="publish")


def publish(context: Context) -> Answer:
    """Tell others, and bring the commitment totals up to date."""
    commitment = subject.asked(context)
    target = subject.target(context)
    live = ended.in_force(context, commitment)
    commitments.replace(context.db, context.workflow.document_key, target, live)
    takeover.of_order(context.db, subject.source(context), target, subject.order(context))
    is_first = context.workflow.kind == "create"
    subject.tell(context, "created" if is_first else "changed", {"total": commitment.total.model_dump()})
    return Done({"total": str(commitment.total)})
