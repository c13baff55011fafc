"""Questions about tax and their answers: what holds together, and how amounts become verdicts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from store.canonical.money import Money, total
from store.canonical.tax import Opinion, TaxAnswer, TaxFinding, TaxQuestion, compare, settle, spread
from tests.tax_questions import a_tax_line, a_tax_question, eur

CURRENCIES = st.sampled_from(("JPY", "EUR", "KWD"))
"""With no, two and three decimals."""
MINOR = st.integers(-(10**9), 10**9)


def found(number: str = "1", determined: str = "19.00", **changes: Any) -> TaxFinding:
    fields = {"number": number, "determined": eur(determined), "recoverable": eur(determined)}
    return TaxFinding(**{**fields, **changes})


def settled(question: TaxQuestion, *findings: TaxFinding, **changes: Any) -> TaxAnswer:
    return settle(question, findings, **{"provider": "table", "tolerance_minor": 1, **changes})


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"lines": (a_tax_line("1"), a_tax_line("1"))}, "two lines have the same number"),
        ({"lines": (a_tax_line(currency="USD"),)}, "an amount is not in EUR"),
        (
            {"charged": Money.of("19.00", "USD"), "lines": (a_tax_line(charged=None),)},
            "an amount is not in EUR",
        ),
        ({"charged": eur("20.00")}, r"the tax of the lines does not add up to 20\.00 EUR"),
        ({"lines": (a_tax_line("1"), a_tax_line("2", charged=None))}, "either each line says"),
        ({"lines": ()}, "at least 1 item"),
        ({"supplier": {"number": "V-1", "country": "Germany"}}, "supplier.country"),
    ],
)
def test_a_question_that_does_not_hold_together_is_refused(changes: dict[str, Any], complaint: str) -> None:
    """Amounts of one currency, lines told apart, and tax that adds up."""
    with pytest.raises(ValidationError, match=complaint):
        a_tax_question(**changes)


def test_the_digest_tells_questions_apart() -> None:
    """Equal questions have one digest; a cent more makes another."""
    assert a_tax_question().digest() == a_tax_question().digest()
    assert a_tax_question().digest() != a_tax_question(a_tax_line(charged="19.01")).digest()


@pytest.mark.parametrize(
    ("charged", "verdict"),
    [
        ("18.98", "undercharged"),
        ("18.99", "match"),
        ("19.00", "match"),
        ("19.01", "match"),
        ("19.02", "overcharged"),
    ],
)
def test_a_difference_beyond_the_tolerance_is_a_verdict(charged: str, verdict: str) -> None:
    """One minor unit is rounding, two are a difference."""
    answer = settled(a_tax_question(a_tax_line(charged=charged)), found())

    assert (verdict, verdict) == (answer.verdict, answer.lines[0].verdict)
    assert eur("19.00") - eur(charged) == answer.variance


@pytest.mark.parametrize("standing", ["not_taxable", "exempt"])
def test_an_untaxed_line_stands_only_while_nothing_was_charged(standing: Any) -> None:
    """Tax on what is not taxed is too much."""
    untaxed = found(determined="0.00", standing=standing)

    assert standing == settled(a_tax_question(a_tax_line(charged="0.00")), untaxed).verdict
    assert "overcharged" == settled(a_tax_question(a_tax_line(charged="19.00")), untaxed).verdict


def test_a_self_assessed_tax_is_due_but_not_from_the_supplier() -> None:
    """Reverse charge: the tax stands in the answer, and the supplier should have charged none of it."""
    self_assessed = found(is_self_assessed=True)

    untaxed = settled(a_tax_question(a_tax_line(charged="0.00")), self_assessed)
    taxed = settled(a_tax_question(a_tax_line(charged="19.00")), self_assessed)

    assert ("reverse_charge", eur("19.00"), eur("0.00")) == (
        untaxed.verdict,
        untaxed.determined,
        untaxed.variance,
    )
    assert ("overcharged", eur("-19.00")) == (taxed.verdict, taxed.variance)


def test_what_is_open_outweighs_what_differs() -> None:
    """A document with a code that nobody knows is not judged by the sum of the rest; its note says which line."""
    question = a_tax_question(a_tax_line("1", charged="5.00"), a_tax_line("2"), a_tax_line("3"))
    doubts = (
        found("1"),
        found("2", standing="needs_review", note="hm"),
        found("3", standing="unknown_code", note="V0"),
    )

    answer = settled(question, *doubts)

    assert ("unknown_code", "line 3: V0") == (answer.verdict, answer.note)
    assert ["undercharged", "needs_review", "unknown_code"] == [line.verdict for line in answer.lines]


def test_lines_within_the_tolerance_may_still_differ_in_total() -> None:
    """A minor unit on each of three lines is three on the document."""
    lines = [a_tax_line(str(n), charged="18.99") for n in (1, 2, 3)]

    answer = settled(a_tax_question(*lines), *(found(str(n)) for n in (1, 2, 3)))

    assert "undercharged" == answer.verdict
    assert {"match"} == {line.verdict for line in answer.lines}
    assert "56.97 EUR charged, 57.00 EUR due" == answer.note


def test_lines_that_even_out_still_differ() -> None:
    """Five too much here and five too little there is no match."""
    question = a_tax_question(a_tax_line("1", charged="24.00"), a_tax_line("2", charged="14.00"))

    answer = settled(question, found("1"), found("2"))

    assert "overcharged" == answer.verdict
    assert "the lines even out in total" in answer.note


@pytest.mark.parametrize(
    ("second", "verdict"),
    [
        ({"determined": "0.00", "standing": "not_taxable"}, "match"),
        ({"determined": "0.00", "standing": "exempt"}, "exempt"),
        ({"is_self_assessed": True}, "reverse_charge"),
    ],
)
def test_a_mixed_document_is_what_is_unusual_in_it(second: dict[str, Any], verdict: str) -> None:
    """A taxed line makes a match of a document with an untaxed one; an exemption or reverse charge is said of the whole."""
    question = a_tax_question(a_tax_line("1"), a_tax_line("2", charged="0.00"))

    assert verdict == settled(question, found("1"), found("2", **second)).verdict


def test_a_providers_own_word_wins() -> None:
    """What the provider says of the whole document is the verdict; its lines keep theirs."""
    opinion = Opinion(
        verdict="exempt", note="cost centre", accrues=False, status="NoAccrualExemptedCostCenter"
    )

    answer = settled(a_tax_question(a_tax_line(charged="0.00")), found(), opinion=opinion)

    assert ("exempt", "cost centre", "NoAccrualExemptedCostCenter") == (
        answer.verdict,
        answer.note,
        answer.status,
    )
    assert "undercharged" == answer.lines[0].verdict


@given(currency=CURRENCIES, charged=MINOR, due=st.lists(MINOR, min_size=1, max_size=6))
def test_spreading_loses_nothing(currency: str, charged: int, due: list[int]) -> None:
    """The parts are the whole; where the whole is right, so is each line."""
    owed = [Money(amount_minor=one, currency=currency) for one in due]

    parts = spread(Money(amount_minor=charged, currency=currency), owed)

    assert Money(amount_minor=charged, currency=currency) == total(parts, currency)
    assert tuple(owed) == spread(total(owed, currency), owed)


@given(due=MINOR, one=MINOR, other=MINOR, tolerance=st.integers(0, 100))
def test_the_verdict_rises_with_what_was_charged(due: int, one: int, other: int, tolerance: int) -> None:
    """Whoever charges more is never judged to have charged less."""
    rank = ("undercharged", "match", "overcharged")
    low, high = sorted((one, other))

    ranks = [
        rank.index(
            compare(
                Money(amount_minor=due, currency="EUR"),
                Money(amount_minor=c, currency="EUR"),
                tolerance_minor=tolerance,
            )
        )
        for c in (low, high)
    ]

    assert sorted(ranks) == ranks


def test_an_answer_survives_its_json() -> None:
    """What is stored with a document is read back as it was."""
    answer = settled(a_tax_question(), found())

    assert answer == TaxAnswer.model_validate_json(answer.model_dump_json())
