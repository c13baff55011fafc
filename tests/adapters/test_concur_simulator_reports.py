"""Expense v3 and v4 of the simulated Concur: lists, details, workflow, exceptions and comments."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from adapters.concur.simulator_plan import AdvanceUse
from adapters.concur.simulator_settings import Settings
from tests.adapters.concur_company import (
    ANA,
    BEN,
    FIS,
    Company,
    a_report,
    a_split,
    a_tax,
    an_entry,
    d,
)

V3 = "/api/v3.0/expense"
V4 = "/expensereports/v4"
VALIDATED = Settings(workflow=("manager", "validation", "processor"))


def ids(company: Company, **params: Any) -> list[str]:
    return [one["ID"] for one in company.get(f"{V3}/reports", user="ALL", **params)["Items"]]


def a_validated_report(company: Company) -> str:
    """Return a report that waits for external validation."""
    report_id = company.concur.submit_report(a_report())
    company.concur.approve_report(report_id, is_final=False)
    return report_id


def as_user(company: Company, login: str = BEN) -> dict[str, str]:
    """Return the headers of a user's own token."""
    token = company.new_token(
        grant_type="password", username=login, password="let me in", credtype="password"
    )
    return {"Authorization": f"Bearer {token['access_token']}"}


# v3


def test_the_whole_company_is_listed_with_user_all() -> None:
    """A company token has no reports of its own."""
    company = Company()
    one = company.concur.submit_report(a_report())
    two = company.concur.submit_report(a_report(employee=BEN))

    assert [one, two] == ids(company)
    assert [one] == [r["ID"] for r in company.get(f"{V3}/reports", user=ANA)["Items"]]
    assert [] == company.get(f"{V3}/reports")["Items"]
    assert [] == company.get(f"{V3}/reports", user="nobody@example.com")["Items"]


def test_a_next_page_names_another_host_and_carries_the_filters() -> None:
    """Its offset is opaque: a changed one, or one of another list, is refused."""
    company = Company()
    made = [company.concur.submit_report(a_report()) for _ in range(5)]
    company.concur.submit_report(a_report(employee=BEN))
    company.concur.submit_report(a_report())
    path, seen = f"{V3}/reports?user={ANA}&limit=2&approvalStatusCode=A_PEND", []

    while path:
        page = company.call("GET", path).json()
        seen += [one["ID"] for one in page["Items"]]
        following = page["NextPage"]
        path = following and f"{urlsplit(following).path}?{urlsplit(following).query}"
        assert following is None or following.startswith("https://www.concursolutions.com/api/v3.0/")

    assert made == seen[:5]
    assert 6 == len(seen)
    for offset in ("xyz", "bm90aGluZw=="):
        assert 400 == company.call("GET", f"{V3}/reports", params={"offset": offset}).status_code
    offset = (
        company.get(f"{V3}/reports", user="ALL", limit=1)["NextPage"]
        .partition("offset=")[2]
        .partition("&")[0]
    )
    assert 400 == company.call("GET", f"{V3}/entries?offset={offset}").status_code


def test_changes_since_an_instant_are_found() -> None:
    """Status changes move the date; an edited expense does not."""
    company = Company()
    one = company.concur.submit_report(a_report())
    two = company.concur.submit_report(a_report())
    company.clock.advance(timedelta(minutes=50))
    company.concur.approve_report(one)
    company.concur.edit_entry(two, 0, description="Changed")

    assert [one] == ids(company, modifiedDateAfter="2026-03-02T17:30:00")
    assert [two] == ids(company, modifiedDateBefore="2026-03-02T17:30:00.000")
    assert [one, two] == ids(company, modifiedDateAfter="2026-03-02")
    (entry,) = company.get(f"{V3}/entries", user="ALL", reportID=two)["Items"]
    assert ("Changed", "2026-03-02T17:50:00") == (entry["Description"], entry["LastModified"])


