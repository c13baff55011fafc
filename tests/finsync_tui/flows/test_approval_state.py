"""Does an approval still stand: chain, hierarchy, limits, requisition, accounts and budget, by policy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from finsync_tui.profile import Profile
from store.canonical.budget import Budget
from store.canonical.money import Money
from store.canonical.people import ApprovalLimit
from store.canonical.purchasing import Requisition, RequisitionLine
from tests.builders import a_cost_centre
from tests.finsync_tui.flows.invoice_desk import (
    SOURCE,
    TARGET,
    InvoiceDesk,
    a_free_line,
    an_invoice,
    an_order,
    eur,
)


def a_desk(**approval: str) -> InvoiceDesk:
    """A desk whose order's requester reports to `boss`, and `boss` to `chief`."""
    desk = InvoiceDesk(approval=approval)
    setup = desk.profile.model_dump(mode="json", by_alias=True)
    setup["legal_entities"]["DE01"]["order_approval"].update(approval)
    desk.profile = Profile.model_validate(setup)
    desk.person("1", "k.lind", manager_number="2")
    desk.person("2", "boss", manager_number="3", approval_limit=Money.of("500", "EUR"))
    desk.person("3", "chief")
    return desk


def submit(desk: InvoiceDesk, **changes: Any) -> None:
    desk.tell(SOURCE, "4711", an_order(requisition_id="77", **changes))


def approve(desk: InvoiceDesk, login: str = "boss", **changes: Any) -> None:
    desk.approve(login, "4711", "purchase_order", **changes)


def _nobody(desk: InvoiceDesk) -> None:
    pass


def _themselves(desk: InvoiceDesk) -> None:
    approve(desk, "k.lind")


def _a_leaver(desk: InvoiceDesk) -> None:
    approve(desk)
    desk.person("2", "boss", manager_number="3", ends_on=date(2026, 1, 4))


def _a_stranger(desk: InvoiceDesk) -> None:
    approve(desk, "stranger")
    desk.person("9", "stranger")


def _a_small_limit(desk: InvoiceDesk) -> None:
    approve(desk)
    desk.person("2", "boss", manager_number="3", approval_limit=Money.of("99.99", "EUR"))


def _somebody_who_has_not_decided(desk: InvoiceDesk) -> None:
    approve(desk)
    approve(desk, "chief", status="pending", position=2)


def _a_requisition(status: str, total: str) -> Callable[[InvoiceDesk], None]:
    def plant(desk: InvoiceDesk) -> None:
        approve(desk)
        line = RequisitionLine(number="1", description="Desk", amount=eur(total))
        wish: Any = {
            "number": "REQ-77",
            "status": status,
            "currency": "EUR",
            "total": eur(total),
            "lines": (line,),
        }
        desk.put(SOURCE, "77", Requisition(**wish))

    return plant


TROUBLES = [
    (_nobody, "missing", "APPROVER_MISSING"),
    (_themselves, "self_approval", "APPROVER_SELF"),
    (_a_leaver, "approver", "APPROVAL_STALE"),
    (_a_stranger, "hierarchy", "APPROVER_STALE"),
    (_a_small_limit, "limit", "APPROVAL_LIMIT"),
    (_somebody_who_has_not_decided, "chain", "APPROVAL_STALE"),
    (_a_requisition("withdrawn", "100"), "requisition", "APPROVAL_STALE"),
    (_a_requisition("ordered", "99.99"), "requisition", "APPROVAL_STALE"),
]


@pytest.mark.parametrize(("trouble", "kind", "class_"), TROUBLES)
def test_a_doubtful_approval_of_an_order_does_what_policy_says(
    trouble: Callable[[InvoiceDesk], None], kind: str, class_: str
) -> None:
    """Blocked it is an exception, noted a finding, off no news; whatever it is, nothing else is doubted."""
    off = dict.fromkeys(
        ("self_approval", "approver", "hierarchy", "limit", "chain", "requisition", "missing"), "off"
    )
    blocked, noted, ignored = (a_desk(**{**off, kind: severity}) for severity in ("block", "note", "off"))
    for desk in (blocked, noted, ignored):
        trouble(desk)
        submit(desk)

    assert ([(class_, "open")], "check_approval") == (blocked.exceptions, blocked.step("4711"))
    assert ([], [class_], "await_commitment") == (noted.exceptions, noted.noted, noted.step("4711"))
    assert ([], [], "await_commitment") == (ignored.exceptions, ignored.noted, ignored.step("4711"))


