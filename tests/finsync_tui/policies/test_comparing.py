"""Rules that differ, asked of stored JSON: what they say is what all rules say of the whole document."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.governance.rules import body_of
from finsync_tui.policies import ruling
from finsync_tui.policies.checking import check
from finsync_tui.policies.comparing import Comparison
from finsync_tui.policies.deciding import Judge, tree
from finsync_tui.policies.decisions import DECISIONS
from finsync_tui.policies.kinds import of_model
from finsync_tui.policies.model import PolicySetup
from finsync_tui.policies.values import facts, reader
from finsync_tui.policies.verdicts import UndecidedError
from finsync_tui.policy_impact import Impact, impact
from store.canonical.contracts import CONTRACTS
from store.canonical.purchasing import PurchaseOrder
from tests import strategies
from tests.builders import a_purchase_order
from tests.finsync_tui.policies.test_impact import Shop

TINY = "0." + "0" * 19 + "1"
WHENS = (
    "order.total.amount > decimal('200')",
    "order.total.amount > decimal('600') || order.lines.exists(l, l.amount.amount == decimal('100'))",
    "!has(order.requester)",
    "has(order.requester) && order.requester.startsWith('a')",
    f"times(order.total.amount, decimal('{TINY}')) > decimal('0')",
    "days_between(today, date('2026-01-01')) > 0 && company == 'DE01'",
    "true",
    "false",
)
RULES = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.fixed_dictionaries(
        {
            "when": st.sampled_from(WHENS),
            "then": st.sampled_from(["ask", "note", "stop"]),
            "why": st.sampled_from(["this", "that"]),
            "priority": st.integers(0, 1),
            "companies": st.sampled_from([(), ("DE01",), ("US01",)]),
        }
    ),
    max_size=3,
)
SHOP: list[Shop] = []


def a_shop(rules: dict[str, Any], decides: str = "order_check") -> Shop:
    """Return a shop of four orders; what they are is the same for all rules, so it is filled once."""
    if not SHOP:
        SHOP.append(Shop())
    shop = SHOP[0]
    policies = {"orders": PolicySetup.model_validate({"decides": decides, "rules": rules})}
    shop.profile = shop.profile.model_copy(update={"policies": policies})
    return shop


def reckoned(shop: Shop, rules: dict[str, Any], decides: str = "order_check") -> Impact:
    body = body_of(PolicySetup.model_validate({"decides": decides, "rules": rules}))
    return impact(shop.store.db, shop.profile, "orders", body, shop.now)


@given(RULES, RULES, st.sampled_from(["order_check", "order_tax"]))
def test_the_short_way_finds_what_the_long_one_does(
    before: dict[str, Any], after: dict[str, Any], decides: str
) -> None:
    """Whatever the rules are: stopping or noting, for a company or all, such that can't be asked."""
    shop = a_shop(before, decides)

    short = reckoned(shop, after, decides)
    with (
        patch.object(Comparison, "is_same", lambda *_: None),
        patch.object(Comparison, "question", lambda *_: None),
    ):
        long = reckoned(shop, after, decides)

    assert (long.asked, long.totals, long.documents) == (short.asked, short.totals, short.documents)


ORDERS = st.lists(strategies.purchase_orders(), min_size=1, max_size=6)
COMPANIES = st.sampled_from(["DE01", "US01", ""])


@given(RULES, RULES, ORDERS, st.lists(st.tuples(st.integers(0, 5), COMPANIES), min_size=1, max_size=12))
def test_documents_that_say_the_same_of_what_rules_use_are_one_question(
    before: dict[str, Any], after: dict[str, Any], orders: list[PurchaseOrder], asked: list[tuple[int, str]]
) -> None:
    """Any orders, asked again and again for any company: what was kept of an equal one is what each says when nobody was asked before
    it, and of two that are the same question all rules say the same."""
    policies = [
        {"p": PolicySetup.model_validate({"decides": "order_check", "rules": one})} for one in (before, after)
    ]
    judged = [ruling.judges(one).get("order_check") for one in policies]
    decision, on = DECISIONS["order_check"], date(2026, 5, 4)
    one = Comparison(decision, *judged)
    known: dict[object, Any] = {}

    for number, company in asked:
        order = orders[number % len(orders)]
        body = order.canonical_json()
        assert Comparison(decision, *judged).is_same(body, company, "", on) == one.is_same(
            body, company, "", on
        )
        question = one.question(body, company, "", on)
        said = [_said(judge, order, company, on) for judge in judged]
        assert said == known.setdefault(question, said)
    assert None not in known