def test_a_company_may_show_header_changes_only() -> None:
    """Then not even a status moves the date."""
    company = Company(Settings(status_moves_modified=False))
    report_id = company.concur.submit_report(a_report())
    company.clock.advance(timedelta(minutes=50))
    company.concur.approve_report(report_id)

    assert [] == ids(company, modifiedDateAfter="2026-03-02T17:30:00")


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"approvalStatusCode": "A_APPR,A_ACCO"}, 1),
        ({"paymentStatusCode": "P_NOTP"}, 1),
        ({"currencyCode": "EUR"}, 2),
        ({"countryCode": "US"}, 0),
        ({"expenseTypeCode": "LODNG"}, 2),
        ({"paymentType": "CASH"}, 2),
        ({"vendorName": "Nobody"}, 0),
        ({"approverLoginID": BEN}, 1),
        ({"hasVAT": "true"}, 1),
        ({"hasBillableExpenses": "true"}, 0),
        ({"isTestUser": "false"}, 2),
        ({"processingPaymentDateAfter": "2026-03-01"}, 1),
        ({"paidDateAfter": "2026-03-01"}, 0),
        ({"submitDateAfter": "2026-03-01"}, 2),
        ({"createDateBefore": "2026-03-01"}, 0),
        ({"userDefinedDateAfter": "2026-03-01"}, 2),
        ({"entryTransactionDateAfter": "2026-02-28"}, 2),
        ({"entryTransactionDateBefore": "2026-02-28"}, 0),
    ],
)
def test_filters_narrow_the_list(filters: dict[str, str], count: int) -> None:
    """Codes, flags and dates; where they concern entries, one that fits is enough."""
    company = Company()
    company.concur.approve_report(a_report(an_entry(taxes=(a_tax(),))))
    company.concur.submit_report(a_report())

    assert count == len(ids(company, **filters))


@pytest.mark.parametrize(
    "query",
    ["modifiedDateAfter=yesterday", "modifiedDateAfter=2026-03-01T00:00:00Z", "hasVAT=maybe", "limit=0"],
)
def test_a_malformed_filter_is_refused(query: str) -> None:
    """400, in the words of the old services."""
    answer = Company().call("GET", f"{V3}/reports?{query}", is_judged=False)

    assert 400 == answer.status_code
    assert answer.json()["Message"]


def test_one_report_needs_its_owner() -> None:
    """ALL is refused there; another's login sees nothing."""
    company = Company()
    report_id = company.concur.submit_report(a_report())
    path = f"{V3}/reports/{report_id}"

    assert report_id == company.get(path, user=ANA)["ID"]
    assert 400 == company.call("GET", path).status_code
    assert 400 == company.call("GET", path, params={"user": "ALL"}, is_judged=False).status_code
    assert 404 == company.call("GET", path, params={"user": BEN}).status_code
    assert 404 == company.call("GET", f"{V3}/reports/00", params={"user": BEN}).status_code


def test_a_header_shows_who_gets_what() -> None:
    """Cash less advances and private charges goes to the employee, the card's part to the card."""
    company = Company()
    advance_id = company.concur.issue_cash_advance(ANA, d("20.00"), "EUR")
    report_id = company.concur.submit_report(
        a_report(
            an_entry("100.00"),
            an_entry("50.00", payment="company_card"),
            an_entry("8.00", payment="company_card", is_personal=True),
            an_entry("30.00", payment="company_paid"),
            advances=(AdvanceUse(advance_id=advance_id, amount=d("20.00")),),
        )
    )

    report = company.get(f"{V3}/reports/{report_id}", user=ANA)
    details = company.get(f"{V4}/users/{company.ana}/context/TRAVELER/reports/{report_id}")

    figures = ("Total", "TotalClaimedAmount", "PersonalAmount", "AmountDueEmployee", "AmountDueCompanyCard")
    assert [188, 180, 8, 72, 58] == [report[name] for name in figures]
    names = ("reportTotal", "claimedAmount", "personalAmount", "amountDueEmployee", "amountDueCompanyCard")
    assert [188, 180, 8, 72, 58] == [details[name]["value"] for name in names]
    assert 30 == details["amountCompanyPaid"]["value"]
    assert ("4500", "Ferrer, Ana") == (report["OrgUnit1"]["Value"], report["OwnerName"])


def test_entries_itemizations_and_allocations_are_lists_of_their_own() -> None:
    """Ids are protected; percentages are text; accounts are resolved."""
    company = Company()
    items = (an_entry("100.00", splits=(a_split("60", "CC-1"), a_split("40", "CC-2"))), an_entry("20.00"))
    report_id = company.concur.submit_report(a_report(an_entry("0", items=items), an_entry("5.00")))

    entries = company.get(f"{V3}/entries", user="ALL", reportID=report_id)["Items"]
    found = company.get(f"{V3}/itemizations", user="ALL", entryID=entries[0]["ID"])["Items"]
    shares = company.get(f"{V3}/allocations", user="ALL", itemizationID=found[0]["ID"])["Items"]

    assert [120, 5] == [one["PostedAmount"] for one in entries]
    assert [True, False] == [one["HasItemizations"] for one in entries]
    assert all(one["ID"].startswith("gW") for one in entries)
    assert [entries[0]["ID"]] * 2 == [one["EntryID"] for one in found]
    assert ["60.00000000", "40.00000000"] == [one["Percentage"] for one in shares]
    assert ("474210", "CC-1") == (shares[0]["AccountCode1"], shares[0]["Custom2"]["Code"])
    assert 400 == company.call("GET", f"{V3}/allocations?limit=101").status_code
    assert 4 == len(company.get(f"{V3}/allocations", user="ALL", reportID=report_id)["Items"])


