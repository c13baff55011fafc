"""Who acts, and what their roles allow."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import tomlkit

from finsync_tui import actions, people
from finsync_tui.actions import Actor
from finsync_tui.people import ALLOWED, RoleMissingError, who_is
from finsync_tui.profile.people_check import people_problems
from finsync_tui.screens.acting import perform
from finsync_tui.settings import create_workspace
from store import cases, open_store
from tests.builders import MONDAY, a_case, a_clock
from tests.finsync_tui.flows.desk import PROFILE
from tests.finsync_tui.governance.council import PEOPLE, Council, a_person, public

ACTIONS = Path(actions.__file__).parent


def test_every_act_has_the_roles_that_it_takes() -> None:
    """Whatever an action notes in the audit log is in the table: nothing is allowed or refused by accident."""
    named = {
        node.value
        for file in ACTIONS.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.partition(".")[0] in ("exception", "delivery", "workflow", "system", "mapping")
        and node.value.replace(".", "").replace("_", "").isalpha()
        and node.value.partition(".")[2]
    }

    assert named
    assert set() == named - ALLOWED.keys()


@pytest.mark.parametrize("name", ["vera", "otto", "stranger"])
def test_who_only_looks_changes_nothing(name: str) -> None:
    """A viewer, an auditor and an account that is not listed can't retry."""
    council = Council()
    with council.store.transaction() as db:
        case = cases.open(db, a_case(), MONDAY)

    with pytest.raises(RoleMissingError, match=r"this \(exception retried\) is for administrator or analyst"):
        actions.retry(council.store, council.who(name), [case])

    assert [] == council.noted


def test_an_auditor_may_comment() -> None:
    """A question belongs to where it arose."""
    council = Council()
    with council.store.transaction() as db:
        case = cases.open(db, a_case(), MONDAY)

    actions.comment(council.store, council.who("otto"), case, "who agreed to this?")

    assert [("otto", "exception.commented")] == council.noted


def test_an_account_is_the_person_that_the_profile_lists() -> None:
    """Acts are noted under the person's name, by account or by web sign-in."""
    profile = Council(
        {"maria": {"os_account": "m.muster", "web_login": "maria@example.com", "roles": ["analyst"]}}
    ).profile

    assert ["maria", "maria", "other"] == [
        who_is(profile, os_account="m.muster").name,
        who_is(profile, web_login="maria@example.com").name,
        who_is(profile, os_account="other").name,
    ]
    assert not who_is(profile, os_account="maria@example.com").is_listed
    assert frozenset() == who_is(profile, web_login="").roles


def test_the_environment_does_not_say_who_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    """LOGNAME and USER can be set by anybody."""
    before = people.account()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "tom")

    assert before == people.account()


@pytest.mark.parametrize(
    ("listed", "place"),
    [
        (
            {"a": a_person("a", "analyst"), "b": {**a_person("b", "approver"), "os_account": "a"}},
            "people.b.os_account",
        ),
        (
            {"a": a_person("a", "analyst"), "b": {**a_person("b", "approver"), "key": public("a")}},
            "people.b.key",
        ),
        ({"a": a_person("a", "approver", "analyst")}, "people"),
        ({"a": {"roles": ["analyst"]}, **PEOPLE}, "people.a"),
    ],
)
def test_people_that_can_not_work_are_problems_of_the_profile(listed: dict[str, object], place: str) -> None:
    """Two for one account or key, a rule that nobody can follow, somebody who can't act."""
    assert place in [problem.place for problem in people_problems(Council(listed).profile)]


def test_people_who_can_work_are_no_problem() -> None:
    """A maker and somebody else who approves, each with a key."""
    assert [] == list(people_problems(Council().profile))


def test_the_workbench_asks_the_same_table(tmp_path: Path) -> None:
    """What a command refuses, a key refuses: roles are looked up in the profile before each act."""
    workspace = create_workspace(tmp_path / "w", layers=("own",))
    layer = workspace.path / "profiles" / "own"
    layer.mkdir(parents=True)
    (layer / "profile.toml").write_text(tomlkit.dumps({**PROFILE, "people": PEOPLE}), encoding="utf-8")
    with open_store(workspace.store_path, a_clock()) as store, store.transaction() as db:
        case = cases.open(db, a_case(), MONDAY)

    with pytest.raises(RoleMissingError):
        perform(workspace.store_path, a_clock(), Actor("vera", "tui"), "ignore", [case], "no", "", "")
    done = perform(workspace.store_path, a_clock(), Actor("maria", "tui"), "ignore", [case], "no", "", "")

    assert (case,) == done.done
