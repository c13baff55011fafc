"""Steps at the ERP: ask for the payables document, have it validated, see that it is there; and take it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from finsync_tui.flows import outgoing
from finsync_tui.flows.invoice import subject
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Wait
from store import commitments, events, outbox, records
from store.canonical.budget import Commitment
from store.canonical.event import Event, event_type
from store.canonical.money import Money
from store.canonical.payables import Invoice, InvoiceLine
from store.canonical.tax import TaxAnswer
from store.commitments import Relief


def request_posting(context: Context) -> Answer:
    """Decide what the ERP shall hold, once, and put the decision into the outbox."""
    invoice = subject.invoice(context)
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
        lines=tuple(_numbered(_lines(context, invoice))),
    )
    incoming = records.Incoming(
        external_id=context.workflow.document_key, record=record, payload=record.canonical_json()
    )
    (stored,) = records.put_page(context.db, Invoice.entity, "finsync", [incoming], context.now)
    entry_id = outgoing.enqueue(
        context,
        subject.target(context),
        "invoice.create",
        {"invoice": record.model_dump(mode="json")},
        external_id=None,
    )
    context.data.update(posting_entry=entry_id, posting_version=stored.version)
    return Done({"operation": "invoice.create", "entry": entry_id, "lines": len(record.lines)})


def _lines(context: Context, invoice: Invoice) -> Iterator[InvoiceLine]:
    """An order's lines name the ERP's order; others their accounts. Tax and freight follow what was decided of them."""
    accounts = context.data["accounts"]
    for line in invoice.lines:
        base = {"description": line.description, "reference": line.number}
        if line.kind == "item" and line.order_number:
            yield InvoiceLine(
                number=line.number, amount=line.amount, quantity=line.quantity, unit_price=line.unit_price, uom=line.uom,
                order_number=context.data["orders"][line.order_number]["number"], order_line=line.order_line, **base,
            )  # fmt: skip
        elif line.kind == "item":
            for part in line.distributions:
                yield InvoiceLine(
                    number=line.number,
                    amount=part.amount,
                    account=accounts[f"{line.number}/{part.number}"],
                    **base,
                )
        elif line.kind == "tax":
            yield from _tax_lines(context, invoice, line)
        elif f"freight/{line.number}" in accounts:
            yield InvoiceLine(
                number=line.number,
                kind="freight",
                amount=line.amount,
                account=accounts[f"freight/{line.number}"],
                **base,
            )
        else:
            yield from _spread(
                context, invoice, line.amount, line.description or "Freight", "freight", line.number
            )


def _tax_lines(context: Context, invoice: Invoice, line: InvoiceLine) -> Iterator[InvoiceLine]:
    """What comes back goes to its account; what does not goes with the cost it was charged on."""
    back, lost = _recovery(context, line)
    if back.amount_minor:
        yield InvoiceLine(
            number=line.number, kind="tax", amount=back, account=context.data["accounts"][f"tax/{line.number}"],
            description=line.description or "Tax", tax_code=line.tax_code, reference=line.number,
        )  # fmt: skip
    if lost.amount_minor:
        yield from _spread(context, invoice, lost, "Tax that does not come back", "tax", line.number)


def _recovery(context: Context, line: InvoiceLine) -> tuple[Money, Money]:
    """Split charged tax as the determination says; without one, all of it comes back."""
    told = context.data.get("tax")
    answer = TaxAnswer.model_validate(told) if told else None
    if answer is None or answer.determined.amount_minor == 0:
        return line.amount, line.amount - line.amount
    weights = [abs(answer.recoverable.amount_minor), abs(answer.non_recoverable.amount_minor)]
    back, lost = line.amount.split(weights if any(weights) else [1, 0])
    return back, lost


def _spread(
    context: Context, invoice: Invoice, amount: Money, text: str, kind: str, reference: str
) -> Iterator[InvoiceLine]:
    """Charge an amount where the items are charged, in proportion to them."""
    parts = list(_item_accounts(context, invoice))
    weights = [abs(minor) for _, minor in parts]
    shares = amount.split(weights if any(weights) else [1] * len(parts))
    for (account, _), share in zip(parts, shares, strict=True):
        if share.amount_minor:
            yield InvoiceLine(
                number=reference, kind="freight" if kind == "freight" else "tax", amount=share, account=account,
                description=text, reference=reference,
            )  # fmt: skip


def _item_accounts(context: Context, invoice: Invoice) -> Iterator[tuple[str, int]]:
    for line in invoice.lines:
        if line.kind != "item":
            continue
        if not line.order_number:
            for part in line.distributions:
                yield context.data["accounts"][f"{line.number}/{part.number}"], part.amount.amount_minor
            continue
        commitment = _commitment(context, context.data["orders"][line.order_number]["key"])
        ordered = (
            next((one for one in commitment.lines if one.number == line.order_line), None)
            if commitment
            else None
        )
        if ordered is not None:
            shares = line.amount.split([abs(d.amount.amount_minor) or 1 for d in ordered.distributions])
            yield from (
                (d.charge_account, share.amount_minor)
                for d, share in zip(ordered.distributions, shares, strict=True)
            )


def _commitment(context: Context, order_key: str) -> Commitment | None:
    held = records.get(context.db, Commitment, "finsync", order_key)
    return held.record if held is not None else None


def _numbered(lines: Iterable[InvoiceLine]) -> Iterator[InvoiceLine]:
    for n, line in enumerate(lines, 1):
        yield line.model_copy(update={"number": str(n)})


def await_posting(context: Context) -> Answer:
    """Wait until the ERP has taken it."""
    return outgoing.await_delivery(context, int(context.data["posting_entry"]))


def validate(context: Context) -> Answer:
    """Ask the ERP to validate it: only then does it match, account for, and pay it."""
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
    answer = outgoing.await_delivery(context, int(context.data["validation_entry"]))
    if not isinstance(answer, Hold):
        return answer
    shown = _shown(context)
    if shown is not None and shown.status == "approved":
        return Done({"note": "released in the ERP"})
    context.data["hold_reason"] = answer.cause
    return Done({"on_hold": answer.cause}, goto="tell_hold")


def tell_hold(context: Context) -> Answer:
    """Let the source's people see that the ERP holds it, and why."""
    link = subject.link(context)
    fields = {
        "erp_number": link.number if link and link.number else subject.invoice(context).number,
        "erp_status": f"On hold: {_reasons(context)}"[:250],
    }
    entry_id = outgoing.enqueue(
        context, subject.source(context), "invoice.write_back", {"fields": fields},
        external_id=subject.external_id(context), priority=outgoing.PRIORITY_STATUS, part="hold",
    )  # fmt: skip
    context.data["hold_entry"] = entry_id
    return Done({"entry": entry_id, **fields})


