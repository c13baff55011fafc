"""A report beside its financial document: what differs is named, nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from finsync_tui.flows.expense.comparison import differences
from store.canonical.expense import ExpenseDocument, ExpenseEntry, ExpenseReport
from store.canonical.money import Money
from tests.finsync_tui.flows.expense_desk import (
    SOURCE,
    ExpenseDesk,
    a_personal_charge,
    a_report,
    an_expense,
)

APPROVED_AT = datetime(2026, 1, 3, 10, 0, tzinfo=UTC)
"""Of the desk's document."""


def a_header(approved: str | None = "100", currency: str = "EUR", **changes: Any) -> ExpenseReport:
    """Return the report behind the desk's document."""
    money = Money.of(approved or "100", currency)
    fields: dict[str, Any] = {
        "number": "4E6593CB987D459C88FA",
        "title": "Trip to Lyon",
        "approval_status": "approved",
        "payment_status": "ready_to_post",
        "approval_code": "A_APPR",
        "payment_code": "P_PROC",
        "currency": currency,
        "total": money,
        "approved": money if approved else None,
    }
    return ExpenseReport(**fields | changes)


def a_pair(*entries: ExpenseEntry) -> tuple[ExpenseReport, ExpenseDocument]:
    total = str(sum((one.approved for one in entries), Decimal(0)))
    return a_header(total, entries=entries), a_report(entries=entries)


def test_what_is_the_same_is_not_named() -> None:
    """Private purchases are left out of the document, or cancel in it: they are no difference."""
    report, document = a_pair(an_expense("60"), an_expense("40", id="E2"), a_personal_charge())
    without = document.model_copy(update={"entries": document.entries[:2]})

    assert ([], []) == (differences(report, document), differences(report, without))


def test_a_header_is_compared_by_its_total() -> None:
    """As far as it goes; one that states no approved total says nothing."""
    assert [] == differences(a_header(), a_report())
    assert [] == differences(a_header(None), a_report())
    assert ["90.00 EUR are approved, the document takes 100.00 EUR"] == differences(
        a_header("90"), a_report()
    )


def test_another_currency_ends_the_comparison() -> None:
    """Amounts of two currencies are never compared."""
    assert ["the report is in USD, the document in EUR"] == differences(a_header("90", "USD"), a_report())


def test_an_expense_with_another_amount_is_named() -> None:
    """By its type and id, with both amounts."""
    report, document = a_pair(an_expense("60"), an_expense("40", id="E2"))
    cut = document.model_copy(update={"entries": (an_expense("60"), an_expense("30", id="E2"))})

    assert ["expense Hotel (E2): 40 EUR are approved, the document takes 30"] == differences(report, cut)


@pytest.mark.parametrize(("missing", "where"), [("document", "report"), ("report", "document")])
def test_an_expense_that_one_side_lacks_is_named(missing: str, where: str) -> None:
    """And so is the number of expenses."""
    report, document = a_pair(an_expense("100"), an_expense("0", id="E2"))
    less = (an_expense("100"),)
    if missing == "document":
        document = document.model_copy(update={"entries": less})
    else:
        report = report.model_copy(update={"entries": less})

    found = differences(report, document)

    assert 2 == len(found)
    assert f"expense Hotel (E2) is in the {where} only" == found[1]


def test_without_common_ids_amounts_are_compared_as_a_whole() -> None:
    """v3 names expenses in its own way."""
    report, document = a_pair(an_expense("60"), an_expense("40", id="E2"))
    other = (an_expense("60", id="gW1"), an_expense("40", id="gW2"))
    wrong = (an_expense("60", id="gW1"), an_expense("30", id="gW2"))

    assert [] == differences(report.model_copy(update={"entries": other}), document)
    assert [
        "approved but not in the document: 30 EUR; in the document but not approved: 40 EUR"
    ] == differences(report.model_copy(update={"entries": wrong}), document)


def test_many_differences_end_in_a_number() -> None:
    """Words for a person, not a list of hundreds."""
    ours = tuple(an_expense("1", id=f"E{n}") for n in range(30))
    theirs = tuple(an_expense("2", id=f"E{n}") for n in range(30))
    report, document = a_pair(*ours)

    found = differences(report, document.model_copy(update={"entries": theirs}))

    assert ("and 20 more expenses differ", 11) == (found[-1], len(found))


# In the flow


def noticed(desk: ExpenseDesk) -> list[str]:
    rows = desk.store.db.execute("SELECT message FROM finding WHERE class = 'REPORT_DIFFERS'")
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("changes", "is_noticed"),
    [
        ({}, True),
        ({"approved_at": APPROVED_AT - timedelta(days=2)}, False),
        ({"approval_status": "returned"}, False),
        ({"approved": Money.of("100", "EUR")}, False),
    ],
)
def test_a_document_that_is_not_its_report_is_noticed_and_goes_on(changes: Any, is_noticed: bool) -> None:
    """By the header of the same approval; one of an earlier approval says nothing about this document."""
    desk = ExpenseDesk()
    header = a_header("90", approved_at=APPROVED_AT).model_copy(update=changes)
    desk.put(SOURCE, header.number, header)

    desk.submit()
    desk.answer()

    assert is_noticed == bool(noticed(desk))
    assert "await_posting" == desk.workflow.step
