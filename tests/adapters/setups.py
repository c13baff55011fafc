"""How each system that ships a simulator is set up for the promises. `SETUPS` finds `setup_<adapter>` by
name.

A setup gives the promises a connected adapter and a hand on what is behind it, in words that all systems
share.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Protocol

import httpx

import adapters
from adapters import coupa
from adapters.base import Adapter, Connection, WriteRequest
from adapters.coupa.simulator import CoupaSimulator, Settings
from adapters.simulation import Fault, FaultPlan
from store.clock import VirtualClock
from tests.adapters.contract import OPENAPI_FOLDER, ContractChecker, checking_transport
from tests.adapters.held_secrets import HeldSecrets
from tests.adapters.oracle_finance import setup_oracle_invoices
from tests.adapters.oracle_receipts import setup_oracle_receipts
from tests.adapters.setup_avatax import setup_avatax  # noqa: F401  (found by its name)
from tests.adapters.setup_concur import setup_concur  # noqa: F401  (found by its name)
from tests.adapters.setup_oracle import setup_oracle_fusion  # noqa: F401  (found by its name)

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@cache
def checker(document: str) -> ContractChecker:
    """Return the judge of one system's exchanges; reading its document takes a second, so once is enough."""
    return ContractChecker(OPENAPI_FOLDER / document)


class World(Protocol):
    """What a promise may ask of the system behind an adapter."""

    adapter: Adapter
    clock: VirtualClock
    faults: FaultPlan
    entity: str
    """The entity whose documents the hands below make and change."""
    secrets: Mapping[str, str]
    read_path: str
    """Regular expression of the path by which `entity` is read."""
    write_path: str
    """Regular expression of the path that `a_write` writes to."""

    def add(self, count: int) -> list[str]:
        """Make documents; return their external ids."""
        ...

    def touch(self, external_id: str) -> None:
        """Change one document as a person would."""
        ...

    def before_each_request(self, hook: Callable[[], None] | None) -> None:
        """Call `hook` before each request is served: for changes between two pages."""
        ...

    def a_write(self) -> WriteRequest:
        """Return a write that the system accepts."""
        ...

    def effects(self, request: WriteRequest) -> int:
        """Count how often `request` has taken effect."""
        ...

    def end_tokens(self) -> None:
        """Make every token that is out worthless, where there are tokens."""
        ...

    def request_count(self) -> int:
        """Return how many requests were served."""
        ...


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
            transport=checking_transport(asgi, self.checker),
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


def setup_coupa(**settings: object) -> CoupaWorld:
    return CoupaWorld(**settings)  # type: ignore[arg-type]


def worlds() -> Mapping[str, Callable[..., World]]:
    """Return the setups of all adapters that ship a simulator, by adapter; some have a second kind of document."""
    here = sys.modules[__name__]
    found: dict[str, Callable[..., World]] = {
        name: getattr(here, f"setup_{name}") for name in adapters.names() if hasattr(here, f"setup_{name}")
    }
    return found | {
        "oracle_fusion invoices": setup_oracle_invoices,
        "oracle_fusion receipts": setup_oracle_receipts,
    }


def only_asks(world: World) -> bool:
    """Say whether `a_write` changes nothing in the system: an answer that was lost is then simply asked for again."""
    return getattr(world, "only_asks", False)


def effects_of_one(world: World) -> int:
    """Return how often a write that was done takes effect: once, and a question never."""
    return 0 if only_asks(world) else 1


def fault(kind: str, **changes: object) -> Fault:
    """Return a fault that strikes once, unless told otherwise."""
    return Fault(**{"id": kind, "kind": kind, **changes})  # type: ignore[arg-type]
