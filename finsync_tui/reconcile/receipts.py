"""Has the ERP received what arrived?"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from sqlite3 import Connection

from finsync_tui.reconcile.compare import Difference
from finsync_tui.reconcile.read_back import Found, Seen, Want
from store import crossrefs, records
from store.canonical.keys import RecordKey
from store.canonical.money import plain
from store.canonical.purchasing import Receipt
from store.workflows import Workflow

ENTITY = Receipt.entity


class ReceiptCheck:
    """The ERP's receipt, read afresh, against the source's."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want]:
        link = crossrefs.get(db, ENTITY, workflow.document_key, str(workflow.target))
        return [Want(str(workflow.target), ENTITY, link.external_id)] if link else []

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen:
        wanted = self.wants(db, workflow)
        shown = found.get(wanted[0]) if wanted else None
        return Seen({str(workflow.target): _differences(db, workflow, shown)})


def _differences(db: Connection, workflow: Workflow, shown: object) -> list[Difference]:
    key = RecordKey.parse(workflow.document_key)
    held = records.get_version(db, Receipt, key.system, key.external_id, workflow.document_version)
    assert held is not None, "a workflow starts in the transaction that stored its document"
    if not isinstance(shown, Receipt):
        return [Difference("receipt", held.record.number, "missing")]
    want = Decimal(0) if workflow.kind == "void" else abs(held.record.quantity or Decimal(0))
    have = abs(shown.quantity or Decimal(0)) if shown.status == "received" else Decimal(0)
    if held.record.quantity is None or want == have:
        return []
    return [Difference("quantity", plain(want), plain(have))]
