"""The AvaTax adapter against its simulator: what is asked, what is understood, and what is remembered."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters import avatax
from adapters.avatax import inbound, outbound, wire
from adapters.avatax.outbound import escaped
from adapters.avatax.statuses import VERDICTS
from adapters.errors import (
    ProtocolError,
    RejectedError,
)
from store.canonical.money import Money
from store.canonical.tax import TaxAnswer, TaxQuestion
from tests.adapters.avatax_questions import (
    FRENCH,
    PORTLAND,
    SEATTLE,
    a_world,
    american,
    answered,
    german,
    paper,
    run,
    usd,
)
from tests.adapters.setup_avatax import asking, checker
from tests.tax_questions import a_tax_line, an_address, eur


def test_the_tax_of_a_place_is_that_of_its_state_county_and_city() -> None:
    """An American purchase: each jurisdiction's share, nothing of it comes back, and charged as due it matches."""
    answer = answered(a_world(), american())

    assert ("match", "avatax", None) == (answer.verdict, answer.provider, answer.status)
    assert [("WASHINGTON", "State", usd("6.50")), ("SEATTLE", "City", usd("3.85"))] == [
        (one.jurisdiction, one.jurisdiction_type, one.tax) for one in answer.lines[0].details
    ]
    assert (usd("10.35"), usd("0.00"), usd("10.35")) == (
        answer.determined,
        answer.recoverable,
        answer.non_recoverable,
    )
    assert Decimal("10.350") == answer.lines[0].rate_percent


@pytest.mark.parametrize(
    ("charged", "verdict"),
    [("0.00", "undercharged"), ("10.33", "undercharged"), ("10.34", "match"), ("10.36", "match"), ("10.37", "overcharged")],
)  # fmt: skip
def test_without_the_payables_product_amounts_are_compared(charged: str, verdict: str) -> None:
    """Variance is calculated less charged, and the tolerance is ours."""
    answer = answered(a_world(), american(paper(charged=charged)))

    assert verdict == answer.verdict
    assert usd("10.35") - usd(charged) == answer.variance
    assert not answer.accrues


def test_a_wider_tolerance_is_an_option() -> None:
    """Five cents too little are a match where five are allowed."""
    world = a_world(options={"tolerance_minor": 5})

    assert "match" == answered(world, american(paper(charged="10.30"))).verdict


@pytest.mark.parametrize(("status", "verdict"), VERDICTS.items())
def test_with_the_payables_product_its_word_is_the_verdict(status: str, verdict: str) -> None:
    """All 28 words of it; what it accrues or is about to accrue is to be accrued."""
    world = a_world(has_payables=True, forced_status=status)

    answer = answered(world, american(paper(charged="7.00")))

    assert (verdict, status) == (answer.verdict, answer.status)
    assert (verdict == "undercharged" and status.startswith(("Accrued", "Pending"))) == answer.accrues
    assert answer.note


def test_there_are_28_words_of_the_payables_product() -> None:
    """As many as the vendor's list has, and the same in our copy of its contract."""
    listed = checker()._document["components"]["schemas"]["APStatus"]["enum"]

    assert 28 == len(VERDICTS)
    assert set(listed) == set(VERDICTS)


@pytest.mark.parametrize(
    ("settings", "verdict"),
    [
        ({"has_payables": True, "forced_status": "NoAccrualTrustedVendor"}, "match"),
        ({"has_payables": False, "forced_status": "NoAccrualTrustedVendor"}, "undercharged"),
    ],
)
def test_the_answer_says_whether_the_payables_product_is_there(
    settings: dict[str, Any], verdict: str
) -> None:
    """Nothing has to be set: its word decides where the answer has one, else the amounts do."""
    assert verdict == answered(a_world(**settings), american(paper(charged="0.00"))).verdict


