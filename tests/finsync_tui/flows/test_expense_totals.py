"""Which documents add up: all that do are let through, each that does not is told where."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from finsync_tui.flows.expense import totals
from store.canonical.expense import ExpenseDocument, ExpenseTax, StatedPosting
from store.canonical.money import Money
from tests.finsync_tui.flows.expense_desk import (
    a_line,
    a_personal_charge,
    a_report,
    a_taxed_expense,
    an_expense,
)
from tests.finsync_tui.flows.expense_strategies import reports

places = st.sampled_from(("approved", "gross", "net_of_tax", "net_of_reclaim", "tax", "reclaim"))


@given(reports())
def test_whatever_adds_up_goes_on(document: ExpenseDocument) -> None:
    """Splits, taxes, personal pairs, credits, any number of decimals: no false alarm."""
    assert [] == totals.problems(document)


@given(reports(), places, st.sampled_from((2, -2, 100)), st.data())
def test_what_is_off_by_more_than_a_minor_unit_is_named(
    document: ExpenseDocument, place: str, units: int, data: st.DataObject
) -> None:
    """Wherever it is: the expense is named by its id, and what does not fit is said in amounts."""
    index = data.draw(st.integers(0, len(document.entries) - 1))
    assume(place not in ("tax", "reclaim") or document.entries[index].allocations[0].taxes)
    broken = _off(document, index, place, units * totals.unit(document.currency))

    problems = totals.problems(broken)

    assert any(problem.entry_id == document.entries[index].id for problem in problems)


def _off(document: ExpenseDocument, index: int, place: str, by: Decimal) -> ExpenseDocument:
    """Return the document with one amount changed."""
    entry = document.entries[index]
    allocation = entry.allocations[0]
    line = allocation.journal[0]
    if place == "approved":
        entry = entry.model_copy(update={"approved": entry.approved + by})
        if entry.is_personal:  # a pair that cancels approves nothing, whatever is said
            entry = entry.model_copy(update={"is_personal": False})
    else:
        changes: dict[str, Any]
        if place in ("tax", "reclaim"):
            first, *others = allocation.taxes
            changed = first.model_copy(update={place: getattr(first, place) + by})
            changes = {"taxes": (changed, *others)}
        else:
            changed_line = line.model_copy(update={place: getattr(line, place) + by})
            changes = {"journal": (changed_line, *allocation.journal[1:])}
        parts = (allocation.model_copy(update=changes), *entry.allocations[1:])
        entry = entry.model_copy(update={"allocations": parts})
    entries = (*document.entries[:index], entry, *document.entries[index + 1 :])
    return document.model_copy(update={"entries": entries})


def _with_tax(**changes: Any) -> ExpenseDocument:
    entry = a_taxed_expense("10", "1.60", "1.60")
    part = entry.allocations[0].model_copy(update=changes)
    return a_report(entries=(entry.model_copy(update={"allocations": (part,)}),))


def _shared(*percentages: str) -> ExpenseDocument:
    entry = an_expense("10")
    parts = tuple(
        entry.allocations[0].model_copy(
            update={
                "percentage": Decimal(percentage),
                "journal": (a_line(str(10 / Decimal(len(percentages)))),),
            }
        )
        for percentage in percentages
    )
    return a_report(entries=(entry.model_copy(update={"allocations": parts}),))


def _advance(**sides: str) -> ExpenseDocument:
    postings = tuple(
        StatedPosting(account_code="CADV", side=side, amount=amount, payee="EMPL", payer="COMP")  # type: ignore[arg-type]
        for side, amount in sides.items()
    )
    return a_report("300", kind="cash_advance", entries=(), postings=postings)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (
            a_report("100.02", entries=(an_expense("100"),)),
            "the expenses sum up to 100 EUR, the report says 100.02",
        ),
        (a_report("10", entries=()), "the expenses sum up to 0 EUR"),
        (_with_tax(taxes=()), "names tax T1, which its part does not have"),
        (_with_tax(taxes=(ExpenseTax(id="T1", tax="1", reclaim="1"),)), "net 8.4 and taxes of 1 are not 10"),
        (
            _with_tax(taxes=(ExpenseTax(id="T1", tax="1.6", reclaim="0"),)),
            "net 8.4 and reclaims of 0 are not 10",
        ),
        (_shared("60", "30"), "its parts are 90 % and should be 100 %"),
        (_advance(debit="300", credit="200"), "debits of 300 and credits of 200 do not balance"),
        (_advance(debit="200"), "sum up to 200 EUR, the cash advance is 300.00 EUR"),
        (
            a_report("1", currency="EUR").model_copy(update={"total": Money.of("1", "USD")}),
            "the total is in USD, the document in EUR",
        ),
    ],
)
def test_each_kind_of_difference_has_its_words(document: ExpenseDocument, words: str) -> None:
    """A person reads which amounts disagree."""
    assert any(words in problem.text for problem in totals.problems(document))


def test_a_document_without_a_stated_total_is_judged_by_its_parts() -> None:
    """Two of the published ones state none."""
    fine = a_report().model_copy(update={"total": None})
    wrong = _off(fine, 0, "gross", Decimal(1))

    assert [] == totals.problems(fine)
    assert 1 <= len(totals.problems(wrong))


def test_a_personal_charge_adds_nothing() -> None:
    """It is approved for nobody, and its lines cancel."""
    assert [] == totals.problems(a_report("35", entries=(an_expense("35"), a_personal_charge("14"))))
