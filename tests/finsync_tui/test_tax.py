"""Tax by our own table of rates, and what policy makes of a verdict."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.profile.tax import CountryTax, Recovery, TaxPolicy, VerdictSeverity, Withholding
from finsync_tui.tax import by_policy, determine, is_cross_border_in_eu, judge, shortfall, unmapped
from store.canonical.chart import TaxCode
from store.canonical.money import Money
from store.canonical.tax import TaxAnswer, TaxQuestion, TaxSupplier
from tests.tax_questions import a_tax_code, a_tax_line, a_tax_question, an_address, eur

FRENCH = TaxSupplier(number="V-2", country="FR", vat_number="FR40303265045")
RC = a_tax_code("RC19", is_reverse_charge=True)


def answered(question: TaxQuestion, *codes: TaxCode, **rules: Any) -> TaxAnswer:
    """Answer with a German standard rate among the codes, and these rules for Germany."""
    return determine(question, [a_tax_code(), RC, *codes], TaxPolicy(countries={"DE": CountryTax(**rules)}))


def from_france(*lines: Any, **changes: Any) -> TaxQuestion:
    return a_tax_question(*lines, supplier=FRENCH, ship_from=an_address("FR"), **changes)


def test_tax_that_is_rate_times_net_matches() -> None:
    """The usual invoice: determined, charged and recoverable are the same, with the rate beside them."""
    answer = answered(a_tax_question())

    assert ("match", "table") == (answer.verdict, answer.provider)
    assert eur("19.00") == answer.determined == answer.charged == answer.recoverable
    assert (Decimal(19), "DE") == (answer.lines[0].rate_percent, answer.lines[0].details[0].country)


@pytest.mark.parametrize(
    ("code", "verdict", "note"),
    [
        (None, "unknown_code", "line 1: it has no tax code"),
        (a_tax_code("V7"), "unknown_code", "line 1: the tax code X is not known"),
        (a_tax_code("X", is_active=False), "unknown_code", "line 1: the tax code X is not in force on 2026-01-05"),
        (a_tax_code("X", starts_on=date(2026, 1, 6)), "unknown_code", "the tax code X is not in force on"),
        (a_tax_code("X", ends_on=date(2026, 1, 4)), "unknown_code", "the tax code X is not in force on"),
        (a_tax_code("X", rate=None), "needs_review", "line 1: the tax code X has no rate"),
        (a_tax_code("X", document_kinds=("expense",)), "needs_review", "is not for documents of the kind invoice"),
        (a_tax_code("X", country="FR"), "needs_review", "the tax code X is FR's, and it is shipped to DE"),
        (a_tax_code("X", from_countries=("US",)), "needs_review", "is not for purchases from DE"),
    ],
)  # fmt: skip
def test_a_code_must_be_known_in_force_and_allowed(code: TaxCode | None, verdict: str, note: str) -> None:
    """Check 1: code, date, kind of document, countries. The note says which of them."""
    line = a_tax_line(tax_code="X" if code else None)

    answer = answered(a_tax_question(line), *([code] if code else []))

    assert verdict == answer.verdict
    assert note in answer.note


def test_a_rate_that_changed_is_that_of_the_day() -> None:
    """A code with two records has the rate of the one that was in force."""
    codes = [
        a_tax_code(rate="16", starts_on=date(2020, 7, 1), ends_on=date(2020, 12, 31)),
        a_tax_code(rate="19", starts_on=date(2021, 1, 1)),
    ]

    then = determine(a_tax_question(taxed_on=date(2020, 8, 1)), codes, TaxPolicy())
    now = determine(a_tax_question(), codes, TaxPolicy())

    assert (eur("16.00"), eur("19.00")) == (then.determined, now.determined)


def test_what_comes_back_is_said_by_country_rule_and_code() -> None:
    """The country's rule for the purchase wins over the code, the code over the country."""
    half = a_tax_code("V19H", recoverable_percent="50")
    rules = {
        "recovery": (Recovery(percent=Decimal(80), expense_types=("car",)),),
        "recoverable_percent": Decimal(0),
    }
    lines = [
        a_tax_line("1", tax_code="V19H", expense_type="car"),
        a_tax_line("2", tax_code="V19H"),
        a_tax_line("3"),
    ]

    answer = answered(a_tax_question(*lines), half, **rules)

    assert [eur("15.20"), eur("9.50"), eur("0.00")] == [line.recoverable for line in answer.lines]
    assert [eur("3.80"), eur("9.50"), eur("19.00")] == [line.non_recoverable for line in answer.lines]


