"""One SQLite file, its one writer connection, and transactions.

Functions of the other modules take the connection and never commit; `with store.transaction() as db:` joins what
they write, so that it is all there or none of it. Only this module and `backup` open SQLite.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from store import files
from store.clock import Clock, text
from store.errors import GivenUpError, NewerStoreError, NotAWorkspaceError, StoreError, StoreTooOldError
from store.faults import from_sqlite

KNOWN_MIGRATIONS: Final = (
    "m001_ground",
    "m002_commitments_are_relieved",
    "m003_commitments_by_order_line",
    "m004_proposals",
    "m005_exceptions_by_entity",
    "m006_breaks",
    "m007_comparison",
    "m008_requisitions_promise",
    "m009_close_certificates",
    "m010_lists_by_index",
    "m011_expected_rows",
    "m012_suppliers_compared",
    "m013_equal_rows_side_by_side",
    "m014_shown_in_their_screens",
    "m015_exceptions_written_off",
    "m016_golden_suppliers",
    "m017_supplier_merges",
    "m018_promises_taken_over",
    "m019_causes_by_index",
    "m020_doubles_noted",
    "m021_accounts_by_party",
    "m022_steps_due_and_requests_kept",
    "m023_accounts_by_party_compared",
    "m024_budgets_by_what_is_charged",
    "m025_calls_kept",
    "m026_answers_by_two",
    "m027_unchanged_not_compared_anew",
    "m028_signed_checkpoints",
    "m029_breaker_by_deliveries",
    "m030_spending_without_orders",
    "m031_unreadable_is_not_missing",
    "m032_spent_on_ended_orders",
    "m033_near_numbers_and_amounts_paid",
    "m034_budget_days",
    "m035_runs_left_open",
    "m036_emergencies",
    "m037_change_sets",
    "m038_numbers_of_any_script",
    "m039_exceptions_routed",
    "m040_suppliers_of_more_scripts",
    "m041_audit_archives",
    "m042_holds_by_document",
    "m043_erasures",
    "m044_emergency_steps_stay",
)
"""What migrations.py holds, so that opening an up-to-date file does not pay for importing sqlite-utils."""

BUSY_TIMEOUT_MS = 5000
CACHE_KIB = 16 * 1024
"""Most of the memory that a bulk read needs: it fills up whatever the size of the file."""

READER_CACHE_KIB = 8 * 1024
WAL_PAGES = 4000
"""So many pages (16 MB) collect in the write-ahead log before they go into the file: a first load writes the same inner
pages of its indexes again with each transaction, and copies them a quarter as often as with SQLite's 1000."""
SQLITE_MIN = (3, 37, 0)
"""STRICT tables, RETURNING and upserts on partial indexes."""
ANALYSIS_LIMIT = 400
"""Rows that `PRAGMA optimize` looks at in each index, so that closing stays quick."""
OTHER_TABLES_SHOWN = 3

_VIEWS = Path(__file__).with_name("views.sql")
_VIEWS_DIGEST = "views_digest"
STEPS_BETWEEN_LOOKS = 50_000
"""So many steps of SQLite's machine, a few milliseconds, pass between two looks whether to stop."""


class Store:
    """An open workspace file.

    `db` is the writer connection. Transactions of several threads wait for each other; whoever only reads from
    another thread opens a `reader()` of their own.
    """

    def __init__(self, path: Path, db: sqlite3.Connection, clock: Clock, reader_uri: str) -> None:
        self.path = path
        self.db = db
        self.clock = clock
        self._reader_uri = reader_uri
        self.is_memory = "mode=memory" in reader_uri
        self._writing = threading.RLock()
        self._beside: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit everything that is written inside, or nothing when it ends with an error.

        It takes the write lock at once (BEGIN IMMEDIATE): nothing read inside can be overtaken.
        """
        with self._writing:
            if self.db.in_transaction:
                raise RuntimeError("a transaction is open already: pass its connection on instead")
            try:
                self.db.execute("BEGIN IMMEDIATE")
                try:
                    yield self.db
                    self.db.execute("COMMIT")
                except BaseException:
                    if self.db.in_transaction:
                        self.db.execute("ROLLBACK")
                    raise
            except sqlite3.DatabaseError as error:
                raise from_sqlite(error, self.path) from error

    @contextmanager
    def interruptible(self, is_stopping: Callable[[], bool]) -> Iterator[None]:
        """Give up what SQLite computes inside as soon as `is_stopping` says so: with a GivenUpError, and nothing of an
        open transaction is kept.

        Only around work that waits for nothing: whoever else used the connection meanwhile would be given up, too.
        """
        self.db.set_progress_handler(is_stopping, STEPS_BETWEEN_LOOKS)
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_INTERRUPT:
                raise GivenUpError("nothing of this was written") from error
            raise
        finally:
            self.db.set_progress_handler(None, 0)

    def reader(self) -> sqlite3.Connection:
        """Return a new connection that can't write. The caller closes it."""
        try:
            db = _connect(self._reader_uri, READER_CACHE_KIB)
            if self.is_memory:
                db.execute("PRAGMA read_uncommitted=ON")  # or its reads would lock the writer's tables
            db.execute("PRAGMA query_only=ON")
        except sqlite3.DatabaseError as error:
            raise from_sqlite(error, self.path) from error
        return db

    def beside(self) -> sqlite3.Connection:
        """Return one connection for short questions that must not wait while another thread commits; it lives as long
        as the store. A store in memory has no disk to wait for: there it is the writer's own."""
        if self.is_memory:
            return self.db
        if self._beside is None:
            self._beside = self.reader()
        return self._beside

    def close(self) -> None:
        """Leave statistics for the next run's query plans and close. Closing twice does no harm."""
        with self._writing:
            if self._beside is not None:
                self._beside.close()
                self._beside = None
            try:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                self.db.execute(f"PRAGMA analysis_limit={ANALYSIS_LIMIT}")
                self.db.execute("PRAGMA optimize")
            except sqlite3.DatabaseError:
                pass  # statistics are a comfort: a full disk or a busy file must not keep us from closing
            self.db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(
    path: Path,
    clock: Clock,
    *,
    group: str | None = None,
    durable: bool = True,
    creates: bool = True,
    upgrading: Callable[[Sequence[str]], None] | None = None,
) -> Store:
    """Open the file, migrating it as needed, and creating it where it is missing and `creates` allows that.

    `upgrading` is told what an older file lacks before it gets that, which takes seconds with a large one.

    It is readable for its owner only, or for `group` too when one is named. `durable` waits for the disk at each
    commit; without it a power cut may lose the last commits (for data that can be fetched again).
    """
    if sqlite3.sqlite_version_info < SQLITE_MIN:
        raise StoreTooOldError(sqlite3.sqlite_version, ".".join(map(str, SQLITE_MIN)))
    path = path.absolute()
    files.prepare(path, group, creates=creates)
    try:
        db = _connect(f"{path.as_uri()}?mode=rw", CACHE_KIB)
    except sqlite3.DatabaseError as error:
        raise from_sqlite(error, path) from error
    try:
        pending = _pending(db, path)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
        db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        if upgrading is not None and 0 < len(pending) < len(KNOWN_MIGRATIONS):
            upgrading(pending)
        _bring_up_to_date(db, path, clock, pending)
        return Store(path, db, clock, f"{path.as_uri()}?mode=ro")
    except sqlite3.DatabaseError as error:
        db.close()
        raise from_sqlite(error, path) from error
    except StoreError:
        db.close()
        raise


