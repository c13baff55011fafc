"""The people and the expense reports of the seeded company: the same for the same seed, and of every kind."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from functools import cache

from adapters.concur.simulator_plan import EntryPlan
from finsync_tui.rehearse import expense_catalogue as catalogue
from finsync_tui.rehearse.company import ENDS_AT, STARTS_AT, build
from finsync_tui.rehearse.shapes import Company
from store.canonical.currency import exponent


@cache
def the_company() -> Company:
    return build(7)


def entries() -> list[EntryPlan]:
    return [entry for claim in the_company().expenses.claims.values() for entry in claim.plan.entries]


def test_has_the_size_that_is_promised() -> None:
    """At scale 1: 100 employees of three countries, 600 reports over all months, and cash advances."""
    expenses = the_company().expenses

    assert 600 == len(expenses.claims)
    assert {"DE01": 40, "FR01": 25, "US01": 35} == dict(
        Counter(one.legal_entity for one in expenses.employees.values())
    )
    assert 12 == len({one.approved_at.month for one in expenses.claims.values()})
    assert all(STARTS_AT <= c.submitted_at < c.approved_at < ENDS_AT for c in expenses.claims.values())
    assert 20 == len(expenses.advances)


def test_same_seed_same_expenses() -> None:
    """Two companies of one seed claim the same; another seed claims something else."""
    assert build(7, 0.1).expenses == build(7, 0.1).expenses
    assert build(7, 0.1).expenses.claims.keys() != build(8, 0.1).expenses.claims.keys()


def test_a_small_company_still_has_room_for_trouble() -> None:
    """However small the company, it has enough reports for one trouble of each kind."""
    assert 40 == len(build(7, 0.01).expenses.claims)


def test_everybody_reports_to_somebody_with_a_limit() -> None:
    """Everyone but the directors has a superior of their own company; who approves a report may approve that much."""
    expenses = the_company().expenses

    for person in expenses.employees.values():
        above = expenses.superiors(person.number)
        assert (person.grade == "director") == (above == [])
        assert {person.legal_entity} >= {one.legal_entity for one in above}
    for claim in expenses.claims.values():
        approver = expenses.employees[claim.approver or ""]
        assert approver in expenses.superiors(claim.employee)
        assert approver.limit is not None
        assert claim.total <= approver.limit


def test_amounts_are_money_of_their_currency() -> None:
    """What is spent is exact in the currency there, what is claimed in the company's; currencies of 0 and 3 decimals occur."""
    currencies = {one.transaction_currency for one in entries()}

    assert {"EUR", "USD", "JPY", "KWD"} <= currencies
    for entry in entries():
        assert entry.transaction_amount is not None
        assert entry.transaction_currency is not None
        places = exponent(entry.transaction_currency)
        assert entry.transaction_amount == round(entry.transaction_amount, places)
        assert entry.amount == round(entry.amount, 2) != 0


def test_every_kind_of_expense_occurs() -> None:
    """Each way of payment, private charges on the company's card, credits, and taxes reclaimed wholly, partly or not at all."""
    found = entries()

    assert {"cash", "individual_card", "company_card", "company_paid"} == {one.payment for one in found}
    assert {"company_card"} == {one.payment for one in found if one.is_personal}
    assert any(one.amount < 0 for one in found)
    shares = {(tax.reclaim > 0, tax.reclaim == tax.amount) for one in found for tax in one.taxes}
    assert {(True, True), (True, False), (False, False)} <= shares


def test_splits_are_whole() -> None:
    """The parts of a split expense make 100 %, however awkward each is."""
    splits = [one.splits for one in entries() if one.splits]

    assert splits
    assert {Decimal(100)} == {sum(part.percentage for part in one) for one in splits}
    assert any(part.percentage == Decimal("0.01") for one in splits for part in one)


def test_an_advance_is_settled_by_its_owner() -> None:
    """Each advance is used, or given back, by one later report of the same employee, to the last cent."""
    expenses = the_company().expenses

    for advance in expenses.advances.values():
        users = [
            (claim, use)
            for claim in expenses.claims.values()
            for use in claim.plan.advances
            if use.advance_id == advance.advance_id
        ]
        assert {advance.employee} == {claim.employee for claim, _ in users}
        assert all(advance.issued_at < claim.submitted_at for claim, _ in users)
        assert advance.amount == sum(use.amount for _, use in users)


def test_codes_of_healthy_expenses_are_known() -> None:
    """Each account and each tax of a healthy expense is one that the mapping tables know."""
    company = the_company()
    known = {(one.legal_entity, one.source) for one in (*catalogue.accounts(), *company.accounts)}

    for claim in company.expenses.claims.values():
        for entry in claim.plan.entries:
            assert (claim.legal_entity, entry.account) in known
            for tax in entry.taxes:
                assert tax.reclaim == 0 or f"{tax.country}/{tax.reclaim_code}" in catalogue.TAX_ACCOUNTS
