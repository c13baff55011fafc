"""People of the simulated Concur: identity, search, Spend profiles, and provisioning that takes its time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from adapters.concur.simulator_filter import FilterError, parse
from adapters.concur.simulator_settings import Settings
from tests.adapters.concur_company import ANA, BEN, Company, a_report, d

IDENTITY = "/profile/identity/v4.1/Users"
SPEND = "/profile/spend/v4.1/Users"
SEARCH = "/profile/v4/Users/.search"
BULK = "/profile/v4/Bulk"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SPEND_USER = "urn:ietf:params:scim:schemas:extension:spend:2.0:User"
APPROVER = "urn:ietf:params:scim:schemas:extension:spend:2.0:Approver"
LIMIT = "urn:ietf:params:scim:schemas:extension:spend:2.0:ApproverLimit"
DELEGATE = "urn:ietf:params:scim:schemas:extension:spend:2.0:Delegate"
ROLE = "urn:ietf:params:scim:schemas:extension:spend:2.0:Role"
SEARCH_SCHEMA = ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]


def search(company: Company, text: str | None = None, **body: Any) -> list[str]:
    """Return the logins that a search finds."""
    asked = {"schemas": SEARCH_SCHEMA, **({"filter": text} if text else {}), **body}
    return [one["userName"] for one in company.send("POST", SEARCH, asked)["Resources"]]


def an_operation(user_id: str, *changes: dict[str, Any], bulk_id: str = "b1") -> dict[str, Any]:
    data = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(changes)}
    return {"method": "PATCH", "path": f"/Users/{user_id}", "bulkId": bulk_id, "data": data}


def a_new_user(**changes: Any) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "eva.lind@example.com",
        "active": True,
        "name": {"familyName": "Lind", "givenName": "Eva"},
        "emails": [{"value": "eva.lind@example.com", "type": "work"}],
        ENTERPRISE: {"employeeNumber": "100300"},
        SPEND_USER: {"country": "SE", "locale": "sv_SE", "reimbursementCurrency": "SEK"},
        **changes,
    }


def provision(company: Company, *operations: dict[str, Any], fail_on_errors: int = 0) -> dict[str, Any]:
    """Send a bulk request, wait, and return its status with the operations."""
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "failOnErrors": fail_on_errors,
        "Operations": list(operations),
    }
    accepted = company.send("POST", BULK, body, 202)
    company.clock.advance(timedelta(seconds=30))
    status: dict[str, Any] = company.get(
        f"/profile/v4/provisions/{accepted['id']}/status", attributes="operations"
    )
    return status


def results(status: dict[str, Any], place: int = 0) -> dict[str, str]:
    return {one["name"]: one["status"]["result"] for one in status["operations"][place]["extensions"]}


# Reads


def test_people_are_listed_by_cursor() -> None:
    """No cursor after the last page."""
    company = Company()

    first = company.get(IDENTITY, count=1)
    second = company.get(IDENTITY, count=1, cursor=first["nextCursor"])

    found = [one["userName"] for page in (first, second) for one in page["Resources"]]
    assert {ANA, BEN} == set(found)
    assert "nextCursor" not in second
    assert 400 == company.call("GET", IDENTITY, params={"cursor": "x"}).status_code
    assert 400 == company.call("GET", IDENTITY, params={"count": 1001}, is_judged=False).status_code


def test_one_person_has_identity_and_a_manager_that_drives_nothing() -> None:
    """The approver is in the Spend profile."""
    company = Company()

    person = company.get(f"{IDENTITY}/{company.ana}")
    spend = company.get(f"{SPEND}/{company.ana}")

    assert ("100245", company.ben) == (
        person[ENTERPRISE]["employeeNumber"],
        person[ENTERPRISE]["manager"]["value"],
    )
    (approver,) = spend[APPROVER]["report"]
    assert (company.ben, "100017", True) == (
        approver["approver"]["value"],
        approver["approver"]["employeeNumber"],
        approver["primary"],
    )
    assert 404 == company.call("GET", f"{IDENTITY}/none").status_code
    assert {"schemas", "id", "userName"} == set(
        company.get(f"{IDENTITY}/{company.ana}", attributes="userName")
    )


def test_limits_of_groups_must_be_asked_for() -> None:
    """The global one always shows."""
    company = Company()
    company.concur.world.user_at(BEN).spend[LIMIT]["authorizedApprover"].append(
        {"approvalType": "report", "approvalLimit": 9000, "approvalGroup": "DE", "level": 2}
    )

    plain = company.get(f"{SPEND}/{company.ben}")
    whole = company.get(f"{SPEND}/{company.ben}", attributes=LIMIT)

    assert [5000] == [one["approvalLimit"] for one in plain[LIMIT]["authorizedApprover"]]
    assert [5000, 9000] == [one["approvalLimit"] for one in whole[LIMIT]["authorizedApprover"]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'userName eq "{ANA.upper()}"', [ANA]),
        ('name.familyName sw "Ok"', [BEN]),
        ('emails.value co "ferrer" and active eq true', [ANA]),
        ('not (name.givenName eq "Ana")', [BEN]),
        ('name.givenName eq "Ana" or name.givenName eq "Ben"', [ANA, BEN]),
        (f'{ENTERPRISE}:employeeNumber eq "100245"', [ANA]),
        (f"{ENTERPRISE}:manager.value pr", [ANA]),
        (f'{SPEND_USER}:customData[id eq "orgUnit2" and value eq "CC-210"]', [ANA]),
        (f'{SPEND_USER}:customData[id eq "orgUnit2"].value eq "CC-999"', []),
        (f'{SPEND_USER}:country ne "DE"', []),
        ('meta.lastModified gt "2026-03-02T17:00:00Z"', []),
        ('meta.lastModified ge "2026-03-02T17:00:00Z"', [ANA, BEN]),
    ],
)
def test_a_search_finds_by_identity_and_spend(text: str, found: list[str]) -> None:
    """Operators, groups, and conditions on the elements of an array."""
    assert found == sorted(search(Company(), text))


@pytest.mark.parametrize("text", ["userName", 'userName like "x"', "(active eq true", "userName eq x y"])
def test_a_filter_that_cannot_be_read_is_refused(text: str) -> None:
    """400, invalidFilter."""
    with pytest.raises(FilterError):
        parse(text)

    answer = Company().call("POST", SEARCH, json={"schemas": SEARCH_SCHEMA, "filter": text})

    assert (400, "invalidFilter") == (answer.status_code, answer.json()["scimType"])


def test_the_index_is_behind() -> None:
    """A change shows after the lag; a new person isn't there at once."""
    company = Company(Settings(search_lag_s=300))

    assert [] == search(company)
    company.clock.advance(timedelta(minutes=5))
    assert {ANA, BEN} == set(search(company))
    company.concur.deactivate_user(ANA)
    assert [] == search(company, "active eq false")
    company.clock.advance(timedelta(minutes=5))
    assert [ANA] == search(company, "active eq false")


