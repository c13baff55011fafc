"""What undoes each thing that a flow does outside: one entry for each operation that has a counter-step."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from finsync_tui.flows import supplier_requests, taken_over
from finsync_tui.flows.counter import Counter
from finsync_tui.flows.invoice import prepayments
from finsync_tui.flows.order import given_up
from finsync_tui.flows.steps import Context
from finsync_tui.suppliers import merging
from store import crossrefs, findings, outbox
from store.canonical.money import Money, plain
from store.canonical.purchasing import Receipt
from store.canonical.supplier import Supplier
from store.outbox import Delivery

MOVEMENTS: Final = ("receipt.create", "receipt.return", "receipt.correct")
"""Goods that came, went back, or were corrected: some ERPs take them at once and process them later."""


def has_effects(delivery: Delivery) -> bool:
    """Say whether a delivery has done something that has a counter-step."""
    return delivery.state in ("delivered", "verified") and delivery.operation in _COUNTERS


def is_question(delivery: Delivery) -> bool:
    """Say whether a delivery only asked, or said that a document was taken over: nothing is to be undone."""
    return delivery.operation in (
        "tax.determine",
        "journal.confirm",
        "order.check_funds",
        *taken_over.OPERATIONS.values(),
    )


def is_pending(delivery: Delivery) -> bool:
    """Say whether the system took it without having done it."""
    return bool((delivery.receipt or {}).get("is_pending"))


def counter_of(context: Context, delivery: Delivery) -> Counter | None:
    """Return what undoes one delivery; None when nothing does."""
    make = _COUNTERS.get(delivery.operation)
    return None if make is None else make(context, delivery)


def _close(context: Context, delivery: Delivery) -> Counter:
    return Counter("order.reopen", {"marker": json.loads(delivery.body)["marker"]}, delivery.external_id)


def _reopen(context: Context, delivery: Delivery) -> Counter:
    body = {"marker": json.loads(delivery.body)["marker"], "reason": given_up.reason(context)}
    return Counter("order.close", body, delivery.external_id)


def _write_back(context: Context, delivery: Delivery) -> Counter | None:
    """Whoever was told of a document that is there no more is told so; of one that stays, nothing changes."""
    kind = delivery.operation.partition(".")[0]
    created = outbox.of_workflow(context.db, delivery.workflow_id or 0)
    if not any(one.operation == f"{kind}.create" and has_effects(one) for one in created):
        return None
    fields = {**json.loads(delivery.body)["fields"], "erp_status": "Withdrawn"}
    return Counter(delivery.operation, {"fields": fields}, delivery.external_id)


def _invoice(context: Context, delivery: Delivery) -> Counter | None:
    link = crossrefs.get(context.db, delivery.entity, delivery.document_key, delivery.system)
    if link is None:
        return None
    return Counter(
        "invoice.cancel", {"number": link.number or "", "reason": given_up.reason(context)}, link.external_id
    )


def _hold(context: Context, delivery: Delivery) -> Counter:
    """The ERP cancels no invoice that is held."""
    body = json.loads(delivery.body)
    return Counter(
        "invoice.release",
        {"number": body["number"], "name": body["name"], "reason": given_up.reason(context)},
        delivery.external_id,
    )


def _prepayment(context: Context, delivery: Delivery) -> Counter:
    """Taken off, it is free to pay another invoice."""
    body = json.loads(delivery.body)
    names = {name: body[name] for name in ("number", "prepayment_number")}
    return Counter("invoice.unapply_prepayment", names, delivery.external_id)


def _recorded(context: Context, delivery: Delivery) -> Counter | None:
    """Money that was paid is a fact; what a prepayment paid is free again, and the source is told so."""
    body = json.loads(delivery.body)
    note = str(body["note"])
    if not note.startswith(prepayments.NOTE):
        return None
    amount = Money.of(body["amount"], body["currency"])
    back = {"amount": plain(-amount.amount), "note": f"Void {note}", "is_paid": False}
    return Counter(delivery.operation, {**body, **back}, delivery.external_id)


def _marked(context: Context, delivery: Delivery) -> Counter:
    """What is not in force any more is not paid, either."""
    return Counter(delivery.operation, {**json.loads(delivery.body), "is_paid": False}, delivery.external_id)


def _journal(context: Context, delivery: Delivery) -> Counter | None:
    link = crossrefs.get(context.db, delivery.entity, delivery.document_key, delivery.system)
    if link is None:
        return None
    journal = json.loads(delivery.body)["journal"]
    other = {"debit": "credit", "credit": "debit"}
    lines = [{**line, "side": other[line["side"]]} for line in journal["lines"]]
    number = f"{journal['number']}-R"
    batch = f"{journal['batch']}-R" if journal.get("batch") else None
    return Counter(
        "journal.reverse",
        {"journal": {**journal, "number": number, "batch": batch, "lines": lines}},
        link.external_id,
    )


def _receipt(context: Context, delivery: Delivery) -> Counter | None:
    """A movement stays in the ERP's history for ever; its opposite stands beside it."""
    movement = delivery.external_id
    if movement is None:
        return None
    moved = Receipt.model_validate(json.loads(delivery.body)["receipt"])
    # What is corrected counts in the sense of the movement itself: a return of four is undone by four less returned.
    turned = 1 if moved.kind == "return" else -1
    of = moved.original_id if moved.kind == "correction" else movement
    undone = moved.model_copy(
        update={
            "kind": "correction",
            "quantity": None if moved.quantity is None else moved.quantity * turned,
            "amount": None if moved.amount is None else _times(moved.amount, turned),
            "original_id": of,
            "reference": f"{moved.reference}-U",
        }
    )
    return Counter("receipt.correct", {"receipt": undone.model_dump(mode="json")}, None)


