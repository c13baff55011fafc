"""Personal sign-ins: an invitation that works once, a passphrase, and a key that only it opens."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from finsync_tui import actions, people
from finsync_tui.actions import sign_ins as letting_in
from finsync_tui.credentials import FOLDER_VARIABLE, Secrets
from finsync_tui.people import KeyMissingError, RoleMissingError
from finsync_tui.people.sealing import Cost, opened, seal
from finsync_tui.people.sign_ins import SignInError, SignIns
from finsync_tui.profile import SIGN_INS
from finsync_tui.profile.people_check import people_problems
from finsync_tui.settings import create_workspace
from store.errors import NotFoundError
from tests.builders import MONDAY
from tests.finsync_tui.governance.council import PEOPLE, Council, a_person

CHEAP = Cost(n=2, r=1)
PHRASE = "heron quilt basalt"
TOM = "tom@example.com"


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SignIns:
    """A host that keeps its secrets in a folder."""
    (tmp_path / "secrets").mkdir()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "secrets"))
    return SignIns(Secrets("office", tmp_path / "w"), CHEAP)


def joined(known: SignIns, name: str = "tom") -> people.Signer:
    return known.join(name, TOM, known.invite(name, MONDAY), PHRASE, MONDAY)


def web_people() -> dict[str, Any]:
    return {**PEOPLE, "tom": {**PEOPLE["tom"], "web_login": TOM}, "ada": a_person("ada", "administrator")}


def test_the_passphrase_opens_the_key_that_was_made_for_it(known: SignIns) -> None:
    """Joining makes a key; signing in gives that same key, a wrong passphrase none."""
    made = joined(known)

    found = known.sign_in("tom", PHRASE)

    assert found is not None
    assert (made.name, made.public) == (found.name, found.public)
    assert known.sign_in("tom", PHRASE + "s") is None
    assert known.sign_in("maria", PHRASE) is None
    assert known.sign_in(None, PHRASE) is None


def test_what_the_host_keeps_opens_nothing(known: SignIns, tmp_path: Path) -> None:
    """Neither passphrase, code nor private key can be read where the secrets lie; only the owner may read at all."""
    code = known.invite("tom", MONDAY)
    before = "".join(file.read_text() for file in (tmp_path / "secrets").iterdir())
    made = known.join("tom", TOM, code, PHRASE, MONDAY)
    kept = {file: file.read_text() for file in (tmp_path / "secrets").iterdir()}

    assert code not in before
    assert not any(PHRASE in text or code in text for text in kept.values())
    assert not any(made.private() in text.encode() or made.private().hex() in text for text in kept.values())
    assert {0o600} == {file.stat().st_mode & 0o777 for file in kept}


def test_an_invitation_works_once_and_not_for_ever(known: SignIns) -> None:
    """Used, replaced by a newer one, expired, somebody else's or nobody's: all are refused in the same words."""
    old = known.invite("tom", MONDAY)
    code = known.invite("tom", MONDAY)
    other = known.invite("maria", MONDAY)

    def refused(name: str | None, with_code: str, hours: float = 0) -> str:
        with pytest.raises(SignInError) as error:
            known.join(name, TOM, with_code, PHRASE, MONDAY + timedelta(hours=hours))
        return str(error.value)

    told = {refused("tom", old), refused("tom", other), refused("tom", code, hours=48), refused(None, code)}
    told |= {refused("tom", ""), refused("vera", code)}
    known.join("tom", TOM, code, PHRASE, MONDAY + timedelta(hours=47))
    told.add(refused("tom", code))

    assert 1 == len(told)
    assert known.sign_in("tom", PHRASE) is not None


@pytest.mark.parametrize("phrase", ["short", "a" * 40, "Tom@Example.com!", "x" * 1_001, "tom@example.com"])
def test_a_weak_passphrase_costs_no_invitation(known: SignIns, phrase: str) -> None:
    """It is refused with a reason, and the code still works."""
    code = known.invite("tom", MONDAY)

    with pytest.raises(SignInError, match="passphrase"):
        known.join("tom", TOM, code, phrase, MONDAY)

    assert known.join("tom", TOM, code, PHRASE, MONDAY)


def test_a_seal_is_good_for_its_owner_only(known: SignIns) -> None:
    """Carried over to another person it opens nothing: nobody signs as somebody else with their own passphrase."""
    joined(known)
    sealed = known.secrets.get(SIGN_INS, "tom")

    known.secrets.put(SIGN_INS, "maria", sealed)

    assert known.sign_in("maria", PHRASE) is None


@pytest.mark.parametrize(
    "sealed",
    ["", "{}", "[]", "null", "[" * 1_000, '{"format":"finsync.seal/1"}', "x" * 3_000,
     '{"format":"finsync.seal/1","cost":[1073741824,64,64],"salt":"AA==","nonce":"AAAAAAAAAAAAAAAA","box":""}'],
)  # fmt: skip
def test_what_is_no_seal_opens_nothing(sealed: str) -> None:
    """Whatever lies there: no error, and no memory that it asks for."""
    assert opened(sealed, PHRASE, of="tom") is None


def test_letters_that_look_alike_are_alike() -> None:
    """A passphrase opens from another keyboard too."""
    sealed = seal(b"k" * 32, "zürich quilt basalt", of="tom", cost=CHEAP)

    assert b"k" * 32 == opened(sealed, "zu\u0308rich quilt basalt", of="tom")


def test_an_administrator_invites_and_revokes(known: SignIns) -> None:
    """Both are noted; an analyst may do neither, and nobody is invited whom the profile gives no web sign-in."""
    council = Council(web_people())

    code = letting_in.invite(council.store, council.profile, known, council.who("ada"), "tom")
    known.join("tom", TOM, code, PHRASE, MONDAY)
    letting_in.revoke(council.store, known, council.who("ada"), "tom")

    assert known.sign_in("tom", PHRASE) is None
    assert not known.has("tom")
    assert [("ada", "person.invited"), ("ada", "person.revoked")] == council.noted
    with pytest.raises(RoleMissingError):
        letting_in.invite(council.store, council.profile, known, council.who("maria"), "tom")
    with pytest.raises(RoleMissingError):
        letting_in.revoke(council.store, known, council.who("tom"), "tom")
    with pytest.raises(SignInError, match="no web_login"):
        letting_in.invite(council.store, council.profile, known, council.who("ada"), "maria")
    with pytest.raises(NotFoundError):
        letting_in.revoke(council.store, known, council.who("ada"), "tom")
    assert 2 == len(council.noted)


def test_the_hosts_keyring_signs_for_nobody_in_a_browser(known: SignIns, tmp_path: Path) -> None:
    """A web person without the key that their passphrase opens can't sign, though the host has a key of that name."""
    council = Council(web_people())
    workspace = create_workspace(tmp_path / "w", name="office")
    people.make_key(known.secrets, "tom")

    tom = actions.acting(council.profile, "web", web_login=TOM)

    assert "tom" == tom.name
    with pytest.raises(KeyMissingError, match="opened no key"):
        actions.signer_of(workspace, council.profile, tom, "mapping.approved")


