"""Lists of the simulated Concur: levels, long codes, sharing, filters and bulk calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from adapters.concur.simulator_settings import Settings
from tests.adapters.concur_company import Company

LISTS = "/list/v4/lists"
ITEMS = "/list/v4/items"


class ListCompany(Company):
    """A company with a connected list of two levels: business units and their cost centres."""

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self.list_id = self.concur.add_list("Cost centres", level_count=2)
        self.unit_id = self.concur.add_list_item(self.list_id, "4500", "Iberia")
        self.centre_id = self.concur.add_list_item(self.list_id, "CC-210", "Sales", parent_code="4500")

    def top(self, **params: Any) -> list[str]:
        return [one["code"] for one in self.get(f"{LISTS}/{self.list_id}/children", **params)["content"]]

    def bulk(self, method: str, *requests: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        answer = self.call(method, f"{LISTS}/{self.list_id}/bulk", json={"requests": list(requests)})
        return answer.status_code, answer.json()


def test_a_long_code_is_the_parents_and_ones_own() -> None:
    """A short code may hold a hyphen: a long one can't be taken apart."""
    company = ListCompany()

    (item,) = company.get(f"{LISTS}/{company.list_id}/items/{company.unit_id}/children")["content"]

    assert ("4500-CC-210", "CC-210", 2, company.unit_id) == (
        item["code"],
        item["shortCode"],
        item["level"],
        item["parentId"],
    )
    (unit,) = company.get(f"{LISTS}/{company.list_id}/children")["content"]
    assert [{"id": company.list_id, "hasChildren": True}] == unit["lists"]


def test_pages_begin_at_one_and_have_a_hundred_rows() -> None:
    """The last one has no next link."""
    company = ListCompany()
    for number in range(150):
        company.concur.add_list_item(company.list_id, f"U{number:03}", f"Unit {number}")
    path = f"{LISTS}/{company.list_id}/children"

    first, second = company.get(path), company.get(path, page=2)

    assert {"number": 1, "size": 100, "totalElements": 151, "totalPages": 2} == first["page"]
    assert (100, 51) == (len(first["content"]), len(second["content"]))
    assert "next" not in [one["rel"] for one in second["links"]]


@pytest.mark.parametrize(
    ("filters", "codes"),
    [
        ({"value": "eq:iberia"}, ["4500"]),
        ({"value": "not:Iberia"}, ["4600"]),
        ({"value": "sw:Nor"}, ["4600"]),
        ({"shortCode": "ew:00"}, ["4500", "4600"]),
        ({"shortCode": "gt:4500"}, ["4600"]),
        ({"shortCodeOrValue": "cp:ber"}, ["4500"]),
        ({"hasChildren": "eq:true"}, ["4500"]),
        ({"isDeleted": "eq:true"}, ["4700"]),
        ({"sortBy": "shortCode", "sortDirection": "desc"}, ["4600", "4500"]),
    ],
)
def test_filters_are_operator_and_value(filters: dict[str, str], codes: list[str]) -> None:
    """Deleted items are hidden unless they are asked for."""
    company = ListCompany()
    company.concur.add_list_item(company.list_id, "4600", "Nordics")
    company.concur.add_list_item(company.list_id, "4700", "Gone")
    company.concur.delete_list_item(company.list_id, "4700")

    assert codes == company.top(**filters)


@pytest.mark.parametrize("query", ["value=Iberia", "value=xx:Iberia", "page=0", "sortBy=colour"])
def test_a_malformed_question_is_refused(query: str) -> None:
    """400 names the parameter."""
    company = ListCompany()

    answer = company.call("GET", f"{LISTS}/{company.list_id}/children?{query}", is_judged=False)

    assert 400 == answer.status_code
    assert answer.json()["validationErrors"][0]["source"] in query


def test_lists_are_found_made_and_managed() -> None:
    """A managed list is the application's own."""
    company = ListCompany()

    made = company.send("POST", LISTS, {"value": "Projects", "levelCount": 1, "isManaged": True}, 201)

    assert made["managedBy"].startswith("appId:")
    assert ["Projects"] == [one["value"] for one in company.get(LISTS, levelCount="lt:2")["content"]]
    assert 2 == len(company.get(LISTS)["content"])
    assert made == company.get(f"{LISTS}/{made['id']}")
    assert 404 == company.call("GET", f"{LISTS}/none").status_code


def test_an_item_is_created_renamed_and_deleted_with_all_below_it() -> None:
    """Renaming the code of a parent renames the long codes below it."""
    company = ListCompany()
    body = {"listId": company.list_id, "shortCode": "CC-220", "value": "Marketing", "parentCode": "4500"}

    made = company.send("POST", ITEMS, body, 201)
    company.send("PUT", f"{ITEMS}/{company.unit_id}", {"shortCode": "4510", "value": "Iberia and Italy"})

    assert "4510-CC-220" == company.get(f"{ITEMS}/{made['id']}")["code"]
    company.send("DELETE", f"{ITEMS}/{company.unit_id}", None, 204)
    assert company.get(f"{ITEMS}/{made['id']}")["isDeleted"]
    assert 404 == company.call("DELETE", f"{ITEMS}/{made['id']}").status_code
    assert [] == company.top()