@pytest.mark.parametrize(
    ("settings", "charged", "expected"),
    [
        ({}, "10.35", ("match", False)),
        ({}, "0.00", ("undercharged", True)),
        ({"accrues": False}, "0.00", ("undercharged", False)),
        ({}, "12.00", ("overcharged", False)),
        ({"trusted_suppliers": frozenset({"V-9"})}, "0.00", ("match", False)),
        ({"accrual_suppliers": frozenset({"V-9"})}, "0.00", ("undercharged", True)),
        ({"exempt_cost_centres": frozenset({"420"})}, "0.00", ("exempt", False)),
        ({"exempt_accounts": frozenset({"7110"})}, "0.00", ("exempt", False)),
        ({"threshold": "1000"}, "0.00", ("match", False)),
    ],
)
def test_what_is_set_up_in_the_payables_product_decides(
    settings: dict[str, Any], charged: str, expected: tuple[str, bool]
) -> None:
    """Trusted and accrual suppliers, exempt cost centres and accounts, thresholds."""
    world = a_world(has_payables=True, **settings)

    answer = answered(world, american(paper(charged=charged, cost_centre="420", account="7110")))

    assert expected == (answer.verdict, answer.accrues)


def test_vat_comes_back_and_reduced_rates_follow_the_code() -> None:
    """German books at 7 %, all of it recoverable; dinners at 19 %, none of it."""
    lines = [
        a_tax_line("1", charged="7.00", tax_code="PB010000"),
        a_tax_line("2", charged="19.00", tax_code="PE010100"),
        a_tax_line("3", charged="0.00", tax_code="NT000000"),
    ]

    answer = answered(a_world(), german(*lines))

    assert ["match", "match", "not_taxable"] == [line.verdict for line in answer.lines]
    assert [eur("7.00"), eur("0.00"), eur("0.00")] == [line.recoverable for line in answer.lines]
    assert (eur("26.00"), eur("19.00")) == (answer.determined, answer.non_recoverable)


def test_a_purchase_from_another_member_state_is_self_assessed() -> None:
    """Input and output tax cancel out: the tax is due, the supplier charges none, and the buyer declares it."""
    world = a_world()

    answer = answered(
        world,
        german(a_tax_line(charged="0.00", tax_code="PS080100"), supplier=FRENCH, ship_from=an_address("FR")),
    )

    assert ("reverse_charge", eur("19.00"), eur("0.00")) == (
        answer.verdict,
        answer.determined,
        answer.variance,
    )
    assert answer.lines[0].is_self_assessed
    assert Decimal(19) == answer.lines[0].rate_percent


def test_an_exemption_is_an_answer() -> None:
    """With a certificate nothing is due; tax that was charged all the same is too much."""
    world = a_world()

    assert "exempt" == answered(world, american(paper(charged="0.00"), exemption="C-1")).verdict
    assert "overcharged" == answered(world, american(exemption="C-1")).verdict


def test_tax_on_the_whole_document_is_laid_on_its_lines() -> None:
    """An invoice that only says its total tax is judged by it, and each line gets what is due there."""
    lines = [paper(str(number), charged=None) for number in (1, 2, 3)]

    right = answered(a_world(), american(*lines, charged=usd("31.05")))
    wrong = answered(a_world(), american(*lines, charged=usd("30.00")))

    assert ("match", [usd("10.35")] * 3) == (right.verdict, [line.charged for line in right.lines])
    assert ("undercharged", usd("1.05")) == (wrong.verdict, wrong.variance)


@pytest.mark.parametrize(("currency", "net", "charged"), [("JPY", "1000", "190"), ("KWD", "10.005", "1.901")])
def test_currencies_keep_their_own_minor_units(currency: str, net: str, charged: str) -> None:
    """No decimals for yen, three for dinars, on the way there and back."""
    line = a_tax_line(amount=net, charged=charged, currency=currency, tax_code="PS080100")

    answer = answered(a_world(), german(line, currency=currency))

    assert ("match", Money.of(charged, currency)) == (answer.verdict, answer.determined)


