"""Commitment reporting: by what people ask for, against budgets."""

from __future__ import annotations

from datetime import date

from store import commitments, records
from store.canonical.budget import Budget
from store.canonical.money import Money
from store.commitments import Relief, Spent
from tests.builders import MONDAY, a_commitment
from tests.finsync_tui.cli.conftest import Finsync

COMPANY = """
[systems.oracle-emea]
adapter = "oracle_fusion"
base_url = "http://127.0.0.1:9"

[legal_entities.DE01]
name = "Muster GmbH"
currency = "EUR"
source_chart = "DE Chart"
target = "oracle-emea"
ledger = "DE Ledger"
business_unit = "DE Operations"
segments = [
  { name = "company", from = 1, table = "company" },
  { name = "cost_centre", from = 2, table = "cost_centre" },
  { name = "account", from = 3 },
]
"""


def filled(finsync: Finsync) -> Finsync:
    """An order of 100 on cost centre 420, of which 40 are invoiced; a budget of 150 there, and one nobody uses."""
    with finsync.store() as store, store.transaction() as db:
        commitments.replace(db, "coupa:1", "oracle-emea", a_commitment("100.00"))
        commitments.relieve(
            db,
            "coupa:i",
            [Relief("coupa:1", "1", Money.of("40.00", "EUR"))],
            legal_entity="DE01",
            system="oracle-emea",
            booked_on=date(2026, 1, 5),
        )
        for centre, amount, left in (("420", "150", "110"), ("430", "70", "70")):
            budget = Budget(
                number=f"DE01/{centre}/2026", name=centre, legal_entity="DE01", period="2026", cost_centre=centre,
                amount=Money.of(amount, "EUR"), remaining=Money.of(left, "EUR"),
            )  # fmt: skip
            records.put_page(
                db,
                "budget",
                "extract",
                [records.Incoming(budget.number, budget, budget.canonical_json())],
                MONDAY,
            )
    return finsync


def test_commitments_stand_beside_their_budgets(finsync: Finsync) -> None:
    """Ordered, invoiced, open, to the minor unit; a budget without orders is shown, too."""
    answer = filled(finsync)("commitments", "--json")

    assert 0 == answer.code
    used, free = answer.json
    assert ("420", "100.00", "40.00", "60.00", "150.00", "50.00", "66.7") == tuple(
        used[name]
        for name in ("cost_centre", "ordered", "invoiced", "open", "budget", "left", "used_percent")
    )
    assert ("430", "0.00", "70.00", "0.0") == tuple(
        free[n] for n in ("cost_centre", "open", "budget", "used_percent")
    )


def test_what_requisitions_promise_stands_beside_the_orders(finsync: Finsync) -> None:
    """Requested is no part of what is ordered or open, and takes of the budget all the same."""
    with filled(finsync).store() as store, store.transaction() as db:
        commitments.reserve(db, "coupa:1", "oracle-emea", "DE01", a_commitment("20.00").lines)

    used = finsync("commitments", "--json").json[0]

    assert ("420", "20.00", "100.00", "60.00", "80.0") == tuple(
        used[name] for name in ("cost_centre", "requested", "ordered", "open", "used_percent")
    )


def test_they_are_summed_by_what_is_asked_for(finsync: Finsync) -> None:
    """By company; by account, project and period; of one company only."""
    filled(finsync)

    (whole,) = finsync("commitments", "--by", "", "--json").json
    by_project = finsync("commitments", "--by", "account,project,period", "--json").json
    other = finsync("commitments", "--entity", "FR01", "--json")

    assert ("60.00", "220.00") == (whole["open"], whole["budget"])
    assert [("7110", None, "Jan-26", "60.00", None)] == [
        tuple(row[name] for name in ("account", "project", "period", "open", "budget")) for row in by_project
    ]
    assert 2 == other.code
    assert "FR01" in other.err
    assert "known: DE01" in other.err