@pytest.mark.parametrize(
    ("changes", "status", "error_id"),
    [
        ({"shortCode": "CC-210"}, 409, "item.duplicate.code"),
        ({"parentCode": "9999"}, 400, "item.parent.not.found"),
        ({"parentCode": "4500-CC-210"}, 400, "item.max.level.exceeded"),
        ({"listId": "7d0a9c55-2f43-4a8e-9b1f-3a2b1c0d9e88"}, 404, "list.not.found"),
        ({"value": ""}, 400, "error"),
    ],
)
def test_an_item_that_does_not_fit_is_refused(changes: dict[str, str], status: int, error_id: str) -> None:
    """By the published ids."""
    company = ListCompany()
    body = {"listId": company.list_id, "shortCode": "CC-220", "value": "Marketing", "parentCode": "4500"}

    answer = company.call("POST", ITEMS, json=body | changes)

    assert (status, error_id) == (answer.status_code, answer.json()["error"]["id"])


def test_one_item_in_two_lists() -> None:
    """Taken out of one it stays in the other; what another list of the structure has isn't made again."""
    company = ListCompany()
    other = company.concur.add_list("Copy", level_count=2)
    company.concur.add_list_item(company.list_id, "4600", "Nordics", also_in=[other])

    refused = company.call(
        "POST", f"{LISTS}/{other}/bulk", json={"requests": [{"shortCode": "4500", "value": "x"}]}
    )
    item_id = company.get(f"{LISTS}/{other}/children")["content"][0]["id"]
    company.send("DELETE", f"{LISTS}/{other}/items/{item_id}", None, 204)

    assert "item.duplicate.item.shared" == refused.json()["errors"][0]["id"]
    assert [] == company.get(f"{LISTS}/{other}/children")["content"]
    assert ["4500", "4600"] == company.top(sortBy="shortCode")


def test_the_parts_of_a_bulk_call_run_in_order_each_by_itself() -> None:
    """A parent may come just before its child; one that fails doesn't stop the rest: 206."""
    company = ListCompany()

    status, outcome = company.bulk(
        "POST",
        {"shortCode": "CC-1", "value": "Too early", "parentCode": "4600"},
        {"shortCode": "4600", "value": "Nordics"},
        {"shortCode": "CC-1", "value": "Sales", "parentCode": "4600"},
        {"shortCode": "4500", "value": "Iberia"},
    )

    assert (206, "PARTIAL_SUCCESS", 2, 2) == (
        status,
        outcome["status"],
        outcome["recordsSucceeded"],
        outcome["recordsFailed"],
    )
    assert ["item.parent.not.found", "item.duplicate.code"] == [one["id"] for one in outcome["errors"]]
    assert {"shortCode": "4500", "value": "Iberia"} == outcome["errors"][1]["listItem"]
    assert 201 == company.bulk("POST", {"shortCode": "4700", "value": "x"})[0]
    assert 400 == company.bulk("POST", {"shortCode": "4700", "value": "x"})[0]


def test_bulk_updates_go_by_long_code() -> None:
    """Rename, delete, restore; a deleted one is restored first, parents before children."""
    company = ListCompany()

    assert 200 == company.bulk("PATCH", {"code": "4500", "value": "Iberia and Italy", "deleted": True})[0]
    status, outcome = company.bulk(
        "PATCH",
        {"code": "4500-CC-210", "deleted": False},
        {"code": "4500", "value": "Iberia"},
        {"code": "nowhere", "value": "x"},
        {"code": "4500", "deleted": False, "value": "Iberia"},
        {"code": "4500-CC-210", "deleted": False},
    )

    assert 206 == status
    assert ["item.parent.deleted", "item.deleted", "item.not.found"] == [
        one["id"] for one in outcome["errors"]
    ]
    assert [False, False] == [one["is_deleted"] for one in company.concur.list_items(company.list_id)]
    deleted = company.bulk("PATCH", {"code": "4500-CC-210", "deleted": True})[1]
    assert "SUCCESS" == deleted["status"]
    again = company.bulk("POST", {"shortCode": "CC-210", "value": "Sales", "parentCode": "4500"})[1]
    assert "item.duplicate.code.deleted" == again["errors"][0]["id"]


def test_a_malformed_bulk_call_fails_as_a_whole() -> None:
    """More than 250 parts, or a part without its fields."""
    company = ListCompany()
    path = f"{LISTS}/{company.list_id}/bulk"
    parts = [{"shortCode": f"X{number}", "value": "x"} for number in range(251)]

    for body in ({"requests": parts}, {"requests": [{"shortCode": "x"}]}, {}):
        answer = company.call("POST", path, json=body, is_judged=False)
        assert 400 == answer.status_code
        assert "error" in answer.json()
    assert ["4500"] == company.top()


def test_too_many_bulk_calls_a_minute_wait() -> None:
    """429 says how long."""
    company = ListCompany(Settings(list_bulk_per_minute=1))
    company.bulk("POST", {"shortCode": "1", "value": "x"})

    answer = company.call("POST", f"{LISTS}/{company.list_id}/bulk", json={"requests": []})

    assert (429, "security.rate.limit.reached") == (answer.status_code, answer.json()["error"]["id"])
    company.clock.advance(timedelta(seconds=int(answer.headers["retry-after"])))
    assert 201 == company.bulk("POST", {"shortCode": "2", "value": "x"})[0]
