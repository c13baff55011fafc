"""An issued order of the simulated Oracle company, and receipts for it, to start a test from."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from adapters.base import WriteRequest
from store.canonical.purchasing import Receipt
from tests.adapters.oracle_finance import FinanceWorld
from tests.builders import a_commitment_line

ORGANIZATION = "DE1"
OPERATIONS = {"receipt": "receipt.create", "return": "receipt.return", "correction": "receipt.correct"}


class ReceivingWorld(FinanceWorld):
    """The company with an order in force for ten desks, and as the promises want it: receipts are the documents."""

    entity = "receipt"
    read_path = r"/receivingTransactionsHistory\?"
    write_path = r"/receivingReceiptRequests$"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.simulator.add_organization(300000000700001, ORGANIZATION)
        self.order_number = self.issue()

    def _unit(self) -> dict[str, Any]:
        return {**super()._unit(), "receiving_organization": ORGANIZATION}

    def issue(self, **changes: Any) -> str:
        """Have an order issued; return its number in Oracle."""
        line = a_commitment_line("250.00", quantity="100", unit_price="2.50", uom="EA")
        order_id = self.add_order(self.commitment(**{"lines": (line,), **changes}))
        order = self.simulator.world.orders[int(order_id)]
        self.simulator.lifecycle.act(order.draft, "submit", {"bypassApprovalFlag": True})
        return order.number

    def a_receipt(self, quantity: str = "2", **changes: Any) -> Receipt:
        self._count += 1
        fields: dict[str, Any] = {
            "number": f"R-{self._count}",
            "order_number": self.order_number,
            "order_line": "1",
            "quantity": Decimal(quantity),
            "uom": "EA",
            "received_on": self.clock.now().date(),
            "reference": f"coupa:receipt:{self._count}",
        }
        return Receipt(**{**fields, **changes})

    def movement(self, receipt: Receipt) -> WriteRequest:
        operation = OPERATIONS[receipt.kind]
        body = {"receipt": receipt.model_dump(mode="json")}
        return WriteRequest(operation, f"{operation}/{receipt.reference}", None, body)

    def add(self, count: int) -> list[str]:
        return [str(self.simulator.receive(self.order_number, "1", Decimal("0.1"))) for _ in range(count)]

    def touch(self, external_id: str) -> None:
        world = self.simulator.world
        row = world.row("receivingTransactionsHistory", int(external_id))
        assert row is not None
        row.data["ItemDescription"] = f"{row.data['ItemDescription']} (again)"
        row.touch(world.now())
        world.tables["receivingTransactionsHistory"].put(row)

    def a_write(self) -> WriteRequest:
        return self.movement(self.a_receipt("0.1"))

    def effects(self, request: WriteRequest) -> int:
        mark = request.body["receipt"]["reference"]
        return sum(one["mark"] == mark for one in self.simulator.receipts())

    def later(self, minutes: int = 30) -> None:
        self.clock.advance(timedelta(minutes=minutes))


def setup_oracle_receipts(**settings: Any) -> ReceivingWorld:
    return ReceivingWorld(**settings)