def _times(amount: Money, sign: int) -> Money:
    return Money(amount_minor=amount.amount_minor * sign, currency=amount.currency)


def _acknowledgement(context: Context, delivery: Delivery) -> Counter | None:
    """Whoever waits for an outcome is told that there will be none, unless they were told one."""
    told = [
        one
        for one in outbox.of_workflow(context.db, context.workflow.id)
        if one.operation == "expense.confirm_posting"
    ]
    if any(one.state in ("delivered", "verified") for one in told):
        return None
    body = {
        "document_kind": json.loads(delivery.body).get("document_kind", "expense"),
        "outcome": "error",
        "postings": [],
        "messages": [
            {
                "code": "WITHDRAWN",
                "text": f"Accounting has not posted it: {given_up.reason(context)}",
                "entry_id": "",
            }
        ],
    }
    return Counter("expense.confirm_posting", body, delivery.external_id)


def _supplier(context: Context, delivery: Delivery) -> Counter | None:
    """A supplier stays in the ERP's books for ever; what we created there becomes inactive. One that was there stays as it is."""
    link = crossrefs.get(context.db, delivery.entity, delivery.document_key, delivery.system)
    if link is None or _was_there(context, delivery):
        return None
    body = json.loads(delivery.body)
    body["supplier"]["status"] = "inactive"
    return Counter(
        "supplier.change", {**body, "inactive_on": context.now.date().isoformat()}, link.external_id
    )


def _supplier_change(context: Context, delivery: Delivery) -> Counter | None:
    """The status of a double, what was adopted, and fields that followed their owner become what they were there."""
    body = json.loads(delivery.body)
    if delivery.external_id is None:
        return None
    if "supplier" not in body:
        is_own = "reviews_invoices" not in body or not _was_there(context, delivery)
        return _adopted(context, delivery) if is_own else None
    if body.get("before") is not None:
        key = f"{delivery.system}:{delivery.external_id}"
        wanted = merging.change_body(context.db, key, str(body["before"]), context.now, ended=delivery)
        return Counter(delivery.operation, wanted, delivery.external_id)
    return _followed(context, delivery, body)


def _followed(context: Context, delivery: Delivery, body: Mapping[str, Any]) -> Counter | None:
    if body.get("was") is None:
        return None
    was = Supplier.model_validate(body["was"])
    fields = supplier_requests.undoing(was, body["fields"])
    asked = [str(one["number"]) for one in body.get("tax_numbers") or ()]
    wanted = supplier_requests.change(was, was, fields, context.now.date(), was.parent_id, asked)
    return Counter(delivery.operation, wanted, delivery.external_id) if fields else None


def _remit_to(context: Context, delivery: Delivery) -> Counter | None:
    """Places that are paid are open or closed as they were before."""
    body = json.loads(delivery.body)
    if delivery.external_id is None or "was" not in body:
        return None
    places = [{"code": one["code"], "is_active": one["code"] in body["was"]} for one in body["remit_to"]]
    return Counter(delivery.operation, {"remit_to": places}, delivery.external_id)


