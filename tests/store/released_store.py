"""A workspace of each released version, as SQL text, for the test that every one of them still opens.

`python -m tests.store.released_store 0.2` writes the file of a version when it is released; a file that is there is kept.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from store import (
    Store,
    audit,
    cases,
    commitments,
    crossrefs,
    events,
    findings,
    leases,
    outbox,
    records,
    rulesets,
    runs,
    systems,
    watermarks,
    workflows,
)
from tests.builders import (
    MONDAY,
    a_case,
    a_commitment,
    a_purchase_order,
    a_store,
    a_supplier,
    an_entry,
    an_event,
)

FOLDER = Path(__file__).with_name("released")
KEY = "coupa:100234"


def fill(store: Store) -> None:
    """Put a little of everything into a store."""
    lease = leases.acquire(store, "vm:1:1", timedelta(minutes=1), MONDAY)
    with store.transaction() as db:
        order = records.Incoming("100234", a_purchase_order(), b'{"id":100234}', "1", MONDAY, "a.berg")
        records.put_page(db, "purchase_order", "coupa", [order], MONDAY)
        records.put_page(
            db, "supplier", "coupa", [records.Incoming("501", a_supplier(), b'{"id":501}')], MONDAY
        )
        watermarks.advance(db, "coupa", "purchase_order", "2026-01-05T07:59:00Z", True, MONDAY)
        runs.end(db, runs.begin(db, "coupa", "purchase_order", MONDAY), MONDAY, "done", 1, 1, 1, 0)
        events.append(db, [an_event()])
        events.acknowledge(db, "flows", 1)
        workflow_id = workflows.start(
            db,
            flow="requisition_to_pay",
            kind="create",
            entity="purchase_order",
            document_key=KEY,
            document_number="PO-100234",
            document_version=1,
            document_revision="1",
            step="confirm_supplier",
            now=MONDAY,
        )
        assert workflow_id is not None
        workflows.log_step(
            db, workflow_id, "confirm_supplier", "held", MONDAY, None, {"class": "SUPPLIER_UNKNOWN"}
        )
        (entry_id,) = outbox.enqueue(db, [an_entry(workflow_id=workflow_id)], MONDAY)
        outbox.claim(db, "oracle-emea", MONDAY, 1, lease.token)
        attempt = outbox.Attempt(MONDAY, MONDAY, "delivered", status=201, duration_ms=12)
        settlement = outbox.Settlement(entry_id, "delivered", attempt, "300", {"number": "4711"})
        outbox.settle(db, lease.token, [settlement], MONDAY)
        crossrefs.link(
            db, "purchase_order", KEY, "oracle-emea", "300", number="4711", why="created", linked_at=MONDAY
        )
        case_id = cases.open(db, a_case(workflow_id=workflow_id, entry_id=entry_id), MONDAY)
        cases.note(db, case_id, "a.berg", "asked procurement", MONDAY)
        findings.append(
            db,
            [
                findings.Finding(
                    class_="THROTTLED", severity="warn", system="coupa", message="x", noticed_at=MONDAY
                )
            ],
        )
        commitments.replace(db, KEY, "oracle-emea", a_commitment())
        systems.ok(db, "coupa", MONDAY)
        rulesets.record(db, "mapping", "account", "from,to\n*,=\n", MONDAY)
        audit.record(
            db,
            [audit.Entry("engine", "records.stored", KEY, protected={"iban": "DE89"})],
            MONDAY,
            salt=lambda size: bytes(size),
        )


def write(version: str) -> Path:
    """Write the file of a version that is being released."""
    path = FOLDER / f"{version}.sql"
    with a_store() as store:
        fill(store)
        text = "\n".join(store.db.iterdump()) + "\n"
    FOLDER.mkdir(exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return path


if __name__ == "__main__":
    print(write(sys.argv[1]).name)
