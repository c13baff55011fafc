"""A simulated Coupa with an adapter on it, every exchange judged by the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx

from adapters import coupa
from adapters.base import Adapter, Connection, WriteRequest
from adapters.coupa.simulator import CoupaSimulator, Settings
from adapters.simulation import FaultPlan
from store.clock import VirtualClock
from tests.adapters.contract import OPENAPI_FOLDER, ContractChecker, checking_transport
from tests.adapters.held_secrets import HeldSecrets

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@cache
def checker(document: str) -> ContractChecker:
    """Return the judge of one system's exchanges; reading its document takes a second, so once is enough."""
    return ContractChecker(OPENAPI_FOLDER / document)


@dataclass
class CoupaWorld:
    """A Coupa with one chart and one supplier, and orders as the promises want them."""

    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    has_right_secret: bool = True
    settings: Settings = field(default_factory=Settings)
    options: Mapping[str, object] = field(default_factory=dict)
    answer_bytes_max: int = 2_000_000

    entity = "purchase_order"
    read_path = r"^/api/purchase_orders\?"
    write_path = r"^/api/purchase_orders/\d+"
    write_method = "PUT"

    def __post_init__(self) -> None:
        self.secrets = {"client_id": "finsync-client", "client_secret": "c0upa-s3cr3t-value"}
        self.faults = FaultPlan(self.clock)
        self.simulator = CoupaSimulator(
            self.clock,
            client_id=self.secrets["client_id"],
            client_secret=self.secrets["client_secret"] if self.has_right_secret else "another-one",
            faults=self.faults,
            settings=self.settings,
        )
        self.checker = checker("coupa.openapi.yaml")
        connection = Connection(
            adapter="coupa",
            base_url="http://coupa.test",
            requests_per_second=1e6,
            answer_bytes_max=self.answer_bytes_max,
            options={
                "segment_count": 4,
                "token_settle_s": 0,
                "cost_centre_lookup": "Cost Centre",
                **self.options,
            },
        )
        asgi = httpx.ASGITransport(app=self.simulator.app)
        self.adapter: Adapter = coupa.connect(
            "coupa",
            connection,
            HeldSecrets("coupa", self.secrets),
            self.clock,
            transport=checking_transport(asgi, self.checker, "coupa"),
        )
        self._number = 0
        self._fill()

    def _fill(self) -> None:
        put = self.simulator.put
        put("currencies", {"code": "EUR", "decimals": 2})
        self.chart = put("account_types", {"name": "DE Chart", "active": True})
        self.account = put(
            "accounts",
            {
                "account-type": {"name": "DE Chart"},
                "segment-1": "01",
                "segment-2": "420",
                "segment-3": "7110",
            },
        )
        self.supplier = put("suppliers", {"name": "Harbour Paper Ltd", "number": "V-1", "status": "active"})

    def an_order(self, **changes: object) -> dict[str, object]:
        """Return an order that Coupa could hold."""
        self._number += 1
        line = {
            "line-num": "1",
            "type": "OrderQuantityLine",
            "description": "Paper",
            "quantity": "4",
            "price": "25.00",
            "total": "100.00",
            "currency": {"code": "EUR"},
            "account": {"id": self.account["id"]},
        }
        return {
            "po-number": f"PO-{self._number}",
            "status": "issued",
            "currency": {"code": "EUR"},
            "supplier": {"id": self.supplier["id"]},
            "order-lines": [line],
            **changes,
        }

    def an_invoice(self, **changes: Any) -> dict[str, Any]:
        """Return an approved invoice over 100.00 EUR that Coupa could hold."""
        self._number += 1
        line = {
            "line-num": 1,
            "type": "InvoiceQuantityLine",
            "description": "Paper",
            "quantity": "4",
            "price": "25.00",
            "total": "100.00",
            "currency": {"code": "EUR"},
            "account": {"id": self.account["id"]},
        }
        return {
            "invoice-number": f"INV-{self._number}",
            "invoice-date": "2026-01-05",
            "status": "approved",
            "currency": {"code": "EUR"},
            "supplier": {"id": self.supplier["id"]},
            "invoice-lines": [line],
            **changes,
        }

    def add(self, count: int) -> list[str]:
        return [str(self.simulator.put("purchase_orders", self.an_order())["id"]) for _ in range(count)]

    def touch(self, external_id: str) -> None:
        number = self._number_of(external_id)
        self.simulator.revise_order(
            number, {"order-lines": [{"line-num": "1", "description": "Card"}]}, "amy"
        )

    def before_each_request(self, hook: Callable[[], None] | None) -> None:
        self.simulator.on_request = (lambda _: hook()) if hook else None

    def a_write(self) -> WriteRequest:
        (external_id,) = self.add(1)
        return WriteRequest(
            "order.write_back",
            f"coupa/order.write_back/{external_id}",
            external_id,
            {"fields": {"erp_number": f"300{external_id}", "erp_status": "Open"}},
        )

    def effects(self, request: WriteRequest) -> int:
        order = self.simulator.order(self._number_of(request.external_id or ""))
        return int(order["custom-fields"].get("cf-erp-po-number") == request.body["fields"]["erp_number"])

    def end_tokens(self) -> None:
        self.simulator.end_tokens()

    def request_count(self) -> int:
        return self.simulator.requests.total_count

    def _number_of(self, external_id: str) -> str:
        orders = self.simulator.documents("purchase_orders")
        return next(str(one["po-number"]) for one in orders if str(one["id"]) == external_id)
