"""What an employee reads when a report comes back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.flows.expense import words
from finsync_tui.profile.expense import RETURNABLE
from tests.finsync_tui.flows.expense_desk import a_report, an_expense


@given(st.text(max_size=3000), st.text(max_size=50), st.sampled_from((*sorted(RETURNABLE), "SOMETHING_NEW")))
def test_the_text_fits_and_names_the_report(cause: str, title: str, class_: str) -> None:
    """Whatever the reason: never longer than the tool takes, and the report comes first."""
    text = words.message(a_report(title=title), class_, cause)

    assert len(text) <= words.TEXT_MAX
    assert text.startswith("Report R-7001")
    assert text.isprintable()


def test_the_way_out_is_never_cut_off() -> None:
    """However long the reason: it is shortened, and what to change stands whole at the end."""
    text = words.message(a_report(title="T" * 5000), "COST_CENTRE_MISSING", "x" * 5000)

    assert words.TEXT_MAX == len(text)
    assert text.endswith("x…. Choose a cost centre on each expense, then submit again.")


def test_nothing_is_said_twice() -> None:
    """An exception names its document and expense for accounting; the employee has read both by then."""
    entry = an_expense("100")
    cause = f"report R-7001: {words.label(entry)}: net 8.4 and taxes of 1 are not 10"

    text = words.message(a_report(entries=(entry,)), "TOTALS_DIFFER", cause, "E1")

    assert "Report R-7001 'Trip to Lyon', expense Hotel of 2025-12-30, 100 EUR: net 8.4 and taxes" in text


@pytest.mark.parametrize(
    ("kind", "name"), [("report", "Report"), ("cash_advance", "Cash advance"), ("funds_check", "Request")]
)
def test_a_document_is_called_what_it_is(kind: Any, name: str) -> None:
    """Nobody looks for a report who asked for money."""
    text = words.message(a_report(kind=kind, title=""), "BUDGET_EXCEEDED", "nothing is left")

    assert text.startswith(f"{name} R-7001: nothing is left. ")


@pytest.mark.parametrize("class_", sorted(RETURNABLE))
def test_every_reason_that_goes_back_by_itself_says_what_to_do(class_: str) -> None:
    """No analyst has written anything: the text alone has to help, in a sentence of its own class."""
    assert class_ in words._ADVICE


def test_an_expense_is_named_as_its_owner_knows_it() -> None:
    """In the currency it was paid in, with its day; what is not known is not made up."""
    entry = an_expense("100", transaction_amount="17300", transaction_currency="JPY")
    bare = an_expense("100", type_name=None, spent_on=None)

    known = words.message(a_report(entries=(entry,)), "COST_CENTRE_MISSING", "it has none", "E1")
    unknown = words.message(a_report(entries=(bare,)), "COST_CENTRE_MISSING", "it has none", "E1")

    assert "expense Hotel of 2025-12-30, 17300 JPY: it has none. Choose a cost centre" in known
    assert "expense LODNG without a date, 100 EUR" in unknown
