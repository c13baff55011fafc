"""Steps at the expense tool: lock the document, tell its outcome, tell its payments, see that it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from finsync_tui.flows import outgoing, reading_back
from finsync_tui.flows.expense import subject, words
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Wait
from store import crossrefs, records
from store.canonical.money import Money, plain
from store.canonical.payables import Invoice, Payment

RECALLED = "RECALLED"


def acknowledge(context: Context) -> Answer:
    """Take the document out of the queue: from now on nobody can recall it unseen."""
    document = subject.document(context)
    entry_id = _tell(context, "acknowledge", {"document_kind": document.document_type or document.kind})
    context.data["acknowledgement_entry"] = entry_id
    return Done({"entry": entry_id})


def await_acknowledgement(context: Context) -> Answer:
    """Go on only when the lock holds. A document that was recalled before is over: a new one will come."""
    answer = outgoing.await_delivery(context, int(context.data["acknowledgement_entry"]))
    if isinstance(answer, Hold) and answer.class_ == RECALLED:
        return Finish("aborted", {"note": "recalled before it was acknowledged; nothing was posted"})
    return answer


def confirm_posting(context: Context) -> Answer:
    """Tell the expense tool under which number it is posted."""
    document = subject.document(context)
    number = context.data.get("erp_number")
    on = context.data["accounting_on"]
    posted = {
        "company": subject.expense_setup(context).company,
        "number": number or f"none-{subject.short_id(subject.external_id(context))}",
        "fiscal_year": on[:4],
        "posted_on": on,
    }
    body = {
        "document_kind": document.document_type or document.kind,
        "outcome": "success",
        "postings": [posted],
        "messages": [],
    }
    entry_id = _tell(context, "confirm_posting", body)
    context.data["confirmation_entry"] = entry_id
    return Done({"entry": entry_id, "number": posted["number"]})


def await_confirmation(context: Context) -> Answer:
    """Wait until it is taken. Recalled meanwhile: what was posted is taken back."""
    answer = outgoing.await_delivery(context, int(context.data["confirmation_entry"]))
    if isinstance(answer, Hold) and answer.class_ == RECALLED:
        return Done(
            {"note": "recalled after it was posted"},
            goto="undo_posting" if _posts(context) else "await_return",
        )
    if isinstance(answer, Done):
        return Done(answer.detail, goto=None if _posts(context) else "verify")
    return answer


def await_payment(context: Context) -> Answer:
    """Wait until the ERP has paid, or has called a payment back."""
    if context.data.get("posted_entity") != "invoice":
        return Done({"note": "the ERP pays nobody for this document"}, goto="verify", is_skipped=True)
    invoice = _invoice(context)
    if invoice.total.amount_minor <= 0:
        return Done({"note": "nothing is owed"}, goto="verify", is_skipped=True)
    news = _news(context)
    if news:
        return Done({"payments": sorted(news)})
    if _is_settled(context, invoice):
        return Done({"note": "paid and confirmed"}, goto="verify")
    target = subject.target(context)
    shown = records.get(context.db, Invoice, target, _link(context).external_id)
    if shown is not None and shown.record.status == "cancelled":
        return Hold(
            "READ_BACK_DIFFERS",
            f"invoice {shown.record.number} was cancelled in {target} after its posting was confirmed: nothing will be paid",
            f"Find out who cancelled it in {target}; the expense tool can't be told. Pay the employee another way, then "
            "resolve the exception.",
            target,
            {"invoice": shown.record.number},
        )
    return Wait(f"payment in {subject.target(context)}")


def confirm_payment(context: Context) -> Answer:
    """Tell the expense tool of one payment, or that one is void: one at a time, under a reference made of the ERP's ids."""
    payment_id, state = sorted(_news(context).items())[0]
    payment = _payments(context)[payment_id]
    invoice = _invoice(context)
    link = _link(context)
    told = [one for one_id, one in _payments(context).items() if one_id in context.data.get("confirmed", {})]
    paid = sum(_amount(one, link.external_id) for one in (*told, payment) if _is_live(one))
    status = (
        "reversed" if state == "voided" else "paid" if paid >= invoice.total.amount_minor else "partly_paid"
    )
    on = payment.voided_on if state == "voided" and payment.voided_on else payment.paid_on
    amount = Money(amount_minor=_amount(payment, link.external_id), currency=invoice.currency)
    setup = subject.expense_setup(context)
    body = {
        "document_kind": "expense",
        "status": status,
        "note": f"Payment {payment.number} was called back" if state == "voided" else "",
        "payments": [
            {
                "reference": "/".join(filter(None, (setup.company, invoice.number, str(on.year), payment_id, _void(state)))),
                "paid_on": on.isoformat(),
                "amount": plain(amount.amount),
                "currency": amount.currency,
                "method": "check" if (payment.method or "").casefold() in ("check", "cheque") else "electronic",
                "company": setup.company,
                "number": context.data["erp_number"],
                "fiscal_year": str(date.fromisoformat(context.data["accounting_on"]).year),
                "payee_id": subject.document(context).employee_id,
                "payee_name": subject.document(context).employee_name or "",
            }
        ],
    }  # fmt: skip
    entry_id = _tell(context, "confirm_payment", body, part=f"{payment_id}-{state}")
    context.data.update(payment_entry=entry_id, payment_told=[payment_id, state])
    return Done({"entry": entry_id, "payment": payment.number, "status": status})


