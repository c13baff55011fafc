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

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from adapters.oracle_fusion.simulator_auth import TOKEN_PATH, Credentials, Door
from adapters.oracle_fusion.simulator_finance import Finance
from adapters.oracle_fusion.simulator_finance_scene import FinanceScene
from adapters.oracle_fusion.simulator_http import Desk, RestFramework
from adapters.oracle_fusion.simulator_invoices import InvoiceDesk
from adapters.oracle_fusion.simulator_journals import BatchDesk
from adapters.oracle_fusion.simulator_ledger import (
    Budget,
    BusinessUnit,
    Chart,
    CheckedAt,
    CrossValidationRule,
    Ledger,
    Period,
    Segment,
)
from adapters.oracle_fusion.simulator_lifecycle import Lifecycle
from adapters.oracle_fusion.simulator_orders import OrderDesk
from adapters.oracle_fusion.simulator_payload import typed
from adapters.oracle_fusion.simulator_payments import PaymentDesk
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Data, Row
from adapters.oracle_fusion.simulator_settings import SimulatorSettings
from adapters.oracle_fusion.simulator_suppliers import SupplierDesk, ValueDesk
from adapters.oracle_fusion.simulator_views import order_view
from adapters.oracle_fusion.simulator_world import World
from adapters.simulation import FaultPlan, FaultyApp, RequestLog
from store.clock import Clock

METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


