"""The part of a simulated pod's stage that receiving plays on: goods that arrive, and what the order lines then show."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from adapters.oracle_fusion.simulator_catalogue_receiving import HISTORY, REQUESTS, TRANSACTIONS
from adapters.oracle_fusion.simulator_order_amounts import is_priced, minor_unit
from adapters.oracle_fusion.simulator_receiving import CORRECT, RECEIVE, RETURN, Receiving, size_of
from adapters.oracle_fusion.simulator_rows import Data, Row
from adapters.oracle_fusion.simulator_stage import Stage

KINDS: Final = {RECEIVE: "receipt", RETURN: "return", CORRECT: "correction"}


class ReceivingScene(Stage):
    """Hands that move goods, and readers that say what moved."""

    receiving: Receiving

    def receive(
        self,
        order_number: str,
        line: str,
        size: Decimal,
        on: date | None = None,
        reference: str | None = None,
    ) -> int:
        """Receive a quantity (or an amount, where the line is ordered by amount); return the transaction's id."""
        found = self._order_line(order_number, line)
        data: Data = {"TransactionType": RECEIVE, "DocumentNumber": order_number}
        data |= self._sized(found, size) | {"DocumentLineNumber": found.data["LineNumber"]}
        request = self._request(REQUESTS, {"ReceiptSourceCode": "VENDOR"}, on, reference)
        request.of("lines").append(self.world.new_row(request.resource.children["lines"], data))
        return self._processed(request, RECEIVE)

    def return_goods(
        self, transaction_id: int, size: Decimal, on: date | None = None, reference: str | None = None
    ) -> int:
        """Send part of a receipt back to the supplier; return the transaction's id."""
        return self._again(transaction_id, RETURN, size, on, reference)

    def correct_receipt(
        self, transaction_id: int, size: Decimal, on: date | None = None, reference: str | None = None
    ) -> int:
        """Correct a receipt or return by so much, up or down; return the transaction's id."""
        return self._again(transaction_id, CORRECT, size, on, reference)

    def receipts(self) -> list[dict[str, Any]]:
        """Return every receipt, return and correction at the dock; sizes are negative on what went back."""
        self.settle_due()
        found = []
        for row in self.world.tables[HISTORY]:
            sign = self.receiving.sign(row)
            if sign:
                found.append(self._view(row, sign))
        return found

    def received(self, order_number: str, line: str) -> Decimal:
        """Return what an order line got, less what went back."""
        self.settle_due()
        return self.receiving.received(int(str(self._order_line(order_number, line).id)))

    def accruals(self) -> list[dict[str, Any]]:
        """Return what arrived and is not invoiced, by order line, at the order's price; nothing where it is."""
        self.settle_due()
        found = []
        for order in self.world.orders.values():
            for line in order.approved.of("lines") if order.approved is not None else ():
                parts = [one for schedule in line.of("schedules") for one in schedule.of("distributions")]
                got = self.receiving.received(int(str(line.id)))
                billed = self.world.billing.quantity([int(str(one.id)) for one in parts])
                if got > billed:
                    found.append(self._accrual(order.number, line, parts, got - billed))
        return found

    def _accrual(self, number: str, line: Row, parts: list[Row], size: Decimal) -> dict[str, Any]:
        currency, price = str(line.data["CurrencyCode"]), line.data["Price"]
        worth = size * price if is_priced(line) and isinstance(price, Decimal) else size
        return {
            "order_number": number,
            "line": str(line.data["LineNumber"]),
            "size": size,
            "amount": worth.quantize(minor_unit(currency), rounding=ROUND_HALF_UP),
            "currency": currency,
            "accounts": [str(one.data["POChargeAccount"]) for one in parts],
        }

    def _view(self, row: Row, sign: int) -> dict[str, Any]:
        data = row.data
        return {
            "mark": data["ExternalSystemTransactionReference"],
            "transaction_id": row.id,
            "parent_id": data["ParentTransactionId"],
            "kind": KINDS[str(data["TransactionTypeCode"])],
            "number": data["ReceiptNumber"],
            "order_number": data["PONumber"],
            "line": str(data["POLineNumber"]),
            "size": sign * size_of(row),
            "uom": data["UOMCode"],
            "received_on": str(data["TransactionDate"])[:10],
        }

    def _again(
        self, transaction_id: int, kind: str, size: Decimal, on: date | None, reference: str | None
    ) -> int:
        parent = self.world.row(HISTORY, transaction_id)
        if parent is None:
            raise KeyError(f"there is no receiving transaction {transaction_id}")
        number = str(parent.data["PONumber"])
        line = next(
            one for one in self._lines(number) if one.data["LineNumber"] == parent.data["POLineNumber"]
        )
        data: Data = {
            "TransactionType": kind,
            "ParentTransactionId": transaction_id,
            "DocumentNumber": number,
            "DocumentLineNumber": line.data["LineNumber"],
            **self._sized(line, size),
        }
        return self._processed(self._request(TRANSACTIONS, data, on, reference), kind)

    def _sized(self, line: Row, size: Decimal) -> Data:
        if is_priced(line):
            return {"Quantity": Decimal(size), "UOMCode": line.data["UOMCode"], "SourceDocumentCode": "PO"}
        return {"Amount": Decimal(size), "SourceDocumentCode": "PO"}

    def _request(self, resource: str, data: Data, on: date | None, reference: str | None) -> Row:
        self.settle_due()
        day = (on or self.world.today()).isoformat()
        shared: Data = {
            "TransactionDate": f"{day}T00:00:00.000+00:00",
            "ExternalSystemTransactionReference": reference,
        }
        row = self.world.new_row(self.world.catalogue[resource], {**data, **shared})
        return self.world.tables[resource].put(row)

    def _processed(self, request: Row, kind: str) -> int:
        """Process now; a refusal is the caller's bug."""
        before = {one.id for one in self.world.tables[HISTORY]}
        self.receiving.process(request)
        if request.data["ReturnStatus"] != "SUCCESS":
            raise ValueError(str(request.data["ReturnMessage"]))
        new = [one for one in self.world.tables[HISTORY] if one.id not in before]
        return int(str(next(one for one in reversed(new) if self.receiving.sign(one)).id))

    def _order_line(self, order_number: str, line: str) -> Row:
        found = [one for one in self._lines(order_number) if f"{one.data['LineNumber']}" == line]
        if not found:
            raise KeyError(f"order {order_number} has no line {line} in force")
        return found[0]

    def _lines(self, order_number: str) -> list[Row]:
        for issued in self.world.tables["purchaseOrders"].find("OrderNumber", order_number):
            order = self.world.orders[int(str(issued.id))]
            if order.approved is not None:
                return order.approved.of("lines")
        raise KeyError(f"there is no issued order {order_number}")
