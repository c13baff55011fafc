"""The demo's workspace: a profile without problems, mapping tables that matter, and no secret in it."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from finsync_tui import profile as profiles
from finsync_tui.governance.judging import judges
from finsync_tui.mapping import tables
from finsync_tui.openness import open_files
from finsync_tui.policies import testing
from finsync_tui.policies.decisions import DECISIONS
from finsync_tui.profile.overlay import read_mapping
from finsync_tui.rehearse import catalogue, expense_catalogue, workspace
from finsync_tui.rehearse.company import build
from finsync_tui.rehearse.shapes import Company
from finsync_tui.settings import Workspace, load_workspace
from store.canonical.money import Money

URLS = {
    name: f"http://127.0.0.1:{port}"
    for name, port in (("coupa", 1), ("concur", 4), ("oracle-emea", 2), ("oracle-amer", 3))
}
DAY = date(2026, 6, 1)


@pytest.fixture
def company() -> Company:
    return build(7, 0.01)


@pytest.fixture
def made(tmp_path: Path, company: Company) -> Workspace:
    workspace.write(tmp_path / "demo", company, URLS)
    return load_workspace(tmp_path / "demo")


def test_profile_has_no_problems(made: Workspace) -> None:
    """`finsync profile check` finds nothing, and each system has the address of this run."""
    assert [] == profiles.check(made)
    assert URLS == {name: one.base_url for name, one in profiles.load(made).systems.items()}


def test_the_company_has_a_policy_for_each_setting_and_no_rule_says_otherwise(made: Workspace) -> None:
    """Everything in place of a setting is there to be switched on; until then nobody is asked, and the year is as without."""
    policies = profiles.load(made).policies
    in_place = {name for name, one in DECISIONS.items() if one.has_setting}

    assert in_place == {one.decides for one in policies.values()}
    assert {} == judges(policies)
    assert [] == [one for one in testing.run(policies, {}) if one.problem]
    assert [] == testing.untested(policies)


def test_nobody_but_the_owner_reads_what_the_demo_makes(made: Workspace) -> None:
    """`finsync doctor` has nothing to say of it, extracts and profile included."""
    assert [] == open_files(made)
    assert {0o600} == {one.stat().st_mode & 0o777 for one in made.path.rglob("*") if one.is_file()}


def test_every_code_maps_to_the_erps(made: Workspace, company: Company) -> None:
    """Each company's codes come out as its ERP writes them; the one cost centre that nobody mapped does not."""
    found = profiles.load(made)
    by_name = tables(found.mappings, dict.fromkeys(found.mappings, 1))

    for name, codes in (("cost_centre", company.cost_centres), ("account", company.accounts)):
        for code in codes:
            match = by_name[name].find(code.source, scope=code.legal_entity, on=DAY)
            assert code.target == (match.target if match else None)
    for one in company.legal_entities.values():
        match = by_name["company"].find(one.source_code, scope=one.number, on=DAY)
        assert match is not None
        assert one.target_code == match.target


def test_every_expense_code_maps_to_the_erps(made: Workspace) -> None:
    """What only expenses use comes out as the ERP writes it: accounts, the card programme, taxes, the balance sheet's centre."""
    found = profiles.load(made)
    by_name = tables(found.mappings, dict.fromkeys(found.mappings, 1))

    def target(table: str, source: str, scope: str) -> str | None:
        match = by_name[table].find(source, scope=scope, on=DAY)
        return match.target if match else None

    for code in expense_catalogue.accounts():
        assert code.target == target("account", code.source, code.legal_entity)
    for number in found.legal_entities:
        assert expense_catalogue.CARD_ACCOUNT[0] == target("account", expense_catalogue.CARD_CODE, number)
        assert "000" == target("cost_centre", expense_catalogue.BALANCE_CENTRE, number)
    assert ("1571", None) == (target("tax_account", "DE/VA", "DE01"), target("tax_account", "DE/VA", "US01"))
    assert "6515" == target("expense_account", "FR/LODNG", "FR01")


def test_companies_post_their_expenses_in_their_own_way(made: Workspace) -> None:
    """Two companies share a ledger of the expense tool and pay by invoice; the third posts journals."""
    setups = {number: one.expense for number, one in profiles.load(made).legal_entities.items()}

    assert {"DE01": "invoice", "FR01": "invoice", "US01": "journal"} == {
        number: one.post_as for number, one in setups.items() if one is not None
    }
    ledgers = {number: one.ledgers[0] for number, one in setups.items() if one is not None}
    assert ledgers["DE01"] == ledgers["FR01"] != ledgers["US01"]


def test_no_rule_lets_everything_through(made: Workspace) -> None:
    """A wildcard would hide a missing mapping, which is one of the troubles to be found."""
    for file in (made.path / "profiles").rglob("mappings/*.csv"):
        assert all("*" not in row.source for row in read_mapping(file))


def test_extracts_cover_the_year(made: Workspace, company: Company) -> None:
    """Budgets for every mapped cost centre, account and project, and every month of every ledger, stand in the extracts."""
    budgets = list(csv.DictReader((made.path / "extracts" / "budget.csv").open()))
    periods = (made.path / "extracts" / "fiscal_period.csv").read_text().splitlines()[1:]

    assert sum(one.target is not None for one in company.cost_centres) == sum(
        bool(one["cost_centre"]) for one in budgets
    )
    assert {one.target for one in company.accounts} == {one["account"] for one in budgets} - {""}
    assert {"1001", "1002", "1003"} == {one["project"] for one in budgets} - {""}
    assert Money.of(budgets[0]["amount"], "EUR").amount_minor > 0
    for one in company.legal_entities.values():
        assert sum(row.startswith(f"{one.ledger},") for row in periods) >= 12


def test_is_made_anew_each_time(made: Workspace, company: Company) -> None:
    """A second demo in the same folder starts empty: the first one's store is gone."""
    made.store_path.write_bytes(b"the year before")

    again = workspace.write(made.path, company, URLS)

    assert made.path == again.path
    assert not again.store_path.exists()


def test_two_thousand_orders_need_no_other_centres(company: Company) -> None:
    """The special cost centres are mapped as well: their trouble is in the ERP, not in the mapping."""
    mapped = {(one.legal_entity, one.target) for one in company.cost_centres}

    for kind in catalogue.SPECIAL_CENTRES:
        assert set(kind.items()) <= mapped