class OracleFusionSimulator(FinanceScene):
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
            "journalBatches": BatchDesk(self.world),
            "invoices": InvoiceDesk(self.world),
            "payablesPayments": PaymentDesk(self.world, self.finance.payments),
        }
        door = Door(name, Credentials(user, password, client_id, client_secret), clock, self.settings)
        framework = RestFramework(self.world, desks, self.lifecycle, self.finance, door)
        routes = [
            Route(TOKEN_PATH, framework.token, methods=["POST"]),
            Route("/{rest:path}", framework.resources, methods=METHODS),
        ]
        self.bare_app = Starlette(routes=routes)
        self.app = FaultyApp(self._noted, self.faults)
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

    # The scene: suppliers

    def add_supplier(
        self,
        name: str,
        *,
        number: str | None = None,
        supplier_id: int | None = None,
        units: Sequence[int] = (),
        site: str = "MAIN",
        taxpayer_id: str | None = None,
        country: str | None = None,
        bank_accounts: Sequence[str] = (),
        is_active: bool = True,
        is_authorized: bool = True,
    ) -> int:
        """Add a supplier with a purchasing site for each unit; return its id."""
        world = self.world
        resource = world.catalogue["suppliers"]
        ended = (world.today() - timedelta(days=1)).isoformat()
        if supplier_id is not None:
            world.keep_id(supplier_id)
        supplier = world.new_row(
            resource,
            {
                "SupplierId": supplier_id,
                "Supplier": name,
                "SupplierNumber": number or world.new_supplier_number(),
                "SupplierPartyId": world.new_id(),
                "BusinessRelationshipCode": "SPEND_AUTHORIZED" if is_authorized else "PROSPECTIVE",
                "BusinessRelationship": "Spend Authorized" if is_authorized else "Prospective",
                "TaxpayerId": taxpayer_id,
                "TaxpayerCountry": country,
                "InactiveDate": None if is_active else ended,
                "Status": "ACTIVE" if is_active else "INACTIVE",
            },
        )
        for unit_id in units:
            supplier.of("sites").append(self._site(resource.children["sites"].name, supplier, site, unit_id))
        world.tables["suppliers"].put(supplier)
        for iban in bank_accounts:
            self._bank_account(supplier, iban, country)
        assert isinstance(supplier.id, int)
        return supplier.id

    def set_supplier_active(self, supplier_id: int, *, is_active: bool) -> None:
        row = self.world.row("suppliers", supplier_id)
        if row is None:
            raise KeyError(f"there is no supplier {supplier_id}")
        ended = (self.world.today() - timedelta(days=1)).isoformat()
        row.data |= {
            "InactiveDate": None if is_active else ended,
            "Status": "ACTIVE" if is_active else "INACTIVE",
        }
        row.touch(self.world.now())
        self.world.tables["suppliers"].put(row)

    # The scene: general ledger

    def set_period(
        self,
        ledger: str,
        name: str,
        starts_on: date,
        ends_on: date,
        *,
        is_open: bool = True,
        is_payables_open: bool | None = None,
    ) -> None:
        """Add an accounting period, or replace the one of that name. Payables follows unless it is told otherwise."""
        books = self.world.books
        books.periods = [one for one in books.periods if (one.ledger, one.name) != (ledger, name)]
        books.periods.append(Period(ledger, name, starts_on, ends_on, is_open, is_payables_open))

    def open_period(self, ledger: str, name: str, *, in_payables: bool = False) -> None:
        """Open a period in the general ledger, or in Payables alone."""
        self._set_open(ledger, name, True, in_payables)

    def close_period(self, ledger: str, name: str, *, in_payables: bool = False) -> None:
        """Close a period in the general ledger, or in Payables alone."""
        self._set_open(ledger, name, False, in_payables)

    def add_budget(
        self,
        pattern: str,
        period: str,
        amount: Decimal,
        currency: str,
        *,
        is_absolute: bool = True,
        checked_at: CheckedAt = "approval",
        name: str | None = None,
        ledger: str | None = None,
    ) -> None:
        """Add a control budget for a cost centre, or for accounts that match `01-420-*-*-*`."""
        title = name or f"Control budget {pattern}"
        budget = Budget(title, pattern, period, Decimal(amount), currency, is_absolute, checked_at, ledger)
        self.world.books.budgets.append(budget)

    def raise_budget(self, pattern: str, period: str, by: Decimal) -> None:
        """Give every budget of this pattern and period more (or less) to spend."""
        for budget in self.world.books.budgets:
            if (budget.pattern, budget.period) == (pattern, period):
                budget.amount += by

    def set_value(
        self,
        value_set: str,
        value: str,
        *,
        is_enabled: bool = True,
        starts_on: date | None = None,
        ends_on: date | None = None,
        description: str | None = None,
    ) -> None:
        """Add a segment value, or change the one there is."""
        parent = self._value_set(value_set)
        row = self.world.value_row(value_set, value)
        given = {
            "EnabledFlag": "Y" if is_enabled else "N",
            "StartDateActive": starts_on.isoformat() if starts_on else None,
            "EndDateActive": ends_on.isoformat() if ends_on else None,
        }
        if row is None:
            resource = parent.resource.children["values"]
            key = {"ValueSetId": parent.id, "ValueSetCode": value_set, "Value": value}
            parent.of("values").append(
                self.world.new_row(resource, {**key, **given, "Description": description or value})
            )
        else:
            row.data |= given
            if description is not None:
                row.data["Description"] = description
            row.touch(self.world.now())
        parent.rendered.clear()

    def add_cross_validation_rule(self, pattern: str, message: str) -> None:
        """Forbid accounts that match `pattern`."""
        self.world.books.rules.append(CrossValidationRule(pattern, message))

    def add_combination(
        self, chart_id: int, account: str, *, is_enabled: bool = True, ends_on: date | None = None
    ) -> None:
        """Add an account combination as it exists before any order."""
        names = self.settings.combination_names
        given = {
            names.enabled: "Y" if is_enabled else "N",
            names.ends: ends_on.isoformat() if ends_on else None,
        }
        self.world.add_combination(account, self.world.books.charts[chart_id], given)

    # The scene: anything else

    def put(self, resource: str, document: Mapping[str, Any]) -> Row:
        """Put one row of any resource, children included; an existing one with that key is replaced."""
        row = self._grown(resource, document)
        old = self.world.tables[resource].get(row.id)
        if old is not None:
            row.version = old.version + 1
        if isinstance(row.id, int):
            self.world.keep_id(row.id)
        return self.world.tables[resource].put(row)

    # What happened

    def settle_due(self) -> int:
        """Do what the clock says should have happened; requests do it by themselves."""
        return self.lifecycle.settle_due() + self.finance.settle_due()

    def decide(self, po_header_id: int, *, is_approved: bool) -> None:
        """End an approval now."""
        self.lifecycle.decide(self.world.orders[po_header_id], is_approved=is_approved)

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

    def _set_open(self, ledger: str, name: str, is_open: bool, in_payables: bool) -> None:
        self.settle_due()  # what is past was done under the old state
        period = self.world.books.period_named(ledger, name)
        if in_payables:
            period.is_payables_open = is_open
        else:
            period.is_open = is_open

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

    def _grown(self, resource: str, document: Mapping[str, Any]) -> Row:
        return self._tree(self.world.catalogue[resource], document)

    def _tree(self, described: Resource, document: Mapping[str, Any]) -> Row:
        row = self.world.new_row(described, typed(described, document, tuple(described.children)))
        for name, child in described.children.items():
            row.of(name).extend(self._tree(child, one) for one in document.get(name, ()))
        return row

    def _value_set(self, code: str) -> Row:
        return self.world.value_set(code) or self.put(
            "valueSets", {"ValueSetCode": code, "Description": code, "ValidationType": "Independent"}
        )

    def _site(self, resource: str, supplier: Row, code: str, unit_id: int) -> Row:
        sites = supplier.resource.children[resource]
        unit = self.world.books.units[unit_id]
        site = self.world.new_row(
            sites,
            {
                "SupplierSite": code,
                "ProcurementBUId": unit.id,
                "ProcurementBU": unit.name,
                "SitePurposePurchasingFlag": True,
                "SitePurposePayFlag": True,
                "Status": "ACTIVE",
            },
        )
        assignment: Data = {"ClientBUId": unit.id, "ClientBU": unit.name, "BillToBUId": unit.id}
        site.of("assignments").append(self.world.new_row(sites.children["assignments"], assignment))
        return site

    def _bank_account(self, supplier: Row, iban: str, country: str | None) -> None:
        owner = {
            "AccountOwnerId": self.world.new_id(),
            "AccountOwnerPartyIdentifier": supplier.data["SupplierPartyId"],
            "AccountOwnerPartyId": supplier.data["SupplierPartyId"],
            "AccountOwnerPartyName": supplier.data["Supplier"],
            "PrimaryOwnerIndicator": "Y",
            "EndDate": "4712-12-31",
        }
        self.put(
            "externalBankAccounts",
            {
                "BankAccountNumber": iban[4:],
                "IBAN": iban,
                "CountryCode": country or iban[:2],
                "EndDate": "4712-12-31",
                "accountOwners": [owner],
            },
        )