def test_an_approval_that_stands_is_not_doubted() -> None:
    """By the manager, within the limit, the requisition over as much."""
    desk = a_desk(
        missing="block", hierarchy="block", limit="block", self_approval="block", requisition="block"
    )
    _a_requisition("ordered", "100")(desk)

    submit(desk)

    assert ([], [], "await_commitment") == (desk.exceptions, desk.noted, desk.step("4711"))


@pytest.mark.parametrize("who", ["delegate", "chief"])
def test_a_delegate_and_a_superiors_superior_may_approve(who: str) -> None:
    """Whoever stands in for, or above, the manager."""
    desk = a_desk(hierarchy="block", limit="block")
    desk.person("2", "boss", manager_number="3", delegates=("8",))
    desk.person("8", "delegate")
    approve(desk, who)

    submit(desk)

    assert "await_commitment" == desk.step("4711")


def test_a_doubtful_approval_is_looked_at_again_for_a_day() -> None:
    """Approved meanwhile, it goes on by itself; after a day a person looks."""
    cured, stays = a_desk(missing="recheck"), a_desk(missing="recheck")
    for desk in (cured, stays):
        submit(desk)
    waits = cured.flow("4711").state
    approve(cured)

    cured.wait(hours=1, minutes=1)
    for _ in range(26):
        stays.wait(hours=1)

    assert ("waiting", "await_commitment") == (waits, cured.step("4711"))
    assert ([], [("APPROVER_MISSING", "open")]) == (cured.exceptions, stays.exceptions)


@pytest.mark.parametrize(("severity", "step"), [("block", "check_approval"), ("note", "await_posting")])
def test_an_invoice_whose_approver_left_is_stale(severity: str, step: str) -> None:
    """The same rules as for orders, by the invoice's own policy."""
    desk = InvoiceDesk(approval={"approver": severity})
    desk.person("7", "a.berg", ends_on=date(2026, 1, 2))
    desk.approve()

    desk.invoice(an_invoice(a_free_line()))

    assert step == desk.step()
    assert "APPROVAL_STALE" in [*desk.noted, *(class_ for class_, _ in desk.exceptions)]


@pytest.mark.parametrize(
    ("approver", "kind", "expected"),
    [
        ("stranger", "hierarchy", ["APPROVER_STALE"]),
        ("k.lind", "self_approval", ["APPROVER_SELF"]),
        ("boss", "hierarchy", []),
    ],
)
def test_an_invoice_is_approved_above_whoever_ordered_what_is_invoiced(
    approver: str, kind: str, expected: list[str]
) -> None:
    """Its order says who that was: neither they themselves nor somebody beside their hierarchy is enough."""
    off = dict.fromkeys(("self_approval", "hierarchy"), "off")
    desk = InvoiceDesk(approval={**off, kind: "note"})
    for number, login, manager in (
        ("1", "k.lind", "2"),
        ("2", "boss", "3"),
        ("3", "chief", None),
        ("9", "stranger", None),
    ):
        desk.person(number, login, manager_number=manager)
    desk.order()
    desk.receive()
    desk.approve(approver)

    desk.invoice()

    assert ("await_posting", expected) == (desk.step(), desk.noted)


