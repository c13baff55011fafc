"""Is an expense posted in the ERP as decided, and does the expense tool show what it was told?"""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

from finsync_tui.reconcile.compare import Difference, invoice_differences, journal_differences
from finsync_tui.reconcile.read_back import Found, Seen, Want
from store import crossrefs, outbox, records
from store.canonical.expense import ExpenseDocument
from store.canonical.journal import JournalEntry
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice
from store.columns import from_json
from store.workflows import Workflow

ENTITY = ExpenseDocument.entity


class PostingCheck:
    """The ERP, read afresh before anything is confirmed, against what was decided."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want]:
        link = crossrefs.get(db, ENTITY, workflow.document_key, str(workflow.target))
        return (
            [Want(str(workflow.target), str(workflow.data["posted_entity"]), link.external_id)]
            if link
            else []
        )

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen:
        target = str(workflow.target)
        wanted = self.wants(db, workflow)
        shown = found.get(wanted[0]) if wanted else None
        return Seen({target: _posting_differences(db, workflow, shown)})


class ReplyCheck:
    """The expense tool, read afresh, against what it was told."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want]:
        key = RecordKey.parse(workflow.document_key)
        return [Want(key.system, ENTITY, key.external_id)]

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen:
        (want,) = self.wants(db, workflow)
        return Seen({want.system: _reply_differences(db, workflow, found.get(want))})


class HeldDocument:
    """A document that waits for an analyst: recalled in the expense tool, it is over.

    A report that was approved again shows its newer document only: the older one can't come back.
    """

    step = "recalled"

    def wants(self, db: Connection, workflow: Workflow) -> Want:
        key = RecordKey.parse(workflow.document_key)
        return Want(key.system, ENTITY, key.external_id)

    def doubts(self, db: Connection, workflow: Workflow, found: Found) -> Want | None:
        """A document that is not shown may have a newer one in its place: the report's id leads there."""
        own = self.wants(db, workflow)
        document = _document(db, workflow)
        if own in found or document is None:
            return None
        return Want(own.system, ENTITY, document.report_id)

    def is_over(self, db: Connection, workflow: Workflow, found: Found) -> str | None:
        own = self.wants(db, workflow)
        shown, document = found.get(own), _document(db, workflow)
        if isinstance(shown, ExpenseDocument):
            return "recalled in the expense tool" if shown.status == "recalled" else None
        if document is None:
            return None
        newer = (
            one
            for want, one in found.items()
            if want.system == own.system
            and isinstance(one, ExpenseDocument)
            and one.report_id == document.report_id
            and one.document_type == document.document_type
        )
        return None if next(newer, None) is None else "recalled; a newer document has taken its place"


def _document(db: Connection, workflow: Workflow) -> ExpenseDocument | None:
    key = RecordKey.parse(workflow.document_key)
    held = records.get_version(db, ExpenseDocument, key.system, key.external_id, workflow.document_version)
    return held.record if held is not None else None


def _posting_differences(db: Connection, workflow: Workflow, shown: object) -> list[Difference]:
    version = int(workflow.data["posting_version"])
    if workflow.data["posted_entity"] == Invoice.entity:
        invoice = records.get_version(db, Invoice, "finsync", workflow.document_key, version)
        assert invoice is not None, "a posting is stored with the decision to ask for it"
        if not isinstance(shown, Invoice):
            return [Difference("invoice", invoice.record.number, "missing")]
        return invoice_differences(invoice.record, shown)
    journal = records.get_version(db, JournalEntry, "finsync", workflow.document_key, version)
    assert journal is not None, "a posting is stored with the decision to ask for it"
    if not isinstance(shown, JournalEntry):
        return [Difference("journal", journal.record.number, "missing")]
    return journal_differences(journal.record, shown)


def _reply_differences(db: Connection, workflow: Workflow, shown: object) -> list[Difference]:
    if not isinstance(shown, ExpenseDocument):
        return []  # resubmitted meanwhile: the tool shows the newer document only, and our answer was taken
    states = list(workflow.data.get("confirmed", {}).values())
    wanted: tuple[str, ...] = ("posted",)
    if "return_entry" in workflow.data:
        wanted = ("failed", "recalled")
    elif states and "voided" not in states and _was_told_paid(db, workflow):
        wanted = ("paid",)
    elif states:
        wanted = (
            *(("paid", "posted") if "paid" in states else ()),
            *(("reversed",) if "voided" in states else ()),
        )
    return [] if shown.status in wanted else [Difference("status", " or ".join(wanted), shown.status)]


def _was_told_paid(db: Connection, workflow: Workflow) -> bool:
    """Say whether the last payment told was the one that paid all of it: a part payment leaves no trace on the document."""
    told = outbox.get(db, int(workflow.data["payment_entry"])) if "payment_entry" in workflow.data else None
    return told is not None and from_json(told.edited_body or told.body).get("status") == "paid"
