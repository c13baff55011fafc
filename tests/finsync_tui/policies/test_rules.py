"""The company's own rules, from the layers of a profile to what they do to a document."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from finsync_tui import actions, profile
from finsync_tui.actions import Actor
from finsync_tui.policies import ruling, testing
from finsync_tui.policies.model import Rule
from finsync_tui.profile import Profile
from finsync_tui.settings import create_workspace, load_workspace
from store import cases
from tests.builders import a_purchase_order
from tests.finsync_tui.flows.desk import PROFILE, Desk
from tests.finsync_tui.flows.expense_desk import ExpenseDesk
from tests.finsync_tui.flows.invoice_desk import InvoiceDesk

ANALYST = Actor("ana", "cli")


def a_desk(**rules: dict[str, Any]) -> Desk:
    """A desk whose company has these rules for orders."""
    desk = Desk()
    told = {name: {"why": f"{name} says so", **rule} for name, rule in rules.items()}
    desk.profile = Profile.model_validate(
        {**PROFILE, "policies": {"orders": {"decides": "order_check", "rules": told}}}
    )
    desk.judges = ruling.judges(desk.profile.policies)
    return desk


def an_order(amount: str) -> Any:
    return a_purchase_order(total=amount)


def judged(decision: str, rules: dict[str, Any]) -> Any:
    setup = {"own": {"decides": decision, "rules": rules}}
    return ruling.judges(Profile.model_validate({"systems": {}, "policies": setup}).policies)


def held_at(desk: Desk) -> str:
    case = cases.get(desk.store.db, the_case(desk))
    assert case is not None
    return case.class_


LARGE = "order.total.amount >= decimal('1000')"


def the_case(desk: Desk) -> int:
    rows = desk.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchall()
    return int(rows[0][0])


def test_a_rule_that_stops_holds_the_order_until_it_says_no() -> None:
    """Nothing reaches the ERP, the rule is named, and a retry asks it again."""
    desk = a_desk(large={"when": LARGE, "then": "stop", "fix": "Make two orders of it."})

    desk.order(an_order("1000.00"))
    actions.retry(desk.store, ANALYST, [the_case(desk)])
    desk.run()

    case = cases.get(desk.store.db, the_case(desk))
    assert case is not None
    assert ("POLICY_HELD", "Make two orders of it.") == (case.class_, case.fix)
    assert "large says so [orders/large]" in case.cause
    assert [] == desk.sent


def test_a_rule_that_asks_lets_pass_what_a_person_retries() -> None:
    """Whoever retries it has looked: this version of the order goes on, and is not asked about again."""
    desk = a_desk(large={"when": LARGE, "then": "ask"})
    desk.order(an_order("1000.00"))
    held = list(desk.sent)

    actions.retry(desk.store, ANALYST, [the_case(desk)])
    desk.run()
    desk.answer()

    assert [] == held
    assert "order.create" == desk.sent[0]


def test_a_newer_version_is_asked_about_again() -> None:
    """What a person let pass was that version; another one is looked at anew."""
    desk = a_desk(large={"when": LARGE, "then": "ask"})
    desk.order(an_order("1000.00"))
    actions.retry(desk.store, ANALYST, [the_case(desk)])
    desk.order(an_order("2000.00").model_copy(update={"revision": "2"}))

    assert "POLICY_HELD" == held_at(desk)


def test_a_retry_for_a_rule_that_stops_answers_no_rule_that_asks() -> None:
    """The analyst has looked at what stopped it, and not yet at the other."""
    desk = a_desk(
        large={"when": LARGE, "then": "ask"}, dear={"when": "today < date('2026-01-06')", "then": "stop"}
    )
    desk.order(an_order("1000.00"))
    desk.clock.advance(timedelta(days=2))

    actions.retry(desk.store, ANALYST, [the_case(desk)])
    desk.run()

    assert "POLICY_HELD" == held_at(desk)
    assert [] == desk.sent


def test_a_rule_says_how_a_purchase_is_taxed() -> None:
    """The first that says yes decides, and the step names it; where none does, the profile's table decides."""
    rules = {
        "reverse": {"when": LARGE, "then": "reverse_charge", "why": "x", "priority": 1},
        "all": {"when": "order.total.amount > decimal('500')", "then": "standard_19", "why": "x"},
    }

    taxed = []
    for amount in ("1000.00", "600.00", "5.00"):
        desk = Desk()
        desk.judges = judged("order_tax", rules)
        desk.order(an_order(amount))
        taxed.append(desk.workflow.data["policy"]["tax_treatment"])

    assert ["reverse_charge", "standard_19", "standard"] == taxed


