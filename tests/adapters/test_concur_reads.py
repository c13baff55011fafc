"""Reading the rest of Concur: reports in open states, employees, list values, vendors, budgets."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters import concur
from adapters.base import Connection, Page, Translated, Untranslatable
from adapters.concur.position import Position
from adapters.errors import ProtocolError, SettingsError
from store.canonical.budget import Budget
from store.canonical.expense import ExpenseReport
from store.canonical.organisation import CostCentre
from store.canonical.people import Employee
from store.canonical.supplier import Supplier
from tests.adapters.held_secrets import HeldSecrets
from tests.adapters.setup_concur import ANA, BEN, ConcurWorld, setup_concur
from tests.adapters.test_promises import pages, run
from tests.builders import a_clock

DAY = timedelta(days=1)
LIST = "d6dfa9d1-2bd7-4b5d-9a3b-6e2f0f6c2a11"


def read(world: ConcurWorld, entity: str, position: str | None = None, most: int | None = None) -> list[Page]:
    async def walk() -> list[Page]:
        found = []
        reading = world.adapter.read(entity, position)
        async for page in reading:
            found.append(page)
            if len(found) == most:
                break
        await reading.aclose()  # type: ignore[attr-defined]
        await world.adapter.aclose()
        return found

    return asyncio.run(walk())


def records(world: ConcurWorld, entity: str, found: list[Page]) -> list[Any]:
    results = [one for page in found for one in world.adapter.translate(entity, page.rows)]
    assert all(isinstance(one, Translated) for one in results), results
    return [one.record for one in results if isinstance(one, Translated)]


# Reports


def test_reports_in_open_states_come_again_once_a_day() -> None:
    """An expense that changed without its report's date is seen the day after, by Concur's own clock."""
    world = setup_concur(options={"open_reports_every_hours": 24})
    (open_, *_) = world.add(3)
    posted = world.add(1)[0]
    world.simulator.approve_report(posted)
    world.clock.advance(timedelta(hours=2))
    (last,) = world.add(1)
    position = pages(world)[-1].position

    world.clock.advance(timedelta(hours=23))
    world.simulator.edit_entry(open_, 0, description="changed")
    soon = read(world, "expense_report", position)
    world.clock.advance(timedelta(hours=2))
    later = read(world, "expense_report", soon[-1].position)
    after = read(world, "expense_report", later[-1].position)

    assert {last} == {one.number for one in records(world, "expense_report", soon)}  # within the overlap
    found = {one.number for one in records(world, "expense_report", later)}
    assert open_ in found
    assert posted not in found
    assert {last} == {one.number for one in records(world, "expense_report", after)}


def test_a_report_comes_once_in_a_read_whatever_asks_for_it() -> None:
    """Changed today and in an open state: the second stage leaves it out."""
    world = setup_concur(options={"open_reports_every_hours": 1})
    world.add(3)
    position = pages(world)[-1].position
    world.clock.advance(DAY)
    made = world.add(2)

    found = [one.number for one in records(world, "expense_report", read(world, "expense_report", position))]

    assert sorted(found) == sorted(set(found))
    assert set(made) < set(found)


def test_next_pages_are_asked_where_we_are() -> None:
    """The link names an old host; its offset is asked of our own, with our own conditions."""
    world = setup_concur()
    world.add(60)

    read(world, "expense_report")

    asked = [one.path for one in world.simulator.requests if "/expense/reports" in one.path]
    assert 3 == len(asked)
    assert all("user=ALL" in one for one in asked)
    assert {"http://127.0.0.1:8803"} == set(world.simulator.hosts)


def test_a_stored_place_that_is_not_taken_any_more_costs_a_new_beginning() -> None:
    """An offset of another day: this stage begins again, and nothing is lost."""
    world = setup_concur()
    made = world.add(30)
    broken = Position(cursor="not-an-offset").to_text()

    found = records(world, "expense_report", read(world, "expense_report", broken))

    assert set(made) == {one.number for one in found}


def test_single_reports_are_read_by_their_owner_or_found_among_all() -> None:
    """Concur gives one report to its owner only; whom it belongs to is remembered from earlier reads."""
    world = setup_concur()
    made = world.add(30)

    found = run(world.adapter.read_many("expense_report", [made[3], "FFFFFFFFFFFFFFFFFFFF"]))
    before = world.simulator.requests.count("GET", r"/expense/reports$")
    again = run(world.adapter.read_many("expense_report", [made[3]]))

    assert [made[3]] == [json.loads(row)["report"]["ID"] for row in found]
    assert [made[3]] == [json.loads(row)["report"]["ID"] for row in again]
    assert before == world.simulator.requests.count("GET", r"/expense/reports$")
    assert 1 == world.simulator.requests.count("GET", rf"/expense/reports/{made[3]}$")


def test_a_posted_report_shows_it() -> None:
    """Statuses of the report follow the document's."""
    world = setup_concur()
    name = world.a_document()
    seen = []
    for make in (None, world.confirm, world.pay):
        if make is not None:
            run(world.adapter.write(make(name)))
        (report,) = records(world, "expense_report", read(world, "expense_report"))
        assert isinstance(report, ExpenseReport)
        seen.append(report.payment_status)

    assert ["ready_to_post", "posted", "paid"] == seen


