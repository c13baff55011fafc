"""No recurring query reads a big table from end to end, with statistics or without."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from store import (
    Store,
    audit,
    breaks,
    cases,
    crossrefs,
    events,
    findings,
    leases,
    outbox,
    reconciliations,
    records,
    runs,
    systems,
    watermarks,
    workflows,
)
from store.canonical.supplier import Supplier
from tests.builders import (
    MONDAY,
    a_break,
    a_case,
    a_reconcile_run,
    a_store,
    a_supplier,
    an_entry,
    an_event,
)

SMALL = {"consumer", "lease", "meta", "system_state", "watermark", "engine_state", "json_each"}
"""Tables that have a row for each system, consumer or the like."""


def filled() -> Store:
    """Return a store with enough in it that the planner has a choice to make."""
    store = a_store()
    token = leases.acquire(store, "engine", timedelta(days=1), MONDAY).token
    with store.transaction() as db:
        rows = [records.Incoming(str(n), a_supplier(number=f"S{n}"), str(n).encode()) for n in range(600)]
        records.put_page(db, "supplier", "coupa", rows, MONDAY)
        outbox.enqueue(
            db,
            [an_entry(idempotency_key=str(n), document_key=f"coupa:{n % 200}") for n in range(600)],
            MONDAY,
        )
        outbox.claim(db, "oracle-emea", MONDAY, 50, token)
        events.append(db, [an_event(id=str(n)) for n in range(600)])
        for n in range(300):
            workflow_id = workflows.start(
                db, flow="f", kind="create", entity="purchase_order", document_key=f"coupa:{n}", document_number=str(n),
                document_version=1, document_revision="1", step=f"step {n % 9}", now=MONDAY, state="waiting",
                wake_at=MONDAY if n % 2 else None,
            )  # fmt: skip
            assert workflow_id is not None
            workflows.log_step(db, workflow_id, "s", "done", MONDAY, MONDAY)
            case_id = cases.open(db, a_case(document_key=f"coupa:{n}", workflow_id=workflow_id), MONDAY)
            if n % 10:  # as in life, most are over
                workflows.save(db, workflow_id, state="done", step="verify", data={}, now=MONDAY, ended=True)
                cases.end(db, [case_id], "closed", "engine", "gone", MONDAY)
            crossrefs.link(
                db,
                "purchase_order",
                f"coupa:{n}",
                "oracle-emea",
                str(n),
                number=str(n),
                why="created",
                linked_at=MONDAY,
            )
            runs.begin(db, "coupa", f"e{n % 7}", MONDAY)
        audit.record(db, [audit.Entry("a", "b", "c")] * 300, MONDAY)
        for n in range(300):
            reconciliations.begin(db, a_reconcile_run(definition=f"d{n % 9}"), MONDAY)
        breaks.open(db, 1, (a_break(key=str(n)) for n in range(300)), MONDAY)
    return store


QUERIES: dict[str, Callable[[Any], object]] = {
    "known_digests": lambda db: records.known_digests(db, "supplier", "coupa", {"1": b"1", "2": b"2"}),
    "put_page new": lambda db: records.put_page(
        db, "supplier", "coupa", [records.Incoming("new", a_supplier(), b"new")], MONDAY
    ),
    "put_page changed": lambda db: records.put_page(
        db, "supplier", "coupa", [records.Incoming("1", a_supplier(name="x"), b"x")], MONDAY
    ),
    "put_page touched": lambda db: records.put_page(
        db, "supplier", "coupa", [records.Incoming("2", a_supplier(number="S2"), b"x")], MONDAY
    ),
    "record": lambda db: records.get(db, Supplier, "coupa", "1"),
    "records": lambda db: records.get_many(db, Supplier, "coupa", ["1", "2"]),
    "record by number": lambda db: records.find_by_number(db, Supplier, "coupa", "S1"),
    "by_number": lambda db: records.by_number(db, "supplier", "S1"),
    "twins": lambda db: records.twins(db, "supplier", "tax_id", "DE811234567", "coupa"),
    "identifiers": lambda db: records.identifiers(db, "supplier", "coupa", "1"),
    "history": lambda db: records.history(db, "supplier", "coupa", "1"),
    "crossrefs": lambda db: (
        crossrefs.of(db, "purchase_order", "coupa:1"),
        crossrefs.find(db, "purchase_order", "oracle-emea", "1"),
        crossrefs.find_many(db, "purchase_order", "oracle-emea", ["1", "2"]),
        crossrefs.by_number(db, "1"),
    ),
    "watermarks": lambda db: watermarks.get(db, "coupa", "supplier"),
    "runs": lambda db: (runs.begin(db, "coupa", "supplier", MONDAY), runs.last(db)),
    "events": lambda db: (
        events.append(db, [an_event()]),
        events.pending(db, "flow", 10, ["com.finsync.supplier."]),
        events.tail(db, 10, 10),
        events.head(db),
        events.of_subject(db, "coupa:1"),
    ),
    "enqueue": lambda db: outbox.enqueue(db, [an_entry(), an_entry()], MONDAY),
    "claim": lambda db: outbox.claim(db, "oracle-emea", MONDAY, 10, 1),
    "settle": lambda db: outbox.settle(
        db,
        1,
        [
            outbox.Settlement(c.entry_id, "delivered", outbox.Attempt(MONDAY, MONDAY, "delivered"))
            for c in outbox.claim(db, "oracle-emea", MONDAY, 10, 1)
        ],
        MONDAY,
    ),
    "recover": lambda db: outbox.recover(db, 1, MONDAY),
    "next_due": lambda db: (outbox.next_due(db), outbox.next_due(db, ["oracle-emea"])),
    "deliveries": lambda db: (
        outbox.get(db, 1),
        outbox.of_workflow(db, 1),
        outbox.of_document(db, "purchase_order", "coupa:1"),
        outbox.unverified(db, 10),
        outbox.attempts(db, 1),
        outbox.was_tried_before(db, 1),
    ),
    "acts on deliveries": lambda db: (outbox.hold(db, [1], MONDAY), outbox.replay(db, [1], MONDAY)),
    "workflows": lambda db: (
        workflows.runnable(db, MONDAY, 10),
        workflows.waiting_at(db, "step 3", MONDAY, 10),
        workflows.next_wake(db),
        workflows.has_live(db),
        workflows.wake(db, [1], MONDAY),
        workflows.of_document(db, "coupa:1"),
        workflows.steps(db, 1),
    ),
    "cases": lambda db: (
        cases.open(db, a_case(), MONDAY),
        cases.end_for_workflow(db, 1, "closed", "engine", "gone", MONDAY),
        cases.live_for_document(db, "coupa:1"),
        cases.live_ids(db, "purchase_order", ["coupa:1", "coupa:2"], ["SUPPLIER_UNKNOWN", "TOTALS_DIFFER"]),
        cases.wake_snoozed(db, MONDAY),
        cases.notes(db, 1),
    ),
    "findings": lambda db: findings.of_document(db, "coupa:1"),
    "breaks": lambda db: (
        breaks.open(db, 2, [a_break(), a_break(key="new")], MONDAY),
        breaks.close_gone(db, 2, "orders", "coupa", "oracle-emea", MONDAY, keys=["1", "2"]),
        breaks.close_gone(db, 3, "orders", "coupa", "oracle-emea", MONDAY, aspects=("total",)),
        breaks.listed(db, definition="orders"),
        breaks.of_document(db, "coupa:1"),
        breaks.count_open(db, ["orders"]),
        breaks.history(db, 1),
        breaks.explain(db, [1], "a", "b", MONDAY),
        breaks.accepted_live(db, "orders", "coupa", "oracle-emea"),
    ),
    "reconciliations": lambda db: (
        reconciliations.begin(db, a_reconcile_run(), MONDAY),
        reconciliations.last(db, "orders", "coupa", "oracle-emea", outcome="complete"),
        reconciliations.totals(db, 1),
        reconciliations.interrupt_running(db, MONDAY),
    ),
    "systems": lambda db: systems.is_open(db, "coupa", MONDAY),
    "audit": lambda db: audit.record(db, [audit.Entry("a", "b", "c")], MONDAY),
}


@pytest.fixture(scope="module", params=["fresh", "analysed"])
def store(request: pytest.FixtureRequest) -> Store:
    made = filled()
    if request.param == "analysed":
        made.db.execute("ANALYZE")
    return made


@pytest.mark.parametrize("name", QUERIES)
def test_no_big_table_is_scanned(store: Store, name: str) -> None:
    """Every statement of these calls seeks by an index or key; only small tables may be walked."""
    statements: list[str] = []
    store.db.execute("BEGIN")
    store.db.set_trace_callback(statements.append)
    with suppress(StopIteration):
        QUERIES[name](store.db)
    store.db.set_trace_callback(None)

    scans = [
        (detail, statement)
        for statement in statements
        if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE)", statement)
        for *_, detail in store.db.execute(f"EXPLAIN QUERY PLAN {statement}")
        if detail.startswith("SCAN") and not _is_harmless(detail)
    ]
    store.db.execute("ROLLBACK")

    assert statements
    assert [] == scans


def _is_harmless(detail: str) -> bool:
    """A scan of constants, of a small table, or of rows that were put together: what these are made of has lines of its own."""
    table = detail.split()[1]
    if table.startswith("(subquery-"):
        return True
    return table in SMALL or table == "CONSTANT" or table.isdigit() or "CONSTANT" in detail


def test_a_backlog_that_is_not_due_costs_a_claim_nothing() -> None:
    """Deliveries that wait for a later time are not walked: the work follows what is due."""

    def steps(backlog: int) -> int:
        with a_store() as store:
            token = leases.acquire(store, "engine", timedelta(days=1), MONDAY).token
            with store.transaction() as db:
                later = MONDAY + timedelta(days=1)
                entries = [
                    an_entry(idempotency_key=str(n), document_key=f"coupa:{n}") for n in range(backlog)
                ]
                outbox.enqueue(db, entries, later)
                outbox.enqueue(db, [an_entry()], MONDAY)
            ticks = 0

            def tick() -> None:
                nonlocal ticks
                ticks += 1

            store.db.set_progress_handler(tick, 10)
            with store.transaction() as db:
                assert 1 == len(outbox.claim(db, "oracle-emea", MONDAY, 100, token))
            return ticks

    assert steps(3000) <= steps(30) + 5