def test_an_invoice_is_held_by_a_rule() -> None:
    """Before anything of it reaches the ERP."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    rule = {"when": "invoice.total.amount > decimal('0')", "then": "stop", "why": "no invoices today"}
    desk.judges = judged("invoice_check", {"none": rule})

    desk.invoice()

    assert [("POLICY_HELD", "open")] == desk.exceptions
    assert "invoice.create" not in desk.sent


def test_an_expense_document_is_held_by_a_rule() -> None:
    """Before anything of it reaches the ERP."""
    desk = ExpenseDesk()
    rule = {"when": "document.kind == 'report'", "then": "stop", "why": "no reports today"}
    desk.judges = judged("expense_check", {"none": rule})

    desk.submit()
    desk.answer()

    assert [("POLICY_HELD", "open")] == desk.exceptions


def test_a_rule_that_notes_keeps_what_it_noticed() -> None:
    """The order goes on; the finding names the rule."""
    desk = a_desk(large={"when": LARGE, "then": "note"})

    desk.order(an_order("1000.00"))
    desk.answer()

    noted = desk.store.db.execute("SELECT message FROM finding WHERE class='POLICY_NOTED'").fetchall()
    assert ["large says so [orders/large]"] == [row[0] for row in noted]


def test_a_rule_of_another_company_or_day_is_not_asked() -> None:
    """Companies, regions and days bound it; a rule that is switched off is not asked either."""
    rule = Rule(
        when="true",
        then="stop",
        why="x",
        companies=("FR01", "EMEA"),
        valid_from=date(2026, 2, 1),
        valid_to=date(2026, 2, 28),
    )
    off = rule.model_copy(update={"is_enabled": False})

    assert rule.holds("FR01", "", date(2026, 2, 1))
    assert rule.holds("DE01", "EMEA", date(2026, 2, 28))
    assert not rule.holds("US01", "AMER", date(2026, 2, 10))
    assert not rule.holds("FR01", "EMEA", date(2026, 3, 1))
    assert not rule.holds("FR01", "EMEA", date(2026, 1, 31))
    assert not off.holds("FR01", "EMEA", date(2026, 2, 10))


def test_an_order_that_a_rule_can_not_be_asked_of_waits_for_a_person() -> None:
    """No answer is made up: neither that it may go on nor that it may not."""
    small = "decimal('0.00000000000000000001')"
    desk = a_desk(odd={"when": f"times({small}, {small}) > decimal('0')", "then": "note"})

    desk.order(an_order("5.00"))

    case = cases.get(desk.store.db, the_case(desk))
    assert case is not None
    assert "POLICY_UNDECIDED" == case.class_
    assert "orders/odd" in case.cause


def test_the_shipped_rules_pass_their_cases(tmp_path: Path) -> None:
    """Each of them is expected by at least one case."""
    create_workspace(tmp_path / "w", layers=("shared", "controls"))
    found = profile.load_rules(load_workspace(tmp_path / "w"))

    outcomes = testing.run(found.policies, found.companies)

    assert [] == [one for one in outcomes if one.problem]
    assert [] == testing.untested(found.policies)
    assert len(outcomes) >= 9


def test_a_later_layer_changes_one_rule_and_switches_off_another(tmp_path: Path) -> None:
    """What it does not mention stays."""
    create_workspace(tmp_path / "w", layers=("shared", "controls", "own"))
    layer = tmp_path / "w" / "profiles" / "own"
    (layer / "policies").mkdir(parents=True)
    (layer / "profile.toml").write_text("", encoding="utf-8")
    (layer / "policies" / "orders.toml").write_text(
        '[rules.large]\nthen = "stop"\n[rules.split]\nis_enabled = false\n', encoding="utf-8"
    )

    rules = profile.load_rules(load_workspace(tmp_path / "w")).policies["orders"].rules

    assert ("stop", False) == (rules["large"].then, rules["split"].is_enabled)
    assert 'decimal("250000")' in rules["large"].when


def test_a_bad_rule_never_reaches_the_engine(tmp_path: Path) -> None:
    """The check names file and line; the profile as a whole does not pass, so no engine starts on it."""
    create_workspace(tmp_path / "w", layers=("own",))
    layer = tmp_path / "w" / "profiles" / "own"
    (layer / "policies").mkdir(parents=True)
    (layer / "profile.toml").write_text("", encoding="utf-8")
    file = layer / "policies" / "orders.toml"
    file.write_text(
        'decides = "order_check"\n\n[rules.wrong]\nwhen = "order.totl.amount > decimal(\'1\')"\nthen = "stop"\nwhy = "x"\n'
        '[rules.word]\nwhen = "true"\nthen = "halt"\nwhy = "x"\ncompanies = ["XX99"]\n'
        '[tests.one]\non = 2026-05-04\nexpects = ["gone"]\n',
        encoding="utf-8",
    )
    workspace = load_workspace(tmp_path / "w")

    found = {one.place: (one.file, one.line, one.message) for one in profile.check_rules(workspace)}

    assert (str(file), 4) == found["policies.orders.rules.wrong.when"][:2]
    assert "did you mean 'total'?" in found["policies.orders.rules.wrong.when"][2]
    assert "stop or ask or note" in found["policies.orders.rules.word.then"][2]
    assert "no company" in found["policies.orders.rules.word.companies.0"][2]
    assert "there is no rule 'gone'" in found["policies.orders.tests.one.expects.0"][2]
    assert {one.place for one in profile.check(workspace)} >= found.keys()
    with pytest.raises(ruling.PoliciesError):
        ruling.judges(profile.load(workspace).policies)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"order": {"totl": {}}}, "there is no field order.totl"),
        ({"order": {"total": {"amount": 1.5}}}, 'write an exact number as text, "1.5"'),
        ({"order": {"lines": {}}}, "order.lines is a list"),
        ({"order": {"number": 5}}, "5 is no text"),
        ({"invoice": {}}, "there is no invoice; given can be order"),
        ({}, "its field 'status' is missing"),
        ({"order": {"status": "open"}}, "the rules say something else"),
    ],
)
def test_a_case_that_does_not_fit_or_pass_says_so(given: dict[str, Any], problem: str) -> None:
    """What is given is held to the contract, too; a case with too little says what is missing."""
    policies = Profile.model_validate(
        {
            "systems": {},
            "policies": {
                "orders": {
                    "decides": "order_check",
                    "rules": {"drafts": {"when": "order.status == 'draft'", "then": "note", "why": "x"}},
                    "tests": {"one": {"on": "2026-05-04", "given": given, "expects": ["drafts"]}},
                }
            },
        }
    ).policies

    (outcome,) = testing.run(policies, {})

    assert problem in outcome.problem
