"""Rules of `ledger_derivation`: which value a segment of an account has in the ERP, before any mapping table is asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from finsync_tui.flows import accounts, deriving
from finsync_tui.flows.accounts import Resolved
from finsync_tui.governance.judging import judges
from finsync_tui.impact import impact
from finsync_tui.mapping import MappingRow, Table
from finsync_tui.policies import ruling
from finsync_tui.policies.model import PolicySetup
from finsync_tui.policies.verdicts import LEDGER_DERIVATION, Judging, UndecidedError, Verdict
from finsync_tui.releasing_ruled import release_ruled
from store import workflows
from tests.builders import MONDAY, a_cost_centre, a_purchase_order
from tests.finsync_tui.flows.desk import Desk
from tests.finsync_tui.flows.expense_desk import ExpenseDesk
from tests.finsync_tui.flows.invoice_desk import TARGET, InvoiceDesk, a_free_line, an_invoice
from tests.finsync_tui.flows.test_ruled_settings import SHIPPED
from tests.finsync_tui.governance.council import TABLE, a_row
from tests.finsync_tui.governance.test_impact import a_desk

ON = MONDAY.date()
CENTRE = "segment.name == 'cost_centre' && segment.value == '420'"


def setup(when: str, then: str, **changes: object) -> PolicySetup:
    rule = {"when": when, "then": then, "why": "ours", **changes}
    return PolicySetup.model_validate({"decides": LEDGER_DERIVATION, "rules": {"own": rule}})


def judged(when: str, then: str, **changes: object) -> Mapping[str, Judging]:
    return ruling.judges(SHIPPED | {"own": setup(when, then, **changes)})


def test_a_rule_comes_before_the_table_and_only_for_what_it_speaks_of() -> None:
    """An order's cost centre; what no rule is about goes by table, or as it is."""
    plain, ruled = Desk(), Desk()
    ruled.judges = judged(CENTRE, "777")
    for desk in (plain, ruled):
        desk.order(a_purchase_order())
    (before,) = plain.workflow.data["accounts"].values()
    (after,) = ruled.workflow.data["accounts"].values()
    named = ("cost_centre", "charge_account")

    assert ("420", "777") == (before["cost_centre"], after["cost_centre"])
    assert {one: before[one] for one in before if one not in named} == {
        one: after[one] for one in after if one not in named
    }


def test_the_step_says_which_rule_derived_what() -> None:
    """`finsync explain` shows it beside the rules of mapping tables."""
    desk = Desk()
    desk.judges = judged(CENTRE, "777")
    desk.order(a_purchase_order())
    steps = workflows.steps(desk.store.db, desk.workflow.id)
    (step,) = [one for one in steps if one.name == "resolve_accounts"]

    assert (["cost_centre 420: 777 [own/own]"], []) == (step.detail["policy_rules"], step.detail["rules"])


def test_a_rule_helps_where_the_table_has_none() -> None:
    """Else the order waits for one."""
    lacking, ruled = Desk(), Desk()
    ruled.judges = judged(CENTRE, "777")
    for desk in (lacking, ruled):
        desk.rows = ()
        desk.order(a_purchase_order())

    assert ("held", "resolve_accounts") == (lacking.workflow.state, lacking.workflow.step)
    assert "resolve_accounts" != ruled.workflow.step


def test_what_a_rule_derives_is_held_against_the_erp() -> None:
    """A cost centre that is closed there is refused, whoever named it."""
    desk = InvoiceDesk()
    desk.judges = judged(CENTRE, "999")
    desk.put(TARGET, "cc999", a_cost_centre(number="999", ends_on=date(2025, 12, 31)))
    desk.invoice(an_invoice(a_free_line()))

    assert [("COST_CENTRE_INACTIVE", "open")] == desk.exceptions


@pytest.mark.parametrize(("posted_on", "centre"), [(date(2026, 1, 31), "777"), (date(2026, 2, 1), "420")])
def test_an_invoice_is_charged_by_the_rules_of_its_posting_date(posted_on: date, centre: str) -> None:
    """Whenever it is decided."""
    desk = InvoiceDesk()
    desk.judges = judged(CENTRE, "777", valid_to="2026-01-31")
    desk.invoice(an_invoice(a_free_line(), accounting_on=posted_on))
    (account,) = desk.flow("I1").data["accounts"].values()

    assert centre == account.split("-")[1]


