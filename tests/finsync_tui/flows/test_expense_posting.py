"""What is posted for a financial document: laws that hold for any, and each way of payment by itself."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.flows.expense import posting, totals
from finsync_tui.flows.expense.posting import Line
from finsync_tui.profile.expense import ExpenseSetup
from store.canonical.currency import exponent
from store.canonical.expense import ExpenseDocument, ExpenseEntry, StatedPosting
from store.canonical.money import Money, apportion
from tests.finsync_tui.flows.expense_desk import (
    EXPENSE,
    a_card_expense,
    a_line,
    a_personal_charge,
    a_report,
    a_taxed_expense,
    an_advance,
    an_expense,
)
from tests.finsync_tui.flows.expense_strategies import reports

COMPANY = ("expense", "tax", "non_deductible_tax", "rounding")
"""Roles of what the company bears; all others balance it."""
ADVANCE = ("advance", "advance_returns")

setups = st.sampled_from(
    [
        ExpenseSetup.model_validate(EXPENSE | {"accounts": EXPENSE["accounts"] | more})
        for more in (
            {},
            {"non_deductible_tax": "640000"},
            {"employee_receivable": "139000", "advance_returns": "100000"},
        )
    ]
)


def a_setup(**accounts: str) -> ExpenseSetup:
    return ExpenseSetup.model_validate(EXPENSE | {"accounts": EXPENSE["accounts"] | accounts})


def sums(document: ExpenseDocument, setup: ExpenseSetup | None = None) -> dict[str, str]:
    """Return the posted amount of each role, credits below zero."""
    found: dict[str, int] = defaultdict(int)
    for line in posting.lines(document, setup or a_setup()):
        found[line.account.role] += line.amount_minor
    return {
        role: str(Money(amount_minor=minor, currency=document.currency).amount)
        for role, minor in found.items()
    }


def exact_units(amount: Decimal, document: ExpenseDocument) -> Decimal:
    return amount.scaleb(exponent(document.currency))


def minor_of(lines: list[Line], *roles: str) -> int:
    return sum(line.amount_minor for line in lines if line.account.role in roles)


@given(document=reports(), setup=setups)
def test_debits_are_credits(document: ExpenseDocument, setup: ExpenseSetup) -> None:
    """Whatever the allocations, taxes, payers and advances: the lines sum up to nothing, and none is empty."""
    lines = posting.lines(document, setup)

    assert 0 == sum(line.amount_minor for line in lines)
    assert all(line.amount_minor for line in lines)


@given(document=reports(has_advances=False), setup=setups)
def test_both_sides_are_the_control_total(document: ExpenseDocument, setup: ExpenseSetup) -> None:
    """What the company bears is what is owed, and both are the stated total; without one, the rounded sum."""
    lines = posting.lines(document, setup)

    gross = sum((totals.gross(entry) for entry in document.entries), Decimal(0))
    control = document.total or Money.of(gross, document.currency, "half_even")
    balance = {line.account.role for line in lines} - {*COMPANY}
    assert control.amount_minor == minor_of(lines, *COMPANY)
    assert -control.amount_minor == minor_of(lines, *balance)


@given(document=reports(has_advances=False), setup=setups)
def test_a_rounding_is_at_most_one_minor_unit(document: ExpenseDocument, setup: ExpenseSetup) -> None:
    """No expense and no payee is off by a whole unit; what the total differs by lies on the line named for it."""
    lines = posting.lines(document, setup)

    for entry in document.entries:
        posted = sum(line.amount_minor for line in lines if line.entry_id == entry.id)
        assert abs(posted - exact_units(totals.gross(entry), document)) < 1
    difference = minor_of(lines, "rounding")
    assert abs(difference) <= 1
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for part in (part for entry in document.entries for part in _owed(document, entry, setup)):
        owed[part.account.role] += exact_units(part.amount, document)
    for role, exact in owed.items():
        assert abs(minor_of(lines, role) - exact) < 1 + abs(difference)


def _owed(document: ExpenseDocument, entry: ExpenseEntry, setup: ExpenseSetup) -> list[posting.Part]:
    return posting._entry_parts(document, entry, setup)[1]


@given(document=reports(is_deep=False), setup=setups)
def test_whole_amounts_are_never_rounded(document: ExpenseDocument, setup: ExpenseSetup) -> None:
    """Amounts of whole minor units are posted as they are, line by line: no rounding line, nothing shifted."""
    lines = posting.lines(document, setup)

    wanted: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in document.entries:
        if not entry.is_personal:
            for line in (line for part in entry.allocations for line in part.journal):
                wanted[entry.id, line.account_code] += exact_units(line.gross, document)
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for one in lines:
        if one.account.role == "expense":
            found[one.entry_id or "", one.account.code] += one.amount_minor
    assert {key: minor for key, minor in wanted.items() if minor} == {k: m for k, m in found.items() if m}
    assert 0 == minor_of(lines, "rounding")


@given(document=reports(), setup=setups)
def test_an_advance_touches_only_the_employee(document: ExpenseDocument, setup: ExpenseSetup) -> None:
    """Settling an advance moves money between the advance, the employee and returned cash, and nowhere else."""
    plain = document.model_copy(update={"advances": (), "returned": None})

    with_advances, without = posting.lines(document, setup), posting.lines(plain, setup)

    for role in {line.account.role for line in (*with_advances, *without)} - {"employee", *ADVANCE}:
        assert minor_of(without, role) == minor_of(with_advances, role)
    moved = minor_of(with_advances, "employee", *ADVANCE)
    assert minor_of(without, "employee") == moved


@given(
    exact=st.lists(st.decimals(-1000, 1000, places=6), min_size=1, max_size=12), off=st.sampled_from((0, 1))
)
def test_apportioning_keeps_the_sum(exact: list[Decimal], off: int) -> None:
    """Parts add up to the total, each is its exact amount rounded down or up, and nothing of nothing stays nothing."""
    total = int(sum(exact).to_integral_value("ROUND_FLOOR"))
    if off and total != sum(exact):
        total += 1

    parts = apportion(total, exact)

    assert total == sum(parts)
    assert all(abs(part - one) < 1 for part, one in zip(parts, exact, strict=True))


@given(st.lists(st.integers(-(10**9), 10**9), max_size=8))
def test_apportioning_whole_parts_changes_nothing(parts: list[int]) -> None:
    """What is whole already is kept."""
    assert parts == apportion(sum(parts), [Decimal(part) for part in parts])


def test_many_small_parts_are_rounded_once() -> None:
    """Ten expenses of 0.004 each make 0.04, not nothing: the document is rounded, not each expense."""
    entries = tuple(an_expense("0.004", id=f"E{number}") for number in range(10))

    found = sums(a_report("0.04", entries=entries))

    assert {"expense": "0.04", "employee": "-0.04"} == found


@pytest.mark.parametrize(
    ("entries", "wanted"),
    [
        ((an_expense("10"),), {"expense": "10.00", "employee": "-10.00"}),
        (
            (an_expense("-50", line=a_line("-50", payer="EMPL", payee="COMP")),),
            {"expense": "-50.00", "employee": "50.00"},
        ),
        ((a_card_expense("56.10", "IBCP"),), {"expense": "56.10", "individual_card": "-56.10"}),
        (
            (an_expense("10", line=a_line("10", payee="IBIP"), paid_by="individual_card"),),
            {"expense": "10.00", "employee": "-10.00"},
        ),
        ((a_card_expense("20", "CBCP"),), {"expense": "20.00", "company_card": "-20.00"}),
        ((a_card_expense("25", "COPD"),), {"expense": "25.00", "company_paid": "-25.00"}),
        ((a_personal_charge("49"),), {"company_card": "-49.00", "employee": "49.00"}),
        ((a_taxed_expense("10", "1.60", "1.60"),), {"expense": "8.40", "tax": "1.60", "employee": "-10.00"}),
    ],
    ids=["cash", "cash credit", "IBCP", "IBIP", "CBCP", "COPD", "personal", "VAT"],
)
def test_each_way_of_payment_has_its_other_side(
    entries: tuple[ExpenseEntry, ...], wanted: dict[str, str]
) -> None:
    """As the published use cases post them."""
    assert wanted == sums(a_report(entries=entries))


def test_tax_that_cannot_be_reclaimed_is_an_expense_or_has_an_account_of_its_own() -> None:
    """It stays with the expense unless the profile names an account."""
    document = a_report(entries=(a_taxed_expense("55", "6.32", "3.17"),))

    within, apart = sums(document), sums(document, a_setup(non_deductible_tax="640000"))

    assert {"expense": "51.83", "tax": "3.17", "employee": "-55.00"} == within
    assert {"expense": "48.68", "tax": "3.17", "non_deductible_tax": "3.15", "employee": "-55.00"} == apart


def test_a_personal_charge_may_have_an_account_of_its_own() -> None:
    """What the employee owes is not netted with what they get where the profile keeps a receivable."""
    document = a_report(entries=(an_expense("35"), a_personal_charge("14")))

    found = sums(document, a_setup(employee_receivable="139000"))

    wanted = {
        "expense": "35.00",
        "employee": "-35.00",
        "company_card": "-14.00",
        "employee_receivable": "14.00",
    }
    assert wanted == found


def test_what_the_stated_total_differs_by_has_a_line_of_its_own() -> None:
    """One minor unit, on the rounding account; who is owed most gets it."""
    document = a_report("100.01", entries=(an_expense("100"),))

    lines = posting.lines(document, a_setup())

    found = {line.account.role: (line.amount_minor, line.text) for line in lines}
    assert (1, "Rounding") == found["rounding"]
    assert -10001 == found["employee"][0]


def test_an_unknown_party_is_no_guess() -> None:
    """Somebody nobody knows is owed nothing by accident."""
    with pytest.raises(posting.PostingError, match="XXXX"):
        posting.lines(a_report(entries=(an_expense("1", line=a_line("1", payee="XXXX")),)), a_setup())


def test_payroll_is_owed_where_it_pays() -> None:
    """Its clearing account stands in for what is owed to the employee."""
    document = a_report("10", reimbursed_by="payroll", payroll_account="1999")

    (owed,) = (line for line in posting.lines(document, a_setup()) if line.account.role == "employee")

    assert "1999" == owed.account.code


class TestAdvances:
    """Source: the published use cases 5.1 and 5.2; returns are stated apart, and mostly applied as well."""

    def test_an_advance_below_the_expenses_reduces_what_is_paid(self) -> None:
        """315 spent of which 300 were advanced: 15 are owed."""
        found = sums(a_report("315", advances=(an_advance("-300"),)))

        assert {"expense": "315.00", "advance": "-300.00", "employee": "-15.00"} == found

    def test_a_return_among_the_applications_is_not_taken_twice(self) -> None:
        """400 advanced, 315 spent, 85 came back and stand among the applications: 400 are settled, not 485."""
        rows = tuple(an_advance(amount) for amount in ("-85", "-245", "-60", "-10"))
        document = a_report("315", advances=rows, returned=Money.of("85", "EUR"))

        netted, apart = sums(document), sums(document, a_setup(advance_returns="100000"))

        assert {"expense": "315.00", "advance": "-400.00", "employee": "85.00"} == netted
        assert {
            "expense": "315.00",
            "advance": "-400.00",
            "employee": "0.00",
            "advance_returns": "85.00",
        } == {
            "employee": "0.00",
            **apart,
        }

    def test_a_return_in_parts_is_found_by_what_is_settled_beyond_the_expenses(self) -> None:
        """No application says 85, but 400 are settled against 315."""
        document = a_report("315", advances=(an_advance("-400"),), returned=Money.of("85", "EUR"))

        assert {"expense": "315.00", "advance": "-400.00", "employee": "85.00"} == sums(document)

    def test_a_return_that_is_only_stated_is_added(self) -> None:
        """300 of 400 spent and settled; the 100 that came back are missing among the applications."""
        document = a_report("300", advances=(an_advance("-300"),), returned=Money.of("100", "EUR"))

        found = sums(document, a_setup(advance_returns="100000"))

        assert {"expense": "300.00", "advance": "-400.00", "advance_returns": "100.00"} == found

    def test_a_return_that_is_marked_counts_once(self) -> None:
        """One that says of itself that it is a return is the stated one."""
        rows = (an_advance("-300"), an_advance("-100", "issued_or_returned"))
        document = a_report("300", advances=rows, returned=Money.of("100", "EUR"))

        found = sums(document, a_setup(advance_returns="100000"))

        assert {"expense": "300.00", "advance": "-400.00", "advance_returns": "100.00"} == found

    def test_an_issued_advance_that_states_one_side_is_balanced_by_who_gets_it(self) -> None:
        """The published ones say Dr advance only; the employee's credit follows."""
        stated = StatedPosting(account_code="CADV", side="debit", amount="300", payer="COMP", payee="EMPL")
        document = a_report("300", kind="cash_advance", entries=(), postings=(stated,))

        assert [] == totals.problems(document)
        assert {"stated": "300.00", "employee": "-300.00"} == sums(document)

    def test_an_issued_advance_that_states_both_sides_is_taken_as_it_is(self) -> None:
        """Nothing is added."""
        postings = (
            StatedPosting(account_code="CADV", side="debit", amount="300", payer="COMP", payee="EMPL"),
            StatedPosting(account_code="BANK", side="credit", amount="300", payer="COMP", payee="EMPL"),
        )
        document = a_report("300", kind="cash_advance", entries=(), postings=postings)

        lines = posting.lines(document, a_setup())

        assert [("CADV", 30000), ("BANK", -30000)] == [
            (line.account.code, line.amount_minor) for line in lines
        ]
