"""Orders in a simulated pod: created once, changed, submitted, ended; every exchange is judged by the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from adapters.base import Receipt, Translated, WriteRequest
from adapters.errors import (
    DuplicateError,
    MaintenanceError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
    VersionConflictError,
)
from store.canonical.budget import Commitment, CommitmentDistribution
from store.canonical.money import Money
from store.canonical.purchasing import PurchaseOrder
from tests.adapters.setup_oracle import ACCOUNT, UNIT, OracleWorld
from tests.adapters.setups import fault
from tests.builders import a_commitment_line

T = TypeVar("T")
DAYS = timedelta(days=3)
"""Longer than any approval takes."""


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def write(world: OracleWorld, request: WriteRequest) -> Receipt:
    return run(world.adapter.write(request))


def find(world: OracleWorld, request: WriteRequest) -> Receipt | None:
    return run(world.adapter.find(request))


def read_back(world: OracleWorld, external_id: str) -> PurchaseOrder:
    (row,) = run(world.adapter.read_many("purchase_order", [external_id]))
    (found,) = world.adapter.translate("purchase_order", [row])
    assert isinstance(found, Translated), found
    assert isinstance(found.record, PurchaseOrder)
    return found.record


def created(world: OracleWorld, commitment: Commitment) -> str:
    receipt = write(world, world.create(commitment))
    assert receipt.external_id is not None
    return receipt.external_id


def opened(world: OracleWorld, commitment: Commitment) -> str:
    """Bring an order through submission and approval; return its id."""
    order_id = created(world, commitment)
    write(world, world.action("order.submit", order_id, commitment.marker))
    world.clock.advance(DAYS)
    return order_id


def two_lines(world: OracleWorld, **changes: Any) -> Commitment:
    lines = (
        a_commitment_line("10.00"),
        a_commitment_line("20.00", number="2", quantity=None, unit_price=None),
    )
    return world.commitment(**{"lines": lines, **changes})


def test_an_order_goes_from_draft_to_open() -> None:
    """Created, submitted, approved later, and read back with the same money on the same accounts."""
    world = OracleWorld()
    commitment = two_lines(world)

    receipt = write(world, world.create(commitment))
    order_id = receipt.external_id or ""
    draft = read_back(world, order_id)
    submitted = write(world, world.action("order.submit", order_id, commitment.marker))
    pending = read_back(world, order_id)
    world.clock.advance(DAYS)
    done = read_back(world, order_id)

    assert receipt.number == draft.number
    assert submitted.is_pending
    assert ["draft", "pending_approval", "open"] == [draft.status, pending.status, done.status]
    assert ("reserved", commitment.marker, "0") == (done.funds_status, done.reference, done.revision)
    assert (commitment.total, "DE Operations") == (done.total, done.business_unit)
    assert [[(d.charge_account, d.amount) for d in line.distributions] for line in commitment.lines] == [
        [(d.account, d.amount) for d in line.distributions] for line in done.lines
    ]


def test_an_asynchronous_rejection_is_seen_with_its_cause() -> None:
    """Funds that were gone when the approval came: rejected, and the funds status says why."""
    world = OracleWorld()
    world.simulator.add_budget("420", "Jan-26", Decimal(0), "EUR", checked_at="approval")

    record = read_back(world, opened(world, world.commitment()))

    assert ("rejected", "failed") == (record.status, record.funds_status)


@pytest.mark.parametrize("way", ["error", "result"])
@pytest.mark.parametrize(
    ("trouble", "case_class"),
    [
        ("budget", "BUDGET_EXCEEDED"),
        ("period", "PERIOD_CLOSED"),
        ("cost_centre", "COST_CENTRE_INACTIVE"),
        ("account", "ACCOUNT_INVALID"),
        ("supplier", "SUPPLIER_INACTIVE"),
    ],
)
def test_a_refused_submission_has_its_class(way: str, trouble: str, case_class: str) -> None:
    """A 400 and a 200 whose result is no SUCCESS are read alike."""
    world = OracleWorld(settings={"submit_refusals": way})
    commitment = world.commitment()
    order_id = created(world, commitment)
    make_trouble(world, trouble)

    with pytest.raises(RejectedError) as refused:
        write(world, world.action("order.submit", order_id, commitment.marker))

    assert case_class == refused.value.refusal.case_class
    assert refused.value.refusal.message


def make_trouble(world: OracleWorld, trouble: str) -> None:
    pod = world.simulator
    if trouble == "budget":
        world.spend_nothing("420")
    elif trouble == "period":
        pod.close_period("DE Ledger", "Jan-26")
    elif trouble == "cost_centre":
        pod.set_value("DE CostCenter", "420", is_enabled=False)
    elif trouble == "account":
        pod.add_cross_validation_rule("01-420-7110-*-*", "no office supplies here")
    else:
        pod.set_supplier_active(int(world.supplier_id), is_active=False)


@pytest.mark.parametrize(
    ("changes", "case_class"),
    [
        ({"supplier_id": "399999999999999"}, "SUPPLIER_UNKNOWN"),
        (
            {"lines": (a_commitment_line(distributions=(
                CommitmentDistribution(number="1", charge_account="01-999-7110-0000-000", amount=Money.of("101.00", "EUR")),
            )),)},
            "ACCOUNT_INVALID",
        ),
        ({"lines": (a_commitment_line(uom="Zz"),)}, "REJECTED"),
    ],
)  # fmt: skip
def test_a_refused_creation_leaves_nothing_behind(changes: dict[str, Any], case_class: str) -> None:
    """A refusal is definite: it is classified, and no order is there afterwards."""
    world = OracleWorld()
    request = world.create(world.commitment(**changes))

    with pytest.raises(RejectedError) as refused:
        write(world, request)

    assert case_class == refused.value.refusal.case_class
    assert find(world, request) is None
    assert [] == world.simulator.orders()


def test_a_lost_answer_is_found_not_repeated() -> None:
    """The pod saved the order and the answer was lost: the mark finds it, with number and id."""
    world = OracleWorld()
    request = world.a_write()
    world.faults.add(fault("lost_answer", method="POST", path=world.write_path))

    with pytest.raises(OutcomeUnknownError):
        write(world, request)
    found = find(world, request)

    (order,) = world.simulator.orders()
    assert found is not None
    assert (str(order["po_header_id"]), order["number"], True) == (
        found.external_id,
        found.number,
        found.was_found,
    )


def test_an_order_that_is_there_twice_is_not_linked() -> None:
    """Which of two is meant is for a person to say; both are named."""
    world = OracleWorld()
    commitment = world.commitment()
    numbers = [world.order(world.add_order(commitment))["number"] for _ in range(2)]

    with pytest.raises(DuplicateError) as found:
        find(world, world.create(commitment))

    assert all(number in str(found.value) for number in numbers)


def test_a_cancelled_order_does_not_count_as_created() -> None:
    """Its mark is used up; the order itself is not there any more."""
    world = OracleWorld()
    commitment = world.commitment()
    order_id = opened(world, commitment)
    write(world, world.action("order.cancel", order_id, commitment.marker))

    assert find(world, world.create(commitment)) is None


def test_a_mark_with_a_quote_is_found_and_finds_nothing_else() -> None:
    """The filter's grammar is not the marker's."""
    world = OracleWorld()
    commitment = world.commitment(marker="coupa:x'or'1")
    world.add(1)

    before = find(world, world.create(commitment))
    order_id = created(world, commitment)
    after = find(world, world.create(commitment))

    assert before is None
    assert after is not None
    assert order_id == after.external_id


def test_a_number_in_use_is_a_duplicate() -> None:
    """With manual numbering the second order of that number is refused, and looked up by its mark."""
    world = OracleWorld(settings={"order_numbering": "manual"}, options={"order_numbering": "manual"})
    created(world, world.commitment())

    with pytest.raises(DuplicateError):
        write(world, world.a_write())


def test_a_throttled_write_says_when_to_come_back() -> None:
    """429 was not worked on: later, at the time the pod asked for."""
    world = OracleWorld()
    world.faults.add(fault("throttle", path=world.write_path, retry_after_s=30))

    with pytest.raises(TransientError) as busy:
        write(world, world.a_write())

    assert timedelta(seconds=30) == busy.value.retry_after
    assert [] == world.simulator.orders()


def test_a_maintenance_window_parks_the_pod() -> None:
    """A 503 that announces maintenance is no failure of the order."""
    world = OracleWorld()
    world.faults.add(fault("maintenance", times=2))

    with pytest.raises(MaintenanceError):
        write(world, world.a_write())


def test_submitting_twice_is_seen() -> None:
    """A second submission finds the first, pending or decided; find says the same."""
    world = OracleWorld()
    commitment = world.commitment()
    order_id = created(world, commitment)
    request = world.action("order.submit", order_id, commitment.marker)

    before = find(world, request)
    write(world, request)
    again, found = write(world, request), find(world, request)
    world.clock.advance(DAYS)
    later, found_later = write(world, request), find(world, request)

    assert before is None
    assert found is not None
    assert found_later is not None
    assert (True, True, True) == (again.was_found, again.is_pending, found.is_pending)
    assert (True, False, False) == (later.was_found, later.is_pending, found_later.is_pending)
    assert 1 == world.simulator.requests.count("POST", "/action/submit$")


def test_a_rejected_order_is_changed_and_submitted_again() -> None:
    """After a fix at the source the same order goes on."""
    world = OracleWorld()
    world.simulator.add_budget("420", "Jan-26", Decimal(50), "EUR")
    commitment = world.commitment()
    order_id = opened(world, commitment)
    cheaper = world.commitment(marker=commitment.marker, lines=(a_commitment_line("40.00"),))

    write(world, world.change(order_id, cheaper))
    write(world, world.action("order.submit", order_id, commitment.marker))
    world.clock.advance(DAYS)

    record = read_back(world, order_id)
    assert ("open", "reserved", cheaper.total) == (record.status, record.funds_status, record.total)


def test_a_change_of_a_draft_makes_it_equal() -> None:
    """New, changed and vanished lines at once; nothing was issued, so what vanishes is deleted."""
    world = OracleWorld()
    commitment = two_lines(world)
    order_id = created(world, commitment)
    lines = (a_commitment_line("12.50", description="Better desk"), a_commitment_line("7.00", number="3"))
    wanted = world.commitment(marker=commitment.marker, lines=lines)

    before = find(world, world.change(order_id, wanted))
    write(world, world.change(order_id, wanted))
    after = find(world, world.change(order_id, wanted))

    record = read_back(world, order_id)
    assert before is None
    assert after is not None
    assert after.was_found
    assert ["1", "3"] == [line.number for line in record.lines]
    assert ("Better desk", wanted.total) == (record.lines[0].description, record.total)


def test_a_change_of_an_issued_order_is_a_change_order() -> None:
    """Until it is approved the order is in force as it was; then its revision rises and the line is cancelled."""
    world = OracleWorld()
    commitment = two_lines(world)
    order_id = opened(world, commitment)
    wanted = world.commitment(marker=commitment.marker, lines=(a_commitment_line("15.00"),))

    write(world, world.change(order_id, wanted))
    changed, in_force = read_back(world, order_id), world.order(order_id)
    write(world, world.action("order.submit", order_id, commitment.marker))
    world.clock.advance(DAYS)
    done = read_back(world, order_id)

    assert ("draft", "0", wanted.total) == (changed.status, changed.revision, changed.total)
    assert Decimal("30.00") == in_force["total"]
    assert ("open", "1", wanted.total) == (done.status, done.revision, done.total)
    assert [False, True] == [line.is_cancelled for line in done.lines]


@pytest.mark.parametrize("step", range(5))
def test_a_change_that_stops_anywhere_goes_on(step: int) -> None:
    """Whichever call's answer is lost, sending the change again brings the order to what was wanted."""
    world = OracleWorld()
    commitment = two_lines(world)
    order_id = opened(world, commitment)
    lines = (
        a_commitment_line("15.00", quantity=Decimal(3), unit_price=Decimal(5)),
        a_commitment_line("7.00", number="3"),
    )
    request = world.change(order_id, world.commitment(marker=commitment.marker, lines=lines))
    lose_the_answer_after(world, step)

    with pytest.raises(OutcomeUnknownError):
        write(world, request)
    found_between = find(world, request)
    write(world, request)

    assert (step == 4) == (found_between is not None)
    assert find(world, request) is not None
    assert Money.of("22.00", "EUR") == read_back(world, order_id).total


