"""Receipts of the simulated Coupa: what came in, what went back, what was voided, and what that does to the order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from adapters.coupa.simulator_models import MODELS
from adapters.coupa.simulator_orders import ORDERS, Orders
from adapters.coupa.simulator_tables import RefusedError, Tables, decimal_text
from adapters.coupa.simulator_writes import Intake
from adapters.simulation import Document

RECEIPTS: Final = "receiving_transactions"
VOID: Final = "Void"
_MODEL: Final = MODELS["inventory_transaction"]


@dataclass
class Receipts:
    """What can happen to a receipt. A void is a transaction of its own that names the one it voids."""

    tables: Tables
    intake: Intake
    orders: Orders
    _owners: dict[int, int] = field(default_factory=dict)
    """Order by order line, as far as it was looked for."""

    def create(self, body: Mapping[str, Any], by: str) -> Document:
        """Do what a POST does."""
        given = self.intake.take(_MODEL, {}, {k: v for k, v in body.items() if k != "order-line"})
        reference = body.get("order-line")
        line_id = reference.get("id") if isinstance(reference, dict) else None
        if self.order_line(line_id) is None:
            raise RefusedError("Order line can't be blank")
        return self.receive(
            line_id, given.get("quantity"), given.get("total") or given.get("price"), by, given
        )

    def receive(
        self, line_id: Any, quantity: Any, amount: Any, by: str, given: Mapping[str, Any] | None = None
    ) -> Document:
        """Receive on an order line: all that is left of it when neither quantity nor amount says otherwise."""
        found = self.order_line(line_id)
        if found is None:
            raise KeyError(f"there is no order line {line_id}")
        order, line = found
        if order.get("status") in ("closed", "cancelled", "canceled"):
            raise RefusedError(f"Order cannot be received from status {order['status']}")
        is_by_amount = line.get("type") == "OrderAmountLine"
        whole = _number(line.get("total") if is_by_amount else line.get("quantity"))
        asked = amount if is_by_amount else quantity
        size = whole - _number(line.get("received")) if asked is None else _number(asked)
        if size <= 0:
            raise RefusedError("Quantity must be greater than 0")
        type_ = "ReceivingAmountConsumption" if is_by_amount else "ReceivingQuantityConsumption"
        receipt = self._keep(
            self._transaction(type_, order, line, size, is_by_amount) | dict(given or {}), by
        )
        self._count_received(line["id"], size)
        return receipt

    def give_back(self, receipt: Document, size: Any, by: str, *, word: str = "ReturnToSupplier") -> Document:
        """Send back, or throw away, what a receipt brought, all of it or a part."""
        type_ = str(receipt["type"])
        if not type_.endswith("Consumption") or type_.startswith(VOID):
            raise RefusedError("Only a receipt can be returned")
        found = self.order_line((receipt.get("order-line") or {}).get("id"))
        if found is None:
            raise RefusedError("Order line can't be blank")
        is_by_amount = "Amount" in type_
        held = _number(receipt.get("total" if is_by_amount else "quantity")) - _number(
            receipt.get("voided-value")
        )
        gone = held if size is None else _number(size)
        if not 0 < gone <= held:
            raise RefusedError("Quantity cannot be more than what was received")
        made = self._transaction(type_.replace("Consumption", word), *found, gone, is_by_amount)
        returned = self._keep(made | {"original-transaction-id": receipt["id"]}, by)
        if word == "ReturnToSupplier":
            self._count_received(found[1]["id"], -gone)
        return returned

    def void(self, receipt: Document, by: str) -> Document:
        """Void a transaction; return the void, which stands beside it."""
        type_ = str(receipt["type"])
        if type_.startswith(VOID) or _number(receipt.get("voided-value")) > 0:
            raise RefusedError("Receipt has already been voided")
        is_by_amount = "Amount" in type_
        size = _number(receipt.get("total" if is_by_amount else "quantity"))
        made = {name: value for name, value in receipt.items() if name not in _OWN}
        voided = self._keep(
            made | {"type": VOID + type_, "original-transaction-id": receipt["id"], "status": "created"}, by
        )
        self.tables.keep(
            RECEIPTS, receipt | {"voided-value": decimal_text(size, 6), "status": "voided"} | self._stamps(by)
        )
        sign = 1 if type_.endswith("ReturnToSupplier") else 0 if type_.endswith("Disposal") else -1
        line_id = (receipt.get("order-line") or {}).get("id")
        if sign and line_id is not None:
            self._count_received(line_id, sign * size)
        return voided

    def order_line(self, line_id: Any) -> tuple[Document, Document] | None:
        """Return an order line with its order."""
        found = self._held(line_id)
        if found is None and isinstance(line_id, int):
            self._owners = {
                line["id"]: order["id"]
                for order in self.tables.collections[ORDERS]
                for line in self.tables.lines([order])
            }
            found = self._held(line_id)
        return found

    def _held(self, line_id: Any) -> tuple[Document, Document] | None:
        order = self.tables.collections[ORDERS].get(self._owners.get(line_id)) or {}
        line = next((one for one in self.tables.lines([order]) if one["id"] == line_id), None)
        return (order, line) if line is not None else None

    def count_invoiced(self, line_id: Any, quantity: Decimal, amount: Decimal) -> None:
        """Count on an order line what is invoiced of it."""
        found = self.order_line(line_id)
        if found is None:
            return
        order, line = found
        invoiced = _number(line.get("invoiced")) + quantity
        in_all = _number(line.get("total-invoiced")) + amount
        self.orders.touch_line(
            order, line | {"invoiced": decimal_text(invoiced, 6), "total-invoiced": decimal_text(in_all, 4)}
        )

    def complete(self, document: Document) -> Document:
        """Add what a receipt always has; an order line that is named is shown with its order."""
        found = self.order_line((document.get("order-line") or {}).get("id"))
        named = {"order-line": _reference(*found)} if found else {}
        defaults: Document = {
            "type": "ReceivingQuantityConsumption",
            "status": "created",
            "exported": False,
            "last-exported-at": None,
            "transaction-date": self.tables.now_text(),
            "custom-fields": {},
        }
        return defaults | document | named

    def _transaction(
        self, type_: str, order: Document, line: Document, size: Decimal, is_by_amount: bool
    ) -> Document:
        price = _number(line.get("price"))
        total = size if is_by_amount else size * price
        return {
            "type": type_,
            "quantity": None if is_by_amount else decimal_text(size, 6),
            "price": decimal_text(size if is_by_amount else price, 6),
            "total": decimal_text(total, 2),
            "currency": line.get("currency") or order.get("currency"),
            "uom": line.get("uom"),
            "account": line.get("account"),
            "account-allocations": line.get("account-allocations") or [],
            "order-line": _reference(order, line),
        }

    def _keep(self, document: Document, by: str) -> Document:
        now = self.tables.now_text()
        stamps = self._stamps(by) | {"created-at": now, "created-by": self.tables.user(by)}
        return self.tables.keep(RECEIPTS, self.complete(document) | stamps)

    def _stamps(self, by: str) -> Document:
        return {"updated-at": self.tables.now_text(), "updated-by": self.tables.user(by)}

    def _count_received(self, line_id: Any, size: Decimal) -> None:
        found = self.order_line(line_id)
        if found is None:
            return
        order, line = found
        received = _number(line.get("received")) + size
        whole = _number(line.get("total" if line.get("type") == "OrderAmountLine" else "quantity"))
        status = "received" if received >= whole else "created"
        self.orders.touch_line(order, line | {"received": decimal_text(received, 6), "status": status})


_OWN: Final = frozenset(
    {
        "id",
        "created-at",
        "updated-at",
        "created-by",
        "updated-by",
        "exported",
        "last-exported-at",
        "voided-value",
    }
)


def _reference(order: Document, line: Document) -> Document:
    return {
        "id": line["id"],
        "line-num": line.get("line-num"),
        "order-header-id": order["id"],
        "order-header-number": order.get("po-number"),
        "currency": line.get("currency") or order.get("currency"),
    }


def _number(value: Any) -> Decimal:
    try:
        found = Decimal(str(value))
    except ArithmeticError:
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)