# Employees


def employees(world: ConcurWorld, found: list[Page]) -> dict[str, Employee]:
    return {one.number: one for one in records(world, "employee", found)}


def test_employees_come_with_manager_approver_and_limit() -> None:
    """Identity and spend profile in one row; whoever is named by id only gets their employee number."""
    world = setup_concur(options={"cost_centre_field": "orgUnit2", "legal_entity_field": "orgUnit1"})
    world.simulator.add_user(
        "eva@example.com",
        employee_number="100300",
        given_name="Eva",
        family_name="Lund",
        approver=ANA,
        manager=BEN,
        codes={"orgUnit1": "4500", "orgUnit2": "CC-210"},
        approval_limit=Decimal("2500.50"),
    )

    eva = employees(world, read(world, "employee"))["100300"]

    assert ("eva@example.com", "Eva Lund") == (eva.login, eva.name)
    assert ("100017", "100245") == (eva.manager_number, eva.approver_number)
    assert ("CC-210", "4500") == (eva.cost_centre, eva.legal_entity)
    assert "2,500.50 EUR" == str(eva.approval_limit)


def test_many_employees_need_few_calls() -> None:
    """Beyond a handful their spend profiles are read in lists of a hundred, and nobody is left out."""
    world = setup_concur()
    for number in range(230):
        world.simulator.add_user(
            f"u{number}@example.com",
            employee_number=f"2{number:05}",
            given_name="U",
            family_name=str(number),
            approver=BEN,
        )
    before = world.simulator.requests.total_count

    found = employees(world, read(world, "employee"))

    assert 232 == len(found)
    assert {"100017"} == {one.approver_number for number, one in found.items() if number.startswith("2")}
    assert 6 >= world.simulator.requests.total_count - before


def test_only_changed_employees_come_again_and_all_once_a_day() -> None:
    """From the position of last time; a late index is covered by the overlap, a silent approver by the daily read."""
    world = setup_concur()
    world.clock.advance(timedelta(hours=2))
    world.simulator.set_approver(ANA, BEN)
    position = read(world, "employee")[-1].position
    world.clock.advance(timedelta(hours=2))
    world.simulator.deactivate_user(ANA)

    soon = read(world, "employee", position)
    world.clock.advance(DAY)
    later = read(world, "employee", soon[-1].position)

    assert ["100245"] == list(employees(world, soon))
    assert not employees(world, soon)["100245"].is_active
    assert {"100017", "100245"} == set(employees(world, later))


def test_named_employees_are_read_afresh() -> None:
    """By the ids of their users; unknown ones are left out."""
    world = setup_concur()

    rows = run(
        world.adapter.read_many("employee", [world.ana, "00000000-0000-4000-8000-000000000000", 'x"y'])
    )

    (found,) = world.adapter.translate("employee", rows)
    assert isinstance(found, Translated)
    assert world.ana == found.external_id


# List values


def a_world_with_lists(**settings: Any) -> ConcurWorld:
    options = {"lists": {"cost_centres": {"list_id": LIST, "entity": "cost_centre", "level": 2}}}
    world = setup_concur(options=options, settings=settings)
    world.simulator.add_list("Cost centres", level_count=2, list_id=LIST)
    for company in ("4500", "4600"):
        world.simulator.add_list_item(LIST, company, f"Company {company}")
    return world


