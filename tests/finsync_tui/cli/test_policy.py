"""Commands about the company's own rules."""

from __future__ import annotations

from tests.finsync_tui.cli.conftest import Finsync

RULES = """
decides = "order_check"
owner = "procurement"
[rules.large]
when = "order.total.amount > decimal('100')"
then = "ask"
why = "it is large"
[tests.small]
on = 2026-05-04
given.order = { total = { amount = "9.00", currency = "EUR" } }
expects = []
"""


def with_rules(finsync: Finsync, text: str) -> Finsync:
    folder = finsync.path / "profiles" / "own" / "policies"
    folder.mkdir()
    (folder / "orders.toml").write_text(text, encoding="utf-8")
    return finsync


def test_rules_are_listed_with_who_answers_for_them(finsync: Finsync) -> None:
    """Name, what is decided, why, owner."""
    (rule,) = with_rules(finsync, RULES)("policy", "list", "--json").json

    assert ("orders", "large", "order_check", "ask", "procurement", True) == tuple(
        rule[name] for name in ("policy", "rule", "decides", "then", "owner", "is_enabled")
    )
    assert "it is large" in finsync("policy", "list").out


def test_without_rules_the_list_says_where_to_begin(finsync: Finsync) -> None:
    """An empty list is no dead end."""
    assert "controls" in finsync("policy", "list").err


def test_what_can_be_decided_and_named_is_listed(finsync: Finsync) -> None:
    """Decisions with their words; fields with kind, and whether they may be missing; an unknown decision names the known."""
    decisions = {
        row["decision"]: row["says"] for row in finsync("policy", "list", "--decisions", "--json").json
    }
    fields = {row["name"]: row for row in finsync.run("policy", "fields", "order_check", "--json").json}

    assert ["stop", "ask", "note"] == decisions["order_check"]
    assert ("decimal", False) == (
        fields["order.total.amount"]["kind"],
        fields["order.total.amount"]["may_be_missing"],
    )
    assert ("text", True) == (
        fields["order.lines[].category"]["kind"],
        fields["order.lines[].category"]["may_be_missing"],
    )
    assert "order_check" in finsync.run("policy", "fields", "oder_check").err


def test_a_check_and_a_test_end_with_three_when_something_is_wrong(finsync: Finsync) -> None:
    """Rules that fit and pass end with 0; a case that does not pass is a problem of the profile, too."""
    with_rules(finsync, RULES)
    fine = [finsync("policy", one).code for one in ("check", "test")]
    (finsync.path / "profiles" / "own" / "policies" / "orders.toml").write_text(
        RULES.replace("9.00", "900.00"), encoding="utf-8"
    )

    tested, checked = finsync("policy", "test", "--json"), finsync("policy", "check", "--json")

    assert [0, 0] == fine
    assert (3, 3) == (tested.code, checked.code)
    (case,) = tested.json["cases"]
    assert ("orders", "small", [], ["large"]) == (
        case["policy"],
        case["case"],
        case["expected"],
        case["said"],
    )
    assert ["orders/large"] == tested.json["untested"]
    assert ["policies.orders.tests.small"] == [one["place"] for one in checked.json]
    assert (
        "there is no policy 'invoices' in this workspace. Known: orders."
        in finsync("policy", "test", "invoices").err
    )
