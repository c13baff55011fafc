"""Invoices of a simulated Payables against orders: where an invoice line's account and quantity come from, and what does
not fit.

Matching happens when the invoice is made, and counts as billed from then on. Whether it fits is asked at validation, each
finding a hold; tolerances are the pod's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Final

from adapters.oracle_fusion.simulator_billing import Billed
from adapters.oracle_fusion.simulator_messages import refused
from adapters.oracle_fusion.simulator_order_amounts import is_priced, live_schedules, minor_unit
from adapters.oracle_fusion.simulator_receiving import Receiving
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Data, Row, Value
from adapters.oracle_fusion.simulator_world import Order, World
from store.canonical.money import Money

MATCHABLE: Final = frozenset({"OPEN", "ON HOLD", "CLOSED", "CLOSED FOR RECEIVING"})
STEP: Final = Decimal(1).scaleb(-12)
HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Place:
    """The order line that an invoice line is matched to."""

    order: Order
    line: Row
    schedule: Row

    @property
    def distributions(self) -> list[Row]:
        return self.schedule.of("distributions")

    @property
    def ids(self) -> list[int]:
        return [int(str(one.id)) for one in self.distributions]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an invoice is held."""

    name: str
    details: str
    line: Value = None
    place: Place | None = None


class Matching:
    """Matches invoice lines of one pod to its orders."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._receiving = Receiving(world)

    def place(self, invoice: Data, line: Data, *, is_new: bool = True) -> Place:
        """Return the order line that a line names; a new one must be open, of this supplier, in this currency."""
        number, wanted = line["PurchaseOrderNumber"], line["PurchaseOrderLineNumber"]
        for issued in self._world.tables["purchaseOrders"].find("OrderNumber", number):
            order = self._world.orders[int(str(issued.id))]
            data = issued.data
            if data["Supplier"] != invoice["Supplier"]:
                continue
            if is_new and data["StatusCode"] not in MATCHABLE:
                raise refused("MATCH_CLOSED", "/PurchaseOrderNumber", number=number, status=data["Status"])
            if data["CurrencyCode"] != invoice["InvoiceCurrency"]:
                names = {
                    "currency": invoice["InvoiceCurrency"],
                    "other": data["CurrencyCode"],
                    "number": number,
                }
                raise refused("MATCH_CURRENCY", "/InvoiceCurrency", **names)
            assert order.approved is not None
            for one in order.approved.of("lines"):
                if one.data["LineNumber"] == wanted and not (is_new and one.data["CancelFlag"]):
                    return self._scheduled(order, one, line, is_new)
            raise refused("MATCH_NO_LINE", "/PurchaseOrderLineNumber", number=number, line=wanted)
        supplier = invoice["Supplier"]
        raise refused("MATCH_NO_ORDER", "/PurchaseOrderNumber", number=number, supplier=supplier)

    def _scheduled(self, order: Order, line: Row, wanted: Data, is_new: bool) -> Place:
        number = wanted["PurchaseOrderScheduleLineNumber"]
        for schedule in live_schedules(line) if is_new else line.of("schedules"):
            if number in (None, schedule.data["ScheduleNumber"]):
                return Place(order, line, schedule)
        facts = {"number": wanted["PurchaseOrderNumber"], "line": line.data["LineNumber"]}
        raise refused("MATCH_NO_LINE", "/PurchaseOrderScheduleLineNumber", **facts)

    def complete(self, place: Place, line: Data) -> None:
        """Fill in quantity and price from the order; what is given must come to the line's amount."""
        amount = line["LineAmount"]
        if not is_priced(place.line) or not isinstance(amount, Decimal):
            return
        price = line["UnitPrice"] if line["UnitPrice"] is not None else place.line.data["Price"]
        assert isinstance(price, Decimal)
        line["UnitPrice"] = price
        if line["Quantity"] is None and price:
            line["Quantity"] = (amount / price).quantize(STEP, rounding=ROUND_HALF_UP).normalize()
        quantity = line["Quantity"]
        assert isinstance(quantity, Decimal)
        currency = str(place.line.data["CurrencyCode"])
        comes_to = (quantity * price).quantize(minor_unit(currency), rounding=ROUND_HALF_UP)
        if comes_to != amount:
            facts = {"line": line["LineNumber"], "actual": amount, "expected": comes_to}
            raise refused("MATCH_LINE_AMOUNT", "/LineAmount", **facts)

    def draw(self, resource: Resource, invoice: Row, line: Row, place: Place) -> list[Row]:
        """Return the distributions an invoice line gets from its order line, in the same proportion."""
        parts, currency = place.distributions, str(invoice.data["InvoiceCurrency"])
        name = "Quantity" if is_priced(place.line) else "Amount"
        weights = [_number(one.data[name]) for one in parts]
        weights = weights if any(weights) else [Decimal(1)] * len(weights)
        amounts = Money.of(_number(line.data["LineAmount"]), currency).split(weights)
        return [
            self._world.new_row(
                resource,
                {
                    "DistributionLineNumber": number,
                    "DistributionLineType": line.data["LineType"],
                    "DistributionAmount": amount.amount,
                    "DistributionCombination": one.data["POChargeAccount"],
                    "AccountingDate": line.data["AccountingDate"],
                    "PurchaseOrderNumber": line.data["PurchaseOrderNumber"],
                    "PurchaseOrderLineNumber": line.data["PurchaseOrderLineNumber"],
                    "PurchaseOrderScheduleLineNumber": place.schedule.data["ScheduleNumber"],
                    "PurchaseOrderDistributionLineNumber": one.data["DistributionNumber"],
                    "ReceiptNumber": line.data["ReceiptNumber"],
                    "MatchedStatus": "Matched",
                },
            )
            for number, (one, amount) in enumerate(zip(parts, amounts, strict=True), 1)
        ]

    def check_credit(self, invoice: Row) -> None:
        """Refuse a credit that takes back more than was billed."""
        for line, place in self.matched(invoice):
            before = self._world.billing.quantity(place.ids)
            if before + self._size(line, place) < 0:
                raise refused("MATCH_BELOW_ZERO", "/Quantity", line=line.id, billed=before)

    def note(self, invoice: Row) -> None:
        """Count an invoice as billed."""
        for line, place in self.matched(invoice):
            size, price = self._size(line, place), place.line.data["Price"]
            parts = self._split(size, place)
            amounts = [_number(one.data["DistributionAmount"]) for one in line.of("invoiceDistributions")]
            currency = str(invoice.data["InvoiceCurrency"])
            for distribution, part, amount in zip(place.ids, parts, amounts, strict=True):
                worth = part * price if is_priced(place.line) and isinstance(price, Decimal) else part
                relief = worth.quantize(minor_unit(currency), rounding=ROUND_HALF_UP)
                billed = Billed(part, amount, relief)
                self._world.billing.add(place.order.id, distribution, int(str(invoice.id)), billed)

    def below_zero_without(self, invoice: Row) -> bool:
        """Say whether taking an invoice back would leave less than nothing billed: credits came after it."""
        key = int(str(invoice.id))
        return any(
            self._world.billing.quantity(place.ids, apart_from=key) < 0 for _, place in self.matched(invoice)
        )

    def matched(self, invoice: Row) -> list[tuple[Row, Place]]:
        return [
            (line, self.place(invoice.data, line.data, is_new=False))
            for line in invoice.of("invoiceLines")
            if line.data["PurchaseOrderNumber"] is not None and not line.data["CanceledFlag"]
        ]

    def reasons(self, invoice: Row) -> Iterator[Reason]:
        """Return what of an invoice does not fit what was ordered, at which price, and what arrived."""
        settings = self._world.settings
        for line, place in self.matched(invoice):
            if self._size(line, place) <= 0:
                continue
            name = "Quantity" if is_priced(place.line) else "Amount"
            where = f"on purchase order {place.order.number} line {place.line.data['LineNumber']}"
            billed = self._world.billing.quantity(place.ids)
            ordered = _number(place.schedule.data[name])
            if billed > _more(ordered, settings.quantity_tolerance_percent):
                text = f"The {name.lower()} billed {billed} exceeds the {name.lower()} ordered {ordered} {where}."
                yield Reason(f"{name} ordered", text, line.id, place)
            if self._is_three_way(place):
                got = self._receiving.received(int(str(place.line.id)))
                if billed > _more(got, settings.quantity_tolerance_percent):
                    text = f"The {name.lower()} billed {billed} exceeds the {name.lower()} received {got} {where}."
                    yield Reason(f"{name} received", text, line.id, place)
            price, agreed = line.data["UnitPrice"], place.line.data["Price"]
            is_known = isinstance(price, Decimal) and isinstance(agreed, Decimal) and name == "Quantity"
            if is_known and _number(price) > _more(_number(agreed), settings.price_tolerance_percent):
                text = f"The price {price} exceeds the price {agreed} {where}."
                yield Reason("Price", text, line.id, place)

    def _is_three_way(self, place: Place) -> bool:
        level = place.schedule.data["MatchApprovalLevel"] or self._world.settings.match_approval_level
        return bool(place.schedule.data["ReceiptRequiredFlag"]) or str(level).startswith(("3", "4"))

    def _size(self, line: Row, place: Place) -> Decimal:
        return _number(line.data["Quantity" if is_priced(place.line) else "LineAmount"])

    def _split(self, size: Decimal, place: Place) -> list[Decimal]:
        """Share a quantity out over an order line's distributions; together it is exactly the whole."""
        name = "Quantity" if is_priced(place.line) else "Amount"
        weights = [_number(one.data[name]) for one in place.distributions]
        base = sum(weights, Decimal(0)) or Decimal(1)
        parts = [(size * one / base).quantize(STEP, rounding=ROUND_DOWN) for one in weights[:-1]]
        return [*parts, size - sum(parts, Decimal(0))]


def _more(value: Decimal, percent: int) -> Decimal:
    return value * (1 + Decimal(percent) / HUNDRED)


def _number(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)
