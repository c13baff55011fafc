"""Payments are told to Coupa exactly once, and what is written into invoices is what they show."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from adapters.base import Receipt, WriteRequest
from adapters.coupa.simulator import Settings
from adapters.errors import OutcomeUnknownError, RejectedError, SettingsError, TransientError
from tests.adapters.coupa_world import CoupaWorld
from tests.adapters.setup_coupa import a_payment
from tests.adapters.setups import fault


def a_world(**settings: Any) -> tuple[CoupaWorld, str]:
    """Return a Coupa with one approved invoice, and its id."""
    world = CoupaWorld(settings=Settings(**settings))
    return world, str(world.simulator.put("invoices", world.an_invoice())["id"])


def write(world: CoupaWorld, request: WriteRequest) -> Receipt:
    return asyncio.run(world.adapter.write(request))


def find(world: CoupaWorld, request: WriteRequest) -> Receipt | None:
    return asyncio.run(world.adapter.find(request))


def held(world: CoupaWorld, external_id: str) -> Mapping[str, Any]:
    return world.simulator.document("invoices", int(external_id))


def told(world: CoupaWorld, external_id: str) -> list[tuple[str, str]]:
    payments = held(world, external_id)["payments"]
    rows = payments["payments"]["payment"] if isinstance(payments, dict) else payments
    return [(one["notes"], one["amount-paid"]) for one in rows]


@pytest.mark.parametrize("wraps_payments", [False, True])
def test_a_payment_is_told_once(wraps_payments: bool) -> None:
    """A second time it is found, in whichever shape the instance shows payments."""
    world, invoice = a_world(wraps_payments=wraps_payments)

    first, second = write(world, a_payment(invoice)), write(world, a_payment(invoice))

    assert [("CHK-1", "100.0000")] == told(world, invoice)
    assert (False, True) == (first.was_found, second.was_found)
    assert "100" == first.answer["paid-in-all"]
    assert {"paid": True, "payment-notes": "CHK-1", "amount-due": "0.00"}.items() <= held(
        world, invoice
    ).items()


def test_partial_payments_and_a_void_stand_side_by_side() -> None:
    """Coupa keeps them all: a void is a second record with a negative amount, and the invoice is open again."""
    world, invoice = a_world()

    write(world, a_payment(invoice, amount="40.00", note="CHK-1", is_paid=False))
    write(world, a_payment(invoice, amount="60.00", note="CHK-2", is_paid=True))
    write(world, a_payment(invoice, amount="-60.00", note="Void CHK-2", is_paid=False))

    assert [("CHK-1", "40.0000"), ("CHK-2", "60.0000"), ("Void CHK-2", "-60.0000")] == told(world, invoice)
    assert (False, "60.00") == (held(world, invoice)["paid"], held(world, invoice)["amount-due"])


def test_an_invoice_is_marked_as_paid_without_a_payment() -> None:
    """Settled with less or otherwise: flag, day and note are overwritten, no record is added, and again changes nothing."""
    world, invoice = a_world()
    body = {"is_paid": True, "paid_on": "2026-01-20", "note": "Settled in oracle-emea"}
    request = WriteRequest("invoice.mark_paid", "k", invoice, body)

    before = find(world, request)
    first, second, seen = write(world, request), write(world, request), find(world, request)

    assert (None, False, True) == (before, first.was_found, second.was_found)
    assert seen is not None
    assert (True, "Settled in oracle-emea") == (
        held(world, invoice)["paid"],
        held(world, invoice)["payment-notes"],
    )
    assert not held(world, invoice)["payments"]
    write(world, WriteRequest("invoice.mark_paid", "k2", invoice, {**body, "is_paid": False}))
    assert held(world, invoice)["paid"] is False


@pytest.mark.parametrize("other", [{"paid_on": "2026-01-19"}, {"note": "by hand"}])
def test_a_flag_with_another_day_or_note_is_not_the_one_that_was_asked_for(other: Mapping[str, Any]) -> None:
    """It is looked up by all three, and overwritten; the answer says what the records come to."""
    world, invoice = a_world()
    body = {"is_paid": True, "paid_on": "2026-01-20", "note": "Settled in oracle-emea"}
    write(world, a_payment(invoice, amount="40.00", note="CHK-1", is_paid=False))
    write(world, WriteRequest("invoice.mark_paid", "k1", invoice, {**body, **other}))
    request = WriteRequest("invoice.mark_paid", "k2", invoice, body)

    before, receipt = find(world, request), write(world, request)

    assert (None, False, "40") == (before, receipt.was_found, receipt.answer["paid-in-all"])
    assert "Settled in oracle-emea" == held(world, invoice)["payment-notes"]
    assert find(world, request) is not None


@pytest.mark.parametrize("change", [{"is_paid": "yes"}, {"paid_on": "soon"}, {"note": "x" * 256}])
def test_what_cannot_be_marked_is_refused(change: Mapping[str, Any]) -> None:
    """Nothing is sent of a request that says nothing clear."""
    world, invoice = a_world()
    body = {"is_paid": True, "paid_on": "2026-01-20", "note": "", **change}

    with pytest.raises(RejectedError, match="marked"):
        write(world, WriteRequest("invoice.mark_paid", "k", invoice, body))


def test_a_payment_that_somebody_else_told_is_not_told_again() -> None:
    """Note, amount and day are what it is known by; only what is overwritten is sent."""
    world, invoice = a_world()
    world.simulator.pay_invoice(int(invoice), "100.00", note="CHK-1", paid_on="2026-01-20")

    receipt = write(world, a_payment(invoice))

    assert [("CHK-1", "100.0000")] == told(world, invoice)
    assert (True, False) == (held(world, invoice)["paid"], receipt.was_found)


@pytest.mark.parametrize("changes", [{"amount": "99.00"}, {"note": "CHK-2"}, {"paid_on": "2026-01-21"}])
def test_another_payment_is_another(changes: dict[str, str]) -> None:
    """A payment that differs in note, amount or day is told beside it."""
    world, invoice = a_world()
    write(world, a_payment(invoice))

    write(world, a_payment(invoice, **changes))

    assert 2 == len(told(world, invoice))


def test_a_lost_answer_is_found_and_not_paid_twice() -> None:
    """The request that got no answer had been acted on: a look shows it, and a second write adds nothing."""
    world, invoice = a_world()
    request = a_payment(invoice)
    world.faults.add(fault("lost_answer", method="PUT", path=world_path(invoice)))

    with pytest.raises(OutcomeUnknownError):
        write(world, request)
    found = find(world, request)

    assert found is not None
    assert found.was_found
    assert [("CHK-1", "100.0000")] == told(world, invoice)


def test_a_payment_that_may_be_on_its_way_is_waited_for() -> None:
    """Coupa may still be at work on it for a while: only after that a look that shows nothing means nothing."""
    world, invoice = a_world()
    sent = a_payment(invoice)
    request = WriteRequest(
        sent.operation, sent.idempotency_key, invoice, sent.body, sent_at=world.clock.now()
    )

    with pytest.raises(TransientError, match="may still be on its way") as caught:
        find(world, request)
    world.clock.advance(timedelta(seconds=121))

    assert timedelta(seconds=120) == caught.value.retry_after
    assert find(world, request) is None


def test_a_payment_in_another_currency_is_refused_unsent() -> None:
    """Coupa would take the number and say it was euros."""
    world, invoice = a_world()

    with pytest.raises(RejectedError, match="the payment is in USD"):
        write(world, a_payment(invoice, currency="USD"))

    assert 0 == world.simulator.requests.count("PUT", "invoices")


@pytest.mark.parametrize(
    "changes",
    [{"amount": "0"}, {"amount": "many"}, {"note": ""}, {"note": "x" * 256}, {"paid_on": "soon"}],
)
def test_a_payment_that_cannot_be_found_again_is_refused(changes: dict[str, str]) -> None:
    """Without a note, an amount and a day nobody could tell whether it was told."""
    world, invoice = a_world()

    with pytest.raises(RejectedError) as caught:
        write(world, a_payment(invoice, **changes))

    assert "PAYLOAD_INVALID" == caught.value.refusal.case_class


def test_a_payment_that_is_shown_twice_is_not_called_done() -> None:
    """Somebody told it between our look and our write: it is on record twice, and a person must know."""
    world, invoice = a_world()
    looks = []

    def interfere() -> None:
        looks.append(1)
        if len(looks) == 3:  # token, look, write
            world.simulator.pay_invoice(int(invoice), "100.00", note="CHK-1", paid_on="2026-01-20")

    world.before_each_request(interfere)
    asyncio.run(world.adapter.check_health())
    looks[:] = [1]
    with pytest.raises(RejectedError) as caught:
        write(world, a_payment(invoice))

    assert "READ_BACK_DIFFERS" == caught.value.refusal.case_class
    assert "2 times" in caught.value.message


def _interfered(world: CoupaWorld, invoice: str, happens: Callable[[], object]) -> RejectedError:
    """Tell a payment while something happens between our look and our write; return what is said about it."""
    asyncio.run(world.adapter.check_health())
    requests = []

    def count() -> None:
        requests.append(1)
        if len(requests) == 2:  # look, write
            happens()

    world.before_each_request(count)
    with pytest.raises(RejectedError) as caught:
        write(world, a_payment(invoice))
    return caught.value


def test_another_payment_beside_ours_is_not_called_done() -> None:
    """Ours is there once, and so is one that nobody had seen: a person must know."""
    world, invoice = a_world()

    told_of = _interfered(
        world,
        invoice,
        lambda: world.simulator.pay_invoice(int(invoice), "7.00", note="CHK-9", paid_on="2026-01-20"),
    )

    assert ("READ_BACK_DIFFERS", True) == (
        told_of.refusal.case_class,
        "1 times, and 2 more payments" in told_of.message,
    )


def test_a_line_that_appears_with_the_payment_is_told() -> None:
    """Coupa adds what it is sent: an invoice with other lines than before is not what was paid."""
    world, invoice = a_world()
    lines = held(world, invoice)["invoice-lines"]

    def add() -> None:
        found = world.simulator.document("invoices", int(invoice))
        world.simulator.put(
            "invoices", {**found, "invoice-lines": [*lines, {**lines[0], "id": 99_001, "line-num": 2}]}
        )

    told_of = _interfered(world, invoice, add)

    assert "READ_BACK_DIFFERS" == told_of.refusal.case_class
    assert "its lines are not those it had" in told_of.message


@pytest.mark.parametrize("field", ["paid", "payment-notes", "payment-date"])
def test_a_payment_that_coupa_takes_in_part_is_not_called_done(field: str) -> None:
    """The record is there, and the invoice does not say that it is paid, with what, or when."""
    world, invoice = a_world(unheeded=frozenset({field}))

    with pytest.raises(RejectedError) as caught:
        write(world, a_payment(invoice))

    assert "WRITE_BACK_IGNORED" == caught.value.refusal.case_class
    assert [("CHK-1", "100.0000")] == told(world, invoice)


def test_a_payment_of_an_invoice_that_is_gone_is_refused() -> None:
    """The words say that nothing was written."""
    world, _ = a_world()

    with pytest.raises(RejectedError, match="nothing was written"):
        write(world, a_payment("999"))


def test_strict_validation_stops_a_payment_and_says_so() -> None:
    """An instance may refuse even payments while an account on the invoice is closed: Coupa's words reach the analyst."""
    world, invoice = a_world(is_strict_about_invoices=True)
    world.simulator.put("accounts", world.account | {"active": False})

    with pytest.raises(RejectedError, match="Account is not active"):
        write(world, a_payment(invoice))


