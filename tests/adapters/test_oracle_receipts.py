"""Goods received, sent back and corrected in Oracle, through the adapter and against the simulated pod."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapters.base import Receipt as Done
from adapters.base import Translated
from adapters.errors import OutcomeUnknownError, RejectedError, TransientError
from adapters.simulation import Fault
from store.canonical.purchasing import Receipt
from tests.adapters.oracle_receipts import ReceivingWorld


def write(world: ReceivingWorld, receipt: Receipt) -> Done:
    return asyncio.run(world.adapter.write(world.movement(receipt)))


def find(world: ReceivingWorld, receipt: Receipt) -> Done | None:
    return asyncio.run(world.adapter.find(world.movement(receipt)))


def refusal(world: ReceivingWorld, receipt: Receipt) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        write(world, receipt)
    return caught.value


def read(world: ReceivingWorld) -> dict[str, Receipt]:
    """Return every receipt there is, by its id, as the adapter reads and translates it."""

    async def walk() -> list[bytes]:
        return [row async for page in world.adapter.read("receipt") for row in page.rows]

    found = world.adapter.translate("receipt", asyncio.run(walk()))
    assert all(isinstance(one, Translated) for one in found), found
    return {one.external_id: one.record for one in found if isinstance(one, Translated)}  # type: ignore[misc]


def test_a_receipt_comes_back_as_it_went() -> None:
    """The receipt is the movement at the dock; its number is Oracle's, its reference our mark."""
    world = ReceivingWorld()
    wanted = world.a_receipt("2")

    done = write(world, wanted)

    order_id = str(world.simulator.orders()[0]["po_header_id"])
    derived = {"number": "5001", "uom": "Ea", "order_id": order_id}
    assert {done.external_id: wanted.model_copy(update=derived)} == read(world)
    assert ("5001", False, False) == (done.number, done.is_pending, done.was_found)
    assert Decimal(2) == world.simulator.received(world.order_number, "1")


def test_a_window_shows_the_movements_of_its_days() -> None:
    """Each by the day it was moved on; a correction has a day of its own."""
    world = ReceivingWorld()
    original = str(write(world, world.a_receipt("10")).external_id)
    world.clock.advance(timedelta(days=20))
    write(world, world.a_receipt("-2", kind="correction", original_id=original))
    today = world.clock.now().date()

    async def walk(first: int, last: int) -> list[bytes]:
        days = (today - timedelta(days=first), today - timedelta(days=last))
        return [row async for page in world.adapter.read_window("receipt", *days) for row in page.rows]

    def kinds(first: int, last: int) -> list[str]:
        found = world.adapter.translate("receipt", asyncio.run(walk(first, last)))
        return [one.record.kind for one in found if isinstance(one, Translated)]  # type: ignore[attr-defined]

    assert ["receipt", "correction"] == kinds(60, 0)
    assert (["receipt"], ["correction"], []) == (kinds(60, 15), kinds(10, 0), kinds(400, 300))


def test_what_goes_back_and_what_is_corrected_adds_up() -> None:
    """Returns and corrections are rows of their own about the receipt; what the line got is the sum."""
    world = ReceivingWorld()
    original = str(write(world, world.a_receipt("10")).external_id)

    write(world, world.a_receipt("-3", kind="return", original_id=original))
    write(world, world.a_receipt("-2", kind="correction", original_id=original))
    write(world, world.a_receipt("0.5", kind="correction", original_id=original))

    found = list(read(world).values())
    assert ["receipt", "return", "correction", "correction"] == [one.kind for one in found]
    assert [Decimal("10"), Decimal("-3"), Decimal("-2"), Decimal("0.5")] == [one.quantity for one in found]
    assert [None, original, original, original] == [one.original_id for one in found]
    assert sum(one.quantity or 0 for one in found) == world.simulator.received(world.order_number, "1")


def test_goods_that_are_delivered_at_once_are_counted_once() -> None:
    """Oracle shows each movement at the dock and at its destination; only the dock's is a receipt."""
    world = ReceivingWorld()
    original = str(write(world, world.a_receipt("10")).external_id)
    write(world, world.a_receipt("-1", kind="correction", original_id=original))

    kinds = [
        row.data["TransactionTypeCode"]
        for row in world.simulator.world.tables["receivingTransactionsHistory"]
    ]

    assert ["RECEIVE", "DELIVER", "CORRECT", "CORRECT"] == kinds
    assert 2 == len(read(world))


def test_a_failure_inside_a_201_is_a_refusal() -> None:
    """More than was ordered is refused in words, with the name of Oracle's message as code; nothing moved."""
    world = ReceivingWorld()

    error = refusal(world, world.a_receipt("100.5"))

    assert "MATCH_QUANTITY" == error.refusal.case_class
    assert ("RCV_TRX_QTY_EXCEEDS_AVAIL_UI",) == error.refusal.codes
    assert [] == world.simulator.receipts()


