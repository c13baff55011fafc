"""`finsync profile owners` and `finsync exceptions list --role`: who answers for what."""

from __future__ import annotations

from finsync_tui import profile
from finsync_tui.routing import route
from finsync_tui.settings import load_workspace
from store import cases
from tests.builders import MONDAY, a_case
from tests.finsync_tui.cli.conftest import Finsync


def test_everything_has_an_owner_and_people(office: Finsync) -> None:
    """As the profile says it, with who has the roles."""
    found = office("profile", "owners", "--json").json
    shown = office("profile", "owners")

    assert {"flow", "system", "contract", "mapping"} == {one["kind"] for one in found}
    assert {("procurement", "maria,vera", "controlling", "tom", True)} == {
        (o["owner"], ",".join(o["owner_people"]), o["deputy"], ",".join(o["deputy_people"]), o["is_default"])
        for o in found
    }
    assert "0 of them without" in shown.err


def test_exceptions_are_listed_by_role(office: Finsync) -> None:
    """A routed one is found by its role, and says for what; another role has none."""
    with office.store() as store:
        with store.transaction() as db:
            number = cases.open(db, a_case(), MONDAY)
        route(store, profile.load(load_workspace(office.path)), MONDAY)
    mine = office("exceptions", "list", "--role", "procurement", "--json").json
    others = office("exceptions", "list", "--role", "controlling", "--json").json
    shown = office("exceptions", "show", number).out

    assert ([number], []) == ([one["id"] for one in mine], others)
    assert ("procurement", None) == (mine[0]["owner_role"], mine[0]["escalated_at"])
    assert f"procurement, for {mine[0]['routed_for']}" in shown


def test_an_owner_of_nothing_is_a_problem_of_the_profile(office: Finsync) -> None:
    """With its file and line."""
    path = office.path / "profiles" / "own" / "profile.toml"
    more = '\n[owners.systems.oracel]\nowner = "a"\ndeputy = "b"\n'
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    answer = office("profile", "check", "--json")

    assert 3 == answer.code
    assert [("owners.systems.oracel", True)] == [(one["place"], bool(one["line"])) for one in answer.json]
