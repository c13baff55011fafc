"""Steps at the source: its number and status in the ERP, each payment once, and that it shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from finsync_tui.flows import outgoing, payments, reading_back
from finsync_tui.flows.invoice import disputes, doubles, holds, postings, prepayments, subject
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Wait
from store.canonical.money import Money, plain
from store.canonical.payables import Payment

INVOICE_LAG = timedelta(hours=1)
"""How long a payment waits to be told for the ERP's invoice to be read after it."""
PAYMENT_LAG = timedelta(days=1)
"""How long payments of an invoice that the ERP shows as paid are waited for."""


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
    context.data.update(write_back_entry=entry_id, written=fields)
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
    found = _to_do(context)
    if found is None and _unseen_count(context):
        return Done({"records": _unseen_count(context)}, goto="verify_record")
    if found is None and (in_doubt := doubles.doubts(context)):
        return Done({"in_doubt": [one.key for one in in_doubt]}, goto="check_payment")
    return found or Wait(f"payment in {subject.target(context)}", _paid_elsewhere(context))


def _to_do(context: Context) -> Answer | None:
    """Return what is to be done about the payment or the standing of a posted invoice now; None: nothing yet."""
    news = doubles.untold(context)
    if news:
        return _late(context) or Done({"payments": sorted(news)}, goto="record_payment")
    if subject.is_cancelled_there(context):
        return Done({"note": f"cancelled in {subject.target(context)}"}, goto="tell_cancelled")
    if subject.invoice(context).total.amount_minor <= 0:
        return Done({"note": "nothing is owed"}, goto="verify", is_skipped=True)
    if context.workflow.kind == "void":
        return Done({"note": "every payment that was called back is told"}, goto="verify")
    if _is_settled(context) and not doubles.doubts(context):
        if disputes.our_hold(context) is not None:  # there is nothing left that it could hold back
            return Done({"note": "paid all the same"}, goto="request_release")
        return Done({"note": "paid, and the source knows"}, goto="verify")
    if disputes.is_disputed(context):
        step = "request_hold" if disputes.our_hold(context) is None else "await_settled"
        return Done({"disputed": disputes.reason(context)}, goto=step)
    if disputes.our_hold(context) is not None:
        return Done({"settled_in": subject.source(context)}, goto="request_release")
    if holds.is_held(context):
        return Done({"on_hold": holds.reasons(context)}, goto="tell_hold")
    return None


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


def _late(context: Context) -> Wait | None:
    """The ERP's invoice as we know it is older than its payments: whether it is paid with them will be read soon.

    A discount or withheld tax settles an invoice with less than its total: only the invoice itself says so.
    """
    shown, paid = subject.shown(context), _paid(context)
    is_old = shown is not None and shown.paid is not None and shown.paid.amount_minor < paid.amount_minor
    if not is_old or paid.amount_minor >= subject.invoice(context).total.amount_minor:
        context.data.pop("invoice_by", None)
        return None
    by = datetime.fromisoformat(
        context.data.setdefault("invoice_by", (context.now + INVOICE_LAG).isoformat())
    )
    if context.now >= by:
        return None
    return Wait(f"{subject.target(context)} to show whether it is paid", by)


def _is_settled(context: Context) -> bool:
    """Paid in full by what the source was told, or the ERP says that it is and has made its payments known."""
    paid, owed = _paid(context).amount_minor, subject.invoice(context).total.amount_minor
    if paid >= owed:
        return True
    shown = subject.shown(context)
    if shown is None or shown.paid_status != "paid" or doubles.doubts(context):
        return False
    made = shown.paid.amount_minor if shown.paid is not None else 0
    since = context.data.setdefault("paid_since", context.now.isoformat())
    return paid >= made or context.now >= datetime.fromisoformat(since) + PAYMENT_LAG


def _paid_elsewhere(context: Context) -> datetime | None:
    """When to look again at an invoice that is paid, though no payment says so: a prepayment may have settled it."""
    since = context.data.get("paid_since")
    return datetime.fromisoformat(since) + PAYMENT_LAG if since else None


def record_payment(context: Context) -> Answer:
    """Tell the source of one payment, or that one is void: records append, so each is told once and looked for first."""
    invoice, link = subject.invoice(context), subject.link(context)
    assert link is not None, "it was posted before it was paid"
    payment_id, state = sorted(doubles.untold(context).items())[0]
    payment = _payments(context)[payment_id]
    if payment.currency != invoice.currency:
        return subject.stop(
            context, "MATCH_CURRENCY",
            f"payment {payment.number} was made in {payment.currency}, and the source records what is paid in {invoice.currency}",
            "Record it by hand in the procurement system, then resolve this.", subject.source(context),
            {"payment": payment_id},
        )  # fmt: skip
    size = payments.amount(payment, link.external_id, invoice.currency)
    sign = -1 if state == "voided" else 1
    on = payment.voided_on if state == "voided" and payment.voided_on else payment.paid_on
    body = {
        "amount": plain(size.amount * sign),
        "currency": invoice.currency,
        "paid_on": on.isoformat(),
        "note": note(payment, payment_id, state),
        "is_paid": _is_settled(context),
    }
    entry_id = outgoing.enqueue(
        context, subject.source(context), "invoice.record_payment", body, external_id=subject.external_id(context),
        priority=outgoing.PRIORITY_STATUS, part=f"{payment_id}-{state}",
    )  # fmt: skip
    context.data.update(
        payment_entry=entry_id, payment_told=[payment_id, state, body["note"], str(size.amount_minor * sign)]
    )
    return Done({"entry": entry_id, "payment": payment.number, "state": state, "amount": str(size)})


def note(payment: Payment, payment_id: str, state: str) -> str:
    """Return the text by which a record of a payment is found again in the source: its number and id in the ERP.

    Numbers are those of cheques and transfers, and may come again with another bank account.
    """
    name = payment.number if payment.number == payment_id else f"{payment.number} #{payment_id}"
    return f"Void {name}" if state == "voided" else name


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
    read_back = reading_back.take(context)
    if not read_back:
        return Wait("read-back")
    for system, differences in read_back.items():
        if differences:
            return _not_shown(context, system, differences)
    postings.mark_verified(context)
    return Finish("done", {"recorded": context.data.get("recorded", [])})


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
    told = zip(context.data.get("recorded", []), context.data.get("payment_entries", []), strict=False)
    return next((int(entry_id) for (text, _), entry_id in told if f"payment {text}" in names), None)


def _payments(context: Context) -> dict[str, Payment]:
    return prepayments.made(context)


def _paid(context: Context) -> Money:
    """What is paid without a doubt."""
    link = subject.link(context)
    assert link is not None, "only a posted invoice is paid"
    in_doubt = {one.key for one in doubles.doubts(context)}
    sure = {key: one for key, one in _payments(context).items() if key not in in_doubt}
    return payments.paid(sure, link.external_id, subject.invoice(context).currency)