# v4


def test_a_report_is_read_through_its_contexts() -> None:
    """The owner's, the approver's; not every context sees everything, nobody sees another's."""
    company = Company()
    report_id = company.concur.submit_report(a_report())

    def status(user: str, context: str, below: str = "") -> int:
        path = f"{V4}/users/{user}/context/{context}/reports/{report_id}{below}"
        return company.call("GET", path).status_code

    assert 200 == status(company.ana, "TRAVELER")
    assert 200 == status(company.ben, "MANAGER")
    assert 200 == status(company.ben, "PROCESSOR")
    assert 404 == status(company.ben, "TRAVELER")
    assert 404 == status(company.ana, "MANAGER")
    assert 403 == status(company.ben, "MANAGER", "/expenses")
    assert 404 == status(company.ana, "TRAVELER", "/expenses/00")


def test_expenses_and_allocations_have_the_ids_of_the_document() -> None:
    """What is read before the approval is found again in the financial document."""
    company = Company()
    splits = (a_split("50", "CC-1"), a_split("50", "CC-2"))
    report_id = company.concur.approve_report(a_report(an_entry(splits=splits, taxes=(a_tax(),))))
    base = f"{V4}/users/{company.ana}/context/TRAVELER/reports/{report_id}/expenses"

    (summary,) = company.get(base)
    detail = company.get(f"{base}/{summary['expenseId']}")
    allocations = company.get(f"{base}/{summary['expenseId']}/allocations")
    (entry,) = company.get(FIS)["content"][0]["document"]["expenseEntry"]

    assert entry["entryId"] == summary["expenseId"]
    assert [one["allocationId"] for one in entry["allocation"]] == [
        one["allocationId"] for one in allocations
    ]
    assert [59.5, 59.5] == [one["approvedAmount"]["value"] for one in allocations]
    assert 19 == detail["expenseTaxSummary"]["totalTaxPostedAmount"]["value"]
    assert (
        "0E-8" in company.call("GET", f"{V4}/users/{company.ana}/context/TRAVELER/reports/{report_id}").text
    )


def test_items_are_listed_below_their_expense() -> None:
    """The list of expenses shows parents only."""
    company = Company()
    items = (an_entry("100.00"), an_entry("20.00"))
    report_id = company.concur.submit_report(a_report(an_entry("0", items=items)))
    base = f"{V4}/users/{company.ana}/context/TRAVELER/reports/{report_id}/expenses"

    (parent,) = company.get(base)
    found = company.get(f"{base}/{parent['expenseId']}/itemizations")

    assert [parent["expenseId"]] * 2 == [one["parentExpenseId"] for one in found]
    assert 120 == parent["postedAmount"]["value"]


def test_list_fields_hold_the_item_and_a_link_to_it() -> None:
    """Not the code: that is behind the link."""
    company = Company()
    list_id = company.concur.add_list("Cost centres", fields=["allocation.custom2"])
    item_id = company.concur.add_list_item(list_id, "CC-1", "Sales")
    report_id = company.concur.submit_report(a_report(an_entry(splits=(a_split("100", "CC-1"),))))
    base = f"{V4}/users/{company.ana}/context/TRAVELER/reports/{report_id}/expenses"
    expense_id = company.get(base)[0]["expenseId"]

    (allocation,) = company.get(f"{base}/{expense_id}/allocations")

    (field,) = [one for one in allocation["customData"] if one["id"] == "custom2"]
    assert item_id.replace("-", "") == field["value"]
    assert "CC-1" == company.get(urlsplit(field["listItemUrl"]).path)["code"]


