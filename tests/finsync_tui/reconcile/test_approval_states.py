"""Approval states across systems: what is approved in one and not in the other is a break, whatever the document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from store import breaks, cases, outbox, records
from store.canonical.record import CanonicalRecord
from tests.builders import MONDAY, a_case, a_clock, a_store, an_entry
from tests.finsync_tui.flows.invoice_desk import an_invoice
from tests.finsync_tui.flows.test_requisition_commitment import a_requisition
from tests.finsync_tui.reconcile.desk import DAY, Desk, Orders


@contextmanager
def two_systems(
    definition: str, entity: str, source: CanonicalRecord, target: CanonicalRecord
) -> Iterator[Desk]:
    """Two systems that have held one document for days, the second under our mark."""
    clock = a_clock()
    with a_store(clock) as store:
        left, right = (Orders(*one, entity=entity) for one in (("coupa", "procurement"), ("erp", "erp")))
        desk = Desk(store, clock, left, right, name=definition)
        left.put("1", source, MONDAY - 9 * DAY)
        right.put("700", target, MONDAY - 9 * DAY)
        yield desk


def shown(desk: Desk) -> list[tuple[str, str, str]]:
    """(field, at the source, in the ERP) of every difference."""
    return [
        (shown.field, str(shown.source), str(shown.target))
        for one in breaks.listed(desk.store.db)
        for shown in one.fields
    ]


def a_wish(status: str, **changes: Any) -> CanonicalRecord:
    return a_requisition("L1", status=status, **changes)


def a_bill(status: str, **changes: Any) -> CanonicalRecord:
    return an_invoice(status=status, supplier_id=None, supplier_number=None, **changes)


@pytest.mark.parametrize(
    ("definition", "make", "mark", "at_source", "in_erp", "expected"),
    [
        ("requisitions", a_wish, "coupa:req:1", "approved", "approved", []),
        ("requisitions", a_wish, "coupa:req:1", "received", "ordered", []),
        ("requisitions", a_wish, "coupa:req:1", "approved", "pending_approval", ["status"]),
        ("requisitions", a_wish, "coupa:req:1", "rejected", "approved", ["status"]),
        ("requisitions", a_wish, "elsewhere:1", "rejected", "approved", []),
        ("invoices", a_bill, "coupa:1", "approved", "approved", []),
        ("invoices", a_bill, "coupa:1", "approved", "on_hold", []),
        ("invoices", a_bill, "coupa:1", "on_hold", "approved", []),
        ("invoices", a_bill, "coupa:1", "approved", "pending_approval", ["status"]),
        ("invoices", a_bill, "coupa:1", "approved", "rejected", ["status"]),
        ("invoices", a_bill, "coupa:1", "pending_approval", "approved", ["status"]),
        ("invoices", a_bill, "coupa:1", "rejected", "on_hold", ["status"]),
    ],
)  # fmt: skip
def test_an_approval_that_stands_in_one_system_only_is_a_break(
    definition: str,
    make: Callable[..., CanonicalRecord],
    mark: str,
    at_source: str,
    in_erp: str,
    expected: list[str],
) -> None:
    """Waiting, refused or approved in one of them; a hold is no word about approval, and another's requisition none of ours."""
    source = make(at_source)
    with two_systems(definition, source.entity, source, make(in_erp, reference=mark)) as desk:
        desk.run()

        assert expected == [name for name, _, _ in shown(desk)]


def test_what_is_not_approved_yet_need_not_be_in_the_erp() -> None:
    """An invoice that waits at its source is missing nowhere."""
    with two_systems(
        "invoices", "invoice", a_bill("pending_approval"), a_bill("approved", reference="coupa:1")
    ) as desk:
        del desk.right.held["700"]

        desk.run()

        assert [] == breaks.listed(desk.store.db)


def test_what_the_erp_has_not_validated_is_a_break_once_it_should_be() -> None:
    """An invoice is created as a draft and validated next: while it is new, on its way or in exception that is no difference."""

    def found(at_source: str = "approved", age: int = 9, **more: str) -> list[str]:
        draft = a_bill("draft", reference="coupa:1")
        with two_systems("invoices", "invoice", a_bill(at_source), draft) as desk:
            desk.right.changed["700"] = MONDAY - age * DAY
            with desk.store.transaction() as db:
                if "delivery" in more:
                    entry = an_entry(
                        document_key="coupa:1", entity="invoice", system="erp", idempotency_key="1"
                    )
                    outbox.enqueue(db, [entry], MONDAY)
                if "exception" in more:
                    cases.open(db, a_case(document_key="coupa:1", entity="invoice"), MONDAY)
            desk.run()
            return [f"{one.kind}: {one.fields[0].target}" for one in breaks.listed(desk.store.db)]

    assert ["status_lag: not validated"] == found()
    assert [[], [], []] == [found(age=0), found(delivery="yes"), found(exception="yes")]
    assert ["status_lag: not validated"] == found("pending_approval", age=0)


@pytest.mark.parametrize(
    ("definition", "operations"), [("invoices", ["create", "validate"]), ("expense_invoices", ["validate"])]
)
def test_a_validation_is_verified_once_the_erp_shows_it(definition: str, operations: list[str]) -> None:
    """As long as the invoice is a draft that is no difference yet, and it proves nothing, in whichever run."""
    is_expense = definition == "expense_invoices"
    key = "concur:9" if is_expense else "coupa:1"
    source, target = a_bill("approved"), a_bill("draft", reference=key)
    with two_systems(definition, "invoice", source, target) as desk:
        if is_expense:
            record = a_bill("draft", reference=key)
            page = [records.Incoming(key, record, record.canonical_json())]
            with desk.store.transaction() as db:
                records.put_page(db, "invoice", "finsync", page, MONDAY)
        desk.right.changed["700"] = MONDAY
        with desk.store.transaction() as db:
            for operation in operations:
                entry = an_entry(
                    document_key=key,
                    entity="invoice",
                    system="erp",
                    operation=f"invoice.{operation}",
                    idempotency_key=operation,
                )
                outbox.enqueue(db, [entry], MONDAY)
            db.execute("UPDATE delivery SET state='delivered', external_id='700'")

        def states() -> list[str]:
            return [one.state for one in outbox.of_documents(desk.store.db, [key], ["erp"])]

        before = [(desk.run(mode).opened, states()) for mode in ("full", "changes")]
        desk.clock.advance(2 * DAY)
        desk.run()
        overdue = shown(desk)
        desk.right.put("700", a_bill("approved", reference=key), MONDAY + DAY)
        desk.run()

        assert [("status", "in force", "not validated")] == overdue
        assert [(0, ["delivered"] * len(operations))] * 2 == before
        assert (["verified"] * len(operations), []) == (states(), breaks.listed(desk.store.db))
