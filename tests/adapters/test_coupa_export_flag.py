"""The export flag, disputes, and our runs in Coupa's own screens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from adapters.base import Page, Receipt, WriteRequest
from adapters.coupa.options import Options
from adapters.coupa.simulator import Settings
from adapters.errors import OutcomeUnknownError, RejectedError, SettingsError
from tests.adapters.coupa_world import CoupaWorld
from tests.adapters.setups import fault

MARKING = (
    *Options().scopes,
    "core.inventory.receiving.write",
    "core.integration.read",
    "core.integration.write",
)


def a_world(*, settings: Settings | None = None, **options: object) -> CoupaWorld:
    return CoupaWorld(
        settings=settings,
        options={"export_flag": "mark", "scopes": MARKING, "own_login": "finsync-api", **options},
    )


def a_request(
    operation: str, external_id: str | None, body: Mapping[str, Any] | None = None, key: str = "k1"
) -> WriteRequest:
    return WriteRequest(operation, key, external_id, body or {})


def write(world: CoupaWorld, request: WriteRequest) -> Receipt:
    return asyncio.run(world.adapter.write(request))


def find(world: CoupaWorld, request: WriteRequest) -> Receipt | None:
    return asyncio.run(world.adapter.find(request))


def a_read(world: CoupaWorld, entity: str, at: str | None = None) -> list[Page]:
    async def collect() -> list[Page]:
        return [page async for page in world.adapter.read(entity, at)]

    return asyncio.run(collect())


def an_order(world: CoupaWorld) -> str:
    return world.add(1)[0]


def an_invoice(world: CoupaWorld) -> str:
    return str(world.simulator.put("invoices", world.an_invoice())["id"])


def a_receipt(world: CoupaWorld) -> str:
    order = world.simulator.put("purchase_orders", world.an_order())
    return str(world.simulator.receive(order["po-number"], quantity="1")["id"])


KINDS: list[tuple[str, str, Callable[[CoupaWorld], str]]] = [
    ("order.mark_exported", "purchase_orders", an_order),
    ("invoice.mark_exported", "invoices", an_invoice),
    ("receipt.mark_exported", "receiving_transactions", a_receipt),
]


@pytest.mark.parametrize(("operation", "resource", "make"), KINDS)
def test_a_document_is_marked_and_found_marked(
    operation: str, resource: str, make: Callable[[CoupaWorld], str]
) -> None:
    """In a request of its own without a body; a second time nothing is sent."""
    world = a_world()
    request = a_request(operation, make(world))
    assert find(world, request) is None

    first, second = write(world, request), write(world, request)

    assert world.simulator.document(resource, int(request.external_id or ""))["exported"]
    assert (False, True) == (first.was_found, second.was_found)
    assert {"exported": True, "has_moved": False}.items() <= first.answer.items()
    assert 1 == world.simulator.requests.count("PUT", f"^/api/{resource}")


@pytest.mark.parametrize("flag", ["off", "read"])
def test_nothing_is_marked_unless_it_is_asked_for(flag: str) -> None:
    """Another integration may read the same queue: hiding a document from it takes a decision."""
    world = a_world(export_flag=flag)

    with pytest.raises(SettingsError, match="export_flag"):
        write(world, a_request("order.mark_exported", an_order(world)))


def test_a_version_that_was_not_read_is_not_marked() -> None:
    """The buyer was faster: the new version stays in the queue, and the receipt says why."""
    world = a_world()
    order = an_order(world)
    world.touch(order)

    receipt = write(world, a_request("order.mark_exported", order, {"revision": "1"}))

    assert {"exported": False, "has_moved": True}.items() <= receipt.answer.items()
    assert not world.simulator.document("purchase_orders", int(order))["exported"]


def test_a_status_is_told_in_our_word_or_theirs() -> None:
    """The record says open where Coupa says issued; a closed one is not the one that was read."""
    world = a_world()
    order = an_order(world)

    receipt = write(world, a_request("order.mark_exported", order, {"revision": "1", "status": "open"}))
    world.simulator.set_order_status("PO-1", "closed", "amy")
    later = write(world, a_request("order.mark_exported", order, {"status": "open"}))

    assert (True, True) == (receipt.answer["exported"], later.answer["has_moved"])


def test_a_version_that_comes_between_look_and_mark_is_told() -> None:
    """It is marked unread: the receipt says that it moved, so that it is read again."""
    world = a_world()
    order = an_order(world)

    def revise() -> None:
        if world.simulator.requests.count("GET", f"purchase_orders/{order}$") == 1 and puts() == 1:
            world.before_each_request(None)
            world.touch(order)

    def puts() -> int:
        return world.simulator.requests.count("PUT", "purchase_orders")

    world.before_each_request(revise)
    receipt = write(world, a_request("order.mark_exported", order, {"revision": "1"}))

    assert receipt.answer["has_moved"]
    assert "2" == receipt.revision


def test_the_queue_is_read_beside_the_sweep() -> None:
    """What is not marked comes with every delta, however long ago it changed; what changed comes, marked or not."""
    world = a_world()
    old, marked, changed = world.add(3)
    position = a_read(world, "purchase_order")[-1].position
    world.clock.advance(timedelta(days=1))
    position = a_read(world, "purchase_order", position)[-1].position
    for order in (marked, changed):
        write(world, a_request("order.mark_exported", order))
    world.clock.advance(timedelta(days=1))
    world.simulator.touch_order("PO-3", "amy")

    pages = a_read(world, "purchase_order", position)

    assert [[old], [old, marked, changed]] == [list(page.keys or ()) for page in pages]
    assert [False, True] == [page.is_last for page in pages]


def test_marking_while_the_queue_is_read_skips_nothing() -> None:
    """The queue shrinks under the reader; pages go by id, so the rest keeps its place."""
    world = a_world()
    orders = world.add(120)
    position = a_read(world, "purchase_order")[-1].position
    world.clock.advance(timedelta(days=1))

    async def mark_as_they_come() -> list[str]:
        seen: list[str] = []
        async for page in world.adapter.read("purchase_order", position):
            seen += page.keys or ()
            for order in (page.keys or ())[:10]:
                await world.adapter.write(a_request("order.mark_exported", order))
        return seen

    assert set(orders) <= set(asyncio.run(mark_as_they_come()))


def test_a_read_that_stopped_in_the_queue_goes_on_there() -> None:
    """The position says which part it is in."""
    world = a_world()
    orders = world.add(60)
    full = a_read(world, "purchase_order")[-1].position
    world.clock.advance(timedelta(days=1))
    first = a_read(world, "purchase_order", full)[0]

    rest = a_read(world, "purchase_order", first.position)

    assert orders[50:] == list(rest[0].keys or ())
    assert rest[-1].is_last


def test_a_void_puts_an_invoice_back_into_the_queue() -> None:
    """What was taken over must be taken back."""
    world = a_world()
    invoice = an_invoice(world)
    write(world, a_request("invoice.mark_exported", invoice, {"status": "approved"}))

    world.simulator.void_invoice(int(invoice), "amy")

    assert find(world, a_request("invoice.mark_exported", invoice)) is None
    receipt = write(world, a_request("invoice.mark_exported", invoice, {"status": "approved"}))
    assert {"exported": False, "has_moved": True}.items() <= receipt.answer.items()


# -- disputes --------------------------------------------------------------------------------------


def test_an_invoice_is_disputed_with_a_reason_and_goes_on_where_it_was() -> None:
    """Each once; the reason is one that Coupa knows."""
    world = a_world()
    invoice = str(world.simulator.put("invoices", world.an_invoice(status="pending_receipt"))["id"])
    dispute = a_request("invoice.dispute", invoice, {"reason": "INCORRECT_PRICE"})

    first, second = write(world, dispute), write(world, dispute)
    assert ("disputed", ["INCORRECT_PRICE"]) == (first.answer["status"], first.answer["reasons"])
    back = write(world, a_request("invoice.withdraw_dispute", invoice))

    assert (False, True) == (first.was_found, second.was_found)
    assert "pending_receipt" == back.answer["status"]
    assert find(world, dispute) is None


def test_a_reason_that_coupa_does_not_know_is_told_in_its_words() -> None:
    """Reasons are set up in Coupa."""
    world = a_world()

    with pytest.raises(RejectedError, match="Dispute reason MOOD is not valid"):
        write(world, a_request("invoice.dispute", an_invoice(world), {"reason": "MOOD"}))


# -- runs ------------------------------------------------------------------------------------------


def with_integration(**settings: Any) -> CoupaWorld:
    world = a_world(settings=Settings(**settings))
    world.simulator.put(
        "integrations", {"code": "FINSYNC_PO", "name": "finsync orders", "direction": "from_coupa"}
    )
    return world


START_RUN = a_request("run.start", None, {"integration": "FINSYNC_PO", "total": 3})


def test_a_run_is_begun_and_ended_with_counts() -> None:
    """A second beginning finds the open run; a second end finds it ended."""
    world = with_integration()

    begun, again = write(world, START_RUN), write(world, START_RUN)
    end = a_request("run.finish", begun.external_id, {"processed": 3})
    ended, found = write(world, end), write(world, end)

    assert (begun.external_id, "running", True) == (
        again.external_id,
        begun.answer["status"],
        again.was_found,
    )
    assert ("successful", 3, True) == (ended.answer["status"], ended.answer["processed"], found.was_found)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_lost_beginning_makes_no_second_run(method: str) -> None:
    """The run that nobody heard of is the one that goes on."""
    world = with_integration()
    world.faults.add(fault("lost_answer", method=method, path="integration_runs"))

    with pytest.raises(OutcomeUnknownError):
        write(world, START_RUN)
    receipt = write(world, START_RUN)

    assert ["running"] == [one["status"] for one in world.simulator.documents("integration_runs")]
    assert receipt.was_found


def _statuses(world: CoupaWorld) -> list[str]:
    return [one["status"] for one in world.simulator.documents("integration_runs")]


def test_a_run_that_somebody_else_has_open_is_left_alone() -> None:
    """By its login: another program's run of the same integration is neither taken up nor ended."""
    world = with_integration()
    integration = world.simulator.documents("integrations")[0]
    other = world.simulator.put(
        "integration_runs", {"integration": {"id": integration["id"]}, "status": "running"}, by="amy"
    )

    begun = write(world, START_RUN)

    assert (False, ["running", "running"]) == (begun.was_found, _statuses(world))
    assert str(other["id"]) != begun.external_id


