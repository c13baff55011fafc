"""What orders in force hold of the budgets, worked out anew whenever an invoice takes its part or gives it back."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.oracle_fusion.simulator_order_checks import OrderChecks
from adapters.oracle_fusion.simulator_world import Order, World


class Obligations:
    """The reservations of one pod's orders."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._checks = OrderChecks(world)

    def refresh(self, orders: Iterable[int]) -> None:
        """Reserve for these orders what is neither invoiced nor given up. Never more than there was: no check."""
        for key in orders:
            order = self._world.orders.get(key)
            if order is not None:
                self._refresh(order)

    def _refresh(self, order: Order) -> None:
        issued = self._world.row("purchaseOrders", order.id)
        if order.approved is None or issued is None or issued.data["StatusCode"] not in ("OPEN", "ON HOLD"):
            return
        unit = self._checks.unit(order.approved.data)
        if not self._world.books.ledgers[unit.ledger].has_budgetary_control:
            return
        is_pending = str(order.draft.data["StatusCode"]).startswith("PENDING")
        tree = order.draft if is_pending else order.approved
        charges = self._checks.charges(order, order.submitted_on or self._world.today(), tree)
        currency = str(order.approved.data["CurrencyCode"])
        check = self._world.books.check_funds(order.id, charges, currency, unit, ())
        self._world.books.reserve(order.id, check, ("submit", "approval"))
        left = sum(one.amount for one in charges)
        total = issued.data["Total"]
        status = "Reserved" if left == total else "Liquidated" if not left else "Partially liquidated"
        if issued.data["FundsStatus"] != status:
            issued.data["FundsStatus"] = status
            issued.touch(self._world.now())
            self._world.tables["purchaseOrders"].put(issued)
