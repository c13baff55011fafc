"""A simulated Oracle Fusion pod: procurement, general ledger, Payables and people, behind the REST framework's rules.

It keeps state, enforces what the real one enforces, and decides on orders, imports and pays when its clock says so. Nothing in the
adapter knows it; the adapter meets it only over HTTP. The domain methods set a scene and look at the result.

>>> from datetime import UTC, datetime
>>> from store.clock import VirtualClock
>>> pod = OracleFusionSimulator(VirtualClock(datetime(2026, 1, 1, tzinfo=UTC)), name="oracle-emea", user="u", password="p")
>>> pod.orders()
[]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from adapters.oracle_fusion.simulator_auth import TOKEN_PATH, Credentials, Door
from adapters.oracle_fusion.simulator_bank import BANK_RESOURCES, BankDesk
from adapters.oracle_fusion.simulator_finance import Finance
from adapters.oracle_fusion.simulator_finance_scene import FinanceScene
from adapters.oracle_fusion.simulator_http import Desk, RestFramework
from adapters.oracle_fusion.simulator_invoice_actions import HoldDesk
from adapters.oracle_fusion.simulator_invoices import InvoiceDesk
from adapters.oracle_fusion.simulator_journals import BatchDesk
from adapters.oracle_fusion.simulator_ledger import (
    BusinessUnit,
    Chart,
    Ledger,
    Segment,
)
from adapters.oracle_fusion.simulator_ledger_scene import LedgerScene
from adapters.oracle_fusion.simulator_lifecycle import Lifecycle
from adapters.oracle_fusion.simulator_orders import OrderDesk
from adapters.oracle_fusion.simulator_payments import PaymentDesk
from adapters.oracle_fusion.simulator_receiving import RECEIVING_RESOURCES, ReceivingDesk
from adapters.oracle_fusion.simulator_receiving_scene import ReceivingScene
from adapters.oracle_fusion.simulator_requisitions import requisition_view
from adapters.oracle_fusion.simulator_settings import SimulatorSettings
from adapters.oracle_fusion.simulator_suppliers import SupplierDesk, ValueDesk
from adapters.oracle_fusion.simulator_views import order_view
from adapters.oracle_fusion.simulator_world import World
from adapters.simulation import FaultPlan, FaultyApp, RequestLog, rewound
from store.clock import Clock

METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


class OracleFusionSimulator(LedgerScene, ReceivingScene, FinanceScene):
    """One pod. `app` is what a client talks to, faults included; `bare_app` is the same without them."""

    def __init__(
        self,
        clock: Clock,
        *,
        name: str,
        user: str,
        password: str,
        client_id: str | None = None,
        client_secret: str | None = None,
        faults: FaultPlan | None = None,
        settings: SimulatorSettings | None = None,
    ) -> None:
        self.name = name
        self.settings = settings or SimulatorSettings()
        self.world = World(clock, self.settings)
        self.lifecycle = Lifecycle(self.world)
        self.finance = Finance(self.world)
        self.receiving = self.finance.receiving
        self.requests = RequestLog(clock)
        self.faults = faults or FaultPlan(clock)
        supplier_desk, value_desk, order_desk = (
            SupplierDesk(self.world),
            ValueDesk(self.world),
            OrderDesk(self.world),
        )
        desks: dict[str, Desk] = {
            "suppliers": supplier_desk,
            "valueSets": value_desk,
            "draftPurchaseOrders": order_desk,
            "purchaseRequisitions": self.lifecycle.requisitions,
            "journalBatches": BatchDesk(self.world),
            "invoices": InvoiceDesk(self.world),
            "invoiceHolds": HoldDesk(self.world, self.finance.invoices),
            "payablesPayments": PaymentDesk(self.world, self.finance.payments),
        }
        desks |= dict.fromkeys(BANK_RESOURCES, BankDesk(self.world))
        desks |= dict.fromkeys(RECEIVING_RESOURCES, ReceivingDesk(self.world, self.receiving))
        door = Door(name, Credentials(user, password, client_id, client_secret), clock, self.settings)
        framework = RestFramework(self.world, desks, self.lifecycle, self.finance, door)
        routes = [
            Route(TOKEN_PATH, framework.token, methods=["POST"]),
            Route("/{rest:path}", framework.resources, methods=METHODS),
        ]
        self.bare_app = Starlette(routes=routes)
        self.app = FaultyApp(self._noted, self.faults, remember=lambda: rewound(self.dump, self.load))
        self._put_default_style()

    async def _noted(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.requests.note(scope)
        await self.bare_app(scope, receive, send)

    # The scene: organisation

    def add_chart(
        self,
        chart_id: int,
        name: str,
        segments: Iterable[tuple[str, str]],
        *,
        delimiter: str = "-",
        cost_centre_position: int = 1,
        is_dynamic: bool = True,
    ) -> None:
        """Add a chart of accounts; `segments` are (name, value set code)."""
        parts = tuple(Segment(*one) for one in segments)
        self.world.books.charts[chart_id] = Chart(
            chart_id, name, parts, delimiter, cost_centre_position, is_dynamic
        )
        self.put(
            "chartOfAccountsLOV",
            {
                "StructureInstanceId": chart_id,
                "StructureInstanceCode": name,
                "Name": name,
                "EnabledFlag": "Y",
            },
        )
        for one in parts:
            self._value_set(one.value_set)

    def add_ledger(
        self,
        name: str,
        currency: str,
        chart_id: int,
        *,
        ledger_id: int | None = None,
        has_budgetary_control: bool = True,
    ) -> None:
        self.world.books.ledgers[name] = Ledger(name, currency, chart_id, has_budgetary_control)
        self.put(
            "ledgersLOV",
            {
                "LedgerId": ledger_id,
                "LedgerName": name,
                "LedgerShortName": name[:20],
                "LedgerType": "Primary",
                "CurrencyCode": currency,
                "ChartOfAccountsStructureId": chart_id,
                "AccountingCalendar": "Monthly",
                "BudgetaryControlEnabledFlag": has_budgetary_control,
            },
        )

    def add_business_unit(self, unit_id: int, name: str, *, ledger: str, legal_entity: str) -> None:
        """Add a unit that requisitions and procures."""
        self.world.keep_id(unit_id)
        self.world.books.units[unit_id] = BusinessUnit(unit_id, name, ledger, legal_entity)
        self.put("procurementBusinessUnitsLOV", {"ProcurementBUId": unit_id, "ProcurementBU": name})

    def add_agent(
        self, agent_id: int, name: str, email: str, unit_id: int, *, is_active: bool = True
    ) -> None:
        """Add a buyer of one business unit."""
        self.world.keep_id(agent_id)
        self.put(
            "procurementAgents",
            {
                "AgentId": agent_id,
                "Agent": name,
                "AgentEmail": email,
                "ProcurementBUId": unit_id,
                "ProcurementBU": self.world.books.units[unit_id].name,
                "DefaultRequisitioningBUId": unit_id,
                "Status": "Active" if is_active else "Inactive",
                "ManageOrdersAllowedFlag": True,
            },
        )
        self.put(
            "procurementPersonsLOV",
            {"PersonId": agent_id, "PersonNumber": str(agent_id), "DisplayName": name},
        )

    def add_category(self, category_id: int, name: str) -> None:
        """Add a purchasing category. While there is none, any will do."""
        self.world.keep_id(category_id)
        self.world.categories[category_id] = name

    def add_location(self, location_id: int, name: str) -> None:
        """Add a ship-to location. While there is none, any will do."""
        self.world.locations[location_id] = name

    def add_organization(self, organization_id: int, name: str) -> None:
        """Add a ship-to organization. While there is none, any will do."""
        self.world.organizations[organization_id] = name

    # What happened

    def settle_due(self) -> int:
        """Do what the clock says should have happened; requests do it by themselves."""
        return self.lifecycle.settle_due() + self.finance.settle_due()

    def decide(self, po_header_id: int, *, is_approved: bool) -> None:
        """End an approval now."""
        self.lifecycle.decide(self.world.orders[po_header_id], is_approved=is_approved)

    def decide_requisition(self, requisition_id: int, *, is_approved: bool) -> None:
        """End a requisition's approval now."""
        self.lifecycle.requisitions.decide(
            self._row("purchaseRequisitions", requisition_id), is_approved=is_approved
        )

    def order_requisition(self, requisition_id: int, po_header_id: int) -> None:
        """Have a requisition become an order: its commitment is over."""
        self.lifecycle.requisitions.order(self._row("purchaseRequisitions", requisition_id), po_header_id)

    def requisitions(self) -> list[dict[str, Any]]:
        """Return every requisition as it stands, with what it has reserved."""
        self.settle_due()
        budgets = self.world.books.budgets
        return [
            requisition_view(
                row, sum((one.reserved.get(int(str(row.id)), Decimal(0)) for one in budgets), Decimal(0))
            )
            for row in self.world.tables["purchaseRequisitions"]
        ]

    def orders(self) -> list[dict[str, Any]]:
        """Return every order as it stands, for comparison: see `simulator_views`."""
        self.settle_due()
        return [order_view(self.world, one) for one in self.world.orders.values()]

    def dump(self) -> dict[str, Any]:
        """Return the whole state, faults that struck included, as JSON values."""
        return {"world": self.world.dump(), "finance": self.finance.dump(), "faults": self.faults.dump()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Become what `dump()` described."""
        self.world.load(state["world"])
        self.finance.load(state["finance"])
        self.faults.load(state["faults"])

    def _put_default_style(self) -> None:
        style = self.settings.default_document_style_id
        self.put(
            "purchasingDocumentStylesLOV",
            {
                "StyleId": style,
                "StyleName": "Purchase Order",
                "DisplayName": "Purchase Order",
                "DocumentSubtype": "STANDARD",
                "StatusCode": "ACTIVE",
            },
        )
