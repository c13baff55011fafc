"""An order that its source cancels, closes or opens again: the same is done in the ERP."""

from __future__ import annotations

from finsync_tui.flows import outgoing
from finsync_tui.flows.order import subject, takeover
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Wait
from store import commitments


def request_end(context: Context) -> Answer:
    """Cancel or close what the ERP holds; a draft that was never issued is taken back."""
    target = subject.target(context)
    link = subject.link(context)
    if link is None:
        takeover.of_order(context.db, subject.source(context), target, subject.order(context))
        return Finish("done", {"note": "the ERP holds nothing for this order; nothing to do"})
    seen = subject.shown(context)
    status = seen.record.status if seen else "draft"
    ended = {"cancel": "cancelled", "close": "closed"}[context.workflow.kind]
    is_issued = link.revision is not None or status not in ("draft", "rejected")
    operation = f"order.{context.workflow.kind}" if is_issued else "order.discard"
    order = subject.order(context)
    body = {
        "marker": subject.marker(context),
        "reason": order.closing_reason or f"{ended} in {subject.source(context)}",
    }
    entry_id = outgoing.enqueue(context, target, operation, body, external_id=link.external_id)
    context.data.update(
        end_entry=entry_id,
        end_status=ended,
        is_discarded=not is_issued,
        erp_number=link.number,
        seen_version=0,
    )
    return Done({"operation": operation, "entry": entry_id})


def await_end(context: Context) -> Answer:
    """Wait until the ERP has taken it."""
    return outgoing.await_delivery(context, int(context.data["end_entry"]))


def await_ended(context: Context) -> Answer:
    """Wait until sync has read the ended order from the ERP."""
    if context.data.get("is_discarded"):
        context.data["erp_status"] = "Cancelled"
        return Done({"note": "the draft was discarded"}, is_skipped=True)
    seen, target = subject.shown(context), subject.target(context)
    if seen is None or seen.record.status not in ("cancelled", "closed"):
        return Wait(f"{target} to show it {context.data['end_status']}")
    context.data["erp_status"] = seen.record.status.capitalize()
    return Done({"status": seen.record.status})


def publish_end(context: Context) -> Answer:
    """Tell others, and take the order out of the open commitments."""
    commitments.drop(context.db, context.workflow.document_key)
    takeover.of_order(context.db, subject.source(context), subject.target(context), subject.order(context))
    subject.tell(context, str(context.data["end_status"]), {})
    return Done()


def request_reopen(context: Context) -> Answer:
    """The source has opened it again: the ERP's closed order takes no change before it is open, too."""
    target = subject.target(context)
    link = subject.link(context)
    if link is None:
        return Done(
            {"note": "the ERP holds nothing for this order"}, goto="confirm_supplier", is_skipped=True
        )
    entry_id = outgoing.enqueue(
        context, target, "order.reopen", {"marker": subject.marker(context)}, external_id=link.external_id
    )
    context.data["reopen_entry"] = entry_id
    return Done({"entry": entry_id})


def await_reopen(context: Context) -> Answer:
    """Wait until the ERP has taken it."""
    return outgoing.await_delivery(context, int(context.data["reopen_entry"]))


def await_reopened(context: Context) -> Answer:
    """Wait until sync has read the open order from the ERP; then it is brought up to date like any change."""
    seen, target = subject.shown(context), subject.target(context)
    if seen is None or seen.record.status in ("closed", "soft_closed"):
        return Wait(f"{target} to show it open")
    return Done({"status": seen.record.status})
