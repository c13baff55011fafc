"""What an approver may approve, when the limit is in another currency than the report."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from store.canonical.money import Money
from store.canonical.organisation import ExchangeRate
from tests.finsync_tui.flows.expense_desk import SOURCE, TARGET, ExpenseDesk, an_employee
from tests.finsync_tui.flows.test_ruled_settings import policy

APPROVED_ON = date(2026, 1, 3)


def a_rate(
    rate: str, one: str = "EUR", other: str = "USD", on: date = APPROVED_ON, kind: str | None = None
) -> ExchangeRate:
    number = "/".join(filter(None, (one, other, on.isoformat(), kind)))
    return ExchangeRate(number=number, from_currency=one, to_currency=other, rate_on=on, rate=rate, kind=kind)


def submitted(*rates: ExchangeRate, system: str = TARGET, limit: str = "110", **expense: Any) -> ExpenseDesk:
    """Let a report over EUR 100 be approved by somebody with a limit in US dollars."""
    desk = ExpenseDesk(**expense)
    desk.put(SOURCE, "u200", an_employee("E-200", name="Bo Lind", approval_limit=Money.of(limit, "USD")))
    for one in rates:
        desk.put(system, one.number, one)
    desk.submit()
    desk.answer()
    return desk


def findings(desk: ExpenseDesk) -> list[str]:
    return [row[0] for row in desk.store.db.execute("SELECT class FROM finding")]


@pytest.mark.parametrize("system", [TARGET, SOURCE, "extract"])
def test_a_limit_in_another_currency_is_compared_by_the_rate_of_the_day(system: str) -> None:
    """Whoever shows a rate: beyond the limit is beyond it in any currency."""
    within = submitted(a_rate("1.10"), system=system)
    beyond = submitted(a_rate("1.11"), system=system)

    assert ([], []) == (within.exceptions, findings(within))
    assert [("APPROVAL_LIMIT", "open")] == beyond.exceptions
    assert "takes 100.00 EUR, that is 111.00 USD" in beyond.cause


def test_the_opposite_rate_will_do() -> None:
    """Where only USD to EUR is known it is turned round."""
    assert [("APPROVAL_LIMIT", "open")] == submitted(a_rate("0.80", "USD", "EUR")).exceptions


@pytest.mark.parametrize(("back", "is_known"), [(7, True), (8, False)])
def test_a_rate_of_the_week_before_will_do(back: int, is_known: bool) -> None:
    """There is none on holidays; an older one says nothing about this day."""
    desk = submitted(a_rate("1.50", on=date.fromordinal(APPROVED_ON.toordinal() - back)))

    assert is_known == (desk.exceptions == [("APPROVAL_LIMIT", "open")])
    assert is_known != ("APPROVAL_LIMIT_UNKNOWN" in findings(desk))


def test_without_a_rate_it_is_noted_and_goes_on() -> None:
    """Nobody compares by a rate that nobody has stated."""
    desk = submitted()

    assert (["APPROVAL_LIMIT_UNKNOWN"], "await_posting") == (findings(desk), desk.workflow.step)


def test_a_company_may_stop_what_it_cant_compare() -> None:
    """By its profile, like every other doubt."""
    desk = submitted(approval={"limit_unknown": "block"})

    assert [("APPROVAL_LIMIT_UNKNOWN", "open")] == desk.exceptions


def test_of_several_kinds_one_has_to_be_named() -> None:
    """Which rate counts is the company's choice; two that are the same need none."""
    corporate, spot = a_rate("1.05", kind="Corporate"), a_rate("1.50", kind="Spot")

    unnamed = submitted(corporate, spot)
    named = submitted(corporate, spot, approval={"rate_kind": "Corporate"})
    same = submitted(corporate, a_rate("1.05", kind="Spot"))

    assert ["APPROVAL_LIMIT_UNKNOWN"] == findings(unnamed)
    assert ([], [], []) == (findings(named), named.exceptions, findings(same))


@pytest.mark.parametrize(
    ("rate", "then", "exceptions", "noted"),
    [
        ("1.11", "note", [], ["APPROVAL_LIMIT"]),
        ("1.11", "off", [], []),
        ("1.11", "recheck", [("APPROVAL_LIMIT", "open")], []),
        ("1.11", "setting", [("APPROVAL_LIMIT", "open")], []),
        ("1.10", "block", [], []),
    ],
)
def test_a_rule_says_what_a_doubt_about_a_report_does(
    rate: str, then: str, exceptions: list[Any], noted: list[str]
) -> None:
    """By amount and kind of document; what is no doubt no rule is asked about."""
    when = "doubt.entity == 'expense_document' && has(doubt.amount) && doubt.amount.amount > decimal('9.00')"
    desk = ExpenseDesk()
    desk.judges = policy("approval_doubt", when, then)
    desk.put(SOURCE, "u200", an_employee("E-200", name="Bo Lind", approval_limit=Money.of("110", "USD")))
    desk.put(TARGET, "r", a_rate(rate))
    desk.submit()
    desk.answer()

    assert (exceptions, noted) == (desk.exceptions, findings(desk))
