"""Tax codes that come as a file: what a row may say, and that a rate that changed has a row for each time."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from finsync_tui import extracts
from finsync_tui.flows.rates import EXTRACT
from finsync_tui.profile import Profile
from finsync_tui.tax import determine
from store import Store, records
from store.canonical.budget import Budget
from store.canonical.chart import TaxCode
from tests.builders import a_store
from tests.tax_questions import a_tax_line, a_tax_question, eur

HEADER = "number,country,description,rate_percent,is_active"
DATES = "starts_on,ends_on,recoverable_percent,is_reverse_charge,document_kinds,from_countries"


def read(folder: Path, text: str) -> tuple[Store, int]:
    (folder / "tax_code.csv").write_text(text, encoding="utf-8")
    store = a_store()
    profile = Profile.model_validate({"systems": {}, "extracts": {"tax_code": "tax_code.csv"}})
    return store, extracts.read(store, profile, folder, store.clock)


def codes(store: Store, *numbers: str) -> list[TaxCode]:
    """Return every record of these numbers that the extract gave, as a flow would look them up."""
    held = [
        records.get(store.db, TaxCode, system, external_id)
        for number in numbers
        for system, external_id in records.by_number(store.db, "tax_code", number)
        if system == EXTRACT
    ]
    return [one.record for one in held if one is not None]


def test_the_short_form_says_nothing_about_the_rest(tmp_path: Path) -> None:
    """Five columns are enough; a rate may be missing."""
    store, changed = read(tmp_path, f"{HEADER}\nV19,DE,Standard,19,true\nX,,,,false\n")

    assert 2 == changed
    assert [
        TaxCode(number="V19", country="DE", description="Standard", rate_percent=Decimal(19)),
        TaxCode(number="X", is_active=False),
    ] == codes(store, "V19", "X")


def test_a_rate_that_changed_has_a_row_for_each_time(tmp_path: Path) -> None:
    """Both are held, and the day of a document decides which counts."""
    store, changed = read(
        tmp_path,
        f"{HEADER},{DATES}\n"
        "V19,DE,Standard,16,true,2020-07-01,2020-12-31,,,,\n"
        "V19,DE,Standard,19,true,2021-01-01,,50,false,invoice expense,DE AT\n",
    )

    held = codes(store, "V19")
    then = determine(
        a_tax_question(a_tax_line(charged="16.00"), taxed_on=date(2020, 8, 1)), held, Profile(systems={}).tax
    )
    now = determine(a_tax_question(), held, Profile(systems={}).tax)

    assert 2 == changed
    assert ("match", eur("16.00")) == (then.verdict, then.recoverable)
    assert ("match", eur("9.50")) == (now.verdict, now.recoverable)
    latest = max(held, key=lambda code: code.starts_on or date.min)
    assert (("invoice", "expense"), ("DE", "AT")) == (latest.document_kinds, latest.from_countries)


def test_budgets_of_accounts_and_months_stand_beside_each_other(tmp_path: Path) -> None:
    """Each row that states something else is a budget of its own; none takes another's place."""
    header = "legal_entity,name,period,cost_centre,account,currency,amount,remaining"
    rows = (
        "DE01,Office,FY2026,420,7110,EUR,100,90", "DE01,Office,FY2026,420,7200,EUR,80,80",
        "DE01,Office,Jan-26,420,,EUR,10,9", "DE01,Office,Feb-26,420,,EUR,10,10", "DE01,All,2026,,,EUR,500,500",
    )  # fmt: skip
    (tmp_path / "budget.csv").write_text("\n".join((header, *rows)), encoding="utf-8")
    store = a_store()
    profile = Profile.model_validate({"systems": {}, "extracts": {"budget": "budget.csv"}})

    assert 5 == extracts.read(store, profile, tmp_path, store.clock)
    held = [
        records.get(store.db, Budget, EXTRACT, one)
        for one in records.external_ids(store.db, "budget", EXTRACT)
    ]
    assert sorted(row.split(",")[2:5] for row in rows) == sorted(
        [one.record.period, one.record.cost_centre or "", one.record.account or ""]
        for one in held
        if one is not None
    )


def test_a_budget_of_a_project_stands_beside_that_of_its_cost_centre(tmp_path: Path) -> None:
    """The column may be missing; what names no project is the cost centre's, as orders ask for it."""
    header = "legal_entity,name,period,cost_centre,account,project,currency,amount,remaining"
    rows = ("DE01,Office,FY2026,420,,,EUR,100,90", "DE01,Move,FY2026,420,,P-77,EUR,40,40")
    (tmp_path / "budget.csv").write_text("\n".join((header, *rows)), encoding="utf-8")
    store = a_store()
    profile = Profile.model_validate({"systems": {}, "extracts": {"budget": "budget.csv"}})

    assert 2 == extracts.read(store, profile, tmp_path, store.clock)
    held = [
        records.find_by_number(store.db, Budget, EXTRACT, number)
        for number in ("DE01/420/2026", "DE01/420/2026/P-77")
    ]
    assert [(None, eur("100")), ("P-77", eur("40"))] == [
        (one.record.project, one.record.amount) for one in held if one is not None
    ]