def test_the_identity_search_has_cursors_too() -> None:
    """Its count member is named otherwise in one source."""
    company = Company(Settings(search_total_name="total"))
    body = {"schemas": SEARCH_SCHEMA, "count": 1}

    first = company.send("POST", f"{IDENTITY}/.search", body)
    indexed = company.send("POST", SEARCH, body)

    assert (2, 2) == (first["totalResults"], indexed["total"])
    assert 1 == len(search(company, cursor=indexed["nextCursor"], count=1))


def test_spend_profiles_are_paged_by_index() -> None:
    """The filter takes few attributes, and two operators."""
    company = Company()

    page = company.get(SPEND, startIndex=2, count=1, filter='country eq "DE"')

    assert (2, 2, 1) == (page["totalResults"], page["startIndex"], len(page["Resources"]))
    for text in ('country sw "D"', 'userName eq "x"'):
        assert 400 == company.call("GET", SPEND, params={"filter": text}).status_code


def test_delegates_are_in_the_spend_profile() -> None:
    """Always, or for a time."""
    company = Company()

    company.concur.set_delegates(BEN, [ANA], starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31))

    (delegate,) = company.get(f"{SPEND}/{company.ben}")[DELEGATE]["expense"]
    assert ("100245", True) == (delegate["delegate"]["employeeNumber"], delegate["canApprove"])
    assert "2026-03-31T00:00:00.000Z" == delegate["temporaryDelegation"]["temporaryDelegationToDate"]


