"""Steps that tell the source what is paid: each payment once, what has become of it since, and whether that is all.

The source's records append: what a payment settles by now, less what was told of it, is one more record.
"""

from __future__ import annotations

from decimal import Decimal

from finsync_tui.flows import outgoing, payments
from finsync_tui.flows.invoice import doubles, prepayments, settled, subject
from finsync_tui.flows.steps import Answer, Context, Done
from store import outbox
from store.canonical.money import Money, plain
from store.canonical.payables import Payment

CHANGED = "PAYMENT_CHANGED"


def record_payment(context: Context) -> Answer:
    """Tell the source of one payment, or what has become of one: records append, so each is told once and looked for first."""
    invoice, link = subject.invoice(context), subject.link(context)
    assert link is not None, "it was posted before it was paid"
    payment_id, state = sorted(doubles.untold(context).items())[0]
    payment = prepayments.made(context)[payment_id]
    if payments.is_unsettled(payment, link.external_id, invoice.currency):
        target = subject.target(context)
        context.data["payment_told"] = [payment_id, state, "", "0"]  # by hand, says whoever resolves it
        return subject.stop(
            context, "MATCH_CURRENCY",
            f"payment {payment.number} was made in {payment.currency}, {target} does not say what it pays in {invoice.currency}, "
            "and the source records that only",
            f"See in {target} what it pays of the invoice in {invoice.currency}; once it is said there, retry goes on. Or "
            "record it by hand in the procurement system, then resolve this.", subject.source(context), {"payment": payment_id},
        )  # fmt: skip
    size = payments.amount(payment, link.external_id, invoice.currency)
    is_void = state == "voided"
    before = context.data.get("told_minor", {}).get(payment_id, size.amount_minor if is_void else 0)
    now = Money(amount_minor=0, currency=invoice.currency) if is_void else size
    told = now - Money(amount_minor=before, currency=invoice.currency)
    text = _text(context, payment, payment_id, state)
    body = {
        "amount": plain(told.amount),
        "currency": invoice.currency,
        "paid_on": (payment.voided_on if is_void and payment.voided_on else payment.paid_on).isoformat(),
        "note": text,
        "is_paid": settled.is_settled(context),
    }
    count = _record_count(context, payment_id)
    entry_id = outgoing.enqueue(
        context, subject.source(context), "invoice.record_payment", body, external_id=subject.external_id(context),
        priority=outgoing.PRIORITY_STATUS,
        part=f"{payment_id}-{state}" if count <= 1 and state in ("paid", "voided") else f"{payment_id}-record-{count + 1}",
    )  # fmt: skip
    if state in ("changed", "reissued"):
        _note_change(context, payment, state, before, size)
    context.data.update(
        payment_entry=entry_id,
        payment_told=[payment_id, state, text, str(told.amount_minor), now.amount_minor, body["is_paid"]],
    )
    return Done({"entry": entry_id, "payment": payment.number, "state": state, "amount": str(size)})


def _record_count(context: Context, payment_id: str) -> int:
    """How many records the source has of one payment."""
    return int(
        context.data.get("record_counts", {}).get(payment_id, payment_id in context.data.get("told", {}))
    )


def _text(context: Context, payment: Payment, payment_id: str, state: str) -> str:
    """Return a text that no other record of the invoice bears."""
    text = note(payment, payment_id, state)
    count = _record_count(context, payment_id)
    is_first = state in ("paid", "voided") and text not in (
        one for one, _ in context.data.get("recorded", [])
    )
    return text if is_first else f"Correction {count} of {note(payment, payment_id, 'paid')}"


def note(payment: Payment, payment_id: str, state: str) -> str:
    """Return the text by which a record of a payment is found again in the source: its number and id in the ERP.

    Numbers are those of cheques and transfers, and may come again with another bank account.
    """
    name = payment.number if payment.number == payment_id else f"{payment.number} #{payment_id}"
    return f"Void {name}" if state == "voided" else name


