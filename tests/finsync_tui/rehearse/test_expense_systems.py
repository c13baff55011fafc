"""The simulated expense tool of a company: filled, moved through the year without an engine, read at the end."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from finsync_tui.rehearse import expense_documents as documents
from finsync_tui.rehearse.expense_report import ExpenseReport
from finsync_tui.rehearse.report import Report
from finsync_tui.rehearse.systems import Secrets
from finsync_tui.rehearse.world import World, make

SMALL = 0.02
KEYS = Secrets("one", "two", "three", "four")


def a_world(state: dict[str, object] | None = None) -> World:
    return make(7, SMALL, "typical", KEYS, state)


def test_first_day_has_people_and_no_reports() -> None:
    """On the first day everybody is in the expense tool, whom an ERP pays is its supplier, and nothing is claimed."""
    world = a_world()
    expenses = world.scenario.company.expenses

    assert ExpenseReport() == world.report().expenses
    assert all(world.systems.concur.user(one.login) for one in expenses.employees.values())


def test_a_year_later_every_report_has_a_document() -> None:
    """Each approved report and each cash advance is a document with the amounts that were planned; a corrected one is two."""
    world = a_world()
    expenses = world.scenario.company.expenses

    world.move(world.ends_at)

    found = world.report().expenses.documents
    count = {one: sum(d.report_id == one for d in found) for one in (*expenses.claims, *expenses.advances)}
    assert {n: 2 if c.correction else 1 for n, c in expenses.claims.items()} == {
        n: count[n] for n in expenses.claims
    }
    assert {1} == {count[one] for one in expenses.advances}
    for document in found:
        claim = expenses.claims.get(document.report_id)
        if claim is not None and claim.defect != "total_is_wrong":
            assert int(claim.total * 100) == document.charged_minor
    assert {"recalled"} == {one.status.lower() for one in found if one.status != "READY"}, (
        "without an engine nothing else happens to a document"
    )


def test_what_is_owed_is_cash_less_advances() -> None:
    """What an employee is owed are the cash expenses, less advances, less private charges where nothing else bears them."""
    world = a_world()
    expenses = world.scenario.company.expenses
    world.move(world.ends_at)

    for document in world.report().expenses.documents:
        claim = expenses.claims.get(document.report_id)
        if claim is None or claim.defect is not None:
            continue
        cash = sum(one.amount for one in claim.plan.entries if one.payment == "cash")
        advanced = sum(one.amount for one in claim.plan.advances if not one.is_return)
        private = sum(one.amount for one in claim.plan.entries if one.is_personal)
        netted = 0 if claim.legal_entity == "DE01" else private
        assert int((cash - advanced - netted) * 100) == document.owed_minor


@pytest.mark.parametrize(
    "defect", ["total_is_wrong", "line_is_wrong", "employee_missing", "amount_is_a_word"]
)
def test_damage_changes_nothing_else(defect: str) -> None:
    """A damaged document differs in one place from the whole one, and every amount in it is still exact."""
    world = a_world()
    world.move(world.ends_at)
    held = world.systems.concur.world.state.documents.values()
    whole = next(one.body for one in held if one.doc_type == "expense")

    before, after = documents.read(whole), documents.read(documents.damaged(whole, defect))

    assert before != after
    for place in (before, after):
        place["report"].pop("totalApprovedAmount")
        place["expenseEntry"][0].pop("entryApprovedAmount")
        place["expenseEntry"][0]["allocation"][0]["journal"][0].pop("amountGross")
        place["employee"].pop("employeeId")
    assert before == after


def test_state_survives_a_restart() -> None:
    """A world that is written down in the middle of the year and read again goes on as if nothing had been."""
    first, middle = a_world(), a_world().starts_at + timedelta(days=150)
    first.move(middle)
    state = json.loads(json.dumps(first.dump()))

    second = a_world(state)
    first.move(first.ends_at)
    second.move(second.ends_at)

    assert (
        first.report()
        == second.report()
        == Report.from_json(json.loads(json.dumps(first.report().to_json())))
    )