def test_tax_lines_are_read_and_set() -> None:
    """Until the final approval; the document has what was set."""
    company = Company(VALIDATED)
    report_id = company.concur.submit_report(a_report(an_entry(taxes=(a_tax(),))))
    company.concur.approve_report(report_id, is_final=False)
    expense_id = company.get(f"{V4}/users/{company.ana}/context/TRAVELER/reports/{report_id}/expenses")[0][
        "expenseId"
    ]
    path = f"{V4}/reports/{report_id}/expenses/{expense_id}"
    (tax,) = company.get(f"{path}/taxes")["expenseTaxes"]
    change = {"taxTransactionAmount": 19.0, "reclaimTransactionAmount": 9.5, "taxCode": "V2"}

    company.send("PATCH", f"{path}/tax/{tax['taxAuthorityId']}", change, 204)

    assert 404 == company.call("PATCH", f"{path}/tax/none", json=change).status_code
    company.concur.approve_report(report_id)
    (entry,) = company.get(FIS)["content"][0]["document"]["expenseEntry"]
    (allocation,) = entry["allocation"]
    assert (9.5, "V2") == (allocation["tax"][0]["amountReclaim"], allocation["tax"][0]["taxCode"])
    assert (100, 109.5) == (
        allocation["journal"][0]["amountNetOfTax"],
        allocation["journal"][0]["amountNetOfReclaim"],
    )
    assert 400 == company.call("PATCH", f"{path}/tax/{tax['taxAuthorityId']}", json=change).status_code


# Workflow


def test_an_integration_approves_in_its_own_step() -> None:
    """With the guard it can't approve another's; a second time the report has moved on."""
    company = Company(VALIDATED)
    report_id = a_validated_report(company)
    path = f"{V4}/reports/{report_id}/approve"

    assert [report_id] == ids(company, approvalStatusCode="A_EXTV")
    refused = company.call("PATCH", path, json={"expectedStepCode": "OTHER"})
    company.send("PATCH", path, {"comment": "Checked", "expectedStepCode": "EXTVAL"}, 204)

    assert 400 == refused.status_code
    assert "error.workflow.step_mismatch" == refused.json()["validationErrors"][0]["id"]
    assert "A_ACCO" == company.concur.report(report_id)["approval_status"]
    again = company.call("PATCH", path, json={"expectedStepCode": "EXTVAL"})
    assert "error.workflow.invalid_action" == again.json()["validationErrors"][0]["id"]


def test_a_report_in_a_persons_step_is_not_the_integrations() -> None:
    """400 for the company's token."""
    company = Company(VALIDATED)
    report_id = company.concur.submit_report(a_report())

    assert 400 == company.call("PATCH", f"{V4}/reports/{report_id}/approve", json={}).status_code
    assert 404 == company.call("PATCH", f"{V4}/reports/00/approve", json={}).status_code


def test_a_report_is_sent_back_with_a_reason() -> None:
    """Which is required; the owner sees it and submits again."""
    company = Company(VALIDATED)
    report_id = a_validated_report(company)
    path = f"{V4}/reports/{report_id}/sendBack"

    assert 400 == company.call("PATCH", path, json={"comment": ""}).status_code
    company.send("PATCH", path, {"comment": "Cost centre 4711 is closed"}, 204)

    report = company.concur.report(report_id)
    assert ("A_RESU", "P_NOTP") == (report["approval_status"], report["payment_status"])
    assert ["Cost centre 4711 is closed"] == report["comments"]
    assert "SENDBACK" == company.concur.events[-1]["facts"]["stepCode"]
    company.send("PATCH", f"{V4}/users/{company.ana}/reports/{report_id}/submit", None, 204)
    assert "A_PEND" == company.concur.report(report_id)["approval_status"]


def test_another_operation_holds_a_report() -> None:
    """409 meanwhile."""
    company = Company(VALIDATED)
    report_id = a_validated_report(company)
    company.concur.lock_report(report_id)

    assert 409 == company.call("PATCH", f"{V4}/reports/{report_id}/approve", json={}).status_code
    company.concur.lock_report(report_id, is_locked=False)
    assert 204 == company.call("PATCH", f"{V4}/reports/{report_id}/approve", json={}).status_code


