"""Flow instances: their states, waits and steps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from store import Store, workflows
from tests.builders import MONDAY, a_store

HOUR = timedelta(hours=1)


def start(store: Store, **changes: Any) -> int | None:
    fields: dict[str, Any] = {
        "flow": "requisition_to_pay",
        "kind": "create",
        "entity": "purchase_order",
        "document_key": "coupa:1",
        "document_number": "PO-1",
        "document_version": 1,
        "document_revision": "1",
        "step": "confirm_supplier",
        "now": MONDAY,
        "data": {"target": "oracle-emea"},
    }
    with store.transaction() as db:
        return workflows.start(db, **fields | changes)


def save(store: Store, workflow_id: int | None, **changes: Any) -> None:
    assert workflow_id is not None
    fields: dict[str, Any] = {"state": "waiting", "step": "await_approval", "data": {}, "now": MONDAY + HOUR}
    with store.transaction() as db:
        workflows.save(db, workflow_id, **fields | changes)


def test_one_instance_for_each_flow_document_and_version() -> None:
    """Starting the same again gives None; another version or flow is another instance."""
    with a_store() as store:
        first = start(store)

        assert first is not None
        assert start(store) is None
        assert None not in (
            start(store, document_version=2),
            start(store, flow="other"),
            start(store, document_key="x:1"),
        )


def test_an_instance_reads_back_as_it_was_saved() -> None:
    """What its steps decided, what it waits for and until when survive a restart."""
    with a_store() as store:
        workflow_id = start(store, amount_minor=100, currency="EUR", legal_entity="DE01", due_at=MONDAY)
        save(
            store,
            workflow_id,
            data={"b": [1, {"c": None}]},
            waiting_for="Oracle approval",
            wake_at=MONDAY + 2 * HOUR,
            due_at=MONDAY + 3 * HOUR,
            target="oracle-emea",
            generation=2,
        )

        workflow = workflows.get(store.db, workflow_id or 0)

    assert workflow is not None
    assert ({"b": [1, {"c": None}]}, "Oracle approval", MONDAY + 2 * HOUR, MONDAY + 3 * HOUR) == (
        workflow.data,
        workflow.waiting_for,
        workflow.wake_at,
        workflow.due_at,
    )
    assert ("waiting", "await_approval", 2, "oracle-emea", "DE01", 100) == (
        workflow.state,
        workflow.step,
        workflow.generation,
        workflow.target,
        workflow.legal_entity,
        workflow.amount_minor,
    )
    assert (MONDAY, MONDAY + HOUR, None) == (workflow.started_at, workflow.changed_at, workflow.ended_at)


def test_runnable_are_those_running_and_those_whose_timer_rang() -> None:
    """Waiting without a timer, held and ended ones are not."""
    with a_store() as store:
        running, rang, later, waiting, held, ended = (start(store, document_version=n) for n in range(6))
        save(store, rang, wake_at=MONDAY)
        save(store, later, wake_at=MONDAY + HOUR)
        save(store, waiting)
        save(store, held, state="held")
        save(store, ended, state="done", ended=True)

        assert [running, rang] == [w.id for w in workflows.runnable(store.db, MONDAY, 10)]
        assert [running] == [w.id for w in workflows.runnable(store.db, MONDAY, 1)]
        assert [running, rang, later] == [w.id for w in workflows.runnable(store.db, MONDAY + HOUR, 10)]
        assert MONDAY == workflows.next_wake(store.db)


@pytest.mark.parametrize(
    ("state", "wakes"),
    [("waiting", True), ("held", True), ("running", False), ("done", False), ("aborted", False)],
)
def test_waking(state: str, wakes: bool) -> None:
    """Waiting and held instances go on; ended ones never do."""
    with a_store() as store:
        workflow_id = start(store)
        save(store, workflow_id, state=state, wake_at=MONDAY + HOUR, ended=state in ("done", "aborted"))

        with store.transaction() as db:
            count = workflows.wake(db, [workflow_id or 0], MONDAY)

        workflow = workflows.get(store.db, workflow_id or 0)
        assert workflow is not None
        assert int(wakes) == count
        assert ("running" if wakes else state) == workflow.state


def test_waking_nobody_is_nothing() -> None:
    """No ids, no change."""
    with a_store() as store, store.transaction() as db:
        assert 0 == workflows.wake(db, [], MONDAY)


def test_waiting_at_a_step() -> None:
    """Those that wait there, oldest first, up to a limit."""
    with a_store() as store:
        one, two, other, held = (start(store, document_version=n) for n in range(4))
        save(store, one)
        save(store, two)
        save(store, other, step="verify")
        save(store, held, state="held")

        assert [one, two] == [w.id for w in workflows.waiting_at(store.db, "await_approval", MONDAY, 10)]
        assert [one] == [w.id for w in workflows.waiting_at(store.db, "await_approval", MONDAY, 1)]


def test_something_is_live_until_everything_ended_or_waits_for_an_analyst() -> None:
    """A held instance alone does not keep a run from being over."""
    with a_store() as store:
        assert not workflows.has_live(store.db)
        workflow_id = start(store)
        assert workflows.has_live(store.db)
        save(store, workflow_id, state="held")
        assert not workflows.has_live(store.db)


def test_steps_are_kept_in_order_with_what_they_decided() -> None:
    """Promise 5: each step names its rule and version."""
    with a_store() as store:
        workflow_id = start(store) or 0
        with store.transaction() as db:
            workflows.log_step(
                db, workflow_id, "confirm_supplier", "done", MONDAY, MONDAY, {"proof": "tax_id"}
            )
            workflows.log_step(db, workflow_id, "map_accounts", "held", MONDAY, None)

        found = [(s.name, s.state, s.ended_at, s.detail) for s in workflows.steps(store.db, workflow_id)]

    assert [
        ("confirm_supplier", "done", MONDAY, {"proof": "tax_id"}),
        ("map_accounts", "held", None, {}),
    ] == found


def test_instances_of_a_document_oldest_first() -> None:
    """All versions of it, ended or not; nothing for a stranger."""
    with a_store() as store:
        ids = [start(store, document_version=n) for n in (1, 2)]
        save(store, ids[0], state="superseded", ended=True)

        assert ids == [w.id for w in workflows.of_document(store.db, "coupa:1")]
        assert [] == workflows.of_document(store.db, "coupa:2")
        assert workflows.get(store.db, 999) is None


def test_documents_that_are_numbered_alike_are_told_apart_by_entity() -> None:
    """A system may call an order and an invoice 4711: neither is in the other's way."""
    with a_store() as store:
        order = start(store, entity="purchase_order", flow="requisition_to_pay")
        invoice = start(store, entity="invoice", flow="invoice_to_payment")
        assert order is not None
        key = workflows.get(store.db, order).document_key  # type: ignore[union-attr]

        assert [order, invoice] == [w.id for w in workflows.of_document(store.db, key)]
        assert [invoice] == [w.id for w in workflows.of_document(store.db, key, "invoice")]