def test_a_key_goes_with_its_owner_only(known: SignIns, tmp_path: Path) -> None:
    """A sign-in whose name the profile has given to somebody else meanwhile signs as nobody."""
    council = Council(web_people())
    key = joined(known)

    tom = actions.acting(council.profile, "web", web_login=TOM, held=key)
    swapped = Council({**PEOPLE, "eve": {**a_person("eve", "approver"), "web_login": TOM}})
    eve = actions.known_now(swapped.profile, tom)

    assert key is tom.held
    assert ("eve", None) == (eve.name, eve.held)
    assert key.public not in repr(tom)


def test_a_web_sign_in_is_nobody_without_the_profile() -> None:
    """Taken out of it, or with everybody taken out: they may do nothing, not everything."""
    listed = Council(web_people())
    tom = actions.acting(listed.profile, "web", web_login=TOM)

    for people_now in (PEOPLE, {}):
        gone = actions.known_now(Council(people_now).profile, tom)
        assert frozenset() == gone.roles


def test_a_system_must_not_be_called_like_a_place_of_theirs() -> None:
    """Its credentials would lie among the sign-ins."""
    profile = Council().profile
    clash = profile.model_copy(update={"systems": {**profile.systems, SIGN_INS: profile.systems["coupa"]}})

    assert [f"systems.{SIGN_INS}"] == [one.place for one in people_problems(clash)]