def test_a_code_that_is_not_known_is_no_match_whatever_the_amounts_say() -> None:
    """AvaTax may fall back to another code with a remark: the line says so, and the remark is kept."""
    world = a_world(has_payables=True)

    answer = answered(world, american(paper("1"), paper("2", tax_code="ZZ999999")))

    assert ("unknown_code", None) == (answer.verdict, answer.status)
    assert ["match", "unknown_code"] == [line.verdict for line in answer.lines]
    assert "line 2: AvaTax does not know the tax code ZZ999999" == answer.note
    assert (
        "Warning: Tax code not found The tax code ZZ999999 is not known; P0000000 was used.",
    ) == answer.messages


def test_a_code_that_is_refused_is_a_case_of_its_own() -> None:
    """Where AvaTax refuses an unknown code, the class names it."""
    world = a_world(unknown_code="error")

    with pytest.raises(RejectedError) as caught:
        answered(world, american(paper(tax_code="ZZ999999")))

    assert ("TAX_CODE_UNKNOWN", ("GetTaxError",)) == (
        caught.value.refusal.case_class,
        caught.value.refusal.codes,
    )
    assert "Tax code ZZ999999 is not known to this company" in caught.value.message


def test_our_codes_become_theirs_by_option() -> None:
    """A code in the table is translated, a missing one may have a default."""
    world = a_world(options={"tax_codes": {"V7": "PB010000"}, "default_tax_code": "NT000000"})
    lines = [a_tax_line("1", charged="7.00", tax_code="V7"), a_tax_line("2", charged="0.00", tax_code=None)]

    answer = answered(world, german(*lines))

    assert ["match", "not_taxable"] == [line.verdict for line in answer.lines]
    assert ["V7", None] == [line.tax_code for line in answer.lines]


def test_default_addresses_fill_what_a_document_does_not_say() -> None:
    """A line's own address wins over the document's, the document's over the option's."""
    world = a_world(options={"ship_to": SEATTLE.model_dump(mode="json")})
    lines = [paper("1"), paper("2", charged="0.00", ship_to=PORTLAND)]

    answer = answered(world, american(*lines, ship_to=None))

    assert [usd("10.35"), usd("0.00")] == [line.determined for line in answer.lines]


def test_a_question_goes_to_the_company_of_its_legal_entity() -> None:
    """And to the account's usual one otherwise; a company that AvaTax does not know is a matter of configuration."""
    world = a_world(
        companies=frozenset({"DEFAULT", "US01"}), options={"company_codes": {"US": "US01", "FR": "FR09"}}
    )

    assert "match" == answered(world, american(legal_entity="US")).verdict
    assert "match" == answered(world, american(legal_entity="DE")).verdict
    with pytest.raises(RejectedError, match="Company FR09 was not found") as caught:
        answered(world, american(legal_entity="FR"))
    assert "CONFIGURATION" == caught.value.refusal.case_class


def test_nothing_is_ever_saved() -> None:
    """A question is a PurchaseOrder that is not to be committed: AvaTax has no document afterwards."""
    world = a_world()

    receipt = run(world.adapter.write(asking(american())))

    assert receipt.external_id is None
    assert 0 == len(world.simulator.documents)
    assert run(world.adapter.recorded(receipt.number or "")) is None


def test_an_answer_that_was_saved_is_an_alarm() -> None:
    """Should AvaTax ever keep a question, its code and status are named and nothing is taken for granted."""
    world = a_world(saves_everything=True)

    with pytest.raises(ProtocolError, match=r"saved as finsync-[0-9a-f]{32} with the status Saved.*Void it"):
        answered(world, american())