def a_write_back(invoice: str, **fields: str) -> WriteRequest:
    return WriteRequest(
        "invoice.write_back", f"coupa/invoice.write_back/{invoice}", invoice, {"fields": fields}
    )


def test_an_invoice_shows_number_and_status_of_the_erp() -> None:
    """In the custom fields of invoices, without touching anything else."""
    world, invoice = a_world()
    before = held(world, invoice)

    receipt = write(world, a_write_back(invoice, erp_number="9001", erp_status="Validated"))

    assert {"cf-erp-invoice-number": "9001", "cf-erp-status": "Validated"} == held(world, invoice)[
        "custom-fields"
    ]
    assert before["invoice-number"] == receipt.number
    assert before["invoice-lines"] == held(world, invoice)["invoice-lines"]
    found = find(world, a_write_back(invoice, erp_number="9001"))
    assert found is not None
    assert found.was_found


def test_a_field_of_an_invoice_that_coupa_ignores_is_told_by_name() -> None:
    """A yes that left out a field is a no."""
    world, invoice = a_world(editable_fields={"invoice": frozenset({"cf-erp-status"})})

    with pytest.raises(RejectedError) as caught:
        write(world, a_write_back(invoice, erp_number="9001", erp_status="Validated"))

    assert ("WRITE_BACK_IGNORED", ("cf-erp-invoice-number",)) == (
        caught.value.refusal.case_class,
        caught.value.refusal.codes,
    )


def test_a_field_nobody_configured_is_a_setting() -> None:
    """It names what to add where."""
    world, invoice = a_world()

    with pytest.raises(SettingsError, match="custom_fields"):
        write(world, a_write_back(invoice, mood="good"))


def world_path(invoice: str) -> str:
    return rf"^/api/invoices/{invoice}"