def _reasons(context: Context) -> str:
    shown = _shown(context)
    return (
        ", ".join(shown.holds)
        if shown is not None and shown.holds
        else str(context.data.get("hold_reason", ""))
    )


def await_release(context: Context) -> Answer:
    """Wait until the ERP has released it; that is done there. An analyst sees it meanwhile."""
    shown = _shown(context)
    if shown is not None and shown.status == "approved":
        return Done({"note": "released in the ERP"}, goto="verify_posting")
    if shown is not None and shown.status == "cancelled":
        return subject.stop(
            context, "READ_BACK_DIFFERS", "it was cancelled in the ERP while it was on hold",
            "Void it in the procurement system, or resolve this when it was entered there by hand.", subject.target(context),
        )  # fmt: skip
    if not context.data.get("hold_shown"):
        context.data["hold_shown"] = True
        return subject.stop(
            context, "INVOICE_ON_HOLD", f"{subject.target(context)} holds it: {_reasons(context)}",
            f"Clear the reason and release the hold in {subject.target(context)}; retry then waits for the release.",
            subject.target(context), {"holds": _reasons(context)},
        )  # fmt: skip
    return Wait(f"release of the hold in {subject.target(context)}")


def _shown(context: Context) -> Invoice | None:
    """The ERP's invoice as sync read it last."""
    link = subject.link(context)
    held = records.get(context.db, Invoice, subject.target(context), link.external_id) if link else None
    return held.record if held is not None else None


def verify_posting(context: Context) -> Answer:
    """Believe it only when the ERP, read afresh, holds what was decided."""
    seen = context.data.get("read_back")
    if not seen:
        return Wait("read-back")
    context.data["read_back"] = None
    target = subject.target(context)
    differences = seen.get(target) or []
    if differences:
        shown = "; ".join(
            f"{d['field']}: expected {d['expected']}, found {d['found']}" for d in differences[:5]
        )
        return subject.stop(
            context, "READ_BACK_DIFFERS", f"{target} does not hold what was posted: {shown}",
            f"Find out who changed it in {target}; correct it there and retry.", target, {"differences": differences},
        )  # fmt: skip
    link = subject.link(context)
    context.data["erp_number"] = (link.number if link else None) or subject.invoice(context).number
    return Done({"number": context.data["erp_number"]})


def publish(context: Context) -> Answer:
    """Take from what the orders promise, and tell others that it is posted."""
    invoice, flow = subject.invoice(context), context.workflow
    orders = context.data.get("orders", {})
    reliefs = [
        Relief(orders[line.order_number]["key"], str(line.order_line), line.amount)
        for line in invoice.lines
        if line.kind == "item" and line.order_number
    ]
    commitments.relieve(
        context.db,
        flow.document_key,
        reliefs,
        legal_entity=str(context.data["legal_entity"]),
        system=subject.target(context),
    )
    _event(context, "posted", {"total": invoice.total.model_dump()})
    return Done({"relieved": len(reliefs)})


def request_cancel(context: Context) -> Answer:
    """The source has voided it: take it back in the ERP, if it is there."""
    link = subject.link(context)
    if link is None:
        return Finish("done", {"note": "the ERP holds nothing of it; nothing to do"})
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
        commitments.take_back(context.db, context.workflow.document_key)
        _event(context, "cancelled", {})
        link = subject.link(context)
        context.data["erp_number"] = (link.number if link else None) or subject.invoice(context).number
    return answer


def mark_verified(context: Context) -> None:
    names = ("posting_entry", "validation_entry", "write_back_entry", "cancel_entry", "hold_entry")
    entries = [int(context.data[name]) for name in names if name in context.data]
    outbox.mark_verified(context.db, [*entries, *context.data.get("payment_entries", [])], context.now)


def _event(context: Context, participle: str, data: dict[str, object]) -> None:
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
