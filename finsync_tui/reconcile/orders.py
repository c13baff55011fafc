"""Has an order arrived in the ERP as decided, and its number at the source?"""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

from finsync_tui.reconcile.compare import Difference, commitment_differences, write_back_differences
from finsync_tui.reconcile.read_back import Found, Seen, Want
from store import crossrefs, records
from store.canonical.budget import Commitment
from store.canonical.keys import RecordKey
from store.canonical.purchasing import PurchaseOrder
from store.workflows import Workflow

ENTITY = "purchase_order"


class OrderCheck:
    """Both systems, read afresh, against what was decided."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want]:
        source = RecordKey.parse(workflow.document_key)
        found = [Want(source.system, ENTITY, source.external_id)]
        if target := _target(db, workflow):
            found.append(target)
        return found

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen:
        source = RecordKey.parse(workflow.document_key)
        target = _target(db, workflow)
        held = found.get(target) if target else None
        shown = found.get(Want(source.system, ENTITY, source.external_id))
        return Seen(
            {
                str(workflow.target): _target_differences(db, workflow, held),
                source.system: _source_differences(workflow, shown),
            }
        )


def _target(db: Connection, workflow: Workflow) -> Want | None:
    link = crossrefs.get(db, ENTITY, workflow.document_key, str(workflow.target))
    return Want(str(workflow.target), ENTITY, link.external_id) if link else None


def _target_differences(db: Connection, workflow: Workflow, order: object) -> list[Difference]:
    if workflow.kind in ("cancel", "close"):
        if not isinstance(order, PurchaseOrder) or workflow.data.get("is_discarded"):
            return []
        wanted = str(workflow.data["end_status"])
        is_ended = order.status in (wanted, "cancelled", "closed")
        return [] if is_ended else [Difference("status", wanted, order.status)]
    if not isinstance(order, PurchaseOrder):
        return [Difference("order", str(workflow.data.get("erp_number")), "missing")]
    commitment = records.get_version(
        db, Commitment, "finsync", workflow.document_key, int(workflow.data["commitment_version"])
    )
    assert commitment is not None, "a commitment is stored with the decision to ask for it"
    return commitment_differences(commitment.record, order)


def _source_differences(workflow: Workflow, order: object) -> list[Difference]:
    if not isinstance(order, PurchaseOrder):
        return [Difference("order", workflow.document_number, "missing")]
    written = {str(k): str(v) for k, v in (workflow.data.get("written") or {}).items()}
    return write_back_differences(written, order)