def test_what_is_invoiced_beyond_an_order_stands_apart(finsync: Finsync) -> None:
    """An order that became smaller than what was invoiced of it lowers what is open of its company: by how much is said."""
    with filled(finsync).store() as store, store.transaction() as db:
        commitments.replace(db, "coupa:2", "oracle-emea", a_commitment("10.00"))
        commitments.relieve(
            db,
            "coupa:j",
            [Relief("coupa:2", "1", Money.of("25.00", "EUR"))],
            legal_entity="DE01",
            system="oracle-emea",
            booked_on=date(2026, 1, 5),
        )

    (row, _) = finsync("commitments", "--json").json

    assert ("110.00", "65.00", "45.00", "15.00", "125.00", "25.00") == tuple(
        row[name] for name in ("ordered", "invoiced", "open", "over", "used", "left")
    )


def test_what_was_invoiced_of_an_ended_order_stays_used(finsync: Finsync) -> None:
    """Ending it frees what was open of it, never what was spent: the same in its month's row."""
    with filled(finsync).store() as store, store.transaction() as db:
        commitments.drop(db, "coupa:1")

    used = finsync("commitments", "--json").json[0]
    by_period = finsync("commitments", "--by", "period", "--json").json

    assert ("0.00", "0.00", "40.00", "40.00", "110.00") == tuple(
        used[name] for name in ("ordered", "open", "ended", "used", "left")
    )
    assert ("40.00", "40.00") == next((r["ended"], r["used"]) for r in by_period if r["period"] == "Jan-26")


def test_what_a_budgets_source_says_is_left_counts_where_it_is_less(finsync: Finsync) -> None:
    """It knows of spending that no order promised."""
    with filled(finsync).store() as store, store.transaction() as db:
        commitments.drop(db, "coupa:1")

    used, free = finsync("commitments", "--json").json

    assert ("110.00", "70.00") == (used["left"], free["left"])


def test_projects_stand_beside_what_they_were_given(finsync: Finsync) -> None:
    """A budget of a project is its own; those that name no project are nobody's."""
    order = a_commitment("100.00")
    (line,) = order.lines
    (part,) = line.distributions
    parts = (part.model_copy(update={"project": "P-77"}),)
    lines = (line.model_copy(update={"distributions": parts}),)
    budget = Budget(
        number="DE01/420/2026/P-77", name="Move", legal_entity="DE01", period="2026", cost_centre="420",
        project="P-77", amount=Money.of("400", "EUR"), remaining=Money.of("300", "EUR"),
    )  # fmt: skip
    with filled(finsync).store() as store, store.transaction() as db:
        commitments.replace(db, "coupa:1", "oracle-emea", order.model_copy(update={"lines": lines}))
        records.put_page(
            db, "budget", "extract", [records.Incoming("p", budget, budget.canonical_json())], MONDAY
        )

    (row,) = finsync("commitments", "--by", "project", "--json").json

    assert ("P-77", "100.00", "60.00", "400.00", "300.00", "25.0") == tuple(
        row[name] for name in ("project", "ordered", "open", "budget", "left", "used_percent")
    )


def put(finsync: Finsync, system: str, *budgets: Budget) -> None:
    with finsync.store() as store, store.transaction() as db:
        some = [records.Incoming(one.number, one, one.canonical_json()) for one in budgets]
        records.put_page(db, "budget", system, some, MONDAY)


def a_budget(number: str, amount: str, **changes: str | None) -> Budget:
    fields = {"legal_entity": "DE01", "period": "FY2026", "name": number} | changes
    return Budget(number=number, amount=Money.of(amount, "EUR"), remaining=Money.of(amount, "EUR"), **fields)  # type: ignore[arg-type]


def test_what_invoices_charge_without_an_order_uses_the_budget(finsync: Finsync) -> None:
    """It is no part of what is ordered or invoiced of orders: they stay equal to the unit."""
    with filled(finsync).store() as store, store.transaction() as db:
        spent = Spent("01-420-7110", "420", "7110", None, None, Money.of("15.01", "EUR"))
        commitments.spend(
            db, "coupa:i9", [spent], legal_entity="DE01", system="oracle-emea", booked_on=date(2026, 1, 5)
        )

    used = finsync("commitments", "--json").json[0]

    assert ("100.00", "40.00", "60.00", "15.01", "115.01", "34.99", "76.7") == tuple(
        used[n] for n in ("ordered", "invoiced", "open", "direct", "used", "left", "used_percent")
    )


