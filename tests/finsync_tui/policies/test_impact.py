"""What a change of rules would do, measured on the documents of a desk before anybody signs it."""

from __future__ import annotations

from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.actions import Actor
from finsync_tui.governance.rules import body_of
from finsync_tui.policies import ruling
from finsync_tui.policies.model import PolicySetup
from finsync_tui.policy_impact import Impact, impact
from finsync_tui.profile import Profile
from tests.builders import a_purchase_order
from tests.finsync_tui.flows.desk import PROFILE, Desk

ANALYST = Actor("ana", "cli")


def asks_over(amount: str, **changes: Any) -> dict[str, Any]:
    rule = {"when": f"order.total.amount > decimal('{amount}')", "then": "ask", "why": f"more than {amount}"}
    return {"decides": "order_check", "rules": {"large": {**rule, **changes}}}


class Shop(Desk):
    """A company with a rule for orders, and four orders: 100 and 300 that passed, 500 and 900 that wait for a person."""

    def __init__(self, policy: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.profile = Profile.model_validate({**PROFILE, "policies": {"orders": policy or asks_over("400")}})
        self.judges = ruling.judges(self.profile.policies)
        for amount in ("100", "300", "500", "900"):
            order = a_purchase_order(number=f"PO-{amount}", total=f"{amount}.00")
            self.order(order, external_id=amount)

    def tried(self, policy: dict[str, Any] | None) -> Impact:
        body = body_of(PolicySetup.model_validate(policy) if policy is not None else None)
        return impact(self.store.db, self.profile, "orders", body, self.now)


def told(found: Impact) -> list[tuple[str, str, int]]:
    return [(one.outcome, one.document_number, one.amount_minor or 0) for one in found.documents]


def test_what_waits_would_go_on_and_what_has_passed_stays_and_is_counted() -> None:
    """Over 600 instead of 400: 500 goes on. Over 200: 300 has passed, and would wait if it came today."""
    shop = Shop()

    higher, lower = shop.tried(asks_over("600")), shop.tried(asks_over("200"))

    assert [("released", "PO-500", 50_000)] == told(higher)
    assert {"orders/large": (2, 1)} == dict(higher.rules)
    assert [("past_held", "PO-300", 30_000)] == told(lower)
    assert [("past_held", "EUR", 1, 30_000)] == [
        (one.outcome, one.currency, one.document_count, one.amount_minor) for one in lower.totals
    ]
    assert 4 == lower.asked


def test_the_most_expensive_is_so_in_any_currency() -> None:
    """60,000 yen come before 900.00 euros, which are more smallest units."""
    shop = Shop()
    shop.store.db.execute(
        "UPDATE workflow SET amount_minor=60000, currency='JPY' WHERE document_number='PO-500'"
    )

    assert ["PO-500", "PO-900"] == [number for _, number, _ in told(shop.tried(None))]


def test_the_same_rules_change_nothing_and_no_rules_release_all() -> None:
    """Whoever only rewrites a reason sees that no document is touched."""
    shop = Shop()

    assert [] == told(shop.tried(asks_over("400", why="in other words")))
    assert [("released", "PO-900", 90_000), ("released", "PO-500", 50_000)] == told(shop.tried(None))


def test_a_rule_that_could_not_be_asked_is_said_before_it_is_signed() -> None:
    """The documents are named, with the reason."""
    shop = Shop()
    policy = asks_over("400")
    tiny = "0." + "0" * 19 + "1"
    policy["rules"]["tiny"] = {
        "when": f"times(order.total.amount, decimal('{tiny}')) > times(decimal('{tiny}'), decimal('0.1'))",
        "then": "ask",
        "why": "more decimals than there are",
    }

    found = shop.tried(policy)

    assert {"undecided", "past_held"} == {one.outcome for one in found.documents}
    assert "orders/tiny" in found.documents[0].cause


def test_a_tax_treatment_that_would_be_another_one_is_shown() -> None:
    """Of what has been enriched already, as what it would be today."""
    shop = Shop({"decides": "order_tax", "rules": {"usual": {"when": "true", "then": "S19", "why": "goods"}}})
    reduced = {"when": "order.total.amount < decimal('200')", "then": "S7", "why": "small", "priority": 1}
    policy = {
        "decides": "order_tax",
        "rules": {"usual": {"when": "true", "then": "S19", "why": "goods"}, "small": reduced},
    }

    (one,) = shop.tried(policy).documents

    assert ("past_changed", ("S19",), ("S7",), "PO-100") == (
        one.outcome, one.before, one.after, one.document_number,
    )  # fmt: skip


def test_trying_writes_nothing() -> None:
    """Not a row of the store changes."""
    shop = Shop()
    before = shop.store.db.total_changes

    shop.tried(asks_over("600"))

    assert before == shop.store.db.total_changes


def test_rules_that_do_not_fit_are_not_tried() -> None:
    """They say why."""
    with pytest.raises(ruling.PoliciesError, match=r"orders\.rules\.large\.when"):
        Shop().tried(asks_over("600", when="order.totl > 1"))


def test_what_a_person_let_pass_is_past() -> None:
    """A retry answered the question; a lower amount does not bring it back."""
    shop = Shop()
    case = shop.store.db.execute(
        "SELECT id FROM exception_case WHERE document_number='PO-500' AND ended_at IS NULL"
    ).fetchone()[0]
    actions.retry(shop.store, ANALYST, [case])
    shop.run()

    assert [("released", "PO-900", 90_000)] == [one for one in told(shop.tried(None)) if one[0] == "released"]


def test_a_mended_rule_lets_go_what_could_not_be_asked() -> None:
    """What waits because a rule can't be asked of it is on its way, and would go on."""
    tiny = "0." + "0" * 19 + "1"
    broken = asks_over(
        "400", when=f"times(order.total.amount, decimal('{tiny}')) > times(decimal('{tiny}'), decimal('0.1'))"
    )

    found = Shop(broken).tried(asks_over("400"))

    assert [("released", "PO-300", 30_000), ("released", "PO-100", 10_000)] == told(found)