def lose_the_answer_after(world: OracleWorld, calls: int) -> None:
    """Let some writes below an order pass, and lose the answer to the next one."""

    def watch() -> None:
        methods = ("PATCH", "POST", "DELETE")
        if calls == sum(world.simulator.requests.count(method, "/child/") for method in methods):
            world.before_each_request(None)
            world.faults.add(fault("lost_answer", path="/draftPurchaseOrders/.*/child/"))

    world.before_each_request(watch)


def test_a_line_new_in_an_unfinished_change_is_deleted_again() -> None:
    """Only lines in force are cancelled; one that was never issued goes without a trace."""
    world = OracleWorld()
    commitment = world.commitment()
    order_id = opened(world, commitment)
    more = (*commitment.lines, a_commitment_line("5.00", number="2"))
    write(world, world.change(order_id, world.commitment(marker=commitment.marker, lines=more)))

    write(world, world.change(order_id, commitment))

    assert ["1"] == [line.number for line in read_back(world, order_id).lines]


def test_a_changed_split_of_accounts_arrives() -> None:
    """Distributions come, change and go with their exact amounts."""
    world = OracleWorld()
    order_id = created(world, first := world.commitment(lines=(a_commitment_line("100.00"),)))
    shares = Money.of("100.00", "EUR").split([1, 1, 1])
    accounts = (ACCOUNT, "01-430-7110-0000-000", "01-420-7310-0000-000")
    split = a_commitment_line(
        "100.00",
        distributions=tuple(
            CommitmentDistribution(number=str(i), charge_account=account, amount=share)
            for i, (account, share) in enumerate(zip(accounts, shares, strict=True), 1)
        ),
    )

    write(world, world.change(order_id, world.commitment(marker=first.marker, lines=(split,))))
    three = read_back(world, order_id)
    write(world, world.change(order_id, first))
    one = read_back(world, order_id)

    assert list(zip(accounts, shares, strict=True)) == [
        (d.account, d.amount) for d in three.lines[0].distributions
    ]
    assert [(ACCOUNT, Money.of("100.00", "EUR"))] == [
        (d.account, d.amount) for d in one.lines[0].distributions
    ]


