"""What an employee reads when a report comes back."""

from __future__ import annotations

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


def test_an_expense_is_named_as_its_owner_knows_it() -> None:
    """In the currency it was paid in, with its day; what is not known is not made up."""
    entry = an_expense("100", transaction_amount="17300", transaction_currency="JPY")
    bare = an_expense("100", type_name=None, spent_on=None)

    known = words.message(a_report(entries=(entry,)), "COST_CENTRE_MISSING", "it has none", "E1")
    unknown = words.message(a_report(entries=(bare,)), "COST_CENTRE_MISSING", "it has none", "E1")

    assert "expense Hotel of 2025-12-30, 17300 JPY: it has none. Choose a cost centre" in known
    assert "expense LODNG without a date, 100 EUR" in unknown
