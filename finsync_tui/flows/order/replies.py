"""Steps at the source: the ERP's number and status, and that both systems hold what was decided."""

from __future__ import annotations

from finsync_tui.flows import outgoing, reading_back
from finsync_tui.flows.order import changed, ended, subject
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Wait


def write_back(context: Context) -> Answer:
    """Give the source the ERP's number and status."""
    source = subject.source(context)
    fields = {
        "erp_number": str(context.data.get("erp_number") or ""),
        "erp_status": str(context.data["erp_status"]),
    }
    entry_id = outgoing.enqueue(
        context,
        source,
        "order.write_back",
        {"fields": fields},
        external_id=subject.external_id(context),
        priority=outgoing.PRIORITY_STATUS,
    )
    context.data.update(write_back_entry=entry_id, written=fields, read_back=None)
    return Done({"entry": entry_id, **fields})


def await_write_back(context: Context) -> Answer:
    """Wait until the source has taken it."""
    return outgoing.await_delivery(context, int(context.data["write_back_entry"]))


def verify(context: Context) -> Answer:
    """Done only when both systems, read afresh, show what we believe. What the ERP has made of it meanwhile is followed next."""
    read_back = context.data.get("read_back")
    if not read_back:
        return Wait("read-back")
    for system, class_ in (
        (subject.target(context), "READ_BACK_DIFFERS"),
        (subject.source(context), "WRITE_BACK_IGNORED"),
    ):
        differences = read_back.get(system) or []
        if differences:
            context.data["read_back"] = None
            return Hold(
                class_,
                f"{system} does not hold what was delivered: {reading_back.told(differences)}",
                f"Find out who changed it in {system}; retry to deliver it again.",
                system,
                {"differences": differences},
            )
    entries = outgoing.mark_verified(context)
    if ended.is_news(context.db, context.workflow):
        return Done({"verified": entries, "note": "the ERP has ended it, or lines of it"}, goto="follow_erp")
    if changed.is_news(context.db, context.workflow):
        return Done({"verified": entries, "note": "the ERP has changed it"}, goto="follow_change")
    return Finish("done", {"verified": entries})