@pytest.mark.parametrize(("days", "total"), [(2, 3), (400, 3), (0, 99)])
def test_a_run_that_a_dead_engine_left_open_is_not_taken_up(days: int, total: int) -> None:
    """It is older than any run lasts, or counts other records: a new one is begun, with its own total."""
    world = with_integration()
    left = write(world, START_RUN)
    world.clock.advance(timedelta(days=days))

    asked = a_request("run.start", None, {"integration": "FINSYNC_PO", "total": total}, key="k2")
    before, begun = find(world, asked), write(world, asked)

    assert (None, False) == (before, begun.was_found)
    assert left.external_id != begun.external_id
    assert [3, total] == [int(one["total-records"]) for one in world.simulator.documents("integration_runs")]


def test_a_run_that_does_not_end_is_told() -> None:
    """Coupa says yes and shows it at work: it is not called ended."""
    world = with_integration(unheeded=frozenset({"finish"}))
    run = write(world, START_RUN).external_id
    end = a_request("run.finish", run, {"processed": 3})

    with pytest.raises(RejectedError) as caught:
        write(world, end)

    assert "WRITE_BACK_IGNORED" == caught.value.refusal.case_class
    assert (None, ["running"]) == (find(world, end), _statuses(world))


def test_an_error_of_a_document_is_noted_once_and_settled() -> None:
    """By the key of our decision; the run does not end well while it is open."""
    world = with_integration()
    run = write(world, START_RUN).external_id
    body = {
        "integration": "FINSYNC_PO",
        "run_id": run,
        "entity": "purchase_order",
        "document_id": an_order(world),
        "code": "ACCOUNT_INVALID",
        "message": "account 01-999 is closed",
    }
    request = a_request("run.error", None, body, key="outbox-7")
    assert find(world, request) is None

    first, second = write(world, request), write(world, request)
    ended = write(world, a_request("run.finish", run))
    write(world, a_request("run.resolve_error", first.external_id))

    (noted,) = world.simulator.documents("integration_errors")
    assert ("outbox-7", "OrderHeader", "Error", True) == (
        noted["external-id"],
        noted["document-type"],
        noted["status"],
        noted["resolved"],
    )
    assert "account 01-999 is closed" == noted["responses"][0]["response-message"]
    assert (True, "errored") == (second.was_found, ended.answer["status"])
    assert find(world, a_request("run.resolve_error", first.external_id)) is not None


@pytest.mark.parametrize(
    "body",
    [
        {"integration": "FINSYNC_PO", "entity": "mood", "document_id": "1", "run_id": "1"},
        {"integration": "FINSYNC_PO", "entity": "invoice", "document_id": "one", "run_id": "1"},
        {"integration": "FINSYNC_PO", "entity": "invoice", "document_id": "1"},
    ],
)
def test_what_cannot_be_noted_is_refused_unsent(body: Mapping[str, Any]) -> None:
    """A kind of document that Coupa does not know, an id that is none, an error outside a run."""
    world = with_integration()

    with pytest.raises(RejectedError) as caught:
        write(world, a_request("run.error", None, body))

    assert "PAYLOAD_INVALID" == caught.value.refusal.case_class


def test_a_run_ends_in_a_way_there_is() -> None:
    """The words of an outcome are few."""
    world = with_integration()
    run = write(world, START_RUN).external_id

    with pytest.raises(RejectedError, match="auto"):
        write(world, a_request("run.finish", run, {"outcome": "splendid"}))
