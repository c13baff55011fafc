"""Documents of a system that lists news only: a run of changes reads those that something may have happened to."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

from finsync_tui.profile import Profile
from finsync_tui.reconcile import known, running
from finsync_tui.reconcile.running import Asked
from store import Store, breaks, outbox, reconciliations, records
from store.canonical.record import CanonicalRecord
from store.clock import text
from tests.builders import MONDAY, a_clock, a_store, an_entry
from tests.finsync_tui.flows.expense_desk import a_report
from tests.finsync_tui.flows.invoice_desk import an_invoice
from tests.finsync_tui.reconcile.test_windows import DEFINITION, Invoices

LATER = MONDAY + timedelta(days=1)


def put(store: Store, system: str, record: CanonicalRecord, external_id: str, at: Any) -> None:
    with store.transaction() as db:
        incoming = records.Incoming(external_id, record, record.canonical_json() + f" {at}".encode())
        records.put_page(db, record.entity, system, [incoming], at)


class Desk:
    """An ERP that is read by change, and an expense tool of which each document is asked for by its id."""

    def __init__(self) -> None:
        self.clock = a_clock()
        self.store: Store = a_store(self.clock)
        self.left, self.right = Invoices("coupa", "procurement"), Invoices("erp", "erp")
        for n in range(4):
            for one in (self.left, self.right):
                one.held[f"{n}"] = an_invoice(number=f"I{n}")
            put(self.store, "erp", self.right.held[f"{n}"], f"{n}", self.clock.now())
        self.run("full")

    def run(self, mode: Any = "changes") -> tuple[reconciliations.Run, list[str]]:
        """Return the run, and what was asked for by id."""
        definition = {**DEFINITION, "target": {**DEFINITION["target"], "read": "known"}}
        profile = Profile.model_validate({"systems": {}, "reconciliations": {"invoices": definition}})
        self.clock.advance(timedelta(days=1))
        self.right.asked.clear()
        adapters: Any = {"coupa": self.left, "erp": self.right}
        asked = Asked(("invoices",), mode)
        (run,) = asyncio.run(running.reconcile(self.store, adapters, profile, self.clock, asked))
        return run, list(self.right.asked)

    @property
    def broken(self) -> list[tuple[str, str]]:
        return [(one.kind, one.document_number) for one in breaks.listed(self.store.db)]


def test_a_run_of_changes_reads_what_may_have_changed_and_forgets_nothing() -> None:
    """Nothing when nothing was read anew; the document that was; and again the one that a break is open about."""
    desk = Desk()
    idle, nothing = desk.run()
    desk.right.held["1"] = an_invoice(number="I1", invoiced_on=date(2026, 1, 6))
    unseen, _ = desk.run()
    put(desk.store, "erp", desk.right.held["1"], "1", desk.clock.now())
    _, asked = desk.run()
    found = desk.broken
    desk.right.held["1"] = an_invoice(number="I1")
    put(desk.store, "erp", desk.right.held["1"], "1", desk.clock.now())
    desk.run()

    assert (("complete", 4, 4), []) == ((idle.outcome, idle.source_rows, idle.target_rows), nothing)
    assert 0 == unseen.opened, "a hand that leaves no trace is for the full run"
    assert (["1"], [("field", "I1")]) == (asked, found)
    assert [] == [one for one in breaks.listed(desk.store.db) if one.state == "open"]
    full, everything = desk.run("full")
    assert (["0,1,2,3"], 4) == (everything, full.target_rows)


def test_what_was_told_and_whose_report_has_changed_is_read() -> None:
    """The expense tool lists reports by change: the documents of one that has are asked for."""
    store = a_store(a_clock())
    for external_id, report in (("A", "R-A"), ("B", "R-B"), ("C", "R-C"), ("D", "R-D")):
        put(store, "concur", a_report(number=external_id, report_id=report), external_id, MONDAY)
    put(store, "concur", a_report(number="D2", report_id="R-D2"), "D", LATER)
    with store.transaction() as db:
        outbox.enqueue(
            db, [an_entry(system="concur", entity="expense_document", document_key="concur:A")], LATER
        )
        db.execute("UPDATE record SET entity='expense_report', external_id='R-B', fetched_at=? WHERE external_id='C'",
                   (text(LATER),))  # fmt: skip

    found = known.changed(store.db, "expense_document", "concur", "expense_payments", text(LATER))

    assert ["A", "B", "D"] == list(found)
