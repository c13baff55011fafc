"""Oracle's documents to start a test from: an order tree as Oracle would show what we sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from adapters.oracle_fusion import wire
from adapters.oracle_fusion.options import BusinessUnit, Options
from adapters.oracle_fusion.outbound import purchase_order
from store.canonical.budget import Commitment

POD = "https://pod.example.com:443/fscmRestApi/resources/11.13.18.05"
UNIT = BusinessUnit(
    procurement_bu_id=300000001000011,
    buyer_id=300000001200045,
    ship_to_location_id=300000000700004,
    ship_to_organization_id=300000000700001,
    uom_map={"EA": "Ea"},
)
OPTIONS = Options(business_units={"DE Operations": UNIT}, cost_centre_value_set="DE Cost Centre")


def some_options(**changes: Any) -> Options:
    return Options.model_validate({**OPTIONS.model_dump(), **changes})


def an_order_document(
    commitment: Commitment, *, options: Options = OPTIONS, **changes: Any
) -> dict[str, Any]:
    """Return the order tree that Oracle shows after `commitment` was sent and issued."""
    body = purchase_order(commitment, options)
    href = f"{POD}/draftPurchaseOrders/00ORDER"
    header = {name: value for name, value in body.items() if name != "lines"}
    status = {"POHeaderId": 300000008800321, "OrderNumber": "100457", "Status": "Open", "StatusCode": "OPEN"}
    lines = [_line(line, f"{href}/child/lines/{i}") for i, line in enumerate(body["lines"], 1)]
    return {**header, **status, "lines": _collection(lines), "links": _links(href), **changes}


def a_row(document: dict[str, Any]) -> bytes:
    return wire.encode(document)


def an_order(commitment: Commitment, **changes: Any) -> wire.Order:
    return msgspec.json.decode(a_row(an_order_document(commitment, **changes)), type=wire.Order)


def issued(**changes: Any) -> dict[str, Any]:
    """Return the same order as `purchaseOrders` shows it."""
    return {"POHeaderId": 300000008800321, "StatusCode": "OPEN", "Revision": Decimal(0), **changes}


def _line(body: dict[str, Any], href: str) -> dict[str, Any]:
    schedules = []
    for schedule in body["schedules"]:
        place = f"{href}/child/schedules/00SCHEDULE"
        distributions = [
            {**one, "links": _links(f"{place}/child/distributions/00DIST{i}")}
            for i, one in enumerate(schedule["distributions"], 1)
        ]
        schedules.append({**schedule, "distributions": _collection(distributions), "links": _links(place)})
    return {**body, "POLineId": 9, "schedules": _collection(schedules), "links": _links(href)}


def _collection(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"items": items, "count": len(items), "hasMore": False, "limit": 25, "offset": 0}


def _links(href: str) -> list[dict[str, Any]]:
    return [{"rel": "self", "href": href, "properties": {"changeIndicator": "ACED01"}}]
