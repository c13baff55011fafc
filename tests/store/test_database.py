"""Opening, creating and guarding the workspace file; transactions."""

from __future__ import annotations

import grp
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import Store, audit, events, meta, open_store, outbox, watermarks
from store.database import open_reader
from store.errors import (
    NewerStoreError,
    NotAWorkspaceError,
    StoreAccessError,
    StoreBusyError,
    StoreDamagedError,
    StoreFullError,
)
from tests.builders import MONDAY, a_clock, a_store, an_entry, an_event

pytestmark = pytest.mark.usefixtures("migrated_anew")


def a_file(folder: Path, **options: str) -> Path:
    """Make a closed store with a little in it."""
    path = folder / "finsync.db"
    with open_store(path, a_clock()) as store, store.transaction() as db:
        meta.set(db, "told", "yes")
        audit.record(db, [audit.Entry("a", "b.done", "c")] * 200, MONDAY)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_and_its_folder_are_for_the_owner_only(tmp_path: Path) -> None:
    """Whatever the umask, nobody else reads the file, its journal or its folder."""
    before = os.umask(0)
    try:
        with open_store(tmp_path / "space" / "finsync.db", a_clock()) as store:
            with store.transaction() as db:
                meta.set(db, "a", "b")

            assert 0o700 == mode(tmp_path / "space")
            assert {"finsync.db": 0o600, "finsync.db-wal": 0o600, "finsync.db-shm": 0o600} == {
                file.name: mode(file) for file in (tmp_path / "space").iterdir()
            }
    finally:
        os.umask(before)


def test_a_file_left_open_to_others_is_closed_when_it_is_opened(tmp_path: Path) -> None:
    """Rights that somebody gave away by accident are taken back."""
    path = a_file(tmp_path)
    path.chmod(0o644)

    open_store(path, a_clock()).close()

    assert 0o600 == mode(path)


def test_a_shared_workspace_is_for_its_group(tmp_path: Path) -> None:
    """With a group, its members read and write the file, its journal and new files in the folder."""
    group = grp.getgrgid(os.getgid()).gr_name

    with open_store(tmp_path / "space" / "finsync.db", a_clock(), group=group) as store:
        with store.transaction() as db:
            meta.set(db, "a", "b")

        assert 0o2770 == mode(tmp_path / "space")
        assert {0o660} == {mode(file) for file in (tmp_path / "space").iterdir()}


def test_an_unknown_group_is_refused(tmp_path: Path) -> None:
    """A group that the machine does not know is named, and no file is left open to the wrong people."""
    with pytest.raises(StoreAccessError, match="no group 'nobody-has-this'"):
        open_store(tmp_path / "finsync.db", a_clock(), group="nobody-has-this")

    assert not (tmp_path / "finsync.db").exists()


def test_what_was_committed_is_there_after_reopening(tmp_path: Path) -> None:
    """A closed file opens again with its content, and only the file itself is left."""
    path = a_file(tmp_path)

    with open_store(path, a_clock()) as store:
        assert "yes" == meta.get(store.db, "told")
    assert ["finsync.db"] == [file.name for file in tmp_path.iterdir()]


@pytest.mark.parametrize(("durable", "level"), [(True, 2), (False, 1)])
def test_pragmas(tmp_path: Path, durable: bool, level: int) -> None:
    """The writer journals ahead, waits for the disk when asked to, and checks foreign keys."""
    with open_store(tmp_path / "finsync.db", a_clock(), durable=durable) as store:
        found = {
            name: store.db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        }
        keys = store.db.execute("PRAGMA foreign_keys").fetchone()[0]

    assert {"journal_mode": "wal", "synchronous": level} == found
    assert 1 == keys


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Any other file is named as such and stays as it is."""
    path = tmp_path / "finsync.db"
    path.write_text("number,name\n1,Muster GmbH\n" * 50)
    before = path.read_bytes()

    with pytest.raises(NotAWorkspaceError, match="not an SQLite file"):
        open_store(path, a_clock())

    assert before == path.read_bytes()


def test_a_database_of_something_else_is_refused_untouched(tmp_path: Path) -> None:
    """An SQLite file of another program is not made ours."""
    path = tmp_path / "finsync.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks(url TEXT)")
    before = path.read_bytes()

    with pytest.raises(NotAWorkspaceError, match="bookmarks"):
        open_store(path, a_clock())

    assert before == path.read_bytes()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder in the file's place is named."""
    with pytest.raises(NotAWorkspaceError, match="it is a folder"):
        open_store(tmp_path, a_clock())


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    """A path that can't be walked gives the system's reason."""
    (tmp_path / "file").write_text("x")

    with pytest.raises(StoreAccessError, match=r"Not a directory|File exists"):
        open_store(tmp_path / "file" / "finsync.db", a_clock())


