"""Invoice to payment: an approved supplier invoice is matched, taxed, posted and paid in the ERP, and the source is told.

    route -> confirm_supplier -> check_duplicates -> match -> ask -> await_tax -> check_tax -> check_approval
      -> resolve_accounts -> check_period -> request_posting -> await_posting -> validate -> await_validation
      -> verify_posting -> apply_prepayments <-> await_prepayment -> publish -> write_back -> await_write_back
      -> await_payment <-> record_payment -> await_record -> mark_paid -> await_marked -> verify

A payment in part is read back at its source (`verify_record`) before the rest is waited for; one that may be a second
one for the same is looked at by a person before it is told (`check_payment`). An invoice that the ERP holds, before or after, is told to the source (`tell_hold`, `await_hold_told`) and waits for the
ERP's release (`await_release`). One that somebody cancels there is told, and a person decides (`tell_cancelled`,
`await_cancelled_told`). One that the source voids is cancelled in the ERP, and payments that were called back
for that are told:

    request_release -> await_released -> take_off_prepayments <-> await_taken_off -> request_cancel -> await_cancel
      -> write_back -> await_write_back -> await_payment <-> record_payment -> verify

One that is disputed at its source before it was posted is left alone until it is approved again (`withdraw`); afterwards
the ERP holds it until that is settled (`invoice/disputes.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from sqlite3 import Connection
from typing import Any

from finsync_tui.flows import payments
from finsync_tui.flows.invoice import (
    accounting,
    cancelled,
    checks,
    disputes,
    doubles,
    doubles_there,
    evidence,
    goods,
    holds,
    postings,
    prepayments,
    recorded,
    replies,
    taxing,
    unheld_there,
    withheld,
)
from finsync_tui.flows.steps import Step
from finsync_tui.flows.usual import UsualFlow
from finsync_tui.profile import Profile
from store import crossrefs, records
from store.canonical.event import Event
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice, Payment
from store.canonical.purchasing import Receipt
from store.canonical.record import CanonicalRecord
from store.workflows import Workflow

NAME = "invoice_to_payment"
_INVOICE = "com.finsync.invoice."
_NOT_TOLD_YET: Mapping[str, str] = {
    "validate": "verify_posting",
    "await_validation": "verify_posting",
    "verify_posting": "apply_prepayments",
    "apply_prepayments": "publish",
    "await_prepayment": "publish",
    "publish": "publish",
}
"""Steps of a posted invoice before its orders are relieved, and where it goes on when somebody has settled what stops it."""
_SETTLED: Mapping[str, str] = {"await_release": "hold_settled", "await_settled": "dispute_settled"}
"""Steps that wait for somebody else, and what is kept of it that a person wants to hear no more of that."""
_TAKES_BACK = frozenset(
    ("request_release", "await_released", "take_off_prepayments", "await_taken_off", "await_cancel")
)
"""Steps of a void whose invoice is still in force in the ERP."""
_PAYMENT = "com.finsync.payment."
_RECEIPT = "com.finsync.receipt."
_ORDER = "com.finsync.commitment."


class InvoiceToPayment(UsualFlow):
    """The flow for supplier invoices."""

    name = NAME
    model = Invoice
    listens_to = (_INVOICE, _PAYMENT, _RECEIPT, _ORDER)
    rechecks: frozenset[str] = frozenset(
        ("match", "await_release", "await_settled", "check_payment", "check_withheld", "await_cancelled_told")
    )
    under_way: frozenset[str] = frozenset()
    """What was not sent is given up for a newer version; what may have been is waited for; the rest is voided there."""

    settled_at: frozenset[str] = frozenset(
        [
            "write_back",
            "await_write_back",
            "tell_hold",
            "await_release",
            "request_hold",
            "await_hold",
            "await_settled",
            "request_release",
            "await_released",
            "check_goods",
            "mark_paid",
            "await_payment",
            "verify_record",
            "await_marked",
            "check_payment",
            "check_withheld",
            "verify",
        ]
    )
    """It is in force in the ERP, whatever somebody has settled about it: what becomes of it and its payments is told on."""

    def goes_on(self, db: Connection, workflow: Workflow) -> str | None:
        """What was posted relieves its orders and is followed to its payment; what came meanwhile is told now."""
        link = crossrefs.get(db, Invoice.entity, workflow.document_key, str(workflow.target))
        if link is None or workflow.kind == "recall":
            return None
        is_void = workflow.kind == "void"
        if workflow.step in (_TAKES_BACK if is_void else ("await_hold_told",)):
            return "await_payment"
        if workflow.step in ("record_payment", "await_record"):
            return "await_payment"
        there = records.get(db, Invoice, link.system, link.external_id)
        is_gone = there is not None and there.record.status == "cancelled"
        if workflow.kind == "post" and workflow.step in _NOT_TOLD_YET:
            return None if is_gone or workflow.data.get("is_gone") else _NOT_TOLD_YET[workflow.step]
        if workflow.step in _SETTLED and not is_gone:
            return workflow.step
        if workflow.step not in self.settled_at or workflow.step in self.rechecks:
            return None
        made = payments.of_invoice(db, link.system, link.external_id, workflow.data.get("told", {}))
        is_news = payments.news(made, workflow.data, link.external_id, str(workflow.currency))
        return "await_payment" if is_news else None

    def settled(self, db: Connection, workflow: Workflow) -> Mapping[str, Any]:
        """Whoever resolves that a payment could not be told has seen to it: it is not told a second time."""
        if workflow.kind == "void" and workflow.step in _TAKES_BACK:
            return {**workflow.data, "left_in_force": True}
        if workflow.step in _SETTLED:
            return {**workflow.data, _SETTLED[workflow.step]: True}
        if workflow.step == "verify_posting":
            link = crossrefs.get(db, Invoice.entity, workflow.document_key, str(workflow.target))
            return {**workflow.data, "erp_number": link.number if link is not None else None}
        if workflow.step not in ("record_payment", "await_record"):
            return workflow.data
        payment_id, state, _, _, *more = workflow.data["payment_told"]
        data = dict(workflow.data)
        data["told"] = {**data.get("told", {}), payment_id: "voided" if state == "voided" else "paid"}
        if more:  # else nobody knows here how much of the invoice it was
            data["told_minor"] = {**data.get("told_minor", {}), payment_id: more[0]}
        return data

    def steps(self, kind: str) -> Mapping[str, Step]:
        return {"void": _VOID, "recall": _RECALL}.get(kind, _STEPS)

    def kind_of(self, record: CanonicalRecord, earlier: Sequence[Workflow]) -> str | None:
        """Posted once; what is changed at the source afterwards can only be voided there."""
        assert isinstance(record, Invoice)
        # One that was given up is, or is being, taken back.
        is_posted = any(
            evidence.is_posted(w) and "abort" not in w.data and w.state != "aborted" for w in earlier
        )
        if record.status == "approved":
            return None if is_posted else "post"
        if record.status == "cancelled":
            return "void" if earlier else None
        is_under_way = any(w.ended_at is None and w.kind == "post" for w in earlier)
        return "recall" if is_under_way and not is_posted else None

    def keeps(self, workflow: Workflow, kind: str) -> bool:
        """Only a void takes the place of what follows a posted invoice to its payment."""
        return kind != "void" and evidence.is_posted(workflow)

    def notices(self, db: Connection, profile: Profile, event: Event, now: datetime) -> None:
        """Invoices that people enter in the ERP have no instance, and may be one with another, or be paid to an account that
        nobody has agreed on."""
        if event.type.startswith(_INVOICE):
            doubles_there.note(db, profile, event.subject, now)
            unheld_there.note(db, event.subject, now)

    def waits_for(self, db: Connection, event: Event) -> Sequence[str]:
        key = RecordKey.parse(event.subject)
        if event.type.startswith(_PAYMENT):
            ids = payments.invoices_ever(db, key.system, key.external_id)
            found = (crossrefs.find(db, Invoice.entity, key.system, one) for one in ids)
            own_keys = [one for one in found if one is not None]
            return tuple(dict.fromkeys((*own_keys, *doubles.ours_like(db, key.system, ids))))
        if event.type.startswith(_RECEIPT):
            receipt = records.get(db, Receipt, key.system, key.external_id)
            return _of_order_line(db, key.system, receipt.record) if receipt is not None else ()
        if event.type.startswith(_ORDER):
            return _of_order(db, key, str(event.data.get("number") or ""))
        own = crossrefs.find(db, Invoice.entity, key.system, key.external_id)
        return (own,) if own is not None else _of_same_lines(db, key)

    def reopens_at(self, db: Connection, event: Event, workflow: Workflow) -> str | None:
        """A payment that the source was told of and that is void now has to be taken back there, too; one that was made
        in its place has to be told; one of an invoice that looks like this one may be the second for it. Goods may have
        gone back."""
        link = crossrefs.get(db, Invoice.entity, workflow.document_key, str(workflow.target))
        if link is None or workflow.kind == "recall":
            return None
        if event.type.startswith(_RECEIPT):
            is_less = workflow.kind == "post" and _takes_back(db, RecordKey.parse(event.subject))
            return "check_goods" if is_less else None
        if event.type.startswith(_INVOICE):
            there = records.get(db, Invoice, link.system, link.external_id)
            is_news = there is not None and there.record.status == "cancelled" and workflow.kind == "post"
            return "await_payment" if is_news and not workflow.data.get("is_cancelled") else None
        if not event.type.startswith(_PAYMENT):
            return None
        made = payments.of_invoice(db, link.system, link.external_id, workflow.data.get("told", {}))
        if payments.news(made, workflow.data, link.external_id, str(workflow.currency)):
            return "await_payment"
        key = RecordKey.parse(event.subject)
        held = records.get(db, Payment, key.system, key.external_id)
        paid = [one.invoice_id for one in held.record.invoices] if held is not None else []
        return "check_payment" if doubles.is_like(db, key.system, paid, workflow) else None

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        if class_ == "DEAD_LETTER":
            return step, False
        if class_ in ("INVOICE_ON_HOLD", "INVOICE_DISPUTED"):
            return step, False
        if step in ("request_hold", "await_hold"):
            return "request_hold", True
        if step in ("request_release", "await_released"):
            return "request_release", True
        if step in ("apply_prepayments", "await_prepayment"):
            return "apply_prepayments", True
        if step in ("verify", "verify_posting", "verify_record", "await_release"):
            return step, False
        if step in ("validate", "await_validation"):
            return "request_posting" if class_ == "READ_BACK_DIFFERS" else "validate", True
        if step in ("tell_hold", "await_hold_told"):
            return "tell_hold", True
        if step in ("mark_paid", "await_marked"):
            return "await_payment", True
        if step in ("tell_cancelled", "await_cancelled_told"):
            return "await_payment", True
        if step in ("await_write_back", "write_back"):
            return "write_back", True
        if step in ("check_payment", "check_withheld"):
            return step, True
        if step in ("await_record", "record_payment", "await_payment"):
            return "await_payment", True
        if step in ("take_off_prepayments", "await_taken_off"):
            return "take_off_prepayments", True
        if kind == "void":
            return "request_cancel", True
        return "route", True


def _of_same_lines(db: Connection, key: RecordKey) -> tuple[str, ...]:
    """What becomes of one invoice decides how much of its order lines is left for the others."""
    held = records.get(db, Invoice, key.system, key.external_id)
    lines = held.record.lines if held is not None else ()
    names = dict.fromkeys(f"{line.order_number}/{line.order_line}" for line in lines if line.order_number)
    found = (
        one for name in names for one in records.twins(db, Invoice.entity, "order_line", name, key.system)
    )
    return tuple(dict.fromkeys(f"{key.system}:{one}" for one in found if one != key.external_id))


def _of_order_line(db: Connection, source: str, receipt: Receipt) -> tuple[str, ...]:
    name = f"{receipt.order_number}/{receipt.order_line}"
    return tuple(f"{source}:{one}" for one in records.twins(db, Invoice.entity, "order_line", name, source))


def _takes_back(db: Connection, key: RecordKey) -> bool:
    """Say whether a receipt leaves less received than before: it is void, or something went back."""
    held = records.get(db, Receipt, key.system, key.external_id)
    if held is None:
        return False
    receipt = held.record
    size = receipt.quantity if receipt.amount is None else receipt.amount.amount
    return receipt.status == "voided" or (size or 0) < 0


def _of_order(db: Connection, key: RecordKey, number: str) -> tuple[str, ...]:
    """An order has come into the ERP: invoices of any of its lines may wait for it."""
    found = records.twins_like(db, Invoice.entity, "order_line", f"{number}/", key.system) if number else []
    return tuple(f"{key.system}:{one}" for one in found)


_STEPS: Mapping[str, Step] = {
    step.__name__: step
    for step in (
        checks.route,
        checks.confirm_supplier,
        checks.check_duplicates,
        checks.match,
        taxing.ask,
        taxing.await_tax,
        taxing.check_tax,
        checks.check_approval,
        accounting.resolve_accounts,
        accounting.check_period,
        postings.request_posting,
        postings.await_posting,
        postings.validate,
        postings.await_validation,
        postings.verify_posting,
        prepayments.apply_prepayments,
        prepayments.await_prepayment,
        postings.publish,
        replies.write_back,
        replies.await_write_back,
        replies.await_payment,
        doubles.check_payment,
        withheld.check_withheld,
        goods.check_goods,
        recorded.record_payment,
        recorded.await_record,
        replies.verify,
        replies.verify_record,
        recorded.mark_paid,
        recorded.await_marked,
        holds.tell_hold,
        holds.await_hold_told,
        holds.await_release,
        cancelled.tell_cancelled,
        cancelled.await_cancelled_told,
        disputes.request_hold,
        disputes.await_hold,
        disputes.await_settled,
        disputes.request_release,
        disputes.await_released,
    )
}
_VOID: Mapping[str, Step] = {
    step.__name__: step
    for step in (
        checks.route,
        disputes.request_release,
        disputes.await_released,
        prepayments.take_off_prepayments,
        prepayments.await_taken_off,
        postings.request_cancel,
        postings.await_cancel,
        replies.write_back,
        replies.await_write_back,
        replies.await_payment,
        recorded.record_payment,
        recorded.await_record,
        replies.verify,
    )
}
_RECALL: Mapping[str, Step] = {"withdraw": checks.withdraw}
