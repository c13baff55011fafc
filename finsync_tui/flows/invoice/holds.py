"""Steps while the ERP holds an invoice: the source is told why, a person sees it, and its release is waited for.

An invoice may be held more than once: each time is told, and each release.
"""

from __future__ import annotations

from finsync_tui.flows import outgoing
from finsync_tui.flows.invoice import disputes, doubles, subject
from finsync_tui.flows.steps import Answer, Context, Done, Wait

STATUS_MAX = 250


def tell_hold(context: Context) -> Answer:
    """Let the source's people see that the ERP holds it, and why."""
    link = subject.link(context)
    count = int(context.data.get("hold_count", 0)) + 1
    fields = {
        "erp_number": link.number if link and link.number else subject.invoice(context).number,
        "erp_status": f"On hold: {reasons(context)}"[:STATUS_MAX],
    }
    entry_id = outgoing.enqueue(
        context, subject.source(context), "invoice.write_back", {"fields": fields},
        external_id=subject.external_id(context), priority=outgoing.PRIORITY_STATUS, part=f"hold-{count}",
    )  # fmt: skip
    context.data.update(
        hold_entry=entry_id,
        hold_count=count,
        hold_shown=False,
        hold_settled=False,
        is_hold_same=False,
        is_hold_told=True,
    )
    context.data["hold_entries"] = [*context.data.get("hold_entries", []), entry_id]
    return Done({"entry": entry_id, **fields})


def await_hold_told(context: Context) -> Answer:
    """Wait until the source has taken it. What we hold ourselves is released when the source settles its dispute."""
    answer = outgoing.await_delivery(context, int(context.data["hold_entry"]))
    if isinstance(answer, Done) and disputes.our_hold(context) is not None:
        return Done(answer.detail, goto="await_settled")
    return answer


def await_release(context: Context) -> Answer:
    """Wait until the ERP has released it; that is done there. An analyst sees it meanwhile, and the source is told what becomes
    of its payments."""
    shown, target = subject.shown(context), subject.target(context)
    if shown is not None and shown.status in ("approved", "pending_approval"):
        return Done({"note": "released in the ERP"}, goto="verify_posting")
    if shown is not None and shown.status == "cancelled":
        return Done({"note": f"cancelled in {target}"}, goto="tell_cancelled")
    if doubles.untold(context):
        # It is held after that, too, which is news to nobody who has settled it.
        context.data.update(
            hold_shown=bool(context.data.get("hold_settled")), is_hold_told=True, is_hold_same=True
        )
        return Done({"note": "there is news of a payment"}, goto="record_payment")
    if not context.data.get("hold_shown"):
        context.data["hold_shown"] = True
        return subject.stop(
            context, "INVOICE_ON_HOLD", f"{target} holds it: {reasons(context)}",
            f"Clear the reason and release the hold in {target}: it goes on by itself when the release is read.",
            target, {"holds": reasons(context)}, is_same=bool(context.data.pop("is_hold_same", False)),
        )  # fmt: skip
    return Wait(f"release of the hold in {target}")


def is_told(context: Context) -> bool:
    """Say whether the source reads that the ERP holds it, which is nobody's hold but the ERP's."""
    return bool(context.data.get("is_hold_told")) and disputes.our_hold(context) is None


def is_held(context: Context) -> bool:
    """Say whether the ERP holds it, as sync read it last."""
    shown = subject.shown(context)
    return shown is not None and shown.status == "on_hold"


def reasons(context: Context) -> str:
    shown = subject.shown(context)
    if shown is not None and shown.holds and disputes.our_hold(context) is None:
        return ", ".join(shown.holds)
    return str(context.data.get("hold_reason", "")) or "it does not say why"
