"""Steps at the ERP: ask for the payables document, have it validated, see that it is there; and take it back."""

from __future__ import annotations

from datetime import date

from finsync_tui.flows import outgoing, reading_back, sent, supplier_bank_waiting, suppliers
from finsync_tui.flows.invoice import holds, posting_lines, spending, subject
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Wait
from store import commitments, events, outbox, records
from store.canonical.event import Event, event_type
from store.canonical.money import total
from store.canonical.payables import Invoice
from store.commitments import Relief


def request_posting(context: Context) -> Answer:
    """Decide what the ERP shall hold, once, and put the decision into the outbox."""
    invoice = subject.invoice(context)
    shown = " ".join(filter(None, (invoice.supplier_number, invoice.supplier_name)))
    stopped = suppliers.stopped(context, invoice.supplier_id, shown)
    if stopped is not None:
        return stopped
    waits = waits_for_supplier(context)
    if waits is not None:
        context.data["has_waited"] = True
        return waits
    if context.data.pop("has_waited", False):
        return Done(
            {"note": "it has waited for its supplier: day, doubles and budget are looked at anew"},
            goto="route",
        )
    lines = tuple(posting_lines.made(context, invoice))
    in_all = total((line.amount for line in lines), invoice.currency)
    if in_all != invoice.total:
        return subject.stop(
            context, "TOTALS_DIFFER", f"it is over {invoice.total}, and what would be posted comes to {in_all}",
            "Compare the lines with their orders; correct the invoice in the procurement system, then retry.",
            subject.source(context),
        )  # fmt: skip
    record = Invoice(
        number=invoice.number,
        kind=invoice.kind,
        status="draft",
        supplier_id=context.data["payee"]["id"],
        supplier_number=context.data["payee"]["number"],
        supplier_name=context.data["payee"]["name"],
        supplier_site=context.data["payee"]["site"],
        business_unit=subject.company(context).business_unit,
        legal_entity=str(context.data["legal_entity"]),
        source=subject.setup(context).source,
        currency=invoice.currency,
        total=invoice.total,
        invoiced_on=invoice.invoiced_on,
        accounting_on=date.fromisoformat(context.data["accounting_on"]),
        description=invoice.description or f"Invoice {invoice.number}",
        reference=subject.mark(context),
        original_number=invoice.original_number,
        payment_terms=invoice.payment_terms,
        extensions=invoice.extensions,
        lines=lines,
    )
    incoming = records.Incoming(
        external_id=context.workflow.document_key, record=record, payload=record.canonical_json()
    )
    (stored,) = records.put_page(context.db, Invoice.entity, "finsync", [incoming], context.now)
    entry_id = outgoing.enqueue(
        context,
        subject.target(context),
        "invoice.create",
        outgoing.extended(
            context, subject.target(context), record, {"invoice": record.model_dump(mode="json")}
        ),
        external_id=None,
    )
    context.data.update(posting_entry=entry_id, posting_version=stored.version)
    return Done({"operation": "invoice.create", "entry": entry_id, "lines": len(record.lines)})


def waits_for_supplier(context: Context) -> Wait | None:
    """Wait while nothing may be paid to its supplier: somebody entered an account in the ERP that is asked about, or it is
    blocked and the profile names a hold for that; None: it may."""
    asked = supplier_bank_waiting.of_payee(
        context.db, subject.target(context), context.data["payee"]["id"], context.now
    )
    is_held = context.facts.profile.suppliers.blocked_hold is not None
    if asked is None and is_held and suppliers.is_blocked(context, subject.invoice(context).supplier_id):
        what = f"the end of the block of its supplier in {subject.source(context)}"
        return Wait(what, context.now + supplier_bank_waiting.LOOK_AGAIN)
    return asked


def await_posting(context: Context) -> Answer:
    """Wait until the ERP has taken it."""
    answer = outgoing.await_delivery(context, int(context.data["posting_entry"]))
    if isinstance(answer, Done):
        sent.keep(context, "posting_entry", "posting_version", "invoice", Invoice)
    return answer


def validate(context: Context) -> Answer:
    """Ask the ERP to validate it: only then does it match, account for, and pay it."""
    waits = waits_for_supplier(context)
    if waits is not None:
        return waits  # it was on its way to the ERP when that began, so nothing there holds it
    link = subject.link(context)
    assert link is not None, "a delivered posting is linked in the transaction that recorded it"
    entry_id = outgoing.enqueue(
        context,
        subject.target(context),
        "invoice.validate",
        {"number": link.number or ""},
        external_id=link.external_id,
    )
    context.data["validation_entry"] = entry_id
    return Done({"entry": entry_id})


