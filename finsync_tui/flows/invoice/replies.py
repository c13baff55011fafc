"""Steps at the source: its number and status in the ERP, the wait for payments, and that it shows what it was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finsync_tui.flows import outgoing, reading_back
from finsync_tui.flows.invoice import disputes, doubles, goods, holds, postings, settled, subject, withheld
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Wait


def write_back(context: Context) -> Answer:
    """Give the source the ERP's number and status. After a hold it is told anew."""
    is_void = context.workflow.kind == "void"
    fields = {
        "erp_number": str(context.data.get("erp_number") or subject.invoice(context).number),
        "erp_status": "Cancelled" if is_void else "Posted",
    }
    entry_id = outgoing.enqueue(
        context, subject.source(context), "invoice.write_back", {"fields": fields},
        external_id=subject.external_id(context), priority=outgoing.PRIORITY_STATUS,
        part=_after_what(context),
    )  # fmt: skip
    context.data.update(write_back_entry=entry_id, written=fields, is_hold_told=False)
    return Done({"entry": entry_id, **fields})


def _after_what(context: Context) -> str:
    """Tell apart what is told anew of one version: after each hold, and after each time it was cancelled there."""
    counts = (("hold", context.data.get("hold_count", 0)), ("cancelled", context.data.get("cancel_count", 0)))
    return "-".join(f"after-{name}-{count}" for name, count in counts if count)


def await_write_back(context: Context) -> Answer:
    """Wait until the source has taken it."""
    return outgoing.await_delivery(context, int(context.data["write_back_entry"]))


def await_payment(context: Context) -> Answer:
    """Wait until the ERP has paid, or has called a payment back. What the source was told meanwhile is read back first."""
    if subject.setup(context).match.goods_gone == "note":
        goods.note(context)
    found = _to_do(context)
    is_void = context.workflow.kind == "void"  # one that was left in force
    if found is None and not is_void and _unseen_count(context):
        return Done({"records": _unseen_count(context)}, goto="verify_record")
    if found is None and not is_void and (in_doubt := doubles.doubts(context)):
        return Done({"in_doubt": [one.key for one in in_doubt]}, goto="check_payment")
    return found or Wait(f"payment in {subject.target(context)}", settled.look_again_at(context))


def _to_do(context: Context) -> Answer | None:
    """Return what is to be done about the payment or the standing of a posted invoice now; None: nothing yet."""
    news = doubles.untold(context)
    if news:
        return settled.late(context) or Done({"payments": sorted(news)}, goto="record_payment")
    if context.data.get("left_in_force"):  # void at its source, and not cancelled: somebody has left it so
        shown = subject.shown(context)
        is_cancelled = shown is not None and shown.status == "cancelled"
        return Done({"note": "cancelled after all"}, goto="request_cancel") if is_cancelled else None
    if holds.is_told(context):
        return Done({"on_hold": holds.reasons(context)}, goto="await_release")
    if subject.is_cancelled_there(context):
        return Done({"note": f"cancelled in {subject.target(context)}"}, goto="tell_cancelled")
    if subject.invoice(context).total.amount_minor <= 0:
        return (
            _mark(context)
            or _withheld(context)
            or Done({"note": "nothing is owed"}, goto="verify", is_skipped=True)
        )
    if context.workflow.kind == "void":
        return Done({"note": "every payment that was called back is told"}, goto="verify")
    if settled.is_settled(context) and not doubles.doubts(context):
        goods.note(context)
        if disputes.our_hold(context) is not None:  # there is nothing left that it could hold back
            return Done({"note": "paid all the same"}, goto="request_release")
        return (
            _mark(context)
            or _withheld(context)
            or Done({"note": "paid, and the source knows"}, goto="verify")
        )
    if disputes.is_disputed(context):
        step = "request_hold" if disputes.our_hold(context) is None else "await_settled"
        return Done({"disputed": disputes.reason(context)}, goto=step)
    if disputes.our_hold(context) is not None:
        return Done({"settled_in": subject.source(context)}, goto="request_release")
    if holds.is_held(context):
        return Done({"on_hold": holds.reasons(context)}, goto="tell_hold")
    return None


def _mark(context: Context) -> Done | None:
    """What the ERP settled with less than its total, or otherwise, is marked as paid at its source, too."""
    if settled.is_flag_right(context):
        return None
    return Done({"note": f"settled in {subject.target(context)}"}, goto="mark_paid")


def _withheld(context: Context) -> Done | None:
    """What was kept back for the tax office is compared with the rule once it is settled and told."""
    is_settled = bool(context.data.get("recorded")) and settled.is_settled(context)
    return Done(goto="check_withheld") if is_settled and withheld.is_to_check(context) else None


def _unseen_count(context: Context) -> int:
    """How many payments the source was told of that nobody has read there yet."""
    return len(context.data.get("recorded", [])) - int(context.data.get("recorded_seen", 0))


def verify_record(context: Context) -> Answer:
    """Believe that a part payment is recorded only when the source, read afresh, shows it: the rest may take months."""
    read_back = reading_back.take(context)
    if not read_back:
        if _to_do(context) is not None:
            return Done({"note": "there is more to tell first"}, goto="await_payment", is_skipped=True)
        return Wait("read-back")
    for system, differences in read_back.items():
        if differences:
            return _not_shown(context, system, differences)
    context.data["recorded_seen"] = len(context.data.get("recorded", []))
    return Done({"records": context.data["recorded_seen"]}, goto="await_payment")


def verify(context: Context) -> Answer:
    """Done only when both systems, read afresh, show what we believe. What the ERP has made of it meanwhile comes first."""
    if _is_news(context):
        context.data["read_back"] = None  # what was read is older than what is told now
        return Done({"note": "there is news of it"}, goto="await_payment", is_skipped=True)
    read_back = reading_back.take(context)
    if not read_back:
        return Wait("read-back")
    for system, differences in read_back.items():
        if differences:
            return _not_shown(context, system, differences)
    postings.mark_verified(context)
    goods.note(context)  # what went back meanwhile
    return Finish("done", {"recorded": context.data.get("recorded", [])})


def _is_news(context: Context) -> bool:
    """Say whether payments, or its standing in the ERP, are others than when its source was told last."""
    if doubles.untold(context) or subject.is_cancelled_there(context):
        return True
    return subject.invoice(context).total.amount_minor > 0 and bool(doubles.doubts(context))


def _not_shown(context: Context, system: str, differences: Sequence[Mapping[str, str]]) -> Answer:
    is_source = system == subject.source(context)
    held = subject.stop(
        context, "WRITE_BACK_IGNORED" if is_source else "READ_BACK_DIFFERS",
        f"{system} does not show what it should: {reading_back.told(differences)}",
        f"Find out who changed it in {system}; retry reads it again.", system, {"differences": list(differences)},
    )  # fmt: skip
    return outgoing.unseen(context, held, _teller(context, differences)) if is_source else held


def _teller(context: Context, differences: Sequence[Mapping[str, str]]) -> int | None:
    """Return the delivery that told the source what it does not show."""
    names = {one["field"] for one in differences}
    if names & {"erp_number", "erp_status"}:
        entry_id = context.data.get("write_back_entry")
        return None if entry_id is None else int(entry_id)
    if "paid" in names:
        entry_id = context.data.get("flag_entry")
        return None if entry_id is None else int(entry_id)
    told = zip(context.data.get("recorded", []), context.data.get("payment_entries", []), strict=False)
    return next((int(entry_id) for (text, _), entry_id in told if f"payment {text}" in names), None)
