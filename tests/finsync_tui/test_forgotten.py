"""Documents that were taken out of their queue by a store that is gone: the next one finds them, and only them."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from adapters.base import WriteRequest
from finsync_tui import sync
from store import Store, records, requests, watermarks, workflows
from store.canonical.expense import ExpenseDocument
from tests.adapters.setup_concur import ANA, ConcurWorld, setup_concur
from tests.builders import a_store

ENTITY = ExpenseDocument.entity
FUNDS = "reportobligation"


def pull(world: ConcurWorld, store: Store) -> dict[str, str]:
    """Read the queue, as an engine does; return what the store holds of each document."""
    result = asyncio.run(sync.pull(store, world.adapter, sync.Pull("concur", ENTITY, True), world.clock))
    assert result.error is None
    return states(store)


def states(store: Store) -> dict[str, str]:
    rows = store.db.execute("SELECT external_id FROM record WHERE entity=? ORDER BY external_id", (ENTITY,))
    held = [(name, records.get(store.db, ExpenseDocument, "concur", name)) for (name,) in rows]
    return {name: one.record.status for name, one in held if one is not None}


def tell(world: ConcurWorld, *requests: WriteRequest) -> None:
    for one in requests:
        asyncio.run(world.adapter.write(one))


def test_a_store_that_knows_nothing_finds_what_was_taken_over() -> None:
    """Beside what is ready: what was acknowledged, and what is posted and may still be paid; nothing that is at its end."""
    world = setup_concur()
    ready, taken, posted, paid, refused = (world.a_document() for _ in range(5))
    tell(world, *(world.acknowledge(one) for one in (taken, posted, paid, refused)))
    tell(world, world.confirm(posted), world.confirm(paid), world.pay(paid), world.confirm(refused, "error"))

    found = pull(world, a_store())

    assert {ready: "ready", taken: "acknowledged", posted: "posted"} == found


def test_a_funds_check_of_a_report_is_found_while_it_waits_for_its_answer() -> None:
    """Its report waits for approval and leads to it; one that was answered is at its end."""
    world = setup_concur_for(FUNDS)
    waiting, answered = (world.name_of(_report_of(world, n)) for n in (1, 2))
    tell(world, world.acknowledge(waiting), world.acknowledge(answered), world.confirm(answered))

    assert {waiting: "acknowledged"} == pull(world, a_store())


@pytest.mark.parametrize("kind", ["cashadvance", "requestobligation"])
def test_what_no_list_leads_to_is_taken_up_by_its_id(kind: str) -> None:
    """Concur lists neither cash advances nor requests: the id that its screens show is enough."""
    world, store = setup_concur_for(kind), a_store()
    name = _made(world, kind)
    tell(world, world.acknowledge(name))
    unseen = pull(world, store)

    found = named(world, store, name.rpartition(".")[2], "NOSUCHADVANCE0000001")

    assert ({}, 1) == (unseen, found.rows_read)
    assert {name: "acknowledged"} == states(store)
    assert 0 == named(world, store, "NOSUCHADVANCE0000001").rows_read


def test_what_another_integration_took_is_not_ours() -> None:
    """A document that was acknowledged under another name stays with whoever did."""
    world = setup_concur()
    document = world.a_document()
    other = world.connected(system_id="PAYROLL")
    asyncio.run(other.write(world.acknowledge(document)))

    assert {} == pull(world, a_store())


def test_an_older_copy_finds_what_came_after_it() -> None:
    """A copy looks as far back as it was read to, and asks for nothing that it holds."""
    world, store = setup_concur(), a_store()
    known = world.a_document()
    pull(world, store)
    tell(world, world.acknowledge(known))
    later = world.a_document()
    tell(world, world.acknowledge(later), world.confirm(later))
    sync.begin_anew(store.db)

    found = pull(world, store)

    assert {known: "ready", later: "posted"} == found


def test_a_resubmitted_report_is_looked_at_again() -> None:
    """A report whose known document is over may have another one by now."""
    world, store = setup_concur(), a_store()
    first = world.a_document()
    pull(world, store)
    _give_up(store, first)
    report_id = first.rpartition(".")[2]
    tell(world, world.acknowledge(first), world.confirm(first, "error"))
    world.simulator.recall(report_id)
    world.simulator.resubmit(report_id)
    second = world.name_of(report_id)
    tell(world, world.acknowledge(second))
    sync.begin_anew(store.db)

    assert {first: "ready", second: "acknowledged"} == pull(world, store)


def test_a_running_engine_does_not_look_again() -> None:
    """It is looked for once after each start: later reads ask for the queue and nothing else."""
    world, store = setup_concur(), a_store()
    pull(world, store)
    mark = watermarks.get(store.db, "concur", ENTITY)
    before = world.request_count()

    pull(world, store)

    assert mark is not None
    assert 1 == world.request_count() - before
    assert sync.is_caught_up(store.db, "concur", ENTITY)


def setup_concur_for(*kinds: str) -> ConcurWorld:
    """Return a company whose documents of these kinds are read, beside those of expense reports."""
    return ConcurWorld(options={"document_types": ["expense", *kinds]})


def named(world: ConcurWorld, store: Store, *ids: str) -> sync.Pulled:
    """Read the documents of these ids, as `finsync sync --only` does."""
    asked = [requests.Reread("concur", ENTITY, one, 0, world.clock.now()) for one in ids]
    task = sync.Pull("concur", ENTITY, True)
    return asyncio.run(sync.reread(store, world.adapter, task, asked, world.clock))


def _report_of(world: ConcurWorld, n: int) -> str:
    """Return the id of a submitted report whose funds are asked for."""
    world.simulator.request_funds_check(world.plan(name=f"Trip {n}"))
    return str(world.simulator.documents()[-1]["report_id"])


def _made(world: ConcurWorld, kind: str) -> str:
    if kind == "cashadvance":
        about = world.simulator.issue_cash_advance(ANA, Decimal(300), "EUR")
    else:
        world.simulator.request_funds_check(world.plan(), by_request=True)
        about = str(world.simulator.documents()[-1]["report_id"])
    return world.name_of(about)


def _give_up(store: Store, name: str) -> None:
    with store.transaction() as db:
        started = workflows.start(
            db, flow="expense_to_reimbursement", kind="post", entity=ENTITY, document_key=f"concur:{name}",
            document_number="R-1", document_version=1, document_revision="", state="running", step="acknowledge",
            waiting_for=None, amount_minor=None, currency=None, due_at=None, now=store.clock.now(),
        )  # fmt: skip
        assert started is not None
        workflows.save(db, started, state="aborted", step="await_return", data={}, now=store.clock.now())