def test_somebody_elses_change_is_a_conflict() -> None:
    """A version that moved between our read and our first step is not overwritten."""
    world = OracleWorld()
    commitment = world.commitment()
    order_id = created(world, commitment)
    wanted = world.commitment(marker=commitment.marker, description="New words")
    meddled: list[str] = []

    def meddle() -> None:
        reads = world.simulator.requests.count("GET", "/purchaseOrders$")
        if reads and not meddled:
            meddled.append(order_id)
            world.touch(order_id)

    world.before_each_request(meddle)
    with pytest.raises(VersionConflictError):
        write(world, world.change(order_id, wanted))
    world.before_each_request(None)
    write(world, world.change(order_id, wanted))

    assert "New words" == read_back(world, order_id).description


def test_an_order_under_approval_is_not_changed_yet() -> None:
    """The change follows when that is decided."""
    world = OracleWorld()
    commitment = world.commitment()
    order_id = created(world, commitment)
    write(world, world.action("order.submit", order_id, commitment.marker))
    wanted = world.commitment(marker=commitment.marker, lines=(a_commitment_line("5.00"),))

    with pytest.raises(VersionConflictError, match="waits for approval"):
        write(world, world.change(order_id, wanted))


@pytest.mark.parametrize(
    "operation", ["order.change", "order.submit", "order.cancel", "order.close", "order.discard"]
)
def test_an_order_with_another_mark_is_never_touched(operation: str) -> None:
    """An id that leads to somebody else's order is a mistake of ours, not a reason to act."""
    world = OracleWorld()
    order_id = opened(world, world.commitment())
    mine = world.commitment()
    before = world.order(order_id)
    is_change = operation == "order.change"
    request = world.change(order_id, mine) if is_change else world.action(operation, order_id, mine.marker)

    with pytest.raises(RejectedError, match="bears the mark"):
        write(world, request)

    assert before == world.order(order_id)