def test_expenses_are_charged_by_rules_too() -> None:
    """By the kind of expense, whatever the expense tool says; what balances it is not."""
    desk, plain = ExpenseDesk(), ExpenseDesk()
    desk.judges = judged("segment.name == 'cost_centre' && has(segment.expense_type)", "777")
    for one in (desk, plain):
        one.submit()
        one.answer()
    ruled, usual = desk.workflow.data["accounts"], plain.workflow.data["accounts"]
    changed = {key for key in usual if ruled[key] != usual[key]}

    assert changed
    assert all(key.startswith("expense") for key in changed)
    assert all("777" in ruled[key] for key in changed)


class _Unasked:
    """Rules that can't be asked."""

    def ask(self, *args: object) -> list[Verdict]:
        raise UndecidedError("own/own", "more than 20 decimals")


def test_a_rule_that_can_not_be_asked_holds_the_document_until_the_rules_are_others() -> None:
    """Then it is asked again by itself."""
    desk = Desk()
    desk.judges = {LEDGER_DERIVATION: _Unasked()}
    desk.order(a_purchase_order())
    held = (desk.workflow.state, desk.workflow.step)
    desk.judges = judged(CENTRE, "777")
    count = release_ruled(desk.store, desk.judges, {}, "requisition_to_pay/2", desk.now)
    desk.run()

    assert (("held", "resolve_accounts"), 1) == (held, count)
    assert "resolve_accounts" != desk.workflow.step


def test_alike_segments_are_asked_once() -> None:
    """A document of a thousand lines costs no thousand questions."""
    asked: list[object] = []

    class Counting:
        def ask(self, documents: Mapping[str, object], *rest: object) -> list[Verdict]:
            asked.append(documents)
            return []

    derive = deriving.by(Counting(), "DE01", "", ON)
    assert derive is not None
    for _ in range(1_000):
        derive("account", "6100", {"document": "invoice", "currency": "EUR"})
        derive("account", "6100", {"document": "invoice", "currency": "EUR", "category": "IT"})

    assert 2 == len(asked)


def test_the_impact_of_a_mapping_table_knows_what_a_rule_derives_instead() -> None:
    """A row that a rule comes before charges no document elsewhere."""
    found = []
    for policies in ({}, {"own": setup(CENTRE, "420")}):
        desk = a_desk((1, "100.00", ("420",)))
        desk.profile = desk.profile.model_copy(update={"policies": policies})
        changed = impact(desk.store.db, desk.profile, TABLE, [a_row("420", "421")], desk.now)
        found.append([one.outcome for one in changed.documents])

    assert [["changed"], []] == found


@pytest.mark.parametrize(
    ("when", "then", "place", "word"),
    [
        ("segment.nam == 'account'", "1", "when", "name"),
        ("segment.category == 'IT'", "1", "when", "has(segment.category)"),
        ("segment.value > 5", "1", "when", "whole number"),
        ("true", "01-420-6100", "then", "no value of a segment"),
    ],
)
def test_what_does_not_fit_is_found_by_the_check(when: str, then: str, place: str, word: str) -> None:
    """A wrong field, one that may be missing, a number for a code, a combination for a value."""
    (found,) = ruling.misfits({"own": setup(when, then)}, {})

    assert f"own.rules.own.{place}" == found.place
    assert word in found.message


def test_nobody_is_asked_where_all_rules_leave_it_to_the_tables() -> None:
    """As shipped: coding an account costs what it did."""
    assert LEDGER_DERIVATION not in judges(SHIPPED)
    assert deriving.by(None, "DE01", "", ON) is None


def test_each_segment_is_derived_or_mapped_by_itself() -> None:
    """What a rule says of one is not said of the next."""
    company = Desk().profile.legal_entities["DE01"]
    tables = {"cost_centre": Table("cost_centre", 1, (MappingRow(source="*", target="1"),))}
    derive = deriving.by(judged(CENTRE, "777")[LEDGER_DERIVATION], "DE01", "", ON)
    found = [
        accounts.combination(
            company, tables, ("DE", centre, "6100"), shown="x", scope="DE01", on=ON, derive=derive
        )
        for centre in ("420", "430")
    ]

    assert ["777", "1"] == [one.parts["cost_centre"] for one in found if isinstance(one, Resolved)]