def test_values_of_a_level_are_records_with_their_parents_code() -> None:
    """Codes of their own level, hyphens and all; never a piece of the long code."""
    world = a_world_with_lists()
    world.simulator.add_list_item(LIST, "CC-210", "Sales", parent_code="4500")
    world.simulator.add_list_item(LIST, "CC-210", "Sales East", parent_code="4600")

    found = records(world, "cost_centre", read(world, "cost_centre"))

    assert {("CC-210", "4500", "Sales"), ("CC-210", "4600", "Sales East")} == {
        (one.number, one.parent, one.name) for one in found if isinstance(one, CostCentre)
    }


def test_a_long_list_is_read_whole() -> None:
    """A hundred a page, more than one page below each parent."""
    world = a_world_with_lists()
    made = {world.simulator.add_list_item(LIST, f"C{n:03}", "x", parent_code="4500") for n in range(230)}

    found = read(world, "cost_centre")

    ids = {json.loads(row)["item"]["id"] for page in found for row in page.rows}
    assert made == ids
    assert [False] * (len(found) - 1) + [True] == [page.is_last for page in found]


def test_a_deleted_value_is_said() -> None:
    """It hides unless it is asked for; its record is not active any more."""
    world = a_world_with_lists()
    item = world.simulator.add_list_item(LIST, "CC-210", "Sales", parent_code="4500")
    world.simulator.delete_list_item(LIST, "4500-CC-210")

    (found,) = records(world, "cost_centre", read(world, "cost_centre"))
    (again,) = run(world.adapter.read_many("cost_centre", [item]))

    assert not found.is_active
    assert "4500" == json.loads(again)["parent"]


def test_what_was_deleted_with_its_parent_is_said() -> None:
    """A parent takes all below it along, in every list: its values are not active any more either."""
    world = a_world_with_lists(shows_below_deleted=True)
    world.simulator.add_list_item(LIST, "CC-210", "Sales", parent_code="4500")
    world.simulator.add_list_item(LIST, "CC-310", "Service", parent_code="4600")
    world.simulator.delete_list_item(LIST, "4500")

    found = records(world, "cost_centre", read(world, "cost_centre"))

    assert {("CC-210", "4500", False), ("CC-310", "4600", True)} == {
        (one.number, one.parent, one.is_active) for one in found
    }


def test_below_a_deleted_value_there_may_be_nothing_to_ask_for() -> None:
    """A company that refuses the question loses nothing else: what is live is read, and what was deleted by itself."""
    world = a_world_with_lists()
    world.simulator.add_list_item(LIST, "CC-210", "Sales", parent_code="4500")
    world.simulator.add_list_item(LIST, "CC-310", "Service", parent_code="4600")
    world.simulator.delete_list_item(LIST, "4500")

    found = records(world, "cost_centre", read(world, "cost_centre"))

    assert ["CC-310"] == [one.number for one in found]


def test_a_list_that_nobody_named_says_which_option() -> None:
    """Which list holds what is the company's choice."""
    world = a_world_with_lists()

    with pytest.raises(SettingsError, match=r"option lists.*project"):
        read(world, "project")


# Vendors and budgets


def test_vendors_are_one_record_for_each_address() -> None:
    """The key is both codes; pages go by the link's offset."""
    world = setup_concur()
    for number in range(120):
        for address in ("A", "B"):
            world.simulator.put_vendor(
                {
                    "VendorCode": f"V-{number}",
                    "VendorName": f"Vendor {number}",
                    "AddressCode": address,
                    "CountryCode": "IE",
                    "TaxID": "IE6388047V",
                }
            )

    found = read(world, "supplier")
    again = run(world.adapter.read_many("supplier", ["V-7/B", "V-9999/A"]))

    assert 240 == len({one.sites[0].external_id for one in records(world, "supplier", found)})
    assert [100, 100, 40] == [len(page.rows) for page in found]
    (one,) = world.adapter.translate("supplier", again)
    assert isinstance(one, Translated)
    assert isinstance(one.record, Supplier)
    assert ("V-7/B", "V-7", "active") == (one.external_id, one.record.number, one.record.status)


