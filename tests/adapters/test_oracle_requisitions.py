"""Requisitions in Oracle: read, created, submitted with their funds, withdrawn, cancelled, and what a funds check says."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapters.base import Receipt as Done
from adapters.base import Translated, WriteRequest
from adapters.errors import OutcomeUnknownError, RejectedError
from adapters.simulation import Fault
from store.canonical.money import Money
from store.canonical.purchasing import OrderDistribution, Requisition, RequisitionLine
from tests.adapters.oracle_receipts import ReceivingWorld
from tests.adapters.setup_oracle import ACCOUNT


def a_requisition(amount: str = "101.00", **changes: Any) -> Requisition:
    money = Money.of(amount, "EUR")
    line = RequisitionLine(
        number="1",
        description="Desk",
        quantity=Decimal(1),
        unit_price=money.amount,
        uom="EA",
        amount=money,
        need_by_on=date(2026, 2, 1),
        distributions=(OrderDistribution(number="1", account=ACCOUNT, amount=money, quantity=Decimal(1)),),
    )
    fields: dict[str, Any] = {
        "number": "REQ-1",
        "status": "draft",
        "title": "A desk",
        "currency": "EUR",
        "total": money,
        "lines": (line,),
    }
    return Requisition(**{**fields, **changes})


def request(operation: str, external_id: str | None = None, **body: Any) -> WriteRequest:
    return WriteRequest(f"requisition.{operation}", f"{operation}/{external_id}", external_id, body)


def creation(document: Requisition, mark: str = "coupa:req:1") -> WriteRequest:
    body = {
        "requisition": document.model_dump(mode="json"),
        "marker": mark,
        "business_unit": "DE Operations",
    }
    return request("create", **body)


def write(world: ReceivingWorld, wanted: WriteRequest) -> Done:
    return asyncio.run(world.adapter.write(wanted))


def find(world: ReceivingWorld, wanted: WriteRequest) -> Done | None:
    return asyncio.run(world.adapter.find(wanted))


def refusal(world: ReceivingWorld, wanted: WriteRequest) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        write(world, wanted)
    return caught.value


def created(world: ReceivingWorld, amount: str = "101.00") -> str:
    return str(write(world, creation(a_requisition(amount))).external_id)


def read(world: ReceivingWorld) -> dict[str, Requisition]:
    async def walk() -> list[bytes]:
        return [row async for page in world.adapter.read("requisition") for row in page.rows]

    found = world.adapter.translate("requisition", asyncio.run(walk()))
    assert all(isinstance(one, Translated) for one in found), found
    return {one.external_id: one.record for one in found if isinstance(one, Translated)}  # type: ignore[misc]


def test_a_requisition_comes_back_as_it_went() -> None:
    """Number and unit of measure are Oracle's; lines, accounts, amounts and the mark are ours."""
    world, wanted = ReceivingWorld(), a_requisition()

    done = write(world, creation(wanted))

    (line,) = wanted.lines
    derived = {
        "number": "204001",
        "reference": "coupa:req:1",
        "lines": (line.model_copy(update={"uom": "Ea"}),),
    }
    assert {done.external_id: wanted.model_copy(update=derived)} == read(world)
    assert "coupa:req:1 | A desk" == world.simulator.requisitions()[0]["description"]


def test_a_requisition_goes_from_draft_to_ordered() -> None:
    """Its commitment is reserved with its submission and over when it becomes an order."""
    world = ReceivingWorld()
    world.simulator.add_budget("420", "Jan-26", Decimal(1000), "EUR")
    key = created(world)
    seen, held = [read(world)[key].status], []

    done = write(world, request("submit", key))
    seen.append(read(world)[key].status)
    held.append(world.simulator.requisitions()[0]["commitment"])
    world.clock.advance(timedelta(days=3))
    seen.append(read(world)[key].status)
    world.simulator.order_requisition(int(key), int(world.simulator.orders()[0]["po_header_id"]))
    seen.append(read(world)[key].status)
    held.append(world.simulator.requisitions()[0]["commitment"])

    assert ["draft", "pending_approval", "approved", "ordered"] == seen
    assert [Decimal("101.00"), 0] == held
    assert done.is_pending


