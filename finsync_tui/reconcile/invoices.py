"""Is a supplier invoice posted in the ERP as decided, and does the source show what it was told?"""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

from finsync_tui.reconcile.compare import Difference, invoice_differences
from finsync_tui.reconcile.read_back import Found, Seen, Want
from store import crossrefs, records
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice
from store.workflows import Workflow

ENTITY = Invoice.entity


class InvoicePostingCheck:
    """The ERP, read afresh, against what was decided."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want]:
        target = _target(db, workflow)
        return [target] if target else []

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen:
        return Seen({str(workflow.target): _posting_differences(db, workflow, found)})


class InvoiceRecordCheck:
    """The source in between: what it was told of payments so far."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want]:
        source = RecordKey.parse(workflow.document_key)
        return [Want(source.system, ENTITY, source.external_id)]

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen:
        (want,) = self.wants(db, workflow)
        return Seen({want.system: _reply_differences(workflow, found.get(want))})


class InvoiceReplyCheck:
    """Both systems at the end: the ERP's invoice still as decided, the source with number, status and payments."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want]:
        source = RecordKey.parse(workflow.document_key)
        target = _target(db, workflow)
        return [Want(source.system, ENTITY, source.external_id), *([target] if target else [])]

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen:
        source = RecordKey.parse(workflow.document_key)
        shown = found.get(Want(source.system, ENTITY, source.external_id))
        return Seen(
            {
                str(workflow.target): _posting_differences(db, workflow, found),
                source.system: _reply_differences(workflow, shown),
            }
        )


def _target(db: Connection, workflow: Workflow) -> Want | None:
    link = crossrefs.get(db, ENTITY, workflow.document_key, str(workflow.target))
    return Want(str(workflow.target), ENTITY, link.external_id) if link else None


def _posting_differences(db: Connection, workflow: Workflow, found: Found) -> list[Difference]:
    target = _target(db, workflow)
    shown = found.get(target) if target else None
    if workflow.kind == "void":
        if not isinstance(shown, Invoice) or shown.status == "cancelled":
            return []
        return [Difference("status", "cancelled", shown.status)]
    held = records.get_version(
        db, Invoice, "finsync", workflow.document_key, int(workflow.data["posting_version"])
    )
    assert held is not None, "a posting is stored with the decision to ask for it"
    if not isinstance(shown, Invoice):
        return [Difference("invoice", held.record.number, "missing")]
    return invoice_differences(held.record, shown)


def _reply_differences(workflow: Workflow, shown: object) -> list[Difference]:
    if not isinstance(shown, Invoice):
        return [Difference("invoice", workflow.document_number, "missing")]
    written = {str(k): str(v) for k, v in (workflow.data.get("written") or {}).items()}
    have = {"erp_number": shown.target_number or "", "erp_status": shown.target_status or ""}
    differences = [Difference(name, want, have[name]) for name, want in written.items() if have[name] != want]
    held = [(one.note, one.amount.amount_minor) for one in shown.recorded_payments]
    for note, minor in workflow.data.get("recorded", []):
        count = held.count((note, minor))
        if count != 1:
            differences.append(Difference(f"payment {note}", "recorded once", f"{count} times"))
    flag = workflow.data.get("marked_paid")
    if flag is not None and flag != shown.is_marked_paid:
        differences.append(
            Difference("paid", *("yes" if one else "no" for one in (flag, shown.is_marked_paid)))
        )
    return differences
