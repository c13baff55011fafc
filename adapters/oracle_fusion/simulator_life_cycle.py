"""`purchaseOrderLifeCycleDetails`: what became of an order, in amounts, worked out when it is asked for."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from adapters.oracle_fusion.simulator_catalogue_receiving import HISTORY
from adapters.oracle_fusion.simulator_order_amounts import is_priced, minor_unit
from adapters.oracle_fusion.simulator_receiving import RECEIVE, Receiving, movements
from adapters.oracle_fusion.simulator_rows import Data, Row
from adapters.oracle_fusion.simulator_world import Order, World

RESOURCE: Final = "purchaseOrderLifeCycleDetails"


def life_cycle(world: World, receiving: Receiving, key: str) -> Row | None:
    """Return the totals of one issued order, its receipts below them; None when there is no such order."""
    issued = world.row("purchaseOrders", int(key)) if key.isdigit() else None
    if issued is None:
        return None
    order = world.orders[int(key)]
    assert order.approved is not None
    resource = world.catalogue[RESOURCE]
    data: Data = {name: issued.data[name] for name in ("POHeaderId", "OrderNumber", "CurrencyCode")}
    delivered = sum((delivered_amount(receiving, one) for one in order.approved.of("lines")), Decimal(0))
    ordered = issued.data["Total"]
    paid, partly = _billed(world, order.id, "Paid"), _billed(world, order.id, "Partially paid")
    zero = dict.fromkeys(("InReceivingAmount", "InTransitAmount"), 0)
    data |= {"OrderedAmount": ordered, "DeliveredAmount": delivered, **zero}
    data |= {"PaidAmount": paid, "PartiallyPaidAmount": partly}
    data["UnpaidAmount"] = ordered - paid - partly if isinstance(ordered, Decimal) else None
    row = world.new_row(resource, data)
    row.children["receipts"] = _receipts(world, receiving, order)
    return row


def delivered_amount(receiving: Receiving, line: Row) -> Decimal:
    """Return what the goods that came of a line and stayed are worth at the order's price."""
    size = receiving.received(int(str(line.id)))
    price = line.data["Price"]
    if not is_priced(line) or not isinstance(price, Decimal):
        return size
    step = minor_unit(str(line.data["CurrencyCode"]))
    return (size * price).quantize(step, rounding=ROUND_HALF_UP)


def _billed(world: World, order: int, status: str) -> Decimal:
    """Return what invoices in this state of payment billed of an order."""
    found = Decimal(0)
    for invoice_id, orders in world.billing.orders.items():
        invoice = world.row("invoices", invoice_id)
        if order in orders and invoice is not None and invoice.data["PaidStatus"] == status:
            number = world.orders[order].number
            found += sum(
                (
                    amount
                    for line in invoice.of("invoiceLines")
                    if line.data["PurchaseOrderNumber"] == number
                    and isinstance(amount := line.data["LineAmount"], Decimal)
                ),
                Decimal(0),
            )
    return found


def _receipts(world: World, receiving: Receiving, order: Order) -> list[Row]:
    resource = world.catalogue[RESOURCE].children["receipts"]
    assert order.approved is not None
    by_line = {int(str(one.id)): one for one in order.approved.of("lines")}
    found = []
    for key, line in by_line.items():
        rows = movements(world.tables[HISTORY].find("POLineId", key))
        for row in rows:
            if row.data["TransactionTypeCode"] != RECEIVE:
                continue
            kept, came = receiving.net(row), receiving.corrected(row)
            name = "Quantity" if is_priced(line) else "Amount"
            data: Data = {
                "ReceiptId": row.id,
                "Receipt": row.data["ReceiptNumber"],
                "ReceiptDate": str(row.data["TransactionDate"])[:10],
                "POLineId": key,
                "LineNumber": line.data["LineNumber"],
                "ScheduleNumber": row.data["POShipmentNumber"],
                f"Received{name}": came,
                f"Delivered{name}": kept,
                "UOMCode": row.data["UOMCode"],
            }
            if name == "Quantity":
                data["ReturnedQuantity"] = came - kept
            found.append(world.new_row(resource, data))
    return found