def test_what_is_booked_as_recoverable_must_come_back() -> None:
    """Check 3: the split on the document is the code's."""
    half = a_tax_code("V19H", recoverable_percent="50")

    def verdict(booked: str) -> str:
        line = a_tax_line(tax_code="V19H", booked_recoverable=eur(booked))
        return answered(a_tax_question(line), half).verdict

    assert ["match", "match", "needs_review"] == [verdict(one) for one in ("9.50", "9.51", "19.00")]


@pytest.mark.parametrize(
    ("code", "charged", "verdict"),
    [
        ("RC19", "0.00", "reverse_charge"),
        ("RC19", "19.00", "overcharged"),
        ("V19", "0.00", "needs_review"),
        ("V0", "0.00", "needs_review"),
        ("V19", "19.00", "match"),
    ],
)
def test_an_untaxed_purchase_from_another_member_state_carries_reverse_charge(
    code: str, charged: str, verdict: str
) -> None:
    """Check 4: with the supplier's VAT number and no tax, only a reverse-charge code is right."""
    question = from_france(a_tax_line(charged=charged, tax_code=code))

    assert verdict == answered(question, a_tax_code("V0", rate="0")).verdict


def test_a_country_may_do_without_the_reverse_charge_check() -> None:
    """Switched off, an untaxed purchase is judged by its amount alone."""
    question = from_france(a_tax_line(charged="0.00"))

    assert "undercharged" == answered(question, requires_reverse_charge=False).verdict


@pytest.mark.parametrize(
    ("vat_number", "ship_from", "ship_to", "expected"),
    [
        ("FR40303265045", "FR", "DE", True),
        ("EL123456789", "GR", "DE", True),
        ("FR40303265045", None, "DE", True),
        ("FR40303265045", "DE", "DE", False),  # a French supplier delivers from a German warehouse
        ("DE811234567", "FR", "DE", False),
        (None, "FR", "DE", False),
        ("GB123456789", "GB", "DE", False),
        ("FR40303265045", "FR", "CH", False),
    ],
)
def test_cross_border_is_between_two_member_states(
    vat_number: str | None, ship_from: str | None, ship_to: str, expected: bool
) -> None:
    """Supplier's registration and place of dispatch both lie in another member state than the destination."""
    question = a_tax_question(
        supplier=TaxSupplier(number="V-2", vat_number=vat_number),
        ship_from=an_address(ship_from) if ship_from else None,
        ship_to=an_address(ship_to),
    )

    assert expected == is_cross_border_in_eu(question, question.lines[0])


def test_blocked_expense_types_use_no_recoverable_code() -> None:
    """Check 5: nothing comes back on entertainment; a recoverable code on it is for review."""
    none = a_tax_code("V19N", recoverable_percent="0")
    rules = {"blocked_expense_types": ("entertainment",)}

    wrong = answered(a_tax_question(a_tax_line(expense_type="entertainment")), **rules)
    right = answered(a_tax_question(a_tax_line(expense_type="entertainment", tax_code="V19N")), none, **rules)

    assert ("needs_review", eur("0.00")) == (wrong.verdict, wrong.recoverable)
    assert "the tax on entertainment does not come back, and V19 is a recoverable code" in wrong.note
    assert ("match", eur("19.00")) == (right.verdict, right.non_recoverable)


def test_codes_without_a_row_in_the_mapping_table_are_named() -> None:
    """Check 6: each once, in order."""
    question = a_tax_question(
        *(a_tax_line(str(n), tax_code=c) for n, c in enumerate(("V19", "Z", "A", "Z", None)))
    )

    assert ("Z", "A") == unmapped(question, {"V19"})


def test_withholding_is_kept_back_from_the_net_amount() -> None:
    """A rule for suppliers of some countries; the first that fits counts, and others pay nothing."""
    rules = {
        "withholding": (
            Withholding(percent=Decimal("15.825"), supplier_countries=("US",), expense_types=("licence",)),
            Withholding(percent=Decimal(5), supplier_countries=("US",)),
        )
    }
    lines = [a_tax_line("1", expense_type="licence"), a_tax_line("2")]
    american = TaxSupplier(number="V-3", country="US")

    foreign = answered(a_tax_question(*lines, supplier=american), **rules)
    domestic = answered(a_tax_question(*lines), **rules)

    assert [eur("15.83"), eur("5.00")] == [line.withheld for line in foreign.lines]
    assert (eur("20.83"), eur("0.00")) == (foreign.withheld, domestic.withheld)


def test_a_shortfall_is_use_tax_where_the_country_says_so() -> None:
    """Undercharged and accrued; what matches accrues nothing."""
    short = a_tax_question(a_tax_line(charged="0.00"))

    assert answered(short, accrues_shortfall=True).accrues
    assert not answered(short).accrues
    assert not answered(a_tax_question(), accrues_shortfall=True).accrues