def await_payment_confirmation(context: Context) -> Answer:
    """Wait until it is taken, note it, and look whether there is more to tell."""
    answer = outgoing.await_delivery(context, int(context.data["payment_entry"]))
    if isinstance(answer, Done):
        payment_id, state = context.data["payment_told"]
        context.data["confirmed"] = {**context.data.get("confirmed", {}), payment_id: state}
        return Done({"payment": payment_id, "state": state}, goto="await_payment")
    return answer


def verify(context: Context) -> Answer:
    """Done only when the expense tool, read afresh, shows what we told it. A payment called back meanwhile comes first."""
    is_returned = "return_entry" in context.data
    if not is_returned and context.data.get("posted_entity") == "invoice" and _news(context):
        context.data["read_back"] = None  # what was read is older than what is told now
        return Done({"note": "there is news of a payment"}, goto="await_payment")
    read_back = reading_back.take(context)
    if not read_back:
        return Wait("read-back")
    source = subject.source(context)
    differences = read_back.get(source) or []
    if differences:
        held = Hold(
            "READ_BACK_DIFFERS",
            f"{source} does not show what it was told: {reading_back.told(differences)}",
            f"Look at the document in {source}; retry reads it again.",
            source,
            {"differences": differences},
        )
        names = ("return_entry", "payment_entry", "confirmation_entry")
        told = next((context.data[name] for name in names if name in context.data), None)
        return outgoing.unseen(context, held, told)
    entries = outgoing.mark_verified(context)
    if is_returned:
        reason = context.data["return"]
        return Finish("aborted", {"returned": reason["class"], "cause": reason["cause"]})
    return Finish("done", {"verified": entries})


def return_document(context: Context) -> Answer:
    """Tell the employee why it can't be posted, and what to change; what was posted of it is taken back first."""
    if _posts(context) and not context.data.get("is_undone"):
        if _find_link(context) is not None:
            return Done({"note": "first what was posted is taken back"}, goto="undo_posting")
        if context.data.get("is_imported") and not context.data.get("is_import_refused"):
            return Done({"note": "first it has to be known what became of its import"}, goto="await_import")
    document = subject.document(context)
    reason = context.data["return"]
    text = words.message(document, reason["class"], reason["cause"], reason.get("entry_id"))
    body = {
        "document_kind": document.document_type or document.kind,
        "outcome": "error",
        "postings": [],
        "messages": [{"code": reason["class"], "text": text, "entry_id": reason.get("entry_id") or ""}],
    }
    entry_id = _tell(context, "confirm_posting", body, part="returned")
    context.data["return_entry"] = entry_id
    return Done({"entry": entry_id, "class": reason["class"], "message": text})