def test_a_tolerance_of_the_pod_lets_a_little_more_in() -> None:
    """What is within the receiving tolerance is received."""
    world = ReceivingWorld(settings={"receipt_tolerance_percent": 1})

    write(world, world.a_receipt("101"))

    assert Decimal(101) == world.simulator.received(world.order_number, "1")


@pytest.mark.parametrize(
    ("changes", "case_class"),
    [
        ({"order_number": "999"}, "MATCH_ORDER"),
        ({"order_line": "7"}, "MATCH_ORDER"),
        ({"quantity": "-1"}, "PAYLOAD_INVALID"),
        ({"reference": None}, "PAYLOAD_INVALID"),
        ({"uom": "BARREL"}, "MAPPING_MISSING"),
        ({"uom": "Hr"}, "REJECTED"),
    ],
)
def test_what_cannot_be_received_is_refused_by_its_cause(changes: dict[str, Any], case_class: str) -> None:
    """An unknown order or line, a wrong size or unit: each its class, and nothing moves."""
    world = ReceivingWorld()

    error = refusal(world, world.a_receipt(**{"quantity": "1", **changes}))

    assert case_class == error.refusal.case_class
    assert [] == world.simulator.receipts()


def test_a_closed_period_is_said_so() -> None:
    """The day of the receipt must be in an open period."""
    world = ReceivingWorld()
    world.simulator.close_period("DE Ledger", "Jan-26")

    assert "PERIOD_CLOSED" == refusal(world, world.a_receipt()).refusal.case_class


def test_a_closed_order_takes_no_receipt() -> None:
    """The order is looked at before anything is sent."""
    world = ReceivingWorld()
    (order,) = world.simulator.world.orders.values()
    row = world.simulator.world.row("purchaseOrders", order.id)
    assert row is not None
    world.simulator.lifecycle.act(row, "close", {})

    assert "MATCH_ORDER" == refusal(world, world.a_receipt()).refusal.case_class


def test_no_more_goes_back_than_came() -> None:
    """A return, or a correction down, beyond what is left of the receipt is refused."""
    world = ReceivingWorld()
    original = str(write(world, world.a_receipt("3")).external_id)
    write(world, world.a_receipt("-2", kind="return", original_id=original))

    for kind in ("return", "correction"):
        error = refusal(world, world.a_receipt("-2", kind=kind, original_id=original))
        assert "MATCH_QUANTITY" == error.refusal.case_class


def test_a_lost_answer_is_looked_up_not_repeated() -> None:
    """The receipt is found by our mark; sending it again finds it too."""
    world = ReceivingWorld()
    wanted = world.a_receipt()
    world.faults.add(Fault(id="lost", kind="lost_answer", path="/receivingReceiptRequests$", method="POST"))

    with pytest.raises(OutcomeUnknownError):
        write(world, wanted)
    found = find(world, wanted)
    again = write(world, wanted)

    assert found is not None
    assert found.was_found
    assert found.external_id == again.external_id
    assert 1 == len(world.simulator.receipts())


def test_a_mark_that_stands_for_something_else_is_not_taken_for_ours() -> None:
    """Another quantity under our mark is a difference for a person."""
    world = ReceivingWorld()
    wanted = world.a_receipt("2")
    write(world, wanted)

    error = refusal(world, wanted.model_copy(update={"quantity": Decimal(3)}))

    assert "READ_BACK_DIFFERS" == error.refusal.case_class
    assert 1 == len(world.simulator.receipts())


def test_a_receipt_that_waits_for_the_processor_is_pending_and_never_sent_twice() -> None:
    """Taken but not processed: pending; looked up meanwhile, it is asked again later; then it is there."""
    world = ReceivingWorld(settings={"processes_receipts_after": timedelta(minutes=15)})
    wanted = world.a_receipt()

    done = write(world, wanted)

    assert (True, None) == (done.is_pending, done.external_id)
    with pytest.raises(TransientError):
        find(world, wanted)
    world.later(20)
    found = find(world, wanted)
    assert found is not None
    assert ["receipt"] == [one["kind"] for one in world.simulator.receipts()]


def test_a_failed_request_can_be_sent_again() -> None:
    """An error in the interface is no receipt: once its cause is gone the same mark goes through."""
    world = ReceivingWorld()
    wanted = world.a_receipt()
    world.simulator.close_period("DE Ledger", "Jan-26")
    refusal(world, wanted)
    world.simulator.open_period("DE Ledger", "Jan-26")

    assert find(world, wanted) is None
    assert write(world, wanted).external_id is not None