@pytest.mark.parametrize("code", ["INV/2026", "1+1", "what?", "50%", "#7", "plain-1"])
def test_codes_with_characters_of_paths_are_found(code: str) -> None:
    """`/ + ? % #` have spellings of their own in a path."""
    world = a_world()
    body = {
        "type": "PurchaseInvoice",
        "companyCode": "DEFAULT",
        "code": code,
        "date": "2026-01-05",
        "customerCode": "V-9",
        "addresses": {"shipTo": {"country": "DE"}},
        "lines": [{"amount": 100}],
    }

    async def save() -> None:
        transport = world.adapter._transport
        await transport.request("POST", "/api/v2/transactions/create", json=body, headers=world.adapter._headers, is_write=True)  # fmt: skip

    run(save())
    found = run(world.adapter.recorded(code))

    assert found is not None
    assert (code, "Saved") == (found.code, found.status)
    assert run(world.adapter.recorded(f"{code}2")) is None
    assert not set("/+?%#") & set(escaped(code))


def test_an_answer_is_remembered_for_a_day() -> None:
    """The same question is asked once in 24 hours, and found without asking; then it is asked anew."""
    world = a_world()
    request = asking(american())

    first = run(world.adapter.write(request))
    world.clock.advance(timedelta(hours=23, minutes=59))
    second = run(world.adapter.write(request))
    asked = world.simulator.question_count
    world.clock.advance(timedelta(minutes=1))
    forgotten = run(world.adapter.find(request))
    third = run(world.adapter.write(request))

    assert (1, 2) == (asked, world.simulator.question_count)
    assert (False, True, False) == (first.was_found, second.was_found, third.was_found)
    assert first.answer == second.answer == third.answer
    assert forgotten is None


def test_another_question_or_another_process_asks_for_itself() -> None:
    """Memory is by the digest of the question and dies with its adapter: losing it costs a request."""
    world = a_world()

    answered(world, american())
    answered(world, american(paper(charged="10.34")))
    receipt = run(world.connect().write(asking(american())))

    assert 3 == world.simulator.question_count
    assert not receipt.was_found


def test_memory_has_bounds() -> None:
    """The oldest answer goes when there is no room."""
    world = a_world()
    world.adapter._memory._size = 2

    for number in ("A", "B", "C"):
        answered(world, american(number=number))

    assert 2 == len(world.adapter._memory)
    assert run(world.adapter.find(asking(american(number="A")))) is None
    assert run(world.adapter.find(asking(american(number="C")))) is not None


@pytest.mark.parametrize(
    ("line", "back"),
    [
        ({"recoverabilityPercentage": "50", "recoverableAmount": "9.49", "nonRecoverableAmount": "9.51"}, "9.49"),
        ({"recoverabilityPercentage": "50", "recoverableAmount": "0", "nonRecoverableAmount": "0"}, "9.50"),
        ({"recoverableAmount": "9.49"}, "9.49"),
        ({}, "0.00"),
    ],
    ids=["its own amounts", "of what cancels out", "an amount alone", "nothing said"],
)  # fmt: skip
def test_what_comes_back_is_what_avatax_says_to_the_minor_unit(line: dict[str, str], back: str) -> None:
    """Its own amounts where they make up the tax that is due; else its share of that."""
    said = wire.Line(lineNumber="1", **{name: Decimal(value) for name, value in line.items()})  # type: ignore[arg-type]

    assert eur(back) == inbound._recoverable(said, eur("19.00"))


def test_samples_of_a_question_and_its_answer_belong_together() -> None:
    """What we decide, what AvaTax is sent, what it says, and what we make of it lie side by side."""
    folder = Path(avatax.__file__).parent / "samples"

    def sample(name: str) -> bytes:
        return (folder / name).read_bytes()

    question = TaxQuestion.model_validate_json(sample("tax_determine.canonical.json"))
    options = avatax.Options.model_validate_json(sample("options.json"))
    said = msgspec.json.decode(sample("tax_determine.json"), type=wire.Transaction)

    sent = wire.encode(outbound.transaction(question, options))
    answer = inbound.answer(said, question, options, "avatax")

    assert json.loads(sample("tax_determine.request.json")) == json.loads(sent)
    assert TaxAnswer.model_validate_json(sample("tax_determine.answer.json")) == answer
    assert b'"amount":100.00' in sent  # exact numbers, digit by digit
