"""What a workflow that was given up shows: each write beside its undoing."""

from __future__ import annotations

from finsync_tui.screens import dossiers, tabs
from tests.finsync_tui.flows.test_compensation import an_invoice_at

WIDTH = 130


def test_an_aborted_workflow_shows_each_write_and_its_undoing() -> None:
    """While it is undone and after it: in which system, by what, and what stays since nothing undoes it. Replies go last."""
    desk = an_invoice_at("await_payment")
    desk.abort()
    flow = desk.workflow.id
    begun = dossiers.undoings(desk.store.db, flow)
    while desk.pending:
        desk.answer()
    found = dossiers.undoings(desk.store.db, flow)
    shown = tabs.compensation(found, WIDTH).plain

    assert [("invoice.validate", True), ("invoice.create", False)] == [
        (one.write.operation, one.at is not None) for one in begun
    ]
    assert [
        ("invoice.validate", None),
        ("invoice.create", "invoice.cancel"),
        ("invoice.write_back", "invoice.write_back"),
    ] == [(one.write.operation, one.counter and one.counter.operation) for one in found]
    assert all(one.at is not None for one in found)
    assert all(one.write.system in shown for one in found)
    assert "stays: nothing undoes it" in shown
