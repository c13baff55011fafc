"""`finsync mapping propose --emergency` and `finsync policy propose --emergency`: one person now, another afterwards."""

from __future__ import annotations

import pytest
import tomlkit

from tests.finsync_tui.cli.conftest import Finsync, Sit
from tests.finsync_tui.cli.test_policy_changes import layer

SET = ("mapping", "propose", "cost_centre", "--set", "CC410=410", "--reason", "month end", "--emergency")


@pytest.fixture
def hurry(office: Finsync) -> Finsync:
    """The office, where Maria may put changes in force alone."""
    path = office.path / "profiles" / "own" / "profile.toml"
    settings = tomlkit.parse(path.read_text(encoding="utf-8"))
    settings["people"]["maria"]["roles"] = ["analyst", "emergency"]  # type: ignore[index]
    path.write_text(tomlkit.dumps(settings), encoding="utf-8")
    return office


def test_a_table_changed_in_an_emergency_says_so_everywhere(hurry: Finsync, sit: Sit) -> None:
    """The list, the proposals, the history, the report and doctor; then another approves and none says it any more."""
    done = hurry(*SET, "--json").json
    listed = hurry("mapping", "list", "--json").json[0]
    table = hurry("mapping", "list").out
    proposals = hurry("mapping", "list", "--proposals")
    history = hurry("mapping", "history", "cost_centre").out
    doctor = hurry("doctor").out
    report = hurry("report", "emergency-changes", "--format", "csv").out
    sit("tom")
    approved = hurry("mapping", "approve", done["proposal"])
    after = hurry("mapping", "list", "--json").json[0]

    assert (1, "maria") == (done["emergency"]["proposal"], done["emergency"]["by"])
    assert done["emergency"] == listed["emergency"]
    assert "maria alone" in table
    assert "in force, open" in proposals.out
    assert "maria alone, an emergency" in history
    assert "finsync mapping approve 1, or reject" in doctor
    assert "month end" in report
    assert 0 == approved.code
    assert (None, True, done["version"]) == (after["emergency"], after["is_signed"], after["version"])


def test_rules_changed_in_an_emergency_say_so_too(hurry: Finsync, sit: Sit) -> None:
    """Rejected, the layers count again as far as anybody signed."""
    layer(hurry, "100")
    put = hurry("policy", "propose", "orders", "--reason", "no order passes", "--emergency")
    status = hurry("policy", "status", "--json").json[0]
    proposals = hurry("policy", "proposals", "--json").json
    doctor = hurry("doctor").out
    sit("tom")
    rejected = hurry("policy", "reject", "1", "--reason", "no")
    after = hurry("policy", "status", "--json").json[0]

    assert "orders is in force by maria alone (proposal 1)" in put.out
    assert (1, False) == (status["emergency"]["proposal"], status["is_signed"])
    assert [True] == [one["is_emergency"] for one in proposals]
    assert "finsync policy approve 1, or reject" in doctor
    assert (0, None) == (rejected.code, after["emergency"])
    assert "emergency that was rejected" in hurry("policy", "history", "orders").out


def test_what_is_refused_says_why_and_changes_nothing(office: Finsync, sit: Sit) -> None:
    """Without the role, with a day, for rules that nobody changed."""
    layer(office, "100")
    without = office(*SET)
    rules = office("policy", "propose", "orders", "--reason", "now", "--emergency")
    dated = office("policy", "propose", "orders", "--reason", "now", "--emergency", "--starts", "2030-01-01")

    assert (1, 1, 2) == (without.code, rules.code, dated.code)
    assert "ROLE_MISSING" in without.err
    assert "is for emergency" in rules.err
    assert "leave --starts out" in dated.err
    assert [] == office("mapping", "list", "--proposals", "--all", "--json").json