@pytest.mark.parametrize("stated", ["0.00", None])
@pytest.mark.parametrize(
    ("amounts", "shortfalls"),
    [
        (("100.00", "-20.00"), ("19.00", "-3.80")),
        (("-100.00", "20.00"), ("-19.00", "3.80")),
    ],
)
def test_a_line_that_reduces_what_is_due_reduces_the_use_tax(
    amounts: tuple[str, ...], shortfalls: tuple[str, ...], stated: str | None
) -> None:
    """An invoice with a discount accrues what it lacks as a whole, and a credit note of it takes the same back, whether
    the lines say that nothing was charged or only the document does."""
    lines = [a_tax_line(str(n), amount, stated) for n, amount in enumerate(amounts, 1)]

    answer = answered(a_tax_question(*lines, charged=eur("0.00")), accrues_shortfall=True)

    assert answer.accrues
    assert [eur(one) for one in shortfalls] == [shortfall(line) for line in answer.lines]
    assert "note" == judge(answer, TaxPolicy()).severity


@pytest.mark.parametrize(
    ("amount", "charged"), [("-100.00", "-20.00"), ("100.00", "20.00"), ("-100.00", "-19.00")]
)
def test_tax_beyond_what_is_due_is_no_use_tax(amount: str, charged: str) -> None:
    """A credit note that gives back more than was due is a difference, as an invoice with too much tax is."""
    answer = answered(a_tax_question(a_tax_line("1", amount, charged)), accrues_shortfall=True)

    assert (False, eur("0.00")) == (answer.accrues, shortfall(answer.lines[0]))


def test_the_countries_rules_hold_for_any_providers_answer() -> None:
    """What a tax system says is ruled like our own table: blocked recovery, withholding, accrual; the verdict stays."""
    lines = [a_tax_line("1", charged="0.00", expense_type="entertainment"), a_tax_line("2", charged="0.00")]
    question = a_tax_question(*lines)
    theirs = determine(question, [a_tax_code()], TaxPolicy()).model_copy(update={"provider": "avatax"})
    rules = CountryTax(
        blocked_expense_types=("entertainment",),
        withholding=(Withholding(percent=Decimal(5)),),
        accrues_shortfall=True,
    )
    policy = TaxPolicy(countries={"DE": rules})

    ruled = by_policy(question, theirs, policy)

    assert ("avatax", "undercharged", True) == (ruled.provider, ruled.verdict, ruled.accrues)
    assert [eur("0.00"), eur("19.00")] == [line.recoverable for line in ruled.lines]
    assert (eur("19.00"), eur("19.00"), eur("10.00")) == (
        ruled.recoverable,
        ruled.non_recoverable,
        ruled.withheld,
    )
    assert ruled == by_policy(question, ruled, policy)


def test_a_document_without_a_destination_is_for_review() -> None:
    """Nobody guesses a country."""
    answer = answered(a_tax_question(ship_to=None))

    assert ("needs_review", "line 1: nothing says where it is shipped to") == (answer.verdict, answer.note)


@pytest.mark.parametrize(
    ("verdict", "severity", "case_class"),
    [
        ("match", "off", "TAX_REVIEW"),
        ("undercharged", "block", "TAX_DIFFERS"),
        ("overcharged", "block", "TAX_DIFFERS"),
        ("not_taxable", "off", "TAX_REVIEW"),
        ("exempt", "note", "TAX_REVIEW"),
        ("reverse_charge", "off", "TAX_REVIEW"),
        ("needs_review", "block", "TAX_REVIEW"),
        ("unknown_code", "block", "TAX_CODE_UNKNOWN"),
    ],
)
def test_a_verdict_becomes_what_policy_says(verdict: Any, severity: str, case_class: str) -> None:
    """By default what is wrong stops a document, what is unusual is noted, what is right is no news."""
    answer = answered(a_tax_question()).model_copy(update={"verdict": verdict, "note": "reason"})

    judgement = judge(answer, TaxPolicy())

    assert (severity, case_class) == (judgement.severity, judgement.case_class)
    assert judgement.cause.endswith(" by table: reason.")
    assert judgement.fix


def test_policy_may_be_stricter_or_milder() -> None:
    """Severity is the profile's word, verdict by verdict."""
    answer = answered(a_tax_question(a_tax_line(charged="0.00")))
    mild = TaxPolicy(severity=VerdictSeverity(undercharged="note"))

    assert "note" == judge(answer, mild).severity


