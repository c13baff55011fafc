"""Reading the store beside the event loop: a few threads, each query on a connection that can't write.

A query is a function of the connection. It runs in one read transaction, so that what it returns belongs
together, and fetches everything at once, so that no open cursor keeps the WAL from being checkpointed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from sqlite3 import OperationalError
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from store.clock import Clock
from store.errors import FinsyncError

if TYPE_CHECKING:
    from sqlite3 import Connection

    from store.database import Store

T = TypeVar("T")
THREADS = 2
STEPS_BETWEEN = 20_000
"""Steps of SQLite, some milliseconds of them, between two questions whether it is to stop."""
CACHE_KIB = 1024
"""Of each reading connection. What is scanned is scanned once, and the machine keeps the file's pages anyway."""


class Reader:
    """The read side of one workspace file. Opened with the first query, never before the first paint."""

    def __init__(
        self, path: Path, clock: Clock, upgrading: Callable[[Sequence[str]], None] | None = None
    ) -> None:
        self._path = path
        self._clock = clock
        self._upgrading = upgrading
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="reading")
        self._lock = Lock()
        self._store: Store | None = None
        self._idle: list[Connection] = []
        self._watcher: Connection | None = None
        self._is_closed = False

    async def run(self, query: Callable[[Connection], T], is_stopped: Callable[[], bool] | None = None) -> T:
        """Return what `query` finds. When the caller is cancelled, SQLite stops scanning too. `is_stopped` is asked while it
        scans, and whoever said so gets a StoppedError."""
        using: list[Connection] = []
        asked = query if is_stopped is None else partial(_until_stopped, query=query, is_stopped=is_stopped)
        task = asyncio.get_running_loop().run_in_executor(self._threads, self._query, asked, using)
        try:
            return await task
        except asyncio.CancelledError:
            with self._lock:
                for db in using:
                    db.interrupt()
            raise

    async def version(self) -> int:
        """Return a number that changes when somebody else has written. It counts per connection: always the same one."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._version)

    def close(self) -> None:
        """Wait for queries under way and close all connections."""
        self._is_closed = True
        self._threads.shutdown(wait=True, cancel_futures=True)
        for db in [*self._idle, *([self._watcher] if self._watcher else [])]:
            db.close()
        if self._store is not None:
            self._store.close()

    def _query(self, query: Callable[[Connection], T], using: list[Connection]) -> T:
        db = self._take()
        with self._lock:
            using.append(db)
        try:
            db.execute("BEGIN")
            try:
                return query(db)
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")
        finally:
            with self._lock:
                using.clear()
                self._idle.append(db)

    def _take(self) -> Connection:
        with self._lock:
            return self._idle.pop() if self._idle else self._connect()

    def _connect(self) -> Connection:
        if self._store is None:
            from store.database import open_store

            self._store = open_store(self._path, self._clock, creates=False, upgrading=self._upgrading)
        db = self._store.reader()
        prepare(db)
        return db

    def _version(self) -> int:
        with self._lock:
            if self._watcher is None:
                self._watcher = self._connect()
            watcher = self._watcher
        return int(watcher.execute("PRAGMA data_version").fetchone()[0])


def _until_stopped(db: Connection, query: Callable[[Connection], T], is_stopped: Callable[[], bool]) -> T:
    """Whatever SQLite does for it asks every few milliseconds whether it is still wanted."""
    from finsync_tui.stopping import StoppedError

    db.set_progress_handler(is_stopped, STEPS_BETWEEN)
    try:
        return query(db)
    except (OperationalError, FinsyncError) as error:
        if is_stopped():
            raise StoppedError("It was stopped.") from error
        raise
    finally:
        db.set_progress_handler(None, 0)


def prepare(db: Connection) -> None:
    """Teach a connection what filters ask for: how many minor units of a currency an amount is."""
    from store.canonical.currency import exponent

    @cache
    def minor_units(currency: str | None, amount: str) -> int | float:
        value = Decimal(amount).scaleb(exponent(currency or ""))
        whole = value.to_integral_value()
        return (
            int(whole) if whole == value else float(value)
        )  # between two minor units: only an order, no money

    db.create_function("minor_units", 2, minor_units, deterministic=True)
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
