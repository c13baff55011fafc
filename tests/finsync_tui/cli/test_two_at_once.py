"""Two people change the same table, or the same rules, at once: neither's work is lost, and the second is shown the conflict.

The same at the workbench is in tests/finsync_tui/screens/test_mappings.py; what a merge keeps, as laws, in
tests/finsync_tui/governance/test_merging.py.
"""

from __future__ import annotations

import pytest

from tests.finsync_tui.cli.conftest import Finsync, Sit
from tests.finsync_tui.cli.test_policy_changes import RULES, layer
from tests.finsync_tui.governance.council import TABLE

REASON = ("--reason", "because")


def rows(office: Finsync) -> dict[str, str]:
    """Return what the table in force says, by value."""
    return {one["from"]: one["to"] for one in office("mapping", "show", TABLE, "--json").json["rows"]}


@pytest.fixture
def both(office: Finsync, sit: Sit) -> Finsync:
    """Maria and Tom have each proposed a change of the table from the same version; his was approved first."""
    layers = (office.path / "profiles" / "own" / "profile.toml").read_text(encoding="utf-8")
    both_roles = layers.replace('roles = ["analyst"]', 'roles = ["analyst", "approver"]', 1)
    (office.path / "profiles" / "own" / "profile.toml").write_text(both_roles, encoding="utf-8")
    office("mapping", "propose", TABLE, "--from-profile", *REASON)
    sit("tom")
    office("mapping", "approve", 1)
    return office


def propose(office: Finsync, sit: Sit, who: str, rule: str) -> int:
    sit(who)
    return int(office("mapping", "propose", TABLE, "--set", rule, *REASON, "--json").json["proposal"])


def test_two_tables_from_one_version_are_brought_together(both: Finsync, sit: Sit) -> None:
    """The second approval ends with the conflict; both proposals are kept; made anew on the newer version, both are in force."""
    mine, his = propose(both, sit, "maria", "CC1=C1"), propose(both, sit, "tom", "CC2=C2")
    sit("maria")
    first = both("mapping", "approve", his)
    sit("tom")
    second = both("mapping", "approve", mine, "--json")
    kept = both("mapping", "list", "--proposals", "--json").json
    between = rows(both)
    sit("maria")
    anew = both("mapping", "propose", TABLE, "--rebase", mine, *REASON, "--json")
    sit("tom")
    third = both("mapping", "approve", anew.json["proposal"])

    assert (0, 1, 0, 0) == (first.code, second.code, anew.code, third.code), anew.err
    assert "PROPOSAL_CONFLICT" == second.json["error"]["code"]
    assert [mine] == [one["id"] for one in kept]
    assert {"CC2"} == {"CC1", "CC2"} & set(between)
    assert {"CC1": "C1", "CC2": "C2"} == {name: rows(both)[name] for name in ("CC1", "CC2")}


def test_a_value_that_both_changed_is_named_and_decided_by_a_person(both: Finsync, sit: Sit) -> None:
    """Nothing wins by itself: the second is told which value, and says that theirs is meant."""
    mine, his = propose(both, sit, "maria", "CC1=C1"), propose(both, sit, "tom", "CC1=C2")
    sit("maria")
    both("mapping", "approve", his)
    refused = both("mapping", "propose", TABLE, "--rebase", mine, *REASON)
    meant = both("mapping", "propose", TABLE, "--rebase", mine, "--mine", *REASON, "--json")
    sit("tom")
    both("mapping", "approve", meant.json["proposal"])

    assert (1, 0) == (refused.code, meant.code)
    assert "PROPOSAL_CONFLICT" in refused.err
    assert "CC1" in refused.err
    assert "C1" == rows(both)["CC1"]


def test_a_person_who_looked_at_an_older_version_is_told(both: Finsync, sit: Sit) -> None:
    """A whole table from a file that somebody edited meanwhile: what the other has put in is shown before it would go."""
    his = propose(both, sit, "tom", "CC2=C2")
    file = both.path / "mine.csv"
    file.write_text("from,to\n420,420\n430,=\nCC1,C1\n", encoding="utf-8")
    sit("maria")
    imported = both("mapping", "import", TABLE, file, *REASON, "--json")
    both("mapping", "approve", his)
    sit("tom")
    second = both("mapping", "approve", imported.json["proposal"])

    assert (0, 1) == (imported.code, second.code), imported.err
    assert "PROPOSAL_CONFLICT" in second.err
    assert "C2" == rows(both)["CC2"]


def test_two_who_change_the_same_rules_lose_nothing(both: Finsync, sit: Sit) -> None:
    """The second approval ends with the conflict and names what differs; its text is kept, and proposed again it can be agreed on."""
    sit("maria")
    layer(both, "100")
    mine = both("policy", "propose", "orders", *REASON, "--json").json["proposal"]
    text = both.path / "his.toml"
    text.write_text(RULES.format(amount="900"), encoding="utf-8")
    sit("tom")
    his = both("policy", "propose", "orders", *REASON, "--file", text, "--json")
    sit("maria")
    first = both("policy", "approve", his.json["proposal"])
    sit("tom")
    second = both("policy", "approve", mine, "--json")
    kept = both("policy", "proposals", "--json").json
    differs = both("policy", "diff", "orders", "--proposal", mine, "--json").json
    sit("maria")
    anew = both("policy", "propose", "orders", *REASON, "--json").json["proposal"]
    sit("tom")
    third = both("policy", "approve", anew)

    assert (0, 1, 0) == (first.code, second.code, third.code), (his.err, first.err)
    assert "POLICY_CONFLICT" == second.json["error"]["code"]
    assert [mine] == [one["id"] for one in kept]
    assert ["rules.large.when"] == [one["place"] for one in differs]
    assert [True] == [one["is_signed"] for one in both("policy", "status", "--json").json]