def test_a_newer_file_is_refused_untouched(tmp_path: Path) -> None:
    """A migration that this version does not know stops it before it writes."""
    path = a_file(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations(migration_set, name, applied_at) VALUES ('finsync','m999_far','x')"
        )
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()

    with pytest.raises(NewerStoreError, match="m999_far"):
        open_store(path, a_clock())

    assert before == path.read_bytes()


def test_a_truncated_file_is_named_damaged(tmp_path: Path) -> None:
    """A file that lost its end is not opened as if nothing had happened."""
    path = a_file(tmp_path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)

    with pytest.raises(StoreDamagedError, match="restore the last good backup"):
        open_store(path, a_clock())


def test_a_file_with_spoilt_pages_is_named_damaged(tmp_path: Path) -> None:
    """Pages overwritten from outside show at the latest when they are used."""
    path = a_file(tmp_path)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))

    with pytest.raises(StoreDamagedError):
        open_store(path, a_clock())


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    """A crash between creating and filling the file leaves an empty one: it is filled then."""
    path = tmp_path / "finsync.db"
    path.touch()

    with open_store(path, a_clock()) as store:
        assert 0 == events.head(store.db)


def test_a_crash_while_migrating_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Migrations, their record and the views are one transaction."""
    monkeypatch.setattr("store.database._refresh_views", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        open_store(tmp_path / "finsync.db", a_clock())
    monkeypatch.undo()

    with closing(sqlite3.connect(tmp_path / "finsync.db")) as db:
        assert [] == db.execute("SELECT name FROM sqlite_schema").fetchall()
    open_store(tmp_path / "finsync.db", a_clock()).close()


def test_several_processes_may_create_it_at_once(tmp_path: Path) -> None:
    """One of them migrates, the others wait and find it done."""
    failures: list[Exception] = []
    start = threading.Barrier(4)

    def create() -> None:
        start.wait()
        try:
            open_store(tmp_path / "finsync.db", a_clock()).close()
        except Exception as error:  # noqa: BLE001 whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == failures


def test_views_follow_their_script(tmp_path: Path) -> None:
    """A view that differs from views.sql is made again when the file is opened."""
    path = a_file(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP VIEW v_delivery")
        db.execute("CREATE VIEW v_old AS SELECT 1")
        db.execute("UPDATE meta SET value='earlier' WHERE name='views_digest'")
        db.commit()

    with open_store(path, a_clock()) as store:
        views = {name for (name,) in store.db.execute("SELECT name FROM sqlite_schema WHERE type='view'")}

    assert "v_delivery" in views
    assert "v_old" not in views


def test_every_view_can_be_read() -> None:
    """The documented views name only columns that are there."""
    with a_store() as store:
        views = [name for (name,) in store.db.execute("SELECT name FROM sqlite_schema WHERE type='view'")]
        for view in views:
            store.db.execute(f"SELECT * FROM {view}").fetchall()

    assert {"v_exception", "v_delivery", "v_workflow", "v_lineage", "v_event", "v_audit"} <= set(views)


def test_opening_an_up_to_date_file_does_not_import_sqlite_utils(tmp_path: Path) -> None:
    """A headless cycle does not pay for the migration tool."""
    path = a_file(tmp_path)
    script = (
        "import sys; from pathlib import Path; from store import open_store; from store.clock import SystemClock;"
        "open_store(Path(sys.argv[1]), SystemClock()).close(); print('sqlite_utils' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )

    assert "False" == done.stdout.strip()


def test_a_reader_sees_commits_and_can_not_write(tmp_path: Path) -> None:
    """Screens and exports read beside the writer, and only read."""
    with open_store(tmp_path / "finsync.db", a_clock()) as store, closing(store.reader()) as reader:
        with store.transaction() as db:
            meta.set(db, "a", "1")
            assert meta.get(reader, "a") is None
        assert "1" == meta.get(reader, "a")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            meta.set(reader, "a", "2")


def test_a_memory_store_has_readers_too() -> None:
    """Tests of screens use the same calls as the real file, and see what was committed."""
    with a_store() as store, closing(store.reader()) as reader:
        with store.transaction() as db:
            meta.set(db, "a", "1")

        assert "1" == meta.get(reader, "a")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            meta.set(reader, "a", "2")


def test_memory_stores_are_apart() -> None:
    """Two stores in memory share nothing."""
    with a_store() as one, a_store() as other:
        with one.transaction() as db:
            meta.set(db, "a", "1")

        assert meta.get(other.db, "a") is None


def test_a_transaction_inside_a_transaction_is_refused() -> None:
    """Whoever is inside one passes its connection on; the outer one is not ended by mistake."""
    with a_store() as store:
        with store.transaction() as db:
            meta.set(db, "a", "1")
            with pytest.raises(RuntimeError, match="open already"), store.transaction():
                pass

        assert "1" == meta.get(store.db, "a")


def _set_and_raise(db: sqlite3.Connection, error: type[BaseException]) -> None:
    meta.set(db, "a", "1")
    raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_ends_a_transaction_undoes_it(error: type[BaseException]) -> None:
    """Also an interrupt: nothing of it stays, and the next transaction works."""
    with a_store() as store:
        with pytest.raises(error), store.transaction() as db:
            _set_and_raise(db, error)

        with store.transaction() as db:
            meta.set(db, "b", "1")
        assert meta.get(store.db, "a") is None


@given(stop=st.integers(0, 5))
def test_change_event_entry_and_audit_commit_together_or_not_at_all(stop: int) -> None:
    """Promise 3: wherever it stops, either all four are there or none."""
    with a_store() as store:
        acts: list[Callable[[sqlite3.Connection], object]] = [
            lambda db: watermarks.advance(db, "coupa", "supplier", "p1", True, MONDAY),
            lambda db: events.append(db, [an_event()]),
            lambda db: outbox.enqueue(db, [an_entry()], MONDAY),
            lambda db: audit.record(db, [audit.Entry("engine", "records.stored", "coupa:1")], MONDAY),
        ]
        try:
            with store.transaction() as db:
                for number, act in enumerate(acts):
                    if number == stop:
                        raise InterruptedError
                    act(db)
        except InterruptedError:
            pass

        there = 1 if stop >= len(acts) else 0
        tables = ("watermark", "event", "outbox_entry", "delivery", "audit")
        assert [there] * len(tables) == [
            store.db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables
        ]
        assert audit.verify(store.db).is_intact


def test_transactions_of_threads_wait_for_each_other() -> None:
    """Two threads that write through one store lose nothing."""
    with a_store() as store:

        def count_up() -> None:
            for _ in range(50):
                with store.transaction() as db:
                    meta.set(db, "n", str(int(meta.get(db, "n") or 0) + 1))

        threads = [threading.Thread(target=count_up) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert "150" == meta.get(store.db, "n")


def test_a_file_kept_busy_says_so(tmp_path: Path) -> None:
    """Another process that holds the write lock for too long is named as the reason."""
    path = tmp_path / "finsync.db"
    with open_store(path, a_clock()) as one, open_store(path, a_clock()) as other:
        other.db.execute("PRAGMA busy_timeout=1")
        with one.transaction(), pytest.raises(StoreBusyError, match="Try again"), other.transaction():
            pass


def test_a_full_disk_says_so_and_loses_nothing_before(tmp_path: Path) -> None:
    """The transaction that does not fit is undone; everything before it stays."""
    with open_store(tmp_path / "finsync.db", a_clock()) as store:
        with store.transaction() as db:
            meta.set(db, "a", "1")
        pages = store.db.execute("PRAGMA page_count").fetchone()[0]
        store.db.execute(f"PRAGMA max_page_count={pages}")

        with pytest.raises(StoreFullError, match="Free disk space"), store.transaction() as db:
            meta.set(db, "a", "x" * 100_000)

        assert "1" == meta.get(store.db, "a")


def test_a_file_that_can_not_be_written_says_so(tmp_path: Path) -> None:
    """A read-only file gives the reason and the remedy."""
    with open_store(tmp_path / "finsync.db", a_clock()) as store:
        store.db.execute("PRAGMA query_only=ON")

        with (
            pytest.raises(StoreAccessError, match="Check that you may read and write"),
            store.transaction() as db,
        ):
            meta.set(db, "a", "1")


def test_closing_twice_does_no_harm() -> None:
    """Whoever cleans up need not know whether somebody did already."""
    store: Store = a_store()

    store.close()
    store.close()

    with pytest.raises(sqlite3.ProgrammingError):
        store.db.execute("SELECT 1")


def test_opening_a_store_again_takes_no_lock_of_a_connection_that_is_open(tmp_path: Path) -> None:
    """A workbench reads with one connection and opens the store anew for each act; another process that closes the file
    must not take itself for the last one and throw the log away, or what is written next destroys the file.
    """
    path = tmp_path / "finsync.db"
    script = "import sqlite3,sys; db=sqlite3.connect(sys.argv[1]); db.execute('SELECT count(*) FROM meta').fetchone(); db.close()"
    with open_store(path, a_clock()) as first:
        first.db.execute("INSERT INTO meta VALUES ('who', 'first')")
        log = path.with_name("finsync.db-wal")
        before = log.stat().st_ino
        open_store(path, a_clock()).close()
        open_reader(path).close()

        subprocess.run([sys.executable, "-c", script, str(path)], check=True)

        assert log.exists()
        assert before == log.stat().st_ino
