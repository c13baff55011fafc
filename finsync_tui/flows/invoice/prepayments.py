"""Steps for what was paid in advance: the ERP's prepayments on the invoice's orders pay it before any other money does.

How much of a prepayment is left is the ERP's business: it is asked to apply as much as fits, and says how much that
was. The source has no prepayments: what one pays is told there as a payment that bears its number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from finsync_tui.flows import outgoing, payments
from finsync_tui.flows.invoice import subject
from finsync_tui.flows.steps import Answer, Context, Done, Hold
from store import outbox, records
from store.canonical.money import Money
from store.canonical.payables import Invoice, PaidInvoice, Payment
from store.outbox import Delivery

NOTE: Final = "Prepayment "
"""How the source's record of one begins; its number follows."""


def apply_prepayments(context: Context) -> Answer:
    """Use the next prepayment on its orders that was not tried yet; go on when there is none."""
    invoice, link = subject.invoice(context), subject.link(context)
    is_due = invoice.kind == "standard" and invoice.total.amount_minor > 0
    tried = context.data.get("prepayments_tried", [])
    found = _usable(context) if is_due and subject.setup(context).prepayments == "apply" else iter(())
    number = next((one.number for one in found if one.number not in tried), None)
    if number is None or link is None:
        return Done(
            {"prepaid": sorted(context.data.get("prepaid", {}))}, goto="publish", is_skipped=not tried
        )
    body = {"number": link.number or "", "prepayment_number": number}
    entry_id = outgoing.enqueue(
        context, subject.target(context), "invoice.apply_prepayment", body, external_id=link.external_id, part=number
    )  # fmt: skip
    subject.remember(context, entry_id)
    context.data.update(prepayment_entry=entry_id, prepayment=number, prepayments_tried=[*tried, number])
    return Done({"entry": entry_id, "prepayment": number})


def await_prepayment(context: Context) -> Answer:
    """Go on with the next. One that the ERP does not apply, being used up for example, stops nothing."""
    entry_id, number = int(context.data["prepayment_entry"]), str(context.data["prepayment"])
    answer = outgoing.await_delivery(context, entry_id)
    delivery = outbox.get(context.db, entry_id)
    if isinstance(answer, Hold) and delivery is not None and delivery.state == "refused":
        message = f"prepayment {number} was not applied: {delivery.message}"
        subject.note(context, "PREPAYMENT_NOT_APPLIED", message)
        return Done({"prepayment": number, "applied": "no"}, goto="apply_prepayments")
    if not isinstance(answer, Done):
        return answer
    return Done({"prepayment": number, "applied": str(_applied(context, delivery))}, goto="apply_prepayments")


def take_off_prepayments(context: Context) -> Answer:
    """The ERP cancels no invoice that a prepayment pays: it is taken off first, and is free for another one."""
    left = [number for number, one in sorted(_uses(context).items()) if one.off_on is None]
    link = subject.link(context)
    if not left or link is None:
        return Done(goto="request_cancel", is_skipped=True)
    body = {"number": link.number or "", "prepayment_number": left[0]}
    entry_id = outgoing.enqueue(
        context, subject.target(context), "invoice.unapply_prepayment", body, external_id=link.external_id, part=left[0]
    )  # fmt: skip
    subject.remember(context, entry_id)
    context.data.update(prepayment_entry=entry_id, prepayment=left[0])
    return Done({"entry": entry_id, "prepayment": left[0]})


def await_taken_off(context: Context) -> Answer:
    """Wait until it is free again; the source is told with the payments that are void."""
    answer = outgoing.await_delivery(context, int(context.data["prepayment_entry"]))
    return Done(answer.detail, goto="take_off_prepayments") if isinstance(answer, Done) else answer


def as_payments(context: Context) -> dict[str, Payment]:
    """Return what prepayments pay of the invoice, in the terms in which the source is told of any payment."""
    link = subject.link(context)
    if link is None:
        return {}
    return {
        name: Payment(
            number=name,
            status="issued" if one.off_on is None else "voided",
            currency=one.amount.currency,
            amount=one.amount,
            paid_on=one.on,
            voided_on=one.off_on,
            invoices=(PaidInvoice(invoice_id=link.external_id, amount=one.amount),),
        )
        for number, one in _uses(context).items()
        for name in [f"{NOTE}{number}"]
    }


def made(context: Context) -> dict[str, Payment]:
    """Return all that was paid of the invoice, in advance or after it came, by the ids that the source is told of."""
    link = subject.link(context)
    told = context.data.get("told", {})
    paid = payments.of_invoice(context.db, link.system, link.external_id, told) if link else {}
    return {**paid, **as_payments(context)}


@dataclass(frozen=True, slots=True)
class Use:
    """How much of an invoice one prepayment pays, since when, and when it was taken off again."""

    amount: Money
    on: date
    off_on: date | None = None


def _uses(context: Context) -> dict[str, Use]:
    """Return what prepayments pay, by their numbers: as the ERP answered, whichever instance had asked."""
    found: dict[str, Use] = {}
    for delivery in outbox.of_document(context.db, subject.ENTITY, context.workflow.document_key):
        if delivery.state not in ("delivered", "verified"):
            continue
        on = delivery.decided_at.date()
        if delivery.operation == "invoice.apply_prepayment":
            amount = _applied(context, delivery)
            if amount.amount_minor:
                found[_number(delivery)] = Use(amount, on)
        elif delivery.operation == "invoice.unapply_prepayment" and _number(delivery) in found:
            found[_number(delivery)] = replace(found[_number(delivery)], off_on=on)
    return found


def _number(delivery: Delivery) -> str:
    return str(json.loads(delivery.edited_body or delivery.body)["prepayment_number"])


def _usable(context: Context) -> Iterator[Invoice]:
    """Yield the ERP's paid prepayments on this invoice's order lines, to the same payee, oldest first."""
    target, invoice = subject.target(context), subject.invoice(context)
    orders = context.data.get("orders", {})
    places = dict.fromkeys(
        f"{orders[line.order_number]['number']}/{line.order_line}"
        for line in invoice.lines
        if line.order_number in orders
    )
    ids = dict.fromkeys(
        one
        for place in places
        for one in records.twins(context.db, Invoice.entity, "order_line", place, target)
    )
    held = (records.get(context.db, Invoice, target, one) for one in ids)
    found = [one.record for one in held if one is not None and _is_usable(context, one.record)]
    yield from sorted(found, key=lambda one: (one.invoiced_on, one.number))


def _is_usable(context: Context, one: Invoice) -> bool:
    return (
        one.kind == "prepayment"
        and one.status == "approved"
        and one.paid_status == "paid"
        and one.currency == subject.invoice(context).currency
        and one.supplier_number == context.data["payee"]["number"]
    )


def _applied(context: Context, delivery: Delivery | None) -> Money:
    answer = ((delivery.receipt if delivery else None) or {}).get("answer") or {}
    return Money.of(Decimal(str(answer.get("applied") or 0)), subject.invoice(context).currency)