def await_return(context: Context) -> Answer:
    """It is over here when the expense tool shows it: corrected and approved again, it comes as a new document."""
    if "return_entry" not in context.data:
        return Finish("aborted", {"note": "recalled in the expense tool"})
    answer = outgoing.await_delivery(context, int(context.data["return_entry"]))
    if isinstance(answer, Hold) and answer.class_ == RECALLED:
        return Finish("aborted", {"note": "recalled in the expense tool before it was returned"})
    if not isinstance(answer, Done):
        return answer
    return Done({"note": "it is told; now it has to show"}, goto="verify")


def recalled(context: Context) -> Answer:
    """It was recalled while an analyst was to look: what the ERP holds of it is taken back, and it is over."""
    if _posts(context) and not context.data.get("is_undone"):
        if _find_link(context) is not None:
            return Done({"note": "recalled; what was posted is taken back"}, goto="undo_posting")
        if context.data.get("is_imported") and not context.data.get("is_import_refused"):
            return Done({"note": "first it has to be known what became of its import"}, goto="await_import")
    return Finish("aborted", {"note": "recalled in the expense tool"})


def _tell(context: Context, what: str, body: Mapping[str, Any], *, part: str = "") -> int:
    return outgoing.enqueue(
        context,
        subject.source(context),
        f"expense.{what}",
        body,
        external_id=subject.external_id(context),
        priority=outgoing.PRIORITY_STATUS,
        part=part,
    )


def _posts(context: Context) -> bool:
    return context.workflow.kind not in ("funds", "aside")


def _find_link(context: Context) -> crossrefs.Crossref | None:
    if "target" not in context.data:
        return None  # it was never routed to an ERP
    return crossrefs.get(context.db, subject.ENTITY, context.workflow.document_key, subject.target(context))


def _link(context: Context) -> crossrefs.Crossref:
    link = _find_link(context)
    assert link is not None, "it was posted before it was confirmed"
    return link


def _invoice(context: Context) -> Invoice:
    held = records.get_version(
        context.db, Invoice, "finsync", context.workflow.document_key, int(context.data["posting_version"])
    )
    assert held is not None, "it was stored with the decision to ask for it"
    return held.record


def _payments(context: Context) -> dict[str, Payment]:
    """All payments of this posting by their id in the ERP, live or not."""
    target = subject.target(context)
    ids = records.twins(context.db, "payment", "invoice", _link(context).external_id, target)
    return {i: held.record for i in ids if (held := records.get(context.db, Payment, target, i)) is not None}


def _news(context: Context) -> dict[str, str]:
    return news_of(_payments(context), context.data.get("confirmed", {}))


def news_of(made: Mapping[str, Payment], told: Mapping[str, str]) -> dict[str, str]:
    """Return what the expense tool has not been told: payments that were made, and told ones that are void."""
    news = {}
    for payment_id, payment in made.items():
        if _is_live(payment) and payment_id not in told:
            news[payment_id] = "paid"
        elif payment.status == "voided" and told.get(payment_id) == "paid":
            news[payment_id] = "voided"
    return news


def _is_settled(context: Context, invoice: Invoice) -> bool:
    link = _link(context)
    live = (one for one in _payments(context).values() if _is_live(one))
    return sum(_amount(one, link.external_id) for one in live) >= invoice.total.amount_minor


def _is_live(payment: Payment) -> bool:
    return payment.status in ("issued", "cleared")


def _amount(payment: Payment, invoice_id: str) -> int:
    return sum(one.amount.amount_minor for one in payment.invoices if one.invoice_id == invoice_id)


def _void(state: str) -> str:
    return "void" if state == "voided" else ""
