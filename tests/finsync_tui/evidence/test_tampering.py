"""Promise 8, with the file in hand: whatever one writes into it, by SQL or byte by byte, the audit log shows it or says what it said."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from finsync_tui import sealing
from finsync_tui.credentials import Secrets
from store import Store, audit, cases, open_store
from store.errors import FinsyncError
from tests.builders import MONDAY, a_case, a_clock
from tests.conftest import Counts

ENTRIES = 120
Facts = list[tuple[object, ...]]


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    folder = tmp_path / "secrets"
    folder.mkdir()
    return Secrets("w", tmp_path / "w", folder)


@pytest.fixture
def original(tmp_path: Path, secrets: Secrets) -> Path:
    """A store with a log of 120 entries, some with words, signed three times to its end, and other tables beside it."""
    path = tmp_path / "finsync.db"
    with open_store(path, a_clock()) as store:
        for day in range(3):
            now = MONDAY + timedelta(days=day)
            with store.transaction() as db:
                for number in range(ENTRIES // 3):
                    words = {"why": f"because of {number}"} if number % 4 == 0 else {}
                    entry = audit.Entry("maria", "exception.resolved", f"coupa:{number}", protected=words)
                    audit.record(db, [entry], now)
                    cases.open(db, a_case(document_key=f"coupa:{day}-{number}"), now)
            assert sealing.seal(store, secrets, now, is_last=True)
    return path


def _facts(db: sqlite3.Connection) -> Facts:
    """Everything that the log says: entries with their hashes, words, signatures, and where it ends."""
    queries = (
        "SELECT seq, body, hash FROM audit ORDER BY seq",
        "SELECT seq, name, salt, value FROM audit_protected ORDER BY seq, name",
        "SELECT seq, head, at, public, signature FROM audit_checkpoint ORDER BY seq",
        "SELECT value FROM meta WHERE name IN ('audit_head', 'store_id') ORDER BY name",
    )
    return [tuple(row) for query in queries for row in db.execute(query)]


def _judged(path: Path, secrets: Secrets) -> tuple[str, Facts]:
    """Return where the damage is, or `intact`, and what the log says."""
    try:
        with open_store(path, a_clock()) as store, closing(store.reader()) as db:
            found = sealing.together(audit.verify(db), sealing.check(db, secrets))
            if not found.is_intact:
                assert found.first_bad_seq is not None
                return f"entry {found.first_bad_seq}: {found.reason}", []
            return "intact", _facts(db)
    except (FinsyncError, sqlite3.DatabaseError) as error:
        return f"the file can't be read: {error}", []


def _tampered(chance: random.Random, store: Store) -> str:
    """Do one thing to the tables of the log with all that SQL can do, the guards taken away; return what it was."""
    db = store.db
    db.execute("PRAGMA foreign_keys=OFF")
    for (name,) in db.execute(
        "SELECT name FROM sqlite_schema WHERE type='trigger' AND name LIKE 'audit%'"
    ).fetchall():
        db.execute(f"DROP TRIGGER {name}")
    seq, other = chance.sample(range(1, ENTRIES + 1), 2)
    word = seq - (seq - 1) % 40 % 4  # one that has words
    statement = chance.choice(
        [
            f"UPDATE audit SET body=CAST(replace(CAST(body AS TEXT), 'maria', 'marla') AS BLOB) WHERE seq={seq}",
            f"UPDATE audit SET hash=randomblob(32) WHERE seq={seq}",
            f"UPDATE audit SET body=(SELECT body FROM audit WHERE seq={other}) WHERE seq={seq}",
            f"DELETE FROM audit WHERE seq={seq}",
            f"DELETE FROM audit WHERE seq>={seq}",
            f"UPDATE audit SET seq=seq+{ENTRIES} WHERE seq={seq}",
            f"INSERT INTO audit SELECT {ENTRIES}+1, body, hash FROM audit WHERE seq={seq}",
            f"UPDATE audit_protected SET value=value || '!' WHERE seq={word}",
            f"UPDATE audit_protected SET salt=randomblob(16) WHERE seq={word}",
            f"DELETE FROM audit_protected WHERE seq={word}",
            f"UPDATE audit_checkpoint SET head=lower(hex(randomblob(32))) WHERE seq>={seq}",
            f"UPDATE audit_checkpoint SET at='2027' || substr(at, 5) WHERE seq>={seq}",
            f"DELETE FROM audit_checkpoint WHERE seq>={seq}",
            f"UPDATE meta SET value='{seq - 1}:' || (SELECT lower(hex(hash)) FROM audit WHERE seq={seq}) WHERE name='audit_head'",
            "DELETE FROM meta WHERE name='audit_head'",
            "UPDATE meta SET value=lower(hex(randomblob(16))) WHERE name='store_id'",
        ]
    )
    db.execute(statement)
    return statement


def test_whatever_is_written_by_sql_is_found_with_its_place(
    original: Path, secrets: Secrets, counts: Counts
) -> None:
    """Or the log says just what it said: a checkpoint less, say, when a later one covers the same entries."""
    chance = random.Random(11)
    _, before = _judged(original, secrets)
    content = original.read_bytes()
    for number in range(counts.tampers):
        copy = original.with_name(f"copy-{number}.db")
        copy.write_bytes(content)
        with open_store(copy, a_clock()) as store:
            done = _tampered(chance, store)

        verdict, facts = _judged(copy, secrets)

        lost = [fact for fact in before if fact not in facts]
        assert verdict != "intact" or all(len(fact) == 5 for fact in lost), done
        assert verdict != "intact" or not [fact for fact in facts if fact not in before], done
        copy.unlink()


def test_whatever_byte_is_changed_is_found_or_changes_nothing(
    original: Path, secrets: Secrets, counts: Counts
) -> None:
    """In other tables, in free space and in what SQLite keeps for itself a changed byte leaves what the log says as it was."""
    chance = random.Random(12)
    verdict, before = _judged(original, secrets)
    assert ("intact", True) == (verdict, len(before) > ENTRIES)
    content = original.read_bytes()
    found = 0
    for number in range(counts.tampers):
        damaged = bytearray(content)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        copy = original.with_name(f"copy-{number}.db")
        copy.write_bytes(damaged)

        verdict, facts = _judged(copy, secrets)

        found += verdict != "intact"
        assert verdict != "intact" or facts == before
        copy.unlink()
    assert found
