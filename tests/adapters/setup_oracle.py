"""An Oracle Fusion pod with one company, as the promises and the adapter's own tests want it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
from starlette.types import Receive, Scope, Send

from adapters import oracle_fusion
from adapters.base import Adapter, Connection, WriteRequest
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.outbound import purchase_order
from adapters.oracle_fusion.simulator import OracleFusionSimulator
from adapters.oracle_fusion.simulator_orders import OrderDesk
from adapters.oracle_fusion.simulator_payload import decode, read
from adapters.oracle_fusion.simulator_settings import SimulatorSettings
from adapters.simulation import Fault, FaultPlan
from store.canonical.budget import Commitment
from store.clock import VirtualClock
from tests.adapters.contract import OPENAPI_FOLDER, ContractChecker, checking_transport
from tests.adapters.held_secrets import HeldSecrets
from tests.builders import a_commitment

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
LEDGER_ID = 300000000800001
UNIT, BUYER, LOCATION, CHART = 300000001000011, 300000001200045, 300000000700004, 101
SEGMENTS = ("Company", "CostCenter", "Account", "Product", "Project")
VALUES = {
    "Company": ("01",),
    "CostCenter": ("420", "430"),
    "Account": ("7110", "7310"),
    "Product": ("0000",),
    "Project": ("000",),
}
ACCOUNT = "01-420-7110-0000-000"

_checkers: list[ContractChecker] = []


def checker() -> ContractChecker:
    """Return the judge of all exchanges; reading its document takes a second, so once is enough."""
    if not _checkers:
        _checkers.append(ContractChecker(OPENAPI_FOLDER / "oracle_fusion.openapi.yaml"))
    return _checkers[0]


@dataclass
class OracleWorld:
    """One pod, one connected adapter. Orders are the documents that the hands below make and change."""

    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    has_right_secret: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    answer_bytes_max: int = 2_000_000
    base_url: str = "https://pod.test"
    before: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] = lambda pod: pod
    """What stands between us and the pod."""

    entity = "purchase_order"
    read_path = r"/draftPurchaseOrders\?"
    write_path = r"/draftPurchaseOrders$"

    def __post_init__(self) -> None:
        self.secrets = {"client_id": "finsync-client", "client_secret": "0racle-s3cr3t-value"}
        self.faults = FaultPlan(self.clock)
        self.simulator = OracleFusionSimulator(
            self.clock,
            name="oracle-emea",
            user="finsync",
            password="unused-p4ssword",
            client_id=self.secrets["client_id"],
            client_secret=self.secrets["client_secret"] if self.has_right_secret else "another-one",
            faults=self.faults,
            settings=SimulatorSettings(**self.settings),
        )
        self._hook: Callable[[], None] | None = None
        self._count = 0
        self._fill()
        options = {
            "auth": "client_credentials",
            "token_url": "https://pod.test/oauth2/v1/token",
            "scope": "urn:opc:resource:fusion",
            "page_size": 50,
            "business_units": {"DE Operations": self._unit()},
            "cost_centre_value_set": "DE CostCenter",
            **self.options,
        }
        self.parsed_options = Options.model_validate(options)
        connection = Connection(
            adapter="oracle_fusion",
            base_url=self.base_url,
            requests_per_second=1e6,
            answer_bytes_max=self.answer_bytes_max,
            options=options,
        )
        transport = checking_transport(httpx.ASGITransport(app=self._serve), checker(), "oracle_fusion")
        self.adapter: Adapter = oracle_fusion.connect(
            "oracle-emea",
            connection,
            HeldSecrets("oracle-emea", self.secrets),
            self.clock,
            transport=self.before(transport),
        )

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._hook is not None:
            self._hook()
        await self.simulator.app(scope, receive, send)

    def _unit(self) -> dict[str, Any]:
        return {
            "procurement_bu_id": UNIT,
            "buyer_id": BUYER,
            "ship_to_location_id": LOCATION,
            "uom_map": {"EA": "Ea"},
        }

    def _fill(self) -> None:
        pod = self.simulator
        pod.add_chart(CHART, "DE Chart", [(name, f"DE {name}") for name in SEGMENTS])
        for name, values in VALUES.items():
            for value in values:
                pod.set_value(f"DE {name}", value)
        pod.add_ledger("DE Ledger", "EUR", CHART, ledger_id=LEDGER_ID)
        pod.add_business_unit(UNIT, "DE Operations", ledger="DE Ledger", legal_entity="DE01")
        pod.add_agent(BUYER, "Berg, Anna", "a.berg@example.com", UNIT)
        pod.set_period("DE Ledger", "Jan-26", date(2026, 1, 1), date(2026, 1, 31))
        pod.set_period("DE Ledger", "Feb-26", date(2026, 2, 1), date(2026, 2, 28))
        pod.add_combination(CHART, ACCOUNT)
        iban = "DE89370400440532013000"
        self.supplier_id = str(
            pod.add_supplier(
                "Muster Büromöbel GmbH",
                units=[UNIT],
                taxpayer_id="DE811234567",
                country="DE",
                bank_accounts=[iban],
            )
        )
        (supplier,) = pod.world.tables["suppliers"]
        self.site_id = str(supplier.of("sites")[0].id)

    def commitment(self, **changes: Any) -> Commitment:
        """Return what this pod can hold; `marker` is new each time unless it is given."""
        self._count += 1
        marker = f"coupa:{100_000 + self._count}"
        ids = {"supplier_id": self.supplier_id, "supplier_site_id": self.site_id}
        return a_commitment(**{"marker": marker, "order_key": marker, **ids, **changes})

    def add(self, count: int) -> list[str]:
        return [self.add_order(self.commitment()) for _ in range(count)]

    def add_order(self, commitment: Commitment) -> str:
        """Make a draft as another client would."""
        world = self.simulator.world
        resource = world.catalogue["draftPurchaseOrders"]
        body = decode(wire.encode(purchase_order(commitment, self.parsed_options)))
        return str(OrderDesk(world).create([], resource, read(resource, body, "create")).id)

    def touch(self, external_id: str) -> None:
        world = self.simulator.world
        row = world.row("draftPurchaseOrders", int(external_id))
        assert row is not None
        row.data["Description"] = f"{row.data['Description']} (again)"
        row.touch(world.now())
        world.tables["draftPurchaseOrders"].put(row)

    def before_each_request(self, hook: Callable[[], None] | None) -> None:
        self._hook = hook

    def a_write(self) -> WriteRequest:
        return self.create(self.commitment())

    def create(self, commitment: Commitment) -> WriteRequest:
        body = {"commitment": commitment.model_dump(mode="json")}
        return WriteRequest("order.create", f"create/{commitment.marker}", None, body)

    def change(self, external_id: str, commitment: Commitment) -> WriteRequest:
        body = {"commitment": commitment.model_dump(mode="json")}
        return WriteRequest("order.change", f"change/{commitment.marker}", external_id, body)

    def action(self, operation: str, external_id: str, marker: str) -> WriteRequest:
        body = {"marker": marker, "number": "", "reason": "no longer needed"}
        return WriteRequest(operation, f"{operation}/{marker}", external_id, body)

    def effects(self, request: WriteRequest) -> int:
        marker = request.body["commitment"]["marker"]
        return sum(one["marker"] == marker for one in self.simulator.orders())

    def order(self, external_id: str) -> dict[str, Any]:
        """Return one order as the simulator holds it."""
        return next(one for one in self.simulator.orders() if str(one["po_header_id"]) == external_id)

    def end_tokens(self) -> None:
        self._count += 1
        self.faults.add(Fault(id=f"expired-{self._count}", kind="expired_token", path="^/fscmRestApi"))

    def request_count(self) -> int:
        return self.simulator.requests.total_count

    def spend_nothing(self, cost_centre: str) -> None:
        """Leave nothing in this month's budget of a cost centre; a submission already notices."""
        self.simulator.add_budget(cost_centre, "Jan-26", Decimal(0), "EUR", checked_at="submit")


def setup_oracle_fusion(**settings: Any) -> OracleWorld:
    return OracleWorld(**settings)
