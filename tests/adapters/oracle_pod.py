"""A simulated Oracle pod with one company, and a client that has every exchange judged by the OpenAPI copy."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import httpx

from adapters.oracle_fusion.simulator import OracleFusionSimulator
from adapters.oracle_fusion.simulator_settings import SimulatorSettings
from adapters.simulation import FaultPlan
from store.clock import VirtualClock
from tests.adapters.contract import OPENAPI_FOLDER, ContractChecker, checking_transport

START = datetime(2026, 2, 3, 9, tzinfo=UTC)
ROOT = "/fscmRestApi/resources/11.13.18.05"
ACTION = "application/vnd.oracle.adf.action+json"
BATCH = "application/vnd.oracle.adf.batch+json"
UNIT, BUYER, CATEGORY, CHART = 300000001000011, 300000001200045, 300000000900012, 101
ACCOUNT = "01-420-7110-0000-000"
SEGMENTS = ("Company", "Cost Center", "Account", "Product", "Project")
VALUES = {
    "UK Company": "01 02",
    "UK Cost Center": "420 430",
    "UK Account": "7110 7210",
    "UK Product": "0000",
    "UK Project": "000",
}


@cache
def checker() -> ContractChecker:
    return ContractChecker(OPENAPI_FOLDER / "oracle_fusion.openapi.yaml")


class Pod:
    """The simulator, its clock, and calls to it."""

    def __init__(self, **settings: Any) -> None:
        self.clock = VirtualClock(START)
        self.faults = FaultPlan(self.clock)
        self.simulator = self.another(**settings)
        self.framework: str | None = "4"
        self.auth: tuple[str, str] | None = ("finsync", "s3cret")
        self._fill()

    def another(self, **settings: Any) -> OracleFusionSimulator:
        """Return an empty simulator with the same clock and credentials."""
        return OracleFusionSimulator(
            self.clock,
            name="oracle-emea",
            user="finsync",
            password="s3cret",
            client_id="client",
            client_secret="client-s3cret",
            faults=self.faults,
            settings=SimulatorSettings(**settings),
        )

    def _fill(self) -> None:
        pod = self.simulator
        pod.add_chart(CHART, "UK Chart", [(name, f"UK {name}") for name in SEGMENTS])
        pod.add_ledger("UK Ledger", "GBP", CHART)
        pod.add_business_unit(UNIT, "UK Operations", ledger="UK Ledger", legal_entity="UK01")
        pod.add_agent(BUYER, "Buyer, Ann", "ann@example.com", UNIT)
        pod.add_category(CATEGORY, "Furniture")
        for value_set, values in VALUES.items():
            for value in values.split():
                pod.set_value(value_set, value)
        pod.set_period("UK Ledger", "Feb-26", date(2026, 2, 1), date(2026, 2, 28))
        pod.set_period("UK Ledger", "Mar-26", date(2026, 3, 1), date(2026, 3, 31))
        self.supplier_id = pod.add_supplier(
            "Harbor Office Supply Ltd",
            units=[UNIT],
            country="GB",
            taxpayer_id="GB123456789",
            bank_accounts=["GB33BUKB20201555555555"],
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        is_judged: bool = True,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Send one request; `is_judged=False` for those that are wrong on purpose."""
        asgi: httpx.AsyncBaseTransport = httpx.ASGITransport(app=self.simulator.app)
        transport = checking_transport(asgi, checker()) if is_judged else asgi
        version = {} if self.framework is None else {"REST-Framework-Version": self.framework}

        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=transport, base_url="https://pod.test", auth=self.auth
            ) as client:
                target = path if "://" in path or path.startswith("/oauth2") else f"{ROOT}/{path}".rstrip("/")
                return await client.request(method, target, headers={**version, **(headers or {})}, **more)

        return asyncio.run(send())

    def get(self, path: str, *, is_judged: bool = True, **params: Any) -> httpx.Response:
        return self.call("GET", path, params=params, is_judged=is_judged)

    def items(self, path: str, **params: Any) -> list[dict[str, Any]]:
        found = self.get(path, **params)
        assert found.status_code == 200, found.text
        return list(found.json()["items"])

    def post(self, path: str, body: Any, **more: Any) -> httpx.Response:
        return self.call("POST", path, json=body, **more)

    def patch(self, path: str, body: Any, **more: Any) -> httpx.Response:
        return self.call("PATCH", path, json=body, **more)

    def act(self, href: str, name: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = {"content-type": ACTION}
        return self.call("POST", f"{href}/action/{name}", json=body or {}, headers=headers, **more)

    def submit(self, href: str, **more: Any) -> httpx.Response:
        return self.act(href, "submit", {"validateBeforeSubmitFlag": True, **more})

    def create(self, **changes: Any) -> dict[str, Any]:
        """Create an order; return the answer's body."""
        found = self.post("draftPurchaseOrders", self.an_order(**changes))
        assert found.status_code == 201, found.text
        return dict(found.json())

    def issue(self, **changes: Any) -> dict[str, Any]:
        """Create an order and have it approved; return the draft's body as it is then."""
        href = own(self.create(**changes))
        assert self.submit(href).json() == {"result": "SUCCESS"}
        self.clock.advance(timedelta(days=3))
        return dict(self.get(href, expand="lines.schedules.distributions").json())

    def issued(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Return the order as `purchaseOrders` shows it."""
        (found,) = self.items("purchaseOrders", q=f"POHeaderId={order['POHeaderId']}", expand="lines")
        return found

    def an_order(self, **changes: Any) -> dict[str, Any]:
        return {
            "ProcurementBUId": UNIT,
            "RequisitioningBUId": UNIT,
            "DocumentStyleId": 1,
            "BuyerId": BUYER,
            "SupplierId": self.supplier_id,
            "CurrencyCode": "GBP",
            "Description": "Coupa PO 100234",
            "NoteToReceiver": "coupa:100234",
            "lines": [a_line()],
            **changes,
        }


def a_pod(**settings: Any) -> Pod:
    return Pod(**settings)


def a_line(number: int = 1, quantity: str = "2", price: str = "550.00", **changes: Any) -> dict[str, Any]:
    """Return a line with one schedule and one distribution. Numbers travel as text, which Oracle takes too."""
    return {
        "LineNumber": number,
        "LineType": "Goods",
        "Description": "Standing desk",
        "CategoryId": CATEGORY,
        "Quantity": quantity,
        "UOMCode": "Ea",
        "Price": price,
        "schedules": [a_schedule(quantity)],
        **changes,
    }


def a_schedule(quantity: str = "2", **changes: Any) -> dict[str, Any]:
    return {
        "ScheduleNumber": 1,
        "Quantity": quantity,
        "ShipToLocationId": 300000000700004,
        "RequestedDeliveryDate": "2026-02-20",
        "distributions": [a_distribution(Quantity=quantity)],
        **changes,
    }


def a_distribution(number: int = 1, account: str = ACCOUNT, **changes: Any) -> dict[str, Any]:
    return {"DistributionNumber": number, "POChargeAccount": account, **changes}


def split_line(*accounts: str, quantity: str, price: str, sizes: list[str]) -> dict[str, Any]:
    """Return a line whose one schedule is split between accounts."""
    rows = [
        a_distribution(n, account, Quantity=size)
        for n, (account, size) in enumerate(zip(accounts, sizes, strict=True), 1)
    ]
    return a_line(quantity=quantity, price=price, schedules=[a_schedule(quantity, distributions=rows)])


def own(document: Mapping[str, Any]) -> str:
    """Return an item's self link."""
    return next(str(link["href"]) for link in document["links"] if link["rel"] == "self")


def etag(document: Mapping[str, Any]) -> str:
    return next(
        str(link["properties"]["changeIndicator"]) for link in document["links"] if link["rel"] == "self"
    )


def first(document: Mapping[str, Any], *path: str) -> dict[str, Any]:
    """Return the first row below a document: `first(order, "lines", "schedules")`."""
    found = dict(document)
    for name in path:
        found = dict(found[name]["items"][0])
    return found


def complaint(answer: httpx.Response) -> tuple[str, str]:
    """Return code and text of the first problem of a 400."""
    assert answer.status_code == 400, answer.text
    detail = answer.json()["o:errorDetails"][0]
    return detail["o:errorCode"], detail["detail"]


def money(text: str) -> Decimal:
    return Decimal(text)