def test_a_years_budget_bears_its_quarters_and_months(finsync: Finsync) -> None:
    """Its row says what they use of it, theirs what each is charged with: no sum is counted twice."""
    filled(finsync)
    put(finsync, "extract", a_budget("Q", "60.00", period="Q1-2026", cost_centre="420"))

    rows = finsync("commitments", "--by", "cost_centre,period", "--json").json

    shown = [
        tuple(r[n] for n in ("period", "ordered", "budget", "used", "left"))
        for r in rows
        if r["cost_centre"] == "420"
    ]
    assert [
        ("2026", "0.00", "150.00", "100.00", "50.00"),
        ("Jan-26", "100.00", None, "100.00", None),
        ("Q1-2026", "0.00", "60.00", "100.00", "-40.00"),
    ] == shown


def test_budgets_of_several_sorts_are_not_added_up(finsync: Finsync) -> None:
    """A company's accounts are given the money of its cost centres once more; by account, only what accounts were given."""
    filled(finsync)
    put(finsync, "extract", a_budget("A", "200.00", account="7110"), a_budget("P", "30.00", project="P-7"))

    (whole,) = finsync("commitments", "--by", "", "--json").json
    accounts = finsync("commitments", "--by", "account", "--json").json
    both = finsync("commitments", "--by", "cost_centre,account", "--json").json

    assert ("220.00", "100.00") == (whole["budget"], whole["used"])
    assert [("7110", "200.00")] == [(row["account"], row["budget"]) for row in accounts]
    assert {None} == {row["budget"] for row in both}


def test_only_what_budgets_bear_uses_them(finsync: Finsync) -> None:
    """By period, projects have budgets and nothing else does: what no project is charged with takes nothing of these."""
    filled(finsync)
    put(finsync, "extract", a_budget("P", "30.00", project="P-7", period="Q1-2026"))

    rows = finsync("commitments", "--by", "period", "--json").json

    shown = {row["period"]: (row["budget"], row["used"], row["left"]) for row in rows}
    assert ("30.00", "0.00", "30.00") == shown["Q1-2026"]
    assert ("220.00", "100.00", "120.00") == shown["2026"]


def test_a_procurement_systems_budgets_are_shown_in_the_erps_words(finsync: Finsync) -> None:
    """By chart or first segment and the mapping tables; where the file budgets the same, they are the same money."""
    (finsync.path / "profiles" / "own" / "mappings").mkdir()
    for name, rows in (("company", "01,01,DE01"), ("cost_centre", "CC420,420,DE01\nCC440,440,DE01")):
        (finsync.path / "profiles" / "own" / "mappings" / f"{name}.csv").write_text(
            f"from,to,scope\n{rows}\n"
        )
    with (finsync.path / "profiles" / "own" / "profile.toml").open("a") as file:
        file.write(COMPANY)
    filled(finsync)
    put(
        finsync, "coupa",
        a_budget("1", "5.00", legal_entity="01", cost_centre="CC420", period="FY26-Q1"),
        a_budget("2", "7.00", legal_entity="DE Chart", cost_centre="CC440", period="FY26-Q1"),
        a_budget("3", "9.00", legal_entity="77", cost_centre="CC440", period="FY26-Q1"),
    )  # fmt: skip

    rows = finsync("commitments", "--json").json
    asked = finsync("commitments", "--budgets", "coupa", "--json").json
    unknown = finsync("commitments", "--budgets", "tryton", "--json")

    names = ("legal_entity", "cost_centre", "budget")
    assert [
        ("77", "CC440", "9.00"), ("DE01", "420", "150.00"), ("DE01", "430", "70.00"), ("DE01", "440", "7.00"),
    ] == [tuple(row[n] for n in names) for row in rows]  # fmt: skip
    assert [("77", "CC440", "9.00"), ("DE01", "420", "5.00"), ("DE01", "440", "7.00")] == [
        tuple(row[n] for n in names) for row in asked
    ]
    assert 2 == unknown.code
    assert "known: coupa, extract" in unknown.err


def test_people_read_a_table_and_a_wrong_dimension_is_a_usage_error(finsync: Finsync) -> None:
    """The message names what there is."""
    shown, wrong = filled(finsync)("commitments"), finsync("commitments", "--by", "colour")

    assert "66.7 %" in shown.out
    assert 2 == wrong.code
    assert "cost_centre, account, project, period" in wrong.err