def test_an_approver_decides_what_waits_for_them() -> None:
    """With a token of their own, and not in a system step."""
    company = Company(VALIDATED)
    one, two = company.concur.submit_report(a_report()), a_validated_report(company)
    headers = as_user(company)
    manager = f"{V4}/users/{company.ben}/context/MANAGER"

    waiting = company.get(f"{manager}/reportsToApprove")
    approved = company.call(
        "PATCH", f"{manager}/reports/{one}/approve", json={"comment": "OK"}, headers=headers
    )
    system = company.call("PATCH", f"{manager}/reports/{two}/approve", json={}, headers=headers)
    again = company.call(
        "PATCH", f"{manager}/reports/{one}/sendBack", json={"comment": "No"}, headers=headers
    )

    assert [one] == [report["reportId"] for report in waiting]
    assert [204, 403, 403] == [answer.status_code for answer in (approved, system, again)]
    assert BEN == company.concur.report(one)["decisions"][-1]["by"]


def test_an_owner_takes_a_report_back() -> None:
    """From the workflow; others' reports are not theirs."""
    company = Company()
    own = company.concur.submit_report(a_report(employee=BEN))
    other = company.concur.submit_report(a_report())
    headers = as_user(company)
    base = f"{V4}/users/{company.ben}/context/TRAVELER/reports"

    assert 204 == company.call("PATCH", f"{base}/{own}/recall", headers=headers).status_code
    assert 404 == company.call("PATCH", f"{base}/{other}/recall", headers=headers).status_code
    assert "A_RESU" == company.concur.report(own)["approval_status"]


# Exceptions and comments


def test_exceptions_are_put_once_and_taken_off() -> None:
    """On a report, an expense, an allocation; a repeat changes who sees it."""
    company = Company()
    report_id = company.concur.submit_report(a_report())
    report = f"{V4}/reports/{report_id}"
    base = f"{V4}/users/{company.ana}/context/TRAVELER/reports/{report_id}/expenses"
    expense_id = company.get(base)[0]["expenseId"]
    allocation_id = company.get(f"{base}/{expense_id}/allocations")[0]["allocationId"]
    expense = f"{report}/expenses/{expense_id}"

    for place in (report, expense, f"{expense}/allocations/{allocation_id}"):
        company.send("PUT", f"{place}/exceptions", {"exceptionCode": "LEDGMAP", "exceptionVisibility": "ALL"})
    company.send(
        "PUT", f"{report}/exceptions", {"exceptionCode": "LEDGMAP", "exceptionVisibility": "PROCESSOR"}
    )

    assert 3 == len(company.get(f"{report}/exceptions"))
    (header,) = company.get(f"{report}/exceptions", excludeExpenses="true")
    assert "PROCESSOR" == header["exceptionVisibility"]
    assert 2 == len(company.get(f"{expense}/exceptions"))
    assert company.get(f"{V3}/reports/{report_id}", user=ANA)["HasException"]
    company.send("DELETE", f"{report}/exceptions/LEDGMAP", None, 204)
    assert 404 == company.call("DELETE", f"{report}/exceptions/LEDGMAP").status_code


@pytest.mark.parametrize(
    "body",
    [
        {"exceptionCode": "LEDGERMAP", "exceptionVisibility": "ALL"},
        {"exceptionCode": "LEDGMAP", "exceptionVisibility": "NOBODY"},
        {"exceptionCode": "UNKNOWN", "exceptionVisibility": "ALL"},
    ],
)
def test_an_exception_that_is_not_configured_is_refused(body: dict[str, str]) -> None:
    """Eight characters, three visibilities, and the company's own codes."""
    company = Company(Settings(exception_codes=frozenset({"LEDGMAP"})))
    report_id = company.concur.submit_report(a_report())

    answer = company.call("PUT", f"{V4}/reports/{report_id}/exceptions", json=body, is_judged=False)

    assert 400 == answer.status_code


def test_comments_are_not_the_same_comment() -> None:
    """A repeat is a second one: look before."""
    company = Company()
    report_id = company.concur.submit_report(a_report())
    path = f"{V4}/reports/{report_id}/comments"

    for _ in range(2):
        company.send("POST", path, {"comment": "[finsync 01H] No account"}, 201)

    found = company.get(path)
    assert ["[finsync 01H] No account"] * 2 == [one["comment"] for one in found]
    assert [False, True] == [one["isLatest"] for one in found]
    too_long = company.call("POST", path, json={"comment": "x" * 2001}, is_judged=False)
    assert 400 == too_long.status_code


def test_a_deleted_report_is_gone() -> None:
    """404, and an event."""
    company = Company()
    report_id = company.concur.create_report(a_report())

    company.concur.delete_report(report_id)

    assert 404 == company.call("GET", f"{V3}/reports/{report_id}", params={"user": ANA}).status_code
    assert "reportDeleted" == company.concur.events[-1]["eventType"]
