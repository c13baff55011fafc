"""What invoices take of control budgets: an order's reservation becomes expenditure, and nothing is counted twice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from adapters.oracle_fusion.simulator_ledger import BusinessUnit, Charge
from adapters.oracle_fusion.simulator_messages import Problem
from adapters.oracle_fusion.simulator_obligations import Obligations
from adapters.oracle_fusion.simulator_rows import Row
from adapters.oracle_fusion.simulator_world import World


class InvoiceFunds:
    """The expenditure of one pod's invoices."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._obligations = Obligations(world)

    def take(self, invoice: Row) -> Problem | None:
        """Move an invoice's part from its orders to expenditure; say what lacks, and then leave all as it was."""
        world, key, unit = self._world, int(str(invoice.id)), self.unit(invoice)
        self._obligations.refresh(world.billing.relieve(key, is_relieved=True))
        charges = self._charges(invoice, unit)
        if not charges or not world.books.ledgers[unit.ledger].has_budgetary_control:
            invoice.data["FundsStatus"] = "Not reserved - not applicable"
            return None
        currency = str(invoice.data["InvoiceCurrency"])
        check = world.books.check_funds(key, charges, currency, unit, ("submit", "approval"))
        if check.shortages:
            self._obligations.refresh(world.billing.relieve(key, is_relieved=False))
            invoice.data["FundsStatus"] = "Failed"
            return check.shortages[0]
        world.books.spend(key, check)
        invoice.data["FundsStatus"] = "Reserved - warning" if check.warnings else "Reserved"
        return None

    def give_back(self, invoice: Row) -> None:
        """Undo what an invoice took, its match included: the orders have it again."""
        key = int(str(invoice.id))
        self._world.books.spend(key, None)
        self._obligations.refresh(self._world.billing.drop(key))

    def unit(self, invoice: Row) -> BusinessUnit:
        name = invoice.data["BusinessUnit"]
        return next(one for one in self._world.books.units.values() if one.name == name)

    def _charges(self, invoice: Row, unit: BusinessUnit) -> list[Charge]:
        period = self._world.books.period_on(
            unit.ledger, date.fromisoformat(str(invoice.data["AccountingDate"]))
        )
        takes_all = self._world.settings.controls_payables
        return [
            Charge(str(one.data["DistributionCombination"]), period.name if period else None, amount)
            for line in invoice.of("invoiceLines")
            if takes_all or line.data["PurchaseOrderNumber"] is not None
            for one in line.of("invoiceDistributions")
            if isinstance(amount := one.data["DistributionAmount"], Decimal)
        ]