def await_validation(context: Context) -> Answer:
    """Wait until it is validated. On hold, the source is told why, and the ERP's release is waited for."""
    entry_id = int(context.data["validation_entry"])
    answer = outgoing.await_delivery(context, entry_id)
    delivery = outbox.get(context.db, entry_id)
    now = subject.shown(context)
    status = now.status if now is not None else None
    if isinstance(answer, Hold):
        if delivery is None or delivery.state != "refused":
            return answer  # nobody knows what the ERP thinks of it
        if answer.class_ == "READ_BACK_DIFFERS":
            return (
                answer  # it said yes to an invoice that it does not have: a retry looks for it and makes it
            )
        if status == "approved":
            return Done({"note": "released in the ERP"})
        context.data["hold_reason"] = answer.cause
        return Done({"on_hold": answer.cause}, goto="tell_hold")
    is_pending = delivery is not None and bool((delivery.receipt or {}).get("is_pending"))
    if not isinstance(answer, Done) or not is_pending or status in ("approved", "pending_approval"):
        return answer
    if status == "on_hold":
        return Done({"on_hold": holds.reasons(context)}, goto="tell_hold")
    if status == "cancelled":
        return subject.cancelled_there(context)
    return Wait(f"validation in {subject.target(context)}")


def verify_posting(context: Context) -> Answer:
    """Believe it only when the ERP, read afresh, holds what was decided."""
    seen = reading_back.take(context)
    if not seen:
        return Wait("read-back")
    target = subject.target(context)
    differences = seen.get(target) or []
    context.data["is_gone"] = reading_back.is_gone(differences, "invoice")
    if differences:
        return subject.stop(
            context, "READ_BACK_DIFFERS", f"{target} does not hold what was posted: {reading_back.told(differences)}",
            f"Find out who changed it in {target}; correct it there and retry.", target, {"differences": differences},
        )  # fmt: skip
    link = subject.link(context)
    context.data["erp_number"] = (link.number if link else None) or subject.invoice(context).number
    return Done({"number": context.data["erp_number"]})


def publish(context: Context) -> Answer:
    """Take from what the orders promise, note what no order did, and tell others that it is posted."""
    invoice, flow = subject.invoice(context), context.workflow
    orders = context.data.get("orders", {})
    reliefs = [
        Relief(orders[line.order_number]["key"], str(line.order_line), line.amount)
        for line in invoice.lines
        if line.kind == "item" and line.order_number and invoice.kind != "prepayment"
    ]
    entity, target = str(context.data["legal_entity"]), subject.target(context)
    booked_on = date.fromisoformat(context.data["accounting_on"])
    commitments.relieve(
        context.db, flow.document_key, reliefs, legal_entity=entity, system=target, booked_on=booked_on
    )
    spent = tuple(spending.spent(context, invoice))
    commitments.spend(
        context.db, flow.document_key, spent, legal_entity=entity, system=target, booked_on=booked_on
    )
    tell(context, "posted", {"total": invoice.total.model_dump()})
    return Done({"relieved": len(reliefs), "spent": len(spent)})


def request_cancel(context: Context) -> Answer:
    """The source has voided it: take it back in the ERP, if it is there."""
    link = subject.link(context)
    if link is None:
        tell(context, "withdrawn", {})
        return Finish("done", {"note": "the ERP holds nothing of it; nothing to do"})
    shown = subject.shown(context)
    if context.data.get("left_in_force") and shown is not None and shown.status == "cancelled":
        _taken_back(context)
        return Done({"note": f"cancelled in {subject.target(context)}"}, goto="write_back")
    body = {"number": link.number or "", "reason": f"voided in {subject.source(context)}"}
    entry_id = outgoing.enqueue(
        context, subject.target(context), "invoice.cancel", body, external_id=link.external_id
    )
    context.data["cancel_entry"] = entry_id
    return Done({"entry": entry_id})


def await_cancel(context: Context) -> Answer:
    """Wait until the ERP has cancelled it. A paid one it refuses: then a person has to look."""
    answer = outgoing.await_delivery(context, int(context.data["cancel_entry"]))
    if isinstance(answer, Done):
        _taken_back(context)
    return answer


def _taken_back(context: Context) -> None:
    context.data.update(is_cancelled=True, left_in_force=False)
    commitments.take_back(context.db, context.workflow.document_key)
    tell(context, "cancelled", {})
    link = subject.link(context)
    context.data["erp_number"] = (link.number if link else None) or subject.invoice(context).number


def mark_verified(context: Context) -> None:
    names = ("posting_entry", "validation_entry", "write_back_entry", "cancel_entry")
    entries = [int(context.data[name]) for name in names if name in context.data]
    lists = ("hold_entries", "payment_entries", "side_entries")
    more = [one for name in lists for one in context.data.get(name, [])]
    outbox.mark_verified(context.db, [*entries, *more], context.now)


def tell(context: Context, participle: str, data: dict[str, object]) -> None:
    flow = context.workflow
    events.append(
        context.db,
        [
            Event(
                id=f"finsync:invoice:{flow.document_key}:v{flow.document_version}:{participle}",
                type=event_type("invoice", participle),
                source="finsync",
                subject=flow.document_key,
                time=context.now,
                correlation_id=flow.document_key,
                data={"number": flow.document_number, "erp_number": context.data.get("erp_number"), **data},
            )
        ],
    )