@pytest.mark.parametrize(("operation", "status"), [("order.cancel", "cancelled"), ("order.close", "closed")])
def test_ending_an_order_twice_is_seen(operation: str, status: str) -> None:
    """The second call finds the first; find does too, and not before."""
    world = OracleWorld()
    commitment = world.commitment()
    order_id = opened(world, commitment)
    request = world.action(operation, order_id, commitment.marker)

    before = find(world, request)
    first, second, after = write(world, request), write(world, request), find(world, request)

    assert (None, False, True) == (before, first.was_found, second.was_found)
    assert after is not None
    assert status == read_back(world, order_id).status


def test_ending_an_order_that_was_never_issued_says_what_to_do() -> None:
    """A draft is discarded, one under its first approval is waited for."""
    world = OracleWorld()
    commitment = world.commitment()
    order_id = created(world, commitment)
    request = world.action("order.cancel", order_id, commitment.marker)

    with pytest.raises(RejectedError, match="discard it"):
        write(world, request)
    write(world, world.action("order.submit", order_id, commitment.marker))
    with pytest.raises(VersionConflictError, match="first approval"):
        write(world, request)


@pytest.mark.parametrize("is_submitted", [False, True])
def test_cancelling_an_order_drops_its_unfinished_change(is_submitted: bool) -> None:
    """Oracle cancels nothing that has a change under way, and the change is moot."""
    world = OracleWorld()
    commitment = world.commitment()
    order_id = opened(world, commitment)
    wanted = world.commitment(marker=commitment.marker, lines=(a_commitment_line("5.00"),))
    write(world, world.change(order_id, wanted))
    if is_submitted:
        write(world, world.action("order.submit", order_id, commitment.marker))

    write(world, world.action("order.cancel", order_id, commitment.marker))

    assert "cancelled" == read_back(world, order_id).status


