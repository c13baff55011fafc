"""Rules in place of plain settings: as shipped they decide nothing else than the settings, and a rule of one's own wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from finsync_tui.policies import ruling, testing
from finsync_tui.policies.files import read_file
from finsync_tui.policies.model import PolicySetup
from finsync_tui.policies.verdicts import Judging
from finsync_tui.profile import Profile
from store.clock import instant
from tests.builders import MONDAY
from tests.finsync_tui.flows.invoice_desk import InvoiceDesk, a_line, an_invoice
from tests.finsync_tui.flows.test_approval_state import TROUBLES, a_budget, a_desk, submit
from tests.finsync_tui.flows.test_budgets import set_company

CONTROLS = Path(__file__).parents[3] / "profiles" / "controls" / "policies"
SHIPPED = {
    name: read_file(CONTROLS / f"{name}.toml")
    for name in (
        "promises",
        "approvals",
        "matching",
        "budgets",
        "write_offs",
        "retries",
        "tolerances",
        "match_levels",
        "ledger",
        "drifts",
    )
}
DUE = {
    "requisition_to_pay": {"check_approval": "P1D", "await_commitment": "PT4H"},
    "invoice_to_payment": {"match": "P5D"},
}


def policy(decides: str, when: str, then: str) -> Mapping[str, Judging]:
    """Return the judges of one rule beside those that are shipped."""
    own = PolicySetup.model_validate(
        {"decides": decides, "rules": {"own": {"when": when, "then": then, "why": "ours"}}}
    )
    return ruling.judges({**SHIPPED, "own": own})


def with_due(desk: InvoiceDesk) -> InvoiceDesk:
    setup = desk.profile.model_dump(mode="json", by_alias=True)
    for flow, due in DUE.items():
        setup["flows"][flow]["due"] = due
    desk.profile = Profile.model_validate(setup)
    return desk


def told(desk: InvoiceDesk) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that a desk's store has decided."""
    statements = {
        "workflows": "SELECT flow, document_key, state, step, due_at, waiting_for FROM workflow ORDER BY id",
        "steps": "SELECT workflow_id, name, state, due_at, detail FROM workflow_step ORDER BY id",
        "cases": "SELECT class, cause, fix, due_at FROM exception_case ORDER BY id",
        "findings": "SELECT class, severity, message FROM finding ORDER BY id",
    }
    return {name: [tuple(row) for row in desk.store.db.execute(text)] for name, text in statements.items()}


def doubted(
    trouble: Callable[[InvoiceDesk], None], kind: str, severity: str
) -> Callable[[InvoiceDesk], None]:
    def act(desk: InvoiceDesk) -> None:
        set_company(desk, order_approval={kind: severity})
        trouble(desk)
        submit(desk)

    return act


def short(control: str) -> Callable[[InvoiceDesk], None]:
    def act(desk: InvoiceDesk) -> None:
        set_company(desk, budget_control=control)
        desk.put("extract", "b", a_budget("150", "50"))
        submit(desk)

    return act


def dear(severity: str) -> Callable[[InvoiceDesk], None]:
    """An order of 100 is invoiced at 120."""

    def act(desk: InvoiceDesk) -> None:
        match = {"price_severity": severity}
        set_company(desk, invoice={"balance_cost_centre": "000", "match": match})
        desk.order()
        desk.receive()
        desk.invoice(an_invoice(a_line("10", "12")))

    return act


SCENES = [
    *(
        doubted(trouble, kind, severity)
        for trouble, kind, _ in TROUBLES
        for severity in ("block", "note", "off")
    ),
    *(short(control) for control in ("absolute", "advisory")),
    *(dear(severity) for severity in ("block", "note", "off")),
]


@pytest.mark.parametrize("scene", SCENES)
def test_what_is_shipped_decides_what_the_settings_say(scene: Callable[[InvoiceDesk], None]) -> None:
    """Every step, due time, exception and finding is the same with the shipped policies as without any."""
    plain, ruled = with_due(a_desk()), with_due(a_desk())
    ruled.judges = ruling.judges(SHIPPED)
    scene(plain)
    scene(ruled)

    assert told(plain) == told(ruled)