def test_a_submission_without_funds_is_refused_in_words() -> None:
    """Nothing is reserved; with an override that is asked for it goes through."""
    world = ReceivingWorld()
    world.simulator.add_budget("420", "Jan-26", Decimal(100), "EUR")
    key = created(world)

    error = refusal(world, request("submit", key))

    assert "BUDGET_EXCEEDED" == error.refusal.case_class
    assert 0 == world.simulator.requisitions()[0]["commitment"]
    assert find(world, request("submit", key)) is None
    write(world, request("submit", key, overrides_funds=True))
    assert "pending_approval" == read(world)[key].status


def test_a_funds_check_passes_warns_or_is_refused() -> None:
    """It asks and takes nothing."""
    world = ReceivingWorld()
    key = created(world)

    outcomes = [write(world, request("check_funds", key)).answer["funds"]]
    world.simulator.add_budget("420", "Jan-26", Decimal(1), "EUR", is_absolute=False)
    outcomes.append(write(world, request("check_funds", key)).answer["funds"])
    world.simulator.add_budget("420", "Jan-26", Decimal(1), "EUR", name="Absolute")
    error = refusal(world, request("check_funds", key))

    assert ["passed", "warning"] == outcomes
    assert "BUDGET_EXCEEDED" == error.refusal.case_class
    assert find(world, request("check_funds", key)) is None


@pytest.mark.parametrize(("operation", "status"), [("withdraw", "withdrawn"), ("cancel", "cancelled")])
def test_ending_a_requisition_releases_its_commitment(operation: str, status: str) -> None:
    """Asked twice it is done once."""
    world = ReceivingWorld()
    world.simulator.add_budget("420", "Jan-26", Decimal(1000), "EUR")
    key = created(world)
    write(world, request("submit", key))
    assert find(world, request(operation, key)) is None

    write(world, request(operation, key))
    again = write(world, request(operation, key))

    assert again.was_found
    assert status == read(world)[key].status
    assert 0 == world.simulator.requisitions()[0]["commitment"]
    assert find(world, request(operation, key)) is not None


def test_an_incomplete_requisition_is_deleted_when_it_is_cancelled() -> None:
    """Oracle cancels none that was never submitted."""
    world = ReceivingWorld()
    key = created(world)

    write(world, request("cancel", key))

    assert {} == read(world)
    assert write(world, request("cancel", key)).was_found


def test_what_became_an_order_is_not_cancelled() -> None:
    """Oracle's words are the message."""
    world = ReceivingWorld()
    key = created(world)
    write(world, request("submit", key))
    world.simulator.decide_requisition(int(key), is_approved=True)
    world.simulator.order_requisition(int(key), int(world.simulator.orders()[0]["po_header_id"]))

    assert "can't cancel requisition" in refusal(world, request("cancel", key)).message


def test_a_lost_answer_is_looked_up_not_repeated() -> None:
    """Found by our mark; sending again makes no second one."""
    world, wanted = ReceivingWorld(), creation(a_requisition())
    world.faults.add(Fault(id="lost", kind="lost_answer", path="/purchaseRequisitions$", method="POST"))

    with pytest.raises(OutcomeUnknownError):
        write(world, wanted)
    found = find(world, wanted)
    again = write(world, wanted)

    assert found is not None
    assert (True, found.external_id) == (again.was_found, again.external_id)
    assert 1 == len(world.simulator.requisitions())


def test_a_longer_mark_is_another_one() -> None:
    """Marks are compared exactly, whatever the filter found."""
    world = ReceivingWorld()
    write(world, creation(a_requisition(), "coupa:req:12"))

    assert find(world, creation(a_requisition(), "coupa:req:1")) is None


def test_requisitions_survive_a_dump() -> None:
    """Approvals go on where they were."""
    world = ReceivingWorld()
    key = created(world)
    write(world, request("submit", key))
    other = ReceivingWorld()

    other.simulator.load(world.simulator.dump())
    other.clock.advance(timedelta(days=3))

    assert "approved" == read(other)[key].status