# Provisioning


def test_a_bulk_request_is_accepted_and_done_later() -> None:
    """Pending first; the result of each extension afterwards, and an event."""
    company = Company()
    change = {"op": "replace", "path": f'{SPEND_USER}:customData[id eq "orgUnit2"].value', "value": "CC-999"}
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [an_operation(company.ana, change)],
    }

    accepted = company.send("POST", BULK, body, 202)
    assert (1, False) == (accepted["operationsCount"]["pending"], accepted["status"]["completed"])
    company.clock.advance(timedelta(seconds=30))
    status = company.get(f"/profile/v4/provisions/{accepted['id']}/status", attributes="operations")

    assert (True, True) == (status["status"]["completed"], status["status"]["success"])
    assert {SPEND_USER: "success"} == results(status)
    custom = {
        one["id"]: one["value"] for one in company.get(f"{SPEND}/{company.ana}")[SPEND_USER]["customData"]
    }
    assert {"orgUnit1": "4500", "orgUnit2": "CC-999"} == custom
    assert "provisionCompleted" == company.concur.events[-1]["eventType"]


def test_a_user_is_created_identity_first() -> None:
    """All extensions in one operation; whoever comes later may be their approver."""
    company = Company()
    data = a_new_user(**{APPROVER: {"report": [{"approver": {"employeeNumber": "100017"}, "primary": True}]}})

    status = provision(company, {"method": "POST", "path": "/Users", "bulkId": "new", "data": data})

    assert {"success"} == set(results(status).values())
    user = company.concur.user("eva.lind@example.com")
    assert company.ben == user[APPROVER]["report"][0]["approver"]["value"]
    assert status["operations"][0]["resource"]["id"] == user["id"]


@pytest.mark.parametrize(
    "changes",
    [
        {"userName": ANA},
        {"userName": "eva(lind)@example.com"},
        {"name": {"givenName": "Eva"}},
        {ENTERPRISE: {"employeeNumber": "100245"}},
        {ENTERPRISE: {"manager": {"value": "nobody"}}},
    ],
)
def test_a_refused_identity_stops_the_operation(changes: dict[str, Any]) -> None:
    """Nothing else is tried, nothing is stored."""
    company = Company()
    data = a_new_user(**changes)

    status = provision(company, {"method": "POST", "path": "/Users", "bulkId": "new", "data": data})

    assert "error" in results(status).values()
    assert "not-processed" == results(status)[SPEND_USER]
    assert 2 == len(company.get(IDENTITY)["Resources"])


@pytest.mark.parametrize(
    "extension",
    [
        {SPEND_USER: {"country": "SE"}},
        {ROLE: {"roles": [{}]}},
        {APPROVER: {"report": [{"approver": {"employeeNumber": "9"}, "primary": True}]}},
        {APPROVER: {"report": [{"approver": {"employeeNumber": "100245"}, "primary": True}]}},
        {APPROVER: {"pizza": []}},
    ],
)
def test_a_refused_spend_extension_leaves_the_rest(extension: dict[str, Any]) -> None:
    """Identity and the other extensions stay: the failed part is repeated alone."""
    company = Company()
    operation = {"method": "POST", "path": "/Users", "bulkId": "new", "data": a_new_user(**extension)}
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]}
    accepted = company.call("POST", BULK, json=body, is_judged=False).json()
    company.clock.advance(timedelta(seconds=30))

    status = company.get(f"/profile/v4/provisions/{accepted['id']}/status", attributes="operations")

    (name,) = extension
    assert ("error", "success") == (results(status)[name], results(status)[ENTERPRISE])
    assert status["operations"][0]["extensions"][-1]["messages"] or name == SPEND_USER
    assert "eva.lind@example.com" in search(company)


