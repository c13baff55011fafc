"""Single reports of Concur with their expenses: v4, v3 where v4 is not granted, and whose report it is."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from adapters.base import Translated
from adapters.concur.simulator_plan import EntryPlan, Split, TaxPlan
from store.canonical.expense import ExpenseEntry, ExpenseReport
from tests.adapters.setup_concur import ANA, BEN, ConcurWorld, setup_concur
from tests.adapters.test_promises import run

LIST_FIELD = "allocation.custom2"


def d(text: str) -> Decimal:
    return Decimal(text)


def detail(world: ConcurWorld, report_id: str) -> ExpenseReport:
    rows = run(world.adapter.read_many("expense_report", [report_id]))
    (found,) = world.adapter.translate("expense_report", rows)
    assert isinstance(found, Translated), found
    assert isinstance(found.record, ExpenseReport)
    return found.record


def only(report: ExpenseReport) -> ExpenseEntry:
    assert report.entries is not None
    (entry,) = report.entries
    return entry


def a_hotel(**changes: Any) -> EntryPlan:
    fields: dict[str, Any] = {
        "expense_type": "LODNG",
        "amount": d("119.00"),
        "account": "474210",
        "country": "DE",
        "taxes": (TaxPlan(amount=d("19.00"), reclaim=d("19.00")),),
    }
    return EntryPlan(**fields | changes)


def submitted(world: ConcurWorld, *entries: EntryPlan, **changes: Any) -> str:
    report_id: str = world.simulator.submit_report(world.plan(entries=entries, **changes))
    return report_id


def asked(world: ConcurWorld, pattern: str) -> int:
    count: int = world.simulator.requests.count("GET", pattern)
    return count


# What v4 shows


def test_a_report_comes_with_expenses_allocations_and_taxes() -> None:
    """Amounts of the report's currency; payer and payee are not known before anything is posted."""
    world = setup_concur()
    report_id = submitted(world, a_hotel(), codes={"custom7": "X"})

    found = detail(world, report_id)

    entry = only(found)
    (part,) = entry.allocations
    (line,) = part.journal
    (tax,) = part.taxes
    assert ("100245", {"custom7": "X"}, ANA) == (found.employee_id, found.codes, found.owner_login)
    assert ("LODNG", "DE", "cash", d("119")) == (
        entry.type_code,
        entry.country,
        entry.paid_by,
        entry.approved,
    )
    assert ("474210", "", "", d("119"), d("100")) == (
        line.account_code,
        line.payer,
        line.payee,
        line.gross,
        line.net_of_reclaim,
    )
    assert ("DEVAT", "V1", "VA", d("19"), d("19")) == (
        tax.authority,
        tax.code,
        tax.reclaim_code,
        tax.tax,
        tax.reclaim,
    )


def test_the_header_is_the_one_that_lists_show() -> None:
    """Whatever else is known of a report, its header does not depend on how it was read."""
    world = setup_concur()
    report_id = submitted(world, a_hotel())

    whole = detail(world, report_id)
    (header,) = world.adapter.translate("expense_report", [run(listed(world, report_id))])

    assert isinstance(header, Translated)
    blank = {"entries": None, "codes": {}, "employee_id": None, "report_number": None}
    assert header.record == whole.model_copy(update=blank)


async def listed(world: ConcurWorld, report_id: str) -> bytes:
    async for page in world.adapter.read("expense_report"):
        for row in page.rows:
            if json.loads(row)["ID"] == report_id:
                return row
    raise AssertionError("the list does not show it")


def test_the_list_never_asks_for_expenses() -> None:
    """A company's reports cost one call a page."""
    world = setup_concur()
    world.add(3)

    run(listed(world, world.add(1)[0]))

    assert 0 == asked(world, "/expensereports/v4")


def test_an_itemized_expense_comes_as_its_items() -> None:
    """As the financial document will have it: the expense itself would count twice."""
    world = setup_concur()
    items = (
        a_hotel(amount=d("100.00"), taxes=()),
        a_hotel(amount=d("20.00"), taxes=(), expense_type="BRKFT"),
    )
    report_id = submitted(world, EntryPlan(expense_type="LODNG", items=items))

    found = detail(world, report_id)

    assert [("LODNG", d("100")), ("BRKFT", d("20"))] == [
        (one.type_code, one.approved) for one in found.entries or ()
    ]