@given(
    currency=st.sampled_from(("JPY", "EUR", "KWD")),
    net=st.integers(-(10**10), 10**10),
    rate=st.decimals(0, 100, places=3),
    recoverable=st.decimals(0, 100, places=2),
    charged=st.integers(-(10**10), 10**10),
)
def test_tax_by_table_keeps_the_laws(
    currency: str, net: int, rate: Decimal, recoverable: Decimal, charged: int
) -> None:
    """Rate times net within half a minor unit; both shares make up the tax; sums are those of the lines."""
    amount = Money(amount_minor=net, currency=currency)
    line = a_tax_line(currency=currency, charged=None, tax_code="X").model_copy(update={"amount": amount})
    question = a_tax_question(line, currency=currency, charged=Money(amount_minor=charged, currency=currency))
    code = TaxCode(number="X", rate_percent=rate, recoverable_percent=recoverable)

    answer = determine(question, [code], TaxPolicy())

    assert abs(Decimal(net) * rate / 100 - answer.determined.amount_minor) <= Decimal("0.5")
    assert answer.determined == answer.recoverable + answer.non_recoverable
    assert abs(answer.recoverable.amount_minor) <= abs(answer.determined.amount_minor)
    assert answer.determined - question.charged_total() == answer.variance


@given(net=st.integers(1, 10**9), one=st.integers(-(10**9), 10**9), other=st.integers(-(10**9), 10**9))
def test_verdicts_rise_with_what_was_charged(net: int, one: int, other: int) -> None:
    """Undercharged, then match, then overcharged."""
    rank = {"undercharged": 0, "match": 1, "not_taxable": 1, "overcharged": 2}

    ranks = [
        rank[
            answered(
                a_tax_question(
                    a_tax_line(charged=None).model_copy(
                        update={"amount": Money(amount_minor=net, currency="EUR")}
                    ),
                    charged=Money(amount_minor=charged, currency="EUR"),
                )
            ).verdict
        ]
        for charged in sorted((one, other))
    ]

    assert sorted(ranks) == ranks


@given(
    st.lists(st.integers(min_value=-100_000, max_value=100_000), min_size=1, max_size=8),
    st.sampled_from(["5.5", "7", "19", "20.333"]),
    st.sampled_from(["0", "33.3", "50", "100"]),
)
def test_rounded_for_the_document_the_lines_share_the_whole_to_the_minor_unit(
    amounts: list[int], rate: str, back: str
) -> None:
    """Tax, what comes back and what is withheld: each is the rounded share of the sum, whatever the lines are."""
    code = TaxCode(
        number="X", country="DE", description="X", rate_percent=Decimal(rate), is_reverse_charge=True
    )
    rules = CountryTax(
        rounding="document",
        recoverable_percent=Decimal(back),
        withholding=(Withholding(percent=Decimal("15.825")),),
    )
    lines = [
        a_tax_line(str(n), amount=str(Decimal(minor) / 100), charged="0.00", tax_code="X")
        for n, minor in enumerate(amounts, 1)
    ]
    answer = determine(a_tax_question(*lines), [code], TaxPolicy(countries={"DE": rules}))

    def share(amount: Decimal, percent: str) -> Decimal:
        return (amount * Decimal(percent) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)

    net = Decimal(sum(amounts)) / 100
    tax = share(net, rate)
    assert (tax, share(tax, back), share(net, "15.825")) == (
        answer.determined.amount,
        answer.recoverable.amount,
        answer.withheld.amount,
    )
    assert answer.non_recoverable == answer.determined - answer.recoverable


@pytest.mark.parametrize(
    ("charged", "verdict"),
    [
        ("0.18", "undercharged"),
        ("0.20", "match"),
        ("0.25", "match"),
        ("0.27", "overcharged"),
    ],
)
def test_tax_for_the_whole_document_may_be_rounded_once_or_on_each_line(charged: str, verdict: str) -> None:
    """Ten lines of 13 cents: 19 % of 1.30 are 25 cents, of each line two. Suppliers reckon either way."""
    lines = [a_tax_line(str(n), amount="0.13", charged=None) for n in range(1, 11)]

    answer = answered(a_tax_question(*lines, charged=eur(charged)))

    assert verdict == answer.verdict
    if verdict == "match":
        assert eur(charged) == answer.determined == answer.recoverable


def test_tax_that_is_stated_on_each_line_is_rounded_there() -> None:
    """Whoever says what each line is charged has rounded there: no other way is tried."""
    lines = [a_tax_line(str(n), amount="0.13", charged="0.03") for n in range(1, 11)]

    assert "overcharged" == answered(a_tax_question(*lines)).verdict
