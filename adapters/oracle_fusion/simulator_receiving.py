"""Receiving of a simulated pod: what arrives, goes back or is corrected, against orders in force.

What is asked for is kept with how it ended; what happened is a row of the history and never changes. Goods for expense
are delivered as they arrive, so each movement shows twice: at the dock, and where it goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from adapters.oracle_fusion.simulator_catalogue_receiving import HISTORY, REQUESTS, TRANSACTIONS
from adapters.oracle_fusion.simulator_messages import Problem, problem
from adapters.oracle_fusion.simulator_order_amounts import is_priced
from adapters.oracle_fusion.simulator_payload import Parsed
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Data, Row
from adapters.oracle_fusion.simulator_world import Order, World

RECEIVE: Final = "RECEIVE"
DELIVER: Final = "DELIVER"
CORRECT: Final = "CORRECT"
RETURN: Final = "RETURN TO VENDOR"
UNDELIVER: Final = "RETURN TO RECEIVING"
NAMES: Final = {
    RECEIVE: "Receive",
    DELIVER: "Deliver",
    CORRECT: "Correct",
    RETURN: "Return to supplier",
    UNDELIVER: "Return to receiving",
}
OPEN_FOR_RECEIVING: Final = frozenset({"OPEN", "CLOSED FOR INVOICING"})
HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Arrival:
    """An order line in force that goods arrive for."""

    order: Order
    line: Row
    schedule: Row


class Receiving:
    """Movements of goods of one pod."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._history = world.tables[HISTORY]

    def process(self, request: Row) -> None:
        """Do what a request asks for, all of its lines or none, and write down how it ended."""
        now, lines = self._world.now(), request.of("lines") or [request]
        found = [one for line in lines for one in self._problems(request, line)]
        if not found:
            for line in lines:
                self._move(request, line, now)
        status = "ERROR" if found else "SUCCESS"
        text = "; ".join(one.detail for one in found)
        request.data |= {
            "ProcessingStatusCode": status,
            "ReturnStatus": status,
            "ReturnMessage": text or None,
        }
        request.children["processingErrors"] = [self._error(request, one) for one in found]
        request.touch(now)
        self._world.tables[request.resource.name].put(request)

    def settle_due(self) -> int:
        """Process the requests that the receiving processor should have processed by now."""
        after, count = self._world.settings.processes_receipts_after, 0
        for name, key in list(self._world.receipts_due):
            row = self._world.row(name, key)
            made = datetime.fromisoformat(str(row.data["CreationDate"])) if row else self._world.now()
            if made + (after or timedelta()) <= self._world.now():
                self._world.receipts_due.remove((name, key))
                if row is not None:
                    self.process(row)
                    count += 1
        return count

    def received(self, po_line_id: int) -> Decimal:
        """Return what an order line got, less what went back: a quantity, or an amount where it is ordered by amount."""
        return sum((self.sign(one) * size_of(one) for one in self._at_dock(po_line_id)), Decimal(0))

    def net(self, transaction: Row) -> Decimal:
        """Return what is left of one movement after corrections of it and returns from it."""
        below = self._history.find("ParentTransactionId", transaction.id)
        gone = [self.net(one) for one in below if one.data["TransactionTypeCode"] == RETURN]
        return self.corrected(transaction) - sum(gone, Decimal(0))

    def corrected(self, transaction: Row) -> Decimal:
        """Return one movement with its corrections."""
        below = self._history.find("ParentTransactionId", transaction.id)
        own = [size_of(one) for one in below if one.data["TransactionTypeCode"] == CORRECT]
        return size_of(transaction) + sum(own, Decimal(0))

    def _at_dock(self, po_line_id: int) -> list[Row]:
        return [one for one in self._history.find("POLineId", po_line_id) if self.sign(one)]

    def sign(self, row: Row) -> int:
        """Return 1 for what came, -1 for what went back, 0 for what only moved inside."""
        kind = row.data["TransactionTypeCode"]
        if kind == CORRECT:
            parent = self._history.get(row.data["ParentTransactionId"])
            return self.sign(parent) if parent is not None else 0
        return {RECEIVE: 1, RETURN: -1}.get(str(kind), 0)

    def _problems(self, request: Row, line: Row) -> Iterator[Problem]:
        kind = line.data["TransactionType"]
        known = (RECEIVE,) if request.resource.name == REQUESTS else (CORRECT, RETURN)
        if kind not in known:
            yield problem("RCV_TYPE", "TRANSACTION_TYPE", value=kind)
            return
        place = self._place(line)
        if isinstance(place, Problem):
            yield place
            return
        yield from self._day_problems(request, line, place)
        size, name = self._size(line, place)
        if size is None:
            yield problem("RCV_SIZE", name.upper(), attribute=name)
        elif place.line.data["UOMCode"] not in (None, line.data["UOMCode"]) and name == "Quantity":
            facts = {"value": line.data["UOMCode"], "expected": place.line.data["UOMCode"]}
            yield problem("RCV_UOM", "UOM_CODE", **facts)
        elif kind == RECEIVE:
            yield from (
                self._too_much(place, size)
                if size > 0
                else [problem("RCV_SIZE", name.upper(), attribute=name)]
            )
        else:
            yield from self._child_problems(line, place, size)

    def _child_problems(self, line: Row, place: Arrival, size: Decimal) -> Iterator[Problem]:
        parent = self._history.get(line.data["ParentTransactionId"])
        if parent is None or not self.sign(parent) or parent.data["POLineId"] != place.line.id:
            yield problem("RCV_PARENT", "PARENT_TRANSACTION_ID", value=line.data["ParentTransactionId"])
            return
        left = self.net(parent)
        taken = size if line.data["TransactionType"] == RETURN else -size
        if line.data["TransactionType"] == RETURN and (
            size <= 0 or parent.data["TransactionTypeCode"] != RECEIVE
        ):
            yield problem("RCV_SIZE", "QUANTITY", attribute="Quantity")
        elif taken > left:
            yield problem("RCV_TOO_MUCH_BACK", "QUANTITY", actual=taken, available=left)
        elif taken < 0 and self.sign(parent) > 0:
            yield from self._too_much(place, -taken)
        elif taken < 0:
            yield from self._more_back(parent, -taken)

    def _more_back(self, returned: Row, size: Decimal) -> Iterator[Problem]:
        """A return that is corrected up takes more of what it came from."""
        source = self._history.get(returned.data["ParentTransactionId"])
        left = self.net(source) if source is not None else Decimal(0)
        if size > left:
            yield problem("RCV_TOO_MUCH_BACK", "QUANTITY", actual=size, available=left)

    def _place(self, line: Row) -> Arrival | Problem:
        """Return the order line that is meant, or what is wrong with it."""
        number, wanted = line.data["DocumentNumber"], line.data["DocumentLineNumber"]
        for issued in self._world.tables["purchaseOrders"].find("OrderNumber", number):
            order = self._world.orders[int(str(issued.id))]
            if (
                issued.data["StatusCode"] not in OPEN_FOR_RECEIVING
                and line.data["TransactionType"] == RECEIVE
            ):
                return problem(
                    "RCV_ORDER_CLOSED", "DOCUMENT_NUM", number=number, status=issued.data["Status"]
                )
            assert order.approved is not None
            for one in order.approved.of("lines"):
                if one.data["LineNumber"] == wanted and not one.data["CancelFlag"]:
                    return Arrival(order, one, one.of("schedules")[0])
            return problem("RCV_NO_LINE", "DOCUMENT_LINE_NUM", number=number, line=wanted)
        return problem("RCV_NO_ORDER", "DOCUMENT_NUM", number=number)

    def _day_problems(self, request: Row, line: Row, place: Arrival) -> Iterator[Problem]:
        day = _day(line, request, self._world.today())
        if day > self._world.today():
            yield problem("RCV_FUTURE", "TRANSACTION_DATE", day=day.isoformat())
            return
        unit = self._world.books.units[int(str(place.order.draft.data["RequisitioningBUId"]))]
        found = self._world.books.check_period(unit.ledger, day)
        if found is not None:
            yield problem("RCV_PERIOD", "TRANSACTION_DATE", day=day.isoformat(), reason=found.detail)

    def _too_much(self, place: Arrival, size: Decimal) -> Iterator[Problem]:
        """Compare what would then have arrived with what was ordered and its tolerance."""
        ordered = place.line.data["Quantity" if is_priced(place.line) else "Amount"]
        assert isinstance(ordered, Decimal)
        key = int(str(place.line.id))
        tolerance = Decimal(self._world.settings.receipt_tolerance_percent)
        most = ordered * (1 + tolerance / HUNDRED)
        already = self.received(key)
        if already + size > most:
            facts = {"actual": size, "available": max(most - already, Decimal(0))}
            yield problem("RCV_TOO_MUCH", "QUANTITY", **facts)

    def _size(self, line: Row, place: Arrival) -> tuple[Decimal | None, str]:
        name = "Quantity" if is_priced(place.line) else "Amount"
        value = line.data[name]
        return (value if isinstance(value, Decimal) and value else None), name

    def _move(self, request: Row, line: Row, now: datetime) -> None:
        place = self._place(line)
        assert isinstance(place, Arrival)
        kind = str(line.data["TransactionType"])
        if kind == RECEIVE:
            if request.data["ReceiptNumber"] is None:
                request.data |= {
                    "ReceiptNumber": self._world.new_receipt_number(),
                    "ReceiptHeaderId": self._world.new_id(),
                }
            first = self._row(request, line, place, RECEIVE, None, now)
            self._row(request, line, place, DELIVER, first, now)
            return
        parent = self._history.get(line.data["ParentTransactionId"])
        assert parent is not None
        delivery = self._delivery(parent)
        inside = CORRECT if kind == CORRECT else UNDELIVER
        if delivery is not None:
            self._row(request, line, place, inside, delivery, now, is_marked=False)
        self._row(request, line, place, kind, parent, now)

    def _delivery(self, parent: Row) -> Row | None:
        below = self._history.find("ParentTransactionId", parent.id)
        return next((one for one in below if one.data["TransactionTypeCode"] == DELIVER), None)

    def _row(
        self,
        request: Row,
        line: Row,
        place: Arrival,
        kind: str,
        parent: Row | None,
        now: datetime,
        *,
        is_marked: bool = True,
    ) -> Row:
        order, user = place.order.draft.data, self._world.settings.integration_user
        source = parent.data if parent is not None else request.data
        shared = {
            name: line.data[name]
            for name in ("OrganizationCode", "Quantity", "Amount", "UOMCode", "SourceDocumentCode")
        }
        mark = request.data["ExternalSystemTransactionReference"]
        data: Data = {
            **shared,
            "ParentTransactionId": parent.id if parent is not None else None,
            "TransactionType": NAMES[kind],
            "TransactionTypeCode": kind,
            "TransactionDate": f"{_day(line, request, self._world.today()).isoformat()}T00:00:00.000+00:00",
            "ReceiptNumber": source["ReceiptNumber"],
            "ShipmentHeaderId": source["ShipmentHeaderId" if parent is not None else "ReceiptHeaderId"],
            "ItemDescription": place.line.data["Description"],
            "CurrencyCode": order["CurrencyCode"],
            "POHeaderId": place.order.id,
            "PONumber": order["OrderNumber"],
            "POLineId": place.line.id,
            "POLineNumber": place.line.data["LineNumber"],
            "POLineLocationId": place.schedule.id,
            "POShipmentNumber": place.schedule.data["ScheduleNumber"],
            "VendorId": order["SupplierId"],
            "VendorName": order["Supplier"],
            "ExternalSystemTransactionReference": mark if is_marked else None,
            "CreatedBy": user,
            "LastUpdatedBy": user,
        }
        return self._history.put(self._world.new_row(self._history.resource, data, now))

    def _error(self, request: Row, found: Problem) -> Row:
        resource = request.resource.children["processingErrors"]
        return self._world.new_row(
            resource,
            {
                "InterfaceHeaderId": request.id,
                "ErrorMessage": found.detail,
                "ErrorMessageName": found.code,
                "ErrorType": "ERROR",
                "ColumnName": found.path or None,
                "TableName": "RCV_TRANSACTIONS_INTERFACE",
            },
        )


