"""Promise 8: who may write to the file can make a chain anew, and can't sign it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import keyring.backends.fail
import pytest

from finsync_tui import people, sealing
from finsync_tui.credentials import SecretPlaceError, Secrets
from store import Store, audit, checkpoints, open_store, proposals
from store.checkpoints import Checkpoint
from tests.builders import MONDAY, a_clock

Deed = Callable[[sqlite3.Connection], None]


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    folder = tmp_path / "secrets"
    folder.mkdir()
    return Secrets("w", tmp_path / "w", folder)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "finsync.db", a_clock())


@pytest.fixture
def sealed(store: Store, secrets: Secrets) -> Store:
    """A log of 30 entries, signed at 10 and 20."""
    for day in range(3):
        _work(store, 10)
        if day < 2:
            assert sealing.seal(store, secrets, MONDAY + timedelta(days=day), is_last=True)
    return store


def _work(store: Store, count: int) -> None:
    entries = [
        audit.Entry(who="maria", what="exception.resolved", subject=f"coupa:{i}") for i in range(count)
    ]
    with store.transaction() as db:
        audit.record(db, entries, MONDAY)


def _verdict(store: Store, secrets: Secrets | None, *keys: str) -> tuple[bool, int | None, str | None]:
    found = sealing.together(audit.verify(store.db), sealing.check(store.db, secrets, keys))
    return found.is_intact, found.first_bad_seq, found.reason


def _as_a_forger(store: Store, deed: Deed) -> None:
    """Take the guards away, do it, and note an end that fits."""
    db = store.db
    for (name,) in db.execute(
        "SELECT name FROM sqlite_master WHERE type='trigger' AND name LIKE 'audit%'"
    ).fetchall():
        db.execute(f"DROP TRIGGER {name}")
    deed(db)
    previous, seq = audit.FIRST_PREVIOUS, 0
    for seq, body in db.execute("SELECT seq, body FROM audit ORDER BY seq").fetchall():
        previous = sha256(previous + body).digest()
        db.execute("UPDATE audit SET hash=? WHERE seq=?", (previous, seq))
    db.execute("UPDATE meta SET value=? WHERE name='audit_head'", (f"{seq}:{previous.hex()}",))


def _edit(seq: int) -> Deed:
    def deed(db: sqlite3.Connection) -> None:
        db.execute(
            "UPDATE audit SET body=CAST(replace(CAST(body AS TEXT), 'maria', 'nobody') AS BLOB) WHERE seq=?",
            (seq,),
        )

    return deed


def _cut(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM audit WHERE seq>15")


def _cut_with_checkpoints(db: sqlite3.Connection) -> None:
    _cut(db)
    db.execute("DELETE FROM audit_checkpoint WHERE seq>15")


def _cut_all_checkpoints(db: sqlite3.Connection) -> None:
    _edit(5)(db)
    db.execute("DELETE FROM audit_checkpoint")


def test_a_log_that_nobody_changed_holds(sealed: Store, secrets: Secrets) -> None:
    """Checkpoints say up to where it is signed, and with which key."""
    found = sealing.check(sealed.db, secrets)

    assert (2, 20, "") == (found.count, found.to, found.problem)
    assert (True, None, None) == _verdict(sealed, secrets)
    assert (True, None, None) == _verdict(sealed, None, found.public or "")


@pytest.mark.parametrize(
    ("deed", "first", "reason"),
    [
        (_edit(15), 11, "edited"),
        (_edit(5), 1, "edited"),
        (_cut, 11, "truncated"),
        (_cut_with_checkpoints, 16, "truncated"),
        (_cut_all_checkpoints, 1, "edited"),
    ],
    ids=["edited", "edited first", "cut", "cut with its checkpoints", "edited without checkpoints"],
)
def test_a_chain_that_was_made_anew_is_found(
    sealed: Store, secrets: Secrets, deed: Deed, first: int, reason: str
) -> None:
    """By itself it is sound; what was signed says that it is another, and behind which entry."""
    _as_a_forger(sealed, deed)

    assert audit.verify(sealed.db).is_intact
    assert (False, first, reason) == _verdict(sealed, secrets)


def test_a_forger_signs_with_a_key_of_their_own_in_vain(sealed: Store, secrets: Secrets) -> None:
    """The key that counts is the account's, or the one that the auditor was given."""
    forger = people.signer_from("forger", people.new_private())
    known = sealing.public_key(secrets)

    def deed(db: sqlite3.Connection) -> None:
        _edit(5)(db)
        db.execute("DELETE FROM audit_checkpoint")

    _as_a_forger(sealed, deed)
    seq, head = audit.head(sealed.db)
    statement = checkpoints.statement(proposals.store_id(sealed.db), seq, head, MONDAY)
    checkpoints.append(sealed.db, Checkpoint(seq, head, MONDAY, forger.public, forger.sign(statement)))

    assert known is not None
    assert (False, 1, "head") == _verdict(sealed, secrets)
    assert (False, 1, "head") == _verdict(sealed, None, known)


