"""Orders that somebody changes in the ERP by hand, after they were issued there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.profile import Profile
from finsync_tui.reconcile.read_back import Want
from store.canonical.purchasing import PurchaseOrder
from tests.finsync_tui.flows.invoice_desk import (
    ANALYST,
    SOURCE,
    TARGET,
    InvoiceDesk,
    a_line,
    an_invoice,
    an_order,
    eur,
)
from tests.finsync_tui.flows.test_order_ended import erp_cancels_line, told, two_lines

CHANGED = [("ORDER_CHANGED", "open")]


@pytest.fixture
def desk() -> InvoiceDesk:
    """An order of 100, ten desks at ten, is in the ERP, and its goods have arrived."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    return desk


def settle(desk: InvoiceDesk) -> None:
    while desk.pending:
        desk.answer()
    desk.read()


def erp_changes(desk: InvoiceDesk, number: str = "1", **changes: Any) -> None:
    """Somebody changes a line in the ERP, or adds one like it; sync reads the order as it is then."""
    order = desk.shown[Want(TARGET, PurchaseOrder.entity, "ERP-4711")]
    assert isinstance(order, PurchaseOrder)
    lines = {one.number: one for one in order.lines}
    like = lines.get(number, order.lines[0])
    lines[number] = like.model_copy(update={"number": number, "distributions": (), **changes})
    total = sum((one.amount for one in lines.values() if not one.is_cancelled), eur("0"))
    desk.tell(TARGET, "ERP-4711", order.model_copy(update={"lines": tuple(lines.values()), "total": total}))
    settle(desk)


def findings(desk: InvoiceDesk) -> list[str]:
    return [
        row[0]
        for row in desk.store.db.execute(
            "SELECT message FROM finding WHERE class = 'ORDER_CHANGED' ORDER BY id"
        )
    ]


def risk(desk: InvoiceDesk) -> int:
    row = desk.store.db.execute("SELECT amount_minor FROM exception_case ORDER BY id DESC").fetchone()
    return int(row[0])


def test_a_change_in_the_erp_is_told_with_the_old_and_the_new(desk: InvoiceDesk) -> None:
    """What is promised follows the ERP, its source reads it, and a person decides: once, however often it is read."""
    desk.post(an_invoice(a_line("4")))

    for _ in range(2):
        erp_changes(desk, quantity=Decimal(12), amount=eur("120"))

    assert (8000, ["Open", "Open, line 1 changed"], CHANGED) == (desk.open_minor, told(desk), desk.exceptions)
    assert [
        "order PO-1 was changed in oracle-emea and not in coupa: line 1 100.00 EUR (10 at 10) -> 120.00 EUR (12 at 10) "
        "(+20.00 EUR in all)"
    ] == findings(desk)
    assert (findings(desk)[0], 2000) == (desk.cause, risk(desk))


def test_an_added_line_and_another_price_at_the_same_amount_are_changes(desk: InvoiceDesk) -> None:
    """An added line promises, too, on the accounts of the order."""
    erp_changes(desk, quantity=Decimal(5), unit_price=Decimal(20))
    erp_changes(desk, "3", quantity=Decimal(1), unit_price=Decimal(30), amount=eur("30"))

    first, second = findings(desk)
    assert "line 1 100.00 EUR (10 at 10) -> 100.00 EUR (5 at 20) (0.00 EUR in all)" in first
    assert "line 3 was added, 30.00 EUR (1 at 30) (+30.00 EUR in all)" in second
    assert (13000, "Open, lines 1, 3 changed") == (desk.open_minor, told(desk)[-1])


def test_an_order_of_which_every_line_is_replaced_promises_what_took_its_place(desk: InvoiceDesk) -> None:
    """The new line is charged where the one was that it replaces, and both changes are told."""
    order = desk.shown[Want(TARGET, PurchaseOrder.entity, "ERP-4711")]
    assert isinstance(order, PurchaseOrder)
    (line,) = order.lines
    added = line.model_copy(update={"number": "2", "amount": eur("30"), "distributions": ()})
    lines = (line.model_copy(update={"is_cancelled": True}), added)

    desk.tell(TARGET, "ERP-4711", order.model_copy(update={"lines": lines, "total": eur("30")}))
    settle(desk)

    assert (["ORDER_ENDED", "ORDER_CHANGED"], CHANGED, 3000) == (desk.noted, desk.exceptions, desk.open_minor)
    assert "Open, line 1 cancelled, line 2 changed" == told(desk)[-1]
    assert [("2", "420", "7110", 3000)] == [
        tuple(row)
        for row in desk.store.db.execute(
            "SELECT line_number, cost_centre, account, amount_minor FROM commitment_line"
        )
    ]