def test_a_draft_is_discarded_once() -> None:
    """Deleted, and found deleted ever after."""
    world = OracleWorld()
    commitment = world.commitment()
    order_id = created(world, commitment)
    request = world.action("order.discard", order_id, commitment.marker)

    before = find(world, request)
    first, second, after = write(world, request), write(world, request), find(world, request)

    assert (None, False, True) == (before, first.was_found, second.was_found)
    assert after is not None
    assert [] == world.simulator.orders()


def test_an_unfinished_change_is_discarded() -> None:
    """The order stays in force as it was."""
    world = OracleWorld()
    commitment = world.commitment()
    order_id = opened(world, commitment)
    wanted = world.commitment(marker=commitment.marker, lines=(a_commitment_line("5.00"),))
    write(world, world.change(order_id, wanted))

    write(world, world.action("order.discard", order_id, commitment.marker))

    record = read_back(world, order_id)
    assert ("open", commitment.total) == (record.status, record.total)


def test_a_discarded_change_is_found_and_never_taken_for_the_order() -> None:
    """The order is there as before: its change is gone, also when nobody knows whether the discarding arrived."""
    world = OracleWorld()
    commitment = world.commitment()
    order_id = opened(world, commitment)
    wanted = world.commitment(marker=commitment.marker, lines=(a_commitment_line("5.00"),))
    write(world, world.change(order_id, wanted))
    asked = world.action("order.discard", order_id, commitment.marker)
    request = replace(asked, body={**asked.body, "is_change": True})

    before = find(world, request)
    write(world, request)
    after, again = find(world, request), write(world, request)

    assert (None, True) == (before, again.was_found)
    assert after is not None
    assert ("open", commitment.total) == (read_back(world, order_id).status, read_back(world, order_id).total)