def test_allocations_share_the_taxes_of_their_expense_without_loss() -> None:
    """v4 tells the tax of an expense as a whole; the last part takes what is left."""
    world = setup_concur()
    splits = tuple(Split(percentage=d(p), codes={"custom2": c}) for p, c in (("33.34", "A"), ("66.66", "B")))
    report_id = submitted(world, a_hotel(splits=splits))

    entry = only(detail(world, report_id))

    assert ["A", "B"] == [one.codes["custom2"] for one in entry.allocations]
    taxes = [tax.tax for one in entry.allocations for tax in one.taxes]
    assert (2, d("19")) == (len(taxes), sum(taxes))
    assert d("119") == sum(line.gross for one in entry.allocations for line in one.journal)


def test_list_fields_show_codes_and_each_item_is_asked_for_once() -> None:
    """v4 writes the id of a list item; posting and checking need its code."""
    world = setup_concur()
    list_id = world.simulator.add_list("Cost centres", fields=[LIST_FIELD])
    world.simulator.add_list_item(list_id, "CC-210", "Sales")
    split = (Split(percentage=d("100"), codes={"custom2": "CC-210"}),)
    report_id = submitted(world, a_hotel(splits=split), a_hotel(splits=split))

    found = detail(world, report_id)
    detail(world, report_id)

    assert ["CC-210", "CC-210"] == [one.allocations[0].codes["custom2"] for one in found.entries or ()]
    assert 1 == asked(world, "/list/v4/items/")


def test_a_deleted_report_is_left_out() -> None:
    """Gone between two reads: no row, no error."""
    world = setup_concur()
    report_id = world.simulator.create_report(world.plan(entries=(a_hotel(),)))
    detail(world, report_id)
    world.simulator.delete_report(report_id)

    assert [] == run(world.adapter.read_many("expense_report", [report_id]))


# v3, and no detail


def test_v3_shows_the_same_expenses_without_taxes() -> None:
    """Where v4 is not granted: entries, items and allocations, percentages as amounts."""
    world = setup_concur(options={"report_detail": "v3"})
    splits = tuple(Split(percentage=d(p), codes={"custom2": c}) for p, c in (("40", "A"), ("60", "B")))
    items = (a_hotel(amount=d("100.00")), a_hotel(amount=d("20.00")))
    report_id = submitted(world, a_hotel(splits=splits), EntryPlan(expense_type="LODNG", items=items))

    found = detail(world, report_id)

    entries = found.entries or ()
    assert [d("119"), d("100"), d("20")] == [one.approved for one in entries]
    assert [("A", d("47.6")), ("B", d("71.4"))] == [
        (one.codes["custom2"], one.journal[0].gross) for one in entries[0].allocations
    ]
    assert ("474210", "cash", ()) == (
        entries[1].allocations[0].journal[0].account_code,
        entries[1].paid_by,
        entries[1].allocations[0].taxes,
    )
    assert 0 == asked(world, "/expensereports/v4")


def test_many_expenses_of_v3_come_page_by_page() -> None:
    """Its pages go by the offset of a link that leads elsewhere."""
    world = setup_concur(options={"report_detail": "v3"})
    report_id = submitted(world, *(a_hotel(taxes=()) for _ in range(30)))

    assert 30 == len(detail(world, report_id).entries or ())
    assert 2 == asked(world, "/expense/entries$")


def test_without_detail_a_single_report_is_its_header() -> None:
    """The option for who grants neither."""
    world = setup_concur(options={"report_detail": "none"})

    assert detail(world, submitted(world, a_hotel())).entries is None


# Whose report it is


def test_the_owner_of_a_posted_report_is_told_by_its_financial_document() -> None:
    """One call instead of the whole list, in a process that has met no report yet."""
    world = setup_concur()
    world.add(60)
    report_id = world.simulator.approve_report(world.plan())

    assert report_id == detail(world, report_id).number
    assert 0 == asked(world, "/expense/reports$")


def test_the_owner_of_a_report_under_way_is_asked_for_as_a_processor() -> None:
    """With the login of a processor, v4 tells it in one call."""
    world = setup_concur(options={"processor_login": BEN})
    world.add(60)
    report_id = submitted(world, a_hotel())

    assert report_id == detail(world, report_id).number
    assert 0 == asked(world, "/expense/reports$")


def test_without_either_open_reports_are_looked_through_first() -> None:
    """What is asked for by itself is mostly under way: the list of those is short."""
    world = setup_concur()
    for _ in range(60):
        world.simulator.approve_report(world.plan())
    report_id = submitted(world, a_hotel())

    assert report_id == detail(world, report_id).number
    assert 1 == asked(world, "/expense/reports$")


@pytest.mark.parametrize("kind", ["v4", "v3", "none"])
def test_what_does_not_exist_is_left_out(kind: str) -> None:
    """After everything was asked."""
    world = setup_concur(options={"report_detail": kind})
    world.add(2)

    assert [] == run(world.adapter.read_many("expense_report", ["FFFFFFFFFFFFFFFFFFFF", "../x"]))
