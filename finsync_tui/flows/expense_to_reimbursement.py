"""Expense to reimbursement: an approved report is posted in the ERP, confirmed to the expense tool, and paid.

    acknowledge -> await_acknowledgement -> route -> check_totals -> check_approval -> find_payee -> resolve_accounts
      -> check_period -> request_posting -> await_posting -> await_import -> validate -> await_validation
      -> verify_posting -> publish -> confirm_posting -> await_confirmation -> await_payment -> confirm_payment
      -> await_payment_confirmation -> verify

The document and the decision to acknowledge it are stored first; acknowledging is the lock against a recall; only then
is anything posted, and only what was read back in the ERP is confirmed. A document is all or nothing: what can't be
posted as a whole is undone as a whole, and the employee reads what to change:

    undo_posting -> await_undo -> return_document -> await_return

When the ERP refuses that and somebody has settled it, the instance waits at `await_taken_back` until the ERP shows it cancelled.

A document that is recalled while an analyst is to look at it goes on at `recalled`, and ends.

A cash advance is posted as the expense tool states it; a funds check is answered from the budgets and posts nothing.
Supplier invoices and payroll data are no expenses: they are left in their queue, held or returned, as the profile says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sqlite3 import Connection
from typing import Any

from finsync_tui.flows import payments
from finsync_tui.flows.expense import aside, checks, postings, replies, subject
from finsync_tui.flows.steps import Step
from finsync_tui.flows.usual import UsualFlow
from store import crossrefs, outbox, records
from store.canonical.event import Event
from store.canonical.expense import ExpenseDocument
from store.canonical.journal import JournalEntry
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice, Payment
from store.canonical.record import CanonicalRecord
from store.workflows import Workflow

NAME = "expense_to_reimbursement"
_KINDS = {
    "report": "post",
    "cash_advance": "advance",
    "funds_check": "funds",
    "invoice": "aside",
    "payroll": "aside",
}
_PAYMENT = "com.finsync.payment."
_SETTLED_AT: Mapping[str, str] = {
    "validate": "verify_posting",
    "await_validation": "verify_posting",
    "verify_posting": "publish",
    "publish": "publish",
    "confirm_posting": "await_payment",
    "await_confirmation": "await_payment",
    "confirm_payment": "await_payment",
    "await_payment_confirmation": "await_payment",
}
"""Steps of a posted document, and where it goes on when somebody has settled what stops it."""
_TAKES_BACK = frozenset(("undo_posting", "await_undo", "await_taken_back"))
"""Steps of a document that is to be taken back, and is in force in the ERP until it is."""


class ExpenseToReimbursement(UsualFlow):
    """The flow for financial documents of the expense tool."""

    name = NAME
    model = ExpenseDocument
    listens_to = (
        "com.finsync.expense_document.",
        "com.finsync.invoice.",
        "com.finsync.journal_entry.",
        _PAYMENT,
    )
    returns_at: str | None = "return_document"
    settled_at = frozenset(("await_payment", "verify"))
    under_way: frozenset[str] = frozenset()
    """A document has one version only: nothing ever takes its place."""

    def steps(self, kind: str) -> Mapping[str, Step]:
        return {"funds": _FUNDS, "aside": _ASIDE}.get(kind, _STEPS)

    def kind_of(self, record: CanonicalRecord, earlier: Sequence[Workflow]) -> str | None:
        """A document is worked through once. What comes after under the same id is our own echo, or a recall.

        One that was taken over before we knew of it was forgotten with a lost store: it is worked through again, and
        each system knows by our mark what it holds of it.
        """
        assert isinstance(record, ExpenseDocument)
        is_ours = record.status == "ready" or subject.is_forgotten(record)
        return _KINDS[record.kind] if is_ours and not earlier else None

    def waits_for(self, db: Connection, event: Event) -> Sequence[str]:
        key = RecordKey.parse(event.subject)
        entity = ExpenseDocument.entity
        if not event.type.startswith(_PAYMENT):
            found = crossrefs.find(db, entity, key.system, key.external_id)
            return (found,) if found is not None else ()
        held = records.get(db, Payment, key.system, key.external_id)
        paid = held.record.invoices if held is not None else ()
        documents = (crossrefs.find(db, entity, key.system, one.invoice_id) for one in paid)
        return tuple(dict.fromkeys(one for one in documents if one is not None))

    def reopens_at(self, db: Connection, event: Event, workflow: Workflow) -> str | None:
        """A payment that was confirmed and is void now has to be taken back in the expense tool, too; one that nobody was told
        of, since somebody had settled the document before it was paid, has to be told."""
        key = RecordKey.parse(event.subject)
        told = workflow.data.get("confirmed", {})
        if not event.type.startswith(_PAYMENT) or workflow.data.get("posted_entity") != Invoice.entity:
            return None
        held = records.get(db, Payment, key.system, key.external_id)
        made = {key.external_id: held.record} if held is not None else {}
        return "await_payment" if replies.news_of(made, told) else None

    def goes_on(self, db: Connection, workflow: Workflow) -> str | None:
        """What is posted is confirmed, and what the ERP pays of it is told, whatever somebody has settled about it."""
        link = crossrefs.get(db, ExpenseDocument.entity, workflow.document_key, str(workflow.target))
        if link is None or workflow.kind not in ("post", "advance"):
            return None
        if workflow.step in _TAKES_BACK and workflow.data.get("posted_entity") == Invoice.entity:
            return "await_taken_back"
        if "return" in workflow.data:
            return None
        there = records.get(db, Invoice, link.system, link.external_id)
        if there is not None and there.record.status == "cancelled" and workflow.step not in self.settled_at:
            return None
        if workflow.step != "verify" or workflow.data.get("posted_entity") != Invoice.entity:
            is_gone = workflow.step == "verify_posting" and workflow.data.get("is_gone")
            return None if is_gone else _SETTLED_AT.get(workflow.step)
        made = payments.of_invoice(db, link.system, link.external_id)
        return "await_payment" if replies.news_of(made, workflow.data.get("confirmed", {})) else None

    def settled(self, db: Connection, workflow: Workflow) -> Mapping[str, Any]:
        """Whoever resolves that a payment could not be told has seen to it: it is not told a second time."""
        data = workflow.data
        if workflow.step == "verify_posting":
            link = crossrefs.get(db, ExpenseDocument.entity, workflow.document_key, str(workflow.target))
            model = Invoice if data["posted_entity"] == Invoice.entity else JournalEntry
            asked = records.get_version(
                db, model, "finsync", workflow.document_key, int(data["posting_version"])
            )
            number = link.number if link is not None else None
            return {**data, "erp_number": number or (asked.record.number if asked is not None else None)}
        if workflow.step != "await_payment_confirmation":
            return data
        payment_id, state = data["payment_told"]
        return {**data, "confirmed": {**data.get("confirmed", {}), payment_id: state}}

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        if class_ == "DEAD_LETTER":
            return step, False
        if step == "await_acknowledgement":
            return "acknowledge", True
        if step in ("await_confirmation", "confirm_posting"):
            return "confirm_posting", True
        if step in ("await_payment_confirmation", "confirm_payment", "await_payment"):
            return "await_payment", True
        if step in ("await_undo", "undo_posting"):
            return "undo_posting", True
        if step in ("await_return", "return_document"):
            return "return_document", True
        if step in ("validate", "await_validation"):
            return "validate", True
        if step in ("verify_posting", "verify"):
            return step, False  # it is read again; nothing is sent
        return "set_aside" if kind == "aside" else "route", True

    def refuses_return(self, db: Connection, workflow: Workflow) -> str | None:
        """What the expense tool has been told for good can't be told otherwise: it takes one outcome of a document."""
        told = (
            one for one in outbox.of_workflow(db, workflow.id) if one.operation == "expense.confirm_posting"
        )
        if any(one.state in ("delivered", "verified") for one in told):
            return (
                "its outcome has been told already, and can't be changed there; correct the posting in the ERP, "
                "tell the employee, then resolve the exception"
            )
        return None


