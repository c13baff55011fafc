"""Copying and checking the file."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from store import Store, audit, backup, leases, open_store, outbox, records
from store.canonical.supplier import Supplier
from store.database import KNOWN_MIGRATIONS
from store.errors import StoreError
from tests.builders import MONDAY, a_clock, a_supplier, an_entry


def a_file(folder: Path) -> Path:
    """Make a closed store with a record, a delivery and an audit log."""
    path = folder / "finsync.db"
    with open_store(path, a_clock()) as store:
        fill(store)
    return path


def fill(store: Store) -> None:
    with store.transaction() as db:
        rows = [records.Incoming(str(n), a_supplier(), str(n).encode()) for n in range(50)]
        records.put_page(db, "supplier", "coupa", rows, MONDAY)
        outbox.enqueue(db, [an_entry()], MONDAY)
        audit.record(db, [audit.Entry("a", "b", f"coupa:{n}") for n in range(20)], MONDAY)


def spoil(path: Path, *statements: str) -> list[tuple[str, str]]:
    """Change the file behind our back; return what the check finds."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)
    return [(problem.kind, problem.message) for problem in backup.check(path)]


def test_a_sound_file_has_no_problems(tmp_path: Path) -> None:
    """Nothing is found, and nothing is changed by looking."""
    path = a_file(tmp_path)
    before = path.read_bytes()

    assert [] == backup.check(path)
    assert before == path.read_bytes()


def test_a_file_in_use_can_be_checked(tmp_path: Path) -> None:
    """The engine goes on meanwhile."""
    with open_store(tmp_path / "finsync.db", a_clock()) as store, store.transaction() as db:
        audit.record(db, [audit.Entry("a", "b", "c")], MONDAY)

        assert [] == backup.check(tmp_path / "finsync.db")


@pytest.mark.parametrize(
    ("statements", "kind", "words"),
    [
        (("DELETE FROM delivery",), "orphans", "outbox entry 1 has no delivery"),
        (("UPDATE delivery SET state='claimed'",), "orphans", "delivery 1 is claimed under no lease"),
        (("UPDATE record SET version_id=1 WHERE id=2",), "orphans", "record 2 does not point to the newest"),
        (
            ("DELETE FROM identity", "DELETE FROM record WHERE id=7"),
            "orphans",
            "version 7 belongs to no record",
        ),
        (("DELETE FROM record WHERE id=7",), "references", "row of record that is not there"),
        (
            ("DROP TRIGGER audit_no_update", "UPDATE audit SET body=x'7B7D' WHERE seq=5"),
            "audit",
            "entry 5 of the audit log does not hold: edited",
        ),
        (("DROP TRIGGER audit_no_delete",), "schema", "trigger audit_no_delete is missing"),
        (("DROP VIEW v_exception",), "schema", "view v_exception is missing"),
        (("DROP INDEX record_number",), "schema", "index record_number is missing"),
        (("PRAGMA foreign_keys=OFF", "DROP TABLE finding"), "schema", "table finding is missing"),
        (
            ("CREATE TRIGGER mine AFTER INSERT ON audit BEGIN DELETE FROM event; END",),
            "schema",
            "trigger mine is none of finsync's",
        ),
        (
            ("DROP VIEW v_system", "CREATE VIEW v_system AS SELECT 1 AS one"),
            "schema",
            "view v_system is not as finsync makes it",
        ),
        (
            (
                "PRAGMA writable_schema=ON",
                "UPDATE sqlite_schema SET rootpage=(SELECT rootpage FROM sqlite_schema WHERE name='event_subject')"
                " WHERE name='record_number'",
            ),
            "pages",
            "record_number",
        ),
    ],
)
def test_what_does_not_belong_together_is_named(
    tmp_path: Path, statements: tuple[str, ...], kind: str, words: str
) -> None:
    """Each kind of damage is found and said in words."""
    found = spoil(a_file(tmp_path), *statements)

    assert any(kind == of and words in message for of, message in found), found


