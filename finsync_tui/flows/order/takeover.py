"""An order takes over what its requisition promised: the same money is not promised twice, and never by nobody.

Which line of a requisition became which order line is said by the requisition. Until the ERP holds the order, or it has
ended without, the requisition goes on promising. An order that was given up, and that its source still means to have, is
held by no ERP: its requisition promises again until the order comes anew or ends there. A line that a change takes out of
an order that the ERP holds is not wanted any more: nobody promises it.
"""

from __future__ import annotations

from collections.abc import Iterator
from sqlite3 import Connection

from store import commitments, crossrefs, records
from store.canonical.keys import RecordKey
from store.canonical.purchasing import PurchaseOrder, Requisition, RequisitionLine

ENDED = ("cancelled", "closed")


def of_order(db: Connection, source: str, target: str, order: PurchaseOrder) -> int:
    """Let an order take over what its requisition promises, or give it back; return how many parts all its orders hold."""
    if not order.requisition_id:
        return 0
    return of_requisition(db, RecordKey(source, order.requisition_id), target)


def of_requisition(db: Connection, key: RecordKey, target: str) -> int:
    """Let those orders of a requisition that promise by themselves take over from it; return how many parts that are."""
    held = records.get(db, Requisition, key.system, key.external_id)
    if held is None or not commitments.has_promised(db, str(key)):
        return 0
    taking = {one: order for one in _orders(db, key) if (order := _taking(db, one, target)) is not None}
    became = {line.external_id for order in taking.values() for line in order.lines}
    linked = [line for line in held.record.lines if line.order_line_id]
    if any(line.order_line_id not in became for line in linked):
        became |= {line for one in taking for line in _lines_before(db, one)}
    taken = [line for line in linked if line.order_line_id in became]
    if taking and not linked:  # its source does not say which line became which, or was not read again since
        is_all = held.record.status in ("ordered", "received")
        taken = list(held.record.lines) if is_all else _alike(held.record, list(taking.values()))
    return commitments.taken_over(db, str(key), [line.number for line in taken])


def _alike(wish: Requisition, orders: list[PurchaseOrder]) -> list[RequisitionLine]:
    """Return the lines of a requisition that orders made of it hold, by what they are called and come to: it was read before
    it was ordered. Orders that take all that was asked for hold all of it."""
    ordered = [line for one in orders for line in one.lines if not line.is_cancelled]
    in_all = sum(line.amount.amount_minor for line in ordered if line.amount.currency == wish.currency)
    if in_all >= wish.total.amount_minor:
        return list(wish.lines)
    left, found = list(wish.lines), []
    for line in ordered:
        same = [one for one in left if one.description == line.description]
        alike = next((one for one in same if one.amount == line.amount), None) or next(iter(same), None)
        if alike is not None:
            left.remove(alike)
            found.append(alike)
    return found


def _lines_before(db: Connection, key: RecordKey) -> Iterator[str | None]:
    """Yield the lines that an order has had: what a later revision leaves out is ordered no more, and promised by nobody."""
    for version in records.history(db, PurchaseOrder.entity, key.system, key.external_id):
        held = records.get_version(db, PurchaseOrder, key.system, key.external_id, version.version)
        if held is not None:
            yield from (line.external_id for line in held.record.lines)


def _orders(db: Connection, key: RecordKey) -> list[RecordKey]:
    found = records.twins(db, PurchaseOrder.entity, "requisition", key.external_id, key.system)
    return [RecordKey(key.system, one) for one in found]


def _taking(db: Connection, key: RecordKey, target: str) -> PurchaseOrder | None:
    """Return an order that promises by itself in the ERP, or never will; None: its requisition still does."""
    held = records.get(db, PurchaseOrder, key.system, key.external_id)
    if held is None:
        return None
    link = crossrefs.get(db, PurchaseOrder.entity, str(key), target)
    is_in_erp = link is not None and link.revision is not None
    return held.record if is_in_erp or held.record.status in ENDED else None
