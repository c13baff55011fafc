"""From a requisition to the body that creates it. Pure: nothing is asked, nothing is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from adapters.oracle_fusion.fields import product
from adapters.oracle_fusion.options import BusinessUnit, Options
from adapters.oracle_fusion.outbound import DESCRIPTION_MAX, CannotExpressError, cut, uom_code
from adapters.oracle_fusion.outbound_invoice import described
from store.canonical.money import plain, total
from store.canonical.purchasing import OrderDistribution, Requisition, RequisitionLine


def requisition(document: Requisition, mark: str, unit_name: str, options: Options) -> dict[str, Any]:
    """Return the body that creates the whole requisition. Our mark begins its description."""
    unit = options.business_units.get(unit_name)
    if unit is None:
        raise CannotExpressError(
            "MAPPING_MISSING", f"business unit {unit_name!r} has no entry under business_units of this system"
        )
    if total((line.amount for line in document.lines), document.currency) != document.total:
        raise CannotExpressError(
            "TOTALS_DIFFER", f"the lines of requisition {document.number} do not add up to {document.total}"
        )
    return {
        "PreparerId": unit.preparer_id or unit.buyer_id,
        "RequisitioningBUId": unit.requisitioning_id,
        "Description": described(mark, document.title),
        "InterfaceSourceCode": options.requisition_source,
        "ExternallyManagedFlag": False,
        "lines": [_line(line, document, unit, options) for line in document.lines],
    }


def _line(
    line: RequisitionLine, document: Requisition, unit: BusinessUnit, options: Options
) -> dict[str, Any]:
    if not line.number.isdigit():
        raise CannotExpressError("PAYLOAD_INVALID", f"line number {line.number!r} is not a number above zero")
    body: dict[str, Any] = {
        "LineNumber": int(line.number),
        "ItemDescription": cut(line.description, DESCRIPTION_MAX) or f"Line {line.number}",
        "CurrencyCode": document.currency,
        "DeliverToLocationId": unit.ship_to_location_id,
        "DestinationTypeCode": unit.destination_type,
        "RequesterId": unit.preparer_id or unit.buyer_id,
        **_size(line),
    }
    if "Quantity" in body and line.uom:
        body["UOMCode"] = uom_code(line.uom, unit)
    if line.need_by_on is not None:
        body["RequestedDeliveryDate"] = line.need_by_on.isoformat()
    if line.category is not None and line.category in options.requisition_category_ids:
        body["CategoryId"] = options.requisition_category_ids[line.category]
    if line.supplier_id is not None and line.supplier_id.isdigit():
        body["SupplierId"] = int(line.supplier_id)
    if line.distributions:
        body["distributions"] = [
            _distribution(position, one, line) for position, one in enumerate(line.distributions, 1)
        ]
    return body


def _size(line: RequisitionLine) -> dict[str, Any]:
    if line.quantity is None or line.unit_price is None:
        return {"Amount": line.amount.amount}
    comes_to = product(line.quantity, line.unit_price, line.amount.currency)
    if comes_to != line.amount:
        raise CannotExpressError(
            "TOTALS_DIFFER",
            f"line {line.number} is {line.amount}, but quantity times price comes to {comes_to}",
        )
    return {"Quantity": Decimal(plain(line.quantity)), "UnitPrice": Decimal(plain(line.unit_price))}


def _distribution(position: int, one: OrderDistribution, line: RequisitionLine) -> dict[str, Any]:
    body: dict[str, Any] = {"DistributionNumber": position, "ChargeAccount": one.account}
    if one.quantity is not None and line.quantity is not None:
        return {**body, "Quantity": Decimal(plain(one.quantity))}
    return {**body, "CurrencyAmount": one.amount.amount}