def test_a_claim_under_the_present_lease_is_sound(tmp_path: Path) -> None:
    """A delivery under way is no orphan."""
    path = a_file(tmp_path)
    with open_store(path, a_clock()) as store:
        lease = leases.acquire(store, "engine", timedelta(minutes=1), MONDAY)
        with store.transaction() as db:
            outbox.claim(db, "oracle-emea", MONDAY, 1, lease.token)

    assert [] == backup.check(path)


@pytest.mark.parametrize("content", [b"", b"number,name\n" * 9, None])
def test_what_is_no_store_is_a_problem_not_a_crash(tmp_path: Path, content: bytes | None) -> None:
    """A file of something else, an empty one or none at all."""
    path = tmp_path / "finsync.db"
    if content is not None:
        path.write_bytes(content)

    assert ["file"] == [problem.kind for problem in backup.check(path)]
    assert (content is not None) == path.exists()


def test_spoilt_pages_are_a_problem_not_a_crash(tmp_path: Path) -> None:
    """Whatever is in the file, the check ends; where the head of a page is spoilt, it says so."""
    path = a_file(tmp_path)
    whole = path.read_bytes()
    for start in range(0, len(whole), 3 * 4096):
        path.write_bytes(whole[:start] + b"\xa5" * 600 + whole[start + 600 :])

        assert backup.check(path), f"nothing found with bytes {start} to {start + 600} overwritten"


def test_a_backup_is_whole_and_private(tmp_path: Path) -> None:
    """Taken while the store is open and written to; one file, for its owner only, with everything in it."""
    target = tmp_path / "copies" / "finsync.db"
    target.parent.mkdir()
    with open_store(tmp_path / "finsync.db", a_clock()) as store:
        fill(store)
        backup.backup(store, target)
        with store.transaction() as db:
            audit.record(db, [audit.Entry("a", "after", "c")], MONDAY)

    assert ["finsync.db"] == [file.name for file in target.parent.iterdir()]
    assert 0o600 == stat.S_IMODE(target.stat().st_mode)
    assert [] == backup.check(target)
    with open_store(target, a_clock()) as copy:
        assert 20 == audit.verify(copy.db).count
        assert records.get(copy.db, Supplier, "coupa", "7") is not None


def test_a_backup_replaces_nothing(tmp_path: Path) -> None:
    """An earlier backup is never overwritten."""
    target = tmp_path / "old.db"
    target.write_text("precious")
    with (
        open_store(tmp_path / "finsync.db", a_clock()) as store,
        pytest.raises(StoreError, match="is there already"),
    ):
        backup.backup(store, target)

    assert "precious" == target.read_text()


def test_a_damaged_store_is_not_taken_for_a_good_backup(tmp_path: Path) -> None:
    """A copy that does not pass the check is not left behind."""
    path = a_file(tmp_path)
    spoil(path, "DELETE FROM delivery")
    with open_store(path, a_clock()) as store, pytest.raises(StoreError, match="does not hold"):
        backup.backup(store, tmp_path / "copy.db")

    assert ["finsync.db"] == sorted(
        f.name for f in tmp_path.iterdir() if not f.name.endswith(("-wal", "-shm"))
    )


def test_info_says_what_the_file_holds(tmp_path: Path) -> None:
    """Migrations, size, and rows by table."""
    with open_store(tmp_path / "finsync.db", a_clock()) as store:
        fill(store)

        found = backup.info(store.db)

    assert (list(KNOWN_MIGRATIONS), "wal", "2026-01-05T08:00:00.000000Z") == (
        found["migrations"],
        found["journal_mode"],
        found["created_at"],
    )
    assert (50, 50, 1, 20) == tuple(
        found["rows"][name] for name in ("record", "record_version", "delivery", "audit")
    )
    assert found["bytes"] > 50_000