def test_an_account_of_the_order_that_was_closed_since_stops_its_invoice() -> None:
    """The ERP would charge it there."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    desk.put(TARGET, "cc420", a_cost_centre(is_active=False))

    desk.invoice()

    assert [("APPROVAL_STALE", "open")] == desk.exceptions


@pytest.mark.parametrize(("severity", "step"), [("block", "check_approval"), ("note", "await_posting")])
def test_a_budget_that_was_spent_since_is_stale(severity: str, step: str) -> None:
    """Of lines without an order: an order has reserved its funds already."""
    desk = InvoiceDesk(approval={"budget": severity})
    desk.put("extract", "b", a_budget("1000", "99.99"))

    desk.invoice(an_invoice(a_free_line()))

    assert step == desk.step()


def test_a_budget_is_that_of_the_cost_centre_in_the_erp_less_what_orders_promise() -> None:
    """The source may call it otherwise; and what an order has taken since the budget was read is not there to be spent."""
    desk = InvoiceDesk(approval={"budget": "block"}, duplicates={"same_amount": "off"})
    desk.rows["cost_centre"] = (("N7", "420"), ("420", "420"), ("000", "000"))
    desk.put("extract", "b", a_budget("250", "250"))

    desk.order()
    desk.tell(SOURCE, "I2", an_invoice(a_free_line("151", centre="N7"), number="INV-2"))
    desk.tell(SOURCE, "I3", an_invoice(a_free_line("150", centre="N7"), number="INV-3"))

    assert ("check_approval", "await_posting") == (desk.step("I2"), desk.step("I3"))
    assert "cost centre 420 has 150.00 EUR left by now" in desk.cause


def a_budget(amount: str, remaining: str) -> Budget:
    return Budget(
        number="DE01/420/2026", name="Office", legal_entity="DE01", period="2026", cost_centre="420",
        amount=eur(amount), remaining=eur(remaining),
    )  # fmt: skip


def test_an_absolute_budget_lets_no_two_orders_spend_the_same_money() -> None:
    """Each would fit what is left by itself; the second is stopped although nobody has read the budget again."""
    desk = a_desk()
    setup = desk.profile.model_dump(mode="json", by_alias=True)
    setup["legal_entities"]["DE01"]["budget_control"] = "absolute"
    desk.profile = Profile.model_validate(setup)
    desk.put("extract", "b", a_budget("150", "150"))
    desk.order()

    desk.tell(SOURCE, "4712", an_order(number="PO-2"))

    assert [("BUDGET_EXCEEDED", "open")] == desk.exceptions
    assert "420: the order takes 100.00 EUR, 50.00 EUR are left" in desk.cause


def test_an_advisory_budget_is_noted() -> None:
    """The ERP's own funds check decides."""
    desk = a_desk()
    desk.put("extract", "b", a_budget("150", "50"))

    submit(desk)

    assert ("await_commitment", ["BUDGET_LOW"]) == (desk.step("4711"), desk.noted)


def test_a_day_of_looking_again_begins_with_the_doubt() -> None:
    """Held three days for another reason, a doubtful approval is still waited for a day."""
    desk = a_desk(missing="recheck")
    desk.rows["cost_centre"] = (("430", "430"),)
    submit(desk)
    held = desk.step("4711")
    desk.wait(days=3)
    desk.rows["cost_centre"] = (("420", "420"),)
    desk.retry()
    waits = desk.flow("4711").state
    for _ in range(26):
        desk.wait(hours=1)

    assert ("resolve_accounts", "waiting") == (held, waits)
    assert [("MAPPING_MISSING", "closed"), ("APPROVER_MISSING", "open")] == desk.exceptions


@pytest.mark.parametrize(
    "more",
    [
        {"login": "ghost"},
        {"login": "unset"},
        {"login": "abroad", "approval_limit": Money.of("500", "USD")},
    ],
    ids=lambda one: one["login"],
)
def test_a_limit_that_nobody_can_compare_is_noted(more: dict[str, Any]) -> None:
    """An approver who is unknown, without a limit, or with one in another currency hides no small limit."""
    desk = a_desk()
    _a_small_limit(desk)
    approve(desk, more["login"], position=2)
    if more["login"] != "ghost":
        desk.person("7", **more)
    submit(desk)

    assert ["APPROVAL_LIMIT_UNKNOWN"] == [one for one in desk.noted if one.startswith("APPROVAL_LIMIT")]