def _said(judge: Judge | None, order: PurchaseOrder, company: str, on: date) -> object:
    try:
        return judge.ask({"order": order}, company, "", on) if judge is not None else []
    except UndecidedError as error:
        return str(error)


def test_equal_documents_are_asked_once() -> None:
    """A hundred orders over the same amount, before and after: each says what it would become, and one of them was asked."""
    shop = Shop()
    for number in range(100):
        shop.order(a_purchase_order(number=f"PO-x{number}", total="500.00"), external_id=f"x{number}")
    asked: list[object] = []
    ask = Judge.ask

    def counting(*call: Any) -> Any:
        asked.append(call[1])
        return ask(*call)

    with patch.object(Judge, "ask", counting):
        found = shop.tried(None)

    assert 102 == sum(one.document_count for one in found.totals)
    assert 10 > len(asked)


def test_a_document_that_the_contract_does_not_fit_is_asked_by_itself() -> None:
    """JSON of an older contract is no question of which there are others: it is read whole."""
    judge = ruling.judges(
        {
            "p": PolicySetup.model_validate(
                {"decides": "order_check", "rules": {"a": {"when": WHENS[0], "then": "ask", "why": "x"}}}
            )
        }
    )
    comparison = Comparison(DECISIONS["order_check"], None, judge["order_check"])

    assert comparison.question(b'{"total": 5}', "", "", date(2026, 5, 4)) is None
    assert comparison.is_same(b'{"total": 5}', "", "", date(2026, 5, 4)) is None


def test_rules_that_are_the_same_are_not_asked() -> None:
    """Nor are documents read whole that no rule decides otherwise."""
    same = {"a": {"when": WHENS[1], "then": "ask", "why": "x"}}
    shop = a_shop({**same, "b": {"when": WHENS[0], "then": "ask", "why": "x"}})
    asked: list[Sequence[str]] = []

    with patch("finsync_tui.policy_impact.records.get_many", lambda *call: asked.append(call[-1]) or {}):
        found = reckoned(shop, {**same, "b": {"when": WHENS[0], "then": "ask", "why": "in other words"}})

    assert (4, ()) == (found.asked, found.totals)
    assert [] == asked
    assert {"orders/b": (3, 3)} == dict(found.rules)


@pytest.mark.parametrize("entity", sorted(CONTRACTS))
def test_a_field_that_may_be_missing_is_none_where_nobody_says_it(entity: str) -> None:
    """So that what a stored document lacks is as missing as what it says is null."""
    model = CONTRACTS[entity]
    kind = of_model(model)

    for name, field in model.model_fields.items():
        found = kind.field(name)
        if found is not None and found.may_be_missing and not field.is_required():
            assert field.get_default(call_default_factory=True) is None, name


def test_json_is_read_as_documents_are() -> None:
    """Amounts of any currency, days, moments, lists and what is missing."""
    order = a_purchase_order(total="-101.05", currency="EUR")
    yen = order.model_copy(update={"total": order.total.model_copy(update={"currency": "JPY"})})
    kind = DECISIONS["order_check"].documents["order"]
    when = (
        "order.total.amount > decimal('1') && order.total.currency == 'EUR' && has(order.requester) && order.requester == 'x'"
        " && order.lines.exists(l, l.amount.amount > decimal('0') && has(l.need_by_on) && l.need_by_on > today"
        " && has(l.quantity) && l.quantity > decimal('1'))"
    )
    used = tree(check(when, DECISIONS["order_check"].variables).used)["order"]
    import json

    for one in (order, yen):
        assert facts(one, kind, used) == reader(kind, used)(json.loads(one.canonical_json()))


def test_json_that_lacks_a_field_is_asked_in_full() -> None:
    """As of an older contract: the document knows what it means, its JSON does not."""
    policies = {
        "orders": PolicySetup.model_validate(
            {"decides": "order_check", "rules": {"a": {"when": WHENS[0], "then": "ask", "why": "x"}}}
        )
    }
    comparison = Comparison(DECISIONS["order_check"], None, ruling.judges(policies)["order_check"])

    assert comparison.is_same(b'{"number":"PO-1"}', "DE01", "", date(2026, 1, 5)) is None
    assert comparison.is_same(
        PurchaseOrder.canonical_json(a_purchase_order(total="1.00")), "DE01", "", date(2026, 1, 5)
    ) == ([], [])