_STEPS: Mapping[str, Step] = {
    step.__name__: step
    for step in (
        replies.acknowledge,
        replies.await_acknowledgement,
        checks.route,
        checks.check_totals,
        checks.check_approval,
        checks.find_payee,
        checks.resolve_accounts,
        checks.check_period,
        postings.request_posting,
        postings.await_posting,
        postings.await_import,
        postings.validate,
        postings.await_validation,
        postings.verify_posting,
        postings.publish,
        replies.confirm_posting,
        replies.await_confirmation,
        replies.await_payment,
        replies.confirm_payment,
        replies.await_payment_confirmation,
        replies.verify,
        postings.undo_posting,
        postings.await_undo,
        postings.await_taken_back,
        replies.return_document,
        replies.await_return,
        replies.recalled,
    )
}
_FUNDS: Mapping[str, Step] = {
    step.__name__: step
    for step in (
        replies.acknowledge,
        replies.await_acknowledgement,
        checks.route,
        checks.check_funds,
        replies.confirm_posting,
        replies.await_confirmation,
        replies.verify,
        replies.return_document,
        replies.await_return,
        replies.recalled,
    )
}
_ASIDE: Mapping[str, Step] = {
    step.__name__: step
    for step in (
        aside.set_aside,
        replies.acknowledge,
        replies.await_acknowledgement,
        replies.return_document,
        replies.await_return,
        replies.verify,
        replies.recalled,
    )
}
