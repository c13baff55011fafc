"""A simulated company is written down and goes on, whatever it was in the middle of."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from tests.adapters.concur_company import ANA, BEN, FIS, Company, a_report, a_split, a_tax, an_entry, d


def a_busy_company() -> Company:
    """Return a company with something of everything."""
    company = Company()
    concur = company.concur
    list_id = concur.add_list("Cost centres", level_count=2, fields=["allocation.custom2"])
    concur.add_list_item(list_id, "CC-1", "Sales")
    concur.put_vendor({"VendorCode": "V", "AddressCode": "A"})
    year_id = concur.add_fiscal_year("FY 2026", date(2026, 1, 1))
    concur.add_budget("Travel", year_id=year_id, monthly=d("10"))
    concur.set_delegates(BEN, [ANA])
    concur.issue_cash_advance(ANA, d("300.00"), "EUR")
    concur.request_funds_check(a_report())
    splits = (a_split("33.33", "CC-1"), a_split("66.67", "CC-1"))
    document = company.a_document(an_entry("10.01", splits=splits, taxes=(a_tax("1.60", "0.80"),)))
    company.acknowledge(document["id"])
    company.post(document["id"])
    company.pay(document["id"])
    company.send(
        "PATCH",
        f"/profile/v4/Users/{company.ana}",
        {"Operations": [{"op": "replace", "path": "title", "value": "CFO"}]},
    )
    return company


def test_everything_survives_as_json() -> None:
    """Written, read and written again it is the same, and goes on with the same ids."""
    company, other = a_busy_company(), Company()
    state = json.loads(json.dumps(company.concur.dump()))

    other.concur.load(state)

    assert state == json.loads(json.dumps(other.concur.dump()))
    assert company.concur.documents() == other.concur.documents()
    assert company.a_document() == other.a_document()
    other.clock.advance(timedelta(seconds=30))
    other.concur.settle_due()
    assert "provisionCompleted" in [one["eventType"] for one in other.concur.events]


def test_a_state_of_another_version_is_not_read() -> None:
    """Rather than half of it."""
    company = Company()
    state = company.concur.dump()
    state["world"]["version"] = 99

    with pytest.raises(ValueError, match="version 99"):
        company.concur.load(state)


def test_people_and_reports_that_are_not_there_are_named() -> None:
    """The hands say what is wrong."""
    concur = Company().concur

    with pytest.raises(KeyError, match="no user nobody"):
        concur.submit_report(a_report(employee="nobody"))
    with pytest.raises(KeyError, match="no report 00"):
        concur.approve_report("00")
    with pytest.raises(ValueError, match="there is a user"):
        concur.add_user(ANA, employee_number="1", given_name="A", family_name="B")
    with pytest.raises(KeyError, match="no item X"):
        concur.delete_list_item(concur.add_list("L"), "X")
    with pytest.raises(ValueError, match="1 to 10 levels"):
        concur.add_list("L", level_count=11)
    with pytest.raises(ValueError, match="transaction_amount"):
        concur.create_report(a_report(an_entry(transaction_currency="USD")))


def test_reports_are_their_owners_or_nobodys() -> None:
    """What waits for nobody isn't approved; what is under way isn't rewritten or deleted."""
    concur = Company().concur
    report_id = concur.approve_report(a_report())

    with pytest.raises(ValueError, match="waits for nobody"):
        concur.approve_report(report_id, is_final=False)
    with pytest.raises(ValueError, match="waits for nobody"):
        concur.send_back_report(report_id)
    with pytest.raises(ValueError, match="not its owner's"):
        concur.resubmit(report_id, a_report())
    with pytest.raises(ValueError, match="cannot be deleted"):
        concur.delete_report(report_id)


def test_hands_change_people_without_asking() -> None:
    """Bad data happens: approvers who left, people who approve themselves."""
    company = Company()
    concur = company.concur
    concur.deactivate_user(BEN)
    concur.set_approver(ANA, None)

    report_id = concur.approve_report(a_report(), by=ANA)

    assert not concur.user(BEN)["active"]
    assert {ANA} == {one["by"] for one in concur.report(report_id)["decisions"]}
    concur.end_refresh_tokens()
    refused = company.ask_token(grant_type="refresh_token", refresh_token=company.token["refresh_token"])
    assert 108 == refused.json()["code"]


def test_changes_happen_between_two_requests() -> None:
    """A hook runs before each request is served; requests are counted."""
    company = Company()
    seen: list[str] = []
    company.concur.before_each_request(lambda request: seen.append(request.url.path))

    company.ready()

    assert [FIS] == seen
    assert 1 == company.concur.requests.count("GET", "transactions$")
