"""Steps for an invoice that is disputed at its source, or whose goods went back, after it was posted: the ERP holds it
until that is settled.

    await_payment -> request_hold -> await_hold -> tell_hold -> await_hold_told -> await_settled
      -> request_release -> await_released -> write_back -> await_write_back -> await_payment

Which hold the ERP knows for that is the company's to say (`dispute_hold`). Without one an analyst is told, so that nobody
pays meanwhile. Payments that are made all the same are told as ever.
"""

from __future__ import annotations

import json

from finsync_tui.flows import outgoing
from finsync_tui.flows.invoice import doubles, goods, subject
from finsync_tui.flows.steps import Answer, Context, Done, Wait
from store import outbox, records
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice


def is_disputed(context: Context) -> bool:
    """Say whether the source, as it was read last, does not stand by the invoice any more, and has not voided it; or by its
    receipts the goods are gone."""
    return _is_doubted(context) or goods.is_gone(context)


def _is_doubted(context: Context) -> bool:
    return newest(context).status not in ("approved", "cancelled")


def newest(context: Context) -> Invoice:
    key = RecordKey.parse(context.workflow.document_key)
    held = records.get(context.db, Invoice, key.system, key.external_id)
    assert held is not None, "a document that was read stays"
    return held.record


def reason(context: Context) -> str:
    """Return why, in the source's words."""
    found = newest(context)
    if not _is_doubted(context) and (gone := goods.gone(context)) is not None:
        return f"{gone} in {subject.source(context)}"
    words = ", ".join(found.holds) or found.status.replace("_", " ")
    return f"{words} in {subject.source(context)}"


def request_hold(context: Context) -> Answer:
    """Ask the ERP to hold it, once for each dispute."""
    name, link = subject.setup(context).dispute_hold, subject.link(context)
    if name is None or link is None:
        return Done({"note": "the company names no hold for disputes"}, goto="await_settled", is_skipped=True)
    count = int(context.data.get("dispute_count", 0)) + 1
    body = {"number": link.number or "", "name": name, "reason": reason(context)}
    entry_id = outgoing.enqueue(
        context, subject.target(context), "invoice.hold", body, external_id=link.external_id, part=f"dispute-{count}"
    )  # fmt: skip
    subject.remember(context, entry_id)
    context.data.update(dispute_entry=entry_id, dispute_count=count)
    return Done({"entry": entry_id, "hold": name})


def await_hold(context: Context) -> Answer:
    """Wait until the ERP holds it."""
    answer = outgoing.await_delivery(context, int(context.data["dispute_entry"]))
    if isinstance(answer, Done):
        context.data["hold_reason"] = reason(context)
        return Done(answer.detail, goto="tell_hold")
    return answer


def await_settled(context: Context) -> Answer:
    """Wait until the source has settled it. Where the ERP holds nothing, an analyst has to see to it meanwhile."""
    source, target = subject.source(context), subject.target(context)
    if doubles.untold(context):
        context.data["is_dispute_same"] = True
        context.data["dispute_shown"] = bool(
            context.data.get("dispute_settled")
        )  # it is disputed after that, too
        return Done({"note": "paid all the same"}, goto="record_payment")
    if doubles.doubts(context):
        context.data["is_dispute_same"] = True
        context.data["dispute_shown"] = bool(context.data.get("dispute_settled"))
        return Done({"note": "paid all the same, and perhaps twice"}, goto="check_payment")
    if subject.is_cancelled_there(context):
        return Done({"note": f"cancelled in {target}"}, goto="tell_cancelled")
    if not is_disputed(context):
        context.data.update(dispute_shown=False, dispute_settled=False, is_dispute_same=False)
        return Done({"settled_in": source}, goto="request_release")
    if our_hold(context) is None and not context.data.get("dispute_shown"):
        context.data["dispute_shown"] = True
        return subject.stop(
            context, "INVOICE_DISPUTED",
            f"it was posted in {target}, and is {reason(context)} now" if _is_doubted(context)
            else f"it was posted in {target}, and {reason(context)}",
            f"See that {target} does not pay it while it is disputed: it goes on by itself when {source} shows it settled, "
            "or the goods received or credited.",
            target, is_same=bool(context.data.pop("is_dispute_same", False)),
        )  # fmt: skip
    return Wait(f"the dispute in {source} to be settled")


def request_release(context: Context) -> Answer:
    """Ask the ERP to let our own hold go; all others stay."""
    name, link = our_hold(context), subject.link(context)
    is_void = context.workflow.kind == "void"
    if name is None or link is None:
        return Done(goto="take_off_prepayments" if is_void else "await_payment", is_skipped=True)
    settled = "voided" if is_void else "paid, and disputed" if is_disputed(context) else "settled"
    body = {"number": link.number or "", "name": name, "reason": f"{settled} in {subject.source(context)}"}
    entry_id = outgoing.enqueue(
        context, subject.target(context), "invoice.release", body, external_id=link.external_id,
        part=f"dispute-{context.data.get('dispute_count', 1)}",
    )  # fmt: skip
    subject.remember(context, entry_id)
    context.data.update(dispute_entry=entry_id, released=name)
    return Done({"entry": entry_id, "hold": name})


def await_released(context: Context) -> Answer:
    """Wait until it is released, and is seen to be; then the source is told."""
    answer = outgoing.await_delivery(context, int(context.data["dispute_entry"]))
    if not isinstance(answer, Done) or context.workflow.kind == "void":
        return answer
    name, shown = str(context.data["released"]), subject.shown(context)
    if shown is not None and any(one == name or one.startswith(f"{name}: ") for one in shown.holds):
        return Wait(f"{subject.target(context)} to show the release")
    context.data.pop("hold_reason", None)
    return Done(answer.detail, goto="write_back")


def our_hold(context: Context) -> str | None:
    """Return the name of the hold that we put on and that is on still, whichever instance had asked for it."""
    name: str | None = None
    for delivery in outbox.of_document(context.db, subject.ENTITY, context.workflow.document_key):
        if delivery.state in ("delivered", "verified"):
            if delivery.operation == "invoice.hold":
                name = str(json.loads(delivery.edited_body or delivery.body)["name"])
            elif delivery.operation == "invoice.release":
                name = None
    return name
