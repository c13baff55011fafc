"""Steps at the source: its number and status in the ERP, each payment once, and that it shows them."""

from __future__ import annotations

from finsync_tui.flows import outgoing, payments
from finsync_tui.flows.invoice import postings, subject
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Wait
from store.canonical.money import Money, plain
from store.canonical.payables import Payment


def write_back(context: Context) -> Answer:
    """Give the source the ERP's number and status."""
    is_void = context.workflow.kind == "void"
    fields = {
        "erp_number": str(context.data.get("erp_number") or subject.invoice(context).number),
        "erp_status": "Cancelled" if is_void else "Posted",
    }
    entry_id = outgoing.enqueue(
        context, subject.source(context), "invoice.write_back", {"fields": fields},
        external_id=subject.external_id(context), priority=outgoing.PRIORITY_STATUS,
    )  # fmt: skip
    context.data.update(write_back_entry=entry_id, written=fields)
    return Done({"entry": entry_id, **fields})


def await_write_back(context: Context) -> Answer:
    """Wait until the source has taken it."""
    answer = outgoing.await_delivery(context, int(context.data["write_back_entry"]))
    if isinstance(answer, Done) and context.workflow.kind == "void":
        return Done(answer.detail, goto="verify")
    return answer


def await_payment(context: Context) -> Answer:
    """Wait until the ERP has paid, or has called a payment back."""
    invoice, link = subject.invoice(context), subject.link(context)
    assert link is not None, "it was posted before it was written back"
    if invoice.total.amount_minor <= 0:
        return Done({"note": "nothing is owed"}, goto="verify", is_skipped=True)
    news = payments.news(_payments(context), context.data.get("told", {}))
    if news:
        return Done({"payments": sorted(news)})
    if _paid(context).amount_minor >= invoice.total.amount_minor:
        return Done({"note": "paid, and the source knows"}, goto="verify")
    return Wait(f"payment in {subject.target(context)}")


def record_payment(context: Context) -> Answer:
    """Tell the source of one payment, or that one is void: records append, so each is told once and looked for first."""
    invoice, link = subject.invoice(context), subject.link(context)
    assert link is not None, "it was posted before it was paid"
    payment_id, state = sorted(payments.news(_payments(context), context.data.get("told", {})).items())[0]
    payment = _payments(context)[payment_id]
    size = payments.amount(payment, link.external_id, invoice.currency)
    sign = -1 if state == "voided" else 1
    on = payment.voided_on if state == "voided" and payment.voided_on else payment.paid_on
    body = {
        "amount": plain(size.amount * sign),
        "currency": invoice.currency,
        "paid_on": on.isoformat(),
        "note": note(payment, state),
        "is_paid": _paid(context).amount_minor >= invoice.total.amount_minor,
    }
    entry_id = outgoing.enqueue(
        context, subject.source(context), "invoice.record_payment", body, external_id=subject.external_id(context),
        priority=outgoing.PRIORITY_STATUS, part=f"{payment_id}-{state}",
    )  # fmt: skip
    context.data.update(
        payment_entry=entry_id, payment_told=[payment_id, state, body["note"], str(size.amount_minor * sign)]
    )
    return Done({"entry": entry_id, "payment": payment.number, "state": state, "amount": str(size)})


def note(payment: Payment, state: str) -> str:
    """Return the text by which a record of a payment is found again in the source: the ERP's number, and what happened."""
    return f"Void {payment.number}" if state == "voided" else payment.number


def await_record(context: Context) -> Answer:
    """Wait until it is recorded, note it, and look whether there is more to tell."""
    answer = outgoing.await_delivery(context, int(context.data["payment_entry"]))
    if isinstance(answer, Done):
        payment_id, state, text, minor = context.data["payment_told"]
        context.data["told"] = {**context.data.get("told", {}), payment_id: state}
        context.data["recorded"] = [*context.data.get("recorded", []), [text, int(minor)]]
        context.data["payment_entries"] = [
            *context.data.get("payment_entries", []),
            context.data["payment_entry"],
        ]
        return Done({"payment": payment_id, "state": state}, goto="await_payment")
    return answer


def verify(context: Context) -> Answer:
    """Done only when both systems, read afresh, show what we believe."""
    read_back = context.data.get("read_back")
    if not read_back:
        return Wait("read-back")
    context.data["read_back"] = None
    for system, differences in sorted(read_back.items()):
        if differences:
            shown = "; ".join(
                f"{d['field']}: expected {d['expected']}, found {d['found']}" for d in differences[:5]
            )
            class_ = "WRITE_BACK_IGNORED" if system == subject.source(context) else "READ_BACK_DIFFERS"
            return subject.stop(
                context, class_, f"{system} does not show what it should: {shown}",
                f"Find out who changed it in {system}; retry reads it again.", system, {"differences": differences},
            )  # fmt: skip
    postings.mark_verified(context)
    return Finish("done", {"recorded": context.data.get("recorded", [])})


def _payments(context: Context) -> dict[str, Payment]:
    link = subject.link(context)
    return payments.of_invoice(context.db, subject.target(context), link.external_id) if link else {}


def _paid(context: Context) -> Money:
    link = subject.link(context)
    assert link is not None, "only a posted invoice is paid"
    return payments.paid(_payments(context), link.external_id, subject.invoice(context).currency)
