"""Supplier invoices and payroll data come through queues of the expense tool, too; they are no expenses."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from finsync_tui import actions
from finsync_tui.actions import Actor
from store.canonical.expense import ExpenseDocument
from tests.finsync_tui.flows.expense_desk import ExpenseDesk, a_report

ANALYST = Actor("ana", "cli")
DOCUMENT = "9a41c6e0b7a94c0d8c5b7f0d1e2a3b4c.invoice.4E6593CB987D459C88FB"


def an_invoice(kind: Literal["invoice", "payroll"] = "invoice", **changes: Any) -> ExpenseDocument:
    return a_report(entries=(), total="100", kind=kind, document_type=kind, number="INV-7", **changes)


def submitted(document: ExpenseDocument, **expense: Any) -> ExpenseDesk:
    desk = ExpenseDesk(**expense)
    desk.submit(document, DOCUMENT)
    return desk


def findings(desk: ExpenseDesk) -> list[str]:
    return [row[0] for row in desk.store.db.execute("SELECT class FROM finding")]


@pytest.mark.parametrize("kind", ["invoice", "payroll"])
@pytest.mark.parametrize("ledger", ["DEFAULT", "SOMEBODY ELSE'S"])
def test_what_is_no_expense_is_left_for_whoever_takes_it(kind: Any, ledger: str) -> None:
    """Nothing is acknowledged, nothing is sent; it is noted once, whosever ledger it is."""
    desk = submitted(an_invoice(kind, ledger=ledger))
    desk.submit(an_invoice(kind, ledger=ledger), DOCUMENT)

    assert ([], [], ["DOCUMENT_LEFT"]) == (desk.sent, desk.exceptions, findings(desk))
    assert "aborted" == desk.workflow.state


def test_a_company_may_have_an_analyst_look() -> None:
    """Returned by a person, it is told to have failed."""
    desk = submitted(an_invoice(), other_documents={"invoice": "hold"})
    held = list(desk.exceptions)

    actions.send_back(desk.store, ANALYST, [desk.case_id], "booked in Payables")
    desk.run()

    assert [("DOCUMENT_UNSUPPORTED", "open")] == held
    assert ["expense.confirm_posting"] == desk.sent


def test_a_company_may_return_them() -> None:
    """Locked first, then told why, and over when the tool shows it."""
    desk = submitted(an_invoice("payroll"), other_documents={"payroll": "return"})
    desk.answers(2)
    desk.read()

    (message,) = desk.body("expense.confirm_posting")["messages"]
    assert ["expense.acknowledge", "expense.confirm_posting"] == desk.sent
    assert "is payroll data, which is not booked here. It has to be booked in another way" in message["text"]
    assert "aborted" == desk.workflow.state
    assert [] == desk.exceptions