def test_what_changes_nothing_is_a_no_op() -> None:
    """Approvers by employee number are the same as by id; that is no failure."""
    company = Company()
    same = [{"approver": {"employeeNumber": "100017"}, "primary": True}]

    status = provision(
        company,
        an_operation(
            company.ana,
            {"op": "replace", "path": f"{APPROVER}:report", "value": same},
            {"op": "replace", "path": "active", "value": True},
        ),
    )

    assert {"no-op"} == set(results(status).values())
    assert status["status"]["success"]


def test_a_partial_failure_counts_and_may_stop_the_rest() -> None:
    """With failOnErrors what comes after it is not processed."""
    company = Company()
    bad = an_operation(
        company.ana, {"op": "replace", "path": f"{SPEND_USER}:country", "value": "X"}, bulk_id="b1"
    )
    good = an_operation(company.ben, {"op": "replace", "path": "title", "value": "CFO"}, bulk_id="b2")

    status = provision(company, bad, good)
    stopped = provision(company, bad, good, fail_on_errors=1)

    assert (1, 1) == (status["operationsCount"]["success"], status["operationsCount"]["failed"])
    assert (True, False) == (status["status"]["completed"], status["status"]["success"])
    assert "not-processed" in results(stopped, 1).values()
    failed = company.get(
        f"/profile/v4/provisions/{status['id']}/status", attributes="operations", state="failed"
    )
    assert ["b1"] == [one["bulkId"] for one in failed["operations"]]


def test_approvers_and_array_elements_are_removed_by_condition() -> None:
    """One approver, or all of them with a trailing colon."""
    company = Company()

    one = {"op": "remove", "path": f'{APPROVER}:report[approver.value eq "{company.ben}"]'}
    provision(company, an_operation(company.ana, one))
    assert [] == company.concur.user(ANA)[APPROVER]["report"]

    company.concur.set_approver(ANA, BEN)
    provision(company, an_operation(company.ana, {"op": "remove", "path": f"{APPROVER}:"}))
    assert {} == company.concur.user(ANA)[APPROVER]


def test_a_single_change_applies_the_identity_at_once() -> None:
    """The Spend part is followed by its status."""
    company = Company()
    body = {
        "Operations": [
            {"op": "replace", "path": "title", "value": "Head of Sales"},
            {"op": "replace", "value": {SPEND_USER: {"ledgerCode": "ES"}}},
        ]
    }

    answer = company.send("PATCH", f"/profile/v4/Users/{company.ana}", body)

    assert "Head of Sales" == company.get(f"{IDENTITY}/{company.ana}")["title"]
    assert "DEFAULT" == company.concur.user(ANA)[SPEND_USER]["ledgerCode"]
    company.clock.advance(timedelta(seconds=30))
    company.get(f"/profile/v4/provisions/{answer['meta']['provisionId']}/status")
    assert "ES" == company.concur.user(ANA)[SPEND_USER]["ledgerCode"]


def test_a_person_is_created_replaced_and_deleted_one_by_one() -> None:
    """A taken login is 409; a person with reports is deactivated, not deleted."""
    company = Company()

    made = company.send("POST", "/profile/v4/Users", a_new_user(), 201)
    taken = company.call("POST", "/profile/v4/Users", json=a_new_user())
    path = f"/profile/v4/Users/{made['id']}"
    replaced = company.send("PUT", path, a_new_user(title="CEO"))

    assert (409, "uniqueness") == (taken.status_code, taken.json()["scimType"])
    assert "CEO" == replaced["title"]
    assert 204 == company.call("DELETE", path).status_code
    assert 404 == company.call("DELETE", path).status_code
    company.concur.submit_report(a_report())
    assert 400 == company.call("DELETE", f"/profile/v4/Users/{company.ana}").status_code