def _was_there(context: Context, delivery: Delivery) -> bool:
    """Say whether what a delivery was to make was found as somebody else had made it; found after a lost answer it is ours."""
    if not (delivery.receipt or {}).get("was_found"):
        return False
    last = outbox.attempts(context.db, delivery.entry_id)[-1]
    return not findings.was_noticed(
        context.db, "OUTCOME_UNKNOWN", delivery.system, delivery.document_key, since=delivery.decided_at,
        until=last.started_at,
    )  # fmt: skip


def _site(context: Context, delivery: Delivery) -> Counter | None:
    """A site that we opened for a company is closed again; one that was there stays open."""
    return _site_back(context, delivery, "supplier_site.close")


def _reopened_site(context: Context, delivery: Delivery) -> Counter | None:
    """A site that we closed is opened again: only those that were open are closed."""
    return _site_back(context, delivery, "supplier_site.create")


def _site_back(context: Context, delivery: Delivery, operation: str) -> Counter | None:
    body = json.loads(delivery.body)
    link = crossrefs.get(context.db, delivery.entity, delivery.document_key, delivery.system)
    supplier_id = body.get("supplier_id") or (link.external_id if link is not None else None)
    was_there = operation == "supplier_site.close" and _was_there(context, delivery)
    if supplier_id is None or was_there:
        return None
    wanted: dict[str, Any] = {"site": body["site"], "supplier_id": supplier_id}
    if operation == "supplier_site.close":
        wanted["inactive_on"] = context.now.date().isoformat()
    return Counter(operation, wanted, supplier_id)


def _adopted(context: Context, delivery: Delivery) -> Counter | None:
    """A value that was adopted becomes what it was."""
    before = before_of(json.loads(delivery.body))
    if not before or delivery.external_id is None:
        return None
    return Counter(delivery.operation, before, delivery.external_id)


def before_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an adopted field was before; a field of which nobody knows that stays as it is.

    >>> before_of({"is_active": False, "before": {"is_active": True}}), before_of({"name": "A", "before": {"name": None}})
    ({'is_active': True}, {})
    """
    return {name: value for name, value in (body.get("before") or {}).items() if value is not None}


def _bank_change(context: Context, delivery: Delivery) -> Counter | None:
    """The new account ends and the old one is the supplier's again; nothing, where all of it was so before."""
    back = bank_change_back(delivery, context.now.date().isoformat())
    does = any(back.get(name) for name in ("ends", "returns", "unassigns"))
    return Counter(delivery.operation, back, None) if does else None


def bank_change_back(delivery: Delivery, on: str) -> dict[str, Any]:
    """Return the request that takes a change of bank details back: what it had added ends, what it had ended returns.

    What was so before it came stays: an account that somebody had entered by hand, one that had ended already.
    """
    body, answer = json.loads(delivery.body), (delivery.receipt or {}).get("answer") or {}
    added = answer.get("added") or [] if "account" in body else []
    back = {
        "supplier": body["supplier"], "on": on, "ends": [answer["account"]] if "owner" in added else [],
        "returns": [one for one in body["ends"] if one in (answer.get("ended") or [])],
    }  # fmt: skip
    return back if added != ["assignment"] else {**back, "unassigns": [answer["account"]]}


_COUNTERS: Mapping[str, Callable[[Context, Delivery], Counter | None]] = {
    "order.create": given_up.order,
    "order.change": given_up.change,
    "order.close": _close,
    "order.reopen": _reopen,
    "order.write_back": _write_back,
    "invoice.create": _invoice,
    "invoice.write_back": _write_back,
    "invoice.hold": _hold,
    "invoice.apply_prepayment": _prepayment,
    "invoice.record_payment": _recorded,
    "invoice.mark_paid": _marked,
    "receipt.create": _receipt,
    "receipt.return": _receipt,
    "receipt.correct": _receipt,
    "journal.create": _journal,
    "supplier.create": _supplier,
    "supplier_site.create": _site,
    "supplier_site.close": _reopened_site,
    "supplier_remit_to.change": _remit_to,
    "lookup_value.change": _adopted,
    "supplier.change": _supplier_change,
    "supplier_bank_account.change": _bank_change,
    "expense.acknowledge": _acknowledgement,
}
