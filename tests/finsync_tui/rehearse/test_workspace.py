"""The demo's workspace: a profile without problems, mapping tables that matter, and no secret in it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from finsync_tui import profile as profiles
from finsync_tui.mapping import tables
from finsync_tui.profile.overlay import read_mapping
from finsync_tui.rehearse import catalogue, workspace
from finsync_tui.rehearse.company import build
from finsync_tui.rehearse.shapes import Company
from finsync_tui.settings import Workspace, load_workspace
from store.canonical.money import Money

URLS = {
    name: f"http://127.0.0.1:{port}" for name, port in (("coupa", 1), ("oracle-emea", 2), ("oracle-amer", 3))
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


def test_no_rule_lets_everything_through(made: Workspace) -> None:
    """A wildcard would hide a missing mapping, which is one of the troubles to be found."""
    for file in (made.path / "profiles").rglob("mappings/*.csv"):
        assert all("*" not in row.source for row in read_mapping(file))


def test_extracts_cover_the_year(made: Workspace, company: Company) -> None:
    """Budgets for every mapped cost centre, and every month of every ledger, stand in the extracts."""
    budgets = (made.path / "extracts" / "budget.csv").read_text().splitlines()[1:]
    periods = (made.path / "extracts" / "fiscal_period.csv").read_text().splitlines()[1:]

    assert sum(one.target is not None for one in company.cost_centres) == len(budgets)
    assert Money.of(budgets[0].split(",")[-1], "EUR").amount_minor > 0
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
