"""Steps for a posted invoice that somebody has cancelled in the ERP, while its source stands by it.

    await_payment or await_release -> tell_cancelled -> await_cancelled_told

What it took of its orders is promised again and the source is told at once; then a person decides: void it at its source,
too, or resolve. Should the ERP hold it in force again, it goes on by itself: `publish` and what follows.
"""

from __future__ import annotations

from finsync_tui.flows import outgoing
from finsync_tui.flows.invoice import doubles, postings, subject
from finsync_tui.flows.steps import Answer, Context, Done
from store import commitments

STATUS = "Cancelled"


def tell_cancelled(context: Context) -> Answer:
    """Give back what it took of its orders, and let the source's people see that the ERP does not hold it any more."""
    link = subject.link(context)
    count = int(context.data.get("cancel_count", 0)) + 1
    fields = {
        "erp_number": link.number if link and link.number else subject.invoice(context).number,
        "erp_status": STATUS,
    }
    given_back = commitments.take_back(context.db, context.workflow.document_key)
    postings.tell(context, "cancelled", {})
    entry_id = outgoing.enqueue(
        context, subject.source(context), "invoice.write_back", {"fields": fields},
        external_id=subject.external_id(context), priority=outgoing.PRIORITY_STATUS, part=f"cancelled-{count}",
    )  # fmt: skip
    subject.remember(context, entry_id)
    context.data.update(
        cancelled_entry=entry_id,
        cancel_count=count,
        is_cancelled=True,
        write_back_entry=entry_id,
        written=fields,
    )
    return Done({"entry": entry_id, "given_back": given_back, **fields})


def await_cancelled_told(context: Context) -> Answer:
    """Wait until the source has taken it; then a person has to decide, unless the ERP has it in force again."""
    if not subject.is_cancelled_there(context):
        context.data["is_cancelled"] = False
        return Done({"note": f"in force in {subject.target(context)} again"}, goto="publish")
    answer = outgoing.await_delivery(context, int(context.data["cancelled_entry"]))
    if isinstance(answer, Done) and doubles.untold(context):  # a payment that was called back for it
        return Done({"note": "there is news of a payment"}, goto="record_payment")
    return subject.cancelled_there(context) if isinstance(answer, Done) else answer