def test_budgets_come_period_by_period_without_the_people_in_them() -> None:
    """What is left is Concur's own figure; owners and approvers do not leave the client."""
    world = setup_concur()
    year = world.simulator.add_fiscal_year("FY26", date(2026, 1, 1))
    world.simulator.add_budget(
        "Travel",
        year_id=year,
        currency="EUR",
        monthly=Decimal("1000"),
        owner=ANA,
        spent={"Mar 2026": Decimal("250.50")},
    )

    found = read(world, "budget")

    budgets = {one.period: one for one in records(world, "budget", found) if isinstance(one, Budget)}
    assert 12 == len(budgets)
    march = budgets["Mar 2026"]
    assert ("Travel/Mar 2026", "1,000.00 EUR", "749.50 EUR") == (
        march.number,
        str(march.amount),
        str(march.remaining),
    )
    assert all(ANA.encode() not in row for page in found for row in page.rows)


# What a system could do wrong


def a_liar(handler: Any, **options: Any) -> ConcurWorld:
    """Return an adapter whose Concur answers what `handler` says."""
    world = ConcurWorld.__new__(ConcurWorld)

    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/oauth2"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
        answer: httpx.Response = handler(request)
        return answer

    secrets = dict.fromkeys(("client_id", "client_secret", "company_uuid", "request_token"), "x")
    connection = Connection(
        adapter="concur",
        base_url="https://us2.api.concursolutions.com",
        requests_per_second=1e6,
        options=options,
    )
    world.adapter = concur.connect(
        "concur", connection, HeldSecrets("concur", secrets), a_clock(), transport=httpx.MockTransport(serve)
    )
    return world


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("https://evil.example.com/api/v3.0/expense/reports?offset=same", "is itself"),
        ("https://evil.example.com/?x=1", "without an offset"),
        ("not a link", "without an offset"),
    ],
)
def test_a_report_page_that_leads_in_a_circle_is_noticed(link: str, words: str) -> None:
    """Reading stops with a sentence, not never."""
    world = a_liar(lambda _: httpx.Response(200, json={"Items": [], "NextPage": link}))

    with pytest.raises(ProtocolError, match=words):
        read(world, "expense_report")


def test_a_list_that_says_too_much_is_noticed() -> None:
    """The same page twice in a row is a loop."""
    page = {
        "content": [{"id": "x", "code": "1", "shortCode": "1", "value": "1", "level": 1}],
        "page": {"totalPages": 9},
    }
    lists = {"a": {"list_id": LIST, "entity": "project"}}
    world = a_liar(lambda _: httpx.Response(200, json=page), lists=lists)

    with pytest.raises(ProtocolError, match="once more"):
        read(world, "project")


def test_an_answer_of_another_shape_is_an_error_in_words() -> None:
    """What we need ourselves to go on is not guessed; a user that can't be read is translation's to refuse."""
    world = a_liar(lambda _: httpx.Response(200, json={"budgetItemHeaders": [{"id": 7}]}))
    with pytest.raises(ProtocolError, match="a budget could not be read"):
        read(world, "budget")

    world = a_liar(lambda _: httpx.Response(200, json={"Resources": [{"id": ["x"]}]}))
    (page,) = read(world, "employee")
    (found,) = world.adapter.translate("employee", page.rows)

    assert isinstance(found, Untranslatable)


def test_a_position_of_another_adapter_is_refused_with_the_remedy() -> None:
    """Whatever is stored there, it is not guessed at."""
    world = setup_concur()

    with pytest.raises(SettingsError, match="reset"):
        read(world, "expense_report", '{"since": 5}')


def test_a_position_never_goes_back_or_beyond_the_first_page() -> None:
    """What changed during a read is for the next one."""
    at = Position(since=datetime(2026, 3, 1, tzinfo=UTC))
    begun = at.begun(datetime(2026, 3, 2, tzinfo=UTC), [])
    late = begun.advanced(None, [datetime(2026, 3, 3, tzinfo=UTC)])
    early = begun.advanced(None, [datetime(2026, 2, 1, tzinfo=UTC)])

    assert datetime(2026, 3, 2, tzinfo=UTC) == late.completed(saw_whole=False).since
    assert datetime(2026, 3, 1, tzinfo=UTC) == early.completed(saw_whole=False).since
