"""The demo's people: whoever runs it is its analyst, the others sign in with a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from finsync_tui import actions, people
from finsync_tui import profile as profiles
from finsync_tui.credentials import FOLDER_VARIABLE, Secrets
from finsync_tui.mapping import MappingRow, standings
from finsync_tui.people.sign_ins import SignIns
from finsync_tui.rehearse import staff, workspace
from finsync_tui.rehearse.company import build
from finsync_tui.settings import Workspace, load_workspace
from store.clock import SystemClock
from store.database import open_store
from store.errors import NotAllowedError
from tests.finsync_tui.rehearse.test_workspace import URLS


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    (tmp_path / "mine").mkdir()
    monkeypatch.setenv(
        FOLDER_VARIABLE, str(tmp_path / "mine")
    )  # a person's real secrets: none of the demo's business
    workspace.write(tmp_path / "demo", build(7, 0.01), URLS, has_staff=True)
    return load_workspace(tmp_path / "demo")


def phrase_of(made: Workspace, name: str) -> str:
    assert made.secrets_dir is not None
    lines = (made.secrets_dir / staff.NOTE).read_text().splitlines()
    return next(line.split()[-1] for line in lines if line.startswith(f"{name} "))


def test_a_change_takes_two_of_them(made: Workspace) -> None:
    """The account that runs the demo proposes with its own key; Tom, signed in with his passphrase, approves with his."""
    profile = profiles.load(made)
    me = actions.acting(profile, "tui")
    key = SignIns(Secrets(made.name, made.path, made.secrets_dir)).sign_in("tom", phrase_of(made, "tom"))
    tom = actions.acting(profile, "web", web_login="tom", held=key)
    with open_store(made.store_path, SystemClock()) as store:
        rows = (*standings(store.db, profile)["cost_centre"].rows, MappingRow(source="NEW1", target="="))
        mine = actions.signer_of(made, profile, me, "mapping.proposed")
        done = actions.propose_mapping(store, profile, me, "cost_centre", rows, "opened", signer=mine)
        assert mine is not None
        both = actions.Actor("maria", "tui", frozenset(["approver"]))
        with pytest.raises(NotAllowedError, match="can't approve it too"):
            actions.approve_mapping(store, profile, both, done.proposal, mine)
        his = actions.signer_of(made, profile, tom, "mapping.approved")
        assert his is not None
        approved = actions.approve_mapping(store, profile, tom, done.proposal, his)
        standing = standings(store.db, profile)["cost_centre"]

    assert [] == profiles.check(made)
    assert ("maria", None) == (me.name, done.version)
    assert standing.is_signed
    assert approved.version == standing.version


def test_four_roles_and_no_secret_in_the_workspace(made: Workspace, tmp_path: Path) -> None:
    """Keys lie beside it, for their owner only, and a person's own secrets are left alone."""
    listed = profiles.load(made).people
    assert made.secrets_dir is not None
    kept = list(made.secrets_dir.iterdir())

    assert {"maria", "tom", "otto", "ada"} == set(listed)
    assert people.account() == listed["maria"].os_account
    assert [("approver",), ("auditor",), ("administrator",)] == [
        listed[name].roles for name in ("tom", "otto", "ada")
    ]
    assert tmp_path / "demo.secrets" == made.secrets_dir
    assert {0o600} == {file.stat().st_mode & 0o777 for file in kept}
    assert [] == list((tmp_path / "mine").iterdir())


def test_the_next_demo_has_other_keys_and_leaves_what_is_not_its_own(made: Workspace, tmp_path: Path) -> None:
    """Passphrases are made anew; a folder of that name which no demo made is not touched."""
    before = phrase_of(made, "tom")
    again = workspace.write(made.path, build(7, 0.01), URLS, has_staff=True)
    (tmp_path / "other.secrets").mkdir()
    (tmp_path / "other.secrets" / "letter").write_text("dear auditor")
    other = workspace.write(tmp_path / "other", build(7, 0.01), URLS, has_staff=True)

    assert before != phrase_of(again, "tom")
    assert ["letter"] == [file.name for file in (tmp_path / "other.secrets").iterdir()]
    assert other.secrets_dir not in (None, tmp_path / "other.secrets")