def test_the_shipped_policies_pass_their_cases_and_cover_what_is_switched_on() -> None:
    """Each has a case for every rule that is asked, an owner and a deputy."""
    assert [] == ruling.misfits(SHIPPED, {})
    assert [] == [one for one in testing.run(SHIPPED, {}) if one.problem]
    assert [] == testing.untested(SHIPPED)
    assert all(one.owner and one.deputy for one in SHIPPED.values())
    examples = {
        name: one.model_copy(
            update={
                "rules": {
                    key: rule.model_copy(update={"is_enabled": True}) for key, rule in one.rules.items()
                }
            }
        )
        for name, one in SHIPPED.items()
    }
    assert [] == ruling.misfits(examples, {})


def test_a_rule_says_what_a_doubt_does_whatever_the_setting_is() -> None:
    """By amount: the order is of 100, and a limit that was passed stops it from 100 on."""
    act = doubted(TROUBLES[4][0], "limit", "off")
    above, below = a_desk(), a_desk()
    above.judges = policy(
        "approval_doubt",
        "doubt.kind == 'limit' && has(doubt.amount) && doubt.amount.amount >= decimal('100')",
        "block",
    )
    below.judges = policy(
        "approval_doubt",
        "doubt.kind == 'limit' && has(doubt.amount) && doubt.amount.amount >= decimal('100.01')",
        "block",
    )
    act(above)
    act(below)

    assert [("APPROVAL_LIMIT", "open")] == above.exceptions
    assert [] == below.exceptions


def test_a_rule_says_what_a_short_budget_does() -> None:
    """In one company it stops, although the setting only warns; and the other way round."""
    stops, warns = a_desk(), a_desk()
    stops.judges = policy("budget_short", "company == 'DE01'", "absolute")
    warns.judges = policy("budget_short", "company == 'DE01'", "advisory")
    short("advisory")(stops)
    short("absolute")(warns)

    assert [("BUDGET_EXCEEDED", "open")] == stops.exceptions
    assert ([], ["BUDGET_LOW"]) == (warns.exceptions, warns.noted)


@pytest.mark.parametrize(("then", "exceptions", "noted"), [("note", [], ["MATCH_PRICE"]), ("off", [], [])])
def test_a_rule_says_what_a_difference_in_price_does(
    then: str, exceptions: list[Any], noted: list[str]
) -> None:
    """Of an invoice over 120, a difference of price that the setting blocks."""
    desk, other = a_desk(), a_desk()
    when = "mismatch.kind == 'price' && invoice.total.amount {} decimal('120')"
    desk.judges = policy("invoice_mismatch", when.format("<="), then)
    other.judges = policy("invoice_mismatch", when.format(">"), then)
    dear("block")(desk)
    dear("block")(other)

    assert (exceptions, noted) == (desk.exceptions, [one for one in desk.noted if one.startswith("MATCH")])
    assert [("MATCH_PRICE", "open")] == other.exceptions


def test_a_rule_says_how_long_a_step_may_take() -> None:
    """By step and amount; what it does not speak of takes as long as the setting says."""
    desk = with_due(a_desk())
    desk.judges = policy(
        "step_due",
        "step.name == 'await_commitment' && has(step.amount) && step.amount.amount == decimal('100')",
        "PT1H",
    )
    submit(desk)
    (due,) = [row[4] for row in told(desk)["workflows"]]
    steps = {row[1]: row[3] for row in told(desk)["steps"]}

    assert "await_commitment" == desk.step("4711")
    assert desk.now + timedelta(hours=1) == instant(due)
    assert MONDAY + timedelta(days=1) == instant(steps["check_approval"])


@pytest.mark.parametrize(
    ("decides", "then"),
    [("step_due", "4 hours"), ("step_due", "PT0S"), ("approval_doubt", "stop"), ("budget_short", "ask")],
)
def test_what_can_not_be_said_is_found_by_the_check(decides: str, then: str) -> None:
    """A word or duration that means nothing there, with its place."""
    own = PolicySetup.model_validate(
        {"decides": decides, "rules": {"a": {"when": "true", "then": then, "why": "x"}}}
    )

    (found,) = ruling.misfits({"own": own}, {})

    assert "own.rules.a.then" == found.place
    assert repr(then) in found.message