@pytest.mark.parametrize(
    ("requisitions", "invoices", "stopped"),
    [
        ("500", "99", ["invoice"]),
        ("99", "500", ["order"]),
        ("500", None, []),
        (None, "99", ["invoice", "order"]),
    ],
)
def test_each_kind_of_document_has_a_limit_of_its_own(
    requisitions: str | None, invoices: str | None, stopped: list[str]
) -> None:
    """Whoever may order for 500 may not pay 100 by that; where there is none for a kind, the usual one counts."""
    desk = a_desk(limit="block")
    kept = {"requisition": requisitions, "invoice": invoices}
    usual = eur("500") if invoices is None else eur("50")
    limits = tuple(ApprovalLimit(of=of, amount=eur(one)) for of, one in kept.items() if one)  # type: ignore[arg-type]
    desk.person("2", "boss", manager_number="3", approval_limit=usual, approval_limits=limits)
    approve(desk)
    desk.approve("boss", "I1")
    submit(desk)
    desk.invoice(an_invoice(a_free_line("100")))

    shown = {"order": desk.step("4711"), "invoice": desk.step("I1")}
    assert stopped == sorted(name for name, step in shown.items() if step == "check_approval")
    assert [("APPROVAL_LIMIT", "open")] * len(stopped) == desk.exceptions


def approved_on_a_budget(
    desk: InvoiceDesk, key: str, entity: str, now: str, *, is_read_before: bool = True
) -> None:
    """Somebody approves on a budget of 1000, which is another one by the time that the document comes."""
    if is_read_before:
        desk.put("extract", "b", a_budget("1000", "1000"))
    desk.clock.advance(timedelta(days=1))
    desk.approve("boss", key, entity, decided_at=desk.now)
    desk.clock.advance(timedelta(days=1))
    desk.put("extract", "b", a_budget(now, now))


@pytest.mark.parametrize("severity", ["note", "recheck", "block", "off"])
def test_an_order_approved_on_a_budget_that_became_smaller_has_a_stale_basis(severity: str) -> None:
    """Noted, looked at again or held, by policy, although the rest would suffice."""
    desk = a_desk(budget=severity)
    approved_on_a_budget(desk, "4711", "purchase_order", "400")

    submit(desk)

    waits = {"note": "await_commitment", "off": "await_commitment"}.get(severity, "check_approval")
    assert waits == desk.step("4711")
    assert (["APPROVAL_STALE"] if severity == "note" else []) == desk.noted
    if severity == "block":
        assert [("APPROVAL_STALE", "open")] == desk.exceptions
        assert (
            "was approved on the budget of cost centre 420 over 1,000.00 EUR, which is 400.00 EUR by now"
            in desk.cause
        )


@pytest.mark.parametrize(("now", "is_read_before"), [("1000", True), ("1500", True), ("400", False)])
def test_a_budget_that_did_not_become_smaller_since_raises_no_doubt(now: str, is_read_before: bool) -> None:
    """Raised, as it was, or read for the first time after the approval: nobody knows what it was then."""
    desk = a_desk(budget="block")
    approved_on_a_budget(desk, "4711", "purchase_order", now, is_read_before=is_read_before)

    submit(desk)

    assert ("await_commitment", []) == (desk.step("4711"), desk.noted)


def test_an_order_on_an_account_that_was_closed_since_has_a_stale_basis() -> None:
    """It stops, since the ERP takes nothing there; that its approval rests on it is said, once for all retries."""
    desk = a_desk()
    approve(desk)
    desk.put(TARGET, "cc420", a_cost_centre(is_active=False))
    submit(desk)
    desk.retry()

    assert [("COST_CENTRE_INACTIVE", "closed"), ("COST_CENTRE_INACTIVE", "open")] == desk.exceptions
    assert ["APPROVAL_STALE"] == desk.noted


def test_an_invoice_without_an_order_approved_on_a_budget_that_became_smaller_has_a_stale_basis() -> None:
    """As an order."""
    desk = a_desk(budget="block")
    approved_on_a_budget(desk, "I1", "invoice", "400")

    desk.invoice(an_invoice(a_free_line("100")))

    assert ([("APPROVAL_STALE", "open")], "check_approval") == (desk.exceptions, desk.step())