class ReceivingDesk:
    """Takes requests for receipts, returns and corrections. A 201 only says that the request was taken."""

    def __init__(self, world: World, receiving: Receiving) -> None:
        self._world = world
        self._receiving = receiving

    def create(self, path: list[Row], resource: Resource, parsed: Parsed) -> Row:
        user = self._world.settings.integration_user
        state: Data = {"ProcessingStatusCode": "PENDING", "CreatedBy": user, "LastUpdatedBy": user}
        row = self._world.new_row(resource, {**parsed.data, **state})
        for one in parsed.children.get("lines", []):
            row.of("lines").append(self._world.new_row(resource.children["lines"], one.data))
        self._world.tables[resource.name].put(row)
        is_now = str(row.data["InsertAndProcessFlag"]).lower() == "true"
        if is_now and self._world.settings.processes_receipts_after is None:
            self._receiving.process(row)
        else:
            self._world.receipts_due.append((resource.name, int(str(row.id))))
        return row

    def update(self, path: list[Row], parsed: Parsed) -> Row:
        raise AssertionError("requests are not changed")

    def delete(self, path: list[Row]) -> None:
        raise AssertionError("requests are not deleted")


def size_of(row: Row) -> Decimal:
    """Return the quantity of a movement, or its amount."""
    value = row.data["Quantity"] if row.data["Quantity"] is not None else row.data["Amount"]
    return value if isinstance(value, Decimal) else Decimal(0)


def movements(rows: Iterable[Row]) -> list[Row]:
    """Return the rows in the order in which they happened."""
    return sorted(rows, key=lambda one: int(str(one.id)))


def _day(line: Row, request: Row, today: date) -> date:
    given = line.data["TransactionDate"] or request.data["TransactionDate"]
    return date.fromisoformat(str(given)[:10]) if given else today


RECEIVING_RESOURCES: Final = (REQUESTS, TRANSACTIONS)
