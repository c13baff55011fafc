"""The small services of the simulated Concur: vendors, budgets, subscriptions, exchange rates."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.adapters.concur_company import BEN, CHECKER, Company, a_report, d
from tests.adapters.contract import OPENAPI_FOLDER

VENDORS = "/api/v3.1/invoice/vendors"
BUDGETS = "/budget/v4/budgetItemHeader"
SUBSCRIPTIONS = "/events/v4/subscriptions"


def a_vendor(code: str = "V-1", **changes: Any) -> dict[str, Any]:
    return {
        "VendorCode": code,
        "AddressCode": "MAIN",
        "VendorName": "Harbour Paper Ltd",
        "Address1": "1 Quay",
        "City": "Cork",
        "PostalCode": "T12",
        "CountryCode": "IE",
        "CurrencyCode": "EUR",
        **changes,
    }


# Vendors


def test_each_vendor_has_its_own_outcome() -> None:
    """200 all the same."""
    company = Company()

    answer = company.send("POST", VENDORS, {"Vendor": [a_vendor(), a_vendor(), a_vendor("V-2", City="")]})

    assert ["SUCCESS", "ERROR", "ERROR"] == [one["StatusList"][0]["Code"] for one in answer["Vendor"]]
    assert (1, 2) == (
        answer["RequestRunSummary"]["RecordsSucceeded"],
        answer["RequestRunSummary"]["RecordsFailed"],
    )
    assert ["V-1"] == [one["VendorCode"] for one in company.concur.vendors()]


def test_a_vendor_is_changed_by_its_two_codes() -> None:
    """An unknown one is not made."""
    company = Company()
    company.concur.put_vendor(a_vendor())

    answer = company.send(
        "PUT",
        VENDORS,
        {"Vendor": [a_vendor(City="Dublin"), a_vendor("V-9"), a_vendor(PaymentMethodType="GOLD")]},
    )

    assert ["SUCCESS", "ERROR", "ERROR"] == [one["StatusList"][0]["Code"] for one in answer["Vendor"]]
    assert "Dublin" == company.concur.vendors()[0]["City"]


def test_vendors_are_found_and_deleted() -> None:
    """By text, page by page."""
    company = Company()
    for number in range(3):
        company.concur.put_vendor(a_vendor(f"V-{number}", VendorName=f"Paper {number}"))

    page = company.get(VENDORS, limit=2, searchType="begins", vendorName="paper")
    following = urlsplit(page["NextPage"])
    rest = company.call("GET", f"{following.path}?{following.query}").json()

    assert (3, 2, 1) == (page["TotalCount"], len(page["Vendor"]), len(rest["Vendor"]))
    assert 200 == company.call("DELETE", f"{VENDORS}?vendorCode=V-0&addressCode=MAIN").status_code
    assert 404 == company.call("DELETE", f"{VENDORS}?vendorCode=V-0&addressCode=MAIN").status_code
    assert 1 == len(company.get(VENDORS, vendorCode="V-1", approved="true")["Vendor"])


# Budgets


def test_budgets_show_what_is_left() -> None:
    """The list has no details; one budget has its periods and balances."""
    company = Company()
    year_id = company.concur.add_fiscal_year("FY 2026", date(2026, 1, 1))
    budget_id = company.concur.add_budget(
        "Sales travel",
        year_id=year_id,
        monthly=d("1000"),
        spent={"Mar 2026": d("600")},
        pending={"Mar 2026": d("500")},
        codes={"orgUnit2": "CC-210"},
        owner=BEN,
    )

    (header,) = company.get(BUDGETS, adminView="true")["budgetItemHeaders"]
    budget = company.get(f"{BUDGETS}/{budget_id}")
    (year,) = company.get("/budget/v4/fiscalYear")

    assert (12000, 10900) == (header["annualBudget"], header["budgetAmounts"]["availableAmount"])
    assert "budgetItemDetails" not in header
    march = budget["budgetItemDetails"][2]
    assert ("OVER", -100) == (march["budgetAmounts"]["threshold"], march["budgetAmounts"]["availableAmount"])
    assert ("Mar 2026", True) == (march["fiscalPeriod"]["name"], march["fiscalPeriod"]["currentPeriod"])
    assert ("2026-02-28", True) == (year["monthlyFiscalPeriods"][1]["endDate"], year["currentYear"])
    assert 404 == company.call("GET", f"{BUDGETS}/none").status_code


def test_fifty_budgets_make_a_page() -> None:
    """The next one by offset; fiscal years since an instant."""
    company = Company()
    year_id = company.concur.add_fiscal_year("FY 2026", date(2026, 1, 1))
    for number in range(51):
        company.concur.add_budget(f"B{number}", year_id=year_id, monthly=d("1"))

    page = company.get(BUDGETS)
    rest = company.get(BUDGETS, offset=50)

    assert (51, 50, 1) == (page["totalRows"], len(page["budgetItemHeaders"]), len(rest["budgetItemHeaders"]))
    assert page["next"]["href"].endswith("offset=50")
    assert "next" not in rest
    assert [] == company.get("/budget/v4/fiscalYear", lastModifiedAfter="2026-03-03T00:00:00")


# Subscriptions


def app_headers(company: Company, scopes: str = "events.topic.read FISVC") -> dict[str, str]:
    token = company.new_token(grant_type="client_credentials", scope=scopes)
    return {"Authorization": f"Bearer {token['access_token']}"}


def a_subscription(name: str = "finsync.fis", **changes: Any) -> dict[str, Any]:
    return {
        "id": name,
        "topic": "public.concur.financialintegration",
        "filter": "expense\\..*",
        "webHookConfig": {"endpoint": "https://relay.example.com/concur"},
        **changes,
    }


def test_a_subscription_gets_the_events_that_fit_from_then_on() -> None:
    """By topic and a pattern of the type."""
    company = Company()
    headers = app_headers(company)
    company.concur.approve_report(a_report())

    saved = company.call("PUT", f"{SUBSCRIPTIONS}/webhook", json=a_subscription(), headers=headers)
    report_id = company.concur.approve_report(a_report())

    assert "Subscription 'finsync.fis' saved successfully" == saved.json()["message"]
    (event,) = company.concur.delivered("finsync.fis")
    assert report_id == event["facts"]["documentId"]


def test_topics_need_their_scopes() -> None:
    """Without, the list is shorter and a subscription refused."""
    company = Company()
    headers = app_headers(company)
    topic = "public.concur.expense.report"

    assert ["public.concur.financialintegration"] == company.call(
        "GET", "/events/v4/topics", headers=headers
    ).json()
    body = a_subscription(topic=topic)
    assert 403 == company.call("PUT", f"{SUBSCRIPTIONS}/webhook", json=body, headers=headers).status_code
    assert 403 == company.call("GET", "/events/v4/topics").status_code


def test_subscriptions_are_listed_one_by_one_and_deleted() -> None:
    """Always an array; five at most."""
    company = Company()
    headers = app_headers(company)
    for number in range(5):
        company.call("PUT", f"{SUBSCRIPTIONS}/webhook", json=a_subscription(f"s{number}"), headers=headers)

    sixth = company.call("PUT", f"{SUBSCRIPTIONS}/webhook", json=a_subscription("s5"), headers=headers)

    assert 400 == sixth.status_code
    assert 5 == len(company.call("GET", SUBSCRIPTIONS, headers=headers).json())
    assert 200 == company.call("DELETE", f"{SUBSCRIPTIONS}/s0", headers=headers).status_code
    assert [] == company.call("GET", f"{SUBSCRIPTIONS}/s0", headers=headers).json()
    assert ["s1"] == [one["id"] for one in company.call("GET", f"{SUBSCRIPTIONS}/s1", headers=headers).json()]
    assert 404 == company.call("DELETE", f"{SUBSCRIPTIONS}/s0", headers=headers).status_code


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "Upper Case"},
        {"topic": "public.concur.pizza"},
        {"filter": "("},
        {"webHookConfig": {"endpoint": "http://relay.example.com"}},
    ],
)
def test_a_malformed_subscription_is_refused(changes: dict[str, Any]) -> None:
    """400 says why."""
    company = Company()

    answer = company.call(
        "PUT",
        f"{SUBSCRIPTIONS}/webhook",
        json=a_subscription(**changes),
        headers=app_headers(company),
        is_judged=False,
    )

    assert 400 == answer.status_code


# Exchange rates


def test_each_rate_has_its_own_outcome() -> None:
    """A repeat replaces; more than a hundred are too many."""
    company = Company()
    rate = {"from_crn_code": "USD", "to_crn_code": "EUR", "start_date": "2026-03-01", "rate": 0.8465}

    answer = company.send(
        "POST", "/exchangerate/v4/rates", {"currency_sets": [rate, rate | {"rate": 0.85}, rate | {"rate": 0}]}
    )

    assert ("PARTIAL_SUCCESS", [200, 200, 400]) == (
        answer["overallStatus"],
        [one["statusCode"] for one in answer["currencySets"]],
    )
    assert ["0.85"] == [one["rate"] for one in company.concur.world.state.rates]
    many = company.call(
        "POST", "/exchangerate/v4/rates", json={"currency_sets": [rate] * 101}, is_judged=False
    )
    assert 413 == many.status_code


# The contract


def test_the_contract_has_what_the_first_copy_lacked() -> None:
    """Every operation that the simulator serves is judged."""
    added = {
        "listVendors",
        "listTopics",
        "getSubscription",
        "getList",
        "getListItem",
        "createUser",
        "deleteUser",
    }

    assert added <= CHECKER.operation_names


def test_every_path_that_is_served_is_in_the_contract() -> None:
    """Nothing is served that no document describes."""
    company = Company()

    missing = [
        f"{one.method} {one.template}"
        for one in company.concur.endpoints()
        if not CHECKER.knows(one.method, one.template.replace("{", "").replace("}", ""))
    ]

    assert [] == missing


def test_every_operation_of_the_contract_is_served() -> None:
    """Besides the token, which has no endpoint of a service."""
    company = Company()

    served = {(one.method, blank(one.template)) for one in company.concur.endpoints()}

    document = yaml.safe_load((OPENAPI_FOLDER / "concur.openapi.yaml").read_text("utf-8"))
    described = {(method.upper(), blank(path)) for path, item in document["paths"].items() for method in item}
    assert {("POST", "/oauth2/v0/token")} == described - served


def blank(path: str) -> str:
    """Return a path whose variables have no names."""
    return re.sub(r"{\w+}", "{}", path)
