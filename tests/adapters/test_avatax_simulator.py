"""The simulated AvaTax itself: what it keeps, what it refuses, and that every exchange is one its contract allows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from adapters.avatax.simulator import AvaTaxSimulator
from adapters.avatax.simulator_settings import Settings
from store.clock import VirtualClock
from tests.adapters.contract import checking_transport
from tests.adapters.setup_avatax import START, checker

CLIENT = {"X-Avalara-Client": "test; 1; test; 1; test"}
LOGIN = ("1100012345", "key")


def a_simulator(**settings: Any) -> AvaTaxSimulator:
    return AvaTaxSimulator(
        VirtualClock(START), user=LOGIN[0], password=LOGIN[1], settings=Settings(**settings)
    )


def ask(
    simulator: AvaTaxSimulator, method: str, path: str, *, login: tuple[str, str] | None = LOGIN, **parts: Any
) -> httpx.Response:
    """Send one request; both sides of it are judged."""

    async def send() -> httpx.Response:
        transport = checking_transport(httpx.ASGITransport(app=simulator.app), checker())
        async with httpx.AsyncClient(
            transport=transport, base_url="https://rest.avatax.test/api/v2"
        ) as client:
            return await client.request(method, path, auth=login, headers=CLIENT, **parts)

    return asyncio.run(send())


def a_body(**changes: Any) -> dict[str, Any]:
    """Return a purchase that can be calculated."""
    return {
        "type": "PurchaseOrder",
        "companyCode": "DEFAULT",
        "code": "D-1",
        "date": "2026-01-05",
        "customerCode": "V-1",
        "currencyCode": "EUR",
        "addresses": {"shipFrom": {"country": "DE"}, "shipTo": {"country": "DE"}},
        "lines": [{"number": "1", "amount": 100, "taxCode": "PS080100"}],
        **changes,
    }


def create(simulator: AvaTaxSimulator, include: str = "Lines,Details", **changes: Any) -> httpx.Response:
    return ask(
        simulator, "POST", "/transactions/create", params={"$include": include}, json=a_body(**changes)
    )


def reasons(response: httpx.Response) -> list[str]:
    return [one["code"] for one in response.json()["error"]["details"]]


def test_an_order_is_calculated_and_forgotten_an_invoice_is_kept() -> None:
    """PurchaseOrder leaves nothing, PurchaseInvoice is there to be read."""
    simulator = a_simulator()

    order = create(simulator).json()
    kept = ask(simulator, "GET", "/companies/DEFAULT/transactions/D-1")
    invoice = create(simulator, type="PurchaseInvoice").json()
    read = ask(simulator, "GET", "/companies/DEFAULT/transactions/D-1").json()

    assert ("Temporary", 0, 404) == (order["status"], order["id"], kept.status_code)
    assert ("Saved", "Saved", 19) == (invoice["status"], read["status"], read["totalTax"])


def test_a_saved_document_is_replaced_a_committed_one_stands() -> None:
    """The same code again: until it is committed the last one counts, afterwards it is a conflict."""
    simulator = a_simulator()
    lines = [{"number": "1", "amount": 200, "taxCode": "PS080100"}]

    create(simulator, type="PurchaseInvoice")
    second = create(simulator, type="PurchaseInvoice", lines=lines, commit=True).json()
    third = create(simulator, type="PurchaseInvoice")

    assert ("Committed", 38) == (second["status"], second["totalTax"])
    assert (400, ["DocumentCodeConflict"]) == (third.status_code, reasons(third))
    assert 1 == len(simulator.documents)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"customerCode": ""}, "ValueRequiredError"),
        ({"type": "SalesOrder"}, "InvalidEnumValue"),
        ({"companyCode": "NOBODY"}, "EntityNotFoundError"),
        ({"date": "soon"}, "DateFormatError"),
        ({"lines": []}, "MissingLine"),
        ({"lines": [{"number": "1"}]}, "ValueRequiredError"),
        ({"lines": [{"amount": 1}, {"amount": 2}, {"amount": 3}]}, "RequestTooLarge"),
        ({"addresses": {}}, "MissingAddress"),
        ({"addresses": {"shipFrom": {"country": "DE"}}}, "MissingAddress"),
        ({"addresses": {"shipTo": {"country": "ZZ"}}}, "InvalidCountry"),
        ({"addresses": {"shipTo": {"country": "US"}}}, "InvalidAddress"),
        ({"addresses": {"shipTo": {"country": "US", "postalCode": "9"}}}, "InvalidAddress"),
        ({"code": "x" * 51}, "StringLengthError"),
        ({"taxOverride": {"type": "VendorChargedTax", "taxAmount": 1}}, "ValueRequiredError"),
    ],
)
def test_what_the_real_one_refuses_is_refused(changes: Mapping[str, Any], code: str) -> None:
    """Each refusal has the vendor's envelope, its code, and leaves nothing behind."""
    simulator = a_simulator(lines_max=2)
    body = a_body(type="PurchaseInvoice") | dict(changes)

    async def send() -> (
        httpx.Response
    ):  # what is sent breaks the contract on purpose: only the answer is judged
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=simulator.app), base_url="https://rest.avatax.test"
        ) as client:
            return await client.post("/api/v2/transactions/create", json=body, auth=LOGIN, headers=CLIENT)

    answer = asyncio.run(send())
    request = httpx.Request(
        "POST", "https://rest.avatax.test/api/v2/transactions/create", json=a_body(), headers=CLIENT
    )
    checker().check_exchange(request, answer)

    assert [code] == reasons(answer)
    assert 0 == len(simulator.documents)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"$filter": "weather eq 'fine'"}, "InvalidQueryField"),
        ({"$filter": "taxCode"}, "InvalidQueryValue"),
        ({"$orderBy": "weather"}, "InvalidQueryField"),
    ],
)
def test_queries_that_make_no_sense_are_refused(query: dict[str, str], code: str) -> None:
    """A field that can't be asked for, a filter that can't be read."""
    answer = ask(a_simulator(), "GET", "/definitions/taxcodes", params=query)

    assert (400, [code]) == (answer.status_code, reasons(answer))