def _note_change(context: Context, payment: Payment, state: str, before: int, size: Money) -> None:
    was = Money(amount_minor=before, currency=size.currency)
    what = f"pays {size}, and not {was} any more" if state == "changed" else f"was void and pays {size} again"
    if not size.amount_minor:
        what = f"pays nothing of it any more, where it paid {was}"
    subject.note(
        context, CHANGED, f"payment {payment.number} {what}; {subject.source(context)} is told the difference"
    )


def await_record(context: Context) -> Answer:
    """Wait until it is recorded, note it, and look whether there is more to tell."""
    answer = outgoing.await_delivery(context, int(context.data["payment_entry"]))
    if not isinstance(answer, Done):
        return answer
    payment_id, state, text, minor, *more = context.data["payment_told"]
    data, entry_id = context.data, context.data["payment_entry"]
    data["record_counts"] = {
        **data.get("record_counts", {}), payment_id: _record_count(context, payment_id) + 1,
    }  # fmt: skip
    data["told"] = {**data.get("told", {}), payment_id: "voided" if state == "voided" else "paid"}
    data["recorded"] = [*data.get("recorded", []), [text, int(minor)]]
    data["payment_entries"] = [*data.get("payment_entries", []), entry_id]
    if more:  # an older version kept less
        data["told_minor"] = {**data.get("told_minor", {}), payment_id: more[0]}
        data.update(marked_paid=more[1], flag_entry=entry_id)
    return Done({"payment": payment_id, "state": state}, goto="await_payment")


def mark_paid(context: Context) -> Answer:
    """The ERP has settled it with less than its total, or without a payment: its source is told that it is paid."""
    target, link = subject.target(context), subject.link(context)
    made = prepayments.made(context)
    live = sorted(
        (key for key, one in made.items() if payments.is_live(one)), key=lambda key: (made[key].paid_on, key)
    )
    told = [key for key in live if key in context.data.get("told", {})]
    count = int(context.data.get("mark_count", 0)) + 1
    body = {
        "is_paid": True,
        "paid_on": (made[told[-1]].paid_on if told else context.now.date()).isoformat(),
        "note": note(made[told[-1]], told[-1], "paid") if told else f"Settled in {target}",
    }
    entry_id = outgoing.enqueue(
        context, subject.source(context), "invoice.mark_paid", body, external_id=subject.external_id(context),
        priority=outgoing.PRIORITY_STATUS, part=f"paid-{count}",
    )  # fmt: skip
    if link is not None and not told:
        subject.note(
            context, "PAID_OTHERWISE",
            f"{target} shows it as paid, and no payment of it was read: {subject.source(context)} is told that it is paid",
        )  # fmt: skip
    subject.remember(context, entry_id)
    context.data.update(flag_entry=entry_id, mark_count=count)
    return Done({"entry": entry_id, **body})


def await_marked(context: Context) -> Answer:
    """Wait until the source has taken it."""
    answer = outgoing.await_delivery(context, int(context.data["flag_entry"]))
    if not isinstance(answer, Done):
        return answer
    context.data["marked_paid"] = True
    _compare_sum(context)
    return Done(answer.detail, goto="await_payment")


def _compare_sum(context: Context) -> None:
    """Say when the source's records come to something else than it was told: somebody records payments there, too."""
    delivery, currency = (
        outbox.get(context.db, int(context.data["flag_entry"])),
        subject.invoice(context).currency,
    )
    shown = ((delivery.receipt if delivery else None) or {}).get("answer", {}).get("paid-in-all")
    told = Money(amount_minor=sum(minor for _, minor in context.data.get("recorded", [])), currency=currency)
    if shown is None or Decimal(str(shown)) == told.amount:
        return
    source = subject.source(context)
    subject.note(
        context, "PAID_OTHERWISE",
        f"{source}'s records of its payments come to {shown} {currency}, and {told} were told: see who recorded the difference there",
    )  # fmt: skip
