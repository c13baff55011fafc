"""Is an expense posted in the ERP as decided, and does the expense tool show what it was told?"""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

from finsync_tui.reconcile.compare import Difference, invoice_differences, journal_differences
from finsync_tui.reconcile.read_back import Found, Seen, Want
from store import crossrefs, records
from store.canonical.expense import ExpenseDocument
from store.canonical.journal import JournalEntry
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice
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
        return Seen({want.system: _reply_differences(workflow, found.get(want))})


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


def _reply_differences(workflow: Workflow, shown: object) -> list[Difference]:
    if not isinstance(shown, ExpenseDocument):
        return []  # resubmitted meanwhile: the tool shows the newer document only, and our answer was taken
    states = list(workflow.data.get("confirmed", {}).values())
    wanted: tuple[str, ...] = ("posted",)
    if "return_entry" in workflow.data:
        wanted = ("failed", "recalled")
    elif states:
        wanted = (
            *(("paid", "posted") if "paid" in states else ()),
            *(("reversed",) if "voided" in states else ()),
        )
    return [] if shown.status in wanted else [Difference("status", " or ".join(wanted), shown.status)]
