"""Orders of a simulated pod as plain values, for whoever compares what went in with what is there."""

from __future__ import annotations

from typing import Any

from adapters.oracle_fusion.simulator_order_amounts import live_lines, ordered
from adapters.oracle_fusion.simulator_receiving import Receiving
from adapters.oracle_fusion.simulator_rows import Row
from adapters.oracle_fusion.simulator_world import Order, World


def order_view(world: World, order: Order) -> dict[str, Any]:
    """Return one order: what is in force when it is issued, else the draft; and what waits beside it.

    `total` is that of the lines that are not cancelled; `ordered` that of all lines.
    """
    tree = order.approved or order.draft
    issued = world.row("purchaseOrders", order.id)
    unit = world.books.units[int(str(tree.data["RequisitioningBUId"]))]
    return {
        "marker": tree.data[world.settings.marker_field],
        "number": order.number,
        "po_header_id": order.id,
        "status": (issued or order.draft).data["StatusCode"],
        "draft_status": order.draft.data["StatusCode"],
        "change_status": order.draft.data["ChangeOrderStatusCode"],
        "funds_status": order.draft.data["FundsStatus"],
        "revision": issued.data["Revision"] if issued else None,
        "currency": tree.data["CurrencyCode"],
        "total": ordered(tree),
        "ordered": sum((line.data["Amount"] or 0 for line in tree.of("lines")), 0),
        "draft_total": ordered(order.draft),
        "business_unit": unit.name,
        "business_unit_id": unit.id,
        "legal_entity": unit.legal_entity,
        "supplier": tree.data["Supplier"],
        "supplier_id": tree.data["SupplierId"],
        "live_line_count": len(live_lines(tree)),
        "obligation": sum((one.reserved.get(order.id, 0) for one in world.books.budgets), 0),
        "lines": [_line_view(world, line) for line in tree.of("lines")],
    }


def _line_view(world: World, line: Row) -> dict[str, Any]:
    parts = [int(str(d.id)) for schedule in line.of("schedules") for d in schedule.of("distributions")]
    return {
        "received": Receiving(world).received(int(str(line.id))),
        "billed": world.billing.quantity(parts),
        "billed_amount": world.billing.amount(parts),
        "number": str(line.data["LineNumber"]),
        "amount": line.data["Amount"],
        "is_cancelled": bool(line.data["CancelFlag"]),
        "accounts": [
            {"account": one.data["POChargeAccount"], "amount": one.data["Amount"]}
            for schedule in line.of("schedules")
            for one in schedule.of("distributions")
        ],
    }