def memory_store(clock: Clock) -> Store:
    """Return an empty store that lives as long as it is open, for tests and rehearsals of a change."""
    uri = f"file:finsync-{secrets.token_hex(8)}?mode=memory&cache=shared"
    path = Path(":memory:")
    db = _connect(uri, CACHE_KIB)
    _bring_up_to_date(db, path, clock, list(KNOWN_MIGRATIONS))
    return Store(path, db, clock, uri)


def open_reader(path: Path) -> sqlite3.Connection:
    """Return a connection that can't write, to a file that is up to date with this finsync. Creates nothing."""
    path = path.absolute()
    files.check(path)
    try:
        db = _connect(f"{path.as_uri()}?mode=ro", READER_CACHE_KIB)
        try:
            if _pending(db, path):
                raise StoreError(
                    f"{path} is from an older finsync. Open it once with this one to bring it up to date."
                )
        except BaseException:
            db.close()
            raise
    except sqlite3.DatabaseError as error:
        raise from_sqlite(error, path) from error
    return db


def _connect(uri: str, cache_kib: int) -> sqlite3.Connection:
    db = sqlite3.connect(
        uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000, check_same_thread=False
    )
    db.row_factory = sqlite3.Row
    db.execute(f"PRAGMA cache_size=-{cache_kib}")
    db.execute("PRAGMA temp_store=MEMORY")
    db.execute("PRAGMA foreign_keys=ON")
    return db


def _pending(db: sqlite3.Connection, path: Path) -> list[str]:
    """Return the migrations the file lacks, in order; refuse a file that is not ours or newer than we are."""
    tables = [
        name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name")
    ]
    applied: list[str] = []
    if "_sqlite_migrations" in tables:
        rows = db.execute("SELECT name FROM _sqlite_migrations WHERE migration_set='finsync' ORDER BY id")
        applied = [name for (name,) in rows]
    unknown = [name for name in applied if name not in KNOWN_MIGRATIONS]
    if unknown:
        raise NewerStoreError(str(path), unknown[0])
    others = [name for name in tables if not name.startswith(("sqlite_", "_sqlite_"))]
    if others and not applied:
        shown = ", ".join(others[:OTHER_TABLES_SHOWN])
        raise NotAWorkspaceError(
            str(path), f"it is an SQLite file of something else, with tables such as {shown}"
        )
    return [name for name in KNOWN_MIGRATIONS if name not in applied]


def _bring_up_to_date(db: sqlite3.Connection, path: Path, clock: Clock, pending: list[str]) -> None:
    """Apply what is pending and refresh the views, in one transaction."""
    script = _VIEWS.read_text(encoding="utf-8")
    digest = views_digest_of_this_version()
    if not pending and views_digest(db) == digest:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        if _pending(db, path):  # asked again: another process may have been faster
            from sqlite_utils import Database

            from store.migrations import migrations

            migrations.apply(Database(db))
            db.execute("INSERT OR IGNORE INTO meta VALUES ('created_at', ?)", (text(clock.now()),))
        if views_digest(db) != digest:
            _refresh_views(db, script, digest)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def views_digest_of_this_version() -> str:
    """Return the digest that a file's views have when they are as this version makes them."""
    return hashlib.sha256(_VIEWS.read_bytes()).hexdigest()


def views_digest(db: sqlite3.Connection) -> str | None:
    """Return the digest of the views that a file has; None: it has none yet."""
    row = db.execute("SELECT value FROM meta WHERE name=?", (_VIEWS_DIGEST,)).fetchone()
    return None if row is None else row[0]


def _refresh_views(db: sqlite3.Connection, script: str, digest: str) -> None:
    from store.migrations import statements

    for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='view'").fetchall():
        db.execute(f'DROP VIEW "{name}"')
    for statement in statements(script):
        db.execute(statement)
    db.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET value=excluded.value",
        (_VIEWS_DIGEST, digest),
    )