def test_an_issued_order_is_not_discarded() -> None:
    """What was approved is cancelled, not deleted."""
    world = OracleWorld()
    commitment = world.commitment()
    order_id = opened(world, commitment)
    request = world.action("order.discard", order_id, commitment.marker)

    with pytest.raises(RejectedError, match="cancel it instead"):
        write(world, request)

    assert find(world, request) is None


def test_an_order_that_is_gone_is_said_to_be() -> None:
    """Acting on an id that Oracle does not know is refused in words."""
    world = OracleWorld()

    with pytest.raises(RejectedError, match="is not in Oracle"):
        write(world, world.action("order.submit", "300000009999999", "coupa:1"))


ELSEWHERE = {
    "requisition",
    "exchange_rate",
    "receipt",
    "journal_entry",
    "import_job",
    "invoice",
    "payment",
    "employee",
    "fiscal_period",
}
"""Entities whose tests are in `test_oracle_receipts`, `test_oracle_requisitions`, `test_oracle_matching`, `test_oracle_journals` and `test_oracle_payables`."""


def test_every_entity_is_read_and_translated() -> None:
    """Each entity of procurement arrives from the pod, and again by its ids."""
    query = {
        "name": "Facilities Jan-26",
        "legal_entity": "DE01",
        "ledger": "DE Ledger",
        "period": "Jan-26",
        "currency": "EUR",
        "account_combination": ACCOUNT,
    }
    world = OracleWorld(options={"ledger_balances": [query], "reads_bank_accounts": True})
    world.simulator.add_budget("420", "Jan-26", Decimal(5000), "EUR", ledger="DE Ledger")
    project = {"ProjectNumber": "P-17", "ProjectName": "New warehouse", "ProjectStatus": "Active"}
    world.simulator.put("projects", project)
    opened(world, world.commitment())

    entities = [one for one in world.adapter.manifest.capabilities if one.entity not in ELSEWHERE]
    for capability in entities:
        results = run(read_all(world, capability.entity))

        assert results, capability.entity
        assert all(isinstance(one, Translated) for one in results), results
        ids = [one.external_id or "" for one in results]
        again = world.adapter.translate(
            capability.entity, run(world.adapter.read_many(capability.entity, [*ids, "no such id"]))
        )
        assert results == again, capability.entity


async def read_all(world: OracleWorld, entity: str) -> list[Any]:
    rows = [row async for page in world.adapter.read(entity) for row in page.rows]
    return world.adapter.translate(entity, rows)


def test_orders_with_more_lines_than_an_answer_shows_are_whole() -> None:
    """Children that an expanded answer cuts are read to the end, at every level, for reads and for changes."""
    world = OracleWorld(settings={"expanded_rows_max": 1, "page_size_max": 4})
    shares = Money.of("10.00", "EUR").split([1, 1, 1])
    split = tuple(
        CommitmentDistribution(number=str(i), charge_account=ACCOUNT, amount=share)
        for i, share in enumerate(shares, 1)
    )
    lines = tuple(a_commitment_line("10.00", number=str(i), distributions=split) for i in range(1, 8))
    commitment = world.commitment(lines=lines)
    order_id = created(world, commitment)

    record = read_back(world, order_id)
    no_change = write(world, world.change(order_id, commitment))

    assert (7, commitment.total) == (len(record.lines), record.total)
    assert [3] * 7 == [len(line.distributions) for line in record.lines]
    assert no_change.was_found


def test_the_description_can_bear_the_mark() -> None:
    """Where notes to receivers are not ours to use, the description finds the order."""
    world = OracleWorld(options={"marker_field": "Description"}, settings={"marker_field": "Description"})
    commitment = world.commitment()
    order_id = created(world, commitment)

    found = find(world, world.create(commitment))

    assert found is not None
    assert order_id == found.external_id
    assert commitment.marker == read_back(world, order_id).reference


def test_sites_bear_the_name_of_the_business_unit() -> None:
    """The flow chooses a site by the unit's name, Oracle knows its id."""
    world = OracleWorld()

    (supplier,) = run(read_all(world, "supplier"))

    assert ["DE Operations"] == [site.business_unit for site in supplier.record.sites]
    assert str(UNIT) not in str(supplier.record.sites)