def test_the_catalogue_has_40_codes_and_pages() -> None:
    """Filter, order, top and skip; the link leads to the next page."""
    simulator = a_simulator()
    query = {
        "$filter": "taxCodeTypeId eq 'P' and isActive eq true",
        "$orderBy": "taxCode DESC",
        "$top": 5,
        "$skip": 5,
    }

    whole = ask(simulator, "GET", "/definitions/taxcodes").json()
    page = ask(simulator, "GET", "/definitions/taxcodes", params=query).json()

    assert 40 == whole["@recordsetCount"] == len(whole["value"])
    assert "@nextLink" not in whole
    assert 5 == len(page["value"])
    assert "skip=10" in page["@nextLink"]
    assert page["value"] == sorted(page["value"], key=lambda one: str(one["taxCode"]), reverse=True)


@pytest.mark.parametrize(
    ("address", "status", "found"),
    [
        ({"postalCode": "98104", "country": "US"}, 200, 1),
        ({"line1": "1 Main", "city": "Nowhere", "region": "ND"}, 200, 0),
        ({"city": "Seattle"}, 400, None),
        ({"postalCode": "10115", "country": "DE"}, 400, None),
    ],
)
def test_addresses_are_resolved_in_north_america_only(
    address: dict[str, str], status: int, found: int | None
) -> None:
    """With a postal code, or with street, city and region."""
    answer = ask(a_simulator(), "GET", "/addresses/resolve", params=address)

    assert status == answer.status_code
    assert found == (len(answer.json()["validatedAddresses"]) if found is not None else None)


def test_ping_answers_anybody_everything_else_does_not() -> None:
    """A wrong key is told by ping, and refused by the rest."""
    simulator = a_simulator()
    wrong = (LOGIN[0], "no")

    pings = [
        ask(simulator, "GET", "/utilities/ping", login=one).json()["authenticated"]
        for one in (LOGIN, wrong, None)
    ]
    refused = ask(simulator, "GET", "/definitions/entityusecodes", login=wrong)

    assert [True, False, False] == pings
    assert (401, ["AuthenticationException"]) == (refused.status_code, reasons(refused))
    assert 4 == len(ask(simulator, "GET", "/definitions/entityusecodes").json()["value"])


def test_only_what_was_asked_for_is_in_the_answer() -> None:
    """Without `Lines` no lines, without `Details` none of theirs; an unknown part is refused."""
    simulator = a_simulator()

    assert "lines" not in create(simulator, "Summary").json()
    assert "details" not in create(simulator, "Lines").json()["lines"][0]
    assert "summary" in create(simulator, "Summary").json()


def test_a_simulator_goes_on_from_what_was_written_down() -> None:
    """Codes, documents and counts are the same after a dump and a load."""
    simulator = a_simulator()
    create(simulator, type="PurchaseInvoice")
    simulator.put_code("X1", "New")

    other = AvaTaxSimulator(VirtualClock(START), user=LOGIN[0], password=LOGIN[1], has_catalogue=False)
    other.load(simulator.dump())

    assert simulator.dump() == other.dump()
    assert 19 == ask(other, "GET", "/companies/DEFAULT/transactions/D-1").json()["totalTax"]


def test_every_operation_of_the_contract_is_served() -> None:
    """The document describes no more and no less than the simulator offers."""
    routes = a_simulator()._routed.routes
    served = {
        (method, route.path)  # type: ignore[attr-defined]
        for route in routes
        for method in route.methods  # type: ignore[attr-defined]
        if method != "HEAD"
    }

    assert checker().operation_count == len(served)
    for method, path in served:
        assert checker().knows(method, path.replace("{company}", "C").replace("{code}", "D"))


def _with_line(**changes: Any) -> dict[str, Any]:
    return {"lines": [{"number": "1", "amount": 100, "taxCode": "PS080100", **changes}]}


_CHARGED = {"type": "VendorChargedTax", "taxAmount": 19, "reason": "as charged"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"nonsense": 1}, "JsonFormatError"),
        (_with_line(unitPrice=5), "JsonFormatError"),
        ({"lines": ["no line"]}, "JsonFormatError"),
        ({"lines": _with_line()["lines"] * 2}, "GetTaxError"),
        ({"lines": [{"amount": 1}, {"number": "1", "amount": 1}]}, "GetTaxError"),
        ({"taxOverride": _CHARGED, **_with_line(taxOverride=_CHARGED)}, "GetTaxError"),
        ({"taxOverride": {"type": "VendorChargedTax", "reason": "none said"}}, "ValueRequiredError"),
        ({"taxOverride": {**_CHARGED, "amount": 1}}, "JsonFormatError"),
    ],
)
def test_a_body_that_means_nothing_or_two_things_is_refused(changes: dict[str, Any], code: str) -> None:
    """Two lines of one number, strange members, two overrides for one line, a charged tax without an amount."""

    async def send() -> httpx.Response:
        app = httpx.ASGITransport(app=a_simulator().app)
        async with httpx.AsyncClient(transport=app, base_url="https://rest.avatax.test/api/v2") as client:
            return await client.post(
                "/transactions/create", auth=LOGIN, headers=CLIENT, json=a_body(**changes)
            )

    answer = asyncio.run(send())

    assert (400, [code]) == (answer.status_code, reasons(answer))
