"""The AvaTax adapter against its simulator: what is refused, the door, the catalogue."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from adapters.base import WriteRequest
from adapters.errors import (
    AdapterError,
    CredentialsError,
    DuplicateError,
    ProtocolError,
    RejectedError,
    SettingsError,
    TransientError,
)
from store.canonical.tax import TaxQuestion, TaxSupplier
from tests.adapters.avatax_questions import (
    a_world,
    american,
    answered,
    paper,
    run,
)
from tests.adapters.setup_avatax import AvaTaxWorld, asking, setup_avatax
from tests.adapters.setups import fault
from tests.tax_questions import an_address


@pytest.mark.parametrize(
    ("question", "complaint"),
    [
        (american(*(paper(str(n)) for n in range(4))), "it has 4 lines, and 3 may be asked at once"),
        (american(paper(tax_code="X" * 26)), "line 1: taxCode is longer than 25 characters"),
        (american(paper(account="1" * 51)), "line 1: revenueAccount is longer than 50 characters"),
        (
            american(supplier=TaxSupplier(number="V" * 51)),
            "the supplier's number is longer than 50 characters",
        ),
        (
            american(supplier=TaxSupplier(number="V", vat_number="DE" + "1" * 24)),
            "the VAT number is longer than 25",
        ),
    ],
)
def test_what_is_too_large_is_not_sent(question: TaxQuestion, complaint: str) -> None:
    """Keys are never cut short: the document is refused before anything leaves."""
    world = a_world(options={"lines_max": 3})

    with pytest.raises(RejectedError, match=complaint) as caught:
        answered(world, question)

    assert "PAYLOAD_INVALID" == caught.value.refusal.case_class
    assert 0 == world.request_count()


def test_a_body_that_is_no_question_is_refused_in_words() -> None:
    """What is stored with a decision may be years old, or edited by hand."""
    world = a_world()
    good = asking(american())
    broken = replace(good, body={"question": {**good.body["question"], "lines": []}})

    for request in (WriteRequest("tax.determine", "k", None, {}), broken):
        with pytest.raises(
            RejectedError, match=r"the question about tax can't be read: .*; nothing was asked"
        ):
            run(world.adapter.write(request))
    assert 0 == world.request_count()


@pytest.mark.parametrize(
    ("settings", "question", "kind", "case_class"),
    [
        ({"fails_to_calculate": True}, american(), RejectedError, "TAX_REVIEW"),
        ({}, american(ship_to=an_address("US")), RejectedError, "TAX_REVIEW"),
        ({}, american(ship_to=an_address("ZZ")), RejectedError, "TAX_REVIEW"),
        ({}, american(ship_to=None), RejectedError, "TAX_REVIEW"),
        ({"lines_max": 1}, american(paper("1"), paper("2")), RejectedError, "PAYLOAD_INVALID"),
        ({"requests_per_second": 0.001}, american(), TransientError, None),
    ],
)
def test_refusals_are_sorted_by_their_numbers(
    settings: dict[str, Any], question: TaxQuestion, kind: type[AdapterError], case_class: str | None
) -> None:
    """An address or a calculation is for the tax team, a size for whoever made the document, a limit for later."""
    world = a_world(**settings)

    def ask_seven_times() -> None:
        for _ in range(7):
            answered(world, question)
            world.adapter._memory._answers.clear()

    with pytest.raises(AdapterError) as caught:
        ask_seven_times()

    assert kind is type(caught.value)
    if isinstance(caught.value, RejectedError):
        assert case_class == caught.value.refusal.case_class
    if isinstance(caught.value, TransientError):
        assert caught.value.retry_after is not None


def test_a_refusal_says_all_its_reasons() -> None:
    """Both details, with the place each refers to, and their codes for whoever branches on them."""
    with pytest.raises(RejectedError) as caught:
        answered(a_world(fails_to_calculate=True), american())

    assert ("GetTaxError", "InvalidAddress") == caught.value.refusal.codes
    assert (
        "The tax can't be calculated.; The address is not deliverable. (addresses.shipTo)"
        in caught.value.message
    )


def test_a_timeout_that_was_asked_for_passes() -> None:
    """`ForceTimeout` fails as a slow service does: later is soon enough."""
    world = a_world()

    async def ask() -> None:
        await world.adapter._transport.request(
            "POST",
            "/api/v2/transactions/create",
            params={"$include": "Lines,ForceTimeout"},
            headers=world.adapter._headers,
            json={
                "type": "PurchaseOrder",
                "companyCode": "DEFAULT",
                "date": "2026-01-05",
                "customerCode": "V",
                "addresses": {"shipTo": {"country": "DE"}},
                "lines": [{"amount": 1}],
            },
            is_write=False,
        )

    with pytest.raises(TransientError):
        run(ask())


def test_a_slow_answer_is_waited_for() -> None:
    """Slow is not lost."""
    world = a_world()
    world.faults.add(fault("slow", path=world.write_path, delay_s=0.01))

    assert "match" == answered(world, american()).verdict


def test_bearer_tokens_open_the_door_too() -> None:
    """The other way in; a wrong one is refused at the door as a wrong key is."""
    right = setup_avatax(has_catalogue=True, options={"auth": "bearer"})
    wrong = setup_avatax(has_catalogue=True, has_right_secret=False, options={"auth": "bearer"})

    assert "match" == answered(right, american()).verdict
    assert run(right.adapter.check_health()).is_ok
    with pytest.raises(CredentialsError):
        answered(wrong, american())


def test_health_looks_at_what_ping_says() -> None:
    """Ping always answers 200: an account that it does not know is not well."""
    health = run(setup_avatax(has_right_secret=False).adapter.check_health())

    assert not health.is_ok
    assert "does not know the account" in health.message


def test_the_catalogue_is_read_whole_in_pages() -> None:
    """40 codes in pages of 7, whether or not the collection says how many there are."""
    for says_count in (True, False):
        world = a_world(says_count=says_count, options={"page_size": 7})

        async def read(world: AvaTaxWorld = world) -> list[Any]:
            return [page async for page in world.adapter.read("tax_code")]

        pages = run(read())
        rows = [row for page in pages for row in page.rows]
        records = [one.record for one in world.adapter.translate("tax_code", rows)]  # type: ignore[union-attr]

        assert 40 == len({record.number for record in records})
        assert [7, 7, 7, 7, 7, 5] == [len(page.rows) for page in pages]
        assert {"skip": 0} == json.loads(pages[-1].position)


def test_codes_are_read_by_name_whatever_is_in_it() -> None:
    """A quotation mark in a code is doubled in the filter."""
    world = setup_avatax()
    world.simulator.put_code("O'NEIL", "Odd", is_active=False)
    world.add(3)

    rows = run(world.adapter.read_many("tax_code", ["O'NEIL", "P0000001", "missing"]))

    assert [("O'NEIL", False), ("P0000001", True)] == sorted(
        (one.record.number, one.record.is_active)  # type: ignore[union-attr, attr-defined]
        for one in world.adapter.translate("tax_code", rows)
    )


def test_a_strange_position_is_refused() -> None:
    """Reading does not begin anywhere by guess."""
    with pytest.raises(SettingsError, match="reset it to read everything again"):
        run(anext(aiter(setup_avatax().adapter.read("tax_code", "soon"))))  # type: ignore[arg-type]


def test_a_line_that_is_missing_from_the_answer_is_no_answer() -> None:
    """A document whose answer leaves out a line, or says an amount that is none, is not judged at all."""
    world = a_world()
    real = world.simulator._calculated

    def without_lines(body: Any, found: Any) -> Any:
        return real(body, found) | {"lines": []}

    world.simulator._calculated = without_lines  # type: ignore[method-assign]

    with pytest.raises(ProtocolError, match="line 1 is not in the answer"):
        answered(world, american())


def test_a_duplicate_is_said_to_be_one() -> None:
    """A committed document of the same code stands: what we would never do ourselves is understood all the same."""
    world = a_world()
    body = {
        "type": "PurchaseInvoice",
        "companyCode": "DEFAULT",
        "code": "INV-1",
        "date": "2026-01-05",
        "customerCode": "V-9",
        "addresses": {"shipTo": {"country": "DE"}},
        "lines": [{"amount": 100}],
        "commit": True,
    }

    async def save() -> None:
        await world.adapter._transport.request(
            "POST", "/api/v2/transactions/create", json=body, headers=world.adapter._headers, is_write=True
        )

    run(save())
    with pytest.raises(DuplicateError, match="INV-1 is committed already"):
        run(save())


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"company_code": ""}, "options.company_code"),
        ({"page_size": 1001}, "options.page_size"),
        ({"ship_to": {"country": "Germany"}}, "options.ship_to.country"),
        ({"machine": "a; b"}, "options.machine"),
        ({"licence": "x"}, "options.licence"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], complaint: str) -> None:
    """A key that is not there, or a value that can't be, without repeating what was given."""
    with pytest.raises(SettingsError, match=complaint):
        setup_avatax(options=options)