def test_what_does_not_hold_is_not_signed_again_until_a_person_accepts_it(
    sealed: Store, secrets: Secrets
) -> None:
    """An older copy that was put back is right, and a forged one is not: the engine can't know."""
    _as_a_forger(sealed, _cut_with_checkpoints)
    _work(sealed, 10)

    is_signed = [sealing.seal(sealed, secrets, MONDAY, is_last=True) for _ in range(2)]
    noted = sealed.db.execute("SELECT 1 FROM finding WHERE class='AUDIT_CHANGED'").fetchall()
    sealing.accept(sealed, secrets, "maria", "the backup was put back", MONDAY)

    assert [False, False] == is_signed
    assert 1 == len(noted)
    assert (True, None, None) == _verdict(sealed, secrets)
    (body,) = sealed.db.execute("SELECT body FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    assert b"audit.accepted" in body
    assert b"is not what was signed" in body or b"is gone" in body


def test_it_is_signed_when_a_day_or_many_entries_have_passed(store: Store, secrets: Secrets) -> None:
    """A short look at an idle engine signs nothing."""
    _work(store, 1)
    signed = [sealing.seal(store, secrets, MONDAY)]
    signed.append(sealing.seal(store, secrets, MONDAY + timedelta(days=2)))
    _work(store, 1)
    signed.append(sealing.seal(store, secrets, MONDAY + timedelta(hours=23)))
    signed.append(sealing.seal(store, secrets, MONDAY + timedelta(hours=24)))
    _work(store, sealing.ENTRIES_MAX)
    signed.append(sealing.seal(store, secrets, MONDAY + timedelta(hours=25)))

    assert [True, False, False, True, True] == signed


def _refuse() -> None:
    raise SecretPlaceError("there is no place for it")


def test_where_no_key_can_be_kept_nothing_is_signed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work goes on, and nobody is told that the log is signed."""
    monkeypatch.setattr("keyring.get_password", keyring.backends.fail.Keyring().get_password)
    _work(store, 1)
    nowhere = Secrets("w", tmp_path / "w", tmp_path / "missing")

    asked: list[str] = []
    monkeypatch.setattr(Secrets, "put", lambda *_: asked.append("put") or _refuse())

    signed = [sealing.seal(store, nowhere, MONDAY + timedelta(hours=h), is_last=True) for h in (0, 1, 23, 25)]

    assert [False] * 4 == signed
    assert ["put", "put"] == asked, "a keyring is slow to ask: once a day"
    assert (0, None) == (sealing.check(store.db, nowhere).count, sealing.public_key(nowhere))


def test_who_accepts_without_a_place_for_a_key_reads_what_to_do(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is recorded of what could not be signed."""
    monkeypatch.setattr("keyring.get_password", keyring.backends.fail.Keyring().get_password)
    monkeypatch.setattr(Secrets, "put", lambda *_: _refuse())
    _work(store, 1)

    with pytest.raises(
        SecretPlaceError, match=r"can't be signed .* Nothing was changed\. .*FINSYNC_SECRETS_DIR"
    ):
        sealing.accept(store, Secrets("w", tmp_path / "w"), "maria", "put back", MONDAY)

    assert 1 == audit.head(store.db)[0]
