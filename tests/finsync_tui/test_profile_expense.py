"""What `profile check` says about the way expenses are posted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from finsync_tui import profile
from finsync_tui.flows.expense.words import message
from finsync_tui.flows.expense_to_reimbursement import ExpenseToReimbursement
from finsync_tui.profile import MappingRow, Profile
from finsync_tui.profile.expense import RETURNABLE
from finsync_tui.profile.expense_check import expense_problems
from finsync_tui.settings import create_workspace
from tests.finsync_tui.flows.expense_desk import EXPENSE, PROFILE, a_report

EVERY = {
    "cost_centre": (MappingRow(source="*", target="="),),
    "account": (MappingRow(source="*", target="="),),
}


def a_profile(second: dict[str, Any] | None = None, **expense: Any) -> Profile:
    """A company with expenses, or two."""
    entity = PROFILE["legal_entities"]["DE01"]
    entities = {"DE01": entity | {"expense": EXPENSE | expense}}
    if second is not None:
        entities["FR01"] = entity | {"source_chart": "FR Chart", "expense": EXPENSE | second}
    return Profile.model_validate(PROFILE | {"legal_entities": entities, "mappings": EVERY})


def places(found: Profile) -> list[str]:
    return [problem.place for problem in expense_problems(found)]


def test_a_sound_set_up_has_no_problem() -> None:
    """One company, or two that each have their ledger."""
    assert [] == places(a_profile())
    assert [] == places(a_profile(second={"ledgers": ["FRANCE"]}))


@pytest.mark.parametrize(
    ("expense", "place"),
    [
        ({"tables": {"account": "ghost"}}, "tables.account"),
        ({"tables": {"ghost": "account"}}, "tables.ghost"),
        ({"values": {"ghost": "1"}}, "values.ghost"),
        ({"account_segment": "ghost"}, "account_segment"),
        ({"cost_centre_segment": "ghost"}, "cost_centre_segment"),
        ({"company_field": "orgUnit1"}, "company_codes"),
        ({"company_codes": ["DE"]}, "company_field"),
        ({"returned_at_once": ["DEAD_LETTER"]}, "returned_at_once"),
        ({"returned_at_once": ["account_missing"]}, "returned_at_once"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(expense: dict[str, Any], place: str) -> None:
    """Before the first document is read."""
    assert f"legal_entities.DE01.expense.{place}" in places(a_profile(**expense))


def test_a_segment_that_no_expense_fills_needs_a_value() -> None:
    """Found offline, not by the first document; with a value it is fine."""
    entity = PROFILE["legal_entities"]["DE01"]
    segments = [*entity["segments"], {"name": "project", "from": 4}]

    def with_values(**values: str) -> Profile:
        found = entity | {"segments": segments, "expense": EXPENSE | {"values": values}}
        return Profile.model_validate(PROFILE | {"legal_entities": {"DE01": found}, "mappings": EVERY})

    assert ["legal_entities.DE01.expense.values.project"] == places(with_values())
    assert [] == places(with_values(project="0000"))


def test_an_account_segment_of_one_value_is_refused() -> None:
    """Everything would be posted to one account."""
    entity = PROFILE["legal_entities"]["DE01"]
    segments = [*entity["segments"][:2], {"name": "account", "value": "664000"}]
    found = entity | {"segments": segments, "expense": EXPENSE}

    checked = Profile.model_validate(PROFILE | {"legal_entities": {"DE01": found}, "mappings": EVERY})

    assert ["legal_entities.DE01.expense.account_segment"] == places(checked)


BY_CODE = {"company_field": "orgUnit1"}


@pytest.mark.parametrize(
    ("first", "second", "is_fine"),
    [
        ({}, {}, False),
        (BY_CODE | {"company_codes": ["DE"]}, {}, False),
        (BY_CODE | {"company_codes": ["DE"]}, BY_CODE | {"company_codes": ["DE", "FR"]}, False),
        (BY_CODE | {"company_codes": ["DE"]}, {"company_field": "orgUnit2", "company_codes": ["FR"]}, False),
        (BY_CODE | {"company_codes": ["DE"]}, BY_CODE | {"company_codes": ["FR"]}, True),
    ],
)
def test_companies_that_share_a_ledger_are_told_apart(
    first: dict[str, Any], second: dict[str, Any], is_fine: bool
) -> None:
    """By the same field and codes of their own; else a document could be anybody's."""
    found = places(a_profile(second=second, **first))

    assert ([] if is_fine else ["legal_entities.FR01.expense.ledgers"]) == found


def test_the_flow_needs_a_company() -> None:
    """Switched on without any company that says how its expenses are posted."""
    entity = {k: v for k, v in PROFILE["legal_entities"]["DE01"].items() if k != "expense"}
    on = Profile.model_validate(PROFILE | {"legal_entities": {"DE01": entity}, "mappings": EVERY})
    flow = {"expense_to_reimbursement": {"source": "concur", "is_enabled": False}}
    off = Profile.model_validate(
        PROFILE | {"legal_entities": {"DE01": entity}, "mappings": EVERY, "flows": flow}
    )

    assert ["flows.expense_to_reimbursement"] == places(on)
    assert [] == places(off)


def test_a_shipped_company_is_ready_for_expenses(tmp_path: Path) -> None:
    """A layer that connects the expense tool and switches the flow on is all that is missing."""
    workspace = create_workspace(tmp_path, layers=("shared", "regions/emea", "mine"))
    mine = tmp_path / "profiles" / "mine"
    mine.mkdir(parents=True)
    (mine / "profile.toml").write_text(
        '[systems.concur]\nadapter = "concur"\nbase_url = "https://eu2.api.concursolutions.com"\n'
        '[systems.coupa]\nbase_url = "https://coupa.example.com"\n'
        '[systems.oracle-emea]\nbase_url = "https://oracle.example.com"\n'
        "[flows.expense_to_reimbursement]\nis_enabled = true\n"
    )

    assert [] == profile.check(workspace)
    loaded = profile.load(workspace)
    due = loaded.flows["expense_to_reimbursement"].due
    steps = ExpenseToReimbursement().steps("post")
    assert set(due) <= set(steps)
    assert {step for step in steps if step.startswith(("await", "verify"))} <= set(due)


@pytest.mark.parametrize("class_", sorted(RETURNABLE))
def test_whatever_may_go_back_at_once_says_what_to_change(class_: str) -> None:
    """No class of them leaves the employee with a code or without a way out."""
    text = message(a_report(), class_, "the reason")

    assert class_ not in text
    assert text.startswith("Report R-7001 'Trip to Lyon': the reason. ")
    assert len(text) > len("Report R-7001 'Trip to Lyon': the reason. ") + 20