def test_list_codes_of_people_must_exist() -> None:
    """Where a list is behind the field."""
    company = Company()
    list_id = company.concur.add_list("Cost centres", fields=["employee.orgUnit2"])
    company.concur.add_list_item(list_id, "CC-1", "Sales")
    path = f'{SPEND_USER}:customData[id eq "orgUnit2"].value'

    bad = provision(company, an_operation(company.ana, {"op": "replace", "path": path, "value": "CC-2"}))
    good = provision(company, an_operation(company.ana, {"op": "replace", "path": path, "value": "CC-1"}))

    assert ("error", "success") == (results(bad)[SPEND_USER], results(good)[SPEND_USER])


@pytest.mark.parametrize(
    "change",
    [
        {"op": "replace", "path": "urn:ietf:params:scim:schemas:extension:pizza:2.0:User:x", "value": 1},
        {"op": "move", "path": "title", "value": "x"},
        {"op": "replace", "value": "x"},
        {"op": "replace", "path": "emails[type]", "value": "x"},
        {"op": "replace", "path": "a b", "value": "x"},
    ],
)
def test_a_patch_that_is_not_understood_fails_its_operation(change: dict[str, Any]) -> None:
    """With the path it speaks of."""
    company = Company()
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [an_operation(company.ana, change)],
    }

    accepted = company.call("POST", BULK, json=body, is_judged=False).json()
    company.clock.advance(timedelta(seconds=30))
    status = company.get(f"/profile/v4/provisions/{accepted['id']}/status", attributes="operations")

    assert "error" in results(status).values()
    assert (
        400
        == company.call(
            "PATCH", f"/profile/v4/Users/{company.ana}", json={"Operations": [change]}, is_judged=False
        ).status_code
    )


def test_a_status_is_forgotten_after_a_week() -> None:
    """404 then; tokens have ended by that time too."""
    company = Company()
    status = provision(company, an_operation(company.ben, {"op": "replace", "path": "title", "value": "CFO"}))
    company.clock.advance(timedelta(days=8))
    token = company.new_token(grant_type="refresh_token", refresh_token=company.token["refresh_token"])
    headers = {"Authorization": f"Bearer {token['access_token']}"}

    answer = company.call("GET", f"/profile/v4/provisions/{status['id']}/status", headers=headers)

    assert 404 == answer.status_code


@pytest.mark.parametrize(
    "operations",
    [
        [],
        [{"method": "POST", "path": "/Users", "data": {}}],
        [{"method": "PATCH", "path": "/Groups/1", "bulkId": "1", "data": {}}],
        [{"method": "PATCH", "path": "/Users/1", "bulkId": "1"}],
        [{"method": "DELETE", "path": "/Users/1", "bulkId": "1"}] * 2,
        [{"method": "DELETE", "path": f"/Users/{n}", "bulkId": str(n)} for n in range(101)],
    ],
)
def test_a_malformed_bulk_request_is_refused(operations: list[dict[str, Any]]) -> None:
    """As a whole, before anything is accepted."""
    body = {"schemas": [], "Operations": operations}

    assert 400 == Company().call("POST", BULK, json=body, is_judged=False).status_code


def test_an_unknown_person_fails_alone() -> None:
    """In bulk by its operation, singly with 404."""
    company = Company()

    status = provision(
        company,
        an_operation("none", {"op": "replace", "path": "title", "value": "x"}),
        {"method": "DELETE", "path": f"/Users/{company.ana}", "bulkId": "b2"},
    )

    assert (1, 1) == (status["operationsCount"]["success"], status["operationsCount"]["failed"])
    assert 404 == company.call("PATCH", "/profile/v4/Users/none", json={"Operations": []}).status_code
    assert d("5000") == company.concur.user(BEN)[LIMIT]["authorizedApprover"][0]["approvalLimit"]
