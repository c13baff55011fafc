"""Reading delivered documents back, in batches, and telling their instances what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from adapters.base import Adapter, Translated
from adapters.errors import AdapterError
from finsync_tui.reconcile.compare import Difference, commitment_differences, write_back_differences
from store import Store, crossrefs, records, systems, workflows
from store.canonical.budget import Commitment
from store.canonical.keys import RecordKey
from store.canonical.purchasing import PurchaseOrder
from store.clock import Clock
from store.workflows import Workflow

BATCH = 200
STEP = "verify"
ENTITY = "purchase_order"


@dataclass(frozen=True, slots=True)
class Verified:
    """How many instances were read back, and how many showed a difference."""

    read: int = 0
    differing: int = 0


async def verify(store: Store, adapters: Mapping[str, Adapter], clock: Clock) -> Verified:
    """Read back what waits for it. A system that can't be asked now is asked in the next cycle."""
    waiting = [
        w
        for w in workflows.waiting_at(store.db, STEP, BATCH)
        if not w.data.get("read_back") and w.target in adapters
    ]
    if not waiting:
        return Verified()
    targets = await _orders(store, adapters, clock, _target_ids(store, waiting))
    sources = await _orders(
        store, adapters, clock, _grouped(RecordKey.parse(w.document_key) for w in waiting)
    )
    read = differing = 0
    with store.transaction() as db:
        for workflow in waiting:
            source = RecordKey.parse(workflow.document_key)
            if workflow.target not in targets or source.system not in sources:
                continue
            seen = {
                str(workflow.target): [asdict(d) for d in _target_differences(store, workflow, targets)],
                source.system: [asdict(d) for d in _source_differences(workflow, source, sources)],
            }
            workflows.save(
                db, workflow.id, state="running", step=STEP, data={**workflow.data, "read_back": seen},
                due_at=workflow.due_at, now=clock.now(),
            )  # fmt: skip
            read += 1
            differing += any(seen.values())
    return Verified(read, differing)


def _target_ids(store: Store, waiting: Sequence[Workflow]) -> dict[str, list[str]]:
    keys = []
    for workflow in waiting:
        link = crossrefs.get(store.db, ENTITY, workflow.document_key, str(workflow.target))
        keys.append(RecordKey(str(workflow.target), link.external_id if link else ""))
    return _grouped(keys)


def _grouped(keys: Iterable[RecordKey]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key in keys:
        ids = found.setdefault(key.system, [])
        if key.external_id:
            ids.append(key.external_id)
    return found


async def _orders(
    store: Store, adapters: Mapping[str, Adapter], clock: Clock, ids: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, PurchaseOrder]]:
    """Read the orders of each system afresh; systems that can't be read now are left out."""
    found: dict[str, dict[str, PurchaseOrder]] = {}
    for system, external_ids in ids.items():
        if system not in adapters or not systems.is_open(store.db, system, clock.now()):
            continue
        try:
            rows = await adapters[system].read_many(ENTITY, external_ids) if external_ids else []
        except AdapterError as error:
            with store.transaction() as db:
                systems.failed(db, system, str(error), clock.now())
            continue
        found[system] = {
            item.external_id: item.record
            for item in adapters[system].translate(ENTITY, rows)
            if isinstance(item, Translated) and isinstance(item.record, PurchaseOrder)
        }
    return found


def _target_differences(
    store: Store, workflow: Workflow, targets: Mapping[str, Mapping[str, PurchaseOrder]]
) -> list[Difference]:
    target = str(workflow.target)
    link = crossrefs.get(store.db, ENTITY, workflow.document_key, target)
    order = targets[target].get(link.external_id) if link else None
    if workflow.kind in ("cancel", "close"):
        if order is None or workflow.data.get("is_discarded"):
            return []
        wanted = str(workflow.data["end_status"])
        return (
            []
            if order.status in (wanted, "cancelled", "closed")
            else [Difference("status", wanted, order.status)]
        )
    if order is None:
        return [Difference("order", str(workflow.data.get("erp_number")), "missing")]
    commitment = records.get_version(
        store.db, Commitment, "finsync", workflow.document_key, int(workflow.data["commitment_version"])
    )
    assert commitment is not None
    return commitment_differences(commitment.record, order)


def _source_differences(
    workflow: Workflow, source: RecordKey, sources: Mapping[str, Mapping[str, PurchaseOrder]]
) -> list[Difference]:
    order = sources[source.system].get(source.external_id)
    if order is None:
        return [Difference("order", workflow.document_number, "missing")]
    written = {str(k): str(v) for k, v in (workflow.data.get("written") or {}).items()}
    return write_back_differences(written, order)