def test_what_is_changed_back_asks_nobody(desk: InvoiceDesk) -> None:
    """The exception closes by itself, the source reads Open, and what was ordered is promised."""
    erp_changes(desk, quantity=Decimal(12), amount=eur("120"))
    erp_changes(desk, quantity=Decimal(10), amount=eur("100"))

    assert ([("ORDER_CHANGED", "closed")], "done", 10000) == (
        desk.exceptions,
        desk.step("4711"),
        desk.open_minor,
    )
    assert "Open" == told(desk)[-1]


def test_a_retry_restores_what_was_ordered(desk: InvoiceDesk) -> None:
    """The ERP is asked for the source's order again, and it is done when it shows it."""
    erp_changes(desk, quantity=Decimal(12), amount=eur("120"))

    desk.retry()
    asked = desk.body("order.change")["commitment"]
    desk.answers(2)
    desk.erp_issues()
    settle(desk)

    assert [("1", 10000)] == [(line["number"], line["amount"]["amount_minor"]) for line in asked["lines"]]
    assert ("done", 10000, "Open", [("ORDER_CHANGED", "closed")]) == (
        desk.step("4711"), desk.open_minor, told(desk)[-1], desk.exceptions,
    )  # fmt: skip


def test_resolving_it_adopts_what_the_erp_holds(desk: InvoiceDesk) -> None:
    """It stays done, promises what the ERP holds, asks no more about that, and follows what comes next."""
    erp_changes(desk, quantity=Decimal(12), amount=eur("120"))
    actions.resolve(desk.store, ANALYST, desk.open_cases, "agreed with the buyer")
    desk.run()
    adopted = (desk.step("4711"), desk.open_minor, list(desk.exceptions))
    erp_changes(desk, quantity=Decimal(12), amount=eur("120"))
    again = len(desk.exceptions)
    erp_changes(desk, quantity=Decimal(13), amount=eur("130"))

    assert ("done", 12000, [("ORDER_CHANGED", "resolved")]) == adopted
    assert (1, 2, 13000) == (again, len(desk.exceptions), desk.open_minor)


def test_ordering_the_same_at_the_source_adopts_it(desk: InvoiceDesk) -> None:
    """The new version takes the place of the one that waits, and both systems hold the same."""
    erp_changes(desk, quantity=Decimal(12), amount=eur("120"))

    desk.tell(SOURCE, "4711", an_order("12", revision="2"))
    desk.answers(2)
    desk.erp_issues()
    settle(desk)

    assert ("done", 12000, "Open", []) == (
        desk.step("4711"),
        desk.open_minor,
        told(desk)[-1],
        desk.open_cases,
    )


def test_by_policy_it_is_only_noted(desk: InvoiceDesk) -> None:
    """The ERP's stands, and nobody is asked."""
    setup = desk.profile.model_dump(mode="json", by_alias=True)
    setup["legal_entities"]["DE01"]["changes_in_erp"] = "note"
    desk.profile = Profile.model_validate(setup)

    erp_changes(desk, quantity=Decimal(12), amount=eur("120"))

    assert ("done", [], 1, 12000) == (
        desk.step("4711"),
        desk.exceptions,
        len(findings(desk)),
        desk.open_minor,
    )


def test_a_line_that_is_cancelled_and_one_that_is_changed_are_both_told() -> None:
    """Each has its finding, and the status names both."""
    desk = InvoiceDesk()
    desk.order(two_lines())
    erp_changes(desk, quantity=Decimal(12), amount=eur("120"))
    erp_cancels_line(desk, "2")
    settle(desk)

    assert (["ORDER_CHANGED", "ORDER_ENDED"], 12000) == (sorted(set(desk.noted)), desk.open_minor)
    assert "Open, line 2 cancelled, line 1 changed" == told(desk)[-1]
